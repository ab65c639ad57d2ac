//! `uncanny train`, end to end: tiny networks on a few pictures drawn here.

#![expect(
    clippy::unwrap_used,
    reason = "tests may panic; their helpers are shared"
)]

mod util;

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use uncanny_model::checkpoint;
use util::{Outcome, Scene, noise, png, vgg, zip};

/// Waves with edges: something to learn.
fn picture(seed: u32) -> Vec<u8> {
    png(128, 128, |x, y| {
        let wave = |k: f32| {
            let turn = (x as f32 * k + y as f32 * 3.0) * std::f32::consts::TAU / 128.0;
            128.0 + 80.0 * (turn + seed as f32).sin()
        };
        let edge = if (x / 16 + y / 32 + seed).is_multiple_of(3) {
            40
        } else {
            0
        };
        [
            wave(2.0) as u8 + edge,
            wave(5.0) as u8,
            wave(seed as f32) as u8,
            255,
        ]
    })
}

/// Three stages, the last with a critic. The new step is faded in to the end of its stage, so that no layer is learned
/// in one part of it and not in another.
const PFSR: &str = r#"
    name = "tiny"
    network = { architecture = "pfsr", width = 8 }
    batch = 2
    seed = 7
    average = 0.9
    betas = [0.9, 0.99]
    [data]
    train = [{ path = "train" }]
    test = ["test"]
    degrade = "chain"
    flip = true
    [critic]
    width = 8
    penalty_every = 2
    [[stage]]
    step = 1
    iterations = 14
    rate = [1e-3, 1e-3]
    losses = { l1 = 1 }
    [[stage]]
    step = 2
    fade = 1
    iterations = 14
    rate = [1e-3, 1e-3]
    losses = { l1 = 1, ssim = 0.1 }
    [[stage]]
    iterations = 14
    rate = [1e-3, 1e-4]
    losses = { l1 = 1, texture = 0.2, adversarial = 0.1 }
"#;

const RUN: &str = "train --recipe tiny.toml --device cpu --threads 1 --sample-every 7";

fn scene(recipe: &str) -> Scene {
    let scene = Scene::new();
    for seed in 0..4 {
        scene.write(format!("train/{seed}.png"), picture(seed));
    }
    for seed in 4..6 {
        scene.write(format!("test/{seed}.png"), picture(seed));
    }
    scene.write("train/broken.png", "no picture");
    scene.write("tiny.toml", recipe);
    scene.write(
        "pack.zip",
        zip(&[
            (
                "pack.mcmeta".into(),
                br#"{"pack":{"pack_format":15,"description":"A test"}}"#.to_vec(),
            ),
            ("assets/minecraft/textures/block/stone.png".into(), noise(1)),
        ]),
    );
    scene
}

/// The iterations of a file of numbers, whose lines must all be whole.
#[track_caller]
fn iterations(scene: &Scene, file: &str) -> Vec<u64> {
    let text = fs::read_to_string(scene.path(file)).unwrap();
    let mut lines = text.lines();
    let columns = lines.next().unwrap().split(',').count();
    lines
        .map(|line| {
            assert_eq!(line.split(',').count(), columns, "{line}");
            line.split(',').next().unwrap().parse().unwrap()
        })
        .collect()
}

/// Weights of a checkpoint, by name.
fn weights(scene: &Scene, file: &str) -> Vec<(String, Vec<f32>)> {
    let state = checkpoint::read(&scene.path(file)).unwrap().state;
    state
        .iter()
        .map(|(name, data)| (name.to_owned(), data.to_f32()))
        .collect()
}

#[test]
fn it_leaves_what_it_promises_and_its_network_enhances() {
    let scene = scene(PFSR);
    let run = scene.run(&format!("{RUN} --out run --json")).exits(0);
    let summary = run.json();
    run.says(&["4 pictures to train on, 2 to measure on, 1 left out"]);
    assert_eq!(summary["iterations"], 42);
    assert_eq!(summary["evaluation"]["pictures"], 2);
    assert_eq!(
        scene.listing("run"),
        [
            "evaluation.json",
            "losses.csv",
            "losses.png",
            "metrics.csv",
            "metrics.png",
            "recipe.toml",
            "samples",
            "state.safetensors",
            "tiny.safetensors",
        ]
    );
    assert_eq!(iterations(&scene, "run/losses.csv"), [20, 40]);
    assert_eq!(
        iterations(&scene, "run/metrics.csv"),
        [7, 14, 21, 28, 35, 42]
    );
    let losses = fs::read_to_string(scene.path("run/losses.csv")).unwrap();
    let filled = |line: usize| -> Vec<bool> {
        losses
            .lines()
            .nth(line)
            .unwrap()
            .split(',')
            .map(|cell| !cell.is_empty())
            .collect()
    };
    let header = losses.lines().next().unwrap().split(',');
    let names: Vec<&str> = header.collect();
    let given = |line: usize| -> Vec<&str> {
        let pairs = names.iter().zip(filled(line));
        pairs
            .filter(|(_, filled)| *filled)
            .map(|(name, _)| *name)
            .collect()
    };
    assert_eq!(given(1), ["iteration", "total", "l1", "ssim"]);
    assert_eq!(
        given(2)[2..],
        ["l1", "ssim", "texture", "adversarial", "critic", "penalty"]
    );
    let mut names: Vec<String> = (1..=6).map(|i| format!("{:07}.png", 7 * i)).collect();
    names.push("trained-on.png".to_owned());
    assert_eq!(scene.listing("run/samples"), names);
    for file in [
        "run/losses.png",
        "run/metrics.png",
        "run/samples/0000042.png",
    ] {
        let drawn = image::open(scene.path(file)).unwrap().to_rgba8();
        assert!(
            drawn.width() > 300 && drawn.pixels().any(|p| p != drawn.get_pixel(0, 0)),
            "{file}"
        );
    }
    let evaluation = fs::read_to_string(scene.path("run/evaluation.json")).unwrap();
    let evaluation: serde_json::Value = serde_json::from_str(&evaluation).unwrap();
    assert_eq!(evaluation, summary["evaluation"]);
    let models: Vec<&str> = evaluation["scores"]
        .as_array()
        .unwrap()
        .iter()
        .map(|score| score["model"].as_str().unwrap())
        .collect();
    assert_eq!(models.last(), Some(&"tiny"));
    assert!(models.len() >= 3, "{models:?}");

    // The recipe that is left trains the same; the network enhances.
    scene
        .run(&format!("{RUN} --out run"))
        .exits(2)
        .says(&["--resume", "run"]);
    scene
        .run("train --recipe run/recipe.toml --out again --threads 1 --device cpu --sample-every 42 -q")
        .exits(0);
    assert_eq!(
        weights(&scene, "run/tiny.safetensors"),
        weights(&scene, "again/tiny.safetensors")
    );
    scene
        .run("convert pack.zip -o big.zip --model run/tiny.safetensors --device cpu --threads 1")
        .exits(0);
    let out = util::unzip(&scene.path("big.zip"));
    let stone = util::file(&out, "assets/minecraft/textures/block/stone.png");
    assert_eq!(util::size(stone), (128, 128));
}

/// Faces in what has none: subjects beside portraits, and a set used in part.
#[test]
fn a_network_can_learn_to_see_faces() {
    let sources = "train = [{ path = \"train\" }]";
    let subjects =
        "train = [{ path = \"train\", prefix = \"1\" }, { path = \"things\", subject = true }]";
    let recipe = PFSR
        .replace(sources, subjects)
        .replace("\"chain\"", "\"pareidolia\"");
    assert!(recipe.contains(subjects));
    let scene = scene(&recipe);
    let plain = |tone: u8| png(128, 128, |_, _| [tone, 120, 60, 255]);
    scene.write("things/a.png", plain(200));
    scene.write("things/b.png", plain(90));
    let run = scene.run(&format!("{RUN} --out run")).exits(0);
    // One of the four portraits, and both things.
    run.says(&["3 pictures to train on"]);
    let shown = image::open(scene.path("run/samples/trained-on.png")).unwrap();
    let shown = shown.to_rgba8();
    // 24 samples below one another, and no plain thing left plain: the truth is the right half.
    assert!(shown.height() > 24 * 128, "{:?}", shown.dimensions());
    let plain = |pixel: &image::Rgba<u8>| {
        [[200, 120, 60], [90, 120, 60]].contains(&[pixel.0[0], pixel.0[1], pixel.0[2]])
    };
    assert!(shown.pixels().any(plain), "inputs are the things' own");
    let same = scene.run(&format!("{RUN} --out again -q"));
    same.exits(0);
    assert_eq!(
        weights(&scene, "run/tiny.safetensors"),
        weights(&scene, "again/tiny.safetensors")
    );
    scene.write(
        "tiny.toml",
        recipe.replace("prefix = \"1\"", "prefix = \"no\""),
    );
    scene
        .run(&format!("{RUN} --out refused"))
        .exits(2)
        .says(&["train", "begins with \"no\""]);
}

/// Killed without warning, it goes on as if nothing had been: the same network, each iteration measured once.
#[test]
fn a_killed_training_goes_on() {
    let scene = scene(PFSR);
    scene.run(&format!("{RUN} --out whole -q")).exits(0);
    let whole = weights(&scene, "whole/tiny.safetensors");
    // In the second stage, and among those with a critic.
    for least in [2, 4] {
        let out = format!("killed-{least}");
        let line = format!("{RUN} --out {out} --save-every 0");
        let mut child = scene
            .command()
            .args(line.split_whitespace())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let since = Instant::now();
        let metrics = scene.path(format!("{out}/metrics.csv"));
        let measured = || fs::read_to_string(&metrics).map_or(0, |text| text.lines().count());
        while measured() < 1 + least {
            assert!(
                child.try_wait().unwrap().is_none(),
                "it ended before it was killed"
            );
            assert!(
                since.elapsed() < Duration::from_secs(300),
                "it does not measure"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        std::thread::sleep(Duration::from_millis(150));
        child.kill().unwrap();
        assert_eq!(
            child.wait().unwrap().code(),
            None,
            "it ended before it was killed"
        );

        scene
            .run(&format!("{RUN} --out {out} --resume --seed 8"))
            .exits(2)
            .says(&["seed 7", "seed 8"]);
        let outcome: Outcome = scene.run(&format!("{RUN} --out {out} --resume"));
        outcome.exits(0).says(&["iteration 42:"]);
        assert_eq!(
            iterations(&scene, &format!("{out}/metrics.csv")),
            [7, 14, 21, 28, 35, 42]
        );
        let losses = iterations(&scene, &format!("{out}/losses.csv"));
        assert_eq!(losses, [20, 40]);
        let resumed = weights(&scene, &format!("{out}/tiny.safetensors"));
        assert_eq!(resumed.len(), whole.len());
        for ((name, found), (_, expected)) in resumed.iter().zip(&whole) {
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    (found - expected).abs() <= 1e-3,
                    "{out} {name}: {found} {expected}"
                );
            }
        }
        // Nothing is left to do: it only measures again.
        scene
            .run(&format!("{RUN} --out {out} --resume -q"))
            .exits(0);
        assert_eq!(iterations(&scene, &format!("{out}/metrics.csv")).len(), 6);
    }
}

#[test]
fn a_perceptual_loss_looks_through_vgg() {
    let recipe = r#"
        name = "tiny"
        network = { architecture = "relief", width = 8, blocks = 1 }
        batch = 2
        perceptual_batch = 1
        seed = 7
        average = 0.9
        betas = [0.9, 0.99]
        [data]
        train = [{ path = "train" }]
        test = ["test"]
        degrade = "chain"
        [[stage]]
        iterations = 20
        rate = [1e-3, 1e-3]
        losses = { perceptual = 1 }
    "#;
    let scene = scene(recipe);
    scene.write("vgg.safetensors", vgg());
    let run = "train --threads 1 --device cpu --sample-every 20 -q";
    scene
        .run(&format!("{run} --recipe tiny.toml --out run"))
        .exits(2)
        .says(&["VGG16", "--vgg"]);
    scene
        .run(&format!(
            "{run} --recipe tiny.toml --out run --vgg test/4.png"
        ))
        .exits(2)
        .says(&["4.png"]);
    scene
        .run(&format!(
            "{run} --recipe tiny.toml --out run --vgg vgg.safetensors"
        ))
        .exits(0);
    let losses = fs::read_to_string(scene.path("run/losses.csv")).unwrap();
    let (header, line) = losses.trim_end().split_once('\n').unwrap();
    let given: Vec<&str> = header
        .split(',')
        .zip(line.split(','))
        .filter_map(|(name, cell)| (!cell.is_empty()).then_some(name))
        .collect();
    assert_eq!(given, ["iteration", "total", "perceptual"]);
    // The recipe that is left names the file too, and trains the same.
    scene
        .run(&format!("{run} --recipe run/recipe.toml --out again"))
        .exits(0);
    assert_eq!(
        weights(&scene, "run/tiny.safetensors"),
        weights(&scene, "again/tiny.safetensors")
    );
}

/// Relief, with a critic of patches that sees the input; half of the samples from pairs, whose small halves are red.
#[test]
fn relief_trains_on_pairs() {
    let recipe = r#"
        name = "tiny"
        network = { architecture = "relief", width = 8, blocks = 1 }
        batch = 2
        seed = 7
        average = 0.9
        betas = [0.9, 0.99]
        [data]
        train = [{ path = "train", weight = 1 }, { path = "pairs", weight = 1 }]
        test = ["pairs"]
        degrade = "mixed"
        quarter_turns = true
        wrap = true
        [critic]
        width = 8
        patches = true
        conditional = true
        [[stage]]
        iterations = 20
        rate = [1e-3, 1e-3]
        losses = { l1 = 1 }
        [[stage]]
        iterations = 4
        rate = [1e-3, 1e-4]
        losses = { l1 = 1, adversarial = 0.1 }
    "#;
    let scene = scene(recipe);
    for i in 0..2 {
        scene.write(
            format!("pairs/{i}_hi.png"),
            png(128, 128, |x, _| [20, x as u8, 200, 255]),
        );
        scene.write(
            format!("pairs/{i}_lo.png"),
            png(16, 16, |_, _| [255, 0, 0, 255]),
        );
    }
    scene
        .run("train --recipe tiny.toml --out run --threads 1 --device cpu --sample-every 12")
        .exits(0)
        .says(&["6 pictures to train on, 2 to measure on, 1 left out"]);
    assert_eq!(iterations(&scene, "run/metrics.csv"), [12, 24]);
    let sheet = image::open(scene.path("run/samples/0000024.png"))
        .unwrap()
        .to_rgb8();
    let red = sheet
        .pixels()
        .filter(|pixel| pixel.0 == [255, 0, 0])
        .count();
    assert!(
        red >= 2 * 128 * 128,
        "the input shown is the pair's own: {red}"
    );
    scene
        .run("convert pack.zip -o big.zip --model run/tiny.safetensors --device cpu --threads 1")
        .exits(0);
    let out = util::unzip(&scene.path("big.zip"));
    assert_eq!(
        util::size(util::file(
            &out,
            "assets/minecraft/textures/block/stone.png"
        )),
        (128, 128)
    );
}

/// At a rate of 0 nothing is learned: what comes out is what it was started with, whatever judged it.
#[test]
fn a_training_starts_from_a_checkpoint() {
    let recipe = r#"
        name = "tiny"
        network = { architecture = "relief", width = 8, blocks = 1 }
        batch = 2
        seed = 7
        average = 0.9
        betas = [0.9, 0.99]
        [data]
        train = [{ path = "train" }]
        test = ["test"]
        degrade = "mixed"
        [critic]
        game = "logistic"
        width = 8
        conditional = true
        penalty_every = 4
        [[stage]]
        iterations = 20
        rate = [RATE, RATE]
        losses = { l1 = 1, grid = 1, grain = 1, adversarial = 0.1, features = 0.5, statistics = 0.5 }
    "#;
    let scene = scene(&recipe.replace("RATE", "1e-3"));
    scene.write("still.toml", recipe.replace("RATE", "0"));
    scene.run(&format!("{RUN} --out first")).exits(0);
    let still = RUN.replace("tiny.toml", "still.toml");
    let started = format!("{still} --start first/tiny.safetensors --out second");
    scene.run(&started).exits(0);
    scene.run(&format!("{still} --out other")).exits(0);
    let first = weights(&scene, "first/tiny.safetensors");
    assert_eq!(weights(&scene, "second/tiny.safetensors"), first);
    assert_ne!(weights(&scene, "other/tiny.safetensors"), first);

    let losses = fs::read_to_string(scene.path("first/losses.csv")).unwrap();
    let names: Vec<&str> = losses.lines().next().unwrap().split(',').collect();
    let values: Vec<&str> = losses.lines().last().unwrap().split(',').collect();
    for term in [
        "l1",
        "grid",
        "grain",
        "adversarial",
        "features",
        "statistics",
        "critic",
        "penalty",
    ] {
        let at = names.iter().position(|name| *name == term).unwrap();
        assert!(values[at].parse::<f64>().unwrap() > 0.0, "{term}: {losses}");
    }

    let wide = recipe.replace("width = 8, blocks", "width = 16, blocks");
    scene.write("wide.toml", wide.replace("RATE", "0"));
    scene
        .run("train --recipe wide.toml --start first/tiny.safetensors --out third --device cpu")
        .exits(2)
        .says(&["has the shape", "expected [16]"]);
    assert!(!scene.path("third").exists(), "nothing is left");
}

/// The finest noise is as strong as the recipe says; the training is the same.
#[test]
fn grain_is_closed_at_first_and_opens_as_it_learns() {
    let recipe = r#"
        name = "tiny"
        network = { architecture = "relief", width = 8, blocks = 1, grain = true }
        batch = 2
        seed = 7
        average = 0.9
        betas = [0.9, 0.99]
        finest_grain = FINEST
        [data]
        train = [{ path = "train" }]
        test = ["test"]
        degrade = "mixed"
        [[stage]]
        iterations = 20
        rate = [RATE, RATE]
        losses = { l1 = 1, detail = 1 }
    "#;
    let scene = scene(recipe);
    let gates = |name: &str, rate: &str, finest: &str| {
        let text = recipe.replace("RATE", rate).replace("FINEST", finest);
        scene.write(format!("{name}.toml"), text);
        let run = RUN.replace("tiny.toml", &format!("{name}.toml"));
        scene.run(&format!("{run} --out {name}")).exits(0);
        let mut gates = weights(&scene, &format!("{name}/tiny.safetensors"));
        gates.retain(|(name, _)| name.contains("grain"));
        assert_eq!(gates.len(), 6);
        gates
    };
    let closed = gates("closed", "0", "1");
    assert!(
        closed
            .iter()
            .all(|(_, values)| values.iter().all(|gate| *gate == 0.0))
    );
    let open = gates("open", "1e-2", "1");
    assert!(
        open.iter()
            .all(|(_, values)| values.iter().any(|gate| *gate != 0.0))
    );
    let mut expected = open;
    for (name, values) in &mut expected {
        if name.starts_with("up.2.") {
            values.iter_mut().for_each(|gate| *gate *= 2.0);
        }
    }
    assert_eq!(gates("strong", "1e-2", "2"), expected);
}

/// A network that was trained without a finish gets one that adds nothing yet.
#[test]
fn a_finish_can_be_added_to_a_checkpoint() {
    let recipe = |network: &str, rate: &str| {
        format!(
            r#"
            name = "tiny"
            network = {{ architecture = "pfsr", width = 8{network} }}
            batch = 2
            seed = 7
            average = 0.9
            betas = [0.9, 0.99]
            [data]
            train = [{{ path = "train" }}]
            test = ["test"]
            degrade = "chain"
            [[stage]]
            iterations = 6
            rate = [{rate}, {rate}]
            losses = {{ l1 = 1 }}
            "#
        )
    };
    let scene = scene(&recipe("", "1e-3"));
    scene.write("still.toml", recipe(", finish = true", "0"));
    scene.write("learning.toml", recipe(", finish = true", "1e-2"));
    scene.run(&format!("{RUN} --out plain")).exits(0);
    for name in ["still", "learning"] {
        let run = RUN.replace("tiny.toml", &format!("{name}.toml"));
        scene
            .run(&format!(
                "{run} --start plain/tiny.safetensors --out {name}"
            ))
            .exits(0);
    }
    // Norms follow what they see, whatever the rate.
    let learned = |name: &str| {
        let mut all = weights(&scene, &format!("{name}/tiny.safetensors"));
        all.retain(|(name, _)| !name.contains("running") && !name.contains("num_batches"));
        all.into_iter()
            .partition::<Vec<_>, _>(|(name, _)| name.starts_with("finish."))
    };
    let ((none, before), (finish, after)) = (learned("plain"), learned("still"));
    assert!(none.is_empty() && before == after);
    assert_eq!(finish.len(), 4);
    let adds = |finish: &[(String, Vec<f32>)]| {
        let last = finish
            .iter()
            .find(|(name, _)| name == "finish.conv_1.weight");
        last.unwrap().1.iter().any(|weight| *weight != 0.0)
    };
    assert!(!adds(&finish) && adds(&learned("learning").0));

    let frozen =
        recipe(", finish = true", "0").replace("iterations", "frozen_norms = true\niterations");
    scene.write("frozen.toml", frozen);
    let run = RUN.replace("tiny.toml", "frozen.toml");
    let start = "--start still/tiny.safetensors --out frozen";
    scene.run(&format!("{run} {start}")).exits(0);
    let all = |name: &str| weights(&scene, &format!("{name}/tiny.safetensors"));
    assert_eq!(all("frozen"), all("still"));
    assert_ne!(
        all("plain")[..],
        all("still")[4..],
        "norms follow what they see"
    );
}

/// At a rate of 0, a network that is its own teacher is blamed for nothing, since the pictures are not its truth.
#[test]
fn a_stage_with_a_teacher_learns_its_pictures_and_not_the_truth() {
    let recipe = |told: &str| {
        format!(
            r#"
            name = "tiny"
            network = {{ architecture = "relief", width = 8, blocks = 1 }}
            batch = 2
            seed = 7
            average = 0.9
            betas = [0.9, 0.99]
            {told}
            iterations = 20
            rate = [0, 0]
            losses = {{ l1 = 1, lattice = 1 }}
            [data]
            train = [{{ path = "train" }}]
            test = ["test"]
            degrade = "mixed"
            "#
        )
    };
    let alone = recipe("[[stage]]");
    let taught = "teacher = \"runs/alone/tiny.safetensors\"\n[[stage]]\nteacher = true";
    let scene = scene(&alone);
    scene.write("taught.toml", recipe(taught));
    let nobody = recipe("[[stage]]\nteacher = true");
    scene.write("nobody.toml", nobody);
    scene.run(&format!("{RUN} --out runs/alone")).exits(0);
    let loss = |folder: &str, name: &str| -> f64 {
        let losses = fs::read_to_string(scene.path(format!("{folder}/losses.csv"))).unwrap();
        let mut lines = losses.lines().map(|line| line.split(','));
        let at = lines
            .next()
            .unwrap()
            .position(|found| found == name)
            .unwrap();
        lines.next().unwrap().nth(at).unwrap().parse().unwrap()
    };
    let l1 = |folder: &str| loss(folder, "l1");
    let run = RUN.replace("tiny.toml", "taught.toml");
    let start = "--start runs/alone/tiny.safetensors";
    scene.run(&format!("{run} {start} --out taught")).exits(0);
    let (without, with) = (l1("runs/alone"), l1("taught"));
    assert!(without > 0.05 && with < 0.01, "{without} {with}");
    // But a lattice is what the picture has not.
    let (without, with) = (loss("runs/alone", "lattice"), loss("taught", "lattice"));
    assert!(
        without > 1e-4 && (with - without).abs() < 0.01 * without,
        "{without} {with}"
    );

    // Another than the recipe's, by its name; and some that cannot teach.
    scene
        .run(&format!("{run} {start} --teacher textures --out other"))
        .exits(0);
    assert!(l1("other") > 0.02);
    let left = fs::read_to_string(scene.path("other/recipe.toml")).unwrap();
    assert!(left.contains(r#"teacher = "textures""#), "{left}");
    scene
        .run(&format!("{RUN} --teacher textures --out unmoved"))
        .exits(0)
        .says(&["--teacher changes nothing"]);
    let compact = util::root().join("tests/fixtures/compact/4x.pth");
    for (teacher, says) in [
        (compact.to_str().unwrap(), "enlarges 4"),
        ("lanczos", "--teacher"),
        ("no-such", "no-such"),
    ] {
        scene
            .run(&format!("{run} --teacher {teacher} --out refused"))
            .exits(2)
            .says(&[says]);
    }
    let run = RUN.replace("tiny.toml", "nobody.toml");
    scene
        .run(&format!("{run} --out refused"))
        .exits(2)
        .says(&["stage.teacher", "names a teacher"]);
    assert!(!scene.path("refused").exists(), "nothing is left");
}

#[test]
fn what_cannot_be_trained_says_why() {
    let scene = scene(&PFSR.replace("l1 = 1, texture", "heatmap = 1, texture"));
    for (arguments, says) in [
        ("train --out run", "pictures"),
        ("train --recipe tiny.toml --out run", "--landmarks"),
        (
            "train --recipe faces --out run",
            "compressed_model_011000.safetensors",
        ),
        (
            "train train --recipe faces --out run",
            "compressed_model_011000.safetensors",
        ),
        (
            "train train --recipe faces --landmarks train/0.png --out run",
            "train/0.png",
        ),
        ("train --recipe textures --out run", "tex128_train.tar"),
        ("train --recipe no-such --out run", "no-such"),
        ("train train --width 12 --out run", "multiple of 8"),
        ("train train --batch 1 --out run", "batch"),
    ] {
        let outcome = scene.run(arguments).exits(2).prints_nothing().says(&[says]);
        assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
    }
    assert!(!scene.path("run").exists(), "nothing is left");
}
