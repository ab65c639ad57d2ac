//! Training of super-resolution networks: data sets, losses, the progressive schedule.
//!
//! [`train()`] goes through the three steps of PFSR (arXiv 1908.08239), x2, x4 and x8, each faded in
//! over the last, and leaves a checkpoint, sample grids and measurements in a folder, from which it
//! goes on when it was interrupted.

mod adam;
mod augment;
pub mod curves;
mod data;
mod degrade;
mod error;
pub mod evaluate;
mod pictures;
mod random;
mod sampler;
mod schedule;
mod scoring;
mod state;
mod train;

pub use augment::{Augment, Crop};
pub use data::{ImageSet, SIDE};
pub use degrade::Degrade;
pub use error::{Error, Result};
pub use pictures::{Picture, Pictures};
pub use sampler::{Batch, Sampler, Source};
pub use schedule::{Plan, Position};
pub use scoring::{Evaluation, Score};
pub use train::{Summary, TrainEvent, TrainOptions, train};
