//! `uncanny watch DIR -o OUT`: an output that is kept up with a folder somebody works on.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use clap::{Args, ValueHint};
use tracing_indicatif::span_ext::IndicatifSpanExt as _;
use uncanny::{
    Cache, Models, NewSettings, Options, Outcome, SettingsFile, Watch, WatchEvent, watch,
};
use uncanny_model::Device;
use uncanny_pack::{Listing, Pack, PackFormat, PackLimits, Rules, folder};
use uncanny_registry::ModelRegistry;
use uncanny_texture::Scale;

use crate::args::{EnhanceArgs, MachineArgs};
use crate::commands::sheet;
use crate::error::Error;
use crate::logging::Talk;
use crate::models::trusting;
use crate::{diagnostics, interrupt, machine, naming, options, output, progress};

/// Between two lines on how much is left, where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Keep an enhanced copy of a folder up to date
///
/// Converts the folder once, then waits. Whenever a file is saved, added, renamed or removed, OUT is brought up
/// to date, with whatever depends on that file. Then it holds what `convert` makes of the folder. Every file in
/// OUT is complete at any time. A change of uncanny.toml makes anew only what it concerns.
///
/// A folder without pack.mcmeta and assets/ is taken for pictures and sprite sheets: sheets are enhanced as by
/// `sheet`, each with its metadata, every other PNG by itself, and all else is copied.
///
/// While a picture cannot be read, because its author is still writing it, its copy stays as it is. The picture is
/// tried again for three seconds, and named if it is still broken then. Only what `watch` made is ever removed
/// from OUT: the folder .uncanny in it holds the list. Version control (.git and the like) is left out.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  uncanny watch my-pack/                            keeps my-pack-128x/ up
  uncanny watch my-pack/ -o ~/.minecraft/resourcepacks/my-pack-128x
  uncanny watch my-pack/ -o my-pack/build/hd        inside, and never fed to itself
  uncanny watch game/assets -o game/assets-hd       pictures and sheets, no pack
  uncanny watch my-pack/ -o out/ --once             catch up, then exit
  uncanny watch my-pack/ -o out/ --json | jq -r 'select(.event == \"written\") | .name'
  uncanny watch /mnt/share/pack -o out/ --poll 2    where the system tells of no changes

Ctrl-C ends it. Exit status: 0 caught up, with --once; 1 the same, but some files failed or events
could not be printed; 2 it could not begin; 130 interrupted.")]
pub(crate) struct WatchArgs {
    /// The folder to watch: an unpacked resource pack, or pictures and sprite sheets
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    input: PathBuf,

    /// The folder to keep up to date [default: beside DIR, named by its resolution: my-pack-128x]
    #[arg(long, short, value_name = "OUT", help_heading = "Output", value_hint = ValueHint::DirPath)]
    output: Option<PathBuf>,

    /// Replace files in OUT that `watch` has not made
    #[arg(long, short, help_heading = "Output")]
    force: bool,

    /// Bring OUT up to date, then exit
    #[arg(long, help_heading = "Output")]
    once: bool,

    /// Print what happens as JSON, one event a line
    #[arg(long, help_heading = "Output")]
    json: bool,

    /// Look through DIR every SECONDS seconds, instead of waiting for the system's notices: for network drives
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = "Machine")]
    poll: Option<Duration>,

    /// In a folder that is no pack: the size of the cells of pictures that no sheet names [default: each is one cell]
    #[arg(long, value_name = "WxH", help_heading = "Sprites", value_parser = sheet::cell)]
    cell: Option<(u32, u32)>,

    #[command(flatten)]
    enhance: EnhanceArgs,

    #[command(flatten)]
    machine: MachineArgs,
}

pub(crate) fn run(args: &WatchArgs, talk: Talk) -> Result<u8, Error> {
    let cancel = interrupt::listen();
    let options = options::resolve(&args.enhance)?;
    machine::use_threads(args.machine.threads)?;
    // Before anything is made of it.
    folder(&args.input)?;
    let device = Device::find(args.machine.device.unwrap_or_default())?;
    let output = match &args.output {
        Some(output) => output.clone(),
        None => beside(&args.input, &options),
    };
    let cache = match args.machine.no_cache {
        true => None,
        false => options::cache_folder(args.machine.cache.cache_dir.as_ref())
            .map(|folder| Cache::new(&folder, uncanny::DEFAULT_CACHE_BYTES)),
    };
    let models = |options: &Options| {
        let models = ModelRegistry::new(args.machine.device.unwrap_or_default())
            .with_batch(args.machine.batch)
            .for_options(options);
        let models = trusting(models, args.enhance.trust, &args.enhance.model);
        Box::new(models) as Box<dyn Models>
    };
    let mut loaded = (options.scale, options.reach);
    let mut read = || {
        let options = options::resolve(&args.enhance).map_err(|error| one_line(&error))?;
        let wanted = (options.scale, options.reach);
        // Networks stay loaded unless they must enlarge by another factor.
        let models = (wanted != loaded).then(|| models(&options));
        loaded = wanted;
        Ok(NewSettings { options, models })
    };
    let settings = options::settings_file(&args.enhance).map(|path| SettingsFile {
        path,
        read: &mut read,
    });
    let teller = Teller::new(talk, args.json, device.to_string());
    let report = watch(Watch {
        input: &within(&args.input, &output),
        output: &output,
        force: args.force,
        models: models(&options),
        options,
        settings,
        cache: cache.as_ref(),
        cell: args.cell,
        poll: args.poll,
        once: args.once,
        cancel: &cancel,
        events: &|event| teller.tell(&event),
    })?;
    Ok(match report {
        report if report.interrupted => interrupt::EXIT_STATUS,
        report => u8::from(!report.failed.is_empty() || teller.shown().unheard),
    })
}

/// The folder of the pack itself, where it is in another one: `convert` takes it out of that too. The output is no pack
/// to watch, wherever it lies.
fn within(input: &Path, output: &Path) -> PathBuf {
    let output = output.canonicalize().ok();
    let input_place = input.canonicalize().ok();
    let below = output
        .zip(input_place)
        .and_then(|(output, input)| Some(output.strip_prefix(input).ok()?.to_owned()));
    let is_output = |name: &str| {
        let below = below.as_deref();
        below.is_some_and(|below| Path::new(name).starts_with(below))
    };
    let listing = Listing::of(input, &PackLimits::default(), &is_output);
    let pack = listing.and_then(Listing::into_pack).ok();
    let pack = pack.filter(|pack| !pack.folder().is_empty());
    pack.map_or_else(|| input.to_owned(), |pack| input.join(pack.folder()))
}

/// Where the output goes unless said: named as `convert` would name it.
fn beside(input: &Path, options: &Options) -> PathBuf {
    let pack = Pack::open(input, &PackLimits::default());
    let resolution = pack.map_or(naming::USUAL, |pack| Rules::read(&pack).resolution());
    let scale = options
        .scale
        .unwrap_or(Scale::new(8).expect("8 is within a scale's limits"));
    let name = naming::default_name(input, PackFormat::Folder, resolution, scale);
    naming::folder_of(input).join(name)
}

/// An error in one line, with its place in a settings file.
fn one_line(error: &Error) -> String {
    match error {
        Error::Run(uncanny::Error::Config(error)) => match error.line() {
            Some(line) => format!("line {line}: {}", error.message),
            None => error.message.clone(),
        },
        error => diagnostics::one_line(error),
    }
}

/// Says what happens: lines and a status line for people, events for machines.
struct Teller {
    talk: Talk,
    json: bool,
    device: String,
    shown: Mutex<Shown>,
}

#[derive(Default)]
struct Shown {
    status: Option<tracing::Span>,
    told: Option<Instant>,
    /// Nobody reads our standard output any more.
    unheard: bool,
}

impl Teller {
    fn new(talk: Talk, json: bool, device: String) -> Self {
        let status = (talk == Talk::Bar).then(progress::status);
        Self {
            talk,
            json,
            device,
            shown: Mutex::new(Shown {
                status,
                ..Shown::default()
            }),
        }
    }

    fn tell(&self, event: &WatchEvent) {
        if self.json
            && !matches!(event, WatchEvent::Progress(_))
            && let Ok(mut line) = serde_json::to_vec(event)
        {
            line.push(b'\n');
            let mut shown = self.shown();
            if !shown.unheard
                && let Err(error) = output::print(|out| out.write_all(&line))
            {
                shown.unheard = true;
                tracing::warn!("events cannot be printed any more: {error}");
            }
        }
        match event {
            WatchEvent::Watching {
                input,
                output,
                polling,
            } => {
                let how = match polling {
                    Some(every) => format!(", every {every} s"),
                    None => String::new(),
                };
                self.line(&format!(
                    "watching {input} for {output} on {}{how}",
                    self.device
                ));
            }
            WatchEvent::Written {
                name,
                outcome,
                cached,
                seconds,
                ..
            } => {
                let what = match outcome {
                    Outcome::Enhanced if *cached => "from the cache",
                    Outcome::Enhanced => "enhanced",
                    Outcome::Nearest => "enlarged",
                    Outcome::Rewritten => "rewritten",
                    Outcome::Failed => "copied as it is",
                    _ => "copied",
                };
                match seconds {
                    Some(seconds) => self.line(&format!("{name}: {what} in {seconds:.3} s")),
                    None => tracing::debug!("{name}: {what}"),
                }
            }
            WatchEvent::Removed { name } => self.line(&format!("{name}: removed")),
            WatchEvent::Failed { name, why } => tracing::error!("{name}: {why}"),
            WatchEvent::Mended { name } => tracing::debug!("{name} is well again"),
            WatchEvent::Settings { path } => self.line(&format!("settings from {path}")),
            WatchEvent::Gone { input } => {
                self.line(&format!("{input} is gone; waiting for it"));
            }
            WatchEvent::UpToDate {
                written,
                removed,
                failed,
                seconds,
            } => {
                let mut text = format!("up to date: {written} written");
                for (count, what) in [(removed, "removed"), (failed, "failed")] {
                    if *count > 0 {
                        text.push_str(&format!(", {count} {what}"));
                    }
                }
                self.line(&format!("{text}, {seconds:.1} s"));
            }
            WatchEvent::Status { queue, failed } => self.status(*queue, *failed),
            // The library has logged warnings.
            _ => {}
        }
    }

    fn shown(&self) -> std::sync::MutexGuard<'_, Shown> {
        self.shown
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// A line for people, above the status line.
    fn line(&self, text: &str) {
        if self.talk != Talk::Quiet && !self.json {
            tracing_indicatif::indicatif_eprintln!("{text}");
        }
    }

    fn status(&self, queue: usize, failed: usize) {
        let mut text = match queue {
            0 => "waiting for changes".to_owned(),
            queue => format!("{queue} to go"),
        };
        if failed > 0 {
            text.push_str(&format!(", {failed} failed"));
        }
        let mut shown = self.shown();
        if let Some(status) = &shown.status {
            status.pb_set_message(&format!("{text} ({})", self.device));
            return;
        }
        let now = Instant::now();
        let due = shown.told.is_none_or(|told| now - told >= LINE_EVERY);
        if queue > 0 && due {
            shown.told = Some(now);
            drop(shown);
            self.line(&text);
        }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text
        .parse()
        .ok()
        .filter(|seconds| *seconds >= 0.05 && *seconds <= 3600.0);
    seconds
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "expected seconds, from 0.05 to 3600".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polling_is_neither_for_ever_nor_all_the_time() {
        assert_eq!(seconds("2"), Ok(Duration::from_secs(2)));
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for bad in ["0", "-1", "x", "", "inf", "nan", "1e9"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
