//! What a run did, on one screen.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use indicatif::HumanBytes;
use uncanny::{Outcome, Report, ReportRow};

/// How many failures are named before they are only counted.
const NAMED_FAILURES: usize = 10;
/// How many reasons are told before the rest is summed up.
const NAMED_REASONS: usize = 6;

/// The summary of one run. `output` was written and takes so many `bytes`, where that is known.
pub(crate) fn summary(report: &Report, output: &Path, bytes: Option<u64>) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write_summary(&mut text, report, output, bytes);
    text
}

fn write_summary(
    text: &mut String,
    report: &Report,
    output: &Path,
    bytes: Option<u64>,
) -> std::fmt::Result {
    let counts = &report.counts;
    write!(text, "{}", output.display())?;
    if let Some(bytes) = bytes {
        write!(text, "  {}", HumanBytes(bytes))?;
    }
    writeln!(text)?;

    let names: Vec<&str> = report
        .models
        .iter()
        .map(|model| model.name.as_str())
        .collect();
    let enhanced = if names.is_empty() {
        format!("{}x", report.scale)
    } else {
        format!(
            "{}x by {} on {}",
            report.scale,
            names.join(", "),
            report.device
        )
    };
    let mut line = |count: usize, what: &str, how: &str| match count {
        0 => Ok(()),
        _ => writeln!(
            text,
            "{}",
            format!("{count:>7} {what:<12} {how}").trim_end()
        ),
    };
    line(counts.enhanced, "enhanced", &enhanced)?;
    line(counts.nearest, "enlarged", "every pixel a square")?;
    line(
        counts.rewritten,
        "adapted",
        "sidecars and properties, to the new sizes",
    )?;
    line(
        counts.copied,
        "copied",
        &reasons(&report.rows, Outcome::Copied),
    )?;
    line(
        counts.skipped,
        "skipped",
        &reasons(&report.rows, Outcome::Skipped),
    )?;
    line(
        counts.failed,
        "failed",
        "kept as they were, where they can be read",
    )?;
    line(counts.other_files, "other files", "copied as they were")?;
    for left in &report.left_out {
        line(left.files, "left out", &left.to_string())?;
    }

    let failed = || {
        report
            .rows
            .iter()
            .filter(|row| row.outcome == Outcome::Failed)
    };
    for row in failed().take(NAMED_FAILURES) {
        writeln!(text, "  failed: {}: {}", row.name, row.why)?;
    }
    if counts.failed > NAMED_FAILURES {
        writeln!(
            text,
            "  and {} more, all in --report",
            counts.failed - NAMED_FAILURES
        )?;
    }

    let stages: Vec<String> = report
        .seconds
        .stages()
        .iter()
        .filter(|(_, seconds)| *seconds >= 0.05)
        .map(|(stage, seconds)| format!("{stage} {seconds:.1}"))
        .collect();
    write!(text, "{:>7.1} seconds", report.seconds.total)?;
    if !stages.is_empty() {
        write!(text, "      {}", stages.join(", "))?;
    }
    writeln!(text)?;
    if report.unique_tiles > 0 {
        let repeated = report.tiles.saturating_sub(report.unique_tiles);
        write!(
            text,
            "{:>7} tiles        {:.0} a second",
            report.unique_tiles, report.tiles_per_second
        )?;
        if repeated > 0 {
            write!(text, ", {repeated} more were repetitions")?;
        }
        writeln!(text)?;
    }
    if report.cache_hits > 0 {
        let sought = report.cache_hits + report.cache_misses;
        writeln!(
            text,
            "{:>7} of {sought} came from the cache",
            report.cache_hits
        )?;
    }
    Ok(())
}

fn reasons(rows: &[ReportRow], outcome: Outcome) -> String {
    let reasons: Vec<&str> = rows
        .iter()
        .filter(|row| row.outcome == outcome)
        .map(|row| row.why.as_str())
        .collect();
    grouped(&reasons)
}

/// Reasons with how often each was given, the most frequent first: `41 one colour; 3 a palette`.
/// Those that differ in numbers alone count as one, and the numbers that differ are left out.
pub(crate) fn grouped(reasons: &[&str]) -> String {
    let mut groups: HashMap<Vec<&str>, Group<'_>> = HashMap::new();
    for reason in reasons {
        let words: Vec<&str> = reason.split(' ').collect();
        let key = words
            .iter()
            .map(|word| if has_digit(word) { "" } else { *word })
            .collect();
        let group = groups.entry(key).or_insert_with(|| Group {
            count: 0,
            words: words.clone(),
        });
        group.count += 1;
        for (shown, word) in group.words.iter_mut().zip(words) {
            if *shown != word {
                *shown = "…";
            }
        }
    }
    let mut groups: Vec<(usize, String)> = groups
        .into_values()
        .map(|group| (group.count, group.words.join(" ")))
        .collect();
    groups.sort_by(|(many, a), (more, b)| more.cmp(many).then(a.cmp(b)));
    let rest: usize = groups
        .iter()
        .skip(NAMED_REASONS)
        .map(|(count, _)| count)
        .sum();
    let mut named: Vec<String> = groups
        .iter()
        .take(NAMED_REASONS)
        .map(|(count, reason)| format!("{count} {reason}"))
        .collect();
    if rest > 0 {
        named.push(format!("{rest} for other reasons"));
    }
    named.join("; ")
}

struct Group<'a> {
    count: usize,
    words: Vec<&'a str>,
}

fn has_digit(word: &str) -> bool {
    word.contains(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_grouped_the_same_way_every_time() {
        assert_eq!(
            grouped(&["a palette", "one colour", "one colour"]),
            "2 one colour; 1 a palette"
        );
        assert_eq!(grouped(&["b", "a"]), "1 a; 1 b");
        let many = ["a", "b", "c", "d", "e", "f", "g", "h"];
        assert_eq!(
            grouped(&many),
            "1 a; 1 b; 1 c; 1 d; 1 e; 1 f; 2 for other reasons"
        );
        assert_eq!(grouped(&[]), "");
        let sizes = [
            "would be 9000 pixels, above 4096",
            "would be 5000 pixels, above 4096",
            "one colour",
        ];
        assert_eq!(
            grouped(&sizes),
            "2 would be … pixels, above 4096; 1 one colour"
        );
    }
}
