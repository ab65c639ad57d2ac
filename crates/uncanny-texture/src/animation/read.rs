//! Bytes to frames, one at a time.

use std::io::Cursor;
use std::time::Duration;

use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::metadata::LoopCount;
use image::{AnimationDecoder, DynamicImage, Frames, ImageDecoder, ImageReader, Rgba, RgbaImage};

use super::{Frame, Loops, PictureFormat, apng, gif};
use crate::guard::guarded;
use crate::{DecodeLimits, Error, codec};

/// The most memory that a decoder may take for itself.
const MAX_ALLOC: u64 = 1 << 30;

/// Reads a picture frame by frame, holding one at a time beside the bytes. After an error nothing more comes.
pub struct AnimationReader {
    format: PictureFormat,
    size: (u32, u32),
    loops: Loops,
    frames: Source,
    read: u32,
}

enum Source {
    Still(Option<Box<RgbaImage>>),
    Moving(Frames<'static>),
    Over,
}

impl AnimationReader {
    /// Finds out what the bytes are and makes ready to decode them. `hint` is what the name says; only TGA needs it.
    ///
    /// # Errors
    /// When the bytes are of no known format, larger than the limits, or a still picture that is broken or too much for
    /// its decoder.
    pub fn new(
        bytes: Vec<u8>,
        hint: Option<PictureFormat>,
        limits: &DecodeLimits,
    ) -> Result<AnimationReader, Error> {
        let tga = hint.filter(|&hint| hint == PictureFormat::Tga);
        let Some(format) = PictureFormat::of_bytes(&bytes).or(tga) else {
            let found = codec::beginning(&bytes);
            return Err(Error::NotPicture { found });
        };
        guarded(format, || Self::open(format, bytes, limits))
    }

    fn open(
        format: PictureFormat,
        bytes: Vec<u8>,
        limits: &DecodeLimits,
    ) -> Result<AnimationReader, Error> {
        let broken = |source| Error::Picture { format, source };
        match format {
            PictureFormat::Png if apng::is_animated(&bytes) => {
                codec::probe(&bytes)?;
                let cursor = Cursor::new(bytes);
                let decoder = PngDecoder::with_limits(cursor, allowed(limits)).map_err(broken)?;
                let size = checked(decoder.dimensions(), limits)?;
                let decoder = decoder.apng().map_err(broken)?;
                let loops = loops(decoder.loop_count());
                Ok(Self::moving(format, size, loops, decoder.into_frames()))
            }
            PictureFormat::Png => {
                let image = codec::decode(&bytes, limits)?.image;
                Ok(Self::still(format, image))
            }
            PictureFormat::Gif => {
                let loops = gif::loops(&bytes);
                let mut decoder = GifDecoder::new(Cursor::new(bytes)).map_err(broken)?;
                let size = checked(decoder.dimensions(), limits)?;
                decoder.set_limits(allowed(limits)).map_err(broken)?;
                Ok(Self::moving(format, size, loops, decoder.into_frames()))
            }
            PictureFormat::WebP => {
                let cursor = Cursor::new(bytes);
                let mut decoder = WebPDecoder::new(cursor).map_err(broken)?;
                let size = checked(decoder.dimensions(), limits)?;
                decoder.set_limits(allowed(limits)).map_err(broken)?;
                if !decoder.has_animation() {
                    return Self::upright(format, decoder);
                }
                // As browsers do: what the file says of its ground is a hint.
                decoder.set_background_color(Rgba([0; 4])).map_err(broken)?;
                let loops = loops(decoder.loop_count());
                Ok(Self::moving(format, size, loops, decoder.into_frames()))
            }
            PictureFormat::Jpeg | PictureFormat::Bmp | PictureFormat::Tga => {
                let cursor = Cursor::new(bytes);
                let mut reader = ImageReader::with_format(cursor, format.image_format());
                reader.limits(allowed(limits));
                let decoder = reader.into_decoder().map_err(broken)?;
                checked(decoder.dimensions(), limits)?;
                Self::upright(format, decoder)
            }
        }
    }

    /// A still picture, turned as its camera says.
    fn upright(
        format: PictureFormat,
        mut decoder: impl ImageDecoder,
    ) -> Result<AnimationReader, Error> {
        let broken = |source| Error::Picture { format, source };
        let orientation = decoder.orientation().map_err(broken)?;
        let mut image = DynamicImage::from_decoder(decoder).map_err(broken)?;
        image.apply_orientation(orientation);
        Ok(Self::still(format, image.into_rgba8()))
    }

    fn still(format: PictureFormat, image: RgbaImage) -> AnimationReader {
        AnimationReader {
            format,
            size: image.dimensions(),
            loops: Loops::Forever,
            frames: Source::Still(Some(Box::new(image))),
            read: 0,
        }
    }

    fn moving(
        format: PictureFormat,
        size: (u32, u32),
        loops: Loops,
        frames: Frames<'static>,
    ) -> AnimationReader {
        AnimationReader {
            format,
            size,
            loops,
            frames: Source::Moving(frames),
            read: 0,
        }
    }

    /// What the bytes are.
    #[must_use]
    pub fn format(&self) -> PictureFormat {
        self.format
    }

    /// Width and height of every frame.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// How often it is shown.
    #[must_use]
    pub fn loops(&self) -> Loops {
        self.loops
    }

    /// The first frame's picture; what follows is not decoded.
    ///
    /// # Errors
    /// When it is broken, or too much for its decoder.
    pub fn first_frame(mut self) -> Result<RgbaImage, Error> {
        let frame = self.next().expect("a frame comes first, or an error")?;
        Ok(frame.image)
    }
}

impl Iterator for AnimationReader {
    type Item = Result<Frame, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let format = self.format;
        let next = match &mut self.frames {
            Source::Still(image) => image.take().map(|image| {
                Ok(Frame {
                    image: *image,
                    delay: Duration::ZERO,
                })
            }),
            Source::Moving(frames) => match guarded(format, || decoded(format, frames)).transpose()
            {
                None if self.read == 0 => Some(Err(Error::Broken {
                    what: format!("the {format} has no frame"),
                })),
                frame => frame,
            },
            Source::Over => None,
        };
        match &next {
            Some(Ok(_)) => self.read += 1,
            Some(Err(_)) | None => self.frames = Source::Over,
        }
        next
    }
}

impl std::fmt::Debug for AnimationReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AnimationReader")
            .field("format", &self.format)
            .field("size", &self.size)
            .field("loops", &self.loops)
            .field("read", &self.read)
            .finish_non_exhaustive()
    }
}

/// The next frame of a picture that moves.
fn decoded(format: PictureFormat, frames: &mut Frames<'_>) -> Result<Option<Frame>, Error> {
    let Some(frame) = frames.next() else {
        return Ok(None);
    };
    let frame = frame.map_err(|source| Error::Picture { format, source })?;
    let (numerator, denominator) = frame.delay().numer_denom_ms();
    let nanos = u64::from(numerator) * 1_000_000 / u64::from(denominator.max(1));
    Ok(Some(Frame {
        image: frame.into_buffer(),
        delay: Duration::from_nanos(nanos),
    }))
}

fn loops(count: LoopCount) -> Loops {
    match count {
        LoopCount::Infinite => Loops::Forever,
        LoopCount::Finite(times) => Loops::Times(times),
    }
}

fn allowed(limits: &DecodeLimits) -> image::Limits {
    let mut allowed = image::Limits::no_limits();
    allowed.max_image_width = Some(limits.max_side);
    allowed.max_image_height = Some(limits.max_side);
    allowed.max_alloc = Some(MAX_ALLOC);
    allowed
}

fn checked(size: (u32, u32), limits: &DecodeLimits) -> Result<(u32, u32), Error> {
    let (width, height) = size;
    if width == 0 || height == 0 {
        return Err(Error::ZeroSide { width, height });
    }
    if !limits.allow(size) {
        return Err(Error::TooLarge {
            width,
            height,
            max_side: limits.max_side,
            max_pixels: limits.max_pixels,
        });
    }
    Ok(size)
}
