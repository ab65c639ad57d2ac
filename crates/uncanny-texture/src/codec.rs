//! PNG bytes to straight RGBA and back.
//!
//! Decoding is as forgiving as the game's: checksums, gamma and colour profiles are ignored, palettes and all bit
//! depths are expanded. It is not forgiving about sizes: what the header asks for is checked before anything that
//! large is allocated.

use std::io::Cursor;

use image::RgbaImage;
use png::{
    BitDepth, ColorType, Compression, Decoder, DecodingError, Encoder, Filter, Transformations,
};

use crate::guard::guarded;
use crate::{Error, PictureFormat};

/// How a PNG stored its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PngInfo {
    /// Grey, RGB, palette, with alpha or without.
    pub colour_type: ColorType,
    /// Bits a sample: 1, 2, 4, 8 or 16.
    pub bit_depth: u8,
    /// Stored in seven passes.
    pub interlaced: bool,
}

/// A decoded texture: straight 8-bit RGBA and how it was stored.
#[derive(Debug, Clone)]
pub struct Texture {
    /// The pixels.
    pub image: RgbaImage,
    /// How the PNG stored them.
    pub info: PngInfo,
}

/// The largest image that [`decode`] will allocate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Width times height.
    pub max_pixels: u64,
    /// Width and height.
    pub max_side: u32,
}

impl Default for DecodeLimits {
    fn default() -> DecodeLimits {
        DecodeLimits {
            max_pixels: 64 << 20,
            max_side: 16384,
        }
    }
}

impl DecodeLimits {
    /// Whether an image of that size may be decoded.
    #[must_use]
    pub fn allow(&self, (width, height): (u32, u32)) -> bool {
        width.max(height) <= self.max_side
            && u64::from(width) * u64::from(height) <= self.max_pixels
    }
}

const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// Width and height as the header declares them; looks at nothing else.
///
/// # Errors
/// When the bytes are no PNG, end within the header, or declare a side of zero.
pub fn probe(bytes: &[u8]) -> Result<(u32, u32), Error> {
    let start = &bytes[..bytes.len().min(8)];
    if start.is_empty() || !SIGNATURE.starts_with(start) {
        let found = beginning(bytes);
        return Err(Error::NotPng { found });
    }
    let Some(header) = bytes.get(8..24) else {
        return Err(Error::CutShort {
            at: format!("{} bytes, not even a header", bytes.len()),
        });
    };
    if &header[4..8] != b"IHDR" {
        return Err(Error::Broken {
            what: "the first chunk is not IHDR".to_owned(),
        });
    }
    let number = |at: usize| {
        u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    let (width, height) = (number(8), number(12));
    if width == 0 || height == 0 {
        return Err(Error::ZeroSide { width, height });
    }
    Ok((width, height))
}

/// The first bytes in hexadecimal, or "nothing".
pub(crate) fn beginning(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "nothing".to_owned();
    }
    let start = bytes.iter().take(8);
    start
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Whether a PNG goes on to its last chunk, as one does that was written to its end. Checks nothing else.
#[must_use]
pub fn is_whole(bytes: &[u8]) -> bool {
    let Some(mut rest) = bytes.strip_prefix(&SIGNATURE) else {
        return false;
    };
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        if after.starts_with(b"IEND") {
            return after.len() >= 8;
        }
        // Its name, what it holds, its checksum.
        match after.get(length.saturating_add(8)..) {
            Some(next) => rest = next,
            None => return false,
        }
    }
    false
}

/// Decodes any PNG to straight 8-bit RGBA. 16-bit samples keep their high byte.
///
/// # Errors
/// When the bytes are no PNG, larger than the limits, cut short, broken, or too much for the decoder; each says what and
/// where.
pub fn decode(bytes: &[u8], limits: &DecodeLimits) -> Result<Texture, Error> {
    let (width, height) = probe(bytes)?;
    let pixels = u64::from(width) * u64::from(height);
    if !limits.allow((width, height)) {
        return Err(Error::TooLarge {
            width,
            height,
            max_side: limits.max_side,
            max_pixels: limits.max_pixels,
        });
    }
    // Deflate shrinks at most 1032 to 1, so a header that promises more than that is lying; find out before
    // allocating for it. One bit a pixel is the least that a PNG can store.
    if pixels / 8 > (bytes.len() as u64 + 64) * 1032 {
        return Err(Error::CutShort {
            at: format!(
                "{} bytes cannot hold the {width}x{height} pixels that it declares",
                bytes.len()
            ),
        });
    }
    guarded(PictureFormat::Png, || pixels_of(bytes))
}

/// What [`decode`] gives of bytes whose size was checked.
fn pixels_of(bytes: &[u8]) -> Result<Texture, Error> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: 1 << 30 });
    decoder.ignore_checksums(true);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::normalize_to_color8());
    let broken = |error: DecodingError| match &error {
        DecodingError::IoError(io) if io.kind() == std::io::ErrorKind::UnexpectedEof => {
            Error::CutShort {
                at: format!("the image data stops at byte {} of the file", bytes.len()),
            }
        }
        _ => Error::Broken {
            what: error.to_string(),
        },
    };
    let mut reader = decoder.read_info().map_err(broken)?;
    let source = reader.info();
    let info = PngInfo {
        colour_type: source.color_type,
        bit_depth: source.bit_depth as u8,
        interlaced: source.interlaced,
    };
    let size = reader.output_buffer_size().ok_or_else(|| Error::Broken {
        what: "its pixels do not fit in memory".to_owned(),
    })?;
    let mut buffer = vec![0; size];
    let frame = reader.next_frame(&mut buffer).map_err(broken)?;
    buffer.truncate(frame.buffer_size());
    let rgba = match frame.color_type {
        ColorType::Rgba => buffer,
        ColorType::Rgb => expand(&buffer, 3, |p| [p[0], p[1], p[2], 255]),
        ColorType::Grayscale => expand(&buffer, 1, |p| [p[0], p[0], p[0], 255]),
        ColorType::GrayscaleAlpha => expand(&buffer, 2, |p| [p[0], p[0], p[0], p[1]]),
        ColorType::Indexed => {
            return Err(Error::Broken {
                what: "the palette was not expanded".to_owned(),
            });
        }
    };
    let image =
        RgbaImage::from_raw(frame.width, frame.height, rgba).ok_or_else(|| Error::Broken {
            what: "the pixels do not fill the image".to_owned(),
        })?;
    Ok(Texture { image, info })
}

fn expand(samples: &[u8], channels: usize, rgba: impl Fn(&[u8]) -> [u8; 4]) -> Vec<u8> {
    samples.chunks_exact(channels).flat_map(rgba).collect()
}

/// Encodes straight RGBA: as RGB8 when every pixel is opaque, otherwise as RGBA8 (the two forms every version of
/// the game reads alike). The same pixels always give the same bytes.
///
/// # Errors
/// When a side is zero.
pub fn encode(image: &RgbaImage) -> Result<Vec<u8>, Error> {
    encode_as(image, image.pixels().all(|pixel| pixel.0[3] == 255))
}

/// Encodes straight RGBA as RGBA8, opaque or not: until 1.12 the game skips layers of banners and shields in any
/// other form.
///
/// # Errors
/// When a side is zero.
pub fn encode_rgba(image: &RgbaImage) -> Result<Vec<u8>, Error> {
    encode_as(image, false)
}

fn encode_as(image: &RgbaImage, opaque: bool) -> Result<Vec<u8>, Error> {
    let (width, height) = image.dimensions();
    let failed = |source| Error::Encode {
        width,
        height,
        source,
    };
    let rgb: Vec<u8>;
    let (colour_type, samples) = if opaque {
        rgb = image
            .pixels()
            .flat_map(|pixel| [pixel.0[0], pixel.0[1], pixel.0[2]])
            .collect();
        (ColorType::Rgb, rgb.as_slice())
    } else {
        (ColorType::Rgba, image.as_raw().as_slice())
    };
    let mut bytes = Vec::with_capacity(samples.len() / 3 + 256);
    let mut encoder = Encoder::new(&mut bytes, width, height);
    encoder.set_color(colour_type);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Balanced);
    encoder.set_filter(Filter::Adaptive);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(samples).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}
