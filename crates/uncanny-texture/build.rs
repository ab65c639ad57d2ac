//! Fingerprints this crate's sources, so that pictures cached by another version of the pixel code
//! are told from those of this one.

use std::collections::BTreeMap;
use std::error::Error;
use std::{env, fs};

/// FNV-1a, 64 bits: enough to tell versions apart, and the same everywhere.
fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src");
    let folder = env::var("CARGO_MANIFEST_DIR")? + "/src";
    let mut sources = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            // Git may have given the lines other ends.
            let text = fs::read_to_string(entry.path())?.replace('\r', "");
            sources.insert(entry.file_name(), text);
        }
    }
    let hash = sources.values().fold(0xcbf2_9ce4_8422_2325, |hash, text| {
        fnv(hash, text.as_bytes())
    });
    println!("cargo::rustc-env=UNCANNY_TEXTURE_REVISION={hash:016x}");
    Ok(())
}
