//! The rules on the real packs that developers keep beside the repository; skipped, saying so, where absent.

use std::{collections::BTreeMap, path::Path, time::Instant};

use uncanny_texture::Edges;

use super::*;
use crate::PackLimits;

/// A pack, its rules, and the rule of each of its textures.
type Real = (Pack, Rules, Vec<(String, TextureRule)>);

/// A pack of ../shared, its rules and every texture's; `None`, saying so, where it is absent.
fn real(name: &str) -> Option<Real> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/packs")
        .join(name);
    if !path.exists() {
        eprintln!("skipped: {name} is not at hand");
        return None;
    }
    let pack = Pack::open(&path, &PackLimits::default()).unwrap();
    let start = Instant::now();
    let rules = Rules::read(&pack);
    let textures: Vec<_> = pack
        .entries()
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.name.ends_with(".png"))
        .map(|(index, entry)| {
            let size = uncanny_texture::probe(&pack.read(index).unwrap()).unwrap();
            (entry.name.clone(), rules.texture(&entry.name, size))
        })
        .collect();
    eprintln!(
        "{name}: {} textures in {:?}",
        textures.len(),
        start.elapsed()
    );
    Some((pack, rules, textures))
}

/// Counts kinds and treatments.
fn census(textures: &[(String, TextureRule)]) -> BTreeMap<(AssetKind, Treatment), usize> {
    let mut census = BTreeMap::new();
    for (_, rule) in textures {
        *census.entry((rule.kind, rule.treatment)).or_default() += 1;
    }
    census
}

/// Checks the counts, and that no rule's cells leave their image or overlap.
fn expect(name: &str, expected: &[(AssetKind, usize, usize)]) -> Option<Real> {
    let start = Instant::now();
    let (pack, rules, textures) = real(name)?;
    assert!(
        start.elapsed().as_secs_f64() < 2.0,
        "{name} took {:?}",
        start.elapsed()
    );
    let mut found: BTreeMap<AssetKind, (usize, usize)> = BTreeMap::new();
    for ((kind, treatment), count) in census(&textures) {
        let counts = found.entry(kind).or_default();
        match treatment {
            Treatment::Enhance => counts.0 += count,
            _ => counts.1 += count,
        }
    }
    let expected: BTreeMap<_, _> = expected
        .iter()
        .map(|&(kind, enhanced, copied)| (kind, (enhanced, copied)))
        .collect();
    assert_eq!(found, expected, "{name}: kind -> (enhanced, copied)");
    assert_eq!(rules.notes(), [], "{name}");
    assert_eq!(rules.resolution(), 16, "{name}");
    for (texture, rule) in &textures {
        let index = pack.find(texture).unwrap();
        let (width, height) = uncanny_texture::probe(&pack.read(index).unwrap()).unwrap();
        let mut taken = vec![false; (width * height) as usize];
        for cell in &rule.cells {
            for y in cell.rect.y..cell.rect.y + cell.rect.height {
                for x in cell.rect.x..cell.rect.x + cell.rect.width {
                    let texel = &mut taken[(y * width + x) as usize];
                    assert!(x < width && !*texel, "{texture}: {cell:?}");
                    *texel = true;
                }
            }
        }
    }
    Some((pack, rules, textures))
}

/// The sidecars and properties that change at 8x when every enhanced texture grows.
fn edited(pack: &Pack, rules: &Rules, textures: &[(String, TextureRule)]) -> Vec<String> {
    let grows: std::collections::HashSet<&str> = textures
        .iter()
        .filter(|(_, rule)| rule.treatment == Treatment::Enhance)
        .map(|(name, _)| name.as_str())
        .collect();
    let scale = Scale::new(8).unwrap();
    pack.entries()
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.name.ends_with(".mcmeta") || entry.name.ends_with(".properties"))
        .filter(|(index, entry)| {
            let bytes = pack.read(*index).unwrap();
            let edited = rules.companion(&entry.name, &bytes, scale, &|name| grows.contains(name));
            edited.unwrap().is_some()
        })
        .map(|(_, entry)| entry.name.clone())
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect()
}

#[test]
fn avalanche() {
    use AssetKind as K;
    let expected = [
        (K::Block, 60, 0),
        (K::Item, 41, 0),
        (K::Entity, 9, 0),
        (K::Equipment, 10, 0),
        (K::Gui, 30, 0),
        // Two logos are high already; the others' `height` says that they are not.
        (K::Font, 43, 9),
        (K::PackIcon, 0, 1),
    ];
    let Some((pack, rules, textures)) = expect("Avalanche.zip", &expected) else {
        return;
    };
    assert_eq!(rules.fonts.providers, 45);
    let animated = rules
        .sidecars
        .values()
        .filter(|sidecar| sidecar.animation.is_some())
        .count();
    assert_eq!(animated, 27);
    assert_eq!(edited(&pack, &rules, &textures), [] as [String; 0]);
}

#[test]
fn dungeons_hotbar() {
    use AssetKind as K;
    let expected = [
        (K::Gui, 67, 1),
        (K::GuiSheet, 1, 1),
        (K::Font, 3, 0),
        (K::PackIcon, 0, 1),
    ];
    let Some((_, _, textures)) = expect("DartCat25-DungeonsHotbar.zip", &expected) else {
        return;
    };
    let overlaid = textures
        .iter()
        .filter(|(name, _)| name.starts_with("1.20.2/"))
        .count();
    assert_eq!(overlaid, 68);
}

#[test]
fn simple_lab_pbr() {
    use AssetKind as K;
    let expected = [
        (K::NormalMap, 137, 0),
        (K::SpecularMap, 137, 0),
        (K::Block, 4, 0),
        (K::PackIcon, 0, 1),
    ];
    expect("SimpleLabPBR.zip", &expected);
}

#[test]
fn farmers_delight() {
    let Some((pack, _, textures)) = real("FarmersDelight-resources.zip") else {
        return;
    };
    let names = pack.entries().iter().map(|entry| entry.name.as_str());
    let strange = names.filter(|name| !name.starts_with("assets/") && *name != "pack.mcmeta");
    assert_eq!(strange.collect::<Vec<_>>(), [] as [&str; 0]);
    let left: Vec<&str> = textures
        .iter()
        .filter(|(_, rule)| !rule.sure)
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(left, [] as [&str; 0]);
}

#[test]
fn programmer_art() {
    use AssetKind as K;
    let expected = [(K::Block, 430, 0), (K::Item, 357, 1), (K::PackIcon, 0, 1)];
    let Some((_, _, textures)) = expect("ProgrammerArt.zip", &expected) else {
        return;
    };
    let compass = textures
        .iter()
        .find(|(name, _)| name.ends_with("items/compass.png"))
        .unwrap();
    assert_eq!(compass.1.cells.len(), 8);
}

#[test]
fn pixel_perfection() {
    use AssetKind as K;
    let expected = [
        (K::Block, 924, 0),
        (K::Item, 440, 0),
        (K::Entity, 449, 0),
        (K::Equipment, 23, 0),
        (K::GuiSheet, 46, 8),
        (K::Font, 2, 0),
        (K::Particle, 95, 0),
        (K::Painting, 28, 0),
        (K::Environment, 3, 2),
        (K::Clouds, 0, 1),
        (K::Colormap, 0, 10),
        (K::Misc, 3, 0),
        (K::Ctm, 718, 0),
        (K::Sky, 0, 21),
        (K::Panorama, 0, 6),
        (K::Title, 0, 3),
        (K::Picture, 0, 7),
        (K::PackIcon, 0, 1),
        (K::MobEffect, 32, 0),
        (K::Map, 2, 1),
        (K::Banner, 86, 0),
        (K::Lightmap, 0, 1),
        (K::Unknown, 0, 1),
    ];
    let Some((pack, rules, textures)) = expect("PixelPerfectionCE.zip", &expected) else {
        return;
    };
    let animated = rules
        .sidecars
        .values()
        .filter(|sidecar| sidecar.animation.is_some())
        .count();
    assert_eq!(animated, 70);
    assert_eq!(
        edited(&pack, &rules, &textures),
        [
            "assets/minecraft/textures/entity/conduit/wind.png.mcmeta",
            "assets/minecraft/textures/entity/conduit/wind_vertical.png.mcmeta",
        ]
    );
    let rule = |end: &str| {
        let (_, rule) = textures
            .iter()
            .find(|(name, _)| name.ends_with(end))
            .unwrap();
        rule
    };
    assert_eq!(rule("block/bricks1.png").cells[0].edges, Edges::WRAP);
    assert_eq!(
        rule("textures/block/rail.png").cells[0].edges,
        Edges::WRAP_Y
    );
    assert_eq!(rule("ctm/iron_block/0.png").cells[0].edges, Edges::CLAMP);
    assert_eq!(rule("ctm/nether_bricks/0.png").cells[0].edges, Edges::WRAP);
    assert!(rule("entity/spider_eyes.png").keep_hidden_rgb);
}
