//! Sprite sheets to try `uncanny sheet` with, one of each kind, in the hand of the programs that make them:
//! Aseprite, TexturePacker, Tiled, LDtk. The art is the starter pack's, and a slime that bounces.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::canvas::Canvas;
use crate::mobs::ball;
use crate::pack::Pack;
use crate::palette::{COAL, Rgba, SLIME, WHITE};

/// Side of every frame, tile and icon.
const SIDE: i32 = 16;

/// How long each of the slime's frames is shown, in milliseconds.
const DURATIONS: [u16; 4] = [120, 80, 160, 80];

/// Things that make an atlas; the sword lies turned in it.
const ATLAS: [&str; 6] = [
    "diamond_sword",
    "apple",
    "potion",
    "lantern",
    "key",
    "pizza",
];

/// A picture's rectangle: left, top, width, height.
type Area = [i32; 4];

/// The sheets, as files by name.
pub fn sheets() -> Pack {
    let starter = crate::starter();
    let item = |name: &str| {
        let own = starter
            .pictures
            .get(&format!("assets/minecraft/textures/item/{name}.png"));
        let extra = || {
            starter
                .pictures
                .get(&format!("assets/uncanny/textures/item/{name}.png"))
        };
        own.or_else(extra)
            .unwrap_or_else(|| panic!("no item {name} is drawn"))
            .clone()
    };
    let block = |name: &str| {
        let path = format!("assets/minecraft/textures/block/{name}.png");
        starter.pictures[&path].crop(0, 0, SIDE, SIDE)
    };
    let mut pack = Pack::default();
    pack.file("LICENSE", starter.files["LICENSE"].clone());
    icons(&mut pack, &item);
    slime(&mut pack);
    atlas(&mut pack, &item);
    tiles(&mut pack, &block, &starter);
    pack
}

/// A plain grid.
fn icons(pack: &mut Pack, item: &dyn Fn(&str) -> Canvas) {
    let names = [
        "apple",
        "bread",
        "carrot",
        "egg",
        "book",
        "diamond",
        "potion",
        "iron_sword",
    ];
    let mut sheet = Canvas::new(4 * SIDE, 2 * SIDE);
    for (at, name) in (0..).zip(names) {
        sheet.stamp(&item(name), at % 4 * SIDE, at / 4 * SIDE);
    }
    pack.png("icons.png", &sheet);
}

/// A frame of the slime: its body and its eyes, which are layers of their own.
fn slime_frame(frame: usize) -> [Canvas; 2] {
    let (wide, tall, lift) = [(6, 4, 0), (5, 5, 0), (4, 6, 2), (5, 5, 1)][frame];
    let centre = [8, 14 - tall - lift];
    let mut body = Canvas::new(SIDE, SIDE);
    ball(&mut body, centre, [wide, tall], &SLIME);
    body.outline(SLIME[0]);
    let mut eyes = Canvas::new(SIDE, SIDE);
    for x in [centre[0] - 2, centre[0] + 1] {
        eyes.rect(x, centre[1] - 1, 2, 2, COAL[0]);
        eyes.set(x, centre[1] - 1, WHITE[6]);
    }
    eyes.rect(centre[0] - 1, centre[1] + 2, 3, 1, COAL[1]);
    [body, eyes]
}

/// What is drawn in a picture.
fn bounds(canvas: &Canvas) -> Area {
    let set = |x: i32, y: i32| canvas.get(x, y)[3] > 0;
    let columns = || (0..canvas.width).filter(|&x| (0..canvas.height).any(|y| set(x, y)));
    let rows = || (0..canvas.height).filter(|&y| (0..canvas.width).any(|x| set(x, y)));
    let (left, top) = (columns().min().unwrap_or(0), rows().min().unwrap_or(0));
    let (right, bottom) = (columns().max().unwrap_or(0), rows().max().unwrap_or(0));
    [left, top, right + 1 - left, bottom + 1 - top]
}

fn cut(canvas: &Canvas, [x, y, width, height]: Area) -> Canvas {
    canvas.crop(x, y, width, height)
}

/// The slime as Aseprite's own file and as its two exports.
fn slime(pack: &mut Pack) {
    let frames: Vec<[Canvas; 2]> = (0..4).map(slime_frame).collect();
    pack.file("slime.aseprite", aseprite(&frames));
    let mut sheet = Canvas::new(4 * SIDE, SIDE);
    let mut entries = Vec::new();
    let mut left = 0;
    for ([body, eyes], duration) in frames.iter().zip(DURATIONS) {
        let mut whole = body.clone();
        whole.stamp(eyes, 0, 0);
        let area = bounds(&whole);
        sheet.stamp(&cut(&whole, area), left, 0);
        let [x, y, w, h] = area;
        entries.push(format!(
            "    \"frame\": {{ \"x\": {left}, \"y\": 0, \"w\": {w}, \"h\": {h} }},\n    \"rotated\": false,\n    \"trimmed\": true,\n    \"spriteSourceSize\": {{ \"x\": {x}, \"y\": {y}, \"w\": {w}, \"h\": {h} }},\n    \"sourceSize\": {{ \"w\": {SIDE}, \"h\": {SIDE} }},\n    \"duration\": {duration}\n"
        ));
        left += w;
    }
    let sheet = sheet.crop(0, 0, left, SIDE);
    let meta = format!(
        " \"meta\": {{\n  \"app\": \"https://www.aseprite.org/\",\n  \"version\": \"1.3.9\",\n  \"image\": \"slime.png\",\n  \"format\": \"RGBA8888\",\n  \"size\": {{ \"w\": {left}, \"h\": {SIDE} }},\n  \"scale\": \"1\",\n  \"frameTags\": [\n   {{ \"name\": \"bounce\", \"from\": 0, \"to\": 3, \"direction\": \"pingpong\", \"color\": \"#000000ff\" }}\n  ],\n  \"layers\": [\n   {{ \"name\": \"body\", \"opacity\": 255, \"blendMode\": \"normal\" }},\n   {{ \"name\": \"eyes\", \"opacity\": 255, \"blendMode\": \"normal\" }}\n  ],\n  \"slices\": [\n   {{ \"name\": \"hitbox\", \"color\": \"#0000ffff\", \"keys\": [{{ \"frame\": 0, \"bounds\": {{\"x\": 3, \"y\": 5, \"w\": 10, \"h\": 10 }}, \"center\": {{\"x\": 2, \"y\": 2, \"w\": 6, \"h\": 6 }}, \"pivot\": {{\"x\": 5, \"y\": 9 }} }}] }}\n  ]\n }}\n}}\n"
    );
    let mut hash = "{ \"frames\": {\n".to_owned();
    let mut array = "{ \"frames\": [\n".to_owned();
    for (at, entry) in entries.iter().enumerate() {
        let comma = if at + 1 < entries.len() { "," } else { "" };
        let _ = writeln!(hash, "   \"slime {at}.aseprite\": {{\n{entry}   }}{comma}");
        let _ = writeln!(
            array,
            "   {{\n    \"filename\": \"slime {at}.aseprite\",\n{entry}   }}{comma}"
        );
    }
    pack.png("slime.png", &sheet);
    pack.file("slime.json", format!("{hash} }},\n{meta}"));
    pack.file("slime-array.json", format!("{array} ],\n{meta}"));
}

/// Turned by 90 degrees clockwise.
fn turned(canvas: &Canvas) -> Canvas {
    let mut out = Canvas::new(canvas.height, canvas.width);
    for y in 0..canvas.height {
        for x in 0..canvas.width {
            out.set(canvas.height - 1 - y, x, canvas.get(x, y));
        }
    }
    out
}

/// An atlas as TexturePacker makes it: trimmed, one sprite turned, two pixels between, a pixel of each border repeated.
fn atlas(pack: &mut Pack, item: &dyn Fn(&str) -> Canvas) {
    const EXTRUDE: i32 = 1;
    const PADDING: i32 = 2;
    let mut sheet = Canvas::new(64, 64);
    let (mut left, mut top, mut shelf) = (PADDING + EXTRUDE, PADDING + EXTRUDE, 0);
    let mut frames = serde_json::Map::new();
    for name in ATLAS {
        let whole = item(name);
        let area = bounds(&whole);
        let upright = cut(&whole, area);
        let rotated = name == "diamond_sword";
        let sprite = if rotated { turned(&upright) } else { upright };
        if left + sprite.width + EXTRUDE + PADDING > sheet.width {
            left = PADDING + EXTRUDE;
            top += shelf + 2 * EXTRUDE + PADDING;
            shelf = 0;
        }
        for y in -EXTRUDE..sprite.height + EXTRUDE {
            for x in -EXTRUDE..sprite.width + EXTRUDE {
                let border =
                    sprite.get(x.clamp(0, sprite.width - 1), y.clamp(0, sprite.height - 1));
                sheet.set(left + x, top + y, border);
            }
        }
        let [x, y, w, h] = area;
        frames.insert(
            format!("items/{name}.png"),
            json!({
                "frame": { "x": left, "y": top, "w": w, "h": h },
                "rotated": rotated,
                "trimmed": area != [0, 0, SIDE, SIDE],
                "spriteSourceSize": { "x": x, "y": y, "w": w, "h": h },
                "sourceSize": { "w": SIDE, "h": SIDE },
                "pivot": { "x": 0.5, "y": 0.5 },
            }),
        );
        left += sprite.width + 2 * EXTRUDE + PADDING;
        shelf = shelf.max(sprite.height);
    }
    let height = top + shelf + EXTRUDE + PADDING;
    pack.png("atlas.png", &sheet.crop(0, 0, 64, height));
    let meta = |image: &str| {
        json!({
            "app": "https://www.codeandweb.com/texturepacker",
            "version": "1.0",
            "image": image,
            "format": "RGBA8888",
            "size": { "w": 64, "h": height },
            "scale": "1",
        })
    };
    let array: Vec<Value> = frames
        .iter()
        .map(|(name, frame)| {
            let mut entry = json!({ "filename": name });
            if let (Some(entry), Some(frame)) = (entry.as_object_mut(), frame.as_object()) {
                entry.extend(frame.clone());
            }
            entry
        })
        .collect();
    pack.json(
        "atlas.json",
        &json!({ "frames": frames, "meta": meta("atlas.png") }),
    );
    pack.json(
        "atlas-array.json",
        &json!({ "textures": [{
            "image": "atlas.png",
            "format": "RGBA8888",
            "size": { "w": 64, "h": height },
            "scale": 1,
            "frames": array,
        }] }),
    );
}

/// Tiles with a pixel between them, the tileset and map of Tiled, and the project of LDtk.
fn tiles(pack: &mut Pack, block: &dyn Fn(&str) -> Canvas, starter: &Pack) {
    let mut tiles: Vec<Canvas> = [
        "moss_block",
        "dirt",
        "sand",
        "stone",
        "bricks",
        "oak_planks",
        "cobblestone",
        "poppy",
    ]
    .map(block)
    .into();
    let water = &starter.pictures["assets/minecraft/textures/block/water_still.png"];
    tiles.extend((0..4).map(|frame| water.crop(0, frame * SIDE, SIDE, SIDE)));
    let step = SIDE + 1;
    let (width, height) = (1 + 4 * step, 1 + 3 * step);
    let mut sheet = Canvas::new(width, height);
    for (at, tile) in (0..).zip(&tiles) {
        sheet.stamp(tile, 1 + at % 4 * step, 1 + at / 4 * step);
    }
    pack.png("tiles.png", &sheet);
    pack.file("tiles.tsx", format!(
        r##"<?xml version="1.0" encoding="UTF-8"?>
<tileset version="1.10" tiledversion="1.10.2" name="tiles" tilewidth="{SIDE}" tileheight="{SIDE}" spacing="1" margin="1" tilecount="12" columns="4">
 <tileoffset x="0" y="2"/>
 <image source="tiles.png" width="{width}" height="{height}"/>
 <tile id="4" type="wall">
  <properties>
   <property name="weight" type="float" value="1.5"/>
  </properties>
  <objectgroup draworder="index" id="2">
   <object id="1" x="0" y="4" width="16" height="11.5"/>
   <object id="2" x="8" y="0">
    <polygon points="0,0 4,-2.5 4,4"/>
   </object>
  </objectgroup>
 </tile>
 <tile id="8">
  <animation>
   <frame tileid="8" duration="150"/>
   <frame tileid="9" duration="150"/>
   <frame tileid="10" duration="150"/>
   <frame tileid="11" duration="150"/>
  </animation>
 </tile>
</tileset>
"##
    ));
    pack.file("level.tmx", format!(
        r##"<?xml version="1.0" encoding="UTF-8"?>
<map version="1.10" tiledversion="1.10.2" orientation="orthogonal" renderorder="right-down" width="6" height="4" tilewidth="{SIDE}" tileheight="{SIDE}" infinite="0" nextlayerid="5" nextobjectid="4">
 <!-- A meadow, a pond and a wall. -->
 <tileset firstgid="1" source="tiles.tsx"/>
 <tileset firstgid="13" name="icons" tilewidth="{SIDE}" tileheight="{SIDE}" tilecount="8" columns="4">
  <image source="icons.png" width="64" height="32"/>
 </tileset>
 <layer id="1" name="ground" width="6" height="4" offsetx="0" offsety="-4">
  <data encoding="csv">
1,1,1,1,5,5,
1,9,9,1,5,4,
1,9,9,2,2,4,
3,3,1,1,1,7
</data>
 </layer>
 <objectgroup id="2" name="things" offsetx="1.5">
  <object id="1" name="apple" gid="13" x="24" y="48" width="16" height="16"/>
  <object id="2" name="path" x="8" y="8">
   <polyline points="0,0 16.25,8 32,-4"/>
  </object>
  <object id="3" x="4" y="52" width="60" height="10">
   <text wrap="1">Mind 1,2 and x="3"</text>
  </object>
 </objectgroup>
</map>
"##
    ));
    pack.json("world.ldtk", &ldtk(width, height));
}

/// The parts of an LDtk project that hold something in pixels.
fn ldtk(width: i32, height: i32) -> Value {
    let tile = |x: i32, y: i32, column: i32, row: i32| {
        json!({
            "px": [x * SIDE, y * SIDE],
            "src": [1 + column * (SIDE + 1), 1 + row * (SIDE + 1)],
            "f": 0,
            "t": row * 4 + column,
            "d": [y * 6 + x],
            "a": 1,
        })
    };
    let poppy = json!({ "tilesetUid": 1, "x": 52, "y": 18, "w": SIDE, "h": SIDE });
    let level = json!({
        "identifier": "Meadow", "iid": "d1a8", "uid": 0,
        "worldX": 0, "worldY": -64, "worldDepth": 0, "pxWid": 6 * SIDE, "pxHei": 4 * SIDE,
        "bgRelPath": null, "bgPivotX": 0.5, "bgPivotY": 0.5, "__bgPos": null,
        "fieldInstances": [{
            "__identifier": "Sign", "__type": "Tile", "__value": poppy, "__tile": poppy, "defUid": 5,
            "realEditorValues": [{ "id": "V_String", "params": ["52,18,16,16"] }],
        }],
        "layerInstances": [
            {
                "__identifier": "Things", "__type": "Entities", "__cWid": 6, "__cHei": 4,
                "__gridSize": SIDE, "__opacity": 1, "__pxTotalOffsetX": 0, "__pxTotalOffsetY": 0,
                "entityInstances": [{
                    "__identifier": "Flower", "__grid": [2, 1], "__pivot": [0.5, 1], "__tile": poppy,
                    "__worldX": 40, "__worldY": -32, "iid": "d1a9", "width": SIDE, "height": SIDE,
                    "defUid": 3, "px": [40, 32], "fieldInstances": [],
                }],
            },
            {
                "__identifier": "Ground", "__type": "Tiles", "__cWid": 6, "__cHei": 4,
                "__gridSize": SIDE, "__opacity": 1, "__pxTotalOffsetX": 0, "__pxTotalOffsetY": -4,
                "__tilesetDefUid": 1, "__tilesetRelPath": "tiles.png",
                "pxOffsetX": 0, "pxOffsetY": 0, "intGridCsv": [],
                "gridTiles": [tile(0, 0, 0, 0), tile(1, 0, 0, 0), tile(2, 1, 0, 2), tile(5, 3, 2, 1)],
            },
        ],
        "__neighbours": [],
    });
    json!({
        "__header__": { "fileType": "LDtk Project JSON", "app": "LDtk", "appVersion": "1.5.3" },
        "jsonVersion": "1.5.3",
        "iid": "d1a7",
        "defaultPivotX": 0,
        "defaultPivotY": 0,
        "defaultGridSize": SIDE,
        "defaultEntityWidth": SIDE,
        "defaultEntityHeight": SIDE,
        "defaultLevelWidth": 256,
        "defaultLevelHeight": 256,
        "worldLayout": "Free",
        "worldGridWidth": 256,
        "worldGridHeight": 256,
        "bgColor": "#40465B",
        "defs": {
            "layers": [{
                "__type": "Tiles", "identifier": "Ground", "type": "Tiles", "uid": 2,
                "gridSize": SIDE, "guideGridWid": 0, "guideGridHei": 0,
                "displayOpacity": 1, "pxOffsetX": 0, "pxOffsetY": -4, "parallaxFactorX": 0.5,
                "tilesetDefUid": 1, "tilePivotX": 0, "tilePivotY": 0,
            }],
            "entities": [{
                "identifier": "Flower", "uid": 3, "width": SIDE, "height": SIDE,
                "tileRect": poppy, "nineSliceBorders": [4, 4, 4, 4],
                "pivotX": 0.5, "pivotY": 1, "fieldDefs": [],
            }],
            "tilesets": [{
                "__cWid": 4, "__cHei": 3, "identifier": "Tiles", "uid": 1,
                "relPath": "tiles.png", "embedAtlas": null,
                "pxWid": width, "pxHei": height, "tileGridSize": SIDE, "spacing": 1, "padding": 1,
                "customData": [{ "tileId": 4, "data": "a wall, 16 wide" }],
                "enumTags": [],
            }],
            "enums": [],
            "levelFields": [],
        },
        "levels": [level],
        "worlds": [],
    })
}

/// Bytes in the order of an Aseprite file.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn byte(mut self, value: u8) -> Self {
        self.0.push(value);
        self
    }

    fn word(mut self, value: u16) -> Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    fn long(mut self, value: u32) -> Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    fn zeros(mut self, count: usize) -> Self {
        self.0.resize(self.0.len() + count, 0);
        self
    }

    fn text(self, text: &str) -> Self {
        let mut bytes = self.word(text.len() as u16);
        bytes.0.extend(text.as_bytes());
        bytes
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }
}

/// A zlib stream of stored blocks: no implementation can change its bytes.
fn stored(raw: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let blocks = raw.chunks(0xffff).count();
    for (at, block) in raw.chunks(0xffff).enumerate() {
        out.push(u8::from(at + 1 == blocks));
        out.extend((block.len() as u16).to_le_bytes());
        out.extend((!(block.len() as u16)).to_le_bytes());
        out.extend(block);
    }
    let (mut a, mut b) = (1u32, 0u32);
    for byte in raw {
        a = (a + u32::from(*byte)) % 65521;
        b = (b + a) % 65521;
    }
    out.extend((b << 16 | a).to_be_bytes());
    out
}

/// Aseprite's own file of frames with two layers: a tag, a slice, a linked cel, user data.
fn aseprite(frames: &[[Canvas; 2]]) -> Vec<u8> {
    let chunk = |kind: u16, data: Bytes| {
        Bytes::default()
            .long(data.0.len() as u32 + 6)
            .word(kind)
            .raw(&data.0)
            .0
    };
    let layer = |name: &str| {
        // Visible and editable, opaque.
        let data = Bytes::default().word(3).word(0).word(0).zeros(4).word(0);
        chunk(0x2004, data.byte(255).zeros(3).text(name))
    };
    let cel = |layer: u16, canvas: &Canvas| {
        let [x, y, width, height] = bounds(canvas);
        let pixels: Vec<u8> = cut(canvas, [x, y, width, height])
            .pixels()
            .iter()
            .flat_map(|pixel: &Rgba| *pixel)
            .collect();
        let data = Bytes::default().word(layer).word(x as u16).word(y as u16);
        let data = data.byte(255).word(2).zeros(7);
        let data = data.word(width as u16).word(height as u16);
        chunk(0x2005, data.raw(&stored(&pixels)))
    };
    let link = |layer: u16, frame: u16| {
        let data = Bytes::default().word(layer).zeros(4).byte(255).word(1);
        chunk(0x2005, data.zeros(7).word(frame))
    };
    let mut body = Vec::new();
    for (at, [slime, eyes]) in frames.iter().enumerate() {
        let mut chunks = Vec::new();
        if at == 0 {
            chunks.push(layer("body"));
            // Words of the artist's own.
            chunks.push(chunk(0x2020, Bytes::default().long(1).text("soft")));
            chunks.push(layer("eyes"));
            let tag = Bytes::default().word(1).zeros(8).word(0).word(3).byte(2);
            let tag = tag.word(0).zeros(6).raw(&[90, 200, 90, 0]).text("bounce");
            chunks.push(chunk(0x2018, tag));
            let slice = Bytes::default().long(1).long(3).long(0).text("hitbox");
            let slice = [0, 3, 5, 10, 10, 2, 2, 6, 6, 5, 9]
                .into_iter()
                .fold(slice, Bytes::long);
            chunks.push(chunk(0x2022, slice));
        }
        // The second frame's eyes are the last frame's too.
        chunks.push(cel(0, slime));
        chunks.push(if at == 3 { link(1, 1) } else { cel(1, eyes) });
        let size: usize = chunks.iter().map(Vec::len).sum();
        let header = Bytes::default().long(size as u32 + 16).word(0xF1FA);
        let header = header.word(chunks.len() as u16).word(DURATIONS[at]);
        body.extend(header.zeros(2).long(chunks.len() as u32).0);
        body.extend(chunks.concat());
    }
    let header = Bytes::default().long(body.len() as u32 + 128).word(0xA5E0);
    let header = header.word(frames.len() as u16);
    let header = header.word(SIDE as u16).word(SIDE as u16).word(32).long(1);
    let header = header.word(100).zeros(8).zeros(4).word(0).byte(1).byte(1);
    let header = header
        .zeros(4)
        .word(SIDE as u16)
        .word(SIDE as u16)
        .zeros(84);
    header.raw(&body).0
}
