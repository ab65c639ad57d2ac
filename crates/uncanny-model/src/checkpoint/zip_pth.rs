//! What `torch.save` writes since PyTorch 1.6: a zip archive with `data.pkl`, and each storage in
//! an entry of its own, `data/0` and so on, below one folder of any name.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io::{Cursor, Read as _};

use zip::read::{ArchiveOffset, Config};
use zip::{CompressionMethod, ZipArchive};

use super::error::Problem;
use super::pickle;
use super::rebuild::{Storages, limit_for, rebuild};
use super::state_dict::StateDict;
use super::value::Pickle;

/// Whether these bytes begin like a zip archive.
pub(crate) fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// Reads the weights, and the numbers beside them.
pub(crate) fn read(bytes: &[u8]) -> Result<(StateDict, BTreeMap<String, f64>), Problem> {
    let mut archive = Archive::open(bytes)?;
    let folder = archive.folder()?;
    let main = format!("{folder}data.pkl");
    let has_code = archive
        .names
        .keys()
        .any(|name| name.starts_with(&format!("{folder}code/")));
    if has_code
        && archive
            .names
            .contains_key(&format!("{folder}constants.pkl"))
    {
        return Err(Problem::TorchScript);
    }
    let big_endian = match archive.names.get(&format!("{folder}byteorder")) {
        Some(index) => &*archive.entry(*index)? == b"big",
        None => false,
    };
    let main_bytes = archive.entry(archive.names[&main])?;
    let pickle = pickle::run(&main_bytes, &main)?;

    let blobs = archive.storages(&pickle, &format!("{folder}data/"))?;
    let storages = Storages {
        blobs,
        big_endian,
        limit: limit_for(bytes.len()),
    };
    rebuild(&pickle, &storages)
}

pub(super) struct Archive<'a> {
    bytes: &'a [u8],
    zip: ZipArchive<Cursor<&'a [u8]>>,
    pub(super) names: BTreeMap<String, usize>,
    /// Bytes that compressed entries may still unpack to.
    room: usize,
}

impl<'a> Archive<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Problem> {
        // Not the default, `Detect`: zip 9.8.1 then takes the second entry of the directory for the
        // first where that is 76 bytes long, as with a folder of 21 letters (76 is the size of the
        // ZIP64 records that torch always writes after the directory).
        let config = Config {
            archive_offset: ArchiveOffset::Known(0),
        };
        let zip = ZipArchive::with_config(config, Cursor::new(bytes)).map_err(|e| {
            Problem::malformed(format!(
                "a zip archive whose directory, which is its end, cannot be read: cut short at {} bytes? ({e})",
                bytes.len()
            ))
        })?;
        let names = (0..zip.len())
            .filter_map(|i| match zip.name_for_index(i) {
                Some(Ok(name)) => Some((name.into_owned(), i)),
                _ => None,
            })
            .collect();
        Ok(Self {
            bytes,
            zip,
            names,
            room: limit_for(bytes.len()),
        })
    }

    /// The folder that everything lies in, with its slash: that of the `data.pkl` with the shortest name.
    pub(super) fn folder(&self) -> Result<String, Problem> {
        let names = self.names.keys();
        let main = names
            .filter(|name| *name == "data.pkl" || name.ends_with("/data.pkl"))
            .min_by_key(|name| name.len())
            .ok_or_else(|| {
                Problem::malformed("a zip archive without data.pkl: not a checkpoint")
            })?;
        Ok(main.strip_suffix("data.pkl").unwrap_or_default().to_owned())
    }

    /// The entries that a pickle's tensors are in. One that no weight needs may be missing; whoever copies tensors out
    /// sees to the others.
    pub(super) fn storages(
        &mut self,
        pickle: &Pickle<'_>,
        folder: &str,
    ) -> Result<HashMap<String, Cow<'a, [u8]>>, Problem> {
        let mut blobs = HashMap::new();
        for storage in pickle.storages() {
            if blobs.contains_key(&storage.key) {
                continue;
            }
            if let Some(index) = self.names.get(&format!("{folder}{}", storage.key)) {
                blobs.insert(storage.key.clone(), self.entry(*index)?);
            }
        }
        Ok(blobs)
    }

    /// The bytes of an entry: those in the file where it is stored, as `torch.save` always does;
    /// unpacked where somebody compressed it. The checksum of a stored entry is not verified:
    /// torch can be told to leave it out (`torch.serialization.set_crc32_options(False)`).
    pub(super) fn entry(&mut self, index: usize) -> Result<Cow<'a, [u8]>, Problem> {
        let name = match self.zip.name_for_index(index) {
            Some(Ok(name)) => name.into_owned(),
            _ => format!("entry {index}"),
        };
        let bad = |e: &dyn std::fmt::Display| Problem::malformed(format!("zip entry {name}: {e}"));
        let raw = self.zip.by_index_raw(index).map_err(|e| bad(&e))?;
        if raw.encrypted() {
            return Err(Problem::unsupported(format!(
                "zip entry {name} is encrypted"
            )));
        }
        let (method, size) = (raw.compression(), raw.size());
        let start = raw.data_start().ok_or_else(|| bad(&"it has no data"))?;
        drop(raw);
        if method == CompressionMethod::Stored {
            let range = usize::try_from(start).ok().and_then(|start| {
                let end = start.checked_add(usize::try_from(size).ok()?)?;
                self.bytes.get(start..end)
            });
            let found = (self.bytes.len() as u64).saturating_sub(start);
            return range.map(Cow::Borrowed).ok_or(Problem::Truncated {
                part: format!("zip entry {name}"),
                needed: size,
                found,
            });
        }
        if size > self.room as u64 {
            return Err(Problem::TooLarge {
                what: format!("zip entry {name}"),
                claimed: size,
                limit: self.room as u64,
            });
        }
        let mut unpacked = Vec::new();
        let entry = self.zip.by_index(index).map_err(|e| bad(&e))?;
        // One byte more than it says shows that it lies.
        entry
            .take(size + 1)
            .read_to_end(&mut unpacked)
            .map_err(|e| bad(&e))?;
        if unpacked.len() as u64 != size {
            return Err(bad(&"it unpacks to another size than it says"));
        }
        self.room -= unpacked.len();
        Ok(Cow::Owned(unpacked))
    }
}
