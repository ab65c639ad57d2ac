//! First stage, on all cores: read, decode, ask the cache, cut into tiles.

use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;

use rayon::prelude::*;
use uncanny_texture::{DecodeLimits, RgbaImage, Tiling, Work, decode};

use super::Shared;
use super::budget::{Budget, Permit};
use crate::guard::guarded;
use crate::plan::{Job, Plan, chain};
use crate::{CacheKey, Event};

/// About this much memory is used by one chunk ...
const CHUNK_BYTES: u64 = 64 << 20;
/// ... and by all chunks in flight.
const BUDGET_BYTES: u64 = 320 << 20;

/// Some textures of the pack, in pack order.
pub(super) struct Chunk {
    pub(super) items: Vec<Item>,
    _permit: Permit,
}

/// A texture on its way.
pub(super) struct Item {
    /// Into the plan's rows.
    pub(super) row: usize,
    /// Where the result is kept, when it is worth keeping.
    pub(super) key: Option<CacheKey>,
    pub(super) state: State,
}

pub(super) enum State {
    Work(Box<Work>),
    /// To be searched for a face.
    Dream(RgbaImage),
    /// What was found.
    Dreamt(RgbaImage),
    /// The finished PNG, from the cache.
    Cached(Vec<u8>),
    Failed(String),
}

/// Puts textures, by their rows, into chunks: the rows of each, and the memory it needs.
pub(super) fn chunks(plan: &Plan, textures: &[usize]) -> Vec<(Vec<usize>, u64)> {
    let mut chunks: Vec<(Vec<usize>, u64)> = Vec::new();
    for (row, job) in textures
        .iter()
        .filter_map(|row| Some((*row, plan.rows[*row].job.as_ref()?)))
    {
        match chunks.last_mut() {
            Some((rows, bytes)) if *bytes + job.bytes <= CHUNK_BYTES => {
                rows.push(row);
                *bytes += job.bytes;
            }
            _ => chunks.push((vec![row], job.bytes)),
        }
    }
    chunks
}

pub(super) fn prepare(
    shared: &Shared<'_>,
    chunks: Vec<(Vec<usize>, u64)>,
    output: SyncSender<Chunk>,
) {
    let budget = Budget::new(BUDGET_BYTES);
    for (rows, bytes) in chunks {
        let permit = budget.take(bytes);
        if shared.cancelled() {
            return;
        }
        let items = rows.into_par_iter().map(|row| item(shared, row)).collect();
        if output
            .send(Chunk {
                items,
                _permit: permit,
            })
            .is_err()
        {
            return;
        }
    }
}

fn item(shared: &Shared<'_>, row: usize) -> Item {
    let planned = &shared.plan.rows[row];
    let job = planned
        .job
        .as_ref()
        .expect("chunks are made of rows with a job");
    (shared.events)(Event::TextureStarted {
        name: planned.name.clone(),
    });
    let (key, state) = guarded(|| start(shared, planned.entry, job))
        .unwrap_or_else(|error| (None, State::Failed(error)));
    let tiles = match &state {
        State::Work(work) => work.tiles().len() as u64 * u64::from(job.recipe.iterations),
        State::Dream(_) => job.tiles,
        _ => 0,
    };
    shared.fewer_tiles(job.tiles.saturating_sub(tiles));
    Item { row, key, state }
}

fn start(
    shared: &Shared<'_>,
    entry: usize,
    job: &Job,
) -> Result<(Option<CacheKey>, State), String> {
    let image = shared.decode.time(|| {
        let bytes = shared.pack.read(entry).map_err(|error| chain(&error))?;
        decode(&bytes, &DecodeLimits::default())
            .map_err(|error| chain(&error))
            .map(|texture| texture.image)
    })?;
    let model = job.model.map(|model| &shared.plan.models[model]);
    let key = match (shared.cache, model) {
        (Some(cache), Some(model)) => {
            let mut key = CacheKey::of(&image, &job.recipe, model);
            if let (Some(dream), Some(judge)) = (&job.dream, &shared.plan.judge) {
                key = key.dreamt(dream, judge);
            }
            if let Some(png) = cache.get(&key) {
                shared.hits.fetch_add(1, Ordering::Relaxed);
                return Ok((Some(key), State::Cached(png)));
            }
            shared.misses.fetch_add(1, Ordering::Relaxed);
            Some(key)
        }
        _ => None,
    };
    if job.dream.is_some() {
        return Ok((key, State::Dream(image)));
    }
    let (scale, tiling) = match model {
        Some(model) => (model.scale, model.tiling),
        None => (job.recipe.scale, Tiling::fixed(16, 16, 0)),
    };
    let work = shared
        .pixels
        .time(|| Work::new(image, job.recipe.clone(), scale, tiling));
    Ok((key, State::Work(Box::new(work))))
}
