//! `uncanny train`: trains a face network and shows how it goes.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::HumanDuration;
use tracing_indicatif::span_ext::IndicatifSpanExt as _;
use uncanny_model::Device;
use uncanny_model::checkpoint;
use uncanny_registry::{Catalogue, NamedModel};
use uncanny_train::recipe::{NetworkRecipe, SourceRecipe};
use uncanny_train::{Evaluation, Recipe, Summary, TrainEvent, TrainOptions, train};

use super::judge;
use crate::args::TrainArgs;
use crate::diagnostics::after_output;
use crate::error::Error;
use crate::logging::Talk;
use crate::{interrupt, machine, output, progress};

/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(30);
/// Between two changes of the bar.
const BAR_EVERY: Duration = Duration::from_millis(200);
/// How much of the loss that is shown comes from the newest iteration.
const NEWEST: f64 = 0.02;

/// The recipes that come with the program.
const RECIPES: [(&str, &str); 7] = [
    ("plain", include_str!("../../../../assets/plain.toml")),
    ("faces", include_str!("../../../../assets/faces.toml")),
    (
        "faces-512",
        include_str!("../../../../assets/faces-512.toml"),
    ),
    ("textures", include_str!("../../../../assets/textures.toml")),
    ("uncanny", include_str!("../../../../assets/uncanny.toml")),
    ("polish", include_str!("../../../../assets/polish.toml")),
    ("pfsr", include_str!("../../../../assets/pfsr.toml")),
];

pub(crate) fn run(args: &TrainArgs, talk: Talk) -> Result<u8, Error> {
    if let Some((name, text)) = judge::recipe(&args.recipe) {
        return judge::train(args, &text, &name, talk);
    }
    let cancel = interrupt::listen();
    machine::use_threads(args.threads)?;
    let mut recipe = recipe(args)?;
    if recipe
        .data
        .train
        .iter()
        .any(|source| recipe.data.test.contains(&source.path))
    {
        tracing::warn!(
            "without --test the network is measured on what it is trained on, which flatters it"
        );
    }
    let teacher = teacher(args, recipe.teacher.as_deref())?;
    // The recipe that is left beside the network names whom it learned from.
    recipe.teacher = teacher.as_ref().map(|(name, _)| name.clone());
    if args.teacher.is_some() && !recipe.stages.iter().any(|stage| stage.teacher) {
        tracing::warn!("no stage of this recipe says `teacher = true`: --teacher changes nothing");
    }
    let options = TrainOptions {
        recipe,
        out: args.out.clone(),
        device: Device::find(args.device)?,
        start: args.start.clone(),
        teacher,
        resume: args.resume,
        save_every: Duration::from_secs(args.save_every),
        sample_every: args.sample_every,
    };
    let mut display = Display::new(talk);
    let summary = train(&options, &mut |event| display.handle(&event), &cancel)?;
    drop(display);
    let mut status = 0;
    if args.json {
        status = after_output(output::print_json(&summary));
    }
    if talk != Talk::Quiet && !args.json {
        // The checkpoint is written, whether or not anybody can read of it.
        let _ = std::io::stderr().write_all(told(args, &summary).as_bytes());
    }
    Ok(if summary.checkpoint.is_some() {
        status
    } else {
        interrupt::EXIT_STATUS
    })
}

/// What the recipe learns from, by its name or file: `--teacher`'s from where one stands, the recipe's own from `--root`.
fn teacher(args: &TrainArgs, named: Option<&str>) -> Result<Option<(String, Vec<u8>)>, Error> {
    let catalogue = Catalogue::of_user();
    let name = match (&args.teacher, named) {
        (Some(typed), _) => typed.clone(),
        (None, Some(name)) => catalogue.seen_from(&args.root, name),
        (None, None) => return Ok(None),
    };
    let bytes = match catalogue.find(&name)? {
        NamedModel::Shipped(shipped) => shipped.bytes.to_vec(),
        NamedModel::File(path) => {
            checkpoint::read_file(&path).map_err(uncanny_model::Error::from)?
        }
        NamedModel::Classical(_) => {
            return Err(uncanny_train::Error::NeedsTeacher.into());
        }
    };
    Ok(Some((name, bytes)))
}

/// The recipe asked for, with what was typed put in its place.
fn recipe(args: &TrainArgs) -> Result<Recipe, Error> {
    let shipped = RECIPES.iter().find(|(name, _)| *name == args.recipe);
    let mut recipe = match shipped {
        Some((name, text)) => Recipe::parse(text, name)?,
        None => Recipe::read(Path::new(&args.recipe))?,
    };
    let data = &mut recipe.data;
    let inside = |path: &mut PathBuf| *path = args.root.join(&*path);
    data.train
        .iter_mut()
        .for_each(|source| inside(&mut source.path));
    data.test.iter_mut().for_each(inside);
    data.landmarks.iter_mut().for_each(inside);
    data.vgg.iter_mut().for_each(inside);
    if !args.data.is_empty() {
        let source = |path: &PathBuf| SourceRecipe {
            path: path.clone(),
            weight: 1.0,
            teacher: false,
            subject: false,
            prefix: None,
        };
        data.train = args.data.iter().map(source).collect();
        data.test = args.data.clone();
    }
    if !args.test.is_empty() {
        data.test = args.test.clone();
    }
    if let Some(path) = &args.landmarks {
        data.landmarks = Some(path.clone());
    }
    if let Some(path) = &args.vgg {
        data.vgg = Some(path.clone());
    }
    if let Some(name) = &args.name {
        recipe.name.clone_from(name);
    }
    if let Some(wanted) = args.width {
        let (NetworkRecipe::Pfsr { width, .. } | NetworkRecipe::Relief { width, .. }) =
            &mut recipe.network;
        *width = wanted;
    }
    recipe.batch = args.batch.unwrap_or(recipe.batch);
    recipe.seed = args.seed.unwrap_or(recipe.seed);
    if let Some(total) = args.iterations {
        recipe.stretch(total);
    }
    Ok(recipe)
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
                stage,
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
                    "stage {}, x{} ({:.0}%), loss {loss:.4}",
                    stage + 1,
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
                let landmarks = score.landmarks.map(|x| format!(", landmarks {x:.1} %"));
                self.say(&format!(
                    "iteration {iteration}: {:.2} dB, SSIM {:.4}, sharpness {:.2}{}",
                    score.psnr,
                    score.ssim,
                    score.sharpness,
                    landmarks.unwrap_or_default()
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
        "on {}      PSNR    SSIM  sharpness  landmarks\n",
        output::counted(evaluation.pictures, "picture")
    );
    for score in evaluation.scores.iter().chain([&evaluation.truth]) {
        let landmarks = score
            .landmarks
            .map_or(String::new(), |x| format!("{x:>8.1} %"));
        text.push_str(&format!(
            "  {:<16} {:>6.2}  {:.4}  {:>9.2} {landmarks}\n",
            score.model, score.psnr, score.ssim, score.sharpness
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_lists_every_recipe() {
        let command = crate::args::command();
        let train = command.find_subcommand("train").unwrap();
        let help = train.get_after_help().unwrap().to_string();
        let (_, listed) = help.split_once("Recipes that come").unwrap();
        let words: Vec<&str> = listed
            .split(|c: char| c != '-' && !c.is_alphanumeric())
            .collect();
        for (name, _) in RECIPES {
            assert!(words.contains(&name), "{name}");
        }
    }
}
