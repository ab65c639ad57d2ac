//! A picture as part of a page, within a number of bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use image::codecs::jpeg::JpegEncoder;
use uncanny_texture::{RgbaImage, downscale, encode};

/// No picture on a page is wider or higher.
const LONGEST: u32 = 512;
/// None is made smaller than this because of its bytes.
const SHORTEST: u32 = 64;
/// Of JPEG: no difference is seen side by side.
const QUALITY: u8 = 92;

/// A picture and what it took to fit.
#[derive(Default)]
pub(super) struct Shown {
    /// A `data:` address that holds it.
    pub(super) address: String,
    /// Whether it is smaller than the real one, or has lost something.
    pub(super) reduced: bool,
}

impl Shown {
    /// As good as `bytes` of the page allow: as it is, without loss; with some, if it is opaque; smaller.
    pub(super) fn of(image: &RgbaImage, bytes: usize) -> Self {
        let (width, height) = image.dimensions();
        let longest = width.max(height).max(1);
        let mut side = longest.min(LONGEST);
        let opaque = image.pixels().all(|pixel| pixel.0[3] == 255);
        loop {
            let fit = |length: u32| {
                let length = u64::from(length.max(1)) * u64::from(side);
                u32::try_from(length.div_ceil(u64::from(longest))).expect("no longer than the side")
            };
            let smaller = if width == 0 || height == 0 {
                RgbaImage::new(1, 1)
            } else {
                downscale(image, (fit(width), fit(height)))
            };
            let png = encode(&smaller).expect("no side is zero");
            let png = address("image/png", &png);
            let last = side / 2 < SHORTEST;
            if png.len() <= bytes || (last && !opaque) {
                return Self {
                    address: png,
                    reduced: side < longest,
                };
            }
            if opaque {
                let jpeg = address("image/jpeg", &jpeg(&smaller));
                if jpeg.len() <= bytes || last {
                    return Self {
                        address: if jpeg.len() < png.len() { jpeg } else { png },
                        reduced: true,
                    };
                }
            }
            side /= 2;
        }
    }
}

fn address(kind: &str, bytes: &[u8]) -> String {
    let mut address = format!("data:{kind};base64,");
    BASE64.encode_string(bytes, &mut address);
    address
}

fn jpeg(image: &RgbaImage) -> Vec<u8> {
    let rgb = image::DynamicImage::ImageRgba8(image.clone()).into_rgb8();
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY)
        .encode_image(&rgb)
        .expect("a picture of at most 512x512 pixels is no trouble");
    bytes
}
