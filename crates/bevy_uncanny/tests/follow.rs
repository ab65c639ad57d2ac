//! Materials and atlases follow their images.
#![allow(clippy::unwrap_used, reason = "the helpers of tests may panic")]
#![cfg(any(feature = "pbr", feature = "sprite"))]

mod common;

use std::path::Path;

use bevy_app::App;
use bevy_asset::AssetPlugin;
use bevy_uncanny::AssetsFrom;
use bevy_uncanny::prelude::*;
use common::*;

fn game(folder: &Path, more: impl FnOnce(&mut App)) -> Game {
    let plugin = UncannyPlugin {
        assets: AssetsFrom::folder(folder.to_str().unwrap()),
        ..plugin()
    };
    let assets = AssetPlugin {
        watch_for_changes_override: Some(true),
        ..AssetPlugin::default()
    };
    Game::with(plugin, assets, more)
}

/// Bevy binds a material's textures when the material changes, not when a texture does.
#[cfg(feature = "pbr")]
#[test]
fn a_material_changes_with_its_image() {
    use bevy_asset::{AssetApp as _, AssetEvent, Assets};
    use bevy_ecs::message::Messages;
    use bevy_pbr::StandardMaterial;

    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (picture(16, 16, 1), picture(16, 16, 2));
    save(folder.path(), "dirt.png", &png(&one));
    let mut game = game(folder.path(), |app| {
        app.init_asset::<StandardMaterial>();
    });
    let dirt = game.load("enhanced://dirt.png");
    let mut materials = game
        .app
        .world_mut()
        .resource_mut::<Assets<StandardMaterial>>();
    let earthen = materials.add(StandardMaterial {
        emissive_texture: Some(dirt.clone()),
        ..StandardMaterial::default()
    });
    let plain = materials.add(StandardMaterial::default());
    game.until_shows(&dirt, &enhanced(&one));
    game.linger(std::time::Duration::from_millis(50));

    let mut cursor = game
        .app
        .world()
        .resource::<Messages<AssetEvent<StandardMaterial>>>()
        .get_cursor_current();
    save(folder.path(), "dirt.png", &png(&two));
    let mut changed = Vec::new();
    for _ in 0..10_000 {
        game.step();
        let events = game
            .app
            .world()
            .resource::<Messages<AssetEvent<StandardMaterial>>>();
        changed.extend(cursor.read(events).filter_map(|event| match event {
            AssetEvent::Modified { id } => Some(*id),
            _ => None,
        }));
        if !changed.is_empty() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    assert_eq!(changed, [earthen.id()]);
    assert_ne!(changed, [plain.id()]);
    assert_eq!(game.pixels(&dirt), enhanced(&two));
}

#[cfg(feature = "sprite")]
#[test]
fn a_sprites_rectangles_fit_its_sheet() {
    use bevy_asset::{AssetApp as _, Assets};
    use bevy_image::{TextureAtlas, TextureAtlasLayout};
    use bevy_math::{URect, UVec2};
    use bevy_sprite::Sprite;

    let folder = tempfile::tempdir().unwrap();
    save(folder.path(), "walk.png", &png(&picture(64, 16, 1)));
    let mut game = game(folder.path(), |app| {
        app.init_asset::<TextureAtlasLayout>();
    });
    let sheet = game.load("enhanced://walk.png");
    let grid = TextureAtlasLayout::from_grid(UVec2::splat(16), 4, 1, None, None);
    let layout = game
        .app
        .world_mut()
        .resource_mut::<Assets<TextureAtlasLayout>>()
        .add(grid);
    let sprite = Sprite::from_atlas_image(
        sheet.clone(),
        TextureAtlas {
            layout: layout.clone(),
            index: 2,
        },
    );
    game.app.world_mut().spawn(sprite);
    let rectangle = move |game: &Game| {
        let layouts = game.app.world().resource::<Assets<TextureAtlasLayout>>();
        layouts.get(&layout).unwrap().textures[2]
    };
    let third = |side: u32| URect::new(2 * side, 0, 3 * side, side);
    game.until("the layout fits", |game| rectangle(game) == third(128));

    // Drawn anew at twice the size.
    save(folder.path(), "walk.png", &png(&picture(128, 32, 2)));
    game.until("the layout fits", |game| rectangle(game) == third(256));
    assert_eq!(game.image(&sheet).unwrap().size(), UVec2::new(1024, 256));
    save(folder.path(), "walk.png", &png(&picture(64, 16, 3)));
    game.until("the layout fits", |game| rectangle(game) == third(128));
}
