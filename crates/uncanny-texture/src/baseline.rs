//! Classical upscalers with the network's contract: what a network must beat, and what tests use instead of one.

use crate::{
    Padding, RgbPlanes, Scale, TileEdges, Tiling, UpscaleError, Upscaler,
    resample::{Axis, Kernel, resample},
};

/// Replicates texels.
#[derive(Debug, Clone, Copy)]
pub struct Nearest(Scale);

impl Nearest {
    /// At that scale.
    #[must_use]
    pub fn new(scale: Scale) -> Nearest {
        Nearest(scale)
    }
}

impl Upscaler for Nearest {
    fn name(&self) -> &str {
        "nearest"
    }

    fn fingerprint(&self) -> [u8; 32] {
        fingerprint("nearest 1", self.0)
    }

    fn scale(&self) -> Scale {
        self.0
    }

    fn tiling(&self) -> Tiling {
        Tiling::fixed(16, 16, 0)
    }

    fn batch(&self) -> usize {
        64
    }

    fn upscale(
        &mut self,
        tiles: &[RgbPlanes],
        _: TileEdges,
    ) -> Result<Vec<RgbPlanes>, UpscaleError> {
        Ok(tiles.iter().map(|tile| nearest(tile, self.0)).collect())
    }
}

pub(crate) fn nearest(tile: &RgbPlanes, scale: Scale) -> RgbPlanes {
    let k = scale.get();
    tile.map_planes(tile.width * k, tile.height * k, |plane| {
        let mut out = Vec::with_capacity(plane.len() * (k * k) as usize);
        for row in plane.chunks_exact(tile.width as usize) {
            let start = out.len();
            out.extend(
                row.iter()
                    .flat_map(|&value| std::iter::repeat_n(value, k as usize)),
            );
            for _ in 1..k {
                out.extend_from_within(start..start + row.len() * k as usize);
            }
        }
        out
    })
}

/// Lanczos with three lobes, clamped to 0..1.
#[derive(Debug, Clone, Copy)]
pub struct Lanczos(Scale);

impl Lanczos {
    /// At that scale.
    #[must_use]
    pub fn new(scale: Scale) -> Lanczos {
        Lanczos(scale)
    }
}

impl Upscaler for Lanczos {
    fn name(&self) -> &str {
        "lanczos"
    }

    fn fingerprint(&self) -> [u8; 32] {
        fingerprint("lanczos 1", self.0)
    }

    fn scale(&self) -> Scale {
        self.0
    }

    fn tiling(&self) -> Tiling {
        // Three lobes see three texels; four on each side leave the core exact.
        Tiling::fixed(24, 16, 0)
    }

    fn batch(&self) -> usize {
        64
    }

    fn upscale(
        &mut self,
        tiles: &[RgbPlanes],
        _: TileEdges,
    ) -> Result<Vec<RgbPlanes>, UpscaleError> {
        let Some(first) = tiles.first() else {
            return Ok(Vec::new());
        };
        let k = self.0.get();
        let (width, height) = (first.width, first.height);
        let x = Axis::new(width, width * k, Kernel::Lanczos3, Padding::Zero);
        let y = Axis::new(height, height * k, Kernel::Lanczos3, Padding::Zero);
        let enlarge = |tile: &RgbPlanes| {
            let mut out = tile.map_planes(width * k, height * k, |plane| {
                resample(plane, width as usize, &x, &y)
            });
            out.data
                .iter_mut()
                .for_each(|value| *value = value.clamp(0.0, 1.0));
            out
        };
        Ok(tiles.iter().map(enlarge).collect())
    }
}

pub(crate) fn fingerprint(name: &str, scale: Scale) -> [u8; 32] {
    let mut out = [0; 32];
    out[..name.len()].copy_from_slice(name.as_bytes());
    out[31] = scale.get() as u8;
    out
}
