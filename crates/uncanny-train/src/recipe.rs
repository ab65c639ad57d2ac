//! Recipes: TOML files that say what is trained, on what, in which stages, with which losses. Each shipped checkpoint
//! has one in `assets/`.

use std::f64::consts::PI;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use uncanny_model::arch::pfsr::{Progress, STEPS};
use uncanny_model::arch::relief;
use uncanny_texture::input::{MAX_TEXT_FILE, read_regular_text};

use crate::{Augment, Crop, Degrade, Error, Result};

/// How long a stage may be.
const MOST_ITERATIONS: u64 = 1_000_000_000;

/// A whole training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Names the checkpoint: `NAME.safetensors`.
    pub name: String,
    /// What is trained.
    pub network: NetworkRecipe,
    /// Pictures an iteration.
    pub batch: usize,
    /// Of the order, the augmentation and the initial weights.
    pub seed: u64,
    /// What is kept is a running average of the weights; so much of it stays at every iteration.
    pub average: f64,
    /// What is kept of Relief with grain has its finest noise so many times as strong as the training left it. Losses
    /// weigh how much detail a place has against where it lies, and noise lies elsewhere than the truth's. A training that
    /// starts with such a checkpoint (`--start`) starts with the stronger noise.
    #[serde(default = "one")]
    pub finest_grain: f64,
    /// Adam's betas for the network.
    pub betas: [f64; 2],
    /// The landmark losses look at so many pictures of each batch: the landmark network costs four times what a face
    /// network of width 128 does. All of them unless it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landmark_batch: Option<usize>,
    /// The perceptual loss looks at so many pictures of each batch, and at 64x64 pixels of them: VGG16 costs many times
    /// what a network does. All of them unless it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub perceptual_batch: Option<usize>,
    /// Whose pictures are the truth of the stages that say `teacher = true`: a model that enlarges 8 times, by a name
    /// that `uncanny models` lists or by a file in the folder that holds the data. What a network makes of an input is
    /// certain, as the picture that the input came from is not, and a small network can learn to be as sharp without an
    /// adversary (Hinton et al. 2015, arXiv 1503.02531); and it is there for any input, faces or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teacher: Option<String>,
    /// What it is trained and measured on.
    pub data: DataRecipe,
    /// What judges it in stages with an adversarial loss.
    #[serde(default)]
    pub critic: CriticRecipe,
    /// One after the other.
    #[serde(rename = "stage")]
    pub stages: Vec<Stage>,
}

/// An architecture and its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "architecture", rename_all = "lowercase", deny_unknown_fields)]
pub enum NetworkRecipe {
    /// [`uncanny_model::arch::pfsr`].
    Pfsr {
        /// Channels after the first convolution: a multiple of 8.
        width: u32,
        /// Whether it has a finish.
        #[serde(default)]
        finish: bool,
        /// Whether it has a context.
        #[serde(default)]
        context: bool,
    },
    /// [`uncanny_model::arch::relief`].
    Relief {
        /// Channels of the trunk: a multiple of 8.
        width: u32,
        /// Residual blocks in it.
        blocks: u32,
        /// Whether it has noise to shape.
        #[serde(default)]
        grain: bool,
    },
}

impl NetworkRecipe {
    /// Its channels, whatever it is.
    pub(crate) fn width(self) -> u32 {
        let (NetworkRecipe::Pfsr { width, .. } | NetworkRecipe::Relief { width, .. }) = self;
        width
    }

    /// What it makes of Relief, if that is its architecture.
    pub(crate) fn relief(self) -> Option<relief::Config> {
        match self {
            NetworkRecipe::Pfsr { .. } => None,
            NetworkRecipe::Relief {
                width,
                blocks,
                grain,
            } => Some(relief::Config {
                width: i64::from(width),
                blocks: blocks as usize,
                grain,
            }),
        }
    }
}

/// Pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataRecipe {
    /// Folders, tars and zips to train on, in the folder that holds the data, and how often each comes.
    pub train: Vec<SourceRecipe>,
    /// The same to measure on; never trained on.
    pub test: Vec<PathBuf>,
    /// The compressed landmark network, for the losses that need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landmarks: Option<PathBuf>,
    /// The first ten convolutions of VGG16, for the perceptual loss; see [`crate::Vgg`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vgg: Option<PathBuf>,
    /// How inputs are made of pictures.
    pub degrade: DegradeRecipe,
    /// Larger pictures are cut in the middle instead of anywhere.
    #[serde(default)]
    pub centre: bool,
    /// See [`Augment`].
    #[serde(default)]
    pub flip: bool,
    /// See [`Augment`].
    #[serde(default)]
    pub vertical_flip: bool,
    /// See [`Augment`].
    #[serde(default)]
    pub quarter_turns: bool,
    /// In degrees; see [`Augment`].
    #[serde(default)]
    pub rotate: f32,
    /// In pixels; see [`Augment`].
    #[serde(default)]
    pub shift: f32,
    /// See [`Augment`].
    #[serde(default)]
    pub zoom: f32,
    /// See [`Augment`].
    #[serde(default)]
    pub jitter: f32,
    /// See [`Augment`].
    #[serde(default)]
    pub wrap: bool,
}

/// A set of pictures and how often they come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceRecipe {
    /// A folder, tar or zip.
    pub path: PathBuf,
    /// Its share of the samples, in proportion to the others'.
    #[serde(default = "one")]
    pub weight: f64,
    /// It comes in stages with a teacher alone, who knows what to make of other pictures than those that are learned.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub teacher: bool,
    /// Its pictures are given a face, for `degrade = "pareidolia"`; those of the other sources are portraits, aligned as
    /// FFHQ's are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub subject: bool,
    /// Of its pictures only those whose file names begin so: a set may be put together from several, of which not all may
    /// be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
}

fn one() -> f64 {
    1.0
}

/// See [`Degrade`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DegradeRecipe {
    /// PFSR's chain.
    Chain,
    /// What texture authors draw.
    Mixed,
    /// Faces in what has none: see [`Degrade`].
    Pareidolia,
}

/// How critic and network play against each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Game {
    /// WGAN-GP (Gulrajani et al. 2017, arXiv 1704.00028): scores far apart; the penalty holds the gradient's length at
    /// 1 between real and drawn pictures.
    #[default]
    Wasserstein,
    /// The non-saturating logistic loss (Goodfellow et al. 2014, arXiv 1406.2661) with R1 (Mescheder et al. 2018, arXiv
    /// 1801.04406): the penalty, halved, holds the gradient's length at 0 on real pictures. Its gradient comes from
    /// pictures that are still told apart, and a short training gets further with it.
    Logistic,
}

/// What judges the drawn pictures in stages with an adversarial loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CriticRecipe {
    /// What is played.
    pub game: Game,
    /// Its channels at 16x16: a multiple of 8. It has half of them at each doubling.
    pub width: u32,
    /// Judges patches of a picture instead of the whole.
    pub patches: bool,
    /// Sees the enlarged input beside the picture.
    pub conditional: bool,
    /// Its learning rate.
    pub rate: f64,
    /// The weight of its gradient penalty.
    pub penalty: f64,
    /// The penalty is computed every so many iterations, and weighs as many times as much (Karras et al. 2020,
    /// arXiv 1912.04958).
    pub penalty_every: u64,
    /// The weight of the square of what it says of real pictures, so that its scores do not wander off.
    pub drift: f64,
}

impl Default for CriticRecipe {
    fn default() -> CriticRecipe {
        CriticRecipe {
            game: Game::Wasserstein,
            width: 128,
            patches: false,
            conditional: false,
            rate: 1e-3,
            penalty: 10.0,
            penalty_every: 1,
            drift: 1e-3,
        }
    }
}

/// A part of a training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// PFSR's step: 1 doubles, 2 quadruples, 3 enlarges 8x. Relief knows no other than 3.
    #[serde(default = "last_step")]
    pub step: u8,
    /// Over this share of the stage a new step is faded in.
    #[serde(default)]
    pub fade: f64,
    /// How many.
    pub iterations: u64,
    /// Adam's learning rate at the beginning and at the end, and half a cosine between.
    pub rate: [f64; 2],
    /// The truth is what the recipe's teacher makes of the input, instead of the picture that the input was made of.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub teacher: bool,
    /// PFSR's batch norms go by the running statistics that they have, as in the finished network, instead of the
    /// batch's: for last touches to a network that is to stay what it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub frozen_norms: bool,
    /// What is minimised.
    pub losses: Losses,
}

fn last_step() -> u8 {
    STEPS
}

/// The weights of the losses; pictures in -1..1, as PFSR's paper has them. 0: not computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Losses {
    /// Mean absolute difference.
    pub l1: f64,
    /// 1 minus the structural similarity of luma.
    pub ssim: f64,
    /// Difference of the local amount of fine detail, at two scales; see [`crate::train()`].
    pub texture: f64,
    /// The same squared, and of each colour too: it is least for the mean of what a place may have, where `texture` asks
    /// for the median, which is far less.
    pub detail: f64,
    /// Squared difference of how large the steps between neighbours are, apart for each place within a texel: stairs have
    /// theirs at the borders of texels, halves and quarters.
    pub steps: f64,
    /// Difference of the local autocorrelation of fine detail, at three scales; see [`crate::train()`].
    pub grain: f64,
    /// What the critic says of it, negated.
    pub adversarial: f64,
    /// Mean absolute difference of what the critic sees in it and in the truth, over the critic's levels (Wang et al.
    /// 2018, arXiv 1711.11585). Only beside `adversarial`.
    pub features: f64,
    /// The same of the means over windows of 16x16 pixels: how much of each a place has, not where. Noise is not blamed
    /// for lying elsewhere than the truth's, and so may be used. Only beside `adversarial`.
    pub statistics: f64,
    /// A pattern that repeats every 2, 4 or 8 pixels and is not in the truth; see [`crate::train()`].
    pub grid: f64,
    /// What repeats from texel to texel and not in the picture, where that is flat; see [`crate::train()`].
    /// In stages with a teacher too it is the picture that counts, here and for `detail`: a teacher's own lattice is not to
    /// be learned, nor that it has less detail than the truth.
    pub lattice: f64,
    /// Mean squared difference of the landmark heatmaps.
    pub heatmap: f64,
    /// Mean absolute difference where the truth has landmarks.
    pub attention: f64,
    /// How differently VGG16 sees it and the truth: the mean absolute difference of what its levels relu1_2, relu2_2 and
    /// relu3_3 see, each as a share of what they see in the truth, on a piece of 64x64 that changes from iteration to
    /// iteration; see [`Recipe::perceptual_batch`].
    pub perceptual: f64,
}

impl Losses {
    /// Whether the landmark network is needed.
    #[must_use]
    pub fn on_landmarks(&self) -> bool {
        self.heatmap > 0.0 || self.attention > 0.0
    }

    /// Whether luma is looked at.
    pub(crate) fn on_luma(&self) -> bool {
        [self.ssim, self.texture, self.steps, self.grain]
            .iter()
            .any(|weight| *weight > 0.0)
    }

    fn all(&self) -> [f64; 14] {
        [
            self.l1,
            self.ssim,
            self.texture,
            self.detail,
            self.steps,
            self.grain,
            self.adversarial,
            self.features,
            self.statistics,
            self.grid,
            self.lattice,
            self.heatmap,
            self.attention,
            self.perceptual,
        ]
    }
}

/// One iteration's place in a [`Recipe`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// Which stage, from 0.
    pub stage: usize,
    /// The newest step of the network and how far it is faded in.
    pub progress: Progress,
    /// How many iterations of this stage came before.
    pub within: u64,
    /// This iteration's learning rate.
    pub rate: f64,
    /// Whether the truth is the teacher's picture.
    pub teacher: bool,
    /// Whether batch norms go by their running statistics.
    pub frozen_norms: bool,
    /// What is minimised.
    pub losses: Losses,
}

impl Recipe {
    /// Reads a recipe from TOML; `name` stands in messages.
    ///
    /// # Errors
    /// What is no TOML, no recipe, or out of range: where and why.
    pub fn parse(text: &str, name: &str) -> Result<Recipe> {
        let recipe: Recipe = toml::from_str(text).map_err(|source| Error::Recipe {
            name: name.to_owned(),
            source: Box::new(source),
        })?;
        recipe.check()?;
        Ok(recipe)
    }

    /// Reads a recipe's file.
    ///
    /// # Errors
    /// When it cannot be read, and as [`Recipe::parse`].
    pub fn read(path: &Path) -> Result<Recipe> {
        let text = read_regular_text(path, MAX_TEXT_FILE).map_err(Error::read(path))?;
        Recipe::parse(&text, &path.display().to_string())
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
        let width = self.network.width();
        if width < 8 || !width.is_multiple_of(8) || width > 4096 {
            return refuse("width", &width, "a multiple of 8 up to 4096");
        }
        if !(2..=65536).contains(&self.batch) {
            return refuse("batch", &self.batch, "2 (for the batch norms) to 65536");
        }
        if self.perceptual_batch == Some(0) {
            return refuse("perceptual_batch", &0, "at least 1");
        }
        if !(0.0..1.0).contains(&self.average) {
            return refuse("average", &self.average, "from 0 to below 1");
        }
        if !(0.0..=4.0).contains(&self.finest_grain) {
            return refuse("finest_grain", &self.finest_grain, "0 to 4");
        }
        let grain = self.network.relief().is_some_and(|config| config.grain);
        if self.finest_grain != 1.0 && !grain {
            return refuse(
                "finest_grain",
                &self.finest_grain,
                "1: this network has no grain",
            );
        }
        if let Some(beta) = self.betas.iter().find(|beta| !(0.0..1.0).contains(*beta)) {
            return refuse("betas", beta, "from 0 to below 1");
        }
        if self.stages.is_empty() || self.total() == 0 {
            return refuse("stage", &"none", "at least one, with iterations");
        }
        let critic = self.critic;
        if critic.width < 8 || !critic.width.is_multiple_of(8) || critic.width > 4096 {
            return refuse("critic.width", &critic.width, "a multiple of 8 up to 4096");
        }
        if critic.penalty_every == 0 {
            return refuse("critic.penalty_every", &0, "at least 1");
        }
        if ![critic.rate, critic.penalty, critic.drift]
            .iter()
            .all(|x| *x >= 0.0 && x.is_finite())
        {
            return refuse("critic", &"a rate or weight below 0", "numbers from 0 on");
        }
        let pareidolia = self.data.degrade == DegradeRecipe::Pareidolia;
        let subjects = self.data.train.iter().filter(|source| source.subject);
        match subjects.count() {
            0 => {}
            _ if !pareidolia => {
                return refuse(
                    "data.train.subject",
                    &true,
                    "false, unless degrade = \"pareidolia\"",
                );
            }
            all if all == self.data.train.len() => {
                return refuse(
                    "data.train.subject",
                    &"all sources",
                    "a source of portraits beside them",
                );
            }
            _ => {}
        }
        for stage in &self.stages {
            if !(1..=STEPS).contains(&stage.step) {
                return refuse("stage.step", &stage.step, "1, 2 or 3");
            }
            if stage.step != STEPS && !matches!(self.network, NetworkRecipe::Pfsr { .. }) {
                return refuse(
                    "stage.step",
                    &stage.step,
                    "3: this architecture has no earlier steps",
                );
            }
            if stage.teacher && (stage.step != STEPS || self.teacher.is_none()) {
                return refuse(
                    "stage.teacher",
                    &stage.teacher,
                    "a recipe that names a teacher, and step 3",
                );
            }
            if stage.iterations > MOST_ITERATIONS {
                return refuse(
                    "stage.iterations",
                    &stage.iterations,
                    "a thousand million at most",
                );
            }
            if !(0.0..=1.0).contains(&stage.fade) {
                return refuse("stage.fade", &stage.fade, "0 to 1");
            }
            if let Some(rate) = stage.rate.iter().find(|rate| !(0.0..1.0).contains(*rate)) {
                return refuse("stage.rate", rate, "from 0 to below 1");
            }
            let weights = stage.losses.all();
            if weights.iter().any(|w| !(*w >= 0.0 && w.is_finite()))
                || weights.iter().sum::<f64>() <= 0.0
            {
                return refuse(
                    "stage.losses",
                    &format!("{weights:?}"),
                    "weights from 0 on, one of them above it",
                );
            }
        }
        Ok(())
    }

    /// How many iterations there are in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.stages.iter().map(|stage| stage.iterations).sum()
    }

    /// Makes the whole training `total` iterations long, its stages in proportion.
    pub fn stretch(&mut self, total: u64) {
        let before = self.total().max(1) as f64;
        let count = self.stages.len();
        let mut left = total;
        for (i, stage) in self.stages.iter_mut().enumerate() {
            let share = (stage.iterations as f64 / before * total as f64).round() as u64;
            stage.iterations = if i + 1 == count {
                left
            } else {
                share.min(left)
            };
            left -= stage.iterations;
        }
    }

    /// The place of iteration `iteration`, counted from 0. Past the end: the last one's.
    ///
    /// # Panics
    /// When there is no stage, which [`Recipe::check`] refuses.
    #[must_use]
    pub fn at(&self, iteration: u64) -> Position {
        let mut within = iteration.min(self.total().saturating_sub(1));
        let mut index = 0;
        while index + 1 < self.stages.len() && within >= self.stages[index].iterations {
            within -= self.stages[index].iterations;
            index += 1;
        }
        let stage = &self.stages[index];
        let done = within as f64 / stage.iterations.max(1) as f64;
        let [first, last] = stage.rate;
        Position {
            stage: index,
            progress: Progress {
                step: stage.step,
                alpha: if stage.fade > done {
                    done / stage.fade
                } else {
                    1.0
                },
            },
            within,
            rate: last + (first - last) * 0.5 * (1.0 + (PI * done).cos()),
            teacher: stage.teacher,
            frozen_norms: stage.frozen_norms,
            losses: stage.losses,
        }
    }

    pub(crate) fn augment(&self) -> Augment {
        let data = &self.data;
        Augment {
            crop: if data.centre {
                Crop::Centre
            } else {
                Crop::Random
            },
            flip: data.flip,
            vertical_flip: data.vertical_flip,
            quarter_turns: data.quarter_turns,
            rotate: data.rotate,
            shift: data.shift,
            zoom: data.zoom,
            jitter: data.jitter,
            wrap: data.wrap,
        }
    }

    pub(crate) fn degrade(&self) -> Degrade {
        match self.data.degrade {
            DegradeRecipe::Chain => Degrade::Chain,
            DegradeRecipe::Mixed => Degrade::Mixed,
            DegradeRecipe::Pareidolia => Degrade::Pareidolia,
        }
    }

    /// What must be the same for a training to go on. Its length, rates and losses may change.
    pub(crate) fn identity(&self) -> String {
        let network = match self.network {
            NetworkRecipe::Pfsr {
                width,
                finish,
                context,
            } => {
                let finish = if finish { ", finish" } else { "" };
                let context = if context { ", context" } else { "" };
                format!("pfsr, width {width}{context}{finish}")
            }
            NetworkRecipe::Relief {
                width,
                blocks,
                grain,
            } => {
                let grain = if grain { ", grain" } else { "" };
                format!("relief, width {width}, {blocks} blocks{grain}")
            }
        };
        let CriticRecipe {
            width,
            patches,
            conditional,
            ..
        } = self.critic;
        format!(
            "{network}, batch {}, seed {}, critic width {width}, patches {patches}, conditional {conditional}",
            self.batch, self.seed
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        name = "small"
        network = { architecture = "pfsr", width = 16 }
        batch = 4
        seed = 1
        average = 0.99
        betas = [0.9, 0.99]
        [data]
        train = [{ path = "a.tar" }, { path = "b", weight = 2 }]
        test = ["c.tar"]
        degrade = "chain"
        flip = true
        [[stage]]
        step = 1
        iterations = 10
        rate = [1e-3, 1e-3]
        losses = { l1 = 1 }
        [[stage]]
        step = 2
        fade = 0.5
        iterations = 20
        rate = [1e-3, 1e-3]
        losses = { l1 = 1 }
        [[stage]]
        fade = 0.5
        iterations = 40
        rate = [1e-3, 1e-5]
        losses = { l1 = 10, adversarial = 0.1 }
    "#;

    #[test]
    fn stages_follow_each_other_and_fade_in() {
        let recipe = Recipe::parse(TEXT, "text").unwrap();
        assert_eq!(recipe.total(), 70);
        let at = |i| {
            let Position {
                progress, within, ..
            } = recipe.at(i);
            (progress.step, progress.alpha, within)
        };
        assert_eq!(at(0), (1, 1.0, 0));
        assert_eq!(at(9), (1, 1.0, 9));
        assert_eq!(at(10), (2, 0.0, 0));
        assert_eq!(at(15), (2, 0.5, 5));
        assert_eq!(at(20), (2, 1.0, 10));
        assert_eq!(at(30), (3, 0.0, 0));
        assert_eq!(at(50), (3, 1.0, 20));
        assert_eq!(at(69), (3, 1.0, 39));
        assert_eq!(at(1000), at(69));
        assert!((recipe.at(30).rate - 1e-3).abs() < 1e-12);
        assert!((recipe.at(50).rate - 5.05e-4).abs() < 1e-9);
        assert!(recipe.at(69).rate < 2e-5);
        assert_eq!(recipe.at(29).losses.adversarial, 0.0);
        assert_eq!(recipe.at(30).losses.adversarial, 0.1);
    }

    #[test]
    fn a_recipe_can_be_made_longer_or_shorter() {
        let mut recipe = Recipe::parse(TEXT, "text").unwrap();
        recipe.stretch(7);
        let lengths: Vec<u64> = recipe.stages.iter().map(|stage| stage.iterations).collect();
        assert_eq!(lengths, [1, 2, 4]);
        recipe.stretch(1);
        assert_eq!(recipe.total(), 1);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let refused = |from: &str, to: &str, why: &str| {
            assert!(TEXT.contains(from), "{from}");
            let error = Recipe::parse(&TEXT.replace(from, to), "my.toml").unwrap_err();
            let source = std::error::Error::source(&error).map(ToString::to_string);
            let text = format!("{error} {}", source.unwrap_or_default());
            assert!(text.contains(why), "{text}");
        };
        refused("flip = true", "flop = true", "flop");
        refused("flip = true", "flop = true", "my.toml");
        refused("width = 16", "width = 12", "multiple of 8");
        refused("batch = 4", "batch = 1", "batch norms");
        refused("batch = 4", "batch = 4\nfinest_grain = 1.1", "no grain");
        refused("losses = { l1 = 1 }", "losses = { }", "above it");
        refused("batch = 4", "batch = 4\nperceptual_batch = 0", "at least 1");
        let subject = "train = [{ path = \"a.tar\", subject = true }, { path = \"b\" }]";
        let sources = "train = [{ path = \"a.tar\" }, { path = \"b\", weight = 2 }]";
        refused(sources, subject, "degrade = \"pareidolia\"");
        let alone = "train = [{ path = \"a.tar\", subject = true }]\n degrade = \"pareidolia\"";
        let both = format!("{sources}\n        test = [\"c.tar\"]\n        degrade = \"chain\"");
        refused(&both, &format!("{alone}\n test = [\"c.tar\"]"), "portraits");
        refused("step = 1", "step = 4", "1, 2 or 3");
        refused(
            "architecture = \"pfsr\", width = 16",
            "architecture = \"relief\", width = 16, blocks = 2",
            "no earlier steps",
        );
    }

    #[test]
    fn every_shipped_recipe_is_one() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets");
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "toml") {
                names.push(path.file_stem().unwrap().to_owned());
                let text = std::fs::read_to_string(&path).unwrap();
                if text.contains("kind = \"judge\"") {
                    crate::judge::JudgeRecipe::parse(&text, "judge").unwrap();
                    continue;
                }
                let recipe = Recipe::read(&path).unwrap();
                assert!(
                    recipe.stages.iter().all(|stage| stage.iterations > 0),
                    "{path:?}"
                );
                // What is left beside a training reads as the same.
                let again = toml::to_string_pretty(&recipe).unwrap();
                assert_eq!(Recipe::parse(&again, "again").unwrap(), recipe, "{path:?}");
            }
        }
        names.sort();
        assert_eq!(
            names,
            [
                "faces",
                "faces-512",
                "judge",
                "pfsr",
                "plain",
                "polish",
                "textures",
                "uncanny"
            ]
        );
    }
}
