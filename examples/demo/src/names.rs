//! The textures that the world's blocks ask for, and what will do where a pack has no such file.

/// All names that the world's blocks ask for.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    SOLID.iter().chain(FREE).copied()
}

/// What covers a block's side.
const SOLID: &[&str] = &[
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
];

/// What stands free, with nothing behind it.
const FREE: &[&str] = &[
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

/// Other textures that will do where a pack has no such file, the best first: the same by the name that it had before
/// Minecraft 1.13, then something of its kind.
pub(crate) fn stand_ins(name: &str) -> &'static [&'static str] {
    match name {
        "grass_block_top" => &["grass_top", "moss_block", "dirt"],
        "grass_block_side" => &["grass_side", "dirt"],
        "grass_block_snow" => &[
            "grass_side_snowed",
            "grass_block_side",
            "grass_side",
            "dirt",
        ],
        "dirt_path_top" => &["grass_path_top", "dirt"],
        "dirt_path_side" => &["grass_path_side", "grass_block_side", "grass_side", "dirt"],
        "farmland_moist" => &["farmland_wet", "farmland", "dirt"],
        "snow" => &["white_wool", "wool_colored_white", "white_concrete"],
        "sandstone" => &["sandstone_normal", "sand"],
        "sandstone_top" => &["sandstone", "sand"],
        "moss_block" => &["grass_block_top", "grass_top", "mossy_cobblestone"],
        "mossy_cobblestone" => &["cobblestone_mossy", "cobblestone", "stone"],
        "stone_bricks" => &["stonebrick", "stone"],
        "mossy_stone_bricks" => &["stonebrick_mossy", "stone_bricks", "stonebrick", "stone"],
        "bricks" => &["brick", "red_nether_bricks", "stone_bricks"],
        "roof_tiles" => &[
            "red_nether_bricks",
            "bricks",
            "brick",
            "red_terracotta",
            "spruce_planks",
            "planks_spruce",
        ],
        "oak_planks" => &["planks_oak", "spruce_planks", "birch_planks"],
        "spruce_planks" => &["planks_spruce", "oak_planks", "planks_oak"],
        "birch_planks" => &["planks_birch", "oak_planks", "planks_oak"],
        "bookshelf" => &["oak_planks", "planks_oak"],
        "oak_log" => &["log_oak", "birch_log", "oak_planks"],
        "birch_log" => &["log_birch", "oak_log", "oak_planks"],
        "oak_log_top" => &["log_oak_top", "oak_log", "oak_planks"],
        "birch_log_top" => &["log_birch_top", "birch_log", "oak_planks"],
        "oak_leaves" => &["leaves_oak", "birch_leaves"],
        "birch_leaves" => &["leaves_birch", "oak_leaves"],
        "orange_stained_glass" => &["glass_orange", "glass"],
        "light_blue_stained_glass" => &["glass_light_blue", "glass"],
        "red_wool" => &["wool_colored_red", "white_wool"],
        "white_wool" => &["wool_colored_white", "snow"],
        "hay_block_top" | "hay_block_side" => &["hay_block_side", "yellow_wool"],
        "carved_pumpkin" => &["pumpkin_face_off", "pumpkin_side"],
        "oak_door_bottom" => &["door_wood_lower", "spruce_door_bottom", "oak_planks"],
        "oak_door_top" => &["door_wood_upper", "spruce_door_top", "oak_planks"],
        "torch" => &["torch_on", "soul_torch"],
        "campfire_fire" => &["fire_0", "fire_layer_0"],
        "short_grass" => &["grass", "tallgrass", "fern"],
        "fern" => &["short_grass", "grass", "tallgrass"],
        "poppy" => &["flower_rose", "rose", "red_tulip", "dandelion"],
        "dandelion" => &["flower_dandelion", "oxeye_daisy", "poppy"],
        "cornflower" => &["blue_orchid", "flower_blue_orchid", "allium", "dandelion"],
        "sunbloom" => &[
            "sunflower_front",
            "double_plant_sunflower_front",
            "dandelion",
        ],
        "brown_mushroom" => &["mushroom_brown", "red_mushroom"],
        "red_mushroom" => &["mushroom_red", "brown_mushroom"],
        "oak_sapling" => &["sapling_oak", "birch_sapling", "fern"],
        "wheat_stage3" => &["wheat_stage_3", "wheat_stage7", "short_grass"],
        "wheat_stage7" => &["wheat_stage_7", "wheat_stage3", "short_grass"],
        _ => &["stone", "cobblestone", "dirt"],
    }
}

/// Whether it stands free: only what has holes will do.
pub(crate) fn stands_free(name: &str) -> bool {
    FREE.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_every_block_is_known() {
        use crate::blocks::{Block, Ore, Plant};
        let world = crate::world::World::new(crate::SEED, 0);
        let known = |name: &str| names().any(|known| known == name);
        let mut seen = 0;
        for x in 0..world.size[0] {
            for y in 0..world.size[1] {
                for z in 0..world.size[2] {
                    for name in world.get([x, y, z]).look().sides {
                        assert!(name.is_empty() || known(name), "{name}");
                        seen += 1;
                    }
                }
            }
        }
        assert!(seen > 100_000);
        assert!(known(Block::Ore(Ore::Emerald).look().sides[0]));
        assert!(known(Block::Plant(Plant::Sapling).look().sides[0]));
    }

    #[test]
    fn what_stands_free_is_known() {
        use crate::blocks::{Block, Shape};
        let world = crate::world::World::new(crate::SEED, 0);
        let [w, h, d] = world.size;
        let cells = (0..w).flat_map(|x| (0..h).flat_map(move |y| (0..d).map(move |z| [x, y, z])));
        let mut free = 0;
        for block in cells.map(|cell| world.get(cell)) {
            let look = block.look();
            let is_free = matches!(look.shape, Shape::Cross | Shape::Torch);
            free += usize::from(is_free);
            if block != Block::Air {
                assert_eq!(stands_free(look.sides[0]), is_free, "{block:?}");
            }
        }
        assert!(free > 100);
    }
}
