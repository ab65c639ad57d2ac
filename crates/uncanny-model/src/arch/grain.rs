//! Noise that a network can shape, the same wherever and whenever a texture is enhanced: a hash of what is there.
//!
//! A network without a source of chance can draw only what repeats where its input is flat. StyleGAN (Karras, Laine,
//! Aila 2019, arXiv 1812.04948) adds fresh noise at every resolution; here the same input must give the same bytes, and
//! a tile what its neighbours and the whole texture give. So the noise at a pixel is a hash of its texel and the eight
//! around it, in 8 bits, of the texel's place in the texture modulo 16, and of the pixel's place in the texel. Equal
//! tiles have equal noise, however they come; so a texture that wraps has it across the wrap as well, if its sides
//! are multiples of 16 (with others the places jump there: other noise meets, as it does between any two texels).
//!
//! The hash is integer arithmetic of 64 bits that wraps around, alike on every device.

use tch::{Kind, TchError, Tensor};
use uncanny_texture::{Padding, TileEdges};

use super::layers::padded;

type Result<T> = std::result::Result<T, TchError>;

/// Texels after which places repeat: the side of a game's texture, and what tiles are a multiple of apart.
const PERIOD: i64 = 16;
/// How many channels of noise a hash is worth: 16 bits each.
pub(super) const CHANNELS: i64 = 4;
/// Odd numbers without a pattern: the digits of the golden ratio's fraction and what MurmurHash3's and SplitMix64's
/// finalisers multiply by.
const GOLDEN: i64 = 0x9e37_79b9_7f4a_7c15_u64 as i64;
const MIX: [i64; 2] = [
    0xff51_afd7_ed55_8ccd_u64 as i64,
    0xc4ce_b9fe_1a85_ec53_u64 as i64,
];
const PLACE: i64 = 0xbf58_476d_1ce4_e5b9_u64 as i64;
const PIXEL: i64 = 0x94d0_49bb_1331_11eb_u64 as i64;

/// The texels of a batch, each as a number that hangs on its surroundings and its place.
#[derive(Debug)]
pub(super) struct Grain {
    /// N x h x w.
    texels: Tensor,
}

impl Grain {
    /// `x`: N x 3 x h x w in 0..1, 8 bits each. Its places count from the corner of its core, a multiple of 16 texels
    /// with less than 8 around it on all sides: as tiles are cut. Beyond zeros lie the outermost texels again.
    pub(super) fn of(x: &Tensor, edges: TileEdges) -> Result<Grain> {
        let (_, _, h, w) = x.size4()?;
        let place = (Kind::Int64, x.device());
        // A colour is a whole number below 2^24, exact in f32.
        let colour = Tensor::f_from_slice(&[65536f32, 256.0, 1.0])?
            .f_reshape([1, 3, 1, 1])?
            .f_to_device(x.device())?;
        let bytes = x.f_to_kind(Kind::Float)?.f_clamp(0.0, 1.0)? * 255.0;
        let colours = bytes.f_round()?.f_mul(&colour)?;
        let colours = colours.f_sum_dim_intlist([1i64].as_slice(), true, Kind::Float)?;
        let texels = |padding| match padding {
            Padding::Zero => Padding::Replicate,
            other => other,
        };
        let beyond = TileEdges {
            x: texels(edges.x),
            y: texels(edges.y),
        };
        let around = padded(&colours, 1, beyond)?;
        let around = around.f_squeeze_dim(1)?.f_to_kind(Kind::Int64)?;
        let along = |length: i64| -> Result<Tensor> {
            let core = (length % PERIOD) / 2;
            (Tensor::f_arange(length, place)? - core).f_remainder(PERIOD)
        };
        let places = along(h)?.f_unsqueeze(1)? * PERIOD + along(w)?;
        let mut texels = (places + 1) * PLACE;
        for dy in 0..3 {
            for dx in 0..3 {
                let near = around.f_narrow(1, dy, h)?.f_narrow(2, dx, w)?;
                // Multiplied by other odd numbers, neighbours that change places are another neighbourhood.
                let factor = GOLDEN.wrapping_mul(2 * (3 * dy + dx) + 1) ^ MIX[0].wrapping_shl(1);
                texels = texels.f_add(&(near * factor))?;
            }
        }
        Ok(Grain {
            texels: mixed(&texels)?,
        })
    }

    /// N x `channels` x ch x cw for pixels of which a texel has `scale` x `scale`: mean 0, variance 1, between -1.74 and
    /// 1.74. Every fourth channel is the same.
    pub(super) fn at(&self, scale: i64, channels: i64, kind: Kind) -> Result<Tensor> {
        let (n, h, w) = self.texels.size3()?;
        let place = (Kind::Int64, self.texels.device());
        // Each resolution begins where no other has a number.
        let pixels = Tensor::f_arange_start(scale * scale, 2 * scale * scale, place)? * PIXEL;
        let pixels = pixels.f_reshape([1, 1, scale, 1, scale])?;
        let hashes = self.texels.f_reshape([n, h, 1, w, 1])?.f_add(&pixels)?;
        let hashes = mixed(&hashes.f_reshape([n, scale * h, scale * w, 1])?)?;
        let shifts = Tensor::f_arange(CHANNELS, place)? * (64 / CHANNELS);
        let parts = hashes.f_bitwise_right_shift(&shifts)?;
        let parts = parts
            .f_bitwise_and(0xffff)?
            .f_to_kind(Kind::Float)?
            .f_add_scalar(0.5 - 32768.0)?
            .f_mul_scalar(12f64.sqrt() / 65536.0)?;
        let times = (channels + CHANNELS - 1) / CHANNELS;
        // With the channel as the innermost dimension in memory, as the convolutions have it.
        let all = parts.f_to_kind(kind)?.f_repeat([1, 1, 1, times])?;
        all.f_narrow(3, 0, channels)?.f_permute([0, 3, 1, 2])
    }
}

/// MurmurHash3's finaliser: every bit of what comes in reaches every bit of what goes out.
fn mixed(x: &Tensor) -> Result<Tensor> {
    // Shifts keep the sign: the bits that it fills are taken away.
    let folded = |x: &Tensor| -> Result<Tensor> {
        let high = x
            .f_bitwise_right_shift_tensor_scalar(33)?
            .f_bitwise_and((1i64 << 31) - 1)?;
        x.f_bitwise_xor_tensor(&high)
    };
    let mut x = folded(x)?;
    for factor in MIX {
        x = folded(&(x * factor))?;
    }
    Ok(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Device;

    const CPU: (Kind, Device) = (Kind::Float, Device::Cpu);

    /// Bytes as pictures have them, in 0..1.
    fn picture(height: i64, width: i64) -> Tensor {
        let x = Tensor::arange(3 * height * width, (Kind::Int64, Device::Cpu));
        let bytes = (&x * &x * 37 + &x * 11).remainder(251);
        bytes.to_kind(Kind::Float).reshape([1, 3, height, width]) / 255.0
    }

    fn noise(x: &Tensor, scale: i64, channels: i64) -> Tensor {
        let grain = Grain::of(x, TileEdges::ZERO).unwrap();
        grain.at(scale, channels, Kind::Float).unwrap()
    }

    fn value(x: &Tensor) -> f64 {
        x.double_value(&[])
    }

    /// A tile of a wrapping picture from its texel (`y`, `x`), with 6 around it.
    fn tile(picture: &Tensor, y: i64, x: i64) -> Tensor {
        let along = |from: i64, dimension: i64| {
            let length = picture.size()[dimension as usize];
            let places: Vec<i64> = (from - 6..from + 22)
                .map(|i| i.rem_euclid(length))
                .collect();
            Tensor::from_slice(&places)
        };
        picture
            .index_select(2, &along(y, 2))
            .index_select(3, &along(x, 3))
    }

    /// The same in plain unsigned numbers, one pixel at a time.
    fn expected(picture: &Tensor, y: i64, x: i64, scale: i64, pixel: i64, channel: i64) -> f64 {
        let mix = |mut x: u64| {
            x ^= x >> 33;
            x = x.wrapping_mul(0xff51_afd7_ed55_8ccd);
            x ^= x >> 33;
            x = x.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
            x ^ (x >> 33)
        };
        let (_, _, height, width) = picture.size4().unwrap();
        let place = |i: i64, length: i64| (i - length % 16 / 2).rem_euclid(16) as u64;
        let mut texel =
            (16 * place(y, height) + place(x, width) + 1).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        for near in 0..9 {
            let (y, x) = (
                (y + near / 3 - 1).clamp(0, height - 1),
                (x + near % 3 - 1).clamp(0, width - 1),
            );
            let colour = (0..3).fold(0, |sum, c| {
                256 * sum + (picture.double_value(&[0, c, y, x]) * 255.0).round() as u64
            });
            let factor = 0x9e37_79b9_7f4a_7c15u64.wrapping_mul(2 * near as u64 + 1)
                ^ (0xff51_afd7_ed55_8ccd << 1);
            texel = texel.wrapping_add(colour.wrapping_mul(factor));
        }
        let number = (scale * scale + pixel) as u64;
        let hash = mix(mix(texel).wrapping_add(number.wrapping_mul(0x94d0_49bb_1331_11eb)));
        let part = (hash >> (16 * channel) & 0xffff) as f64;
        (part + 0.5 - 32768.0) * 12f64.sqrt() / 65536.0
    }

    #[test]
    fn it_is_the_hash_that_it_says() {
        let x = picture(18, 12);
        for scale in [1, 2, 8] {
            let found = noise(&x, scale, 5);
            assert_eq!(found.size(), [1, 5, 18 * scale, 12 * scale]);
            for (row, column) in [(0, 0), (3, 11), (17, 5)] {
                for channel in 0..5 {
                    let pixel = (scale - 1) * scale;
                    let at = [0, channel, row * scale + scale - 1, column * scale];
                    let expected = expected(&x, row, column, scale, pixel, channel % 4);
                    let off = found.double_value(&at) - expected;
                    assert!(off.abs() < 1e-6, "{scale} {at:?}: off by {off}");
                }
            }
        }
    }

    #[test]
    fn it_has_unit_variance_and_no_pattern_even_where_nothing_is() {
        let flat = Tensor::full([1, 3, 16, 16], 0.4, CPU);
        let noise = noise(&flat, 8, 4);
        assert!(value(&noise.mean(Kind::Float)).abs() < 0.02);
        assert!((value(&noise.std(false)) - 1.0).abs() < 0.02);
        assert!(value(&noise.abs().max()) < 1.74);
        // 5 times what chance gives, over 65536 numbers. Moved by a pixel, by texels, across, down and askew.
        let alike = |a: &Tensor, b: &Tensor| value(&(a * b).mean(Kind::Float)).abs();
        for (down, across) in [
            (0, 1),
            (1, 0),
            (1, 1),
            (0, 8),
            (8, 0),
            (0, 64),
            (64, 0),
            (8, 120),
            (5, 3),
        ] {
            let moved = noise.roll([down, across], [2, 3]);
            assert!(alike(&noise, &moved) < 0.02, "{down} {across}");
        }
        for (a, b) in [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)] {
            assert!(
                alike(&noise.narrow(1, a, 1), &noise.narrow(1, b, 1)) < 0.04,
                "{a} {b}"
            );
        }
        // Another colour is other noise, and so is another resolution.
        let other = self::noise(&Tensor::full([1, 3, 16, 16], 0.404, CPU), 8, 4);
        assert!(alike(&noise, &other) < 0.02);
        let coarse = self::noise(&flat, 4, 4).repeat_interleave_self_int(2, 2, None);
        assert!(alike(&noise, &coarse.repeat_interleave_self_int(2, 3, None)) < 0.02);
    }

    #[test]
    fn neighbours_repetitions_and_wraps_agree() {
        let x = picture(32, 48);
        let whole = Tensor::cat(&[&x, &x], 3);
        let whole = noise(&whole.narrow(3, 0, 80), 4, 3);
        let core = |tile: &Tensor| tile.narrow(2, 24, 64).narrow(3, 24, 64);
        for (row, column) in [(0, 0), (16, 0), (0, 16), (16, 32)] {
            let tile = noise(&tile(&x, row, column), 4, 3);
            // The middle of the core: at the sides of the whole picture lie other neighbours.
            let inside = |x: &Tensor| x.narrow(2, 4, 56).narrow(3, 4, 56);
            let part = whole.narrow(2, 4 * row, 64).narrow(3, 4 * column, 64);
            assert!(inside(&core(&tile)).equal(&inside(&part)), "{row} {column}");
        }
        // The context of one tile is the core of the next, across the wrap too.
        let (last, first) = (noise(&tile(&x, 0, 32), 4, 3), noise(&tile(&x, 0, 0), 4, 3));
        let (last, first) = (last.narrow(3, 76, 32), first.narrow(3, 12, 32));
        assert!(last.narrow(2, 4, 104).equal(&first.narrow(2, 4, 104)));
    }

    #[test]
    fn the_number_format_of_the_picture_does_not_matter() {
        let x = picture(16, 16);
        let half = noise(&x.to_kind(Kind::Half), 2, 4);
        assert!(half.equal(&noise(&x, 2, 4)));
        let other = x.roll([5], [3]);
        assert!(!noise(&other, 2, 4).equal(&noise(&x, 2, 4).roll([10], [3])));
    }
}
