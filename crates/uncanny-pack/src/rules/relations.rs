//! What a texture shares with others: its base's rule, a factor, an atlas, a palette.
//!
//! Material maps have their base's size and stand beside it \[D\]. The same path in base and
//! overlay must get the same factor \[C\]. Until 1.12 layers of another size than their base are skipped \[C+D\];
//! horses likewise [?: sharing a factor is safe either way].

use uncanny_texture::Channels;

use super::{AssetKind, Atlas, Rules, TextureRule, Treatment, decide::Subject, paths::AssetPath};

impl Rules {
    /// Material maps and glowing overlays: as their base, whose size they must keep.
    pub(super) fn beside_a_base(
        &self,
        subject: Subject<'_>,
        kind: AssetKind,
    ) -> Option<TextureRule> {
        let (base, kind, channels, why) = self.base(subject.logical, kind)?;
        let names = &self.textures[&base];
        let name = names
            .iter()
            .find(|name| name.starts_with(subject.path.root))
            .unwrap_or(&names[0]);
        let rule = self.decide(name, subject.size);
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

    /// The texture that this one accompanies, what that makes it, and why. B9: only beside a base texture, since
    /// names end in `_s` for many reasons (south, small).
    fn base(
        &self,
        logical: &str,
        kind: AssetKind,
    ) -> Option<(String, Option<AssetKind>, Channels, &'static str)> {
        use AssetKind::{Block, Ctm, Entity, Equipment, Item, Painting, Particle, Unknown};
        if !matches!(
            kind,
            Block | Ctm | Entity | Equipment | Item | Painting | Particle | Unknown
        ) {
            return None;
        }
        let base =
            |suffix: &str| base_of(logical, suffix).filter(|base| self.textures.contains_key(base));
        let beside = |base: &str, suffix: &str| {
            let other = base.replacen(".png", &format!("{suffix}.png"), 1);
            self.textures.contains_key(&other)
        };
        // North, east, south and west of one thing.
        let compass = |base: &str| beside(base, "_e") && beside(base, "_w");
        if let Some(base) = base("_n").filter(|base| !compass(base)) {
            return Some((
                base,
                Some(AssetKind::NormalMap),
                Channels::NormalMap,
                "normals of its base: as data",
            ));
        }
        if let Some(base) = base("_s").filter(|base| !compass(base))
            && (beside(&base, "_n") || self.has_normal_maps)
        {
            return Some((
                base,
                Some(AssetKind::SpecularMap),
                Channels::SpecularMap,
                "material codes of its base: as data",
            ));
        }
        let suffix = self.emissive.as_deref()?;
        let base = base(suffix).filter(|base| !beside(base, "_w"))?;
        Some((base, None, Channels::Colour, "glowing overlay: as its base"))
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
