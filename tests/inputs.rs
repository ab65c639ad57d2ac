//! What people hand to `convert` that is not simply a pack: what comes out of it, or what they are told instead.

#![allow(clippy::unwrap_used, reason = "the helpers of tests may panic")]

mod util;

use util::{Files, Scene, file, names, noise, png, size, small_pack, unzip, zip};

const TEXTURES: &str = "assets/minecraft/textures";

fn owned(files: &[(&str, &[u8])]) -> Files {
    let files = files.iter();
    files
        .map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()))
        .collect()
}

/// Without the folder that is an entry of its own.
fn files_of_small_pack() -> Files {
    let mut files = small_pack();
    files.retain(|(name, _)| !name.ends_with('/'));
    files
}

/// The files of a zip, without folders, sorted.
fn made(scene: &Scene, name: &str) -> Files {
    let mut files = unzip(&scene.path(name));
    files.retain(|(name, _)| !name.ends_with('/'));
    files.sort();
    files
}

#[test]
fn a_zip_that_macos_made_converts_as_if_it_had_not() {
    let scene = Scene::new();
    let mut files = small_pack();
    scene.write("plain.zip", zip(&files));
    let shadows: Files = files
        .iter()
        .filter(|(name, _)| name.ends_with(".png"))
        .map(|(name, _)| {
            let (folder, leaf) = name.rsplit_once('/').unwrap_or(("", name));
            (
                format!("__MACOSX/{folder}/._{leaf}"),
                b"\0\x05\x16\x07Mac".to_vec(),
            )
        })
        .collect();
    assert!(!shadows.is_empty());
    let count = shadows.len();
    files.extend(shadows);
    files.push(("assets/.DS_Store".to_owned(), b"Bud1".to_vec()));
    scene.write("finder.zip", zip(&files));
    scene
        .run("convert plain.zip -o a.zip --model lanczos")
        .exits(0);
    scene
        .run("convert finder.zip -o b.zip --model lanczos")
        .exits(0)
        .says(&[&format!("{} left out", count + 1), "macOS", "__MACOSX"]);
    assert!(made(&scene, "a.zip") == made(&scene, "b.zip"));
    let plan = scene.run("plan finder.zip --model lanczos").exits(0);
    let said = format!("{} to leave out: kept by macOS or Windows", count + 1);
    assert!(plan.stdout.contains(&said), "{}", plan.stdout);
}

#[test]
fn a_folder_publishes_no_history_and_no_sources() {
    let scene = Scene::new();
    for (name, bytes) in files_of_small_pack() {
        scene.write(format!("in/{name}"), bytes);
    }
    let junk = [
        ".git/HEAD",
        ".git/objects/12/34",
        ".gitignore",
        "Thumbs.db",
        "assets/desktop.ini",
        "assets/minecraft/textures/block/stone.xcf",
        "assets/minecraft/textures/block/.DS_Store",
    ];
    for name in junk {
        scene.write(format!("in/{name}"), "private");
    }
    scene
        .run("convert in -o out --model lanczos")
        .exits(0)
        .says(&[
            "3 left out",
            "version control",
            ".git/HEAD and 2 more",
            "sources and backups",
        ]);
    let mut expected: Vec<String> = files_of_small_pack()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    expected.sort();
    let mut found: Vec<String> = walk(&scene.path("out"), "");
    found.sort();
    assert_eq!(found, expected);
    let report = scene.run("convert in -o out --force --json --model lanczos");
    let left = &report.exits(0).json()["left_out"];
    let total: u64 = left
        .as_array()
        .unwrap()
        .iter()
        .map(|left| left["files"].as_u64().unwrap())
        .sum();
    assert_eq!(total, junk.len() as u64, "{left}");
}

fn walk(folder: &std::path::Path, below: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            found.extend(walk(&entry.path(), &format!("{name}/")));
        } else {
            found.push(name);
        }
    }
    found
}

#[test]
fn of_a_jar_only_the_art_comes_out_with_a_pack_mcmeta() {
    let scene = Scene::new();
    let jar: Files = vec![
        (
            "META-INF/MANIFEST.MF".into(),
            b"Manifest-Version: 1.0".to_vec(),
        ),
        ("com/tasty/Mod.class".into(), vec![0xca, 0xfe, 0xba, 0xbe]),
        ("assets/tasty/textures/block/pot.png".into(), noise(1)),
        ("assets/tasty/textures/gui/pot.png".into(), gui_sheet()),
        ("assets/tasty/lang/en_us.json".into(), b"{}".to_vec()),
        ("data/tasty/recipes/pot.json".into(), b"{}".to_vec()),
        ("fabric.mod.json".into(), br#"{"id":"tasty"}"#.to_vec()),
    ];
    scene.write("tasty-1.2.jar", zip(&jar));
    scene
        .run("convert tasty-1.2.jar --model lanczos")
        .exits(0)
        .says(&["a mod, or the game itself", "4 left out", "code and data"]);
    let made = made(&scene, "tasty-1.2-128x.zip");
    assert_eq!(
        names(&made),
        [
            "assets/tasty/lang/en_us.json",
            "assets/tasty/textures/block/pot.png",
            "assets/tasty/textures/gui/pot.png",
            "pack.mcmeta"
        ]
    );
    assert_eq!(
        size(file(&made, "assets/tasty/textures/gui/pot.png")),
        (2048, 2048)
    );
    let meta: serde_json::Value = serde_json::from_slice(file(&made, "pack.mcmeta")).unwrap();
    assert_eq!(meta["pack"]["min_format"], 4);
    assert!(
        meta["pack"]["description"]
            .as_str()
            .unwrap()
            .contains("tasty")
    );
}

fn gui_sheet() -> Vec<u8> {
    png(256, 256, |x, y| [x as u8, y as u8, (x ^ y) as u8, 255])
}

#[test]
fn a_watched_pack_is_taken_out_of_its_folder_too() {
    let scene = Scene::new();
    for (name, bytes) in files_of_small_pack() {
        scene.write(format!("in/My Pack/{name}"), bytes);
    }
    scene.write("in/My Pack/.DS_Store", "mac");
    scene.run("convert in -o a --model lanczos").exits(0);
    scene.run("watch in -o b --once --model lanczos").exits(0);
    let converted = walk(&scene.path("a"), "");
    assert!(
        converted.contains(&"pack.mcmeta".to_owned()),
        "{converted:?}"
    );
    for name in &converted {
        let read = |folder: &str| std::fs::read(scene.path(folder).join(name)).unwrap();
        assert_eq!(read("a"), read("b"), "{name}");
    }
    let mut watched = walk(&scene.path("b"), "");
    watched.retain(|name| !name.starts_with(".uncanny/"));
    assert_eq!(watched.len(), converted.len(), "{watched:?}");
}

#[test]
fn a_watched_mod_gives_the_pack_that_a_conversion_gives() {
    let scene = Scene::new();
    for (name, bytes) in [
        ("assets/tasty/textures/block/pot.png", noise(1)),
        ("META-INF/mods.toml", b"modLoader='javafml'".to_vec()),
        ("data/tasty/x.json", b"{}".to_vec()),
    ] {
        scene.write(format!("in/{name}"), bytes);
    }
    scene.run("convert in -o a --model lanczos").exits(0);
    scene.run("watch in -o b --once --model lanczos").exits(0);
    let converted = walk(&scene.path("a"), "");
    assert_eq!(converted.len(), 2, "{converted:?}");
    for name in &converted {
        let read = |folder: &str| std::fs::read(scene.path(folder).join(name)).unwrap();
        assert_eq!(read("a"), read("b"), "{name}");
    }
    assert!(!scene.path("b/data").exists());
}

#[test]
fn what_is_no_pack_is_told_what_suits_it() {
    let curse = br#"{"minecraft":{},"manifestType":"minecraftModpack"}"#;
    let bedrock = br#"{"format_version":2,"header":{},"modules":[]}"#;
    type Case<'a> = (&'a [(&'a str, &'a [u8])], &'a [&'a str]);
    let cases: &[Case<'_>] = &[
        (
            &[("a.png", b"x"), ("b.png", b"x")],
            &["2 pictures", "uncanny image in/ -o OUT", "uncanny sheet"],
        ),
        (
            &[
                ("manifest.json", curse),
                ("overrides/resourcepacks/Good.zip", b"PK"),
            ],
            &["modpack", "overrides/resourcepacks/Good.zip"],
        ),
        (
            &[("manifest.json", bedrock), ("textures/blocks/a.tga", b"x")],
            &[
                "Bedrock pack",
                "manifest.json",
                "uncanny image in/textures/ -o OUT",
            ],
        ),
        (
            &[("game.conf", b"x"), ("mods/a/textures/a.png", b"x")],
            &[
                "Luanti",
                "game.conf",
                "uncanny image in/mods/a/textures/ -o OUT",
            ],
        ),
        (
            &[("terrain.png", b"x"), ("pack.txt", b"x")],
            &["1.5 or older", "uncanny sheet in/terrain.png --cell 16x16"],
        ),
        (
            &[("minecraft/textures/block/a.png", b"x")],
            &["assets folder", "give the folder that assets lies in"],
        ),
    ];
    for (files, says) in cases {
        let scene = Scene::new();
        for (name, bytes) in owned(files) {
            scene.write(format!("in/{name}"), bytes);
        }
        scene.run("convert in -o out.zip").exits(2).says(says);
        scene.write("in.zip", zip(&owned(files)));
        scene.run("convert in.zip -o out.zip").exits(2);
    }
    let scene = Scene::new();
    scene.write("stone.png", noise(1));
    scene
        .run("convert stone.png -o out.zip")
        .exits(2)
        .says(&["a PNG image", "uncanny image stone.png"]);
    scene.write("pack/assets/minecraft/textures/block/a.png", noise(1));
    scene.run("convert pack/assets -o out.zip").exits(2).says(&[
        "assets folder",
        "uncanny convert",
        "pack`",
    ]);
}

#[test]
fn a_pack_without_textures_is_no_silent_success() {
    let scene = Scene::new();
    let meta = r#"{"pack":{"pack_format":15,"description":"x"}}"#;
    scene.write("in/pack.mcmeta", meta);
    scene.write("in/assets/minecraft/lang/en_us.json", "{}");
    scene
        .run("convert in -o out.zip --model lanczos")
        .exits(0)
        .says(&["holds no textures", "nothing to enhance"]);
}

#[test]
fn a_plan_of_several_packs_adds_their_atlases_up() {
    let scene = Scene::new();
    let meta = br#"{"pack":{"pack_format":15,"description":"x"}}"#;
    for (name, texture) in [("one", "stone"), ("two", "dirt")] {
        let texture = format!("{TEXTURES}/block/{texture}.png");
        let files: Files = vec![
            ("pack.mcmeta".into(), meta.to_vec()),
            (texture, noise(1)),
            (format!("{TEXTURES}/block/sand.png"), noise(2)),
            (
                format!("{TEXTURES}/block/odd.png"),
                png(100, 100, |x, y| [x as u8, y as u8, 3, 255]),
            ),
        ];
        scene.write(format!("{name}.zip"), zip(&files));
    }
    let table = scene
        .run("plan one.zip two.zip --model lanczos")
        .exits(0)
        .stdout;
    for part in [
        "one.zip",
        "two.zip",
        "Together",
        "(4 sprites of these packs)",
        "Advice: a sprite leaves the whole atlas of blocks 2 of 4 levels",
    ] {
        assert!(table.contains(part), "{part}: {table}");
    }
    let json = scene
        .run("plan one.zip two.zip --json --model lanczos")
        .exits(0)
        .json();
    assert_eq!(json["plans"].as_array().unwrap().len(), 2);
    assert_eq!(json["atlases"][0]["sprites"], 4);
}
