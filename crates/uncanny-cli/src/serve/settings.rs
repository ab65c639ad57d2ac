//! What the page may ask for: JSON, checked before anything waits for the device.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use uncanny_texture::RgbaImage;

use super::Model;

/// The side of what a network is shown.
pub(crate) const SIDE: u32 = 16;
/// What the page shows side by side.
pub(crate) const MAX_ITERATIONS: u32 = 10;

/// A picture, and how it is to be enhanced.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// 16x16 pixels, straight RGBA, in base64.
    pub(crate) pixels: String,
    /// One of the names that the page was given.
    pub(crate) model: String,
    pub(crate) iterations: u32,
    /// Soften the picture first.
    #[serde(default)]
    pub(crate) preblur: bool,
    /// How strong a hint of a face it is given; what the model wants, unless it is said.
    #[serde(default)]
    pub(crate) hint: Option<f32>,
    /// 0 the network is free, 1 seen from afar nothing changes.
    #[serde(default)]
    pub(crate) fidelity: f32,
    /// What `save` makes of it.
    #[serde(default)]
    pub(crate) format: Format,
    /// Whose newer requests take the place of this one; nobody's without.
    #[serde(default)]
    pub(crate) session: Option<String>,
}

/// All iterations in one file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// Side by side, as a PNG.
    #[default]
    Sheet,
    /// One after the other.
    Gif,
}

impl Settings {
    /// The settings and their picture, or what is wrong with them.
    pub(crate) fn read(json: &[u8], models: &[Model]) -> Result<(RgbaImage, Settings), String> {
        let settings: Settings = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        if !models.iter().any(|model| model.name == settings.model) {
            return Err(format!("no model is called {:?}", settings.model));
        }
        if !(1..=MAX_ITERATIONS).contains(&settings.iterations) {
            return Err(format!("iterations go from 1 to {MAX_ITERATIONS}"));
        }
        if !(0.0..=1.0).contains(&settings.fidelity) {
            return Err("fidelity goes from 0 to 1".to_owned());
        }
        let most = uncanny_texture::MOST_HINT;
        if settings
            .hint
            .is_some_and(|hint| !(0.0..=most).contains(&hint))
        {
            return Err(format!("the hint goes from 0 to {most}"));
        }
        let bytes = BASE64
            .decode(&settings.pixels)
            .map_err(|error| format!("the pixels are no base64: {error}"))?;
        let (found, expected) = (bytes.len(), (SIDE * SIDE * 4) as usize);
        let picture = RgbaImage::from_raw(SIDE, SIDE, bytes)
            .filter(|_| found == expected)
            .ok_or_else(|| format!("{expected} bytes of pixels were expected, and {found} came"))?;
        Ok((picture, settings))
    }
}
