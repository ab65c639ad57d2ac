//! How good a model is: pictures that it never saw, reduced, enlarged by it and by classical resizing, and compared.
//!
//! [`Bench`] holds the pictures with their inputs. Each model's outputs come from [`Bench::enhance`] or
//! [`Bench::baseline`], and its figures from [`Bench::score`]. What the figures are is said by [`Measures`] and
//! [`Score`]; `uncanny_texture::metric` computes them.

use std::fmt;
use std::path::Path;

use image::RgbaImage;
use image::imageops;
use rayon::prelude::*;
use serde::Serialize;
use tch::{Kind, TchError, Tensor};
use uncanny_model::Device;
use uncanny_texture::{
    AlphaClass, Cell, Edges, Filter, Recipe, Scale, Tiling, UpscaleError, Upscaler, Work, facts,
    metric, resize, run,
};

use crate::{Error, Landmarks, Lpips, Picture, Result};

/// How an input is made of a picture that has none of its own. All of it is PIL's arithmetic, 8 bits, premultiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Degrade {
    /// Antialiased bilinear, halved again and again: 128, 64, 32, 16. What PFSR is trained and measured with.
    Chain,
    /// Antialiased bicubic at once: what most super-resolution is measured with.
    Bicubic,
    /// Block means.
    Box,
}

impl Degrade {
    /// Reduces a picture whose sides are multiples of `scale` by it.
    #[must_use]
    pub fn apply(self, image: &RgbaImage, scale: Scale) -> RgbaImage {
        let (width, height) = image.dimensions();
        let to = (width / scale.get(), height / scale.get());
        match self {
            Degrade::Bicubic => resize(image, to, Filter::Bicubic),
            Degrade::Box => resize(image, to, Filter::Box),
            Degrade::Chain => {
                let (mut image, mut left) = (image.clone(), scale.get());
                while left > 1 {
                    let step = if left.is_multiple_of(2) { 2 } else { left };
                    let half = (image.width() / step, image.height() / step);
                    image = resize(&image, half, Filter::Bilinear);
                    left /= step;
                }
                image
            }
        }
    }
}

impl Degrade {
    /// The same for a picture that repeats: what lies beyond an edge is its other side, and so the reduced one repeats
    /// as well.
    #[must_use]
    pub fn apply_wrapping(self, image: &RgbaImage, scale: Scale) -> RgbaImage {
        let (width, height) = image.dimensions();
        let k = scale.get();
        let (left, top) = (width.min(REACH * k) / k * k, height.min(REACH * k) / k * k);
        let around = RgbaImage::from_fn(width + 2 * left, height + 2 * top, |x, y| {
            *image.get_pixel((x + width - left) % width, (y + height - top) % height)
        });
        let low = self.apply(&around, scale);
        imageops::crop_imm(&low, left / k, top / k, width / k, height / k).to_image()
    }
}

/// How many texels away a reduction looks, at most.
const REACH: u32 = 4;

/// How a network is shown a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Context {
    /// The whole picture at once and nothing around it: the network alone, as papers measure it.
    None,
    /// In the network's tiles, their surroundings filled with the picture's outermost pixels: as `convert` shows it
    /// an item.
    Clamp,
    /// In the network's tiles, the picture repeated around itself: as `convert` shows it a block. The input of a picture
    /// that repeats without a seam is reduced so that it does too.
    Wrap,
}

/// How pictures are prepared, shown and compared.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// How inputs are made.
    pub degrade: Degrade,
    /// How networks see them.
    pub context: Context,
    /// What transparent pictures lie on where colours are compared.
    pub ground: [u8; 3],
    /// From input to truth.
    pub scale: Scale,
    /// How far outputs are held to their inputs: 0 (the network itself) to 1.
    pub fidelity: f32,
}

/// A picture to measure on.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What it is called.
    pub name: String,
    /// What a model sees, straight RGBA.
    pub low: RgbaImage,
    /// What it should make of it: `scale` times as large.
    pub truth: RgbaImage,
}

/// The classical ways to enlarge, which every network must beat. PIL's arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Baseline {
    /// Every pixel a square.
    Nearest,
    /// Cubic interpolation, a = -1/2.
    Bicubic,
    /// Lanczos, three lobes.
    Lanczos,
}

impl Baseline {
    /// All of them.
    pub const ALL: [Baseline; 3] = [Baseline::Nearest, Baseline::Bicubic, Baseline::Lanczos];

    fn enlarge(self, image: &RgbaImage, to: (u32, u32)) -> RgbaImage {
        match self {
            Baseline::Nearest => imageops::resize(image, to.0, to.1, imageops::FilterType::Nearest),
            Baseline::Bicubic => resize(image, to, Filter::Bicubic),
            Baseline::Lanczos => resize(image, to, Filter::Lanczos),
        }
    }
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Baseline::Nearest => "nearest",
            Baseline::Bicubic => "bicubic",
            Baseline::Lanczos => "lanczos",
        })
    }
}

/// PSNR and consistency count up to here, in dB, so that one perfect picture does not make a mean infinite.
pub const CEILING: f64 = 60.0;

/// A picture wraps when its luma changes about as much across the wrap as inside: its seam ratio is from 0.5 to 1.25.
const WRAPS: std::ops::RangeInclusive<f64> = 0.5..=1.25;

/// What is found on one picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measures {
    /// Against the truth over R, G and B, in dB; at most [`CEILING`].
    pub psnr: f64,
    /// Against the truth, of luma, as scikit-image computes it.
    pub ssim: f64,
    /// Against the truth, over five scales.
    pub ms_ssim: f64,
    /// The output's block means against the input: PSNR in dB, at most [`CEILING`].
    pub consistency: f64,
    /// Mean absolute Laplacian of luma, in levels.
    pub sharpness: f64,
    /// Mean absolute step of luma across the wrap and inside, in levels, where the truth wraps.
    pub seam: Option<(f64, f64)>,
    /// Share of pixels that are transparent, opaque or between and not so in the truth, where there is any alpha.
    pub alpha_errors: Option<f64>,
    /// Whether the output uses alpha as its input, opaque or cut out, does not; none for translucent inputs.
    pub leaves_alpha_class: Option<bool>,
    /// How much its silhouette and the truth's cover each other, 0..=1, where there is any alpha; see
    /// [`metric::silhouette_overlap`].
    pub silhouette: Option<f64>,
    /// How long its [`metric::outline`] is by the truth's, where that has one.
    pub outline: Option<f64>,
    /// How differently it and the truth look; see [`Lpips`].
    pub lpips: Option<f64>,
    /// Mean distance of the landmarks from the truth's, as a share of the distance of its eyes' centres.
    pub landmarks: Option<f64>,
}

/// What is found on all pictures: means of [`Measures`] unless it says otherwise.
#[derive(Clone, Debug, Serialize)]
pub struct Score {
    /// The model's name.
    pub model: String,
    /// In dB.
    pub psnr: f64,
    /// Of luma.
    pub ssim: f64,
    /// Over five scales.
    pub ms_ssim: f64,
    /// In dB.
    pub consistency: f64,
    /// In levels.
    pub sharpness: f64,
    /// Over the pictures that wrap: the mean step across the wrap by the mean step inside.
    pub seam: Option<f64>,
    /// In %, over the pictures with any alpha.
    pub alpha_errors: Option<f64>,
    /// In %: of the opaque and cut-out inputs, those whose output is not of their kind any more. None unless some
    /// picture has alpha.
    pub leaves_alpha_class: Option<f64>,
    /// 0..=1, over the pictures with any alpha.
    pub silhouette: Option<f64>,
    /// Over the pictures whose truth has an outline.
    pub outline: Option<f64>,
    /// From 0 on; if it is measured.
    pub lpips: Option<f64>,
    /// In %; the median.
    pub landmarks: Option<f64>,
    /// Picture by picture.
    #[serde(skip)]
    pub pictures: Vec<Measures>,
}

/// 68 heatmaps a face: N x 3 x 64 x 64 in 0..1 to N x 68 x 64 x 64.
pub type Heatmaps = Box<dyn Fn(&Tensor) -> Result<Tensor, TchError>>;

/// The heatmaps of a landmark network in a file, on a device.
///
/// # Errors
/// When the file cannot be read or is no such network.
pub fn heatmaps(path: &Path, device: Device) -> Result<Heatmaps> {
    let device = device.torch();
    let network = Landmarks::load(path, device)?;
    Ok(Box::new(move |faces| {
        network.heatmaps(&faces.f_to_device(device)?)
    }))
}

/// Pictures with their inputs, and how to measure on them.
pub struct Bench {
    settings: Settings,
    samples: Vec<Sample>,
    skipped: usize,
    heatmaps: Option<Heatmaps>,
    lpips: Option<Lpips>,
    truth: Score,
    /// The truths' landmarks, if those count.
    landmarks: Vec<Peaks>,
}

impl fmt::Debug for Bench {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bench")
            .field("settings", &self.settings)
            .field("pictures", &self.samples.len())
            .finish_non_exhaustive()
    }
}

impl Bench {
    /// Pairs are taken as they are, if they are `scale` apart; of any other picture the middle `side` x `side` is the
    /// truth, and its reduction the input. What will not do is named in the log and left out.
    ///
    /// # Errors
    /// When no picture will do, or the landmark network fails.
    pub fn new(
        pictures: Vec<Picture>,
        side: u32,
        settings: Settings,
        heatmaps: Option<Heatmaps>,
    ) -> Result<Bench> {
        let count = pictures.len();
        let samples: Vec<Sample> = pictures
            .into_par_iter()
            .filter_map(|picture| sample(picture, side, settings))
            .collect();
        if samples.is_empty() {
            return Err(Error::Option {
                option: "--scale",
                value: settings.scale.to_string(),
                expected: "one that divides the pictures' sides and is that of the pairs",
            });
        }
        let mut bench = Bench {
            settings,
            skipped: count - samples.len(),
            samples,
            heatmaps,
            lpips: None,
            truth: Score::of("truth", Vec::new()),
            landmarks: Vec::new(),
        };
        let truths: Vec<RgbaImage> = bench
            .samples
            .iter()
            .map(|sample| sample.truth.clone())
            .collect();
        bench.landmarks = bench.find_landmarks(&truths)?;
        bench.truth = bench.score("truth", &truths)?;
        Ok(bench)
    }

    /// Measures LPIPS too.
    #[must_use]
    pub fn with_lpips(mut self, lpips: Lpips) -> Bench {
        self.lpips = Some(lpips);
        for measures in &mut self.truth.pictures {
            measures.lpips = Some(0.0);
        }
        self.truth = Score::of("truth", self.truth.pictures);
        self
    }

    /// The pictures, in order.
    #[must_use]
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// How many pictures would not do.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// How pictures are prepared, shown and compared.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What a perfect model would have.
    #[must_use]
    pub fn truth(&self) -> &Score {
        &self.truth
    }

    /// Every input enlarged the classical way.
    #[must_use]
    pub fn baseline(&self, method: Baseline) -> Vec<RgbaImage> {
        let enlarge = |sample: &Sample| method.enlarge(&sample.low, sample.truth.dimensions());
        self.samples.par_iter().map(enlarge).collect()
    }

    /// Every input through a model, colour and alpha each as `convert` does it. A model of a smaller scale is
    /// followed by bicubic enlargement. `progress` hears how many pictures are done.
    ///
    /// # Errors
    /// When the model fails.
    pub fn enhance(
        &self,
        model: &mut dyn Upscaler,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Vec<RgbaImage>, UpscaleError> {
        let (settings, scale, tiling) = (self.settings, model.scale(), model.tiling());
        let mut outputs = Vec::with_capacity(self.samples.len());
        for part in self.samples.chunks(model.batch().max(64)) {
            let mut works: Vec<Work> = part
                .par_iter()
                .map(|sample| work(sample, settings, scale, tiling))
                .collect();
            run(&mut works, model)?;
            let finish = |(work, sample): (Work, &Sample)| {
                let image = work.finish();
                let size = sample.truth.dimensions();
                if image.dimensions() == size {
                    image
                } else {
                    resize(&image, size, Filter::Bicubic)
                }
            };
            outputs.par_extend(works.into_par_iter().zip(part).map(finish));
            progress(outputs.len());
        }
        Ok(outputs)
    }

    /// Compares a model's outputs, one a picture, with the truth.
    ///
    /// # Errors
    /// When the landmark network or LPIPS fails.
    ///
    /// # Panics
    /// When there are not as many outputs as pictures, or they are of another size than the truth.
    pub fn score(&self, model: &str, outputs: &[RgbaImage]) -> Result<Score> {
        assert_eq!(outputs.len(), self.samples.len(), "one output a picture");
        let ground = self.settings.ground;
        let mut found: Vec<Measures> = outputs
            .par_iter()
            .zip(&self.samples)
            .map(|(output, sample)| measure(output, sample, ground))
            .collect();
        let peaks = self.find_landmarks(outputs)?;
        for ((measures, peaks), truth) in found.iter_mut().zip(&peaks).zip(&self.landmarks) {
            measures.landmarks = peaks.distance_from(truth);
        }
        if let Some(lpips) = &self.lpips {
            for ((measures, output), sample) in found.iter_mut().zip(outputs).zip(&self.samples) {
                measures.lpips = Some(lpips.distance(output, &sample.truth, ground)?);
            }
        }
        Ok(Score::of(model, found))
    }

    fn find_landmarks(&self, pictures: &[RgbaImage]) -> Result<Vec<Peaks>> {
        let Some(heatmaps) = &self.heatmaps else {
            return Ok(Vec::new());
        };
        let ground = self.settings.ground;
        let mut all = Vec::with_capacity(pictures.len());
        for part in pictures.chunks(32) {
            let faces: Vec<u8> = part
                .par_iter()
                .flat_map_iter(|picture| {
                    let face = metric::over(picture, ground);
                    let face = resize(&face, (FACE, FACE), Filter::Bilinear);
                    let planes = |c| face.pixels().map(move |pixel| pixel.0[c]);
                    (0..3).flat_map(planes).collect::<Vec<_>>()
                })
                .collect();
            let side = i64::from(FACE);
            let faces = Tensor::from_slice(&faces).f_reshape([part.len() as i64, 3, side, side])?;
            let maps = heatmaps(&(faces.f_to_kind(Kind::Float)? / 255.0))?;
            let (count, points, height, width) = maps.size4()?;
            let places = maps
                .f_reshape([count * points, height * width])?
                .f_argmax(1, false)?;
            let places: Vec<i64> = Vec::try_from(places.f_to_device(tch::Device::Cpu)?)?;
            all.extend(places.chunks_exact(points as usize).map(|places| {
                Peaks {
                    places: places
                        .iter()
                        .map(|place| ((place % width) as f64, (place / width) as f64))
                        .collect(),
                }
            }));
        }
        Ok(all)
    }
}

/// The landmark network sees faces of 64x64.
const FACE: u32 = 64;
/// The six landmarks of either eye among the 68; the means are the eyes' centres.
const EYES: [std::ops::Range<usize>; 2] = [36..42, 42..48];

/// Where the landmarks of a face are, as (column, row) of 64x64.
#[derive(Clone, Debug, Default)]
struct Peaks {
    places: Vec<(f64, f64)>,
}

impl Peaks {
    /// Mean distance from the truth's by the distance of its eyes; none where those are not found apart.
    fn distance_from(&self, truth: &Peaks) -> Option<f64> {
        let distance = |a: (f64, f64), b: (f64, f64)| (a.0 - b.0).hypot(a.1 - b.1);
        let [left, right] = EYES.map(|eye| {
            let points = truth.places.get(eye)?;
            let sum = points
                .iter()
                .fold((0.0, 0.0), |sum, p| (sum.0 + p.0, sum.1 + p.1));
            Some((sum.0 / points.len() as f64, sum.1 / points.len() as f64))
        });
        let eyes = distance(left?, right?);
        let pairs = self.places.iter().zip(&truth.places);
        let mean = pairs.map(|(a, b)| distance(*a, *b)).sum::<f64>() / truth.places.len() as f64;
        (eyes > 0.0).then(|| mean / eyes)
    }
}

fn sample(picture: Picture, side: u32, settings: Settings) -> Option<Sample> {
    let Picture { name, high, low } = picture;
    let k = settings.scale.get();
    let (low, truth) = match low {
        Some(low) if high.dimensions() == (low.width() * k, low.height() * k) => (low, high),
        Some(low) => {
            let factor = high.width() / low.width().max(1);
            tracing::warn!(
                name,
                "skipped: a pair {factor}x apart, not {}",
                settings.scale
            );
            return None;
        }
        None => {
            let (x, y) = ((high.width() - side) / 2, (high.height() - side) / 2);
            let truth = imageops::crop_imm(&high, x, y, side, side).to_image();
            let wraps =
                settings.context == Context::Wrap && wraps(&metric::over(&truth, settings.ground));
            let low = if wraps {
                settings.degrade.apply_wrapping(&truth, settings.scale)
            } else {
                settings.degrade.apply(&truth, settings.scale)
            };
            (low, truth)
        }
    };
    Some(Sample { name, low, truth })
}

fn work(sample: &Sample, settings: Settings, scale: Scale, tiling: Tiling) -> Work {
    let (width, height) = sample.low.dimensions();
    let edges = match settings.context {
        Context::None | Context::Clamp => Edges::CLAMP,
        Context::Wrap => Edges::WRAP,
    };
    let side = width.max(height);
    let tiling = match settings.context {
        Context::None => Tiling::fixed(side, side, 0),
        Context::Clamp | Context::Wrap => tiling,
    };
    let cell = Cell::whole(width, height, edges);
    let mut recipe = Recipe::new(vec![cell], scale.min(settings.scale));
    recipe.fidelity = settings.fidelity;
    Work::new(sample.low.clone(), recipe, scale, tiling)
}

/// Whether an opaque picture repeats without a seam.
fn wraps(picture: &RgbaImage) -> bool {
    WRAPS.contains(&metric::seam_ratio(picture))
}

fn measure(output: &RgbaImage, sample: &Sample, ground: [u8; 3]) -> Measures {
    let Sample { low, truth, .. } = sample;
    let (a, b) = (metric::over(output, ground), metric::over(truth, ground));
    let classes = (facts(low).alpha, facts(truth).alpha);
    let length = metric::outline(truth);
    let any_alpha = classes != (AlphaClass::Opaque, AlphaClass::Opaque);
    Measures {
        psnr: metric::psnr(&a, &b).min(CEILING),
        ssim: metric::ssim(&a, &b),
        ms_ssim: metric::ms_ssim(&a, &b),
        consistency: metric::consistency(&a, &metric::over(low, ground)).min(CEILING),
        sharpness: metric::sharpness(&a),
        seam: wraps(&b).then(|| metric::seam(&a)),
        alpha_errors: any_alpha.then(|| metric::alpha_errors(output, truth)),
        leaves_alpha_class: (classes.0 != AlphaClass::Translucent)
            .then(|| metric::leaves_alpha_class(output, low)),
        silhouette: any_alpha.then(|| metric::silhouette_overlap(output, truth)),
        outline: (length > 0).then(|| f64::from(metric::outline(output)) / f64::from(length)),
        lpips: None,
        landmarks: None,
    }
}

impl Score {
    fn of(model: &str, pictures: Vec<Measures>) -> Score {
        let mean = |f: &dyn Fn(&Measures) -> f64| {
            pictures.iter().map(f).sum::<f64>() / pictures.len() as f64
        };
        let some = |f: &dyn Fn(&Measures) -> Option<f64>| -> Vec<f64> {
            pictures.iter().filter_map(f).collect()
        };
        let mean_of = |found: Vec<f64>| -> Option<f64> {
            (!found.is_empty()).then(|| found.iter().sum::<f64>() / found.len() as f64)
        };
        let percent = |found: Vec<f64>| mean_of(found).map(|share| 100.0 * share);
        let across: f64 = some(&|m| Some(m.seam?.0)).iter().sum();
        let inside: f64 = some(&|m| Some(m.seam?.1)).iter().sum();
        let alpha_errors = percent(some(&|m| m.alpha_errors));
        let left = percent(some(&|m| Some(f64::from(u8::from(m.leaves_alpha_class?)))));
        Score {
            model: model.to_owned(),
            psnr: mean(&|m| m.psnr),
            ssim: mean(&|m| m.ssim),
            ms_ssim: mean(&|m| m.ms_ssim),
            consistency: mean(&|m| m.consistency),
            sharpness: mean(&|m| m.sharpness),
            seam: (inside > 0.0).then_some(across / inside),
            leaves_alpha_class: alpha_errors.and(left),
            alpha_errors,
            silhouette: mean_of(some(&|m| m.silhouette)),
            outline: mean_of(some(&|m| m.outline)),
            lpips: mean_of(some(&|m| m.lpips)),
            landmarks: median(some(&|m| m.landmarks)).map(|share| 100.0 * share),
            pictures,
        }
    }
}

/// The middle one, or the mean of the two.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    Some((values[last / 2] + values[last.div_ceil(2)]) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uncanny_texture::Nearest;

    #[test]
    fn a_wrapping_reduction_moves_with_the_picture() {
        let picture = |shift: u32| {
            RgbaImage::from_fn(64, 32, |x, y| {
                let (x, y) = ((x + shift) % 64, (y + 2 * shift) % 32);
                image::Rgba([
                    (x * 37 % 251) as u8,
                    (y * 53 % 241) as u8,
                    (x * y % 239) as u8,
                    255,
                ])
            })
        };
        let eight = Scale::new(8).unwrap();
        for degrade in [Degrade::Bicubic, Degrade::Box, Degrade::Chain] {
            let low = degrade.apply_wrapping(&picture(0), eight);
            let moved = degrade.apply_wrapping(&picture(8), eight);
            assert_eq!(low.dimensions(), (8, 4));
            for (x, y, pixel) in moved.enumerate_pixels() {
                assert_eq!(
                    pixel,
                    low.get_pixel((x + 1) % 8, (y + 2) % 4),
                    "{degrade:?}"
                );
            }
        }
        let plain = Degrade::Bicubic.apply(&picture(0), eight);
        assert_ne!(plain, Degrade::Bicubic.apply_wrapping(&picture(0), eight));
    }

    fn picture(name: &str, alpha: u8) -> Picture {
        Picture {
            name: name.to_owned(),
            high: RgbaImage::from_fn(150, 140, |x, y| {
                let a = if x < 75 { 255 } else { alpha };
                [(x * 3 % 200) as u8, (y * 5 % 180) as u8, (x ^ y) as u8, a].into()
            }),
            low: None,
        }
    }

    fn settings() -> Settings {
        Settings {
            degrade: Degrade::Box,
            context: Context::None,
            ground: [0; 3],
            scale: Scale::new(8).unwrap(),
            fidelity: 0.0,
        }
    }

    #[test]
    fn a_network_that_replicates_scores_as_nearest_does() {
        let pictures = vec![picture("a", 255), picture("b", 0)];
        for context in [Context::None, Context::Clamp, Context::Wrap] {
            let settings = Settings {
                context,
                ..settings()
            };
            let bench = Bench::new(pictures.clone(), 128, settings, None).unwrap();
            let opaque = &bench.samples()[..1];
            assert_eq!(opaque[0].low.dimensions(), (16, 16));
            let mut heard = Vec::new();
            let mut model = Nearest::new(settings.scale);
            let outputs = bench
                .enhance(&mut model, &mut |done| heard.push(done))
                .unwrap();
            assert_eq!(heard, [2]);
            assert!(
                outputs[0] == bench.baseline(Baseline::Nearest)[0],
                "{context:?}"
            );
        }
    }

    #[test]
    fn a_smaller_network_is_enlarged_to_the_truth() {
        let bench = Bench::new(vec![picture("a", 255)], 128, settings(), None).unwrap();
        let mut model = Nearest::new(Scale::new(4).unwrap());
        let outputs = bench.enhance(&mut model, &mut |_| {}).unwrap();
        assert_eq!(outputs[0].dimensions(), (128, 128));
    }

    #[test]
    fn the_truth_is_perfect_but_for_its_input() {
        let bench = Bench::new(
            vec![picture("a", 255), picture("b", 100)],
            128,
            settings(),
            None,
        )
        .unwrap();
        let truth = bench.truth();
        assert_eq!((truth.psnr, truth.alpha_errors), (CEILING, Some(0.0)));
        assert!((truth.ssim - 1.0).abs() < 1e-9 && (truth.ms_ssim - 1.0).abs() < 1e-9);
        assert!(
            truth.consistency > 45.0,
            "block means round: {}",
            truth.consistency
        );
        assert!(truth.landmarks.is_none() && truth.lpips.is_none());
        // Of an opaque picture and one whose right half is cut away by half, one has an outline.
        assert_eq!((truth.silhouette, truth.outline), (Some(1.0), Some(1.0)));
        let lines = |score: &Score| -> Vec<Option<f64>> {
            score.pictures.iter().map(|m| m.outline).collect()
        };
        assert_eq!(lines(truth), [None, Some(1.0)]);
        let mut outputs = bench.baseline(Baseline::Nearest);
        for (x, _, pixel) in outputs[1].enumerate_pixels_mut() {
            pixel.0[3] = if (16..64).contains(&x) { 255 } else { 0 };
        }
        let score = bench.score("two edges", &outputs).unwrap();
        assert_eq!(lines(&score), [None, Some(2.0)]);
        // 48 of the 64 columns that are inside.
        assert_eq!(score.pictures[0].silhouette, None);
        assert_eq!(score.silhouette, Some(0.75));
    }

    #[test]
    fn lpips_is_measured_where_it_is_asked_for() {
        use crate::landmarks::formula::save;
        let (_vgg, vgg) = save(&crate::vgg::formula::weights());
        let (_heads, heads) = save(&crate::lpips::tests::heads());
        let lpips = Lpips::load(&vgg, &heads, Device::CPU).unwrap();
        let pictures = vec![picture("a", 255), picture("b", 0)];
        let bench = Bench::new(pictures, 128, settings(), None).unwrap();
        let outputs = bench.baseline(Baseline::Lanczos);
        assert_eq!(bench.score("lanczos", &outputs).unwrap().lpips, None);
        let each: Vec<f64> = outputs
            .iter()
            .zip(bench.samples())
            .map(|(output, sample)| lpips.distance(output, &sample.truth, [0; 3]).unwrap())
            .collect();
        let bench = bench.with_lpips(lpips);
        assert_eq!(bench.truth().lpips, Some(0.0));
        let found = bench.score("lanczos", &outputs).unwrap().lpips.unwrap();
        assert!(each[0] > 0.001 && each[0] != each[1], "{each:?}");
        assert!((found - (each[0] + each[1]) / 2.0).abs() < 1e-6);
    }

    #[test]
    fn pairs_must_be_the_scale_apart() {
        let mut good = picture("good", 255);
        good.high = RgbaImage::new(128, 64);
        good.low = Some(RgbaImage::new(16, 8));
        let mut bad = good.clone();
        bad.low = Some(RgbaImage::new(32, 16));
        let bench = Bench::new(vec![good, bad.clone()], 128, settings(), None).unwrap();
        assert_eq!((bench.samples().len(), bench.skipped()), (1, 1));
        assert!(Bench::new(vec![bad], 128, settings(), None).is_err());
    }

    #[test]
    fn landmarks_are_measured_by_the_eyes() {
        // The brightest pixel is every landmark but the second eye's, which are the first pixel.
        let heatmaps: Heatmaps = Box::new(|x: &Tensor| {
            let maps = x
                .f_mean_dim([1i64].as_slice(), true, Kind::Float)?
                .f_repeat([1, 68, 1, 1])?;
            let mut eye = maps.f_narrow(1, EYES[1].start as i64, 6)?;
            let _ = eye.f_zero_()?;
            Ok(maps)
        });
        let spot = |x: u32| {
            let mut high = RgbaImage::from_pixel(128, 128, [0, 0, 0, 255].into());
            for dot in 0..4 {
                high.put_pixel(x + dot % 2, 60 + dot / 2, [255, 255, 255, 255].into());
            }
            high
        };
        let face = Picture {
            name: "face".into(),
            high: spot(80),
            low: None,
        };
        let bench = Bench::new(vec![face], 128, settings(), Some(heatmaps)).unwrap();
        assert_eq!(bench.truth().landmarks, Some(0.0));
        let moved = bench
            .score("moved", &[spot(74)])
            .unwrap()
            .landmarks
            .unwrap();
        // 62 of 68 are 3 pixels of 64 off; the eyes are 40 columns and 30 rows apart.
        assert!(
            (moved - 100.0 * 62.0 / 68.0 * 3.0 / 50.0).abs() < 1e-9,
            "{moved}"
        );
    }

    #[test]
    fn medians() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(Vec::new()), None);
    }
}
