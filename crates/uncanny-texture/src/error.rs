//! What can go wrong with pixels.

use crate::PictureFormat;

/// Why bytes could not become an image, an image bytes, or a number a scale.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes do not begin like a PNG.
    #[error("not a PNG: it begins with {found}")]
    NotPng {
        /// The first bytes, in hexadecimal, or "nothing".
        found: String,
    },
    /// The header gives a width or height of zero.
    #[error("the picture says it is {width}x{height}: a side is zero")]
    ZeroSide {
        /// Width as declared.
        width: u32,
        /// Height as declared.
        height: u32,
    },
    /// The header asks for more pixels than the limits allow; nothing was allocated.
    #[error(
        "the picture says it is {width}x{height}, more than the limit of {max_side} a side and {max_pixels} pixels"
    )]
    TooLarge {
        /// Width as declared.
        width: u32,
        /// Height as declared.
        height: u32,
        /// The limit of a side.
        max_side: u32,
        /// The limit of the area.
        max_pixels: u64,
    },
    /// The image data ends too early.
    #[error("the PNG is cut short: {at}")]
    CutShort {
        /// Where the bytes ran out.
        at: String,
    },
    /// The PNG is broken in another way.
    #[error("broken PNG: {what}")]
    Broken {
        /// What the decoder found wrong.
        what: String,
    },
    /// The image cannot be written.
    #[error("cannot write a {width}x{height} PNG")]
    Encode {
        /// Width of the image.
        width: u32,
        /// Height of the image.
        height: u32,
        /// What the encoder said.
        #[source]
        source: png::EncodingError,
    },
    /// The bytes are of no known format.
    #[error("not PNG, JPEG, WebP, GIF, BMP or TGA: it begins with {found}")]
    NotPicture {
        /// The first bytes, in hexadecimal, or "nothing".
        found: String,
    },
    /// A picture of a known format cannot be decoded.
    #[error("broken {format}")]
    Picture {
        /// Its format.
        format: PictureFormat,
        /// What the decoder found wrong.
        #[source]
        source: image::ImageError,
    },
    /// The decoder itself failed: a defect in it, which a broken or unusual picture brought to light.
    #[error(
        "the {format} decoder failed at it ({what}): it is broken or stored in an unusual way; save it again with another program, best as PNG"
    )]
    Decoder {
        /// The picture's format.
        format: PictureFormat,
        /// What the decoder's panic said.
        what: String,
    },
    /// A moving picture has more pixels in all its frames than may be held at once.
    #[error("its frames have more than {max_pixels} pixels together")]
    TooManyFrames {
        /// The limit.
        max_pixels: u64,
    },
    /// A picture cannot be written.
    #[error("cannot write a {width}x{height} {format}")]
    Write {
        /// The format asked for.
        format: PictureFormat,
        /// Width of the picture.
        width: u32,
        /// Height of the picture.
        height: u32,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A scale outside 1..=64.
    #[error("scale {found} is not a whole number from 1 to 64")]
    Scale {
        /// What was given.
        found: String,
    },
}
