//! Training the judge, which says how face-like a picture is, and measuring how well one ranks.
//!
//! What it learns to tell apart is `samples`'s, how good it is `measure`'s. The training is short (minutes on one core)
//! and is not interrupted by halves: it is done again from the start.

mod measure;
mod samples;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;

use serde::{Deserialize, Serialize};
use tch::nn::VarStore;
use tch::{Device, Kind, Reduction};
use uncanny_model::checkpoint::{self, DType};
use uncanny_model::{FaceNet, judge_batch};
use uncanny_texture::Upscaler;

use crate::adam::Adam;
use crate::{Error, Pictures, Result};

pub use measure::{Blur, LandmarkJudge, auc, blurred};
use samples::Samples;

/// How many batches are made ahead.
const AHEAD: usize = 2;
/// Adam's betas.
const BETAS: (f64, f64) = (0.9, 0.99);
/// The loss is told every so many iterations.
const TOLD_EVERY: u64 = 20;

/// A training of the judge, read from TOML.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgeRecipe {
    /// What the file's contents are: `judge`.
    pub kind: Kinds,
    /// Names the checkpoint: `NAME.safetensors`.
    pub name: String,
    /// Multiplies the network's channels.
    pub width: u32,
    /// Pictures an iteration.
    pub batch: usize,
    /// How many iterations.
    pub iterations: u64,
    /// Adam's learning rate at the beginning and at the end, and half a cosine between.
    pub rate: [f64; 2],
    /// What is kept is a running average of the weights; so much of it stays at every iteration.
    pub average: f64,
    /// Of everything that is drawn by lot.
    pub seed: u64,
    /// The network whose paintings are judged: it is run on faces and on everything else.
    pub model: String,
    /// On how many faces it is run.
    pub painted_faces: usize,
    /// And on how many other pictures.
    pub painted_others: usize,
    /// How many times: each output, brought back to 16x16, goes in again.
    pub rounds: u32,
    /// Folders, tars and zips of faces.
    pub faces: Vec<PathBuf>,
    /// The same of anything else.
    pub others: Vec<PathBuf>,
}

/// What a recipe is for, where it says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kinds {
    /// The judge.
    Judge,
}

impl JudgeRecipe {
    /// Whether a recipe's text says that it trains the judge.
    #[must_use]
    pub fn is_one(text: &str) -> bool {
        let table: Option<toml::Table> = text.parse().ok();
        table.is_some_and(|table| table.get("kind").and_then(|kind| kind.as_str()) == Some("judge"))
    }

    /// Reads a recipe from TOML; `name` stands in messages.
    ///
    /// # Errors
    /// What is no TOML, no recipe, or out of range: where and why.
    pub fn parse(text: &str, name: &str) -> Result<JudgeRecipe> {
        let recipe: JudgeRecipe = toml::from_str(text).map_err(|source| Error::Recipe {
            name: name.to_owned(),
            source: Box::new(source),
        })?;
        recipe.check()?;
        Ok(recipe)
    }

    /// # Errors
    /// The first value that is out of its range.
    pub fn check(&self) -> Result<()> {
        let refuse = |option, value: &dyn ToString, expected| {
            Err(Error::Option {
                option,
                value: value.to_string(),
                expected,
            })
        };
        if !(1..=64).contains(&self.width) {
            return refuse("width", &self.width, "1 to 64");
        }
        if !(1..=4096).contains(&self.batch) {
            return refuse("batch", &self.batch, "1 to 4096");
        }
        if !(1..=10_000_000).contains(&self.iterations) {
            return refuse("iterations", &self.iterations, "1 to 10,000,000");
        }
        if !(1..=16).contains(&self.rounds) {
            return refuse("rounds", &self.rounds, "1 to 16");
        }
        if !(0.0..1.0).contains(&self.average) {
            return refuse("average", &self.average, "from 0 to below 1");
        }
        if let Some(rate) = self.rate.iter().find(|rate| !(0.0..1.0).contains(*rate)) {
            return refuse("rate", rate, "from 0 to below 1");
        }
        Ok(())
    }

    fn rate_at(&self, iteration: u64) -> f64 {
        let [first, last] = self.rate;
        let share = iteration as f64 / self.iterations as f64;
        last + (first - last) * (1.0 + (std::f64::consts::PI * share).cos()) / 2.0
    }
}

/// What happens during a training of the judge.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum JudgeEvent {
    /// The pictures are read.
    Data {
        /// How many faces.
        faces: usize,
        /// How many other pictures.
        others: usize,
    },
    /// The network has painted so many of the pictures that will be judged.
    Painted {
        /// How many.
        done: usize,
        /// Of so many.
        total: usize,
    },
    /// So many iterations are done.
    Iteration {
        /// How many.
        iteration: u64,
        /// The mean loss of the last few.
        loss: f64,
    },
}

/// Trains a judge and leaves `NAME.safetensors` (f16, the averaged weights) and `recipe.toml` in `out`. `model` is the
/// recipe's network. When `cancel` turns true it stops, and leaves nothing: `None`.
///
/// # Errors
/// A recipe out of range, no pictures, a model that fails, a folder that cannot be written, a loss that is no number.
pub fn train_judge(
    recipe: &JudgeRecipe,
    model: &mut dyn Upscaler,
    out: &Path,
    events: &mut dyn FnMut(JudgeEvent),
    cancel: &AtomicBool,
) -> Result<Option<PathBuf>> {
    recipe.check()?;
    let faces = Pictures::read(&recipe.faces, samples::READ)?.pictures;
    let others = Pictures::read(&recipe.others, samples::READ)?.pictures;
    events(JudgeEvent::Data {
        faces: faces.len(),
        others: others.len(),
    });
    let mut painted = |done, total| events(JudgeEvent::Painted { done, total });
    let Some(samples) = Samples::new(recipe, &faces, &others, model, &mut painted, cancel)? else {
        return Ok(None);
    };
    drop((faces, others));

    tch::manual_seed(recipe.seed as i64);
    let store = VarStore::new(Device::Cpu);
    let network = FaceNet::new(&store.root(), i64::from(recipe.width))?;
    let mut named: Vec<_> = store.variables().into_iter().collect();
    named.sort_by(|a, b| a.0.cmp(&b.0));
    let parameters: Vec<tch::Tensor> = named.iter().map(|(_, v)| v.shallow_clone()).collect();
    let averages: Vec<tch::Tensor> = parameters.iter().map(|p| p.detach().copy()).collect();
    let mut adam = Adam::new(&parameters, vec![1.0; parameters.len()], BETAS);

    let (sender, batches) = sync_channel(AHEAD);
    let samples = Arc::new(samples);
    let count = recipe.iterations;
    let maker = thread::spawn(move || {
        for iteration in 0..count {
            if sender.send(samples.batch(iteration)).is_err() {
                break;
            }
        }
    });
    let mut sum = 0.0;
    for iteration in 0..recipe.iterations {
        if cancel.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let batch = batches.recv().expect("a batch for every iteration");
        let x = judge_batch(&batch.pictures)?;
        let wanted = tch::Tensor::f_from_slice(&batch.wanted)?;
        let logits = network.forward(&x)?;
        let loss = logits.f_binary_cross_entropy_with_logits::<tch::Tensor>(
            &wanted,
            None,
            None,
            Reduction::Mean,
        )?;
        loss.f_backward()?;
        let value = loss.double_value(&[]);
        if !value.is_finite() {
            return Err(Error::Diverged { iteration });
        }
        adam.step(&parameters, recipe.rate_at(iteration), iteration)?;
        let done = iteration as f64;
        let decay = recipe.average.min((1.0 + done) / (10.0 + done));
        tch::no_grad(|| {
            for (average, parameter) in averages.iter().zip(&parameters) {
                let _ = average.shallow_clone().f_lerp_(parameter, 1.0 - decay)?;
            }
            Ok::<_, tch::TchError>(())
        })?;
        sum += value;
        if (iteration + 1).is_multiple_of(TOLD_EVERY) {
            events(JudgeEvent::Iteration {
                iteration: iteration + 1,
                loss: sum / TOLD_EVERY as f64,
            });
            sum = 0.0;
        }
    }
    drop(batches);
    maker.join().expect("batches are made without a panic");

    fs::create_dir_all(out).map_err(Error::write(out))?;
    let written = toml::to_string_pretty(recipe).expect("a recipe is plain values");
    let recipe_file = out.join("recipe.toml");
    fs::write(&recipe_file, written).map_err(Error::write(&recipe_file))?;
    let mut state = checkpoint::StateDict::default();
    for ((name, _), average) in named.iter().zip(&averages) {
        let average = average.f_to_kind(Kind::Float)?;
        state.insert(name.clone(), uncanny_model::tensors::from_tensor(&average)?);
    }
    let file = out.join(format!("{}.safetensors", recipe.name));
    let metadata = BTreeMap::from([("architecture".to_owned(), "judge".to_owned())]);
    checkpoint::write_safetensors(&file, &state, &metadata, Some(DType::F16))?;
    Ok(Some(file))
}
