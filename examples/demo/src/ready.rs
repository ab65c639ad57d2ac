//! When a picture may be taken: everything loaded, drawn once, and, if asked for, enhanced. Without a window, nothing is
//! drawn while that is waited for: where the processor draws, it has better to do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bevy::prelude::*;
use bevy::render::render_resource::PipelineCache;
use bevy::render::{Render, RenderApp, RenderSystems};
use bevy_uncanny::prelude::*;

use crate::Settings;
use crate::args::After;
use crate::enhance::Happened;
use crate::textures::BlockTextures;

/// How long nothing may happen before nothing more is expected: a finished picture is loaded within some frames.
const QUIET_SECONDS: f32 = 0.6;
/// How long to wait before looking again, while nothing is drawn.
const REST: Duration = Duration::from_millis(5);
/// How many frames must have been drawn with all there is.
const QUIET_FRAMES: u32 = 4;

/// Watches how far everything is.
pub(crate) struct ReadyPlugin;

impl Plugin for ReadyPlugin {
    fn build(&self, app: &mut App) {
        let pipelines = Pipelines::default();
        let first = match app.world().resource::<Settings>().0.after {
            After::Enhanced => After::Enhanced,
            After::Loaded | After::Seconds(_) => After::Loaded,
        };
        app.init_resource::<Ready>()
            .insert_resource(Awaited(Some(first)))
            .insert_resource(pipelines.clone())
            .add_systems(Last, (watch, rest).chain());
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

/// What is waited for, until it is there: frames before are of no use to anybody.
#[derive(Resource, Clone, Copy, Debug, PartialEq)]
pub(crate) struct Awaited(pub Option<After>);

/// Rests the camera until what is waited for is there but for being drawn.
fn rest(
    settings: Res<Settings>,
    textures: Option<Res<BlockTextures>>,
    progress: Res<EnhanceProgress>,
    happened: Res<Happened>,
    time: Res<Time<Real>>,
    mut awaited: ResMut<Awaited>,
    mut camera: Single<&mut Camera, With<Camera3d>>,
) {
    let there = match awaited.0 {
        Some(_) if !settings.0.headless => true,
        Some(After::Loaded) => complete(textures),
        Some(After::Enhanced) => complete(textures) && idle(&progress, &happened, &time),
        Some(After::Seconds(_)) | None => true,
    };
    if there {
        // Once for all: to be drawn again is news of its own.
        awaited.0 = None;
    } else {
        std::thread::sleep(REST);
    }
    if camera.is_active != there {
        camera.is_active = there;
    }
}

/// Whether all textures are where they are drawn from.
fn complete(textures: Option<Res<BlockTextures>>) -> bool {
    textures.is_some_and(|textures| textures.complete())
}

/// Whether nothing is left to enhance.
fn idle(progress: &EnhanceProgress, happened: &Happened, time: &Time<Real>) -> bool {
    progress.is_idle() && time.elapsed_secs() - happened.last_news > QUIET_SECONDS
}

fn watch(
    textures: Option<Res<BlockTextures>>,
    pipelines: Res<Pipelines>,
    progress: Res<EnhanceProgress>,
    happened: Res<Happened>,
    time: Res<Time<Real>>,
    camera: Single<&Camera, With<Camera3d>>,
    mut ready: ResMut<Ready>,
) {
    let complete = complete(textures);
    let drawn = camera.is_active && complete && pipelines.0.load(Ordering::Relaxed) == 0;
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
    *ready = Ready {
        loaded,
        enhanced: loaded && idle(&progress, &happened, &time),
        since: if loaded && ready.since == 0.0 {
            time.elapsed_secs()
        } else {
            ready.since
        },
        quiet,
    };
}
