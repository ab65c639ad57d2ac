//! Reading zips: the central directory and, from any thread, the bytes behind it. No policy on names.
//!
//! What the central directory says of places is believed, as the game believes it; what it says of sizes and
//! checksums is only compared, because some packs state false ones on purpose. Local headers are opened for
//! nothing but their length.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::{Decompress, FlushDecompress, Status};
use uncanny_texture::input::open_regular;

use crate::{Error, PackLimits, name};

pub(crate) const LOCAL: u32 = 0x0403_4b50;
pub(crate) const CENTRAL: u32 = 0x0201_4b50;
pub(crate) const END: u32 = 0x0605_4b50;
pub(crate) const END64: u32 = 0x0606_4b50;
pub(crate) const END64_LOCATOR: u32 = 0x0706_4b50;
pub(crate) const STORED: u16 = 0;
pub(crate) const DEFLATED: u16 = 8;

const LOCAL_LEN: u64 = 30;
const CENTRAL_LEN: usize = 46;
const END_LEN: usize = 22;
const END64_LEN: u64 = 56;
const LOCATOR_LEN: u64 = 20;
/// Largest central directory we load; a million entries with long names.
const MAX_DIRECTORY: u64 = 256 << 20;
/// Most that deflate can make of one byte.
const MAX_DEFLATE: u64 = 1032;
/// How much is read, unpacked and written at a time.
const CHUNK: usize = 64 << 10;

/// What the central directory says of one entry.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) method: u16,
    pub(crate) crc: u32,
    pub(crate) compressed: u64,
    /// As declared; often a lie.
    pub(crate) size: u64,
    pub(crate) encrypted: bool,
    /// A Unix symbolic link.
    pub(crate) link: bool,
    /// Of the local header, from the start of the file.
    offset: u64,
}

/// What an entry truly holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) crc: u32,
    pub(crate) size: u64,
    /// Bytes of the compressed stream, without whatever follows its end.
    pub(crate) compressed: u64,
}

/// An open zip.
#[derive(Debug)]
pub(crate) struct ZipSource {
    path: PathBuf,
    file: File,
    length: u64,
    limits: PackLimits,
    records: Vec<Record>,
    /// Bytes unpacked so far, by record and in all; an entry read twice counts once.
    unpacked: Vec<AtomicU64>,
    unpacked_in_all: AtomicU64,
}

impl Record {
    /// The declared size, or the most its compressed bytes can hold where that is less.
    pub(crate) fn plausible_size(&self) -> u64 {
        match self.method {
            STORED => self.compressed,
            DEFLATED => self.size.min(self.compressed.saturating_mul(MAX_DEFLATE)),
            _ => self.size,
        }
    }

    /// Whether there is anything in it; an empty deflate stream takes two bytes.
    pub(crate) fn holds_data(&self) -> bool {
        self.compressed > if self.method == STORED { 0 } else { 2 }
    }

    /// The method's name, for a message.
    pub(crate) fn method_name(&self) -> String {
        let name = match self.method {
            1 => "shrink",
            2..=5 => "reduce",
            6 => "implode",
            9 => "deflate64",
            12 => "bzip2",
            14 => "lzma",
            93 => "zstandard",
            95 => "xz",
            96 => "jpeg",
            97 => "wavpack",
            98 => "ppmd",
            other => return format!("method {other}"),
        };
        name.to_owned()
    }

    pub(crate) fn readable(&self) -> bool {
        matches!(self.method, STORED | DEFLATED)
    }
}

impl ZipSource {
    /// Reads the central directory.
    pub(crate) fn open(path: &Path, limits: &PackLimits) -> Result<Self, Error> {
        let file = open_regular(path).map_err(|source| Error::io("open", path, source))?;
        let length = file
            .metadata()
            .map_err(|source| Error::io("open", path, source))?
            .len();
        let mut zip = Self {
            path: path.to_owned(),
            file,
            length,
            limits: limits.clone(),
            records: Vec::new(),
            unpacked: Vec::new(),
            unpacked_in_all: AtomicU64::new(0),
        };
        let (start, end, base) = zip.find_directory()?;
        zip.records = zip.read_directory(start, end, base)?;
        zip.unpacked = zip.records.iter().map(|_| AtomicU64::new(0)).collect();
        Ok(zip)
    }

    pub(crate) fn records(&self) -> &[Record] {
        &self.records
    }

    /// All bytes of an entry.
    pub(crate) fn read(&self, index: usize) -> Result<(Vec<u8>, Contents), Error> {
        let record = &self.records[index];
        let limit = self.limits.max_entry_bytes;
        if record.method == STORED && record.compressed > limit {
            let (path, name, size) = (self.path.clone(), record.name.clone(), record.compressed);
            return Err(Error::TooLarge {
                path,
                name,
                size,
                limit,
            });
        }
        // A false size must not reserve memory.
        let mut bytes = Vec::with_capacity(record.plausible_size().min(4 << 20) as usize);
        let contents = self.unpack(index, &mut |chunk| {
            bytes.extend_from_slice(chunk);
            Ok(())
        })?;
        Ok((bytes, contents))
    }

    /// Unpacks an entry piece by piece, watching the limits by what truly comes out.
    pub(crate) fn unpack(
        &self,
        index: usize,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<Contents, Error> {
        let record = &self.records[index];
        let mut crc = crc32fast::Hasher::new();
        let mut size = 0;
        match record.method {
            STORED => {
                self.raw(index, record.compressed, &mut |chunk| {
                    crc.update(chunk);
                    sink(chunk)
                })?;
                let size = record.compressed;
                Ok(Contents {
                    crc: crc.finalize(),
                    size,
                    compressed: size,
                })
            }
            DEFLATED if record.compressed == 0 => Ok(Contents {
                crc: 0,
                size: 0,
                compressed: 0,
            }),
            DEFLATED => {
                let mut inflate = Decompress::new(false);
                let mut output = vec![0; CHUNK];
                let mut ended = false;
                self.raw(index, record.compressed, &mut |mut chunk| {
                    while !ended && !chunk.is_empty() {
                        let (before_in, before_out) = (inflate.total_in(), inflate.total_out());
                        let status = inflate.decompress(chunk, &mut output, FlushDecompress::None);
                        let eaten = (inflate.total_in() - before_in) as usize;
                        let made = (inflate.total_out() - before_out) as usize;
                        chunk = &chunk[eaten..];
                        size += made as u64;
                        self.charge(index, size)?;
                        crc.update(&output[..made]);
                        sink(&output[..made])?;
                        match status {
                            Ok(Status::StreamEnd) => ended = true,
                            Ok(_) if eaten > 0 || made > 0 => {}
                            _ => {
                                let reason =
                                    format!("its deflate stream makes no sense after {size} bytes");
                                return Err(self.damaged(record, reason));
                            }
                        }
                    }
                    Ok(())
                })?;
                // Output may still be waiting when all input is eaten.
                while !ended {
                    let before = inflate.total_out();
                    let status = inflate.decompress(&[], &mut output, FlushDecompress::None);
                    let made = (inflate.total_out() - before) as usize;
                    size += made as u64;
                    self.charge(index, size)?;
                    crc.update(&output[..made]);
                    sink(&output[..made])?;
                    ended = matches!(status, Ok(Status::StreamEnd));
                    if !ended && made == 0 {
                        return Err(
                            self.damaged(record, format!("it is cut short after {size} bytes"))
                        );
                    }
                }
                Ok(Contents {
                    crc: crc.finalize(),
                    size,
                    compressed: inflate.total_in(),
                })
            }
            _ => {
                let (path, name, method) =
                    (self.path.clone(), record.name.clone(), record.method_name());
                Err(Error::Compression { path, name, method })
            }
        }
    }

    /// The compressed bytes of an entry, the first `length` of them, piece by piece.
    pub(crate) fn raw(
        &self,
        index: usize,
        length: u64,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let record = &self.records[index];
        let mut at = self.data_start(record)?;
        let end = at + length.min(record.compressed);
        let mut buffer = vec![0; CHUNK.min((end - at) as usize)];
        while at < end {
            let count = buffer.len().min((end - at) as usize);
            self.read_at(&mut buffer[..count], at)?;
            sink(&buffer[..count])?;
            at += count as u64;
        }
        Ok(())
    }

    /// Where the compressed bytes of an entry start, checked to lie in the file to their end.
    pub(crate) fn data_start(&self, record: &Record) -> Result<u64, Error> {
        let outside = || {
            self.damaged(
                record,
                "its bytes lie beyond the end of the archive".to_owned(),
            )
        };
        let header_end = record
            .offset
            .checked_add(LOCAL_LEN)
            .filter(|&end| end <= self.length)
            .ok_or_else(outside)?;
        let mut header = [0; LOCAL_LEN as usize];
        self.read_at(&mut header, record.offset)?;
        if u32_at(&header, 0) != LOCAL {
            return Err(self.damaged(
                record,
                format!("there is no entry at byte {}", record.offset),
            ));
        }
        let start = header_end + u64::from(u16_at(&header, 26)) + u64::from(u16_at(&header, 28));
        start
            .checked_add(record.compressed)
            .filter(|&end| end <= self.length)
            .ok_or_else(outside)?;
        Ok(start)
    }

    /// Counts what an entry unpacked to so far, against all limits.
    fn charge(&self, index: usize, size: u64) -> Result<(), Error> {
        let record = &self.records[index];
        let bomb = |reason| Error::Bomb {
            path: self.path.clone(),
            name: record.name.clone(),
            reason,
        };
        if size > self.limits.max_entry_bytes {
            return Err(bomb(format!(
                "unpacks to more than {} bytes",
                self.limits.max_entry_bytes
            )));
        }
        if size > self.limits.ratio_floor && size / record.compressed.max(1) > self.limits.max_ratio
        {
            return Err(bomb(format!(
                "unpacks to more than {} times its size",
                self.limits.max_ratio
            )));
        }
        let before = self.unpacked[index].fetch_max(size, Ordering::Relaxed);
        let fresh = size.saturating_sub(before);
        if self.unpacked_in_all.fetch_add(fresh, Ordering::Relaxed) + fresh
            > self.limits.max_total_bytes
        {
            return Err(bomb(format!(
                "brings the unpacked bytes of the pack to more than {}",
                self.limits.max_total_bytes
            )));
        }
        Ok(())
    }

    fn damaged(&self, record: &Record, reason: String) -> Error {
        Error::DamagedEntry {
            path: self.path.clone(),
            name: record.name.clone(),
            reason,
        }
    }

    fn damaged_zip(&self, reason: &'static str, offset: u64) -> Error {
        Error::DamagedZip {
            path: self.path.clone(),
            reason,
            offset,
        }
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<(), Error> {
        read_exact_at(&self.file, buffer, offset)
            .map_err(|source| Error::io("read", &self.path, source))
    }

    /// Start and end of the central directory, and what to add to its offsets: whatever precedes the archive.
    fn find_directory(&self) -> Result<(u64, u64, u64), Error> {
        let tail_len = self.length.min((END_LEN + usize::from(u16::MAX)) as u64) as usize;
        let mut tail = vec![0; tail_len];
        let tail_start = self.length - tail_len as u64;
        self.read_at(&mut tail, tail_start)?;
        // The record whose comment ends the file; else the last one, with something appended.
        let fits = |at: &usize| *at + END_LEN + usize::from(u16_at(&tail, *at + 20)) <= tail_len;
        let ends = |at: &usize| *at + END_LEN + usize::from(u16_at(&tail, *at + 20)) == tail_len;
        let found = || {
            (0..(tail_len + 1).saturating_sub(END_LEN))
                .rev()
                .filter(|&at| u32_at(&tail, at) == END)
        };
        let Some(end) = found().find(ends).or_else(|| found().find(fits)) else {
            return Err(self.not_a_zip()?);
        };
        let mut directory_end = tail_start + end as u64;
        let mut size = u64::from(u32_at(&tail, end + 12));
        let mut offset = u64::from(u32_at(&tail, end + 16));
        if let Some(end64) = self.find_end64(directory_end)? {
            let mut record = [0; END64_LEN as usize];
            self.read_at(&mut record, end64)?;
            if size == u64::from(u32::MAX)
                || offset == u64::from(u32::MAX)
                || u16_at(&tail, end + 10) == u16::MAX
            {
                size = u64_at(&record, 40);
                offset = u64_at(&record, 48);
            }
            directory_end = end64;
        }
        let Some(start) = directory_end.checked_sub(size) else {
            return Err(self.damaged_zip(
                "the list of contents is longer than the file",
                directory_end,
            ));
        };
        let Some(base) = start.checked_sub(offset) else {
            return Err(self.damaged_zip("bytes are missing before the list of contents", start));
        };
        Ok((start, directory_end, base))
    }

    /// The place of the zip64 end record, where there is one.
    fn find_end64(&self, end: u64) -> Result<Option<u64>, Error> {
        let Some(locator_at) = end.checked_sub(LOCATOR_LEN) else {
            return Ok(None);
        };
        let mut locator = [0; LOCATOR_LEN as usize];
        self.read_at(&mut locator, locator_at)?;
        if u32_at(&locator, 0) != END64_LOCATOR {
            return Ok(None);
        }
        // Right before the locator unless the record is extended; the locator itself is off when something
        // precedes the archive.
        for at in [locator_at.checked_sub(END64_LEN), Some(u64_at(&locator, 8))]
            .into_iter()
            .flatten()
        {
            let mut signature = [0; 4];
            if at
                .checked_add(END64_LEN)
                .is_some_and(|end| end <= locator_at)
            {
                self.read_at(&mut signature, at)?;
                if u32_at(&signature, 0) == END64 {
                    return Ok(Some(at));
                }
            }
        }
        Ok(None)
    }

    /// What a file without the end of a zip is.
    fn not_a_zip(&self) -> Result<Error, Error> {
        let mut start = [0; 8];
        let count = self.length.min(8) as usize;
        self.read_at(&mut start[..count], 0)?;
        let path = self.path.clone();
        let looks_like = match &start[..count] {
            [b'P', b'K', 3, 4, ..] => {
                return Ok(Error::Truncated {
                    path,
                    length: self.length,
                });
            }
            [] => "empty",
            [0x89, b'P', b'N', b'G', ..] => "a PNG image",
            [b'R', b'a', b'r', b'!', ..] => "a RAR archive",
            [b'7', b'z', 0xBC, 0xAF, ..] => "a 7z archive",
            [0x1F, 0x8B, ..] => "a gzip file",
            [b'<', ..] => "a web page or XML, perhaps a failed download",
            _ => "something else",
        };
        Ok(Error::NotAZip { path, looks_like })
    }

    fn read_directory(&self, start: u64, end: u64, base: u64) -> Result<Vec<Record>, Error> {
        let too_many = || Error::TooManyEntries {
            path: self.path.clone(),
            limit: self.limits.max_entries,
        };
        if end - start > MAX_DIRECTORY {
            return Err(too_many());
        }
        let mut directory = vec![0; (end - start) as usize];
        self.read_at(&mut directory, start)?;
        let mut records = Vec::new();
        let mut at = 0;
        while at < directory.len() {
            let place = start + at as u64;
            let header = &directory[at..];
            if header.len() < CENTRAL_LEN || u32_at(header, 0) != CENTRAL {
                return Err(self.damaged_zip("the list of contents makes no sense", place));
            }
            let name_end = CENTRAL_LEN + usize::from(u16_at(header, 28));
            let extra_end = name_end + usize::from(u16_at(header, 30));
            let length = extra_end + usize::from(u16_at(header, 32));
            if header.len() < length {
                return Err(self.damaged_zip("the list of contents is cut short", place));
            }
            if records.len() == self.limits.max_entries {
                return Err(too_many());
            }
            let record = record(
                &header[..CENTRAL_LEN],
                &header[CENTRAL_LEN..name_end],
                &header[name_end..extra_end],
                base,
            );
            records.push(
                record
                    .ok_or_else(|| self.damaged_zip("an entry has an impossible place", place))?,
            );
            at += length;
        }
        Ok(records)
    }
}

/// One entry of the central directory; `None` when its place is beyond any file.
fn record(header: &[u8], name: &[u8], extra: &[u8], base: u64) -> Option<Record> {
    let unix = matches!(header[5], 3 | 19);
    let mode = u16_at(header, 40);
    let mut size = u64::from(u32_at(header, 24));
    let mut compressed = u64::from(u32_at(header, 20));
    let mut offset = u64::from(u32_at(header, 42));
    let mut wide = zip64(extra);
    for field in [&mut size, &mut compressed, &mut offset] {
        if *field == u64::from(u32::MAX)
            && let Some((value, rest)) = wide.split_first_chunk()
        {
            *field = u64::from_le_bytes(*value);
            wide = rest;
        }
    }
    Some(Record {
        name: name::from_zip(name),
        method: u16_at(header, 10),
        crc: u32_at(header, 16),
        compressed,
        size,
        encrypted: u16_at(header, 8) & 1 != 0,
        link: unix && mode & 0xF000 == 0xA000,
        offset: base.checked_add(offset)?,
    })
}

/// The zip64 part of an extra field, or nothing.
fn zip64(mut extra: &[u8]) -> &[u8] {
    while extra.len() >= 4 {
        let (tag, length) = (u16_at(extra, 0), usize::from(u16_at(extra, 2)));
        let end = (4 + length).min(extra.len());
        if tag == 1 {
            return &extra[4..end];
        }
        extra = &extra[end..];
    }
    &[]
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

/// Fills the buffer from a place in the file, without moving a shared cursor: safe from many threads.
fn read_exact_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        #[cfg(unix)]
        let result = std::os::unix::fs::FileExt::read_at(file, buffer, offset);
        #[cfg(windows)]
        let result = std::os::windows::fs::FileExt::seek_read(file, buffer, offset);
        match result {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                buffer = &mut buffer[count..];
                offset += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
