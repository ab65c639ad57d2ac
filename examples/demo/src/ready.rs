//! When a picture may be taken: everything loaded, drawn once, and, if asked for, enhanced.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bevy::prelude::*;
use bevy::render::render_resource::PipelineCache;
use bevy::render::{Render, RenderApp, RenderSystems};
use bevy_uncanny::prelude::*;

use crate::enhance::Happened;
use crate::textures::BlockTextures;

/// How long nothing may happen before nothing more is expected: a finished picture is loaded within some frames.
const QUIET_SECONDS: f32 = 0.6;
/// How many frames must have been drawn with all there is.
const QUIET_FRAMES: u32 = 4;

/// Watches how far everything is.
pub(crate) struct ReadyPlugin;

impl Plugin for ReadyPlugin {
    fn build(&self, app: &mut App) {
        let pipelines = Pipelines::default();
        app.init_resource::<Ready>()
            .insert_resource(pipelines.clone())
            .add_systems(Last, watch);
        if let Some(render) = app.get_sub_app_mut(RenderApp) {
            render
                .insert_resource(pipelines)
                .add_systems(Render, count.in_set(RenderSystems::Cleanup));
        }
    }
}

/// How many pipelines are still being compiled; at first, as many as there can be.
#[derive(Resource, Clone)]
struct Pipelines(Arc<AtomicUsize>);

impl Default for Pipelines {
    fn default() -> Self {
        Self(Arc::new(AtomicUsize::new(usize::MAX)))
    }
}

fn count(cache: Res<PipelineCache>, pipelines: Res<Pipelines>) {
    pipelines
        .0
        .store(cache.waiting_pipelines().count(), Ordering::Relaxed);
}

/// How far everything is.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Ready {
    /// All textures are drawn as they are now.
    pub loaded: bool,
    /// And nothing is left to enhance.
    pub enhanced: bool,
    /// Since when they are loaded, in seconds since the start.
    pub since: f32,
    quiet: u32,
}

fn watch(
    textures: Option<Res<BlockTextures>>,
    pipelines: Res<Pipelines>,
    progress: Res<EnhanceProgress>,
    happened: Res<Happened>,
    time: Res<Time<Real>>,
    mut ready: ResMut<Ready>,
) {
    let complete = textures.is_some_and(|textures| textures.complete());
    let drawn = complete && pipelines.0.load(Ordering::Relaxed) == 0;
    debug!(
        complete,
        pipelines = pipelines.0.load(Ordering::Relaxed),
        ?progress,
        "waiting"
    );
    let quiet = if drawn {
        ready.quiet.saturating_add(1)
    } else {
        0
    };
    let loaded = quiet >= QUIET_FRAMES;
    let idle = progress.is_idle() && time.elapsed_secs() - happened.last_news > QUIET_SECONDS;
    *ready = Ready {
        loaded,
        enhanced: loaded && idle,
        since: if loaded && ready.since == 0.0 {
            time.elapsed_secs()
        } else {
            ready.since
        },
        quiet,
    };
}
