//! A source that is no folder, settings of single pictures, and which picture comes first.
#![allow(clippy::unwrap_used, reason = "the helpers of tests may panic")]

mod common;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use async_channel::Sender;
use bevy_asset::io::memory::{Dir, MemoryAssetReader};
use bevy_asset::io::{AssetSourceBuilder, AssetSourceEvent, AssetWatcher};
use bevy_image::{ImageAddressMode, ImageFilterMode, ImageSampler};
use bevy_math::UVec2;
use bevy_uncanny::prelude::*;
use bevy_uncanny::{AssetsFrom, ModelSource, OpenModels};
use common::*;
use uncanny::{ModelError, Models};
use uncanny_texture::{Lanczos, RgbPlanes, Scale, TileEdges, Tiling, UpscaleError, Upscaler};

/// Files in memory, and the means to say that they changed.
#[derive(Clone, Default)]
struct Memory {
    files: Dir,
    server: Arc<Mutex<Option<Sender<AssetSourceEvent>>>>,
}

struct Watching;
impl AssetWatcher for Watching {}

impl Memory {
    fn source(&self) -> AssetsFrom {
        let memory = self.clone();
        AssetsFrom::source(move || {
            let (root, server) = (memory.files.clone(), memory.server.clone());
            AssetSourceBuilder::new(move || Box::new(MemoryAssetReader { root: root.clone() }))
                .with_watcher(move |sender| {
                    *server.lock().unwrap() = Some(sender);
                    Some(Box::new(Watching))
                })
        })
    }

    fn put(&self, name: &str, bytes: Vec<u8>) {
        self.files.insert_asset(Path::new(name), bytes);
    }

    fn tell(&self, event: AssetSourceEvent) {
        let server = self.server.lock().unwrap();
        server
            .as_ref()
            .expect("somebody watches")
            .send_blocking(event)
            .unwrap();
    }

    fn game(&self) -> Game {
        Game::watching(UncannyPlugin {
            assets: self.source(),
            ..plugin()
        })
    }
}

#[test]
fn a_source_in_memory_is_followed() {
    let memory = Memory::default();
    let (one, two, three) = (picture(16, 16, 1), picture(16, 16, 2), picture(16, 16, 3));
    memory.put("a.png", png(&one));
    let mut game = memory.game();
    let handle = game.load("enhanced://a.png");
    game.until_shows(&handle, &enhanced(&one));
    memory.put("a.png", png(&two));
    memory.tell(AssetSourceEvent::ModifiedAsset("a.png".into()));
    game.until_shows(&handle, &enhanced(&two));
    memory.put("a.png", png(&three));
    memory.tell(AssetSourceEvent::RenamedAsset {
        old: PathBuf::from("a.png.new"),
        new: PathBuf::from("a.png"),
    });
    game.until_shows(&handle, &enhanced(&three));
}

#[test]
fn settings_come_from_a_meta_file_or_from_who_loads() {
    let memory = Memory::default();
    let art = picture(16, 16, 1);
    for name in ["a.png", "b.png", "c.png"] {
        memory.put(name, png(&art));
    }
    memory.files.insert_meta_text(
        Path::new("b.png"),
        r#"(
    meta_format_version: "1.0",
    asset: Load(
        loader: "bevy_uncanny::loader::EnhancedLoader",
        settings: (edges: Wrap, sampling: Smooth, model: Some("nearest")),
    ),
)"#,
    );
    let mut game = memory.game();
    let server = game.server();
    let builder = server
        .load_builder()
        .with_settings(|settings: &mut EnhancedSettings| {
            settings.enhance = false;
            settings.cell = Some(UVec2::splat(4));
        });
    let plain = builder.load("enhanced://a.png");
    let wrapped = game.load("enhanced://b.png");
    game.until_shows(&plain, &art);
    game.until_shows(&wrapped, &enlarged(&art, 8));
    game.until("it is made", |game| game.finished("enhanced://b.png") == 1);
    assert_eq!(game.finished("enhanced://a.png"), 0);
    assert_eq!(
        game.image(&plain)
            .unwrap()
            .texture_descriptor
            .mip_level_count,
        3,
        "the next would mix cells"
    );
    let ImageSampler::Descriptor(sampler) = &game.image(&wrapped).unwrap().sampler else {
        panic!("it has a sampler");
    };
    assert_eq!(sampler.address_mode_u, ImageAddressMode::Repeat);
    assert_eq!(sampler.mag_filter, ImageFilterMode::Linear);
    assert_eq!(sampler.anisotropy_clamp, 16);
}

#[test]
fn a_picture_that_nobody_has_any_more_is_forgotten_and_comes_back() {
    let memory = Memory::default();
    let art = picture(16, 16, 1);
    memory.put("a.png", png(&art));
    let mut game = memory.game();
    let handle = game.load("enhanced://a.png");
    game.until_shows(&handle, &enhanced(&art));
    let id = handle.id();
    drop(handle);
    game.until("it is gone", |game| !game.enhancer().knows(id));
    let handle = game.load("enhanced://a.png");
    game.until_shows(&handle, &enhanced(&art));
    assert_eq!(game.finished("enhanced://a.png"), 2);
}

/// Works only while the gate is open.
struct Gated {
    gate: Arc<Mutex<()>>,
    model: Lanczos,
}

impl Upscaler for Gated {
    fn name(&self) -> &str {
        "gated"
    }
    fn batch(&self) -> usize {
        self.model.batch()
    }
    fn scale(&self) -> Scale {
        self.model.scale()
    }
    fn tiling(&self) -> Tiling {
        self.model.tiling()
    }
    fn fingerprint(&self) -> [u8; 32] {
        self.model.fingerprint()
    }
    fn upscale(
        &mut self,
        tiles: &[RgbPlanes],
        edges: TileEdges,
    ) -> Result<Vec<RgbPlanes>, UpscaleError> {
        let _open = self.gate.lock().unwrap();
        self.model.upscale(tiles, edges)
    }
}

impl Models for Gated {
    fn resolve(&mut self, _: &str) -> Result<&mut dyn Upscaler, ModelError> {
        Ok(self)
    }
}

#[test]
fn what_is_seen_comes_first_and_newer_saves_replace_older_ones() {
    let memory = Memory::default();
    for at in 0..6u32 {
        memory.put(&format!("{at}.png"), png(&picture(16, 16, at)));
    }
    let gate = Arc::new(Mutex::new(()));
    let for_model = gate.clone();
    let mut game = Game::watching(UncannyPlugin {
        assets: memory.source(),
        visible_first: false,
        models: ModelSource::new(move || OpenModels {
            models: Box::new(Gated {
                gate: for_model.clone(),
                model: Lanczos::new(Scale::new(8).unwrap()),
            }),
            device: "a gate".to_owned(),
        }),
        ..plugin()
    });
    let closed = gate.lock().unwrap();
    let handles: Vec<_> = (0..6usize)
        .map(|at| game.load(&format!("enhanced://{at}.png")))
        .collect();
    game.until("one is begun and five wait", |game| {
        let progress = game.progress();
        progress.current.is_some() && progress.queued == 5
    });
    // While the network works, everything can be seen, enlarged.
    game.until("all are loaded", |game| {
        handles.iter().all(|handle| game.image(handle).is_some())
    });
    game.step();
    let begun = game.progress().current.unwrap();
    let last = (0..6usize)
        .rev()
        .find(|at| !begun.contains(&at.to_string()))
        .unwrap();
    for seed in [40, 41] {
        memory.put(&format!("{last}.png"), png(&picture(16, 16, seed)));
        memory.tell(AssetSourceEvent::ModifiedAsset(
            format!("{last}.png").into(),
        ));
    }
    game.linger(std::time::Duration::from_millis(100));
    game.enhancer().prioritise([handles[last].id()]);
    drop(closed);
    game.until("all are made", |game| {
        game.progress().is_idle() && game.progress().finished >= 6
    });
    let started: Vec<String> = game
        .messages
        .iter()
        .filter_map(|message| match message {
            EnhanceMessage::Started { path } => Some(path.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(started[1], format!("enhanced://{last}.png"), "{started:?}");
    assert_eq!(started.len(), 6, "{started:?}");
    game.until_shows(&handles[last], &enhanced(&picture(16, 16, 41)));
}
