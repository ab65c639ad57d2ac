//! The eyes: a camera where the player is, or where the command line puts it.

use bevy::camera::{Hdr, ShadowLodOrigin};
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::light::ShadowFilteringMethod;
use bevy::post_process::bloom::Bloom;
use bevy::prelude::*;
use bevy::render::view::{ColorGrading, ColorGradingGlobal};

use crate::Settings;
use crate::args::{Quality, View};
use crate::headless::{self, Canvas};
use crate::sky;

/// The camera.
pub(crate) struct CameraPlugin;

impl Plugin for CameraPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Startup, spawn);
    }
}

/// A view as the engine has it.
pub(crate) fn transform(view: View) -> Transform {
    let turn = Quat::from_euler(
        EulerRot::YXZ,
        -view.yaw.to_radians(),
        view.pitch.to_radians(),
        0.0,
    );
    Transform::from_translation(view.eyes.into()).with_rotation(turn)
}

fn spawn(mut commands: Commands, settings: Res<Settings>, canvas: Option<Res<Canvas>>) {
    let high = settings.0.quality == Quality::High;
    let mut camera = commands.spawn((
        Camera3d::default(),
        headless::target(canvas.as_deref()),
        Projection::Perspective(PerspectiveProjection {
            fov: 62f32.to_radians(),
            near: 0.08,
            far: 1000.0,
            ..default()
        }),
        if high { Msaa::Sample4 } else { Msaa::Off },
        Tonemapping::TonyMcMapface,
        ColorGrading {
            global: ColorGradingGlobal {
                exposure: 0.15,
                post_saturation: 1.18,
                ..default()
            },
            ..default()
        },
        // Without a window, too, what stands on the screen and in which detail shadows fall depend on this camera.
        IsDefaultUiCamera,
        ShadowLodOrigin,
        // Blocks have hard edges, and so have their shadows: one tap of four texels is enough.
        ShadowFilteringMethod::Hardware2x2,
        sky::air(),
        transform(settings.0.view()),
    ));
    if high {
        camera.insert((
            Hdr,
            Bloom {
                intensity: 0.08,
                ..Bloom::NATURAL
            },
        ));
    }
}
