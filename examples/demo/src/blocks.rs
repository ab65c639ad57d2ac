//! What blocks there are: their shape, textures, tint and light. Knows no engine and no pack.

/// The sides of a block, in the order of every table of six.
pub(crate) const SIDES: [[i32; 3]; 6] = [
    [1, 0, 0],
    [-1, 0, 0],
    [0, 1, 0],
    [0, -1, 0],
    [0, 0, 1],
    [0, 0, -1],
];

/// One cell of the world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Block {
    /// Nothing.
    #[default]
    Air,
    /// Rock.
    Stone,
    /// Under grass.
    Dirt,
    /// Grass on dirt.
    Grass,
    /// Snow on dirt.
    SnowyGrass,
    /// Snow all through.
    Snow,
    /// The shore.
    Sand,
    /// Under the shore.
    Sandstone,
    /// The sea's floor.
    Gravel,
    /// The pond's floor.
    Clay,
    /// Translucent, swum in.
    Water,
    /// Translucent, walked on.
    Ice,
    /// Glows.
    Lava,
    /// Black rock around lava.
    Obsidian,
    /// Rock with something in it.
    Ore(Ore),
    /// Old walls.
    Cobblestone,
    /// Older walls.
    MossyCobblestone,
    /// Dressed stone.
    StoneBricks,
    /// Dressed stone, old.
    MossyStoneBricks,
    /// On the forest's floor.
    Moss,
    /// Trunk.
    OakLog,
    /// Crown, with holes.
    OakLeaves,
    /// White trunk.
    BirchLog,
    /// Crown of a birch.
    BirchLeaves,
    /// Boards.
    OakPlanks,
    /// Darker boards.
    SprucePlanks,
    /// Lighter boards.
    BirchPlanks,
    /// The chimney.
    Bricks,
    /// The roof.
    RoofTiles,
    /// A window.
    Glass,
    /// A coloured window.
    OrangeGlass,
    /// A coloured window.
    BlueGlass,
    /// Books.
    Bookshelf,
    /// A lamp.
    Glowstone,
    /// Straw.
    Hay,
    /// Soft and red.
    RedWool,
    /// Soft and white.
    WhiteWool,
    /// Worn ground, a little lower.
    Path,
    /// A field.
    Farmland,
    /// A gourd.
    Pumpkin,
    /// A gourd with a face, to the south.
    CarvedPumpkin,
    /// Half a door, shut, in the plane of the wall.
    DoorBottom,
    /// Its upper half.
    DoorTop,
    /// A light on a stick.
    Torch,
    /// Flames.
    Fire,
    /// Anything that grows as two crossed pictures.
    Plant(Plant),
    /// A cube of one texture of the pack, by its number: what the gallery shows.
    Sample(u16),
}

/// What rock hides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Ore {
    /// Black.
    Coal,
    /// Brown.
    Iron,
    /// Yellow.
    Gold,
    /// Red.
    Redstone,
    /// Blue.
    Diamond,
    /// Green.
    Emerald,
}

/// What grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Plant {
    /// Tinted.
    ShortGrass,
    /// Tinted.
    Fern,
    /// Red.
    Poppy,
    /// Yellow.
    Dandelion,
    /// Blue.
    Cornflower,
    /// Tall and yellow.
    Sunbloom,
    /// Under trees.
    BrownMushroom,
    /// Under trees.
    RedMushroom,
    /// A tree to be.
    Sapling,
    /// Green.
    YoungWheat,
    /// Ripe.
    Wheat,
}

/// How a block is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Not at all.
    None,
    /// A cube, or less than one by this much at the top.
    Cube {
        /// Sixteenths missing at the top.
        low: u8,
    },
    /// Two crossed pictures.
    Cross,
    /// A sheet in the plane of a wall that runs from west to east.
    Door,
    /// A stick.
    Torch,
}

/// Which mesh a block is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Pass {
    /// Every pixel covers.
    Opaque,
    /// A pixel covers or does not.
    Cutout,
    /// Pixels mix with what is behind.
    Translucent,
}

/// What grey textures are multiplied by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Tint {
    /// Nothing.
    None,
    /// The colour map of grass.
    Grass,
    /// The colour map of leaves.
    Foliage,
    /// The game's constant for birches.
    Birch,
    /// The game's constant for water.
    Water,
}

/// How to draw a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Its form.
    pub shape: Shape,
    /// Its mesh.
    pub pass: Pass,
    /// Names of textures, a side each, in the order of [`SIDES`].
    pub sides: [&'static str; 6],
    /// Which sides are tinted, and how.
    pub tint: Tint,
    /// How much of its light is its own, 0 to 1.
    pub glow: f32,
}

const fn cube(name: &'static str) -> Look {
    Look {
        shape: Shape::Cube { low: 0 },
        pass: Pass::Opaque,
        sides: [name; 6],
        tint: Tint::None,
        glow: 0.0,
    }
}

const fn pillar(top: &'static str, side: &'static str, bottom: &'static str) -> Look {
    let mut look = cube(side);
    look.sides = [side, side, top, bottom, side, side];
    look
}

const fn cross(name: &'static str) -> Look {
    let mut look = cube(name);
    look.shape = Shape::Cross;
    look.pass = Pass::Cutout;
    look
}

impl Look {
    const fn with(mut self, pass: Pass, tint: Tint) -> Self {
        self.pass = pass;
        self.tint = tint;
        self
    }

    const fn low(mut self, low: u8) -> Self {
        self.shape = Shape::Cube { low };
        self
    }

    const fn glowing(mut self, glow: f32) -> Self {
        self.glow = glow;
        self
    }
}

impl Block {
    /// How it is drawn. A sample's texture is not among the names; see [`Block::sample`].
    pub(crate) const fn look(self) -> Look {
        use Pass::{Cutout, Translucent};
        match self {
            Self::Air => {
                let mut look = cube("");
                look.shape = Shape::None;
                look
            }
            Self::Stone => cube("stone"),
            Self::Dirt => cube("dirt"),
            Self::Grass => pillar("grass_block_top", "grass_block_side", "dirt")
                .with(Pass::Opaque, Tint::Grass),
            Self::SnowyGrass => pillar("snow", "grass_block_snow", "dirt"),
            Self::Snow => cube("snow"),
            Self::Sand => cube("sand"),
            Self::Sandstone => pillar("sandstone_top", "sandstone", "sandstone_top"),
            Self::Gravel => cube("gravel"),
            Self::Clay => cube("clay"),
            Self::Water => cube("water_still").with(Translucent, Tint::Water).low(2),
            Self::Ice => cube("ice").with(Translucent, Tint::None),
            Self::Lava => cube("lava_still").low(2).glowing(1.0),
            Self::Obsidian => cube("obsidian"),
            Self::Ore(ore) => cube(match ore {
                Ore::Coal => "coal_ore",
                Ore::Iron => "iron_ore",
                Ore::Gold => "gold_ore",
                Ore::Redstone => "redstone_ore",
                Ore::Diamond => "diamond_ore",
                Ore::Emerald => "emerald_ore",
            }),
            Self::Cobblestone => cube("cobblestone"),
            Self::MossyCobblestone => cube("mossy_cobblestone"),
            Self::StoneBricks => cube("stone_bricks"),
            Self::MossyStoneBricks => cube("mossy_stone_bricks"),
            Self::Moss => cube("moss_block"),
            Self::OakLog => pillar("oak_log_top", "oak_log", "oak_log_top"),
            Self::OakLeaves => cube("oak_leaves").with(Cutout, Tint::Foliage),
            Self::BirchLog => pillar("birch_log_top", "birch_log", "birch_log_top"),
            Self::BirchLeaves => cube("birch_leaves").with(Cutout, Tint::Birch),
            Self::OakPlanks => cube("oak_planks"),
            Self::SprucePlanks => cube("spruce_planks"),
            Self::BirchPlanks => cube("birch_planks"),
            Self::Bricks => cube("bricks"),
            Self::RoofTiles => cube("roof_tiles"),
            Self::Glass => cube("glass").with(Cutout, Tint::None),
            Self::OrangeGlass => cube("orange_stained_glass").with(Translucent, Tint::None),
            Self::BlueGlass => cube("light_blue_stained_glass").with(Translucent, Tint::None),
            Self::Bookshelf => pillar("oak_planks", "bookshelf", "oak_planks"),
            Self::Glowstone => cube("glowstone").glowing(0.8),
            Self::Hay => pillar("hay_block_top", "hay_block_side", "hay_block_top"),
            Self::RedWool => cube("red_wool"),
            Self::WhiteWool => cube("white_wool"),
            Self::Path => pillar("dirt_path_top", "dirt_path_side", "dirt").low(1),
            Self::Farmland => pillar("farmland_moist", "dirt", "dirt").low(1),
            Self::Pumpkin => pillar("pumpkin_top", "pumpkin_side", "pumpkin_side"),
            Self::CarvedPumpkin => {
                let mut look = pillar("pumpkin_top", "pumpkin_side", "pumpkin_side");
                look.sides[4] = "carved_pumpkin";
                look
            }
            Self::DoorBottom => {
                let mut look = cross("oak_door_bottom");
                look.shape = Shape::Door;
                look
            }
            Self::DoorTop => {
                let mut look = cross("oak_door_top");
                look.shape = Shape::Door;
                look
            }
            Self::Torch => {
                let mut look = cross("torch").glowing(0.6);
                look.shape = Shape::Torch;
                look
            }
            Self::Fire => cross("campfire_fire").glowing(1.0),
            Self::Plant(plant) => match plant {
                Plant::ShortGrass => cross("short_grass").with(Cutout, Tint::Grass),
                Plant::Fern => cross("fern").with(Cutout, Tint::Grass),
                Plant::Poppy => cross("poppy"),
                Plant::Dandelion => cross("dandelion"),
                Plant::Cornflower => cross("cornflower"),
                Plant::Sunbloom => cross("sunbloom"),
                Plant::BrownMushroom => cross("brown_mushroom"),
                Plant::RedMushroom => cross("red_mushroom"),
                Plant::Sapling => cross("oak_sapling"),
                Plant::YoungWheat => cross("wheat_stage3"),
                Plant::Wheat => cross("wheat_stage7"),
            },
            Self::Sample(_) => cube("").with(Cutout, Tint::None),
        }
    }

    /// The texture's number, of a sample.
    pub(crate) const fn sample(self) -> Option<u16> {
        match self {
            Self::Sample(number) => Some(number),
            _ => None,
        }
    }

    /// Whether nothing behind it is seen: an opaque, whole cube.
    pub(crate) const fn covers(self) -> bool {
        let look = self.look();
        matches!(look.shape, Shape::Cube { low: 0 }) && matches!(look.pass, Pass::Opaque)
    }

    /// Whether one cannot walk through it.
    pub(crate) const fn solid(self) -> bool {
        match self {
            Self::Water | Self::Lava | Self::DoorBottom | Self::DoorTop => false,
            _ => matches!(self.look().shape, Shape::Cube { .. }),
        }
    }

    /// Whether a side towards `other` is drawn.
    pub(crate) fn shows(self, side: usize, other: Self) -> bool {
        if other.covers() {
            return false;
        }
        if self != other {
            return true;
        }
        match self {
            // Of one kind they are one body.
            Self::Water
            | Self::Lava
            | Self::Ice
            | Self::Glass
            | Self::OrangeGlass
            | Self::BlueGlass
            | Self::Path
            | Self::Farmland => false,
            // Crowns would look hollow without a side between two blocks, but one will do, for both faces of it show.
            Self::OakLeaves | Self::BirchLeaves => side.is_multiple_of(2),
            _ => true,
        }
    }
}
