//! Runs the fuzz targets of `tests/fuzz`, each for a bounded time.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::{Failure, Result};
use crate::{FUZZ, HELP, step};

const INSTALL: &str = "cargo install cargo-fuzz --locked";
/// For each target.
const USUAL_SECONDS: u32 = 60;
/// What one input may take before it counts as a failure.
const MOST_SECONDS: u32 = 20;
/// In MB, of everything that a target holds.
const MOST_MEMORY: u32 = 4096;

#[derive(Debug, PartialEq)]
struct Wanted {
    seconds: u32,
    /// All, when there is none.
    targets: Vec<String>,
}

impl Wanted {
    fn parse(args: Vec<OsString>) -> Result<Wanted> {
        let mut wanted = Wanted {
            seconds: USUAL_SECONDS,
            targets: Vec::new(),
        };
        let mut args = args
            .into_iter()
            .map(|arg| arg.to_string_lossy().into_owned());
        while let Some(arg) = args.next() {
            if arg == "--seconds" {
                let number = args.next().and_then(|value| value.parse().ok());
                wanted.seconds = number.filter(|&seconds| seconds > 0).ok_or_else(|| {
                    Failure::new("--seconds wants a whole number, at least 1", HELP)
                })?;
            } else if arg.starts_with('-') {
                return Err(Failure::new(format!("no such option: {arg}"), HELP));
            } else {
                wanted.targets.push(arg);
            }
        }
        Ok(wanted)
    }
}

/// Fuzzes the targets that are asked for, one after the other; the first that fails ends it.
pub(crate) fn fuzz(root: &Path, args: Vec<OsString>) -> Result<()> {
    let mut wanted = Wanted::parse(args)?;
    let fuzz = root.join(FUZZ);
    let known = targets(&fuzz.join("fuzz_targets"))?;
    if let Some(unknown) = wanted.targets.iter().find(|name| !known.contains(name)) {
        return Err(Failure::new(
            format!("no such fuzz target: {unknown}"),
            format!("there are {}", known.join(", ")),
        ));
    }
    if wanted.targets.is_empty() {
        wanted.targets = known;
    }
    let installed = Command::new(crate::cargo_path())
        .args(["fuzz", "--version"])
        .stdin(Stdio::null())
        .output()
        .is_ok_and(|output| output.status.success());
    if !installed {
        return Err(Failure::new(
            "cargo-fuzz is not installed",
            format!("install it (`{INSTALL}`, a minute) and run the same command again"),
        ));
    }
    for target in &wanted.targets {
        // What is found to be new is kept here, for the next run; what is committed stays as it is.
        let corpus = fuzz.join("corpus").join(target);
        fs::create_dir_all(&corpus).map_err(|error| Failure::io("create", &corpus, &error))?;
        let mut cargo = Command::new(crate::cargo_path());
        cargo.args(["fuzz", "run", "--fuzz-dir", ".", target.as_str()]);
        cargo.arg(Path::new("corpus").join(target));
        cargo.args(seeds(&fuzz, target));
        cargo.arg("--");
        cargo.arg(format!("-max_total_time={}", wanted.seconds));
        cargo.arg(format!("-timeout={MOST_SECONDS}"));
        cargo.arg(format!("-rss_limit_mb={MOST_MEMORY}"));
        cargo.arg("-print_final_stats=1");
        // Sanitizers are for nightly compilers, but for this.
        cargo.env("RUSTC_BOOTSTRAP", "1").current_dir(&fuzz);
        step(cargo, &format!("fuzz run {target}"))?;
    }
    Ok(())
}

/// The names of the targets, sorted.
fn targets(folder: &Path) -> Result<Vec<String>> {
    let failed = |error| Failure::io("read", folder, &error);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let name = name.to_string_lossy();
        names.extend(name.strip_suffix(".rs").map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// The folders, from that of the fuzz targets, of the inputs that a target begins with.
fn seeds(fuzz: &Path, target: &str) -> Vec<String> {
    let more: &[&str] = match target {
        // These are kept for other tests and for people.
        "checkpoint" => &["../fixtures/checkpoints", "../bad/checkpoints"],
        "sheet" => &["../../packs/sheets"],
        _ => &[],
    };
    let own = format!("seeds/{target}");
    let own = Some(own).filter(|own| fuzz.join(own).is_dir());
    own.into_iter()
        .chain(more.iter().map(|&folder| folder.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options() {
        let parse =
            |line: &str| Wanted::parse(line.split_whitespace().map(OsString::from).collect());
        let wanted = |seconds, targets: &[&str]| Wanted {
            seconds,
            targets: targets.iter().map(|&name| name.to_owned()).collect(),
        };
        assert_eq!(parse("").unwrap(), wanted(60, &[]));
        assert_eq!(
            parse("png --seconds 5 zip").unwrap(),
            wanted(5, &["png", "zip"])
        );
        for wrong in ["--seconds", "--seconds 0", "--seconds soon", "--minutes 1"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_target_has_seeds_and_every_seed_a_target() {
        let fuzz = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .join(FUZZ);
        let known = targets(&fuzz.join("fuzz_targets")).unwrap();
        assert!(known.len() >= 6, "{known:?}");
        for target in &known {
            let folders = seeds(&fuzz, target);
            assert!(!folders.is_empty(), "{target} begins with nothing");
            for folder in folders {
                let files = fs::read_dir(fuzz.join(&folder)).unwrap();
                assert!(files.count() > 2, "{folder}");
            }
        }
        for folder in fs::read_dir(fuzz.join("seeds")).unwrap() {
            let name = folder.unwrap().file_name().into_string().unwrap();
            assert!(known.contains(&name), "{name}");
        }
    }
}
