//! Separable resampling of float planes, and the antialiased downscale of images.
//!
//! Centres are half-integers (a texel covers its square), filters widen when shrinking, weights sum to 1.
//! Nothing here knows cells: what lies beyond a border is read by its [`Padding`], and what is nothing is dropped (and
//! the weights renormalised, as PIL does); other edge rules are a matter of reading a margin first.

use image::RgbaImage;

use crate::Padding;

/// A reconstruction filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kernel {
    /// The mean over an output sample's width.
    Box,
    /// Linear interpolation.
    Triangle,
    /// Cubic interpolation (a = -1/2).
    CatmullRom,
    /// Sinc over three lobes.
    Lanczos3,
    /// A bell of that many hundredths of an input sample.
    Gaussian(u16),
}

impl Kernel {
    fn support(self) -> f64 {
        match self {
            Kernel::Box => 0.5,
            Kernel::Triangle => 1.0,
            Kernel::CatmullRom => 2.0,
            Kernel::Lanczos3 => 3.0,
            Kernel::Gaussian(sigma) => f64::from(sigma) / 100.0 * 3.0,
        }
    }

    fn weight(self, x: f64) -> f64 {
        // Half-open, so that a sample on the border of two outputs belongs to one of them.
        if self == Kernel::Box {
            return f64::from(x > -0.5 && x <= 0.5);
        }
        let x = x.abs();
        match self {
            Kernel::Box => unreachable!("it was answered above"),
            Kernel::Triangle => (1.0 - x).max(0.0),
            Kernel::CatmullRom if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
            Kernel::CatmullRom if x < 2.0 => ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0,
            Kernel::CatmullRom => 0.0,
            Kernel::Lanczos3 if x < 1e-9 => 1.0,
            Kernel::Lanczos3 if x < 3.0 => {
                let t = std::f64::consts::PI * x;
                3.0 * t.sin() * (t / 3.0).sin() / (t * t)
            }
            Kernel::Lanczos3 => 0.0,
            Kernel::Gaussian(sigma) => (-0.5 * (x * 100.0 / f64::from(sigma)).powi(2)).exp(),
        }
    }
}

/// Which inputs, with which weights, make each output along one axis.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    taps: usize,
    index: Vec<u32>,
    weight: Vec<f32>,
}

impl Axis {
    /// From `input` samples to `output` samples over the same length.
    pub(crate) fn new(input: u32, output: u32, kernel: Kernel, border: Padding) -> Axis {
        Axis::window(input, output, 0, output, kernel, border)
    }

    /// Only the outputs `first..first + count` of a resize from `input` to `output`.
    pub(crate) fn window(
        input: u32,
        output: u32,
        first: u32,
        count: u32,
        kernel: Kernel,
        border: Padding,
    ) -> Axis {
        let rows = taps(input, output, first, count, kernel, border);
        let taps = rows.iter().map(Vec::len).max().unwrap_or(1);
        let mut axis = Axis {
            taps,
            index: Vec::new(),
            weight: Vec::new(),
        };
        for row in &rows {
            for tap in 0..taps {
                let (index, weight) = row.get(tap).copied().unwrap_or((row[0].0, 0.0));
                axis.index.push(index);
                axis.weight.push(weight as f32);
            }
        }
        axis
    }

    pub(crate) fn len(&self) -> usize {
        self.index.len() / self.taps
    }

    fn row(&self, output: usize) -> (&[u32], &[f32]) {
        let range = output * self.taps..(output + 1) * self.taps;
        (&self.index[range.clone()], &self.weight[range])
    }
}

/// For each output of `first..first + count` of a resize from `input` to `output` samples, the inputs that make it
/// with their weights, which sum to 1.
pub(crate) fn taps(
    input: u32,
    output: u32,
    first: u32,
    count: u32,
    kernel: Kernel,
    border: Padding,
) -> Vec<Vec<(u32, f64)>> {
    let ratio = f64::from(input) / f64::from(output);
    let stretch = ratio.max(1.0);
    let reach = kernel.support() * stretch;
    let input = i64::from(input);
    (first..first + count)
        .map(|position| {
            let centre = (f64::from(position) + 0.5) * ratio;
            let from = (centre - reach + 0.5).floor() as i64;
            let to = (centre + reach + 0.5).floor() as i64;
            let mut row = Vec::new();
            for tap in from..to {
                let weight = kernel.weight((tap as f64 + 0.5 - centre) / stretch);
                if weight == 0.0 {
                    continue;
                }
                if let Some(source) = border.source(tap, input) {
                    row.push((source as u32, weight));
                }
            }
            if row.is_empty() {
                row.push(((centre.floor() as i64).rem_euclid(input) as u32, 1.0));
            }
            let sum: f64 = row.iter().map(|&(_, weight)| weight).sum();
            row.iter_mut().for_each(|(_, weight)| *weight /= sum);
            row
        })
        .collect()
}

/// Resamples one plane of `width` columns along both axes.
pub(crate) fn resample(plane: &[f32], width: usize, x: &Axis, y: &Axis) -> Vec<f32> {
    let height = plane.len() / width.max(1);
    let across_first = 3 * height * x.len() * x.taps + y.len() * x.len() * y.taps;
    let down_first = y.len() * width * y.taps + 3 * y.len() * x.len() * x.taps;
    if across_first <= down_first {
        down(&across(plane, width, x), x.len(), y)
    } else {
        across(&down(plane, width, y), width, x)
    }
}

fn across(plane: &[f32], width: usize, axis: &Axis) -> Vec<f32> {
    let mut out = Vec::with_capacity(plane.len() / width.max(1) * axis.len());
    for row in plane.chunks_exact(width) {
        for position in 0..axis.len() {
            let (index, weight) = axis.row(position);
            out.push(
                index
                    .iter()
                    .zip(weight)
                    .map(|(&i, &w)| row[i as usize] * w)
                    .sum(),
            );
        }
    }
    out
}

fn down(plane: &[f32], width: usize, axis: &Axis) -> Vec<f32> {
    let mut out = vec![0.0; width * axis.len()];
    for (position, row) in out.chunks_exact_mut(width).enumerate() {
        let (index, weight) = axis.row(position);
        for (&i, &w) in index.iter().zip(weight) {
            let from = &plane[i as usize * width..][..width];
            row.iter_mut()
                .zip(from)
                .for_each(|(sum, &value)| *sum += value * w);
        }
    }
    out
}

/// Resizes straight RGBA with antialiased bilinear filtering (as PIL does), premultiplied inside and in sRGB values
/// as they are; beyond the border there is nothing. A pixel that ends up invisible has colour 0.
#[must_use]
pub fn downscale(image: &RgbaImage, to: (u32, u32)) -> RgbaImage {
    let (width, height) = image.dimensions();
    if (width, height) == to || width == 0 || height == 0 || to.0 == 0 || to.1 == 0 {
        return if (width, height) == to {
            image.clone()
        } else {
            RgbaImage::new(to.0, to.1)
        };
    }
    let x = Axis::new(width, to.0, Kernel::Triangle, Padding::Zero);
    let y = Axis::new(height, to.1, Kernel::Triangle, Padding::Zero);
    let plane = |value: &dyn Fn([u8; 4]) -> f32| {
        let samples: Vec<f32> = image.pixels().map(|pixel| value(pixel.0)).collect();
        resample(&samples, width as usize, &x, &y)
    };
    let alpha = plane(&|p| f32::from(p[3]));
    let colour = [0, 1, 2].map(|c| plane(&|p: [u8; 4]| f32::from(p[c]) * f32::from(p[3]) / 255.0));
    let mut out = RgbaImage::new(to.0, to.1);
    for (i, pixel) in out.pixels_mut().enumerate() {
        if alpha[i] >= 0.5 {
            for (c, plane) in colour.iter().enumerate() {
                pixel.0[c] = (plane[i] * 255.0 / alpha[i] + 0.5).clamp(0.0, 255.0) as u8;
            }
            pixel.0[3] = (alpha[i] + 0.5).min(255.0) as u8;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_to_one() {
        for kernel in [Kernel::Triangle, Kernel::CatmullRom, Kernel::Lanczos3] {
            for border in [Padding::Zero, Padding::Wrap, Padding::Replicate] {
                for (from, to) in [(16, 128), (128, 16), (7, 3), (1, 8), (5, 5)] {
                    let axis = Axis::new(from, to, kernel, border);
                    for position in 0..to as usize {
                        let sum: f32 = axis.row(position).1.iter().sum();
                        assert!((sum - 1.0).abs() < 1e-5, "{kernel:?} {from}->{to}");
                    }
                }
            }
        }
    }

    #[test]
    fn downscale_ignores_hidden_colour() {
        let image = RgbaImage::from_fn(4, 2, |x, _| {
            if x % 2 == 0 {
                [200, 100, 50, 255].into()
            } else {
                [255, 0, 255, 0].into()
            }
        });
        let small = downscale(&image, (1, 1));
        assert_eq!(small.get_pixel(0, 0).0, [200, 100, 50, 128]);
    }
}
