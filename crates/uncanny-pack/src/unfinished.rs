//! Outputs that are being made: each waits in a room of its own beside its place, and goes there whole.
//!
//! A room is the folder `NAME.xxxxxx.uncanny.partial`. In it are `lock`, which whoever works there holds, `new`, which is
//! being made, and, on systems that cannot exchange two folders in one step, `old/NAME` while that is replaced. Whoever is
//! killed leaves the room. [`sweep`] finds it later: nobody holds its lock.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::Builder;

use crate::listing::Stamp;

/// What the names of rooms end in.
const ROOM: &str = ".uncanny.partial";
const LOCK: &str = "lock";
const NEW: &str = "new";
const OLD: &str = "old";
/// Another process may sweep a room away before it is locked. Nobody is that unlucky so often.
const TRIES: u32 = 8;

/// A file or folder that is not finished. Dropped before [`put`](Self::put), it leaves nothing.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # let folder = tempfile::tempdir()?;
/// let target = folder.path().join("report.json");
/// let unfinished = uncanny_pack::Unfinished::beside(&target)?;
/// std::fs::write(unfinished.path(), "{}")?;
/// assert!(!target.exists());
/// unfinished.put()?;
/// assert!(target.exists());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Unfinished {
    target: PathBuf,
    room: PathBuf,
    /// Held for as long as somebody works here.
    lock: Option<File>,
    /// Whether the room stays: what was replaced is in it and could not be brought back.
    stays: bool,
}

impl Unfinished {
    /// A place for what is to become `target`, on the same disk. Makes neither the file nor the folder.
    ///
    /// # Errors
    /// When the folder that `target` lies in is not there or cannot be written to.
    pub fn beside(target: &Path) -> io::Result<Self> {
        let mut tries = 0;
        loop {
            tries += 1;
            match Self::room(target) {
                Ok(Some(unfinished)) => return Ok(unfinished),
                Ok(None) if tries < TRIES => {}
                Ok(None) => return Err(io::Error::other("others remove what is made there")),
                Err(error) => return Err(error),
            }
        }
    }

    /// `None` when somebody swept the room before it was locked.
    fn room(target: &Path) -> io::Result<Option<Self>> {
        let room = Builder::new()
            .prefix(&prefix(target))
            .suffix(ROOM)
            .tempdir_in(folder_of(target))?
            .keep();
        let mut unfinished = Self {
            target: target.to_owned(),
            room,
            lock: None,
            stays: false,
        };
        let path = unfinished.room.join(LOCK);
        let lock = match File::create_new(&path) {
            Ok(lock) => lock,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            // There are file systems without locks. Nobody sweeps there.
            Err(TryLockError::Error(error)) => {
                tracing::debug!(%error, "{} cannot be locked", path.display());
            }
        }
        let ours = Stamp::of(&lock.metadata()?);
        let held = Stamp::at(&path).is_some_and(|there| there.same_file(&ours));
        unfinished.lock = Some(lock);
        Ok(held.then_some(unfinished))
    }

    /// Where to make it: as a file, or as a folder.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.room.join(NEW)
    }

    /// Puts it into its place. A file replaces a file, and a folder a folder. What was there is lost; killed at any
    /// moment, there is either the old or the new one, at the latest after the next [`sweep`].
    ///
    /// # Errors
    /// When the system refuses. Then what was there still is.
    pub fn put(self) -> io::Result<()> {
        let new = self.path();
        if !new.is_dir() || self.target.symlink_metadata().is_err() {
            return fs::rename(new, &self.target);
        }
        if !self.target.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        match exchange(&new, &self.target) {
            Ok(()) => Ok(()),
            Err(error) => {
                tracing::debug!(%error, "folders cannot be exchanged here");
                self.put_in_two_steps(|| {})
            }
        }
    }

    /// Moves the old folder aside, and then the new one into its place.
    fn put_in_two_steps(mut self, between: impl FnOnce()) -> io::Result<()> {
        let Some(name) = self.target.file_name() else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let aside = self.room.join(OLD);
        fs::create_dir(&aside)?;
        let aside = aside.join(name);
        fs::rename(&self.target, &aside)?;
        between();
        if let Err(error) = fs::rename(self.path(), &self.target) {
            if fs::rename(&aside, &self.target).is_err() {
                // Rather leave it where it is than lose it.
                self.stays = true;
                tracing::error!(
                    "what was in {} is now in {}",
                    self.target.display(),
                    aside.display()
                );
            }
            return Err(error);
        }
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Not every system removes a file that is open.
        self.lock = None;
        if !self.stays
            && let Err(error) = remove(&self.room)
        {
            tracing::warn!(
                "cannot remove {}, in which {} was made: {error}",
                self.room.display(),
                self.target.display()
            );
        }
    }
}

/// Removes a room. Its lock goes last: killed halfway, it can still be known for what it is.
fn remove(room: &Path) -> io::Result<()> {
    let absent = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    for name in [NEW, OLD] {
        let place = room.join(name);
        let removed = match place.symlink_metadata() {
            Ok(data) if data.is_dir() => fs::remove_dir_all(&place),
            Ok(_) => fs::remove_file(&place),
            Err(error) => Err(error),
        };
        match removed {
            Err(error) if !absent(&error) => return Err(error),
            _ => {}
        }
    }
    match fs::remove_dir_all(room) {
        Err(error) if !absent(&error) => Err(error),
        _ => Ok(()),
    }
}

/// Two names change places, in one step.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Clears `folder` of what runs left in it that were killed: what they had not finished goes, and what they had moved
/// aside comes back. What somebody still works on stays, and so does all that others made. Where files cannot be locked
/// nothing is known to be left, and nothing is touched.
pub fn sweep(folder: &Path) {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let is_room = entry.file_name().to_string_lossy().ends_with(ROOM)
            && entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_room {
            continue;
        }
        let room = entry.path();
        if let Err(error) = clear(folder, &room) {
            tracing::warn!(
                "cannot remove {}, which a killed run left: {error}",
                room.display()
            );
        }
    }
}

/// Clears a room, unless somebody works there.
fn clear(folder: &Path, room: &Path) -> io::Result<()> {
    let lock = match File::open(room.join(LOCK)) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Whoever made it was killed at once, or is about to lock it, or removes it. An empty folder is no loss.
            let _ = fs::remove_dir(room);
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    if lock.try_lock().is_err() {
        return Ok(());
    }
    for old in fs::read_dir(room.join(OLD)).into_iter().flatten() {
        let old = old?;
        let place = folder.join(old.file_name());
        if place.symlink_metadata().is_err() {
            fs::rename(old.path(), &place)?;
            tracing::warn!(
                "{} is back in its place: a run was killed while it replaced it",
                place.display()
            );
        } else if room.join(NEW).exists() {
            // The run had not put anything there yet: somebody else did.
            tracing::warn!(
                "{} is what {} held before a run was killed while it replaced it; move it, or delete {}",
                old.path().display(),
                place.display(),
                room.display()
            );
            return Ok(());
        }
    }
    remove(room)?;
    tracing::debug!("removed {}, left by a killed run", room.display());
    Ok(())
}

/// The folder that `target` lies in.
pub(crate) fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// What the names of rooms start with: the target's own name, cut where names may become too long.
fn prefix(target: &Path) -> String {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let mut prefix: String = name.chars().take(50).collect();
    prefix.push('.');
    prefix
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::process::{Child, Command, Stdio};

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// A folder that says who it is, in two files.
    fn make(folder: &Path, text: &str) {
        fs::create_dir_all(folder.join("deep")).unwrap();
        for name in ["a", "deep/b"] {
            fs::write(folder.join(name), text).unwrap();
        }
    }

    /// Who a folder is, if it is whole.
    fn read(folder: &Path) -> Option<String> {
        let [a, b] = ["a", "deep/b"].map(|name| fs::read_to_string(folder.join(name)).ok());
        a.filter(|a| Some(a) == b.as_ref())
    }

    /// A test of this file in a process of its own, which works on `folder`.
    fn start(test: &str, folder: &Path) -> Child {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--ignored", "--nocapture"])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Waits until it says so, and kills it as nobody can object to.
    fn kill_at(mut child: Child, word: &str) {
        let said = BufReader::new(child.stdout.take().unwrap());
        let mut lines = said.lines().map_while(Result::ok);
        assert!(
            lines.any(|line| line.contains(word)),
            "it never said {word}"
        );
        child.kill().unwrap();
        child.wait().unwrap();
    }

    fn say(word: &str) {
        println!("\n{word}");
        io::stdout().flush().unwrap();
    }

    fn wait_to_be_killed() -> ! {
        loop {
            std::thread::sleep(std::time::Duration::from_secs(1));
        }
    }

    #[test]
    fn folders_are_exchanged_or_moved_in_two_steps() {
        for two_steps in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let target = folder.path().join("out");
            for text in ["old", "new"] {
                let unfinished = Unfinished::beside(&target).unwrap();
                make(&unfinished.path(), text);
                match two_steps && target.exists() {
                    true => unfinished.put_in_two_steps(|| {}).unwrap(),
                    false => unfinished.put().unwrap(),
                }
                assert_eq!(read(&target).unwrap(), text);
                assert_eq!(names(folder.path()), ["out"]);
            }
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn there_is_no_moment_without_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        make(&target, "0");
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            let looking = scope.spawn(|| {
                let mut looks = 0_u32;
                while !done.load(std::sync::atomic::Ordering::SeqCst) {
                    assert!(target.is_dir(), "it was gone after {looks} looks");
                    looks += 1;
                }
                looks
            });
            for round in 1..=200 {
                let unfinished = Unfinished::beside(&target).unwrap();
                make(&unfinished.path(), &round.to_string());
                unfinished.put().unwrap();
            }
            done.store(true, std::sync::atomic::Ordering::SeqCst);
            assert!(looking.join().unwrap() > 0);
        });
        assert_eq!(read(&target).unwrap(), "200");
    }

    #[test]
    #[ignore = "it is killed by the next test"]
    fn is_killed_between_the_steps() {
        let unfinished = Unfinished::beside("out".as_ref()).unwrap();
        make(&unfinished.path(), "new");
        let between = || {
            say("between");
            wait_to_be_killed();
        };
        unfinished.put_in_two_steps(between).unwrap();
    }

    #[test]
    fn killed_between_two_steps_the_old_one_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        let kill = || {
            make(&target, "old");
            let child = start(
                "unfinished::tests::is_killed_between_the_steps",
                folder.path(),
            );
            kill_at(child, "between");
            assert!(!target.exists());
        };
        kill();
        sweep(folder.path());
        assert_eq!(read(&target).unwrap(), "old");
        assert_eq!(names(folder.path()), ["out"]);

        // Somebody else was quicker. Neither is lost.
        kill();
        make(&target, "another's");
        for _ in 0..2 {
            sweep(folder.path());
            assert_eq!(read(&target).unwrap(), "another's");
            let room = names(folder.path()).pop().unwrap();
            let old = folder.path().join(room).join("old/out");
            assert_eq!(read(&old).unwrap(), "old");
        }
    }

    #[test]
    #[ignore = "it is killed by the next test"]
    fn replaces_a_folder_until_it_is_killed() {
        for round in 0_u32.. {
            let unfinished = Unfinished::beside("out".as_ref()).unwrap();
            make(&unfinished.path(), &round.to_string());
            unfinished.put().unwrap();
            if round == 3 {
                say("replacing");
            }
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn killed_at_any_moment_there_is_a_whole_folder() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        let test = "unfinished::tests::replaces_a_folder_until_it_is_killed";
        for kill in 0..25_u64 {
            let mut child = start(test, folder.path());
            let said = BufReader::new(child.stdout.take().unwrap());
            let mut lines = said.lines().map_while(Result::ok);
            assert!(lines.any(|line| line.contains("replacing")));
            std::thread::sleep(std::time::Duration::from_micros(kill * 137));
            child.kill().unwrap();
            child.wait().unwrap();
            assert!(read(&target).is_some(), "half a folder after {kill} kills");
        }
        sweep(folder.path());
        assert_eq!(names(folder.path()), ["out"]);
    }

    #[test]
    #[ignore = "it is killed by the next test"]
    fn is_killed_while_it_makes_something() {
        let unfinished = Unfinished::beside("out.zip".as_ref()).unwrap();
        fs::write(unfinished.path(), "half").unwrap();
        say("making");
        wait_to_be_killed();
    }

    #[test]
    fn what_a_killed_run_left_goes_and_what_a_living_one_makes_stays() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for other in ["mine.partial", "lock", "notes.uncanny.partial.txt"] {
            fs::write(at(other), "not ours").unwrap();
        }
        fs::write(at("a file.uncanny.partial"), "no folder").unwrap();
        make(&at("theirs.uncanny.partial"), "no lock in it");
        let others = names(folder.path());
        let test = "unfinished::tests::is_killed_while_it_makes_something";
        let mut living = start(test, folder.path());
        let said = BufReader::new(living.stdout.take().unwrap());
        assert!(
            said.lines()
                .map_while(Result::ok)
                .any(|line| line.contains("making"))
        );
        let with_living = names(folder.path());
        assert_eq!(with_living.len(), others.len() + 1);
        kill_at(start(test, folder.path()), "making");
        // Killed before it locked its room.
        fs::create_dir(at("early.123456.uncanny.partial")).unwrap();
        assert_eq!(names(folder.path()).len(), others.len() + 3);
        let unfinished = Unfinished::beside(&at("out.zip")).unwrap();
        fs::write(unfinished.path(), "whole").unwrap();
        sweep(folder.path());
        assert!(unfinished.path().exists(), "our own");
        unfinished.put().unwrap();
        let mut expected = with_living;
        expected.push("out.zip".to_owned());
        expected.sort();
        assert_eq!(names(folder.path()), expected);
        living.kill().unwrap();
        living.wait().unwrap();
        sweep(folder.path());
        let mut expected = others;
        expected.push("out.zip".to_owned());
        expected.sort();
        assert_eq!(names(folder.path()), expected);
    }

    #[test]
    fn a_file_replaces_a_file_and_no_folder() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.png");
        for text in ["one", "two"] {
            let unfinished = Unfinished::beside(&target).unwrap();
            fs::write(unfinished.path(), text).unwrap();
            unfinished.put().unwrap();
            assert_eq!(fs::read_to_string(&target).unwrap(), text);
        }
        let full = folder.path().join("full");
        make(&full, "theirs");
        let unfinished = Unfinished::beside(&full).unwrap();
        fs::write(unfinished.path(), "a file").unwrap();
        assert!(unfinished.put().is_err());
        assert_eq!(read(&full).unwrap(), "theirs");
        let unfinished = Unfinished::beside(&target).unwrap();
        make(&unfinished.path(), "a folder");
        assert!(unfinished.put().is_err());
        assert_eq!(fs::read_to_string(&target).unwrap(), "two");
        drop(Unfinished::beside(&full).unwrap());
        assert_eq!(names(folder.path()), ["a.png", "full"]);
        assert!(Unfinished::beside(&folder.path().join("no/such/folder")).is_err());
    }
}
