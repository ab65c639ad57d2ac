//! Bevy's asset processor makes files of what the network makes; a game without any model reads them.
#![allow(clippy::unwrap_used, reason = "the helpers of tests may panic")]
#![cfg(feature = "processor")]

mod common;

use std::path::Path;

use bevy_asset::processor::{AssetProcessor, FileTransactionLogFactory};
use bevy_asset::{AssetApp as _, AssetMode, AssetPlugin};
use bevy_image::{CompressedImageFormats, ImageLoader};
use bevy_uncanny::prelude::*;
use bevy_uncanny::{AssetsFrom, ModelChoice};
use common::*;

fn game(project: &Path, model: ModelChoice, processor: bool) -> Game {
    let place = |name: &str| project.join(name).to_str().unwrap().to_owned();
    let assets = AssetPlugin {
        mode: AssetMode::Processed,
        file_path: place("assets"),
        processed_file_path: place("imported_assets/Default"),
        use_asset_processor_override: Some(processor),
        watch_for_changes_override: Some(processor),
        ..AssetPlugin::default()
    };
    let plugin = UncannyPlugin {
        model,
        assets: AssetsFrom::folder(place("assets")),
        processed: place("imported_assets/Enhanced"),
        ..plugin()
    };
    let log = project.join("imported_assets/log");
    Game::with(plugin, assets, |app| {
        // Bevy's renderer registers it, and the processor waits for that.
        let none = CompressedImageFormats::NONE;
        app.register_asset_loader(ImageLoader::new(none));
        if let Some(processor) = app.world().get_resource::<AssetProcessor>() {
            let factory = FileTransactionLogFactory { file_path: log };
            processor.data().set_log_factory(Box::new(factory)).unwrap();
        }
    })
}

#[test]
fn processed_pictures_need_no_model() {
    let project = tempfile::tempdir().unwrap();
    let (one, two) = (picture(16, 16, 1), picture(16, 16, 2));
    let assets = project.path().join("assets");
    save(&assets, "textures/dirt.png", &png(&one));
    save(&assets, "notes.txt", b"not a picture");
    {
        let mut game = game(project.path(), "lanczos".into(), true);
        let dirt = game.load("enhanced://textures/dirt.png");
        game.until_shows(&dirt, &enhanced(&one));
        save(&assets, "textures/dirt.png", &png(&two));
        game.until_shows(&dirt, &enhanced(&two));
        save_by_rename(&assets, "textures/dirt.png", &png(&one));
        game.until_shows(&dirt, &enhanced(&one));
    }
    let made = project.path().join("imported_assets/Enhanced");
    let file = std::fs::read(made.join("textures/dirt.png")).unwrap();
    assert_eq!(uncanny_texture::probe(&file).unwrap(), (128, 128));
    assert!(
        !made.join("notes.txt").exists(),
        "it is the default source's"
    );

    // As it is shipped: neither sources nor a model.
    std::fs::remove_dir_all(&assets).unwrap();
    let mut shipped = game(project.path(), ModelChoice::Prepared, false);
    let dirt = shipped.load("enhanced://textures/dirt.png");
    shipped.until_shows(&dirt, &enhanced(&one));
    assert!(shipped.messages.is_empty());
}

#[test]
fn another_model_processes_anew() {
    let project = tempfile::tempdir().unwrap();
    let art = picture(16, 16, 1);
    save(&project.path().join("assets"), "dirt.png", &png(&art));
    for (model, wanted) in [("lanczos", enhanced(&art)), ("nearest", enlarged(&art, 8))] {
        let mut game = game(project.path(), model.into(), true);
        let dirt = game.load("enhanced://dirt.png");
        game.until_shows(&dirt, &wanted);
    }
}
