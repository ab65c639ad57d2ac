//! `uncanny dream`, `uncanny judge` and `convert --dream`, end to end, on pictures drawn here.

#![expect(
    clippy::unwrap_used,
    reason = "tests say what they skip and may panic; their helpers are shared"
)]

mod util;

use std::fs;

use image::RgbaImage;
use serde_json::Value;
use util::{Scene, noise, png, size, small_pack, unzip, zip};

/// Two eyes and a mouth on a disc: transparent around.
fn smiley() -> Vec<u8> {
    png(128, 128, |x, y| {
        let at = |cx: f32, cy: f32, rx: f32, ry: f32| {
            ((x as f32 - cx) / rx).powi(2) + ((y as f32 - cy) / ry).powi(2) < 1.0
        };
        if at(46.0, 54.0, 8.0, 10.0) || at(82.0, 54.0, 8.0, 10.0) || at(64.0, 88.0, 24.0, 8.0) {
            [90, 40, 30, 255]
        } else if at(64.0, 64.0, 60.0, 60.0) {
            [240, 190, 150, 255]
        } else {
            [0, 0, 0, 0]
        }
    })
}

fn read(scene: &Scene, name: &str) -> RgbaImage {
    image::open(scene.path(name)).unwrap().into_rgba8()
}

const QUICK: &str = "--tries 3 --iterations 2 --threads 1 --device cpu";

#[test]
fn it_leaves_pictures_recipes_and_a_sheet_and_makes_them_again() {
    let scene = Scene::new();
    scene.write("in/smiley.png", smiley());
    scene.write("in/deep/noise.png", noise(3));
    scene.write("in/broken.png", b"no picture");
    let run = format!("dream in -o out {QUICK} --grid look.png");
    // One file is no picture; the others are made.
    let outcome = scene.run(&format!("{run} --json")).exits(1);
    let found = outcome.json();
    let found = found.as_array().unwrap();
    assert_eq!(found.len(), 2);
    let scores: Vec<f64> = found
        .iter()
        .map(|found| found["recipe"]["score"].as_f64().unwrap())
        .collect();
    assert!(scores[0] >= scores[1], "the most face-like first");
    for found in found {
        let plain = found["plain_score"].as_f64().unwrap();
        let best = found["recipe"]["score"].as_f64().unwrap();
        assert!((0.0..=best).contains(&plain) && best <= 1.0);
    }
    for name in ["smiley.png", "deep/noise.png"] {
        assert_eq!(
            read(&scene, &format!("out/{name}")).dimensions(),
            (128, 128)
        );
    }
    // It is still cut out.
    let smiley = read(&scene, "out/smiley.png");
    assert_eq!(
        (smiley.get_pixel(0, 0).0[3], smiley.get_pixel(64, 64).0[3]),
        (0, 255)
    );
    assert_eq!(
        fs::read(scene.path("out/sheet.png")).unwrap(),
        fs::read(scene.path("look.png")).unwrap()
    );
    let page = fs::read_to_string(scene.path("out/report.html")).unwrap();
    assert!(page.contains("smiley") && page.contains("deep/noise"));
    // Three pictures a row.
    assert_eq!(read(&scene, "look.png").width() / 132, 3);

    // From the recipe alone, bit for bit.
    let recipe: Value =
        serde_json::from_slice(&fs::read(scene.path("out/smiley.json")).unwrap()).unwrap();
    assert_eq!(recipe["model"], "uncanny");
    let again = "dream --recipe out/smiley.json --recipe out/deep/noise.json -o again --threads 1";
    let outcome = scene.run(again).exits(0);
    assert!(
        !outcome.stderr.contains("something else"),
        "{}",
        outcome.stderr
    );
    for (first, second) in [("smiley", "smiley"), ("deep/noise", "noise")] {
        let bytes = |folder: &str, name: &str| {
            fs::read(scene.path(format!("{folder}/{name}.png"))).unwrap()
        };
        assert!(bytes("out", first) == bytes("again", second), "{first}");
    }

    // The whole search again finds the same.
    scene.run(&format!("dream in -o twice {QUICK} -q")).exits(1);
    for name in ["smiley.json", "deep/noise.json", "smiley.png"] {
        let bytes = |folder: &str| fs::read(scene.path(format!("{folder}/{name}"))).unwrap();
        assert!(bytes("out") == bytes("twice"), "{name}");
    }

    // Another input than the recipe's is said.
    scene.write("other/smiley.png", noise(9));
    scene
        .run("dream other --recipe out/smiley.json -o third --threads 1")
        .exits(0)
        .says(&["is not the picture that it was"]);
}

#[test]
fn nothing_is_replaced_and_what_cannot_be_is_said() {
    let scene = Scene::new();
    scene.write("a.png", noise(1));
    scene.write("out/a.png", b"mine");
    let run = format!("dream a.png -o out {QUICK} --model lanczos");
    scene.run(&run).exits(2).says(&["a.png", "--force"]);
    assert_eq!(fs::read(scene.path("out/a.png")).unwrap(), b"mine");
    assert_eq!(scene.listing("out"), ["a.png"], "nothing else was begun");
    scene
        .run(&format!("{run} --force"))
        .exits(0)
        .prints_nothing();
    assert_eq!(
        size(&fs::read(scene.path("out/a.png")).unwrap()),
        (128, 128)
    );
    scene
        .run(&format!("{run} --force --pick cat"))
        .exits(2)
        .says(&["cat"]);
    scene
        .run(&format!("dream nowhere -o x {QUICK}"))
        .exits(2)
        .says(&["nowhere"]);
    scene.run("dream -o x").exits(2);
    scene.write("bad.json", r#"{"uncanny": "0.1.0", "wings": 2}"#);
    scene
        .run("dream --recipe bad.json -o x")
        .exits(2)
        .says(&["bad.json", "wings", "line 1"]);
}

#[test]
fn hostile_names_stay_in_the_folder() {
    let scene = Scene::new();
    let files = vec![
        ("../../escaped.png".to_owned(), noise(2)),
        ("/top.png".to_owned(), noise(3)),
    ];
    scene.write("evil.zip", zip(&files));
    scene
        .run(&format!(
            "dream evil.zip -o deep/out {QUICK} --model lanczos"
        ))
        .exits(0);
    assert_eq!(scene.listing("deep"), ["out"]);
    let made = scene.listing("deep/out");
    assert!(made.contains(&"escaped.png".to_owned()) && made.contains(&"top.png".to_owned()));
    assert!(!scene.listing("").contains(&"escaped.png".to_owned()));
}

#[test]
fn a_pack_dreams_the_same_twice_and_from_the_cache() {
    let scene = Scene::new();
    scene.write("in.zip", zip(&small_pack()));
    let run = "convert in.zip --only textures/block/stone.png --only textures/block/fern.png \
               --dream 2 --iterations 2 --fidelity 0 --threads 1 --json -o";
    let hits = |outcome: &util::Outcome| outcome.json()["cache_hits"].as_u64().unwrap();
    let first = scene.run(&format!("{run} a.zip")).exits(0);
    let second = scene.run(&format!("{run} b.zip")).exits(0);
    let fresh = scene.run(&format!("{run} c.zip --no-cache")).exits(0);
    assert_eq!((hits(&first), hits(&second), hits(&fresh)), (0, 2, 0));
    let bytes = |name: &str| fs::read(scene.path(name)).unwrap();
    assert!(bytes("a.zip") == bytes("b.zip") && bytes("a.zip") == bytes("c.zip"));
    // The setting in a file does the same.
    scene.write("uncanny.toml", "dream = 2\niterations = 2\nfidelity = 0\n");
    let run = run.replace("--dream 2 --iterations 2 --fidelity 0", "");
    let third = scene.run(&format!("{run} d.zip")).exits(0);
    assert_eq!(hits(&third), 2);
    assert!(bytes("a.zip") == bytes("d.zip"));
    assert_eq!(unzip(&scene.path("a.zip")).len(), small_pack().len());
}

#[test]
fn the_judge_scores_pictures_and_ranks_sets() {
    let scene = Scene::new();
    scene.write("face/smiley.png", smiley());
    for seed in 0..3 {
        scene.write(format!("other/{seed}.png"), noise(seed));
    }
    let scores = scene
        .run("judge face other --json --threads 1")
        .exits(0)
        .json();
    let scores = scores.as_array().unwrap();
    assert_eq!(scores.len(), 4);
    let (mut faces, mut others) = (Vec::new(), Vec::new());
    for row in scores {
        let score = row["score"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&score), "{score}");
        let face = row["name"].as_str().unwrap().contains("smiley");
        if face { &mut faces } else { &mut others }.push(score);
    }
    let [face] = faces[..] else {
        panic!("one smiley: {scores:?}");
    };
    let ranked = scene
        .run("judge face --against other --blur 20 --json --threads 1")
        .exits(0)
        .json();
    let ranked = ranked.as_array().unwrap();
    assert_eq!(ranked.len(), 2);
    assert_eq!(
        (&ranked[0]["above"], ranked[0]["pictures"].as_u64()),
        (&Value::from("other"), Some(3))
    );
    // Of one face, the share of the others that score less.
    let below = others.iter().filter(|other| **other < face).count();
    let auc = ranked[0]["auc"].as_f64().unwrap();
    assert!((auc - below as f64 / 3.0).abs() < 1e-9, "{auc}: {scores:?}");
    scene
        .run("judge face --judge face/smiley.png")
        .exits(2)
        .says(&["smiley.png"]);
}

/// The card's figures, where the data lies beside the repository.
#[test]
fn held_out_faces_rank_above_textures_emoji_and_blurred_faces() {
    let data = util::root().join("../shared/data");
    if !data.is_dir() {
        eprintln!("skipped: no ../shared/data");
        return;
    }
    let scene = Scene::new();
    let at = |name: &str| data.join(name).display().to_string();
    let outcome = scene
        .run_with(&[
            "judge",
            &at("faces128_test.tar"),
            "--against",
            &at("tex128_test.tar"),
            "--against",
            &at("noto128_test.tar"),
            "--blur",
            "2,4",
            "--json",
            "--threads",
            "1",
        ])
        .exits(0);
    let ranked = outcome.json();
    let rows: Vec<(u64, f64)> = ranked
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["pictures"].as_u64().unwrap(),
                row["auc"].as_f64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        rows.iter().map(|row| row.0).collect::<Vec<_>>(),
        [300, 120, 210, 210]
    );
    assert!(rows.iter().all(|row| row.1 > 0.98), "{rows:?}");
}

#[test]
fn a_judge_can_be_trained() {
    let scene = Scene::new();
    for seed in 0..4 {
        scene.write(format!("faces/{seed}.png"), smiley());
        let tone = 40 * seed as u8;
        let other = png(128, 128, |x, y| [(x * 2) as u8, (y * 2) as u8, tone, 255]);
        scene.write(format!("others/{seed}.png"), other);
    }
    let recipe = r#"
kind = "judge"
name = "mine"
width = 1
batch = 4
iterations = 3
rate = [1e-3, 1e-4]
average = 0.5
seed = 1
model = "lanczos"
painted_faces = 2
painted_others = 2
rounds = 2
faces = ["faces"]
others = ["others"]
"#;
    scene.write("mine.toml", recipe);
    let run = "train --recipe mine.toml --threads 1 --device cpu";
    scene
        .run(&format!("{run} --out a -q"))
        .exits(0)
        .prints_nothing();
    let made = scene.run(&format!("{run} --out b --json")).exits(0).json();
    assert_eq!(made["iterations"], 3);
    let bytes = |name: &str| fs::read(scene.path(name)).unwrap();
    assert!(
        bytes("a/mine.safetensors") == bytes("b/mine.safetensors"),
        "the same seed"
    );
    scene.run("judge faces --judge a/mine.safetensors").exits(0);
    let wrong = recipe.replace("rounds = 2", "rounds = 0");
    scene.write("wrong.toml", wrong);
    scene
        .run("train --recipe wrong.toml --out c")
        .exits(2)
        .says(&["rounds", "1 to 16"]);
    scene
        .run("train --recipe judge --out d --root nowhere")
        .exits(2)
        .says(&["nowhere"]);
}
