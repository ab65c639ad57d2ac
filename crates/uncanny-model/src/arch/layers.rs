//! What the convolutional architectures share: weights taken from a state dict by name, and layers made of them.
//!
//! Tensors are N x c x h x w. Every operation reports what libtorch reports, such as memory running out.

use std::collections::BTreeSet;

use tch::{Device, Kind, TchError, Tensor};

use crate::checkpoint::StateDict;
use crate::tensors::{to_tensor, try_channels_last};
use crate::{Error, Result};

/// Where a network's weights go, and as what.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The processor.
    pub device: Device,
    /// The number format.
    pub kind: Kind,
}

impl Place {
    /// The CPU, in f32.
    pub const CPU: Place = Place {
        device: Device::Cpu,
        kind: Kind::Float,
    };
}

/// A state dict while a network takes its weights out of it: each once, by name and shape.
pub(crate) struct Weights<'a> {
    state: &'a StateDict,
    place: Place,
    taken: BTreeSet<String>,
    missing: Vec<String>,
}

impl<'a> Weights<'a> {
    pub(crate) fn new(state: &'a StateDict, place: Place) -> Weights<'a> {
        Weights {
            state,
            place,
            taken: BTreeSet::new(),
            missing: Vec::new(),
        }
    }

    /// A tensor of exactly this shape, where the network runs. One that is missing is empty until [`Weights::finish`]
    /// names it.
    pub(crate) fn tensor(&mut self, key: &str, shape: &[i64]) -> Result<Tensor> {
        let tensor = self.exact(key, shape)?;
        self.put(&tensor)
    }

    /// Moves a tensor to where the network runs.
    pub(crate) fn put(&self, tensor: &Tensor) -> Result<Tensor> {
        let there = tensor.f_to_device(self.place.device)?;
        Ok(there.f_to_kind(self.place.kind)?)
    }

    /// The same still on the CPU and in f32, to be computed with.
    pub(crate) fn exact(&mut self, key: &str, shape: &[i64]) -> Result<Tensor> {
        let Some(data) = self.state.get(key) else {
            self.missing.push(key.to_owned());
            return Ok(Tensor::f_zeros([0], (Kind::Float, Device::Cpu))?);
        };
        let found: Vec<i64> = data.shape.iter().map(|&side| side as i64).collect();
        if found != shape {
            return Err(Error::Shape {
                key: key.to_owned(),
                expected: format!("{shape:?}"),
                found: format!("{found:?}"),
            });
        }
        self.taken.insert(key.to_owned());
        to_tensor(data)
    }

    /// Where the network runs.
    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// Whether nothing has been missing so far, and what was taken can be computed with.
    pub(crate) fn complete(&self) -> bool {
        self.missing.is_empty()
    }

    /// `name.weight` of out x in x k x k and `name.bias`: a convolution that keeps the size.
    pub(crate) fn conv(&mut self, name: &str, out: i64, input: i64, k: i64) -> Result<Conv> {
        let weight = self.tensor(&format!("{name}.weight"), &[out, input, k, k])?;
        let bias = self.tensor(&format!("{name}.bias"), &[out])?;
        Conv::new(&weight, Some(bias))
    }

    /// Every weight that the network needs has been taken: says which were not there, and which are too many save for
    /// those that `ignored` names.
    pub(crate) fn finish(self, ignored: impl Fn(&str) -> bool) -> Result<()> {
        if !self.missing.is_empty() {
            let names: Vec<&str> = self.missing.iter().map(String::as_str).collect();
            return Err(Error::missing(&names));
        }
        let surplus: Vec<&str> = self
            .state
            .names()
            .filter(|key| !self.taken.contains(*key) && !ignored(key))
            .collect();
        if surplus.is_empty() {
            Ok(())
        } else {
            Err(Error::surplus(&surplus))
        }
    }
}

/// How many of `name(0)`, `name(1)`, … a state dict has without a gap.
pub(crate) fn count(state: &StateDict, name: impl Fn(usize) -> String) -> usize {
    (0..).take_while(|&i| state.contains(&name(i))).count()
}

/// The shape of a convolution's weight, out x in x k x k; `None` where it is missing or none.
pub(crate) fn conv_shape(state: &StateDict, key: &str) -> Option<[i64; 4]> {
    let shape: [usize; 4] = state.shape(key)?.try_into().ok()?;
    // Wider than any network, and small enough that no product of two overflows.
    shape
        .iter()
        .all(|&side| (1..1 << 20).contains(&side))
        .then(|| shape.map(|side| side as i64))
}

/// The same where the architecture is known and needs it.
pub(crate) fn need_conv(state: &StateDict, key: &str) -> Result<[i64; 4]> {
    conv_shape(state, key).ok_or_else(|| match state.shape(key) {
        None => Error::missing(&[key]),
        Some(found) => Error::Shape {
            key: key.to_owned(),
            expected: "[out, in, height, width] of a convolution".into(),
            found: format!("{found:?}"),
        },
    })
}

/// The enlargement of a last convolution whose `channels` are shuffled into RGB pixels: 3 * scale^2 of them.
pub(crate) fn shuffled_scale(key: &str, channels: i64) -> Result<i64> {
    (1..=64)
        .find(|scale| 3 * scale * scale == channels)
        .ok_or_else(|| Error::Shape {
            key: key.to_owned(),
            expected: "[3 times a square, …]: RGB to be shuffled into pixels".into(),
            found: format!("[{channels}, …]"),
        })
}

/// A convolution of stride 1 that keeps the size, padding with zeros.
#[derive(Debug)]
pub(crate) struct Conv {
    weight: Tensor,
    bias: Option<Tensor>,
    padding: i64,
    /// Parts of the channels that know nothing of each other.
    groups: i64,
}

impl Conv {
    /// `weight`: out x in x k x k, k odd.
    pub(crate) fn new(weight: &Tensor, bias: Option<Tensor>) -> Result<Conv> {
        // Empty where the key was missing, which `finish` will say.
        let (weight, padding) = match weight.size().as_slice() {
            [_, _, k, _] => (try_channels_last(weight)?, k / 2),
            _ => (weight.shallow_clone(), 0),
        };
        Ok(Conv {
            weight,
            bias,
            padding,
            groups: 1,
        })
    }

    /// Of each channel on its own. `weight`: channels x 1 x k x k, k odd.
    pub(crate) fn each_channel(weight: &Tensor, bias: Option<Tensor>) -> Result<Conv> {
        Ok(Conv {
            groups: weight.size()[0],
            ..Conv::new(weight, bias)?
        })
    }

    /// Of a network in training: these very variables. `weight`: out x in x k x k, k odd.
    pub(crate) fn variable(weight: Tensor, bias: Tensor) -> Conv {
        Conv {
            padding: weight.size()[3] / 2,
            weight,
            bias: Some(bias),
            groups: 1,
        }
    }

    /// In the input's number format, which differs from the weights' in a training in mixed precision alone.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let padding = [self.padding, self.padding];
        let weight = self.weight.f_to_kind(x.kind())?;
        let bias = self.bias.as_ref().map(|bias| bias.f_to_kind(x.kind()));
        x.f_conv2d(
            &weight,
            bias.transpose()?,
            [1, 1],
            padding,
            [1, 1],
            self.groups,
        )
    }
}

/// max(x, slope * x), or one slope for each channel.
#[derive(Debug)]
pub(crate) struct Slope(Tensor);

impl Slope {
    /// A leaky ReLU with this slope.
    pub(crate) fn leaky(slope: f64, place: Place) -> Result<Slope> {
        let slope = Tensor::f_full([1], slope, (place.kind, place.device))?;
        Ok(Slope(slope))
    }

    /// A trained slope for each channel.
    pub(crate) fn trained(slopes: Tensor) -> Slope {
        Slope(slopes)
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor, TchError> {
        // tch's leaky_relu has no slope but its default, and the gradient of prelu takes longer than a convolution's.
        if x.requires_grad() && self.0.numel() == 1 {
            return x.f_relu()?.f_lerp_tensor(x, &self.0.f_to_kind(x.kind())?);
        }
        x.f_prelu(&self.0.f_to_kind(x.kind())?)
    }
}

/// Enlarges N x c x h x w by repeating pixels.
pub(crate) fn repeat_pixels(x: &Tensor, scale: i64) -> Result<Tensor, TchError> {
    let (_, _, h, w) = x.size4()?;
    x.f_upsample_nearest2d([scale * h, scale * w], None, None)
}

/// N x c x h x w mirrored on at the right and below, up to multiples of a side.
pub(crate) fn mirrored_to(x: &Tensor, side: i64) -> Result<Tensor, TchError> {
    let (_, _, h, w) = x.size4()?;
    let lacking = |length: i64| (side - length % side) % side;
    match [lacking(w), lacking(h)] {
        [0, 0] => Ok(x.shallow_clone()),
        [right, below] => x.f_reflection_pad2d([0, right, 0, below]),
    }
}
