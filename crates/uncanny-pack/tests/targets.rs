//! Where outputs go: complete or not at all, never over an input, never over something that is no pack.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails where it unwraps nothing, and says what it skips"
)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use uncanny_pack::{Entry, Error, Pack, PackFormat, PackLimits, PackWriter, check_target};

const FORMATS: [PackFormat; 2] = [PackFormat::Zip, PackFormat::Folder];

/// Bytes that do not compress.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 11) as u8
    };
    (0..count).map(|_| next()).collect()
}

fn entry(name: &str) -> Entry {
    Entry {
        name: name.to_owned(),
        directory: name.ends_with('/'),
        size: 0,
    }
}

fn write(target: &Path, format: PackFormat, force: bool, text: &str) -> Result<(), Error> {
    let mut writer = PackWriter::create(target, format, force)?;
    writer.put(&entry("pack.mcmeta"), br#"{"pack": {"pack_format": 15}}"#)?;
    writer.put(&entry("assets/text.txt"), text.as_bytes())?;
    writer.finish()
}

fn text(target: &Path) -> Vec<u8> {
    let pack = Pack::open(target, &PackLimits::default()).unwrap();
    pack.read(pack.find("assets/text.txt").unwrap()).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn an_output_appears_when_it_is_complete_and_not_before() {
    for format in FORMATS {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        let mut writer = PackWriter::create(&target, format, false).unwrap();
        writer.put(&entry("assets/text.txt"), b"1").unwrap();
        let unfinished = names(folder.path());
        assert_eq!(unfinished.len(), 1);
        assert!(
            unfinished[0].starts_with("out.") && unfinished[0].ends_with(".partial"),
            "{unfinished:?}"
        );
        writer.finish().unwrap();
        assert_eq!(names(folder.path()), ["out"]);
        assert_eq!(text(&target), b"1");
    }
}

#[test]
fn dropped_halfway_nothing_is_left_and_the_old_output_stays() {
    for format in FORMATS {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        drop(PackWriter::create(&target, format, false).unwrap());
        assert!(names(folder.path()).is_empty());
        write(&target, format, false, "old").unwrap();
        let mut writer = PackWriter::create(&target, format, true).unwrap();
        writer.put(&entry("assets/text.txt"), b"new").unwrap();
        drop(writer);
        assert_eq!(names(folder.path()), ["out"]);
        assert_eq!(text(&target), b"old");
    }
}

#[test]
fn what_exists_is_replaced_by_force_alone() {
    for format in FORMATS {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        write(&target, format, false, "old").unwrap();
        let message = write(&target, format, false, "new")
            .unwrap_err()
            .to_string();
        assert!(message.contains("out exists; use --force"), "{message}");
        assert_eq!(text(&target), b"old");
        write(&target, format, true, "new").unwrap();
        assert_eq!(text(&target), b"new");
        assert_eq!(names(folder.path()), ["out"]);
        // Neither does one that appears in the meantime lose its life.
        let late = folder.path().join("late");
        let writer = PackWriter::create(&late, format, false).unwrap();
        fs::write(&late, "someone else's").unwrap();
        assert!(matches!(writer.finish(), Err(Error::Exists { .. })));
        assert_eq!(fs::read(&late).unwrap(), b"someone else's");
        assert_eq!(names(folder.path()), ["late", "out"]);
    }
}

#[test]
fn a_folder_that_is_no_pack_is_not_replaced_even_by_force() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    fs::create_dir(&home).unwrap();
    // An empty one is no loss.
    write(&home, PackFormat::Folder, true, "1").unwrap();
    fs::remove_dir_all(&home).unwrap();
    fs::create_dir_all(home.join("letters")).unwrap();
    fs::write(home.join("diary.txt"), "dear diary").unwrap();
    for (format, reason) in [
        (PackFormat::Folder, "other things than a resource pack"),
        (PackFormat::Zip, "it is a folder"),
    ] {
        let message = write(&home, format, true, "1").unwrap_err().to_string();
        assert!(
            message.contains("will not be replaced") && message.contains(reason),
            "{message}"
        );
    }
    let message = write(&home.join("diary.txt"), PackFormat::Folder, true, "1")
        .unwrap_err()
        .to_string();
    assert!(message.contains("it is a file"), "{message}");
    assert_eq!(names(&home), ["diary.txt", "letters"]);
    // The folder of a project, which has its own assets.
    fs::create_dir_all(home.join("assets/minecraft")).unwrap();
    let message = write(&home, PackFormat::Folder, true, "1")
        .unwrap_err()
        .to_string();
    assert!(message.contains("will not be replaced"), "{message}");
    assert_eq!(names(&home), ["assets", "diary.txt", "letters"]);
    for target in ["..", "/", "."] {
        assert!(
            write(target.as_ref(), PackFormat::Folder, true, "1").is_err(),
            "{target}"
        );
    }
    let message = write(
        &folder.path().join("no/such/out"),
        PackFormat::Zip,
        false,
        "1",
    )
    .unwrap_err()
    .to_string();
    assert!(
        message.contains("there is no folder") && message.contains("create it first"),
        "{message}"
    );
}

#[test]
fn an_output_keeps_apart_from_every_input_however_it_is_spelt() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write(&at("in.zip"), PackFormat::Zip, false, "1").unwrap();
    write(&at("in"), PackFormat::Folder, false, "1").unwrap();
    write(&at("other"), PackFormat::Folder, false, "1").unwrap();
    fs::create_dir_all(at("around/sub")).unwrap();
    write(&at("around/pack.zip"), PackFormat::Zip, false, "1").unwrap();
    let mut cases: Vec<(PathBuf, PathBuf, Option<&str>)> = vec![
        (at("in.zip"), at("in.zip"), Some("is")),
        (at("in.zip"), at("around/sub/../../in.zip"), Some("is")),
        (at("around/../in"), at("in/"), Some("is")),
        (at("in"), at("in/out"), Some("lies inside")),
        (at("in"), at("in/assets/out.zip"), Some("lies inside")),
        (at("around/pack.zip"), at("around"), Some("contains")),
        (at("in"), at("in-8x"), None),
        (at("in"), at("other/out.zip"), None),
        (at("in.zip"), at("in.zip.out"), None),
    ];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(at("in.zip"), at("link.zip")).unwrap();
        std::os::unix::fs::symlink(at("in"), at("link")).unwrap();
        cases.push((at("in.zip"), at("link.zip"), Some("is")));
        cases.push((at("link.zip"), at("in.zip"), Some("is")));
        cases.push((at("in"), at("link/out"), Some("lies inside")));
        cases.push((at("link"), at("in/out.zip"), Some("lies inside")));
    }
    for (input, target, relation) in cases {
        for force in [false, true] {
            let result = check_target(&target, &[&at("other"), &input], force);
            match (relation, result) {
                (Some(expected), Err(error @ Error::Overlap { relation, .. })) => {
                    assert_eq!(relation, expected, "{target:?}");
                    let message = error.to_string();
                    assert!(
                        message.contains("the output") && message.contains("a place apart"),
                        "{message}"
                    );
                }
                (None, Ok(())) => {}
                (
                    None,
                    Err(Error::Overlap {
                        relation: "lies inside",
                        ..
                    }),
                ) if target.starts_with(at("other")) => {}
                (_, result) => panic!("{input:?} to {target:?}: {result:?}"),
            }
        }
    }
}

#[test]
fn unsafe_and_repeated_names_are_refused_and_the_rest_goes_on() {
    for format in FORMATS {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a");
        let mut writer = PackWriter::create(&target, format, false).unwrap();
        for name in ["../evil", "/evil", "C:\\evil", "a/../../evil", "a\0b", ""] {
            let error = writer.put(&entry(name), b"evil").unwrap_err();
            assert!(matches!(error, Error::UnsafeName { .. }), "{error}");
        }
        let liar = Entry {
            directory: true,
            ..entry("file")
        };
        assert!(matches!(
            writer.put(&liar, b""),
            Err(Error::UnsafeName { .. })
        ));
        writer.put(&entry("assets/text.txt"), b"1").unwrap();
        assert!(matches!(
            writer.put(&entry("assets/text.txt"), b"2"),
            Err(Error::DuplicateName { .. })
        ));
        writer.put(&entry("empty/"), b"").unwrap();
        writer.finish().unwrap();
        assert_eq!(names(folder.path()), ["a"]);
        assert_eq!(text(&target), b"1");
        assert!(
            Pack::open(&target, &PackLimits::default())
                .unwrap()
                .find("empty/")
                .is_some()
        );
    }
}

#[cfg(unix)]
#[test]
fn an_output_is_as_readable_as_any_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    fs::write(folder.path().join("file"), "").unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    for (format, like) in [(PackFormat::Zip, "file"), (PackFormat::Folder, "folder")] {
        let target = folder.path().join(format!("out-{like}"));
        write(&target, format, false, "1").unwrap();
        assert_eq!(mode(&target), mode(&folder.path().join(like)));
    }
}

#[cfg(target_os = "linux")]
struct Mounted<'a>(&'a Path);

#[cfg(target_os = "linux")]
impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

/// Needs a small disk of its own, which only root can mount.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"])
        .arg(disk)
        .output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: cannot mount a small disk here");
        return;
    }
    let _mounted = Mounted(disk);
    for format in FORMATS {
        let mut writer = PackWriter::create(&disk.join("out"), format, false).unwrap();
        let noise = noise(100_000);
        let mut first = None;
        for index in 0..20 {
            let result = writer.put(&entry(&format!("assets/{index}")), &noise);
            first = first.or(result.err());
        }
        let first = first.unwrap().to_string();
        let last = writer.finish().unwrap_err().to_string();
        let left = names(disk);
        assert!(
            first.starts_with("no space left for ") && first.contains("/out;"),
            "{first}"
        );
        assert!(first.contains("free some"), "{first}");
        assert!(last.contains("cannot write"), "{last}");
        assert!(left.is_empty(), "{left:?}");
    }
}

/// A process killed while it writes leaves what is unfinished, by a name that says so, and no output.
#[test]
fn killed_it_leaves_no_output() {
    if let Some(target) = std::env::var_os("WRITE_FOR_EVER") {
        let mut writer = PackWriter::create(Path::new(&target), PackFormat::Zip, false).unwrap();
        for index in 0.. {
            writer
                .put(&entry(&format!("assets/{index}")), &[0; 5000])
                .unwrap();
            if index == 100 {
                println!("writing");
                std::io::stdout().flush().unwrap();
            }
            std::thread::yield_now();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed_it_leaves_no_output", "--nocapture"])
        .env("WRITE_FOR_EVER", folder.path().join("out.zip"))
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let output = std::io::BufReader::new(child.stdout.take().unwrap());
    assert!(std::io::BufRead::lines(output).any(|line| line.unwrap().contains("writing")));
    child.kill().unwrap();
    child.wait().unwrap();
    let left = names(folder.path());
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(
        left[0].starts_with("out.zip.") && left[0].ends_with(".partial"),
        "{left:?}"
    );
    // And is in nobody's way: the next one sweeps it.
    write(&folder.path().join("out.zip"), PackFormat::Zip, false, "1").unwrap();
    assert_eq!(names(folder.path()), ["out.zip"]);
}
