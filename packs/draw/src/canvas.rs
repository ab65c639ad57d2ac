//! Pixels to draw on: a canvas of colours, a field of shades, and the few strokes both need.
//!
//! Knows nothing of any texture. Everything is integer arithmetic, so that each machine draws the
//! same bytes.

use crate::palette::{CLEAR, Ramp, Rgba};

/// An RGBA picture, straight alpha.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canvas {
    /// Width in pixels.
    pub width: i32,
    /// Height in pixels.
    pub height: i32,
    pixels: Vec<Rgba>,
}

impl Canvas {
    /// A transparent picture.
    pub fn new(width: i32, height: i32) -> Canvas {
        Canvas::filled(width, height, CLEAR)
    }

    /// A picture of one colour.
    pub fn filled(width: i32, height: i32, colour: Rgba) -> Canvas {
        Canvas {
            width,
            height,
            pixels: vec![colour; (width * height) as usize],
        }
    }

    /// A picture from text: one character a pixel, one line a row; `.` and space are transparent.
    ///
    /// # Panics
    /// When a character has no colour or a line is longer than the first: the drawing is wrong.
    pub fn art(text: &str, key: &[(char, Rgba)]) -> Canvas {
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(str::trim)
            .collect();
        let width = lines.first().map_or(0, |line| line.chars().count());
        let mut canvas = Canvas::new(width as i32, lines.len() as i32);
        for (y, line) in lines.iter().enumerate() {
            assert_eq!(
                line.chars().count(),
                width,
                "line {y} of a drawing: {line:?}"
            );
            for (x, symbol) in line.chars().enumerate() {
                if symbol == '.' {
                    continue;
                }
                let found = key.iter().find(|(known, _)| *known == symbol);
                let (_, colour) =
                    found.unwrap_or_else(|| panic!("no colour for {symbol:?} in {line:?}"));
                canvas.set(x as i32, y as i32, *colour);
            }
        }
        canvas
    }

    /// Every pixel, row by row.
    pub fn pixels(&self) -> &[Rgba] {
        &self.pixels
    }

    /// The pixel at a place; transparent outside.
    pub fn get(&self, x: i32, y: i32) -> Rgba {
        if x < 0 || y < 0 || x >= self.width || y >= self.height {
            return CLEAR;
        }
        self.pixels[(y * self.width + x) as usize]
    }

    /// Sets a pixel; ignored outside.
    pub fn set(&mut self, x: i32, y: i32, colour: Rgba) {
        if x >= 0 && y >= 0 && x < self.width && y < self.height {
            self.pixels[(y * self.width + x) as usize] = colour;
        }
    }

    /// Fills a rectangle.
    pub fn rect(&mut self, x: i32, y: i32, width: i32, height: i32, colour: Rgba) {
        for row in y..y + height {
            for column in x..x + width {
                self.set(column, row, colour);
            }
        }
    }

    /// Lays another picture on top: its opaque and translucent pixels replace what is there.
    pub fn stamp(&mut self, other: &Canvas, x: i32, y: i32) {
        for row in 0..other.height {
            for column in 0..other.width {
                let colour = other.get(column, row);
                if colour[3] > 0 {
                    self.set(x + column, y + row, colour);
                }
            }
        }
    }

    /// A rectangle of this picture as a picture of its own.
    pub fn crop(&self, x: i32, y: i32, width: i32, height: i32) -> Canvas {
        let mut out = Canvas::new(width, height);
        for row in 0..height {
            for column in 0..width {
                out.set(column, row, self.get(x + column, y + row));
            }
        }
        out
    }

    /// Mirrored left to right.
    pub fn flipped(&self) -> Canvas {
        let mut out = Canvas::new(self.width, self.height);
        for y in 0..self.height {
            for x in 0..self.width {
                out.set(self.width - 1 - x, y, self.get(x, y));
            }
        }
        out
    }

    /// Draws a one-pixel outline of `colour` around what is opaque, on transparent pixels only.
    pub fn outline(&mut self, colour: Rgba) {
        let before = self.clone();
        for y in 0..self.height {
            for x in 0..self.width {
                let near = [(1, 0), (-1, 0), (0, 1), (0, -1)];
                if before.get(x, y)[3] == 0
                    && near
                        .iter()
                        .any(|(dx, dy)| before.get(x + dx, y + dy)[3] > 0)
                {
                    self.set(x, y, colour);
                }
            }
        }
    }

    /// Gives transparent pixels the mean colour of the others, so that mipmaps don't darken edges.
    pub fn bleed(&mut self) {
        let solid: Vec<Rgba> = self.pixels.iter().copied().filter(|p| p[3] > 0).collect();
        if solid.is_empty() {
            return;
        }
        let mean = |channel: usize| {
            (solid.iter().map(|p| u64::from(p[channel])).sum::<u64>() / solid.len() as u64) as u8
        };
        let under = [mean(0), mean(1), mean(2), 0];
        for pixel in self.pixels.iter_mut().filter(|p| p[3] == 0) {
            *pixel = under;
        }
    }

    /// Pictures on top of each other: an animation strip.
    pub fn strip(frames: &[Canvas]) -> Canvas {
        let (width, height) = frames
            .first()
            .map_or((0, 0), |frame| (frame.width, frame.height));
        let mut out = Canvas::new(width, height * frames.len() as i32);
        for (i, frame) in frames.iter().enumerate() {
            out.stamp(frame, 0, i as i32 * height);
        }
        out
    }
}

/// A field of shades (0 to 6, an index into a ramp) that wraps around on all sides; below 0 is a hole.
#[derive(Clone, Debug)]
pub struct Field {
    /// Width in pixels.
    pub width: i32,
    /// Height in pixels.
    pub height: i32,
    shades: Vec<i32>,
}

impl Field {
    /// A 16x16 field of one shade.
    pub fn new(shade: i32) -> Field {
        Field {
            width: 16,
            height: 16,
            shades: vec![shade; 256],
        }
    }

    /// The shade at a place, wrapping.
    pub fn get(&self, x: i32, y: i32) -> i32 {
        self.shades[(y.rem_euclid(self.height) * self.width + x.rem_euclid(self.width)) as usize]
    }

    /// Sets a shade, wrapping.
    pub fn set(&mut self, x: i32, y: i32, shade: i32) {
        let place = (y.rem_euclid(self.height) * self.width + x.rem_euclid(self.width)) as usize;
        self.shades[place] = shade.min(6);
    }

    /// Fills a rectangle, wrapping.
    pub fn rect(&mut self, x: i32, y: i32, width: i32, height: i32, shade: i32) {
        for row in y..y + height {
            for column in x..x + width {
                self.set(column, row, shade);
            }
        }
    }

    /// Stamps a drawing of digits (shades), `-` for a hole and `.` for "leave", wrapping.
    pub fn stamp(&mut self, x: i32, y: i32, rows: &[&str]) {
        for (dy, row) in rows.iter().enumerate() {
            for (dx, symbol) in row.chars().enumerate() {
                let (column, line) = (x + dx as i32, y + dy as i32);
                match symbol {
                    '.' => {}
                    '-' => self.set(column, line, -1),
                    digit => self.set(column, line, digit.to_digit(7).map_or(0, |d| d as i32)),
                }
            }
        }
    }

    /// A field from 16 lines of digits, as [`Field::stamp`] reads them, over shade 0.
    pub fn art(text: &str) -> Field {
        let rows: Vec<&str> = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        let mut field = Field::new(0);
        field.stamp(0, 0, &rows);
        field
    }

    /// Raises or lowers one shade, staying within the ramp; holes stay holes.
    pub fn add(&mut self, x: i32, y: i32, step: i32) {
        let shade = self.get(x, y);
        if shade >= 0 {
            self.set(x, y, (shade + step).clamp(0, 6));
        }
    }

    /// Replaces single pixels that differ from all four neighbours by a neighbour: no specks.
    pub fn despeckle(&mut self) {
        let before = self.clone();
        for y in 0..self.height {
            for x in 0..self.width {
                let near =
                    [(-1, 0), (0, -1), (1, 0), (0, 1)].map(|(dx, dy)| before.get(x + dx, y + dy));
                let own = before.get(x, y);
                if near.iter().all(|shade| *shade != own) {
                    self.set(x, y, near[0]);
                }
            }
        }
    }

    /// The picture in a ramp's colours.
    pub fn paint(&self, ramp: &Ramp) -> Canvas {
        let mut canvas = Canvas::new(self.width, self.height);
        for y in 0..self.height {
            for x in 0..self.width {
                let shade = self.get(x, y);
                if shade >= 0 {
                    canvas.set(x, y, ramp[shade.min(6) as usize]);
                }
            }
        }
        canvas
    }
}

/// A small, fixed random sequence (xorshift): the same on every machine, forever.
#[derive(Clone, Debug)]
pub struct Dice(u32);

impl Dice {
    /// A sequence of its own for each seed.
    pub fn new(seed: u32) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9) | 1)
    }

    /// The next number below `sides`.
    pub fn roll(&mut self, sides: i32) -> i32 {
        for _ in 0..2 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 17;
            self.0 ^= self.0 << 5;
        }
        ((self.0 >> 8) % sides as u32) as i32
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i32, high: i32) -> i32 {
        low + self.roll(high - low + 1)
    }
}

/// Smooth noise, 0 to 255, that repeats after 16 pixels each way and after `frames` in time.
///
/// `cell` are the sizes of one lattice cell in pixels and frames; each must divide its period.
#[derive(Clone, Copy, Debug)]
pub struct Noise {
    /// Which noise.
    pub seed: u32,
    /// Cell width, height and duration.
    pub cell: [i32; 3],
    /// Frames until the noise repeats.
    pub frames: i32,
}

impl Noise {
    /// Noise that doesn't move.
    pub fn still(seed: u32, width: i32, height: i32) -> Noise {
        Noise {
            seed,
            cell: [width, height, 1],
            frames: 1,
        }
    }

    fn corner(&self, x: i32, y: i32, t: i32) -> i32 {
        let periods = [
            16 / self.cell[0],
            16 / self.cell[1],
            (self.frames / self.cell[2]).max(1),
        ];
        let mut hash = self.seed.wrapping_mul(0x85eb_ca6b);
        for (value, period) in [x, y, t].iter().zip(periods) {
            hash ^= value.rem_euclid(period) as u32;
            hash = (hash ^ (hash >> 15)).wrapping_mul(0x2c1b_3c6d);
            hash = (hash ^ (hash >> 12)).wrapping_mul(0x297a_2d39);
            hash ^= hash >> 15;
        }
        (hash >> 7 & 255) as i32
    }

    /// The noise at a pixel and frame.
    pub fn at(&self, x: i32, y: i32, t: i32) -> i32 {
        // Fixed point with 8 bits: smoothstep of the place within the cell, then three mixes.
        let place = |value: i32, cell: i32| {
            let within = value.rem_euclid(cell) * 256 / cell;
            (
                value.div_euclid(cell),
                within * within / 256 * (768 - 2 * within) / 256,
            )
        };
        let mix = |a: i32, b: i32, part: i32| a + (b - a) * part / 256;
        let (x, fx) = place(x, self.cell[0]);
        let (y, fy) = place(y, self.cell[1]);
        let (t, ft) = place(t, self.cell[2]);
        let plane = |t: i32| {
            let top = mix(self.corner(x, y, t), self.corner(x + 1, y, t), fx);
            let bottom = mix(self.corner(x, y + 1, t), self.corner(x + 1, y + 1, t), fx);
            mix(top, bottom, fy)
        };
        if self.frames == 1 {
            plane(0)
        } else {
            mix(plane(t), plane(t + 1), ft)
        }
    }
}
