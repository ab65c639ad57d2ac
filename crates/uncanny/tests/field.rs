//! What packs found in the field are like: plans and conversions without a network, on made and, where they are at
//! hand, on real ones.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    unreachable_pub,
    reason = "tests say what they skip and may panic; their helpers are shared"
)]

mod common;

use std::path::Path;

use common::*;
use uncanny::{Action, Outcome, together};
use uncanny_pack::AssetKind;
use uncanny_texture::{RgbaImage, encode};

/// How far a component of a normal may be from that of the texel it was made of.
const NEAR: f32 = 0.02;

fn normal([r, g, _, _]: [u8; 4]) -> [f32; 3] {
    let (x, y) = (f32::from(r) / 127.5 - 1.0, f32::from(g) / 127.5 - 1.0);
    [x, y, (1.0 - x * x - y * y).max(0.0).sqrt()]
}

/// Compares what was made of each flat texel with it; how many there were, and how far the farthest was. Flat is where
/// two texels around, over the edges too, lean alike but for a level: as far as any interpolation looks.
fn flat_texels(before: &RgbaImage, after: &RgbaImage) -> (usize, f32) {
    let (width, height) = before.dimensions();
    let scale = after.width() / width;
    assert_eq!(after.dimensions(), (width * scale, height * scale));
    let at = |x: u32, y: u32| before.get_pixel(x % width, y % height).0;
    let (mut count, mut farthest) = (0, 0.0_f32);
    for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
        let around = (0..25).map(|i| at(x + width - 2 + i % 5, y + height - 2 + i / 5));
        let here = at(x, y);
        let alike = |texel: [u8; 4]| (0..2).all(|c| texel[c].abs_diff(here[c]) <= 1);
        if !around.into_iter().all(alike) {
            continue;
        }
        count += 1;
        let wanted = normal(at(x, y));
        for (dx, dy) in (0..scale).flat_map(|dy| (0..scale).map(move |dx| (dx, dy))) {
            let made = normal(after.get_pixel(x * scale + dx, y * scale + dy).0);
            for (made, wanted) in made.iter().zip(wanted) {
                farthest = farthest.max((made - wanted).abs());
            }
        }
    }
    (count, farthest)
}

/// A map that leans in its middle and is flat around.
fn normals() -> Vec<u8> {
    let map = RgbaImage::from_fn(16, 16, |x, y| {
        let inside = (6..10).contains(&x) && (6..10).contains(&y);
        if inside {
            [160, 100, 230, 255].into()
        } else {
            [128, 128, 255, 255].into()
        }
    });
    encode(&map).unwrap()
}

fn block(name: &str, bytes: Vec<u8>) -> (String, Vec<u8>) {
    file(format!("{BLOCKS}/{name}.png"), bytes)
}

#[test]
fn maps_without_their_bases_stay_data() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.zip"), folder.path().join("out.zip"));
    let files = vec![
        meta(),
        // Named as a pair; known by its pixels alone; named alike, and no map.
        block("spruce_planks_n", normals()),
        block("spruce_planks_s", png(1, 16, 16)),
        block("oak_log_n", normals()),
        block("tower_n", png(2, 16, 16)),
        block("a", png(3, 16, 16)),
        block("b", png(4, 16, 16)),
        block("c", png(5, 16, 16)),
        block("d", png(6, 16, 16)),
        block("e", png(7, 16, 16)),
    ];
    write_zip(&input, &files);
    let planned = plan(&input, "", 8);
    let kind = |name: &str| {
        let row = planned.rows.iter().find(|row| row.name.ends_with(name));
        row.unwrap().kind.unwrap()
    };
    assert_eq!(kind("spruce_planks_n.png"), AssetKind::NormalMap);
    assert_eq!(kind("spruce_planks_s.png"), AssetKind::SpecularMap);
    assert_eq!(kind("oak_log_n.png"), AssetKind::NormalMap);
    assert_eq!(kind("tower_n.png"), AssetKind::Block);
    let report = convert(&input, &output, "", 8);
    assert_eq!((report.exit_code(), report.counts.enhanced), (0, 9));
    let after = read_zip(&output);
    for name in ["spruce_planks_n", "oak_log_n"] {
        let made = after.iter().find(|(found, _)| found.contains(name));
        let (count, farthest) = flat_texels(&image(&normals()), &image(&made.unwrap().1));
        assert!(
            count > 100 && farthest <= NEAR,
            "{name}: {count} {farthest}"
        );
    }
}

#[test]
fn the_normals_of_a_real_add_on_stay_where_they_are_flat() {
    let Some(packs) = real_packs() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (
        packs.join("SimpleLabPBR.zip"),
        folder.path().join("out.zip"),
    );
    if !input.exists() {
        eprintln!("skipped: SimpleLabPBR.zip is not at hand");
        return;
    }
    let report = convert(&input, &output, "", 8);
    assert_eq!(report.exit_code(), 0);
    let (before, after) = (read_zip(&input), read_zip(&output));
    let (mut maps, mut texels, mut worst) = (0, 0, 0.0_f32);
    for (name, bytes) in before.iter().filter(|(name, _)| name.ends_with("_n.png")) {
        let made = &after.iter().find(|(found, _)| found == name).unwrap().1;
        let (before, after) = (image(bytes), image(made));
        if before.dimensions() == after.dimensions() {
            // Of one colour: as it was.
            assert_eq!(before, after, "{name}");
            continue;
        }
        let (count, farthest) = flat_texels(&before, &after);
        assert!(farthest <= NEAR, "{name}: {farthest}");
        (maps, texels, worst) = (maps + 1, texels + count, worst.max(farthest));
    }
    println!("{maps} maps, {texels} flat texels, at most {worst} off");
    assert!(maps > 100 && texels > 500, "{maps} {texels}");
}

#[test]
fn a_mods_resources_and_a_jar_of_them_give_the_same_pack() {
    let Some(packs) = real_packs() else { return };
    let resources = packs.join("FarmersDelight-resources.zip");
    if !resources.exists() {
        eprintln!("skipped: FarmersDelight-resources.zip is not at hand");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut jar = read_zip(&resources);
    jar.push(file("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n"));
    jar.push(file(
        "vectorwing/farmersdelight/Mod.class",
        [0xca, 0xfe, 0xba, 0xbe],
    ));
    write_zip(&at("fd.jar"), &jar);
    // Twice is enough: what is compared are the packs.
    let from_zip = convert(&resources, &at("a.zip"), "scale = 2", 2);
    let from_jar = convert(&at("fd.jar"), &at("b.zip"), "scale = 2", 2);
    assert_eq!((from_zip.exit_code(), from_jar.exit_code()), (0, 0));
    let files = |name: &str| read_zip(&at(name));
    let sorted = |mut files: Files| {
        files.retain(|(name, _)| !name.ends_with('/'));
        files.sort();
        files
    };
    let made = sorted(files("a.zip"));
    assert!(made == sorted(files("b.zip")));
    assert!(made.len() > 500, "{}", made.len());
    for (name, _) in &made {
        assert!(
            name.starts_with("assets/") || name == "pack.mcmeta",
            "{name}"
        );
    }
    let left = from_jar
        .left_out
        .iter()
        .map(|left| left.files)
        .sum::<usize>();
    assert!(left > 100, "{left}");
}

#[test]
fn glyphs_grow_as_far_as_the_game_draws_them() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.zip");
    let font = r#"{"providers":[
        {"type":"bitmap","file":"item/badge.png","height":16,"ascent":7,"chars":["a"]},
        {"type":"bitmap","file":"font/small.png","height":8,"ascent":7,"chars":["b"]},
        {"type":"bitmap","file":"font/wide.png","height":32,"ascent":7,"chars":["c"]}]}"#;
    let textures = "assets/minecraft/textures";
    let files = vec![
        meta(),
        file("assets/minecraft/font/default.json", font),
        file(format!("{textures}/item/badge.png"), png(1, 64, 16)),
        file(format!("{textures}/font/small.png"), png(2, 8, 8)),
        file(format!("{textures}/font/wide.png"), png(3, 200, 32)),
    ];
    write_zip(&input, &files);
    let planned = plan(&input, "", 8);
    let row = |name: &str| {
        let row = planned.rows.iter().find(|row| row.name.ends_with(name));
        let row = row.unwrap();
        (row.action, row.size_out.unwrap())
    };
    assert_eq!(row("badge.png"), (Action::Enhance, (256, 64)));
    assert_eq!(row("small.png"), (Action::Enhance, (64, 64)));
    assert_eq!(row("wide.png"), (Action::Copy, (200, 32)));
    let output = folder.path().join("out.zip");
    let report = convert(&input, &output, "", 8);
    assert_eq!(outcome(&report, "badge.png"), Outcome::Enhanced);
    let after = read_zip(&output);
    let badge = after.iter().find(|(name, _)| name.ends_with("badge.png"));
    assert_eq!(image(&badge.unwrap().1).dimensions(), (256, 64));
}

#[test]
fn a_pack_without_textures_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.zip");
    let says = |files: &Files| {
        write_zip(&input, files);
        let warnings = plan(&input, "", 8).warnings;
        warnings
            .iter()
            .any(|warning| warning.contains("no textures"))
    };
    let mut files = vec![meta(), file("pack.png", png(1, 64, 64))];
    assert!(says(&files));
    files.push(block("stone", png(2, 16, 16)));
    assert!(!says(&files));
}

fn planned(folder: &Path, name: &str, files: Files) -> uncanny::Plan {
    let path = folder.join(name);
    write_zip(&path, &files);
    plan(&path, "", 8)
}

#[test]
fn sprites_that_spoil_the_mipmaps_of_an_atlas_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let fine = vec![
        meta(),
        block("a", png(1, 16, 16)),
        // Eight times as large they can be halved often enough.
        block("b", png(2, 18, 18)),
    ];
    assert_eq!(
        planned(folder.path(), "a.zip", fine.clone()).advice,
        [""; 0]
    );
    let mut odd = fine;
    odd.push(block("large", png(3, 100, 100)));
    odd.push(block("larger", png(4, 250, 250)));
    // Interface sprites are never halved.
    let gui = "assets/minecraft/textures/gui/sprites/odd.png";
    odd.push(file(gui, png(5, 1001, 1001)));
    let advice = planned(folder.path(), "b.zip", odd).advice;
    assert_eq!(advice.len(), 1, "{advice:?}");
    for part in [
        "1 of 4 levels",
        "larger.png (250x250)",
        "large.png (100x100)",
    ] {
        assert!(advice[0].contains(part), "{advice:?}");
    }
    assert!(!advice[0].contains("odd.png"), "{advice:?}");
}

#[test]
fn packs_laid_over_each_other_fill_one_atlas() {
    let folder = tempfile::tempdir().unwrap();
    let one = vec![
        meta(),
        block("a", png(1, 16, 16)),
        block("b", png(2, 16, 16)),
    ];
    let other = vec![
        meta(),
        block("b", png(3, 32, 32)),
        block("c", png(4, 16, 16)),
    ];
    let plans = [
        planned(folder.path(), "a.zip", one),
        planned(folder.path(), "b.zip", other),
    ];
    let (atlases, warnings) = together(&plans);
    let [blocks] = atlases.as_slice() else {
        panic!("{atlases:?}")
    };
    assert_eq!((blocks.atlas.as_str(), blocks.sprites), ("blocks", 3));
    let pixels = 16.0 * 16.0 + 32.0 * 32.0 + 16.0 * 16.0;
    assert!((blocks.megapixels_in * 1e6 - pixels).abs() < 0.5);
    assert!((blocks.megapixels_out * 1e6 - pixels * 64.0).abs() < 0.5);
    assert_eq!(warnings, [""; 0]);
}
