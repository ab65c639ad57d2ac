//! Bevy's asset processor: enhanced pictures as files, so that a game that is shipped needs no network.
//!
//! In [`AssetMode::Processed`](bevy_asset::AssetMode::Processed) the pictures of `enhanced://` are processed instead of
//! being enhanced while the game runs. What is written is a PNG, with settings that say that it is enhanced.

use std::sync::Arc;

use async_channel::Sender;
use bevy_asset::AsyncWriteExt as _;
use bevy_asset::io::Writer;
use bevy_asset::processor::{Process, ProcessContext, ProcessError};
use bevy_reflect::TypePath;
use serde::{Deserialize, Serialize};
use uncanny::{Content, Made, Outcome};

use crate::desk::{Desk, Key};
use crate::loader::EnhancedLoader;
use crate::settings::EnhancedSettings;
use crate::worker::Worker;

/// Enhances a PNG.
#[derive(TypePath)]
pub struct EnhancedProcess {
    pub(crate) desk: Arc<Desk>,
}

/// What the result depends on. Bevy processes a picture anew when its file or these settings change.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EnhancedProcessSettings {
    /// Those of the picture.
    pub settings: EnhancedSettings,
    /// Names the model by what it does and not by what it is called, and the version of the code around it. Empty in a
    /// `.meta` file of your own: then a new model alone makes nothing anew.
    pub fingerprint: String,
}

/// What the worker is asked.
pub(crate) enum Order {
    /// Which model there is.
    Fingerprint(Sender<String>),
    /// A picture.
    Make {
        name: String,
        bytes: Vec<u8>,
        settings: EnhancedSettings,
        reply: Sender<Result<Made, String>>,
    },
}

impl Process for EnhancedProcess {
    type Settings = EnhancedProcessSettings;
    type OutputLoader = EnhancedLoader;

    async fn process(
        &self,
        context: &mut ProcessContext<'_>,
        settings: &EnhancedProcessSettings,
        writer: &mut Writer,
    ) -> Result<EnhancedSettings, ProcessError> {
        let path = context.path().clone();
        let mut bytes = Vec::new();
        let read = context.asset_reader().read_to_end(&mut bytes).await;
        read.map_err(|error| ProcessError::AssetReaderError {
            path: path.clone(),
            err: error.into(),
        })?;
        let settings = settings.settings.clone();
        let before = width(&bytes);
        let png = if settings.enhance {
            let (reply, answer) = async_channel::bounded(1);
            self.desk.order(Order::Make {
                name: Key::of(&path)
                    .map_or_else(|| path.path().display().to_string(), |key| key.name),
                bytes: bytes.clone(),
                settings: settings.clone(),
                reply,
            });
            let made = answer.recv().await;
            let made = made.unwrap_or_else(|_| Err("the worker has ended".to_owned()));
            match made {
                Err(why) => return Err(ProcessError::AssetTransformError(why.into())),
                Ok(made) if made.outcome == Outcome::Failed => {
                    return Err(ProcessError::AssetTransformError(made.why.into()));
                }
                Ok(made) => match made.content {
                    Content::Bytes(png) => png,
                    Content::File(_) => bytes,
                },
            }
        } else {
            bytes
        };
        let written = writer.write_all(&png).await;
        written.map_err(|error| ProcessError::AssetWriterError {
            path,
            err: error.into(),
        })?;
        let scale = (width(&png) / before).max(1);
        Ok(EnhancedSettings {
            enhance: false,
            cell: settings.cell.map(|cell| cell * scale),
            ..settings
        })
    }
}

fn width(png: &[u8]) -> u32 {
    uncanny_texture::probe(png).map_or(1, |(width, _)| width.max(1))
}

impl Desk {
    /// Which model there is.
    pub(crate) async fn fingerprint(&self) -> String {
        let (reply, answer) = async_channel::bounded(1);
        self.order(Order::Fingerprint(reply));
        answer.recv().await.unwrap_or_default()
    }
}

impl Worker {
    pub(crate) fn process(&mut self, order: Order) {
        // Who asked may be gone: then nobody waits for the answer.
        match order {
            Order::Fingerprint(reply) => drop(reply.send_blocking(self.fingerprint())),
            Order::Make {
                name,
                bytes,
                settings,
                reply,
            } => {
                let made = self.enhance(&name, &bytes, &settings);
                let made = made.map_err(|error| crate::models::explained(&error));
                drop(reply.send_blocking(made));
            }
        }
    }
}
