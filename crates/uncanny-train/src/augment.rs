//! What is done to a picture before a network sees it: where it is cut, how it is turned, its colours varied.
//!
//! Colour is bled under transparent texels when a picture is prepared, once; everything after works on straight RGBA
//! in which no colour is hidden, as the enhancer gives textures to a network.

use image::{Rgba, RgbaImage};
use uncanny_texture::bled;

use crate::random::Random;
use crate::{Error, Picture, Result, SIDE};

/// A low-res texel covers so many high-res pixels a side.
const FACTOR: u32 = 8;
/// A network's input, in texels.
pub(crate) const LOW: u32 = SIDE / FACTOR;
/// Colour is taken from texels of at least this alpha: what fainter ones hold is rounding, or an editor's black.
const SEEN: u8 = 8;
/// A picture tiles when the step across its border is at most so many of its inner steps.
const SEAMLESS: f64 = 1.15;
/// How far full jitter turns the hue, in radians: a quarter of the circle.
const HUE: f32 = std::f32::consts::FRAC_PI_2;

/// Where a picture larger than 128x128 is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crop {
    /// Anywhere.
    Random,
    /// In the middle.
    Centre,
}

/// What is done to a picture before the network sees it. All random choices come from the seed and the number of the
/// sample.
///
/// A hand-made pair is only mirrored and turned, and cut between texels, both halves alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Augment {
    /// Where larger pictures are cut.
    pub crop: Crop,
    /// Swap left and right half of the time.
    pub flip: bool,
    /// Swap top and bottom half of the time; opaque pictures only: an item or an emoji has an up.
    pub vertical_flip: bool,
    /// Turn by 0, 90, 180 or 270 degrees; opaque pictures only.
    pub quarter_turns: bool,
    /// Turn by up to so many degrees either way.
    pub rotate: f32,
    /// Move by up to so many pixels either way, beyond the crop's own choice.
    pub shift: f32,
    /// Enlarge or reduce by up to this share. A picture is never reduced below 128x128: those of that size are
    /// enlarged half of the time, and stay as they are otherwise.
    pub zoom: f32,
    /// How much brightness, contrast and saturation vary, as a share; and the hue, as a share of 90 degrees. 0: not.
    pub jitter: f32,
    /// Cut opaque pictures that tile anywhere, going on at the other side.
    pub wrap: bool,
}

impl Augment {
    /// The middle of each picture, as it is.
    pub const NONE: Augment = Augment {
        crop: Crop::Centre,
        flip: false,
        vertical_flip: false,
        quarter_turns: false,
        rotate: 0.0,
        shift: 0.0,
        zoom: 0.0,
        jitter: 0.0,
        wrap: false,
    };

    pub(crate) fn check(&self) -> Result<()> {
        let refuse = |option, value: f32, expected| {
            Err(Error::Option {
                option,
                value: value.to_string(),
                expected,
            })
        };
        if !(0.0..=180.0).contains(&self.rotate) {
            return refuse("rotate", self.rotate, "0 to 180 degrees");
        }
        if !(0.0..=64.0).contains(&self.shift) {
            return refuse("shift", self.shift, "0 to 64 pixels");
        }
        if !(0.0..=0.5).contains(&self.zoom) {
            return refuse("zoom", self.zoom, "0 to 0.5");
        }
        if !(0.0..=1.0).contains(&self.jitter) {
            return refuse("jitter", self.jitter, "0 to 1");
        }
        Ok(())
    }
}

/// A picture ready to be sampled.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// Straight RGBA, colour bled.
    high: RgbaImage,
    /// A pair's low-res half, the same.
    low: Option<RgbaImage>,
    opaque: bool,
    tiles: bool,
}

/// A sample's pixels: straight RGBA with bled colour.
#[derive(Debug, PartialEq)]
pub(crate) struct Cut {
    /// 128x128.
    pub(crate) high: RgbaImage,
    /// 16x16, of a hand-made pair.
    pub(crate) low: Option<RgbaImage>,
    /// Alpha is 255 everywhere in the whole picture.
    pub(crate) opaque: bool,
}

impl Prepared {
    /// Bleeds. `None` for a picture that is transparent everywhere.
    ///
    /// # Errors
    /// For a picture below 128x128, or a pair whose halves do not differ by a factor of 8.
    pub(crate) fn new(picture: Picture) -> Result<Option<Prepared>> {
        let Picture { name, high, low } = picture;
        let (width, height) = high.dimensions();
        let fits =
            |low: &RgbaImage| low.width() * FACTOR == width && low.height() * FACTOR == height;
        if width < SIDE || height < SIDE || !low.as_ref().is_none_or(fits) {
            return Err(Error::Size {
                name,
                width,
                height,
            });
        }
        let is_opaque = |image: &RgbaImage| image.pixels().all(|pixel| pixel.0[3] == 255);
        let opaque = is_opaque(&high) && low.as_ref().is_none_or(is_opaque);
        let tiles = opaque && low.is_none() && tiles(&high);
        if opaque {
            return Ok(Some(Prepared {
                high,
                low,
                opaque,
                tiles,
            }));
        }
        let low = match low {
            Some(low) => match bled(low, SEEN) {
                Some(low) => Some(low),
                None => return Ok(None),
            },
            None => None,
        };
        Ok(bled(high, SEEN).map(|high| Prepared {
            high,
            low,
            opaque,
            tiles,
        }))
    }

    /// Its pixels: straight RGBA, colour bled.
    pub(crate) fn high(&self) -> &RgbaImage {
        &self.high
    }

    /// Cuts and turns, by `random`'s choices, of which it makes the same number always.
    pub(crate) fn cut(&self, augment: &Augment, random: &mut Random) -> Cut {
        let (width, height) = self.high.dimensions();
        let place = [random.next(), random.next()];
        let mirrored = random.below(2) == 1 && augment.flip;
        let upturned = random.below(2) == 1 && augment.vertical_flip && self.opaque;
        let turns = random.below(4) as u32 * u32::from(augment.quarter_turns && self.opaque);
        let angle = random.around(augment.rotate).to_radians();
        let shift = [random.around(augment.shift), random.around(augment.shift)];
        let zoom = 1.0 + random.around(augment.zoom);

        // From a place in the sample to one in the square that is cut: mirrored, then turned.
        let orient = |x: u32, y: u32, side: u32| {
            let last = side - 1;
            let (x, y) = if mirrored { (last - x, y) } else { (x, y) };
            let (x, y) = if upturned { (x, last - y) } else { (x, y) };
            match turns {
                0 => (x, y),
                1 => (y, last - x),
                2 => (last - x, last - y),
                _ => (last - y, x),
            }
        };
        let cut = |image: &RgbaImage, side: u32, x0: u32, y0: u32| {
            let (width, height) = image.dimensions();
            RgbaImage::from_fn(side, side, |x, y| {
                let (x, y) = orient(x, y, side);
                *image.get_pixel((x0 + x) % width, (y0 + y) % height)
            })
        };
        let opaque = self.opaque;
        if let Some(low) = &self.low {
            // Where texels begin.
            let origin = |free: u32, place: u64| match augment.crop {
                Crop::Random => (place % u64::from(free + 1)) as u32,
                Crop::Centre => free / 2,
            };
            let x0 = origin(low.width() - LOW, place[0]);
            let y0 = origin(low.height() - LOW, place[1]);
            return Cut {
                high: cut(&self.high, SIDE, x0 * FACTOR, y0 * FACTOR),
                low: Some(cut(low, LOW, x0, y0)),
                opaque,
            };
        }

        let wraps = augment.wrap && self.tiles;
        let least = if wraps {
            zoom
        } else {
            SIDE as f32 / width.min(height) as f32
        };
        let zoom = zoom.max(least);
        if angle == 0.0 && shift == [0.0; 2] && zoom == 1.0 {
            let origin = |length: u32, place: u64| match augment.crop {
                _ if wraps => (place % u64::from(length)) as u32,
                Crop::Random => (place % u64::from(length - SIDE + 1)) as u32,
                Crop::Centre => (length - SIDE) / 2,
            };
            let (x0, y0) = (origin(width, place[0]), origin(height, place[1]));
            return Cut {
                high: cut(&self.high, SIDE, x0, y0),
                low: None,
                opaque,
            };
        }

        let window = SIDE as f32 / zoom;
        let centre = |length: u32, place: u64, shift: f32| {
            let share = (place >> 40) as f32 / (1u32 << 24) as f32;
            let length = length as f32;
            shift
                + match augment.crop {
                    _ if wraps => length * share,
                    Crop::Random => window / 2.0 + (length - window) * share,
                    Crop::Centre => length / 2.0,
                }
        };
        let (cx, cy) = (
            centre(width, place[0], shift[0]),
            centre(height, place[1], shift[1]),
        );
        let (sin, cos) = (angle.sin() / zoom, angle.cos() / zoom);
        let middle = (SIDE - 1) as f32 / 2.0;
        let view = View {
            image: &self.high,
            wraps,
        };
        let high = RgbaImage::from_fn(SIDE, SIDE, |x, y| {
            let (x, y) = orient(x, y, SIDE);
            let (x, y) = (x as f32 - middle, y as f32 - middle);
            view.at(cx + cos * x - sin * y, cy + sin * x + cos * y)
        });
        Cut {
            high,
            low: None,
            opaque,
        }
    }
}

/// A picture between its pixels.
pub(crate) struct View<'a> {
    pub(crate) image: &'a RgbaImage,
    /// Beyond the border is the other side; otherwise the border's colour.
    pub(crate) wraps: bool,
}

impl View<'_> {
    /// Catmull-Rom interpolation at a point, where (0.5, 0.5) is the first pixel's middle.
    pub(crate) fn at(&self, x: f32, y: f32) -> Rgba<u8> {
        let (columns, across) = self.taps(x, self.image.width());
        let (rows, down) = self.taps(y, self.image.height());
        let pixels = self.image.as_raw();
        let width = self.image.width() as usize;
        let mut sum = [0.5f32; 4];
        for (&row, &weight) in rows.iter().zip(&down) {
            let mut line = [0f32; 4];
            for (&column, &weight) in columns.iter().zip(&across) {
                let at = 4 * (row * width + column);
                let pixel: &[u8; 4] = pixels[at..at + 4].try_into().expect("four bytes");
                (0..4).for_each(|c| line[c] += weight * f32::from(pixel[c]));
            }
            (0..4).for_each(|c| sum[c] += weight * line[c]);
        }
        Rgba(sum.map(|value| value as u8))
    }

    fn taps(&self, at: f32, length: u32) -> ([usize; 4], [f32; 4]) {
        let at = at - 0.5;
        let first = at.floor();
        let t = at - first;
        let first = first as i32 - 1;
        let length = length as i32;
        let index = [0, 1, 2, 3].map(|tap| {
            let place = first + tap;
            (if self.wraps {
                place.rem_euclid(length)
            } else {
                place.clamp(0, length - 1)
            }) as usize
        });
        let (t2, t3) = (t * t, t * t * t);
        let weight = [
            -0.5 * t + t2 - 0.5 * t3,
            1.0 - 2.5 * t2 + 1.5 * t3,
            0.5 * t + 2.0 * t2 - 1.5 * t3,
            -0.5 * t2 + 0.5 * t3,
        ];
        (index, weight)
    }
}

/// Whether an opaque picture goes on at its other side, in both directions.
fn tiles(image: &RgbaImage) -> bool {
    let (width, height) = image.dimensions();
    let step = |a: (u32, u32), b: (u32, u32)| {
        let (a, b) = (image.get_pixel(a.0, a.1).0, image.get_pixel(b.0, b.1).0);
        (0..3).map(|c| u64::from(a[c].abs_diff(b[c]))).sum::<u64>()
    };
    let seamless = |seam: u64, inside: u64, steps: u32| {
        seam as f64 <= SEAMLESS * inside as f64 / f64::from(steps.max(1))
    };
    let across = |x: u32| {
        (0..height)
            .map(|y| step((x, y), ((x + 1) % width, y)))
            .sum::<u64>()
    };
    let down = |y: u32| {
        (0..width)
            .map(|x| step((x, y), (x, (y + 1) % height)))
            .sum::<u64>()
    };
    seamless(
        across(width - 1),
        (0..width - 1).map(across).sum(),
        width - 1,
    ) && seamless(
        down(height - 1),
        (0..height - 1).map(down).sum(),
        height - 1,
    )
}

/// A change of colour: a matrix on R, G and B, and what is added.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Jitter {
    matrix: [[f32; 3]; 3],
    add: f32,
}

impl Jitter {
    /// By `random`'s choices; `None` for no strength.
    pub(crate) fn new(strength: f32, random: &mut Random) -> Option<Jitter> {
        let mut factor = || 1.0 + random.around(strength);
        let (brightness, contrast, saturation) = (factor(), factor(), factor());
        let hue = random.around(strength) * HUE;
        if strength == 0.0 {
            return None;
        }
        // In YIQ saturation is a factor and hue a turn of the two colour differences.
        const TO_YIQ: [[f32; 3]; 3] = [
            [0.299, 0.587, 0.114],
            [0.5959, -0.2746, -0.3213],
            [0.2115, -0.5227, 0.3112],
        ];
        const FROM_YIQ: [[f32; 3]; 3] = [
            [1.0, 0.956, 0.619],
            [1.0, -0.272, -0.647],
            [1.0, -1.106, 1.703],
        ];
        let (sin, cos) = (saturation * hue.sin(), saturation * hue.cos());
        let turn = [[1.0, 0.0, 0.0], [0.0, cos, -sin], [0.0, sin, cos]];
        let gain = brightness * contrast;
        let matrix = product(&FROM_YIQ, &product(&turn, &TO_YIQ)).map(|row| row.map(|x| gain * x));
        Some(Jitter {
            matrix,
            add: 127.5 * (1.0 - contrast),
        })
    }

    /// Changes the colour; alpha stays.
    pub(crate) fn apply(&self, image: &mut RgbaImage) {
        for pixel in image.pixels_mut() {
            let [r, g, b, a] = pixel.0;
            let rgb = [r, g, b].map(f32::from);
            let [r, g, b] = self.matrix.map(|row| {
                let sum = row[0] * rgb[0] + row[1] * rgb[1] + row[2] * rgb[2];
                (sum + self.add + 0.5) as u8
            });
            pixel.0 = [r, g, b, a];
        }
    }
}

fn product(a: &[[f32; 3]; 3], b: &[[f32; 3]; 3]) -> [[f32; 3]; 3] {
    a.map(|row| [0, 1, 2].map(|j| (0..3).map(|k| row[k] * b[k][j]).sum()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that can happen to a pair or a texture.
    pub(crate) const ALL: Augment = Augment {
        crop: Crop::Random,
        flip: true,
        vertical_flip: true,
        quarter_turns: true,
        rotate: 10.0,
        shift: 4.0,
        zoom: 0.15,
        jitter: 0.3,
        wrap: true,
    };

    fn prepared(high: RgbaImage, low: Option<RgbaImage>) -> Prepared {
        let name = "test".to_owned();
        Prepared::new(Picture { name, high, low }).unwrap().unwrap()
    }

    #[test]
    fn pairs_stay_aligned() {
        for side in [16, 24] {
            let low = RgbaImage::from_fn(side, side, |x, y| {
                [x as u8 * 10, y as u8 * 10, (x * y) as u8, 255].into()
            });
            let high = image::imageops::resize(
                &low,
                side * FACTOR,
                side * FACTOR,
                image::imageops::FilterType::Nearest,
            );
            let pair = prepared(high, Some(low.clone()));
            let mut seen = std::collections::HashSet::new();
            for n in 0..200 {
                let cut = pair.cut(&ALL, &mut Random::new(3, n));
                let low = cut.low.unwrap();
                let enlarged =
                    image::imageops::resize(&low, SIDE, SIDE, image::imageops::FilterType::Nearest);
                assert_eq!(cut.high, enlarged, "sample {n}");
                seen.insert(low.into_raw());
            }
            // The eight ways to turn and mirror a square, anywhere.
            assert!(seen.len() == 8 || side == 24 && seen.len() > 100);
        }
    }

    #[test]
    fn what_has_an_up_keeps_it() {
        let item = RgbaImage::from_fn(SIDE, SIDE, |x, y| {
            [x as u8, y as u8 * 2, 0, if y == 0 { 0 } else { 255 }].into()
        });
        let item = prepared(item, None);
        let augment = Augment {
            rotate: 0.0,
            shift: 0.0,
            zoom: 0.0,
            ..ALL
        };
        for n in 0..50 {
            let cut = item.cut(&augment, &mut Random::new(1, n));
            assert_eq!(cut.high.get_pixel(5, 0).0[3], 0);
            assert_eq!(cut.high.get_pixel(5, 77).0[1], 154);
        }
    }

    #[test]
    fn no_augmentation_is_the_middle() {
        let image = RgbaImage::from_fn(140, 160, |x, y| [x as u8, y as u8, 7, 255].into());
        let cut = prepared(image.clone(), None).cut(&Augment::NONE, &mut Random::new(1, 1));
        let middle = image::imageops::crop_imm(&image, 6, 16, SIDE, SIDE).to_image();
        assert_eq!(cut.high, middle);
    }

    #[test]
    fn a_seamless_picture_has_no_seam_wherever_it_is_cut() {
        let wave = |x: u32| {
            let angle = x as f32 / SIDE as f32 * std::f32::consts::TAU;
            (128.0 + 100.0 * angle.cos()) as u8
        };
        let image = RgbaImage::from_fn(SIDE, SIDE, |x, y| [wave(x), wave(y), 9, 255].into());
        let texture = prepared(image, None);
        assert!(texture.tiles);
        for n in 0..50 {
            let cut = texture.cut(&ALL, &mut Random::new(1, n)).high;
            for (x, y) in (1..SIDE).flat_map(|y| (1..SIDE).map(move |x| (x, y))) {
                let step = |c: usize| {
                    let here = cut.get_pixel(x, y).0[c];
                    here.abs_diff(cut.get_pixel(x - 1, y).0[c])
                        .max(here.abs_diff(cut.get_pixel(x, y - 1).0[c]))
                };
                assert!(step(0) <= 8 && step(1) <= 8, "sample {n} at {x},{y}");
            }
        }
        let ramp = RgbaImage::from_fn(SIDE, SIDE, |x, _| [x as u8, 0, 0, 255].into());
        assert!(!prepared(ramp, None).tiles);
    }

    #[test]
    fn a_zoomed_ramp_is_a_ramp() {
        let ramp = RgbaImage::from_fn(200, 200, |x, y| [x as u8, y as u8, 0, 255].into());
        let augment = Augment {
            zoom: 0.2,
            ..Augment::NONE
        };
        let cut = prepared(ramp, None)
            .cut(&augment, &mut Random::new(4, 4))
            .high;
        let at = |x: u32| f32::from(cut.get_pixel(x, 64).0[0]);
        let slope = (at(120) - at(8)) / 112.0;
        assert!(
            (0.83..1.25).contains(&slope) && (slope - 1.0).abs() > 0.01,
            "{slope}"
        );
        assert!((at(64) - 100.0).abs() < 2.0, "{}", at(64));
    }

    #[test]
    fn jitter_keeps_grey_grey() {
        let mut image = RgbaImage::from_fn(256, 1, |x, _| [x as u8, x as u8, x as u8, 40].into());
        Jitter::new(0.5, &mut Random::new(5, 6))
            .unwrap()
            .apply(&mut image);
        for pixel in image.pixels() {
            let [r, g, b, a] = pixel.0;
            assert!(r.abs_diff(g) <= 1 && g.abs_diff(b) <= 1 && a == 40);
        }
        assert!(Jitter::new(0.0, &mut Random::new(5, 6)).is_none());
    }
}
