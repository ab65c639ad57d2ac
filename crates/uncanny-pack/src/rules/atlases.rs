//! Atlases: which textures the game packs together, and which it recolours through palettes.
//!
//! The colours of a texture in `paletted_permutations.textures` are looked up exactly in its
//! `palette_key`; unknown ones stay grey \[C\]; palettes never change length \[C/M\]. Sources: `single`, `directory`,
//! `unstitch`, `paletted_permutations` (1.19.3 and newer) \[C\]. Models name sprites, and what a source calls a sprite may
//! differ from its texture: `sprite`, `prefix`, the sprites of `regions`, `<texture>_<permutation>` \[C\].

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;
use uncanny_texture::Rect;

use super::{paths::full_id, rule::Atlas};

/// The palette of trims when a trim is in no atlas of the pack.
pub(super) const TRIM_KEY: &str = "minecraft:trims/color_palettes/trim_palette";

/// What all atlas files of a pack say. Identifiers are full: `minecraft:block/stone`.
#[derive(Debug, Default)]
pub(super) struct Atlases {
    members: HashMap<String, Atlas>,
    /// Folders, `trims/items/`, of any namespace, and what their sprites' names have in place of that.
    folders: Vec<(String, String, Atlas)>,
    /// The names of a texture's sprites, where they are not its own.
    sprites: HashMap<String, Vec<String>>,
    /// Palette-keyed texture -> the palette that is its key.
    keyed: HashMap<String, String>,
    /// Keyed folders, for packs that name one where a texture is meant.
    palettes: BTreeSet<String>,
    sheets: HashMap<String, Vec<Region>>,
}

/// A sprite that an `unstitch` source cuts out of a texture.
#[derive(Debug)]
struct Region {
    sprite: Option<String>,
    /// Left, top, width and height as fractions of the image.
    part: [f64; 4],
}

/// The atlas of a file `atlases/<name>.json`.
fn atlas(name: &str) -> Atlas {
    match name {
        "blocks" => Atlas::Blocks,
        "items" => Atlas::Items,
        "gui" => Atlas::Gui,
        "particles" => Atlas::Particles,
        "paintings" => Atlas::Paintings,
        "mob_effects" => Atlas::MobEffects,
        "map_decorations" => Atlas::MapDecorations,
        "armor_trims" => Atlas::ArmorTrims,
        _ => Atlas::Other,
    }
}

impl Atlases {
    /// Adds a parsed atlas file of that name (without `.json`).
    pub(super) fn add(&mut self, name: &str, json: &Value) {
        let atlas = atlas(name);
        let Some(sources) = json.get("sources").and_then(Value::as_array) else {
            return;
        };
        for source in sources {
            let text = |key: &str| source.get(key).and_then(Value::as_str);
            let kind = text("type").unwrap_or_default();
            match kind.strip_prefix("minecraft:").unwrap_or(kind) {
                "single" => {
                    if let Some(id) = text("resource") {
                        let id = full_id(id);
                        if let Some(sprite) = text("sprite") {
                            self.add_sprite(&id, full_id(sprite));
                        }
                        self.members.insert(id, atlas);
                    }
                }
                "directory" => {
                    if let Some(folder) = text("source") {
                        let folder = folder.trim_end_matches('/');
                        let folder = format!("{folder}/");
                        let prefix = text("prefix").unwrap_or(&folder).to_owned();
                        self.folders.push((folder, prefix, atlas));
                    }
                }
                "unstitch" => {
                    if let Some(id) = text("resource") {
                        self.members.insert(full_id(id), atlas);
                        self.sheets.insert(full_id(id), regions(source));
                    }
                }
                "paletted_permutations" => self.add_paletted(source, atlas),
                _ => {}
            }
        }
    }

    fn add_paletted(&mut self, source: &Value, atlas: Atlas) {
        let Some(key) = source.get("palette_key").and_then(Value::as_str) else {
            return;
        };
        let key = full_id(key);
        self.palettes.insert(key.clone());
        let permutations = source.get("permutations").and_then(Value::as_object);
        let permutations = || permutations.into_iter().flatten();
        for (_, palette) in permutations() {
            if let Some(id) = palette.as_str() {
                self.palettes.insert(full_id(id));
            }
        }
        let separator = source
            .get("separator")
            .and_then(Value::as_str)
            .unwrap_or("_");
        let textures = source.get("textures").and_then(Value::as_array);
        for texture in textures.into_iter().flatten() {
            if let Some(id) = texture.as_str() {
                let id = full_id(id.trim_end_matches('/'));
                self.members.entry(id.clone()).or_insert(atlas);
                for (permutation, _) in permutations() {
                    self.add_sprite(&id, format!("{id}{separator}{permutation}"));
                }
                self.keyed.insert(id, key.clone());
            }
        }
    }

    fn add_sprite(&mut self, texture: &str, sprite: String) {
        self.sprites
            .entry(texture.to_owned())
            .or_default()
            .push(sprite);
    }

    /// The names of the sprites that are a whole texture, beside its own.
    pub(super) fn sprites(&self, id: &str) -> impl Iterator<Item = String> {
        let named = self.sprites.get(id).into_iter().flatten().cloned();
        let (namespace, path) = id.split_once(':').unwrap_or(("", id));
        let renamed = self.folders.iter().filter_map(move |(folder, prefix, _)| {
            let rest = path.strip_prefix(folder.as_str())?;
            (folder != prefix).then(|| format!("{namespace}:{prefix}{rest}"))
        });
        named.chain(renamed)
    }

    /// The palette that keys a texture: named itself, or by its folder.
    pub(super) fn key(&self, id: &str) -> Option<&str> {
        self.keyed.get(id).map(String::as_str).or_else(|| {
            let mut folder = id;
            while let Some((above, _)) = folder.rsplit_once('/') {
                if let Some(key) = self.keyed.get(above) {
                    return Some(key.as_str());
                }
                folder = above;
            }
            None
        })
    }

    /// Whether a texture is a palette.
    pub(super) fn is_palette(&self, id: &str) -> bool {
        self.palettes.contains(id)
    }

    /// Notes that a sidecar names a palette.
    pub(super) fn add_palette(&mut self, id: String) {
        self.palettes.insert(id);
    }

    /// The atlas that names a texture, itself or by folder.
    pub(super) fn atlas(&self, id: &str) -> Option<Atlas> {
        self.members.get(id).copied().or_else(|| {
            let (_, path) = id.split_once(':')?;
            self.folders
                .iter()
                .find(|(folder, ..)| path.starts_with(folder.as_str()))
                .map(|(.., atlas)| *atlas)
        })
    }

    /// The rectangles an `unstitch` source cuts out of a texture of that size, where they fall on whole pixels, and the
    /// name of each as a sprite.
    pub(super) fn regions(&self, id: &str, size: (u32, u32)) -> Option<Vec<(Rect, Option<&str>)>> {
        let regions = self.sheets.get(id)?;
        regions
            .iter()
            .map(|Region { sprite, part }| {
                let pixels = |fraction: f64, side: u32| {
                    let pixels = fraction * f64::from(side);
                    let whole = pixels.round();
                    ((pixels - whole).abs() < 1e-3 && whole >= 0.0).then_some(whole as u32)
                };
                let [x, y, width, height] = *part;
                let rect = Rect {
                    x: pixels(x, size.0)?,
                    y: pixels(y, size.1)?,
                    width: pixels(width, size.0)?,
                    height: pixels(height, size.1)?,
                };
                Some((rect, sprite.as_deref()))
            })
            .collect()
    }
}

/// The regions of an `unstitch` source.
fn regions(source: &Value) -> Vec<Region> {
    let divisor = |key: &str| source.get(key).and_then(Value::as_f64).unwrap_or(1.0);
    let (across, down) = (divisor("divisor_x"), divisor("divisor_y"));
    let list = source.get("regions").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|region| {
            let number = |key: &str| region.get(key).and_then(Value::as_f64);
            let part = [
                number("x")? / across,
                number("y")? / down,
                number("width")? / across,
                number("height")? / down,
            ];
            Some(Region {
                sprite: region.get("sprite").and_then(Value::as_str).map(full_id),
                part,
            })
        })
        .filter(|region| region.part.iter().all(|fraction| fraction.is_finite()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_source() {
        let mut atlases = Atlases::default();
        atlases.add(
            "blocks",
            &serde_json::json!({"sources": [
                {"type": "single", "resource": "custom/a"},
                {"type": "single", "resource": "custom/b", "sprite": "x:block/other"},
                {"type": "minecraft:directory", "source": "decor", "prefix": "decor/"},
                {"type": "directory", "source": "raw/blocks", "prefix": "block/"},
                {"type": "unstitch", "resource": "x:sheet", "divisor_x": 2, "divisor_y": 1,
                 "regions": [{"sprite": "l", "x": 0, "y": 0, "width": 1, "height": 1},
                             {"sprite": "r", "x": 1, "y": 0, "width": 1, "height": 1}]},
                {"type": "paletted_permutations", "palette_key": "p/key",
                 "permutations": {"red": "x:p/red"}, "textures": ["trims/items/t", "trims/all/"]},
                {"type": "paletted_permutations"}, {"type": 3}, null
            ]}),
        );
        assert_eq!(atlases.atlas("minecraft:custom/a"), Some(Atlas::Blocks));
        assert_eq!(atlases.atlas("x:decor/b"), Some(Atlas::Blocks));
        assert_eq!(atlases.atlas("x:decoration"), None);
        assert_eq!(
            atlases.key("minecraft:trims/items/t"),
            Some("minecraft:p/key")
        );
        assert_eq!(
            atlases.key("minecraft:trims/all/deep/u"),
            Some("minecraft:p/key")
        );
        assert_eq!(atlases.key("minecraft:custom/a"), None);
        assert!(atlases.is_palette("minecraft:p/key") && atlases.is_palette("x:p/red"));
        let sprites = |id: &str| atlases.sprites(id).collect::<Vec<_>>();
        assert_eq!(sprites("minecraft:custom/a"), [] as [&str; 0]);
        assert_eq!(sprites("minecraft:custom/b"), ["x:block/other"]);
        assert_eq!(sprites("x:decor/b"), [] as [&str; 0]);
        assert_eq!(sprites("y:raw/blocks/deep/c"), ["y:block/deep/c"]);
        assert_eq!(
            sprites("minecraft:trims/items/t"),
            ["minecraft:trims/items/t_red"]
        );
        let regions = atlases.regions("x:sheet", (32, 16)).unwrap();
        let (rect, sprite) = regions[1];
        assert_eq!((rect.x, rect.width, rect.height), (16, 16, 16));
        assert_eq!(sprite, Some("minecraft:r"));
        assert_eq!(atlases.regions("x:sheet", (31, 16)), None);
    }
}
