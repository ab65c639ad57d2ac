//! The documents: their links lead to files, and the program understands the commands that they show.

#![allow(clippy::unwrap_used, reason = "the helpers of tests may panic")]

mod util;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use util::{Scene, root};

/// All that a reader may begin with, and what they link.
fn documents() -> Vec<PathBuf> {
    let mut found = vec![
        root().join("README.md"),
        root().join("CONTRIBUTING.md"),
        root().join("crates/README.md"),
        root().join("crates/bevy_uncanny/README.md"),
        root().join("assets/README.md"),
        root().join("packs/README.md"),
    ];
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        found.push(entry.unwrap().path());
    }
    found
}

#[test]
fn links_lead_somewhere() {
    let mut links = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for after in text.split("](").skip(1) {
            let (target, _) = after.split_once(')').unwrap();
            let file = target.split('#').next().unwrap();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            links += 1;
            let path = document.parent().unwrap().join(file);
            assert!(path.exists(), "{}: {target}", document.display());
        }
    }
    assert!(links > 50, "{links} links");
}

#[test]
fn the_readme_is_short() {
    let lines = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(lines.lines().count() <= 130, "move some of it into docs/");
}

#[test]
fn the_commands_shown_are_understood() {
    let scene = Scene::new();
    let mut helps = BTreeMap::new();
    let mut commands = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        let shown = (text.lines())
            .map(|line| line.split(" #").next().unwrap())
            .flat_map(|line| line.split("cargo uncanny ").skip(1))
            .map(|rest| rest.split('`').next().unwrap());
        for line in shown {
            let mut words = line.split_whitespace();
            let command = words.next().unwrap_or_default();
            // Placeholders, and the demo, which is a program of its own.
            if ["", "COMMAND", "ARGS", "...", "demo"].contains(&command) {
                continue;
            }
            commands += 1;
            let help = (helps.entry(command.to_owned()))
                .or_insert_with_key(|command| scene.run(&format!("{command} --help")).exits(0));
            for word in words.filter(|word| word.starts_with("--")) {
                let option = word.split('=').next().unwrap();
                assert!(
                    help.stdout.contains(option),
                    "{}: {line}",
                    document.display()
                );
            }
        }
    }
    assert!(commands > 20, "{commands} commands");
}
