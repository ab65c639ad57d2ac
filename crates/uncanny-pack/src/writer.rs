//! A pack being written: complete or not there at all.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use crate::pack::Source;
use crate::unfinished::{Unfinished, folder_of, sweep};
use crate::zip::{Contents, DEFLATED, STORED, ZipSource};
use crate::zip_out::ZipSink;
use crate::{Entry, Error, Pack, PackFormat, name};
use flate2::Compression;
use flate2::write::DeflateEncoder;

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
/// same bytes. It works beside the target, in a folder whose name ends in `.partial`, until
/// [`finish`](Self::finish) puts the pack into its place; dropped before that, it leaves nothing.
///
/// PNGs are stored unless deflating them saves a sixteenth: a picture that was just encoded shrinks by half a
/// percent (measured), which is worth neither our time nor the game's. All else is deflated where that helps.
#[derive(Debug)]
pub struct PackWriter {
    target: PathBuf,
    force: bool,
    names: HashSet<String>,
    sink: Sink,
    unfinished: Unfinished,
    /// A write failed halfway: what there is must never become the output.
    broken: bool,
}

#[derive(Debug)]
enum Sink {
    Zip(ZipSink<BufWriter<File>>),
    Folder(FolderSink),
}

#[derive(Debug)]
struct FolderSink {
    root: PathBuf,
    made: HashSet<PathBuf>,
}

impl PackWriter {
    /// Starts a pack. `force` replaces what is there, at the end: a file by a zip, and a folder by a folder if
    /// it is empty or holds a pack. Inputs are compared by [`check_target`]. What killed runs left beside the target
    /// is [swept](sweep) first.
    ///
    /// # Errors
    /// When the target exists and is not to be replaced, or its folder cannot be written.
    pub fn create(target: &Path, format: PackFormat, force: bool) -> Result<Self, Error> {
        let folder = folder_of(target);
        sweep(folder);
        check_target(target, &[], force)?;
        check_replaceable(target, format)?;
        let failed = |source| Error::write("create a file in", folder, source);
        let unfinished = Unfinished::beside(target).map_err(failed)?;
        let place = unfinished.path();
        let sink = match format {
            PackFormat::Zip => {
                let file = File::create_new(&place).map_err(failed)?;
                Sink::Zip(ZipSink::new(BufWriter::with_capacity(256 << 10, file)))
            }
            PackFormat::Folder => {
                fs::create_dir(&place).map_err(failed)?;
                Sink::Folder(FolderSink {
                    root: place,
                    made: HashSet::new(),
                })
            }
        };
        Ok(Self {
            target: target.to_owned(),
            force,
            names: HashSet::new(),
            sink,
            unfinished,
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
        if let Sink::Zip(zip) = self.sink {
            let file = zip.finish().map_err(failed)?;
            let file = file
                .into_inner()
                .map_err(|error| failed(error.into_error()))?;
            file.sync_all().map_err(failed)?;
        }
        self.unfinished
            .put()
            .map_err(|source| Error::write("create", target, source))
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
        write: impl FnOnce(&mut ZipSink<BufWriter<File>>) -> Result<(), Error>,
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
            let _ = fs::remove_file(name::under(&folder.root, &entry.name));
        }
        result
    }
}

impl FolderSink {
    /// Creates the file of an entry, or its folder and `None`.
    fn file(&mut self, target: &Path, entry: &Entry) -> Result<Option<File>, Error> {
        let place = name::under(&self.root, &entry.name);
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

fn broken(target: &Path) -> Error {
    Error::io(
        "write",
        target,
        io::Error::other("an earlier write to it failed"),
    )
}
