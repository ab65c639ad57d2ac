//! Reading folders: a sorted listing that never leaves the folder, and the bytes of its files.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::{Entry, Error, PackLimits, Warning, name};

/// An open folder.
#[derive(Debug)]
pub(crate) struct FolderSource {
    /// With all links resolved.
    root: PathBuf,
    limit: u64,
}

impl FolderSource {
    /// Lists a folder: files and empty folders, sorted by name. Links are followed to files inside it, not out
    /// of it, and not to folders, which could go in circles.
    pub(crate) fn open(
        path: &Path,
        limits: &PackLimits,
    ) -> Result<(Self, Vec<Entry>, Vec<Warning>), Error> {
        let root = path
            .canonicalize()
            .map_err(|source| Error::io("open", path, source))?;
        let mut entries = Vec::new();
        let mut warnings = Vec::new();
        for found in WalkDir::new(&root).min_depth(1).sort_by_file_name() {
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
            let relative = found.path().strip_prefix(&root).unwrap_or(found.path());
            let parts: Vec<_> = relative
                .components()
                .map(|part| part.as_os_str().to_string_lossy())
                .collect();
            let mut entry = Entry {
                name: parts.join("/"),
                directory: false,
                size: 0,
            };
            if relative.to_str().is_none() {
                warnings.push(Warning::UnsafeName {
                    name: entry.name,
                    reason: "is not Unicode",
                });
                continue;
            }
            let kind = found.file_type();
            if kind.is_dir() {
                entry.name.push('/');
                entry.directory = true;
            } else if kind.is_symlink() {
                match linked_size(found.path(), &root) {
                    Ok(size) => entry.size = size,
                    Err(reason) => {
                        warnings.push(Warning::Link {
                            name: entry.name,
                            reason,
                        });
                        continue;
                    }
                }
            } else if kind.is_file() {
                // A listing that cannot tell sizes is still a listing; reading will say why.
                entry.size = found.metadata().map_or(0, |data| data.len());
            } else {
                warnings.push(Warning::SpecialFile { name: entry.name });
                continue;
            }
            if entries.len() == limits.max_entries {
                return Err(Error::TooManyEntries {
                    path: path.to_owned(),
                    limit: limits.max_entries,
                });
            }
            entries.push(entry);
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
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
        File::open(&place).map_err(|source| Error::io("read", &place, source))
    }

    pub(crate) fn place(&self, entry: &Entry) -> PathBuf {
        name::under(&self.root, &entry.name)
    }
}

/// The size of the file a link leads to, if it is a file inside the folder.
fn linked_size(link: &Path, root: &Path) -> Result<u64, &'static str> {
    let target = link.canonicalize().map_err(|_| "it leads nowhere")?;
    if !target.starts_with(root) {
        return Err("it leads out of the pack");
    }
    let data = target.metadata().map_err(|_| "it leads nowhere")?;
    if !data.is_file() {
        return Err("it leads to a folder");
    }
    Ok(data.len())
}

/// Drops folders that have something in them: their names are in those of their files.
fn keep_empty_folders(entries: &mut Vec<Entry>) {
    let full: Vec<bool> = (0..entries.len())
        .map(|at| {
            let next = entries.get(at + 1);
            entries[at].directory
                && next.is_some_and(|next| next.name.starts_with(&entries[at].name))
        })
        .collect();
    let mut full = full.into_iter();
    entries.retain(|_| !full.next().unwrap_or(false));
}
