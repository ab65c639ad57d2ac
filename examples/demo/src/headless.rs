//! With a window or without one: what the camera draws into, and pictures of it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bevy::app::ScheduleRunnerPlugin;
use bevy::camera::RenderTarget;
use bevy::prelude::*;
use bevy::render::render_resource::{PollType, TextureFormat};
use bevy::render::renderer::{RenderDevice, RenderQueue};
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};
use bevy::render::{Render, RenderApp, RenderSystems};
use bevy::window::{ExitCondition, PresentMode, WindowResolution};
use bevy::winit::WinitPlugin;

use crate::args::{Args, Size};

/// Bevy's plugins, with a window or without.
pub(crate) fn engine(args: &Args) -> bevy::app::PluginGroupBuilder {
    let Size { width, height } = args.size;
    let window = Window {
        title: "Uncanny".to_owned(),
        resolution: WindowResolution::new(width, height),
        present_mode: PresentMode::AutoVsync,
        ..default()
    };
    let plugins = DefaultPlugins.set(WindowPlugin {
        primary_window: (!args.headless).then_some(window),
        exit_condition: if args.headless {
            ExitCondition::DontExit
        } else {
            ExitCondition::OnAllClosed
        },
        ..default()
    });
    let plugins = plugins.set(bevy::log::LogPlugin {
        // Standard output is for answers.
        custom_layer: |_| None,
        fmt_layer: |_| {
            Some(Box::new(
                bevy::log::tracing_subscriber::fmt::layer().with_writer(std::io::stderr),
            ))
        },
        filter: std::env::var("RUST_LOG").unwrap_or_else(|_| {
            "warn,uncanny_demo=info,bevy_uncanny=info,wgpu_hal=error".to_owned()
        }),
        ..default()
    });
    if args.headless {
        plugins.disable::<WinitPlugin>()
    } else {
        plugins
    }
}

/// Without a window nobody asks for frames: they come one after the other, as fast as they are drawn.
pub(crate) struct RunnerPlugin;

impl Plugin for RunnerPlugin {
    fn build(&self, app: &mut App) {
        app.add_plugins(ScheduleRunnerPlugin::run_loop(Duration::ZERO));
        let Some(render) = app.get_sub_app_mut(RenderApp) else {
            return;
        };
        // A window's frames wait for the screen. Nothing else would keep the processor from ordering frames much faster
        // than the GPU draws them.
        let mut last = None;
        let pace = move |device: Res<RenderDevice>, queue: Res<RenderQueue>| {
            let ordered = queue.submit([]);
            if let Some(index) = last.replace(ordered) {
                let wait = PollType::Wait {
                    submission_index: Some(index),
                    timeout: None,
                };
                if let Err(error) = device.poll(wait) {
                    warn!("the GPU does not finish: {error}");
                }
            }
        };
        render.add_systems(Render, pace.in_set(RenderSystems::Cleanup));
    }
}

/// What the camera draws into, where there is no window.
#[derive(Resource, Clone)]
pub(crate) struct Canvas(pub Handle<Image>);

/// A picture to draw into.
pub(crate) fn canvas(images: &mut Assets<Image>, size: Size) -> Canvas {
    let image =
        Image::new_target_texture(size.width, size.height, TextureFormat::Rgba8UnormSrgb, None);
    Canvas(images.add(image))
}

/// The target of a camera.
pub(crate) fn target(canvas: Option<&Canvas>) -> RenderTarget {
    canvas.map_or_else(RenderTarget::default, |canvas| {
        RenderTarget::Image(canvas.0.clone().into())
    })
}

/// A picture was written, or not.
#[derive(Message, Clone, Debug)]
pub(crate) struct ShotTaken {
    /// Where.
    pub path: PathBuf,
    /// Why not.
    pub error: Option<String>,
}

/// Takes a picture of the next frame.
pub(crate) fn shoot(commands: &mut Commands, canvas: Option<&Canvas>, path: PathBuf) {
    let shot = canvas.map_or_else(Screenshot::primary_window, |canvas| {
        Screenshot::image(canvas.0.clone())
    });
    commands.spawn(shot).observe(
        move |captured: On<ScreenshotCaptured>, mut taken: MessageWriter<ShotTaken>| {
            let error = save(&captured.image, &path).err();
            taken.write(ShotTaken {
                path: path.clone(),
                error,
            });
        },
    );
}

/// Writes a picture under a temporary name, then renames it: it is there whole or not at all.
fn save(image: &Image, path: &Path) -> Result<(), String> {
    let pixels = image
        .clone()
        .try_into_dynamic()
        .map_err(|error| error.to_string())?
        .into_rgb8();
    let partial = path.with_extension("partial.png");
    pixels.save(&partial).map_err(|error| error.to_string())?;
    std::fs::rename(&partial, path).map_err(|error| error.to_string())
}
