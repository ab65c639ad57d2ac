//! Everything that can go wrong with a pack, and everything worth saying about one that goes on.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::NotAPack;
use crate::name::shown;

/// Why a pack, or one entry of it, cannot be read or written. Every message names its subject; where the user
/// can do something about it, it says what.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something the file system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried: `open`, `read`, `create`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The disk, or the quota, is full.
    #[error("no space left for {}; free some, or choose an output on another disk", path.display())]
    DiskFull {
        /// The output.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// There is nothing at the path.
    #[error("no such file or folder: {}", path.display())]
    NotFound {
        /// The path.
        path: PathBuf,
    },
    /// A file that is no zip.
    #[error("{} is not a zip archive but {looks_like}; give the folder or the zip of a resource pack", path.display())]
    NotAZip {
        /// The file.
        path: PathBuf,
        /// What its first bytes say: `a PNG image`.
        looks_like: &'static str,
    },
    /// A zip whose end is missing.
    #[error("{} is cut short: a zip's list of contents stands at its end, and {length} bytes in there is none; download or export it again", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        length: u64,
    },
    /// A zip whose list of contents cannot be followed.
    #[error("{} is damaged: {reason} at byte {offset}; download or export it again", path.display())]
    DamagedZip {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: &'static str,
        /// Where in the file.
        offset: u64,
    },
    /// A folder or zip without a resource pack in it.
    #[error("{} holds no resource pack: {found}", path.display())]
    NoPack {
        /// The folder or file.
        path: PathBuf,
        /// What it holds instead.
        found: NotAPack,
    },
    /// More entries than allowed.
    #[error("{} lists more than {limit} files; no resource pack does: refused", path.display())]
    TooManyEntries {
        /// The folder or file.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
    /// Entries that are encrypted.
    #[error("{} is encrypted: {} and {others} more of its entries need a password, and the game cannot read them either; unpack it with its password and give the folder", path.display(), shown(name))]
    Encrypted {
        /// The archive.
        path: PathBuf,
        /// The first such entry.
        name: String,
        /// How many more there are.
        others: usize,
    },
    /// An entry that unpacks to more than is sane.
    #[error("{} in {} {reason}: it looks like a zip bomb and is not unpacked; if you trust it, unpack the pack yourself and give the folder", shown(name), path.display())]
    Bomb {
        /// The archive.
        path: PathBuf,
        /// The entry.
        name: String,
        /// Which limit it broke.
        reason: String,
    },
    /// A file or stored entry too large to be read into memory.
    #[error("{} in {} holds {size} bytes, more than the {limit} that fit one file of a pack", shown(name), path.display())]
    TooLarge {
        /// The pack.
        path: PathBuf,
        /// The entry.
        name: String,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// An entry whose bytes cannot be unpacked.
    #[error("{} in {} is damaged: {reason}", shown(name), path.display())]
    DamagedEntry {
        /// The archive.
        path: PathBuf,
        /// The entry.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// An entry compressed in a way the game does not know either.
    #[error("{} in {} is compressed with {method}; only deflate is read, by the game as well: zip the pack again with deflate", shown(name), path.display())]
    Compression {
        /// The archive.
        path: PathBuf,
        /// The entry.
        name: String,
        /// The method's name or number.
        method: String,
    },
    /// A name that must not be written.
    #[error("refused to write {}: its name {reason}", shown(name))]
    UnsafeName {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A name written before.
    #[error("{} was already written to this pack", shown(name))]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A name that the output's file system cannot keep apart from another.
    #[error("{} cannot be a file in {}: another entry has the same name but for upper and lower case, or is a folder; write a zip instead", shown(name), path.display())]
    NameClash {
        /// The output folder.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// The output is there already.
    #[error("{} exists; use --force to replace it, or give another name", path.display())]
    Exists {
        /// The output.
        path: PathBuf,
    },
    /// The output is there and is nothing that may be replaced.
    #[error("{} exists and will not be replaced, even with --force: {reason}; give another name", path.display())]
    NotReplaceable {
        /// The output.
        path: PathBuf,
        /// Why.
        reason: &'static str,
    },
    /// The output is, or overlaps, an input.
    #[error("the output {} {relation} the input {}; give a place apart from it", output.display(), input.display())]
    Overlap {
        /// The output.
        output: PathBuf,
        /// How it stands to the input: `is`, `lies inside`, `contains`.
        relation: &'static str,
        /// The input.
        input: PathBuf,
    },
    /// A file where a folder is needed.
    #[error("{} is a file, and only a folder can be watched; unpack it first", path.display())]
    NotAFolder {
        /// What was given.
        path: PathBuf,
    },
    /// Another process keeps the output up.
    #[error("another `uncanny watch` writes to {}; end that one first, or name another folder", path.display())]
    Locked {
        /// The output.
        path: PathBuf,
    },
    /// The folder that should hold the output is not there.
    #[error("there is no folder {} to write {} into; create it first", folder.display(), path.display())]
    NoFolder {
        /// The missing folder.
        folder: PathBuf,
        /// The output.
        path: PathBuf,
    },
}

impl Error {
    /// What went wrong while reading.
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }

    /// What went wrong while writing: a full disk has a message of its own.
    pub(crate) fn write(action: &'static str, path: &Path, source: io::Error) -> Self {
        use io::ErrorKind::{QuotaExceeded, StorageFull};
        match source.kind() {
            StorageFull | QuotaExceeded => Self::DiskFull {
                path: path.to_owned(),
                source,
            },
            _ => Self::Io {
                action,
                path: path.to_owned(),
                source,
            },
        }
    }
}

/// Something odd in a pack that does not stop the rest of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The pack has no `pack.mcmeta`; its `assets` folder was found.
    NoMeta,
    /// `pack.mcmeta` cannot be read at all.
    MetaUnreadable {
        /// The entry.
        name: String,
        /// Why.
        reason: String,
    },
    /// Something in `pack.mcmeta` makes no sense.
    MetaProblem {
        /// The entry.
        name: String,
        /// What.
        reason: String,
    },
    /// `pack.mcmeta` is spelt with other upper and lower case.
    MetaCase {
        /// The entry.
        name: String,
    },
    /// The pack is in a folder of the input, which is taken off: the game looks for packs at the top.
    Unwrapped {
        /// The folder, with its `/`.
        folder: String,
    },
    /// The input is a mod or the game: its art alone is the pack, with a `pack.mcmeta` made for it.
    MadeMeta,
    /// There are other packs beside the one that was found.
    OtherPacks {
        /// The root that was taken.
        root: String,
        /// The root that was not, the first of them.
        other: String,
    },
    /// Several entries of one name; the first counts.
    Duplicate {
        /// The name.
        name: String,
    },
    /// Two names that differ in upper and lower case alone.
    CaseCollision {
        /// The earlier one.
        first: String,
        /// The later one.
        second: String,
    },
    /// A file and a folder of one name.
    FileAndFolder {
        /// The name of the file.
        name: String,
    },
    /// An entry dropped for its name.
    UnsafeName {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A symbolic link that was dropped.
    Link {
        /// The name.
        name: String,
        /// Why.
        reason: &'static str,
    },
    /// A pipe, socket or device, dropped.
    SpecialFile {
        /// The name.
        name: String,
    },
    /// An entry named like a folder that holds data; taken for a file, as the game takes it.
    DataInFolder {
        /// Its name without the slash.
        name: String,
    },
    /// An entry compressed in a way that cannot be read; copied as it is.
    Compression {
        /// The name.
        name: String,
        /// The method's name or number.
        method: String,
    },
    /// Entries whose size or checksum is not what the archive says.
    Misstated {
        /// The first of them.
        name: String,
        /// How many there are.
        count: usize,
    },
    /// An entry that could not be unpacked, whose compressed bytes were copied blindly.
    CopiedBlindly {
        /// The name.
        name: String,
        /// Why it could not be unpacked.
        reason: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMeta => f.write_str(
                "there is no pack.mcmeta, so the game will not list this pack; its assets folder is used as it is",
            ),
            Self::MetaUnreadable { name, reason } => {
                write!(f, "{} cannot be read: {reason}; it is copied, and the pack's versions are unknown", shown(name))
            }
            Self::MetaProblem { name, reason } => write!(f, "{}: {reason}", shown(name)),
            Self::MetaCase { name } => {
                write!(f, "{} should be spelt pack.mcmeta, or the game will not find it in a zip", shown(name))
            }
            Self::Unwrapped { folder } => write!(
                f,
                "the pack is inside the folder {}, where the game does not look: it is taken out of it",
                shown(folder)
            ),
            Self::MadeMeta => f.write_str(
                "this is a mod, or the game itself: only its assets are converted, with a new pack.mcmeta, to lay over it",
            ),
            Self::OtherPacks { root, other } => {
                let at = |root: &str| if root.is_empty() { "the top".to_owned() } else { shown(root) };
                write!(
                    f,
                    "there is more than one pack.mcmeta: the pack at {} is converted, the one at {} is not",
                    at(root),
                    at(other)
                )
            }
            Self::Duplicate { name } => {
                write!(f, "{} is in the archive more than once; the first one counts, the others are dropped", shown(name))
            }
            Self::CaseCollision { first, second } => write!(
                f,
                "{} and {} differ only in upper and lower case; Windows and macOS cannot unpack both",
                shown(first),
                shown(second)
            ),
            Self::FileAndFolder { name } => {
                write!(f, "{} is both a file and a folder; it can be in a zip, but not be unpacked", shown(name))
            }
            Self::UnsafeName { name, reason } => write!(f, "{} was dropped: its name {reason}", shown(name)),
            Self::Link { name, reason } => write!(f, "the symbolic link {} was dropped: {reason}", shown(name)),
            Self::SpecialFile { name } => write!(f, "{} was dropped: it is a pipe, socket or device", shown(name)),
            Self::DataInFolder { name } => write!(
                f,
                "{0}/ is named like a folder but holds data; it is taken for the file {0}, as the game does",
                shown(name)
            ),
            Self::Compression { name, method } => write!(
                f,
                "{} is compressed with {method}, which neither the game nor this program reads; it is copied as it is",
                shown(name)
            ),
            Self::Misstated { name, count: 1 } => write!(
                f,
                "{} has another size or checksum than the archive says; it is used as the game would",
                shown(name)
            ),
            Self::Misstated { name, count } => write!(
                f,
                "{count} entries, {} the first, have other sizes or checksums than the archive says: it is damaged, or \
                 protected against unpacking; they are used as the game would",
                shown(name)
            ),
            Self::CopiedBlindly { name, reason } => {
                write!(f, "{} could not be unpacked ({reason}); its bytes were copied as they are", shown(name))
            }
        }
    }
}
