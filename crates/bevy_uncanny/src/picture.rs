//! Pixels to an `Image`: its mipmaps, its sampler, and a texture usage that lets a reload show.
//!
//! Pixels are straight 8-bit RGBA in sRGB. Mipmaps average light, not numbers, and weigh colours by alpha.

use bevy_image::Image;
use uncanny_texture::{DecodeLimits, RgbaImage, decode};
use wgpu_types::{Extent3d, TextureDimension, TextureFormat, TextureUsages};

use crate::settings::{Edges, EnhancedSettings};

/// What is found out about a picture that decides how it looks as a texture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Layout {
    /// It consists of cells of this size, which mipmaps must not mix.
    pub(crate) cell: Option<(u32, u32)>,
    /// It is meant to repeat.
    pub(crate) repeats: bool,
}

impl Layout {
    /// What the settings alone say, of the picture as it was painted.
    pub(crate) fn of(settings: &EnhancedSettings) -> Self {
        Self {
            cell: settings.cell.map(|cell| (cell.x, cell.y)),
            repeats: settings.edges == Edges::Wrap,
        }
    }

    /// The same of the picture enlarged.
    pub(crate) fn scaled(self, scale: u32) -> Self {
        Self {
            cell: self.cell.map(|(x, y)| (x * scale, y * scale)),
            ..self
        }
    }
}

/// An `Image` of these pixels.
pub(crate) fn image(pixels: &RgbaImage, layout: Layout, settings: &EnhancedSettings) -> Image {
    let (width, height) = pixels.dimensions();
    let levels = mipmaps(pixels, layout.cell);
    let mut image = Image::new_uninit(
        Extent3d {
            width,
            height,
            depth_or_array_layers: 1,
        },
        TextureDimension::D2,
        TextureFormat::Rgba8UnormSrgb,
        settings.asset_usage,
    );
    image.texture_descriptor.mip_level_count =
        u32::try_from(levels.len()).expect("a picture has at most 32 levels");
    // Without COPY_DST, for Bevy 0.19 writes a reloaded image into the texture of the old one where it can, and then
    // only the first level.
    image.texture_descriptor.usage = TextureUsages::TEXTURE_BINDING;
    image.sampler = settings.sampling.sampler(layout.repeats);
    image.data = Some(levels.concat());
    image
}

/// The pixels of a PNG.
///
/// # Errors
/// When it is damaged or too large.
pub(crate) fn pixels(png: &[u8]) -> Result<RgbaImage, uncanny_texture::Error> {
    Ok(decode(png, &DecodeLimits::default())?.image)
}

/// Every pixel a square.
pub(crate) fn enlarged(pixels: &RgbaImage, scale: u32) -> RgbaImage {
    let (width, height) = pixels.dimensions();
    RgbaImage::from_fn(width * scale, height * scale, |x, y| {
        *pixels.get_pixel(x / scale, y / scale)
    })
}

/// A pixel in linear light, its colour weighted by its alpha.
#[derive(Clone, Copy, Default)]
struct Light {
    weighted: [f32; 3],
    /// Not weighted, for where nothing is to be seen.
    plain: [f32; 3],
    alpha: f32,
}

/// All levels, from the picture itself to the last: 1x1, or the last whose pixels belong to one cell each.
fn mipmaps(pixels: &RgbaImage, cell: Option<(u32, u32)>) -> Vec<Vec<u8>> {
    let (mut width, mut height) = pixels.dimensions();
    let table = to_linear();
    let mut light: Vec<Light> = pixels
        .pixels()
        .map(|pixel| {
            let [r, g, b, a] = pixel.0;
            let plain = [r, g, b].map(|value| table[usize::from(value)]);
            let alpha = f32::from(a) / 255.0;
            Light {
                weighted: plain.map(|value| value * alpha),
                plain,
                alpha,
            }
        })
        .collect();
    let coverage = binary_coverage(pixels);
    let mut levels = vec![pixels.as_raw().clone()];
    let mut cell = cell.filter(|(x, y)| *x > 0 && *y > 0 && width % x == 0 && height % y == 0);
    if cell == Some((width, height)) {
        cell = None;
    }
    while width > 1 || height > 1 {
        if let Some((x, y)) = &mut cell {
            // The next level's pixels would lie across the borders of cells.
            if *x % 2 == 1 || *y % 2 == 1 {
                break;
            }
            (*x, *y) = (*x / 2, *y / 2);
        }
        let (across, down) = ((width / 2).max(1), (height / 2).max(1));
        light = halved(&light, (width, height), (across, down));
        (width, height) = (across, down);
        let gain = coverage.map_or(1.0, |coverage| alpha_gain(&light, coverage));
        levels.push(stored(&light, gain));
    }
    levels
}

/// Averages over the area that each new pixel covers, whole pixels or parts of them.
fn halved(light: &[Light], (width, height): (u32, u32), (across, down): (u32, u32)) -> Vec<Light> {
    let columns = spans(width, across);
    let rows = spans(height, down);
    let mut out = Vec::with_capacity((across * down) as usize);
    for row in &rows {
        for column in &columns {
            let mut sum = Light::default();
            for (y, high) in row {
                for (x, wide) in column {
                    let share = high * wide;
                    let one = &light[y * width as usize + x];
                    for channel in 0..3 {
                        sum.weighted[channel] += one.weighted[channel] * share;
                        sum.plain[channel] += one.plain[channel] * share;
                    }
                    sum.alpha += one.alpha * share;
                }
            }
            out.push(sum);
        }
    }
    out
}

/// For each new pixel of a line, the old ones in it and the share of each.
fn spans(old: u32, new: u32) -> Vec<Vec<(usize, f32)>> {
    let size = f64::from(old) / f64::from(new);
    (0..new)
        .map(|at| {
            let (from, to) = (f64::from(at) * size, f64::from(at + 1) * size);
            let (first, last) = (from as u32, (to.ceil() as u32).min(old));
            (first..last)
                .map(|pixel| {
                    let covered = (f64::from(pixel) + 1.0).min(to) - f64::from(pixel).max(from);
                    (pixel as usize, (covered / size) as f32)
                })
                .collect()
        })
        .collect()
}

/// Of a picture that is cut out, every pixel there or not: the share of those that are there.
fn binary_coverage(pixels: &RgbaImage) -> Option<f32> {
    let mut solid = 0u32;
    for pixel in pixels.pixels() {
        match pixel.0[3] {
            255 => solid += 1,
            0 => {}
            _ => return None,
        }
    }
    let all = pixels.width() * pixels.height();
    (solid > 0 && solid < all).then(|| solid as f32 / all as f32)
}

/// What alpha must be multiplied by so that as large a share of the pixels passes a test against one half as did in the
/// picture itself. Else grass and leaves vanish far away.
fn alpha_gain(light: &[Light], coverage: f32) -> f32 {
    let mut alphas: Vec<f32> = light.iter().map(|light| light.alpha).collect();
    alphas.sort_by(|a, b| b.total_cmp(a));
    let wanted = ((coverage * alphas.len() as f32).round() as usize).clamp(1, alphas.len());
    let least = alphas[wanted - 1];
    // A little above the limit, so that rounding to bytes keeps it there.
    if least > 0.0 {
        (0.505 / least).clamp(0.25, 4.0)
    } else {
        1.0
    }
}

fn stored(light: &[Light], gain: f32) -> Vec<u8> {
    let byte = |value: f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
    light
        .iter()
        .flat_map(|light| {
            let colour = if light.alpha > 0.0 {
                light.weighted.map(|value| value / light.alpha)
            } else {
                light.plain
            };
            let [r, g, b] = colour.map(|value| byte(from_linear(value)));
            [r, g, b, byte(light.alpha * gain)]
        })
        .collect()
}

fn to_linear() -> [f32; 256] {
    std::array::from_fn(|value| {
        let value = value as f32 / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    })
}

fn from_linear(value: f32) -> f32 {
    if value <= 0.003_130_8 {
        value * 12.92
    } else {
        1.055 * value.powf(1.0 / 2.4) - 0.055
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(picture: &RgbaImage, cell: Option<(u32, u32)>, wanted: usize) -> Vec<u8> {
        mipmaps(picture, cell)[wanted].clone()
    }

    #[test]
    fn levels_go_down_to_one_pixel_whatever_the_size() {
        for (size, count) in [((128, 128), 8), ((1, 1), 1), ((24, 5), 5), ((1, 64), 7)] {
            let picture = RgbaImage::from_pixel(size.0, size.1, [40, 90, 200, 255].into());
            let levels = mipmaps(&picture, None);
            assert_eq!(levels.len(), count, "{size:?}");
            for (at, level) in levels.iter().enumerate() {
                let (width, height) = ((size.0 >> at).max(1), (size.1 >> at).max(1));
                assert_eq!(level.len(), (width * height * 4) as usize);
                let same = level.chunks(4).all(|pixel| pixel == [40, 90, 200, 255]);
                assert!(same, "{size:?}, level {at}");
            }
        }
    }

    #[test]
    fn light_is_averaged_and_not_numbers() {
        let board = RgbaImage::from_fn(2, 2, |x, y| {
            let value = if (x + y) % 2 == 0 { 255 } else { 0 };
            [value, value, value, 255].into()
        });
        assert_eq!(level(&board, None, 1), [188, 188, 188, 255]);
    }

    #[test]
    fn what_cannot_be_seen_has_no_say_in_colours() {
        let mut picture = RgbaImage::from_pixel(2, 1, [200, 10, 10, 255].into());
        picture.put_pixel(1, 0, [0, 0, 255, 0].into());
        assert_eq!(level(&picture, None, 1)[..3], [200, 10, 10]);
    }

    #[test]
    fn cells_are_never_mixed() {
        let picture = RgbaImage::from_fn(32, 8, |x, _| match x / 8 % 2 {
            0 => [255, 0, 0, 255].into(),
            _ => [0, 0, 255, 255].into(),
        });
        let levels = mipmaps(&picture, Some((8, 8)));
        assert_eq!(levels.len(), 4);
        for level in &levels {
            assert!(level.chunks(4).all(|pixel| pixel[0] == 0 || pixel[2] == 0));
        }
        assert_eq!(mipmaps(&picture, None).len(), 6);
        // Of 24 pixels a cell, three halvings: then a pixel would belong to two.
        let picture = RgbaImage::new(48, 24);
        assert_eq!(mipmaps(&picture, Some((24, 24))).len(), 4);
        assert_eq!(
            mipmaps(&picture, Some((7, 7))).len(),
            6,
            "no cells of this size"
        );
    }

    #[test]
    fn grass_does_not_vanish_far_away() {
        // One pixel in four: plain averages would all fail a test against one half.
        let grass = RgbaImage::from_fn(64, 64, |x, y| {
            let blade = x % 2 == 0 && y % 2 == 0;
            [30, 160, 40, if blade { 255 } else { 0 }].into()
        });
        let uneven = RgbaImage::from_fn(64, 64, |x, y| {
            let blade = (x * 7 + y * 13 + x * y) % 11 < 4;
            [30, 160, 40, if blade { 255 } else { 0 }].into()
        });
        for picture in [grass, uneven] {
            let share = |level: &[u8]| {
                let there = level.chunks(4).filter(|pixel| pixel[3] >= 128).count();
                there as f32 / (level.len() / 4) as f32
            };
            let levels = mipmaps(&picture, None);
            for level in &levels[1..5] {
                assert!(share(level) >= share(&levels[0]) - 0.01, "{}", share(level));
            }
        }
    }

    #[test]
    fn glass_keeps_its_alpha() {
        let glass = RgbaImage::from_fn(4, 4, |x, _| {
            [90, 90, 90, if x < 2 { 100 } else { 50 }].into()
        });
        assert_eq!(level(&glass, None, 2)[3], 75);
    }
}
