//! `pack://`: a resource pack by its own rules.

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use bevy_uncanny::prelude::*;
use common::*;
use uncanny::{Baselines, Config, Options};
use uncanny_texture::{RgbaImage, Scale};

const META: &[u8] = br#"{"pack": {"pack_format": 15, "description": "test"}}"#;
const BLOCKS: &str = "assets/minecraft/textures/block";

fn write_pack(folder: &Path, seed: u32) {
    save(folder, "pack.mcmeta", META);
    for (name, art) in [
        ("dirt", picture(16, 16, seed)),
        ("stone", picture(16, 16, seed + 1)),
        ("water_still", picture(16, 48, seed + 2)),
    ] {
        save(folder, &format!("{BLOCKS}/{name}.png"), &png(&art));
    }
    save(
        folder,
        &format!("{BLOCKS}/water_still.png.mcmeta"),
        br#"{"animation": {"frametime": 2}}"#,
    );
}

/// What `uncanny convert` makes of it.
fn converted(pack: &Path) -> BTreeMap<String, RgbaImage> {
    let out = tempfile::tempdir().unwrap();
    let target = out.path().join("out");
    let config = Config {
        model: Some("lanczos".to_owned()),
        ..Config::default()
    };
    let options = Options::new(config, Config::default()).unwrap();
    let mut models = Baselines::new(Scale::new(8).unwrap());
    let report = uncanny::convert(pack, &target, &options, &mut models, None).unwrap();
    assert_eq!(report.exit_code(), 0);
    ["dirt", "stone", "water_still"]
        .map(|name| {
            let bytes = std::fs::read(target.join(format!("{BLOCKS}/{name}.png"))).unwrap();
            let texture = uncanny_texture::decode(&bytes, &Default::default()).unwrap();
            (name.to_owned(), texture.image)
        })
        .into()
}

fn path(name: &str) -> String {
    format!("pack://{BLOCKS}/{name}.png")
}

fn game(pack: &Path) -> Game {
    Game::watching(UncannyPlugin {
        pack: Some(pack.to_owned()),
        ..plugin()
    })
}

#[test]
fn a_pack_is_enhanced_as_convert_does() {
    let folder = tempfile::tempdir().unwrap();
    write_pack(folder.path(), 1);
    let wanted = converted(folder.path());
    let mut game = game(folder.path());
    for (name, image) in &wanted {
        let handle = game.load(&path(name));
        game.until_shows(&handle, image);
    }
    assert!(game.failures().is_empty(), "{:?}", game.failures());
    // Mipmaps of an animation end where they would mix its frames.
    let water = game.load(&path("water_still"));
    assert_eq!(
        game.image(&water)
            .unwrap()
            .texture_descriptor
            .mip_level_count,
        8
    );
}

#[test]
fn what_is_shown_of_a_pack_follows_its_files() {
    let folder = tempfile::tempdir().unwrap();
    write_pack(folder.path(), 1);
    let mut game = game(folder.path());
    let before = converted(folder.path());
    let dirt = game.load(&path("dirt"));
    let water = game.load(&path("water_still"));
    game.until_shows(&dirt, &before["dirt"]);
    game.until_shows(&water, &before["water_still"]);

    save(
        folder.path(),
        &format!("{BLOCKS}/dirt.png"),
        &png(&picture(16, 16, 7)),
    );
    let after = converted(folder.path());
    game.until_shows(&dirt, &after["dirt"]);
    save_by_rename(
        folder.path(),
        &format!("{BLOCKS}/dirt.png"),
        &png(&picture(16, 16, 8)),
    );
    let after = converted(folder.path());
    game.until_shows(&dirt, &after["dirt"]);

    let half = png(&picture(16, 16, 9));
    save(
        folder.path(),
        &format!("{BLOCKS}/dirt.png"),
        &half[..half.len() / 2],
    );
    game.until("it is told", |game| !game.failures().is_empty());
    assert_eq!(game.pixels(&dirt), after["dirt"]);
    assert_eq!(game.failures()[0].0, path("dirt"));
    save(folder.path(), &format!("{BLOCKS}/dirt.png"), &half);
    game.until_shows(&dirt, &converted(folder.path())["dirt"]);

    // A rule of another file: the strip is no animation any more.
    std::fs::remove_file(
        folder
            .path()
            .join(format!("{BLOCKS}/water_still.png.mcmeta")),
    )
    .unwrap();
    game.until_shows(&water, &converted(folder.path())["water_still"]);
}

#[test]
fn a_pack_takes_another_model() {
    let folder = tempfile::tempdir().unwrap();
    write_pack(folder.path(), 1);
    let mut game = game(folder.path());
    let dirt = game.load(&path("dirt"));
    game.until_shows(&dirt, &converted(folder.path())["dirt"]);
    game.enhancer().set_model("nearest");
    game.until_shows(&dirt, &enlarged(&picture(16, 16, 1), 8));
}
