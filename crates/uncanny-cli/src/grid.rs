//! `--grid FILE`: a contact sheet with textures before and after, for looking at.

use std::path::Path;

use uncanny::{Outcome, Report};
use uncanny_pack::{Pack, PackLimits};
use uncanny_texture::sheet::{Row, sheet};
use uncanny_texture::{DecodeLimits, RgbaImage, decode, encode};

use crate::error::Error;

/// The most textures on a sheet; of more, every so many-th is shown.
const TEXTURES: usize = 60;
/// Textures beside each other.
const IN_A_ROW: usize = 4;
/// The side of a picture on the sheet: what 16x16 becomes at 8x.
const SIDE: u32 = 128;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Draws what `report` says was enhanced, from the input and from what was written to `output`.
pub(crate) fn draw(pack: &Pack, output: &Path, report: &Report, path: &Path) -> Result<(), Error> {
    let png = pairs(pack, output, report)
        .and_then(|pairs| Ok(encode(&sheet(&rows(pairs), SIDE))?))
        .map_err(|source| Error::Grid {
            path: path.to_owned(),
            source,
        })?;
    std::fs::write(path, png).map_err(|source| Error::Write {
        path: path.to_owned(),
        source,
    })
}

struct Pair {
    name: String,
    before: RgbaImage,
    after: RgbaImage,
}

fn pairs(pack: &Pack, output: &Path, report: &Report) -> Result<Vec<Pair>, Cause> {
    let made = Pack::open(output, &PackLimits::default())?;
    let enhanced: Vec<&str> = report
        .rows
        .iter()
        .filter(|row| row.outcome == Outcome::Enhanced || row.outcome == Outcome::Nearest)
        .map(|row| row.name.as_str())
        .collect();
    let step = enhanced.len().div_ceil(TEXTURES).max(1);
    let picture = |pack: &Pack, name: &str| -> Result<Option<RgbaImage>, Cause> {
        let Some(entry) = pack.find(name) else {
            return Ok(None);
        };
        // What was made of a long animation may be larger than we would read.
        let texture = decode(&pack.read(entry)?, &DecodeLimits::default());
        Ok(texture.ok().map(|texture| texture.image))
    };
    let mut pairs = Vec::new();
    for name in enhanced.into_iter().step_by(step) {
        if let (Some(before), Some(after)) = (picture(pack, name)?, picture(&made, name)?) {
            pairs.push(Pair {
                name: label(name).to_owned(),
                before: first(&before),
                after: first(&after),
            });
        }
    }
    Ok(pairs)
}

/// Where the interesting part of a name begins.
fn label(name: &str) -> &str {
    name.rsplit_once("/textures/")
        .map_or(name, |(_, rest)| rest)
}

/// The first picture of a strip; anything else as it is.
fn first(image: &RgbaImage) -> RgbaImage {
    let (width, height) = image.dimensions();
    let height = if height % width == 0 { width } else { height };
    let mut first = RgbaImage::new(width, height);
    for (x, y, pixel) in first.enumerate_pixels_mut() {
        *pixel = *image.get_pixel(x, y);
    }
    first
}

fn rows(pairs: Vec<Pair>) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (index, pair) in pairs.into_iter().enumerate() {
        if index % IN_A_ROW == 0 {
            rows.push(Row {
                label: String::new(),
                pictures: Vec::new(),
            });
        }
        let row = rows.last_mut().expect("the first pair begins a row");
        row.pictures.push((pair.name, pair.before));
        row.pictures.push((String::new(), pair.after));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_show_their_first_picture() {
        assert_eq!(first(&RgbaImage::new(16, 64)).dimensions(), (16, 16));
        assert_eq!(first(&RgbaImage::new(64, 32)).dimensions(), (64, 32));
        assert_eq!(
            label("assets/minecraft/textures/block/stone.png"),
            "block/stone.png"
        );
        assert_eq!(label("pack.png"), "pack.png");
    }
}
