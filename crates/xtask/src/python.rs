//! Finds a Python with pip, and runs `fetch.py` in it.

use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::{Failure, Result};

const SCRIPT: &str = include_str!("fetch.py");

/// Exit codes of `fetch.py`.
pub(crate) const NO_SPACE: i32 = 28;
pub(crate) const BROKEN_WHEEL: i32 = 29;

/// A Python 3 that has pip.
pub(crate) struct Python {
    command: &'static [&'static str],
    script: PathBuf,
}

/// How a run of the script ended.
pub(crate) struct Ended {
    /// None: killed by a signal.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// On Windows `python` may be the Store's placeholder, which fails when run; `py` comes with Python itself.
fn candidates() -> &'static [&'static [&'static str]] {
    if cfg!(windows) {
        &[&["py", "-3"], &["python"], &["python3"]]
    } else {
        &[&["python3"], &["python"]]
    }
}

fn succeeds(command: &[&str], args: &[&str]) -> bool {
    Command::new(command[0])
        .args(&command[1..])
        .args(args)
        .stdin(Stdio::null())
        .output()
        .is_ok_and(|output| output.status.success())
}

/// The first Python 3 on PATH, or nothing; only its standard library is certain.
fn any() -> Option<&'static [&'static str]> {
    let check = "import sys; sys.exit(sys.version_info < (3, 8))";
    let mut all = candidates().iter().copied();
    all.find(|command| succeeds(command, &["-c", check]))
}

impl Python {
    /// Looks for a Python with pip, and writes the script into `folder`.
    pub(crate) fn find(folder: &Path) -> Result<Python> {
        let with_pip = |command: &&[&str]| succeeds(command, &["-m", "pip", "--version"]);
        let mut all = candidates().iter().copied();
        let Some(command) = all.find(|command| with_pip(command)) else {
            return Err(missing(any()));
        };
        let script = folder.join("fetch.py");
        std::fs::write(&script, SCRIPT).map_err(|error| Failure::io("write", &script, &error))?;
        Ok(Python { command, script })
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(self.command[0]);
        command.args(&self.command[1..]);
        command.arg(&self.script).args(args);
        command
    }

    /// Runs the script; its stderr is shown as it comes and returned as well.
    /// stdout is returned, or with `show` goes to our stderr: there pip draws its progress bar.
    pub(crate) fn run(&self, args: &[&str], envs: &[(&str, &Path)], show: bool) -> Result<Ended> {
        let mut command = self.command(args);
        command.envs(envs.iter().copied());
        // Not our business, but they would stop or disturb `pip download`.
        command.env("PIP_REQUIRE_VIRTUALENV", "0");
        command.env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
        command.stdin(Stdio::piped()).stderr(Stdio::piped());
        if show {
            command.stdout(Stdio::from(io::stderr()));
        } else {
            command.stdout(Stdio::piped());
        }
        let failed = |error| Failure::io("run", Path::new(self.command[0]), &error);
        let mut child = command.spawn().map_err(failed)?;
        // Held until the script is done: it takes the end of this pipe for our death.
        let alive = child.stdin.take();
        let errors = child.stderr.take().map(BufReader::new);
        let echo = std::thread::spawn(move || {
            let mut all = String::new();
            for line in errors
                .into_iter()
                .flat_map(BufRead::lines)
                .map_while(|line| line.ok())
            {
                eprintln!("{line}");
                all.push_str(&line);
                all.push('\n');
            }
            all
        });
        let output = child.wait_with_output().map_err(failed)?;
        drop(alive);
        Ok(Ended {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).trim().to_owned(),
            stderr: echo.join().unwrap_or_default(),
        })
    }
}

fn missing(python: Option<&[&str]>) -> Failure {
    let again = "then run the same command again (or set LIBTORCH to a libtorch of your own)";
    match python {
        Some(python) => {
            let python = python.join(" ");
            let install = if cfg!(target_os = "linux") {
                "install it (Debian, Ubuntu: `sudo apt install python3-pip`; Fedora: `sudo dnf install python3-pip`)".to_owned()
            } else {
                format!("install it with `{python} -m ensurepip --user`")
            };
            Failure::new(
                format!("{python} has no pip, which fetches libtorch"),
                format!("{install}, {again}"),
            )
        }
        None => {
            let install = if cfg!(windows) {
                "install it with `winget install Python.Python.3.12` or from python.org"
            } else if cfg!(target_os = "macos") {
                "install it with `xcode-select --install` or from python.org"
            } else {
                "install it (Debian, Ubuntu: `sudo apt install python3-pip`; Fedora: `sudo dnf install python3-pip`)"
            };
            Failure::new(
                "found no Python 3.8 or newer, whose pip fetches libtorch",
                format!("{install}, {again}"),
            )
        }
    }
}
