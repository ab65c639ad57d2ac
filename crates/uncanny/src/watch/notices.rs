//! Hears from the system that files changed, and waits until their author has finished: `notify`, debounced.
//!
//! What is heard is never believed beyond "look there": the folder itself says what is in it. So renames need not be
//! put together nor events be sorted, which is what a debouncer of `notify`'s own would do.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::LeaveOut;
use super::clock::Clock;
use notify::event::{AccessKind, AccessMode};
use notify::{ErrorKind, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

/// Nothing happened for so long: the author has finished.
const QUIET: Duration = Duration::from_millis(50);
/// However much goes on, nobody waits longer.
const LONGEST: Duration = Duration::from_millis(100);
/// Above this many files each of them is no longer told.
const MANY: usize = 20_000;

/// What was heard in one go.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The files that were touched, and when that was first heard.
    pub(super) paths: BTreeMap<PathBuf, Instant>,
    /// When the first was.
    pub(super) since: Option<Instant>,
}

/// Listens until dropped.
pub(super) struct Notices {
    heard: Arc<Ear>,
    /// None in tests that tell by themselves what changed.
    _watcher: Option<RecommendedWatcher>,
}

#[derive(Default)]
pub(super) struct Ear {
    heard: Mutex<Heard>,
    news: Condvar,
    clock: Clock,
}

#[derive(Default)]
struct Heard {
    paths: BTreeMap<PathBuf, Instant>,
    first: Option<Instant>,
    last: Option<Instant>,
    /// Why not everything is heard.
    deaf: Option<String>,
}

/// What is listened to.
pub(super) struct Places<'a> {
    /// A folder and all in it, with all links resolved.
    pub(super) folder: &'a Path,
    /// The names in it that are of no interest.
    pub(super) leave_out: &'a Arc<LeaveOut>,
    /// A single file elsewhere.
    pub(super) file: Option<&'a Path>,
}

impl Notices {
    /// Starts to listen.
    ///
    /// # Errors
    /// When the system cannot tell, with the reason and what can be done about it.
    pub(super) fn start(places: &Places<'_>, clock: &Clock) -> Result<Self, String> {
        let heard = Ear::new(clock);
        let ear = Arc::clone(&heard);
        let leave_out = Arc::clone(places.leave_out);
        let (folder, file) = (places.folder.to_owned(), places.file.map(Path::to_owned));
        let wanted = move |path: &Path| {
            let inside = path.starts_with(&folder)
                && !name_in(&folder, path).is_some_and(|name| leave_out(&name));
            inside || file.as_deref() == Some(path)
        };
        let handler = move |event: notify::Result<notify::Event>| match event {
            Ok(event) if event.need_rescan() => ear.hear(Vec::new()),
            Ok(event) if is_change(event.kind) => {
                let paths: Vec<PathBuf> = event
                    .paths
                    .into_iter()
                    .filter(|path| wanted(path))
                    .collect();
                if !paths.is_empty() {
                    ear.hear(paths);
                }
            }
            Ok(_) => {}
            Err(error) => ear.fail(explain(&error)),
        };
        let mut watcher = notify::recommended_watcher(handler).map_err(|error| explain(&error))?;
        watcher
            .watch(places.folder, RecursiveMode::Recursive)
            .map_err(|error| explain(&error))?;
        if let Some(folder) = places.file.and_then(Path::parent)
            && !folder.starts_with(places.folder)
        {
            // Editors replace files, and a watch of the file itself would stay with the old one.
            watcher
                .watch(folder, RecursiveMode::NonRecursive)
                .map_err(|error| explain(&error))?;
        }
        Ok(Self {
            heard,
            _watcher: Some(watcher),
        })
    }

    /// Notices of what is told to `ear`, and of nothing else.
    #[cfg(test)]
    pub(super) fn of(ear: &Arc<Ear>) -> Self {
        Self {
            heard: Arc::clone(ear),
            _watcher: None,
        }
    }

    /// Whether something was heard and not taken yet.
    #[cfg(test)]
    pub(super) fn is_waiting(&self) -> bool {
        self.heard.lock().ready_at().is_some()
    }

    /// Why not everything is heard any more, if so.
    pub(super) fn deaf(&self) -> Option<String> {
        self.heard.lock().deaf.take()
    }

    /// What was heard, if its author has finished with it by now.
    pub(super) fn take(&self) -> Option<Batch> {
        let mut heard = self.heard.lock();
        (heard.ready_at()? <= self.heard.clock.now()).then(|| heard.take())
    }

    /// The same, but waits for it, until `deadline` at most.
    pub(super) fn wait(&self, deadline: Instant) -> Option<Batch> {
        let mut heard = self.heard.lock();
        loop {
            let now = self.heard.clock.now();
            let ready = heard.ready_at();
            if ready.is_some_and(|ready| ready <= now) {
                return Some(heard.take());
            }
            let until = ready.map_or(deadline, |ready| ready.min(deadline));
            if heard.deaf.is_some() || until <= now {
                return None;
            }
            let ear = &self.heard;
            heard = ear.clock.wait(&ear.news, heard, until - now);
        }
    }
}

impl Ear {
    pub(super) fn new(clock: &Clock) -> Arc<Self> {
        Arc::new(Self {
            clock: clock.clone(),
            ..Self::default()
        })
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// No paths: something, somewhere.
    pub(super) fn hear(&self, paths: Vec<PathBuf>) {
        let now = self.clock.now();
        let mut heard = self.lock();
        heard.first.get_or_insert(now);
        heard.last = Some(now);
        for path in paths {
            if heard.paths.len() < MANY {
                heard.paths.entry(path).or_insert(now);
            }
        }
        drop(heard);
        self.news.notify_one();
    }

    fn fail(&self, why: String) {
        self.lock().deaf = Some(why);
        self.hear(Vec::new());
    }
}

impl Heard {
    /// When its author will have finished, as far as can be known now.
    fn ready_at(&self) -> Option<Instant> {
        Some((self.last? + QUIET).min(self.first? + LONGEST))
    }

    fn take(&mut self) -> Batch {
        self.last = None;
        Batch {
            paths: std::mem::take(&mut self.paths),
            since: self.first.take(),
        }
    }
}

/// Whether an event may mean other content. Reading is heard too, our own among it.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    }
}

/// What failed, and what to do about it.
fn explain(error: &notify::Error) -> String {
    let few = |what: &str, setting: &str| {
        format!(
            "the system lets no more {what} be watched; `sudo sysctl fs.inotify.{setting}` raises the limit"
        )
    };
    match &error.kind {
        ErrorKind::MaxFilesWatch => few("folders", "max_user_watches=524288"),
        ErrorKind::Io(error) if error.raw_os_error() == Some(EMFILE) => {
            few("programs' files", "max_user_instances=1024")
        }
        _ => format!("the system does not tell of changes: {error}"),
    }
}

/// Too many open files, or too many of the system's own lists of watches.
const EMFILE: i32 = 24;

impl Batch {
    /// The names of the touched files below `root`, parts separated by `/`, and when that was heard.
    pub(super) fn names(&self, root: &Path) -> BTreeMap<String, Instant> {
        let named = self.paths.iter();
        named
            .filter_map(|(path, since)| Some((name_in(root, path)?, *since)))
            .collect()
    }

    /// Whether this file was touched.
    pub(super) fn touches(&self, file: &Path) -> bool {
        self.paths.contains_key(file)
    }
}

/// The name of a file below `root`, parts separated by `/`.
fn name_in(root: &Path, path: &Path) -> Option<String> {
    let relative = path.strip_prefix(root).ok()?;
    let parts: Option<Vec<&str>> = relative
        .components()
        .map(|part| part.as_os_str().to_str())
        .collect();
    Some(parts?.join("/"))
}

/// Names that were not yet waited for long enough, and when to look at each again: what cannot be read may be half
/// written.
#[derive(Debug, Default)]
pub(super) struct Patience {
    waiting: BTreeMap<String, (u32, Instant)>,
}

/// What one look at the folder is to do about broken files. It is decided once, before the look: a file that becomes due
/// while others are looked at has not had that look, nor its last chance.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// To be looked at.
    pub(super) due: BTreeSet<String>,
    /// Those of them that have their last chance.
    pub(super) last: BTreeSet<String>,
}

/// Between two looks at a broken file; each wait is twice the one before.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// So many looks are taken, over three seconds.
const LOOKS: u32 = 6;

impl Patience {
    /// A file was broken in this turn's look, which has ended by `now`. Whether that was its last chance: it is named as
    /// broken then. `saved`: somebody has written it since the look before, and all begins anew.
    pub(super) fn broken(&mut self, name: &str, saved: bool, turn: &Turn, now: Instant) -> bool {
        let looks = match self.waiting.get(name) {
            Some((looks, _)) if !saved && turn.due.contains(name) => looks + 1,
            Some(_) if !saved => return false,
            _ => 1,
        };
        let wait = FIRST_WAIT * 2_u32.pow(looks.min(LOOKS) - 1);
        self.waiting.insert(name.to_owned(), (looks, now + wait));
        looks == LOOKS + 1
    }

    /// It was read, or is gone.
    pub(super) fn keep(&mut self, is_broken: impl Fn(&str) -> bool) {
        self.waiting.retain(|name, _| is_broken(name));
    }

    /// What to look at now. Files that were `touched` begin anew and need no last chance yet.
    pub(super) fn turn(&self, now: Instant, touched: &BTreeMap<String, Instant>) -> Turn {
        let due = self
            .waiting
            .iter()
            .filter(|(_, (looks, due))| *looks <= LOOKS && *due <= now);
        let last = due
            .clone()
            .filter(|(name, (looks, _))| *looks == LOOKS && !touched.contains_key(*name));
        Turn {
            last: last.map(|(name, _)| name.clone()).collect(),
            due: due.map(|(name, _)| name.clone()).collect(),
        }
    }

    /// When the next look is due.
    pub(super) fn next(&self) -> Option<Instant> {
        let waiting = self.waiting.values().filter(|(looks, _)| *looks <= LOOKS);
        waiting.map(|(_, due)| *due).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_for_quiet_but_not_for_ever() {
        let now = Instant::now();
        let ms = Duration::from_millis;
        let mut heard = Heard {
            first: Some(now),
            last: Some(now),
            ..Heard::default()
        };
        assert_eq!(heard.ready_at(), Some(now + QUIET));
        heard.last = Some(now + ms(30));
        assert_eq!(heard.ready_at(), Some(now + ms(80)));
        heard.last = Some(now + ms(90));
        assert_eq!(heard.ready_at(), Some(now + LONGEST));
        heard.take();
        assert_eq!(heard.ready_at(), None);
    }

    #[test]
    fn our_own_reading_is_no_change() {
        use notify::event::{CreateKind, DataChange, ModifyKind};
        for kind in [
            EventKind::Any,
            EventKind::Create(CreateKind::File),
            EventKind::Modify(ModifyKind::Data(DataChange::Any)),
            EventKind::Access(AccessKind::Close(AccessMode::Write)),
        ] {
            assert!(is_change(kind), "{kind:?}");
        }
        for kind in [
            EventKind::Access(AccessKind::Open(AccessMode::Any)),
            EventKind::Access(AccessKind::Close(AccessMode::Read)),
            EventKind::Access(AccessKind::Read),
        ] {
            assert!(!is_change(kind), "{kind:?}");
        }
    }

    #[test]
    fn limits_of_the_system_are_explained() {
        let few = notify::Error::new(ErrorKind::MaxFilesWatch);
        assert!(explain(&few).contains("sysctl fs.inotify.max_user_watches"));
        let none = notify::Error::io(std::io::Error::from_raw_os_error(EMFILE));
        assert!(explain(&none).contains("max_user_instances"));
    }

    #[test]
    fn patience_ends() {
        let mut patience = Patience::default();
        let mut now = Instant::now();
        let untouched = BTreeMap::new();
        assert!(!patience.broken("a", true, &Turn::default(), now));
        for look in 2..=LOOKS + 1 {
            now = patience.next().unwrap();
            let turn = patience.turn(now, &untouched);
            assert!(turn.due.contains("a"));
            assert_eq!(turn.last.contains("a"), look == LOOKS + 1, "look {look}");
            let named = patience.broken("a", false, &turn, now);
            assert_eq!(named, look == LOOKS + 1, "look {look}");
        }
        assert_eq!(patience.next(), None);
        let turn = patience.turn(now + Duration::from_secs(60), &untouched);
        assert!(turn.due.is_empty());
        assert!(!patience.broken("a", false, &turn, now), "it is named once");
        assert!(
            !patience.broken("a", true, &turn, now),
            "and again after the next save"
        );
        assert!(patience.next().is_some());
        patience.keep(|_| false);
        assert_eq!(patience.next(), None);
    }

    #[test]
    fn a_look_counts_only_for_what_was_due_before_it() {
        let mut patience = Patience::default();
        let mut now = Instant::now();
        let untouched = BTreeMap::new();
        patience.broken("a", true, &Turn::default(), now);
        for _ in 1..LOOKS {
            now = patience.next().unwrap();
            let turn = patience.turn(now, &untouched);
            patience.broken("a", false, &turn, now);
        }
        // A look for the sake of another file, which takes longer than this one would have had to wait.
        let turn = patience.turn(now, &untouched);
        assert!(turn.due.is_empty() && turn.last.is_empty());
        assert!(!patience.broken("a", false, &turn, now + Duration::from_secs(9)));
        let turn = patience.turn(now + Duration::from_secs(9), &untouched);
        assert!(turn.last.contains("a"), "its last chance is still to come");
        // Somebody writes it just then.
        let touched = BTreeMap::from([("a".to_owned(), now)]);
        assert!(
            patience
                .turn(now + Duration::from_secs(9), &touched)
                .last
                .is_empty()
        );
    }
}
