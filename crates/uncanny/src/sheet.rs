//! Sprite sheets: cut into their sprites by what their metadata says, each enhanced on its own, put back, and the
//! metadata's coordinates scaled.
//!
//! [`Sheet::read`] finds out what a file is and reads it with everything it names; [`Sheet::enhance`] gives the new
//! files. Neither opens a file itself: the caller reads and writes.
//!
//! A metadata file is never written anew: its numbers are replaced where they stand, and every other byte of it stays.
//!
//! ```
//! use std::sync::atomic::AtomicBool;
//! use uncanny::{Options, sheet::{Cut, Sheet, SheetRun}};
//! use uncanny_texture::{Lanczos, RgbaImage, Scale, encode};
//!
//! let png = encode(&RgbaImage::from_fn(64, 16, |x, y| [x as u8 * 3, y as u8 * 9, 40, 255].into()))?;
//! let sheet = Sheet::read("walk.png".as_ref(), &Cut::default(), &mut |_| Ok(png.clone()))?;
//! let made = sheet.enhance(SheetRun {
//!     options: &Options::default(),
//!     edges: None,
//!     upscaler: &mut Lanczos::new(Scale::new(8)?),
//!     cache: None,
//!     cancel: &AtomicBool::new(false),
//!     events: &|_| {},
//! })?;
//! assert_eq!(made.report.frames, 4);
//! assert_eq!(uncanny_texture::probe(&made.files[0].bytes)?, (512, 128));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod aseprite;
mod atlas;
mod edit;
mod enhance;
mod error;
mod grid;
mod json;
mod ldtk;
mod load;
mod picture;
mod tiled;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use serde::Serialize;
use uncanny_texture::Upscaler;

use crate::{Cache, EdgeChoice, Error, Event, Options, ReportModel};

pub use error::SheetError;
pub use grid::Cut;

use load::{Document, Loader};
use picture::Picture;

/// What says where the sprites lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SheetKind {
    /// A plain image of equal cells.
    Grid,
    /// Aseprite's own file: every cel is a sprite.
    Aseprite,
    /// The JSON of Aseprite's export, array or hash.
    AsepriteJson,
    /// The JSON of TexturePacker, array, hash or several textures.
    TexturePacker,
    /// A map or tileset of Tiled.
    Tiled,
    /// A project or a separate level of LDtk.
    Ldtk,
}

impl std::fmt::Display for SheetKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Grid => "a grid",
            Self::Aseprite => "an Aseprite file",
            Self::AsepriteJson => "an Aseprite export",
            Self::TexturePacker => "a TexturePacker atlas",
            Self::Tiled => "Tiled's",
            Self::Ldtk => "LDtk's",
        })
    }
}

/// A sheet that was read: its images, where their sprites lie, and the texts that say so.
#[derive(Debug)]
pub struct Sheet {
    path: PathBuf,
    kind: SheetKind,
    documents: Vec<Document>,
    pictures: Vec<SheetPicture>,
    warnings: Vec<String>,
}

/// An image of a sheet; without a file of its own it is part of a document.
#[derive(Debug)]
struct SheetPicture {
    file: Option<PathBuf>,
    picture: Picture,
}

impl Sheet {
    /// Reads a sheet. `read` is called for `path` and then for every file that it names; the names given to it are
    /// made of `path` and what the files say, with `..` resolved.
    ///
    /// # Errors
    /// When a file cannot be read, is of no known format or broken, or when nothing can be enhanced.
    pub fn read(
        path: &Path,
        cut: &Cut,
        read: &mut dyn FnMut(&Path) -> io::Result<Vec<u8>>,
    ) -> Result<Sheet, SheetError> {
        let path = load::normal(path);
        let mut loader = Loader::new(read);
        let kind = loader.open(&path, cut)?;
        let Loader {
            documents,
            mut pictures,
            mut warnings,
            ..
        } = loader;
        for SheetPicture { picture, .. } in &mut pictures {
            picture.settle(&mut warnings);
        }
        if pictures.iter().all(|each| each.picture.sprites.is_empty()) {
            let message = match warnings.first() {
                Some(warning) => warning.clone(),
                None => "there is no image in it".to_owned(),
            };
            return Err(SheetError::NoFrames { path, message });
        }
        Ok(Sheet {
            path,
            kind,
            documents,
            pictures,
            warnings,
        })
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> SheetKind {
        self.kind
    }

    /// The files that it consists of, the one asked for first.
    #[must_use]
    pub fn files(&self) -> Vec<&Path> {
        let documents = self
            .documents
            .iter()
            .map(|document| document.path.as_path());
        let images = self.pictures.iter().filter_map(|each| each.file.as_deref());
        documents.chain(images).collect()
    }

    /// Where each of [`Sheet::files`] goes in the output's folder: as they lie to each other, so that what they say
    /// of each other stays true.
    #[must_use]
    pub fn outputs(&self) -> Vec<PathBuf> {
        load::below_common(&self.files())
    }

    /// What the user should know of the sheet.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Enhances every sprite and gives the new files, in the order of [`Sheet::files`].
    ///
    /// # Errors
    /// When the model fails or enlarges less than asked for, when the result would be too large, or when cancelled.
    pub fn enhance(self, run: SheetRun<'_>) -> Result<EnhancedSheet, Error> {
        enhance::enhance(self, run)
    }
}

/// Everything that enhancing a sheet needs.
pub struct SheetRun<'a> {
    /// The settings; `--only`, `--skip` and rules are tried against the names of frames.
    pub options: &'a Options,
    /// What lies beyond the sides of every sprite; by default what suits the format.
    pub edges: Option<EdgeChoice>,
    /// The model. One called `nearest` is not asked: pixels are replicated.
    pub upscaler: &'a mut dyn Upscaler,
    /// Where finished sprites are kept.
    pub cache: Option<&'a Cache>,
    /// Set by the caller to stop early.
    pub cancel: &'a AtomicBool,
    /// Told what happens.
    pub events: &'a (dyn Fn(Event) + Sync),
}

/// An enhanced sheet.
#[derive(Debug)]
pub struct EnhancedSheet {
    /// Its files.
    pub files: Vec<SheetFile>,
    /// What was done.
    pub report: SheetReport,
}

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetFile {
    /// Its place in the output's folder.
    pub path: PathBuf,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// What was done with a sheet.
#[derive(Debug, Clone, Serialize)]
pub struct SheetReport {
    /// The version of this library.
    pub uncanny: String,
    /// The file that was asked for.
    pub input: String,
    /// What it is.
    pub kind: SheetKind,
    /// The model.
    pub model: ReportModel,
    /// Output pixels per input pixel.
    pub scale: u32,
    /// Frames in the metadata, or cells of the grid.
    pub frames: usize,
    /// Different pictures that went through the model.
    pub enhanced: usize,
    /// Of those, how many came from the cache.
    pub cached: usize,
    /// Different pictures that were enlarged pixel by pixel.
    pub nearest: usize,
    /// Tiles that went through the model.
    pub tiles: u64,
    /// How long it took.
    pub seconds: f64,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// The files, in the order they were read.
    pub files: Vec<SheetFileRow>,
    /// One row a sprite.
    pub sprites: Vec<SpriteRow>,
}

/// A written file.
#[derive(Debug, Clone, Serialize)]
pub struct SheetFileRow {
    /// Where it was read.
    pub input: String,
    /// Its place in the output's folder.
    pub output: String,
    /// Of an image, its width and height in the output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<(u32, u32)>,
}

/// A sprite of the output.
#[derive(Debug, Clone, Serialize)]
pub struct SpriteRow {
    /// Its frame's name; the first one's, where several frames show it.
    pub name: String,
    /// The image that it lies in.
    pub image: String,
    /// Left, top, width and height there.
    pub place: [u32; 4],
    /// Whether it went through the model.
    pub enhanced: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// So many pixels around it repeat its border.
    #[serde(skip_serializing_if = "is_zero")]
    pub extruded: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks for it")]
fn is_zero(value: &u32) -> bool {
    *value == 0
}
