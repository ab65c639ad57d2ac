//! APNG: a PNG's chunks with more frames between them (<https://www.w3.org/TR/png-3/#apng-frame-based-animation>).
//! `png` wants to know the number of frames first; here it is written last, into its place.

use std::io::{Seek, SeekFrom, Write};
use std::time::Duration;

use image::RgbaImage;

use super::{Clock, Loops, write::Cause};
use crate::{encode, encode_rgba};

/// Whether a PNG has more than one frame: `acTL` stands before the first pixels.
pub(super) fn is_animated(png: &[u8]) -> bool {
    let control = chunks(png)
        .take_while(|(name, _)| name != b"IDAT")
        .find(|(name, _)| name == b"acTL");
    control.is_some_and(|(_, data)| {
        data.get(..4)
            .is_some_and(|frames| frames > &[0, 0, 0, 1][..])
    })
}

/// Names and contents of a PNG's chunks, as far as they are whole.
fn chunks(png: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = png.get(8..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (name, after) = after.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let data = after.get(..length)?;
        rest = after.get(length + 4..)?;
        Some((*name, data))
    })
}

#[derive(Debug)]
pub(super) struct ApngWriter<W> {
    out: W,
    loops: Loops,
    clock: Clock,
    /// Nothing is written before the second frame comes, or the end: a single one needs no animation.
    first: Option<(RgbaImage, u32)>,
    frames: u32,
    /// Of `fcTL` and `fdAT`.
    sequence: u32,
    /// Bytes written.
    length: u64,
}

impl<W: Write + Seek> ApngWriter<W> {
    pub(super) fn new(out: W, loops: Loops) -> Self {
        ApngWriter {
            out,
            loops,
            clock: Clock::new(Duration::from_millis(1)),
            first: None,
            frames: 0,
            sequence: 0,
            length: 0,
        }
    }

    pub(super) fn frame(&mut self, image: &RgbaImage, delay: Duration) -> Result<(), Cause> {
        // A numerator of 16 bits over a thousand.
        let delay = self.clock.tick(delay, u32::from(u16::MAX));
        if self.frames == 0 {
            match self.first.take() {
                None => {
                    self.first = Some((image.clone(), delay));
                    return Ok(());
                }
                Some((first, shown)) => self.add(&first, shown)?,
            }
        }
        self.add(image, delay)
    }

    fn add(&mut self, image: &RgbaImage, delay: u32) -> Result<(), Cause> {
        // All frames share one header.
        let png = encode_rgba(image)?;
        if self.frames == 0 {
            self.put(&png[..8])?;
            for (name, data) in chunks(&png).filter(|(name, _)| name == b"IHDR") {
                self.chunk(name, data)?;
            }
            self.control()?;
        }
        let mut place = self.next().to_vec();
        place.extend(image.width().to_be_bytes());
        place.extend(image.height().to_be_bytes());
        place.extend([0; 8]);
        place.extend((delay as u16).to_be_bytes());
        place.extend(1000u16.to_be_bytes());
        // Neither cleared afterwards nor blended with what was before.
        place.extend([0, 0]);
        self.chunk(*b"fcTL", &place)?;
        for (_, data) in chunks(&png).filter(|(name, _)| name == b"IDAT") {
            if self.frames == 0 {
                self.chunk(*b"IDAT", data)?;
            } else {
                let mut numbered = self.next().to_vec();
                numbered.extend(data);
                self.chunk(*b"fdAT", &numbered)?;
            }
        }
        self.frames += 1;
        Ok(())
    }

    fn control(&mut self) -> Result<(), Cause> {
        let mut control = self.frames.to_be_bytes().to_vec();
        control.extend(self.loops.count().to_be_bytes());
        self.chunk(*b"acTL", &control)
    }

    fn next(&mut self) -> [u8; 4] {
        self.sequence += 1;
        (self.sequence - 1).to_be_bytes()
    }

    fn chunk(&mut self, name: [u8; 4], data: &[u8]) -> Result<(), Cause> {
        let mut sum = crc32fast::Hasher::new();
        sum.update(&name);
        sum.update(data);
        self.put(&u32::try_from(data.len())?.to_be_bytes())?;
        self.put(&name)?;
        self.put(data)?;
        self.put(&sum.finalize().to_be_bytes())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Cause> {
        self.out.write_all(bytes)?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<W, Cause> {
        if self.frames == 0 {
            let (still, _) = self.first.take().ok_or("it has no frame")?;
            self.out.write_all(&encode(&still)?)?;
            return Ok(self.out);
        }
        self.chunk(*b"IEND", &[])?;
        // After the signature and IHDR.
        let control = 8 + 25;
        self.out
            .seek(SeekFrom::Current(control - self.length as i64))?;
        self.control()?;
        self.out.seek(SeekFrom::End(0))?;
        Ok(self.out)
    }
}
