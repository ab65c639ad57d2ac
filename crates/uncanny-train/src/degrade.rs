//! Low-res inputs from high-res pictures, as PFSR's authors made them: PIL's antialiased bilinear
//! resize in a chain, 128 -> 64 -> 32 -> 16.

use tch::{TchError, Tensor};

/// A picture and its reductions, each N x 3 x s x s in 0..1.
#[derive(Debug)]
pub(crate) struct Pyramid {
    /// 16, 32, 64 and 128 pixels a side.
    levels: [Tensor; 4],
}

impl Pyramid {
    /// From N x 3 x 128 x 128 in 0..1. Every level is rounded to 8 bits, as a saved picture is.
    pub(crate) fn new(high: Tensor) -> Result<Pyramid, TchError> {
        let at_64 = halved(&high)?;
        let at_32 = halved(&at_64)?;
        let at_16 = halved(&at_32)?;
        Ok(Pyramid {
            levels: [at_16, at_32, at_64, high],
        })
    }

    /// The network's input: 16x16.
    pub(crate) fn low(&self) -> &Tensor {
        &self.levels[0]
    }

    /// What step 1, 2 or 3 should give: 32, 64 or 128 pixels a side.
    pub(crate) fn target(&self, step: u8) -> &Tensor {
        &self.levels[usize::from(step)]
    }
}

fn halved(x: &Tensor) -> Result<Tensor, TchError> {
    let (_, _, h, w) = x.size4()?;
    let half = x.f_internal_upsample_bilinear2d_aa([h / 2, w / 2], false, None, None)?;
    Ok((half * 255.0).f_round()? / 255.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PIL 12: Image.resize(.., BILINEAR) of a row of 0 0 0 0 255 255 255 255 to half.
    #[test]
    fn halving_is_pils_antialiased_bilinear() {
        let row = [0f32, 0., 0., 0., 1., 1., 1., 1.];
        let x = Tensor::from_slice(&row)
            .reshape([1, 1, 1, 8])
            .repeat([1, 1, 8, 1]);
        let half = halved(&x).unwrap() * 255.0;
        let row = Vec::<f32>::try_from(half.select(2, 0).flatten(0, -1)).unwrap();
        assert_eq!(row, [0., 32., 223., 255.]);
    }
}
