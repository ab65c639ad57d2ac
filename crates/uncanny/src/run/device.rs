//! Second stage, one thread: owns the models and feeds them full batches of tiles from many textures.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender};

use rayon::prelude::*;
use uncanny_texture::{RgbPlanes, Scale, Upscaler, Work};

use super::Shared;
use super::prepare::{Chunk, Item, State};
use super::tiles::{TileKey, TileMemory};
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
    let mut memory = TileMemory::new(MEMORY_BYTES);
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
                    Ok(model) => round(shared, index, model, &mut waiting, &mut memory),
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

/// One texture in a round. Its tiles are placed in their order, whatever order they come in: float sums depend on it.
struct Feed<'a> {
    work: &'a mut Work,
    keys: Vec<TileKey>,
    placed: usize,
    failed: Option<String>,
}

impl Feed<'_> {
    /// Places what is there; returns the keys that were used.
    fn place(&mut self, enlarged: &HashMap<TileKey, Arc<RgbPlanes>>) -> Vec<TileKey> {
        let from = self.placed;
        while self.failed.is_none()
            && let Some(tile) = self.keys.get(self.placed).and_then(|key| enlarged.get(key))
        {
            self.work.place(self.placed, tile);
            self.placed += 1;
        }
        self.keys[from..self.placed].to_vec()
    }
}

/// Takes every waiting texture one step on.
fn round(
    shared: &Shared<'_>,
    index: usize,
    model: &mut dyn Upscaler,
    waiting: &mut [&mut Item],
    memory: &mut TileMemory,
) {
    let mut feeds: Vec<Feed<'_>> = waiting
        .iter_mut()
        .filter_map(|item| match &mut item.state {
            State::Work(work) => Some(Feed {
                work,
                keys: Vec::new(),
                placed: 0,
                failed: None,
            }),
            _ => None,
        })
        .collect();
    feeds.par_iter_mut().for_each(|feed| {
        feed.keys = feed
            .work
            .tiles()
            .iter()
            .map(|tile| TileKey::of(index, tile))
            .collect();
    });

    // Every distinct tile: known already, or in line in the order of its first use.
    let mut uses: HashMap<TileKey, usize> = HashMap::new();
    let mut enlarged: HashMap<TileKey, Arc<RgbPlanes>> = HashMap::new();
    let mut line: VecDeque<(TileKey, RgbPlanes)> = VecDeque::new();
    for feed in &feeds {
        for (key, tile) in feed.keys.iter().zip(feed.work.tiles()) {
            let count = uses.entry(*key).or_default();
            *count += 1;
            if *count == 1 {
                match memory.get(key) {
                    Some(known) => drop(enlarged.insert(*key, known)),
                    None => line.push_back((*key, tile.clone())),
                }
            }
        }
    }
    shared.tiles.fetch_add(
        uses.values().map(|count| *count as u64).sum(),
        Ordering::Relaxed,
    );

    loop {
        place(shared, &mut feeds, &mut enlarged, &mut uses);
        if line.is_empty() || shared.cancelled() {
            break;
        }
        let (keys, tiles) = next_batch(&mut line, model.batch());
        match upscale(shared, model, &tiles) {
            Ok(results) => {
                for (key, result) in keys.into_iter().zip(results) {
                    let result = Arc::new(result);
                    memory.put(key, Arc::clone(&result));
                    enlarged.insert(key, result);
                }
            }
            Err(why) => {
                let lost: HashSet<TileKey> = keys.into_iter().collect();
                for feed in feeds
                    .iter_mut()
                    .filter(|feed| feed.keys.iter().any(|key| lost.contains(key)))
                {
                    feed.failed.get_or_insert_with(|| why.clone());
                }
                // Tiles that only failed textures want are not worth the model's time.
                let wanted: HashSet<TileKey> = feeds
                    .iter()
                    .filter(|feed| feed.failed.is_none())
                    .flat_map(|feed| feed.keys.iter().copied())
                    .collect();
                line.retain(|(key, _)| wanted.contains(key));
            }
        }
    }
    if shared.cancelled() {
        return;
    }
    feeds
        .par_iter_mut()
        .filter(|feed| feed.failed.is_none())
        .for_each(|feed| {
            debug_assert_eq!(feed.placed, feed.keys.len());
            let work = &mut *feed.work;
            let step = || {
                work.step();
                Ok(())
            };
            feed.failed = shared.pixels.time(|| guarded(step)).err();
        });
    let failures: Vec<Option<String>> = feeds.into_iter().map(|feed| feed.failed).collect();
    for (item, failure) in waiting.iter_mut().zip(failures) {
        if let Some(why) = failure {
            item.state = State::Failed(why);
        }
    }
}

/// Places what is there and forgets what nobody wants any more.
fn place(
    shared: &Shared<'_>,
    feeds: &mut [Feed<'_>],
    enlarged: &mut HashMap<TileKey, Arc<RgbPlanes>>,
    uses: &mut HashMap<TileKey, usize>,
) {
    let there = &*enlarged;
    let placed: Vec<TileKey> = feeds
        .par_iter_mut()
        .flat_map_iter(|feed| shared.pixels.time(|| feed.place(there)))
        .collect();
    for key in &placed {
        let left = uses.get_mut(key).expect("every key was counted");
        *left -= 1;
        if *left == 0 {
            enlarged.remove(key);
        }
    }
    if !placed.is_empty() {
        shared.more_tiles_done(placed.len() as u64);
    }
}

/// The next tiles of one size.
fn next_batch(
    line: &mut VecDeque<(TileKey, RgbPlanes)>,
    size: usize,
) -> (Vec<TileKey>, Vec<RgbPlanes>) {
    let shape = line.front().map(|(_, tile)| (tile.width, tile.height));
    let alike = line
        .iter()
        .take(size.max(1))
        .take_while(|(_, tile)| Some((tile.width, tile.height)) == shape)
        .count();
    line.drain(..alike).unzip()
}

fn upscale(
    shared: &Shared<'_>,
    model: &mut dyn Upscaler,
    tiles: &[RgbPlanes],
) -> Result<Vec<RgbPlanes>, String> {
    let results = shared
        .network
        .time(|| model.upscale(tiles))
        .map_err(|error| chain(&error))?;
    let grown = |side: u32, scale: Scale| side * scale.get();
    let right = results.len() == tiles.len()
        && results.iter().zip(tiles).all(|(result, tile)| {
            result.width == grown(tile.width, model.scale())
                && result.height == grown(tile.height, model.scale())
        });
    if !right {
        return Err(format!(
            "the model {} gave {} tiles of a wrong size or number",
            model.name(),
            results.len()
        ));
    }
    shared
        .unique_tiles
        .fetch_add(tiles.len() as u64, Ordering::Relaxed);
    Ok(results)
}
