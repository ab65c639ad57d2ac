//! What VGG16 sees in a picture (Simonyan and Zisserman 2015, arXiv 1409.1556): edges, textures, parts of things. Pictures
//! that look alike are alike to it, which pixels are not (Johnson, Alahi, Fei-Fei 2016, arXiv 1603.08155).
//!
//! Its first ten convolutions, by torchvision's names, `features.N.weight` and `features.N.bias`, trained as Oxford's were:
//! the input is RGB in 0..1 less Oxford's means over ImageNet, not divided by anything.

use std::path::Path;

use tch::{Device, Kind, TchError, Tensor};
use uncanny_model::checkpoint;
use uncanny_model::tensors::{channels_last, to_tensor};

use crate::{Error, Result};

/// What the network takes off R, G and B in 0..1: Oxford's means over ImageNet, of 255.
pub(crate) const MEANS: [f32; 3] = [0.485_020, 0.457_957, 0.407_604];
/// The channels of the levels: relu1_2, relu2_2, relu3_3, relu4_3. Each is half as large as the last.
pub(crate) const LEVELS: [i64; 4] = [64, 128, 256, 512];

/// The places of the convolutions in torchvision's `features`, level by level; between levels the maximum of each 2x2.
const PLACES: [&[u32]; 4] = [&[0, 2], &[5, 7], &[10, 12, 14], &[17, 19, 21]];

/// The first ten convolutions of VGG16, on one device. Their weights never change.
///
/// By torchvision's names, `features.N.weight` and `features.N.bias`; the input is RGB in 0..1 less 0.485020, 0.457957 and
/// 0.407604, not divided by anything, as in Oxford's own.
#[derive(Debug)]
pub struct Vgg {
    levels: Vec<Vec<(Tensor, Tensor)>>,
    kind: Kind,
}

impl Vgg {
    /// Reads its weights, to be computed with in `kind`. What else the file holds is left alone.
    ///
    /// # Errors
    /// When the file cannot be read or is no such network.
    pub fn load(path: &Path, device: Device, kind: Kind) -> Result<Vgg> {
        let checkpoint = checkpoint::read(path)?;
        let tensor = |key: &str, shape: &[i64]| -> Result<Tensor> {
            let found = checkpoint.state.get(key).map(to_tensor).transpose()?;
            match found {
                Some(tensor) if tensor.size() == shape => {
                    Ok(tensor.f_to_device(device)?.f_to_kind(kind)?)
                }
                found => Err(Error::NoVgg {
                    path: path.to_owned(),
                    what: format!(
                        "{key}: expected {shape:?}, found {}",
                        found.map_or("nothing".to_owned(), |t| format!("{:?}", t.size()))
                    ),
                }),
            }
        };
        let mut levels = Vec::new();
        let mut channels = 3;
        for (places, out) in PLACES.iter().zip(LEVELS) {
            let mut level = Vec::new();
            for place in *places {
                let weight = tensor(&format!("features.{place}.weight"), &[out, channels, 3, 3])?;
                let bias = tensor(&format!("features.{place}.bias"), &[out])?;
                level.push((channels_last(&weight), bias));
                channels = out;
            }
            levels.push(level);
        }
        Ok(Vgg { levels, kind })
    }

    /// What the first `count` of its levels relu1_2, relu2_2, relu3_3 and relu4_3 see in N x 3 x h x w, RGB in 0..1:
    /// N x 64 x h x w, N x 128 x h/2 x w/2, and so on; in the number format that the weights are in.
    ///
    /// # Errors
    /// What libtorch reports.
    pub fn levels(&self, pictures: &Tensor, count: usize) -> Result<Vec<Tensor>, TchError> {
        let means = Tensor::f_from_slice(&MEANS)?.f_reshape([1, 3, 1, 1])?;
        let x = pictures.f_sub(&means.f_to_device(pictures.device())?)?;
        let mut x = channels_last(&x.f_to_kind(self.kind)?);
        let mut seen: Vec<Tensor> = Vec::new();
        for level in self.levels.iter().take(count) {
            if !seen.is_empty() {
                x = x.f_max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false)?;
            }
            for (weight, bias) in level {
                x = x
                    .f_conv2d(weight, Some(bias), [1, 1], [1, 1], [1, 1], 1)?
                    .f_relu()?;
            }
            seen.push(x.shallow_clone());
        }
        Ok(seen)
    }
}

/// Weights for tests: `tests/fixtures/vgg/make.py` has the same.
#[cfg(test)]
pub(crate) mod formula {
    use super::*;
    use crate::landmarks::formula::{noise, save};
    use uncanny_model::checkpoint::{StateDict, TensorData};

    pub(crate) fn weights() -> StateDict {
        let mut state = StateDict::new();
        let mut channels = 3;
        for (places, out) in PLACES.iter().zip(LEVELS) {
            for &place in *places {
                let count = (out * channels * 9) as usize;
                let reach = (6.0 / (channels * 9) as f64).sqrt();
                let weight = noise(count, place as usize, reach);
                let shape = vec![out as usize, channels as usize, 3, 3];
                let weight = TensorData::from_f32(shape, &weight).unwrap();
                state.insert(format!("features.{place}.weight"), weight);
                let bias = noise(out as usize, 100 + place as usize, 0.05);
                let bias = TensorData::from_f32(vec![out as usize], &bias).unwrap();
                state.insert(format!("features.{place}.bias"), bias);
                channels = out;
            }
        }
        state
    }

    pub(crate) fn vgg() -> Vgg {
        let (_folder, path) = save(&weights());
        Vgg::load(&path, Device::Cpu, Kind::Float).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::formula::{vgg, weights};
    use super::*;
    use crate::landmarks::formula::{face, published, save, values};
    use serde_json::Value;

    /// All levels of one picture against torchvision's network.
    fn agrees(vgg: &Vgg, expected: &Value) {
        let seen = vgg.levels(&face(64, 0.0), LEVELS.len()).unwrap();
        let expected = expected.as_array().unwrap();
        assert_eq!((seen.len(), expected.len()), (4, 4));
        for (i, (seen, expected)) in seen.iter().zip(expected).enumerate() {
            let side = 64 >> i;
            assert_eq!(seen.size(), [1, LEVELS[i], side, side]);
            let mean = expected["mean"].as_f64().unwrap();
            let found = seen.mean(Kind::Double).double_value(&[]);
            assert!((found / mean - 1.0).abs() < 1e-4, "{i}: {found} {mean}");
            let places = expected["values"].as_array().unwrap();
            assert!(places.len() >= 12);
            for place in places {
                let place: Vec<f64> = serde_json::from_value(place.clone()).unwrap();
                let [c, y, x] = [0, 1, 2].map(|i| place[i] as i64);
                let found = seen.double_value(&[0, c, y, x]);
                assert!((found - place[3]).abs() < 1e-3 * mean, "{found} {place:?}");
            }
        }
    }

    #[test]
    fn it_sees_what_torchvisions_sees() {
        let expected = values("vgg", "values.json");
        agrees(&vgg(), &expected["made_up"]);
        if let Some(path) = published("vgg16_features_relu4_3.safetensors") {
            let vgg = Vgg::load(&path, Device::Cpu, Kind::Float).unwrap();
            agrees(&vgg, &expected["published"]);
        }
    }

    #[test]
    fn only_the_levels_asked_for_are_computed() {
        let vgg = vgg();
        let all = vgg.levels(&face(32, 0.0), 4).unwrap();
        let first = vgg.levels(&face(32, 0.0), 1).unwrap();
        assert_eq!((first.len(), all.len()), (1, 4));
        assert!(first[0] == all[0]);
    }

    #[test]
    fn a_file_that_is_no_vgg_says_why() {
        let refused = |state| {
            let (_folder, path) = save(&state);
            let error = Vgg::load(&path, Device::Cpu, Kind::Float).unwrap_err();
            error.to_string()
        };
        let mut state = weights();
        drop(state.take("features.7.bias"));
        let text = refused(state);
        assert!(
            text.contains("features.7.bias: expected [128], found nothing"),
            "{text}"
        );
        assert!(text.contains(".safetensors"), "{text}");
        let mut state = weights();
        let first = state.take("features.0.weight").unwrap();
        state.insert("features.2.weight", first);
        let text = refused(state);
        assert!(text.contains("features.0.weight"), "{text}");
    }
}
