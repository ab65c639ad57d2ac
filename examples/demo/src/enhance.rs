//! The plugin as the demo uses it: the only file that names its sources.

use bevy::asset::RenderAssetUsages;
use bevy::asset::io::AssetSourceBuilder;
use bevy::asset::io::memory::MemoryAssetReader;
use bevy::prelude::*;
use bevy_uncanny::prelude::*;
use bevy_uncanny::{AssetsFrom, CacheChoice, ModelChoice, ModelSource};

use crate::args::Args;
use crate::bench;
use crate::textures::Side;

/// The models that keys choose, in their order.
pub(crate) const MODELS: [&str; 3] = ["nearest", "textures", "faces"];

/// The plugin, set up by the command line.
///
/// # Errors
/// When the device that is asked for is not there.
pub(crate) fn plugin(args: &Args) -> Result<UncannyPlugin, String> {
    let model = if args.bench {
        bench::NO_WORK
    } else {
        &args.model
    };
    let cache = match &args.cache {
        Some(folder) => CacheChoice::Folder(folder.clone()),
        None if args.bench => CacheChoice::None,
        None => CacheChoice::User,
    };
    Ok(UncannyPlugin {
        model: ModelChoice::from(model),
        models: ModelSource::on(args.device).map_err(|error| error.to_string())?,
        // Relative to where the command was given, not to the program.
        pack: Some(std::path::absolute(&args.pack).unwrap_or_else(|_| args.pack.clone())),
        cache,
        // It has none of its own.
        assets: AssetsFrom::source(nothing),
        // Its meshes show arrays, not pictures: see `scene::prioritise`.
        visible_first: false,
        ..default()
    })
}

/// A source without files, instead of a folder `assets` that is not there, and without a watcher.
pub(crate) fn nothing() -> AssetSourceBuilder {
    AssetSourceBuilder::new(|| Box::new(MemoryAssetReader::default()))
}

fn address(path: &str, side: Side) -> String {
    match side {
        Side::Enhanced => format!("pack://{path}"),
        Side::Original => format!("pack://{path}#original"),
    }
}

/// A picture whose pixels are wanted, but no texture of its own.
pub(crate) fn load_pixels(server: &AssetServer, path: &str, side: Side) -> Handle<Image> {
    let settings =
        |settings: &mut EnhancedSettings| settings.asset_usage = RenderAssetUsages::MAIN_WORLD;
    server
        .load_builder()
        .with_settings(settings)
        .load(address(path, side))
}

/// A picture to draw with.
pub(crate) fn load(server: &AssetServer, path: &str, side: Side) -> Handle<Image> {
    server.load(address(path, side))
}

/// What has happened so far, for the display and for whoever waits.
#[derive(Resource, Clone, Debug, Default)]
pub(crate) struct Happened {
    /// Pictures finished since the start.
    pub finished: Vec<String>,
    /// Pictures and models that failed since the start, and why.
    pub failed: Vec<(String, String)>,
    /// Seconds since the start when a picture was last begun, finished or shown.
    pub last_news: f32,
}

/// Listens to the plugin.
pub(crate) fn listen(
    mut messages: MessageReader<EnhanceMessage>,
    mut images: MessageReader<AssetEvent<Image>>,
    mut happened: ResMut<Happened>,
    time: Res<Time<Real>>,
) {
    let shown = images.read().any(|event| {
        matches!(
            event,
            AssetEvent::Modified { .. } | AssetEvent::Added { .. }
        )
    });
    let mut news = shown;
    for message in messages.read() {
        news = true;
        match message {
            EnhanceMessage::Started { .. } => {}
            EnhanceMessage::Finished { path, .. } => {
                happened.finished.push(path.path().display().to_string())
            }
            EnhanceMessage::Failed { path, error } => {
                let path = path.path().display().to_string();
                warn!("{path}: {error}");
                happened.failed.push((path, error.clone()));
            }
            EnhanceMessage::ModelFailed { model, error } => {
                warn!("{model}: {error}");
                happened.failed.push((model.clone(), error.clone()));
            }
        }
    }
    if news {
        happened.last_news = time.elapsed_secs();
    }
}
