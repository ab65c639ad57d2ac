//! The rules on small whole packs, made here.

use std::collections::BTreeMap;

use uncanny_texture::{Edge, Edges};

use super::*;

/// The first bytes of a PNG of that size: enough to be measured.
fn png(width: u32, height: u32) -> Vec<u8> {
    uncanny_texture::encode(&uncanny_texture::RgbaImage::from_pixel(
        width,
        height,
        [9, 8, 7, 255].into(),
    ))
    .unwrap()
}

struct Made {
    rules: Rules,
}

/// A pack of these text files and PNGs (`16x16` for a content), all below `assets/minecraft/` unless they say
/// `assets/` themselves or stand at the top.
fn made(meta: &str, files: &[(&str, &str)]) -> Made {
    let full = |name: &str| {
        if name.contains("assets/") || !name.contains('/') {
            name.to_owned()
        } else {
            format!("assets/minecraft/{name}")
        }
    };
    let contents: BTreeMap<String, Vec<u8>> = files
        .iter()
        .map(|(name, content)| {
            let size = content
                .split_once('x')
                .and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
            let bytes = match size {
                Some((width, height)) => png(width, height),
                None => content.as_bytes().to_vec(),
            };
            (full(name), bytes)
        })
        .collect();
    let names: Vec<&str> = contents.keys().map(String::as_str).collect();
    let (meta, _) = PackMeta::from_json(&serde_json::from_str(meta).unwrap());
    let read = |name: &str| {
        contents
            .get(name)
            .cloned()
            .ok_or_else(|| "missing".to_owned())
    };
    Made {
        rules: Rules::from_files(&names, &meta, &read),
    }
}

impl Made {
    fn rule(&self, name: &str, size: (u32, u32)) -> TextureRule {
        let name = if name.contains("assets/") || !name.contains('/') {
            name.to_owned()
        } else {
            format!("assets/minecraft/{name}")
        };
        let rule = self.rules.texture(&name, size);
        assert_eq!(
            rule.treatment == Treatment::Copy,
            rule.cells.is_empty(),
            "{name}"
        );
        assert!(!rule.why.is_empty());
        rule
    }
}

const NEW: &str = r#"{"pack":{"min_format":88,"max_format":88}}"#;
const MIDDLE: &str = r#"{"pack":{"pack_format":6}}"#;
const OLD: &str = r#"{"pack":{"pack_format":2}}"#;

/// Kind, treatment and edges of the first cell for names alone.
#[test]
fn a_name_alone_decides() {
    use AssetKind as K;
    let pack = made(MIDDLE, &[]);
    type Case = (&'static str, (u32, u32), AssetKind, Edges, usize);
    let enhanced: &[Case] = &[
        (
            "textures/block/stone.png",
            (16, 16),
            K::Block,
            Edges::WRAP,
            1,
        ),
        (
            "textures/block/water_flow.png",
            (32, 1024),
            K::Block,
            Edges::WRAP,
            32,
        ),
        (
            "textures/block/glass.png",
            (16, 16),
            K::Block,
            Edges::WRAP,
            1,
        ),
        (
            "textures/block/oak_log_top.png",
            (16, 16),
            K::Block,
            Edges::WRAP,
            1,
        ),
        (
            "textures/block/grass_block_side_overlay.png",
            (16, 16),
            K::Block,
            Edges::WRAP_X,
            1,
        ),
        (
            "textures/block/oak_door_top.png",
            (16, 16),
            K::Block,
            Edges::CLAMP,
            1,
        ),
        (
            "textures/item/apple.png",
            (16, 16),
            K::Item,
            Edges::TRANSPARENT,
            1,
        ),
        (
            "textures/item/clock.png",
            (16, 1024),
            K::Item,
            Edges::TRANSPARENT,
            64,
        ),
        (
            "textures/entity/creeper/creeper.png",
            (64, 32),
            K::Entity,
            Edges::TRANSPARENT,
            1,
        ),
        (
            "textures/entity/end_crystal/end_crystal_beam.png",
            (16, 256),
            K::Entity,
            Edges::WRAP_Y,
            1,
        ),
        (
            "textures/models/armor/iron_layer_1.png",
            (64, 32),
            K::Equipment,
            Edges::TRANSPARENT,
            1,
        ),
        (
            "textures/entity/banner/base.png",
            (64, 64),
            K::Banner,
            Edges::TRANSPARENT,
            1,
        ),
        (
            "textures/painting/pool.png",
            (32, 16),
            K::Painting,
            Edges::CLAMP,
            1,
        ),
        (
            "textures/particle/flame.png",
            (8, 8),
            K::Particle,
            Edges::TRANSPARENT,
            1,
        ),
        (
            "textures/mob_effect/luck.png",
            (18, 18),
            K::MobEffect,
            Edges::TRANSPARENT,
            1,
        ),
        (
            "textures/environment/rain.png",
            (64, 256),
            K::Environment,
            Edges::WRAP_Y,
            1,
        ),
        (
            "textures/environment/moon_phases.png",
            (128, 64),
            K::Environment,
            Edges::CLAMP,
            8,
        ),
        (
            "textures/map/map_icons.png",
            (128, 128),
            K::Map,
            Edges::CLAMP,
            256,
        ),
        (
            "textures/misc/enchanted_item_glint.png",
            (64, 64),
            K::Misc,
            Edges::WRAP,
            1,
        ),
        (
            "textures/gui/options_background.png",
            (16, 16),
            K::GuiSheet,
            Edges::WRAP,
            1,
        ),
        (
            "textures/gui/footer_separator.png",
            (32, 2),
            K::GuiSheet,
            Edges::WRAP_X,
            1,
        ),
        (
            "textures/gui/sprites/hud/hotbar.png",
            (182, 22),
            K::Gui,
            Edges::CLAMP,
            1,
        ),
        (
            "textures/font/ascii.png",
            (128, 128),
            K::Font,
            Edges::TRANSPARENT,
            256,
        ),
        (
            "optifine/sky/world0/small.png",
            (96, 64),
            K::Sky,
            Edges::CLAMP,
            6,
        ),
        (
            "optifine/cit/sword.png",
            (16, 16),
            K::Item,
            Edges::TRANSPARENT,
            1,
        ),
        (
            "optifine/cit/armor/ruby_layer_1.png",
            (64, 32),
            K::Equipment,
            Edges::TRANSPARENT,
            1,
        ),
        (
            "optifine/random/entity/cow/cow2.png",
            (64, 32),
            K::Entity,
            Edges::TRANSPARENT,
            1,
        ),
        (
            "varied/textures/entity/cow/cow2.png",
            (64, 32),
            K::Entity,
            Edges::TRANSPARENT,
            1,
        ),
        (
            "assets/some_mod/textures/block/ore.png",
            (16, 16),
            K::Block,
            Edges::WRAP,
            1,
        ),
    ];
    for &(name, size, kind, edges, cells) in enhanced {
        let rule = pack.rule(name, size);
        assert_eq!(
            (
                rule.kind,
                rule.treatment,
                rule.cells.first().map(|cell| cell.edges),
                rule.cells.len()
            ),
            (kind, Treatment::Enhance, Some(edges), cells),
            "{name}: {}",
            rule.why
        );
        assert!(rule.sure, "{name}");
    }
    let copied: &[(&str, (u32, u32), AssetKind, bool)] = &[
        ("pack.png", (128, 128), K::PackIcon, true),
        ("screenshot.png", (128, 128), K::Unknown, true),
        ("textures/colormap/grass.png", (256, 256), K::Colormap, true),
        (
            "textures/environment/clouds.png",
            (256, 256),
            K::Clouds,
            true,
        ),
        ("textures/effect/dither.png", (8, 8), K::Effect, true),
        ("textures/misc/white.png", (16, 16), K::Misc, true),
        ("textures/misc/mystery.png", (16, 16), K::Misc, false),
        (
            "textures/font/unicode_page_00.png",
            (256, 256),
            K::UnicodePage,
            true,
        ),
        ("textures/font/mine.png", (64, 64), K::Font, false),
        (
            "textures/gui/title/minecraft.png",
            (256, 64),
            K::Title,
            true,
        ),
        (
            "textures/gui/title/background/panorama_3.png",
            (64, 64),
            K::Panorama,
            true,
        ),
        (
            "textures/gui/presets/isles.png",
            (256, 256),
            K::Picture,
            true,
        ),
        ("textures/block/hd.png", (128, 128), K::Block, true),
        ("textures/block/dot.png", (1, 1), K::Block, true),
        ("textures/block/Big Stone.png", (16, 16), K::Block, true),
        (
            "textures/environment/sun.png",
            (128, 128),
            K::Environment,
            true,
        ),
        ("textures/gui/widgets.png", (1836, 256), K::GuiSheet, false),
        ("textures/gui/icons.png", (1024, 1024), K::GuiSheet, true),
        ("textures/stuff/a.png", (16, 16), K::Unknown, false),
        (
            "textures/trims/color_palettes/gold.png",
            (8, 1),
            K::Palette,
            true,
        ),
        ("textures/palettes/gold.png", (8, 1), K::Palette, true),
        ("optifine/lightmap/world0.png", (16, 32), K::Lightmap, true),
        ("optifine/colormap/water.png", (8, 1), K::Colormap, true),
        ("optifine/sky/world0/sky.png", (1536, 1024), K::Sky, true),
        ("assets/fabricskyboxes/sky/up.png", (512, 512), K::Sky, true),
        (
            "hidden/assets/minecraft/textures/block/stone.png",
            (16, 16),
            K::Block,
            true,
        ),
    ];
    for &(name, size, kind, sure) in copied {
        let rule = pack.rule(name, size);
        assert_eq!(
            (rule.kind, rule.treatment, rule.sure),
            (kind, Treatment::Copy, sure),
            "{name}: {}",
            rule.why
        );
    }
    assert_eq!((enhanced.len(), copied.len()), (29, 26));
}

#[test]
fn versions_change_the_layouts() {
    let cells = |meta: &str, name: &str, size| made(meta, &[]).rule(name, size).cells.len();
    assert_eq!(cells(OLD, "textures/map/map_icons.png", (32, 32)), 16);
    assert_eq!(cells(OLD, "textures/blocks/water_flow.png", (16, 32)), 2);
    assert!(cells(OLD, "textures/gui/container/inventory.png", (256, 256)) > 45);
    assert!(cells(NEW, "textures/gui/container/inventory.png", (256, 256)) < 20);
    // 1.10 loads any name.
    assert_eq!(cells(OLD, "textures/blocks/Big Stone.png", (16, 16)), 1);
    let eyes = |meta: &str| {
        made(meta, &[])
            .rule("textures/entity/spider_eyes.png", (64, 32))
            .keep_hidden_rgb
    };
    assert!(eyes(MIDDLE) && !eyes(NEW));
    let atlas = |meta: &str, name: &str| made(meta, &[]).rule(name, (16, 16)).atlas;
    assert_eq!(atlas(MIDDLE, "textures/item/a.png"), Some(Atlas::Blocks));
    assert_eq!(atlas(NEW, "textures/item/a.png"), Some(Atlas::Items));
    assert_eq!(atlas(NEW, "textures/mob_effect/a.png"), Some(Atlas::Gui));
    assert_eq!(atlas(NEW, "textures/entity/a.png"), None);
}

#[test]
fn animations_are_cut_and_their_sidecars_edited() {
    let wind = r#"{"animation":{"frametime":3,"width":64,"height":32}}"#;
    let pack = made(
        MIDDLE,
        &[
            ("textures/entity/conduit/wind.png", "64x1024"),
            ("textures/entity/conduit/wind.png.mcmeta", wind),
            ("textures/block/lava_still.png", "16x320"),
            (
                "textures/block/lava_still.png.mcmeta",
                "\u{feff}{\"animation\": {\"frametime\": 2} /* calm */ }",
            ),
            ("textures/block/odd.png", "16x40"),
            ("textures/block/odd.png.mcmeta", r#"{"animation":{}}"#),
            ("textures/block/broken.png", "16x32"),
            (
                "textures/block/broken.png.mcmeta",
                "{\"animation\": {\n\"frames\": [0, 1",
            ),
        ],
    );
    assert_eq!(
        pack.rule("textures/entity/conduit/wind.png", (64, 1024))
            .cells
            .len(),
        32
    );
    let lava = pack.rule("textures/block/lava_still.png", (16, 320));
    assert_eq!((lava.cells.len(), lava.cells[19].edges), (20, Edges::WRAP));
    assert_eq!(lava.why, "full-cube face: wraps; 20 frames");
    let odd = pack.rule("textures/block/odd.png", (16, 40));
    assert_eq!(odd.treatment, Treatment::Copy);
    assert!(
        odd.why.contains("16x40 is no multiple of its 16x16 frames"),
        "{}",
        odd.why
    );
    // Its sidecar is broken, so it is a strip by its shape.
    assert_eq!(
        pack.rule("textures/block/broken.png", (16, 32)).cells.len(),
        2
    );
    let [note] = pack.rules.notes() else {
        panic!("{:?}", pack.rules.notes())
    };
    assert_eq!(
        note.entry,
        "assets/minecraft/textures/block/broken.png.mcmeta"
    );
    assert!(note.message.contains("line 2"), "{note}");

    let scale = Scale::new(8).unwrap();
    let name = "assets/minecraft/textures/entity/conduit/wind.png.mcmeta";
    let edited = |grows: bool| {
        pack.rules
            .companion(name, wind.as_bytes(), scale, &|_| grows)
            .unwrap()
    };
    assert_eq!(
        edited(true).as_deref(),
        Some(wind.replace("64", "512").replace("32", "256").as_bytes())
    );
    assert_eq!(edited(false), None);
}

#[test]
fn models_decide_over_names() {
    let pack = made(
        NEW,
        &[
            (
                "models/block/poppy.json",
                r#"{"parent":"block/cube_all","textures":{"all":"block/poppy"}}"#,
            ),
            (
                "models/block/weed.json",
                r#"{"parent":"minecraft:block/cross","textures":{"cross":"block/weed"}}"#,
            ),
            (
                "models/custom/hat.json",
                r##"{"textures":{"0":"custom/hat"},"elements":[{"from":[4,0,4],"to":[12,8,12],"faces":{"up":{"texture":"#0","uv":[0,0,4,4]}}}]}"##,
            ),
            (
                "models/custom/hat2.json",
                r##"{"parent":"custom/hat","textures":{"0":"item/hat"}}"##,
            ),
            (
                "models/custom/flat.json",
                r#"{"parent":"item/generated","textures":{"layer0":"custom/flat"}}"#,
            ),
            (
                "models/custom/cube.json",
                r#"{"parent":"block/cube_column","textures":{"end":"custom/cube","side":"custom/cube"}}"#,
            ),
            (
                "models/custom/bad.json",
                "{\"parent\": \"block/cube_all\",\n  \"textures\" {}}",
            ),
        ],
    );
    let edges = |name: &str| {
        let rule = pack.rule(name, (16, 16));
        (rule.kind, rule.cells.first().map(|cell| cell.edges))
    };
    assert_eq!(
        edges("textures/block/poppy.png"),
        (AssetKind::Block, Some(Edges::WRAP))
    );
    let weed = edges("textures/block/weed.png").1.unwrap();
    assert_eq!(
        (weed.left, weed.top, weed.bottom),
        (Edge::Transparent, Edge::Transparent, Edge::Clamp)
    );
    assert_eq!(
        edges("textures/custom/hat.png"),
        (AssetKind::Block, Some(Edges::CLAMP))
    );
    assert_eq!(
        edges("textures/custom/flat.png"),
        (AssetKind::Item, Some(Edges::TRANSPARENT))
    );
    assert_eq!(
        edges("textures/custom/cube.png"),
        (AssetKind::Block, Some(Edges::WRAP))
    );
    // A sheet of islands is larger than a face; a face is not.
    let size = |name: &str| pack.rule(name, (64, 64)).treatment;
    assert_eq!(size("textures/custom/hat.png"), Treatment::Enhance);
    assert_eq!(size("textures/item/hat.png"), Treatment::Enhance);
    assert_eq!(size("textures/item/apple.png"), Treatment::Copy);
    assert_eq!(pack.rules.notes().len(), 1);
    assert!(
        pack.rules.notes()[0]
            .to_string()
            .starts_with("assets/minecraft/models/custom/bad.json: is not valid JSON")
    );
}

#[test]
fn palettes_bind_what_they_key() {
    let files = [
        (
            "atlases/armor_trims.json",
            r#"{"sources":[{"type":"paletted_permutations","textures":["trims/entity/humanoid/coast","custom/gem"],"palette_key":"trims/color_palettes/trim_palette","permutations":{"gold":"custom/gold_colours"}}]}"#,
        ),
        ("textures/trims/entity/humanoid/coast.png", "64x32"),
        ("textures/custom/gold_colours.png", "8x1"),
        ("textures/custom/gem.png", "16x16"),
    ];
    let without = made(NEW, &files);
    let rule = without.rule("textures/trims/entity/humanoid/coast.png", (64, 32));
    assert_eq!(
        (rule.kind, rule.treatment),
        (AssetKind::Trim, Treatment::Enhance)
    );
    assert_eq!((rule.palette_key, rule.own_palette), (None, true));
    assert_eq!(
        without
            .rule("textures/custom/gold_colours.png", (8, 1))
            .kind,
        AssetKind::Palette
    );
    assert!(
        without
            .rule("textures/custom/gem.png", (16, 16))
            .own_palette
    );
    assert!(
        without
            .rule("textures/trims/items/helmet_trim.png", (16, 16))
            .own_palette
    );

    let mut files = files.to_vec();
    files.push(("textures/trims/color_palettes/trim_palette.png", "8x1"));
    files.push((
        "textures/block/ore.png.mcmeta",
        r#"{"palette":{"base_palette":"gems"}}"#,
    ));
    files.push(("textures/palettes/gems.png", "8x1"));
    let with = made(NEW, &files);
    let key = "assets/minecraft/textures/trims/color_palettes/trim_palette.png";
    for name in [
        "textures/custom/gem.png",
        "textures/trims/items/helmet_trim.png",
    ] {
        let rule = with.rule(name, (16, 16));
        assert_eq!(
            (rule.palette_key.as_deref(), rule.own_palette),
            (Some(key), false),
            "{name}"
        );
    }
    assert_eq!(
        with.rule("textures/trims/color_palettes/trim_palette.png", (8, 1))
            .treatment,
        Treatment::Copy
    );
    let ore = with.rule("textures/block/ore.png", (16, 16));
    assert_eq!(
        ore.palette_key.as_deref(),
        Some("assets/minecraft/textures/palettes/gems.png")
    );
    assert_eq!(ore.cells[0].edges, Edges::WRAP);
}

#[test]
fn fonts_are_cut_by_their_chars() {
    let pack = made(
        NEW,
        &[(
            "font/default.json",
            r#"{"providers":[
            {"type":"bitmap","file":"font/icons.png","ascent":7,"chars":["ab","cd"]},
            {"type":"bitmap","file":"font/space.png","ascent":-9999,"height":-2,"chars":["x"]},
            {"type":"bitmap","file":"font/logo.png","height":16,"ascent":7,"chars":["y"]},
            {"type":"bitmap","file":"font/title.png","height":32,"ascent":7,"chars":["t"]},
            {"type":"bitmap","file":"item/badge.png","height":16,"ascent":7,"chars":["b"]},
            {"type":"bitmap","file":"item/fine_badge.png","height":8,"ascent":7,"chars":["f"]},
            {"type":"bitmap","file":"item/gem.png","ascent":7,"chars":["z"]},
            {"type":"bitmap","file":"custom/glyph.png","ascent":7,"chars":["w"]},
            {"type":"space","advances":{"a":-1e400}}]}"#,
        )],
    );
    let icons = pack.rule("textures/font/icons.png", (16, 18));
    assert_eq!(
        (icons.cells.len(), icons.cells[3].rect.height, icons.glyphs),
        (4, 9, true)
    );
    for (name, size) in [
        ("textures/font/space.png", (256, 256)),
        ("textures/font/logo.png", (64, 64)),
        ("textures/font/icons.png", (2, 2)),
    ] {
        assert_eq!(pack.rule(name, size).treatment, Treatment::Copy, "{name}");
    }
    // What is high is told by the height that the font draws, not by the art's width; how large a glyph may become, by
    // the game.
    let title = pack.rule("textures/font/title.png", (64, 32));
    assert_eq!(
        (title.treatment, title.largest_cell),
        (Treatment::Enhance, Some(256))
    );
    let badge = pack.rule("textures/item/badge.png", (64, 16));
    assert_eq!(
        (badge.treatment, badge.cells.len(), badge.largest_cell),
        (Treatment::Enhance, 1, Some(256))
    );
    let fine = pack.rule("textures/item/fine_badge.png", (128, 32));
    assert_eq!(fine.treatment, Treatment::Copy, "{}", fine.why);
    let gem = pack.rule("textures/item/gem.png", (16, 16));
    assert_eq!((gem.kind, gem.glyphs), (AssetKind::Item, true));
    assert_eq!(
        pack.rule("textures/item/other.png", (64, 16)).treatment,
        Treatment::Copy
    );
    let glyph = pack.rule("textures/custom/glyph.png", (8, 8));
    assert_eq!((glyph.kind, glyph.glyphs), (AssetKind::Font, true));
    assert_eq!(pack.rules.notes(), []);
}

#[test]
fn connected_textures_follow_their_method() {
    let mut files = vec![
        (
            "optifine/ctm/glass/glass.properties",
            "method=ctm\ntiles=0-2\nmatchBlocks=glass\n",
        ),
        (
            "optifine/ctm/stone/stone.properties",
            "method=random\ntiles=a b\nmatchTiles=stone\n",
        ),
        (
            "optifine/ctm/shelf/shelf.properties",
            "method=horizontal\ntiles=0\nmatchBlocks=minecraft:bookshelf\n",
        ),
        (
            "optifine/ctm/weed/poppy.properties",
            "method=random\ntiles=0\n",
        ),
        (
            "optifine/ctm/big/big.properties",
            "method=repeat\ntiles=0\nwidth=2\nheight=2\n",
        ),
    ];
    for name in [
        "glass/0", "glass/2", "stone/a", "shelf/0", "weed/0", "big/0", "other/0",
    ] {
        files.push((
            Box::leak(format!("optifine/ctm/{name}.png").into_boxed_str()),
            "16x16",
        ));
    }
    let pack = made(MIDDLE, &files);
    let rule = |name: &str| pack.rule(&format!("optifine/ctm/{name}.png"), (16, 16));
    let edges = |name: &str| rule(name).cells[0].edges;
    assert_eq!(edges("glass/0"), Edges::CLAMP);
    assert_eq!(edges("stone/a"), Edges::WRAP);
    assert_eq!(edges("shelf/0"), Edges::WRAP_Y);
    assert_eq!(edges("weed/0").top, Edge::Transparent);
    assert_eq!(edges("big/0"), Edges::CLAMP);
    assert_eq!(edges("other/0"), Edges::CLAMP);
    let group = rule("glass/0").group.unwrap();
    assert_eq!(group, "minecraft:optifine/ctm/glass/glass.properties");
    assert_eq!(rule("glass/2").group.as_ref(), Some(&group));
    assert_eq!(rule("glass/0").atlas, Some(Atlas::Blocks));
}

#[test]
fn copied_animations_grow_with_their_target() {
    let text = "from=./flow.png\nto=textures/block/lamp.png\nx=0\ny=0\nw=16\nh=8\n";
    let pack = made(
        MIDDLE,
        &[
            ("optifine/anim/lamp.properties", text),
            ("optifine/anim/flow.png", "16x32"),
            ("textures/block/lamp.png", "16x16"),
            (
                "optifine/anim/gone.properties",
                "from=./gone.png\nto=textures/block/nowhere.png\nx=0\ny=0\nw=16\nh=16\n",
            ),
            ("optifine/anim/gone.png", "16x32"),
        ],
    );
    let source = pack.rule("optifine/anim/flow.png", (16, 32));
    assert_eq!(
        (source.kind, source.cells.len()),
        (AssetKind::AnimationSource, 4)
    );
    assert!(source.group.is_some());
    assert_eq!(
        source.group,
        pack.rule("textures/block/lamp.png", (16, 16)).group
    );
    assert_eq!(
        pack.rule("optifine/anim/gone.png", (16, 32)).treatment,
        Treatment::Copy
    );
    let name = "assets/minecraft/optifine/anim/lamp.properties";
    let scale = Scale::new(4).unwrap();
    let target = "assets/minecraft/textures/block/lamp.png";
    let edited = pack
        .rules
        .companion(name, text.as_bytes(), scale, &|name| name == target)
        .unwrap();
    assert_eq!(
        edited
            .map(|bytes| String::from_utf8(bytes).unwrap())
            .as_deref(),
        Some("from=./flow.png\nto=textures/block/lamp.png\nx=0\ny=0\nw=64\nh=32\n")
    );
    assert_eq!(
        pack.rules
            .companion(name, text.as_bytes(), scale, &|_| false)
            .unwrap(),
        None
    );
}

#[test]
fn material_maps_stand_beside_a_base() {
    let pack = made(
        NEW,
        &[
            ("textures/block/stone.png", "16x16"),
            ("textures/block/stone_n.png", "16x16"),
            ("textures/block/stone_s.png", "16x16"),
            ("textures/block/gate_s.png", "16x16"),
            ("textures/block/sign.png", "16x16"),
            ("textures/block/sign_n.png", "16x16"),
            ("textures/block/sign_s.png", "16x16"),
            ("textures/block/sign_e.png", "16x16"),
            ("textures/block/sign_w.png", "16x16"),
            ("textures/entity/drowned.png", "64x64"),
            ("textures/entity/drowned_e.png", "64x64"),
            ("optifine/emissive.properties", "suffix.emissive=_e\n"),
        ],
    );
    let kind = |name: &str| pack.rule(name, (16, 16)).kind;
    assert_eq!(kind("textures/block/stone_n.png"), AssetKind::NormalMap);
    assert_eq!(kind("textures/block/stone_s.png"), AssetKind::SpecularMap);
    assert_eq!(kind("textures/block/gate_s.png"), AssetKind::Block);
    assert_eq!(kind("textures/block/sign_s.png"), AssetKind::Block);
    assert_eq!(kind("textures/block/sign_n.png"), AssetKind::Block);
    let map = pack.rule("textures/block/stone_n.png", (16, 16));
    assert_eq!(
        (map.channels, map.cells[0].edges),
        (uncanny_texture::Channels::NormalMap, Edges::WRAP)
    );
    let base = pack.rule("textures/block/stone.png", (16, 16));
    assert!(base.group.is_some() && base.group == map.group);
    assert_eq!((map.atlas, base.atlas), (None, Some(Atlas::Blocks)));
    assert_eq!(
        pack.rule("textures/block/stone_s.png", (128, 128))
            .treatment,
        Treatment::Copy
    );
    let glow = pack.rule("textures/entity/drowned_e.png", (64, 64));
    assert_eq!((glow.kind, glow.hard_alpha), (AssetKind::Entity, true));
    assert_eq!(
        glow.group,
        pack.rule("textures/entity/drowned.png", (64, 64)).group
    );
}

#[test]
fn material_maps_for_the_games_own_textures_are_known_without_a_base() {
    use uncanny_texture::Channels;
    // An X_n with an X_s, in a pack of other things.
    let pack = made(
        MIDDLE,
        &[
            ("textures/block/stone.png", "16x16"),
            ("textures/block/sand.png", "16x16"),
            ("textures/block/gravel.png", "16x16"),
            ("textures/block/clay.png", "16x16"),
            ("textures/block/spruce_planks_n.png", "16x16"),
            ("textures/block/spruce_planks_s.png", "16x16"),
            ("textures/block/oak_door_top_n.png", "16x16"),
            ("textures/block/oak_door_top_s.png", "16x16"),
            ("textures/block/lava_n.png", "16x64"),
            ("textures/block/lava_s.png", "16x64"),
            (
                "textures/block/lava_n.png.mcmeta",
                r#"{"animation":{"height":32}}"#,
            ),
            ("textures/block/mast_n.png", "16x16"),
            ("textures/block/mast_s.png", "16x16"),
            ("textures/block/mast_e.png", "16x16"),
            ("textures/block/mast_w.png", "16x16"),
            ("textures/block/column_n.png", "16x16"),
            ("textures/block/tiny_s.png", "16x16"),
            ("textures/gui/sprites/arrow_n.png", "16x16"),
            ("textures/gui/sprites/arrow_s.png", "16x16"),
        ],
    );
    let rule = |name: &str| pack.rule(&format!("textures/{name}.png"), (16, 16));
    let normals = rule("block/spruce_planks_n");
    assert_eq!(
        (normals.kind, normals.channels, normals.cells[0].edges),
        (AssetKind::NormalMap, Channels::NormalMap, Edges::WRAP)
    );
    let codes = rule("block/spruce_planks_s");
    assert_eq!(
        (codes.kind, codes.channels),
        (AssetKind::SpecularMap, Channels::SpecularMap)
    );
    assert!(codes.group.is_some() && codes.group == normals.group);
    assert_eq!((codes.atlas, normals.atlas), (None, None));
    assert_eq!(rule("block/oak_door_top_n").cells[0].edges, Edges::CLAMP);
    // Its own sidecar, since the base's is not here.
    let lava = pack.rule("textures/block/lava_n.png", (16, 64));
    assert_eq!((lava.kind, lava.cells.len()), (AssetKind::NormalMap, 2));
    for name in ["block/mast_n", "block/mast_s", "block/tiny_s"] {
        let rule = rule(name);
        assert_eq!(
            (rule.kind, rule.channels, rule.maybe_normals),
            (AssetKind::Block, Channels::Colour, false),
            "{name}"
        );
    }
    assert_eq!(rule("gui/sprites/arrow_n").kind, AssetKind::Gui);
    // Nothing but its pixels can tell.
    let column = rule("block/column_n");
    assert_eq!(
        (column.kind, column.maybe_normals),
        (AssetKind::Block, true)
    );
    let seen = column.as_normals();
    assert_eq!(
        (seen.kind, seen.channels, seen.atlas),
        (AssetKind::NormalMap, Channels::NormalMap, None)
    );
    assert_eq!(seen.cells[0].edges, Edges::WRAP);
    // Beside a base nothing is in doubt, and what is high stays.
    assert!(!normals.maybe_normals);
    let high = pack.rule("textures/block/spruce_planks_n.png", (256, 256));
    assert_eq!(
        (high.kind, high.treatment),
        (AssetKind::NormalMap, Treatment::Copy)
    );
}

#[test]
fn a_pack_of_maps_alone_is_one_whatever_is_beside_what() {
    let alone = made(
        MIDDLE,
        &[
            ("textures/block/stone_n.png", "16x16"),
            ("textures/block/dirt_s.png", "16x16"),
            ("textures/block/sand_n.png", "16x16"),
            ("textures/block/dirt.png", "16x16"),
        ],
    );
    let kind = |name: &str| {
        alone
            .rule(&format!("textures/block/{name}.png"), (16, 16))
            .kind
    };
    assert_eq!(kind("stone_n"), AssetKind::NormalMap);
    assert_eq!(kind("dirt_s"), AssetKind::SpecularMap);
    assert_eq!(kind("dirt"), AssetKind::Block);
    // Names that end in `_s` alone say nothing.
    let plural = made(
        MIDDLE,
        &[
            ("textures/item/boot_s.png", "16x16"),
            ("textures/item/coin_s.png", "16x16"),
            ("textures/item/gem.png", "16x16"),
        ],
    );
    assert_eq!(
        plural.rule("textures/item/boot_s.png", (16, 16)).kind,
        AssetKind::Item
    );
}

#[test]
fn sprites_are_used_by_the_names_that_their_atlas_gives_them() {
    let cube = |texture: &str| {
        format!(r#"{{"parent":"block/cube_all","textures":{{"all":"{texture}"}}}}"#)
    };
    let models = [
        cube("mine:renamed"),
        cube("block/moved/b"),
        cube("mine:left"),
        cube("block/key_red"),
        r#"{"parent":"block/cross","textures":{"cross":"mine:right"}}"#.to_owned(),
    ];
    let files: Vec<(String, &str)> = models
        .iter()
        .enumerate()
        .map(|(at, json)| (format!("models/block/m{at}.json"), json.as_str()))
        .collect();
    let mut all: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, json)| (name.as_str(), *json))
        .collect();
    all.push((
        "atlases/blocks.json",
        r#"{"sources":[
        {"type":"single","resource":"art/a","sprite":"mine:renamed"},
        {"type":"directory","source":"raw","prefix":"block/moved/"},
        {"type":"unstitch","resource":"art/sheet","divisor_x":2,"divisor_y":1,"regions":[
            {"sprite":"mine:left","x":0,"y":0,"width":1,"height":1},
            {"sprite":"mine:right","x":1,"y":0,"width":1,"height":1}]},
        {"type":"paletted_permutations","palette_key":"p/key","permutations":{"red":"p/red"},
         "textures":["block/key"]}]}"#,
    ));
    let pack = made(NEW, &all);
    let edges = |name: &str| pack.rule(&format!("textures/{name}.png"), (16, 16)).cells[0].edges;
    assert_eq!(edges("art/a"), Edges::WRAP);
    assert_eq!(edges("raw/b"), Edges::WRAP);
    assert_eq!(edges("block/key"), Edges::WRAP);
    assert_eq!(edges("raw/unused"), Edges::CLAMP);
    let sheet = pack.rule("textures/art/sheet.png", (32, 16));
    assert_eq!(
        (
            sheet.cells.len(),
            sheet.cells[0].edges,
            sheet.cells[1].edges.left
        ),
        (2, Edges::WRAP, Edge::Transparent)
    );
    let large = pack.rule("textures/art/sheet.png", (1024, 512));
    assert_eq!(large.treatment, Treatment::Copy, "{}", large.why);
}

#[test]
fn sheets_of_mods_are_enhanced_and_those_of_the_game_by_their_layouts() {
    let pack = made(NEW, &[]);
    let rule = |name: &str, size| pack.rule(name, size);
    for (name, size, cells) in [
        ("assets/mod/textures/gui/pot.png", (256, 256), 1),
        ("textures/gui/container/crafter.png", (256, 256), 3),
        ("textures/gui/container/villager.png", (512, 256), 3),
        ("textures/gui/container/villager.png", (256, 256), 3),
    ] {
        let rule = rule(name, size);
        assert_eq!(
            (rule.treatment, rule.cells.len()),
            (Treatment::Enhance, cells),
            "{name} {size:?}: {}",
            rule.why
        );
    }
    for (name, size) in [
        ("textures/gui/container/machine.png", (256, 256)),
        ("assets/mod/textures/gui/painting.png", (1024, 1024)),
    ] {
        assert_eq!(rule(name, size).treatment, Treatment::Copy, "{name}");
    }
}

#[test]
fn overlays_are_roots_and_share_factors() {
    let meta = r#"{"pack":{"pack_format":15,"supported_formats":[15,64]},"overlays":{"entries":[{"directory":"new","formats":[18,64]}]}}"#;
    let pack = made(
        meta,
        &[
            ("textures/block/stone.png", "16x16"),
            ("new/assets/minecraft/textures/block/stone.png", "16x16"),
            (
                "new/assets/minecraft/models/block/x.json",
                r#"{"parent":"block/cross","textures":{"cross":"block/thing"}}"#,
            ),
            ("stale/assets/minecraft/textures/block/stone.png", "16x16"),
        ],
    );
    let base = pack.rule("textures/block/stone.png", (16, 16));
    let over = pack.rule("new/assets/minecraft/textures/block/stone.png", (16, 16));
    assert!(base.group.is_some());
    assert_eq!((&base.group, base.treatment), (&over.group, over.treatment));
    let stale = pack.rule("stale/assets/minecraft/textures/block/stone.png", (16, 16));
    assert_eq!(stale.treatment, Treatment::Copy);
    assert_eq!(
        pack.rule("textures/block/thing.png", (16, 16)).cells[0]
            .edges
            .left,
        Edge::Transparent
    );
    let icon = pack.rules.texture("new/pack.png", (64, 64));
    assert_eq!(icon.kind, AssetKind::PackIcon);
}

#[test]
fn layers_share_a_group_and_miss_their_base() {
    let pack = made(
        OLD,
        &[
            ("textures/entity/banner/cross.png", "64x64"),
            ("textures/entity/shield/cross.png", "64x64"),
            ("textures/entity/shield_base.png", "64x64"),
        ],
    );
    let group = |name: &str| pack.rule(name, (64, 64)).group;
    assert_eq!(
        group("textures/entity/banner/cross.png"),
        group("textures/entity/banner_base.png")
    );
    assert_eq!(
        group("textures/entity/shield/cross.png"),
        group("textures/entity/shield_base_nopattern.png")
    );
    assert_ne!(
        group("textures/entity/banner/cross.png"),
        group("textures/entity/shield/cross.png")
    );
    assert_eq!(pack.rules.notes().len(), 1);
    assert!(pack.rules.notes()[0].message.contains("banner_base"));
}

#[test]
fn a_pack_of_32_pixels_is_enhanced() {
    let files: Vec<(String, &str)> = (0..5)
        .map(|n| (format!("textures/block/b{n}.png"), "32x32"))
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, size)| (name.as_str(), *size))
        .collect();
    let pack = made(MIDDLE, &files);
    assert_eq!(pack.rules.resolution(), 32);
    let treatment = |name: &str, size| pack.rule(name, size).treatment;
    assert_eq!(
        treatment("textures/block/b0.png", (32, 32)),
        Treatment::Enhance
    );
    assert_eq!(
        treatment("textures/block/b1.png", (64, 64)),
        Treatment::Enhance
    );
    assert_eq!(
        treatment("textures/block/b2.png", (128, 128)),
        Treatment::Copy
    );
    assert_eq!(
        treatment("textures/gui/icons.png", (512, 512)),
        Treatment::Enhance
    );
}

/// Sizes and numbers that no honest file has: an answer, whatever it is, and no overflow.
#[test]
fn absurd_numbers_are_survived() {
    let rows: Vec<String> = (0..3000).map(|_| "\"a\"".to_owned()).collect();
    let font = format!(
        r#"{{"providers":[{{"type":"bitmap","file":"font/a.png","chars":["{}",{}]}},
        {{"type":"bitmap","file":"font/a.png","chars":["b"]}}]}}"#,
        "x".repeat(3_000_000),
        rows.join(",")
    );
    let pack = made(
        NEW,
        &[
            ("font/a.json", &font),
            (
                "textures/block/a.png.mcmeta",
                r#"{"animation":{"width":4294967295,"height":1e300}}"#,
            ),
            (
                "textures/gui/sprites/a.png.mcmeta",
                r#"{"gui":{"scaling":{"type":"nine_slice","width":0,"height":-1,"border":1e308}}}"#,
            ),
            (
                "atlases/blocks.json",
                r#"{"sources":[{"type":"unstitch","resource":"odd/a","divisor_x":1e-300,"divisor_y":0,"regions":[{"x":9,"y":9,"width":1e300,"height":-1}]}]}"#,
            ),
        ],
    );
    let huge = (2_147_483_647, 2_147_483_646);
    let mut seen = 0;
    for name in [
        "textures/font/a.png",
        "textures/block/a.png",
        "textures/gui/sprites/a.png",
        "textures/gui/icons.png",
        "textures/odd/a.png",
        "textures/particle/particles.png",
        "optifine/sky/world0/a.png",
        "textures/font/ascii.png",
    ] {
        for size in [huge, (1, 2), (3, 1), (65_535, 1)] {
            pack.rule(name, size);
            seen += 1;
        }
    }
    assert_eq!(seen, 32);
}
