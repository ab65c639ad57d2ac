//! What cargo alone cannot do for this workspace: makes sure of libtorch, then runs cargo.
//!
//! `cargo uncanny ...` and `cargo xtask ...` are aliases of this program (`.cargo/config.toml`).

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people; nothing else reads what it says"
)]

mod deny;
mod failure;
mod fuzz;
mod install;
mod python;
mod source;
mod wheels;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use failure::{Failure, Result};
use source::{Libtorch, Source, Wishes};
use wheels::Platform;

const HELP: &str = "\
cargo uncanny ARGS              make sure of libtorch, build the tool, run it
cargo uncanny demo [ARGS]       the same with the demo: a world of a pack's textures (builds Bevy)
cargo xtask test [ARGS]         the tests of the whole workspace (ARGS go to cargo test)
cargo xtask check               what must hold beside the tests: format, lints, documentation, dependencies
cargo xtask deny                of these the dependencies alone: advisories, licences, bans, sources
                                (wants cargo-deny)
cargo xtask fuzz [--seconds N] [TARGET ...]
                                the fuzz targets, each for N seconds, 60 by default (wants cargo-fuzz)
cargo xtask bevy [ARGS]         tests, format and lints of what needs Bevy: the plugin, the demo
                                (ARGS go to cargo test)
cargo xtask bench [ARGS]        the benchmarks (ARGS go to cargo bench)
cargo xtask libtorch [OPTIONS]  fetch libtorch only
    --cuda           the libraries for NVIDIA GPUs as well (Linux x64)
    --force          again, even if it is there
    --path DIR       into DIR instead
    --platform NAME  for another machine: linux-x64, linux-arm64, windows-x64, macos-arm64
                     (wants --path)

libtorch goes to .libtorch in the checkout, or to the folder that UNCANNY_LIBTORCH names.
Nothing is fetched if you set LIBTORCH to a libtorch of your own, or LIBTORCH_USE_PYTORCH=1.";

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    let command = args.next().unwrap_or_else(|| "help".into());
    let rest: Vec<OsString> = args.collect();
    match run(&command.to_string_lossy(), rest) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(2)
        }
    }
}

fn run(command: &str, rest: Vec<OsString>) -> Result<ExitCode> {
    match command {
        "uncanny" => uncanny(rest),
        "test" | "bench" => {
            let args = [command, "--release", "--workspace"];
            // Benchmarks have a profile of their own, equal to release.
            let args = args
                .into_iter()
                .filter(|arg| command == "test" || *arg != "--release");
            let libtorch = source()?.ensure()?;
            let mut cargo = cargo(&libtorch);
            cargo.args(args).args(rest).current_dir(root()?);
            // Programs know where libtorch lies (build.rs), but documentation tests do not.
            cargo.env(LIBRARY_PATH, library_path(&libtorch));
            hand_over(cargo)
        }
        "check" => check(),
        "deny" => deny::deny(&root()?).map(|()| ExitCode::SUCCESS),
        "fuzz" => fuzz::fuzz(&root()?, rest).map(|()| ExitCode::SUCCESS),
        "bevy" => bevy(rest),
        "libtorch" => libtorch(rest),
        "help" | "--help" | "-h" => {
            println!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        _ => Err(Failure::new(format!("no such command: {command}"), HELP)),
    }
}

/// The checkout, two folders above this package.
fn root() -> Result<PathBuf> {
    let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let root = package
        .as_deref()
        .and_then(Path::parent)
        .and_then(Path::parent);
    root.map(Path::to_owned).ok_or_else(|| {
        Failure::new(
            "started without cargo",
            "use `cargo xtask` or `cargo uncanny`",
        )
    })
}

fn source() -> Result<Source> {
    Ok(Wishes::read().source(&root()?))
}

const LIBRARY_PATH: &str = if cfg!(windows) {
    "PATH"
} else if cfg!(target_os = "macos") {
    "DYLD_FALLBACK_LIBRARY_PATH"
} else {
    "LD_LIBRARY_PATH"
};

fn library_path(libtorch: &Libtorch) -> OsString {
    let old = env::var_os(LIBRARY_PATH).unwrap_or_default();
    let folders = [libtorch.lib.clone()]
        .into_iter()
        .chain(env::split_paths(&old));
    // Fails only on a folder with the separator in its name, which no system could search.
    env::join_paths(folders.filter(|folder| !folder.as_os_str().is_empty())).unwrap_or(old)
}

/// The cargo that started this.
fn cargo_path() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Cargo, told where libtorch is.
fn cargo(libtorch: &Libtorch) -> Command {
    let mut cargo = Command::new(cargo_path());
    if let Some(root) = &libtorch.root {
        cargo.env("LIBTORCH", root);
    }
    if cfg!(windows) {
        // Windows programs cannot carry the way to their libraries.
        cargo.env(LIBRARY_PATH, library_path(libtorch));
    }
    cargo
}

/// Becomes the command: Ctrl-C and the exit code are between it and the user.
#[cfg(unix)]
fn hand_over(mut command: Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt as _;
    let error = command.exec();
    Err(Failure::io("run", Path::new(command.get_program()), &error))
}

/// Runs the command to its end. The console tells Ctrl-C to it as well as to us, who wait.
#[cfg(not(unix))]
fn hand_over(mut command: Command) -> Result<ExitCode> {
    #[cfg(windows)]
    if let Err(error) = ctrlc::set_handler(|| {}) {
        eprintln!("warning: Ctrl-C will end this before the tool: {error}");
    }
    let status = command.status();
    let status =
        status.map_err(|error| Failure::io("run", Path::new(command.get_program()), &error))?;
    // More than a byte only on Windows, for a crash.
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// A program that `cargo uncanny` runs.
struct Program {
    name: &'static str,
    package: &'static str,
    /// Of its workspace, from the checkout's root.
    workspace: &'static str,
    /// What its first build takes.
    first: &'static str,
}

const TOOL: Program = Program {
    name: "uncanny",
    package: "uncanny-cli",
    workspace: ".",
    first: "some minutes",
};

/// What needs Bevy: a workspace of its own, by one of its packages.
const BEVY: &str = "crates/bevy_uncanny";
/// The fuzz targets: a workspace of its own, since it needs libFuzzer.
const FUZZ: &str = "tests/fuzz";

const DEMO: Program = Program {
    name: "uncanny-demo",
    package: "uncanny-demo",
    workspace: BEVY,
    first: "10 to 30 minutes, most of it Bevy",
};

fn uncanny(mut args: Vec<OsString>) -> Result<ExitCode> {
    let program = if args.first().is_some_and(|arg| arg == "demo") {
        args.remove(0);
        DEMO
    } else {
        TOOL
    };
    let workspace = root()?.join(program.workspace);
    let libtorch = source()?.ensure()?;
    let mut cargo = cargo(&libtorch);
    cargo.arg("run");
    let built = target(&workspace).join("release").join(format!(
        "{}{}",
        program.name,
        env::consts::EXE_SUFFIX
    ));
    if !built.exists() {
        let Program { name, first, .. } = program;
        eprintln!("building {name}; the first time takes {first}");
    } else if is_fresh(&built) {
        cargo.arg("--quiet");
    }
    // The program runs where the user stands.
    cargo
        .arg("--manifest-path")
        .arg(workspace.join("Cargo.toml"));
    cargo.args(["--release", "--package", program.package]);
    cargo.args(["--bin", program.name, "--"]);
    cargo.args(args);
    hand_over(cargo)
}

fn target(workspace: &Path) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from)
}

/// Whether cargo will hardly find anything to build, and may be quiet. It decides by itself what
/// to build; this is only about what the user sees. `uncanny.d` lists the sources of the program.
fn is_fresh(program: &Path) -> bool {
    let modified = |path: &Path| fs::metadata(path).and_then(|data| data.modified());
    let Ok(built) = modified(program) else {
        return false;
    };
    let Ok(list) = fs::read_to_string(program.with_extension("d")) else {
        return false;
    };
    let sources = sources(&list);
    !sources.is_empty()
        && (sources.iter()).all(|source| modified(source).is_ok_and(|time| time <= built))
}

/// The paths after `PROGRAM:`, in make's spelling: a blank in a path has a backslash before it.
fn sources(list: &str) -> Vec<PathBuf> {
    let Some((_, sources)) = list.lines().next().and_then(|line| line.split_once(": ")) else {
        return Vec::new();
    };
    let sources = sources.replace("\\ ", "\0");
    (sources.split_whitespace())
        .map(|source| PathBuf::from(source.replace('\0', " ")))
        .collect()
}

/// Tests, format and lints of the workspace that needs Bevy.
///
/// `cargo clippy` would make all of Bevy's metadata once more, which takes a quarter of the time of building it. Clippy can
/// stand in for the compiler instead (that is how `cargo clippy` itself uses it), and lint what it builds for the tests.
fn bevy(args: Vec<OsString>) -> Result<ExitCode> {
    let libtorch = source()?.ensure()?;
    let workspace = root()?.join(BEVY);
    let in_it = |step: &[&str]| {
        let mut cargo = cargo(&libtorch);
        cargo.args(step).current_dir(&workspace);
        cargo
    };
    step(in_it(&["fmt", "--all", "--check"]), "fmt")?;
    let mut tests = in_it(&["test", "--release", "--workspace", "--all-features"]);
    tests.args(args);
    tests.env(LIBRARY_PATH, library_path(&libtorch));
    tests.env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver");
    tests.env("CLIPPY_ARGS", "-Dwarnings__CLIPPY_HACKERY__");
    hand_over(tests)
}

/// All in the release profile: libtorch's bindings are compiled once per profile.
fn check() -> Result<ExitCode> {
    let libtorch = source()?.ensure()?;
    let steps: [&[&str]; 3] = [
        &["fmt", "--all", "--check"],
        &[
            "clippy",
            "--release",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
        &[
            "doc",
            "--release",
            "--workspace",
            "--no-deps",
            "--document-private-items",
        ],
    ];
    for args in steps {
        let mut cargo = cargo(&libtorch);
        cargo.args(args).current_dir(root()?);
        cargo.env("RUSTDOCFLAGS", "-D warnings");
        step(cargo, args[0])?;
    }
    deny::deny(&root()?)?;
    Ok(ExitCode::SUCCESS)
}

/// Runs cargo to its end, as one of several.
fn step(mut cargo: Command, what: &str) -> Result<()> {
    let args: Vec<_> = cargo.get_args().map(|arg| arg.to_string_lossy()).collect();
    eprintln!("cargo {}", args.join(" "));
    let status = cargo.status();
    let status = status.map_err(|error| Failure::io("run", Path::new("cargo"), &error))?;
    if status.success() {
        return Ok(());
    }
    let what = format!("cargo {what} failed");
    Err(Failure::new(what, "its messages are above"))
}

#[derive(Debug, Default, PartialEq)]
struct Fetch {
    cuda: bool,
    force: bool,
    path: Option<PathBuf>,
    platform: Option<Platform>,
}

impl Fetch {
    fn parse(args: Vec<OsString>) -> Result<Fetch> {
        let mut fetch = Fetch::default();
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            let arg = arg.to_string_lossy().into_owned();
            let mut value = || {
                let what = format!("{arg} wants a value");
                args.next().ok_or_else(|| Failure::new(what, HELP))
            };
            match arg.as_str() {
                "--cuda" => fetch.cuda = true,
                "--force" => fetch.force = true,
                "--path" => fetch.path = Some(value()?.into()),
                "--platform" => {
                    let name = value()?.to_string_lossy().into_owned();
                    let platform = Platform::named(&name);
                    let what = || Failure::new(format!("no such platform: {name}"), HELP);
                    fetch.platform = Some(platform.ok_or_else(what)?);
                }
                _ => return Err(Failure::new(format!("no such option: {arg}"), HELP)),
            }
        }
        if fetch.platform.is_some() && fetch.path.is_none() {
            return Err(Failure::new(
                "--platform wants --path",
                "the checkout's own is for this machine",
            ));
        }
        Ok(fetch)
    }
}

fn libtorch(args: Vec<OsString>) -> Result<ExitCode> {
    let fetch = Fetch::parse(args)?;
    let dir = if let Some(path) = fetch.path {
        std::path::absolute(&path).unwrap_or(path)
    } else {
        match source()? {
            Source::Ours(dir) => dir,
            own => {
                own.ensure()?;
                eprintln!(
                    "nothing fetched: unset it to have one fetched, or name a folder with --path"
                );
                return Ok(ExitCode::SUCCESS);
            }
        }
    };
    let platform = fetch.platform.map_or_else(source::host, Ok)?;
    if fetch.cuda && !platform.has_cuda() {
        return Err(Failure::new(
            format!(
                "PyPI has no CUDA libraries of libtorch for {}",
                platform.name()
            ),
            "take the CUDA zip of libtorch 2.11.0 from pytorch.org (or a PyTorch 2.11.0 with CUDA: LIBTORCH_USE_PYTORCH=1) and set LIBTORCH to its folder",
        ));
    }
    let cuda = |dir: &Path| dir.join("lib/libtorch_cuda.so").exists();
    let had_cuda = cuda(&dir);
    if !install::install(&dir, platform, fetch.cuda, fetch.force)? {
        eprintln!("libtorch {} is there: {}", wheels::VERSION, dir.display());
    } else if had_cuda && !cuda(&dir) {
        // Built with them present, torch-sys asks the linker for them ever after.
        eprintln!(
            "its CUDA libraries are gone: run `cargo clean --release --package torch-sys` once"
        );
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fetch_options() {
        let parse =
            |line: &str| Fetch::parse(line.split_whitespace().map(OsString::from).collect());
        assert_eq!(parse("").unwrap(), Fetch::default());
        let all = parse("--cuda --force --path a --platform macos-arm64").unwrap();
        let expected = Fetch {
            cuda: true,
            force: true,
            path: Some("a".into()),
            platform: Some(Platform::MacosArm64),
        };
        assert_eq!(all, expected);
        for wrong in [
            "--path",
            "--platform beos --path a",
            "--platform linux-x64",
            "--gpu",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sources_of_a_dependency_list() {
        let list = "/t/uncanny: /a/src/main.rs /b\\ c/lib.rs\n\n/a/src/main.rs:\n";
        assert_eq!(
            sources(list),
            [PathBuf::from("/a/src/main.rs"), "/b c/lib.rs".into()]
        );
        assert!(sources("").is_empty());
    }
}
