//! Third stage, on all cores: the last steps on pixels, encoding, the cache.

use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;

use rayon::prelude::*;
use uncanny_texture::{encode, encode_rgba};

use super::prepare::{Chunk, Item, State};
use super::{Fate, Fates, Shared};
use crate::guard::guarded;
use crate::{Action, Error, Event, Outcome};

pub(super) fn finish(
    shared: &Shared<'_>,
    input: Receiver<Chunk>,
    keep: &mut dyn FnMut(usize, Vec<u8>) -> Result<(), Error>,
) -> Result<Fates, Error> {
    let mut fates = Fates::new();
    for chunk in input {
        let Chunk { items, .. } = chunk;
        let done: Vec<_> = items
            .into_par_iter()
            .map(|item| (item.row, guarded(|| finish_one(shared, item))))
            .collect();
        for (row, result) in done {
            let fate = match result {
                Ok((png, cached)) => {
                    keep(row, png)?;
                    Fate::Scaled { cached }
                }
                Err(why) => Fate::Failed(why),
            };
            announce(shared, row, &fate);
            fates.insert(row, fate);
        }
    }
    Ok(fates)
}

/// The texture's new bytes, and whether they come from the cache.
fn finish_one(shared: &Shared<'_>, item: Item) -> Result<(Vec<u8>, bool), String> {
    let image = match item.state {
        State::Cached(png) => return Ok((png, true)),
        State::Failed(why) => return Err(why),
        State::Work(work) => shared.pixels.time(|| work.finish()),
        State::Dreamt(picture) => picture,
        State::Dream(_) => return Err("was not searched".to_owned()),
    };
    let planned = &shared.plan.rows[item.row];
    let expected = planned.size_out;
    if expected != Some(image.dimensions()) {
        return Err(format!(
            "came out as {:?} pixels instead of {expected:?}",
            image.dimensions()
        ));
    }
    let alpha_channel = planned
        .job
        .as_ref()
        .is_some_and(|job| job.recipe.alpha_channel);
    let png = shared
        .encode
        .time(|| {
            if alpha_channel {
                encode_rgba(&image)
            } else {
                encode(&image)
            }
        })
        .map_err(|error| error.to_string())?;
    if let (Some(cache), Some(key)) = (shared.cache, item.key)
        && let Some(complaint) = cache.put(&key, &png)
    {
        shared.warn(complaint);
    }
    Ok((png, false))
}

fn announce(shared: &Shared<'_>, row: usize, fate: &Fate) {
    let planned = &shared.plan.rows[row];
    let (outcome, cached) = match fate {
        Fate::Scaled { cached } if planned.action == Action::Nearest => (Outcome::Nearest, *cached),
        Fate::Scaled { cached } => (Outcome::Enhanced, *cached),
        Fate::Failed(why) | Fate::Held(why) => {
            tracing::debug!(texture = planned.name, why, "failed");
            (Outcome::Failed, false)
        }
    };
    (shared.events)(Event::TextureDone {
        name: planned.name.clone(),
        outcome,
        cached,
        done: shared.textures_done.fetch_add(1, Ordering::Relaxed) + 1,
        total: shared.textures,
    });
}
