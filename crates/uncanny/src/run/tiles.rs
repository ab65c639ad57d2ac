//! Remembers enlarged tiles, so that identical ones are enlarged once: the newest ones, bounded by bytes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use uncanny_texture::RgbPlanes;

/// What a tile is known by: its model and its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TileKey([u8; 32]);

impl TileKey {
    pub(super) fn of(model: usize, tile: &RgbPlanes) -> Self {
        let mut bytes = Vec::with_capacity(tile.data.len() * 4 + 16);
        bytes.extend((model as u64).to_le_bytes());
        bytes.extend(tile.width.to_le_bytes());
        bytes.extend(tile.height.to_le_bytes());
        for value in &tile.data {
            bytes.extend(value.to_le_bytes());
        }
        Self(*blake3::hash(&bytes).as_bytes())
    }
}

/// The least recently used go first.
pub(super) struct TileMemory {
    limit: usize,
    bytes: usize,
    clock: u64,
    tiles: HashMap<TileKey, (Arc<RgbPlanes>, u64)>,
    by_age: BTreeMap<u64, TileKey>,
}

impl TileMemory {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            bytes: 0,
            clock: 0,
            tiles: HashMap::new(),
            by_age: BTreeMap::new(),
        }
    }

    pub(super) fn get(&mut self, key: &TileKey) -> Option<Arc<RgbPlanes>> {
        let (tile, age) = self.tiles.get_mut(key)?;
        self.by_age.remove(age);
        self.clock += 1;
        *age = self.clock;
        self.by_age.insert(self.clock, *key);
        Some(Arc::clone(tile))
    }

    pub(super) fn put(&mut self, key: TileKey, tile: Arc<RgbPlanes>) {
        if self.get(&key).is_some() {
            return;
        }
        self.clock += 1;
        self.bytes += tile.data.len() * 4;
        self.by_age.insert(self.clock, key);
        self.tiles.insert(key, (tile, self.clock));
        while self.bytes > self.limit
            && let Some((_, oldest)) = self.by_age.pop_first()
            && let Some((tile, _)) = self.tiles.remove(&oldest)
        {
            self.bytes -= tile.data.len() * 4;
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
        let key = |value: f32| TileKey::of(0, &tile(value));
        let mut memory = TileMemory::new(24);
        memory.put(key(1.0), Arc::new(tile(10.0)));
        memory.put(key(2.0), Arc::new(tile(20.0)));
        assert!(memory.get(&key(1.0)).is_some());
        memory.put(key(3.0), Arc::new(tile(30.0)));
        assert_eq!(memory.get(&key(1.0)).unwrap().data[0], 10.0);
        assert!(memory.get(&key(2.0)).is_none());
        assert_eq!(memory.get(&key(3.0)).unwrap().data[0], 30.0);
        assert_ne!(TileKey::of(1, &tile(1.0)), key(1.0));
    }
}
