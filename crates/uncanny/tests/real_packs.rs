//! Real packs through Lanczos. They are not in the repository: without `../shared/packs` these tests skip, saying so.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    unreachable_pub,
    reason = "tests say what they skip and may panic; their helpers are shared"
)]

mod common;

use std::fs;
use std::path::Path;

use common::*;
use uncanny::{Baselines, Outcome, Report};
use uncanny_texture::sheet;

fn convert_real(name: &str) -> Option<(Files, Files, Report)> {
    let input = real_packs()?.join(name);
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.zip");
    let report = uncanny::convert(
        &input,
        &output,
        &options(""),
        &mut Baselines::new(scale(8)),
        None,
    )
    .unwrap();
    let (mut before, after) = (read_zip(&input), read_zip(&output));
    // What is no part of a pack is counted, and not in the output.
    let all = before.len();
    before.retain(|(name, _)| after.iter().any(|(kept, _)| kept == name));
    let left: usize = report.left_out.iter().map(|left| left.files).sum();
    assert_eq!(all - before.len(), left, "{:?}", report.left_out);
    check(&before, &after, &report);
    if let Ok(folder) = std::env::var("UNCANNY_SHEETS") {
        draw(Path::new(&folder), name, &before, &after, &report);
    }
    Some((before, after, report))
}

/// What holds for every pack.
fn check(before: &Files, after: &Files, report: &Report) {
    let failed: Vec<_> = report
        .rows
        .iter()
        .filter(|row| row.outcome == Outcome::Failed)
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(report.exit_code(), 0);
    println!(
        "{:?}\n{:?} {} tiles, {} unique",
        report.counts, report.seconds, report.tiles, report.unique_tiles
    );
    for warning in &report.warnings {
        println!("warning: {warning}");
    }
    let rows: std::collections::HashMap<_, _> = report
        .rows
        .iter()
        .map(|row| (&row.name, row.outcome))
        .collect();
    let names = |files: &Files| {
        files
            .iter()
            .map(|(name, _)| name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(before), names(after));
    for ((name, old), (_, new)) in before.iter().zip(after) {
        match rows.get(name) {
            Some(Outcome::Enhanced | Outcome::Nearest) => {
                let (was, is) = (
                    uncanny_texture::probe(old).unwrap(),
                    uncanny_texture::probe(new).unwrap(),
                );
                // The game draws no larger glyphs than 256x256.
                let glyph = name.contains("/font/") && was.0.max(was.1) > 32;
                let times = if glyph { is.0 / was.0 } else { 8 };
                assert_eq!((was.0 * times, was.1 * times), is, "{name}");
                assert!(times == 8 || times > 1 && is.0.max(is.1) <= 256, "{name}");
            }
            Some(Outcome::Rewritten) => assert_ne!(old, new, "{name}"),
            _ => assert_eq!(old, new, "{name}"),
        }
    }
}

/// Contact sheets to look at: `UNCANNY_SHEETS=folder cargo test ...`.
fn draw(folder: &Path, pack: &str, before: &Files, after: &Files, report: &Report) {
    fs::create_dir_all(folder).unwrap();
    let json = serde_json::to_string_pretty(report).unwrap();
    fs::write(folder.join(format!("{pack}.json")), json).unwrap();
    let enhanced: std::collections::HashSet<_> = report
        .rows
        .iter()
        .filter(|row| matches!(row.outcome, Outcome::Enhanced | Outcome::Nearest))
        .map(|row| row.name.as_str())
        .collect();
    let pairs: Vec<_> = before
        .iter()
        .zip(after)
        .filter(|((name, _), _)| enhanced.contains(name.as_str()))
        .collect();
    let step = pairs.len().div_ceil(96).max(1);
    let rows: Vec<sheet::Row> = pairs
        .iter()
        .step_by(step)
        .collect::<Vec<_>>()
        .chunks(6)
        .map(|chunk| sheet::Row {
            label: String::new(),
            pictures: chunk
                .iter()
                .flat_map(|((name, old), (_, new))| {
                    let name = name.rsplit('/').next().unwrap().to_owned();
                    [(name, image(old)), (String::new(), image(new))]
                })
                .collect(),
        })
        .collect();
    let picture = sheet::sheet(&rows, 128);
    fs::write(
        folder.join(format!("{pack}.png")),
        uncanny_texture::encode(&picture).unwrap(),
    )
    .unwrap();
}

#[test]
fn dungeons_hotbar() {
    let Some((_, _, report)) = convert_real("DartCat25-DungeonsHotbar.zip") else {
        return;
    };
    assert!(report.counts.enhanced > 40);
}

#[test]
fn avalanche() {
    let Some((_, _, report)) = convert_real("Avalanche.zip") else {
        return;
    };
    assert!(report.counts.enhanced > 120);
}

#[test]
fn programmer_art() {
    let Some((_, _, report)) = convert_real("ProgrammerArt.zip") else {
        return;
    };
    assert!(report.counts.enhanced > 500);
}

#[test]
fn pixel_perfection() {
    let Some((_, _, report)) = convert_real("PixelPerfectionCE.zip") else {
        return;
    };
    assert!(report.counts.enhanced > 2500);
    // The conduit's wind gives its frames' size; no other sidecar there does.
    assert_eq!(report.counts.rewritten, 2);
}
