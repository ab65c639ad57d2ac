//! Enhanced sheets as Bevy cuts them: each sprite of a `TextureAtlasLayout` made of the new sheet and its new metadata is
//! the sprite enhanced alone. `cargo test --release --manifest-path tests/bevy/Cargo.toml`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use bevy_image::TextureAtlasLayout;
use bevy_math::{URect, UVec2};
use image::imageops::crop_imm;
use serde_json::Value;
use uncanny::Options;
use uncanny::sheet::{Cut, Sheet, SheetRun};
use uncanny_texture::{
    Cell, DecodeLimits, Edges, Lanczos, Recipe, RgbaImage, Scale, decode, enhance, facts,
};

const K: u32 = 8;

type Files = BTreeMap<String, Vec<u8>>;

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/sheets")
}

fn scale() -> Scale {
    Scale::new(K).unwrap()
}

/// A sample's files, enhanced by Lanczos.
fn enhanced(name: &str) -> Files {
    let sheet = Sheet::read(&samples().join(name), &Cut::default(), &mut |path| {
        fs::read(path)
    });
    let run = SheetRun {
        options: &Options::default(),
        edges: None,
        upscaler: &mut Lanczos::new(scale()),
        cache: None,
        cancel: &AtomicBool::new(false),
        events: &|_| {},
    };
    let made = sheet.unwrap().enhance(run).unwrap();
    let files = made.files.into_iter();
    files
        .map(|file| (file.path.to_string_lossy().into_owned(), file.bytes))
        .collect()
}

fn picture(png: &[u8]) -> RgbaImage {
    decode(png, &DecodeLimits::default()).unwrap().image
}

/// What a sprite becomes when there is no sheet around it.
fn alone(sprite: &RgbaImage) -> RgbaImage {
    let cell = Cell::whole(sprite.width(), sprite.height(), Edges::TRANSPARENT);
    let recipe = Recipe {
        grey: facts(sprite).grey,
        fidelity: Options::default().fidelity,
        ..Recipe::new(vec![cell], scale())
    };
    enhance(sprite, &recipe, &mut Lanczos::new(scale())).unwrap()
}

/// What Bevy draws of a sheet for this sprite of a layout.
fn drawn(sheet: &RgbaImage, layout: &TextureAtlasLayout, index: usize) -> RgbaImage {
    assert_eq!(layout.size, UVec2::new(sheet.width(), sheet.height()));
    let URect { min, max } = layout.textures[index];
    assert!(max.x <= sheet.width() && max.y <= sheet.height());
    crop_imm(sheet, min.x, min.y, max.x - min.x, max.y - min.y).to_image()
}

#[test]
fn a_grid() {
    let small = picture(&fs::read(samples().join("icons.png")).unwrap());
    let large = picture(&enhanced("icons.png")["icons.png"]);
    let layout = |side: u32| TextureAtlasLayout::from_grid(UVec2::splat(side), 4, 2, None, None);
    let (old, new) = (layout(16), layout(16 * K));
    assert_eq!((old.len(), new.len()), (8, 8));
    for i in 0..8 {
        let sprite = drawn(&small, &old, i);
        assert_eq!(drawn(&large, &new, i), alone(&sprite), "sprite {i}");
    }
}

/// The frames of a TexturePacker atlas that lie as they are drawn: Bevy's layout knows no turned ones.
fn layout(json: &[u8]) -> (Vec<String>, TextureAtlasLayout) {
    let json: Value = serde_json::from_slice(json).unwrap();
    let number = |object: &Value, key: &str| object[key].as_u64().unwrap() as u32;
    let size = &json["meta"]["size"];
    let mut layout =
        TextureAtlasLayout::new_empty(UVec2::new(number(size, "w"), number(size, "h")));
    let mut names = Vec::new();
    for (name, frame) in json["frames"].as_object().unwrap() {
        if frame["rotated"] == true {
            continue;
        }
        let at = |key| number(&frame["frame"], key);
        let min = UVec2::new(at("x"), at("y"));
        layout.add_texture(URect::from_corners(min, min + UVec2::new(at("w"), at("h"))));
        names.push(name.clone());
    }
    (names, layout)
}

#[test]
fn an_atlas_by_its_metadata() {
    let small = picture(&fs::read(samples().join("atlas.png")).unwrap());
    let files = enhanced("atlas.json");
    let large = picture(&files["atlas.png"]);
    let (names, old) = layout(&fs::read(samples().join("atlas.json")).unwrap());
    let (new_names, new) = layout(&files["atlas.json"]);
    assert_eq!(names, new_names);
    assert!(names.len() >= 3, "{names:?}");
    assert_eq!(new.size, old.size * K);
    for (i, name) in names.iter().enumerate() {
        let (was, is) = (old.textures[i], new.textures[i]);
        assert_eq!((is.min, is.max), (was.min * K, was.max * K), "{name}");
        assert_eq!(
            drawn(&large, &new, i),
            alone(&drawn(&small, &old, i)),
            "{name}"
        );
    }
}
