//! A network that is shipped, on this machine's device.
#![allow(clippy::unwrap_used, reason = "the helpers of tests may panic")]
#![cfg(feature = "torch")]

mod common;

use std::fs;
use std::path::Path;

use bevy_uncanny::AssetsFrom;
use bevy_uncanny::prelude::*;
use bevy_uncanny::{CacheChoice, DeviceChoice, ModelChoice, ModelSource};
use common::*;
use uncanny::{Config, Options};
use uncanny_model::{Device, Network, Shipped};
use uncanny_registry::ModelRegistry;
use uncanny_texture::{Cell, Edges, Reach, Recipe, Scale, Upscaler as _};

#[test]
fn a_shipped_network_enhances_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let art = picture(16, 16, 1);
    save(folder.path(), "dirt.png", &png(&art));
    let mut game = Game::new(UncannyPlugin {
        assets: AssetsFrom::folder(folder.path().to_str().unwrap()),
        cache: CacheChoice::None,
        ..UncannyPlugin::default()
    });
    assert_eq!(UncannyPlugin::default().model, ModelChoice::Auto);
    assert_eq!(game.enhancer().model(), "textures");
    let dirt = game.load("enhanced://dirt.png");
    game.until("it is ready", |game| {
        game.finished("enhanced://dirt.png") == 1
    });

    let mut network = Shipped::find("textures")
        .unwrap()
        .load(Device::CPU)
        .unwrap();
    let scale = Scale::new(8).unwrap();
    let mut recipe = Recipe::new(vec![Cell::whole(16, 16, Edges::CLAMP)], scale);
    recipe.fidelity = 1.0;
    let wanted = uncanny_texture::enhance(&art, &recipe, &mut network).unwrap();
    game.until("it is shown", |game| {
        let image = game.image(&dirt);
        image.is_some_and(|image| pixels(image) != enlarged(&art, 8))
    });
    let shown = game.pixels(&dirt);
    assert_eq!(shown.dimensions(), wanted.dimensions());
    let furthest = shown
        .as_raw()
        .iter()
        .zip(wanted.as_raw())
        .map(|(a, b)| a.abs_diff(*b))
        .max();
    // A GPU works with fewer digits.
    assert!(furthest.unwrap() <= 24, "{furthest:?}");
    assert!(!game.enhancer().device().is_empty());

    game.enhancer().set_model("no/such.safetensors");
    let told = |message: &EnhanceMessage| matches!(message, EnhanceMessage::ModelFailed { error, .. } if error.contains("no/such.safetensors") && error.contains("there are textures, uncanny, faces"));
    game.until("it is told", |game| game.messages.iter().any(told));
}

/// Shows a pack of one block by this model and these settings, and compares it with what `uncanny convert` makes of it.
fn shown_as_converted(model: &str, config: Config) {
    let pack = tempfile::tempdir().unwrap();
    let name = "assets/minecraft/textures/block/dirt.png";
    let meta = br#"{"pack": {"pack_format": 15, "description": "test"}}"#;
    save(pack.path(), "pack.mcmeta", meta);
    save(pack.path(), name, &png(&picture(16, 16, 1)));

    let flags = Config {
        model: Some(model.to_owned()),
        ..Config::default()
    };
    let options = Options::new(flags, config.clone()).unwrap();
    let mut models = ModelRegistry::new(DeviceChoice::Cpu).for_options(&options);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let report = uncanny::convert(pack.path(), &out, &options, &mut models, None).unwrap();
    assert_eq!(report.counts.enhanced, 1);
    let converted = fs::read(out.join(name)).unwrap();
    let converted = uncanny_texture::decode(&converted, &Default::default()).unwrap();
    let k = config.scale.map_or(8, Scale::get);
    assert_eq!(converted.image.dimensions(), (16 * k, 16 * k));

    let mut game = Game::new(UncannyPlugin {
        model: model.into(),
        models: ModelSource::on(DeviceChoice::Cpu).unwrap(),
        pack: Some(pack.path().to_owned()),
        config,
        cache: CacheChoice::None,
        ..UncannyPlugin::default()
    });
    let dirt = game.load(&format!("pack://{name}"));
    game.until("it is finished", |game| {
        game.finished(&format!("pack://{name}")) == 1 || !game.failures().is_empty()
    });
    assert!(game.failures().is_empty(), "{:?}", game.failures());
    game.until_shows(&dirt, &converted.image);
}

#[test]
fn a_checkpoint_of_4x_makes_of_a_pack_what_convert_makes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let checkpoint = root.join("tests/fixtures/compact/4x.pth");
    let network = Network::load(&checkpoint, Device::CPU).unwrap();
    assert_eq!(network.scale().get(), 4);
    let checkpoint = checkpoint.to_str().unwrap();
    for (reach, scale) in [
        (None, None),
        (Some(Reach::Again), None),
        (Some(Reach::Resize), Scale::new(16).ok()),
    ] {
        let config = Config {
            reach,
            scale,
            ..Config::default()
        };
        shown_as_converted(checkpoint, config);
    }
    // A classical model has no scale of its own: it is asked for the one that is wanted.
    let config = Config {
        scale: Scale::new(16).ok(),
        ..Config::default()
    };
    shown_as_converted("xbr", config);
}

#[test]
fn faces_are_searched_in_a_pack_as_convert_searches_them() {
    let config = Config {
        dream: Some(1),
        iterations: Some(2),
        ..Config::default()
    };
    shown_as_converted("uncanny", config);
}
