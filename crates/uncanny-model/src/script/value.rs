//! What a program computes with, and what it may take up while it does.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use tch::{TchError, Tensor};

/// A value while a program runs.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Arc<str>),
    Tensor(Rc<Held>),
    List(Rc<List>),
    Tuple(Rc<Tuple>),
    Module(usize),
    Function(Arc<str>),
    /// A device. Which one does not matter: everything is where the network runs.
    Device,
}

/// How deep lists and tuples may lie within each other: whoever compares or drops one follows it down.
const MAX_NESTING: usize = 4;

/// The most items of a list.
pub(crate) const MAX_ITEMS: usize = 4096;

/// A list, which can grow, but not by what has items itself.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) items: RefCell<Vec<Value>>,
    nesting: usize,
}

#[derive(Debug)]
pub(crate) struct Tuple {
    pub(crate) items: Vec<Value>,
    nesting: usize,
}

impl Value {
    pub(crate) fn list(items: Vec<Value>) -> Result<Value, Stop> {
        let nesting = nesting(&items)?;
        let items = RefCell::new(items);
        Ok(Value::List(Rc::new(List { items, nesting })))
    }

    pub(crate) fn tuple(items: Vec<Value>) -> Result<Value, Stop> {
        let nesting = nesting(&items)?;
        Ok(Value::Tuple(Rc::new(Tuple { items, nesting })))
    }

    /// The items of a list or tuple, for a look.
    pub(crate) fn with_items<T>(&self, look: impl FnOnce(&[Value]) -> T) -> Option<T> {
        match self {
            Value::List(list) => Some(look(&list.items.borrow())),
            Value::Tuple(tuple) => Some(look(&tuple.items)),
            _ => None,
        }
    }

    /// The items of a list or tuple.
    pub(crate) fn items(&self) -> Option<Vec<Value>> {
        self.with_items(<[Value]>::to_vec)
    }

    /// Whether it has items.
    pub(crate) fn is_nested(&self) -> bool {
        matches!(self, Value::List(_) | Value::Tuple(_))
    }

    /// What it is, for messages.
    pub(crate) fn what(&self) -> &'static str {
        match self {
            Value::None => "None",
            Value::Bool(_) => "a bool",
            Value::Int(_) => "an int",
            Value::Float(_) => "a float",
            Value::Str(_) => "a text",
            Value::Tensor(_) => "a tensor",
            Value::List(_) => "a list",
            Value::Tuple(_) => "a tuple",
            Value::Module(_) => "a module",
            Value::Function(_) => "a function",
            Value::Device => "a device",
        }
    }
}

/// How deep what has these items is nested.
fn nesting(items: &[Value]) -> Result<usize, Stop> {
    let inner = items.iter().map(|item| match item {
        Value::List(list) => list.nesting,
        Value::Tuple(tuple) => tuple.nesting,
        _ => 0,
    });
    let nesting = inner.max().unwrap_or(0) + 1;
    if nesting > MAX_NESTING || items.len() > MAX_ITEMS {
        return Err(Stop::refused(
            "it makes lists that are too long or too deep",
        ));
    }
    Ok(nesting)
}

/// A tensor that counts towards what a program holds for as long as it lives.
pub(crate) struct Held {
    pub(crate) tensor: Tensor,
    elements: i64,
    meter: Option<Rc<Cell<i64>>>,
}

impl Held {
    /// One that counts.
    pub(crate) fn counted(tensor: Tensor, elements: i64, meter: &Rc<Cell<i64>>) -> Held {
        meter.set(meter.get().saturating_add(elements));
        Held {
            tensor,
            elements,
            meter: Some(Rc::clone(meter)),
        }
    }

    /// One that is there anyway: a weight.
    pub(crate) fn free(tensor: Tensor) -> Held {
        Held {
            tensor,
            elements: 0,
            meter: None,
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(meter) = &self.meter {
            meter.set(meter.get() - self.elements);
        }
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.tensor)
    }
}

/// Why a program stopped.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) why: String,
    /// Whether it was stopped for what it asks for, and did not fail by itself.
    pub(crate) refused: bool,
    /// Where, once that is known.
    pub(crate) at: Option<String>,
}

impl Stop {
    /// It asked for what it may not have.
    pub(crate) fn refused(why: impl Into<String>) -> Stop {
        Stop {
            why: why.into(),
            refused: true,
            at: None,
        }
    }

    /// It does not work.
    pub(crate) fn failed(why: impl Into<String>) -> Stop {
        Stop {
            why: why.into(),
            refused: false,
            at: None,
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            Some(at) => write!(f, "{} ({at})", self.why),
            None => write!(f, "{}", self.why),
        }
    }
}

impl From<TchError> for Stop {
    fn from(error: TchError) -> Stop {
        Stop::failed(first_line(&error))
    }
}

/// What libtorch says without its trace: its first line.
pub(crate) fn first_line(error: &TchError) -> String {
    let text = error.to_string();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.next().unwrap_or_default().chars().take(300).collect()
}
