//! The asset sources `enhanced://` and `pack://`: readers that pass bytes on and name our loader, and watchers that
//! ask the desk what the asset server must hear.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_channel::Sender;
use bevy_asset::io::file::FileAssetReader;
use bevy_asset::io::{
    AssetReader, AssetReaderError, AssetSource, AssetSourceBuilder, AssetSourceEvent, AssetWatcher,
    ErasedAssetReader, PathStream, Reader, VecReader,
};
use bevy_asset::meta::{AssetAction, AssetMeta, AssetMetaDyn as _};
use bevy_reflect::TypePath as _;

use crate::desk::{Desk, Origin};
use crate::loader::EnhancedLoader;
use crate::settings::EnhancedSettings;
use crate::zip_source;

/// How long Bevy's watcher waits for a file to come to rest.
const DEBOUNCE: Duration = Duration::from_millis(300);

/// Gives a source as Bevy would have it.
pub(crate) type OpenSource = Arc<dyn Fn() -> AssetSourceBuilder + Send + Sync>;

/// Where `enhanced://` reads from.
#[derive(Clone)]
pub struct AssetsFrom {
    pub(crate) open: OpenSource,
}

impl AssetsFrom {
    /// A folder, as [`AssetPlugin::file_path`](bevy_asset::AssetPlugin::file_path) names it.
    pub fn folder(path: impl Into<String>) -> Self {
        let path = path.into();
        Self::source(move || {
            AssetSourceBuilder::new(AssetSource::get_default_reader(path.clone()))
                .with_writer(AssetSource::get_default_writer(path.clone()))
                .with_watcher(AssetSource::get_default_watcher(path.clone(), DEBOUNCE))
                .with_watch_warning(AssetSource::get_default_watch_warning())
        })
    }

    /// Any source: its reader and its watcher are used. It is made more than once.
    pub fn source(open: impl Fn() -> AssetSourceBuilder + Send + Sync + 'static) -> Self {
        Self {
            open: Arc::new(open),
        }
    }
}

impl Default for AssetsFrom {
    fn default() -> Self {
        Self::folder("assets")
    }
}

impl std::fmt::Debug for AssetsFrom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AssetsFrom").finish_non_exhaustive()
    }
}

/// One of our sources around another.
pub(crate) fn around(
    open: &OpenSource,
    desk: &Arc<Desk>,
    origin: Origin,
    settings: &EnhancedSettings,
) -> AssetSourceBuilder {
    let AssetSourceBuilder {
        mut reader,
        writer,
        watcher,
        watch_warning,
        ..
    } = open();
    let (for_reader, settings) = (desk.clone(), settings.clone());
    let reader = move || -> Box<dyn ErasedAssetReader> {
        Box::new(EnhancedReader {
            inner: reader(),
            desk: for_reader.clone(),
            origin,
            settings: settings.clone(),
        })
    };
    let mut builder = AssetSourceBuilder::new(reader);
    builder.writer = writer;
    builder.watch_warning = watch_warning;
    if let Some(mut watch) = watcher {
        let desk = desk.clone();
        builder = builder.with_watcher(move |server| {
            let (sender, events) = async_channel::unbounded();
            let inner = watch(sender)?;
            let desk = desk.clone();
            // It ends when the inner watcher does.
            std::thread::spawn(move || {
                while let Ok(event) = events.recv_blocking() {
                    pass_on(desk.event(origin, event), &server);
                }
            });
            Some(Box::new(Watching { _inner: inner }))
        });
    }
    builder
}

fn pass_on(events: Vec<AssetSourceEvent>, server: &Sender<AssetSourceEvent>) {
    for event in events {
        // Without a server, nobody wants to know.
        let _ = server.send_blocking(event);
    }
}

struct Watching {
    _inner: Box<dyn AssetWatcher>,
}

impl AssetWatcher for Watching {}

/// Passes everything on, and says of pictures that the user says nothing of that our loader loads them.
#[cfg_attr(
    not(feature = "processor"),
    expect(dead_code, reason = "only the processor is told something else")
)]
struct EnhancedReader {
    inner: Box<dyn ErasedAssetReader>,
    desk: Arc<Desk>,
    origin: Origin,
    settings: EnhancedSettings,
}

impl AssetReader for EnhancedReader {
    async fn read<'a>(&'a self, path: &'a Path) -> Result<impl Reader + 'a, AssetReaderError> {
        self.inner.read(path).await
    }

    async fn read_meta<'a>(&'a self, path: &'a Path) -> Result<impl Reader + 'a, AssetReaderError> {
        match self.inner.read_meta_bytes(path).await {
            Ok(bytes) => Ok(VecReader::new(bytes)),
            Err(AssetReaderError::NotFound(_)) if is_picture(path) => {
                Ok(VecReader::new(self.default_meta().await))
            }
            Err(error) => Err(error),
        }
    }

    async fn read_directory<'a>(
        &'a self,
        path: &'a Path,
    ) -> Result<Box<PathStream>, AssetReaderError> {
        let children = self.inner.read_directory(path).await?;
        #[cfg(feature = "processor")]
        if self.is_for_processor() {
            return self.pictures_among(children).await;
        }
        Ok(children)
    }

    async fn is_directory<'a>(&'a self, path: &'a Path) -> Result<bool, AssetReaderError> {
        self.inner.is_directory(path).await
    }
}

impl EnhancedReader {
    /// In an app whose assets are processed, only the processor asks this reader.
    #[cfg(feature = "processor")]
    fn is_for_processor(&self) -> bool {
        self.origin == Origin::Assets
            && !self.desk.prepared
            && self
                .desk
                .processed
                .load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Folders and pictures: all else is processed as a part of the app's own source.
    #[cfg(feature = "processor")]
    async fn pictures_among(
        &self,
        mut children: Box<PathStream>,
    ) -> Result<Box<PathStream>, AssetReaderError> {
        use bevy_tasks::futures_lite::{StreamExt as _, stream};
        let mut kept = Vec::new();
        while let Some(child) = children.next().await {
            if is_picture(&child) || self.inner.is_directory(&child).await? {
                kept.push(child);
            }
        }
        Ok(Box::new(stream::iter(kept)))
    }

    async fn default_meta(&self) -> Vec<u8> {
        #[cfg(feature = "processor")]
        if self.is_for_processor() {
            use crate::process::{EnhancedProcess, EnhancedProcessSettings};
            let action = AssetAction::Process {
                processor: EnhancedProcess::type_path().to_owned(),
                settings: EnhancedProcessSettings {
                    settings: self.settings.clone(),
                    fingerprint: self.desk.fingerprint().await,
                },
            };
            return AssetMeta::<(), EnhancedProcess>::new(action).serialize();
        }
        let action = AssetAction::Load {
            loader: EnhancedLoader::type_path().to_owned(),
            settings: self.settings.clone(),
        };
        AssetMeta::<EnhancedLoader, ()>::new(action).serialize()
    }
}

fn is_picture(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("png"))
}

/// Has a source read what the asset processor has made of it, and lets it be made if there is a model.
pub(crate) fn read_processed(source: &mut AssetSourceBuilder, folder: &str, desk: &Desk) {
    let folder = folder.to_owned();
    source.processed_reader = Some(Box::new(AssetSource::get_default_reader(folder.clone())));
    if cfg!(feature = "processor") && !desk.prepared {
        // Not before something is written: Bevy asks for the writer in every mode.
        let mut writer = AssetSource::get_default_writer(folder.clone());
        source.processed_writer = Some(Box::new(move |_| writer(false)));
    }
    let place = FileAssetReader::get_base_path().join(&folder);
    let mut watcher = AssetSource::get_default_watcher(folder, DEBOUNCE);
    let written = source.processed_writer.is_some();
    source.processed_watcher = Some(Box::new(move |server| {
        // What is not there cannot be watched.
        if written && let Err(error) = std::fs::create_dir_all(&place) {
            tracing::error!("failed to make {}: {error}", place.display());
        }
        watcher(server)
    }));
}

/// The source of a resource pack.
pub(crate) fn of_pack(pack: &Path) -> OpenSource {
    let path = pack.to_owned();
    Arc::new(move || {
        if path.is_file() {
            zip_source::source(&path)
        } else {
            (AssetsFrom::folder(path.to_string_lossy()).open)()
        }
    })
}
