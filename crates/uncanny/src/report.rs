//! What a run did, for people and for `--report report.json`.

use serde::Serialize;
use uncanny_pack::LeftOut;

use crate::{Outcome, Stage};

/// The result of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The version of this library.
    pub uncanny: String,
    /// The pack that was read.
    pub input: String,
    /// What was written.
    pub output: String,
    /// The models used, by name.
    pub models: Vec<ReportModel>,
    /// Where the models ran, as the caller calls it.
    pub device: String,
    /// Output pixels per input pixel.
    pub scale: u32,
    /// Files of the input that are no part of the pack and are not in the output.
    pub left_out: Vec<LeftOut>,
    /// How many rows have which outcome.
    pub counts: Counts,
    /// Time spent.
    pub seconds: Seconds,
    /// Tiles that were wanted, iterations and repetitions included; textures from the cache want none.
    pub tiles: u64,
    /// Tiles that went through a model, each once.
    pub unique_tiles: u64,
    /// Unique tiles by the seconds spent in models.
    pub tiles_per_second: f64,
    /// Textures whose result came from the cache.
    pub cache_hits: u64,
    /// Textures whose result was sought in the cache and not found.
    pub cache_misses: u64,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// One row a texture or rewritten file, in pack order.
    pub rows: Vec<ReportRow>,
}

/// A model of a run.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct ReportModel {
    /// As the user named it.
    pub name: String,
    /// Its own scale.
    pub scale: u32,
    /// Its fingerprint, hexadecimal.
    pub fingerprint: String,
}

/// What became of one file.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct ReportRow {
    /// The entry's name.
    pub name: String,
    /// How it went.
    pub outcome: Outcome,
    /// Why.
    pub why: String,
    /// Whether the result came from the cache.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cached: bool,
}

/// Rows by outcome.
#[derive(Debug, Clone, Copy, Default, Serialize, PartialEq, Eq)]
pub struct Counts {
    /// Through a model.
    pub enhanced: usize,
    /// Enlarged pixel by pixel.
    pub nearest: usize,
    /// Adapted sidecars and properties.
    pub rewritten: usize,
    /// Textures left alone by the rules.
    pub copied: usize,
    /// Textures left alone by the user's wish.
    pub skipped: usize,
    /// Textures that something went wrong with.
    pub failed: usize,
    /// Everything else in the pack, copied byte for byte.
    pub other_files: usize,
}

impl Counts {
    pub(crate) fn of(rows: &[ReportRow], other_files: usize) -> Self {
        let count = |outcome| rows.iter().filter(|row| row.outcome == outcome).count();
        Self {
            enhanced: count(Outcome::Enhanced),
            nearest: count(Outcome::Nearest),
            rewritten: count(Outcome::Rewritten),
            copied: count(Outcome::Copied),
            skipped: count(Outcome::Skipped),
            failed: count(Outcome::Failed),
            other_files,
        }
    }
}

/// Where the time went. `plan`, `network`, `zip` and `total` are by the clock;
/// the others add up what several threads spent and overlap with `network`.
#[derive(Debug, Clone, Copy, Default, Serialize, PartialEq)]
pub struct Seconds {
    /// Deciding what to do.
    pub plan: f64,
    /// Reading and decoding.
    pub decode: f64,
    /// Inside the models.
    pub network: f64,
    /// Cutting, blending, alpha, quantising.
    pub pixels: f64,
    /// Encoding PNGs.
    pub encode: f64,
    /// Writing the output.
    pub zip: f64,
    /// From start to end, planning included.
    pub total: f64,
}

impl Seconds {
    /// The stages by name, in order.
    #[must_use]
    pub fn stages(&self) -> [(&'static str, f64); 6] {
        [
            ("plan", self.plan),
            ("decode", self.decode),
            ("network", self.network),
            ("pixels", self.pixels),
            ("encode", self.encode),
            ("zip", self.zip),
        ]
    }
}

impl Report {
    /// 0: all went well. 1: finished, but some textures failed and were copied.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        u8::from(self.counts.failed > 0)
    }
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Plan => "plan",
            Self::Enhance => "enhance",
            Self::Write => "write",
            Self::Done => "done",
        })
    }
}
