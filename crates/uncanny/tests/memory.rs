//! Memory is bounded by the chunks in flight, not by the pack. Alone in its process: it reads the process's peak.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    unreachable_pub,
    reason = "tests say what they skip and may panic; their helpers are shared"
)]

mod common;

use common::*;
use uncanny::{Baselines, Outcome};

/// The most memory this process has ever used, in MiB.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}

#[test]
fn a_big_pack_needs_no_more_memory_than_a_small_one() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.zip"), folder.path().join("out.zip"));
    let mut files = vec![meta()];
    files.extend((0..3000).map(|n| file(format!("{BLOCKS}/b{n}.png"), png(n, 16, 16))));
    files.extend((0..6).map(|n| {
        let side = if n == 3 { 512 } else { 256 };
        file(
            format!("assets/minecraft/textures/entity/big{n}.png"),
            png(n, side, side),
        )
    }));
    write_zip(&input, &files);
    drop(files);
    let report = uncanny::convert(
        &input,
        &output,
        &options("[[rule]]\nmatch = 'textures/entity/**'\naction = 'enhance'"),
        &mut Baselines::new(scale(8)),
        None,
    )
    .unwrap();
    assert_eq!(report.counts.enhanced, 3006);
    assert_eq!(
        report
            .rows
            .iter()
            .filter(|row| row.outcome == Outcome::Enhanced)
            .count(),
        3006
    );
    let Some(peak) = peak() else {
        eprintln!("skipped: no /proc here");
        return;
    };
    println!("peak {peak} MiB");
    // The whole result is 3000 * 64 KiB + 5 * 16 + 64 MiB of pixels; a network may take 600 MiB beside us.
    assert!(peak < 900, "peak {peak} MiB");
}
