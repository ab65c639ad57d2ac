//! Where `tracing` events and progress bars go: standard error, without trampling on each other.

use std::fmt;
use std::io::IsTerminal as _;

use tracing::{Event, Level, Subscriber};
use tracing_indicatif::IndicatifLayer;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets, filter_fn};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::args::LogArgs;

/// The target of the one span that owns the progress bar.
pub(crate) const BAR: &str = "uncanny::bar";

/// Overrides `-q` and `-v`, target by target: `UNCANNY_LOG=uncanny_pack=trace,warn`.
const VARIABLE: &str = "UNCANNY_LOG";

/// How a run may talk to the person who started it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Talk {
    /// Errors only.
    Quiet,
    /// Lines: standard error is a file or a pipe.
    Lines,
    /// A moving bar: standard error is a terminal.
    Bar,
}

/// Sets up logging, once. Warnings show by default; `-q` leaves errors, `-v` adds a line per
/// texture, `-vv` everything.
pub(crate) fn init(args: LogArgs) -> Talk {
    keep_decoders_silent();
    let terminal = std::io::stderr().is_terminal();
    let level = match (args.quiet, args.verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::WARN,
        (false, 1) => LevelFilter::DEBUG,
        (false, _) => LevelFilter::TRACE,
    };
    // What other crates murmur is of no use to a pack author, however much is asked for.
    let usual = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target("uncanny", level);
    let filter = std::env::var(VARIABLE)
        .ok()
        .and_then(|text| text.parse::<Targets>().ok())
        .unwrap_or(usual);

    let bars = IndicatifLayer::new();
    let colour = terminal && colours();
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(bars.get_stderr_writer())
        .with_ansi(colour)
        .event_format(Lines { colour })
        .with_filter(filter);
    tracing_subscriber::registry()
        .with(lines)
        .with(bars.with_filter(filter_fn(|metadata| metadata.target() == BAR)))
        .init();

    match (args.quiet, terminal) {
        (true, _) => Talk::Quiet,
        (false, false) => Talk::Lines,
        (false, true) => Talk::Bar,
    }
}

/// A decoder's panic is told as an error of its picture, and only so. Whether one is at work is asked of the thread that
/// panics, so that other threads' panics are told as ever.
fn keep_decoders_silent() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !uncanny_texture::is_guarded() {
            usual(panic);
        }
    }));
}

/// Whether colour is welcome on a terminal: <https://no-color.org>.
pub(crate) fn colours() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
        // Consoles of Windows understand colours only once they are told to, which this does.
        && (!cfg!(windows) || console::Term::stderr().features().colors_supported())
}

/// `warning: what happened, field: value`, as a compiler says it.
struct Lines {
    colour: bool,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let (name, colour) = match *event.metadata().level() {
            Level::ERROR => ("error", "31;1"),
            Level::WARN => ("warning", "33;1"),
            Level::INFO => ("info", "32"),
            Level::DEBUG => ("debug", "34"),
            Level::TRACE => ("trace", "35"),
        };
        if self.colour {
            write!(out, "\x1b[{colour}m{name}\x1b[0m: ")?;
        } else {
            write!(out, "{name}: ")?;
        }
        context.field_format().format_fields(out.by_ref(), event)?;
        writeln!(out)
    }
}
