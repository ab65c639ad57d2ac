//! What others' mistakes could bring in: cargo-deny looks at every dependency of each lock file, by `deny.toml`.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::{Failure, Result};
use crate::{BEVY, FUZZ, step};

const INSTALL: &str = "cargo install cargo-deny --locked";

/// The workspaces, each with a lock file of its own.
const WORKSPACES: [&str; 3] = [".", BEVY, FUZZ];

/// Checks all of them. Without the database of advisories it says so, and checks the rest.
pub(crate) fn deny(root: &Path) -> Result<()> {
    if said(Command::new(crate::cargo_path()).args(["deny", "--version"])).is_err() {
        let what = "cargo-deny is not installed: dependencies are not checked";
        return Err(Failure::new(
            what,
            format!("install it (`{INSTALL}`, some minutes) and run `cargo xtask deny`"),
        ));
    }
    let cargo_deny = |workspace: &str, command: &[&str]| {
        let mut cargo = Command::new(crate::cargo_path());
        cargo.args(["deny", "--config", "deny.toml", "--manifest-path"]);
        cargo.arg(Path::new(workspace).join("Cargo.toml"));
        cargo.args(["--all-features", "--locked"]).args(command);
        cargo.current_dir(root);
        cargo
    };
    // Fetched apart: whether the database can be had is no matter of the dependencies.
    let fetched = said(&mut cargo_deny(".", &["fetch", "db"]));
    // One file serves all, and none has everything that it names.
    let mut check = vec![
        "check",
        "--allow",
        "unused-wrapper",
        "bans",
        "licenses",
        "sources",
    ];
    if fetched.is_ok() {
        check.push("advisories");
    }
    for workspace in WORKSPACES {
        step(cargo_deny(workspace, &check), "deny")?;
    }
    if let Err(why) = fetched {
        eprintln!(
            "warning: ADVISORIES WERE NOT CHECKED, only bans, licences and sources: the advisory database cannot be fetched \
             ({why}); with a network, `cargo xtask deny` checks all"
        );
    }
    Ok(())
}

/// Runs it to its end; of one that fails, the last line that it said.
fn said(command: &mut Command) -> std::result::Result<(), String> {
    let ended = command.stdin(Stdio::null()).output();
    let ended = ended.map_err(|error| error.to_string())?;
    if ended.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&ended.stderr);
    let last = text.lines().rfind(|line| !line.trim().is_empty());
    Err(last.unwrap_or("it does not say why").trim().to_owned())
}
