//! Operators from numbers to numbers: activations, sums, norms, products.

use tch::{Kind, Tensor};

use super::numbers::binary;
use super::{Call, Op, R};
use crate::script::value::{Stop, Value};

/// An operator of one tensor, and nothing else.
macro_rules! unary {
    ($name:literal, $function:ident) => {
        Op::elementwise($name, &["self"], |c| {
            let x = c.t(0)?;
            c.room_for(&x.size())?;
            c.out(x.$function())
        })
    };
}

/// The same, also of a number.
macro_rules! unary_or_number {
    ($name:literal, $function:ident, $number:expr) => {
        Op::elementwise($name, &["self"], |c| {
            let number: fn(f64) -> Value = $number;
            match c.get(0) {
                Some(Value::Int(n)) => Ok(number(*n as f64)),
                Some(Value::Float(x)) => Ok(number(*x)),
                _ => {
                    let x = c.t(0)?;
                    c.room_for(&x.size())?;
                    c.out(x.$function())
                }
            }
        })
    };
}

pub(super) static OPS: &[Op] = &[
    unary!("relu", f_relu),
    unary!("relu6", f_relu6),
    unary!("selu", f_selu),
    unary!("silu", f_silu),
    unary!("mish", f_mish),
    unary!("hardswish", f_hardswish),
    unary!("hardsigmoid", f_hardsigmoid),
    unary!("sigmoid", f_sigmoid),
    unary!("tanh", f_tanh),
    unary!("erf", f_erf),
    unary!("log2", f_log2),
    unary!("log1p", f_log1p),
    unary!("expm1", f_expm1),
    unary!("rsqrt", f_rsqrt),
    unary!("reciprocal", f_reciprocal),
    unary!("square", f_square),
    unary!("sin", f_sin),
    unary!("cos", f_cos),
    unary!("sign", f_sign),
    unary!("trunc", f_trunc),
    unary!("logical_not", f_logical_not),
    unary!("bitwise_not", f_bitwise_not),
    unary_or_number!("exp", f_exp, |x| Value::Float(x.exp())),
    unary_or_number!("log", f_log, |x| Value::Float(x.ln())),
    unary_or_number!("sqrt", f_sqrt, |x| Value::Float(x.sqrt())),
    unary_or_number!("floor", f_floor, |x| Value::Int(x.floor() as i64)),
    unary_or_number!("ceil", f_ceil, |x| Value::Int(x.ceil() as i64)),
    Op::elementwise("round", &["self"], |c| match c.get(0) {
        Some(Value::Float(x)) => Ok(Value::Float(x.round_ties_even())),
        _ => c.out(c.t(0)?.f_round()),
    }),
    Op::elementwise("neg", &["self"], |c| match c.get(0) {
        Some(Value::Int(n)) => Ok(Value::Int(n.wrapping_neg())),
        Some(Value::Float(x)) => Ok(Value::Float(-x)),
        _ => c.out(c.t(0)?.f_neg()),
    }),
    Op::elementwise("abs", &["self"], |c| match c.get(0) {
        Some(Value::Int(n)) => Ok(Value::Int(n.wrapping_abs())),
        Some(Value::Float(x)) => Ok(Value::Float(x.abs())),
        _ => c.out(c.t(0)?.f_abs()),
    }),
    Op::elementwise("gelu", &["self", "approximate"], |c| {
        c.out(c.t(0)?.f_gelu(c.text_or(1, "none")?))
    }),
    Op::elementwise("leaky_relu", &["self", "negative_slope"], |c| {
        let x = c.t(0)?;
        c.room_for(&x.size())?;
        let slope = c.float_or(1, 0.01)?;
        // tch's own takes no slope.
        let slope = Tensor::f_full([1], slope, (x.kind(), x.device()))?;
        c.out(x.f_prelu(&slope))
    }),
    Op::new("prelu", &["self", "weight"], |c| {
        c.out(c.t(0)?.f_prelu(c.t(1)?))
    }),
    Op::elementwise("elu", &["self", "alpha", "scale", "input_scale"], |c| {
        let plain = [1, 2, 3].iter().try_fold(true, |plain, i| {
            Ok::<bool, Stop>(plain && c.float_or(*i, 1.0)? == 1.0)
        })?;
        c.only(plain, "with factors of its own")?;
        c.out(c.t(0)?.f_elu())
    }),
    Op::new("softplus", &["self", "beta", "threshold"], |c| {
        let plain = c.float_or(1, 1.0)? == 1.0 && c.float_or(2, 20.0)? == 20.0;
        c.only(plain, "with numbers of its own")?;
        c.out(c.t(0)?.f_softplus())
    }),
    Op::elementwise("hardtanh", &["self", "min_val", "max_val"], |c| {
        c.out(c.t(0)?.f_clamp(c.float_or(1, -1.0)?, c.float_or(2, 1.0)?))
    }),
    Op::elementwise("clamp", &["self", "min", "max"], |c| {
        let x = c.t(0)?;
        if c.is_tensor(1) || c.is_tensor(2) {
            for i in [1, 2] {
                if let Some(bound) = c.opt_t(i)? {
                    c.room_for_both(x, bound)?;
                }
            }
            return c.out(x.f_clamp_tensor(c.opt_t(1)?, c.opt_t(2)?));
        }
        c.room_for(&x.size())?;
        match (c.get(1), c.get(2)) {
            (Some(_), Some(_)) => c.out(x.f_clamp(c.scalar(1)?, c.scalar(2)?)),
            (Some(_), None) => c.out(x.f_clamp_min(c.scalar(1)?)),
            (None, Some(_)) => c.out(x.f_clamp_max(c.scalar(2)?)),
            (None, None) => c.wrong(1, "a number"),
        }
    }),
    Op::elementwise("clamp_min", &["self", "min"], |c| {
        binary(c, Tensor::f_clamp_min_tensor, |a, b| a.f_clamp_min(b))
    }),
    Op::elementwise("clamp_max", &["self", "max"], |c| {
        binary(c, Tensor::f_clamp_max_tensor, |a, b| a.f_clamp_max(b))
    }),
    Op::new("softmax", &["self", "dim", "dtype"], |c| {
        let x = c.t(0)?;
        c.room_for(&x.size())?;
        c.out(x.f_softmax(c.int(1)?, c.opt_kind(2)?))
    }),
    Op::new("log_softmax", &["self", "dim", "dtype"], |c| {
        let x = c.t(0)?;
        c.room_for(&x.size())?;
        c.out(x.f_log_softmax(c.int(1)?, c.opt_kind(2)?))
    }),
    Op::new("glu", &["self", "dim"], |c| {
        c.out(c.t(0)?.f_glu(c.int_or(1, -1)?))
    }),
    Op::new("minimum", &["self", "other"], |c| {
        c.room_for_both(c.t(0)?, c.t(1)?)?;
        c.out(c.t(0)?.f_minimum(c.t(1)?))
    }),
    Op::new("maximum", &["self", "other"], |c| {
        c.room_for_both(c.t(0)?, c.t(1)?)?;
        c.out(c.t(0)?.f_maximum(c.t(1)?))
    }),
    Op::new("logical_and", &["self", "other"], |c| {
        c.room_for_both(c.t(0)?, c.t(1)?)?;
        c.out(c.t(0)?.f_logical_and(c.t(1)?))
    }),
    Op::new("logical_or", &["self", "other"], |c| {
        c.room_for_both(c.t(0)?, c.t(1)?)?;
        c.out(c.t(0)?.f_logical_or(c.t(1)?))
    }),
    Op::new("where", &["condition", "self", "other"], |c| {
        let condition = c.t(0)?;
        let value = |i: usize| -> R<Tensor> {
            if c.is_tensor(i) {
                return Ok(c.t(i)?.shallow_clone());
            }
            let kind = match c.get(i) {
                Some(Value::Int(_)) => Kind::Int64,
                _ => Kind::Float,
            };
            Ok(Tensor::f_full(
                [0_i64; 0],
                c.scalar(i)?,
                (kind, condition.device()),
            )?)
        };
        let (a, b) = (value(1)?, value(2)?);
        c.room_for_both(condition, &a)?;
        c.room_for_both(condition, &b)?;
        c.room_for_both(&a, &b)?;
        c.out(a.f_where_self(condition, &b))
    }),
    Op::elementwise("masked_fill", &["self", "mask", "value"], |c| {
        let (x, mask) = (c.t(0)?, c.t(1)?);
        c.room_for_both(x, mask)?;
        c.out(x.f_masked_fill(mask, c.scalar(2)?))
    }),
    Op::elementwise("addcmul", &["self", "tensor1", "tensor2", "value"], |c| {
        c.only(c.float_or(3, 1.0)? == 1.0, "with a factor of its own")?;
        let (x, a, b) = (c.t(0)?, c.t(1)?, c.t(2)?);
        let product = c.made_plain(a, b)?;
        c.room_for_both(x, &product)?;
        c.out(x.f_add(&product))
    }),
    Op::new("sum", &["self", "dim", "keepdim", "dtype"], |c| {
        reduce(
            c,
            |x, kind| x.f_sum(kind),
            |x, dim, keep, kind| x.f_sum_dim_intlist(dim, keep, kind),
        )
    }),
    Op::new("mean", &["self", "dim", "keepdim", "dtype"], |c| {
        reduce(
            c,
            |x, kind| x.f_mean(kind),
            |x, dim, keep, kind| x.f_mean_dim(dim, keep, kind),
        )
    }),
    Op::new("amax", &["self", "dim", "keepdim"], |c| {
        c.out(
            c.t(0)?
                .f_amax(c.ints_or(1, &[])?.as_slice(), c.bool_or(2, false)?),
        )
    }),
    Op::new("amin", &["self", "dim", "keepdim"], |c| {
        c.out(
            c.t(0)?
                .f_amin(c.ints_or(1, &[])?.as_slice(), c.bool_or(2, false)?),
        )
    }),
    // Of two numbers, of a tensor, of two tensors, or along a dimension, which also says where.
    Op::new("max", &["self", "dim", "keepdim"], |c| {
        match (c.get(0), c.get(1)) {
            (Some(Value::Int(a)), Some(Value::Int(b))) => Ok(Value::Int(*a.max(b))),
            (Some(Value::Float(a)), Some(Value::Float(b))) => Ok(Value::Float(a.max(*b))),
            (_, None) => c.out(c.t(0)?.f_max()),
            (_, Some(Value::Tensor(_))) => {
                c.room_for_both(c.t(0)?, c.t(1)?)?;
                c.out(c.t(0)?.f_maximum(c.t(1)?))
            }
            _ => c.out_pair(c.t(0)?.f_max_dim(c.int(1)?, c.bool_or(2, false)?)),
        }
    }),
    Op::new("min", &["self", "dim", "keepdim"], |c| {
        match (c.get(0), c.get(1)) {
            (Some(Value::Int(a)), Some(Value::Int(b))) => Ok(Value::Int(*a.min(b))),
            (Some(Value::Float(a)), Some(Value::Float(b))) => Ok(Value::Float(a.min(*b))),
            (_, None) => c.out(c.t(0)?.f_min()),
            (_, Some(Value::Tensor(_))) => {
                c.room_for_both(c.t(0)?, c.t(1)?)?;
                c.out(c.t(0)?.f_minimum(c.t(1)?))
            }
            _ => c.out_pair(c.t(0)?.f_min_dim(c.int(1)?, c.bool_or(2, false)?)),
        }
    }),
    Op::new(
        "var",
        &["self", "dim", "unbiased", "keepdim", "correction"],
        |c| {
            spread(c, Tensor::f_var, |x, dim, correction, keep| {
                x.f_var_correction(dim, correction, keep)
            })
        },
    ),
    Op::new(
        "std",
        &["self", "dim", "unbiased", "keepdim", "correction"],
        |c| {
            spread(c, Tensor::f_std, |x, dim, correction, keep| {
                x.f_std_correction(dim, correction, keep)
            })
        },
    ),
    Op::new("norm", &["self", "p", "dim", "keepdim", "dtype"], norm),
    Op::new(
        "linalg_vector_norm",
        &["self", "ord", "dim", "keepdim", "dtype"],
        norm,
    ),
    Op::new("frobenius_norm", &["self", "dim", "keepdim"], |c| {
        c.out(
            c.t(0)?
                .f_frobenius_norm(c.ints_or(1, &[])?.as_slice(), c.bool_or(2, false)?),
        )
    }),
    Op::new("argmax", &["self", "dim", "keepdim"], |c| {
        c.out(c.t(0)?.f_argmax(c.opt_int(1)?, c.bool_or(2, false)?))
    }),
    Op::new("argsort", &["self", "dim", "descending"], |c| {
        c.out(c.t(0)?.f_argsort(c.int_or(1, -1)?, c.bool_or(2, false)?))
    }),
    Op::new("sort", &["self", "dim", "descending", "stable"], |c| {
        let (dim, down) = (c.int_or(1, -1)?, c.bool_or(2, false)?);
        c.out_pair(c.t(0)?.f_sort_stable(c.bool_or(3, false)?, dim, down))
    }),
    Op::new("topk", &["self", "k", "dim", "largest", "sorted"], |c| {
        let (k, dim) = (c.int(1)?, c.int_or(2, -1)?);
        c.out_pair(
            c.t(0)?
                .f_topk(k, dim, c.bool_or(3, true)?, c.bool_or(4, true)?),
        )
    }),
    Op::new("cumsum", &["self", "dim", "dtype"], |c| {
        c.out(c.t(0)?.f_cumsum(c.int(1)?, c.opt_kind(2)?))
    }),
    Op::new("matmul", &["self", "other"], |c| {
        product_of(c, c.t(0)?, c.t(1)?)
    }),
    Op::new("bmm", &["self", "mat2"], |c| {
        product_of(c, c.t(0)?, c.t(1)?)
    }),
    Op::new("mm", &["self", "mat2"], |c| product_of(c, c.t(0)?, c.t(1)?)),
    Op::new("addmm", &["self", "mat1", "mat2", "beta", "alpha"], |c| {
        let plain = c.float_or(3, 1.0)? == 1.0 && c.float_or(4, 1.0)? == 1.0;
        c.only(plain, "with factors of its own")?;
        let product = product_plain(c, c.t(1)?, c.t(2)?)?;
        c.room_for_both(c.t(0)?, &product)?;
        c.out(c.t(0)?.f_add(&product))
    }),
    Op::new(
        "baddbmm",
        &["self", "batch1", "batch2", "beta", "alpha"],
        |c| {
            let plain = c.float_or(3, 1.0)? == 1.0 && c.float_or(4, 1.0)? == 1.0;
            c.only(plain, "with factors of its own")?;
            let product = product_plain(c, c.t(1)?, c.t(2)?)?;
            c.room_for_both(c.t(0)?, &product)?;
            c.out(c.t(0)?.f_add(&product))
        },
    ),
    Op::new("einsum", &["equation", "tensors", "path"], einsum),
    Op::new(
        "scaled_dot_product_attention",
        &[
            "query",
            "key",
            "value",
            "attn_mask",
            "dropout_p",
            "is_causal",
            "scale",
            "enable_gqa",
        ],
        |c| {
            let (q, k, v) = (c.t(0)?, c.t(1)?, c.t(2)?);
            c.only(c.float_or(4, 0.0)? == 0.0, "with chance")?;
            c.only(!c.bool_or(7, false)?, "with grouped queries")?;
            // The scores that it may hold, and what it makes.
            let mut scores = q.size();
            if let (Some(last), Some(keys)) = (scores.last_mut(), k.size().iter().rev().nth(1)) {
                *last = *keys;
            }
            c.room_for(&scores)?;
            c.room_for_both(q, v)?;
            c.out(Tensor::f_scaled_dot_product_attention(
                q,
                k,
                v,
                c.opt_t(3)?,
                0.0,
                c.bool_or(5, false)?,
                c.opt_float(6)?,
                false,
            ))
        },
    ),
];

impl Call<'_> {
    /// A product that an operator goes on with.
    fn made_plain(&self, a: &Tensor, b: &Tensor) -> R<Tensor> {
        self.room_for_both(a, b)?;
        Ok(a.f_mul(b)?)
    }
}

type Dims<'a> = Option<&'a [i64]>;

/// Dimensions, where none means all.
fn every(dim: &[i64]) -> Dims<'_> {
    (!dim.is_empty()).then_some(dim)
}

/// The norm of what lies along some dimensions, or along all.
fn norm(c: &Call<'_>) -> R<Value> {
    let mut x = c.t(0)?.shallow_clone();
    c.room_for(&x.size())?;
    if let Some(kind) = c.opt_kind(4)? {
        x = x.f_to_kind(kind)?;
    }
    let mut dims = c.ints_or(2, &[])?;
    if dims.is_empty() {
        dims = (0..x.dim() as i64).collect();
    }
    c.out(x.f_norm_scalaropt_dim(c.float_or(1, 2.0)?, dims.as_slice(), c.bool_or(3, false)?))
}

/// `sum(x)`, `sum(x, dtype=)`, `sum(x, [1], True)`.
fn reduce(
    c: &Call<'_>,
    all: fn(&Tensor, Option<Kind>) -> Result<Tensor, tch::TchError>,
    along: fn(&Tensor, Dims<'_>, bool, Option<Kind>) -> Result<Tensor, tch::TchError>,
) -> R<Value> {
    let x = c.t(0)?;
    let kind = c.opt_kind(3)?;
    match c.opt_ints(1)? {
        None => c.out(all(x, kind)),
        Some(dim) => c.out(along(x, every(&dim), c.bool_or(2, false)?, kind)),
    }
}

/// `var(x)`, `var(x, [1], True, True)`, `var(x, [1], correction=0)`.
fn spread(
    c: &Call<'_>,
    all: fn(&Tensor, bool) -> Result<Tensor, tch::TchError>,
    along: fn(&Tensor, Dims<'_>, i64, bool) -> Result<Tensor, tch::TchError>,
) -> R<Value> {
    let x = c.t(0)?;
    if let Some(Value::Bool(unbiased)) = c.get(1) {
        return c.out(all(x, *unbiased));
    }
    let unbiased = c.bool_or(2, true)?;
    let correction = c.int_or(4, i64::from(unbiased))?;
    let dim = c.ints_or(1, &[])?;
    c.out(along(x, every(&dim), correction, c.bool_or(3, false)?))
}

fn product_of(c: &Call<'_>, a: &Tensor, b: &Tensor) -> R<Value> {
    let made = product_plain(c, a, b)?;
    c.out(Ok(made))
}

/// Two matrices, or stacks of them, multiplied.
fn product_plain(c: &Call<'_>, a: &Tensor, b: &Tensor) -> R<Tensor> {
    let (left, right) = (a.size(), b.size());
    let (rows, columns) = match (left.as_slice(), right.as_slice()) {
        ([.., rows, _], [.., _, columns]) => (*rows, *columns),
        ([.., rows, _], [_]) => (*rows, 1),
        ([_], [.., _, columns]) => (1, *columns),
        _ => (1, 1),
    };
    let outer = |sides: &[i64]| sides[..sides.len().saturating_sub(2)].to_vec();
    let mut sides = super::broadcast(&outer(&left), &outer(&right));
    // What is multiplied is spread out to as many matrices first.
    for own in [&left, &right] {
        let mut spread = sides.clone();
        spread.extend_from_slice(&own[own.len().saturating_sub(2)..]);
        c.room_for(&spread)?;
    }
    sides.extend([rows, columns]);
    c.room_for(&sides)?;
    Ok(a.f_matmul(b)?)
}

/// Products of two tensors by named dimensions, each a letter.
fn einsum(c: &Call<'_>) -> R<Value> {
    let equation: String = c.text_or(0, "")?.chars().filter(|c| *c != ' ').collect();
    let tensors = c.tensors(1)?;
    let letters = |text: &str| text.chars().all(|c| c.is_ascii_alphabetic());
    let parts = equation.split_once("->");
    let inputs: Vec<&str> = parts.map_or("", |(inputs, _)| inputs).split(',').collect();
    let output = parts.map_or("", |(_, output)| output);
    let known = parts.is_some()
        && inputs.len() == tensors.len()
        && (1..=2).contains(&tensors.len())
        && inputs.iter().all(|input| letters(input))
        && letters(output);
    c.only(known, &format!("as {equation:.60}"))?;
    let side_of = |letter: char| {
        let pairs = inputs.iter().zip(&tensors);
        let sides = pairs.flat_map(|(input, tensor)| input.chars().zip(tensor.size()));
        let own = sides
            .filter(|(own, _)| *own == letter)
            .map(|(_, side)| side);
        own.max().unwrap_or(1)
    };
    // Each input is spread out over the letters that it shares with the output.
    let made: Vec<i64> = output.chars().map(side_of).collect();
    c.room_for(&made)?;
    c.out(Tensor::f_einsum(&equation, &tensors, None::<i64>))
}
