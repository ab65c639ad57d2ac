//! One file per command. Each returns the exit status, or why it could not run.

pub(crate) mod cache;
pub(crate) mod completions;
pub(crate) mod convert;
pub(crate) mod doctor;
pub(crate) mod dream;
pub(crate) mod eval;
pub(crate) mod grid;
pub(crate) mod image;
pub(crate) mod judge;
pub(crate) mod models;
pub(crate) mod plan;
pub(crate) mod serve;
pub(crate) mod sheet;
pub(crate) mod train;
pub(crate) mod video;
pub(crate) mod watch;
pub(crate) mod zoom;
