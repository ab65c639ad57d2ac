//! `uncanny video IN -o OUT`: every frame of a film through the network.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use clap::{Args, ValueHint};
use image::imageops;
use serde::Serialize;
use uncanny::picture::{Smooth, Way};
use uncanny::{Event, Outcome, Stage};
use uncanny_pack::check_target;
use uncanny_texture::{Frame, RgbaImage};

use super::image::told;
use super::zoom::within;
use crate::args::fidelity;
use crate::diagnostics::after_output;
use crate::enhancer::{Enhancer, PictureArgs, WayArgs};
use crate::error::Error;
use crate::film::{Container, FilmReader, FilmWriter};
use crate::logging::Talk;
use crate::machine::BatchArgs;
use crate::progress::Progress;
use crate::{interrupt, output};

/// Frames that are in work at a time, and how many pixels of what is made of them.
const CHUNK: (usize, u64) = (16, 1 << 22);
/// Of `--smooth` alone.
const SMOOTH: &str = "0.7";
/// Frames a second where neither the input nor the user says.
const USUAL_RATE: f64 = 25.0;

/// Enhance a film, frame by frame
///
/// Every frame is enhanced as `uncanny image` enhances a picture, fitted or tile by tile; the empty stripes
/// beside a fitted frame are cut off again. GIF, APNG and animated WebP are read and written with their
/// timing. Everything else needs ffmpeg, and keeps its sound.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  uncanny video party.gif -o party.webp
  uncanny video talk.mp4 -o talk-uncanny.mp4 --side 32 --smooth
  uncanny video sprite.gif -o sprite-128x.gif --tiles --model textures
  uncanny video talk.mp4 -o talk.gif --fps 10

Exit status: 0 done; 1 the film was made, but its report could not be printed; 2 nothing was made;
130 interrupted.")]
pub(crate) struct VideoArgs {
    /// The film: GIF, APNG or WebP, or, with ffmpeg, any other
    #[arg(value_name = "IN", value_hint = ValueHint::FilePath)]
    input: PathBuf,

    /// The film to write: .gif, .webp, .apng, or, with ffmpeg, .mp4, .mov, .mkv, .webm
    #[arg(long, short, value_name = "OUT", help_heading = "Output", value_hint = ValueHint::FilePath)]
    output: PathBuf,

    /// Replace an output that exists
    #[arg(long, short, help_heading = "Output")]
    force: bool,

    /// Print what was done as JSON
    #[arg(long, help_heading = "Output")]
    json: bool,

    /// Reduce flicker: mix each frame with those before it where nothing moves
    ///
    /// F is the share of the earlier frames, from 0 to 1; 0.7 without a number.
    #[arg(long, value_name = "F", num_args = 0..=1, require_equals = true, default_missing_value = SMOOTH,
        default_value = "0", hide_default_value = true, help_heading = "Film", value_parser = fidelity)]
    smooth: f32,

    /// Frames a second [default: those of the input]
    #[arg(long, value_name = "N", help_heading = "Film", value_parser = within::<1, 240>)]
    fps: Option<f64>,

    #[command(flatten)]
    way: WayArgs,

    #[command(flatten)]
    how: PictureArgs,

    #[command(flatten)]
    machine: BatchArgs,
}

pub(crate) fn run(args: &VideoArgs, talk: Talk) -> Result<u8, Error> {
    let cancel = interrupt::listen();
    let container = Container::of(&args.output)?;
    check_target(&args.output, &[&args.input], args.force)?;
    let mut enhancer = Enhancer::new(&args.how, Some(&args.way), &args.machine)?;
    let mut film = FilmReader::open(&args.input, args.fps)?;
    let about = film.about.clone();
    let way = enhancer.settings.way(about.size);
    enhancer.settings.way = Some(way);
    let made = enhancer.output(about.size)?;

    let mut pending = film.next()?;
    let opaque = pending
        .as_ref()
        .is_some_and(|frame| frame.image.pixels().all(|pixel| pixel.0[3] == 255));
    let (left, top, size) = match way {
        Way::Fit if opaque || container == Container::Film => inside(about.size, made),
        _ => (0, 0, made),
    };
    let rate = args.fps.or(about.rate).unwrap_or(USUAL_RATE);
    let sound = about.sound.then_some(args.input.as_path());
    let mut out = FilmWriter::begin(&args.output, container, size, about.loops, rate, sound)?;
    let progress = Progress::of(talk, "frames");
    let total = about.frames.unwrap_or(0);
    progress.handle(&Event::Stage {
        stage: Stage::Enhance,
        total,
    });
    let area =
        u64::from(made.0) * u64::from(made.1) * u64::from(enhancer.settings.iterations.min(2));
    let chunk = (CHUNK.1 / area).clamp(1, CHUNK.0 as u64) as usize;
    let mut smooth = Smooth::new(args.smooth);
    let (mut done, mut seconds) = (0, 0.0);
    loop {
        let mut frames: Vec<Frame> = Vec::with_capacity(chunk);
        while frames.len() < chunk
            && let Some(frame) = pending.take()
        {
            frames.push(frame);
            pending = film.next()?;
        }
        if frames.is_empty() {
            break;
        }
        if cancel.load(Ordering::SeqCst) {
            return Err(uncanny::Error::Interrupted.into());
        }
        let (images, delays): (Vec<RgbaImage>, Vec<_>) = frames
            .into_iter()
            .map(|frame| (frame.image, frame.delay))
            .unzip();
        let made = enhancer.enhance(way, &images, &cancel)?;
        for ((image, delay), made) in images.iter().zip(delays).zip(made.into_iter().flatten()) {
            let made = if args.smooth > 0.0 {
                smooth.next(&enhancer.settings.low(image), made)
            } else {
                made
            };
            let made = if made.dimensions() == size {
                made
            } else {
                let mut made = imageops::crop_imm(&made, left, top, size.0, size.1).to_image();
                if opaque {
                    made.pixels_mut().for_each(|pixel| pixel.0[3] = 255);
                }
                made
            };
            out.add(&made, delay)?;
            done += 1;
            seconds += delay.as_secs_f64();
            progress.handle(&Event::TextureDone {
                name: args.input.display().to_string(),
                outcome: Outcome::Enhanced,
                cached: false,
                done,
                total: total.max(done),
            });
        }
    }
    out.end()?;
    progress.handle(&Event::Stage {
        stage: Stage::Done,
        total: 0,
    });
    let report = Report {
        input: args.input.display().to_string(),
        output: args.output.display().to_string(),
        from: about.size,
        to: size,
        frames: done,
        seconds,
        sound: about.sound && container == Container::Film,
        way,
        model: enhancer.model(way).to_owned(),
    };
    if args.json {
        return Ok(after_output(output::print_json(&report)));
    }
    if talk != Talk::Quiet {
        let how = told(way);
        let sound = if report.sound { ", with sound" } else { "" };
        let text = format!(
            "{}  {}x{} -> {}x{}, {how}, by {}, {done} frames, {seconds:.1} seconds{sound}\n",
            report.output, report.from.0, report.from.1, size.0, size.1, report.model,
        );
        // The work is done, whether or not anybody can read of it.
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
    Ok(0)
}

/// Where a picture of one size lies in the square that it was fitted into, whole pixels of it: left, top and size.
fn inside(picture: (u32, u32), (side, _): (u32, u32)) -> (u32, u32, (u32, u32)) {
    let longest = picture.0.max(picture.1);
    let place = |length: u32| {
        let begin = (longest - length) / 2;
        let from = (u64::from(begin) * u64::from(side)).div_ceil(u64::from(longest)) as u32;
        let to = (u64::from(begin + length) * u64::from(side) / u64::from(longest)) as u32;
        // Films want even sides.
        let length = ((to.saturating_sub(from)) & !1).clamp(2, side);
        (from.min(side - length), length)
    };
    let ((left, width), (top, height)) = (place(picture.0), place(picture.1));
    (left, top, (width, height))
}

#[derive(Serialize)]
struct Report {
    input: String,
    output: String,
    from: (u32, u32),
    to: (u32, u32),
    frames: usize,
    seconds: f64,
    sound: bool,
    way: Way,
    model: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stripes_are_cut_off() {
        assert_eq!(inside((640, 360), (128, 128)), (0, 28, (128, 72)));
        assert_eq!(inside((360, 640), (128, 128)), (28, 0, (72, 128)));
        assert_eq!(inside((50, 50), (128, 128)), (0, 0, (128, 128)));
        assert_eq!(inside((1000, 1), (128, 128)).2, (128, 2));
    }
}
