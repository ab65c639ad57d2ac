//! Any bytes as a PNG: no panic; what is read survives being written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use uncanny_texture::{DecodeLimits, decode, encode};

fuzz_target!(|bytes: &[u8]| {
    let mut limits = DecodeLimits::default();
    limits.max_pixels = 1 << 20;
    if let Ok(texture) = decode(bytes, &limits) {
        let again = encode(&texture.image).expect("a decoded picture can be written");
        let back = decode(&again, &limits).expect("and read again");
        assert_eq!(back.image, texture.image);
    }
});
