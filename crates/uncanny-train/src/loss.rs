//! What a drawn picture is blamed for. Pictures are N x 3 x s x s in -1..1.

use tch::{Kind, Reduction, TchError, Tensor};

use crate::landmarks::Landmarks;
use crate::recipe::Losses;

type Result<T> = std::result::Result<T, TchError>;

/// The weights of R, G and B in luma (ITU-R BT.601), as the measurements have them.
const LUMA: [f32; 3] = [0.299, 0.587, 0.114];
/// SSIM's window, as the measurements have it.
const WINDOW: i64 = 7;
/// Fine detail is counted in windows of so many pixels, half overlapping.
const PATCH: i64 = 16;

/// How often a network doubles.
const DOUBLINGS: usize = 3;
/// A grid is looked for in windows of so many pairs of pixels, half overlapping.
const GRID_WINDOW: i64 = 8;

/// The terms that were computed, each before its weight.
pub(crate) type Terms = Vec<(&'static str, Tensor)>;

/// The weighted sum of everything but the adversarial loss, and its terms.
///
/// `landmarks` looks at the first `landmark_batch` pictures, with convolutions in `kind`.
pub(crate) fn reconstruction(
    losses: &Losses,
    drawn: &Tensor,
    real: &Tensor,
    landmarks: Option<&Landmarks>,
    landmark_batch: usize,
    kind: Kind,
) -> Result<(Tensor, Terms)> {
    let mut terms: Terms = Vec::new();
    let mut total = Tensor::zeros([], (Kind::Float, drawn.device()));
    let mut add = |name, weight: f64, term: Tensor| -> Result<()> {
        total = total.f_add(&(&term * weight))?;
        terms.push((name, term.detach()));
        Ok(())
    };
    if losses.l1 > 0.0 {
        add("l1", losses.l1, drawn.f_l1_loss(real, Reduction::Mean)?)?;
    }
    if losses.grid > 0.0 {
        add("grid", losses.grid, grid(drawn, real)?)?;
    }
    if losses.ssim > 0.0 || losses.texture > 0.0 {
        let (a, b) = (luma(drawn)?, luma(real)?);
        if losses.ssim > 0.0 {
            add("ssim", losses.ssim, dissimilarity(&a, &b)?)?;
        }
        if losses.texture > 0.0 {
            add("texture", losses.texture, texture(&a, &b)?)?;
        }
    }
    if let (true, Some(landmarks)) = (losses.on_landmarks(), landmarks) {
        let some = |x: &Tensor| x.f_narrow(0, 0, x.size()[0].min(landmark_batch as i64));
        let (drawn, real) = (some(drawn)?, some(real)?);
        let seen = |x: &Tensor| landmarks.of(&(x * 0.5 + 0.5), kind);
        let truth = tch::no_grad(|| seen(&real))?;
        if losses.heatmap > 0.0 {
            let found = seen(&drawn)?;
            let term = found.f_mse_loss(&truth, Reduction::Mean)?;
            add("heatmap", losses.heatmap, term)?;
        }
        if losses.attention > 0.0 {
            let side = real.size()[3];
            let mask = truth.f_amax([1i64].as_slice(), true)?;
            let mask = mask.f_upsample_bilinear2d([side, side], false, None, None)?;
            let term = (drawn - real).f_abs()?.f_mul(&mask)?.f_mean(Kind::Float)?;
            add("attention", losses.attention, term)?;
        }
    }
    Ok((total, terms))
}

/// Mean absolute difference, the mean over pairs of tensors.
pub(crate) fn apart(found: &[Tensor], truth: &[Tensor]) -> Result<Tensor> {
    let each = found.iter().zip(truth).map(|(a, b)| {
        let (a, b) = (a.f_to_kind(Kind::Float)?, b.f_to_kind(Kind::Float)?);
        a.f_l1_loss(&b, Reduction::Mean)
    });
    Tensor::f_stack(&each.collect::<Result<Vec<_>>>()?, 0)?.f_mean(Kind::Float)
}

/// N x 1 x s x s in -1..1.
fn luma(x: &Tensor) -> Result<Tensor> {
    let weights = Tensor::from_slice(&LUMA)
        .to_device(x.device())
        .reshape([1, 3, 1, 1]);
    x.f_mul(&weights)?
        .f_sum_dim_intlist([1i64].as_slice(), true, Kind::Float)
}

fn mean(x: &Tensor, window: i64, stride: i64) -> Result<Tensor> {
    x.f_avg_pool2d([window; 2], [stride; 2], [0, 0], false, true, None)
}

/// 1 - SSIM (Wang et al. 2004), in windows of 7x7 as scikit-image has them.
fn dissimilarity(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let mean = |x: &Tensor| mean(x, WINDOW, 1);
    let unbiased = (WINDOW * WINDOW) as f64 / (WINDOW * WINDOW - 1) as f64;
    let (c1, c2) = (0.01f64.powi(2), 0.03f64.powi(2));
    let (a, b) = (&(a * 0.5 + 0.5), &(b * 0.5 + 0.5));
    let (mean_a, mean_b) = (mean(a)?, mean(b)?);
    let (aa, bb, ab) = (&mean_a * &mean_a, &mean_b * &mean_b, &mean_a * &mean_b);
    let var_a = (mean(&(a * a))? - &aa) * unbiased;
    let var_b = (mean(&(b * b))? - &bb) * unbiased;
    let both = (mean(&(a * b))? - &ab) * unbiased;
    let top = (ab * 2.0 + c1) * (both * 2.0 + c2);
    let bottom = (aa + bb + c1) * (var_a + var_b + c2);
    let similarity: Tensor = top / bottom;
    Ok(1.0 - similarity.f_mean(Kind::Float)?)
}

/// How differently much fine detail there is, place by place: mean absolute difference of the local means of the
/// absolute Laplacian, of the picture and of its half.
///
/// The detail itself cannot be known from a 64th of the pixels, but how much of it a place has can be learned; a plain
/// difference would rather have none.
fn texture(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let kernel = Tensor::from_slice(&[0f32, 1.0, 0.0, 1.0, -4.0, 1.0, 0.0, 1.0, 0.0]);
    let kernel = kernel.to_device(a.device()).reshape([1, 1, 3, 3]);
    let busy = |x: &Tensor, patch: i64| -> Result<Tensor> {
        let edges = x.f_conv2d(&kernel, None::<&Tensor>, [1, 1], [1, 1], [1, 1], 1)?;
        mean(&edges.f_abs()?, patch, patch / 2)
    };
    let full = (busy(a, PATCH)? - busy(b, PATCH)?)
        .f_abs()?
        .f_mean(Kind::Float)?;
    let (a, b) = (mean(a, 2, 2)?, mean(b, 2, 2)?);
    let half = (busy(&a, PATCH / 2)? - busy(&b, PATCH / 2)?)
        .f_abs()?
        .f_mean(Kind::Float)?;
    full.f_add(&half)
}

/// The pattern that an upsampling network leaves, of 2, 4 and 8 pixels: how much of the difference keeps alternating
/// between neighbours, across and down and both, through windows of 8x8 pairs. At full size, half and quarter: the mean
/// absolute value of the windows' means.
///
/// An edge alternates once and hair in no fixed step with the pixels, but a grid does it everywhere alike.
fn grid(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let patterns = [
        1f32, -1.0, 1.0, -1.0, 1.0, 1.0, -1.0, -1.0, 1.0, -1.0, -1.0, 1.0,
    ];
    let patterns = Tensor::from_slice(&patterns).to_device(a.device()) / 4.0;
    let patterns = patterns.reshape([3, 1, 2, 2]).repeat([3, 1, 1, 1]);
    let mut rest = a - b;
    let mut each = Vec::new();
    for _ in 0..DOUBLINGS {
        let steps = rest.f_conv2d(&patterns, None::<&Tensor>, [2, 2], [0, 0], [1, 1], 3)?;
        let window = GRID_WINDOW.min(steps.size()[2]);
        each.push(
            mean(&steps, window, (window / 2).max(1))?
                .f_abs()?
                .f_mean(Kind::Float)?,
        );
        rest = mean(&rest, 2, 2)?;
    }
    Tensor::f_stack(&each, 0)?.f_mean(Kind::Float)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::landmarks::formula::{face, landmarks, noise_tensor, values};
    use image::{DynamicImage, RgbImage};
    use tch::Device;

    fn picture(seed: u32) -> (RgbImage, Tensor) {
        let image = RgbImage::from_fn(32, 32, |x, y| {
            let v = (x * 7 + y * 13 + (x * y * seed) % 50) % 256;
            image::Rgb([v as u8, (255 - v) as u8, (v / 2) as u8])
        });
        let x = Tensor::from_slice(image.as_raw()).reshape([1, 32, 32, 3]);
        let x = x.permute([0, 3, 1, 2]).to_kind(Kind::Float) / 127.5 - 1.0;
        (image, x)
    }

    #[test]
    fn dissimilarity_is_what_is_measured() {
        let ((a, x), (b, y)) = (picture(3), picture(11));
        let rgba = |image| DynamicImage::from(image as RgbImage).to_rgba8();
        let measured = uncanny_texture::metric::ssim(&rgba(a), &rgba(b));
        let found = dissimilarity(&luma(&x).unwrap(), &luma(&y).unwrap()).unwrap();
        let found = 1.0 - found.double_value(&[]);
        assert!(measured < 0.99, "{measured}");
        assert!((found - measured).abs() < 2e-3, "{found} {measured}");
    }

    #[test]
    fn texture_counts_detail_and_not_where_it_is() {
        let (_, x) = picture(3);
        let x = luma(&x).unwrap();
        let loss = |a: &Tensor, b: &Tensor| texture(a, b).unwrap().double_value(&[]);
        assert!(loss(&x, &x) < 1e-9);
        let flat = Tensor::zeros([1, 1, 32, 32], (Kind::Float, Device::Cpu));
        let noise = Tensor::randn([2, 1, 32, 32], (Kind::Float, Device::Cpu));
        let (one, other) = (noise.narrow(0, 0, 1), noise.narrow(0, 1, 1));
        assert!(loss(&one, &other) < 0.3 * loss(&one, &flat));
    }

    #[test]
    fn a_grid_is_told_from_an_edge_and_from_noise() {
        let clear = Tensor::zeros([1, 3, 64, 64], (Kind::Float, Device::Cpu));
        let found = |x: &Tensor| grid(x, &clear).unwrap().double_value(&[]);
        let pattern = |f: &dyn Fn(i64, i64) -> f32| {
            let values: Vec<f32> = (0..64 * 64).map(|i| f(i % 64, i / 64)).collect();
            Tensor::from_slice(&values)
                .reshape([1, 1, 64, 64])
                .repeat([1, 3, 1, 1])
        };
        let fine = found(&pattern(&|x, _| if x % 2 == 0 { 0.1 } else { -0.1 }));
        let coarse = found(&pattern(&|x, y| {
            if (x / 4 + y / 4) % 2 == 0 { 0.1 } else { -0.1 }
        }));
        let edge = found(&pattern(&|x, _| if x < 31 { 0.1 } else { -0.1 }));
        let noise = found(&(Tensor::randn([1, 3, 64, 64], (Kind::Float, Device::Cpu)) * 0.1));
        // One of nine pictures of patterns is full of it.
        assert!((fine - 0.1 / 9.0).abs() < 1e-4, "{fine}");
        assert!((coarse - 0.1 / 9.0).abs() < 1e-4, "{coarse}");
        assert!(edge < 0.3 * fine && noise < 0.7 * fine, "{edge} {noise}");
    }

    #[test]
    fn only_what_has_a_weight_is_computed() {
        let (_, x) = picture(3);
        let (_, y) = picture(5);
        let losses = Losses {
            l1: 2.0,
            ..Losses::default()
        };
        let (total, terms) = reconstruction(&losses, &x, &y, None, 4, Kind::Float).unwrap();
        let names: Vec<_> = terms.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["l1"]);
        let l1 = terms[0].1.double_value(&[]);
        assert!((total.double_value(&[]) - 2.0 * l1).abs() < 1e-6);
    }

    /// `tests/fixtures/losses/make.py` has the same.
    pub(crate) fn drawn_and_real(side: i64) -> (Tensor, Tensor) {
        let faces = [face(side as usize, 0.0), face(side as usize, 0.1)];
        let clear = Tensor::cat(&faces, 0) * 2.0 - 1.0;
        let drawn = &clear * 0.8 + noise_tensor(&clear.size(), 1, 0.15);
        let real = &clear * 0.9 + noise_tensor(&clear.size(), 2, 0.1);
        (drawn, real)
    }

    /// Each term, and their weighted sum, against PyTorch and scikit-image.
    #[test]
    fn every_term_is_what_pytorch_computes() {
        let (drawn, real) = drawn_and_real(128);
        let expected = values("losses");
        let losses = Losses {
            l1: 1.0,
            ssim: 2.0,
            texture: 3.0,
            adversarial: 100.0,
            features: 100.0,
            grid: 4.0,
            heatmap: 50.0,
            attention: 5.0,
        };
        let landmarks = landmarks();
        let (total, terms) =
            reconstruction(&losses, &drawn, &real, Some(&landmarks), 2, Kind::Float).unwrap();
        let names: Vec<&str> = terms.iter().map(|(name, _)| *name).collect();
        assert_eq!(
            names,
            ["l1", "grid", "ssim", "texture", "heatmap", "attention"]
        );
        let mut sum = 0.0;
        for ((name, term), weight) in terms.iter().zip([1.0, 4.0, 2.0, 3.0, 50.0, 5.0]) {
            let (found, expected) = (term.double_value(&[]), expected[*name].as_f64().unwrap());
            assert!(
                (found - expected).abs() < 1e-4 * expected,
                "{name}: {found} {expected}"
            );
            sum += weight * expected;
        }
        assert!(
            (total.double_value(&[]) - sum).abs() < 1e-4 * sum,
            "{total:?} {sum}"
        );
    }

    #[test]
    fn landmark_losses_look_at_part_of_the_batch_and_reach_the_drawn_picture() {
        let (drawn, real) = drawn_and_real(64);
        let landmarks = landmarks();
        for losses in [
            Losses {
                heatmap: 1.0,
                ..Losses::default()
            },
            Losses {
                attention: 1.0,
                ..Losses::default()
            },
        ] {
            let drawn = drawn.detach().set_requires_grad(true);
            let (total, _) =
                reconstruction(&losses, &drawn, &real, Some(&landmarks), 1, Kind::Float).unwrap();
            let alone = (drawn.narrow(0, 0, 1), real.narrow(0, 0, 1));
            let (first, _) = reconstruction(
                &losses,
                &alone.0,
                &alone.1,
                Some(&landmarks),
                1,
                Kind::Float,
            )
            .unwrap();
            assert!((&total - first).abs().double_value(&[]) < 1e-6);
            total.backward();
            let moved = |i: i64| drawn.grad().get(i).abs().sum(Kind::Float).double_value(&[]);
            assert!(
                moved(0) > 1e-4 && moved(1) == 0.0,
                "{} {}",
                moved(0),
                moved(1)
            );
        }
    }
}
