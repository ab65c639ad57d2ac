//! TorchScript programs: read, checked and run by ourselves, one operator of libtorch's after another.
//!
//! libtorch runs whatever a program says, and it can say a lot: `aten::from_file` writes into any file of the user's,
//! others end the process, take all memory, or never come to an end. So libtorch is not given the file. Its text is
//! parsed ([`syntax`]), everything in it that [`ops`] does not have is refused by name before anything runs, and what
//! is left is carried out here ([`run`]), with bounds on steps, depth and memory. There is no second reader of the
//! archive that could see something else in it.

mod ops;
mod run;
mod syntax;
mod value;

use std::collections::HashMap;
use std::sync::Arc;

use tch::{Device, Kind, Tensor};

use crate::Result;
use crate::arch::layers::Weight;
use crate::checkpoint::torchscript::{self, Datum, Module};
use crate::checkpoint::{self, DType, TensorData};

use run::Run;
use syntax::{Class, Function};
pub(crate) use value::{Stop, first_line};

/// A program whose every operator is known. A clone shares code and weights, which nothing changes.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    classes: Arc<HashMap<String, Class>>,
    functions: Arc<HashMap<String, Function>>,
    modules: Arc<Vec<Module>>,
    tensors: Vec<Weight>,
    constants: Arc<Vec<Datum>>,
    /// Elements of all its tensors.
    elements: i64,
    /// Where its tensors' numbers are in memory, in order; none overlaps another.
    spans: Vec<(usize, usize)>,
    device: Device,
}

/// Why a program cannot be had.
#[derive(Debug)]
pub(crate) enum Unfit {
    /// The archive is not well-formed.
    Archive(checkpoint::Problem),
    /// It says something that is not allowed: what, and where.
    Refused(String),
    /// libtorch failed to take its weights.
    Torch(crate::Error),
}

impl Program {
    /// Reads an archive and checks all of its code. Nothing runs.
    pub(crate) fn read(bytes: &[u8], device: Device) -> Result<Program, Unfit> {
        let archive = torchscript::read(bytes).map_err(Unfit::Archive)?;
        let mut classes = HashMap::new();
        let mut functions = HashMap::new();
        for (path, text) in &archive.code {
            let file = format!("code/{}.py", path.replace('.', "/"));
            let found = syntax::parse(&file, text).map_err(|refusal| {
                Unfit::Refused(format!(
                    "it uses {} ({file}, line {}), which a super-resolution network does not need",
                    refusal.what, refusal.line
                ))
            })?;
            for class in found.classes {
                classes.insert(format!("{path}.{}", class.name), class);
            }
            for function in found.functions {
                functions.insert(format!("{path}.{}", function.name), function);
            }
        }
        let tensors: Result<Vec<Tensor>> = archive
            .tensors
            .iter()
            .map(|data| tensor(data, device))
            .collect();
        let tensors = tensors.map_err(Unfit::Torch)?;
        let mut spans: Vec<(usize, usize)> = tensors.iter().map(span).collect();
        spans.sort_unstable();
        Ok(Program {
            classes: Arc::new(classes),
            functions: Arc::new(functions),
            modules: Arc::new(archive.modules),
            constants: Arc::new(archive.constants),
            elements: tensors.iter().map(|tensor| tensor.numel() as i64).sum(),
            spans,
            tensors: tensors.into_iter().map(Weight::from).collect(),
            device,
        })
    }

    /// What it makes of `x`.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor, Stop> {
        Run::forward(self, x)
    }

    /// How many numbers it was trained to.
    pub(crate) fn parameters(&self) -> u64 {
        let trained = self.modules.iter().flat_map(|module| {
            let class = self.classes.get(&module.class);
            let names = class.map_or(&[][..], |class| &class.parameters);
            names
                .iter()
                .filter_map(|name| match module.attributes.get(name)? {
                    Datum::Tensor(at) => Some(self.tensors[*at].numel() as u64),
                    _ => None,
                })
        });
        trained.sum()
    }

    fn method(&self, class: &str, name: &str) -> Option<&Function> {
        self.classes.get(class)?.methods.get(name)
    }
}

/// Where a tensor's numbers are in memory: the first, and the end of the last.
fn span(tensor: &Tensor) -> (usize, usize) {
    if tensor.numel() == 0 {
        return (0, 0);
    }
    let start = tensor.data_ptr() as usize;
    let strides = tensor.stride();
    let sides = tensor.size();
    let reach = sides.iter().zip(&strides);
    let reach: i64 = reach.map(|(side, stride)| (side - 1).max(0) * stride).sum();
    (
        start,
        start + (reach as usize + 1) * tensor.kind().elt_size_in_bytes(),
    )
}

/// A tensor of an archive, of its own type.
fn tensor(data: &TensorData, device: Device) -> Result<Tensor> {
    let kind = match data.dtype {
        DType::F32 => Kind::Float,
        DType::F16 => Kind::Half,
        DType::BF16 => Kind::BFloat16,
        DType::F64 => Kind::Double,
        DType::I64 => Kind::Int64,
        DType::I32 => Kind::Int,
        DType::I16 => Kind::Int16,
        DType::I8 => Kind::Int8,
        DType::U8 => Kind::Uint8,
        DType::Bool => Kind::Bool,
    };
    let sides: Vec<i64> = data.shape.iter().map(|side| *side as i64).collect();
    Ok(Tensor::f_from_data_size(&data.bytes, &sides, kind)?.f_to_device(device)?)
}
