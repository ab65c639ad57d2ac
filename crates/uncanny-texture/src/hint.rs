//! The light and shade of a face, to be laid faintly into a picture in which a network is to see one.

/// Texels a side.
const SIDE: usize = 16;

/// How much lighter each texel of a face is than the mean of it, in thousandths of luma: the left half, the right is its
/// mirror image. The mean of 480 portraits of no real person (SFHQ, <https://github.com/SelfishGene/SFHQ-dataset>, MIT), aligned
/// as FFHQ's are, reduced to 16x16, faded out towards the borders.
#[rustfmt::skip]
const LIGHT: [[i16; SIDE / 2]; SIDE] = [
    [0, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, -1],
    [0, 0, 0, 0, 0, -1, 2, 6],
    [0, 0, 0, 0, -3, 3, 29, 46],
    [0, 0, 0, -4, -6, 27, 76, 95],
    [0, 0, -1, -13, -20, -24, 12, 71],
    [0, 0, -3, -25, -74, -158, -150, -21],
    [0, 0, -6, -16, -84, -137, -103, 41],
    [0, 0, -7, 23, 93, 58, 77, 123],
    [0, 0, -7, 7, 106, 149, 104, 110],
    [0, 0, -6, -19, 40, 84, 39, -26],
    [0, 0, -3, -24, -8, 36, 35, -22],
    [0, 0, -1, -18, -26, -27, -70, -78],
    [0, 0, 0, -7, -34, -39, -30, -44],
    [0, 0, 0, -1, -15, -34, -19, -9],
    [0, 0, 0, 0, -1, -11, -21, -29],
];

/// How much lighter a face is than its mean, as a share of white, at a place of its picture: 0..1 across and down. Bilinear.
#[must_use]
pub fn face_light(x: f32, y: f32) -> f32 {
    let at = |column: usize, row: usize| {
        let column = column.min(SIDE - 1 - column);
        f32::from(LIGHT[row][column]) / 1000.0
    };
    let last = (SIDE - 1) as f32;
    let place = |share: f32| (share * SIDE as f32 - 0.5).clamp(0.0, last);
    let (x, y) = (place(x), place(y));
    let (column, row) = (x.min(last - 1.0) as usize, y.min(last - 1.0) as usize);
    let (across, down) = (x - column as f32, y - row as f32);
    let line = |row| at(column, row) * (1.0 - across) + at(column + 1, row) * across;
    line(row) * (1.0 - down) + line(row + 1) * down
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_face_has_dark_eyes_and_a_light_nose_and_is_symmetric() {
        let [left, right] = [0.37, 0.63].map(|x| face_light(x, 0.43));
        assert!((left - right).abs() < 1e-6);
        assert!(left < -0.1 && face_light(0.5, 0.56) > 0.1, "{left}");
        for (x, y) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 0.5), (0.5, 0.0)] {
            assert!(face_light(x, y).abs() < 0.01, "{x} {y}");
        }
    }
}
