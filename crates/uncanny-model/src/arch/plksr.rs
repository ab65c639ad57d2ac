//! RealPLKSR: 3x3 convolutions for what is near, and one very large one, over some of the channels, for what is far.
//!
//! Lee, Yun, Ro, "Partial Large Kernel CNNs for Efficient Super-Resolution", 2024, <https://arxiv.org/abs/2404.11848>,
//! <https://github.com/dslisleedh/PLKSR>; the variant "Real" with its norms is neosr's,
//! <https://github.com/neosr-project/neosr>, in which most of the community's are trained. Its last step may be
//! DySample, which learns where to sample from: Liu, Lu, Fu, Cao, ICCV 2023, <https://arxiv.org/abs/2308.15085>,
//! <https://github.com/tiny-smart/dysample>.

use tch::{Kind, TchError, Tensor};
use uncanny_texture::{Padding, Scale, TileEdges, Tiling};

use super::layers::{
    Conv, Place, Weight, Weights, conv_shape, count, margins, need_conv, padded, shuffled_scale,
};
use super::{Architecture, Forward, tiling_with};
use crate::checkpoint::{Checkpoint, StateDict};
use crate::{Error, Result};

/// Texels around a tile. The network is made to see far, and where it has group norms each pixel depends on the
/// whole tile: no context is enough, and neighbours are blended over [`FEATHER`] texels.
const CONTEXT: u32 = 24;

/// Texels over which neighbouring tiles are blended.
const FEATHER: u32 = 8;

/// Textures up to this size go through in one piece.
const LARGEST: u32 = 256;

/// Groups of the group norms; no file says otherwise.
const GROUPS: i64 = 4;

/// Hyperparameters, all derived from key names and tensor shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Channels between the blocks: 64.
    pub width: i64,
    /// How many blocks: 28.
    pub blocks: usize,
    /// The enlargement.
    pub scale: i64,
    /// Side of the large kernels: 17.
    pub kernel: i64,
    /// Channels that they see: 16.
    pub part: i64,
    /// Whether each block weighs its result ("element-wise attention").
    pub attention: bool,
    /// Norms over each pixel's channels, instead of over the whole picture.
    pub layer_norm: bool,
    /// Whether it ends in DySample.
    pub dysample: bool,
}

impl Architecture for Config {
    fn detect(checkpoint: &Checkpoint) -> Result<Option<Config>> {
        let state = &checkpoint.state;
        let large = "feats.1.lk.conv.weight";
        let Some([part, _, kernel, _]) = conv_shape(state, large) else {
            return Ok(None);
        };
        if !state.contains("feats.1.channel_mixer.0.weight") {
            return Ok(None);
        }
        let first = "feats.0.weight";
        let [width, ..] = need_conv(state, first)?;
        if part > width || kernel % 2 == 0 {
            return Err(Error::Shape {
                key: large.into(),
                expected: format!("at most {width} channels and an odd kernel"),
                found: format!("[{part}, {part}, {kernel}, {kernel}]"),
            });
        }
        let layer_norm = state.contains("feats.1.layer_norm.bias");
        if !layer_norm && width % GROUPS != 0 {
            return Err(Error::Shape {
                key: first.into(),
                expected: format!("[a multiple of {GROUPS}, 3, 3, 3]"),
                found: format!("[{width}, 3, 3, 3]"),
            });
        }
        let blocks = count(state, |i| format!("feats.{}.lk.conv.weight", i + 1));
        // Between the blocks and the last convolution lies a dropout, which has no weights.
        let last = format!("feats.{}.weight", blocks + 2);
        Ok(Some(Config {
            width,
            blocks,
            scale: shuffled_scale(&last, need_conv(state, &last)?[0])?,
            kernel,
            part,
            attention: state.contains("feats.1.attn.f.0.weight"),
            layer_norm,
            dysample: state.contains("to_img.init_pos"),
        }))
    }

    fn describe(&self) -> String {
        let (width, blocks) = (self.width, self.blocks);
        let end = if self.dysample { ", DySample" } else { "" };
        format!("RealPLKSR, {width} channels, {blocks} blocks{end}")
    }

    fn scale(&self) -> Scale {
        Scale::new(self.scale as u32).expect("detect admits 1 to 64")
    }

    /// Whether f16 will do. Sums over a whole picture, as group norms need them, leave its range; and DySample's
    /// positions need more digits than it has.
    fn half(&self) -> bool {
        self.layer_norm && !self.dysample
    }

    /// DySample's sampling aside.
    fn flops(&self, width: u64, height: u64) -> u64 {
        let (w, part) = (self.width as u64, self.part as u64);
        let attention = if self.attention { 9 * w * w } else { 0 };
        let block = 36 * w * w + (part * self.kernel as u64).pow(2) + attention + w * w;
        let rgb = 3 * (self.scale as u64).pow(2);
        let mut weights = 27 * w + block * self.blocks as u64 + 9 * w * rgb;
        if self.dysample {
            weights += 2 * rgb * 2 * self.sample_groups() as u64 * (self.scale as u64).pow(2);
        }
        2 * weights * width * height
    }

    fn tiling(&self) -> Tiling {
        Tiling {
            feather: FEATHER,
            largest: LARGEST,
            whole: LARGEST,
            ..tiling_with(CONTEXT, self.scale())
        }
    }

    fn load(&self, state: &StateDict, place: Place) -> Result<Box<dyn Forward>> {
        Ok(Box::new(RealPlksr::load(state, *self, place)?))
    }
}

impl Config {
    /// Groups of channels that DySample samples each in its own places.
    fn sample_groups(&self) -> i64 {
        if self.scale % 2 == 0 { 4 } else { 3 }
    }
}

#[derive(Debug, Clone)]
enum Norm {
    /// Over each pixel's channels, before the block.
    Layer(Weight, Weight),
    /// Over the picture and a quarter of the channels, after the block.
    Group(Weight, Weight),
}

#[derive(Debug, Clone)]
struct Block {
    mixer_0: Conv,
    mixer_2: Conv,
    large: Conv,
    attention: Option<Conv>,
    refine: Conv,
    norm: Norm,
    part: i64,
}

impl Block {
    fn load(weights: &mut Weights<'_>, config: Config, name: &str) -> Result<Block> {
        let (w, part) = (config.width, config.part);
        let norm = if config.layer_norm {
            "layer_norm"
        } else {
            "norm"
        };
        let gain = weights.tensor(&format!("{name}.{norm}.weight"), &[w])?;
        let bias = weights.tensor(&format!("{name}.{norm}.bias"), &[w])?;
        let mut conv =
            |key: &str, out, input, k| weights.conv(&format!("{name}.{key}"), out, input, k);
        Ok(Block {
            mixer_0: conv("channel_mixer.0", 2 * w, w, 3)?,
            mixer_2: conv("channel_mixer.2", w, 2 * w, 3)?,
            large: conv("lk.conv", part, part, config.kernel)?,
            attention: match config.attention {
                true => Some(conv("attn.f.0", w, w, 3)?),
                false => None,
            },
            refine: conv("refine", w, w, 1)?,
            norm: match config.layer_norm {
                true => Norm::Layer(gain, bias),
                false => Norm::Group(gain, bias),
            },
            part,
        })
    }

    /// N x w x h x w to as much.
    fn forward(&self, x: &Tensor, edges: TileEdges) -> Result<Tensor, TchError> {
        let mut y = match &self.norm {
            Norm::Layer(gain, bias) => channel_norm(x, gain, bias)?,
            Norm::Group(..) => x.shallow_clone(),
        };
        y = self.mixer_0.padded(&y, edges)?.f_mish()?;
        y = self.mixer_2.padded(&y, edges)?;
        let rest = y.size()[1] - self.part;
        let near = y.f_narrow(1, self.part, rest)?;
        let far = self.large.padded(&y.f_narrow(1, 0, self.part)?, edges)?;
        y = Tensor::f_cat(&[far, near], 1)?;
        if let Some(attention) = &self.attention {
            y = attention.padded(&y, edges)?.f_sigmoid()?.f_mul_(&y)?;
        }
        y = self.refine.forward(&y)?;
        if let Norm::Group(gain, bias) = &self.norm {
            y = y.f_group_norm(GROUPS, Some(&**gain), Some(&**bias), 1e-5, false)?;
        }
        y.f_add(x)
    }
}

/// Each pixel's channels to mean 0 and variance 1, then to trained ones.
fn channel_norm(x: &Tensor, gain: &Tensor, bias: &Tensor) -> Result<Tensor, TchError> {
    let width = gain.size()[0];
    let y = x.f_permute([0, 2, 3, 1])?;
    let y = y.f_layer_norm([width], Some(gain), Some(bias), 1e-6, false)?;
    y.f_permute([0, 3, 1, 2])
}

/// Enlarges by sampling, at places computed from the picture itself.
#[derive(Debug, Clone)]
struct DySample {
    offset: Conv,
    scope: Conv,
    end_conv: Option<Conv>,
    init_pos: Weight,
    groups: i64,
    scale: i64,
}

impl DySample {
    fn load(weights: &mut Weights<'_>, config: Config) -> Result<DySample> {
        let (scale, groups) = (config.scale, config.sample_groups());
        let input = 3 * scale * scale;
        let places = 2 * groups * scale * scale;
        let scope = weights.tensor("to_img.scope.weight", &[places, input, 1, 1])?;
        Ok(DySample {
            offset: weights.conv("to_img.offset", places, input, 1)?,
            scope: Conv::new(&scope, None)?,
            end_conv: match scale {
                1 => None,
                _ => Some(weights.conv("to_img.end_conv", 3, input, 1)?),
            },
            init_pos: weights.tensor("to_img.init_pos", &[1, places, 1, 1])?,
            groups,
            scale,
        })
    }

    /// N x 3kk x h x w to N x 3 x kh x kw.
    fn forward(&self, x: &Tensor, edges: TileEdges) -> Result<Tensor, TchError> {
        let (n, channels, h, w) = x.size4()?;
        let (k, groups) = (self.scale, self.groups);
        let scope = self.scope.forward(x)?.f_sigmoid()?.f_mul_scalar_(0.5)?;
        let offset = self
            .offset
            .forward(x)?
            .f_mul_(&scope)?
            .f_add(&self.init_pos)?;
        // N x 2 x (groups * k * k) x h x w: columns, then rows, each counted from its pixel's centre.
        let offset = offset.f_reshape([n, 2, groups * k * k, h, w])?;
        let centres = |length: i64, shape: [i64; 5]| {
            let centres = Tensor::f_arange(length, (Kind::Float, x.device()))?;
            centres.f_add_scalar(0.5)?.f_view(shape)
        };
        // To -1..1 over the picture, with a pixel more on each side where it is padded.
        let margin = margins(1, edges);
        let place = |axis: i64, length: i64, padding: Padding, centres: Tensor| {
            let mut place = offset.f_narrow(1, axis, 1)?.f_add(&centres)?;
            if padding == Padding::Wrap {
                place = place.f_remainder(length)?;
            }
            let more = margin[axis as usize];
            place
                .f_add_scalar_(more)?
                .f_mul_scalar_(2.0 / (length + 2 * more) as f64)?
                .f_sub_scalar_(1.0)
        };
        let columns = place(0, w, edges.x, centres(w, [1, 1, 1, 1, w])?)?;
        let rows = place(1, h, edges.y, centres(h, [1, 1, 1, h, 1])?)?;
        let places = Tensor::f_cat(&[columns, rows], 1)?;
        let places = places.f_reshape([n, -1, h, w])?.f_pixel_shuffle(k)?;
        let places = places
            .f_reshape([n, 2, groups, k * h, k * w])?
            .f_permute([0, 2, 3, 4, 1])?
            .f_reshape([n * groups, k * h, k * w, 2])?;
        let (tall, wide) = (h + 2 * margin[1], w + 2 * margin[0]);
        let around = padded(x, 1, edges)?;
        let grouped = around.f_reshape([n * groups, channels / groups, tall, wide])?;
        // Bilinear, borders repeated, positions of pixels' areas.
        let y = grouped.f_grid_sampler(&places, 0, 1, false)?;
        let y = y.f_reshape([n, channels, k * h, k * w])?;
        match &self.end_conv {
            Some(conv) => conv.forward(&y),
            None => Ok(y),
        }
    }
}

/// The network on one device.
#[derive(Debug, Clone)]
pub struct RealPlksr {
    first: Conv,
    blocks: Vec<Block>,
    last: Conv,
    dysample: Option<DySample>,
    scale: i64,
}

impl RealPlksr {
    /// Takes the weights of a RealPLKSR state dict.
    ///
    /// # Errors
    /// Missing or surplus keys, or a tensor of another shape: each named.
    pub fn load(state: &StateDict, config: Config, place: Place) -> Result<RealPlksr> {
        let mut weights = Weights::new(state, place);
        let first = weights.conv("feats.0", config.width, 3, 3)?;
        let blocks = (1..=config.blocks)
            .map(|i| Block::load(&mut weights, config, &format!("feats.{i}")))
            .collect::<Result<_>>()?;
        let rgb = 3 * config.scale * config.scale;
        let name = format!("feats.{}", config.blocks + 2);
        let last = weights.conv(&name, rgb, config.width, 3)?;
        let dysample = match config.dysample {
            true => Some(DySample::load(&mut weights, config)?),
            false => None,
        };
        weights.finish(|_| false)?;
        Ok(RealPlksr {
            first,
            blocks,
            last,
            dysample,
            scale: config.scale,
        })
    }
}

impl Forward for RealPlksr {
    fn forward(&self, x: &Tensor, edges: TileEdges) -> Result<Tensor, TchError> {
        let mut y = self.first.padded(x, edges)?;
        for block in &self.blocks {
            y = block.forward(&y, edges)?;
        }
        // Every one of an enlarged pixel's parts starts as the pixel itself.
        let parts = self.scale * self.scale;
        let repeated = x.f_repeat_interleave_self_int(parts, 1, None)?;
        let y = self.last.padded(&y, edges)?.f_add_(&repeated)?;
        match &self.dysample {
            Some(dysample) => dysample.forward(&y, edges),
            None => y.f_pixel_shuffle(self.scale),
        }
    }
}
