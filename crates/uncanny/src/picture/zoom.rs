//! The slow zoom through the network: the picture grows a little, is reduced to what the network sees, and is
//! enhanced again, frame after frame, so that what the network imagined becomes what it sees next.

use uncanny_texture::{RgbaImage, Upscaler};

use super::smooth::{premultiplied, straight};
use super::{Settings, Way, enhance};
use crate::Error;

/// How a zoom goes.
#[derive(Debug, Clone, PartialEq)]
pub struct ZoomSettings {
    /// Where to, in shares of the width and height from the top left corner.
    pub at: (f32, f32),
    /// How much larger every frame is than the one before.
    pub step: f64,
    /// How far the mean and the spread of each colour stay the first frame's, 0 to 1. Fed with its own output, a network
    /// exaggerates: without this, colours run to the ends of their range within some dozen frames.
    pub hold: f32,
    /// How much of a frame is the one before it, enlarged, and not newly imagined: 0 to 1. More is calmer.
    pub keep: f32,
    /// Noise in what the network sees, in levels of 255: something to imagine from where a picture is bare.
    pub grain: f32,
    /// Of the noise.
    pub seed: u64,
}

/// A zoom into a picture, frame by frame: the first is the enhanced picture itself.
#[derive(Debug, Clone)]
pub struct Zoom {
    zoom: ZoomSettings,
    settings: Settings,
    picture: RgbaImage,
    colours: Colours,
    frame: u64,
}

/// Mean and standard deviation of red, green and blue, where a picture is seen.
type Colours = [(f32, f32); 3];

impl Zoom {
    /// Into that picture, which is fitted whatever the settings say.
    #[must_use]
    pub fn new(picture: RgbaImage, zoom: ZoomSettings, settings: &Settings) -> Zoom {
        let settings = Settings {
            way: Some(Way::Fit),
            keep_all: false,
            ..settings.clone()
        };
        Zoom {
            zoom,
            settings,
            picture,
            colours: [(0.0, 0.0); 3],
            frame: 0,
        }
    }

    /// The next frame. The same picture, settings and network give the same frames.
    ///
    /// # Errors
    /// As [`enhance`].
    pub fn next(
        &mut self,
        upscaler: &mut dyn Upscaler,
        placed: &mut dyn FnMut(usize) -> bool,
    ) -> Result<RgbaImage, Error> {
        let first = self.frame == 0;
        let grown = if first {
            self.picture.clone()
        } else {
            enlarge(&self.picture, self.zoom.at, self.zoom.step)
        };
        let seen = grained(grown.clone(), self.settings.side, &self.zoom, self.frame);
        let made = enhance(&[seen], &self.settings, upscaler, placed)?;
        let made = made
            .into_iter()
            .flatten()
            .last()
            .expect("a picture for a picture");
        self.frame += 1;
        self.picture = if first {
            self.colours = colours(&made);
            made
        } else {
            let held = recoloured(made, &self.colours, self.zoom.hold);
            mix(&held, &grown, self.zoom.keep)
        };
        Ok(self.picture.clone())
    }
}

fn colours(picture: &RgbaImage) -> Colours {
    [0, 1, 2].map(|c| {
        let seen = picture.pixels().filter(|pixel| pixel.0[3] >= 128);
        let (mut count, mut sum, mut squares) = (0.0_f64, 0.0, 0.0);
        for value in seen.map(|pixel| f64::from(pixel.0[c])) {
            (count, sum, squares) = (count + 1.0, sum + value, squares + value * value);
        }
        let mean = sum / count.max(1.0);
        let variance = squares / count.max(1.0) - mean * mean;
        (mean as f32, variance.max(0.0).sqrt() as f32)
    })
}

/// With the mean and spread of its colours brought to `wanted`, as far as `hold` says.
fn recoloured(mut picture: RgbaImage, wanted: &Colours, hold: f32) -> RgbaImage {
    let own = colours(&picture);
    for pixel in picture.pixels_mut() {
        for ((value, own), wanted) in pixel.0[..3].iter_mut().zip(own).zip(wanted) {
            let from = f32::from(*value);
            let to = (from - own.0) * wanted.1 / own.1.max(1.0) + wanted.0;
            *value = (from + (to - from) * hold + 0.5).clamp(0.0, 255.0) as u8;
        }
    }
    picture
}

/// What is left of a picture after growing about a point, in its old size. Bilinear, premultiplied inside; the border
/// goes on.
fn enlarge(picture: &RgbaImage, (left, top): (f32, f32), step: f64) -> RgbaImage {
    let (width, height) = picture.dimensions();
    let source: Vec<[f32; 4]> = picture
        .pixels()
        .map(|pixel| premultiplied(pixel.0))
        .collect();
    let place = |at: u32, length: u32, centre: f32| {
        let centre = f64::from(centre) * f64::from(length);
        let from = centre + (f64::from(at) + 0.5 - centre) / step - 0.5;
        let from = from.clamp(0.0, f64::from(length - 1));
        let first = from as u32;
        (
            first,
            (first + 1).min(length - 1),
            (from - f64::from(first)) as f32,
        )
    };
    RgbaImage::from_fn(width, height, |x, y| {
        let ((x0, x1, across), (y0, y1, down)) = (place(x, width, left), place(y, height, top));
        let at = |x: u32, y: u32| source[(y * width + x) as usize];
        let lerp = |a: f32, b: f32, t: f32| a + (b - a) * t;
        let mut value = [0.0; 4];
        for (c, value) in value.iter_mut().enumerate() {
            let row = |y: u32| lerp(at(x0, y)[c], at(x1, y)[c], across);
            *value = lerp(row(y0), row(y1), down);
        }
        straight(value).into()
    })
}

/// With noise in squares as large as what becomes one pixel for the network.
fn grained(mut picture: RgbaImage, side: u32, zoom: &ZoomSettings, frame: u64) -> RgbaImage {
    if zoom.grain <= 0.0 {
        return picture;
    }
    let (width, height) = picture.dimensions();
    let square = width.max(height).div_ceil(side);
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        for (c, value) in (0..).zip(&mut pixel.0[..3]) {
            let place = u64::from(y / square) << 40 | u64::from(x / square) << 16 | c;
            let noise = zoom.grain * noise(zoom.seed, frame, place);
            *value = (f32::from(*value) + noise + 0.5).clamp(0.0, 255.0) as u8;
        }
    }
    picture
}

/// From -1 to 1, the same for the same numbers (splitmix64).
fn noise(seed: u64, frame: u64, place: u64) -> f32 {
    let mut z = seed ^ frame.rotate_left(48) ^ place.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for factor in [0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb] {
        z = (z ^ (z >> 30)).wrapping_mul(factor);
    }
    (z >> 40) as f32 / (1 << 23) as f32 - 1.0
}

fn mix(new: &RgbaImage, old: &RgbaImage, keep: f32) -> RgbaImage {
    if new.dimensions() != old.dimensions() || keep <= 0.0 {
        return new.clone();
    }
    let mut mixed = new.clone();
    for (pixel, old) in mixed.pixels_mut().zip(old.pixels()) {
        let (mut value, old) = (premultiplied(pixel.0), premultiplied(old.0));
        for (value, old) in value.iter_mut().zip(old) {
            *value += (old - *value) * keep;
        }
        pixel.0 = straight(value);
    }
    mixed
}

#[cfg(test)]
mod tests {
    use uncanny_texture::{Lanczos, Scale};

    use super::*;

    fn start() -> RgbaImage {
        RgbaImage::from_fn(64, 64, |x, y| [x as u8 * 4, y as u8 * 4, 90, 255].into())
    }

    fn frames(zoom: &ZoomSettings) -> Vec<RgbaImage> {
        let mut lanczos = Lanczos::new(Scale::new(8).unwrap());
        let mut zoom = Zoom::new(start(), zoom.clone(), &Settings::default());
        (0..12)
            .map(|_| zoom.next(&mut lanczos, &mut |_| true).unwrap())
            .collect()
    }

    #[test]
    fn it_goes_where_it_is_told_and_twice_the_same_way() {
        let still = ZoomSettings {
            at: (0.25, 0.75),
            step: 1.1,
            hold: 0.0,
            keep: 0.0,
            grain: 0.0,
            seed: 1,
        };
        let found = frames(&still);
        assert!(found == frames(&still));
        // Twice as close and more: the colours of the point it goes to are all that is left.
        let (first, last) = (&found[0], &found[11]);
        let span =
            |image: &RgbaImage| image.get_pixel(127, 64).0[0].abs_diff(image.get_pixel(0, 64).0[0]);
        assert!(
            span(last) < span(first) / 2,
            "{} {}",
            span(first),
            span(last)
        );
        let at = last.get_pixel(32, 96).0;
        assert!(
            at[0].abs_diff(64) < 12 && at[1].abs_diff(192) < 12,
            "{at:?}"
        );
        let noisy = |seed| {
            frames(&ZoomSettings {
                grain: 8.0,
                seed,
                ..still.clone()
            })
        };
        assert!(noisy(1) == noisy(1) && noisy(1) != noisy(2) && noisy(1) != found);
        // However close, the colours stay as many as they were.
        let held = frames(&ZoomSettings { hold: 1.0, ..still });
        for ((_, first), (_, last)) in colours(&held[0]).iter().zip(colours(&held[11])) {
            assert!((first - last).abs() < 4.0, "{first} {last}");
        }
    }
}
