//! How far a run is: a moving bar on a terminal, a line now and then everywhere else.
//! Only ever writes to standard error.

use std::io::Write as _;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressStyle};
use tracing_indicatif::span_ext::IndicatifSpanExt as _;
use uncanny::{Event, Stage};

use crate::logging::{BAR, Talk};

/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Between two changes of the text beside the bar.
const TEXT_EVERY: Duration = Duration::from_millis(200);
/// How much a new speed weighs against the older ones, a change of text apart.
const FRESHNESS: f64 = 0.1;

const STYLE: &str = "{wide_bar} {msg}";

/// Shows the events of one run. Shared by the run's threads.
pub(crate) struct Progress {
    talk: Talk,
    state: Mutex<State>,
}

struct State {
    /// What is enhanced.
    what: &'static str,
    stage: Option<Stage>,
    /// Of textures, or of entries while writing.
    done: usize,
    total: usize,
    tiles: Speed,
    told: Option<Instant>,
    bar: Option<tracing::Span>,
}

impl Progress {
    pub(crate) fn new(talk: Talk) -> Self {
        Self::of(talk, "textures")
    }

    /// Of other things than textures.
    pub(crate) fn of(talk: Talk, what: &'static str) -> Self {
        let state = State {
            what,
            stage: None,
            done: 0,
            total: 0,
            tiles: Speed::default(),
            told: None,
            bar: None,
        };
        Self {
            talk,
            state: Mutex::new(state),
        }
    }

    /// Takes in what happened and shows it, if it is time.
    pub(crate) fn handle(&self, event: &Event) {
        let mut state = self
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let now = Instant::now();
        match *event {
            Event::Stage { stage, total } => {
                (state.stage, state.done, state.total, state.told) = (Some(stage), 0, total, None);
                // Dropping the span takes the bar off the screen.
                state.bar = None;
                if stage == Stage::Done || total == 0 {
                    return;
                }
                state.tiles = Speed::starting(now);
                if self.talk == Talk::Bar {
                    state.bar = Some(bar(total as u64));
                }
            }
            Event::TextureDone { done, total, .. } | Event::Written { done, total } => {
                (state.done, state.total) = (state.done.max(done), total);
            }
            Event::Tiles { done, total } => state.tiles.update(done, total, now),
            // Warnings among them, which the library has logged.
            _ => return,
        }
        self.tell(&mut state, now);
    }

    fn tell(&self, state: &mut State, now: Instant) {
        let every = if self.talk == Talk::Bar {
            TEXT_EVERY
        } else {
            LINE_EVERY
        };
        if state.told.is_some_and(|told| now - told < every) {
            return;
        }
        state.told = Some(now);
        match (self.talk, &state.bar) {
            (Talk::Bar, Some(bar)) => {
                let (position, length) = state.position();
                bar.pb_set_length(length);
                bar.pb_set_position(position);
                bar.pb_set_message(&state.text());
            }
            (Talk::Lines, _) => {
                // A run does not end because nobody can read how far it is.
                let _ = writeln!(std::io::stderr(), "{}", state.text());
            }
            _ => {}
        }
    }
}

/// How far some work is that no [`Event`]s tell of: "drawing: 3 of 9 pictures".
pub(crate) struct Steps {
    talk: Talk,
    /// What is done, and with what.
    work: (&'static str, &'static str),
    done: usize,
    total: usize,
    told: Instant,
    bar: Option<tracing::Span>,
}

impl Steps {
    pub(crate) fn new(talk: Talk, work: (&'static str, &'static str), total: usize) -> Self {
        Self {
            talk,
            work,
            done: 0,
            total,
            told: Instant::now(),
            bar: (talk == Talk::Bar).then(|| bar(total as u64)),
        }
    }

    /// So many more are done.
    pub(crate) fn add(&mut self, count: usize) {
        self.done += count;
        let (doing, what) = self.work;
        let text = format!("{doing}: {} of {} {what}", self.done, self.total);
        if let Some(bar) = &self.bar {
            bar.pb_set_position(self.done as u64);
            bar.pb_set_message(&text);
        } else if self.talk == Talk::Lines && self.told.elapsed() >= LINE_EVERY {
            self.told = Instant::now();
            // The work does not end because nobody can read how far it is.
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }
}

/// A bar on the terminal; it goes when its span is dropped.
pub(crate) fn bar(total: u64) -> tracing::Span {
    let bar = tracing::info_span!(target: BAR, "progress");
    let style = ProgressStyle::with_template(STYLE).expect("the template is well formed");
    bar.pb_set_style(&style.progress_chars("━╸ "));
    bar.pb_set_length(total);
    bar.pb_start();
    bar
}

/// A line at the foot of the terminal that says how things stand.
pub(crate) fn status() -> tracing::Span {
    let line = tracing::info_span!(target: BAR, "status");
    let style =
        ProgressStyle::with_template("{spinner} {msg}").expect("the template is well formed");
    line.pb_set_style(&style);
    line.pb_start();
    line
}

impl State {
    /// Where the bar stands: tiles say more of the time than textures do.
    fn position(&self) -> (u64, u64) {
        if self.stage == Some(Stage::Enhance) && self.tiles.total > 0 {
            (self.tiles.done.min(self.tiles.total), self.tiles.total)
        } else {
            (self.done as u64, self.total as u64)
        }
    }

    fn text(&self) -> String {
        let (doing, what) = match self.stage {
            Some(Stage::Plan) => ("planning", "files"),
            Some(Stage::Write) => ("writing", "files"),
            _ => ("enhancing", self.what),
        };
        let mut text = match self.done {
            0 => format!("{doing} {} {what}", self.total),
            done => format!("{doing}: {done} of {} {what}", self.total),
        };
        if self.stage == Some(Stage::Enhance) {
            if let Some(rate) = self.tiles.rate {
                text.push_str(&format!(", {} tiles/s", rate.round()));
            }
            if let Some(left) = self.tiles.left() {
                text.push_str(&format!(", {:#} left", HumanDuration(left)));
            }
        }
        text
    }
}

/// Tiles a second, smoothed, and the time that is left at that speed.
#[derive(Default)]
struct Speed {
    done: u64,
    total: u64,
    rate: Option<f64>,
    /// When the rate was last measured, and the tiles that were done then.
    measured: Option<(Instant, u64)>,
}

impl Speed {
    fn starting(now: Instant) -> Self {
        Self {
            measured: Some((now, 0)),
            ..Self::default()
        }
    }

    fn update(&mut self, done: u64, total: u64, now: Instant) {
        (self.done, self.total) = (self.done.max(done), total);
        let (since, before) = *self.measured.get_or_insert((now, 0));
        let seconds = (now - since).as_secs_f64();
        if seconds < TEXT_EVERY.as_secs_f64() {
            return;
        }
        let rate = self.done.saturating_sub(before) as f64 / seconds;
        self.rate = Some(self.rate.map_or(rate, |old| old + FRESHNESS * (rate - old)));
        self.measured = Some((now, self.done));
    }

    fn left(&self) -> Option<Duration> {
        let rate = self.rate.filter(|rate| *rate > 0.0)?;
        Duration::try_from_secs_f64(self.total.saturating_sub(self.done) as f64 / rate).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_and_time_left() {
        let start = Instant::now();
        let mut speed = Speed::starting(start);
        assert_eq!(speed.left(), None);
        for second in 1..=10_u64 {
            speed.update(second * 50, 1000, start + Duration::from_secs(second));
        }
        assert!((speed.rate.unwrap() - 50.0).abs() < 1e-9);
        assert_eq!(speed.left(), Some(Duration::from_secs(10)));
        // Late news from another thread takes nothing back.
        speed.update(20, 1000, start + Duration::from_secs(10));
        assert_eq!(speed.done, 500);
    }

    #[test]
    fn the_bar_counts_tiles_once_there_are_any() {
        let progress = Progress::new(Talk::Quiet);
        progress.handle(&Event::Stage {
            stage: Stage::Enhance,
            total: 4,
        });
        let done = |name: &str, done| Event::TextureDone {
            name: name.to_owned(),
            outcome: uncanny::Outcome::Enhanced,
            cached: false,
            done,
            total: 4,
        };
        progress.handle(&done("b", 2));
        progress.handle(&done("a", 1));
        assert_eq!(progress.state.lock().unwrap().position(), (2, 4));
        assert_eq!(
            progress.state.lock().unwrap().text(),
            "enhancing: 2 of 4 textures"
        );
        progress.handle(&Event::Tiles {
            done: 30,
            total: 60,
        });
        assert_eq!(progress.state.lock().unwrap().position(), (30, 60));
        progress.handle(&Event::Stage {
            stage: Stage::Write,
            total: 9,
        });
        progress.handle(&Event::Written { done: 3, total: 9 });
        assert_eq!(
            progress.state.lock().unwrap().text(),
            "writing: 3 of 9 files"
        );
    }
}
