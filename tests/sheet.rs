//! `uncanny sheet`, from the command line to the files it leaves.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic")]
#![allow(dead_code, reason = "not every test needs every helper")]

mod util;

use std::fs;

use util::{Scene, png, root, size};

/// A scene with the samples in `art/`.
fn scene() -> Scene {
    let scene = Scene::new();
    let samples = root().join("packs/sheets");
    let mut count = 0;
    for entry in fs::read_dir(samples).unwrap() {
        let entry = entry.unwrap();
        scene.write(
            format!("art/{}", entry.file_name().to_str().unwrap()),
            fs::read(entry.path()).unwrap(),
        );
        count += 1;
    }
    assert!(count >= 12, "only {count} samples");
    scene
}

#[test]
fn every_kind_of_sheet_comes_out_under_its_own_names() {
    let scene = scene();
    for (name, made, frames) in [
        ("icons.png", &["icons.png"][..], 8),
        ("slime.json", &["slime.json", "slime.png"], 4),
        ("slime-array.json", &["slime-array.json", "slime.png"], 4),
        ("slime.aseprite", &["slime.aseprite"], 7),
        ("atlas.json", &["atlas.json", "atlas.png"], 6),
        ("tiles.tsx", &["tiles.png", "tiles.tsx"], 12),
        (
            "level.tmx",
            &["icons.png", "level.tmx", "tiles.png", "tiles.tsx"],
            20,
        ),
        ("world.ldtk", &["tiles.png", "world.ldtk"], 12),
    ] {
        let out = format!("out-{name}");
        let report = scene
            .run(&format!(
                "sheet art/{name} -o {out} --model lanczos --json --no-cache"
            ))
            .exits(0)
            .json();
        assert_eq!(report["frames"], frames, "{name}");
        assert_eq!(report["scale"], 8, "{name}");
        assert_eq!(scene.listing(&out), made, "{name}");
        for image in made.iter().filter(|made| made.ends_with(".png")) {
            let bytes = |folder: &str| fs::read(scene.path(format!("{folder}/{image}"))).unwrap();
            let (width, height) = size(&bytes("art"));
            assert_eq!(size(&bytes(&out)), (8 * width, 8 * height), "{name}");
        }
    }
}

#[test]
fn nothing_is_written_over_without_force_and_inputs_never() {
    let scene = scene();
    let run = scene.run("sheet art/slime.json -o out --model nearest --scale 4");
    run.exits(0)
        .prints_nothing()
        .says(&["slime.png", "4 frames", "3 enlarged"]);
    let before = fs::read(scene.path("out/slime.json")).unwrap();
    scene
        .run("sheet art/slime.json -o out --model lanczos")
        .exits(2)
        .prints_nothing()
        .says(&["slime.json", "--force"]);
    assert_eq!(fs::read(scene.path("out/slime.json")).unwrap(), before);
    scene
        .run("sheet art/slime.json -o out --model lanczos --force")
        .exits(0);
    assert_ne!(fs::read(scene.path("out/slime.json")).unwrap(), before);
    let art = fs::read(scene.path("art/slime.png")).unwrap();
    scene
        .run("sheet art/slime.json -o art --model lanczos --force")
        .exits(2)
        .says(&["slime.json", "input"]);
    assert_eq!(fs::read(scene.path("art/slime.png")).unwrap(), art);
}

#[test]
fn files_that_lie_apart_stay_apart() {
    let scene = scene();
    let tiles = fs::read(scene.path("art/tiles.png")).unwrap();
    scene.write("game/gfx/tiles.png", tiles);
    let set = fs::read_to_string(scene.path("art/tiles.tsx")).unwrap();
    scene.write(
        "game/sets/tiles.tsx",
        set.replace("\"tiles.png\"", "\"../gfx/tiles.png\""),
    );
    scene
        .run("sheet game/sets/tiles.tsx -o out --model lanczos")
        .exits(0);
    assert_eq!(scene.listing("out"), ["gfx", "sets"]);
    let made = fs::read_to_string(scene.path("out/sets/tiles.tsx")).unwrap();
    assert!(
        made.contains("source=\"../gfx/tiles.png\" width=\"552\""),
        "{made}"
    );
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let scene = scene();
    fs::remove_file(scene.path("art/slime.png")).unwrap();
    scene
        .run("sheet art/slime.json -o out --model lanczos")
        .exits(2)
        .prints_nothing()
        .says(&["slime.png", "slime.json"]);
    scene
        .run("sheet art/nothing.json -o out --model lanczos")
        .exits(2)
        .says(&["nothing.json"]);
    scene
        .run("sheet art/LICENSE -o out --model lanczos")
        .exits(2)
        .says(&["LICENSE", "TexturePacker", "LDtk"]);
    scene
        .run("sheet art/atlas.json --cell 16x16 -o out --model lanczos")
        .exits(2)
        .says(&["--cell", "plain images"]);
    scene
        .run("sheet art/icons.png --cell 0x16 -o out")
        .exits(2)
        .says(&["16x16"]);
    scene.write(
        "art/one.png",
        png(50, 30, |x, y| [x as u8, y as u8, 0, 255]),
    );
    scene
        .run("sheet art/one.png -o out --model lanczos")
        .exits(2)
        .says(&["no grid is plain", "--cell 16x16"]);
    assert!(!scene.path("out").exists(), "nothing was written");
    scene
        .run("sheet art/icons.png -o out --model lanczos --only 0/* --only x")
        .exits(0)
        .says(&["which is a guess", "--only x matches no frame"]);
}

#[test]
fn the_network_enhances_sheets_and_the_cache_remembers() {
    let scene = scene();
    let first = scene
        .run("sheet art/slime.aseprite -o 1 --json")
        .exits(0)
        .json();
    let second = scene
        .run("sheet art/slime.aseprite -o 2 --json")
        .exits(0)
        .json();
    assert_eq!(first["model"]["name"], "textures");
    // Of the seven cels some show the same.
    assert_eq!(
        (&first["enhanced"], &first["cached"]),
        (&4.into(), &0.into())
    );
    assert_eq!(
        (&second["enhanced"], &second["cached"]),
        (&4.into(), &4.into())
    );
    let bytes = |folder: &str| fs::read(scene.path(format!("{folder}/slime.aseprite"))).unwrap();
    assert_eq!(bytes("1"), bytes("2"));
}
