//! What is known of the files of a folder, and finding out which of them changed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rayon::prelude::*;
use uncanny_pack::{Listing, Rules, Stamp, parse_json};
use uncanny_texture::{DecodeLimits, is_whole};

use super::{Hints, News};
use crate::plan::{Look, chain};

/// Files up to here are compared by what they hold; of larger ones any touch counts as a change.
const COMPARED: u64 = 4 << 20;
/// The clocks of file systems may be so coarse: younger files may change without showing it.
const COARSE: Duration = Duration::from_secs(2);

/// The files of a folder, as they were when they could last be read.
#[derive(Default)]
pub(super) struct Files {
    known: HashMap<String, Known>,
    /// Those that cannot be read, as they were when they were last looked at.
    broken: BTreeMap<String, Stamp>,
    /// Counts changes.
    changes: u64,
}

/// A file that was looked at.
pub(super) struct Known {
    pub(super) stamp: Stamp,
    /// Of what it holds; none of what is too large to be compared.
    pub(super) hash: Option<[u8; 32]>,
    /// Another number after every change.
    pub(super) change: u64,
    /// Of a picture.
    pub(super) look: Option<Arc<Look>>,
    young: bool,
}

impl Known {
    /// Whether a file of these bytes is the one that was looked at, as far as that can be known.
    pub(super) fn holds(&self, bytes: &[u8]) -> bool {
        let same = |hash| hash == *blake3::hash(bytes).as_bytes();
        self.hash.is_none_or(same)
    }
}

/// A file that changed.
pub(super) struct Change<'a> {
    pub(super) name: &'a str,
    /// How it looked before, if it is a picture that was there.
    pub(super) old: Option<&'a Look>,
    /// How it looks now, its bytes with it.
    pub(super) new: Option<&'a Look>,
}

impl Files {
    pub(super) fn get(&self, name: &str) -> Option<&Known> {
        self.known.get(name)
    }

    /// Whether it could not be read when it was last looked at.
    pub(super) fn is_broken(&self, name: &str) -> bool {
        self.broken.contains_key(name)
    }

    pub(super) fn any_broken(&self) -> bool {
        !self.broken.is_empty()
    }

    /// Looks at every file that may have changed, and tells of those that did and of those that can be read again.
    pub(super) fn look(
        &mut self,
        listing: &Listing,
        hints: &Hints,
        news: &mut News,
        mut changed: impl FnMut(Change<'_>),
        mut mended: impl FnMut(),
    ) {
        let first = self.known.is_empty();
        let entries = 0..listing.len();
        let suspects: Vec<usize> = entries
            .clone()
            .filter(|at| self.is_suspect(listing, *at, hints))
            .collect();
        let seen: Vec<(usize, Result<Seen, String>)> = suspects
            .into_par_iter()
            .map(|at| {
                let name = &listing.entry(at).name;
                // When nothing was known before, texts are as their author left them.
                let lenient = first || hints.patience_is_out.contains(name);
                (at, Seen::at(listing, at, lenient))
            })
            .collect();
        for (at, seen) in seen {
            let (name, stamp) = (&listing.entry(at).name, listing.stamp(at));
            let seen = match seen {
                Ok(seen) => seen,
                Err(why) => {
                    if let Some(known) = self.known.get_mut(name) {
                        known.stamp = stamp;
                    }
                    if self.broken.insert(name.clone(), stamp) != Some(stamp) {
                        news.changed.insert(name.clone());
                    }
                    news.broken.push((name.clone(), why));
                    continue;
                }
            };
            if self.broken.remove(name).is_some() {
                mended();
            }
            let Seen { hash, look } = seen;
            let young = is_young(stamp);
            let old = self.known.get_mut(name);
            // A text that was written and is as before held something else in between, perhaps, which we may have
            // read: unlike pictures, texts are also read between two looks.
            let read_between = |known: &Known| {
                look.is_none() && (known.stamp != stamp || hints.touched.contains(name))
            };
            if let Some(known) = old
                && hash.is_some()
                && known.hash == hash
                && !read_between(known)
            {
                (known.stamp, known.young) = (stamp, young);
                continue;
            }
            let old = self.known.get(name).and_then(|known| known.look.clone());
            changed(Change {
                name,
                old: old.as_deref(),
                new: look.as_ref(),
            });
            self.changes += 1;
            let known = Known {
                stamp,
                hash,
                change: self.changes,
                look: look.map(|look| Arc::new(look.kept())),
                young,
            };
            self.known.insert(name.clone(), known);
        }
        let there: HashSet<&str> = entries.map(|at| listing.entry(at).name.as_str()).collect();
        self.known.retain(|name, _| there.contains(name.as_str()));
        self.broken.retain(|name, _| there.contains(name.as_str()));
    }

    fn is_suspect(&self, listing: &Listing, at: usize, hints: &Hints) -> bool {
        let entry = listing.entry(at);
        match self.known.get(&entry.name) {
            None => true,
            Some(_) if entry.directory => false,
            Some(known) => {
                known.stamp != listing.stamp(at)
                    || (hints.unaided && known.young)
                    || hints.touched.contains(&entry.name)
            }
        }
    }
}

fn is_young(stamp: Stamp) -> bool {
    stamp.modified().is_some_and(|modified| {
        let age = SystemTime::now().duration_since(modified);
        age.is_ok_and(|age| age < COARSE)
    })
}

/// What a file showed.
struct Seen {
    hash: Option<[u8; 32]>,
    look: Option<Look>,
}

impl Seen {
    /// Looks at a file. `lenient`: a text is taken as it is.
    fn at(listing: &Listing, at: usize, lenient: bool) -> Result<Self, String> {
        let entry = listing.entry(at);
        let picture = entry.name.ends_with(".png");
        if entry.directory || (!picture && entry.size > COMPARED) {
            return Ok(Self {
                hash: None,
                look: None,
            });
        }
        let bytes = listing.read(at).map_err(|error| chain(&error))?;
        let hash = Some(*blake3::hash(&bytes).as_bytes());
        if !picture {
            let json = Rules::hang_on(&entry.name) && !entry.name.ends_with(".properties");
            if json && !lenient {
                parse_json(&bytes).map_err(|error| format!("is not valid JSON: {error}"))?;
            }
            return Ok(Self { hash, look: None });
        }
        let whole = is_whole(&bytes);
        let look = Look::new(bytes);
        // What is too large to be decoded is none of the model's business, but must be there.
        let decoded = DecodeLimits::default().allow(look.size()?);
        if decoded {
            look.facts(&|| Err("its bytes are there".to_owned()))?;
        }
        // All pixels may be there and the last bytes not: more is on its way, or some program never writes them.
        let enough = whole || (decoded && lenient);
        if !enough {
            return Err("it stops before its end".to_owned());
        }
        Ok(Self {
            hash,
            look: Some(look),
        })
    }
}
