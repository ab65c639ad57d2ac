//! Sheets there and back: the samples in packs/sheets enhanced by Lanczos and read by the readers that games use.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests say what they skip and may panic"
)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use image::imageops::{crop_imm, rotate270};
use serde_json::Value;
use uncanny::sheet::{Cut, EnhancedSheet, Sheet, SheetError, SheetKind, SheetRun};
use uncanny::{Cache, Config, EdgeChoice, Error, Options};
use uncanny_texture::{
    Cell, DecodeLimits, Edges, Lanczos, Method, Recipe, RgbaImage, Scale, decode, encode, facts,
};

const K: u32 = 8;

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/sheets")
}

fn scale() -> Scale {
    Scale::new(K).unwrap()
}

fn run(sheet: Sheet, options: &Options, cache: Option<&Cache>) -> Result<EnhancedSheet, Error> {
    sheet.enhance(SheetRun {
        options,
        edges: None,
        upscaler: &mut Lanczos::new(scale()),
        cache,
        cancel: &AtomicBool::new(false),
        events: &|_| {},
    })
}

/// A sheet of files in memory.
fn read_of(files: &Files, name: &str, cut: &Cut) -> Result<Sheet, SheetError> {
    Sheet::read(Path::new(name), cut, &mut |path| {
        let bytes = files.get(&path.to_string_lossy().replace('\\', "/"));
        bytes
            .cloned()
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    })
}

type Files = BTreeMap<String, Vec<u8>>;

fn files(made: EnhancedSheet) -> Files {
    made.files
        .into_iter()
        .map(|file| (file.path.to_string_lossy().replace('\\', "/"), file.bytes))
        .collect()
}

/// One of the samples, before and after.
fn sample(name: &str) -> (Files, Files) {
    let sheet = Sheet::read(&samples().join(name), &Cut::default(), &mut |path| {
        fs::read(path)
    });
    let made = run(sheet.unwrap(), &Options::default(), None).unwrap();
    let after = files(made);
    let before = after
        .keys()
        .map(|name| (name.clone(), fs::read(samples().join(name)).unwrap()))
        .collect();
    (before, after)
}

fn picture(files: &Files, name: &str) -> RgbaImage {
    let limits = DecodeLimits::default();
    decode(&files[name], &limits).unwrap().image
}

fn text<'a>(files: &'a Files, name: &str) -> &'a str {
    std::str::from_utf8(&files[name]).unwrap()
}

fn json(files: &Files, name: &str) -> Value {
    serde_json::from_slice(&files[name]).unwrap()
}

/// What a sprite becomes when there is no sheet around it.
fn alone(sprite: &RgbaImage, edges: Edges) -> RgbaImage {
    let facts = facts(sprite);
    let recipe = Recipe {
        method: if facts.uniform {
            Method::Nearest
        } else {
            Method::Network
        },
        grey: facts.grey,
        fidelity: Options::default().fidelity,
        ..Recipe::new(
            vec![Cell::whole(sprite.width(), sprite.height(), edges)],
            scale(),
        )
    };
    uncanny_texture::enhance(sprite, &recipe, &mut Lanczos::new(scale())).unwrap()
}

fn cut(image: &RgbaImage, [x, y, width, height]: [u32; 4]) -> RgbaImage {
    assert!(x + width <= image.width() && y + height <= image.height());
    crop_imm(image, x, y, width, height).to_image()
}

/// Numbers of an object of JSON.
fn numbers<const N: usize>(object: &Value, names: [&str; N]) -> [u32; N] {
    names.map(|name| {
        object[name]
            .as_u64()
            .unwrap_or_else(|| panic!("{name} in {object}")) as u32
    })
}

/// A text without its numbers: what scaling has to leave alone.
fn wordless(text: &str) -> String {
    text.chars()
        .filter(|c| !(c.is_ascii_digit() || matches!(c, '.' | '-')))
        .collect()
}

#[test]
fn a_plain_grid_is_cut_and_put_back() {
    let (before, after) = sample("icons.png");
    let (small, large) = (picture(&before, "icons.png"), picture(&after, "icons.png"));
    assert_eq!(large.dimensions(), (64 * K, 32 * K));
    for (x, y) in (0..8).map(|at| (at % 4 * 16, at / 4 * 16)) {
        let sprite = alone(&cut(&small, [x, y, 16, 16]), Edges::TRANSPARENT);
        assert_eq!(
            cut(&large, [x * K, y * K, 16 * K, 16 * K]),
            sprite,
            "{x},{y}"
        );
    }
}

#[test]
fn exports_of_aseprite_keep_their_words_and_times() {
    for name in ["slime.json", "slime-array.json"] {
        let (before, after) = sample(name);
        assert_eq!(
            wordless(text(&before, name)),
            wordless(text(&after, name)),
            "{name}"
        );
        let (small, large) = (picture(&before, "slime.png"), picture(&after, "slime.png"));
        let (old, new) = (json(&before, name), json(&after, name));
        assert_eq!(new["meta"]["frameTags"], old["meta"]["frameTags"]);
        assert_eq!(new["meta"]["scale"], "1");
        assert_eq!(
            numbers(&new["meta"]["size"], ["w", "h"]),
            [large.width(), large.height()]
        );
        let key = &new["meta"]["slices"][0]["keys"][0];
        assert_eq!(
            numbers(&key["bounds"], ["x", "y", "w", "h"]),
            [24, 40, 80, 80]
        );
        assert_eq!(
            numbers(&key["center"], ["x", "y", "w", "h"]),
            [16, 16, 48, 48]
        );
        assert_eq!(numbers(&key["pivot"], ["x", "y"]), [40, 72]);
        let list = |value: &Value| -> Vec<Value> {
            match &value["frames"] {
                Value::Array(frames) => frames.clone(),
                frames => frames.as_object().unwrap().values().cloned().collect(),
            }
        };
        let (old, new) = (list(&old), list(&new));
        assert_eq!((old.len(), new.len()), (4, 4));
        for (old, new) in old.iter().zip(&new) {
            assert_eq!(old["duration"], new["duration"]);
            for part in ["frame", "spriteSourceSize"] {
                let sides = ["x", "y", "w", "h"];
                assert_eq!(
                    numbers(&new[part], sides),
                    numbers(&old[part], sides).map(|side| side * K)
                );
            }
            assert_eq!(numbers(&new["sourceSize"], ["w", "h"]), [128, 128]);
            let sprite = cut(&small, numbers(&old["frame"], ["x", "y", "w", "h"]));
            let found = cut(&large, numbers(&new["frame"], ["x", "y", "w", "h"]));
            assert_eq!(found, alone(&sprite, Edges::TRANSPARENT));
        }
    }
}

#[test]
fn atlases_of_texturepacker_keep_turned_frames_and_extrusion() {
    let (before, after) = sample("atlas.json");
    assert_eq!(
        wordless(text(&before, "atlas.json")),
        wordless(text(&after, "atlas.json"))
    );
    let (small, large) = (picture(&before, "atlas.png"), picture(&after, "atlas.png"));
    let (old, new) = (json(&before, "atlas.json"), json(&after, "atlas.json"));
    let mut turned = 0;
    for (name, old) in old["frames"].as_object().unwrap() {
        let new = &new["frames"][name];
        assert_eq!(new["pivot"], old["pivot"]);
        let place = |frame: &Value| {
            let [x, y, w, h] = numbers(&frame["frame"], ["x", "y", "w", "h"]);
            if frame["rotated"] == true {
                [x, y, h, w]
            } else {
                [x, y, w, h]
            }
        };
        let upright = |image: RgbaImage| {
            if old["rotated"] == true {
                rotate270(&image)
            } else {
                image
            }
        };
        let found = cut(&large, place(new));
        let sprite = alone(&upright(cut(&small, place(old))), Edges::TRANSPARENT);
        assert_eq!(upright(found.clone()), sprite, "{name}");
        turned += usize::from(old["rotated"] == true);
        // One pixel of the border was repeated around it, eight are now.
        let [x, y, w, h] = place(new);
        let around = cut(&large, [x - K, y - K, w + 2 * K, h + 2 * K]);
        for (column, row, pixel) in around.enumerate_pixels() {
            let inner = |at: u32, side: u32| at.clamp(K, side + K - 1) - K;
            let border = found.get_pixel(inner(column, w), inner(row, h));
            assert_eq!(pixel, border, "{name} at {column},{row}");
        }
    }
    assert_eq!(turned, 1);
    let (_, several) = sample("atlas-array.json");
    assert_eq!(
        several["atlas.png"], after["atlas.png"],
        "one atlas in two forms"
    );
    let texture = &json(&several, "atlas-array.json")["textures"][0];
    assert_eq!(
        numbers(&texture["size"], ["w", "h"]),
        [large.width(), large.height()]
    );
    assert_eq!(
        texture["frames"][1]["frame"],
        new["frames"]["items/apple.png"]["frame"]
    );
}

#[test]
fn maps_of_tiled_are_read_by_its_own_library() {
    let (before, after) = sample("level.tmx");
    let names: Vec<&str> = after.keys().map(String::as_str).collect();
    assert_eq!(names, ["icons.png", "level.tmx", "tiles.png", "tiles.tsx"]);
    assert_eq!(
        wordless(text(&before, "tiles.tsx")),
        wordless(text(&after, "tiles.tsx"))
    );
    let map = text(&after, "level.tmx");
    assert!(
        map.contains("<text pixelsize=\"128\" wrap=\"1\">Mind 1,2 and x=\"3\"</text>"),
        "{map}"
    );
    assert!(map.contains("<!-- A meadow, a pond and a wall. -->"));
    assert_eq!(
        wordless(text(&before, "level.tmx")),
        wordless(map).replace(" pixelsize=\"\"", "")
    );

    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in &after {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let load = |folder: &Path| {
        tiled::Loader::new()
            .load_tmx_map(folder.join("level.tmx"))
            .unwrap()
    };
    let (old, new) = (load(&samples()), load(folder.path()));
    assert_eq!((new.width, new.height), (6, 4));
    assert_eq!((new.tile_width, new.tile_height), (16 * K, 16 * K));
    let mut tiles = 0;
    for (old, new) in old.tilesets().iter().zip(new.tilesets()) {
        assert_eq!((new.tilecount, new.columns), (old.tilecount, old.columns));
        assert_eq!(
            (new.offset_x, new.offset_y),
            (old.offset_x * 8, old.offset_y * 8)
        );
        let image = new.image.as_ref().unwrap();
        let name = image.source.file_name().unwrap().to_str().unwrap();
        let (small, large) = (picture(&before, name), picture(&after, name));
        assert_eq!(
            (image.width as u32, image.height as u32),
            large.dimensions()
        );
        let place = |set: &tiled::Tileset, id: u32| {
            let at = |index: u32, side: u32| set.margin + index * (side + set.spacing);
            [
                at(id % set.columns, set.tile_width),
                at(id / set.columns, set.tile_height),
                set.tile_width,
                set.tile_height,
            ]
        };
        for id in 0..new.tilecount {
            let sprite = alone(&cut(&small, place(old, id)), Edges::CLAMP);
            assert_eq!(cut(&large, place(new, id)), sprite, "{name} {id}");
            tiles += 1;
        }
    }
    assert_eq!(tiles, 20);
    let water = new.tilesets()[0].get_tile(8).unwrap();
    let frames = water.animation.as_ref().unwrap();
    assert_eq!(
        (frames.len(), frames[1].tile_id, frames[1].duration),
        (4, 9, 150)
    );
    let wall = new.tilesets()[0].get_tile(4).unwrap();
    let objects = wall.collision.as_ref().unwrap().object_data();
    assert_eq!((objects[0].x, objects[0].y), (0.0, 32.0));
    assert_eq!(
        objects[0].shape,
        tiled::ObjectShape::Rect {
            width: 128.0,
            height: 92.0
        }
    );
    let points = vec![(0.0, 0.0), (32.0, -20.0), (32.0, 32.0)];
    assert_eq!(objects[1].shape, tiled::ObjectShape::Polygon { points });
    assert_eq!(
        wall.properties["weight"],
        tiled::PropertyValue::FloatValue(1.5)
    );
    let ground = new.get_layer(0).unwrap();
    assert_eq!((ground.offset_x, ground.offset_y), (0.0, -32.0));
    let things = new.get_layer(1).unwrap();
    assert_eq!(things.offset_x, 12.0);
    let things = things.as_object_layer().unwrap();
    let apple = things.get_object(0).unwrap();
    assert_eq!((apple.x, apple.y), (192.0, 384.0));
    let points = vec![(0.0, 0.0), (130.0, 64.0), (256.0, -32.0)];
    assert_eq!(
        things.get_object(1).unwrap().shape,
        tiled::ObjectShape::Polyline { points }
    );
    let tiled::ObjectShape::Text { pixel_size, .. } = things.get_object(2).unwrap().shape else {
        panic!("no text");
    };
    assert_eq!(pixel_size, 128);
    // The tileset alone is a sheet too.
    let (_, tileset) = sample("tiles.tsx");
    assert_eq!(tileset.len(), 2);
    assert_eq!(tileset["tiles.tsx"], after["tiles.tsx"]);
    assert_eq!(tileset["tiles.png"], after["tiles.png"]);
}

#[test]
fn projects_of_ldtk_grow_where_they_are_in_pixels() {
    let (before, after) = sample("world.ldtk");
    assert_eq!(
        wordless(text(&before, "world.ldtk")),
        wordless(text(&after, "world.ldtk"))
    );
    let (small, large) = (picture(&before, "tiles.png"), picture(&after, "tiles.png"));
    let new = json(&after, "world.ldtk");
    let set = &new["defs"]["tilesets"][0];
    assert_eq!(
        numbers(
            set,
            [
                "pxWid",
                "pxHei",
                "tileGridSize",
                "spacing",
                "padding",
                "__cWid"
            ]
        ),
        [large.width(), large.height(), 16 * K, K, K, 4]
    );
    assert_eq!(new["defaultGridSize"], 128);
    assert_eq!(new["defs"]["layers"][0]["pxOffsetY"], -32);
    assert_eq!(new["defs"]["layers"][0]["parallaxFactorX"], 0.5);
    assert_eq!(
        new["defs"]["entities"][0]["nineSliceBorders"],
        serde_json::json!([32, 32, 32, 32])
    );
    let level = &new["levels"][0];
    assert_eq!(
        (&level["worldY"], &level["pxWid"]),
        (&(-512).into(), &768.into())
    );
    let field = &level["fieldInstances"][0];
    assert_eq!(field["realEditorValues"][0]["params"][0], "416,144,128,128");
    assert_eq!(
        numbers(&field["__value"], ["tilesetUid", "x", "y", "w"]),
        [1, 416, 144, 128]
    );
    let flower = &level["layerInstances"][0]["entityInstances"][0];
    assert_eq!(flower["px"], serde_json::json!([320, 256]));
    assert_eq!(flower["__grid"], serde_json::json!([2, 1]));
    assert_eq!(flower["__pivot"], serde_json::json!([0.5, 1]));
    let tiles = level["layerInstances"][1]["gridTiles"].as_array().unwrap();
    assert_eq!(tiles.len(), 4);
    for tile in tiles {
        let [x, y] = [0, 1].map(|at| tile["src"][at].as_u64().unwrap() as u32);
        let id = tile["t"].as_u64().unwrap() as u32;
        let sprite = cut(&small, [1 + id % 4 * 17, 1 + id / 4 * 17, 16, 16]);
        assert_eq!(
            cut(&large, [x, y, 128, 128]),
            alone(&sprite, Edges::CLAMP),
            "{id}"
        );
    }
}

#[test]
fn files_of_aseprite_are_read_by_both_of_its_libraries() {
    let (before, after) = sample("slime.aseprite");
    assert_eq!(after.len(), 1);
    let load =
        |files: &Files| asefile::AsepriteFile::read(files["slime.aseprite"].as_slice()).unwrap();
    let (old, new) = (load(&before), load(&after));
    assert_eq!(new.size(), (16 * K as usize, 16 * K as usize));
    assert_eq!(
        (new.num_frames(), new.num_layers(), new.num_tags()),
        (4, 2, 1)
    );
    let tag = new.tag(0);
    assert_eq!(
        (tag.name(), tag.from_frame(), tag.to_frame()),
        ("bounce", 0, 3)
    );
    assert_eq!(
        new.layer(0).user_data().unwrap().text.as_deref(),
        Some("soft")
    );
    let key = &new.slices()[0].keys[0];
    assert_eq!((key.origin, key.size), ((24, 40), (80, 80)));
    assert_eq!(key.pivot, Some((40, 72)));
    let canvas = |file: &asefile::AsepriteFile, layer: u32, frame: u32| {
        let image = file.layer(layer).frame(frame).image();
        RgbaImage::from_raw(image.width(), image.height(), image.into_raw()).unwrap()
    };
    let mut compared = 0;
    for frame in 0..4 {
        assert_eq!(new.frame(frame).duration(), old.frame(frame).duration());
        for layer in 0..2 {
            let (small, large) = (canvas(&old, layer, frame), canvas(&new, layer, frame));
            // A cel of the sample is as large as what is drawn in it.
            let drawn = || {
                small
                    .enumerate_pixels()
                    .filter(|(_, _, pixel)| pixel.0[3] > 0)
            };
            let (left, right) = (drawn().map(|at| at.0).min(), drawn().map(|at| at.0).max());
            let (top, bottom) = (drawn().map(|at| at.1).min(), drawn().map(|at| at.1).max());
            let (x, y) = (left.unwrap(), top.unwrap());
            let place = [x, y, right.unwrap() + 1 - x, bottom.unwrap() + 1 - y];
            let sprite = alone(&cut(&small, place), Edges::TRANSPARENT);
            assert_eq!(
                cut(&large, place.map(|side| side * K)),
                sprite,
                "{layer} {frame}"
            );
            compared += 1;
        }
    }
    assert_eq!(compared, 8);
    let other = aseprite_loader::loader::AsepriteFile::load(&after["slime.aseprite"]).unwrap();
    assert_eq!(
        (other.file.header.width, other.file.header.height),
        (128, 128)
    );
    assert_eq!(other.frames.len(), 4);
    assert_eq!(other.tags[0].name, "bounce");
    // The last frame's eyes still are the second's, not a copy of them.
    assert_eq!(other.images.len(), 7);
}

/// Metadata of one frame of a 16x16 image.
fn atlas(frame: &str) -> Files {
    let png = encode(&RgbaImage::from_fn(16, 16, |x, y| {
        [x as u8 * 16, y as u8 * 16, 90, 255].into()
    }));
    let text = format!(
        r#"{{"frames":{{"hero":{frame}}},"meta":{{"image":"a.png","size":{{"w":16,"h":16}}}}}}"#
    );
    [
        ("a.json".to_owned(), text.into_bytes()),
        ("a.png".to_owned(), png.unwrap()),
    ]
    .into()
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

#[test]
fn what_cannot_be_names_its_file_and_frame() {
    let good = r#"{"frame":{"x":0,"y":0,"w":16,"h":16}}"#;
    let wrong = |files: &Files, name: &str| {
        let error = read_of(files, name, &Cut::default()).unwrap_err();
        chain(&error)
    };
    let mut cases: Vec<(String, &[&str])> = Vec::new();
    let mut files = atlas(good);
    files.remove("a.png");
    cases.push((
        wrong(&files, "a.json"),
        &["a.png", "which a.json names", "not found"],
    ));
    let mut files = atlas(good);
    files.insert("a.png".to_owned(), b"GIF89a".to_vec());
    cases.push((wrong(&files, "a.json"), &["decode a.png", "not a PNG"]));
    for (frame, parts) in [
        (
            r#"{"frame":{"x":16,"y":0,"w":8,"h":8}}"#,
            ["\"hero\" at 16,0 8x8", "outside"],
        ),
        (
            r#"{"frame":{"x":0,"y":0,"w":0,"h":8}}"#,
            ["\"hero\"", "has no size"],
        ),
        (
            r#"{"frame":{"x":0,"y":0,"h":8}}"#,
            ["\"hero\"", "does not say where"],
        ),
    ] {
        let error = wrong(&atlas(frame), "a.json");
        assert!(
            error.contains("a.json") && parts.iter().all(|part| error.contains(part)),
            "{error}"
        );
    }
    let one =
        |name: &str, text: &str| -> Files { [(name.to_owned(), text.as_bytes().to_vec())].into() };
    for (name, text, parts) in [
        ("a.json", "{\"frames\": {\"a\": ", &["a.json", "line 1"][..]),
        (
            "a.json",
            "{\"colour\": 1}",
            &["a.json", "without frames", "known are"],
        ),
        (
            "a.tmj",
            "{\"tilewidth\": 1, \"tileheight\": 1}",
            &["save it as .tmx"],
        ),
        ("a.tmx", "<map>\n<tileset", &["a.tmx", "line 2"]),
        ("a.tmx", "<map><layer>", &["ends before <layer>"]),
        ("a.svg", "<svg/>", &["<svg>", "none of Tiled's"]),
        ("a.tmx", "<map/>", &["no image"]),
        (
            "a.tmx",
            "<map><tileset source='b.tsx'/></map>",
            &["b.tsx", "which a.tmx names"],
        ),
        ("a.webp", "RIFF", &[".webp image", "PNG"]),
        ("a.txt", "", &["empty"]),
    ] {
        cases.push((wrong(&one(name, text), name), parts));
    }
    for (error, parts) in cases {
        assert!(
            parts.iter().all(|part| error.contains(part)),
            "{parts:?} in {error}"
        );
    }
    let cell = Cut {
        cell: Some((8, 8)),
        ..Cut::default()
    };
    let error = read_of(&atlas(good), "a.json", &cell).unwrap_err();
    assert!(error.to_string().contains("--cell"), "{error}");
    let mut files = atlas(good);
    files.insert(
        "a.json".to_owned(),
        text(&files, "a.json")
            .replace("\"size\":{\"w\":16", "\"size\":{\"w\":32")
            .into_bytes(),
    );
    let sheet = read_of(&files, "a.json", &Cut::default()).unwrap();
    assert_eq!(
        sheet.warnings(),
        ["a.json: it says that a.png is 32x16, which is 16x16"]
    );
}

#[test]
fn broken_files_of_aseprite_are_refused_not_followed() {
    let whole = fs::read(samples().join("slime.aseprite")).unwrap();
    let mut refused = 0;
    let mut broken: Vec<Vec<u8>> = (0..whole.len())
        .step_by(7)
        .map(|end| whole[..end].to_vec())
        .collect();
    for at in (6..whole.len()).step_by(3) {
        for value in [0, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            broken.push(bytes);
        }
    }
    let count = broken.len();
    for bytes in broken {
        let files: Files = [("a.aseprite".to_owned(), bytes)].into();
        match read_of(&files, "a.aseprite", &Cut::default()) {
            Ok(sheet) => drop(run(sheet, &nearest(), None)),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > count / 10, "{refused} of {count}");
}

/// A file of Aseprite with one frame of these chunks.
fn aseprite(depth: u8, chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = chunks.concat();
    let mut frame = (body.len() as u32 + 16).to_le_bytes().to_vec();
    frame.extend([0xfa, 0xf1, 0xff, 0xff, 100, 0, 0, 0]);
    frame.extend((chunks.len() as u32).to_le_bytes());
    let mut header = vec![0u8; 128];
    header[4..14].copy_from_slice(&[0xe0, 0xa5, 1, 0, 2, 0, 2, 0, depth, 0]);
    header[14] = 1;
    header[34..36].copy_from_slice(&[1, 1]);
    let size = (128 + frame.len() + body.len()) as u32;
    header[..4].copy_from_slice(&size.to_le_bytes());
    [header, frame, body].concat()
}

fn ase_chunk(kind: u16, data: &[u8]) -> Vec<u8> {
    let size = (data.len() as u32 + 6).to_le_bytes();
    [&size[..], &kind.to_le_bytes(), data].concat()
}

fn ase_layer(name: &str) -> Vec<u8> {
    let length = (name.len() as u16).to_le_bytes();
    let data = [
        &[3u8, 0][..],
        &[0; 10],
        &[255, 0, 0, 0],
        &length,
        name.as_bytes(),
    ];
    ase_chunk(0x2004, &data.concat())
}

/// A cel on the first layer; `how` is 0 for plain pixels and 2 for packed ones.
fn ase_cel(how: u8, (width, height): (u16, u16), pixels: &[u8]) -> Vec<u8> {
    let size = [width.to_le_bytes(), height.to_le_bytes()].concat();
    let data = [&[0u8; 6][..], &[255, how, 0], &[0; 7], &size, pixels];
    ase_chunk(0x2005, &data.concat())
}

#[test]
fn small_files_of_aseprite_cost_little() {
    let read = |bytes: Vec<u8>| {
        let files: Files = [("a.ase".to_owned(), bytes)].into();
        read_of(&files, "a.ase", &Cut::default())
    };
    let refusal = |bytes| read(bytes).unwrap_err().to_string();
    // Eight bytes a chunk, each of which promises 65535 runs of 256 colours. They cost 0.03 seconds a chunk.
    let started = Instant::now();
    let palettes = vec![ase_chunk(0x0004, &[0xff, 0xff]); 2000];
    for depth in [8, 32] {
        let read = read(aseprite(depth, &palettes));
        assert!(matches!(read, Err(SheetError::NoFrames { .. })));
    }
    assert!(started.elapsed() < Duration::from_secs(20));

    // Pixels of one colour are packed a thousand to a byte, and two cels are two pictures.
    let (dot, huge) = (ase_cel(0, (1, 1), &[1; 4]), ase_cel(2, (8192, 8192), &[]));
    let said = refusal(aseprite(32, &[ase_layer("a"), dot.clone(), huge]));
    assert!(
        said.contains("more than 67108864 pixels") && said.contains("split"),
        "{said}"
    );
    // A tile may be a single pixel.
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    packed.write_all(&[200; 4 << 14]).unwrap();
    let packed = packed.finish().unwrap();
    let tiles = [
        &[0u8, 0, 0, 0, 2, 0, 0, 0][..],
        &(1u32 << 14).to_le_bytes(),
        &[1, 0, 1, 0],
        &[0; 18],
        &(packed.len() as u32).to_le_bytes(),
        &packed,
    ];
    let tiles = vec![ase_chunk(0x2023, &tiles.concat()); 17];
    read(aseprite(32, &tiles[1..])).unwrap();
    let said = refusal(aseprite(32, &tiles));
    assert!(said.contains("more than 262144 cels and tiles"), "{said}");

    // Every cel is called after its layer.
    let sheet = read(aseprite(32, &[ase_layer(&"x".repeat(60_000)), dot])).unwrap();
    let made = run(sheet, &nearest(), None).unwrap();
    assert_eq!(made.report.sprites[0].name, "x".repeat(256) + "/0");
}

fn nearest() -> Options {
    let config = Config {
        model: Some("nearest".to_owned()),
        ..Config::default()
    };
    Options::new(config, Config::default()).unwrap()
}

#[test]
fn palettes_become_colours_and_grey_stays_grey() {
    // A sprite of 2x2 with one raw cel, as the oldest versions wrote it.
    let file = |depth: u8, pixels: &[u8]| {
        let old = ase_chunk(0x0004, &[1, 0, 0, 3, 9, 9, 9, 200, 0, 0, 0, 0, 200]);
        aseprite(depth, &[ase_layer("a"), old, ase_cel(0, (2, 2), pixels)])
    };
    let enhanced = |bytes: Vec<u8>| {
        let input: Files = [("a.ase".to_owned(), bytes)].into();
        let sheet = read_of(&input, "a.ase", &Cut::default()).unwrap();
        assert_eq!(sheet.kind(), SheetKind::Aseprite);
        let made = run(sheet, &nearest(), None).unwrap();
        let warnings = made.report.warnings.clone();
        let read = asefile::AsepriteFile::read(files(made)["a.ase"].as_slice()).unwrap();
        (read.frame(0).image(), read.pixel_format(), warnings)
    };
    // Index 0 is transparent.
    let (image, format, warnings) = enhanced(file(8, &[0, 1, 2, 1]));
    assert_eq!(format, asefile::PixelFormat::Rgba);
    assert!(warnings[0].contains("palette"), "{warnings:?}");
    let at = |x: u32, y: u32| image.get_pixel(x * K, y * K).0;
    assert_eq!([at(0, 0)[3], at(1, 0)[3]], [0, 255]);
    assert_eq!([at(1, 0), at(0, 1)], [[200, 0, 0, 255], [0, 0, 200, 255]]);
    let (image, format, warnings) = enhanced(file(16, &[10, 255, 20, 255, 30, 255, 40, 128]));
    assert_eq!(format, asefile::PixelFormat::Grayscale);
    assert_eq!(warnings, [""; 0]);
    assert_eq!(image.dimensions(), (2 * K, 2 * K));
    assert_eq!(image.get_pixel(K, 0).0, [20, 20, 20, 255]);
}

#[test]
fn references_are_followed_and_lie_as_before() {
    let tile = encode(&RgbaImage::from_fn(32, 16, |x, y| {
        [x as u8 * 8, y as u8 * 16, 255, 255].into()
    }))
    .unwrap();
    let input: Files = [
        ("game/maps/a.tmx", "\u{feff}<map tilewidth='16'><tileset firstgid='1' source='../sets/b.tsx'/></map>".as_bytes().to_vec()),
        ("game/sets/b.tsx", br##"<tileset name="b" tilewidth="16" tileheight="16"><image source="C:\art &amp; co\c.png" trans="ff00ff" width="32" height="16"/></tileset>"##.to_vec()),
        ("game/sets/c.png", tile),
    ]
    .map(|(name, bytes)| (name.to_owned(), bytes))
    .into();
    let sheet = read_of(&input, "game/maps/a.tmx", &Cut::default()).unwrap();
    let after = files(run(sheet, &Options::default(), None).unwrap());
    let names: Vec<&str> = after.keys().map(String::as_str).collect();
    assert_eq!(names, ["maps/a.tmx", "sets/b.tsx", "sets/c.png"]);
    assert_eq!(
        text(&after, "maps/a.tmx"),
        "\u{feff}<map tilewidth='128'><tileset firstgid='1' source='../sets/b.tsx'/></map>"
    );
    assert_eq!(
        text(&after, "sets/b.tsx"),
        r##"<tileset name="b" tilewidth="128" tileheight="128"><image source="c.png" width="256" height="128"/></tileset>"##
    );
}

#[test]
fn options_are_obeyed() {
    let read = || {
        Sheet::read(&samples().join("icons.png"), &Cut::default(), &mut |path| {
            fs::read(path)
        })
        .unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(folder.path(), uncanny::DEFAULT_CACHE_BYTES);
    let first = run(read(), &Options::default(), Some(&cache)).unwrap();
    let second = run(read(), &Options::default(), Some(&cache)).unwrap();
    assert_eq!((first.report.enhanced, first.report.cached), (8, 0));
    assert_eq!(
        (
            second.report.enhanced,
            second.report.cached,
            second.report.tiles
        ),
        (8, 8, 0)
    );
    assert_eq!(first.files, second.files);

    let config = Config {
        only: vec!["0/*".to_owned(), "nothing".to_owned()],
        scale: Scale::new(4).ok(),
        ..Config::default()
    };
    let options = Options::new(config, Config::default()).unwrap();
    let some = run(read(), &options, None).unwrap();
    assert_eq!(
        (some.report.enhanced, some.report.nearest, some.report.scale),
        (4, 4, 4)
    );
    let row = &some.report.sprites[7];
    assert_eq!(
        (row.name.as_str(), row.enhanced, row.place),
        ("1/3", false, [192, 64, 64, 64])
    );
    assert!(
        some.report
            .warnings
            .iter()
            .any(|warning| warning.contains("--only nothing matches no frame"))
    );

    let config = Config {
        scale: Scale::new(16).ok(),
        ..Config::default()
    };
    let options = Options::new(config, Config::default()).unwrap();
    assert!(matches!(
        run(read(), &options, None),
        Err(Error::ModelTooSmall { .. })
    ));

    let wrapped = read().enhance(SheetRun {
        options: &Options::default(),
        edges: Some(EdgeChoice::Wrap),
        upscaler: &mut Lanczos::new(scale()),
        cache: None,
        cancel: &AtomicBool::new(false),
        events: &|_| {},
    });
    assert_ne!(wrapped.unwrap().files, first.files);
    let cancelled = read().enhance(SheetRun {
        options: &Options::default(),
        edges: None,
        upscaler: &mut Lanczos::new(scale()),
        cache: None,
        cancel: &AtomicBool::new(true),
        events: &|_| {},
    });
    assert!(matches!(cancelled, Err(Error::Interrupted)));
}

/// The first pictures of a tar of PNGs, by name.
fn tarred(name: &str, side: u32, count: usize) -> Option<Vec<RgbaImage>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data")
        .join(name);
    let Ok(file) = fs::File::open(&path) else {
        eprintln!("skipped: there is no {}", path.display());
        return None;
    };
    let mut found = BTreeMap::new();
    for entry in tar::Archive::new(file).entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        entry.read_to_end(&mut bytes).unwrap();
        if let Ok(texture) = decode(&bytes, &DecodeLimits::default())
            && texture.image.dimensions() == (side, side)
        {
            found.insert(name, texture.image);
        }
    }
    assert!(found.len() >= count, "{} pictures in {name}", found.len());
    Some(found.into_values().take(count).collect())
}

#[test]
fn real_sprites_are_found_in_a_grid_and_do_not_bleed() {
    for (name, side) in [
        ("crawl32_cc0.tar", 32),
        ("silk16.tar", 16),
        ("minetest16.tar", 16),
    ] {
        let Some(sprites) = tarred(name, side, 64) else {
            continue;
        };
        let mut sheet = RgbaImage::new(8 * side, 8 * side);
        for (at, sprite) in (0..).zip(&sprites) {
            image::imageops::replace(
                &mut sheet,
                sprite,
                (at % 8 * side).into(),
                (at / 8 * side).into(),
            );
        }
        let input: Files = [("a.png".to_owned(), encode(&sheet).unwrap())].into();
        let read = read_of(&input, "a.png", &Cut::default()).unwrap();
        let made = run(read, &Options::default(), None).unwrap();
        assert_eq!(made.report.frames, 64, "{name}: {:?}", made.report.warnings);
        let after = picture(&files(made), "a.png");
        for (at, sprite) in (0..).zip(&sprites) {
            let place = [at % 8 * side, at / 8 * side, side, side];
            let found = cut(&after, place.map(|side| side * K));
            assert_eq!(found, alone(sprite, Edges::TRANSPARENT), "{name} {at}");
        }
    }
}
