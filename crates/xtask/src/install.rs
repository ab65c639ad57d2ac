//! Puts libtorch into a folder: downloads wheels, verifies them, unpacks what is needed.
//!
//! Interrupted at any point, by kill -9 too, it goes on at the next run: work happens in
//! `DIR.partial` beside the target, whole wheels there are used again once their hash is checked,
//! everything else is thrown away, and the finished folder appears by one rename.
//! `DIR.lock` keeps a second run waiting; the system releases it with our process.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::python::{BROKEN_WHEEL, NO_SPACE, Python};
use crate::wheels::{Part, Platform, VERSION, Wheel};

/// torch-sys reads this file to check the version. It is written last: where it is, all is.
const MARK: &str = "build-version";
/// One file from deep inside `include/`, to know that the headers are there.
const HEADER: &str = "include/torch/csrc/api/include/torch/torch.h";
const ATTEMPTS: usize = 3;

/// Whether `dir` holds the whole of `parts`.
pub(crate) fn is_complete(dir: &Path, parts: &[Part]) -> bool {
    let mark = fs::read_to_string(dir.join(MARK));
    let files = || {
        parts
            .iter()
            .flat_map(|part| &part.keep)
            .filter(|kept| !kept.is_folder())
    };
    mark.is_ok_and(|mark| mark.trim() == VERSION)
        && dir.join(HEADER).is_file()
        && files().all(|kept| {
            let file = fs::metadata(dir.join(kept.target()));
            file.is_ok_and(|file| file.len() == kept.bytes)
        })
}

/// Makes sure that `dir` holds libtorch for `platform`. Says nothing if it does already;
/// returns whether anything was installed.
pub(crate) fn install(dir: &Path, platform: Platform, cuda: bool, force: bool) -> Result<bool> {
    let parts = platform.set(cuda);
    if !force && is_complete(dir, &parts) {
        return Ok(false);
    }
    // A link to a folder on a bigger disk stays a link.
    let dir = &fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    let folders = Folders::beside(dir)?;
    let _lock = lock(&beside(dir, "lock")?, dir)?;
    folders.adopt(dir, &parts);
    if !force && is_complete(dir, &parts) {
        return Ok(false);
    }
    refuse_foreign(dir)?;
    folders.start()?;
    let python = Python::find(&folders.work)?;
    announce(dir, platform, cuda, &parts);
    check_space(&python, &folders, &parts)?;
    for (index, part) in parts.iter().enumerate() {
        let place = format!("[{}/{}]", index + 1, parts.len());
        fetch(&python, &folders, part.wheel, &place)?;
    }
    unpack(&python, &folders, &parts)?;
    swap_in(dir, &folders)?;
    eprintln!("libtorch {VERSION} is ready in {}", dir.display());
    Ok(true)
}

/// Where an installation works until it is done.
struct Folders {
    work: PathBuf,
    /// Whole wheels under their own names, kept over interruptions.
    wheels: PathBuf,
    /// pip's own, where it keeps what is not yet whole.
    pip: PathBuf,
    tree: PathBuf,
    old: PathBuf,
}

impl Folders {
    fn beside(dir: &Path) -> Result<Folders> {
        let work = beside(dir, "partial")?;
        Ok(Folders {
            wheels: work.join("wheels"),
            pip: work.join("pip"),
            tree: work.join("tree"),
            old: work.join("old"),
            work,
        })
    }

    /// Empties everything but the wheels.
    fn start(&self) -> Result<()> {
        for folder in [&self.pip, &self.tree, &self.old] {
            remove(folder)?;
        }
        for folder in [&self.wheels, &self.pip, &self.tree] {
            make(folder)?;
        }
        Ok(())
    }

    /// Takes over a tree that was finished, but whose last rename did not come to pass.
    fn adopt(&self, dir: &Path, parts: &[Part]) {
        if !dir.exists() && is_complete(&self.tree, parts) && fs::rename(&self.tree, dir).is_ok() {
            // What remains is only in the way of nobody: the next installation clears it.
            let _ = fs::remove_dir_all(&self.work);
        }
    }
}

/// `DIR.what`
fn beside(dir: &Path, what: &str) -> Result<PathBuf> {
    let Some(name) = dir.file_name() else {
        let what = format!("{} is no place for libtorch", dir.display());
        return Err(Failure::new(what, "name a folder of its own"));
    };
    let mut name = OsString::from(name);
    name.push(".");
    name.push(what);
    Ok(dir.with_file_name(name))
}

fn make(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|error| Failure::io("create", folder, &error))
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Failure::io("remove", folder, &error))
        }
        _ => Ok(()),
    }
}

fn lock(path: &Path, dir: &Path) -> Result<File> {
    let failed = |error| Failure::io("lock", path, &error);
    if let Some(parent) = path.parent() {
        make(parent)?;
    }
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path);
    let file = file.map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            eprintln!(
                "waiting for another process that is fetching libtorch into {}",
                dir.display()
            );
            file.lock().map_err(failed)?;
        }
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    Ok(file)
}

/// Never replaces a folder that libtorch was not in.
fn refuse_foreign(dir: &Path) -> Result<()> {
    let Ok(mut entries) = fs::read_dir(dir) else {
        return Ok(());
    };
    if entries.next().is_none() || dir.join(MARK).exists() {
        return Ok(());
    }
    Err(Failure::new(
        format!("{} has other things in it", dir.display()),
        "name a folder that is empty or not there yet, or remove this one",
    ))
}

fn announce(dir: &Path, platform: Platform, cuda: bool, parts: &[Part]) {
    let wheels: u64 = parts.iter().map(|part| part.wheel.bytes).sum();
    eprintln!(
        "fetching libtorch {VERSION} ({}, {}) from PyPI with pip: {} to download{}",
        platform.name(),
        if cuda { "CPU and CUDA" } else { "CPU" },
        megabytes(wheels),
        if parts.len() == 1 {
            String::new()
        } else {
            format!(" in {} wheels", parts.len())
        },
    );
    eprintln!(
        "  into {}, where it takes {}; it can be interrupted and goes on at the next run",
        dir.display(),
        megabytes(unpacked(parts)),
    );
}

fn unpacked(parts: &[Part]) -> u64 {
    let kept = parts.iter().flat_map(|part| &part.keep);
    kept.map(|kept| kept.bytes).sum()
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1_000_000))
}

fn check_space(python: &Python, folders: &Folders, parts: &[Part]) -> Result<()> {
    let missing = parts.iter().map(|part| {
        let have = fs::metadata(folders.wheels.join(part.wheel.file));
        have.map_or(part.wheel.bytes, |have| {
            part.wheel.bytes.saturating_sub(have.len())
        })
    });
    // Small files take whole blocks: ten thousand headers, 4 KiB each.
    let needed = missing.sum::<u64>() + unpacked(parts) + 40_000_000;
    let ended = python.run(&["space", &folders.work.to_string_lossy()], &[], false)?;
    match ended.stdout.parse::<u64>() {
        Ok(free) if free < needed => Err(Failure::new(
            format!(
                "not enough room in {}: {} needed, {} free",
                folders.work.display(),
                megabytes(needed),
                megabytes(free)
            ),
            "make room, or set UNCANNY_LIBTORCH to a folder on another disk",
        )),
        // Cannot tell: try.
        _ => Ok(()),
    }
}

/// Ends with the wheel, whole and verified, in `folders.wheels`.
fn fetch(python: &Python, folders: &Folders, wheel: &Wheel, place: &str) -> Result<()> {
    let Wheel { name, version, .. } = wheel;
    let kept = folders.wheels.join(wheel.file);
    if kept.is_file() {
        if verify(python, &kept, wheel)? {
            eprintln!("{place} {name} {version}: downloaded before, hash verified");
            return Ok(());
        }
        eprintln!("{place} {name} {version}: an earlier download is not whole, again");
        fs::remove_file(&kept).map_err(|error| Failure::io("remove", &kept, &error))?;
    }
    eprintln!("{place} {name} {version}, {}", megabytes(wheel.bytes));
    let fresh = folders.pip.join(wheel.file);
    for attempt in 1..=ATTEMPTS {
        match download(python, folders, wheel)? {
            Ok(()) => break,
            Err(Trouble::Network) if attempt < ATTEMPTS => {
                eprintln!("{place} {name}: the connection failed, trying again");
            }
            Err(trouble) => return Err(trouble.explain(folders, wheel)),
        }
    }
    // pip has verified it before it copied it here: this is about the copy.
    if !fresh.is_file() || !verify(python, &fresh, wheel)? {
        return Err(Trouble::Hash.explain(folders, wheel));
    }
    fs::rename(&fresh, &kept).map_err(|error| Failure::io("rename", &fresh, &error))
}

fn verify(python: &Python, file: &Path, wheel: &Wheel) -> Result<bool> {
    let size = fs::metadata(file).map(|data| data.len());
    if size.is_ok_and(|size| size != wheel.bytes) {
        return Ok(false);
    }
    let ended = python.run(&["sha256", &file.to_string_lossy()], &[], false)?;
    Ok(ended.stdout == wheel.sha256)
}

/// One run of pip, for exactly this file, whatever Python and machine it runs on.
fn download(
    python: &Python,
    folders: &Folders,
    wheel: &Wheel,
) -> Result<std::result::Result<(), Trouble>> {
    let requirements = folders.work.join("requirements.txt");
    let line = format!(
        "{}=={} --hash=sha256:{}\n",
        wheel.name, wheel.version, wheel.sha256
    );
    fs::write(&requirements, line).map_err(|error| Failure::io("write", &requirements, &error))?;
    let (python_tag, abi, platform) = wheel.tags();
    let version = if python_tag == "py3" {
        "312"
    } else {
        python_tag.trim_start_matches("cp")
    };
    let (requirements, target) = (
        requirements.to_string_lossy(),
        folders.pip.to_string_lossy(),
    );
    let mut args = vec![
        "pip",
        "download",
        "--no-input",
        "--no-cache-dir",
        "--no-deps",
    ];
    args.extend([
        "--require-hashes",
        "--only-binary=:all:",
        "--implementation",
        "cp",
    ]);
    args.extend(["--python-version", version, "--platform", platform]);
    args.extend(["--abi", if abi == "none" { "cp312" } else { abi }]);
    args.extend(["-d", &target, "-r", &requirements]);
    if !io::stderr().is_terminal() {
        args.push("--quiet");
    }
    // Half a gigabyte may not fit into /tmp, and would stay there after kill -9.
    let temporary = ["TMPDIR", "TEMP", "TMP"].map(|name| (name, folders.pip.as_path()));
    let ended = python.run(&args, &temporary, true)?;
    Ok(if ended.code == Some(0) {
        Ok(())
    } else {
        Err(Trouble::of(&ended.stderr))
    })
}

/// Why pip failed. It says so in words only.
#[derive(Debug, PartialEq)]
enum Trouble {
    Network,
    NotFound,
    Hash,
    Space,
    Other,
}

impl Trouble {
    fn of(stderr: &str) -> Trouble {
        let has = |words: &[&str]| words.iter().any(|word| stderr.contains(word));
        if has(&["DO NOT MATCH THE HASHES", "HashMismatch"]) {
            Trouble::Hash
        } else if has(&["No space left on device", "Errno 28", "not enough space"]) {
            Trouble::Space
        } else if has(&[
            "NewConnectionError",
            "Retrying (Retry",
            "Connection",
            "timed out",
            "Temporary failure in name resolution",
            "SSLError",
            "ProxyError",
            "IncompleteRead",
            "ProtocolError",
        ]) {
            Trouble::Network
        } else if has(&["No matching distribution found"]) {
            Trouble::NotFound
        } else {
            Trouble::Other
        }
    }

    fn explain(&self, folders: &Folders, wheel: &Wheel) -> Failure {
        let name = format!("{} {}", wheel.name, wheel.version);
        let own = "or set LIBTORCH to a libtorch of your own";
        match self {
            Trouble::Network => Failure::new(
                format!("no connection to the package index for {name}"),
                format!(
                    "check the network (pip heeds HTTPS_PROXY and its own configuration) and run the same command again: what is whole is kept; {own}"
                ),
            ),
            Trouble::NotFound => Failure::new(
                format!("the package index has no {name} ({})", wheel.file),
                format!(
                    "is the network there? An index of your own (`pip config list`) must carry PyPI's wheels; run the same command again, {own}"
                ),
            ),
            Trouble::Hash => Failure::new(
                format!(
                    "{name} is not the file we know: its sha256 is not {}",
                    wheel.sha256
                ),
                "nothing was installed. Run the same command again; if it stays so, a proxy or an index of yours changes files",
            ),
            Trouble::Space => Failure::new(
                format!("the disk is full: {}", folders.work.display()),
                "make room and run the same command again, or set UNCANNY_LIBTORCH to a folder on another disk",
            ),
            Trouble::Other => Failure::new(
                format!("pip could not download {name}"),
                format!(
                    "its message is above; run the same command again when that is mended, {own}"
                ),
            ),
        }
    }
}

fn unpack(python: &Python, folders: &Folders, parts: &[Part]) -> Result<()> {
    let mut lines = String::new();
    for part in parts {
        let wheel = folders.wheels.join(part.wheel.file);
        lines.push_str(&format!("wheel\t{}\n", wheel.display()));
        for kept in &part.keep {
            lines.push_str(&format!("keep\t{}\t{}\n", kept.path, kept.target()));
        }
    }
    let plan = folders.work.join("plan.txt");
    fs::write(&plan, lines).map_err(|error| Failure::io("write", &plan, &error))?;
    let (plan, tree) = (plan.to_string_lossy(), folders.tree.to_string_lossy());
    let ended = python.run(&["unpack", &plan, &tree], &[], false)?;
    match ended.code {
        Some(0) => {}
        Some(NO_SPACE) => return Err(Trouble::Space.explain(folders, parts[0].wheel)),
        Some(BROKEN_WHEEL) => {
            let help = format!(
                "remove {} and run the same command again",
                folders.work.display()
            );
            return Err(Failure::new("a wheel is not as expected (above)", help));
        }
        _ => {
            return Err(Failure::new(
                "could not unpack libtorch (above)",
                "run the same command again",
            ));
        }
    }
    let mark = folders.tree.join(MARK);
    fs::write(&mark, format!("{VERSION}\n"))
        .map_err(|error| Failure::io("write", &mark, &error))?;
    if is_complete(&folders.tree, parts) {
        return Ok(());
    }
    let what = format!("{} lacks files after unpacking", folders.tree.display());
    Err(Failure::new(
        what,
        "is the disk full? run the same command again",
    ))
}

/// Puts the finished tree in place, then clears the rest away.
fn swap_in(dir: &Path, folders: &Folders) -> Result<()> {
    if dir.exists() {
        fs::rename(dir, &folders.old).map_err(|error| Failure::io("replace", dir, &error))?;
    }
    fs::rename(&folders.tree, dir).map_err(|error| Failure::io("rename to", dir, &error))?;
    // Not worth failing for: everything is in its place.
    let _ = fs::remove_dir_all(&folders.work);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_beside_the_target() {
        let path = beside(Path::new("/a/.libtorch"), "partial").unwrap();
        assert_eq!(path, Path::new("/a/.libtorch.partial"));
        assert!(beside(Path::new("/"), "partial").is_err());
    }

    #[test]
    fn pips_words_become_advice() {
        let words = [
            (
                "WARNING: Retrying (Retry(total=4...)) after connection broken by 'NewConnectionError'\nERROR: No matching distribution found for torch==2.11.0",
                Trouble::Network,
            ),
            (
                "ERROR: No matching distribution found for torch==2.11.0",
                Trouble::NotFound,
            ),
            (
                "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
                Trouble::Hash,
            ),
            (
                "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
                Trouble::Space,
            ),
            ("Traceback", Trouble::Other),
        ];
        for (said, trouble) in words {
            assert_eq!(Trouble::of(said), trouble, "{said}");
        }
    }

    #[test]
    fn a_folder_is_complete_with_its_mark_and_files_of_the_right_size() {
        let dir = scratch("complete");
        let parts = Platform::WindowsX64.set(false);
        assert!(!is_complete(&dir, &parts));
        for kept in parts.iter().flat_map(|part| &part.keep) {
            let path = dir.join(kept.target());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            if kept.is_folder() {
                fs::create_dir_all(path).unwrap();
            } else {
                // Sparse: takes no room.
                File::create(path).unwrap().set_len(kept.bytes).unwrap();
            }
        }
        fs::create_dir_all(dir.join(HEADER).parent().unwrap()).unwrap();
        fs::write(dir.join(HEADER), "").unwrap();
        assert!(!is_complete(&dir, &parts), "no mark yet");
        fs::write(dir.join(MARK), "2.11.0\n").unwrap();
        assert!(is_complete(&dir, &parts));
        assert!(
            !is_complete(&dir, &Platform::LinuxX64.set(false)),
            "another platform's"
        );
        File::create(dir.join("lib/c10.dll")).unwrap();
        assert!(!is_complete(&dir, &parts), "a library cut short");
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_finished_tree_is_adopted_and_a_foreign_folder_refused() {
        let dir = scratch("adopt").join("libtorch");
        let folders = Folders::beside(&dir).unwrap();
        fs::create_dir_all(folders.tree.join(HEADER).parent().unwrap()).unwrap();
        fs::write(folders.tree.join(HEADER), "").unwrap();
        folders.adopt(&dir, &[]);
        assert!(!dir.exists(), "not finished: no mark");
        fs::write(folders.tree.join(MARK), VERSION).unwrap();
        folders.adopt(&dir, &[]);
        assert!(is_complete(&dir, &[]) && !folders.work.exists());

        refuse_foreign(&dir).unwrap();
        fs::remove_file(dir.join(MARK)).unwrap();
        let refused = refuse_foreign(&dir).unwrap_err();
        assert!(refused.what.contains("has other things in it"), "{refused}");
        fs::remove_dir_all(dir.parent().unwrap()).unwrap();
    }

    fn scratch(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("uncanny-xtask-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        dir
    }
}
