//! The asset loader of `enhanced://` and `pack://`: what is there of a picture at the moment, and never any waiting.

use std::sync::Arc;

use bevy_asset::io::Reader;
use bevy_asset::{AssetLoader, LoadContext};
use bevy_image::Image;
use bevy_reflect::TypePath;
use uncanny_texture::RgbaImage;

use crate::desk::{Answer, Desk, Finished, Key, Ready};
use crate::picture::{Layout, enlarged, image, pixels};
use crate::settings::EnhancedSettings;

/// The label of the picture as it was painted.
pub(crate) const ORIGINAL: &str = "original";

/// Loads a PNG: enlarged at once, and enhanced as soon as that is ready. Its label `original` is the picture as it was
/// painted.
///
/// It has no extensions of its own: the sources `enhanced://` and `pack://` name it.
#[derive(TypePath)]
pub struct EnhancedLoader {
    pub(crate) desk: Arc<Desk>,
}

/// Why a picture could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnhancedLoaderError {
    /// Its file could not be read.
    #[error("failed to read the picture")]
    Read(#[source] std::io::Error),
    /// It is no PNG, damaged, or too large.
    #[error("failed to decode the picture")]
    Decode(#[source] uncanny_texture::Error),
}

impl AssetLoader for EnhancedLoader {
    type Asset = Image;
    type Settings = EnhancedSettings;
    type Error = EnhancedLoaderError;

    async fn load(
        &self,
        reader: &mut dyn Reader,
        settings: &EnhancedSettings,
        context: &mut LoadContext<'_>,
    ) -> Result<Image, EnhancedLoaderError> {
        let mut bytes = Vec::new();
        let read = reader.read_to_end(&mut bytes).await;
        read.map_err(EnhancedLoaderError::Read)?;
        let key = Key::of(context.path());
        let Ready { original, enhanced } = match key {
            Some(key) if settings.enhance && !self.desk.prepared => {
                self.show(&key, &bytes, settings)?
            }
            _ => {
                let pixels = decoded(&bytes)?;
                let image = image(&pixels, Layout::of(settings), settings);
                Ready {
                    original: image.clone(),
                    enhanced: image,
                }
            }
        };
        context.add_labeled_asset(ORIGINAL, original);
        Ok(enhanced)
    }
}

impl EnhancedLoader {
    /// What there is of a picture.
    fn show(
        &self,
        key: &Key,
        bytes: &[u8],
        settings: &EnhancedSettings,
    ) -> Result<Ready, EnhancedLoaderError> {
        let now = match decoded(bytes) {
            Ok(now) => now,
            // Somebody may be writing it right now: then it is shown as it was before.
            Err(error) => {
                return match self.desk.shown(key) {
                    Some(finished) => decode_finished(&finished, settings),
                    None => Err(error),
                };
            }
        };
        match self.desk.load(key, bytes, now.dimensions(), settings) {
            Answer::Ready(ready) => Ok(*ready),
            Answer::Finished(finished) => decode_finished(&finished, settings),
            Answer::Waiting(scale) => {
                let layout = Layout::of(settings);
                Ok(Ready {
                    original: image(&now, layout, settings),
                    enhanced: image(&enlarged(&now, scale), layout.scaled(scale), settings),
                })
            }
        }
    }
}

fn decoded(bytes: &[u8]) -> Result<RgbaImage, EnhancedLoaderError> {
    pixels(bytes).map_err(EnhancedLoaderError::Decode)
}

/// The textures of what is finished.
pub(crate) fn decode_finished(
    finished: &Finished,
    settings: &EnhancedSettings,
) -> Result<Ready, EnhancedLoaderError> {
    let (original, enhanced) = finished.layouts;
    Ok(Ready {
        original: image(&decoded(&finished.original)?, original, settings),
        enhanced: image(&decoded(&finished.enhanced)?, enhanced, settings),
    })
}
