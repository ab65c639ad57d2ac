//! One image and the sprites in it: which pixels belong to which, and what lies around each.

use uncanny_texture::{Edges, Rect, RgbaImage};

/// How far around a sprite its border may be repeated in the sheet.
const MAX_EXTRUSION: u32 = 16;

/// A sprite as it lies in an image.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sprite {
    /// What the metadata calls it.
    pub(super) name: String,
    /// Where it lies.
    pub(super) rect: Rect,
    /// It lies there turned by 90 degrees clockwise.
    pub(super) turned: bool,
    /// What lies beyond its sides, once it is upright.
    pub(super) edges: Edges,
    /// So many pixels around it repeat its border.
    pub(super) extruded: u32,
}

/// An image and what is known of its sprites.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    /// What warnings call it.
    pub(super) name: String,
    pub(super) image: RgbaImage,
    pub(super) sprites: Vec<Sprite>,
    /// How many frames the metadata has; several may show one sprite.
    pub(super) frames: usize,
}

impl Picture {
    pub(super) fn new(name: String, image: RgbaImage) -> Self {
        Self {
            name,
            image,
            sprites: Vec::new(),
            frames: 0,
        }
    }

    /// The whole image is one sprite.
    pub(super) fn whole(name: String, image: RgbaImage, edges: Edges) -> Self {
        let (width, height) = image.dimensions();
        let mut picture = Self::new(name.clone(), image);
        picture.frames = 1;
        picture.sprites.push(Sprite {
            name,
            rect: Rect {
                x: 0,
                y: 0,
                width,
                height,
            },
            turned: false,
            edges,
            extruded: 0,
        });
        picture
    }

    /// Takes in one frame of the metadata; what is wrong with it is a warning.
    pub(super) fn frame(&mut self, frame: Frame, edges: Edges, warnings: &mut Vec<String>) {
        self.frames += 1;
        let Frame {
            name,
            place: [x, y, width, height],
            turned,
        } = frame;
        let (columns, rows) = self.image.dimensions();
        let place = format!("{x},{y} {width}x{height}");
        let mut warn = |what: &str| {
            warnings.push(format!(
                "{}: the frame {name:?} at {place} {what}",
                self.name
            ));
        };
        let whole = [x, y, width, height]
            .iter()
            .all(|value| value.fract() == 0.0);
        if !whole {
            return warn("does not lie on whole pixels: it is enlarged without the model");
        }
        if width <= 0.0 || height <= 0.0 {
            return warn("has no size: nothing is drawn there");
        }
        let inside = |at: f64, size: f64, limit: u32| {
            let (from, to) = (at.max(0.0), (at + size).min(f64::from(limit)));
            (from < to).then_some((from as u32, (to - from) as u32))
        };
        let (Some((left, across)), Some((top, down))) =
            (inside(x, width, columns), inside(y, height, rows))
        else {
            return warn(&format!("lies outside the image of {columns}x{rows}"));
        };
        if f64::from(across) < width || f64::from(down) < height {
            warn(&format!(
                "reaches beyond the image of {columns}x{rows}: only what lies inside is enhanced"
            ));
        }
        self.sprites.push(Sprite {
            name,
            rect: Rect {
                x: left,
                y: top,
                width: across,
                height: down,
            },
            turned,
            edges,
            extruded: 0,
        });
    }

    /// Makes one sprite of frames that show the same, joins those that overlap, and finds what is extruded.
    pub(super) fn settle(&mut self, warnings: &mut Vec<String>) {
        let mut kept: Vec<Sprite> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for sprite in self.sprites.drain(..) {
            if seen.insert(sprite.rect) {
                kept.push(sprite);
            }
        }
        self.sprites = kept;
        let owners = loop {
            match self.owners() {
                Ok(owners) => break owners,
                Err(clashes) => self.join_overlapping(&clashes, warnings),
            }
        };
        for at in 0..self.sprites.len() {
            self.sprites[at].extruded = self.extrusion(at, &owners);
        }
        self.warn_of_strays(&owners, warnings);
    }

    /// For every pixel 1 + the sprite it belongs to, or 0; or which sprites overlap.
    fn owners(&self) -> Result<Vec<u32>, Vec<(usize, usize)>> {
        let width = self.image.width() as usize;
        let mut owners = vec![0u32; width * self.image.height() as usize];
        let mut clashes = Vec::new();
        for (at, sprite) in self.sprites.iter().enumerate() {
            let rect = sprite.rect;
            for y in rect.y..rect.y + rect.height {
                let start = y as usize * width + rect.x as usize;
                for owner in &mut owners[start..start + rect.width as usize] {
                    let other = *owner as usize;
                    if other == 0 {
                        *owner = at as u32 + 1;
                    } else if other != at + 1 && clashes.last() != Some(&(other - 1, at)) {
                        clashes.push((other - 1, at));
                    }
                }
            }
        }
        if clashes.is_empty() {
            Ok(owners)
        } else {
            Err(clashes)
        }
    }

    /// Makes one sprite of those that overlap. Its rectangle may overlap others in turn.
    fn join_overlapping(&mut self, clashes: &[(usize, usize)], warnings: &mut Vec<String>) {
        // Each sprite knows one that it belongs with, in the end the first of all.
        let mut first: Vec<usize> = (0..self.sprites.len()).collect();
        fn root(first: &[usize], mut at: usize) -> usize {
            while first[at] != at {
                at = first[at];
            }
            at
        }
        for &(a, b) in clashes {
            let (a, b) = (root(&first, a), root(&first, b));
            first[a.max(b)] = a.min(b);
        }
        let mut groups: Vec<Vec<usize>> = vec![Vec::new(); self.sprites.len()];
        for at in 0..self.sprites.len() {
            groups[root(&first, at)].push(at);
        }
        let mut joined = Vec::new();
        for group in groups.iter().filter(|group| !group.is_empty()) {
            let mut sprite = self.sprites[group[0]].clone();
            if let [_, second, rest @ ..] = group.as_slice() {
                let members = group.iter().map(|at| &self.sprites[*at]);
                sprite.rect = members
                    .clone()
                    .fold(sprite.rect, |union, member| join(union, member.rect));
                sprite.turned = members.clone().all(|member| member.turned);
                let also = match rest.len() {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                let Rect {
                    x,
                    y,
                    width,
                    height,
                } = sprite.rect;
                warnings.push(format!(
                    "{}: the frames {:?} and {:?}{also} overlap: they are enhanced together, as {width}x{height} pixels at {x},{y}",
                    self.name, sprite.name, self.sprites[*second].name
                ));
            }
            joined.push(sprite);
        }
        self.sprites = joined;
    }

    /// How many pixels around a sprite, all of them nobody's, repeat its border.
    fn extrusion(&self, at: usize, owners: &[u32]) -> u32 {
        let rect = self.sprites[at].rect;
        let (width, height) = self.image.dimensions();
        let mut visible = false;
        for reach in 1..=MAX_EXTRUSION {
            let mut outside = 0;
            for (x, y) in ring(rect, reach) {
                let (Ok(column), Ok(row)) = (u32::try_from(x), u32::try_from(y)) else {
                    outside += 1;
                    continue;
                };
                if column >= width || row >= height {
                    outside += 1;
                    continue;
                }
                let pixel = self.image.get_pixel(column, row);
                let border = self.image.get_pixel(
                    column.clamp(rect.x, rect.x + rect.width - 1),
                    row.clamp(rect.y, rect.y + rect.height - 1),
                );
                let free = owners[(row * width + column) as usize] == 0;
                let same = pixel == border || (pixel.0[3] == 0 && border.0[3] == 0);
                if !free || !same {
                    return if visible { reach - 1 } else { 0 };
                }
                visible |= pixel.0[3] > 0;
            }
            if outside == ring(rect, reach).count() {
                return if visible { reach - 1 } else { 0 };
            }
        }
        if visible { MAX_EXTRUSION } else { 0 }
    }

    /// Says how much is visible outside of every frame.
    fn warn_of_strays(&self, owners: &[u32], warnings: &mut Vec<String>) {
        let (width, height) = self.image.dimensions();
        let mut free: Vec<bool> = owners.iter().map(|owner| *owner == 0).collect();
        for sprite in self.sprites.iter().filter(|sprite| sprite.extruded > 0) {
            for (x, y) in (1..=sprite.extruded).flat_map(|reach| ring(sprite.rect, reach)) {
                if (0..i64::from(width)).contains(&x) && (0..i64::from(height)).contains(&y) {
                    free[(y * i64::from(width) + x) as usize] = false;
                }
            }
        }
        // A ground of one colour between the sprites is no art that anybody would miss.
        let mut seen = free
            .iter()
            .zip(self.image.pixels())
            .filter(|(free, pixel)| **free && pixel.0[3] > 0)
            .map(|(_, pixel)| pixel);
        let first = seen.next();
        if seen.any(|pixel| Some(pixel) != first) {
            warnings.push(format!(
                "{}: there is something outside of every frame: it is enlarged without the model",
                self.name
            ));
        }
    }
}

/// A frame as metadata gives it.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) name: String,
    /// Left, top, width and height in the image, as it lies there.
    pub(super) place: [f64; 4],
    /// It lies there turned by 90 degrees clockwise.
    pub(super) turned: bool,
}

fn join(a: Rect, b: Rect) -> Rect {
    let (x, y) = (a.x.min(b.x), a.y.min(b.y));
    Rect {
        x,
        y,
        width: (a.x + a.width).max(b.x + b.width) - x,
        height: (a.y + a.height).max(b.y + b.height) - y,
    }
}

/// The pixels exactly `reach` away from a rectangle.
pub(super) fn ring(rect: Rect, reach: u32) -> impl Iterator<Item = (i64, i64)> {
    let reach = i64::from(reach);
    let (left, top) = (i64::from(rect.x) - reach, i64::from(rect.y) - reach);
    let right = i64::from(rect.x + rect.width) - 1 + reach;
    let bottom = i64::from(rect.y + rect.height) - 1 + reach;
    let across = (left..=right).flat_map(move |x| [(x, top), (x, bottom)]);
    let down = (top + 1..bottom).flat_map(move |y| [(left, y), (right, y)]);
    across.chain(down)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(name: &str, place: [f64; 4]) -> Frame {
        Frame {
            name: name.to_owned(),
            place,
            turned: false,
        }
    }

    fn settled(image: RgbaImage, places: &[[f64; 4]]) -> (Picture, Vec<String>) {
        let mut warnings = Vec::new();
        let mut picture = Picture::new("a.png".to_owned(), image);
        for (at, place) in places.iter().enumerate() {
            picture.frame(frame(&at.to_string(), *place), Edges::CLAMP, &mut warnings);
        }
        picture.settle(&mut warnings);
        (picture, warnings)
    }

    #[test]
    fn frames_that_cannot_be_are_named() {
        let image = RgbaImage::new(16, 16);
        let (picture, warnings) = settled(
            image,
            &[
                [0.0, 0.0, 8.0, 8.0],
                [0.0, 0.0, 8.0, 8.0],
                [8.0, 0.0, 0.0, 8.0],
                [16.0, 0.0, 8.0, 8.0],
                [12.0, 12.0, 8.0, 8.0],
                [0.5, 12.0, 2.0, 2.0],
                [-4.0, 12.0, 8.0, 4.0],
            ],
        );
        assert_eq!(picture.frames, 7);
        let rects: Vec<[u32; 4]> = picture
            .sprites
            .iter()
            .map(|sprite| sprite.rect)
            .map(|rect| [rect.x, rect.y, rect.width, rect.height])
            .collect();
        assert_eq!(rects, [[0, 0, 8, 8], [12, 12, 4, 4], [0, 12, 4, 4]]);
        for (part, warning) in [
            "\"2\" at 8,0 0x8 has no size",
            "\"3\" at 16,0 8x8 lies outside the image of 16x16",
            "\"4\" at 12,12 8x8 reaches beyond",
            "\"5\" at 0.5,12 2x2 does not lie on whole",
            "\"6\" at -4,12 8x4 reaches beyond",
        ]
        .iter()
        .zip(&warnings)
        {
            assert!(
                warning.starts_with("a.png: ") && warning.contains(part),
                "{warning}"
            );
        }
        assert_eq!(warnings.len(), 5);
    }

    #[test]
    fn overlapping_frames_are_one_sprite() {
        let (picture, warnings) = settled(
            RgbaImage::new(64, 16),
            &[
                [0.0, 0.0, 16.0, 16.0],
                [8.0, 0.0, 16.0, 16.0],
                [23.0, 0.0, 9.0, 8.0],
                [32.0, 0.0, 16.0, 16.0],
            ],
        );
        let rects: Vec<Rect> = picture.sprites.iter().map(|sprite| sprite.rect).collect();
        assert_eq!(rects.len(), 2);
        assert_eq!((rects[0].x, rects[0].width, rects[0].height), (0, 32, 16));
        assert_eq!((rects[1].x, rects[1].width), (32, 16));
        assert_eq!(warnings.len(), 1);
        assert!(
            warnings[0].contains("\"0\" and \"1\" and 1 more overlap"),
            "{warnings:?}"
        );
    }

    #[test]
    fn what_is_extruded_is_found() {
        // Two sprites of 4x4, each with two pixels of its own border around it.
        let mut image = RgbaImage::new(16, 8);
        for (x, y, pixel) in image.enumerate_pixels_mut() {
            let inner = |at: u32| (at % 8).clamp(2, 5) as u8;
            *pixel = [40 * inner(x), 40 * inner(y), (x / 8) as u8 * 200, 255].into();
        }
        let places = [[2.0, 2.0, 4.0, 4.0], [10.0, 2.0, 4.0, 4.0]];
        let (picture, warnings) = settled(image.clone(), &places);
        assert_eq!(picture.sprites[0].extruded, 2);
        assert_eq!(picture.sprites[1].extruded, 2);
        assert_eq!(warnings, [""; 0]);
        image.put_pixel(0, 3, [1, 2, 3, 255].into());
        let (picture, warnings) = settled(image, &places);
        assert_eq!(picture.sprites[0].extruded, 1);
        assert_eq!(picture.sprites[1].extruded, 2);
        assert!(warnings[0].contains("outside of every frame"));
        // Around a sprite on nothing there is nothing to repeat.
        let mut image = RgbaImage::new(8, 8);
        image.put_pixel(3, 3, [255, 0, 0, 255].into());
        let (picture, warnings) = settled(image, &[[2.0, 2.0, 4.0, 4.0]]);
        assert_eq!(picture.sprites[0].extruded, 0);
        assert_eq!(warnings, [""; 0]);
    }
}
