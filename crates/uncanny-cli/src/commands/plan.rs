//! `uncanny plan IN...`: what `convert` would do, as a table or as JSON on standard output.

use std::io::{self, Write};

use serde::Serialize;
use uncanny::{Action, AtlasEstimate, Plan, PlanRow, together};
use uncanny_pack::{Pack, PackLimits, Rules};
use uncanny_registry::{DeviceChoice, ModelRegistry};

use crate::args::PlanArgs;
use crate::error::Error;
use crate::logging::Talk;
use crate::models::trusting;
use crate::output::{self, fit};
use crate::{options, summary};

pub(crate) fn run(args: &PlanArgs, _talk: Talk) -> Result<u8, Error> {
    let options = options::resolve(&args.enhance)?;
    // A plan needs a model's scale, not its speed.
    let models = ModelRegistry::new(DeviceChoice::Cpu).for_options(&options);
    let mut models = trusting(models, args.enhance.trust, &args.enhance.model);
    let mut plans = Vec::new();
    for input in &args.inputs {
        let pack = Pack::open(input, &PackLimits::default())?;
        let rules = Rules::read(&pack);
        let plan = Plan::new(&pack, &rules, &options, &mut models)?;
        for warning in &plan.warnings {
            tracing::warn!("{warning}");
        }
        if let Some(refusal) = &plan.refusal {
            tracing::warn!("convert will refuse this: {refusal}");
        }
        plans.push(plan);
    }
    if let [plan] = plans.as_slice() {
        output::print(|out| match args.json {
            true => json(out, plan),
            false => show(out, plan),
        })?;
        return Ok(0);
    }
    let (atlases, warnings) = together(&plans);
    for warning in &warnings {
        tracing::warn!("together: {warning}");
    }
    let all = Together { plans, atlases };
    output::print(|out| match args.json {
        true => json(out, &all),
        false => {
            for plan in &all.plans {
                writeln!(out, "{}", plan.input)?;
                show(out, plan)?;
                writeln!(out)?;
            }
            writeln!(out, "Together, the largest of each texture counted:")?;
            growth(out, &all.atlases, "these packs")
        }
    })?;
    Ok(0)
}

/// Several packs that the game lays over each other.
#[derive(Serialize)]
struct Together {
    plans: Vec<Plan>,
    atlases: Vec<AtlasEstimate>,
}

fn json(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

fn show(out: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    table(out, plan, output::columns())?;
    totals(out, plan)
}

fn growth(out: &mut dyn Write, atlases: &[AtlasEstimate], of: &str) -> io::Result<()> {
    for atlas in atlases {
        writeln!(
            out,
            "The atlas of {} grows from {:.1} to {:.1} megapixels ({} sprites of {of}).",
            atlas.atlas, atlas.megapixels_in, atlas.megapixels_out, atlas.sprites
        )?;
    }
    Ok(())
}

/// The widths of the columns that may have to give way.
struct Widths {
    path: usize,
    kind: usize,
    action: usize,
    size: usize,
    why: usize,
}

const HEAD: [&str; 5] = ["PATH", "KIND", "ACTION", "SIZE", "WHY"];
/// A path cut shorter than this says nothing.
const SHORTEST_PATH: usize = 24;
/// A reason cut shorter than this says nothing.
const SHORTEST_WHY: usize = 16;
const GAP: usize = 2;

impl Widths {
    /// Every column as wide as its widest cell; where `columns` are too few, first the reason and
    /// then the path give way.
    fn new(rows: &[[String; 5]], columns: Option<usize>) -> Self {
        let widest = |column: usize| {
            rows.iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
                .max(HEAD[column].len())
        };
        let mut widths = Self {
            path: widest(0),
            kind: widest(1),
            action: widest(2),
            size: widest(3),
            why: widest(4),
        };
        if let Some(columns) = columns {
            let fixed = widths.kind + widths.action + widths.size + 4 * GAP;
            let free = columns.saturating_sub(fixed);
            widths.why = widths
                .why
                .min(free.saturating_sub(widths.path).max(SHORTEST_WHY));
            widths.path = widths
                .path
                .min(free.saturating_sub(widths.why).max(SHORTEST_PATH));
        }
        widths
    }

    fn write(&self, out: &mut dyn Write, cells: [&str; 5]) -> io::Result<()> {
        let [path, kind, action, size, why] = cells;
        let (path, why) = (fit(path, self.path, true), fit(why, self.why, false));
        let line = format!(
            "{path:<p$}  {kind:<k$}  {action:<a$}  {size:<s$}  {why}",
            p = self.path,
            k = self.kind,
            a = self.action,
            s = self.size,
        );
        writeln!(out, "{}", line.trim_end())
    }
}

fn table(out: &mut dyn Write, plan: &Plan, columns: Option<usize>) -> io::Result<()> {
    let several_models = plan.models.len() > 1;
    let rows: Vec<[String; 5]> = plan
        .rows
        .iter()
        .map(|row| cells(row, several_models))
        .collect();
    let widths = Widths::new(&rows, columns);
    widths.write(out, HEAD)?;
    for row in &rows {
        widths.write(out, row.each_ref().map(String::as_str))?;
    }
    Ok(())
}

fn cells(row: &PlanRow, several_models: bool) -> [String; 5] {
    let action = match &row.model {
        Some(model) if several_models => format!("{} ({model})", row.action),
        _ => row.action.to_string(),
    };
    let side = |(width, height): (u32, u32)| format!("{width}x{height}");
    let mut size = match (row.size_in, row.size_out) {
        (Some(before), Some(after)) if before != after => {
            format!("{} -> {}", side(before), side(after))
        }
        (Some(before), _) => side(before),
        (None, _) => String::new(),
    };
    if row.frames > 1 {
        size.push_str(&format!(" ({} parts)", row.frames));
    }
    let why = if row.sure {
        row.why.clone()
    } else {
        format!("unsure: {}", row.why)
    };
    let kind = row.kind.map(|kind| kind.to_string()).unwrap_or_default();
    [row.name.clone(), kind, action, size, why]
}

fn totals(out: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    writeln!(out)?;
    for (action, words) in [
        (Action::Enhance, "enhance"),
        (Action::Nearest, "enlarge, every pixel a square"),
        (Action::Rewrite, "adapt"),
        (Action::Copy, "copy"),
        (Action::Skip, "skip"),
    ] {
        let rows = plan.rows.iter().filter(|row| row.action == action);
        let reasons: Vec<&str> = rows.map(|row| row.why.as_str()).collect();
        if reasons.is_empty() {
            continue;
        }
        write!(out, "{:>6} to {words}", reasons.len())?;
        if matches!(action, Action::Copy | Action::Skip) {
            write!(out, ": {}", summary::grouped(&reasons))?;
        }
        writeln!(out)?;
    }
    if plan.other_files > 0 {
        writeln!(
            out,
            "{:>6} other files to copy as they are",
            plan.other_files
        )?;
    }
    for left in &plan.left_out {
        writeln!(out, "{:>6} to leave out: {left}", left.files)?;
    }
    let names: Vec<&str> = plan
        .models
        .iter()
        .map(|model| model.name.as_str())
        .collect();
    if !names.is_empty() {
        writeln!(
            out,
            "{:>6} tiles at most, {} with {}",
            plan.tiles(),
            plan.scale,
            names.join(", ")
        )?;
    }
    growth(out, &plan.atlases, "this pack")?;
    for advice in &plan.advice {
        writeln!(out, "Advice: {advice}.")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(path: &str, why: &str) -> [String; 5] {
        [path, "block", "enhance", "16x16 -> 128x128", why].map(str::to_owned)
    }

    fn lines(rows: &[[String; 5]], columns: Option<usize>) -> Vec<String> {
        let widths = Widths::new(rows, columns);
        let mut out = Vec::new();
        for row in rows {
            widths
                .write(&mut out, row.each_ref().map(String::as_str))
                .unwrap();
        }
        String::from_utf8(out)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn a_table_fits_the_terminal_or_is_whole() {
        let rows = [
            row(
                "assets/minecraft/textures/block/deepslate_tiles.png",
                "a full cube's face repeats on every side",
            ),
            row("assets/minecraft/textures/item/apple.png", "an item"),
        ];
        for columns in [80, 100, 120, 200] {
            for line in lines(&rows, Some(columns)) {
                assert!(line.chars().count() <= columns, "{columns}: {line}");
                assert!(line.contains(".png"), "the end of a path says most: {line}");
            }
        }
        let whole = lines(&rows, None);
        assert!(whole[0].ends_with("repeats on every side") && whole[0].starts_with("assets/"));
    }
}
