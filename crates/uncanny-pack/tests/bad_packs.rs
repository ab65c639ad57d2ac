//! Hostile and broken packs: each is refused with a message that helps, or read with a warning, and whatever is
//! sound in it comes through untouched.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails where it unwraps nothing, and says what it skips"
)]

use std::fs;
use std::path::Path;

use uncanny_pack::{Error, Pack, PackFormat, PackLimits, PackWriter};

#[path = "../../../tests/bad/packs.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared with other packages' tests"
)]
mod bad;

use bad::{GOOD, Outcome, RawEntry};

fn open(path: &Path) -> Result<Pack, Error> {
    Pack::open(path, &PackLimits::default())
}

/// Copies every entry that can be; the names of those that could not.
fn copy(pack: &Pack, target: &Path, format: PackFormat) -> Vec<String> {
    let mut writer = PackWriter::create(target, format, false).unwrap();
    let mut failed = Vec::new();
    for (index, entry) in pack.entries().iter().enumerate() {
        if let Err(error) = writer.copy(pack, index) {
            assert!(error.to_string().contains(&entry.name), "{error}");
            failed.push(entry.name.clone());
        }
    }
    writer.finish().unwrap();
    failed
}

fn all_files(folder: &Path) -> usize {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| if path.is_dir() { all_files(&path) } else { 1 })
        .sum()
}

#[test]
fn every_bad_zip_has_its_message_and_the_rest_is_untouched() {
    let mut seen = 0;
    for bad::BadZip {
        defect,
        bytes,
        outcome,
    } in bad::zips()
    {
        let around = tempfile::tempdir().unwrap();
        let folder = around.path().join("a/b");
        fs::create_dir_all(&folder).unwrap();
        let input = folder.join(format!("{defect}.zip"));
        fs::write(&input, &bytes).unwrap();
        let opened = open(&input);
        seen += 1;
        let (says, kept, dropped, lost): (&[&str], &[&str], &[&str], _) = match outcome {
            Outcome::Refused(says) => {
                let message = opened.expect_err(defect).to_string();
                assert!(
                    message.contains(&*input.to_string_lossy()),
                    "{defect}: {message}"
                );
                for text in says {
                    assert!(
                        message.contains(text),
                        "{defect}: no {text:?} in {message:?}"
                    );
                }
                continue;
            }
            Outcome::Warns {
                says,
                kept,
                dropped,
            } => (says, kept, dropped, None),
            Outcome::EntryFails { entry, says, lost } => {
                let pack = opened
                    .as_ref()
                    .unwrap_or_else(|error| panic!("{defect}: {error}"));
                let message = pack
                    .read(pack.find(entry).expect(defect))
                    .expect_err(defect)
                    .to_string();
                for text in says {
                    assert!(
                        message.contains(text),
                        "{defect}: no {text:?} in {message:?}"
                    );
                }
                (&[], &[], &[], Some((entry, lost)))
            }
        };
        let pack = opened.unwrap_or_else(|error| panic!("{defect}: {error}"));

        let zip = folder.join("out.zip");
        let failed = copy(&pack, &zip, PackFormat::Zip);
        let is_lost = lost.is_some_and(|(_, lost)| lost);
        assert_eq!(
            failed,
            lost.filter(|_| is_lost).map(|(entry, _)| entry).as_slice(),
            "{defect}"
        );
        let out = folder.join("out");
        let clash = pack
            .entries()
            .iter()
            .any(|entry| defect == "file-and-folder" && entry.name == "assets/a/b");
        let failed = copy(&pack, &out, PackFormat::Folder);
        let expected = if clash {
            Some("assets/a/b")
        } else {
            lost.map(|(entry, _)| entry)
        };
        assert_eq!(failed, expected.as_slice(), "{defect}");

        let messages: Vec<String> = pack
            .warnings()
            .iter()
            .chain(&pack.late_warnings())
            .map(ToString::to_string)
            .collect();
        for text in says {
            assert!(
                messages.iter().any(|message| message.contains(text)),
                "{defect}: no {text:?} in {messages:?}"
            );
        }
        assert!(
            !says.is_empty() || lost.is_some() || messages.is_empty(),
            "{defect}: {messages:?}"
        );
        if let Some((entry, false)) = lost {
            assert!(
                messages.iter().any(|message| message.contains(entry)),
                "{defect}: {messages:?}"
            );
        }
        assert_eq!(fs::read(out.join(GOOD.0)).unwrap(), GOOD.1, "{defect}");
        for (format, path) in [("zip", &zip), ("folder", &out)] {
            let again = open(path).unwrap_or_else(|error| panic!("{defect} as {format}: {error}"));
            assert_eq!(
                again.read(again.find(GOOD.0).unwrap()).unwrap(),
                GOOD.1,
                "{defect} as {format}"
            );
            for name in kept {
                assert!(
                    again.find(name).is_some() || clash,
                    "{defect} as {format}: {name} is gone"
                );
            }
            for name in dropped {
                assert!(
                    again.find(name).is_none(),
                    "{defect} as {format}: {name} is there"
                );
            }
            // What was false in the input is true in the output.
            assert_eq!(again.late_warnings(), [], "{defect} as {format}");
        }
        if defect == "duplicate" {
            assert_eq!(
                fs::read(out.join("assets/minecraft/x.txt")).unwrap(),
                b"the first"
            );
        }
        // Nothing was written beside the outputs.
        assert_eq!(all_files(around.path()), 2 + all_files(&out), "{defect}");
    }
    assert_eq!(seen, bad::ZIPS);
}

#[test]
fn limits_are_kept_by_what_truly_comes_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pack.zip");
    let noise: Vec<u8> = (0..5000_u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let entries: Vec<_> = (0..10)
        .map(|i| RawEntry {
            size: 1,
            ..RawEntry::deflated(format!("assets/{i}"), &noise)
        })
        .collect();
    fs::write(&path, bad::pack_with(&entries)).unwrap();

    let pack = Pack::open(
        &path,
        &PackLimits {
            max_entry_bytes: 4999,
            ..PackLimits::default()
        },
    )
    .unwrap();
    let message = pack.read(1).unwrap_err().to_string();
    assert!(
        message.contains("assets/0") && message.contains("more than 4999 bytes"),
        "{message}"
    );

    let limits = PackLimits {
        max_total_bytes: 30_000,
        ..PackLimits::default()
    };
    let pack = Pack::open(&path, &limits).unwrap();
    // An entry counts once, however often it is read.
    for _ in 0..20 {
        pack.read(1).unwrap();
    }
    let failed: Vec<_> = (0..12).filter(|&index| pack.read(index).is_err()).collect();
    assert_eq!(failed.first(), Some(&6), "{failed:?}");
    assert!(
        pack.read(7)
            .unwrap_err()
            .to_string()
            .contains("of the pack to more than 30000")
    );

    for max_entries in [11, 12] {
        let opened = Pack::open(
            &path,
            &PackLimits {
                max_entries,
                ..PackLimits::default()
            },
        );
        assert_eq!(opened.is_ok(), max_entries == 12);
        if let Err(error) = opened {
            assert!(error.to_string().contains("more than 11 files"), "{error}");
        }
    }
}

#[test]
fn a_path_that_is_not_there_is_named() {
    let message = open("no/such/pack.zip".as_ref()).unwrap_err().to_string();
    assert_eq!(message, "no such file or folder: no/such/pack.zip");
}

/// Every cut of a zip, and every byte of its end scribbled over: an error, never a panic.
#[test]
fn no_damage_makes_it_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pack.zip");
    let bytes = bad::pack_with(&[RawEntry::deflated("assets/x.txt", b"some data, some data")]);
    let mut tried = 0;
    let try_read = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        if let Ok(pack) = open(&path) {
            for index in 0..pack.entries().len() {
                let _ = pack.read(index);
            }
        }
    };
    for cut in 0..bytes.len() {
        try_read(&bytes[..cut]);
        try_read(&bytes[cut..]);
        for value in [0, 0xff, bytes[cut] ^ 0x80] {
            let mut scribbled = bytes.clone();
            scribbled[cut] = value;
            try_read(&scribbled);
        }
        tried += 5;
    }
    assert!(tried > 2000, "{tried}");
}

#[cfg(unix)]
mod folders {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use super::*;

    fn pack_folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("pack/assets/minecraft/texts")).unwrap();
        fs::write(folder.path().join("pack/pack.mcmeta"), bad::META).unwrap();
        fs::write(folder.path().join("pack").join(GOOD.0), GOOD.1).unwrap();
        folder
    }

    #[test]
    fn links_are_followed_inside_the_pack_alone() {
        let around = pack_folder();
        let root = around.path().join("pack");
        fs::write(around.path().join("secret.txt"), "secret").unwrap();
        symlink(
            around.path().join("secret.txt"),
            root.join("assets/out.txt"),
        )
        .unwrap();
        symlink("../../secret.txt", root.join("assets/climb.txt")).unwrap();
        symlink("nowhere", root.join("assets/dangling.txt")).unwrap();
        symlink("..", root.join("assets/loop")).unwrap();
        symlink("minecraft/texts/good.txt", root.join("assets/inside.txt")).unwrap();
        // The pack itself may be given by a link.
        let given = around.path().join("given");
        symlink(&root, &given).unwrap();
        let pack = open(&given).unwrap();
        let names: Vec<_> = pack
            .entries()
            .iter()
            .map(|entry| entry.name.as_str())
            .collect();
        assert_eq!(names, ["assets/inside.txt", GOOD.0, "pack.mcmeta"]);
        assert_eq!(pack.read(0).unwrap(), GOOD.1);
        let messages: Vec<_> = pack.warnings().iter().map(ToString::to_string).collect();
        for text in [
            "assets/out.txt was dropped: it leads out",
            "climb.txt",
            "dangling.txt was dropped: it leads nowhere",
            "loop",
        ] {
            assert!(
                messages.iter().any(|message| message.contains(text)),
                "{text}: {messages:?}"
            );
        }
        assert_eq!(messages.len(), 4);
    }

    #[test]
    fn pipes_and_names_no_zip_may_hold_are_dropped() {
        let around = pack_folder();
        let root = around.path().join("pack");
        let made = Command::new("mkfifo")
            .arg(root.join("assets/pipe.png"))
            .status();
        fs::write(root.join("assets/back\\slash.txt"), "1").unwrap();
        let pack = open(&root).unwrap();
        let messages: Vec<_> = pack.warnings().iter().map(ToString::to_string).collect();
        assert!(
            messages
                .iter()
                .any(|message| message.contains("back\\slash.txt was dropped")),
            "{messages:?}"
        );
        if made.is_ok_and(|status| status.success()) {
            assert!(
                messages
                    .iter()
                    .any(|message| message.contains("pipe.png was dropped: it is a pipe")),
                "{messages:?}"
            );
        }
        assert_eq!(pack.entries().len(), 2);
    }

    /// Root may read everything, so this runs itself again as nobody.
    #[test]
    fn what_may_not_be_read_is_named() {
        if let Some(root) = std::env::var_os("UNREADABLE_PACK") {
            let root = Path::new(&root);
            let message = open(&root.join("closed")).unwrap_err().to_string();
            assert!(
                message.starts_with("cannot read") && message.contains("closed/assets/shut"),
                "{message}"
            );
            let pack = open(&root.join("pack")).unwrap();
            let message = pack
                .read(pack.find("assets/shut.txt").unwrap())
                .unwrap_err()
                .to_string();
            assert!(
                message.starts_with("cannot read") && message.contains("pack/assets/shut.txt"),
                "{message}"
            );
            assert_eq!(pack.read(pack.find(GOOD.0).unwrap()).unwrap(), GOOD.1);
            return;
        }
        let around = pack_folder();
        let shut = fs::Permissions::from_mode(0o000);
        fs::set_permissions(around.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(around.path().join("pack/assets/shut.txt"), "1").unwrap();
        fs::set_permissions(around.path().join("pack/assets/shut.txt"), shut.clone()).unwrap();
        fs::create_dir_all(around.path().join("closed/assets/shut")).unwrap();
        fs::set_permissions(around.path().join("closed/assets/shut"), shut).unwrap();
        let mut again = Command::new(std::env::current_exe().unwrap());
        again
            .args([
                "--exact",
                "folders::what_may_not_be_read_is_named",
                "--nocapture",
            ])
            .env("UNREADABLE_PACK", around.path());
        let root = fs::metadata("/proc/self")
            .is_ok_and(|data| std::os::unix::fs::MetadataExt::uid(&data) == 0);
        if root {
            again.uid(65534);
        }
        let Ok(output) = again.output() else {
            eprintln!("skipped: cannot run as another user here");
            return;
        };
        fs::set_permissions(
            around.path().join("closed/assets/shut"),
            fs::Permissions::from_mode(0o755),
        )
        .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    }
}
