//! The sky: a dome with sun and clouds, the sun's light and shadows, haze.

use bevy::asset::embedded_asset;
use bevy::light::{
    CascadeShadowConfigBuilder, DirectionalLightShadowMap, NotShadowCaster, NotShadowReceiver,
};
use bevy::mesh::MeshVertexBufferLayoutRef;
use bevy::pbr::{DistanceFog, FogFalloff, MaterialPipeline, MaterialPipelineKey, MaterialPlugin};
use bevy::prelude::*;
use bevy::render::render_resource::{
    AsBindGroup, RenderPipelineDescriptor, ShaderType, SpecializedMeshPipelineError,
};
use bevy::shader::ShaderRef;

use crate::args::Quality;

/// Where the sun is seen.
pub(crate) const SUN: Vec3 = Vec3::new(0.62, 0.56, 0.5);
/// The sky just above the sea, linear.
const HORIZON: LinearRgba = LinearRgba::rgb(0.74, 0.92, 1.12);

/// Sky and sun.
pub(crate) struct SkyPlugin {
    /// Shadows or none.
    pub quality: Quality,
}

impl Plugin for SkyPlugin {
    fn build(&self, app: &mut App) {
        embedded_asset!(app, "shaders/sky.wgsl");
        let high = self.quality == Quality::High;
        app.add_plugins(MaterialPlugin::<Sky>::default())
            .insert_resource(DirectionalLightShadowMap { size: 2048 })
            .add_systems(
                Startup,
                move |commands: Commands,
                      meshes: ResMut<Assets<Mesh>>,
                      skies: ResMut<Assets<Sky>>| {
                    spawn(commands, meshes, skies, high);
                },
            )
            .add_systems(PostUpdate, follow.before(TransformSystems::Propagate));
    }
}

/// What the dome is drawn with.
#[derive(Asset, AsBindGroup, TypePath, Clone, Debug)]
pub(crate) struct Sky {
    #[uniform(0)]
    uniform: SkyUniform,
}

#[derive(ShaderType, Clone, Copy, Debug)]
struct SkyUniform {
    sun: Vec4,
    horizon: Vec4,
    zenith: Vec4,
}

impl Material for Sky {
    fn fragment_shader() -> ShaderRef {
        "embedded://uncanny_demo/shaders/sky.wgsl".into()
    }

    fn enable_prepass() -> bool {
        false
    }

    fn enable_shadows() -> bool {
        false
    }

    fn specialize(
        _: &MaterialPipeline,
        descriptor: &mut RenderPipelineDescriptor,
        _: &MeshVertexBufferLayoutRef,
        _: MaterialPipelineKey<Self>,
    ) -> Result<(), SpecializedMeshPipelineError> {
        // It is seen from inside.
        descriptor.primitive.cull_mode = None;
        Ok(())
    }
}

/// The dome, which stays around the camera.
#[derive(Component)]
struct Dome;

fn spawn(
    mut commands: Commands,
    mut meshes: ResMut<Assets<Mesh>>,
    mut skies: ResMut<Assets<Sky>>,
    high: bool,
) {
    commands.spawn((
        Dome,
        Mesh3d(
            meshes.add(
                Sphere::new(800.0)
                    .mesh()
                    .ico(5)
                    .expect("80 sides per subdivision are few"),
            ),
        ),
        MeshMaterial3d(skies.add(Sky {
            uniform: SkyUniform {
                sun: SUN.normalize().extend(0.0),
                horizon: HORIZON.to_vec4(),
                zenith: Vec4::new(0.13, 0.36, 0.92, 1.0),
            },
        })),
        NotShadowCaster,
        NotShadowReceiver,
    ));
    commands.spawn((
        DirectionalLight {
            color: Color::linear_rgb(1.0, 0.90, 0.72),
            illuminance: 8_200.0,
            shadow_maps_enabled: high,
            shadow_depth_bias: 0.03,
            shadow_normal_bias: 1.2,
            ..default()
        },
        CascadeShadowConfigBuilder {
            num_cascades: 3,
            minimum_distance: 0.1,
            first_cascade_far_bound: 14.0,
            maximum_distance: 130.0,
            ..default()
        }
        .build(),
        Transform::default().looking_to(-SUN, Vec3::Y),
    ));
}

/// What a camera needs: haze and the light of the sky.
pub(crate) fn air() -> impl Bundle {
    (
        DistanceFog {
            color: HORIZON.into(),
            directional_light_color: Color::linear_rgba(1.0, 0.85, 0.6, 0.4),
            directional_light_exponent: 24.0,
            falloff: FogFalloff::from_visibility_squared(420.0),
        },
        AmbientLight {
            color: Color::linear_rgb(0.66, 0.80, 1.0),
            brightness: 620.0,
            ..default()
        },
    )
}

fn follow(
    camera: Single<&Transform, (With<Camera3d>, Without<Dome>)>,
    mut dome: Single<&mut Transform, With<Dome>>,
) {
    if dome.translation != camera.translation {
        dome.translation = camera.translation;
    }
}
