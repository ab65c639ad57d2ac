//! Every command but `convert`, and what all of them share.

#![allow(clippy::unwrap_used, reason = "the helpers of tests may panic")]

mod util;

use std::io::Read as _;
use std::process::Stdio;

use util::{Scene, large_pack, small_pack, zip};

const COMMANDS: [&str; 11] = [
    "convert",
    "plan",
    "sheet",
    "grid",
    "serve",
    "models",
    "train",
    "eval",
    "doctor",
    "cache",
    "completions",
];

#[test]
fn help_explains_every_command() {
    let scene = Scene::new();
    let help = scene.run("--help").exits(0);
    for command in COMMANDS {
        assert!(
            help.stdout.contains(&format!("\n  {command} ")),
            "{command}\n{}",
            help.stdout
        );
        let own = scene.run(&format!("{command} --help")).exits(0);
        assert!(own.stdout.contains("Usage: uncanny"), "{}", own.stdout);
        assert!(own.stdout.contains("Examples:"), "{command} has no example");
        assert!(own.stdout.len() > help.stdout.len() / 4);
    }
    for heading in [
        "Enhance:",
        "Models:",
        "Train and evaluate:",
        "Maintenance:",
        "Examples:",
    ] {
        assert!(help.stdout.contains(heading), "{heading}");
    }
}

#[test]
fn what_cannot_be_understood_is_refused() {
    let scene = Scene::new();
    for (arguments, says) in [
        ("", "Usage"),
        ("convert", "<IN>"),
        ("enhance a.zip", "enhance"),
        ("convert a.zip --fidelity 2", "from 0 to 1"),
        ("convert a.zip --scale 0", "--scale"),
        ("convert a.zip --iterations 0", "1..=16"),
        ("convert a.zip --device gpu", "cuda:N"),
        ("convert a.zip --threads 0", "from 1 to 1024"),
        ("convert a.zip --threads 100000", "from 1 to 1024"),
        ("convert a.zip --batch 100000", "from 1 to 4096"),
        ("convert a.zip --max-size 4000000000", "not in 1..=65536"),
        ("watch a --threads 100000", "from 1 to 1024"),
        ("image a.png -o b.png --threads 100000", "from 1 to 1024"),
        ("image a.png -o b.png --batch 100000", "from 1 to 4096"),
        ("zoom a.png -o b.gif --threads 100000", "from 1 to 1024"),
        ("video a.gif -o b.gif --batch 100000", "from 1 to 4096"),
        ("sheet a.png -o b --threads 100000", "from 1 to 1024"),
        ("sheet a.png -o b --margin 4294967295", "not in 0..=65536"),
        ("sheet a.png -o b --spacing 4294967295", "not in 0..=65536"),
        ("dream a.png -o b --threads 100000", "from 1 to 1024"),
        ("grid a -o b.png --threads 100000", "from 1 to 1024"),
        ("grid a -o b.png --abreast 100000", "from 1 to 1000"),
        ("eval a --threads 100000", "from 1 to 1024"),
        ("eval a --batch 100000", "from 1 to 4096"),
        ("eval a --rows 100000", "from 1 to 10000"),
        ("judge a b --threads 100000", "from 1 to 1024"),
        ("serve --threads 100000", "from 1 to 1024"),
        ("train a --out b --threads 100000", "from 1 to 1024"),
        ("serve --trust-torchscript", "unexpected argument"),
        ("train a --out b --trust-torchscript", "unexpected argument"),
        ("convert a.zip -q -v", "cannot be used with"),
        ("completions tcsh", "possible values"),
    ] {
        scene.run(arguments).exits(2).prints_nothing().says(&[says]);
    }
    assert!(
        scene
            .run("--version")
            .exits(0)
            .stdout
            .starts_with("uncanny 0.")
    );
}

#[test]
fn completions_for_every_shell() {
    let scene = Scene::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = scene.run(&format!("completions {shell}")).exits(0).stdout;
        assert!(script.contains("uncanny"), "{shell}");
        for command in COMMANDS {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
}

#[test]
fn a_plan_is_a_table_or_json() {
    let scene = Scene::new();
    scene.write("pack.zip", zip(&small_pack()));
    let table = scene.run("plan pack.zip --model nearest").exits(0).stdout;
    assert!(table.starts_with("PATH"), "{table}");
    assert!(
        table.contains("16x16 -> 128x128") && table.contains("16x64 -> 128x512"),
        "{table}"
    );
    assert!(table.contains("to copy"), "{table}");

    let plan = scene
        .run("plan pack.zip --model lanczos --json")
        .exits(0)
        .json();
    let rows = plan["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 7, "six textures and a sidecar");
    let row = |end: &str| {
        rows.iter()
            .find(|row| row["name"].as_str().unwrap().ends_with(end))
            .unwrap()
    };
    assert_eq!(row("stone.png")["action"], "enhance");
    assert_eq!(row("stone.png")["size_in"], serde_json::json!([16, 16]));
    assert_eq!(row("stone.png")["size_out"], serde_json::json!([128, 128]));
    assert_eq!(row("magma.png")["frames"], 4);
    assert_eq!(row("magma.png.mcmeta")["action"], "rewrite");
    assert_eq!(row("grass.png")["action"], "copy");
    assert!(
        rows.iter()
            .all(|row| !row["why"].as_str().unwrap().is_empty())
    );

    assert_eq!(scene.listing(""), ["pack.zip"], "a plan writes nothing");
    let only = scene
        .run("plan pack.zip --model nearest --only **/stone.png --json")
        .exits(0)
        .json();
    let touched: Vec<_> = only["rows"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["action"] == "nearest")
        .collect();
    assert_eq!(touched.len(), 1);
}

#[test]
fn a_reader_that_stops_early_is_no_failure() {
    let scene = Scene::new();
    // More rows than a pipe holds.
    scene.write("pack.zip", zip(&large_pack(1500)));
    let mut child = scene
        .command()
        .args(["plan", "pack.zip", "--model", "nearest"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 4];
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut first).unwrap();
    drop(out);
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn doctor_says_what_is_here() {
    let scene = Scene::new();
    let text = scene.run("doctor");
    assert!(matches!(text.code, Some(0 | 1)), "{text:?}");
    for part in ["uncanny", "libtorch", "threads", "cpu", "faces", "cache"] {
        assert!(text.stdout.contains(part), "{part}: {}", text.stdout);
    }
    let run = scene.run("doctor --json");
    let json = run.json();
    assert_eq!(json["uncanny"], env!("CARGO_PKG_VERSION"));
    assert!(json["machine"]["cores"].as_u64().unwrap() >= 1);
    assert!(
        json["models"]
            .as_array()
            .unwrap()
            .iter()
            .any(|model| model["name"] == "faces")
    );
    let problems = json["problems"].as_array().unwrap();
    assert_eq!(
        run.code,
        Some(i32::from(!problems.is_empty())),
        "{problems:?}"
    );
    for problem in problems {
        assert!(!problem["remedy"].as_str().unwrap().is_empty());
    }
    assert_eq!(
        scene.listing(""),
        Vec::<String>::new(),
        "looking leaves nothing behind"
    );
}

#[test]
fn doctor_finds_broken_settings_and_a_cache_in_the_way() {
    let scene = Scene::new();
    scene.write("uncanny.toml", "modle = 'faces'\n");
    scene.write("cache", "a file where the folder should be");
    let run = scene.run("doctor --json").exits(1);
    let problems = run.json()["problems"].to_string();
    assert!(
        problems.contains("modle") && problems.contains("--cache-dir"),
        "{problems}"
    );
}

#[test]
fn the_cache_can_be_looked_at_and_emptied() {
    let scene = Scene::new();
    assert_eq!(
        scene.run("cache dir").exits(0).stdout.trim(),
        scene.path("cache").to_str().unwrap()
    );
    assert_eq!(
        scene.run("cache size").exits(0).stdout,
        "0 textures, 0 bytes\n"
    );
    scene.write("pack.zip", zip(&small_pack()));
    scene
        .run("convert pack.zip --model nearest --only **/stone.png")
        .exits(0);
    scene
        .run("convert pack.zip --model lanczos --force")
        .exits(0);
    let full = scene.run("cache size").exits(0).stdout;
    assert_ne!(full, "0 textures, 0 bytes\n");
    scene.write("cache/mine.txt", "not the cache's");
    scene.run("cache clear").exits(0);
    assert_eq!(
        scene.run("cache size").exits(0).stdout,
        "0 textures, 0 bytes\n"
    );
    assert_eq!(scene.listing("cache"), ["mine.txt"]);
}

#[test]
fn errors_in_settings_point_at_the_place() {
    let scene = Scene::new();
    scene.write("pack.zip", zip(&small_pack()));
    scene.write(
        "uncanny.toml",
        "model = 'nearest'\n\n[[rule]]\nmatch = '**'\ncolour = 'red'\n",
    );
    for command in ["convert", "plan"] {
        let run = scene
            .run(&format!("{command} pack.zip"))
            .exits(2)
            .prints_nothing();
        run.says(&[
            "uncanny.toml:5:1",
            "unknown field `colour`",
            "colour = 'red'",
        ]);
    }
    scene.write("other.toml", "fidelity = 3\n");
    scene
        .run("plan pack.zip --config other.toml")
        .exits(2)
        .says(&["other.toml:1:12", "fidelity"]);
    scene
        .run("plan pack.zip --config none.toml")
        .exits(2)
        .says(&["none.toml"]);
    assert_eq!(
        scene.listing(""),
        ["other.toml", "pack.zip", "uncanny.toml"]
    );
}

#[test]
fn an_unknown_model_is_answered_with_those_there_are() {
    let scene = Scene::new();
    scene.write("pack.zip", zip(&small_pack()));
    let run = scene.run("convert pack.zip --model facez").exits(2);
    run.says(&["facez", "faces", "lanczos", "nearest", "checkpoint"]);
    scene
        .run("convert pack.zip --model lanczos --device cuda:99")
        .exits(0);
    scene
        .run("convert pack.zip -f --model faces --device cuda:99")
        .exits(2)
        .says(&["cuda:99", "--device auto"]);
}

#[test]
fn training_refuses_what_it_cannot_use() {
    let scene = Scene::new();
    scene.write("pictures/small.png", util::noise(1));
    scene
        .run("train pictures --out run")
        .exits(2)
        .says(&["128x128"]);
    scene
        .run("train pictures --out run --width 9")
        .exits(2)
        .says(&["width 9", "multiple of 8"]);
    scene
        .run("train pictures --out run --iterations 18446744073709551615")
        .exits(2)
        .says(&["--iterations", "1000000000"]);
    scene
        .run("train --out run --recipe none.toml")
        .exits(2)
        .says(&["none.toml"]);
    scene.write("bad.toml", "name = 'x'\nbatches = 3\n");
    scene
        .run("train --out run --recipe bad.toml")
        .exits(2)
        .says(&["bad.toml", "batches", "line 2"]);
    scene
        .run("train pictures --out run --recipe faces --landmarks pictures/small.png")
        .exits(2)
        .says(&["small.png"]);
    let lost = scene
        .run("train nowhere --out run")
        .exits(2)
        .says(&["failed to read nowhere"]);
    assert_eq!(
        lost.stderr.matches("read nowhere").count(),
        1,
        "{}",
        lost.stderr
    );
    scene
        .run("train pictures --out run --device cuda:99")
        .exits(2)
        .says(&["cuda:99", "help: `--device auto`"]);
}
