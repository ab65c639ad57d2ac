//! Value noise and dice that are the same on every machine.

/// A number in 0..1 for a place and a seed.
pub(crate) fn dice(seed: u32, x: i32, z: i32) -> f32 {
    let mut hash =
        seed ^ (x as u32).wrapping_mul(0x9E37_79B1) ^ (z as u32).wrapping_mul(0x85EB_CA77);
    hash = (hash ^ (hash >> 15)).wrapping_mul(0x2C1B_3C6D);
    hash = (hash ^ (hash >> 12)).wrapping_mul(0x297A_2D39);
    hash ^= hash >> 15;
    (hash >> 8) as f32 / (1u32 << 24) as f32
}

/// Smooth noise in 0..1: dice at whole coordinates, eased between them.
pub(crate) fn value(seed: u32, x: f32, z: f32) -> f32 {
    let (fx, fz) = (x.floor(), z.floor());
    let (ix, iz) = (fx as i32, fz as i32);
    let (tx, tz) = (ease(x - fx), ease(z - fz));
    let north = mix(dice(seed, ix, iz), dice(seed, ix + 1, iz), tx);
    let south = mix(dice(seed, ix, iz + 1), dice(seed, ix + 1, iz + 1), tx);
    mix(north, south, tz)
}

/// Three octaves of it, still in 0..1.
pub(crate) fn hills(seed: u32, x: f32, z: f32) -> f32 {
    (4.0 * value(seed, x, z)
        + 2.0 * value(seed ^ 1, x * 2.0, z * 2.0)
        + value(seed ^ 2, x * 4.0, z * 4.0))
        / 7.0
}

/// 0 below `low`, 1 above `high`, smooth between.
pub(crate) fn step(low: f32, high: f32, x: f32) -> f32 {
    ease(((x - low) / (high - low)).clamp(0.0, 1.0))
}

fn ease(t: f32) -> f32 {
    t * t * (3.0 - 2.0 * t)
}

/// Linear between two.
pub(crate) fn mix(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}
