//! Compact: a plain chain of 3x3 convolutions at low resolution, shuffled into pixels at its end.
//!
//! SRVGGNetCompact of Real-ESRGAN, the network of `realesr-general-x4v3` and `realesr-animevideov3`:
//! Wang, Xie, Dong, Shan, "Real-ESRGAN", ICCVW 2021, <https://arxiv.org/abs/2107.10833>,
//! <https://github.com/xinntao/Real-ESRGAN>. Its one list of layers is called `body`: convolutions at even places,
//! trained slopes (PReLU) at odd ones. What it computes is added to its input, enlarged by repeating pixels.

use tch::{TchError, Tensor};
use uncanny_texture::{Scale, TileEdges, Tiling};

use super::layers::{
    Conv, Place, Slope, Weights, conv_shape, count, need_conv, repeat_pixels, shuffled_scale,
};
use super::{Architecture, Forward, padding_with};
use crate::checkpoint::{Checkpoint, StateDict};
use crate::{Error, Result};

/// Texels around a tile beyond which nothing shows. Measured on 24 textures of 16x16 against a context of 40: the 34
/// convolutions of `realesr-general-x4v3` differ by at most 1 level of 255 with 24 texels, by 4 with 20, by 13 with 16;
/// the 18 of `realesr-animevideov3` by at most 1 with 16.
const CONTEXT: u32 = 24;

/// Hyperparameters, all derived from tensor shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Channels between the convolutions.
    pub width: i64,
    /// Convolutions between the first and the last.
    pub depth: usize,
    /// The enlargement.
    pub scale: i64,
}

impl Architecture for Config {
    fn detect(checkpoint: &Checkpoint) -> Result<Option<Config>> {
        let state = &checkpoint.state;
        let slopes = state.shape("body.1.weight").map(<[usize]>::len);
        let Some([width, input, ..]) = conv_shape(state, "body.0.weight") else {
            return Ok(None);
        };
        if slopes != Some(1) {
            return Ok(None);
        }
        if input != 3 {
            return Err(Error::Shape {
                key: "body.0.weight".into(),
                expected: format!("[{width}, 3, 3, 3]"),
                found: format!("{:?}", state.shape("body.0.weight").unwrap_or_default()),
            });
        }
        let layers = count(state, |i| format!("body.{i}.weight"));
        if layers < 3 || layers % 2 == 0 {
            return Err(Error::missing(&[&format!("body.{layers}.weight")]));
        }
        let last = format!("body.{}.weight", layers - 1);
        Ok(Some(Config {
            width,
            depth: (layers - 3) / 2,
            scale: shuffled_scale(&last, need_conv(state, &last)?[0])?,
        }))
    }

    fn describe(&self) -> String {
        let (width, convs) = (self.width, self.depth + 2);
        format!("Compact, {width} channels, {convs} convolutions")
    }

    fn scale(&self) -> Scale {
        Scale::new(self.scale as u32).expect("detect admits 1 to 64")
    }

    fn flops(&self, width: u64, height: u64) -> u64 {
        let w = self.width as u64;
        let weights = 27 * w + 9 * w * w * self.depth as u64 + 27 * w * (self.scale as u64).pow(2);
        2 * weights * width * height
    }

    /// Plain convolutions of bounded values: nothing in it leaves the range of f16, and its makers run it so.
    fn half(&self) -> bool {
        true
    }

    fn tiling(&self) -> Tiling {
        // Each convolution sees one texel further.
        let context = (self.depth as u32 + 2).next_multiple_of(4).min(CONTEXT);
        padding_with(context, self.scale())
    }

    fn load(&self, state: &StateDict, place: Place) -> Result<Box<dyn Forward>> {
        Ok(Box::new(Compact::load(state, *self, place)?))
    }
}

/// The network on one device.
#[derive(Debug, Clone)]
pub struct Compact {
    body: Vec<(Conv, Option<Slope>)>,
    scale: i64,
}

impl Compact {
    /// Takes the weights of a Compact state dict.
    ///
    /// # Errors
    /// Missing or surplus keys, or a tensor of another shape: each named.
    pub fn load(state: &StateDict, config: Config, place: Place) -> Result<Compact> {
        let mut weights = Weights::new(state, place);
        let mut body = Vec::with_capacity(config.depth + 2);
        let width = config.width;
        for layer in 0..=config.depth {
            let input = if layer == 0 { 3 } else { width };
            let conv = weights.conv(&format!("body.{}", 2 * layer), width, input, 3)?;
            let slopes = weights.tensor(&format!("body.{}.weight", 2 * layer + 1), &[width])?;
            body.push((conv, Some(Slope::trained(slopes))));
        }
        let last = format!("body.{}", 2 * config.depth + 2);
        let out = 3 * config.scale * config.scale;
        body.push((weights.conv(&last, out, width, 3)?, None));
        weights.finish(|_| false)?;
        Ok(Compact {
            body,
            scale: config.scale,
        })
    }
}

impl Forward for Compact {
    fn forward(&self, x: &Tensor, edges: TileEdges) -> Result<Tensor, TchError> {
        let mut y = x.shallow_clone();
        for (conv, slope) in &self.body {
            y = conv.padded(&y, edges)?;
            if let Some(slope) = slope {
                y = slope.forward(&y)?;
            }
        }
        y.f_pixel_shuffle(self.scale)?
            .f_add(&repeat_pixels(x, self.scale)?)
    }
}
