//! Keys and mouse: walking, looking, the slider, the models.

use bevy::input::mouse::AccumulatedMouseMotion;
use bevy::prelude::*;
use bevy::window::{CursorGrabMode, CursorOptions, PrimaryWindow};
use bevy_uncanny::prelude::*;

use crate::Settings;
use crate::args::View;
use crate::camera;
use crate::enhance::MODELS;
use crate::hud::Help;
use crate::material::Slider;
use crate::player::{Body, EYES, Wish, free};
use crate::scene::Land;

/// Whoever sits before the screen.
pub(crate) struct ControlsPlugin;

impl Plugin for ControlsPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Startup, begin).add_systems(
            Update,
            (grab, choose, slide, look, walk)
                .chain()
                .run_if(resource_exists::<Player>),
        );
    }
}

/// The player.
#[derive(Resource)]
pub(crate) struct Player {
    body: Body,
    view: View,
}

fn begin(mut commands: Commands, settings: Res<Settings>, land: Res<Land>) {
    let view = settings.0.view();
    let [x, y, z] = view.eyes;
    let mut body = Body::at([x, y - EYES, z]);
    // In the air one flies; in the ground, one is lifted out of it.
    while !free(&land.0, body.feet) && body.feet[1] < 64.0 {
        body.feet[1] += 1.0;
    }
    body.flying = settings.0.camera.is_some();
    commands.insert_resource(Player { body, view });
}

/// A click takes the mouse, Escape gives it back.
fn grab(
    mut cursor: Single<&mut CursorOptions, With<PrimaryWindow>>,
    window: Single<&Window, With<PrimaryWindow>>,
    buttons: Res<ButtonInput<MouseButton>>,
    keys: Res<ButtonInput<KeyCode>>,
    slider: Res<Slider>,
) {
    if keys.just_pressed(KeyCode::Escape) || !window.focused {
        if cursor.grab_mode != CursorGrabMode::None {
            cursor.grab_mode = CursorGrabMode::None;
            cursor.visible = true;
        }
    } else if buttons.just_pressed(MouseButton::Left) && !at_slider(&window, *slider) {
        cursor.grab_mode = CursorGrabMode::Locked;
        cursor.visible = false;
    }
}

/// Whether the mouse is where the slider can be caught.
fn at_slider(window: &Window, slider: Slider) -> bool {
    let line = (slider.0 * window.width()).clamp(6.0, window.width() - 6.0);
    window
        .cursor_position()
        .is_some_and(|mouse| (mouse.x - line).abs() < 14.0)
}

fn choose(
    keys: Res<ButtonInput<KeyCode>>,
    enhancer: Res<Enhancer>,
    mut help: ResMut<Help>,
    mut player: ResMut<Player>,
) {
    for (key, model) in [KeyCode::Digit1, KeyCode::Digit2, KeyCode::Digit3]
        .into_iter()
        .zip(MODELS)
    {
        if keys.just_pressed(key) && enhancer.model() != model {
            enhancer.set_model(model);
        }
    }
    if keys.just_pressed(KeyCode::KeyH) {
        help.0 = !help.0;
    }
    if keys.just_pressed(KeyCode::KeyF) {
        player.body.flying = !player.body.flying;
    }
}

/// Tab turns all of it; brackets and the mouse move the line.
fn slide(
    keys: Res<ButtonInput<KeyCode>>,
    buttons: Res<ButtonInput<MouseButton>>,
    window: Single<(&Window, &CursorOptions), With<PrimaryWindow>>,
    time: Res<Time<Real>>,
    mut dragging: Local<bool>,
    mut slider: ResMut<Slider>,
) {
    let (window, cursor) = *window;
    let mut next = slider.0;
    if keys.just_pressed(KeyCode::Tab) {
        next = if next < 0.5 { 1.0 } else { 0.0 };
    }
    let step = 0.6 * time.delta_secs();
    if keys.pressed(KeyCode::BracketLeft) {
        next -= step;
    }
    if keys.pressed(KeyCode::BracketRight) {
        next += step;
    }
    if buttons.just_pressed(MouseButton::Left) {
        *dragging = cursor.grab_mode == CursorGrabMode::None && at_slider(window, *slider);
    }
    if !buttons.pressed(MouseButton::Left) {
        *dragging = false;
    }
    if *dragging && let Some(mouse) = window.cursor_position() {
        next = mouse.x / window.width();
    }
    slider.set_if_neq(Slider(next.clamp(0.0, 1.0)));
}

fn look(
    motion: Res<AccumulatedMouseMotion>,
    cursor: Single<&CursorOptions, With<PrimaryWindow>>,
    mut player: ResMut<Player>,
) {
    if cursor.grab_mode != CursorGrabMode::None && motion.delta != Vec2::ZERO {
        player.view.yaw = (player.view.yaw + motion.delta.x * 0.09).rem_euclid(360.0);
        player.view.pitch = (player.view.pitch - motion.delta.y * 0.09).clamp(-89.0, 89.0);
    }
}

fn walk(
    keys: Res<ButtonInput<KeyCode>>,
    land: Res<Land>,
    time: Res<Time<Real>>,
    mut player: ResMut<Player>,
    mut eyes: Single<&mut Transform, With<Camera3d>>,
) {
    let axis = |more: KeyCode, less: KeyCode| {
        f32::from(u8::from(keys.pressed(more))) - f32::from(u8::from(keys.pressed(less)))
    };
    let (ahead, aside) = (
        axis(KeyCode::KeyW, KeyCode::KeyS),
        axis(KeyCode::KeyD, KeyCode::KeyA),
    );
    let (sin, cos) = player.view.yaw.to_radians().sin_cos();
    let way = Vec2::new(sin * ahead + cos * aside, -cos * ahead + sin * aside).normalize_or_zero();
    let wish = Wish {
        walk: way.to_array(),
        rise: axis(KeyCode::Space, KeyCode::ShiftLeft),
        jump: keys.pressed(KeyCode::Space),
        sprint: keys.pressed(KeyCode::ControlLeft),
    };
    let player = &mut *player;
    player.body.advance(&land.0, wish, time.delta_secs());
    let [x, y, z] = player.body.feet;
    player.view.eyes = [x, y + EYES, z];
    eyes.set_if_neq(camera::transform(player.view));
}
