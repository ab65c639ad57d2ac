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
        let cell = self
            .cell
            .filter(|cell| width % cell.0 == 0 && height % cell.1 == 0);
        let cut = Cut {
            cell: Some(cell.unwrap_or((*width, *height))),
            ..Cut::default()
        };
        let scale = options.scale.map_or(DEFAULT_SCALE, |scale| scale.get());
        let longest = u64::from(*width.max(height)) * u64::from(scale);
        if longest > u64::from(options.max_size) && cell.is_none() {
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
