//! What the convolutional architectures share: weights taken from a state dict by name, and layers made of them.
//!
//! Tensors are N x c x h x w. Every operation reports what libtorch reports, such as memory running out.

use std::collections::BTreeSet;
use std::ops::Deref;

use tch::{Device, Kind, TchError, Tensor};
use uncanny_texture::{Padding, TileEdges};

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

/// A tensor that nothing changes once it is loaded: a clone is the same memory, so that every worker has the network and
/// all of them together hold it once.
#[derive(Debug)]
pub(crate) struct Weight(Tensor);

impl Clone for Weight {
    fn clone(&self) -> Weight {
        Weight(self.0.shallow_clone())
    }
}

impl Deref for Weight {
    type Target = Tensor;

    fn deref(&self) -> &Tensor {
        &self.0
    }
}

impl From<Tensor> for Weight {
    fn from(tensor: Tensor) -> Weight {
        Weight(tensor)
    }
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
    pub(crate) fn tensor(&mut self, key: &str, shape: &[i64]) -> Result<Weight> {
        let tensor = self.exact(key, shape)?;
        self.put(&tensor)
    }

    /// Moves a tensor to where the network runs.
    pub(crate) fn put(&self, tensor: &Tensor) -> Result<Weight> {
        let there = tensor.f_to_device(self.place.device)?;
        Ok(there.f_to_kind(self.place.kind)?.into())
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

/// N x c x h x w with `margin` more on each side, filled by its edges; none along an axis of zeros, which convolutions
/// add themselves.
pub(crate) fn padded(x: &Tensor, margin: i64, edges: TileEdges) -> Result<Tensor, TchError> {
    let (n, c, h, w) = x.size4()?;
    let [across, down] = margins(margin, edges);
    if across + down == 0 {
        return Ok(x.shallow_clone());
    }
    if edges.x == Padding::Reflect || edges.y == Padding::Reflect || across > w || down > h {
        return extended(x, [across, across], [down, down], edges);
    }
    // With the channel innermost in memory, as convolutions like it. Row by row first, so that the rows above and below
    // have their corners already.
    let shape = [n, h + 2 * down, w + 2 * across, c];
    let y = Tensor::f_empty(shape, (x.kind(), x.device()))?.f_permute([0, 3, 1, 2])?;
    let middle = y.f_narrow(2, down, h)?;
    middle.f_narrow(3, across, w)?.f_copy_(x)?;
    fill_ends(&middle, 3, across, edges.x)?;
    fill_ends(&y, 2, down, edges.y)?;
    Ok(y)
}

/// Fills the first and last `margin` places along a dimension from those between, by wrapping or replicating.
fn fill_ends(y: &Tensor, dimension: i64, margin: i64, padding: Padding) -> Result<(), TchError> {
    if margin == 0 {
        return Ok(());
    }
    let length = y.size()[dimension as usize] - 2 * margin;
    let part = |from, count| y.f_narrow(dimension, from, count);
    let (before, after) = if padding == Padding::Wrap {
        (part(length, margin)?, part(margin, margin)?)
    } else {
        (part(margin, 1)?, part(margin + length - 1, 1)?)
    };
    part(0, margin)?.f_copy_(&before)?;
    part(margin + length, margin)?.f_copy_(&after)?;
    Ok(())
}

/// The same by any number of values: before and after the columns, above and below the rows.
pub(crate) fn extended(
    x: &Tensor,
    columns: [i64; 2],
    rows: [i64; 2],
    edges: TileEdges,
) -> Result<Tensor, TchError> {
    let along = |x: &Tensor, dimension: i64, [before, after]: [i64; 2], padding: Padding| {
        let length = x.size()[dimension as usize];
        let places: Option<Vec<i64>> = (-before..length + after)
            .map(|place| padding.source(place, length))
            .collect();
        match places {
            Some(places) if before + after > 0 => {
                let places = Tensor::f_from_slice(&places)?.f_to_device(x.device())?;
                x.f_index_select(dimension, &places)
            }
            _ => Ok(x.shallow_clone()),
        }
    };
    along(&along(x, 3, columns, edges.x)?, 2, rows, edges.y)
}

/// So much along each axis, columns first, where it is not padded with zeros.
pub(crate) fn margins(margin: i64, edges: TileEdges) -> [i64; 2] {
    [edges.x, edges.y].map(|padding| match padding {
        Padding::Zero => 0,
        _ => margin,
    })
}

/// N x c x h x w without `margin` on each side of the axes that are not padded with zeros.
pub(crate) fn cropped(x: &Tensor, margin: i64, edges: TileEdges) -> Result<Tensor, TchError> {
    let (_, _, h, w) = x.size4()?;
    let [across, down] = margins(margin, edges);
    x.f_narrow(2, down, h - 2 * down)?
        .f_narrow(3, across, w - 2 * across)
}

/// A convolution of stride 1 that keeps the size, unless told padding with zeros.
#[derive(Debug, Clone)]
pub(crate) struct Conv {
    weight: Weight,
    bias: Option<Weight>,
    padding: i64,
    /// Parts of the channels that know nothing of each other.
    groups: i64,
}

impl Conv {
    /// `weight`: out x in x k x k, k odd.
    pub(crate) fn new(weight: &Tensor, bias: Option<Weight>) -> Result<Conv> {
        // Empty where the key was missing, which `finish` will say.
        let (weight, padding) = match weight.size().as_slice() {
            [_, _, k, _] => (try_channels_last(weight)?, k / 2),
            _ => (weight.shallow_clone(), 0),
        };
        Ok(Conv {
            weight: weight.into(),
            bias,
            padding,
            groups: 1,
        })
    }

    /// Of each channel on its own. `weight`: channels x 1 x k x k, k odd.
    pub(crate) fn each_channel(weight: &Tensor, bias: Option<Weight>) -> Result<Conv> {
        Ok(Conv {
            groups: weight.size()[0],
            ..Conv::new(weight, bias)?
        })
    }

    /// Of a network in training: these very variables. `weight`: out x in x k x k, k odd.
    pub(crate) fn variable(weight: Tensor, bias: Tensor) -> Conv {
        Conv {
            padding: weight.size()[3] / 2,
            weight: weight.into(),
            bias: Some(bias.into()),
            groups: 1,
        }
    }

    /// In the input's number format, which differs from the weights' in a training in mixed precision alone.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor, TchError> {
        self.inside(x, TileEdges::ZERO)
    }

    /// The same, padding by these edges.
    pub(crate) fn padded(&self, x: &Tensor, edges: TileEdges) -> Result<Tensor, TchError> {
        self.inside(&padded(x, self.padding, edges)?, edges)
    }

    /// The same where what lies beyond the edges is there already, as far as it sees, save for zeros.
    pub(crate) fn inside(&self, x: &Tensor, edges: TileEdges) -> Result<Tensor, TchError> {
        let zeros = |padding| match padding {
            Padding::Zero => self.padding,
            _ => 0,
        };
        let padding = [zeros(edges.y), zeros(edges.x)];
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
#[derive(Debug, Clone)]
pub(crate) struct Slope(Weight);

impl Slope {
    /// A leaky ReLU with this slope.
    pub(crate) fn leaky(slope: f64, place: Place) -> Result<Slope> {
        let slope = Tensor::f_full([1], slope, (place.kind, place.device))?;
        Ok(Slope(slope.into()))
    }

    /// A trained slope for each channel.
    pub(crate) fn trained(slopes: Weight) -> Slope {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Against libtorch's own padding, which is slower, knows one rule for both axes and wraps no more than once.
    #[test]
    fn padding_is_what_libtorch_pads() {
        let x = Tensor::arange(2 * 3 * 4 * 5, (Kind::Float, Device::Cpu)).reshape([2, 3, 4, 5]);
        let modes = [
            (Padding::Wrap, "circular"),
            (Padding::Replicate, "replicate"),
            (Padding::Reflect, "reflect"),
            (Padding::Zero, ""),
        ];
        for margin in [1, 2, 3] {
            for (across, mode_x) in modes {
                for (down, mode_y) in modes {
                    let edges = TileEdges { x: across, y: down };
                    let pad = |x: &Tensor, sides: [i64; 4], mode| match mode {
                        "" => x.shallow_clone(),
                        _ => x.pad(sides, mode, None),
                    };
                    let expected = pad(&x, [margin, margin, 0, 0], mode_x);
                    let expected = pad(&expected, [0, 0, margin, margin], mode_y);
                    let found = padded(&x, margin, edges).unwrap();
                    assert!(found.equal(&expected), "{edges:?} by {margin}");
                    assert!(cropped(&found, margin, edges).unwrap().equal(&x));
                }
            }
        }
        // Further than the picture is wide.
        let far = padded(&x, 9, TileEdges::WRAP).unwrap();
        let wall = x.repeat([1, 1, 7, 5]);
        let part = wall.narrow(2, 12 - 9, 4 + 18).narrow(3, 10 - 9, 5 + 18);
        assert!(far.equal(&part));
    }
}
