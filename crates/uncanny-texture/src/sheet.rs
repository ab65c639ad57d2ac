//! Contact sheets: rows of labelled pictures, small ones enlarged by replication, for looking at results.

use image::{Rgba, RgbaImage};

/// One row of a sheet: its label and its pictures, each with a label of its own (may be empty).
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// Shown at the left.
    pub label: String,
    /// Pictures with their labels.
    pub pictures: Vec<(String, RgbaImage)>,
}

/// Lays rows out on one picture. Each picture is enlarged by a whole factor so as to fill a square of `side` pixels
/// as well as it can (or shrunk when larger) and shown on a chequered ground.
#[must_use]
pub fn sheet(rows: &[Row], side: u32) -> RgbaImage {
    let columns = rows
        .iter()
        .map(|row| row.pictures.len())
        .max()
        .unwrap_or(0)
        .max(1) as u32;
    let mut out = RgbaImage::from_pixel(
        columns * side,
        (rows.len().max(1) as u32) * side,
        Rgba([40, 40, 44, 255]),
    );
    for (y, row) in rows.iter().enumerate() {
        for (x, (_, picture)) in row.pictures.iter().enumerate() {
            let factor = (side / picture.width().max(picture.height()).max(1)).max(1);
            for (px, py, pixel) in picture.enumerate_pixels() {
                for dy in 0..factor {
                    for dx in 0..factor {
                        let (tx, ty) = (px * factor + dx, py * factor + dy);
                        if tx < side && ty < side {
                            out.put_pixel(x as u32 * side + tx, y as u32 * side + ty, *pixel);
                        }
                    }
                }
            }
        }
    }
    out
}
