//! The textures that the world's blocks ask for, and what will do where a pack has no such file.

/// All names that the world's blocks ask for.
pub(crate) const NAMES: &[&str] = &[
    "stone",
    "dirt",
    "grass_block_top",
    "grass_block_side",
    "snow",
    "grass_block_snow",
    "sand",
    "sandstone",
    "sandstone_top",
    "gravel",
    "clay",
    "water_still",
    "ice",
    "lava_still",
    "obsidian",
    "coal_ore",
    "iron_ore",
    "gold_ore",
    "redstone_ore",
    "diamond_ore",
    "emerald_ore",
    "cobblestone",
    "mossy_cobblestone",
    "stone_bricks",
    "mossy_stone_bricks",
    "moss_block",
    "oak_log",
    "oak_log_top",
    "oak_leaves",
    "birch_log",
    "birch_log_top",
    "birch_leaves",
    "oak_planks",
    "spruce_planks",
    "birch_planks",
    "bricks",
    "roof_tiles",
    "glass",
    "orange_stained_glass",
    "light_blue_stained_glass",
    "bookshelf",
    "glowstone",
    "hay_block_top",
    "hay_block_side",
    "red_wool",
    "white_wool",
    "dirt_path_top",
    "dirt_path_side",
    "farmland_moist",
    "pumpkin_top",
    "pumpkin_side",
    "carved_pumpkin",
    "oak_door_bottom",
    "oak_door_top",
    "torch",
    "campfire_fire",
    "short_grass",
    "fern",
    "poppy",
    "dandelion",
    "cornflower",
    "sunbloom",
    "brown_mushroom",
    "red_mushroom",
    "oak_sapling",
    "wheat_stage3",
    "wheat_stage7",
];

/// Another texture that will do where a pack has no such file: the same thing by another name, or one of its kind.
pub(crate) fn stand_ins(name: &str) -> &'static [&'static str] {
    match name {
        "grass_block_top" => &["moss_block", "grass_top", "dirt"],
        "grass_block_side" | "grass_block_snow" | "dirt_path_side" => &["grass_side", "dirt"],
        "dirt_path_top" => &["grass_path_top", "dirt"],
        "farmland_moist" => &["farmland", "farmland_wet", "dirt"],
        "snow" => &["white_wool", "white_concrete"],
        "moss_block" => &["grass_block_top", "mossy_cobblestone"],
        "sunbloom" => &["sunflower_front", "dandelion"],
        "roof_tiles" => &[
            "red_nether_bricks",
            "bricks",
            "red_terracotta",
            "spruce_planks",
        ],
        "short_grass" => &["grass", "fern"],
        "cornflower" | "poppy" | "dandelion" => {
            &["blue_orchid", "allium", "dandelion", "poppy", "rose"]
        }
        "brown_mushroom" | "red_mushroom" => &[
            "mushroom_brown",
            "mushroom_red",
            "red_mushroom",
            "brown_mushroom",
        ],
        "campfire_fire" => &["fire_0", "fire_layer_0"],
        "wheat_stage3" | "wheat_stage7" => &["wheat_stage_3", "wheat_stage_7", "short_grass"],
        "carved_pumpkin" => &["pumpkin_face_off", "pumpkin_side"],
        "clay" | "gravel" | "cobblestone" | "stone_bricks" | "obsidian" => &["stonebrick", "stone"],
        "mossy_cobblestone" => &["cobblestone", "stone"],
        "mossy_stone_bricks" => &["stone_bricks", "stone"],
        "sandstone" | "sandstone_top" => &["sand"],
        "spruce_planks" | "birch_planks" | "bookshelf" => &["oak_planks", "planks_oak"],
        "birch_log" | "oak_log" => &["log_oak", "oak_log", "birch_log"],
        "birch_log_top" | "oak_log_top" => &["log_oak_top", "oak_log", "birch_log"],
        "birch_leaves" | "oak_leaves" => &["leaves_oak", "oak_leaves", "birch_leaves"],
        "orange_stained_glass" | "light_blue_stained_glass" => &["glass"],
        "hay_block_top" | "hay_block_side" => &["hay_block_side", "yellow_wool"],
        _ if name.ends_with("_ore") => &["stone"],
        _ => &["stone", "cobblestone", "dirt"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_every_block_is_known() {
        use crate::blocks::{Block, Ore, Plant};
        let world = crate::world::World::new(crate::SEED, 0);
        let mut seen = 0;
        for x in 0..world.size[0] {
            for y in 0..world.size[1] {
                for z in 0..world.size[2] {
                    for name in world.get([x, y, z]).look().sides {
                        assert!(name.is_empty() || NAMES.contains(&name), "{name}");
                        seen += 1;
                    }
                }
            }
        }
        assert!(seen > 100_000);
        assert!(NAMES.contains(&Block::Ore(Ore::Emerald).look().sides[0]));
        assert!(NAMES.contains(&Block::Plant(Plant::Sapling).look().sides[0]));
    }
}
