//! Any bytes as a checkpoint: no panic, and no more memory than the file may ask for.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../../crates/uncanny-model/src/checkpoint/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "a module out of its crate"
)]
mod checkpoint;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(read) = checkpoint::read_bytes("fuzzed", bytes) {
        let total: usize = read.state.iter().map(|(_, t)| t.bytes.len()).sum();
        assert!(total <= 16 * bytes.len() + (16 << 20));
    }
});
