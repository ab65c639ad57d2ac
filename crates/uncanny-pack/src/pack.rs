//! A pack being read: its entries in order, its root, its metadata.

use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::folder::FolderSource;
use crate::layout::META;
use crate::listing::Listing;
use crate::zip::{Contents, ZipSource};
use crate::{Error, LeftOut, PackLimits, PackMeta, Warning, json, name};

/// How a pack is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PackFormat {
    /// One zip archive.
    Zip,
    /// A folder of files.
    Folder,
}

/// One file of a pack, or one folder that it lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its full name in the pack, parts separated by `/`; a folder's ends with one. Safe to write anywhere.
    pub name: String,
    /// Whether it is a folder.
    pub directory: bool,
    /// Bytes once unpacked, as the archive declares them; some archives lie.
    pub size: u64,
}

/// A resource pack, open for reading from any number of threads.
///
/// ```no_run
/// use uncanny_pack::{Pack, PackFormat, PackLimits, PackWriter};
///
/// # fn main() -> Result<(), uncanny_pack::Error> {
/// let pack = Pack::open("pack.zip".as_ref(), &PackLimits::default())?;
/// let mut output = PackWriter::create("copy.zip".as_ref(), PackFormat::Zip, false)?;
/// for index in 0..pack.entries().len() {
///     output.copy(&pack, index)?;
/// }
/// output.finish()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Pack {
    path: PathBuf,
    source: Source,
    entries: Vec<Entry>,
    by_name: HashMap<String, usize>,
    settled: Settled,
    meta: PackMeta,
    warnings: Vec<Warning>,
    late: Mutex<BTreeMap<usize, Late>>,
}

/// Where the bytes are. There are two kinds, and there will be no third.
#[derive(Debug)]
pub(crate) enum Source {
    Zip {
        zip: ZipSource,
        /// The zip's record of each entry.
        records: Vec<usize>,
    },
    Folder(FolderSource),
}

/// What a listing found out about the pack in it.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// The folder that the pack was in, with its `/`; empty when it was in none.
    pub(crate) folder: String,
    /// The name of its `pack.mcmeta`.
    pub(crate) meta: Option<String>,
    /// A `pack.mcmeta` that is not in the input.
    pub(crate) made: Option<Vec<u8>>,
    pub(crate) left_out: Vec<LeftOut>,
}

impl Settled {
    /// The bytes of an entry that is not in the input.
    pub(crate) fn made(&self, name: &str) -> Option<&[u8]> {
        self.made.as_deref().filter(|_| name == META)
    }
}

/// What turned out about an entry when it was read.
#[derive(Clone, Debug)]
enum Late {
    Misstated,
    Blind(String),
}

impl Pack {
    /// Opens a folder, a zip, or either with the pack in a folder inside, or a mod's or the game's jar. Lists it, reads
    /// `pack.mcmeta`, no more.
    ///
    /// What is no part of the pack is left out ([`left_out`](Self::left_out)): what computers and editors leave behind,
    /// what lies beside the folder the pack is in, the code of a mod.
    /// Entries that must not be written anywhere (unsafe names, links out of the pack) and later entries of a
    /// name are dropped; [`warnings`](Self::warnings) names them.
    ///
    /// # Errors
    /// When it is neither, is encrypted, damaged or hostile beyond `limits`, or holds no pack.
    pub fn open(path: &Path, limits: &PackLimits) -> Result<Self, Error> {
        let data = match path.metadata() {
            Ok(data) => data,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::NotFound {
                    path: path.to_owned(),
                });
            }
            Err(error) => return Err(Error::io("open", path, error)),
        };
        if !data.is_dir() && !data.is_file() {
            return Err(Error::NotAZip {
                path: path.to_owned(),
                looks_like: "a pipe, socket or device",
            });
        }
        Listing::of(path, limits, &|_| false)?.into_pack()
    }

    /// The pack in what was listed.
    pub(crate) fn of(
        path: &Path,
        source: Source,
        entries: Vec<Entry>,
        mut warnings: Vec<Warning>,
        settled: Settled,
    ) -> Self {
        warn_of_clashes(&entries, &mut warnings);
        let by_name: HashMap<String, usize> = entries
            .iter()
            .enumerate()
            .map(|(index, entry)| (entry.name.clone(), index))
            .collect();
        let meta = settled.meta.as_ref();
        let meta = meta.and_then(|name| by_name.get(name).copied());
        let mut pack = Self {
            path: path.to_owned(),
            source,
            entries,
            by_name,
            settled,
            meta: PackMeta::default(),
            warnings,
            late: Mutex::default(),
        };
        pack.read_meta(meta);
        for warning in &pack.warnings {
            tracing::debug!(pack = %path.display(), "{warning}");
        }
        pack
    }

    /// Every entry in pack order: a zip's central directory, or a folder sorted by name.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The index of the entry of this full name, upper and lower case told apart as in the game.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The bytes of an entry; none for a folder. Any number of threads may read at once; memory is bounded by
    /// the limits the pack was opened with. A wrong size or checksum is no error, see
    /// [`late_warnings`](Self::late_warnings).
    ///
    /// # Errors
    /// When the entry cannot be read or unpacked within the limits.
    ///
    /// # Panics
    /// When there is no entry of this index.
    pub fn read(&self, entry: usize) -> Result<Vec<u8>, Error> {
        if self.entries[entry].directory {
            return Ok(Vec::new());
        }
        if let Some(made) = self.made(entry) {
            return Ok(made.to_vec());
        }
        match &self.source {
            Source::Folder(folder) => folder.read(&self.path, &self.entries[entry]),
            Source::Zip { zip, records } => {
                let (bytes, contents) = zip.read(records[entry])?;
                self.compare(entry, contents);
                Ok(bytes)
            }
        }
    }

    /// The bytes of an entry that is not in the input but was made for the pack: the `pack.mcmeta` for the art of a mod.
    ///
    /// # Panics
    /// When there is no entry of this index.
    pub fn made(&self, entry: usize) -> Option<&[u8]> {
        self.settled.made(&self.entries[entry].name)
    }

    /// Where the file of an entry lies; the pack itself for what is in a zip, or was [`made`](Self::made).
    pub fn place(&self, entry: usize) -> PathBuf {
        match &self.source {
            _ if self.made(entry).is_some() => self.path.clone(),
            Source::Folder(folder) => folder.place(&self.entries[entry]),
            Source::Zip { .. } => self.path.clone(),
        }
    }

    /// What was odd about the pack when it was opened.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// What turned out about entries read or copied since, in pack order: wrong checksums, false sizes, entries
    /// copied without unpacking them.
    pub fn late_warnings(&self) -> Vec<Warning> {
        let late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        let mut misstated = late
            .iter()
            .filter(|(_, late)| matches!(late, Late::Misstated))
            .map(|(&index, _)| index);
        let first = misstated.next();
        let count = misstated.count() + 1;
        let misstated = first.map(|index| Warning::Misstated {
            name: self.entries[index].name.clone(),
            count,
        });
        let blind = late.iter().filter_map(|(&index, late)| match late {
            Late::Blind(reason) => Some(Warning::CopiedBlindly {
                name: self.entries[index].name.clone(),
                reason: reason.clone(),
            }),
            Late::Misstated => None,
        });
        misstated.into_iter().chain(blind).collect()
    }

    /// The folder of the input in which the pack lies, with its `/`, which the names of entries are without; empty when
    /// it lies at the top.
    pub fn folder(&self) -> &str {
        &self.settled.folder
    }

    /// Files of the input that are no part of the pack, and so are no entries.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.settled.left_out
    }

    /// What `pack.mcmeta` says.
    pub fn meta(&self) -> &PackMeta {
        &self.meta
    }

    /// The path it was opened from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How it is stored.
    pub fn format(&self) -> PackFormat {
        match self.source {
            Source::Zip { .. } => PackFormat::Zip,
            Source::Folder(_) => PackFormat::Folder,
        }
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// Notes it when an entry is not what the central directory says.
    pub(crate) fn compare(&self, entry: usize, contents: Contents) {
        let Source::Zip { zip, records } = &self.source else {
            return;
        };
        let record = &zip.records()[records[entry]];
        let declared = Contents {
            crc: record.crc,
            size: record.size,
            compressed: record.compressed,
        };
        if declared != contents {
            self.note(entry, Late::Misstated);
        }
    }

    /// Notes that an entry was copied without unpacking it.
    pub(crate) fn copied_blindly(&self, entry: usize, error: &Error) {
        let reason = match error {
            Error::Bomb { reason, .. } | Error::DamagedEntry { reason, .. } => reason.clone(),
            // Known, and said, since it was opened.
            Error::Compression { .. } => return,
            other => other.to_string(),
        };
        self.note(entry, Late::Blind(reason));
    }

    fn note(&self, entry: usize, late: Late) {
        let mut notes = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        match notes.entry(entry) {
            Slot::Vacant(slot) => {
                slot.insert(late);
            }
            Slot::Occupied(mut slot) => {
                if matches!(slot.get(), Late::Misstated) {
                    slot.insert(late);
                }
            }
        }
    }

    fn read_meta(&mut self, entry: Option<usize>) {
        let Some(entry) = entry else { return };
        let name = self.entries[entry].name.clone();
        let json = self.read(entry).map_err(|error| error.to_string());
        match json.and_then(|bytes| json::parse(&bytes).map_err(|error| error.to_string())) {
            Ok(json) => {
                let (meta, problems) = PackMeta::from_json(&json);
                self.meta = meta;
                let problems = problems.into_iter().map(|reason| Warning::MetaProblem {
                    name: name.clone(),
                    reason,
                });
                self.warnings.extend(problems);
            }
            Err(reason) => self.warnings.push(Warning::MetaUnreadable { name, reason }),
        }
        self.meta.entry = Some(entry);
    }
}

/// The entries of a zip that are kept, the record of each, and what to say of the others.
pub(crate) struct Selection {
    pub(crate) entries: Vec<Entry>,
    pub(crate) records: Vec<usize>,
    pub(crate) warnings: Vec<Warning>,
}

pub(crate) fn select(path: &Path, zip: &ZipSource) -> Result<Selection, Error> {
    let mut entries = Vec::new();
    let mut records = Vec::new();
    let mut warnings = Vec::new();
    let mut seen = HashSet::new();
    for (index, record) in zip.records().iter().enumerate() {
        let mut name = record.name.clone();
        let mut directory = name.ends_with('/');
        if let Some(reason) = name::problem(&name) {
            warnings.push(Warning::UnsafeName { name, reason });
            continue;
        }
        if record.link {
            warnings.push(Warning::Link {
                name,
                reason: "links have no place in a zip, and the game follows none",
            });
            continue;
        }
        if directory && record.holds_data() {
            // The game asks for `a.png` and is given `a.png/`.
            name.pop();
            directory = false;
            warnings.push(Warning::DataInFolder { name: name.clone() });
        }
        if !seen.insert(name.clone()) {
            warnings.push(Warning::Duplicate { name });
            continue;
        }
        if !directory && !record.encrypted && !record.readable() {
            warnings.push(Warning::Compression {
                name: name.clone(),
                method: record.method_name(),
            });
        }
        entries.push(Entry {
            name,
            directory,
            size: if directory {
                0
            } else {
                record.plausible_size()
            },
        });
        records.push(index);
    }
    let mut encrypted = records
        .iter()
        .map(|&index| &zip.records()[index])
        .filter(|record| record.encrypted);
    if let Some(first) = encrypted.next() {
        let (path, name, others) = (path.to_owned(), first.name.clone(), encrypted.count());
        return Err(Error::Encrypted { path, name, others });
    }
    Ok(Selection {
        entries,
        records,
        warnings,
    })
}

/// Whether a file of a folder could be written everywhere; if not, it is warned of.
pub(crate) fn without_unsafe(entry: &Entry, warnings: &mut Vec<Warning>) -> bool {
    let problem = name::problem(&entry.name);
    warnings.extend(problem.map(|reason| Warning::UnsafeName {
        name: entry.name.clone(),
        reason,
    }));
    problem.is_none()
}

/// Names that a zip can hold side by side but a folder cannot.
fn warn_of_clashes(entries: &[Entry], warnings: &mut Vec<Warning>) {
    let mut folded: HashMap<String, &str> = HashMap::new();
    let files: HashSet<&str> = entries
        .iter()
        .filter(|entry| !entry.directory)
        .map(|entry| entry.name.as_str())
        .collect();
    let mut both = HashSet::new();
    for entry in entries {
        if let Some(first) = folded.insert(name::folded(&entry.name), &entry.name) {
            warnings.push(Warning::CaseCollision {
                first: first.to_owned(),
                second: entry.name.clone(),
            });
        }
        for (slash, _) in entry.name.match_indices('/') {
            let folder = &entry.name[..slash];
            if files.contains(folder) && both.insert(folder) {
                warnings.push(Warning::FileAndFolder {
                    name: folder.to_owned(),
                });
            }
        }
    }
}
