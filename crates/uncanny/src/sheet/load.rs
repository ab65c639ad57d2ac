//! Files by name: finding out what they are, following what they name, keeping each once.

use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use uncanny_texture::{DecodeLimits, RgbaImage, decode};

use super::aseprite::Ase;
use super::edit::Edits;
use super::picture::Picture;
use super::{Cut, SheetError, SheetKind, SheetPicture, aseprite, atlas, grid, json, ldtk, tiled};

/// A file of metadata.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) path: PathBuf,
    pub(super) body: Body,
}

/// What a document holds.
#[derive(Debug)]
pub(super) enum Body {
    /// A text, and what changes in it.
    Text { text: Text, edits: Edits },
    /// Aseprite's chunks.
    Aseprite(Ase),
}

/// A text without its byte-order mark.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub(super) marked: bool,
    pub(super) body: String,
}

const MARK: &[u8] = b"\xEF\xBB\xBF";

impl Text {
    fn new(bytes: Vec<u8>, path: &Path) -> Result<Self, SheetError> {
        let marked = bytes.starts_with(MARK);
        let bytes = if marked {
            bytes[MARK.len()..].to_vec()
        } else {
            bytes
        };
        let body = String::from_utf8(bytes).map_err(|error| SheetError::Syntax {
            path: path.to_owned(),
            message: format!(
                "it is not UTF-8 at byte {}",
                error.utf8_error().valid_up_to()
            ),
        })?;
        Ok(Self { marked, body })
    }

    /// The text with its edits made, as bytes.
    pub(super) fn finish(&self, edits: Edits, scale: u32) -> Vec<u8> {
        let mark = if self.marked { MARK } else { b"" };
        [mark, edits.apply(&self.body, scale).as_bytes()].concat()
    }
}

/// Reads files, each once.
pub(super) struct Loader<'a> {
    read: &'a mut dyn FnMut(&Path) -> io::Result<Vec<u8>>,
    pub(super) documents: Vec<Document>,
    pub(super) pictures: Vec<SheetPicture>,
    pub(super) warnings: Vec<String>,
    known: HashMap<PathBuf, usize>,
}

impl<'a> Loader<'a> {
    pub(super) fn new(read: &'a mut dyn FnMut(&Path) -> io::Result<Vec<u8>>) -> Self {
        Self {
            read,
            documents: Vec::new(),
            pictures: Vec::new(),
            warnings: Vec::new(),
            known: HashMap::new(),
        }
    }

    /// Reads the file that was asked for, and with it everything that it names.
    pub(super) fn open(&mut self, path: &Path, cut: &Cut) -> Result<SheetKind, SheetError> {
        let bytes = (self.read)(path).map_err(|source| SheetError::Read {
            path: path.to_owned(),
            source,
        })?;
        let kind = self.open_bytes(path, bytes, cut)?;
        if kind != SheetKind::Grid && *cut != Cut::default() {
            return Err(SheetError::Grid {
                path: path.to_owned(),
                message: format!(
                    "it is {kind} and says itself where its frames lie; --cell, --spacing and --margin are for plain images"
                ),
            });
        }
        Ok(kind)
    }

    fn open_bytes(
        &mut self,
        path: &Path,
        bytes: Vec<u8>,
        cut: &Cut,
    ) -> Result<SheetKind, SheetError> {
        if bytes.starts_with(b"\x89PNG") {
            let picture = Picture::new(name(path), decoded(&bytes, path)?);
            self.hint_of_metadata(path);
            let picture = grid::cut(picture, cut, path, &mut self.warnings)?;
            self.pictures.push(SheetPicture {
                file: Some(path.to_owned()),
                picture,
            });
            return Ok(SheetKind::Grid);
        }
        if aseprite::is_aseprite(&bytes) {
            aseprite::read(self, path, &bytes)?;
            return Ok(SheetKind::Aseprite);
        }
        let unknown = |found: String| SheetError::Unknown {
            path: path.to_owned(),
            found,
        };
        let extension = path
            .extension()
            .map(|extension| extension.to_string_lossy().to_ascii_lowercase())
            .unwrap_or_default();
        let start = bytes
            .strip_prefix(MARK)
            .unwrap_or(&bytes)
            .iter()
            .find(|byte| !byte.is_ascii_whitespace())
            .copied();
        match start {
            Some(b'<') => {
                tiled::read(self, path, bytes)?;
                Ok(SheetKind::Tiled)
            }
            Some(b'{') => {
                let text = Text::new(bytes, path)?;
                let value = json::parse(&text.body, path)?;
                let root = value
                    .as_object()
                    .ok_or_else(|| unknown("it is no JSON object".to_owned()))?;
                if ldtk::is_ldtk(root) {
                    ldtk::read(self, path, text.clone())?;
                    return Ok(SheetKind::Ldtk);
                }
                if let Some(kind) = atlas::kind(root) {
                    atlas::read(self, path, &text, root)?;
                    return Ok(kind);
                }
                let tiled = ["tileheight", "tilewidth"]
                    .iter()
                    .all(|name| root.get(name).is_some());
                Err(unknown(if tiled {
                    "it is Tiled's JSON: save it as .tmx or .tsx instead".to_owned()
                } else {
                    "it is JSON without frames".to_owned()
                }))
            }
            None => Err(unknown("it is empty".to_owned())),
            _ => Err(unknown(match extension.as_str() {
                "jpg" | "jpeg" | "gif" | "webp" | "bmp" | "tga" => {
                    format!("it is a .{extension} image, and sheets are read as PNG")
                }
                _ => "it is neither an image, nor JSON, nor XML".to_owned(),
            })),
        }
    }

    /// A plain image may be an atlas, whose metadata the user did not think of.
    fn hint_of_metadata(&mut self, path: &Path) {
        for extension in ["json", "tsx"] {
            let beside = path.with_extension(extension);
            if (self.read)(&beside).is_ok() {
                self.warnings.push(format!(
                    "{} lies beside {}: give that file to have its frames and its numbers scaled",
                    name(&beside),
                    name(path)
                ));
            }
        }
    }

    /// The bytes of a file that `by` names.
    fn bytes(&mut self, path: &Path, by: &Path) -> Result<Vec<u8>, SheetError> {
        (self.read)(path).map_err(|source| SheetError::Missing {
            path: path.to_owned(),
            by: by.to_owned(),
            source,
        })
    }

    /// The text of a file that `by` names; `None` when it was read before.
    pub(super) fn text(&mut self, path: &Path, by: &Path) -> Result<Option<Vec<u8>>, SheetError> {
        if self.documents.iter().any(|document| document.path == path) {
            return Ok(None);
        }
        self.bytes(path, by).map(Some)
    }

    /// Takes a place for a document, so that nobody reads it twice; it is filled in later.
    pub(super) fn reserve(&mut self, path: &Path, text: Text) -> usize {
        self.documents.push(Document {
            path: path.to_owned(),
            body: Body::Text {
                text,
                edits: Edits::default(),
            },
        });
        self.documents.len() - 1
    }

    /// Fills in what changes in a document.
    pub(super) fn fill(&mut self, document: usize, made: Edits) {
        if let Body::Text { edits, .. } = &mut self.documents[document].body {
            *edits = made;
        }
    }

    /// The image at `path`, which `by` names: an index into the pictures.
    pub(super) fn picture(&mut self, path: &Path, by: &Path) -> Result<usize, SheetError> {
        if let Some(at) = self.known.get(path) {
            return Ok(*at);
        }
        let bytes = self.bytes(path, by)?;
        let picture = Picture::new(name(path), decoded(&bytes, path)?);
        self.pictures.push(SheetPicture {
            file: Some(path.to_owned()),
            picture,
        });
        let at = self.pictures.len() - 1;
        self.known.insert(path.to_owned(), at);
        Ok(at)
    }

    /// Says when metadata and image do not agree on the image's size.
    pub(super) fn check_size(&mut self, picture: usize, by: &Path, said: Option<(f64, f64)>) {
        let picture = &self.pictures[picture].picture;
        let (width, height) = picture.image.dimensions();
        if let Some((across, down)) = said
            && (across, down) != (f64::from(width), f64::from(height))
        {
            self.warnings.push(format!(
                "{}: it says that {} is {across}x{down}, which is {width}x{height}",
                name(by),
                picture.name
            ));
        }
    }
}

/// A text of a file.
pub(super) fn text(bytes: Vec<u8>, path: &Path) -> Result<Text, SheetError> {
    Text::new(bytes, path)
}

fn decoded(bytes: &[u8], path: &Path) -> Result<RgbaImage, SheetError> {
    decode(bytes, &DecodeLimits::default())
        .map(|texture| texture.image)
        .map_err(|source| SheetError::Decode {
            path: path.to_owned(),
            source,
        })
}

/// The last part of a path, for messages.
pub(super) fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

/// What a document calls another file.
pub(super) struct Reference {
    /// Where that file lies.
    pub(super) path: PathBuf,
    /// What the document must call it from now on, if that is something else.
    pub(super) renamed: Option<String>,
}

/// The file that `document` calls `said`. An absolute path means the file of that name beside the document: the
/// output has to find its own files.
pub(super) fn reference(document: &Path, said: &str) -> Reference {
    let folder = document.parent().unwrap_or(Path::new(""));
    // Programs on Windows write either.
    let slashed = said.replace('\\', "/");
    let drive = slashed.as_bytes().get(1) == Some(&b':');
    if slashed.starts_with('/') || drive {
        let last = slashed.rsplit('/').next().unwrap_or_default();
        return Reference {
            path: normal(&folder.join(last)),
            renamed: Some(last.to_owned()),
        };
    }
    Reference {
        path: normal(&folder.join(&slashed)),
        renamed: (slashed != said).then_some(slashed),
    }
}

/// Words instead of a string of JSON.
pub(super) fn rename_json(edits: &mut Edits, place: Range<usize>, name: &str) {
    let quoted = serde_json::Value::from(name).to_string();
    edits.words(place, quoted);
}

/// A path without `.`, and without `..` wherever that can be known.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => match out.components().next_back() {
                Some(Component::Normal(_)) => {
                    out.pop();
                }
                Some(Component::RootDir | Component::Prefix(_)) => {}
                _ => out.push(".."),
            },
            part => out.push(part),
        }
    }
    out
}

/// The paths from the deepest folder that holds them all.
pub(super) fn below_common(paths: &[&Path]) -> Vec<PathBuf> {
    let mut folders = paths
        .iter()
        .map(|path| path.parent().unwrap_or(Path::new("")));
    let Some(first) = folders.next() else {
        return Vec::new();
    };
    let common = folders.fold(first.to_owned(), |common, folder| {
        common
            .components()
            .zip(folder.components())
            .take_while(|(a, b)| a == b)
            .map(|(part, _)| part)
            .collect()
    });
    paths
        .iter()
        .map(|path| {
            // Whatever the caller gave: nothing is written outside of the output's folder.
            let rest = path.strip_prefix(&common).unwrap_or(path).components();
            rest.filter(|part| matches!(part, Component::Normal(_)))
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found_from_the_document() {
        for (said, path, renamed) in [
            ("tiles.png", "maps/tiles.png", None),
            ("../gfx/tiles.png", "gfx/tiles.png", None),
            ("./a/../tiles.png", "maps/tiles.png", None),
            (
                "gfx\\tiles.png",
                "maps/gfx/tiles.png",
                Some("gfx/tiles.png"),
            ),
            ("C:\\art\\tiles.png", "maps/tiles.png", Some("tiles.png")),
            ("/home/me/tiles.png", "maps/tiles.png", Some("tiles.png")),
        ] {
            let found = reference(Path::new("maps/level.tmx"), said);
            assert_eq!(found.path, Path::new(path), "{said}");
            assert_eq!(found.renamed.as_deref(), renamed, "{said}");
        }
        assert_eq!(normal(Path::new("../../a/./b/..")), Path::new("../../a"));
        assert_eq!(normal(Path::new("/../a")), Path::new("/a"));
    }

    #[test]
    fn outputs_lie_as_the_inputs_do() {
        let below = |paths: &[&str]| {
            let paths: Vec<&Path> = paths.iter().map(Path::new).collect();
            let out = below_common(&paths);
            out.iter()
                .map(|path| path.to_string_lossy().replace('\\', "/"))
                .collect::<Vec<_>>()
        };
        assert_eq!(below(&["a/x.json", "a/x.png"]), ["x.json", "x.png"]);
        assert_eq!(
            below(&["/g/maps/1.tmx", "/g/gfx/t.tsx", "/g/gfx/i/t.png"]),
            ["maps/1.tmx", "gfx/t.tsx", "gfx/i/t.png"]
        );
        assert_eq!(below(&["x.png"]), ["x.png"]);
    }
}
