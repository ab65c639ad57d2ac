//! What can go wrong in training.

use std::io;
use std::path::PathBuf;

/// This crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong in training.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("{action} {}", path.display())]
    Io {
        /// "read" or "write".
        action: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },

    /// No image of the right size was found.
    #[error("find images in {}: {files} files seen, none an image of at least {side}x{side}", path.display())]
    NoImages {
        /// Where they were looked for.
        path: PathBuf,
        /// How many files are there.
        files: usize,
        /// The least side.
        side: u32,
    },

    /// A picture, or a pair, of a size that is not trained on.
    #[error(
        "train on {name} of {width}x{height}: expected at least 128x128, and a pair's other half an eighth of it"
    )]
    Size {
        /// Which.
        name: String,
        /// Its columns.
        width: u32,
        /// Its rows.
        height: u32,
    },

    /// Measurements could not be drawn.
    #[error("draw the curves of {}: {what}", path.display())]
    Curves {
        /// The CSV file.
        path: PathBuf,
        /// Why.
        what: String,
    },

    /// An image could not be decoded or encoded.
    #[error("process the image {name}")]
    Image {
        /// Which.
        name: String,
        /// Why.
        #[source]
        source: image::ImageError,
    },

    /// The folder holds a training that these options do not continue.
    #[error("continue {}: it was trained with {was}, not {wanted}; use another --out or the same options", path.display())]
    OtherTraining {
        /// The saved state.
        path: PathBuf,
        /// Its options.
        was: String,
        /// The options given.
        wanted: String,
    },

    /// The folder holds a training already.
    #[error("start in {}: it holds a training already; pass --resume to continue it, or use another --out", path.display())]
    Exists {
        /// The saved state.
        path: PathBuf,
    },

    /// An option out of its range.
    #[error("use {option} {value}: expected {expected}")]
    Option {
        /// Its name.
        option: &'static str,
        /// What was given.
        value: String,
        /// What would do.
        expected: &'static str,
    },

    /// A recipe that cannot be read.
    #[error("read the recipe {name}")]
    Recipe {
        /// Which.
        name: String,
        /// Where, and why.
        #[source]
        source: Box<toml::de::Error>,
    },

    /// The recipe's losses look at landmarks.
    #[error(
        "train as the recipe says: its landmark losses need PFSR's compressed landmark network; name its safetensors file with --landmarks"
    )]
    NeedsLandmarks,

    /// The recipe's losses look at what VGG16 sees.
    #[error(
        "train as the recipe says: its perceptual loss needs the first ten convolutions of VGG16, and the recipe names no file of them as `vgg` in [data]"
    )]
    NeedsVgg,

    /// The recipe has stages with a teacher.
    #[error(
        "train as the recipe says: it learns from another network; name it with --teacher, as `uncanny models` does, or its file"
    )]
    NeedsTeacher,

    /// A part of a set that it has not.
    #[error("train on a part of {path}: none of its {seen} pictures has a name that begins with {prefix:?}", path = .path.display())]
    NoPrefix {
        /// The set.
        path: PathBuf,
        /// What names are to begin with.
        prefix: String,
        /// How many pictures it holds.
        seen: usize,
    },

    /// A teacher that draws no pictures of the size that is learned.
    #[error(
        "learn from {name}, which enlarges {scale} times: expected a model that enlarges 8 times"
    )]
    Teacher {
        /// Which.
        name: String,
        /// Its enlargement.
        scale: uncanny_texture::Scale,
    },

    /// A file that is not the landmark network.
    #[error("use {} as the landmark network: {what}", path.display())]
    NoLandmarks {
        /// The file.
        path: PathBuf,
        /// What is not as it must be.
        what: String,
    },

    /// A file that is not VGG16.
    #[error("use {} as VGG16: {what}", path.display())]
    NoVgg {
        /// The file.
        path: PathBuf,
        /// What is not as it must be.
        what: String,
    },

    /// A file without LPIPS' heads.
    #[error("use {} as the heads of LPIPS: {what}", path.display())]
    NoHeads {
        /// The file.
        path: PathBuf,
        /// What is not as it must be.
        what: String,
    },

    /// A measurement failed.
    #[error("measure the network")]
    Upscale(#[from] uncanny_texture::UpscaleError),

    /// The saved state is not one.
    #[error("continue {}: it lacks {what}", path.display())]
    BadState {
        /// The file.
        path: PathBuf,
        /// What is absent.
        what: String,
    },

    /// The loss is not a number any more.
    #[error(
        "go on: the loss at iteration {iteration} is not a number; lower rates in the recipe would help"
    )]
    Diverged {
        /// When.
        iteration: u64,
    },

    /// A network or checkpoint went wrong.
    #[error(transparent)]
    Model(#[from] uncanny_model::Error),

    /// A checkpoint could not be read or written.
    #[error(transparent)]
    Checkpoint(#[from] uncanny_model::checkpoint::Error),

    /// libtorch refused an operation.
    #[error("run libtorch")]
    Torch(#[from] tch::TchError),
}

impl Error {
    pub(crate) fn read(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io {
            action: "read",
            path,
            source,
        }
    }

    pub(crate) fn write(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io {
            action: "write",
            path,
            source,
        }
    }
}
