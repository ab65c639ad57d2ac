//! `--grid FILE`: a contact sheet with textures before and after, for looking at.

use std::path::Path;

use uncanny::Outcome;
use uncanny_texture::encode;
use uncanny_texture::sheet::{Row, sheet};

use crate::error::Error;
use crate::output;
use crate::pairs::Pairs;

/// The most textures on a sheet; of more, every so many-th is shown.
const TEXTURES: usize = 60;
/// Textures beside each other.
const IN_A_ROW: usize = 4;
/// The side of a picture on the sheet: what 16x16 becomes at 8x.
const SIDE: u32 = 128;

/// Draws what was enhanced.
pub(crate) fn draw(pairs: &Pairs<'_>, path: &Path) -> Result<(), Error> {
    let enhanced: Vec<_> = pairs
        .rows()
        .iter()
        .filter(|(_, row)| matches!(row.outcome, Outcome::Enhanced | Outcome::Nearest))
        .collect();
    let step = enhanced.len().div_ceil(TEXTURES).max(1);
    let mut pictures = Vec::new();
    for row in enhanced.into_iter().step_by(step) {
        let pair = pairs.pair(*row);
        if let (Some(before), Some(after)) = (pair.before, pair.after) {
            pictures.push((label(&row.0.name).to_owned(), before));
            pictures.push((String::new(), after));
        }
    }
    let rows: Vec<Row> = pictures
        .chunks(2 * IN_A_ROW)
        .map(|pictures| Row {
            label: String::new(),
            pictures: pictures.to_vec(),
        })
        .collect();
    let png = encode(&sheet(&rows, SIDE)).map_err(|source| Error::Grid {
        path: path.to_owned(),
        source: source.into(),
    })?;
    output::write_file(path, &png)
}

/// The interesting part of a name.
fn label(name: &str) -> &str {
    let name = name.strip_suffix(".png").unwrap_or(name);
    name.rsplit_once("/textures/")
        .map_or(name, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_where_names_differ() {
        assert_eq!(
            label("assets/minecraft/textures/block/stone.png"),
            "block/stone"
        );
        assert_eq!(label("pack.png"), "pack");
    }
}
