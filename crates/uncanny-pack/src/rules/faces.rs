//! The edges of a block's texture: from the models that use it, otherwise from its name.
//!
//! Blocks wrap per edge and per use: plants, doors, ladders and side overlays do not wrap on all
//! edges [C for the models, names are the game's own, 1.6 to 26.x]. The names decide only where no model does.

use uncanny_texture::{Edge, Edges};

use super::models::Uses;

/// The shape a texture has in the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Face {
    /// Repeats on every side.
    Full,
    /// Repeats sideways only: the side of a grass block.
    Band,
    /// The overlay on such a side.
    BandOverlay,
    /// Stands on the ground, nothing beside or above it.
    Plant,
    /// The lower half of a tall plant.
    PlantLower,
    /// Repeats up and down, nothing beside it: sugar cane, chains.
    Stalk,
    /// Repeats up and down between fixed sides: ladders, straight rails, the edge of panes.
    Runner,
    /// Half a door.
    Door,
    /// Flames: repeat sideways, nothing above.
    Fire,
    /// Ends at every side.
    Ends,
}

const PLANT: Edges = Edges {
    left: Edge::Transparent,
    top: Edge::Transparent,
    right: Edge::Transparent,
    bottom: Edge::Clamp,
};
const PLANT_LOWER: Edges = Edges {
    top: Edge::Clamp,
    ..PLANT
};
const STALK: Edges = Edges {
    top: Edge::Wrap,
    bottom: Edge::Wrap,
    ..PLANT
};
const FIRE: Edges = Edges {
    left: Edge::Wrap,
    right: Edge::Wrap,
    ..PLANT
};

impl Face {
    pub(super) fn edges(self) -> Edges {
        match self {
            Self::Full => Edges::WRAP,
            Self::Band | Self::BandOverlay => Edges::WRAP_X,
            Self::Plant => PLANT,
            Self::PlantLower => PLANT_LOWER,
            Self::Stalk => STALK,
            Self::Runner => Edges::WRAP_Y,
            Self::Fire => FIRE,
            Self::Door | Self::Ends => Edges::CLAMP,
        }
    }

    /// Whether the game draws it cut out, so that its alpha must stay hard.
    pub(super) fn cutout(self) -> bool {
        !matches!(self, Self::Full | Self::Band)
    }

    pub(super) fn why(self) -> &'static str {
        match self {
            Self::Full => "full-cube face: wraps",
            Self::Band => "side with a top and a bottom: wraps sideways",
            Self::BandOverlay => "side overlay: wraps sideways, aligned with its side",
            Self::Plant => "plant: open sides, stands on the ground",
            Self::PlantLower => "lower half of a plant: goes on above",
            Self::Stalk => "climbs: wraps up and down, open sides",
            Self::Runner => "runs on: wraps up and down only",
            Self::Door => "half a door: no wrap",
            Self::Fire => "flames: wrap sideways, open above",
            Self::Ends => "part of a model: no wrap",
        }
    }
}

/// The face of a block texture and whether a model in the pack says so.
pub(super) fn face(stem: &str, vanilla_folder: bool, uses: Option<Uses>) -> (Face, bool) {
    let named = by_name(stem);
    // A side's overlay and its side lie on full faces, and doors on panels: there the name knows better.
    if let Some(face @ (Face::Band | Face::BandOverlay | Face::Door | Face::Fire)) = named {
        return (face, false);
    }
    match uses {
        Some(Uses { full: true, .. }) => (Face::Full, true),
        Some(Uses { plant: true, .. }) => match named {
            // A raised rail is a slanted plane too: a name that knows its sides knows more.
            Some(face) if face != Face::Full => (face, true),
            _ => (Face::Plant, true),
        },
        // The game's models are not in the pack: a game texture that the pack's models use only in parts may
        // still cover a cube. A texture of the pack's own does not.
        Some(Uses { part: true, .. }) if named.is_none() && !vanilla_folder => (Face::Ends, true),
        _ => (named.unwrap_or(Face::Full), false),
    }
}

/// What a name of the game tells, old or new; `None` for everything that is probably a cube.
fn by_name(stem: &str) -> Option<Face> {
    let starts = |words: &[&str]| words.iter().any(|word| stem.starts_with(word));
    let ends = |words: &[&str]| words.iter().any(|word| stem.ends_with(word));
    let is = |words: &[&str]| words.contains(&stem);
    let has = |words: &[&str]| words.iter().any(|word| stem.contains(word));

    if has(&["side_overlay"]) {
        return Some(Face::BandOverlay);
    }
    if starts(&[
        "grass_block_side",
        "grass_side",
        "grass_block_snow",
        "grass_path_side",
        "dirt_path_side",
    ]) || ends(&["podzol_side", "mycelium_side", "nylium_side", "mycel_side"])
    {
        return Some(Face::Band);
    }
    // Beds and signs are block textures since 26.2, shelf mushrooms there since 26.3 [C: their names in the game's lists].
    let bed = has(&["_bed_foot", "_bed_head"]) || starts(&["bed_foot", "bed_head"]);
    let sign = ends(&["_sign"]) || has(&["_sign_"]);
    if has(&["trapdoor", "shelf_mushroom"]) || bed || sign {
        return Some(Face::Ends);
    }
    if has(&["door_"]) && (ends(&["_upper", "_lower", "_top", "_bottom"])) {
        return Some(Face::Door);
    }
    let flame = ["fire_", "soul_fire_"].iter().any(|fire| {
        stem.strip_prefix(fire).is_some_and(|rest| {
            rest.starts_with("layer_") || rest.chars().all(|digit| digit.is_ascii_digit())
        })
    });
    if flame || starts(&["campfire_fire", "soul_campfire_fire"]) {
        return Some(Face::Fire);
    }
    if has(&["rail"]) && !has(&["guardrail"]) {
        let bent = ends(&["_corner", "_turned", "_normal_turned"]);
        return Some(if bent { Face::Ends } else { Face::Runner });
    }
    if ends(&["ladder"])
        || starts(&["glass_pane_top"])
        || ends(&["_pane_top"])
        || is(&["tripwire", "trip_wire"])
    {
        return Some(Face::Runner);
    }
    // Whole blocks whose names look like plants.
    if ends(&[
        "_block",
        "_planks",
        "_log",
        "_wood",
        "_hyphae",
        "_stem_top",
        "_block_top",
        "_block_side",
        "_wart_block",
    ]) || is(&[
        "crimson_stem",
        "warped_stem",
        "mushroom_stem",
        "mangrove_roots_top",
        "mangrove_roots_side",
        "muddy_mangrove_roots_top",
        "muddy_mangrove_roots_side",
        "stripped_crimson_stem",
        "stripped_warped_stem",
    ]) || starts(&[
        "stripped_",
        "grass_block",
        "grass_path",
        "grass_top",
        "mushroom_block",
        "mangrove_roots",
        "muddy_mangrove",
        "azalea_leaves",
        "flowering_azalea_leaves",
        "bamboo_planks",
        "bamboo_mosaic",
        "bamboo_fence",
        "bamboo_door",
        "kelp_block",
        "dried_kelp",
        "melon_side",
        "melon_top",
        "destroy_stage",
        "frosted_ice",
    ]) || has(&["coral_block", "leaves"]) && !has(&["bamboo_large", "bamboo_small"])
    {
        return starts(&["destroy_stage"]).then_some(Face::Ends);
    }
    if is(&[
        "reeds",
        "sugar_cane",
        "kelp",
        "kelp_plant",
        "chain",
        "iron_chain",
        "tall_seagrass_bottom",
        "scaffolding_side",
    ]) || ends(&["_vines_plant", "_vines_plant_lit", "copper_chain"])
    {
        return Some(Face::Stalk);
    }
    if is(&["vine"]) || starts(&["glow_lichen", "sculk_vein", "resin_clump", "iron_bars"]) {
        return Some(Face::Full);
    }
    if (starts(&["double_plant_"]) && ends(&["_bottom"]))
        || is(&[
            "tall_grass_bottom",
            "large_fern_bottom",
            "sunflower_bottom",
            "lilac_bottom",
            "rose_bush_bottom",
            "peony_bottom",
            "small_dripleaf_stem_bottom",
            "pitcher_crop_bottom",
        ])
    {
        return Some(Face::PlantLower);
    }
    let stage = stem.contains("_stage") && stem.ends_with(|c: char| c.is_ascii_digit());
    if stage
        || starts(&[
            "sapling",
            "flower_",
            "double_plant_",
            "tallgrass",
            "tall_grass",
            "large_fern",
            "sunflower_",
            "lilac_",
            "rose_bush",
            "peony_",
            "wheat_",
            "carrots_",
            "potatoes_",
            "beetroots_",
            "nether_wart_",
            "cave_vines",
            "weeping_vines",
            "twisting_vines",
            "seagrass",
            "tall_seagrass",
            "pitcher_crop",
            "torchflower",
            "small_dripleaf",
            "big_dripleaf",
            "pointed_dripstone",
            "sulfur_spike",
            "bamboo_",
            "attached_",
            "pale_hanging_moss",
        ]) && !starts(&["flower_pot", "nether_wart_block"])
        || ends(&[
            "_sapling",
            "_tulip",
            "_coral",
            "_coral_fan",
            "_fungus",
            "_roots",
            "_propagule",
            "melon_stem",
            "pumpkin_stem",
            "_eyeblossom",
            "_bush",
            "_shrub",
            "_leaf_litter",
            "_bud",
            "_cluster",
            "_mushroom",
            "_dry_grass",
            "_petals",
        ])
        || is(&[
            "fern",
            "grass",
            "short_grass",
            "dead_bush",
            "deadbush",
            "dandelion",
            "poppy",
            "blue_orchid",
            "allium",
            "azure_bluet",
            "oxeye_daisy",
            "cornflower",
            "lily_of_the_valley",
            "wither_rose",
            "nether_sprouts",
            "cobweb",
            "web",
            "wildflowers",
            "leaf_litter",
            "bush",
            "cactus_flower",
            "mushroom_red",
            "mushroom_brown",
            "spore_blossom",
            "azalea_plant",
            "melon_stem",
            "pumpkin_stem",
            "melon_stem_disconnected",
            "melon_stem_connected",
            "pumpkin_stem_disconnected",
            "pumpkin_stem_connected",
            "torch",
            "firefly_bush",
            "golden_dandelion",
        ])
        || has(&["torch"])
    {
        return Some(Face::Plant);
    }
    if is(&[
        "lily_pad",
        "waterlily",
        "lever",
        "bell_bottom",
        "flower_pot",
        "lantern",
        "soul_lantern",
        "sea_pickle",
        "turtle_egg",
        "conduit",
        "brewing_stand",
        "itemframe_background",
        "item_frame",
        "glow_item_frame",
        "end_rod",
        "cocoa_stage",
        "hopper_outside",
        "bed_head_top",
    ]) || starts(&[
        "redstone_dust_",
        "cake_",
        "anvil_top",
        "bell_",
        "candle",
        "turtle_egg",
        "sniffer_egg",
        "lectern_",
        "grindstone_",
        "stonecutter_saw",
        "bed_",
    ]) || ends(&["_candle", "_candle_lit", "_lantern", "_shelf"])
    {
        return Some(Face::Ends);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_versions_are_told_apart() {
        let cases: &[(Face, &[&str])] = &[
            (
                Face::Full,
                &[
                    "stone",
                    "oak_log",
                    "oak_log_top",
                    "log_oak",
                    "glass",
                    "glass_white",
                    "crimson_stem",
                    "leaves_oak",
                    "oak_leaves",
                    "mushroom_stem",
                    "mushroom_block_inside",
                    "brown_mushroom_block",
                    "vine",
                    "water_flow",
                    "lava_still",
                    "grass_block_top",
                    "grass_top",
                    "frosted_ice_1",
                    "tube_coral_block",
                    "fire_coral_block",
                    "nether_wart_block",
                    "bamboo_planks",
                    "melon_side",
                    "azalea_leaves",
                    "iron_bars",
                    "cactus_side",
                    "mangrove_roots_side",
                    "pumpkin_side",
                    "door_frame",
                    "brick",
                    "mycelium_top",
                    "poplar_log",
                    "red_poplar_leaves",
                    "poplar_planks",
                    "sulfur_bricks",
                    "bedrock",
                ],
            ),
            (
                Face::Band,
                &[
                    "grass_block_side",
                    "grass_side",
                    "grass_side_snowed",
                    "mycelium_side",
                    "crimson_nylium_side",
                    "dirt_podzol_side",
                    "grass_path_side",
                ],
            ),
            (
                Face::BandOverlay,
                &["grass_block_side_overlay", "grass_side_overlay"],
            ),
            (
                Face::Door,
                &[
                    "door_wood_upper",
                    "oak_door_bottom",
                    "iron_door_top",
                    "door_acacia_lower",
                ],
            ),
            (
                Face::Ends,
                &[
                    "oak_trapdoor",
                    "trapdoor",
                    "rail_corner",
                    "rail_normal_turned",
                    "lily_pad",
                    "waterlily",
                    "redstone_dust_dot",
                    "destroy_stage_3",
                    "soul_lantern",
                    "red_bed_foot_east",
                    "light_blue_bed_head_up",
                    "oak_sign",
                    "poplar_hanging_sign_chains",
                    "shelf_mushroom",
                    "shelf_mushroom_large",
                    "poplar_shelf",
                ],
            ),
            (
                Face::Runner,
                &[
                    "ladder",
                    "rail",
                    "rail_normal",
                    "powered_rail_on",
                    "glass_pane_top_lime",
                ],
            ),
            (
                Face::Stalk,
                &["sugar_cane", "reeds", "kelp_plant", "cave_vines_plant"],
            ),
            (Face::Fire, &["fire_layer_0", "fire_1", "soul_fire_0"]),
            (
                Face::PlantLower,
                &["double_plant_fern_bottom", "tall_grass_bottom"],
            ),
            (
                Face::Plant,
                &[
                    "poppy",
                    "flower_rose",
                    "wheat_stage_7",
                    "beetroots_stage0",
                    "oak_sapling",
                    "sapling_oak",
                    "fern",
                    "grass",
                    "tallgrass",
                    "torch_on",
                    "redstone_torch",
                    "soul_torch",
                    "web",
                    "crimson_roots",
                    "tube_coral_fan",
                    "fire_coral",
                    "fire_coral_fan",
                    "double_plant_rose_top",
                    "brown_mushroom",
                    "melon_stem",
                    "amethyst_cluster",
                    "sulfur_spike_down_tip",
                    "red_shrub",
                    "poplar_sapling",
                    "poplar_leaf_litter",
                    "bamboo_large_leaves",
                    "pink_petals",
                ],
            ),
        ];
        for (expected, stems) in cases {
            for stem in *stems {
                assert_eq!(face(stem, true, None), (*expected, false), "{stem}");
            }
        }
    }

    #[test]
    fn models_decide_before_names() {
        let full = Uses {
            full: true,
            part: true,
            ..Uses::default()
        };
        let plant = Uses {
            plant: true,
            ..Uses::default()
        };
        let part = Uses {
            part: true,
            ..Uses::default()
        };
        assert_eq!(face("poppy", true, Some(full)), (Face::Full, true));
        assert_eq!(face("stone", true, Some(plant)), (Face::Plant, true));
        assert_eq!(
            face("powered_rail_on", true, Some(plant)),
            (Face::Runner, true)
        );
        assert_eq!(
            face("tall_grass_bottom", true, Some(plant)),
            (Face::PlantLower, true)
        );
        assert_eq!(face("cobblestone", true, Some(part)), (Face::Full, false));
        assert_eq!(face("knob", false, Some(part)), (Face::Ends, true));
        assert_eq!(
            face("grass_block_side_overlay", true, Some(full)),
            (Face::BandOverlay, false)
        );
    }
}
