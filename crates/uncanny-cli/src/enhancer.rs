//! What `image`, `zoom` and `video` have in common: how a picture is enhanced, and by which models.

use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args, ValueEnum, ValueHint};
use uncanny::Models as _;
use uncanny::picture::{self, Around, Resample, Settings, Way};
use uncanny_registry::ModelRegistry;
use uncanny_texture::{Reach, RgbaImage, Scale, Upscaler};

use crate::args::{TrustArgs, fidelity};
use crate::error::Error;
use crate::machine::{self, BatchArgs};
use crate::models::trusting;

/// Of a picture that is fitted: it loves faces.
const FITTING: &str = "faces";
/// Of tiles: it keeps to what is drawn.
const TILING: &str = "textures";

/// How pictures are enhanced.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "How")]
pub(crate) struct PictureArgs {
    /// The model: a name that `uncanny models` lists, or a checkpoint's path [default: faces with --fit, textures with --tiles]
    ///
    /// `faces` was trained on whole pictures reduced to 16x16, which is what --fit makes; `textures` on art tile by
    /// tile.
    #[arg(long, short, value_name = "MODEL", value_hint = ValueHint::FilePath)]
    pub(crate) model: Option<String>,

    #[command(flatten)]
    pub(crate) trust: TrustArgs,

    /// The size that a picture is fitted to, in pixels a side
    #[arg(long, value_name = "PIXELS", default_value_t = picture::SIDE, value_parser = clap::value_parser!(u32).range(4..=256))]
    pub(crate) side: u32,

    /// The filter that reduces a picture to --side
    #[arg(long, value_name = "FILTER", default_value = "chain")]
    pub(crate) resample: ResampleArg,

    /// Smooth the picture before the network sees it, by enlarging and reducing it: fewer blocks, softer faces
    #[arg(long)]
    pub(crate) preblur: bool,

    /// Add the light and shade of a face to what the network sees: 0 none, 1 as strong as a face's own, up to 4 [default: 2 for uncanny, else 0]
    ///
    /// A network that paints faces then paints one where there is none, in the picture's own colours.
    #[arg(long, value_name = "F", value_parser = hint)]
    pub(crate) hint: Option<f32>,

    /// Run the network this many times, each time on its last output: stranger each time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(uncanny::MAX_ITERATIONS)))]
    pub(crate) iterations: u32,

    /// Keep the original colours: 0 keeps none of them, 1 keeps each texel's average exactly [default: 0 with --fit, 1 with --tiles]
    #[arg(long, value_name = "F", value_parser = fidelity)]
    pub(crate) fidelity: Option<f32>,

    /// Enlarge this many times
    #[arg(long, short, value_name = "N", default_value = "8")]
    pub(crate) scale: Scale,

    /// How a checkpoint of a smaller scale reaches --scale: again, resize (`convert --help` explains)
    #[arg(long, value_name = "HOW", default_value = "resize")]
    pub(crate) reach: Reach,
}

/// How pictures meet the network.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "How")]
pub(crate) struct WayArgs {
    /// Reduce the whole picture, in a transparent square, to one small input [default: by size]
    ///
    /// Without --fit and --tiles, pictures of 16, 32 or 48 pixels a side, and all whose shorter side has 16 or less, are
    /// taken for sprites and go tile by tile. Emotes, emoji, photographs and all else are fitted.
    #[arg(long, conflicts_with = "tiles")]
    pub(crate) fit: bool,

    /// Enhance the picture as it is, tile by tile [default: by size]
    #[arg(long)]
    pub(crate) tiles: bool,

    /// What the network sees around a picture [default: what suits it]
    #[arg(long, value_name = "WHAT")]
    pub(crate) edges: Option<AroundArg>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ResampleArg {
    /// Bilinear, halved again and again: as the faces that networks were trained on
    Chain,
    /// The mean of what each pixel covers
    Box,
    /// Bicubic
    Bicubic,
    /// Lanczos with three lobes: the sharpest
    Lanczos,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AroundArg {
    /// Nothing: the network sees the whole picture at once
    None,
    /// The picture again, as if it repeated
    Wrap,
    /// The pixels of its border, repeated
    Clamp,
    /// Transparent pixels
    Transparent,
}

/// How strong a hint of a face a model is given unless asked otherwise.
pub(crate) fn default_hint(model: &str) -> f32 {
    if model == uncanny::DREAM_MODEL {
        uncanny::DREAM_HINT
    } else {
        0.0
    }
}

fn hint(text: &str) -> Result<f32, String> {
    let most = uncanny_texture::MOST_HINT;
    let hint = text.parse().ok().filter(|hint| (0.0..=most).contains(hint));
    hint.ok_or_else(|| format!("a number from 0 to {most} was expected"))
}

/// What was typed, as the library takes it.
fn settings(how: &PictureArgs, way: Option<&WayArgs>) -> Settings {
    Settings {
        way: way.and_then(|way| match (way.fit, way.tiles) {
            (true, _) => Some(Way::Fit),
            (_, true) => Some(Way::Tiles),
            _ => None,
        }),
        side: how.side,
        resample: match how.resample {
            ResampleArg::Chain => Resample::Chain,
            ResampleArg::Box => Resample::Box,
            ResampleArg::Bicubic => Resample::Bicubic,
            ResampleArg::Lanczos => Resample::Lanczos,
        },
        around: way.and_then(|way| way.edges).map(|edges| match edges {
            AroundArg::None => Around::Nothing,
            AroundArg::Wrap => Around::Wrap,
            AroundArg::Clamp => Around::Clamp,
            AroundArg::Transparent => Around::Transparent,
        }),
        preblur: how.preblur,
        hint: how.hint.unwrap_or(0.0),
        iterations: how.iterations,
        keep_all: false,
        fidelity: how.fidelity,
        scale: how.scale,
    }
}

/// Settings and the models that carry them out, loaded when they are needed.
pub(crate) struct Enhancer {
    pub(crate) settings: Settings,
    hint: Option<f32>,
    model: Option<String>,
    models: ModelRegistry,
}

impl Enhancer {
    /// # Errors
    ///
    /// When the threads cannot be had, or the model that was asked for does not load.
    pub(crate) fn new(
        how: &PictureArgs,
        way: Option<&WayArgs>,
        machine: &BatchArgs,
    ) -> Result<Self, Error> {
        machine::use_threads(machine.on.threads)?;
        let mut enhancer = Self {
            settings: settings(how, way),
            hint: how.hint,
            model: how.model.clone(),
            models: trusting(
                ModelRegistry::new(machine.on.device)
                    .with_batch(machine.batch)
                    .with_scale(how.scale)
                    .with_reach(how.reach),
                how.trust,
                &how.model,
            ),
        };
        // What is typed wrong is said before any picture is read.
        if how.model.is_some() {
            enhancer.upscaler(Way::Fit)?;
        }
        Ok(enhancer)
    }

    /// What enhances pictures that meet the network so.
    pub(crate) fn model(&self, way: Way) -> &str {
        self.model.as_deref().unwrap_or(match way {
            Way::Fit => FITTING,
            Way::Tiles => TILING,
        })
    }

    /// How strong a hint of a face pictures are given that meet the network so.
    pub(crate) fn hint(&self, way: Way) -> f32 {
        self.hint.unwrap_or_else(|| default_hint(self.model(way)))
    }

    /// That model.
    ///
    /// # Errors
    ///
    /// When it does not load.
    pub(crate) fn upscaler(&mut self, way: Way) -> Result<&mut dyn Upscaler, Error> {
        let name = self.model(way).to_owned();
        self.models
            .resolve(&name)
            .map_err(|source| uncanny::Error::Model { name, source }.into())
    }

    /// What a picture of that size becomes.
    ///
    /// # Errors
    ///
    /// When it would become too large, or the model does not load.
    pub(crate) fn output(&mut self, size: (u32, u32)) -> Result<(u32, u32), Error> {
        let scale = self.upscaler(self.settings.way(size))?.scale();
        Ok(self.settings.output(size, scale)?)
    }

    /// Enhances pictures that all meet the network the same way.
    ///
    /// # Errors
    ///
    /// When the model gives up, or the user does.
    pub(crate) fn enhance(
        &mut self,
        way: Way,
        pictures: &[RgbaImage],
        cancel: &AtomicBool,
    ) -> Result<Vec<Vec<RgbaImage>>, Error> {
        let settings = Settings {
            way: Some(way),
            hint: self.hint(way),
            ..self.settings.clone()
        };
        let mut placed = |_| !cancel.load(Ordering::SeqCst);
        let upscaler = self.upscaler(way)?;
        Ok(picture::enhance(
            pictures,
            &settings,
            upscaler,
            &mut placed,
        )?)
    }
}
