//! Which textures are already high resolution, against the size that the game's own have.
//!
//! What is large already must stay as it is. Up to twice the usual size is low resolution still; a
//! pack whose blocks are 32 wide doubles all limits. Sizes are the game's \[C\]; those of mobs that are not listed
//! are 64x64 at most.

use super::rule::AssetKind;

/// The pack's own resolution: how wide its block and item frames mostly are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Resolution(pub(super) u32);

impl Resolution {
    /// From the frame widths of the pack's blocks and items: the most frequent, the smaller of equals, 16 of none.
    pub(super) fn of(widths: impl IntoIterator<Item = u32>) -> Self {
        let mut counts = std::collections::BTreeMap::new();
        for width in widths {
            *counts.entry(width).or_insert(0_u32) += 1;
        }
        let most = counts.values().copied().max().unwrap_or(0);
        let width = counts
            .into_iter()
            .find(|&(_, count)| count == most)
            .map_or(16, |(width, _)| width);
        Self(width)
    }

    /// How many times the usual size is still low resolution.
    fn times(self) -> u32 {
        2 * (self.0.clamp(16, 32) / 16)
    }

    /// The same for a glyph of that size, which its font draws so many interface pixels high: those are what texels of
    /// glyphs are measured by, however wide the art is. Glyphs of up to 32 are drawn by texels at any interface scale.
    pub(super) fn glyph_already_high(
        self,
        (width, height): (u32, u32),
        drawn: f64,
    ) -> Option<String> {
        let high = width.max(height) > 32 && f64::from(height) > drawn * f64::from(self.times());
        high.then(|| {
            format!("already high resolution ({height} pixels high where its font draws {drawn})")
        })
    }

    /// Why a texture of that frame size needs no more pixels; `None` when it does.
    pub(super) fn already_high(
        self,
        kind: AssetKind,
        path: &str,
        (width, height): (u32, u32),
    ) -> Option<String> {
        let (usual_width, usual_height) = usual(kind, path)?;
        let limit = self.times();
        (width > usual_width * limit || height > usual_height * limit).then(|| {
            format!(
                "already high resolution ({width}x{height} where {usual_width}x{usual_height} is usual)"
            )
        })
    }
}

/// Mobs and things whose texture is larger than 64x64.
const LARGE: &[(&str, (u32, u32))] = &[
    ("enderdragon/", (256, 256)),
    ("end_portal", (256, 256)),
    ("end_gateway_beam", (16, 256)),
    ("end_crystal/", (128, 256)),
    // The same folder until 1.12.
    ("endercrystal/", (128, 256)),
    ("witch", (64, 128)),
    ("beacon_beam", (16, 256)),
    ("sniffer/", (192, 192)),
    ("happy_ghast/", (128, 128)),
    ("iron_golem/", (128, 128)),
    ("illager/", (128, 128)),
    ("breeze/", (128, 128)),
    ("camel/", (128, 128)),
    ("warden/", (128, 128)),
    ("nautilus/", (128, 128)),
    ("strider/", (64, 128)),
    ("conduit/", (64, 64)),
    ("explosion", (128, 128)),
    ("sweep", (128, 32)),
    ("horse/", (128, 128)),
    ("bear/", (128, 64)),
    ("boat/", (128, 128)),
    ("chest_boat/", (128, 128)),
    ("chest/", (128, 64)),
    ("hoglin/", (128, 64)),
    ("llama/", (128, 64)),
    ("turtle/", (128, 64)),
];

/// What is worn and larger than 64x64, by the start of its folder under `equipment/`.
const LARGE_WORN: &[(&str, (u32, u32))] = &[
    ("camel", (128, 128)),
    ("llama", (128, 64)),
    ("nautilus", (128, 128)),
    ("strider", (64, 128)),
];

/// The usual size of a frame, glyph or sheet; `None` where the size says nothing.
fn usual(kind: AssetKind, path: &str) -> Option<(u32, u32)> {
    use AssetKind::{
        Banner, Block, Ctm, Entity, Environment, Equipment, Gui, GuiSheet, Item, Map, Misc,
        MobEffect, Painting, Particle, Trim,
    };
    Some(match kind {
        Block | Item | Ctm => {
            let stem = super::paths::stem(path);
            // Signs are block textures since 26.2, of which some may be as wide as they were for mobs.
            let sign = kind == Block && stem.contains("_sign");
            if stem.ends_with("_flow") || sign {
                (32, 32)
            } else {
                (16, 16)
            }
        }
        Trim if path.contains("/items/") || path.contains("item/") => (16, 16),
        Trim => (64, 32),
        Entity => {
            let below = path.split_once("entity/").map_or(path, |(_, below)| below);
            LARGE
                .iter()
                .find(|(start, _)| below.starts_with(start))
                .map_or((64, 64), |(_, size)| *size)
        }
        Equipment => {
            let below = path.split_once("equipment/").map_or("", |(_, below)| below);
            LARGE_WORN
                .iter()
                .find(|(start, _)| below.starts_with(start))
                .map_or((64, 64), |(_, size)| *size)
        }
        Banner => (64, 64),
        Gui => (256, 256),
        GuiSheet => (256, 256),
        Particle if path.ends_with("particles.png") => (256, 256),
        Particle => (16, 16),
        Painting if path.contains("paintings_kristoffer") => (256, 256),
        Painting => (64, 64),
        MobEffect => (18, 18),
        Map if path.ends_with("map_icons.png") => (128, 128),
        Map if path.contains("decorations/") => (8, 8),
        Map => (64, 64),
        Environment => match super::paths::stem(path) {
            "moon_phases" => (128, 64),
            "rain" | "snow" => (64, 256),
            "end_sky" => (128, 128),
            _ => (32, 32),
        },
        Misc => match super::paths::stem(path) {
            "pumpkinblur" | "spyglass_scope" | "powder_snow_outline" | "nausea" => (256, 256),
            "underwater" => (256, 256),
            _ => (64, 64),
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packs_resolution_is_its_most_frequent_width() {
        assert_eq!(Resolution::of([16, 16, 32, 128]), Resolution(16));
        assert_eq!(Resolution::of([32, 32, 16, 16]), Resolution(16));
        assert_eq!(Resolution::of([32, 32, 16]), Resolution(32));
        assert_eq!(Resolution::of([]), Resolution(16));
    }

    #[test]
    fn up_to_twice_the_usual_size_is_low_resolution() {
        let high =
            |pack, kind, path, size| Resolution(pack).already_high(kind, path, size).is_some();
        let cases = [
            (16, AssetKind::Block, "block/a.png", (16, 16), false),
            (16, AssetKind::Block, "block/a.png", (32, 32), false),
            (16, AssetKind::Block, "block/a.png", (64, 64), true),
            (16, AssetKind::Item, "items/crate.png", (128, 128), true),
            (32, AssetKind::Block, "block/a.png", (32, 32), false),
            (32, AssetKind::Block, "block/a.png", (64, 64), false),
            (32, AssetKind::Block, "block/a.png", (128, 128), true),
            (128, AssetKind::Block, "block/a.png", (128, 128), true),
            (8, AssetKind::Block, "block/a.png", (8, 8), false),
            (
                16,
                AssetKind::Block,
                "block/water_flow.png",
                (64, 64),
                false,
            ),
            (
                16,
                AssetKind::Entity,
                "entity/creeper.png",
                (128, 64),
                false,
            ),
            (
                16,
                AssetKind::Entity,
                "entity/creeper.png",
                (512, 256),
                true,
            ),
            (
                16,
                AssetKind::Entity,
                "entity/enderdragon/dragon.png",
                (256, 256),
                false,
            ),
            (
                16,
                AssetKind::Entity,
                "entity/endercrystal/endercrystal_beam.png",
                (32, 512),
                false,
            ),
            (64, AssetKind::Entity, "entity/witch.png", (256, 512), false),
            (
                64,
                AssetKind::Entity,
                "entity/witch.png",
                (1024, 2048),
                true,
            ),
            (
                64,
                AssetKind::Equipment,
                "entity/equipment/llama_body/white.png",
                (256, 128),
                false,
            ),
            (
                64,
                AssetKind::Equipment,
                "entity/equipment/camel_saddle/saddle.png",
                (512, 512),
                false,
            ),
            (16, AssetKind::Block, "block/oak_sign.png", (64, 32), false),
            (
                16,
                AssetKind::Block,
                "block/oak_sign_wall.png",
                (128, 64),
                true,
            ),
            (16, AssetKind::Item, "item/oak_sign.png", (64, 64), true),
            (
                16,
                AssetKind::Environment,
                "environment/sun.png",
                (128, 128),
                true,
            ),
            (16, AssetKind::Gui, "gui/sprites/a.png", (1636, 481), true),
            (16, AssetKind::GuiSheet, "gui/icons.png", (512, 512), false),
            (16, AssetKind::Unknown, "a.png", (4096, 4096), false),
        ];
        for (pack, kind, path, size, expected) in cases {
            assert_eq!(
                high(pack, kind, path, size),
                expected,
                "{pack} {path} {size:?}"
            );
        }
        let why = Resolution(16).already_high(AssetKind::Block, "block/a.png", (64, 64));
        assert_eq!(
            why.as_deref(),
            Some("already high resolution (64x64 where 16x16 is usual)")
        );
    }
}
