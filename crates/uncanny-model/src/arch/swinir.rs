//! SwinIR: blocks that attend to pixels within windows, every second of which lie half a window further on.
//!
//! Liang, Cao, Sun, Zhang, Van Gool, Timofte, "SwinIR: Image Restoration Using Swin Transformer", ICCVW 2021,
//! <https://arxiv.org/abs/2108.10257>, <https://github.com/JingyunLiang/SwinIR>; the blocks are those of Liu et al.,
//! "Swin Transformer", ICCV 2021, <https://arxiv.org/abs/2103.14030>.

use tch::{TchError, Tensor};
use uncanny_texture::{Scale, TileEdges, Tiling};

use super::layers::{Place, Weight, Weights, conv_shape, count, mirrored_to};
use super::transformer::{Group, Linear, Norm, Shape, Tail, Trunk, Window};
use super::upsampler::Upsampler;
use super::{Architecture, Forward, tiling_with};
use crate::checkpoint::{Checkpoint, StateDict};
use crate::{Error, Result};

/// Texels around a tile, or a little more: a multiple of the window, so that tiles and the whole picture are cut into
/// the same windows. One of 16 then is the 64x64 pixels that most of these networks are trained on.
const CONTEXT: u32 = 24;

/// Texels over which neighbouring tiles are blended.
const FEATHER: u32 = 4;

/// Hyperparameters, all derived from key names and tensor shapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Channels between the blocks: 180, or 60 in "light" networks, 240 in large ones.
    pub width: i64,
    /// Groups of blocks: 6 of 6 with 6 heads.
    pub groups: Vec<Group>,
    /// Side of the windows: 8, or 7 in networks for JPEGs.
    pub window: i64,
    /// Channels within a block, after its attention: 2 times the width.
    pub hidden: i64,
    /// Whether queries, keys and values have a bias.
    pub qkv_bias: bool,
    /// Whether a group ends in three convolutions instead of one.
    pub three_convs: bool,
    /// How the picture is enlarged.
    pub upsampler: Upsampler,
}

impl Architecture for Config {
    fn detect(checkpoint: &Checkpoint) -> Result<Option<Config>> {
        let state = &checkpoint.state;
        let block = |i: usize, j: usize| format!("layers.{i}.residual_group.blocks.{j}");
        let table = |i: usize| format!("{}.attn.relative_position_bias_table", block(i, 0));
        let fc1 = format!("{}.mlp.fc1.weight", block(0, 0));
        let Some([width, ..]) = conv_shape(state, "conv_first.weight") else {
            return Ok(None);
        };
        // HAT has the same blocks, and between them others; SRFormer has no `qkv`.
        let related = "layers.0.residual_group.overlap_attn.qkv.weight";
        let needed = [&table(0), &fc1, &format!("{}.attn.qkv.weight", block(0, 0))];
        if needed.iter().any(|key| !state.contains(key)) || state.contains(related) {
            return Ok(None);
        }
        let hidden = match state.shape(&fc1) {
            Some(&[hidden, _]) if (1..1 << 20).contains(&hidden) => hidden as i64,
            found => {
                return Err(Error::Shape {
                    key: fc1,
                    expected: format!("[channels, {width}]"),
                    found: format!("{:?}", found.unwrap_or_default()),
                });
            }
        };
        let mut groups = Vec::new();
        let mut window = None;
        for i in 0..count(state, |i| format!("{}.norm1.weight", block(i, 0))) {
            let (side, heads) = sides_and_heads(state, &table(i), width)?;
            window.get_or_insert(side);
            groups.push(Group {
                blocks: count(state, |j| format!("{}.norm1.weight", block(i, j))),
                heads,
            });
        }
        let Some(window) = window else {
            return Err(Error::missing(&[&format!("{}.norm1.weight", block(0, 0))]));
        };
        Ok(Some(Config {
            width,
            groups,
            window,
            hidden,
            qkv_bias: state.contains(&format!("{}.attn.qkv.bias", block(0, 0))),
            three_convs: Tail::is_three(state, "conv_after_body"),
            upsampler: Upsampler::detect(state)?,
        }))
    }

    fn describe(&self) -> String {
        let (width, window) = (self.width, self.window);
        let blocks: usize = self.groups.iter().map(|group| group.blocks).sum();
        format!("SwinIR, {width} channels, {blocks} blocks, windows of {window}x{window}")
    }

    fn scale(&self) -> Scale {
        self.upsampler.scale()
    }

    fn flops(&self, width: u64, height: u64) -> u64 {
        let (w, hidden) = (self.width as u64, self.hidden as u64);
        // Queries, keys, values and their end; attention; what follows.
        let block = 4 * w * w + 2 * w * self.square().pixels() as u64 + 2 * w * hidden;
        let blocks: usize = self.groups.iter().map(|group| group.blocks).sum();
        let tails = (self.groups.len() + 1) as u64 * Tail::cost(w, self.three_convs);
        let cost = 27 * w + block * blocks as u64 + tails + self.upsampler.cost(w);
        2 * cost * width * height
    }

    /// Nobody runs it so: spandrel neither, and its norms lose digits.
    fn half(&self) -> bool {
        false
    }

    fn tiling(&self) -> Tiling {
        Tiling {
            feather: FEATHER,
            ..tiling_with(CONTEXT.next_multiple_of(self.window as u32), self.scale())
        }
    }

    fn load(&self, state: &StateDict, place: Place) -> Result<Box<dyn Forward>> {
        Ok(Box::new(SwinIr::load(state, self, place)?))
    }
}

impl Config {
    fn square(&self) -> Window {
        Window {
            height: self.window,
            width: self.window,
        }
    }

    /// What the picture's values, about 0 to 1, are multiplied by: the networks for JPEGs, and they alone, have windows
    /// of 7.
    fn range(&self) -> f64 {
        if self.window == 7 { 255.0 } else { 1.0 }
    }
}

/// The window's side and the number of heads, from a table of (2 * side - 1)^2 x heads.
fn sides_and_heads(state: &StateDict, key: &str, width: i64) -> Result<(i64, i64)> {
    let found = state.shape(key).unwrap_or_default();
    if let &[places, heads] = found {
        let side = (2..=64).find(|side| (2 * side - 1) * (2 * side - 1) == places as i64);
        let heads = heads as i64;
        if let Some(side) = side
            && (1..=width).contains(&heads)
            && width % heads == 0
        {
            return Ok((side, heads));
        }
    }
    Err(Error::Shape {
        key: key.to_owned(),
        expected: format!("[the square of an odd number, a divisor of {width}]"),
        found: format!("{found:?}"),
    })
}

#[derive(Debug, Clone)]
struct Block {
    norm1: Norm,
    qkv: Linear,
    /// 1 x heads x pixels x pixels of a window.
    biases: Weight,
    proj: Linear,
    norm2: Norm,
    fc1: Linear,
    fc2: Linear,
    heads: i64,
}

impl Block {
    fn load(weights: &mut Weights<'_>, config: &Config, name: &str, heads: i64) -> Result<Block> {
        let (w, hidden, window) = (config.width, config.hidden, config.square());
        let key = |part: &str| format!("{name}.{part}");
        let table = key("attn.relative_position_bias_table");
        let table = weights.tensor(&table, &[window.places(), heads])?;
        Ok(Block {
            norm1: Norm::load(weights, &key("norm1"), w)?,
            qkv: Linear::load(weights, &key("attn.qkv"), 3 * w, w, config.qkv_bias)?,
            biases: match weights.complete() {
                true => window.biases(&table)?.into(),
                // `finish` will say so.
                false => table,
            },
            proj: Linear::load(weights, &key("attn.proj"), w, w, true)?,
            norm2: Norm::load(weights, &key("norm2"), w)?,
            fc1: Linear::load(weights, &key("mlp.fc1"), hidden, w, true)?,
            fc2: Linear::load(weights, &key("mlp.fc2"), w, hidden, true)?,
            heads,
        })
    }

    /// N x h x w x c to as much.
    fn forward(
        &self,
        x: &Tensor,
        window: Window,
        mask: Option<&Tensor>,
    ) -> Result<Tensor, TchError> {
        let size = x.size();
        let qkv = self.qkv.forward(&self.norm1.forward(x)?)?;
        // N x h x w x (queries, keys, values) x heads x c
        let qkv = qkv.f_view([size[0], size[1], size[2], 3, self.heads, -1])?;
        let y = window.attend(&qkv, &self.biases, mask)?;
        let y = self.proj.forward(&y)?.f_add_(x)?;
        let inner = self.fc1.forward(&self.norm2.forward(&y)?)?.f_gelu("none")?;
        self.fc2.forward(&inner)?.f_add_(&y)
    }
}

/// The network on one device.
#[derive(Debug, Clone)]
pub struct SwinIr {
    trunk: Trunk<Block>,
    config: Config,
}

impl SwinIr {
    /// Takes the weights of a SwinIR state dict.
    ///
    /// # Errors
    /// Missing or surplus keys, or a tensor of another shape: each named.
    pub fn load(state: &StateDict, config: &Config, place: Place) -> Result<SwinIr> {
        let mut weights = Weights::new(state, place);
        let shape = Shape {
            width: config.width,
            groups: &config.groups,
            three_convs: config.three_convs,
            upsampler: config.upsampler,
        };
        let trunk = Trunk::load(&mut weights, shape, "patch_embed.norm", |weights, i, j| {
            let name = format!("layers.{i}.residual_group.blocks.{j}");
            Block::load(weights, config, &name, config.groups[i].heads)
        })?;
        // What follows from the sizes of windows and pictures.
        let follows = [".attn.relative_position_index", ".attn_mask"];
        weights.finish(|key| follows.iter().any(|end| key.ends_with(end)))?;
        Ok(SwinIr {
            trunk,
            config: config.clone(),
        })
    }
}

impl Forward for SwinIr {
    fn forward(&self, x: &Tensor, _: TileEdges) -> Result<Tensor, TchError> {
        let (_, _, h, w) = x.size4()?;
        let (window, range) = (self.config.square(), self.config.range());
        let x = mirrored_to(x, self.config.window)?;
        let (_, _, filled_h, filled_w) = x.size4()?;
        let mask = window.mask(filled_h, filled_w, &x)?;
        let x = self.trunk.centred(&x)?.f_mul_scalar_(range)?;
        let mut y = self.trunk.forward(&x, |block, i, y| {
            block.forward(y, window, (i % 2 == 1).then_some(&mask))
        })?;
        if self.config.upsampler == Upsampler::Same {
            y = y.f_add(&x)?;
        }
        let y = self.trunk.restored(&y.f_div_scalar(range)?)?;
        // What full windows needed beyond the picture goes again.
        let k = i64::from(self.config.scale().get());
        y.f_narrow(2, 0, k * h)?.f_narrow(3, 0, k * w)
    }
}
