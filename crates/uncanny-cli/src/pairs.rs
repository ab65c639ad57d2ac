//! What a run read and what it wrote, texture by texture, for `--grid` and `--html`.
//!
//! The output is decoded again, one texture at a time: what is shown is what was written, whether it came from a model
//! or from the cache, and a run keeps no picture longer than it needs it.

use std::collections::HashMap;
use std::path::Path;

use uncanny::{Outcome, Plan, PlanRow, Report, ReportRow};
use uncanny_pack::{Pack, PackLimits};
use uncanny_texture::{DecodeLimits, Rect, RgbaImage, decode};

use crate::error::Error;

/// What was planned for a texture and what became of it.
pub(crate) type Row<'a> = (&'a PlanRow, &'a ReportRow);

/// A run's textures.
pub(crate) struct Pairs<'a> {
    pack: &'a Pack,
    made: Pack,
    scale: u32,
    rows: Vec<Row<'a>>,
}

/// A texture before and after; of an animation, its first frame.
pub(crate) struct Pair {
    /// What was read, unless it cannot be.
    pub(crate) before: Option<RgbaImage>,
    /// What was written, if it is not what was read.
    pub(crate) after: Option<RgbaImage>,
    /// Frames of an animation.
    pub(crate) frames: usize,
}

impl<'a> Pairs<'a> {
    /// The textures of a run that wrote `output`.
    ///
    /// # Errors
    /// When the output cannot be opened.
    pub(crate) fn open(
        pack: &'a Pack,
        output: &Path,
        plan: &'a Plan,
        report: &'a Report,
    ) -> Result<Self, Error> {
        let planned: HashMap<&str, &PlanRow> = plan
            .rows
            .iter()
            .map(|row| (row.name.as_str(), row))
            .collect();
        let rows = report
            .rows
            .iter()
            .filter(|row| row.name.ends_with(".png"))
            .filter_map(|row| Some((*planned.get(row.name.as_str())?, row)))
            .collect();
        Ok(Self {
            pack,
            made: Pack::open(output, &PackLimits::default())?,
            scale: plan.scale.get(),
            rows,
        })
    }

    /// The textures, in pack order.
    pub(crate) fn rows(&self) -> &[Row<'a>] {
        &self.rows
    }

    /// The pictures of one row.
    pub(crate) fn pair(&self, (planned, reported): Row<'_>) -> Pair {
        let name = &planned.name;
        let frames = planned.animation();
        let first = |mut image: RgbaImage, scale: u32| match frames.first() {
            Some(&Rect {
                x,
                y,
                width,
                height,
            }) => {
                let (x, y) = (x * scale, y * scale);
                image::imageops::crop(&mut image, x, y, width * scale, height * scale).to_image()
            }
            None => image,
        };
        let changed = matches!(reported.outcome, Outcome::Enhanced | Outcome::Nearest);
        Pair {
            before: picture(self.pack, name, &DecodeLimits::default()).map(|image| first(image, 1)),
            after: changed
                // What was made of a long animation is longer than what is read of strangers.
                .then(|| {
                    picture(
                        &self.made,
                        name,
                        &DecodeLimits {
                            max_side: u32::MAX,
                            ..Default::default()
                        },
                    )
                })
                .flatten()
                .map(|image| first(image, self.scale)),
            frames: frames.len().max(1),
        }
    }
}

fn picture(pack: &Pack, name: &str, limits: &DecodeLimits) -> Option<RgbaImage> {
    let bytes = pack.read(pack.find(name)?).ok()?;
    Some(decode(&bytes, limits).ok()?.image)
}
