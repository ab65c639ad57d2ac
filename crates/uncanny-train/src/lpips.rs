//! LPIPS: how differently two pictures look, as people judged it (Zhang, Isola, Efros, Shechtman, Wang: "The Unreasonable
//! Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018, arXiv 1801.03924).
//!
//! What VGG16 sees at each place is made a vector of length 1; the squared differences of its channels are weighed by a
//! head that was fitted to people's judgements, averaged over the places, and added over the levels. The published measure
//! has a fifth level, relu5_3, which this one goes without, as it goes by Oxford's VGG16: compare its figures with
//! each other alone.

use std::path::Path;

use image::RgbaImage;
use tch::{Kind, TchError, Tensor};
use uncanny_model::Device;
use uncanny_model::checkpoint;
use uncanny_model::tensors::to_tensor;
use uncanny_texture::metric;

use crate::vgg::{LEVELS, Vgg};
use crate::{Error, Result};

/// Keeps a vector's direction finite where nothing is seen.
const UNSEEN: f64 = 1e-10;

/// The measure, on one device.
#[derive(Debug)]
pub struct Lpips {
    vgg: Vgg,
    /// 1 x channels x 1 x 1, a level each.
    heads: Vec<Tensor>,
    device: tch::Device,
}

impl Lpips {
    /// Reads VGG16, as [`Vgg::load`], and the heads, `linN.model.1.weight` for the levels N from 0 to 3, as the Python
    /// package `lpips` has them. What else the files hold is left alone.
    ///
    /// # Errors
    /// When a file cannot be read or does not hold them.
    pub fn load(vgg: &Path, heads: &Path, device: Device) -> Result<Lpips> {
        let device = device.torch();
        let checkpoint = checkpoint::read(heads)?;
        let head = |(level, channels): (usize, i64)| -> Result<Tensor> {
            let key = format!("lin{level}.model.1.weight");
            let shape = [1, channels, 1, 1];
            match checkpoint.state.get(&key).map(to_tensor).transpose()? {
                Some(tensor) if tensor.size() == shape => Ok(tensor.f_to_device(device)?),
                found => Err(Error::NoHeads {
                    path: heads.to_owned(),
                    what: format!(
                        "{key}: expected {shape:?}, found {}",
                        found.map_or("nothing".to_owned(), |t| format!("{:?}", t.size()))
                    ),
                }),
            }
        };
        Ok(Lpips {
            heads: LEVELS
                .into_iter()
                .enumerate()
                .map(head)
                .collect::<Result<_>>()?,
            vgg: Vgg::load(vgg, device, Kind::Float)?,
            device,
        })
    }

    /// How differently two pictures of one size look, laid over `ground`: from 0, alike, to about 1.
    ///
    /// # Errors
    /// What libtorch reports.
    ///
    /// # Panics
    /// When the sizes differ, or a side is below 8.
    pub fn distance(&self, a: &RgbaImage, b: &RgbaImage, ground: [u8; 3]) -> Result<f64> {
        assert_eq!(
            a.dimensions(),
            b.dimensions(),
            "pictures to compare must have one size"
        );
        let tensor = |image: &RgbaImage| {
            let (width, height) = image.dimensions();
            let rgb: Vec<u8> = metric::over(image, ground)
                .pixels()
                .flat_map(|pixel| [pixel.0[0], pixel.0[1], pixel.0[2]])
                .collect();
            Tensor::f_from_slice(&rgb)?
                .f_reshape([1, i64::from(height), i64::from(width), 3])?
                .f_permute([0, 3, 1, 2])
        };
        let both = Tensor::f_cat(&[tensor(a)?, tensor(b)?], 0)?;
        let both = both.f_to_device(self.device)?.f_to_kind(Kind::Float)? / 255.0;
        Ok(tch::no_grad(|| self.apart(&both))?)
    }

    /// Of 2 x 3 x h x w in 0..1.
    fn apart(&self, both: &Tensor) -> Result<f64, TchError> {
        let mut sum = 0.0;
        for (seen, head) in self.vgg.levels(both, LEVELS.len())?.iter().zip(&self.heads) {
            let squares =
                seen.f_square()?
                    .f_sum_dim_intlist([1i64].as_slice(), true, Kind::Float)?;
            let seen = seen.f_div(&(squares.f_sqrt()? + UNSEEN))?;
            let off = seen.f_narrow(0, 0, 1)?.f_sub(&seen.f_narrow(0, 1, 1)?)?;
            let weighed = off.f_square()?.f_mul(head)?;
            let by_place = weighed.f_sum_dim_intlist([1i64].as_slice(), true, Kind::Float)?;
            sum += by_place.f_mean(Kind::Float)?.f_double_value(&[])?;
        }
        Ok(sum)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::landmarks::formula::{fixtures, noise, published, save, values};
    use crate::vgg::formula::weights;
    use uncanny_model::checkpoint::{StateDict, TensorData};

    pub(crate) fn heads() -> StateDict {
        let mut state = StateDict::new();
        for (level, channels) in LEVELS.into_iter().enumerate() {
            let channels = channels as usize;
            let made = noise(channels, 200 + level, 0.5);
            let made: Vec<f32> = made.iter().map(|x| x + 0.5).collect();
            let head = TensorData::from_f32(vec![1, channels, 1, 1], &made).unwrap();
            state.insert(format!("lin{level}.model.1.weight"), head);
        }
        state
    }

    fn picture(name: &str) -> RgbaImage {
        let path = fixtures().join("metrics").join(format!("{name}.png"));
        image::open(path).unwrap().to_rgba8()
    }

    #[test]
    fn it_is_what_torchvision_and_numpy_compute() {
        let expected = values("lpips", "values.json");
        let check = |vgg: &Path, heads: &Path, expected: &serde_json::Value| {
            let lpips = Lpips::load(vgg, heads, Device::CPU).unwrap();
            let truth = picture("truth");
            for name in ["near", "far"] {
                let other = picture(name);
                let found = lpips.distance(&other, &truth, [120, 120, 128]).unwrap();
                let expected = expected[name].as_f64().unwrap();
                assert!(
                    (found / expected - 1.0).abs() < 1e-4,
                    "{name}: {found} {expected}"
                );
                let turned = lpips.distance(&truth, &other, [120, 120, 128]).unwrap();
                assert!((found - turned).abs() < 1e-7);
            }
            assert_eq!(lpips.distance(&truth, &truth, [0; 3]).unwrap(), 0.0);
        };
        let ((_vgg, vgg), (_heads, heads)) = (save(&weights()), save(&heads()));
        check(&vgg, &heads, &expected["made_up"]);
        let vgg = published("vgg16_features_relu4_3.safetensors");
        if let (Some(vgg), Some(heads)) = (vgg, published("lpips_vgg_heads.safetensors")) {
            check(&vgg, &heads, &expected["published"]);
        }
    }

    #[test]
    fn a_file_without_heads_says_so() {
        let (_vgg, vgg) = save(&weights());
        let mut state = heads();
        drop(state.take("lin3.model.1.weight"));
        let (_heads, heads) = save(&state);
        let text = Lpips::load(&vgg, &heads, Device::CPU)
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("lin3.model.1.weight: expected [1, 512, 1, 1], found nothing"),
            "{text}"
        );
        let error = Lpips::load(&vgg, &vgg, Device::CPU).unwrap_err();
        assert!(error.to_string().contains("lin0"), "{error}");
    }
}
