//! Where in a folder or zip the pack is, what of the rest is left out, and what is said where there is none.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps nothing")]

use std::fs;
use std::path::{Path, PathBuf};

use uncanny_pack::{
    Error, LeftOutReason, NotAPack, Pack, PackFormat, PackLimits, PackWriter, Warning,
};

#[path = "../../../tests/bad/packs.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "shared with other packages' tests"
)]
mod bad;

use bad::{META, RawEntry};

const STONE: &str = "assets/minecraft/textures/block/stone.png";

/// Writes these files as a zip or, without `.zip` or `.jar`, as a folder.
fn write(around: &tempfile::TempDir, name: &str, files: &[(&str, &[u8])]) -> PathBuf {
    let path = around.path().join(name);
    if path.extension().is_some() {
        let entries: Vec<RawEntry> = files
            .iter()
            .map(|(name, bytes)| RawEntry::deflated(name, bytes))
            .collect();
        fs::write(&path, bad::zip(&entries)).unwrap();
        return path;
    }
    fs::create_dir_all(&path).unwrap();
    for (name, bytes) in files {
        let file = path.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }
    path
}

fn open(path: &Path) -> Result<Pack, Error> {
    Pack::open(path, &PackLimits::default())
}

/// Every file by name and bytes, sorted; and the same of its copies as a zip and as a folder.
fn contents(pack: &Pack) -> Vec<(String, Vec<u8>)> {
    let read = |pack: &Pack| {
        let mut files: Vec<(String, Vec<u8>)> = (0..pack.entries().len())
            .filter(|at| !pack.entries()[*at].directory)
            .map(|at| (pack.entries()[at].name.clone(), pack.read(at).unwrap()))
            .collect();
        files.sort();
        files
    };
    let files = read(pack);
    let around = tempfile::tempdir().unwrap();
    for (name, format) in [("a.zip", PackFormat::Zip), ("b", PackFormat::Folder)] {
        let target = around.path().join(name);
        let mut writer = PackWriter::create(&target, format, false).unwrap();
        for at in 0..pack.entries().len() {
            writer.copy(pack, at).unwrap();
        }
        writer.finish().unwrap();
        assert_eq!(read(&open(&target).unwrap()), files, "{name}");
    }
    files
}

fn names(pack: &Pack) -> Vec<String> {
    contents(pack).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn what_computers_and_editors_leave_behind_is_in_no_output() {
    let around = tempfile::tempdir().unwrap();
    let files: &[(&str, &[u8])] = &[
        ("pack.mcmeta", META),
        ("LICENSE", b"ours"),
        (STONE, b"stone"),
        ("__MACOSX/._pack.mcmeta", b"mac"),
        (
            "__MACOSX/assets/minecraft/textures/block/._stone.png",
            b"mac",
        ),
        ("assets/.DS_Store", b"mac"),
        ("assets/minecraft/textures/Thumbs.db", b"windows"),
        ("desktop.ini", b"windows"),
        (".git/HEAD", b"history"),
        (".git/objects/ab/cdef", b"history"),
        ("assets/minecraft/textures/block/stone.xcf", b"layers"),
        (".vscode/settings.json", b"{}"),
    ];
    for name in ["in.zip", "in"] {
        let pack = open(&write(&around, name, files)).unwrap();
        assert_eq!(names(&pack), ["LICENSE", STONE, "pack.mcmeta"], "{name}");
        let counts: Vec<_> = pack
            .left_out()
            .iter()
            .map(|left| (left.reason, left.files))
            .collect();
        assert_eq!(
            counts,
            [
                (LeftOutReason::System, 5),
                (LeftOutReason::VersionControl, 2),
                (LeftOutReason::Source, 1),
                (LeftOutReason::Hidden, 1),
            ],
            "{name}"
        );
        assert_eq!(pack.warnings(), [], "{name}");
    }
}

#[test]
fn a_pack_is_taken_out_of_the_folder_it_is_in() {
    let around = tempfile::tempdir().unwrap();
    let stone = format!("My Pack/v1/{STONE}");
    let files: &[(&str, &[u8])] = &[
        ("My Pack/v1/pack.mcmeta", META),
        (&stone, b"stone"),
        ("My Pack/read me.txt", b"hello"),
        ("__MACOSX/My Pack/._v1", b"mac"),
    ];
    for name in ["in.zip", "in"] {
        let pack = open(&write(&around, name, files)).unwrap();
        assert_eq!(names(&pack), [STONE, "pack.mcmeta"], "{name}");
        assert_eq!(pack.folder(), "My Pack/v1/");
        assert!(pack.meta().formats().is_some(), "{name}");
        assert_eq!(pack.read(pack.find(STONE).unwrap()).unwrap(), b"stone");
        let unwrapped = Warning::Unwrapped {
            folder: "My Pack/v1/".to_owned(),
        };
        assert_eq!(pack.warnings(), [unwrapped], "{name}");
        let outside = &pack.left_out()[1];
        assert_eq!(
            (outside.reason, outside.files, outside.first.as_str()),
            (LeftOutReason::Outside, 1, "My Pack/read me.txt")
        );
    }
}

const MOD: &[(&str, &[u8])] = &[
    ("assets/tasty/textures/block/pot.png", b"pot"),
    ("assets/tasty/lang/en_us.json", b"{}"),
    ("assets/tasty/stray/Evil.class", b"\xca\xfe\xba\xbe"),
    ("data/tasty/recipes/pot.json", b"{}"),
    ("META-INF/mods.toml", b"modLoader='javafml'"),
    ("tasty.mixins.json", b"{}"),
    ("logo.png", b"logo"),
];

/// The `pack` of a `pack.mcmeta` in a pack.
fn meta_of(pack: &Pack) -> serde_json::Value {
    let bytes = pack.read(pack.find("pack.mcmeta").unwrap()).unwrap();
    serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()["pack"].take()
}

#[test]
fn a_mods_resources_and_a_jar_of_them_are_the_same_pack_to_lay_over_it() {
    let around = tempfile::tempdir().unwrap();
    let own: (&str, &[u8]) = (
        "pack.mcmeta",
        br#"{"pack":{"description":"Tasty resources","pack_format":15}}"#,
    );
    let resources = [MOD, &[own]].concat();
    let jar = [
        MOD,
        &[
            own,
            ("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0"),
            ("com/tasty/Mod.class", b"\xca\xfe\xba\xbe"),
            ("META-INF/jars/library.jar", b"PK"),
        ],
    ]
    .concat();
    let in_project: Vec<(String, &[u8])> = resources
        .iter()
        .map(|(name, bytes)| (format!("Tasty/src/main/resources/{name}"), *bytes))
        .collect();
    let in_project: Vec<(&str, &[u8])> = in_project
        .iter()
        .map(|(name, bytes)| (name.as_str(), *bytes))
        .collect();
    let expected = contents(&open(&write(&around, "resources", &resources)).unwrap());
    let found: Vec<&str> = expected.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        found,
        [
            "assets/tasty/lang/en_us.json",
            "assets/tasty/textures/block/pot.png",
            "pack.mcmeta"
        ]
    );
    for (name, files) in [
        ("resources.zip", &resources),
        ("tasty-1.2.jar", &jar),
        ("project.zip", &in_project),
    ] {
        let pack = open(&write(&around, name, files)).unwrap();
        assert_eq!(contents(&pack), expected, "{name}");
        assert!(pack.warnings().contains(&Warning::MadeMeta), "{name}");
        let code = pack.left_out().iter();
        let code = code.filter(|left| left.reason == LeftOutReason::Code);
        assert_eq!(code.count(), 1, "{name}");
        let meta = meta_of(&pack);
        assert_eq!(meta["pack_format"], 15);
        assert_eq!(meta["description"], "The art of tasty, enhanced by Uncanny");
    }
    // A pack that it brings along is none of it.
    let inner: &[(&str, &[u8])] = &[
        ("fabric.mod.json", b"{}"),
        ("resourcepacks/dark/pack.mcmeta", META),
        ("resourcepacks/dark/assets/tasty/textures/a.png", b"dark"),
    ];
    let pack = open(&write(&around, "inner.jar", &[MOD, inner].concat())).unwrap();
    assert_eq!((names(&pack).len(), pack.folder()), (3, ""));
    // One that says nothing of versions is made for all of them.
    let pack = open(&write(&around, "silent.jar", MOD)).unwrap();
    assert_eq!(pack.meta().formats().unwrap().to_string(), "4 to 97");
    assert_eq!(meta_of(&pack)["pack_format"], 34);
}

#[test]
fn the_games_jar_says_which_format_its_art_has() {
    for (version, format, source) in [
        (
            r#"{"id":"1.16.5","pack_version":6}"#,
            "6",
            "Minecraft 1.16.5",
        ),
        (
            r#"{"id":"1.21.4","pack_version":{"resource":46,"data":61}}"#,
            "46",
            "Minecraft 1.21.4",
        ),
        (
            r#"{"id":"26.3","pack_version":{"resource_major":97,"resource_minor":1,"data_major":120}}"#,
            "97.1",
            "Minecraft 26.3",
        ),
        ("{", "4 to 97", "Minecraft"),
    ] {
        let around = tempfile::tempdir().unwrap();
        let path = write(
            &around,
            "client.jar",
            &[
                ("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0"),
                ("net/minecraft/client/Main.class", b"\xca\xfe\xba\xbe"),
                ("version.json", version.as_bytes()),
                ("pack.png", b"icon"),
                ("assets/.mcassetsroot", b""),
                (STONE, b"stone"),
            ],
        );
        let pack = open(&path).unwrap();
        assert_eq!(names(&pack), [STONE, "pack.mcmeta"]);
        assert_eq!(pack.meta().formats().unwrap().to_string(), format);
        assert_eq!(
            meta_of(&pack)["description"],
            format!("The art of {source}, enhanced by Uncanny")
        );
    }
}

#[test]
fn a_pack_with_a_data_pack_is_no_mod() {
    let around = tempfile::tempdir().unwrap();
    let files: &[(&str, &[u8])] = &[
        ("pack.mcmeta", META),
        (STONE, b"stone"),
        ("data/minecraft/tags/x.json", b"{}"),
        ("License.txt", b"ours"),
    ];
    let pack = open(&write(&around, "in.zip", files)).unwrap();
    assert_eq!(pack.entries().len(), files.len());
    assert_eq!((pack.warnings(), pack.left_out()), (&[][..], &[][..]));
}

#[test]
fn what_is_no_pack_is_told_for_what_it_is() {
    let picture: (&str, &[u8]) = ("a.png", b"picture");
    let curse = br#"{"minecraft":{"version":"1.20.1"},"manifestType":"minecraftModpack"}"#;
    let bedrock = br#"{"format_version":2,"header":{"name":"x"},"modules":[]}"#;
    type Case<'a> = (&'a [(&'a str, &'a [u8])], NotAPack);
    let cases: &[Case<'_>] = &[
        (&[("assets/", b"")], NotAPack::Empty),
        (
            &[picture, ("sub/b.PNG", b"picture")],
            NotAPack::Pictures {
                count: 2,
                first: "a.png".to_owned(),
            },
        ),
        (
            &[
                ("manifest.json", curse),
                ("modlist.html", b"<html>"),
                ("overrides/config/x.zip", b"PK"),
                ("overrides/resourcepacks/Faithful.zip", b"PK"),
            ],
            NotAPack::Modpack {
                packs: vec!["overrides/resourcepacks/Faithful.zip".to_owned()],
            },
        ),
        (
            &[("modrinth.index.json", b"{}")],
            NotAPack::Modpack { packs: Vec::new() },
        ),
        (
            &[
                ("x/manifest.json", bedrock),
                ("x/textures/blocks/stone.png", b"picture"),
            ],
            NotAPack::Bedrock {
                manifest: "x/manifest.json".to_owned(),
                textures: Some("x/textures/".to_owned()),
            },
        ),
        (
            &[("One RP.mcpack", b"PK"), ("One BP.mcpack", b"PK")],
            NotAPack::Bedrock {
                manifest: "One RP.mcpack".to_owned(),
                textures: None,
            },
        ),
        (
            &[
                ("game.conf", b"title = x"),
                ("mods/default/textures/default_stone.png", b"picture"),
            ],
            NotAPack::Luanti {
                sign: "game.conf".to_owned(),
                textures: Some("mods/default/textures/".to_owned()),
            },
        ),
        (
            &[
                ("minecraft/textures/block/stone.png", b"picture"),
                ("minecraft/sounds.json", b"{}"),
            ],
            NotAPack::Assets {
                namespace: "minecraft".to_owned(),
            },
        ),
        (
            &[picture, ("terrain.png", b"picture"), ("pack.txt", b"old")],
            NotAPack::OldTexturePack {
                sign: "terrain.png".to_owned(),
            },
        ),
        (
            &[("textures/blocks/stone.png", b"picture")],
            NotAPack::OldTexturePack {
                sign: "textures/blocks/stone.png".to_owned(),
            },
        ),
        (&[("manifest.json", b"{}"), ("x.txt", b"")], NotAPack::Other),
    ];
    for (files, expected) in cases {
        let around = tempfile::tempdir().unwrap();
        let error = open(&write(&around, "in.zip", files)).unwrap_err();
        let message = error.to_string();
        let Error::NoPack { found, .. } = error else {
            panic!("{message}");
        };
        assert_eq!(found, *expected, "{message}");
        assert!(!message.contains("--"), "{message}");
    }
}
