//! SPAN: six blocks of three convolutions whose result weighs itself, an attention without parameters.
//!
//! Wan, Yu, Wang, Hu, Wang, Xu, Sun, "Swift Parameter-free Attention Network for Efficient Super-Resolution", CVPRW 2024,
//! <https://arxiv.org/abs/2311.12770>, <https://github.com/hongyuanyu/SPAN>.
//!
//! Each convolution was trained as four (a 1x1 and a 3x3 and a 1x1 in a row, and a 1x1 beside them), which are
//! multiplied into one here. The files' own products (`eval_conv`) are ignored: training does not keep them up to date.

use tch::{TchError, Tensor};
use uncanny_texture::{Scale, TileEdges, Tiling};

use super::layers::{Conv, Place, Weight, Weights, conv_shape, need_conv, shuffled_scale};
use super::{Architecture, Forward, padding_with};
use crate::Result;
use crate::checkpoint::{Checkpoint, StateDict};

/// Texels of context that a tile needs on each side: on paper 21 are seen, the last of them hardly.
const CONTEXT: u32 = 20;

/// How many more channels a convolution has inside while it is trained.
const GAIN: i64 = 2;

/// Subtracted from RGB, as its authors' training data has it; no file says otherwise.
const MEAN: [f32; 3] = [0.4488, 0.4371, 0.4040];
/// What is left is multiplied by this.
const RANGE: f64 = 255.0;

/// How many blocks there are.
const BLOCKS: usize = 6;

/// Hyperparameters, all derived from key names and tensor shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Channels between the convolutions: 48 or 52.
    pub width: i64,
    /// The enlargement.
    pub scale: i64,
    /// Whether inputs are shifted and stretched first.
    pub norm: bool,
}

impl Architecture for Config {
    fn detect(checkpoint: &Checkpoint) -> Result<Option<Config>> {
        let state = &checkpoint.state;
        let Some([width, ..]) = conv_shape(state, "conv_1.sk.weight") else {
            return Ok(None);
        };
        if !state.contains("block_1.c1_r.sk.weight") {
            return Ok(None);
        }
        let last = "upsampler.0.weight";
        Ok(Some(Config {
            width,
            scale: shuffled_scale(last, need_conv(state, last)?[0])?,
            norm: !state.contains("no_norm"),
        }))
    }

    fn describe(&self) -> String {
        format!("SPAN, {} channels", self.width)
    }

    fn scale(&self) -> Scale {
        Scale::new(self.scale as u32).expect("detect admits 1 to 64")
    }

    fn flops(&self, width: u64, height: u64) -> u64 {
        let w = self.width as u64;
        let convs = 3 * BLOCKS as u64 + 1;
        let weights = 27 * w + 9 * w * w * convs + 4 * w * w + 27 * w * (self.scale as u64).pow(2);
        2 * weights * width * height
    }

    /// Run in f16 by its users throughout; its inputs, though up to 255 times as large as others', stay in range.
    fn half(&self) -> bool {
        true
    }

    fn tiling(&self) -> Tiling {
        padding_with(CONTEXT, self.scale())
    }

    fn load(&self, state: &StateDict, place: Place) -> Result<Box<dyn Forward>> {
        Ok(Box::new(Span::load(state, *self, place)?))
    }
}

/// Multiplies what was trained as four convolutions into one of 3x3.
fn fused(weights: &mut Weights<'_>, name: &str, out: i64, input: i64) -> Result<Conv> {
    let (wide_in, wide_out) = (GAIN * input, GAIN * out);
    let mut exact = |key: &str, shape: &[i64]| weights.exact(&format!("{name}.{key}"), shape);
    let w1 = exact("conv.0.weight", &[wide_in, input, 1, 1])?;
    let b1 = exact("conv.0.bias", &[wide_in])?;
    let w2 = exact("conv.1.weight", &[wide_out, wide_in, 3, 3])?;
    let b2 = exact("conv.1.bias", &[wide_out])?;
    let w3 = exact("conv.2.weight", &[out, wide_out, 1, 1])?;
    let b3 = exact("conv.2.bias", &[out])?;
    let beside = exact("sk.weight", &[out, input, 1, 1])?;
    let beside_bias = exact("sk.bias", &[out])?;
    let all = [&w1, &b1, &w2, &b2, &w3, &b3, &beside, &beside_bias];
    if all.iter().any(|tensor| tensor.numel() == 0) {
        // A key is missing, which `finish` will say.
        return Conv::new(&w2, Some(b2.into()));
    }
    let (w1, w3) = (w1.f_view([wide_in, input])?, w3.f_view([out, wide_out])?);
    // out x wide_out by wide_out x (wide_in * 9), then each of its 3x3 places by wide_in x input.
    let w = w3.f_matmul(&w2.f_view([wide_out, wide_in * 9])?)?;
    let w = w.f_view([out, wide_in, 9])?.f_permute([0, 2, 1])?;
    let w = w.f_matmul(&w1)?.f_permute([0, 2, 1])?;
    let w = w.f_reshape([out, input, 3, 3])?;
    let w = w.f_add(&beside.f_constant_pad_nd([1, 1, 1, 1])?)?;
    let sums = w2.f_sum_dim_intlist([2i64, 3].as_slice(), false, None)?;
    let b = sums.f_mv(&b1)?.f_add(&b2)?;
    let b = w3.f_mv(&b)?.f_add(&b3)?.f_add(&beside_bias)?;
    let (w, b) = (weights.put(&w)?, weights.put(&b)?);
    Conv::new(&w, Some(b))
}

/// Three convolutions.
#[derive(Debug, Clone)]
struct Block {
    c1_r: Conv,
    c2_r: Conv,
    c3_r: Conv,
}

impl Block {
    /// What it makes of N x w x h x w, and what its first convolution gave.
    fn forward(&self, x: &Tensor, edges: TileEdges) -> Result<(Tensor, Tensor), TchError> {
        let first = self.c1_r.padded(x, edges)?.f_silu_()?;
        let y = self.c2_r.padded(&first, edges)?.f_silu_()?;
        let y = self.c3_r.padded(&y, edges)?;
        let weight = y.f_sigmoid()?.f_sub_scalar_(0.5)?;
        Ok((y.f_add(x)?.f_mul_(&weight)?, first))
    }
}

/// The network on one device.
#[derive(Debug, Clone)]
pub struct Span {
    conv_1: Conv,
    blocks: Vec<Block>,
    conv_cat: Conv,
    conv_2: Conv,
    upsampler: Conv,
    /// 1 x 3 x 1 x 1, where inputs are shifted.
    mean: Option<Weight>,
    scale: i64,
}

impl Span {
    /// Takes the weights of a SPAN state dict.
    ///
    /// # Errors
    /// Missing or surplus keys, or a tensor of another shape: each named.
    pub fn load(state: &StateDict, config: Config, place: Place) -> Result<Span> {
        let mut weights = Weights::new(state, place);
        let w = config.width;
        let conv_1 = fused(&mut weights, "conv_1", w, 3)?;
        let mut blocks = Vec::with_capacity(BLOCKS);
        for i in 1..=BLOCKS {
            let mut conv = |name| fused(&mut weights, &format!("block_{i}.{name}"), w, w);
            blocks.push(Block {
                c1_r: conv("c1_r")?,
                c2_r: conv("c2_r")?,
                c3_r: conv("c3_r")?,
            });
        }
        let conv_cat = weights.conv("conv_cat", w, 4 * w, 1)?;
        let conv_2 = fused(&mut weights, "conv_2", w, w)?;
        let upsampler = weights.conv("upsampler.0", 3 * config.scale * config.scale, w, 3)?;
        let mean = if config.norm {
            let mean = Tensor::f_from_slice(&MEAN)?.f_view([1, 3, 1, 1])?;
            Some(weights.put(&mean)?)
        } else {
            None
        };
        weights.finish(|key| key == "no_norm" || key.contains(".eval_conv."))?;
        Ok(Span {
            conv_1,
            blocks,
            conv_cat,
            conv_2,
            upsampler,
            mean,
            scale: config.scale,
        })
    }
}

impl Forward for Span {
    fn forward(&self, x: &Tensor, edges: TileEdges) -> Result<Tensor, TchError> {
        let features = match &self.mean {
            Some(mean) => {
                let x = x.f_sub(mean)?.f_mul_scalar_(RANGE)?;
                self.conv_1.padded(&x, edges)?
            }
            None => self.conv_1.padded(x, edges)?,
        };
        let mut made = Vec::with_capacity(BLOCKS);
        let mut y = features.shallow_clone();
        for block in &self.blocks {
            let (next, first) = block.forward(&y, edges)?;
            y = next.shallow_clone();
            made.push((next, first));
        }
        let y = self.conv_2.padded(&y, edges)?;
        let (first_block, last_block) = (&made[0].0, &made[BLOCKS - 1].1);
        let all = Tensor::f_cat(&[&features, &y, first_block, last_block], 1)?;
        let y = self
            .upsampler
            .padded(&self.conv_cat.forward(&all)?, edges)?;
        y.f_pixel_shuffle(self.scale)
    }
}
