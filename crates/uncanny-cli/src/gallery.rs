//! `--html FILE`: one self-contained page with every picture, before and after.
//!
//! A command makes a [`Gallery`], adds entries as they come and finishes it. Pictures are encoded at once, each within
//! its share of the page's size, and wait in a temporary file, so thousands of them take no memory. Everything that
//! comes from outside reaches the page as text or as JSON; what the page does lies in `page.css` and `page.js`, which a
//! content security policy names by their hashes: nothing else can run, and nothing is fetched.

mod picture;
mod text;

use std::cell::RefCell;
use std::fmt;
use std::io::{self, BufWriter, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rayon::prelude::*;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tempfile::SpooledTempFile;
use uncanny_texture::RgbaImage;

use crate::error::Error;
use crate::output;
use picture::{Address, Shown};
use text::{legible, script_json};

/// About what the pictures of a page may take, in bytes of the page: a browser holds all of it in memory.
const PAGE: usize = 32 << 20;
/// Pictures wait in memory up to here.
const IN_MEMORY: usize = 4 << 20;
const CSS: &str = include_str!("gallery/page.css");
const JS: &str = include_str!("gallery/page.js");

/// A picture of the gallery: what went in, what came out, and what is to be said of it. All text may be hostile.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its path or name; slashes divide folders.
    pub(crate) name: String,
    /// What went in; none when it cannot be read.
    pub(crate) before: Option<RgbaImage>,
    /// What came out, with a label each: one, or one an iteration or model. Empty when nothing was made of it.
    pub(crate) after: Vec<(String, RgbaImage)>,
    /// What it is: block, item, emoji. The page filters by this and the next two, unless they are empty.
    pub(crate) kind: String,
    /// How it was treated, in a word or two: the model, the edges.
    pub(crate) how: String,
    /// What became of it: enhanced, copied, failed.
    pub(crate) outcome: String,
    /// Anything else, with a heading each.
    pub(crate) notes: Vec<(&'static str, String)>,
    /// The page sorts by it, the highest first.
    pub(crate) score: Option<f64>,
    /// Frames of an animation, of which the pictures are the first.
    pub(crate) frames: usize,
}

/// A page that is being made.
pub(crate) struct Gallery {
    path: PathBuf,
    title: String,
    pictures: BufWriter<SpooledTempFile>,
    /// Bytes of pictures so far.
    spent: usize,
    cards: Vec<Card>,
    expected: usize,
}

/// What the page knows of an entry before it looks at its pictures.
#[derive(Debug, Serialize)]
struct Card {
    name: String,
    kind: String,
    how: String,
    outcome: String,
    /// The sizes that the pictures really have.
    before: Option<(u32, u32)>,
    after: Option<(u32, u32)>,
    /// The labels of what came out.
    labels: Vec<String>,
    notes: Vec<(&'static str, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    frames: usize,
    /// Whether a picture on the page is less than the real one.
    reduced: bool,
}

#[derive(Template)]
#[template(path = "gallery/page.html")]
struct Page<'a> {
    title: &'a str,
    summary: &'a [(String, String)],
    policy: String,
    css: &'a str,
    js: &'a str,
    pictures: Pictures<'a>,
    cards: String,
    version: &'a str,
}

impl Gallery {
    /// A page that will be written to `path` and hold about `expected` entries.
    pub(crate) fn new(path: &Path, title: &str, expected: usize) -> Self {
        Self {
            path: path.to_owned(),
            title: legible(title),
            pictures: BufWriter::new(SpooledTempFile::new(IN_MEMORY)),
            spent: 0,
            cards: Vec::new(),
            expected,
        }
    }

    /// Adds entries, which the page shows in the order of the calls. Some dozens at a time keep all cores busy.
    ///
    /// # Errors
    /// When a temporary file cannot be written.
    pub(crate) fn add(&mut self, entries: &[Entry]) -> Result<(), Error> {
        let left = self.expected.saturating_sub(self.cards.len());
        let share = PAGE.saturating_sub(self.spent) / left.max(entries.len()).max(1);
        let drawn: Vec<Drawn> = entries.par_iter().map(|entry| draw(entry, share)).collect();
        for Drawn { card, pictures } in drawn {
            let number = self.cards.len();
            writeln!(
                self.pictures,
                r#"<script type="application/json" id="p{number}">{pictures}</script>"#
            )
            .map_err(|source| self.failed(source))?;
            self.spent += pictures.len();
            self.cards.push(card);
        }
        Ok(())
    }

    /// Writes the page. `summary`: short headings and what they say, such as ("enhanced", "117").
    ///
    /// # Errors
    /// When the page cannot be written; then there is none.
    pub(crate) fn finish(mut self, summary: &[(&str, String)]) -> Result<(), Error> {
        // A checkout may have turned line ends into two characters, which a browser's hash does not see.
        let (css, js) = (CSS.replace('\r', ""), JS.replace('\r', ""));
        self.pictures
            .rewind()
            .map_err(|source| self.failed(source))?;
        let summary: Vec<(String, String)> = summary
            .iter()
            .map(|(heading, what)| (legible(heading), legible(what)))
            .collect();
        let page = Page {
            title: &self.title,
            summary: &summary,
            policy: policy(&css, &js),
            css: &css,
            js: &js,
            pictures: Pictures(RefCell::new(self.pictures.get_mut())),
            cards: script_json(&self.cards),
            version: env!("CARGO_PKG_VERSION"),
        };
        output::write_with(&self.path, |file| {
            page.write_into(&mut BufWriter::new(file))
        })
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::Write {
            path: self.path.clone(),
            source,
        }
    }
}

/// What may be shown and run: this style, this script, pictures that are part of the page. Nothing is fetched.
fn policy(css: &str, js: &str) -> String {
    let hash = |text: &str| BASE64.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; img-src data:; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'",
        hash(css),
        hash(js)
    )
}

struct Drawn {
    card: Card,
    /// A JSON list of the addresses that hold the pictures.
    pictures: String,
}

fn draw(entry: &Entry, share: usize) -> Drawn {
    // What went in is small; what it leaves is for what came out.
    let before = match &entry.before {
        Some(image) => Shown::of(image, share / 2),
        None => Shown::default(),
    };
    let rest = share.saturating_sub(before.address.len()) / entry.after.len().max(1);
    let after: Vec<Shown> = entry
        .after
        .iter()
        .map(|(_, image)| Shown::of(image, rest))
        .collect();
    let reduced = before.reduced || after.iter().any(|shown| shown.reduced);
    let addresses: Vec<&Address> = std::iter::once(&before)
        .chain(&after)
        .map(|shown| &shown.address)
        .collect();
    Drawn {
        pictures: script_json(&addresses),
        card: Card {
            name: legible(&entry.name),
            kind: legible(&entry.kind),
            how: legible(&entry.how),
            outcome: legible(&entry.outcome),
            before: entry.before.as_ref().map(RgbaImage::dimensions),
            after: entry.after.last().map(|(_, image)| image.dimensions()),
            labels: entry
                .after
                .iter()
                .map(|(label, _)| legible(label))
                .collect(),
            notes: entry
                .notes
                .iter()
                .map(|(heading, note)| (*heading, legible(note)))
                .collect(),
            score: entry.score.filter(|score| score.is_finite()),
            frames: entry.frames,
            reduced,
        },
    }
}

/// The spooled pictures, copied into the page piece by piece.
struct Pictures<'a>(RefCell<&'a mut SpooledTempFile>);

impl fmt::Display for Pictures<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut file = self.0.borrow_mut();
        let mut piece = vec![0; 1 << 16];
        loop {
            let read = file.read(&mut piece).map_err(|_| fmt::Error)?;
            if read == 0 {
                return Ok(());
            }
            // Numbers, base64 and our own tags: ASCII, which may be cut anywhere.
            f.write_str(std::str::from_utf8(&piece[..read]).map_err(|_| fmt::Error)?)?;
        }
    }
}
