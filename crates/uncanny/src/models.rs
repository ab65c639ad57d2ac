//! How a run gets its models: the [`Models`] trait, and the classical [`Baselines`] that need no network.

use std::collections::BTreeMap;

use uncanny_texture::{Judge, Lanczos, Nearest, Scale, Tiling, Upscaler, Xbr};

/// Why a model could not be had.
pub type ModelError = Box<dyn std::error::Error + Send + Sync>;

/// What a plan must know of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelInfo {
    /// The name it was asked for by.
    pub name: String,
    /// Its own scale.
    pub scale: Scale,
    /// How it wants its input cut.
    pub tiling: Tiling,
    /// Changes whenever its output could.
    pub fingerprint: [u8; 32],
    /// The number of tiles it likes at a time.
    pub batch: usize,
}

/// Gives models by name. `faces`, `lanczos` and paths are the caller's to interpret.
///
/// `nearest` never reaches a run's models: it needs none.
pub trait Models: Send {
    /// The model called `name`, loaded when it was not.
    ///
    /// # Errors
    /// When there is none or it does not load.
    fn resolve(&mut self, name: &str) -> Result<&mut dyn Upscaler, ModelError>;

    /// The model called `name` and the judge of faces, for a search. There is no judge unless an implementer has one.
    ///
    /// # Errors
    /// As [`Models::resolve`], and when there is no judge.
    fn dreamer(&mut self, name: &str) -> Result<(&mut dyn Upscaler, &mut dyn Judge), ModelError> {
        Err(format!("{name} cannot dream: there is no judge of faces here").into())
    }

    /// What a plan must know of it. Cheaper than [`Models::resolve`] where an implementer can make it so.
    ///
    /// # Errors
    /// As [`Models::resolve`].
    fn info(&mut self, name: &str) -> Result<ModelInfo, ModelError> {
        let model = self.resolve(name)?;
        Ok(ModelInfo {
            name: name.to_owned(),
            scale: model.scale(),
            tiling: model.tiling(),
            fingerprint: model.fingerprint(),
            batch: model.batch(),
        })
    }
}

/// A classical model: one that needs no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Classical {
    /// Plain resizing.
    Lanczos,
    /// Every pixel a square.
    Nearest,
    /// Pixel art with smooth diagonals.
    Xbr,
}

impl Classical {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Lanczos, Self::Nearest, Self::Xbr];

    /// The one called `name`.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }

    /// What it is asked for by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lanczos => "lanczos",
            Self::Nearest => "nearest",
            Self::Xbr => "xbr",
        }
    }

    /// What it is for, in a few words.
    #[must_use]
    pub fn summary(self) -> &'static str {
        match self {
            Self::Lanczos => "plain resizing, for comparison",
            Self::Nearest => "every pixel a square",
            Self::Xbr => "pixel art with smooth diagonals, by rules",
        }
    }

    /// The model itself, which has no scale of its own.
    #[must_use]
    pub fn at(self, scale: Scale) -> Box<dyn Upscaler> {
        match self {
            Self::Lanczos => Box::new(Lanczos::new(scale)),
            Self::Nearest => Box::new(Nearest::new(scale)),
            Self::Xbr => Box::new(Xbr::new(scale)),
        }
    }
}

/// The classical models `lanczos`, `nearest` and `xbr`, at one scale.
///
/// ```
/// use uncanny::{Baselines, Models};
/// let mut models = Baselines::new(uncanny_texture::Scale::new(4)?);
/// assert_eq!(models.info("lanczos")?.scale.get(), 4);
/// assert!(models.info("faces").is_err());
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
pub struct Baselines {
    scale: Scale,
    loaded: BTreeMap<String, Box<dyn Upscaler>>,
}

impl Baselines {
    /// Baselines that enlarge by `scale`.
    #[must_use]
    pub fn new(scale: Scale) -> Self {
        Self {
            scale,
            loaded: BTreeMap::new(),
        }
    }
}

impl Models for Baselines {
    fn resolve(&mut self, name: &str) -> Result<&mut dyn Upscaler, ModelError> {
        if !self.loaded.contains_key(name) {
            let Some(classical) = Classical::find(name) else {
                return Err(format!(
                    "no baseline is called {name:?}: there are lanczos, nearest and xbr"
                )
                .into());
            };
            let model = classical.at(self.scale);
            self.loaded.insert(name.to_owned(), model);
        }
        Ok(self
            .loaded
            .get_mut(name)
            .expect("it was inserted above")
            .as_mut())
    }
}
