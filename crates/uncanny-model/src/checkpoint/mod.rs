//! Checkpoint files into named tensors: safetensors, and both formats of `torch.save`.
//!
//! Pure Rust, no libtorch. Pickles are interpreted by a machine that knows only how to put
//! tensors together (`pickle`): no file can make it run code. Which network the tensors belong
//! to is not decided here.

mod error;
mod globals;
mod legacy_pth;
mod pickle;
mod rebuild;
mod safetensors;
mod state_dict;
pub(crate) mod torchscript;
mod value;
mod zip_pth;

use std::collections::BTreeMap;
use std::path::Path;

use uncanny_texture::input;

pub use error::{Error, Problem};
pub use safetensors::write_safetensors;
pub use state_dict::{DType, StateDict, TensorData};

/// Larger files, in bytes, are refused before they are read; the largest networks in use take a tenth of it.
pub const MAX_FILE: u64 = 4 << 30;

/// What parallel training and training scripts put before every key.
const PREFIXES: [&str; 4] = ["module.", "_orig_mod.", "netG.", "net_g."];

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
/// When it is no regular file, cannot be read, or is too large to be a network's weights.
pub fn read_file(path: &Path) -> Result<Vec<u8>, Error> {
    input::read_regular(path, MAX_FILE)
        .map_err(|error| Error::new(path.display().to_string(), Problem::Read(error)))
}

/// Reads a checkpoint from memory; `name` is for messages.
///
/// # Errors
/// As [`read`], files apart.
pub fn read_bytes(name: &str, bytes: &[u8]) -> Result<Checkpoint, Error> {
    let mut checkpoint = parse(bytes).map_err(|problem| Error::new(name, problem))?;
    for prefix in PREFIXES {
        checkpoint.state.strip_prefix(prefix);
    }
    Ok(checkpoint)
}

fn parse(bytes: &[u8]) -> Result<Checkpoint, Problem> {
    if safetensors::is_safetensors(bytes) {
        let (state, metadata) = safetensors::read(bytes)?;
        if state.is_empty() {
            let found = "an empty safetensors header".into();
            return Err(Problem::NoTensors { found });
        }
        // Where a `.ckpt` has numbers beside its weights, safetensors has text.
        let number = |text: &String| text.parse().ok().filter(|x: &f64| x.is_finite());
        let scalars = metadata
            .iter()
            .filter_map(|(key, text)| Some((key.clone(), number(text)?)))
            .collect();
        return Ok(Checkpoint {
            state,
            scalars,
            metadata,
            format: CheckpointFormat::Safetensors,
        });
    }
    let ((state, scalars), format) = if zip_pth::is_zip(bytes) {
        (zip_pth::read(bytes)?, CheckpointFormat::Zip)
    } else if legacy_pth::is_legacy(bytes) {
        (legacy_pth::read(bytes)?, CheckpointFormat::Legacy)
    } else {
        return Err(recognise(bytes));
    };
    Ok(Checkpoint {
        state,
        scalars,
        metadata: BTreeMap::new(),
        format,
    })
}

/// Says what a file is that is none of ours: people's commonest mistakes by name.
fn recognise(bytes: &[u8]) -> Problem {
    let head = &bytes[..bytes.len().min(64)];
    let head = head.trim_ascii_start().to_ascii_lowercase();
    if bytes.is_empty() {
        Problem::malformed("the file is empty")
    } else if head.starts_with(b"version https://git-lfs") {
        Problem::unsupported(
            "a Git LFS pointer, not the file it points to; fetch it with git lfs pull",
        )
    } else if head.starts_with(b"<!doctype") || head.starts_with(b"<html") {
        Problem::unsupported("a web page, not a checkpoint; the download went wrong")
    } else if bytes.get(257..262) == Some(b"ustar") {
        Problem::unsupported("a tar archive: nothing after PyTorch 0.1 saves so")
    } else if legacy_pth::is_pickle(bytes) {
        legacy_pth::examine(bytes)
    } else {
        Problem::NotACheckpoint
    }
}
