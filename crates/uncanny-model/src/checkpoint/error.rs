//! What can be wrong with a checkpoint, in words a user can act on.

use std::fmt;
use std::io;

use super::DType;

/// A checkpoint that could not be read or written: which one, and why.
#[derive(Debug)]
pub struct Error {
    /// The file, as the caller named it.
    pub path: String,
    /// What is wrong with it.
    pub problem: Problem,
}

impl Error {
    pub(crate) fn new(path: impl Into<String>, problem: Problem) -> Self {
        Self {
            path: path.into(),
            problem,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match &self.problem {
            Problem::Read(_) => write!(f, "read checkpoint {path}"),
            Problem::Write(_) => write!(f, "write checkpoint {path}"),
            problem @ Problem::Conversion { .. } => write!(f, "write checkpoint {path}: {problem}"),
            problem => write!(f, "read checkpoint {path}: {problem}"),
        }
    }
}

impl std::error::Error for Error {
    /// The problem is part of the message, so the chain goes on with its cause.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.problem)
    }
}

/// What is wrong with a checkpoint.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The file could not be opened or read.
    #[error("cannot read it")]
    Read(#[source] io::Error),
    /// The file could not be written.
    #[error("cannot write it")]
    Write(#[source] io::Error),
    /// Nothing in its first bytes says checkpoint.
    #[error("not a checkpoint: neither safetensors nor a file of torch.save")]
    NotACheckpoint,
    /// The file ends too early.
    #[error("truncated: {part} needs {needed} bytes, {found} are left")]
    Truncated {
        /// The part that is cut short, such as `storage 12`.
        part: String,
        /// Bytes that the part needs.
        needed: u64,
        /// Bytes that there are.
        found: u64,
    },
    /// The pickle inside asks to call something outside the allow-list. It was not called.
    #[error(
        "unsafe pickle: it asks to call `{global}`, which loading weights never needs; nothing was run"
    )]
    UnsafePickle {
        /// The function or class, such as `posix.system`.
        global: String,
    },
    /// A Python object instead of a dictionary of tensors.
    #[error(
        "a whole pickled module (`{class}`), not a state dict; re-save it with torch.save(model.state_dict(), path)"
    )]
    WholeModule {
        /// The class of the object.
        class: String,
    },
    /// A compiled program with its weights, to be run as it is.
    #[error("a TorchScript program, not a state dict")]
    TorchScript,
    /// The file contradicts itself or its format.
    #[error("malformed: {what}")]
    Malformed {
        /// What and where.
        what: String,
    },
    /// Valid, but made in a way this reader does not know.
    #[error("unsupported: {what}")]
    Unsupported {
        /// What it is.
        what: String,
    },
    /// The file claims more than it could honestly hold.
    #[error(
        "{what} claims {claimed} bytes, more than the {limit} that a file of this size may hold"
    )]
    TooLarge {
        /// The part that claims.
        what: String,
        /// Bytes it claims.
        claimed: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// A well-formed file without weights.
    #[error("no tensors in it; it holds {found}")]
    NoTensors {
        /// The first few keys, or what stands in place of a dictionary.
        found: String,
    },
    /// A tensor that cannot be written as the type asked for.
    #[error("tensor {name} is {found} and cannot be written as {wanted}")]
    Conversion {
        /// The tensor.
        name: String,
        /// Its type.
        found: DType,
        /// The type asked for.
        wanted: DType,
    },
}

impl Problem {
    pub(crate) fn malformed(what: impl Into<String>) -> Self {
        Self::Malformed { what: what.into() }
    }

    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported { what: what.into() }
    }
}
