//! Which formats there are, and how they are told apart.

use std::fmt;
use std::path::Path;

use image::ImageFormat;

/// How a picture is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PictureFormat {
    /// PNG; APNG when it moves.
    Png,
    /// GIF.
    Gif,
    /// WebP, of either kind.
    WebP,
    /// JPEG.
    Jpeg,
    /// Windows bitmaps.
    Bmp,
    /// Truevision's, which have no mark that they could be known by.
    Tga,
}

impl PictureFormat {
    /// What a file of this name should be.
    #[must_use]
    pub fn of_path(path: &Path) -> Option<PictureFormat> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match extension.as_str() {
            "png" | "apng" => PictureFormat::Png,
            "gif" => PictureFormat::Gif,
            "webp" => PictureFormat::WebP,
            "jpg" | "jpeg" | "jpe" | "jfif" => PictureFormat::Jpeg,
            "bmp" | "dib" => PictureFormat::Bmp,
            "tga" => PictureFormat::Tga,
            _ => return None,
        })
    }

    /// What bytes that begin so are.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Option<PictureFormat> {
        let starts = |mark: &[u8]| bytes.starts_with(mark);
        if starts(b"\x89PNG\r\n\x1a\n") {
            Some(PictureFormat::Png)
        } else if starts(b"GIF87a") || starts(b"GIF89a") {
            Some(PictureFormat::Gif)
        } else if starts(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            Some(PictureFormat::WebP)
        } else if starts(b"\xff\xd8\xff") {
            Some(PictureFormat::Jpeg)
        } else if starts(b"BM") {
            Some(PictureFormat::Bmp)
        } else {
            None
        }
    }

    /// The usual ending of its files' names.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            PictureFormat::Png => "png",
            PictureFormat::Gif => "gif",
            PictureFormat::WebP => "webp",
            PictureFormat::Jpeg => "jpg",
            PictureFormat::Bmp => "bmp",
            PictureFormat::Tga => "tga",
        }
    }

    /// Whether pictures, still or moving, can be written in it: PNG, GIF and WebP.
    #[must_use]
    pub fn writes(self) -> bool {
        matches!(
            self,
            PictureFormat::Png | PictureFormat::Gif | PictureFormat::WebP
        )
    }

    pub(super) fn image_format(self) -> ImageFormat {
        match self {
            PictureFormat::Png => ImageFormat::Png,
            PictureFormat::Gif => ImageFormat::Gif,
            PictureFormat::WebP => ImageFormat::WebP,
            PictureFormat::Jpeg => ImageFormat::Jpeg,
            PictureFormat::Bmp => ImageFormat::Bmp,
            PictureFormat::Tga => ImageFormat::Tga,
        }
    }
}

impl fmt::Display for PictureFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            PictureFormat::Png => "PNG",
            PictureFormat::Gif => "GIF",
            PictureFormat::WebP => "WebP",
            PictureFormat::Jpeg => "JPEG",
            PictureFormat::Bmp => "BMP",
            PictureFormat::Tga => "TGA",
        })
    }
}
