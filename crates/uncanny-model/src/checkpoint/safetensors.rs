//! Safetensors: a JSON header and the tensors after it. Reads any, writes what training makes.
//!
//! Own code rather than the `safetensors` crate: it must say which tensor is cut short, and a
//! file's bytes must not depend on the order of a hash map.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::error::{Error, Problem};
use super::state_dict::{DType, StateDict, TensorData, byte_len};

/// The format's own limit on the header.
const MAX_HEADER: u64 = 100_000_000;

/// Whether these bytes look like a safetensors file: a small length, then an opening brace.
pub(crate) fn is_safetensors(bytes: &[u8]) -> bool {
    header_len(bytes).is_some_and(|n| n <= MAX_HEADER) && bytes.get(8) == Some(&b'{')
}

fn header_len(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk::<8>().map(|n| u64::from_le_bytes(*n))
}

/// Reads names, tensors (in the order of their data) and metadata.
pub(crate) fn read(bytes: &[u8]) -> Result<(StateDict, BTreeMap<String, String>), Problem> {
    let length = header_len(bytes).ok_or(Problem::NotACheckpoint)?;
    let rest = &bytes[8..];
    let split = usize::try_from(length)
        .ok()
        .filter(|n| *n <= rest.len())
        .ok_or_else(|| Problem::Truncated {
            part: "the safetensors header".into(),
            needed: length,
            found: rest.len() as u64,
        })?;
    let (header, data) = rest.split_at(split);
    let header: Map<String, Value> = serde_json::from_slice(header)
        .map_err(|e| Problem::malformed(format!("the safetensors header is not JSON: {e}")))?;

    let mut metadata = BTreeMap::new();
    let mut found = Vec::new();
    for (name, entry) in &header {
        if name == "__metadata__" {
            for (key, value) in entry.as_object().into_iter().flatten() {
                // The format says strings; keep what others wrote instead.
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                metadata.insert(key.clone(), text);
            }
            continue;
        }
        found.push(tensor(name, entry, data)?);
    }
    found.sort_by(|a, b| (a.start, &a.name).cmp(&(b.start, &b.name)));
    // Overlaps would let a small file claim any amount of memory.
    let mut end = 0;
    for t in &found {
        if t.start < end {
            return Err(Problem::malformed(format!(
                "tensor {} overlaps the one before it",
                t.name
            )));
        }
        end = t.end;
    }
    let state = found.into_iter().map(|t| (t.name, t.tensor)).collect();
    Ok((state, metadata))
}

struct Found {
    start: usize,
    end: usize,
    name: String,
    tensor: TensorData,
}

fn tensor(name: &str, entry: &Value, data: &[u8]) -> Result<Found, Problem> {
    let bad = |what: &str| Problem::malformed(format!("tensor {name}: {what}"));
    let dtype_name = entry["dtype"].as_str().ok_or_else(|| bad("no dtype"))?;
    let dtype = DType::from_safetensors_name(dtype_name)
        .ok_or_else(|| Problem::unsupported(format!("tensor {name} of type {dtype_name}")))?;
    let numbers = |key: &str| -> Option<Vec<usize>> {
        let list = entry[key].as_array()?;
        list.iter()
            .map(|n| usize::try_from(n.as_u64()?).ok())
            .collect()
    };
    let shape = numbers("shape").ok_or_else(|| bad("no shape"))?;
    let offsets = numbers("data_offsets").ok_or_else(|| bad("no data offsets"))?;
    let &[start, end] = offsets.as_slice() else {
        return Err(bad("data offsets are not a pair"));
    };
    if start > end {
        return Err(bad("data offsets run backwards"));
    }
    let bytes = data.get(start..end).ok_or_else(|| Problem::Truncated {
        part: format!("tensor {name}"),
        needed: end as u64,
        found: data.len() as u64,
    })?;
    if byte_len(dtype, &shape) != Some(bytes.len()) {
        return Err(bad(&format!(
            "shape {shape:?} of {dtype} does not take {} bytes",
            bytes.len()
        )));
    }
    Ok(Found {
        start,
        end,
        name: name.to_owned(),
        tensor: TensorData::new(dtype, shape, bytes.to_vec()).expect("the length was just checked"),
    })
}

/// Writes tensors in their order; the same input gives the same bytes. With `dtype`, float
/// tensors are converted to it and others stay as they are. The file appears only when complete.
///
/// # Errors
/// When the target cannot be written, or `dtype` is not a float type.
pub fn write_safetensors(
    path: &Path,
    state: &StateDict,
    metadata: &BTreeMap<String, String>,
    dtype: Option<DType>,
) -> Result<(), Error> {
    let fail = |problem| Error::new(path.display().to_string(), problem);
    let bytes = to_safetensors(state, metadata, dtype).map_err(fail)?;
    write_atomic(path, &bytes).map_err(|e| fail(Problem::Write(e)))
}

/// The bytes that [`write_safetensors`] writes.
fn to_safetensors(
    state: &StateDict,
    metadata: &BTreeMap<String, String>,
    dtype: Option<DType>,
) -> Result<Vec<u8>, Problem> {
    let mut header = Map::new();
    if !metadata.is_empty() {
        header.insert("__metadata__".into(), json!(metadata));
    }
    // Wider elements first, so that each tensor starts at a multiple of its element size.
    let mut data = Vec::new();
    let mut tensors = Vec::with_capacity(state.len());
    for (name, tensor) in state.iter() {
        tensors.push(match dtype {
            Some(wanted) if !wanted.is_float() => {
                return Err(Problem::Conversion {
                    name: name.to_owned(),
                    found: tensor.dtype,
                    wanted,
                });
            }
            Some(wanted) if tensor.dtype.is_float() => {
                (name, tensor.to_float(wanted).expect("both are float types"))
            }
            _ => (name, tensor.clone()),
        });
    }
    tensors.sort_by_key(|(_, t)| std::cmp::Reverse(t.dtype.size()));
    for (name, tensor) in &tensors {
        let start = data.len();
        data.extend_from_slice(&tensor.bytes);
        header.insert(
            (*name).to_owned(),
            json!({
                "dtype": tensor.dtype.safetensors_name(),
                "shape": tensor.shape,
                "data_offsets": [start, data.len()],
            }),
        );
    }
    let mut text = Value::Object(header).to_string();
    // The format wants the data aligned; spaces after the JSON are allowed for that.
    text.extend(std::iter::repeat_n(
        ' ',
        text.len().next_multiple_of(8) - text.len(),
    ));
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(text.as_bytes());
    bytes.append(&mut data);
    Ok(bytes)
}

/// Writes beside the target and renames, so that nobody ever sees half a file.
fn write_atomic(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".uncanny-")
        .suffix(".partial")
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    #[cfg(unix)]
    {
        // Temporary files are private; a checkpoint is not.
        use std::fs::{Permissions, metadata};
        use std::os::unix::fs::PermissionsExt as _;
        let mode = metadata(path).map_or(0o644, |m| m.permissions().mode());
        file.as_file()
            .set_permissions(Permissions::from_mode(mode))?;
    }
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(data);
        bytes
    }

    fn message(header: &str, data: &[u8]) -> String {
        read(&file(header, data)).unwrap_err().to_string()
    }

    #[test]
    fn lies_are_told_apart() {
        let one = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
        assert!(read(&file(one, &[0; 8])).is_ok());
        assert_eq!(
            message(one, &[0; 7]),
            "truncated: tensor a needs 8 bytes, 7 are left"
        );
        let cases = [
            (
                r#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#,
                "malformed: tensor a: shape [3] of f32 does not take 8 bytes",
            ),
            (
                r#"{"a":{"dtype":"F32","shape":[18446744073709551615,9],"data_offsets":[0,8]}}"#,
                "malformed: tensor a: shape [18446744073709551615, 9] of f32 does not take 8 bytes",
            ),
            (
                r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#,
                "malformed: tensor a: data offsets run backwards",
            ),
            (
                r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,-8]}}"#,
                "malformed: tensor a: no data offsets",
            ),
            (
                r#"{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}"#,
                "unsupported: tensor a of type F8_E4M3",
            ),
            (
                r#"{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#,
                "malformed: tensor b overlaps the one before it",
            ),
        ];
        for (header, expected) in cases {
            assert_eq!(message(header, &[0; 8]), expected);
        }
        let deep = format!("{}{}", "{\"a\":".repeat(1000), "[".repeat(100_000));
        assert!(message(&deep, &[]).starts_with("malformed: the safetensors header is not JSON"));
    }

    #[test]
    fn writing_is_deterministic_and_reads_back() {
        let state = StateDict::from_iter([
            ("b", TensorData::from_f32(vec![2], &[1.5, -2.25]).unwrap()),
            (
                "n",
                TensorData::new(DType::I64, vec![], 9_i64.to_le_bytes().to_vec()).unwrap(),
            ),
            ("a", TensorData::from_f32(vec![1, 1], &[0.1]).unwrap()),
        ]);
        let metadata = (0..20).map(|i| (format!("k{i}"), i.to_string())).collect();
        let bytes = to_safetensors(&state, &metadata, None).unwrap();
        assert_eq!(bytes, to_safetensors(&state, &metadata, None).unwrap());
        let (back, back_metadata) = read(&bytes).unwrap();
        assert_eq!(back_metadata, metadata);
        assert_eq!(back.names().collect::<Vec<_>>(), ["n", "b", "a"]);
        assert_eq!(back.get("b"), state.get("b"));

        let halves = to_safetensors(&state, &metadata, Some(DType::F16)).unwrap();
        let (back, _) = read(&halves).unwrap();
        assert_eq!(back.get("b").unwrap().dtype, DType::F16);
        assert_eq!(back.get("b").unwrap().to_f32(), [1.5, -2.25]);
        assert_eq!(back.get("n"), state.get("n"));
        assert!(to_safetensors(&state, &metadata, Some(DType::I8)).is_err());
    }

    #[test]
    fn a_failed_write_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("missing").join("a.safetensors");
        let error =
            write_safetensors(&target, &StateDict::new(), &BTreeMap::new(), None).unwrap_err();
        assert!(
            error.to_string().starts_with("write checkpoint "),
            "{error}"
        );
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
