//! Operators that move elements about: views, slices, pads, joins, and new tensors.

use tch::{Kind, Scalar, Tensor};

use super::{Call, Op, R, broadcast, product};
use crate::script::syntax::Number;
use crate::script::value::{Stop, Value};

pub(super) static OPS: &[Op] = &[
    Op::new("view", &["self", "size"], |c| {
        c.out(c.t(0)?.f_view(c.ints(1)?.as_slice()))
    }),
    Op::new("reshape", &["self", "shape"], |c| {
        c.out(c.t(0)?.f_reshape(c.ints(1)?.as_slice()))
    }),
    Op::new("view_as", &["self", "other"], |c| {
        c.out(c.t(0)?.f_view_as(c.t(1)?))
    }),
    Op::new("reshape_as", &["self", "other"], |c| {
        c.out(c.t(0)?.f_reshape_as(c.t(1)?))
    }),
    Op::new("flatten", &["self", "start_dim", "end_dim"], |c| {
        c.out(c.t(0)?.f_flatten(c.int_or(1, 0)?, c.int_or(2, -1)?))
    }),
    Op::new("unflatten", &["self", "dim", "sizes"], |c| {
        c.out(c.t(0)?.f_unflatten(c.int(1)?, c.ints(2)?.as_slice()))
    }),
    Op::new("permute", &["self", "dims"], |c| {
        c.out(c.t(0)?.f_permute(c.ints(1)?.as_slice()))
    }),
    Op::new("transpose", &["self", "dim0", "dim1"], |c| {
        c.out(c.t(0)?.f_transpose(c.int(1)?, c.int(2)?))
    }),
    Op::new("swapaxes", &["self", "axis0", "axis1"], |c| {
        c.out(c.t(0)?.f_transpose(c.int(1)?, c.int(2)?))
    }),
    Op::new("t", &["self"], |c| c.out(c.t(0)?.f_numpy_t())),
    Op::new("movedim", &["self", "source", "destination"], |c| {
        c.out(
            c.t(0)?
                .f_movedim(c.ints(1)?.as_slice(), c.ints(2)?.as_slice()),
        )
    }),
    Op::new("squeeze", &["self", "dim"], |c| match c.opt_ints(1)? {
        None => c.out(c.t(0)?.f_squeeze()),
        Some(dims) => c.out(c.t(0)?.f_squeeze_dims(dims.as_slice())),
    }),
    Op::new("unsqueeze", &["self", "dim"], |c| {
        c.out(c.t(0)?.f_unsqueeze(c.int(1)?))
    }),
    Op::new("contiguous", &["self", "memory_format"], |c| {
        let x = c.t(0)?;
        c.room_for(&x.size())?;
        c.out(x.f_contiguous())
    }),
    Op::new("clone", &["self", "memory_format"], |c| {
        let x = c.t(0)?;
        c.room_for(&x.size())?;
        let mut copy = x.f_empty_like()?;
        copy.f_copy_(x)?;
        c.out(Ok(copy))
    }),
    Op::new("detach", &["self"], |c| c.out(c.t(0)?.f_detach())),
    Op::new("alias", &["self"], |c| c.out(Ok(c.t(0)?.shallow_clone()))),
    Op::new("type_as", &["self", "other"], |c| {
        let x = c.t(0)?;
        c.room_for(&x.size())?;
        c.out(x.f_to_kind(c.t(1)?.kind()))
    }),
    // To a type, a device and a type, another tensor's: where the network runs everything is already.
    Op::new(
        "to",
        &[
            "self",
            "to",
            "dtype_",
            "more",
            "more_",
            "more__",
            "dtype",
            "layout",
            "device",
            "pin_memory",
            "non_blocking",
            "copy",
            "memory_format",
            "other",
        ],
        |c| {
            let x = c.t(0)?;
            c.room_for(&x.size())?;
            let other = if c.is_tensor(13) { 13 } else { 1 };
            let kind = if c.is_tensor(other) {
                Some(c.t(other)?.kind())
            } else if let Some(Value::Int(_)) = c.get(1) {
                c.opt_kind(1)?
            } else if let Some(Value::Int(_)) = c.get(2) {
                c.opt_kind(2)?
            } else {
                c.opt_kind(6)?
            };
            c.out(x.f_to_kind(kind.unwrap_or_else(|| x.kind())))
        },
    ),
    Op::new("slice", &["self", "dim", "start", "end", "step"], slice),
    Op::new("select", &["self", "dim", "index"], |c| match c.get(0) {
        Some(Value::Tensor(_)) => c.out(c.t(0)?.f_select(c.int(1)?, c.int(2)?)),
        _ => item(&c.items(0)?, c.int(1)?),
    }),
    Op::new("narrow", &["self", "dim", "start", "length"], |c| {
        c.out(c.t(0)?.f_narrow(c.int(1)?, c.int(2)?, c.int(3)?))
    }),
    Op::new("unbind", &["self", "dim"], |c| {
        let (x, dim) = (c.t(0)?, c.int_or(1, 0)?);
        c.few(c.side(x, dim)?)?;
        c.out_list(x.f_unbind(dim))
    }),
    Op::new("chunk", &["self", "chunks", "dim"], |c| {
        let (x, chunks) = (c.t(0)?, c.int(1)?);
        c.few(chunks)?;
        c.out_list(x.f_chunk(chunks, c.int_or(2, 0)?))
    }),
    Op::new("split", &["self", "split_size", "dim"], |c| {
        let (x, dim) = (c.t(0)?, c.int_or(2, 0)?);
        match c.get(1) {
            Some(Value::Int(size)) => {
                c.few(c.side(x, dim)? / (*size).max(1))?;
                c.out_list(x.f_split(*size, dim))
            }
            _ => {
                let sizes = c.ints(1)?;
                c.few(sizes.len() as i64)?;
                c.out_list(x.f_split_with_sizes(sizes.as_slice(), dim))
            }
        }
    }),
    Op::new("split_with_sizes", &["self", "split_sizes", "dim"], |c| {
        let sizes = c.ints(1)?;
        c.few(sizes.len() as i64)?;
        c.out_list(
            c.t(0)?
                .f_split_with_sizes(sizes.as_slice(), c.int_or(2, 0)?),
        )
    }),
    Op::new("cat", &["tensors", "dim"], |c| {
        let tensors = c.tensors(0)?;
        let all = tensors
            .iter()
            .try_fold(0_i64, |n, x| n.checked_add(x.numel() as i64));
        c.room(all)?;
        c.out(Tensor::f_cat(&tensors, c.int_or(1, 0)?))
    }),
    Op::new("stack", &["tensors", "dim"], |c| {
        let tensors = c.tensors(0)?;
        let all = tensors
            .iter()
            .try_fold(0_i64, |n, x| n.checked_add(x.numel() as i64));
        c.room(all)?;
        c.out(Tensor::f_stack(&tensors, c.int_or(1, 0)?))
    }),
    Op::new("expand", &["self", "size", "implicit"], |c| {
        let (x, size) = (c.t(0)?, c.ints(1)?);
        // -1 leaves a side as it is.
        let sides: Vec<i64> = size
            .iter()
            .map(|side| if *side < 0 { 1 } else { *side })
            .collect();
        c.room_for(&broadcast(&x.size(), &sides))?;
        c.out(x.f_expand(size.as_slice(), c.bool_or(2, false)?))
    }),
    Op::new("expand_as", &["self", "other"], |c| {
        c.room_for_both(c.t(0)?, c.t(1)?)?;
        c.out(c.t(0)?.f_expand_as(c.t(1)?))
    }),
    Op::new("repeat", &["self", "repeats"], |c| {
        let (x, repeats) = (c.t(0)?, c.ints(1)?);
        let elements = product(&repeats).and_then(|n| n.checked_mul(x.numel() as i64));
        c.room(elements)?;
        c.out(x.f_repeat(repeats.as_slice()))
    }),
    Op::new("repeat_interleave", &["self", "repeats", "dim"], |c| {
        let (x, repeats) = (c.t(0)?, c.int(1)?);
        c.room(repeats.checked_mul(x.numel() as i64))?;
        c.out(x.f_repeat_interleave_self_int(repeats, c.opt_int(2)?, None::<i64>))
    }),
    Op::new("roll", &["self", "shifts", "dims"], |c| {
        let x = c.t(0)?;
        c.room_for(&x.size())?;
        c.out(x.f_roll(c.ints(1)?.as_slice(), c.ints_or(2, &[])?.as_slice()))
    }),
    Op::new("flip", &["self", "dims"], |c| {
        let x = c.t(0)?;
        c.room_for(&x.size())?;
        c.out(x.f_flip(c.ints(1)?.as_slice()))
    }),
    Op::new("rot90", &["self", "k", "dims"], |c| {
        let x = c.t(0)?;
        c.room_for(&x.size())?;
        c.out(x.f_rot90(c.int_or(1, 1)?, c.ints_or(2, &[0, 1])?.as_slice()))
    }),
    Op::new("pad", &["self", "pad", "mode", "value"], |c| {
        let mode = c.text_or(2, "constant")?;
        pad(c, mode, c.opt_float(3)?)
    }),
    Op::new("constant_pad_nd", &["self", "pad", "value"], |c| {
        pad(c, "constant", c.opt_float(2)?)
    }),
    Op::new("reflection_pad1d", &["self", "padding"], |c| {
        pad(c, "reflect", None)
    }),
    Op::new("reflection_pad2d", &["self", "padding"], |c| {
        pad(c, "reflect", None)
    }),
    Op::new("replication_pad1d", &["self", "padding"], |c| {
        pad(c, "replicate", None)
    }),
    Op::new("replication_pad2d", &["self", "padding"], |c| {
        pad(c, "replicate", None)
    }),
    Op::new("unfold", &["self", "dimension", "size", "step"], |c| {
        let (x, dim, size, step) = (c.t(0)?, c.int(1)?, c.int(2)?, c.int(3)?);
        let side = c.side(x, dim)?;
        let windows = side.saturating_sub(size).max(0) / step.max(1) + 1;
        let others = (x.numel() as i64).checked_div(side.max(1));
        c.room(others.and_then(|n| n.checked_mul(windows)?.checked_mul(size.max(0))))?;
        c.out(x.f_unfold(dim, size, step))
    }),
    Op::new(
        "im2col",
        &["self", "kernel_size", "dilation", "padding", "stride"],
        |c| {
            let [kernel, dilation, padding, stride] = [1, 2, 3, 4].map(|i| c.ints(i));
            let (kernel, dilation, padding, stride) = (kernel?, dilation?, padding?, stride?);
            let x = c.t(0)?;
            let padded = x.size().iter().enumerate().try_fold(1_i64, |n, (i, side)| {
                let outer = i + 2 < x.dim();
                let more = if outer {
                    0
                } else {
                    padding.first().copied().unwrap_or(0).checked_mul(2)?
                };
                n.checked_mul(side.checked_add(more)?)
            });
            c.room(padded.and_then(|n| n.checked_mul(product(&kernel)?)))?;
            c.out(x.f_im2col(
                kernel.as_slice(),
                dilation.as_slice(),
                padding.as_slice(),
                stride.as_slice(),
            ))
        },
    ),
    Op::new(
        "col2im",
        &[
            "self",
            "output_size",
            "kernel_size",
            "dilation",
            "padding",
            "stride",
        ],
        |c| {
            let x = c.t(0)?;
            let each = [1, 2, 3, 4, 5].map(|i| c.ints(i));
            let [size, kernel, dilation, padding, stride] = each;
            let (size, kernel) = (size?, kernel?);
            let planes = x
                .size()
                .iter()
                .rev()
                .skip(1)
                .try_fold(1_i64, |n, side| n.checked_mul(*side));
            c.room(planes.and_then(|n| n.checked_mul(product(&size)?)))?;
            let (dilation, padding, stride) = (dilation?, padding?, stride?);
            c.out(x.f_col2im(
                size.as_slice(),
                kernel.as_slice(),
                dilation.as_slice(),
                padding.as_slice(),
                stride.as_slice(),
            ))
        },
    ),
    Op::new("index", &["self", "indices"], |c| {
        let (x, indices) = (c.t(0)?, indices(c)?);
        c.room(indexed(x, &indices))?;
        c.out(x.f_index(&indices))
    }),
    Op::elementwise(
        "index_put",
        &["self", "indices", "values", "accumulate"],
        |c| {
            let (x, indices) = (c.t(0)?, indices(c)?);
            c.room_for(&x.size())?;
            c.room(indexed(x, &indices))?;
            let mut copy = x.f_empty_like()?;
            copy.f_copy_(x)?;
            c.out(copy.f_index_put_(&indices, c.t(2)?, c.bool_or(3, false)?))
        },
    ),
    Op::new("index_select", &["self", "dim", "index"], |c| {
        let (x, dim, index) = (c.t(0)?, c.int(1)?, c.t(2)?);
        let others = (x.numel() as i64).checked_div(c.side(x, dim)?.max(1));
        c.room(others.and_then(|n| n.checked_mul(index.numel() as i64)))?;
        c.out(x.f_index_select(dim, index))
    }),
    Op::new("gather", &["self", "dim", "index", "sparse_grad"], |c| {
        c.room_for(&c.t(2)?.size())?;
        c.out(c.t(0)?.f_gather(c.int(1)?, c.t(2)?, false))
    }),
    Op::new("meshgrid", &["tensors", "indexing"], |c| {
        let tensors = c.tensors(0)?;
        c.few(tensors.len() as i64)?;
        let sides: Vec<i64> = tensors.iter().map(|x| x.numel() as i64).collect();
        c.room_for(&sides)?;
        c.out_list(Tensor::f_meshgrid_indexing(&tensors, c.text_or(1, "ij")?))
    }),
    Op::elementwise("copy", &["self", "src", "non_blocking"], |c| {
        let x = c.t(0)?;
        c.room_for(&x.size())?;
        c.out(c.t(1)?.f_to_kind(x.kind())?.f_expand_as(x))
    }),
    Op::elementwise("fill", &["self", "value"], |c| {
        let x = c.t(0)?;
        c.room_for(&x.size())?;
        c.out(x.f_full_like(c.scalar(1)?))
    }),
    Op::elementwise("zero", &["self"], |c| {
        c.room_for(&c.t(0)?.size())?;
        c.out(c.t(0)?.f_zeros_like())
    }),
    Op::new("zeros", NEW, |c| {
        new(c, &c.ints(0)?, 1, 0.0.into(), Kind::Float)
    }),
    Op::new("ones", NEW, |c| {
        new(c, &c.ints(0)?, 1, 1.0.into(), Kind::Float)
    }),
    // Nobody may see what was in memory before.
    Op::new("empty", NEW, |c| {
        new(c, &c.ints(0)?, 1, 0.0.into(), Kind::Float)
    }),
    Op::new("full", FULL, |c| {
        let kind = match c.get(1) {
            Some(Value::Int(_)) => Kind::Int64,
            Some(Value::Bool(_)) => Kind::Bool,
            _ => Kind::Float,
        };
        new(c, &c.ints(0)?, 2, c.scalar(1)?, kind)
    }),
    Op::new("zeros_like", NEW, |c| {
        new(c, &c.t(0)?.size(), 1, 0.0.into(), c.t(0)?.kind())
    }),
    Op::new("ones_like", NEW, |c| {
        new(c, &c.t(0)?.size(), 1, 1.0.into(), c.t(0)?.kind())
    }),
    Op::new("empty_like", NEW, |c| {
        new(c, &c.t(0)?.size(), 1, 0.0.into(), c.t(0)?.kind())
    }),
    Op::new("full_like", FULL, |c| {
        new(c, &c.t(0)?.size(), 2, c.scalar(1)?, c.t(0)?.kind())
    }),
    Op::new("new_zeros", FULL, |c| {
        new(c, &c.ints(1)?, 2, 0.0.into(), c.t(0)?.kind())
    }),
    Op::new("new_ones", FULL, |c| {
        new(c, &c.ints(1)?, 2, 1.0.into(), c.t(0)?.kind())
    }),
    Op::new(
        "arange",
        &[
            "start",
            "end",
            "step",
            "more",
            "dtype",
            "layout",
            "device",
            "pin_memory",
        ],
        arange,
    ),
    Op::new(
        "linspace",
        &[
            "start",
            "end",
            "steps",
            "dtype",
            "layout",
            "device",
            "pin_memory",
        ],
        |c| {
            let steps = c.int(2)?;
            c.room(Some(steps))?;
            let kind = c.opt_kind(3)?.unwrap_or(Kind::Float);
            let (start, end) = (c.float_or(0, 0.0)?, c.float_or(1, 0.0)?);
            c.out(Tensor::f_linspace(start, end, steps, (kind, c.device())))
        },
    ),
    Op::new(
        "tensor",
        &["data", "dtype", "device", "requires_grad"],
        |c| {
            let made = literal(c)?;
            let kind = c.opt_kind(1)?.unwrap_or_else(|| made.kind());
            c.out(made.f_to_kind(kind)?.f_to_device(c.device()))
        },
    ),
    Op::new(
        "scalar_tensor",
        &["s", "dtype", "layout", "device", "pin_memory"],
        |c| {
            let kind = c.opt_kind(1)?.unwrap_or(Kind::Float);
            c.out(Tensor::f_full([0_i64; 0], c.scalar(0)?, (kind, c.device())))
        },
    ),
    Op::new("tril", &["self", "diagonal"], |c| {
        c.room_for(&c.t(0)?.size())?;
        c.out(c.t(0)?.f_tril(c.int_or(1, 0)?))
    }),
    Op::new("triu", &["self", "diagonal"], |c| {
        c.room_for(&c.t(0)?.size())?;
        c.out(c.t(0)?.f_triu(c.int_or(1, 0)?))
    }),
];

const NEW: &[&str] = &[
    "self",
    "dtype",
    "layout",
    "device",
    "pin_memory",
    "memory_format",
];
const FULL: &[&str] = &[
    "self",
    "value",
    "dtype",
    "layout",
    "device",
    "pin_memory",
    "memory_format",
];

/// An item of a list, counted from its end where the index is negative.
pub(crate) fn item(items: &[Value], index: i64) -> R<Value> {
    let at = if index < 0 {
        index + items.len() as i64
    } else {
        index
    };
    let item = usize::try_from(at).ok().and_then(|at| items.get(at));
    item.cloned()
        .ok_or_else(|| Stop::failed(format!("no item {index} of {}", items.len())))
}

fn slice(c: &Call<'_>) -> R<Value> {
    if c.is_tensor(0) {
        let (dim, step) = (c.int_or(1, 0)?, c.int_or(4, 1)?);
        return c.out(c.t(0)?.f_slice(dim, c.opt_int(2)?, c.opt_int(3)?, step));
    }
    // Of a list there is no dimension: start, end, step.
    let items = c.items(0)?;
    let length = items.len() as i64;
    let place = |n: i64| (if n < 0 { n.saturating_add(length) } else { n }).clamp(0, length);
    let start = place(c.int_or(1, 0)?);
    let end = place(c.int_or(2, i64::MAX)?).max(start);
    let step = c.int_or(3, 1)?;
    c.only(step > 0, "backwards")?;
    let taken = items[start as usize..end as usize].iter();
    Value::list(taken.step_by(step as usize).cloned().collect())
}

fn pad(c: &Call<'_>, mode: &str, value: Option<f64>) -> R<Value> {
    let (x, pad) = (c.t(0)?, c.ints(1)?);
    let mut sides = x.size();
    for (side, ends) in sides.iter_mut().rev().zip(pad.chunks(2)) {
        *side = ends
            .iter()
            .fold(*side, |side, more| side.saturating_add(*more));
    }
    c.room_for(&sides)?;
    c.out(x.f_pad(pad.as_slice(), mode, value))
}

/// The indices of `x[a, :, b]`: a tensor for each dimension that is indexed.
fn indices(c: &Call<'_>) -> R<Vec<Option<Tensor>>> {
    let each = c.items(1)?.into_iter().map(|item| match item {
        Value::None => Ok(None),
        Value::Tensor(held) => Ok(Some(held.tensor.shallow_clone())),
        _ => c.wrong(1, "indices"),
    });
    each.collect()
}

/// How many elements an index asks for.
fn indexed(x: &Tensor, indices: &[Option<Tensor>]) -> Option<i64> {
    let sides = x.size();
    let mut rest = Vec::new();
    let mut places = vec![1];
    let mut at = 0;
    for index in indices {
        match index {
            None => {
                rest.extend(sides.get(at));
                at += 1;
            }
            // A mask picks at most as many as it has, and stands for as many dimensions.
            Some(mask) if matches!(mask.kind(), Kind::Bool | Kind::Uint8) => {
                places = broadcast(&places, &[mask.numel() as i64]);
                at += mask.dim();
            }
            Some(index) => {
                places = broadcast(&places, &index.size());
                at += 1;
            }
        }
    }
    rest.extend(sides.get(at..).unwrap_or_default());
    product(&rest)?.checked_mul(product(&places)?)
}

/// A new tensor, its type the `dtype`th argument or `kind`.
fn new(c: &Call<'_>, sides: &[i64], dtype: usize, value: Scalar, kind: Kind) -> R<Value> {
    c.room_for(sides)?;
    let kind = c.opt_kind(dtype)?.unwrap_or(kind);
    c.out(Tensor::f_full(sides, value, (kind, c.device())))
}

/// `arange(end)`, `arange(start, end)`, `arange(start, end, step)`; old files have the type among these.
fn arange(c: &Call<'_>) -> R<Value> {
    let given = [0, 1, 2].map(|i| c.get(i).cloned());
    let mut numbers = Vec::new();
    for value in given.iter().flatten() {
        numbers.push(super::convert(Number::Any, value)?);
    }
    if numbers.len() == 1 {
        numbers.insert(0, Value::Int(0));
    }
    let whole = numbers.iter().all(|number| matches!(number, Value::Int(_)));
    let as_float = |number: &Value| match number {
        Value::Int(n) => Ok(*n as f64),
        Value::Float(x) => Ok(*x),
        _ => c.wrong(0, "numbers"),
    };
    let [start, end] = [
        as_float(&numbers[0])?,
        numbers.get(1).map_or(Ok(0.0), as_float)?,
    ];
    let step = numbers.get(2).map_or(Ok(1.0), as_float)?;
    let count = ((end - start) / step).ceil();
    c.only(count.is_finite() && count < 1e15, "without end")?;
    c.room(Some(count.max(0.0) as i64))?;
    let kind = if whole { Kind::Int64 } else { Kind::Float };
    let kind = c.opt_kind(4)?.unwrap_or(kind);
    let options = (kind, c.device());
    c.out(if whole {
        Tensor::f_arange_start_step(start as i64, end as i64, step as i64, options)
    } else {
        Tensor::f_arange_start_step(start, end, step, options)
    })
}

/// The tensor of a number, or of a list of numbers.
fn literal(c: &Call<'_>) -> R<Tensor> {
    Ok(match c.get(0) {
        Some(Value::Int(n)) => Tensor::f_from_slice(&[*n])?.f_reshape([0_i64; 0])?,
        Some(Value::Bool(b)) => Tensor::f_from_slice(&[*b])?.f_reshape([0_i64; 0])?,
        Some(Value::Float(x)) => Tensor::f_from_slice(&[*x as f32])?.f_reshape([0_i64; 0])?,
        _ => {
            let items = c.items(0)?;
            if items.iter().all(|item| matches!(item, Value::Int(_))) {
                Tensor::f_from_slice(&c.ints(0)?)?
            } else {
                let floats = c.opt_floats(0)?.unwrap_or_default();
                let floats: Vec<f32> = floats.into_iter().map(|x| x as f32).collect();
                Tensor::f_from_slice(&floats)?
            }
        }
    })
}
