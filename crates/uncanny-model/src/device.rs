//! Which processor the network runs on, and finding CUDA when its libraries are there.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use tch::Kind;

use crate::{Error, Result};

/// What a user asks for: `auto`, `cpu`, `cuda` or `cuda:1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// CUDA where there is a GPU, the CPU everywhere else.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The GPU of this index.
    Cuda(usize),
}

impl FromStr for DeviceChoice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.split_once(':') {
            None if text == "auto" => Ok(DeviceChoice::Auto),
            None if text == "cpu" => Ok(DeviceChoice::Cpu),
            None if text == "cuda" => Ok(DeviceChoice::Cuda(0)),
            Some(("cuda", index)) => index
                .parse()
                .map(DeviceChoice::Cuda)
                .map_err(|_| Error::DeviceName(text.into())),
            _ => Err(Error::DeviceName(text.into())),
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DeviceChoice::Auto => write!(f, "auto"),
            DeviceChoice::Cpu => write!(f, "cpu"),
            DeviceChoice::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

/// A processor that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device(tch::Device);

impl Device {
    /// The CPU, which is always there.
    pub const CPU: Device = Device(tch::Device::Cpu);

    /// Finds the device that the user asked for.
    ///
    /// # Errors
    /// When CUDA is asked for by name and this machine has none, or not so many GPUs.
    pub fn find(choice: DeviceChoice) -> Result<Device> {
        match choice {
            DeviceChoice::Cpu => Ok(Device::CPU),
            DeviceChoice::Auto => Ok(match cuda() {
                Cuda::Ready { .. } => Device(tch::Device::Cuda(0)),
                Cuda::NoLibrary { .. } | Cuda::NoGpu => Device::CPU,
            }),
            DeviceChoice::Cuda(index) => match cuda() {
                Cuda::Ready { gpus } if index < *gpus => Ok(Device(tch::Device::Cuda(index))),
                found => Err(Error::NoDevice {
                    wanted: choice.to_string(),
                    why: found.to_string(),
                }),
            },
        }
    }

    /// libtorch's name for it.
    #[must_use]
    pub fn torch(self) -> tch::Device {
        self.0
    }

    /// The number format a network runs in here: f32 on the CPU, f16 on a GPU.
    #[must_use]
    pub fn kind(self) -> Kind {
        if self.0.is_cuda() {
            Kind::Half
        } else {
            Kind::Float
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            tch::Device::Cuda(index) => write!(f, "cuda:{index}"),
            _ => write!(f, "cpu"),
        }
    }
}

/// What was found of CUDA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cuda {
    /// So many GPUs can be used.
    Ready {
        /// How many.
        gpus: usize,
    },
    /// libtorch's CUDA half is not installed, or a library that it needs is missing.
    NoLibrary {
        /// What the loader said.
        reason: String,
    },
    /// The libraries are there, the GPU or its driver is not.
    NoGpu,
}

impl fmt::Display for Cuda {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cuda::Ready { gpus: 1 } => write!(f, "1 GPU found"),
            Cuda::Ready { gpus } => write!(f, "{gpus} GPUs found"),
            Cuda::NoLibrary { reason } => write!(
                f,
                "libtorch's CUDA libraries are not installed (`cargo xtask libtorch --cuda` fetches them): {reason}"
            ),
            Cuda::NoGpu => write!(f, "no NVIDIA GPU with a working driver was found"),
        }
    }
}

/// Looks for CUDA, once.
///
/// A linker drops libtorch_cuda as unneeded, and without it libtorch says that there is no GPU;
/// loading it here lets one and the same binary serve both.
pub fn cuda() -> &'static Cuda {
    static FOUND: OnceLock<Cuda> = OnceLock::new();
    FOUND.get_or_init(|| {
        let loaded = load_cuda_library();
        let gpus = if tch::Cuda::is_available() {
            tch::Cuda::device_count().max(0)
        } else {
            0
        };
        match (gpus, loaded) {
            (0, Err(reason)) => Cuda::NoLibrary { reason },
            (0, Ok(())) => Cuda::NoGpu,
            (gpus, _) => Cuda::Ready {
                gpus: gpus as usize,
            },
        }
    })
}

#[expect(
    unsafe_code,
    reason = "loading a library runs its initialisers; it is libtorch's own"
)]
fn load_cuda_library() -> std::result::Result<(), String> {
    let name = libloading::library_filename("torch_cuda");
    // SAFETY: libtorch_cuda is made to be loaded beside libtorch_cpu, which this binary links; it
    // registers its operators as it is loaded. It is never unloaded.
    match unsafe { libloading::Library::new(&name) } {
        Ok(library) => {
            std::mem::forget(library);
            Ok(())
        }
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_named() {
        for (text, choice) in [
            ("auto", DeviceChoice::Auto),
            ("cpu", DeviceChoice::Cpu),
            ("cuda", DeviceChoice::Cuda(0)),
            ("cuda:3", DeviceChoice::Cuda(3)),
        ] {
            assert_eq!(text.parse::<DeviceChoice>().unwrap(), choice);
        }
        for text in ["", "gpu", "cuda:", "cuda:x", "cpu:0"] {
            let error = text.parse::<DeviceChoice>().unwrap_err().to_string();
            assert!(error.contains("auto, cpu, cuda or cuda:N"), "{error}");
        }
    }

    #[test]
    fn a_gpu_that_is_not_there_is_refused_and_auto_goes_on() {
        if matches!(cuda(), Cuda::Ready { .. }) {
            return;
        }
        assert_eq!(Device::find(DeviceChoice::Auto).unwrap(), Device::CPU);
        let error = Device::find(DeviceChoice::Cuda(0)).unwrap_err().to_string();
        assert!(error.starts_with("use cuda:0: "), "{error}");
    }
}
