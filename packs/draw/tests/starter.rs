//! The committed pack is what the program draws, and keeps the promises a pack's art has to keep.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use draw_packs::canvas::Canvas;
use draw_packs::pack::Pack;
use draw_packs::palette::TRIM_KEY;
use draw_packs::starter;

fn packs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn collect(folder: &Path, root: &Path, into: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the pack") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, root, into);
        } else {
            let name = path
                .strip_prefix(root)
                .expect("below the root")
                .components();
            into.push(
                name.map(|part| part.as_os_str().to_str().expect("a plain name"))
                    .collect::<Vec<_>>()
                    .join("/"),
            );
        }
    }
}

fn picture<'a>(pack: &'a Pack, name: &str) -> &'a Canvas {
    pack.pictures
        .get(name)
        .unwrap_or_else(|| panic!("{name} is not drawn"))
}

fn texture<'a>(pack: &'a Pack, path: &str) -> &'a Canvas {
    picture(pack, &format!("assets/minecraft/textures/{path}.png"))
}

#[test]
fn the_committed_folders_are_what_is_drawn() {
    folder_is_drawn(&starter(), &packs().join("starter"));
    folder_is_drawn(&draw_packs::sheets::sheets(), &packs().join("sheets"));
}

fn folder_is_drawn(pack: &Pack, root: &Path) {
    let mut names = Vec::new();
    collect(root, root, &mut names);
    names.sort();
    assert_eq!(
        names,
        pack.files.keys().cloned().collect::<Vec<_>>(),
        "run `cargo run -p draw-packs`"
    );
    for (name, bytes) in &pack.files {
        let committed = std::fs::read(root.join(name)).expect("a file of the folder");
        assert!(
            committed == *bytes,
            "{name} differs: run `cargo run -p draw-packs`"
        );
    }
}

#[test]
fn the_committed_zip_is_what_is_drawn_and_small() {
    let zip = starter().zip().unwrap();
    assert!(zip.len() < 200_000, "{} bytes", zip.len());
    assert!(
        std::fs::read(packs().join("starter.zip")).unwrap() == zip,
        "run `cargo run -p draw-packs`"
    );
}

#[test]
fn png_bytes_hold_the_pixels() {
    let pack = starter();
    let mut seen = 0;
    for (name, canvas) in &pack.pictures {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(&pack.files[name]));
        decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::ALPHA);
        let mut reader = decoder.read_info().unwrap();
        let mut data = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut data).unwrap();
        assert_eq!(
            (info.width as i32, info.height as i32),
            (canvas.width, canvas.height),
            "{name}"
        );
        assert!(data == canvas.pixels().concat(), "{name}");
        seen += 1;
    }
    assert!(seen >= 100, "{seen} pictures");
}

#[test]
fn there_are_many_16x16_textures_and_no_two_alike() {
    let pack = starter();
    let small: Vec<&Canvas> = pack
        .pictures
        .values()
        .filter(|p| p.width == 16 && p.height == 16)
        .collect();
    assert!(small.len() >= 80, "{}", small.len());
    let different: BTreeSet<Vec<[u8; 4]>> = small.iter().map(|p| p.pixels().to_vec()).collect();
    assert_eq!(different.len(), small.len());
}

/// Mean difference of neighbouring columns, for each pair of columns, the wrap last.
fn steps(canvas: &Canvas, across: bool) -> Vec<f64> {
    let at = |i: i32, j: i32| {
        if across {
            canvas.get(i % 16, j)
        } else {
            canvas.get(j, i % 16)
        }
    };
    let difference =
        |a: [u8; 4], b: [u8; 4]| (0..4).map(|c| f64::from(a[c].abs_diff(b[c]))).sum::<f64>();
    (0..16)
        .map(|i| {
            (0..16)
                .map(|j| difference(at(i, j), at(i + 1, j)))
                .sum::<f64>()
                / 16.0
        })
        .collect()
}

#[test]
fn faces_that_tile_have_no_seam() {
    let pack = starter();
    let both = [
        "dirt",
        "grass_block_top",
        "sand",
        "gravel",
        "clay",
        "snow",
        "moss_block",
        "dirt_path_top",
        "stone",
        "sandstone_top",
        "obsidian",
        "coal_ore",
        "iron_ore",
        "gold_ore",
        "diamond_ore",
        "emerald_ore",
        "redstone_ore",
        "glowstone",
        "cobblestone",
        "mossy_cobblestone",
        "stone_bricks",
        "mossy_stone_bricks",
        "bricks",
        "oak_planks",
        "birch_planks",
        "spruce_planks",
        "oak_log",
        "birch_log",
        "oak_leaves",
        "birch_leaves",
        "white_wool",
        "red_wool",
        "blue_wool",
        "yellow_wool",
        "ice",
        "farmland",
        "farmland_moist",
        "hay_block_top",
        "sandstone",
    ];
    let sideways = [
        "grass_block_side",
        "grass_block_snow",
        "dirt_path_side",
        "hay_block_side",
        "bookshelf",
    ];
    let mut seen = 0;
    for (name, axes) in both
        .iter()
        .map(|n| (n, &[true, false][..]))
        .chain(sideways.iter().map(|n| (n, &[true][..])))
    {
        for across in axes {
            let steps = steps(texture(&pack, &format!("block/{name}")), *across);
            let strongest = steps[..15].iter().copied().fold(0.0, f64::max);
            assert!(
                steps[15] <= strongest * 1.25,
                "{name}: {} at the wrap, {strongest} inside",
                steps[15]
            );
            seen += 1;
        }
    }
    for name in ["water_still", "lava_still"] {
        let strip = texture(&pack, &format!("block/{name}"));
        for frame in 0..strip.height / 16 {
            let steps = steps(&strip.crop(0, frame * 16, 16, 16), true);
            let strongest = steps[..15].iter().copied().fold(0.0, f64::max);
            assert!(
                steps[15] <= strongest * 1.25,
                "{name} {frame}: {} against {strongest}",
                steps[15]
            );
            seen += 1;
        }
    }
    assert_eq!(seen, both.len() * 2 + sideways.len() + 32);
}

#[test]
fn cutouts_are_hard_edged_and_solid_blocks_solid() {
    let pack = starter();
    let (mut cutouts, mut solid, mut translucent) = (0, 0, 0);
    for (name, canvas) in pack
        .pictures
        .iter()
        .filter(|(name, _)| name.contains("/block/") || name.contains("/item/"))
    {
        let alphas: BTreeSet<u8> = canvas.pixels().iter().map(|p| p[3]).collect();
        if name.contains("stained") || name.ends_with("/ice.png") || name.contains("water") {
            assert!(
                !alphas.contains(&0) && !alphas.contains(&255),
                "{name}: {alphas:?}"
            );
            translucent += 1;
        } else if alphas.contains(&0) {
            assert_eq!(alphas, BTreeSet::from([0, 255]), "{name}");
            cutouts += 1;
        } else {
            assert_eq!(alphas, BTreeSet::from([255]), "{name}");
            solid += 1;
        }
    }
    assert!(
        cutouts >= 30 && solid >= 40 && translucent == 4,
        "{cutouts}, {solid}, {translucent}"
    );
}

#[test]
fn what_the_game_tints_is_grey() {
    let pack = starter();
    for name in [
        "grass_block_top",
        "grass_block_side_overlay",
        "oak_leaves",
        "birch_leaves",
        "short_grass",
        "fern",
        "water_still",
    ] {
        let canvas = texture(&pack, &format!("block/{name}"));
        let shown = canvas.pixels().iter().filter(|p| p[3] > 0);
        assert!(
            shown.clone().all(|p| p[0] == p[1] && p[1] == p[2]),
            "{name} has a hue"
        );
        assert!(shown.collect::<BTreeSet<_>>().len() > 3, "{name} is flat");
    }
}

#[test]
fn trims_use_the_palettes_colours_only() {
    let pack = starter();
    let own = |path: &str| picture(&pack, &format!("assets/uncanny/textures/trims/{path}.png"));
    let key = own("color_palettes/key").pixels();
    assert_eq!(key, TRIM_KEY);
    for path in [
        "items/wave_chestplate",
        "entity/humanoid/wave",
        "entity/humanoid_leggings/wave",
    ] {
        let inked: BTreeSet<[u8; 4]> = own(path)
            .pixels()
            .iter()
            .copied()
            .filter(|p| p[3] > 0)
            .collect();
        assert!(inked.len() >= 5, "{path}");
        assert!(inked.iter().all(|colour| key.contains(colour)), "{path}");
    }
    for path in ["color_palettes/coral", "color_palettes/tide"] {
        assert_eq!((own(path).width, own(path).height), (8, 1), "{path}");
    }
}

#[test]
fn animations_have_whole_frames_that_differ() {
    let pack = starter();
    for (name, count) in [
        ("water_still", 16),
        ("lava_still", 16),
        ("campfire_fire", 8),
    ] {
        let strip = texture(&pack, &format!("block/{name}"));
        assert_eq!((strip.width, strip.height), (16, 16 * count), "{name}");
        let frames: BTreeSet<Vec<[u8; 4]>> = (0..count)
            .map(|i| strip.crop(0, i * 16, 16, 16).pixels().to_vec())
            .collect();
        assert_eq!(frames.len() as i32, count, "{name} repeats a frame");
        let sidecar = &pack.files[&format!("assets/minecraft/textures/block/{name}.png.mcmeta")];
        let sidecar: serde_json::Value = serde_json::from_slice(sidecar).unwrap();
        assert!(sidecar["animation"]["frametime"].is_u64(), "{name}");
    }
}

#[test]
fn metadata_follows_the_rules_of_current_formats() {
    let pack = starter();
    let meta: serde_json::Value = serde_json::from_slice(&pack.files["pack.mcmeta"]).unwrap();
    let meta = meta["pack"].as_object().unwrap();
    let (low, high) = (
        meta["min_format"].as_u64().unwrap(),
        meta["max_format"].as_u64().unwrap(),
    );
    assert!(65 <= low && low <= high);
    assert!(!meta.contains_key("supported_formats") && !meta.contains_key("pack_format"));
    assert!(meta["description"].as_str().unwrap().contains("CC0"));
    let json = pack
        .files
        .iter()
        .filter(|(name, _)| name.ends_with(".json") || name.ends_with(".mcmeta"));
    let mut seen = 0;
    for (name, bytes) in json {
        serde_json::from_slice::<serde_json::Value>(bytes)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        seen += 1;
    }
    assert!(seen >= 20, "{seen} JSON files");
}

#[test]
fn every_texture_that_a_model_of_ours_names_is_drawn() {
    let pack = starter();
    let mut seen = 0;
    for (name, bytes) in pack
        .files
        .iter()
        .filter(|(name, _)| name.contains("/models/"))
    {
        let model: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        for reference in model["textures"].as_object().unwrap().values() {
            let (space, path) = reference.as_str().unwrap().split_once(':').unwrap();
            let target = format!("assets/{space}/textures/{path}.png");
            assert!(pack.files.contains_key(&target), "{name} names {target}");
            seen += 1;
        }
    }
    assert_eq!(seen, 6);
}

#[test]
fn every_glyph_has_its_own_shape_within_its_cell() {
    let pack = starter();
    let sheet = picture(&pack, "assets/uncanny/textures/font/ascii.png");
    let mut shapes = BTreeSet::new();
    for code in 33..127 {
        let cell = sheet.crop(code % 16 * 8, code / 16 * 8, 8, 8);
        let ink: Vec<bool> = cell.pixels().iter().map(|p| p[3] > 0).collect();
        assert!(ink.iter().any(|i| *i), "{code} is empty");
        assert!(
            (0..8).all(|y| !ink[y * 8 + 7]),
            "{code} touches the next glyph"
        );
        shapes.insert(ink);
    }
    assert_eq!(shapes.len(), 94);
}
