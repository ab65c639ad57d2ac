//! Cutting a cell into tiles for the network and blending the enlarged tiles back together.
//!
//! A network that pads its own edges gets a cell whole, up to a size: then there is one tile, and no context where it
//! wraps. Otherwise tiles lie `stride` apart, and each owns a core of `stride` x `stride` texels; what surrounds the core is context,
//! read beyond the cell's sides by its edge rule. Where two cores meet, a smooth ramp `feather` texels wide, centred
//! on the border, leads from one tile to the other; the weights sum to 1 everywhere. In a wrapping cell the last
//! core meets the first one in the same way, so the result is periodic exactly.

use crate::{Cell, Edge, Edges, Padding, Rect, Scale, TileEdges};

/// Planar RGB in 0..1: planes R, G, B, each row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct RgbPlanes {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `3 * height * width` values.
    pub data: Vec<f32>,
}

impl RgbPlanes {
    /// All zero.
    #[must_use]
    pub fn new(width: u32, height: u32) -> RgbPlanes {
        RgbPlanes {
            width,
            height,
            data: vec![0.0; 3 * width as usize * height as usize],
        }
    }

    /// One channel's values.
    #[must_use]
    pub fn plane(&self, channel: usize) -> &[f32] {
        let area = self.width as usize * self.height as usize;
        &self.data[channel * area..(channel + 1) * area]
    }

    pub(crate) fn plane_mut(&mut self, channel: usize) -> &mut [f32] {
        let area = self.width as usize * self.height as usize;
        &mut self.data[channel * area..(channel + 1) * area]
    }

    /// Every channel through the same function of its plane.
    pub(crate) fn map_planes(
        &self,
        width: u32,
        height: u32,
        f: impl Fn(&[f32]) -> Vec<f32>,
    ) -> RgbPlanes {
        let data: Vec<f32> = (0..3).flat_map(|channel| f(self.plane(channel))).collect();
        debug_assert_eq!(data.len(), 3 * width as usize * height as usize);
        RgbPlanes {
            width,
            height,
            data,
        }
    }
}

/// How an image is cut for a network, in low-res texels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tiling {
    /// Side of the square fed to the network.
    pub tile: u32,
    /// Distance between tiles; `(tile - stride) / 2` texels on each side are context.
    pub stride: u32,
    /// Width of the ramp between neighbouring tiles: 0 crops the context away, `tile - stride` uses all of it.
    pub feather: u32,
    /// The stride that tiles may grow to in larger cells, with the same context around it: many small tiles would
    /// be mostly context. As small as `stride` or smaller: they never grow.
    pub largest: u32,
    /// Up to this many texels a cell goes through in one piece along an axis: what lies beyond is the network's own
    /// padding. An axis that wraps needs no context then. One that ends has half of it, its outermost texels repeated:
    /// a network that learned from zeros draws rims where its features are repeated at once. (Against 16 texels of
    /// context, on 17 block textures: `textures` with 3 is 0.17 levels off, with 6 over zeros 0.25, with none 4.1;
    /// `faces` with 2 is 0.001 off, with 4 over zeros 0.04, with none 5.8.) 0 for networks that cannot pad.
    pub whole: u32,
}

impl Tiling {
    /// Tiles of one size, whatever the cell's.
    #[must_use]
    pub const fn fixed(tile: u32, stride: u32, feather: u32) -> Tiling {
        Tiling {
            tile,
            stride,
            feather,
            largest: stride,
            whole: 0,
        }
    }

    /// Texels of a usual tile: a game texture, with context around it where the network cannot pad.
    #[must_use]
    pub fn texels(self) -> usize {
        let side = match self.whole {
            0 => self.tile,
            _ => self.stride,
        };
        (side as usize).pow(2).max(1)
    }

    /// How a cell of that size is cut, along each axis. Where none goes whole, tiles are square, and the stride is
    /// doubled while it is less than the cell's shorter side and stays within `largest`.
    fn in_cell(self, width: u32, height: u32) -> (Tiling, Tiling) {
        let own = self.stride.max(1);
        if self.whole > 0 {
            return (self.along(width), self.along(height));
        }
        let mut stride = own;
        while stride < width.min(height) && stride <= self.largest / 2 {
            stride *= 2;
        }
        let grown = self.with_stride(stride);
        (grown, grown)
    }

    /// So few tiles as `largest` lets, about equal, a multiple of the stride apart.
    fn along(self, size: u32) -> Tiling {
        let own = self.stride.max(1);
        let count = size.div_ceil(self.largest.max(own)).max(1);
        self.with_stride(size.div_ceil(count).next_multiple_of(own))
    }

    /// The same context around another stride.
    fn with_stride(self, stride: u32) -> Tiling {
        Tiling {
            tile: self.tile + stride - self.stride.max(1),
            stride,
            ..self
        }
    }
}

/// The tiles of one cell.
#[derive(Debug, Clone)]
pub struct TileGrid {
    x: GridAxis,
    y: GridAxis,
}

/// One direction of a grid: tiles of a row or column.
#[derive(Debug, Clone)]
struct GridAxis {
    /// First texel of each tile, relative to the cell.
    starts: Vec<i64>,
    /// For each tile, the core's texels, clipped to the cell.
    cores: Vec<(i64, i64)>,
    /// Texels of each tile.
    tile: u32,
    /// Beyond its ends.
    padding: Padding,
    size: u32,
    feather: u32,
    wraps: bool,
}

impl GridAxis {
    fn new(size: u32, tiling: Tiling, sides: (Edge, Edge)) -> GridAxis {
        let wraps = sides == (Edge::Wrap, Edge::Wrap);
        let ends = |edge| matches!(edge, Edge::Clamp | Edge::Transparent);
        if (1..=tiling.whole).contains(&size) && (wraps || ends(sides.0) && ends(sides.1)) {
            let context = tiling.tile.saturating_sub(tiling.stride) / 2;
            let around = if wraps { 0 } else { context.div_ceil(2) };
            return GridAxis {
                starts: vec![-i64::from(around)],
                cores: vec![(0, i64::from(size))],
                tile: size + 2 * around,
                padding: if wraps {
                    Padding::Wrap
                } else {
                    Padding::Replicate
                },
                size,
                feather: 0,
                wraps,
            };
        }
        let stride = tiling.stride.clamp(1, tiling.tile.max(1));
        let spare = tiling.tile.max(1) - stride;
        let count = size.div_ceil(stride);
        // A cell that is no multiple of the stride sits in the middle of its tiles.
        let origin = -i64::from((count * stride - size) / 2);
        let corner = |i: u32| origin + i64::from(i) * i64::from(stride);
        GridAxis {
            starts: (0..count)
                .map(|i| corner(i) - i64::from(spare / 2))
                .collect(),
            cores: (0..count)
                .map(|i| (corner(i).max(0), corner(i + 1).min(i64::from(size))))
                .collect(),
            tile: tiling.tile.max(1),
            // Beyond the context, where it hardly matters any more.
            padding: if tiling.whole > 0 {
                Padding::Replicate
            } else {
                Padding::Zero
            },
            size,
            // An odd spare texel lies after the core; a ramp must not reach beyond what every tile covers.
            feather: tiling.feather.min(spare / 2 * 2),
            wraps,
        }
    }

    /// Texels of tile `i` that reach the output, relative to the cell; may lie beyond it when it wraps.
    fn reach(&self, i: usize) -> (i64, i64) {
        let half = i64::from(self.feather.div_ceil(2));
        let (from, to) = self.cores[i];
        let before = if i == 0 && !self.wraps { 0 } else { half };
        let after = if i + 1 == self.cores.len() && !self.wraps {
            0
        } else {
            half
        };
        (from - before, to + after)
    }

    /// Weight of tile `i` at a high-res position, before normalisation.
    fn raw(&self, i: usize, position: f64) -> f64 {
        let (from, to) = self.cores[i];
        let half = f64::from(self.feather) / 2.0;
        let rise = |distance: f64| {
            if half == 0.0 {
                return f64::from(distance >= 0.0);
            }
            let t = ((distance + half) / (2.0 * half)).clamp(0.0, 1.0);
            t * t * (3.0 - 2.0 * t)
        };
        let before = if i == 0 && !self.wraps {
            1.0
        } else {
            rise(position - from as f64)
        };
        let after = if i + 1 == self.cores.len() && !self.wraps {
            1.0
        } else {
            rise(to as f64 - position)
        };
        before * after
    }

    /// For each tile, the high-res pixels it contributes to: (pixel of the tile, pixel of the cell, weight).
    fn weights(&self, scale: u32) -> Vec<Vec<(u32, u32, f32)>> {
        let size = i64::from(self.size) * i64::from(scale);
        let mut sums = vec![0.0; size as usize];
        let mut rows = Vec::with_capacity(self.starts.len());
        for i in 0..self.starts.len() {
            let (from, to) = self.reach(i);
            let mut row = Vec::new();
            for high in from * i64::from(scale)..to * i64::from(scale) {
                let weight = self.raw(i, (high as f64 + 0.5) / f64::from(scale));
                let target = if self.wraps {
                    high.rem_euclid(size)
                } else {
                    high
                };
                if weight > 0.0 && (0..size).contains(&target) {
                    sums[target as usize] += weight;
                    row.push((high - self.starts[i] * i64::from(scale), target, weight));
                }
            }
            rows.push(row);
        }
        rows.into_iter()
            .map(|row| {
                row.into_iter()
                    .map(|(source, target, weight)| {
                        (
                            source as u32,
                            target as u32,
                            (weight / sums[target as usize]) as f32,
                        )
                    })
                    .collect()
            })
            .collect()
    }
}

impl TileGrid {
    /// The grid of a cell of that size.
    #[must_use]
    pub fn new(width: u32, height: u32, edges: Edges, tiling: Tiling) -> TileGrid {
        let (x, y) = tiling.in_cell(width, height);
        TileGrid {
            x: GridAxis::new(width, x, (edges.left, edges.right)),
            y: GridAxis::new(height, y, (edges.top, edges.bottom)),
        }
    }

    /// How many tiles there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.x.starts.len() * self.y.starts.len()
    }

    /// Columns and rows of each of its tiles, in texels.
    #[must_use]
    pub fn tile(&self) -> (u32, u32) {
        (self.x.tile, self.y.tile)
    }

    /// What the network is to see beyond the sides of each of its tiles.
    #[must_use]
    pub fn edges(&self) -> TileEdges {
        TileEdges {
            x: self.x.padding,
            y: self.y.padding,
        }
    }

    /// Whether the cell has no area.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn position(&self, tile: usize) -> (usize, usize) {
        (tile % self.x.starts.len(), tile / self.x.starts.len())
    }

    /// The texels of the cell that a tile reaches, as (x, y) pairs inside the cell's own rectangle.
    pub(crate) fn reached(&self, tile: usize) -> impl Iterator<Item = (u32, u32)> + '_ {
        let (column, row) = self.position(tile);
        let range = |axis: &GridAxis, i: usize| {
            let (from, to) = axis.reach(i);
            let size = i64::from(axis.size);
            let wraps = axis.wraps;
            // One texel more than the ramp: an upscaled silhouette may spill over by a part of a texel.
            (from - 1..to + 1).filter_map(move |p| {
                let p = if wraps { p.rem_euclid(size) } else { p };
                (0..size).contains(&p).then_some(p as u32)
            })
        };
        let columns: Vec<u32> = range(&self.x, column).collect();
        range(&self.y, row).flat_map(move |y| columns.clone().into_iter().map(move |x| (x, y)))
    }

    /// Cuts one tile out of an image: `cell` is where the grid lies in it.
    #[must_use]
    pub fn cut(&self, image: &RgbPlanes, cell: Rect, edges: Edges, tile: usize) -> RgbPlanes {
        let (column, row) = self.position(tile);
        let start = (self.x.starts[column], self.y.starts[row]);
        let (width, height) = self.tile();
        let (xs, ys) = window(
            &Cell { rect: cell, edges },
            start,
            (width, height),
            (image.width, image.height),
        );
        let mut out = RgbPlanes::new(width, height);
        for channel in 0..3 {
            let from = image.plane(channel);
            let to = out.plane_mut(channel);
            for (line, y) in to.chunks_exact_mut(width as usize).zip(&ys) {
                let source = &from[y.at as usize * image.width as usize..][..image.width as usize];
                line.iter_mut()
                    .zip(&xs)
                    .for_each(|(value, x)| *value = source[x.at as usize]);
            }
        }
        out
    }

    /// The weights that blend the enlarged tiles.
    #[must_use]
    pub fn blend(&self, scale: Scale) -> TileBlend {
        let k = scale.get();
        TileBlend {
            x: self.x.weights(k),
            y: self.y.weights(k),
            sum: RgbPlanes::new(self.x.size * k, self.y.size * k),
        }
    }
}

/// Enlarged tiles on their way to becoming one picture.
#[derive(Debug, Clone)]
pub struct TileBlend {
    x: Vec<Vec<(u32, u32, f32)>>,
    y: Vec<Vec<(u32, u32, f32)>>,
    sum: RgbPlanes,
}

impl TileBlend {
    /// Adds an enlarged tile.
    pub fn place(&mut self, tile: usize, upscaled: &RgbPlanes) {
        let xs = &self.x[tile % self.x.len()];
        let ys = &self.y[tile / self.x.len()];
        let width = self.sum.width as usize;
        for channel in 0..3 {
            let from = upscaled.plane(channel);
            let to = self.sum.plane_mut(channel);
            for &(source_y, target_y, weight_y) in ys {
                let source =
                    &from[source_y as usize * upscaled.width as usize..][..upscaled.width as usize];
                let target = &mut to[target_y as usize * width..][..width];
                for &(source_x, target_x, weight_x) in xs {
                    target[target_x as usize] += source[source_x as usize] * (weight_x * weight_y);
                }
            }
        }
    }

    /// The blended picture, once every tile has been placed.
    #[must_use]
    pub fn finish(self) -> RgbPlanes {
        self.sum
    }
}

/// Where a position in or around a cell is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Read {
    /// Column or row of the image.
    pub(crate) at: u32,
    /// Beyond a transparent side: alpha there is 0.
    pub(crate) beyond: bool,
}

/// Columns and rows of a window on a cell, by the cell's edge rules: `size` positions from `start`, which is relative
/// to the cell and may lie outside it. `image` is the whole picture's size.
pub(crate) fn window(
    cell: &Cell,
    start: (i64, i64),
    size: (u32, u32),
    image: (u32, u32),
) -> (Vec<Read>, Vec<Read>) {
    let Cell { rect, edges } = *cell;
    let columns = lookup(
        start.0,
        size.0,
        (rect.x, rect.width),
        (edges.left, edges.right),
        image.0,
    );
    let rows = lookup(
        start.1,
        size.1,
        (rect.y, rect.height),
        (edges.top, edges.bottom),
        image.1,
    );
    (columns, rows)
}

/// Columns and rows of a cell with `margin` texels around it.
pub(crate) fn margined(cell: &Cell, margin: u32, image: (u32, u32)) -> (Vec<Read>, Vec<Read>) {
    let start = -i64::from(margin);
    let size = (cell.rect.width + 2 * margin, cell.rect.height + 2 * margin);
    window(cell, (start, start), size, image)
}

/// Reads `count` positions from `start` (relative to the cell) along one axis by the edge rules.
fn lookup(
    start: i64,
    count: u32,
    (origin, size): (u32, u32),
    (before, after): (Edge, Edge),
    limit: u32,
) -> Vec<Read> {
    let (origin, size, limit) = (i64::from(origin), i64::from(size), i64::from(limit));
    (start..start + i64::from(count))
        .map(|position| {
            let edge = if position < 0 {
                before
            } else if position >= size {
                after
            } else {
                return Read {
                    at: (origin + position) as u32,
                    beyond: false,
                };
            };
            let at = match edge {
                Edge::Wrap => origin + position.rem_euclid(size),
                Edge::Clamp | Edge::Transparent => origin + position.clamp(0, size - 1),
                Edge::Neighbour => (origin + position).clamp(0, limit - 1),
            };
            Read {
                at: at as u32,
                beyond: edge == Edge::Transparent,
            }
        })
        .collect()
}
