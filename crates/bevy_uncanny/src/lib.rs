//! A Bevy plugin: 16x16 textures become 128x128 textures by a neural network while the game runs, and again whenever
//! the artist saves.
//!
//! ```no_run
//! # use bevy_app::prelude::*;
//! # use bevy_asset::prelude::*;
//! # use bevy_ecs::prelude::*;
//! # use bevy_image::Image;
//! use bevy_uncanny::prelude::*;
//!
//! # struct DefaultPlugins;
//! # impl Plugin for DefaultPlugins { fn build(&self, _: &mut App) {} }
//! App::new()
//!     .add_plugins(UncannyPlugin { model: "textures".into(), ..Default::default() }) // before DefaultPlugins
//!     .add_plugins(DefaultPlugins)
//!     .add_systems(Startup, |server: Res<AssetServer>| {
//!         let dirt: Handle<Image> = server.load("enhanced://textures/dirt.png");
//!         // ... a material or sprite with it.
//! #       drop(dirt);
//!     })
//!     .run();
//! ```
//!
//! The picture shows at once, its pixels enlarged to their final size; as soon as a thread of its own has enhanced it,
//! the same handle holds the enhanced picture, with mipmaps and a sampler that suit it. When its file changes, the old
//! picture stays until the new one is ready, or stays on if that is damaged. `enhanced://` reads the app's own assets
//! and `pack://` a resource pack, by the pack's own rules; `#original` behind a path is the picture as it was painted.
//!
//! What is done and what went wrong is told by [`EnhanceProgress`] and [`EnhanceMessage`]; [`Enhancer`] steers it;
//! [`EnhancedSettings`] are those of a single picture.

mod desk;
mod follow;
mod loader;
mod models;
mod picture;
mod plugin;
#[cfg(feature = "processor")]
mod process;
mod progress;
mod settings;
mod source;
#[cfg(any(feature = "pbr", feature = "sprite"))]
mod visible;
mod worker;
mod zip_source;

pub use follow::{fit_layout, follow_images};
pub use loader::{EnhancedLoader, EnhancedLoaderError};
pub use models::{ModelChoice, ModelSource, OpenModels};
pub use plugin::{CacheChoice, UncannyPlugin};
#[cfg(feature = "processor")]
pub use process::{EnhancedProcess, EnhancedProcessSettings};
pub use progress::{EnhanceMessage, EnhanceProgress, Enhancer};
pub use settings::{Edges, EnhancedSettings, Sampling};
pub use source::AssetsFrom;
#[cfg(feature = "torch")]
pub use uncanny_registry::DeviceChoice;

/// What most games need.
pub mod prelude {
    pub use crate::{
        Edges, EnhanceMessage, EnhanceProgress, EnhancedSettings, Enhancer, Sampling, UncannyPlugin,
    };
}
