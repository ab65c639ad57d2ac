//! Where the plugin's models come from, and what they run on.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

#[cfg(feature = "torch")]
use uncanny::ModelError;
use uncanny::{Baselines, Models, Options, chain};
#[cfg(feature = "torch")]
use uncanny_registry::DeviceChoice;
use uncanny_texture::Scale;

/// What the classical models enlarge by unless told otherwise; they have no scale of their own.
const SCALE: u32 = 8;

/// Which model enhances.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ModelChoice {
    /// With the feature `torch`, the network that is best for textures; without it, none: see
    /// [`Prepared`](Self::Prepared).
    #[default]
    Auto,
    /// The model of this name: `lanczos`, `nearest` and `xbr`, and with the feature `torch` all that `uncanny convert`
    /// knows: the networks that are shipped (`textures`, `uncanny`, `faces`, `faces-512`), those in the user's folder, and
    /// the path of any checkpoint. Its TorchScript programs are run checked, or refused.
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
/// The default gives `lanczos`, `nearest` and `xbr`, and with the feature `torch` networks too, on a GPU where libtorch
/// finds one: what `uncanny convert` has, at the scale of [`UncannyPlugin::config`](crate::UncannyPlugin::config). Anything else that implements [`Models`] will do: an engine of your own, say.
#[derive(Clone)]
pub struct ModelSource {
    open: Arc<dyn Fn(&Options) -> OpenModels + Send + Sync>,
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
        Self::with_options(move |_| open())
    }

    fn with_options(open: impl Fn(&Options) -> OpenModels + Send + Sync + 'static) -> Self {
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
        Ok(Self::with_options(move |options| {
            torch::open(choice, options)
        }))
    }

    /// `lanczos`, `nearest` and `xbr`, which need no network.
    #[must_use]
    pub fn baselines() -> Self {
        Self::with_options(|options| {
            let scale = options.scale.unwrap_or_else(default_scale);
            OpenModels {
                models: Box::new(Baselines::new(scale)),
                device: "CPU".to_owned(),
            }
        })
    }

    /// Models for work with these options.
    pub(crate) fn open(&self, options: &Options) -> OpenModels {
        (self.open)(options)
    }
}

impl Default for ModelSource {
    #[cfg(not(feature = "torch"))]
    fn default() -> Self {
        Self::baselines()
    }

    #[cfg(feature = "torch")]
    fn default() -> Self {
        Self::with_options(|options| torch::open(DeviceChoice::Auto, options))
    }
}

impl fmt::Debug for ModelSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelSource").finish_non_exhaustive()
    }
}

fn default_scale() -> Scale {
    Scale::new(SCALE).expect("8 is within a scale's limits")
}

/// An error and its causes; of a model that nobody knows, with the names that there are.
pub(crate) fn explained(error: &(dyn Error + 'static)) -> String {
    let mut text = chain(error);
    #[cfg(feature = "torch")]
    if let Some(names) = torch::known_names(error) {
        text.push_str(&format!("; there are {}", names.join(", ")));
    }
    text
}

#[cfg(feature = "torch")]
mod torch {
    use std::error::Error;

    use uncanny::Options;
    use uncanny_model::Device;
    use uncanny_registry::{DeviceChoice, ModelRegistry};

    use super::OpenModels;

    /// The models that `uncanny convert` would have with these options; none is trusted.
    pub(super) fn open(choice: DeviceChoice, options: &Options) -> OpenModels {
        // `Auto` always finds something, and a GPU was found before.
        let device = Device::find(choice).unwrap_or(Device::CPU);
        let (choice, workers, words) = if device == Device::CPU {
            // A core stays free for frames: whoever looks at them waits for them, and not for a texture.
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            let workers = uncanny_model::threads().min(cores.saturating_sub(1)).max(1);
            let plural = if workers == 1 { "" } else { "s" };
            let words = format!("CPU, {workers} thread{plural}");
            (DeviceChoice::Cpu, Some(workers), words)
        } else {
            (choice, None, device.to_string())
        };
        let models = ModelRegistry::new(choice)
            .for_options(options)
            .with_workers(workers);
        OpenModels {
            models: Box::new(models),
            device: words,
        }
    }

    /// The names that there are, where an error is about one that there is not.
    pub(super) fn known_names<'a>(error: &'a (dyn Error + 'static)) -> Option<Vec<&'a str>> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(uncanny_registry::Error::Unknown { known, .. }) = error.downcast_ref() {
                return Some(known.iter().map(|(name, _)| name.as_str()).collect());
            }
            cause = error.source();
        }
        None
    }
}
