//! Between our own types and libtorch's: state dicts to tensors and back, tiles to batches and back.

use std::collections::BTreeSet;

use tch::nn::VarStore;
use tch::{Kind, Tensor};
use uncanny_texture::RgbPlanes;

use crate::checkpoint::{DType, StateDict, TensorData};
use crate::{Error, Result};

/// The same values with the channel as the innermost dimension in memory, which libtorch's
/// convolutions run faster on.
pub fn channels_last(x: &Tensor) -> Tensor {
    try_channels_last(x).expect("a four-dimensional tensor, and memory for a second one")
}

/// The same where memory may run out.
pub(crate) fn try_channels_last(x: &Tensor) -> Result<Tensor, tch::TchError> {
    x.f_permute([0, 2, 3, 1])?
        .f_contiguous()?
        .f_permute([0, 3, 1, 2])
}

/// One tensor of a checkpoint, as f32 on the CPU.
///
/// # Errors
/// When libtorch refuses the shape.
pub fn to_tensor(data: &TensorData) -> Result<Tensor> {
    let shape: Vec<i64> = data.shape.iter().map(|&d| d as i64).collect();
    Ok(Tensor::from_slice(&data.to_f32()).f_reshape(shape)?)
}

/// A tensor as checkpoint data, f32.
///
/// # Errors
/// When it cannot be copied from its device.
pub fn from_tensor(tensor: &Tensor) -> Result<TensorData> {
    let shape: Vec<usize> = tensor.size().iter().map(|&d| d as usize).collect();
    let flat = tensor
        .detach()
        .to_device(tch::Device::Cpu)
        .to_kind(Kind::Float)
        .contiguous()
        .flatten(0, -1);
    let values = Vec::<f32>::try_from(&flat)?;
    let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    Ok(TensorData {
        dtype: DType::F32,
        shape,
        bytes,
    })
}

/// Copies a state dict into the variables of a network, which must match it exactly, save for
/// surplus keys that `ignored` names.
///
/// # Errors
/// Missing or surplus keys, or another shape: the first few are named.
pub fn load_exactly(
    store: &mut VarStore,
    state: &StateDict,
    ignored: impl Fn(&str) -> bool,
) -> Result<()> {
    let variables = store.variables();
    let expected: BTreeSet<&str> = variables.keys().map(String::as_str).collect();
    let missing: Vec<_> = expected
        .iter()
        .filter(|key| !state.contains(key))
        .copied()
        .collect();
    if !missing.is_empty() {
        return Err(Error::missing(&missing));
    }
    let surplus: Vec<_> = state
        .names()
        .filter(|key| !expected.contains(key) && !ignored(key))
        .collect();
    if !surplus.is_empty() {
        return Err(Error::surplus(&surplus));
    }
    for key in expected {
        let variable = &variables[key];
        let data = state.get(key).expect("no key is missing");
        let shape: Vec<i64> = data.shape.iter().map(|&d| d as i64).collect();
        if shape != variable.size() {
            return Err(Error::Shape {
                key: key.into(),
                expected: format!("{:?}", variable.size()),
                found: format!("{shape:?}"),
            });
        }
        let tensor = to_tensor(data)?;
        tch::no_grad(|| variable.shallow_clone().f_copy_(&tensor))?;
    }
    Ok(())
}

/// Every variable of a network, sorted by key.
///
/// # Errors
/// When one cannot be copied from its device.
pub fn state_of(store: &VarStore) -> Result<StateDict> {
    let mut variables: Vec<_> = store.variables().into_iter().collect();
    variables.sort_by(|a, b| a.0.cmp(&b.0));
    let mut state = StateDict::default();
    for (name, tensor) in variables {
        state.insert(name, from_tensor(&tensor)?);
    }
    Ok(state)
}

/// Tiles of one size to `count` x 3 x h x w, f32 in 0..1, on the CPU: black ones after them, where they are fewer.
///
/// # Errors
/// When memory runs out.
pub(crate) fn batch(tiles: &[RgbPlanes], count: usize) -> Result<Tensor, tch::TchError> {
    let (w, h) = tiles
        .first()
        .map_or((0, 0), |tile| (tile.width, tile.height));
    let each = 3 * (w * h) as usize;
    let count = count.max(tiles.len());
    let mut data = Vec::with_capacity(count * each);
    for tile in tiles {
        assert_eq!(
            (tile.width, tile.height),
            (w, h),
            "a batch has tiles of one size"
        );
        data.extend_from_slice(&tile.data);
    }
    data.resize(count * each, 0.0);
    Tensor::f_from_slice(&data)?.f_reshape([count as i64, 3, i64::from(h), i64::from(w)])
}

/// The first `count` of N x 3 x h x w on any device to tiles, clamped to 0..1.
///
/// # Errors
/// When the values cannot be copied from the device.
pub(crate) fn unbatch(x: &Tensor, count: usize) -> Result<Vec<RgbPlanes>, tch::TchError> {
    let x = x.f_narrow(0, 0, count as i64)?;
    let (n, _, h, w) = x.size4()?;
    let x = x
        .f_clamp(0.0, 1.0)?
        .f_to_device(tch::Device::Cpu)?
        .f_to_kind(Kind::Float)?;
    let each = (3 * h * w) as usize;
    let mut data = vec![0f32; each * n as usize];
    let values = data.len();
    x.f_contiguous()?.f_copy_data(&mut data, values)?;
    Ok(data
        .chunks_exact(each)
        .map(|tile| RgbPlanes {
            width: w as u32,
            height: h as u32,
            data: tile.to_vec(),
        })
        .collect())
}
