//! Meshes of small worlds, counted.

use super::*;
use crate::world::ISLAND;

struct Plain;

impl Tiles for Plain {
    fn named(&self, name: &str) -> Tile {
        Tile {
            first: name.len() as u32,
            steps: 1,
        }
    }
    fn sample(&self, number: u16) -> (Tile, Pass, Tint) {
        (
            Tile {
                first: u32::from(number),
                steps: 1,
            },
            Pass::Cutout,
            Tint::None,
        )
    }
    fn tint(&self, _: Tint) -> [f32; 3] {
        [1.0; 3]
    }
    fn overlay(&self) -> Option<Tile> {
        None
    }
}

fn quads(surface: &Surface) -> usize {
    surface.indices.len() / 6
}

#[test]
fn a_lone_cube_has_six_sides_and_a_pair_ten() {
    let mut world = World::empty([16, 16, 16]);
    world.set([4, 4, 4], Block::Stone);
    assert_eq!(quads(&chunk(&world, [0, 0], &Plain)[0]), 6);
    world.set([5, 4, 4], Block::Stone);
    assert_eq!(quads(&chunk(&world, [0, 0], &Plain)[0]), 10);
}

#[test]
fn a_mesh_knows_which_textures_it_shows() {
    let mut world = World::empty([16, 16, 16]);
    world.set([4, 4, 4], Block::Stone);
    world.set([8, 4, 4], Block::Obsidian);
    world.set([8, 8, 4], Block::Obsidian);
    let [opaque, cutout, _] = chunk(&world, [0, 0], &Plain);
    let names = ["stone", "obsidian"].map(|name| name.len() as u32);
    assert_eq!(opaque.firsts(), BTreeSet::from(names));
    assert!(cutout.firsts().is_empty());
}

#[test]
fn sides_between_chunks_are_hidden_too() {
    let mut world = World::empty([32, 16, 16]);
    world.fill([0, 0, 0], [31, 3, 15], Block::Stone);
    let sides: usize = [0, 16]
        .iter()
        .map(|x| quads(&chunk(&world, [*x, 0], &Plain)[0]))
        .sum();
    assert_eq!(
        sides,
        32 * 16 + 2 * (32 * 4) + 2 * (16 * 4),
        "a top and four flanks, no floor"
    );
}

#[test]
fn triangles_face_outwards() {
    let mut world = World::empty([16, 16, 16]);
    world.set([4, 4, 4], Block::Stone);
    let surface = &chunk(&world, [0, 0], &Plain)[0];
    for triangle in surface.indices.chunks(3) {
        let [a, b, c] =
            [triangle[0], triangle[1], triangle[2]].map(|index| surface.positions[index as usize]);
        let (u, v) = (
            [b[0] - a[0], b[1] - a[1], b[2] - a[2]],
            [c[0] - a[0], c[1] - a[1], c[2] - a[2]],
        );
        let cross = [
            u[1] * v[2] - u[2] * v[1],
            u[2] * v[0] - u[0] * v[2],
            u[0] * v[1] - u[1] * v[0],
        ];
        let normal = surface.normals[triangle[0] as usize];
        assert!(cross[0] * normal[0] + cross[1] * normal[1] + cross[2] * normal[2] > 0.9);
    }
}

#[test]
fn a_corner_between_two_walls_is_dark() {
    let mut world = World::empty([16, 16, 16]);
    world.fill([0, 0, 0], [15, 0, 15], Block::Stone);
    world.set([4, 1, 3], Block::Stone);
    world.set([3, 1, 4], Block::Stone);
    let surface = &chunk(&world, [0, 0], &Plain)[0];
    let darkest = surface
        .colors
        .iter()
        .map(|color| color[0])
        .fold(1.0, f32::min);
    assert_eq!(darkest, SHADES[0]);
}

#[test]
fn the_world_is_few_meshes_and_few_triangles() {
    for (samples, most) in [(0, 48), (84, 80), (1200, 120)] {
        let world = World::new(crate::SEED, samples);
        let mut meshes = 0;
        let mut sides = 0;
        for z in (0..ISLAND).step_by(16) {
            for x in (0..world.size[0]).step_by(16) {
                for surface in chunk(&world, [x, z], &Plain) {
                    meshes += usize::from(!surface.indices.is_empty());
                    sides += quads(&surface);
                }
            }
        }
        assert!(meshes <= most, "{meshes} meshes with {samples} samples");
        assert!(
            (8_000..60_000).contains(&sides),
            "{sides} sides with {samples} samples"
        );
    }
}
