//! Hears from the system that files changed, and waits until their author has finished: `notify`, debounced.
//!
//! What is heard is never believed beyond "look there": the folder itself says what is in it. So renames need not be
//! put together nor events be sorted, which is what a debouncer of `notify`'s own would do.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::LeaveOut;
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
    _watcher: RecommendedWatcher,
}

#[derive(Default)]
struct Ear {
    heard: Mutex<Heard>,
    news: Condvar,
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
    pub(super) fn start(places: &Places<'_>) -> Result<Self, String> {
        let heard = Arc::new(Ear::default());
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
            _watcher: watcher,
        })
    }

    /// Why not everything is heard any more, if so.
    pub(super) fn deaf(&self) -> Option<String> {
        self.heard.lock().deaf.take()
    }

    /// What was heard, if its author has finished with it by now.
    pub(super) fn take(&self) -> Option<Batch> {
        let mut heard = self.heard.lock();
        (heard.ready_at()? <= Instant::now()).then(|| heard.take())
    }

    /// The same, but waits for it, until `deadline` at most.
    pub(super) fn wait(&self, deadline: Instant) -> Option<Batch> {
        let mut heard = self.heard.lock();
        loop {
            let now = Instant::now();
            let ready = heard.ready_at();
            if ready.is_some_and(|ready| ready <= now) {
                return Some(heard.take());
            }
            let until = ready.map_or(deadline, |ready| ready.min(deadline));
            if heard.deaf.is_some() || until <= now {
                return None;
            }
            heard = self
                .heard
                .news
                .wait_timeout(heard, until - now)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

impl Ear {
    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// No paths: something, somewhere.
    fn hear(&self, paths: Vec<PathBuf>) {
        let now = Instant::now();
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

/// Between two looks at a broken file; each wait is twice the one before.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// So many looks are taken, over three seconds.
const LOOKS: u32 = 6;

impl Patience {
    /// A file is broken. Whether that was its last chance: it is named as broken then.
    pub(super) fn broken(&mut self, name: &str, touched: bool) -> bool {
        let now = Instant::now();
        let (looks, due) = self.waiting.get(name).copied().unwrap_or((0, now));
        if !touched && looks > 0 && (looks > LOOKS || now < due) {
            return false;
        }
        let looks = if touched { 1 } else { looks + 1 };
        let wait = FIRST_WAIT * 2_u32.pow(looks.min(LOOKS) - 1);
        self.waiting.insert(name.to_owned(), (looks, now + wait));
        looks == LOOKS + 1
    }

    /// It was read, or is gone.
    pub(super) fn keep(&mut self, is_broken: impl Fn(&str) -> bool) {
        self.waiting.retain(|name, _| is_broken(name));
    }

    /// The files to look at now; those of them that have their last chance come second.
    pub(super) fn due(&self) -> (BTreeSet<String>, BTreeSet<String>) {
        let now = Instant::now();
        let due = self
            .waiting
            .iter()
            .filter(|(_, (looks, due))| *looks <= LOOKS && *due <= now);
        let last = due.clone().filter(|(_, (looks, _))| *looks == LOOKS);
        let names = |name: &String| name.clone();
        (
            due.map(|(name, _)| names(name)).collect(),
            last.map(|(name, _)| names(name)).collect(),
        )
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
        assert!(!patience.broken("a", true));
        assert!(patience.next().is_some());
        for look in 2..=LOOKS {
            patience.waiting.get_mut("a").unwrap().1 = Instant::now();
            assert!(patience.due().0.contains("a"));
            assert!(!patience.broken("a", false), "look {look}");
        }
        patience.waiting.get_mut("a").unwrap().1 = Instant::now();
        assert!(patience.due().1.contains("a"), "its last chance");
        assert!(patience.broken("a", false));
        assert_eq!(patience.next(), None);
        assert!(!patience.broken("a", false), "it is named once");
        assert!(!patience.broken("a", true), "and again after the next save");
        patience.keep(|_| false);
        assert_eq!(patience.next(), None);
    }
}
