//! A folder as it is at one moment, while others write to it: what is in it, and by what each file is known to be
//! the same as before. Owns no decision; [`Listing::into_pack`] makes a pack of it.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::folder::{FolderSource, Found};
use crate::{Entry, Error, Pack, PackLimits, Warning};

/// What changes whenever a file is written, replaced or moved, as far as its file system can tell: two writes within
/// one tick of its clock look like one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
    /// When anything about the file changed, and which file it is: a file that keeps its old time when it is moved
    /// here is another one.
    changed: (i64, i64),
    identity: (u64, u64),
}

impl Stamp {
    /// The stamp of what is at `path`, links followed; `None` when nothing is.
    #[must_use]
    pub fn at(path: &Path) -> Option<Self> {
        path.metadata().ok().map(|data| Self::of(&data))
    }

    pub(crate) fn of(data: &Metadata) -> Self {
        #[cfg(unix)]
        let (changed, identity) = {
            use std::os::unix::fs::MetadataExt as _;
            ((data.ctime(), data.ctime_nsec()), (data.dev(), data.ino()))
        };
        #[cfg(not(unix))]
        let (changed, identity) = ((0, 0), (0, 0));
        Self {
            size: data.len(),
            modified: data.modified().ok(),
            changed,
            identity,
        }
    }

    /// When the file was last written, where the file system says.
    #[must_use]
    pub fn modified(&self) -> Option<SystemTime> {
        self.modified
    }

    /// Whether both are stamps of one file or folder, changed or not. Where files have no identity, all are one.
    #[must_use]
    pub fn same_file(&self, other: &Self) -> bool {
        self.identity == other.identity
    }
}

/// A folder's path with all links resolved.
///
/// # Errors
/// When there is nothing, or something else.
pub fn folder(path: &Path) -> Result<PathBuf, Error> {
    let place = path.canonicalize().map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => Error::NotFound {
            path: path.to_owned(),
        },
        _ => Error::io("open", path, source),
    })?;
    if place.is_dir() {
        Ok(place)
    } else {
        Err(Error::NotAFolder {
            path: path.to_owned(),
        })
    }
}

/// The files and empty folders of a folder, sorted by name, with their stamps.
#[derive(Debug)]
pub struct Listing {
    path: PathBuf,
    source: FolderSource,
    found: Vec<Found>,
    warnings: Vec<Warning>,
}

impl Listing {
    /// Lists a folder. What `leave_out` says of a name is not looked at: a file's, or a folder's, which ends in `/`.
    /// What goes while it is listed is not listed.
    ///
    /// # Errors
    /// When the folder cannot be read or holds too much.
    pub fn of(
        path: &Path,
        limits: &PackLimits,
        leave_out: &dyn Fn(&str) -> bool,
    ) -> Result<Self, Error> {
        let (source, found, warnings) = FolderSource::list(path, limits, leave_out)?;
        Ok(Self {
            path: path.to_owned(),
            source,
            found,
            warnings,
        })
    }

    /// How many files and empty folders there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// A file or empty folder, by its place in the order.
    #[must_use]
    pub fn entry(&self, index: usize) -> &Entry {
        &self.found[index].entry
    }

    /// Its stamp.
    #[must_use]
    pub fn stamp(&self, index: usize) -> Stamp {
        self.found[index].stamp
    }

    /// Where it lies.
    #[must_use]
    pub fn place(&self, index: usize) -> PathBuf {
        self.source.place(self.entry(index))
    }

    /// All of a file's bytes; none of a folder.
    ///
    /// # Errors
    /// When it cannot be read, or is larger than the limits allow.
    pub fn read(&self, index: usize) -> Result<Vec<u8>, Error> {
        match self.entry(index) {
            entry if entry.directory => Ok(Vec::new()),
            entry => self.source.read(&self.path, entry),
        }
    }

    /// Forgets what `keep` does not want.
    pub fn retain(&mut self, mut keep: impl FnMut(&Entry) -> bool) {
        self.found.retain(|found| keep(&found.entry));
    }

    /// The pack in the folder.
    ///
    /// # Errors
    /// [`Error::NoPack`] when there is none.
    pub fn into_pack(self) -> Result<Pack, Error> {
        let entries = self.found.into_iter().map(|found| found.entry).collect();
        Pack::of_folder(&self.path, self.source, entries, self.warnings)
    }
}
