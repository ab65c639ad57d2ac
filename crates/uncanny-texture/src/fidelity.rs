//! Back-projection: the enhanced picture, averaged back to its texels, returns the original's colours.
//!
//! What a texel's average lacks is added to the picture, interpolated so that no grid appears, a few
//! times (more would ring); what remains is then made up texel by texel, exactly.

use crate::{
    Padding, RgbPlanes, Scale,
    resample::{Axis, Kernel, resample},
};

/// Rounds of smooth correction. Each at least halves what is lacking unless black or white is reached; with eight,
/// dark rings appeared around strong outlines.
const SMOOTH_ROUNDS: usize = 3;
/// Good enough, in 0..1: a quarter of an 8-bit level.
const GOOD: f32 = 0.25 / 255.0;

/// What the picture must return.
pub(crate) struct Target<'a> {
    /// The original colours.
    pub(crate) low: &'a RgbPlanes,
    /// Texels that count: the visible ones.
    pub(crate) visible: &'a [bool],
    /// Alpha of the enlarged picture: how much each pixel counts in its texel's average.
    pub(crate) alpha: &'a [u8],
    /// How much of the difference to make up, 0..=1.
    pub(crate) fidelity: f32,
}

/// Corrects `high`, which is `scale` times as large as the target.
pub(crate) fn project(
    high: &mut RgbPlanes,
    target: &Target<'_>,
    scale: Scale,
    wraps: (bool, bool),
) {
    let fidelity = target.fidelity.clamp(0.0, 1.0);
    if fidelity == 0.0 {
        return;
    }
    let (width, k) = (target.low.width as usize, scale.get() as usize);
    let opaque = target.alpha.iter().all(|&alpha| alpha == 255);
    let mut coverage = vec![0.0; target.visible.len()];
    block_sums(&mut coverage, width, k, |i| f32::from(target.alpha[i]));
    // A texel with next to no visible pixel left would demand the impossible of the few.
    let enough = 255.0 * (k * k) as f32 / 16.0;
    let counts: Vec<f32> = target
        .visible
        .iter()
        .zip(&coverage)
        .map(|(&visible, &sum)| f32::from(u8::from(visible && sum >= enough)))
        .collect();

    let border = |wraps| if wraps { Padding::Wrap } else { Padding::Zero };
    let (low_width, low_height) = (target.low.width, target.low.height);
    let x = Axis::new(
        low_width,
        low_width * scale.get(),
        Kernel::Triangle,
        border(wraps.0),
    );
    let y = Axis::new(
        low_height,
        low_height * scale.get(),
        Kernel::Triangle,
        border(wraps.1),
    );
    // Texels that do not count must not pull their neighbours' corrections towards zero.
    let spread =
        (!counts.iter().all(|&count| count == 1.0)).then(|| resample(&counts, width, &x, &y));

    let mut means = vec![0.0; coverage.len()];
    for channel in 0..3 {
        let plane = high.plane_mut(channel);
        let average = |plane: &[f32], means: &mut Vec<f32>| {
            if opaque {
                block_sums(means, width, k, |i| plane[i]);
                let share = 1.0 / (k * k) as f32;
                means.iter_mut().for_each(|mean| *mean *= share);
            } else {
                block_sums(means, width, k, |i| plane[i] * f32::from(target.alpha[i]));
                means
                    .iter_mut()
                    .zip(&coverage)
                    .for_each(|(mean, &sum)| *mean /= sum.max(1.0));
            }
        };
        average(plane, &mut means);
        let goal: Vec<f32> = target
            .low
            .plane(channel)
            .iter()
            .zip(&means)
            .map(|(&original, &mean)| mean + fidelity * (original - mean))
            .collect();
        let lacking = |means: &[f32]| -> (Vec<f32>, f32) {
            let lack: Vec<f32> = (0..means.len())
                .map(|i| counts[i] * (goal[i] - means[i]))
                .collect();
            let most = lack
                .iter()
                .fold(0.0f32, |most, value| most.max(value.abs()));
            (lack, most)
        };
        for _ in 0..SMOOTH_ROUNDS {
            let (lack, most) = lacking(&means);
            if most < GOOD {
                break;
            }
            let correction = resample(&lack, width, &x, &y);
            match &spread {
                None => plane.iter_mut().zip(&correction).for_each(|(value, add)| {
                    *value = (*value + add).clamp(0.0, 1.0);
                }),
                Some(spread) => {
                    plane
                        .iter_mut()
                        .zip(correction.iter().zip(spread))
                        .for_each(|(value, (add, of))| {
                            *value = (*value + add / of.max(0.05)).clamp(0.0, 1.0);
                        });
                }
            }
            average(plane, &mut means);
        }
        // What is left, exactly: each texel's pixels move the same share of their way to white, or to black.
        let (lack, most) = lacking(&means);
        if most < GOOD {
            continue;
        }
        let share: Vec<f32> = lack
            .iter()
            .zip(&means)
            .map(|(&lack, &mean)| {
                let room = if lack > 0.0 { 1.0 - mean } else { mean };
                (lack / room.max(1e-6)).clamp(-1.0, 1.0)
            })
            .collect();
        for (row, line) in plane.chunks_exact_mut(width * k).enumerate() {
            let shares = &share[row / k * width..][..width];
            for (block, &share) in line.chunks_exact_mut(k).zip(shares) {
                let white = if share > 0.0 { share } else { 0.0 };
                let kept = 1.0 - share.abs();
                block
                    .iter_mut()
                    .for_each(|value| *value = *value * kept + white);
            }
        }
    }
}

/// Sums `value` over each texel's `k` x `k` pixels.
fn block_sums(sums: &mut [f32], width: usize, k: usize, value: impl Fn(usize) -> f32) {
    sums.fill(0.0);
    for (row, line) in sums.chunks_exact_mut(width).enumerate() {
        for inner in 0..k {
            let start = (row * k + inner) * width * k;
            for (x, sum) in line.iter_mut().enumerate() {
                *sum += (0..k).map(|i| value(start + x * k + i)).sum::<f32>();
            }
        }
    }
}
