//! A picture as part of a page, within a number of bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder as _};
use serde::Serialize;
use uncanny_texture::{RgbaImage, bled, downscale, encode};

/// No picture on a page is wider or higher.
const LONGEST: u32 = 512;
/// None is made smaller than this because of its bytes.
const SHORTEST: u32 = 64;
/// Of JPEG: first no difference is seen side by side, then little.
const QUALITIES: [u8; 2] = [92, 80];

/// A picture and what it took to fit.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Shown {
    /// What the page holds of it.
    pub(super) address: Address,
    /// Whether that is smaller than the real one, or has lost something.
    pub(super) reduced: bool,
}

/// `data:` addresses that hold a picture.
#[derive(Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Address {
    /// As it is.
    Whole(String),
    /// Colours, and a picture whose alpha is theirs: JPEG has none.
    Masked(String, String),
}

impl Default for Address {
    fn default() -> Self {
        Self::Whole(String::new())
    }
}

impl Address {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Whole(address) => address.len(),
            Self::Masked(colours, alpha) => colours.len() + alpha.len(),
        }
    }
}

impl Shown {
    /// As good as `bytes` of the page allow: as it is, without loss; with some; smaller.
    pub(super) fn of(image: &RgbaImage, bytes: usize) -> Self {
        let (width, height) = image.dimensions();
        let longest = width.max(height);
        if width == 0 || height == 0 {
            return Self::default();
        }
        let mut side = longest.min(LONGEST);
        let smaller = |side: u32| {
            let fit = |length: u32| {
                let length = (u64::from(length) * u64::from(side)).div_ceil(u64::from(longest));
                u32::try_from(length).expect("no longer than the side")
            };
            downscale(image, (fit(width), fit(height)))
        };
        let mut picture = smaller(side);
        let whole = Address::Whole(png(&picture));
        if whole.len() <= bytes {
            return Self {
                address: whole,
                reduced: side < longest,
            };
        }
        loop {
            for quality in QUALITIES {
                let address = jpeg(&picture, quality);
                let last = side / 2 < SHORTEST && quality == QUALITIES[QUALITIES.len() - 1];
                if address.len() <= bytes || last {
                    return Self {
                        address,
                        reduced: true,
                    };
                }
            }
            side /= 2;
            picture = smaller(side);
        }
    }
}

fn address(kind: &str, bytes: &[u8]) -> String {
    let mut address = format!("data:{kind};base64,");
    BASE64.encode_string(bytes, &mut address);
    address
}

fn png(image: &RgbaImage) -> String {
    address("image/png", &encode(image).expect("no side is zero"))
}

fn jpeg(image: &RgbaImage, quality: u8) -> Address {
    const FITS: &str = "a picture of at most 512x512 pixels is no trouble";
    let (width, height) = image.dimensions();
    let opaque = image.pixels().all(|pixel| pixel.0[3] == 255);
    // Colours go on under what is transparent, so that its edges stay clean.
    let bled = if opaque { None } else { bled(image.clone(), 1) };
    let colours = bled.as_ref().unwrap_or(image);
    let rgb: Vec<u8> = colours
        .pixels()
        .flat_map(|pixel| [pixel.0[0], pixel.0[1], pixel.0[2]])
        .collect();
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality)
        .encode(&rgb, width, height, ExtendedColorType::Rgb8)
        .expect(FITS);
    let colours = address("image/jpeg", &bytes);
    if opaque {
        return Address::Whole(colours);
    }
    let alpha: Vec<u8> = image.pixels().flat_map(|pixel| [0, pixel.0[3]]).collect();
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes)
        .write_image(&alpha, width, height, ExtendedColorType::La8)
        .expect(FITS);
    Address::Masked(colours, address("image/png", &bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing that compresses.
    fn noise(side: u32, alpha: impl Fn(u32, u32) -> u8) -> RgbaImage {
        let mut state = 1_u32;
        RgbaImage::from_fn(side, side, |x, y| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [_, r, g, b] = state.to_le_bytes();
            [r, g, b, alpha(x, y)].into()
        })
    }

    #[test]
    fn what_fits_loses_nothing() {
        let image = noise(16, |x, _| if x < 4 { 0 } else { 200 });
        let Shown { address, reduced } = Shown::of(&image, 4096);
        let Address::Whole(address) = address else {
            panic!("{address:?}");
        };
        let png = BASE64.decode(address.strip_prefix("data:image/png;base64,").unwrap());
        assert_eq!(
            uncanny_texture::decode(&png.unwrap(), &Default::default())
                .unwrap()
                .image,
            image
        );
        assert!(!reduced);
    }

    #[test]
    fn what_does_not_is_reduced_until_it_fits() {
        let opaque = noise(128, |_, _| 255);
        let cutout = noise(128, |x, y| if (x / 20 + y / 20) % 2 == 0 { 0 } else { 255 });
        let full = Shown::of(&opaque, usize::MAX).address.len();
        for bytes in [full * 3 / 4, full / 3, full / 6] {
            let shown = Shown::of(&opaque, bytes);
            assert!(shown.reduced && shown.address.len() <= bytes, "{bytes}");
            assert!(matches!(shown.address, Address::Whole(_)));
        }
        let shown = Shown::of(&cutout, full / 2);
        assert!(shown.reduced && shown.address.len() <= full / 2);
        assert!(
            matches!(shown.address, Address::Masked(..)),
            "its edges are kept apart"
        );
        // Nothing fits into nothing: the smallest there is.
        assert!(Shown::of(&opaque, 0).address.len() < full / 4);
        let wide = RgbaImage::from_pixel(5000, 3, [1, 2, 3, 255].into());
        assert!(
            Shown::of(&wide, usize::MAX).reduced,
            "no picture is longer than {LONGEST}"
        );
    }
}
