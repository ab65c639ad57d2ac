//! What the judge learns from: faces, spoilt faces, everything else, and what a network paints of all these.
//!
//! How much of a face each is runs from 0 to 1. What a network paints of faces counts nearly as much as the faces, so
//! that its softness gives nothing away, and what it paints of anything else counts nothing: so the score that is left
//! for it is by its shapes. Colours are turned, pictures laid in silhouettes on plain grounds, softened and sharpened,
//! whatever they are, so that none of this counts.

use std::sync::atomic::{AtomicBool, Ordering};

use image::{Rgba, RgbaImage, imageops};
use rayon::prelude::*;
use uncanny_model::JUDGE_SIDE;
use uncanny_texture::{Cell, Edges, Filter, Recipe, Upscaler, Work, metric, resize, upscale_all};

use super::JudgeRecipe;
use super::measure::{Blur, blurred};
use crate::augment::{Augment, Crop, Jitter, Prepared, View};
use crate::degrade::{chain, half, opaque};
use crate::random::Random;
use crate::{Picture, Result};

/// Pictures are read from this side on, and kept at half their size.
pub(super) const READ: u32 = 2 * JUDGE_SIDE;

/// Faces as they are to the network that paints them.
const FACES: Augment = Augment {
    crop: Crop::Random,
    flip: true,
    rotate: 15.0,
    shift: 8.0,
    zoom: 0.15,
    jitter: 0.3,
    ..Augment::NONE
};
/// And everything else.
const OTHERS: Augment = Augment {
    crop: Crop::Random,
    flip: true,
    quarter_turns: true,
    shift: 12.0,
    zoom: 0.15,
    jitter: 0.3,
    wrap: true,
    ..Augment::NONE
};
/// Which rounds of painting are kept, of faces ...
const FACE_ROUNDS: [u32; 4] = [1, 2, 3, 4];
/// ... and of everything else: all that a search would show.
const OTHER_ROUNDS: [u32; 6] = [1, 2, 3, 5, 7, 10];
/// Pictures painted together.
const TOGETHER: usize = 64;

/// What one iteration trains on.
pub(super) struct Batch {
    /// Opaque, 64x64.
    pub(super) pictures: Vec<RgbaImage>,
    /// How much of a face each is, 0 to 1.
    pub(super) wanted: Vec<f32>,
}

/// Everything that samples are made of; all pictures at half their size.
pub(super) struct Samples {
    faces: Vec<RgbaImage>,
    /// Straight RGBA.
    others: Vec<RgbaImage>,
    /// Those of `others` with something transparent: silhouettes.
    shapes: Vec<usize>,
    /// With the round that each is from.
    painted_faces: Vec<(u32, RgbaImage)>,
    painted_others: Vec<(u32, RgbaImage)>,
    batch: usize,
    seed: u64,
}

/// A sample before it is varied.
struct Draft {
    image: RgbaImage,
    wanted: f32,
    /// Degrees, a share and pixels, either way.
    rotate: f32,
    zoom: f32,
    shift: f32,
    /// May be softened or sharpened.
    free: bool,
}

impl Samples {
    /// Reads and paints; `None` when `cancel` turns true.
    pub(super) fn new(
        recipe: &JudgeRecipe,
        faces: &[Picture],
        others: &[Picture],
        model: &mut dyn Upscaler,
        painted: &mut dyn FnMut(usize, usize),
        cancel: &AtomicBool,
    ) -> Result<Option<Samples>> {
        let total = recipe.painted_faces + recipe.painted_others;
        let mut paint = |pictures: &[Picture], augment, count, keep: &[u32], before| {
            let mut bank = Vec::new();
            for first in (0..count).step_by(TOGETHER) {
                if cancel.load(Ordering::Relaxed) {
                    return Ok(None);
                }
                let numbers = first..count.min(first + TOGETHER);
                bank.extend(paint(
                    recipe,
                    pictures,
                    augment,
                    numbers.clone(),
                    keep,
                    model,
                )?);
                painted(before + numbers.end, total);
            }
            Ok::<_, crate::Error>(Some(bank))
        };
        let count = recipe.painted_faces;
        let Some(painted_faces) = paint(faces, &FACES, count, &FACE_ROUNDS, 0)? else {
            return Ok(None);
        };
        let some = recipe.painted_others;
        let Some(painted_others) = paint(others, &OTHERS, some, &OTHER_ROUNDS, count)? else {
            return Ok(None);
        };
        let halves = |pictures: &[Picture]| -> Vec<RgbaImage> {
            pictures
                .par_iter()
                .map(|picture| half(&picture.high))
                .collect()
        };
        let others = halves(others);
        let is_shape = |image: &RgbaImage| {
            let clear = image.pixels().filter(|pixel| pixel.0[3] < 128).count() as u32;
            let area = image.width() * image.height();
            // A shape that leaves something to be seen.
            image.dimensions() == (JUDGE_SIDE, JUDGE_SIDE) && (area / 20..area / 2).contains(&clear)
        };
        Ok(Some(Samples {
            shapes: (0..others.len())
                .filter(|i| is_shape(&others[*i]))
                .collect(),
            faces: halves(faces).iter().map(opaque).collect(),
            others,
            painted_faces,
            painted_others,
            batch: recipe.batch,
            seed: recipe.seed,
        }))
    }

    /// The batch of one iteration: the same whatever the number of threads.
    pub(super) fn batch(&self, iteration: u64) -> Batch {
        let first = iteration * self.batch as u64;
        let numbers = first..first + self.batch as u64;
        let made: Vec<(RgbaImage, f32)> = numbers
            .into_par_iter()
            .map(|number| self.sample(&mut Random::new(self.seed ^ 0x1ad9e, number)))
            .collect();
        let (pictures, wanted) = made.into_iter().unzip();
        Batch { pictures, wanted }
    }

    fn sample(&self, random: &mut Random) -> (RgbaImage, f32) {
        let draft = self.draft(random);
        let mut image = varied(&draft, random);
        // Half of them any hue: a face may come in the colours of a brick.
        if let Some(jitter) = Jitter::new(0.3, random) {
            jitter.apply(&mut image);
        }
        if random.chance(0.5) {
            turn_hue(&mut image, random.around(std::f32::consts::PI));
        }
        if random.chance(0.1) {
            turn_grey(&mut image);
        }
        if draft.free && random.chance(0.3) {
            image = blurred(&image, Blur(0.012 * random.share()));
        } else if draft.free && random.chance(0.3) {
            image = sharpened(&image, 1.5 * random.share());
        }
        if !self.shapes.is_empty() && random.chance(0.3) {
            let shape = self.shapes[random.below(self.shapes.len() as u64) as usize];
            let shape = &self.others[shape];
            for (pixel, shape) in image.pixels_mut().zip(shape.pixels()) {
                pixel.0[3] = shape.0[3];
            }
        }
        let ground = if random.chance(0.5) {
            [128; 3]
        } else {
            [(); 3].map(|()| random.below(256) as u8)
        };
        (metric::over(&image, ground), draft.wanted)
    }

    fn draft(&self, random: &mut Random) -> Draft {
        fn pick<'a, T>(from: &'a [T], random: &mut Random) -> &'a T {
            &from[random.below(from.len() as u64) as usize]
        }
        let face = |random: &mut Random| pick(&self.faces, random).clone();
        let whole = |image, wanted| Draft {
            image,
            wanted,
            rotate: 20.0,
            zoom: 0.2,
            shift: 5.0,
            free: true,
        };
        // What fills its 64x64 pixels: not moved as far.
        let filling = |image, wanted| Draft {
            rotate: 8.0,
            zoom: 0.1,
            shift: 3.0,
            ..whole(image, wanted)
        };
        let kind = random.share();
        match kind {
            _ if kind < 0.26 => whole(face(random), 1.0),
            _ if kind < 0.34 => {
                let share = 0.06 * random.share();
                // By the share of what is seen: the face's picture is larger.
                let image = blurred(&face(random), Blur(share));
                Draft {
                    free: false,
                    ..whole(image, 1.0 - 0.75 * (share / 0.03).min(1.0))
                }
            }
            _ if kind < 0.36 => {
                let count = 2 + random.below(5);
                let some: Vec<RgbaImage> = (0..count).map(|_| face(random)).collect();
                whole(mean(&some), 0.35)
            }
            _ if kind < 0.41 => whole(scrambled(&face(random), random), 0.0),
            _ if kind < 0.43 => whole(imageops::rotate180(&face(random)), 0.0),
            _ if kind < 0.45 => {
                let other = opaque(pick(&self.others, random));
                whole(halved(&face(random), &other, random), 0.15)
            }
            _ if kind < 0.60 && !self.painted_faces.is_empty() => {
                let (round, image) = pick(&self.painted_faces, random);
                filling(image.clone(), 0.95 - 0.05 * *round as f32)
            }
            _ if kind < 0.80 && !self.painted_others.is_empty() => {
                filling(pick(&self.painted_others, random).1.clone(), 0.0)
            }
            _ => filling(pick(&self.others, random).clone(), 0.0),
        }
    }
}

/// Those of a network's paintings, of pictures with these numbers, whose round is to be kept.
fn paint(
    recipe: &JudgeRecipe,
    pictures: &[Picture],
    augment: &Augment,
    numbers: std::ops::Range<usize>,
    keep: &[u32],
    model: &mut dyn Upscaler,
) -> Result<Vec<(u32, RgbaImage)>> {
    let (scale, tiling) = (model.scale(), model.tiling());
    let rounds = keep.iter().copied().filter(|round| *round <= recipe.rounds);
    let last = rounds.max().unwrap_or(1);
    let mut works = Vec::new();
    for number in numbers {
        let mut random = Random::new(recipe.seed ^ 0x9a17, number as u64);
        let picture = &pictures[random.below(pictures.len() as u64) as usize];
        let Some(prepared) = Prepared::new(picture.clone())? else {
            continue;
        };
        let mut high = opaque(&prepared.cut(augment, &mut random).high);
        if let Some(jitter) = Jitter::new(augment.jitter, &mut random) {
            jitter.apply(&mut high);
        }
        let low = chain(&high);
        let edges = if random.chance(0.5) {
            Edges::WRAP
        } else {
            Edges::CLAMP
        };
        let mut how = Recipe::new(vec![Cell::whole(low.width(), low.height(), edges)], scale);
        how.iterations = last;
        how.preblur = random.chance(0.5);
        works.push(Work::new(low, how, scale, tiling));
    }
    let side = (JUDGE_SIDE, JUDGE_SIDE);
    let mut kept = Vec::new();
    for round in 1..=last {
        upscale_all(&mut works, model, &mut |_| true)?;
        if keep.contains(&round) {
            let pictures = works
                .par_iter()
                .map(|work| (round, resize(&work.so_far(), side, Filter::Bilinear)));
            kept.extend(pictures.collect::<Vec<_>>());
        }
        works.par_iter_mut().for_each(Work::step);
    }
    Ok(kept)
}

/// Moved, turned, mirrored, enlarged: 64x64 of it.
fn varied(draft: &Draft, random: &mut Random) -> RgbaImage {
    let (width, height) = draft.image.dimensions();
    let angle = random.around(draft.rotate).to_radians();
    let zoom = 1.0 + random.around(draft.zoom);
    let mirror = if random.chance(0.5) { -1.0 } else { 1.0 };
    let side = JUDGE_SIDE as f32;
    // Of a larger picture, the middle or beside it.
    let spare = |length: u32| (length as f32 - side).max(0.0) / 2.0;
    let cx = width as f32 / 2.0 + random.around(spare(width) / 2.0 + draft.shift);
    let cy = height as f32 / 2.0 + random.around(spare(height) / 2.0 + draft.shift);
    let (sin, cos) = (angle.sin() / zoom, angle.cos() / zoom);
    let view = View {
        image: &draft.image,
        wraps: false,
    };
    let middle = (side - 1.0) / 2.0;
    RgbaImage::from_fn(JUDGE_SIDE, JUDGE_SIDE, |x, y| {
        let (x, y) = (mirror * (x as f32 - middle), y as f32 - middle);
        view.at(cx + cos * x - sin * y, cy + sin * x + cos * y)
    })
}

fn turn_hue(image: &mut RgbaImage, angle: f32) {
    let (sin, cos) = angle.sin_cos();
    for pixel in image.pixels_mut() {
        let [r, g, b] = [0, 1, 2].map(|c| f32::from(pixel.0[c]));
        let y = 0.299 * r + 0.587 * g + 0.114 * b;
        let (i, q) = (
            0.5959 * r - 0.2746 * g - 0.3213 * b,
            0.2115 * r - 0.5227 * g + 0.3112 * b,
        );
        let (i, q) = (cos * i - sin * q, sin * i + cos * q);
        let rgb = [
            y + 0.956 * i + 0.619 * q,
            y - 0.272 * i - 0.647 * q,
            y - 1.106 * i + 1.703 * q,
        ];
        (0..3).for_each(|c| pixel.0[c] = (rgb[c] + 0.5) as u8);
    }
}

fn turn_grey(image: &mut RgbaImage) {
    for pixel in image.pixels_mut() {
        let [r, g, b] = [0, 1, 2].map(|c| u32::from(pixel.0[c]));
        let luma = ((299 * r + 587 * g + 114 * b + 500) / 1000) as u8;
        pixel.0[..3].fill(luma);
    }
}

/// What a slight blur takes away, `strength` times, on top.
fn sharpened(image: &RgbaImage, strength: f32) -> RgbaImage {
    let soft = blurred(image, Blur(0.015));
    let mut out = image.clone();
    for (pixel, soft) in out.pixels_mut().zip(soft.pixels()) {
        for c in 0..3 {
            let (here, soft) = (f32::from(pixel.0[c]), f32::from(soft.0[c]));
            pixel.0[c] = (here + strength * (here - soft) + 0.5) as u8;
        }
    }
    out
}

/// The mean of pictures of one size; others are left out.
fn mean(pictures: &[RgbaImage]) -> RgbaImage {
    let size = pictures[0].dimensions();
    let alike: Vec<_> = pictures
        .iter()
        .filter(|picture| picture.dimensions() == size)
        .collect();
    RgbaImage::from_fn(size.0, size.1, |x, y| {
        let sum = |c: usize| -> u32 {
            alike
                .iter()
                .map(|picture| u32::from(picture.get_pixel(x, y).0[c]))
                .sum()
        };
        let count = alike.len() as u32;
        Rgba([0, 1, 2, 3].map(|c| (sum(c) / count) as u8))
    })
}

/// Cut into 2x2 to 4x4 pieces, each at another's place.
fn scrambled(image: &RgbaImage, random: &mut Random) -> RgbaImage {
    let pieces = 2 + random.below(3) as u32;
    let (width, height) = (image.width() / pieces, image.height() / pieces);
    let count = pieces * pieces;
    let mut order: Vec<u32> = (0..count).collect();
    for i in (1..count as usize).rev() {
        order.swap(i, random.below(i as u64) as usize); // Sattolo's: none stays.
    }
    RgbaImage::from_fn(width * pieces, height * pieces, |x, y| {
        let from = order[(y / height * pieces + x / width) as usize];
        *image.get_pixel(
            from % pieces * width + x % width,
            from / pieces * height + y % height,
        )
    })
}

/// One half of a face, the other something else.
fn halved(face: &RgbaImage, other: &RgbaImage, random: &mut Random) -> RgbaImage {
    let other = resize(other, face.dimensions(), Filter::Bilinear);
    let (width, height) = face.dimensions();
    let side = random.below(4);
    RgbaImage::from_fn(width, height, |x, y| {
        let shown = match side {
            0 => x < width / 2,
            1 => x >= width / 2,
            2 => y < height / 2,
            _ => y >= height / 2,
        };
        *(if shown { face } else { &other }).get_pixel(x, y)
    })
}
