//! A resource pack in a zip, as an asset source: read entry by entry, and looked at now and then for being replaced.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_channel::Sender;
use bevy_asset::io::{
    AssetReader, AssetReaderError, AssetSourceBuilder, AssetSourceEvent, AssetWatcher, PathStream,
    Reader, VecReader,
};
use uncanny_pack::{Listing, Pack, PackLimits, Stamp};

use crate::desk::{Key, Origin};

/// How often the zip is looked at: one question to the file system. It is read when two looks agree, for then it has
/// come to rest.
const INTERVAL: Duration = Duration::from_millis(200);

/// The source of a pack in a zip.
pub(crate) fn source(path: &Path) -> AssetSourceBuilder {
    let (read, watched) = (path.to_owned(), path.to_owned());
    AssetSourceBuilder::new(move || Box::new(ZipReader::new(&read)))
        .with_watcher(move |server| Some(Box::new(ZipWatcher::new(&watched, server))))
}

struct ZipReader {
    path: PathBuf,
    open: Mutex<Option<(Stamp, Arc<Pack>)>>,
}

impl ZipReader {
    fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            open: Mutex::default(),
        }
    }

    /// The zip as it is now.
    fn pack(&self) -> Result<Arc<Pack>, AssetReaderError> {
        let now = Stamp::at(&self.path);
        let now = now.ok_or_else(|| AssetReaderError::NotFound(self.path.clone()))?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((stamp, pack)) = &*open
            && *stamp == now
        {
            return Ok(pack.clone());
        }
        let pack = Pack::open(&self.path, &PackLimits::default()).map_err(other)?;
        let pack = Arc::new(pack);
        *open = Some((now, pack.clone()));
        Ok(pack)
    }

    fn bytes(&self, path: &Path) -> Result<Vec<u8>, AssetReaderError> {
        let pack = self.pack()?;
        let entry = pack.find(&Key::new(Origin::Pack, path).name);
        let entry = entry.ok_or_else(|| AssetReaderError::NotFound(path.to_owned()))?;
        pack.read(entry).map_err(other)
    }
}

fn other(error: uncanny_pack::Error) -> AssetReaderError {
    std::io::Error::other(error).into()
}

impl AssetReader for ZipReader {
    async fn read<'a>(&'a self, path: &'a Path) -> Result<impl Reader + 'a, AssetReaderError> {
        self.bytes(path).map(VecReader::new)
    }

    async fn read_meta<'a>(&'a self, path: &'a Path) -> Result<impl Reader + 'a, AssetReaderError> {
        let mut meta = path.as_os_str().to_owned();
        meta.push(".meta");
        self.bytes(Path::new(&meta)).map(VecReader::new)
    }

    async fn read_directory<'a>(
        &'a self,
        path: &'a Path,
    ) -> Result<Box<PathStream>, AssetReaderError> {
        let pack = self.pack()?;
        let mut below = Key::new(Origin::Pack, path).name;
        if !below.is_empty() {
            below.push('/');
        }
        let mut children: Vec<PathBuf> = pack
            .entries()
            .iter()
            .filter_map(|entry| entry.name.strip_prefix(&below))
            .filter_map(|rest| rest.split('/').next())
            .filter(|child| !child.is_empty() && !child.ends_with(".meta"))
            .map(|child| path.join(child))
            .collect();
        children.sort();
        children.dedup();
        Ok(Box::new(bevy_tasks::futures_lite::stream::iter(children)))
    }

    async fn is_directory<'a>(&'a self, path: &'a Path) -> Result<bool, AssetReaderError> {
        let below = Key::new(Origin::Pack, path).name + "/";
        let pack = self.pack()?;
        Ok(pack
            .entries()
            .iter()
            .any(|entry| entry.name.starts_with(&below)))
    }
}

struct ZipWatcher {
    gone: Arc<AtomicBool>,
}

impl ZipWatcher {
    fn new(path: &Path, server: Sender<AssetSourceEvent>) -> Self {
        let gone = Arc::new(AtomicBool::new(false));
        let (path, until) = (path.to_owned(), gone.clone());
        let mut known = contents(&path).unwrap_or_default();
        let mut read = Stamp::at(&path);
        std::thread::spawn(move || {
            let mut last = read;
            while !until.load(Ordering::Relaxed) {
                std::thread::sleep(INTERVAL);
                let now = Stamp::at(&path);
                let rests = now == last;
                last = now;
                if !rests || now == read {
                    continue;
                }
                read = now;
                // Away, or broken: it stays as it was until somebody puts a whole one there.
                let Some(new) = contents(&path) else { continue };
                for event in differences(&known, &new) {
                    if server.send_blocking(event).is_err() {
                        return;
                    }
                }
                known = new;
            }
        });
        Self { gone }
    }
}

impl Drop for ZipWatcher {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::Relaxed);
    }
}

impl AssetWatcher for ZipWatcher {}

type Contents = HashMap<String, Stamp>;

fn contents(path: &Path) -> Option<Contents> {
    let mut listing = Listing::of(path, &PackLimits::default(), &|_| false)
        .inspect_err(|error| tracing::warn!("{error}"))
        .ok()?;
    // Names are those by which the pack's files are asked for.
    listing
        .settle()
        .inspect_err(|error| tracing::warn!("{error}"))
        .ok()?;
    let entries = (0..listing.len()).map(|at| (listing.entry(at).name.clone(), listing.stamp(at)));
    Some(entries.collect())
}

fn differences(old: &Contents, new: &Contents) -> Vec<AssetSourceEvent> {
    let changed = new.iter().filter_map(|(name, stamp)| match old.get(name) {
        None => Some(AssetSourceEvent::AddedAsset(name.into())),
        Some(before) if before != stamp => Some(AssetSourceEvent::ModifiedAsset(name.into())),
        Some(_) => None,
    });
    let gone = old.keys().filter(|name| !new.contains_key(*name));
    changed
        .chain(gone.map(|name| AssetSourceEvent::RemovedAsset(name.into())))
        .collect()
}
