//! Pareidolia: inputs in which a network learns to see a human face where there is none.
//!
//! A network paints what it has learned such inputs come from. So a picture of anything, a *subject*, is given a face: of
//! some portraits that one is chosen, and there, where the light and shade of the subject are most like a face's; the
//! truth is the subject with that face's features in the subject's own colours. The truth, reduced, still looks like
//! the subject: how strong the face may be follows from their correlation. Portraits come by themselves too, in any
//! colour and as cartoons.
//!
//! Portraits are aligned as FFHQ's are (Karras et al. 2019, arXiv 1812.04948): in the 128x128 pixels of their middle the
//! eyes are at (47.5, 59) and (79, 59).

use image::{Rgba, RgbaImage};
use rayon::prelude::*;
use uncanny_texture::{Filter, face_light, resize};

use crate::SIDE;
use crate::augment::{LOW, Prepared, View};
use crate::degrade::{chain, half};
use crate::random::Random;

/// Colours in 0..1.
type Colour = [f32; 3];

/// Pixels of a sample.
const PIXELS: usize = (SIDE * SIDE) as usize;
/// Texels of an input.
const TEXELS: usize = (LOW * LOW) as usize;
/// The middle of a sample, in pixels, where the first pixel's middle is 0.
const MIDDLE: f32 = (SIDE - 1) as f32 / 2.0;

/// A face is an ellipse around this place, seen from the middle of its picture, in pixels.
const CENTRE: (f32, f32) = (-0.2, 9.5);
/// Its half axes, in pixels.
const AXES: (f32, f32) = (44.0, 56.0);
/// Of the ellipse this share is all face, and at this share it has faded away.
const FADE: (f32, f32) = (0.62, 1.12);

/// A portrait's gist has so many cells a side, of 8 pixels each.
const GIST: usize = 20;
/// So many portraits are used, as a share, those that are most like the mean of all: profiles, hands before a mouth and
/// dark glasses teach nothing of eyes and lips.
const USED: f32 = 0.8;
/// A face in a subject is put in one of these places: enlarged so much, and moved so far across and down, in pixels. Few,
/// and near the middle: what a network cannot tell from its input it paints the mean of, and of faces that lie anywhere
/// that is a blur.
const ENLARGED: [f32; 2] = [0.97, 0.9];
const MOVED: [(f32, f32); 5] = [(0.0, 0.0), (4.5, 0.0), (-4.5, 0.0), (0.0, 4.5), (0.0, -4.5)];
/// Off the middle a face must fit by so much better.
const OFF_MIDDLE: f32 = 0.1;
/// Where there is a hint, the face is one of so many portraits, in the first of these sizes and in the middle. The fewer, the
/// less is left open by the input, and the sharper are eyes and lips.
const CAST: usize = 24;
/// Portraits by themselves are enlarged by this much at least and at most, turned by up to so many radians either way, and
/// moved by up to so many pixels.
const ENLARGED_ALONE: (f32, f32) = (0.9, 1.06);
const TURNED_ALONE: f32 = 0.06;
const MOVED_ALONE: f32 = 5.0;

/// How like the subject the truth is, reduced: the least correlation of their luma, drawn for each.
const LIKENESS: (f32, f32) = (0.74, 0.9);
/// The contrast of a face in its subject, as a share of the portrait's: at first, and where it is weakened no further.
const STRENGTH: (f32, f32) = (1.35, 0.6);
/// The subject's own contrast behind a face, as a share.
const BEHIND: (f32, f32) = (0.7, 1.0);
/// A face wants light between these to be seen in; its subject is moved this far towards it.
const LIGHT: (f32, f32) = (0.3, 0.72);
const TOWARDS_LIGHT: f32 = 0.8;
/// Of a portrait's own colours, against its light, so much is kept: lips are redder than cheeks in any colour.
const OWN_COLOUR: f32 = 0.5;

/// Transparent subjects lie on a plain ground this often; otherwise their colour is bled.
const ON_GROUND: f32 = 0.5;
/// The grounds are this grey this often: pictures are shown and measured on it.
const GREY: (f32, Colour) = (0.4, [0.47, 0.47, 0.5]);
/// Subjects have their channels swapped this often.
const SWAPPED: f32 = 0.25;
/// A subject has the light and shade of a face laid into it this often, so strongly: see [`face_light`]. It says where a face
/// is to be, which nothing else in a plain subject does.
const HINTED: f32 = 0.65;
const HINTS: (f32, f32) = (0.8, 3.0);
/// So often an input is the subject's own; so often it is most of the way to that of its truth, from one share of it to the
/// whole; and otherwise up to a share of it. A network that is fed its own output sees all of these, and learns first from
/// those that show most.
const OWN: f32 = 0.3;
const MOST: (f32, f32) = (0.4, 0.5);
const SOME: f32 = 0.6;

/// What a sample needs: opaque pictures.
pub(crate) struct Sample {
    /// 16x16.
    pub(crate) low: RgbaImage,
    /// 128x128.
    pub(crate) truth: RgbaImage,
}

/// The portraits that faces are taken from.
#[derive(Debug)]
pub(crate) struct Portraits {
    /// Which pictures, the most face-like first.
    pictures: Vec<usize>,
    places: Vec<Place>,
}

/// A place for faces.
#[derive(Debug)]
struct Place {
    placement: Placement,
    /// How much of each texel is face.
    weights: Vec<f32>,
    /// Each portrait's luma there, by texels, [`normalised`], one after the other.
    light: Vec<f32>,
    worse: f32,
}

impl Place {
    fn is_first(&self) -> bool {
        self.worse == 0.0 && self.placement.scale == ENLARGED[0]
    }
}

impl Portraits {
    /// Of the pictures at these places among all.
    pub(crate) fn new(places: &[usize], pictures: &[Prepared]) -> Portraits {
        let gists: Vec<Vec<f32>> = (places.par_iter())
            .map(|&place| gist(pictures[place].high()))
            .collect();
        let used = most_like_a_face(&gists);
        let place = |placement: Placement| {
            let at: Vec<(f32, f32)> = texels().map(|(x, y)| placement.to_face(x, y)).collect();
            let weights: Vec<f32> = at.iter().map(|&at| is_face(at) + 0.02).collect();
            let light = used.par_iter().flat_map_iter(|&i| {
                let light: Vec<f32> = at.iter().map(|&at| between(&gists[i], at)).collect();
                normalised(&light, &weights)
            });
            Place {
                light: light.collect(),
                worse: if placement.moved == (0.0, 0.0) {
                    0.0
                } else {
                    OFF_MIDDLE
                },
                placement,
                weights,
            }
        };
        let placements = ENLARGED.iter().flat_map(|&scale| {
            MOVED.iter().flat_map(move |&moved| {
                [false, true].map(|mirrored| Placement {
                    scale,
                    angle: 0.0,
                    mirrored,
                    moved,
                })
            })
        });
        Portraits {
            places: placements.map(place).collect(),
            pictures: used.iter().map(|&i| places[i]).collect(),
        }
    }

    /// A subject with a face in it. Straight RGBA, 128x128, colour bled.
    pub(crate) fn possess(
        &self,
        subject: &RgbaImage,
        pictures: &[Prepared],
        random: &mut Random,
    ) -> Sample {
        let (subject, cover) = shown(subject, random);
        let low = chain(&subject);
        let hint = random.chance(HINTED);
        let strength = between_two(HINTS, random);
        let hinted = if hint {
            hinted(&low, strength)
        } else {
            low.clone()
        };
        let (portrait, placement) = self.fitting(&hinted, hint, random);
        let face = Face::new(pictures[portrait].high(), placement);
        let truth = merged(&subject, &low, &cover, &face, random);
        let (way, share) = (random.share(), random.share());
        let share = if hint || way < OWN {
            0.0
        } else if way < OWN + MOST.0 {
            MOST.1 + (1.0 - MOST.1) * share
        } else {
            SOME * share
        };
        let reduced = chain(&truth);
        let low = RgbaImage::from_fn(LOW, LOW, |x, y| {
            let (from, to) = (hinted.get_pixel(x, y).0, reduced.get_pixel(x, y).0);
            let at = |c: usize| {
                let value = f32::from(from[c]) * (1.0 - share) + f32::from(to[c]) * share;
                (value + 0.5) as u8
            };
            Rgba([at(0), at(1), at(2), 255])
        });
        Sample { low, truth }
    }

    /// The portrait whose light and shade are most like the input's, and where: with a hint, of the cast; without, of any
    /// half of them, so that similar subjects do not all have the same face.
    fn fitting(&self, low: &RgbaImage, hint: bool, random: &mut Random) -> (usize, Placement) {
        let seen: Vec<f32> = low.pixels().map(|pixel| luma(colour(pixel))).collect();
        let tried: Vec<bool> = (0..self.pictures.len())
            .map(|i| if hint { i < CAST } else { random.chance(0.5) })
            .collect();
        let mut best = (f32::NEG_INFINITY, 0, self.places[0].placement);
        let places = self.places.iter();
        for place in places.filter(|place| !hint || place.is_first()) {
            let seen = normalised(&seen, &place.weights);
            for (i, light) in place.light.chunks_exact(TEXELS).enumerate() {
                if tried[i] {
                    let likeness: f32 = seen.iter().zip(light).map(|(a, b)| a * b).sum();
                    if likeness - place.worse > best.0 {
                        best = (likeness - place.worse, i, place.placement);
                    }
                }
            }
        }
        (self.pictures[best.1], best.2)
    }
}

/// With the light and shade of a face.
fn hinted(low: &RgbaImage, strength: f32) -> RgbaImage {
    let share = |i: u32| (i as f32 + 0.5) / LOW as f32;
    RgbaImage::from_fn(LOW, LOW, |x, y| {
        let light = strength * face_light(share(x), share(y));
        rounded(colour(low.get_pixel(x, y)).map(|value| value + light))
    })
}

/// A portrait by itself: in its own colours, or in any other, sometimes on a plain ground or as a cartoon.
pub(crate) fn portrait(picture: &Prepared, random: &mut Random) -> Sample {
    let placement = Placement {
        scale: between_two(ENLARGED_ALONE, random),
        angle: random.around(TURNED_ALONE),
        mirrored: random.chance(0.5),
        moved: (random.around(MOVED_ALONE), random.around(MOVED_ALONE)),
    };
    let face = Face::new(picture.high(), placement);
    let recoloured = random.chance(0.7);
    let tone = any_colour(random);
    let mean = luma(tone).clamp(LIGHT.0, LIGHT.1);
    let (contrast, own) = (
        between_two((0.8, 1.4), random),
        between_two((0.0, 0.7), random),
    );
    let ground = (random.chance(0.6)).then(|| any_colour(random));
    let truth = picture_of(|i| {
        let seen = face.colours[i];
        if !recoloured {
            return seen;
        }
        let light = luma(seen);
        let colour = [0, 1, 2].map(|c| {
            tone[c] + mean - luma(tone) + contrast * (light - face.mean) + own * (seen[c] - light)
        });
        match ground {
            Some(ground) => mixed(ground, colour, face.mask[i]),
            None => colour,
        }
    });
    let mut low = chain(&truth);
    if random.chance(0.5) {
        cartoon(&mut low, random);
    }
    Sample { low, truth }
}

/// Few levels of light and more contrast, as drawings have.
fn cartoon(low: &mut RgbaImage, random: &mut Random) {
    let levels = 2.0 + random.below(4) as f32;
    let contrast = between_two((1.2, 2.5), random);
    let threshold = random.share();
    let mean = low.pixels().map(|pixel| luma(colour(pixel))).sum::<f32>() / TEXELS as f32;
    for pixel in low.pixels_mut() {
        let seen = colour(pixel);
        let light = luma(seen);
        let stretched = mean + (light - mean) * contrast;
        let level = ((stretched * levels + threshold).floor() / levels).clamp(0.0, 1.0);
        *pixel = rounded(seen.map(|value| value + level - light));
    }
}

/// The subject with the face in it.
fn merged(
    subject: &RgbaImage,
    low: &RgbaImage,
    cover: &[f32],
    face: &Face,
    random: &mut Random,
) -> RgbaImage {
    let cover = smooth(cover);
    let mask: Vec<f32> = (face.mask.iter().zip(&cover)).map(|(m, c)| m * c).collect();
    let whole = |image: &RgbaImage| resize(image, (SIDE, SIDE), Filter::Bicubic);
    let coarse = whole(low);
    let blurred = whole(&half(low));
    // Behind a face the subject is blurred: it has no detail of its own there.
    let keep = random.share() * 0.5;
    let sharp = random.chance(0.8);
    let behind: Vec<Colour> = (0..PIXELS)
        .map(|i| {
            let outside = if sharp { subject } else { &coarse };
            let inside = mixed(at(&blurred, i), at(&coarse, i), keep);
            mixed(at(outside, i), inside, mask[i])
        })
        .collect();
    let area = mask.iter().sum::<f32>().max(1.0);
    let mean = [0, 1, 2].map(|c| {
        let weighted = behind.iter().zip(&mask).map(|(b, m)| b[c] * m);
        weighted.sum::<f32>() / area
    });
    let light = luma(mean);
    let lift = TOWARDS_LIGHT * (light.clamp(LIGHT.0, LIGHT.1) - light);
    // The truth is a sum of what does not depend on the two contrasts, of the subject behind, and of the face: so is its
    // luma, reduced.
    let parts = |part: &dyn Fn(usize) -> f32| by_texel(&(0..PIXELS).map(part).collect::<Vec<_>>());
    let still = parts(&|i| luma(behind[i]) * (1.0 - mask[i]) + mask[i] * (light + lift));
    let back = parts(&|i| mask[i] * (luma(behind[i]) - light));
    let front = parts(&|i| mask[i] * (luma(face.colours[i]) - face.mean));
    let even = [1.0; TEXELS];
    let wanted: Vec<f32> = low.pixels().map(|pixel| luma(colour(pixel))).collect();
    let wanted = normalised(&wanted, &even);
    let least = between_two(LIKENESS, random);
    let (mut strength, mut contrast) = (STRENGTH.0, between_two(BEHIND, random));
    loop {
        let reduced: Vec<f32> = (0..TEXELS)
            .map(|i| still[i] + contrast * back[i] + strength * front[i])
            .collect();
        let reduced = normalised(&reduced, &even);
        let likeness: f32 = wanted.iter().zip(&reduced).map(|(a, b)| a * b).sum();
        if likeness >= least || strength < STRENGTH.1 {
            break;
        }
        strength *= 0.85;
        contrast = (contrast * 1.12).min(1.0);
    }
    picture_of(|i| {
        let (seen, m) = (face.colours[i], mask[i]);
        let light_here = luma(seen);
        [0, 1, 2].map(|c| {
            let under = mean[c] + lift + contrast * (behind[i][c] - mean[c]);
            let own = seen[c] - light_here - face.own[c];
            let features = (light_here - face.mean) + OWN_COLOUR * own;
            behind[i][c] * (1.0 - m) + m * (under + strength * features)
        })
    })
}

/// A portrait where it was put in a sample.
struct Face {
    colours: Vec<Colour>,
    /// 1 where the face is, 0 where it is not.
    mask: Vec<f32>,
    /// Its mean luma.
    mean: f32,
    /// The mean of its colours, less their luma.
    own: Colour,
}

impl Face {
    fn new(portrait: &RgbaImage, placement: Placement) -> Face {
        let view = View {
            image: portrait,
            wraps: false,
        };
        // `View` has the first pixel's middle at 0.5.
        let (cx, cy) = (
            portrait.width() as f32 / 2.0,
            portrait.height() as f32 / 2.0,
        );
        let places: Vec<(f32, f32)> = (0..SIDE * SIDE)
            .map(|i| placement.to_face((i % SIDE) as f32, (i / SIDE) as f32))
            .collect();
        let colours: Vec<Colour> = (places.iter())
            .map(|(x, y)| colour(&view.at(cx + x, cy + y)))
            .collect();
        let mask: Vec<f32> = places.iter().map(|&at| is_face(at)).collect();
        let area = mask.iter().sum::<f32>().max(1.0);
        let mean_of = |value: &dyn Fn(&Colour) -> f32| {
            let weighted = colours.iter().zip(&mask).map(|(seen, m)| value(seen) * m);
            weighted.sum::<f32>() / area
        };
        Face {
            mean: mean_of(&|seen| luma(*seen)),
            own: [0, 1, 2].map(|c| mean_of(&|seen| seen[c] - luma(*seen))),
            colours,
            mask,
        }
    }
}

/// Where a face is put.
#[derive(Clone, Copy, Debug)]
struct Placement {
    scale: f32,
    angle: f32,
    mirrored: bool,
    moved: (f32, f32),
}

impl Placement {
    /// From a pixel of the sample to one of the portrait, from its middle.
    fn to_face(self, x: f32, y: f32) -> (f32, f32) {
        let (x, y) = (x - MIDDLE - self.moved.0, y - MIDDLE - self.moved.1);
        let (sin, cos) = self.angle.sin_cos();
        let (x, y) = (
            (cos * x - sin * y) / self.scale,
            (sin * x + cos * y) / self.scale,
        );
        (if self.mirrored { -x } else { x }, y)
    }
}

/// How much of a face there is at a place of a portrait, seen from its middle: 1 within, 0 outside.
fn is_face((x, y): (f32, f32)) -> f32 {
    let distance = ((x - CENTRE.0) / AXES.0).hypot((y - CENTRE.1) / AXES.1);
    let share = ((FADE.1 - distance) / (FADE.1 - FADE.0)).clamp(0.0, 1.0);
    share * share * (3.0 - 2.0 * share)
}

/// A subject as a network is shown it, and where it is: opaque colour, and 1 where there is some of it.
fn shown(subject: &RgbaImage, random: &mut Random) -> (RgbaImage, Vec<f32>) {
    let on_ground = random.chance(ON_GROUND);
    let grey = random.chance(GREY.0);
    let (tone, light) = (any_colour(random), random.share());
    let ground = if grey {
        GREY.1
    } else {
        tone.map(|value| value * light)
    };
    let orders = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    let order = orders[random.below(6) as usize];
    let order = if random.chance(SWAPPED) {
        order
    } else {
        orders[0]
    };
    let mut cover = Vec::with_capacity(PIXELS);
    let mut image = subject.clone();
    for pixel in image.pixels_mut() {
        let alpha = if on_ground {
            f32::from(pixel.0[3]) / 255.0
        } else {
            1.0
        };
        let seen = colour(pixel);
        *pixel = rounded(mixed(ground, order.map(|c| seen[c]), alpha));
        cover.push(alpha);
    }
    (image, cover)
}

/// Light skin tones and emoji yellow, or any hue; from pale to saturated, from dark to light.
fn any_colour(random: &mut Random) -> Colour {
    let warm = random.chance(0.4);
    let hue = if warm {
        between_two((0.03, 0.17), random)
    } else {
        random.share()
    };
    let (saturation, value) = (
        between_two((0.1, 0.95), random),
        between_two((0.4, 1.0), random),
    );
    [5.0f32, 3.0, 1.0].map(|n| {
        let k = (n + hue * 6.0) % 6.0;
        value - value * saturation * k.min(4.0 - k).clamp(0.0, 1.0)
    })
}

/// Of these gists the most face-like, the most of all first.
fn most_like_a_face(gists: &[Vec<f32>]) -> Vec<usize> {
    let weights = cells_of_a_face();
    let normal: Vec<Vec<f32>> = gists
        .iter()
        .map(|gist| normalised(gist, &weights))
        .collect();
    // Either way round a face is a face.
    let mirrored = |cell: usize| cell - cell % GIST + (GIST - 1 - cell % GIST);
    let mean: Vec<f32> = (0..GIST * GIST)
        .map(|cell| {
            normal
                .iter()
                .map(|gist| gist[cell] + gist[mirrored(cell)])
                .sum()
        })
        .collect();
    let likeness = |gist: &Vec<f32>| gist.iter().zip(&mean).map(|(a, b)| a * b).sum::<f32>();
    let mut ranked: Vec<(f32, usize)> = normal.iter().map(likeness).zip(0..).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    ranked.truncate(((gists.len() as f32 * USED).ceil() as usize).max(1));
    ranked.into_iter().map(|(_, i)| i).collect()
}

fn gist(portrait: &RgbaImage) -> Vec<f32> {
    let (width, height) = (portrait.width() as i32, portrait.height() as i32);
    let light = |x: i32, y: i32| {
        let (x, y) = (
            (width / 2 + x).clamp(0, width - 1),
            (height / 2 + y).clamp(0, height - 1),
        );
        luma(colour(portrait.get_pixel(x as u32, y as u32)))
    };
    let half_side = (GIST * 4) as i32;
    let mut gist: Vec<f32> = (0..GIST * GIST)
        .map(|cell| {
            let (x0, y0) = (
                (cell % GIST * 8) as i32 - half_side,
                (cell / GIST * 8) as i32 - half_side,
            );
            let all = (0..64).map(|i| light(x0 + i % 8, y0 + i / 8));
            all.sum::<f32>() / 64.0
        })
        .collect();
    let weights = cells_of_a_face();
    let sum = gist.iter().zip(&weights).map(|(g, w)| g * w).sum::<f32>();
    let mean = sum / weights.iter().sum::<f32>();
    gist.iter_mut().for_each(|value| *value -= mean);
    gist
}

/// How much of each of a gist's cells is face.
fn cells_of_a_face() -> Vec<f32> {
    let place = |cell: usize| (cell as f32 - GIST as f32 / 2.0) * 8.0 + 4.0;
    (0..GIST * GIST)
        .map(|cell| is_face((place(cell % GIST), place(cell / GIST))))
        .collect()
}

/// A gist at a place of its portrait, seen from the middle, in pixels.
fn between(gist: &[f32], (x, y): (f32, f32)) -> f32 {
    let last = (GIST - 1) as f32;
    let place = |at: f32| ((at - 4.0) / 8.0 + GIST as f32 / 2.0).clamp(0.0, last);
    let (x, y) = (place(x), place(y));
    let (x0, y0) = (x.floor().min(last - 1.0), y.floor().min(last - 1.0));
    let (tx, ty) = (x - x0, y - y0);
    let cell = y0 as usize * GIST + x0 as usize;
    let row = |cell: usize| gist[cell] * (1.0 - tx) + gist[cell + 1] * tx;
    row(cell) * (1.0 - ty) + row(cell + GIST) * ty
}

/// Less the weighted mean, and of weighted length 1: two of these, multiplied and summed, correlate.
fn normalised(values: &[f32], weights: &[f32]) -> Vec<f32> {
    let all: f32 = weights.iter().sum();
    let mean = values.iter().zip(weights).map(|(v, w)| v * w).sum::<f32>() / all;
    let scaled = values
        .iter()
        .zip(weights)
        .map(|(v, w)| (v - mean) * w.sqrt());
    let scaled: Vec<f32> = scaled.collect();
    let length = scaled.iter().map(|v| v * v).sum::<f32>().sqrt() + 1e-4 * all.sqrt();
    scaled.into_iter().map(|v| v / length).collect()
}

/// The middles of an input's texels, in pixels.
fn texels() -> impl Iterator<Item = (f32, f32)> {
    let cell = (SIDE / LOW) as f32;
    let middle = move |i: u32| i as f32 * cell + (cell - 1.0) / 2.0;
    (0..LOW * LOW).map(move |i| (middle(i % LOW), middle(i / LOW)))
}

/// The means over texels.
fn by_texel(plane: &[f32]) -> Vec<f32> {
    let cell = (SIDE / LOW) as usize;
    let mut sums = vec![0.0; TEXELS];
    for (i, value) in plane.iter().enumerate() {
        let (x, y) = (i % SIDE as usize / cell, i / SIDE as usize / cell);
        sums[y * LOW as usize + x] += value;
    }
    let count = (cell * cell) as f32;
    sums.into_iter().map(|sum| sum / count).collect()
}

/// The means over 9x9 pixels; beyond the border there is nothing.
fn smooth(plane: &[f32]) -> Vec<f32> {
    const REACH: usize = 4;
    let side = SIDE as usize;
    let along = |plane: &[f32], step: usize, place: &dyn Fn(usize) -> usize| -> Vec<f32> {
        (0..PIXELS)
            .map(|i| {
                let at = place(i);
                let (first, last) = (at.saturating_sub(REACH), (at + REACH).min(side - 1));
                let start = i - (at - first) * step;
                (0..=last - first)
                    .map(|k| plane[start + k * step])
                    .sum::<f32>()
                    / 9.0
            })
            .collect()
    };
    let across = along(plane, 1, &|i| i % side);
    along(&across, side, &|i| i / side)
}

fn picture_of(colour: impl Fn(usize) -> Colour) -> RgbaImage {
    RgbaImage::from_fn(SIDE, SIDE, |x, y| rounded(colour((y * SIDE + x) as usize)))
}

fn at(image: &RgbaImage, i: usize) -> Colour {
    colour(image.get_pixel(i as u32 % SIDE, i as u32 / SIDE))
}

fn colour(pixel: &Rgba<u8>) -> Colour {
    let [r, g, b, _] = pixel.0;
    [r, g, b].map(|value| f32::from(value) / 255.0)
}

fn rounded(colour: Colour) -> Rgba<u8> {
    // A cast stops at 0 and 255.
    let [r, g, b] = colour.map(|value| (value * 255.0 + 0.5) as u8);
    Rgba([r, g, b, 255])
}

/// BT.601's.
fn luma([r, g, b]: Colour) -> f32 {
    0.299 * r + 0.587 * g + 0.114 * b
}

fn mixed(from: Colour, to: Colour, share: f32) -> Colour {
    [0, 1, 2].map(|c| from[c] * (1.0 - share) + to[c] * share)
}

fn between_two((least, most): (f32, f32), random: &mut Random) -> f32 {
    least + (most - least) * random.share()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Picture;

    /// A head of 160x160 pixels, a little different for each number: bright skin, dark eyes and mouth.
    fn head(number: u32) -> RgbaImage {
        RgbaImage::from_fn(160, 160, |x, y| {
            let within = |cx: f32, cy: f32, rx: f32, ry: f32| {
                ((x as f32 - cx) / rx).hypot((y as f32 - cy) / ry) < 1.0
            };
            let eye = within(63.5, 75.0, 8.0, 5.0) || within(95.0, 75.0, 8.0, 5.0);
            let mouth = within(79.0, 111.0, 16.0, 4.0 + number as f32);
            let dark = eye || mouth;
            let skin = within(79.0, 90.0, 46.0, 60.0);
            match (dark, skin) {
                (true, _) => [60, 20, 20, 255].into(),
                (_, true) => [220, 180, 150, 255].into(),
                _ => [90, 100, 110, 255].into(),
            }
        })
    }

    fn prepared(high: RgbaImage) -> Prepared {
        let picture = Picture {
            name: String::new(),
            high,
            low: None,
        };
        Prepared::new(picture).unwrap().unwrap()
    }

    fn heads() -> Vec<Prepared> {
        (0..5).map(|number| prepared(head(number))).collect()
    }

    fn mean_luma(image: &RgbaImage, x: u32, y: u32, reach: u32) -> f32 {
        let places =
            (y - reach..=y + reach).flat_map(|y| (x - reach..=x + reach).map(move |x| (x, y)));
        let light: Vec<f32> = places
            .map(|(x, y)| luma(colour(image.get_pixel(x, y))))
            .collect();
        light.iter().sum::<f32>() / light.len() as f32
    }

    #[test]
    fn a_plain_subject_gets_a_face_in_its_own_colour() {
        let pictures = heads();
        let portraits = Portraits::new(&[0, 1, 2, 3, 4], &pictures);
        let green = RgbaImage::from_pixel(SIDE, SIDE, [60, 160, 70, 255].into());
        let mut kept = 0;
        for number in 0..20 {
            let Sample { truth, .. } =
                portraits.possess(&green, &pictures, &mut Random::new(1, number));
            // Between the eyes it is lighter than in them, wherever of the few places the face is.
            let eye = (38..58)
                .map(|x| mean_luma(&truth, x, 59, 1))
                .fold(1.0, f32::min);
            let brow = (58..70)
                .map(|x| mean_luma(&truth, x, 59, 1))
                .fold(0.0, f32::max);
            assert!(
                brow - eye > 0.1,
                "sample {number}: eye {eye}, between them {brow}"
            );
            // The corner is untouched, but for swapped channels.
            kept += u32::from(truth.get_pixel(2, 2).0 == [60, 160, 70, 255]);
            let mut corner = truth.get_pixel(2, 2).0;
            corner.sort_unstable();
            assert_eq!(corner, [60, 70, 160, 255]);
        }
        assert!(kept > 8, "{kept} of 20 in their own colour");
    }

    #[test]
    fn what_is_painted_still_looks_like_the_subject_from_afar() {
        let pictures = heads();
        let portraits = Portraits::new(&[0, 1, 2, 3, 4], &pictures);
        let stripes = RgbaImage::from_fn(SIDE, SIDE, |x, y| {
            let on = (x / 16 + y / 48).is_multiple_of(2);
            if on {
                [230, 200, 40, 255]
            } else {
                [30, 40, 120, 255]
            }
            .into()
        });
        let low = chain(&stripes);
        let even = [1.0; TEXELS];
        let light = |image: &RgbaImage| {
            let all: Vec<f32> = image.pixels().map(|pixel| luma(colour(pixel))).collect();
            normalised(&all, &even)
        };
        for number in 0..10 {
            let mut random = Random::new(3, number);
            let (portrait, placement) = portraits.fitting(&low, false, &mut random);
            let face = Face::new(pictures[portrait].high(), placement);
            let truth = merged(&stripes, &low, &vec![1.0; PIXELS], &face, &mut random);
            let reduced = chain(&truth);
            let likeness: f32 = light(&low)
                .iter()
                .zip(light(&reduced))
                .map(|(a, b)| a * b)
                .sum();
            assert!(likeness > 0.7, "sample {number}: {likeness}");
        }
    }

    #[test]
    fn the_face_that_fits_is_chosen() {
        let pictures = heads();
        let portraits = Portraits::new(&[0, 1, 2, 3, 4], &pictures);
        // A head with the widest mouth.
        let placement = Placement {
            scale: ENLARGED[0],
            angle: 0.0,
            mirrored: false,
            moved: (0.0, 0.0),
        };
        let seen = Face::new(&head(4), placement);
        let low = chain(&picture_of(|i| seen.colours[i]));
        let found: Vec<(usize, Placement)> = (0..8)
            .map(|number| portraits.fitting(&low, false, &mut Random::new(5, number)))
            .collect();
        // Of every half of the portraits the one that is nearest: itself wherever it is among them.
        let itself = found.iter().filter(|(portrait, _)| *portrait == 4).count();
        assert!((4..=8).contains(&itself), "{found:?}");
        for (_, placement) in &found {
            assert_eq!(
                (placement.scale, placement.moved),
                (ENLARGED[0], (0.0, 0.0))
            );
        }
        // With a hint the choice is of the cast alone, and no matter of chance; it is in the middle wherever it fits best.
        let shifted = Placement {
            scale: ENLARGED[1],
            moved: MOVED[1],
            ..placement
        };
        let seen = Face::new(&head(4), shifted);
        let low = chain(&picture_of(|i| seen.colours[i]));
        let found: Vec<(usize, Placement)> = (0..8)
            .map(|number| portraits.fitting(&low, true, &mut Random::new(5, number)))
            .collect();
        for (portrait, placement) in &found {
            assert_eq!(*portrait, found[0].0);
            assert_eq!(
                (placement.scale, placement.moved),
                (ENLARGED[0], (0.0, 0.0))
            );
        }
    }

    #[test]
    fn transparent_subjects_keep_their_ground() {
        let mut subject = RgbaImage::from_pixel(SIDE, SIDE, [200, 120, 40, 255].into());
        for (x, _, pixel) in subject.enumerate_pixels_mut() {
            if x < 40 {
                pixel.0[3] = 0;
            }
        }
        let pictures = heads();
        let portraits = Portraits::new(&[0, 1, 2, 3, 4], &pictures);
        let mut grounds = 0;
        for number in 0..12 {
            let Sample { truth, .. } =
                portraits.possess(&subject, &pictures, &mut Random::new(9, number));
            let mut edge = truth.get_pixel(10, 64).0;
            edge.sort_unstable();
            grounds += u32::from(edge != [40, 120, 200, 255]);
        }
        assert!((2..11).contains(&grounds), "{grounds} of 12 on a ground");
    }
}
