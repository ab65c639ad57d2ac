//! Second stage, one thread: owns the models and feeds them full batches of tiles from many textures.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender};

use rayon::prelude::*;
use uncanny_texture::{
    BatchEvent, Batcher, RgbPlanes, Scale, TileEdges, Tiling, UpscaleError, Upscaler, Work,
};

use super::Shared;
use super::prepare::{Chunk, Item, State};
use crate::Models;
use crate::dream::{Subject, dream};
use crate::guard::guarded;
use crate::plan::chain;

/// Enlarged tiles remembered beyond their chunk.
const MEMORY_BYTES: usize = 96 << 20;

pub(super) fn device(
    shared: &Shared<'_>,
    models: &mut dyn Models,
    input: Receiver<Chunk>,
    output: SyncSender<Chunk>,
) {
    let mut batcher = Batcher::new(MEMORY_BYTES);
    for mut chunk in input {
        for (index, info) in shared.plan.models.iter().enumerate() {
            search(shared, index, models, &mut chunk.items);
            // Each round is one iteration of every texture that still wants one.
            while !shared.cancelled() {
                let mut waiting = waiting(shared, index, &mut chunk.items);
                if waiting.is_empty() {
                    break;
                }
                match models.resolve(&info.name) {
                    Ok(model) => round(shared, model, &mut waiting, &mut batcher),
                    Err(error) => {
                        let why = format!(
                            "the model {:?} cannot be had: {}",
                            info.name,
                            chain(error.as_ref())
                        );
                        waiting
                            .iter_mut()
                            .for_each(|item| item.state = State::Failed(why.clone()));
                    }
                }
            }
        }
        if shared.cancelled() || output.send(chunk).is_err() {
            return;
        }
    }
}

/// Searches the chunk's textures that want a face of this model.
fn search(shared: &Shared<'_>, index: usize, models: &mut dyn Models, items: &mut [Item]) {
    let job = |item: &Item| shared.plan.rows[item.row].job.as_ref();
    let mut waiting: Vec<&mut Item> = items
        .iter_mut()
        .filter(|item| job(item).is_some_and(|job| job.model == Some(index)))
        .filter(|item| matches!(item.state, State::Dream(_)))
        .collect();
    // Textures that are searched alike are searched together.
    while let Some(first) = waiting.first() {
        let how = job(first).and_then(|job| job.dream);
        let (mut now, rest): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|item| job(item).and_then(|job| job.dream) == how);
        waiting = rest;
        let (Some(how), false) = (how, shared.cancelled()) else {
            return;
        };
        let subjects: Vec<Subject> = now
            .iter()
            .filter_map(|item| match (&item.state, job(item)) {
                (State::Dream(image), Some(job)) => Some(Subject {
                    image: image.clone(),
                    recipe: job.recipe.clone(),
                    alone: false,
                    alpha: None,
                }),
                _ => None,
            })
            .collect();
        let name = &shared.plan.models[index].name;
        let mut placed = |tiles: usize| {
            let tiles = tiles as u64;
            shared.tiles.fetch_add(tiles, Ordering::Relaxed);
            shared.unique_tiles.fetch_add(tiles, Ordering::Relaxed);
            shared.more_tiles_done(tiles);
            !shared.cancelled()
        };
        let found = models
            .dreamer(name)
            .map_err(|error| chain(error.as_ref()))
            .and_then(|(model, judge)| {
                let search = || {
                    dream(&subjects, &how, model, judge, &mut placed).map_err(|error| chain(&error))
                };
                shared.network.time(|| guarded(search))
            });
        match found {
            Ok(None) => return,
            Ok(Some(found)) => {
                for (item, found) in now.iter_mut().zip(found) {
                    item.state = State::Dreamt(found.best.picture);
                }
            }
            Err(why) => now
                .iter_mut()
                .for_each(|item| item.state = State::Failed(why.clone())),
        }
    }
}

/// The chunk's textures that want this model.
fn waiting<'a>(shared: &Shared<'_>, model: usize, items: &'a mut [Item]) -> Vec<&'a mut Item> {
    items
        .iter_mut()
        .filter(|item| {
            let job = shared.plan.rows[item.row].job.as_ref();
            job.is_some_and(|job| job.model == Some(model))
                && matches!(&item.state, State::Work(work) if !work.is_done())
        })
        .collect()
}

/// Takes every waiting texture one step on.
fn round(
    shared: &Shared<'_>,
    model: &mut dyn Upscaler,
    waiting: &mut [&mut Item],
    batcher: &mut Batcher,
) {
    let mut works: Vec<&mut Work> = waiting
        .iter_mut()
        .filter_map(|item| match &mut item.state {
            State::Work(work) => Some(&mut **work),
            _ => None,
        })
        .collect();
    let tiles: usize = works.iter().map(|work| work.tiles().len()).sum();
    shared.tiles.fetch_add(tiles as u64, Ordering::Relaxed);
    let mut failures: Vec<Option<String>> = vec![None; works.len()];
    let mut heard = |event: BatchEvent| {
        match event {
            BatchEvent::Placed { tiles, enlarged } => {
                let enlarged = enlarged as u64;
                shared.unique_tiles.fetch_add(enlarged, Ordering::Relaxed);
                if tiles > 0 {
                    shared.more_tiles_done(tiles as u64);
                }
            }
            BatchEvent::Failed { works, error } => {
                let why = chain(&error);
                works
                    .iter()
                    .for_each(|&at| failures[at] = Some(why.clone()));
            }
        }
        !shared.cancelled()
    };
    let mut model = Timed { shared, model };
    let finished = batcher.round(&mut works, &mut model, &mut heard);
    if !finished || shared.cancelled() {
        return;
    }
    works
        .par_iter_mut()
        .zip(&mut failures)
        .filter(|(_, failure)| failure.is_none())
        .for_each(|(work, failure)| {
            let step = || {
                work.step();
                Ok(())
            };
            *failure = shared.pixels.time(|| guarded(step)).err();
        });
    for (item, failure) in waiting.iter_mut().zip(failures) {
        if let Some(why) = failure {
            item.state = State::Failed(why);
        }
    }
}

/// A model whose time counts as the network's.
struct Timed<'a, 'b> {
    shared: &'a Shared<'b>,
    model: &'a mut dyn Upscaler,
}

impl Upscaler for Timed<'_, '_> {
    fn name(&self) -> &str {
        self.model.name()
    }

    fn fingerprint(&self) -> [u8; 32] {
        self.model.fingerprint()
    }

    fn scale(&self) -> Scale {
        self.model.scale()
    }

    fn tiling(&self) -> Tiling {
        self.model.tiling()
    }

    fn batch(&self) -> usize {
        self.model.batch()
    }

    fn upscale(
        &mut self,
        tiles: &[RgbPlanes],
        edges: TileEdges,
    ) -> Result<Vec<RgbPlanes>, UpscaleError> {
        self.shared
            .network
            .time(|| self.model.upscale(tiles, edges))
    }
}
