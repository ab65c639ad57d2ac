//! Where the plugin's models come from, and what they run on.

use std::fmt;
use std::sync::Arc;

#[cfg(feature = "torch")]
use uncanny::ModelError;
use uncanny::{Baselines, Models};
#[cfg(feature = "torch")]
use uncanny_model::DeviceChoice;
use uncanny_texture::Scale;

/// What the classical models enlarge by; they have no scale of their own.
const SCALE: u32 = 8;

/// Which model enhances.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ModelChoice {
    /// With the feature `torch`, the network that is best for textures; without it, none: see
    /// [`Prepared`](Self::Prepared).
    #[default]
    Auto,
    /// The model of this name: `lanczos` and `nearest`, and with the feature `torch` the networks that are shipped
    /// (`textures`, `faces`, `faces-512`) and the path of any checkpoint.
    Named(String),
    /// None. Pictures are read as they are: Bevy's asset processor or `uncanny convert` has enhanced them.
    Prepared,
}

impl ModelChoice {
    /// The model's name, if there is to be one.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Auto if cfg!(feature = "torch") => Some(uncanny::DEFAULT_MODEL),
            Self::Named(name) => Some(name),
            Self::Auto | Self::Prepared => None,
        }
    }
}

impl From<&str> for ModelChoice {
    fn from(name: &str) -> Self {
        Self::Named(name.to_owned())
    }
}

impl From<String> for ModelChoice {
    fn from(name: String) -> Self {
        Self::Named(name)
    }
}

/// Where models come from.
///
/// The default gives `lanczos` and `nearest`, and with the feature `torch` networks too, on a GPU where libtorch finds
/// one. Anything else that implements [`Models`] will do: an engine of your own, say.
#[derive(Clone)]
pub struct ModelSource {
    open: Arc<dyn Fn() -> OpenModels + Send + Sync>,
}

/// Models, ready to be asked.
pub struct OpenModels {
    /// They are used on one thread, on which they were opened.
    pub models: Box<dyn Models>,
    /// What they run on, for people.
    pub device: String,
}

impl ModelSource {
    /// Models that `open` gives, which is called on their thread.
    pub fn new(open: impl Fn() -> OpenModels + Send + Sync + 'static) -> Self {
        Self {
            open: Arc::new(open),
        }
    }

    /// What the default gives, its networks on a device of one's choice.
    ///
    /// # Errors
    /// When a GPU is chosen that is not there.
    #[cfg(feature = "torch")]
    pub fn on(choice: DeviceChoice) -> Result<Self, ModelError> {
        // The others are always there, and looking for CUDA takes a while: that is the worker's to do.
        if let DeviceChoice::Cuda(_) = choice {
            uncanny_model::Device::find(choice)?;
        }
        Ok(Self::new(move || torch::open(choice)))
    }

    /// `lanczos` and `nearest`, which need no network.
    #[must_use]
    pub fn baselines() -> Self {
        Self::new(|| OpenModels {
            models: Box::new(Baselines::new(scale())),
            device: "CPU".to_owned(),
        })
    }

    pub(crate) fn open(&self) -> OpenModels {
        (self.open)()
    }
}

impl Default for ModelSource {
    #[cfg(not(feature = "torch"))]
    fn default() -> Self {
        Self::baselines()
    }

    #[cfg(feature = "torch")]
    fn default() -> Self {
        Self::new(|| torch::open(DeviceChoice::Auto))
    }
}

impl fmt::Debug for ModelSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelSource").finish_non_exhaustive()
    }
}

fn scale() -> Scale {
    Scale::new(SCALE).expect("8 is within a scale's limits")
}

#[cfg(feature = "torch")]
mod torch {
    use std::collections::BTreeMap;
    use std::path::Path;

    use uncanny::{Baselines, ModelError, Models};
    use uncanny_model::{Device, DeviceChoice, Network, Shipped};
    use uncanny_texture::Upscaler;

    use super::{OpenModels, scale};

    /// The networks that are shipped, those in files, and the classical models.
    struct Networks {
        device: Device,
        classical: Baselines,
        loaded: BTreeMap<String, Box<dyn Upscaler>>,
    }

    pub(super) fn open(choice: DeviceChoice) -> OpenModels {
        // `Auto` always finds something, and a GPU was found before.
        let device = Device::find(choice).unwrap_or(Device::CPU);
        let words = if device == Device::CPU {
            // A core stays free for frames: whoever looks at them waits for them, and not for a texture.
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            let threads = uncanny_model::threads().min(cores.saturating_sub(1)).max(1);
            uncanny_model::set_threads(threads);
            format!(
                "CPU, {threads} thread{}",
                if threads == 1 { "" } else { "s" }
            )
        } else {
            device.to_string()
        };
        OpenModels {
            models: Box::new(Networks {
                device,
                classical: Baselines::new(scale()),
                loaded: BTreeMap::new(),
            }),
            device: words,
        }
    }

    impl Models for Networks {
        fn resolve(&mut self, name: &str) -> Result<&mut dyn Upscaler, ModelError> {
            if matches!(name, "lanczos" | "nearest") {
                return self.classical.resolve(name);
            }
            if !self.loaded.contains_key(name) {
                let network = match Shipped::find(name) {
                    Some(shipped) => shipped.load(self.device)?,
                    None if Path::new(name).is_file() => Network::load(name.as_ref(), self.device)?,
                    None => {
                        let shipped = uncanny_model::SHIPPED.iter().map(|shipped| shipped.name);
                        let known: Vec<&str> = shipped.chain(["lanczos", "nearest"]).collect();
                        return Err(format!(
                            "no model is called {name:?}, nor is there such a file; there are {}",
                            known.join(", ")
                        )
                        .into());
                    }
                };
                self.loaded.insert(name.to_owned(), Box::new(network));
            }
            Ok(self
                .loaded
                .get_mut(name)
                .expect("it was inserted above")
                .as_mut())
        }
    }
}
