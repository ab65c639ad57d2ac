//! Relief: our own 8x network for textures. It adds detail to an interpolated picture.
//!
//! A trunk of residual blocks at the input's resolution, three doublings (bilinear, then a convolution, which leaves no
//! checkerboard: Odena, Dumoulin, Olah, Distill 2016, <https://doi.org/10.23915/distill.00003>; repeated pixels in its
//! stead left a trace of their grid), and a residual on the bicubically enlarged input, so that colours cannot drift. There is no batch norm. At its end one step of
//! back-projection (Irani and Peleg, 1991) returns each 8x8 block's mean to the texel it came from, but for what the
//! enlargement of the difference spills over.
//!
//! With grain, each doubling also has noise (`grain.rs`) and says by its features how much of it belongs where.
//!
//! Trained and run by the same code: [`Relief::new`] makes variables, [`Relief::load`] takes them from a file.

use tch::nn::{self, Path};
use tch::{Kind, TchError, Tensor};
use uncanny_texture::{Scale, TileEdges, Tiling};

use super::grain::Grain;
use super::layers::{
    Conv, Place, Slope, Weights, conv_shape, count, cropped, margins, need_conv, padded,
};
use super::{Architecture, Forward, WHOLE};
use crate::checkpoint::{Checkpoint, StateDict};
use crate::tensors::{from_tensor, to_tensor};
use crate::{Error, Result};

/// How many times as big its output is.
pub const SCALE: i64 = 8;
/// How many doublings that takes.
const DOUBLINGS: i64 = 3;
/// What negative values keep of themselves.
const SLOPE: f64 = 0.2;
/// How much smaller the first weights of what is added to something else are: a new network gives the interpolation.
const QUIET: f64 = 0.1;

/// Gates are so many times as open as their convolutions say: closed ones learn to open as soon as the rest learns to do
/// without them (an equalised learning rate: Karras et al. 2018, arXiv 1710.10196).
const GATE: f64 = 4.0;

/// A texture's 16 pixels with 6 of context on each side. The shipped network's joints on a texture of bricks and noise: on
/// average 1 level of 255 with 4 pixels, 0.3 with 6 and 0.1 with 8, at a third more cost; at most 28, 9 and 5
/// (`tests/relief.rs`). The stride is what its noise repeats its places after.
const TILING: Tiling = Tiling {
    largest: WHOLE,
    whole: WHOLE,
    ..Tiling::fixed(28, 16, 0)
};

/// Hyperparameters, all derived from tensor shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Channels of the trunk: a multiple of 8. Each doubling halves them.
    pub width: i64,
    /// Residual blocks in the trunk.
    pub blocks: usize,
    /// Whether each doubling has noise to shape.
    pub grain: bool,
}

impl Architecture for Config {
    fn detect(checkpoint: &Checkpoint) -> Result<Option<Config>> {
        let state = &checkpoint.state;
        if conv_shape(state, "conv_in.weight").is_none() || !state.contains("up.0.refine.weight") {
            return Ok(None);
        }
        let [width, ..] = need_conv(state, "conv_in.weight")?;
        if width % 8 != 0 {
            return Err(Error::Shape {
                key: "conv_in.weight".into(),
                expected: "[a multiple of 8, 3, 3, 3]".into(),
                found: format!("[{width}, …]"),
            });
        }
        let blocks = count(state, |i| format!("body.{i}.conv_0.weight"));
        Ok(Some(Config {
            width,
            blocks,
            grain: state.contains("up.0.grain.weight"),
        }))
    }

    fn describe(&self) -> String {
        let (width, blocks) = (self.width, self.blocks);
        let grain = if self.grain { ", with grain" } else { "" };
        format!("Relief, {width} channels, {blocks} blocks{grain}")
    }

    fn scale(&self) -> Scale {
        Scale::new(SCALE as u32).expect("8 is a scale")
    }

    fn flops(&self, width: u64, height: u64) -> u64 {
        let c = |level: i64| self.channels(level) as u64;
        let mut weights = 27 * c(0) + 2 * 9 * c(0) * c(0) * self.blocks as u64;
        for level in 1..=DOUBLINGS {
            let pixels = 1 << (2 * level);
            weights += 9 * (c(level - 1) * c(level) + c(level) * c(level)) * pixels;
            weights += u64::from(self.grain) * c(level) * c(level) * pixels;
        }
        weights += 27 * c(DOUBLINGS) * (SCALE * SCALE) as u64;
        2 * weights * width * height
    }

    /// It has no norms to lose precision in, and its values stay near 0..1.
    fn half(&self) -> bool {
        true
    }

    fn tiling(&self) -> Tiling {
        TILING
    }

    fn load(&self, state: &StateDict, place: Place) -> Result<Box<dyn Forward>> {
        Ok(Box::new(Relief::load(state, *self, place)?))
    }
}

/// The key of a doubling's grain.
fn grain_of(doubling: i64) -> String {
    format!("up.{doubling}.grain")
}

/// Makes the finest noise of a network with grain so many times as strong.
///
/// # Errors
/// When there is no memory for it.
pub fn scale_finest_grain(state: &mut StateDict, factor: f64) -> Result<()> {
    for part in ["weight", "bias"] {
        let key = format!("{}.{part}", grain_of(DOUBLINGS - 1));
        if let Some(gate) = state.get(&key) {
            let gate = from_tensor(&(to_tensor(gate)? * factor))?;
            state.insert(key, gate);
        }
    }
    Ok(())
}

impl Config {
    /// Channels at 1, 2, 4 and 8 times the input's resolution.
    fn channels(self, level: i64) -> i64 {
        self.width >> level
    }
}

#[derive(Debug, Clone)]
struct Block {
    conv_0: Conv,
    conv_1: Conv,
}

#[derive(Debug, Clone)]
struct Doubling {
    /// After the bilinear enlargement.
    smooth: Conv,
    /// How much noise, where: 1x1.
    grain: Option<Conv>,
    refine: Conv,
}

/// The network, to train or to run.
#[derive(Debug, Clone)]
pub struct Relief {
    conv_in: Conv,
    body: Vec<Block>,
    up: Vec<Doubling>,
    to_rgb: Conv,
    slope: Slope,
}

impl Relief {
    /// Makes the variables under `path` (a variable store's root), with random weights.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn new(path: &Path<'_>, config: Config) -> Result<Relief> {
        let place = Place {
            device: path.device(),
            kind: Kind::Float,
        };
        Relief::build(config, place, &mut |name, out, input, k| {
            let path = name.split('.').fold(path.clone(), |path, part| path / part);
            // He et al. 2015, for a leaky slope; "quiet" where the result is added to something.
            let quiet = name.ends_with("conv_1") || name.ends_with("refine") || name == "to_rgb";
            let gain = if quiet { QUIET } else { 1.0 };
            let taps = (k * k * input) as f64;
            let spread = gain * (2.0 / ((1.0 + SLOPE * SLOPE) * taps)).sqrt();
            let init = if name.ends_with("grain") {
                nn::Init::Const(0.0)
            } else {
                nn::Init::Randn {
                    mean: 0.0,
                    stdev: spread,
                }
            };
            let weight = path.var("weight", &[out, input, k, k], init);
            Ok(Conv::variable(weight, path.zeros("bias", &[out])))
        })
    }

    /// Takes the weights of a Relief state dict.
    ///
    /// # Errors
    /// Missing or surplus keys, or a tensor of another shape: each named.
    pub fn load(state: &StateDict, config: Config, place: Place) -> Result<Relief> {
        let mut weights = Weights::new(state, place);
        let network = Relief::build(config, place, &mut |name, out, input, k| {
            weights.conv(name, out, input, k)
        })?;
        weights.finish(|_| false)?;
        Ok(network)
    }

    /// `make` makes the convolution of a name, with so many output and input channels, k x k.
    fn build(
        config: Config,
        place: Place,
        make: &mut dyn FnMut(&str, i64, i64, i64) -> Result<Conv>,
    ) -> Result<Relief> {
        let c = |level| config.channels(level);
        let mut body = Vec::with_capacity(config.blocks);
        let conv_in = make("conv_in", c(0), 3, 3)?;
        for i in 0..config.blocks {
            body.push(Block {
                conv_0: make(&format!("body.{i}.conv_0"), c(0), c(0), 3)?,
                conv_1: make(&format!("body.{i}.conv_1"), c(0), c(0), 3)?,
            });
        }
        let mut up = Vec::new();
        for level in 1..=DOUBLINGS {
            let i = level - 1;
            let grain = config
                .grain
                .then(|| make(&grain_of(i), c(level), c(level), 1));
            up.push(Doubling {
                smooth: make(&format!("up.{i}.smooth"), c(level), c(level - 1), 3)?,
                grain: grain.transpose()?,
                refine: make(&format!("up.{i}.refine"), c(level), c(level), 3)?,
            });
        }
        Ok(Relief {
            conv_in,
            body,
            up,
            to_rgb: make("to_rgb", 3, c(DOUBLINGS), 3)?,
            slope: Slope::leaky(SLOPE, place)?,
        })
    }

    /// N x 3 x h x w in 0..1 to N x 3 x 8h x 8w, about 0..1 (not clamped).
    ///
    /// # Errors
    /// What libtorch reports, such as memory running out.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, TchError> {
        self.forward_in(x, x.kind())
    }

    /// The same, padding by these edges.
    ///
    /// # Errors
    /// What libtorch reports, such as memory running out.
    pub fn forward_padded(
        &self,
        x: &Tensor,
        kind: Kind,
        edges: TileEdges,
    ) -> Result<Tensor, TchError> {
        let centred = x.f_sub_scalar(0.5)?.f_to_kind(kind)?;
        let first = self.conv_in.padded(&centred, edges)?;
        let mut y = first.shallow_clone();
        for block in &self.body {
            let inner = self.slope.forward(&block.conv_0.padded(&y, edges)?)?;
            y = y.f_add(&block.conv_1.padded(&inner, edges)?)?;
        }
        y = y.f_add(&first)?;
        let grain = match self.up.first() {
            Some(Doubling { grain: Some(_), .. }) => Some(Grain::of(x, edges)?),
            _ => None,
        };
        for (level, doubling) in (1..).zip(&self.up) {
            let smooth = doubling.smooth.inside(&doubled(&y, edges)?, edges)?;
            y = self.slope.forward(&smooth)?;
            if let (Some(grain), Some(gate)) = (&grain, &doubling.grain) {
                let noise = grain.at(1 << level, y.size()[1], kind)?;
                y = y.f_addcmul(&gate.forward(&y)?, &(noise * GATE))?;
            }
            y = y.f_add(&self.slope.forward(&doubling.refine.padded(&y, edges)?)?)?;
        }
        let detail = self.to_rgb.padded(&y, edges)?.f_to_kind(x.kind())?;
        let y = enlarged(x, edges)?.f_add(&detail)?;
        let lost = x.f_sub(&averaged(&y)?)?;
        y.f_add(&enlarged(&lost, edges)?)
    }

    /// The same with the convolutions in another number format than `x`, the interpolation and the back-projection in
    /// that of `x`: mixed precision.
    ///
    /// # Errors
    /// What libtorch reports, such as memory running out.
    pub fn forward_in(&self, x: &Tensor, kind: Kind) -> Result<Tensor, TchError> {
        self.forward_padded(x, kind, TileEdges::ZERO)
    }
}

impl Forward for Relief {
    fn forward(&self, x: &Tensor, edges: TileEdges) -> Result<Tensor, TchError> {
        self.forward_padded(x, x.kind(), edges)
    }
}

/// Twice as large, by bilinear interpolation, and a pixel more on each side where its edges are not zeros: what the
/// next convolution sees beyond them.
fn doubled(x: &Tensor, edges: TileEdges) -> Result<Tensor, TchError> {
    let around = padded(x, 1, edges)?;
    let (_, _, h, w) = around.size4()?;
    let doubled = around.f_upsample_bilinear2d([2 * h, 2 * w], false, None, None)?;
    cropped(&doubled, 1, edges)
}

/// Texels on each side that the bicubic enlargement looks at.
const BICUBIC: i64 = 2;

/// Antialiased bicubic enlargement by 8, as PIL's (a = -0.5): what it makes of single texels, as a matrix for each
/// direction. Multiplying is quicker than libtorch's own loop, several times so backwards and on a GPU.
fn enlarged(x: &Tensor, edges: TileEdges) -> Result<Tensor, TchError> {
    let (_, _, h, w) = x.size4()?;
    let x = padded(x, BICUBIC, edges)?;
    let along = |length: i64, margin: i64| {
        let all = length + 2 * margin;
        let texels = Tensor::f_eye(all, (Kind::Float, x.device()))?;
        texels
            .f_view([1, 1, all, all])?
            .f_internal_upsample_bicubic2d_aa([SCALE * all, all], false, None, None)?
            .f_view([SCALE * all, all])?
            .f_narrow(0, SCALE * margin, SCALE * length)?
            .f_to_kind(x.kind())
    };
    let [across, down] = margins(BICUBIC, edges);
    along(h, down)?
        .f_matmul(&x)?
        .f_matmul(&along(w, across)?.f_transpose(0, 1)?)
}

/// The mean of each 8x8 block.
fn averaged(x: &Tensor) -> Result<Tensor, TchError> {
    let block = [SCALE, SCALE];
    x.f_avg_pool2d(block, block, [0, 0], false, true, None)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::checkpoint::{CheckpointFormat, TensorData};
    use crate::tensors::state_of;
    use tch::Device;

    const CONFIG: Config = Config {
        width: 16,
        blocks: 2,
        grain: false,
    };

    #[test]
    fn a_new_network_is_found_again_in_its_state_and_draws_the_same() {
        tch::manual_seed(3);
        let store = nn::VarStore::new(Device::Cpu);
        let network = Relief::new(&store.root(), CONFIG).unwrap();
        let state = state_of(&store).unwrap();
        let checkpoint = Checkpoint {
            state: state_of(&store).unwrap(),
            scalars: BTreeMap::new(),
            metadata: BTreeMap::new(),
            format: CheckpointFormat::Safetensors,
        };
        assert_eq!(Config::detect(&checkpoint).unwrap(), Some(CONFIG));
        let loaded = Relief::load(&state, CONFIG, Place::CPU).unwrap();
        let x = Tensor::rand([2, 3, 12, 16], (Kind::Float, Device::Cpu));
        let (a, b) = (network.forward(&x).unwrap(), loaded.forward(&x).unwrap());
        assert_eq!(a.size(), [2, 3, 96, 128]);
        let worst = |a: &Tensor, b: &Tensor| (a - b).abs().max().double_value(&[]);
        assert!(worst(&a, &b) < 1e-5, "{}", worst(&a, &b));
        // In mixed precision nearly the same, and not the very same.
        let mixed = network.forward_in(&x, Kind::BFloat16).unwrap();
        assert_eq!(mixed.kind(), Kind::Float);
        let off = worst(&a, &mixed);
        assert!(off > 0.0 && off < 0.02, "{off}");
    }

    #[test]
    fn its_average_is_its_input_nearly() {
        tch::manual_seed(4);
        let store = nn::VarStore::new(Device::Cpu);
        let network = Relief::new(&store.root(), CONFIG).unwrap();
        // A smooth input: what the last step leaves is what its own enlargement spills over.
        let small = Tensor::rand([1, 3, 4, 4], (Kind::Float, Device::Cpu));
        let x = small.upsample_bilinear2d([16, 16], false, None, None);
        let y = network.forward(&x).unwrap();
        let off = |y: &Tensor| {
            (averaged(y).unwrap() - &x)
                .abs()
                .mean(Kind::Float)
                .double_value(&[])
        };
        assert!(off(&y) < 0.01, "{}", off(&y));
        let plain = x.upsample_nearest2d([128, 128], None, None);
        assert!(off(&plain) < 1e-6, "{}", off(&plain));
    }

    #[test]
    fn grain_is_noise_where_its_gates_are_open_and_always_the_same() {
        tch::manual_seed(5);
        let config = Config {
            grain: true,
            ..CONFIG
        };
        let store = nn::VarStore::new(Device::Cpu);
        let _network = Relief::new(&store.root(), config).unwrap();
        let mut state = state_of(&store).unwrap();
        let error = Relief::load(&state, CONFIG, Place::CPU).unwrap_err();
        assert!(error.to_string().contains("up.0.grain.weight"), "{error}");
        let closed = Relief::load(&state, config, Place::CPU).unwrap();
        let x = Tensor::rand([2, 3, 12, 16], (Kind::Float, Device::Cpu));
        let drawn = closed.forward(&x).unwrap();
        let bias = TensorData::from_f32(vec![8], &[0.05; 8]).unwrap();
        state.insert("up.0.grain.bias", bias);
        let open = Relief::load(&state, config, Place::CPU).unwrap();
        let noisy = open.forward(&x).unwrap();
        assert!((&noisy - drawn).abs().mean(Kind::Float).double_value(&[]) > 1e-4);
        assert!(open.forward(&x).unwrap().equal(&noisy), "the same again");

        // Only the finest is made stronger.
        let finest = TensorData::from_f32(vec![2], &[0.05, -0.1]).unwrap();
        state.insert("up.2.grain.bias", finest);
        scale_finest_grain(&mut state, 2.0).unwrap();
        assert_eq!(state.get("up.2.grain.bias").unwrap().to_f32(), [0.1, -0.2]);
        assert_eq!(state.get("up.0.grain.bias").unwrap().to_f32(), [0.05; 8]);
        let checkpoint = Checkpoint {
            state,
            scalars: BTreeMap::new(),
            metadata: BTreeMap::new(),
            format: CheckpointFormat::Safetensors,
        };
        assert_eq!(Config::detect(&checkpoint).unwrap(), Some(config));
    }

    #[test]
    fn keys_and_shapes_are_checked() {
        let store = nn::VarStore::new(Device::Cpu);
        let _network = Relief::new(&store.root(), CONFIG).unwrap();
        let mut state = state_of(&store).unwrap();
        let deeper = Config {
            blocks: 3,
            ..CONFIG
        };
        let error = Relief::load(&state, deeper, Place::CPU)
            .unwrap_err()
            .to_string();
        assert!(error.contains("body.2.conv_0.weight"), "{error}");
        let extra = state.get("to_rgb.bias").unwrap().clone();
        state.insert("to_rgb.extra", extra);
        let error = Relief::load(&state, CONFIG, Place::CPU)
            .unwrap_err()
            .to_string();
        assert!(error.contains("to_rgb.extra"), "{error}");
    }
}
