//! What a search found, and how it is shown: contact sheet, page, summary, JSON.

use std::path::{Path, PathBuf};

use uncanny::dream::{DreamRecipe, Vision};
use uncanny_texture::sheet::{Row, sheet};
use uncanny_texture::{Nudge, RgbaImage};

use crate::error::Error;
use crate::gallery::{Entry, Gallery};
use crate::output::counted;

/// The side of a picture on the sheet.
const SHOWN: u32 = 128;
/// A sheet of more pictures than this has several beside each other.
const LONG: usize = 12;
const ABREAST: usize = 4;
/// So many letters fit under a picture.
const LETTERS: usize = 15;
/// Pictures are put on the page so many at a time.
const AT_A_TIME: usize = 32;
/// A score of more is a face, to the judge.
const FACE: f32 = 0.5;

/// What was found in one picture.
pub(super) struct Outcome {
    /// The best picture's file.
    pub(super) file: PathBuf,
    /// What the network was given.
    pub(super) low: RgbaImage,
    pub(super) plain: Vision,
    pub(super) best: Vision,
    pub(super) recipe: DreamRecipe,
}

impl Outcome {
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "picture": self.file,
            "plain_score": self.plain.score,
            "recipe": self.recipe,
        })
    }

    fn entry(&self) -> Entry {
        let Vision {
            nudge,
            iterations,
            score,
            ..
        } = &self.best;
        let nudge = match nudge {
            None => "none".to_owned(),
            Some(nudge) => told(nudge),
        };
        Entry {
            name: self.recipe.input.name.clone(),
            before: Some(self.low.clone()),
            after: vec![
                ("best".to_owned(), self.best.picture.clone()),
                ("once".to_owned(), self.plain.picture.clone()),
            ],
            kind: String::new(),
            how: format!("{iterations} iterations"),
            outcome: if *score > FACE { "a face" } else { "no face" }.to_owned(),
            notes: vec![
                (
                    "score",
                    format!("{score:.3}, once through {:.3}", self.plain.score),
                ),
                ("nudge", nudge),
            ],
            score: Some(f64::from(*score)),
            frames: 1,
        }
    }

    fn name(&self) -> String {
        let stem = self.file.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    }
}

/// A nudge in words: what it changes.
fn told(nudge: &Nudge) -> String {
    let Nudge {
        flip,
        zoom,
        turn,
        shift: [x, y],
        blur,
        contrast,
        brightness,
        hue,
        hint,
    } = *nudge;
    let parts = [
        (flip, "mirrored".to_owned()),
        (zoom != 1.0, format!("zoom {zoom}")),
        (turn != 0.0, format!("turned {turn}°")),
        (x != 0.0 || y != 0.0, format!("moved {x}, {y}")),
        (blur != 0.0, format!("blur {blur}")),
        (contrast != 1.0, format!("contrast {contrast}")),
        (brightness != 0.0, format!("brightness {brightness}")),
        (hue != 0.0, format!("hue {hue}°")),
        (hint != 0.0, format!("hint {hint}")),
    ];
    let changed: Vec<String> = parts
        .into_iter()
        .filter(|part| part.0)
        .map(|part| part.1)
        .collect();
    if changed.is_empty() {
        "softened".to_owned()
    } else {
        changed.join(", ")
    }
}

/// Input, once through the network, the best: a row or a part of one for each picture.
pub(super) fn contact_sheet(outcomes: &[Outcome]) -> RgbaImage {
    let abreast = if outcomes.len() > LONG { ABREAST } else { 1 };
    let pictures = |outcome: &Outcome| {
        let name: String = outcome.name().chars().take(LETTERS).collect();
        [
            (name, outcome.low.clone()),
            (
                format!("plain {:.2}", outcome.plain.score),
                outcome.plain.picture.clone(),
            ),
            (
                format!("best {:.2}", outcome.best.score),
                outcome.best.picture.clone(),
            ),
        ]
    };
    let rows: Vec<Row> = outcomes
        .chunks(abreast)
        .map(|outcomes| Row {
            label: String::new(),
            pictures: outcomes.iter().flat_map(pictures).collect(),
        })
        .collect();
    sheet(&rows, SHOWN)
}

/// A page with all of it, once through the network and the best beside each input.
///
/// # Errors
/// When it cannot be written.
pub(super) fn report(path: &Path, outcomes: &[Outcome]) -> Result<(), Error> {
    let mut gallery = Gallery::new(path, "dreams", outcomes.len());
    for some in outcomes.chunks(AT_A_TIME) {
        let entries: Vec<Entry> = some.iter().map(Outcome::entry).collect();
        gallery.add(&entries)?;
    }
    let faces = outcomes
        .iter()
        .filter(|outcome| outcome.best.score > FACE)
        .count();
    let mut summary = vec![
        ("pictures", outcomes.len().to_string()),
        ("faces", faces.to_string()),
    ];
    if let Some(DreamRecipe { model, tries, .. }) = outcomes.first().map(|o| &o.recipe) {
        summary.extend([("model", model.clone()), ("tries", tries.to_string())]);
    }
    gallery.finish(&summary)
}

pub(super) fn summary(outcomes: &[Outcome], folder: &Path) -> String {
    let faces = |score: &dyn Fn(&Outcome) -> f32| {
        outcomes
            .iter()
            .filter(|outcome| score(outcome) > FACE)
            .count()
    };
    let found = faces(&|outcome| outcome.best.score);
    let like = if found == 1 {
        "looks like a face"
    } else {
        "look like faces"
    };
    let mut text = format!(
        "{}: {found} {like}, {} after a single pass without changes\n",
        counted(outcomes.len(), "picture"),
        faces(&|outcome| outcome.plain.score),
    );
    for outcome in outcomes.iter().take(3) {
        text.push_str(&format!(
            "  {:.2}  {}\n",
            outcome.best.score,
            outcome.file.display()
        ));
    }
    text.push_str(&format!("the results are in {}\n", folder.display()));
    text
}
