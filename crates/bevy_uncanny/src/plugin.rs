//! The plugin: puts the parts together.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bevy_app::prelude::*;
use bevy_asset::io::file::FileAssetReader;
use bevy_asset::{AssetApp as _, AssetEventSystems, AssetServer, AssetServerMode};
use bevy_ecs::schedule::IntoScheduleConfigs as _;
use uncanny::{Cache, Config, DEFAULT_CACHE_BYTES, Options};

use crate::desk::{Desk, ENHANCED, Origin, PACK};
use crate::loader::EnhancedLoader;
use crate::models::{ModelChoice, ModelSource};
use crate::progress::{self, EnhanceMessage, EnhanceProgress, Enhancer};
use crate::settings::EnhancedSettings;
use crate::source::{self, AssetsFrom};
use crate::worker::{self, OpenReader, Plan};

/// Enhances the textures that are loaded from `enhanced://` and `pack://`, and again whenever their files change.
///
/// It goes **before** `DefaultPlugins`: asset sources must be there before Bevy's `AssetPlugin` is.
#[derive(Debug, Clone)]
pub struct UncannyPlugin {
    /// The model. See [`ModelChoice`].
    pub model: ModelChoice,
    /// Where models come from.
    pub models: ModelSource,
    /// Where `enhanced://` reads from: the folder `assets`, unless told otherwise.
    pub assets: AssetsFrom,
    /// The resource pack that `pack://` reads, a folder or a zip. Relative to where the assets folder is: the package's
    /// folder under cargo, else the program's.
    pub pack: Option<PathBuf>,
    /// Fidelity, scale, rules: what stands in an `uncanny.toml`. Its `model` does not count.
    pub config: Config,
    /// For pictures without settings of their own.
    pub settings: EnhancedSettings,
    /// Where finished pictures are kept.
    pub cache: CacheChoice,
    /// Whether what a camera sees is enhanced first, with the features `pbr` and `sprite`.
    pub visible_first: bool,
    /// Where the asset processor puts what it makes of `enhanced://`, and
    /// [`AssetMode::Processed`](bevy_asset::AssetMode::Processed) reads it.
    pub processed: String,
}

impl Default for UncannyPlugin {
    fn default() -> Self {
        Self {
            model: ModelChoice::Auto,
            models: ModelSource::default(),
            assets: AssetsFrom::default(),
            pack: None,
            config: Config::default(),
            settings: EnhancedSettings::default(),
            cache: CacheChoice::User,
            visible_first: true,
            processed: "imported_assets/Enhanced".to_owned(),
        }
    }
}

/// Where finished pictures are kept, so that they are made once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CacheChoice {
    /// The user's cache, which `uncanny convert` and `uncanny watch` use too.
    #[default]
    User,
    /// This folder.
    Folder(PathBuf),
    /// Nowhere.
    None,
}

impl CacheChoice {
    fn open(&self) -> Option<Cache> {
        let folder = match self {
            Self::User => Cache::folder_of_user(),
            Self::Folder(folder) => Some(folder.clone()),
            Self::None => None,
        };
        folder.map(|folder| Cache::new(&folder, DEFAULT_CACHE_BYTES))
    }
}

impl UncannyPlugin {
    /// The settings of the work.
    fn options(&self) -> Result<Options, uncanny::Error> {
        let model = Config {
            model: self.model.name().map(str::to_owned),
            ..Config::default()
        };
        Options::new(model, self.config.clone())
    }
}

impl Plugin for UncannyPlugin {
    fn build(&self, app: &mut App) {
        assert!(
            !app.world().contains_resource::<AssetServer>(),
            "UncannyPlugin must be added before DefaultPlugins (before AssetPlugin): it registers asset sources"
        );
        let options = self
            .options()
            .unwrap_or_else(|error| panic!("UncannyPlugin: {}", uncanny::chain(&error)));
        let desk = Arc::new(Desk::new(self.model.name(), options.clone()));

        let mut assets = source::around(&self.assets.open, &desk, Origin::Assets, &self.settings);
        source::read_processed(&mut assets, &self.processed, &desk);
        app.register_asset_source(ENHANCED, assets);
        let pack = self
            .pack
            .as_ref()
            .map(|pack| FileAssetReader::get_base_path().join(pack));
        if let Some(pack) = pack.as_ref().filter(|pack| !pack.exists()) {
            tracing::error!("UncannyPlugin: there is no pack {}", pack.display());
        }
        let pack_source = pack.as_ref().map(|pack| source::of_pack(pack));
        if let Some(open) = &pack_source {
            let mut pack = source::around(open, &desk, Origin::Pack, &self.settings);
            // A pack is read as it is, whatever is processed.
            pack.processed_reader =
                Some(source::around(open, &desk, Origin::Pack, &self.settings).reader);
            app.register_asset_source(PACK, pack);
        }

        let worker = self.model.name().map(|_| {
            worker::start(Plan {
                desk: desk.clone(),
                models: self.models.clone(),
                options,
                cache: self.cache.open(),
                pack,
                assets_reader: reader(&self.assets.open),
                pack_reader: pack_source.as_ref().map(reader),
            })
        });
        app.insert_resource(Enhancer {
            desk,
            worker,
            known: Default::default(),
        })
        .init_resource::<EnhanceProgress>()
        .add_message::<EnhanceMessage>()
        .register_type::<EnhancedSettings>();
    }

    fn finish(&self, app: &mut App) {
        let desk = app.world().resource::<Enhancer>().desk.clone();
        let server = app.world().get_resource::<AssetServer>();
        let server = server.expect("UncannyPlugin needs Bevy's AssetPlugin");
        let processed = server.mode() == AssetServerMode::Processed;
        desk.processed.store(processed, Ordering::Relaxed);
        #[cfg(feature = "processor")]
        app.register_asset_processor(crate::process::EnhancedProcess { desk: desk.clone() });
        app.register_asset_loader(EnhancedLoader { desk })
            .add_systems(PreUpdate, progress::receive)
            .add_systems(PostUpdate, progress::know.after(AssetEventSystems));
        #[cfg(feature = "pbr")]
        app.add_systems(
            PostUpdate,
            crate::follow::follow_images::<bevy_pbr::StandardMaterial>
                .after(AssetEventSystems)
                .after(progress::know),
        );
        #[cfg(feature = "sprite")]
        app.add_systems(
            PostUpdate,
            crate::follow::sprites::fit_sprites
                .after(AssetEventSystems)
                .after(progress::know),
        );
        #[cfg(any(feature = "pbr", feature = "sprite"))]
        if self.visible_first {
            use crate::visible;
            app.init_resource::<visible::Seen>().add_systems(
                Last,
                (
                    #[cfg(feature = "pbr")]
                    visible::see_materials,
                    #[cfg(feature = "sprite")]
                    visible::see_sprites,
                    visible::prioritise,
                )
                    .chain()
                    .run_if(visible::something_waits),
            );
        }
    }
}

fn reader(open: &source::OpenSource) -> OpenReader {
    let open = open.clone();
    Arc::new(move || (open().reader)())
}
