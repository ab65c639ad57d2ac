//! Any bytes as a picture, still or moving (WebP, GIF, APNG and the rest): no panic but a decoder's own, which is an error of
//! the picture; every frame is as large as was said.
#![no_main]

use libfuzzer_sys::fuzz_target;
use uncanny_texture::{AnimationReader, DecodeLimits, PictureFormat};

/// Frames of an input that are decoded.
const FRAMES: usize = 16;

/// As the program does: libFuzzer's hook ends the process, and the decoders' panics are known and caught.
fn keep_decoders_silent() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !uncanny_texture::is_guarded() {
            usual(panic);
        }
    }));
}

fuzz_target!(init: keep_decoders_silent(), |bytes: &[u8]| {
    let limits = DecodeLimits { max_pixels: 1 << 14, max_side: 1 << 10 };
    // What has no mark of any format may be TGA.
    let Ok(reader) = AnimationReader::new(bytes.to_vec(), Some(PictureFormat::Tga), &limits) else {
        return;
    };
    let size = reader.size();
    assert!(limits.allow(size), "{size:?}");
    for frame in reader.take(FRAMES).flatten() {
        assert_eq!(frame.image.dimensions(), size);
    }
});
