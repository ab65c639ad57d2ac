//! What people built on the island: a house, a farm, paths, a campfire, a quarry with lava, the gallery.

use crate::blocks::{Block, Ore, Plant};
use crate::noise::step;
use crate::world::{GROUND, HEIGHT, ISLAND, SEA, World};

/// The house's outer walls, from and to.
const HOUSE: ([i32; 2], [i32; 2]) = ([36, 23], [44, 30]);
/// The farm's rim, from and to.
const FARM: ([i32; 2], [i32; 2]) = ([48, 24], [55, 31]);

/// How level the ground must be there, 0 to 1.
pub(crate) fn level(x: f32, z: f32) -> f32 {
    let outside = |from: f32, to: f32, at: f32| (from - at).max(at - to).max(0.0);
    let far = |x0: f32, z0: f32, x1: f32, z1: f32| outside(x0, x1, x).hypot(outside(z0, z1, z));
    let house = 1.0 - step(1.0, 6.0, far(34.0, 21.0, 56.0, 36.0));
    let path = 1.0
        - step(
            1.0,
            4.0,
            far(38.0, 30.0, 42.0, 48.0).min(far(40.0, 40.0, 66.0, 44.0)),
        );
    house.max(path)
}

/// Whether trees keep away.
pub(crate) fn kept_clear(x: i32, z: i32) -> bool {
    level(x as f32, z as f32) > 0.5
}

/// Builds everything but the gallery.
pub(crate) fn all(world: &mut World) {
    paths(world);
    house(world);
    farm(world);
    camp(world);
    quarry(world);
}

fn paths(world: &mut World) {
    let mut tread = |x: i32, z: i32| {
        let y = world.height(x, z);
        if matches!(world.get([x, y, z]), Block::Grass | Block::Dirt) {
            world.set([x, y, z], Block::Path);
        }
    };
    for z in 31..=56 {
        let bend = [
            0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, -1, -1, -2, -2, -3, -3, -3, -3, -4, -4, -4, -5,
            -5,
        ];
        let middle = 40 + bend[(z - 31) as usize];
        tread(middle, z);
        tread(middle + 1, z);
    }
    for x in 41..ISLAND {
        tread(x, 41);
        tread(x, 42);
    }
}

fn house(world: &mut World) {
    let ([x0, z0], [x1, z1]) = HOUSE;
    let y = GROUND;
    world.fill([x0 - 1, y + 1, z0 - 1], [x1 + 1, y + 9, z1 + 1], Block::Air);
    world.fill([x0, y, z0], [x1, y, z1], Block::BirchPlanks);
    world.fill([x0, y - 1, z0], [x1, y - 1, z1], Block::Cobblestone);
    for x in x0..=x1 {
        for z in z0..=z1 {
            let (edge_x, edge_z) = (x == x0 || x == x1, z == z0 || z == z1);
            if !(edge_x || edge_z) {
                continue;
            }
            let post = edge_x && edge_z;
            world.set(
                [x, y, z],
                if post {
                    Block::OakLog
                } else {
                    Block::StoneBricks
                },
            );
            world.set(
                [x, y + 1, z],
                if post {
                    Block::OakLog
                } else {
                    Block::StoneBricks
                },
            );
            for dy in 2..=4 {
                world.set(
                    [x, y + dy, z],
                    if post {
                        Block::OakLog
                    } else {
                        Block::OakPlanks
                    },
                );
            }
        }
    }
    for (x, z) in [
        (38, z1),
        (42, z1),
        (38, z0),
        (42, z0),
        (x0, 26),
        (x0, 27),
        (x1, 26),
        (x1, 27),
    ] {
        world.fill([x, y + 2, z], [x, y + 3, z], Block::Glass);
    }
    world.set([42, y + 2, z1], Block::OrangeGlass);
    world.set([38, y + 3, z1], Block::BlueGlass);
    world.fill([40, y + 1, z1], [40, y + 3, z1], Block::OakPlanks);
    world.set([40, y + 1, z1], Block::DoorBottom);
    world.set([40, y + 2, z1], Block::DoorTop);
    for (x, z) in [(39, z1 + 1), (41, z1 + 1)] {
        world.set([x, y + 1, z], Block::Torch);
    }
    // A roof from west to east, of steps.
    let middle = (z0 + z1) / 2;
    for (dy, inset) in (0..5).enumerate() {
        let level = y + 5 + dy as i32;
        let (north, south) = (z0 - 1 + inset, z1 + 1 - inset);
        for x in x0 - 1..=x1 + 1 {
            world.set([x, level, north], Block::RoofTiles);
            world.set([x, level, south], Block::RoofTiles);
        }
        for x in [x0, x1] {
            world.fill(
                [x, level, north + 1],
                [x, level, south - 1],
                Block::SprucePlanks,
            );
        }
    }
    world.fill(
        [x0 - 1, y + 9, middle],
        [x1 + 1, y + 9, middle + 1],
        Block::RoofTiles,
    );
    for x in [x0, x1] {
        world.set([x, y + 6, middle], Block::Glass);
        world.set([x, y + 6, middle + 1], Block::Glass);
    }
    world.fill([43, y + 1, 24], [43, y + 11, 24], Block::Bricks);
    // Inside.
    world.fill([37, y + 1, 24], [37, y + 3, 25], Block::Bookshelf);
    world.fill([38, y + 1, 24], [39, y + 3, 24], Block::Bookshelf);
    world.set([37, y + 1, 29], Block::RedWool);
    world.set([37, y + 1, 28], Block::WhiteWool);
    world.set([40, y + 5, 27], Block::Glowstone);
    world.set([43, y + 1, 29], Block::Hay);
}

fn farm(world: &mut World) {
    let ([x0, z0], [x1, z1]) = FARM;
    let y = GROUND;
    for x in x0..=x1 {
        for z in z0..=z1 {
            let edge = x == x0 || x == x1 || z == z0 || z == z1;
            world.fill([x, y + 1, z], [x, y + 6, z], Block::Air);
            world.set([x, y - 1, z], Block::Dirt);
            if edge {
                world.set([x, y, z], Block::OakLog);
            } else if x == 51 {
                world.set([x, y, z], Block::Water);
            } else {
                world.set([x, y, z], Block::Farmland);
                let plant = if x < 51 {
                    Plant::Wheat
                } else {
                    Plant::YoungWheat
                };
                world.set([x, y + 1, z], Block::Plant(plant));
            }
        }
    }
    for (x, z, block) in [
        (57, 27, Block::Hay),
        (57, 28, Block::Hay),
        (46, 33, Block::Pumpkin),
        (50, 33, Block::CarvedPumpkin),
        (52, 34, Block::Pumpkin),
        (47, 35, Block::CarvedPumpkin),
    ] {
        let ground = world.height(x, z);
        world.set([x, ground + 1, z], block);
    }
    let ground = world.height(57, 28);
    world.set([57, ground + 2, 28], Block::Hay);
}

fn camp(world: &mut World) {
    let (x, z) = (34, 37);
    let y = world.height(x, z);
    world.set([x, y, z], Block::Cobblestone);
    for (dx, dz) in [(1, 0), (-1, 0), (0, 1), (0, -1)] {
        let ground = world.height(x + dx, z + dz);
        world.set([x + dx, ground, z + dz], Block::Cobblestone);
    }
    world.set([x, y + 1, z], Block::Fire);
    for (dx, dz) in [(-3, 0), (-3, 1), (0, 3), (1, 3)] {
        let ground = world.height(x + dx, z + dz);
        world.set([x + dx, ground + 1, z + dz], Block::OakLog);
    }
    let ground = world.height(x + 3, z + 2);
    world.set([x + 3, ground + 1, z + 2], Block::CarvedPumpkin);
}

/// A cut into the mountain's foot: ores side by side, a pool of lava in obsidian.
fn quarry(world: &mut World) {
    let (x0, z) = (24, 20);
    let y = GROUND;
    world.fill([x0 - 2, y + 1, z], [x0 + 8, HEIGHT - 1, z + 7], Block::Air);
    world.fill([x0 - 2, y - 2, z], [x0 + 8, y, z + 7], Block::Stone);
    let ores = [
        Ore::Coal,
        Ore::Iron,
        Ore::Gold,
        Ore::Redstone,
        Ore::Emerald,
        Ore::Diamond,
    ];
    for x in x0 - 2..=x0 + 8 {
        for dy in 0..=(5 - (x - x0 - 3).abs() / 2) {
            let old = [Block::Stone, Block::MossyCobblestone, Block::Cobblestone]
                [((x * 7 + dy * 5) % 3) as usize];
            world.set([x, y + dy, z - 1], old);
        }
    }
    for (number, ore) in ores.into_iter().enumerate() {
        let x = x0 + number as i32 + i32::from(number > 2);
        world.fill([x, y + 1, z - 1], [x, y + 2, z - 1], Block::Ore(ore));
    }
    world.fill([x0 - 1, y, z + 2], [x0 + 3, y, z + 6], Block::Obsidian);
    world.fill([x0, y, z + 3], [x0 + 2, y, z + 5], Block::Lava);
    world.fill(
        [x0 + 5, y + 1, z],
        [x0 + 7, y + 1, z],
        Block::MossyStoneBricks,
    );
    world.set([x0 + 6, y + 2, z], Block::Ice);
    world.fill([x0 + 4, y, z + 1], [x0 + 8, y, z + 7], Block::Moss);
}

/// A pier with a wall, in the sea east of the island, that shows every texture of the pack as a cube.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gallery {
    samples: i32,
    rows: i32,
    /// How far apart the samples are: 2 with planks between, or 1 where there are too many.
    pitch: i32,
}

impl Gallery {
    /// For that many textures.
    pub(crate) fn of(samples: usize) -> Self {
        let (rows, pitch) = if samples <= 160 { (5, 2) } else { (14, 1) };
        Self {
            samples: i32::try_from(samples).unwrap_or(i32::MAX / 16),
            rows,
            pitch,
        }
    }

    /// How far it reaches into the sea.
    pub(crate) fn width(self) -> i32 {
        if self.samples == 0 {
            return 0;
        }
        (self.samples + self.rows - 1) / self.rows * self.pitch + 5
    }

    /// Where the wall is, from north to south.
    pub(crate) const WALL: i32 = 38;

    pub(crate) fn build(self, world: &mut World) {
        if self.samples == 0 {
            return;
        }
        let (from, to) = (ISLAND, ISLAND + self.width() - 2);
        for x in ISLAND..world.size[0] {
            for z in 0..world.size[2] {
                world.fill([x, 0, z], [x, 3, z], Block::Gravel);
                world.fill([x, 4, z], [x, SEA, z], Block::Water);
            }
        }
        let y = GROUND;
        let deck = Self::WALL + 7;
        // The pier reaches the shore wherever the sea cut into it.
        for x in ISLAND - 8..=to {
            for z in Self::WALL..=deck {
                if x >= ISLAND || world.height(x, z) < y {
                    world.set(
                        [x, y, z],
                        if z == deck || z == Self::WALL {
                            Block::OakLog
                        } else {
                            Block::SprucePlanks
                        },
                    );
                    world.fill([x, y + 1, z], [x, y + 3, z], Block::Air);
                }
            }
            if x % 6 == 0 {
                for z in [Self::WALL, deck] {
                    for y in (1..y).take_while(|_| x >= ISLAND) {
                        world.set([x, y, z], Block::OakLog);
                    }
                }
            }
            if x % 8 == 4 && x >= ISLAND {
                world.set([x, y + 1, deck], Block::OakLog);
                world.set([x, y + 2, deck], Block::Torch);
            }
        }
        let high = self.rows * self.pitch + 1;
        world.fill(
            [from + 1, y + 1, Self::WALL],
            [to, y + high, Self::WALL],
            Block::SprucePlanks,
        );
        world.fill(
            [from + 1, y + 1, Self::WALL - 1],
            [to, y + high, Self::WALL - 1],
            Block::SprucePlanks,
        );
        for sample in 0..self.samples {
            let (column, row) = (sample / self.rows, self.rows - 1 - sample % self.rows);
            let at = [
                from + 2 + column * self.pitch,
                y + 2 + row * self.pitch - i32::from(self.pitch == 1),
                Self::WALL,
            ];
            world.set(at, Block::Sample(u16::try_from(sample).unwrap_or(u16::MAX)));
        }
    }
}
