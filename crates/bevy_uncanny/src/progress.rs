//! What a game sees of the work: how far it is, what happened, and the means to steer it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::thread::JoinHandle;

use bevy_asset::{AssetEvent, AssetId, AssetPath, AssetServer};
use bevy_ecs::change_detection::DetectChangesMut as _;
use bevy_ecs::message::{Message, MessageReader, MessageWriter};
use bevy_ecs::resource::Resource;
use bevy_ecs::system::{Res, ResMut};
use bevy_image::Image;

use crate::desk::{Desk, Key, Note};
use crate::loader::ORIGINAL;

/// Steers what is enhanced.
#[derive(Resource)]
pub struct Enhancer {
    pub(crate) desk: Arc<Desk>,
    pub(crate) worker: Option<JoinHandle<()>>,
    /// The images that are ours.
    pub(crate) known: HashMap<AssetId<Image>, Key>,
}

impl Enhancer {
    /// Uses another model from now on; all pictures that are loaded are made anew, from the cache where it has them.
    /// Until each is ready, the old one is shown. A model that there is not changes nothing: see
    /// [`EnhanceMessage::ModelFailed`].
    pub fn set_model(&self, name: &str) {
        self.desk.set_model(name);
    }

    /// The model's name. Empty when there is none: pictures are read as they are.
    #[must_use]
    pub fn model(&self) -> String {
        self.desk.model()
    }

    /// What it runs on, for people: `CPU, 3 threads`. Empty until the first moments have passed.
    #[must_use]
    pub fn device(&self) -> String {
        self.desk.device()
    }

    /// Says which images are seen, and so to be enhanced first, until the next call. The features `pbr` and `sprite`
    /// do that by themselves for what Bevy draws; this is for renderers of one's own, with
    /// [`visible_first`](crate::UncannyPlugin::visible_first) set to `false`.
    pub fn prioritise(&self, images: impl IntoIterator<Item = AssetId<Image>>) {
        let keys = images
            .into_iter()
            .filter_map(|image| self.known.get(&image));
        self.desk.set_visible(keys.cloned().collect());
    }

    /// Whether an image was loaded from `enhanced://` or `pack://`.
    #[must_use]
    pub fn knows(&self, image: AssetId<Image>) -> bool {
        self.known.contains_key(&image)
    }
}

impl Drop for Enhancer {
    fn drop(&mut self) {
        self.desk.close();
        // A network that is at work when its library is unloaded may crash.
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}

/// How far it is.
#[derive(Resource, Debug, Clone, Default, PartialEq)]
pub struct EnhanceProgress {
    /// Pictures that wait.
    pub queued: usize,
    /// The picture that is being made; of several, the first.
    pub current: Option<String>,
    /// Pictures made so far.
    pub finished: usize,
    /// Pictures that could not be made so far.
    pub failed: usize,
    /// How many of the finished ones came from the cache.
    pub cached: usize,
    /// How long the last one took, from the moment it was asked for.
    pub last_seconds: f64,
}

impl EnhanceProgress {
    /// Whether nothing waits and nothing is being made.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.queued == 0 && self.current.is_none()
    }
}

/// What happened to a picture.
#[derive(Message, Debug, Clone, PartialEq)]
pub enum EnhanceMessage {
    /// It is being made.
    Started {
        /// Where it lies.
        path: AssetPath<'static>,
    },
    /// It is ready, and shown within a frame or two: [`AssetEvent::Modified`] says when.
    Finished {
        /// Where it lies.
        path: AssetPath<'static>,
        /// From the moment it was asked for.
        seconds: f64,
        /// Whether the cache had it.
        cached: bool,
    },
    /// It could not be made: it is shown as it was.
    Failed {
        /// Where it lies.
        path: AssetPath<'static>,
        /// Why, for people.
        error: String,
    },
    /// There is no such model, or it does not load; the old one goes on.
    ModelFailed {
        /// Its name.
        model: String,
        /// Why, for people.
        error: String,
    },
}

/// Tells the app what the worker told, and has what is ready loaded.
pub(crate) fn receive(
    enhancer: Res<'_, Enhancer>,
    server: Res<'_, AssetServer>,
    mut progress: ResMut<'_, EnhanceProgress>,
    mut messages: MessageWriter<'_, EnhanceMessage>,
) {
    // Before the notes: what is told of is done, and so nothing is ever both told and still underway.
    let standing = enhancer.desk.standing();
    let mut next = EnhanceProgress {
        queued: standing.queued,
        current: standing.current.map(|key| key.asset_path().to_string()),
        ..progress.clone()
    };
    for note in enhancer.desk.take_notes() {
        match note {
            Note::Started(key) => {
                let path = key.asset_path();
                messages.write(EnhanceMessage::Started { path });
            }
            Note::Finished {
                key,
                seconds,
                cached,
            } => {
                next.finished += 1;
                next.cached += usize::from(cached);
                next.last_seconds = seconds;
                let path = key.asset_path();
                server.reload(path.clone());
                messages.write(EnhanceMessage::Finished {
                    path,
                    seconds,
                    cached,
                });
            }
            Note::Failed { key, error } => {
                next.failed += 1;
                let path = key.asset_path();
                messages.write(EnhanceMessage::Failed { path, error });
            }
            Note::ModelFailed { model, error } => {
                messages.write(EnhanceMessage::ModelFailed { model, error });
            }
        }
    }
    progress.set_if_neq(next);
}

/// Keeps up which images are ours, and forgets pictures that nobody has any more.
pub(crate) fn know(
    mut enhancer: ResMut<'_, Enhancer>,
    server: Res<'_, AssetServer>,
    mut events: MessageReader<'_, '_, AssetEvent<Image>>,
) {
    let mut gone = HashSet::new();
    for event in events.read() {
        match event {
            AssetEvent::Added { id } => {
                let path = server.get_path(*id);
                if let Some(key) = path.as_ref().and_then(Key::of) {
                    enhancer.known.insert(*id, key);
                }
            }
            AssetEvent::Removed { id } => gone.extend(enhancer.known.remove(id)),
            _ => {}
        }
    }
    for key in gone {
        // The picture as it was painted is another image of the same file, and somebody may have just loaded it anew.
        let path = key.asset_path();
        let original = path.clone().with_label(ORIGINAL);
        if server.get_path_id(path).is_none() && server.get_path_id(original).is_none() {
            enhancer.desk.forget(&key);
        }
    }
}
