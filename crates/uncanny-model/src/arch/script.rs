//! TorchScript: a network saved as a program of libtorch's own operations.
//!
//! <https://docs.pytorch.org/docs/stable/jit.html>. Nothing is known of it but what it does: its enlargement is found by
//! running it on small pictures, and what it lacks to be a network for us by the same. It is run by
//! `crate::script`, which refuses what a network does not need, unless somebody trusts it: then libtorch runs it as it is.

use std::sync::Arc;

use tch::{CModule, Kind, TchError, Tensor};
use uncanny_texture::{Scale, TileEdges, Tiling};

use super::layers::Place;
use super::{Forward, tiling_with};
use crate::checkpoint;
use crate::network::Programs;
use crate::script::{Program, Unfit, first_line};
use crate::{Error, Result};

/// A program may hold numbers of a type of its own; f32 is what they are saved in.
pub const HALF: bool = false;

/// Texels of context around a tile, for want of knowledge; larger than most networks need.
const CONTEXT: u32 = 24;

/// The largest enlargement of a program. What is larger is made to fill the memory: no network learns that much.
const MAX_SCALE: u32 = 16;

/// Texels over which neighbouring tiles are blended.
const FEATHER: u32 = 4;

/// The program on one device.
#[derive(Debug, Clone)]
pub struct Script {
    program: Runs,
    scale: Scale,
}

/// Who runs a program.
#[derive(Debug, Clone)]
enum Runs {
    Ourselves(Box<Program>),
    /// Whatever it says.
    Libtorch(Arc<CModule>),
}

impl Script {
    /// Loads the bytes of a TorchScript archive (`torch.jit.save`) and tries it. `name` stands in messages.
    ///
    /// # Errors
    /// When it is malformed or says what is not allowed, or when it does not make of N x 3 x h x w pixels as many times
    /// larger ones; of a trusted one, when libtorch refuses it.
    pub fn load(name: &str, bytes: &[u8], place: Place, programs: Programs) -> Result<Script> {
        let program = match programs {
            Programs::Checked => {
                let program = Program::read(bytes, place.device);
                let program = program.map_err(|unfit| match unfit {
                    Unfit::Archive(problem) => checkpoint::Error::new(name, problem).into(),
                    Unfit::Refused(why) => refuse(name, why),
                    Unfit::Torch(error) => error,
                })?;
                Runs::Ourselves(Box::new(program))
            }
            Programs::Trusted => {
                let module = CModule::load_data_on_device(&mut { bytes }, place.device);
                let mut module = module.map_err(|error| Error::Script {
                    name: name.to_owned(),
                    why: format!("libtorch refuses it: {}", python_line(&error)),
                })?;
                module.f_set_eval()?;
                Runs::Libtorch(Arc::new(module))
            }
        };
        let scale = tch::no_grad(|| probe(name, &program, place))?;
        Ok(Script { program, scale })
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
        match &self.program {
            Runs::Ourselves(program) => Ok(program.parameters()),
            Runs::Libtorch(module) => {
                let parameters = module.named_parameters()?;
                let sizes = parameters.iter().map(|(_, tensor)| tensor.numel() as u64);
                Ok(sizes.sum())
            }
        }
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
    fn forward(&self, x: &Tensor, _: TileEdges) -> Result<Tensor, TchError> {
        let failed = |stop: Failure| TchError::Torch(stop.why);
        let made = self.program.forward(x).map_err(failed)?;
        // What it makes of some sizes says nothing of others.
        let scale = i64::from(self.scale.get());
        let (input, output) = (x.size(), made.size());
        let grown: Vec<i64> = input
            .iter()
            .enumerate()
            .map(|(i, side)| if i < 2 { *side } else { side * scale })
            .collect();
        if output != grown {
            let why = format!("of {input:?} the program makes {output:?}, not {grown:?}");
            return Err(TchError::Torch(why));
        }
        if !finite(&made)? {
            let why = format!("of {input:?} the program makes values that are no numbers");
            return Err(TchError::Torch(why));
        }
        Ok(made)
    }
}

/// Why a program did not do what it was asked to.
struct Failure {
    why: String,
    refused: bool,
}

impl Runs {
    fn forward(&self, x: &Tensor) -> Result<Tensor, Failure> {
        match self {
            Runs::Ourselves(program) => program.forward(x).map_err(|stop| Failure {
                why: stop.to_string(),
                refused: stop.refused,
            }),
            Runs::Libtorch(module) => module.forward_ts(&[x]).map_err(|error| Failure {
                why: python_line(&error),
                refused: false,
            }),
        }
    }
}

fn refuse(name: &str, why: String) -> Error {
    Error::ScriptRefused {
        name: name.to_owned(),
        why,
    }
}

fn finite(x: &Tensor) -> Result<bool, TchError> {
    let sum = x.f_to_kind(Kind::Double)?.f_sum(None)?;
    Ok(sum.f_double_value(&[])?.is_finite())
}

/// Runs it on a few small pictures and says by how much it enlarges them all, or what is wrong with it. The last are
/// more at once than the others: what a program does only with several is seen here.
fn probe(name: &str, program: &Runs, place: Place) -> Result<Scale> {
    let fail = |why: String| Error::Script {
        name: name.to_owned(),
        why,
    };
    let mut found = None;
    for (n, h, w) in [(1, 32, 32), (2, 48, 64), (5, 32, 32)] {
        let input = format!("{n} x 3 x {h} x {w} pixels");
        let grey = Tensor::f_full([n, 3, h, w], 0.5, (place.kind, place.device))?;
        let made = program.forward(&grey).map_err(|failure| {
            if failure.refused {
                refuse(name, failure.why)
            } else {
                fail(format!("it fails on {input}: {}", failure.why))
            }
        })?;
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
            fail(format!(
                "of {input} it makes {shape:?}, not {n} x 3 and a multiple of both sides"
            ))
        })?;
        if scale.get() > MAX_SCALE {
            return Err(fail(format!(
                "it enlarges {scale}; networks of at most {MAX_SCALE}x are taken"
            )));
        }
        if *found.get_or_insert(scale) != scale {
            return Err(fail(format!(
                "it enlarges small pictures otherwise than {input}"
            )));
        }
        if !finite(&made)? {
            return Err(fail(format!(
                "of grey pixels, {input}, it makes values that are no numbers"
            )));
        }
    }
    found.ok_or_else(|| fail("it was not tried".to_owned()))
}

/// What libtorch says without its trace: the line that says what a Python-like error is, or the first.
fn python_line(error: &TchError) -> String {
    let text = error.to_string();
    let mut lines = text.lines().map(str::trim);
    match lines.find(|line| line.starts_with("RuntimeError:")) {
        Some(line) => line.to_owned(),
        None => first_line(error),
    }
}
