//! Contact sheets: rows of labelled pictures, small ones enlarged by replication, for looking at results.

use image::{Rgba, RgbaImage};

use crate::downscale;

/// One row of a sheet.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// Shown at the left.
    pub label: String,
    /// Pictures, each with a label (may be empty) shown under it.
    pub pictures: Vec<(String, RgbaImage)>,
}

const GAP: u32 = 4;
/// A letter's cell at its drawn size: 3x5 dots of 2 pixels and a space.
const LETTER: (u32, u32) = (8, 12);
const GROUND: Rgba<u8> = Rgba([32, 32, 36, 255]);
const INK: [u8; 3] = [220, 220, 210];

/// Lays rows out on one opaque picture. Each picture fills a square of `side` pixels as well as a whole factor of
/// replication lets it, or is shrunk when it is larger; transparency shows a chequered ground.
#[must_use]
pub fn sheet(rows: &[Row], side: u32) -> RgbaImage {
    let columns = rows.iter().map(|row| row.pictures.len()).max().unwrap_or(0) as u32;
    let letters = rows
        .iter()
        .map(|row| row.label.chars().count())
        .max()
        .unwrap_or(0) as u32;
    let left = GAP
        + if letters > 0 {
            letters * LETTER.0 + GAP
        } else {
            0
        };
    let step = (side + GAP, side + GAP + LETTER.1);
    let (width, height) = (left + columns * step.0, GAP + rows.len() as u32 * step.1);
    let mut out = RgbaImage::from_pixel(width.max(1), height.max(1), GROUND);
    for (y, row) in (0..).zip(rows) {
        let top = GAP + y * step.1;
        write(
            &mut out,
            (GAP, top + (side.saturating_sub(LETTER.1)) / 2),
            u32::MAX,
            &row.label,
        );
        for (x, (label, picture)) in (0..).zip(&row.pictures) {
            let corner = (left + x * step.0, top);
            draw(&mut out, corner, side, picture);
            write(&mut out, (corner.0, top + side + 1), side / LETTER.0, label);
        }
    }
    out
}

/// Draws a picture into the square at `corner`, centred.
fn draw(out: &mut RgbaImage, corner: (u32, u32), side: u32, picture: &RgbaImage) {
    let longest = picture.width().max(picture.height());
    if longest == 0 || side == 0 {
        return;
    }
    let smaller: RgbaImage;
    let picture = if longest > side {
        let fit = |length: u32| (length * side / longest).max(1);
        smaller = downscale(picture, (fit(picture.width()), fit(picture.height())));
        &smaller
    } else {
        picture
    };
    let factor = side / picture.width().max(picture.height());
    let (width, height) = (picture.width() * factor, picture.height() * factor);
    let (left, top) = (
        corner.0 + (side - width) / 2,
        corner.1 + (side - height) / 2,
    );
    for y in 0..height {
        for x in 0..width {
            let [r, g, b, a] = picture.get_pixel(x / factor, y / factor).0;
            let ground = if (x / 8 + y / 8) % 2 == 0 { 120u32 } else { 90 };
            let over = |c: u8| {
                ((u32::from(c) * u32::from(a) + ground * (255 - u32::from(a)) + 127) / 255) as u8
            };
            out.put_pixel(left + x, top + y, Rgba([over(r), over(g), over(b), 255]));
        }
    }
}

/// Writes at most `most` letters.
fn write(out: &mut RgbaImage, (left, top): (u32, u32), most: u32, text: &str) {
    for (i, letter) in (0..most).zip(text.chars()) {
        let dots = dots(letter);
        for dot in (0..15).filter(|dot| dots >> (14 - dot) & 1 == 1) {
            for pixel in 0..4 {
                let x = left + i * LETTER.0 + dot % 3 * 2 + pixel % 2;
                let y = top + dot / 3 * 2 + pixel / 2;
                if x < out.width() && y < out.height() {
                    out.put_pixel(x, y, Rgba([INK[0], INK[1], INK[2], 255]));
                }
            }
        }
    }
}

/// A letter's 3x5 dots: five rows of three bits, an octal digit a row. Small letters look like capitals.
fn dots(letter: char) -> u16 {
    const LETTERS: [u16; 26] = [
        0o25755, 0o65656, 0o34443, 0o65556, 0o74647, 0o74644, 0o34553, 0o55755, 0o72227, 0o11152,
        0o55655, 0o44447, 0o57755, 0o65555, 0o25552, 0o65644, 0o25563, 0o65655, 0o34216, 0o72222,
        0o55557, 0o55552, 0o55775, 0o55255, 0o55222, 0o71247,
    ];
    const DIGITS: [u16; 10] = [
        0o75557, 0o26227, 0o61247, 0o61216, 0o55711, 0o74616, 0o34757, 0o71222, 0o75757, 0o75716,
    ];
    match letter.to_ascii_uppercase() {
        letter @ 'A'..='Z' => LETTERS[(letter as u8 - b'A') as usize],
        digit @ '0'..='9' => DIGITS[(digit as u8 - b'0') as usize],
        ' ' => 0,
        '.' => 0o00002,
        ',' => 0o00024,
        ':' => 0o02020,
        '-' => 0o00700,
        '_' => 0o00007,
        '+' => 0o02720,
        '=' => 0o07070,
        '/' => 0o11244,
        '(' => 0o12221,
        ')' => 0o42224,
        '<' => 0o12421,
        '>' => 0o42124,
        '%' => 0o51245,
        '!' => 0o22202,
        '\'' => 0o22000,
        '#' => 0o57575,
        _ => 0o61202,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_pictures_are_replicated_and_large_ones_fit() {
        let small = RgbaImage::from_pixel(16, 16, [255, 0, 0, 255].into());
        let large = RgbaImage::from_pixel(300, 100, [0, 255, 0, 255].into());
        let rows = [Row {
            label: String::new(),
            pictures: vec![("a".to_owned(), small), (String::new(), large)],
        }];
        let sheet = sheet(&rows, 64);
        assert_eq!(
            sheet.dimensions(),
            (GAP + 2 * (64 + GAP), GAP + 64 + GAP + LETTER.1)
        );
        let count = |colour: [u8; 4]| sheet.pixels().filter(|pixel| pixel.0 == colour).count();
        assert_eq!(count([255, 0, 0, 255]), 64 * 64);
        assert_eq!(count([0, 255, 0, 255]), 64 * 21);
        assert_eq!(
            count([INK[0], INK[1], INK[2], 255]),
            4 * 0o25755u16.count_ones() as usize
        );
    }

    #[test]
    fn nothing_makes_an_empty_sheet() {
        assert!(sheet(&[], 64).width() >= 1);
    }
}
