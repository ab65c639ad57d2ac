//! A network that is shipped, on this machine's device.
#![allow(clippy::unwrap_used, reason = "the helpers of tests may panic")]
#![cfg(feature = "torch")]

mod common;

use bevy_uncanny::AssetsFrom;
use bevy_uncanny::prelude::*;
use bevy_uncanny::{CacheChoice, ModelChoice};
use common::*;
use uncanny_model::{Device, Shipped};
use uncanny_texture::{Cell, Edges, Recipe, Scale};

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
    let told = |message: &EnhanceMessage| matches!(message, EnhanceMessage::ModelFailed { error, .. } if error.contains("there are textures, uncanny, faces"));
    game.until("it is told", |game| game.messages.iter().any(told));
}
