//! Models by name: `faces`, `lanczos`, `nearest` and the paths of checkpoints. Loaded when first
//! asked for and kept, so that the rules of one run may use several.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use uncanny::{ModelError, Models};
use uncanny_model::{Device, DeviceChoice, Network};
use uncanny_texture::{Lanczos, Nearest, Scale, Upscaler};

/// The models that need no file, and what `--help` says of them.
pub(crate) const BUILT_IN: [(&str, &str); 3] = [
    ("faces", "the network that sees faces, 8x"),
    ("lanczos", "plain resizing, for comparison"),
    ("nearest", "every pixel a square"),
];

/// Why a name means no model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// Neither a built-in name nor a file.
    #[error("no model is called {name:?}, nor is there such a file")]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// A folder where a checkpoint was expected.
    #[error("{} is a folder, not a checkpoint", path.display())]
    Folder {
        /// What was asked for.
        path: PathBuf,
    },
}

/// The models of one run.
pub(crate) struct Loaded {
    device: DeviceChoice,
    batch: Option<usize>,
    /// What the classical models enlarge by; they have no scale of their own.
    scale: Scale,
    found: Option<Device>,
    models: BTreeMap<String, Box<dyn Upscaler>>,
}

impl Loaded {
    /// Nothing is loaded yet. `scale` is the run's own, if it has one.
    pub(crate) fn new(device: DeviceChoice, batch: Option<usize>, scale: Option<Scale>) -> Self {
        let scale = scale.unwrap_or_else(|| Scale::new(8).expect("8 is within a scale's limits"));
        Self {
            device,
            batch,
            scale,
            found: None,
            models: BTreeMap::new(),
        }
    }

    /// What the networks run on; `None` while none was asked for.
    pub(crate) fn device(&self) -> Option<Device> {
        self.found
    }

    fn load(&mut self, name: &str) -> Result<Box<dyn Upscaler>, ModelError> {
        match name {
            "lanczos" => return Ok(Box::new(Lanczos::new(self.scale))),
            "nearest" => return Ok(Box::new(Nearest::new(self.scale))),
            _ => {}
        }
        let path = Path::new(name);
        if name != "faces" {
            if path.is_dir() {
                return Err(Error::Folder {
                    path: path.to_owned(),
                }
                .into());
            }
            if !path.exists() {
                return Err(Error::Unknown {
                    name: name.to_owned(),
                }
                .into());
            }
        }
        let device = match self.found {
            Some(device) => device,
            None => *self.found.insert(Device::find(self.device)?),
        };
        let network = if name == "faces" {
            Network::faces(device)?
        } else {
            Network::load(path, device)?
        };
        tracing::debug!(%device, network = network.description().architecture, "loaded the model {name:?}");
        Ok(Box::new(match self.batch {
            Some(batch) => network.with_batch(batch),
            None => network,
        }))
    }
}

impl Models for Loaded {
    fn resolve(&mut self, name: &str) -> Result<&mut dyn Upscaler, ModelError> {
        if !self.models.contains_key(name) {
            let model = self.load(name)?;
            self.models.insert(name.to_owned(), model);
        }
        Ok(self
            .models
            .get_mut(name)
            .expect("it was inserted above")
            .as_mut())
    }
}

/// Whether `name` means a file, and so depends on the folder it is read from.
pub(crate) fn is_path(name: &str) -> bool {
    BUILT_IN.iter().all(|(built_in, _)| *built_in != name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_classical_models_need_no_device() {
        let mut models = Loaded::new(DeviceChoice::Cuda(99), None, Scale::new(4).ok());
        assert_eq!(models.info("lanczos").unwrap().scale.get(), 4);
        assert_eq!(models.info("nearest").unwrap().scale.get(), 4);
        assert_eq!(models.device(), None);
    }

    #[test]
    fn names_that_mean_nothing_say_so() {
        let mut models = Loaded::new(DeviceChoice::Cpu, None, None);
        let error = models.info("facez").unwrap_err();
        assert!(matches!(error.downcast_ref(), Some(Error::Unknown { name }) if name == "facez"));
        let error = models.info(env!("CARGO_MANIFEST_DIR")).unwrap_err();
        assert!(matches!(error.downcast_ref(), Some(Error::Folder { .. })));
    }
}
