//! The blocks' material: Bevy's own lighting, with a texture array on each side of the slider.

use bevy::asset::embedded_asset;
use bevy::ecs::system::SystemParam;
use bevy::pbr::{ExtendedMaterial, MaterialExtension, MaterialPlugin};
use bevy::prelude::*;
use bevy::render::render_resource::{AsBindGroup, Face, ShaderType};
use bevy::render::storage::ShaderBuffer;
use bevy::shader::ShaderRef;

use crate::blocks::Pass;
use crate::textures::{BlockTextures, Side};

/// What blocks are drawn with.
pub(crate) type BlockMaterial = ExtendedMaterial<StandardMaterial, Blocks>;

/// The material and its uniforms.
pub(crate) struct BlockMaterialPlugin;

impl Plugin for BlockMaterialPlugin {
    fn build(&self, app: &mut App) {
        embedded_asset!(app, "shaders/blocks.wgsl");
        app.add_plugins(MaterialPlugin::<BlockMaterial>::default())
            .init_resource::<Slider>()
            .add_systems(PostUpdate, follow_slider);
    }
}

/// Where the split between originals (left) and enhanced textures (right) is: 0 to 1 across the screen.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Slider(pub f32);

/// What is added to Bevy's material.
#[derive(Asset, AsBindGroup, Reflect, Clone, Debug)]
pub(crate) struct Blocks {
    #[uniform(100)]
    uniform: BlocksUniform,
    #[texture(101, dimension = "2d_array")]
    #[sampler(102)]
    originals: Handle<Image>,
    #[texture(103, dimension = "2d_array")]
    #[sampler(104)]
    enhanced: Handle<Image>,
    #[storage(105, read_only)]
    steps: Handle<ShaderBuffer>,
}

#[derive(ShaderType, Reflect, Clone, Copy, Debug)]
struct BlocksUniform {
    slider: f32,
    translucent: f32,
    unused: Vec2,
}

impl MaterialExtension for Blocks {
    fn fragment_shader() -> ShaderRef {
        "embedded://uncanny_demo/shaders/blocks.wgsl".into()
    }

    fn prepass_fragment_shader() -> ShaderRef {
        "embedded://uncanny_demo/shaders/blocks.wgsl".into()
    }
}

/// The material of a pass.
pub(crate) fn material(
    pass: Pass,
    textures: &BlockTextures,
    steps: &Handle<ShaderBuffer>,
    slider: f32,
) -> BlockMaterial {
    let water = pass == Pass::Translucent;
    BlockMaterial {
        base: StandardMaterial {
            perceptual_roughness: if water { 0.25 } else { 0.92 },
            reflectance: if water { 0.5 } else { 0.2 },
            alpha_mode: match pass {
                Pass::Opaque => AlphaMode::Opaque,
                Pass::Cutout => AlphaMode::Mask(0.5),
                Pass::Translucent => AlphaMode::Blend,
            },
            // Plants are sheets, and one sees the inside of crowns.
            cull_mode: if pass == Pass::Cutout {
                None
            } else {
                Some(Face::Back)
            },
            ..default()
        },
        extension: Blocks {
            uniform: BlocksUniform {
                slider,
                translucent: f32::from(u8::from(water)),
                unused: Vec2::ZERO,
            },
            originals: textures.array(Side::Original),
            enhanced: textures.array(Side::Enhanced),
            steps: steps.clone(),
        },
    }
}

/// All of the blocks' materials.
#[derive(SystemParam)]
pub(crate) struct BlockMaterials<'w> {
    materials: ResMut<'w, Assets<BlockMaterial>>,
}

impl BlockMaterials<'_> {
    /// Has them bind their textures anew: Bevy does not do so when a texture is replaced.
    pub(crate) fn touch(&mut self) {
        // To have been in reach of a change counts as one.
        self.materials.iter_mut().for_each(drop);
    }
}

fn follow_slider(slider: Res<Slider>, mut materials: ResMut<Assets<BlockMaterial>>) {
    if slider.is_changed() {
        for (_, material) in materials.iter_mut() {
            material.extension.uniform.slider = slider.0;
        }
    }
}
