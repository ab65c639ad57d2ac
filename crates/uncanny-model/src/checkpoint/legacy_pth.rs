//! What `torch.save` wrote before PyTorch 1.6, and still does with
//! `_use_new_zipfile_serialization=False`: a magic number, a version, facts about the system, the
//! object and a list of storage keys, each a pickle; then each storage as a count and its elements.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::error::Problem;
use super::pickle;
use super::rebuild::{Storages, limit_for, rebuild, storage_element};
use super::state_dict::StateDict;
use super::value::{Node, Pickle, Value};

/// 0x1950a86a20f9469cfc6c, little-endian, as a pickle of protocol 2 or later writes it.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// Whether these bytes begin with the magic number, in a frame or not.
pub(crate) fn is_legacy(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(32)];
    head.first() == Some(&0x80) && head.windows(MAGIC.len()).any(|w| w == MAGIC)
}

/// Whether these bytes could be some other pickle, by its first opcode.
pub(crate) fn is_pickle(bytes: &[u8]) -> bool {
    matches!(bytes, [0x80, 0..=5, ..] | [b'c' | b'(' | b'}' | b']', ..])
}

/// Reads the weights, and the numbers beside them.
pub(crate) fn read(bytes: &[u8]) -> Result<(StateDict, BTreeMap<String, f64>), Problem> {
    let mut rest = bytes;
    let mut next = |what| -> Result<Pickle<'_>, Problem> {
        let pickle = pickle::run(rest, what)?;
        rest = &rest[pickle.len..];
        Ok(pickle)
    };
    next("the magic number")?;
    let version = next("the format version")?.root;
    if version != Value::Int(1001) {
        return Err(Problem::unsupported(format!(
            "format version {version:?} of the old PyTorch format"
        )));
    }
    let system = next("the system's facts")?;
    let pickle = next("the main pickle")?;
    let keys = next("the list of storages")?;
    let keys = match keys.node(keys.root) {
        Some(Node::List(items)) => items
            .iter()
            .map(|key| keys.text(*key))
            .collect::<Option<Vec<&str>>>(),
        _ => None,
    };
    let keys =
        keys.ok_or_else(|| Problem::malformed("the list of storages is not a list of names"))?;

    let big_endian = is_big_endian(&system);
    let elements: HashMap<&str, (&str, Option<usize>)> = pickle
        .storages()
        .map(|s| (s.key.as_str(), (s.kind.as_str(), storage_element(&s.kind))))
        .collect();
    let mut blobs = HashMap::new();
    for (i, key) in keys.iter().enumerate() {
        let part = || format!("storage {} of {} (key {key})", i + 1, keys.len());
        let (kind, element) = elements
            .get(key)
            .ok_or_else(|| Problem::malformed(format!("{}: no tensor has it", part())))?;
        let element =
            element.ok_or_else(|| Problem::unsupported(format!("{} of type {kind}", part())))?;
        let (count, data) = rest
            .split_first_chunk::<8>()
            .ok_or_else(|| Problem::Truncated {
                part: part(),
                needed: 8,
                found: rest.len() as u64,
            })?;
        let count = if big_endian {
            u64::from_be_bytes(*count)
        } else {
            u64::from_le_bytes(*count)
        };
        let len = count.saturating_mul(element as u64);
        let blob = usize::try_from(len).ok().and_then(|len| data.get(..len));
        let blob = blob.ok_or_else(|| Problem::Truncated {
            part: part(),
            needed: len,
            found: data.len() as u64,
        })?;
        blobs.insert((*key).to_owned(), Cow::Borrowed(blob));
        rest = &data[blob.len()..];
    }
    let storages = Storages {
        blobs,
        big_endian,
        limit: limit_for(bytes.len()),
    };
    rebuild(&pickle, &storages)
}

/// Runs a pickle that no known format surrounds, only to say what it is.
pub(crate) fn examine(bytes: &[u8]) -> Problem {
    let empty = Storages {
        blobs: HashMap::new(),
        big_endian: false,
        limit: 0,
    };
    match pickle::run(bytes, "the pickle").and_then(|pickle| rebuild(&pickle, &empty)) {
        Err(
            problem @ (Problem::UnsafePickle { .. }
            | Problem::WholeModule { .. }
            | Problem::NoTensors { .. }),
        ) => problem,
        _ => Problem::NotACheckpoint,
    }
}

fn is_big_endian(system: &Pickle<'_>) -> bool {
    match system.node(system.root) {
        Some(Node::Dict(pairs)) => pairs.iter().any(|(key, value)| {
            system.text(*key) == Some("little_endian") && *value == Value::Bool(false)
        }),
        _ => false,
    }
}
