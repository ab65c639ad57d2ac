//! All iterations of a picture in one file.

use std::time::Duration;

use uncanny_texture::sheet::{Row, sheet};
use uncanny_texture::{
    Animation, Error, Filter, Frame, Loops, PictureFormat, RgbaImage, encode, resize,
};

use super::settings::Format;

/// The side of a picture on a sheet.
const SHOWN: u32 = 128;
/// How long an iteration is seen in an animation.
const STEP: Duration = Duration::from_millis(200);
/// How long the input and the last iteration are seen: it is they that are compared.
const PAUSE: Duration = Duration::from_millis(900);

/// The file's media type, and the file.
pub(crate) fn save(
    format: Format,
    input: RgbaImage,
    iterations: Vec<RgbaImage>,
) -> Result<(&'static str, Vec<u8>), Error> {
    Ok(match format {
        Format::Sheet => ("image/png", side_by_side(input, iterations)?),
        Format::Gif => ("image/gif", one_by_one(&input, iterations)?),
    })
}

fn side_by_side(input: RgbaImage, iterations: Vec<RgbaImage>) -> Result<Vec<u8>, Error> {
    let numbers = (1..).map(|number: u32| number.to_string());
    let mut row = Row::default();
    row.pictures.push(("input".to_owned(), input));
    row.pictures.extend(numbers.zip(iterations));
    encode(&sheet(&[row], SHOWN))
}

fn one_by_one(input: &RgbaImage, iterations: Vec<RgbaImage>) -> Result<Vec<u8>, Error> {
    let last = iterations.len();
    let size = iterations
        .first()
        .map_or(input.dimensions(), RgbaImage::dimensions);
    // Enlarged by a whole factor, a box leaves every pixel a square.
    let input = resize(input, size, Filter::Box);
    let frames = std::iter::once(input).chain(iterations).enumerate();
    let frame = |(number, image)| Frame {
        image,
        delay: if number == 0 || number == last {
            PAUSE
        } else {
            STEP
        },
    };
    let animation = Animation {
        frames: frames.map(frame).collect(),
        loops: Loops::Forever,
    };
    animation.encode(PictureFormat::Gif)
}
