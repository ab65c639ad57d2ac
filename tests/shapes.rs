//! Packs of every shape that the rules speak of, made here, converted by the real binary, and judged by
//! the pixels and bytes that come out.
//!
//! Most tests change one part of a texture and look at which pixels of the result follow: that shows
//! what a sprite, a frame or an edge can see, whatever the upscaler makes of it.

#![allow(clippy::unwrap_used, reason = "the helpers of tests may panic")]

mod util;

use image::RgbaImage;
use util::{Files, Scene, file, names, png, size, unzip, zip};

const META: &str = r#"{"pack":{"pack_format":15,"description":"A test"}}"#;
const OLD_META: &str = r#"{"pack":{"pack_format":3,"description":"A test"}}"#;
const TEXTURES: &str = "assets/minecraft/textures";

/// A pack: its `pack.mcmeta`, a text and a file of no known kind, then `files`.
fn pack(meta: &str, files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Files {
    let mut pack = vec![
        ("pack.mcmeta".to_owned(), meta.as_bytes().to_vec()),
        ("zebra.bin".to_owned(), (0..=255).rev().collect()),
        ("README.txt".to_owned(), b"Ours.\r\n".to_vec()),
    ];
    pack.extend(files);
    pack
}

fn texture(path: &str, bytes: Vec<u8>) -> (String, Vec<u8>) {
    (format!("{TEXTURES}/{path}"), bytes)
}

fn text(name: &str, text: &str) -> (String, Vec<u8>) {
    (name.to_owned(), text.as_bytes().to_vec())
}

/// Converts a zip of `before` and asserts what every conversion owes: `expected` files, the same
/// names in the same order, and whatever is neither texture nor sidecar byte for byte.
#[track_caller]
fn convert_with(before: &Files, expected: usize, options: &str) -> Files {
    assert_eq!(before.len(), expected, "files of the pack");
    let scene = Scene::new();
    scene.write("in.zip", zip(before));
    scene
        .run(&format!("convert in.zip -o out.zip --no-cache {options}"))
        .exits(0)
        .prints_nothing();
    let after = unzip(&scene.path("out.zip"));
    assert_eq!(names(before), names(&after), "names and their order");
    let mut untouched = 0;
    for (name, bytes) in before {
        if ![".png", ".png.mcmeta", ".properties"]
            .iter()
            .any(|end| name.ends_with(end))
        {
            assert_eq!(bytes, file(&after, name), "{name} changed");
            untouched += 1;
        }
    }
    assert!(untouched >= 3, "only {untouched} other files were compared");
    after
}

#[track_caller]
fn convert(before: &Files, expected: usize) -> Files {
    convert_with(before, expected, "--model lanczos")
}

#[track_caller]
fn pixels(files: &Files, name: &str) -> RgbaImage {
    decoded(file(files, name))
}

#[track_caller]
fn decoded(bytes: &[u8]) -> RgbaImage {
    image::load_from_memory(bytes).unwrap().to_rgba8()
}

/// A number that depends on everything it is made from.
fn hash(seed: u32, x: u32, y: u32) -> [u8; 4] {
    let mut hash = (seed ^ 0x9e37_79b9).wrapping_mul(0x85eb_ca6b)
        ^ x.wrapping_mul(0xc2b2_ae35)
        ^ y.wrapping_mul(0x27d4_eb2f);
    for shift in [13, 16, 15] {
        hash = (hash ^ (hash >> shift)).wrapping_mul(0x2c1b_3c6d);
    }
    hash.to_le_bytes()
}

fn opaque(seed: u32, x: u32, y: u32) -> [u8; 4] {
    let [r, g, b, _] = hash(seed, x, y);
    [r, g, b, 255]
}

fn noise(width: u32, height: u32, seed: u32) -> Vec<u8> {
    png(width, height, |x, y| opaque(seed, x, y))
}

/// Noise with another seed inside a rectangle (left, top, width, height).
fn patched(size: (u32, u32), seed: u32, (left, top, width, height): Box4) -> Vec<u8> {
    png(size.0, size.1, |x, y| {
        let inside = (left..left + width).contains(&x) && (top..top + height).contains(&y);
        opaque(if inside { seed + 1000 } else { seed }, x, y)
    })
}

type Box4 = (u32, u32, u32, u32);

/// The rectangle in which two pictures differ, if they do.
fn difference(one: &RgbaImage, other: &RgbaImage) -> Option<Box4> {
    assert_eq!(one.dimensions(), other.dimensions());
    let (mut left, mut top, mut right, mut bottom) = (u32::MAX, u32::MAX, 0, 0);
    for ((x, y, a), b) in one.enumerate_pixels().zip(other.pixels()) {
        if a != b {
            (left, top) = (left.min(x), top.min(y));
            (right, bottom) = (right.max(x + 1), bottom.max(y + 1));
        }
    }
    (right > 0).then(|| (left, top, right - left, bottom - top))
}

/// Whether any pixel inside the rectangle differs.
fn differs_in(one: &RgbaImage, other: &RgbaImage, (left, top, width, height): Box4) -> bool {
    (top..top + height)
        .any(|y| (left..left + width).any(|x| one.get_pixel(x, y) != other.get_pixel(x, y)))
}

/// The largest step between two pictures.
fn distance(one: &RgbaImage, other: &RgbaImage) -> u8 {
    assert_eq!(one.dimensions(), other.dimensions());
    let bytes = one.as_raw().iter().zip(other.as_raw());
    bytes.map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

fn eightfold((left, top, width, height): Box4) -> Box4 {
    (left * 8, top * 8, width * 8, height * 8)
}

/// Every pixel as a square of 8x8.
fn replicated(image: &RgbaImage) -> RgbaImage {
    RgbaImage::from_fn(image.width() * 8, image.height() * 8, |x, y| {
        *image.get_pixel(x / 8, y / 8)
    })
}

/// Turns a picture around its own borders.
fn rolled(image: &RgbaImage, dx: u32, dy: u32) -> RgbaImage {
    let (width, height) = image.dimensions();
    RgbaImage::from_fn(width, height, |x, y| {
        *image.get_pixel((x + width - dx) % width, (y + height - dy) % height)
    })
}

/// A texture in which a rectangle is to be changed.
struct Case {
    path: &'static str,
    size: (u32, u32),
    sidecar: Option<&'static str>,
    rect: Box4,
    /// Where the texture has pixels at all.
    art: &'static [Box4],
}

impl Case {
    fn made(&self, changed: bool) -> Vec<(String, Vec<u8>)> {
        let inside = |rect: &Box4, x: u32, y: u32| {
            (rect.0..rect.0 + rect.2).contains(&x) && (rect.1..rect.1 + rect.3).contains(&y)
        };
        let bytes = png(self.size.0, self.size.1, |x, y| {
            let seed = if changed && inside(&self.rect, x, y) {
                8
            } else {
                7
            };
            let empty = !self.art.is_empty() && !self.art.iter().any(|rect| inside(rect, x, y));
            if empty { [0; 4] } else { opaque(seed, x, y) }
        });
        let sidecar = self
            .sidecar
            .map(|sidecar| text(&format!("{TEXTURES}/{}.mcmeta", self.path), sidecar));
        [texture(self.path, bytes)]
            .into_iter()
            .chain(sidecar)
            .collect()
    }
}

/// Asserts that nothing outside the rectangles follows a change inside them, and that every side of
/// them does.
#[track_caller]
fn assert_apart(meta: &str, expected: usize, cases: &[Case]) {
    let [before, after] = [false, true].map(|changed| {
        let files = cases.iter().flat_map(|case| case.made(changed));
        convert(&pack(meta, files), expected)
    });
    for Case {
        path, size, rect, ..
    } in cases
    {
        let name = format!("{TEXTURES}/{path}");
        let (before, after) = (pixels(&before, &name), pixels(&after, &name));
        assert_eq!(before.dimensions(), (size.0 * 8, size.1 * 8), "{path}");
        let changed = difference(&before, &after);
        assert_eq!(changed, Some(eightfold(*rect)), "{path}: {rect:?}");
    }
}

#[test]
fn sprites_of_old_sheets_and_frames_do_not_see_each_other() {
    let case = |path, size, sidecar, rect| Case {
        path,
        size,
        sidecar,
        rect,
        art: &[],
    };
    assert_apart(
        META,
        10,
        &[
            case(
                "block/magma.png",
                (16, 48),
                Some(r#"{"animation":{}}"#),
                (0, 16, 16, 16),
            ),
            case(
                "item/wind.png",
                (32, 32),
                Some(r#"{"animation":{"width":32,"height":16,"frames":[1,0]}}"#),
                (0, 16, 32, 16),
            ),
            case(
                "block/grid.png",
                (32, 32),
                Some(r#"{"animation":{"width":16,"height":16}}"#),
                (16, 0, 16, 16),
            ),
            Case {
                art: &[(0, 0, 112, 16)],
                ..case(
                    "painting/paintings_kristoffer_zetterstrand.png",
                    (256, 256),
                    None,
                    (32, 0, 16, 16),
                )
            },
        ],
    );
    // The disabled, plain and hovered button, and what lies above them.
    let widgets = &[(0, 46, 200, 60), (0, 22, 82, 24)];
    assert_apart(
        OLD_META,
        7,
        &[
            Case {
                art: widgets,
                ..case("gui/widgets.png", (256, 256), None, (0, 66, 200, 20))
            },
            Case {
                art: &[(0, 0, 128, 16)],
                ..case("particle/particles.png", (128, 128), None, (8, 8, 8, 8))
            },
            // Until 1.12 frames are square whatever the sidecar says.
            case(
                "blocks/lava_still.png",
                (16, 32),
                Some(r#"{"animation":{"height":8}}"#),
                (0, 0, 16, 16),
            ),
        ],
    );
}

#[test]
fn red_and_blue_frames_stay_pure_and_sidecars_change_by_their_numbers_only() {
    let strip = png(16, 64, |x, y| {
        let shade = 100 + (x * 9) as u8;
        if y / 16 % 2 == 0 {
            [shade, 0, 0, 255]
        } else {
            [0, 0, shade, 255]
        }
    });
    let before_text = "\u{feff}{ // é\r\n\t\"animation\": { \"interpolate\":true,\"width\" : 16,\n  \"height\":16.0, \
                       \"frametime\":  7, \"frames\": [ 0, {\"index\":1,\"time\":16}, 2,3 ] } }\n\n";
    let after_text = before_text
        .replace("\"width\" : 16", "\"width\" : 128")
        .replace("\"height\":16.0", "\"height\":128");
    let bare = "{\"animation\":{\"frametime\":16}}";
    let name = format!("{TEXTURES}/block/prismarine.png");
    let files = pack(
        META,
        [
            (name.clone(), strip.clone()),
            text(&format!("{name}.mcmeta"), before_text),
            texture("block/sea.png", strip),
            text(&format!("{TEXTURES}/block/sea.png.mcmeta"), bare),
        ],
    );
    let after = convert(&files, 7);
    assert_eq!(
        file(&after, &format!("{name}.mcmeta")),
        after_text.as_bytes()
    );
    assert_eq!(
        file(&after, &format!("{TEXTURES}/block/sea.png.mcmeta")),
        bare.as_bytes()
    );
    let out = pixels(&after, &name);
    assert_eq!(out.dimensions(), (128, 512));
    for (_, y, pixel) in out.enumerate_pixels() {
        let (own, other) = if y / 128 % 2 == 0 { (0, 2) } else { (2, 0) };
        assert!(pixel[own] >= 60 && pixel[other] == 0, "row {y}: {pixel:?}");
    }
    assert_eq!(&out, &pixels(&after, &format!("{TEXTURES}/block/sea.png")));
    // Half the scale, half the numbers.
    let half = convert_with(&files, 7, "--model lanczos --scale 4");
    let half_text = after_text.replace("128", "64");
    assert_eq!(file(&half, &format!("{name}.mcmeta")), half_text.as_bytes());
}

#[test]
fn a_pack_of_before_the_flattening_converts() {
    let page = png(256, 256, |x, y| {
        [255, 255, 255, if hash(1, x, y)[0] > 128 { 255 } else { 0 }]
    });
    let files = pack(
        OLD_META,
        [
            texture("blocks/stone.png", noise(16, 16, 1)),
            texture("blocks/log_oak_top.png", noise(16, 16, 2)),
            texture("items/apple.png", sprite(3)),
            texture("items/bow_pulling_0.png", sprite(4)),
            texture("font/unicode_page_00.png", page.clone()),
            texture("font/glyph_sizes.bin", vec![0x07; 300]),
            texture("font/unicode_page_a1.png", page),
            text("assets/minecraft/font/glyph_sizes.bin", "sizes"),
            text("assets/minecraft/lang/en_US.lang", "tile.stone.name=Rock\n"),
            text("assets/minecraft/mcpatcher/anim/notes.txt", "x=1\n"),
        ],
    );
    let after = convert(&files, 13);
    for (name, side) in [
        ("blocks/stone.png", 128),
        ("blocks/log_oak_top.png", 128),
        ("items/apple.png", 128),
        ("items/bow_pulling_0.png", 128),
        ("font/unicode_page_00.png", 256),
        ("font/unicode_page_a1.png", 256),
    ] {
        let name = format!("{TEXTURES}/{name}");
        assert_eq!(size(file(&after, &name)), (side, side), "{name}");
        if side == 256 {
            assert_eq!(file(&after, &name), file(&files, &name), "{name}");
        }
    }
}

/// A cutout: a blob of noise, nothing around it.
fn sprite(seed: u32) -> Vec<u8> {
    png(16, 16, |x, y| {
        let (dx, dy) = (x as i32 - 8, y as i32 - 7);
        if dx * dx + dy * dy < 30 || (x == y && x > 10) {
            opaque(seed, x, y)
        } else {
            [0, 0, 0, 0]
        }
    })
}

/// What the game moves on by after each of 16x16 glyphs of a font of height 8.
fn advances(image: &RgbaImage) -> Vec<u32> {
    let cell = image.width() / 16;
    (0..256)
        .map(|glyph| {
            let (left, top) = (glyph % 16 * cell, glyph / 16 * cell);
            let inked = |x: &u32| (top..top + cell).any(|y| image.get_pixel(left + x, y)[3] != 0);
            let width = (0..cell).rev().find(inked).map_or(0, |last| last + 1);
            (0.5 + f64::from(width * 8) / f64::from(cell)) as u32 + 1
        })
        .collect()
}

#[test]
fn text_advances_as_before() {
    let ascii = |soft: bool| {
        png(128, 128, move |x, y| {
            let glyph = y / 8 * 16 + x / 8;
            let alpha = hash(glyph, x, y)[0];
            let inside = x % 8 < glyph % 9 && y % 8 < 7;
            match (inside && alpha > 120, soft) {
                (false, _) => [0, 0, 0, 0],
                (true, false) => [255, 255, 255, 255],
                (true, true) => [255, 255, 255, alpha],
            }
        })
    };
    let font =
        r#"{"providers":[{"type":"bitmap","file":"minecraft:font/soft.png","ascent":7,"chars":["#
            .to_owned()
            + &vec![r#""0123456789abcdef""#; 16].join(",")
            + "]}]}";
    let files = pack(
        META,
        [
            texture("font/ascii.png", ascii(false)),
            texture("font/soft.png", ascii(true)),
            text("assets/minecraft/font/soft.json", &font),
        ],
    );
    let after = convert(&files, 6);
    for name in ["font/ascii.png", "font/soft.png"] {
        let name = format!("{TEXTURES}/{name}");
        let (old, new) = (pixels(&files, &name), pixels(&after, &name));
        assert_eq!(new.dimensions(), (1024, 1024));
        assert_eq!(advances(&old), advances(&new), "{name}");
        assert!(advances(&old).iter().max().unwrap() > &8);
        let white = |p: &image::Rgba<u8>| p[3] == 0 || p.0[..3] == [255; 3];
        assert!(new.pixels().all(white), "{name}: the ink stays white");
    }
    let hard = pixels(&after, &format!("{TEXTURES}/font/ascii.png"));
    assert!(hard.pixels().all(|p| matches!(p[3], 0 | 255)));
}

#[test]
fn connected_tiles_share_a_size_and_do_not_wrap() {
    let folder = "assets/minecraft/optifine/ctm/glass";
    let walls = "assets/minecraft/mcpatcher/ctm/walls";
    let tiles = |changed: bool| {
        let rule = "matchTiles=glass\r\nmethod=ctm\ntiles=0-46\nwidth=16\nheight=16\n";
        let mut files = vec![text(&format!("{folder}/glass.properties"), rule)];
        for tile in 0..47 {
            let bytes = match tile {
                // A single colour among them: still as large as the rest.
                26 => png(16, 16, |_, _| [90, 90, 90, 255]),
                _ if changed => patched((16, 16), tile, (0, 0, 1, 16)),
                _ => noise(16, 16, tile),
            };
            files.push((format!("{folder}/{tile}.png"), bytes));
        }
        files.push(text(
            &format!("{walls}/wall.properties"),
            "matchBlocks=stone\nmethod=repeat\ntiles=a b c d\nwidth=2\nheight=2\n",
        ));
        for (at, tile) in ["a", "b", "c", "d"].into_iter().enumerate() {
            let seed = 100 + at as u32;
            let bytes = if changed {
                patched((16, 16), seed, (0, 0, 16, 1))
            } else {
                noise(16, 16, seed)
            };
            files.push((format!("{walls}/{tile}.png"), bytes));
        }
        pack(META, files)
    };
    let (one, other) = (tiles(false), tiles(true));
    let (before, after) = (convert(&one, 56), convert(&other, 56));
    let mut seen = 0;
    for (name, bytes) in &before {
        if name.ends_with(".properties") {
            assert_eq!(bytes, file(&one, name), "{name}: counts are no pixels");
        }
        if !name.ends_with(".png") {
            continue;
        }
        assert_eq!(size(bytes), (128, 128), "{name}");
        seen += 1;
        if name.ends_with("/26.png") {
            continue;
        }
        // Only the half near the change follows it.
        let changed = difference(&decoded(bytes), &pixels(&after, name)).unwrap();
        let far = if name.starts_with(walls) {
            changed.3
        } else {
            changed.2
        };
        assert!((8..64).contains(&far), "{name}: {changed:?}");
    }
    assert_eq!(seen, 51);
}

#[test]
fn copied_animations_are_measured_in_the_targets_pixels() {
    let folder = "assets/minecraft/optifine/anim";
    let before = "# w=3 h=4\r\nfrom=./flame.png\r\nto=textures/entity/blaze.png\r\nx=8\r\n y = 16\r\nw: 16\r\nh=8\r\nduration=4\r\ntile.0=1\r\n";
    let after_text = before
        .replace("x=8", "x=64")
        .replace("y = 16", "y = 128")
        .replace("w: 16", "w: 128")
        .replace("h=8", "h=64");
    let foreign = "from=./other.png\nto=textures/entity/absent.png\nx=0\ny=0\nw=16\nh=16\n";
    let made = |frame: Box4| {
        pack(
            META,
            [
                text(&format!("{folder}/blaze.properties"), before),
                (format!("{folder}/flame.png"), patched((16, 32), 3, frame)),
                text(&format!("{folder}/absent.properties"), foreign),
                (format!("{folder}/other.png"), noise(16, 32, 4)),
                texture("entity/blaze.png", noise(64, 32, 5)),
            ],
        )
    };
    let files = made((0, 0, 0, 0));
    let after = convert(&files, 8);
    assert_eq!(
        String::from_utf8_lossy(file(&after, &format!("{folder}/blaze.properties"))),
        after_text
    );
    assert_eq!(
        file(&after, &format!("{folder}/absent.properties")),
        foreign.as_bytes()
    );
    // Its target is the game's own, which does not grow.
    let other = format!("{folder}/other.png");
    assert_eq!(file(&after, &other), file(&files, &other));
    let flame = format!("{folder}/flame.png");
    assert_eq!(size(file(&after, &flame)), (128, 256));
    let changed = convert(&made((0, 8, 16, 8)), 8);
    let seen = difference(&pixels(&after, &flame), &pixels(&changed, &flame));
    assert_eq!(seen, Some((0, 64, 128, 64)), "its frames are 16x8");
}

#[test]
fn material_maps_stay_data() {
    let normals = png(16, 16, |x, y| {
        let [a, b, ao, height] = hash(5, x, y);
        let (turn, lean) = (f32::from(a) / 40.0, f32::from(b) / 260.0);
        let component = |v: f32| ((v * lean + 1.0) * 127.5).round() as u8;
        [component(turn.cos()), component(turn.sin()), ao, height]
    });
    let codes = png(16, 16, |x, y| hash(6, x, y));
    let files = pack(
        META,
        [
            texture("block/gold.png", noise(16, 16, 1)),
            texture("block/gold_n.png", normals),
            texture("block/gold_s.png", codes),
            texture("block/dirt.png", noise(16, 16, 2)),
            texture("block/dirt_n.png", png(16, 16, |_, _| [128, 128, 255, 255])),
            // South, not specular: there is no such base.
            texture("block/sign_s.png", noise(16, 16, 3)),
        ],
    );
    let after = convert(&files, 9);
    let of = |files: &Files, name: &str| pixels(files, &format!("{TEXTURES}/block/{name}.png"));
    for name in ["gold", "gold_n", "gold_s", "dirt", "dirt_n", "sign_s"] {
        assert_eq!(of(&after, name).dimensions(), (128, 128), "{name}");
    }
    let (codes, expected) = (of(&after, "gold_s"), replicated(&of(&files, "gold_s")));
    assert!(
        codes
            .pixels()
            .zip(expected.pixels())
            .all(|(is, was)| is.0[1..] == was.0[1..]),
        "metals, porosity and emission are codes, and never mix"
    );
    assert!(codes != expected, "smoothness is interpolated");
    let normals = of(&after, "gold_n");
    for pixel in normals.pixels() {
        let [x, y] = [0, 1].map(|c| f32::from(pixel[c]) / 127.5 - 1.0);
        assert!(x * x + y * y < 1.02, "{pixel:?} is longer than 1");
    }
    assert!(normals != replicated(&of(&files, "gold_n")));
    let flat = of(&after, "dirt_n");
    assert!(flat.pixels().all(|pixel| pixel.0 == [128, 128, 255, 255]));
}

/// The colour type in a PNG's header: 2 is RGB, 6 is RGBA.
fn colour_type(png: &[u8]) -> u8 {
    png[25]
}

#[test]
fn banner_layers_keep_their_bases_size_and_their_alpha_channel() {
    let mask = |seed| png(64, 64, move |x, y| [hash(seed, x, y)[0], 0, 0, 255]);
    let files = pack(
        OLD_META,
        [
            texture("entity/banner_base.png", noise(64, 64, 1)),
            texture("entity/banner/cross.png", mask(2)),
            texture(
                "entity/banner/base.png",
                png(64, 64, |_, _| [255, 0, 0, 255]),
            ),
            texture("entity/shield_base.png", noise(64, 64, 3)),
            texture("entity/shield/border.png", mask(4)),
            texture("blocks/stone.png", noise(16, 16, 5)),
        ],
    );
    let after = convert(&files, 9);
    for name in [
        "banner_base",
        "banner/cross",
        "banner/base",
        "shield_base",
        "shield/border",
    ] {
        let bytes = file(&after, &format!("{TEXTURES}/entity/{name}.png")).to_vec();
        assert_eq!(size(&bytes), (512, 512), "{name}");
        assert_eq!(colour_type(&bytes), 6, "{name}: 1.12 skips any other");
        assert!(decoded(&bytes).pixels().all(|pixel| pixel[3] == 255));
    }
    let stone = file(&after, &format!("{TEXTURES}/blocks/stone.png"));
    assert_eq!(colour_type(stone), 2);
}

#[test]
fn overlays_are_packs_of_their_own() {
    let meta = r#"{"pack":{"pack_format":34,"description":""},
        "overlays":{"entries":[{"formats":[34,99],"directory":"new"}]}}"#;
    let strip = || noise(16, 32, 9);
    let sidecar = r#"{"animation":{"width":16,"height":16}}"#;
    let files = pack(
        meta,
        [
            texture("block/stone.png", noise(16, 16, 1)),
            texture("block/plain.png", png(16, 16, |_, _| [5, 5, 5, 255])),
            (format!("new/{TEXTURES}/block/stone.png"), noise(16, 16, 2)),
            (format!("new/{TEXTURES}/block/plain.png"), noise(16, 16, 3)),
            (format!("new/{TEXTURES}/block/sea.png"), strip()),
            text(&format!("new/{TEXTURES}/block/sea.png.mcmeta"), sidecar),
            (
                format!("new/{TEXTURES}/colormap/grass.png"),
                noise(256, 256, 4),
            ),
            (
                format!("forgotten/{TEXTURES}/block/stone.png"),
                noise(16, 16, 5),
            ),
            (format!("forgotten/{TEXTURES}/block/sea.png"), strip()),
            text(
                &format!("forgotten/{TEXTURES}/block/sea.png.mcmeta"),
                sidecar,
            ),
            text("new/assets/minecraft/lang/de_de.json", "{}"),
        ],
    );
    let after = convert(&files, 14);
    for name in [
        "block/stone.png",
        "new|block/stone.png",
        "block/plain.png",
        "new|block/plain.png",
    ] {
        let name = match name.split_once('|') {
            Some((root, path)) => format!("{root}/{TEXTURES}/{path}"),
            None => format!("{TEXTURES}/{name}"),
        };
        assert_eq!(size(file(&after, &name)), (128, 128), "{name}");
    }
    let sea = format!("{TEXTURES}/block/sea.png");
    assert_eq!(size(file(&after, &format!("new/{sea}"))), (128, 256));
    assert_eq!(
        file(&after, &format!("new/{sea}.mcmeta")),
        sidecar.replace("16", "128").as_bytes()
    );
    for (name, bytes) in files
        .iter()
        .filter(|(name, _)| name.starts_with("forgotten/") || name.contains("colormap"))
    {
        assert_eq!(bytes, file(&after, name), "{name}");
    }
}

#[test]
fn a_zip_a_folder_and_a_wrapped_zip_give_the_same_at_once() {
    let scene = Scene::new();
    let files = pack(
        META,
        [
            texture("block/stone.png", noise(16, 16, 1)),
            texture("block/sea.png", noise(16, 32, 2)),
            text(
                &format!("{TEXTURES}/block/sea.png.mcmeta"),
                r#"{"animation":{"height":16}}"#,
            ),
            texture("item/apple.png", sprite(3)),
        ],
    );
    scene.write("plain.zip", zip(&files));
    let wrapped: Files = files
        .iter()
        .map(|(name, bytes)| (format!("My Pack v1/{name}"), bytes.clone()))
        .collect();
    scene.write("wrapped.zip", zip(&wrapped));
    for (name, bytes) in &files {
        scene.write(format!("folder/{name}"), bytes);
    }
    scene
        .run("convert plain.zip wrapped.zip folder -o out --model lanczos")
        .exits(0)
        .prints_nothing();
    assert_eq!(
        scene.listing("out"),
        ["folder-128x", "plain-128x.zip", "wrapped-128x.zip"]
    );
    let plain = unzip(&scene.path("out/plain-128x.zip"));
    let unwrapped = unzip(&scene.path("out/wrapped-128x.zip"));
    assert_eq!(names(&plain), names(&files));
    assert_eq!(names(&unwrapped), names(&files));
    for ((name, bytes), (_, other)) in plain.iter().zip(&unwrapped) {
        assert_eq!(bytes, other, "{name} in the wrapped zip");
        let on_disk = std::fs::read(scene.path("out/folder-128x").join(name)).unwrap();
        assert_eq!(bytes, &on_disk, "{name} in the folder");
    }
    assert_eq!(plain.len(), 7);
    let stone = format!("{TEXTURES}/block/stone.png");
    assert_eq!(size(file(&plain, &stone)), (128, 128));
}

#[test]
fn trims_use_only_their_palettes_colours() {
    let key: Vec<[u8; 3]> = (0..8)
        .map(|i| [224 - 28 * i, 223 - 27 * i, 220 - 20 * i])
        .collect();
    let palette = |shift: usize| {
        let key = key.clone();
        png(8, 1, move |x, _| {
            let [r, g, b] = key[(x as usize + shift) % 8];
            [r, g, b, 255]
        })
    };
    let trim = |width, height| {
        let key = key.clone();
        png(width, height, move |x, y| {
            let [a, b, ..] = hash(8, x / 2, y / 2);
            let [red, green, blue] = key[usize::from(a) % 8];
            [red, green, blue, if b > 150 { 0 } else { 255 }]
        })
    };
    let atlas = r#"{"sources":[{"type":"paletted_permutations","textures":["trims/items/chest_trim","custom/band"],
        "palette_key":"trims/color_palettes/trim_palette","permutations":{"gold":"trims/color_palettes/gold"}}]}"#;
    let keyed = [
        ("trims/items/chest_trim.png", 16, 16),
        ("custom/band.png", 16, 16),
        ("trims/models/armor/coast.png", 64, 32),
    ];
    let files = pack(
        META,
        [
            texture("trims/color_palettes/trim_palette.png", palette(0)),
            texture("trims/color_palettes/gold.png", palette(3)),
            text("assets/minecraft/atlases/blocks.json", atlas),
        ]
        .into_iter()
        .chain(keyed.map(|(name, width, height)| texture(name, trim(width, height)))),
    );
    let after = convert(&files, 9);
    for name in ["trim_palette", "gold"] {
        let name = format!("{TEXTURES}/trims/color_palettes/{name}.png");
        assert_eq!(file(&after, &name), file(&files, &name));
    }
    for (name, width, height) in keyed {
        let out = pixels(&after, &format!("{TEXTURES}/{name}"));
        assert_eq!(out.dimensions(), (width * 8, height * 8), "{name}");
        for pixel in out.pixels().filter(|pixel| pixel[3] > 0) {
            assert!(
                key.iter().any(|colour| colour == &pixel.0[..3]),
                "{name}: {pixel:?}"
            );
        }
        assert!(
            out.pixels().all(|pixel| matches!(pixel[3], 0 | 255)),
            "{name}"
        );
    }
    // The palette may be the game's own: then the trim's own colours bind.
    let lone = pack(META, [texture("trims/items/chest_trim.png", trim(16, 16))]);
    let out = convert(&lone, 4);
    let name = format!("{TEXTURES}/trims/items/chest_trim.png");
    let expected = pixels(&after, &name);
    assert_eq!(pixels(&out, &name), expected);
}

#[test]
fn what_is_never_scaled_keeps_its_bytes() {
    let files = pack(
        META,
        [
            texture("colormap/grass.png", noise(256, 256, 1)),
            texture("colormap/foliage.png", noise(256, 256, 2)),
            texture("environment/clouds.png", noise(256, 256, 3)),
            texture("effect/dither.png", noise(4, 4, 4)),
            texture("misc/white.png", png(16, 16, |_, _| [255; 4])),
            texture("misc/vignette.png", noise(64, 64, 5)),
            texture("block/dot.png", noise(1, 1, 6)),
            texture("item/plain.png", png(16, 16, |_, _| [1, 2, 3, 255])),
            texture("block/mine.png", noise(128, 128, 7)),
            texture("item/crate.png", noise(128, 128, 8)),
            texture("block/strip.png", noise(128, 512, 9)),
            text(
                &format!("{TEXTURES}/block/strip.png.mcmeta"),
                r#"{"animation":{"width":128,"height":128}}"#,
            ),
            texture("gui/title/minecraft.png", noise(256, 64, 10)),
            texture("gui/title/background/panorama_0.png", noise(128, 128, 11)),
            texture("font/space.png", noise(2, 2, 12)),
            texture("trims/color_palettes/iron.png", noise(8, 1, 13)),
            texture("block/Upper Case.png", noise(16, 16, 14)),
            texture("custom/nobody_names_it.png", noise(16, 16, 16)),
            texture("gui/container/machine.png", noise(256, 256, 17)),
            texture("map/map_icons2.png", noise(32, 32, 18)),
            ("pack.png".to_owned(), noise(64, 64, 19)),
            ("docs/preview.png".to_owned(), noise(16, 16, 20)),
            (
                "assets/minecraft/optifine/lightmap/world0.png".to_owned(),
                noise(16, 32, 21),
            ),
            (
                "assets/minecraft/optifine/colormap/water.png".to_owned(),
                noise(8, 1, 22),
            ),
            (
                "assets/minecraft/optifine/sky/world0/sky1.png".to_owned(),
                noise(384, 256, 23),
            ),
            texture("block/stone.png", noise(16, 16, 24)),
            texture("block/dirt.png", noise(16, 16, 25)),
            texture("block/sand.png", noise(16, 16, 26)),
            texture("block/clay.png", noise(16, 16, 27)),
        ],
    );
    let after = convert(&files, 32);
    let (grown, kept): (Vec<_>, Vec<_>) = files
        .iter()
        .zip(&after)
        .filter(|((name, _), _)| name.contains(".png"))
        .partition(|((_, before), (_, after))| before != after);
    let grown: Vec<&str> = grown
        .iter()
        .map(|((name, _), _)| name.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(grown, ["stone.png", "dirt.png", "sand.png", "clay.png"]);
    assert_eq!(kept.len(), 25);
}

#[test]
fn what_is_unsure_is_copied_and_told() {
    let scene = Scene::new();
    let files = pack(
        META,
        [
            texture("gui/container/machine.png", noise(256, 256, 1)),
            texture("map/map_icons2.png", noise(32, 32, 2)),
            texture("custom/nobody_names_it.png", noise(16, 16, 3)),
            texture("block/stone.png", noise(16, 16, 4)),
        ],
    );
    scene.write("in.zip", zip(&files));
    let plan = scene
        .run("plan in.zip --model lanczos --json")
        .exits(0)
        .json();
    let rows = plan["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 4);
    for row in &rows[..3] {
        assert_eq!(
            (&row["sure"], &row["action"]),
            (&false.into(), &"copy".into()),
            "{row}"
        );
        assert_eq!(row["size_in"], row["size_out"]);
    }
    assert_eq!(
        (&rows[3]["sure"], &rows[3]["action"]),
        (&true.into(), &"enhance".into())
    );
    let table = scene.run("plan in.zip --model lanczos").exits(0);
    assert_eq!(
        table.stdout.matches("unsure").count(),
        3,
        "{}",
        table.stdout
    );
    // Its author may know better.
    scene.write(
        "uncanny.toml",
        "[[rule]]\nmatch = '**/machine.png'\naction = 'enhance'\n",
    );
    scene
        .run("convert in.zip -o out.zip --model lanczos")
        .exits(0);
    let after = unzip(&scene.path("out.zip"));
    let machine = format!("{TEXTURES}/gui/container/machine.png");
    assert_eq!(size(file(&after, &machine)), (2048, 2048));
}

#[test]
fn a_nine_slice_keeps_its_corners_apart_and_its_middle_periodic() {
    let sidecar = "{\"gui\":{\"scaling\":{\"type\":\"nine_slice\",\"width\":200,\"height\":20,\r\n\"border\":{\"left\":20,\"top\":4,\"right\":20,\"bottom\":4}}}}";
    let path = "gui/sprites/widget/button.png";
    // The middle is 160x12 texels from (20, 4); `turn` turns it around itself.
    let button = |turn: u32, corner: u32| {
        png(200, 20, move |x, y| {
            if (20..180).contains(&x) && (4..16).contains(&y) {
                opaque(1, (x - 20 + 160 - turn) % 160, (y - 4 + 12 - turn) % 12)
            } else if x < 20 && y < 4 {
                opaque(corner, x, y)
            } else {
                opaque(3, x, y)
            }
        })
    };
    let made = |bytes| {
        let sidecar = text(&format!("{TEXTURES}/{path}.mcmeta"), sidecar);
        let files = pack(META, [texture(path, bytes), sidecar.clone()]);
        let after = convert(&files, 5);
        assert_eq!(
            file(&after, &sidecar.0),
            sidecar.1,
            "it is in units, not pixels"
        );
        pixels(&after, &format!("{TEXTURES}/{path}"))
    };
    let middle = |image: &RgbaImage| image::imageops::crop_imm(image, 160, 32, 1280, 96).to_image();
    let plain = made(button(0, 2));
    assert_eq!(plain.dimensions(), (1600, 160));
    let turned = made(button(5, 2));
    assert!(distance(&rolled(&middle(&plain), 40, 40), &middle(&turned)) <= 1);
    // A corner sees the sides it touches, but the middle and the other corners see nothing of it.
    let other = made(button(0, 4));
    let changed = difference(&plain, &other).unwrap();
    assert_eq!((changed.0, changed.1), (0, 0));
    assert!(
        !differs_in(&plain, &other, (160, 32, 1440, 128)),
        "{changed:?}"
    );
}

/// Every path's texture enhanced, and again with its left column and its top row changed.
fn edges(files: impl Fn(Box4) -> Files, expected: usize) -> [Files; 3] {
    [(0, 0, 0, 0), (0, 0, 1, 16), (0, 0, 16, 1)].map(|changed| convert(&files(changed), expected))
}

#[test]
fn full_faces_and_tiled_sprites_wrap_and_doors_do_not() {
    let gui = |kind: &str| {
        format!(r#"{{"gui":{{"scaling":{{"type":"{kind}","width":16,"height":16}}}}}}"#)
    };
    let sprites = format!("{TEXTURES}/gui/sprites");
    let cases = [
        ("block/stone.png", true, true),
        ("block/oak_door_top.png", false, false),
        ("block/ladder.png", false, true),
        ("block/grass_block_side.png", true, false),
        ("item/apple.png", false, false),
        ("painting/kebab.png", false, false),
        ("gui/sprites/tile.png", true, true),
        ("gui/sprites/stretch.png", false, false),
    ];
    let files = |changed: Box4| {
        let textures = cases.map(|(path, ..)| texture(path, patched((16, 16), 1, changed)));
        let sidecars = ["tile", "stretch"]
            .map(|kind| text(&format!("{sprites}/{kind}.png.mcmeta"), &gui(kind)));
        pack(META, textures.into_iter().chain(sidecars))
    };
    let [plain, left, top] = edges(files, 13);
    for (path, across, down) in cases {
        let name = format!("{TEXTURES}/{path}");
        let [plain, left, top] = [&plain, &left, &top].map(|files| pixels(files, &name));
        assert_eq!(plain.dimensions(), (128, 128), "{path}");
        let (right, bottom) = ((120, 0, 8, 128), (0, 120, 128, 8));
        assert_eq!(differs_in(&plain, &left, right), across, "{path} sideways");
        assert_eq!(differs_in(&plain, &top, bottom), down, "{path} up and down");
    }
    for kind in ["tile", "stretch"] {
        let sidecar = file(&plain, &format!("{sprites}/{kind}.png.mcmeta"));
        assert_eq!(sidecar, gui(kind).as_bytes());
    }
    // Turned around itself, a wrapping texture gives the same picture turned.
    let stone = |turn: u32| {
        png(16, 16, move |x, y| {
            opaque(1, (x + 16 - turn) % 16, (y + 16 - turn) % 16)
        })
    };
    let both = [
        texture("block/a.png", stone(0)),
        texture("block/b.png", stone(3)),
    ];
    let after = convert(&pack(META, both), 5);
    let [a, b] = ["a", "b"].map(|name| pixels(&after, &format!("{TEXTURES}/block/{name}.png")));
    assert!(distance(&rolled(&a, 24, 24), &b) <= 1);
}

#[test]
fn models_of_the_pack_say_what_wraps() {
    let cube =
        r#"{"parent":"minecraft:block/cube_all","textures":{"all":"mine:block/slab_of_ore"}}"#;
    let cross = r#"{"parent":"block/cross","textures":{"cross":"mine:block/weed"}}"#;
    let made = |changed: Box4| {
        let textures = "assets/mine/textures/block";
        let files = pack(
            META,
            [
                (
                    format!("{textures}/slab_of_ore.png"),
                    patched((16, 16), 1, changed),
                ),
                (
                    format!("{textures}/weed.png"),
                    patched((16, 16), 2, changed),
                ),
                text("assets/mine/models/block/ore.json", cube),
                text("assets/mine/models/block/weed.json", cross),
            ],
        );
        let after = convert(&files, 7);
        ["slab_of_ore", "weed"].map(|name| pixels(&after, &format!("{textures}/{name}.png")))
    };
    let [ore, weed] = made((0, 0, 0, 0));
    let [other_ore, other_weed] = made((0, 0, 1, 16));
    assert!(differs_in(&ore, &other_ore, (120, 0, 8, 128)));
    assert!(!differs_in(&weed, &other_weed, (120, 0, 8, 128)));
}

fn grey(image: &RgbaImage) -> bool {
    image
        .pixels()
        .all(|pixel| pixel[3] == 0 || (pixel[0] == pixel[1] && pixel[1] == pixel[2]))
}

#[test]
fn alpha_keeps_its_class_and_grey_stays_grey() {
    let shade = |seed: u32, alpha: fn(u32, u32) -> u8| {
        png(16, 16, move |x, y| {
            let value = hash(seed, x, y)[0];
            [value, value, value, alpha(x, y)]
        })
    };
    let full: fn(u32, u32) -> u8 = |_, _| 255;
    let cut: fn(u32, u32) -> u8 = |x, y| {
        if hash(9, x / 2, y / 2)[1] > 90 {
            255
        } else {
            0
        }
    };
    let pane = png(16, 16, |x, y| {
        let [r, g, b, _] = hash(3, x, y);
        [r, g, b, if x == 0 || y == 0 { 255 } else { 120 }]
    });
    for model in ["lanczos", "faces", "nearest"] {
        let files = pack(
            META,
            [
                texture("block/grass_block_top.png", shade(1, full)),
                texture("block/oak_leaves.png", shade(2, cut)),
                texture(
                    "block/grass_block_side_overlay.png",
                    shade(4, |x, y| if y < 3 + x % 3 { 255 } else { 0 }),
                ),
                texture("block/ice.png", pane.clone()),
                texture("block/stone.png", noise(16, 16, 5)),
                texture("item/leather_boots.png", sprite(6)),
            ],
        );
        let after = convert_with(&files, 9, &format!("--model {model}"));
        let of = |name: &str| pixels(&after, &format!("{TEXTURES}/{name}.png"));
        for name in [
            "block/grass_block_top",
            "block/oak_leaves",
            "block/grass_block_side_overlay",
        ] {
            assert!(grey(&of(name)), "{model}: {name}");
        }
        for name in ["block/grass_block_top", "block/stone"] {
            assert!(of(name).pixels().all(|p| p[3] == 255), "{model}: {name}");
        }
        for name in [
            "block/oak_leaves",
            "block/grass_block_side_overlay",
            "item/leather_boots",
        ] {
            let image = of(name);
            let count = |alpha: u8| image.pixels().filter(|p| p[3] == alpha).count();
            assert_eq!(count(0) + count(255), 128 * 128, "{model}: {name}");
            assert!(count(0) > 500 && count(255) > 500, "{model}: {name}");
        }
        let ice = of("block/ice");
        assert_eq!(ice.get_pixel(64, 64)[3], 120, "{model}: a flat level stays");
        assert!(ice.pixels().all(|p| p[3] >= 110), "{model}");
    }
}

#[test]
fn layers_of_an_item_keep_one_outline() {
    let colour = |seed: u32| {
        let shape = decoded(&sprite(1));
        png(16, 16, move |x, y| {
            let [r, g, b, _] = hash(seed, x, y);
            [r, g, b, shape.get_pixel(x, y)[3]]
        })
    };
    let files = pack(
        META,
        [
            texture("item/potion.png", colour(2)),
            texture("item/potion_overlay.png", colour(3)),
        ],
    );
    let after = convert(&files, 5);
    let [one, other] = ["potion", "potion_overlay"]
        .map(|name| pixels(&after, &format!("{TEXTURES}/item/{name}.png")));
    assert!(one.pixels().zip(other.pixels()).all(|(a, b)| a[3] == b[3]));
    assert!(one != other);
}

#[test]
fn glowing_overlays_keep_black_where_they_do_not_glow() {
    let glow = |width, height| {
        png(width, height, |x, y| {
            if (4..8).contains(&(x % 16)) && (2..5).contains(&y) {
                [200, 30, 250, 255]
            } else {
                [0, 0, 0, 0]
            }
        })
    };
    let files = pack(
        META,
        [
            text(
                "assets/minecraft/optifine/emissive.properties",
                "suffix.emissive=_e\n",
            ),
            texture("entity/blaze.png", noise(64, 32, 1)),
            texture("entity/blaze_e.png", glow(64, 32)),
            texture("entity/spider_eyes.png", glow(64, 32)),
            texture("block/ore.png", noise(16, 16, 2)),
            texture("block/ore_e.png", glow(16, 16)),
        ],
    );
    let after = convert(&files, 9);
    let of = |name: &str| pixels(&after, &format!("{TEXTURES}/{name}.png"));
    for name in ["entity/blaze_e", "entity/spider_eyes"] {
        let image = of(name);
        assert_eq!(image.dimensions(), (512, 256), "{name}");
        let hidden = image.pixels().filter(|p| p[3] == 0);
        assert!(hidden.clone().count() > 1000);
        assert!(
            hidden.into_iter().all(|p| p.0 == [0; 4]),
            "{name}: some versions add colours whatever their alpha"
        );
    }
    let ore = of("block/ore_e");
    assert_eq!(ore.dimensions(), (128, 128));
    assert!(ore.pixels().all(|p| matches!(p[3], 0 | 255)));
}

/// A PNG by hand: header, chunks before the data, filtered rows.
fn raw_png(
    depth: u8,
    colour: u8,
    interlaced: u8,
    tables: &[(&[u8; 4], Vec<u8>)],
    rows: &[u8],
) -> Vec<u8> {
    use std::io::Write as _;
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8; 4], data: &[u8]| {
        bytes.extend((data.len() as u32).to_be_bytes());
        let start = bytes.len();
        bytes.extend(kind);
        bytes.extend(data);
        let sum = crc32fast::hash(&bytes[start..]);
        bytes.extend(sum.to_be_bytes());
    };
    chunk(
        b"IHDR",
        &[0, 0, 0, 16, 0, 0, 0, 16, depth, colour, 0, 0, interlaced],
    );
    for (kind, data) in tables {
        chunk(kind, data);
    }
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    zlib.write_all(rows).unwrap();
    chunk(b"IDAT", &zlib.finish().unwrap());
    chunk(b"IEND", &[]);
    bytes
}

#[test]
fn every_form_of_png_gives_the_same_texture() {
    let colours = [
        [0, 0, 0, 0],
        [200, 40, 10, 255],
        [20, 180, 60, 255],
        [250, 250, 90, 255],
    ];
    let index = |x: u32, y: u32| usize::from(hash(3, x / 2, y / 2)[0] % 4);
    let pixel = |x: u32, y: u32| colours[index(x, y)];
    let plain = png(16, 16, pixel);
    let rows = |row: &dyn Fn(u32) -> Vec<u8>| -> Vec<u8> {
        (0..16).flat_map(|y| [vec![0], row(y)].concat()).collect()
    };
    let palette = || {
        let rgb = colours.iter().flat_map(|c| c[..3].to_vec()).collect();
        vec![(b"PLTE", rgb), (b"tRNS", vec![0])]
    };
    let two_bits = rows(&|y| {
        let four = |x: u32| (0..4).fold(0, |byte, i| byte << 2 | index(x * 4 + i, y) as u8);
        (0..4).map(four).collect()
    });
    let deep = rows(&|y| {
        (0..16)
            .flat_map(|x| pixel(x, y).into_iter().flat_map(|v| [v, v]))
            .collect()
    });
    let passes = [
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ];
    let mut adam7 = Vec::new();
    for (left, top, right, down) in passes {
        for y in (top..16).step_by(down) {
            adam7.push(0);
            adam7.extend((left..16).step_by(right).flat_map(|x| pixel(x, y)));
        }
    }
    let gamma = || vec![(b"gAMA", 100_000_u32.to_be_bytes().to_vec())];
    let forms = [
        ("palette", raw_png(2, 3, 0, &palette(), &two_bits)),
        ("deep", raw_png(16, 6, 0, &[], &deep)),
        ("interlaced", raw_png(8, 6, 1, &gamma(), &adam7)),
        ("plain", plain),
    ];
    for (form, bytes) in &forms {
        assert_eq!(decoded(bytes).get_pixel(5, 9).0, pixel(5, 9), "{form}");
    }
    let files = pack(
        META,
        forms.map(|(form, bytes)| texture(&format!("item/{form}.png"), bytes)),
    );
    let after = convert(&files, 7);
    let of = |form: &str| file(&after, &format!("{TEXTURES}/item/{form}.png")).to_vec();
    let expected = of("plain");
    assert_eq!(size(&expected), (128, 128));
    for form in ["palette", "deep", "interlaced"] {
        assert_eq!(of(form), expected, "{form}");
    }
}

#[test]
fn what_cannot_be_a_texture_does_not_count_for_the_atlas() {
    let huge = {
        let mut bytes = noise(16, 16, 1);
        bytes[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        bytes
    };
    let files = pack(
        META,
        [
            texture("block/huge.png", huge.clone()),
            texture("item/huge.png", huge),
            texture("block/stone.png", noise(16, 16, 2)),
        ],
    );
    let after = convert(&files, 6);
    for name in ["block/huge.png", "item/huge.png"] {
        let name = format!("{TEXTURES}/{name}");
        assert_eq!(file(&after, &name), file(&files, &name));
    }
    let stone = format!("{TEXTURES}/block/stone.png");
    assert_eq!(size(file(&after, &stone)), (128, 128));
}
