//! The interface: single sprites with their `gui.scaling`, and sheets cut into their sprites.
//!
//! `gui.scaling` is in interface units whatever the image's resolution [M, T], so a border is
//! that share of the image; the sidecar never changes. Before 1.20.2 each rectangle of a sheet is an image of its
//! own \[M\].

use serde_json::Value;
use uncanny_texture::{Cell, Edge, Edges, Rect};

use super::gui_sheets::{Grid, Sheet};

/// How a sprite fills its place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scaling {
    /// Stretched as one image.
    Stretch,
    /// Repeated.
    Tile,
    /// Corners kept, sides and middle repeated, or stretched.
    NineSlice {
        /// Nominal width and height.
        size: (f64, f64),
        /// Left, top, right, bottom border in the same units.
        border: [f64; 4],
        /// `stretch_inner`.
        stretch: bool,
    },
}

impl Scaling {
    /// From a parsed sidecar; `None` when it has none or it is malformed.
    pub(super) fn parse(sidecar: &Value) -> Option<Self> {
        let scaling = sidecar.get("gui")?.get("scaling")?;
        let number = |key: &str| scaling.get(key).and_then(Value::as_f64);
        match scaling.get("type").and_then(Value::as_str)? {
            "stretch" => Some(Self::Stretch),
            "tile" => Some(Self::Tile),
            "nine_slice" => {
                let border = scaling.get("border")?;
                let border = match border.as_f64() {
                    Some(all) => [all; 4],
                    None => {
                        let side = |key: &str| border.get(key).and_then(Value::as_f64);
                        [side("left")?, side("top")?, side("right")?, side("bottom")?]
                    }
                };
                Some(Self::NineSlice {
                    size: (number("width")?, number("height")?),
                    border,
                    stretch: scaling.get("stretch_inner").and_then(Value::as_bool) == Some(true),
                })
            }
            _ => None,
        }
    }

    /// The cells of a sprite that fills this rectangle, and why.
    pub(super) fn cells(self, rect: Rect) -> (Vec<Cell>, &'static str) {
        let one = |edges| vec![Cell { rect, edges }];
        match self {
            Self::Stretch => (one(Edges::CLAMP), "stretched sprite: no wrap"),
            Self::Tile => (one(Edges::WRAP), "tiled sprite: wraps"),
            Self::NineSlice { stretch: true, .. } => {
                (one(Edges::CLAMP), "nine-slice, stretched inside: no wrap")
            }
            Self::NineSlice { size, border, .. } => match nine(rect, size, border) {
                Some(cells) => (
                    cells,
                    "nine-slice: its sides and middle wrap, its corners end",
                ),
                None => (one(Edges::CLAMP), "nine-slice between pixels: no wrap"),
            },
        }
    }
}

/// The three spans of one axis: start and length of border, middle, border. `None` off the pixel grid.
fn spans(start: u32, length: u32, nominal: f64, low: f64, high: f64) -> Option<[(u32, u32); 3]> {
    let pixels = |units: f64| {
        let pixels = units * f64::from(length) / nominal;
        let whole = pixels.round();
        ((pixels - whole).abs() < 1e-6 && whole >= 0.0 && whole <= f64::from(length))
            .then_some(whole as u32)
    };
    let (low, high) = (pixels(low)?, pixels(high)?);
    let middle = length.checked_sub(low.checked_add(high)?)?;
    Some([
        (start, low),
        (start + low, middle),
        (start + low + middle, high),
    ])
}

fn nine(rect: Rect, size: (f64, f64), border: [f64; 4]) -> Option<Vec<Cell>> {
    let [left, top, right, bottom] = border;
    let columns = spans(rect.x, rect.width, size.0, left, right)?;
    let rows = spans(rect.y, rect.height, size.1, top, bottom)?;
    // Beyond a span: the sprite ends, repeats (the middle), or goes on.
    let edges = |index: usize, spans: &[(u32, u32); 3]| match index {
        1 => (Edge::Wrap, Edge::Wrap),
        0 if spans[1].1 + spans[2].1 > 0 => (Edge::Clamp, Edge::Neighbour),
        2 if spans[0].1 + spans[1].1 > 0 => (Edge::Neighbour, Edge::Clamp),
        _ => (Edge::Clamp, Edge::Clamp),
    };
    let mut cells = Vec::with_capacity(9);
    for (row, &(y, height)) in rows.iter().enumerate() {
        for (column, &(x, width)) in columns.iter().enumerate() {
            if width == 0 || height == 0 {
                continue;
            }
            let (left, right) = edges(column, &columns);
            let (top, bottom) = edges(row, &rows);
            cells.push(Cell {
                rect: Rect {
                    x,
                    y,
                    width,
                    height,
                },
                edges: Edges {
                    left,
                    top,
                    right,
                    bottom,
                },
            });
        }
    }
    Some(cells)
}

/// The cells of a sheet in an image of that size: each sprite, then whatever lies between them. `None` when the
/// image's shape is not the sheet's.
pub(super) fn sheet_cells(sheet: Sheet, size: (u32, u32)) -> Option<Vec<Cell>> {
    let mut cells = Vec::new();
    // HD sheets are a multiple; a smaller or odd one has another layout.
    let across = size.0.checked_div(sheet.size.0)?;
    if across == 0 || (sheet.size.0 * across, sheet.size.1 * across) != size {
        return None;
    }
    for &Grid(x, y, width, height, columns, rows) in sheet.sprites {
        for row in 0..rows {
            for column in 0..columns {
                cells.push(Cell {
                    rect: Rect {
                        x: (x + column * width) * across,
                        y: (y + row * height) * across,
                        width: width * across,
                        height: height * across,
                    },
                    edges: Edges::CLAMP,
                });
            }
        }
    }
    let rest = remainder(size, &cells);
    cells.extend(rest);
    Some(cells)
}

/// Rectangles over all that the cells leave free. They see what lies beside them, so that art nobody listed is not
/// cut where two of them meet.
fn remainder((width, height): (u32, u32), cells: &[Cell]) -> Vec<Cell> {
    let mut lines: Vec<u32> = cells
        .iter()
        .flat_map(|cell| [cell.rect.y, cell.rect.y + cell.rect.height])
        .chain([0, height])
        .collect();
    lines.sort_unstable();
    lines.dedup();
    let mut done = Vec::new();
    // Free spans of the band above, as (x, width, y): they grow down while the next band has the same span.
    let mut open: Vec<(u32, u32, u32)> = Vec::new();
    for band in lines.windows(2) {
        let (top, bottom) = (band[0], band[1]);
        let mut taken: Vec<(u32, u32)> = cells
            .iter()
            .filter(|cell| cell.rect.y < bottom && cell.rect.y + cell.rect.height > top)
            .map(|cell| (cell.rect.x, cell.rect.x + cell.rect.width))
            .collect();
        taken.sort_unstable();
        taken.push((width, width));
        let mut free = Vec::new();
        let mut x = 0;
        for (left, right) in taken {
            if left > x {
                free.push((x, left - x));
            }
            x = x.max(right);
        }
        let (kept, ended): (Vec<_>, Vec<_>) = open
            .into_iter()
            .partition(|&(x, width, _)| free.contains(&(x, width)));
        done.extend(
            ended
                .into_iter()
                .map(|(x, width, y)| (x, y, width, top - y)),
        );
        open = free
            .into_iter()
            .map(|(x, width)| {
                let from = kept.iter().find(|span| (span.0, span.1) == (x, width));
                (x, width, from.map_or(top, |span| span.2))
            })
            .collect();
    }
    done.extend(
        open.into_iter()
            .map(|(x, width, y)| (x, y, width, height - y)),
    );
    done.sort_unstable_by_key(|&(x, y, ..)| (y, x));
    done.into_iter()
        .map(|(x, y, width, height)| Cell {
            rect: Rect {
                x,
                y,
                width,
                height,
            },
            edges: Edges::all(Edge::Neighbour),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{gui_sheets, versions::Versions};

    fn versions() -> Versions {
        Versions::new(&crate::PackMeta::default())
    }

    /// Every pixel in exactly one cell.
    fn assert_covers(cells: &[Cell], size: (u32, u32)) {
        let mut taken = vec![0u8; (size.0 * size.1) as usize];
        for cell in cells {
            for y in cell.rect.y..cell.rect.y + cell.rect.height {
                for x in cell.rect.x..cell.rect.x + cell.rect.width {
                    taken[(y * size.0 + x) as usize] += 1;
                }
            }
        }
        assert!(taken.iter().all(|&count| count == 1));
    }

    #[test]
    fn sheets_are_covered_exactly_at_every_resolution() {
        for (path, size) in [
            ("gui/icons.png", (256, 256)),
            ("gui/icons.png", (512, 512)),
            ("gui/widgets.png", (256, 256)),
            ("gui/recipe_book.png", (256, 256)),
            ("gui/container/villager2.png", (512, 256)),
            ("gui/container/villager.png", (512, 256)),
            ("gui/container/villager.png", (1024, 512)),
            ("gui/container/villager.png", (512, 512)),
            ("gui/container/crafter.png", (256, 256)),
            ("particle/particles.png", (256, 256)),
        ] {
            let sheet = gui_sheets::find(path, versions(), size).unwrap();
            let cells = sheet_cells(sheet, size).unwrap();
            assert_covers(&cells, size);
        }
        let sheet = gui_sheets::find("gui/widgets.png", versions(), (256, 256)).unwrap();
        for size in [(1836, 256), (128, 128), (512, 256)] {
            assert_eq!(sheet_cells(sheet, size), None, "{size:?}");
        }
    }

    #[test]
    fn nine_slices_wrap_inside() {
        let scaling = |json: &str| Scaling::parse(&serde_json::from_str(json).unwrap());
        let rect = Rect {
            x: 0,
            y: 0,
            width: 200,
            height: 20,
        };
        let button = scaling(
            r#"{"gui":{"scaling":{"type":"nine_slice","width":200,"height":20,"border":{"left":20,"top":4,"right":20,"bottom":4}}}}"#,
        )
        .unwrap();
        let (cells, _) = button.cells(rect);
        assert_eq!(cells.len(), 9);
        assert_covers(&cells, (200, 20));
        assert_eq!(cells[4].edges, Edges::WRAP);
        assert_eq!(
            cells[0].edges,
            Edges {
                left: Edge::Clamp,
                top: Edge::Clamp,
                right: Edge::Neighbour,
                bottom: Edge::Neighbour
            }
        );
        assert_eq!(
            cells[1].edges,
            Edges {
                left: Edge::Wrap,
                top: Edge::Clamp,
                right: Edge::Wrap,
                bottom: Edge::Neighbour
            }
        );
        // Half the resolution of its nominal size.
        let (cells, _) = button.cells(Rect {
            x: 0,
            y: 0,
            width: 100,
            height: 10,
        });
        assert_eq!(
            (cells.len(), cells[0].rect.width, cells[0].rect.height),
            (9, 10, 2)
        );
        // No bottom border: six cells; a border off the grid: one.
        let tab = scaling(
            r#"{"gui":{"scaling":{"type":"nine_slice","width":130,"height":24,"border":{"left":2,"top":2,"right":2,"bottom":0}}}}"#,
        )
        .unwrap();
        assert_eq!(
            tab.cells(Rect {
                x: 0,
                y: 0,
                width: 130,
                height: 24
            })
            .0
            .len(),
            6
        );
        assert_eq!(
            tab.cells(Rect {
                x: 0,
                y: 0,
                width: 100,
                height: 24
            })
            .0
            .len(),
            1
        );
        let stretched = r#"{"gui":{"scaling":{"type":"nine_slice","width":32,"height":32,"border":4,"stretch_inner":true}}}"#;
        assert_eq!(
            scaling(stretched).unwrap().cells(rect).0[0].edges,
            Edges::CLAMP
        );
        let tile = r#"{"gui":{"scaling":{"type":"tile","width":16,"height":16}}}"#;
        assert_eq!(scaling(tile).unwrap().cells(rect).0[0].edges, Edges::WRAP);
        for broken in [
            r#"{"gui":{"scaling":{"type":"nine_slice"}}}"#,
            r#"{"gui":7}"#,
            "{}",
        ] {
            assert_eq!(scaling(broken), None, "{broken}");
        }
    }
}
