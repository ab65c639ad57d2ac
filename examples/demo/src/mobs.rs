//! A pig, a slime and a villager, which look around, hop and wander a little. What they are made of: `kinds.rs`.

mod kinds;

use bevy::prelude::*;

use crate::enhance;
use crate::material::Slider;
use crate::noise::dice;
use crate::scene::{Land, Pack};
use crate::textures::Side;
use crate::world::World;
use kinds::{KINDS, mesh};

/// Where they look at first: to the south, where most views are from.
const AT_FIRST: f32 = 2.7;

/// Everything alive but the player.
pub(crate) struct MobsPlugin;

impl Plugin for MobsPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Startup, spawn)
            .add_systems(Update, (wander, look, side).chain());
    }
}

/// A mob and what it is up to.
#[derive(Component)]
struct Mob {
    number: i32,
    home: Vec2,
    hops: bool,
    scale: f32,
}

/// A head, which turns.
#[derive(Component)]
struct Head(i32);

/// Both looks of a part, of which one is shown.
#[derive(Component)]
struct Looks([Handle<StandardMaterial>; 2], Side);

fn spawn(
    mut commands: Commands,
    pack: Res<Pack>,
    land: Res<Land>,
    server: Res<AssetServer>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) {
    let mut number = 0;
    for kind in &KINDS {
        let Some(path) = pack.0.entities.get(kind.name) else {
            continue;
        };
        let mut looks = |clear: bool| {
            [Side::Original, Side::Enhanced].map(|side| {
                materials.add(StandardMaterial {
                    base_color_texture: Some(enhance::load(&server, path, side)),
                    perceptual_roughness: 0.9,
                    reflectance: 0.2,
                    alpha_mode: if clear {
                        AlphaMode::Blend
                    } else {
                        AlphaMode::Mask(0.5)
                    },
                    ..default()
                })
            })
        };
        let looks = [looks(false), looks(true)];
        let parts: Vec<_> = kind
            .parts
            .iter()
            .map(|part| meshes.add(mesh(part, kind.sheet)))
            .collect();
        for home in kind.homes {
            number += 1;
            let at = Vec2::new(home[0] as f32 + 0.5, home[1] as f32 + 0.5);
            let start = Transform::from_xyz(at.x, ground(&land.0, at), at.y)
                .with_rotation(Quat::from_rotation_y(AT_FIRST))
                .with_scale(Vec3::splat(kind.scale / 16.0));
            let mob = Mob {
                number,
                home: at,
                hops: kind.hops,
                scale: kind.scale / 16.0,
            };
            commands
                .spawn((mob, start, Visibility::default()))
                .with_children(|mob| {
                    for (part, mesh) in kind.parts.iter().zip(&parts) {
                        let looks = looks[usize::from(part.clear)].clone();
                        let mut entity = mob.spawn((
                            Mesh3d(mesh.clone()),
                            MeshMaterial3d(looks[1].clone()),
                            Looks(looks, Side::Enhanced),
                            Transform::from_translation(part.at.into()),
                        ));
                        if part.head {
                            entity.insert(Head(number));
                        }
                    }
                });
        }
    }
}

/// The top of the highest solid block that has air above it and no roof.
fn ground(world: &World, at: Vec2) -> f32 {
    let (x, z) = (at.x.floor() as i32, at.y.floor() as i32);
    let mut y = world.height(x, z) + 2;
    while y > 0 && !world.get([x, y, z]).solid() {
        y -= 1;
    }
    let low = match world.get([x, y, z]).look().shape {
        crate::blocks::Shape::Cube { low } => f32::from(low) / 16.0,
        _ => 0.0,
    };
    y as f32 + 1.0 - low
}

/// Every few seconds a mob walks to another place near its home.
fn wander(time: Res<Time>, land: Res<Land>, mut mobs: Query<(&Mob, &mut Transform)>) {
    if time.delta_secs() == 0.0 {
        return;
    }
    for (mob, mut at) in &mut mobs {
        let clock = time.elapsed_secs() + mob.number as f32 * 1.7;
        let turn = (clock / 6.0) as i32;
        let place = |salt: u32| dice(90 + salt, mob.number, turn) - 0.5;
        let goal = mob.home + 4.0 * Vec2::new(place(0), place(1));
        let here = Vec2::new(at.translation.x, at.translation.z);
        let way = goal - here;
        // They rest half of the time.
        let walking = way.length() > 0.2 && (clock / 6.0).fract() < 0.5;
        let next =
            here + way.normalize_or_zero() * time.delta_secs() * if walking { 0.9 } else { 0.0 };
        let floor = ground(&land.0, next);
        // Not into walls, nor down cliffs.
        if walking && (floor - ground(&land.0, here)).abs() < 1.1 {
            at.translation.x = next.x;
            at.translation.z = next.y;
            let ahead = Quat::from_rotation_y((-way.x).atan2(-way.y));
            at.rotation = at.rotation.slerp(ahead, (time.delta_secs() * 5.0).min(1.0));
        }
        let beat = clock * if mob.hops { 3.6 } else { 9.0 };
        let (hop, squash) = match (mob.hops, walking) {
            (true, true) => (beat.sin().max(0.0) * 0.45, 0.12 * beat.sin()),
            (true, false) => (0.0, 0.03 * beat.sin()),
            (false, true) => (beat.sin().abs() * 0.05, 0.0),
            (false, false) => (0.0, 0.0),
        };
        let floor = ground(&land.0, Vec2::new(at.translation.x, at.translation.z));
        let eased =
            at.translation.y + (floor - at.translation.y) * (time.delta_secs() * 8.0).min(1.0);
        at.translation.y = if hop > 0.0 { floor + hop } else { eased };
        at.scale = mob.scale * Vec3::new(1.0 - squash * 0.5, 1.0 + squash, 1.0 - squash * 0.5);
    }
}

fn look(time: Res<Time>, mut heads: Query<(&Head, &mut Transform)>) {
    if time.delta_secs() == 0.0 {
        return;
    }
    for (head, mut at) in &mut heads {
        let clock = time.elapsed_secs() * 0.35 + head.0 as f32;
        let aim = |salt: u32| dice(95 + salt, head.0, clock as i32) - 0.5;
        let goal = Quat::from_euler(EulerRot::YXZ, aim(0) * 1.4, aim(1) * 0.4, 0.0);
        at.rotation = at.rotation.slerp(goal, (time.delta_secs() * 3.0).min(1.0));
    }
}

/// A mob is original or enhanced as a whole, by the side of the slider that its middle is on.
fn side(
    slider: Res<Slider>,
    camera: Single<(&Camera, &GlobalTransform)>,
    mut parts: Query<(
        &GlobalTransform,
        &mut Looks,
        &mut MeshMaterial3d<StandardMaterial>,
    )>,
) {
    let (camera, eyes) = *camera;
    let Some(width) = camera.logical_viewport_size().map(|size| size.x) else {
        return;
    };
    for (at, mut looks, mut material) in &mut parts {
        let across = match camera.world_to_viewport(eyes, at.translation()) {
            Ok(place) => place.x / width,
            Err(_) => 0.5,
        };
        let side = if slider.0 >= 1.0 || across < slider.0 {
            Side::Original
        } else {
            Side::Enhanced
        };
        if looks.1 != side {
            looks.1 = side;
            material.0 = looks.0[side as usize].clone();
        }
    }
}
