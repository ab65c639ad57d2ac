//! Runs that end before their time leave nothing half-written.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "the helpers of tests may panic")]

mod util;

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

use util::{Outcome, Scene, large_pack, noise, unzip, zip};

/// Starts a conversion that takes a while and waits until it enhances.
fn start(scene: &Scene) -> (Child, BufReader<std::process::ChildStderr>) {
    scene.write("in/pack.zip", zip(&large_pack(400)));
    let mut child = scene
        .command()
        .args([
            "convert",
            "in/pack.zip",
            "-o",
            "out/pack.zip",
            "--model",
            "lanczos",
            "--iterations",
            "16",
            "--no-cache",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("enhancing") {
        line.clear();
        assert!(
            said.read_line(&mut line).unwrap() > 0,
            "it ended before it began"
        );
    }
    (child, said)
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill")
        .args([format!("-{name}"), child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn an_interrupted_run_leaves_nothing() {
    let scene = Scene::new();
    scene.write("out/neighbour.txt", "not ours");
    let (mut child, mut said) = start(&scene);
    signal(&child, "INT");
    let status = child.wait().unwrap();
    let mut stderr = String::new();
    said.read_to_string(&mut stderr).unwrap();
    Outcome {
        code: status.code(),
        stdout: String::new(),
        stderr,
    }
    .exits(130)
    .says(&["stopping", "interrupted"]);
    assert_eq!(scene.listing("out"), ["neighbour.txt"]);
    assert_eq!(scene.listing("in"), ["pack.zip"]);
}

#[test]
fn a_killed_run_leaves_no_output_and_does_not_stand_in_the_way() {
    let scene = Scene::new();
    scene.write("out/neighbour.txt", "not ours");
    let (mut child, _said) = start(&scene);
    signal(&child, "KILL");
    child.wait().unwrap();
    let left: Vec<String> = scene
        .listing("out")
        .into_iter()
        .filter(|name| name != "neighbour.txt")
        .collect();
    assert!(
        left.iter().all(|name| name.ends_with(".partial")),
        "{left:?}"
    );
    scene
        .run("convert in/pack.zip -o out/pack.zip --model nearest")
        .exits(0);
    assert_eq!(unzip(&scene.path("out/pack.zip")).len(), 401);
    assert_eq!(scene.listing("out"), ["neighbour.txt", "pack.zip"]);
}

#[test]
fn a_killed_run_is_cleared_away_and_a_living_one_left_in_peace() {
    let scene = Scene::new();
    std::fs::create_dir(scene.path("out")).unwrap();
    let (mut killed, _said) = start(&scene);
    signal(&killed, "KILL");
    killed.wait().unwrap();
    let left = scene.listing("out");
    assert_eq!(left.len(), 1, "{left:?}");
    let (mut living, _said) = start(&scene);
    let works = scene.listing("out");
    assert!(
        works.len() == 1 && works != left,
        "{works:?} after {left:?}"
    );
    // Other commands clear away too, and know who lives.
    scene.write("a.png", noise(1));
    for run in [
        "convert in/pack.zip -o out/other.zip --model nearest --only nothing",
        "image a.png -o out/a.png --model nearest --tiles",
    ] {
        scene.run(run).exits(0);
        assert!(scene.listing("out").contains(&works[0]), "{run}");
    }
    signal(&living, "INT");
    assert_eq!(living.wait().unwrap().code(), Some(130));
    assert_eq!(scene.listing("out"), ["a.png", "other.zip"]);
}

/// Where two folders cannot change places in one step, a run may be killed between two.
#[test]
fn a_folder_that_was_moved_aside_comes_back() {
    let scene = Scene::new();
    scene.write("in/pack.zip", zip(&large_pack(3)));
    let room = "out/pack.a1B2c3.uncanny.partial";
    scene.write(format!("{room}/lock"), "");
    scene.write(format!("{room}/new/pack.mcmeta"), "the new one");
    scene.write(format!("{room}/old/pack/pack.mcmeta"), "the old one");
    scene
        .run("convert in/pack.zip -o out/pack --model nearest")
        .exits(2)
        .says(&["pack is back in its place", "exists", "--force"]);
    assert_eq!(scene.listing("out"), ["pack"]);
    let old = std::fs::read(scene.path("out/pack/pack.mcmeta")).unwrap();
    assert_eq!(old, b"the old one");
    scene
        .run("convert in/pack.zip -o out/pack --model nearest --force")
        .exits(0);
    assert_eq!(scene.listing("out"), ["pack"]);
    assert_eq!(scene.listing("out/pack"), ["assets", "pack.mcmeta"]);
}
