//! The rules: for every texture of a pack, how it must be scaled, and why.
//!
//! [`Rules::read`] collects what the pack itself says (models, atlases, fonts, sidecars, OptiFine's properties) and
//! [`Rules::texture`] decides from that, the texture's name and its size. Knows no pixels: what depends on them
//! (tinted grey, single colours) is the caller's. Where a rule is not known to hold, the texture is copied and the
//! decision says that it is unsure.
//!
//! Each file states the source of its rules and how sure they are, with a letter each:
//! \[C\] how the game behaves, \[M\] its maker's own tools and schemas, \[D\] project documentation, \[T\] measured on a
//! pack, \[?\] not confirmed.

mod rule;

mod paths;
mod versions;

mod animation;
mod atlases;
mod faces;
mod fonts;
mod gui;
mod gui_sheets;
mod kinds;
mod models;
mod optifine;
mod resolution;

mod companion;
mod decide;
#[cfg(test)]
mod real_packs;
mod relations;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use serde_json::Value;
use uncanny_texture::Scale;

use crate::{Error, Pack, PackMeta, parse_json};

use animation::Animation;
use atlases::Atlases;
use fonts::Fonts;
use gui::Scaling;
use models::{Model, Models, Uses};
use optifine::{Anim, CtmRule, Method};
use paths::{AssetPath, stem};
use resolution::Resolution;
use versions::Versions;

pub use rule::{AssetKind, Atlas, Note, TextureRule, Treatment};

/// At most this many blocks and items are looked at to find the pack's resolution.
const PROBES: usize = 1024;

/// What a pack says about its own textures.
#[derive(Debug)]
pub struct Rules {
    versions: Versions,
    /// The roots of the pack: itself and its overlays, as prefixes of names.
    roots: Vec<String>,
    resolution: Resolution,
    /// Every texture by its name without root, and the entries of that name.
    textures: HashMap<String, Vec<String>>,
    uses: HashMap<String, Uses>,
    atlases: Atlases,
    fonts: Fonts,
    sidecars: HashMap<String, Sidecar>,
    ctm: HashMap<String, CtmUse>,
    /// Target or source of a copied animation -> its rules.
    anims: Vec<AnimUse>,
    /// The suffix of glowing overlays, in packs that have them.
    emissive: Option<String>,
    /// Whether any texture beside its base is a LabPBR normal map.
    has_normal_maps: bool,
    /// Whether the pack is one of material maps for textures that others have.
    only_maps: bool,
    notes: Vec<Note>,
}

/// What the rules need of a `.png.mcmeta`.
#[derive(Debug, Default)]
struct Sidecar {
    animation: Option<Animation>,
    scaling: Option<Scaling>,
    /// `palette.base_palette`: recoloured through it.
    palette: Option<String>,
}

/// The rule of connected textures that uses a tile.
#[derive(Debug, Clone)]
struct CtmUse {
    method: Method,
    base: Option<String>,
    /// The properties file.
    rule: String,
}

/// A copied animation with its textures found: names without root.
#[derive(Debug)]
struct AnimUse {
    /// The properties file.
    rule: String,
    from: Option<String>,
    to: Option<String>,
    frame: (u32, u32),
}

impl Rules {
    /// Reads whatever in a pack bears on its textures. What cannot be read is a note and treated as absent, as the
    /// game treats it.
    pub fn read(pack: &Pack) -> Self {
        let files = pack
            .entries()
            .iter()
            .filter(|entry| !entry.directory)
            .map(|entry| entry.name.as_str())
            .collect::<Vec<_>>();
        // Of entries with the same name the first counts, as in the game.
        let index: HashMap<&str, usize> = pack
            .entries()
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, entry)| !entry.directory)
            .map(|(index, entry)| (entry.name.as_str(), index))
            .collect();
        let read = |name: &str| {
            let entry = *index.get(name).ok_or("no such entry")?;
            pack.read(entry).map_err(|error| error.to_string())
        };
        Self::from_files(&files, pack.meta(), &read)
    }

    /// Whether the rules of a pack may hang on what is in a file of this name. Of pictures only the size counts.
    #[must_use]
    pub fn hang_on(name: &str) -> bool {
        [".json", ".mcmeta", ".properties"]
            .iter()
            .any(|end| name.ends_with(end))
    }

    /// The same from a list of names and a way to read them.
    fn from_files(
        files: &[&str],
        meta: &PackMeta,
        read: &dyn Fn(&str) -> Result<Vec<u8>, String>,
    ) -> Self {
        let overlays = meta.overlays.iter();
        let roots = std::iter::once(String::new())
            .chain(overlays.map(|overlay| format!("{}/", overlay.directory)))
            .collect();
        let mut rules = Self {
            versions: Versions::new(meta),
            roots,
            resolution: Resolution(16),
            textures: HashMap::new(),
            uses: HashMap::new(),
            atlases: Atlases::default(),
            fonts: Fonts::default(),
            sidecars: HashMap::new(),
            ctm: HashMap::new(),
            anims: Vec::new(),
            emissive: None,
            has_normal_maps: false,
            only_maps: false,
            notes: Vec::new(),
        };
        for name in files {
            if let Some(path) = AssetPath::parse(name)
                && name.ends_with(".png")
            {
                rules
                    .textures
                    .entry(path.logical())
                    .or_default()
                    .push((*name).to_owned());
            }
        }
        let mut models = Models::default();
        for name in files {
            let Some(path) = AssetPath::parse(name).filter(|path| rules.is_root(path.root)) else {
                continue;
            };
            rules.read_file(name, path, read, &mut models);
        }
        rules.uses = models.uses();
        rules.has_normal_maps = rules.textures.keys().any(|logical| {
            logical
                .strip_suffix("_n.png")
                .is_some_and(|base| rules.textures.contains_key(&format!("{base}.png")))
        });
        rules.only_maps = rules.is_mostly_maps();
        rules.resolution = rules.find_resolution(read);
        rules.note_missing_bases();
        rules
    }

    fn is_root(&self, root: &str) -> bool {
        self.roots.iter().any(|known| known == root)
    }

    fn read_file(
        &mut self,
        name: &str,
        path: AssetPath<'_>,
        read: &dyn Fn(&str) -> Result<Vec<u8>, String>,
        models: &mut Models,
    ) {
        let json_in = |folder: &str| path.path.strip_prefix(folder)?.strip_suffix(".json");
        if let Some(model) = json_in("models/") {
            if let Some(json) = self.json(name, read) {
                models.add(format!("{}:{model}", path.namespace), Model::parse(&json));
            }
        } else if let Some(atlas) = json_in("atlases/") {
            if let Some(json) = self.json(name, read) {
                self.atlases.add(atlas, &json);
            }
        } else if json_in("font/").is_some() {
            if let Some(json) = self.json(name, read) {
                self.fonts.add(&json);
            }
        } else if let Some(texture) = name
            .strip_suffix(".mcmeta")
            .filter(|name| name.ends_with(".png"))
        {
            if let Some(json) = self.json(name, read) {
                let sidecar = self.sidecar(name, &json);
                self.sidecars.insert(texture.to_owned(), sidecar);
            }
        } else if let Some(below) = path.optifine()
            && let Some(below) = below.strip_suffix(".properties")
            && (below.starts_with("ctm/") || below.starts_with("anim/") || below == "emissive")
        {
            match read(name) {
                Ok(bytes) => self.read_properties(path, below, &optifine::text(&bytes)),
                Err(message) => self.note(name, message),
            }
        }
    }

    /// A file's JSON; broken JSON is a note.
    fn json(
        &mut self,
        name: &str,
        read: &dyn Fn(&str) -> Result<Vec<u8>, String>,
    ) -> Option<Value> {
        let result = read(name).and_then(|bytes| {
            parse_json(&bytes).map_err(|error| format!("is not valid JSON ({error}): ignored"))
        });
        result.map_err(|message| self.note(name, message)).ok()
    }

    fn note(&mut self, entry: &str, message: impl Into<String>) {
        self.notes.push(Note {
            entry: entry.to_owned(),
            message: message.into(),
        });
    }

    fn sidecar(&mut self, name: &str, json: &Value) -> Sidecar {
        let animation = Animation::parse(json);
        if animation.is_none() && json.get("animation").is_some() {
            self.note(name, "`animation` is not an object: not animated");
        }
        let scaling = Scaling::parse(json);
        if scaling.is_none()
            && json
                .get("gui")
                .is_some_and(|gui| gui.get("scaling").is_some())
        {
            self.note(name, "`gui.scaling` is incomplete: taken as stretched");
        }
        let palette = json
            .get("palette")
            .and_then(|palette| palette.get("base_palette"))
            .and_then(Value::as_str)
            .map(paths::full_id);
        if let Some(palette) = &palette {
            self.atlases.add_palette(palette.clone());
            // Since 26.3 palettes have a folder of their own, which their names may leave out.
            if let Some((namespace, path)) = palette.split_once(':') {
                self.atlases
                    .add_palette(format!("{namespace}:palettes/{path}"));
            }
        }
        Sidecar {
            animation,
            scaling,
            palette,
        }
    }

    fn read_properties(&mut self, path: AssetPath<'_>, below: &str, text: &str) {
        let rule = path.logical();
        let exists = |id: &str| self.textures.contains_key(id);
        if below == "emissive" {
            self.emissive = optifine::properties(text)
                .into_iter()
                .find(|property| property.key == "suffix.emissive")
                .map(|property| property.value.to_owned())
                .filter(|suffix| !suffix.is_empty());
        } else if below.starts_with("ctm/") {
            let ctm = CtmRule::parse(text, stem(below));
            for tile in ctm.tiles(&rule, &exists) {
                let new = CtmUse {
                    method: ctm.method,
                    base: ctm.base.clone(),
                    rule: rule.clone(),
                };
                self.ctm
                    .entry(tile)
                    .and_modify(|old| {
                        // Used by two rules: the one that does not wrap, and one group by name.
                        if old.method != new.method {
                            old.method = Method::Joined;
                        }
                        if new.rule < old.rule {
                            old.rule.clone_from(&new.rule);
                        }
                    })
                    .or_insert(new);
            }
        } else if let Some(anim) = Anim::parse(text) {
            let from = optifine::resolve(&rule, &anim.from, &exists);
            let to = optifine::resolve(&rule, &anim.to, &exists);
            self.anims.push(AnimUse {
                rule,
                from,
                to,
                frame: anim.frame,
            });
        }
    }

    /// Looks at blocks and items, evenly over the pack.
    fn find_resolution(&self, read: &dyn Fn(&str) -> Result<Vec<u8>, String>) -> Resolution {
        let mut names: Vec<&str> = self
            .textures
            .iter()
            .filter(|(logical, _)| {
                logical.split_once(":textures/").is_some_and(|(_, path)| {
                    ["block/", "blocks/", "item/", "items/"]
                        .iter()
                        .any(|folder| path.starts_with(folder))
                })
            })
            .map(|(_, names)| names[0].as_str())
            .collect();
        names.sort_unstable();
        let step = names.len().div_ceil(PROBES).max(1);
        Resolution::of(names.into_iter().step_by(step).filter_map(|name| {
            let size = uncanny_texture::probe(&read(name).ok()?).ok()?;
            Some(size.0.min(size.1))
        }))
    }

    /// Until 1.12 a layer whose size differs from its base is skipped without a word.
    fn note_missing_bases(&mut self) {
        if !self.versions.skips_odd_layers() {
            return;
        }
        for (layers, base) in [("banner/", "banner_base"), ("shield/", "shield_base")] {
            let folder = format!("minecraft:textures/entity/{layers}");
            let layer = self
                .textures
                .iter()
                .filter(|(logical, _)| logical.starts_with(&folder))
                .map(|(_, names)| names[0].clone())
                .min();
            let has_base = self
                .textures
                .contains_key(&format!("minecraft:textures/entity/{base}.png"));
            if let (Some(layer), false) = (layer, has_base) {
                self.note(
                    &layer,
                    format!("the pack has layers without textures/entity/{base}.png: until 1.12 the game skips layers larger than their base"),
                );
            }
        }
    }

    /// What could not be read, and what was assumed instead.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// How many bitmap font providers the pack holds.
    pub fn font_providers(&self) -> usize {
        self.fonts.providers
    }

    /// How wide the pack's block and item frames mostly are.
    pub fn resolution(&self) -> u32 {
        self.resolution.0
    }

    /// The decision for a texture: an entry's full name and its size in pixels.
    pub fn texture(&self, name: &str, size: (u32, u32)) -> TextureRule {
        self.decide(name, size)
    }

    /// A sidecar or properties file with its pixel counts multiplied, for textures that `enhanced` (by entry name)
    /// says grow; `None` when it must be copied byte for byte.
    ///
    /// # Errors
    /// None today: what cannot be read is copied, as the game ignores it.
    pub fn companion(
        &self,
        name: &str,
        bytes: &[u8],
        scale: Scale,
        enhanced: &dyn Fn(&str) -> bool,
    ) -> Result<Option<Vec<u8>>, Error> {
        if let Some(texture) = name.strip_suffix(".mcmeta") {
            let grows = texture.ends_with(".png") && enhanced(texture);
            return Ok(grows.then(|| companion::sidecar(bytes, scale)).flatten());
        }
        let Some(path) = AssetPath::parse(name).filter(|path| self.is_root(path.root)) else {
            return Ok(None);
        };
        let logical = path.logical();
        let grows = self
            .anims
            .iter()
            .filter(|anim| anim.rule == logical)
            .any(|anim| {
                let names = anim.to.as_ref().and_then(|to| self.textures.get(to));
                names.into_iter().flatten().any(|name| enhanced(name))
            });
        Ok(grows.then(|| companion::anim(bytes, scale)).flatten())
    }
}
