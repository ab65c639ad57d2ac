//! A picture that no pack and no sheet says anything of: what becomes of it, and making that of its bytes.

use std::io;
use std::path::Path;

use uncanny_texture::{AlphaClass, Facts};

use super::{Content, Made, Make};
use crate::config::ActionChoice;
use crate::plan::{DEFAULT_SCALE, Look, chain};
use crate::sheet::{Cut, EnhancedSheet, Sheet, SheetError, SheetRun};
use crate::{EdgeChoice, Error, Options, Outcome};

/// How a picture is to be enhanced that nothing else says anything of.
pub struct Alone<'a> {
    /// The settings; rules and globs are tried against the picture's name.
    pub options: &'a Options,
    /// It is cut into cells of this size if they fill it; else it is whole.
    pub cell: Option<(u32, u32)>,
    /// What lies beyond the edges of each cell. A rule of the options says more; if nobody says anything it clamps, or
    /// nothing lies there if the picture has transparent pixels.
    pub edges: Option<EdgeChoice>,
}

/// What becomes of a picture.
pub(super) enum Way {
    /// Nothing, for this reason.
    AsItIs(Outcome, String),
    Enhance {
        options: Box<Options>,
        cut: Cut,
        edges: EdgeChoice,
    },
}

impl Alone<'_> {
    /// How many times as large a picture of this size becomes: once, if it would become too large, and unless it is left
    /// as it is for another reason.
    #[must_use]
    pub fn scale(&self, size: (u32, u32)) -> u32 {
        if self.fits(size) {
            self.enlargement()
        } else {
            1
        }
    }

    fn enlargement(&self) -> u32 {
        self.options
            .scale
            .map_or(DEFAULT_SCALE, |scale| scale.get())
    }

    /// Whether a picture of this size becomes no larger than it may. Of a sheet each cell does.
    fn fits(&self, size: (u32, u32)) -> bool {
        let longest = u64::from(size.0.max(size.1)) * u64::from(self.enlargement());
        longest <= u64::from(self.options.max_size) || self.cell_of(size).is_some()
    }

    /// The cells that a picture of this size is cut into, if they fill it.
    fn cell_of(&self, (width, height): (u32, u32)) -> Option<(u32, u32)> {
        let fills = |side: u32, length: u32| length.checked_rem(side) == Some(0);
        self.cell
            .filter(|cell| fills(cell.0, width) && fills(cell.1, height))
    }

    /// What becomes of a picture of this name and look; one that was not decoded is too large.
    pub(super) fn way(&self, name: &str, facts: Option<&Facts>) -> Way {
        if let Some(why) = self.options.skipped(name) {
            return Way::AsItIs(Outcome::Skipped, why.to_owned());
        }
        let Some(Facts {
            width,
            height,
            alpha,
            ..
        }) = facts
        else {
            return Way::AsItIs(Outcome::Copied, "too large to be enhanced".to_owned());
        };
        let settings = self.options.settings(name);
        let mut options = self.options.for_one(name);
        match settings.action {
            Some((ActionChoice::Copy, pattern)) => {
                return Way::AsItIs(Outcome::Copied, format!("the rule for {pattern}"));
            }
            Some((ActionChoice::Nearest, _)) => options.model = "nearest".to_owned(),
            _ => {}
        }
        let size = (*width, *height);
        let cut = Cut {
            cell: Some(self.cell_of(size).unwrap_or(size)),
            ..Cut::default()
        };
        if !self.fits(size) {
            return Way::AsItIs(
                Outcome::Copied,
                "would be larger than --max-size".to_owned(),
            );
        }
        let edges = settings.edges.or(self.edges).unwrap_or(match alpha {
            AlphaClass::Opaque => EdgeChoice::Clamp,
            _ => EdgeChoice::Transparent,
        });
        Way::Enhance {
            options: Box::new(options),
            cut,
            edges,
        }
    }
}

/// Makes the picture `name`, which holds these bytes, as [`LivePictures`](crate::LivePictures) makes one that no sheet
/// names. A picture that cannot be enhanced is made as it is, with the reason.
///
/// # Errors
/// When the model is missing or enlarges less than asked for, or the work is stopped.
pub fn enhance_alone(
    name: &str,
    bytes: &[u8],
    alone: &Alone<'_>,
    mut make: Make<'_>,
) -> Result<Made, Error> {
    let as_it_is = |outcome, why| {
        Ok(Made {
            name: name.to_owned(),
            content: Content::Bytes(bytes.to_owned()),
            outcome,
            why,
            cached: false,
        })
    };
    let look = Look::new(bytes.to_owned());
    let facts = look.facts(&|| Err("its bytes are there".to_owned()));
    let facts = match facts {
        Ok(facts) => facts,
        Err(why) => return as_it_is(Outcome::Failed, why),
    };
    let (options, cut, edges) = match alone.way(name, Some(&facts)) {
        Way::AsItIs(outcome, why) => return as_it_is(outcome, why),
        Way::Enhance {
            options,
            cut,
            edges,
        } => (options, cut, edges),
    };
    let read = &mut |_: &Path| -> io::Result<Vec<u8>> { Ok(bytes.to_owned()) };
    let sheet: Result<Sheet, SheetError> = Sheet::read(name.as_ref(), &cut, read);
    let made = match sheet {
        Ok(sheet) => run(sheet, &options, Some(edges), &mut make)?,
        Err(error) => Err(chain(&error)),
    };
    let made = match made {
        Ok(made) => made,
        Err(why) => return as_it_is(Outcome::Failed, why),
    };
    let (outcome, cached) = outcome(&made);
    match made.files.into_iter().next() {
        Some(file) => Ok(Made {
            name: name.to_owned(),
            content: Content::Bytes(file.bytes),
            outcome,
            why: String::new(),
            cached,
        }),
        None => as_it_is(Outcome::Failed, "nothing came of it".to_owned()),
    }
}

/// Enhances a sheet; or says why not, if that is the sheet's own fault.
pub(super) fn run(
    sheet: Sheet,
    options: &Options,
    edges: Option<EdgeChoice>,
    make: &mut Make<'_>,
) -> Result<Result<EnhancedSheet, String>, Error> {
    let upscaler = make
        .models
        .resolve(&options.model)
        .map_err(|source| Error::Model {
            name: options.model.clone(),
            source,
        })?;
    let run = SheetRun {
        options,
        edges,
        upscaler,
        cache: make.cache,
        cancel: make.cancel,
        events: make.events,
    };
    match sheet.enhance(run) {
        Ok(made) => Ok(Ok(made)),
        Err(error @ (Error::Interrupted | Error::Model { .. } | Error::ModelTooSmall { .. })) => {
            Err(error)
        }
        Err(error) => Ok(Err(chain(&error))),
    }
}

/// How a sheet's pictures went, and whether all came from the cache.
pub(super) fn outcome(made: &EnhancedSheet) -> (Outcome, bool) {
    let report = &made.report;
    let outcome = if report.enhanced > 0 {
        Outcome::Enhanced
    } else {
        Outcome::Nearest
    };
    let cached = report.enhanced > 0 && report.cached == report.enhanced;
    (outcome, cached)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_large_is_a_picture_and_not_a_sheet() {
        let mut options = Options::default();
        options.max_size = 1024;
        let alone = |cell| Alone {
            options: &options,
            cell,
            edges: None,
        };
        for (size, cell, scale) in [
            ((128, 16), None, 8),
            ((129, 16), None, 1),
            ((160, 16), Some((16, 16)), 8),
            ((160, 16), Some((15, 16)), 1),
            ((160, 16), Some((0, 0)), 1),
        ] {
            assert_eq!(alone(cell).scale(size), scale, "{size:?} {cell:?}");
        }
    }
}
