//! Why a name gave no model.

use std::io;
use std::path::PathBuf;

/// Why a name gave no model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Neither a name nor a file.
    #[error("no model is called {name:?}, nor is there such a file")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The names that there are, and what is said of each.
        known: Vec<(String, String)>,
    },
    /// A folder where a checkpoint was expected.
    #[error("{} is a folder, not a checkpoint", path.display())]
    Folder {
        /// What was asked for.
        path: PathBuf,
    },
    /// Several files of one name.
    #[error("{name:?} may be any of {}", files.join(", "))]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// The files of the user's folder that are called so.
        files: Vec<String>,
    },
    /// The user's folder could not be read.
    #[error("failed to read the folder {}", path.display())]
    ReadFolder {
        /// The folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The device is not there, or the checkpoint is none that can be used.
    #[error(transparent)]
    Network(#[from] uncanny_model::Error),
}
