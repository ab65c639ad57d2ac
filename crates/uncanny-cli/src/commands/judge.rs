//! The judge: `uncanny judge` scores pictures and measures how well it ranks, `uncanny train --recipe judge` makes it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use clap::{Args, ValueHint};
use serde::Serialize;
use tracing_indicatif::span_ext::IndicatifSpanExt as _;
use uncanny::Models as _;
use uncanny::picture::{self, Settings, Way};
use uncanny_model::{Device, DeviceChoice, FaceJudge};
use uncanny_registry::ModelRegistry;
use uncanny_texture::input::{MAX_TEXT_FILE, read_regular_text};
use uncanny_texture::{Judge as _, RgbaImage, UpscaleError};
use uncanny_train::judge::{
    Blur, JudgeEvent, JudgeRecipe, LandmarkJudge, auc, blurred, train_judge,
};
use uncanny_train::{Pictures, evaluate};

use crate::args::TrainArgs;
use crate::diagnostics::after_output;
use crate::error::Error;
use crate::logging::Talk;
use crate::machine::{self, DeviceArgs};
use crate::{interrupt, output, progress};

/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// Score how face-like pictures are, and measure the judge
///
/// Prints a score from 0 to 1 for each picture: what `dream` and `convert --dream` search by. With --against or --blur
/// it measures how well the judge ranks instead: the AUC is how often one of PATH scores higher than one of the others
/// (1 is perfect, 0.5 is chance). With --landmarks the mean peak of PFSR's landmark network stands beside it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  uncanny judge portrait.png emoji/
  uncanny judge dream/ --json | jq '.[] | select(.score > 0.5)'
  uncanny judge faces.tar --against textures.tar --against emoji/ --blur 1,2,4
  uncanny judge faces.tar --against textures.tar --through faces --iterations 3
  uncanny judge faces.tar --against textures.tar --judge runs/judge/judge.safetensors")]
pub(crate) struct JudgeArgs {
    /// Pictures, or folders, tars and zips of them; where the judge is measured, of faces
    #[arg(required = true, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    paths: Vec<PathBuf>,

    /// Pictures of other things, which should score lower; may be repeated
    #[arg(long, value_name = "PATH", help_heading = "Measure", value_hint = ValueHint::AnyPath)]
    against: Vec<PathBuf>,

    /// Compare with the same faces blurred by a Gaussian, in percent of their width, which should score lower
    #[arg(
        long,
        value_name = "P,P",
        value_delimiter = ',',
        help_heading = "Measure"
    )]
    blur: Vec<f32>,

    /// Reduce all pictures to 16x16 and send them through this model first: measures how its faces are ranked
    #[arg(long, value_name = "MODEL", help_heading = "Measure", value_hint = ValueHint::FilePath)]
    through: Option<String>,

    /// How many times they go through that model
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Measure", requires = "through",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(uncanny::MAX_ITERATIONS)))]
    iterations: u32,

    /// Measure this landmark network too
    #[arg(long, value_name = "FILE", help_heading = "Measure", value_hint = ValueHint::FilePath)]
    landmarks: Option<PathBuf>,

    /// A judge that `train --recipe judge` made, instead of the built-in one
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    judge: Option<PathBuf>,

    /// Print JSON
    #[arg(long, help_heading = "Output")]
    json: bool,

    #[command(flatten)]
    machine: DeviceArgs,
}

/// One picture's score.
#[derive(Serialize)]
struct Scored {
    name: String,
    score: f32,
}

/// How well faces are ranked above something.
#[derive(Serialize)]
struct Ranked {
    /// What they are ranked above.
    above: String,
    pictures: usize,
    auc: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    landmarks_auc: Option<f64>,
}

/// The judge of a file, or the built-in one.
pub(crate) fn load(file: Option<&Path>, device: DeviceChoice) -> Result<FaceJudge, Error> {
    let device = Device::find(device)?;
    Ok(match file {
        Some(file) => FaceJudge::load(file, device)?,
        None => FaceJudge::shipped(device)?,
    })
}

pub(crate) fn run(args: &JudgeArgs, talk: Talk) -> Result<u8, Error> {
    machine::use_threads(args.machine.threads)?;
    let mut judge = load(args.judge.as_deref(), args.machine.device)?;
    let Pictures { pictures, skipped } = Pictures::read(&args.paths, 1)?;
    let mut models = ModelRegistry::new(args.machine.device).with_reach(None);
    let failed = |source| Error::Upscale {
        model: "judge".to_owned(),
        source,
    };
    let (names, pictures): (Vec<String>, Vec<RgbaImage>) = pictures
        .into_iter()
        .map(|picture| (picture.name, picture.high))
        .unzip();
    let pictures = painted(pictures, args, &mut models)?;
    let status = u8::from(skipped > 0);
    if args.against.is_empty() && args.blur.is_empty() {
        let scores = judge.judge(&pictures).map_err(failed)?;
        let scored: Vec<Scored> = names
            .into_iter()
            .zip(scores)
            .map(|(name, score)| Scored { name, score })
            .collect();
        output::print(|out| {
            if args.json {
                serde_json::to_writer_pretty(&mut *out, &scored)?;
                return writeln!(out);
            }
            for Scored { name, score } in &scored {
                writeln!(out, "{score:.4}  {name}")?;
            }
            Ok(())
        })?;
        return Ok(status);
    }

    let landmarks = args
        .landmarks
        .as_ref()
        .map(|path| evaluate::heatmaps(path, Device::CPU))
        .transpose()?
        .map(|heatmaps| LandmarkJudge { heatmaps });
    let mut both = |pictures: &[RgbaImage]| -> Result<[Option<Vec<f32>>; 2], UpscaleError> {
        let landmarks = landmarks.as_ref().map(|network| network.judge(pictures));
        Ok([Some(judge.judge(pictures)?), landmarks.transpose()?])
    };
    let faces = both(&pictures).map_err(failed)?;
    let mut ranked = Vec::new();
    let mut rank = |above: String, others: &[RgbaImage]| -> Result<(), UpscaleError> {
        let found = both(others)?;
        let of = |which: usize| Some(auc(faces[which].as_ref()?, found[which].as_ref()?));
        ranked.push(Ranked {
            above,
            pictures: others.len(),
            auc: of(0).unwrap_or(f64::NAN),
            landmarks_auc: of(1),
        });
        Ok(())
    };
    for path in &args.against {
        let others = Pictures::read(std::slice::from_ref(path), 1)?.pictures;
        let others = others.into_iter().map(|picture| picture.high).collect();
        let others = painted(others, args, &mut models)?;
        let name = path.file_stem().unwrap_or(path.as_os_str());
        rank(name.to_string_lossy().into_owned(), &others).map_err(failed)?;
    }
    for percent in &args.blur {
        let soft: Vec<RgbaImage> = pictures
            .iter()
            .map(|picture| blurred(picture, Blur(percent / 100.0)))
            .collect();
        rank(format!("blurred by {percent} %"), &soft).map_err(failed)?;
    }
    let _ = talk;
    output::print(|out| {
        if args.json {
            serde_json::to_writer_pretty(&mut *out, &ranked)?;
            return writeln!(out);
        }
        let above = format!("{} above", output::counted(pictures.len(), "face"));
        writeln!(out, "{above:<26} pictures     AUC")?;
        for row in &ranked {
            write!(
                out,
                "  {:<24} {:>8}  {:.4}",
                row.above, row.pictures, row.auc
            )?;
            match row.landmarks_auc {
                Some(landmarks) => writeln!(out, "  landmarks {landmarks:.4}")?,
                None => writeln!(out)?,
            }
        }
        Ok(())
    })?;
    Ok(status)
}

/// What a model makes of pictures, if one is to.
fn painted(
    pictures: Vec<RgbaImage>,
    args: &JudgeArgs,
    models: &mut ModelRegistry,
) -> Result<Vec<RgbaImage>, Error> {
    let Some(name) = &args.through else {
        return Ok(pictures);
    };
    let model = models
        .resolve(name)
        .map_err(|source| uncanny::Error::Model {
            name: name.clone(),
            source,
        })?;
    let settings = Settings {
        way: Some(Way::Fit),
        iterations: args.iterations,
        ..Settings::default()
    };
    let made = picture::enhance(&pictures, &settings, model, &mut |_| true)?;
    Ok(made.into_iter().flatten().collect())
}

/// The recipe that comes with the program.
const RECIPE: &str = include_str!("../../../../assets/judge.toml");

/// What `train --recipe` means, when that is a recipe for the judge: its name and its text.
pub(crate) fn recipe(wanted: &str) -> Option<(String, String)> {
    let text = if wanted == "judge" {
        RECIPE.to_owned()
    } else {
        // One that cannot be read is complained of as every other is.
        read_regular_text(Path::new(wanted), MAX_TEXT_FILE).ok()?
    };
    JudgeRecipe::is_one(&text).then(|| (wanted.to_owned(), text))
}

/// `train` with a recipe for the judge; `text` is the recipe's.
pub(crate) fn train(args: &TrainArgs, text: &str, name: &str, talk: Talk) -> Result<u8, Error> {
    let cancel = interrupt::listen();
    machine::use_threads(args.threads)?;
    let mut recipe = JudgeRecipe::parse(text, name)?;
    for path in recipe.faces.iter_mut().chain(&mut recipe.others) {
        *path = args.root.join(&*path);
    }
    if !args.data.is_empty() {
        recipe.faces.clone_from(&args.data);
    }
    if let Some(name) = &args.name {
        recipe.name.clone_from(name);
    }
    recipe.width = args.width.unwrap_or(recipe.width);
    recipe.batch = args.batch.unwrap_or(recipe.batch);
    recipe.seed = args.seed.unwrap_or(recipe.seed);
    recipe.iterations = args.iterations.unwrap_or(recipe.iterations);
    let file = follow(&recipe, args, talk, &cancel)?;
    let mut status = 0;
    if args.json {
        let made = serde_json::json!({ "checkpoint": file, "iterations": recipe.iterations });
        status = after_output(output::print_json(&made));
    } else if let (Some(file), true) = (&file, talk != Talk::Quiet) {
        let told = format!(
            "measure it: uncanny judge FACES --against OTHERS --judge {}\n",
            file.display()
        );
        // It is written, whether or not anybody can read of it.
        let _ = std::io::stderr().write_all(told.as_bytes());
    }
    Ok(if file.is_some() {
        status
    } else {
        interrupt::EXIT_STATUS
    })
}

fn follow(
    recipe: &JudgeRecipe,
    args: &TrainArgs,
    talk: Talk,
    cancel: &AtomicBool,
) -> Result<Option<PathBuf>, Error> {
    let mut models = ModelRegistry::new(args.device).with_reach(None);
    let model = models
        .resolve(&recipe.model)
        .map_err(|source| uncanny::Error::Model {
            name: recipe.model.clone(),
            source,
        })?;
    let mut bar: Option<tracing::Span> = None;
    let mut told: Option<Instant> = None;
    let mut show = |event: JudgeEvent| {
        let (done, total, text) = match event {
            JudgeEvent::Data { faces, others } => {
                (0, 1, format!("{faces} faces, {others} other pictures"))
            }
            JudgeEvent::Painted { done, total } => {
                let text = format!("painted {done} of {total} pictures by {}", recipe.model);
                (done as u64, total as u64, text)
            }
            JudgeEvent::Iteration { iteration, loss } => {
                let total = recipe.iterations;
                let text = format!("iteration {iteration} of {total}, loss {loss:.4}");
                (iteration, total, text)
            }
            _ => return,
        };
        match talk {
            Talk::Quiet => {}
            Talk::Bar => {
                let bar = bar.get_or_insert_with(|| progress::bar(total));
                bar.pb_set_length(total);
                bar.pb_set_position(done);
                bar.pb_set_message(&text);
            }
            Talk::Lines => {
                if told.is_none_or(|told| told.elapsed() >= LINE_EVERY) || done == total {
                    told = Some(Instant::now());
                    // Training goes on though nobody can read how far it is.
                    let _ = writeln!(std::io::stderr(), "{text}");
                }
            }
        }
    };
    Ok(train_judge(recipe, model, &args.out, &mut show, cancel)?)
}
