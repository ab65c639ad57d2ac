//! The world: an island with hills, a pond, trees, and what `buildings.rs` sets on it. The same for a seed, everywhere.

use crate::blocks::{Block, Ore, Plant};
use crate::buildings as build;
use crate::noise::{dice, hills, mix, step, value};

/// The island's width and depth.
pub(crate) const ISLAND: i32 = 64;
/// The world's height.
pub(crate) const HEIGHT: i32 = 32;
/// The highest cell that holds sea.
pub(crate) const SEA: i32 = 8;
/// Where the house's floor is.
pub(crate) const GROUND: i32 = 11;

/// Cells, some of them filled.
#[derive(Clone, Debug)]
pub(crate) struct World {
    /// Cells from west to east, upwards, from north to south.
    pub size: [i32; 3],
    cells: Vec<Block>,
    /// The island's surface, before anything was built.
    heights: Vec<i32>,
}

impl World {
    /// Grows an island, with room in the east for a gallery of that many textures.
    pub(crate) fn new(seed: u32, samples: usize) -> Self {
        let gallery = build::Gallery::of(samples);
        let width = ISLAND + (gallery.width() + 15) / 16 * 16;
        let mut world = Self::empty([width, HEIGHT, ISLAND]);
        world.heights = (0..ISLAND * ISLAND)
            .map(|i| surface(seed, i % ISLAND, i / ISLAND))
            .collect();
        for z in 0..ISLAND {
            for x in 0..ISLAND {
                world.fill_column(seed, x, z);
            }
        }
        world.ores(seed);
        build::all(&mut world);
        world.vegetation(seed);
        gallery.build(&mut world);
        world
    }

    /// Nothing but air.
    pub(crate) fn empty(size: [i32; 3]) -> Self {
        Self {
            size,
            cells: vec![Block::Air; (size[0] * size[1] * size[2]) as usize],
            heights: Vec::new(),
        }
    }

    fn index(&self, [x, y, z]: [i32; 3]) -> Option<usize> {
        let [w, h, d] = self.size;
        let inside = (0..w).contains(&x) && (0..h).contains(&y) && (0..d).contains(&z);
        inside.then(|| ((z * h + y) * w + x) as usize)
    }

    /// What is there; air outside.
    pub(crate) fn get(&self, at: [i32; 3]) -> Block {
        self.index(at).map_or(Block::Air, |index| self.cells[index])
    }

    /// Puts a block there; outside, nothing happens.
    pub(crate) fn set(&mut self, at: [i32; 3], block: Block) {
        if let Some(index) = self.index(at) {
            self.cells[index] = block;
        }
    }

    /// Puts air in the place of some blocks.
    pub(crate) fn remove(&mut self, some: impl Fn(Block) -> bool) {
        let some = self.cells.iter_mut().filter(|block| some(**block));
        some.for_each(|block| *block = Block::Air);
    }

    /// Fills a box, both corners included.
    pub(crate) fn fill(&mut self, from: [i32; 3], to: [i32; 3], block: Block) {
        for z in from[2]..=to[2] {
            for y in from[1]..=to[1] {
                for x in from[0]..=to[0] {
                    self.set([x, y, z], block);
                }
            }
        }
    }

    /// The highest cell of the ground at a place of the island, or the sea's floor.
    pub(crate) fn height(&self, x: i32, z: i32) -> i32 {
        let inside = (0..ISLAND).contains(&x) && (0..ISLAND).contains(&z);
        if inside {
            self.heights
                .get((z * ISLAND + x) as usize)
                .copied()
                .unwrap_or(0)
        } else {
            0
        }
    }

    fn fill_column(&mut self, seed: u32, x: i32, z: i32) {
        let top = self.height(x, z);
        let steep = [(1, 0), (-1, 0), (0, 1), (0, -1)]
            .iter()
            .any(|(dx, dz)| top - self.height(x + dx, z + dz).max(SEA) >= 3);
        let shore =
            top <= SEA + 1 + i32::from(value(seed ^ 7, x as f32 / 6.0, z as f32 / 6.0) > 0.6);
        let pond = pond(x as f32, z as f32) < 9.0;
        let rocky = top > 20 || steep;
        for y in 0..=top {
            let depth = top - y;
            let block = match depth {
                0 if top > 24 => Block::Snow,
                0 if rocky && top > 22 => Block::SnowyGrass,
                _ if rocky && depth < 9 => Block::Stone,
                _ if pond && top < SEA => {
                    [Block::Clay, Block::Sand][usize::from(dice(seed, x, z) > 0.5)]
                }
                _ if shore && !pond && depth < 3 => Block::Sand,
                _ if shore && !pond && depth < 5 => Block::Sandstone,
                0 if top < SEA => Block::Gravel,
                0 => Block::Grass,
                1..=3 => Block::Dirt,
                _ => Block::Stone,
            };
            self.set([x, y, z], block);
        }
        for y in top + 1..=SEA {
            self.set([x, y, z], Block::Water);
        }
    }

    fn ores(&mut self, seed: u32) {
        let kinds = [
            (Ore::Coal, 0.955, 30),
            (Ore::Iron, 0.96, 20),
            (Ore::Redstone, 0.985, 18),
            (Ore::Gold, 0.985, 19),
            (Ore::Emerald, 0.99, 30),
            (Ore::Diamond, 0.985, 16),
        ];
        for z in 0..ISLAND {
            for x in 0..ISLAND {
                for y in 1..HEIGHT {
                    if self.get([x, y, z]) != Block::Stone {
                        continue;
                    }
                    for (number, (ore, rare, highest)) in kinds.into_iter().enumerate() {
                        // A vein is where the dice of a 2-cell grid fall high, ragged at its rim.
                        let salt = seed ^ (100 + number as u32);
                        let vein = dice(
                            salt,
                            x.div_euclid(2) + 64 * y.div_euclid(2),
                            z.div_euclid(2),
                        );
                        if y < highest && vein > rare && dice(salt, x + 64 * y, z) > 0.3 {
                            self.set([x, y, z], Block::Ore(ore));
                        }
                    }
                }
            }
        }
    }

    fn vegetation(&mut self, seed: u32) {
        for z in 2..ISLAND - 2 {
            for x in 2..ISLAND - 2 {
                let top = self.height(x, z);
                if self.get([x, top, z]) != Block::Grass || self.get([x, top + 1, z]) != Block::Air
                {
                    continue;
                }
                let forest = hills(seed ^ 40, x as f32 / 14.0, z as f32 / 14.0);
                let roll = dice(seed ^ 41, x, z);
                let meadow = value(seed ^ 42, x as f32 / 5.0, z as f32 / 5.0);
                if forest > 0.44 && roll > 0.93 && self.room(x, top, z) {
                    self.tree(seed, x, top + 1, z, forest > 0.56);
                } else if roll < 0.34 {
                    let plant = match (roll * 1000.0) as u32 % 17 {
                        0 if meadow > 0.5 => Plant::Poppy,
                        1 if meadow > 0.5 => Plant::Dandelion,
                        2 if meadow > 0.4 => Plant::Cornflower,
                        3 if meadow > 0.6 => Plant::Sunbloom,
                        4 if forest > 0.45 => Plant::BrownMushroom,
                        5 if forest > 0.45 => Plant::RedMushroom,
                        6..=8 if forest > 0.4 => Plant::Fern,
                        9 if forest > 0.5 => Plant::Sapling,
                        _ => Plant::ShortGrass,
                    };
                    self.set([x, top + 1, z], Block::Plant(plant));
                }
            }
        }
    }

    /// Whether a tree may stand there: level ground, and nothing else near.
    fn room(&self, x: i32, top: i32, z: i32) -> bool {
        if !(4..ISLAND - 4).contains(&x)
            || !(4..ISLAND - 4).contains(&z)
            || top > 18
            || build::kept_clear(x, z)
        {
            return false;
        }
        (-3..=3).all(|dz: i32| {
            (-3..=3).all(|dx: i32| {
                let above = [x + dx, top + 3, z + dz];
                let trunk = [x + dx, top + 1, z + dz];
                self.get(above) == Block::Air
                    && !matches!(self.get(trunk), Block::OakLog | Block::BirchLog)
            })
        })
    }

    fn tree(&mut self, seed: u32, x: i32, y: i32, z: i32, birch: bool) {
        let (log, leaves) = match birch {
            true => (Block::BirchLog, Block::BirchLeaves),
            false => (Block::OakLog, Block::OakLeaves),
        };
        let tall = 4 + (dice(seed ^ 50, x, z) * 3.0) as i32;
        for dy in -2..=1 {
            let radius: i32 = if dy < 0 { 2 } else { 1 };
            for dz in -radius..=radius {
                for dx in -radius..=radius {
                    let corner = dx.abs() == radius && dz.abs() == radius;
                    if corner && (dy == 1 || dice(seed ^ 51, x + dx + 64 * dy, z + dz) > 0.5) {
                        continue;
                    }
                    let at = [x + dx, y + tall + dy, z + dz];
                    if self.get(at) == Block::Air {
                        self.set(at, leaves);
                    }
                }
            }
        }
        self.set([x, y - 1, z], Block::Dirt);
        self.fill([x, y, z], [x, y + tall, z], log);
        self.set([x, y + tall + 1, z], leaves);
    }
}

/// How far from the pond's middle, squared.
fn pond(x: f32, z: f32) -> f32 {
    ((x - 24.0) / 1.6).powi(2) + (z - 43.0).powi(2) - 14.0
}

/// The height of the ground.
fn surface(seed: u32, x: i32, z: i32) -> i32 {
    let (fx, fz) = (x as f32, z as f32);
    let ragged = 7.0 * (value(seed ^ 30, fx / 9.0, fz / 9.0) - 0.5);
    let from_middle = ((fx - 31.5).powi(2) + (fz - 31.5).powi(2)).sqrt() + ragged;
    let island = 1.0 - step(22.0, 33.0, from_middle);
    let rolling = 9.5 + 6.5 * hills(seed, fx / 16.0, fz / 16.0);
    let mountain = 1.0
        - step(
            3.0,
            15.0,
            ((fx - 17.0).powi(2) + (fz - 17.0).powi(2)).sqrt() + ragged * 0.5,
        );
    // Terraces make cliffs, where rock and ores come to light.
    let rise = mountain * 15.0 + 3.0 * mountain * value(seed ^ 31, fx / 4.0, fz / 4.0);
    let terraced = (rise / 5.0).floor() * 5.0 + step(0.55, 1.0, (rise / 5.0).fract()) * 5.0;
    let mut height = rolling + mix(rise, terraced, 0.75);
    // Level ground for what is built.
    let level = build::level(fx, fz);
    height = mix(height, GROUND as f32 + 0.5, level);
    height = mix(3.0, height, island);
    let hollow = 1.0 - step(-6.0, 16.0, pond(fx, fz));
    height = mix(height, 5.0, hollow);
    (height as i32).clamp(2, HEIGHT - 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_world_and_another_gives_another() {
        let (a, b, c) = (World::new(7, 80), World::new(7, 80), World::new(8, 80));
        assert_eq!(a.cells, b.cells);
        assert_ne!(a.cells, c.cells);
    }

    #[test]
    fn the_island_has_what_a_pack_should_be_seen_on() {
        let world = World::new(crate::SEED, 80);
        let count = |wanted: Block| world.cells.iter().filter(|block| **block == wanted).count();
        for block in [
            Block::Grass,
            Block::Sand,
            Block::Water,
            Block::Snow,
            Block::OakLeaves,
            Block::BirchLog,
            Block::Plant(Plant::ShortGrass),
            Block::Plant(Plant::Poppy),
            Block::Plant(Plant::Wheat),
            Block::CarvedPumpkin,
            Block::Fire,
            Block::Lava,
            Block::Glass,
            Block::DoorTop,
            Block::Path,
            Block::Ore(Ore::Coal),
            Block::Ore(Ore::Diamond),
            Block::Sample(79),
        ] {
            assert!(count(block) > 0, "no {block:?}");
        }
        assert_eq!(count(Block::Sample(80)), 0);
    }

    #[test]
    fn the_sea_is_all_around() {
        let world = World::new(crate::SEED, 0);
        for i in 0..ISLAND {
            for at in [[0, SEA, i], [i, SEA, 0], [i, SEA, ISLAND - 1]] {
                assert_eq!(world.get(at), Block::Water, "{at:?}");
            }
        }
    }
}
