//! What the command line adds to `uncanny-registry`: trust in a program that was typed, the likeliest names, and why a
//! model could not be kept.

use std::io;
use std::path::{Path, PathBuf};

use uncanny_registry::{Catalogue, ModelRegistry};

use crate::args::TrustArgs;

/// A name as alike as this to what was typed may have been meant.
const ALIKE: f64 = 0.8;

/// Why a model could not be kept or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// The system names no folder for data, and no one else did.
    #[error("no folder for models is known on this system")]
    NoFolder,
    /// The user's folder could not be read, made or written to.
    #[error("failed to {doing} {}", path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// A name that the program has taken.
    #[error("{name:?} comes with the program")]
    BuiltIn {
        /// The name.
        name: String,
    },
    /// A name that is taken.
    #[error("there is a model called {name:?} already: {}", path.display())]
    Exists {
        /// The name.
        name: String,
        /// Its file.
        path: PathBuf,
    },
    /// A name that no file may have everywhere.
    #[error("{name:?} cannot be the name of a model: on Windows it {reason}")]
    Reserved {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An address that ends in no name.
    #[error("{from} does not say what the model is called")]
    NoName {
        /// The address.
        from: String,
    },
    /// Another file than the one that was meant.
    #[error("{from} is not the file that --sha256 means; its sha256 is {found}")]
    Sha256 {
        /// The file or address.
        from: String,
        /// What it has.
        found: String,
    },
    /// A checkpoint that nothing can be done with.
    #[error("{from} was not added: it cannot be used")]
    Unusable {
        /// The file or address.
        from: String,
        #[source]
        source: uncanny_model::Error,
    },
}

/// The user's folder of models, where it is or would be.
pub(crate) fn folder(catalogue: &Catalogue) -> Result<&Path, Error> {
    catalogue.folder().ok_or(Error::NoFolder)
}

/// The names among `known` that may have been meant by `name`, the likeliest first.
pub(crate) fn closest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let name = name.to_lowercase();
    let mut found: Vec<(f64, &str)> = known
        .map(|known| (strsim::jaro_winkler(&name, &known.to_lowercase()), known))
        .filter(|(alike, _)| *alike >= ALIKE)
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().map(|(_, known)| known).take(3).collect()
}

/// Of the models that were typed, programs may do anything, if that was typed too.
pub(crate) fn trusting<'a>(
    models: ModelRegistry,
    trust: TrustArgs,
    typed: impl IntoIterator<Item = &'a String>,
) -> ModelRegistry {
    if !trust.trust_torchscript {
        return models;
    }
    let typed: Vec<&String> = typed.into_iter().collect();
    if typed.is_empty() {
        tracing::warn!(
            "--trust-torchscript changes nothing: it is about a --model typed beside it"
        );
    }
    models.trusting(typed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_names_come_first() {
        let known = ["faces", "lanczos", "nearest", "RealESRGAN_x4plus"];
        let closest = |name| closest(name, known.into_iter());
        assert_eq!(closest("facez"), ["faces"]);
        assert_eq!(closest("realesrgan"), ["RealESRGAN_x4plus"]);
        assert_eq!(closest("lanzcos"), ["lanczos"]);
        assert!(closest("ultrasharp").is_empty());
    }
}
