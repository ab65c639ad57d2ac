//! `pack://`: a resource pack by its own rules.
#![allow(clippy::unwrap_used, reason = "the helpers of tests may panic")]

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use bevy_uncanny::prelude::*;
use bevy_uncanny::{CacheChoice, ModelChoice};
use common::*;
use uncanny::{Baselines, Config, Options};
use uncanny_pack::{Pack, PackFormat, PackLimits, PackWriter};
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

/// A zip of a folder, put in its place as a whole.
fn zip(folder: &Path, target: &Path) {
    let pack = Pack::open(folder, &PackLimits::default()).unwrap();
    let mut writer = PackWriter::create(target, PackFormat::Zip, true).unwrap();
    for entry in 0..pack.entries().len() {
        writer.copy(&pack, entry).unwrap();
    }
    writer.finish().unwrap();
}

#[test]
fn a_zip_is_read_and_followed_like_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let place = tempfile::tempdir().unwrap();
    let target = place.path().join("pack.zip");
    write_pack(folder.path(), 1);
    zip(folder.path(), &target);
    let mut game = game(&target);
    let dirt = game.load(&path("dirt"));
    let stone = game.load(&path("stone"));
    let before = converted(folder.path());
    game.until_shows(&dirt, &before["dirt"]);
    game.until_shows(&stone, &before["stone"]);

    save(
        folder.path(),
        &format!("{BLOCKS}/dirt.png"),
        &png(&picture(16, 16, 7)),
    );
    zip(folder.path(), &target);
    let after = converted(folder.path());
    game.until_shows(&dirt, &after["dirt"]);
    assert_eq!(
        game.finished(&path("stone")),
        1,
        "what is alike in both is not made anew"
    );

    // Half a zip is none.
    let whole = std::fs::read(&target).unwrap();
    std::fs::write(&target, &whole[..whole.len() / 2]).unwrap();
    game.linger(std::time::Duration::from_millis(700));
    assert_eq!(game.pixels(&dirt), after["dirt"]);
    save(
        folder.path(),
        &format!("{BLOCKS}/dirt.png"),
        &png(&picture(16, 16, 8)),
    );
    zip(folder.path(), &target);
    game.until_shows(&dirt, &converted(folder.path())["dirt"]);
}

#[test]
fn a_converted_pack_is_read_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    write_pack(folder.path(), 1);
    let wanted = converted(folder.path());
    for (name, image) in &wanted {
        save(folder.path(), &format!("{BLOCKS}/{name}.png"), &png(image));
    }
    let mut game = Game::watching(UncannyPlugin {
        model: ModelChoice::Prepared,
        pack: Some(folder.path().to_owned()),
        ..plugin()
    });
    assert_eq!(game.enhancer().model(), "");
    let dirt = game.load(&path("dirt"));
    game.until_shows(&dirt, &wanted["dirt"]);
    assert_eq!(
        game.image(&dirt)
            .unwrap()
            .texture_descriptor
            .mip_level_count,
        8
    );
    let other = picture(128, 128, 5);
    save_by_rename(folder.path(), &format!("{BLOCKS}/dirt.png"), &png(&other));
    game.until_shows(&dirt, &other);
    assert!(game.messages.is_empty(), "nothing was enhanced");
}

#[test]
fn the_cache_is_the_one_of_convert() {
    let folder = tempfile::tempdir().unwrap();
    let cache = tempfile::tempdir().unwrap();
    let out = tempfile::tempdir().unwrap();
    write_pack(folder.path(), 1);
    let config = Config {
        model: Some("lanczos".to_owned()),
        ..Config::default()
    };
    let options = Options::new(config, Config::default()).unwrap();
    let mut models = Baselines::new(Scale::new(8).unwrap());
    let kept = uncanny::Cache::new(cache.path(), uncanny::DEFAULT_CACHE_BYTES);
    let target = out.path().join("out");
    uncanny::convert(folder.path(), &target, &options, &mut models, Some(&kept)).unwrap();
    let mut game = Game::new(UncannyPlugin {
        pack: Some(folder.path().to_owned()),
        cache: CacheChoice::Folder(cache.path().to_owned()),
        ..plugin()
    });
    let _dirt = game.load(&path("dirt"));
    game.until("it is ready", |game| game.finished(&path("dirt")) == 1);
    assert_eq!(game.progress().cached, 1);
}
