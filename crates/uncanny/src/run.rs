//! Carries out a plan: the pipeline, readable as the calls of [`run`](run()).
//!
//! Three stages work on bounded chunks of the pack, in pack order: `prepare` (all cores: read, decode, look into the
//! cache, cut), `device` (one thread owns the models: tiles of many textures in full batches, identical ones once) and
//! `finish` (all cores: alpha, quantise, encode). Finished textures wait in a temporary file, so that the fate of every
//! texture is known before the first byte of the output is written: a sidecar follows its texture, and a texture its
//! group, wherever they stand in the pack. Memory is bounded by the chunks in flight, not by the pack.

mod budget;
mod device;
mod finish;
mod prepare;
mod spool;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use uncanny_pack::{Pack, PackFormat, PackLimits, PackWriter, Rules, check_target};

use crate::plan::{Plan, PlanRow, chain};
use crate::report::{Counts, Report, ReportRow, Seconds};
use crate::{Action, Cache, Error, Event, Models, Options, Outcome, Stage};
use spool::Spool;

/// Everything a run needs.
pub struct Run<'a> {
    /// The pack.
    pub pack: &'a Pack,
    /// What the pack says of itself.
    pub rules: &'a Rules,
    /// What to do.
    pub plan: &'a Plan,
    /// Where the plan's models come from.
    pub models: &'a mut dyn Models,
    /// Finished textures of earlier runs.
    pub cache: Option<&'a Cache>,
    /// Where the result goes. It appears only when it is complete.
    pub output: &'a Path,
    /// As what.
    pub format: PackFormat,
    /// Whether an existing output is replaced.
    pub force: bool,
    /// What the models run on, for the report.
    pub device: &'a str,
    /// Set from anywhere, it stops the run, and nothing is written.
    pub cancel: &'a AtomicBool,
    /// Hears what happens, from several threads.
    pub events: &'a (dyn Fn(Event) + Sync),
}

/// Carries out a plan.
///
/// A texture that fails is copied unchanged and is a row of the report; the run goes on.
///
/// # Errors
/// When the plan was refused, the output exists or cannot be written, or the run is cancelled. Then nothing is left.
pub fn run(run: Run<'_>) -> Result<Report, Error> {
    let started = Instant::now();
    let Run {
        pack,
        rules,
        plan,
        models,
        cache,
        output,
        format,
        force,
        device,
        cancel,
        events,
    } = run;
    if let Some(refusal) = &plan.refusal {
        return Err(Error::AtlasTooBig(refusal.clone()));
    }
    let writing = |source| Error::Pack {
        doing: "write",
        path: output.to_owned(),
        source,
    };
    check_target(output, &[pack.path()], force).map_err(writing)?;
    let writer = PackWriter::create(output, format, force).map_err(writing)?;
    let mut spool = Spool::beside(output)?;
    let textures = plan.scaled_rows();
    let shared = Shared::new(pack, plan, &textures, cache, cancel, events);
    let fates = enhance(&shared, &textures, models, &mut |row, png| {
        spool.put(row, &png)
    })?;
    let zipping = Instant::now();
    let rows = write(&shared, rules, fates, &mut spool, writer).and_then(|(rows, writer)| {
        shared.check_cancel()?;
        writer.finish().map_err(writing)?;
        Ok(rows)
    })?;
    let zip = zipping.elapsed();
    if let Some(cache) = cache {
        cache.clean();
    }
    events(Event::Stage {
        stage: Stage::Done,
        total: 0,
    });
    Ok(shared.report(rows, output, device, zip, started.elapsed()))
}

/// Takes textures of the plan, by their rows, through the three stages; `keep` gets what comes out, on a thread of its
/// own. A group must be there whole.
pub(crate) fn enhance(
    shared: &Shared<'_>,
    textures: &[usize],
    models: &mut dyn Models,
    keep: &mut (dyn FnMut(usize, Vec<u8>) -> Result<(), Error> + Send),
) -> Result<Fates, Error> {
    let chunks = prepare::chunks(shared.plan, textures);
    (shared.events)(Event::Stage {
        stage: Stage::Enhance,
        total: shared.textures,
    });
    let mut fates = thread::scope(|scope| {
        let (to_device, prepared) = sync_channel(1);
        let (to_finish, upscaled) = sync_channel(1);
        scope.spawn(|| prepare::prepare(shared, chunks, to_device));
        let finishing = scope.spawn(|| finish::finish(shared, upscaled, keep));
        // On the caller's own thread, time after time the same: libtorch keeps its threads and memory by the thread that
        // calls it, and has to gather both anew for another one.
        device::device(shared, models, prepared, to_finish);
        let finished = finishing.join();
        finished.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })?;
    shared.check_cancel()?;
    settle_groups(shared.plan, &mut fates);
    Ok(fates)
}

/// Opens, plans and runs with nobody listening: the whole of the library in one call.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let scale = uncanny_texture::Scale::new(8)?;
/// let config = uncanny::Config { model: Some("lanczos".to_owned()), ..Default::default() };
/// let options = uncanny::Options::new(config, Default::default())?;
/// let mut models = uncanny::Baselines::new(scale);
/// let report = uncanny::convert("pack.zip".as_ref(), "pack-128x.zip".as_ref(), &options, &mut models, None)?;
/// assert_eq!(report.exit_code(), 0);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// When the pack cannot be opened, and as [`Plan::new`] and [`run`](run()).
pub fn convert(
    input: &Path,
    output: &Path,
    options: &Options,
    models: &mut dyn Models,
    cache: Option<&Cache>,
) -> Result<Report, Error> {
    let pack = Pack::open(input, &PackLimits::default()).map_err(|source| Error::Pack {
        doing: "open",
        path: input.to_owned(),
        source,
    })?;
    let rules = Rules::read(&pack);
    let plan = Plan::new(&pack, &rules, options, models)?;
    let zip = output
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("zip"));
    run(Run {
        pack: &pack,
        rules: &rules,
        plan: &plan,
        models,
        cache,
        output,
        format: if zip {
            PackFormat::Zip
        } else {
            PackFormat::Folder
        },
        force: false,
        device: "cpu",
        cancel: &AtomicBool::new(false),
        events: &|_| {},
    })
}

/// What became of a texture that was to be scaled.
#[derive(Debug)]
pub(crate) enum Fate {
    /// Its new bytes are in the spool.
    Scaled { cached: bool },
    /// It failed, for this reason.
    Failed(String),
    /// It is fine, but one of its group failed.
    Held(String),
}

/// By the row's index in the plan.
pub(crate) type Fates = BTreeMap<usize, Fate>;

/// Textures of a group share a factor: where one failed, the others stay as they were.
fn settle_groups(plan: &Plan, fates: &mut Fates) {
    let group = |row: usize| plan.rows[row].job.as_ref().and_then(|job| job.group);
    let failed: HashMap<usize, usize> = fates
        .iter()
        .rev()
        .filter(|(_, fate)| matches!(fate, Fate::Failed(_)))
        .filter_map(|(row, _)| Some((group(*row)?, *row)))
        .collect();
    for (row, fate) in fates.iter_mut() {
        let culprit = group(*row).and_then(|group| failed.get(&group));
        if let (Fate::Scaled { .. }, Some(culprit)) = (&*fate, culprit) {
            *fate = Fate::Held(format!(
                "must stay as large as {}, which failed",
                plan.rows[*culprit].name
            ));
        }
    }
}

/// Writes every entry in pack order: new bytes from the spool, sidecars that follow their textures, copies.
fn write(
    shared: &Shared<'_>,
    rules: &Rules,
    fates: Fates,
    spool: &mut Spool,
    mut writer: PackWriter,
) -> Result<(Vec<ReportRow>, PackWriter), Error> {
    let (pack, plan) = (shared.pack, shared.plan);
    let total = pack.entries().len();
    (shared.events)(Event::Stage {
        stage: Stage::Write,
        total,
    });
    let scaled: HashMap<&str, ()> = fates
        .iter()
        .filter(|(_, fate)| matches!(fate, Fate::Scaled { .. }))
        .map(|(row, _)| (plan.rows[*row].name.as_str(), ()))
        .collect();
    let enhanced = |name: &str| scaled.contains_key(name);
    let mut planned = plan.rows.iter().enumerate().peekable();
    let mut rows = Vec::with_capacity(plan.rows.len());
    for (at, entry) in pack.entries().iter().enumerate() {
        shared.check_cancel()?;
        let failure = |source| Error::Pack {
            doing: "write",
            path: entry.name.clone().into(),
            source,
        };
        let row = planned.next_if(|(_, row)| row.entry == at);
        let mut reported = row.map(|(index, row)| report_row(row, fates.get(&index)));
        let new = match (&mut reported, row) {
            (Some(reported), Some((index, row))) => match reported.outcome {
                Outcome::Enhanced | Outcome::Nearest => Some(spool.get(index)?),
                Outcome::Rewritten => match rewrite(shared, rules, row, &enhanced) {
                    Ok(Some(bytes)) => Some(bytes),
                    Ok(None) => {
                        reported.outcome = Outcome::Copied;
                        reported.why = "its texture stays as it was".to_owned();
                        None
                    }
                    Err(error) => {
                        reported.outcome = Outcome::Failed;
                        reported.why = error;
                        None
                    }
                },
                _ => None,
            },
            _ => None,
        };
        let written = match new {
            Some(bytes) => writer.put(entry, &bytes),
            None => writer.copy(pack, at),
        };
        match written {
            Ok(()) => {}
            // The input's fault: the pack goes on without this entry. Otherwise the output's: the end.
            Err(error) if !entry.directory && pack.read(at).is_err() => {
                let why = format!("cannot be read and is left out: {}", chain(&error));
                shared.warn(format!("{}: {why}", entry.name));
                reported = Some(ReportRow {
                    name: entry.name.clone(),
                    outcome: Outcome::Failed,
                    why,
                    cached: false,
                });
            }
            Err(error) => return Err(failure(error)),
        }
        rows.extend(reported);
        (shared.events)(Event::Written {
            done: at + 1,
            total,
        });
    }
    Ok((rows, writer))
}

fn rewrite(
    shared: &Shared<'_>,
    rules: &Rules,
    row: &PlanRow,
    enhanced: &dyn Fn(&str) -> bool,
) -> Result<Option<Vec<u8>>, String> {
    let bytes = shared.pack.read(row.entry).map_err(|error| chain(&error))?;
    rules
        .companion(&row.name, &bytes, shared.plan.scale, enhanced)
        .map_err(|error| chain(&error))
}

pub(crate) fn report_row(row: &PlanRow, fate: Option<&Fate>) -> ReportRow {
    let as_planned = match row.action {
        Action::Enhance => Outcome::Enhanced,
        Action::Nearest => Outcome::Nearest,
        Action::Rewrite => Outcome::Rewritten,
        Action::Skip => Outcome::Skipped,
        Action::Copy if row.error.is_some() => Outcome::Failed,
        Action::Copy => Outcome::Copied,
    };
    let (outcome, why, cached) = match fate {
        None => (as_planned, row.why.clone(), false),
        Some(Fate::Scaled { cached }) => (as_planned, row.why.clone(), *cached),
        Some(Fate::Failed(why)) => (Outcome::Failed, why.clone(), false),
        Some(Fate::Held(why)) => (Outcome::Copied, why.clone(), false),
    };
    ReportRow {
        name: row.name.clone(),
        outcome,
        why,
        cached,
    }
}

/// What the stages share: the plan, the listeners, the counters.
pub(crate) struct Shared<'a> {
    pack: &'a Pack,
    plan: &'a Plan,
    cache: Option<&'a Cache>,
    cancel: &'a AtomicBool,
    events: &'a (dyn Fn(Event) + Sync),
    textures: usize,
    textures_done: AtomicUsize,
    /// Tiles in the run, as far as is known.
    tiles_total: AtomicU64,
    tiles_done: AtomicU64,
    /// Tiles that were wanted, and that went through a model.
    tiles: AtomicU64,
    unique_tiles: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
    warnings: std::sync::Mutex<Vec<String>>,
    decode: Clock,
    network: Clock,
    pixels: Clock,
    encode: Clock,
}

impl<'a> Shared<'a> {
    pub(crate) fn new(
        pack: &'a Pack,
        plan: &'a Plan,
        textures: &[usize],
        cache: Option<&'a Cache>,
        cancel: &'a AtomicBool,
        events: &'a (dyn Fn(Event) + Sync),
    ) -> Self {
        Self {
            pack,
            plan,
            cache,
            cancel,
            events,
            textures: textures.len(),
            textures_done: AtomicUsize::new(0),
            tiles_total: AtomicU64::new(
                textures
                    .iter()
                    .filter_map(|row| plan.rows[*row].job.as_ref())
                    .map(|job| job.tiles)
                    .sum(),
            ),
            tiles_done: AtomicU64::new(0),
            tiles: AtomicU64::new(0),
            unique_tiles: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            warnings: std::sync::Mutex::default(),
            decode: Clock::default(),
            network: Clock::default(),
            pixels: Clock::default(),
            encode: Clock::default(),
        }
    }

    fn cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    fn check_cancel(&self) -> Result<(), Error> {
        if self.cancelled() {
            Err(Error::Interrupted)
        } else {
            Ok(())
        }
    }

    fn warn(&self, message: String) {
        tracing::warn!("{message}");
        (self.events)(Event::Warning(message.clone()));
        self.warnings
            .lock()
            .expect("no thread panics with this lock")
            .push(message);
    }

    /// Some of a texture's planned tiles turned out not to be needed.
    fn fewer_tiles(&self, count: u64) {
        self.tiles_total.fetch_sub(count, Ordering::Relaxed);
    }

    fn more_tiles_done(&self, count: u64) {
        let done = self.tiles_done.fetch_add(count, Ordering::Relaxed) + count;
        let total = self.tiles_total.load(Ordering::Relaxed).max(done);
        (self.events)(Event::Tiles { done, total });
    }

    fn report(
        &self,
        rows: Vec<ReportRow>,
        output: &Path,
        device: &str,
        zip: Duration,
        run: Duration,
    ) -> Report {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let network = self.network.seconds();
        let unique_tiles = load(&self.unique_tiles);
        let late = self.pack.late_warnings();
        let late = late
            .iter()
            .map(ToString::to_string)
            .filter(|warning| !self.plan.warnings.contains(warning));
        let mut warnings = self.plan.warnings.clone();
        warnings.extend(late);
        warnings.extend(
            self.warnings
                .lock()
                .expect("no thread panics with this lock")
                .iter()
                .cloned(),
        );
        Report {
            uncanny: env!("CARGO_PKG_VERSION").to_owned(),
            input: self.plan.input.clone(),
            output: output.display().to_string(),
            models: self
                .plan
                .models
                .iter()
                .map(crate::ModelInfo::report)
                .collect(),
            device: device.to_owned(),
            scale: self.plan.scale.get(),
            left_out: self.plan.left_out.clone(),
            counts: Counts::of(&rows, self.plan.other_files),
            seconds: Seconds {
                plan: self.plan.seconds,
                decode: self.decode.seconds(),
                network,
                pixels: self.pixels.seconds(),
                encode: self.encode.seconds(),
                zip: zip.as_secs_f64(),
                total: self.plan.seconds + run.as_secs_f64(),
            },
            tiles: load(&self.tiles),
            unique_tiles,
            tiles_per_second: if network > 0.0 {
                unique_tiles as f64 / network
            } else {
                0.0
            },
            cache_hits: load(&self.hits),
            cache_misses: load(&self.misses),
            warnings,
            rows,
        }
    }
}

/// Adds up the time spent in something by all threads.
#[derive(Default)]
struct Clock(AtomicU64);

impl Clock {
    fn time<T>(&self, work: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let result = work();
        let nanos = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.0.fetch_add(nanos, Ordering::Relaxed);
        result
    }

    fn seconds(&self) -> f64 {
        self.0.load(Ordering::Relaxed) as f64 / 1e9
    }
}
