//! A resource pack in a folder or zip that changes: the plan of a conversion kept up, and carried out file by file.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use uncanny_pack::{Entry, Listing, Pack, PackFormat, PackLimits, Rules};
use uncanny_texture::Recipe;

use super::files::{Change, Files};
use super::{Content, Hints, Keep, LeaveOut, Made, Make, News};
use crate::plan::{Job, Plan, chain, is_companion};
use crate::run::{Fate, Shared, enhance, report_row};
use crate::{Error, Models, Options, Outcome};

/// A pack in a folder that changes, or in a zip that is replaced.
///
/// ```no_run
/// # fn main() -> Result<(), uncanny::Error> {
/// use uncanny::{Baselines, LivePack, Make, Options};
/// let scale = uncanny_texture::Scale::new(8).expect("8 is a scale");
/// let config = uncanny::Config { model: Some("lanczos".to_owned()), ..Default::default() };
/// let options = Options::new(config, Default::default())?;
/// let mut models = Baselines::new(scale);
/// let mut pack = LivePack::new("my-pack".as_ref(), options, Box::new(|_| false));
/// pack.refresh(&Default::default(), &mut models)?;
/// // One texture, by the pack's rules:
/// let dirt = "assets/minecraft/textures/block/dirt.png".to_owned();
/// let make = Make { models: &mut models, cache: None, cancel: &Default::default(), events: &|_| {} };
/// pack.make(&[dirt], make, &mut |made| {
///     println!("{}: {:?}", made.name, made.outcome);
///     Ok(())
/// })?;
/// # Ok(())
/// # }
/// ```
pub struct LivePack {
    path: PathBuf,
    leave_out: LeaveOut,
    options: Options,
    files: Files,
    now: Option<Now>,
    /// The rules must be read, or the plan be made, before `now` is true.
    rules_are_old: bool,
    plan_is_old: bool,
    /// The rules were read while something could not be.
    in_doubt: bool,
    /// Counts changes of what sidecars depend on beside their own text and texture.
    turns: u64,
    /// What was made last of each file, well or not.
    tried: HashMap<String, (u64, Goal)>,
    /// The textures that are scaled in what was made.
    scaled: HashSet<String>,
}

/// The pack as it was last understood.
struct Now {
    pack: Pack,
    rules: Rules,
    plan: Plan,
    rows: HashMap<String, usize>,
    groups: HashMap<usize, Group>,
}

/// Textures that share their fate.
#[derive(Default)]
struct Group {
    rows: Vec<usize>,
    /// Of all their names.
    hash: [u8; 32],
}

/// What a file is to become.
#[derive(Clone, PartialEq)]
enum Goal {
    Original,
    /// A sidecar or the like; the turn in which it was decided.
    Companion(u64),
    Scaled {
        recipe: Recipe,
        model: Option<[u8; 32]>,
        /// Which textures share its fate.
        group: Option<[u8; 32]>,
    },
}

impl LivePack {
    /// A pack in the folder or zip `path`, without what `leave_out` names. Looks at nothing yet.
    #[must_use]
    pub fn new(path: &Path, options: Options, leave_out: LeaveOut) -> Self {
        Self {
            path: path.to_owned(),
            leave_out,
            options,
            files: Files::default(),
            now: None,
            rules_are_old: true,
            plan_is_old: true,
            in_doubt: false,
            turns: 0,
            tried: HashMap::new(),
            scaled: HashSet::new(),
        }
    }

    /// Other settings, which the next [`refresh`](Self::refresh) heeds: what they do not change stays as it is.
    pub fn set_options(&mut self, options: Options) {
        self.options = options;
        self.plan_is_old = true;
        self.turns += 1;
    }

    /// The same pack, in another folder; what is alike in both is not made anew.
    pub fn set_folder(&mut self, path: &Path, leave_out: LeaveOut) {
        self.path = path.to_owned();
        self.leave_out = leave_out;
    }

    /// A file that was made did not get to its place: it is stale again.
    pub fn undo(&mut self, name: &str) {
        self.tried.remove(name);
    }

    /// Whether a file of this name could not be read when it was last looked at.
    #[must_use]
    pub fn is_broken(&self, name: &str) -> bool {
        self.files.is_broken(name)
    }

    /// Forgets what was made: all is stale.
    pub fn forget(&mut self) {
        self.tried.clear();
        self.scaled.clear();
    }

    /// The plan, once there is one.
    #[must_use]
    pub fn plan(&self) -> Option<&Plan> {
        self.now.as_ref().map(|now| &now.plan)
    }

    /// Whether there is such a file in the folder, readable or not.
    #[must_use]
    pub fn holds(&self, name: &str) -> bool {
        self.files.get(name).is_some() || self.files.is_broken(name)
    }

    /// Looks at the folder.
    ///
    /// # Errors
    /// When it cannot be listed, is no pack, or a model is missing. What was known is still known then, and the next
    /// look goes on from there.
    pub fn refresh(&mut self, hints: &Hints, models: &mut dyn Models) -> Result<News, Error> {
        let path = self.path.clone();
        let opening = |source| Error::Pack {
            doing: "open",
            path: path.clone(),
            source,
        };
        let limits = PackLimits::default();
        let mut listing = Listing::of(&path, &limits, &*self.leave_out).map_err(opening)?;
        listing.settle().map_err(opening)?;
        let mut news = News::default();
        self.look(&listing, hints, &mut news);
        // A file that never could be read is not there yet.
        listing.retain(|entry| self.files.get(&entry.name).is_some());
        let pack = listing.into_pack().map_err(opening)?;
        let known = self.now.as_ref().map(|now| now.pack.entries());
        news.rearranged = known.is_none_or(|known| !same_names(known, pack.entries()));
        self.rules_are_old |= news.rearranged;
        self.understand(pack, models)?;
        self.compare(&mut news);
        Ok(news)
    }

    /// Looks at every file that may have changed.
    fn look(&mut self, listing: &Listing, hints: &Hints, news: &mut News) {
        let (mut rules, mut plan, mut mended) = (false, false, false);
        let changed = |change: Change<'_>| {
            let Change { name, old, new } = change;
            rules |= Rules::hang_on(name);
            if let (Some(old), Some(new)) = (old, new) {
                rules |= old.size() != new.size();
                plan |= !old.agrees(new);
            }
        };
        self.files
            .look(listing, hints, news, changed, || mended = true);
        self.rules_are_old |= rules || mended && self.in_doubt;
        self.plan_is_old |= plan;
    }

    /// Reads the rules and makes the plan, as far as the old ones do not hold.
    fn understand(&mut self, pack: Pack, models: &mut dyn Models) -> Result<(), Error> {
        let rules = match self.now.take() {
            Some(old) if !self.rules_are_old && !self.plan_is_old => {
                self.now = Some(Now { pack, ..old });
                return Ok(());
            }
            Some(old) if !self.rules_are_old => old.rules,
            _ => {
                self.in_doubt = self.files.any_broken();
                self.turns += 1;
                Rules::read(&pack)
            }
        };
        // Until all went well, nothing is known.
        self.rules_are_old = true;
        let files = &self.files;
        let look = |entry: usize| {
            let known = files.get(&pack.entries()[entry].name);
            let look = known.and_then(|known| known.look.clone());
            look.ok_or_else(|| "it was not looked at".to_owned())
        };
        let plan = Plan::by(&pack, &rules, &self.options, models, &look)?;
        if let Some(refusal) = &plan.refusal {
            return Err(Error::AtlasTooBig(refusal.clone()));
        }
        (self.rules_are_old, self.plan_is_old) = (false, false);
        let names = plan.rows.iter().enumerate();
        let rows = names.map(|(at, row)| (row.name.clone(), at)).collect();
        let mut groups: HashMap<usize, Group> = HashMap::new();
        for (at, row) in plan.rows.iter().enumerate() {
            if let Some(group) = row.job.as_ref().and_then(|job| job.group) {
                groups.entry(group).or_default().rows.push(at);
            }
        }
        for group in groups.values_mut() {
            let mut hasher = blake3::Hasher::new();
            for row in &group.rows {
                hasher.update(plan.rows[*row].name.as_bytes()).update(b"\0");
            }
            group.hash = *hasher.finalize().as_bytes();
        }
        self.now = Some(Now {
            pack,
            rules,
            plan,
            rows,
            groups,
        });
        Ok(())
    }

    /// Finds what is stale and what is gone.
    fn compare(&mut self, news: &mut News) {
        let Some(now) = &self.now else { return };
        news.warnings.clone_from(&now.plan.warnings);
        let entries = now.pack.entries();
        let names: HashSet<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        news.gone = self
            .tried
            .keys()
            .filter(|name| !names.contains(name.as_str()))
            .cloned()
            .collect();
        news.gone.sort();
        for name in &news.gone {
            self.tried.remove(name);
            self.scaled.remove(name);
        }
        let stale: BTreeSet<usize> = (0..entries.len())
            .filter(|at| self.is_stale(now, &entries[*at]))
            .collect();
        // A group is made whole, or not as long as a part of it cannot be read.
        let mut wanted = BTreeSet::new();
        for entry in &stale {
            let members = now.group_of(&entries[*entry].name);
            let names = members.iter().map(|row| &now.plan.rows[*row]);
            if names.clone().any(|row| self.files.is_broken(&row.name)) {
                continue;
            }
            wanted.extend(names.map(|row| row.entry));
            if members.is_empty() && !self.files.is_broken(&entries[*entry].name) {
                wanted.insert(*entry);
            }
        }
        let (after, before): (Vec<usize>, Vec<usize>) = wanted
            .into_iter()
            .partition(|entry| is_companion(&entries[*entry].name));
        let all = before.into_iter().chain(after);
        news.stale = all.map(|entry| entries[entry].name.clone()).collect();
    }

    fn is_stale(&self, now: &Now, entry: &Entry) -> bool {
        let Some(known) = self.files.get(&entry.name) else {
            return false;
        };
        match self.tried.get(&entry.name) {
            None => true,
            Some((change, goal)) => {
                *change != known.change || !now.aims_at(&entry.name, goal, self.turns)
            }
        }
    }

    /// Makes these files, those that must have the same fate, and the sidecars that change with them. What cannot be
    /// read any more is not made; the next [`refresh`](Self::refresh) says of it what there is to say.
    ///
    /// # Errors
    /// When nothing was looked at yet, the work is stopped, or `keep` fails.
    pub fn make(
        &mut self,
        names: &[String],
        make: Make<'_>,
        keep: &mut Keep<'_>,
    ) -> Result<(), Error> {
        let Some(now) = self.now.take() else {
            return Ok(());
        };
        let result = self.make_now(&now, names, make, keep);
        self.now = Some(now);
        result
    }

    fn make_now(
        &mut self,
        now: &Now,
        names: &[String],
        make: Make<'_>,
        keep: &mut Keep<'_>,
    ) -> Result<(), Error> {
        let mut textures = BTreeSet::new();
        let mut rest = Vec::new();
        let mut companions = BTreeSet::new();
        for name in names {
            if self.files.is_broken(name) {
                continue;
            }
            match now.rows.get(name) {
                Some(row) if now.plan.rows[*row].job.is_some() => {
                    textures.insert(*row);
                    textures.extend(now.group_of(name));
                }
                _ if is_companion(name) => drop(companions.insert(name.clone())),
                _ => rest.push(name),
            }
        }
        let was: Vec<(String, bool)> = textures
            .iter()
            .map(|row| &now.plan.rows[*row].name)
            .chain(rest.iter().copied())
            .map(|name| (name.clone(), self.scaled.contains(name)))
            .collect();
        self.make_textures(now, textures.into_iter().collect(), make, keep)?;
        for name in rest {
            self.copy(now, name, keep)?;
        }
        // What depends on a texture that is scaled now and was not, or the other way round.
        let turned: Vec<&String> = was
            .iter()
            .filter(|(name, was)| self.scaled.contains(name) != *was)
            .map(|(name, _)| name)
            .collect();
        if !turned.is_empty() {
            let sidecars = turned.iter().map(|name| format!("{name}.mcmeta"));
            companions.extend(sidecars.filter(|name| now.pack.find(name).is_some()));
            let entries = now.pack.entries().iter();
            let others = entries.filter(|entry| entry.name.ends_with(".properties"));
            companions.extend(others.map(|entry| entry.name.clone()));
        }
        for name in companions {
            self.follow(now, &name, keep)?;
        }
        Ok(())
    }

    fn make_textures(
        &mut self,
        now: &Now,
        textures: Vec<usize>,
        make: Make<'_>,
        keep: &mut Keep<'_>,
    ) -> Result<(), Error> {
        if textures.is_empty() {
            return Ok(());
        }
        let Make {
            models,
            cache,
            cancel,
            events,
        } = make;
        let mut finished: HashMap<usize, Vec<u8>> = HashMap::new();
        let shared = Shared::new(&now.pack, &now.plan, &textures, cache, cancel, events);
        let fates = enhance(&shared, &textures, models, &mut |row, png| {
            finished.insert(row, png);
            Ok(())
        })?;
        // A failure may only show that somebody is writing the file right now.
        let moving: HashSet<usize> = fates
            .iter()
            .filter(|(_, fate)| matches!(fate, Fate::Failed(_)))
            .filter(|(row, _)| self.is_moving(now, &now.plan.rows[**row].name))
            .flat_map(|(row, _)| {
                let members = now.group_of(&now.plan.rows[*row].name);
                members.iter().copied().chain([*row])
            })
            .collect();
        for (row, fate) in fates.iter().filter(|(row, _)| !moving.contains(row)) {
            let planned = &now.plan.rows[*row];
            let report = report_row(planned, Some(fate));
            let content = match finished.remove(row) {
                Some(png) if matches!(fate, Fate::Scaled { .. }) => {
                    self.scaled.insert(planned.name.clone());
                    Content::Bytes(png)
                }
                _ => {
                    self.scaled.remove(&planned.name);
                    match self.unchanged(now, &planned.name) {
                        Some(bytes) => Content::Bytes(bytes),
                        None => continue,
                    }
                }
            };
            let made = Made {
                name: report.name,
                content,
                outcome: report.outcome,
                why: report.why,
                cached: report.cached,
            };
            self.done(now, made, keep)?;
        }
        Ok(())
    }

    /// A file as it is.
    fn copy(&mut self, now: &Now, name: &str, keep: &mut Keep<'_>) -> Result<(), Error> {
        let Some(entry) = now.pack.find(name) else {
            return Ok(());
        };
        self.scaled.remove(name);
        let known = self.files.get(name);
        let content = if now.pack.entries()[entry].directory {
            Content::Bytes(Vec::new())
        } else if known.is_some_and(|known| known.hash.is_some()) {
            match self.unchanged(now, name) {
                Some(bytes) => Content::Bytes(bytes),
                None => return Ok(()),
            }
        } else if now.pack.format() == PackFormat::Zip {
            match now.pack.read(entry) {
                Ok(bytes) => Content::Bytes(bytes),
                // The next look says why.
                Err(_) => return Ok(()),
            }
        } else {
            // It is too large to be known by what it holds.
            Content::File(now.pack.place(entry))
        };
        let row = now.rows.get(name).map(|row| &now.plan.rows[*row]);
        let report = row.map(|row| report_row(row, None));
        let made = Made {
            name: name.to_owned(),
            content,
            outcome: report.as_ref().map_or(Outcome::Copied, |row| row.outcome),
            why: report.map(|row| row.why).unwrap_or_default(),
            cached: false,
        };
        self.done(now, made, keep)
    }

    /// A sidecar or the like, as it must be with the textures as they are made.
    fn follow(&mut self, now: &Now, name: &str, keep: &mut Keep<'_>) -> Result<(), Error> {
        // One that is gone, or being written, is news for the next look.
        let Some(bytes) = self.unchanged(now, name) else {
            return Ok(());
        };
        let scaled = |name: &str| self.scaled.contains(name);
        let (content, outcome, why) =
            match now.rules.companion(name, &bytes, now.plan.scale, &scaled) {
                Ok(Some(bytes)) => (
                    bytes,
                    Outcome::Rewritten,
                    "its numbers are pixels".to_owned(),
                ),
                Ok(None) => (bytes, Outcome::Copied, String::new()),
                Err(error) => (bytes, Outcome::Failed, chain(&error)),
            };
        let made = Made {
            name: name.to_owned(),
            content: Content::Bytes(content),
            outcome,
            why,
            cached: false,
        };
        self.done(now, made, keep)
    }

    /// Hands a file on and remembers that it was made.
    fn done(&mut self, now: &Now, made: Made, keep: &mut Keep<'_>) -> Result<(), Error> {
        let name = made.name.clone();
        keep(made)?;
        if let Some(known) = self.files.get(&name) {
            let goal = now.goal(&name, self.turns);
            self.tried.insert(name, (known.change, goal));
        }
        Ok(())
    }

    /// The bytes of a file, if they are those that were looked at, as far as that can be known.
    fn unchanged(&self, now: &Now, name: &str) -> Option<Vec<u8>> {
        let bytes = now.pack.read(now.pack.find(name)?).ok()?;
        let known = self.files.get(name)?;
        known.holds(&bytes).then_some(bytes)
    }

    /// Whether a file is not what it was when it was looked at.
    fn is_moving(&self, now: &Now, name: &str) -> bool {
        self.unchanged(now, name).is_none()
    }
}

impl Now {
    fn job(&self, name: &str) -> Option<&Job> {
        self.plan.rows[*self.rows.get(name)?].job.as_ref()
    }

    fn group(&self, job: &Job) -> Option<&Group> {
        self.groups.get(&job.group?)
    }

    /// The rows that must be made with this file, itself among them; none when it is a texture of no group.
    fn group_of(&self, name: &str) -> &[usize] {
        let group = self.job(name).and_then(|job| self.group(job));
        group.map_or(&[], |group| &group.rows)
    }

    /// Whether the file is to become this.
    fn aims_at(&self, name: &str, goal: &Goal, turns: u64) -> bool {
        match (goal, self.job(name)) {
            (Goal::Scaled { recipe, .. }, Some(job)) if *recipe != job.recipe => false,
            _ => self.goal(name, turns) == *goal,
        }
    }

    fn goal(&self, name: &str, turns: u64) -> Goal {
        match self.job(name) {
            Some(job) => Goal::Scaled {
                recipe: job.recipe.clone(),
                model: job.model.map(|model| self.plan.models[model].fingerprint),
                group: self.group(job).map(|group| group.hash),
            },
            None if is_companion(name) => Goal::Companion(turns),
            None => Goal::Original,
        }
    }
}

fn same_names(one: &[Entry], other: &[Entry]) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|(one, other)| one.name == other.name)
}
