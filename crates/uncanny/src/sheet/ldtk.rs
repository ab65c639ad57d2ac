//! LDtk's projects and separate levels: tilesets are cut by their grids, and whatever is in pixels grows with them.
//! What is counted in cells (`cWid`, `cx`, `__grid`) or in tiles (`t`, `tileId`) stays.

use std::path::Path;

use jsonc_parser::ast::{Object, Value};
use uncanny_texture::Edges;

use super::SheetError;
use super::edit::Edits;
use super::grid::{Cut, lines};
use super::json::{member, parse, place, scale, text};
use super::load::{self, Loader, Text};
use super::picture::{Frame, Picture};

/// Members in pixels, wherever they are: a name means one thing in the whole format (<https://ldtk.io/json>, 1.5).
const PIXELS: &[&str] = &[
    // The project and its worlds.
    "worldGridWidth",
    "worldGridHeight",
    "defaultGridSize",
    "defaultLevelWidth",
    "defaultLevelHeight",
    "defaultEntityWidth",
    "defaultEntityHeight",
    "widPx",
    "heiPx",
    // Tilesets.
    "tileGridSize",
    "spacing",
    "padding",
    "__tileSrcRect",
    // Layers.
    "gridSize",
    "guideGridWid",
    "guideGridHei",
    "pxOffsetX",
    "pxOffsetY",
    "tileXOffset",
    "tileYOffset",
    "tileRandomXMin",
    "tileRandomXMax",
    "tileRandomYMin",
    "tileRandomYMax",
    "__gridSize",
    "__pxTotalOffsetX",
    "__pxTotalOffsetY",
    "px",
    "src",
    // Entities.
    "width",
    "height",
    "minWidth",
    "maxWidth",
    "minHeight",
    "maxHeight",
    "nineSliceBorders",
    "__worldX",
    "__worldY",
    // Levels.
    "worldX",
    "worldY",
    "pxWid",
    "pxHei",
    "topLeftPx",
    "cropRect",
];

/// Whether this is a project or a separate level.
pub(super) fn is_ldtk(root: &Object<'_>) -> bool {
    let header = root
        .get_object("__header__")
        .and_then(|header| text(header, &["fileType"]));
    header.is_some_and(|kind| kind.starts_with("LDtk"))
        || (root.get("jsonVersion").is_some() && root.get_object("defs").is_some())
}

/// Reads a project with its tilesets, backgrounds and separate levels.
pub(super) fn read(loader: &mut Loader<'_>, path: &Path, body: Text) -> Result<(), SheetError> {
    let document = loader.reserve(path, body.clone());
    let value = parse(&body.body, path)?;
    let mut walk = Walk {
        loader,
        path,
        edits: Edits::default(),
        levels: Vec::new(),
        linear: false,
    };
    walk.value(&value)?;
    let Walk { edits, levels, .. } = walk;
    loader.fill(document, edits);
    for level in levels {
        let Some(bytes) = loader.text(&level, path)? else {
            continue;
        };
        let body = load::text(bytes, &level)?;
        read(loader, &level, body)?;
    }
    Ok(())
}

struct Walk<'a, 'b> {
    loader: &'a mut Loader<'b>,
    path: &'a Path,
    edits: Edits,
    /// Separate levels that the project names.
    levels: Vec<std::path::PathBuf>,
    /// Levels lie in a row, and their place is -1.
    linear: bool,
}

impl Walk<'_, '_> {
    fn value(&mut self, value: &Value<'_>) -> Result<(), SheetError> {
        match value {
            Value::Array(array) => array.elements.iter().try_for_each(|each| self.value(each)),
            Value::Object(object) => self.object(object),
            _ => Ok(()),
        }
    }

    fn object(&mut self, object: &Object<'_>) -> Result<(), SheetError> {
        if let Some(layout) = text(object, &["worldLayout"]) {
            self.linear = layout.starts_with("Linear");
        }
        let tile = object.get("tilesetUid").is_some();
        if object.get("tileGridSize").is_some() {
            self.tileset(object)?;
        }
        if object.get("bgRelPath").is_some() {
            self.background(object)?;
        }
        for property in &object.properties {
            let name = property.name.as_str();
            let value = &property.value;
            let nowhere = self.linear
                && name.starts_with("world")
                && matches!(value, Value::NumberLit(number) if number.value == "-1");
            if (PIXELS.contains(&name) && !nowhere)
                || (tile && matches!(name, "x" | "y" | "w" | "h"))
            {
                scale(&mut self.edits, value);
            } else if name == "externalRelPath"
                && let Some(said) = value.as_string_lit()
                && said.value.ends_with(".ldtkl")
            {
                let path = self.refer(said);
                self.levels.push(path);
            } else if name == "realEditorValues" {
                let kind = text(object, &["__type"]).unwrap_or_default();
                if kind == "Tile" || kind == "Array<Tile>" {
                    self.tile_values(value);
                }
            } else {
                self.value(value)?;
            }
        }
        Ok(())
    }

    /// The file that the project names.
    fn refer(&mut self, said: &jsonc_parser::ast::StringLit<'_>) -> std::path::PathBuf {
        let reference = load::reference(self.path, &said.value);
        if let Some(name) = reference.renamed {
            load::rename_json(&mut self.edits, place(said), &name);
        }
        reference.path
    }

    /// A tileset's image and its cells.
    fn tileset(&mut self, tileset: &Object<'_>) -> Result<(), SheetError> {
        let identifier = text(tileset, &["identifier"])
            .unwrap_or("tileset")
            .to_owned();
        let Some(said) = tileset.get_string("relPath") else {
            self.loader.warnings.push(format!(
                "{}: the tileset {identifier:?} has no image of its own and stays as it is; where it is drawn, its numbers grow",
                load::name(self.path)
            ));
            return Ok(());
        };
        let image = self.refer(said);
        let picture = self.loader.picture(&image, self.path)?;
        let number = |name: &str| member(tileset, name).unwrap_or_default();
        let size = member(tileset, "pxWid").zip(member(tileset, "pxHei"));
        self.loader.check_size(picture, self.path, size);
        let side = number("tileGridSize");
        if side < 1.0 {
            self.loader.warnings.push(format!(
                "{}: the tiles of the tileset {identifier:?} have no size",
                load::name(self.path)
            ));
            return Ok(());
        }
        let cut = Cut {
            cell: None,
            spacing: number("spacing").max(0.0) as u32,
            margin: number("padding").max(0.0) as u32,
        };
        let picture = &mut self.loader.pictures[picture].picture;
        let cell = (side as u32, side as u32);
        let (columns, rows) = lines(picture.image.dimensions(), cell, &cut, self.path)?;
        for (id, (y, x)) in rows
            .iter()
            .flat_map(|y| columns.iter().map(move |x| (y, x)))
            .enumerate()
        {
            let frame = Frame {
                name: format!("{identifier}/{id}"),
                place: [f64::from(*x), f64::from(*y), side.trunc(), side.trunc()],
                turned: false,
            };
            picture.frame(frame, Edges::CLAMP, &mut self.loader.warnings);
        }
        Ok(())
    }

    /// A level's background, enhanced as a whole.
    fn background(&mut self, level: &Object<'_>) -> Result<(), SheetError> {
        let Some(said) = level.get_string("bgRelPath") else {
            return Ok(());
        };
        let image = self.refer(said);
        let at = self.loader.picture(&image, self.path)?;
        let picture = &mut self.loader.pictures[at].picture;
        if picture.frames == 0 {
            *picture = Picture::whole(
                picture.name.clone(),
                std::mem::take(&mut picture.image),
                Edges::CLAMP,
            );
        }
        Ok(())
    }

    /// The editor's own form of a tile: `{"id": "V_String", "params": ["16,0,16,16"]}`.
    fn tile_values(&mut self, value: &Value<'_>) {
        match value {
            Value::StringLit(words) => {
                let range = place(words);
                if words.value.split(',').count() == 4 && range.len() == words.value.len() + 2 {
                    self.edits.times_each(range.start + 1, &words.value);
                }
            }
            Value::Array(array) => array
                .elements
                .iter()
                .for_each(|each| self.tile_values(each)),
            Value::Object(object) => object
                .properties
                .iter()
                .for_each(|property| self.tile_values(&property.value)),
            _ => {}
        }
    }
}
