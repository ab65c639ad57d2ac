//! Training of super-resolution networks: data sets, recipes, losses; and how good a network is.
//!
//! [`train()`] follows a [`Recipe`]: its stages go through the steps of PFSR (arXiv 1908.08239), x2, x4 and x8, each
//! faded in over the last, or train another architecture; with plain differences, an adversarial critic, or landmarks.
//! It leaves a checkpoint, sample grids and measurements in a folder, from which it goes on when it was interrupted.

mod adam;
mod augment;
mod critic;
pub mod curves;
mod degrade;
mod error;
pub mod evaluate;
pub mod judge;
mod landmarks;
mod loss;
mod lpips;
mod pareidolia;
mod pictures;
mod random;
pub mod recipe;
mod sampler;
mod state;
mod train;
mod vgg;

pub use augment::{Augment, Crop};
pub use degrade::Degrade;
pub use error::{Error, Result};
pub use landmarks::{LANDMARK_SIDE, LANDMARKS, Landmarks};
pub use lpips::Lpips;
pub use pictures::{Picture, Pictures};
pub use recipe::Recipe;
pub use sampler::{Batch, Sampler, Source};
pub use train::{Evaluation, Summary, TrainEvent, TrainOptions, train};
pub use vgg::Vgg;

/// The side of a picture to train on, in pixels; 8 times that of the network's input.
pub const SIDE: u32 = 128;
