//! A game without a window or a renderer, stepped by hand.
#![allow(dead_code, unreachable_pub, reason = "each test program uses its part")]

use std::path::Path;
use std::time::{Duration, Instant};

use bevy_app::{App, TaskPoolPlugin};
use bevy_asset::{AssetEvent, AssetId, AssetPlugin, AssetServer, Assets, Handle, LoadState};
use bevy_ecs::message::{MessageCursor, Messages};
use bevy_image::{Image, ImagePlugin};
use bevy_uncanny::prelude::*;
use bevy_uncanny::{CacheChoice, ModelSource};
use uncanny_texture::{RgbaImage, encode};

/// Nothing here takes so long on any machine.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Game {
    pub app: App,
    told: MessageCursor<EnhanceMessage>,
    seen: MessageCursor<AssetEvent<Image>>,
    pub messages: Vec<EnhanceMessage>,
    pub modified: Vec<AssetId<Image>>,
}

/// A plugin with classical models and without the user's cache.
pub fn plugin() -> UncannyPlugin {
    UncannyPlugin {
        model: "lanczos".into(),
        models: ModelSource::baselines(),
        cache: CacheChoice::None,
        ..UncannyPlugin::default()
    }
}

impl Game {
    pub fn new(plugin: UncannyPlugin) -> Self {
        Self::with(plugin, AssetPlugin::default(), |_| {})
    }

    /// Watches its files.
    pub fn watching(plugin: UncannyPlugin) -> Self {
        let assets = AssetPlugin {
            watch_for_changes_override: Some(true),
            ..AssetPlugin::default()
        };
        Self::with(plugin, assets, |_| {})
    }

    pub fn with(plugin: UncannyPlugin, assets: AssetPlugin, more: impl FnOnce(&mut App)) -> Self {
        let mut app = App::new();
        app.add_plugins((
            plugin,
            TaskPoolPlugin::default(),
            assets,
            ImagePlugin::default(),
        ));
        more(&mut app);
        app.finish();
        app.cleanup();
        Self {
            app,
            told: MessageCursor::default(),
            seen: MessageCursor::default(),
            messages: Vec::new(),
            modified: Vec::new(),
        }
    }

    pub fn server(&self) -> AssetServer {
        self.app.world().resource::<AssetServer>().clone()
    }

    pub fn load(&self, path: &str) -> Handle<Image> {
        self.server().load(path.to_owned())
    }

    pub fn step(&mut self) {
        self.app.update();
        let told = self.app.world().resource::<Messages<EnhanceMessage>>();
        self.messages.extend(self.told.read(told).cloned());
        let events = self.app.world().resource::<Messages<AssetEvent<Image>>>();
        self.modified
            .extend(self.seen.read(events).filter_map(|event| match event {
                AssetEvent::Modified { id } => Some(*id),
                _ => None,
            }));
    }

    /// Steps until something is so.
    #[track_caller]
    pub fn until(&mut self, what: &str, mut so: impl FnMut(&Self) -> bool) {
        let start = Instant::now();
        while !so(self) {
            assert!(
                start.elapsed() < PATIENCE,
                "waited in vain until {what}; {:?}; {:?}",
                self.messages,
                self.progress(),
            );
            self.step();
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Steps for a while in which something must not happen.
    pub fn linger(&mut self, time: Duration) {
        let start = Instant::now();
        while start.elapsed() < time {
            self.step();
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub fn progress(&self) -> EnhanceProgress {
        self.app.world().resource::<EnhanceProgress>().clone()
    }

    pub fn enhancer(&self) -> &Enhancer {
        self.app.world().resource::<Enhancer>()
    }

    pub fn image(&self, handle: &Handle<Image>) -> Option<&Image> {
        self.app.world().resource::<Assets<Image>>().get(handle)
    }

    pub fn state(&self, handle: &Handle<Image>) -> LoadState {
        self.server().load_state(handle)
    }

    /// The first level of an image.
    #[track_caller]
    pub fn pixels(&self, handle: &Handle<Image>) -> RgbaImage {
        pixels(self.image(handle).expect("it is loaded"))
    }

    pub fn failures(&self) -> Vec<(String, String)> {
        let failed = self.messages.iter().filter_map(|message| match message {
            EnhanceMessage::Failed { path, error } => Some((path.to_string(), error.clone())),
            _ => None,
        });
        failed.collect()
    }

    pub fn finished(&self, path: &str) -> usize {
        let mine = |message: &&EnhanceMessage| matches!(message, EnhanceMessage::Finished { path: of, .. } if of.to_string() == path);
        self.messages.iter().filter(mine).count()
    }

    /// Waits until an image is what these pixels are made to.
    #[track_caller]
    pub fn until_shows(&mut self, handle: &Handle<Image>, wanted: &RgbaImage) {
        self.until("the image shows what was wanted", |game| {
            game.image(handle)
                .is_some_and(|image| pixels(image) == *wanted)
        });
    }
}

pub fn pixels(image: &Image) -> RgbaImage {
    let (width, height) = (image.width(), image.height());
    let data = image.data.as_ref().expect("it has pixels");
    let first = data[..(width * height * 4) as usize].to_vec();
    RgbaImage::from_raw(width, height, first).expect("as many as its size says")
}

/// A level of an image, with its width and height.
pub fn level(image: &Image, wanted: u32) -> RgbaImage {
    let (mut width, mut height) = (image.width(), image.height());
    let mut data = image.data.as_ref().expect("it has pixels").as_slice();
    for _ in 0..wanted {
        data = &data[(width * height * 4) as usize..];
        (width, height) = ((width / 2).max(1), (height / 2).max(1));
    }
    let pixels = data[..(width * height * 4) as usize].to_vec();
    RgbaImage::from_raw(width, height, pixels).expect("as many as its size says")
}

/// A picture with something to see in it, another for each seed.
pub fn picture(width: u32, height: u32, seed: u32) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, y| {
        let spot = (x / 3 + y / 5 + seed).is_multiple_of(3);
        let [r, g] = [x * 11 + seed * 40, y * 9 + seed * 70].map(|value| (value % 200) as u8);
        if spot {
            [r, g, 200, 255]
        } else {
            [g, 30, r, 255]
        }
        .into()
    })
}

pub fn png(picture: &RgbaImage) -> Vec<u8> {
    encode(picture).expect("a picture in memory becomes a PNG")
}

/// Every pixel a square.
pub fn enlarged(picture: &RgbaImage, scale: u32) -> RgbaImage {
    RgbaImage::from_fn(picture.width() * scale, picture.height() * scale, |x, y| {
        *picture.get_pixel(x / scale, y / scale)
    })
}

/// What the plugin of these tests makes of a picture that nothing says anything of: what `uncanny watch` does.
pub fn enhanced(picture: &RgbaImage) -> RgbaImage {
    let mut options = uncanny::Options::default();
    options.model = "lanczos".to_owned();
    let alone = uncanny::Alone {
        options: &options,
        cell: None,
        edges: None,
    };
    let make = uncanny::Make {
        models: &mut uncanny::Baselines::new(uncanny_texture::Scale::new(8).expect("8 is a scale")),
        cache: None,
        cancel: &Default::default(),
        events: &|_| {},
    };
    let made = uncanny::enhance_alone("a.png", &png(picture), &alone, make).expect("it is made");
    assert_eq!(made.outcome, uncanny::Outcome::Enhanced, "{}", made.why);
    let uncanny::Content::Bytes(png) = made.content else {
        panic!("pictures are bytes");
    };
    uncanny_texture::decode(&png, &Default::default())
        .expect("it is a PNG")
        .image
}

pub fn save(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("it can be made");
    std::fs::write(path, bytes).expect("it can be written");
}

/// As many editors save: beside the file, then over it.
pub fn save_by_rename(folder: &Path, name: &str, bytes: &[u8]) {
    let beside = folder.join(format!("{name}.new"));
    std::fs::write(&beside, bytes).expect("it can be written");
    std::fs::rename(beside, folder.join(name)).expect("it can be renamed");
}
