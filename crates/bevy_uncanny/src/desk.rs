//! What the game and the worker share: which pictures are loaded, what is to be done, what came of it.
//!
//! Everything is under one lock that is never held while anything is read, enhanced or decoded, so that no frame waits.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bevy_asset::AssetPath;
use bevy_asset::io::AssetSourceEvent;
use bevy_image::Image;
use uncanny::Options;

use crate::picture::Layout;
use crate::settings::EnhancedSettings;

/// The source with the app's own assets.
pub(crate) const ENHANCED: &str = "enhanced";
/// The source with a resource pack.
pub(crate) const PACK: &str = "pack";

/// So many pictures of a pack are made in one go, for full batches.
const TOGETHER: usize = 16;

/// Which of the two sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Origin {
    Assets,
    Pack,
}

/// A picture, by where it lies.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) origin: Origin,
    /// Parts separated by `/`.
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(origin: Origin, path: &Path) -> Self {
        let parts: Vec<_> = path
            .components()
            .map(|part| part.as_os_str().to_string_lossy())
            .collect();
        Self {
            origin,
            name: parts.join("/"),
        }
    }

    /// Of one of our sources, whatever the label.
    pub(crate) fn of(path: &AssetPath<'_>) -> Option<Self> {
        let origin = match path.source().as_str()? {
            ENHANCED => Origin::Assets,
            PACK => Origin::Pack,
            _ => return None,
        };
        Some(Self::new(origin, path.path()))
    }

    pub(crate) fn asset_path(&self) -> AssetPath<'static> {
        let source = match self.origin {
            Origin::Assets => ENHANCED,
            Origin::Pack => PACK,
        };
        AssetPath::from_path_buf(self.name.clone().into()).with_source(source)
    }
}

pub(crate) type Hash = [u8; 32];

pub(crate) fn hash(bytes: &[u8]) -> Hash {
    *blake3::hash(bytes).as_bytes()
}

/// A picture that was loaded.
struct Picture {
    settings: EnhancedSettings,
    finished: Option<Arc<Finished>>,
    /// The same, ready to be handed out, once.
    ready: Option<Box<Ready>>,
}

/// What became of a picture.
pub(crate) struct Finished {
    /// Of the file that it was made of.
    pub(crate) hash: Hash,
    /// Counts changes of the model.
    pub(crate) turn: u64,
    pub(crate) original: Vec<u8>,
    pub(crate) enhanced: Vec<u8>,
    /// Of the original and the enhanced picture.
    pub(crate) layouts: (Layout, Layout),
    pub(crate) settings: EnhancedSettings,
}

/// Both pictures as textures.
pub(crate) struct Ready {
    pub(crate) original: Image,
    pub(crate) enhanced: Image,
}

/// What the loader is told.
pub(crate) enum Answer {
    Ready(Box<Ready>),
    /// Finished, to be decoded.
    Finished(Arc<Finished>),
    /// It will be made; meanwhile it is enlarged by this.
    Waiting(u32),
}

/// A picture that is to be made.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) key: Key,
    /// Its file, if somebody has read it.
    pub(crate) bytes: Option<Arc<[u8]>>,
    pub(crate) since: Instant,
}

/// What the worker is to do next.
pub(crate) enum Task {
    Close,
    /// Use another model.
    Model(String),
    /// Files of the pack have changed; all of them may have if none is named.
    Look(BTreeSet<String>),
    /// Pictures of one source; of the assets, one.
    Make(Vec<Job>),
    /// Any of the asset processor's.
    #[cfg(feature = "processor")]
    Process(crate::process::Order),
}

/// What the worker has to tell.
#[derive(Debug)]
pub(crate) enum Note {
    Started(Key),
    Finished {
        key: Key,
        seconds: f64,
        cached: bool,
    },
    Failed {
        key: Key,
        error: String,
    },
    ModelFailed {
        model: String,
        error: String,
    },
}

#[derive(Default)]
struct State {
    pictures: HashMap<Key, Picture>,
    jobs: VecDeque<Job>,
    /// What is being made.
    current: Vec<Job>,
    visible: HashSet<Key>,
    changed: Option<BTreeSet<String>>,
    wanted_model: Option<String>,
    model: String,
    device: String,
    turn: u64,
    notes: Vec<Note>,
    #[cfg(feature = "processor")]
    orders: VecDeque<crate::process::Order>,
    closing: bool,
}

/// See the module.
pub(crate) struct Desk {
    state: Mutex<State>,
    wake: Condvar,
    /// Stops the work that is going on.
    pub(crate) cancel: AtomicBool,
    /// There is no model: pictures are read as they are.
    pub(crate) prepared: bool,
    /// Bevy's asset processor has enhanced the app's assets, or is to.
    pub(crate) processed: AtomicBool,
    /// For how large pictures will become.
    options: Options,
}

/// How far it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Standing {
    pub(crate) queued: usize,
    pub(crate) current: Option<Key>,
}

impl Desk {
    pub(crate) fn new(model: Option<&str>, options: Options) -> Self {
        Self {
            state: Mutex::new(State {
                model: model.unwrap_or_default().to_owned(),
                ..State::default()
            }),
            wake: Condvar::new(),
            cancel: AtomicBool::new(false),
            prepared: model.is_none(),
            processed: AtomicBool::new(false),
            options,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The loader has read a picture: what to show of it. Sees to it that it is made, unless it is.
    pub(crate) fn load(
        &self,
        key: &Key,
        bytes: &[u8],
        size: (u32, u32),
        settings: &EnhancedSettings,
    ) -> Answer {
        let hash = hash(bytes);
        let mut state = self.lock();
        let turn = state.turn;
        let picture = state
            .pictures
            .entry(key.clone())
            .or_insert_with(|| Picture {
                settings: settings.clone(),
                finished: None,
                ready: None,
            });
        if picture.settings != *settings {
            picture.settings = settings.clone();
            picture.ready = None;
        }
        let answer = match (picture.ready.take(), &picture.finished) {
            (Some(ready), _) => Answer::Ready(ready),
            (None, Some(finished)) => Answer::Finished(finished.clone()),
            (None, None) => Answer::Waiting(settings.alone(&self.options).scale(size)),
        };
        let made = picture.finished.as_ref().is_some_and(|finished| {
            finished.hash == hash && finished.turn == turn && finished.settings == *settings
        });
        // What waits without bytes will read the newest.
        let waits = state
            .jobs
            .iter()
            .any(|job| job.key == *key && job.bytes.is_none());
        if !made && !waits {
            self.queue(&mut state, key.clone(), Some(bytes.into()));
        }
        answer
    }

    /// What was last made of a picture.
    pub(crate) fn shown(&self, key: &Key) -> Option<Arc<Finished>> {
        self.lock().pictures.get(key)?.finished.clone()
    }

    /// In place of an older job for the same picture that has not begun.
    fn queue(&self, state: &mut State, key: Key, bytes: Option<Arc<[u8]>>) {
        let since = Instant::now();
        match state.jobs.iter_mut().find(|job| job.key == key) {
            Some(job) => job.bytes = bytes,
            None => state.jobs.push_back(Job { key, bytes, since }),
        }
        self.wake.notify_all();
    }

    /// Something happened to files of a source. Returns what the asset server must hear of it now: of a picture that is
    /// shown it hears when the new one is ready.
    pub(crate) fn event(&self, origin: Origin, event: AssetSourceEvent) -> Vec<AssetSourceEvent> {
        use AssetSourceEvent as Event;
        if self.processed.load(Ordering::Relaxed) && origin == Origin::Assets {
            return match event {
                Event::RenamedAsset { old, new } => {
                    vec![Event::RemovedAsset(old), Event::ModifiedAsset(new)]
                }
                event => vec![event],
            };
        }
        match event {
            Event::AddedAsset(path) => self.changed(origin, &path, Event::AddedAsset(path.clone())),
            Event::ModifiedAsset(path) | Event::RenamedAsset { new: path, .. } => {
                self.changed(origin, &path, Event::ModifiedAsset(path.clone()))
            }
            Event::RenamedMeta { new, .. } | Event::AddedMeta(new) => {
                vec![Event::ModifiedMeta(new)]
            }
            Event::AddedFolder(folder) | Event::RenamedFolder { new: folder, .. } => {
                let below = Key::new(origin, &folder).name + "/";
                let mut state = self.lock();
                let keys: Vec<Key> = state
                    .pictures
                    .keys()
                    .filter(|key| key.origin == origin && key.name.starts_with(&below))
                    .cloned()
                    .collect();
                match origin {
                    Origin::Assets => {
                        for key in keys {
                            self.queue(&mut state, key, None);
                        }
                    }
                    Origin::Pack => self.touch(&mut state, None),
                }
                vec![Event::AddedFolder(folder)]
            }
            event @ (Event::RemovedAsset(_)
            | Event::RemovedFolder(_)
            | Event::RemovedUnknown { .. })
                if origin == Origin::Pack =>
            {
                self.touch(&mut self.lock(), None);
                vec![event]
            }
            event => vec![event],
        }
    }

    fn changed(
        &self,
        origin: Origin,
        path: &Path,
        event: AssetSourceEvent,
    ) -> Vec<AssetSourceEvent> {
        if self.prepared {
            return vec![event];
        }
        let key = Key::new(origin, path);
        let mut state = self.lock();
        if origin == Origin::Pack {
            self.touch(&mut state, Some(key.name.clone()));
        }
        let shown = state
            .pictures
            .get(&key)
            .is_some_and(|picture| picture.finished.is_some());
        if !shown {
            return vec![event];
        }
        if origin == Origin::Assets {
            self.queue(&mut state, key, None);
        }
        Vec::new()
    }

    /// The pack has changed, this file of it or any.
    pub(crate) fn pack_changed(&self, name: Option<String>) {
        self.touch(&mut self.lock(), name);
    }

    fn touch(&self, state: &mut State, name: Option<String>) {
        state.changed.get_or_insert_default().extend(name);
        self.wake.notify_all();
    }

    /// Pictures that are loaded, of a source.
    pub(crate) fn loaded(&self, origin: Origin) -> HashSet<String> {
        let state = self.lock();
        let keys = state.pictures.keys().filter(|key| key.origin == origin);
        keys.map(|key| key.name.clone()).collect()
    }

    /// Makes pictures anew from what their files hold now.
    pub(crate) fn make(&self, keys: impl IntoIterator<Item = Key>) {
        let mut state = self.lock();
        for key in keys {
            self.queue(&mut state, key, None);
        }
    }

    /// Nobody has the picture any more.
    pub(crate) fn forget(&self, key: &Key) {
        let mut state = self.lock();
        state.pictures.remove(key);
        state.jobs.retain(|job| job.key != *key);
    }

    /// What is seen, and so comes first.
    pub(crate) fn set_visible(&self, keys: HashSet<Key>) {
        self.lock().visible = keys;
    }

    pub(crate) fn set_model(&self, name: &str) {
        let mut state = self.lock();
        state.wanted_model = Some(name.to_owned());
        self.wake.notify_all();
    }

    /// The model that is used, or will be as soon as the worker comes to it.
    pub(crate) fn model(&self) -> String {
        let state = self.lock();
        state.wanted_model.as_ref().unwrap_or(&state.model).clone()
    }

    pub(crate) fn device(&self) -> String {
        self.lock().device.clone()
    }

    pub(crate) fn standing(&self) -> Standing {
        let state = self.lock();
        Standing {
            queued: state.jobs.len(),
            current: state.current.first().map(|job| job.key.clone()),
        }
    }

    pub(crate) fn take_notes(&self) -> Vec<Note> {
        std::mem::take(&mut self.lock().notes)
    }

    /// Ends the worker.
    pub(crate) fn close(&self) {
        self.cancel.store(true, Ordering::Relaxed);
        let mut state = self.lock();
        state.closing = true;
        #[cfg(feature = "processor")]
        state.orders.clear();
        self.wake.notify_all();
    }
}

/// What the worker asks and says.
impl Desk {
    /// Waits until there is something to do.
    pub(crate) fn next(&self) -> Task {
        let mut state = self.lock();
        loop {
            state.current.clear();
            if state.closing {
                return Task::Close;
            }
            if let Some(model) = state.wanted_model.take() {
                return Task::Model(model);
            }
            #[cfg(feature = "processor")]
            if let Some(order) = state.orders.pop_front() {
                return Task::Process(order);
            }
            if let Some(names) = state.changed.take() {
                return Task::Look(names);
            }
            let jobs = state.take_jobs();
            if !jobs.is_empty() {
                state.current.clone_from(&jobs);
                return Task::Make(jobs);
            }
            state = self
                .wake
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    #[cfg(feature = "processor")]
    pub(crate) fn order(&self, order: crate::process::Order) {
        let mut state = self.lock();
        if !state.closing {
            match order {
                // The processor cannot begin before it is told.
                crate::process::Order::Fingerprint(_) => state.orders.push_front(order),
                crate::process::Order::Make { .. } => state.orders.push_back(order),
            }
        }
        self.wake.notify_all();
    }

    /// Lets a moment pass, for a file that is just being written.
    pub(crate) fn rest(&self) {
        let state = self.lock();
        let closing = |state: &mut State| !state.closing;
        drop(
            self.wake
                .wait_timeout_while(state, Duration::from_millis(50), closing),
        );
    }

    pub(crate) fn tell(&self, note: Note) {
        self.lock().notes.push(note);
    }

    pub(crate) fn settings(&self, key: &Key) -> Option<EnhancedSettings> {
        let state = self.lock();
        state
            .pictures
            .get(key)
            .map(|picture| picture.settings.clone())
    }

    /// Whether this is what was last made of the picture, with the model as it is.
    pub(crate) fn is_made(&self, key: &Key, hash: &Hash, settings: &EnhancedSettings) -> bool {
        let state = self.lock();
        let finished = state
            .pictures
            .get(key)
            .and_then(|picture| picture.finished.as_ref());
        finished.is_some_and(|finished| {
            finished.hash == *hash && finished.turn == state.turn && finished.settings == *settings
        })
    }

    /// Whether a newer job for the same picture waits: then what comes of the old one interests nobody.
    pub(crate) fn is_superseded(&self, key: &Key) -> bool {
        self.lock().jobs.iter().any(|job| job.key == *key)
    }

    pub(crate) fn turn(&self) -> u64 {
        self.lock().turn
    }

    /// A picture is ready, if it is still wanted.
    pub(crate) fn finish(&self, key: &Key, finished: Finished, ready: Ready, note: Note) {
        let mut state = self.lock();
        if let Some(picture) = state.pictures.get_mut(key)
            && picture.settings == finished.settings
        {
            picture.finished = Some(Arc::new(finished));
            picture.ready = Some(Box::new(ready));
            state.notes.push(note);
        }
    }

    /// The model is another one now; all that is loaded is to be made anew.
    pub(crate) fn model_changed(&self, name: &str) {
        let mut state = self.lock();
        state.model = name.to_owned();
        state.turn += 1;
        let keys: Vec<Key> = state.pictures.keys().cloned().collect();
        for key in keys {
            self.queue(&mut state, key, None);
        }
    }

    pub(crate) fn set_device(&self, device: String) {
        self.lock().device = device;
    }
}

impl State {
    /// The jobs that come next: what is seen first, then what has waited longest.
    fn take_jobs(&mut self) -> Vec<Job> {
        let seen = |job: &Job| self.visible.contains(&job.key);
        let first = self.jobs.iter().position(seen).unwrap_or(0);
        let Some(first) = self.jobs.remove(first) else {
            return Vec::new();
        };
        let mut jobs = vec![first];
        if jobs[0].key.origin == Origin::Pack {
            let is_seen = self.visible.contains(&jobs[0].key);
            let mut rest = VecDeque::new();
            for job in self.jobs.drain(..) {
                let alike =
                    job.key.origin == Origin::Pack && self.visible.contains(&job.key) == is_seen;
                if alike && jobs.len() < TOGETHER {
                    jobs.push(job);
                } else {
                    rest.push_back(job);
                }
            }
            self.jobs = rest;
        }
        jobs
    }
}
