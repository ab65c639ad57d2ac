//! `uncanny convert IN...`: plans, runs and reports, pack by pack.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use uncanny::{Action, Cache, Event, Options, Plan, Report, Run, Stage};
use uncanny_pack::{AssetKind, Pack, PackFormat, PackLimits, Rules, check_target};

use crate::args::{ConvertArgs, MachineArgs};
use crate::error::Error;
use crate::logging::Talk;
use crate::models::Loaded;
use crate::progress::Progress;
use crate::summary::summary;
use crate::{diagnostics, grid, interrupt, machine, naming, options, output};

pub(crate) fn run(args: &ConvertArgs, talk: Talk) -> Result<u8, Error> {
    let cancel = interrupt::listen();
    let options = options::resolve(&args.enhance)?;
    let inputs: Vec<&Path> = args.inputs.iter().map(PathBuf::as_path).collect();
    for path in [&args.report, &args.grid].into_iter().flatten() {
        // Written last, over what is there: never over an input, and not into a folder that is missing.
        check_target(path, &inputs, true)?;
    }
    let target = Target::new(args)?;
    machine::use_threads(args.machine.threads)?;
    let mut session = Session {
        args,
        talk,
        cancel: &cancel,
        cache: cache(&args.machine)?,
        models: Loaded::new(
            args.machine.device.unwrap_or_default(),
            args.machine.batch,
            options.scale,
            Some(options.reach),
        ),
        options,
        target,
    };
    let mut status = 0;
    let mut reports = Vec::new();
    for input in &args.inputs {
        match session.convert(input) {
            Ok(report) => {
                status = status.max(report.exit_code());
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
                status = status.max(error.exit_status());
            }
        }
    }
    if let Some(path) = &args.report {
        let json = json(&reports, args.inputs.len() > 1);
        fs::write(path, json).map_err(|source| Error::Write {
            path: path.clone(),
            source,
        })?;
    }
    if args.json {
        output::print(|out| out.write_all(&json(&reports, args.inputs.len() > 1)))?;
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
    models: Loaded,
    options: Options,
    target: Target,
}

impl Session<'_> {
    fn convert(&mut self, input: &Path) -> Result<Report, Error> {
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
        if let Some(path) = &self.args.grid {
            let path = if self.args.inputs.len() > 1 {
                naming::beside(path, input)
            } else {
                path.clone()
            };
            grid::draw(&pack, &output, &report, &path)?;
        }
        if self.talk != Talk::Quiet && !self.args.json {
            let bytes = fs::metadata(&output)
                .ok()
                .filter(fs::Metadata::is_file)
                .map(|meta| meta.len());
            // The work is done, whether or not anybody can read of it.
            let _ = std::io::stderr().write_all(summary(&report, &output, bytes).as_bytes());
        }
        Ok(report)
    }

    fn check(&self, output: &Path) -> Result<(), Error> {
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
