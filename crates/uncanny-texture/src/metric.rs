//! Numbers about pictures: how near to a reference, how sharp, how seamless.
//!
//! All take straight RGBA and look at the colour only.

use image::RgbaImage;

/// Peak signal-to-noise ratio over R, G and B in dB; infinite for equal pictures.
///
/// # Panics
/// When the sizes differ.
#[must_use]
pub fn psnr(a: &RgbaImage, b: &RgbaImage) -> f64 {
    assert_eq!(
        a.dimensions(),
        b.dimensions(),
        "pictures to compare must have one size"
    );
    let mut sum = 0u64;
    for (p, q) in a.pixels().zip(b.pixels()) {
        for c in 0..3 {
            sum += u64::from(p.0[c].abs_diff(q.0[c])).pow(2);
        }
    }
    let mean = sum as f64 / (3.0 * f64::from(a.width()) * f64::from(a.height()));
    10.0 * (255.0 * 255.0 / mean).log10()
}

/// Luma as ITU-R 601 weighs it, 0..=255.
fn luma(image: &RgbaImage) -> Vec<f64> {
    image
        .pixels()
        .map(|p| 0.299 * f64::from(p.0[0]) + 0.587 * f64::from(p.0[1]) + 0.114 * f64::from(p.0[2]))
        .collect()
}

/// Structural similarity of the luma, as scikit-image's `structural_similarity` computes it by default: 7x7 uniform
/// window, sample covariance, data range 255, the border of 3 pixels left out.
///
/// # Panics
/// When the sizes differ or a side is below 7.
#[must_use]
pub fn ssim(a: &RgbaImage, b: &RgbaImage) -> f64 {
    assert_eq!(
        a.dimensions(),
        b.dimensions(),
        "pictures to compare must have one size"
    );
    let (width, height) = (a.width() as usize, a.height() as usize);
    assert!(width >= 7 && height >= 7, "SSIM needs at least 7x7 pixels");
    let (a, b) = (luma(a), luma(b));
    let product = |f: &dyn Fn(usize) -> f64| -> Vec<f64> {
        window_sums(&(0..a.len()).map(f).collect::<Vec<_>>(), width, height)
    };
    let sums = [
        product(&|i| a[i]),
        product(&|i| b[i]),
        product(&|i| a[i] * a[i]),
        product(&|i| b[i] * b[i]),
        product(&|i| a[i] * b[i]),
    ];
    let count = 49.0;
    let sample = count / (count - 1.0);
    let (c1, c2) = ((0.01f64 * 255.0).powi(2), (0.03f64 * 255.0).powi(2));
    let total: f64 = (0..sums[0].len())
        .map(|i| {
            let [ma, mb, aa, bb, ab] = [0, 1, 2, 3, 4].map(|s| sums[s][i] / count);
            let va = sample * (aa - ma * ma);
            let vb = sample * (bb - mb * mb);
            let covariance = sample * (ab - ma * mb);
            (2.0 * ma * mb + c1) * (2.0 * covariance + c2)
                / ((ma * ma + mb * mb + c1) * (va + vb + c2))
        })
        .sum();
    total / sums[0].len() as f64
}

/// Sums over every whole 7x7 window.
fn window_sums(values: &[f64], width: usize, height: usize) -> Vec<f64> {
    let mut across = Vec::with_capacity((width - 6) * height);
    for row in values.chunks_exact(width) {
        across.extend(row.windows(7).map(|window| window.iter().sum::<f64>()));
    }
    let columns = width - 6;
    let mut out = vec![0.0; columns * (height - 6)];
    for (y, row) in out.chunks_exact_mut(columns).enumerate() {
        for line in across[y * columns..(y + 7) * columns].chunks_exact(columns) {
            row.iter_mut()
                .zip(line)
                .for_each(|(sum, value)| *sum += value);
        }
    }
    out
}

/// How much more the luma changes across the wrap than inside the picture: the mean absolute step from the last to
/// the first column and row over the mean of all inner steps. About 1 for a texture that repeats without a seam.
#[must_use]
pub fn seam_ratio(image: &RgbaImage) -> f64 {
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
    if mean(inside) == 0.0 && mean(seam) == 0.0 {
        1.0
    } else {
        mean(seam) / mean(inside)
    }
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
