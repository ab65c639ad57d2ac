//! Pictures to train or measure on: folders, tars and zips of images, read into memory.
//!
//! Owns which files count as pictures and which two make a pair. What is done to a picture before a network sees it
//! is `data`'s.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use image::RgbaImage;
use uncanny_texture::input::{MAX_PICTURE_FILE, open_regular, read_regular};
use uncanny_texture::{AnimationReader, DecodeLimits, PictureFormat};
use walkdir::WalkDir;

use crate::{Error, Result};

/// File names that are tried as images.
const EXTENSIONS: [&str; 4] = ["png", "jpg", "jpeg", "webp"];

/// What the two halves of a hand-made pair are called: `NAME_lo.EXT` and `NAME_hi.EXT`.
const LOW: &str = "_lo";
/// See [`LOW`].
const HIGH: &str = "_hi";

/// One picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Its path in its folder or archive, without extension and without a pair's `_hi`.
    pub name: String,
    /// Straight RGBA in sRGB.
    pub high: RgbaImage,
    /// The hand-made `NAME_lo` of a pair: smaller by a whole factor.
    pub low: Option<RgbaImage>,
}

/// The pictures of some folders and archives.
#[derive(Clone, Debug, Default)]
pub struct Pictures {
    /// Those of each path sorted by name; the paths in the order given.
    pub pictures: Vec<Picture>,
    /// How many files were too small, broken, or half of a pair without the other.
    pub skipped: usize,
}

impl Pictures {
    /// Reads every PNG, JPEG and WebP of folders, `.zip` and tar files, and single ones. `NAME_lo.EXT` and `NAME_hi.EXT` make a pair.
    /// What is smaller than `side` x `side` (a pair's low-res half apart) or broken is counted, named in the log, and
    /// left out.
    ///
    /// # Errors
    /// When a path cannot be read or holds no picture that will do.
    pub fn read(paths: &[PathBuf], side: u32) -> Result<Pictures> {
        let mut all = Pictures::default();
        for path in paths {
            let files = if path.is_dir() {
                folder(path)?
            } else if is_named(path, &EXTENSIONS) {
                let bytes = read_regular(path, MAX_PICTURE_FILE).map_err(Error::read(path))?;
                vec![(path.clone(), bytes)]
            } else if is_named(path, &["zip"]) {
                zip(path)?
            } else {
                tar(path)?
            };
            let (had, count) = (all.pictures.len(), files.len());
            all.add(files, side);
            if all.pictures.len() == had {
                return Err(Error::NoImages {
                    path: path.clone(),
                    files: count,
                    side,
                });
            }
        }
        Ok(all)
    }

    /// Keeps those whose file names begin with `prefix`; `path` is where they are from, for the message.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn keep(&mut self, prefix: &str, path: &Path) -> Result<()> {
        let seen = self.pictures.len();
        let named = |picture: &Picture| {
            let name = Path::new(&picture.name).file_name();
            name.is_some_and(|name| name.to_string_lossy().starts_with(prefix))
        };
        self.pictures.retain(named);
        if self.pictures.is_empty() {
            return Err(Error::NoPrefix {
                path: path.to_owned(),
                prefix: prefix.to_owned(),
                seen,
            });
        }
        Ok(())
    }

    fn add(&mut self, files: Vec<Encoded>, side: u32) {
        // By name without extension and without the suffix of a pair's half; `Path` sorts folder by folder.
        let mut found: BTreeMap<PathBuf, Found> = BTreeMap::new();
        let mut skipped = 0;
        for (path, bytes) in files {
            let name = path.display().to_string();
            let image = match decoded(&path, bytes) {
                Ok(image) => image,
                Err(error) => {
                    let why = error.source().map(|source| format!(": {source}"));
                    let why = format!("{error}{}", why.unwrap_or_default());
                    tracing::warn!(name, error = why, "skipped: not an image");
                    skipped += 1;
                    continue;
                }
            };
            let stem = path.with_extension("");
            let text = stem.to_string_lossy();
            if let Some(stem) = text.strip_suffix(LOW) {
                found.entry(stem.into()).or_default().low = Some(image);
                continue;
            }
            let (width, height) = image.dimensions();
            if width < side || height < side {
                tracing::debug!(name, width, height, "skipped: too small");
                skipped += 1;
            } else if let Some(stem) = text.strip_suffix(HIGH) {
                found.entry(stem.into()).or_default().high = Some(image);
            } else {
                // a.png and a.jpg are two pictures.
                found.entry(stem).or_default().alone.push(image);
            }
        }
        for (name, Found { low, high, alone }) in found {
            let name = name.display().to_string();
            let picture = |high, low| Picture {
                name: name.clone(),
                high,
                low,
            };
            self.pictures
                .extend(alone.into_iter().map(|image| picture(image, None)));
            match (high, low) {
                (Some(high), Some(low)) if is_whole_factor(&high, &low) => {
                    self.pictures.push(picture(high, Some(low)));
                }
                (Some(_), Some(_)) => {
                    tracing::warn!(name, "skipped: a pair whose sizes are no multiple");
                    skipped += 2;
                }
                (None, None) => {}
                _ => {
                    tracing::warn!(name, "skipped: half of a pair without the other");
                    skipped += 1;
                }
            }
        }
        self.skipped += skipped;
    }
}

/// What goes by one name.
#[derive(Default)]
struct Found {
    low: Option<RgbaImage>,
    high: Option<RgbaImage>,
    alone: Vec<RgbaImage>,
}

/// A file's path in its folder or archive, and its bytes.
type Encoded = (PathBuf, Vec<u8>);

/// A picture, of one that moves the first frame.
fn decoded(path: &Path, bytes: Vec<u8>) -> Result<RgbaImage, uncanny_texture::Error> {
    let hint = PictureFormat::of_path(path);
    AnimationReader::new(bytes, hint, &DecodeLimits::default())?.first_frame()
}

fn is_whole_factor(high: &RgbaImage, low: &RgbaImage) -> bool {
    let factor = high.width() / low.width();
    factor > 0
        && low.width().checked_mul(factor) == Some(high.width())
        && low.height().checked_mul(factor) == Some(high.height())
}

fn is_named(path: &Path, extensions: &[&str]) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|found| extensions.iter().any(|e| found.eq_ignore_ascii_case(e)))
}

fn folder(folder: &Path) -> Result<Vec<Encoded>> {
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(folder).to_owned();
            Error::read(path)(error.into())
        })?;
        let path = entry.path();
        if entry.file_type().is_file() && is_named(path, &EXTENSIONS) {
            let name = path.strip_prefix(folder).unwrap_or(path).to_owned();
            let bytes = read_regular(path, MAX_PICTURE_FILE).map_err(Error::read(path))?;
            files.push((name, bytes));
        }
    }
    Ok(files)
}

fn tar(path: &Path) -> Result<Vec<Encoded>> {
    let file = open_regular(path).map_err(Error::read(path))?;
    let mut archive = tar::Archive::new(BufReader::new(file));
    let mut files = Vec::new();
    for entry in archive.entries().map_err(Error::read(path))? {
        let mut entry = entry.map_err(Error::read(path))?;
        let name = entry.path().map_err(Error::read(path))?.into_owned();
        if entry.header().entry_type().is_file() && is_named(&name, &EXTENSIONS) {
            let bytes = unpacked(&mut entry).map_err(Error::read(path))?;
            let name = name.strip_prefix("./").map(Path::to_owned).unwrap_or(name);
            files.push((name, bytes));
        }
    }
    files.sort();
    Ok(files)
}

fn zip(path: &Path) -> Result<Vec<Encoded>> {
    let file = open_regular(path).map_err(Error::read(path))?;
    let unzip = |error: zip::result::ZipError| Error::read(path)(error.into());
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(unzip)?;
    let mut files = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(unzip)?;
        let name = PathBuf::from(entry.name().map_err(unzip)?.into_owned());
        if entry.is_file() && is_named(&name, &EXTENSIONS) {
            let bytes = unpacked(&mut entry).unwrap_or_else(|error| {
                // What came of it is counted as a broken picture.
                tracing::warn!(name = %name.display(), %error, "cannot be unpacked");
                Vec::new()
            });
            files.push((name, bytes));
        }
    }
    files.sort();
    Ok(files)
}

/// The bytes of a picture in an archive, whatever it says of its size.
fn unpacked(entry: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    entry.take(MAX_PICTURE_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_PICTURE_FILE {
        let why = format!("it unpacks to more than {MAX_PICTURE_FILE} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::{Cursor, Write as _};

    use super::*;

    fn png(width: u32, height: u32, grey: u8) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        RgbaImage::from_pixel(width, height, [grey, grey, grey, 128].into())
            .write_to(&mut bytes, image::ImageFormat::Png)
            .unwrap();
        bytes.into_inner()
    }

    /// What a set may hold, in no order: two pictures that will do, a pair, and one file a defect.
    fn files() -> Vec<(&'static str, Vec<u8>)> {
        vec![
            ("b.png", png(32, 40, 2)),
            ("sub/pair_hi.png", png(32, 32, 3)),
            ("a.PNG", png(33, 32, 1)),
            ("sub/pair_lo.png", png(4, 4, 4)),
            ("broken.png", b"no image".to_vec()),
            ("small.png", png(32, 31, 0)),
            ("alone_hi.png", png(32, 32, 0)),
            ("single_lo.png", png(4, 4, 0)),
            ("odd_hi.png", png(32, 32, 0)),
            ("odd_lo.png", png(5, 5, 0)),
            ("notes.txt", b"no picture's name".to_vec()),
        ]
    }

    fn check(path: &Path) {
        let read = Pictures::read(&[path.to_owned()], 32).unwrap();
        let seen: Vec<_> = read
            .pictures
            .iter()
            .map(|p| {
                let low = p.low.as_ref().map(|low| low.get_pixel(0, 0).0[0]);
                (p.name.replace('\\', "/"), p.high.get_pixel(0, 0).0[0], low)
            })
            .collect();
        let expected = [("a", 1, None), ("b", 2, None), ("sub/pair", 3, Some(4))];
        assert_eq!(
            seen,
            expected.map(|(name, high, low)| (name.to_owned(), high, low))
        );
        assert_eq!(read.pictures[0].high.get_pixel(0, 0).0[3], 128);
        // broken, small, two lone halves, both halves of the odd pair.
        assert_eq!(read.skipped, 6);
    }

    #[test]
    fn a_folder_a_tar_and_a_zip_read_alike() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("folder");
        let mut tar = tar::Builder::new(File::create(temp.path().join("a.tar")).unwrap());
        let mut zip = zip::ZipWriter::new(File::create(temp.path().join("a.zip")).unwrap());
        for (name, bytes) in files() {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, &bytes).unwrap();
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            tar.append_data(&mut header, format!("./{name}"), bytes.as_slice())
                .unwrap();
            zip.start_file(name, zip::write::SimpleFileOptions::default())
                .unwrap();
            zip.write_all(&bytes).unwrap();
        }
        tar.finish().unwrap();
        zip.finish().unwrap();
        check(&folder);
        check(&temp.path().join("a.tar"));
        check(&temp.path().join("a.zip"));
    }

    #[test]
    fn a_set_can_be_used_in_part() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        for name in ["vk_1.png", "sub/vk_2.png", "bm_vk_3.png"] {
            fs::write(folder.path().join(name), png(32, 32, 0)).unwrap();
        }
        let mut read = Pictures::read(&[folder.path().into()], 32).unwrap();
        read.keep("vk_", folder.path()).unwrap();
        let names = read.pictures.iter().map(|p| p.name.replace('\\', "/"));
        assert_eq!(names.collect::<Vec<_>>(), ["sub/vk_2", "vk_1"]);
        let error = read.keep("ju_", folder.path()).unwrap_err().to_string();
        assert!(
            error.contains("none of its 2") && error.contains("\"ju_\""),
            "{error}"
        );
    }

    #[test]
    fn a_path_without_pictures_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("small.png"), png(9, 9, 0)).unwrap();
        let error = Pictures::read(&[folder.path().into()], 32)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("1 files seen") && error.contains("32x32"),
            "{error}"
        );
    }
}
