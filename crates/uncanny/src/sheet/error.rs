//! Why a sheet could not be read or enhanced.

use std::path::PathBuf;

use uncanny_texture::UpscaleError;

/// Why a sheet could not be read or enhanced. Each message completes "failed to".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SheetError {
    /// The file that was asked for cannot be read.
    #[error("read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A file that another one names cannot be read.
    #[error("read {}, which {} names", path.display(), by.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// Who names it.
        by: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// An image cannot be decoded.
    #[error("decode {}", path.display())]
    Decode {
        /// The image.
        path: PathBuf,
        /// Why not.
        #[source]
        source: uncanny_texture::Error,
    },
    /// An image cannot be encoded.
    #[error("encode {}", path.display())]
    Encode {
        /// The image.
        path: PathBuf,
        /// Why not.
        #[source]
        source: uncanny_texture::Error,
    },
    /// A file's text is not what its name says.
    #[error("understand {}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its place where that is known.
        message: String,
    },
    /// No format of sheets that is known.
    #[error(
        "understand {}: {found}; known are Aseprite (.aseprite, .json), TexturePacker (.json), Tiled (.tmx, .tsx), LDtk (.ldtk) and plain grids (.png)",
        path.display()
    )]
    Unknown {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        found: String,
    },
    /// The grid of a plain image is unknown or does not fit.
    #[error("cut {} by a grid: {message}", path.display())]
    Grid {
        /// The image.
        path: PathBuf,
        /// Why, and what to do.
        message: String,
    },
    /// There is nothing to enhance.
    #[error("find a frame in {}: {message}", path.display())]
    NoFrames {
        /// The file.
        path: PathBuf,
        /// What was found instead.
        message: String,
    },
    /// The result would not fit.
    #[error("enlarge {} {scale}x: {message}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// By how much it was to grow.
        scale: u32,
        /// What would not fit, and what to do.
        message: String,
    },
    /// The model failed.
    #[error("enhance {}", path.display())]
    Upscale {
        /// The file whose sprites were enhanced.
        path: PathBuf,
        /// Why.
        #[source]
        source: UpscaleError,
    },
}
