//! A folder of pictures and sprite sheets that changes: every sheet with its metadata, every other picture by itself,
//! all else as it is.
//!
//! A picture that a sheet names belongs to the first that does, by name. Pictures that nobody names are whole, unless
//! the user says how large their cells are.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};

use uncanny_pack::{Listing, PackLimits};

use super::alone::{self, Alone, Way};
use super::files::Files;
use super::{Content, Hints, Keep, LeaveOut, Made, Make, News};
use crate::plan::chain;
use crate::sheet::{Cut, Sheet, SheetError};
use crate::{EdgeChoice, Error, Models, Options, Outcome};

/// What the names of files end in that may say where sprites lie.
const SHEETS: [&str; 6] = [".json", ".aseprite", ".ase", ".tmx", ".tsx", ".ldtk"];

/// A folder of pictures and sheets that changes. See [`LivePack`](crate::LivePack), which it is to plain folders.
pub struct LivePictures {
    path: PathBuf,
    leave_out: LeaveOut,
    options: Options,
    cell: Option<(u32, u32)>,
    files: Files,
    now: Option<Now>,
    sheets: HashMap<String, Known>,
    /// Counts settings.
    turns: u64,
    /// What each unit was last made of.
    tried: HashMap<String, (Needs, u64)>,
    /// The files that were made.
    made: BTreeSet<String>,
}

/// Files, and in which state each is; none of those that are missing.
type Needs = BTreeMap<String, Option<u64>>;

/// What was found out about a file that may be a sheet.
struct Known {
    needs: Needs,
    /// The files that it consists of; none when it is no sheet.
    found: Result<Vec<String>, String>,
    /// The same when it could last be read.
    files: Vec<String>,
}

/// The folder as it was last understood.
struct Now {
    listing: Listing,
    places: HashMap<String, usize>,
    /// What is made in one go, by the name of its first file.
    units: BTreeMap<String, Unit>,
}

struct Unit {
    kind: Kind,
    needs: Needs,
}

enum Kind {
    /// The files of a sheet that are its own to make.
    Sheet(BTreeSet<String>),
    Picture,
    Other,
}

impl LivePictures {
    /// A folder without what `leave_out` names. Pictures that no sheet names are cut into cells of the size `cell`
    /// where it fits. Looks at nothing yet.
    #[must_use]
    pub fn new(
        path: &Path,
        options: Options,
        cell: Option<(u32, u32)>,
        leave_out: LeaveOut,
    ) -> Self {
        Self {
            path: path.to_owned(),
            leave_out,
            options,
            cell,
            files: Files::default(),
            now: None,
            sheets: HashMap::new(),
            turns: 0,
            tried: HashMap::new(),
            made: BTreeSet::new(),
        }
    }

    /// Other settings, for the next [`refresh`](Self::refresh).
    pub fn set_options(&mut self, options: Options) {
        self.options = options;
        self.turns += 1;
    }

    /// The same pictures in another folder; what is alike in both is not made anew.
    pub fn set_folder(&mut self, path: &Path, leave_out: LeaveOut) {
        self.path = path.to_owned();
        self.leave_out = leave_out;
        self.sheets.clear();
    }

    /// A file that was made did not get to its place: it is stale again.
    pub fn undo(&mut self, name: &str) {
        self.tried
            .retain(|unit, (needs, _)| unit != name && !needs.contains_key(name));
    }

    /// Forgets what was made: all is stale.
    pub fn forget(&mut self) {
        self.tried.clear();
    }

    /// Whether there is such a file in the folder, readable or not.
    #[must_use]
    pub fn holds(&self, name: &str) -> bool {
        self.files.get(name).is_some() || self.files.is_broken(name)
    }

    /// Whether a file of this name could not be read, or made no sense, when it was last looked at.
    #[must_use]
    pub fn is_broken(&self, name: &str) -> bool {
        let sheet = || {
            self.sheets
                .get(name)
                .is_some_and(|sheet| sheet.found.is_err())
        };
        self.files.is_broken(name) || sheet()
    }

    /// Whether it looks like a resource pack by now.
    #[must_use]
    pub fn is_a_pack(&self) -> bool {
        self.files.get("pack.mcmeta").is_some()
    }

    /// Looks at the folder.
    ///
    /// # Errors
    /// When it cannot be listed or the model is missing.
    pub fn refresh(&mut self, hints: &Hints, models: &mut dyn Models) -> Result<News, Error> {
        let name = &self.options.model;
        if name != "nearest" {
            models.info(name).map_err(|source| Error::Model {
                name: name.clone(),
                source,
            })?;
        }
        let mut listing = Listing::of(&self.path, &PackLimits::default(), &*self.leave_out)
            .map_err(|source| Error::Pack {
                doing: "open",
                path: self.path.clone(),
                source,
            })?;
        let mut news = News::default();
        self.files.look(&listing, hints, &mut news, |_| {}, || {});
        listing.retain(|entry| self.files.get(&entry.name).is_some());
        let places: HashMap<String, usize> = (0..listing.len())
            .map(|at| (listing.entry(at).name.clone(), at))
            .collect();
        news.rearranged = self.now.as_ref().is_none_or(|now| {
            now.places.len() != places.len()
                || now.places.keys().any(|name| !places.contains_key(name))
        });
        self.read_sheets(&listing, &places, hints, &mut news);
        let units = self.units(&places);
        self.compare(&units, &mut news);
        self.now = Some(Now {
            listing,
            places,
            units,
        });
        Ok(news)
    }

    fn change(&self, name: &str) -> Option<u64> {
        self.files.get(name).map(|known| known.change)
    }

    /// Finds out which files are sheets, as far as anything that they name has changed.
    fn read_sheets(
        &mut self,
        listing: &Listing,
        places: &HashMap<String, usize>,
        hints: &Hints,
        news: &mut News,
    ) {
        let may_be = |name: &&String| {
            let name = name.to_ascii_lowercase();
            SHEETS.iter().any(|end| name.ends_with(end))
        };
        self.sheets.retain(|name, _| places.contains_key(name));
        let mut names: Vec<&String> = places.keys().filter(may_be).collect();
        names.sort();
        for name in names {
            let holds = self.sheets.get(name).is_some_and(|sheet| {
                let mut needs = sheet.needs.iter();
                needs.all(|(name, change)| self.change(name) == *change)
            });
            if !holds {
                let (sheet, needs) = self.open(listing, places, name, &Cut::default());
                let found = match sheet {
                    Ok(sheet) => self.names_of(&sheet),
                    Err(SheetError::Unknown { .. }) => Ok(Vec::new()),
                    Err(error) => Err(chain(&error)),
                };
                let old = self.sheets.remove(name).map(|sheet| sheet.files);
                let files = found.clone().ok().or(old).unwrap_or_default();
                let sheet = Known {
                    needs,
                    found,
                    files,
                };
                self.sheets.insert(name.clone(), sheet);
            }
            let Some(sheet) = self.sheets.get_mut(name) else {
                continue;
            };
            if let Err(why) = &sheet.found {
                if !holds {
                    news.changed.insert(name.clone());
                }
                // One that never was a sheet may be any other text.
                if hints.patience_is_out.contains(name) && sheet.files.is_empty() {
                    sheet.found = Ok(Vec::new());
                } else {
                    news.broken.push((name.clone(), why.clone()));
                }
            }
        }
    }

    /// Reads a sheet, and says which files it asked for.
    fn open(
        &self,
        listing: &Listing,
        places: &HashMap<String, usize>,
        name: &str,
        cut: &Cut,
    ) -> (Result<Sheet, SheetError>, Needs) {
        let mut needs = Needs::new();
        let sheet = Sheet::read(&self.path.join(name), cut, &mut |path| {
            let outside = || io::Error::other("it lies outside of the folder that is watched");
            let name = self.name_of(path).ok_or_else(outside)?;
            needs.insert(name.clone(), self.change(&name));
            let place = places.get(&name).ok_or(io::ErrorKind::NotFound)?;
            listing.read(*place).map_err(io::Error::other)
        });
        (sheet, needs)
    }

    fn name_of(&self, path: &Path) -> Option<String> {
        let relative = path.strip_prefix(&self.path).ok()?;
        let parts: Option<Vec<&str>> = relative
            .components()
            .map(|part| part.as_os_str().to_str())
            .collect();
        Some(parts?.join("/"))
    }

    fn names_of(&self, sheet: &Sheet) -> Result<Vec<String>, String> {
        let names = sheet.files().into_iter().map(|path| self.name_of(path));
        names
            .collect::<Option<_>>()
            .ok_or_else(|| "it names files outside of the folder that is watched".to_owned())
    }

    /// Shares the files out: each is made once.
    fn units(&self, places: &HashMap<String, usize>) -> BTreeMap<String, Unit> {
        let mut units = BTreeMap::new();
        let mut claimed = BTreeSet::new();
        let sheets: BTreeMap<&String, &Known> = self.sheets.iter().collect();
        for (name, sheet) in sheets {
            let own: BTreeSet<String> = sheet
                .files
                .iter()
                .filter(|file| places.contains_key(*file) && !claimed.contains(*file))
                .cloned()
                .collect();
            if own.contains(name) {
                claimed.extend(own.iter().cloned());
                let unit = Unit {
                    kind: Kind::Sheet(own),
                    needs: sheet.needs.clone(),
                };
                units.insert(name.clone(), unit);
            }
        }
        for name in places.keys().filter(|name| !claimed.contains(*name)) {
            let unit = Unit {
                kind: if name.ends_with(".png") {
                    Kind::Picture
                } else {
                    Kind::Other
                },
                needs: Needs::from([(name.clone(), self.change(name))]),
            };
            units.insert(name.clone(), unit);
        }
        units
    }

    fn compare(&mut self, units: &BTreeMap<String, Unit>, news: &mut News) {
        let files = units.iter().flat_map(|(name, unit)| match &unit.kind {
            Kind::Sheet(own) => own.iter().collect(),
            _ => vec![name],
        });
        let files: BTreeSet<&String> = files.collect();
        news.gone = self
            .made
            .iter()
            .filter(|name| !files.contains(name))
            .cloned()
            .collect();
        self.made.retain(|name| files.contains(name));
        self.tried.retain(|name, _| units.contains_key(name));
        let stale = units.iter().filter(|(name, unit)| {
            let tried = self.tried.get(*name);
            let same =
                tried.is_some_and(|(needs, turn)| *turn == self.turns && *needs == unit.needs);
            !same && !unit.needs.keys().any(|name| self.is_broken(name))
        });
        news.stale = stale.map(|(name, _)| name.clone()).collect();
    }

    /// Makes these files, and those that belong to them.
    ///
    /// # Errors
    /// When the model is missing, the work is stopped, or `keep` fails.
    pub fn make(
        &mut self,
        names: &[String],
        mut make: Make<'_>,
        keep: &mut Keep<'_>,
    ) -> Result<(), Error> {
        let Some(now) = self.now.take() else {
            return Ok(());
        };
        let mut result = Ok(());
        for name in names {
            let Some(unit) = now.units.get(name) else {
                continue;
            };
            result = self.make_unit(&now, name, unit, &mut make, keep);
            if result.is_err() {
                break;
            }
        }
        self.now = Some(now);
        result
    }

    fn make_unit(
        &mut self,
        now: &Now,
        name: &str,
        unit: &Unit,
        make: &mut Make<'_>,
        keep: &mut Keep<'_>,
    ) -> Result<(), Error> {
        let made = match &unit.kind {
            Kind::Other => self
                .original(now, name, Outcome::Copied, String::new())
                .into_iter()
                .collect(),
            Kind::Picture => self.picture(now, name, make)?,
            Kind::Sheet(own) => self.sheet(now, name, own, make)?,
        };
        // It may be gone, or half written anew: then the next look says so.
        if made.is_empty() {
            return Ok(());
        }
        for file in made {
            self.made.insert(file.name.clone());
            keep(file)?;
        }
        self.tried
            .insert(name.to_owned(), (unit.needs.clone(), self.turns));
        Ok(())
    }

    /// A file as it is; none if it is not what it was when it was looked at.
    fn original(&self, now: &Now, name: &str, outcome: Outcome, why: String) -> Option<Made> {
        let place = *now.places.get(name)?;
        let known = self.files.get(name)?;
        let content = if name.ends_with('/') {
            Content::Bytes(Vec::new())
        } else if known.hash.is_some() {
            let bytes = now.listing.read(place).ok()?;
            if !known.holds(&bytes) {
                return None;
            }
            Content::Bytes(bytes)
        } else {
            // It is too large to be known by what it holds.
            Content::File(now.listing.place(place))
        };
        Some(Made {
            name: name.to_owned(),
            content,
            outcome,
            why,
            cached: false,
        })
    }

    /// A picture that no sheet names.
    fn picture(&self, now: &Now, name: &str, make: &mut Make<'_>) -> Result<Vec<Made>, Error> {
        let as_it_is = |outcome, why: &str| {
            let made = self.original(now, name, outcome, why.to_owned());
            Ok(made.into_iter().collect())
        };
        let look = self.files.get(name).and_then(|known| known.look.as_ref());
        let again = || Err("it was looked at before".to_owned());
        let facts = look.and_then(|look| look.facts(&again).ok());
        let alone = Alone {
            options: &self.options,
            cell: self.cell,
            edges: None,
        };
        let (options, cut, edges) = match alone.way(name, facts.as_ref()) {
            Way::AsItIs(outcome, why) => return as_it_is(outcome, &why),
            Way::Enhance {
                options,
                cut,
                edges,
            } => (options, cut, edges),
        };
        let (sheet, _) = self.open(&now.listing, &now.places, name, &cut);
        let Ok(sheet) = sheet else {
            return Ok(Vec::new());
        };
        let own = BTreeSet::from([name.to_owned()]);
        self.enhance(now, sheet, &own, &options, Some(edges), make)
    }

    fn sheet(
        &self,
        now: &Now,
        name: &str,
        own: &BTreeSet<String>,
        make: &mut Make<'_>,
    ) -> Result<Vec<Made>, Error> {
        let (sheet, _) = self.open(&now.listing, &now.places, name, &Cut::default());
        let Ok(sheet) = sheet else {
            return Ok(Vec::new());
        };
        self.enhance(now, sheet, own, &self.options, None, make)
    }

    /// The files of a sheet that are its own to make. Where it cannot be enhanced, they stay as they are.
    fn enhance(
        &self,
        now: &Now,
        sheet: Sheet,
        own: &BTreeSet<String>,
        options: &Options,
        edges: Option<EdgeChoice>,
        make: &mut Make<'_>,
    ) -> Result<Vec<Made>, Error> {
        let Ok(names) = self.names_of(&sheet) else {
            return Ok(Vec::new());
        };
        let made = match alone::run(sheet, options, edges, make)? {
            Ok(made) => made,
            Err(why) => {
                let files = own.iter();
                return Ok(files
                    .filter_map(|name| self.original(now, name, Outcome::Failed, why.clone()))
                    .collect());
            }
        };
        let (outcome, cached) = alone::outcome(&made);
        let files = names.into_iter().zip(made.files);
        Ok(files
            .filter(|(name, _)| own.contains(name))
            .map(|(name, file)| Made {
                outcome: if name.ends_with(".png") || name.contains(".ase") {
                    outcome
                } else {
                    Outcome::Rewritten
                },
                name,
                content: Content::Bytes(file.bytes),
                why: String::new(),
                cached,
            })
            .collect())
    }
}
