//! The JSON of Aseprite and of TexturePacker, which are the same but for a few names:
//! `{"frames": {NAME: {"frame": {x, y, w, h}, "rotated", "spriteSourceSize", ...}}, "meta": {"image", "size", ...}}`.
//! Frames are a hash or an array; TexturePacker may have several `textures` with frames each.

use std::path::Path;

use jsonc_parser::ast::{Object, Value};
use uncanny_texture::Edges;

use super::edit::Edits;
use super::json::{member, place, scale_members, text};
use super::load::{self, Loader, Text};
use super::picture::Frame;
use super::{SheetError, SheetKind};

/// Members of a frame that are in pixels. A frame's `pivot` and `anchor` are shares of its size.
const FRAME: &[&str] = &[
    "frame",
    "spriteSourceSize",
    "sourceSize",
    "borders",
    "scale9Borders",
    "vertices",
    "verticesUV",
];
/// Members of a slice's key that are in pixels.
const KEY: &[&str] = &["bounds", "center", "pivot"];

/// Which of the two it is, if it is one.
pub(super) fn kind(root: &Object<'_>) -> Option<SheetKind> {
    let frames = frames(root).or_else(|| {
        let textures = root.get_array("textures")?;
        frames(textures.elements.first()?.as_object()?)
    })?;
    let app = root
        .get_object("meta")
        .and_then(|meta| text(meta, &["app"]))
        .unwrap_or_default();
    let timed = frames
        .first()
        .is_some_and(|(_, frame)| frame.get("duration").is_some());
    Some(if app.contains("aseprite") || (app.is_empty() && timed) {
        SheetKind::AsepriteJson
    } else {
        SheetKind::TexturePacker
    })
}

/// The frames with their names, when every one has a `frame`.
fn frames<'a, 'b>(holder: &'b Object<'a>) -> Option<Vec<(String, &'b Object<'a>)>> {
    let frames: Vec<(String, &Object<'_>)> = match &holder.get("frames")?.value {
        Value::Object(hash) => hash
            .properties
            .iter()
            .filter_map(|property| {
                let frame = property.value.as_object()?;
                Some((property.name.as_str().to_owned(), frame))
            })
            .collect(),
        Value::Array(array) => array
            .elements
            .iter()
            .enumerate()
            .filter_map(|(at, element)| {
                let frame = element.as_object()?;
                let name = text(frame, &["filename", "name"]);
                Some((name.map_or_else(|| at.to_string(), str::to_owned), frame))
            })
            .collect(),
        _ => return None,
    };
    let placed = |frame: &Object<'_>| frame.get_object("frame").is_some();
    frames
        .iter()
        .all(|(_, frame)| placed(frame))
        .then_some(frames)
}

/// Reads an atlas and the images that it names.
pub(super) fn read(
    loader: &mut Loader<'_>,
    path: &Path,
    body: &Text,
    root: &Object<'_>,
) -> Result<(), SheetError> {
    let document = loader.reserve(path, body.clone());
    let mut edits = Edits::default();
    if let Some(meta) = root.get_object("meta") {
        scale_members(&mut edits, meta, &["size"]);
        let slices = meta.get_array("slices").into_iter();
        let slices = slices.flat_map(|slices| slices.elements.iter().filter_map(Value::as_object));
        for slice in slices {
            let keys = slice.get_array("keys").into_iter();
            for key in keys.flat_map(|keys| keys.elements.iter().filter_map(Value::as_object)) {
                scale_members(&mut edits, key, KEY);
            }
        }
        if meta
            .get_array("related_multi_packs")
            .is_some_and(|packs| !packs.elements.is_empty())
        {
            loader.warnings.push(format!(
                "{}: it is one of several packs; enhance each of them",
                load::name(path)
            ));
        }
    }
    if root.get("frames").is_some() {
        page(loader, path, root, root.get_object("meta"), &mut edits)?;
    }
    if let Some(textures) = root.get_array("textures") {
        for texture in textures.elements.iter().filter_map(Value::as_object) {
            scale_members(&mut edits, texture, &["size"]);
            page(loader, path, texture, Some(texture), &mut edits)?;
        }
    }
    loader.fill(document, edits);
    Ok(())
}

/// One image and its frames; `about` names the image.
fn page(
    loader: &mut Loader<'_>,
    path: &Path,
    holder: &Object<'_>,
    about: Option<&Object<'_>>,
    edits: &mut Edits,
) -> Result<(), SheetError> {
    let image = match about.and_then(|about| about.get_string("image")) {
        Some(said) => {
            let reference = load::reference(path, &said.value);
            if let Some(name) = reference.renamed {
                load::rename_json(edits, place(said), &name);
            }
            reference.path
        }
        // Aseprite names no image when it exports data alone.
        None => path.with_extension("png"),
    };
    let picture = loader.picture(&image, path)?;
    let size = about.and_then(|about| about.get_object("size"));
    let said = size.and_then(|size| Some((member(size, "w")?, member(size, "h")?)));
    loader.check_size(picture, path, said);
    for (name, frame) in frames(holder).unwrap_or_default() {
        scale_members(edits, frame, FRAME);
        let turned = frame
            .get_boolean("rotated")
            .is_some_and(|rotated| rotated.value);
        let sides = frame.get_object("frame").and_then(|rect| {
            Some([
                member(rect, "x")?,
                member(rect, "y")?,
                member(rect, "w")?,
                member(rect, "h")?,
            ])
        });
        let Some([x, y, w, h]) = sides else {
            loader.warnings.push(format!(
                "{}: the frame {name:?} does not say where it lies",
                load::name(path)
            ));
            continue;
        };
        // Its size is told as it is upright.
        let place = if turned { [x, y, h, w] } else { [x, y, w, h] };
        let frame = Frame {
            name,
            place,
            turned,
        };
        let picture = &mut loader.pictures[picture].picture;
        picture.frame(frame, Edges::TRANSPARENT, &mut loader.warnings);
    }
    Ok(())
}
