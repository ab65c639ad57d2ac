//! What a drawn picture is blamed for. Pictures are N x 3 x s x s in -1..1.

use tch::{Kind, Reduction, TchError, Tensor};

use crate::landmarks::Landmarks;
use crate::random::Random;
use crate::recipe::Losses;
use crate::vgg::Vgg;

type Result<T> = std::result::Result<T, TchError>;

/// The weights of R, G and B in luma (ITU-R BT.601), as the measurements have them.
const LUMA: [f32; 3] = [0.299, 0.587, 0.114];
/// SSIM's window, as the measurements have it.
const WINDOW: i64 = 7;
/// Fine detail is counted in windows of so many pixels, half overlapping.
const PATCH: i64 = 16;

/// Detail is compared with itself so many pixels away, at so many scales.
const LAGS: i64 = 4;
const GRAIN_SCALES: usize = 3;
/// Detail of so small a mean square has no grain to speak of: 4 of 255 levels.
const FAINT: f64 = 1e-3;

/// Pixels of a texel.
const TEXEL: i64 = 8;

/// How often a network doubles.
const DOUBLINGS: usize = 3;
/// A grid is looked for in windows of so many pairs of pixels, half overlapping.
const GRID_WINDOW: i64 = 8;
/// What repeats with the texels is looked for in windows of so many of them, half overlapping.
const LATTICE_WINDOW: i64 = 8;
/// A picture of so much detail, mean absolute (2.5 of 255 levels), is half as flat as one without.
const FLAT: f64 = 0.02;

/// The side of the piece of a picture that VGG16 looks at.
pub(crate) const PIECE: i64 = 64;
/// How many of VGG16's levels a picture is compared by: further ones know too little of where things are.
const PERCEIVED: usize = 3;
/// Keeps the share finite where a level sees nothing in the truth.
const UNSEEN: f64 = 1e-6;

/// The terms that were computed, each before its weight.
pub(crate) type Terms = Vec<(&'static str, Tensor)>;

/// Terms as they are added up.
struct Sum {
    total: Tensor,
    terms: Terms,
}

impl Sum {
    fn new(device: tch::Device) -> Sum {
        Sum {
            total: Tensor::zeros([], (Kind::Float, device)),
            terms: Vec::new(),
        }
    }

    fn add(&mut self, name: &'static str, weight: f64, term: Tensor) -> Result<()> {
        self.total = self.total.f_add(&(&term * weight))?;
        self.terms.push((name, term.detach()));
        Ok(())
    }
}

/// The weighted sum of what looks at statistics of the picture itself, also where there is a teacher, and its terms: a
/// teacher's own lattice is not to be learned, nor that it has less detail than the truth.
pub(crate) fn statistical(
    losses: &Losses,
    drawn: &Tensor,
    picture: &Tensor,
) -> Result<(Tensor, Terms)> {
    let mut sum = Sum::new(drawn.device());
    if losses.lattice > 0.0 {
        sum.add("lattice", losses.lattice, lattice(drawn, picture)?)?;
    }
    if losses.detail > 0.0 {
        sum.add("detail", losses.detail, detail(drawn, picture)?)?;
    }
    Ok((sum.total, sum.terms))
}

/// The weighted sum of everything else but the adversarial loss, and its terms.
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
    let mut sum = Sum::new(drawn.device());
    if losses.l1 > 0.0 {
        sum.add("l1", losses.l1, drawn.f_l1_loss(real, Reduction::Mean)?)?;
    }
    if losses.grid > 0.0 {
        sum.add("grid", losses.grid, grid(drawn, real)?)?;
    }
    if losses.on_luma() {
        let (a, b) = (luma(drawn)?, luma(real)?);
        if losses.ssim > 0.0 {
            sum.add("ssim", losses.ssim, dissimilarity(&a, &b)?)?;
        }
        if losses.texture > 0.0 {
            sum.add("texture", losses.texture, texture(&a, &b)?)?;
        }
        if losses.steps > 0.0 {
            sum.add("steps", losses.steps, steps(&a, &b)?)?;
        }
        if losses.grain > 0.0 {
            sum.add("grain", losses.grain, grain(&a, &b)?)?;
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
            sum.add("heatmap", losses.heatmap, term)?;
        }
        if losses.attention > 0.0 {
            let side = real.size()[3];
            let mask = truth.f_amax([1i64].as_slice(), true)?;
            let mask = mask.f_upsample_bilinear2d([side, side], false, None, None)?;
            let term = (drawn - real).f_abs()?.f_mul(&mask)?.f_mean(Kind::Float)?;
            sum.add("attention", losses.attention, term)?;
        }
    }
    Ok((sum.total, sum.terms))
}

/// Where the piece that VGG16 looks at begins in a picture of `side`, across and down: the same for all pictures of a
/// batch, and on a texel's border.
pub(crate) fn piece(side: i64, random: &mut Random) -> [i64; 2] {
    let places = (side - PIECE).max(0) / TEXEL + 1;
    [(); 2].map(|()| random.below(places as u64) as i64 * TEXEL)
}

/// How differently VGG16 sees the first `count` pictures, each cut to the piece at `at`: the mean absolute difference of
/// each level by its mean in the truth, the mean over levels.
pub(crate) fn perceptual(
    vgg: &Vgg,
    drawn: &Tensor,
    real: &Tensor,
    count: usize,
    at: [i64; 2],
) -> Result<Tensor> {
    let cut = |x: &Tensor| {
        let (n, _, height, width) = x.size4()?;
        let x = x.f_narrow(0, 0, n.min(count as i64))?;
        let x = x.f_narrow(3, at[0], width.min(PIECE))?;
        x.f_narrow(2, at[1], height.min(PIECE))
    };
    let seen = |x: &Tensor| vgg.levels(&(cut(x)? * 0.5 + 0.5), PERCEIVED);
    let truth = tch::no_grad(|| seen(real))?;
    let each = seen(drawn)?.into_iter().zip(truth).map(|(a, b)| {
        let (a, b) = (a.f_to_kind(Kind::Float)?, b.f_to_kind(Kind::Float)?);
        let strength = b.f_mean(Kind::Float)? + UNSEEN; // Nothing is below 0 after a ReLU.
        a.f_l1_loss(&b, Reduction::Mean)?.f_div(&strength)
    });
    Tensor::f_stack(&each.collect::<Result<Vec<_>>>()?, 0)?.f_mean(Kind::Float)
}

/// Mean absolute difference, the mean over pairs of tensors.
pub(crate) fn apart(found: &[Tensor], truth: &[Tensor]) -> Result<Tensor> {
    let each = found.iter().zip(truth).map(|(a, b)| {
        let (a, b) = (a.f_to_kind(Kind::Float)?, b.f_to_kind(Kind::Float)?);
        a.f_l1_loss(&b, Reduction::Mean)
    });
    Tensor::f_stack(&each.collect::<Result<Vec<_>>>()?, 0)?.f_mean(Kind::Float)
}

/// What the critic's levels saw, from the finest to 16x16, as means over 8x8 places, each overlapping half of the next.
pub(crate) fn local(features: &[Tensor]) -> Result<Vec<Tensor>> {
    let each = features.iter().map(|seen| {
        let window = (seen.size()[3] / 8).max(1);
        mean(&seen.f_to_kind(Kind::Float)?, window, (window / 2).max(1))
    });
    each.collect()
}

/// N x 1 x s x s in -1..1.
fn luma(x: &Tensor) -> Result<Tensor> {
    let weights = Tensor::from_slice(&LUMA)
        .to_device(x.device())
        .reshape([1, 3, 1, 1]);
    x.f_mul(&weights)?
        .f_sum_dim_intlist([1i64].as_slice(), true, Kind::Float)
}

/// Means over square windows. Those that overlap by half are means of 2x2 means, and those of large windows means of means:
/// the same numbers, with fewer sums and, on a GPU, more at once.
fn mean(x: &Tensor, window: i64, stride: i64) -> Result<Tensor> {
    const LARGE: i64 = 4;
    if window == 2 * stride && stride > 1 {
        return mean(&mean(x, stride, stride)?, 2, 1);
    }
    if window == stride && window > LARGE && window % LARGE == 0 {
        return mean(&mean(x, LARGE, LARGE)?, window / LARGE, window / LARGE);
    }
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
    let full = (busy(a, PATCH)? - busy(b, PATCH)?)
        .f_abs()?
        .f_mean(Kind::Float)?;
    let (a, b) = (mean(a, 2, 2)?, mean(b, 2, 2)?);
    let half = (busy(&a, PATCH / 2)? - busy(&b, PATCH / 2)?)
        .f_abs()?
        .f_mean(Kind::Float)?;
    full.f_add(&half)
}

/// How differently much fine detail there is, as [`texture`] has it: mean squared difference, of R, G, B and luma.
///
/// Of luma alone, green would be the cheapest detail; of colours alone, each would have its own.
fn detail(drawn: &Tensor, real: &Tensor) -> Result<Tensor> {
    let planes = |x: &Tensor| -> Result<Tensor> {
        let side = x.size()[3];
        Tensor::f_cat(&[x, &luma(x)?], 1)?.f_reshape([-1, 1, side, side])
    };
    let (mut a, mut b) = (planes(drawn)?, planes(real)?);
    let mut each = Vec::new();
    for patch in [PATCH, PATCH / 2] {
        each.push(busy(&a, patch)?.f_mse_loss(&busy(&b, patch)?, Reduction::Mean)?);
        (a, b) = (mean(&a, 2, 2)?, mean(&b, 2, 2)?);
    }
    Tensor::f_stack(&each, 0)?.f_sum(Kind::Float)
}

/// N x 1 x s x s to N x 1 x places: local means of the absolute Laplacian.
fn busy(x: &Tensor, patch: i64) -> Result<Tensor> {
    mean(&laplacian(x, 1)?.f_abs()?, patch, patch / 2)
}

/// How differently large the steps of luma between neighbours are, across and down, at each of the places within a texel:
/// mean squared difference of their local means.
///
/// A network that enlarges by repeating pixels leaves stairs, whose steps are all at the same places.
fn steps(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let across = phases(a)?.f_mse_loss(&phases(b)?, Reduction::Mean)?;
    let turned = |x: &Tensor| phases(&x.f_transpose(2, 3)?);
    across.f_add(&turned(a)?.f_mse_loss(&turned(b)?, Reduction::Mean)?)
}

/// N x 1 x s x s to N x places x 8: local means of the steps across, by their place within a texel.
fn phases(x: &Tensor) -> Result<Tensor> {
    let (n, _, height, width) = x.size4()?;
    // The last step of each line has no other side, and counts for none.
    let step = x
        .f_narrow(3, 1, width - 1)?
        .f_sub(&x.f_narrow(3, 0, width - 1)?)?;
    let step = step.f_abs()?.f_constant_pad_nd([0, 1])?;
    let texels = step.f_reshape([n, height, width / TEXEL, TEXEL])?;
    let (window, stride) = ([PATCH, PATCH / TEXEL], [PATCH / 2, PATCH / TEXEL / 2]);
    let by_place = texels.f_permute([0, 3, 1, 2])?;
    by_place.f_avg_pool2d(window, stride, [0, 0], false, true, None)
}

/// How differently fine detail is correlated with itself, place by place: of the Laplacian of the picture, of its half and
/// of its quarter, the local means of its products with itself moved by up to [`LAGS`], as shares of its mean square.
///
/// Noise has the autocorrelation of a rough material, wherever its bumps lie (Portilla and Simoncelli 2000); a hatching has
/// another, however fine.
fn grain(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let (mut a, mut b) = (a.shallow_clone(), b.shallow_clone());
    let mut each = Vec::new();
    for scale in 0..GRAIN_SCALES {
        if scale > 0 {
            (a, b) = (mean(&a, 2, 2)?, mean(&b, 2, 2)?);
        }
        let window = (2 * PATCH) >> scale;
        let of = |x: &Tensor| -> Result<Tensor> {
            let all = correlations(x, window)?;
            all.f_div(&(all.f_narrow(1, 0, 1)? + FAINT))
        };
        each.push((of(&a)? - of(&b)?).f_abs()?.f_mean(Kind::Float)?);
    }
    Tensor::f_stack(&each, 0)?.f_mean(Kind::Float)
}

/// N x 1 x s x s to N x lags x places: local means of the Laplacian times itself moved; first by nothing.
fn correlations(x: &Tensor, window: i64) -> Result<Tensor> {
    let detail = laplacian(x, 0)?.f_squeeze_dim(1)?;
    let (_, h, w) = detail.size3()?;
    let (h, w) = (h - LAGS, w - 2 * LAGS);
    let here = detail.f_narrow(1, 0, h)?.f_narrow(2, LAGS, w)?;
    let here = here.f_unsqueeze(3)?;
    // A row of lags at once: by ones a GPU waits for the processor, and all together leave a processor's caches.
    let rows = (0..=LAGS).map(|down| {
        // Half of the plane: the other half is the same.
        let first = if down == 0 { LAGS } else { 0 };
        let row = detail.f_narrow(1, down, h)?;
        let row = row.f_narrow(2, first, w + 2 * LAGS - first)?;
        let products = row.f_unfold(2, 2 * LAGS + 1 - first, 1)?.f_mul(&here)?;
        mean(&products.f_permute([0, 3, 1, 2])?, window, window / 2)
    });
    Tensor::f_cat(&rows.collect::<Result<Vec<_>>>()?, 1)
}

/// What repeats from texel to texel and not in the truth, wherever in the texel it lies: of what the difference has beside
/// its texels' means, the means over windows of 8x8 texels at each of the 8x8 places within a texel; their mean absolute
/// value, where the picture is flat. In a rough one it is not seen, and such means are mostly chance.
///
/// A network can draw any pattern into every texel alike, such as a darker rim: [`grid`] sees those that alternate.
fn lattice(drawn: &Tensor, picture: &Tensor) -> Result<Tensor> {
    let (n, _, height, width) = picture.size4()?;
    // What is beside the texels' means, between which it runs evenly: a slope through several is no pattern.
    let detail = |x: &Tensor| -> Result<Tensor> {
        let texels = mean(x, TEXEL, TEXEL)?;
        x.f_sub(&texels.f_upsample_bilinear2d([height, width], false, None, None)?)
    };
    let window = LATTICE_WINDOW.min(height / TEXEL);
    let windows = |x: &Tensor| mean(x, window, (window / 2).max(1));
    let (down, across) = (height / TEXEL, width / TEXEL);
    let folded = detail(&drawn.f_sub(picture)?)?.f_reshape([n, 3, down, TEXEL, across, TEXEL])?;
    let by_place = folded.f_permute([0, 1, 3, 5, 2, 4])?;
    let repeated = windows(&by_place.f_reshape([n, -1, down, across])?)?.f_abs()?;
    let rough = windows(&mean(&detail(picture)?.f_abs()?, TEXEL, TEXEL)?)?;
    let flatness = (rough + FLAT).f_reciprocal()? * FLAT;
    let flatness = flatness.f_repeat_interleave_self_int(TEXEL * TEXEL, 1, None)?;
    repeated.f_mul(&flatness)?.f_mean(Kind::Float)
}

/// Of N x 1 x s x s, with so many zeros around it.
fn laplacian(x: &Tensor, padding: i64) -> Result<Tensor> {
    let kernel = Tensor::from_slice(&[0f32, 1.0, 0.0, 1.0, -4.0, 1.0, 0.0, 1.0, 0.0]);
    let kernel = kernel.to_device(x.device()).reshape([1, 1, 3, 3]);
    x.f_conv2d(&kernel, None::<&Tensor>, [1, 1], [padding; 2], [1, 1], 1)
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
    use crate::landmarks::formula::{face, landmarks, noise_tensor, published, values};
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
    fn grain_tells_noise_from_a_hatching_of_the_same_strength() {
        const SIDE: i64 = 128;
        tch::manual_seed(7);
        let noise = || Tensor::randn([1, 1, SIDE, SIDE], (Kind::Float, Device::Cpu)) * 0.05;
        let hatched: Vec<f32> = (0..SIDE * SIDE)
            .map(|i| if i % SIDE % 4 < 2 { 0.15 } else { -0.15 })
            .collect();
        let hatching = Tensor::from_slice(&hatched).reshape([1, 1, SIDE, SIDE]);
        let (truth, other) = (noise(), noise());
        // As much of it as `texture` counts.
        let busy = |x: &Tensor| laplacian(x, 0).unwrap().abs().mean(Kind::Float);
        let hatching = &hatching * (busy(&truth) / busy(&hatching));
        let loss = |x: &Tensor| grain(x, &truth).unwrap().double_value(&[]);
        assert!(loss(&truth) < 1e-9);
        let (alike, flat, hatched) = (loss(&other), loss(&(&other * 0.0)), loss(&hatching));
        assert!(
            alike < 0.2 * hatched && flat < 0.2 * hatched,
            "{alike} {flat} {hatched}"
        );
    }

    #[test]
    fn detail_asks_for_the_mean_of_what_may_be_and_for_grey() {
        tch::manual_seed(8);
        let noise = |sigma: f64| {
            let grey = Tensor::randn([1, 1, 64, 64], (Kind::Float, Device::Cpu)) * sigma;
            grey.repeat([1, 3, 1, 1])
        };
        let loss = |a: &Tensor, b: &Tensor| detail(a, b).unwrap().double_value(&[]);
        let (truth, strong) = (noise(0.1), noise(0.3));
        assert!(loss(&truth, &truth) < 1e-9);
        assert!(loss(&noise(0.1), &truth) < 0.05 * loss(&(&truth * 0.0), &truth));
        // Of three places one is rough and nobody knows which.
        let over = |sigma: f64| {
            let drawn = noise(sigma);
            2.0 * loss(&drawn, &(&strong * 0.0)) + loss(&drawn, &strong)
        };
        assert!(over(0.1) < over(0.0) && over(0.1) < over(0.2));
        // The same amount of luma in green alone.
        let green = Tensor::from_slice(&[0f32, 1.0 / 0.587, 0.0]).reshape([1, 3, 1, 1]);
        assert!(loss(&(noise(0.1) * green), &truth) > 5.0 * loss(&noise(0.1), &truth));
    }

    #[test]
    fn steps_tell_stairs_from_ramps() {
        let picture = |f: &dyn Fn(i64) -> f32| {
            let values: Vec<f32> = (0..64 * 64).map(|i| f(i % 64)).collect();
            Tensor::from_slice(&values).reshape([1, 1, 64, 64])
        };
        let ramp = picture(&|x| x as f32 / 64.0);
        let stairs = picture(&|x| (x / 8 * 8) as f32 / 64.0);
        let moved = picture(&|x| (x as f32 + 3.0) / 64.0);
        let found = phases(&stairs).unwrap();
        assert_eq!(found.size(), [1, 8, 7, 7]);
        let steps_of = |place: i64| found.double_value(&[0, place, 3, 3]);
        assert!((steps_of(7) - 0.125).abs() < 1e-6 && steps_of(3).abs() < 1e-6);
        let loss = |a: &Tensor, b: &Tensor| steps(a, b).unwrap().double_value(&[]);
        assert!(loss(&ramp, &moved) < 1e-9);
        // The same down as across.
        let turned = |x: &Tensor| x.transpose(2, 3);
        let stairs_off = loss(&ramp, &stairs);
        assert!(stairs_off > 1e-4);
        assert!((loss(&turned(&ramp), &turned(&stairs)) - stairs_off).abs() < 1e-9);
    }

    #[test]
    fn statistics_forget_where_things_are_within_a_window() {
        let seen = Tensor::rand([2, 4, 64, 64], (Kind::Float, Device::Cpu));
        // Each window of 8 with its halves exchanged.
        let places = [4, 5, 6, 7, 0, 1, 2, 3];
        let moved: Vec<i64> = (0..64)
            .map(|x| x / 8 * 8 + places[x as usize % 8])
            .collect();
        let moved = seen.index_select(3, &Tensor::from_slice(&moved));
        let means = |x: &Tensor| mean(&local(&[x.shallow_clone()]).unwrap()[0], 1, 2).unwrap();
        let off = (means(&seen) - means(&moved)).abs().max();
        assert!(off.double_value(&[]) < 1e-6);
        assert_eq!(local(&[seen]).unwrap()[0].size(), [2, 4, 15, 15]);
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
    fn a_lattice_is_what_every_texel_repeats() {
        let clear = Tensor::zeros([1, 3, 128, 128], (Kind::Float, Device::Cpu));
        let found = |x: &Tensor| lattice(x, &clear).unwrap().double_value(&[]);
        let pattern = |f: &dyn Fn(i64, i64) -> f32| {
            let values: Vec<f32> = (0..128 * 128).map(|i| f(i % 128, i / 128)).collect();
            let one = Tensor::from_slice(&values).reshape([1, 1, 128, 128]);
            one.repeat([1, 3, 1, 1])
        };
        // A rim around every texel, a fine alternation, and a rim that is drawn where the truth has one too.
        let rim = pattern(&|x, y| {
            let inside = |at: i64| (1..7).contains(&(at % 8));
            if inside(x) && inside(y) { 0.0 } else { 0.1 }
        });
        let share = 28.0 / 64.0;
        let expected = 0.1 * 2.0 * share * (1.0 - share);
        assert!((found(&rim) - expected).abs() < 1e-4, "{}", found(&rim));
        let fine = found(&pattern(&|x, _| if x % 2 == 0 { 0.1 } else { -0.1 }));
        assert!((fine - 0.1).abs() < 1e-4, "{fine}");
        assert!(lattice(&rim, &rim).unwrap().double_value(&[]) < 1e-9);
        // On a rough picture nobody sees it.
        let rough = clear.rand_like() - 0.5;
        let hidden = lattice(&(&rough + &rim), &rough).unwrap();
        assert!(hidden.double_value(&[]) < 0.1 * expected);
        // A slope (but for the outermost texels, beyond which nothing is known), an edge, and noise.
        let slope = found(&pattern(&|x, y| (x + y) as f32 / 128.0));
        let edge = found(&pattern(&|x, _| if x < 61 { 0.1 } else { -0.1 }));
        let noise = found(&(clear.rand_like() * 0.2 - 0.1));
        assert!(
            slope < 0.02 && edge < 0.02 && noise < 0.02,
            "{slope} {edge} {noise}"
        );
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
        let expected = values("losses", "values.json");
        let losses = Losses {
            l1: 1.0,
            ssim: 2.0,
            texture: 3.0,
            detail: 0.0,
            steps: 0.0,
            grain: 0.0,
            adversarial: 100.0,
            features: 100.0,
            statistics: 100.0,
            grid: 4.0,
            lattice: 100.0,
            heatmap: 50.0,
            attention: 5.0,
            perceptual: 100.0,
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
    fn the_losses_of_textures_are_what_numpy_computes() {
        let (drawn, real) = drawn_and_real(128);
        let expected = values("losses", "texture.json");
        let losses = Losses {
            detail: 2.0,
            steps: 3.0,
            grain: 4.0,
            ..Losses::default()
        };
        let (of_picture, mut terms) = statistical(&losses, &drawn, &real).unwrap();
        let (rest, others) = reconstruction(&losses, &drawn, &real, None, 2, Kind::Float).unwrap();
        let total = of_picture + rest;
        terms.extend(others);
        let mut sum = 0.0;
        for ((name, term), (expected_name, weight)) in
            terms
                .iter()
                .zip([("detail", 2.0), ("steps", 3.0), ("grain", 4.0)])
        {
            assert_eq!(*name, expected_name);
            let (found, expected) = (term.double_value(&[]), expected[*name].as_f64().unwrap());
            let off = (found - expected).abs();
            assert!(off < 1e-4 * expected, "{name}: {found} {expected}");
            sum += weight * expected;
        }
        assert!((total.double_value(&[]) - sum).abs() < 1e-4 * sum);
    }

    #[test]
    fn the_perceptual_loss_is_what_pytorch_computes() {
        let (drawn, real) = drawn_and_real(128);
        let vgg = crate::vgg::formula::vgg();
        let expected = values("vgg", "values.json");
        let check = |vgg: &Vgg, expected: &serde_json::Value| {
            for (side, count, at, name) in [
                (128, 2, [24, 56], "piece"),
                (128, 1, [64, 0], "one"),
                (32, 2, [0, 0], "small"),
            ] {
                let cut = |x: &Tensor| x.narrow(2, 0, side).narrow(3, 0, side);
                let found = perceptual(vgg, &cut(&drawn), &cut(&real), count, at).unwrap();
                let (found, expected) = (found.double_value(&[]), expected[name].as_f64().unwrap());
                assert!(expected > 0.05, "{name}: {expected}");
                let off = (found / expected - 1.0).abs();
                assert!(off < 1e-3, "{name}: {found} {expected}");
            }
        };
        check(&vgg, &expected["losses"]);
        if let Some(path) = published("vgg16_features_relu4_3.safetensors") {
            let vgg = Vgg::load(&path, Device::Cpu, Kind::Float).unwrap();
            check(&vgg, &expected["published_losses"]);
        }
    }

    #[test]
    fn the_perceptual_loss_reaches_its_piece_alone_and_no_weight() {
        let (drawn, real) = drawn_and_real(128);
        let drawn = drawn.set_requires_grad(true);
        let real = real.set_requires_grad(true);
        let vgg = crate::vgg::formula::vgg();
        let lost = perceptual(&vgg, &drawn, &real, 1, [8, 64]).unwrap();
        lost.backward();
        let gradient = drawn.grad();
        let all = gradient.abs().sum(Kind::Float).double_value(&[]);
        let inside = gradient.get(0).narrow(1, 64, PIECE).narrow(2, 8, PIECE);
        let inside = inside.abs().sum(Kind::Float).double_value(&[]);
        assert!(
            all > 1e-3 && (inside / all - 1.0).abs() < 1e-6,
            "{inside} {all}"
        );
        assert!(!real.grad().defined());
        // A step against it makes it less.
        let better = tch::no_grad(|| &drawn - &gradient * (0.01 / gradient.abs().max()));
        let then = perceptual(&vgg, &better, &real, 1, [8, 64]).unwrap();
        assert!(then.double_value(&[]) < lost.double_value(&[]));
        let same = perceptual(&vgg, &real, &real, 2, [0, 0]).unwrap();
        assert_eq!(same.double_value(&[]), 0.0);
    }

    #[test]
    fn pieces_are_all_over_the_picture_and_known_beforehand() {
        let places = |side: i64| -> Vec<[i64; 2]> {
            let one = |iteration| piece(side, &mut Random::new(7, iteration));
            (0..300).map(one).collect()
        };
        assert_eq!(places(128), places(128));
        for side in 0..2 {
            let mut seen: Vec<i64> = places(128).iter().map(|at| at[side]).collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen, [0, 8, 16, 24, 32, 40, 48, 56, 64]);
        }
        assert!(places(128).iter().any(|at| at[0] != at[1]));
        assert!(places(64).iter().chain(&places(32)).all(|at| *at == [0, 0]));
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
