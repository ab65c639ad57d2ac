//! Minecraft resource packs in and out: folders and zips, metadata, and the rules for scaling each file.
//!
//! Owns files and names; knows no pixels and no networks. A [`Pack`] lists its entries in pack order and reads
//! them from any thread; a [`PackWriter`] writes them again, in the order given, as a zip or a folder that
//! appears only when it is complete.
//!
//! Zips are read from their central directory alone and by our own reader (`zip`), because packs in the wild
//! are odd on purpose: duplicate names (the first counts, as the game sees it), names ending in `/` that hold
//! data, false sizes and checksums, entries sharing bytes. Entries nobody changed are copied as compressed
//! streams.

mod error;
mod folder;
mod json;
mod layout;
mod left_out;
mod limits;
mod listing;
mod meta;
mod mirror;
mod name;
mod not_a_pack;
mod pack;
mod rules;
mod unfinished;
mod writer;
mod zip;
mod zip_out;

pub use error::{Error, Warning};
pub use json::{JsonError, parse as parse_json};
pub use left_out::{LeftOut, LeftOutReason};
pub use limits::PackLimits;
pub use listing::{Listing, Stamp, folder};
pub use meta::{FormatRange, FormatVersion, Overlay, PackMeta};
pub use mirror::{Mirror, Put};
pub use name::problem_on_windows;
pub use not_a_pack::NotAPack;
pub use pack::{Entry, Pack, PackFormat};
pub use rules::{AssetKind, Atlas, Note, Rules, TextureRule, Treatment};
pub use unfinished::{Unfinished, sweep};
pub use writer::{PackWriter, check_target};
