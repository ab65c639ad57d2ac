//! A pack that is worked on: whatever happens to its folder, what is made is what a conversion makes.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    unreachable_pub,
    reason = "the helpers of tests may panic, and are shared"
)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use common::{
    BLOCKS, Files, file, options, png, read_folder, scale, small, write_folder, write_zip,
};
use proptest::prelude::*;
use uncanny::{Baselines, Cache, Content, Hints, LivePack, Make, Models, News, Options};
use uncanny_pack::Mirror;
use uncanny_texture::{RgbaImage, encode};

/// A pack, what is made of it, and who makes it.
struct Studio {
    folder: tempfile::TempDir,
    pack: LivePack,
    mirror: Mirror,
    models: Baselines,
    cache: Cache,
    options: Options,
}

impl Studio {
    fn new(files: &Files, toml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("in");
        fs::create_dir(&input).unwrap();
        write_folder(&input, files);
        let options = options(toml);
        Self {
            pack: LivePack::new(&input, options.clone(), Box::new(|_| false)),
            mirror: Mirror::open(&folder.path().join("out"), &input, false).unwrap(),
            models: Baselines::new(scale(2)),
            cache: Cache::new(&folder.path().join("cache"), 1 << 30),
            folder,
            options,
        }
    }

    fn input(&self, name: &str) -> PathBuf {
        self.folder.path().join("in").join(name)
    }

    fn output(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = read_folder(&self.folder.path().join("out"));
        files.retain(|name, _| !name.starts_with(".uncanny/"));
        files
    }

    /// One look, and everything that it finds is made. Which files were made.
    fn catch_up(&mut self, hints: &Hints) -> (News, BTreeSet<String>) {
        let news = self.pack.refresh(hints, &mut self.models).unwrap();
        let made = self.make(&news);
        (news, made)
    }

    /// Makes what a look found. Which files were made.
    fn make(&mut self, news: &News) -> BTreeSet<String> {
        for name in &news.gone {
            self.mirror.remove(name).unwrap();
        }
        let mut made = BTreeSet::new();
        let make = Make {
            models: &mut self.models,
            cache: Some(&self.cache),
            cancel: &AtomicBool::new(false),
            events: &|_| {},
        };
        let mirror = &mut self.mirror;
        self.pack
            .make(&news.stale, make, &mut |file| {
                match &file.content {
                    Content::Bytes(bytes) => mirror.put(&file.name, bytes).unwrap(),
                    Content::File(path) => mirror.copy(&file.name, path).unwrap(),
                };
                made.insert(file.name);
                Ok(())
            })
            .unwrap();
        made
    }

    fn look(&mut self) -> BTreeSet<String> {
        self.catch_up(&Hints::default()).1
    }

    fn looks_like_a_conversion(&mut self) {
        let fresh = self.folder.path().join("fresh");
        uncanny::convert(
            &self.input(""),
            &fresh,
            &self.options,
            &mut self.models as &mut dyn Models,
            Some(&self.cache),
        )
        .unwrap();
        let (expected, found) = (read_folder(&fresh), self.output());
        assert_eq!(
            expected.keys().collect::<Vec<_>>(),
            found.keys().collect::<Vec<_>>()
        );
        for (name, bytes) in &expected {
            assert!(&found[name] == bytes, "{name} differs");
        }
        fs::remove_dir_all(&fresh).unwrap();
    }
}

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

fn block(name: &str) -> String {
    format!("{BLOCKS}/{name}")
}

fn save(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn only_what_changed_is_made() {
    let mut studio = Studio::new(&small(), "");
    assert_eq!(studio.look().len(), small().len());
    studio.looks_like_a_conversion();
    assert_eq!(studio.look(), names(&[]));

    save(&studio.input(&block("dirt.png")), png(77, 16, 16));
    assert_eq!(studio.look(), names(&[&block("dirt.png")]));
    studio.looks_like_a_conversion();

    // Written again as it was: nothing to do.
    save(&studio.input(&block("dirt.png")), png(77, 16, 16));
    assert_eq!(studio.look(), names(&[]));

    fs::remove_file(studio.input(&block("fire_0.png"))).unwrap();
    studio.look();
    studio.looks_like_a_conversion();
}

#[test]
fn a_sidecar_follows_its_texture_and_a_texture_its_sidecar() {
    let mut studio = Studio::new(&small(), "");
    studio.look();
    // Cut into frames otherwise.
    let sidecar = block("fire_0.png.mcmeta");
    save(&studio.input(&sidecar), r#"{"animation": {"height": 32}}"#);
    let made = studio.look();
    assert!(
        made.is_superset(&names(&[&block("fire_0.png"), &sidecar])),
        "{made:?}"
    );
    assert!(!made.contains(&block("dirt.png")));
    studio.looks_like_a_conversion();
    // Of one colour it is not scaled, and its sidecar stays.
    let plain = RgbaImage::from_pixel(16, 64, [1, 2, 3, 255].into());
    save(&studio.input(&block("fire_0.png")), encode(&plain).unwrap());
    assert_eq!(studio.look(), names(&[&block("fire_0.png"), &sidecar]));
    studio.looks_like_a_conversion();
    fs::remove_file(studio.input(&sidecar)).unwrap();
    studio.look();
    studio.looks_like_a_conversion();
}

#[test]
fn what_was_there_between_two_looks_leaves_nothing_behind() {
    let mut studio = Studio::new(&small(), "");
    studio.look();
    let texts = [
        (
            "assets/minecraft/models/block/new.json",
            r#"{"parent": "block/cross"}"#,
        ),
        (
            &block("fire_0.png.mcmeta"),
            r#"{"animation": {"height": 32}}"#,
        ),
        ("notes.txt", "to do"),
    ];
    for (name, whole) in texts {
        save(&studio.input(name), whole);
    }
    let news = studio
        .pack
        .refresh(&Hints::default(), &mut studio.models)
        .unwrap();
    // Before they are made somebody begins to write them anew, and ends before the next look.
    for (name, whole) in texts {
        save(&studio.input(name), &whole[..3]);
    }
    studio.make(&news);
    for (name, whole) in texts {
        let half = studio
            .output()
            .get(name)
            .is_some_and(|made| *made == whole.as_bytes()[..3]);
        assert!(!half, "half of {name} got out");
        save(&studio.input(name), whole);
    }
    studio.look();
    studio.looks_like_a_conversion();
}

#[test]
fn half_a_picture_counts_as_it_was() {
    let mut studio = Studio::new(&small(), "");
    studio.look();
    let before = studio.output();
    let whole = png(5, 16, 16);
    let (dirt, new) = (block("dirt.png"), block("new.png"));
    for end in 0..whole.len() {
        save(&studio.input(&dirt), &whole[..end]);
        save(&studio.input(&new), &whole[..end]);
        let (news, made) = studio.catch_up(&Hints::default());
        assert_eq!(made, names(&[]), "{end} bytes of {}", whole.len());
        let broken: BTreeSet<String> = news.broken.into_iter().map(|(name, _)| name).collect();
        assert_eq!(broken, names(&[&dirt, &new]));
    }
    assert!(studio.output() == before);
    // What must not be scaled is copied no sooner.
    let colours = "assets/minecraft/textures/colormap/grass.png";
    save(&studio.input(colours), &whole[..whole.len() - 1]);
    assert_eq!(studio.look(), names(&[]));
    // Other settings while it is broken: all others are made, and it too once it is whole.
    studio.options = options("fidelity = 0.5");
    studio.pack.set_options(studio.options.clone());
    let made = studio.look();
    assert!(
        made.contains(&block("grey.png")) && !made.contains(&dirt),
        "{made:?}"
    );
    for name in [dirt.as_str(), &new, colours] {
        save(&studio.input(name), &whole);
    }
    assert!(studio.look().is_superset(&names(&[&dirt, &new, colours])));
    studio.looks_like_a_conversion();
}

#[test]
fn broken_json_is_waited_for() {
    let mut studio = Studio::new(&small(), "");
    studio.look();
    let sidecar = block("fire_0.png.mcmeta");
    save(&studio.input(&sidecar), r#"{"animation": {"hei"#);
    assert_eq!(studio.look(), names(&[]));
    let mut hints = Hints::default();
    hints.touched.insert(sidecar.clone());
    hints.patience_is_out.insert(sidecar.clone());
    studio.catch_up(&hints);
    studio.looks_like_a_conversion();
    save(&studio.input(&sidecar), r#"{"animation": {"height": 16}}"#);
    studio.look();
    studio.looks_like_a_conversion();
}

#[test]
fn settings_change_what_they_name() {
    let mut studio = Studio::new(&small(), "");
    studio.look();
    studio.options = options("[[rule]]\nmatch = '**/dirt.png'\nfidelity = 0.3\n");
    studio.pack.set_options(studio.options.clone());
    let mut made = studio.look();
    // Sidecars are looked through, and come out as they were.
    made.retain(|name| !name.ends_with(".mcmeta"));
    assert_eq!(made, names(&[&block("dirt.png")]));
    studio.looks_like_a_conversion();
    studio.options = options("skip = ['**/fire_0.png']");
    studio.pack.set_options(studio.options.clone());
    studio.look();
    studio.looks_like_a_conversion();
}

#[test]
fn one_texture_can_be_made_alone_and_its_group_with_it() {
    let mut files = small();
    files.push(file(block("dirt_n.png"), png(9, 16, 16)));
    files.push(file(block("dirt_s.png"), png(10, 16, 16)));
    let mut studio = Studio::new(&files, "");
    let news = studio
        .pack
        .refresh(&Hints::default(), &mut studio.models)
        .unwrap();
    assert_eq!(news.stale.len(), files.len());
    let mut made = BTreeSet::new();
    let make = Make {
        models: &mut studio.models,
        cache: None,
        cancel: &AtomicBool::new(false),
        events: &|_| {},
    };
    studio
        .pack
        .make(&[block("dirt.png")], make, &mut |file| {
            assert!(matches!(file.content, Content::Bytes(_)));
            made.insert(file.name);
            Ok(())
        })
        .unwrap();
    let group = [block("dirt.png"), block("dirt_n.png"), block("dirt_s.png")];
    assert!(made.contains(&group[0]));
    // Whichever of them the rules tie together come together.
    assert!(made.iter().all(|name| group.contains(name)), "{made:?}");
}

/// Something that happens to a folder.
#[derive(Debug, Clone)]
enum Deed {
    /// A picture of this kind at this place.
    Paint(usize, usize, u32),
    Write(usize, usize),
    Remove(usize),
    Move(usize, usize),
    MoveFolder(usize, usize),
    Settings(usize),
    Look,
}

const PLACES: [&str; 12] = [
    "textures/block/a.png",
    "textures/block/a_n.png",
    "textures/block/grass_block_side.png",
    "textures/block/grass_block_side_overlay.png",
    "textures/block/deep/b.png",
    "textures/item/c.png",
    "textures/colormap/grass.png",
    "textures/trims/items/helmet_trim.png",
    "textures/trims/color_palettes/trim_palette.png",
    "optifine/ctm/x/0.png",
    "optifine/ctm/x/1.png",
    "textures/entity/banner/base.png",
];

const FOLDERS: [&str; 6] = [
    "assets/minecraft/textures/block",
    "assets/minecraft/textures/item",
    "assets/minecraft/optifine/ctm/x",
    "assets/other",
    "overlay/assets/minecraft/textures/block",
    "assets/minecraft/textures/trims/items",
];

const TEXTS: [(&str, &str); 9] = [
    (
        "assets/minecraft/textures/block/a.png.mcmeta",
        r#"{"animation": {"height": 16}}"#,
    ),
    (
        "assets/minecraft/textures/block/a.png.mcmeta",
        r#"{"animation": {"frametime": 3}}"#,
    ),
    (
        "assets/minecraft/textures/item/c.png.mcmeta",
        r#"{"animation": {"width": 16, "height": 16}}"#,
    ),
    (
        "assets/minecraft/models/block/a.json",
        r#"{"parent": "block/cube_all", "textures": {"all": "block/a"}}"#,
    ),
    (
        "assets/minecraft/models/block/a.json",
        r#"{"parent": "block/cross", "textures": {"cross": "block/a"}}"#,
    ),
    (
        "assets/minecraft/optifine/ctm/x/x.properties",
        "matchTiles=a\nmethod=ctm\ntiles=0-1\n",
    ),
    (
        "assets/minecraft/optifine/anim/y.properties",
        "from=textures/item/c.png\nto=textures/block/a.png\nx=0\ny=0\nw=16\nh=16\n",
    ),
    ("notes.txt", "hello"),
    (
        "pack.mcmeta",
        r#"{"pack": {"pack_format": 34, "description": "", "supported_formats": [34, 40]}, "overlays": {"entries": [{"formats": [34, 40], "directory": "overlay"}]}}"#,
    ),
];

const SETTINGS: [&str; 4] = [
    "",
    "fidelity = 0.5",
    "[[rule]]\nmatch = 'textures/block/**'\nmodel = 'nearest'\n",
    "skip = ['**/a.png']",
];

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        5 => (0..PLACES.len(), 0..6_usize, 0..20_u32).prop_map(|(place, kind, seed)| Deed::Paint(place, kind, seed)),
        3 => (0..TEXTS.len(), 0..2_usize).prop_map(|(text, overlay)| Deed::Write(text, overlay)),
        2 => (0..PLACES.len()).prop_map(Deed::Remove),
        2 => (0..PLACES.len(), 0..PLACES.len()).prop_map(|(from, to)| Deed::Move(from, to)),
        1 => (0..FOLDERS.len(), 0..FOLDERS.len()).prop_map(|(from, to)| Deed::MoveFolder(from, to)),
        1 => (0..SETTINGS.len()).prop_map(Deed::Settings),
        3 => Just(Deed::Look),
    ]
}

fn paint(kind: usize, seed: u32) -> Vec<u8> {
    let plain = |side: u32| {
        let image = RgbaImage::from_pixel(side, side, [seed as u8, 9, 9, 255].into());
        encode(&image).unwrap()
    };
    match kind {
        0 | 1 => png(seed, 16, 16),
        2 => png(seed, 16, 64),
        3 => png(seed, 8, 8),
        4 => plain(16),
        _ => encode(&RgbaImage::from_fn(16, 16, |x, y| {
            let value = (x * 11 + y * 5 + seed) as u8;
            [value, value, value, if (x + y) % 3 == 0 { 0 } else { 255 }].into()
        }))
        .unwrap(),
    }
}

impl Studio {
    fn place(&self, at: usize) -> PathBuf {
        self.input("assets/minecraft").join(PLACES[at])
    }

    fn happens(&mut self, deed: &Deed) {
        match *deed {
            Deed::Paint(place, kind, seed) => save(&self.place(place), paint(kind, seed)),
            Deed::Write(text, overlay) => {
                let (name, text) = TEXTS[text];
                let folder = ["", "overlay/"][if name.starts_with("assets") {
                    overlay
                } else {
                    0
                }];
                save(&self.input(&format!("{folder}{name}")), text);
            }
            Deed::Remove(place) => drop(fs::remove_file(self.place(place))),
            Deed::Move(from, to) => {
                fs::create_dir_all(self.place(to).parent().unwrap()).unwrap();
                let _ = fs::rename(self.place(from), self.place(to));
            }
            Deed::MoveFolder(from, to) => {
                let to = self.input(FOLDERS[to]);
                fs::create_dir_all(to.parent().unwrap()).unwrap();
                let _ = fs::rename(self.input(FOLDERS[from]), to);
            }
            Deed::Settings(at) => {
                self.options = options(SETTINGS[at]);
                self.pack.set_options(self.options.clone());
            }
            Deed::Look => drop(self.look()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_it_ends_as_a_conversion(deeds in prop::collection::vec(deed(), 1..40)) {
        let mut studio = Studio::new(&small(), "");
        for deed in &deeds {
            studio.happens(deed);
        }
        studio.look();
        studio.looks_like_a_conversion();
        prop_assert_eq!(studio.look(), names(&[]));
    }
}

#[test]
fn a_zip_that_is_replaced_is_followed_by_its_entries() {
    let mut files = small();
    let mut studio = Studio::new(&files, "");
    let (zip, folder) = (studio.folder.path().join("in.zip"), studio.input(""));
    write_zip(&zip, &files);
    studio.pack.set_folder(&zip, Box::new(|_| false));
    let all = studio.look();
    studio.looks_like_a_conversion();
    assert_eq!(studio.look(), BTreeSet::new());
    // In another order: sidecars are cheap and made anew, textures are not.
    let textures = |made: BTreeSet<String>| -> Vec<String> {
        let made = made.into_iter();
        made.filter(|name| name.ends_with(".png")).collect()
    };
    studio.pack.set_folder(&folder, Box::new(|_| false));
    assert_eq!(textures(studio.look()), [""; 0]);

    let dirt = format!("{BLOCKS}/dirt.png");
    let place = files.iter().position(|(name, _)| *name == dirt).unwrap();
    files[place].1 = png(9, 16, 16);
    write_zip(&zip, &files);
    write_folder(&folder, &files);
    studio.pack.set_folder(&zip, Box::new(|_| false));
    assert_eq!(textures(studio.look()), [dirt]);
    assert!(all.len() > 5, "{all:?}");
    studio.looks_like_a_conversion();
}
