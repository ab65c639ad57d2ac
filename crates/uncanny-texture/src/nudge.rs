//! Nudges: small changes of what a network sees, taken back from what it makes of it.
//!
//! A network that sees faces sees another one when its input is a little moved, turned or recoloured. What comes out is
//! moved, turned and recoloured back, so that it still fits the texture's silhouette, its neighbours and its colours.

use serde::{Deserialize, Serialize};

use crate::{Cell, RgbPlanes, face_light};

/// The strongest hint: more is a drawing of a face.
pub const MOST_HINT: f32 = 4.0;

/// A small change of what a network sees. The default changes nothing.
///
/// The picture is mirrored, enlarged and turned about its middle, then moved; then its colours change.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Nudge {
    /// Left and right change places.
    pub flip: bool,
    /// So many times as large; above 0.
    pub zoom: f32,
    /// Clockwise, in degrees.
    pub turn: f32,
    /// To the right and down, in texels.
    pub shift: [f32; 2],
    /// Standard deviation of a Gaussian, in texels. The one change that is not taken back.
    pub blur: f32,
    /// How many times as far from the middle grey; above 0.
    pub contrast: f32,
    /// Added to colours of 0..1.
    pub brightness: f32,
    /// Turned by so many degrees, in YIQ.
    pub hue: f32,
    /// How strongly the light and shade of a face ([`face_light`]) are laid into the middle; 1 is a face's own contrast. A
    /// network that paints faces paints one then where there is none. Not taken back either, but by fidelity.
    pub hint: f32,
}

impl Default for Nudge {
    fn default() -> Nudge {
        Nudge {
            flip: false,
            zoom: 1.0,
            turn: 0.0,
            shift: [0.0; 2],
            blur: 0.0,
            contrast: 1.0,
            brightness: 0.0,
            hue: 0.0,
            hint: 0.0,
        }
    }
}

impl Nudge {
    /// A hint alone, so strong; none for 0.
    #[must_use]
    pub fn hinting(hint: f32) -> Option<Nudge> {
        (hint > 0.0).then(|| Nudge {
            hint,
            ..Nudge::default()
        })
    }

    /// Whether it changes anything.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Nudge::default()
    }

    /// Whether every number makes sense: zoom, contrast and blur as they must be, all finite and not beyond reason.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let [x, y] = self.shift;
        (0.1..=10.0).contains(&self.zoom)
            && (0.1..=10.0).contains(&self.contrast)
            && (0.0..=8.0).contains(&self.blur)
            && [self.turn, self.hue]
                .iter()
                .all(|angle| angle.abs() <= 360.0)
            && [x, y].iter().all(|shift| shift.abs() <= 1024.0)
            && self.brightness.abs() <= 1.0
            && (0.0..=MOST_HINT).contains(&self.hint)
    }

    /// What makes it up, as numbers that differ wherever two nudges do.
    #[must_use]
    pub fn numbers(&self) -> [f32; 10] {
        let [x, y] = self.shift;
        let flip = f32::from(u8::from(self.flip));
        [
            flip,
            self.zoom,
            self.turn,
            x,
            y,
            self.blur,
            self.contrast,
            self.brightness,
            self.hue,
            self.hint,
        ]
    }

    /// Nudges a cell's colours, `k` pixels a texel.
    pub(crate) fn apply(&self, high: &RgbPlanes, cell: &Cell, k: u32) -> RgbPlanes {
        let mut out = self.placed(high, cell, k, false);
        blur(&mut out, cell, self.blur * k as f32);
        let hue = hue_matrix(self.hue);
        recolour(&mut out, |rgb| {
            hue.map(|row| {
                let value = row[0] * rgb[0] + row[1] * rgb[1] + row[2] * rgb[2];
                ((value - 0.5) * self.contrast + 0.5 + self.brightness).clamp(0.0, 1.0)
            })
        });
        self.lay_hint(&mut out);
        out
    }

    /// A face's light and shade over the whole cell, the same in every colour.
    fn lay_hint(&self, cell: &mut RgbPlanes) {
        if self.hint == 0.0 {
            return;
        }
        let (width, height) = (cell.width as usize, cell.height as usize);
        let share = |i: usize, length: usize| (i as f32 + 0.5) / length as f32;
        for channel in 0..3 {
            for (i, value) in cell.plane_mut(channel).iter_mut().enumerate() {
                let light = face_light(share(i % width, width), share(i / width, height));
                *value = (*value + self.hint * light).clamp(0.0, 1.0);
            }
        }
    }

    /// Takes all of it back but the blur and the hint, `k` pixels a texel.
    pub(crate) fn undo(&self, high: &RgbPlanes, cell: &Cell, k: u32) -> RgbPlanes {
        let mut out = self.placed(high, cell, k, true);
        let hue = hue_matrix(-self.hue);
        recolour(&mut out, |rgb| {
            let rgb = rgb.map(|value| (value - 0.5 - self.brightness) / self.contrast + 0.5);
            hue.map(|row| row[0] * rgb[0] + row[1] * rgb[1] + row[2] * rgb[2])
        });
        out
    }

    /// Every pixel from where it was, or with `back` from where it is now: Catmull-Rom between pixels; beyond a side
    /// that wraps is the other one, beyond any other what a mirror there would show.
    fn placed(&self, high: &RgbPlanes, cell: &Cell, k: u32, back: bool) -> RgbPlanes {
        let here = Nudge {
            blur: 0.0,
            contrast: 1.0,
            brightness: 0.0,
            hue: 0.0,
            ..*self
        };
        if here.is_none() {
            return high.clone();
        }
        let (width, height) = (high.width as usize, high.height as usize);
        let middle = (width as f32 / 2.0, height as f32 / 2.0);
        let (sin, cos) = self.turn.to_radians().sin_cos();
        let shift = self.shift.map(|texels| texels * k as f32);
        let mirror = if self.flip { -1.0 } else { 1.0 };
        let from = |x: f32, y: f32| {
            if back {
                let (x, y) = (mirror * x * self.zoom, y * self.zoom);
                (cos * x - sin * y + shift[0], sin * x + cos * y + shift[1])
            } else {
                let (x, y) = ((x - shift[0]) / self.zoom, (y - shift[1]) / self.zoom);
                (mirror * (cos * x + sin * y), cos * y - sin * x)
            }
        };
        let (wraps_x, wraps_y) = (cell.edges.wraps_x(), cell.edges.wraps_y());
        let mut out = RgbPlanes::new(high.width, high.height);
        let area = width * height;
        for i in 0..area {
            let x = (i % width) as f32 + 0.5 - middle.0;
            let y = (i / width) as f32 + 0.5 - middle.1;
            let (x, y) = from(x, y);
            let (columns, across) = taps(x + middle.0, width, wraps_x);
            let (rows, down) = taps(y + middle.1, height, wraps_y);
            for channel in 0..3 {
                let plane = &high.data[channel * area..][..area];
                let mut sum = 0.0;
                for (row, down) in rows.iter().zip(down) {
                    let line: f32 = columns
                        .iter()
                        .zip(across)
                        .map(|(column, across)| plane[row * width + column] * across)
                        .sum();
                    sum += line * down;
                }
                out.data[channel * area + i] = sum;
            }
        }
        out
    }
}

/// The four samples around a place, where 0.5 is the first one's middle, and their weights.
fn taps(at: f32, length: usize, wraps: bool) -> ([usize; 4], [f32; 4]) {
    let at = at - 0.5;
    let first = at.floor();
    let t = at - first;
    let index = [-1, 0, 1, 2].map(|tap| inside(first as i64 + tap, length, wraps));
    let (t2, t3) = (t * t, t * t * t);
    let weights = [
        -0.5 * t + t2 - 0.5 * t3,
        1.0 - 2.5 * t2 + 1.5 * t3,
        0.5 * t + 2.0 * t2 - 1.5 * t3,
        -0.5 * t2 + 0.5 * t3,
    ];
    (index, weights)
}

fn inside(at: i64, length: usize, wraps: bool) -> usize {
    let length = length as i64;
    let place = if wraps {
        at.rem_euclid(length)
    } else {
        let place = at.rem_euclid(2 * length);
        place.min(2 * length - 1 - place)
    };
    place as usize
}

fn blur(planes: &mut RgbPlanes, cell: &Cell, sigma: f32) {
    if sigma <= 0.0 {
        return;
    }
    let reach = (3.0 * sigma).ceil() as i64;
    let mut weights: Vec<f32> = (-reach..=reach)
        .map(|at| (-0.5 * (at as f32 / sigma).powi(2)).exp())
        .collect();
    let sum: f32 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= sum);
    let (width, height) = (planes.width as usize, planes.height as usize);
    let (wraps_x, wraps_y) = (cell.edges.wraps_x(), cell.edges.wraps_y());
    let area = width * height;
    for plane in planes.data.chunks_exact_mut(area) {
        for (along, (step, length, wraps)) in [(1, width, wraps_x), (width, height, wraps_y)]
            .iter()
            .enumerate()
        {
            let lines = area / length;
            let from = plane.to_vec();
            for line in 0..lines {
                let start = if along == 0 { line * width } else { line };
                for at in 0..*length {
                    plane[start + at * step] = weights
                        .iter()
                        .zip(at as i64 - reach..)
                        .map(|(weight, at)| {
                            weight * from[start + inside(at, *length, *wraps) * step]
                        })
                        .sum();
                }
            }
        }
    }
}

fn recolour(planes: &mut RgbPlanes, change: impl Fn([f32; 3]) -> [f32; 3]) {
    let area = planes.data.len() / 3;
    for i in 0..area {
        let rgb = change([0, 1, 2].map(|c| planes.data[c * area + i]));
        (0..3).for_each(|c| planes.data[c * area + i] = rgb[c]);
    }
}

/// Turns the two colour differences of YIQ and leaves the luma; none for no turn, so that colours stay as they are.
fn hue_matrix(degrees: f32) -> [[f32; 3]; 3] {
    if degrees == 0.0 {
        return [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    }
    const LUMA: [f64; 3] = [0.299, 0.587, 0.114];
    const I: [f64; 3] = [0.595_716, -0.274_453, -0.321_263];
    const Q: [f64; 3] = [0.211_456, -0.522_591, 0.311_135];
    const FROM: [[f64; 2]; 3] = [
        [0.956_296, 0.621_024],
        [-0.272_122, -0.647_381],
        [-1.106_989, 1.704_615],
    ];
    let (sin, cos) = f64::from(degrees).to_radians().sin_cos();
    FROM.map(|[from_i, from_q]| {
        [0, 1, 2].map(|c| {
            let (i, q) = (cos * I[c] - sin * Q[c], sin * I[c] + cos * Q[c]);
            (LUMA[c] + from_i * i + from_q * q) as f32
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Edges;

    fn picture(side: u32) -> RgbPlanes {
        let mut planes = RgbPlanes::new(side, side);
        let area = (side * side) as usize;
        for (i, value) in planes.data.iter_mut().enumerate() {
            let (c, x, y) = (i / area, i % area % side as usize, i % area / side as usize);
            let wave = |at: usize, times: f32| {
                (at as f32 / side as f32 * std::f32::consts::TAU * times).sin()
            };
            // Pale enough that no nudge below leaves 0..1, where it would be cut off.
            *value = 0.5 + 0.1 * wave(x, 1.0 + c as f32) + 0.1 * wave(y, 2.0);
        }
        planes
    }

    fn worst(a: &RgbPlanes, b: &RgbPlanes, margin: u32) -> f32 {
        let (side, area) = (a.width as usize, (a.width * a.height) as usize);
        let inner = margin as usize..side - margin as usize;
        let pairs = a.data.iter().zip(&b.data).enumerate();
        let apart = pairs.filter_map(|(i, (a, b))| {
            let (x, y) = (i % area % side, i % area / side);
            (inner.contains(&x) && inner.contains(&y)).then(|| (a - b).abs())
        });
        apart.fold(0.0, f32::max)
    }

    #[test]
    fn what_is_nudged_comes_back() {
        let cell = Cell::whole(16, 16, Edges::WRAP);
        let before = picture(128);
        let shifted = Nudge {
            flip: true,
            shift: [2.5, -1.25],
            contrast: 1.25,
            brightness: 0.0625,
            hue: 30.0,
            ..Nudge::default()
        };
        let there = shifted.apply(&before, &cell, 8);
        assert!(worst(&before, &there, 0) > 0.1);
        let back = shifted.undo(&there, &cell, 8);
        assert!(
            worst(&before, &back, 0) < 1e-3,
            "{}",
            worst(&before, &back, 0)
        );

        let clamped = Cell::whole(16, 16, Edges::CLAMP);
        let turned = Nudge {
            flip: true,
            zoom: 0.875,
            turn: 10.0,
            shift: [1.0, 0.5],
            ..Nudge::default()
        };
        let there = turned.apply(&before, &clamped, 8);
        let back = turned.undo(&there, &clamped, 8);
        assert!(
            worst(&before, &back, 24) < 5e-3,
            "{}",
            worst(&before, &back, 24)
        );
    }

    #[test]
    fn a_hint_is_a_face_that_stays() {
        let cell = Cell::whole(16, 16, Edges::CLAMP);
        let mut grey = RgbPlanes::new(128, 128);
        grey.data.fill(0.5);
        let hinted = Nudge {
            hint: 2.0,
            ..Nudge::default()
        };
        let there = hinted.apply(&grey, &cell, 8);
        let at = |x: usize, y: usize| there.plane(1)[y * 128 + x];
        let (left, right, nose, corner) = (at(47, 54), at(80, 54), at(64, 70), at(1, 1));
        assert!(left < 0.3 && right < 0.3, "eyes {left} {right}");
        assert!(
            nose > 0.65 && (corner - 0.5).abs() < 0.01,
            "{nose} {corner}"
        );
        assert_eq!(worst(&hinted.undo(&there, &cell, 8), &there, 0), 0.0);
        assert!(
            !Nudge {
                hint: 4.5,
                ..hinted
            }
            .is_sound()
        );
    }

    #[test]
    fn directions_are_as_they_are_called() {
        let cell = Cell::whole(16, 16, Edges::WRAP);
        let mut dot = RgbPlanes::new(16, 16);
        dot.data[8 * 16 + 4] = 1.0;
        let brightest = |planes: &RgbPlanes| {
            let (at, _) = planes.data[..256]
                .iter()
                .enumerate()
                .max_by(|a, b| a.1.total_cmp(b.1))
                .unwrap();
            (at % 16, at / 16)
        };
        let moved = |nudge: Nudge| brightest(&nudge.apply(&dot, &cell, 1));
        let none = Nudge::default();
        assert_eq!(moved(none), (4, 8));
        assert_eq!(
            moved(Nudge {
                shift: [3.0, -2.0],
                ..none
            }),
            (7, 6)
        );
        assert_eq!(moved(Nudge { flip: true, ..none }), (11, 8));
        // Left of the middle; a quarter clockwise is above it.
        assert_eq!(moved(Nudge { turn: 90.0, ..none }), (7, 4));
        let blurred = Nudge { blur: 1.0, ..none }.apply(&dot, &cell, 1);
        let sum: f32 = blurred.data.iter().sum();
        assert!((sum - 1.0).abs() < 1e-5 && blurred.data[8 * 16 + 4] < 0.2);
    }

    #[test]
    fn the_default_is_none_and_sound() {
        assert!(Nudge::default().is_none() && Nudge::default().is_sound());
        for bad in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert!(
                !Nudge {
                    zoom: bad,
                    ..Nudge::default()
                }
                .is_sound(),
                "{bad}"
            );
            assert!(
                !Nudge {
                    contrast: bad,
                    ..Nudge::default()
                }
                .is_sound(),
                "{bad}"
            );
        }
        let text = serde_json::to_string(&Nudge {
            turn: -7.5,
            ..Nudge::default()
        })
        .unwrap();
        assert_eq!(serde_json::from_str::<Nudge>(&text).unwrap().turn, -7.5);
    }
}
