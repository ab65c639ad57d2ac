//! A pixel-art scaler of the xBR kind, at any scale at once.
//!
//! The rules are those that Hyllian published as xBR ("scale by rules", 2011): at each corner of a texel, whether an edge
//! runs between it and the texel across the corner is asked of the differences along both diagonals, those of a luma and
//! chroma in which luma counts most; where one does, the corner is cut off and takes the colour of the more alike of the
//! two neighbours beside it. A cut is steep or shallow where the edge goes on like that, else it is diagonal. The cuts
//! here are straight lines with soft edges of a pixel, drawn at the output's own size: no doubling feeds another.

use crate::{RgbPlanes, Scale, TileEdges, Tiling, UpscaleError, Upscaler, baseline::fingerprint};

/// How much the differences of chroma count beside luma's.
const CHROMA: f32 = 0.5;
/// Colours so near, of 1, are taken for one with shades.
const ALIKE: f32 = 0.1;
/// Colours so near are equal but for rounding.
const EQUAL: f32 = 1e-4;
/// Texels seen in each direction.
const REACH: u32 = 2;

/// Enlarges pixel art: smooth diagonals, flat colours.
#[derive(Debug, Clone)]
pub struct Xbr {
    scale: Scale,
    masks: Masks,
}

impl Xbr {
    /// At that scale.
    #[must_use]
    pub fn new(scale: Scale) -> Xbr {
        Xbr {
            scale,
            masks: Masks::new(scale),
        }
    }
}

impl Upscaler for Xbr {
    fn name(&self) -> &str {
        "xbr"
    }

    fn fingerprint(&self) -> [u8; 32] {
        fingerprint("xbr 1", self.scale)
    }

    fn scale(&self) -> Scale {
        self.scale
    }

    fn tiling(&self) -> Tiling {
        Tiling::fixed(16 + 2 * REACH, 16, 0)
    }

    fn batch(&self) -> usize {
        64
    }

    fn upscale(
        &mut self,
        tiles: &[RgbPlanes],
        _: TileEdges,
    ) -> Result<Vec<RgbPlanes>, UpscaleError> {
        Ok(tiles.iter().map(|tile| self.enlarge(tile)).collect())
    }
}

/// Red, green and blue in 0..1; or luma and chroma of it.
type Colour = [f32; 3];

/// A corner that is cut off.
#[derive(Debug, Clone, Copy)]
struct Cut {
    colour: Colour,
    shape: usize,
}

/// The share of each pixel of a texel that a cut takes, row by row: by corner, clockwise from the lower right, and shape.
#[derive(Debug, Clone)]
struct Masks([[Vec<f32>; 4]; 4]);

/// Added up, they are a cut's shape; neither: diagonal alone.
const SHALLOW: usize = 1;
const STEEP: usize = 2;

impl Masks {
    fn new(scale: Scale) -> Masks {
        let k = scale.get();
        let mask = |corner: usize, shape: usize| -> Vec<f32> {
            let pixel = |i: u32| {
                let place = |at: u32| (at as f32 + 0.5) / k as f32 - 0.5;
                let (mut x, mut y) = (place(i % k), place(i / k));
                for _ in 0..corner {
                    (x, y) = (y, -x);
                }
                // How far beyond the line a pixel is, in pixels.
                let beyond = |a: f32, b: f32, from: f32| {
                    let off = (a * (x + 0.5) + b * (y + 0.5) - from) / a.hypot(b);
                    (off * k as f32 + 0.5).clamp(0.0, 1.0)
                };
                let mut share = beyond(1.0, 1.0, 1.5);
                if shape & SHALLOW > 0 {
                    share = share.max(beyond(0.5, 1.0, 1.0));
                }
                if shape & STEEP > 0 {
                    share = share.max(beyond(1.0, 0.5, 1.0));
                }
                share
            };
            (0..k * k).map(pixel).collect()
        };
        Masks([0, 1, 2, 3].map(|corner| [0, 1, 2, 3].map(|shape| mask(corner, shape))))
    }
}

/// A tile as it is asked about: its colours, and what is compared of them.
struct Seen {
    width: i64,
    height: i64,
    colours: Vec<Colour>,
    compared: Vec<Colour>,
}

impl Seen {
    fn new(tile: &RgbPlanes) -> Seen {
        let colours: Vec<Colour> = (0..tile.plane(0).len())
            .map(|i| [0, 1, 2].map(|channel| tile.plane(channel)[i]))
            .collect();
        let compared = |&[r, g, b]: &Colour| {
            let luma = 0.299 * r + 0.587 * g + 0.114 * b;
            // As JPEG has them: 0.5 at most.
            [
                luma,
                CHROMA * (b - luma) / 1.772,
                CHROMA * (r - luma) / 1.402,
            ]
        };
        Seen {
            width: i64::from(tile.width),
            height: i64::from(tile.height),
            compared: colours.iter().map(compared).collect(),
            colours,
        }
    }

    /// The texel at a place; beyond the tile, its outermost.
    fn at(&self, x: i64, y: i64) -> usize {
        let (x, y) = (x.clamp(0, self.width - 1), y.clamp(0, self.height - 1));
        (y * self.width + x) as usize
    }

    fn apart(&self, a: usize, b: usize) -> f32 {
        let pairs = self.compared[a].iter().zip(self.compared[b]);
        pairs.map(|(a, b)| (a - b).abs()).sum()
    }

    /// Whether and how a corner of the texel at `x`, `y` is cut: the lower right one, as seen after so many quarter turns.
    fn cut(&self, x: i64, y: i64, corner: usize) -> Option<Cut> {
        let near = |mut dx: i64, mut dy: i64| {
            for _ in 0..corner {
                (dx, dy) = (-dy, dx);
            }
            self.at(x + dx, y + dy)
        };
        // Here, and around it: right, below, across the corner, and the others by where they are.
        let (here, right, below, across) = (near(0, 0), near(1, 0), near(0, 1), near(1, 1));
        let (left, above) = (near(-1, 0), near(0, -1));
        let (upper_right, lower_left) = (near(1, -1), near(-1, 1));
        let apart = |a, b| self.apart(a, b);
        let (to_right, to_below) = (apart(here, right), apart(here, below));
        if to_right <= EQUAL || to_below <= EQUAL {
            return None;
        }
        // Little changes along an edge, and much across it.
        let along = apart(here, upper_right)
            + apart(here, lower_left)
            + apart(across, near(2, 0))
            + apart(across, near(0, 2))
            + 4.0 * apart(below, right);
        let beside = apart(below, left)
            + apart(below, near(1, 2))
            + apart(right, near(2, 1))
            + apart(right, above)
            + 4.0 * apart(here, across);
        if along >= beside {
            return None;
        }
        // Not at the corners of squares and the ends of lines.
        let alike = |a, b| apart(a, b) < ALIKE;
        let goes_on = !alike(right, above) && !alike(below, left)
            || alike(here, across) && !alike(right, near(2, 1)) && !alike(below, near(1, 2))
            || alike(here, lower_left)
            || alike(here, upper_right);
        if !goes_on {
            return None;
        }
        let (down, up) = (apart(right, lower_left), apart(below, upper_right));
        let other = |a, b| apart(a, b) > EQUAL;
        let mut shape = 0;
        // Where nothing changes either way it is the corner of a square, which loses no more than it must.
        if 2.0 * down <= up && up > EQUAL && other(here, lower_left) && other(left, lower_left) {
            shape += SHALLOW;
        }
        if 2.0 * up <= down && down > EQUAL && other(here, upper_right) && other(above, upper_right)
        {
            shape += STEEP;
        }
        let (a, b) = (self.colours[right], self.colours[below]);
        let colour = if (to_right - to_below).abs() <= EQUAL {
            [0, 1, 2].map(|c| 0.5 * (a[c] + b[c]))
        } else if to_right < to_below {
            a
        } else {
            b
        };
        Some(Cut { colour, shape })
    }
}

impl Xbr {
    fn enlarge(&self, tile: &RgbPlanes) -> RgbPlanes {
        let seen = Seen::new(tile);
        let k = self.scale.get() as usize;
        let mut out = RgbPlanes::new(tile.width * k as u32, tile.height * k as u32);
        let columns = out.width as usize;
        for y in 0..seen.height {
            for x in 0..seen.width {
                let here = seen.colours[seen.at(x, y)];
                let cuts = [0, 1, 2, 3].map(|corner| seen.cut(x, y, corner));
                let first = y as usize * k * columns + x as usize * k;
                for i in 0..k * k {
                    let colour = self.mixed(here, &cuts, i);
                    let at = first + i / k * columns + i % k;
                    for (channel, value) in colour.into_iter().enumerate() {
                        out.plane_mut(channel)[at] = value;
                    }
                }
            }
        }
        out
    }

    /// One pixel of a texel: as much of the cuts as the largest has, in proportion to each other.
    fn mixed(&self, here: Colour, cuts: &[Option<Cut>; 4], pixel: usize) -> Colour {
        let (mut most, mut sum, mut colour) = (0.0f32, 0.0, [0.0; 3]);
        for (cut, masks) in cuts.iter().zip(&self.masks.0) {
            let Some(cut) = cut else { continue };
            let share = masks[cut.shape][pixel];
            most = most.max(share);
            sum += share;
            for (value, cut) in colour.iter_mut().zip(cut.colour) {
                *value += share * cut;
            }
        }
        if most == 0.0 {
            return here;
        }
        [0, 1, 2].map(|c| here[c] + most * (colour[c] / sum - here[c]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cell, Edges, Recipe, RgbaImage, enhance};

    const K: u32 = 8;

    fn picture(width: u32, height: u32, f: impl Fn(u32, u32) -> [u8; 3]) -> RgbaImage {
        RgbaImage::from_fn(width, height, |x, y| {
            let [r, g, b] = f(x, y);
            [r, g, b, 255].into()
        })
    }

    fn enlarged(image: &RgbaImage, edges: Edges) -> RgbaImage {
        let cell = Cell::whole(image.width(), image.height(), edges);
        let scale = Scale::new(K).unwrap();
        enhance(image, &Recipe::new(vec![cell], scale), &mut Xbr::new(scale)).unwrap()
    }

    const DARK: [u8; 3] = [20, 40, 60];
    const LIGHT: [u8; 3] = [220, 200, 90];

    /// Dark on the one side of a line through the middle, a `rise` of texels in a `run`.
    fn stairs(rise: i64, run: i64) -> RgbaImage {
        picture(32, 32, |x, y| {
            let off = (2 * i64::from(x) - 31) * rise + (2 * i64::from(y) - 31) * run;
            if off < 0 { DARK } else { LIGHT }
        })
    }

    #[test]
    fn what_is_flat_stays_so_to_the_level() {
        for colour in [DARK, LIGHT, [127, 3, 254]] {
            let out = enlarged(&picture(5, 7, |_, _| colour), Edges::CLAMP);
            assert!(out.pixels().all(|pixel| pixel.0[..3] == colour));
        }
        // A straight edge stays where it is, and nothing is mixed.
        let edge = |x: u32| if x < 9 { DARK } else { LIGHT };
        let out = enlarged(&picture(16, 16, |x, _| edge(x)), Edges::CLAMP);
        for (x, _, pixel) in out.enumerate_pixels() {
            assert_eq!(pixel.0[..3], edge(x / K));
        }
    }

    #[test]
    fn stairs_become_slopes() {
        for (rise, run) in [(1, 1), (1, 2), (2, 1)] {
            let out = enlarged(&stairs(rise, run), Edges::CLAMP);
            let (rise, run) = (rise as f64, run as f64);
            let middle = |at: u32| f64::from(at) + 0.5 - 16.0 * f64::from(K);
            let (mut before, mut after) = (f64::MAX, f64::MIN);
            for (x, y, pixel) in out.enumerate_pixels() {
                // Near the picture's border nobody knows how the stairs go on.
                if !(4 * K..28 * K).contains(&x) || !(4 * K..28 * K).contains(&y) {
                    continue;
                }
                let off = (middle(x) * rise + middle(y) * run) / rise.hypot(run);
                if pixel.0[0] > DARK[0] + 20 {
                    before = before.min(off);
                }
                if pixel.0[0] < LIGHT[0] - 20 {
                    after = after.max(off);
                }
            }
            // Between the first light pixel and the last dark one lies a line and its soft edge. Squares are 11 apart.
            assert!(after - before < 2.0, "{rise}:{run}: {before} to {after}");
        }
    }

    #[test]
    fn dots_and_lines_stay_and_only_corners_are_cut() {
        let dots = picture(16, 16, |x, y| {
            let dot = x == 4 && y == 4;
            let line = y == 12 && (3..13).contains(&x);
            let square = (8..12).contains(&x) && (2..6).contains(&y);
            if dot || line || square { LIGHT } else { DARK }
        });
        let out = enlarged(&dots, Edges::CLAMP);
        let corner = |x, y| matches!((x, y), (8 | 11, 2 | 5));
        let cut = |x: u32, y: u32| out.get_pixel(x, y) != dots.get_pixel(x / K, y / K);
        for (x, y, _) in out.enumerate_pixels() {
            assert!(!cut(x, y) || corner(x / K, y / K), "{x}, {y}");
        }
        // An eighth of a corner's texel, and the pixels that the line goes through.
        let lost = (8 * K..9 * K).flat_map(|x| (2 * K..3 * K).map(move |y| (x, y)));
        assert_eq!(lost.filter(|&(x, y)| cut(x, y)).count(), 10);
        // A line of one texel that goes down a diagonal is not broken.
        let line = picture(16, 16, |x, y| if x == y { LIGHT } else { DARK });
        let out = enlarged(&line, Edges::CLAMP);
        for at in 2 * K..14 * K {
            assert_eq!(out.get_pixel(at, at).0[..3], LIGHT, "{at}");
        }
    }

    /// Few colours and no order: every rule is used.
    fn motley(width: u32, height: u32) -> RgbaImage {
        picture(width, height, |x, y| {
            let hash = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77);
            let hash = (hash ^ (hash >> 15)).wrapping_mul(0x2c1b_3c6d) >> 28;
            [DARK, LIGHT, [200, 30, 40], DARK, [25, 44, 66]][hash as usize % 5]
        })
    }

    #[test]
    fn it_wraps_where_the_picture_does() {
        let image = motley(16, 24);
        let rolled =
            RgbaImage::from_fn(16, 24, |x, y| *image.get_pixel((x + 5) % 16, (y + 11) % 24));
        let (out, moved) = (
            enlarged(&image, Edges::WRAP),
            enlarged(&rolled, Edges::WRAP),
        );
        for (x, y, pixel) in moved.enumerate_pixels() {
            let from = out.get_pixel((x + 5 * K) % out.width(), (y + 11 * K) % out.height());
            assert_eq!(pixel, from, "{x}, {y}");
        }
        assert_ne!(out, enlarged(&image, Edges::CLAMP));
    }

    #[test]
    fn turned_and_mirrored_pictures_give_the_same() {
        let image = motley(16, 16);
        let out = enlarged(&image, Edges::CLAMP);
        let same = |a: &RgbaImage, b: &RgbaImage, how: &str| {
            for (p, q) in a.pixels().zip(b.pixels()) {
                // Sums in another order.
                assert!((0..3).all(|c| p.0[c].abs_diff(q.0[c]) <= 1), "{how}");
            }
        };
        use image::imageops::{flip_horizontal, rotate90};
        let turned = enlarged(&rotate90(&image), Edges::CLAMP);
        same(&turned, &rotate90(&out), "turned");
        let mirrored = enlarged(&flip_horizontal(&image), Edges::CLAMP);
        same(&mirrored, &flip_horizontal(&out), "mirrored");
    }

    #[test]
    fn tiles_agree_and_colours_come_from_the_picture() {
        let image = motley(48, 40);
        let scale = Scale::new(K).unwrap();
        let mut xbr = Xbr::new(scale);
        let mut planes = RgbPlanes::new(48, 40);
        for channel in 0..3 {
            let values = image
                .pixels()
                .map(|pixel| f32::from(pixel.0[channel]) / 255.0);
            let values: Vec<f32> = values.collect();
            planes.plane_mut(channel).copy_from_slice(&values);
        }
        let whole = xbr
            .upscale(std::slice::from_ref(&planes), TileEdges::ZERO)
            .unwrap();
        let tiled = enlarged(&image, Edges::CLAMP);
        for channel in 0..3 {
            let values = whole[0].plane(channel).iter().zip(tiled.pixels());
            for (value, pixel) in values {
                let value = (value * 255.0 + 0.5) as u8;
                assert_eq!(value, pixel.0[channel]);
            }
        }
        assert!(
            whole[0]
                .data
                .iter()
                .all(|value| (0.0..=1.0).contains(value))
        );
        // Every rule was used: something is cut, and something is not.
        let kept = tiled
            .enumerate_pixels()
            .filter(|(x, y, pixel)| image.get_pixel(x / K, y / K) == *pixel)
            .count();
        let share = kept as f64 / f64::from(48 * 40 * K * K);
        assert!((0.5..0.98).contains(&share), "{share}");
    }
}
