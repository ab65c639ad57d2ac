//! What an image's pixels say about it.

use std::collections::HashSet;

use image::RgbaImage;
use serde::{Deserialize, Serialize};

/// How a texture uses its alpha.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlphaClass {
    /// 255 everywhere.
    Opaque,
    /// 0 and 255 only.
    Binary,
    /// Something in between occurs.
    Translucent,
}

/// What an image's pixels say about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// How it uses alpha.
    pub alpha: AlphaClass,
    /// Red, green and blue agree wherever alpha is above 0, and something there is visible.
    pub grey: bool,
    /// One RGBA value everywhere.
    pub uniform: bool,
    /// Distinct RGBA values; none above 256.
    pub colours: Option<u32>,
    /// Nearly all of it is near (128, 128, 255), whatever its alpha: the colours of a map of normals, and of little else.
    pub normals: bool,
}

/// Looks at every pixel once.
#[must_use]
pub fn facts(image: &RgbaImage) -> Facts {
    let (width, height) = image.dimensions();
    let mut binary = true;
    let mut opaque = true;
    let mut grey = true;
    let mut visible = false;
    let mut colours = HashSet::new();
    let mut last = None;
    for pixel in image.pixels() {
        if last == Some(pixel.0) {
            continue;
        }
        last = Some(pixel.0);
        let [r, g, b, a] = pixel.0;
        opaque &= a == 255;
        binary &= a == 0 || a == 255;
        if a > 0 {
            visible = true;
            grey &= r == g && g == b;
        }
        if colours.len() <= 256 {
            colours.insert(pixel.0);
        }
    }
    let alpha = match (opaque, binary) {
        (true, _) => AlphaClass::Opaque,
        (false, true) => AlphaClass::Binary,
        (false, false) => AlphaClass::Translucent,
    };
    Facts {
        width,
        height,
        alpha,
        grey: grey && visible,
        uniform: colours.len() <= 1,
        colours: u32::try_from(colours.len())
            .ok()
            .filter(|&count| count <= 256),
        normals: looks_like_normals(image),
    }
}

/// Whether three texels of four lean little from (128, 128, 255). LabPBR keeps occlusion in blue, which is mostly none,
/// and height in alpha, which so says nothing here.
fn looks_like_normals(image: &RgbaImage) -> bool {
    const LEAN: u8 = 40;
    let near = image.pixels().filter(|pixel| {
        let [r, g, b, _] = pixel.0;
        r.abs_diff(128) <= LEAN && g.abs_diff(128) <= LEAN && b >= 255 - LEAN
    });
    let (all, near) = (image.pixels().len(), near.count());
    all > 0 && 4 * near >= 3 * all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_alpha_classes_apart() {
        let with = |a: u8, b: u8| {
            let mut image = RgbaImage::from_pixel(2, 1, [9, 9, 9, a].into());
            image.put_pixel(1, 0, [9, 9, 9, b].into());
            facts(&image).alpha
        };
        assert_eq!(with(255, 255), AlphaClass::Opaque);
        assert_eq!(with(255, 0), AlphaClass::Binary);
        assert_eq!(with(0, 0), AlphaClass::Binary);
        assert_eq!(with(255, 254), AlphaClass::Translucent);
        assert_eq!(with(1, 0), AlphaClass::Translucent);
    }

    #[test]
    fn grey_ignores_what_is_hidden() {
        let mut image = RgbaImage::from_pixel(2, 1, [200, 10, 10, 0].into());
        assert!(!facts(&image).grey);
        image.put_pixel(0, 0, [7, 7, 7, 255].into());
        assert!(facts(&image).grey);
        image.put_pixel(1, 0, [7, 8, 7, 1].into());
        assert!(!facts(&image).grey);
    }

    #[test]
    fn normals_are_told_from_blue_things() {
        let all = |pixel: [u8; 4]| facts(&RgbaImage::from_pixel(4, 4, pixel.into())).normals;
        assert!(all([128, 128, 255, 255]) && all([127, 127, 255, 0]) && all([150, 110, 230, 9]));
        for colour in [
            [60, 68, 170, 255],
            [58, 175, 217, 255],
            [142, 185, 255, 255],
            [133, 97, 191, 255],
            [255, 255, 255, 255],
            [128, 128, 128, 255],
        ] {
            assert!(!all(colour), "{colour:?}");
        }
        let mut some = RgbaImage::from_pixel(4, 4, [128, 128, 255, 255].into());
        for at in 0..5 {
            assert!(facts(&some).normals, "{at} others");
            some.put_pixel(at % 4, at / 4, [20, 128, 200, 255].into());
        }
        assert!(!facts(&some).normals);
    }

    #[test]
    fn counts_colours_up_to_256() {
        let count = |distinct: u32| {
            let image = RgbaImage::from_fn(distinct, 1, |x, _| {
                [(x % 256) as u8, (x / 256) as u8, 0, 255].into()
            });
            facts(&image)
        };
        assert!(count(1).uniform);
        assert_eq!(count(2).colours, Some(2));
        assert_eq!(count(256).colours, Some(256));
        assert_eq!(count(257).colours, None);
    }
}
