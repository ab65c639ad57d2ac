//! What pickles are made of: values in an arena, referring to each other by index.

use std::borrow::Cow;

use super::globals::Known;

/// A value on the stack: small ones as they are, others as a place in the arena.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Node(usize),
}

/// A value in the arena.
#[derive(Debug)]
pub(crate) enum Node<'a> {
    Str(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
    /// An integer wider than 64 bits; nobody asks which.
    Long,
    /// A list or a set.
    List(Vec<Value>),
    Tuple(Vec<Value>),
    Dict(Vec<(Value, Value)>),
    /// A function or class, by name; `None` when nothing may come of it.
    Global {
        name: String,
        known: Option<Known>,
    },
    /// A persistent id: where a tensor's elements are.
    Storage(Storage),
    Tensor(Tensor),
    /// An object of a class outside the allow-list: that it is one, and what it was given as its state.
    Instance {
        class: String,
        state: Option<Value>,
    },
    /// A numpy element type.
    NumpyType {
        kind: String,
        big_endian: bool,
    },
    /// Something harmless that carries no weights.
    Opaque,
}

/// Where a tensor's elements are, as the file says.
#[derive(Debug, Clone)]
pub(crate) struct Storage {
    /// The name of its type, such as `FloatStorage`.
    pub(crate) kind: String,
    pub(crate) key: String,
    pub(crate) numel: i64,
    /// Where it starts in the storage called `key`, in elements.
    pub(crate) view_offset: i64,
}

/// A tensor, as the file says; nothing in it has been checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tensor {
    pub(crate) storage: Value,
    pub(crate) offset: i64,
    pub(crate) size: Value,
    pub(crate) stride: Value,
    /// Set where it differs from the storage's: a `torch.dtype`.
    pub(crate) dtype: Option<Value>,
}

/// What a pickle held.
#[derive(Debug)]
pub(crate) struct Pickle<'a> {
    nodes: Vec<Node<'a>>,
    /// The value it ends with.
    pub(crate) root: Value,
    /// Bytes up to and including its last opcode.
    pub(crate) len: usize,
}

impl<'a> Pickle<'a> {
    pub(super) fn new(nodes: Vec<Node<'a>>, root: Value, len: usize) -> Self {
        Self { nodes, root, len }
    }

    /// The arena's entry of a value, if it has one.
    pub(crate) fn node(&self, value: Value) -> Option<&Node<'a>> {
        match value {
            Value::Node(i) => self.nodes.get(i),
            _ => None,
        }
    }

    /// The text of a string value.
    pub(crate) fn text(&self, value: Value) -> Option<&str> {
        match self.node(value)? {
            Node::Str(s) => Some(s),
            _ => None,
        }
    }

    /// Every storage that it mentions.
    pub(crate) fn storages(&self) -> impl Iterator<Item = &Storage> {
        self.nodes.iter().filter_map(|n| match n {
            Node::Storage(s) => Some(s),
            _ => None,
        })
    }
}
