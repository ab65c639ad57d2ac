//! The judge: a small convolutional network that says how face-like a picture is.
//!
//! 64x64 pixels, each picture's brightness and contrast taken out of it; five convolutions, each followed by a halving
//! (the last but one for 4x4 numbers a channel), two residual blocks where it has 16x16 and 8x8 of them, and one sum of
//! all that is left: a logit. Like Relief it has no norms, and is trained and run by the same code. What it is trained
//! to tell apart is `uncanny-train`'s.

use tch::nn::{self, Path};
use tch::{Kind, TchError, Tensor};
use uncanny_texture::RgbaImage;
use uncanny_texture::{Filter, Judge, UpscaleError, metric, resize};

use crate::arch::layers::{Conv, Place, Slope, Weight, Weights, need_conv};
use crate::checkpoint::{self, StateDict};
use crate::tensors::try_channels_last;
use crate::{Device, Result};

/// The side of the pictures that it sees.
pub const JUDGE_SIDE: u32 = 64;
/// What transparent pictures lie on before it sees them.
pub const JUDGE_GROUND: [u8; 3] = [128; 3];

/// What negative values keep of themselves.
const SLOPE: f64 = 0.2;
/// How much smaller the first weights of what is added to something else are.
const QUIET: f64 = 0.1;
/// A picture's contrast counts as at least this much, of 0..1: what is nearly flat stays so.
const LEAST_CONTRAST: f64 = 0.05;
/// Channels of the five convolutions, as multiples of the width.
const CHANNELS: [i64; 5] = [2, 3, 6, 8, 12];
/// The convolutions that a residual block follows.
const BLOCKS: [usize; 2] = [2, 3];
/// The side of what the last sum sees.
const LAST: i64 = 4;
/// `assets/judge.md` is its card.
const SHIPPED: &[u8] = include_bytes!("../../../assets/judge.safetensors");
/// Pictures that go through at once.
const BATCH: usize = 16;

/// The network, to train or to run.
#[derive(Debug)]
pub struct FaceNet {
    convs: Vec<Conv>,
    blocks: Vec<(Conv, Conv)>,
    head: (Weight, Weight),
    slope: Slope,
}

impl FaceNet {
    /// Makes the variables under `path` (a variable store's root), with random weights; `width` multiplies its channels.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn new(path: &Path<'_>, width: i64) -> Result<FaceNet> {
        let place = Place {
            device: path.device(),
            kind: Kind::Float,
        };
        let channels = CHANNELS[4] * width;
        // As quiet as what is added: the first logits are near 0.
        let quiet = nn::Init::Randn {
            mean: 0.0,
            stdev: QUIET / ((channels * LAST * LAST) as f64).sqrt(),
        };
        let head = path / "head";
        let head = (
            head.var("weight", &[1, channels, LAST, LAST], quiet).into(),
            head.zeros("bias", &[1]).into(),
        );
        FaceNet::build(width, place, head, &mut |name, out, input| {
            let path = name.split('.').fold(path.clone(), |path, part| path / part);
            // He et al. 2015, for a leaky slope.
            let gain = if name.ends_with("conv_1") { QUIET } else { 1.0 };
            let spread = gain * (2.0 / ((1.0 + SLOPE * SLOPE) * 9.0 * input as f64)).sqrt();
            let normal = nn::Init::Randn {
                mean: 0.0,
                stdev: spread,
            };
            let weight = path.var("weight", &[out, input, 3, 3], normal);
            Ok(Conv::variable(weight, path.zeros("bias", &[out])))
        })
    }

    /// Takes the weights of its state dict.
    ///
    /// # Errors
    /// Missing or surplus keys, or a tensor of another shape: each named.
    pub fn load(state: &StateDict, place: Place) -> Result<FaceNet> {
        let [first, ..] = need_conv(state, "conv.0.weight")?;
        let width = (first / CHANNELS[0]).max(1);
        let mut weights = Weights::new(state, place);
        let head = (
            weights.tensor("head.weight", &[1, CHANNELS[4] * width, LAST, LAST])?,
            weights.tensor("head.bias", &[1])?,
        );
        let network = FaceNet::build(width, place, head, &mut |name, out, input| {
            weights.conv(name, out, input, 3)
        })?;
        weights.finish(|_| false)?;
        Ok(network)
    }

    /// `conv` makes the 3x3 convolution of a name, with so many output and input channels.
    fn build(
        width: i64,
        place: Place,
        head: (Weight, Weight),
        conv: &mut dyn FnMut(&str, i64, i64) -> Result<Conv>,
    ) -> Result<FaceNet> {
        let mut input = 3;
        let mut convs = Vec::new();
        let mut blocks = Vec::new();
        for (i, channels) in CHANNELS.iter().map(|c| c * width).enumerate() {
            convs.push(conv(&format!("conv.{i}"), channels, input)?);
            input = channels;
        }
        for i in BLOCKS {
            let channels = CHANNELS[i] * width;
            blocks.push((
                conv(&format!("block.{i}.conv_0"), channels, channels)?,
                conv(&format!("block.{i}.conv_1"), channels, channels)?,
            ));
        }
        Ok(FaceNet {
            convs,
            blocks,
            head,
            slope: Slope::leaky(SLOPE, place)?,
        })
    }

    /// N x 3 x 64 x 64 in 0..1 to N logits: above 0 is more of a face than not.
    ///
    /// # Errors
    /// What libtorch reports, such as memory running out.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let over = [1i64, 2, 3];
        let mean = x.f_mean_dim(over.as_slice(), true, Kind::Float)?;
        let x = x.f_sub(&mean)?;
        let power = x
            .f_square()?
            .f_mean_dim(over.as_slice(), true, Kind::Float)?;
        let contrast = power.f_sqrt()?.f_clamp_min(LEAST_CONTRAST)?;
        let mut y = try_channels_last(&x.f_div(&contrast)?)?;
        for (i, conv) in self.convs.iter().enumerate() {
            y = self.slope.forward(&conv.forward(&y)?)?;
            if let Some(block) = BLOCKS.iter().position(|at| *at == i) {
                let (conv_0, conv_1) = &self.blocks[block];
                let inner = self.slope.forward(&conv_0.forward(&y)?)?;
                y = y.f_add(&conv_1.forward(&inner)?)?;
            }
            if i + 1 < self.convs.len() {
                y = y.f_avg_pool2d([2, 2], [2, 2], [0, 0], false, true, None)?;
            }
        }
        let (weight, bias) = &self.head;
        let y = y.f_conv2d(weight, Some(&**bias), [1, 1], [0, 0], [1, 1], 1)?;
        y.f_reshape([-1])
    }
}

/// A picture as the judge sees it: over its ground, reduced (antialiased) or enlarged bilinearly to 64x64.
#[must_use]
pub fn judge_sees(picture: &RgbaImage) -> RgbaImage {
    let side = (JUDGE_SIDE, JUDGE_SIDE);
    resize(&metric::over(picture, JUDGE_GROUND), side, Filter::Bilinear)
}

/// Opaque 64x64 pictures to N x 3 x 64 x 64 in 0..1, on the CPU.
///
/// # Errors
/// When memory runs out.
pub fn judge_batch<'a>(
    pictures: impl IntoIterator<Item = &'a RgbaImage>,
) -> Result<Tensor, TchError> {
    let planes: Vec<u8> = pictures
        .into_iter()
        .flat_map(|picture| (0..3).map(move |c| (picture, c)))
        .flat_map(|(picture, c)| picture.pixels().map(move |pixel| pixel.0[c]))
        .collect();
    let side = i64::from(JUDGE_SIDE);
    let bytes = Tensor::f_from_slice(&planes)?.f_reshape([-1, 3, side, side])?;
    bytes.f_to_kind(Kind::Float)?.f_div_scalar(255.0)
}

/// A judge on a device, ready to judge.
#[derive(Debug)]
pub struct FaceJudge {
    name: String,
    fingerprint: [u8; 32],
    network: FaceNet,
    device: Device,
}

impl FaceJudge {
    /// Loads a checkpoint that is already in memory. `name` stands in messages.
    ///
    /// # Errors
    /// When it cannot be read or is no such network.
    pub fn from_bytes(name: &str, bytes: &[u8], device: Device) -> Result<FaceJudge> {
        let checkpoint = checkpoint::read_bytes(name, bytes)?;
        let place = Place {
            device: device.torch(),
            kind: Kind::Float,
        };
        Ok(FaceJudge {
            name: name.to_owned(),
            fingerprint: *blake3::hash(bytes).as_bytes(),
            network: FaceNet::load(&checkpoint.state, place)?,
            device,
        })
    }

    /// Loads the judge that comes with the library.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn shipped(device: Device) -> Result<FaceJudge> {
        FaceJudge::from_bytes("judge", SHIPPED, device)
    }

    /// Loads a checkpoint from a file.
    ///
    /// # Errors
    /// As [`FaceJudge::from_bytes`].
    pub fn load(path: &std::path::Path, device: Device) -> Result<FaceJudge> {
        let bytes = checkpoint::read_file(path)?;
        FaceJudge::from_bytes(&path.display().to_string(), &bytes, device)
    }

    /// Always a whole batch, filled up where the pictures are fewer: libtorch sums in another order for another number
    /// of them, and a search must find the same whatever it is searched together with.
    fn scores(&self, pictures: &[RgbaImage]) -> Result<Vec<f32>, TchError> {
        let seen: Vec<RgbaImage> = pictures.iter().map(judge_sees).collect();
        let blank = RgbaImage::new(JUDGE_SIDE, JUDGE_SIDE);
        let filled = seen.iter().chain(std::iter::repeat(&blank)).take(BATCH);
        let scores = tch::no_grad(|| {
            let x = judge_batch(filled)?.f_to_device(self.device.torch())?;
            let logits = self.network.forward(&x)?.f_sigmoid()?;
            logits.f_to_device(tch::Device::Cpu)?.f_to_kind(Kind::Float)
        })?;
        let mut scores = Vec::<f32>::try_from(scores)?;
        scores.truncate(pictures.len());
        Ok(scores)
    }
}

impl Judge for FaceJudge {
    fn name(&self) -> &str {
        &self.name
    }

    fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    fn judge(&mut self, pictures: &[RgbaImage]) -> Result<Vec<f32>, UpscaleError> {
        let mut scores = Vec::with_capacity(pictures.len());
        for part in pictures.chunks(BATCH) {
            let found = self.scores(part).map_err(|error| {
                UpscaleError::with_source(format!("run {} on {}", self.name, self.device), error)
            })?;
            scores.extend(found);
        }
        Ok(scores)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensors::state_of;
    use tch::nn::VarStore;

    fn noise(seed: u32, side: u32) -> RgbaImage {
        RgbaImage::from_fn(side, side, |x, y| {
            let mixed = (x * 31 + y * 17 + seed * 101).wrapping_mul(0x9e37_79b9) >> 8;
            [mixed as u8, (mixed >> 8) as u8, (x * 2) as u8, 255].into()
        })
    }

    #[test]
    fn a_new_network_is_found_again_in_its_state_and_says_the_same() {
        tch::manual_seed(2);
        let store = VarStore::new(tch::Device::Cpu);
        let network = FaceNet::new(&store.root(), 2).unwrap();
        let mut state = state_of(&store).unwrap();
        let loaded = FaceNet::load(&state, Place::CPU).unwrap();
        let pictures = [noise(1, JUDGE_SIDE), noise(2, JUDGE_SIDE)];
        let x = judge_batch(&pictures).unwrap();
        assert_eq!(x.size(), [2, 3, 64, 64]);
        let (a, b) = (network.forward(&x).unwrap(), loaded.forward(&x).unwrap());
        assert_eq!(a.size(), [2]);
        assert!((&a - &b).abs().max().double_value(&[]) < 1e-6);
        // Brightness and contrast are taken out.
        let c = network.forward(&(&x * 0.5 + 0.3)).unwrap();
        assert!((&a - &c).abs().max().double_value(&[]) < 1e-4);

        let extra = state.get("head.bias").unwrap().clone();
        state.insert("head.extra", extra);
        let error = FaceNet::load(&state, Place::CPU).unwrap_err().to_string();
        assert!(error.contains("head.extra"), "{error}");
        state.take("head.extra");
        state.take("block.3.conv_1.bias");
        let error = FaceNet::load(&state, Place::CPU).unwrap_err().to_string();
        assert!(error.contains("block.3.conv_1.bias"), "{error}");
    }

    #[test]
    fn a_score_does_not_depend_on_what_is_judged_with_it() {
        let mut judge = FaceJudge::shipped(Device::CPU).unwrap();
        let pictures: Vec<RgbaImage> = (0..BATCH as u32 + 3).map(|i| noise(i, 128)).collect();
        let together = judge.judge(&pictures).unwrap();
        assert_eq!(together.len(), pictures.len());
        assert!(together.iter().all(|score| (0.0..=1.0).contains(score)));
        for (picture, score) in pictures.iter().zip(&together) {
            let alone = judge.judge(std::slice::from_ref(picture)).unwrap();
            assert_eq!(alone, [*score]);
        }
        assert!(judge.judge(&[]).unwrap().is_empty());
        // A network that enhances is no judge, nor the other way round.
        let faces = crate::Shipped::find("faces").unwrap();
        assert!(FaceJudge::from_bytes("faces", faces.bytes, Device::CPU).is_err());
        assert!(crate::Network::from_bytes("judge", SHIPPED, Device::CPU).is_err());
    }
}
