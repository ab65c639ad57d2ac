//! What is not a picture: the pack's metadata, models, block states and item definitions, the
//! licence, and the colour maps that go with the grey textures.

use serde_json::{Value, json};

use crate::canvas::Canvas;
use crate::pack::Pack;
use crate::palette::{CLEAR, Rgba};

/// The first format whose items have an atlas of their own (1.21.11).
const MIN_FORMAT: u32 = 75;
/// The last format before palettes move to another folder (26.2).
const MAX_FORMAT: u32 = 88;

/// Adds the files.
pub(crate) fn draw(pack: &mut Pack) {
    pack.json(
        "pack.mcmeta",
        &json!({ "pack": {
            "description": "Uncanny starter: original art, CC0 1.0 (public domain)",
            "min_format": MIN_FORMAT,
            "max_format": MAX_FORMAT,
        } }),
    );
    pack.file("LICENSE", LICENCE);
    block(
        pack,
        "sunbloom",
        &json!({ "parent": "minecraft:block/cross", "textures": { "cross": "uncanny:block/sunbloom" } }),
    );
    block(
        pack,
        "column",
        &json!({
            "parent": "minecraft:block/cube_column",
            "textures": { "end": "uncanny:block/column_end", "side": "uncanny:block/column_side" },
        }),
    );
    block(
        pack,
        "roof_tiles",
        &json!({
            "parent": "minecraft:block/cube_all",
            "textures": { "all": "uncanny:block/roof_tiles" },
        }),
    );
    for name in ["pizza", "key"] {
        let model = json!({
            "parent": "minecraft:item/generated",
            "textures": { "layer0": format!("uncanny:item/{name}") },
        });
        pack.json(&format!("assets/uncanny/models/item/{name}.json"), &model);
        item(pack, name, &format!("uncanny:item/{name}"));
    }
    pack.texture(
        "colormap/grass",
        &colormap([0x63c24a, 0xc3b45a, 0x86b89a].map(split)),
    );
    pack.texture(
        "colormap/foliage",
        &colormap([0x4aa83a, 0xb29f45, 0x6fa286].map(split)),
    );
}

/// A block of our namespace: model, block state, and an item that shows it (`item_model` in a
/// command makes any stack look like it, without a mod).
fn block(pack: &mut Pack, name: &str, model: &Value) {
    let path = format!("uncanny:block/{name}");
    pack.json(&format!("assets/uncanny/models/block/{name}.json"), model);
    pack.json(
        &format!("assets/uncanny/blockstates/{name}.json"),
        &json!({ "variants": { "": { "model": path } } }),
    );
    item(pack, name, &path);
}

fn item(pack: &mut Pack, name: &str, model: &str) {
    pack.json(
        &format!("assets/uncanny/items/{name}.json"),
        &json!({ "model": { "type": "minecraft:model", "model": model } }),
    );
}

fn split(hex: u32) -> [i32; 3] {
    [hex >> 16 & 255, hex >> 8 & 255, hex & 255].map(|channel| channel as i32)
}

/// 256x256 as the game looks it up: warm to cold from left to right, wet to dry from top to bottom,
/// used on and below the diagonal. `corners` are hot and wet, hot and dry, cold.
fn colormap(corners: [[i32; 3]; 3]) -> Canvas {
    let mut canvas = Canvas::new(256, 256);
    for y in 0..256 {
        for x in 0..=y {
            // Steps of sixteen keep it small; seen on a meadow they can't be told from a slope.
            let (cold, row) = (x / 16 * 16 + 8, y / 16 * 16 + 8);
            let wet = (255 - row).max(0);
            let dry = (255 - cold - wet).max(0);
            let total = wet + dry + cold;
            let mix = |i: usize| {
                ((corners[0][i] * wet + corners[1][i] * dry + corners[2][i] * cold) / total) as u8
            };
            let colour: Rgba = [mix(0), mix(1), mix(2), 255];
            canvas.set(x, y, colour);
        }
    }
    for (x, y) in (0..65536).map(|i| (i % 256, i / 256)) {
        if canvas.get(x, y) == CLEAR {
            canvas.set(x, y, [255, 255, 255, 255]);
        }
    }
    canvas
}

const LICENCE: &str = "\
The textures, models and other files of this resource pack are original works.

To the extent possible under law, their authors have waived all copyright and related or
neighbouring rights to them: CC0 1.0 Universal, https://creativecommons.org/publicdomain/zero/1.0/

You may copy, change and distribute them, also commercially, without asking.

This pack is not an official Minecraft product and holds no material of the game. Names of files
follow the game's, so that it finds them.
";
