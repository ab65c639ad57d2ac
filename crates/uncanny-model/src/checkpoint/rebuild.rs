//! From a pickle's values to tensors: finds the state dict among its wrappings, then copies each
//! tensor out of its storage, whatever its strides.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::error::Problem;
use super::globals::Known;
use super::state_dict::{DType, StateDict, TensorData, numel};
use super::value::{Node, Pickle, Storage, Tensor, Value};

/// Keys under which training scripts keep the weights, the better ones first.
const WRAPPERS: [&str; 11] = [
    "params_ema",
    "params-ema",
    "params",
    "state_dict",
    "model_state_dict",
    "g_ema",
    "generator",
    "netG",
    "model",
    "net",
    "module",
];
/// How deep wrappers are followed.
const MAX_WRAPPING: usize = 4;
/// Dimensions a tensor may have; networks use five at most.
const MAX_DIMENSIONS: usize = 16;

/// The raw elements of a file's tensors.
pub(crate) struct Storages<'a> {
    pub(crate) blobs: HashMap<String, Cow<'a, [u8]>>,
    pub(crate) big_endian: bool,
    /// Bytes that all tensors together may take: tensors can share elements, so they may be more
    /// than the file has, but not without end.
    pub(crate) limit: usize,
}

/// The limit for a file of this size.
pub(crate) fn limit_for(file_len: usize) -> usize {
    file_len.saturating_mul(16).saturating_add(16 << 20)
}

/// Finds the weights in a pickle and copies them out; numbers beside them go along.
pub(crate) fn rebuild(
    pickle: &Pickle<'_>,
    storages: &Storages<'_>,
) -> Result<(StateDict, BTreeMap<String, f64>), Problem> {
    let mut scalars = BTreeMap::new();
    let found = unwrap(pickle, &mut scalars)?;
    let mut used = 0_usize;
    let mut state = StateDict::new();
    for (name, tensor) in found {
        let data = copy_out(pickle, storages, name, tensor, &mut used)?;
        state.insert(name, data);
    }
    Ok((state, scalars))
}

/// Follows wrappers down to the dictionary of tensors.
fn unwrap<'p>(
    pickle: &'p Pickle<'_>,
    scalars: &mut BTreeMap<String, f64>,
) -> Result<Vec<(&'p str, Tensor)>, Problem> {
    let mut at = pickle.root;
    for _ in 0..=MAX_WRAPPING {
        let pairs = match pickle.node(at) {
            Some(Node::Dict(pairs)) => pairs,
            Some(Node::Instance { class, .. }) => {
                return Err(Problem::WholeModule {
                    class: class.clone(),
                });
            }
            Some(Node::Global { name, known: None }) => {
                return Err(Problem::WholeModule {
                    class: name.clone(),
                });
            }
            _ => return Err(no_tensors(describe(pickle, at))),
        };
        let mut tensors = Vec::new();
        let mut inner = Vec::new();
        for (key, value) in pairs {
            let Some(key) = pickle.text(*key) else {
                continue;
            };
            match (value, pickle.node(*value)) {
                (Value::Int(n), _) => drop(scalars.entry(key.into()).or_insert(*n as f64)),
                (Value::Float(x), _) => drop(scalars.entry(key.into()).or_insert(*x)),
                (_, Some(Node::Tensor(tensor))) => tensors.push((key, *tensor)),
                (_, Some(Node::Dict(_) | Node::Instance { .. })) => inner.push((key, *value)),
                _ => {}
            }
        }
        let wrapped = WRAPPERS.iter().find_map(|wrapper| {
            let named = inner.iter().find(|(key, _)| key == wrapper);
            // Beside tensors, only a dictionary that has some itself counts.
            named.filter(|(_, value)| tensors.is_empty() || has_tensor(pickle, *value))
        });
        let only = match inner.as_slice() {
            [only] if tensors.is_empty() => Some(only),
            _ => None,
        };
        match wrapped.or(only) {
            Some((_, value)) => at = *value,
            None if tensors.is_empty() => return Err(no_tensors(describe(pickle, at))),
            None => return Ok(tensors),
        }
    }
    Err(no_tensors("dictionaries in dictionaries".into()))
}

fn has_tensor(pickle: &Pickle<'_>, value: Value) -> bool {
    let is_tensor = |value: Value| matches!(pickle.node(value), Some(Node::Tensor(_)));
    match pickle.node(value) {
        Some(Node::Dict(pairs)) => pairs.iter().any(|(_, value)| is_tensor(*value)),
        _ => false,
    }
}

fn no_tensors(found: String) -> Problem {
    Problem::NoTensors { found }
}

/// What stands in place of a state dict, in a few words.
fn describe(pickle: &Pickle<'_>, value: Value) -> String {
    match pickle.node(value) {
        Some(Node::Dict(pairs)) if pairs.is_empty() => "an empty dictionary".into(),
        Some(Node::Dict(pairs)) => {
            let keys: Vec<String> = pairs
                .iter()
                .filter_map(|(key, _)| pickle.text(*key))
                .take(5)
                .map(|key| key.chars().take(60).collect())
                .collect();
            format!("a dictionary with the keys {}", keys.join(", "))
        }
        Some(Node::Tensor(_)) => "a single tensor without a name".into(),
        Some(Node::List(_)) => "a list".into(),
        Some(Node::Tuple(_)) => "a tuple".into(),
        Some(Node::Str(_)) => "a string".into(),
        Some(Node::Bytes(_)) => "bytes".into(),
        None | Some(Node::Long) => "a number or nothing".into(),
        Some(_) => "an object that is no dictionary".into(),
    }
}

/// Copies one tensor into contiguous little-endian order, checking everything the file says.
pub(super) fn copy_out(
    pickle: &Pickle<'_>,
    storages: &Storages<'_>,
    name: &str,
    tensor: Tensor,
    used: &mut usize,
) -> Result<TensorData, Problem> {
    let bad = |what: &str| Problem::malformed(format!("tensor {name}: {what}"));
    let Some(Node::Storage(storage)) = pickle.node(tensor.storage) else {
        return Err(bad("no storage"));
    };
    let dtype = dtype_of(pickle, storage, tensor.dtype)
        .map_err(|kind| Problem::unsupported(format!("tensor {name} of type {kind}")))?;
    let dims = |value: Value| -> Option<Vec<usize>> {
        let (Node::Tuple(items) | Node::List(items)) = pickle.node(value)? else {
            return None;
        };
        if items.len() > MAX_DIMENSIONS {
            return None;
        }
        let each = items.iter().map(|item| match item {
            Value::Int(n) => usize::try_from(*n).ok(),
            _ => None,
        });
        each.collect()
    };
    let shape = dims(tensor.size).ok_or_else(|| bad("an impossible size"))?;
    let strides = dims(tensor.stride).ok_or_else(|| bad("impossible strides"))?;
    if strides.len() != shape.len() {
        return Err(bad("strides that do not fit its size"));
    }
    let blob = storages
        .blobs
        .get(&storage.key)
        .ok_or_else(|| bad(&format!("its storage {} is not in the file", storage.key)))?;

    let claimed = u64::try_from(storage.numel)
        .ok()
        .zip(storage_element(&storage.kind))
        .and_then(|(n, element)| n.checked_mul(element as u64));
    if claimed.is_none_or(|bytes| bytes > blob.len() as u64) {
        return Err(Problem::Truncated {
            part: format!("storage {} of tensor {name}", storage.key),
            needed: claimed.unwrap_or(u64::MAX),
            found: blob.len() as u64,
        });
    }

    let element = dtype.size();
    let count = numel(&shape);
    let bytes = count.and_then(|n| n.checked_mul(element));
    let room = storages.limit.saturating_sub(*used);
    let Some(bytes) = bytes.filter(|n| *n <= room) else {
        return Err(Problem::TooLarge {
            what: format!("tensor {name} of size {shape:?}"),
            claimed: bytes.unwrap_or(usize::MAX) as u64,
            limit: room as u64,
        });
    };
    *used += bytes;
    if bytes == 0 {
        return TensorData::new(dtype, shape, Vec::new()).ok_or_else(|| bad("an impossible size"));
    }

    // The first and last element; all others lie between, for strides are not negative.
    let start = tensor
        .offset
        .checked_add(storage.view_offset)
        .and_then(|n| usize::try_from(n).ok());
    let start = start.ok_or_else(|| bad("an impossible offset"))?;
    let span = shape
        .iter()
        .zip(&strides)
        .try_fold(1_usize, |span, (d, s)| {
            span.checked_add((d - 1).checked_mul(*s)?)
        });
    let end = span
        .and_then(|span| start.checked_add(span))
        .and_then(|end| end.checked_mul(element));
    let raw = end.and_then(|end| blob.get(start * element..end));
    let raw = raw.ok_or_else(|| Problem::Truncated {
        part: format!("tensor {name} in storage {}", storage.key),
        needed: end.unwrap_or(usize::MAX) as u64,
        found: blob.len() as u64,
    })?;

    let mut data = gather(raw, element, &shape, &strides, bytes);
    if storages.big_endian {
        data.chunks_exact_mut(element).for_each(<[u8]>::reverse);
    }
    TensorData::new(dtype, shape, data).ok_or_else(|| bad("an impossible size"))
}

/// Elements in row-major order; `raw` begins at the first and ends with the last.
fn gather(raw: &[u8], element: usize, shape: &[usize], strides: &[usize], len: usize) -> Vec<u8> {
    let mut expected = 1;
    let contiguous = shape.iter().zip(strides).rev().all(|(d, s)| {
        let fits = *d == 1 || *s == expected;
        expected *= d;
        fits
    });
    if contiguous {
        return raw.to_vec();
    }
    let mut data = Vec::with_capacity(len);
    let mut index = vec![0; shape.len()];
    let mut at = 0;
    while data.len() < len {
        data.extend_from_slice(&raw[at * element..(at + 1) * element]);
        // The last dimension runs fastest; one that is through goes back to its start.
        for d in (0..shape.len()).rev() {
            index[d] += 1;
            at += strides[d];
            if index[d] < shape[d] {
                break;
            }
            at -= strides[d] * shape[d];
            index[d] = 0;
        }
    }
    data
}

/// The element type of a tensor, or the name of the one that is not known.
fn dtype_of(pickle: &Pickle<'_>, storage: &Storage, dtype: Option<Value>) -> Result<DType, String> {
    let Some(dtype) = dtype else {
        return storage_dtype(&storage.kind).ok_or_else(|| storage.kind.clone());
    };
    match pickle.node(dtype) {
        Some(Node::Global { name, known }) => {
            let known = known.filter(|known| *known == Known::DType);
            let short = name.rsplit('.').next().filter(|_| known.is_some());
            short.and_then(named_dtype).ok_or_else(|| name.clone())
        }
        _ => Err("that is not named".into()),
    }
}

fn named_dtype(name: &str) -> Option<DType> {
    Some(match name {
        "float32" | "float" => DType::F32,
        "float16" | "half" => DType::F16,
        "bfloat16" => DType::BF16,
        "float64" | "double" => DType::F64,
        "int64" | "long" => DType::I64,
        "int32" | "int" => DType::I32,
        "int16" | "short" => DType::I16,
        "int8" => DType::I8,
        "uint8" => DType::U8,
        "bool" => DType::Bool,
        _ => return None,
    })
}

/// The element type of a storage class.
fn storage_dtype(kind: &str) -> Option<DType> {
    Some(match kind {
        "FloatStorage" => DType::F32,
        "HalfStorage" => DType::F16,
        "BFloat16Storage" => DType::BF16,
        "DoubleStorage" => DType::F64,
        "LongStorage" => DType::I64,
        "IntStorage" => DType::I32,
        "ShortStorage" => DType::I16,
        "CharStorage" => DType::I8,
        "ByteStorage" | "UntypedStorage" => DType::U8,
        "BoolStorage" => DType::Bool,
        _ => return None,
    })
}

/// Bytes an element of a storage class takes, those included that no tensor here may have.
pub(crate) fn storage_element(kind: &str) -> Option<usize> {
    storage_dtype(kind).map(DType::size).or(match kind {
        "ComplexDoubleStorage" => Some(16),
        "ComplexFloatStorage" => Some(8),
        "QInt32Storage" => Some(4),
        "QInt8Storage" | "QUInt8Storage" | "QUInt4x2Storage" | "QUInt2x4Storage" => Some(1),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gathers_transposed_and_expanded() {
        // [[0, 1, 2], [3, 4, 5]] transposed.
        let raw = [0, 1, 2, 3, 4, 5];
        assert_eq!(gather(&raw, 1, &[3, 2], &[1, 3], 6), [0, 3, 1, 4, 2, 5]);
        // A row repeated.
        assert_eq!(
            gather(&raw[..3], 1, &[2, 3], &[0, 1], 6),
            [0, 1, 2, 0, 1, 2]
        );
        // Every second column of two-byte elements.
        let wide: Vec<u8> = (0..14).collect();
        assert_eq!(
            gather(&wide, 2, &[2, 2], &[4, 2], 8),
            [0, 1, 4, 5, 8, 9, 12, 13]
        );
        // A stride that does not matter, for there is one element along it.
        assert_eq!(gather(&raw, 1, &[1, 6], &[99, 1], 6), raw);
    }
}
