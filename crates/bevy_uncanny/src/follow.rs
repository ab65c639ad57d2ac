//! What must change when an image does: materials, and the rectangles of atlases.

use std::collections::HashSet;

use bevy_asset::{Asset, AssetEvent, AssetId, Assets, UntypedAssetId};
use bevy_ecs::message::MessageReader;
use bevy_ecs::system::{Res, ResMut};
use bevy_image::{Image, TextureAtlasLayout};
use bevy_math::{URect, UVec2};

use crate::progress::Enhancer;

/// Has materials drawn with the images that they use as these are now.
///
/// Bevy 0.19 binds a material's textures when the material changes, and not when a texture does
/// ([#15595](https://github.com/bevyengine/bevy/issues/15595)). The feature `pbr` adds this system for
/// `StandardMaterial`. For a material of your own, whose images are marked `#[dependency]`:
///
/// ```
/// # use bevy_app::prelude::*;
/// # use bevy_asset::{AssetEventSystems, prelude::*};
/// # use bevy_ecs::prelude::*;
/// # use bevy_image::Image;
/// # use bevy_reflect::TypePath;
/// #[derive(Asset, TypePath, Clone)]
/// struct Water {
///     #[dependency]
///     waves: Handle<Image>,
/// }
///
/// fn plugin(app: &mut App) {
///     app.add_systems(PostUpdate, bevy_uncanny::follow_images::<Water>.after(AssetEventSystems));
/// }
/// ```
pub fn follow_images<M: Asset>(
    enhancer: Res<'_, Enhancer>,
    mut events: MessageReader<'_, '_, AssetEvent<Image>>,
    materials: Option<ResMut<'_, Assets<M>>>,
) {
    let modified: HashSet<UntypedAssetId> = modified(&enhancer, &mut events)
        .map(AssetId::untyped)
        .collect();
    let Some(mut materials) = materials.filter(|_| !modified.is_empty()) else {
        return;
    };
    let users: Vec<AssetId<M>> = materials
        .iter()
        .filter(|(_, material)| {
            let mut uses = false;
            material.visit_dependencies(&mut |id| uses |= modified.contains(&id));
            uses
        })
        .map(|(id, _)| id)
        .collect();
    for id in users {
        if let Some(material) = materials.get_mut(id) {
            // Counts as a change, which is all that is wanted.
            let _ = material.into_inner();
        }
    }
}

fn modified<'a>(
    enhancer: &'a Enhancer,
    events: &'a mut MessageReader<'_, '_, AssetEvent<Image>>,
) -> impl Iterator<Item = AssetId<Image>> + 'a {
    events.read().filter_map(|event| match event {
        AssetEvent::Modified { id } if enhancer.knows(*id) => Some(*id),
        _ => None,
    })
}

/// Fits the rectangles of an atlas to its image as that is now: those of a sheet of 64x16 pixels, once it is enhanced to
/// 512x128, are 8 times as large. Returns whether there was anything to do.
///
/// The feature `sprite` does that for every `Sprite` with an atlas; call it for other users of an atlas.
pub fn fit_layout(layout: &mut TextureAtlasLayout, image: UVec2) -> bool {
    let old = layout.size;
    if old == image || old.x == 0 || old.y == 0 {
        return false;
    }
    let scaled = |corner: UVec2| {
        let part = |at: u32, new: u32, old: u32| {
            let exact = u64::from(at) * u64::from(new);
            u32::try_from((exact + u64::from(old) / 2) / u64::from(old)).unwrap_or(u32::MAX)
        };
        UVec2::new(
            part(corner.x, image.x, old.x),
            part(corner.y, image.y, old.y),
        )
    };
    for rectangle in &mut layout.textures {
        *rectangle = URect {
            min: scaled(rectangle.min),
            max: scaled(rectangle.max),
        };
    }
    layout.size = image;
    true
}

#[cfg(feature = "sprite")]
pub(crate) mod sprites {
    use super::*;
    use bevy_ecs::change_detection::DetectChanges as _;
    use bevy_ecs::system::Query;
    use bevy_ecs::world::Ref;
    use bevy_sprite::Sprite;

    /// Fits the layouts of sprites that are new, or whose image is.
    pub(crate) fn fit_sprites(
        enhancer: Res<'_, Enhancer>,
        mut events: MessageReader<'_, '_, AssetEvent<Image>>,
        images: Res<'_, Assets<Image>>,
        layouts: Option<ResMut<'_, Assets<TextureAtlasLayout>>>,
        sprites: Query<'_, '_, Ref<'static, Sprite>>,
    ) {
        let fresh: HashSet<AssetId<Image>> = events
            .read()
            .filter_map(|event| match event {
                AssetEvent::Modified { id } | AssetEvent::Added { id } => Some(*id),
                _ => None,
            })
            .filter(|id| enhancer.knows(*id))
            .collect();
        let Some(mut layouts) = layouts else { return };
        for sprite in &sprites {
            let image = sprite.image.id();
            if !(fresh.contains(&image) || sprite.is_changed() && enhancer.knows(image)) {
                continue;
            }
            let size = images.get(image).map(Image::size);
            let layout = sprite.texture_atlas.as_ref().map(|atlas| atlas.layout.id());
            if let (Some(size), Some(layout)) = (size, layout)
                && layouts
                    .get(layout)
                    .is_some_and(|layout| layout.size != size)
                && let Some(layout) = layouts.get_mut(layout)
            {
                fit_layout(layout.into_inner(), size);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_grows_and_shrinks_with_its_image() {
        let painted =
            TextureAtlasLayout::from_grid(UVec2::new(16, 8), 3, 2, Some(UVec2::ONE), None);
        let mut layout = painted.clone();
        assert!(fit_layout(&mut layout, painted.size * 8));
        assert_eq!(layout.textures[4].min, painted.textures[4].min * 8);
        assert_eq!(layout.textures[4].max, painted.textures[4].max * 8);
        assert!(!fit_layout(&mut layout, painted.size * 8));
        assert!(fit_layout(&mut layout, painted.size));
        assert_eq!(layout, painted);
        let mut nothing = TextureAtlasLayout::new_empty(UVec2::ZERO);
        assert!(!fit_layout(&mut nothing, UVec2::ONE));
    }
}
