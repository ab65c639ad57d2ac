//! Against flicker: where a film stands still, its enhanced frames are mixed with the ones before.

use uncanny_texture::RgbaImage;

/// A pixel that changed by so many of 255 levels has moved; up to there the mixing fades.
const MOVED: f32 = 20.0;

/// Mixes each enhanced frame with the ones before it, less where the input changed and not at all where it moved.
#[derive(Debug, Clone)]
pub struct Smooth {
    amount: f32,
    last: Option<Last>,
}

#[derive(Debug, Clone)]
struct Last {
    low: RgbaImage,
    /// Premultiplied, 0 to 255; finer than 8 bits, since rounding would stick.
    high: Vec<[f32; 4]>,
}

impl Smooth {
    /// `amount` is the share of what came before in a frame that stands still, from 0 (nothing) to below 1.
    #[must_use]
    pub fn new(amount: f32) -> Smooth {
        Smooth {
            amount: amount.clamp(0.0, 0.95),
            last: None,
        }
    }

    /// The next frame: what the network saw of it, and what it made. Straight RGBA; the second is a whole number of
    /// times as large as the first.
    ///
    /// # Panics
    /// When it is not.
    #[must_use]
    pub fn next(&mut self, low: &RgbaImage, high: RgbaImage) -> RgbaImage {
        let (width, height) = low.dimensions();
        let scale = high.width() / width.max(1);
        assert_eq!(
            high.dimensions(),
            (width * scale, height * scale),
            "an output is a whole number of times as large as its input"
        );
        if self.amount == 0.0 {
            return high;
        }
        let mut mixed: Vec<[f32; 4]> = high.pixels().map(|pixel| premultiplied(pixel.0)).collect();
        if let Some(last) = self
            .last
            .as_ref()
            .filter(|last| last.low.dimensions() == low.dimensions())
        {
            let shares = shares(&last.low, low, self.amount);
            let columns = width * scale;
            for (i, (new, old)) in (0..).zip(mixed.iter_mut().zip(&last.high)) {
                let share = between(&shares, (width, height), (i % columns, i / columns), scale);
                for (new, old) in new.iter_mut().zip(old) {
                    *new += (old - *new) * share;
                }
            }
        }
        let mut out = high;
        for (pixel, value) in out.pixels_mut().zip(&mixed) {
            pixel.0 = straight(*value);
        }
        self.last = Some(Last {
            low: low.clone(),
            high: mixed,
        });
        out
    }
}

/// For every pixel of the input, how much of what came before it stays: by the largest change around it.
fn shares(last: &RgbaImage, low: &RgbaImage, amount: f32) -> Vec<f32> {
    let (width, height) = low.dimensions();
    let changes: Vec<f32> = last
        .pixels()
        .zip(low.pixels())
        .map(|(a, b)| {
            let (a, b) = (premultiplied(a.0), premultiplied(b.0));
            (0..4).map(|c| (a[c] - b[c]).abs()).fold(0.0, f32::max)
        })
        .collect();
    let around = |x: u32, y: u32| {
        let rows = y.saturating_sub(1)..(y + 2).min(height);
        rows.flat_map(|y| {
            let columns = x.saturating_sub(1)..(x + 2).min(width);
            columns.map(move |x| (y * width + x) as usize)
        })
        .map(|i| changes[i])
        .fold(0.0, f32::max)
    };
    (0..width * height)
        .map(|i| amount * (1.0 - around(i % width, i / width) / MOVED).max(0.0))
        .collect()
}

/// A share between its four neighbours' for a pixel of the output.
fn between(shares: &[f32], (width, height): (u32, u32), (x, y): (u32, u32), scale: u32) -> f32 {
    let place = |at: u32, length: u32| {
        let at = ((at as f32 + 0.5) / scale as f32 - 0.5).clamp(0.0, (length - 1) as f32);
        let first = at as u32;
        (first, (first + 1).min(length - 1), at - first as f32)
    };
    let ((left, right, across), (top, bottom, down)) = (place(x, width), place(y, height));
    let share = |x: u32, y: u32| shares[(y * width + x) as usize];
    let row = |y: u32| share(left, y) + (share(right, y) - share(left, y)) * across;
    row(top) + (row(bottom) - row(top)) * down
}

pub(super) fn premultiplied([r, g, b, a]: [u8; 4]) -> [f32; 4] {
    let times = |value: u8| f32::from(value) * f32::from(a) / 255.0;
    [times(r), times(g), times(b), f32::from(a)]
}

pub(super) fn straight([r, g, b, a]: [f32; 4]) -> [u8; 4] {
    if a < 0.5 {
        return [0; 4];
    }
    let byte = |value: f32| (value + 0.5).clamp(0.0, 255.0) as u8;
    [
        byte(r * 255.0 / a),
        byte(g * 255.0 / a),
        byte(b * 255.0 / a),
        byte(a),
    ]
}

#[cfg(test)]
mod tests {
    use uncanny_texture::{Nearest, Scale};

    use super::*;
    use crate::picture::{Settings, enhance};

    /// A dark ground with a little noise of its own in every frame, over which a bright square runs.
    fn frame(number: u32) -> RgbaImage {
        RgbaImage::from_fn(16, 16, |x, y| {
            let noise = (x * 7 + y * 13 + number * 29).wrapping_mul(2_654_435_761) >> 30;
            let noise = noise as u8;
            if (4..8).contains(&y) && x >= number && x < number + 4 {
                [250, 240, 230, 255].into()
            } else {
                [40 + noise, 60 + noise, 50, 255].into()
            }
        })
    }

    #[test]
    fn what_stands_still_stops_flickering_and_what_moves_leaves_no_trace() {
        let frames: Vec<RgbaImage> = (0..10).map(frame).collect();
        let mut nearest = Nearest::new(Scale::new(8).unwrap());
        let made = enhance(&frames, &Settings::default(), &mut nearest, &mut |_| true).unwrap();
        let mut smooth = Smooth::new(0.8);
        let smoothed: Vec<RgbaImage> = frames
            .iter()
            .zip(&made)
            .map(|(low, made)| smooth.next(low, made[0].clone()))
            .collect();
        let flicker = |a: &RgbaImage, b: &RgbaImage| -> f64 {
            let still = (80..128).flat_map(|y| (0..128).map(move |x| (x, y)));
            still
                .map(|(x, y)| f64::from(a.get_pixel(x, y).0[0].abs_diff(b.get_pixel(x, y).0[0])))
                .sum()
        };
        let (before, after) = (
            flicker(&made[8][0], &made[9][0]),
            flicker(&smoothed[8], &smoothed[9]),
        );
        assert!(before > 0.0 && after < before / 2.0, "{before} {after}");
        // Where the square is, and where it was a frame before.
        for x in (8 * 8..13 * 8).step_by(4) {
            let (is, ought) = (
                smoothed[9].get_pixel(x, 44).0,
                made[9][0].get_pixel(x, 44).0,
            );
            assert!(
                (0..3).all(|c| is[c].abs_diff(ought[c]) <= 8),
                "{x}: {is:?} {ought:?}"
            );
        }
        assert!(Smooth::new(0.0).next(&frames[3], made[3][0].clone()) == made[3][0]);
    }
}
