//! Animated WebP: the container around lossless frames (<https://developers.google.com/speed/webp/docs/riff_container>).
//! `image` writes single pictures only.

use std::io::{Seek, SeekFrom, Write};
use std::time::Duration;

use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, RgbaImage};

use super::{Clock, Loops, write::Cause};

/// What 24 bits hold.
const MOST: u32 = (1 << 24) - 1;
/// Before the chunks: RIFF, the size, WEBP.
const HEADER: usize = 12;
const ANIMATION: u8 = 0b10;
const ALPHA: u8 = 0b1_0000;
/// The frame replaces what was there.
const NO_BLEND: u8 = 0b10;

#[derive(Debug)]
pub(super) struct WebPWriter<W> {
    out: W,
    size: (u32, u32),
    loops: Loops,
    clock: Clock,
    /// Nothing is written before the second frame comes, or the end: a single one needs no animation.
    first: Option<(Vec<u8>, u32)>,
    /// Bytes written.
    length: u64,
}

impl<W: Write + Seek> WebPWriter<W> {
    pub(super) fn new(out: W, size: (u32, u32), loops: Loops) -> Result<Self, Cause> {
        // A frame's own limit, less than the container's.
        if size.0 > 1 << 14 || size.1 > 1 << 14 {
            return Err("no side of it may have more than 16384 pixels".into());
        }
        Ok(WebPWriter {
            out,
            size,
            loops,
            clock: Clock::new(Duration::from_millis(1)),
            first: None,
            length: 0,
        })
    }

    pub(super) fn frame(&mut self, image: &RgbaImage, delay: Duration) -> Result<(), Cause> {
        let delay = self.clock.tick(delay, MOST);
        let mut picture = Vec::new();
        WebPEncoder::new_lossless(&mut picture).encode(
            image.as_raw(),
            image.width(),
            image.height(),
            ExtendedColorType::Rgba8,
        )?;
        if self.length == 0 {
            match self.first.take() {
                None => {
                    self.first = Some((picture, delay));
                    return Ok(());
                }
                Some((first, shown)) => {
                    self.begin()?;
                    self.add(&first, shown)?;
                }
            }
        }
        self.add(&picture, delay)
    }

    fn begin(&mut self) -> Result<(), Cause> {
        self.put(b"RIFF\0\0\0\0WEBP")?;
        let mut features = vec![ANIMATION | ALPHA, 0, 0, 0];
        features.extend(three(self.size.0 - 1));
        features.extend(three(self.size.1 - 1));
        self.chunk(*b"VP8X", &[&features])?;
        // Four bytes of ground, which is transparent.
        let mut how = vec![0; 4];
        how.extend(u16::try_from(self.loops.count())?.to_le_bytes());
        self.chunk(*b"ANIM", &[&how])
    }

    /// A frame out of a file of its own.
    fn add(&mut self, picture: &[u8], delay: u32) -> Result<(), Cause> {
        let mut place = vec![0; 6];
        place.extend(three(self.size.0 - 1));
        place.extend(three(self.size.1 - 1));
        place.extend(three(delay));
        place.push(NO_BLEND);
        let chunks = picture
            .get(HEADER..)
            .ok_or("the encoder wrote no picture")?;
        self.chunk(*b"ANMF", &[&place, chunks])
    }

    fn chunk(&mut self, name: [u8; 4], parts: &[&[u8]]) -> Result<(), Cause> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        self.put(&name)?;
        self.put(&u32::try_from(length)?.to_le_bytes())?;
        for part in parts {
            self.put(part)?;
        }
        if length % 2 == 1 {
            self.put(&[0])?;
        }
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Cause> {
        self.out.write_all(bytes)?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<W, Cause> {
        if self.length > 0 {
            let size = u32::try_from(self.length - 8)?;
            self.out
                .seek(SeekFrom::Current(-(self.length as i64) + 4))?;
            self.out.write_all(&size.to_le_bytes())?;
            self.out.seek(SeekFrom::End(0))?;
        } else {
            let (still, _) = self.first.take().ok_or("it has no frame")?;
            self.out.write_all(&still)?;
        }
        Ok(self.out)
    }
}

fn three(value: u32) -> [u8; 3] {
    let [a, b, c, _] = value.to_le_bytes();
    [a, b, c]
}
