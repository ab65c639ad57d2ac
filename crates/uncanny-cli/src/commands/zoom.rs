//! `uncanny zoom IN -o OUT`: the slow zoom through the network.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::{Args, ValueHint};
use serde::Serialize;
use uncanny::picture::{Way, Zoom, ZoomSettings};
use uncanny::{Event, Outcome, Stage};
use uncanny_pack::check_target;
use uncanny_texture::input::{MAX_PICTURE_FILE, read_regular};
use uncanny_texture::{
    AnimationReader, DecodeLimits, Filter, Loops, PictureFormat, RgbaImage, resize,
};

use super::image::MOST_SIDE;
use crate::args::fidelity;
use crate::diagnostics::after_output;
use crate::enhancer::{Enhancer, PictureArgs};
use crate::error::Error;
use crate::film::{Container, FilmWriter};
use crate::logging::Talk;
use crate::machine::BatchArgs;
use crate::progress::Progress;
use crate::{interrupt, output};

/// Zoom slowly into a picture, through the network
///
/// At each step the picture is enlarged a little, reduced to the 16x16 pixels that the network sees, and
/// enhanced again. What the network imagined is what it sees next, so new faces keep appearing.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  uncanny zoom pizza.png -o pizza.gif
  uncanny zoom ghost.png -o ghost.webp --at 0.4,0.35 --seconds 12 --rate 1.15
  uncanny zoom moon.png -o moon.mp4 --back --size 512        mp4, mov, mkv and webm need ffmpeg
  uncanny zoom cat.png -o cat.gif --hold 0.8 --keep 0        wilder

Exit status: 0 done; 1 the film was made, but its report could not be printed; 2 nothing was made;
130 interrupted.")]
pub(crate) struct ZoomArgs {
    /// The picture; of an animation, its first frame is taken
    #[arg(value_name = "IN", value_hint = ValueHint::FilePath)]
    input: PathBuf,

    /// The film to write: .gif, .webp, .apng, or, with ffmpeg, .mp4, .mov, .mkv, .webm
    #[arg(long, short, value_name = "OUT", help_heading = "Output", value_hint = ValueHint::FilePath)]
    output: PathBuf,

    /// Replace an output that exists
    #[arg(long, short, help_heading = "Output")]
    force: bool,

    /// The frames' size in pixels a side [default: as the network makes them, 128]
    #[arg(long, value_name = "PIXELS", help_heading = "Output", value_parser = clap::value_parser!(u32).range(16..=i64::from(MOST_SIDE)))]
    size: Option<u32>,

    /// Print what was done as JSON
    #[arg(long, help_heading = "Output")]
    json: bool,

    /// The point to zoom into, as shares of the width and height from the top left corner
    #[arg(long, value_name = "X,Y", default_value = "0.5,0.5", help_heading = "Zoom", value_parser = point)]
    at: (f32, f32),

    /// The film's length in seconds
    #[arg(long, value_name = "N", default_value_t = 8.0, help_heading = "Zoom", value_parser = within::<1, 600>)]
    seconds: f64,

    /// Frames a second
    #[arg(long, value_name = "N", default_value_t = 12.0, help_heading = "Zoom", value_parser = within::<1, 60>)]
    fps: f64,

    /// How many times as large everything becomes in a second
    #[arg(long, value_name = "N", default_value_t = 1.3, help_heading = "Zoom", value_parser = within::<1, 4>)]
    rate: f64,

    /// How much the first frame's colours are held: 0 lets them drift to extremes within seconds, 1 holds them
    #[arg(long, value_name = "F", default_value_t = 1.0, help_heading = "Zoom", value_parser = fidelity)]
    hold: f32,

    /// The share of each frame that is the one before it, enlarged: 0 makes all of it new, more is calmer
    #[arg(long, value_name = "F", default_value_t = KEEP, help_heading = "Zoom", value_parser = fidelity)]
    keep: f32,

    /// Noise added to what the network sees, in levels of 255: something to imagine from where a picture is flat
    #[arg(long, value_name = "LEVELS", default_value_t = GRAIN, help_heading = "Zoom", value_parser = within::<0, 64>)]
    grain: f64,

    /// The seed of the noise: another number makes another film
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Zoom")]
    seed: u64,

    /// Play back to the beginning as well, so that the film loops without a jump
    #[arg(long, help_heading = "Zoom")]
    back: bool,

    #[command(flatten)]
    how: PictureArgs,

    #[command(flatten)]
    machine: BatchArgs,
}

/// What is meant otherwise here than for `image`.
pub(crate) fn own_words(command: clap::Command) -> clap::Command {
    command.mut_arg("model", |arg| {
        arg.help("The model: a name that `uncanny models` lists, or a checkpoint's path [default: uncanny]")
            .long_help(None)
    })
}

/// Tried on emoji: without, everything swims; with much more, nothing new comes.
const KEEP: f32 = 0.4;
const GRAIN: f64 = 4.0;

pub(crate) fn run(args: &ZoomArgs, talk: Talk) -> Result<u8, Error> {
    let cancel = interrupt::listen();
    let container = Container::of(&args.output)?;
    check_target(&args.output, &[&args.input], args.force)?;
    let mut how = args.how.clone();
    how.model
        .get_or_insert_with(|| uncanny::DREAM_MODEL.to_owned());
    let mut enhancer = Enhancer::new(&how, None, &args.machine)?;
    enhancer.settings.way = Some(Way::Fit);
    enhancer.settings.hint = enhancer.hint(Way::Fit);
    let bytes = read_regular(&args.input, MAX_PICTURE_FILE).map_err(|source| Error::Read {
        path: args.input.clone(),
        source,
    })?;
    let hint = PictureFormat::of_path(&args.input);
    let picture = AnimationReader::new(bytes, hint, &DecodeLimits::default())
        .and_then(AnimationReader::first_frame)
        .map_err(|source| Error::Decode {
            path: args.input.clone(),
            source,
        })?;
    let made = enhancer.output(picture.dimensions())?;
    let size = args.size.map_or(made, |side| (side, side));

    let count = ((args.seconds * args.fps).round() as usize).max(1);
    // There and back shows both ends once.
    let there = if args.back { count / 2 + 1 } else { count };
    let mut zoom = Zoom::new(
        picture,
        ZoomSettings {
            at: args.at,
            step: args.rate.powf(1.0 / args.fps),
            hold: args.hold,
            keep: args.keep,
            grain: args.grain as f32,
            seed: args.seed,
        },
        &enhancer.settings,
    );
    let progress = Progress::of(talk, "frames");
    progress.handle(&Event::Stage {
        stage: Stage::Enhance,
        total: there,
    });
    let delay = Duration::from_secs_f64(1.0 / args.fps);
    let mut film = FilmWriter::begin(
        &args.output,
        container,
        size,
        Loops::Forever,
        args.fps,
        None,
    )?;
    let mut kept: Vec<RgbaImage> = Vec::new();
    let mut written = 0;
    for number in 1..=there {
        let mut placed = |_| !cancel.load(Ordering::SeqCst);
        let frame = zoom.next(enhancer.upscaler(Way::Fit)?, &mut placed)?;
        let frame = if frame.dimensions() == size {
            frame
        } else {
            resize(&frame, size, Filter::Lanczos)
        };
        film.add(&frame, delay)?;
        written += 1;
        if args.back {
            kept.push(frame);
        }
        progress.handle(&Event::TextureDone {
            name: args.input.display().to_string(),
            outcome: Outcome::Enhanced,
            cached: false,
            done: number,
            total: there,
        });
    }
    for frame in kept.iter().rev().skip(1).take(kept.len().saturating_sub(2)) {
        film.add(frame, delay)?;
        written += 1;
    }
    film.end()?;
    progress.handle(&Event::Stage {
        stage: Stage::Done,
        total: 0,
    });
    let report = Report {
        input: args.input.display().to_string(),
        output: args.output.display().to_string(),
        size,
        frames: written,
        seconds: written as f64 / args.fps,
        model: enhancer.model(Way::Fit).to_owned(),
    };
    if args.json {
        return Ok(after_output(output::print_json(&report)));
    }
    if talk != Talk::Quiet {
        let text = format!(
            "{}  {}x{}, {written} frames, {:.1} seconds, by {}\n",
            report.output, size.0, size.1, report.seconds, report.model
        );
        // The work is done, whether or not anybody can read of it.
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
    Ok(0)
}

#[derive(Serialize)]
struct Report {
    input: String,
    output: String,
    size: (u32, u32),
    frames: usize,
    seconds: f64,
    model: String,
}

/// "0.5,0.4".
fn point(text: &str) -> Result<(f32, f32), String> {
    let share = |text: &str| {
        let value: f32 = text.trim().parse().ok()?;
        (0.0..=1.0).contains(&value).then_some(value)
    };
    let found = text
        .split_once(',')
        .and_then(|(x, y)| Some((share(x)?, share(y)?)));
    found.ok_or_else(|| "expected two numbers from 0 to 1, such as 0.5,0.4".to_owned())
}

/// A number of a range.
pub(super) fn within<const LEAST: u32, const MOST: u32>(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (f64::from(LEAST)..=f64::from(MOST)).contains(&value) => Ok(value),
        _ => Err(format!("expected a number from {LEAST} to {MOST}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_and_numbers_are_bounded() {
        assert_eq!(point("0.25, 1"), Ok((0.25, 1.0)));
        for bad in ["", "1", "0.5,1.1", "-1,0", "NaN,0", "0.5,0.5,0.5"] {
            assert!(point(bad).is_err(), "{bad}");
        }
        assert_eq!(within::<1, 60>("12.5"), Ok(12.5));
        for bad in ["0.9", "61", "NaN", "inf", ""] {
            assert!(within::<1, 60>(bad).is_err(), "{bad}");
        }
    }
}
