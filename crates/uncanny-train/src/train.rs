//! The training itself: stages, losses, the critic's turn, checkpoints, samples, measurements.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use image::RgbaImage;
use serde::Serialize;
use tch::nn::VarStore;
use tch::{Kind, Tensor};
use uncanny_model::arch::pfsr::{self, Generator, Progress};
use uncanny_model::arch::relief::{self, Relief};
use uncanny_model::checkpoint::{self, DType};
use uncanny_model::tensors::{channels_last, from_tensor, load_exactly};
use uncanny_model::{Device, Network};
use uncanny_texture::Scale;
use uncanny_texture::sheet::{Row, sheet};

use crate::critic::Critic;
use crate::evaluate::{self, Baseline, Bench, Context, Score, Settings};
use crate::landmarks::Landmarks;
use crate::loss::{self, Terms};
use crate::random::Random;
use crate::recipe::{DegradeRecipe, Game, NetworkRecipe, Position, Recipe};
use crate::state::{self, Training};
use crate::vgg::Vgg;
use crate::{Batch, Error, Picture, Pictures, Result, SIDE, Sampler, Source};

/// Adam's betas for the critic, as PFSR's authors have them.
const CRITIC_BETAS: (f64, f64) = (0.0, 0.99);
/// Chooses where between real and drawn pictures the critic's penalty looks.
const MIX: u64 = 0x9e1a;
/// Chooses where VGG16 looks.
const LOOK: u64 = 0x1004;
/// How many test pictures are measured during the training.
const MEASURED: usize = 32;
/// How many are measured at the end at most: a test set is smaller, a training set may not fit into memory so.
const MEASURED_AT_END: usize = 2000;
/// How many test pictures a sample grid shows.
const SHOWN: usize = 8;
/// How many samples the picture of what is trained on shows.
const PREVIEWED: u64 = 24;
/// The losses are averaged over so many iterations before they are written down.
const LOSSES_EVERY: u64 = 20;
/// What the losses' file tells, in order.
const TERMS: [&str; 16] = [
    "l1",
    "grid",
    "lattice",
    "ssim",
    "texture",
    "detail",
    "steps",
    "grain",
    "adversarial",
    "features",
    "statistics",
    "heatmap",
    "attention",
    "perceptual",
    "critic",
    "penalty",
];

/// What to train, on what, and where.
#[derive(Clone, Debug)]
pub struct TrainOptions {
    /// What is trained and how; its paths as they can be opened.
    pub recipe: Recipe,
    /// Receives everything that the training makes.
    pub out: PathBuf,
    /// Where to train.
    pub device: Device,
    /// Begin with the weights of this checkpoint instead of random ones.
    pub start: Option<PathBuf>,
    /// The recipe's teacher: a name for messages, and what its file holds.
    pub teacher: Option<(String, Vec<u8>)>,
    /// Go on with the training in `out`.
    pub resume: bool,
    /// Save the state this often.
    pub save_every: Duration,
    /// Measure and draw samples every so many iterations.
    pub sample_every: u64,
}

/// What happens during a training.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TrainEvent {
    /// The images are read.
    Data {
        /// How many are trained on.
        images: usize,
        /// How many are measured on.
        test: usize,
        /// How many files were too small or broken.
        skipped: usize,
    },
    /// The training starts at, or goes on from, this iteration.
    Started {
        /// Iterations already done.
        iteration: u64,
        /// Iterations in all.
        total: u64,
    },
    /// An iteration is done.
    Iteration {
        /// How many are.
        iteration: u64,
        /// In which stage, from 0.
        stage: usize,
        /// In which step.
        progress: Progress,
        /// The weighted sum of the losses.
        loss: f64,
    },
    /// The averaged network was measured on some of the test pictures.
    Measured {
        /// When.
        iteration: u64,
        /// How well it did.
        score: Box<Score>,
    },
    /// The state was saved.
    Saved {
        /// When.
        iteration: u64,
    },
}

/// The scores on a test set.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    /// How many pictures were measured.
    pub pictures: usize,
    /// How they were prepared and shown.
    pub settings: Settings,
    /// The baselines and the network.
    pub scores: Vec<Score>,
    /// What a perfect network would have.
    pub truth: Score,
}

/// What a training left behind.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The finished checkpoint; `None` when the training was stopped before its end.
    pub checkpoint: Option<PathBuf>,
    /// How many iterations are done.
    pub iterations: u64,
    /// The network beside the baselines on all test pictures.
    pub evaluation: Option<Evaluation>,
}

/// The network in training.
enum Student {
    Pfsr(Box<Generator>),
    Relief(Relief),
}

impl Student {
    fn new(store: &VarStore, recipe: NetworkRecipe) -> Result<Student> {
        if let Some(config) = recipe.relief() {
            return Ok(Student::Relief(Relief::new(&store.root(), config)?));
        }
        let config = pfsr::Config {
            width: i64::from(recipe.width()),
            finish: matches!(recipe, NetworkRecipe::Pfsr { finish: true, .. }),
            context: matches!(recipe, NetworkRecipe::Pfsr { context: true, .. }),
        };
        let generator = Generator::new(&store.root(), config);
        Ok(Student::Pfsr(Box::new(generator)))
    }

    /// N x 3 x 16 x 16 in 0..1 to N x 3 x s x s in about -1..1, in f32; convolutions in `kind`.
    fn draw(&self, low: &Tensor, position: &Position, kind: Kind) -> Result<Tensor> {
        let low = channels_last(low);
        Ok(match self {
            Student::Pfsr(network) => {
                let low = (low * 2.0 - 1.0).f_to_kind(kind)?;
                network.forward(&low, position.progress, !position.frozen_norms)
            }
            Student::Relief(network) => network.forward_in(&low, kind)? * 2.0 - 1.0,
        }
        .f_to_kind(Kind::Float)?)
    }
}

/// Everything that one iteration works on.
struct Studio {
    student: Student,
    critic: Option<Critic>,
    landmarks: Option<Landmarks>,
    vgg: Option<Vgg>,
    teacher: Option<Network>,
    recipe: Recipe,
    device: Device,
    /// What convolutions are computed in: mixed precision, since the losses are in f32.
    kind: Kind,
}

impl Studio {
    /// One step of the network and, where there is an adversarial loss, one of its critic.
    fn iterate(
        &mut self,
        batch: &Batch,
        position: &Position,
        training: &mut Training,
    ) -> Result<(f64, Terms)> {
        let Position {
            progress, losses, ..
        } = *position;
        let low = &batch.low;
        let picture = &batch.levels[usize::from(progress.step) - 1] * 2.0 - 1.0;
        let real = match &self.teacher {
            Some(teacher) if position.teacher => {
                let shown = teacher.forward(low)?.f_to_kind(Kind::Float)?;
                shown.f_clamp(0.0, 1.0)? * 2.0 - 1.0
            }
            _ => picture.shallow_clone(),
        };
        let drawn = self.student.draw(low, position, self.kind)?;
        let (mut total, mut terms) = loss::reconstruction(
            &losses,
            &drawn,
            &real,
            self.landmarks.as_ref(),
            self.recipe.landmark_batch.unwrap_or(self.recipe.batch),
            self.kind,
        )?;
        if let (true, Some(vgg)) = (losses.perceptual > 0.0, &self.vgg) {
            // By number, as the batches are: a training that went on is the one that was never stopped.
            let mut random = Random::new(self.recipe.seed ^ LOOK, training.iteration);
            let at = loss::piece(drawn.size()[3], &mut random);
            let count = self.recipe.perceptual_batch.unwrap_or(self.recipe.batch);
            let term = loss::perceptual(vgg, &drawn, &real, count, at)?;
            total = total.f_add(&(&term * losses.perceptual))?;
            terms.push(("perceptual", term.detach()));
        }
        let (of_picture, others) = loss::statistical(&losses, &drawn, &picture)?;
        total = total.f_add(&of_picture)?;
        terms.extend(others);
        let adversarial = losses.adversarial > 0.0;
        let pair = match (&self.critic, &mut training.critic) {
            (Some(critic), Some(learner)) if adversarial => Some((critic, learner)),
            _ => None,
        };
        let shown = |pictures: &Tensor| -> Result<Tensor> {
            if !self.recipe.critic.conditional {
                return Ok(channels_last(pictures));
            }
            let side = pictures.size()[3];
            let input = low.f_upsample_bilinear2d([side, side], false, None, None)? * 2.0 - 1.0;
            Ok(channels_last(&Tensor::f_cat(&[pictures, &input], 1)?))
        };
        let game = self.recipe.critic.game;
        if let Some((critic, learner)) = pair {
            // The critic first, so that what it sees in the real pictures serves both.
            learner.learn(true);
            let real = shown(&real)?;
            let drawn_now = shown(&drawn.detach())?;
            let both = Tensor::f_cat(&[&real, &drawn_now], 0)?.f_to_kind(self.kind)?;
            let judged = critic.judge(&both, progress)?;
            let parts = judged.scores.f_chunk(2, 0)?;
            let (of_real, of_drawn) = (&parts[0], &parts[1]);
            let lost = match game {
                Game::Wasserstein => of_drawn.f_mean(Kind::Float)? - of_real.f_mean(Kind::Float)?,
                Game::Logistic => {
                    let each = (-of_real).f_softplus()?.f_add(&of_drawn.f_softplus()?)?;
                    each.f_mean(Kind::Float)?
                }
            };
            let recipe = &self.recipe.critic;
            let drift = of_real.f_square()?.f_mean(Kind::Float)?;
            let mut blame = &lost + drift * recipe.drift;
            terms.push(("critic", lost.detach()));
            if position.within.is_multiple_of(recipe.penalty_every) {
                let penalty = match game {
                    Game::Wasserstein => {
                        // By number, as the batches are: a training that went on is the one that was never stopped.
                        let mut random = Random::new(self.recipe.seed ^ MIX, training.iteration);
                        let mix: Vec<f32> = (0..real.size()[0]).map(|_| random.share()).collect();
                        let mix = Tensor::f_from_slice(&mix)?.f_reshape([-1, 1, 1, 1])?;
                        let mix = mix.f_to_device(self.device.torch())?;
                        critic.penalty(&real, &drawn_now, &mix, progress)?
                    }
                    Game::Logistic => critic.steepness(&real, progress)? * 0.5,
                };
                terms.push(("penalty", penalty.detach()));
                blame += penalty * (recipe.penalty * recipe.penalty_every as f64);
            }
            blame.f_backward()?;
            learner.step(recipe.rate)?;

            learner.learn(false);
            let now = critic.judge(&shown(&drawn)?.f_to_kind(self.kind)?, progress)?;
            let blame = match game {
                Game::Wasserstein => -now.scores.f_mean(Kind::Float)?,
                Game::Logistic => (-&now.scores).f_softplus()?.f_mean(Kind::Float)?,
            };
            total = total.f_add(&(&blame * losses.adversarial))?;
            terms.push(("adversarial", blame.detach()));
            let count = real.size()[0];
            let truth = judged.features.iter();
            let truth = truth.map(|seen| seen.detach().f_narrow(0, 0, count));
            let truth = truth.collect::<std::result::Result<Vec<_>, _>>()?;
            if losses.features > 0.0 {
                let apart = loss::apart(&now.features, &truth)?;
                total = total.f_add(&(&apart * losses.features))?;
                terms.push(("features", apart.detach()));
            }
            if losses.statistics > 0.0 {
                let apart = loss::apart(&loss::local(&now.features)?, &loss::local(&truth)?)?;
                total = total.f_add(&(&apart * losses.statistics))?;
                terms.push(("statistics", apart.detach()));
            }
        }
        total.f_backward()?;
        training.network.step(position.rate)?;
        training.follow()?;
        Ok((total.double_value(&[]), terms))
    }
}

/// Trains a network as its recipe says, and tells `events` how it goes. When `cancel` turns true, the state is saved
/// and the training stops.
///
/// The truth is the picture that an input was made of or, in stages with a teacher, what the teacher makes of the input.
/// The losses of [`crate::recipe::Losses`], on pictures in -1..1: `l1` is the mean absolute difference; `ssim` is 1
/// minus SSIM of luma; `texture` compares, at full and half size, the means of the absolute Laplacian of luma in windows of
/// 16 and 8 pixels, and `detail` the same of R, G, B and luma, squared; `steps` compares, squared, the means in such windows
/// of the absolute differences of neighbours, apart for each of the 8 places within a texel, across and down; `grain`
/// compares the Laplacian's local autocorrelation, up to 4 pixels, at full, half and quarter size; `grid` is what of the
/// difference alternates with the pixels, in steps of 2, 4 and 8; `lattice` is what every texel of the difference repeats,
/// in windows of 8x8 texels where the picture is flat (it and `detail` are of the picture with a teacher too); `adversarial` is minus the critic's score
/// (WGAN-GP), or the logistic loss of it; `features` compares what the critic's levels see, `statistics` its means in
/// windows of 16 pixels; `heatmap` and `attention` are PFSR's, through the compressed landmark network; `perceptual` compares what VGG16
/// sees.
///
/// Leaves in `options.out`: `NAME.safetensors` (f16, the averaged weights, anew at every measurement),
/// `state.safetensors` (to go on from), `losses.csv`, `metrics.csv`, their curves as `losses.png` and `metrics.png`,
/// `samples/ITERATION.png` (input, network, truth), `samples/trained-on.png` (input and truth of the first samples), `recipe.toml` and `evaluation.json`.
///
/// On a GPU libtorch's threads on the processor are one from then on, in this process.
///
/// # Errors
/// A recipe out of range, no images, a folder that cannot be written or holds another training, a
/// loss that is no number.
pub fn train(
    options: &TrainOptions,
    events: &mut dyn FnMut(TrainEvent),
    cancel: &AtomicBool,
) -> Result<Summary> {
    let recipe = &options.recipe;
    recipe.check()?;
    let state_file = state::path(&options.out);
    if state_file.exists() && !options.resume {
        return Err(Error::Exists { path: state_file });
    }
    let device = options.device.torch();
    if device.is_cuda() {
        // Every batch has the same shape: looking for the quickest algorithms pays.
        tch::Cuda::cudnn_set_benchmark(true);
        // libtorch's threads on the processor have next to nothing to do, and spin while they wait for one another: those
        // that make batches had a quarter of the processor left (16 cores, measured).
        uncanny_model::set_threads(1);
    }
    let kind = working_kind(options.device);
    let landmarks = landmarks(recipe, device)?;
    let vgg = vgg(recipe, device, kind)?;
    let teacher = teacher(options, kind)?;
    let (sources, skipped) = sources(recipe)?;
    let tests = Pictures::read(&recipe.data.test, SIDE)?;
    let sampler = Sampler::new(
        sources,
        recipe.augment(),
        recipe.degrade(),
        recipe.batch,
        recipe.seed,
    )?;
    let preview = previewed(&sampler, recipe.at(0).teacher);
    events(TrainEvent::Data {
        images: sampler.len(),
        test: tests.pictures.len(),
        skipped: skipped + tests.skipped,
    });
    tch::manual_seed(recipe.seed as i64);
    let mut store = VarStore::new(device);
    let student = Student::new(&store, recipe.network)?;
    if let Some(start) = &options.start {
        let mut checkpoint = checkpoint::read(start)?;
        // A context or finish that the checkpoint has not begins as any new one: it adds nothing.
        for (key, new) in store.variables() {
            let added = key.starts_with("finish.") || key.starts_with("context.");
            if added && !checkpoint.state.contains(&key) {
                checkpoint.state.insert(key, from_tensor(&new)?);
            }
        }
        load_exactly(&mut store, &checkpoint.state, |key| {
            key.ends_with("num_batches_tracked")
        })?;
    }
    let samples = options.out.join("samples");
    fs::create_dir_all(&samples).map_err(Error::write(&samples))?;
    save_png(&samples.join("trained-on.png"), &preview)?;
    let written = toml::to_string_pretty(recipe).expect("a recipe is plain values");
    let recipe_file = options.out.join("recipe.toml");
    fs::write(&recipe_file, written).map_err(Error::write(&recipe_file))?;

    let judged = recipe
        .stages
        .iter()
        .any(|stage| stage.losses.adversarial > 0.0);
    let critic_store = VarStore::new(device);
    let critic = judged.then(|| Critic::new(&critic_store.root(), recipe.critic));
    let betas = (recipe.betas[0], recipe.betas[1]);
    let critic_learner = judged.then_some((&critic_store, CRITIC_BETAS));
    let mut training = Training::new(&store, betas, recipe.average, critic_learner);
    let identity = recipe.identity();
    if state_file.exists() {
        training.load(&state_file, &identity, device)?;
    } else if options.resume {
        tracing::warn!(
            "there is no training in {} yet: starting one",
            options.out.display()
        );
    }
    let logs = Logs::new(&options.out, training.iteration)?;
    let total = recipe.total();
    events(TrainEvent::Started {
        iteration: training.iteration,
        total,
    });

    let bench = bench(recipe, &tests.pictures, MEASURED)?;
    let mut studio = Studio {
        student,
        critic,
        landmarks,
        vgg,
        teacher,
        recipe: recipe.clone(),
        device: options.device,
        kind,
    };
    let plan = recipe.clone();
    let taught = move |iteration| plan.at(iteration).teacher;
    let mut batches = Arc::new(sampler).ahead(training.iteration, device, taught);
    let mut sums = Sums::default();
    let mut saved = Instant::now();
    while training.iteration < total && !cancel.load(Ordering::Relaxed) {
        let position = recipe.at(training.iteration);
        let (number, batch) = batches.next().expect("batches go on until one fails")?;
        assert_eq!(number, training.iteration, "batches come in order");
        if position.within == 0 {
            training.network.forget();
        }
        let (loss, terms) = studio.iterate(&batch, &position, &mut training)?;
        let iteration = training.iteration;
        if !loss.is_finite() {
            return Err(Error::Diverged { iteration });
        }
        sums.add(loss, &terms);
        events(TrainEvent::Iteration {
            iteration,
            stage: position.stage,
            progress: position.progress,
            loss,
        });
        if iteration.is_multiple_of(LOSSES_EVERY) {
            logs.losses(iteration, std::mem::take(&mut sums))?;
        }
        if iteration.is_multiple_of(options.sample_every) || iteration == total {
            let file = keep(options, &training, position.progress)?;
            let mut network = Network::load(&file, options.device)?;
            let pictures = bench.enhance(&mut network, &mut |_| {})?;
            let score = bench.score(&recipe.name, &pictures)?;
            save_png(
                &samples.join(format!("{iteration:07}.png")),
                &grid(&bench, &pictures),
            )?;
            logs.metrics(iteration, &position, &score)?;
            events(TrainEvent::Measured {
                iteration,
                score: Box::new(score),
            });
        }
        if saved.elapsed() >= options.save_every {
            training.save(&state_file, &identity)?;
            events(TrainEvent::Saved { iteration });
            saved = Instant::now();
        }
    }
    training.save(&state_file, &identity)?;
    let iterations = training.iteration;
    events(TrainEvent::Saved {
        iteration: iterations,
    });
    if iterations < total {
        return Ok(Summary {
            checkpoint: None,
            iterations,
            evaluation: None,
        });
    }
    // What is measured in the end must not hang on what was quickest today.
    tch::Cuda::cudnn_set_benchmark(false);
    let position = recipe.at(total);
    let checkpoint = keep(options, &training, position.progress)?;
    Ok(Summary {
        evaluation: Some(finish(options, &checkpoint, &tests.pictures)?),
        checkpoint: Some(checkpoint),
        iterations,
    })
}

/// What convolutions are computed in: bf16, which needs no scaling of gradients, as f16 does, on processors with AMX, which
/// multiply its matrices several times as fast as f32's (others are slower), and on GPUs that know such convolutions: all
/// since Ampere (2020).
fn working_kind(device: Device) -> Kind {
    let has_amx = || fs::read_to_string("/proc/cpuinfo").is_ok_and(|cpu| cpu.contains(" amx_bf16"));
    let quick = match device.torch() {
        tch::Device::Cpu => has_amx(),
        gpu => {
            let x = Tensor::f_zeros([1, 8, 8, 8], (Kind::BFloat16, gpu));
            x.and_then(|x| x.f_conv2d(&x, None::<&Tensor>, [1, 1], [0, 0], [1, 1], 1))
                .is_ok()
        }
    };
    if quick { Kind::BFloat16 } else { Kind::Float }
}

/// What is trained on, and how many files were left out.
fn sources(recipe: &Recipe) -> Result<(Vec<Source>, usize)> {
    let mut sources = Vec::new();
    let mut skipped = 0;
    for source in &recipe.data.train {
        let mut pictures = Pictures::read(std::slice::from_ref(&source.path), SIDE)?;
        if let Some(prefix) = &source.prefix {
            pictures.keep(prefix, &source.path)?;
        }
        skipped += pictures.skipped;
        sources.push(Source {
            pictures,
            weight: source.weight,
            taught: source.teacher,
            subject: source.subject,
        });
    }
    Ok((sources, skipped))
}

fn landmarks(recipe: &Recipe, device: tch::Device) -> Result<Option<Landmarks>> {
    let needed = recipe
        .stages
        .iter()
        .any(|stage| stage.losses.on_landmarks());
    match (needed, &recipe.data.landmarks) {
        (false, _) => Ok(None),
        (true, Some(path)) => Ok(Some(Landmarks::load(path, device)?)),
        (true, None) => Err(Error::NeedsLandmarks),
    }
}

/// VGG16, if a loss looks through it.
fn vgg(recipe: &Recipe, device: tch::Device, kind: Kind) -> Result<Option<Vgg>> {
    let mut stages = recipe.stages.iter();
    match (
        stages.any(|stage| stage.losses.perceptual > 0.0),
        &recipe.data.vgg,
    ) {
        (false, _) => Ok(None),
        (true, Some(path)) => Ok(Some(Vgg::load(path, device, kind)?)),
        (true, None) => Err(Error::NeedsVgg),
    }
}

/// The teacher, if a stage wants one, ready to draw in `kind`.
fn teacher(options: &TrainOptions, kind: Kind) -> Result<Option<Network>> {
    if !options.recipe.stages.iter().any(|stage| stage.teacher) {
        return Ok(None);
    }
    let (name, bytes) = options.teacher.as_ref().ok_or(Error::NeedsTeacher)?;
    let teacher = Network::from_bytes_in(name, bytes, options.device, kind)?;
    let scale = teacher.description().scale;
    if scale != self::scale() {
        let name = name.clone();
        return Err(Error::Teacher { name, scale });
    }
    Ok(Some(teacher))
}

/// From the input to the finished picture.
fn scale() -> Scale {
    Scale::new(8).expect("8 is a scale")
}

/// At most `limit` of the test pictures, evenly spread, as the network sees them.
fn bench(recipe: &Recipe, pictures: &[Picture], limit: usize) -> Result<Bench> {
    let count = pictures.len().min(limit);
    let some = (0..count).map(|i| pictures[i * pictures.len() / count].clone());
    let settings = Settings {
        degrade: match recipe.data.degrade {
            DegradeRecipe::Chain | DegradeRecipe::Pareidolia => evaluate::Degrade::Chain,
            DegradeRecipe::Mixed => evaluate::Degrade::Bicubic,
        },
        context: Context::None,
        ground: [0; 3],
        scale: scale(),
        fidelity: 0.0,
    };
    let landmarks = recipe.data.landmarks.as_deref();
    let heatmaps = landmarks.map(|path| evaluate::heatmaps(path, Device::CPU));
    let heatmaps = heatmaps.transpose()?;
    Bench::new(some.collect(), SIDE, settings, heatmaps)
}

/// Writes the averaged network as it would enhance now.
fn keep(options: &TrainOptions, training: &Training, progress: Progress) -> Result<PathBuf> {
    let recipe = &options.recipe;
    let path = options.out.join(format!("{}.safetensors", recipe.name));
    let mut metadata = BTreeMap::from([("iteration".to_owned(), training.iteration.to_string())]);
    let architecture = match recipe.network {
        NetworkRecipe::Pfsr { .. } => {
            metadata.insert("step".to_owned(), progress.step.to_string());
            metadata.insert("alpha".to_owned(), progress.alpha.to_string());
            "PFSR"
        }
        NetworkRecipe::Relief { .. } => "Relief",
    };
    metadata.insert("architecture".to_owned(), architecture.to_owned());
    let mut state = training.averaged()?;
    relief::scale_finest_grain(&mut state, recipe.finest_grain)?;
    checkpoint::write_safetensors(&path, &state, &metadata, Some(DType::F16))?;
    Ok(path)
}

/// Measures the checkpoint on all test pictures, beside the baselines.
fn finish(options: &TrainOptions, checkpoint: &Path, tests: &[Picture]) -> Result<Evaluation> {
    let recipe = &options.recipe;
    let bench = bench(recipe, tests, MEASURED_AT_END)?;
    let mut scores = Vec::new();
    for method in Baseline::ALL {
        scores.push(bench.score(&method.to_string(), &bench.baseline(method))?);
    }
    let mut network = Network::load(checkpoint, options.device)?;
    let pictures = bench.enhance(&mut network, &mut |_| {})?;
    scores.push(bench.score(&recipe.name, &pictures)?);
    let evaluation = Evaluation {
        pictures: bench.samples().len(),
        settings: *bench.settings(),
        scores,
        truth: bench.truth().clone(),
    };
    let json = serde_json::to_string_pretty(&evaluation).expect("plain numbers and names");
    let file = options.out.join("evaluation.json");
    fs::write(&file, json + "\n").map_err(Error::write(&file))?;
    Ok(evaluation)
}

/// One row a sample of the first that are trained on: input, truth. For looking at before hours are spent.
fn previewed(sampler: &Sampler, taught: bool) -> RgbaImage {
    let rows = sampler.preview(PREVIEWED, taught).into_iter();
    let rows = rows.map(|(low, truth)| Row {
        label: String::new(),
        pictures: vec![("input".into(), low), ("truth".into(), truth)],
    });
    sheet(&rows.collect::<Vec<_>>(), SIDE)
}

/// One row a picture: input, what the network made of it, truth. For looking at.
fn grid(bench: &Bench, pictures: &[RgbaImage]) -> RgbaImage {
    let count = pictures.len().min(SHOWN);
    let rows = (0..count).map(|k| {
        let i = k * pictures.len() / count;
        let sample = &bench.samples()[i];
        Row {
            label: String::new(),
            pictures: vec![
                ("input".into(), sample.low.clone()),
                ("network".into(), pictures[i].clone()),
                ("truth".into(), sample.truth.clone()),
            ],
        }
    });
    sheet(&rows.collect::<Vec<_>>(), SIDE)
}

fn save_png(path: &Path, image: &RgbaImage) -> Result<()> {
    image.save(path).map_err(|source| Error::Image {
        name: path.display().to_string(),
        source,
    })
}

/// Losses since they were last written down.
#[derive(Default)]
struct Sums {
    total: f64,
    count: u64,
    terms: BTreeMap<&'static str, (f64, u64)>,
}

impl Sums {
    fn add(&mut self, total: f64, terms: &Terms) {
        self.total += total;
        self.count += 1;
        for (name, term) in terms {
            let (sum, count) = self.terms.entry(name).or_default();
            *sum += term.double_value(&[]);
            *count += 1;
        }
    }
}

/// The two files of numbers, and their curves.
struct Logs {
    losses: PathBuf,
    metrics: PathBuf,
}

impl Logs {
    /// What was written after `iteration` is forgotten: a training that was killed does it again.
    fn new(folder: &Path, iteration: u64) -> Result<Logs> {
        let logs = Logs {
            losses: folder.join("losses.csv"),
            metrics: folder.join("metrics.csv"),
        };
        forget_later(&logs.losses, iteration)?;
        forget_later(&logs.metrics, iteration)?;
        Ok(logs)
    }

    fn losses(&self, iteration: u64, sums: Sums) -> Result<()> {
        let mean = |sum: f64, count: u64| format!("{:.6}", sum / count.max(1) as f64);
        let terms = TERMS.iter().map(|name| match sums.terms.get(name) {
            Some((sum, count)) => mean(*sum, *count),
            None => String::new(),
        });
        let line = [iteration.to_string(), mean(sums.total, sums.count)];
        let line: Vec<String> = line.into_iter().chain(terms).collect();
        let header = format!("iteration,total,{}", TERMS.join(","));
        append(&self.losses, &header, &line.join(","))
    }

    fn metrics(&self, iteration: u64, position: &Position, score: &Score) -> Result<()> {
        let Progress { step, alpha } = position.progress;
        let landmarks = score.landmarks.map_or(String::new(), |x| format!("{x:.3}"));
        let line = format!(
            "{iteration},{step},{alpha:.4},{:.4},{:.5},{:.4},{:.3},{landmarks}",
            score.psnr, score.ssim, score.sharpness, score.consistency
        );
        let header = "iteration,step,alpha,psnr,ssim,sharpness,consistency,landmarks";
        append(&self.metrics, header, &line)?;
        for csv in [&self.losses, &self.metrics] {
            if csv.exists() {
                crate::curves::draw(csv, &csv.with_extension("png"))?;
            }
        }
        Ok(())
    }
}

fn append(path: &Path, header: &str, line: &str) -> Result<()> {
    let new = !path.exists();
    let open = OpenOptions::new().create(true).append(true).open(path);
    let mut file = open.map_err(Error::write(path))?;
    let text = if new {
        format!("{header}\n{line}\n")
    } else {
        format!("{line}\n")
    };
    file.write_all(text.as_bytes()).map_err(Error::write(path))
}

/// Drops the lines of iterations after `iteration`, and one that was being written.
fn forget_later(path: &Path, iteration: u64) -> Result<()> {
    let old = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        old => old.map_err(Error::read(path))?,
    };
    let kept = |line: &&str| {
        let first = line.split(',').next().unwrap_or_default();
        line.ends_with('\n')
            && (line.starts_with("iteration") || first.parse().is_ok_and(|n: u64| n <= iteration))
    };
    let new: String = old.split_inclusive('\n').filter(kept).collect();
    if new == old {
        return Ok(());
    }
    if new.is_empty() {
        return fs::remove_file(path).map_err(Error::write(path));
    }
    fs::write(path, new).map_err(Error::write(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measurements_of_what_was_lost_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.csv");
        forget_later(&path, 0).unwrap();
        for iteration in [500, 1000, 1500] {
            append(&path, "iteration,psnr", &format!("{iteration},20.0")).unwrap();
        }
        let whole = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{whole}2000,3")).unwrap();
        forget_later(&path, 1200).unwrap();
        let kept = fs::read_to_string(&path).unwrap();
        let firsts: Vec<&str> = kept
            .lines()
            .map(|line| &line[..line.find(',').unwrap()])
            .collect();
        assert_eq!(firsts, ["iteration", "500", "1000"]);
        assert!(whole.starts_with(&kept) && kept.ends_with('\n'));
    }
}
