//! `uncanny image IN... [-o OUT]`: free pictures, still or moving.

use std::collections::{BTreeMap, HashSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::{Args, ValueHint};
use serde::Serialize;
use uncanny::picture::{self, Way};
use uncanny::{Event, Outcome, Stage};
use uncanny_pack::check_target;
use uncanny_texture::input::{MAX_PICTURE_FILE, read_regular};
use uncanny_texture::sheet::{Row, sheet};
use uncanny_texture::{
    AnimationReader, DecodeLimits, Frame, Loops, PictureFormat, RgbaImage, encode,
};

use super::eval::spread;
use crate::diagnostics::{after_output, one_line};
use crate::enhancer::{Enhancer, PictureArgs, WayArgs};
use crate::error::Error;
use crate::film::{Container, FilmWriter};
use crate::gallery::{Entry, Gallery};
use crate::inputs::{self, Input};
use crate::logging::Talk;
use crate::machine::BatchArgs;
use crate::progress::Progress;
use crate::{interrupt, naming, output};

/// Pictures or frames that are in work at a time, and how many pixels of them: their tiles fill batches.
const CHUNK: (usize, u64) = (32, 1 << 20);
/// The most pictures on a contact sheet.
const ROWS: usize = 60;
/// The side of a picture on it.
const SHOWN: u32 = 128;
/// Of many iterations those that differ most: every one up to three, then ever fewer; and the last.
const SHOWN_ITERATIONS: [usize; 7] = [1, 2, 3, 6, 10, 15, 25];
/// So many pictures have a line each in the summary.
const LINES: usize = 20;
/// Exit status when some pictures could not be enhanced, and when none could.
const SOME_FAILED: u8 = 1;
const NOTHING_MADE: u8 = 2;
/// The longest side that frames may be resized to.
pub(super) const MOST_SIDE: u32 = 4096;
/// The formats that can be written.
const FORMATS: &str = ".png, .apng, .webp or .gif";

/// Enhance pictures: emoji, emotes, sprites, photographs, still or moving
///
/// Takes PNG, JPEG, WebP, GIF, BMP and TGA, as files, folders and globs. Animated GIF, APNG and WebP go frame
/// by frame and keep their timing.
///
/// There are two ways. With --fit the whole picture, in a transparent square, is reduced to the 16x16 pixels
/// that a network for faces sees, and becomes 128x128. With --tiles it is enhanced as it is, as textures are, and
/// becomes 8 times as large. Without either, the picture's size decides.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  uncanny image emote.png                                 makes emote-128x.png beside it
  uncanny image emoji/ -o enhanced/
  uncanny image 'sprites/**/*.png' -o enhanced/ --tiles
  uncanny image pizza.png --iterations 10 --keep-all --preblur -o pizza.png.d/
  uncanny image party.gif -o party.webp
  uncanny image emoji/ -o enhanced/ --html look.html --grid look.png

Exit status: 0 done; 1 finished, but a picture could not be enhanced, or a report, page or contact
sheet could not be written; 2 nothing was made; 130 interrupted.")]
pub(crate) struct ImageArgs {
    /// Pictures, folders of them, or globs
    #[arg(required = true, value_name = "IN", value_hint = ValueHint::AnyPath)]
    inputs: Vec<PathBuf>,

    /// Where to write [default: beside IN, named by its new size: emote-128x.png]
    ///
    /// For several pictures it is a folder, in which they keep their names and subfolders; for one it is a folder or a
    /// file. A file's extension says the format: .png, .apng, .webp or .gif. In a folder pictures keep their format,
    /// and become .png where it cannot be written.
    #[arg(long, short, value_name = "OUT", help_heading = "Output", value_hint = ValueHint::AnyPath)]
    output: Option<PathBuf>,

    /// Replace outputs that exist
    #[arg(long, short, help_heading = "Output")]
    force: bool,

    /// Write the picture after every iteration: emote-1.png, emote-2.png and so on
    #[arg(long, help_heading = "Output")]
    keep_all: bool,

    /// Draw a contact sheet as a PNG: what the network saw, what it made, and the original
    #[arg(long, value_name = "FILE", help_heading = "Output", value_hint = ValueHint::FilePath)]
    grid: Option<PathBuf>,

    /// Write a page for a browser: every picture before and after, with search and filters
    #[arg(long, value_name = "FILE", help_heading = "Output", value_hint = ValueHint::FilePath)]
    html: Option<PathBuf>,

    /// Print what was done as JSON
    #[arg(long, help_heading = "Output")]
    json: bool,

    #[command(flatten)]
    way: WayArgs,

    #[command(flatten)]
    how: PictureArgs,

    #[command(flatten)]
    machine: BatchArgs,
}

pub(crate) fn run(args: &ImageArgs, talk: Talk) -> Result<u8, Error> {
    let cancel = interrupt::listen();
    let mut enhancer = Enhancer::new(&args.how, Some(&args.way), &args.machine)?;
    enhancer.settings.keep_all = args.keep_all || args.grid.is_some() || args.html.is_some();
    let found = inputs::find(&args.inputs)?;
    let target = Target::new(args, found.len())?;
    for look in [&args.grid, &args.html].into_iter().flatten() {
        let inputs: Vec<&Path> = args.inputs.iter().map(PathBuf::as_path).collect();
        check_target(look, &inputs, args.force)?;
    }
    let shown: HashSet<usize> = match args.grid {
        Some(_) => spread(found.len(), ROWS).into_iter().collect(),
        None => HashSet::new(),
    };
    let mut session = Session {
        keep_all: args.keep_all,
        cancel: &cancel,
        progress: Progress::of(talk, "pictures"),
        total: found.len(),
        done: 0,
        enhancer,
        waiting: BTreeMap::new(),
        rows: Vec::new(),
        shown,
        sheet: BTreeMap::new(),
        gallery: args.html.as_deref().map(|path| {
            let title = args.inputs[0].file_name().unwrap_or_default();
            Gallery::new(path, &title.to_string_lossy(), found.len())
        }),
        status: 0,
    };
    session.progress.handle(&Event::Stage {
        stage: Stage::Enhance,
        total: found.len(),
    });
    // What may not be written is said before any work; a picture that cannot be opened is said when its turn comes.
    let mut targets = Targets::new(&found, args.force);
    let mut jobs = Vec::with_capacity(found.len());
    for (index, input) in found.iter().enumerate() {
        let job = match Source::open(&input.path, &mut session.enhancer) {
            Ok(source) => {
                let path = target.path(input, source.format, source.to);
                let paths = match (args.keep_all, args.how.iterations) {
                    (true, iterations) => numbered(&path, iterations),
                    (false, _) => vec![path],
                };
                targets.check(&paths)?;
                Job {
                    index,
                    name: input.relative.display().to_string(),
                    input: input.path.clone(),
                    way: source.way,
                    paths,
                }
            }
            Err(error) => {
                session.failed(&input.path, &error);
                continue;
            }
        };
        jobs.push(job);
    }
    for job in jobs {
        if cancel.load(Ordering::SeqCst) {
            break;
        }
        session.take(job)?;
    }
    session.flush_all()?;
    session.progress.handle(&Event::Stage {
        stage: Stage::Done,
        total: 0,
    });
    if cancel.load(Ordering::SeqCst) {
        let finished = session
            .rows
            .iter()
            .filter(|row| row.error.is_none())
            .count();
        tracing::warn!(
            "interrupted: finished {finished} of {}",
            output::counted(found.len(), "picture")
        );
        return Ok(interrupt::EXIT_STATUS);
    }
    Ok(session.end(args, talk))
}

/// Where outputs go.
enum Target {
    /// Beside each input.
    Beside,
    Folder(PathBuf),
    File(PathBuf),
}

impl Target {
    fn new(args: &ImageArgs, count: usize) -> Result<Target, Error> {
        let several = count > 1 || args.inputs.len() > 1 || args.inputs[0].is_dir();
        let Some(path) = &args.output else {
            return if several {
                Err(Error::NoFolder { count })
            } else {
                Ok(Target::Beside)
            };
        };
        if several || naming::ends_as_folder(path) || path.is_dir() {
            if several && PictureFormat::of_path(path).is_some() && !path.is_dir() {
                return Err(Error::NoFolder { count });
            }
            let folders: Vec<&Path> = args.inputs.iter().map(PathBuf::as_path).collect();
            // Of what will be made, the first folder that is not there yet lies in one that is. Whether files in it
            // exist is asked file by file.
            let place = path
                .ancestors()
                .take_while(|place| !place.as_os_str().is_empty() && !place.is_dir())
                .last()
                .unwrap_or(path);
            check_target(place, &folders, true)?;
            return Ok(Target::Folder(path.clone()));
        }
        match PictureFormat::of_path(path) {
            Some(format) if format.writes() => Ok(Target::File(path.clone())),
            _ => Err(Error::OutputFormat {
                path: path.clone(),
                known: FORMATS,
            }),
        }
    }

    fn path(&self, input: &Input, format: PictureFormat, (width, height): (u32, u32)) -> PathBuf {
        let keeps = format.writes();
        match self {
            Target::File(path) => path.clone(),
            Target::Folder(folder) if keeps => folder.join(&input.relative),
            Target::Folder(folder) => folder.join(input.relative.with_extension("png")),
            Target::Beside => {
                let mut name = input.path.file_stem().unwrap_or_default().to_os_string();
                name.push(format!("-{}x.", width.max(height)));
                match input.path.extension() {
                    Some(extension) if keeps => name.push(extension),
                    _ => name.push("png"),
                }
                input.path.with_file_name(name)
            }
        }
    }
}

/// `a-1.png`, `a-2.png` for `a.png`.
fn numbered(path: &Path, count: u32) -> Vec<PathBuf> {
    let digits = count.to_string().len();
    (1..=count)
        .map(|number| {
            let mut name = path.file_stem().unwrap_or_default().to_os_string();
            name.push(format!("-{number:0digits$}"));
            if let Some(extension) = path.extension() {
                name.push(".");
                name.push(extension);
            }
            path.with_file_name(name)
        })
        .collect()
}

/// The outputs of a run, so that none is written twice, over an input, or over what was there.
struct Targets {
    inputs: HashSet<PathBuf>,
    outputs: HashSet<PathBuf>,
    force: bool,
}

impl Targets {
    fn new(inputs: &[Input], force: bool) -> Targets {
        let inputs = inputs
            .iter()
            .filter_map(|input| input.path.canonicalize().ok());
        Targets {
            inputs: inputs.collect(),
            outputs: HashSet::new(),
            force,
        }
    }

    fn check(&mut self, paths: &[PathBuf]) -> Result<(), Error> {
        for path in paths {
            if !self.outputs.insert(path.clone()) {
                return Err(Error::OutputTwice { path: path.clone() });
            }
            // Where nothing is nothing can be lost; its folder is made in time.
            if let Ok(place) = path.canonicalize() {
                let input = self.inputs.get(&place).map(PathBuf::as_path);
                check_target(path, input.as_slice(), self.force)?;
            }
        }
        Ok(())
    }
}

/// A picture whose turn will come.
struct Job {
    index: usize,
    name: String,
    input: PathBuf,
    way: Way,
    paths: Vec<PathBuf>,
}

/// A picture that was opened.
struct Source {
    reader: AnimationReader,
    format: PictureFormat,
    way: Way,
    to: (u32, u32),
}

impl Source {
    fn open(path: &Path, enhancer: &mut Enhancer) -> Result<Source, Error> {
        let bytes = read_regular(path, MAX_PICTURE_FILE).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        let hint = PictureFormat::of_path(path);
        let reader = AnimationReader::new(bytes, hint, &DecodeLimits::default())?;
        Ok(Source {
            format: reader.format(),
            way: enhancer.settings.way(reader.size()),
            to: enhancer.output(reader.size())?,
            reader,
        })
    }
}

/// A still picture that waits until there are enough for full batches.
struct Waiting {
    job: Job,
    format: PictureFormat,
    image: RgbaImage,
}

struct Session<'a> {
    keep_all: bool,
    cancel: &'a AtomicBool,
    progress: Progress,
    total: usize,
    done: usize,
    enhancer: Enhancer,
    waiting: BTreeMap<Way, Vec<Waiting>>,
    rows: Vec<ReportRow>,
    /// Which pictures are drawn.
    shown: HashSet<usize>,
    sheet: BTreeMap<usize, Row>,
    gallery: Option<Gallery>,
    /// Of what shows the pictures.
    status: u8,
}

impl Session<'_> {
    /// Shows and tells what was done, and says with which exit status.
    fn end(mut self, args: &ImageArgs, talk: Talk) -> u8 {
        if let Some(path) = &args.grid {
            let drawn = draw(self.sheet.into_values().collect(), path);
            self.status = self.status.max(after_output(drawn));
        }
        let rows = self.rows;
        let failed = rows.iter().filter(|row| row.error.is_some()).count();
        if let Some(gallery) = self.gallery {
            let page = gallery.finish(&[
                ("enhanced", (rows.len() - failed).to_string()),
                ("failed", failed.to_string()),
                ("iterations", args.how.iterations.to_string()),
            ]);
            self.status = self.status.max(after_output(page));
        }
        if args.json {
            let printed = output::print_json(&Report { pictures: &rows });
            self.status = self.status.max(after_output(printed));
        } else if talk != Talk::Quiet {
            // The work is done, whether or not anybody can read of it.
            let _ = std::io::stderr().write_all(summary(&rows).as_bytes());
        }
        match failed {
            0 => self.status,
            _ if failed < rows.len() => self.status.max(SOME_FAILED),
            _ => NOTHING_MADE,
        }
    }

    /// Enhances a picture at once when it moves, or lets it wait for others.
    fn take(&mut self, job: Job) -> Result<(), Error> {
        let opened = Source::open(&job.input, &mut self.enhancer).and_then(|mut source| {
            let first = source.reader.next().transpose()?;
            let second = source.reader.next().transpose()?;
            Ok((source, first, second))
        });
        match opened {
            Ok((source, Some(first), None)) => {
                let list = self.waiting.entry(job.way).or_default();
                list.push(Waiting {
                    job,
                    format: source.format,
                    image: first.image,
                });
                let pixels = |waiting: &Waiting| area(&waiting.image);
                if list.len() >= CHUNK.0 || list.iter().map(pixels).sum::<u64>() >= CHUNK.1 {
                    let way = list[0].job.way;
                    self.flush(way)?;
                }
                Ok(())
            }
            Ok((source, first, second)) => {
                let frames = first.into_iter().chain(second);
                match self.moving(&job, source, frames.collect()) {
                    Err(Error::Run(uncanny::Error::Interrupted)) => Ok(()),
                    Err(error) if fatal(&error) => Err(error),
                    Err(error) => {
                        self.failed(&job.input, &error);
                        Ok(())
                    }
                    Ok(row) => {
                        self.finished(row);
                        Ok(())
                    }
                }
            }
            Err(error) => {
                self.failed(&job.input, &error);
                Ok(())
            }
        }
    }

    fn flush_all(&mut self) -> Result<(), Error> {
        for way in [Way::Fit, Way::Tiles] {
            self.flush(way)?;
        }
        Ok(())
    }

    /// Enhances and writes what waits.
    fn flush(&mut self, way: Way) -> Result<(), Error> {
        let waiting = self.waiting.remove(&way).unwrap_or_default();
        if waiting.is_empty() || self.cancel.load(Ordering::SeqCst) {
            return Ok(());
        }
        let (waiting, images): (Vec<(Job, PictureFormat)>, Vec<RgbaImage>) = waiting
            .into_iter()
            .map(|waiting| ((waiting.job, waiting.format), waiting.image))
            .unzip();
        let made = match self.enhancer.enhance(way, &images, self.cancel) {
            Err(Error::Run(uncanny::Error::Interrupted)) => return Ok(()),
            made => made?,
        };
        for (((job, format), image), mut made) in waiting.into_iter().zip(&images).zip(made) {
            self.show(&job, image, &made, 1);
            if !self.keep_all {
                made.drain(..made.len() - 1);
            }
            let written = job.paths.iter().zip(made).try_for_each(|(path, image)| {
                let mut file = begin(path, image.dimensions(), Loops::Forever)?;
                file.add(&image, Duration::ZERO)?;
                file.end()
            });
            match written {
                Ok(()) => {
                    let to = self.enhancer.output(image.dimensions())?;
                    let row = self.row(&job, format, image.dimensions(), to, 1);
                    self.finished(row);
                }
                Err(error) => self.failed(&job.input, &error),
            }
        }
        Ok(())
    }

    /// A picture that moves: its frames through the network and into its outputs, a few at a time.
    fn moving(
        &mut self,
        job: &Job,
        mut source: Source,
        mut frames: Vec<Frame>,
    ) -> Result<ReportRow, Error> {
        let (size, loops) = (source.reader.size(), source.reader.loops());
        let chunk = (CHUNK.1 / (u64::from(size.0) * u64::from(size.1))).clamp(1, CHUNK.0 as u64);
        let mut files: Vec<FilmWriter> = job
            .paths
            .iter()
            .map(|path| begin(path, source.to, loops))
            .collect::<Result<_, _>>()?;
        let (mut count, mut first) = (0, None);
        loop {
            while (frames.len() as u64) < chunk
                && let Some(frame) = source.reader.next()
            {
                frames.push(frame?);
            }
            if frames.is_empty() {
                break;
            }
            let images: Vec<RgbaImage> = frames.iter().map(|frame| frame.image.clone()).collect();
            let made = self.enhancer.enhance(job.way, &images, self.cancel)?;
            first.get_or_insert_with(|| (images[0].clone(), made[0].clone()));
            for (frame, mut made) in frames.drain(..).zip(made) {
                count += 1;
                if !self.keep_all {
                    made.drain(..made.len() - 1);
                }
                for (file, image) in files.iter_mut().zip(made) {
                    file.add(&image, frame.delay)?;
                }
            }
        }
        for file in files {
            file.end()?;
        }
        if let Some((image, made)) = first {
            self.show(job, &image, &made, count);
        }
        Ok(self.row(job, source.format, size, source.to, count))
    }

    /// Keeps what the contact sheet and the page show of a picture.
    fn show(&mut self, job: &Job, image: &RgbaImage, made: &[RgbaImage], frames: usize) {
        let on_sheet = self.shown.contains(&job.index);
        if !on_sheet && self.gallery.is_none() {
            return;
        }
        let model = self.enhancer.model(job.way).to_owned();
        let all = made.len();
        let pictures = (1..=all).filter(|&n| n == all || SHOWN_ITERATIONS.contains(&n));
        let pictures: Vec<(String, RgbaImage)> = pictures
            .map(|number| {
                let label = if all == 1 {
                    model.clone()
                } else {
                    format!("x{number}")
                };
                (label, made[number - 1].clone())
            })
            .collect();
        if on_sheet {
            let mut settings = self.enhancer.settings.clone();
            settings.way = Some(job.way);
            let mut row = vec![("input".to_owned(), settings.low(image))];
            row.extend(pictures.clone());
            if job.way == Way::Fit {
                row.push(("original".to_owned(), image.clone()));
            }
            let label = job.input.file_stem().unwrap_or_default().to_string_lossy();
            let skipped = label.chars().count().saturating_sub(12);
            let row = Row {
                label: label.chars().skip(skipped).collect(),
                pictures: row,
            };
            self.sheet.insert(job.index, row);
        }
        let (width, height) = image.dimensions();
        self.put_on_page(|| Entry {
            name: job.name.clone(),
            // The same square as what is laid over it.
            before: Some(match job.way {
                Way::Fit => picture::square(image),
                Way::Tiles => image.clone(),
            }),
            after: pictures,
            kind: told(job.way).to_owned(),
            how: model,
            outcome: "enhanced".to_owned(),
            notes: vec![("Size", format!("{width}x{height}"))],
            score: None,
            frames,
        });
    }

    /// A page that cannot be made keeps no picture from being made.
    fn put_on_page(&mut self, entry: impl FnOnce() -> Entry) {
        if let Some(gallery) = &mut self.gallery
            && let Err(error) = gallery.add(&[entry()])
        {
            self.status = self.status.max(after_output(Err(error)));
            self.gallery = None;
        }
    }

    fn row(
        &self,
        job: &Job,
        format: PictureFormat,
        from: (u32, u32),
        to: (u32, u32),
        frames: usize,
    ) -> ReportRow {
        ReportRow {
            input: job.input.display().to_string(),
            outputs: job
                .paths
                .iter()
                .map(|path| path.display().to_string())
                .collect(),
            format: format.to_string(),
            from: Some(from),
            to: Some(to),
            frames,
            way: Some(job.way),
            model: Some(self.enhancer.model(job.way).to_owned()),
            error: None,
            name: job.name.clone(),
        }
    }

    fn finished(&mut self, row: ReportRow) {
        tracing::debug!("{}", line(&row));
        self.count(&row.name, Outcome::Enhanced);
        self.rows.push(row);
    }

    fn failed(&mut self, input: &Path, error: &Error) {
        let why = one_line(error);
        tracing::error!("{}: {why}", input.display());
        let name = input.display().to_string();
        self.count(&name, Outcome::Failed);
        self.put_on_page(|| Entry {
            name: name.clone(),
            before: None,
            after: Vec::new(),
            kind: String::new(),
            how: String::new(),
            outcome: "failed".to_owned(),
            notes: vec![("Why", why.clone())],
            score: None,
            frames: 1,
        });
        self.rows.push(ReportRow {
            input: name.clone(),
            error: Some(why),
            name,
            ..ReportRow::default()
        });
    }

    fn count(&mut self, name: &str, outcome: Outcome) {
        self.done += 1;
        self.progress.handle(&Event::TextureDone {
            name: name.to_owned(),
            outcome,
            cached: false,
            done: self.done,
            total: self.total,
        });
    }
}

/// Draws the contact sheet.
fn draw(rows: Vec<Row>, path: &Path) -> Result<(), Error> {
    let png = encode(&sheet(&rows, SHOWN)).map_err(|source| Error::Grid {
        path: path.to_owned(),
        source: source.into(),
    })?;
    output::write_file(path, &png)
}

/// A way, in words.
pub(super) fn told(way: Way) -> &'static str {
    match way {
        Way::Fit => "fitted",
        Way::Tiles => "tile by tile",
    }
}

/// Whether the next picture would fare no better.
fn fatal(error: &Error) -> bool {
    matches!(
        error,
        Error::Run(uncanny::Error::Model { .. } | uncanny::Error::Upscale { .. })
    )
}

fn area(image: &RgbaImage) -> u64 {
    u64::from(image.width()) * u64::from(image.height())
}

/// Begins a picture in the format that its name says.
fn begin(path: &Path, size: (u32, u32), loops: Loops) -> Result<FilmWriter, Error> {
    let format = PictureFormat::of_path(path).unwrap_or(PictureFormat::Png);
    FilmWriter::begin(path, Container::Animation(format), size, loops, 0.0, None)
}

#[derive(Serialize)]
struct Report<'a> {
    pictures: &'a [ReportRow],
}

/// What became of one picture.
#[derive(Debug, Default, Serialize)]
struct ReportRow {
    input: String,
    outputs: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    format: String,
    from: Option<(u32, u32)>,
    to: Option<(u32, u32)>,
    frames: usize,
    way: Option<Way>,
    model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip)]
    name: String,
}

fn line(row: &ReportRow) -> String {
    let output = match row.outputs.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first, .., last] => format!("{first} to {last}"),
    };
    let size = |size: Option<(u32, u32)>| size.map_or(String::new(), |(w, h)| format!("{w}x{h}"));
    let frames = match row.frames {
        0 | 1 => String::new(),
        frames => format!(", {frames} frames"),
    };
    let how = row.way.map_or("", told);
    let model = row.model.as_deref().unwrap_or_default();
    format!(
        "{output}  {} -> {}, {how}, by {model}{frames}",
        size(row.from),
        size(row.to)
    )
}

/// What was done: a line a picture, or their number where they are many.
fn summary(rows: &[ReportRow]) -> String {
    let mut text = String::new();
    let made: Vec<&ReportRow> = rows.iter().filter(|row| row.error.is_none()).collect();
    if made.len() <= LINES {
        for row in &made {
            text.push_str(&line(row));
            text.push('\n');
        }
    } else {
        for way in [Way::Fit, Way::Tiles] {
            let how = told(way);
            let alike: Vec<&&ReportRow> = made.iter().filter(|row| row.way == Some(way)).collect();
            if let Some(model) = alike.first().and_then(|row| row.model.as_deref()) {
                let count = output::counted(alike.len(), "picture");
                text.push_str(&format!("  {count} {how}, by {model}\n"));
            }
        }
    }
    let failed = rows.len() - made.len();
    if failed > 0 {
        let count = output::counted(failed, "picture");
        text.push_str(&format!("  {count} could not be enhanced\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iterations_have_numbers_that_sort() {
        let paths = numbered(Path::new("out/a.b.png"), 10);
        assert_eq!(paths.len(), 10);
        assert_eq!(paths[0], Path::new("out/a.b-01.png"));
        assert_eq!(paths[9], Path::new("out/a.b-10.png"));
    }
}
