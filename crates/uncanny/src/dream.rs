//! The search for faces: a picture is nudged again and again, goes through a network and its output in again, and a
//! [`Judge`] scores everything that comes out. What scores highest is kept.
//!
//! Half of the tries are drawn by lot, plain ones among them, the rest around the best that were found, nearer each
//! time. What is found depends on the picture, the recipe, the model, the judge and the seed: not on what else is
//! searched at the same time. A [`Vision`]'s nudge and iterations, put into the recipe, make it again exactly.

mod recipe;

use image::{RgbaImage, imageops};
use rayon::prelude::*;
use uncanny_texture::{
    Judge, MOST_HINT, Nudge, Recipe, Scale, Tiling, UpscaleError, Upscaler, Work, run, upscale_all,
};

use crate::picture::masked;

pub use recipe::{DreamInput, DreamRecipe, pixels_hash};

/// The default number of iterations of each try.
pub const DREAM_ITERATIONS: u32 = 10;
/// The most tries a picture may get.
pub const MAX_TRIES: u32 = 4096;

/// Changes when the same seed would find something else.
pub(crate) const VERSION: &[u8] = b"uncanny dream 1";

/// So many output pixels are worked on together.
const PIXELS: u64 = 2 << 20;
/// A large picture is judged in windows of so many texels: a network's own idea of a face.
const WINDOW: u32 = 16;
/// The best tries that a nudge may be drawn around.
const PARENTS: usize = 3;

/// How a search is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Dream {
    /// The number of nudges tried on each picture; each is judged after every iteration.
    pub tries: u32,
    /// How many times each goes through the network.
    pub iterations: u32,
    /// The seed: another number draws other nudges.
    pub seed: u64,
}

/// A picture to search, and how it is enhanced; the recipe's own nudge and iterations do not count.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Straight RGBA.
    pub image: RgbaImage,
    /// How it is enhanced.
    pub recipe: Recipe,
    /// The network sees the whole picture at once and nothing around it, whatever it would rather see.
    pub alone: bool,
    /// The alpha of what comes out, pixel by pixel, where it is not made of what the network sees.
    pub alpha: Option<Vec<u8>>,
}

impl Subject {
    /// The picture on its way through a network of this scale and cut, nudged.
    #[must_use]
    pub fn work(
        &self,
        nudge: Option<Nudge>,
        iterations: u32,
        scale: Scale,
        tiling: Tiling,
    ) -> Work {
        let mut recipe = self.recipe.clone();
        recipe.nudge = nudge;
        recipe.iterations = iterations;
        let side = self.image.width().max(self.image.height());
        let tiling = if self.alone {
            Tiling::fixed(side, side, 0)
        } else {
            tiling
        };
        Work::new(self.image.clone(), recipe, scale, tiling)
    }

    /// Makes what a [`Vision`] shows once more.
    ///
    /// # Errors
    /// When the model fails.
    pub fn again(
        &self,
        nudge: Option<Nudge>,
        iterations: u32,
        model: &mut dyn Upscaler,
    ) -> Result<RgbaImage, UpscaleError> {
        let mut work = self.work(nudge, iterations, model.scale(), model.tiling());
        run(std::slice::from_mut(&mut work), model)?;
        Ok(masked(work.finish(), self.alpha.as_deref()))
    }
}

/// Something that was seen.
#[derive(Debug, Clone)]
pub struct Vision {
    /// What the input was changed by.
    pub nudge: Option<Nudge>,
    /// After how many iterations.
    pub iterations: u32,
    /// How face-like it is, from 0 to 1.
    pub score: f32,
    /// The picture.
    pub picture: RgbaImage,
}

/// What a search found.
#[derive(Debug, Clone)]
pub struct Dreamt {
    /// Through the network once, without a nudge.
    pub plain: Vision,
    /// The most face-like of all.
    pub best: Vision,
}

/// Searches each picture. `placed` hears how many tiles went through the network after every batch; when it says false,
/// all is over and there is no result.
///
/// # Errors
/// When the model or the judge fails.
pub fn dream(
    subjects: &[Subject],
    how: &Dream,
    model: &mut dyn Upscaler,
    judge: &mut dyn Judge,
    placed: &mut dyn FnMut(usize) -> bool,
) -> Result<Option<Vec<Dreamt>>, UpscaleError> {
    let mut searches: Vec<Search<'_>> = subjects
        .iter()
        .map(|subject| Search::new(subject, how))
        .collect();
    for (count, reach) in generations(how.tries) {
        let tries: Vec<(usize, Option<Nudge>)> = searches
            .iter_mut()
            .enumerate()
            .flat_map(|(at, search)| {
                (0..count)
                    .map(|_| (at, search.next(reach)))
                    .collect::<Vec<_>>()
            })
            .collect();
        for tries in together(&tries, &searches) {
            if !attempt(&mut searches, tries, how, model, judge, placed)? {
                return Ok(None);
            }
        }
    }
    Ok(Some(searches.into_iter().map(Search::end).collect()))
}

/// How many nudges are tried in each generation, and how far they are from where they start: 1 is anywhere.
fn generations(tries: u32) -> Vec<(u32, f32)> {
    let (mut left, mut reach) = (tries.max(1), 1.0);
    let mut all = Vec::new();
    while left > 0 {
        let now = left.div_ceil(2);
        all.push((now, reach));
        left -= now;
        reach /= 2.0;
    }
    all
}

/// Cuts tries into parts that fit into memory.
fn together<'a>(
    tries: &'a [(usize, Option<Nudge>)],
    searches: &[Search<'_>],
) -> Vec<&'a [(usize, Option<Nudge>)]> {
    let (mut parts, mut first, mut pixels) = (Vec::new(), 0, 0);
    for (at, (search, _)) in tries.iter().enumerate() {
        let Subject { image, recipe, .. } = searches[*search].subject;
        let grown = u64::from(recipe.scale.get()).pow(2);
        let cost = u64::from(image.width()) * u64::from(image.height()) * grown;
        if at > first && pixels + cost > PIXELS {
            parts.push(&tries[first..at]);
            (first, pixels) = (at, 0);
        }
        pixels += cost;
    }
    parts.push(&tries[first..]);
    parts
}

/// Tries some nudges, and lets each search remember what it saw; false when `placed` said so.
fn attempt(
    searches: &mut [Search<'_>],
    tries: &[(usize, Option<Nudge>)],
    how: &Dream,
    model: &mut dyn Upscaler,
    judge: &mut dyn Judge,
    placed: &mut dyn FnMut(usize) -> bool,
) -> Result<bool, UpscaleError> {
    let last = how.iterations.max(1);
    let (scale, tiling) = (model.scale(), model.tiling());
    let mut works: Vec<Work> = tries
        .par_iter()
        .map(|(at, nudge)| searches[*at].subject.work(*nudge, last, scale, tiling))
        .collect();
    let mut best: Vec<f32> = vec![f32::NEG_INFINITY; tries.len()];
    for iterations in 1..=last {
        if iterations > 1 && works.iter().all(Work::is_done) {
            break;
        }
        if !upscale_all(&mut works, model, placed)? {
            return Ok(false);
        }
        let pictures: Vec<RgbaImage> = works
            .par_iter()
            .zip(tries)
            .map(|(work, (at, _))| masked(work.so_far(), searches[*at].subject.alpha.as_deref()))
            .collect();
        let scores = judged(searches, tries, &pictures, judge)?;
        for (((at, nudge), picture), (score, best)) in tries
            .iter()
            .zip(pictures)
            .zip(scores.into_iter().zip(&mut best))
        {
            *best = best.max(score);
            searches[*at].see(Vision {
                nudge: *nudge,
                iterations,
                score,
                picture,
            });
        }
        works.par_iter_mut().for_each(Work::step);
    }
    for ((at, nudge), best) in tries.iter().zip(best) {
        searches[*at].tried.push((best, *nudge));
    }
    Ok(true)
}

/// One score a picture: that of its best window.
fn judged(
    searches: &[Search<'_>],
    tries: &[(usize, Option<Nudge>)],
    pictures: &[RgbaImage],
    judge: &mut dyn Judge,
) -> Result<Vec<f32>, UpscaleError> {
    let shown: Vec<Vec<RgbaImage>> = tries
        .par_iter()
        .zip(pictures)
        .map(|((at, _), picture)| windows(searches[*at].subject, picture))
        .collect();
    let all: Vec<RgbaImage> = shown.iter().flatten().cloned().collect();
    let scores = judge.judge(&all)?;
    if scores.len() != all.len() {
        let (name, given, wanted) = (judge.name(), scores.len(), all.len());
        return Err(UpscaleError::new(format!(
            "{name} gave {given} scores for {wanted} pictures"
        )));
    }
    let mut scores = scores.into_iter();
    Ok(shown
        .iter()
        .map(|shown| scores.by_ref().take(shown.len()).fold(0.0, f32::max))
        .collect())
}

/// What of a picture is judged: of its first cell (of an animation, the first frame) squares of 16 texels, or all of
/// it where it is no larger; those without anything visible are left out.
fn windows(subject: &Subject, picture: &RgbaImage) -> Vec<RgbaImage> {
    let Some(cell) = subject.recipe.cells.first() else {
        return vec![picture.clone()];
    };
    let k = subject.recipe.scale.get();
    let (rect, mut found) = (cell.rect, Vec::new());
    let starts = |length: u32| {
        let last = length.saturating_sub(WINDOW);
        (0..=last).step_by(WINDOW as usize)
    };
    for y in starts(rect.height) {
        for x in starts(rect.width) {
            let (width, height) = (rect.width.min(WINDOW), rect.height.min(WINDOW));
            let window = imageops::crop_imm(
                picture,
                (rect.x + x) * k,
                (rect.y + y) * k,
                width * k,
                height * k,
            )
            .to_image();
            if window.pixels().any(|pixel| pixel.0[3] > 0) {
                found.push(window);
            }
        }
    }
    found
}

/// One picture's search.
struct Search<'a> {
    subject: &'a Subject,
    lots: Lots,
    /// Whether all four sides repeat, so that it may be moved anywhere, and may not be turned.
    wraps: bool,
    drawn: u32,
    /// What came of each try, and its nudge.
    tried: Vec<(f32, Option<Nudge>)>,
    plain: Option<Vision>,
    best: Option<Vision>,
}

impl<'a> Search<'a> {
    fn new(subject: &'a Subject, how: &Dream) -> Self {
        let edges = subject.recipe.cells.first().map(|cell| cell.edges);
        Search {
            subject,
            lots: Lots::new(how.seed, &subject.image),
            wraps: edges.is_some_and(|edges| edges.wraps_x() && edges.wraps_y()),
            drawn: 0,
            tried: Vec::new(),
            plain: None,
            best: None,
        }
    }

    /// The next nudge to try: first none at all, then none but what softening does, then others.
    fn next(&mut self, reach: f32) -> Option<Nudge> {
        self.drawn += 1;
        match self.drawn {
            1 => return None,
            2 => return Some(Nudge::default()),
            _ => {}
        }
        let mut known = self.tried.clone();
        // Stable: of equals the earlier is the better.
        known.sort_by(|a, b| b.0.total_cmp(&a.0));
        known.truncate(PARENTS);
        let around = match known.len() as u32 {
            0 => Nudge::default(),
            count => known[self.lots.below(count) as usize].1.unwrap_or_default(),
        };
        Some(self.lots.nudge(&around, reach, self.wraps))
    }

    fn see(&mut self, vision: Vision) {
        if vision.nudge.is_none() && vision.iterations == 1 {
            self.plain = Some(vision.clone());
        }
        if self
            .best
            .as_ref()
            .is_none_or(|best| vision.score > best.score)
        {
            self.best = Some(vision);
        }
    }

    fn end(self) -> Dreamt {
        Dreamt {
            plain: self.plain.expect("the first try has no nudge"),
            best: self.best.expect("the first try was seen"),
        }
    }
}

/// A source of choices: the same for a seed and a picture, everywhere.
struct Lots(blake3::OutputReader);

impl Lots {
    fn new(seed: u64, image: &RgbaImage) -> Lots {
        let mut hasher = blake3::Hasher::new();
        hasher.update(VERSION);
        hasher.update(&seed.to_le_bytes());
        hasher.update(&image.width().to_le_bytes());
        hasher.update(&image.height().to_le_bytes());
        hasher.update(image.as_raw());
        Lots(hasher.finalize_xof())
    }

    fn next(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn below(&mut self, bound: u32) -> u32 {
        self.next() % bound
    }

    /// -1 to 1.
    fn around(&mut self) -> f32 {
        (self.next() >> 8) as f32 / (1 << 23) as f32 - 1.0
    }

    fn chance(&mut self, share: f32) -> bool {
        (self.around() + 1.0) / 2.0 < share
    }

    /// A nudge around another, in steps that a file of decimal numbers holds exactly.
    fn nudge(&mut self, near: &Nudge, reach: f32, wraps: bool) -> Nudge {
        let mut value = |near: f32, far: f32, step: f32, range: (f32, f32)| {
            let value = near + far * reach * self.around();
            ((value / step).round() * step).clamp(range.0, range.1)
        };
        let far = if wraps { 8.0 } else { 1.5 };
        let shift = near.shift.map(|near| value(near, far, 0.25, (-far, far)));
        let (zoom, turn) = if wraps {
            (1.0, 0.0)
        } else {
            (
                value(near.zoom, 0.125, 1.0 / 64.0, (0.8125, 1.125)),
                value(near.turn, 12.0, 0.5, (-15.0, 15.0)),
            )
        };
        let mut nudge = Nudge {
            flip: near.flip,
            zoom,
            turn,
            shift,
            blur: value(near.blur, 1.0, 0.0625, (0.0, 1.0)),
            contrast: value(near.contrast, 0.5, 0.0625, (0.625, 2.0)),
            brightness: value(near.brightness, 0.1875, 1.0 / 64.0, (-0.25, 0.25)),
            hue: value(near.hue, 60.0, 5.0, (-60.0, 60.0)),
            hint: value(near.hint, 3.0, 0.125, (0.0, MOST_HINT)),
        };
        nudge.flip ^= self.chance(0.5 * reach);
        // Often nothing but what was asked of it: colours as they are, edges as they are.
        if reach == 1.0 && self.chance(0.5) {
            nudge.hue = 0.0;
        }
        if reach == 1.0 && self.chance(0.5) {
            nudge.blur = 0.0;
        }
        nudge
    }
}
