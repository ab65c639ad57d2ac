//! The training itself: progressive steps x2, x4, x8 with L1, checkpoints, samples, measurements.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use image::RgbaImage;
use serde::Serialize;
use tch::nn::VarStore;
use tch::{Kind, Reduction, Tensor};
use uncanny_model::Device;
use uncanny_model::arch::pfsr::{Config, Folded, Generator, Progress};
use uncanny_model::checkpoint::{self, DType};
use uncanny_model::tensors::channels_last;

use crate::degrade::Pyramid;
use crate::schedule::Plan;
use crate::scoring::{Evaluation, Pairs, Score};
use crate::state::{self, Training};
use crate::{Error, ImageSet, Result};

/// Adam's, as PFSR has them for its second moment; the first is PyTorch's default.
const BETAS: (f64, f64) = (0.9, 0.99);
/// How many test pictures are measured during the training.
const MEASURED: usize = 32;
/// How many are measured at the end at most: a test set is smaller, a training set may not fit into memory so.
const MEASURED_AT_END: usize = 2000;
/// How long a step may be.
const MOST_ITERATIONS: u64 = 1_000_000_000;
/// How many test pictures a sample grid shows.
const SHOWN: usize = 8;

/// What to train, on what, and how.
#[derive(Clone, Debug)]
pub struct TrainOptions {
    /// Names the checkpoint: `NAME.safetensors`.
    pub name: String,
    /// Folders and tar files of images of at least 128x128.
    pub data: Vec<PathBuf>,
    /// The same, to measure on: never trained on.
    pub test: Vec<PathBuf>,
    /// Receives everything that the training makes.
    pub out: PathBuf,
    /// The network's channels: a multiple of 8.
    pub width: u32,
    /// Pictures an iteration.
    pub batch: usize,
    /// How long each step takes, and how fast it learns.
    pub plan: Plan,
    /// Of the order, the crops and the initial weights.
    pub seed: u64,
    /// Where to train.
    pub device: Device,
    /// Go on with the training in `out`.
    pub resume: bool,
    /// Save the state this often.
    pub save_every: Duration,
    /// Measure and draw samples every so many iterations.
    pub sample_every: u64,
}

impl TrainOptions {
    fn check(&self) -> Result<()> {
        let refuse = |option, value: &dyn ToString, expected| {
            Err(Error::Option {
                option,
                value: value.to_string(),
                expected,
            })
        };
        if self.width < 8 || !self.width.is_multiple_of(8) || self.width > 4096 {
            return refuse("--width", &self.width, "a multiple of 8 up to 4096");
        }
        if !(2..=65536).contains(&self.batch) {
            return refuse("--batch", &self.batch, "2 (for the batch norms) to 65536");
        }
        if !(self.plan.learning_rate > 0.0 && self.plan.learning_rate < 1.0) {
            return refuse(
                "--learning-rate",
                &self.plan.learning_rate,
                "between 0 and 1",
            );
        }
        if !(self.plan.final_rate >= 0.0 && self.plan.final_rate < 1.0) {
            return refuse("--final-rate", &self.plan.final_rate, "from 0 to 1");
        }
        if self.plan.iterations[2] == 0 {
            return refuse("--iterations", &0, "at least 1 for the last step");
        }
        if let Some(many) = self.plan.iterations.iter().find(|n| **n > MOST_ITERATIONS) {
            return refuse("--iterations", many, "a thousand million at most");
        }
        Ok(())
    }

    /// What must be the same for a training to go on. Its length and its rates may change.
    fn identity(&self) -> String {
        format!(
            "width {}, batch {}, seed {}",
            self.width, self.batch, self.seed
        )
    }
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
        /// In which step.
        progress: Progress,
        /// Mean absolute error, in -1..1 units.
        loss: f64,
    },
    /// The averaged network was measured on some of the test pictures.
    Measured {
        /// When.
        iteration: u64,
        /// How well it did.
        score: Score,
    },
    /// The state was saved.
    Saved {
        /// When.
        iteration: u64,
    },
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

/// Trains a PFSR generator, and tells `events` how it goes. When `cancel` turns true, the state is
/// saved and the training stops.
///
/// Leaves in `options.out`: `NAME.safetensors` (f16, the averaged weights), `state.safetensors`
/// (to go on from), `metrics.csv`, `samples/ITERATION.png` (input, network, truth) and
/// `evaluation.json`.
///
/// # Errors
/// Options out of range, no images, a folder that cannot be written or holds another training, a
/// loss that is no number.
pub fn train(
    options: &TrainOptions,
    events: &mut dyn FnMut(TrainEvent),
    cancel: &AtomicBool,
) -> Result<Summary> {
    options.check()?;
    let state_file = state::path(&options.out);
    if state_file.exists() && !options.resume {
        return Err(Error::Exists { path: state_file });
    }
    let images = ImageSet::read(&options.data)?;
    let tests = ImageSet::read(&options.test)?;
    events(TrainEvent::Data {
        images: images.len(),
        test: tests.len(),
        skipped: images.skipped() + tests.skipped(),
    });
    let samples = options.out.join("samples");
    fs::create_dir_all(&samples).map_err(Error::write(&samples))?;

    tch::manual_seed(options.seed as i64);
    let device = options.device.torch();
    let config = Config {
        width: i64::from(options.width),
    };
    let store = VarStore::new(device);
    let generator = Generator::new(&store.root(), config);
    let mut training = Training::new(&store, BETAS);
    let identity = options.identity();
    if state_file.exists() {
        training.load(&state_file, &identity, device)?;
    } else if options.resume {
        tracing::warn!(
            "there is no training in {} yet: starting one",
            options.out.display()
        );
    }
    forget_later(&options.out, training.iteration)?;
    let total = options.plan.total();
    events(TrainEvent::Started {
        iteration: training.iteration,
        total,
    });

    let pairs = Pairs::new(&tests, MEASURED)?;
    let mut saved = Instant::now();
    while training.iteration < total && !cancel.load(Ordering::Relaxed) {
        let position = options.plan.at(training.iteration);
        let high = images
            .batch(options.batch, options.seed, training.iteration)
            .to_device(device);
        let pyramid = Pyramid::new(high)?;
        let input = channels_last(&(pyramid.low() * 2.0 - 1.0));
        let target = pyramid.target(position.progress.step) * 2.0 - 1.0;
        let drawn = generator.forward(&input, position.progress, true);
        let loss = drawn.f_l1_loss(&target, Reduction::Mean)?;
        loss.backward();
        training.step(position.learning_rate, position.within)?;
        let loss = loss.double_value(&[]);
        if !loss.is_finite() {
            return Err(Error::Diverged {
                iteration: training.iteration,
            });
        }
        let iteration = training.iteration;
        events(TrainEvent::Iteration {
            iteration,
            progress: position.progress,
            loss,
        });

        if iteration.is_multiple_of(options.sample_every) || iteration == total {
            let folded = averaged(&training, config, position.progress)?;
            let pictures = pairs.enhance(&|x| enlarged(&folded, x))?;
            let score = pairs.score(&options.name, &pictures);
            save_png(
                &samples.join(format!("{iteration:07}.png")),
                &pairs.sheet(&pictures, SHOWN),
            )?;
            append_metrics(&options.out, iteration, position.progress, loss, &score)?;
            events(TrainEvent::Measured { iteration, score });
        }
        if saved.elapsed() >= options.save_every {
            training.save(&state_file, &identity)?;
            events(TrainEvent::Saved { iteration });
            saved = Instant::now();
        }
    }
    training.save(&state_file, &identity)?;
    events(TrainEvent::Saved {
        iteration: training.iteration,
    });
    if training.iteration < total {
        return Ok(Summary {
            checkpoint: None,
            iterations: training.iteration,
            evaluation: None,
        });
    }
    finish(options, &training, config, &tests)
}

/// Writes the checkpoint and measures it, as it will be loaded, on the test pictures.
fn finish(
    options: &TrainOptions,
    training: &Training,
    config: Config,
    tests: &ImageSet,
) -> Result<Summary> {
    let path = options.out.join(format!("{}.safetensors", options.name));
    let Progress { step, alpha } = Progress::COMPLETE;
    let metadata = BTreeMap::from([
        ("architecture".to_owned(), "PFSR".to_owned()),
        ("step".to_owned(), step.to_string()),
        ("alpha".to_owned(), alpha.to_string()),
        ("iteration".to_owned(), training.iteration.to_string()),
    ]);
    checkpoint::write_safetensors(&path, &training.averaged()?, &metadata, Some(DType::F16))?;

    let kept = checkpoint::read(&path)?;
    let cpu = tch::Device::Cpu;
    let folded = Folded::load(&kept.state, config, Progress::COMPLETE, cpu, Kind::Float)?;
    let pairs = Pairs::new(tests, MEASURED_AT_END)?;
    let mut evaluation = pairs.baselines();
    let pictures = pairs.enhance(&|x| enlarged(&folded, x))?;
    evaluation
        .scores
        .push(pairs.score(&options.name, &pictures));
    let json = serde_json::to_string_pretty(&evaluation).expect("plain numbers and names");
    let file = options.out.join("evaluation.json");
    fs::write(&file, json + "\n").map_err(Error::write(&file))?;
    Ok(Summary {
        checkpoint: Some(path),
        iterations: training.iteration,
        evaluation: Some(evaluation),
    })
}

/// The averaged network as it would enhance now.
fn averaged(training: &Training, config: Config, progress: Progress) -> Result<Folded> {
    let state = training.averaged()?;
    Ok(Folded::load(
        &state,
        config,
        progress,
        tch::Device::Cpu,
        Kind::Float,
    )?)
}

/// N x 3 x 16 x 16 to N x 3 x 128 x 128: earlier steps' pictures are enlarged bilinearly.
fn enlarged(folded: &Folded, x: &Tensor) -> std::result::Result<Tensor, tch::TchError> {
    let side = i64::from(crate::SIDE);
    let y = tch::no_grad(|| folded.forward(&channels_last(x)))?;
    if y.size4()?.3 == side {
        return Ok(y);
    }
    y.f_upsample_bilinear2d([side, side], false, None, None)
}

fn save_png(path: &Path, image: &RgbaImage) -> Result<()> {
    image.save(path).map_err(|source| Error::Image {
        name: path.display().to_string(),
        source,
    })
}

/// Drops the measurements of iterations after `iteration`: a training that was killed goes on from its last saved
/// state and measures them again. A line that was being written goes as well.
fn forget_later(folder: &Path, iteration: u64) -> Result<()> {
    let path = metrics(folder);
    let old = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        old => old.map_err(Error::read(&path))?,
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
        return fs::remove_file(&path).map_err(Error::write(&path));
    }
    fs::write(&path, new).map_err(Error::write(&path))
}

fn metrics(folder: &Path) -> PathBuf {
    folder.join("metrics.csv")
}

fn append_metrics(
    folder: &Path,
    iteration: u64,
    progress: Progress,
    loss: f64,
    score: &Score,
) -> Result<()> {
    let path = metrics(folder);
    let new = !path.exists();
    let open = OpenOptions::new().create(true).append(true).open(&path);
    let mut file: File = open.map_err(Error::write(&path))?;
    let header = if new {
        "iteration,step,alpha,loss,psnr,ssim,sharpness\n"
    } else {
        ""
    };
    let Progress { step, alpha } = progress;
    let Score {
        psnr,
        ssim,
        sharpness,
        ..
    } = score;
    writeln!(
        file,
        "{header}{iteration},{step},{alpha:.4},{loss:.6},{psnr:.4},{ssim:.5},{sharpness:.4}"
    )
    .map_err(Error::write(&path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measurements_of_what_was_lost_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        forget_later(folder.path(), 0).unwrap();
        let score = |psnr| Score {
            model: "m".to_owned(),
            psnr,
            ssim: 0.5,
            sharpness: 0.1,
        };
        for iteration in [500, 1000, 1500] {
            let (progress, score) = (Progress::COMPLETE, score(20.0));
            append_metrics(folder.path(), iteration, progress, 0.1, &score).unwrap();
        }
        let path = metrics(folder.path());
        let whole = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{whole}2000,3,1.0")).unwrap();
        forget_later(folder.path(), 1200).unwrap();
        let kept = fs::read_to_string(&path).unwrap();
        let firsts: Vec<&str> = kept
            .lines()
            .map(|line| &line[..line.find(',').unwrap()])
            .collect();
        assert_eq!(firsts, ["iteration", "500", "1000"]);
        assert!(whole.starts_with(&kept) && kept.ends_with('\n'));
    }
}
