//! What the trainer measures as it goes, on a few pictures; `evaluate` measures in full.

use image::imageops::{self, FilterType};
use image::{DynamicImage, RgbImage, RgbaImage};
use serde::Serialize;
use tch::{Kind, TchError, Tensor};
use uncanny_texture::metric;
use uncanny_texture::sheet::{Row, sheet};

use crate::ImageSet;
use crate::degrade::Pyramid;

/// Pictures go through the network so many at a time.
const BATCH: usize = 8;

/// The classical methods that every network must beat.
const BASELINES: [(&str, FilterType); 3] = [
    ("nearest", FilterType::Nearest),
    ("bicubic", FilterType::CatmullRom),
    ("lanczos", FilterType::Lanczos3),
];

/// Means over a test set; 8-bit RGB, 128x128 from 16x16.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Score {
    /// The network or the method.
    pub model: String,
    /// Peak signal-to-noise ratio over R, G and B, in dB.
    pub psnr: f64,
    /// Structural similarity of luma, as scikit-image computes it by default.
    pub ssim: f64,
    /// Mean absolute Laplacian of luma: how much fine detail there is.
    pub sharpness: f64,
}

/// The scores on a test set, the truth's sharpness among them.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    /// How many pictures were measured.
    pub images: usize,
    /// One row a model, in the order measured.
    pub scores: Vec<Score>,
    /// What a perfect network would have.
    pub truth_sharpness: f64,
}

/// Test pictures with their 16x16 inputs.
#[derive(Debug)]
pub(crate) struct Pairs {
    /// N x 3 x 16 x 16 in 0..1.
    low: Tensor,
    lows: Vec<RgbaImage>,
    truths: Vec<RgbaImage>,
}

impl Pairs {
    /// The middles of `set`, reduced along PIL's bilinear chain; at most `limit` of them, evenly spread.
    pub(crate) fn new(set: &ImageSet, limit: usize) -> Result<Pairs, TchError> {
        let count = set.len().min(limit);
        let truths: Vec<RgbImage> = (0..count)
            .map(|i| set.centre(i * set.len() / count))
            .collect();
        let tensors: Vec<Tensor> = truths.iter().map(to_tensor).collect();
        let pyramid = Pyramid::new(Tensor::f_cat(&tensors, 0)?)?;
        let low = pyramid.low().shallow_clone();
        let rgba = |image: RgbImage| DynamicImage::from(image).to_rgba8();
        Ok(Pairs {
            lows: to_images(&low)?.into_iter().map(rgba).collect(),
            truths: truths.into_iter().map(rgba).collect(),
            low,
        })
    }

    pub(crate) fn score(&self, model: &str, pictures: &[RgbaImage]) -> Score {
        let n = pictures.len() as f64;
        let mean = |f: &dyn Fn(&RgbaImage, &RgbaImage) -> f64| {
            pictures
                .iter()
                .zip(&self.truths)
                .map(|(a, b)| f(a, b))
                .sum::<f64>()
                / n
        };
        Score {
            model: model.to_owned(),
            psnr: mean(&metric::psnr),
            ssim: mean(&metric::ssim),
            sharpness: mean(&|a, _| metric::sharpness(a)),
        }
    }

    /// Measures nearest, bicubic and Lanczos enlargement.
    pub(crate) fn baselines(&self) -> Evaluation {
        let scores = BASELINES.iter().map(|(name, filter)| {
            let enlarge =
                |low: &RgbaImage| imageops::resize(low, crate::SIDE, crate::SIDE, *filter);
            self.score(name, &self.lows.iter().map(enlarge).collect::<Vec<_>>())
        });
        let sharpness = self.truths.iter().map(metric::sharpness).sum::<f64>();
        Evaluation {
            images: self.truths.len(),
            scores: scores.collect(),
            truth_sharpness: sharpness / self.truths.len() as f64,
        }
    }

    /// Pictures by `forward`, which takes N x 3 x 16 x 16 in 0..1 to N x 3 x s x s in 0..1.
    pub(crate) fn enhance(&self, forward: Forward<'_>) -> Result<Vec<RgbaImage>, TchError> {
        let mut pictures = Vec::with_capacity(self.lows.len());
        for part in self.low.split(BATCH as i64, 0) {
            for image in to_images(&forward(&part)?)? {
                pictures.push(DynamicImage::from(image).to_rgba8());
            }
        }
        Ok(pictures)
    }

    /// One row a picture: input, what the network made of it, truth. For looking at.
    pub(crate) fn sheet(&self, pictures: &[RgbaImage], shown: usize) -> RgbaImage {
        let rows = (0..shown.min(pictures.len())).map(|i| Row {
            label: String::new(),
            pictures: vec![
                ("input".into(), self.lows[i].clone()),
                ("network".into(), pictures[i].clone()),
                ("truth".into(), self.truths[i].clone()),
            ],
        });
        sheet(&rows.collect::<Vec<_>>(), crate::SIDE)
    }
}

/// N x 3 x 16 x 16 in 0..1 to N x 3 x 128 x 128 in about 0..1.
pub(crate) type Forward<'a> = &'a dyn Fn(&Tensor) -> Result<Tensor, TchError>;

/// 1 x 3 x h x w in 0..1.
fn to_tensor(image: &RgbImage) -> Tensor {
    let (w, h) = image.dimensions();
    let interleaved =
        Tensor::from_slice(image.as_raw()).reshape([1, i64::from(h), i64::from(w), 3]);
    interleaved
        .permute([0, 3, 1, 2])
        .contiguous()
        .to_kind(Kind::Float)
        / 255.0
}

/// Rounded to 8 bits.
fn to_images(x: &Tensor) -> Result<Vec<RgbImage>, TchError> {
    let (n, _, h, w) = x.size4()?;
    let x = (x.f_clamp(0.0, 1.0)? * 255.0)
        .f_round()?
        .f_to_device(tch::Device::Cpu)?;
    let x = x
        .f_to_kind(Kind::Uint8)?
        .f_permute([0, 2, 3, 1])?
        .f_contiguous()?;
    (0..n)
        .map(|i| {
            let mut bytes = vec![0u8; (3 * h * w) as usize];
            let count = bytes.len();
            x.get(i).f_copy_data(&mut bytes, count)?;
            Ok(RgbImage::from_raw(w as u32, h as u32, bytes).expect("three bytes a pixel"))
        })
        .collect()
}
