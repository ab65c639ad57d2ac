//! How large the game's atlases become, and what that means for graphics cards.

use std::collections::BTreeMap;

use serde::Serialize;
use uncanny_pack::Atlas;
use uncanny_texture::{DecodeLimits, Scale};

use super::Draft;
use crate::config::Paths;

/// An atlas above this many megapixels is worth a warning.
pub const ATLAS_WARNING: f64 = 50.0;
/// An atlas above this many megapixels cannot be held by common graphics cards; such a plan is refused.
pub const ATLAS_LIMIT: f64 = 200.0;

/// How large an atlas will be.
#[derive(Debug, Clone, Serialize, PartialEq)]
pub struct AtlasEstimate {
    /// Which.
    pub atlas: String,
    /// The pack's sprites in it.
    pub sprites: usize,
    /// Megapixels now.
    pub megapixels_in: f64,
    /// Megapixels afterwards.
    pub megapixels_out: f64,
}

/// The area of the pack's sprites in each atlas. The game keeps one frame of each; of a path that overlays
/// repeat, the largest counts.
pub(super) fn estimate(drafts: &[Draft], scale: Scale) -> Vec<AtlasEstimate> {
    let mut sprites: BTreeMap<(Atlas, &str), (u64, u64)> = BTreeMap::new();
    for draft in drafts {
        let Some(rule) = &draft.rule else { continue };
        let (Some(atlas), Some((width, height))) = (rule.atlas, draft.size) else {
            continue;
        };
        // What cannot be decoded here the game cannot load either; its header may claim any size.
        if draft.error.is_some() || !DecodeLimits::default().allow((width, height)) {
            continue;
        }
        let rect = match rule.cells.first() {
            Some(cell) => (cell.rect.width, cell.rect.height),
            // What is copied has no cells; a strip is one of squares.
            None if height.is_multiple_of(width) => (width, width),
            None => (width, height),
        };
        let area = u64::from(rect.0) * u64::from(rect.1);
        let factor = if draft.scaled() {
            u64::from(scale.get()).pow(2)
        } else {
            1
        };
        let path = Paths::of(&draft.name).from_assets.unwrap_or(&draft.name);
        let sprite = sprites.entry((atlas, path)).or_default();
        *sprite = (sprite.0.max(area), sprite.1.max(area * factor));
    }
    let mut sums: BTreeMap<Atlas, (usize, u64, u64)> = BTreeMap::new();
    for ((atlas, _), (before, after)) in sprites {
        let sum = sums.entry(atlas).or_default();
        *sum = (sum.0 + 1, sum.1 + before, sum.2 + after);
    }
    let mega = |pixels: u64| pixels as f64 / 1e6;
    sums.into_iter()
        .map(|(atlas, (sprites, before, after))| AtlasEstimate {
            atlas: kebab(&format!("{atlas:?}")),
            sprites,
            megapixels_in: mega(before),
            megapixels_out: mega(after),
        })
        .collect()
}

/// `ArmorTrims` as `armor-trims`.
fn kebab(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

/// Warns of large atlases; returns why the plan must be refused, if it must. Who asked for this very scale is
/// only warned: they may have the graphics card for it.
pub(super) fn judge(
    atlases: &[AtlasEstimate],
    scale: Scale,
    asked_for: bool,
    warnings: &mut Vec<String>,
) -> Option<String> {
    let mut refusal = None;
    for estimate in atlases {
        let AtlasEstimate {
            atlas,
            megapixels_in: before,
            megapixels_out: after,
            ..
        } = estimate;
        if *after > ATLAS_LIMIT && scale.get() > 1 {
            let fits = [32, 16, 8, 4, 2].into_iter().find(|factor| {
                *factor < scale.get() && before * f64::from(factor * factor) <= ATLAS_LIMIT
            });
            let remedy = fits.map_or_else(
                || "leave some textures out with --skip".to_owned(),
                |factor| format!("--scale {factor} fits, or leave some textures out with --skip"),
            );
            let trouble = format!(
                "the {atlas} atlas would hold {after:.0} million pixels and the game would stop with \"Unable to fit\" \
                 on most graphics cards (limit {ATLAS_LIMIT:.0} million): {remedy}"
            );
            if asked_for {
                warnings.push(trouble);
            } else {
                refusal.get_or_insert(format!(
                    "{trouble}; --scale {} makes it all the same",
                    scale.get()
                ));
            }
        } else if *after > ATLAS_WARNING {
            // 80 % of the sheet is a fair packing; sides are powers of two; a third more for mipmaps.
            let side = ((after * 1e6 / 0.8).sqrt().ceil() as u64).next_power_of_two();
            let mebibytes = side * side * 4 * 4 / 3 / (1 << 20);
            warnings.push(format!(
                "the {atlas} atlas will hold {after:.0} million pixels: it needs a graphics card with textures of \
                 {side}x{side} and {mebibytes} MiB for them"
            ));
        }
    }
    refusal
}
