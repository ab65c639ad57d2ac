//! A folder or zip as it is at one moment, while others write to it: what is in it, and by what each file is known to
//! be the same as before. Owns no decision; [`Listing::into_pack`] makes a pack of it.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::folder::{FolderSource, Found};
use crate::layout::{self, Layout};
use crate::left_out::{Leaving, junk};
use crate::pack::{Selection, Settled, Source, select, without_unsafe};
use crate::zip::{Record, ZipSource};
use crate::{Entry, Error, LeftOutReason, Pack, PackLimits, Warning};

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

    /// Of bytes that were made here.
    fn of_bytes(bytes: &[u8]) -> Self {
        Self {
            size: bytes.len() as u64,
            modified: None,
            changed: (i64::from(crc32fast::hash(bytes)), 0),
            identity: (0, 0),
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
    settled: Option<Settled>,
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
            settled: None,
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
            (entry, _) if self.made(entry).is_some() => {
                Ok(self.made(entry).unwrap_or_default().to_vec())
            }
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
            // What was made here comes last and is none of the zip's.
            let mut each = kept.iter();
            records.retain(|_| each.next() == Some(&true));
        }
    }

    /// Leaves only the pack: without what computers and editors leave behind, out of the folder that it is in, and of a
    /// mod or the game its art alone, with a `pack.mcmeta` that is made for it and comes last. Names are those of the
    /// output from then on.
    ///
    /// # Errors
    /// [`Error::NoPack`] when there is none.
    pub fn settle(&mut self) -> Result<(), Error> {
        if self.settled.is_some() {
            return Ok(());
        }
        let mut leaving = Leaving::default();
        if let Source::Folder(_) = self.source {
            // Those of a zip were sorted out when it was listed.
            let warnings = &mut self.warnings;
            self.found
                .retain(|found| without_unsafe(&found.entry, warnings));
        }
        self.leave(&mut leaving, &|name| junk(name));
        let layout = self.layout()?;
        let outside = Some(LeftOutReason::Outside);
        self.leave(
            &mut leaving,
            &|name| match name.strip_prefix(&layout.folder) {
                Some(name) => layout.stray(name),
                None => outside,
            },
        );
        for found in &mut self.found {
            found.entry.name.drain(..layout.folder.len());
        }
        // The entry of the folder itself.
        self.retain(|entry| !entry.name.is_empty());
        if let Source::Folder(folder) = &mut self.source {
            folder.enter(&layout.folder);
        }
        if let Some(made) = &layout.made {
            self.found.push(Found {
                entry: Entry {
                    name: layout::META.to_owned(),
                    directory: false,
                    size: made.len() as u64,
                },
                stamp: Stamp::of_bytes(made),
            });
        }
        self.warnings.extend(layout.warnings);
        self.settled = Some(Settled {
            folder: layout.folder,
            meta: layout.meta,
            made: layout.made,
            left_out: leaving.finish(),
        });
        Ok(())
    }

    fn layout(&self) -> Result<Layout, Error> {
        let names: Vec<&str> = self
            .found
            .iter()
            .map(|found| found.entry.name.as_str())
            .collect();
        let read = |name: &str| {
            let at = names.iter().position(|known| *known == name)?;
            self.read(at).ok()
        };
        layout::find(&self.path, &names, &read)
    }

    /// Drops and counts what there is a reason to leave out.
    fn leave(&mut self, leaving: &mut Leaving, reason: &dyn Fn(&str) -> Option<LeftOutReason>) {
        self.retain(|entry| match reason(&entry.name) {
            Some(reason) => {
                leaving.note(reason, &entry.name);
                false
            }
            None => true,
        });
    }

    /// The bytes of an entry that was made here.
    fn made(&self, entry: &Entry) -> Option<&[u8]> {
        self.settled.as_ref()?.made(&entry.name)
    }

    /// The pack in the folder or zip, [`settled`](Self::settle).
    ///
    /// # Errors
    /// [`Error::NoPack`] when there is none.
    pub fn into_pack(mut self) -> Result<Pack, Error> {
        self.settle()?;
        let entries = self.found.into_iter().map(|found| found.entry).collect();
        let settled = self.settled.unwrap_or_default();
        Ok(Pack::of(
            &self.path,
            self.source,
            entries,
            self.warnings,
            settled,
        ))
    }
}
