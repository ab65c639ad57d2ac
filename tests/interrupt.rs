//! Runs that end before their time leave nothing half-written.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "the helpers of tests may panic")]

mod util;

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

use util::{Outcome, Scene, large_pack, unzip, zip};

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
}
