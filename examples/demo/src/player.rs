//! A body among blocks: gravity, jumping, swimming, and boxes that do not pass through each other. Knows no engine.

use crate::blocks::Block;
use crate::world::World;

/// Half the body's width.
pub(crate) const HALF: f32 = 0.3;
/// The body's height.
pub(crate) const TALL: f32 = 1.8;
/// How high the eyes are.
pub(crate) const EYES: f32 = 1.62;
/// What one climbs without jumping: not a block, but a path's rim.
const STEP: f32 = 0.55;
/// No move is longer than this in one go, so that nothing is jumped over.
const STRIDE: f32 = 0.25;

/// What the player wants.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wish {
    /// East and south, at most 1 long.
    pub walk: [f32; 2],
    /// Up and down, while flying or swimming.
    pub rise: f32,
    /// Off the ground.
    pub jump: bool,
    /// Faster.
    pub sprint: bool,
}

/// Where the player is and how they move.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Body {
    /// Between the feet.
    pub feet: [f32; 3],
    /// Blocks a second.
    pub speed: [f32; 3],
    /// Whether something is underfoot.
    pub grounded: bool,
    /// Without gravity.
    pub flying: bool,
}

impl Body {
    /// Standing still.
    pub(crate) fn at(feet: [f32; 3]) -> Self {
        Self {
            feet,
            speed: [0.0; 3],
            grounded: false,
            flying: false,
        }
    }

    /// Moves for `seconds`, at most a tenth.
    pub(crate) fn advance(&mut self, world: &World, wish: Wish, seconds: f32) {
        let seconds = seconds.min(0.1);
        let wet = self.cell(world, 0.4) == Block::Water;
        let pace = match (self.flying, wish.sprint, wet) {
            (true, true, _) => 24.0,
            (true, false, _) => 11.0,
            (false, _, true) => 2.6,
            (false, true, false) => 6.2,
            (false, false, false) => 4.3,
        };
        // Feet grip at once, the air hardly.
        let grip = 1.0
            - (-seconds
                * if self.grounded || self.flying || wet {
                    14.0
                } else {
                    4.0
                })
            .exp();
        for (axis, want) in [(0, wish.walk[0]), (2, wish.walk[1])] {
            self.speed[axis] += (want * pace - self.speed[axis]) * grip;
        }
        if self.flying {
            self.speed[1] += (wish.rise * pace * 0.8 - self.speed[1]) * grip;
        } else if wet {
            let want = if wish.jump {
                3.4
            } else {
                wish.rise.min(0.0) * 3.0 - 0.8
            };
            self.speed[1] += (want - self.speed[1]) * grip;
        } else {
            if wish.jump && self.grounded {
                self.speed[1] = 8.4;
            }
            self.speed[1] = (self.speed[1] - 26.0 * seconds).max(-50.0);
        }
        let way = self.speed.map(|speed| speed * seconds);
        let longest = way.iter().fold(0.0_f32, |most, part| most.max(part.abs()));
        let strides = (longest / STRIDE).ceil().max(1.0);
        self.grounded = false;
        for _ in 0..strides as u32 {
            self.slide(world, way.map(|part| part / strides));
        }
        self.feet[1] = self.feet[1].max(-20.0);
    }

    /// One short move, an axis at a time, so that a wall takes only what goes into it.
    fn slide(&mut self, world: &World, way: [f32; 3]) {
        let mut moved = self.feet;
        moved[1] += way[1];
        if free(world, moved) {
            self.feet = moved;
        } else {
            if way[1] < 0.0 {
                self.grounded = true;
                self.feet[1] = floor_under(world, self.feet, way[1]);
            }
            self.speed[1] = 0.0;
        }
        for axis in [0, 2] {
            let mut moved = self.feet;
            moved[axis] += way[axis];
            if free(world, moved) {
                self.feet = moved;
                continue;
            }
            let mut stepped = moved;
            stepped[1] += STEP;
            if (self.grounded || way[1] <= 0.0 && self.speed[1] == 0.0)
                && way[axis] != 0.0
                && free(world, stepped)
            {
                stepped[1] = floor_under(world, stepped, -STEP);
                self.feet = stepped;
            } else {
                self.speed[axis] = 0.0;
            }
        }
    }

    /// What is at a height above the feet.
    pub(crate) fn cell(&self, world: &World, above: f32) -> Block {
        let [x, y, z] = self.feet;
        world.get([
            x.floor() as i32,
            (y + above).floor() as i32,
            z.floor() as i32,
        ])
    }
}

/// How high a solid block is.
fn height(block: Block) -> f32 {
    match (block.solid(), block.look().shape) {
        (false, _) => 0.0,
        (true, crate::blocks::Shape::Cube { low }) => 1.0 - f32::from(low) / 16.0,
        (true, _) => 1.0,
    }
}

/// The cells that a body touches.
fn cells(feet: [f32; 3]) -> impl Iterator<Item = [i32; 3]> {
    let from = [feet[0] - HALF, feet[1], feet[2] - HALF].map(|part| part.floor() as i32);
    // Touching is not overlapping.
    let to =
        [feet[0] + HALF, feet[1] + TALL, feet[2] + HALF].map(|part| (part - 1e-4).floor() as i32);
    (from[1]..=to[1]).flat_map(move |y| {
        (from[2]..=to[2]).flat_map(move |z| (from[0]..=to[0]).map(move |x| [x, y, z]))
    })
}

/// Whether a body fits there.
pub(crate) fn free(world: &World, feet: [f32; 3]) -> bool {
    cells(feet).all(|cell| {
        cell[1] as f32 + height(world.get(cell)) <= feet[1] + 1e-4 || height(world.get(cell)) == 0.0
    })
}

/// The highest floor that a body falling that far lands on.
fn floor_under(world: &World, feet: [f32; 3], way: f32) -> f32 {
    let lower = [feet[0], feet[1] + way, feet[2]];
    cells(lower)
        .filter(|cell| height(world.get(*cell)) > 0.0)
        .map(|cell| cell[1] as f32 + height(world.get(cell)))
        .filter(|top| *top <= feet[1] + 1e-3)
        .fold(lower[1], f32::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room() -> World {
        let mut world = World::empty([32, 16, 32]);
        world.fill([0, 0, 0], [31, 3, 31], Block::Stone);
        world
    }

    fn walk(world: &World, body: &mut Body, wish: Wish, seconds: f32, step: f32) {
        for _ in 0..(seconds / step) as usize {
            body.advance(world, wish, step);
        }
    }

    const EAST: Wish = Wish {
        walk: [1.0, 0.0],
        rise: 0.0,
        jump: false,
        sprint: false,
    };

    #[test]
    fn one_falls_and_stands() {
        let world = room();
        let mut body = Body::at([8.5, 12.0, 8.5]);
        walk(&world, &mut body, Wish::default(), 3.0, 0.016);
        assert!(body.grounded);
        assert!((body.feet[1] - 4.0).abs() < 1e-3, "{:?}", body.feet);
    }

    #[test]
    fn no_fall_is_too_fast_for_a_floor() {
        let mut world = World::empty([16, 32, 16]);
        world.fill([0, 2, 0], [15, 2, 15], Block::Glass);
        let mut body = Body::at([8.5, 29.0, 8.5]);
        body.speed[1] = -400.0;
        body.advance(&world, Wish::default(), 0.1);
        walk(&world, &mut body, Wish::default(), 1.0, 0.1);
        assert!((body.feet[1] - 3.0).abs() < 1e-3, "{:?}", body.feet);
    }

    #[test]
    fn a_wall_stops_and_one_slides_along_it() {
        let mut world = room();
        world.fill([12, 4, 0], [12, 8, 31], Block::Stone);
        let mut body = Body::at([10.0, 4.0, 8.5]);
        walk(&world, &mut body, EAST, 2.0, 0.016);
        assert!(
            body.feet[0] <= 12.0 - HALF + 1e-3 && body.feet[0] > 11.4,
            "{:?}",
            body.feet
        );
        let both = Wish {
            walk: [0.7, 0.7],
            ..Wish::default()
        };
        walk(&world, &mut body, both, 2.0, 0.016);
        assert!(body.feet[2] > 12.0, "stuck at {:?}", body.feet);
        assert!(body.feet[0] <= 12.0 - HALF + 1e-3);
    }

    #[test]
    fn seams_between_blocks_do_not_catch() {
        let world = room();
        for step in [0.005, 0.016, 0.1] {
            let mut body = Body::at([2.0, 4.0, 8.0]);
            walk(&world, &mut body, EAST, 4.0, step);
            assert!(body.feet[0] > 17.0, "{:?} in steps of {step}", body.feet);
        }
    }

    #[test]
    fn a_path_s_rim_is_climbed_and_a_block_is_not() {
        let mut world = room();
        world.fill([0, 3, 0], [11, 3, 31], Block::Path);
        let mut body = Body::at([8.0, 4.2, 8.5]);
        walk(&world, &mut body, EAST, 2.0, 0.016);
        assert!(
            body.feet[0] > 14.0 && (body.feet[1] - 4.0).abs() < 1e-2,
            "{:?}",
            body.feet
        );
        world.fill([20, 4, 0], [20, 4, 31], Block::Stone);
        walk(&world, &mut body, EAST, 3.0, 0.016);
        assert!(body.feet[0] < 20.0, "{:?}", body.feet);
        let jump = Wish { jump: true, ..EAST };
        walk(&world, &mut body, jump, 2.0, 0.016);
        assert!(
            body.feet[0] > 21.0,
            "a jump clears a block: {:?}",
            body.feet
        );
    }

    #[test]
    fn one_swims_up() {
        let mut world = room();
        world.fill([0, 4, 0], [31, 8, 31], Block::Water);
        let mut body = Body::at([8.5, 4.0, 8.5]);
        walk(
            &world,
            &mut body,
            Wish {
                jump: true,
                ..Wish::default()
            },
            4.0,
            0.016,
        );
        assert!(body.feet[1] > 7.5, "{:?}", body.feet);
    }
}
