//! DAT: blocks that attend to pixels within windows take turns with blocks that attend to channels.
//!
//! Chen, Zhang, Gu, Kong, Yang, Yu, "Dual Aggregation Transformer for Image Super-Resolution", ICCV 2023,
//! <https://arxiv.org/abs/2308.03364>, <https://github.com/zhengchen1999/DAT>. DAT, DAT-2, DAT-S and DAT-light differ in
//! numbers only. Beside each attention runs a convolution over each channel on its own; either weighs the other's
//! result. A window and the same one turned on its side attend each to one half of the channels.

use tch::{Device, Kind, TchError, Tensor};
use uncanny_texture::{Scale, TileEdges, Tiling};

use super::layers::{Conv, Place, Weight, Weights, conv_shape, count};
use super::transformer::{Group, Linear, Norm, Shape, Tail, Trunk, Window, to_pixels, to_planes};
use super::upsampler::Upsampler;
use super::{Architecture, Forward, tiling_with};
use crate::checkpoint::{Checkpoint, StateDict};
use crate::{Error, Result};

/// Texels around a tile: one of 16 then is the 64x64 pixels that these networks are trained on. Attention to channels
/// sees the whole tile, so that no context is enough, and neighbours are blended over [`FEATHER`] texels.
const CONTEXT: u32 = 24;

/// Texels over which neighbouring tiles are blended.
const FEATHER: u32 = 8;

/// Added to the variance by norms over the training's batches.
const BATCH_NORM_EPS: f64 = 1e-5;

/// Hyperparameters, all derived from key names and tensors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Channels between the blocks: 180, or 60 in "light" networks.
    pub width: i64,
    /// Groups of blocks: 6 of 6 with 6 heads.
    pub groups: Vec<Group>,
    /// The first half's window: 8x32, or 8x16 in "small" networks. The second half's lies on its side.
    pub window: Window,
    /// Channels within a block, after each attention: 2 or 4 times the width.
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
        let attention = "layers.0.blocks.0.attn";
        let first = "conv_first.weight";
        let places = format!("{attention}.attns.0.rpe_biases");
        let Some([width, ..]) = conv_shape(state, first) else {
            return Ok(None);
        };
        if !state.contains(&places) || !state.contains("layers.0.blocks.0.ffn.sg.conv.weight") {
            return Ok(None);
        }
        let window = window_of(state, &places)?;
        let mut groups = Vec::new();
        for i in 0..count(state, |i| format!("layers.{i}.blocks.0.norm1.weight")) {
            let blocks = count(state, |j| format!("layers.{i}.blocks.{j}.norm1.weight"));
            // One window has half of the heads, which only tells when they are even; channels have all.
            let (key, share) = match blocks {
                1 => (
                    format!("layers.{i}.blocks.0.attn.attns.0.pos.pos3.2.weight"),
                    2,
                ),
                _ => (format!("layers.{i}.blocks.1.attn.temperature"), 1),
            };
            let heads = share * rows(state, &key)?;
            if heads % 2 != 0 || width % heads != 0 {
                return Err(Error::Shape {
                    key,
                    expected: format!("an even number of heads that divides {width} channels"),
                    found: format!("{heads} heads"),
                });
            }
            groups.push(Group { blocks, heads });
        }
        let fc1 = "layers.0.blocks.0.ffn.fc1.weight";
        let hidden = rows(state, fc1)?;
        if width < 32 || hidden % 2 != 0 {
            return Err(Error::Shape {
                key: fc1.into(),
                expected: "[an even number, at least 32]".into(),
                found: format!("[{hidden}, {width}]"),
            });
        }
        Ok(Some(Config {
            width,
            groups,
            window,
            hidden,
            qkv_bias: state.contains(&format!("{attention}.qkv.bias")),
            three_convs: Tail::is_three(state, "conv_after_body"),
            upsampler: Upsampler::detect(state)?,
        }))
    }

    fn describe(&self) -> String {
        let (channels, Window { height, width }) = (self.width, self.window);
        let blocks: usize = self.groups.iter().map(|group| group.blocks).sum();
        format!("DAT, {channels} channels, {blocks} blocks, windows of {height}x{width}")
    }

    fn scale(&self) -> Scale {
        self.upsampler.scale()
    }

    fn flops(&self, width: u64, height: u64) -> u64 {
        let (w, hidden) = (self.width as u64, self.hidden as u64);
        let space = 2 * w * self.window.pixels() as u64;
        let mut cost = 27 * w + Tail::cost(w, self.three_convs) + self.upsampler.cost(w);
        for group in &self.groups {
            let channels = 2 * w * w / group.heads as u64;
            let (of_space, of_channels) =
                (group.blocks.div_ceil(2) as u64, group.blocks as u64 / 2);
            // Queries, keys, values and their end; the convolution beside; its weighing; what follows.
            let block = 4 * w * w + 9 * w + w * w / 16 + hidden * w * 3 / 2 + 9 * hidden / 2;
            cost += block * group.blocks as u64 + space * of_space + channels * of_channels;
            cost += Tail::cost(w, self.three_convs);
        }
        2 * cost * width * height
    }

    /// Attention to channels sums over all pixels, which leaves the range of f16; spandrel does not run it so either.
    fn half(&self) -> bool {
        false
    }

    fn tiling(&self) -> Tiling {
        Tiling {
            feather: FEATHER,
            ..tiling_with(CONTEXT, self.scale())
        }
    }

    fn load(&self, state: &StateDict, place: Place) -> Result<Box<dyn Forward>> {
        Ok(Box::new(Dat::load(state, self, place)?))
    }
}

/// How many rows a tensor has, at least one.
fn rows(state: &StateDict, key: &str) -> Result<i64> {
    match state.shape(key) {
        None => Err(Error::missing(&[key])),
        Some(&[rows, ..]) if (1..1 << 20).contains(&rows) => Ok(rows as i64),
        Some(found) => Err(Error::Shape {
            key: key.to_owned(),
            expected: "[1 or more, …]".into(),
            found: format!("{found:?}"),
        }),
    }
}

/// A file lists the places that a pixel can have as seen from another of its window. Their number does not tell 8x32
/// from 32x8; the last of them does.
fn window_of(state: &StateDict, places: &str) -> Result<Window> {
    let listed = state
        .get(places)
        .map(|data| data.to_f32())
        .unwrap_or_default();
    let window = match listed.as_slice() {
        [.., y, x] if (0.0..256.0).contains(y) && (0.0..256.0).contains(x) => Window {
            height: *y as i64 + 1,
            width: *x as i64 + 1,
        },
        _ => Window {
            height: 0,
            width: 0,
        },
    };
    let (long, short) = (
        window.height.max(window.width),
        window.height.min(window.width),
    );
    // Pictures are filled up to a multiple of the longer side.
    if short == 0 || long % short != 0 || 2 * window.places() != listed.len() as i64 {
        return Err(Error::Shape {
            key: places.to_owned(),
            expected: "the places within a window, one side of which is a multiple of the other"
                .into(),
            found: format!("{:?}", state.shape(places).unwrap_or_default()),
        });
    }
    Ok(window)
}

/// The same on its side.
fn turned(window: Window) -> Window {
    Window {
        height: window.width,
        width: window.height,
    }
}

/// A convolution with the batch norm after it multiplied in; of each channel on its own where `each` is set.
fn folded(
    weights: &mut Weights<'_>,
    conv: &str,
    norm: &str,
    shape: [i64; 4],
    each: bool,
) -> Result<Conv> {
    let mut exact = |name: &str, shape: &[i64]| weights.exact(name, shape);
    let weight = exact(&format!("{conv}.weight"), &shape)?;
    let mut vector = |name: String| exact(&name, &shape[..1]);
    let bias = vector(format!("{conv}.bias"))?;
    let gain = vector(format!("{norm}.weight"))?;
    let offset = vector(format!("{norm}.bias"))?;
    let mean = vector(format!("{norm}.running_mean"))?;
    let variance = vector(format!("{norm}.running_var"))?;
    if !weights.complete() {
        // `finish` will say so.
        return Conv::new(&weight, Some(bias.into()));
    }
    let gain = gain.f_div(&variance.f_add_scalar(BATCH_NORM_EPS)?.f_sqrt()?)?;
    let weight = weights.put(&weight.f_mul(&gain.f_view([-1, 1, 1, 1])?)?)?;
    let bias = weights.put(&bias.f_sub(&mean)?.f_mul(&gain)?.f_add(&offset)?)?;
    match each {
        true => Conv::each_channel(&weight, Some(bias)),
        false => Conv::new(&weight, Some(bias)),
    }
}

/// What each place within a window adds to its attention, computed from the place: 1 x heads x pixels x pixels.
fn position_biases(
    weights: &mut Weights<'_>,
    name: &str,
    window: Window,
    width: i64,
    heads: i64,
) -> Result<Weight> {
    let c = width / 32;
    let proj = Linear::load(weights, &format!("{name}.pos_proj"), c, 2, true)?;
    let mut layers = Vec::new();
    for (layer, out) in [("pos1", c), ("pos2", c), ("pos3", heads)] {
        let norm = Norm::load(weights, &format!("{name}.{layer}.0"), c)?;
        let linear = Linear::load(weights, &format!("{name}.{layer}.2"), out, c, true)?;
        layers.push((norm, linear));
    }
    if !weights.complete() {
        // `finish` will say so.
        return Ok(Tensor::f_zeros([0], (Kind::Float, Device::Cpu))?.into());
    }
    let (h, w) = (window.height, window.width);
    let places = (1 - h..h).flat_map(|y| (1 - w..w).flat_map(move |x| [y as f32, x as f32]));
    let places = Tensor::f_from_slice(&places.collect::<Vec<_>>())?;
    let places = weights.put(&places.f_view([-1, 2])?)?;
    let mut y = proj.forward(&places)?;
    for (norm, linear) in &layers {
        y = linear.forward(&norm.forward(&y)?.f_relu_()?)?;
    }
    Ok(window.biases(&y)?.into())
}

/// What a block attends to.
#[derive(Debug, Clone)]
enum Attention {
    /// Pixels of the same window, which may lie half a one further on.
    Space {
        windows: [(Window, Weight); 2],
        shifted: bool,
    },
    /// Channels, over all pixels.
    Channels { temperature: Weight },
}

/// The masks of shifted windows, for a picture's size.
type Masks = [Tensor; 2];

/// Attention and a convolution, each of which weighs the other.
#[derive(Debug, Clone)]
struct Attn {
    qkv: Linear,
    attention: Attention,
    dwconv: Conv,
    channel_interaction: [Conv; 2],
    spatial_interaction: [Conv; 2],
    proj: Linear,
    heads: i64,
}

impl Attn {
    fn load(
        weights: &mut Weights<'_>,
        config: &Config,
        name: &str,
        group: usize,
        block: usize,
    ) -> Result<Attn> {
        let (w, heads) = (config.width, config.groups[group].heads);
        let key = |part: &str| format!("{name}.{part}");
        let attention = if block % 2 == 1 {
            Attention::Channels {
                temperature: weights.tensor(&key("temperature"), &[heads, 1, 1])?,
            }
        } else {
            let mut half = |i: usize, window: Window| {
                let name = key(&format!("attns.{i}.pos"));
                Ok::<_, Error>((
                    window,
                    position_biases(weights, &name, window, w, heads / 2)?,
                ))
            };
            let windows = [half(0, config.window)?, half(1, turned(config.window))?];
            // Every second block of this kind, beginning with the second of even groups and the first of odd ones.
            let shifted = block % 4 == if group.is_multiple_of(2) { 2 } else { 0 };
            Attention::Space { windows, shifted }
        };
        let mut conv = |parts: [&str; 2], shape, each| {
            folded(weights, &key(parts[0]), &key(parts[1]), shape, each)
        };
        let (eighth, sixteenth) = (w / 8, w / 16);
        let dwconv = conv(["dwconv.0", "dwconv.1"], [w, 1, 3, 3], true)?;
        let (c, s) = ("channel_interaction", "spatial_interaction");
        let channel = conv(
            [&format!("{c}.1"), &format!("{c}.2")],
            [eighth, w, 1, 1],
            false,
        )?;
        let spatial = conv(
            [&format!("{s}.0"), &format!("{s}.1")],
            [sixteenth, w, 1, 1],
            false,
        )?;
        Ok(Attn {
            qkv: Linear::load(weights, &key("qkv"), 3 * w, w, config.qkv_bias)?,
            attention,
            dwconv,
            channel_interaction: [
                channel,
                weights.conv(&key(&format!("{c}.4")), w, eighth, 1)?,
            ],
            spatial_interaction: [
                spatial,
                weights.conv(&key(&format!("{s}.3")), 1, sixteenth, 1)?,
            ],
            proj: Linear::load(weights, &key("proj"), w, w, true)?,
            heads,
        })
    }

    /// N x h x w x c to as much.
    fn forward(&self, x: &Tensor, masks: &Masks) -> Result<Tensor, TchError> {
        let size = x.size();
        let c = size[3];
        let qkv = self.qkv.forward(x)?;
        let values = qkv.f_narrow(3, 2 * c, c)?;
        let conv = self.dwconv.forward(&to_planes(&values)?)?.f_gelu("none")?;
        let attended = match &self.attention {
            Attention::Space { windows, shifted } => {
                self.attend_to_space(&qkv, windows, shifted.then_some(masks))?
            }
            Attention::Channels { temperature } => self.attend_to_channels(&qkv, temperature)?,
        };
        let attended = to_planes(&attended)?;
        let (of_conv, of_attended) = match &self.attention {
            Attention::Space { .. } => (self.by_channel(&conv)?, self.by_pixel(&attended)?),
            Attention::Channels { .. } => (self.by_pixel(&conv)?, self.by_channel(&attended)?),
        };
        let y = attended
            .f_mul(&of_conv)?
            .f_add_(&conv.f_mul(&of_attended)?)?;
        self.proj.forward(&to_pixels(&y)?)
    }

    /// N x h x w x 3c to N x h x w x c.
    fn attend_to_space(
        &self,
        qkv: &Tensor,
        windows: &[(Window, Weight); 2],
        masks: Option<&Masks>,
    ) -> Result<Tensor, TchError> {
        let size = qkv.size();
        let (n, h, w, half) = (size[0], size[1], size[2], self.heads / 2);
        // Zeros on, at the right and below, up to full windows of either kind.
        let [filled_h, filled_w] = filled(windows[0].0, h, w);
        let qkv = qkv.f_constant_pad_nd([0, 0, 0, filled_w - w, 0, filled_h - h])?;
        // N x h x w x (queries, keys, values) x (first and second half's) heads x c
        let qkv = qkv.f_view([n, filled_h, filled_w, 3, 2 * half, -1])?;
        let mut halves = Vec::with_capacity(2);
        for (i, (window, biases)) in windows.iter().enumerate() {
            let part = qkv.f_narrow(4, i as i64 * half, half)?;
            halves.push(window.attend(&part, biases, masks.map(|masks| &masks[i]))?);
        }
        Tensor::f_cat(&halves, 3)?
            .f_narrow(1, 0, h)?
            .f_narrow(2, 0, w)
    }

    /// N x h x w x 3c to N x h x w x c.
    fn attend_to_channels(&self, qkv: &Tensor, temperature: &Tensor) -> Result<Tensor, TchError> {
        let size = qkv.size();
        let (n, h, w) = (size[0], size[1], size[2]);
        // (queries, keys, values) x N x heads x c x pixels
        let qkv = qkv
            .f_view([n, h * w, 3, self.heads, -1])?
            .f_permute([2, 0, 3, 4, 1])?;
        let unit = |x: Tensor| {
            let length = x.f_norm_scalaropt_dim(2.0, [-1i64].as_slice(), true)?;
            x.f_div(&length.f_clamp_min(1e-12)?)
        };
        let (q, k) = (unit(qkv.f_select(0, 0)?)?, unit(qkv.f_select(0, 1)?)?);
        let attention = q.f_matmul(&k.f_transpose(-2, -1)?)?.f_mul_(temperature)?;
        let y = attention
            .f_softmax(-1, None)?
            .f_matmul(&qkv.f_select(0, 2)?)?;
        y.f_permute([0, 3, 1, 2])?.f_reshape([n, h, w, -1])
    }

    /// A weight for each channel.
    fn by_channel(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let pooled = x.f_mean_dim([2i64, 3].as_slice(), true, None)?;
        weighing(&self.channel_interaction, &pooled)
    }

    /// A weight for each pixel.
    fn by_pixel(&self, x: &Tensor) -> Result<Tensor, TchError> {
        weighing(&self.spatial_interaction, x)
    }
}

/// h and w up to multiples of a window's longer side.
fn filled(window: Window, h: i64, w: i64) -> [i64; 2] {
    let side = window.height.max(window.width);
    [h, w].map(|length| (length + side - 1) / side * side)
}

fn weighing([first, last]: &[Conv; 2], x: &Tensor) -> Result<Tensor, TchError> {
    let inner = first.forward(x)?.f_gelu("none")?;
    last.forward(&inner)?.f_sigmoid()
}

/// What follows an attention: half of its channels, after a look at their neighbours, weigh the other half.
#[derive(Debug, Clone)]
struct Ffn {
    fc1: Linear,
    norm: Norm,
    conv: Conv,
    fc2: Linear,
    half: i64,
}

impl Ffn {
    fn load(weights: &mut Weights<'_>, config: &Config, name: &str) -> Result<Ffn> {
        let (w, hidden) = (config.width, config.hidden);
        let half = hidden / 2;
        let conv = weights.tensor(&format!("{name}.sg.conv.weight"), &[half, 1, 3, 3])?;
        let bias = weights.tensor(&format!("{name}.sg.conv.bias"), &[half])?;
        Ok(Ffn {
            fc1: Linear::load(weights, &format!("{name}.fc1"), hidden, w, true)?,
            norm: Norm::load(weights, &format!("{name}.sg.norm"), half)?,
            conv: Conv::each_channel(&conv, Some(bias))?,
            fc2: Linear::load(weights, &format!("{name}.fc2"), w, half, true)?,
            half,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let y = self.fc1.forward(x)?.f_gelu("none")?;
        let kept = y.f_narrow(3, 0, self.half)?;
        let weight = self.norm.forward(&y.f_narrow(3, self.half, self.half)?)?;
        let weight = to_pixels(&self.conv.forward(&to_planes(&weight)?)?)?;
        self.fc2.forward(&kept.f_mul(&weight)?)
    }
}

#[derive(Debug, Clone)]
struct Block {
    norm1: Norm,
    attn: Attn,
    norm2: Norm,
    ffn: Ffn,
}

impl Block {
    fn forward(&self, x: &Tensor, masks: &Masks) -> Result<Tensor, TchError> {
        let y = self
            .attn
            .forward(&self.norm1.forward(x)?, masks)?
            .f_add_(x)?;
        self.ffn.forward(&self.norm2.forward(&y)?)?.f_add_(&y)
    }
}

/// The network on one device.
#[derive(Debug, Clone)]
pub struct Dat {
    trunk: Trunk<Block>,
    window: Window,
}

impl Dat {
    /// Takes the weights of a DAT state dict.
    ///
    /// # Errors
    /// Missing or surplus keys, or a tensor of another shape: each named.
    pub fn load(state: &StateDict, config: &Config, place: Place) -> Result<Dat> {
        let mut weights = Weights::new(state, place);
        let w = config.width;
        let shape = Shape {
            width: w,
            groups: &config.groups,
            three_convs: config.three_convs,
            upsampler: config.upsampler,
        };
        let trunk = Trunk::load(&mut weights, shape, "before_RG.1", |weights, i, j| {
            let name = format!("layers.{i}.blocks.{j}");
            let key = |part: &str| format!("{name}.{part}");
            Ok(Block {
                norm1: Norm::load(weights, &key("norm1"), w)?,
                attn: Attn::load(weights, config, &key("attn"), i, j)?,
                norm2: Norm::load(weights, &key("norm2"), w)?,
                ffn: Ffn::load(weights, config, &key("ffn"))?,
            })
        })?;
        // What follows from the sizes of windows and pictures, and counts of training.
        let counted = [
            ".rpe_biases",
            ".relative_position_index",
            ".num_batches_tracked",
        ];
        weights.finish(|key| {
            counted.iter().any(|end| key.ends_with(end)) || key.contains(".attn_mask_")
        })?;
        Ok(Dat {
            trunk,
            window: config.window,
        })
    }
}

impl Forward for Dat {
    fn forward(&self, x: &Tensor, _: TileEdges) -> Result<Tensor, TchError> {
        let (_, _, h, w) = x.size4()?;
        let [filled_h, filled_w] = filled(self.window, h, w);
        let mask = |window: Window| window.mask(filled_h, filled_w, x);
        let masks = [mask(self.window)?, mask(turned(self.window))?];
        let x = self.trunk.centred(x)?;
        let y = self
            .trunk
            .forward(&x, |block, _, y| block.forward(y, &masks))?;
        self.trunk.restored(&y)
    }
}
