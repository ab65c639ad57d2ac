//! `uncanny doctor`: what is here, what is missing, what to do about it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use indicatif::HumanBytes;
use serde::Serialize;
use uncanny::Classical;
use uncanny_model::{Cuda, Device, DeviceChoice, Network, SHIPPED, Shipped};
use uncanny_registry::Catalogue;
use uncanny_texture::{RgbPlanes, TileEdges, Upscaler as _};

use crate::args::{DoctorArgs, EnhanceArgs};
use crate::commands::cache;
use crate::error::Error;
use crate::{diagnostics, machine, options, output};

/// The libtorch that the bindings below were made for.
const LIBTORCH: &str = "2.11";
/// The bindings to libtorch; a test holds it against the workspace's manifest.
const TCH: &str = "0.24.0";
/// Less than this on a disk is worth a word: a large pack at 8x and its cache.
const LITTLE_DISK: u64 = 1 << 30;

#[derive(Debug, Serialize)]
struct Checkup {
    uncanny: &'static str,
    tch: &'static str,
    libtorch: Libtorch,
    machine: Machine,
    devices: Vec<DeviceFound>,
    models: Vec<ModelFound>,
    folders: Vec<Folder>,
    settings: Settings,
    problems: Vec<Problem>,
}

#[derive(Debug, Serialize)]
struct Libtorch {
    version: Option<String>,
    folder: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Machine {
    system: String,
    processor: Option<String>,
    features: Vec<&'static str>,
    /// Threads that the processor runs at once.
    cores: usize,
    pixel_threads: usize,
    network_threads: usize,
}

#[derive(Debug, Serialize)]
struct DeviceFound {
    name: String,
    available: bool,
    /// What was found, or why nothing was.
    note: String,
}

#[derive(Debug, Serialize)]
struct ModelFound {
    name: String,
    description: String,
    device: Option<String>,
    tiles_per_second: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Folder {
    what: &'static str,
    path: Option<PathBuf>,
    /// What it holds, in bytes.
    bytes: Option<u64>,
    /// What its disk has left, in bytes.
    free: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Settings {
    /// The file that `convert` and `plan` would read here.
    file: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Problem {
    what: String,
    remedy: String,
}

pub(crate) fn run(args: &DoctorArgs) -> Result<u8, Error> {
    let checkup = examine(args);
    output::print(|out| {
        if args.json {
            serde_json::to_writer_pretty(&mut *out, &checkup)?;
            writeln!(out)
        } else {
            checkup.write(out)
        }
    })?;
    Ok(u8::from(!checkup.problems.is_empty()))
}

fn examine(args: &DoctorArgs) -> Checkup {
    let mut problems = Vec::new();
    let mut problem = |what: String, remedy: &str| {
        problems.push(Problem {
            what,
            remedy: remedy.to_owned(),
        })
    };
    Checkup {
        uncanny: env!("CARGO_PKG_VERSION"),
        tch: TCH,
        libtorch: libtorch(&mut problem),
        machine: machine_found(&mut problem),
        devices: devices(&mut problem),
        models: models_found(&mut problem),
        folders: folders(args, &mut problem),
        settings: settings(&mut problem),
        problems,
    }
}

fn libtorch(problem: &mut dyn FnMut(String, &str)) -> Libtorch {
    let folder = machine::libtorch_folder();
    let version = folder.as_deref().and_then(machine::libtorch_version);
    if let Some(version) = version
        .as_deref()
        .filter(|version| !version.starts_with(LIBTORCH))
    {
        problem(
            format!("libtorch is {version}, this program was made for {LIBTORCH}"),
            "unset LIBTORCH and LIBTORCH_USE_PYTORCH and run `cargo xtask libtorch`, or point them at the right one",
        );
    }
    Libtorch { version, folder }
}

fn machine_found(problem: &mut dyn FnMut(String, &str)) -> Machine {
    let features = machine::processor_features();
    if cfg!(target_arch = "x86_64") && !features.contains(&"avx2") {
        problem(
            "this processor has no AVX2: networks run several times slower than they could"
                .to_owned(),
            "if this is a virtual machine, let it see the host's processor; otherwise use a GPU or --model lanczos",
        );
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Machine {
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        processor: machine::processor_name(),
        features,
        cores,
        pixel_threads: rayon::current_num_threads(),
        network_threads: uncanny_model::threads(),
    }
}

fn devices(problem: &mut dyn FnMut(String, &str)) -> Vec<DeviceFound> {
    let cuda = uncanny_model::cuda();
    let mut devices = vec![DeviceFound {
        name: "cpu".to_owned(),
        available: true,
        note: "always".to_owned(),
    }];
    match cuda {
        Cuda::Ready { gpus } => devices.extend((0..*gpus).map(|index| DeviceFound {
            name: format!("cuda:{index}"),
            available: true,
            note: "ready".to_owned(),
        })),
        missing => {
            devices.push(DeviceFound {
                name: "cuda".to_owned(),
                available: false,
                note: missing.to_string(),
            });
            if machine::has_nvidia_driver() {
                let remedy = match missing {
                    Cuda::NoLibrary { .. } => "run `cargo xtask libtorch --cuda`, then this again",
                    _ => "update the NVIDIA driver: CUDA 13 needs version 580 or later",
                };
                problem(
                    "there is an NVIDIA driver, but the GPU cannot be used".to_owned(),
                    remedy,
                );
            }
        }
    }
    devices
}

fn models_found(problem: &mut dyn FnMut(String, &str)) -> Vec<ModelFound> {
    let mut found = Vec::new();
    for shipped in SHIPPED {
        match try_shipped(shipped) {
            Ok(model) => found.push(model),
            Err(error) => problem(
                format!(
                    "the model {} does not work: {}",
                    shipped.name,
                    diagnostics::one_line(error.as_ref())
                ),
                "build again with `cargo uncanny doctor`; if it stays, please report it with what `uncanny doctor --json` says",
            ),
        }
    }
    found.extend(Classical::ALL.map(|classical| ModelFound {
        name: classical.name().to_owned(),
        description: classical.summary().to_owned(),
        device: None,
        tiles_per_second: None,
    }));
    let own = Catalogue::of_user().files().unwrap_or_else(|error| {
        problem(
            diagnostics::one_line(&error),
            "the variable UNCANNY_MODELS can name another folder",
        );
        Vec::new()
    });
    for file in own {
        if file.hidden() {
            problem(
                format!(
                    "{} is hidden by the model that comes with the program",
                    file.path.display()
                ),
                "give the file another name",
            );
        }
        match Network::load(&file.path, Device::CPU) {
            Ok(network) => found.push(ModelFound {
                description: describe(&network),
                name: file.name,
                device: None,
                tiles_per_second: None,
            }),
            Err(error) => problem(
                format!(
                    "the model {} cannot be used: {}",
                    file.name,
                    diagnostics::one_line(&error)
                ),
                &format!(
                    "`uncanny models remove {}`, or add it again",
                    file.file_name()
                ),
            ),
        }
    }
    found
}

fn describe(network: &Network) -> String {
    let about = network.description();
    format!(
        "{}, {}, {:.1} million parameters",
        about.architecture,
        about.scale,
        about.parameters as f64 / 1e6
    )
}

/// Loads the network and lets it work for a moment: what loads may still not run.
fn try_shipped(shipped: &Shipped) -> Result<ModelFound, Box<dyn std::error::Error>> {
    let device = Device::find(DeviceChoice::Auto)?;
    let mut network = shipped.load(device)?;
    let side = network.tiling().stride;
    let tile = RgbPlanes {
        width: side,
        height: side,
        data: vec![0.5; (3 * side * side) as usize],
    };
    let tiles = vec![tile; network.batch()];
    network.upscale(&tiles, TileEdges::WRAP)?;
    let start = Instant::now();
    let enhanced = network.upscale(&tiles, TileEdges::WRAP)?;
    let seconds = start.elapsed().as_secs_f64().max(1e-9);
    if !enhanced
        .iter()
        .all(|tile| tile.data.iter().all(|value| value.is_finite()))
    {
        return Err("it returned values that are no numbers".into());
    }
    Ok(ModelFound {
        name: shipped.name.to_owned(),
        description: describe(&network),
        device: Some(device.to_string()),
        tiles_per_second: Some((tiles.len() as f64 / seconds).round()),
    })
}

fn folders(args: &DoctorArgs, problem: &mut dyn FnMut(String, &str)) -> Vec<Folder> {
    let cache = options::cache_folder(args.cache.cache_dir.as_ref());
    let folders = vec![
        Folder {
            what: "cache",
            bytes: cache
                .as_deref()
                .and_then(|path| cache::size(path).ok())
                .map(|size| size.bytes),
            free: cache.as_deref().and_then(free),
            path: cache,
        },
        folder("here", std::env::current_dir().ok()),
        folder("models", Catalogue::of_user().folder().map(Path::to_owned)),
        folder(
            "program",
            std::env::current_exe()
                .ok()
                .and_then(|path| Some(path.parent()?.to_owned())),
        ),
    ];
    match &folders[0].path {
        None => problem(
            "no folder for the cache is known on this system".to_owned(),
            "name one with --cache-dir or UNCANNY_CACHE_DIR",
        ),
        Some(path) => {
            if let Err(error) = writable(path) {
                problem(
                    format!("the cache {} cannot be written: {error}", path.display()),
                    "name another folder with --cache-dir or UNCANNY_CACHE_DIR",
                );
            }
        }
    }
    for folder in folders.iter().take(2) {
        if let (Some(free), Some(path)) =
            (folder.free.filter(|free| *free < LITTLE_DISK), &folder.path)
        {
            problem(
                format!(
                    "only {} are free where {} is",
                    HumanBytes(free),
                    path.display()
                ),
                "a large pack at 8x needs about a gigabyte: free some, `uncanny cache clear` is a start",
            );
        }
    }
    folders
}

fn folder(what: &'static str, path: Option<PathBuf>) -> Folder {
    Folder {
        what,
        bytes: None,
        free: path.as_deref().and_then(free),
        path,
    }
}

/// What the disk has left that this path is, or would be, on.
fn free(path: &Path) -> Option<u64> {
    path.ancestors()
        .find_map(|path| fs4::available_space(path).ok())
}

/// Whether the folder can be made and written to. Leaves nothing that was not there.
fn writable(folder: &Path) -> io::Result<()> {
    let existing = folder
        .ancestors()
        .find(|path| path.exists())
        .unwrap_or(Path::new("."));
    let probe = existing.join(format!(".uncanny-doctor-{}", std::process::id()));
    std::fs::write(&probe, b"")?;
    std::fs::remove_file(&probe)
}

fn settings(problem: &mut dyn FnMut(String, &str)) -> Settings {
    let file = options::found_config();
    if let Err(error) = options::resolve(&EnhanceArgs::default()) {
        problem(
            diagnostics::one_line(&error),
            "`uncanny plan IN` points at the place",
        );
    }
    Settings { file }
}

impl Checkup {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let unknown = || "unknown".to_owned();
        let shown = |path: &Option<PathBuf>| {
            path.as_ref()
                .map_or_else(unknown, |path| path.display().to_string())
        };
        let mut line = |label: &str, value: &str| writeln!(out, "{label:<12} {value}");
        line("uncanny", self.uncanny)?;
        line(
            "libtorch",
            &self.libtorch.version.clone().unwrap_or_else(unknown),
        )?;
        line("", &shown(&self.libtorch.folder))?;
        line("tch", self.tch)?;
        line("system", &self.machine.system)?;
        line(
            "processor",
            &self.machine.processor.clone().unwrap_or_else(unknown),
        )?;
        line("", &self.machine.features.join(" "))?;
        line(
            "threads",
            &format!(
                "{} for pixels, {} for networks, {} cores",
                self.machine.pixel_threads, self.machine.network_threads, self.machine.cores
            ),
        )?;
        for device in &self.devices {
            let mark = if device.available { "" } else { "no: " };
            line(&device.name, &format!("{mark}{}", device.note))?;
        }
        for model in &self.models {
            let mut text = model.description.clone();
            if let (Some(device), Some(speed)) = (&model.device, model.tiles_per_second) {
                text.push_str(&format!(", {speed} tiles a second on {device}"));
            }
            line(&model.name, &text)?;
        }
        for folder in &self.folders {
            let mut text = shown(&folder.path);
            if let Some(bytes) = folder.bytes {
                text.push_str(&format!(", holds {}", HumanBytes(bytes)));
            }
            if let Some(free) = folder.free {
                text.push_str(&format!(", {} free", HumanBytes(free)));
            }
            line(folder.what, &text)?;
        }
        let none = || "no uncanny.toml here".to_owned();
        line(
            "settings",
            &self
                .settings
                .file
                .as_ref()
                .map_or_else(none, |path| path.display().to_string()),
        )?;
        writeln!(out)?;
        if self.problems.is_empty() {
            return writeln!(out, "All is well.");
        }
        for problem in &self.problems {
            writeln!(out, "Problem: {}", problem.what)?;
            writeln!(out, "   help: {}", problem.remedy)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bindings_are_those_of_the_manifest() {
        let manifest = include_str!("../../../../Cargo.toml");
        assert!(manifest.contains(&format!("tch = \"={TCH}\"")));
    }

    #[test]
    fn looking_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        writable(&folder.path().join("not/yet/there")).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(free(&folder.path().join("not/yet/there")).is_some_and(|bytes| bytes > 0));
    }
}
