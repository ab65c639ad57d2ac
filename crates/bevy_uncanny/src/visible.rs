//! What a camera sees is enhanced first.

use std::collections::HashSet;

use bevy_asset::AssetId;
use bevy_camera::visibility::ViewVisibility;
use bevy_ecs::prelude::*;
use bevy_image::Image;

use crate::progress::{EnhanceProgress, Enhancer};

/// The images that this frame showed; one system a kind of thing that is drawn adds to it.
#[derive(Resource, Default)]
pub(crate) struct Seen(HashSet<AssetId<Image>>);

/// Whether the order of pictures matters.
pub(crate) fn something_waits(progress: Res<'_, EnhanceProgress>) -> bool {
    progress.queued > 0
}

#[cfg(feature = "pbr")]
pub(crate) fn see_materials(
    meshes: Query<
        '_,
        '_,
        (
            &ViewVisibility,
            &bevy_pbr::MeshMaterial3d<bevy_pbr::StandardMaterial>,
        ),
    >,
    materials: Option<Res<'_, bevy_asset::Assets<bevy_pbr::StandardMaterial>>>,
    mut seen: ResMut<'_, Seen>,
) {
    use bevy_asset::VisitAssetDependencies as _;
    let Some(materials) = materials else { return };
    let in_view: HashSet<_> = meshes
        .iter()
        .filter(|(view, _)| view.get())
        .map(|(_, material)| material.id())
        .collect();
    for material in in_view.into_iter().filter_map(|id| materials.get(id)) {
        material.visit_dependencies(&mut |id| {
            seen.0.extend(id.try_typed::<Image>().ok());
        });
    }
}

#[cfg(feature = "sprite")]
pub(crate) fn see_sprites(
    sprites: Query<'_, '_, (&ViewVisibility, &bevy_sprite::Sprite)>,
    mut seen: ResMut<'_, Seen>,
) {
    let in_view = sprites.iter().filter(|(view, _)| view.get());
    seen.0.extend(in_view.map(|(_, sprite)| sprite.image.id()));
}

/// Tells the worker.
pub(crate) fn prioritise(enhancer: Res<'_, Enhancer>, mut seen: ResMut<'_, Seen>) {
    enhancer.prioritise(seen.0.drain());
}
