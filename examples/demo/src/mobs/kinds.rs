//! What mobs are made of: boxes, and where on a sheet of the game's layout their sides are.

use bevy::asset::RenderAssetUsages;
use bevy::mesh::{Indices, PrimitiveTopology};
use bevy::prelude::*;

/// A box of a sheet, as the game lays them out: top and bottom in the first row, four sides in the second.
pub(super) struct Cuboid {
    /// Where on the sheet.
    pub(super) at: [f32; 2],
    /// Width, height, depth in pixels.
    pub(super) size: [f32; 3],
    /// Its lower corner, from the part's origin.
    pub(super) from: [f32; 3],
    /// Larger than the sheet says, on every side.
    pub(super) grown: f32,
    /// Turned about the x axis through the part's origin, in degrees.
    pub(super) tilt: f32,
}

const fn cuboid(at: [f32; 2], size: [f32; 3], from: [f32; 3]) -> Cuboid {
    Cuboid {
        at,
        size,
        from,
        grown: 0.0,
        tilt: 0.0,
    }
}

impl Cuboid {
    const fn grown(mut self, grown: f32) -> Self {
        self.grown = grown;
        self
    }

    const fn tilted(mut self, tilt: f32) -> Self {
        self.tilt = tilt;
        self
    }
}

/// Boxes that move together.
pub(super) struct Part {
    pub(super) boxes: &'static [Cuboid],
    /// Their origin, in pixels above the ground, and before the middle.
    pub(super) at: [f32; 3],
    pub(super) head: bool,
    pub(super) clear: bool,
}

/// One of them.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) sheet: [f32; 2],
    pub(super) parts: &'static [Part],
    pub(super) scale: f32,
    pub(super) hops: bool,
    pub(super) homes: &'static [[i32; 2]],
}

/// All of them.
pub(super) const KINDS: [Kind; 3] = [
    Kind {
        name: "pig",
        sheet: [64.0, 64.0],
        parts: &[
            Part {
                boxes: &[
                    cuboid([28.0, 8.0], [10.0, 16.0, 8.0], [-5.0, -8.0, -4.0]).tilted(-90.0),
                    cuboid([0.0, 16.0], [4.0, 6.0, 4.0], [1.0, -10.0, 3.0]),
                    cuboid([0.0, 16.0], [4.0, 6.0, 4.0], [-5.0, -10.0, 3.0]),
                    cuboid([0.0, 16.0], [4.0, 6.0, 4.0], [1.0, -10.0, -7.0]),
                    cuboid([0.0, 16.0], [4.0, 6.0, 4.0], [-5.0, -10.0, -7.0]),
                ],
                at: [0.0, 10.0, 0.0],
                head: false,
                clear: false,
            },
            Part {
                boxes: &[
                    cuboid([0.0, 0.0], [8.0, 8.0, 8.0], [-4.0, -4.0, -8.0]),
                    cuboid([16.0, 16.0], [4.0, 3.0, 1.0], [-2.0, -3.0, -9.0]),
                ],
                at: [0.0, 12.0, -6.0],
                head: true,
                clear: false,
            },
        ],
        scale: 1.0,
        hops: false,
        homes: &[[44, 39], [36, 44]],
    },
    Kind {
        name: "slime",
        sheet: [64.0, 32.0],
        parts: &[
            Part {
                boxes: &[
                    cuboid([0.0, 16.0], [6.0, 6.0, 6.0], [-3.0, 1.0, -3.0]),
                    cuboid([32.0, 0.0], [2.0, 2.0, 2.0], [1.3, 4.0, -3.5]),
                    cuboid([32.0, 4.0], [2.0, 2.0, 2.0], [-3.3, 4.0, -3.5]),
                    cuboid([32.0, 8.0], [1.0, 1.0, 1.0], [-1.0, 2.0, -3.5]),
                ],
                at: [0.0; 3],
                head: false,
                clear: false,
            },
            Part {
                boxes: &[cuboid([0.0, 0.0], [8.0, 8.0, 8.0], [-4.0, 0.0, -4.0])],
                at: [0.0; 3],
                head: false,
                clear: true,
            },
        ],
        scale: 2.0,
        hops: true,
        homes: &[[38, 37], [31, 25]],
    },
    Kind {
        name: "villager",
        sheet: [64.0, 64.0],
        parts: &[
            Part {
                boxes: &[
                    cuboid([0.0, 22.0], [4.0, 12.0, 4.0], [0.0, 0.0, -2.0]),
                    cuboid([0.0, 22.0], [4.0, 12.0, 4.0], [-4.0, 0.0, -2.0]),
                    cuboid([16.0, 20.0], [8.0, 12.0, 6.0], [-4.0, 12.0, -3.0]),
                    cuboid([0.0, 38.0], [8.0, 20.0, 6.0], [-4.0, 4.0, -3.0]).grown(0.5),
                ],
                at: [0.0; 3],
                head: false,
                clear: false,
            },
            Part {
                boxes: &[
                    cuboid([44.0, 22.0], [4.0, 8.0, 4.0], [4.0, -6.0, -2.0]).tilted(43.0),
                    cuboid([44.0, 22.0], [4.0, 8.0, 4.0], [-8.0, -6.0, -2.0]).tilted(43.0),
                    cuboid([40.0, 38.0], [8.0, 4.0, 4.0], [-4.0, -6.0, -2.0]).tilted(43.0),
                ],
                at: [0.0, 21.0, -1.0],
                head: false,
                clear: false,
            },
            Part {
                boxes: &[
                    cuboid([0.0, 0.0], [8.0, 10.0, 8.0], [-4.0, 0.0, -4.0]),
                    cuboid([32.0, 0.0], [8.0, 10.0, 8.0], [-4.0, 0.0, -4.0]).grown(0.4),
                    cuboid([24.0, 0.0], [2.0, 4.0, 2.0], [-1.0, -1.0, -6.0]),
                ],
                at: [0.0, 24.0, 0.0],
                head: true,
                clear: false,
            },
        ],
        scale: 0.94,
        hops: false,
        homes: &[[41, 36]],
    },
];

/// A part's triangles.
pub(super) fn mesh(part: &Part, sheet: [f32; 2]) -> Mesh {
    let (mut positions, mut normals, mut uvs, mut indices) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for one in part.boxes {
        let [w, h, d] = one.size;
        let [u, v] = one.at;
        // Corners as seen from outside, top left first; then where on the sheet. Mobs look north.
        let sides: [([[f32; 3]; 4], [f32; 4]); 6] = [
            (
                [[1., 1., 1.], [1., 0., 1.], [1., 0., 0.], [1., 1., 0.]],
                [u, v + d, d, h],
            ),
            (
                [[1., 1., 0.], [1., 0., 0.], [0., 0., 0.], [0., 1., 0.]],
                [u + d, v + d, w, h],
            ),
            (
                [[0., 1., 0.], [0., 0., 0.], [0., 0., 1.], [0., 1., 1.]],
                [u + d + w, v + d, d, h],
            ),
            (
                [[0., 1., 1.], [0., 0., 1.], [1., 0., 1.], [1., 1., 1.]],
                [u + 2. * d + w, v + d, w, h],
            ),
            (
                [[1., 1., 1.], [1., 1., 0.], [0., 1., 0.], [0., 1., 1.]],
                [u + d, v, w, d],
            ),
            (
                [[1., 0., 0.], [1., 0., 1.], [0., 0., 1.], [0., 0., 0.]],
                [u + d + w, v, w, d],
            ),
        ];
        let turn = Quat::from_rotation_x(one.tilt.to_radians());
        for (corners, [u, v, w, h]) in sides {
            let base = u32::try_from(positions.len()).expect("a mob has few corners");
            let at = corners.map(|corner| {
                let corner = Vec3::from(corner);
                let grown = (corner - 0.5) * 2.0 * one.grown;
                turn * (Vec3::from(one.from) + corner * Vec3::from(one.size) + grown)
            });
            let normal = (at[1] - at[0]).cross(at[2] - at[0]).normalize();
            positions.extend(at);
            normals.extend([normal; 4]);
            // A hair inside, so that far mipmaps' neighbours stay out of sight a little longer.
            let (u, v, w, h) = (u + 0.02, v + 0.02, w - 0.04, h - 0.04);
            uvs.extend(
                [[u, v], [u, v + h], [u + w, v + h], [u + w, v]]
                    .map(|[u, v]| [u / sheet[0], v / sheet[1]]),
            );
            indices.extend([0, 1, 2, 0, 2, 3].map(|corner| base + corner));
        }
    }
    Mesh::new(
        PrimitiveTopology::TriangleList,
        RenderAssetUsages::RENDER_WORLD,
    )
    .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, positions)
    .with_inserted_attribute(Mesh::ATTRIBUTE_NORMAL, normals)
    .with_inserted_attribute(Mesh::ATTRIBUTE_UV_0, uvs)
    .with_inserted_indices(Indices::U32(indices))
}
