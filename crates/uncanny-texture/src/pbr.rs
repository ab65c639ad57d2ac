//! LabPBR maps: numbers in channels, each enlarged as what it means.

use image::RgbaImage;

use crate::{
    Cell, Padding, Scale,
    resample::{Axis, Kernel, resample},
    tile::margined,
};

const MARGIN: u32 = 2;

/// Reads one number of every texel of a cell and its margin, and interpolates it.
fn smooth(
    image: &RgbaImage,
    cell: &Cell,
    scale: Scale,
    number: impl Fn([u8; 4]) -> f32,
) -> Vec<f32> {
    let (rect, k) = (cell.rect, scale.get());
    let (xs, ys) = margined(cell, MARGIN, image.dimensions());
    let low: Vec<f32> = ys
        .iter()
        .flat_map(|y| {
            xs.iter()
                .map(|x| number(image.get_pixel(x.at, y.at).0))
                .collect::<Vec<_>>()
        })
        .collect();
    let axis = |size: u32| {
        let full = size + 2 * MARGIN;
        Axis::window(
            full,
            full * k,
            MARGIN * k,
            size * k,
            Kernel::CatmullRom,
            Padding::Zero,
        )
    };
    resample(&low, xs.len(), &axis(rect.width), &axis(rect.height))
}

fn byte(value: f32) -> u8 {
    (value + 0.5).clamp(0.0, 255.0) as u8
}

/// `_n`: the normals interpolated as vectors and given length 1 again, occlusion and height interpolated as numbers.
/// `out` is the replicated image.
pub(crate) fn normal_map(out: &mut RgbaImage, image: &RgbaImage, cell: &Cell, scale: Scale) {
    let vector = |p: [u8; 4]| {
        let (x, y) = (f32::from(p[0]) / 127.5 - 1.0, f32::from(p[1]) / 127.5 - 1.0);
        (x, y, (1.0 - x * x - y * y).max(0.0).sqrt())
    };
    let x = smooth(image, cell, scale, |p| vector(p).0);
    let y = smooth(image, cell, scale, |p| vector(p).1);
    let z = smooth(image, cell, scale, |p| vector(p).2);
    let occlusion = smooth(image, cell, scale, |p| f32::from(p[2]));
    let height = smooth(image, cell, scale, |p| f32::from(p[3]));
    each(out, cell, scale, |i, pixel| {
        // An interpolated Z never points inwards; X and Y beyond length 1 are pulled back to the rim.
        let z = z[i].max(0.0);
        let length = (x[i] * x[i] + y[i] * y[i] + z * z).sqrt().max(1e-6);
        *pixel = [
            byte((x[i] / length + 1.0) * 127.5),
            byte((y[i] / length + 1.0) * 127.5),
            byte(occlusion[i]),
            byte(height[i]),
        ];
    });
}

/// `_s`: smoothness interpolated, the codes in the other channels left as replicated. `out` is the replicated image.
pub(crate) fn specular_map(out: &mut RgbaImage, image: &RgbaImage, cell: &Cell, scale: Scale) {
    let smoothness = smooth(image, cell, scale, |p| f32::from(p[0]));
    each(out, cell, scale, |i, pixel| pixel[0] = byte(smoothness[i]));
}

/// Every pixel of a cell in the enlarged image, with its number within the cell.
pub(crate) fn each(
    out: &mut RgbaImage,
    cell: &Cell,
    scale: Scale,
    mut f: impl FnMut(usize, &mut [u8; 4]),
) {
    let rect = cell.rect.scaled(scale);
    let stride = out.width() as usize * 4;
    let (left, width) = (rect.x as usize * 4, rect.width as usize * 4);
    let rows = out
        .chunks_exact_mut(stride)
        .skip(rect.y as usize)
        .take(rect.height as usize);
    let pixels = rows.flat_map(|row| row[left..left + width].chunks_exact_mut(4));
    for (i, pixel) in pixels.enumerate() {
        if let Ok(pixel) = pixel.try_into() {
            f(i, pixel);
        }
    }
}
