//! Inputs that are no files: a device without an end, a pipe that nobody writes into, a folder where a file is wanted. Each
//! is refused, soon, by its name.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "the helpers of tests may panic")]

mod util;

use std::fs::File;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use util::{Outcome, Scene, png, small_pack, zip};

/// Every kind of input, as a command line in which IN stands for it, and whether a folder is one.
const INPUTS: [(&str, bool); 26] = [
    ("convert IN -o out", true),
    ("plan IN", true),
    ("convert pack.zip -o out --model IN", false),
    ("convert pack.zip -o out --config IN", false),
    ("plan pack.zip --model IN", false),
    ("image IN -o out.png", true),
    ("image dot.png -o out.png --model IN", false),
    ("zoom IN -o out.gif", false),
    ("video IN -o out.gif", false),
    ("sheet IN -o out", false),
    ("watch IN -o out", true),
    ("models show IN", false),
    ("models add IN --name mine", false),
    ("train IN --out run", true),
    ("train data --out run --recipe IN", false),
    ("train data --out run --start IN", false),
    ("train data --out run --landmarks IN", false),
    ("train data --out run --recipe textures --teacher IN", false),
    ("eval IN", true),
    ("eval data --model IN", false),
    ("dream IN -o out", true),
    ("dream -o out --recipe IN", false),
    ("grid IN -o out.png", true),
    ("grid data -o out.png --model IN", false),
    ("judge IN", true),
    ("serve --port 0 --model IN", false),
];

/// Runs a command that must not take long.
fn run(scene: &Scene, line: &str) -> Outcome {
    let said = scene.path("said");
    let mut child = scene
        .command()
        .args(line.split_whitespace())
        .stdout(Stdio::null())
        .stderr(File::create(&said).unwrap())
        .spawn()
        .unwrap();
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Outcome {
                code: status.code(),
                stdout: String::new(),
                stderr: std::fs::read_to_string(&said).unwrap(),
            };
        }
        if start.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!(
                "{line} does not end: {}",
                std::fs::read_to_string(&said).unwrap()
            );
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn scene() -> Scene {
    let scene = Scene::new();
    scene.write("pack.zip", zip(&small_pack()));
    // As small as a training takes.
    let dot = png(128, 128, |x, y| [x as u8, y as u8, 90, 255]);
    scene.write("dot.png", &dot);
    scene.write("data/dot.png", &dot);
    scene.write("folder/nothing.txt", "");
    let made = Command::new("mkfifo")
        .arg(scene.path("pipe"))
        .status()
        .unwrap();
    assert!(made.success());
    scene
}

fn every_input_refuses(input: &str, what: &str, folders_too: bool) {
    let scene = scene();
    for (line, folder) in INPUTS {
        if folder && !folders_too {
            continue;
        }
        let line = line.replace("IN", input);
        let outcome = run(&scene, &line);
        let told = format!("{line}: {:?} {}", outcome.code, outcome.stderr);
        assert!(outcome.code.is_some_and(|code| code != 0), "{told}");
        assert!(
            outcome.stderr.contains(input) && outcome.stderr.contains(what),
            "{told}"
        );
        assert!(!outcome.stderr.contains("panicked"), "{told}");
    }
}

#[test]
fn a_device_is_no_input() {
    every_input_refuses("/dev/zero", "", true);
}

#[test]
fn a_pipe_is_no_input() {
    every_input_refuses("pipe", "", true);
}

#[test]
fn a_folder_is_no_file() {
    every_input_refuses("folder", "folder", false);
}

/// What is found without being named.
#[test]
fn pipes_that_lie_about_are_not_waited_for() {
    let scene = scene();
    std::fs::create_dir(scene.path("models")).unwrap();
    for name in ["uncanny.toml", "models/mine.pth", "models/mine.md"] {
        let made = Command::new("mkfifo")
            .arg(scene.path(name))
            .status()
            .unwrap();
        assert!(made.success());
    }
    run(&scene, "plan pack.zip")
        .exits(2)
        .says(&["uncanny.toml", "it is a pipe, not a file"]);
    run(&scene, "models show mine")
        .exits(2)
        .says(&["mine.pth", "it is a pipe, not a file"]);
}
