//! Sprites through the model and back into their sheets.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Instant;

use image::imageops::{self, rotate90, rotate270};
use rayon::prelude::*;
use uncanny_texture::{
    AlphaRule, Cell, DecodeLimits, Method, Nearest, Recipe, Rect, RgbaImage, Scale, TileGrid, Work,
    decode, encode, facts, upscale_all,
};

use super::load::Body;
use super::picture::{Sprite, ring};
use super::{
    EnhancedSheet, Sheet, SheetError, SheetFile, SheetFileRow, SheetPicture, SheetReport, SheetRun,
    SpriteRow,
};
use crate::config::{ActionChoice, AlphaChoice};
use crate::plan::DEFAULT_SCALE;
use crate::{CacheKey, Error, Event, ModelInfo, Outcome, Stage};

/// Texels that are in work at a time: their tiles fill the model's batches, and their memory is bounded.
const CHUNK_TEXELS: u64 = 1 << 16;
/// The longest side that is made, and the most pixels: as many as fit in 2 GiB.
const MAX_SIDE: u32 = 32768;
const MAX_PIXELS: u64 = 1 << 29;
/// The most pixels of all cels and tiles of one file: 8 GiB.
const MAX_EMBEDDED: u64 = 1 << 31;
/// What graphics cards take today; older ones take half of it.
const TEXTURE_LIMIT: u32 = 16384;

/// A picture that several sprites may show.
struct Job {
    name: String,
    image: RgbaImage,
    recipe: Recipe,
    key: CacheKey,
    /// Why the model is not asked.
    why: Option<&'static str>,
    /// The finished picture.
    done: Option<RgbaImage>,
    cached: bool,
}

pub(super) fn enhance(sheet: Sheet, mut run: SheetRun<'_>) -> Result<EnhancedSheet, Error> {
    let started = Instant::now();
    let model = ModelInfo {
        name: run.options.model.clone(),
        scale: run.upscaler.scale(),
        tiling: run.upscaler.tiling(),
        fingerprint: run.upscaler.fingerprint(),
        batch: run.upscaler.batch(),
    };
    let usual = Scale::new(DEFAULT_SCALE).expect("a constant within the range");
    let scale = run.options.scale.unwrap_or(model.scale.min(usual));
    if scale > model.scale {
        return Err(Error::ModelTooSmall {
            name: model.name,
            scale: model.scale,
            wanted: scale,
        });
    }
    let mut warnings = sheet.warnings.clone();
    for each in &sheet.pictures {
        check_size(&sheet, each, scale, &mut warnings)?;
    }
    check_embedded(&sheet, scale)?;
    warnings.extend(idle(&sheet, run.options));

    let (mut jobs, shown) = jobs(&sheet, &run, scale, &model, &mut warnings)?;
    let tiles = work(&sheet, &mut run, &mut jobs, &model)?;

    let outputs = sheet.outputs();
    let kind = sheet.kind;
    let input = sheet.path.display().to_string();
    let mut report = SheetReport {
        uncanny: env!("CARGO_PKG_VERSION").to_owned(),
        input,
        kind,
        model: model.report(),
        scale: scale.get(),
        frames: sheet.pictures.iter().map(|each| each.picture.frames).sum(),
        enhanced: jobs.iter().filter(|job| job.why.is_none()).count(),
        cached: jobs.iter().filter(|job| job.cached).count(),
        nearest: jobs.iter().filter(|job| job.why.is_some()).count(),
        tiles,
        seconds: 0.0,
        warnings,
        files: Vec::new(),
        sprites: Vec::new(),
    };

    // Images first, since Aseprite's own files hold theirs.
    let mut parts = Vec::new();
    let mut images = Vec::new();
    for (each, shown) in sheet.pictures.iter().zip(&shown) {
        let picture = &each.picture;
        let pieces = picture.sprites.iter().zip(shown);
        report.sprites.extend(pieces.clone().map(|(sprite, &job)| {
            let Rect {
                x,
                y,
                width,
                height,
            } = sprite.rect.scaled(scale);
            SpriteRow {
                name: sprite.name.clone(),
                image: picture.name.clone(),
                place: [x, y, width, height],
                enhanced: jobs[job].why.is_none(),
                why: jobs[job].why.map(str::to_owned),
                extruded: sprite.extruded * scale.get(),
            }
        }));
        let finished = pieces.map(|(sprite, &job)| {
            let done = jobs[job].done.as_ref();
            (sprite, done.expect("every job was done"))
        });
        let whole = put_back(&picture.image, finished, scale);
        match &each.file {
            Some(file) => {
                let png = encode(&whole).map_err(|source| SheetError::Encode {
                    path: file.clone(),
                    source,
                })?;
                images.push((file.clone(), png, Some(whole.dimensions())));
            }
            None => parts.push(whole),
        }
    }
    let mut texts = Vec::new();
    let mut parts = parts.into_iter();
    for document in sheet.documents {
        let bytes = match document.body {
            Body::Text { text, edits } => text.finish(edits, scale.get()),
            Body::Aseprite(ase) => {
                ase.finish(&mut parts, scale)
                    .map_err(|message| SheetError::TooLarge {
                        path: document.path.clone(),
                        scale: scale.get(),
                        message,
                    })?
            }
        };
        texts.push((document.path, bytes, None));
    }
    let mut files = Vec::new();
    for ((input, bytes, size), path) in texts.into_iter().chain(images).zip(outputs) {
        report.files.push(SheetFileRow {
            input: input.display().to_string(),
            output: path.to_string_lossy().replace('\\', "/"),
            size,
        });
        files.push(SheetFile { path, bytes });
    }
    report.seconds = started.elapsed().as_secs_f64();
    (run.events)(Event::Stage {
        stage: Stage::Done,
        total: 0,
    });
    Ok(EnhancedSheet { files, report })
}

fn check_size(
    sheet: &Sheet,
    each: &SheetPicture,
    scale: Scale,
    warnings: &mut Vec<String>,
) -> Result<(), SheetError> {
    let (width, height) = each.picture.image.dimensions();
    let grown = |k: u32| {
        (
            u64::from(width) * u64::from(k),
            u64::from(height) * u64::from(k),
        )
    };
    let fits = |k: u32| {
        let (width, height) = grown(k);
        width.max(height) <= u64::from(MAX_SIDE) && width * height <= MAX_PIXELS
    };
    let (across, down) = grown(scale.get());
    if !fits(scale.get()) {
        let most = (1..scale.get()).rev().find(|k| fits(*k)).unwrap_or(1);
        return Err(SheetError::TooLarge {
            path: each.file.clone().unwrap_or_else(|| sheet.path.clone()),
            scale: scale.get(),
            message: format!("it would have {across}x{down} pixels; --scale {most} would do"),
        });
    }
    if across.max(down) > u64::from(TEXTURE_LIMIT) {
        warnings.push(format!(
            "{}: at {across}x{down} pixels it is larger than the {TEXTURE_LIMIT} that graphics cards take; a smaller --scale helps",
            each.picture.name
        ));
    }
    Ok(())
}

/// What lies in one file comes out as one file, and is held until it is written.
fn check_embedded(sheet: &Sheet, scale: Scale) -> Result<(), SheetError> {
    let embedded = sheet.pictures.iter().filter(|each| each.file.is_none());
    let areas = embedded.map(|each| {
        let (width, height) = each.picture.image.dimensions();
        u64::from(width) * u64::from(height)
    });
    let pixels: u64 = areas.sum();
    let grown = |k: u32| pixels * u64::from(k) * u64::from(k);
    if grown(scale.get()) <= MAX_EMBEDDED {
        return Ok(());
    }
    let most = (1..scale.get()).rev().find(|k| grown(*k) <= MAX_EMBEDDED);
    Err(SheetError::TooLarge {
        path: sheet.path.clone(),
        scale: scale.get(),
        message: format!(
            "its cels and tiles together would have {} pixels, more than {MAX_EMBEDDED}; --scale {} would do, or split the file",
            grown(scale.get()),
            most.unwrap_or(1)
        ),
    })
}

/// What to say of each `--only` and `--skip` that matches no frame.
fn idle(sheet: &Sheet, options: &crate::Options) -> Vec<String> {
    let sprites = sheet.pictures.iter().flat_map(|each| &each.picture.sprites);
    let names: Vec<&str> = sprites.map(|sprite| sprite.name.as_str()).collect();
    options.idle(&names, "frame of the sheet; --json lists their names")
}

/// The different pictures to make, and for every sprite of every image which one shows it.
fn jobs(
    sheet: &Sheet,
    run: &SheetRun<'_>,
    scale: Scale,
    model: &ModelInfo,
    warnings: &mut Vec<String>,
) -> Result<(Vec<Job>, Vec<Vec<usize>>), Error> {
    let mut jobs: Vec<Job> = Vec::new();
    let mut known: HashMap<CacheKey, usize> = HashMap::new();
    let mut large = 0;
    let mut shown = Vec::new();
    for each in &sheet.pictures {
        let mut row = Vec::new();
        for sprite in &each.picture.sprites {
            let image = upright(&each.picture.image, sprite);
            let (recipe, why) = recipe(run, sprite, &image, scale)?;
            large += usize::from(why == Some(TOO_LARGE));
            let key = CacheKey::of(&image, &recipe, model);
            let at = *known.entry(key).or_insert_with(|| {
                jobs.push(Job {
                    name: sprite.name.clone(),
                    image,
                    recipe,
                    key,
                    why,
                    done: None,
                    cached: false,
                });
                jobs.len() - 1
            });
            row.push(at);
        }
        shown.push(row);
    }
    if large > 0 {
        warnings.push(format!(
            "{large} frames would be larger than {} pixels: they are enlarged without the model; --max-size takes more",
            run.options.max_size
        ));
    }
    Ok((jobs, shown))
}

const TOO_LARGE: &str = "larger than --max-size";

/// How a sprite is made, and why without the model if so.
fn recipe(
    run: &SheetRun<'_>,
    sprite: &Sprite,
    image: &RgbaImage,
    scale: Scale,
) -> Result<(Recipe, Option<&'static str>), Error> {
    let settings = run.options.settings(&sprite.name);
    if settings.model != run.options.model && settings.model != "nearest" {
        return Err(Error::Option {
            name: "config",
            message: format!(
                "a rule wants the model {:?} for the frame {:?}; a sheet is enhanced by one model, which --model names",
                settings.model, sprite.name
            ),
        });
    }
    let facts = facts(image);
    let longest = u64::from(image.width().max(image.height())) * u64::from(scale.get());
    let why = if let Some(why) = run.options.skipped(&sprite.name) {
        Some(why)
    } else if settings.model == "nearest" {
        Some("the model is nearest")
    } else if matches!(
        settings.action,
        Some((ActionChoice::Copy | ActionChoice::Nearest, _))
    ) {
        Some("a rule says so")
    } else if facts.uniform {
        Some("one colour")
    } else if longest > u64::from(run.options.max_size) {
        Some(TOO_LARGE)
    } else {
        None
    };
    let edges = settings
        .edges
        .or(run.edges)
        .map_or(sprite.edges, |choice| choice.edges());
    let cell = Cell::whole(image.width(), image.height(), edges);
    let recipe = Recipe {
        method: if why.is_none() {
            Method::Network
        } else {
            Method::Nearest
        },
        alpha: match settings.alpha {
            Some(AlphaChoice::Nearest) => AlphaRule::Nearest,
            _ => AlphaRule::KeepClass,
        },
        grey: facts.grey,
        fidelity: settings.fidelity,
        preblur: settings.preblur,
        nudge: None,
        iterations: settings.iterations,
        ..Recipe::new(vec![cell], scale)
    };
    Ok((recipe, why))
}

/// A sprite cut out of its sheet and turned as it is meant.
fn upright(sheet: &RgbaImage, sprite: &Sprite) -> RgbaImage {
    let Rect {
        x,
        y,
        width,
        height,
    } = sprite.rect;
    let cut = imageops::crop_imm(sheet, x, y, width, height).to_image();
    if sprite.turned { rotate270(&cut) } else { cut }
}

/// The sheet enlarged, its sprites replaced by the finished ones and extruded as far as they were.
fn put_back<'a>(
    sheet: &RgbaImage,
    sprites: impl Iterator<Item = (&'a Sprite, &'a RgbaImage)>,
    scale: Scale,
) -> RgbaImage {
    let plain = Recipe {
        method: Method::Nearest,
        ..Recipe::new(Vec::new(), scale)
    };
    let nearest = Nearest::new(scale);
    let tiling = uncanny_texture::Upscaler::tiling(&nearest);
    let mut out = Work::new(sheet.clone(), plain, scale, tiling).finish();
    let (width, height) = out.dimensions();
    for (sprite, image) in sprites {
        let rect = sprite.rect.scaled(scale);
        let turned = sprite.turned.then(|| rotate90(image));
        let image = turned.as_ref().unwrap_or(image);
        imageops::replace(&mut out, image, i64::from(rect.x), i64::from(rect.y));
        for (x, y) in (1..=sprite.extruded * scale.get()).flat_map(|reach| ring(rect, reach)) {
            let inside = (0..i64::from(width)).contains(&x) && (0..i64::from(height)).contains(&y);
            if inside {
                let (x, y) = (x as u32, y as u32);
                let border = *image.get_pixel(
                    x.clamp(rect.x, rect.x + rect.width - 1) - rect.x,
                    y.clamp(rect.y, rect.y + rect.height - 1) - rect.y,
                );
                out.put_pixel(x, y, border);
            }
        }
    }
    out
}

/// Makes every job's picture. Gives the number of tiles that the model saw.
fn work(
    sheet: &Sheet,
    run: &mut SheetRun<'_>,
    jobs: &mut [Job],
    model: &ModelInfo,
) -> Result<u64, Error> {
    let total = jobs.len();
    (run.events)(Event::Stage {
        stage: Stage::Enhance,
        total,
    });
    let mut progress = Progress {
        tiles: jobs.iter().map(|job| tiles(job, model)).sum(),
        ..Progress::default()
    };
    let mut rest = &mut jobs[..];
    while !rest.is_empty() {
        let texels = |job: &Job| u64::from(job.image.width()) * u64::from(job.image.height());
        let mut sum = 0;
        let count = rest
            .iter()
            .take_while(|job| {
                let first = sum == 0;
                sum += texels(job);
                first || sum <= CHUNK_TEXELS
            })
            .count();
        let (chunk, later) = rest.split_at_mut(count);
        rest = later;
        if let Some(cache) = run.cache {
            for job in chunk.iter_mut().filter(|job| job.why.is_none()) {
                let limits = DecodeLimits {
                    max_pixels: MAX_PIXELS,
                    max_side: MAX_SIDE,
                };
                let kept = cache
                    .get(&job.key)
                    .and_then(|png| decode(&png, &limits).ok());
                if let Some(texture) = kept {
                    job.done = Some(texture.image);
                    job.cached = true;
                    progress.tiles -= tiles(job, model);
                }
            }
        }
        let mut waiting: Vec<&mut Job> =
            chunk.iter_mut().filter(|job| job.done.is_none()).collect();
        let mut works: Vec<Work> = waiting
            .par_iter()
            .map(|job| {
                Work::new(
                    job.image.clone(),
                    job.recipe.clone(),
                    model.scale,
                    model.tiling,
                )
            })
            .collect();
        while works.iter().any(|work| !work.is_done()) {
            round(sheet, run, &mut works, &mut progress)?;
        }
        waiting
            .par_iter_mut()
            .zip(works)
            .for_each(|(job, work)| job.done = Some(work.finish()));
        if let Some(cache) = run.cache {
            for job in waiting.iter().filter(|job| job.why.is_none()) {
                let png = job.done.as_ref().and_then(|image| encode(image).ok());
                if let Some(message) = png.and_then(|png| cache.put(&job.key, &png)) {
                    tracing::warn!("{message}");
                    (run.events)(Event::Warning(message));
                }
            }
        }
        for job in &*chunk {
            progress.done += 1;
            (run.events)(Event::TextureDone {
                name: job.name.clone(),
                outcome: if job.why.is_none() {
                    Outcome::Enhanced
                } else {
                    Outcome::Nearest
                },
                cached: job.cached,
                done: progress.done,
                total,
            });
        }
    }
    if let Some(cache) = run.cache {
        cache.clean();
    }
    Ok(progress.tiles_done)
}

#[derive(Default)]
struct Progress {
    done: usize,
    tiles: u64,
    tiles_done: u64,
}

/// Tiles that a job's picture wants, at most.
fn tiles(job: &Job, model: &ModelInfo) -> u64 {
    if job.why.is_some() {
        return 0;
    }
    let grid = |cell: &Cell| {
        TileGrid::new(cell.rect.width, cell.rect.height, cell.edges, model.tiling).len() as u64
    };
    job.recipe.cells.iter().map(grid).sum::<u64>() * u64::from(job.recipe.iterations)
}

/// Takes every picture that is not done one step on, their tiles in full batches.
fn round(
    sheet: &Sheet,
    run: &mut SheetRun<'_>,
    works: &mut [Work],
    progress: &mut Progress,
) -> Result<(), Error> {
    let (cancel, events) = (run.cancel, run.events);
    let mut placed = |tiles: usize| {
        progress.tiles_done += tiles as u64;
        progress.tiles = progress.tiles.max(progress.tiles_done);
        events(Event::Tiles {
            done: progress.tiles_done,
            total: progress.tiles,
        });
        !cancel.load(Ordering::SeqCst)
    };
    let finished =
        upscale_all(works, run.upscaler, &mut placed).map_err(|source| SheetError::Upscale {
            path: sheet.path.clone(),
            source,
        })?;
    if !finished || cancel.load(Ordering::SeqCst) {
        return Err(Error::Interrupted);
    }
    works.par_iter_mut().for_each(Work::step);
    Ok(())
}
