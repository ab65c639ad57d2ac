//! A folder or zip as it is at one moment, while others write to it: what is in it, and by what each file is known to
//! be the same as before. Owns no decision; [`Listing::into_pack`] makes a pack of it.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::folder::{FolderSource, Found};
use crate::pack::{Selection, Source, select};
use crate::zip::{Record, ZipSource};
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

    /// Of an entry of a zip: what its directory says of the contents.
    fn of_record(record: &Record) -> Self {
        Self {
            size: record.size,
            modified: None,
            changed: (i64::from(record.crc), 0),
            identity: (record.compressed, 0),
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

/// The files and empty folders of a folder, sorted by name, or of a zip, in its order; with their stamps.
#[derive(Debug)]
pub struct Listing {
    path: PathBuf,
    source: Source,
    found: Vec<Found>,
    warnings: Vec<Warning>,
}

impl Listing {
    /// Lists a folder or zip. What `leave_out` says of a name is not looked at: a file's, or a folder's, which ends in
    /// `/`. What goes while a folder is listed is not listed.
    ///
    /// # Errors
    /// When the folder or zip cannot be read or holds too much.
    pub fn of(
        path: &Path,
        limits: &PackLimits,
        leave_out: &dyn Fn(&str) -> bool,
    ) -> Result<Self, Error> {
        let (source, found, warnings) = if path.is_file() {
            Self::of_zip(path, limits, leave_out)?
        } else {
            let (folder, found, warnings) = FolderSource::list(path, limits, leave_out)?;
            (Source::Folder(folder), found, warnings)
        };
        Ok(Self {
            path: path.to_owned(),
            source,
            found,
            warnings,
        })
    }

    fn of_zip(
        path: &Path,
        limits: &PackLimits,
        leave_out: &dyn Fn(&str) -> bool,
    ) -> Result<(Source, Vec<Found>, Vec<Warning>), Error> {
        let zip = ZipSource::open(path, limits)?;
        let Selection {
            entries,
            records,
            warnings,
        } = select(path, &zip)?;
        let is_left_out = |name: &str| {
            let mut folders = name.match_indices('/').map(|(slash, _)| &name[..=slash]);
            folders.any(leave_out) || leave_out(name)
        };
        let (found, records) = entries
            .into_iter()
            .zip(records)
            .filter(|(entry, _)| !is_left_out(&entry.name))
            .map(|(entry, record)| {
                let stamp = Stamp::of_record(&zip.records()[record]);
                (Found { entry, stamp }, record)
            })
            .unzip();
        Ok((Source::Zip { zip, records }, found, warnings))
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

    /// Where it lies; for a zip, the zip.
    #[must_use]
    pub fn place(&self, index: usize) -> PathBuf {
        match &self.source {
            Source::Folder(folder) => folder.place(self.entry(index)),
            Source::Zip { .. } => self.path.clone(),
        }
    }

    /// All of a file's bytes; none of a folder.
    ///
    /// # Errors
    /// When it cannot be read, or is larger than the limits allow.
    pub fn read(&self, index: usize) -> Result<Vec<u8>, Error> {
        match (self.entry(index), &self.source) {
            (entry, _) if entry.directory => Ok(Vec::new()),
            (entry, Source::Folder(folder)) => folder.read(&self.path, entry),
            (_, Source::Zip { zip, records }) => Ok(zip.read(records[index])?.0),
        }
    }

    /// Forgets what `keep` does not want.
    pub fn retain(&mut self, mut keep: impl FnMut(&Entry) -> bool) {
        let kept: Vec<bool> = self.found.iter().map(|found| keep(&found.entry)).collect();
        let mut each = kept.iter();
        self.found.retain(|_| each.next() == Some(&true));
        if let Source::Zip { records, .. } = &mut self.source {
            let mut each = kept.iter();
            records.retain(|_| each.next() == Some(&true));
        }
    }

    /// The pack in the folder or zip.
    ///
    /// # Errors
    /// [`Error::NoPack`] when there is none.
    pub fn into_pack(self) -> Result<Pack, Error> {
        let entries = self.found.into_iter().map(|found| found.entry).collect();
        Pack::of(&self.path, self.source, entries, self.warnings)
    }
}
