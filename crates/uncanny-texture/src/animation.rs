//! Pictures of any usual format, still or moving, to frames and back.
//!
//! Decoding asks the bytes what they are and not their name, believes no size before it has been checked, and gives
//! straight 8-bit RGBA: every frame whole, whatever the file stores. [`AnimationReader`] and [`AnimationWriter`] go
//! frame by frame and hold one at a time; [`Animation`] holds them all.

mod apng;
mod format;
mod gif;
mod read;
mod webp;
mod write;

use std::io::Cursor;
use std::num::NonZeroU32;
use std::time::Duration;

use image::RgbaImage;

use crate::{DecodeLimits, Error};

pub use format::PictureFormat;
pub use read::AnimationReader;
pub use write::AnimationWriter;

/// All frames of an [`Animation`] together may have so many times the pixels that one may have.
const ALL_FRAMES: u64 = 4;

/// One picture of an animation, straight RGBA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The whole picture, as it is seen.
    pub image: RgbaImage,
    /// How long it is shown; of a still picture, nothing.
    pub delay: Duration,
}

/// How often an animation is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Loops {
    /// Until nobody looks.
    #[default]
    Forever,
    /// So many times.
    Times(NonZeroU32),
}

impl Loops {
    /// Forever for 0, as most formats have it.
    #[must_use]
    pub fn times(times: u32) -> Loops {
        NonZeroU32::new(times).map_or(Loops::Forever, Loops::Times)
    }

    /// 0 for forever.
    #[must_use]
    pub fn count(self) -> u32 {
        match self {
            Loops::Forever => 0,
            Loops::Times(times) => times.get(),
        }
    }
}

/// A picture: of one frame when it is still.
///
/// ```
/// use std::time::Duration;
/// use uncanny_texture::{Animation, DecodeLimits, Frame, Loops, PictureFormat, RgbaImage};
///
/// let frame = |grey: u8| Frame {
///     image: RgbaImage::from_pixel(16, 16, [grey, grey, grey, 255].into()),
///     delay: Duration::from_millis(150),
/// };
/// let blink = Animation { frames: vec![frame(0), frame(255)], loops: Loops::Forever };
/// let gif = blink.encode(PictureFormat::Gif)?;
/// assert_eq!(Animation::decode(&gif, None, &DecodeLimits::default())?, blink);
/// # Ok::<(), uncanny_texture::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Animation {
    /// At least one; all of one size.
    pub frames: Vec<Frame>,
    /// How often they are shown.
    pub loops: Loops,
}

impl Animation {
    /// A picture that stands still.
    #[must_use]
    pub fn still(image: RgbaImage) -> Animation {
        let delay = Duration::ZERO;
        Animation {
            frames: vec![Frame { image, delay }],
            loops: Loops::Forever,
        }
    }

    /// Whether there is more than one frame.
    #[must_use]
    pub fn moves(&self) -> bool {
        self.frames.len() > 1
    }

    /// Decodes PNG, APNG, JPEG, WebP, GIF, BMP and TGA. `hint` is what the name says; only TGA, which has no mark of
    /// its own, needs it. The limits hold for one frame, and four times their area for all.
    ///
    /// # Errors
    /// When the bytes are of no known format, larger than the limits, or broken.
    pub fn decode(
        bytes: &[u8],
        hint: Option<PictureFormat>,
        limits: &DecodeLimits,
    ) -> Result<Animation, Error> {
        let reader = AnimationReader::new(bytes.to_vec(), hint, limits)?;
        let loops = reader.loops();
        let mut frames = Vec::new();
        let mut pixels = 0;
        for frame in reader {
            let frame = frame?;
            pixels += u64::from(frame.image.width()) * u64::from(frame.image.height());
            if pixels > limits.max_pixels.saturating_mul(ALL_FRAMES) {
                return Err(Error::TooManyFrames {
                    max_pixels: limits.max_pixels.saturating_mul(ALL_FRAMES),
                });
            }
            frames.push(frame);
        }
        Ok(Animation { frames, loops })
    }

    /// Encodes it; the same frames always give the same bytes. PNG and WebP keep every pixel; GIF has up to 255
    /// colours a frame and pixels that are seen or not.
    ///
    /// # Errors
    /// When the format cannot be written ([`PictureFormat::writes`]), there is no frame, or one has another size or
    /// one that the format has no room for.
    pub fn encode(&self, format: PictureFormat) -> Result<Vec<u8>, Error> {
        let size = self
            .frames
            .first()
            .map_or((0, 0), |frame| frame.image.dimensions());
        let mut writer = AnimationWriter::new(Cursor::new(Vec::new()), format, size, self.loops)?;
        for frame in &self.frames {
            writer.frame(&frame.image, frame.delay)?;
        }
        Ok(writer.finish()?.into_inner())
    }
}

/// Delays in a format's units, so that rounding one is made up by the next and the whole keeps its length.
#[derive(Debug, Clone, Copy)]
struct Clock {
    unit: Duration,
    /// What the frames so far ought to last.
    due: Duration,
    /// What they do last, in units.
    told: u64,
}

impl Clock {
    fn new(unit: Duration) -> Clock {
        Clock {
            unit,
            due: Duration::ZERO,
            told: 0,
        }
    }

    /// The next frame's delay in units, at most `most`.
    fn tick(&mut self, delay: Duration, most: u32) -> u32 {
        self.due = self.due.saturating_add(delay);
        let half = self.unit / 2;
        let total = self.due.saturating_add(half).as_nanos() / self.unit.as_nanos();
        let units = u64::try_from(total)
            .unwrap_or(u64::MAX)
            .saturating_sub(self.told);
        let units = u32::try_from(units).unwrap_or(most).min(most);
        self.told += u64::from(units);
        units
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounded_delays_add_up() {
        let mut clock = Clock::new(Duration::from_millis(10));
        let thirtieth = Duration::from_nanos(33_333_333);
        let told: Vec<u32> = (0..30).map(|_| clock.tick(thirtieth, 65535)).collect();
        assert_eq!(told.iter().sum::<u32>(), 100);
        assert!(told.iter().all(|units| (3..=4).contains(units)));
        assert_eq!(clock.tick(Duration::from_secs(1_000_000), 65535), 65535);
    }
}
