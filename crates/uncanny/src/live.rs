//! A folder that somebody works on: what of it changed, and its files made anew one by one.
//!
//! `refresh` looks at the folder and says what is stale; `make` makes it. What is said and made depends only on what the
//! folder holds, never on how it came to hold that. [`LivePack`] is a resource pack: made to the end, its files are
//! those that a conversion of the folder gives. [`LivePictures`] is a folder of pictures and sprite sheets.
//!
//! What cannot be read, such as half a picture, counts as it was when it could, or as not there: its author is most
//! likely still writing it.

mod alone;
mod files;
mod pack;
mod pictures;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use crate::{Cache, Error, Event, Models, Outcome};

pub use alone::{Alone, enhance_alone};
pub use pack::LivePack;
pub use pictures::LivePictures;

/// What is left out of a folder, by name; a folder's ends in `/`.
pub type LeaveOut = Box<dyn Fn(&str) -> bool + Send + Sync>;

/// What somebody knows about a folder that looking at it does not show.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// Files that were written, even if they look as before.
    pub touched: BTreeSet<String>,
    /// Files that were broken for so long that texts, and pictures without their last bytes, are taken as they are.
    pub patience_is_out: BTreeSet<String>,
    /// Nobody tells what was touched: files that are too young to be known by their stamps are looked at again.
    pub unaided: bool,
}

/// What a look at a folder brought.
#[derive(Debug, Clone, Default)]
pub struct News {
    /// Files that are to be made, textures before what depends on them.
    pub stale: Vec<String>,
    /// Files that were made and are there no more.
    pub gone: Vec<String>,
    /// Files that cannot be read, and why not: those that were looked at this time.
    pub broken: Vec<(String, String)>,
    /// Those of them that are not what they were when they were last looked at: somebody is at work there.
    pub changed: BTreeSet<String>,
    /// Whether files came or went.
    pub rearranged: bool,
    /// What the user should know of the folder as it is.
    pub warnings: Vec<String>,
}

/// What making files takes.
pub struct Make<'a> {
    /// Where models come from.
    pub models: &'a mut dyn Models,
    /// Finished textures of earlier runs.
    pub cache: Option<&'a Cache>,
    /// Set from anywhere, it stops the work.
    pub cancel: &'a AtomicBool,
    /// Hears how far it is.
    pub events: &'a (dyn Fn(Event) + Sync),
}

/// A file that was made.
#[derive(Debug)]
pub struct Made {
    /// Its name in the folder.
    pub name: String,
    /// What it holds now.
    pub content: Content,
    /// How it went.
    pub outcome: Outcome,
    /// Why.
    pub why: String,
    /// Whether it came from the cache.
    pub cached: bool,
}

/// What a file holds.
#[derive(Debug)]
pub enum Content {
    /// These bytes. None, for a folder.
    Bytes(Vec<u8>),
    /// What this file does.
    File(PathBuf),
}

/// Takes the files that were made.
pub type Keep<'a> = dyn FnMut(Made) -> Result<(), Error> + 'a;
