//! Super-resolution checkpoints, architectures and devices on libtorch.
//!
//! A file becomes a [`checkpoint::Checkpoint`], its architecture is recognised from its keys
//! ([`arch`]), and a [`Network`] on a [`Device`] enhances tiles as an
//! [`Upscaler`](uncanny_texture::Upscaler). No other crate of this workspace names `tch`, save
//! `uncanny-train`, which trains these same networks.

pub mod arch;
pub mod checkpoint;
pub mod tensors;

mod device;
mod error;
mod judge;
mod network;
mod runtime;
mod script;
mod shipped;
mod workers;

pub use device::{Cuda, Device, DeviceChoice, cuda};
pub use error::{Error, Result};
pub use judge::{FaceJudge, FaceNet, JUDGE_GROUND, JUDGE_SIDE, judge_batch, judge_sees};
pub use network::{Description, Network, Programs};
pub use runtime::{set_threads, threads};
pub use shipped::{SHIPPED, Shipped};
