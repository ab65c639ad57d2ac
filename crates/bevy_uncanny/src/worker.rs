//! The one thread that enhances: it owns the models, the pack and the cache, and never touches Bevy's task pools, for
//! one long job there stops the frames of a small machine.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use bevy_asset::io::{AssetReaderError, ErasedAssetReader};
use bevy_tasks::block_on;
use uncanny::{
    Cache, Content, Error, Hints, LivePack, Made, Make, Models, Options, Outcome, chain,
    enhance_alone,
};

use crate::desk::{Desk, Finished, Hash, Job, Key, Note, Origin, Ready, Task, hash};
use crate::loader::decode_finished;
use crate::models::{ModelSource, explained};
use crate::picture::Layout;
use crate::settings::{Edges, EnhancedSettings};

/// Gives the reader of a source.
pub(crate) type OpenReader = Arc<dyn Fn() -> Box<dyn ErasedAssetReader> + Send + Sync>;

/// Everything that the worker is started with.
pub(crate) struct Plan {
    pub(crate) desk: Arc<Desk>,
    pub(crate) models: ModelSource,
    pub(crate) options: Options,
    pub(crate) cache: Option<Cache>,
    pub(crate) pack: Option<PathBuf>,
    pub(crate) assets_reader: OpenReader,
    pub(crate) pack_reader: Option<OpenReader>,
}

/// Starts the thread.
pub(crate) fn start(plan: Plan) -> JoinHandle<()> {
    std::thread::Builder::new()
        .name("uncanny".to_owned())
        .spawn(move || Worker::new(plan).run())
        .expect("the system has room for one more thread")
}

/// See the module.
pub(crate) struct Worker {
    desk: Arc<Desk>,
    models: Box<dyn Models>,
    options: Options,
    cache: Option<Cache>,
    assets: Box<dyn ErasedAssetReader>,
    pack: Option<Pack>,
}

/// A pack, and who reads it.
struct Pack {
    live: LivePack,
    reader: Box<dyn ErasedAssetReader>,
    looked: bool,
}

impl Worker {
    fn new(plan: Plan) -> Self {
        let Plan {
            desk,
            models,
            options,
            cache,
            pack,
            assets_reader,
            pack_reader,
        } = plan;
        let opened = models.open(&options);
        desk.set_device(opened.device);
        let pack = pack.zip(pack_reader).map(|(path, reader)| Pack {
            live: LivePack::new(&path, options.clone(), Box::new(is_left_out)),
            reader: reader(),
            looked: false,
        });
        Self {
            desk,
            models: opened.models,
            options,
            cache,
            assets: assets_reader(),
            pack,
        }
    }

    fn run(mut self) {
        loop {
            match self.desk.next() {
                Task::Close => break,
                Task::Model(name) => self.change_model(name),
                Task::Look(touched) => self.look(touched),
                #[cfg(feature = "processor")]
                Task::Process(order) => self.process(order),
                Task::Make(jobs) => {
                    let wanted = jobs.into_iter().filter(|job| self.is_wanted(job));
                    let jobs: Vec<Job> = wanted.collect();
                    match jobs.first().map(|job| job.key.origin) {
                        None => {}
                        Some(Origin::Assets) => jobs.into_iter().for_each(|job| self.make(job)),
                        Some(Origin::Pack) => self.make_of_pack(jobs),
                    }
                }
            }
        }
        if let Some(cache) = &self.cache {
            cache.clean();
        }
    }

    fn is_wanted(&self, job: &Job) -> bool {
        self.desk.settings(&job.key).is_some()
    }

    fn change_model(&mut self, name: String) {
        if name == self.options.model {
            return;
        }
        if let Err(error) = self.check_model(&name) {
            return self.desk.tell(Note::ModelFailed { model: name, error });
        }
        self.options.model.clone_from(&name);
        if let Some(pack) = &mut self.pack {
            pack.live.set_options(self.options.clone());
            pack.looked = false;
        }
        self.desk.model_changed(&name);
    }

    /// Changes whenever the output of the options could.
    #[cfg(feature = "processor")]
    pub(crate) fn fingerprint(&mut self) -> String {
        let model = self.options.model.clone();
        let info = self.models.info(&model);
        let model = info.map_or([0; 32], |info| info.fingerprint);
        let text = format!("{} {:?} {model:?}", uncanny_texture::REVISION, self.options);
        blake3::hash(text.as_bytes()).to_hex().to_string()
    }

    fn check_model(&mut self, name: &str) -> Result<(), String> {
        if name == "nearest" {
            return Ok(());
        }
        self.models
            .info(name)
            .map(drop)
            .map_err(|error| explained(&*error))
    }

    /// Makes a picture of the app's assets.
    fn make(&mut self, job: Job) {
        let Some(settings) = self.desk.settings(&job.key) else {
            return;
        };
        let bytes = match job.bytes.clone() {
            Some(bytes) => bytes,
            None => match read(&*self.assets, &job.key.name) {
                Ok(bytes) => bytes.into(),
                // It may be away for a moment, while it is replaced.
                Err(AssetReaderError::NotFound(_)) => return,
                Err(error) => return self.fail(&job.key, chain(&error)),
            },
        };
        let hash = hash(&bytes);
        if self.desk.is_made(&job.key, &hash, &settings) {
            return;
        }
        self.desk.tell(Note::Started(job.key.clone()));
        let made = self.enhance(&job.key.name, &bytes, &settings);
        // A newer save waits: it alone is to be seen.
        if self.desk.is_superseded(&job.key) {
            return;
        }
        let layout = Layout::of(&settings);
        match made {
            Ok(made) => self.finish(&job, &bytes, hash, made, layout, settings),
            Err(Error::Interrupted) => {}
            Err(error) => self.fail(&job.key, explained(&error)),
        }
    }

    /// A picture that no pack says anything of, by its settings.
    pub(crate) fn enhance(
        &mut self,
        name: &str,
        bytes: &[u8],
        settings: &EnhancedSettings,
    ) -> Result<Made, Error> {
        let mut options = self.options.clone();
        if let Some(model) = &settings.model {
            options.model.clone_from(model);
        }
        if let Some(fidelity) = settings.fidelity {
            options.fidelity = fidelity.clamp(0.0, 1.0);
        }
        let alone = settings.alone(&options);
        let make = Make {
            models: &mut *self.models,
            cache: self.cache.as_ref(),
            cancel: &self.desk.cancel,
            events: &|_| {},
        };
        enhance_alone(name, bytes, &alone, make)
    }

    /// Finds out what of the pack has changed, and sees to it that what is shown of that is made.
    fn look(&mut self, touched: BTreeSet<String>) {
        let loaded = self.desk.loaded(Origin::Pack);
        if loaded.is_empty() {
            return;
        }
        let Some(pack) = &mut self.pack else {
            return;
        };
        let hints = Hints {
            touched,
            ..Hints::default()
        };
        match pack.live.refresh(&hints, &mut *self.models) {
            Ok(news) => {
                let first = !std::mem::replace(&mut pack.looked, true);
                for warning in &news.warnings {
                    tracing::debug!("{warning}");
                }
                for (name, error) in news.broken {
                    if loaded.contains(&name) {
                        let key = pack_key(&name);
                        tracing::warn!("{}: {error}", key.asset_path());
                        self.desk.tell(Note::Failed { key, error });
                    }
                }
                // At first, everything is stale.
                if !first {
                    let stale = news.stale.into_iter().filter(|name| loaded.contains(name));
                    self.desk.make(stale.map(|name| pack_key(&name)));
                }
            }
            Err(error) => {
                let error = explained(&error);
                tracing::warn!("{error}");
                for name in loaded {
                    let key = pack_key(&name);
                    self.desk.tell(Note::Failed {
                        key,
                        error: error.clone(),
                    });
                }
            }
        }
    }

    fn make_of_pack(&mut self, jobs: Vec<Job>) {
        if self.pack.as_ref().is_some_and(|pack| !pack.looked) {
            self.look(BTreeSet::new());
        }
        let Some(pack) = self.pack.as_mut().filter(|pack| pack.looked) else {
            return;
        };
        for job in &jobs {
            self.desk.tell(Note::Started(job.key.clone()));
        }
        let names: Vec<String> = jobs.iter().map(|job| job.key.name.clone()).collect();
        let mut made: Vec<Made> = Vec::new();
        let make = Make {
            models: &mut *self.models,
            cache: self.cache.as_ref(),
            cancel: &self.desk.cancel,
            events: &|_| {},
        };
        let result = pack.live.make(&names, make, &mut |file| {
            made.push(file);
            Ok(())
        });
        match result {
            Ok(()) => {}
            Err(Error::Interrupted) => return,
            Err(error) => {
                let error = explained(&error);
                for job in &jobs {
                    self.fail(&job.key, error.clone());
                }
                return;
            }
        }
        let layouts: Vec<Layout> = made
            .iter()
            .map(|made| layout_in(&pack.live, &made.name))
            .collect();
        let mut missing: HashSet<&str> = names.iter().map(String::as_str).collect();
        for (made, layout) in made.into_iter().zip(layouts) {
            // Others of its group may have been made with it.
            let Some(name) = missing.take(made.name.as_str()) else {
                continue;
            };
            let Some(job) = jobs.iter().find(|job| job.key.name == name) else {
                continue;
            };
            self.finish_of_pack(job, made, layout);
        }
        let pack = self.pack.as_ref().filter(|_| !missing.is_empty());
        let Some(live) = pack.map(|pack| &pack.live) else {
            return;
        };
        // What is broken has been told of. What was written meanwhile is looked at again.
        let moving: Vec<&str> = missing
            .into_iter()
            .filter(|name| !live.is_broken(name))
            .collect();
        if !moving.is_empty() {
            self.desk.rest();
            for name in moving {
                self.desk.pack_changed(Some(name.to_owned()));
            }
        }
    }

    fn finish_of_pack(&mut self, job: &Job, made: Made, layout: Layout) {
        let Some(pack) = &self.pack else { return };
        let bytes = match job.bytes.clone() {
            Some(bytes) => bytes,
            None => match read(&*pack.reader, &job.key.name) {
                Ok(bytes) => bytes.into(),
                // It is gone again.
                Err(_) => return,
            },
        };
        let Some(settings) = self.desk.settings(&job.key) else {
            return;
        };
        if self.desk.is_superseded(&job.key) {
            return;
        }
        let own = Layout::of(&settings);
        let layout = Layout {
            cell: own.cell.or(layout.cell),
            repeats: match settings.edges {
                Edges::Auto => layout.repeats,
                _ => own.repeats,
            },
        };
        let hash = hash(&bytes);
        self.finish(job, &bytes, hash, made, layout, settings);
    }

    /// Hands a picture out that was made, if it was made well.
    fn finish(
        &self,
        job: &Job,
        bytes: &[u8],
        hash: Hash,
        made: Made,
        layout: Layout,
        settings: EnhancedSettings,
    ) {
        if made.outcome == Outcome::Failed {
            return self.fail(&job.key, made.why);
        }
        let enhanced = match made.content {
            Content::Bytes(bytes) => bytes,
            Content::File(_) => bytes.to_owned(),
        };
        let width = |png: &[u8]| uncanny_texture::probe(png).map_or(1, |(width, _)| width.max(1));
        let scale = (width(&enhanced) / width(bytes)).max(1);
        let finished = Finished {
            hash,
            turn: self.desk.turn(),
            original: bytes.to_owned(),
            enhanced,
            layouts: (layout, layout.scaled(scale)),
            settings: settings.clone(),
        };
        let ready: Ready = match decode_finished(&finished, &settings) {
            Ok(ready) => ready,
            Err(error) => return self.fail(&job.key, chain(&error)),
        };
        let note = Note::Finished {
            key: job.key.clone(),
            seconds: job.since.elapsed().as_secs_f64(),
            cached: made.cached,
        };
        self.desk.finish(&job.key, finished, ready, note);
    }

    fn fail(&self, key: &Key, error: String) {
        tracing::warn!("{}: {error}", key.asset_path());
        self.desk.tell(Note::Failed {
            key: key.clone(),
            error,
        });
    }
}

/// How the pack's rules cut a picture, and whether it repeats.
fn layout_in(live: &LivePack, name: &str) -> Layout {
    let row = live
        .plan()
        .and_then(|plan| plan.rows.iter().find(|row| row.name == name));
    let Some(row) = row else {
        return Layout::default();
    };
    Layout {
        cell: row
            .animation()
            .first()
            .map(|frame| (frame.width, frame.height)),
        repeats: row.edges == Some("wrap"),
    }
}

fn pack_key(name: &str) -> Key {
    Key::new(Origin::Pack, Path::new(name))
}

/// What programs keep beside a pack's files.
fn is_left_out(name: &str) -> bool {
    name.split('/')
        .any(|part| part.starts_with('.') && part.len() > 1)
}

fn read(reader: &dyn ErasedAssetReader, name: &str) -> Result<Vec<u8>, AssetReaderError> {
    block_on(async {
        let mut bytes = Vec::new();
        let mut file = reader.read(Path::new(name)).await?;
        file.read_to_end(&mut bytes).await?;
        Ok(bytes)
    })
}
