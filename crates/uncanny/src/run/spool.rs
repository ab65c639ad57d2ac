//! Finished textures on their way into the output: in memory while they are few, then in a temporary file.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::SpooledTempFile;

use crate::Error;

/// Kept in memory up to here.
const IN_MEMORY: usize = 16 << 20;

pub(super) struct Spool {
    folder: PathBuf,
    file: SpooledTempFile,
    end: u64,
    places: BTreeMap<usize, (u64, usize)>,
}

impl Spool {
    /// A spool on the disk that the output goes to.
    pub(super) fn beside(output: &Path) -> Result<Self, Error> {
        let folder = match output.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        let file = tempfile::spooled_tempfile_in(IN_MEMORY, &folder);
        Ok(Self {
            folder,
            file,
            end: 0,
            places: BTreeMap::new(),
        })
    }

    /// Keeps the bytes for this row.
    pub(super) fn put(&mut self, row: usize, bytes: &[u8]) -> Result<(), Error> {
        self.file
            .seek(SeekFrom::Start(self.end))
            .and_then(|_| self.file.write_all(bytes))
            .map_err(|source| Error::Spool {
                path: self.folder.clone(),
                source,
            })?;
        self.places.insert(row, (self.end, bytes.len()));
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// The bytes kept for this row.
    pub(super) fn get(&mut self, row: usize) -> Result<Vec<u8>, Error> {
        let (at, length) = *self
            .places
            .get(&row)
            .expect("a scaled texture has been put");
        let mut bytes = vec![0; length];
        self.file
            .seek(SeekFrom::Start(at))
            .and_then(|_| self.file.read_exact(&mut bytes))
            .map_err(|source| Error::Spool {
                path: self.folder.clone(),
                source,
            })?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn returns_what_was_put_also_from_disk() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::beside(&folder.path().join("out.zip")).unwrap();
        spool.put(3, &[3; 1000]).unwrap();
        spool.put(1, &vec![1; IN_MEMORY]).unwrap();
        assert_eq!(spool.get(3).unwrap(), [3; 1000]);
        spool.put(2, b"").unwrap();
        spool.put(4, b"four").unwrap();
        assert_eq!(spool.get(1).unwrap(), vec![1; IN_MEMORY]);
        assert_eq!(
            (spool.get(2).unwrap(), spool.get(4).unwrap()),
            (Vec::new(), b"four".to_vec())
        );
        drop(spool);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
