//! The disk cache of finished textures: `<folder>/textures-v1/ab/cdef….png`, addressed by what went in.
//!
//! A file is the finished PNG followed by 32 bytes that seal it, so that a damaged one is noticed and made anew;
//! viewers ignore what follows a PNG's end. Files are written beside their place and renamed. The oldest go first
//! when the cache outgrows its bound.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::SystemTime;

use image::RgbaImage;
use uncanny_texture::{AlphaRule, Channels, Edge, Method, Recipe};

use crate::ModelInfo;
use crate::dream::{self, Dream};

/// How large a cache may grow unless said otherwise: 2 GiB.
pub const DEFAULT_CACHE_BYTES: u64 = 2 << 30;

/// Changes when the files' form does; keys name everything about the pixels, the version of their code too.
const VERSION: &str = "textures-v1";
const SEAL: usize = 32;

/// A cache folder. Shared by threads; several processes may use one folder.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    limit: u64,
    written: AtomicU64,
    complained: AtomicBool,
}

/// What a finished texture is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CacheKey([u8; 32]);

impl Cache {
    /// A cache in `folder`, which is made when something is first kept, holding at most about `limit` bytes.
    #[must_use]
    pub fn new(folder: &Path, limit: u64) -> Self {
        Self {
            folder: folder.join(VERSION),
            limit,
            written: AtomicU64::new(0),
            complained: AtomicBool::new(false),
        }
    }

    /// Where the system keeps such things, if it has a place: the folder that everything uses unless told otherwise.
    #[must_use]
    pub fn folder_of_user() -> Option<PathBuf> {
        use etcetera::BaseStrategy as _;
        let folders = etcetera::choose_base_strategy().ok()?;
        Some(folders.cache_dir().join("uncanny"))
    }

    /// The folder with the files of this version.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The finished PNG, if it is here and whole. A damaged file is removed.
    #[must_use]
    pub fn get(&self, key: &CacheKey) -> Option<Vec<u8>> {
        let path = self.path(key);
        let mut bytes = fs::read(&path).ok()?;
        let whole = bytes
            .len()
            .checked_sub(SEAL)
            .filter(|at| seal(key, &bytes[..*at]) == bytes[*at..]);
        let Some(end) = whole else {
            tracing::warn!(path = %path.display(), "a damaged cache file is made anew");
            let _ = fs::remove_file(&path);
            return None;
        };
        bytes.truncate(end);
        // Marks it as young for `clean`. A cache that cannot be touched still serves.
        let _ = File::options()
            .append(true)
            .open(&path)
            .and_then(|file| file.set_modified(SystemTime::now()));
        Some(bytes)
    }

    /// Keeps a finished PNG. Returns a message the first time that this does not work; the run needs no cache.
    pub fn put(&self, key: &CacheKey, png: &[u8]) -> Option<String> {
        match self.write(key, png) {
            Ok(()) => {
                self.written.fetch_add(png.len() as u64, Ordering::Relaxed);
                None
            }
            Err(error) => (!self.complained.swap(true, Ordering::Relaxed)).then(|| {
                format!(
                    "the cache {} cannot be written ({error}); going on without",
                    self.folder.display()
                )
            }),
        }
    }

    fn write(&self, key: &CacheKey, png: &[u8]) -> std::io::Result<()> {
        let path = self.path(key);
        let folder = path.parent().expect("a cache file has a folder");
        fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new()
            .prefix(".new-")
            .tempfile_in(folder)?;
        file.write_all(png)?;
        file.write_all(&seal(key, png))?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Removes the files unused for longest until the rest fits the bound, when this run has added any.
    pub fn clean(&self) {
        if self.written.swap(0, Ordering::Relaxed) == 0 {
            return;
        }
        let mut files = self.files();
        let mut total: u64 = files.iter().map(|(_, size, _)| size).sum();
        if total <= self.limit {
            return;
        }
        // Down to nine tenths, so that not every run has to clean.
        let goal = self.limit / 10 * 9;
        files.sort();
        for (_, size, path) in files {
            if total <= goal {
                break;
            }
            if fs::remove_file(&path).is_ok() {
                total -= size;
            }
        }
    }

    fn files(&self) -> Vec<(SystemTime, u64, PathBuf)> {
        let list = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
        list(&self.folder)
            .flat_map(|bucket| list(&bucket.path()))
            .filter_map(|file| {
                let meta = file.metadata().ok().filter(fs::Metadata::is_file)?;
                Some((meta.modified().ok()?, meta.len(), file.path()))
            })
            .collect()
    }

    fn path(&self, key: &CacheKey) -> PathBuf {
        let hex = blake3::Hash::from_bytes(key.0).to_hex();
        self.folder
            .join(&hex[..2])
            .join(format!("{}.png", &hex[2..]))
    }
}

fn seal(key: &CacheKey, png: &[u8]) -> [u8; SEAL] {
    *blake3::keyed_hash(&key.0, png).as_bytes()
}

impl CacheKey {
    /// The key of `image` enhanced by `recipe` with `model`.
    #[must_use]
    pub fn of(image: &RgbaImage, recipe: &Recipe, model: &ModelInfo) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(uncanny_texture::REVISION.as_bytes());
        let mut number = |value: u32| {
            hasher.update(&value.to_le_bytes());
        };
        let Recipe {
            method,
            cells,
            channels,
            alpha,
            grey,
            palette,
            glyphs,
            keep_hidden_rgb,
            alpha_channel,
            fidelity,
            preblur,
            nudge,
            iterations,
            scale,
        } = recipe;
        number(image.width());
        number(image.height());
        number(match method {
            Method::Network => 0,
            Method::Nearest => 1,
        });
        number(match channels {
            Channels::Colour => 0,
            Channels::NormalMap => 1,
            Channels::SpecularMap => 2,
            Channels::Data => 3,
        });
        number(match alpha {
            AlphaRule::KeepClass => 0,
            AlphaRule::Nearest => 1,
        });
        for flag in [grey, glyphs, keep_hidden_rgb, alpha_channel, preblur] {
            number(u32::from(*flag));
        }
        number(fidelity.to_bits());
        for part in nudge.unwrap_or_default().numbers() {
            number(part.to_bits());
        }
        number(u32::from(nudge.is_some()));
        number(*iterations);
        number(scale.get());
        number(u32::try_from(cells.len()).expect("cells are at most as many as pixels"));
        for cell in cells {
            for value in [cell.rect.x, cell.rect.y, cell.rect.width, cell.rect.height] {
                number(value);
            }
            for edge in [
                cell.edges.left,
                cell.edges.top,
                cell.edges.right,
                cell.edges.bottom,
            ] {
                number(match edge {
                    Edge::Wrap => 0,
                    Edge::Clamp => 1,
                    Edge::Transparent => 2,
                    Edge::Neighbour => 3,
                });
            }
        }
        number(palette.as_ref().map_or(u32::MAX, |colours| {
            u32::try_from(colours.len()).expect("a palette has fewer colours than a pixel can show")
        }));
        number(model.scale.get());
        number(model.tiling.tile);
        number(model.tiling.stride);
        number(model.tiling.feather);
        number(model.tiling.largest);
        number(model.tiling.whole);
        for colour in palette.iter().flatten() {
            hasher.update(colour);
        }
        hasher.update(&model.fingerprint);
        hasher.update(image.as_raw());
        Self(*hasher.finalize().as_bytes())
    }
}

impl CacheKey {
    /// The key of what a search for faces finds, with a judge of this fingerprint.
    #[must_use]
    pub fn dreamt(&self, how: &Dream, judge: &[u8; 32]) -> Self {
        let Dream {
            tries,
            iterations,
            seed,
        } = how;
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&tries.to_le_bytes());
        hasher.update(&iterations.to_le_bytes());
        hasher.update(&seed.to_le_bytes());
        hasher.update(dream::VERSION);
        hasher.update(judge);
        Self(*hasher.finalize().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> CacheKey {
        CacheKey([byte; 32])
    }

    #[test]
    fn returns_what_was_kept() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path(), 1000);
        assert_eq!(cache.get(&key(1)), None);
        assert_eq!(cache.put(&key(1), b"picture"), None);
        assert_eq!(cache.get(&key(1)).unwrap(), b"picture");
        assert_eq!(cache.get(&key(2)), None);
    }

    #[test]
    fn notices_damage() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path(), 1000);
        for damage in [
            |bytes: &mut Vec<u8>| bytes[2] ^= 1,
            |bytes: &mut Vec<u8>| bytes.truncate(20),
            |bytes: &mut Vec<u8>| bytes.clear(),
        ] {
            cache.put(&key(1), b"picture");
            let path = cache.path(&key(1));
            let mut bytes = fs::read(&path).unwrap();
            damage(&mut bytes);
            fs::write(&path, bytes).unwrap();
            assert_eq!(cache.get(&key(1)), None);
            assert!(!path.exists());
        }
        // A whole file in another's place is no better.
        cache.put(&key(1), b"picture");
        fs::create_dir_all(cache.path(&key(2)).parent().unwrap()).unwrap();
        fs::copy(cache.path(&key(1)), cache.path(&key(2))).unwrap();
        assert_eq!(cache.get(&key(2)), None);
    }

    #[test]
    fn forgets_the_oldest() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path(), 1000);
        for n in 0..10 {
            cache.put(&key(n), &[n; 168]);
            let age = std::time::Duration::from_secs(1000 - u64::from(n));
            let file = File::options()
                .append(true)
                .open(cache.path(&key(n)))
                .unwrap();
            file.set_modified(SystemTime::now() - age).unwrap();
        }
        assert!(cache.get(&key(0)).is_some(), "and becomes young");
        cache.clean();
        let kept: Vec<u8> = (0..10).filter(|n| cache.get(&key(*n)).is_some()).collect();
        assert_eq!(kept, [0, 7, 8, 9]);
    }

    #[test]
    fn complains_once_when_it_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "in the way").unwrap();
        let cache = Cache::new(&file, 1000);
        assert!(
            cache
                .put(&key(1), b"picture")
                .unwrap()
                .contains("cannot be written")
        );
        assert_eq!(cache.put(&key(1), b"picture"), None);
        assert_eq!(cache.get(&key(1)), None);
    }
}
