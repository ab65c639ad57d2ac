//! The contract between pixels and networks.

use std::{error::Error, fmt};

use crate::{RgbPlanes, Scale, TileEdges, Tiling};

/// Enlarges tiles: a network on a device, or a classical baseline.
pub trait Upscaler: Send {
    /// What users call it: "faces", "lanczos".
    fn name(&self) -> &str;

    /// Changes whenever the output could.
    fn fingerprint(&self) -> [u8; 32];

    /// How many times larger the output is.
    fn scale(&self) -> Scale;

    /// How images are to be cut for it.
    fn tiling(&self) -> Tiling;

    /// How many tiles a call it likes best, of the usual size ([`Tiling::texels`]).
    fn batch(&self) -> usize;

    /// Enlarges tiles, all of one size: as many as given, `scale` times as large, in the same order, in 0..1. `edges`
    /// is what all of them end in; an upscaler whose [`Tiling`] has no cell go whole need not heed it.
    ///
    /// # Errors
    /// When the device fails or runs out of memory.
    fn upscale(
        &mut self,
        tiles: &[RgbPlanes],
        edges: TileEdges,
    ) -> Result<Vec<RgbPlanes>, UpscaleError>;
}

/// Why an [`Upscaler`] or a [`Judge`](crate::Judge) gave nothing.
#[derive(Debug)]
pub struct UpscaleError {
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl UpscaleError {
    /// An error with a message in lower case, fit for "failed to enhance: …".
    pub fn new(message: impl Into<String>) -> UpscaleError {
        UpscaleError {
            message: message.into(),
            source: None,
        }
    }

    /// The same with what caused it.
    pub fn with_source(
        message: impl Into<String>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> UpscaleError {
        UpscaleError {
            message: message.into(),
            source: Some(source.into()),
        }
    }
}

impl fmt::Display for UpscaleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for UpscaleError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}
