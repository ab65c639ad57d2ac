//! What the window transformers, SwinIR and DAT, share: layers over channels, attention within windows, and all that is
//! around their blocks.
//!
//! Pixels are N x h x w x c here, each one's channels side by side; a convolution sees the same memory as N x c x h x w.

use tch::{TchError, Tensor};

use super::layers::{Conv, Slope, Weight, Weights};
use super::upsampler::{Upsample, Upsampler};
use crate::Result;
use crate::checkpoint::StateDict;

/// Subtracted from RGB, as their authors' training data has it; no file says otherwise.
const MEAN: [f32; 3] = [0.4488, 0.4371, 0.4040];

/// Added to the variance by norms over channels.
const NORM_EPS: f64 = 1e-5;

/// Between pixels that a shifted window holds from opposite sides of the picture.
const APART: f32 = -100.0;

/// How many blocks a group has, and how many heads each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// Blocks.
    pub blocks: usize,
    /// Heads that attend each on its own, to its share of the channels.
    pub heads: i64,
}

/// N x h x w x c to N x c x h x w.
pub(crate) fn to_planes(x: &Tensor) -> Result<Tensor, TchError> {
    x.f_permute([0, 3, 1, 2])
}

/// N x c x h x w to N x h x w x c.
pub(crate) fn to_pixels(x: &Tensor) -> Result<Tensor, TchError> {
    x.f_permute([0, 2, 3, 1])
}

/// A layer from all channels of a pixel to others.
#[derive(Debug, Clone)]
pub(crate) struct Linear {
    weight: Weight,
    bias: Option<Weight>,
}

impl Linear {
    pub(crate) fn load(
        weights: &mut Weights<'_>,
        name: &str,
        out: i64,
        input: i64,
        bias: bool,
    ) -> Result<Linear> {
        let weight = weights.tensor(&format!("{name}.weight"), &[out, input])?;
        let bias = match bias {
            true => Some(weights.tensor(&format!("{name}.bias"), &[out])?),
            false => None,
        };
        Ok(Linear { weight, bias })
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor, TchError> {
        x.f_linear(&self.weight, self.bias.as_deref())
    }
}

/// A pixel's channels to mean 0 and variance 1, then to trained ones.
#[derive(Debug, Clone)]
pub(crate) struct Norm {
    weight: Weight,
    bias: Weight,
}

impl Norm {
    pub(crate) fn load(weights: &mut Weights<'_>, name: &str, width: i64) -> Result<Norm> {
        Ok(Norm {
            weight: weights.tensor(&format!("{name}.weight"), &[width])?,
            bias: weights.tensor(&format!("{name}.bias"), &[width])?,
        })
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let (weight, bias) = (Some(&*self.weight), Some(&*self.bias));
        x.f_layer_norm(self.bias.size(), weight, bias, NORM_EPS, false)
    }
}

/// A rectangle of pixels that attend to one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Rows.
    pub height: i64,
    /// Columns.
    pub width: i64,
}

impl Window {
    /// How many pixels it has.
    pub(crate) fn pixels(self) -> i64 {
        self.height * self.width
    }

    /// How many places one of its pixels can have as seen from another.
    pub(crate) fn places(self) -> i64 {
        (2 * self.height - 1) * (2 * self.width - 1)
    }

    /// What each place adds to the attention, places x heads, to the same for each pair of pixels: 1 x heads x pixels x
    /// pixels.
    pub(crate) fn biases(self, table: &Tensor) -> Result<Tensor, TchError> {
        let (h, w) = (self.height, self.width);
        let pixels = || (0..h).flat_map(|y| (0..w).map(move |x| (y, x)));
        let place = |((y, x), (v, u))| (y - v + h - 1) * (2 * w - 1) + (x - u + w - 1);
        let pairs = pixels().flat_map(|a| pixels().map(move |b| (a, b)));
        let places: Vec<i64> = pairs.map(place).collect();
        let n = self.pixels();
        let places = Tensor::f_from_slice(&places)?.f_to_device(table.device())?;
        let biases = table.f_index_select(0, &places)?;
        biases
            .f_view([1, n, n, -1])?
            .f_permute([0, 3, 1, 2])?
            .f_contiguous()
    }

    /// For a picture of h x w, moved by half a window to the left and up: what keeps pixels apart that come from
    /// opposite sides. Windows x 1 x pixels x pixels.
    pub(crate) fn mask(self, h: i64, w: i64, like: &Tensor) -> Result<Tensor, TchError> {
        // Only the last window of a row or column has two parts.
        let part = |i: i64, length: i64, side: i64| i64::from(i >= length - side / 2);
        let (rows, columns) = (h / self.height, w / self.width);
        let n = self.pixels();
        let mut mask = Vec::with_capacity((rows * columns * n * n) as usize);
        for window in 0..rows * columns {
            let (row, column) = (window / columns, window % columns);
            let parts: Vec<(i64, i64)> = (0..n)
                .map(|i| {
                    let y = row * self.height + i / self.width;
                    let x = column * self.width + i % self.width;
                    (part(y, h, self.height), part(x, w, self.width))
                })
                .collect();
            for a in &parts {
                mask.extend(parts.iter().map(|b| if a == b { 0.0 } else { APART }));
            }
        }
        let mask = Tensor::f_from_slice(&mask)?.f_view([-1, 1, n, n])?;
        mask.f_to_device(like.device())?.f_to_kind(like.kind())
    }

    /// Attention within each window of N x h x w x 3 x heads x c (queries, keys and values), h and w multiples of the
    /// window's, to N x h x w x heads * c. With a mask: of windows that lie half a one further down and to the right.
    pub(crate) fn attend(
        self,
        qkv: &Tensor,
        biases: &Tensor,
        mask: Option<&Tensor>,
    ) -> Result<Tensor, TchError> {
        let size = qkv.size();
        let &[n, h, w, three, heads, c] = size.as_slice() else {
            unreachable!("its caller gives it six dimensions");
        };
        let shift = [self.height / 2, self.width / 2];
        let moved = match mask {
            Some(_) => qkv.f_roll(shift.map(|side| -side), [1, 2])?,
            None => qkv.shallow_clone(),
        };
        let (rows, columns, pixels) = (h / self.height, w / self.width, self.pixels());
        let windows = rows * columns;
        let qkv = moved
            .f_reshape([n, rows, self.height, columns, self.width, three, heads, c])?
            .f_permute([5, 0, 1, 3, 6, 2, 4, 7])?
            .f_reshape([three, n * windows, heads, pixels, c])?;
        let (q, k, v) = (
            qkv.f_select(0, 0)?,
            qkv.f_select(0, 1)?,
            qkv.f_select(0, 2)?,
        );
        let q = q.f_mul_scalar((c as f64).powf(-0.5))?;
        let mut attention = q.f_matmul(&k.f_transpose(-2, -1)?)?.f_add_(biases)?;
        if let Some(mask) = mask {
            attention = attention
                .f_view([n, windows, heads, pixels, pixels])?
                .f_add_(mask)?
                .f_view([n * windows, heads, pixels, pixels])?;
        }
        let y = attention
            .f_softmax(-1, None)?
            .f_matmul(&v)?
            .f_view([n, rows, columns, heads, self.height, self.width, c].as_slice())?
            .f_permute([0, 1, 4, 2, 5, 3, 6])?
            .f_reshape([n, h, w, heads * c])?;
        match mask {
            Some(_) => y.f_roll(shift, [1, 2]),
            None => Ok(y),
        }
    }
}

/// What ends a group of blocks: a convolution, or three with a quarter of the channels between them.
#[derive(Debug, Clone)]
pub(crate) struct Tail {
    convs: Vec<Conv>,
    slope: Slope,
}

impl Tail {
    /// Whether there are three of that name.
    pub(crate) fn is_three(state: &StateDict, name: &str) -> bool {
        state.contains(&format!("{name}.0.weight"))
    }

    pub(crate) fn load(
        weights: &mut Weights<'_>,
        name: &str,
        width: i64,
        three: bool,
    ) -> Result<Tail> {
        let quarter = width / 4;
        let convs = match three {
            true => vec![
                weights.conv(&format!("{name}.0"), quarter, width, 3)?,
                weights.conv(&format!("{name}.2"), quarter, quarter, 1)?,
                weights.conv(&format!("{name}.4"), width, quarter, 3)?,
            ],
            false => vec![weights.conv(name, width, width, 3)?],
        };
        let slope = Slope::leaky(0.2, weights.place())?;
        Ok(Tail { convs, slope })
    }

    /// N x c x h x w to as much.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let mut y = self.convs[0].forward(x)?;
        for conv in &self.convs[1..] {
            y = conv.forward(&self.slope.forward(&y)?)?;
        }
        Ok(y)
    }

    /// Multiply-adds for each pixel.
    pub(crate) fn cost(width: u64, three: bool) -> u64 {
        let quarter = width / 4;
        match three {
            true => 2 * 9 * width * quarter + quarter * quarter,
            false => 9 * width * width,
        }
    }
}

/// How much of it there is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape<'a> {
    pub(crate) width: i64,
    pub(crate) groups: &'a [Group],
    pub(crate) three_convs: bool,
    pub(crate) upsampler: Upsampler,
}

/// A network around its blocks: groups of them between convolutions, then the enlargement.
#[derive(Debug, Clone)]
pub(crate) struct Trunk<B> {
    conv_first: Conv,
    norm_first: Norm,
    layers: Vec<(Vec<B>, Tail)>,
    norm: Norm,
    conv_after_body: Tail,
    upsample: Upsample,
    /// 1 x 3 x 1 x 1.
    mean: Weight,
}

impl<B> Trunk<B> {
    /// `block` loads one, by its group and its place in it.
    pub(crate) fn load(
        weights: &mut Weights<'_>,
        shape: Shape<'_>,
        norm_first: &str,
        mut block: impl FnMut(&mut Weights<'_>, usize, usize) -> Result<B>,
    ) -> Result<Trunk<B>> {
        let (w, three) = (shape.width, shape.three_convs);
        let conv_first = weights.conv("conv_first", w, 3, 3)?;
        let mut layers = Vec::with_capacity(shape.groups.len());
        for (i, group) in shape.groups.iter().enumerate() {
            let blocks = (0..group.blocks).map(|j| block(weights, i, j));
            let blocks = blocks.collect::<Result<_>>()?;
            let tail = Tail::load(weights, &format!("layers.{i}.conv"), w, three)?;
            layers.push((blocks, tail));
        }
        Ok(Trunk {
            conv_first,
            norm_first: Norm::load(weights, norm_first, w)?,
            layers,
            norm: Norm::load(weights, "norm", w)?,
            conv_after_body: Tail::load(weights, "conv_after_body", w, three)?,
            upsample: Upsample::load(weights, shape.upsampler, w)?,
            mean: weights.put(&Tensor::f_from_slice(&MEAN)?.f_view([1, 3, 1, 1])?)?,
        })
    }

    /// RGB less the training data's mean.
    pub(crate) fn centred(&self, x: &Tensor) -> Result<Tensor, TchError> {
        x.f_sub(&self.mean)
    }

    /// The opposite.
    pub(crate) fn restored(&self, x: &Tensor) -> Result<Tensor, TchError> {
        x.f_add(&self.mean)
    }

    /// N x 3 x h x w to N x 3 x kh x kw. `run` has a block, by its place in its group, see N x h x w x c.
    pub(crate) fn forward(
        &self,
        x: &Tensor,
        run: impl Fn(&B, usize, &Tensor) -> Result<Tensor, TchError>,
    ) -> Result<Tensor, TchError> {
        let first = self.conv_first.forward(x)?;
        let mut y = self.norm_first.forward(&to_pixels(&first)?)?;
        for (blocks, tail) in &self.layers {
            let mut inner = y.shallow_clone();
            for (i, block) in blocks.iter().enumerate() {
                inner = run(block, i, &inner)?;
            }
            y = to_pixels(&tail.forward(&to_planes(&inner)?)?)?.f_add_(&y)?;
        }
        let y = to_planes(&self.norm.forward(&y)?)?;
        let y = self.conv_after_body.forward(&y)?.f_add_(&first)?;
        self.upsample.forward(&y)
    }
}
