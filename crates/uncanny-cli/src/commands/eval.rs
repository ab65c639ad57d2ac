//! `uncanny eval`: models side by side on pictures that they never saw.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum, ValueHint};
use serde::Serialize;
use tracing_indicatif::span_ext::IndicatifSpanExt as _;
use uncanny::Models as _;
use uncanny_model::Device;
use uncanny_pack::check_target;
use uncanny_registry::ModelRegistry;
use uncanny_texture::sheet::{Row, sheet};
use uncanny_texture::{Reach, RgbaImage, Scale, encode};
use uncanny_train::evaluate::{
    Baseline, Bench, Context, Degrade, Measures, Score, Settings, heatmaps,
};
use uncanny_train::{Lpips, Pictures};

use crate::args::{TrustArgs, fidelity, up_to};
use crate::diagnostics::after_output;
use crate::error::Error;
use crate::logging::Talk;
use crate::machine::{self, BatchArgs};
use crate::models::trusting;
use crate::output::counted;
use crate::{output, progress};

/// Measure models on pictures
///
/// Reduces every picture to a small input, enlarges that with each model and by classical resizing
/// (nearest, bicubic, Lanczos), and compares the result with the picture, the truth. Take pictures that the
/// models were not trained on. Pairs NAME_lo.png and NAME_hi.png bring their own input. The best of each column
/// has a star; sharpness and seam are best where they are nearest to the truth's.
///
/// PSNR is of 8-bit RGB, at most 60 dB for each picture. SSIM is of luma, as scikit-image computes it by
/// default; MS-SSIM as pytorch-msssim does, its window no larger than a scale.
///
/// Consistency is the PSNR of the output, averaged back to the input's size, against the input. Sharpness is the
/// mean absolute Laplacian of luma, in levels. Seam is how many times more the luma changes across the wrap than
/// inside, over the pictures that wrap.
///
/// Alpha errors are the pixels that should not be as transparent, opaque or translucent as they are. "Leaves
/// class" is the share of pictures whose kind of alpha changed: opaque ones that got holes, cut-out ones that got soft edges. Silhouette is the
/// intersection over union (IoU) of the silhouettes of output and truth, alpha cut at a half. Outline is the number of
/// pairs of neighbouring pixels of which one is inside the silhouette, as a share of the truth's.
///
/// Landmark error is the mean distance of 68 landmarks from the truth's, in % of the distance between its eyes, as the median
/// over the pictures.
///
/// LPIPS (Zhang et al., CVPR 2018; arXiv 1801.03924) is how different two pictures look to people: the lower, the
/// better. It needs two files, which do not come with the program; assets/vgg16.py in the sources makes both.
/// --vgg is VGG16's first ten convolutions with torchvision's names, features.0.weight to features.21.bias; its input is
/// RGB in 0..1 minus 0.485020, 0.457957 and 0.407604. --lpips is the heads lin0.model.1.weight to
/// lin3.model.1.weight of the Python package lpips (v0.1, vgg). The fifth level is left out, so compare these
/// values only with each other.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  uncanny eval faces.tar --model faces --model mine.safetensors
  uncanny eval textures/ --model net.pth --degrade bicubic --context wrap --grid look.png
  uncanny eval pairs.zip --model net.pth --csv worst.csv --json
  uncanny eval items/ --model textures --over 787880 --vgg vgg16.safetensors --lpips heads.safetensors

Exit status: 0 done; 1 some pictures would not do, or a file could not be written; 2 nothing was
measured.")]
pub(crate) struct EvalArgs {
    /// Folders, tar and zip files of pictures
    #[arg(required = true, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    paths: Vec<PathBuf>,

    /// A model to measure: a model's name or a checkpoint's path; may be repeated [default: faces]
    #[arg(long, short, value_name = "MODEL", value_hint = ValueHint::FilePath)]
    model: Vec<String>,

    #[command(flatten)]
    trust: TrustArgs,

    /// Print JSON instead of the table
    #[arg(long, help_heading = "Output")]
    json: bool,

    /// Write the figures of every picture, as CSV
    #[arg(long, value_name = "FILE", help_heading = "Output", value_hint = ValueHint::FilePath)]
    csv: Option<PathBuf>,

    /// Draw input, outputs and truth side by side, as a PNG
    #[arg(long, value_name = "FILE", help_heading = "Output", value_hint = ValueHint::FilePath)]
    grid: Option<PathBuf>,

    /// The number of pictures to draw, evenly spread
    #[arg(long, value_name = "N", default_value_t = 12, help_heading = "Output", value_parser = up_to::<10_000>)]
    rows: usize,

    /// Draw the pictures whose names contain this instead; may be repeated
    #[arg(long, value_name = "NAME", help_heading = "Output")]
    pick: Vec<String>,

    /// Replace outputs that exist
    #[arg(long, short, help_heading = "Output")]
    force: bool,

    /// How pictures are reduced to inputs
    #[arg(
        long,
        value_name = "HOW",
        default_value = "chain",
        help_heading = "How"
    )]
    degrade: DegradeArg,

    /// What the network sees around a picture
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "none",
        help_heading = "How"
    )]
    context: ContextArg,

    /// The background of transparent pictures where colours are compared: black, grey, white or RRGGBB
    #[arg(
        long,
        value_name = "GROUND",
        default_value = "black",
        help_heading = "How",
        value_parser = ground
    )]
    over: [u8; 3],

    /// Keep the inputs' colours: 0 keeps none of them, 1 keeps each texel's average exactly
    #[arg(long, value_name = "F", default_value_t = 0.0, help_heading = "How", value_parser = fidelity)]
    fidelity: f32,

    /// How many times larger than its input a picture is
    ///
    /// The output of a model of a smaller scale is enlarged by bicubic interpolation.
    #[arg(
        long,
        short,
        value_name = "N",
        default_value = "8",
        help_heading = "How"
    )]
    scale: Scale,

    /// Let models of a smaller scale reach --scale as `convert` does instead: again, resize
    #[arg(long, value_name = "HOW", help_heading = "How")]
    reach: Option<Reach>,

    /// Measure on a square of this many pixels a side in the middle of each picture
    #[arg(long, value_name = "PIXELS", default_value_t = 128, help_heading = "How",
        value_parser = clap::value_parser!(u32).range(32..))]
    size: u32,

    /// Measure faces' landmarks too, with this landmark network
    #[arg(long, value_name = "FILE", help_heading = "How", value_hint = ValueHint::FilePath)]
    landmarks: Option<PathBuf>,

    /// Measure LPIPS too, with these heads and --vgg
    #[arg(long, value_name = "FILE", requires = "vgg", help_heading = "How", value_hint = ValueHint::FilePath)]
    lpips: Option<PathBuf>,

    /// VGG16, for LPIPS
    #[arg(long, value_name = "FILE", requires = "lpips", help_heading = "How", value_hint = ValueHint::FilePath)]
    vgg: Option<PathBuf>,

    /// Measure on this many pictures, evenly spread [default: all]
    #[arg(long, value_name = "N", help_heading = "How", value_parser = up_to::<1_000_000_000>)]
    limit: Option<usize>,

    #[command(flatten)]
    machine: BatchArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DegradeArg {
    /// Bilinear, halved again and again (128, 64, 32, 16): for faces
    Chain,
    /// Bicubic in one step: as in most papers
    Bicubic,
    /// The mean of each block
    Box,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ContextArg {
    /// Nothing: the network alone, on whole pictures
    None,
    /// The pixels of its border, repeated, as around an item in `convert`
    Clamp,
    /// The picture again, as around a block in `convert`
    Wrap,
}

const GROUNDS: [(&str, [u8; 3]); 3] = [("black", [0; 3]), ("grey", [128; 3]), ("white", [255; 3])];

/// One of [`GROUNDS`], or six digits from 0 to f.
fn ground(text: &str) -> Result<[u8; 3], String> {
    if let Some((_, colour)) = GROUNDS.iter().find(|(name, _)| *name == text) {
        return Ok(*colour);
    }
    let digits = text.strip_prefix('#').unwrap_or(text);
    let sixth = digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    match u32::from_str_radix(digits, 16) {
        Ok(value) if sixth => Ok([16, 8, 0].map(|shift| (value >> shift) as u8)),
        _ => {
            Err("expected black, grey, white, or six digits from 0 to f, such as 787880".to_owned())
        }
    }
}

impl EvalArgs {
    fn settings(&self) -> Settings {
        Settings {
            degrade: match self.degrade {
                DegradeArg::Chain => Degrade::Chain,
                DegradeArg::Bicubic => Degrade::Bicubic,
                DegradeArg::Box => Degrade::Box,
            },
            context: match self.context {
                ContextArg::None => Context::None,
                ContextArg::Clamp => Context::Clamp,
                ContextArg::Wrap => Context::Wrap,
            },
            ground: self.over,
            scale: self.scale,
            fidelity: self.fidelity,
        }
    }

    /// The models asked for, once each; the baselines are there anyway.
    fn models(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        let is_baseline = |name: &str| Baseline::ALL.iter().any(|b| b.to_string() == name);
        for name in &self.model {
            if !is_baseline(name) && !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        if self.model.is_empty() {
            names.push("faces");
        }
        names
    }
}

pub(crate) fn run(args: &EvalArgs, talk: Talk) -> Result<u8, Error> {
    let inputs: Vec<&Path> = args.paths.iter().map(PathBuf::as_path).collect();
    for path in [&args.csv, &args.grid].into_iter().flatten() {
        check_target(path, &inputs, args.force)?;
    }
    machine::use_threads(args.machine.on.threads)?;
    // Models first: a name mistyped should not cost the time to read the pictures.
    let models = ModelRegistry::new(args.machine.on.device)
        .with_batch(args.machine.batch)
        .with_scale(args.scale)
        .with_reach(args.reach);
    let mut models = trusting(models, args.trust, &args.model);
    let names = args.models();
    let mut scales = Vec::new();
    for name in &names {
        let model = |source| uncanny::Error::Model {
            name: (*name).to_owned(),
            source,
        };
        scales.push(models.info(name).map_err(model)?.scale);
    }
    let Pictures {
        pictures,
        skipped: unread,
    } = Pictures::read(&args.paths, args.size)?;
    let pictures = match args.limit {
        Some(limit) => {
            let places = spread(pictures.len(), limit);
            places.into_iter().map(|i| pictures[i].clone()).collect()
        }
        None => pictures,
    };
    let heatmaps = match &args.landmarks {
        Some(path) => Some(heatmaps(path, Device::find(args.machine.on.device)?)?),
        None => None,
    };
    let lpips = match (&args.vgg, &args.lpips) {
        (Some(vgg), Some(heads)) => {
            let device = Device::find(args.machine.on.device)?;
            Some(Lpips::load(vgg, heads, device)?)
        }
        _ => None,
    };
    let mut bench = Bench::new(pictures, args.size, args.settings(), heatmaps)?;
    if let Some(lpips) = lpips {
        bench = bench.with_lpips(lpips);
    }
    let shown = shown(args, &bench)?;

    let mut scores = Vec::new();
    let mut drawn: Vec<(String, Vec<RgbaImage>)> = Vec::new();
    let mut take = |name: String, outputs: Vec<RgbaImage>| -> Result<(), Error> {
        scores.push(bench.score(&name, &outputs)?);
        drawn.push((name, shown.iter().map(|&i| outputs[i].clone()).collect()));
        Ok(())
    };
    for method in Baseline::ALL {
        take(method.to_string(), bench.baseline(method))?;
    }
    for (name, scale) in names.iter().zip(scales) {
        let model = models
            .resolve(name)
            .map_err(|source| uncanny::Error::Model {
                name: (*name).to_owned(),
                source,
            })?;
        let mut label = label(name, &names);
        if scale < args.scale {
            let _ = write!(label, " {scale} + bicubic");
        }
        let mut display = Display::new(talk, &label, bench.samples().len());
        let outputs = bench
            .enhance(model, &mut |done| display.show(done))
            .map_err(|source| Error::Upscale {
                model: (*name).to_owned(),
                source,
            })?;
        display.done();
        take(label, outputs)?;
    }

    let mut status = 0;
    if let Some(path) = &args.csv {
        let written = output::write_file(path, csv(&bench, &scores).as_bytes());
        status = status.max(after_output(written));
    }
    if let Some(path) = &args.grid {
        let drawn = grid(&bench, &shown, drawn, path);
        let written = drawn.and_then(|png| output::write_file(path, &png));
        status = status.max(after_output(written));
    }
    let skipped = unread + bench.skipped();
    let printed = output::print(|out| {
        if args.json {
            let report = Report::new(args, &bench, skipped, &scores);
            serde_json::to_writer_pretty(&mut *out, &report)?;
            writeln!(out)
        } else {
            out.write_all(heading(args, &bench, skipped).as_bytes())?;
            out.write_all(table(bench.truth(), &scores).as_bytes())
        }
    });
    // Without a file, what is printed is all there is.
    if args.csv.is_some() || args.grid.is_some() {
        status = status.max(after_output(printed));
    } else {
        printed?;
    }
    Ok(status.max(u8::from(skipped > 0)))
}

/// At most `limit` of `count` places, evenly spread.
pub(super) fn spread(count: usize, limit: usize) -> Vec<usize> {
    let taken = count.min(limit);
    (0..taken).map(|i| i * count / taken).collect()
}

/// The pictures to draw.
fn shown(args: &EvalArgs, bench: &Bench) -> Result<Vec<usize>, Error> {
    if args.grid.is_none() {
        return Ok(Vec::new());
    }
    if args.pick.is_empty() {
        return Ok(spread(bench.samples().len(), args.rows));
    }
    let mut shown = Vec::new();
    for pick in &args.pick {
        let before = shown.len();
        let named = bench.samples().iter().enumerate();
        shown.extend(named.filter(|(_, s)| s.name.contains(pick)).map(|(i, _)| i));
        if shown.len() == before {
            return Err(Error::NoSuchPicture { name: pick.clone() });
        }
    }
    Ok(shown)
}

/// What a model is called in tables: a checkpoint's file name without extension where that tells it from the others.
pub(super) fn label(name: &str, all: &[&str]) -> String {
    let stem = |name: &str| {
        let stem = Path::new(name).file_stem();
        stem.map_or(name.to_owned(), |stem| stem.to_string_lossy().into_owned())
    };
    let short = stem(name);
    let same = all.iter().filter(|other| stem(other) == short).count();
    let baseline = Baseline::ALL.iter().any(|b| b.to_string() == short);
    if same > 1 || baseline {
        name.to_owned()
    } else {
        short
    }
}

/// How far a model is.
struct Display {
    talk: Talk,
    bar: Option<tracing::Span>,
    model: String,
    total: usize,
    started: Instant,
}

impl Display {
    fn new(talk: Talk, model: &str, total: usize) -> Display {
        Display {
            talk,
            bar: (talk == Talk::Bar).then(|| progress::bar(total as u64)),
            model: model.to_owned(),
            total,
            started: Instant::now(),
        }
    }

    fn show(&mut self, done: usize) {
        if let Some(bar) = &self.bar {
            bar.pb_set_position(done as u64);
            bar.pb_set_message(&format!(
                "{}: {done} of {}",
                self.model,
                counted(self.total, "picture")
            ));
        }
    }

    fn done(self) {
        if self.talk == Talk::Quiet {
            return;
        }
        let seconds = self.started.elapsed().as_secs_f64();
        tracing_indicatif::suspend_tracing_indicatif(|| {
            // The measuring goes on though nobody can read how far it is.
            let _ = writeln!(
                std::io::stderr(),
                "{}: {} in {seconds:.1} s",
                self.model,
                counted(self.total, "picture")
            );
        });
    }
}

#[derive(Serialize)]
struct Report<'a> {
    paths: &'a [PathBuf],
    pictures: usize,
    skipped: usize,
    settings: &'a Settings,
    truth: Truth,
    models: &'a [Score],
}

#[derive(Serialize)]
struct Truth {
    consistency: f64,
    sharpness: f64,
    seam: Option<f64>,
    /// How many pictures have one.
    seam_pictures: usize,
}

impl<'a> Report<'a> {
    fn new(args: &'a EvalArgs, bench: &'a Bench, skipped: usize, scores: &'a [Score]) -> Self {
        let truth = bench.truth();
        Report {
            paths: &args.paths,
            pictures: bench.samples().len(),
            skipped,
            settings: bench.settings(),
            truth: Truth {
                consistency: truth.consistency,
                sharpness: truth.sharpness,
                seam: truth.seam,
                seam_pictures: wrapping(truth),
            },
            models: scores,
        }
    }
}

fn wrapping(score: &Score) -> usize {
    score.pictures.iter().filter(|m| m.seam.is_some()).count()
}

/// What was measured, and how, in a few lines.
fn heading(args: &EvalArgs, bench: &Bench, skipped: usize) -> String {
    let samples = bench.samples();
    let inputs = match args.degrade {
        DegradeArg::Chain => "by PIL's bilinear, halved again and again",
        DegradeArg::Bicubic => "by PIL's bicubic",
        DegradeArg::Box => "by block means",
    };
    let seen = match args.context {
        ContextArg::None => "whole pictures without context",
        ContextArg::Clamp => "tiles, outermost pixels around the picture",
        ContextArg::Wrap => "tiles, the picture repeated around itself",
    };
    let mut text = counted(samples.len(), "picture");
    if skipped > 0 {
        let _ = write!(text, " ({skipped} left out)");
    }
    let _ = writeln!(
        text,
        ", {} from their own inputs or from inputs made {inputs}",
        args.scale
    );
    let _ = write!(text, "networks see {seen}; fidelity {}", args.fidelity);
    if bench.truth().alpha_errors.is_some() {
        let [r, g, b] = args.over;
        let known = GROUNDS.iter().find(|(_, colour)| *colour == args.over);
        let ground = known.map_or(format!("{r:02x}{g:02x}{b:02x}"), |(name, _)| {
            (*name).to_owned()
        });
        let _ = write!(text, "; colours over {ground}");
    }
    let wrapping = wrapping(bench.truth());
    if wrapping > 0 {
        let _ = write!(
            text,
            "; seam over {} with wrap",
            counted(wrapping, "picture")
        );
    }
    text.push_str("\n\n");
    text
}

/// Which figure of a column is the best.
#[derive(Clone, Copy)]
enum Best {
    Highest,
    Lowest,
    Nearest,
}

/// A column of the table: title, unit, decimals, which is best, the figure, and whether the truth has one.
struct Column {
    title: &'static str,
    unit: &'static str,
    decimals: usize,
    best: Best,
    value: fn(&Score) -> Option<f64>,
    of_truth: bool,
}

const COLUMNS: [Column; 12] = {
    const fn column(
        title: &'static str,
        unit: &'static str,
        decimals: usize,
        best: Best,
        of_truth: bool,
        value: fn(&Score) -> Option<f64>,
    ) -> Column {
        Column {
            title,
            unit,
            decimals,
            best,
            value,
            of_truth,
        }
    }
    use Best::{Highest, Lowest, Nearest};
    [
        column("PSNR", "dB", 2, Highest, false, |s| Some(s.psnr)),
        column("SSIM", "", 3, Highest, false, |s| Some(s.ssim)),
        column("MS-SSIM", "", 3, Highest, false, |s| Some(s.ms_ssim)),
        column("LPIPS", "", 4, Lowest, false, |s| s.lpips),
        column("consistency", "dB", 2, Highest, true, |s| {
            Some(s.consistency)
        }),
        column("sharpness", "levels", 2, Nearest, true, |s| {
            Some(s.sharpness)
        }),
        column("seam", "ratio", 2, Nearest, true, |s| s.seam),
        column("alpha errors", "%", 2, Lowest, false, |s| s.alpha_errors),
        column("leaves class", "%", 2, Lowest, false, |s| {
            s.leaves_alpha_class
        }),
        column("silhouette", "IoU", 3, Highest, false, |s| s.silhouette),
        column("outline", "ratio", 3, Nearest, true, |s| s.outline),
        column("landmarks", "%", 1, Lowest, false, |s| s.landmarks),
    ]
};

/// Models below each other, the truth last; columns that nobody has a figure for are left out.
fn table(truth: &Score, scores: &[Score]) -> String {
    let names = scores
        .iter()
        .chain([truth])
        .map(|score| score.model.chars().count());
    let wide = names.max().unwrap_or(0);
    let mut lines = vec![String::new(); scores.len() + 3];
    let [title, unit, rows @ ..] = lines.as_mut_slice() else {
        unreachable!("there are two lines above the rows");
    };
    *title = format!("{:wide$}", "");
    *unit = title.clone();
    for (line, score) in rows.iter_mut().zip(scores.iter().chain([truth])) {
        *line = format!("{:wide$}", score.model);
    }
    for column in &COLUMNS {
        let values: Vec<Option<f64>> = scores.iter().map(column.value).collect();
        if values.iter().all(Option::is_none) {
            continue;
        }
        let reference = (column.value)(truth).filter(|_| column.of_truth);
        // Figures that look the same are equally good.
        let shown = |value: f64| format!("{value:.*}", column.decimals);
        let merit = |value: f64| match column.best {
            Best::Highest => -value,
            Best::Lowest => value,
            Best::Nearest => (value - reference.unwrap_or(0.0)).abs(),
        };
        let best = values
            .iter()
            .flatten()
            .copied()
            .min_by(|a, b| merit(*a).total_cmp(&merit(*b)));
        let best = best.map(shown);
        let cells = values
            .iter()
            .chain([&reference])
            .enumerate()
            .map(|(row, value)| {
                let Some(value) = value else {
                    return "- ".to_owned();
                };
                let text = shown(*value);
                let star = row < values.len() && best.as_ref() == Some(&text);
                text + if star { "*" } else { " " }
            });
        let cells: Vec<String> = cells.collect();
        let width = cells.iter().map(String::len).max().unwrap_or(0);
        let width = width.max(column.title.len() + 1).max(column.unit.len() + 1) + 2;
        let _ = write!(title, "{:>width$}", format!("{} ", column.title));
        let _ = write!(unit, "{:>width$}", format!("{} ", column.unit));
        for (line, cell) in rows.iter_mut().zip(cells) {
            let _ = write!(line, "{cell:>width$}");
        }
    }
    lines
        .iter()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

/// A row for every model and picture.
fn csv(bench: &Bench, scores: &[Score]) -> String {
    let mut text =
        "model,picture,psnr_db,ssim,ms_ssim,consistency_db,sharpness,seam,alpha_errors_percent,\
        leaves_alpha_class,landmarks_percent,lpips,silhouette_iou,outline_ratio\n"
            .to_owned();
    let some = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.4}"));
    let fine = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.6}"));
    for score in scores.iter().chain([bench.truth()]) {
        for (sample, measures) in bench.samples().iter().zip(&score.pictures) {
            let Measures {
                psnr,
                ssim,
                ms_ssim,
                consistency,
                sharpness,
                seam,
                alpha_errors,
                leaves_alpha_class,
                landmarks,
                lpips,
                silhouette,
                outline,
                ..
            } = *measures;
            let seam = seam.filter(|(_, inside)| *inside > 0.0);
            let _ = writeln!(
                text,
                "{},{},{psnr:.4},{ssim:.6},{ms_ssim:.6},{consistency:.4},{sharpness:.4},{},{},{},{},{},{},{}",
                field(&score.model),
                field(&sample.name),
                some(seam.map(|(across, inside)| across / inside)),
                some(alpha_errors.map(|share| 100.0 * share)),
                leaves_alpha_class.map_or(String::new(), |leaves| leaves.to_string()),
                some(landmarks.map(|share| 100.0 * share)),
                fine(lpips),
                fine(silhouette),
                fine(outline),
            );
        }
    }
    text
}

/// A field of a CSV, quoted where it must be.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// The most letters of a picture's name beside it.
const LABEL: usize = 16;

/// A row a picture: input, what each model made of it, truth.
fn grid(
    bench: &Bench,
    shown: &[usize],
    drawn: Vec<(String, Vec<RgbaImage>)>,
    path: &Path,
) -> Result<Vec<u8>, Error> {
    let mut rows: Vec<Row> = shown
        .iter()
        .map(|&i| {
            let sample = &bench.samples()[i];
            // The end of a name says most.
            let skipped = sample.name.chars().count().saturating_sub(LABEL);
            Row {
                label: sample.name.chars().skip(skipped).collect(),
                pictures: vec![("input".to_owned(), sample.low.clone())],
            }
        })
        .collect();
    for (model, pictures) in drawn {
        // The input is shown as nearest would enlarge it.
        if model == Baseline::Nearest.to_string() {
            continue;
        }
        for (row, picture) in rows.iter_mut().zip(pictures) {
            row.pictures.push((model.clone(), picture));
        }
    }
    for (row, &i) in rows.iter_mut().zip(shown) {
        row.pictures
            .push(("truth".to_owned(), bench.samples()[i].truth.clone()));
    }
    let side = shown
        .iter()
        .map(|&i| bench.samples()[i].truth.width())
        .max();
    encode(&sheet(&rows, side.unwrap_or(128).min(256))).map_err(|source| Error::Grid {
        path: path.to_owned(),
        source: source.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grounds_have_names_or_digits() {
        assert_eq!(ground("grey"), Ok([128; 3]));
        assert_eq!(ground("787880"), Ok([120, 120, 128]));
        assert_eq!(ground("#FFffFF"), Ok([255; 3]));
        for bad in ["", "green", "78788", "7878800", "+78788", "78788g"] {
            assert!(ground(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn places_are_spread_evenly() {
        assert_eq!(spread(10, 5), [0, 2, 4, 6, 8]);
        assert_eq!(spread(3, 12), [0, 1, 2]);
        assert!(spread(0, 4).is_empty());
    }

    #[test]
    fn checkpoints_are_called_by_their_files() {
        let all = [
            "faces",
            "runs/a/net.pth",
            "runs/b/net.pth",
            "x4/relief.safetensors",
            "bicubic.pth",
        ];
        let labels: Vec<String> = all.iter().map(|name| label(name, &all)).collect();
        assert_eq!(
            labels,
            [
                "faces",
                "runs/a/net.pth",
                "runs/b/net.pth",
                "relief",
                "bicubic.pth"
            ]
        );
    }

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        assert_eq!(field("block/stone"), "block/stone");
        assert_eq!(field("a,\"b\""), "\"a,\"\"b\"\"\"");
    }
}
