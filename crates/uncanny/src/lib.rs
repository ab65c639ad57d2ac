//! Turns 16x16 art into 128x128 art: plan, run, cache and report for whole resource packs.
//!
//! [`Config`] and a command line become [`Options`]; a pack, its rules and the options become a [`Plan`], which can be
//! shown; [`run()`] carries it out and returns a [`Report`]. Models come through the [`Models`] trait: this crate
//! knows no network, `uncanny-registry` does. It never prints: what happens is told as [`Event`]s.
//!
//! [`watch()`] keeps an output up with a folder that changes; [`LivePack`] is the part of it that others can use: what of
//! a pack is stale, and any file of it made by the pack's rules.

mod cache;
mod config;
pub mod dream;
mod error;
mod events;
mod guard;
mod live;
mod models;
mod plan;
mod report;
mod run;
mod watch;

pub mod picture;
pub mod sheet;

pub use cache::{Cache, CacheKey, DEFAULT_CACHE_BYTES};
pub use config::{
    ActionChoice, AlphaChoice, Config, ConfigError, DEFAULT_FIDELITY, DEFAULT_MAX_SIZE,
    DEFAULT_MODEL, DREAM_FIDELITY, DREAM_HINT, DREAM_MODEL, EdgeChoice, MAX_ITERATIONS, Options,
    RuleConfig,
};
pub use error::Error;
pub use events::{Event, Outcome, Stage};
pub use live::{
    Alone, Content, Hints, Keep, LeaveOut, LivePack, LivePictures, Made, Make, News, enhance_alone,
};
pub use models::{Baselines, Classical, ModelError, ModelInfo, Models};
pub use plan::{ATLAS_LIMIT, ATLAS_WARNING, Action, AtlasEstimate, Plan, PlanRow, chain, together};
pub use report::{Counts, Report, ReportModel, ReportRow, Seconds};
pub use run::{Run, convert, run};
pub use watch::{NewSettings, SettingsFile, Watch, WatchEvent, WatchReport, watch};
