//! What the work runs on: the options of it, threads, processor features, libtorch's files.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use uncanny_model::DeviceChoice;

use crate::args::{MAX_BATCH, MAX_THREADS, up_to};
use crate::error::Error;

/// What networks run on, in commands that no settings file speaks of.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Machine")]
pub(crate) struct DeviceArgs {
    /// The device that networks run on: auto, cpu, cuda or cuda:N
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub(crate) device: DeviceChoice,

    /// The number of threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = up_to::<MAX_THREADS>)]
    pub(crate) threads: Option<usize>,
}

/// The same, and how much of the work at once.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Machine")]
pub(crate) struct BatchArgs {
    #[command(flatten)]
    pub(crate) on: DeviceArgs,

    /// How many tiles go through a network at once [default: what suits the device]
    #[arg(long, value_name = "N", value_parser = up_to::<MAX_BATCH>)]
    pub(crate) batch: Option<usize>,
}

/// Spreads the work over so many threads, pixels and networks alike.
pub(crate) fn use_threads(count: Option<usize>) -> Result<(), Error> {
    let Some(count) = count else {
        return Ok(());
    };
    uncanny_model::set_threads(count);
    rayon::ThreadPoolBuilder::new()
        .num_threads(count)
        .build_global()
        .map_err(|source| Error::Threads { count, source })
}

/// The features of this processor that make networks quick, of those that are there.
pub(crate) fn processor_features() -> Vec<&'static str> {
    let mut found = Vec::new();
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    {
        macro_rules! look_for {
            ($($name:tt)*) => { $(if std::arch::is_x86_feature_detected!($name) { found.push($name); })* };
        }
        look_for!("sse4.2" "avx" "avx2" "fma" "f16c" "avx512f" "avx512vnni" "avx512bf16");
    }
    #[cfg(target_arch = "aarch64")]
    {
        macro_rules! look_for {
            ($($name:tt)*) => { $(if std::arch::is_aarch64_feature_detected!($name) { found.push($name); })* };
        }
        look_for!("neon" "fp16" "dotprod" "i8mm" "bf16" "sve");
    }
    found
}

/// What the system calls its processor, where it tells.
pub(crate) fn processor_name() -> Option<String> {
    let info = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The folder that libtorch was loaded from.
pub(crate) fn libtorch_folder() -> Option<PathBuf> {
    let name = library("torch_cpu");
    loaded_from(&name).or_else(|| {
        // Where the system cannot be asked: where its loader looks, in that order.
        let beside = std::env::current_exe()
            .ok()
            .and_then(|exe| Some(exe.parent()?.to_owned()));
        let listed = ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"]
            .into_iter()
            .filter_map(std::env::var_os)
            .flat_map(|list: OsString| std::env::split_paths(&list).collect::<Vec<_>>());
        let built_with = option_env!("LIBTORCH").map(|folder| Path::new(folder).join("lib"));
        beside
            .into_iter()
            .chain(listed)
            .chain(built_with)
            .find(|folder| folder.join(&name).is_file())
    })
}

fn loaded_from(library: &str) -> Option<PathBuf> {
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    let path = maps.lines().find_map(|line| {
        let path = Path::new(&line[line.find('/')?..]);
        (path.file_name()? == library).then(|| path.to_owned())
    })?;
    Some(path.parent()?.to_owned())
}

/// The file name of a library on this system.
pub(crate) fn library(name: &str) -> String {
    format!(
        "{}{name}{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    )
}

/// The version of the libtorch in this `lib` folder, as it says itself.
pub(crate) fn libtorch_version(folder: &Path) -> Option<String> {
    let root = folder.parent()?;
    // libtorch's own archive has the first, the `torch` of Python the second.
    let text = fs::read_to_string(root.join("build-version"))
        .or_else(|_| fs::read_to_string(root.join("version.py")))
        .ok()?;
    let number = text.find(|c: char| c.is_ascii_digit())?;
    let version = text[number..]
        .split(|c: char| c.is_whitespace() || c == '\'' || c == '"')
        .next()?;
    Some(version.to_owned())
}

/// Whether this machine looks as if it had an NVIDIA GPU, whatever libtorch says.
pub(crate) fn has_nvidia_driver() -> bool {
    let driver = if cfg!(windows) {
        let root = std::env::var_os("SystemRoot").unwrap_or_else(|| "C:\\Windows".into());
        Path::new(&root).join("System32").join("nvcuda.dll")
    } else {
        PathBuf::from("/proc/driver/nvidia/version")
    };
    driver.exists()
}

/// Has the allocator return large blocks to the system as soon as they are free.
///
/// A network's features between two layers are blocks of up to 64 MiB, made by one worker after the other. Once glibc has
/// seen one freed it keeps blocks of up to 32 MiB, for each thread apart (mallopt(3), `M_MMAP_THRESHOLD`): a pack of
/// 394 textures took 1,030 MB with that, and takes 730 MB without, for 4 % more time.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "the allocator's setting has no safe form")]
pub(crate) fn give_large_blocks_back() {
    const LARGE: libc::c_int = 8 << 20;
    // SAFETY: it sets a number, is safe to call from any thread, and no other thread runs yet.
    unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE) };
}

/// Other allocators return what they do not need.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn give_large_blocks_back() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_version_of_either_kind_of_libtorch() {
        let folder = tempfile::tempdir().unwrap();
        let lib = folder.path().join("lib");
        assert_eq!(libtorch_version(&lib), None);
        fs::write(
            folder.path().join("version.py"),
            "__version__ = '2.11.0+cu130'\ndebug = False\n",
        )
        .unwrap();
        assert_eq!(libtorch_version(&lib).as_deref(), Some("2.11.0+cu130"));
        fs::write(folder.path().join("build-version"), "2.11.0\n").unwrap();
        assert_eq!(libtorch_version(&lib).as_deref(), Some("2.11.0"));
    }

    #[test]
    fn this_process_knows_its_libtorch() {
        // The test binary links it too.
        assert!(uncanny_model::threads() >= 1);
        let folder = libtorch_folder().expect("libtorch is loaded");
        assert!(folder.join(library("torch_cpu")).is_file());
    }
}
