//! Any bytes as a zipped pack: no panic while opening it or reading each entry.
#![no_main]

use libfuzzer_sys::fuzz_target;
use uncanny_pack::{Pack, PackLimits};

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("pack.zip");
    std::fs::write(&path, bytes).expect("a file in it");
    if let Ok(pack) = Pack::open(&path, &PackLimits::default()) {
        for entry in 0..pack.entries().len() {
            let _ = pack.read(entry);
        }
    }
});
