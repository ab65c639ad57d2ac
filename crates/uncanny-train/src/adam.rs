//! Adam (Kingma and Ba, arXiv 1412.6980), with moments that can be saved: libtorch's own optimiser
//! forgets them, and a training that goes on without them stumbles.

use tch::{TchError, Tensor};

/// Added to the root of the second moment.
const EPSILON: f64 = 1e-8;

#[derive(Debug)]
pub(crate) struct Adam {
    betas: (f64, f64),
    /// How much faster than the rest each parameter learns.
    haste: Vec<f64>,
    /// First and second moment of each parameter, in the order given.
    pub(crate) moments: Vec<(Tensor, Tensor)>,
}

impl Adam {
    pub(crate) fn new(parameters: &[Tensor], haste: Vec<f64>, betas: (f64, f64)) -> Adam {
        assert_eq!(parameters.len(), haste.len(), "one factor a parameter");
        let moments = parameters
            .iter()
            .map(|p| (p.zeros_like(), p.zeros_like()))
            .collect();
        Adam {
            betas,
            haste,
            moments,
        }
    }

    /// One step along the gradients, which are then cleared. `taken` counts the steps before this.
    pub(crate) fn step(
        &mut self,
        parameters: &[Tensor],
        rate: f64,
        taken: u64,
    ) -> Result<(), TchError> {
        let (beta1, beta2) = self.betas;
        let steps = (taken + 1).min(1 << 30) as i32;
        let (bias1, bias2) = (1.0 - beta1.powi(steps), 1.0 - beta2.powi(steps));
        tch::no_grad(|| {
            for ((parameter, haste), (first, second)) in
                parameters.iter().zip(&self.haste).zip(&mut self.moments)
            {
                let gradient = parameter.grad();
                if !gradient.defined() {
                    continue; // A step of the network that is not yet faded in.
                }
                let _ = first
                    .f_mul_scalar_(beta1)?
                    .f_add_(&(&gradient * (1.0 - beta1)))?;
                let _ = second
                    .f_mul_scalar_(beta2)?
                    .f_addcmul_(&gradient, &(&gradient * (1.0 - beta2)))?;
                let spread = (&*second / bias2).f_sqrt()?.f_add_scalar_(EPSILON)?;
                let update = (&*first / &spread).f_mul_scalar_(-rate * haste / bias1)?;
                let _ = parameter.shallow_clone().f_add_(&update)?;
                parameter.shallow_clone().zero_grad();
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Kind;

    /// torch.optim.Adam([1.0, -2.0], lr=0.1, betas=(0.9, 0.99)) on x -> sum(x^2), three steps.
    #[test]
    fn three_steps_are_pytorchs() {
        let x = Tensor::from_slice(&[1.0f32, -2.0]).set_requires_grad(true);
        let parameters = [x.shallow_clone()];
        let mut adam = Adam::new(&parameters, vec![1.0], (0.9, 0.99));
        for taken in 0..3 {
            (&x * &x).sum(Kind::Float).backward();
            adam.step(&parameters, 0.1, taken).unwrap();
        }
        let found = Vec::<f32>::try_from(x.detach()).unwrap();
        for (found, expected) in found.iter().zip([0.701_497_2, -1.700_580_4]) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }
}
