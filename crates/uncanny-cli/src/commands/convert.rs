//! `uncanny convert IN...`: plans, runs and reports, pack by pack.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use uncanny::{Action, Cache, Event, Options, Outcome, Plan, Report, Run, Stage};
use uncanny_pack::{AssetKind, Pack, PackFormat, PackLimits, Rules, check_target, sweep};
use uncanny_registry::ModelRegistry;

use crate::args::{ConvertArgs, MachineArgs};
use crate::diagnostics::after_output;
use crate::error::Error;
use crate::gallery::{Entry, Gallery};
use crate::logging::Talk;
use crate::models::trusting;
use crate::pairs::{Pair, Pairs, Row};
use crate::progress::{Progress, Steps};
use crate::summary::summary;
use crate::{diagnostics, grid, interrupt, machine, naming, options, output};

/// Textures of a page that are drawn at once: enough for all cores, few enough for memory.
const AT_ONCE: usize = 64;

pub(crate) fn run(args: &ConvertArgs, talk: Talk) -> Result<u8, Error> {
    let cancel = interrupt::listen();
    let options = options::resolve(&args.enhance)?;
    let inputs: Vec<&Path> = args.inputs.iter().map(PathBuf::as_path).collect();
    for path in [&args.report, &args.grid, &args.html].into_iter().flatten() {
        // Written last; what is known to be refused is refused before the work.
        check_target(path, &inputs, args.force)?;
    }
    let target = Target::new(args)?;
    machine::use_threads(args.machine.threads)?;
    let models = ModelRegistry::new(args.machine.device.unwrap_or_default())
        .with_batch(args.machine.batch)
        .for_options(&options);
    let mut session = Session {
        args,
        talk,
        cancel: &cancel,
        cache: cache(&args.machine)?,
        models: trusting(models, args.enhance.trust, &args.enhance.model),
        options,
        target,
    };
    let mut status = 0;
    let mut reports = Vec::new();
    let mut errors = Vec::new();
    for input in &args.inputs {
        match session.convert(input) {
            Ok((report, shown)) => {
                status = status.max(report.exit_code()).max(shown);
                reports.push(report);
            }
            Err(error)
                if args.inputs.len() == 1 || error.exit_status() == interrupt::EXIT_STATUS =>
            {
                return Err(error);
            }
            // One bad pack does not keep the others from being made.
            Err(error) => {
                diagnostics::show(&error);
                errors.push(error);
            }
        }
    }
    for error in &errors {
        status = status.max(match reports.is_empty() {
            true => error.exit_status(),
            false => error.exit_status_after_output(),
        });
    }
    if let Some(path) = &args.report {
        let json = json(&reports, args.inputs.len() > 1);
        status = status.max(after_output(output::write_file(path, &json)));
    }
    if args.json {
        let json = json(&reports, args.inputs.len() > 1);
        status = status.max(after_output(output::print(|out| out.write_all(&json))));
    }
    Ok(status)
}

/// One report is an object, those of several inputs are a list.
fn json(reports: &[Report], list: bool) -> Vec<u8> {
    let json = match reports {
        [report] if !list => serde_json::to_vec_pretty(report),
        reports => serde_json::to_vec_pretty(reports),
    };
    let mut json = json.expect("a report holds nothing that JSON cannot");
    json.push(b'\n');
    json
}

fn cache(machine: &MachineArgs) -> Result<Option<Cache>, Error> {
    if machine.no_cache {
        return Ok(None);
    }
    let Some(folder) = options::cache_folder(machine.cache.cache_dir.as_ref()) else {
        tracing::warn!(
            "no folder for a cache is known on this system: going on without; --cache-dir names one"
        );
        return Ok(None);
    };
    Ok(Some(Cache::new(&folder, uncanny::DEFAULT_CACHE_BYTES)))
}

/// What all packs of one command share.
struct Session<'a> {
    args: &'a ConvertArgs,
    talk: Talk,
    cancel: &'a AtomicBool,
    cache: Option<Cache>,
    models: ModelRegistry,
    options: Options,
    target: Target,
}

impl Session<'_> {
    /// Converts a pack; its report, and the exit status of what shows it.
    fn convert(&mut self, input: &Path) -> Result<(Report, u8), Error> {
        let progress = Progress::new(self.talk);
        let pack = Pack::open(input, &PackLimits::default())?;
        // What is known to be refused is refused before the work.
        if let Target::Itself(path) = &self.target {
            self.check(path)?;
        }
        progress.handle(&Event::Stage {
            stage: Stage::Plan,
            total: pack.entries().len(),
        });
        let rules = Rules::read(&pack);
        let plan = Plan::new(&pack, &rules, &self.options, &mut self.models)?;
        for warning in &plan.warnings {
            tracing::warn!("{warning}");
        }
        self.go_on()?;
        let output = self.target.resolve(input, &pack, &plan)?;
        self.check(&output)?;

        let device = self
            .models
            .device()
            .map_or_else(|| "cpu".to_owned(), |device| device.to_string());
        let events = |event| progress.handle(&event);
        let report = uncanny::run(Run {
            pack: &pack,
            rules: &rules,
            plan: &plan,
            models: &mut self.models,
            cache: self.cache.as_ref(),
            output: &output,
            format: naming::format(&output),
            force: self.args.force,
            device: &device,
            cancel: self.cancel,
            events: &events,
        })?;
        // Some faults show only once an entry is unpacked.
        for warning in pack.late_warnings().iter().map(ToString::to_string) {
            if !plan.warnings.contains(&warning) {
                tracing::warn!("{warning}");
            }
        }
        let shown = self.show(input, &pack, &output, &plan, &report);
        if self.talk != Talk::Quiet && !self.args.json {
            let bytes = fs::metadata(&output)
                .ok()
                .filter(fs::Metadata::is_file)
                .map(|meta| meta.len());
            // The work is done, whether or not anybody can read of it.
            let _ = std::io::stderr().write_all(summary(&report, &output, bytes).as_bytes());
        }
        Ok((report, shown))
    }

    /// Draws what `--grid` and `--html` ask for; the exit status of that.
    fn show(&self, input: &Path, pack: &Pack, output: &Path, plan: &Plan, report: &Report) -> u8 {
        let (sheet, html) = (&self.args.grid, &self.args.html);
        if sheet.is_none() && html.is_none() {
            return 0;
        }
        let pairs = match Pairs::open(pack, output, plan, report) {
            Ok(pairs) => pairs,
            Err(error) => return after_output(Err(error)),
        };
        let mut status = 0;
        if let Some(path) = sheet {
            status = after_output(grid::draw(&pairs, &self.beside(path, input)));
        }
        if let Some(path) = html {
            let page = page(&pairs, plan, report, &self.beside(path, input), self.talk);
            status = status.max(after_output(page));
        }
        status
    }

    /// `path` itself, or of several inputs one for each.
    fn beside(&self, path: &Path, input: &Path) -> PathBuf {
        if self.args.inputs.len() > 1 {
            naming::beside(path, input)
        } else {
            path.to_owned()
        }
    }

    fn check(&self, output: &Path) -> Result<(), Error> {
        // What a killed run had moved aside is there again, and in the way.
        sweep(&naming::folder_of(output));
        let inputs: Vec<&Path> = self.args.inputs.iter().map(PathBuf::as_path).collect();
        Ok(check_target(output, &inputs, self.args.force)?)
    }

    fn go_on(&self) -> Result<(), Error> {
        if self.cancel.load(Ordering::SeqCst) {
            Err(uncanny::Error::Interrupted.into())
        } else {
            Ok(())
        }
    }
}

/// `--html`: every texture of the pack, enhanced or not.
fn page(
    pairs: &Pairs<'_>,
    plan: &Plan,
    report: &Report,
    path: &Path,
    talk: Talk,
) -> Result<(), Error> {
    let rows = pairs.rows();
    let input = Path::new(&report.input);
    let title = input.file_stem().unwrap_or(input.as_os_str());
    let mut gallery = Gallery::new(path, &title.to_string_lossy(), rows.len());
    let mut steps = Steps::new(talk, ("drawing", "textures"), rows.len());
    for rows in rows.chunks(AT_ONCE) {
        let entries: Vec<Entry> = rows
            .par_iter()
            .map(|row| entry(pairs.pair(*row), *row, plan))
            .collect();
        gallery.add(&entries)?;
        steps.add(rows.len());
    }
    let counts = &report.counts;
    let models: Vec<&str> = report
        .models
        .iter()
        .map(|model| model.name.as_str())
        .collect();
    let mut summary = vec![("textures", rows.len().to_string())];
    let counted = [
        ("enhanced", counts.enhanced),
        ("enlarged", counts.nearest),
        ("copied", counts.copied),
        ("skipped", counts.skipped),
        ("failed", counts.failed),
    ];
    summary.extend(
        counted
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(what, count)| (*what, count.to_string())),
    );
    summary.push(("scale", format!("{}x", report.scale)));
    if !models.is_empty() {
        summary.push((
            if models.len() > 1 { "models" } else { "model" },
            models.join(", "),
        ));
    }
    gallery.finish(&summary)
}

fn entry(pair: Pair, (planned, reported): Row<'_>, plan: &Plan) -> Entry {
    let scaled = pair.after.is_some();
    let mut notes = vec![("Why", reported.why.clone())];
    // One model for all of them is said once, at the top.
    if let (true, Some(model)) = (scaled && plan.models.len() > 1, &planned.model) {
        notes.push(("Model", model.clone()));
    }
    if let (true, Some(edges)) = (scaled, planned.edges) {
        notes.push(("Edges", edges.to_owned()));
    }
    if planned.frames > 1 && pair.frames == 1 {
        notes.push(("Parts", format!("{}, each on its own", planned.frames)));
    }
    if !planned.sure {
        notes.push((
            "Unsure",
            "no rule knows this texture for certain".to_owned(),
        ));
    }
    Entry {
        name: reported.name.clone(),
        before: pair.before,
        after: pair
            .after
            .into_iter()
            .map(|image| (format!("{}x", plan.scale.get()), image))
            .collect(),
        kind: planned.kind.map_or("", AssetKind::name).to_owned(),
        how: match planned.edges {
            Some(edges) if scaled => edges.to_owned(),
            _ => String::new(),
        },
        outcome: word(reported.outcome).to_owned(),
        notes,
        score: None,
        frames: pair.frames,
    }
}

/// An outcome as the summary calls it.
fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Enhanced => "enhanced",
        Outcome::Nearest => "enlarged",
        Outcome::Skipped => "skipped",
        Outcome::Failed => "failed",
        _ => "copied",
    }
}

/// Where the outputs go.
enum Target {
    /// The output itself, of the one input.
    Itself(PathBuf),
    /// Into this folder, each by its default name.
    Folder {
        folder: PathBuf,
        /// What was written so far: two inputs of one name must not overwrite each other.
        taken: Vec<PathBuf>,
    },
    /// Beside each input.
    Beside,
}

impl Target {
    fn new(args: &ConvertArgs) -> Result<Self, Error> {
        let Some(path) = args.output.clone() else {
            return Ok(Self::Beside);
        };
        let several = args.inputs.len() > 1;
        if !several && !naming::ends_as_folder(&path) {
            return Ok(Self::Itself(path));
        }
        if naming::format(&path) == PackFormat::Zip && !path.is_dir() {
            return Err(Error::OutputNotFolder { path });
        }
        fs::create_dir_all(&path).map_err(|source| Error::CreateFolder {
            path: path.clone(),
            source,
        })?;
        Ok(Self::Folder {
            folder: path,
            taken: Vec::new(),
        })
    }

    fn resolve(&mut self, input: &Path, pack: &Pack, plan: &Plan) -> Result<PathBuf, Error> {
        let name = || naming::default_name(input, pack.format(), resolution(plan), plan.scale);
        match self {
            Self::Itself(path) => Ok(path.clone()),
            Self::Beside => Ok(naming::folder_of(input).join(name())),
            Self::Folder { folder, taken } => {
                let path = folder.join(name());
                if taken.contains(&path) {
                    return Err(Error::OutputTwice { path });
                }
                taken.push(path.clone());
                Ok(path)
            }
        }
    }
}

/// What players call the resolution of a pack: the width that most of its blocks and items have.
fn resolution(plan: &Plan) -> u32 {
    let squares = plan.rows.iter().filter(|row| {
        matches!(row.action, Action::Enhance | Action::Nearest)
            && matches!(row.kind, Some(AssetKind::Block | AssetKind::Item))
    });
    naming::most_frequent(
        squares
            .filter_map(|row| row.size_in)
            .map(|(width, _)| width),
    )
    .unwrap_or(naming::USUAL)
}
