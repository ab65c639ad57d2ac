//! Reading folders: a sorted listing that never leaves the folder, and the bytes of its files.

use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use uncanny_texture::input::open_regular;
use walkdir::{DirEntry, WalkDir};

use crate::listing::Stamp;
use crate::{Entry, Error, PackLimits, Warning, name};

/// An open folder.
#[derive(Debug)]
pub(crate) struct FolderSource {
    /// With all links resolved.
    root: PathBuf,
    limit: u64,
}

/// A file or empty folder that was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) entry: Entry,
    pub(crate) stamp: Stamp,
}

impl FolderSource {
    /// Lists a folder: files and empty folders, sorted by name, without those that `leave_out` names. Links are
    /// followed to files inside it, not out of it, and not to folders, which could go in circles. What is gone by
    /// the time it is looked at was never there.
    pub(crate) fn list(
        path: &Path,
        limits: &PackLimits,
        leave_out: &dyn Fn(&str) -> bool,
    ) -> Result<(Self, Vec<Found>, Vec<Warning>), Error> {
        let root = path
            .canonicalize()
            .map_err(|source| Error::io("open", path, source))?;
        let mut entries: Vec<Found> = Vec::new();
        let mut warnings = Vec::new();
        let wanted = |found: &DirEntry| {
            let mut name = name_below(&root, found.path());
            if found.file_type().is_dir() {
                name.push('/');
            }
            !leave_out(&name)
        };
        let walk = WalkDir::new(&root).min_depth(1).sort_by_file_name();
        for found in walk.into_iter().filter_entry(wanted) {
            if found.as_ref().is_err_and(is_gone) {
                continue;
            }
            let found = found.map_err(|error| {
                let place = error
                    .path()
                    .and_then(|place| place.strip_prefix(&root).ok())
                    .map_or(path.to_owned(), |rest| path.join(rest));
                let source = error
                    .into_io_error()
                    .unwrap_or_else(|| std::io::ErrorKind::Other.into());
                Error::Io {
                    action: "read",
                    path: place,
                    source,
                }
            })?;
            let mut entry = Entry {
                name: name_below(&root, found.path()),
                directory: false,
                size: 0,
            };
            if found
                .path()
                .strip_prefix(&root)
                .is_ok_and(|path| path.to_str().is_none())
            {
                warnings.push(Warning::UnsafeName {
                    name: entry.name,
                    reason: "is not Unicode",
                });
                continue;
            }
            let kind = found.file_type();
            let data = if kind.is_symlink() {
                match linked(found.path(), &root) {
                    Ok(data) => Some(data),
                    Err(reason) => {
                        warnings.push(Warning::Link {
                            name: entry.name,
                            reason,
                        });
                        continue;
                    }
                }
            } else if kind.is_dir() || kind.is_file() {
                match found.metadata() {
                    Err(error) if is_gone(&error) => continue,
                    // A listing that cannot tell sizes is still a listing; reading will say why.
                    data => data.ok(),
                }
            } else {
                warnings.push(Warning::SpecialFile { name: entry.name });
                continue;
            };
            if kind.is_dir() {
                entry.name.push('/');
                entry.directory = true;
            } else {
                entry.size = data.as_ref().map_or(0, Metadata::len);
            }
            if entries.len() == limits.max_entries {
                return Err(Error::TooManyEntries {
                    path: path.to_owned(),
                    limit: limits.max_entries,
                });
            }
            let stamp = data.as_ref().map(Stamp::of).unwrap_or_default();
            entries.push(Found { entry, stamp });
        }
        entries.sort_by(|a, b| a.entry.name.cmp(&b.entry.name));
        keep_empty_folders(&mut entries);
        Ok((
            Self {
                root,
                limit: limits.max_entry_bytes,
            },
            entries,
            warnings,
        ))
    }

    /// Names are those below this folder (with its `/`) from now on.
    pub(crate) fn enter(&mut self, folder: &str) {
        self.root = name::under(&self.root, folder);
    }

    /// All bytes of a file.
    pub(crate) fn read(&self, path: &Path, entry: &Entry) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::with_capacity(entry.size.min(4 << 20) as usize);
        let file = self.file(entry)?;
        file.take(self.limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|source| Error::io("read", &self.place(entry), source))?;
        if bytes.len() as u64 > self.limit {
            let size = entry.size.max(bytes.len() as u64);
            return Err(Error::TooLarge {
                path: path.to_owned(),
                name: entry.name.clone(),
                size,
                limit: self.limit,
            });
        }
        Ok(bytes)
    }

    /// A file, open.
    pub(crate) fn file(&self, entry: &Entry) -> Result<File, Error> {
        let place = self.place(entry);
        open_regular(&place).map_err(|source| Error::io("read", &place, source))
    }

    pub(crate) fn place(&self, entry: &Entry) -> PathBuf {
        name::under(&self.root, &entry.name)
    }
}

/// The name of what lies in the folder, parts separated by `/`; what is not Unicode in it is replaced.
fn name_below(root: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = relative
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}

/// Whether it was there when its folder was read, and not when it was looked at.
fn is_gone(error: &walkdir::Error) -> bool {
    error.depth() > 0
        && error
            .io_error()
            .is_some_and(|error| error.kind() == ErrorKind::NotFound)
}

/// The file a link leads to, if it is a file inside the folder.
fn linked(link: &Path, root: &Path) -> Result<Metadata, &'static str> {
    let target = link.canonicalize().map_err(|_| "it leads nowhere")?;
    if !target.starts_with(root) {
        return Err("it leads out of the pack");
    }
    let data = target.metadata().map_err(|_| "it leads nowhere")?;
    if !data.is_file() {
        return Err("it leads to a folder");
    }
    Ok(data)
}

/// Drops folders that have something in them: their names are in those of their files.
fn keep_empty_folders(entries: &mut Vec<Found>) {
    let full: Vec<bool> = (0..entries.len())
        .map(|at| {
            let next = entries.get(at + 1).map(|next| &next.entry);
            let entry = &entries[at].entry;
            entry.directory && next.is_some_and(|next| next.name.starts_with(&entry.name))
        })
        .collect();
    let mut full = full.into_iter();
    entries.retain(|_| !full.next().unwrap_or(false));
}
