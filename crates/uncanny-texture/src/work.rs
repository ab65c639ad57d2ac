//! One texture's way from texels to enhanced pixels, in stages, so that a caller can batch the tiles of many.

use image::RgbaImage;
use rayon::prelude::*;

use crate::{
    Cell, Channels, Nudge, Padding, Rect, RgbPlanes, Scale, TileEdges, TileGrid, Tiling,
    UpscaleError, Upscaler,
    baseline::nearest,
    batch::upscale_all,
    bleed::bleed,
    fidelity::{Target, project},
    pbr,
    resample::{Axis, Kernel, resample},
    silhouette,
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
    /// The PNG has an alpha channel even when every pixel is opaque.
    pub alpha_channel: bool,
    /// How far the output, averaged back, must return the original: 0 (not at all) to 1 (exactly).
    pub fidelity: f32,
    /// The network sees texels that were enlarged and shrunk back once.
    pub preblur: bool,
    /// A small change of what the network sees, taken back from what it makes of it.
    pub nudge: Option<Nudge>,
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
            alpha_channel: false,
            fidelity: 0.0,
            preblur: false,
            nudge: None,
            iterations: 1,
            scale,
        }
    }
}

/// One texture on its way: hand [`tiles`](Work::tiles) to the upscaler, [`place`](Work::place) each of its answers and
/// [`step`](Work::step), until [`is_done`](Work::is_done); then [`finish`](Work::finish).
#[derive(Debug, Clone)]
pub struct Work {
    image: RgbaImage,
    /// The image with its colour bled under transparent texels, cell by cell.
    bled: RgbaImage,
    recipe: Recipe,
    network_scale: Scale,
    /// The cells that have something visible, inside the image.
    cells: Vec<Cell>,
    /// Empty unless the network has a say.
    grids: Vec<TileGrid>,
    /// Low-res colours that the tiles are cut from; of the whole image, since a cell may look at its neighbours.
    low: RgbPlanes,
    /// What the network saw first, where it is given a hint of a face: its colours are held from round to round.
    first: Option<RgbPlanes>,
    blends: Vec<TileBlend>,
    blended: Vec<RgbPlanes>,
    /// Grid and number of each of `tiles`.
    origins: Vec<(usize, usize)>,
    tiles: Vec<RgbPlanes>,
    round: u32,
}

impl Work {
    /// Bleeds, and cuts the first tiles. Cells are clipped to the image.
    #[must_use]
    pub fn new(image: RgbaImage, recipe: Recipe, network_scale: Scale, tiling: Tiling) -> Work {
        let (width, height) = image.dimensions();
        let mut bled = image.clone();
        let mut cells = Vec::new();
        let colour = recipe.method == Method::Network && recipe.channels == Channels::Colour;
        if recipe.method == Method::Network && recipe.channels != Channels::Data {
            for cell in &recipe.cells {
                let Some(rect) = cell.rect.clipped(width, height) else {
                    continue;
                };
                let wraps = (cell.edges.wraps_x(), cell.edges.wraps_y());
                if !colour || bleed(&mut bled, rect, wraps, |pixel| pixel[3] > 0) {
                    cells.push(Cell {
                        rect,
                        edges: cell.edges,
                    });
                }
            }
        }
        let mut work = Work {
            image,
            bled,
            recipe,
            network_scale,
            cells,
            grids: Vec::new(),
            low: RgbPlanes::new(0, 0),
            first: None,
            blends: Vec::new(),
            blended: Vec::new(),
            origins: Vec::new(),
            tiles: Vec::new(),
            round: 0,
        };
        if colour && !work.recipe.glyphs && !work.cells.is_empty() {
            let grid =
                |cell: &Cell| TileGrid::new(cell.rect.width, cell.rect.height, cell.edges, tiling);
            work.grids = work.cells.iter().map(grid).collect();
            work.low = planes(&work.bled);
            if work.recipe.grey {
                make_grey(&mut work.low);
            }
            if work.recipe.preblur || work.recipe.nudge.is_some() {
                work.soften();
            }
            if work.recipe.nudge.is_some_and(|nudge| nudge.hint > 0.0) {
                work.first = Some(work.low.clone());
            }
            work.cut();
        }
        work
    }

    /// Every cell enlarged, nudged and shrunk back, so that the network sees what its training inputs looked like.
    fn soften(&mut self) {
        for cell in &self.cells {
            let Rect { width, height, .. } = cell.rect;
            let (x, y) = borders(cell);
            let k = self.network_scale.get();
            let wide = Axis::new(width, width * k, Kernel::Triangle, x);
            let tall = Axis::new(height, height * k, Kernel::Triangle, y);
            let texels = copy_out(&self.low, cell.rect);
            let high = texels.map_planes(width * k, height * k, |plane| {
                resample(plane, width as usize, &wide, &tall)
            });
            let high = match &self.recipe.nudge {
                Some(nudge) => nudge.apply(&high, cell, k),
                None => high,
            };
            copy_in(
                &mut self.low,
                cell.rect,
                &shrink(high, cell, self.network_scale),
            );
        }
    }

    /// Cuts the tiles that reach anything visible; the others are filled in here.
    fn cut(&mut self) {
        self.tiles.clear();
        self.origins.clear();
        self.blends.clear();
        for (g, (cell, grid)) in self.cells.iter().zip(&self.grids).enumerate() {
            let mut blend = grid.blend(self.network_scale);
            for number in 0..grid.len() {
                let tile = grid.cut(&self.low, cell.rect, cell.edges, number);
                let visible = grid
                    .reached(number)
                    .any(|(x, y)| self.image.get_pixel(cell.rect.x + x, cell.rect.y + y).0[3] > 0);
                if visible {
                    self.origins.push((g, number));
                    self.tiles.push(tile);
                } else {
                    blend.place(number, &nearest(&tile, self.network_scale));
                }
            }
            self.blends.push(blend);
        }
    }

    /// What the upscaler must see next; empty when there is nothing to do.
    #[must_use]
    pub fn tiles(&self) -> &[RgbPlanes] {
        &self.tiles
    }

    /// What lies beyond the sides of one of the [`tiles`](Work::tiles).
    ///
    /// # Panics
    /// When there is no such tile.
    #[must_use]
    pub fn edges(&self, tile: usize) -> TileEdges {
        self.grids[self.origins[tile].0].edges()
    }

    /// Takes one enlarged tile, so that not all of a large texture's need to be held at once: every tile once, in
    /// order, then [`step`](Work::step).
    ///
    /// # Panics
    /// When there is no such tile, or the enlarged one is not of the network's scale.
    pub fn place(&mut self, tile: usize, upscaled: &RgbPlanes) {
        let k = self.network_scale.get();
        let size = (self.tiles[tile].width * k, self.tiles[tile].height * k);
        assert_eq!(
            (upscaled.width, upscaled.height),
            size,
            "an enlarged tile has another size than promised"
        );
        let (grid, number) = self.origins[tile];
        self.blends[grid].place(number, upscaled);
    }

    /// After every tile has been placed: cuts the next iteration's tiles, or is done.
    pub fn step(&mut self) {
        if self.tiles.is_empty() {
            return;
        }
        self.tiles.clear();
        self.origins.clear();
        self.blended = std::mem::take(&mut self.blends)
            .into_iter()
            .map(TileBlend::finish)
            .collect();
        if self.recipe.grey {
            self.blended.iter_mut().for_each(make_grey);
        }
        self.round += 1;
        if self.round < self.recipe.iterations.max(1) {
            let blended = std::mem::take(&mut self.blended);
            for (cell, high) in self.cells.iter().zip(blended) {
                let mut low = shrink(high, cell, self.network_scale);
                if let Some(first) = &self.first {
                    hold_colours(&mut low, &copy_out(first, cell.rect));
                }
                copy_in(&mut self.low, cell.rect, &low);
            }
            self.cut();
        } else {
            self.low = RgbPlanes::new(0, 0);
            if let Some(nudge) = &self.recipe.nudge {
                let k = self.network_scale.get();
                for (cell, high) in self.cells.iter().zip(&mut self.blended) {
                    *high = nudge.undo(high, cell, k);
                }
            }
        }
    }

    /// What [`finish`](Work::finish) would give if the iteration whose tiles were just placed were the last one; to be
    /// asked before [`step`](Work::step).
    #[must_use]
    pub fn so_far(&self) -> RgbaImage {
        let mut last = self.clone();
        last.recipe.iterations = last.round + 1;
        last.step();
        last.finish()
    }

    /// Whether the upscaler has nothing left to do.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.tiles.is_empty()
    }

    /// Alpha, grey, palette, fidelity, and back to 8 bits: straight RGBA, `recipe.scale` times as large.
    #[must_use]
    pub fn finish(mut self) -> RgbaImage {
        let scale = self.recipe.scale;
        let mut out = replicate(&self.image, scale);
        if self.recipe.method == Method::Nearest {
            self.snap(&mut out);
            return out;
        }
        let mut blended = std::mem::take(&mut self.blended).into_iter();
        if blended.len() > 0 && self.recipe.fidelity > 0.0 {
            self.low = planes(&self.bled);
            if self.recipe.grey {
                make_grey(&mut self.low);
            }
        }
        let hidden = self.hidden();
        for cell in &self.cells {
            match self.recipe.channels {
                Channels::Colour => {
                    self.finish_colour(&mut out, cell, blended.next(), hidden.as_ref())
                }
                Channels::NormalMap => pbr::normal_map(&mut out, &self.image, cell, scale),
                Channels::SpecularMap => pbr::specular_map(&mut out, &self.image, cell, scale),
                Channels::Data => {}
            }
        }
        self.snap(&mut out);
        out
    }

    /// The colour that invisible texels have, bled under the visible ones, if it is to be kept.
    fn hidden(&self) -> Option<RgbaImage> {
        self.recipe.keep_hidden_rgb.then(|| {
            let mut hidden = self.image.clone();
            for cell in &self.cells {
                let wraps = (cell.edges.wraps_x(), cell.edges.wraps_y());
                bleed(&mut hidden, cell.rect, wraps, |pixel| pixel[3] == 0);
            }
            hidden
        })
    }

    fn finish_colour(
        &self,
        out: &mut RgbaImage,
        cell: &Cell,
        blended: Option<RgbPlanes>,
        hidden: Option<&RgbaImage>,
    ) {
        let scale = self.recipe.scale;
        let k = scale.get();
        let Rect {
            x: left,
            y: top,
            width,
            height,
        } = cell.rect;
        let alpha = match self.recipe.alpha {
            AlphaRule::Nearest => None,
            AlphaRule::KeepClass => {
                let mut alpha = silhouette::enlarge(&self.image, cell, scale);
                if self.recipe.glyphs {
                    silhouette::keep_ink(&mut alpha, &self.image, cell, scale);
                }
                Some(alpha)
            }
        };
        let colour = blended.map(|high| {
            let mut high = resize(high, cell, scale);
            if self.recipe.fidelity > 0.0 {
                self.project(&mut high, cell, alpha.as_deref());
            }
            high
        });
        let columns = (width * k) as usize;
        debug_assert!(
            alpha
                .as_ref()
                .is_none_or(|alpha| alpha.len() == columns * (height * k) as usize)
        );
        let area = columns * (height * k) as usize;
        pbr::each(out, cell, scale, |i, pixel| {
            if let Some(alpha) = &alpha {
                pixel[3] = alpha[i];
            }
            let texel = (
                left + (i % columns) as u32 / k,
                top + (i / columns) as u32 / k,
            );
            match (&colour, hidden) {
                // What nobody sees takes the texel's colour: sane for filters and mipmaps, and small in the file.
                (_, Some(hidden)) if pixel[3] == 0 => {
                    pixel[..3].copy_from_slice(&hidden.get_pixel(texel.0, texel.1).0[..3]);
                }
                (Some(colour), _) if pixel[3] > 0 => {
                    for (c, value) in pixel[..3].iter_mut().enumerate() {
                        *value = byte(colour.data[c * area + i]);
                    }
                }
                _ => pixel[..3].copy_from_slice(&self.bled.get_pixel(texel.0, texel.1).0[..3]),
            }
        });
    }

    fn project(&self, high: &mut RgbPlanes, cell: &Cell, alpha: Option<&[u8]>) {
        let low = copy_out(&self.low, cell.rect);
        let (rect, k) = (cell.rect, self.recipe.scale.get());
        let texels = (rect.y..rect.y + rect.height)
            .flat_map(|y| (rect.x..rect.x + rect.width).map(move |x| (x, y)));
        let visible: Vec<bool> = texels
            .map(|(x, y)| self.image.get_pixel(x, y).0[3] > 0)
            .collect();
        let replicated: Vec<u8>;
        let alpha = if let Some(alpha) = alpha {
            alpha
        } else {
            let columns = rect.width * k;
            replicated = (0..columns * rect.height * k)
                .map(|i| {
                    let (x, y) = (rect.x + i % columns / k, rect.y + i / columns / k);
                    self.image.get_pixel(x, y).0[3]
                })
                .collect();
            &replicated
        };
        let target = Target {
            low: &low,
            visible: &visible,
            alpha,
            fidelity: self.recipe.fidelity,
        };
        let wraps = (cell.edges.wraps_x(), cell.edges.wraps_y());
        project(high, &target, self.recipe.scale, wraps);
    }

    /// Colours to the nearest of the palette, the first of equals.
    fn snap(&self, out: &mut RgbaImage) {
        let Some(palette) = self
            .recipe
            .palette
            .as_deref()
            .filter(|palette| !palette.is_empty())
        else {
            return;
        };
        let mut last = None;
        for pixel in out.pixels_mut() {
            let [r, g, b, _] = pixel.0;
            if let Some((from, to)) = last
                && from == [r, g, b]
            {
                pixel.0[..3].copy_from_slice(to);
                continue;
            }
            let distance = |colour: &&[u8; 3]| -> u32 {
                (0..3)
                    .map(|c| u32::from(colour[c].abs_diff(pixel.0[c])).pow(2))
                    .sum()
            };
            if let Some(nearest) = palette.iter().min_by_key(distance) {
                last = Some(([r, g, b], nearest));
                pixel.0[..3].copy_from_slice(nearest);
            }
        }
    }
}

fn byte(value: f32) -> u8 {
    (value * 255.0 + 0.5).clamp(0.0, 255.0) as u8
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

/// Every channel becomes the luma (ITU-R 601).
fn make_grey(planes: &mut RgbPlanes) {
    let area = planes.data.len() / 3;
    let (red, rest) = planes.data.split_at_mut(area);
    let (green, blue) = rest.split_at_mut(area);
    for ((r, g), b) in red.iter_mut().zip(green).zip(blue) {
        // Written so that equal channels give exactly their value.
        let luma = *g + 0.299 * (*r - *g) + 0.114 * (*b - *g);
        (*r, *g, *b) = (luma, luma, luma);
    }
}

fn copy_out(from: &RgbPlanes, rect: Rect) -> RgbPlanes {
    let mut out = RgbPlanes::new(rect.width, rect.height);
    for channel in 0..3 {
        let rows = from
            .plane(channel)
            .chunks_exact(from.width as usize)
            .skip(rect.y as usize);
        for (to, row) in out
            .plane_mut(channel)
            .chunks_exact_mut(rect.width as usize)
            .zip(rows)
        {
            to.copy_from_slice(&row[rect.x as usize..][..rect.width as usize]);
        }
    }
    out
}

fn copy_in(to: &mut RgbPlanes, rect: Rect, from: &RgbPlanes) {
    let width = to.width as usize;
    for channel in 0..3 {
        let rows = to
            .plane_mut(channel)
            .chunks_exact_mut(width)
            .skip(rect.y as usize);
        for (row, line) in rows.zip(from.plane(channel).chunks_exact(rect.width as usize)) {
            row[rect.x as usize..][..rect.width as usize].copy_from_slice(line);
        }
    }
}

fn borders(cell: &Cell) -> (Padding, Padding) {
    let border = |wraps| if wraps { Padding::Wrap } else { Padding::Zero };
    (border(cell.edges.wraps_x()), border(cell.edges.wraps_y()))
}

/// Gives each channel the mean and spread that it had at first. A network that paints faces exaggerates them a little, and fed
/// its own output it would come to black and white within ten rounds.
fn hold_colours(low: &mut RgbPlanes, first: &RgbPlanes) {
    let about = |plane: &[f32]| {
        let count = plane.len().max(1) as f32;
        let mean = plane.iter().sum::<f32>() / count;
        let squares = plane.iter().map(|value| (value - mean).powi(2));
        (mean, (squares.sum::<f32>() / count).sqrt())
    };
    for channel in 0..3 {
        let (wanted, spread) = about(first.plane(channel));
        let (mean, own) = about(low.plane(channel));
        // What is flat stays so.
        let gain = spread / own.max(1.0 / 255.0);
        for value in low.plane_mut(channel) {
            *value = ((*value - mean) * gain + wanted).clamp(0.0, 1.0);
        }
    }
}

/// From the network's scale back to texels as its training inputs were made: antialiased bilinear, halving by halving.
fn shrink(mut high: RgbPlanes, cell: &Cell, scale: Scale) -> RgbPlanes {
    let mut k = scale.get();
    while k > 1 {
        k = if k.is_multiple_of(2) { k / 2 } else { 1 };
        high = resample_cell(&high, cell, k, Kernel::Triangle);
    }
    high
}

/// From the network's scale to the output's.
fn resize(high: RgbPlanes, cell: &Cell, scale: Scale) -> RgbPlanes {
    if high.width == cell.rect.width * scale.get() {
        return high;
    }
    resample_cell(&high, cell, scale.get(), Kernel::CatmullRom)
}

fn resample_cell(high: &RgbPlanes, cell: &Cell, k: u32, kernel: Kernel) -> RgbPlanes {
    let (width, height) = (cell.rect.width * k, cell.rect.height * k);
    let (x, y) = borders(cell);
    let x = Axis::new(high.width, width, kernel, x);
    let y = Axis::new(high.height, height, kernel, y);
    high.map_planes(width, height, |plane| {
        resample(plane, high.width as usize, &x, &y)
    })
}

fn replicate(image: &RgbaImage, scale: Scale) -> RgbaImage {
    let k = scale.get() as usize;
    let (width, height) = (image.width() * scale.get(), image.height() * scale.get());
    let mut out = Vec::with_capacity(width as usize * height as usize * 4);
    for row in image
        .as_raw()
        .chunks_exact(image.width().max(1) as usize * 4)
    {
        let start = out.len();
        for pixel in row.chunks_exact(4) {
            (0..k).for_each(|_| out.extend_from_slice(pixel));
        }
        let end = out.len();
        (1..k).for_each(|_| out.extend_from_within(start..end));
    }
    RgbaImage::from_raw(width, height, out).expect("k rows of k times the width for every row")
}

/// Textures through one upscaler until all are done: the loop over [`Work`].
///
/// # Errors
/// When the upscaler fails.
pub fn run(works: &mut [Work], upscaler: &mut dyn Upscaler) -> Result<(), UpscaleError> {
    while works.iter().any(|work| !work.is_done()) {
        upscale_all(works, upscaler, &mut |_| true)?;
        works.par_iter_mut().for_each(Work::step);
    }
    Ok(())
}

/// One texture through one upscaler.
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
    run(std::slice::from_mut(&mut work), upscaler)?;
    Ok(work.finish())
}
