//! The models of a program: found by name, loaded when first asked for, and kept.

use std::collections::BTreeMap;

use uncanny::{ModelError, Models, Options};
use uncanny_model::{Device, DeviceChoice, FaceJudge, Network, Programs};
use uncanny_texture::{Judge, Reach, Scale, Upscaler, reach};

use crate::{Catalogue, Error, NamedModel};

/// What models enlarge by unless told otherwise.
const SCALE: u32 = 8;

/// Models by name, each loaded when it is first asked for and kept, so that the rules of one run may use several.
///
/// Unless told otherwise it has the user's folder ([`Catalogue::of_user`]), and a network whose own scale is smaller than
/// 8x reaches 8x as [`Reach::default`] says.
///
/// ```
/// use uncanny::Models;
/// use uncanny_registry::{DeviceChoice, ModelRegistry};
/// let mut models = ModelRegistry::new(DeviceChoice::Cpu);
/// assert_eq!(models.info("textures")?.scale.get(), 8);
/// # Ok::<(), uncanny::ModelError>(())
/// ```
pub struct ModelRegistry {
    choice: DeviceChoice,
    batch: Option<usize>,
    workers: Option<usize>,
    scale: Scale,
    reach: Option<Reach>,
    trusted: Vec<String>,
    catalogue: Catalogue,
    device: Option<Device>,
    loaded: BTreeMap<String, Box<dyn Upscaler>>,
    judge: Option<FaceJudge>,
}

impl ModelRegistry {
    /// Networks run on this device. It is looked for when the first of them is asked for.
    #[must_use]
    pub fn new(device: DeviceChoice) -> Self {
        Self {
            choice: device,
            batch: None,
            workers: None,
            scale: default_scale(),
            reach: Some(Reach::default()),
            trusted: Vec::new(),
            catalogue: Catalogue::of_user(),
            device: None,
            loaded: BTreeMap::new(),
            judge: None,
        }
    }

    /// With other names than the user's.
    #[must_use]
    pub fn with_catalogue(mut self, catalogue: Catalogue) -> Self {
        self.catalogue = catalogue;
        self
    }

    /// What the classical models enlarge by, and what networks of a smaller scale reach; `None` is 8x.
    #[must_use]
    pub fn with_scale(mut self, scale: impl Into<Option<Scale>>) -> Self {
        self.scale = scale.into().unwrap_or_else(default_scale);
        self
    }

    /// How a network of a smaller scale reaches the larger one. With `None` it keeps its own.
    #[must_use]
    pub fn with_reach(mut self, reach: impl Into<Option<Reach>>) -> Self {
        self.reach = reach.into();
        self
    }

    /// With the scale of a run's options, and their way to reach it.
    #[must_use]
    pub fn for_options(self, options: &Options) -> Self {
        self.with_scale(options.scale).with_reach(options.reach)
    }

    /// How many tiles a network sees at once, at least 1; `None` is what suits the device.
    #[must_use]
    pub fn with_batch(mut self, batch: impl Into<Option<usize>>) -> Self {
        self.batch = batch.into();
        self
    }

    /// How many threads a network runs in on a processor, at least 1; `None` is [`uncanny_model::threads`]. What it makes
    /// is the same whatever their number.
    #[must_use]
    pub fn with_workers(mut self, workers: impl Into<Option<usize>>) -> Self {
        self.workers = workers.into();
        self
    }

    /// Lets the TorchScript programs that are asked for by exactly these names do whatever they say
    /// ([`Programs::Trusted`]): write into files, or never end. All others are run checked, or refused.
    ///
    /// For names alone that a person has typed and said so of. What a file, a page or a game's assets name is never to be
    /// trusted.
    #[must_use]
    pub fn trusting<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.trusted.extend(names.into_iter().map(Into::into));
        self
    }

    /// What the networks run on; `None` while none was asked for.
    #[must_use]
    pub fn device(&self) -> Option<Device> {
        self.device
    }

    /// The names that it knows.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The model called `name`, loaded when it was not: what [`Models::resolve`] gives, with a typed error.
    ///
    /// # Errors
    /// When there is none, it does not load, or the device is not there.
    pub fn model(&mut self, name: &str) -> Result<&mut dyn Upscaler, Error> {
        if !self.loaded.contains_key(name) {
            let model = self.load(name)?;
            self.loaded.insert(name.to_owned(), model);
        }
        let model = self.loaded.get_mut(name);
        Ok(model.expect("it was inserted above").as_mut())
    }

    /// The judge of faces that comes with the library, loaded when it was not.
    ///
    /// # Errors
    /// When the device is not there, or libtorch refuses.
    pub fn judge(&mut self) -> Result<&mut dyn Judge, Error> {
        if self.judge.is_none() {
            self.judge = Some(FaceJudge::shipped(self.find_device()?)?);
        }
        Ok(self.judge.as_mut().expect("it was loaded above"))
    }

    fn load(&mut self, name: &str) -> Result<Box<dyn Upscaler>, Error> {
        let mut network = match self.catalogue.find(name)? {
            NamedModel::Classical(classical) => return Ok(classical.at(self.scale)),
            NamedModel::Shipped(shipped) => shipped.load(self.find_device()?)?,
            NamedModel::File(path) => {
                let trusted = self.trusted.iter().any(|typed| typed == name);
                let programs = if trusted {
                    Programs::Trusted
                } else {
                    Programs::Checked
                };
                Network::load_with(&path, self.find_device()?, programs)?
            }
        };
        tracing::debug!(device = %self.find_device()?, network = network.description().architecture, "loaded the model {name:?}");
        if let Some(batch) = self.batch {
            network = network.with_batch(batch);
        }
        if let Some(workers) = self.workers {
            network = network.with_workers(workers);
        }
        Ok(match self.reach {
            Some(how) => reach(Box::new(network), self.scale, how),
            None => Box::new(network),
        })
    }

    fn find_device(&mut self) -> Result<Device, Error> {
        match self.device {
            Some(device) => Ok(device),
            None => Ok(*self.device.insert(Device::find(self.choice)?)),
        }
    }
}

impl Models for ModelRegistry {
    fn resolve(&mut self, name: &str) -> Result<&mut dyn Upscaler, ModelError> {
        Ok(self.model(name)?)
    }

    fn dreamer(&mut self, name: &str) -> Result<(&mut dyn Upscaler, &mut dyn Judge), ModelError> {
        self.model(name)?;
        self.judge()?;
        let model = self.loaded.get_mut(name).expect("it was loaded above");
        let judge = self.judge.as_mut().expect("it was loaded above");
        Ok((model.as_mut(), judge))
    }
}

fn default_scale() -> Scale {
    Scale::new(SCALE).expect("8 is within a scale's limits")
}
