//! Low-res inputs from high-res pictures: as PFSR's authors made them, with PIL's antialiased bilinear resize in a
//! chain, 128 -> 64 -> 32 -> 16; and as the authors of 16x16 textures do.
//!
//! Works on opaque pictures, every step rounded to 8 bits as a saved picture is.

use image::{Rgba, RgbaImage};
use uncanny_texture::{Filter, resize};

use crate::augment::LOW;
use crate::random::Random;

/// How low-res inputs are made of pictures that come without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Degrade {
    /// PIL's bilinear halving, three times.
    Chain,
    /// What a texture author would feed: mostly clean reductions, some with few colours, dithered or posterised.
    Mixed,
    /// Portraits are made to look like anything, and anything to have a face: see [`Source::subject`].
    ///
    /// [`Source::subject`]: crate::Source::subject
    Pareidolia,
}

/// How likely each reduction is in [`Degrade::Mixed`], of 100. A box average is what most tools and the consistency
/// measure do, bicubic what the classical benchmarks do; with [`ROUGH`] left out, the two make 61 % of all samples.
const REDUCTIONS: [(Reduction, u64); 6] = [
    (Reduction::Filter(Filter::Box), 42),
    (Reduction::Filter(Filter::Bicubic), 34),
    // What image editors offer besides.
    (Reduction::Filter(Filter::Lanczos), 6),
    (Reduction::Chain, 6),
    // Authors sharpen what became soft, or draw from single texels.
    (Reduction::Sharpened, 6),
    (Reduction::Points, 6),
];
/// The share of samples with few colours, posterised, or of another contrast. Hand-drawn textures are so, but each of
/// these takes the input away from the target, and too many would teach the network to disregard its input.
const ROUGH: f32 = 0.2;
/// Of the rough ones so many have a palette: by far the most common in old and hand-drawn packs.
const PALETTE: f32 = 0.6;
/// A palette's least and most colours: a Game Boy's, to what one texture of an elaborate pack has.
const COLOURS: (u64, u64) = (4, 32);
/// Of the palettes so many are dithered, one half ordered and one with diffused errors.
const DITHERED: f32 = 0.4;
/// Posterised textures keep so many levels a channel.
const LEVELS: (u64, u64) = (8, 24);
/// Contrast varies by up to this share.
const CONTRAST: f32 = 0.15;
/// Transparent pictures have hard edges at low resolution this often: the game draws most of them so.
const HARD: f32 = 0.5;

#[derive(Clone, Copy, Debug)]
enum Reduction {
    Filter(Filter),
    Chain,
    /// A box average, and half of what it differs from its surroundings added.
    Sharpened,
    /// The mean of each cell's middle.
    Points,
}

/// PIL's bilinear halving.
pub(crate) fn half(image: &RgbaImage) -> RgbaImage {
    resize(
        image,
        (image.width() / 2, image.height() / 2),
        Filter::Bilinear,
    )
}

/// PIL's bilinear halving, three times: from 128 to 16 pixels a side as PFSR's authors did.
pub(crate) fn chain(image: &RgbaImage) -> RgbaImage {
    half(&half(&half(image)))
}

/// The input that an author would make of a 128x128 picture of straight colour, bled. `on_black`: what is transparent
/// shows black, softly as in the picture or with hard edges. Otherwise alpha counts for nothing.
pub(crate) fn authored(image: &RgbaImage, on_black: bool, random: &mut Random) -> RgbaImage {
    let rough = random.chance(ROUGH);
    let cut = random.chance(HARD) || rough;
    let source = if on_black && !cut {
        over_black(image)
    } else {
        opaque(image)
    };
    let mut low = reduced(&source, pick(random));
    if rough {
        roughen(&mut low, random);
    }
    if on_black && cut {
        cut_out(&mut low, image);
    }
    low
}

/// The colour alone.
pub(crate) fn opaque(image: &RgbaImage) -> RgbaImage {
    let mut out = image.clone();
    out.pixels_mut().for_each(|pixel| pixel.0[3] = 255);
    out
}

/// A picture of straight colour on black.
pub(crate) fn over_black(image: &RgbaImage) -> RgbaImage {
    let mut out = image.clone();
    for pixel in out.pixels_mut() {
        let [r, g, b, a] = pixel.0;
        let over = |value: u8| ((u32::from(value) * u32::from(a) + 127) / 255) as u8;
        pixel.0 = [over(r), over(g), over(b), 255];
    }
    out
}

/// Black where less than half of a texel is covered.
fn cut_out(low: &mut RgbaImage, image: &RgbaImage) {
    let cell = image.width() / low.width();
    for (x, y, pixel) in low.enumerate_pixels_mut() {
        let (x, y) = (x * cell, y * cell);
        let covered: u32 = (y..y + cell)
            .flat_map(|y| (x..x + cell).map(move |x| (x, y)))
            .map(|(x, y)| u32::from(image.get_pixel(x, y).0[3]))
            .sum();
        if covered * 2 < 255 * cell * cell {
            *pixel = Rgba([0, 0, 0, 255]);
        }
    }
}

fn pick(random: &mut Random) -> Reduction {
    let mut place = random.below(REDUCTIONS.iter().map(|(_, chances)| chances).sum());
    for (reduction, chances) in REDUCTIONS {
        if place < chances {
            return reduction;
        }
        place -= chances;
    }
    unreachable!("the place is below the sum of the chances")
}

fn reduced(image: &RgbaImage, reduction: Reduction) -> RgbaImage {
    match reduction {
        Reduction::Filter(filter) => resize(image, (LOW, LOW), filter),
        Reduction::Chain => chain(image),
        Reduction::Sharpened => sharpened(&resize(image, (LOW, LOW), Filter::Box)),
        Reduction::Points => {
            let cell = image.width() / LOW;
            RgbaImage::from_fn(LOW, LOW, |x, y| {
                let (x, y) = (x * cell + cell / 2, y * cell + cell / 2);
                let mut sum = [8u32; 3];
                for (x, y) in (y - 2..y + 2).flat_map(|y| (x - 2..x + 2).map(move |x| (x, y))) {
                    (0..3).for_each(|c| sum[c] += u32::from(image.get_pixel(x, y).0[c]));
                }
                let [r, g, b] = sum.map(|sum| (sum / 16) as u8);
                Rgba([r, g, b, 255])
            })
        }
    }
}

/// Half of the difference from the mean of its four neighbours added to each texel.
fn sharpened(image: &RgbaImage) -> RgbaImage {
    let last = image.width() - 1;
    RgbaImage::from_fn(image.width(), image.height(), |x, y| {
        let near = |x: u32, y: u32| image.get_pixel(x, y).0.map(i32::from);
        let around = [
            near(x.saturating_sub(1), y),
            near((x + 1).min(last), y),
            near(x, y.saturating_sub(1)),
            near(x, (y + 1).min(last)),
        ];
        let here = near(x, y);
        let [r, g, b] = [0, 1, 2].map(|c| {
            let others: i32 = around.iter().map(|pixel| pixel[c]).sum();
            ((12 * here[c] - others + 4) / 8).clamp(0, 255) as u8
        });
        Rgba([r, g, b, 255])
    })
}

/// Few colours, few levels or another contrast.
fn roughen(low: &mut RgbaImage, random: &mut Random) {
    let between =
        |(least, most): (u64, u64), random: &mut Random| least + random.below(most - least + 1);
    if random.chance(PALETTE) {
        let palette = palette(low, between(COLOURS, random) as usize);
        match (random.chance(DITHERED), random.chance(0.5)) {
            (false, _) => low.pixels_mut().for_each(|pixel| {
                *pixel = nearest(&palette, colour(*pixel));
            }),
            (true, false) => dither_ordered(low, &palette),
            (true, true) => dither_diffused(low, &palette),
        }
    } else if random.chance(0.5) {
        let steps = (between(LEVELS, random) - 1) as f32;
        low.pixels_mut().for_each(|pixel| {
            *pixel = rounded(colour(*pixel).map(|x| (x / 255.0 * steps).round() / steps * 255.0));
        });
    } else {
        let factor = 1.0 + random.around(CONTRAST);
        low.pixels_mut().for_each(|pixel| {
            *pixel = rounded(colour(*pixel).map(|x| (x - 127.5) * factor + 127.5));
        });
    }
}

fn colour(pixel: Rgba<u8>) -> [f32; 3] {
    let [r, g, b, _] = pixel.0;
    [r, g, b].map(f32::from)
}

fn rounded(colour: [f32; 3]) -> Rgba<u8> {
    let [r, g, b] = colour.map(|value| (value + 0.5) as u8);
    Rgba([r, g, b, 255])
}

/// At most `count` colours by median cut: boxes of texels, of which the one that is longest along a channel, weighted
/// with its texels, is halved at its median.
fn palette(image: &RgbaImage, count: usize) -> Vec<[u8; 3]> {
    let range = |texels: &[[u8; 3]], c: usize| {
        let values = texels.iter().map(|texel| texel[c]);
        values.clone().max().unwrap_or(0) - values.min().unwrap_or(0)
    };
    let longest = |texels: &[[u8; 3]]| {
        (0..3)
            .map(|c| (range(texels, c), c))
            .max()
            .expect("three channels")
    };
    let texels = image
        .pixels()
        .map(|pixel| [pixel.0[0], pixel.0[1], pixel.0[2]]);
    let mut boxes: Vec<Vec<[u8; 3]>> = vec![texels.collect()];
    while boxes.len() < count {
        let length = |texels: &Vec<[u8; 3]>| usize::from(longest(texels).0) * texels.len();
        let widest = (0..boxes.len()).max_by_key(|&i| length(&boxes[i]));
        let Some(widest) = widest.filter(|&i| length(&boxes[i]) > 0) else {
            break;
        };
        let mut texels = boxes.swap_remove(widest);
        let channel = longest(&texels).1;
        texels.sort_unstable_by_key(|texel| (texel[channel], *texel));
        // Between two different values, as near to the middle as there are.
        let cuts = 1..texels.len();
        let middle = texels.len() / 2;
        let cut = cuts
            .filter(|&i| texels[i][channel] != texels[i - 1][channel])
            .min_by_key(|i| i.abs_diff(middle))
            .expect("the channel has two values");
        let upper = texels.split_off(cut);
        boxes.extend([texels, upper]);
    }
    let mean = |texels: &Vec<[u8; 3]>| {
        [0, 1, 2].map(|c| {
            let sum: usize = texels.iter().map(|texel| usize::from(texel[c])).sum();
            ((sum + texels.len() / 2) / texels.len()) as u8
        })
    };
    boxes.iter().map(mean).collect()
}

fn nearest(palette: &[[u8; 3]], colour: [f32; 3]) -> Rgba<u8> {
    let distance = |entry: &[u8; 3]| -> f32 {
        (0..3)
            .map(|c| (f32::from(entry[c]) - colour[c]).powi(2))
            .sum()
    };
    let [r, g, b] = *palette
        .iter()
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
        .expect("a palette has a colour");
    Rgba([r, g, b, 255])
}

/// Bayer's 4x4 pattern, as strong as neighbouring colours of the palette lie apart.
fn dither_ordered(image: &mut RgbaImage, palette: &[[u8; 3]]) {
    const BAYER: [[u8; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];
    let apart = |a: &[u8; 3], b: &[u8; 3]| (0..3).map(|c| a[c].abs_diff(b[c])).max().unwrap_or(0);
    let to_next = |a: &[u8; 3]| {
        let others = palette.iter().filter(|b| *b != a);
        others.map(|b| apart(a, b)).min().unwrap_or(0)
    };
    let sum: u32 = palette.iter().map(|entry| u32::from(to_next(entry))).sum();
    let spread = sum as f32 / palette.len() as f32;
    for (x, y, pixel) in image.enumerate_pixels_mut() {
        let pattern = f32::from(BAYER[y as usize % 4][x as usize % 4]);
        let offset = spread * ((pattern + 0.5) / 16.0 - 0.5);
        *pixel = nearest(palette, colour(*pixel).map(|value| value + offset));
    }
}

/// Floyd and Steinberg's diffusion of errors.
fn dither_diffused(image: &mut RgbaImage, palette: &[[u8; 3]]) {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let mut wanted: Vec<[f32; 3]> = image.pixels().map(|pixel| colour(*pixel)).collect();
    for (i, pixel) in image.pixels_mut().enumerate() {
        let (x, y) = (i % width, i / width);
        *pixel = nearest(palette, wanted[i]);
        let error = [0, 1, 2].map(|c| wanted[i][c] - f32::from(pixel.0[c]));
        let mut pass = |there: bool, to: usize, share: f32| {
            if there {
                (0..3).for_each(|c| wanted[to][c] += error[c] * share / 16.0);
            }
        };
        let below = y + 1 < height;
        pass(x + 1 < width, i + 1, 7.0);
        pass(below && x > 0, i + width - 1, 3.0);
        pass(below, i + width, 5.0);
        pass(below && x + 1 < width, i + width + 1, 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speckled() -> RgbaImage {
        RgbaImage::from_fn(128, 128, |x, y| {
            [(x * 2) as u8, (y * 2) as u8, (x * y / 7) as u8, 255].into()
        })
    }

    fn colours(image: &RgbaImage) -> usize {
        let mut seen: Vec<_> = image.pixels().map(|pixel| pixel.0).collect();
        seen.sort_unstable();
        seen.dedup();
        seen.len()
    }

    #[test]
    fn most_inputs_are_clean_averages_or_bicubic() {
        let image = speckled();
        let clean = [Filter::Box, Filter::Bicubic].map(|f| resize(&image, (LOW, LOW), f));
        let count = (0..1000)
            .filter(|&n| clean.contains(&authored(&image, false, &mut Random::new(1, n))))
            .count();
        assert!((560..660).contains(&count), "{count} of 1000");
    }

    #[test]
    fn a_palette_has_its_colours_and_dithering_uses_no_others() {
        let low = resize(&speckled(), (LOW, LOW), Filter::Box);
        assert!(colours(&low) > 200);
        for count in [4, 9, 32] {
            let palette = palette(&low, count);
            assert_eq!(palette.len(), count);
            for dither in [dither_ordered, dither_diffused] {
                let mut dithered = low.clone();
                dither(&mut dithered, &palette);
                assert!((2..=count).contains(&colours(&dithered)));
                // Dithering keeps the mean.
                let mean = |image: &RgbaImage| {
                    let reds = image.pixels().map(|pixel| f64::from(pixel.0[0]));
                    reds.sum::<f64>() / 256.0
                };
                let apart = (mean(&dithered) - mean(&low)).abs();
                assert!(apart < 12.0, "{count} colours: {apart} apart");
            }
        }
        let plain = RgbaImage::from_pixel(16, 16, [7, 8, 9, 255].into());
        assert_eq!(palette(&plain, 8), [[7, 8, 9]]);
    }

    #[test]
    fn hard_edges_are_where_half_of_a_texel_is_covered() {
        let image = RgbaImage::from_fn(128, 128, |x, _| {
            [200, 100, 50, if x < 67 { 255 } else { 0 }].into()
        });
        let mut low = resize(&opaque(&image), (LOW, LOW), Filter::Box);
        cut_out(&mut low, &image);
        assert_eq!(low.get_pixel(7, 3).0, [200, 100, 50, 255]);
        assert_eq!(low.get_pixel(8, 3).0, [0, 0, 0, 255]);
        assert_eq!(over_black(&image).get_pixel(70, 0).0, [0, 0, 0, 255]);
    }
}
