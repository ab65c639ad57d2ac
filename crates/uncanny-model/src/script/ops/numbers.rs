//! Operators on numbers, texts and lists: what a program computes sizes with, and how it asks for them.

use std::rc::Rc;

use tch::{Kind, Scalar, TchError, Tensor};

use super::{Call, Op, R};
use crate::script::syntax::Number;
use crate::script::value::{MAX_ITEMS, Stop, Value};

/// What is made of two whole numbers, or nothing where it has no value.
type Ints = fn(i64, i64) -> Option<Value>;
/// What is made of two others.
type Floats = fn(f64, f64) -> Value;

pub(super) static OPS: &[Op] = &[
    // Of a trace: a number that goes on as a tensor.
    Op::new("NumToTensor", &["a"], |c| {
        let tensor = match c.get(0) {
            Some(Value::Int(n)) => Tensor::f_from_slice(&[*n])?,
            Some(Value::Float(x)) => Tensor::f_from_slice(&[*x])?,
            Some(Value::Bool(b)) => Tensor::f_from_slice(&[*b])?,
            _ => return c.wrong(0, "a number"),
        };
        c.out(tensor.f_reshape([0_i64; 0]))
    }),
    Op::new("RaiseException", &["message", "class"], |c| {
        let message: String = c.text_or(0, "")?.chars().take(200).collect();
        Err(Stop::failed(format!("it raises an error, {message:?}")))
    }),
    // A warning for people who train; what is enhanced does not depend on it.
    Op::new("warn", &["message", "level"], |_| Ok(Value::None)),
    Op::new("format", &["a", "b", "c", "d", "e", "f"], |c| {
        Ok(Value::Str(c.text_or(0, "")?.into()))
    }),
    Op::new("device", &["name", "index"], |_| Ok(Value::Device)),
    Op::new("len", &["a"], |c| match c.get(0) {
        Some(Value::Str(text)) => Ok(Value::Int(text.chars().count() as i64)),
        Some(Value::Tensor(held)) => {
            let sides = held.tensor.size();
            Ok(Value::Int(sides.first().copied().unwrap_or(0)))
        }
        _ => Ok(Value::Int(c.items(0)?.len() as i64)),
    }),
    Op::new("append", &["self", "el"], |c| {
        match (c.get(0), c.args.get(1)) {
            (Some(Value::List(list)), Some(Some(item))) => {
                if list.items.borrow().len() >= MAX_ITEMS || item.is_nested() {
                    return Err(Stop::refused("it makes a list without end"));
                }
                list.items.borrow_mut().push(item.clone());
                Ok(Value::List(Rc::clone(list)))
            }
            _ => c.wrong(0, "a list"),
        }
    }),
    Op::new("list", &["l"], |c| Value::list(c.items(0)?)),
    Op::new("__contains__", &["l", "item"], |c| {
        let Some(wanted) = c.get(1) else {
            return c.wrong(1, "a value");
        };
        let found = c
            .items(0)?
            .iter()
            .any(|item| same(item, wanted) == Some(true));
        Ok(Value::Bool(found))
    }),
    Op::new("__is__", &["self", "obj"], |c| is(c).map(Value::Bool)),
    Op::new("__isnot__", &["self", "obj"], |c| Ok(Value::Bool(!is(c)?))),
    Op::new("__not__", &["self"], |c| match c.get(0) {
        Some(Value::Bool(b)) => Ok(Value::Bool(!b)),
        _ => c.wrong(0, "a bool"),
    }),
    Op::new("__and__", &["self", "other"], |c| {
        if c.is_tensor(0) {
            return binary(c, Tensor::f_logical_and, |_, _| unreachable_scalar());
        }
        Ok(Value::Bool(c.bool_or(0, false)? && c.bool_or(1, false)?))
    }),
    Op::new("__or__", &["self", "other"], |c| {
        if c.is_tensor(0) {
            return binary(c, Tensor::f_logical_or, |_, _| unreachable_scalar());
        }
        Ok(Value::Bool(c.bool_or(0, false)? || c.bool_or(1, false)?))
    }),
    Op::new("unchecked_unwrap_optional", &["a"], |c| {
        c.get(0).cloned().map_or_else(|| c.wrong(0, "a value"), Ok)
    }),
    Op::new("dim", &["self"], |c| Ok(Value::Int(c.t(0)?.dim() as i64))),
    Op::new("numel", &["self"], |c| {
        Ok(Value::Int(c.t(0)?.numel() as i64))
    }),
    Op::new("size", &["self", "dim"], |c| {
        let tensor = c.t(0)?;
        match c.opt_int(1)? {
            Some(dim) => c.side(tensor, dim).map(Value::Int),
            None => Value::list(tensor.size().into_iter().map(Value::Int).collect()),
        }
    }),
    Op::new("dtype", &["a"], |c| {
        let number = match c.t(0)?.kind() {
            Kind::Uint8 => 0,
            Kind::Int8 => 1,
            Kind::Int16 => 2,
            Kind::Int => 3,
            Kind::Int64 => 4,
            Kind::Half => 5,
            Kind::Float => 6,
            Kind::Double => 7,
            Kind::Bool => 11,
            _ => 15,
        };
        Ok(Value::Int(number))
    }),
    Op::new("is_floating_point", &["self"], |c| {
        let kind = c.t(0)?.kind();
        let float = matches!(
            kind,
            Kind::Half | Kind::Float | Kind::Double | Kind::BFloat16
        );
        Ok(Value::Bool(float))
    }),
    Op::new("item", &["self"], |c| match c.get(0) {
        Some(value) => convert(Number::Any, value),
        None => c.wrong(0, "a tensor"),
    }),
    Op::elementwise("add", &["self", "other", "alpha"], |c| {
        match (c.get(0), c.get(1)) {
            (Some(Value::List(a)), Some(Value::List(b))) => {
                let mut items = a.items.borrow().clone();
                items.extend(b.items.borrow().iter().cloned());
                return Value::list(items);
            }
            (Some(Value::Tensor(_)), _) => {
                return with_alpha(c, Tensor::f_add, |a, b| a.f_add_scalar(b));
            }
            _ => {}
        }
        numbers(
            c,
            |a, b| a.checked_add(b).map(Value::Int),
            |a, b| Value::Float(a + b),
        )
    }),
    Op::elementwise("sub", &["self", "other", "alpha"], |c| {
        if c.is_tensor(0) {
            return with_alpha(c, Tensor::f_sub, |a, b| a.f_sub_scalar(b));
        }
        numbers(
            c,
            |a, b| a.checked_sub(b).map(Value::Int),
            |a, b| Value::Float(a - b),
        )
    }),
    Op::new("rsub", &["self", "other", "alpha"], |c| {
        with_alpha(c, |a, b| b.f_sub(a), |a, b| a.f_neg()?.f_add_scalar(b))
    }),
    Op::elementwise("mul", &["self", "other"], |c| {
        arithmetic(
            c,
            Tensor::f_mul,
            |a, b| a.f_mul_scalar(b),
            |a, b| a.checked_mul(b).map(Value::Int),
            |a, b| Value::Float(a * b),
        )
    }),
    Op::elementwise("div", &["self", "other", "rounding_mode"], |c| {
        match c.text_or(2, "")? {
            "" => arithmetic(
                c,
                Tensor::f_div,
                |a, b| a.f_div_scalar(b),
                |a, b| (b != 0).then(|| Value::Float(a as f64 / b as f64)),
                |a, b| Value::Float(a / b),
            ),
            "floor" => binary(c, Tensor::f_floor_divide, |a, b| a.f_floor_divide_scalar(b)),
            "trunc" => binary(
                c,
                |a, b| a.f_div_tensor_mode(b, "trunc"),
                |a, b| a.f_div_scalar_mode(b, "trunc"),
            ),
            mode => {
                c.only(false, &format!("rounding by {mode:?}"))?;
                Ok(Value::None)
            }
        }
    }),
    Op::new("floor_divide", &["self", "other"], floor_divide),
    Op::new("floordiv", &["self", "other"], floor_divide),
    Op::new("remainder", &["self", "other"], |c| {
        arithmetic(
            c,
            Tensor::f_remainder_tensor,
            |a, b| a.f_remainder(b),
            |a, b| {
                let rest = a.checked_rem(b)?;
                let mends = rest != 0 && (rest < 0) != (b < 0);
                Some(Value::Int(if mends { rest + b } else { rest }))
            },
            |a, b| Value::Float(a - b * (a / b).floor()),
        )
    }),
    Op::elementwise("pow", &["self", "exponent"], |c| {
        arithmetic(
            c,
            Tensor::f_pow,
            |a, b| a.f_pow_tensor_scalar(b),
            |a, b| match u32::try_from(b) {
                Ok(b) => a.checked_pow(b).map(Value::Int),
                Err(_) => Some(Value::Float((a as f64).powf(b as f64))),
            },
            |a, b| Value::Float(a.powf(b)),
        )
    }),
    Op::new("eq", &["self", "other"], |c| match equal(c) {
        Some(same) => Ok(Value::Bool(same)),
        None => binary(c, Tensor::f_eq_tensor, |a, b| a.f_eq(b)),
    }),
    Op::new("ne", &["self", "other"], |c| match equal(c) {
        Some(same) => Ok(Value::Bool(!same)),
        None => binary(c, Tensor::f_ne_tensor, |a, b| a.f_ne(b)),
    }),
    Op::new("lt", &["self", "other"], |c| {
        arithmetic(
            c,
            Tensor::f_lt_tensor,
            |a, b| a.f_lt(b),
            |a, b| Some(Value::Bool(a < b)),
            |a, b| Value::Bool(a < b),
        )
    }),
    Op::new("le", &["self", "other"], |c| {
        arithmetic(
            c,
            Tensor::f_le_tensor,
            |a, b| a.f_le(b),
            |a, b| Some(Value::Bool(a <= b)),
            |a, b| Value::Bool(a <= b),
        )
    }),
    Op::new("gt", &["self", "other"], |c| {
        arithmetic(
            c,
            Tensor::f_gt_tensor,
            |a, b| a.f_gt(b),
            |a, b| Some(Value::Bool(a > b)),
            |a, b| Value::Bool(a > b),
        )
    }),
    Op::new("ge", &["self", "other"], |c| {
        arithmetic(
            c,
            Tensor::f_ge_tensor,
            |a, b| a.f_ge(b),
            |a, b| Some(Value::Bool(a >= b)),
            |a, b| Value::Bool(a >= b),
        )
    }),
];

/// A tensor of one element, or a number, as a number of this kind.
pub(crate) fn convert(number: Number, value: &Value) -> R<Value> {
    let value = match value {
        Value::Tensor(held) if held.tensor.numel() == 1 => {
            let one = held.tensor.f_reshape([1_i64])?;
            match one.kind() {
                Kind::Bool => Value::Bool(one.f_int64_value(&[0])? != 0),
                Kind::Half | Kind::Float | Kind::Double | Kind::BFloat16 => {
                    Value::Float(one.f_double_value(&[0])?)
                }
                _ => Value::Int(one.f_int64_value(&[0])?),
            }
        }
        value => value.clone(),
    };
    Ok(match (number, value) {
        (Number::Int, Value::Float(x)) => Value::Int(x as i64),
        (Number::Int, Value::Bool(b)) => Value::Int(i64::from(b)),
        (Number::Float, Value::Int(n)) => Value::Float(n as f64),
        (Number::Float, Value::Bool(b)) => Value::Float(f64::from(b)),
        (Number::Bool, Value::Int(n)) => Value::Bool(n != 0),
        (Number::Bool, Value::Float(x)) => Value::Bool(x != 0.0),
        (_, Value::Tensor(held)) => {
            return Err(Stop::failed(format!(
                "a tensor of {} elements where a number is wanted",
                held.tensor.numel()
            )));
        }
        // Annotations of texts, lists and what may be missing say nothing.
        (_, value) => value,
    })
}

/// Whether two plain values are the same; `None` where they are none.
fn same(a: &Value, b: &Value) -> Option<bool> {
    Some(match (a, b) {
        (Value::Str(a), Value::Str(b)) => a == b,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Int(a), Value::Float(b)) | (Value::Float(b), Value::Int(a)) => *a as f64 == *b,
        (Value::None, Value::None) => true,
        (Value::List(_), Value::List(_)) | (Value::Tuple(_), Value::Tuple(_)) => {
            let (a, b) = (a.items()?, b.items()?);
            let pairs = || a.iter().zip(&b);
            // Of sizes and the like: what lies deeper is not asked about.
            if pairs().any(|(a, b)| a.is_nested() || b.is_nested()) {
                return None;
            }
            a.len() == b.len() && pairs().all(|(a, b)| same(a, b) == Some(true))
        }
        _ => return None,
    })
}

fn equal(c: &Call<'_>) -> Option<bool> {
    same(c.args.first()?.as_ref()?, c.args.get(1)?.as_ref()?)
}

/// Whether both arguments are `None`, which is what `is` is asked about.
fn is(c: &Call<'_>) -> R<bool> {
    match (c.get(0), c.get(1)) {
        (None, None) => Ok(true),
        (None, Some(_)) | (Some(_), None) => Ok(false),
        (Some(a), Some(b)) => {
            same(a, b).map_or_else(|| c.wrong(0, "something to compare with None"), Ok)
        }
    }
}

fn unreachable_scalar() -> Result<Tensor, TchError> {
    Err(TchError::Torch("a number where a tensor is wanted".into()))
}

/// A tensor and a tensor or a number.
pub(super) fn binary(
    c: &Call<'_>,
    both: fn(&Tensor, &Tensor) -> Result<Tensor, TchError>,
    one: fn(&Tensor, Scalar) -> Result<Tensor, TchError>,
) -> R<Value> {
    if !c.is_tensor(0) && c.is_tensor(1) {
        // A number first: rare, and it takes the other's type.
        let b = c.t(1)?;
        let a = Tensor::f_full([0_i64; 0], c.scalar(0)?, (b.kind(), b.device()))?;
        return c.out(both(&a, b));
    }
    let a = c.t(0)?;
    if c.is_tensor(1) {
        let b = c.t(1)?;
        c.room_for_both(a, b)?;
        return c.out(both(a, b));
    }
    c.room_for(&a.size())?;
    c.out(one(a, c.scalar(1)?))
}

/// The same, the second multiplied by `alpha` first.
fn with_alpha(
    c: &Call<'_>,
    both: fn(&Tensor, &Tensor) -> Result<Tensor, TchError>,
    one: fn(&Tensor, Scalar) -> Result<Tensor, TchError>,
) -> R<Value> {
    let alpha = match c.get(2) {
        None | Some(Value::Int(1)) => return binary(c, both, one),
        Some(Value::Int(n)) => Value::Int(*n),
        Some(Value::Float(1.0)) => return binary(c, both, one),
        Some(Value::Float(x)) => Value::Float(*x),
        Some(_) => return c.wrong(2, "a number"),
    };
    let times = [c.args[1].clone(), Some(alpha)];
    let times = Call {
        name: c.name,
        args: &times,
        run: c.run,
    };
    let second = arithmetic(
        &times,
        Tensor::f_mul,
        |a, b| a.f_mul_scalar(b),
        |a, b| a.checked_mul(b).map(Value::Int),
        |a, b| Value::Float(a * b),
    )?;
    let args = [c.args[0].clone(), Some(second)];
    let sum = Call {
        name: c.name,
        args: &args,
        run: c.run,
    };
    binary(&sum, both, one)
}

/// Two numbers.
fn numbers(c: &Call<'_>, ints: Ints, floats: Floats) -> R<Value> {
    let as_number = |i: usize| match c.get(i) {
        Some(Value::Bool(b)) => Ok(Value::Int(i64::from(*b))),
        Some(value @ (Value::Int(_) | Value::Float(_))) => Ok(value.clone()),
        _ => c.wrong(i, "numbers"),
    };
    match (as_number(0)?, as_number(1)?) {
        (Value::Int(a), Value::Int(b)) => ints(a, b)
            .ok_or_else(|| Stop::failed(format!("{} of {a} and {b} has no value", c.name))),
        (Value::Int(a), Value::Float(b)) => Ok(floats(a as f64, b)),
        (Value::Float(a), Value::Int(b)) => Ok(floats(a, b as f64)),
        (Value::Float(a), Value::Float(b)) => Ok(floats(a, b)),
        _ => c.wrong(0, "numbers"),
    }
}

/// Two numbers, or a tensor and a tensor or a number.
fn arithmetic(
    c: &Call<'_>,
    both: fn(&Tensor, &Tensor) -> Result<Tensor, TchError>,
    one: fn(&Tensor, Scalar) -> Result<Tensor, TchError>,
    ints: Ints,
    floats: Floats,
) -> R<Value> {
    if c.is_tensor(0) || c.is_tensor(1) {
        binary(c, both, one)
    } else {
        numbers(c, ints, floats)
    }
}

fn floor_divide(c: &Call<'_>) -> R<Value> {
    arithmetic(
        c,
        Tensor::f_floor_divide,
        |a, b| a.f_floor_divide_scalar(b),
        |a, b| {
            let down = a.checked_div(b)?;
            let inexact = a % b != 0 && (a < 0) != (b < 0);
            Some(Value::Int(down - i64::from(inexact)))
        },
        |a, b| Value::Float((a / b).floor()),
    )
}
