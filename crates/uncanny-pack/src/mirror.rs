//! An output folder that is kept up file by file: each file appears complete, and only what we made is ever replaced
//! or removed.
//!
//! The folder `.uncanny` in it belongs to us: the list of the files that we made, the lock of whoever writes, and
//! files being written, which are renamed into place. A name is on the list before its file is there, so that one who
//! is killed leaves nothing that nobody owns.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::{Builder, NamedTempFile};

use crate::writer::resolve;
use crate::{Error, name};

/// Our own folder in the output.
const OURS: &str = ".uncanny";
const LIST: &str = "made.json";
const LOCK: &str = "lock";
/// What the names of files end in that are being written.
const UNFINISHED: &str = ".partial";

/// What became of a file that was to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is new, or has new bytes.
    Written,
    /// It had these bytes already and was not touched.
    Same,
}

/// An output folder that is kept up, locked against others who would.
#[derive(Debug)]
pub struct Mirror {
    root: PathBuf,
    force: bool,
    made: BTreeSet<String>,
    /// Whether the list on the disk may lack something that is there.
    unsaved: bool,
    _lock: File,
}

/// The list of what we made, as it is kept.
#[derive(Serialize, Deserialize)]
struct List {
    about: String,
    made: BTreeSet<String>,
}

impl Mirror {
    /// Takes a folder, which is made when it is not there, and tidies up after one who was killed. It may lie inside
    /// `input`. `force` lets files be replaced that others made; nothing lets them be removed.
    ///
    /// # Errors
    /// When the folder is the input or contains it, cannot be made or written, or another process keeps it up.
    pub fn open(target: &Path, input: &Path, force: bool) -> Result<Self, Error> {
        let failed = |source| Error::write("write to", target, source);
        check_around(target, input)?;
        fs::create_dir_all(target.join(OURS)).map_err(failed)?;
        let root = resolve(target)?;
        let ours = root.join(OURS);
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(ours.join(LOCK))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(Error::Locked {
                    path: target.to_owned(),
                });
            }
            // There are file systems without locks.
            Err(fs::TryLockError::Error(error)) => {
                tracing::debug!(%error, "{} cannot be locked", target.display());
            }
        }
        for left in fs::read_dir(&ours).map_err(failed)?.flatten() {
            if left.file_name().to_string_lossy().ends_with(UNFINISHED) {
                let _ = fs::remove_file(left.path());
            }
        }
        let mut mirror = Self {
            made: read_list(&ours.join(LIST)),
            root,
            force,
            unsaved: false,
            _lock: lock,
        };
        // What the user has removed since is not ours any more, whoever makes it next.
        let root = &mirror.root;
        mirror
            .made
            .retain(|name| name::under(root, name).symlink_metadata().is_ok());
        Ok(mirror)
    }

    /// The folder, with all links resolved.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether the folder is still there: somebody may have removed it.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.root.join(OURS).join(LOCK).is_file()
    }

    /// The names of the files that we made and that were there when we last looked.
    pub fn made(&self) -> impl Iterator<Item = &str> {
        self.made.iter().map(String::as_str)
    }

    /// Says that these files will be written, so that they are known for ours whatever happens.
    ///
    /// # Errors
    /// When the list cannot be written.
    pub fn announce<'n>(&mut self, names: impl Iterator<Item = &'n str>) -> Result<(), Error> {
        for name in names {
            if !self.made.contains(name) && !self.exists(name) {
                self.made.insert(name.to_owned());
                self.unsaved = true;
            }
        }
        self.save()
    }

    /// Writes a file, or makes a folder, whose name ends in `/`.
    ///
    /// # Errors
    /// [`Error::Exists`] when another has made a different one and it must not be replaced; when its name is unsafe;
    /// when the disk refuses. Then what was there still is.
    pub fn put(&mut self, name: &str, bytes: &[u8]) -> Result<Put, Error> {
        check_name(name)?;
        let place = name::under(&self.root, name);
        let failed = |source| Error::write("write", &place, source);
        if name.ends_with('/') {
            let there = place.is_dir();
            fs::create_dir_all(&place).map_err(failed)?;
            // A folder that was there is not ours to remove.
            if there {
                return Ok(Put::Same);
            }
            self.own(name);
            return Ok(Put::Written);
        }
        if holds(&place, bytes) {
            self.own(name);
            return Ok(Put::Same);
        }
        self.check_ours(name, &place)?;
        let mut file = self.unfinished(&place)?;
        file.write_all(bytes).map_err(failed)?;
        self.persist(file, &place)?;
        self.own(name);
        Ok(Put::Written)
    }

    /// Writes what another file holds, in pieces where it is large.
    ///
    /// # Errors
    /// As [`put`](Self::put), and when it cannot be read.
    pub fn copy(&mut self, name: &str, from: &Path) -> Result<Put, Error> {
        let unreadable = |source| Error::io("read", from, source);
        let mut source = File::open(from).map_err(unreadable)?;
        if source.metadata().map_err(unreadable)?.len() <= IN_MEMORY {
            let mut bytes = Vec::new();
            source.read_to_end(&mut bytes).map_err(unreadable)?;
            return self.put(name, &bytes);
        }
        check_name(name)?;
        let place = name::under(&self.root, name);
        if equal(from, &place).map_err(unreadable)? {
            self.own(name);
            return Ok(Put::Same);
        }
        self.check_ours(name, &place)?;
        let mut file = self.unfinished(&place)?;
        io::copy(&mut source, &mut file).map_err(|source| Error::write("write", &place, source))?;
        self.persist(file, &place)?;
        self.own(name);
        Ok(Put::Written)
    }

    /// Removes a file that we made, and the folders that are empty without it. Whether there was one.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn remove(&mut self, name: &str) -> Result<bool, Error> {
        if !self.made.contains(name) {
            return Ok(false);
        }
        let place = name::under(&self.root, name);
        let removed = if name.ends_with('/') {
            // With something of another's in it, it stays.
            fs::remove_dir(&place).is_ok()
        } else {
            match fs::remove_file(&place) {
                Ok(()) => true,
                Err(error) if is_absent(&error) => false,
                Err(source) => return Err(Error::io("remove", &place, source)),
            }
        };
        self.made.remove(name);
        self.unsaved = true;
        let parents = place.ancestors().skip(1);
        for folder in parents.take_while(|folder| *folder != self.root) {
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
        Ok(removed)
    }

    /// Writes the list of what we made, if it changed.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&mut self) -> Result<(), Error> {
        if !self.unsaved {
            return Ok(());
        }
        let place = self.root.join(OURS).join(LIST);
        let list = List {
            about: "Files of this folder that `uncanny watch` made: it may replace and remove them"
                .to_owned(),
            made: std::mem::take(&mut self.made),
        };
        let json =
            serde_json::to_vec(&list).expect("a list of names holds nothing that JSON cannot");
        self.made = list.made;
        let mut file = self.unfinished(&place)?;
        file.write_all(&json)
            .map_err(|source| Error::write("write", &place, source))?;
        self.persist(file, &place)?;
        self.unsaved = false;
        Ok(())
    }

    fn own(&mut self, name: &str) {
        if !self.made.contains(name) {
            self.made.insert(name.to_owned());
            self.unsaved = true;
        }
    }

    fn exists(&self, name: &str) -> bool {
        name::under(&self.root, name).symlink_metadata().is_ok()
    }

    fn check_ours(&self, name: &str, place: &Path) -> Result<(), Error> {
        if self.force || self.made.contains(name) || !self.exists(name) {
            return Ok(());
        }
        Err(Error::Exists {
            path: place.to_owned(),
        })
    }

    fn unfinished(&self, place: &Path) -> Result<NamedTempFile, Error> {
        let ours = self.root.join(OURS);
        let mut builder = Builder::new();
        builder.suffix(UNFINISHED);
        // Temporary files are private by default; an output is as public as any file.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        builder
            .tempfile_in(&ours)
            .map_err(|source| Error::write("write", place, source))
    }

    fn persist(&self, file: NamedTempFile, place: &Path) -> Result<(), Error> {
        let failed = |source| Error::write("write", place, source);
        let folder = place.parent().unwrap_or(&self.root);
        // Nearly always it is there, and then this is all that is asked of the disk.
        match file.persist(place) {
            Ok(_) => Ok(()),
            Err(error) if is_absent(&error.error) => {
                fs::create_dir_all(folder).map_err(failed)?;
                error
                    .file
                    .persist(place)
                    .map(drop)
                    .map_err(|error| failed(error.error))
            }
            Err(error) => Err(failed(error.error)),
        }
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        // Whoever comes next finds out by themselves what is the same.
        if self.is_there()
            && let Err(error) = self.save()
        {
            tracing::warn!("{error}");
        }
    }
}

/// Only what the target holds beside the input can be told from it.
fn check_around(target: &Path, input: &Path) -> Result<(), Error> {
    let (Ok(target_place), Ok(input_place)) = (target.canonicalize(), input.canonicalize()) else {
        return Ok(());
    };
    let relation = if target_place == input_place {
        "is"
    } else if input_place.starts_with(&target_place) {
        "contains"
    } else {
        return Ok(());
    };
    Err(Error::Overlap {
        output: target.to_owned(),
        relation,
        input: input.to_owned(),
    })
}

/// Larger files are compared and copied in pieces.
const IN_MEMORY: u64 = 4 << 20;

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn check_name(name: &str) -> Result<(), Error> {
    let reason = name::problem(name).or_else(|| {
        let ours = name.split('/').next() == Some(OURS);
        ours.then_some("is where the list of files lies that `uncanny watch` made")
    });
    let reason = reason.or_else(|| name::problem_on_windows(name).filter(|_| cfg!(windows)));
    match reason {
        Some(reason) => Err(Error::UnsafeName {
            name: name.to_owned(),
            reason,
        }),
        None => Ok(()),
    }
}

fn read_list(path: &Path) -> BTreeSet<String> {
    let Ok(bytes) = fs::read(path) else {
        return BTreeSet::new();
    };
    match serde_json::from_slice::<List>(&bytes) {
        Ok(list) => list
            .made
            .into_iter()
            .filter(|name| check_name(name).is_ok())
            .collect(),
        Err(error) => {
            tracing::warn!(
                "{} cannot be read ({error}): what is there counts as another's",
                path.display()
            );
            BTreeSet::new()
        }
    }
}

/// Whether the file is there and has these bytes.
fn holds(path: &Path, bytes: &[u8]) -> bool {
    let Ok(data) = path.symlink_metadata() else {
        return false;
    };
    data.is_file()
        && data.len() == bytes.len() as u64
        && fs::read(path).is_ok_and(|there| there == bytes)
}

/// Whether both files are there and have the same bytes.
fn equal(one: &Path, other: &Path) -> io::Result<bool> {
    let mut source = File::open(one)?;
    let Ok(mut there) = File::open(other) else {
        return Ok(false);
    };
    if source.metadata()?.len() != there.metadata()?.len() {
        return Ok(false);
    }
    let (mut left, mut right) = (vec![0; 256 << 10], vec![0; 256 << 10]);
    loop {
        let count = source.read(&mut left)?;
        if count == 0 {
            return Ok(true);
        }
        if there.read_exact(&mut right[..count]).is_err() || left[..count] != right[..count] {
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: &str = "no/such/folder";

    fn files(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = walkdir::WalkDir::new(folder)
            .min_depth(1)
            .into_iter()
            .map(|found| found.unwrap())
            .filter(|found| !found.path().starts_with(folder.join(OURS)))
            .map(|found| {
                let name = found.path().strip_prefix(folder).unwrap();
                name.to_str().unwrap().to_owned()
            })
            .collect();
        names.sort();
        names
    }

    #[test]
    fn writes_replaces_and_removes_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("deep/out");
        let mut mirror = Mirror::open(&target, INPUT.as_ref(), false).unwrap();
        assert_eq!(mirror.put("a/b/c.png", b"one").unwrap(), Put::Written);
        assert_eq!(mirror.put("a/b/c.png", b"one").unwrap(), Put::Same);
        assert_eq!(mirror.put("a/b/c.png", b"two").unwrap(), Put::Written);
        assert_eq!(mirror.put("a/empty/", b"").unwrap(), Put::Written);
        assert_eq!(files(&target), ["a", "a/b", "a/b/c.png", "a/empty"]);
        assert!(mirror.remove("a/b/c.png").unwrap());
        assert!(!mirror.remove("a/b/c.png").unwrap());
        assert!(mirror.remove("a/empty/").unwrap());
        assert_eq!(files(&target), Vec::<String>::new());
        // A file where a folder was, and the other way round.
        mirror.put("a", b"file").unwrap();
        mirror.remove("a").unwrap();
        mirror.put("a/x", b"file").unwrap();
        assert_eq!(fs::read(target.join("a/x")).unwrap(), b"file");
    }

    #[test]
    fn what_others_made_stays() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path();
        fs::create_dir(target.join("a")).unwrap();
        fs::write(target.join("a/theirs.png"), "theirs").unwrap();
        fs::write(target.join("alike.png"), "alike").unwrap();
        let mut mirror = Mirror::open(target, INPUT.as_ref(), false).unwrap();
        assert!(matches!(
            mirror.put("a/theirs.png", b"ours"),
            Err(Error::Exists { .. })
        ));
        assert!(!mirror.remove("a/theirs.png").unwrap());
        mirror.put("a/ours.png", b"ours").unwrap();
        mirror.remove("a/ours.png").unwrap();
        assert_eq!(fs::read(target.join("a/theirs.png")).unwrap(), b"theirs");
        // What is as we would make it is taken for ours.
        assert_eq!(mirror.put("alike.png", b"alike").unwrap(), Put::Same);
        mirror.put("alike.png", b"new").unwrap();
        drop(mirror);
        let mut mirror = Mirror::open(target, INPUT.as_ref(), true).unwrap();
        assert_eq!(mirror.put("a/theirs.png", b"ours").unwrap(), Put::Written);
    }

    #[test]
    fn one_who_was_killed_leaves_nothing_without_an_owner() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path();
        let mut mirror = Mirror::open(target, INPUT.as_ref(), false).unwrap();
        assert!(matches!(
            Mirror::open(target, INPUT.as_ref(), false),
            Err(Error::Locked { .. })
        ));
        mirror.announce(["a.png", "b.png"].into_iter()).unwrap();
        mirror.put("a.png", b"one").unwrap();
        fs::write(target.join(OURS).join("x.partial"), "half").unwrap();
        // As a killed process does: nothing is saved, the lock goes.
        let Mirror { _lock: lock, .. } = &mirror;
        lock.unlock().unwrap();
        std::mem::forget(mirror);
        let mut mirror = Mirror::open(target, INPUT.as_ref(), false).unwrap();
        assert_eq!(mirror.made().collect::<Vec<_>>(), ["a.png"]);
        assert!(!target.join(OURS).join("x.partial").exists());
        // It never came to be, and is the user's who made it meanwhile.
        fs::write(target.join("b.png"), "theirs").unwrap();
        assert!(mirror.put("b.png", b"ours").is_err());
        assert!(mirror.remove("a.png").unwrap());
    }

    #[test]
    fn large_files_are_copied_in_pieces() {
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("in");
        fs::create_dir(&input).unwrap();
        let mut large: Vec<u8> = (0..IN_MEMORY + 1000).map(|at| (at % 251) as u8).collect();
        fs::write(input.join("large.ogg"), &large).unwrap();
        let mut mirror = Mirror::open(&folder.path().join("out"), &input, false).unwrap();
        let mut copy = || mirror.copy("large.ogg", &input.join("large.ogg")).unwrap();
        assert_eq!(copy(), Put::Written);
        assert_eq!(copy(), Put::Same);
        large[IN_MEMORY as usize] ^= 1;
        fs::write(input.join("large.ogg"), &large).unwrap();
        assert_eq!(copy(), Put::Written);
        assert!(fs::read(folder.path().join("out/large.ogg")).unwrap() == large);
    }

    #[test]
    fn the_input_is_no_output() {
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("in");
        fs::create_dir(&input).unwrap();
        let open = |target: &Path| Mirror::open(target, &input, true);
        for target in [&input, folder.path()] {
            assert!(matches!(open(target), Err(Error::Overlap { .. })));
        }
        assert!(open(&input.join("out")).is_ok());
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut mirror = Mirror::open(folder.path(), INPUT.as_ref(), true).unwrap();
        for name in ["../x", "/x", ".uncanny/made.json", ""] {
            assert!(mirror.put(name, b"x").is_err(), "{name:?}");
        }
    }
}
