//! `uncanny train`: trains a face network and shows how it goes.

use std::io::Write as _;
use std::time::{Duration, Instant};

use indicatif::HumanDuration;
use tracing_indicatif::span_ext::IndicatifSpanExt as _;
use uncanny_model::Device;
use uncanny_train::{Evaluation, Plan, Summary, TrainEvent, TrainOptions, train};

use crate::args::TrainArgs;
use crate::error::Error;
use crate::logging::Talk;
use crate::{interrupt, machine, output, progress};

/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(30);
/// Between two changes of the bar.
const BAR_EVERY: Duration = Duration::from_millis(200);
/// How much of the loss that is shown comes from the newest iteration.
const NEWEST: f64 = 0.02;

pub(crate) fn run(args: &TrainArgs, talk: Talk) -> Result<u8, Error> {
    let cancel = interrupt::listen();
    machine::use_threads(args.threads)?;
    let test = if args.test.is_empty() {
        tracing::warn!("without --test it is measured on what it is trained on, which flatters");
        args.data.clone()
    } else {
        args.test.clone()
    };
    let options = TrainOptions {
        name: args.name.clone(),
        data: args.data.clone(),
        test,
        out: args.out.clone(),
        width: args.width,
        batch: args.batch,
        plan: Plan {
            iterations: args.iterations,
            learning_rate: args.learning_rate,
            final_rate: args.final_rate,
        },
        seed: args.seed,
        device: Device::find(args.device)?,
        resume: args.resume,
        save_every: Duration::from_secs(args.save_every),
        sample_every: args.sample_every,
    };
    let mut display = Display::new(talk);
    let summary = train(&options, &mut |event| display.handle(&event), &cancel)?;
    drop(display);
    if args.json {
        output::print(|out| {
            serde_json::to_writer_pretty(&mut *out, &summary)?;
            writeln!(out)
        })?;
    }
    if talk != Talk::Quiet && !args.json {
        // The checkpoint is written, whether or not anybody can read of it.
        let _ = std::io::stderr().write_all(told(args, &summary).as_bytes());
    }
    Ok(if summary.checkpoint.is_some() {
        0
    } else {
        interrupt::EXIT_STATUS
    })
}

/// How far the training is.
struct Display {
    talk: Talk,
    bar: Option<tracing::Span>,
    total: u64,
    loss: Option<f64>,
    /// When this session started, and at which iteration.
    started: (Instant, u64),
    shown: Option<Instant>,
}

impl Display {
    fn new(talk: Talk) -> Self {
        Self {
            talk,
            bar: None,
            total: 0,
            loss: None,
            started: (Instant::now(), 0),
            shown: None,
        }
    }

    fn handle(&mut self, event: &TrainEvent) {
        match event {
            TrainEvent::Data {
                images,
                test,
                skipped,
            } => {
                self.say(&format!(
                    "{images} pictures to train on, {test} to measure on, {skipped} left out"
                ));
            }
            TrainEvent::Started { iteration, total } => {
                self.total = *total;
                self.started = (Instant::now(), *iteration);
                if self.talk == Talk::Bar {
                    self.bar = Some(progress::bar(*total));
                }
            }
            TrainEvent::Iteration {
                iteration,
                progress,
                loss,
            } => {
                let loss = self.loss.map_or(*loss, |old| old + NEWEST * (loss - old));
                self.loss = Some(loss);
                let every = if self.bar.is_some() {
                    BAR_EVERY
                } else {
                    LINE_EVERY
                };
                if self.shown.is_some_and(|shown| shown.elapsed() < every) {
                    return;
                }
                self.shown = Some(Instant::now());
                let mut text = format!(
                    "x{} ({:.0}%), loss {loss:.4}",
                    1 << progress.step,
                    100.0 * progress.alpha
                );
                if let Some(left) = self.left(*iteration) {
                    text.push_str(&format!(", {:#} left", HumanDuration(left)));
                }
                match &self.bar {
                    Some(bar) => {
                        bar.pb_set_position(*iteration);
                        bar.pb_set_message(&format!("{iteration} of {}, {text}", self.total));
                    }
                    None => self.say(&format!("iteration {iteration} of {}: {text}", self.total)),
                }
            }
            TrainEvent::Measured { iteration, score } => {
                self.say(&format!(
                    "iteration {iteration}: {:.2} dB, SSIM {:.4}",
                    score.psnr, score.ssim
                ));
            }
            _ => {}
        }
    }

    /// Says a line of its own, above the bar if there is one.
    fn say(&self, line: &str) {
        if self.talk == Talk::Quiet {
            return;
        }
        tracing_indicatif::suspend_tracing_indicatif(|| {
            // Training goes on though nobody can read how far it is.
            let _ = writeln!(std::io::stderr(), "{line}");
        });
    }

    fn left(&self, iteration: u64) -> Option<Duration> {
        let (since, first) = self.started;
        let done = iteration.checked_sub(first).filter(|done| *done > 0)?;
        let left = self.total.saturating_sub(iteration);
        Duration::try_from_secs_f64(since.elapsed().as_secs_f64() / done as f64 * left as f64).ok()
    }
}

fn told(args: &TrainArgs, summary: &Summary) -> String {
    let Some(checkpoint) = &summary.checkpoint else {
        return format!(
            "stopped after {} iterations; the same command with --resume goes on\n",
            summary.iterations
        );
    };
    let mut text = String::new();
    if let Some(evaluation) = &summary.evaluation {
        text.push_str(&table(evaluation));
    }
    text.push_str(&format!(
        "try it: uncanny convert pack.zip --model {}\n",
        checkpoint.display()
    ));
    text.push_str(&format!(
        "samples and measurements are in {}\n",
        args.out.display()
    ));
    text
}

fn table(evaluation: &Evaluation) -> String {
    let mut text = format!(
        "on {} pictures      PSNR    SSIM  sharpness\n",
        evaluation.images
    );
    for score in &evaluation.scores {
        text.push_str(&format!(
            "  {:<16} {:>6.2}  {:.4}  {:.4}\n",
            score.model, score.psnr, score.ssim, score.sharpness
        ));
    }
    text.push_str(&format!(
        "  {:<16}                 {:.4}\n",
        "the truth", evaluation.truth_sharpness
    ));
    text
}
