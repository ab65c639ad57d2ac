//! GIF: frames of up to 255 colours of their own, and one for nothing.

use std::collections::HashMap;
use std::io::Write;
use std::time::Duration;

use color_quant::NeuQuant;
use gif::{DisposalMethod, Encoder, Repeat};
use image::RgbaImage;

use super::{Clock, Loops, write::Cause};

/// The index of what is not seen.
const NOTHING: u8 = 255;
/// From this alpha on a pixel is seen.
const SEEN: u8 = 128;
/// About so many pixels of a frame are looked at to find its palette.
const LOOKED_AT: usize = 1 << 16;

/// How often a GIF is shown. One that does not say is shown once, which the decoder cannot tell from forever.
pub(super) fn loops(bytes: &[u8]) -> Loops {
    // The extension's length and name, a block of three bytes, and its number of repetitions.
    let of = |name: &[u8]| bytes.windows(name.len()).position(|window| window == name);
    let found = of(b"\x0bNETSCAPE2.0\x03\x01").or_else(|| of(b"\x0bANIMEXTS1.0\x03\x01"));
    match found.and_then(|at| bytes.get(at + 14..at + 16)) {
        Some(&[low, high]) => match u16::from_le_bytes([low, high]) {
            0 => Loops::Forever,
            again => Loops::times(u32::from(again) + 1),
        },
        _ => Loops::times(1),
    }
}

pub(super) struct GifWriter<W: Write> {
    encoder: Encoder<W>,
    clock: Clock,
    frames: u32,
}

impl<W: Write> GifWriter<W> {
    pub(super) fn new(out: W, (width, height): (u32, u32), loops: Loops) -> Result<Self, Cause> {
        let mut encoder = Encoder::new(out, u16::try_from(width)?, u16::try_from(height)?, &[])?;
        encoder.set_repeat(match loops {
            Loops::Forever => Repeat::Infinite,
            Loops::Times(times) => Repeat::Finite(u16::try_from(times.get() - 1)?),
        })?;
        Ok(GifWriter {
            encoder,
            clock: Clock::new(Duration::from_millis(10)),
            frames: 0,
        })
    }

    pub(super) fn frame(&mut self, image: &RgbaImage, delay: Duration) -> Result<(), Cause> {
        let (palette, pixels) = indexed(image);
        self.encoder.write_frame(&gif::Frame {
            delay: self.clock.tick(delay, u32::from(u16::MAX)) as u16,
            // Every frame is whole: what was before it goes.
            dispose: DisposalMethod::Background,
            transparent: pixels.contains(&NOTHING).then_some(NOTHING),
            width: image.width() as u16,
            height: image.height() as u16,
            palette: Some(palette),
            buffer: pixels.into(),
            ..gif::Frame::default()
        })?;
        self.frames += 1;
        Ok(())
    }

    pub(super) fn finish(self) -> Result<W, Cause> {
        if self.frames == 0 {
            return Err("it has no frame".into());
        }
        Ok(self.encoder.into_inner()?)
    }
}

impl<W: Write> std::fmt::Debug for GifWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GifWriter")
            .field("frames", &self.frames)
            .finish_non_exhaustive()
    }
}

/// A palette and each pixel's place in it. Up to 255 colours stay what they are; of more, the palette is found by
/// Dekker's self-organising map.
fn indexed(image: &RgbaImage) -> (Vec<u8>, Vec<u8>) {
    let mut places: HashMap<[u8; 3], u8> = HashMap::new();
    let mut palette: Vec<u8> = Vec::new();
    let mut few = true;
    for pixel in image.pixels() {
        let [r, g, b, a] = pixel.0;
        if a >= SEEN && !places.contains_key(&[r, g, b]) {
            if palette.len() == 3 * usize::from(NOTHING) {
                few = false;
                break;
            }
            places.insert([r, g, b], (palette.len() / 3) as u8);
            palette.extend([r, g, b]);
        }
    }
    let map = (!few).then(|| {
        let seen = image.pixels().filter(|pixel| pixel.0[3] >= SEEN);
        let opaque: Vec<u8> = seen
            .flat_map(|pixel| [pixel.0[0], pixel.0[1], pixel.0[2], 255])
            .collect();
        let every = (opaque.len() / 4 / LOOKED_AT).clamp(1, 30);
        NeuQuant::new(every as i32, usize::from(NOTHING), &opaque)
    });
    if let Some(map) = &map {
        places.clear();
        palette = map.color_map_rgb();
    }
    palette.resize(3 * 256, 0);
    let pixels = image.pixels().map(|pixel| {
        let [r, g, b, a] = pixel.0;
        match &map {
            _ if a < SEEN => NOTHING,
            None => places[&[r, g, b]],
            Some(map) => *places
                .entry([r, g, b])
                .or_insert_with(|| map.index_of(&[r, g, b, 255]) as u8),
        }
    });
    let pixels = pixels.collect();
    (palette, pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_colours_stay_and_many_stay_close() {
        let few = RgbaImage::from_fn(15, 17, |x, y| [x as u8 * 9, y as u8 * 9, 7, 255].into());
        let many = RgbaImage::from_fn(128, 128, |x, y| {
            let alpha = if x == 0 { 0 } else { 255 };
            [x as u8 * 2, y as u8 * 2, (x + y) as u8, alpha].into()
        });
        for (image, most) in [(few, 0.0), (many, 6.0)] {
            let (palette, pixels) = indexed(&image);
            let mut sum = 0.0;
            for (pixel, &index) in image.pixels().zip(&pixels) {
                assert_eq!(pixel.0[3] == 0, index == NOTHING);
                if index != NOTHING {
                    let colour = &palette[usize::from(index) * 3..][..3];
                    sum += (0..3)
                        .map(|c| f64::from(colour[c].abs_diff(pixel.0[c])))
                        .sum::<f64>();
                }
            }
            let mean = sum / pixels.len() as f64 / 3.0;
            assert!(mean <= most, "{mean}");
        }
    }

    #[test]
    fn a_file_that_does_not_say_is_shown_once() {
        let written = |loops: Loops| {
            let mut writer = GifWriter::new(Vec::new(), (1, 1), loops).unwrap();
            writer.frame(&RgbaImage::new(1, 1), Duration::ZERO).unwrap();
            writer.finish().unwrap()
        };
        for times in [0, 1, 2, 7] {
            let loops = Loops::times(times);
            assert_eq!(super::loops(&written(loops)), loops);
        }
    }
}
