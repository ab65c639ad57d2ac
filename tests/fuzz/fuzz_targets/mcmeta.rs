//! Any bytes as the JSON of a pack: no panic.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = uncanny_pack::parse_json(bytes);
});
