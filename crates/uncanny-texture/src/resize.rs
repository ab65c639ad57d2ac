//! 8-bit resizing as PIL (Pillow) does it, bit for bit: what test inputs and published measurements are made with.
//!
//! The enhancement itself resamples floats (`resample.rs`); here a picture is rounded to 8 bits after either axis.

use image::RgbaImage;

use crate::Padding;
use crate::resample::{Kernel, taps};

/// How [`resize`] weighs pixels; each is antialiased, that is, widened when it shrinks a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Filter {
    /// PIL's `BOX`: the mean of the pixels that an output pixel covers.
    Box,
    /// PIL's `BILINEAR`.
    Bilinear,
    /// PIL's `BICUBIC`, a = -1/2.
    Bicubic,
    /// PIL's `LANCZOS`, three lobes.
    Lanczos,
}

impl Filter {
    fn kernel(self) -> Kernel {
        match self {
            Filter::Box => Kernel::Box,
            Filter::Bilinear => Kernel::Triangle,
            Filter::Bicubic => Kernel::CatmullRom,
            Filter::Lanczos => Kernel::Lanczos3,
        }
    }
}

/// PIL's `Image.resize` of a picture of mode RGBA, bit for bit: straight RGBA in and out, premultiplied inside, sRGB
/// values as they are. Beyond the border there is nothing; the remaining weights count for more. An opaque picture
/// comes out as one of mode RGB does. Rows first, then columns; PIL 13 does the same unless the width grows and the
/// height shrinks.
///
/// ```
/// use uncanny_texture::{Filter, RgbaImage, resize};
/// let image = RgbaImage::from_fn(4, 1, |x, _| [if x < 2 { 0 } else { 255 }, 0, 0, 255].into());
/// let half = resize(&image, (2, 1), Filter::Bilinear);
/// assert_eq!(half.get_pixel(0, 0).0, [36, 0, 0, 255]);
/// ```
///
/// # Panics
/// When either picture has no pixels.
#[must_use]
pub fn resize(image: &RgbaImage, to: (u32, u32), filter: Filter) -> RgbaImage {
    let (width, height) = image.dimensions();
    assert!(
        width > 0 && height > 0 && to.0 > 0 && to.1 > 0,
        "a picture to resize must have pixels"
    );
    if (width, height) == to {
        return image.clone();
    }
    let mut pixels: Vec<[u8; 4]> = image.pixels().map(|pixel| premultiplied(pixel.0)).collect();
    if to.0 != width {
        let rows = fixed(width, to.0, filter);
        pixels = pixels
            .chunks_exact(width as usize)
            .flat_map(|line| rows.iter().map(move |row| weighted(row, |i| line[i])))
            .collect();
    }
    if to.1 != height {
        let (columns, from) = (to.0 as usize, pixels);
        pixels = fixed(height, to.1, filter)
            .iter()
            .flat_map(|row| {
                (0..columns)
                    .map(|x| weighted(row, |y| from[y * columns + x]))
                    .collect::<Vec<_>>()
            })
            .collect();
    }
    let bytes = pixels.into_iter().flat_map(straight).collect();
    RgbaImage::from_raw(to.0, to.1, bytes).expect("every pixel was made")
}

/// PIL's weights have 22 binary places.
const PLACES: u32 = 22;

fn fixed(input: u32, output: u32, filter: Filter) -> Vec<Vec<(usize, i64)>> {
    let rows = taps(input, output, 0, output, filter.kernel(), Padding::Zero);
    let to_fixed = |weight: f64| {
        let scaled = weight * f64::from(1 << PLACES);
        (scaled + 0.5f64.copysign(scaled)) as i64
    };
    rows.into_iter()
        .map(|row| {
            row.into_iter()
                .map(|(index, weight)| (index as usize, to_fixed(weight)))
                .collect()
        })
        .collect()
}

fn weighted(row: &[(usize, i64)], at: impl Fn(usize) -> [u8; 4]) -> [u8; 4] {
    let mut sums = [1i64 << (PLACES - 1); 4];
    for &(index, weight) in row {
        for (sum, value) in sums.iter_mut().zip(at(index)) {
            *sum += weight * i64::from(value);
        }
    }
    sums.map(|sum| (sum >> PLACES).clamp(0, 255) as u8)
}

/// As PIL goes from RGBA to RGBa.
fn premultiplied([r, g, b, a]: [u8; 4]) -> [u8; 4] {
    let times = |value: u8| {
        let product = u32::from(value) * u32::from(a) + 128;
        (((product >> 8) + product) >> 8) as u8
    };
    [times(r), times(g), times(b), a]
}

/// As PIL goes from RGBa to RGBA.
fn straight([r, g, b, a]: [u8; 4]) -> [u8; 4] {
    if a == 0 || a == 255 {
        return [r, g, b, a];
    }
    let over = |value: u8| (255 * u32::from(value) / u32::from(a)).min(255) as u8;
    [over(r), over(g), over(b), a]
}
