//! What can go wrong with checkpoints, networks and devices.

use crate::{arch, checkpoint};

/// This crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How many keys an error names before it only counts.
const NAMED_KEYS: usize = 4;

/// What can go wrong with checkpoints, networks and devices.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file could not be read as a checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] checkpoint::Error),

    /// The keys belong to no architecture known here.
    #[error(
        "recognise the network in {name}: {}its {count} tensors ({first}) fit no supported architecture (supported: {})",
        .familiar.map(|found| format!("it looks like {found}; ")).unwrap_or_default(), arch::SUPPORTED
    )]
    UnknownArchitecture {
        /// The file.
        name: String,
        /// What it is, if it is a well-known network that is not supported.
        familiar: Option<&'static str>,
        /// How many tensors it holds.
        count: usize,
        /// Its first few keys.
        first: String,
    },

    /// A TorchScript program that is no super-resolution network.
    #[error("use the TorchScript program {name}: {why}")]
    Script {
        /// The file.
        name: String,
        /// What it does instead.
        why: String,
    },

    /// A TorchScript program that does what no super-resolution network has to. It was not done.
    #[error(
        "load the TorchScript program {name}: {why}; a file of its weights alone (safetensors, or torch.save of its state_dict) is read without running anything"
    )]
    ScriptRefused {
        /// The file.
        name: String,
        /// What it asks for, and where.
        why: String,
    },

    /// Keys that the architecture needs are absent.
    #[error("load the network: the checkpoint lacks {0}")]
    MissingKeys(String),

    /// Keys that the architecture does not have.
    #[error("load the network: the checkpoint has keys that the architecture does not: {0}")]
    SurplusKeys(String),

    /// A tensor of another shape than the architecture's.
    #[error("load the network: {key} has the shape {found}, expected {expected}")]
    Shape {
        /// The tensor's name.
        key: String,
        /// What the architecture wants.
        expected: String,
        /// What the file holds.
        found: String,
    },

    /// A value in the checkpoint that makes no sense.
    #[error("load the network: {what} is {value}, expected {expected}")]
    Value {
        /// Which value.
        what: &'static str,
        /// What the file holds.
        value: f64,
        /// What would do.
        expected: &'static str,
    },

    /// Not a device name.
    #[error("understand the device `{0}`: it is auto, cpu, cuda or cuda:N")]
    DeviceName(String),

    /// The device is not there.
    #[error("use {wanted}: {why}")]
    NoDevice {
        /// The device asked for.
        wanted: String,
        /// Why it cannot be had.
        why: String,
    },

    /// libtorch refused an operation.
    #[error("run libtorch")]
    Torch(#[from] tch::TchError),
}

impl Error {
    pub(crate) fn missing(keys: &[&str]) -> Error {
        Error::MissingKeys(first_few(keys))
    }

    pub(crate) fn surplus(keys: &[&str]) -> Error {
        Error::SurplusKeys(first_few(keys))
    }
}

/// The first few names, and how many more there are.
pub(crate) fn first_few(keys: &[&str]) -> String {
    let named = keys[..keys.len().min(NAMED_KEYS)].join(", ");
    match keys.len().saturating_sub(NAMED_KEYS) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}
