//! What of a pack the world shows: its block textures, the frames of those that move, its tints. Knows no engine.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use uncanny_pack::{Pack, PackLimits};
use uncanny_texture::{DecodeLimits, decode};

use crate::blocks::{Pass, Tint};
use crate::mesh::{Tile, Tiles};
use crate::names::{names, stand_ins, stands_free};
use crate::sequence::Sequence;

/// Most layers that a texture array has on the machines we know.
const MOST_LAYERS: u32 = 2048;

/// A texture of a block.
#[derive(Clone, Debug)]
pub(crate) struct Texture {
    /// Its path inside the pack.
    pub path: String,
    /// The first of its layers, one to a frame.
    pub layer: u32,
    /// How many frames it has.
    pub frames: u32,
    /// How wide a frame is, in pixels as painted.
    pub size: u32,
    /// Its steps.
    pub tile: Tile,
    /// The mesh that a cube of it belongs to.
    pub pass: Pass,
}

/// A pack, looked through.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalogue {
    /// All block textures, in the pack's order.
    pub textures: Vec<Texture>,
    /// All steps of all textures: a layer, the one after it (12 bits each) and how far between (8 bits).
    pub steps: Vec<u32>,
    /// How many layers there are.
    pub layers: u32,
    /// Entity textures that it has, by the name that the demo asks for.
    pub entities: BTreeMap<&'static str, String>,
    /// What could not be shown as it should.
    pub notes: Vec<String>,
    /// What stands free and has no texture, nor any of its kind: a cube's would be no better than nothing.
    pub left_away: BTreeSet<&'static str>,
    by_name: HashMap<String, usize>,
    tints: HashMap<Tint, [f32; 3]>,
}

/// The demo's mobs and where their textures may be.
const ENTITIES: [(&str, &[&str]); 3] = [
    (
        "pig",
        &["pig/pig_temperate", "pig/temperate_pig", "pig/pig"],
    ),
    ("slime", &["slime/slime"]),
    ("villager", &["villager/villager"]),
];

impl Catalogue {
    /// Looks through a pack.
    ///
    /// # Errors
    /// When it cannot be opened, or has no block textures.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let pack = Pack::open(path, &PackLimits::default())
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let mut catalogue = Self::default();
        let mut found: Vec<(&str, &str, usize)> = Vec::new();
        for (index, entry) in pack.entries().iter().enumerate() {
            let inside = entry.name.as_str();
            let mut parts = inside.splitn(3, '/');
            let (Some("assets"), Some(_), Some(rest)) = (parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            let name = rest
                .strip_prefix("textures/block/")
                .or(rest.strip_prefix("textures/blocks/"));
            let Some(name) = name.and_then(|name| name.strip_suffix(".png")) else {
                continue;
            };
            // Maps of light and relief are no pictures.
            if !(name.ends_with("_n") || name.ends_with("_s")) {
                found.push((inside, name, index));
            }
        }
        let mut left_out = 0;
        for (inside, name, index) in found {
            let picture = pack.read(index).map_err(|error| error.to_string());
            let picture = picture.and_then(|bytes| {
                decode(&bytes, &DecodeLimits::default()).map_err(|error| error.to_string())
            });
            let picture = match picture {
                Ok(picture) => picture.image,
                Err(error) => {
                    catalogue.notes.push(format!("{inside}: {error}"));
                    continue;
                }
            };
            let sidecar = pack.find(&format!("{inside}.mcmeta"));
            let sidecar = sidecar.and_then(|index| pack.read(index).ok());
            let sequence = Sequence::of(picture.dimensions(), sidecar.as_deref());
            if catalogue.layers + sequence.frames > MOST_LAYERS {
                left_out += 1;
                continue;
            }
            catalogue.add(inside, name, &picture, &sequence);
        }
        if left_out > 0 {
            catalogue.notes.push(format!(
                "{left_out} textures are left out: the world has room for {MOST_LAYERS} layers"
            ));
        }
        if catalogue.textures.is_empty() {
            return Err(format!(
                "{}: the pack has no textures in assets/*/textures/block",
                path.display()
            ));
        }
        catalogue.find_entities(&pack);
        catalogue.find_tints(&pack);
        catalogue.find_stand_ins();
        Ok(catalogue)
    }

    fn add(&mut self, inside: &str, name: &str, picture: &image::RgbaImage, sequence: &Sequence) {
        let first = u32::try_from(self.steps.len()).unwrap_or(u32::MAX);
        self.steps.extend(sequence.steps(self.layers));
        let (mut clear, mut mixed) = (0u32, 0u32);
        for pixel in picture.pixels() {
            clear += u32::from(pixel.0[3] == 0);
            mixed += u32::from(!matches!(pixel.0[3], 0 | 255));
        }
        let pass = match (clear, mixed) {
            (0, 0) => Pass::Opaque,
            (_, 0) => Pass::Cutout,
            _ => Pass::Translucent,
        };
        // The game's own namespace wins.
        let here = self.textures.len();
        if inside.starts_with("assets/minecraft/") || !self.by_name.contains_key(name) {
            self.by_name.insert(name.to_owned(), here);
        }
        self.textures.push(Texture {
            path: inside.to_owned(),
            layer: self.layers,
            frames: sequence.frames,
            size: picture.width(),
            tile: Tile {
                first,
                steps: u32::try_from(self.steps.len()).unwrap_or(u32::MAX) - first,
            },
            pass,
        });
        self.layers += sequence.frames;
    }

    fn find_entities(&mut self, pack: &Pack) {
        for (name, places) in ENTITIES {
            let paths = places
                .iter()
                .map(|place| format!("assets/minecraft/textures/entity/{place}.png"));
            let found = paths.clone().find(|path| pack.find(path).is_some());
            match found {
                Some(path) => {
                    self.entities.insert(name, path);
                }
                None => self
                    .notes
                    .push(format!("no texture for the {name}: it stays away")),
            }
        }
    }

    /// Plains, as the game colours them.
    fn find_tints(&mut self, pack: &Pack) {
        let map = |name: &str| {
            let index = pack.find(&format!("assets/minecraft/textures/colormap/{name}.png"))?;
            let picture = decode(&pack.read(index).ok()?, &DecodeLimits::default())
                .ok()?
                .image;
            // Temperature 0.8, rainfall 0.4.
            let (x, y) = (51 * picture.width() / 256, 173 * picture.height() / 256);
            let [r, g, b, _] = picture
                .get_pixel_checked(x.min(picture.width() - 1), y.min(picture.height() - 1))?
                .0;
            Some([r, g, b])
        };
        let grass = map("grass").unwrap_or([0x91, 0xBD, 0x59]);
        let foliage = map("foliage").unwrap_or([0x77, 0xAB, 0x2F]);
        for (tint, colour) in [
            (Tint::None, [255; 3]),
            (Tint::Grass, grass),
            (Tint::Foliage, foliage),
            (Tint::Birch, [0x80, 0xA7, 0x55]),
            (Tint::Water, [0x3F, 0x76, 0xE4]),
        ] {
            self.tints.insert(tint, colour.map(linear));
        }
    }

    fn find_stand_ins(&mut self) {
        let mut missing = Vec::new();
        for name in names() {
            if !self.by_name.contains_key(name) {
                let stand_in = stand_ins(name)
                    .iter()
                    .find_map(|other| self.by_name.get(*other).copied());
                missing.push(name);
                if stand_in.is_none() && stands_free(name) {
                    self.left_away.insert(name);
                    continue;
                }
                let solid = || {
                    let mut all = self.textures.iter();
                    all.position(|texture| texture.pass == Pass::Opaque)
                };
                let stand_in = stand_in.or_else(solid).unwrap_or(0);
                self.by_name.insert(name.to_owned(), stand_in);
            }
        }
        if !missing.is_empty() {
            self.notes.push(format!(
                "not in this pack, others of their kind stand in, if there are any: {}",
                missing.join(", ")
            ));
        }
    }
}

impl Tiles for Catalogue {
    fn named(&self, name: &str) -> Tile {
        let index = self.by_name.get(name).copied().unwrap_or(0);
        self.textures
            .get(index)
            .map_or(Tile::default(), |texture| texture.tile)
    }

    fn sample(&self, number: u16) -> (Tile, Pass, Tint) {
        let Some(texture) = self.textures.get(usize::from(number)) else {
            return (Tile::default(), Pass::Opaque, Tint::None);
        };
        let name = texture.path.rsplit('/').next().unwrap_or_default();
        let tint = match name.trim_end_matches(".png") {
            "grass_block_top"
            | "grass_block_side_overlay"
            | "short_grass"
            | "fern"
            | "grass"
            | "grass_top"
            | "grass_side_overlay"
            | "tallgrass" => Tint::Grass,
            "birch_leaves" | "leaves_birch" => Tint::Birch,
            name if name.ends_with("_leaves") || name.starts_with("leaves_") || name == "vine" => {
                Tint::Foliage
            }
            name if name.starts_with("water_") => Tint::Water,
            _ => Tint::None,
        };
        (texture.tile, texture.pass, tint)
    }

    fn tint(&self, tint: Tint) -> [f32; 3] {
        self.tints.get(&tint).copied().unwrap_or([1.0; 3])
    }

    fn overlay(&self) -> Option<Tile> {
        let names = ["grass_block_side_overlay", "grass_side_overlay"];
        let index = names.iter().find_map(|name| self.by_name.get(*name))?;
        self.textures.get(*index).map(|texture| texture.tile)
    }
}

fn linear(value: u8) -> f32 {
    (f32::from(value) / 255.0).powf(2.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starter() -> Catalogue {
        Catalogue::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/starter"))
            .expect("the starter pack")
    }

    #[test]
    fn the_starter_pack_lacks_nothing() {
        let catalogue = starter();
        assert!(catalogue.notes.is_empty(), "{:?}", catalogue.notes);
        assert!(
            catalogue.textures.len() > 70,
            "{}",
            catalogue.textures.len()
        );
        assert_eq!(catalogue.entities.len(), 3);
        assert_ne!(catalogue.tint(Tint::Grass), [1.0; 3]);
    }

    #[test]
    fn what_a_pack_lacks_is_replaced_by_its_kind_or_left_away() {
        let folder = tempfile::tempdir().expect("a folder");
        let textures = folder.path().join("assets/minecraft/textures/blocks");
        std::fs::create_dir_all(&textures).expect("a folder");
        std::fs::write(folder.path().join("pack.mcmeta"), "{}").expect("written");
        for (name, alpha) in [("glass", 0), ("log_oak", 255), ("tallgrass", 0)] {
            let picture = image::RgbaImage::from_pixel(16, 16, image::Rgba([9, 9, 9, alpha]));
            picture
                .save(textures.join(format!("{name}.png")))
                .expect("saved");
        }
        let catalogue = Catalogue::read(folder.path()).expect("a pack");
        let shown = |name: &str| {
            let index = catalogue.by_name.get(name)?;
            let path = &catalogue.textures.get(*index)?.path;
            path.rsplit('/').next().map(str::to_owned)
        };
        // By its name of old; by its kind; what there is, but nothing to see through.
        assert_eq!(shown("oak_log").as_deref(), Some("log_oak.png"));
        assert_eq!(shown("fern").as_deref(), Some("tallgrass.png"));
        assert_eq!(shown("stone").as_deref(), Some("log_oak.png"));
        // No cube's texture for a flower, nor what stands in for another.
        for name in ["poppy", "dandelion", "torch", "red_mushroom"] {
            assert!(catalogue.left_away.contains(name), "{name}");
        }
        assert!(!catalogue.left_away.contains("short_grass"));
        assert_eq!(catalogue.notes.len(), 4, "{:?}", catalogue.notes);
    }

    #[test]
    fn a_zip_is_the_same_as_its_folder() {
        let zip =
            Catalogue::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/starter.zip"))
                .expect("a zip");
        let folder = starter();
        let paths = |catalogue: &Catalogue| {
            let mut paths: Vec<String> = catalogue
                .textures
                .iter()
                .map(|texture| texture.path.clone())
                .collect();
            paths.sort();
            paths
        };
        assert_eq!(paths(&zip), paths(&folder));
    }
}
