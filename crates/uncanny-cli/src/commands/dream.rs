//! `uncanny dream IN... -o DIR`: looks for faces in pictures, and makes again what was found.

mod outcome;

use std::fs;
use std::io::Write as _;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args, ValueHint};
use tracing_indicatif::span_ext::IndicatifSpanExt as _;
use uncanny::Models as _;
use uncanny::dream::{
    DREAM_ITERATIONS, Dream, DreamInput, DreamRecipe, Dreamt, Subject, Vision, dream, pixels_hash,
};
use uncanny::picture::{self, SIDE, Settings, Way};
use uncanny_pack::check_target;
use uncanny_registry::ModelRegistry;
use uncanny_texture::input::{MAX_TEXT_FILE, read_regular_text};
use uncanny_texture::{RgbaImage, Scale, UpscaleError, encode};
use uncanny_train::{Picture, Pictures};

use crate::args::{TrustArgs, fidelity};
use crate::diagnostics::after_output;
use crate::error::Error;
use crate::logging::Talk;
use crate::machine::{self, DeviceArgs};
use crate::models::trusting;
use crate::{interrupt, output, progress};
use outcome::{Outcome, contact_sheet, report};

/// Searched together, so that something can be kept of what is interrupted.
const TOGETHER: usize = 16;

/// Look for faces in pictures
///
/// Every picture is reduced to 16x16 and changed a little in each try: moved, turned, enlarged, mirrored, blurred,
/// recoloured, given a hint of a face. Each change goes through the network ten times, its output fed back in. A judge scores
/// everything that comes out; the most face-like is moved, turned and recoloured back, and kept. The unchanged picture is
/// always among the tries. Half of the tries are random, the rest are near the best so far.
///
/// DIR receives NAME.png, NAME.json (its recipe, from which --recipe makes it again bit for bit), sheet.png (input, once
/// through the network, the best with its score) and report.html.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  uncanny dream emoji/ -o dreams/
  uncanny dream packs/starter.zip --pick textures/block -o dreams/ --tries 32
  uncanny dream pizza.png -o dreams/ --tries 200 --seed 7
  uncanny dream --recipe dreams/pizza.json -o again/

Exit status: 0 done; 1 some pictures could not be read, or a page or contact sheet not be written;
2 nothing was made; 130 interrupted.")]
pub(crate) struct DreamArgs {
    /// Pictures, folders, tars and zips (packs too) of them
    #[arg(required_unless_present = "recipe", value_name = "IN", value_hint = ValueHint::AnyPath)]
    inputs: Vec<PathBuf>,

    /// The folder for the results
    #[arg(long, short, value_name = "DIR", help_heading = "Output", value_hint = ValueHint::DirPath)]
    output: PathBuf,

    /// Replace files that exist
    #[arg(long, short, help_heading = "Output")]
    force: bool,

    /// Draw the contact sheet to this file too
    #[arg(long, value_name = "FILE", help_heading = "Output", value_hint = ValueHint::FilePath)]
    grid: Option<PathBuf>,

    /// Print what was found as JSON
    #[arg(long, help_heading = "Output")]
    json: bool,

    /// Take only pictures whose names contain this; may be repeated
    #[arg(long, value_name = "NAME", help_heading = "Search")]
    pick: Vec<String>,

    /// The number of changes tried on each picture, each judged after every iteration
    #[arg(long, value_name = "N", default_value_t = 16, help_heading = "Search",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(uncanny::dream::MAX_TRIES)))]
    tries: u32,

    /// How many times each change goes through the network
    #[arg(long, value_name = "N", default_value_t = DREAM_ITERATIONS, help_heading = "Search",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(uncanny::MAX_ITERATIONS)))]
    iterations: u32,

    /// The seed: another number tries other changes
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Search")]
    seed: u64,

    /// Make again what this recipe describes; may be repeated
    ///
    /// The picture is taken from where it was, or from IN. Another model, judge or device may give another result: a
    /// warning says what differs.
    #[arg(long, value_name = "FILE", help_heading = "Search", value_hint = ValueHint::FilePath,
        conflicts_with_all = ["tries", "iterations", "seed", "fidelity", "model", "pick"])]
    recipe: Vec<PathBuf>,

    /// The model: a name that `uncanny models` lists, or a checkpoint's path
    #[arg(long, short, value_name = "MODEL", default_value = uncanny::DREAM_MODEL, help_heading = "How", value_hint = ValueHint::FilePath)]
    model: String,

    #[command(flatten)]
    trust: TrustArgs,

    /// Keep the original colours: 0 keeps none of them, 1 keeps each texel's average exactly
    #[arg(long, value_name = "F", default_value_t = 0.0, help_heading = "How", value_parser = fidelity)]
    fidelity: f32,

    #[command(flatten)]
    machine: DeviceArgs,
}

/// A picture to search.
struct Input {
    /// What its outputs are called, below the folder.
    file: PathBuf,
    /// Where it was found.
    from: DreamInput,
    /// What is shown of it: few pixels, with the transparency that the network does not see.
    low: RgbaImage,
    subject: Subject,
}

pub(crate) fn run(args: &DreamArgs, talk: Talk) -> Result<u8, Error> {
    let cancel = interrupt::listen();
    machine::use_threads(args.machine.threads)?;
    let models = ModelRegistry::new(args.machine.device).with_reach(None);
    let mut models = trusting(models, args.trust, [&args.model]);
    if !args.recipe.is_empty() {
        return again(args, &mut models, talk);
    }
    let mut fingerprint = String::new();
    let scale = model(&mut models, &args.model, Some(&mut fingerprint))?;
    let (inputs, skipped) = inputs(args, scale)?;
    let sheet = args.output.join("sheet.png");
    let page = args.output.join("report.html");
    let of_each = inputs.iter().flat_map(|input| {
        ["png", "json"].map(|extension| args.output.join(with(&input.file, extension)))
    });
    let targets: Vec<PathBuf> = of_each
        .chain([sheet.clone(), page.clone()])
        .chain(args.grid.clone())
        .collect();
    check(args, &targets)?;

    let how = Dream {
        tries: args.tries,
        iterations: args.iterations,
        seed: args.seed,
    };
    let mut progress = Progress::new(talk, &how, inputs.len(), &cancel);
    let mut outcomes: Vec<Outcome> = Vec::new();
    for part in inputs.chunks(TOGETHER) {
        let subjects: Vec<Subject> = part.iter().map(|input| input.subject.clone()).collect();
        let (model, judge) = models
            .dreamer(&args.model)
            .map_err(|source| no_model(&args.model, source))?;
        let found = dream(&subjects, &how, model, judge, &mut |tiles| {
            progress.placed(tiles)
        })
        .map_err(|source| failed(&args.model, source))?;
        let Some(found) = found else {
            let done = outcomes.len();
            if done > 0 {
                let all = output::counted(inputs.len(), "picture");
                tracing::warn!("finished {done} of {all}");
            }
            return Err(uncanny::Error::Interrupted.into());
        };
        for (input, Dreamt { plain, best }) in part.iter().zip(found) {
            let recipe = DreamRecipe {
                uncanny: env!("CARGO_PKG_VERSION").to_owned(),
                input: input.from.clone(),
                model: args.model.clone(),
                fingerprint: fingerprint.clone(),
                nudge: best.nudge,
                iterations: best.iterations,
                fidelity: args.fidelity,
                scale,
                score: best.score,
                seed: how.seed,
                tries: how.tries,
            };
            let file = args.output.join(with(&input.file, "png"));
            keep(&file, &best.picture, &recipe)?;
            outcomes.push(Outcome {
                file,
                low: input.low.clone(),
                plain,
                best,
                recipe,
            });
        }
        progress.pictures(outcomes.len());
    }
    drop(progress);

    // The most face-like first: what is looked for is at the top.
    outcomes.sort_by(|a, b| b.best.score.total_cmp(&a.best.score));
    let mut status = u8::from(skipped > 0);
    let drawn = contact_sheet(&outcomes);
    for path in [Some(&sheet), args.grid.as_ref()].into_iter().flatten() {
        status = status.max(after_output(write(path, &drawn)));
    }
    status = status.max(after_output(report(&page, &outcomes)));
    Ok(status.max(tell(args, &outcomes, talk)))
}

/// Makes again what recipes tell.
fn again(args: &DreamArgs, models: &mut ModelRegistry, talk: Talk) -> Result<u8, Error> {
    let mut recipes = Vec::new();
    for path in &args.recipe {
        let text = read_regular_text(path, MAX_TEXT_FILE).map_err(|source| Error::ReadConfig {
            path: path.clone(),
            source,
        })?;
        let recipe = DreamRecipe::parse(&text).map_err(|what| Error::DreamRecipe {
            path: path.clone(),
            what,
        })?;
        let name = path.with_extension("png");
        let name = name.file_name().unwrap_or(name.as_os_str());
        recipes.push((args.output.join(name), recipe));
    }
    let targets: Vec<PathBuf> = recipes
        .iter()
        .flat_map(|(file, _)| [file.clone(), file.with_extension("json")])
        .collect();
    check(args, &targets)?;
    let mut outcomes = Vec::new();
    for (file, recipe) in recipes {
        let paths = match args.inputs.as_slice() {
            [] => vec![recipe.input.path.clone()],
            given => given.to_vec(),
        };
        let pictures = Pictures::read(&paths, 1)?.pictures;
        let name = &recipe.input.name;
        let picture = pictures
            .into_iter()
            .find(|picture| picture.name == *name)
            .ok_or_else(|| Error::NoSuchPicture { name: name.clone() })?;
        let mut fingerprint = String::new();
        model(models, &recipe.model, Some(&mut fingerprint))?;
        let (low, subject) = subject(&picture.high, recipe.scale, recipe.fidelity);
        if pixels_hash(&subject.image) != recipe.input.pixels {
            tracing::warn!("{name} is not the picture that it was: something else will come of it");
        }
        if fingerprint != recipe.fingerprint {
            let model = &recipe.model;
            tracing::warn!("{model} is not the model that it was: something else will come of it");
        }
        let (model, judge) = models
            .dreamer(&recipe.model)
            .map_err(|source| no_model(&recipe.model, source))?;
        let mut see = |nudge, iterations| -> Result<Vision, UpscaleError> {
            let picture = subject.again(nudge, iterations, model)?;
            let score = judge.judge(std::slice::from_ref(&picture))?[0];
            Ok(Vision {
                nudge,
                iterations,
                score,
                picture,
            })
        };
        let best =
            see(recipe.nudge, recipe.iterations).map_err(|source| failed(&recipe.model, source))?;
        let plain = see(None, 1).map_err(|source| failed(&recipe.model, source))?;
        keep(&file, &best.picture, &recipe)?;
        outcomes.push(Outcome {
            file,
            low,
            plain,
            best,
            recipe,
        });
    }
    Ok(tell(args, &outcomes, talk))
}

/// Loads a model; its scale, and its fingerprint.
fn model(
    models: &mut ModelRegistry,
    name: &str,
    fingerprint: Option<&mut String>,
) -> Result<Scale, Error> {
    let info = models.info(name).map_err(|source| no_model(name, source))?;
    if let Some(fingerprint) = fingerprint {
        *fingerprint = info
            .fingerprint
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
    }
    Ok(info.scale)
}

fn no_model(name: &str, source: uncanny::ModelError) -> Error {
    uncanny::Error::Model {
        name: name.to_owned(),
        source,
    }
    .into()
}

fn failed(model: &str, source: UpscaleError) -> Error {
    Error::Upscale {
        model: model.to_owned(),
        source,
    }
}

/// Nothing is overwritten that should not be; folders are there.
fn check(args: &DreamArgs, targets: &[PathBuf]) -> Result<(), Error> {
    let inputs: Vec<&Path> = args.inputs.iter().map(PathBuf::as_path).collect();
    for path in targets {
        let folder = path.parent().unwrap_or(&args.output);
        fs::create_dir_all(folder).map_err(|source| Error::CreateFolder {
            path: folder.to_owned(),
            source,
        })?;
        check_target(path, &inputs, args.force)?;
    }
    Ok(())
}

fn write(file: &Path, picture: &RgbaImage) -> Result<(), Error> {
    let png = encode(picture).map_err(|source| Error::Grid {
        path: file.to_owned(),
        source: source.into(),
    })?;
    output::write_file(file, &png)
}

fn keep(file: &Path, picture: &RgbaImage, recipe: &DreamRecipe) -> Result<(), Error> {
    write(file, picture)?;
    let mut json = serde_json::to_vec_pretty(recipe).expect("plain numbers and names");
    json.push(b'\n');
    output::write_file(&file.with_extension("json"), &json)
}

fn inputs(args: &DreamArgs, scale: Scale) -> Result<(Vec<Input>, usize), Error> {
    let (mut all, mut skipped) = (Vec::new(), 0);
    for path in &args.inputs {
        let read = Pictures::read(std::slice::from_ref(path), 1)?;
        skipped += read.skipped;
        all.extend(read.pictures.into_iter().map(|picture| (path, picture)));
    }
    let wanted =
        |name: &str| args.pick.is_empty() || args.pick.iter().any(|pick| name.contains(pick));
    all.retain(|(_, picture)| {
        wanted(&picture.name) && picture.high.pixels().any(|pixel| pixel.0[3] > 0)
    });
    if all.is_empty() {
        return Err(Error::NoSuchPicture {
            name: args.pick.join(", "),
        });
    }
    let mut taken: Vec<PathBuf> = Vec::new();
    let inputs = all.into_iter().map(|(path, Picture { name, high, .. })| {
        let mut file = file_name(path, &name);
        let plain = file.clone();
        let mut number = 2;
        while taken.contains(&file) {
            // a.png and a.jpg, or two folders' pictures of one name.
            let mut other = plain.clone().into_os_string();
            other.push(format!("-{number}"));
            file = other.into();
            number += 1;
        }
        taken.push(file.clone());
        let (low, subject) = subject(&high, scale, args.fidelity);
        Input {
            file,
            from: DreamInput {
                path: path.clone(),
                name,
                pixels: pixels_hash(&subject.image),
            },
            low,
            subject,
        }
    });
    Ok((inputs.collect(), skipped))
}

/// What the outputs of a picture are called: as it is in its folder or archive, and never outside of the output.
fn file_name(path: &Path, name: &str) -> PathBuf {
    let inside: PathBuf = Path::new(name)
        .components()
        .filter(|part| matches!(part, Component::Normal(_)))
        .collect();
    let single = path.is_file() && path.with_extension("") == Path::new(name);
    if single || inside.as_os_str().is_empty() {
        return Path::new(name)
            .file_name()
            .unwrap_or("picture".as_ref())
            .into();
    }
    inside
}

/// `file` with one more extension: names may have dots of their own.
fn with(file: &Path, extension: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

/// A picture as it is shown, with its transparency, and as the network gets it.
fn subject(picture: &RgbaImage, scale: Scale, fidelity: f32) -> (RgbaImage, Subject) {
    let (width, height) = picture.dimensions();
    // The first frame of an animation, as packs have them.
    let strip = width <= 64 && height > width && height.is_multiple_of(width);
    let first;
    let picture = if strip {
        first = RgbaImage::from_fn(width, width, |x, y| *picture.get_pixel(x, y));
        &first
    } else {
        picture
    };
    let (width, height) = picture.dimensions();
    let settings = Settings {
        // A sprite of one tile has an outside; of all else a face is looked for in the whole.
        way: (width.max(height) > SIDE).then_some(Way::Fit),
        fidelity: Some(fidelity),
        scale,
        ..Settings::default()
    };
    let low = settings.low(picture);
    (low, picture::subject(picture, &settings, scale))
}

/// Says what was found; the exit status of that.
fn tell(args: &DreamArgs, outcomes: &[Outcome], talk: Talk) -> u8 {
    if args.json {
        let found: Vec<serde_json::Value> = outcomes.iter().map(Outcome::json).collect();
        return after_output(output::print_json(&found));
    }
    if talk != Talk::Quiet {
        // The work is done, whether or not anybody can read of it.
        let _ = std::io::stderr().write_all(outcome::summary(outcomes, &args.output).as_bytes());
    }
    0
}

/// How far the search is.
struct Progress<'a> {
    talk: Talk,
    bar: Option<tracing::Span>,
    cancel: &'a AtomicBool,
    tiles: u64,
    pictures: usize,
    total: usize,
}

impl<'a> Progress<'a> {
    fn new(talk: Talk, how: &Dream, pictures: usize, cancel: &'a AtomicBool) -> Self {
        let each = u64::from(how.tries) * u64::from(how.iterations);
        Self {
            talk,
            bar: (talk == Talk::Bar).then(|| progress::bar(each * pictures as u64)),
            cancel,
            tiles: 0,
            pictures: 0,
            total: pictures,
        }
    }

    /// Whether to go on.
    fn placed(&mut self, tiles: usize) -> bool {
        self.tiles += tiles as u64;
        if let Some(bar) = &self.bar {
            bar.pb_set_position(self.tiles);
            let all = output::counted(self.total, "picture");
            let text = format!("dreaming: {} of {all}", self.pictures);
            bar.pb_set_message(&text);
        }
        !self.cancel.load(Ordering::SeqCst)
    }

    fn pictures(&mut self, done: usize) {
        self.pictures = done;
        if self.talk == Talk::Lines {
            // The search goes on though nobody can read how far it is.
            let _ = writeln!(
                std::io::stderr(),
                "dreaming: {done} of {}",
                output::counted(self.total, "picture")
            );
        }
    }
}
