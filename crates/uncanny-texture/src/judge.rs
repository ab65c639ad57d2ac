//! The contract between a search for faces and the network that knows one when it sees it.

use crate::{RgbaImage, UpscaleError};

/// Says how face-like pictures are.
pub trait Judge: Send {
    /// What users call it.
    fn name(&self) -> &str;

    /// Changes whenever a score could.
    fn fingerprint(&self) -> [u8; 32];

    /// One score a picture, in the same order, from 0 (nothing like a face) to 1. Straight RGBA of any size, taken as
    /// a square; what is transparent shows a ground of the judge's choice.
    ///
    /// # Errors
    /// When the device fails or runs out of memory.
    fn judge(&mut self, pictures: &[RgbaImage]) -> Result<Vec<f32>, UpscaleError>;
}
