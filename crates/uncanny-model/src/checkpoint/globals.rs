//! The allow-list: the few functions and classes a checkpoint may name, and what a call of each
//! means here. Everything else may be mentioned, never called.
//!
//! The list follows spandrel's unpickler and `torch.load(weights_only=True)`.

use super::error::Problem;
use super::pickle::Machine;
use super::value::{Node, Storage, Tensor, Value};

/// A function or class with a meaning here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// A kind of dictionary; the place of its items among the arguments.
    Dict {
        items: usize,
    },
    /// A kind of list or set.
    List,
    /// `torch.Size`: a tuple.
    Size,
    /// A class of `torch` for storages: the type of a tensor's elements.
    StorageType,
    /// `torch.float32` and its like.
    DType,
    /// `_rebuild_tensor`, `_v2`: storage, offset, size, stride, ...
    RebuildTensor,
    /// The same with a dtype.
    RebuildTensorV3,
    /// The tensor is its first argument.
    RebuildParameter,
    /// A function, a type, its arguments, a state.
    RebuildFromType,
    /// Other kinds of tensors of torch: sparse, quantised.
    OtherTensor,
    /// `copyreg._reconstructor`: an object of the class that is its first argument.
    Reconstructor,
    NumpyScalar,
    NumpyType,
    /// `_codecs.encode`: how old protocols write bytes.
    Encode,
    /// May be called; what it makes carries no weights.
    Harmless,
}

/// The allow-list itself.
pub(super) fn known(module: &str, name: &str) -> Option<Known> {
    Some(match (module, name) {
        ("collections", "OrderedDict" | "Counter") => Known::Dict { items: 0 },
        ("collections", "defaultdict") => Known::Dict { items: 1 },
        ("builtins" | "__builtin__", "dict") => Known::Dict { items: 0 },
        ("builtins" | "__builtin__", "list" | "set" | "frozenset" | "tuple") => Known::List,
        (
            "builtins" | "__builtin__",
            "int" | "float" | "bool" | "complex" | "slice" | "bytearray",
        ) => Known::Harmless,
        // Of TorchScript: a list, and a value with its type beside it.
        (
            "torch.jit._pickle",
            "build_intlist" | "build_doublelist" | "build_boollist" | "build_tensorlist"
            | "restore_type_tag",
        ) => Known::List,
        ("torch", "Size") => Known::Size,
        ("torch", "device") => Known::Harmless,
        ("torch" | "torch.cuda" | "torch.storage", name) if name.ends_with("Storage") => {
            Known::StorageType
        }
        (
            "torch",
            "float32" | "float" | "float16" | "half" | "bfloat16" | "float64" | "double" | "int64"
            | "long" | "int32" | "int" | "int16" | "short" | "int8" | "uint8" | "bool",
        ) => Known::DType,
        ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => Known::RebuildTensor,
        ("torch._utils", "_rebuild_tensor_v3") => Known::RebuildTensorV3,
        ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => {
            Known::RebuildParameter
        }
        ("torch._tensor", "_rebuild_from_type_v2") => Known::RebuildFromType,
        ("torch._utils", name) if name.starts_with("_rebuild_") => Known::OtherTensor,
        ("torch.storage", "_load_from_bytes") => Known::OtherTensor,
        ("copyreg" | "copy_reg", "_reconstructor") => Known::Reconstructor,
        ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar") => Known::NumpyScalar,
        ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => Known::Harmless,
        ("numpy", "dtype") => Known::NumpyType,
        ("_codecs", "encode") => Known::Encode,
        _ => return None,
    })
}

/// Modules whose classes are dangerous by mere instantiation, or never belong in a checkpoint:
/// such a file is hostile, not just the wrong kind.
fn is_hostile(global: &str) -> bool {
    const MODULES: [&str; 22] = [
        "__builtin__",
        "builtins",
        "posix",
        "nt",
        "os",
        "subprocess",
        "sys",
        "shutil",
        "socket",
        "pty",
        "commands",
        "runpy",
        "importlib",
        "ctypes",
        "multiprocessing",
        "pickle",
        "types",
        "functools",
        "operator",
        "webbrowser",
        "code",
        "asyncio",
    ];
    let package = global.split('.').next().unwrap_or(global);
    MODULES.contains(&package)
}

/// REDUCE, INST and OBJ: what calling `function` makes, if it is on the list.
pub(super) fn call<'a>(
    machine: &mut Machine<'a>,
    function: Value,
    args: Value,
) -> Result<Value, Problem> {
    let (name, known) = global(machine, function)?;
    let Some(known) = known else {
        return Err(refuse(machine, name));
    };
    call_known(machine, known, &name, args)
}

fn call_known<'a>(
    machine: &mut Machine<'a>,
    known: Known,
    name: &str,
    args: Value,
) -> Result<Value, Problem> {
    let Some(items) = machine.tuple(args) else {
        return Err(machine.bad("arguments that are not a tuple"));
    };
    let first = items.first().copied();
    let arg = |i: usize| -> Result<Value, Problem> {
        let missing = || machine.bad(&format!("too few arguments for {name}"));
        items.get(i).copied().ok_or_else(missing)
    };
    match known {
        Known::Dict { items: at } => {
            let from = items.get(at).copied();
            dict(machine, from)
        }
        Known::List => match first {
            Some(list) => Ok(list),
            None => machine.make(Node::List(Vec::new())),
        },
        Known::Size => arg(0),
        Known::RebuildTensor => {
            let tensor = Tensor {
                storage: arg(0)?,
                offset: int(machine, arg(1)?)?,
                size: arg(2)?,
                stride: arg(3)?,
                dtype: None,
            };
            machine.make(Node::Tensor(tensor))
        }
        Known::RebuildTensorV3 => {
            let tensor = Tensor {
                storage: arg(0)?,
                offset: int(machine, arg(1)?)?,
                size: arg(2)?,
                stride: arg(3)?,
                dtype: Some(arg(6)?),
            };
            machine.make(Node::Tensor(tensor))
        }
        Known::RebuildParameter => arg(0),
        Known::RebuildFromType => {
            let (function, args) = (arg(0)?, arg(2)?);
            let (inner, known) = global(machine, function)?;
            match known {
                // Not itself again: that could nest without end.
                Some(known) if known != Known::RebuildFromType => {
                    call_known(machine, known, &inner, args)
                }
                _ => Err(refuse(machine, inner)),
            }
        }
        Known::OtherTensor => Err(Problem::unsupported(format!(
            "a tensor made by `{name}` (sparse, quantised or nested)"
        ))),
        Known::Reconstructor => {
            let class = arg(0)?;
            instance(machine, class, args)
        }
        Known::NumpyScalar => {
            let (kind, bytes) = (arg(0)?, arg(1)?);
            match numpy_scalar(machine, kind, bytes) {
                Some(value) => Ok(value),
                None => machine.make(Node::Opaque),
            }
        }
        Known::NumpyType => {
            let kind = machine.short(arg(0)?).unwrap_or_default();
            machine.make(Node::NumpyType {
                kind,
                big_endian: false,
            })
        }
        Known::Encode => {
            let text = match machine.node(arg(0)?) {
                // The encoding is always latin1: one byte a character.
                Some(Node::Str(text)) => text.chars().map(u8::try_from).collect(),
                _ => Ok(Vec::new()),
            };
            let bytes: Vec<u8> = text.map_err(|_| machine.bad("bytes outside latin1"))?;
            machine.spend(bytes.len())?;
            machine.make(Node::Bytes(bytes.into()))
        }
        Known::Harmless => machine.make(Node::Opaque),
        Known::StorageType | Known::DType => {
            Err(machine.bad(&format!("{name} called like a function")))
        }
    }
}

/// NEWOBJ: an object of a class, made without calling anything.
pub(super) fn instance<'a>(
    machine: &mut Machine<'a>,
    class: Value,
    args: Value,
) -> Result<Value, Problem> {
    let (name, known) = global(machine, class)?;
    match known {
        Some(Known::Dict { .. }) => machine.make(Node::Dict(Vec::new())),
        Some(Known::List | Known::Size) => call(machine, class, args),
        Some(_) => machine.make(Node::Opaque),
        None if is_hostile(&name) => Err(Problem::UnsafePickle { global: name }),
        None => {
            machine.first_instance.get_or_insert_with(|| name.clone());
            machine.make(Node::Instance {
                class: name,
                state: None,
            })
        }
    }
}

/// BUILD: gives an object its state. Only a numpy type's and a TorchScript module's matter.
pub(super) fn build(machine: &mut Machine<'_>, object: Value, state: Value) -> Result<(), Problem> {
    let order = machine
        .tuple(state)
        .and_then(|items| machine.short(*items.get(1)?));
    match machine.node_mut(object) {
        Some(Node::NumpyType { big_endian, .. }) => *big_endian = order.as_deref() == Some(">"),
        Some(Node::Global { name, .. }) => {
            return Err(Problem::UnsafePickle {
                global: name.clone(),
            });
        }
        Some(Node::Instance { state: own, .. }) => *own = Some(state),
        Some(_) => {}
        None => return Err(machine.bad("a state for something that has none")),
    }
    Ok(())
}

/// BINPERSID: a storage, or in old pickled modules a class with its source.
pub(super) fn persistent(machine: &mut Machine<'_>, id: Value) -> Result<Value, Problem> {
    let bad = |machine: &Machine<'_>| machine.bad("a persistent id that is not a storage's");
    let Some(items) = machine.tuple(id) else {
        return Err(bad(machine));
    };
    let tag = items.first().and_then(|tag| machine.short(*tag));
    match (tag.as_deref(), items) {
        (Some("module"), [_, class, ..]) => Ok(*class),
        (Some("storage"), [_, kind, key, _location, numel, rest @ ..]) => {
            let storage = Storage {
                kind: match machine.node(*kind) {
                    Some(Node::Global {
                        name,
                        known: Some(Known::StorageType),
                    }) => name.rsplit('.').next().unwrap_or(name).to_owned(),
                    _ => return Err(bad(machine)),
                },
                key: machine.short(*key).ok_or_else(|| bad(machine))?,
                numel: int(machine, *numel)?,
                view_offset: match rest.first().and_then(|view| machine.tuple(*view)) {
                    Some([_, offset, ..]) => int(machine, *offset)?,
                    _ => 0,
                },
            };
            machine.make(Node::Storage(storage))
        }
        _ => Err(bad(machine)),
    }
}

/// The problem with a call of something unknown.
fn refuse(machine: &Machine<'_>, name: String) -> Problem {
    match &machine.first_instance {
        // Modules of old PyTorch call a few of its helpers.
        Some(class) if name.starts_with("torch.") => Problem::WholeModule {
            class: class.clone(),
        },
        _ => Problem::UnsafePickle { global: name },
    }
}

fn global(machine: &Machine<'_>, value: Value) -> Result<(String, Option<Known>), Problem> {
    match machine.node(value) {
        Some(Node::Global { name, known }) => Ok((name.clone(), *known)),
        _ => Err(machine.bad("a call of something that is not a function")),
    }
}

fn int(machine: &Machine<'_>, value: Value) -> Result<i64, Problem> {
    match value {
        Value::Int(n) => Ok(n),
        _ => Err(machine.bad("something else than an integer")),
    }
}

/// A dictionary, from nothing, another one, or a list of pairs.
fn dict<'a>(machine: &mut Machine<'a>, from: Option<Value>) -> Result<Value, Problem> {
    let pairs = match from.and_then(|value| machine.node(value)) {
        Some(Node::Dict(pairs)) => pairs.clone(),
        Some(Node::List(items) | Node::Tuple(items)) => items
            .iter()
            .filter_map(|item| match machine.node(*item) {
                Some(Node::List(pair) | Node::Tuple(pair)) => match pair.as_slice() {
                    [key, value] => Some((*key, *value)),
                    _ => None,
                },
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    machine.spend(pairs.len())?;
    machine.make(Node::Dict(pairs))
}

/// The number in a numpy scalar.
fn numpy_scalar(machine: &Machine<'_>, kind: Value, bytes: Value) -> Option<Value> {
    let Some(Node::NumpyType { kind, big_endian }) = machine.node(kind) else {
        return None;
    };
    let Some(Node::Bytes(bytes)) = machine.node(bytes) else {
        return None;
    };
    let mut bytes = bytes.get(..8).unwrap_or(bytes).to_vec();
    if *big_endian {
        bytes.reverse();
    }
    let number = |n: i64| Some(Value::Int(n));
    match kind.as_str() {
        "f8" => Some(Value::Float(f64::from_le_bytes(bytes.try_into().ok()?))),
        "f4" => {
            let x = f32::from_le_bytes(bytes.try_into().ok()?);
            Some(Value::Float(x.into()))
        }
        "i8" => number(i64::from_le_bytes(bytes.try_into().ok()?)),
        "i4" => number(i32::from_le_bytes(bytes.try_into().ok()?).into()),
        "i2" => number(i16::from_le_bytes(bytes.try_into().ok()?).into()),
        "u8" => number(u64::from_le_bytes(bytes.try_into().ok()?).try_into().ok()?),
        "u4" => number(u32::from_le_bytes(bytes.try_into().ok()?).into()),
        "b1" => Some(Value::Bool(*bytes.first()? != 0)),
        _ => None,
    }
}
