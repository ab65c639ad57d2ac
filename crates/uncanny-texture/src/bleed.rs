//! Colour under transparent texels.

use image::RgbaImage;

use crate::Rect;

/// The image with the colour of its texels below `least` of alpha taken from the nearest others, outward ring by ring;
/// alpha as it is. Straight RGBA; what lies beyond the border counts for nothing. Where no texel reaches `least`, any that
/// is not wholly transparent gives its colour; `None` when there is none.
#[must_use]
pub fn bled(mut image: RgbaImage, least: u8) -> Option<RgbaImage> {
    let whole = Rect {
        x: 0,
        y: 0,
        width: image.width(),
        height: image.height(),
    };
    let mut from = |least: u8| bleed(&mut image, whole, (false, false), |pixel| pixel[3] >= least);
    (from(least.max(1)) || from(1)).then_some(image)
}

/// Fills the colour of texels for which `keep` is false from the nearest ones for which it is true, outward ring by
/// ring, each the average of its already coloured neighbours; only within `rect`, around its borders where it wraps.
/// Alpha stays as it is. Gives false, and changes nothing, when no texel of the rectangle is kept.
pub(crate) fn bleed(
    image: &mut RgbaImage,
    rect: Rect,
    (wraps_x, wraps_y): (bool, bool),
    keep: impl Fn([u8; 4]) -> bool,
) -> bool {
    let (width, height) = (rect.width as usize, rect.height as usize);
    let at = |i: usize| (rect.x + (i % width) as u32, rect.y + (i / width) as u32);
    // 0: not coloured yet; otherwise 1 + the ring it was coloured in.
    let mut ring = vec![0u32; width * height];
    for (i, mark) in ring.iter_mut().enumerate() {
        let (x, y) = at(i);
        *mark = u32::from(keep(image.get_pixel(x, y).0));
    }
    if ring.iter().all(|&mark| mark == 0) {
        return false;
    }
    let step = |i: usize, dx: isize, dy: isize| -> Option<usize> {
        let x = (i % width) as isize + dx;
        let y = (i / width) as isize + dy;
        let x = if wraps_x {
            x.rem_euclid(width as isize)
        } else {
            x
        };
        let y = if wraps_y {
            y.rem_euclid(height as isize)
        } else {
            y
        };
        ((0..width as isize).contains(&x) && (0..height as isize).contains(&y))
            .then(|| y as usize * width + x as usize)
    };
    let around = |i: usize| {
        (-1..=1)
            .flat_map(move |dy| (-1..=1).map(move |dx| (dx, dy)))
            .filter_map(move |(dx, dy)| {
                let weight = if dx == 0 || dy == 0 { 2 } else { 1 };
                step(i, dx, dy).filter(|&j| j != i).map(|j| (j, weight))
            })
    };
    let mut front: Vec<usize> = (0..ring.len())
        .filter(|&i| ring[i] == 0 && around(i).any(|(j, _)| ring[j] == 1))
        .collect();
    let mut round = 1;
    while !front.is_empty() {
        for &i in &front {
            let mut sum = [0u32; 3];
            let mut total = 0;
            for (j, weight) in around(i).filter(|&(j, _)| (1..=round).contains(&ring[j])) {
                let (x, y) = at(j);
                let pixel = image.get_pixel(x, y).0;
                (0..3).for_each(|c| sum[c] += weight * u32::from(pixel[c]));
                total += weight;
            }
            let (x, y) = at(i);
            let pixel = image.get_pixel_mut(x, y);
            (0..3).for_each(|c| pixel.0[c] = ((sum[c] + total / 2) / total) as u8);
        }
        round += 1;
        front.iter().for_each(|&i| ring[i] = round);
        let mut next: Vec<usize> = front
            .iter()
            .flat_map(|&i| around(i).map(|(j, _)| j))
            .filter(|&j| ring[j] == 0)
            .collect();
        next.sort_unstable();
        next.dedup();
        front = next;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faint_texels_take_their_neighbours_colour() {
        let alphas = [255, 3, 0];
        let image = RgbaImage::from_fn(3, 1, |x, _| {
            [if x == 0 { 200 } else { 0 }, 0, 0, alphas[x as usize]].into()
        });
        let bled = bled(image, 8).unwrap();
        let seen: Vec<[u8; 4]> = bled.pixels().map(|pixel| pixel.0).collect();
        assert_eq!(seen, [[200, 0, 0, 255], [200, 0, 0, 3], [200, 0, 0, 0]]);
    }

    #[test]
    fn glass_is_seen_and_nothing_is_not() {
        let glass = RgbaImage::from_pixel(2, 2, [1, 2, 3, 4].into());
        assert_eq!(bled(glass.clone(), 8), Some(glass));
        assert_eq!(bled(RgbaImage::new(2, 2), 8), None);
    }
}
