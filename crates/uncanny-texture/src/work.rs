//! One texture's way from texels to enhanced pixels, in stages, so that a caller can batch the tiles of many.

use std::sync::Arc;

use image::{Rgba, RgbaImage};

use crate::{
    Cell, Channels, Rect, RgbPlanes, Scale, TileGrid, Tiling, UpscaleError, Upscaler, alpha::bleed,
    tile::TileBlend,
};

/// How a texture's pixels are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// By the upscaler.
    Network,
    /// By replication.
    Nearest,
}

/// How a texture's alpha is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AlphaRule {
    /// Upscaled smoothly on its own, then returned to its class: opaque, binary or translucent.
    KeepClass,
    /// Replicated: the low-res silhouette.
    Nearest,
}

/// What is to be done with one texture.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    /// How the pixels are made.
    pub method: Method,
    /// Disjoint rectangles enhanced each on its own; pixels outside every cell are replicated.
    pub cells: Vec<Cell>,
    /// What the channels mean.
    pub channels: Channels,
    /// How alpha is made.
    pub alpha: AlphaRule,
    /// The output has R = G = B.
    pub grey: bool,
    /// The only colours that may occur in the output.
    pub palette: Option<Vec<[u8; 3]>>,
    /// Glyph cells: alpha only, and the right edge of each cell's ink stays where it was.
    pub glyphs: bool,
    /// Colour under alpha 0 stays what it was.
    pub keep_hidden_rgb: bool,
    /// How far the output, averaged back, must return the original: 0 (not at all) to 1 (exactly).
    pub fidelity: f32,
    /// The network sees texels that were enlarged and shrunk back once.
    pub preblur: bool,
    /// How often the network is run, each time on its own output shrunk back; at least 1.
    pub iterations: u32,
    /// Scale of the output; at most the upscaler's.
    pub scale: Scale,
}

impl Recipe {
    /// The plain case: colour through the network, alpha kept in its class.
    #[must_use]
    pub fn new(cells: Vec<Cell>, scale: Scale) -> Recipe {
        Recipe {
            method: Method::Network,
            cells,
            channels: Channels::Colour,
            alpha: AlphaRule::KeepClass,
            grey: false,
            palette: None,
            glyphs: false,
            keep_hidden_rgb: false,
            fidelity: 0.0,
            preblur: false,
            iterations: 1,
            scale,
        }
    }
}

/// One texture on its way: hand [`tiles`](Work::tiles) to the upscaler, its answer to [`advance`](Work::advance),
/// until [`is_done`](Work::is_done); then [`finish`](Work::finish).
#[derive(Debug, Clone)]
pub struct Work {
    image: RgbaImage,
    recipe: Recipe,
    network_scale: Scale,
    grids: Vec<(Cell, TileGrid)>,
    blends: Vec<TileBlend>,
    /// Grid and tile number of each of `tiles`.
    origins: Vec<(usize, usize)>,
    tiles: Vec<RgbPlanes>,
}

impl Work {
    /// Bleeds, and cuts the first tiles.
    #[must_use]
    pub fn new(image: RgbaImage, recipe: Recipe, network_scale: Scale, tiling: Tiling) -> Work {
        let (width, height) = image.dimensions();
        let mut work = Work {
            image,
            recipe,
            network_scale,
            grids: Vec::new(),
            blends: Vec::new(),
            origins: Vec::new(),
            tiles: Vec::new(),
        };
        if work.recipe.method == Method::Nearest
            || work.recipe.channels != Channels::Colour
            || work.recipe.glyphs
        {
            return work;
        }
        let mut bled = work.image.clone();
        for cell in &work.recipe.cells {
            let Some(rect) = cell.rect.clipped(width, height) else {
                continue;
            };
            let wraps = (cell.edges.wraps_x(), cell.edges.wraps_y());
            if bleed(&mut bled, rect, wraps, |pixel| pixel[3] > 0) {
                let grid = TileGrid::new(rect.width, rect.height, cell.edges, tiling);
                work.grids.push((
                    Cell {
                        rect,
                        edges: cell.edges,
                    },
                    grid,
                ));
            }
        }
        let low = planes(&bled);
        for (g, (cell, grid)) in work.grids.iter().enumerate() {
            work.blends.push(grid.blend(network_scale));
            for tile in 0..grid.len() {
                work.origins.push((g, tile));
                work.tiles.push(grid.cut(&low, cell.rect, cell.edges, tile));
            }
        }
        work
    }

    /// What the upscaler must see next; empty when there is nothing to do.
    #[must_use]
    pub fn tiles(&self) -> &[RgbPlanes] {
        &self.tiles
    }

    /// Takes one enlarged tile at once, so that not all of a large texture's need to be held; every tile once, in
    /// order, then [`step`](Work::step).
    pub fn place(&mut self, tile: usize, upscaled: &RgbPlanes) {
        let (grid, number) = self.origins[tile];
        self.blends[grid].place(number, upscaled);
    }

    /// After every tile has been placed: cuts the next iteration's tiles, or is done.
    pub fn step(&mut self) {
        self.tiles.clear();
    }

    /// Takes all enlarged tiles, in the order of [`tiles`](Work::tiles): [`place`](Work::place) each, then
    /// [`step`](Work::step).
    pub fn advance(&mut self, upscaled: &[Arc<RgbPlanes>]) {
        for (tile, planes) in upscaled.iter().enumerate() {
            self.place(tile, planes);
        }
        self.step();
    }

    /// Whether the upscaler has nothing left to do.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.tiles.is_empty()
    }

    /// Alpha, grey, palette, fidelity, and back to 8 bits.
    #[must_use]
    pub fn finish(self) -> RgbaImage {
        let k = self.recipe.scale.get();
        let mut out = replicate(&self.image, self.recipe.scale);
        for ((cell, _), blend) in self.grids.into_iter().zip(self.blends) {
            let blended = blend.finish();
            if self.network_scale != self.recipe.scale {
                continue;
            }
            let Rect {
                x,
                y,
                width,
                height,
            } = cell.rect.scaled(self.recipe.scale);
            for row in 0..height {
                for column in 0..width {
                    let i = (row * width + column) as usize;
                    let pixel = out.get_pixel_mut(x + column, y + row);
                    for c in 0..3 {
                        pixel.0[c] = (blended.plane(c)[i] * 255.0 + 0.5).clamp(0.0, 255.0) as u8;
                    }
                }
            }
        }
        debug_assert_eq!(out.width(), self.image.width() * k);
        out
    }
}

fn planes(image: &RgbaImage) -> RgbPlanes {
    let (width, height) = image.dimensions();
    let mut out = RgbPlanes::new(width, height);
    for channel in 0..3 {
        for (value, pixel) in out.plane_mut(channel).iter_mut().zip(image.pixels()) {
            *value = f32::from(pixel.0[channel]) / 255.0;
        }
    }
    out
}

fn replicate(image: &RgbaImage, scale: Scale) -> RgbaImage {
    let k = scale.get();
    RgbaImage::from_fn(image.width() * k, image.height() * k, |x, y| -> Rgba<u8> {
        *image.get_pixel(x / k, y / k)
    })
}

/// One texture through one upscaler: the loop over [`Work`].
///
/// # Errors
/// When the upscaler fails.
pub fn enhance(
    image: &RgbaImage,
    recipe: &Recipe,
    upscaler: &mut dyn Upscaler,
) -> Result<RgbaImage, UpscaleError> {
    let mut work = Work::new(
        image.clone(),
        recipe.clone(),
        upscaler.scale(),
        upscaler.tiling(),
    );
    while !work.is_done() {
        let mut next = 0;
        while next < work.tiles().len() {
            let end = (next + upscaler.batch().max(1)).min(work.tiles().len());
            let upscaled = upscaler.upscale(&work.tiles()[next..end])?;
            if upscaled.len() != end - next {
                return Err(UpscaleError::new(format!(
                    "{} gave {} tiles for {}",
                    upscaler.name(),
                    upscaled.len(),
                    end - next
                )));
            }
            upscaled
                .iter()
                .enumerate()
                .for_each(|(i, tile)| work.place(next + i, tile));
            next = end;
        }
        work.step();
    }
    Ok(work.finish())
}
