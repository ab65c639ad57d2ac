//! When which step of the network is trained, how far it is faded in, and how fast it learns.

use std::f64::consts::PI;

use uncanny_model::arch::pfsr::{Progress, STEPS};

/// The whole of a training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Iterations of x2, x4 and x8.
    pub iterations: [u64; STEPS as usize],
    /// The learning rate up to the start of the last step.
    pub learning_rate: f64,
    /// Where the learning rate ends: over the last step it falls along half a cosine.
    pub final_rate: f64,
}

/// One iteration's place in a [`Plan`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// The newest step of the network and how far it is faded in.
    pub progress: Progress,
    /// How many iterations of this step came before.
    pub within: u64,
    /// This iteration's learning rate.
    pub learning_rate: f64,
}

impl Plan {
    /// How many iterations there are in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.iterations.iter().sum()
    }

    /// The place of iteration `iteration`, counted from 0. Past the end: the last one's.
    ///
    /// A new step is blended with the one before it over its first half, as in the paper.
    #[must_use]
    pub fn at(&self, iteration: u64) -> Position {
        let mut within = iteration.min(self.total().saturating_sub(1));
        let mut index = 0;
        while index + 1 < self.iterations.len() && within >= self.iterations[index] {
            within -= self.iterations[index];
            index += 1;
        }
        let length = self.iterations[index].max(1) as f64;
        let done = within as f64 / length;
        let alpha = if index == 0 {
            1.0
        } else {
            (2.0 * done).min(1.0)
        };
        let last = index + 1 == self.iterations.len();
        let falling = if last {
            0.5 * (1.0 + (PI * done).cos())
        } else {
            1.0
        };
        Position {
            progress: Progress {
                step: index as u8 + 1,
                alpha,
            },
            within,
            learning_rate: self.final_rate + (self.learning_rate - self.final_rate) * falling,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_follow_each_other_and_fade_in_over_their_first_half() {
        let plan = Plan {
            iterations: [10, 20, 40],
            learning_rate: 1e-3,
            final_rate: 1e-5,
        };
        assert_eq!(plan.total(), 70);
        let at = |i| {
            (
                plan.at(i).progress.step,
                plan.at(i).progress.alpha,
                plan.at(i).within,
            )
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
    }

    #[test]
    fn the_learning_rate_falls_over_the_last_step() {
        let plan = Plan {
            iterations: [10, 10, 100],
            learning_rate: 1e-3,
            final_rate: 1e-5,
        };
        assert!((plan.at(0).learning_rate - 1e-3).abs() < 1e-12);
        assert!((plan.at(20).learning_rate - 1e-3).abs() < 1e-12);
        assert!((plan.at(70).learning_rate - 5.05e-4).abs() < 1e-9);
        assert!(plan.at(119).learning_rate < 1.1e-5);
    }

    #[test]
    fn a_step_may_be_left_out() {
        let plan = Plan {
            iterations: [0, 0, 5],
            learning_rate: 1e-3,
            final_rate: 1e-5,
        };
        assert_eq!(
            plan.at(0).progress,
            Progress {
                step: 3,
                alpha: 0.0
            }
        );
    }
}
