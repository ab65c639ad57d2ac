//! How well a judge ranks, and the landmark network as another judge to compare with.

use image::RgbaImage;
use tch::{Kind, TchError, Tensor};
use uncanny_texture::{Filter, UpscaleError, metric, resize};

use crate::evaluate::Heatmaps;
use crate::landmarks::LANDMARK_SIDE;

/// Pictures that go through the landmark network at once.
const BATCH: usize = 16;

/// Area under the receiver operating characteristic: how often one of `above` scores higher than one of `below`. Equal
/// scores count half. 1 is perfect, 0.5 is chance; NaN when there is nothing to compare.
#[must_use]
pub fn auc(above: &[f32], below: &[f32]) -> f64 {
    let mut below = below.to_vec();
    below.sort_by(f32::total_cmp);
    let won: f64 = above
        .iter()
        .map(|score| {
            let less = below.partition_point(|other| other < score);
            let equal = below.partition_point(|other| other <= score) - less;
            less as f64 + equal as f64 / 2.0
        })
        .sum();
    won / (above.len() as f64 * below.len() as f64)
}

/// How a face is spoilt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blur(
    /// The Gaussian's standard deviation, as a share of the picture's width.
    pub f32,
);

/// An opaque picture through a Gaussian; beyond the border the border goes on.
#[must_use]
pub fn blurred(picture: &RgbaImage, blur: Blur) -> RgbaImage {
    let sigma = blur.0 * picture.width() as f32;
    if sigma <= 0.0 {
        return picture.clone();
    }
    image::imageops::blur(picture, sigma)
}

/// PFSR's compressed landmark network as a judge: the mean height of its 68 peaks, which a face raises.
pub struct LandmarkJudge {
    /// The network.
    pub heatmaps: Heatmaps,
}

impl LandmarkJudge {
    fn scores(&self, pictures: &[RgbaImage]) -> Result<Vec<f32>, TchError> {
        let side = LANDMARK_SIDE as u32;
        let planes: Vec<u8> = pictures
            .iter()
            .map(|picture| {
                let seen = metric::over(picture, uncanny_model::JUDGE_GROUND);
                resize(&seen, (side, side), Filter::Bilinear)
            })
            .flat_map(|picture| {
                let plane = |c: usize| picture.pixels().map(move |p| p.0[c]).collect::<Vec<_>>();
                [plane(0), plane(1), plane(2)].concat()
            })
            .collect();
        let shape = [pictures.len() as i64, 3, LANDMARK_SIDE, LANDMARK_SIDE];
        let x = Tensor::f_from_slice(&planes)?.f_reshape(shape)?;
        let maps = (self.heatmaps)(&x.f_to_kind(Kind::Float)?.f_div_scalar(255.0)?)?;
        let peaks = maps.f_amax([2i64, 3].as_slice(), false)?;
        let scores = peaks.f_mean_dim([1i64].as_slice(), false, Kind::Float)?;
        Vec::try_from(scores.f_to_device(tch::Device::Cpu)?)
    }
}

impl LandmarkJudge {
    /// One score a picture, without bounds.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn judge(&self, pictures: &[RgbaImage]) -> Result<Vec<f32>, UpscaleError> {
        let mut scores = Vec::with_capacity(pictures.len());
        for part in pictures.chunks(BATCH) {
            let found = self
                .scores(part)
                .map_err(|error| UpscaleError::with_source("run the landmark network", error))?;
            scores.extend(found);
        }
        Ok(scores)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auc_counts_pairs() {
        assert_eq!(auc(&[2.0, 3.0], &[0.0, 1.0]), 1.0);
        assert_eq!(auc(&[0.0, 1.0], &[2.0, 3.0]), 0.0);
        assert_eq!(auc(&[1.0, 1.0], &[1.0, 1.0]), 0.5);
        // 3 of 4 pairs.
        assert_eq!(auc(&[1.0, 3.0], &[0.0, 2.0]), 0.75);
        assert!(auc(&[], &[1.0]).is_nan());
    }
}
