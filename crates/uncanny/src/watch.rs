//! Keeps an output folder up with a folder that somebody works on: an artist saves, and the enhanced file is there.
//!
//! One thread does everything, a few files at a time, so that a new save need not wait for all that is in line before
//! it. What was heard of changes only says where to look ([`notices`]); what is stale the folder itself shows
//! ([`LivePack`]); the output changes file by file, each complete ([`Mirror`]).

mod clock;
mod notices;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use uncanny_pack::{Mirror, Put, Stamp};

use crate::live::{Content, Hints, Keep, LeaveOut, LivePack, LivePictures, Made, Make, News};
use crate::plan::chain;
use crate::{Cache, Error, Event, Models, Options, Outcome};
use clock::Clock;
use notices::{Batch, Notices, Patience, Places};

/// So many files are made before a new save is looked at.
const SLICE: usize = 32;
/// Between two looks at whether somebody wants us to stop, or the folder to go.
const TICK: Duration = Duration::from_millis(200);
/// New folders are listened to a little after they are there: what came in between shows in a second look.
const SECOND_LOOK: Duration = Duration::from_secs(1);
/// Between two looks at a folder that could not be read, or to which nothing can be written.
const TRY_AGAIN: Duration = Duration::from_secs(2);
/// Between two looks where the system does not tell of changes.
const POLL: Duration = Duration::from_secs(1);
/// After so many changes the cache is held to its bounds.
const CLEAN_AFTER: usize = 1000;

/// Folders of version control, which nobody wants twice.
const VERSIONS: [&str; 4] = [".git", ".hg", ".svn", ".jj"];

/// Everything that keeping up takes.
pub struct Watch<'a> {
    /// The folder that is worked on.
    pub input: &'a Path,
    /// The folder that is kept up. It may lie inside the input.
    pub output: &'a Path,
    /// Whether files of the output may be replaced that were not made here. Removed they never are.
    pub force: bool,
    /// The settings.
    pub options: Options,
    /// Where models come from.
    pub models: Box<dyn Models + 'a>,
    /// The settings' file.
    pub settings: Option<SettingsFile<'a>>,
    /// Finished textures of earlier runs.
    pub cache: Option<&'a Cache>,
    /// In a folder that is no pack: the cells of pictures that no sheet names.
    pub cell: Option<(u32, u32)>,
    /// Look so often instead of asking the system to tell.
    pub poll: Option<Duration>,
    /// Return when the output is up with the input.
    pub once: bool,
    /// Set from anywhere, it ends the watch.
    pub cancel: &'a AtomicBool,
    /// Hears what happens, from several threads.
    pub events: &'a (dyn Fn(WatchEvent) + Sync),
}

/// A settings file and a way to read it.
pub struct SettingsFile<'a> {
    /// Where it lies, or would.
    pub path: PathBuf,
    /// Reads it, or says what is wrong with it.
    pub read: &'a mut dyn FnMut() -> Result<NewSettings<'a>, String>,
}

/// Settings that were read.
pub struct NewSettings<'a> {
    /// The settings.
    pub options: Options,
    /// Models, where others are needed for them.
    pub models: Option<Box<dyn Models + 'a>>,
}

/// Something that happened during a watch.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WatchEvent {
    /// It begins, or begins again after the folder was gone.
    Watching {
        /// The folder.
        input: String,
        /// What is kept up.
        output: String,
        /// Seconds between two looks, where the system does not tell.
        #[serde(skip_serializing_if = "Option::is_none")]
        polling: Option<f64>,
    },
    /// How far it is within the files that are being made; not for machines.
    #[serde(skip)]
    Progress(Event),
    /// A file of the output was written.
    Written {
        /// Its name in both folders.
        name: String,
        /// How it went.
        outcome: Outcome,
        /// Why.
        #[serde(skip_serializing_if = "String::is_empty")]
        why: String,
        /// Whether it came from the cache.
        cached: bool,
        /// From when it was heard that it was saved; none in the first pass.
        #[serde(skip_serializing_if = "Option::is_none")]
        seconds: Option<f64>,
    },
    /// A file of the output was removed.
    Removed {
        /// Its name in both folders.
        name: String,
    },
    /// A file could not be read, made or written. It is left until the next save.
    Failed {
        /// Its name, or that of the folder.
        name: String,
        /// Why.
        why: String,
    },
    /// What failed is well again.
    Mended {
        /// Its name, or that of the folder.
        name: String,
    },
    /// Something the user should know.
    Warning {
        /// What.
        message: String,
    },
    /// The settings were read again.
    Settings {
        /// Their file.
        path: String,
    },
    /// The folder is gone, and waited for.
    Gone {
        /// The folder.
        input: String,
    },
    /// How it stands.
    Status {
        /// Files that wait to be made.
        queue: usize,
        /// Files that failed and were not saved since.
        failed: usize,
    },
    /// The output is up with the input.
    UpToDate {
        /// Files that were written since it last was.
        written: usize,
        /// Files that were removed.
        removed: usize,
        /// Files that failed and were not saved since.
        failed: usize,
        /// From the first of these changes on.
        seconds: f64,
    },
}

/// What a watch did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct WatchReport {
    /// Files written.
    pub written: usize,
    /// Files removed.
    pub removed: usize,
    /// Files that failed last time, by name, and why.
    pub failed: BTreeMap<String, String>,
    /// Whether it was told to stop.
    pub interrupted: bool,
}

/// Keeps the output up until told to stop.
///
/// # Errors
/// When it cannot begin: the folder is not there or is no pack, a model is missing, the output may not be written.
/// What goes wrong later is told as [`WatchEvent::Failed`].
pub fn watch(watch: Watch<'_>) -> Result<WatchReport, Error> {
    Keeper::new(watch)?.run()
}

/// The state of a watch.
struct Keeper<'a> {
    input: PathBuf,
    options: Options,
    models: Box<dyn Models + 'a>,
    settings: Option<SettingsFile<'a>>,
    cache: Option<&'a Cache>,
    once: bool,
    cancel: &'a AtomicBool,
    events: &'a (dyn Fn(WatchEvent) + Sync),

    /// The input with all links resolved, as it is listened to.
    root: PathBuf,
    identity: Stamp,
    live: Live,
    cell: Option<(u32, u32)>,
    mirror: Mirror,
    force: bool,
    clock: Clock,
    notices: Option<Notices>,
    /// Files that were touched when the folder could not be looked at.
    unseen: BTreeMap<String, Instant>,
    /// Between two looks, where nobody tells.
    poll: Option<Duration>,
    /// When to look whether or not anything was heard.
    look_at: Option<Instant>,
    patience: Patience,
    line: VecDeque<String>,
    /// When the files in line were saved.
    saved: BTreeMap<String, Instant>,
    /// Whether everything is new, and nobody waits for a single file.
    first_pass: bool,
    warned: HashSet<String>,
    /// The files that are named as broken.
    unreadable: BTreeSet<String>,
    /// The status that was told last.
    status: Option<(usize, usize)>,
    report: WatchReport,
    /// Since the output was last up with the input.
    round: Round,
    uncleaned: usize,
}

/// The folder, by what it is.
enum Live {
    /// A resource pack, and whether it is known to be one.
    Pack(Box<LivePack>, bool),
    Pictures(Box<LivePictures>),
}

/// What happened since the output was last up with the input.
struct Round {
    written: usize,
    removed: usize,
    since: Instant,
}

impl<'a> Keeper<'a> {
    fn new(watch: Watch<'a>) -> Result<Self, Error> {
        let Watch {
            input,
            output,
            force,
            options,
            models,
            settings,
            cache,
            cell,
            poll,
            once,
            cancel,
            events,
        } = watch;
        let opening = |source| Error::Pack {
            doing: "watch",
            path: input.to_owned(),
            source,
        };
        let root = uncanny_pack::folder(input).map_err(opening)?;
        let mirror = Mirror::open(output, input, force).map_err(|source| Error::Pack {
            doing: "write to",
            path: output.to_owned(),
            source,
        })?;
        let live = LivePack::new(&root, options.clone(), leave_out(&root, mirror.root()));
        let live = Live::Pack(Box::new(live), false);
        Ok(Self {
            input: input.to_owned(),
            options,
            models,
            settings,
            cache,
            once,
            cancel,
            events,
            identity: Stamp::at(&root).unwrap_or_default(),
            root,
            live,
            cell,
            mirror,
            force,
            clock: Clock::default(),
            notices: None,
            unseen: BTreeMap::new(),
            poll,
            look_at: None,
            patience: Patience::default(),
            line: VecDeque::new(),
            saved: BTreeMap::new(),
            first_pass: true,
            warned: HashSet::new(),
            unreadable: BTreeSet::new(),
            status: None,
            report: WatchReport::default(),
            round: Round::new(Instant::now()),
            uncleaned: 0,
        })
    }

    fn run(mut self) -> Result<WatchReport, Error> {
        if !self.once {
            self.listen();
        }
        self.look(Batch::default())?;
        loop {
            if self.cancel.load(Ordering::SeqCst) {
                self.report.interrupted = true;
                break;
            }
            if self.once && self.is_idle() {
                break;
            }
            self.turn();
        }
        if let Some(cache) = self.cache {
            cache.clean();
        }
        Ok(self.report)
    }

    /// Whether there is nothing to do until something is heard.
    fn is_idle(&self) -> bool {
        self.line.is_empty() && self.patience.next().is_none() && self.look_at.is_none()
    }

    /// Hears what there is to hear, and makes the first few files in line.
    fn turn(&mut self) {
        self.follow_root();
        if let Some(batch) = self.hear(self.line.is_empty())
            && let Err(error) = self.look(batch)
        {
            self.fail(&self.input.display().to_string(), chain(&error));
            self.try_again();
        }
        if !self.line.is_empty() {
            self.work();
        }
    }

    fn tell(&self, event: WatchEvent) {
        (self.events)(event);
    }

    /// Asks the system to tell of changes; where it does not, we look for ourselves.
    fn listen(&mut self) {
        let leave_out = Arc::new(leave_out(&self.root, self.mirror.root()));
        self.notices = None;
        if self.poll.is_none() {
            let places = Places {
                folder: &self.root,
                leave_out: &leave_out,
                file: self
                    .settings
                    .as_ref()
                    .map(|settings| settings.path.as_path()),
            };
            match Notices::start(&places, &self.clock) {
                Ok(notices) => self.notices = Some(notices),
                Err(why) => self.fall_back(&why),
            }
        }
        self.tell(WatchEvent::Watching {
            input: self.input.display().to_string(),
            output: self.mirror.root().display().to_string(),
            polling: self.poll.map(|poll| poll.as_secs_f64()),
        });
    }

    fn fall_back(&mut self, why: &str) {
        self.notices = None;
        self.poll = Some(POLL);
        self.look_by(POLL);
        self.warn(format!(
            "{why}. Until then the folder is looked through every second"
        ));
    }

    fn warn(&mut self, message: String) {
        tracing::warn!("{message}");
        self.tell(WatchEvent::Warning { message });
    }

    /// Notices when the folder goes, waits for it, and listens to it anew.
    fn follow_root(&mut self) {
        let there = |keeper: &Self| Stamp::at(&keeper.input);
        let mut now = there(self);
        if now.is_some_and(|now| now.same_file(&self.identity)) {
            return;
        }
        if now.is_none() {
            self.tell(WatchEvent::Gone {
                input: self.input.display().to_string(),
            });
            while now.is_none() && !self.cancel.load(Ordering::SeqCst) {
                self.clock.sleep(TICK);
                now = there(self);
            }
        }
        let (Some(identity), Ok(root)) = (now, uncanny_pack::folder(&self.input)) else {
            return;
        };
        (self.identity, self.root) = (identity, root);
        self.live
            .set_folder(&self.root, leave_out(&self.root, self.mirror.root()));
        self.listen();
        self.look_by(Duration::ZERO);
    }

    /// Something stands in the way that may go by itself.
    fn try_again(&mut self) {
        if !self.once {
            self.look_by(TRY_AGAIN);
        }
    }

    fn look_by(&mut self, wait: Duration) {
        let by = self.clock.now() + wait;
        self.look_at = Some(self.look_at.map_or(by, |at| at.min(by)));
    }

    /// What is to be looked at, if anything is by now; waits a moment for it when there is nothing else to do.
    fn hear(&mut self, idle: bool) -> Option<Batch> {
        if let Some(why) = self.notices.as_ref().and_then(Notices::deaf) {
            self.fall_back(&why);
        }
        let deadlines = [self.look_at, self.patience.next()];
        let tick = self.clock.now() + TICK;
        let deadline = deadlines.into_iter().flatten().fold(tick, Instant::min);
        let heard = match &self.notices {
            Some(notices) if idle => notices.wait(deadline),
            Some(notices) => notices.take(),
            None => {
                if idle {
                    let now = self.clock.now();
                    self.clock.sleep(deadline.saturating_duration_since(now));
                }
                None
            }
        };
        let now = self.clock.now();
        let due = [self.look_at, self.patience.next()];
        let due = due.into_iter().flatten().any(|at| at <= now);
        heard.or_else(|| due.then(Batch::default))
    }

    /// Looks at the folder, and puts what is stale in line.
    fn look(&mut self, batch: Batch) -> Result<(), Error> {
        let started = self.clock.now();
        self.look_at = None;
        if let Some(poll) = self.poll.filter(|_| !self.once) {
            self.look_by(poll);
        }
        let settings = self.settings.as_ref().map(|settings| settings.path.clone());
        if let Some(path) = settings
            && (batch.touches(&path) || self.poll.is_some())
        {
            self.read_settings(&path);
        }
        let mut touched = std::mem::take(&mut self.unseen);
        touched.extend(batch.names(&self.root));
        let turn = self.patience.turn(started, &touched);
        let hints = Hints {
            touched: touched.keys().chain(&turn.due).cloned().collect(),
            patience_is_out: turn.last.clone(),
            unaided: self.poll.is_some(),
        };
        let news = match self.reopen().and_then(|()| self.refresh(&hints)) {
            Ok(news) => news,
            Err(error) => {
                self.unseen = touched;
                return Err(error);
            }
        };
        self.mend(&self.input.display().to_string());
        if news.rearranged && !self.once {
            self.look_by(SECOND_LOOK);
        }
        let warnings: HashSet<String> = news.warnings.into_iter().collect();
        let new: Vec<String> = warnings.difference(&self.warned).cloned().collect();
        new.into_iter().for_each(|warning| self.warn(warning));
        self.warned = warnings;

        let looked = self.clock.now();
        for (name, why) in news.broken {
            let saved = touched.contains_key(&name) || news.changed.contains(&name);
            if self.patience.broken(&name, saved, &turn, looked) {
                self.fail(&name, why);
                self.unreadable.insert(name);
            }
        }
        let live = &self.live;
        self.patience.keep(|name| live.is_broken(name));
        let mended = self.unreadable.iter().filter(|name| !live.is_broken(name));
        for name in mended.cloned().collect::<Vec<_>>() {
            self.unreadable.remove(&name);
            self.mend(&name);
        }
        self.forget_failures();
        self.remove(news.gone);
        // What was saved comes first; then what was in line; then what follows from it.
        let when = batch.since.unwrap_or(started);
        for (name, since) in touched {
            self.saved.entry(name).or_insert(since);
        }
        let stale: BTreeSet<&String> = news.stale.iter().collect();
        self.saved.retain(|name, _| stale.contains(name));
        if !self.first_pass {
            for name in &news.stale {
                self.saved.entry(name.clone()).or_insert(when);
            }
        }
        let (first, rest): (Vec<String>, Vec<String>) = news
            .stale
            .into_iter()
            .partition(|name| hints.touched.contains(name));
        let was_idle = self.line.is_empty();
        self.line = first.into_iter().chain(rest).collect();
        if was_idle {
            self.round.since = when;
        }
        if self.line.is_empty() {
            self.settle();
        }
        Ok(())
    }

    /// Looks at the folder, as a pack or as a folder of pictures.
    fn refresh(&mut self, hints: &Hints) -> Result<News, Error> {
        let models = self.models.as_mut();
        let leave_out = leave_out(&self.root, self.mirror.root());
        match &mut self.live {
            Live::Pack(pack, was_one) => match pack.refresh(hints, models) {
                Err(Error::Pack {
                    source: uncanny_pack::Error::NoPack { .. },
                    ..
                }) if !*was_one => {
                    let options = self.options.clone();
                    let mut pictures = LivePictures::new(&self.root, options, self.cell, leave_out);
                    let news = pictures.refresh(hints, models);
                    self.live = Live::Pictures(Box::new(pictures));
                    news
                }
                news => {
                    *was_one |= news.is_ok();
                    news
                }
            },
            Live::Pictures(pictures) => {
                let news = pictures.refresh(hints, models)?;
                if !pictures.is_a_pack() {
                    return Ok(news);
                }
                // It has become one, and what was made of it must be made anew.
                let mut pack = LivePack::new(&self.root, self.options.clone(), leave_out);
                let news = pack.refresh(hints, models)?;
                self.live = Live::Pack(Box::new(pack), true);
                self.first_pass = true;
                Ok(news)
            }
        }
    }

    fn read_settings(&mut self, path: &Path) {
        let Some(settings) = &mut self.settings else {
            return;
        };
        let name = path.display().to_string();
        let NewSettings {
            options,
            models: mut new,
        } = match (settings.read)() {
            Ok(read) if read.options == self.options => return self.mend(&name),
            Ok(read) => read,
            Err(why) => return self.fail(&name, why),
        };
        // Settings that cannot work do not take the place of those that do.
        let models = new.as_mut().unwrap_or(&mut self.models);
        let missing = options
            .models()
            .filter(|model| *model != "nearest")
            .find_map(|model| {
                let error = models.info(model).err()?;
                Some(format!("the model {model:?}: {}", chain(error.as_ref())))
            });
        if let Some(why) = missing {
            return self.fail(&name, why);
        }
        if let Some(new) = new {
            self.models = new;
        }
        self.mend(&name);
        self.options = options.clone();
        self.live.set_options(options);
        self.tell(WatchEvent::Settings { path: name });
    }

    /// Makes the output anew if somebody removed it.
    fn reopen(&mut self) -> Result<(), Error> {
        if self.mirror.is_there() {
            return Ok(());
        }
        let output = self.mirror.root().to_owned();
        let writing = |source| Error::Pack {
            doing: "write to",
            path: output.clone(),
            source,
        };
        self.mirror = Mirror::open(&output, &self.input, self.force).map_err(writing)?;
        self.live.forget();
        Ok(())
    }

    /// Removes files that have no source any more.
    fn remove(&mut self, gone: Vec<String>) {
        let live = &self.live;
        // In the first pass, those that an earlier watch made as well.
        let orphans: Vec<String> = match self.first_pass {
            true => self
                .mirror
                .made()
                .filter(|name| !live.holds(name))
                .map(str::to_owned)
                .collect(),
            false => Vec::new(),
        };
        let names: BTreeSet<String> = gone.into_iter().chain(orphans).collect();
        // Of a folder, what is in it first.
        for name in names.into_iter().rev() {
            match self.mirror.remove(&name) {
                Ok(true) => {
                    self.report.removed += 1;
                    self.round.removed += 1;
                    self.tell(WatchEvent::Removed { name });
                }
                Ok(false) => {}
                Err(error) => self.fail(&name, chain(&error)),
            }
        }
        self.save();
    }

    /// Makes the first few files in line.
    fn work(&mut self) {
        if !self.mirror.is_there() {
            self.line.clear();
            self.look_by(Duration::ZERO);
            return;
        }
        let names: Vec<String> = self.line.drain(..SLICE.min(self.line.len())).collect();
        let announced = self.mirror.announce(names.iter().map(String::as_str));
        if let Err(error) = announced {
            // Nothing can be written: what was taken out of line is stale at the next look.
            self.cannot_write(&error);
            return;
        }
        let events = self.events;
        let progress = move |event: Event| events(WatchEvent::Progress(event));
        let make = Make {
            models: self.models.as_mut(),
            cache: self.cache,
            cancel: self.cancel,
            events: &progress,
        };
        let (mirror, clock) = (&mut self.mirror, &self.clock);
        let mut made: Vec<(Made, Result<Put, uncanny_pack::Error>, Instant)> = Vec::new();
        let result = self.live.make(&names, make, &mut |mut file| {
            let written = write(mirror, &mut file);
            made.push((file, written, clock.now()));
            Ok(())
        });
        let done: HashSet<String> = made.iter().map(|(file, ..)| file.name.clone()).collect();
        self.line.retain(|name| !done.contains(name));
        for (file, written, at) in made {
            self.account(file, written, at);
        }
        match result {
            Ok(()) if names.iter().all(|name| done.contains(name)) => {}
            // Interrupted, or somebody writes it right now.
            Ok(()) | Err(Error::Interrupted) => self.look_by(TICK),
            Err(error) => {
                self.fail(&self.input.display().to_string(), chain(&error));
                self.try_again();
            }
        }
        self.save();
        if self.line.is_empty() {
            self.settle();
        } else {
            self.tell_status();
        }
    }

    /// Tells of a file that was made, and written or not.
    fn account(&mut self, file: Made, written: Result<Put, uncanny_pack::Error>, at: Instant) {
        let Made {
            name,
            outcome,
            why,
            cached,
            ..
        } = file;
        let saved = self.saved.remove(&name);
        match written {
            Ok(put) => {
                if outcome == Outcome::Failed {
                    self.fail(&name, why.clone());
                } else {
                    self.mend(&name);
                }
                if put == Put::Written {
                    self.report.written += 1;
                    self.round.written += 1;
                    self.uncleaned += 1;
                    self.tell(WatchEvent::Written {
                        name,
                        outcome,
                        why,
                        cached,
                        seconds: saved.map(|saved| (at - saved).as_secs_f64()),
                    });
                }
            }
            Err(error) => {
                if !matches!(error, uncanny_pack::Error::Exists { .. }) {
                    self.live.undo(&name);
                    self.try_again();
                }
                self.fail(&name, chain(&error));
            }
        }
    }

    fn cannot_write(&mut self, error: &uncanny_pack::Error) {
        let output = self.mirror.root().display().to_string();
        self.fail(&output, chain(error));
        self.line.clear();
        self.try_again();
    }

    fn save(&mut self) {
        let output = self.mirror.root().display().to_string();
        match self.mirror.save() {
            Ok(()) => self.mend(&output),
            Err(error) => self.fail(&output, chain(&error)),
        }
    }

    /// Names a failure, once.
    fn fail(&mut self, name: &str, why: String) {
        if self.report.failed.get(name) != Some(&why) {
            self.tell(WatchEvent::Failed {
                name: name.to_owned(),
                why: why.clone(),
            });
            self.report.failed.insert(name.to_owned(), why);
        }
    }

    /// Nobody asks any more what was wrong with a file that is gone.
    fn forget_failures(&mut self) {
        let settings = self.settings.as_ref().map(|settings| &settings.path);
        let places = [Some(&self.input), settings].into_iter().flatten();
        let places: Vec<String> = places
            .map(PathBuf::as_path)
            .chain([self.mirror.root()])
            .map(|path| path.display().to_string())
            .collect();
        let live = &self.live;
        self.report
            .failed
            .retain(|name, _| live.holds(name) || places.contains(name));
    }

    fn mend(&mut self, name: &str) {
        if self.report.failed.remove(name).is_some() {
            self.tell(WatchEvent::Mended {
                name: name.to_owned(),
            });
        }
    }

    /// Nothing is in line any more.
    fn settle(&mut self) {
        // Whoever waits for the end wants to know of all that failed.
        if self.once && self.patience.next().is_some() {
            return;
        }
        let first = std::mem::take(&mut self.first_pass);
        let now = self.clock.now();
        let round = std::mem::replace(&mut self.round, Round::new(now));
        if first || round.written + round.removed > 0 {
            self.tell(WatchEvent::UpToDate {
                written: round.written,
                removed: round.removed,
                failed: self.report.failed.len(),
                seconds: (now - round.since).as_secs_f64(),
            });
        }
        if let Some(cache) = self.cache
            && (first || self.uncleaned >= CLEAN_AFTER)
        {
            self.uncleaned = 0;
            cache.clean();
        }
        self.tell_status();
    }

    fn tell_status(&mut self) {
        let (queue, failed) = (self.line.len(), self.report.failed.len());
        if self.status.replace((queue, failed)) != Some((queue, failed)) {
            self.tell(WatchEvent::Status { queue, failed });
        }
    }
}

impl Live {
    fn set_options(&mut self, options: Options) {
        match self {
            Self::Pack(live, _) => live.set_options(options),
            Self::Pictures(live) => live.set_options(options),
        }
    }

    fn set_folder(&mut self, path: &Path, leave_out: LeaveOut) {
        match self {
            Self::Pack(live, _) => live.set_folder(path, leave_out),
            Self::Pictures(live) => live.set_folder(path, leave_out),
        }
    }

    fn undo(&mut self, name: &str) {
        match self {
            Self::Pack(live, _) => live.undo(name),
            Self::Pictures(live) => live.undo(name),
        }
    }

    fn forget(&mut self) {
        match self {
            Self::Pack(live, _) => live.forget(),
            Self::Pictures(live) => live.forget(),
        }
    }

    fn holds(&self, name: &str) -> bool {
        match self {
            Self::Pack(live, _) => live.holds(name),
            Self::Pictures(live) => live.holds(name),
        }
    }

    fn is_broken(&self, name: &str) -> bool {
        match self {
            Self::Pack(live, _) => live.is_broken(name),
            Self::Pictures(live) => live.is_broken(name),
        }
    }

    fn make(&mut self, names: &[String], make: Make<'_>, keep: &mut Keep<'_>) -> Result<(), Error> {
        match self {
            Self::Pack(live, _) => live.make(names, make, keep),
            Self::Pictures(live) => live.make(names, make, keep),
        }
    }
}

impl Round {
    fn new(since: Instant) -> Self {
        Self {
            written: 0,
            removed: 0,
            since,
        }
    }
}

/// Writes what was made; its bytes are not needed any more then.
fn write(mirror: &mut Mirror, file: &mut Made) -> Result<Put, uncanny_pack::Error> {
    match std::mem::replace(&mut file.content, Content::Bytes(Vec::new())) {
        Content::Bytes(bytes) => mirror.put(&file.name, &bytes),
        Content::File(path) => mirror.copy(&file.name, &path),
    }
}

/// Leaves out the output, where it lies inside, and folders of version control.
fn leave_out(root: &Path, output: &Path) -> LeaveOut {
    let inside = output.strip_prefix(root).ok().map(|path| {
        let parts = path
            .components()
            .map(|part| part.as_os_str().to_string_lossy());
        parts.collect::<Vec<_>>().join("/") + "/"
    });
    Box::new(move |name| {
        let folder = |part: &str| VERSIONS.contains(&part);
        inside.as_ref().is_some_and(|inside| {
            name.starts_with(inside.as_str()) || *name == inside[..inside.len() - 1]
        }) || name.split('/').any(folder)
    })
}
