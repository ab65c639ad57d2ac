//! What a run tells while it works: typed events for progress bars and logs. Nothing here prints.

use serde::Serialize;

/// A step of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Stage {
    /// Every texture is read once to decide what to do with it.
    Plan,
    /// Textures go through the model.
    Enhance,
    /// The output is written.
    Write,
    /// The output is in its place.
    Done,
}

/// What became of one file of the pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// Through the model.
    Enhanced,
    /// Enlarged pixel by pixel.
    Nearest,
    /// A sidecar or properties file that was adapted to the new sizes.
    Rewritten,
    /// Left as it is, by the rules.
    Copied,
    /// Left as it is, because the user said so.
    Skipped,
    /// Left as it is, because something went wrong.
    Failed,
}

/// Something that happened during a run. Events come from several threads, in no fixed order.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A step begins. `total`: how many textures (or entries, when writing) it will go through.
    Stage {
        /// Which.
        stage: Stage,
        /// How much there is to do.
        total: usize,
    },
    /// A texture is being decoded and cut.
    TextureStarted {
        /// The entry's name.
        name: String,
    },
    /// A texture is finished, well or not.
    TextureDone {
        /// The entry's name.
        name: String,
        /// How it went.
        outcome: Outcome,
        /// Whether the result came from the cache.
        cached: bool,
        /// Textures finished so far.
        done: usize,
        /// Textures in this run that are enhanced or enlarged.
        total: usize,
    },
    /// Tiles went through the model. `total` starts as an estimate and becomes exact as textures are cut.
    Tiles {
        /// Tiles done, repeated ones included.
        done: u64,
        /// Tiles in the whole run.
        total: u64,
    },
    /// An entry was written to the output.
    Written {
        /// Entries so far.
        done: usize,
        /// Entries in the pack.
        total: usize,
    },
    /// Something the user should know; the run goes on.
    Warning(String),
}
