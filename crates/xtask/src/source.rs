//! Decides which libtorch to build against: the user's own, or the one we fetch.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::install::install;
use crate::wheels::{Platform, VERSION};

/// Where libtorch comes from.
#[derive(Debug, PartialEq)]
pub(crate) enum Source {
    /// LIBTORCH_USE_PYTORCH: the PyTorch of the user's Python.
    Pytorch,
    /// LIBTORCH, set by the user.
    Own(PathBuf),
    /// A folder that we fill: `.libtorch` in the checkout, or UNCANNY_LIBTORCH.
    Ours(PathBuf),
}

/// What the user set.
#[derive(Default)]
pub(crate) struct Wishes {
    pub(crate) use_pytorch: bool,
    pub(crate) libtorch: Option<OsString>,
    pub(crate) cache: Option<OsString>,
}

impl Wishes {
    pub(crate) fn read() -> Wishes {
        let set = |name| env::var_os(name).filter(|value| !value.is_empty());
        Wishes {
            use_pytorch: env::var_os("LIBTORCH_USE_PYTORCH").is_some(),
            libtorch: set("LIBTORCH"),
            cache: set("UNCANNY_LIBTORCH"),
        }
    }

    /// `root`: the checkout. Cargo sets LIBTORCH to `.libtorch` there (`.cargo/config.toml`) unless
    /// the user has set it, so exactly this value is no wish of theirs.
    pub(crate) fn source(self, root: &Path) -> Source {
        let default = root.join(".libtorch");
        let own = self
            .libtorch
            .map(PathBuf::from)
            .filter(|path| *path != default);
        if self.use_pytorch {
            Source::Pytorch
        } else if let Some(own) = own {
            Source::Own(absolute(own))
        } else if let Some(cache) = self.cache {
            Source::Ours(absolute(PathBuf::from(cache)))
        } else {
            Source::Ours(default)
        }
    }
}

/// torch-sys's build script runs elsewhere, where a relative path means something else.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

/// A libtorch that is there.
pub(crate) struct Libtorch {
    /// The value of LIBTORCH for cargo; none if PyTorch is asked instead.
    pub(crate) root: Option<PathBuf>,
    /// The folder of its libraries.
    pub(crate) lib: PathBuf,
}

impl Source {
    /// Checks the user's own, or fetches ours when it is missing.
    pub(crate) fn ensure(self) -> Result<Libtorch> {
        match self {
            Source::Pytorch => pytorch(),
            Source::Own(root) => own(root),
            Source::Ours(root) => {
                install(&root, host()?, false, false)?;
                let lib = root.join("lib");
                Ok(Libtorch {
                    root: Some(root),
                    lib,
                })
            }
        }
    }
}

/// The platform of this machine.
pub(crate) fn host() -> Result<Platform> {
    let (os, arch) = (env::consts::OS, env::consts::ARCH);
    Platform::of(os, arch, cfg!(target_env = "musl")).ok_or_else(|| {
        Failure::new(
            format!("PyPI has no libtorch {VERSION} for {os} on {arch}"),
            format!("set LIBTORCH to the folder of a libtorch {VERSION} of your own (with include/ and lib/)"),
        )
    })
}

fn own(root: PathBuf) -> Result<Libtorch> {
    eprintln!("using the libtorch of LIBTORCH: {}", root.display());
    // torch-sys knows these two as well.
    let part = |name| env::var_os(name).map_or_else(|| root.clone(), PathBuf::from);
    let (include, lib) = (
        part("LIBTORCH_INCLUDE").join("include"),
        part("LIBTORCH_LIB").join("lib"),
    );
    let library = if cfg!(windows) {
        "torch_cpu.lib"
    } else if cfg!(target_os = "macos") {
        "libtorch_cpu.dylib"
    } else {
        "libtorch_cpu.so"
    };
    let help = format!(
        "LIBTORCH must name the folder of a libtorch {VERSION}, with include/ and lib/; unset it, and one is fetched for you"
    );
    for needed in [include.join("torch"), lib.join(library)] {
        if !needed.exists() {
            return Err(Failure::new(
                format!(
                    "LIBTORCH is {}, but there is no {}",
                    root.display(),
                    needed.display()
                ),
                help,
            ));
        }
    }
    if let Ok(version) = fs::read_to_string(root.join("build-version")) {
        check_version(version.trim(), &help)?;
    }
    Ok(Libtorch {
        root: Some(root),
        lib,
    })
}

/// Asks Python without importing torch, which takes seconds.
fn pytorch() -> Result<Libtorch> {
    const ASK: &str = "import importlib.metadata as m, importlib.util as u, os; \
        print(m.version('torch')); print(os.path.dirname(u.find_spec('torch').origin))";
    let help = format!(
        "install it with `pip install torch=={VERSION}` in the environment that is active; or unset LIBTORCH_USE_PYTORCH, and libtorch is fetched for you"
    );
    // The one that torch-sys's build script will ask: another may have another PyTorch, or none.
    let python = if cfg!(windows) || env::var_os("VIRTUAL_ENV").is_some() {
        "python"
    } else {
        "python3"
    };
    let output = Command::new(python).args(["-c", ASK]).output();
    let answer = output.ok().filter(|output| output.status.success());
    let answer = answer.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let Some((version, folder)) = answer.as_deref().and_then(|it| it.trim().split_once('\n'))
    else {
        let what = format!("LIBTORCH_USE_PYTORCH is set, but {python} has no torch");
        return Err(Failure::new(what, help));
    };
    check_version(version.trim(), &help)?;
    eprintln!(
        "using the libtorch of PyTorch (LIBTORCH_USE_PYTORCH): {}",
        folder.trim()
    );
    Ok(Libtorch {
        root: None,
        lib: Path::new(folder.trim()).join("lib"),
    })
}

/// As torch-sys does, but before minutes of building.
fn check_version(version: &str, help: &str) -> Result<()> {
    let plain = version.split('+').next().unwrap_or(version);
    if plain == VERSION || env::var_os("LIBTORCH_BYPASS_VERSION_CHECK").is_some() {
        return Ok(());
    }
    Err(Failure::new(
        format!("libtorch is {version} there, not {VERSION}"),
        help,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_libtorch_wins() {
        let root = Path::new(if cfg!(windows) {
            r"C:\uncanny"
        } else {
            "/uncanny"
        });
        let default = || Some(root.join(".libtorch").into_os_string());
        let other = || Some(root.join("other").into_os_string());
        let source = |use_pytorch, libtorch, cache| {
            let wishes = Wishes {
                use_pytorch,
                libtorch,
                cache,
            };
            wishes.source(root)
        };
        assert_eq!(
            source(false, None, None),
            Source::Ours(root.join(".libtorch"))
        );
        assert_eq!(
            source(false, default(), None),
            Source::Ours(root.join(".libtorch"))
        );
        assert_eq!(
            source(false, default(), other()),
            Source::Ours(root.join("other"))
        );
        assert_eq!(
            source(false, other(), None),
            Source::Own(root.join("other"))
        );
        assert_eq!(
            source(false, other(), default()),
            Source::Own(root.join("other"))
        );
        assert_eq!(source(true, other(), other()), Source::Pytorch);
        let relative = source(false, Some("lt".into()), None);
        assert!(matches!(relative, Source::Own(path) if path.is_absolute()));
    }

    #[test]
    fn a_libtorch_that_is_not_there_is_an_error_with_a_remedy() {
        let failure = own(PathBuf::from("/nowhere/libtorch")).err().unwrap();
        assert!(failure.what.contains("/nowhere/libtorch"), "{failure}");
        assert!(failure.help.contains("unset it"), "{failure}");
    }

    #[test]
    fn versions_may_carry_a_build_but_must_agree() {
        assert!(check_version("2.11.0+cu130", "").is_ok());
        assert!(check_version("2.10.0", "").is_err());
    }
}
