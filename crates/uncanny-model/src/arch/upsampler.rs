//! How SwinIR and DAT, and many of their kind, make a larger picture of what they computed.

use tch::{TchError, Tensor};
use uncanny_texture::Scale;

use super::layers::{Conv, Slope, Weights, count, need_conv, repeat_pixels, shuffled_scale};
use crate::checkpoint::StateDict;
use crate::{Error, Result};

/// How what was computed becomes a larger picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upsampler {
    /// Doublings, or one tripling, by a convolution whose channels are shuffled into pixels ("pixelshuffle").
    Shuffle {
        /// Channels meanwhile.
        features: i64,
        /// How often it is enlarged.
        steps: usize,
        /// By how much each time: 2 or 3.
        each: i64,
    },
    /// One convolution, shuffled into RGB ("pixelshuffledirect").
    Direct {
        /// The enlargement.
        scale: i64,
    },
    /// Doublings by repeated pixels, and a convolution after each ("nearest+conv").
    Repeat {
        /// Channels meanwhile.
        features: i64,
        /// How many.
        doublings: usize,
    },
    /// None: a convolution into RGB, to be added to the picture.
    Same,
}

impl Upsampler {
    /// By key names and shapes.
    pub(crate) fn detect(state: &StateDict) -> Result<Upsampler> {
        let before = "conv_before_upsample.0.weight";
        if !state.contains(before) {
            let direct = "upsample.0.weight";
            return Ok(match state.contains(direct) {
                true => Upsampler::Direct {
                    scale: shuffled_scale(direct, need_conv(state, direct)?[0])?,
                },
                false => Upsampler::Same,
            });
        }
        let [features, ..] = need_conv(state, before)?;
        if state.contains("conv_up1.weight") {
            let doublings = count(state, |i| format!("conv_up{}.weight", i + 1));
            return match doublings {
                1..=3 => Ok(Upsampler::Repeat {
                    features,
                    doublings,
                }),
                _ => Err(Error::Value {
                    what: "the number of doublings",
                    value: doublings as f64,
                    expected: "at most 3",
                }),
            };
        }
        let steps = count(state, |i| format!("upsample.{}.weight", 2 * i));
        let each = match steps {
            0 => 1,
            _ => {
                let first = "upsample.0.weight";
                let [out, ..] = need_conv(state, first)?;
                match (out == 4 * features, out == 9 * features) {
                    (true, _) if steps <= 3 => 2,
                    (_, true) if steps == 1 => 3,
                    _ => {
                        return Err(Error::Shape {
                            key: first.into(),
                            expected: format!("[{}, …] for doubling", 4 * features),
                            found: format!("[{out}, …], {steps} times"),
                        });
                    }
                }
            }
        };
        Ok(Upsampler::Shuffle {
            features,
            steps,
            each,
        })
    }

    pub(crate) fn scale(self) -> Scale {
        let scale = match self {
            Upsampler::Shuffle { steps, each, .. } => each.pow(steps as u32),
            Upsampler::Direct { scale } => scale,
            Upsampler::Repeat { doublings, .. } => 1 << doublings,
            Upsampler::Same => 1,
        };
        Scale::new(scale as u32).expect("detect admits 1 to 64")
    }

    /// Multiply-adds for each pixel of the input, of `width` channels.
    pub(crate) fn cost(self, width: u64) -> u64 {
        let enlarged = u64::from(self.scale().get()).pow(2);
        match self {
            Upsampler::Shuffle {
                features,
                steps,
                each,
            } => {
                let (f, area) = (features as u64, (each * each) as u64);
                let ups = (0..steps as u32).map(|step| 9 * f * area * f * area.pow(step));
                9 * width * f + ups.sum::<u64>() + 27 * f * enlarged
            }
            Upsampler::Direct { .. } | Upsampler::Same => 27 * width * enlarged,
            Upsampler::Repeat {
                features,
                doublings,
            } => {
                let f = features as u64;
                let ups = (1..=doublings).map(|step| (9 * f * f) << (2 * step));
                9 * width * f + ups.sum::<u64>() + (9 * f * f + 27 * f) * enlarged
            }
        }
    }
}

/// [`Upsampler`] with its weights.
#[derive(Debug, Clone)]
pub(crate) struct Upsample {
    kind: Upsampler,
    /// In the order in which they are used.
    convs: Vec<Conv>,
    /// After the first of them.
    gentle: Slope,
    /// After those between.
    slope: Slope,
}

impl Upsample {
    pub(crate) fn load(weights: &mut Weights<'_>, kind: Upsampler, width: i64) -> Result<Upsample> {
        let mut convs = Vec::new();
        match kind {
            Upsampler::Shuffle {
                features: f,
                steps,
                each,
            } => {
                convs.push(weights.conv("conv_before_upsample.0", f, width, 3)?);
                for step in 0..steps {
                    let name = format!("upsample.{}", 2 * step);
                    convs.push(weights.conv(&name, each * each * f, f, 3)?);
                }
                convs.push(weights.conv("conv_last", 3, f, 3)?);
            }
            Upsampler::Direct { scale } => {
                convs.push(weights.conv("upsample.0", 3 * scale * scale, width, 3)?);
            }
            Upsampler::Repeat {
                features: f,
                doublings,
            } => {
                convs.push(weights.conv("conv_before_upsample.0", f, width, 3)?);
                for step in 1..=doublings {
                    convs.push(weights.conv(&format!("conv_up{step}"), f, f, 3)?);
                }
                convs.push(weights.conv("conv_hr", f, f, 3)?);
                convs.push(weights.conv("conv_last", 3, f, 3)?);
            }
            Upsampler::Same => convs.push(weights.conv("conv_last", 3, width, 3)?),
        }
        Ok(Upsample {
            kind,
            convs,
            gentle: Slope::leaky(0.01, weights.place())?,
            slope: Slope::leaky(0.2, weights.place())?,
        })
    }

    /// N x c x h x w to N x 3 x kh x kw.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let mut convs = self.convs.iter();
        let mut next = |x: &Tensor| convs.next().expect("as many as its kind has").forward(x);
        let mut y = next(x)?;
        match self.kind {
            Upsampler::Shuffle { steps, each, .. } => {
                y = self.gentle.forward(&y)?;
                for _ in 0..steps {
                    y = next(&y)?.f_pixel_shuffle(each)?;
                }
                next(&y)
            }
            Upsampler::Direct { scale } => y.f_pixel_shuffle(scale),
            Upsampler::Repeat { doublings, .. } => {
                y = self.gentle.forward(&y)?;
                for _ in 0..doublings {
                    y = self.slope.forward(&next(&repeat_pixels(&y, 2)?)?)?;
                }
                y = self.slope.forward(&next(&y)?)?;
                next(&y)
            }
            Upsampler::Same => Ok(y),
        }
    }
}
