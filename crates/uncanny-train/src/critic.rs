//! The progressive critic, which tells drawn pictures from real ones: WGAN-GP's, or one that learns by the logistic loss.
//!
//! It grows with the generator: a picture of 32, 64 or 128 pixels enters at its own level, each level halves the side
//! and doubles the channels down to 16x16, and a new level is faded in as the generator's step is (Karras et al. 2018,
//! arXiv 1710.10196). Below 16x16 two more halvings and a 4x4 convolution give one score a picture; or, judging
//! patches, the 16x16 scores are averaged. Every convolution has an equalised learning rate and there is no norm, since
//! the penalty is on each picture alone (Gulrajani et al. 2017, arXiv 1704.00028).

use tch::nn::Path;
use tch::{Kind, TchError, Tensor};
use uncanny_model::arch::pfsr::Progress;

use crate::recipe::CriticRecipe;

type Result<T> = std::result::Result<T, TchError>;

/// A convolution whose weights are multiplied by a fixed gain at every use.
#[derive(Debug)]
struct Conv {
    weight_orig: Tensor,
    bias: Tensor,
    gain: f64,
    padding: i64,
}

impl Conv {
    fn new(path: Path<'_>, input: i64, out: i64, k: i64, padding: i64) -> Conv {
        Conv {
            weight_orig: path.randn("weight_orig", &[out, input, k, k], 0.0, 1.0),
            bias: path.zeros("bias", &[out]),
            gain: (2.0 / (input * k * k) as f64).sqrt(),
            padding,
        }
    }

    /// In the input's number format.
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let weight = self.weight_orig.f_mul_scalar(self.gain)?;
        let (weight, bias) = (weight.f_to_kind(x.kind())?, self.bias.f_to_kind(x.kind())?);
        x.f_conv2d(&weight, Some(&bias), [1, 1], [self.padding; 2], [1, 1], 1)
    }
}

/// What the critic makes of pictures.
pub(crate) struct Judgement {
    /// One a picture: higher means more real.
    pub(crate) scores: Tensor,
    /// What each level saw, from the finest to 16x16: N x c x s x s, in the pictures' number format.
    pub(crate) features: Vec<Tensor>,
}

/// N x 3 or 6 x s x s pictures to one score each.
#[derive(Debug)]
pub(crate) struct Critic {
    /// By step: 32, 64, 128 pixels.
    from_rgb: Vec<Conv>,
    levels: Vec<(Conv, Conv)>,
    tail: Vec<Conv>,
    patches: bool,
}

impl Critic {
    pub(crate) fn new(path: &Path<'_>, recipe: CriticRecipe) -> Critic {
        let width = i64::from(recipe.width);
        let input = if recipe.conditional { 6 } else { 3 };
        let at = |step: i64| (width >> step).max(1);
        let steps = 1..=3;
        let tail = if recipe.patches {
            vec![Conv::new(path / "tail" / 0, width, 1, 1, 0)]
        } else {
            vec![
                Conv::new(path / "tail" / 0, width, width, 3, 1),
                Conv::new(path / "tail" / 1, width, width, 3, 1),
                Conv::new(path / "tail" / 2, width, 1, 4, 0),
            ]
        };
        Critic {
            from_rgb: steps
                .clone()
                .map(|i| Conv::new(path / "from_rgb" / i, input, at(i), 1, 0))
                .collect(),
            levels: steps
                .map(|i| {
                    let path = path / "level" / i;
                    (
                        Conv::new(&path / 0, at(i), at(i), 3, 1),
                        Conv::new(&path / 1, at(i), at(i - 1), 3, 1),
                    )
                })
                .collect(),
            tail,
            patches: recipe.patches,
        }
    }

    /// `x`: the pictures of `progress`'s step, in -1..1. One score each: higher means more real.
    pub(crate) fn forward(&self, x: &Tensor, progress: Progress) -> Result<Tensor> {
        Ok(self.judge(x, progress)?.scores)
    }

    /// The scores, in f32, and what led to them.
    pub(crate) fn judge(&self, x: &Tensor, progress: Progress) -> Result<Judgement> {
        let mut features = Vec::new();
        let newest = usize::from(progress.step) - 1;
        let mut y = active(&self.from_rgb[newest].forward(x)?)?;
        for level in (0..=newest).rev() {
            let (keep, halve) = &self.levels[level];
            y = active(&keep.forward(&y)?)?;
            features.push(y.shallow_clone());
            y = active(&halve.forward(&halved(&y)?)?)?;
            if level == newest && newest > 0 && progress.alpha < 1.0 {
                let old = active(&self.from_rgb[newest - 1].forward(&halved(x)?)?)?;
                y = (y * progress.alpha).f_add(&(old * (1.0 - progress.alpha)))?;
            }
        }
        features.push(y.shallow_clone());
        let (last, tail) = self.tail.split_last().expect("there is a last convolution");
        for conv in tail {
            y = active(&conv.forward(&halved(&y)?)?)?;
        }
        let y = last.forward(&y)?;
        debug_assert!(self.patches || y.size()[2] == 1, "one score a picture");
        Ok(Judgement {
            scores: y.f_mean_dim([1i64, 2, 3].as_slice(), false, Kind::Float)?,
            features,
        })
    }

    /// The mean square of the length of the scores' gradient on these pictures (R1, Mescheder, Geiger, Nowozin 2018,
    /// arXiv 1801.04406).
    pub(crate) fn steepness(&self, pictures: &Tensor, progress: Progress) -> Result<Tensor> {
        let pictures = pictures.detach().set_requires_grad(true);
        self.slopes(&pictures, progress)?.f_mean(Kind::Float)
    }

    /// The squared length of the gradient of each picture's score. `pictures` need a gradient.
    fn slopes(&self, pictures: &Tensor, progress: Progress) -> Result<Tensor> {
        let scores = self.forward(pictures, progress)?.f_sum(Kind::Float)?;
        let gradient = Tensor::f_run_backward(&[scores], &[pictures], true, true)?.remove(0);
        gradient
            .f_square()?
            .f_sum_dim_intlist([1i64, 2, 3].as_slice(), false, Kind::Float)
    }

    /// How far the gradient of the scores on pictures between real and drawn ones is from length 1, squared, on
    /// average. `mix`: N x 1 x 1 x 1 in 0..1.
    pub(crate) fn penalty(
        &self,
        real: &Tensor,
        drawn: &Tensor,
        mix: &Tensor,
        progress: Progress,
    ) -> Result<Tensor> {
        let between = real.f_add(&(drawn.f_sub(real)? * mix))?;
        let between = between.detach().set_requires_grad(true);
        let length = self
            .slopes(&between, progress)?
            .f_add_scalar(1e-12)?
            .f_sqrt()?;
        length.f_sub_scalar(1.0)?.f_square()?.f_mean(Kind::Float)
    }
}

/// A leaky ReLU of slope 1/6. tch's own knows only the slope 0.01, and the gradient of `prelu` is slow on a CPU. The
/// randomised one (Xu et al. 2015, arXiv 1505.00853), when it is not training, is a leaky ReLU with the mean of its
/// slopes; tch 0.24 hands its flag over as the lower of them, 0, and the upper is 1/3. The test against PyTorch would
/// tell if that changed.
fn active(x: &Tensor) -> Result<Tensor> {
    x.f_rrelu(false)
}

/// Means of 2x2. A convolution of stride 2 would see some pixels more often than others, and the generator, following
/// its gradient, would draw a checkerboard.
fn halved(x: &Tensor) -> Result<Tensor> {
    x.f_avg_pool2d([2, 2], [2, 2], [0, 0], false, true, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::landmarks::formula::{noise_tensor, values};
    use crate::loss;
    use crate::loss::tests::drawn_and_real;
    use tch::Device;
    use tch::nn::VarStore;

    const CPU: (Kind, Device) = (Kind::Float, Device::Cpu);

    fn critic(recipe: CriticRecipe) -> (VarStore, Critic) {
        tch::manual_seed(5);
        let store = VarStore::new(Device::Cpu);
        let critic = Critic::new(&store.root(), recipe);
        (store, critic)
    }

    #[test]
    fn each_step_gives_a_score_a_picture_and_fading_starts_at_the_step_before() {
        let recipe = CriticRecipe {
            width: 16,
            ..Default::default()
        };
        let (_store, critic) = critic(recipe);
        let x = Tensor::rand([2, 3, 128, 128], CPU) * 2.0 - 1.0;
        for (step, side) in [(1, 32), (2, 64), (3, 128)] {
            let part = x.narrow(2, 0, side).narrow(3, 0, side);
            let scores = critic
                .forward(&part, Progress { step, alpha: 1.0 })
                .unwrap();
            assert_eq!(scores.size(), [2]);
        }
        let faded = critic
            .forward(
                &x,
                Progress {
                    step: 3,
                    alpha: 0.0,
                },
            )
            .unwrap();
        let half = x.avg_pool2d([2, 2], [2, 2], [0, 0], false, true, None);
        let before = critic
            .forward(
                &half,
                Progress {
                    step: 2,
                    alpha: 1.0,
                },
            )
            .unwrap();
        assert!((faded - before).abs().max().double_value(&[]) < 1e-5);
    }

    /// The derivative of the penalty by weights, against a difference quotient: it needs the second derivative of
    /// every layer.
    #[test]
    fn the_penalty_can_be_differentiated() {
        for patches in [false, true] {
            let recipe = CriticRecipe {
                width: 16,
                patches,
                conditional: true,
                ..Default::default()
            };
            let (store, critic) = critic(recipe);
            let real = Tensor::rand([2, 6, 32, 32], CPU) * 2.0 - 1.0;
            let drawn = Tensor::rand([2, 6, 32, 32], CPU) * 2.0 - 1.0;
            let mix = Tensor::rand([2, 1, 1, 1], CPU);
            let progress = Progress {
                step: 1,
                alpha: 1.0,
            };
            let penalty = || critic.penalty(&real, &drawn, &mix, progress).unwrap();
            penalty().backward();
            let variables = store.variables();
            let weight = &variables["level.1.0.weight_orig"];
            // Along the weights themselves: with biases of 0 no value changes its sign.
            let found = (weight.grad() * weight).sum(Kind::Float).double_value(&[]);
            let scaled = |by: f64| {
                let _ = tch::no_grad(|| weight.shallow_clone().f_mul_scalar_(by)).unwrap();
                let value = penalty().double_value(&[]);
                let _ = tch::no_grad(|| weight.shallow_clone().f_mul_scalar_(1.0 / by)).unwrap();
                value
            };
            let expected = (scaled(1.01) - scaled(1.0 / 1.01)) / 0.02;
            assert!(found.abs() > 1e-4, "{found}");
            assert!(
                (found - expected).abs() < 0.02 * expected.abs(),
                "{found} {expected}"
            );
        }
    }

    /// Scores, penalty and its derivatives by every convolution's weights, against PyTorch in 64 bits.
    #[test]
    fn scores_and_penalty_are_what_pytorch_computes() {
        let values = values("losses", "values.json");
        let cases = values["critics"].as_array().unwrap();
        assert_eq!(cases.len(), 4);
        for case in cases {
            let (patches, conditional) = (
                case["patches"].as_bool().unwrap(),
                case["conditional"].as_bool().unwrap(),
            );
            let progress = Progress {
                step: case["step"].as_u64().unwrap() as u8,
                alpha: case["alpha"].as_f64().unwrap(),
            };
            let (store, critic) = critic(CriticRecipe {
                width: 16,
                patches,
                conditional,
                ..Default::default()
            });
            let variables = store.variables();
            let mut names: Vec<&String> = variables.keys().collect();
            names.sort();
            for (i, name) in names.iter().enumerate() {
                // Of each convolution first the bias, then the weight.
                let (key, reach) = if name.ends_with("bias") {
                    (i + 1, 0.1)
                } else {
                    (i - 1, 3f64.sqrt())
                };
                let mut variable = variables[*name].shallow_clone();
                let made = noise_tensor(&variable.size(), key, reach);
                tch::no_grad(|| variable.copy_(&made));
            }
            let side = 16i64 << progress.step;
            let (mut drawn, mut real) = drawn_and_real(side);
            if conditional {
                let given = noise_tensor(&[2, 3, side, side], 3, 1.0);
                drawn = Tensor::cat(&[&drawn, &given], 1);
                real = Tensor::cat(&[&real, &given], 1);
            }
            let near = |found: f64, expected: f64, what: &str| {
                let allowed = 1e-4 * expected.abs().max(0.1);
                assert!(
                    (found - expected).abs() < allowed,
                    "{what} of {case}: {found}, expected {expected}"
                );
            };
            let scores = critic.forward(&real, progress).unwrap();
            for (i, score) in case["scores"].as_array().unwrap().iter().enumerate() {
                let found = scores.double_value(&[i as i64]);
                near(found, score.as_f64().unwrap(), "score");
            }
            let mix = Tensor::from_slice(&[0.25f32, 0.625]).reshape([2, 1, 1, 1]);
            let penalty = critic.penalty(&real, &drawn, &mix, progress).unwrap();
            let expected = case["penalty"].as_f64().unwrap();
            near(penalty.double_value(&[]), expected, "penalty");
            let steepness = critic.steepness(&real, progress).unwrap();
            let expected = case["steepness"].as_f64().unwrap();
            near(steepness.double_value(&[]), expected, "steepness");
            let features = |x: &Tensor| critic.judge(x, progress).unwrap().features;
            let apart = loss::apart(&features(&drawn), &features(&real)).unwrap();
            let expected = case["features"].as_f64().unwrap();
            near(apart.double_value(&[]), expected, "features");
            penalty.backward();
            let derivatives = case["derivatives"].as_object().unwrap();
            assert!(derivatives.len() >= 6);
            for (name, expected) in derivatives {
                let weight = &variables[name];
                let gradient = weight.grad();
                let flat = gradient.flatten(0, -1);
                let one = flat.double_value(&[1 % flat.size()[0]]);
                near(one, expected[0].as_f64().unwrap(), name);
                let along = (gradient * weight).sum(Kind::Double).double_value(&[]);
                near(along, expected[1].as_f64().unwrap(), name);
            }
        }
    }
}
