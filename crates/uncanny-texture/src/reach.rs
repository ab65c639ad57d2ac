//! Lets a network of a small enlargement reach a larger one: by running it again on its own output, or by a resize.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    RgbPlanes, Scale, TileEdges, Tiling, UpscaleError, Upscaler,
    resample::{Axis, Kernel, resample},
};

/// How a network reaches an enlargement beyond its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// The network runs on its own output until that is large enough; what is too much is averaged away (4x twice is
    /// 16x, and 8x of it). One that does not enlarge at all is resized.
    Again,
    /// The network runs once, and a Lanczos resize does the rest.
    #[default]
    Resize,
}

impl FromStr for Reach {
    type Err = String;

    fn from_str(text: &str) -> Result<Reach, String> {
        match text {
            "again" => Ok(Reach::Again),
            "resize" => Ok(Reach::Resize),
            _ => Err(format!("{text:?} is neither again nor resize")),
        }
    }
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reach::Again => "again",
            Reach::Resize => "resize",
        })
    }
}

/// The same upscaler where it reaches `scale` by itself, and otherwise one that gets there as `reach` says.
#[must_use]
pub fn reach(upscaler: Box<dyn Upscaler>, scale: Scale, reach: Reach) -> Box<dyn Upscaler> {
    let own = upscaler.scale().get();
    if own >= scale.get() {
        return upscaler;
    }
    let mut times = 1;
    if reach == Reach::Again && own > 1 {
        while own.pow(times) < scale.get() {
            times += 1;
        }
    }
    Box::new(Reaching {
        inner: upscaler,
        scale,
        times,
    })
}

/// An upscaler that enlarges by more than its network does.
struct Reaching {
    inner: Box<dyn Upscaler>,
    scale: Scale,
    /// How often the network runs on each tile.
    times: u32,
}

impl Reaching {
    /// Texels of context that the network itself wants on each side.
    fn inner_context(&self) -> u32 {
        let Tiling { tile, stride, .. } = self.inner.tiling();
        (tile - stride.min(tile)) / 2
    }

    /// Texels of context for all its runs: each one's border is the next one's context, `own` times as large.
    fn context(&self) -> u32 {
        let own = self.inner.scale().get();
        let context = self.inner_context();
        let more: u32 = (1..self.times)
            .map(|run| context.div_ceil(own.pow(run)))
            .sum();
        // Where no network made the pixels that are resized, Lanczos sees three texels further.
        let resize = if own == 1 { 3 } else { 0 };
        // By fours, as some networks look at squares of pixels.
        (context + more + resize).next_multiple_of(4)
    }

    /// One tile's later runs. `tile` is the first run's output.
    fn again(&mut self, mut tile: RgbPlanes, edges: TileEdges) -> Result<RgbPlanes, UpscaleError> {
        let own = self.inner.scale().get();
        // Of a cell that went whole there is nothing to crop.
        let crops = self.inner.tiling().whole == 0;
        let wanted = self.inner_context().next_multiple_of(4);
        // Context that is left at each run, in its own pixels.
        let mut left = self.context() * own;
        let mut cropped = 0;
        for _ in 1..self.times {
            let spare = left.saturating_sub(wanted);
            let spare = if crops && 2 * spare < tile.width.min(tile.height) {
                spare
            } else {
                0
            };
            tile = crop(&tile, spare);
            let larger = self.inner.upscale(&[tile], edges)?;
            tile = larger.into_iter().next().ok_or_else(|| {
                UpscaleError::new(format!("{} gave no tile for a tile", self.inner.name()))
            })?;
            cropped = (cropped + spare) * own;
            left = (left - spare) * own;
        }
        Ok(pad(&tile, cropped))
    }
}

impl Upscaler for Reaching {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn fingerprint(&self) -> [u8; 32] {
        let mut mixed = self.inner.fingerprint();
        // The network's own fingerprint is a hash or a short name: its last bytes tell these apart, and a first one
        // the versions of this file.
        mixed[0] ^= 1;
        mixed[30] ^= self.times as u8;
        mixed[31] ^= self.scale.get() as u8;
        mixed
    }

    fn scale(&self) -> Scale {
        self.scale
    }

    fn tiling(&self) -> Tiling {
        let inner = self.inner.tiling();
        let context = self.context();
        Tiling {
            tile: inner.stride + 2 * context,
            // The runs to come see tiles that are larger already.
            largest: inner.largest / self.inner.scale().get().pow(self.times - 1),
            whole: inner.whole / self.inner.scale().get().pow(self.times - 1),
            ..inner
        }
    }

    fn batch(&self) -> usize {
        self.inner.batch()
    }

    fn upscale(
        &mut self,
        tiles: &[RgbPlanes],
        edges: TileEdges,
    ) -> Result<Vec<RgbPlanes>, UpscaleError> {
        let enlarged = self.inner.upscale(tiles, edges)?;
        let mut done = Vec::with_capacity(tiles.len());
        for (tile, enlarged) in tiles.iter().zip(enlarged) {
            let enlarged = match self.times {
                1 => enlarged,
                _ => self.again(enlarged, edges)?,
            };
            let k = self.scale.get();
            done.push(resize(&enlarged, tile.width * k, tile.height * k, edges));
        }
        Ok(done)
    }
}

/// To another size, larger by Lanczos with three lobes, smaller by averaging areas; clamped to 0..1.
fn resize(planes: &RgbPlanes, width: u32, height: u32, edges: TileEdges) -> RgbPlanes {
    if (planes.width, planes.height) == (width, height) {
        return planes.clone();
    }
    let kernel = if width > planes.width {
        Kernel::Lanczos3
    } else {
        Kernel::Box
    };
    let x = Axis::new(planes.width, width, kernel, edges.x);
    let y = Axis::new(planes.height, height, kernel, edges.y);
    let mut out = planes.map_planes(width, height, |plane| {
        resample(plane, planes.width as usize, &x, &y)
    });
    for value in &mut out.data {
        *value = value.clamp(0.0, 1.0);
    }
    out
}

/// Without `margin` pixels on each side.
fn crop(planes: &RgbPlanes, margin: u32) -> RgbPlanes {
    around(planes, -i64::from(margin))
}

/// With `margin` pixels more on each side, the border's repeated: they are context, which nobody looks at.
fn pad(planes: &RgbPlanes, margin: u32) -> RgbPlanes {
    around(planes, i64::from(margin))
}

fn around(planes: &RgbPlanes, margin: i64) -> RgbPlanes {
    if margin == 0 {
        return planes.clone();
    }
    let (width, height) = (i64::from(planes.width), i64::from(planes.height));
    let side = |length: i64| (length + 2 * margin) as u32;
    let at = |position: i64, length: i64| (position - margin).clamp(0, length - 1);
    planes.map_planes(side(width), side(height), |plane| {
        let rows = 0..i64::from(side(height));
        rows.flat_map(|y| {
            let from = (at(y, height) * width) as usize;
            let row = &plane[from..from + width as usize];
            (0..i64::from(side(width))).map(move |x| row[at(x, width) as usize])
        })
        .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cell, Edges, Lanczos, Nearest, Recipe, Rect, RgbaImage, TileGrid, enhance};

    fn scale(k: u32) -> Scale {
        Scale::new(k).unwrap()
    }

    fn noise(side: u32) -> RgbaImage {
        RgbaImage::from_fn(side, side, |x, y| {
            let value = (x * 37 + y * 91 + x * y * 13) % 200;
            [value as u8, (value / 2) as u8, (255 - value) as u8, 255].into()
        })
    }

    #[test]
    fn repeated_pixels_stay_repeated_pixels() {
        // 4x twice, averaged, is exactly 8x where pixels are only repeated.
        let image = noise(16);
        let recipe = Recipe::new(vec![Cell::whole(16, 16, Edges::WRAP)], scale(8));
        let direct = enhance(&image, &recipe, &mut Nearest::new(scale(8))).unwrap();
        for own in [2, 4] {
            let mut again = reach(Box::new(Nearest::new(scale(own))), scale(8), Reach::Again);
            assert_eq!(again.scale().get(), 8);
            let found = enhance(&image, &recipe, again.as_mut()).unwrap();
            assert!(found == direct, "{own}x again");
        }
    }

    #[test]
    fn runs_on_cropped_tiles_leave_no_joint() {
        for (own, how) in [
            (2, Reach::Again),
            (4, Reach::Again),
            (4, Reach::Resize),
            (1, Reach::Resize),
        ] {
            let mut reaching = reach(Box::new(Lanczos::new(scale(own))), scale(8), how);
            let image = noise(48);
            let tiling = reaching.tiling();
            let rect = Rect {
                x: 0,
                y: 0,
                width: 48,
                height: 48,
            };
            let planes = RgbPlanes {
                width: 48,
                height: 48,
                data: (0..3)
                    .flat_map(|c| image.pixels().map(move |p| f32::from(p.0[c]) / 255.0))
                    .collect(),
            };
            let mut run = |tiling: Tiling| {
                let grid = TileGrid::new(48, 48, Edges::WRAP, tiling);
                let mut blend = grid.blend(scale(8));
                for number in 0..grid.len() {
                    let tile = grid.cut(&planes, rect, Edges::WRAP, number);
                    blend.place(number, &reaching.upscale(&[tile], grid.edges()).unwrap()[0]);
                }
                blend.finish()
            };
            let context = tiling.tile - tiling.stride;
            let tiled = run(Tiling::fixed(16 + context, 16, 0));
            let whole = run(Tiling::fixed(48 + context, 48, 0));
            let pairs = tiled.data.iter().zip(&whole.data);
            let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 0.5 / 255.0, "{own}x {how}: {worst}");
        }
    }

    #[test]
    fn what_reaches_by_itself_is_left_alone() {
        let lanczos = || Box::new(Lanczos::new(scale(8)));
        let own = lanczos().fingerprint();
        assert_eq!(reach(lanczos(), scale(4), Reach::Again).fingerprint(), own);
        let four = || Box::new(Lanczos::new(scale(4)));
        let prints = [
            four().fingerprint(),
            reach(four(), scale(8), Reach::Again).fingerprint(),
            reach(four(), scale(8), Reach::Resize).fingerprint(),
            reach(four(), scale(16), Reach::Again).fingerprint(),
            own,
        ];
        for (i, one) in prints.iter().enumerate() {
            assert!(prints[..i].iter().all(|other| other != one), "{i}");
        }
    }
}
