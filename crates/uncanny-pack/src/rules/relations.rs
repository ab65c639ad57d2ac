//! What a texture shares with others: its base's rule, a factor, an atlas, a palette.
//!
//! Material maps have their base's size and stand beside it \[D\], or alone, in packs that add them to the game's own
//! textures [T: SimpleLabPBR, 266 of 274 maps]. The same path in base and
//! overlay must get the same factor \[C\]. Until 1.12 layers of another size than their base are skipped \[C+D\];
//! horses likewise [?: sharing a factor is safe either way].

use uncanny_texture::Channels;

use super::{
    AssetKind, Atlas, Rules, TextureRule, Treatment, decide::Subject, kinds, paths::AssetPath,
};

impl Rules {
    /// Material maps and glowing overlays: as their base, whose size they must keep.
    pub(super) fn beside_a_base(
        &self,
        subject: Subject<'_>,
        kind: AssetKind,
    ) -> Option<TextureRule> {
        let (base, kind, channels, why) = self.base(subject.logical, kind)?;
        let rule = match self.textures.get(&base) {
            Some(names) => {
                let name = names
                    .iter()
                    .find(|name| name.starts_with(subject.path.root))
                    .unwrap_or(&names[0]);
                self.decide(name, subject.size)
            }
            // The game has it: what its name says holds, and the map has a sidecar of its own.
            None => {
                let path = base.split_once(':').map_or("", |(_, path)| path);
                let path = AssetPath {
                    path,
                    ..subject.path
                };
                let subject = Subject {
                    path,
                    logical: &base,
                    ..subject
                };
                self.by_itself(subject, kinds::by_place(path))
            }
        };
        if rule.treatment == Treatment::Copy {
            let why = format!("as its base: {}", rule.why);
            return Some(TextureRule {
                kind: kind.unwrap_or(rule.kind),
                group: rule.group,
                sure: rule.sure,
                ..TextureRule::copy(rule.kind, why)
            });
        }
        Some(TextureRule {
            kind: kind.unwrap_or(rule.kind),
            channels,
            why: why.into(),
            glyphs: false,
            largest_cell: None,
            maybe_normals: false,
            palette_key: None,
            own_palette: false,
            // A glowing overlay is a mask over its base; material maps are no masks.
            hard_alpha: kind.is_none(),
            // Drawn over mobs and armour it may be added by colour, whatever its alpha.
            keep_hidden_rgb: rule.keep_hidden_rgb
                || kind.is_none() && matches!(rule.kind, AssetKind::Entity | AssetKind::Equipment),
            atlas: rule.atlas.filter(|_| kind.is_none()),
            ..rule
        })
    }

    /// The texture that this one accompanies, what that makes it, and why. B9: beside a base texture; without one, where
    /// the pack itself shows that it is a map, since names end in `_n` and `_s` for many reasons (north, south, small).
    fn base(
        &self,
        logical: &str,
        kind: AssetKind,
    ) -> Option<(String, Option<AssetKind>, Channels, &'static str)> {
        if !may_have_maps(kind) {
            return None;
        }
        let known = |base: &String| self.textures.contains_key(base);
        if let Some(base) = base_of(logical, "_n").filter(|base| !self.is_compass(base))
            && (known(&base) || self.only_maps || self.is_beside(&base, "_s"))
        {
            let why = if known(&base) {
                "normals of its base: as data"
            } else {
                "normals of a texture of the game: as data"
            };
            return Some((base, Some(AssetKind::NormalMap), Channels::NormalMap, why));
        }
        if let Some(base) = base_of(logical, "_s").filter(|base| !self.is_compass(base))
            && (self.is_beside(&base, "_n")
                || self.only_maps
                || known(&base) && self.has_normal_maps)
        {
            let why = if known(&base) {
                "material codes of its base: as data"
            } else {
                "material codes of a texture of the game: as data"
            };
            return Some((
                base,
                Some(AssetKind::SpecularMap),
                Channels::SpecularMap,
                why,
            ));
        }
        let suffix = self.emissive.as_deref()?;
        let base =
            base_of(logical, suffix).filter(|base| known(base) && !self.is_beside(base, "_w"))?;
        Some((base, None, Channels::Colour, "glowing overlay: as its base"))
    }

    fn is_beside(&self, base: &str, suffix: &str) -> bool {
        let other = base.replacen(".png", &format!("{suffix}.png"), 1);
        self.textures.contains_key(&other)
    }

    /// North, east, south and west of one thing.
    fn is_compass(&self, base: &str) -> bool {
        self.is_beside(base, "_e") && self.is_beside(base, "_w")
    }

    /// A name that may be a map's, where nothing but its pixels can tell.
    pub(super) fn may_be_normals(&self, logical: &str, kind: AssetKind) -> bool {
        let base = base_of(logical, "_n").filter(|_| may_have_maps(kind));
        base.is_some_and(|base| !self.is_compass(&base))
    }

    /// Whether most of the pack's textures end in `_n` or `_s`, some of them in `_n`: maps for a game's own textures
    /// [T: SimpleLabPBR]. Many a `_s` alone is none [T: Chorus].
    pub(super) fn is_mostly_maps(&self) -> bool {
        let (mut all, mut normals, mut codes) = (0, 0, 0);
        for logical in self.textures.keys() {
            let Some((namespace, path)) = logical.split_once(':') else {
                continue;
            };
            let path = AssetPath {
                root: "",
                namespace,
                path,
            };
            if !may_have_maps(kinds::by_place(path)) {
                continue;
            }
            let ends =
                |suffix: &str| base_of(logical, suffix).is_some_and(|base| !self.is_compass(&base));
            all += 1;
            normals += usize::from(ends("_n"));
            codes += usize::from(ends("_s"));
        }
        normals > 0 && 2 * (normals + codes) > all
    }

    /// The group that this texture's place puts it in.
    pub(super) fn group(&self, subject: Subject<'_>, kind: AssetKind) -> Option<String> {
        let logical = subject.logical;
        if let Some(anim) = self
            .anims
            .iter()
            .find(|anim| [&anim.from, &anim.to].contains(&&Some(logical.to_owned())))
        {
            return Some(anim.rule.clone());
        }
        if let Some(group) = group_of(subject.path, kind) {
            return Some(group);
        }
        // A side and its overlay, a base and its maps, the same path in several overlays.
        let sibling = |suffix: &str| {
            let other = logical.replacen(".png", &format!("{suffix}.png"), 1);
            self.textures.contains_key(&other)
        };
        if let Some(side) = base_of(logical, "_overlay")
            && self.textures.contains_key(&side)
        {
            return Some(side);
        }
        let emissive = self.emissive.as_deref().is_some_and(sibling);
        let several = self
            .textures
            .get(logical)
            .is_some_and(|names| names.len() > 1);
        (several || emissive || ["_n", "_s", "_overlay"].into_iter().any(sibling))
            .then(|| logical.to_owned())
    }

    /// The atlas a texture is packed into (B1, B5).
    pub(super) fn atlas(&self, subject: Subject<'_>, kind: AssetKind) -> Option<Atlas> {
        if let Some(atlas) = subject.path.id().and_then(|id| self.atlases.atlas(&id)) {
            return Some(atlas);
        }
        match kind {
            AssetKind::Block | AssetKind::Ctm => Some(Atlas::Blocks),
            AssetKind::Item if self.versions.split_items() => Some(Atlas::Items),
            AssetKind::Item => Some(Atlas::Blocks),
            AssetKind::Gui => Some(Atlas::Gui),
            AssetKind::Particle => Some(Atlas::Particles),
            AssetKind::Painting => Some(Atlas::Paintings),
            AssetKind::MobEffect if self.versions.effects_in_gui() => Some(Atlas::Gui),
            AssetKind::MobEffect => Some(Atlas::MobEffects),
            AssetKind::Map if subject.texture().contains("decorations/") => {
                Some(Atlas::MapDecorations)
            }
            AssetKind::Trim => Some(Atlas::ArmorTrims),
            _ => None,
        }
    }

    /// The entry of a palette, in the same root where there is one.
    pub(super) fn palette_entry(&self, key: &str, root: &str) -> Option<String> {
        let (namespace, path) = key.split_once(':')?;
        let names = ["", "palettes/"].iter().find_map(|folder| {
            self.textures
                .get(&format!("{namespace}:textures/{folder}{path}.png"))
        })?;
        let same = names
            .iter()
            .find(|name| name.starts_with(root) && !root.is_empty());
        Some(same.unwrap_or(&names[0]).clone())
    }
}

/// What shaders ask for maps of.
fn may_have_maps(kind: AssetKind) -> bool {
    use AssetKind::{Block, Ctm, Entity, Equipment, Item, Painting, Particle, Unknown};
    matches!(
        kind,
        Block | Ctm | Entity | Equipment | Item | Painting | Particle | Unknown
    )
}

/// Textures beside a texture: `stone_n.png` -> `stone.png`, for a suffix of the stem.
fn base_of(logical: &str, suffix: &str) -> Option<String> {
    let stem = logical.strip_suffix(".png")?.strip_suffix(suffix)?;
    (!stem.ends_with('/')).then(|| format!("{stem}.png"))
}

/// Textures that must share a factor because their places say so.
fn group_of(path: AssetPath<'_>, kind: AssetKind) -> Option<String> {
    let texture = path.texture()?;
    let below = texture.strip_prefix("entity/");
    match kind {
        AssetKind::Banner => {
            let first = below?.split(['/', '_', '.']).next()?;
            Some(format!("{}:{first}", path.namespace))
        }
        AssetKind::Entity => {
            let first = below?.split('/').next()?;
            [
                "horse",
                "villager",
                "zombie_villager",
                "bed",
                "llama",
                "tropical_fish",
            ]
            .contains(&first)
            .then(|| format!("{}:entity/{first}", path.namespace))
        }
        _ => None,
    }
}
