//! Fingerprints this crate's sources, so that pictures cached by another version of the pixel code
//! are told from those of this one.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::{env, fs};

/// FNV-1a, 64 bits: enough to tell versions apart, and the same everywhere.
fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Every file below a folder, by its path relative to `src` with slashes, so that the order is the same everywhere.
fn collect(
    folder: &Path,
    prefix: &str,
    sources: &mut BTreeMap<String, String>,
) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), sources)?;
        } else {
            // Git may have given the lines other ends.
            let text = fs::read_to_string(entry.path())?.replace('\r', "");
            sources.insert(name, text);
        }
    }
    Ok(())
}

/// A hash of every file below a folder.
pub(crate) fn revision(folder: &Path) -> Result<u64, Box<dyn Error>> {
    let mut sources = BTreeMap::new();
    collect(folder, "", &mut sources)?;
    Ok(sources
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, (name, text)| {
            // A name ends where its text begins: no two sets of files run together to the same bytes.
            let hash = fnv(fnv(hash, name.as_bytes()), &[0]);
            fnv(fnv(hash, text.as_bytes()), &[0])
        }))
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src");
    let folder = env::var("CARGO_MANIFEST_DIR")? + "/src";
    let hash = revision(Path::new(&folder))?;
    println!("cargo::rustc-env=UNCANNY_TEXTURE_REVISION={hash:016x}");
    Ok(())
}
