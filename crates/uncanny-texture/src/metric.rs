//! Numbers about pictures: how near to a reference, how sharp, how seamless, how true to their alpha.
//!
//! All take straight 8-bit RGBA in sRGB. Those about colour do not look at alpha: lay transparent pictures [`over`]
//! a ground first. `tests/fixtures/metrics/make.py` computes the same numbers with scikit-image, PyTorch and Pillow.

use image::RgbaImage;

use crate::{AlphaClass, facts};

/// The picture laid over a ground of one colour: opaque.
#[must_use]
pub fn over(image: &RgbaImage, ground: [u8; 3]) -> RgbaImage {
    let mut out = image.clone();
    for pixel in out.pixels_mut() {
        let alpha = u32::from(pixel.0[3]);
        for (value, under) in pixel.0.iter_mut().zip(ground) {
            let mixed = u32::from(*value) * alpha + u32::from(under) * (255 - alpha);
            *value = ((mixed + 127) / 255) as u8;
        }
        pixel.0[3] = 255;
    }
    out
}

/// Peak signal-to-noise ratio over R, G and B in dB; infinite for equal pictures.
///
/// # Panics
/// When the sizes differ.
#[must_use]
pub fn psnr(a: &RgbaImage, b: &RgbaImage) -> f64 {
    same_size(a, b);
    let mut sum = 0u64;
    for (p, q) in a.pixels().zip(b.pixels()) {
        for c in 0..3 {
            sum += u64::from(p.0[c].abs_diff(q.0[c])).pow(2);
        }
    }
    decibels(sum as f64, a)
}

/// How well a picture returns what it was made from: PSNR of its block means, unrounded, against `low`; infinite when
/// they are equal.
///
/// # Panics
/// When `high` is not larger than `low` by one whole factor.
#[must_use]
pub fn consistency(high: &RgbaImage, low: &RgbaImage) -> f64 {
    let k = high.width() / low.width().max(1);
    assert!(
        k > 0 && high.dimensions() == (low.width() * k, low.height() * k),
        "an enlarged picture must be larger by a whole factor"
    );
    let mut sum = 0.0;
    for (x, y, pixel) in low.enumerate_pixels() {
        let mut block = [0u32; 3];
        for inner in 0..k * k {
            let from = high.get_pixel(x * k + inner % k, y * k + inner / k).0;
            block
                .iter_mut()
                .zip(from)
                .for_each(|(sum, value)| *sum += u32::from(value));
        }
        for (total, value) in block.iter().zip(pixel.0) {
            sum += (f64::from(*total) / f64::from(k * k) - f64::from(value)).powi(2);
        }
    }
    decibels(sum, low)
}

/// From a sum of squares over R, G and B.
fn decibels(squares: f64, image: &RgbaImage) -> f64 {
    let mean = squares / (3.0 * f64::from(image.width()) * f64::from(image.height()));
    10.0 * (255.0 * 255.0 / mean).log10()
}

fn same_size(a: &RgbaImage, b: &RgbaImage) {
    assert_eq!(
        a.dimensions(),
        b.dimensions(),
        "pictures to compare must have one size"
    );
}

/// Luma as ITU-R 601 weighs it, rounded to 8 bits as PIL's mode L is.
fn luma(image: &RgbaImage) -> Vec<f64> {
    image
        .pixels()
        .map(|pixel| {
            let [r, g, b, _] = pixel.0.map(u32::from);
            f64::from((r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16)
        })
        .collect()
}

/// What SSIM adds to its quotients, for 8-bit values.
const C1: f64 = (0.01 * 255.0) * (0.01 * 255.0);
/// See [`C1`].
const C2: f64 = (0.03 * 255.0) * (0.03 * 255.0);

/// Structural similarity of the luma, as scikit-image's `structural_similarity` computes it by default: 7x7 uniform
/// window, sample covariance, data range 255, the border of 3 pixels left out.
///
/// # Panics
/// When the sizes differ or a side is below 7.
#[must_use]
pub fn ssim(a: &RgbaImage, b: &RgbaImage) -> f64 {
    same_size(a, b);
    let (width, height) = (a.width() as usize, a.height() as usize);
    assert!(width >= 7 && height >= 7, "SSIM needs at least 7x7 pixels");
    let count = 49.0;
    let window = [1.0 / 7.0; 7];
    similarity(
        &luma(a),
        &luma(b),
        (width, height),
        &window,
        count / (count - 1.0),
    )
    .0
}

/// The weights of the five scales, from the finest (Wang, Simoncelli, Bovik 2003).
const SCALES: [f64; 5] = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];

/// Structural similarity over five scales (Wang, Simoncelli, Bovik 2003): Gaussian window of 11 taps, sigma 1.5,
/// whole windows only, each scale the means of 2x2 pixels of the last; per channel, averaged over R, G and B, as the
/// Python package `pytorch-msssim` computes it for RGB.
///
/// At a scale smaller than 11 pixels the window is as large as the picture, which keeps 5 scales for 128x128 (8x8 at
/// the last): PFSR's authors do the same, and so its figures can be set beside ours. (Theirs raise the last scale's
/// similarity to the fourth power of what the paper says, which makes them lower.) `pytorch-msssim` itself refuses
/// pictures up to 160x160; above that the two agree.
///
/// # Panics
/// When the sizes differ or a side is below 32.
#[must_use]
pub fn ms_ssim(a: &RgbaImage, b: &RgbaImage) -> f64 {
    same_size(a, b);
    assert!(
        a.width() >= 32 && a.height() >= 32,
        "MS-SSIM needs at least 32x32 pixels"
    );
    let channel = |image: &RgbaImage, c: usize| -> Vec<f64> {
        image.pixels().map(|pixel| f64::from(pixel.0[c])).collect()
    };
    let of_channel = |c: usize| {
        let (mut a_plane, mut b_plane) = (channel(a, c), channel(b, c));
        let mut size = (a.width() as usize, a.height() as usize);
        let mut product = 1.0;
        for (scale, weight) in SCALES.iter().enumerate() {
            if scale > 0 {
                a_plane = halved(&a_plane, size);
                b_plane = halved(&b_plane, size);
                size = (size.0 / 2, size.1 / 2);
            }
            let window = gaussian(size.0.min(size.1).min(11));
            let (whole, contrast) = similarity(&a_plane, &b_plane, size, &window, 1.0);
            let last = scale + 1 == SCALES.len();
            product *= (if last { whole } else { contrast }).max(0.0).powf(*weight);
        }
        product
    };
    (0..3).map(of_channel).sum::<f64>() / 3.0
}

/// A bell of that many taps, sigma 1.5, that sums to 1.
fn gaussian(taps: usize) -> Vec<f64> {
    let middle = (taps as f64 - 1.0) / 2.0;
    let bell = |i: usize| (-(i as f64 - middle).powi(2) / (2.0 * 1.5 * 1.5)).exp();
    let sum: f64 = (0..taps).map(bell).sum();
    (0..taps).map(|i| bell(i) / sum).collect()
}

/// The means of 2x2 pixels; an odd last row or column is left out.
fn halved(plane: &[f64], (width, height): (usize, usize)) -> Vec<f64> {
    let mut out = Vec::with_capacity(plane.len() / 4);
    for y in 0..height / 2 {
        let (upper, lower) = (&plane[2 * y * width..], &plane[(2 * y + 1) * width..]);
        out.extend(
            (0..width / 2)
                .map(|x| (upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1]) / 4.0),
        );
    }
    out
}

/// The mean SSIM over every whole window, and its part without the means (contrast and structure). Variances are
/// multiplied by `sample`.
fn similarity(
    a: &[f64],
    b: &[f64],
    (width, height): (usize, usize),
    window: &[f64],
    sample: f64,
) -> (f64, f64) {
    let times =
        |p: &[f64], q: &[f64]| -> Vec<f64> { p.iter().zip(q).map(|(p, q)| p * q).collect() };
    let mean = |plane: &[f64]| windowed(plane, width, height, window);
    let (ma, mb) = (mean(a), mean(b));
    let (aa, bb, ab) = (mean(&times(a, a)), mean(&times(b, b)), mean(&times(a, b)));
    let (mut whole, mut contrast) = (0.0, 0.0);
    for i in 0..ma.len() {
        let (x, y) = (ma[i], mb[i]);
        let (vx, vy) = (sample * (aa[i] - x * x), sample * (bb[i] - y * y));
        let covariance = sample * (ab[i] - x * y);
        let part = (2.0 * covariance + C2) / (vx + vy + C2);
        contrast += part;
        whole += part * (2.0 * x * y + C1) / (x * x + y * y + C1);
    }
    (whole / ma.len() as f64, contrast / ma.len() as f64)
}

/// Weighted sums over every whole window: both axes have the same weights.
fn windowed(values: &[f64], width: usize, height: usize, window: &[f64]) -> Vec<f64> {
    let reach = window.len() - 1;
    let columns = width - reach;
    let mut across = Vec::with_capacity(columns * height);
    for row in values.chunks_exact(width) {
        across.extend(row.windows(window.len()).map(|part| {
            part.iter()
                .zip(window)
                .map(|(value, weight)| value * weight)
                .sum::<f64>()
        }));
    }
    let mut out = vec![0.0; columns * (height - reach)];
    for (y, row) in out.chunks_exact_mut(columns).enumerate() {
        let lines = across[y * columns..].chunks_exact(columns);
        for (line, weight) in lines.zip(window) {
            row.iter_mut()
                .zip(line)
                .for_each(|(sum, value)| *sum += value * weight);
        }
    }
    out
}

/// How much more the luma changes across the wrap than inside the picture: the mean absolute step from the last to
/// the first column and row over the mean of all inner steps. About 1 for a texture that repeats without a seam.
#[must_use]
pub fn seam_ratio(image: &RgbaImage) -> f64 {
    let (seam, inside) = seam(image);
    if inside == 0.0 && seam == 0.0 {
        1.0
    } else {
        seam / inside
    }
}

/// The mean absolute step of the luma across the wrap (right to left, bottom to top), and that inside the picture,
/// both in 8-bit levels.
#[must_use]
pub fn seam(image: &RgbaImage) -> (f64, f64) {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let luma = luma(image);
    let at = |x: usize, y: usize| luma[y * width + x];
    let (mut seam, mut inside) = ((0.0, 0usize), (0.0, 0usize));
    let mut add = |last: bool, step: f64| {
        let sum = if last { &mut seam } else { &mut inside };
        sum.0 += step.abs();
        sum.1 += 1;
    };
    for y in 0..height {
        for x in 0..width {
            add(x + 1 == width, at((x + 1) % width, y) - at(x, y));
            add(y + 1 == height, at(x, (y + 1) % height) - at(x, y));
        }
    }
    let mean = |(sum, count): (f64, usize)| sum / count.max(1) as f64;
    (mean(seam), mean(inside))
}

/// Sharpness: the mean absolute Laplacian of the luma (4 neighbours, borders left out), in 8-bit levels.
#[must_use]
pub fn sharpness(image: &RgbaImage) -> f64 {
    let (width, height) = (image.width() as usize, image.height() as usize);
    if width < 3 || height < 3 {
        return 0.0;
    }
    let luma = luma(image);
    let mut sum = 0.0;
    for y in 1..height - 1 {
        for x in 1..width - 1 {
            let i = y * width + x;
            let around = luma[i - 1] + luma[i + 1] + luma[i - width] + luma[i + width];
            sum += (around - 4.0 * luma[i]).abs();
        }
    }
    sum / ((width - 2) * (height - 2)) as f64
}

/// The share of pixels, 0..=1, that are transparent (alpha 0), opaque (255) or in between in one picture and not in
/// the other: holes, filled gaps, soft edges where hard ones belong.
///
/// # Panics
/// When the sizes differ.
#[must_use]
pub fn alpha_errors(a: &RgbaImage, b: &RgbaImage) -> f64 {
    same_size(a, b);
    let class = |alpha: u8| match alpha {
        0 => 0,
        255 => 2,
        _ => 1,
    };
    let wrong = a
        .pixels()
        .zip(b.pixels())
        .filter(|(p, q)| class(p.0[3]) != class(q.0[3]))
        .count();
    wrong as f64 / (f64::from(a.width()) * f64::from(a.height())).max(1.0)
}

/// The least alpha of what counts as a picture's silhouette: a half.
const SOLID: u8 = 128;

/// How much two silhouettes, alpha cut at a half, cover each other: the pixels in both by the pixels in either, 0..=1; 1
/// when neither has any.
///
/// # Panics
/// When the sizes differ.
#[must_use]
pub fn silhouette_overlap(a: &RgbaImage, b: &RgbaImage) -> f64 {
    same_size(a, b);
    let (mut both, mut either) = (0u32, 0u32);
    for (p, q) in a.pixels().zip(b.pixels()) {
        let (p, q) = (p.0[3] >= SOLID, q.0[3] >= SOLID);
        both += u32::from(p && q);
        either += u32::from(p || q);
    }
    if either == 0 {
        1.0
    } else {
        f64::from(both) / f64::from(either)
    }
}

/// How long the outline of a silhouette is, alpha cut at a half: how many pairs of neighbours, across and down, have one
/// of them inside. The picture's border is none, and a diagonal counts its steps.
#[must_use]
pub fn outline(image: &RgbaImage) -> u32 {
    let (width, height) = image.dimensions();
    let inside = |x: u32, y: u32| image.get_pixel(x, y).0[3] >= SOLID;
    let mut length = 0;
    for y in 0..height {
        for x in 0..width {
            length += u32::from(x + 1 < width && inside(x, y) != inside(x + 1, y));
            length += u32::from(y + 1 < height && inside(x, y) != inside(x, y + 1));
        }
    }
    length
}

/// Whether an enlarged picture uses alpha in a way that its input does not, and the game would draw it wrongly: an
/// opaque input with a hole, or a cut-out one (alpha 0 and 255 only) with half-transparent pixels. An input that is
/// translucent already may come out in any way.
#[must_use]
pub fn leaves_alpha_class(high: &RgbaImage, low: &RgbaImage) -> bool {
    match (facts(low).alpha, facts(high).alpha) {
        (AlphaClass::Opaque, after) => after != AlphaClass::Opaque,
        (AlphaClass::Binary, after) => after == AlphaClass::Translucent,
        (AlphaClass::Translucent, _) => false,
    }
}
