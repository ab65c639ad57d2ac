//! The one way of tiles to an upscaler: full batches of tiles that are alike, from many textures, and equal tiles once.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use rayon::prelude::*;

use crate::{RgbPlanes, TileEdges, UpscaleError, Upscaler, Work};

/// Enlarged tiles that one call may give, in bytes, unless they are what a device is full with.
const CALL_BYTES: usize = 64 << 20;

/// What comes of a batch.
#[derive(Debug)]
pub enum BatchEvent {
    /// Tiles reached their textures.
    Placed {
        /// How many, of all textures.
        tiles: usize,
        /// How many of them the upscaler enlarged for it; the others were known already.
        enlarged: usize,
    },
    /// The upscaler failed. These textures, by their places, will get no more tiles and must not be stepped.
    Failed {
        /// Which.
        works: Vec<usize>,
        /// Why.
        error: UpscaleError,
    },
}

/// What a tile is known by: the upscaler's fingerprint, the tile's size, edges and values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct TileKey {
    upscaler: [u8; 32],
    size: (u32, u32),
    edges: TileEdges,
    values: Arc<[u32]>,
}

impl TileKey {
    fn of(upscaler: [u8; 32], tile: &RgbPlanes, edges: TileEdges) -> TileKey {
        TileKey {
            upscaler,
            size: (tile.width, tile.height),
            edges,
            values: tile.data.iter().map(|value| value.to_bits()).collect(),
        }
    }

    fn tile(&self) -> RgbPlanes {
        RgbPlanes {
            width: self.size.0,
            height: self.size.1,
            data: self
                .values
                .iter()
                .map(|bits| f32::from_bits(*bits))
                .collect(),
        }
    }
}

/// Feeds an upscaler the tiles of many textures, and remembers what it made of them.
#[derive(Debug)]
pub struct Batcher {
    memory: TileMemory,
}

/// Tiles of each size and edges, and when each was first wanted.
type Lines = BTreeMap<((u32, u32), TileEdges), VecDeque<(usize, TileKey)>>;

/// One texture in a round. Its tiles are placed in their order, whatever order they come in: float sums depend on it.
struct Feed<'a> {
    work: &'a mut Work,
    keys: Vec<TileKey>,
    placed: usize,
    failed: bool,
}

impl Feed<'_> {
    /// Places what is there; gives the keys that were used.
    fn place(&mut self, enlarged: &HashMap<TileKey, Arc<RgbPlanes>>) -> Vec<TileKey> {
        let from = self.placed;
        while !self.failed
            && let Some(tile) = self.keys.get(self.placed).and_then(|key| enlarged.get(key))
        {
            self.work.place(self.placed, tile);
            self.placed += 1;
        }
        self.keys[from..self.placed].to_vec()
    }
}

impl Batcher {
    /// One that remembers enlarged tiles up to so many bytes beyond a round.
    #[must_use]
    pub fn new(bytes: usize) -> Batcher {
        Batcher {
            memory: TileMemory::new(bytes),
        }
    }

    /// Hands every waiting tile of every texture to the upscaler and places the answers; a [`step`](Work::step) of each
    /// texture that did not fail is then due. `heard` is told of every batch, and stops it all by saying false; then
    /// so does this.
    pub fn round(
        &mut self,
        works: &mut [&mut Work],
        upscaler: &mut dyn Upscaler,
        heard: &mut dyn FnMut(BatchEvent) -> bool,
    ) -> bool {
        let fingerprint = upscaler.fingerprint();
        let mut feeds: Vec<Feed<'_>> = works
            .par_iter_mut()
            .map(|work| {
                let tiles = work.tiles().iter().enumerate();
                let keys = tiles.map(|(at, tile)| TileKey::of(fingerprint, tile, work.edges(at)));
                Feed {
                    keys: keys.collect(),
                    work,
                    placed: 0,
                    failed: false,
                }
            })
            .collect();
        // Every distinct tile: known already, or in line with those of its kind, by its first use.
        let mut uses: HashMap<TileKey, usize> = HashMap::new();
        let mut enlarged: HashMap<TileKey, Arc<RgbPlanes>> = HashMap::new();
        let mut lines: Lines = BTreeMap::new();
        for (turn, key) in feeds.iter().flat_map(|feed| &feed.keys).enumerate() {
            let count = uses.entry(key.clone()).or_default();
            *count += 1;
            if *count == 1 {
                match self.memory.get(key) {
                    Some(known) => drop(enlarged.insert(key.clone(), known)),
                    None => {
                        let line = lines.entry((key.size, key.edges)).or_default();
                        line.push_back((turn, key.clone()));
                    }
                }
            }
        }
        let mut made = 0;
        loop {
            let placed = place(&mut feeds, &mut enlarged, &mut uses);
            if placed + made > 0 {
                let (tiles, enlarged) = (placed, std::mem::take(&mut made));
                if !heard(BatchEvent::Placed { tiles, enlarged }) {
                    return false;
                }
            }
            let keys = next_batch(&mut lines, upscaler);
            if keys.is_empty() {
                return true;
            }
            match upscale(upscaler, &keys) {
                Ok(results) => {
                    made = keys.len();
                    for (key, result) in keys.into_iter().zip(results) {
                        let result = Arc::new(result);
                        self.memory.put(&key, &result);
                        enlarged.insert(key, result);
                    }
                }
                Err(error) => {
                    let works = fail(&mut feeds, &keys);
                    if !heard(BatchEvent::Failed { works, error }) {
                        return false;
                    }
                    // Tiles that only failed textures want are not worth the upscaler's time.
                    let wanted: HashSet<&TileKey> = feeds
                        .iter()
                        .filter(|feed| !feed.failed)
                        .flat_map(|feed| &feed.keys)
                        .collect();
                    for line in lines.values_mut() {
                        line.retain(|(_, key)| wanted.contains(key));
                    }
                }
            }
        }
    }
}

/// Marks the textures that want one of these tiles as failed; gives their places, if they had not failed before.
fn fail(feeds: &mut [Feed<'_>], keys: &[TileKey]) -> Vec<usize> {
    let lost: HashSet<&TileKey> = keys.iter().collect();
    let mut works = Vec::new();
    for (at, feed) in feeds.iter_mut().enumerate() {
        if !feed.failed && feed.keys.iter().any(|key| lost.contains(key)) {
            feed.failed = true;
            works.push(at);
        }
    }
    works
}

/// Places what is there and forgets what nobody wants any more; gives the number of tiles placed.
fn place(
    feeds: &mut [Feed<'_>],
    enlarged: &mut HashMap<TileKey, Arc<RgbPlanes>>,
    uses: &mut HashMap<TileKey, usize>,
) -> usize {
    let there = &*enlarged;
    let placed: Vec<TileKey> = feeds
        .par_iter_mut()
        .flat_map_iter(|feed| feed.place(there))
        .collect();
    for key in &placed {
        let left = uses.get_mut(key).expect("every key was counted");
        *left -= 1;
        if *left == 0 {
            enlarged.remove(key);
        }
    }
    placed.len()
}

/// The next tiles of one kind, beginning with what has waited longest. Those that are larger than usual go through with so
/// few others as fill a device like the usual ones; or with more, in several such parts, since an upscaler may have
/// several workers, as long as there is memory for what comes out.
fn next_batch(lines: &mut Lines, upscaler: &dyn Upscaler) -> Vec<TileKey> {
    let oldest = |line: &VecDeque<(usize, TileKey)>| line.front().map(|(turn, _)| *turn);
    let waiting = lines.values_mut().filter(|line| !line.is_empty());
    let Some(line) = waiting.min_by_key(|line| oldest(line)) else {
        return Vec::new();
    };
    let values = line.front().map_or(1, |(_, key)| key.values.len()).max(1);
    let k = upscaler.scale().get() as usize;
    let batch = upscaler.batch().max(1);
    let full = (batch * 3 * upscaler.tiling().texels() / values).max(1);
    let most = batch.min(CALL_BYTES / (values * k * k * 4)) / full * full;
    let count = most.max(full).min(line.len());
    line.drain(..count).map(|(_, key)| key).collect()
}

fn upscale(upscaler: &mut dyn Upscaler, keys: &[TileKey]) -> Result<Vec<RgbPlanes>, UpscaleError> {
    let tiles: Vec<RgbPlanes> = keys.iter().map(TileKey::tile).collect();
    let edges = keys.first().map(|key| key.edges).unwrap_or_default();
    let enlarged = upscaler.upscale(&tiles, edges)?;
    let k = upscaler.scale().get();
    let right = enlarged.len() == tiles.len()
        && enlarged
            .iter()
            .zip(&tiles)
            .all(|(high, low)| (high.width, high.height) == (low.width * k, low.height * k));
    if right {
        return Ok(enlarged);
    }
    Err(UpscaleError::new(format!(
        "the model {} gave {} tiles of a wrong size or number",
        upscaler.name(),
        enlarged.len()
    )))
}

/// Every waiting tile of every texture through an upscaler, as [`Batcher::round`] does it once; a
/// [`step`](Work::step) of each is then due. `placed` hears the number of tiles after every batch, and stops it all by
/// saying false; then so does this.
///
/// # Errors
/// When the upscaler fails.
pub fn upscale_all(
    works: &mut [Work],
    upscaler: &mut dyn Upscaler,
    placed: &mut dyn FnMut(usize) -> bool,
) -> Result<bool, UpscaleError> {
    let mut works: Vec<&mut Work> = works.iter_mut().collect();
    let mut failure = None;
    let finished = Batcher::new(0).round(&mut works, upscaler, &mut |event| match event {
        BatchEvent::Placed { tiles, .. } => placed(tiles),
        BatchEvent::Failed { error, .. } => {
            failure = Some(error);
            false
        }
    });
    failure.map_or(Ok(finished), Err)
}

/// Enlarged tiles that were made before, bounded by bytes: the least recently used go first.
#[derive(Debug)]
struct TileMemory {
    limit: usize,
    bytes: usize,
    clock: u64,
    tiles: HashMap<TileKey, (Arc<RgbPlanes>, u64)>,
    by_age: BTreeMap<u64, TileKey>,
}

impl TileMemory {
    fn new(limit: usize) -> TileMemory {
        TileMemory {
            limit,
            bytes: 0,
            clock: 0,
            tiles: HashMap::new(),
            by_age: BTreeMap::new(),
        }
    }

    fn get(&mut self, key: &TileKey) -> Option<Arc<RgbPlanes>> {
        let (tile, age) = self.tiles.get_mut(key)?;
        self.by_age.remove(age);
        self.clock += 1;
        *age = self.clock;
        self.by_age.insert(self.clock, key.clone());
        Some(Arc::clone(tile))
    }

    fn put(&mut self, key: &TileKey, tile: &Arc<RgbPlanes>) {
        let bytes = |tile: &RgbPlanes| tile.data.len() * 4;
        if bytes(tile) > self.limit || self.get(key).is_some() {
            return;
        }
        self.clock += 1;
        self.bytes += bytes(tile);
        self.by_age.insert(self.clock, key.clone());
        self.tiles
            .insert(key.clone(), (Arc::clone(tile), self.clock));
        while self.bytes > self.limit
            && let Some((_, oldest)) = self.by_age.pop_first()
            && let Some((tile, _)) = self.tiles.remove(&oldest)
        {
            self.bytes -= bytes(&tile);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_what_was_unused_longest() {
        let tile = |value: f32| RgbPlanes {
            width: 1,
            height: 1,
            data: vec![value; 3],
        };
        let key = |value: f32| TileKey::of([0; 32], &tile(value), TileEdges::WRAP);
        let mut memory = TileMemory::new(24);
        memory.put(&key(1.0), &Arc::new(tile(10.0)));
        memory.put(&key(2.0), &Arc::new(tile(20.0)));
        assert!(memory.get(&key(1.0)).is_some());
        memory.put(&key(3.0), &Arc::new(tile(30.0)));
        assert_eq!(memory.get(&key(1.0)).unwrap().data[0], 10.0);
        assert!(memory.get(&key(2.0)).is_none());
        assert_eq!(memory.get(&key(3.0)).unwrap().data[0], 30.0);
    }

    #[test]
    fn a_tile_is_known_by_its_upscaler_and_edges_too() {
        let tile = RgbPlanes::new(2, 1);
        let key = TileKey::of([0; 32], &tile, TileEdges::WRAP);
        assert_eq!(key.tile(), tile);
        assert_ne!(TileKey::of([1; 32], &tile, TileEdges::WRAP), key);
        assert_ne!(TileKey::of([0; 32], &tile, TileEdges::ZERO), key);
        assert_ne!(
            TileKey::of([0; 32], &RgbPlanes::new(1, 2), TileEdges::WRAP),
            key
        );
    }
}
