//! Any bytes as a sprite sheet (Aseprite, TexturePacker, Tiled, LDtk, a plain image): no panic, and little time.
#![no_main]

use std::io;
use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use uncanny::sheet::{Cut, Sheet};
use uncanny_texture::{RgbaImage, encode};

/// What every image is that a sheet names.
static IMAGE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let image = RgbaImage::from_fn(32, 32, |x, y| [x as u8 * 8, y as u8 * 8, 7, 255].into());
    encode(&image).expect("a picture can be written")
});

fuzz_target!(|bytes: &[u8]| {
    let path = Path::new("sheet");
    let _ = Sheet::read(path, &Cut::default(), &mut |asked| {
        if asked == path {
            Ok(bytes.to_vec())
        } else if asked
            .extension()
            .is_some_and(|extension| extension == "png")
        {
            Ok(IMAGE.clone())
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    });
});
