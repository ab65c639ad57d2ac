//! What can be said of a single picture, in its `.meta` file or where it is loaded.

use bevy_asset::RenderAssetUsages;
use bevy_image::{ImageAddressMode, ImageFilterMode, ImageSampler, ImageSamplerDescriptor};
use bevy_math::UVec2;
use bevy_reflect::Reflect;
use serde::{Deserialize, Serialize};
use uncanny::{Alone, EdgeChoice, Options};

/// The settings of one picture: of its `.meta` file, or of
/// [`load_builder`](bevy_asset::AssetServer::load_builder)`().with_settings(..)`.
///
/// `model`, `fidelity`, `edges` and `cell` are for `enhanced://`; in a pack, the pack says how a picture is enhanced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Reflect)]
#[serde(default)]
pub struct EnhancedSettings {
    /// Another model than the plugin's.
    pub model: Option<String>,
    /// Another fidelity than the plugin's: 0 gives the network free rein; at 1, averaged back, the original colours
    /// return exactly.
    pub fidelity: Option<f32>,
    /// What lies beyond the edges.
    pub edges: Edges,
    /// Of a sprite sheet: the size of its sprites in the picture as it was painted. Each is enhanced on its own, and
    /// mipmaps never mix two.
    pub cell: Option<UVec2>,
    /// How it is sampled.
    pub sampling: Sampling,
    /// Whether it is enhanced. Not, if it was already: by Bevy's asset processor or by `uncanny convert`.
    pub enhance: bool,
    /// Where its pixels are kept.
    pub asset_usage: RenderAssetUsages,
}

impl Default for EnhancedSettings {
    fn default() -> Self {
        Self {
            model: None,
            fidelity: None,
            edges: Edges::Auto,
            cell: None,
            sampling: Sampling::Pixelated,
            enhance: true,
            asset_usage: RenderAssetUsages::default(),
        }
    }
}

impl EnhancedSettings {
    /// How the picture is enhanced where no pack says.
    pub(crate) fn alone<'a>(&self, options: &'a Options) -> Alone<'a> {
        Alone {
            options,
            cell: self.cell.map(|cell| (cell.x, cell.y)),
            edges: self.edges.choice(),
        }
    }
}

/// What lies beyond the edges of a picture, for the network and for the sampler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, Reflect)]
pub enum Edges {
    /// In a pack, what the pack's rules say. Elsewhere [`Clamp`](Self::Clamp), or [`Transparent`](Self::Transparent)
    /// for a picture with transparent pixels.
    #[default]
    Auto,
    /// The picture repeats.
    Wrap,
    /// Its border goes on.
    Clamp,
    /// Nothing.
    Transparent,
}

impl Edges {
    pub(crate) fn choice(self) -> Option<EdgeChoice> {
        match self {
            Self::Auto => None,
            Self::Wrap => Some(EdgeChoice::Wrap),
            Self::Clamp => Some(EdgeChoice::Clamp),
            Self::Transparent => Some(EdgeChoice::Transparent),
        }
    }
}

/// How a picture is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, Reflect)]
pub enum Sampling {
    /// Close by, pixels with sharp edges; far away, smooth.
    #[default]
    Pixelated,
    /// Smooth everywhere, also at grazing angles (anisotropic).
    Smooth,
    /// The nearest pixel of the nearest mipmap.
    Nearest,
    /// As the app's `ImagePlugin` says.
    App,
}

impl Sampling {
    pub(crate) fn sampler(self, repeats: bool) -> ImageSampler {
        let (mag, far, anisotropy) = match self {
            Self::Pixelated => (ImageFilterMode::Nearest, ImageFilterMode::Linear, 1),
            Self::Smooth => (ImageFilterMode::Linear, ImageFilterMode::Linear, 16),
            Self::Nearest => (ImageFilterMode::Nearest, ImageFilterMode::Nearest, 1),
            Self::App => return ImageSampler::Default,
        };
        let address = if repeats {
            ImageAddressMode::Repeat
        } else {
            ImageAddressMode::ClampToEdge
        };
        ImageSampler::Descriptor(ImageSamplerDescriptor {
            address_mode_u: address,
            address_mode_v: address,
            mag_filter: mag,
            min_filter: far,
            mipmap_filter: far,
            anisotropy_clamp: anisotropy,
            ..ImageSamplerDescriptor::default()
        })
    }
}
