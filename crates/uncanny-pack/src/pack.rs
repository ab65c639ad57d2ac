//! A pack being read: its entries in order, its root, its metadata.

use std::path::{Path, PathBuf};

use crate::{Error, PackLimits, PackMeta, Warning};

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
    /// Its full name as in the archive, parts separated by `/`; a folder's ends with one.
    pub name: String,
    /// Whether it is a folder.
    pub directory: bool,
    /// Bytes once unpacked, as the archive declares them.
    pub size: u64,
}

/// A resource pack, open for reading from any number of threads.
#[derive(Debug)]
pub struct Pack {
    path: PathBuf,
    format: PackFormat,
    entries: Vec<Entry>,
    root: String,
    meta: PackMeta,
    warnings: Vec<Warning>,
}

impl Pack {
    /// Opens a folder, a zip, or either with the pack in a folder inside. Lists it, reads `pack.mcmeta`, no more.
    ///
    /// # Errors
    /// When it is neither, is broken or hostile beyond `limits`, or holds no pack.
    pub fn open(path: &Path, limits: &PackLimits) -> Result<Self, Error> {
        let _ = limits;
        Err(Error::Io {
            action: "open",
            path: path.to_owned(),
            source: std::io::ErrorKind::Unsupported.into(),
        })
    }

    /// Every entry in pack order: a zip's central directory, or a folder sorted by name.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The index of the entry of this full name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.name == name)
    }

    /// The bytes of an entry; nothing for a folder.
    ///
    /// # Errors
    /// When the entry cannot be unpacked within the limits.
    ///
    /// # Panics
    /// When there is no such entry.
    pub fn read(&self, entry: usize) -> Result<Vec<u8>, Error> {
        let _ = &self.entries[entry];
        Ok(Vec::new())
    }

    /// What was odd about the pack when it was opened.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// What was odd about entries read since, in pack order: wrong checksums, false sizes.
    pub fn late_warnings(&self) -> Vec<Warning> {
        Vec::new()
    }

    /// The prefix of the names of the pack proper: empty, or a wrapping folder with its `/`.
    pub fn root(&self) -> &str {
        &self.root
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
        self.format
    }
}
