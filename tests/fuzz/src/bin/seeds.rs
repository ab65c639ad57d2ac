//! Makes `seeds/`, what the fuzz targets begin with: small files that are read to their end, and the hostile ones of the
//! tests. From `tests/fuzz`: `cargo run --release --bin seeds`.

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

use image::{DynamicImage, ImageFormat};
use png::{BitDepth, ColorType, Encoder};
use uncanny_texture::{Animation, Frame, Loops, PictureFormat, RgbaImage};

#[path = "../../../bad/packs.rs"]
#[allow(dead_code, unreachable_pub, reason = "others use the rest")]
mod packs;
#[path = "../../../bad/pictures.rs"]
#[allow(unreachable_pub, reason = "others use it, too")]
mod pictures;

/// Bytes of a seed: mutants of large ones are slow and lead nowhere.
const LARGEST: usize = 4096;
const SIDE: u32 = 8;

fn main() {
    pngs();
    animations();
    for bad in packs::zips() {
        seed("zip", bad.defect, &bad.bytes);
    }
    texts();
    for (name, facts) in [("wide", 40u8), ("tall", 3), ("odd", 17)] {
        let bytes: Vec<u8> = (0..17u8)
            .map(|at| at.wrapping_mul(31).wrapping_add(facts))
            .collect();
        seed("tile_round_trip", name, &bytes);
    }
}

fn seed(target: &str, name: &str, bytes: &[u8]) {
    if bytes.len() > LARGEST {
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(target);
    fs::create_dir_all(&folder).expect("the folder can be made");
    fs::write(folder.join(name), bytes).expect("the seed can be written");
}

/// One of every way in which PNG stores pixels.
fn pngs() {
    use BitDepth::{Eight, Four, One, Sixteen, Two};
    use ColorType::{Grayscale, GrayscaleAlpha, Indexed, Rgb, Rgba};
    let ways = [
        ("grey-1", Grayscale, One, 1),
        ("grey-2", Grayscale, Two, 2),
        ("grey-4", Grayscale, Four, 4),
        ("grey-8", Grayscale, Eight, 8),
        ("grey-16", Grayscale, Sixteen, 16),
        ("grey-alpha", GrayscaleAlpha, Eight, 16),
        ("palette-2", Indexed, Two, 2),
        ("rgb", Rgb, Eight, 24),
        ("rgba-16", Rgba, Sixteen, 64),
    ];
    for (name, colour, depth, bits) in ways {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, SIDE, SIDE);
        encoder.set_color(colour);
        encoder.set_depth(depth);
        if colour == Indexed {
            encoder.set_palette(vec![0, 0, 0, 90, 60, 30, 200, 220, 40, 255, 255, 255]);
            encoder.set_trns(vec![0, 255, 128]);
        }
        let samples: Vec<u8> = (0..SIDE * SIDE * bits / 8)
            .map(|at| (at * 37) as u8)
            .collect();
        let mut writer = encoder.write_header().expect("a header");
        writer.write_image_data(&samples).expect("pixels");
        writer.finish().expect("an end");
        seed("png", name, &bytes);
    }
}

/// Stills and films of every format, and lossy WebPs, right and wrong.
fn animations() {
    let frame = |number: u8| Frame {
        image: RgbaImage::from_fn(SIDE, SIDE, |x, y| {
            if (x + y + u32::from(number)).is_multiple_of(3) {
                [0; 4].into()
            } else {
                [x as u8 * 30, y as u8 * 30, number * 60, 255].into()
            }
        }),
        delay: Duration::from_millis(70),
    };
    let film = Animation {
        frames: (0..3).map(frame).collect(),
        loops: Loops::times(2),
    };
    let still = Animation::still(frame(1).image);
    for format in [PictureFormat::Png, PictureFormat::Gif, PictureFormat::WebP] {
        for (name, animation) in [("still", &still), ("film", &film)] {
            let bytes = animation.encode(format).expect("it can be written");
            seed(
                "animation",
                &format!("{name}.{}", format.extension()),
                &bytes,
            );
        }
    }
    for format in [ImageFormat::Jpeg, ImageFormat::Bmp, ImageFormat::Tga] {
        let mut bytes = Cursor::new(Vec::new());
        let image = DynamicImage::from(frame(1).image).into_rgb8();
        image
            .write_to(&mut bytes, format)
            .expect("it can be written");
        let name = format!("still.{}", format.extensions_str()[0]);
        seed("animation", &name, bytes.get_ref());
    }
    seed("animation", "lossy.webp", &pictures::webp(&[(8, 8); 2]));
    for bad in pictures::webps() {
        seed("animation", &format!("{}.webp", bad.defect), &bad.bytes);
    }
}

/// The JSON of packs, as people write it.
fn texts() {
    let texts: [(&str, &[u8]); 5] = [
        ("pack", packs::META),
        (
            "marked",
            b"\xef\xbb\xbf{\"pack\": {\"pack_format\": 15, \"supported_formats\": [15, 18], \"description\": {\"text\": \"\\u00e4\"}}}",
        ),
        (
            "overlays",
            br#"{"pack":{"min_format":[65,1],"max_format":99},"overlays":{"entries":[{"directory":"a","formats":{"min_inclusive":1,"max_inclusive":9}}]}}"#,
        ),
        (
            "animation",
            br#"{"animation": {"frametime": 2, "interpolate": true, "frames": [0, {"index": 1, "time": 3}],}} // as read by the game"#,
        ),
        (
            "model",
            br##"{"parent": "block/cube", "textures": {"all": "#side", "side": "block/stone"}, "elements": [{"from": [0, 0, 0.5], "to": [16, 1e1, -16]}]}"##,
        ),
    ];
    for (name, bytes) in texts {
        seed("mcmeta", name, bytes);
    }
}
