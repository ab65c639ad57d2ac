//! Checkpoint files into named tensors: safetensors, and both formats of `torch.save`.
//!
//! Pure Rust, no libtorch. Pickles are interpreted by a machine that knows only how to put
//! tensors together ([`pickle`]): no file can make it run code. Which network the tensors belong
//! to is not decided here.

mod error;
mod safetensors;
mod state_dict;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

pub use error::{Error, Problem};
pub use safetensors::write_safetensors;
pub use state_dict::{DType, StateDict, TensorData};

/// Larger files are refused before they are read; the largest networks in use take a tenth of it.
const MAX_FILE: u64 = 4 << 30;

/// The kind of file a checkpoint came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckpointFormat {
    /// Safetensors.
    Safetensors,
    /// `torch.save` since PyTorch 1.6: a zip archive (`.pth`, `.pt`, `.ckpt`).
    Zip,
    /// `torch.save` before that: pickles, then raw storages.
    Legacy,
}

/// A checkpoint, unwrapped: `params_ema` and its like opened, `module.` prefixes gone.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// The weights.
    pub state: StateDict,
    /// Numbers that stood beside them: PFSR's `step`, `alpha`, `iteration`.
    pub scalars: BTreeMap<String, f64>,
    /// The metadata of a safetensors header.
    pub metadata: BTreeMap<String, String>,
    /// The kind of file.
    pub format: CheckpointFormat,
}

/// Reads a checkpoint file.
///
/// # Errors
/// When it cannot be read, is no checkpoint, contradicts itself, or would have to run code.
pub fn read(path: &Path) -> Result<Checkpoint, Error> {
    read_bytes(&path.display().to_string(), &read_file(path)?)
}

/// The bytes of a checkpoint file, for [`read_bytes`].
///
/// # Errors
/// When it cannot be read, or is too large to be a network's weights.
pub fn read_file(path: &Path) -> Result<Vec<u8>, Error> {
    let fail = |problem| Error::new(path.display().to_string(), problem);
    let size = fs::metadata(path)
        .map_err(|e| fail(Problem::Read(e)))?
        .len();
    if size > MAX_FILE {
        return Err(fail(Problem::TooLarge {
            what: "the file".into(),
            claimed: size,
            limit: MAX_FILE,
        }));
    }
    fs::read(path).map_err(|e| fail(Problem::Read(e)))
}

/// Reads a checkpoint from memory; `name` is for messages.
///
/// # Errors
/// As [`read`], files apart.
pub fn read_bytes(name: &str, bytes: &[u8]) -> Result<Checkpoint, Error> {
    read_problem(bytes)
        .map(|mut c| {
            c.state.strip_prefix("module.");
            c
        })
        .map_err(|problem| Error::new(name, problem))
}

fn read_problem(bytes: &[u8]) -> Result<Checkpoint, Problem> {
    if safetensors::is_safetensors(bytes) {
        let (state, metadata) = safetensors::read(bytes)?;
        return Ok(Checkpoint {
            state,
            scalars: BTreeMap::new(),
            metadata,
            format: CheckpointFormat::Safetensors,
        });
    }
    Err(Problem::NotACheckpoint)
}
