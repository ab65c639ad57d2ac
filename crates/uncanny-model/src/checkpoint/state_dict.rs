//! Names and tensors as plain bytes: what a checkpoint is once its format is forgotten.

use std::fmt;

use half::{bf16, f16};
use indexmap::IndexMap;

/// The type of a tensor's elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DType {
    /// 32-bit float.
    F32,
    /// 16-bit IEEE float.
    F16,
    /// 16-bit float with the range of a 32-bit one.
    BF16,
    /// 64-bit float.
    F64,
    /// 64-bit integer.
    I64,
    /// 32-bit integer.
    I32,
    /// 16-bit integer.
    I16,
    /// 8-bit integer.
    I8,
    /// Unsigned 8-bit integer.
    U8,
    /// One byte, 0 or 1.
    Bool,
}

impl DType {
    /// Bytes an element takes.
    pub const fn size(self) -> usize {
        match self {
            Self::F64 | Self::I64 => 8,
            Self::F32 | Self::I32 => 4,
            Self::F16 | Self::BF16 | Self::I16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }

    /// Whether it holds fractions.
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F16 | Self::BF16 | Self::F64)
    }

    /// The name it has in a safetensors header.
    pub(crate) const fn safetensors_name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::BF16 => "BF16",
            Self::F64 => "F64",
            Self::I64 => "I64",
            Self::I32 => "I32",
            Self::I16 => "I16",
            Self::I8 => "I8",
            Self::U8 => "U8",
            Self::Bool => "BOOL",
        }
    }

    /// The type with this name in a safetensors header.
    pub(crate) fn from_safetensors_name(name: &str) -> Option<Self> {
        Some(match name {
            "F32" => Self::F32,
            "F16" => Self::F16,
            "BF16" => Self::BF16,
            "F64" => Self::F64,
            "I64" => Self::I64,
            "I32" => Self::I32,
            "I16" => Self::I16,
            "I8" => Self::I8,
            "U8" => Self::U8,
            "BOOL" => Self::Bool,
            _ => return None,
        })
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::BF16 => "bf16",
            Self::F64 => "f64",
            Self::I64 => "i64",
            Self::I32 => "i32",
            Self::I16 => "i16",
            Self::I8 => "i8",
            Self::U8 => "u8",
            Self::Bool => "bool",
        })
    }
}

/// A tensor's elements. Whatever this module returns has as many bytes as shape and type ask.
#[derive(Clone, PartialEq)]
pub struct TensorData {
    /// The type of its elements.
    pub dtype: DType,
    /// Its dimensions; empty for a scalar.
    pub shape: Vec<usize>,
    /// Its elements: contiguous, little-endian, the last dimension fastest.
    pub bytes: Vec<u8>,
}

impl TensorData {
    /// Puts a tensor together; `None` unless `bytes` is exactly as long as shape and type ask.
    pub fn new(dtype: DType, shape: Vec<usize>, bytes: Vec<u8>) -> Option<Self> {
        (byte_len(dtype, &shape)? == bytes.len()).then_some(Self {
            dtype,
            shape,
            bytes,
        })
    }

    /// A tensor of 32-bit floats; `None` unless there are as many values as the shape asks.
    pub fn from_f32(shape: Vec<usize>, values: &[f32]) -> Option<Self> {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        Self::new(DType::F32, shape, bytes)
    }

    /// How many elements it has.
    pub fn numel(&self) -> usize {
        self.bytes.len() / self.dtype.size()
    }

    /// Its elements as 32-bit floats, rounded to nearest where they are wider.
    pub fn to_f32(&self) -> Vec<f32> {
        fn each<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f32) -> Vec<f32> {
            let (chunks, _) = bytes.as_chunks::<N>();
            chunks.iter().map(|chunk| read(*chunk)).collect()
        }
        let b = &self.bytes;
        match self.dtype {
            DType::F32 => each(b, f32::from_le_bytes),
            DType::F16 => each(b, |x| f16::from_le_bytes(x).to_f32()),
            DType::BF16 => each(b, |x| bf16::from_le_bytes(x).to_f32()),
            DType::F64 => each(b, |x| f64::from_le_bytes(x) as f32),
            DType::I64 => each(b, |x| i64::from_le_bytes(x) as f32),
            DType::I32 => each(b, |x| i32::from_le_bytes(x) as f32),
            DType::I16 => each(b, |x| f32::from(i16::from_le_bytes(x))),
            DType::I8 => each(b, |x| f32::from(i8::from_le_bytes(x))),
            DType::U8 => each(b, |[x]| f32::from(x)),
            DType::Bool => each(b, |[x]| f32::from(u8::from(x != 0))),
        }
    }

    /// The same values as another float type; `None` unless both types are floats.
    pub fn to_float(&self, dtype: DType) -> Option<Self> {
        if dtype == self.dtype {
            return Some(self.clone());
        }
        if !self.dtype.is_float() {
            return None;
        }
        let values = self.to_f32();
        let bytes = match dtype {
            DType::F32 => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            DType::F16 => values
                .iter()
                .flat_map(|v| f16::from_f32(*v).to_le_bytes())
                .collect(),
            DType::BF16 => values
                .iter()
                .flat_map(|v| bf16::from_f32(*v).to_le_bytes())
                .collect(),
            DType::F64 => values
                .iter()
                .flat_map(|v| f64::from(*v).to_le_bytes())
                .collect(),
            _ => return None,
        };
        Some(Self {
            dtype,
            shape: self.shape.clone(),
            bytes,
        })
    }
}

impl fmt::Debug for TensorData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:?}", self.dtype, self.shape)
    }
}

/// Bytes that a tensor of this shape takes, unless that overflows.
pub(crate) fn byte_len(dtype: DType, shape: &[usize]) -> Option<usize> {
    numel(shape)?.checked_mul(dtype.size())
}

/// Elements of a tensor of this shape, unless that overflows.
pub(crate) fn numel(shape: &[usize]) -> Option<usize> {
    // A zero anywhere makes it empty, however absurd the rest.
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(1_usize, |n, d| n.checked_mul(*d))
}

/// The tensors of a checkpoint by name, in the file's order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StateDict {
    tensors: IndexMap<String, TensorData>,
}

impl StateDict {
    /// One without tensors.
    pub fn new() -> Self {
        Self::default()
    }

    /// The tensor with this name.
    pub fn get(&self, name: &str) -> Option<&TensorData> {
        self.tensors.get(name)
    }

    /// The dimensions of the tensor with this name.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.get(name).map(|tensor| tensor.shape.as_slice())
    }

    /// Whether there is a tensor with this name.
    pub fn contains(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Takes the tensor with this name out; the order of the rest stays.
    pub fn take(&mut self, name: &str) -> Option<TensorData> {
        self.tensors.shift_remove(name)
    }

    /// Adds a tensor at the end, or replaces the one with this name in its place.
    pub fn insert(&mut self, name: impl Into<String>, tensor: TensorData) -> Option<TensorData> {
        self.tensors.insert(name.into(), tensor)
    }

    /// The names, in order.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Names and tensors, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &TensorData)> {
        self.tensors.iter().map(|(name, t)| (name.as_str(), t))
    }

    /// How many tensors there are.
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }

    /// Drops a prefix such as `module.` while every name carries it.
    pub(crate) fn strip_prefix(&mut self, prefix: &str) {
        while !self.is_empty()
            && self
                .names()
                .all(|n| n.len() > prefix.len() && n.starts_with(prefix))
        {
            self.tensors = std::mem::take(&mut self.tensors)
                .into_iter()
                .map(|(name, tensor)| (name[prefix.len()..].to_owned(), tensor))
                .collect();
        }
    }
}

impl<S: Into<String>> FromIterator<(S, TensorData)> for StateDict {
    fn from_iter<I: IntoIterator<Item = (S, TensorData)>>(tensors: I) -> Self {
        Self {
            tensors: tensors.into_iter().map(|(n, t)| (n.into(), t)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(value: f32) -> TensorData {
        TensorData::from_f32(vec![], &[value]).unwrap()
    }

    #[test]
    fn the_length_must_match_the_shape() {
        assert!(TensorData::new(DType::F32, vec![2, 3], vec![0; 24]).is_some());
        assert!(TensorData::new(DType::F32, vec![2, 3], vec![0; 23]).is_none());
        assert!(TensorData::new(DType::F32, vec![usize::MAX, 2], vec![]).is_none());
        assert!(TensorData::new(DType::F32, vec![usize::MAX, 2, 0], vec![]).is_some());
    }

    #[test]
    fn halves_round_to_nearest() {
        let x = TensorData::from_f32(vec![3], &[1.0, -0.333_333_34, 1e9]).unwrap();
        let half = x.to_float(DType::F16).unwrap();
        assert_eq!(half.to_f32(), [1.0, -0.333_251_95, f32::INFINITY]);
        let brain = x.to_float(DType::BF16).unwrap();
        assert_eq!(brain.to_f32(), [1.0, -0.333_984_38, 998_244_352.0]);
        let count = TensorData::new(DType::I64, vec![], 7_i64.to_le_bytes().to_vec()).unwrap();
        assert!(count.to_float(DType::F16).is_none());
        assert_eq!(count.to_f32(), [7.0]);
    }

    #[test]
    fn a_prefix_goes_only_when_all_share_it() {
        let mut all = StateDict::from_iter([("module.a", scalar(1.0)), ("module.b", scalar(2.0))]);
        all.strip_prefix("module.");
        assert_eq!(all.names().collect::<Vec<_>>(), ["a", "b"]);
        let mut some = StateDict::from_iter([("module.a", scalar(1.0)), ("b", scalar(2.0))]);
        some.strip_prefix("module.");
        assert_eq!(some.names().collect::<Vec<_>>(), ["module.a", "b"]);
    }

    #[test]
    fn taking_keeps_the_order() {
        let mut state =
            StateDict::from_iter([("a", scalar(1.0)), ("b", scalar(2.0)), ("c", scalar(3.0))]);
        assert_eq!(state.take("a"), Some(scalar(1.0)));
        assert_eq!(state.take("a"), None);
        assert_eq!(state.names().collect::<Vec<_>>(), ["b", "c"]);
    }
}
