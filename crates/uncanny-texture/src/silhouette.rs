//! Alpha on its own: enlarged smoothly, then returned to its class.
//!
//! **Binary.** The silhouette is a mean of a pixel-art scaler (EPX three times, softened by a bell of a quarter of a
//! texel; 35 %) and a Catmull-Rom interpolation (65 %), cut at one half. Tried on item sprites against each alone, other
//! shares and bells, and against bilinear, Mitchell, Lanczos, a bell, and a bell with its coverage corrected:
//! - bilinear breaks diagonal one-texel lines into beads, a bell loses them and single texels altogether;
//! - Catmull-Rom keeps every texel and the coverage (within 5 %) but shows every stair as a bump;
//! - Lanczos adds ripples along straight outlines;
//! - EPX gives the smoothest curves but opens pinholes where thin lines cross and thickens them by 40 %;
//! - more of the scaler, or a wider bell, shrinks single texels to half their area.
//!
//! The mean has smooth curves, unbroken lines and no pinholes; of sprites it keeps the coverage within 4 % (thin
//! diagonal lines gain a fifth), and a single texel keeps four fifths of its area.
//!
//! **Translucent.** Catmull-Rom between the least and the greatest alpha nearby, with the contrast between those two
//! raised: a soft edge of a sprite stays an edge instead of becoming a blur eight pixels wide, an even slope stays an
//! even slope, and a flat level keeps its value.

use image::RgbaImage;

use crate::{
    AlphaClass, Cell, Edges, Padding, Scale,
    resample::{Axis, Kernel, resample},
    tile::margined,
};

/// Texels read around the cell: as far as the filters see.
const MARGIN: u32 = 3;

/// Share of the pixel-art scaler in a binary silhouette.
const CURVED: f32 = 0.35;

/// How much steeper than the interpolation a translucent edge becomes.
const CONTRAST: f32 = 2.5;

/// The class of one cell's alpha.
pub(crate) fn class(image: &RgbaImage, cell: &Cell) -> AlphaClass {
    let mut class = AlphaClass::Opaque;
    for y in cell.rect.y..cell.rect.y + cell.rect.height {
        for x in cell.rect.x..cell.rect.x + cell.rect.width {
            match image.get_pixel(x, y).0[3] {
                255 => {}
                0 => class = AlphaClass::Binary,
                _ => return AlphaClass::Translucent,
            }
        }
    }
    class
}

/// One cell's alpha enlarged within its class, row by row. The cell lies inside the image.
pub(crate) fn enlarge(image: &RgbaImage, cell: &Cell, scale: Scale) -> Vec<u8> {
    let (width, height) = (cell.rect.width, cell.rect.height);
    let class = class(image, cell);
    if class == AlphaClass::Opaque {
        return vec![255; (width * height * scale.get() * scale.get()) as usize];
    }
    let low = read(image, cell);
    if low.iter().all(|&alpha| alpha == 0) {
        return vec![0; (width * height * scale.get() * scale.get()) as usize];
    }
    match class {
        AlphaClass::Translucent => translucent(&low, width, height, scale),
        // A neighbour beyond the side may be translucent; here only its half matters.
        _ => binary(&low, width, height, scale),
    }
}

/// A whole picture's alpha enlarged within its class, row by row, `scale` times as wide and high: what a texture's
/// transparency becomes. Its outermost pixels go on beyond the border.
#[must_use]
pub fn silhouette(image: &RgbaImage, scale: Scale) -> Vec<u8> {
    let (width, height) = image.dimensions();
    enlarge(image, &Cell::whole(width, height, Edges::CLAMP), scale)
}

/// The cell's alpha with a margin, by the edge rules.
fn read(image: &RgbaImage, cell: &Cell) -> Vec<u8> {
    let (xs, ys) = margined(cell, MARGIN, image.dimensions());
    let mut out = Vec::with_capacity(xs.len() * ys.len());
    for y in &ys {
        out.extend(xs.iter().map(|x| {
            if x.beyond || y.beyond {
                0
            } else {
                image.get_pixel(x.at, y.at).0[3]
            }
        }));
    }
    out
}

/// The filters of a plane of `size` texels with the margin on both sides, `finer` samples a texel.
fn axis(size: u32, finer: u32, scale: Scale, kernel: Kernel) -> Axis {
    let (k, full) = (scale.get(), size + 2 * MARGIN);
    Axis::window(
        full * finer,
        full * k,
        MARGIN * k,
        size * k,
        kernel,
        Padding::Zero,
    )
}

fn binary(low: &[u8], width: u32, height: u32, scale: Scale) -> Vec<u8> {
    let columns = (width + 2 * MARGIN) as usize;
    let set: Vec<bool> = low.iter().map(|&alpha| alpha >= 128).collect();
    let number =
        |set: &[bool]| -> Vec<f32> { set.iter().map(|&on| f32::from(u8::from(on))).collect() };
    let smooth = resample(
        &number(&set),
        columns,
        &axis(width, 1, scale, Kernel::CatmullRom),
        &axis(height, 1, scale, Kernel::CatmullRom),
    );
    let twice = epx(&set, columns);
    let fourfold = epx(&twice, columns * 2);
    let eightfold = epx(&fourfold, columns * 4);
    let bell = Kernel::Gaussian(200);
    let curved = resample(
        &number(&eightfold),
        columns * 8,
        &axis(width, 8, scale, bell),
        &axis(height, 8, scale, bell),
    );
    // A hair below one half: what lies exactly on the border belongs to the silhouette, whatever the rounding.
    smooth
        .iter()
        .zip(&curved)
        .map(|(a, b)| {
            if (1.0 - CURVED) * a + CURVED * b >= 0.49995 {
                255
            } else {
                0
            }
        })
        .collect()
}

/// EPX (Scale2x): doubles a mask and cuts the corners of its stairs.
fn epx(set: &[bool], width: usize) -> Vec<bool> {
    let height = set.len() / width;
    let mut out = vec![false; set.len() * 4];
    for y in 0..height {
        let (above, below) = (y.saturating_sub(1), (y + 1).min(height - 1));
        for x in 0..width {
            let (before, after) = (x.saturating_sub(1), (x + 1).min(width - 1));
            let centre = set[y * width + x];
            let (up, down) = (set[above * width + x], set[below * width + x]);
            let (left, right) = (set[y * width + before], set[y * width + after]);
            let corner = |a: bool, b: bool, c: bool, d: bool| {
                if a == b && a != c && b != d {
                    a
                } else {
                    centre
                }
            };
            let at = 2 * y * 2 * width + 2 * x;
            out[at] = corner(left, up, down, right);
            out[at + 1] = corner(up, right, left, down);
            out[at + 2 * width] = corner(down, left, right, up);
            out[at + 2 * width + 1] = corner(right, down, up, left);
        }
    }
    out
}

fn translucent(low: &[u8], width: u32, height: u32, scale: Scale) -> Vec<u8> {
    let columns = (width + 2 * MARGIN) as usize;
    let rows = low.len() / columns;
    let plane: Vec<f32> = low.iter().map(|&alpha| f32::from(alpha)).collect();
    let extreme = |pick: fn(f32, f32) -> f32| -> Vec<f32> {
        let mut across = plane.clone();
        for (line, from) in across
            .chunks_exact_mut(columns)
            .zip(plane.chunks_exact(columns))
        {
            for (x, value) in line.iter_mut().enumerate() {
                *value = pick(
                    from[x],
                    pick(from[x.saturating_sub(1)], from[(x + 1).min(columns - 1)]),
                );
            }
        }
        let mut out = across.clone();
        for (y, line) in out.chunks_exact_mut(columns).enumerate() {
            let above = &across[y.saturating_sub(1) * columns..][..columns];
            let below = &across[(y + 1).min(rows - 1) * columns..][..columns];
            for (x, value) in line.iter_mut().enumerate() {
                *value = pick(*value, pick(above[x], below[x]));
            }
        }
        out
    };
    let enlarge = |plane: &[f32], kernel: Kernel| {
        resample(
            plane,
            columns,
            &axis(width, 1, scale, kernel),
            &axis(height, 1, scale, kernel),
        )
    };
    let smooth = enlarge(&plane, Kernel::CatmullRom);
    let least = enlarge(&extreme(f32::min), Kernel::Triangle);
    let greatest = enlarge(&extreme(f32::max), Kernel::Triangle);
    smooth
        .iter()
        .zip(least.iter().zip(&greatest))
        .map(|(&alpha, (&least, &greatest))| {
            let range = greatest - least;
            let sharp = if range < 0.5 {
                alpha
            } else {
                least + range * (0.5 + CONTRAST * ((alpha - least) / range - 0.5)).clamp(0.0, 1.0)
            };
            (sharp + 0.5).clamp(0.0, 255.0) as u8
        })
        .collect()
}

/// Keeps the right edge of a glyph's ink where it was, so that the game advances by as much as before: nothing to the
/// right of `scale` times the original's last inked column, and something inked in exactly the last one.
pub(crate) fn keep_ink(alpha: &mut [u8], image: &RgbaImage, cell: &Cell, scale: Scale) {
    let rect = cell.rect;
    let inked = |x: u32| (rect.y..rect.y + rect.height).any(|y| image.get_pixel(x, y).0[3] > 0);
    let Some(last) = (rect.x..rect.x + rect.width).rev().find(|&x| inked(x)) else {
        return;
    };
    let end = ((last + 1 - rect.x) * scale.get()) as usize;
    let width = (rect.width * scale.get()) as usize;
    for row in alpha.chunks_exact_mut(width) {
        row[end..].fill(0);
    }
    let reach = |row: &[u8]| row[..end].iter().rposition(|&alpha| alpha > 0);
    let Some(rightmost) = alpha.chunks_exact(width).filter_map(reach).max() else {
        // All the ink was too fine for the filter: replicate it.
        for (y, row) in alpha.chunks_exact_mut(width).enumerate() {
            for (x, value) in row.iter_mut().enumerate() {
                let (x, y) = (x as u32 / scale.get(), y as u32 / scale.get());
                *value = image.get_pixel(rect.x + x, rect.y + y).0[3];
            }
        }
        return;
    };
    for row in alpha.chunks_exact_mut(width) {
        if reach(row) == Some(rightmost) {
            let value = row[rightmost];
            row[rightmost + 1..end].fill(value);
        }
    }
}
