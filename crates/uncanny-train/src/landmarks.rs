//! The compressed landmark network of PFSR: where a face's 68 landmarks are, as heatmaps.
//!
//! Distilled by PFSR's authors from the face alignment network (Bulat and Tzimiropoulos, ICCV 2017) to five
//! convolutions; `compressed_model_011000` in <https://github.com/DeokyunKim/Progressive-Face-Super-Resolution>. Its
//! published file is a whole pickled module, which is refused; what is read here is its state dict.

use std::path::Path;

use tch::{Device, Kind, TchError, Tensor};
use uncanny_model::checkpoint;
use uncanny_model::tensors::to_tensor;

use crate::{Error, Result};

/// The side of the pictures that it was trained on, and of its heatmaps.
pub const LANDMARK_SIDE: i64 = 64;
/// Eyes, nose, mouth, brows, jaw, as the 300-W annotation numbers them.
pub const LANDMARKS: i64 = 68;

/// PyTorch's default for a batch norm.
const EPSILON: f64 = 1e-5;

/// The landmark network, on one device. Its weights never change.
#[derive(Debug)]
pub struct Landmarks {
    first: (Tensor, Tensor),
    /// Batch norms folded in.
    layers: Vec<(Tensor, Tensor)>,
}

impl Landmarks {
    /// Reads its state dict: `conv`, and `layers.0` to `layers.9` of an `nn.Sequential`.
    ///
    /// # Errors
    /// When the file cannot be read or is no such network.
    pub fn load(path: &Path, device: Device) -> Result<Landmarks> {
        let checkpoint = checkpoint::read(path)?;
        let tensor = |key: &str, shape: &[i64]| -> Result<Tensor> {
            let found = checkpoint.state.get(key).map(to_tensor).transpose()?;
            match found {
                Some(tensor) if tensor.size() == shape => Ok(tensor.f_to_device(device)?),
                found => Err(Error::NoLandmarks {
                    path: path.to_owned(),
                    what: format!(
                        "{key}: expected {shape:?}, found {}",
                        found.map_or("nothing".to_owned(), |t| format!("{:?}", t.size()))
                    ),
                }),
            }
        };
        let conv = |name: &str, out: i64, input: i64, k: i64| -> Result<(Tensor, Tensor)> {
            Ok((
                tensor(&format!("{name}.weight"), &[out, input, k, k])?,
                tensor(&format!("{name}.bias"), &[out])?,
            ))
        };
        let mut layers = Vec::new();
        for (place, out, input) in [(0, 64, 32), (3, 128, 64), (6, 128, 128)] {
            let (weight, bias) = conv(&format!("layers.{place}"), out, input, 3)?;
            let norm = |what: &str| tensor(&format!("layers.{}.{what}", place + 1), &[out]);
            let gain = norm("weight")? / (norm("running_var")? + EPSILON).f_sqrt()?;
            let bias = (bias - norm("running_mean")?) * &gain + norm("bias")?;
            layers.push((weight * gain.reshape([-1, 1, 1, 1]), bias));
        }
        layers.push(conv("layers.9", LANDMARKS, 128, 3)?);
        Ok(Landmarks {
            first: conv("conv", 32, 3, 5)?,
            layers,
        })
    }

    /// N x 3 x 64 x 64, RGB in 0..1, to N x 68 x 64 x 64: each landmark's peak is where it is.
    ///
    /// # Errors
    /// What libtorch reports.
    pub fn heatmaps(&self, x: &Tensor) -> std::result::Result<Tensor, TchError> {
        let conv = |x: &Tensor, (weight, bias): &(Tensor, Tensor), padding: i64| {
            x.f_conv2d(weight, Some(bias), [1, 1], [padding, padding], [1, 1], 1)
        };
        let mut x = conv(x, &self.first, 2)?;
        for layer in &self.layers {
            x = conv(&x, layer, 1)?.f_leaky_relu()?; // libtorch's slope, 0.01, is the published one.
        }
        Ok(x)
    }

    /// The same for pictures of any size: N x 3 x h x w in 0..1, reduced (antialiased) or enlarged bilinearly to 64x64.
    ///
    /// # Errors
    /// What libtorch reports.
    pub fn of(&self, pictures: &Tensor) -> std::result::Result<Tensor, TchError> {
        let side = [LANDMARK_SIDE, LANDMARK_SIDE];
        self.heatmaps(&pictures.f_internal_upsample_bilinear2d_aa(side, false, None, None)?)
    }

    /// The heatmaps' peaks, in their pixels: N x 68 x 2, x before y.
    ///
    /// # Errors
    /// What libtorch reports.
    pub fn peaks(heatmaps: &Tensor) -> std::result::Result<Tensor, TchError> {
        let (n, landmarks, _, width) = heatmaps.size4()?;
        let place = heatmaps.f_reshape([n, landmarks, -1])?.f_argmax(2, false)?;
        let x = place.f_remainder(width)?;
        let y = place.f_floor_divide_scalar(width)?;
        Tensor::f_stack(&[x, y], 2)?.f_to_kind(Kind::Float)
    }
}

/// Random weights of the published shapes, for tests.
#[cfg(test)]
pub(crate) fn random() -> uncanny_model::checkpoint::StateDict {
    use uncanny_model::tensors::from_tensor;
    let mut state = uncanny_model::checkpoint::StateDict::new();
    let cpu = (Kind::Float, Device::Cpu);
    let mut put = |key: String, tensor: Tensor| {
        state.insert(key, from_tensor(&tensor).expect("it is on the CPU"));
    };
    for (name, out, input, k) in [
        ("conv", 32, 3, 5),
        ("layers.0", 64, 32, 3),
        ("layers.3", 128, 64, 3),
        ("layers.6", 128, 128, 3),
        ("layers.9", 68, 128, 3),
    ] {
        put(
            format!("{name}.weight"),
            Tensor::randn([out, input, k, k], cpu) * 0.05,
        );
        put(format!("{name}.bias"), Tensor::randn([out], cpu) * 0.1);
    }
    for (place, out) in [(1, 64), (4, 128), (7, 128)] {
        put(
            format!("layers.{place}.weight"),
            Tensor::rand([out], cpu) + 0.5,
        );
        put(
            format!("layers.{place}.bias"),
            Tensor::randn([out], cpu) * 0.1,
        );
        put(
            format!("layers.{place}.running_mean"),
            Tensor::randn([out], cpu) * 0.1,
        );
        put(
            format!("layers.{place}.running_var"),
            Tensor::rand([out], cpu) + 0.5,
        );
    }
    state
}
