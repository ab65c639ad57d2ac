//! What is written is what is read: any names, any bytes, in the same order, by our reader and by another one.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps nothing")]

use std::collections::HashSet;
use std::fs;
use std::io::Read;
use std::path::Path;

use proptest::prelude::*;
use rayon::prelude::*;
use uncanny_pack::{Entry, Pack, PackFormat, PackLimits, PackWriter};

type Files = Vec<(String, Vec<u8>)>;

fn files() -> impl Strategy<Value = Files> {
    let part = prop_oneof!["[a-z0-9_.-]{1,12}", "[A-Z a-z]{1,5}", "[^/\\\\\u{0}]{1,6}"];
    let part = part.prop_filter("no parts that mean something", |part| {
        let end = part.rsplit_once('.').map_or("", |(_, end)| end);
        // Hidden files, backups and sources are left out on purpose.
        !(part.starts_with('.')
            || part.ends_with('~')
            || (2..=4).contains(&end.len())
            || part.contains(['/', '\\', '\0'])
            || part.as_bytes().get(1) == Some(&b':'))
    });
    let name = prop::collection::vec(part, 1..4).prop_map(|parts| parts.join("/"));
    let noise = prop::collection::vec(any::<u8>(), 0..3000);
    let text =
        (0_usize..200, "[ -~]{0,40}").prop_map(|(times, text)| text.repeat(times).into_bytes());
    let png = noise
        .clone()
        .prop_map(|noise| [b"\x89PNG\r\n\x1a\n".as_slice(), &noise].concat());
    prop::collection::vec((name, prop_oneof![noise, text, png]), 0..20).prop_map(|mut files| {
        // No name twice, and none that is also a folder.
        let mut names: HashSet<String> = ["assets/a".to_owned()].into();
        files.retain(|(name, _)| names.insert(name.to_lowercase()));
        files.retain(|(name, _)| {
            !names
                .iter()
                .any(|other| other.starts_with(&format!("{}/", name.to_lowercase())))
        });
        files.push(("assets/a".to_owned(), b"so that it is a pack".to_vec()));
        files
    })
}

fn write(target: &Path, format: PackFormat, files: &Files) {
    let mut writer = PackWriter::create(target, format, true).unwrap();
    for (name, bytes) in files {
        writer
            .put(
                &Entry {
                    name: name.clone(),
                    directory: false,
                    size: bytes.len() as u64,
                },
                bytes,
            )
            .unwrap();
    }
    writer.finish().unwrap();
}

fn read(path: &Path) -> Files {
    let pack = Pack::open(path, &PackLimits::default()).unwrap();
    let files = (0..pack.entries().len()).into_par_iter().map(|index| {
        let entry = &pack.entries()[index];
        let bytes = pack.read(index).unwrap();
        assert_eq!(entry.size, bytes.len() as u64);
        (entry.name.clone(), bytes)
    });
    let files = files.collect();
    assert_eq!(pack.late_warnings(), []);
    files
}

fn copy(from: &Path, to: &Path, format: PackFormat) {
    let pack = Pack::open(from, &PackLimits::default()).unwrap();
    let mut writer = PackWriter::create(to, format, true).unwrap();
    for index in 0..pack.entries().len() {
        writer.copy(&pack, index).unwrap();
    }
    writer.finish().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn written_is_read(files in files()) {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        write(&at("a.zip"), PackFormat::Zip, &files);
        prop_assert_eq!(&read(&at("a.zip")), &files);
        write(&at("b.zip"), PackFormat::Zip, &files);
        prop_assert_eq!(fs::read(at("a.zip")).unwrap(), fs::read(at("b.zip")).unwrap());
        copy(&at("a.zip"), &at("c.zip"), PackFormat::Zip);
        prop_assert_eq!(fs::read(at("a.zip")).unwrap(), fs::read(at("c.zip")).unwrap());

        let mut other = zip::ZipArchive::new(fs::File::open(at("a.zip")).unwrap()).unwrap();
        prop_assert_eq!(other.len(), files.len());
        for (index, (name, bytes)) in files.iter().enumerate() {
            let mut file = other.by_index(index).unwrap();
            let stored_name = file.name().unwrap().into_owned();
            prop_assert_eq!(&stored_name, name);
            let mut found = Vec::new();
            file.read_to_end(&mut found).unwrap();
            prop_assert_eq!(&found, bytes);
        }

        // Windows cannot hold all of these names.
        if cfg!(unix) {
            copy(&at("a.zip"), &at("d"), PackFormat::Folder);
            let mut sorted = files;
            sorted.sort();
            prop_assert_eq!(&read(&at("d")), &sorted);
            copy(&at("d"), &at("e.zip"), PackFormat::Zip);
            prop_assert_eq!(&read(&at("e.zip")), &sorted);
        }
    }
}

#[test]
fn more_entries_than_a_plain_zip_can_count() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("many.zip");
    let files: Files = (0..66_000)
        .map(|index| (format!("assets/{index}"), Vec::new()))
        .collect();
    write(&target, PackFormat::Zip, &files);
    assert_eq!(read(&target).len(), 66_000);
    assert_eq!(
        zip::ZipArchive::new(fs::File::open(&target).unwrap())
            .unwrap()
            .len(),
        66_000
    );
}

#[test]
fn large_files_go_from_a_folder_to_a_zip_in_pieces() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("in");
    fs::create_dir_all(source.join("assets")).unwrap();
    let large: Vec<u8> = (0..17 << 20_u32)
        .map(|i: u32| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    fs::write(source.join("assets/large.bin"), &large).unwrap();
    // Larger than one may be in memory; copied all the same.
    let limits = PackLimits {
        max_entry_bytes: 1 << 20,
        ..PackLimits::default()
    };
    let pack = Pack::open(&source, &limits).unwrap();
    let message = pack.read(0).unwrap_err().to_string();
    assert!(
        message.contains("assets/large.bin") && message.contains("17825792 bytes"),
        "{message}"
    );
    let target = folder.path().join("out.zip");
    let mut writer = PackWriter::create(&target, PackFormat::Zip, false).unwrap();
    writer.copy(&pack, 0).unwrap();
    writer.finish().unwrap();
    assert!(read(&target) == [("assets/large.bin".to_owned(), large.clone())]);
    // And from there on, to either.
    let pack = Pack::open(&target, &limits).unwrap();
    assert!(pack.read(0).is_err());
    for (name, format) in [
        ("again.zip", PackFormat::Zip),
        ("again", PackFormat::Folder),
    ] {
        let target = folder.path().join(name);
        let mut writer = PackWriter::create(&target, format, false).unwrap();
        writer.copy(&pack, 0).unwrap();
        writer.finish().unwrap();
        assert!(read(&target) == [("assets/large.bin".to_owned(), large.clone())]);
    }
    assert_eq!(pack.late_warnings(), []);
}

#[test]
fn a_picture_is_stored_and_a_text_deflated() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = 1_u32;
    let noise: Vec<u8> = (0..4000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect();
    let files = vec![
        (
            "assets/a.png".to_owned(),
            [b"\x89PNG\r\n\x1a\n".as_slice(), &noise].concat(),
        ),
        ("assets/b.json".to_owned(), b"{\"a\": 1}\n".repeat(100)),
        // With a long comment in it, as some editors leave: worth deflating.
        (
            "assets/c.png".to_owned(),
            [b"\x89PNG\r\n\x1a\n".as_slice(), &[b' '; 4000]].concat(),
        ),
    ];
    let target = folder.path().join("out.zip");
    write(&target, PackFormat::Zip, &files);
    let mut other = zip::ZipArchive::new(fs::File::open(&target).unwrap()).unwrap();
    let methods: Vec<_> = (0..3)
        .map(|index| other.by_index(index).unwrap().compression())
        .collect();
    use zip::CompressionMethod::{Deflated, Stored};
    assert_eq!(methods, [Stored, Deflated, Deflated]);
}
