//! What is in a TorchScript archive (`torch.jit.save`): the text of its code, its modules' attributes, its constants.
//!
//! Nothing is run here, and libtorch sees none of it. The pickles are read by the same machine as any checkpoint's.
//! <https://github.com/pytorch/pytorch/blob/main/torch/csrc/jit/docs/serialization.md>

use std::collections::HashMap;
use std::sync::Arc;

use super::error::Problem;
use super::pickle;
use super::rebuild::{Storages, copy_out, limit_for};
use super::state_dict::TensorData;
use super::value::{Node, Pickle, Value};
use super::zip_pth::Archive;

/// Values that attributes and constants may be; networks have thousands.
const MAX_VALUES: usize = 1 << 20;
/// How deep lists may lie in lists.
const MAX_DEPTH: usize = 16;
/// Bytes of code; that of the largest network known, traced, takes three million.
const MAX_CODE: usize = 16 << 20;

/// An attribute of a module, or a constant of the code.
#[derive(Debug)]
pub(crate) enum Datum {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Arc<str>),
    /// By its place in [`Archived::tensors`].
    Tensor(usize),
    List(Vec<Datum>),
    Tuple(Vec<Datum>),
    /// By its place in [`Archived::modules`].
    Module(usize),
    /// Something else, such as a dictionary.
    Other,
}

/// A module: what its class is called, and its attributes.
#[derive(Debug, Default)]
pub(crate) struct Module {
    pub(crate) class: String,
    pub(crate) attributes: HashMap<String, Datum>,
}

/// An archive, read.
#[derive(Debug)]
pub(crate) struct Archived {
    /// The files of `code/`: what Python would call each, such as `__torch__.torch.nn.modules.conv`, and its text.
    pub(crate) code: Vec<(String, String)>,
    /// The first is the network.
    pub(crate) modules: Vec<Module>,
    pub(crate) tensors: Vec<TensorData>,
    pub(crate) constants: Vec<Datum>,
}

/// Reads an archive.
pub(crate) fn read(bytes: &[u8]) -> Result<Archived, Problem> {
    let mut archive = Archive::open(bytes)?;
    let folder = archive.folder()?;
    let mut code = Vec::new();
    let prefix = format!("{folder}code/");
    let mut size = 0;
    for (name, index) in archive.names.clone() {
        let Some(path) = name.strip_prefix(&prefix) else {
            continue;
        };
        let Some(path) = path.strip_suffix(".py") else {
            continue;
        };
        if path.contains('.') {
            return Err(Problem::malformed(format!("the name of the file {name}")));
        }
        let text = archive.entry(index)?;
        size += text.len();
        if size > MAX_CODE {
            return Err(Problem::TooLarge {
                what: "the code of the program".into(),
                claimed: size as u64,
                limit: MAX_CODE as u64,
            });
        }
        let text = std::str::from_utf8(&text)
            .map_err(|_| Problem::malformed(format!("{name}: text that is not UTF-8")))?;
        code.push((path.replace('/', "."), text.to_owned()));
    }
    let big_endian = match archive.names.get(&format!("{folder}byteorder")) {
        Some(index) => &*archive.entry(*index)? == b"big",
        None => false,
    };
    let mut values = Values {
        limit: limit_for(bytes.len()),
        used: 0,
        count: 0,
        modules: Vec::new(),
        tensors: Vec::new(),
    };
    let root = values.pickle(&mut archive, &folder, "data", big_endian)?;
    if !matches!(root, Datum::Module(0)) {
        return Err(Problem::malformed(
            "a TorchScript program that is no module",
        ));
    }
    let constants = match values.pickle(&mut archive, &folder, "constants", big_endian)? {
        Datum::Tuple(items) | Datum::List(items) => items,
        _ => Vec::new(),
    };
    Ok(Archived {
        code,
        modules: values.modules,
        tensors: values.tensors,
        constants,
    })
}

/// The values of an archive's pickles, while they are collected.
struct Values {
    /// Bytes that all tensors may take together.
    limit: usize,
    used: usize,
    count: usize,
    modules: Vec<Module>,
    tensors: Vec<TensorData>,
}

/// One pickle, and which of its nodes have become what.
struct Source<'a> {
    pickle: &'a Pickle<'a>,
    storages: Storages<'a>,
    modules: HashMap<usize, usize>,
    tensors: HashMap<usize, usize>,
    /// Modules that have been met and whose attributes are still to be looked at.
    waiting: Vec<(usize, Option<Value>)>,
}

impl Values {
    /// What `NAME.pkl` ends with; its storages lie in the folder `NAME`.
    fn pickle(
        &mut self,
        archive: &mut Archive<'_>,
        folder: &str,
        name: &str,
        big_endian: bool,
    ) -> Result<Datum, Problem> {
        let file = format!("{folder}{name}.pkl");
        let Some(index) = archive.names.get(&file) else {
            return Err(Problem::malformed(format!("no {file}")));
        };
        let bytes = archive.entry(*index)?;
        let pickle = pickle::run(&bytes, &file)?;
        let blobs = archive.storages(&pickle, &format!("{folder}{name}/"))?;
        let mut source = Source {
            pickle: &pickle,
            storages: Storages {
                blobs,
                big_endian,
                limit: self.limit,
            },
            modules: HashMap::new(),
            tensors: HashMap::new(),
            waiting: Vec::new(),
        };
        let root = self.datum(&mut source, pickle.root, 0)?;
        while let Some((module, state)) = source.waiting.pop() {
            let Some(Node::Dict(pairs)) = state.and_then(|state| pickle.node(state)) else {
                continue;
            };
            for (key, value) in pairs {
                let Some(key) = pickle.text(*key) else {
                    continue;
                };
                let value = self.datum(&mut source, *value, 0)?;
                self.modules[module].attributes.insert(key.into(), value);
            }
        }
        Ok(root)
    }

    fn datum(
        &mut self,
        source: &mut Source<'_>,
        value: Value,
        depth: usize,
    ) -> Result<Datum, Problem> {
        self.count += 1;
        if self.count > MAX_VALUES || depth > MAX_DEPTH {
            return Err(Problem::malformed("more values than any program needs"));
        }
        let pickle = source.pickle;
        let at = match value {
            Value::None => return Ok(Datum::None),
            Value::Bool(b) => return Ok(Datum::Bool(b)),
            Value::Int(n) => return Ok(Datum::Int(n)),
            Value::Float(x) => return Ok(Datum::Float(x)),
            Value::Node(at) => at,
        };
        match pickle.node(value) {
            Some(Node::Str(text)) => Ok(Datum::Str(Arc::from(&**text))),
            Some(Node::List(items)) => self.data(source, items, depth).map(Datum::List),
            Some(Node::Tuple(items)) => self.data(source, items, depth).map(Datum::Tuple),
            Some(Node::Instance { class, state }) => {
                if let Some(module) = source.modules.get(&at) {
                    return Ok(Datum::Module(*module));
                }
                let module = self.modules.len();
                self.modules.push(Module {
                    class: class.clone(),
                    attributes: HashMap::new(),
                });
                source.modules.insert(at, module);
                source.waiting.push((module, *state));
                Ok(Datum::Module(module))
            }
            Some(Node::Tensor(tensor)) => {
                if let Some(tensor) = source.tensors.get(&at) {
                    return Ok(Datum::Tensor(*tensor));
                }
                let name = format!("{} of the program", self.tensors.len());
                let data = copy_out(pickle, &source.storages, &name, *tensor, &mut self.used)?;
                self.tensors.push(data);
                source.tensors.insert(at, self.tensors.len() - 1);
                Ok(Datum::Tensor(self.tensors.len() - 1))
            }
            _ => Ok(Datum::Other),
        }
    }

    fn data(
        &mut self,
        source: &mut Source<'_>,
        items: &[Value],
        depth: usize,
    ) -> Result<Vec<Datum>, Problem> {
        items
            .iter()
            .map(|item| self.datum(source, *item, depth + 1))
            .collect()
    }
}
