//! Tiled's maps (`.tmx`), tilesets (`.tsx`) and templates (`.tx`): read as a stream of tags; numbers in pixels are
//! changed where they stand (<https://doc.mapeditor.org/en/stable/reference/tmx-map-format/>).

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use quick_xml::Reader;
use quick_xml::escape::{escape, unescape};
use quick_xml::events::{BytesStart, Event};
use uncanny_texture::{Edge, Edges};

use super::SheetError;
use super::edit::Edits;
use super::grid::{Cut, lines};
use super::load::{self, Loader};
use super::picture::{Frame, Picture};

/// What Tiled writes with when a text does not say how large it is.
const TEXT_SIZE: u32 = 16;

/// The attributes of an element that are in pixels.
fn in_pixels(element: &str) -> &'static [&'static str] {
    match element {
        "map" => &[
            "tilewidth",
            "tileheight",
            "hexsidelength",
            "parallaxoriginx",
            "parallaxoriginy",
            "skewx",
            "skewy",
        ],
        "tileset" => &["tilewidth", "tileheight", "spacing", "margin"],
        "tileoffset" => &["x", "y"],
        "grid" | "image" => &["width", "height"],
        "tile" | "object" => &["x", "y", "width", "height"],
        "layer" | "objectgroup" | "group" => &["offsetx", "offsety"],
        "imagelayer" => &["offsetx", "offsety", "x", "y"],
        "text" => &["pixelsize"],
        _ => &[],
    }
}

/// Reads a map, tileset or template with everything that it names.
pub(super) fn read(loader: &mut Loader<'_>, path: &Path, bytes: Vec<u8>) -> Result<(), SheetError> {
    let body = load::text(bytes, path)?;
    let document = loader.reserve(path, body.clone());
    let mut walk = Walk {
        loader,
        path,
        text: &body.body,
        edits: Edits::default(),
        open: Vec::new(),
        tileset: None,
        tile: None,
        layer: Edges::CLAMP,
        others: Vec::new(),
    };
    walk.all()?;
    let Walk { edits, others, .. } = walk;
    loader.fill(document, edits);
    for other in others {
        if let Some(bytes) = loader.text(&other, path)? {
            read(loader, &other, bytes)?;
        }
    }
    Ok(())
}

struct Walk<'a, 'b> {
    loader: &'a mut Loader<'b>,
    path: &'a Path,
    text: &'a str,
    edits: Edits,
    /// The elements that are open, outermost first.
    open: Vec<String>,
    tileset: Option<Tileset>,
    /// The open tile of a tileset: its id, and its part of its own image.
    tile: Option<(String, Option<[f64; 4]>)>,
    /// What lies beyond the sides of the open image layer's picture.
    layer: Edges,
    /// Files of Tiled that this one names.
    others: Vec<PathBuf>,
}

#[derive(Debug, Clone)]
struct Tileset {
    name: String,
    tile: (f64, f64),
    cut: Cut,
    columns: Option<usize>,
    count: Option<usize>,
}

/// The attributes of one element: values as they stand, and where.
struct Attributes<'a>(HashMap<String, (Cow<'a, str>, Range<usize>)>);

impl Attributes<'_> {
    fn text(&self, name: &str) -> Option<String> {
        let (value, _) = self.0.get(name)?;
        Some(unescape(value).unwrap_or(Cow::Borrowed(value)).into_owned())
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.0.get(name)?.0.trim().parse().ok()
    }

    fn place(&self, name: &str) -> Option<Range<usize>> {
        self.0.get(name).map(|(_, place)| place.clone())
    }
}

impl<'a> Walk<'a, '_> {
    fn wrong(&self, message: String) -> SheetError {
        SheetError::Syntax {
            path: self.path.to_owned(),
            message,
        }
    }

    fn all(&mut self) -> Result<(), SheetError> {
        let mut reader = Reader::from_str(self.text);
        let mut elements = 0;
        loop {
            let event = reader.read_event().map_err(|error| {
                let at = (reader.error_position() as usize).min(self.text.len());
                let line = 1 + self.text.as_bytes()[..at]
                    .iter()
                    .filter(|byte| **byte == b'\n')
                    .count();
                self.wrong(format!("line {line}: {error}"))
            })?;
            match event {
                Event::Start(tag) => {
                    self.element(&tag, elements)?;
                    self.open.push(tag.name().as_ref().to_owned());
                    elements += 1;
                }
                Event::Empty(tag) => {
                    self.element(&tag, elements)?;
                    self.close(tag.name().as_ref());
                    elements += 1;
                }
                Event::End(tag) => {
                    self.open.pop();
                    self.close(tag.name().as_ref());
                }
                Event::Eof if self.open.is_empty() => return Ok(()),
                Event::Eof => {
                    return Err(self.wrong(format!(
                        "it ends before <{}> does",
                        self.open.last().map_or("", String::as_str)
                    )));
                }
                _ => {}
            }
        }
    }

    fn close(&mut self, element: &str) {
        match element {
            "tileset" => self.tileset = None,
            "tile" => self.tile = None,
            _ => {}
        }
    }

    fn element(&mut self, tag: &BytesStart<'a>, number: usize) -> Result<(), SheetError> {
        let name = tag.name();
        let element = name.as_ref();
        if number == 0 && !matches!(element, "map" | "tileset" | "template") {
            return Err(SheetError::Unknown {
                path: self.path.to_owned(),
                found: format!("its XML begins with <{element}>, which is none of Tiled's"),
            });
        }
        let attributes = self.attributes(tag)?;
        for name in in_pixels(element) {
            if let Some(place) = attributes.place(name) {
                self.edits.times(place);
            }
        }
        match element {
            "tileset" => self.open_tileset(&attributes),
            "tile" if self.tileset.is_some() => {
                let part = ["x", "y", "width", "height"].map(|name| attributes.number(name));
                let part = match part {
                    [x, y, Some(width), Some(height)] => {
                        Some([x.unwrap_or(0.0), y.unwrap_or(0.0), width, height])
                    }
                    _ => None,
                };
                self.tile = Some((attributes.text("id").unwrap_or_default(), part));
            }
            "imagelayer" => {
                let edge = |name: &str| match attributes.number(name) {
                    Some(1.0) => Edge::Wrap,
                    _ => Edge::Clamp,
                };
                let (x, y) = (edge("repeatx"), edge("repeaty"));
                self.layer = Edges {
                    left: x,
                    right: x,
                    top: y,
                    bottom: y,
                };
            }
            "image" => self.image(&attributes)?,
            "object" => {
                if let Some(said) = attributes.text("template") {
                    self.other(&attributes, "template", &said);
                }
            }
            "polygon" | "polyline" => {
                if let Some(place) = attributes.place("points") {
                    self.edits.times_each(place.start, &self.text[place]);
                }
            }
            "text" if attributes.place("pixelsize").is_none() => {
                let name = self.position(element) + element.len();
                self.edits.insert(name, " pixelsize=\"", TEXT_SIZE, "\"");
            }
            _ => {}
        }
        Ok(())
    }

    /// Where a part of the text stands in it.
    fn position(&self, part: &str) -> usize {
        // The reader lends parts of the text; it copies none.
        (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize)
    }

    fn attributes<'t>(&self, tag: &'t BytesStart<'a>) -> Result<Attributes<'t>, SheetError> {
        let mut found = HashMap::new();
        for attribute in tag.attributes() {
            let attribute = attribute
                .map_err(|error| self.wrong(format!("<{}>: {error}", tag.name().as_ref())))?;
            let start = self.position(&attribute.value);
            let place = start..start + attribute.value.len();
            found.insert(attribute.key.as_ref().to_owned(), (attribute.value, place));
        }
        Ok(Attributes(found))
    }

    /// A file that an attribute names, called so that the output finds it.
    fn refer(&mut self, attributes: &Attributes<'_>, attribute: &str, said: &str) -> PathBuf {
        let reference = load::reference(self.path, said);
        if let Some((name, place)) = reference.renamed.zip(attributes.place(attribute)) {
            self.edits.words(place, escape(name.as_str()).into_owned());
        }
        reference.path
    }

    fn other(&mut self, attributes: &Attributes<'_>, attribute: &str, said: &str) {
        let path = self.refer(attributes, attribute, said);
        if !self.others.contains(&path) {
            self.others.push(path);
        }
    }

    fn open_tileset(&mut self, attributes: &Attributes<'_>) {
        if let Some(said) = attributes.text("source") {
            self.other(attributes, "source", &said);
            return;
        }
        let number = |name: &str| attributes.number(name).unwrap_or_default().max(0.0);
        let count = |name: &str| {
            let count = attributes.number(name).filter(|count| *count > 0.0);
            count.map(|count| count as usize)
        };
        self.tileset = Some(Tileset {
            name: attributes
                .text("name")
                .unwrap_or_else(|| "tileset".to_owned()),
            tile: (number("tilewidth"), number("tileheight")),
            cut: Cut {
                cell: None,
                spacing: number("spacing") as u32,
                margin: number("margin") as u32,
            },
            columns: count("columns"),
            count: count("tilecount"),
        });
    }

    fn image(&mut self, attributes: &Attributes<'_>) -> Result<(), SheetError> {
        let Some(said) = attributes.text("source") else {
            return Err(self.wrong(
                "an image lies in the file itself, which Tiled's own files never have; save it beside".to_owned(),
            ));
        };
        let path = self.refer(attributes, "source", &said);
        let at = self.loader.picture(&path, self.path)?;
        let size = attributes.number("width").zip(attributes.number("height"));
        self.loader.check_size(at, self.path, size);
        if let Some(colour) = attributes.text("trans").as_deref().and_then(colour) {
            self.make_transparent(attributes, at, colour);
        }
        let picture = &mut self.loader.pictures[at].picture;
        let warnings = &mut self.loader.warnings;
        let parent = self.open.last().map_or("", String::as_str);
        match (parent, &self.tileset, &self.tile) {
            ("tileset", Some(tileset), _) => cut_tiles(picture, tileset, self.path, warnings)?,
            ("tile", Some(tileset), Some((id, Some(part)))) => {
                let frame = Frame {
                    name: format!("{}/{id}", tileset.name),
                    place: *part,
                    turned: false,
                };
                picture.frame(frame, Edges::CLAMP, warnings);
            }
            _ if picture.frames == 0 => {
                // Tiles of a collection stand alone, as things do; the picture of a layer is a view.
                let (name, edges) = match (parent, &self.tileset, &self.tile) {
                    ("tile", Some(tileset), Some((id, _))) => {
                        (format!("{}/{id}", tileset.name), Edges::TRANSPARENT)
                    }
                    _ => (picture.name.clone(), self.layer),
                };
                let image = std::mem::take(&mut picture.image);
                let whole = Picture::whole(name, image, edges);
                *picture = Picture {
                    name: picture.name.clone(),
                    ..whole
                };
            }
            _ => {}
        }
        Ok(())
    }

    /// The colour that means nothing becomes nothing, in the image and so in what is written.
    fn make_transparent(&mut self, attributes: &Attributes<'_>, picture: usize, colour: [u8; 3]) {
        for pixel in self.loader.pictures[picture].picture.image.pixels_mut() {
            if pixel.0[..3] == colour {
                pixel.0 = [0; 4];
            }
        }
        if let Some(value) = attributes.place("trans") {
            let before = &self.text[..value.start];
            // From the blank before the name to the quote after the value.
            let name = before.rfind("trans").unwrap_or(value.start);
            let start = self.text[..name].trim_end().len();
            self.edits.words(start..value.end + 1, String::new());
        }
    }
}

/// "#ff00ff" or "ff00ff".
fn colour(text: &str) -> Option<[u8; 3]> {
    let digits = text.trim().trim_start_matches('#');
    let value = u32::from_str_radix(digits, 16).ok()?;
    let [_, r, g, b] = value.to_be_bytes();
    (digits.len() == 6).then_some([r, g, b])
}

fn cut_tiles(
    picture: &mut Picture,
    tileset: &Tileset,
    path: &Path,
    warnings: &mut Vec<String>,
) -> Result<(), SheetError> {
    let (across, down) = (tileset.tile.0 as u32, tileset.tile.1 as u32);
    if across == 0 || down == 0 {
        warnings.push(format!(
            "{}: the tiles of the tileset {:?} have no size",
            picture.name, tileset.name
        ));
        return Ok(());
    }
    let size = picture.image.dimensions();
    let (columns, rows) = lines(size, (across, down), &tileset.cut, path)?;
    let used = tileset.columns.unwrap_or(columns.len());
    if used > columns.len() {
        warnings.push(format!(
            "{}: the tileset {:?} has {used} columns, of which {} fit into the image",
            picture.name,
            tileset.name,
            columns.len()
        ));
    }
    let columns = &columns[..used.min(columns.len())];
    let places = rows
        .iter()
        .flat_map(|y| columns.iter().map(move |x| (*x, *y)));
    for (id, (x, y)) in places.take(tileset.count.unwrap_or(usize::MAX)).enumerate() {
        let frame = Frame {
            name: format!("{}/{id}", tileset.name),
            place: [x, y, across, down].map(f64::from),
            turned: false,
        };
        picture.frame(frame, Edges::CLAMP, warnings);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_as_tiled_writes_them() {
        assert_eq!(colour("ff00ff"), Some([255, 0, 255]));
        assert_eq!(colour("#010203"), Some([1, 2, 3]));
        assert_eq!(colour("red"), None);
        assert_eq!(colour("fff"), None);
    }
}
