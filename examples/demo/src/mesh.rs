//! Triangles of a chunk: hidden sides left out, corners darkened where blocks meet. Knows no engine.

use std::collections::BTreeSet;

use crate::blocks::{Block, Look, Pass, SIDES, Shape, Tint};
use crate::world::World;

/// Width and depth of a chunk; it is as high as the world.
pub(crate) const CHUNK: i32 = 16;

/// Which steps of the material's list of layers a texture plays: one for one that stands still.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tile {
    /// The first.
    pub first: u32,
    /// How many, a twentieth of a second each.
    pub steps: u32,
}

/// What meshes need to know of a pack.
pub(crate) trait Tiles {
    /// The tile of a block's texture, or of what stands in for it.
    fn named(&self, name: &str) -> Tile;
    /// The tile of a sample, the mesh it belongs to and how it is tinted.
    fn sample(&self, number: u16) -> (Tile, Pass, Tint);
    /// A tint's colour, linear.
    fn tint(&self, tint: Tint) -> [f32; 3];
    /// Whether grass has an overlay on its sides.
    fn overlay(&self) -> Option<Tile>;
}

/// The triangles of one pass.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surface {
    /// In blocks, from the chunk's corner.
    pub positions: Vec<[f32; 3]>,
    /// Unit vectors.
    pub normals: Vec<[f32; 3]>,
    /// 0 to 1 across a block, v downwards.
    pub uvs: Vec<[f32; 2]>,
    /// First step and steps of the texture: whole numbers.
    pub tiles: Vec<[f32; 2]>,
    /// Tint and corner shade, linear; alpha is 1 less the glow.
    pub colors: Vec<[f32; 4]>,
    /// Three to a triangle, counter-clockwise.
    pub indices: Vec<u32>,
}

/// Corners of each side as seen from outside: top left, bottom left, bottom right, top right.
const CORNERS: [[[i32; 3]; 4]; 6] = [
    [[1, 1, 1], [1, 0, 1], [1, 0, 0], [1, 1, 0]],
    [[0, 1, 0], [0, 0, 0], [0, 0, 1], [0, 1, 1]],
    [[0, 1, 0], [0, 1, 1], [1, 1, 1], [1, 1, 0]],
    [[0, 0, 1], [0, 0, 0], [1, 0, 0], [1, 0, 1]],
    [[0, 1, 1], [0, 0, 1], [1, 0, 1], [1, 1, 1]],
    [[1, 1, 0], [1, 0, 0], [0, 0, 0], [0, 1, 0]],
];
const UVS: [[f32; 2]; 4] = [[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]];
/// Of what stands alone: a little less than the whole texture, since the sampler repeats it, and the foot of a flame
/// would show above its tips.
const ALONE: [[f32; 2]; 4] = {
    const IN: f32 = 1.0 / 64.0;
    [
        [IN, IN],
        [IN, 1.0 - IN],
        [1.0 - IN, 1.0 - IN],
        [1.0 - IN, IN],
    ]
};
/// Light at a corner by how many of its three neighbours are open.
const SHADES: [f32; 4] = [0.42, 0.6, 0.8, 1.0];

impl Surface {
    /// The first steps of all of its textures.
    pub(crate) fn firsts(&self) -> BTreeSet<u32> {
        self.tiles.iter().map(|[first, _]| *first as u32).collect()
    }

    fn quad(
        &mut self,
        corners: [[f32; 3]; 4],
        uvs: [[f32; 2]; 4],
        normal: [f32; 3],
        tile: Tile,
        colors: [[f32; 4]; 4],
    ) {
        let base =
            u32::try_from(self.positions.len()).expect("a chunk has fewer than 2^32 corners");
        self.positions.extend(corners);
        self.uvs.extend(uvs);
        self.normals.extend([normal; 4]);
        self.tiles
            .extend([[tile.first as f32, tile.steps as f32]; 4]);
        self.colors.extend(colors);
        // The diagonal joins the brighter corners, or shades would fold the wrong way.
        let turned = colors[0][1] + colors[2][1] < colors[1][1] + colors[3][1];
        let order = if turned {
            [1, 2, 3, 1, 3, 0]
        } else {
            [0, 1, 2, 0, 2, 3]
        };
        self.indices.extend(order.map(|corner| base + corner));
    }

    /// A level sheet from north-west to south-east, with the texture repeated on every block.
    pub(crate) fn sheet(
        &mut self,
        from: [f32; 2],
        to: [f32; 2],
        y: f32,
        tile: Tile,
        tint: [f32; 3],
    ) {
        let corners = [
            [from[0], from[1]],
            [from[0], to[1]],
            [to[0], to[1]],
            [to[0], from[1]],
        ];
        let color = [tint[0], tint[1], tint[2], 1.0];
        self.quad(
            corners.map(|[x, z]| [x, y, z]),
            corners,
            [0.0, 1.0, 0.0],
            tile,
            [color; 4],
        );
    }
}

/// The sea around the world, as far as one sees: its floor and its surface.
pub(crate) fn sea(world: &World, tiles: &dyn Tiles, far: f32) -> [Surface; 3] {
    let mut passes: [Surface; 3] = Default::default();
    let (east, south) = (world.size[0] as f32, world.size[2] as f32);
    for (from, to) in [
        ([-far, -far], [east + far, 0.0]),
        ([-far, south], [east + far, south + far]),
        ([-far, 0.0], [0.0, south]),
        ([east, 0.0], [east + far, south]),
    ] {
        let white = tiles.tint(Tint::None);
        passes[Pass::Opaque as usize].sheet(from, to, 4.0, tiles.named("gravel"), white);
        let blue = tiles.tint(Tint::Water);
        passes[Pass::Translucent as usize].sheet(
            from,
            to,
            crate::world::SEA as f32 + 0.875,
            tiles.named("water_still"),
            blue,
        );
    }
    passes
}

/// Builds the meshes of the chunk at a corner, in the order of the passes.
pub(crate) fn chunk(world: &World, corner: [i32; 2], tiles: &dyn Tiles) -> [Surface; 3] {
    let mut passes: [Surface; 3] = Default::default();
    let mut builder = Builder {
        world,
        tiles,
        corner,
        passes: &mut passes,
    };
    for z in corner[1]..corner[1] + CHUNK {
        for y in 0..world.size[1] {
            for x in corner[0]..corner[0] + CHUNK {
                builder.block([x, y, z]);
            }
        }
    }
    passes
}

struct Builder<'a> {
    world: &'a World,
    tiles: &'a dyn Tiles,
    corner: [i32; 2],
    passes: &'a mut [Surface; 3],
}

impl Builder<'_> {
    fn block(&mut self, at: [i32; 3]) {
        let block = self.world.get(at);
        let look = block.look();
        match look.shape {
            Shape::None => {}
            Shape::Cube { low } => self.cube(at, block, &look, low),
            Shape::Cross => {
                let jitter = |salt| (crate::noise::dice(salt, at[0], at[2]) - 0.5) * 0.25;
                let shift = if block == Block::Fire {
                    [0.0; 2]
                } else {
                    [jitter(1), jitter(2)]
                };
                let (near, far) = (0.07, 0.93);
                for (a, b) in [([near, near], [far, far]), ([near, far], [far, near])] {
                    let (a, b) = (
                        [a[0] + shift[0], a[1] + shift[1]],
                        [b[0] + shift[0], b[1] + shift[1]],
                    );
                    self.upright(at, &look, a, b, [0.0, 1.0, 0.0], ALONE);
                }
            }
            Shape::Door => self.upright(at, &look, [0.0, 0.9], [1.0, 0.9], [0.0, 0.0, 1.0], UVS),
            Shape::Torch => {
                // Only the two columns of pixels in its middle, on four sides: a stick, not a cross of sheets.
                let (near, far) = (7.0 / 16.0, 9.0 / 16.0);
                for (a, b, normal) in [
                    ([0.0, far], [1.0, far], [0.0, 0.0, 1.0]),
                    ([1.0, near], [0.0, near], [0.0, 0.0, -1.0]),
                    ([far, 1.0], [far, 0.0], [1.0, 0.0, 0.0]),
                    ([near, 0.0], [near, 1.0], [-1.0, 0.0, 0.0]),
                ] {
                    self.upright(at, &look, a, b, normal, ALONE);
                }
            }
        }
    }

    fn cube(&mut self, at: [i32; 3], block: Block, look: &Look, low: u8) {
        let above = self.world.get([at[0], at[1] + 1, at[2]]);
        let lowered = if above == block {
            0.0
        } else {
            f32::from(low) / 16.0
        };
        for (side, direction) in SIDES.iter().enumerate() {
            let beside = [
                at[0] + direction[0],
                at[1] + direction[1],
                at[2] + direction[2],
            ];
            let neighbour = self.world.get(beside);
            let sunken = side == 2 && lowered > 0.0;
            // Beyond the island the sea goes on as a sheet.
            let rim = block == Block::Water && side != 2 && self.outside(beside);
            if rim || (!sunken && !block.shows(side, neighbour)) || (at[1] == 0 && side == 3) {
                continue;
            }
            let (tile, pass, tint) = match block.sample() {
                Some(number) => self.tiles.sample(number),
                None => (
                    self.tiles.named(look.sides[side]),
                    look.pass,
                    tint_of(block, look.tint, side),
                ),
            };
            self.side(at, side, lowered, tile, pass, tint, look.glow, 0.0);
            if block == Block::Grass
                && side != 2
                && side != 3
                && let Some(overlay) = self.tiles.overlay()
            {
                let tint = Tint::Grass;
                self.side(at, side, lowered, overlay, Pass::Cutout, tint, 0.0, 0.003);
            }
        }
    }

    fn outside(&self, at: [i32; 3]) -> bool {
        (0..3).any(|axis| !(0..self.world.size[axis]).contains(&at[axis]))
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "all of what a side is; a struct would be built once per call"
    )]
    fn side(
        &mut self,
        at: [i32; 3],
        side: usize,
        lowered: f32,
        tile: Tile,
        pass: Pass,
        tint: Tint,
        glow: f32,
        out: f32,
    ) {
        let normal = SIDES[side].map(|part| part as f32);
        let tint = self.tiles.tint(tint);
        let mut corners = [[0.0; 3]; 4];
        let mut uvs = UVS;
        let mut colors = [[0.0; 4]; 4];
        for (number, corner) in CORNERS[side].into_iter().enumerate() {
            let shade = if glow > 0.0 || pass == Pass::Translucent {
                1.0
            } else {
                self.shade(at, side, corner)
            };
            colors[number] = [
                tint[0] * shade,
                tint[1] * shade,
                tint[2] * shade,
                1.0 - glow,
            ];
            corners[number] = self.place(at, corner.map(|part| part as f32));
            for axis in 0..3 {
                corners[number][axis] += normal[axis] * out;
            }
            if corner[1] == 1 {
                corners[number][1] -= lowered;
                if side != 2 && side != 3 {
                    uvs[number][1] += lowered;
                }
            }
        }
        self.passes[pass as usize].quad(corners, uvs, normal, tile, colors);
    }

    /// How light a corner of a side is: its three neighbours in the layer before the side take light away.
    fn shade(&self, at: [i32; 3], side: usize, corner: [i32; 3]) -> f32 {
        let normal = SIDES[side];
        let axis = normal
            .iter()
            .position(|part| *part != 0)
            .expect("a side looks somewhere");
        let (first, second) = ((axis + 1) % 3, (axis + 2) % 3);
        let closed = |along: [bool; 2]| {
            let mut cell = [at[0] + normal[0], at[1] + normal[1], at[2] + normal[2]];
            for (axis, moves) in [first, second].into_iter().zip(along) {
                cell[axis] += if moves { 2 * corner[axis] - 1 } else { 0 };
            }
            let block = self.world.get(cell);
            block.covers() || matches!(block, Block::OakLeaves | Block::BirchLeaves)
        };
        let (one, two) = (closed([true, false]), closed([false, true]));
        let open = if one && two {
            0
        } else {
            3 - [one, two, closed([true, true])]
                .iter()
                .filter(|it| **it)
                .count()
        };
        SHADES[open]
    }

    fn upright(
        &mut self,
        at: [i32; 3],
        look: &Look,
        a: [f32; 2],
        b: [f32; 2],
        normal: [f32; 3],
        uvs: [[f32; 2]; 4],
    ) {
        let tile = self.tiles.named(look.sides[0]);
        let tint = self.tiles.tint(look.tint);
        let corners = [
            [a[0], 1.0, a[1]],
            [a[0], 0.0, a[1]],
            [b[0], 0.0, b[1]],
            [b[0], 1.0, b[1]],
        ]
        .map(|corner| self.place(at, corner));
        // The ground takes light from the foot of what stands on it.
        let shades = if look.glow > 0.0 {
            [1.0; 4]
        } else {
            [1.0, 0.65, 0.65, 1.0]
        };
        let colors = shades.map(|shade| {
            [
                tint[0] * shade,
                tint[1] * shade,
                tint[2] * shade,
                1.0 - look.glow,
            ]
        });
        self.passes[look.pass as usize].quad(corners, uvs, normal, tile, colors);
    }

    fn place(&self, at: [i32; 3], inside: [f32; 3]) -> [f32; 3] {
        [
            (at[0] - self.corner[0]) as f32 + inside[0],
            at[1] as f32 + inside[1],
            (at[2] - self.corner[1]) as f32 + inside[2],
        ]
    }
}

/// Of grass only the top is grey.
fn tint_of(block: Block, tint: Tint, side: usize) -> Tint {
    if block == Block::Grass && side != 2 {
        Tint::None
    } else {
        tint
    }
}

#[cfg(test)]
mod tests;
