//! Frames to bytes, one at a time.

use std::io::{Seek, Write};
use std::time::Duration;

use image::RgbaImage;

use super::{Loops, PictureFormat, apng::ApngWriter, gif::GifWriter, webp::WebPWriter};
use crate::Error;

/// Why a picture cannot be written.
pub(super) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Writes a picture frame by frame. One frame makes a still picture.
///
/// What the header must know of all frames is written at the end, into its place: `W` seeks.
#[derive(Debug)]
pub struct AnimationWriter<W: Write + Seek> {
    format: PictureFormat,
    size: (u32, u32),
    kind: Kind<W>,
}

#[derive(Debug)]
enum Kind<W: Write + Seek> {
    Png(ApngWriter<W>),
    Gif(GifWriter<W>),
    WebP(WebPWriter<W>),
}

impl<W: Write + Seek> AnimationWriter<W> {
    /// Begins a picture of that size.
    ///
    /// # Errors
    /// When the format cannot be written, or not in that size.
    pub fn new(
        out: W,
        format: PictureFormat,
        size: (u32, u32),
        loops: Loops,
    ) -> Result<AnimationWriter<W>, Error> {
        let kind = match format {
            _ if size.0 == 0 || size.1 == 0 => Err("it has no pixels".into()),
            PictureFormat::Png => Ok(Kind::Png(ApngWriter::new(out, loops))),
            PictureFormat::Gif => GifWriter::new(out, size, loops).map(Kind::Gif),
            PictureFormat::WebP => WebPWriter::new(out, size, loops).map(Kind::WebP),
            PictureFormat::Jpeg | PictureFormat::Bmp | PictureFormat::Tga => {
                Err("only PNG, GIF and WebP are written".into())
            }
        };
        let kind = kind.map_err(failed(format, size))?;
        Ok(AnimationWriter { format, size, kind })
    }

    /// Adds a frame, shown for `delay`: in GIF to the hundredth of a second, else to the thousandth; what rounding
    /// takes from one frame it gives to the next.
    ///
    /// # Errors
    /// When it has another size than the picture, or cannot be written.
    pub fn frame(&mut self, image: &RgbaImage, delay: Duration) -> Result<(), Error> {
        let added = if image.dimensions() == self.size {
            match &mut self.kind {
                Kind::Png(writer) => writer.frame(image, delay),
                Kind::Gif(writer) => writer.frame(image, delay),
                Kind::WebP(writer) => writer.frame(image, delay),
            }
        } else {
            let (width, height) = image.dimensions();
            Err(format!("a frame has {width}x{height} pixels").into())
        };
        added.map_err(failed(self.format, self.size))
    }

    /// Ends the picture.
    ///
    /// # Errors
    /// When it has no frame, or cannot be written.
    pub fn finish(self) -> Result<W, Error> {
        let finished = match self.kind {
            Kind::Png(writer) => writer.finish(),
            Kind::Gif(writer) => writer.finish(),
            Kind::WebP(writer) => writer.finish(),
        };
        finished.map_err(failed(self.format, self.size))
    }
}

fn failed(format: PictureFormat, (width, height): (u32, u32)) -> impl Fn(Cause) -> Error {
    move |source| Error::Write {
        format,
        width,
        height,
        source,
    }
}
