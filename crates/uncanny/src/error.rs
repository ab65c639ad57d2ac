//! Why a run could not be done at all. What goes wrong with one texture is a row of the report instead.

use std::path::PathBuf;

use uncanny_texture::Scale;

use crate::ModelError;

/// Why a plan or a run could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The `uncanny.toml` was refused.
    #[error(transparent)]
    Config(#[from] crate::ConfigError),
    /// A setting was refused.
    #[error("--{name}: {message}")]
    Option {
        /// Which, without dashes.
        name: &'static str,
        /// Why.
        message: String,
    },
    /// A model could not be loaded.
    #[error("load the model {name:?}")]
    Model {
        /// Its name.
        name: String,
        /// Why.
        #[source]
        source: ModelError,
    },
    /// A model enlarges less than what was asked for.
    #[error("enlarge {wanted} with the model {name:?}, which enlarges {scale}; ask for --scale {} or less", scale.get())]
    ModelTooSmall {
        /// Its name.
        name: String,
        /// Its own scale.
        scale: Scale,
        /// The scale asked for.
        wanted: Scale,
    },
    /// The game could not load the result.
    #[error("{0}")]
    AtlasTooBig(String),
    /// The pack could not be read, or the output not be written.
    #[error("{doing} {}", path.display())]
    Pack {
        /// What was being done: "open", "write", ...
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: uncanny_pack::Error,
    },
    /// A temporary file could not be used.
    #[error("keep results in a temporary file in {}", path.display())]
    Spool {
        /// Its folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The cache folder could not be made ready.
    #[error("use the cache {}", path.display())]
    Cache {
        /// The folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A sprite sheet could not be read or enhanced.
    #[error(transparent)]
    Sheet(#[from] crate::sheet::SheetError),
    /// A picture would become too large.
    #[error(
        "enhance it to {width}x{height} pixels: at most {} may be made",
        crate::picture::MAX_PIXELS
    )]
    PictureTooLarge {
        /// Its width.
        width: u64,
        /// Its height.
        height: u64,
    },
    /// A model gave up.
    #[error("enhance with the model {model:?}")]
    Upscale {
        /// Its name.
        model: String,
        /// Why.
        #[source]
        source: uncanny_texture::UpscaleError,
    },
    /// The caller's cancel flag was set. Nothing was written.
    #[error("interrupted, nothing was written")]
    Interrupted,
}
