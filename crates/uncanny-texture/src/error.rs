//! What can go wrong with pixels.

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
    #[error("the PNG says it is {width}x{height}: a side is zero")]
    ZeroSide {
        /// Width as declared.
        width: u32,
        /// Height as declared.
        height: u32,
    },
    /// The header asks for more pixels than the limits allow; nothing was allocated.
    #[error(
        "the PNG says it is {width}x{height}, more than the limit of {max_side} a side and {max_pixels} pixels"
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
    /// A scale outside 1..=64.
    #[error("scale {found} is not a whole number from 1 to 64")]
    Scale {
        /// What was given.
        found: String,
    },
}
