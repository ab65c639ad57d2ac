//! The compressed landmark network of PFSR: where a face's 68 landmarks are, as heatmaps.
//!
//! Distilled by PFSR's authors from the face alignment network (Bulat and Tzimiropoulos, ICCV 2017) to five
//! convolutions; `compressed_model_011000` in <https://github.com/DeokyunKim/Progressive-Face-Super-Resolution>. Its
//! published file is a whole pickled module, which is refused; what is read here is its state dict.

use std::path::Path;

use tch::{Device, Kind, TchError, Tensor};
use uncanny_model::checkpoint;
use uncanny_model::tensors::{channels_last, to_tensor};

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

    /// N x 3 x 64 x 64, RGB in 0..1, to N x 68 x 64 x 64: each landmark's peak is where it is. In
    /// the number format of `x`.
    ///
    /// # Errors
    /// What libtorch reports.
    pub fn heatmaps(&self, x: &Tensor) -> std::result::Result<Tensor, TchError> {
        let conv = |x: &Tensor, (weight, bias): &(Tensor, Tensor), padding: i64| {
            let (weight, bias) = (weight.f_to_kind(x.kind())?, bias.f_to_kind(x.kind())?);
            x.f_conv2d(&weight, Some(&bias), [1, 1], [padding; 2], [1, 1], 1)
        };
        let mut x = conv(x, &self.first, 2)?;
        for layer in &self.layers {
            x = conv(&x, layer, 1)?.f_leaky_relu()?; // libtorch's slope, 0.01, is the published one.
        }
        Ok(x)
    }

    /// The same for pictures of any size: N x 3 x h x w in 0..1, reduced (antialiased) or enlarged bilinearly to 64x64. The
    /// convolutions in `kind`, the result in f32.
    ///
    /// # Errors
    /// What libtorch reports.
    pub fn of(&self, pictures: &Tensor, kind: Kind) -> std::result::Result<Tensor, TchError> {
        let side = [LANDMARK_SIDE, LANDMARK_SIDE];
        let seen = pictures.f_internal_upsample_bilinear2d_aa(side, false, None, None)?;
        self.heatmaps(&channels_last(&seen.f_to_kind(kind)?))?
            .f_to_kind(Kind::Float)
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

/// What the fixtures of `tests/fixtures` are computed from: `formula.py` there is the same.
#[cfg(test)]
pub(crate) mod formula {
    use super::*;
    use serde_json::Value;
    use uncanny_model::checkpoint::{StateDict, TensorData};

    pub(crate) fn fixtures() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures")
    }

    pub(crate) fn values(folder: &str, file: &str) -> Value {
        let path = fixtures().join(folder).join(file);
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    pub(crate) fn noise(count: usize, key: usize, reach: f64) -> Vec<f32> {
        let one = |i: usize| {
            let wave = (i as f64 * 12.9898 + key as f64 * 78.233).sin() * 43_758.545_3;
            (2.0 * reach * (wave - wave.floor() - 0.5)) as f32
        };
        (0..count).map(one).collect()
    }

    pub(crate) fn noise_tensor(shape: &[i64], key: usize, reach: f64) -> Tensor {
        let count = shape.iter().product::<i64>() as usize;
        Tensor::from_slice(&noise(count, key, reach)).reshape(shape)
    }

    /// 1 x 3 x side x side in 0..1: an oval with two eyes and a mouth.
    pub(crate) fn face(side: usize, shift: f64) -> Tensor {
        let mut planes: Vec<f32> = Vec::new();
        for (low, high) in [(0.2, 0.9), (0.25, 0.7), (0.3, 0.55)] {
            for (row, column) in (0..side).flat_map(|y| (0..side).map(move |x| (y, x))) {
                let x = (column as f64 + 0.5) / side as f64;
                let y = (row as f64 + 0.5) / side as f64 - shift;
                let blob = |cx: f64, cy: f64, rx: f64, ry: f64| {
                    (-((x - cx) / rx).powi(2) - ((y - cy) / ry).powi(2)).exp()
                };
                let mut value: f64 = low + (high - low) * blob(0.5, 0.5, 0.4, 0.5);
                value -= 0.4 * blob(0.34, 0.4, 0.07, 0.04) + 0.4 * blob(0.66, 0.4, 0.07, 0.04);
                value -= 0.3 * blob(0.5, 0.75, 0.15, 0.04) - 0.1 * blob(0.5, 0.58, 0.05, 0.08);
                planes.push(value as f32);
            }
        }
        Tensor::from_slice(&planes).reshape([1, 3, side as i64, side as i64])
    }

    /// The landmark network's state dict, with weights by `noise`.
    pub(crate) fn landmark_weights() -> StateDict {
        let mut shapes: Vec<(String, Vec<usize>)> = Vec::new();
        for (name, out, input, k) in [
            ("conv", 32, 3, 5),
            ("layers.0", 64, 32, 3),
            ("layers.3", 128, 64, 3),
            ("layers.6", 128, 128, 3),
            ("layers.9", 68, 128, 3),
        ] {
            shapes.push((format!("{name}.weight"), vec![out, input, k, k]));
            shapes.push((format!("{name}.bias"), vec![out]));
        }
        for (place, out) in [(1, 64), (4, 128), (7, 128)] {
            for what in ["weight", "bias", "running_mean", "running_var"] {
                shapes.push((format!("layers.{place}.{what}"), vec![out]));
            }
        }
        shapes.sort();
        let mut state = StateDict::new();
        for (number, (key, shape)) in shapes.into_iter().enumerate() {
            let count = shape.iter().product();
            let made = if let [_, input, k, _] = shape[..] {
                noise(count, number, (6.0 / (input * k * k) as f64).sqrt())
            } else if key.ends_with("running_var") || key.ends_with("weight") {
                let around = noise(count, number, 0.5);
                around
                    .iter()
                    .map(|x| (1.0 + f64::from(*x)) as f32)
                    .collect()
            } else {
                noise(count, number, 0.2)
            };
            state.insert(key, TensorData::from_f32(shape, &made).unwrap());
        }
        state
    }

    pub(crate) fn save(state: &StateDict) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("landmarks.safetensors");
        checkpoint::write_safetensors(&path, state, &Default::default(), None).unwrap();
        (folder, path)
    }

    /// `../shared/weights`, where it lies beside the repository.
    pub(crate) fn published(name: &str) -> Option<std::path::PathBuf> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/weights");
        let path = folder.join(name);
        if !path.exists() {
            eprintln!("skipped: no {}", path.display());
            return None;
        }
        Some(path)
    }

    pub(crate) fn landmarks() -> Landmarks {
        let (_folder, path) = save(&landmark_weights());
        Landmarks::load(&path, Device::Cpu).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::formula::{face, landmark_weights, landmarks, published, save, values};
    use super::*;
    use serde_json::Value;
    use uncanny_model::checkpoint::TensorData;

    /// Heatmaps of one picture against PyTorch's.
    fn agrees(heatmaps: &Tensor, expected: &Value, tolerance: f64) {
        assert_eq!(heatmaps.size(), [1, 68, 64, 64]);
        let numbers = |value: &Value| -> Vec<f64> {
            let list = value.as_array().unwrap();
            list.iter().map(|x| x.as_f64().unwrap()).collect()
        };
        let list = |name: &str| expected[name].as_array().unwrap();
        for place in list("values") {
            let place = numbers(place);
            let [c, y, x] = [0, 1, 2].map(|i| place[i] as i64);
            let found = heatmaps.double_value(&[0, c, y, x]);
            assert!((found - place[3]).abs() < tolerance, "{found} {place:?}");
        }
        let means = numbers(&expected["means"]);
        let found = heatmaps.mean_dim([2i64, 3].as_slice(), false, Kind::Double);
        for (c, mean) in means.iter().enumerate() {
            let found = found.double_value(&[0, c as i64]);
            assert!((found - mean).abs() < tolerance, "{c}: {found} {mean}");
        }
        let peaks = Landmarks::peaks(heatmaps).unwrap();
        assert!(list("peaks").len() > 30 && list("values").len() == 30 && means.len() == 68);
        for peak in list("peaks") {
            let peak = numbers(peak);
            let found = |i: i64| peaks.double_value(&[0, peak[0] as i64, i]);
            assert_eq!([found(0), found(1)], [peak[1], peak[2]], "{peak:?}");
        }
    }

    #[test]
    fn heatmaps_are_what_pytorch_computes() {
        let landmarks = landmarks();
        let expected = values("landmarks", "values.json");
        let found = landmarks.heatmaps(&face(64, 0.0)).unwrap();
        agrees(&found, &expected["made_up"], 1e-4);
        // The same size is left alone; a larger one is reduced with antialiasing.
        agrees(
            &landmarks.of(&face(64, 0.0), Kind::Float).unwrap(),
            &expected["made_up"],
            1e-4,
        );
        agrees(
            &landmarks.of(&face(128, 0.1), Kind::Float).unwrap(),
            &expected["reduced"],
            1e-4,
        );
    }

    #[test]
    fn a_file_that_is_no_landmark_network_says_why() {
        let refused = |change: &dyn Fn(&mut uncanny_model::checkpoint::StateDict)| {
            let mut state = landmark_weights();
            change(&mut state);
            let (_folder, path) = save(&state);
            Landmarks::load(&path, Device::Cpu).unwrap_err().to_string()
        };
        let text = refused(&|state| drop(state.take("layers.4.running_var")));
        assert!(
            text.contains("layers.4.running_var: expected [128], found nothing"),
            "{text}"
        );
        assert!(text.contains("landmarks.safetensors"), "{text}");
        let text = refused(&|state| {
            let odd = TensorData::from_f32(vec![32, 3, 3, 3], &[0.5; 32 * 27]).unwrap();
            state.insert("conv.weight", odd);
        });
        assert!(
            text.contains("conv.weight: expected [32, 3, 5, 5], found [32, 3, 3, 3]"),
            "{text}"
        );
    }

    #[test]
    fn the_published_network_sees_what_pytorch_sees() {
        let Some(path) = published("compressed_model_011000.safetensors") else {
            return;
        };
        let landmarks = Landmarks::load(&path, Device::Cpu).unwrap();
        let found = landmarks.heatmaps(&face(64, 0.0)).unwrap();
        agrees(
            &found,
            &values("landmarks", "values.json")["published"],
            1e-4,
        );
    }

    #[test]
    fn the_published_module_is_refused_with_a_remedy() {
        let Some(path) = published("compressed_model_011000.pth") else {
            return;
        };
        let error = Landmarks::load(&path, Device::Cpu).unwrap_err();
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            text.push_str(&format!(" {error}"));
            cause = error.source();
        }
        assert!(text.contains("state_dict()"), "{text}");
        assert!(text.contains("compressed_model_011000.pth"), "{text}");
    }
}
