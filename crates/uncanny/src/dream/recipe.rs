//! What is written down of a vision, so that it can be made again: bit for bit by the same version, model and device.

use std::path::PathBuf;

use image::RgbaImage;
use serde::{Deserialize, Serialize};
use uncanny_texture::{Nudge, Scale};

/// How one picture was made, and how it was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DreamRecipe {
    /// The version of this library.
    pub uncanny: String,
    /// What it was made of.
    pub input: DreamInput,
    /// The model, as it was named.
    pub model: String,
    /// The model's fingerprint, hexadecimal: another one draws something else.
    pub fingerprint: String,
    /// What the input was changed by.
    pub nudge: Option<Nudge>,
    /// After how many iterations it came.
    pub iterations: u32,
    /// How far it was held to its input's colours.
    pub fidelity: f32,
    /// Output pixels for each pixel that the network sees.
    pub scale: Scale,
    /// How face-like it is, from 0 to 1.
    pub score: f32,
    /// The search's seed.
    pub seed: u64,
    /// The search's tries.
    pub tries: u32,
}

/// A picture that was searched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DreamInput {
    /// The file, folder or archive, as it was given.
    pub path: PathBuf,
    /// Its name in there.
    pub name: String,
    /// The hash of the pixels that the network was given, hexadecimal.
    pub pixels: String,
}

impl DreamRecipe {
    /// Reads a recipe's JSON.
    ///
    /// # Errors
    /// What is wrong, and on which line.
    pub fn parse(text: &str) -> Result<DreamRecipe, String> {
        let recipe: DreamRecipe = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if recipe.nudge.is_some_and(|nudge| !nudge.is_sound()) {
            return Err("its nudge is beyond reason".to_owned());
        }
        if !(1..=crate::MAX_ITERATIONS).contains(&recipe.iterations) {
            let most = crate::MAX_ITERATIONS;
            return Err(format!(
                "its iterations go from 1 to {most}, found {}",
                recipe.iterations
            ));
        }
        if !(0.0..=1.0).contains(&recipe.fidelity) {
            return Err(format!(
                "its fidelity goes from 0 to 1, found {}",
                recipe.fidelity
            ));
        }
        Ok(recipe)
    }
}

/// A hash of a picture's size and pixels, hexadecimal.
#[must_use]
pub fn pixels_hash(image: &RgbaImage) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&image.width().to_le_bytes());
    hasher.update(&image.height().to_le_bytes());
    hasher.update(image.as_raw());
    hasher.finalize().to_hex().to_string()
}
