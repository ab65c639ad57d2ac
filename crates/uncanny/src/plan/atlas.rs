//! How large the game's atlases become, and what that means for graphics cards.

use std::collections::BTreeMap;

use serde::Serialize;
use uncanny_pack::Atlas;
use uncanny_texture::{DecodeLimits, Scale};

use super::{Draft, Plan};
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

/// What an atlas holds of one path: of several, in overlays or in packs laid over each other, the largest counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sprite {
    /// Pixels of one frame now.
    before: u64,
    /// Pixels of one frame afterwards.
    after: u64,
    /// The sides of a frame afterwards: those that halve least often.
    frame: (u32, u32),
}

/// By atlas, and by the path from `assets/` on.
pub(crate) type Sprites = BTreeMap<(Atlas, String), Sprite>;

/// How often both sides can be halved.
fn halvings((width, height): (u32, u32)) -> u32 {
    (width | height).trailing_zeros()
}

impl Sprite {
    fn with(self, other: Self) -> Self {
        let odder = halvings(other.frame) < halvings(self.frame);
        Self {
            before: self.before.max(other.before),
            after: self.after.max(other.after),
            frame: if odder { other.frame } else { self.frame },
        }
    }
}

/// The pack's sprites. The game keeps one frame of each.
pub(super) fn sprites(drafts: &[Draft]) -> Sprites {
    let mut sprites = Sprites::new();
    for draft in drafts {
        let Some(rule) = &draft.rule else { continue };
        let (Some(atlas), Some((width, height))) = (rule.atlas, draft.size) else {
            continue;
        };
        // What cannot be decoded here the game cannot load either; its header may claim any size.
        if draft.error.is_some() || !DecodeLimits::default().allow((width, height)) {
            continue;
        }
        let frame = match rule.cells.first() {
            Some(cell) => (cell.rect.width, cell.rect.height),
            // What is copied has no cells; a strip is one of squares.
            None if height.is_multiple_of(width) => (width, width),
            None => (width, height),
        };
        let area = u64::from(frame.0) * u64::from(frame.1);
        let times = if draft.scaled() { draft.scale.get() } else { 1 };
        let sprite = Sprite {
            before: area,
            after: area * u64::from(times).pow(2),
            frame: (frame.0 * times, frame.1 * times),
        };
        let path = Paths::of(&draft.name).from_assets.unwrap_or(&draft.name);
        sprites
            .entry((atlas, path.to_owned()))
            .and_modify(|known| *known = known.with(sprite))
            .or_insert(sprite);
    }
    sprites
}

/// The area of all sprites in each atlas.
pub(super) fn estimate(sprites: &Sprites) -> Vec<AtlasEstimate> {
    let mut sums: BTreeMap<Atlas, (usize, u64, u64)> = BTreeMap::new();
    for ((atlas, _), sprite) in sprites {
        let sum = sums.entry(*atlas).or_default();
        *sum = (sum.0 + 1, sum.1 + sprite.before, sum.2 + sprite.after);
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

/// The atlases of several packs that the game lays over each other.
///
/// A path that several of them have counts once, with the largest of its pictures: which pack lies on top is not known.
/// The warnings are those of [`Plan::warnings`] for what the packs make together.
#[must_use]
pub fn together(plans: &[Plan]) -> (Vec<AtlasEstimate>, Vec<String>) {
    let mut all = Sprites::new();
    for (key, sprite) in plans.iter().flat_map(|plan| &plan.sprites) {
        all.entry(key.clone())
            .and_modify(|known| *known = known.with(*sprite))
            .or_insert(*sprite);
    }
    let atlases = estimate(&all);
    let mut warnings = Vec::new();
    if let Some(scale) = plans.iter().map(|plan| plan.scale).max() {
        judge(&atlases, scale, true, &mut warnings);
    }
    (atlases, warnings)
}

/// How often the game halves its block textures for what is far away, unless players choose otherwise.
const MIPMAPS: u32 = 4;
/// How many sprites are named.
const NAMED: usize = 3;

/// What would make the pack better. A sprite whose sides cannot be halved four times lowers that for its whole atlas:
/// everything in the distance flickers then. Of the atlases only that of the blocks is halved.
pub(super) fn advice(sprites: &Sprites) -> Vec<String> {
    let odd: Vec<(&str, (u32, u32))> = sprites
        .iter()
        .filter(|((atlas, _), sprite)| *atlas == Atlas::Blocks && halvings(sprite.frame) < MIPMAPS)
        .map(|((_, path), sprite)| (path.as_str(), sprite.frame))
        .collect();
    let Some(left) = odd.iter().map(|(_, frame)| halvings(*frame)).min() else {
        return Vec::new();
    };
    let mut worst = odd.clone();
    worst.sort_by_key(|(_, frame)| halvings(*frame));
    let mut named: Vec<String> = worst
        .iter()
        .take(NAMED)
        .map(|(path, (width, height))| format!("{path} ({width}x{height})"))
        .collect();
    if odd.len() > NAMED {
        named.push(format!("{} more", odd.len() - NAMED));
    }
    let sprites = if odd.len() == 1 {
        "a sprite leaves"
    } else {
        "sprites leave"
    };
    vec![format!(
        "{sprites} the whole atlas of blocks {left} of {MIPMAPS} levels of mipmaps, so that all that is far away \
         flickers: sides that are no multiples of {}; {}",
        1 << MIPMAPS,
        named.join(", ")
    )]
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
