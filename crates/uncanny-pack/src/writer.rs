//! A pack being written: complete or not there at all.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use tempfile::{Builder, NamedTempFile, TempDir};

use crate::pack::Source;
use crate::zip::{Contents, DEFLATED, STORED, ZipSource};
use crate::zip_out::ZipSink;
use crate::{Entry, Error, Pack, PackFormat, name};

/// What the names of unfinished outputs end in. One that stays behind was killed, and can be deleted.
pub(crate) const UNFINISHED: &str = ".partial";
/// Files from this size on go from folder to zip in pieces, stored.
const LARGE: u64 = 16 << 20;
/// How hard to compress what compresses.
const LEVEL: u32 = 6;

/// Checks, before any work, that `target` may be written: that it does not exist unless `force`, and is none of
/// the `inputs`, nor inside one, nor around one, however either is spelt.
///
/// # Errors
/// When it may not.
pub fn check_target(target: &Path, inputs: &[&Path], force: bool) -> Result<(), Error> {
    let resolved = resolve(target)?;
    for input in inputs {
        // An input that cannot be found is reported when it is opened.
        let Ok(place) = input.canonicalize() else {
            continue;
        };
        let relation = if resolved == place {
            "is"
        } else if resolved.starts_with(&place) {
            "lies inside"
        } else if place.starts_with(&resolved) {
            "contains"
        } else {
            continue;
        };
        return Err(Error::Overlap {
            output: target.to_owned(),
            relation,
            input: input.to_path_buf(),
        });
    }
    if !force && target.symlink_metadata().is_ok() {
        return Err(Error::Exists {
            path: target.to_owned(),
        });
    }
    Ok(())
}

/// Writes a pack as a zip or a folder, in the order of the calls, with fixed timestamps: the same calls give the
/// same bytes. It works on a temporary file or folder beside the target (its name ends in `.partial`), which
/// [`finish`](Self::finish) renames; dropped before that, it leaves nothing.
///
/// PNGs are stored unless deflating them saves a sixteenth: a picture that was just encoded shrinks by half a
/// percent (measured), which is worth neither our time nor the game's. All else is deflated where that helps.
#[derive(Debug)]
pub struct PackWriter {
    target: PathBuf,
    force: bool,
    names: HashSet<String>,
    sink: Sink,
    /// A write failed halfway: what there is must never become the output.
    broken: bool,
}

#[derive(Debug)]
enum Sink {
    Zip(ZipSink<BufWriter<NamedTempFile>>),
    Folder(FolderSink),
}

#[derive(Debug)]
struct FolderSink {
    temp: TempDir,
    made: HashSet<PathBuf>,
}

impl PackWriter {
    /// Starts a pack. `force` replaces what is there, at the end: a file by a zip, and a folder by a folder if
    /// it is empty or holds a pack. Inputs are compared by [`check_target`].
    ///
    /// # Errors
    /// When the target exists and is not to be replaced, or its folder cannot be written.
    pub fn create(target: &Path, format: PackFormat, force: bool) -> Result<Self, Error> {
        check_target(target, &[], force)?;
        check_replaceable(target, format)?;
        let folder = folder_of(target);
        let failed = |source| Error::write("create a file in", folder, source);
        let prefix = prefix(target);
        let mut builder = Builder::new();
        builder.prefix(&prefix).suffix(UNFINISHED);
        let sink = match format {
            PackFormat::Zip => {
                let file = for_everyone(&mut builder, 0o666)
                    .tempfile_in(folder)
                    .map_err(failed)?;
                Sink::Zip(ZipSink::new(BufWriter::with_capacity(256 << 10, file)))
            }
            PackFormat::Folder => {
                let temp = for_everyone(&mut builder, 0o777)
                    .tempdir_in(folder)
                    .map_err(failed)?;
                Sink::Folder(FolderSink {
                    temp,
                    made: HashSet::new(),
                })
            }
        };
        Ok(Self {
            target: target.to_owned(),
            force,
            names: HashSet::new(),
            sink,
            broken: false,
        })
    }

    /// Writes an entry with new bytes. The entry's size is not looked at.
    ///
    /// # Errors
    /// When the name is unsafe or already written, which leaves the writer as it was, or the disk refuses, after
    /// which it writes no more.
    pub fn put(&mut self, entry: &Entry, bytes: &[u8]) -> Result<(), Error> {
        self.claim(entry)?;
        let target = self.target.clone();
        let failed = |source| Error::write("write", &target, source);
        let result = match &mut self.sink {
            Sink::Zip(zip) => put_in_zip(zip, entry, bytes).map_err(failed),
            Sink::Folder(_) => self.write_file(entry, |file| file.write_all(bytes).map_err(failed)),
        };
        self.settle(entry, result)
    }

    /// Copies an entry as it is, its compressed stream untouched where both sides are zips. There the entry is
    /// unpacked once to state its true size and checksum; if it cannot be, its bytes are copied all the same,
    /// and [`Pack::late_warnings`] says so.
    ///
    /// # Errors
    /// As [`put`](Self::put), and when the entry cannot be read, which leaves the writer as it was.
    pub fn copy(&mut self, pack: &Pack, index: usize) -> Result<(), Error> {
        let entry = &pack.entries()[index];
        if entry.directory {
            return self.put(entry, &[]);
        }
        if let Some(bytes) = pack.made(index) {
            return self.put(entry, bytes);
        }
        let target = self.target.clone();
        let failed = |source| Error::write("write", &target, source);
        match (&mut self.sink, pack.source()) {
            (Sink::Zip(_), Source::Zip { zip, records }) => {
                let (method, contents) = true_contents(pack, index, zip, records[index])?;
                self.claim(entry)?;
                let result = self.zip(|out| {
                    out.entry(&entry.name, method, contents).map_err(failed)?;
                    zip.raw(records[index], contents.compressed, &mut |chunk| {
                        out.data(chunk).map_err(failed)
                    })
                });
                self.settle(entry, result)
            }
            (Sink::Folder(_), Source::Zip { zip, records }) => {
                self.claim(entry)?;
                let result = self.write_file(entry, |file| {
                    let mut sink = |chunk: &[u8]| file.write_all(chunk).map_err(failed);
                    let contents = zip.unpack(records[index], &mut sink)?;
                    pack.compare(index, contents);
                    Ok(())
                });
                self.settle(entry, result)
            }
            (Sink::Folder(_), Source::Folder(folder)) => {
                let mut source = folder.file(entry)?;
                self.claim(entry)?;
                let result = self.write_file(entry, |file| {
                    io::copy(&mut source, file).map(drop).map_err(failed)
                });
                self.settle(entry, result)
            }
            (Sink::Zip(_), Source::Folder(folder)) if entry.size >= LARGE => {
                let place = folder.place(entry);
                let contents = checksum(&mut folder.file(entry)?)
                    .map_err(|source| Error::io("read", &place, source))?;
                let mut source = folder.file(entry)?.take(contents.size);
                self.claim(entry)?;
                let result = self.zip(|out| {
                    out.entry(&entry.name, STORED, contents).map_err(failed)?;
                    let copied = pieces(&mut source, |chunk| out.data(chunk)).map_err(failed)?;
                    if copied == contents.size {
                        return Ok(());
                    }
                    Err(Error::io(
                        "read",
                        &place,
                        io::Error::other("it changed while it was read"),
                    ))
                });
                self.settle(entry, result)
            }
            (Sink::Zip(_), Source::Folder(_)) => self.put(entry, &pack.read(index)?),
        }
    }

    /// Completes the pack and puts it in its place.
    ///
    /// # Errors
    /// When the disk refuses, now or before; then nothing is left, and what was there before still is.
    pub fn finish(self) -> Result<(), Error> {
        if self.broken {
            return Err(broken(&self.target));
        }
        let target = &self.target;
        // It may have appeared since we started.
        check_target(target, &[], self.force)?;
        let failed = |source| Error::write("write", target, source);
        match self.sink {
            Sink::Zip(zip) => {
                let file = zip.finish().map_err(failed)?;
                let file = file
                    .into_inner()
                    .map_err(|error| failed(error.into_error()))?;
                file.as_file().sync_all().map_err(failed)?;
                file.persist(target)
                    .map_err(|error| Error::write("create", target, error.error))?;
                Ok(())
            }
            Sink::Folder(folder) => folder.finish(target),
        }
    }

    /// Makes sure of the name, and that the writer is sound.
    fn claim(&mut self, entry: &Entry) -> Result<(), Error> {
        if self.broken {
            return Err(broken(&self.target));
        }
        let name = entry.name.clone();
        if let Some(reason) = name::problem(&name) {
            return Err(Error::UnsafeName { name, reason });
        }
        if entry.directory != name.ends_with('/') {
            return Err(Error::UnsafeName {
                name,
                reason: "must end in a slash if, and only if, it is a folder's",
            });
        }
        if matches!(self.sink, Sink::Folder(_))
            && cfg!(windows)
            && let Some(reason) = name::problem_on_windows(&name)
        {
            return Err(Error::UnsafeName { name, reason });
        }
        if !self.names.insert(name.clone()) {
            return Err(Error::DuplicateName { name });
        }
        Ok(())
    }

    /// After a failure: a file of a folder is as if it had never been, a zip is spoilt.
    fn settle(&mut self, entry: &Entry, result: Result<(), Error>) -> Result<(), Error> {
        if let Err(error) = &result {
            self.names.remove(&entry.name);
            self.broken |=
                matches!(self.sink, Sink::Zip(_)) || matches!(error, Error::DiskFull { .. });
        }
        result
    }

    fn zip(
        &mut self,
        write: impl FnOnce(&mut ZipSink<BufWriter<NamedTempFile>>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match &mut self.sink {
            Sink::Zip(zip) => write(zip),
            Sink::Folder(_) => unreachable!("only called for zips"),
        }
    }

    fn write_file(
        &mut self,
        entry: &Entry,
        write: impl FnOnce(&mut File) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Sink::Folder(folder) = &mut self.sink else {
            unreachable!("only called for folders")
        };
        let Some(mut file) = folder.file(&self.target, entry)? else {
            return Ok(());
        };
        let result = write(&mut file);
        if result.is_err() {
            drop(file);
            // Best effort: if the disk is that ill, the writer is dropped soon.
            let _ = fs::remove_file(name::under(folder.temp.path(), &entry.name));
        }
        result
    }
}

impl FolderSink {
    /// Creates the file of an entry, or its folder and `None`.
    fn file(&mut self, target: &Path, entry: &Entry) -> Result<Option<File>, Error> {
        let place = name::under(self.temp.path(), &entry.name);
        let failed = |source: io::Error| match source.kind() {
            // Also what a file system says that ignores case.
            io::ErrorKind::AlreadyExists
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory => Error::NameClash {
                path: target.to_owned(),
                name: entry.name.clone(),
            },
            _ => Error::write("write", target, source),
        };
        let folder = if entry.directory {
            Some(place.as_path())
        } else {
            place.parent()
        };
        if let Some(folder) = folder
            && !self.made.contains(folder)
        {
            fs::create_dir_all(folder).map_err(failed)?;
            self.made.insert(folder.to_owned());
        }
        if entry.directory {
            return Ok(None);
        }
        File::create_new(&place).map(Some).map_err(failed)
    }

    /// Renames the temporary folder. What is there is moved aside first, and back if that fails.
    fn finish(self, target: &Path) -> Result<(), Error> {
        let failed = |source| Error::write("create", target, source);
        let aside = match target.symlink_metadata() {
            Ok(_) => {
                let prefix = format!("{}old.", prefix(target));
                let aside = Builder::new()
                    .prefix(&prefix)
                    .suffix(UNFINISHED)
                    .tempdir_in(folder_of(target));
                let aside = aside.map_err(failed)?;
                fs::rename(target, aside.path().join("old")).map_err(failed)?;
                Some(aside)
            }
            Err(_) => None,
        };
        if let Err(source) = fs::rename(self.temp.path(), target) {
            if let Some(aside) = aside
                && fs::rename(aside.path().join("old"), target).is_err()
            {
                // Rather leave it where it is than lose it.
                let kept = aside.keep();
                tracing::error!(
                    "what was in {} is now in {}",
                    target.display(),
                    kept.display()
                );
            }
            return Err(failed(source));
        }
        // Renamed: there is nothing to clean up any more.
        let _ = self.temp.keep();
        if let Some(aside) = aside {
            let place = aside.path().to_owned();
            if let Err(error) = aside.close() {
                tracing::warn!(
                    "cannot remove the replaced folder {}: {error}",
                    place.display()
                );
            }
        }
        Ok(())
    }
}

fn put_in_zip<W: Write>(zip: &mut ZipSink<W>, entry: &Entry, bytes: &[u8]) -> io::Result<()> {
    let mut contents = Contents {
        crc: crc32fast::hash(bytes),
        size: bytes.len() as u64,
        compressed: bytes.len() as u64,
    };
    let png = bytes.starts_with(b"\x89PNG");
    let mut deflate = DeflateEncoder::new(
        Vec::new(),
        if png {
            Compression::fast()
        } else {
            Compression::new(LEVEL)
        },
    );
    deflate.write_all(bytes)?;
    let deflated = deflate.finish()?;
    let worth = if png {
        bytes.len() - bytes.len() / 16
    } else {
        bytes.len()
    };
    if deflated.len() < worth {
        contents.compressed = deflated.len() as u64;
        zip.entry(&entry.name, DEFLATED, contents)?;
        zip.data(&deflated)
    } else {
        zip.entry(&entry.name, STORED, contents)?;
        zip.data(bytes)
    }
}

/// How an entry of a zip is to be stated in another one.
fn true_contents(
    pack: &Pack,
    index: usize,
    zip: &ZipSource,
    record: usize,
) -> Result<(u16, Contents), Error> {
    let stated = &zip.records()[record];
    match zip.unpack(record, &mut |_| Ok(())) {
        Ok(contents) => {
            pack.compare(index, contents);
            Ok((stated.method, contents))
        }
        Err(
            error @ (Error::Bomb { .. } | Error::DamagedEntry { .. } | Error::Compression { .. }),
        ) => {
            // There must at least be bytes to copy.
            zip.data_start(stated)?;
            pack.copied_blindly(index, &error);
            let contents = Contents {
                crc: stated.crc,
                size: stated.size,
                compressed: stated.compressed,
            };
            Ok((stated.method, contents))
        }
        Err(error) => Err(error),
    }
}

fn checksum(file: &mut File) -> io::Result<Contents> {
    let mut crc = crc32fast::Hasher::new();
    let size = pieces(file, |chunk| {
        crc.update(chunk);
        Ok(())
    })?;
    Ok(Contents {
        crc: crc.finalize(),
        size,
        compressed: size,
    })
}

/// Hands all of a source on, a piece at a time; how much it was.
fn pieces(
    source: &mut impl Read,
    mut sink: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<u64> {
    let mut buffer = vec![0; 256 << 10];
    let mut total = 0;
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return Ok(total),
            Ok(count) => {
                sink(&buffer[..count])?;
                total += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The target with all links on the way resolved, whether it exists or not.
pub(crate) fn resolve(target: &Path) -> Result<PathBuf, Error> {
    if let Ok(place) = target.canonicalize() {
        return Ok(place);
    }
    let Some(file_name) = target.file_name() else {
        return Err(Error::NotReplaceable {
            path: target.to_owned(),
            reason: "it is no name for a file or folder",
        });
    };
    let folder = folder_of(target);
    match folder.canonicalize() {
        Ok(place) => Ok(place.join(file_name)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::NoFolder {
            folder: folder.to_owned(),
            path: target.to_owned(),
        }),
        Err(error) => Err(Error::io("open", folder, error)),
    }
}

/// Whether what is there may be replaced by a pack of this format: no folder is ever lost that is not one.
fn check_replaceable(target: &Path, format: PackFormat) -> Result<(), Error> {
    let refuse = |reason| {
        Err(Error::NotReplaceable {
            path: target.to_owned(),
            reason,
        })
    };
    if target.file_name().is_none() {
        return refuse("it is no name for a file or folder");
    }
    let Ok(data) = target.metadata() else {
        return Ok(());
    };
    match format {
        PackFormat::Zip if data.is_dir() => refuse("it is a folder, and the output is a zip"),
        PackFormat::Zip => Ok(()),
        PackFormat::Folder if !data.is_dir() => refuse("it is a file, and the output is a folder"),
        PackFormat::Folder if is_pack_or_empty(target) => Ok(()),
        PackFormat::Folder => refuse("it is a folder with other things than a resource pack in it"),
    }
}

fn is_pack_or_empty(folder: &Path) -> bool {
    // Many a project has an `assets` folder. Without a pack.mcmeta, only one that has nothing else is a pack.
    let bare = |folder: &Path| {
        let Ok(mut inside) = folder.read_dir() else {
            return false;
        };
        let known = |name: &std::ffi::OsStr| name == "assets" || name == "pack.png";
        folder.join("assets").is_dir()
            && inside.all(|found| found.is_ok_and(|found| known(&found.file_name())))
    };
    let is_pack = |folder: &Path| folder.join("pack.mcmeta").is_file() || bare(folder);
    let Ok(mut inside) = folder.read_dir() else {
        return false;
    };
    match (inside.next(), inside.next()) {
        (None, _) => true,
        // A wrapping folder, if it is all there is.
        (Some(Ok(only)), None) => is_pack(folder) || is_pack(&only.path()),
        _ => is_pack(folder),
    }
}

fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// What the names of temporary files start with: the target's own name, cut where names may become too long.
fn prefix(target: &Path) -> String {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let mut prefix: String = name.chars().take(50).collect();
    prefix.push('.');
    prefix
}

fn broken(target: &Path) -> Error {
    Error::io(
        "write",
        target,
        io::Error::other("an earlier write to it failed"),
    )
}

/// Temporary files are private by default; an output is as public as any file.
#[cfg(unix)]
pub(crate) fn for_everyone<'b, 'p, 's>(
    builder: &'b mut Builder<'p, 's>,
    mode: u32,
) -> &'b mut Builder<'p, 's> {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
pub(crate) fn for_everyone<'b, 'p, 's>(
    builder: &'b mut Builder<'p, 's>,
    _mode: u32,
) -> &'b mut Builder<'p, 's> {
    builder
}
