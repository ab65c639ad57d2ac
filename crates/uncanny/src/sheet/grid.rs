//! Plain images of equal cells: cut as the user says, or by a guess where the grid is plain to see.

use std::path::Path;

use uncanny_texture::{Edges, RgbaImage};

use super::SheetError;
use super::picture::{Frame, Picture};

/// Sides of cells that are guessed.
const SIDES: [u32; 8] = [8, 16, 24, 32, 48, 64, 96, 128];
// Found on sheets of 9 to 64 sprites each from four sets of icons and items, 16 and 32 pixels a side.
/// How much more colours must change across a grid's lines than elsewhere.
const CONTRAST: f64 = 1.35;
/// The share of what is visible beside a grid's lines that goes on beyond them, compared with all other places:
/// where sprites stand apart ...
const APART: f64 = 0.7;
/// ... and where at least some do, if colours change as well.
const SOMEWHAT_APART: f64 = 0.9;
/// What a grid may have of that share above the best of all.
const WORSE: f64 = 0.5;

/// More cells than this are a mistake, and their names alone would fill the memory.
const MAX_CELLS: usize = 1 << 18;

/// How to cut a plain image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cut {
    /// Width and height of a cell; guessed when not given.
    pub cell: Option<(u32, u32)>,
    /// Pixels between two cells.
    pub spacing: u32,
    /// Pixels around all cells.
    pub margin: u32,
}

/// Cuts an image into cells, row by row; they are named `row/column`, from 0.
pub(super) fn cut(
    mut picture: Picture,
    cut: &Cut,
    path: &Path,
    warnings: &mut Vec<String>,
) -> Result<Picture, SheetError> {
    let wrong = |message: String| SheetError::Grid {
        path: path.to_owned(),
        message,
    };
    let (width, height) = picture.image.dimensions();
    let cell = match cut.cell {
        Some(cell) => cell,
        None => {
            let Some(side) = guess(&picture.image, cut) else {
                return Err(wrong(format!(
                    "no grid is plain to see in its {width}x{height} pixels; name the cells' size, such as --cell 16x16"
                )));
            };
            warnings.push(format!(
                "{}: cut into cells of {side}x{side}, which is a guess; --cell says it for sure",
                picture.name
            ));
            (side, side)
        }
    };
    if cell.0 == 0 || cell.1 == 0 {
        return Err(wrong("a cell has no size; --cell 16x16 has".to_owned()));
    }
    let (columns, rows) = lines((width, height), cell, cut, path)?;
    if columns.is_empty() || rows.is_empty() {
        return Err(wrong(format!(
            "not one cell of {}x{} fits into its {width}x{height} pixels with a margin of {}",
            cell.0, cell.1, cut.margin
        )));
    }
    let end =
        |starts: &[u32], size: u32| starts.last().map_or(0, |start| start + size + cut.margin);
    let rest = (
        width.saturating_sub(end(&columns, cell.0)),
        height.saturating_sub(end(&rows, cell.1)),
    );
    if rest != (0, 0) {
        warnings.push(format!(
            "{}: cells of {}x{} leave {} columns and {} rows over: they are enlarged without the model",
            picture.name, cell.0, cell.1, rest.0, rest.1
        ));
    }
    for (row, y) in rows.iter().enumerate() {
        for (column, x) in columns.iter().enumerate() {
            let frame = Frame {
                name: format!("{row}/{column}"),
                place: [*x, *y, cell.0, cell.1].map(f64::from),
                turned: false,
            };
            picture.frame(frame, Edges::TRANSPARENT, warnings);
        }
    }
    Ok(picture)
}

/// Where the columns and rows of cells begin in an image. `path` is for messages.
pub(super) fn lines(
    image: (u32, u32),
    cell: (u32, u32),
    cut: &Cut,
    path: &Path,
) -> Result<(Vec<u32>, Vec<u32>), SheetError> {
    let columns = starts(image.0, cell.0, cut);
    let rows = starts(image.1, cell.1, cut);
    if columns.len() * rows.len() > MAX_CELLS {
        return Err(SheetError::Grid {
            path: path.to_owned(),
            message: format!(
                "cells of {}x{} would be {} of them; they must be larger",
                cell.0,
                cell.1,
                columns.len() * rows.len()
            ),
        });
    }
    Ok((columns, rows))
}

/// Where cells begin along one side.
fn starts(length: u32, size: u32, cut: &Cut) -> Vec<u32> {
    let step = u64::from(size) + u64::from(cut.spacing);
    (0..)
        .map(|at: u64| u64::from(cut.margin) + at * step)
        .take_while(|start| start + u64::from(size) <= u64::from(length))
        .map(|start| start as u32)
        .collect()
}

/// The side of the square cells, where it is plain: the image is a strip of squares, its sprites stand apart, or its
/// colours change along the lines of a grid more than elsewhere.
fn guess(image: &RgbaImage, cut: &Cut) -> Option<u32> {
    let (width, height) = image.dimensions();
    let fits = |length: u32, side: u32| {
        let cells = starts(length, side, cut);
        cells
            .last()
            .is_some_and(|start| start + side + cut.margin == length)
    };
    let candidates: Vec<u32> = SIDES
        .into_iter()
        .filter(|&side| fits(width, side) && fits(height, side))
        .filter(|&side| starts(width, side, cut).len() * starts(height, side, cut).len() > 1)
        .collect();
    if cut.spacing > 0 {
        // Where cells do not touch, their size alone decides.
        return match candidates.as_slice() {
            [only] => Some(*only),
            _ => None,
        };
    }
    let short = width.min(height) - (2 * cut.margin).min(width.min(height));
    let strip = candidates.last().is_some_and(|&largest| largest == short);
    let looks: Vec<(u32, Look)> = candidates
        .iter()
        .filter_map(|&side| Some((side, look(image, side, cut.margin)?)))
        .collect();
    let best = looks
        .iter()
        .map(|(_, look)| look.crossing)
        .fold(f64::INFINITY, f64::min);
    let opaque = image.pixels().all(|pixel| pixel.0[3] > 0);
    let plain = |look: &Look| {
        let changes = look.contrast >= CONTRAST;
        let apart = look.crossing < APART || (look.crossing < SOMEWHAT_APART && changes);
        if opaque {
            changes
        } else {
            apart && look.crossing <= best + WORSE
        }
    };
    let found = looks.iter().find(|(_, look)| plain(look));
    found
        .map(|(side, _)| *side)
        .or_else(|| strip.then_some(short))
}

/// What a grid's lines look like, each compared with places on no grid's lines.
struct Look {
    /// How much of what is visible beside a line is visible across it too.
    crossing: f64,
    /// How much colours change across the lines.
    contrast: f64,
}

#[derive(Default)]
struct Sums {
    difference: u64,
    pairs: u64,
    visible: u64,
    crossing: u64,
}

impl Sums {
    fn add(&mut self, a: [u8; 4], b: [u8; 4]) {
        let premultiplied = |p: [u8; 4], c: usize| u32::from(p[c]) * u32::from(p[3]) / 255;
        let colour: u32 = (0..3)
            .map(|c| premultiplied(a, c).abs_diff(premultiplied(b, c)))
            .sum();
        self.difference += u64::from(colour + u32::from(a[3].abs_diff(b[3])));
        self.pairs += 1;
        let (a, b) = (a[3] > 0, b[3] > 0);
        self.visible += u64::from(a) + u64::from(b);
        self.crossing += 2 * u64::from(a && b);
    }

    fn change(&self) -> f64 {
        self.difference as f64 / self.pairs.max(1) as f64
    }

    fn share(&self) -> f64 {
        self.crossing as f64 / self.visible.max(1) as f64
    }
}

/// Looks at those lines of a grid that are lines of no grid twice or three times as wide: in a grid of half or a
/// third of the true cells, they run through the middle of sprites. `None` when there is no such line.
fn look(image: &RgbaImage, side: u32, margin: u32) -> Option<Look> {
    let (width, height) = image.dimensions();
    let (mut on, mut off) = (Sums::default(), Sums::default());
    let mut pair = |at: u32, length: u32, a: [u8; 4], b: [u8; 4]| {
        if at <= margin || at >= length - margin.min(length) {
            return;
        }
        let (line, rest) = ((at - margin) / side, (at - margin) % side);
        if rest == 0 && !line.is_multiple_of(2) && !line.is_multiple_of(3) {
            on.add(a, b);
        } else if !(at - margin).is_multiple_of(SIDES[0]) {
            off.add(a, b);
        }
    };
    for (x, y, pixel) in image.enumerate_pixels() {
        if x > 0 {
            pair(x, width, image.get_pixel(x - 1, y).0, pixel.0);
        }
        if y > 0 {
            pair(y, height, image.get_pixel(x, y - 1).0, pixel.0);
        }
    }
    (on.pairs > 0).then(|| Look {
        crossing: on.share() / off.share().max(1e-9),
        contrast: on.change() / off.change().max(1e-9),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cells of noise around a colour of their own, with a clear border of `gap` pixels.
    fn cells(width: u32, height: u32, side: u32, gap: u32) -> RgbaImage {
        RgbaImage::from_fn(width, height, |x, y| {
            let (column, row) = (x / side, y / side);
            let hash = |a: u32, b: u32| {
                let mixed = (a * 31 + b * 17 + 7).wrapping_mul(2_654_435_761);
                (mixed >> 24) as u8
            };
            let edge = |at: u32| at % side < gap || at % side >= side - gap;
            if gap > 0 && (edge(x) || edge(y)) {
                return [0, 0, 0, 0].into();
            }
            let grain = hash(x, y) / 8;
            let base = |salt: u32| hash(column + salt, row * 3 + salt) / 2;
            [base(1) + grain, base(5) + grain, base(9) + grain, 255].into()
        })
    }

    #[test]
    fn plain_grids_are_guessed() {
        for (width, height, side, gap) in [
            (64, 64, 16, 0),
            (64, 64, 16, 1),
            (96, 96, 32, 0),
            (96, 64, 32, 2),
            (128, 64, 8, 0),
            (144, 48, 24, 1),
        ] {
            assert_eq!(
                guess(&cells(width, height, side, gap), &Cut::default()),
                Some(side),
                "{width}x{height} by {side} with {gap}"
            );
        }
        // One picture is no grid.
        assert_eq!(guess(&cells(48, 48, 48, 0), &Cut::default()), None);
        assert_eq!(guess(&cells(50, 30, 10, 0), &Cut::default()), None);
        // A strip of squares that flow into each other still is one.
        let slope = RgbaImage::from_fn(128, 16, |x, y| [x as u8, y as u8, 9, 255].into());
        assert_eq!(guess(&slope, &Cut::default()), Some(16));
    }

    #[test]
    fn cells_begin_where_they_should() {
        let cut = |spacing, margin| Cut {
            cell: None,
            spacing,
            margin,
        };
        assert_eq!(starts(64, 16, &cut(0, 0)), [0, 16, 32, 48]);
        assert_eq!(starts(35, 16, &cut(1, 1)), [1, 18]);
        assert_eq!(starts(36, 16, &cut(1, 1)), [1, 18]);
        assert_eq!(starts(16, 16, &cut(0, 1)), [0u32; 0]);
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let try_cut = |cut_by: &Cut| {
            let mut warnings = Vec::new();
            let picture = Picture::new("a.png".to_owned(), cells(50, 30, 10, 0));
            cut(picture, cut_by, Path::new("a.png"), &mut warnings)
                .map(|picture| (picture.sprites.len(), warnings))
                .map_err(|error| error.to_string())
        };
        let by = |width, height| Cut {
            cell: Some((width, height)),
            ..Cut::default()
        };
        assert_eq!(try_cut(&by(10, 10)), Ok((15, Vec::new())));
        let (count, warnings) = try_cut(&by(16, 16)).unwrap();
        assert_eq!(count, 3);
        assert!(
            warnings[0].contains("leave 2 columns and 14 rows over"),
            "{warnings:?}"
        );
        assert!(try_cut(&by(64, 64)).unwrap_err().contains("not one cell"));
        assert!(try_cut(&by(0, 16)).unwrap_err().contains("no size"));
        assert!(
            try_cut(&Cut::default())
                .unwrap_err()
                .contains("--cell 16x16")
        );
    }
}
