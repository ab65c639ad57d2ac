//! One free picture, an emoji, an emote or a sprite, through a network: brought to the network's size or cut into
//! tiles, enhanced, and brought back as often as asked for.
//!
//! Opens no file and knows no format: pictures are straight RGBA, one by one or the frames of an animation.
//!
//! ```
//! use uncanny::picture::{Settings, enhance};
//! use uncanny_texture::{Lanczos, RgbaImage, Scale};
//!
//! let emote = RgbaImage::from_fn(56, 56, |x, y| [x as u8 * 4, y as u8 * 4, 90, 255].into());
//! let settings = Settings { iterations: 3, keep_all: true, ..Settings::default() };
//! let mut lanczos = Lanczos::new(Scale::new(8)?);
//! let enhanced = enhance(&[emote], &settings, &mut lanczos, &mut |_| true)?;
//! assert_eq!(enhanced[0].len(), 3);
//! assert!(enhanced[0].iter().all(|picture| picture.dimensions() == (128, 128)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod smooth;
mod zoom;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use uncanny_texture::{
    AlphaClass, Cell, Edges, Filter, Nudge, Recipe, RgbaImage, Scale, Tiling, Upscaler, Work, bled,
    facts, metric, resize, silhouette, upscale_all,
};

use crate::Error;
use crate::dream::Subject;

pub use smooth::Smooth;
pub use zoom::{Zoom, ZoomSettings};

/// What the networks were trained to see, and the side of a sprite's tile.
pub const SIDE: u32 = 16;
/// Up to this side pictures made of whole tiles are taken for sprites.
const SPRITE: u32 = 48;
/// The most pixels that an enhanced picture may have.
pub const MAX_PIXELS: u64 = 64 << 20;
/// Below this alpha a reduced pixel's colour says little: few levels of it were left.
const FAINT: u8 = 32;
/// Up to this a picture's own seam looks like what is inside it ([`metric::seam_ratio`]).
const REPEATS: f64 = 1.25;

/// How a picture meets the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// The whole picture, reduced to the small input of a network for faces.
    Fit,
    /// As it is, tile by tile.
    Tiles,
}

impl Way {
    /// What suits a picture of that size. Art whose shorter side is one tile or less has nothing to be reduced, and
    /// small pictures of whole tiles (16, 32 or 48 pixels a side) are sprites: tiles. Everything else, such as emotes
    /// of 28, 56 and 112 pixels, emoji and photographs, is fitted.
    #[must_use]
    pub fn of((width, height): (u32, u32)) -> Way {
        let whole = width.is_multiple_of(SIDE) && height.is_multiple_of(SIDE);
        if width.min(height) <= SIDE || whole && width.max(height) <= SPRITE {
            Way::Tiles
        } else {
            Way::Fit
        }
    }
}

impl std::fmt::Display for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Way::Fit => "fit",
            Way::Tiles => "tiles",
        })
    }
}

/// How a picture is reduced when it is fitted. All of them are PIL's, antialiased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resample {
    /// Bicubic to eight times the size, then halved three times by bilinear: as the faces that networks learned from.
    #[default]
    Chain,
    /// The mean of what a pixel covers.
    Box,
    /// Bicubic.
    Bicubic,
    /// Lanczos with three lobes: the sharpest.
    Lanczos,
}

/// What the network sees around a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Around {
    /// Nothing: the network sees the whole picture at once.
    Nothing,
    /// The picture again, as if it repeated.
    Wrap,
    /// Its outermost pixels, repeated.
    Clamp,
    /// Transparent pixels.
    Transparent,
}

/// How pictures are enhanced.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Whether they are fitted or go by tiles; `None`: what suits each picture's size.
    pub way: Option<Way>,
    /// The side of the network's input for a fitted picture, in pixels.
    pub side: u32,
    /// The filter that reduces a fitted picture.
    pub resample: Resample,
    /// What lies around a picture. `None`: around a fitted one nothing; around a cut-out sprite transparency; around an
    /// opaque one itself if that leaves no seam, else its border.
    pub around: Option<Around>,
    /// Whether the input is softened first, by enlarging and reducing it.
    pub preblur: bool,
    /// How strongly the light and shade of a face are laid into what the network sees first: 0 not at all, 1 with a face's
    /// own contrast, [`uncanny_texture::MOST_HINT`] at most. A network that paints faces then paints one where there is none.
    pub hint: f32,
    /// How often the network is run, each time on its own output brought back; at least 1.
    pub iterations: u32,
    /// Gives the picture after every iteration and not only the last one's.
    pub keep_all: bool,
    /// How far the input's colours are kept, 0 to 1: 0 keeps none of them, 1 keeps each texel's average exactly. `None`: 0 for
    /// fitted pictures, 1 for tiles.
    pub fidelity: Option<f32>,
    /// Output pixels for each pixel that the network sees; less where the network enlarges less.
    pub scale: Scale,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            way: None,
            side: SIDE,
            resample: Resample::default(),
            around: None,
            preblur: false,
            hint: 0.0,
            iterations: 1,
            keep_all: false,
            fidelity: None,
            scale: Scale::new(8).expect("8 is a scale"),
        }
    }
}

impl Settings {
    /// How a picture of that size meets the network.
    #[must_use]
    pub fn way(&self, size: (u32, u32)) -> Way {
        self.way.unwrap_or_else(|| Way::of(size))
    }

    /// What a picture of that size becomes, by a network of that scale.
    ///
    /// # Errors
    /// [`Error::PictureTooLarge`] above [`MAX_PIXELS`].
    pub fn output(&self, size: (u32, u32), network: Scale) -> Result<(u32, u32), Error> {
        let (width, height) = match self.way(size) {
            Way::Fit => (self.side, self.side),
            Way::Tiles => size,
        };
        let k = self.scale.min(network).get();
        let made = |side: u32| u64::from(side) * u64::from(k);
        if made(width) * made(height) > MAX_PIXELS {
            return Err(Error::PictureTooLarge {
                width: made(width),
                height: made(height),
            });
        }
        Ok((width * k, height * k))
    }

    /// What the network sees of a picture: straight RGBA, reduced when it is to be fitted.
    #[must_use]
    pub fn low(&self, picture: &RgbaImage) -> RgbaImage {
        match self.way(picture.dimensions()) {
            Way::Fit => fit(picture, self.resample, self.side),
            Way::Tiles => picture.clone(),
        }
    }
}

/// The whole picture in a transparent square, never stretched.
#[must_use]
pub fn square(picture: &RgbaImage) -> RgbaImage {
    let (width, height) = picture.dimensions();
    if width == height {
        return picture.clone();
    }
    let side = width.max(height);
    let mut square = RgbaImage::new(side, side);
    let (left, top) = ((side - width) / 2, (side - height) / 2);
    image::imageops::replace(&mut square, picture, i64::from(left), i64::from(top));
    square
}

/// The whole picture in a transparent square, reduced to `side` x `side`. Straight RGBA in and out, premultiplied
/// inside, in sRGB values as they are. A picture of that size stays as it is.
///
/// # Panics
/// When either has no pixels.
#[must_use]
pub fn fit(picture: &RgbaImage, resample: Resample, side: u32) -> RgbaImage {
    let square = square(picture);
    if square.width() == side {
        return square;
    }
    let to = |picture: &RgbaImage, side, filter| resize(picture, (side, side), filter);
    let small = match resample {
        Resample::Chain => (0..3).rev().fold(
            to(&square, side * 8, Filter::Bicubic),
            |picture, halvings| to(&picture, side << halvings, Filter::Bilinear),
        ),
        Resample::Box => to(&square, side, Filter::Box),
        Resample::Bicubic => to(&square, side, Filter::Bicubic),
        Resample::Lanczos => to(&square, side, Filter::Lanczos),
    };
    // Of the colour of an edge that is hardly there little is left.
    bled(small.clone(), FAINT).unwrap_or(small)
}

/// Enhances pictures, the tiles of all of them in common batches, and gives of each its picture after every iteration,
/// or only after the last one: `iterations` of them, or one. `placed` hears how many tiles were done after every batch;
/// when it says false, all is over.
///
/// Transparency stays in its class, as in packs: opaque, cut-out or translucent. A fitted picture keeps the silhouette
/// that it came with, and not what is left of it in the little that the network sees.
///
/// # Errors
/// When one would become too large, the network fails, or `placed` said false ([`Error::Interrupted`]).
pub fn enhance(
    pictures: &[RgbaImage],
    settings: &Settings,
    upscaler: &mut dyn Upscaler,
    placed: &mut dyn FnMut(usize) -> bool,
) -> Result<Vec<Vec<RgbaImage>>, Error> {
    let (scale, tiling) = (upscaler.scale(), upscaler.tiling());
    for picture in pictures {
        settings.output(picture.dimensions(), scale)?;
    }
    let (mut works, masks): (Vec<Work>, Vec<Option<Vec<u8>>>) = pictures
        .par_iter()
        .map(|picture| work(picture, settings, scale, tiling))
        .unzip();
    let mut made: Vec<Vec<RgbaImage>> = vec![Vec::new(); works.len()];
    for _ in 1..settings.iterations.max(1) {
        run(&mut works, upscaler, placed)?;
        if settings.keep_all {
            let so_far = works.par_iter().map(Work::so_far).zip(&masks);
            made.par_iter_mut()
                .zip(so_far)
                .for_each(|(made, (picture, mask))| made.push(masked(picture, mask.as_deref())));
        }
        works.par_iter_mut().for_each(Work::step);
    }
    run(&mut works, upscaler, placed)?;
    made.par_iter_mut()
        .zip(works)
        .zip(&masks)
        .for_each(|((made, mut work), mask)| {
            work.step();
            made.push(masked(work.finish(), mask.as_deref()));
        });
    Ok(made)
}

fn run(
    works: &mut [Work],
    upscaler: &mut dyn Upscaler,
    placed: &mut dyn FnMut(usize) -> bool,
) -> Result<(), Error> {
    match upscale_all(works, upscaler, placed) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::Interrupted),
        Err(source) => Err(Error::Upscale {
            model: upscaler.name().to_owned(),
            source,
        }),
    }
}

/// What the network is to do for a picture, and the alpha of its output where that is not made of what the network saw.
fn work(
    picture: &RgbaImage,
    settings: &Settings,
    scale: Scale,
    tiling: Tiling,
) -> (Work, Option<Vec<u8>>) {
    let subject = subject(picture, settings, scale);
    let nudge = Nudge::hinting(settings.hint);
    let work = subject.work(nudge, settings.iterations, scale, tiling);
    (work, subject.alpha)
}

/// What the network gets of a picture and how it is enhanced, by a network of that scale: for one that is looked at
/// again and again.
#[must_use]
pub fn subject(picture: &RgbaImage, settings: &Settings, scale: Scale) -> Subject {
    let way = settings.way(picture.dimensions());
    let mut low = settings.low(picture);
    let (width, height) = low.dimensions();
    let mut mask = None;
    if low != *picture && facts(&low).alpha != AlphaClass::Opaque {
        // The picture's own silhouette is better than what a few pixels still know of it.
        mask = Some(silhouette_of(
            picture,
            width * settings.scale.min(scale).get(),
        ));
        if let Some(bled) = bled(low.clone(), FAINT) {
            low = bled;
            low.pixels_mut().for_each(|pixel| pixel.0[3] = 255);
        }
    }
    let around = settings.around.unwrap_or_else(|| match way {
        Way::Fit => Around::Nothing,
        Way::Tiles if facts(&low).alpha != AlphaClass::Opaque => Around::Transparent,
        Way::Tiles if metric::seam_ratio(&low) <= REPEATS => Around::Wrap,
        Way::Tiles => Around::Clamp,
    });
    let edges = match around {
        Around::Nothing | Around::Clamp => Edges::CLAMP,
        Around::Wrap => Edges::WRAP,
        Around::Transparent => Edges::TRANSPARENT,
    };
    let recipe = Recipe {
        fidelity: settings.fidelity.unwrap_or(match way {
            Way::Fit => 0.0,
            Way::Tiles => 1.0,
        }),
        preblur: settings.preblur,
        ..Recipe::new(
            vec![Cell::whole(width, height, edges)],
            settings.scale.min(scale),
        )
    };
    Subject {
        image: low,
        recipe,
        alone: around == Around::Nothing,
        alpha: mask,
    }
}

/// The alpha of a picture in its square, enlarged as a texture's, to `side` x `side`.
fn silhouette_of(picture: &RgbaImage, side: u32) -> Vec<u8> {
    let square = square(picture);
    let times = side.div_ceil(square.width()).clamp(1, 64);
    let large = square.width() * times;
    let times = Scale::new(times).expect("it was brought within a scale's limits");
    let alpha = silhouette(&square, times);
    let alpha = RgbaImage::from_fn(large, large, |x, y| {
        [0, 0, 0, alpha[(y * large + x) as usize]].into()
    });
    let alpha = resize(&alpha, (side, side), Filter::Bilinear);
    alpha.pixels().map(|pixel| pixel.0[3]).collect()
}

pub(crate) fn masked(mut picture: RgbaImage, mask: Option<&[u8]>) -> RgbaImage {
    for (pixel, &alpha) in picture.pixels_mut().zip(mask.unwrap_or_default()) {
        pixel.0[3] = alpha;
    }
    picture
}

#[cfg(test)]
mod tests {
    use uncanny_texture::Nearest;

    use super::*;

    fn eight() -> Scale {
        Scale::new(8).unwrap()
    }

    /// A disc in a colour that its surroundings hide.
    fn disc(side: u32) -> RgbaImage {
        RgbaImage::from_fn(side, side, |x, y| {
            let middle = f64::from(side) / 2.0;
            let away = (f64::from(x) + 0.5 - middle).hypot(f64::from(y) + 0.5 - middle);
            if away < middle * 0.8 {
                [250, 200 + (x % 3) as u8 * 20, 40, 255].into()
            } else {
                [0, 0, 255, 0].into()
            }
        })
    }

    #[test]
    fn sprites_are_tiles_and_emotes_are_fitted() {
        for size in [(16, 16), (32, 32), (48, 32), (8, 8), (16, 64), (12, 20)] {
            assert_eq!(Way::of(size), Way::Tiles, "{size:?}");
        }
        for size in [
            (28, 28),
            (56, 56),
            (112, 112),
            (72, 72),
            (64, 64),
            (640, 427),
            (48, 40),
        ] {
            assert_eq!(Way::of(size), Way::Fit, "{size:?}");
        }
    }

    #[test]
    fn a_fitted_picture_keeps_its_shape_and_shows_nothing_hidden() {
        for resample in [
            Resample::Chain,
            Resample::Box,
            Resample::Bicubic,
            Resample::Lanczos,
        ] {
            let wide = RgbaImage::from_pixel(80, 40, [10, 200, 30, 255].into());
            let small = fit(&wide, resample, 16);
            assert_eq!(small.dimensions(), (16, 16));
            let seen = |y: u32| small.get_pixel(8, y).0[3];
            assert!(
                seen(0) < 8 && seen(15) < 8 && seen(8) == 255,
                "{resample:?}"
            );
            for pixel in fit(&disc(112), resample, 16).pixels() {
                let [r, g, b, _] = pixel.0;
                assert!(r > 240 && g > 190 && b < 60, "{resample:?}: {pixel:?}");
            }
        }
        let own = disc(16);
        assert_eq!(fit(&own, Resample::Chain, 16), own);
    }

    #[test]
    fn every_iteration_is_what_a_run_of_so_many_would_give() {
        let pictures = [disc(56), disc(16), RgbaImage::new(16, 16)];
        let settings = Settings {
            iterations: 3,
            keep_all: true,
            fidelity: Some(0.0),
            ..Settings::default()
        };
        let mut lanczos = uncanny_texture::Lanczos::new(eight());
        let all = enhance(&pictures, &settings, &mut lanczos, &mut |_| true).unwrap();
        for iterations in 1..=3 {
            let settings = Settings {
                iterations,
                keep_all: false,
                ..settings.clone()
            };
            let some = enhance(&pictures, &settings, &mut lanczos, &mut |_| true).unwrap();
            for (all, one) in all.iter().zip(&some) {
                assert_eq!((all.len(), one.len()), (3, 1));
                assert!(all[iterations as usize - 1] == one[0], "{iterations}");
            }
        }
        assert!(all[1][0] != all[1][2]);
        assert!(
            all[2]
                .iter()
                .all(|one| one.pixels().all(|pixel| pixel.0[3] == 0))
        );
    }

    #[test]
    fn cut_outs_stay_cut_out() {
        let tiles = &enhance(
            &[disc(32)],
            &Settings::default(),
            &mut Nearest::new(eight()),
            &mut |_| true,
        )
        .unwrap()[0][0];
        assert_eq!(tiles.dimensions(), (256, 256));
        assert!(tiles.pixels().all(|pixel| matches!(pixel.0[3], 0 | 255)));
        let fitted = &enhance(
            &[disc(112)],
            &Settings::default(),
            &mut Nearest::new(eight()),
            &mut |_| true,
        )
        .unwrap()[0][0];
        assert_eq!(fitted.dimensions(), (128, 128));
        assert_eq!(fitted.get_pixel(2, 2).0[3], 0);
        assert_eq!(fitted.get_pixel(64, 64).0[3], 255);
        let soft = fitted
            .pixels()
            .filter(|pixel| !matches!(pixel.0[3], 0 | 255))
            .count();
        assert!(soft < 128 * 128 / 16, "{soft}");
    }

    #[test]
    fn what_would_be_too_large_or_is_stopped_makes_nothing() {
        let large = RgbaImage::from_pixel(1200, 900, [9, 9, 9, 255].into());
        let settings = Settings {
            way: Some(Way::Tiles),
            ..Settings::default()
        };
        let refused = enhance(&[large], &settings, &mut Nearest::new(eight()), &mut |_| {
            true
        });
        assert!(matches!(refused, Err(Error::PictureTooLarge { .. })));
        let stopped = enhance(
            &[disc(16)],
            &settings,
            &mut Nearest::new(eight()),
            &mut |_| false,
        );
        assert!(matches!(stopped, Err(Error::Interrupted)));
    }
}
