//! Contact sheets: rows of labelled pictures, small ones enlarged by replication, for looking at results.

use image::{Rgba, RgbaImage};

use crate::{Filter, resize};

/// One row of a sheet.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// Shown at the left.
    pub label: String,
    /// Pictures, each with a label. One without pixels leaves its place free.
    pub pictures: Vec<(String, RgbaImage)>,
}

const GAP: u32 = 4;
/// A letter's cell at its drawn size: 3x5 dots of 2 pixels and a space.
const LETTER: (u32, u32) = (8, 12);
const GROUND: Rgba<u8> = Rgba([32, 32, 36, 255]);
const INK: [u8; 3] = [220, 220, 210];

/// Lays rows out on one opaque picture. Each picture fills a square of `side` pixels: a small one as well as a whole
/// factor of replication lets it, a larger one resized; transparency shows a chequered ground. Labels that are the same
/// in every row are headings, others stand under their pictures, and may run on under those that follow without one.
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
    let headings = headings(rows, columns as usize);
    let (above, below) = match headings {
        Some(_) => (LETTER.1, 0),
        None => (0, LETTER.1),
    };
    let step = (side + GAP, side + GAP + below);
    let height = GAP + above + rows.len() as u32 * step.1;
    let width = left + columns * step.0;
    let mut out = RgbaImage::from_pixel(width.max(1), height.max(1), GROUND);
    for (x, heading) in (0..).zip(headings.iter().flatten()) {
        write(&mut out, (left + x * step.0, GAP), side / LETTER.0, heading);
    }
    for (y, row) in (0..).zip(rows) {
        let top = GAP + above + y * step.1;
        write(
            &mut out,
            (GAP, top + (side.saturating_sub(LETTER.1)) / 2),
            u32::MAX,
            &row.label,
        );
        for (x, (label, picture)) in (0..).zip(&row.pictures) {
            let corner = (left + x * step.0, top);
            draw(&mut out, corner, side, picture);
            if headings.is_none() {
                let free = row.pictures[x as usize + 1..]
                    .iter()
                    .take_while(|(label, _)| label.is_empty())
                    .count() as u32;
                let most = (side + free * step.0) / LETTER.0;
                write(&mut out, (corner.0, top + side + 1), most, label);
            }
        }
    }
    out
}

/// What stands above each column, if no two rows disagree about one.
fn headings(rows: &[Row], columns: usize) -> Option<Vec<&str>> {
    let labels = |column: usize| {
        let labels = rows.iter().filter_map(move |row| row.pictures.get(column));
        labels
            .map(|(label, _)| label.as_str())
            .filter(|label| !label.is_empty())
    };
    let agree =
        (0..columns).all(|column| labels(column).all(|label| Some(label) == labels(column).next()));
    let said = (0..columns).any(|column| labels(column).next().is_some());
    (rows.len() > 1 && agree && said).then(|| {
        (0..columns)
            .map(|column| labels(column).next().unwrap_or_default())
            .collect()
    })
}

/// Draws a picture into the square at `corner`, centred.
fn draw(out: &mut RgbaImage, corner: (u32, u32), side: u32, picture: &RgbaImage) {
    let longest = picture.width().max(picture.height());
    if longest == 0 || side == 0 {
        return;
    }
    let resized: RgbaImage;
    // More than half as large cannot be replicated; it is as large as the others all the same.
    let picture = if longest * 2 > side && longest != side {
        let fit = |length: u32| (length * side / longest).max(1);
        resized = resize(
            picture,
            (fit(picture.width()), fit(picture.height())),
            Filter::Bicubic,
        );
        &resized
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

/// Writes at most `most` letters: of a longer text the last ones, since names differ at their ends.
fn write(out: &mut RgbaImage, (left, top): (u32, u32), most: u32, text: &str) {
    let letters = text.chars().count();
    let skipped = letters.saturating_sub(most as usize);
    let ellipsis = (skipped > 0).then_some('…');
    let text = ellipsis
        .into_iter()
        .chain(text.chars().skip(skipped + usize::from(skipped > 0)));
    for (i, letter) in (0..most).zip(text) {
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
        '…' => 0o00005,
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
    fn what_every_row_says_is_a_heading() {
        let picture = || RgbaImage::from_pixel(16, 16, [255, 0, 0, 255].into());
        let row = |label: &str| Row {
            label: String::new(),
            pictures: vec![
                (label.to_owned(), picture()),
                (String::new(), RgbaImage::new(0, 0)),
            ],
        };
        let height = |labels: [&str; 2]| sheet(&labels.map(row), 64).height();
        assert_eq!(height(["a", "a"]), GAP + LETTER.1 + 2 * (64 + GAP));
        assert_eq!(height(["a", ""]), GAP + LETTER.1 + 2 * (64 + GAP));
        assert_eq!(height(["a", "b"]), GAP + 2 * (64 + GAP + LETTER.1));
        // A place without a picture stays free, and a label runs on under it.
        let sheet = sheet(&["a", "a label of two widths"].map(row), 64);
        let free = |x: u32, y: u32| sheet.get_pixel(x, y).0 == GROUND.0;
        assert!((GAP + 64 + GAP..2 * (GAP + 64)).all(|x| (0..64 + GAP).all(|y| free(x, y))));
        let line = sheet.height() - LETTER.1 - GAP + 1;
        assert!((GAP + 64 + GAP..2 * (GAP + 64)).any(|x| (line..line + 10).any(|y| !free(x, y))));
    }

    #[test]
    fn a_picture_that_cannot_be_replicated_is_as_large_as_the_others() {
        let row = Row {
            label: String::new(),
            pictures: vec![(
                String::new(),
                RgbaImage::from_pixel(40, 40, [255, 0, 0, 255].into()),
            )],
        };
        let sheet = sheet(&[row], 64);
        let red = sheet
            .pixels()
            .filter(|pixel| pixel.0 == [255, 0, 0, 255])
            .count();
        assert_eq!(red, 64 * 64);
    }

    #[test]
    fn nothing_makes_an_empty_sheet() {
        assert!(sheet(&[], 64).width() >= 1);
    }
}
