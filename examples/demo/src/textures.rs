//! The two texture arrays: originals and enhanced, a layer for each frame of each block texture.
//!
//! A picture that changes is written into its own layers, all mipmaps at once: an array is never uploaded whole, so
//! that a reload costs a frame next to nothing. Bevy itself would rewrite the first mipmap only.

use std::collections::{BTreeSet, HashMap, VecDeque};

use bevy::asset::{AssetEventSystems, RenderAssetUsages};
use bevy::image::{ImageAddressMode, ImageFilterMode, ImageSampler, ImageSamplerDescriptor};
use bevy::prelude::*;
use bevy::render::render_asset::RenderAssets;
use bevy::render::render_resource::{
    Extent3d, Origin3d, TexelCopyBufferLayout, TexelCopyTextureInfo, TextureAspect,
    TextureDimension, TextureFormat, TextureUsages,
};
use bevy::render::renderer::RenderQueue;
use bevy::render::texture::GpuImage;
use bevy::render::{ExtractSchedule, MainWorld, Render, RenderApp, RenderSystems};

use crate::catalogue::{Catalogue, Texture};
use crate::material::BlockMaterials;

/// How many layers are written in a frame, so that a thousand textures that arrive together do not halt it.
const LAYERS_A_FRAME: u32 = 12;
/// The most that an array takes.
const MOST_BYTES: u64 = 600 << 20;

/// Keeps the arrays as their pictures are.
pub(crate) struct TexturesPlugin;

impl Plugin for TexturesPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Patches>()
            .add_systems(PostUpdate, (notice, fill).chain().after(AssetEventSystems));
        if let Some(render) = app.get_sub_app_mut(RenderApp) {
            render
                .init_resource::<Patches>()
                .add_systems(ExtractSchedule, extract)
                .add_systems(Render, write.in_set(RenderSystems::PrepareResources));
        }
    }
}

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Side {
    /// As painted.
    Original,
    /// By the model.
    Enhanced,
}

/// One array.
struct Array {
    image: Handle<Image>,
    /// Width and height of its layers.
    size: u32,
    pictures: Vec<Handle<Image>>,
    /// Which were written once.
    seen: Vec<bool>,
}

/// Both arrays and what they are made of.
#[derive(Resource)]
pub(crate) struct BlockTextures {
    arrays: [Array; 2],
    textures: Vec<Texture>,
    layers: u32,
    anisotropy: u16,
    of_picture: HashMap<AssetId<Image>, (Side, usize)>,
    stale: VecDeque<(Side, usize)>,
}

impl BlockTextures {
    /// Loads all pictures of a catalogue, for a sampler that takes so many samples of what is seen at a slant.
    pub(crate) fn load(
        catalogue: &Catalogue,
        anisotropy: u16,
        images: &mut Assets<Image>,
        mut picture: impl FnMut(&str, Side) -> Handle<Image>,
    ) -> Self {
        let largest = catalogue
            .textures
            .iter()
            .map(|texture| texture.size)
            .max()
            .unwrap_or(16);
        let mut of_picture = HashMap::new();
        let arrays = [(Side::Original, 1), (Side::Enhanced, 8)].map(|(side, scale)| {
            let size = fitting(largest * scale, catalogue.layers);
            let pictures: Vec<_> = catalogue
                .textures
                .iter()
                .map(|texture| picture(&texture.path, side))
                .collect();
            for (number, picture) in pictures.iter().enumerate() {
                of_picture.insert(picture.id(), (side, number));
            }
            Array {
                image: images.add(empty(size, catalogue.layers, anisotropy)),
                size,
                seen: vec![false; pictures.len()],
                pictures,
            }
        });
        Self {
            arrays,
            textures: catalogue.textures.clone(),
            layers: catalogue.layers,
            anisotropy,
            of_picture,
            stale: VecDeque::new(),
        }
    }

    /// The array.
    pub(crate) fn array(&self, side: Side) -> Handle<Image> {
        self.arrays[side as usize].image.clone()
    }

    /// The enhanced pictures of the textures whose first steps those are.
    pub(crate) fn enhanced(&self, firsts: &BTreeSet<u32>) -> impl Iterator<Item = AssetId<Image>> {
        let pictures = &self.arrays[Side::Enhanced as usize].pictures;
        let both = self.textures.iter().zip(pictures);
        both.filter(|(texture, _)| firsts.contains(&texture.tile.first))
            .map(|(_, picture)| picture.id())
    }

    /// Whether every picture was written, and none waits to be written again.
    pub(crate) fn complete(&self) -> bool {
        self.stale.is_empty()
            && self
                .arrays
                .iter()
                .all(|array| array.seen.iter().all(|seen| *seen))
    }
}

/// The largest size up to `size` of which so many layers fit.
fn fitting(size: u32, layers: u32) -> u32 {
    let mut size = size.clamp(16, 2048).next_power_of_two();
    while size > 16
        && u64::from(size) * u64::from(size) * 4 * 4 / 3 * u64::from(layers) > MOST_BYTES
    {
        size /= 2;
    }
    size
}

/// An array without pixels. They come as patches.
fn empty(size: u32, layers: u32, anisotropy: u16) -> Image {
    let extent = Extent3d {
        width: size,
        height: size,
        // One layer would make a plain texture of it.
        depth_or_array_layers: layers.max(2),
    };
    let mut image = Image::new_uninit(
        extent,
        TextureDimension::D2,
        TextureFormat::Rgba8UnormSrgb,
        RenderAssetUsages::all(),
    );
    image.texture_descriptor.mip_level_count = size.ilog2() + 1;
    image.texture_descriptor.usage = TextureUsages::TEXTURE_BINDING | TextureUsages::COPY_DST;
    // Magnified, the shader makes squares of the texels; see `square` there.
    image.sampler = ImageSampler::Descriptor(ImageSamplerDescriptor {
        address_mode_u: ImageAddressMode::Repeat,
        address_mode_v: ImageAddressMode::Repeat,
        mag_filter: ImageFilterMode::Linear,
        min_filter: ImageFilterMode::Linear,
        mipmap_filter: ImageFilterMode::Linear,
        anisotropy_clamp: anisotropy,
        ..default()
    });
    image
}

/// Notes which pictures arrived or changed.
fn notice(mut events: MessageReader<AssetEvent<Image>>, textures: Option<ResMut<BlockTextures>>) {
    let Some(mut textures) = textures else { return };
    for event in events.read() {
        let (AssetEvent::Added { id } | AssetEvent::Modified { id }) = event else {
            continue;
        };
        if let Some(picture) = textures.of_picture.get(id).copied()
            && !textures.stale.contains(&picture)
        {
            textures.stale.push_back(picture);
        }
    }
}

/// Makes patches of what is stale, some every frame.
fn fill(
    textures: Option<ResMut<BlockTextures>>,
    mut images: ResMut<Assets<Image>>,
    mut patches: ResMut<Patches>,
    mut materials: BlockMaterials,
) {
    let Some(mut textures) = textures else { return };
    let mut budget = LAYERS_A_FRAME;
    while budget > 0
        && let Some((side, number)) = textures.stale.pop_front()
    {
        let textures = &mut *textures;
        let array = &mut textures.arrays[side as usize];
        let texture = &textures.textures[number];
        let Some(picture) = images.get(&array.pictures[number]) else {
            continue;
        };
        let wanted = fitting(picture.width(), textures.layers);
        if wanted > array.size {
            // A larger array, under the same handle; everything is written anew, and materials bind it anew.
            array.size = wanted;
            let grown = empty(wanted, textures.layers, textures.anisotropy);
            images
                .insert(array.image.id(), grown)
                .expect("the array's handle is a live one");
            textures.stale = (0..array.pictures.len())
                .map(|number| (side, number))
                .chain(textures.stale.drain(..).filter(|(other, _)| *other != side))
                .collect();
            materials.touch();
            continue;
        }
        for frame in 0..texture.frames {
            let Some(levels) = layer(picture, frame, texture.frames, array.size) else {
                warn!(
                    "{}: {:?} pixels cannot be shown",
                    texture.path, picture.texture_descriptor.format
                );
                break;
            };
            patches.0.push(Patch {
                image: array.image.id(),
                size: array.size,
                layer: texture.layer + frame,
                levels,
            });
        }
        array.seen[number] = true;
        budget = budget.saturating_sub(texture.frames);
    }
}

/// All mipmaps of a layer of `size`, from a frame of a picture that has mipmaps of its own: each is the smallest of the
/// picture's that is large enough, enlarged by nearest where none is.
fn layer(picture: &Image, frame: u32, frames: u32, size: u32) -> Option<Vec<Vec<u8>>> {
    if picture.texture_descriptor.format.block_copy_size(None) != Some(4) {
        return None;
    }
    let data = picture.data.as_deref()?;
    let (width, height) = (picture.width(), picture.height());
    // Where each of the picture's levels begins, and its size.
    let mut levels = Vec::new();
    let mut offset = 0usize;
    for level in 0..picture.texture_descriptor.mip_level_count {
        let (w, h) = ((width >> level).max(1), (height >> level).max(1));
        // Below one pixel a frame, levels mix frames.
        if h < frames || data.len() < offset + (w * h * 4) as usize {
            break;
        }
        levels.push((offset, w, h));
        offset += (w * h * 4) as usize;
    }
    let mut out = Vec::new();
    let mut side = size;
    loop {
        let (from, w, h) = *levels
            .iter()
            .rev()
            .find(|(_, w, _)| *w >= side)
            .or(levels.first())?;
        let tall = h / frames;
        let mut pixels = Vec::with_capacity((side * side * 4) as usize);
        for y in 0..side {
            let row = frame * tall + y * tall / side;
            let start = from + (row * w * 4) as usize;
            if w == side {
                pixels.extend_from_slice(&data[start..start + (w * 4) as usize]);
                continue;
            }
            for x in 0..side {
                let at = start + (x * w / side * 4) as usize;
                pixels.extend_from_slice(&data[at..at + 4]);
            }
        }
        out.push(pixels);
        if side == 1 {
            return Some(out);
        }
        side /= 2;
    }
}

/// New pixels of one layer.
struct Patch {
    image: AssetId<Image>,
    size: u32,
    layer: u32,
    levels: Vec<Vec<u8>>,
}

/// Patches on their way to the GPU.
#[derive(Resource, Default)]
struct Patches(Vec<Patch>);

fn extract(mut main: ResMut<MainWorld>, mut here: ResMut<Patches>) {
    here.0.append(&mut main.resource_mut::<Patches>().0);
}

/// Writes patches into textures that are there; the others wait for theirs.
fn write(
    mut patches: ResMut<Patches>,
    images: Res<RenderAssets<GpuImage>>,
    queue: Res<RenderQueue>,
) {
    patches.0.retain(|patch| {
        let Some(image) = images.get(patch.image) else {
            return true;
        };
        let size = image.texture.width();
        if size != patch.size {
            return size < patch.size;
        }
        for (level, pixels) in (0..).zip(&patch.levels) {
            let side = (patch.size >> level).max(1);
            queue.write_texture(
                TexelCopyTextureInfo {
                    texture: &image.texture,
                    mip_level: level,
                    origin: Origin3d {
                        x: 0,
                        y: 0,
                        z: patch.layer,
                    },
                    aspect: TextureAspect::All,
                },
                pixels,
                TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some(side * 4),
                    rows_per_image: Some(side),
                },
                Extent3d {
                    width: side,
                    height: side,
                    depth_or_array_layers: 1,
                },
            );
        }
        false
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(size: (u32, u32), levels: &[&[u8]]) -> Image {
        let extent = Extent3d {
            width: size.0,
            height: size.1,
            depth_or_array_layers: 1,
        };
        let mut image = Image::new_uninit(
            extent,
            TextureDimension::D2,
            TextureFormat::Rgba8UnormSrgb,
            RenderAssetUsages::all(),
        );
        image.texture_descriptor.mip_level_count = levels.len() as u32;
        image.data = Some(levels.concat());
        image
    }

    #[test]
    fn a_layer_is_the_picture_s_own_mipmaps_enlarged_where_they_are_too_small() {
        let (first, second) = ([1u8; 16], [9u8; 4]);
        let image = picture((2, 2), &[&first, &second]);
        let levels = layer(&image, 0, 1, 4).expect("four bytes a pixel");
        assert_eq!(levels, [vec![1; 64], vec![1; 16], vec![9; 4]]);
    }

    #[test]
    fn frames_do_not_mix() {
        // Two frames of 2x2 below each other; the second level has a pixel for each, the third mixes them.
        let first: Vec<u8> = [[1u8; 16], [5; 16]].concat();
        let image = picture((2, 4), &[&first, &[2, 2, 2, 2, 6, 6, 6, 6], &[99; 4]]);
        assert_eq!(
            layer(&image, 0, 2, 2).expect("pixels"),
            [vec![1; 16], vec![2; 4]]
        );
        assert_eq!(
            layer(&image, 1, 2, 2).expect("pixels"),
            [vec![5; 16], vec![6; 4]]
        );
    }

    #[test]
    fn many_layers_are_smaller() {
        assert_eq!(fitting(128, 100), 128);
        assert_eq!(fitting(1024, 2048), 128);
        assert_eq!(fitting(24, 10), 32);
    }
}
