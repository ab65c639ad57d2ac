//! `uncanny cache dir|size|clear`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::args::{CacheAction, CacheArgs};
use crate::error::Error;
use crate::{options, output};

/// What the folders of a cache are called, whatever the version that made them.
const BUCKETS: &str = "textures-v";

pub(crate) fn run(args: &CacheArgs) -> Result<u8, Error> {
    let folder =
        options::cache_folder(args.cache.cache_dir.as_ref()).ok_or(Error::NoCacheFolder)?;
    let failed = |doing| {
        let path = folder.clone();
        move |source| Error::Cache {
            doing,
            path,
            source,
        }
    };
    match args.action {
        CacheAction::Dir => output::print(|out| writeln!(out, "{}", folder.display()))?,
        CacheAction::Size => {
            let size = size(&folder).map_err(failed("measure"))?;
            let textures = output::counted(size.files, "texture");
            output::print(|out| writeln!(out, "{textures}, {} bytes", size.bytes))?;
        }
        CacheAction::Clear => {
            let size = size(&folder).map_err(failed("measure"))?;
            for bucket in buckets(&folder).map_err(failed("read"))? {
                fs::remove_dir_all(&bucket).map_err(failed("empty"))?;
            }
            let textures = output::counted(size.files, "texture");
            output::print(|out| writeln!(out, "{textures}, {} bytes deleted", size.bytes))?;
        }
    }
    Ok(0)
}

/// How much a cache holds.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
}

/// Counts what is in the cache. A cache that was never used is empty.
pub(crate) fn size(folder: &Path) -> io::Result<Size> {
    let mut size = Size::default();
    let mut folders = buckets(folder)?;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            // A run that goes on meanwhile renames its files into place.
            let Ok(meta) = entry.metadata() else { continue };
            if meta.is_dir() {
                folders.push(entry.path());
            } else {
                size.files += 1;
                size.bytes += meta.len();
            }
        }
    }
    Ok(size)
}

/// The folders that are the cache's own; whatever else lies beside them is somebody else's.
fn buckets(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut buckets = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() && entry.file_name().to_string_lossy().starts_with(BUCKETS) {
            buckets.push(entry.path());
        }
    }
    Ok(buckets)
}
