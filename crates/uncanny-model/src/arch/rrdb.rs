//! RRDB: residual dense blocks within residual blocks, then doublings by repeated pixels; ESRGAN and Real-ESRGAN.
//!
//! Wang, Yu, Wu, Gu, Liu, Dong, Qiao, Loy, "ESRGAN", ECCVW 2018, <https://arxiv.org/abs/1809.00219>,
//! <https://github.com/xinntao/ESRGAN>; Wang, Xie, Dong, Shan, "Real-ESRGAN", ICCVW 2021,
//! <https://arxiv.org/abs/2107.10833>, <https://github.com/xinntao/Real-ESRGAN>. The additional paths of ESRGAN+ are
//! those of Rakotonirina, Rasoanaivo, ICASSP 2020, <https://arxiv.org/abs/2001.08073>.
//!
//! Three generations of files name the same layers differently ([`Names`]). A network of enlargement 1 or 2 may first
//! fold squares of 4x4 or 2x2 pixels into channels (Real-ESRGAN), so that all that follows works on fewer pixels.

use tch::{TchError, Tensor};
use uncanny_texture::{Padding, Scale, TileEdges, Tiling};

use super::layers::{
    Conv, Place, Slope, Weights, conv_shape, count, extended, mirrored_to, need_conv, repeat_pixels,
};
use super::{Architecture, Forward, padding_with};
use crate::checkpoint::{Checkpoint, StateDict};
use crate::{Error, Result};

/// Texels around a tile beyond which little should show. On paper a network of 23 blocks sees some 350 texels far; the
/// script of Real-ESRGAN gives its tiles 10, and what is left of a joint is blended over [`FEATHER`].
const CONTEXT: u32 = 16;
/// The same where pixels are folded into channels, and the rest of the network works on fewer.
const FOLDED_CONTEXT: u32 = 24;

/// Texels over which neighbouring tiles are blended.
const FEATHER: u32 = 4;

/// What each residual is multiplied by.
const RESIDUAL: f64 = 0.2;

/// How a file names the layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// The first ESRGAN, and most of the community's: one list of layers called `model`.
    Old,
    /// ESRGAN later, BSRGAN, RealSR: `RRDB_trunk`, `trunk_conv`, `upconv1`, `HRconv`.
    Trunk,
    /// BasicSR and Real-ESRGAN: `body`, `conv_body`, `conv_up1`, `conv_hr`.
    Body,
}

impl Names {
    fn first(self) -> &'static str {
        match self {
            Names::Old => "model.0",
            Names::Trunk | Names::Body => "conv_first",
        }
    }

    /// Convolution 1 to 5 of dense block 1 to 3 of block `block`.
    fn dense(self, block: usize, dense: usize, conv: &str) -> String {
        match self {
            Names::Old if conv == "conv1x1" => format!("model.1.sub.{block}.RDB{dense}.{conv}"),
            Names::Old => format!("model.1.sub.{block}.RDB{dense}.{conv}.0"),
            Names::Trunk => format!("RRDB_trunk.{block}.RDB{dense}.{conv}"),
            Names::Body => format!("body.{block}.rdb{dense}.{conv}"),
        }
    }

    /// The convolution after the blocks.
    fn trunk(self, blocks: usize) -> String {
        match self {
            Names::Old => format!("model.1.sub.{blocks}"),
            Names::Trunk => "trunk_conv".into(),
            Names::Body => "conv_body".into(),
        }
    }

    /// The convolution after doubling 1, 2, …
    fn up(self, doubling: usize) -> String {
        match self {
            Names::Old => format!("model.{}", 3 * doubling),
            Names::Trunk => format!("upconv{doubling}"),
            Names::Body => format!("conv_up{doubling}"),
        }
    }

    /// The last but one convolution, after so many doublings.
    fn hr(self, doublings: usize) -> String {
        match self {
            Names::Old => format!("model.{}", 3 * doublings + 2),
            Names::Trunk => "HRconv".into(),
            Names::Body => "conv_hr".into(),
        }
    }

    /// The last convolution, after so many doublings.
    fn last(self, doublings: usize) -> String {
        match self {
            Names::Old => format!("model.{}", 3 * doublings + 4),
            Names::Trunk | Names::Body => "conv_last".into(),
        }
    }
}

/// Hyperparameters, all derived from key names and tensor shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// How the layers are called.
    pub names: Names,
    /// Channels between the blocks: 64, or 32 in "lite" networks.
    pub width: i64,
    /// Channels that each convolution of a dense block adds: 32.
    pub growth: i64,
    /// Blocks of three dense blocks: 23, or 6 for drawings.
    pub blocks: usize,
    /// Doublings at the end.
    pub doublings: usize,
    /// Side of the squares of pixels that are folded into channels at the start; 1 where none are.
    pub unshuffle: i64,
    /// With the additional paths of ESRGAN+.
    pub plus: bool,
}

impl Architecture for Config {
    fn detect(checkpoint: &Checkpoint) -> Result<Option<Config>> {
        let state = &checkpoint.state;
        let begins = |names: &Names| state.contains(&weight(&names.dense(0, 1, "conv1")));
        let Some(names) = [Names::Old, Names::Trunk, Names::Body]
            .into_iter()
            .find(begins)
        else {
            return Ok(None);
        };
        let first = weight(names.first());
        let [width, input, ..] = need_conv(state, &first)?;
        let unshuffle = match input {
            3 => 1,
            12 => 2,
            48 => 4,
            _ => {
                return Err(Error::Shape {
                    key: first.clone(),
                    expected: "[…, 3, 3, 3] for RGB, 12 or 48 where pixels are folded".into(),
                    found: format!("{:?}", state.shape(&first).unwrap_or_default()),
                });
            }
        };
        let [growth, ..] = need_conv(state, &weight(&names.dense(0, 1, "conv1")))?;
        let doublings = count(state, |i| weight(&names.up(i + 1)));
        if doublings > 6 || (1 << doublings) % unshuffle != 0 {
            return Err(Error::Value {
                what: "the number of doublings",
                value: doublings as f64,
                expected: "at most 6, and as many as are folded at the start",
            });
        }
        Ok(Some(Config {
            names,
            width,
            growth,
            blocks: count(state, |i| weight(&names.dense(i, 1, "conv1"))),
            doublings,
            unshuffle,
            plus: conv_shape(state, &weight(&names.dense(0, 1, "conv1x1"))).is_some(),
        }))
    }

    fn describe(&self) -> String {
        let plus = if self.plus { "+" } else { "" };
        let (width, blocks) = (self.width, self.blocks);
        format!("RRDB{plus} (ESRGAN), {width} channels, {blocks} blocks")
    }

    fn scale(&self) -> Scale {
        let scale = (1 << self.doublings) / self.unshuffle;
        Scale::new(scale as u32).expect("detect admits 1 to 64")
    }

    fn flops(&self, width: u64, height: u64) -> u64 {
        let (w, g) = (self.width as u64, self.growth as u64);
        let fold = (self.unshuffle as u64).pow(2);
        let dense: u64 = (0..4).map(|i| 9 * (w + i * g) * g).sum::<u64>() + 9 * (w + 4 * g) * w;
        let plus = if self.plus { w * g } else { 0 };
        let mut weights = 27 * fold * w + 3 * (dense + plus) * self.blocks as u64 + 9 * w * w;
        weights += (1..=self.doublings)
            .map(|i| (9 * w * w) << (2 * i))
            .sum::<u64>();
        weights += (9 * w * w + 27 * w) << (2 * self.doublings);
        2 * weights * width * height / fold
    }

    /// Each residual is scaled down before it is added, and values stay small; Real-ESRGAN runs in f16 by default.
    fn half(&self) -> bool {
        true
    }

    fn tiling(&self) -> Tiling {
        Tiling {
            feather: FEATHER,
            ..padding_with(self.context(), self.scale())
        }
    }

    fn load(&self, state: &StateDict, place: Place) -> Result<Box<dyn Forward>> {
        Ok(Box::new(Rrdb::load(state, *self, place)?))
    }
}

impl Config {
    /// Texels of context that a tile needs on each side: a multiple of 4, so that tiles are folded alike.
    fn context(&self) -> u32 {
        let reach = (15 * self.blocks as u32 + 5) * self.unshuffle as u32;
        let most = if self.unshuffle > 1 {
            FOLDED_CONTEXT
        } else {
            CONTEXT
        };
        reach.min(most).next_multiple_of(4)
    }
}

fn weight(name: &str) -> String {
    format!("{name}.weight")
}

/// Five convolutions, each of which sees what all before it made.
#[derive(Debug, Clone)]
struct Dense {
    convs: [Conv; 5],
    conv1x1: Option<Conv>,
}

impl Dense {
    fn load(
        weights: &mut Weights<'_>,
        config: Config,
        block: usize,
        dense: usize,
    ) -> Result<Dense> {
        let (w, g) = (config.width, config.growth);
        let name = |conv: &str| config.names.dense(block, dense, conv);
        let mut conv = |i: i64| {
            let out = if i == 5 { w } else { g };
            weights.conv(&name(&format!("conv{i}")), out, w + (i - 1) * g, 3)
        };
        let convs = [conv(1)?, conv(2)?, conv(3)?, conv(4)?, conv(5)?];
        let conv1x1 = if config.plus {
            let weight = weights.tensor(&weight(&name("conv1x1")), &[g, w, 1, 1])?;
            Some(Conv::new(&weight, None)?)
        } else {
            None
        };
        Ok(Dense { convs, conv1x1 })
    }

    fn forward(&self, x: &Tensor, slope: &Slope, edges: TileEdges) -> Result<Tensor, TchError> {
        let mut seen = vec![x.shallow_clone()];
        for (i, conv) in self.convs[..4].iter().enumerate() {
            let mut y = slope.forward(&conv.padded(&Tensor::f_cat(&seen, 1)?, edges)?)?;
            match (&self.conv1x1, i) {
                (Some(conv1x1), 1) => y = y.f_add_(&conv1x1.forward(x)?)?,
                (Some(_), 3) => y = y.f_add_(&seen[2])?,
                _ => {}
            }
            seen.push(y);
        }
        let y = self.convs[4].padded(&Tensor::f_cat(&seen, 1)?, edges)?;
        add_scaled(x, y)
    }
}

/// x + 0.2 y.
fn add_scaled(x: &Tensor, mut y: Tensor) -> Result<Tensor, TchError> {
    y.f_mul_scalar_(RESIDUAL)?.f_add_(x)
}

/// The network on one device.
#[derive(Debug, Clone)]
pub struct Rrdb {
    conv_first: Conv,
    body: Vec<[Dense; 3]>,
    conv_body: Conv,
    conv_up: Vec<Conv>,
    conv_hr: Conv,
    conv_last: Conv,
    slope: Slope,
    config: Config,
}

impl Rrdb {
    /// Takes the weights of an RRDB state dict.
    ///
    /// # Errors
    /// Missing or surplus keys, or a tensor of another shape: each named.
    pub fn load(state: &StateDict, config: Config, place: Place) -> Result<Rrdb> {
        let Config {
            names,
            width: w,
            doublings,
            ..
        } = config;
        let mut weights = Weights::new(state, place);
        let fold = config.unshuffle * config.unshuffle;
        let conv_first = weights.conv(names.first(), w, 3 * fold, 3)?;
        let mut body = Vec::with_capacity(config.blocks);
        for block in 0..config.blocks {
            let mut dense = |i| Dense::load(&mut weights, config, block, i);
            body.push([dense(1)?, dense(2)?, dense(3)?]);
        }
        let conv_body = weights.conv(&names.trunk(config.blocks), w, w, 3)?;
        let conv_up = (1..=doublings)
            .map(|i| weights.conv(&names.up(i), w, w, 3))
            .collect::<Result<_>>()?;
        let conv_hr = weights.conv(&names.hr(doublings), w, w, 3)?;
        let conv_last = weights.conv(&names.last(doublings), 3, w, 3)?;
        weights.finish(|_| false)?;
        Ok(Rrdb {
            conv_first,
            body,
            conv_body,
            conv_up,
            conv_hr,
            conv_last,
            slope: Slope::leaky(0.2, place)?,
            config,
        })
    }
}

impl Forward for Rrdb {
    fn forward(&self, x: &Tensor, edges: TileEdges) -> Result<Tensor, TchError> {
        let (_, _, h, w) = x.size4()?;
        let Folded { x, edges, before } = self.fold(x, edges)?;
        let y = self.conv_first.padded(&x, edges)?;
        let mut z = y.shallow_clone();
        for block in &self.body {
            let mut inner = z.shallow_clone();
            for dense in block {
                inner = dense.forward(&inner, &self.slope, edges)?;
            }
            z = add_scaled(&z, inner)?;
        }
        let mut y = self.conv_body.padded(&z, edges)?.f_add_(&y)?;
        for conv in &self.conv_up {
            let doubled = repeat_pixels(&y, 2)?;
            y = self.slope.forward(&conv.padded(&doubled, edges)?)?;
        }
        let y = self.slope.forward(&self.conv_hr.padded(&y, edges)?)?;
        let y = self.conv_last.padded(&y, edges)?;
        // What folding needed beyond the picture goes again.
        let k = i64::from(self.config.scale().get());
        y.f_narrow(2, k * before[1], k * h)?
            .f_narrow(3, k * before[0], k * w)
    }
}

/// A picture whose squares of pixels are channels.
struct Folded {
    x: Tensor,
    /// Beyond it.
    edges: TileEdges,
    /// Columns and rows, in pixels, that were put before it.
    before: [i64; 2],
}

impl Rrdb {
    /// Squares of pixels into channels. Where they are not full, the picture goes on a little at the right and below:
    /// mirrored where zeros lie beyond it, else by its edges. One that wraps goes on so far on all sides that the joint
    /// which its squares would make does not show.
    fn fold(&self, x: &Tensor, edges: TileEdges) -> Result<Folded, TchError> {
        let side = self.config.unshuffle;
        let (_, _, h, w) = x.size4()?;
        let more = |length: i64, padding: Padding| {
            let lacking = (side - length % side) % side;
            match padding {
                Padding::Wrap if lacking > 0 => {
                    let context = i64::from(FOLDED_CONTEXT);
                    ([context, context + lacking], Padding::Replicate)
                }
                Padding::Zero => ([0, 0], padding),
                _ => ([0, lacking], padding),
            }
        };
        let ((columns, after_x), (rows, after_y)) = (more(w, edges.x), more(h, edges.y));
        let x = extended(x, columns, rows, edges)?;
        let x = match side {
            1 => x,
            _ => mirrored_to(&x, side)?.f_pixel_unshuffle(side)?,
        };
        Ok(Folded {
            x,
            edges: TileEdges {
                x: after_x,
                y: after_y,
            },
            before: [columns[0], rows[0]],
        })
    }
}
