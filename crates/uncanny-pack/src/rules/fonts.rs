//! Bitmap fonts: which cell of a texture is which glyph.
//!
//! A provider's `chars` split its image evenly; `height` and `ascent` are interface units and
//! stay \[C\]. The game packs glyphs into pictures of 256x256, so a larger glyph cannot be drawn (measured by
//! unnamed/creative-glyphs, issue 5) \[D\]. Before 1.13 `ascii.png` is a grid of 16x16 \[C\].

use std::collections::HashMap;

use serde_json::Value;
use uncanny_texture::Rect;

use super::{animation::grid, paths::full_id};

/// The sides of the largest glyph that the game draws, in pixels.
pub(super) const LARGEST: u32 = 256;

/// How providers use one texture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Glyphs {
    /// Glyphs across.
    pub(super) columns: u32,
    /// Rows of glyphs.
    pub(super) rows: u32,
    /// The tallest `height`.
    pub(super) height: f64,
    /// Whether two providers cut the texture differently.
    pub(super) disputed: bool,
}

impl Glyphs {
    /// The glyphs' rectangles in an image of that size.
    pub(super) fn cells(self, size: (u32, u32)) -> Option<Vec<Rect>> {
        if self.columns == 0 || self.rows == 0 {
            return None;
        }
        // The game divides with rounding down and leaves a rest at the right and bottom unused.
        let cell = (size.0 / self.columns, size.1 / self.rows);
        grid((cell.0 * self.columns, cell.1 * self.rows), cell)
    }
}

/// Every bitmap provider of a pack, by texture: `minecraft:font/ascii.png`.
#[derive(Debug, Default)]
pub(super) struct Fonts {
    pub(super) glyphs: HashMap<String, Glyphs>,
    /// How many bitmap providers there are.
    pub(super) providers: usize,
}

impl Fonts {
    /// Adds a parsed font file.
    pub(super) fn add(&mut self, json: &Value) {
        let providers = json.get("providers").and_then(Value::as_array);
        for provider in providers.into_iter().flatten() {
            let kind = provider.get("type").and_then(Value::as_str).unwrap_or("");
            if kind.strip_prefix("minecraft:").unwrap_or(kind) == "bitmap" {
                self.add_bitmap(provider);
            }
        }
    }

    fn add_bitmap(&mut self, provider: &Value) {
        let Some(file) = provider.get("file").and_then(Value::as_str) else {
            return;
        };
        let rows: Vec<&str> = provider
            .get("chars")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let columns = rows.iter().map(|row| row.chars().count()).max();
        self.providers += 1;
        let new = Glyphs {
            columns: columns.unwrap_or(0) as u32,
            rows: rows.len() as u32,
            height: provider
                .get("height")
                .and_then(Value::as_f64)
                .unwrap_or(8.0),
            disputed: false,
        };
        self.glyphs
            .entry(full_id(file))
            .and_modify(|old| {
                let same = (old.columns, old.rows) == (new.columns, new.rows);
                let glyphs = |g: &Glyphs| u64::from(g.columns) * u64::from(g.rows);
                let finer = glyphs(&new) > glyphs(old);
                *old = Glyphs {
                    height: old.height.max(new.height),
                    disputed: old.disputed || !same,
                    ..if finer { new } else { *old }
                };
            })
            .or_insert(new);
    }
}

/// The glyphs of the game's own sheets when no provider in the pack names them: path under `textures/`.
pub(super) fn known(path: &str, size: (u32, u32)) -> Option<Vec<Rect>> {
    let square = size.0 / 16;
    let cell = match path.strip_prefix("font/")? {
        "ascii.png" | "ascii_sga.png" | "asciillager.png" if size.0 == size.1 => (square, square),
        "nonlatin_european.png" => (square, square),
        // 9x12 cells.
        "accented.png" => (square, square * 12 / 9),
        _ => return None,
    };
    grid(size, cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fonts(json: &str) -> Fonts {
        let mut fonts = Fonts::default();
        fonts.add(&serde_json::from_str(json).unwrap());
        fonts
    }

    #[test]
    fn glyphs_are_counted_by_scalar_value() {
        let fonts = fonts(
            r#"{"providers":[
            {"type":"bitmap","file":"font/a.png","ascent":7,"chars":["\ud83d\ude00b","cd","ef"]},
            {"type":"minecraft:bitmap","file":"x:font/b.png","height":-2,"chars":["\uE000"]},
            {"type":"space","advances":{" ":4}},
            {"type":"bitmap","file":"font/a.png","height":16,"chars":["abcd","efgh","ijkl"]},
            {"type":"bitmap"}, {"type":"ttf","file":"font/c.ttf"}, 5]}"#,
        );
        assert_eq!(fonts.providers, 3);
        let a = fonts.glyphs["minecraft:font/a.png"];
        assert_eq!(
            (a.columns, a.rows, a.height, a.disputed),
            (4, 3, 16.0, true)
        );
        let cells = a.cells((33, 24)).unwrap();
        assert_eq!(
            (cells.len(), cells[0].width, cells[11].x, cells[11].y),
            (12, 8, 24, 16)
        );
        assert_eq!(fonts.glyphs["x:font/b.png"].height, -2.0);
        assert!(fonts.glyphs["x:font/b.png"].cells((4, 4)).is_some());
    }

    #[test]
    fn the_games_sheets_are_known() {
        let count = |path, size| known(path, size).map(|cells| cells.len());
        assert_eq!(count("font/ascii.png", (128, 128)), Some(256));
        assert_eq!(count("font/ascii.png", (128, 64)), None);
        assert_eq!(count("font/accented.png", (144, 900)), Some(16 * 75));
        assert_eq!(
            count("font/nonlatin_european.png", (128, 536)),
            Some(16 * 67)
        );
        assert_eq!(count("font/other.png", (128, 128)), None);
    }
}
