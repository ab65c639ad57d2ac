//! Everything that can go wrong with a pack, and everything worth saying about one that goes on.

use std::path::PathBuf;

/// Why a pack cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something the file system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried: `open`, `read`, `create`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// Something odd in a pack that does not stop the rest of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The pack has no `pack.mcmeta`; the game will not list it.
    NoMeta,
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoMeta => f.write_str("no pack.mcmeta: the game will not list this pack"),
        }
    }
}
