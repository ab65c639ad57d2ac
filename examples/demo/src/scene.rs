//! Puts the world into the engine: chunk meshes, the sea, lamps.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use bevy::asset::RenderAssetUsages;
use bevy::light::NotShadowCaster;
use bevy::mesh::{Indices, PrimitiveTopology};
use bevy::prelude::*;
use bevy::render::renderer::RenderAdapterInfo;
use bevy::render::storage::ShaderBuffer;
use bevy_uncanny::prelude::*;
use wgpu_types::DeviceType;

use crate::blocks::{Block, Pass};
use crate::catalogue::Catalogue;
use crate::enhance;
use crate::material::{Slider, material};
use crate::mesh::{CHUNK, Surface, chunk, sea};
use crate::textures::BlockTextures;
use crate::world::{HEIGHT, World};

/// The world's cells, for whoever walks in it.
#[derive(Resource, Clone)]
pub(crate) struct Land(pub Arc<World>);

/// The pack, looked through.
#[derive(Resource, Clone)]
pub(crate) struct Pack(pub Arc<Catalogue>);

/// Builds everything that stands still.
#[expect(
    clippy::too_many_arguments,
    reason = "what a system works on, it is given"
)]
pub(crate) fn build(
    mut commands: Commands,
    land: Res<Land>,
    pack: Res<Pack>,
    slider: Res<Slider>,
    adapter: Res<RenderAdapterInfo>,
    server: Res<AssetServer>,
    mut images: ResMut<Assets<Image>>,
    mut buffers: ResMut<Assets<ShaderBuffer>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<crate::material::BlockMaterial>>,
) {
    // Mesa draws on the processor with anisotropy, too: up to a hundred times as long.
    let anisotropy = match adapter.device_type {
        DeviceType::Cpu => 1,
        _ => 8,
    };
    let textures = BlockTextures::load(&pack.0, anisotropy, &mut images, |path, side| {
        enhance::load_pixels(&server, path, side)
    });
    let steps = buffers.add(ShaderBuffer::from(pack.0.steps.clone()));
    let passes = [Pass::Opaque, Pass::Cutout, Pass::Translucent];
    let materials = passes.map(|pass| materials.add(material(pass, &textures, &steps, slider.0)));
    let mut spawn = |surfaces: [Surface; 3], at: Vec3, far: bool| {
        for (number, surface) in surfaces
            .into_iter()
            .enumerate()
            .filter(|(_, surface)| !surface.indices.is_empty())
        {
            let mut entity = commands.spawn((
                Shows(surface.firsts()),
                Mesh3d(meshes.add(engine_mesh(surface))),
                MeshMaterial3d(materials[number].clone()),
                Transform::from_translation(at),
            ));
            if far || number == Pass::Translucent as usize {
                entity.insert(NotShadowCaster);
            }
        }
    };
    for z in (0..land.0.size[2]).step_by(CHUNK as usize) {
        for x in (0..land.0.size[0]).step_by(CHUNK as usize) {
            spawn(
                chunk(&land.0, [x, z], &*pack.0),
                Vec3::new(x as f32, 0.0, z as f32),
                false,
            );
        }
    }
    spawn(sea(&land.0, &*pack.0, 400.0), Vec3::ZERO, true);
    lamps(&mut commands, &land.0);
    commands.insert_resource(textures);
}

/// The first steps of the textures that a mesh shows.
#[derive(Component)]
pub(crate) struct Shows(BTreeSet<u32>);

/// Has what is in sight enhanced first.
pub(crate) fn prioritise(
    enhancer: Res<Enhancer>,
    progress: Res<EnhanceProgress>,
    textures: Option<Res<BlockTextures>>,
    chunks: Query<(&ViewVisibility, &Shows)>,
    others: Query<(&ViewVisibility, &MeshMaterial3d<StandardMaterial>)>,
    materials: Res<Assets<StandardMaterial>>,
) {
    let Some(textures) = textures.filter(|_| progress.queued > 0) else {
        return;
    };
    let in_sight = chunks.iter().filter(|(view, _)| view.get());
    let firsts: BTreeSet<u32> = in_sight.flat_map(|(_, shows)| &shows.0).copied().collect();
    let others = others.iter().filter(|(view, _)| view.get());
    let others = others.filter_map(|(_, material)| materials.get(material));
    let others = others.filter_map(|material| Some(material.base_color_texture.as_ref()?.id()));
    enhancer.prioritise(textures.enhanced(&firsts).chain(others));
}

fn engine_mesh(surface: Surface) -> Mesh {
    Mesh::new(
        PrimitiveTopology::TriangleList,
        RenderAssetUsages::RENDER_WORLD,
    )
    .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, surface.positions)
    .with_inserted_attribute(Mesh::ATTRIBUTE_NORMAL, surface.normals)
    .with_inserted_attribute(Mesh::ATTRIBUTE_UV_0, surface.uvs)
    .with_inserted_attribute(Mesh::ATTRIBUTE_UV_1, surface.tiles)
    .with_inserted_attribute(Mesh::ATTRIBUTE_COLOR, surface.colors)
    .with_inserted_indices(Indices::U32(surface.indices))
}

/// Real lights for the few blocks that are seen to glow: not every torch, for each costs every pixel near it.
fn lamps(commands: &mut Commands, world: &World) {
    let (mut lava, mut found) = (false, 0);
    for z in 0..world.size[2] {
        for y in 0..HEIGHT {
            for x in 0..crate::world::ISLAND {
                let (color, lumens, range) = match world.get([x, y, z]) {
                    Block::Fire => (Color::srgb(1.0, 0.62, 0.3), 90_000.0, 11.0),
                    Block::Glowstone => (Color::srgb(1.0, 0.82, 0.55), 80_000.0, 12.0),
                    Block::Lava if !lava => (Color::srgb(1.0, 0.45, 0.15), 120_000.0, 10.0),
                    _ => continue,
                };
                lava |= world.get([x, y, z]) == Block::Lava;
                found += 1;
                if found > 6 {
                    return;
                }
                commands.spawn((
                    PointLight {
                        color,
                        intensity: lumens,
                        range,
                        ..default()
                    },
                    Transform::from_xyz(
                        x as f32 + 0.5,
                        y as f32 - 0.3
                            + if color.to_srgba().green > 0.8 {
                                0.0
                            } else {
                                1.3
                            },
                        z as f32 + 0.5,
                    ),
                ));
            }
        }
    }
}

/// Looks through a pack and grows the world for it.
///
/// # Errors
/// When the pack cannot be shown.
pub(crate) fn prepare(path: &Path) -> Result<(Land, Pack), String> {
    let catalogue = Catalogue::read(path)?;
    let mut world = World::new(crate::SEED, catalogue.textures.len());
    world.remove(|block| catalogue.left_away.contains(block.look().sides[0]));
    Ok((Land(Arc::new(world)), Pack(Arc::new(catalogue))))
}
