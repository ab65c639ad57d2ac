//! Writing zips: plain ones, front to back, the same bytes for the same calls. No policy on names, no files.

use std::io::{self, Write};

use crate::zip::{CENTRAL, Contents, DEFLATED, END, END64, END64_LOCATOR, LOCAL, STORED};

/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;
/// 1980-01-01 00:00, the earliest a zip can say.
const TIME: u16 = 0;
const DATE: u16 = 1 << 5 | 1;
const FOLDER_ATTRIBUTE: u32 = 0x10;
/// Fields of this value, or more, move to the zip64 part.
const WIDE: u64 = u32::MAX as u64;

/// A zip being written to anything that takes bytes.
#[derive(Debug)]
pub(crate) struct ZipSink<W: Write> {
    out: W,
    offset: u64,
    central: Vec<u8>,
    count: u64,
}

impl<W: Write> ZipSink<W> {
    pub(crate) fn new(out: W) -> Self {
        Self {
            out,
            offset: 0,
            central: Vec::new(),
            count: 0,
        }
    }

    /// Starts an entry whose compressed bytes follow with [`data`](Self::data), all of them known beforehand.
    pub(crate) fn entry(&mut self, name: &str, method: u16, contents: Contents) -> io::Result<()> {
        let Contents {
            crc,
            size,
            compressed,
        } = contents;
        let wide = size >= WIDE || compressed >= WIDE;
        let far = self.offset >= WIDE;
        let needed: u16 = match method {
            _ if wide || far => 45,
            STORED if !name.ends_with('/') => 10,
            STORED | DEFLATED => 20,
            // Methods we only pass through: whatever reads them knows what it needs.
            _ => 63,
        };
        let name_len = u16::try_from(name.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let clip = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        // Both sizes or neither go to the zip64 part, in a local header that is the rule.
        let narrow = |value: u64| if wide { u32::MAX } else { clip(value) };

        let mut common = Vec::with_capacity(22);
        for field in [needed, FLAGS, method, TIME, DATE] {
            common.extend(field.to_le_bytes());
        }
        for field in [crc, narrow(compressed), narrow(size)] {
            common.extend(field.to_le_bytes());
        }
        let mut sizes = Vec::new();
        if wide {
            sizes.extend(size.to_le_bytes());
            sizes.extend(compressed.to_le_bytes());
        }

        let mut local = Vec::with_capacity(64 + name.len());
        local.extend(LOCAL.to_le_bytes());
        local.extend(&common);
        local.extend(name_len.to_le_bytes());
        let extra = extra(&sizes);
        local.extend((extra.len() as u16).to_le_bytes());
        local.extend(name.as_bytes());
        local.extend(&extra);

        let central = &mut self.central;
        central.extend(CENTRAL.to_le_bytes());
        // Made by: no system in particular, so that nobody's permissions are in it.
        central.extend(needed.to_le_bytes());
        central.extend(&common);
        central.extend(name_len.to_le_bytes());
        if far {
            sizes.extend(self.offset.to_le_bytes());
        }
        let extra = self::extra(&sizes);
        central.extend((extra.len() as u16).to_le_bytes());
        // Comment, disk, internal attributes.
        central.extend([0; 6]);
        central.extend(
            if name.ends_with('/') {
                FOLDER_ATTRIBUTE
            } else {
                0
            }
            .to_le_bytes(),
        );
        central.extend(clip(self.offset).to_le_bytes());
        central.extend(name.as_bytes());
        central.extend(&extra);
        self.count += 1;
        self.data(&local)
    }

    /// Bytes of the entry started last.
    pub(crate) fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.offset += bytes.len() as u64;
        Ok(())
    }

    /// Writes the list of contents and hands back what was written to, not flushed.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        let start = self.offset;
        let length = self.central.len() as u64;
        let count = self.count;
        let central = std::mem::take(&mut self.central);
        self.data(&central)?;
        let mut end = Vec::with_capacity(98);
        if count >= u64::from(u16::MAX) || start >= WIDE || length >= WIDE {
            let end64 = self.offset;
            end.extend(END64.to_le_bytes());
            end.extend(44_u64.to_le_bytes());
            end.extend([45, 0, 45, 0]);
            end.extend([0; 8]);
            for field in [count, count, length, start] {
                end.extend(field.to_le_bytes());
            }
            end.extend(END64_LOCATOR.to_le_bytes());
            end.extend(0_u32.to_le_bytes());
            end.extend(end64.to_le_bytes());
            end.extend(1_u32.to_le_bytes());
        }
        let count = u16::try_from(count).unwrap_or(u16::MAX);
        end.extend(END.to_le_bytes());
        end.extend([0; 4]);
        end.extend(count.to_le_bytes());
        end.extend(count.to_le_bytes());
        end.extend(u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
        end.extend(u32::try_from(start).unwrap_or(u32::MAX).to_le_bytes());
        end.extend([0; 2]);
        self.data(&end)?;
        Ok(self.out)
    }
}

/// The zip64 extra field for these values, or none.
fn extra(values: &[u8]) -> Vec<u8> {
    if values.is_empty() {
        return Vec::new();
    }
    let mut extra = vec![1, 0, values.len() as u8, 0];
    extra.extend(values);
    extra
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes any amount of bytes and keeps those from a point on.
    struct Tail {
        skip: u64,
        kept: Vec<u8>,
    }

    impl Write for Tail {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let skipped = self.skip.min(bytes.len() as u64);
            self.skip -= skipped;
            self.kept.extend(&bytes[skipped as usize..]);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_entry_has_the_bytes_the_format_asks_for() {
        let mut zip = ZipSink::new(Vec::new());
        zip.entry(
            "é",
            STORED,
            Contents {
                crc: 0x0102_0304,
                size: 2,
                compressed: 2,
            },
        )
        .unwrap();
        zip.data(b"hi").unwrap();
        let bytes = zip.finish().unwrap();
        let local = b"PK\x03\x04\x0a\0\0\x08\0\0\0\0\x21\0\x04\x03\x02\x01\x02\0\0\0\x02\0\0\0\x02\0\0\0\xc3\xa9hi";
        assert_eq!(&bytes[..local.len()], local);
        let central = b"PK\x01\x02\x0a\0\x0a\0\0\x08\0\0\0\0\x21\0\x04\x03\x02\x01\x02\0\0\0\x02\0\0\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xc3\xa9";
        assert_eq!(&bytes[local.len()..local.len() + central.len()], central);
        assert_eq!(
            &bytes[local.len() + central.len()..],
            b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x30\0\0\0\x22\0\0\0\0\0"
        );
    }

    #[test]
    fn beyond_four_gibibytes_the_zip64_fields_take_over() {
        const BIG: u64 = 5 << 30;
        // Only the end of these five gibibytes is kept.
        let mut zip = ZipSink::new(Tail {
            skip: 30 + 1 + 20 + BIG,
            kept: Vec::new(),
        });
        zip.entry(
            "a",
            STORED,
            Contents {
                crc: 1,
                size: BIG,
                compressed: BIG,
            },
        )
        .unwrap();
        let block = vec![0; 64 << 20];
        for _ in 0..BIG / block.len() as u64 {
            zip.data(&block).unwrap();
        }
        zip.entry(
            "b",
            STORED,
            Contents {
                crc: 2,
                size: 1,
                compressed: 1,
            },
        )
        .unwrap();
        zip.data(b"x").unwrap();
        let kept = zip.finish().unwrap().kept;
        let far = (BIG + 51).to_le_bytes();
        assert_eq!(
            &kept[..32],
            b"PK\x03\x04\x2d\0\0\x08\0\0\0\0\x21\0\x02\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0bx"
        );
        // a: both sizes wide, its offset not. b: only its offset wide.
        let first = &kept[32..][..46 + 1 + 20];
        assert_eq!(&first[20..28], &[0xff; 8]);
        assert_eq!(&first[42..51], b"\0\0\0\0a\x01\0\x10\0");
        assert_eq!(&first[51..59], &BIG.to_le_bytes());
        let second = &kept[32 + 67..][..46 + 1 + 12];
        assert_eq!(&second[20..28], b"\x01\0\0\0\x01\0\0\0");
        assert_eq!(&second[42..51], b"\xff\xff\xff\xffb\x01\0\x08\0");
        assert_eq!(&second[51..], &far);
        let end = &kept[32 + 67 + 59..];
        assert_eq!(&end[..4], b"PK\x06\x06");
        assert_eq!(&end[48..56], &(BIG + 51 + 32).to_le_bytes());
        assert_eq!(&end[56..60], b"PK\x06\x07");
        assert_eq!(&end[64..72], &(BIG + 51 + 32 + 67 + 59).to_le_bytes());
        assert_eq!(
            &end[76..],
            b"PK\x05\x06\0\0\0\0\x02\0\x02\0\x7e\0\0\0\xff\xff\xff\xff\0\0"
        );
    }
}
