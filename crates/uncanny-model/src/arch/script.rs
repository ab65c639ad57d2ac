//! TorchScript: a network saved as a program of libtorch's own operations, run as it is.
//!
//! <https://docs.pytorch.org/docs/stable/jit.html>. Nothing is known of it but what it does: its enlargement is found by
//! running it on small pictures, and what it lacks to be a network for us by the same.

use tch::{CModule, Kind, TchError, Tensor};
use uncanny_texture::{Scale, Tiling};

use super::layers::Place;
use super::{Forward, tiling_with};
use crate::{Error, Result};

/// A program may hold numbers of a type of its own; f32 is what they are saved in.
pub const HALF: bool = false;

/// Texels of context around a tile, for want of knowledge; larger than most networks need.
const CONTEXT: u32 = 24;

/// Texels over which neighbouring tiles are blended.
const FEATHER: u32 = 4;

/// The program on one device.
#[derive(Debug)]
pub struct Script {
    module: CModule,
    scale: Scale,
}

impl Script {
    /// Loads the bytes of a TorchScript archive (`torch.jit.save`) and tries it. `name` stands in messages.
    ///
    /// # Errors
    /// When libtorch refuses it, or when it does not make of N x 3 x h x w pixels as many times larger ones.
    pub fn load(name: &str, bytes: &[u8], place: Place) -> Result<Script> {
        let fail = |why: String| Error::Script {
            name: name.to_owned(),
            why,
        };
        let mut module = CModule::load_data_on_device(&mut { bytes }, place.device)
            .map_err(|error| fail(format!("libtorch refuses it: {}", first_line(&error))))?;
        module.f_set_eval()?;
        let scale = tch::no_grad(|| probe(&module, place)).map_err(fail)?;
        Ok(Script { module, scale })
    }

    /// The enlargement.
    #[must_use]
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// How many numbers it was trained to.
    ///
    /// # Errors
    /// When libtorch does not tell.
    pub fn parameters(&self) -> Result<u64> {
        let parameters = self.module.named_parameters()?;
        let sizes = parameters.iter().map(|(_, tensor)| tensor.numel() as u64);
        Ok(sizes.sum())
    }

    /// How pictures are cut for it.
    #[must_use]
    pub fn tiling(&self) -> Tiling {
        Tiling {
            feather: FEATHER,
            ..tiling_with(CONTEXT, self.scale)
        }
    }
}

impl Forward for Script {
    fn forward(&self, x: &Tensor) -> Result<Tensor, TchError> {
        self.module.forward_ts(&[x])
    }
}

/// Runs it on two small pictures and says by how much it enlarges both, or what is wrong with it.
fn probe(module: &CModule, place: Place) -> Result<Scale, String> {
    let mut found = None;
    for (n, h, w) in [(1, 32, 32), (2, 48, 64)] {
        let grey = Tensor::f_full([n, 3, h, w], 0.5, (place.kind, place.device));
        let made = grey.and_then(|grey| module.forward_ts(&[grey]));
        let input = format!("{n} x 3 x {h} x {w} pixels");
        let made = made.map_err(|error| format!("it fails on {input}: {}", first_line(&error)))?;
        let shape = made.size();
        let scale = match shape.as_slice() {
            &[batch, 3, high, wide] if batch == n && high % h == 0 && high / h * w == wide => {
                u32::try_from(high / h)
                    .ok()
                    .and_then(|k| Scale::new(k).ok())
            }
            _ => None,
        };
        let scale = scale.ok_or_else(|| {
            format!("of {input} it makes {shape:?}, not {n} x 3 and a multiple of both sides")
        })?;
        if *found.get_or_insert(scale) != scale {
            return Err(format!("it enlarges small pictures otherwise than {input}"));
        }
        let sum = made
            .f_to_kind(Kind::Double)
            .and_then(|made| made.f_sum(None));
        if !sum.is_ok_and(|sum| sum.double_value(&[]).is_finite()) {
            return Err(format!(
                "of grey pixels, {input}, it makes values that are no numbers"
            ));
        }
    }
    found.ok_or_else(|| "it was not tried".to_owned())
}

/// What libtorch says without its trace: the last line that says something of a Python-like error, or the first.
fn first_line(error: &TchError) -> String {
    let text = error.to_string();
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let told = lines().find(|line| line.starts_with("RuntimeError:"));
    told.or_else(|| lines().next())
        .unwrap_or_default()
        .to_owned()
}
