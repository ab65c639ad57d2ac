//! `enhanced://`: first load, hot reload of real files, failures.
#![allow(clippy::unwrap_used, reason = "the helpers of tests may panic")]

mod common;

use std::time::Duration;

use bevy_image::{ImageFilterMode, ImageSampler};
use bevy_uncanny::AssetsFrom;
use bevy_uncanny::prelude::*;
use common::*;
use wgpu_types::TextureUsages;

const DIRT: &str = "enhanced://textures/dirt.png";

struct Project {
    folder: tempfile::TempDir,
    game: Game,
}

impl Project {
    fn new(files: &[(&str, &[u8])]) -> Self {
        Self::with(files, |_| {})
    }

    fn with(files: &[(&str, &[u8])], change: impl FnOnce(&mut UncannyPlugin)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            save(folder.path(), name, bytes);
        }
        let mut plugin = UncannyPlugin {
            assets: AssetsFrom::folder(folder.path().to_str().unwrap()),
            ..plugin()
        };
        change(&mut plugin);
        let game = Game::watching(plugin);
        Self { folder, game }
    }
}

#[test]
fn a_picture_shows_at_once_and_enhanced_when_it_is_ready() {
    let art = picture(16, 16, 1);
    let Project {
        mut game,
        folder: _folder,
    } = Project::new(&[("textures/dirt.png", &png(&art))]);
    let dirt = game.load(DIRT);
    let painted = game.load(&format!("{DIRT}#original"));
    game.until("it is loaded", |game| game.image(&dirt).is_some());
    let first = game.pixels(&dirt);
    assert!(
        first == enlarged(&art, 8) || first == enhanced(&art),
        "never anything else"
    );
    game.until_shows(&dirt, &enhanced(&art));
    assert_eq!(game.pixels(&painted), art);

    let image = game.image(&dirt).unwrap();
    let descriptor = &image.texture_descriptor;
    assert_eq!(descriptor.mip_level_count, 8);
    assert_eq!(descriptor.usage, TextureUsages::TEXTURE_BINDING);
    let ImageSampler::Descriptor(sampler) = &image.sampler else {
        panic!("it has a sampler of its own");
    };
    assert_eq!(sampler.mag_filter, ImageFilterMode::Nearest);
    assert_eq!(sampler.min_filter, ImageFilterMode::Linear);
    assert_eq!(sampler.mipmap_filter, ImageFilterMode::Linear);

    assert_eq!(game.finished(DIRT), 1);
    assert!(game.failures().is_empty(), "{:?}", game.failures());
    game.until("nothing is underway", |game| game.progress().is_idle());
    let progress = game.progress();
    assert_eq!(
        (progress.finished, progress.failed, progress.cached),
        (1, 0, 0)
    );
    assert_eq!(game.enhancer().model(), "lanczos");
    assert_eq!(game.enhancer().device(), "CPU");
}

#[test]
fn far_and_near_pixels_follow_a_save() {
    let (one, two) = (picture(16, 16, 1), picture(16, 16, 2));
    let Project { mut game, folder } = Project::new(&[("textures/dirt.png", &png(&one))]);
    let dirt = game.load(DIRT);
    let painted = game.load(&format!("{DIRT}#original"));
    game.until_shows(&dirt, &enhanced(&one));
    let far = level(game.image(&dirt).unwrap(), 7);
    let before = game.pixels(&dirt);

    save(folder.path(), "textures/dirt.png", &png(&two));
    // That it was modified may be told a frame after the pixels are there, of the first ones too.
    game.until("the image changes", |game| game.pixels(&dirt) != before);
    // The old picture stayed until the new one was ready.
    assert_eq!(game.pixels(&dirt), enhanced(&two));
    assert_eq!(game.pixels(&painted), two);
    assert_ne!(level(game.image(&dirt).unwrap(), 7), far);
}

#[test]
fn a_save_by_rename_is_a_save() {
    let (one, two) = (picture(16, 16, 1), picture(16, 16, 2));
    let Project { mut game, folder } = Project::new(&[("textures/dirt.png", &png(&one))]);
    let dirt = game.load(DIRT);
    game.until_shows(&dirt, &enhanced(&one));
    save_by_rename(folder.path(), "textures/dirt.png", &png(&two));
    game.until_shows(&dirt, &enhanced(&two));
}

#[test]
fn another_size_is_no_trouble() {
    let (one, two) = (picture(16, 16, 1), picture(32, 16, 2));
    let Project { mut game, folder } = Project::new(&[("textures/dirt.png", &png(&one))]);
    let dirt = game.load(DIRT);
    game.until_shows(&dirt, &enhanced(&one));
    save(folder.path(), "textures/dirt.png", &png(&two));
    game.until_shows(&dirt, &enhanced(&two));
    assert_eq!(
        game.image(&dirt)
            .unwrap()
            .texture_descriptor
            .mip_level_count,
        9
    );
    save_by_rename(folder.path(), "textures/dirt.png", &png(&one));
    game.until_shows(&dirt, &enhanced(&one));
}

#[test]
fn a_damaged_file_keeps_the_old_picture_until_it_is_mended() {
    let (one, two) = (picture(16, 16, 1), picture(16, 16, 2));
    let Project { mut game, folder } = Project::new(&[("textures/dirt.png", &png(&one))]);
    let dirt = game.load(DIRT);
    game.until_shows(&dirt, &enhanced(&one));
    // Of these pixels it may be told a frame later.
    game.linger(Duration::from_millis(100));
    game.modified.clear();

    let half = png(&two);
    save(folder.path(), "textures/dirt.png", &half[..half.len() / 2]);
    game.until("it is told", |game| !game.failures().is_empty());
    game.linger(Duration::from_millis(300));
    assert_eq!(game.pixels(&dirt), enhanced(&one));
    assert!(game.modified.is_empty());
    assert!(game.state(&dirt).is_loaded());
    assert_eq!(game.failures()[0].0, DIRT);
    assert_eq!(game.progress().failed, game.failures().len());

    save(folder.path(), "textures/dirt.png", &png(&two));
    game.until_shows(&dirt, &enhanced(&two));
}

#[test]
fn a_file_that_is_damaged_from_the_start_recovers() {
    let art = picture(16, 16, 1);
    let Project { mut game, folder } = Project::new(&[("textures/dirt.png", b"no picture")]);
    let dirt = game.load(DIRT);
    game.until("it fails", |game| game.state(&dirt).is_failed());
    save(folder.path(), "textures/dirt.png", &png(&art));
    game.until_shows(&dirt, &enhanced(&art));
}

#[test]
fn the_last_of_many_saves_counts() {
    let first = picture(16, 16, 0);
    let Project { mut game, folder } = Project::new(&[("textures/dirt.png", &png(&first))]);
    let dirt = game.load(DIRT);
    game.until_shows(&dirt, &enhanced(&first));
    for seed in 1..=30 {
        save(
            folder.path(),
            "textures/dirt.png",
            &png(&picture(16, 16, seed)),
        );
        game.step();
    }
    game.until_shows(&dirt, &enhanced(&picture(16, 16, 30)));
    game.until("nothing waits", |game| game.progress().is_idle());
    let made = game.finished(DIRT) - 1;
    assert!(made < 30, "{made} of 30 saves were enhanced, each of them");
    assert_eq!(game.pixels(&dirt), enhanced(&picture(16, 16, 30)));
}

#[test]
fn a_save_that_changes_nothing_is_no_work() {
    let art = picture(16, 16, 1);
    let Project { mut game, folder } = Project::new(&[("textures/dirt.png", &png(&art))]);
    let dirt = game.load(DIRT);
    game.until_shows(&dirt, &enhanced(&art));
    let (told, changed) = (game.messages.len(), game.modified.len());
    save(folder.path(), "textures/dirt.png", &png(&art));
    game.linger(Duration::from_millis(800));
    assert_eq!((game.messages.len(), game.modified.len()), (told, changed));
}

#[test]
fn another_model_makes_everything_anew() {
    let arts = [picture(16, 16, 1), picture(16, 16, 2)];
    let Project {
        mut game,
        folder: _folder,
    } = Project::new(&[("a.png", &png(&arts[0])), ("b.png", &png(&arts[1]))]);
    let handles = [game.load("enhanced://a.png"), game.load("enhanced://b.png")];
    for (handle, art) in handles.iter().zip(&arts) {
        game.until_shows(handle, &enhanced(art));
    }
    game.enhancer().set_model("nearest");
    for (handle, art) in handles.iter().zip(&arts) {
        game.until_shows(handle, &enlarged(art, 8));
    }
    assert_eq!(game.enhancer().model(), "nearest");

    game.enhancer().set_model("no-such");
    let refused = |message: &EnhanceMessage| matches!(message, EnhanceMessage::ModelFailed { model, error } if model == "no-such" && error.contains("no-such"));
    game.until("it is told", |game| game.messages.iter().any(refused));
    assert_eq!(game.enhancer().model(), "nearest");
    assert!(game.failures().is_empty(), "{:?}", game.failures());
}

#[test]
fn an_unknown_model_is_told_and_the_picture_stays_as_it_was_painted() {
    let art = picture(16, 16, 1);
    let files: &[(&str, &[u8])] = &[("textures/dirt.png", &png(&art))];
    let Project {
        mut game,
        folder: _folder,
    } = Project::with(files, |plugin| plugin.model = "facez".into());
    let dirt = game.load(DIRT);
    game.until("it is told", |game| !game.failures().is_empty());
    assert!(
        game.failures()[0].1.contains("facez"),
        "{:?}",
        game.failures()
    );
    game.until_shows(&dirt, &enlarged(&art, 8));
}
