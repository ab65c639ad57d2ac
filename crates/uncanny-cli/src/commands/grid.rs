//! `uncanny grid`: pictures through models, side by side in one image.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum, ValueHint};
use uncanny::Models as _;
use uncanny::picture::{self, Around, Settings, Way};
use uncanny_pack::check_target;
use uncanny_registry::ModelRegistry;
use uncanny_texture::sheet::{Row, sheet};
use uncanny_texture::{Filter, RgbaImage, encode, resize};
use uncanny_train::{Picture, Pictures, SIDE};

use super::eval::{label, spread};
use crate::args::{TrustArgs, fidelity, up_to};
use crate::enhancer::default_hint;
use crate::error::Error;
use crate::logging::Talk;
use crate::machine::{self, DeviceArgs};
use crate::models::trusting;
use crate::output;

/// So many letters of a name are written beside its row.
const LETTERS: usize = 18;

/// Draw pictures side by side: input, models, iterations
///
/// Every picture is a row. A sprite goes through the network as it is, tile by tile. Anything larger is
/// reduced to 16x16 first, as by `uncanny image`, and its original stands at the end of the row. NAME_lo.png and
/// NAME_hi.png make one row.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  uncanny grid emoji/ --model faces --iterations 1,3,10 -o emoji.png
  uncanny grid packs/starter.zip --pick block/ --model textures --model faces -o blocks.png
  uncanny grid portrait.jpg --model mine.safetensors -o portrait.png")]
pub(crate) struct GridArgs {
    /// Pictures (PNG, JPEG, WebP), or folders, tars and zips (packs too) of them
    #[arg(required = true, value_name = "IN", value_hint = ValueHint::AnyPath)]
    inputs: Vec<PathBuf>,

    /// The PNG to write
    #[arg(long, short, value_name = "FILE", help_heading = "Output", value_hint = ValueHint::FilePath)]
    output: PathBuf,

    /// Replace an output that exists
    #[arg(long, short, help_heading = "Output")]
    force: bool,

    /// The most pictures to draw, evenly spread over the input
    #[arg(long, value_name = "N", default_value_t = 12, help_heading = "Output", value_parser = up_to::<10_000>)]
    rows: usize,

    /// Take only pictures whose names contain this; may be repeated
    #[arg(long, value_name = "NAME", help_heading = "Output")]
    pick: Vec<String>,

    /// The number of pictures in a line
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Output", value_parser = up_to::<1_000>)]
    abreast: usize,

    /// Leave out the originals of pictures that were reduced
    #[arg(long, help_heading = "Output")]
    no_original: bool,

    /// Draw a column for this model; may be repeated [default: faces]
    #[arg(long, short, value_name = "MODEL", help_heading = "How", value_hint = ValueHint::FilePath)]
    model: Vec<String>,

    #[command(flatten)]
    trust: TrustArgs,

    /// Draw a column after each of these numbers of iterations, in which the output is fed back in
    #[arg(long, value_name = "N,N", default_value = "1", value_delimiter = ',', help_heading = "How",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(uncanny::MAX_ITERATIONS)))]
    iterations: Vec<u32>,

    /// Smooth each input a little before the network sees it
    #[arg(long, help_heading = "How")]
    preblur: bool,

    /// Keep the inputs' colours: 0 keeps none of them, 1 keeps each texel's average exactly
    #[arg(long, value_name = "F", default_value_t = 0.0, help_heading = "How", value_parser = fidelity)]
    fidelity: f32,

    /// What the network sees around a picture
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "auto",
        help_heading = "How"
    )]
    context: GridContext,

    #[command(flatten)]
    machine: DeviceArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum GridContext {
    /// What suits each picture, as in `uncanny image`
    Auto,
    /// Nothing: the network sees the picture alone
    None,
    /// The picture again, as around a block in the game
    Wrap,
}

/// One row.
struct Subject {
    name: String,
    picture: RgbaImage,
    /// What an input that is shown reduced was made of.
    truth: Option<RgbaImage>,
    /// The input is of a hand-made pair.
    paired: bool,
}

pub(crate) fn run(args: &GridArgs, _talk: Talk) -> Result<u8, Error> {
    let inputs: Vec<&Path> = args.inputs.iter().map(PathBuf::as_path).collect();
    check_target(&args.output, &inputs, args.force)?;
    machine::use_threads(args.machine.threads)?;
    let names: Vec<&str> = match args.model.as_slice() {
        [] => vec!["faces"],
        given => given.iter().map(String::as_str).collect(),
    };
    let failed = |name: &str, source| uncanny::Error::Model {
        name: name.to_owned(),
        source,
    };
    let models = ModelRegistry::new(args.machine.device).with_reach(None);
    let mut models = trusting(models, args.trust, &args.model);
    for name in &names {
        models.info(name).map_err(|source| failed(name, source))?;
    }
    let Pictures { pictures, skipped } = Pictures::read(&args.inputs, 1)?;
    let wanted = |picture: &Picture| {
        args.pick.is_empty() || args.pick.iter().any(|pick| picture.name.contains(pick))
    };
    let pictures: Vec<Picture> = pictures.into_iter().filter(wanted).collect();
    if pictures.is_empty() {
        return Err(Error::NoSuchPicture {
            name: args.pick.join(", "),
        });
    }
    let subjects: Vec<Subject> = spread(pictures.len(), args.rows)
        .into_iter()
        .map(|i| subject(pictures[i].clone()))
        .collect();

    let mut rows: Vec<Vec<(String, RgbaImage)>> = subjects
        .iter()
        .map(|subject| {
            let low = Settings::default().low(&subject.picture);
            vec![("input".to_owned(), low)]
        })
        .collect();
    for name in &names {
        let model = models
            .resolve(name)
            .map_err(|source| failed(name, source))?;
        for paired in [true, false] {
            let (places, pictures): (Vec<usize>, Vec<RgbaImage>) = subjects
                .iter()
                .enumerate()
                .filter(|(_, subject)| subject.paired == paired)
                .map(|(place, subject)| (place, subject.picture.clone()))
                .unzip();
            let settings = Settings {
                around: match args.context {
                    GridContext::Wrap => Some(Around::Wrap),
                    GridContext::None => Some(Around::Nothing),
                    GridContext::Auto => paired.then_some(Around::Nothing),
                },
                preblur: args.preblur,
                hint: default_hint(name),
                iterations: args.iterations.iter().copied().max().unwrap_or(1),
                keep_all: true,
                fidelity: Some(args.fidelity),
                ..Settings::default()
            };
            let made = picture::enhance(&pictures, &settings, model, &mut |_| true)?;
            for (place, made) in places.into_iter().zip(made) {
                for &iterations in &args.iterations {
                    let mut heading = label(name, &names);
                    if args.iterations.len() > 1 {
                        heading.push_str(&format!(" x{iterations}"));
                    }
                    let picture = made[iterations as usize - 1].clone();
                    rows[place].push((heading, picture));
                }
            }
        }
    }
    let truths = !args.no_original && subjects.iter().any(|subject| subject.truth.is_some());
    for (row, subject) in rows.iter_mut().zip(&subjects) {
        match &subject.truth {
            _ if !truths => {}
            Some(truth) => row.push(("original".to_owned(), truth.clone())),
            None => row.push((String::new(), RgbaImage::new(0, 0))),
        }
    }
    // Beside each other, a row has no place for names: they stand under the inputs.
    if args.abreast > 1 {
        for (row, subject) in rows.iter_mut().zip(&subjects) {
            row[0].0 = written(&subject.name);
        }
    }
    let lines: Vec<Row> = rows
        .chunks(args.abreast)
        .zip(subjects.chunks(args.abreast))
        .map(|(rows, subjects)| Row {
            label: if args.abreast == 1 {
                written(&subjects[0].name)
            } else {
                String::new()
            },
            pictures: rows.concat(),
        })
        .collect();
    let png = encode(&sheet(&lines, SIDE)).map_err(|source| Error::Grid {
        path: args.output.clone(),
        source: source.into(),
    })?;
    output::write_file(&args.output, &png)?;
    Ok(u8::from(skipped > 0))
}

/// A name without its folders; of a long one the end, which says most.
fn written(name: &str) -> String {
    output::fit(name.rsplit('/').next().unwrap_or(name), LETTERS, true)
}

fn subject(picture: Picture) -> Subject {
    let Picture { name, high, low } = picture;
    if let Some(low) = low {
        return Subject {
            name,
            picture: low,
            truth: Some(high),
            paired: true,
        };
    }
    let fitted = Way::of(high.dimensions()) == Way::Fit;
    Subject {
        name,
        truth: fitted.then(|| resize(&picture::square(&high), (SIDE, SIDE), Filter::Bicubic)),
        picture: high,
        paired: false,
    }
}
