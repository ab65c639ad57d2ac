//! Why a command could not do its work. How that is told is `diagnostics.rs`'s affair.

use std::io;
use std::path::PathBuf;

use crate::interrupt;

/// Exit status of a command that could not run.
const COULD_NOT_RUN: u8 = 2;
/// Exit status of a command whose output stands, but not all that was asked for beside it.
const INCOMPLETE: u8 = 1;

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// The library refused.
    #[error(transparent)]
    Run(#[from] uncanny::Error),

    /// A pack could not be opened, or its output may not be written.
    #[error(transparent)]
    Pack(#[from] uncanny_pack::Error),

    /// The device asked for is not there.
    #[error(transparent)]
    Device(#[from] uncanny_model::Error),

    /// A name gave no model.
    #[error(transparent)]
    Registry(#[from] uncanny_registry::Error),

    /// A model could not be kept or removed.
    #[error(transparent)]
    Models(#[from] crate::models::Error),

    /// A checkpoint could not be fetched.
    #[error(transparent)]
    Download(#[from] crate::download::Error),

    /// The training could not be done.
    #[error(transparent)]
    Train(#[from] uncanny_train::Error),

    /// A model gave up while it was measured.
    #[error("failed to measure the model {model:?}")]
    Upscale {
        /// Its name.
        model: String,
        #[source]
        source: uncanny_texture::UpscaleError,
    },

    /// What `--recipe` names is none.
    #[error("failed to read the recipe {}: {what}", path.display())]
    DreamRecipe {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },

    /// No picture to draw has this in its name.
    #[error("no picture's name contains {name:?}")]
    NoSuchPicture {
        /// What was picked.
        name: String,
    },

    /// The page could not be put anywhere.
    #[error("failed to serve the page at port {port}")]
    Serve {
        /// Where it was to be.
        port: u16,
        #[source]
        source: io::Error,
    },

    /// The threads asked for cannot be had.
    #[error("failed to start {count} threads")]
    Threads {
        /// How many.
        count: usize,
        #[source]
        source: rayon::ThreadPoolBuildError,
    },

    /// Settings asked for by `--config` that cannot be read.
    #[error("failed to read the settings {}", path.display())]
    ReadConfig {
        /// The file.
        path: PathBuf,
        #[source]
        source: io::Error,
    },

    /// A report or a contact sheet that cannot be written.
    #[error("failed to write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        #[source]
        source: io::Error,
    },

    /// The contact sheet could not be drawn.
    #[error("failed to draw the contact sheet {}", path.display())]
    Grid {
        /// The file.
        path: PathBuf,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// A picture that cannot be read or written.
    #[error(transparent)]
    Picture(#[from] uncanny_texture::Error),

    /// An input that cannot be read.
    #[error("failed to read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        #[source]
        source: io::Error,
    },

    /// An input that is no whole picture.
    #[error("failed to decode {}", path.display())]
    Decode {
        /// The file.
        path: PathBuf,
        #[source]
        source: uncanny_texture::Error,
    },

    /// A glob that means nothing.
    #[error("{pattern:?} is not a glob")]
    Glob {
        /// What was given.
        pattern: String,
        #[source]
        source: globset::Error,
    },

    /// Nothing to enhance was found.
    #[error("there is no picture in {}", paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "))]
    NoPictures {
        /// What was given.
        paths: Vec<PathBuf>,
    },

    /// An output whose name says no format that can be written.
    #[error("{} has no extension of a format that can be written", path.display())]
    OutputFormat {
        /// The output.
        path: PathBuf,
        /// The endings that would do.
        known: &'static str,
    },

    /// Several pictures need a folder.
    #[error("{count} pictures were found, and no folder was named for their outputs")]
    NoFolder {
        /// How many.
        count: usize,
    },

    /// A program that is not installed.
    #[error("{what} needs {program}, which is not installed")]
    NoProgram {
        /// What it would do.
        what: String,
        /// Its name.
        program: &'static str,
    },

    /// A program that gave up.
    #[error("{program} could not {doing}: {said}")]
    Program {
        /// Its name.
        program: &'static str,
        /// What it was doing.
        doing: String,
        /// What it said of that.
        said: String,
    },

    /// Two inputs of one name.
    #[error("the output {} would be written twice", path.display())]
    OutputTwice {
        /// The output.
        path: PathBuf,
    },

    /// Several inputs cannot become one zip.
    #[error("several packs cannot be written to the one zip {}", path.display())]
    OutputNotFolder {
        /// What was given as the output.
        path: PathBuf,
    },

    /// The folder of the output cannot be made.
    #[error("failed to create the folder {}", path.display())]
    CreateFolder {
        /// The folder.
        path: PathBuf,
        #[source]
        source: io::Error,
    },

    /// The system names no folder for caches, and no one else did.
    #[error("no folder for the cache is known on this system")]
    NoCacheFolder,

    /// The cache could not be looked at or emptied.
    #[error("failed to {doing} the cache {}", path.display())]
    Cache {
        /// What was being done with it.
        doing: &'static str,
        /// Its folder.
        path: PathBuf,
        #[source]
        source: io::Error,
    },

    /// Data could not be written to standard output.
    #[error("failed to write to standard output")]
    Stdout(#[from] io::Error),
}

impl Error {
    /// What the process reports to whoever started it.
    pub(crate) fn exit_status(&self) -> u8 {
        match self {
            Self::Run(uncanny::Error::Interrupted) => interrupt::EXIT_STATUS,
            _ => COULD_NOT_RUN,
        }
    }

    /// The same, when the output stands already: then it is not true that nothing was made.
    pub(crate) fn exit_status_after_output(&self) -> u8 {
        match self.exit_status() {
            COULD_NOT_RUN => INCOMPLETE,
            status => status,
        }
    }
}
