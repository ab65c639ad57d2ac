//! The operators that a program may use: what super-resolution networks are made of, and nothing that names files,
//! processes, memory, threads or chance.
//!
//! Each is one entry of a table: its name, its parameters in the order of libtorch's schema
//! (<https://github.com/pytorch/pytorch/blob/main/aten/src/ATen/native/native_functions.yaml>), and what it does. What can
//! make more elements than it is given asks [`Call::room`] first. One whose name ends in `_` is its namesake, the result
//! copied over its first argument.

mod layers;
mod math;
mod numbers;
mod shapes;

use std::rc::Rc;

use tch::{Device, Kind, Scalar, TchError, Tensor};

use super::run::Run;
use super::syntax::Number;
use super::value::{Held, Stop, Value};

pub(crate) use numbers::convert;
pub(crate) use shapes::item;

/// An operator.
#[derive(Debug)]
pub(crate) struct Op {
    /// Without `torch.` or `ops.prim.`.
    pub(crate) name: &'static str,
    pub(crate) params: &'static [&'static str],
    /// Whether it may be done in place, called by its name and `_`.
    in_place: bool,
    pub(crate) body: fn(&Call<'_>) -> Result<Value, Stop>,
}

impl Op {
    const fn new(
        name: &'static str,
        params: &'static [&'static str],
        body: fn(&Call<'_>) -> Result<Value, Stop>,
    ) -> Op {
        Op {
            name,
            params,
            in_place: false,
            body,
        }
    }

    /// One that makes of a tensor another of its size, and may put it in its place.
    const fn elementwise(
        name: &'static str,
        params: &'static [&'static str],
        body: fn(&Call<'_>) -> Result<Value, Stop>,
    ) -> Op {
        Op {
            name,
            params,
            in_place: true,
            body,
        }
    }
}

/// The operator that a program calls `torch.NAME`, `ops.aten.NAME` or `ops.prim.NAME`, and whether in place.
pub(crate) fn find(path: &str) -> Option<(&'static Op, bool)> {
    let name = ["torch.", "ops.aten.", "ops.prim."]
        .iter()
        .find_map(|space| path.strip_prefix(space))?;
    let among = |name: &str| {
        let all = [numbers::OPS, math::OPS, shapes::OPS, layers::OPS];
        all.into_iter().flatten().find(|op| op.name == name)
    };
    if let Some(op) = among(name) {
        return Some((op, false));
    }
    let op = among(name.strip_suffix('_')?)?;
    op.in_place.then_some((op, true))
}

/// The most tensors that one operator may make: `split` and its like.
const MAX_PIECES: i64 = 4096;

/// The most dimensions of a tensor; networks use seven.
const MAX_DIMENSIONS: usize = 16;

/// An operator's arguments, each in its place, `None` where it is left out.
pub(crate) struct Call<'a> {
    pub(crate) name: &'static str,
    pub(crate) args: &'a [Option<Value>],
    pub(crate) run: &'a Run<'a>,
}

type R<T> = Result<T, Stop>;

impl Call<'_> {
    /// The argument, none where it is left out or `None`.
    pub(crate) fn get(&self, i: usize) -> Option<&Value> {
        match self.args.get(i)?.as_ref()? {
            Value::None => None,
            value => Some(value),
        }
    }

    fn wrong<T>(&self, i: usize, wanted: &str) -> R<T> {
        let found = self.get(i).map_or("nothing", Value::what);
        Err(Stop::failed(format!(
            "{} takes {wanted}, not {found}",
            self.name
        )))
    }

    /// An argument that changes what is done in a way that is not known here.
    fn only(&self, allowed: bool, what: &str) -> R<()> {
        if allowed {
            Ok(())
        } else {
            Err(Stop::refused(format!("it uses `{}` {what}", self.name)))
        }
    }

    pub(crate) fn t(&self, i: usize) -> R<&Tensor> {
        match self.get(i) {
            Some(Value::Tensor(held)) => Ok(&held.tensor),
            _ => self.wrong(i, "a tensor"),
        }
    }

    fn opt_t(&self, i: usize) -> R<Option<&Tensor>> {
        match self.get(i) {
            None => Ok(None),
            Some(_) => self.t(i).map(Some),
        }
    }

    fn is_tensor(&self, i: usize) -> bool {
        matches!(self.get(i), Some(Value::Tensor(_)))
    }

    fn int(&self, i: usize) -> R<i64> {
        match self.get(i) {
            Some(Value::Int(n)) => Ok(*n),
            Some(tensor @ Value::Tensor(_)) => match convert(Number::Int, tensor)? {
                Value::Int(n) => Ok(n),
                _ => self.wrong(i, "an int"),
            },
            _ => self.wrong(i, "an int"),
        }
    }

    fn opt_int(&self, i: usize) -> R<Option<i64>> {
        match self.get(i) {
            None => Ok(None),
            Some(_) => self.int(i).map(Some),
        }
    }

    fn int_or(&self, i: usize, default: i64) -> R<i64> {
        Ok(self.opt_int(i)?.unwrap_or(default))
    }

    fn opt_float(&self, i: usize) -> R<Option<f64>> {
        match self.get(i) {
            None => Ok(None),
            Some(Value::Float(x)) => Ok(Some(*x)),
            Some(Value::Int(n)) => Ok(Some(*n as f64)),
            _ => self.wrong(i, "a number"),
        }
    }

    fn float_or(&self, i: usize, default: f64) -> R<f64> {
        Ok(self.opt_float(i)?.unwrap_or(default))
    }

    fn bool_or(&self, i: usize, default: bool) -> R<bool> {
        match self.get(i) {
            None => Ok(default),
            Some(Value::Bool(b)) => Ok(*b),
            _ => self.wrong(i, "a bool"),
        }
    }

    fn text_or<'a>(&'a self, i: usize, default: &'a str) -> R<&'a str> {
        match self.get(i) {
            None => Ok(default),
            Some(Value::Str(text)) => Ok(text),
            _ => self.wrong(i, "a text"),
        }
    }

    /// The items of a list or tuple.
    fn items(&self, i: usize) -> R<Vec<Value>> {
        match self.get(i).and_then(Value::items) {
            Some(items) => Ok(items),
            None => self.wrong(i, "a list"),
        }
    }

    fn opt_ints(&self, i: usize) -> R<Option<Vec<i64>>> {
        match self.get(i) {
            None => Ok(None),
            Some(Value::Int(n)) => Ok(Some(vec![*n])),
            Some(_) => {
                let each = self.items(i)?.into_iter().map(|item| match item {
                    Value::Int(n) => Ok(n),
                    tensor @ Value::Tensor(_) => match convert(Number::Int, &tensor)? {
                        Value::Int(n) => Ok(n),
                        _ => self.wrong(i, "ints"),
                    },
                    _ => self.wrong(i, "ints"),
                });
                each.collect::<R<Vec<i64>>>().map(Some)
            }
        }
    }

    fn ints(&self, i: usize) -> R<Vec<i64>> {
        match self.opt_ints(i)? {
            Some(ints) => Ok(ints),
            None => self.wrong(i, "ints"),
        }
    }

    fn ints_or(&self, i: usize, default: &[i64]) -> R<Vec<i64>> {
        Ok(self.opt_ints(i)?.unwrap_or_else(|| default.to_vec()))
    }

    fn opt_floats(&self, i: usize) -> R<Option<Vec<f64>>> {
        if self.get(i).is_none() {
            return Ok(None);
        }
        let each = self.items(i)?.into_iter().map(|item| match item {
            Value::Int(n) => Ok(n as f64),
            Value::Float(x) => Ok(x),
            _ => self.wrong(i, "numbers"),
        });
        each.collect::<R<Vec<f64>>>().map(Some)
    }

    fn tensors(&self, i: usize) -> R<Vec<Tensor>> {
        let each = self.items(i)?.into_iter().map(|item| match item {
            Value::Tensor(held) => Ok(held.tensor.shallow_clone()),
            _ => self.wrong(i, "tensors"),
        });
        each.collect()
    }

    /// A number; a tensor of one element will do.
    fn scalar(&self, i: usize) -> R<Scalar> {
        let value = match self.get(i) {
            Some(tensor @ Value::Tensor(_)) => convert(Number::Any, tensor)?,
            Some(value) => value.clone(),
            None => return self.wrong(i, "a number"),
        };
        match value {
            Value::Int(n) => Ok(n.into()),
            Value::Bool(b) => Ok(i64::from(b).into()),
            Value::Float(x) => Ok(x.into()),
            _ => self.wrong(i, "a number"),
        }
    }

    /// The type of a tensor's elements, by libtorch's number for it.
    fn opt_kind(&self, i: usize) -> R<Option<Kind>> {
        let Some(number) = self.opt_int(i)? else {
            return Ok(None);
        };
        let kind = match number {
            0 => Kind::Uint8,
            1 => Kind::Int8,
            2 => Kind::Int16,
            3 => Kind::Int,
            4 => Kind::Int64,
            5 => Kind::Half,
            6 => Kind::Float,
            7 => Kind::Double,
            11 => Kind::Bool,
            15 => Kind::BFloat16,
            _ => {
                self.only(false, &format!("with the type of elements {number}"))?;
                Kind::Float
            }
        };
        Ok(Some(kind))
    }

    /// Where the network runs.
    fn device(&self) -> Device {
        self.run.device
    }

    /// Whether there is room for this many elements more.
    pub(crate) fn room(&self, elements: Option<i64>) -> R<()> {
        self.run.room(self.name, elements)
    }

    /// Whether there is room for a tensor of these sides.
    fn room_for(&self, sides: &[i64]) -> R<()> {
        self.room(product(sides))
    }

    /// Whether there is room for what these make together, each broadcast to the others' size.
    fn room_for_both(&self, a: &Tensor, b: &Tensor) -> R<()> {
        self.room_for(&broadcast(&a.size(), &b.size()))
    }

    /// What the operator made.
    fn made(&self, tensor: Tensor) -> R<Value> {
        let elements = tensor.numel() as i64;
        self.room(Some(elements))?;
        self.run.count(elements)?;
        if tensor.dim() > MAX_DIMENSIONS {
            return Err(Stop::refused(format!(
                "{} makes a tensor of {} dimensions",
                self.name,
                tensor.dim()
            )));
        }
        let held = Held::counted(tensor, elements, &self.run.held);
        Ok(Value::Tensor(Rc::new(held)))
    }

    /// The same of what libtorch answers.
    fn out(&self, tensor: Result<Tensor, TchError>) -> R<Value> {
        self.made(tensor?)
    }

    /// Several tensors, in a list.
    fn out_list(&self, tensors: Result<Vec<Tensor>, TchError>) -> R<Value> {
        let values: R<Vec<Value>> = tensors?
            .into_iter()
            .map(|tensor| self.made(tensor))
            .collect();
        Value::list(values?)
    }

    /// Two tensors, in a tuple.
    fn out_pair(&self, pair: Result<(Tensor, Tensor), TchError>) -> R<Value> {
        let (a, b) = pair?;
        Value::tuple(vec![self.made(a)?, self.made(b)?])
    }

    /// A side of a tensor, by a dimension that may be counted from the end.
    fn side(&self, tensor: &Tensor, dim: i64) -> R<i64> {
        let sides = tensor.size();
        let at = if dim < 0 {
            dim + sides.len() as i64
        } else {
            dim
        };
        let side = usize::try_from(at).ok().and_then(|at| sides.get(at));
        side.copied()
            .ok_or_else(|| Stop::failed(format!("{}: no dimension {dim}", self.name)))
    }

    /// Whether a number of pieces is one that a network makes.
    fn few(&self, pieces: i64) -> R<()> {
        self.only(
            (0..=MAX_PIECES).contains(&pieces),
            &format!("for {pieces} pieces"),
        )
    }
}

/// How many elements a tensor of these sides has, if that can be counted.
fn product(sides: &[i64]) -> Option<i64> {
    sides
        .iter()
        .try_fold(1_i64, |product, side| product.checked_mul((*side).max(0)))
}

/// The sides of what two tensors of these make together. Where they do not fit, libtorch will say so.
fn broadcast(a: &[i64], b: &[i64]) -> Vec<i64> {
    let (long, short) = if a.len() < b.len() { (b, a) } else { (a, b) };
    let mut sides = long.to_vec();
    let skip = long.len() - short.len();
    for (side, other) in sides[skip..].iter_mut().zip(short) {
        *side = if *side == 1 { *other } else { *side };
    }
    sides
}
