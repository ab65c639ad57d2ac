//! Images to train on: read once, kept as bytes, cropped and flipped at random but repeatably.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use image::RgbImage;
use image::imageops;
use tch::{Kind, Tensor};
use walkdir::WalkDir;

use crate::random::{Random, shuffled};
use crate::{Error, Result};

/// The side of a training picture, in pixels.
pub const SIDE: u32 = 128;

/// File names that are tried as images.
const EXTENSIONS: [&str; 3] = ["jpg", "jpeg", "png"];

/// Images of at least 128x128, decoded to 8-bit RGB.
#[derive(Debug, Default)]
pub struct ImageSet {
    images: Vec<RgbImage>,
    skipped: usize,
}

impl ImageSet {
    /// Reads every JPEG and PNG of the folders and tar files, sorted by name. Images smaller than
    /// 128x128 or broken are counted and left out.
    ///
    /// # Errors
    /// When a path cannot be read or holds no image that will do.
    pub fn read(paths: &[PathBuf]) -> Result<ImageSet> {
        let mut set = ImageSet::default();
        for path in paths {
            let before = set.images.len() + set.skipped;
            let had = set.images.len();
            if path.is_dir() {
                set.read_folder(path)?;
            } else {
                set.read_tar(path)?;
            }
            if set.images.len() == had {
                let files = set.images.len() + set.skipped - before;
                return Err(Error::NoImages {
                    path: path.clone(),
                    files,
                    side: SIDE,
                });
            }
        }
        Ok(set)
    }

    fn read_folder(&mut self, folder: &Path) -> Result<()> {
        for entry in WalkDir::new(folder).sort_by_file_name() {
            let entry = entry.map_err(|error| {
                let path = error.path().unwrap_or(folder).to_owned();
                Error::read(path)(error.into())
            })?;
            if entry.file_type().is_file() && is_image(entry.path()) {
                let bytes = fs::read(entry.path()).map_err(Error::read(entry.path()))?;
                self.add(&bytes, &entry.path().display().to_string());
            }
        }
        Ok(())
    }

    fn read_tar(&mut self, path: &Path) -> Result<()> {
        let file = File::open(path).map_err(Error::read(path))?;
        let mut archive = tar::Archive::new(std::io::BufReader::new(file));
        let mut found = Vec::new();
        for entry in archive.entries().map_err(Error::read(path))? {
            let mut entry = entry.map_err(Error::read(path))?;
            let name = entry.path().map_err(Error::read(path))?.into_owned();
            if entry.header().entry_type().is_file() && is_image(&name) {
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).map_err(Error::read(path))?;
                found.push((name, bytes));
            }
        }
        found.sort();
        for (name, bytes) in found {
            self.add(&bytes, &name.display().to_string());
        }
        Ok(())
    }

    fn add(&mut self, bytes: &[u8], name: &str) {
        match image::load_from_memory(bytes) {
            Ok(image) if image.width() >= SIDE && image.height() >= SIDE => {
                self.images.push(over_black(&image));
            }
            Ok(image) => {
                tracing::debug!(
                    name,
                    width = image.width(),
                    height = image.height(),
                    "too small"
                );
                self.skipped += 1;
            }
            Err(error) => {
                tracing::warn!(name, %error, "not an image");
                self.skipped += 1;
            }
        }
    }

    /// How many images there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.images.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.images.is_empty()
    }

    /// How many files were too small or broken.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// The middle 128x128 of image `index`, as measured on.
    #[must_use]
    pub fn centre(&self, index: usize) -> RgbImage {
        let image = &self.images[index];
        let (x, y) = ((image.width() - SIDE) / 2, (image.height() - SIDE) / 2);
        imageops::crop_imm(image, x, y, SIDE, SIDE).to_image()
    }

    /// The training batch of one iteration: N x 3 x 128 x 128 in 0..1. The same seed and iteration
    /// give the same batch; every image comes once before any comes again.
    pub fn batch(&self, size: usize, seed: u64, iteration: u64) -> Tensor {
        let plane = (SIDE * SIDE) as usize;
        let mut data = vec![0u8; size * 3 * plane];
        for (k, out) in data.chunks_exact_mut(3 * plane).enumerate() {
            let drawn = iteration * size as u64 + k as u64;
            let (epoch, place) = (drawn / self.len() as u64, drawn % self.len() as u64);
            let index = shuffled(place, self.len() as u64, Random::new(seed, epoch).next());
            let mut random = Random::new(seed ^ 0x5eed, drawn);
            random_crop(&self.images[index as usize], &mut random, out);
        }
        let shape = [size as i64, 3, i64::from(SIDE), i64::from(SIDE)];
        Tensor::from_slice(&data)
            .reshape(shape)
            .to_kind(Kind::Float)
            / 255.0
    }
}

fn is_image(path: &Path) -> bool {
    let extension = path
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default();
    EXTENSIONS
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
}

/// Transparent pictures lie on black, as the measurements have them.
fn over_black(image: &image::DynamicImage) -> RgbImage {
    let mut image = image.to_rgba8();
    for pixel in image.pixels_mut() {
        let alpha = u32::from(pixel[3]);
        for channel in &mut pixel.0[..3] {
            *channel = ((u32::from(*channel) * alpha + 127) / 255) as u8;
        }
    }
    image::DynamicImage::from(image).to_rgb8()
}

/// A crop of 128x128 at a random place, mirrored half of the time, as three planes.
fn random_crop(image: &RgbImage, random: &mut Random, out: &mut [u8]) {
    let x0 = random.below(u64::from(image.width() - SIDE) + 1) as u32;
    let y0 = random.below(u64::from(image.height() - SIDE) + 1) as u32;
    let mirrored = random.below(2) == 1;
    let plane = (SIDE * SIDE) as usize;
    for y in 0..SIDE {
        for x in 0..SIDE {
            let from = if mirrored { SIDE - 1 - x } else { x };
            let pixel = image.get_pixel(x0 + from, y0 + y);
            let at = (y * SIDE + x) as usize;
            for channel in 0..3 {
                out[channel * plane + at] = pixel[channel];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_depends_on_seed_and_iteration_alone() {
        let images =
            (0..5u8).map(|i| RgbImage::from_fn(140, 130, |x, y| image::Rgb([x as u8, y as u8, i])));
        let set = ImageSet {
            images: images.collect(),
            skipped: 0,
        };
        let a = set.batch(4, 1, 10);
        assert_eq!(a.size(), [4, 3, 128, 128]);
        assert!(a.equal(&set.batch(4, 1, 10)));
        assert!(!a.equal(&set.batch(4, 1, 11)));
        assert!(!a.equal(&set.batch(4, 2, 10)));
    }

    #[test]
    fn a_folder_without_images_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("small.png"), b"no image").unwrap();
        let error = ImageSet::read(&[folder.path().into()])
            .unwrap_err()
            .to_string();
        assert!(error.contains("1 files seen"), "{error}");
    }
}
