//! Real packs from beside the repository, where they are: every entry copied, to a zip and to a folder.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails where it unwraps nothing, and says what it skips"
)]

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use uncanny_pack::{Pack, PackFormat, PackLimits, PackWriter};

/// Name, entries but for those that are left out, PNGs.
const PACKS: [(&str, usize, usize); 4] = [
    ("PixelPerfectionCE", 3642, 2913),
    ("Avalanche", 569, 203),
    ("ProgrammerArt", 792, 789),
    ("DartCat25-DungeonsHotbar", 128, 74),
];

fn packs() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/packs");
    if !folder.is_dir() {
        eprintln!("skipped: there are no real packs beside the repository");
        return None;
    }
    Some(folder)
}

fn contents(pack: &Pack) -> Vec<(String, Vec<u8>)> {
    (0..pack.entries().len())
        .into_par_iter()
        .map(|index| {
            (
                pack.entries()[index].name.clone(),
                pack.read(index).unwrap(),
            )
        })
        .collect()
}

fn copy(pack: &Pack, target: &Path, format: PackFormat) -> Pack {
    let mut writer = PackWriter::create(target, format, false).unwrap();
    for index in 0..pack.entries().len() {
        writer.copy(pack, index).unwrap();
    }
    writer.finish().unwrap();
    Pack::open(target, &PackLimits::default()).unwrap()
}

#[test]
fn copies_of_real_packs_are_the_same() {
    let Some(folder) = packs() else { return };
    let mut seen = 0;
    for (name, entries, pngs) in PACKS {
        let pack = Pack::open(
            &folder.join(name).with_extension("zip"),
            &PackLimits::default(),
        )
        .unwrap();
        assert_eq!(pack.entries().len(), entries, "{name}");
        assert_eq!(
            pack.entries()
                .iter()
                .filter(|entry| entry.name.ends_with(".png"))
                .count(),
            pngs,
            "{name}"
        );
        assert_eq!(pack.warnings(), [], "{name}");
        assert_eq!(pack.folder(), "", "{name}");
        let mut all = contents(&pack);
        let around = tempfile::tempdir().unwrap();
        let zip = copy(&pack, &around.path().join("a.zip"), PackFormat::Zip);
        assert_eq!(contents(&zip), all, "{name} to a zip");
        copy(&pack, &around.path().join("b.zip"), PackFormat::Zip);
        let bytes = |file: &str| std::fs::read(around.path().join(file)).unwrap();
        assert!(
            bytes("a.zip") == bytes("b.zip"),
            "{name}: two copies differ"
        );
        let unpacked = copy(&pack, &around.path().join("c"), PackFormat::Folder);
        let zipped = copy(&unpacked, &around.path().join("d.zip"), PackFormat::Zip);
        // A folder has no order of its own.
        all.sort();
        assert_eq!(contents(&unpacked), all, "{name} to a folder");
        assert_eq!(
            contents(&zipped),
            all,
            "{name} to a folder and back to a zip"
        );
        assert_eq!(pack.late_warnings(), []);
        // An independent reader agrees, names, order and checksums.
        let mut other =
            zip::ZipArchive::new(std::fs::File::open(around.path().join("a.zip")).unwrap())
                .unwrap();
        for (index, entry) in pack.entries().iter().enumerate() {
            let mut file = other.by_index(index).unwrap();
            assert_eq!(file.name().unwrap(), entry.name);
            assert_eq!(
                std::io::copy(&mut file, &mut std::io::sink()).unwrap(),
                entry.size,
                "{}",
                entry.name
            );
        }
        seen += pngs;
    }
    assert_eq!(seen, 3979);
}

#[test]
fn what_real_packs_say_of_themselves() {
    let Some(folder) = packs() else { return };
    let formats = |name: &str| {
        let pack = Pack::open(
            &folder.join(name).with_extension("zip"),
            &PackLimits::default(),
        )
        .unwrap();
        let meta = pack.meta().clone();
        assert_eq!(meta.entry, pack.find("pack.mcmeta"));
        (meta.formats().unwrap().to_string(), meta.overlays.len())
    };
    assert_eq!(formats("PixelPerfectionCE"), ("6".to_owned(), 0));
    assert_eq!(formats("ProgrammerArt"), ("2".to_owned(), 0));
    assert_eq!(formats("Avalanche"), ("88".to_owned(), 0));
    let (range, overlays) = formats("DartCat25-DungeonsHotbar");
    assert!(
        range.starts_with("15 to 62") && overlays >= 2,
        "{range} {overlays}"
    );
}
