//! The decision for one texture, kind by kind.
//!
//! Each branch names its reason in `why`, which the plan shows to the pack's author.

use std::borrow::Cow;

use uncanny_texture::{Cell, Edges, Rect};

use super::{
    AssetKind, Atlas, CtmUse, Rules, TextureRule, Treatment, animation,
    atlases::TRIM_KEY,
    faces, fonts,
    gui::{self, Scaling},
    gui_sheets, kinds,
    models::Uses,
    optifine::Method,
    paths::{AssetPath, stem},
};

/// A texture on its way to a decision.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    /// The entry.
    pub(super) name: &'a str,
    pub(super) path: AssetPath<'a>,
    /// Its name without root.
    pub(super) logical: &'a str,
    pub(super) size: (u32, u32),
}

impl Subject<'_> {
    /// The path under `textures/`, or the whole path for what lies elsewhere.
    pub(super) fn texture(&self) -> &str {
        self.path.texture().unwrap_or(self.path.path)
    }

    fn rect(&self) -> Rect {
        let (width, height) = self.size;
        Rect {
            x: 0,
            y: 0,
            width,
            height,
        }
    }
}

/// One frame of a texture after the other, or the texture as one.
struct Frames(Vec<Rect>);

impl Frames {
    fn size(&self) -> (u32, u32) {
        (self.0[0].width, self.0[0].height)
    }

    fn cells(&self, edges: Edges) -> Vec<Cell> {
        self.0.iter().map(|&rect| Cell { rect, edges }).collect()
    }

    /// The reason, and how many frames there are if it is animated.
    fn why(&self, why: &'static str) -> Cow<'static, str> {
        match self.0.len() {
            1 => why.into(),
            count => format!("{why}; {count} frames").into(),
        }
    }

    fn enhance(&self, kind: AssetKind, edges: Edges, why: &'static str) -> TextureRule {
        TextureRule::enhance(kind, self.cells(edges), self.why(why))
    }
}

impl Rules {
    pub(super) fn decide(&self, name: &str, size: (u32, u32)) -> TextureRule {
        if !name.ends_with(".png") {
            return TextureRule::copy(AssetKind::Unknown, "not a texture");
        }
        let Some(path) = AssetPath::parse(name) else {
            let icon = self
                .roots
                .iter()
                .any(|root| name.strip_prefix(root.as_str()) == Some("pack.png"));
            return if icon {
                TextureRule::copy(AssetKind::PackIcon, "the pack's icon")
            } else {
                TextureRule::copy(
                    AssetKind::Unknown,
                    "outside assets: the game does not load it",
                )
            };
        };
        let kind = kinds::by_place(path);
        if !self.is_root(path.root) {
            return TextureRule::copy(kind, "in a folder that pack.mcmeta names as no overlay");
        }
        if self.versions.strict_names() && !path.loadable() {
            return TextureRule::copy(kind, "the game does not load names like this");
        }
        if size.0 == 0 || size.1 == 0 {
            return TextureRule::copy(kind, "has no pixels");
        }
        let logical = path.logical();
        let subject = Subject {
            name,
            path,
            logical: &logical,
            size,
        };
        if let Some(rule) = self.beside_a_base(subject, kind) {
            return rule;
        }
        let rule = self.by_itself(subject, kind);
        TextureRule {
            maybe_normals: self.may_be_normals(subject.logical, kind)
                && rule.treatment == Treatment::Enhance
                && rule.palette_key.is_none()
                && !rule.own_palette,
            ..rule
        }
    }

    /// The decision for a texture that is no map of another one.
    pub(super) fn by_itself(&self, subject: Subject<'_>, kind: AssetKind) -> TextureRule {
        let mut rule = self.palette_keyed(subject, kind);
        rule.group = rule.group.or_else(|| self.group(subject, rule.kind));
        rule.atlas = rule.atlas.or_else(|| self.atlas(subject, rule.kind));
        rule
    }

    /// B4: textures whose exact colours the game looks up.
    fn palette_keyed(&self, subject: Subject<'_>, kind: AssetKind) -> TextureRule {
        let id = subject.path.id();
        if id.as_deref().is_some_and(|id| self.atlases.is_palette(id)) || kind == AssetKind::Palette
        {
            return TextureRule::copy(AssetKind::Palette, "palette: its length is fixed");
        }
        let own = self
            .sidecars
            .get(subject.name)
            .and_then(|sidecar| sidecar.palette.as_deref());
        let listed = id.as_deref().and_then(|id| self.atlases.key(id));
        let key = own
            .or(listed)
            .or((kind == AssetKind::Trim).then_some(TRIM_KEY));
        let Some(key) = key else {
            return self.by_kind(subject, kind);
        };
        let mut rule = if kind == AssetKind::Unknown {
            self.by_kind(subject, AssetKind::Trim)
        } else {
            self.by_kind(subject, kind)
        };
        rule.kind = AssetKind::Trim;
        if rule.treatment == Treatment::Copy {
            return rule;
        }
        rule.palette_key = self.palette_entry(key, subject.path.root);
        rule.own_palette = rule.palette_key.is_none();
        rule.why = if rule.own_palette {
            "recoloured through a palette of the game: only its own colours".into()
        } else {
            "recoloured through a palette: only the palette's colours".into()
        };
        rule
    }

    /// The frames of an animated texture, otherwise the whole.
    fn frames(&self, subject: Subject<'_>, strips: bool) -> Result<Frames, String> {
        let animation = self
            .sidecars
            .get(subject.name)
            .and_then(|sidecar| sidecar.animation);
        if let Some(animation) = animation {
            return animation
                .frames(subject.size, self.versions.square_frames())
                .map(Frames);
        }
        let strip = strips
            .then(|| animation::bare_strip(subject.size))
            .flatten();
        Ok(Frames(strip.unwrap_or_else(|| vec![subject.rect()])))
    }

    fn by_kind(&self, subject: Subject<'_>, kind: AssetKind) -> TextureRule {
        use AssetKind as K;
        let copy = |why: &'static str| TextureRule::copy(kind, why);
        match kind {
            K::Clouds => return copy("one cloud a pixel: never scaled"),
            K::Colormap => return copy("colours indexed by climate: never scaled"),
            K::Lightmap => return copy("table of light colours: its height is fixed"),
            K::Effect => return copy("input of a shader: never scaled"),
            K::UnicodePage => return copy("legacy font page: must stay 256x256"),
            K::Panorama => return copy("panorama: already high resolution"),
            K::Title => return copy("title: already high resolution"),
            K::Picture => return copy("finished picture: already high resolution"),
            _ => {}
        }
        if subject.size == (1, 1) {
            return copy("a single pixel");
        }
        if let Some(rule) = self.copied_animation(subject) {
            return rule;
        }
        if matches!(kind, K::Block | K::Item | K::Unknown)
            && let Some(rule) = self.cut_by_atlas(subject)
        {
            return rule;
        }
        match kind {
            K::Block => self.block(subject),
            // CIT rules dress armour and elytra too, whose textures are twice as wide as high.
            K::Item
                if subject.path.optifine().is_some()
                    && subject.size.0 == 2 * subject.size.1
                    && self.uses(subject).is_none() =>
            {
                self.plain(subject, K::Equipment)
            }
            K::Item => self.item(subject),
            K::Ctm => self.connected(subject),
            K::Font => self.font(subject),
            K::Gui => self.sprite(subject),
            K::GuiSheet => self.screen(subject),
            K::Sky => sky(subject),
            K::Misc => self.misc(subject),
            K::Unknown => self.unknown(subject),
            _ => self.plain(subject, kind),
        }
    }

    /// The size check of one frame.
    fn high(
        &self,
        kind: AssetKind,
        subject: Subject<'_>,
        frame: (u32, u32),
    ) -> Option<TextureRule> {
        self.resolution
            .already_high(kind, subject.texture(), frame)
            .map(|why| TextureRule::copy(kind, why))
    }

    /// How models use a texture, by its own name and by those of the sprites that it is.
    fn uses(&self, subject: Subject<'_>) -> Option<Uses> {
        let id = subject.path.id()?;
        let sprites = self.atlases.sprites(&id);
        let named = sprites.filter_map(|sprite| self.uses.get(&sprite).copied());
        let own = self.uses.get(&id).copied();
        own.into_iter().chain(named).reduce(Uses::or)
    }

    /// Frames and size check in one; the error is the finished rule.
    fn low(
        &self,
        kind: AssetKind,
        subject: Subject<'_>,
        strips: bool,
    ) -> Result<Frames, TextureRule> {
        self.low_as(kind, kind, subject, strips)
    }

    /// A texture of a model may hold several islands, so it is measured as mobs are: 64 and more.
    fn low_part(
        &self,
        kind: AssetKind,
        subject: Subject<'_>,
        strips: bool,
    ) -> Result<Frames, TextureRule> {
        self.low_as(kind, AssetKind::Equipment, subject, strips)
    }

    /// As [`Self::low`], with the size that is usual for `measure`.
    fn low_as(
        &self,
        kind: AssetKind,
        measure: AssetKind,
        subject: Subject<'_>,
        strips: bool,
    ) -> Result<Frames, TextureRule> {
        let frames = self
            .frames(subject, strips)
            .map_err(|why| TextureRule::copy(kind, why))?;
        match self.high(measure, subject, frames.size()) {
            Some(rule) => Err(TextureRule { kind, ..rule }),
            None => Ok(frames),
        }
    }

    /// As [`Self::low`], for blocks and items, which 3D models may use as sheets of islands.
    fn low_use(&self, kind: AssetKind, subject: Subject<'_>) -> Result<Frames, TextureRule> {
        // Art that stands in these folders for a font alone has any shape: badges of 64x16.
        let animated = || {
            let sidecar = self.sidecars.get(subject.name);
            sidecar.is_some_and(|sidecar| sidecar.animation.is_some())
        };
        if let Some(drawn) = self.glyph(subject)
            && subject.size.0 != subject.size.1
            && self.uses(subject).is_none()
            && !animated()
        {
            return match self.resolution.glyph_already_high(subject.size, drawn) {
                Some(why) => Err(TextureRule::copy(kind, why)),
                None => Ok(Frames(vec![subject.rect()])),
            };
        }
        match self.uses(subject) {
            Some(Uses {
                part: true,
                full: false,
                plant: false,
                layer: false,
                ..
            }) => self.low_part(kind, subject, true),
            _ => self.low(kind, subject, true),
        }
    }

    fn block(&self, subject: Subject<'_>) -> TextureRule {
        let kind = AssetKind::Block;
        let frames = match self.low_use(kind, subject) {
            Ok(frames) => frames,
            Err(rule) => return rule,
        };
        let vanilla = subject.path.namespace == "minecraft";
        let uses = self.uses(subject);
        let flat = uses.is_some_and(|uses| {
            uses.layer && !(uses.full || uses.plant || uses.part || uses.named)
        });
        if flat && !vanilla {
            return frames.enhance(kind, Edges::TRANSPARENT, "drawn flat: open sides");
        }
        let (face, _) = faces::face(stem(subject.texture()), vanilla, uses);
        let rule = TextureRule {
            hard_alpha: face.cutout(),
            ..frames.enhance(kind, face.edges(), face.why())
        };
        self.and_glyph(subject, rule)
    }

    fn item(&self, subject: Subject<'_>) -> TextureRule {
        let kind = AssetKind::Item;
        let frames = match self.low_use(kind, subject) {
            Ok(frames) => frames,
            Err(rule) => return rule,
        };
        let (edges, why) = match self.uses(subject) {
            Some(Uses {
                layer: false,
                full: true,
                ..
            }) => (Edges::WRAP, "full-cube face: wraps"),
            Some(Uses {
                layer: false,
                part: true,
                ..
            }) => (Edges::CLAMP, "part of a model: no wrap"),
            _ => (Edges::TRANSPARENT, "item: open sides, hard outline"),
        };
        let rule = TextureRule {
            hard_alpha: true,
            ..frames.enhance(kind, edges, why)
        };
        self.and_glyph(subject, rule)
    }

    /// How high a font draws the whole texture as one glyph, in interface pixels, where one does.
    fn glyph(&self, subject: Subject<'_>) -> Option<f64> {
        let glyphs = self
            .fonts
            .glyphs
            .get(&format!("{}.png", subject.path.id()?))?;
        let one = (glyphs.columns, glyphs.rows) == (1, 1) && glyphs.height > 0.0;
        one.then_some(glyphs.height)
    }

    /// What being a glyph too adds to the rule for a block or item.
    fn and_glyph(&self, subject: Subject<'_>, rule: TextureRule) -> TextureRule {
        let glyph = self.glyph(subject).is_some();
        TextureRule {
            glyphs: glyph,
            largest_cell: glyph.then_some(fonts::LARGEST),
            ..rule
        }
    }

    fn connected(&self, subject: Subject<'_>) -> TextureRule {
        let kind = AssetKind::Ctm;
        let frames = match self.low(kind, subject, false) {
            Ok(frames) => frames,
            Err(rule) => return rule,
        };
        let Some(CtmUse { method, base, rule }) = self.ctm.get(subject.logical) else {
            return frames.enhance(
                kind,
                Edges::CLAMP,
                "connected textures: no rule names it, no wrap",
            );
        };
        let face = base.as_deref().map(|base| faces::face(base, true, None).0);
        let full = face.is_none_or(|face| face == faces::Face::Full);
        let (edges, why) = match method {
            Method::Whole => match face {
                Some(face) if !full => (face.edges(), "one of several faces: as its block"),
                _ => (Edges::WRAP, "one of several whole faces: wraps"),
            },
            Method::Horizontal if full => {
                (Edges::WRAP_Y, "joined sideways: wraps up and down only")
            }
            Method::Vertical if full => (Edges::WRAP_X, "joined up and down: wraps sideways only"),
            _ => (
                Edges::CLAMP,
                "joined tile: its sides meet other tiles, no wrap",
            ),
        };
        TextureRule {
            group: Some(rule.clone()),
            ..frames.enhance(kind, edges, why)
        }
    }

    /// B9: frames that OptiFine copies into another texture.
    fn copied_animation(&self, subject: Subject<'_>) -> Option<TextureRule> {
        let anim = self
            .anims
            .iter()
            .find(|anim| anim.from.as_deref() == Some(subject.logical))?;
        let kind = AssetKind::AnimationSource;
        let target = anim.to.as_ref().and_then(|to| self.textures.get(to));
        let Some(target) = target else {
            return Some(TextureRule::copy(
                kind,
                "frames for a texture that is not in the pack: must fit the game's own",
            ));
        };
        // Its own frames may be compressed to any height; the target's resolution is what they must match.
        if kinds::by_place(AssetPath::parse(&target[0])?) == AssetKind::Sky {
            return Some(TextureRule::copy(
                kind,
                "frames for a sky, which is left alone",
            ));
        }
        let Some(frames) = animation::grid(subject.size, anim.frame) else {
            return Some(TextureRule::copy(kind, "its frames do not fill it").unsure());
        };
        Some(TextureRule {
            group: Some(anim.rule.clone()),
            ..Frames(frames).enhance(kind, Edges::CLAMP, "frames copied into another texture")
        })
    }

    fn font(&self, subject: Subject<'_>) -> TextureRule {
        let kind = AssetKind::Font;
        let id = subject.path.id().map(|id| format!("{id}.png"));
        let glyphs = id.and_then(|id| self.fonts.glyphs.get(&id));
        let path = subject.path.optifine().unwrap_or_else(|| subject.texture());
        let cells = match glyphs {
            _ if subject.size.0.min(subject.size.1) <= 2 => {
                return TextureRule::copy(kind, "two pixels or less: a spacing trick");
            }
            Some(glyphs) if glyphs.height <= 0.0 => {
                return TextureRule::copy(kind, "negative height: a spacing trick");
            }
            Some(glyphs) if glyphs.disputed => {
                return TextureRule::copy(kind, "two fonts cut it differently").unsure();
            }
            Some(glyphs) => glyphs.cells(subject.size),
            None => fonts::known(path, subject.size),
        };
        let Some(cells) = cells.filter(|cells| !cells.is_empty()) else {
            let why = if glyphs.is_some() {
                "has fewer pixels than glyphs"
            } else {
                "no font of the pack names it"
            };
            return TextureRule::copy(kind, why).unsure();
        };
        let drawn = glyphs.map(|glyphs| glyphs.height);
        let cell = (cells[0].width, cells[0].height);
        if let Some(why) = drawn.and_then(|drawn| self.resolution.glyph_already_high(cell, drawn)) {
            return TextureRule::copy(kind, why);
        }
        TextureRule {
            glyphs: true,
            largest_cell: Some(fonts::LARGEST),
            ..TextureRule::enhance(
                kind,
                Frames(cells).cells(Edges::TRANSPARENT),
                "font: glyph by glyph, advances kept",
            )
        }
    }

    fn sprite(&self, subject: Subject<'_>) -> TextureRule {
        let kind = AssetKind::Gui;
        let frames = match self.low(kind, subject, false) {
            Ok(frames) => frames,
            Err(rule) => return rule,
        };
        let scaling = self
            .sidecars
            .get(subject.name)
            .and_then(|sidecar| sidecar.scaling)
            .unwrap_or(Scaling::Stretch);
        let mut cells = Vec::new();
        let mut why = "";
        for &frame in &frames.0 {
            let (of_frame, reason) = scaling.cells(frame);
            cells.extend(of_frame);
            why = reason;
        }
        TextureRule::enhance(kind, cells, frames.why(why))
    }

    fn screen(&self, subject: Subject<'_>) -> TextureRule {
        let kind = AssetKind::GuiSheet;
        let texture = subject.texture();
        let name = stem(texture);
        let tiled = texture.starts_with("gui/advancements/backgrounds/")
            || matches!(
                name,
                "options_background"
                    | "light_dirt_background"
                    | "menu_background"
                    | "menu_list_background"
                    | "inworld_menu_background"
                    | "inworld_menu_list_background"
                    | "tab_header_background"
            );
        let separator = name.ends_with("_separator");
        if tiled || separator {
            // 16x16 in the game, or 32x2.
            if subject.size.0.max(subject.size.1) > 4 * self.resolution.0.clamp(16, 32) {
                return TextureRule::copy(kind, "background: already high resolution");
            }
            let (edges, why) = if separator {
                (Edges::WRAP_X, "line across the screen: wraps sideways")
            } else {
                (Edges::WRAP, "tiled background: wraps")
            };
            return TextureRule::whole(kind, subject.size, edges, why);
        }
        if let Some(sheet) = gui_sheets::find(texture, self.versions, subject.size) {
            return self.sheet(subject, kind, sheet);
        }
        if let Some(rule) = self.high(kind, subject, subject.size) {
            return rule;
        }
        let sign = texture.starts_with("gui/hanging_signs/") || texture.starts_with("gui/signs/");
        // Only their authors know the layouts of mods' sheets. The game draws shares of a sheet's size [C], so that a
        // larger one fits; sprites that touch see each other's edges [T: Farmer's Delight, Applied Energistics].
        let of_mod = subject.path.namespace != "minecraft";
        if sign || of_mod || subject.size.0.max(subject.size.1) <= 32 {
            let why = if of_mod {
                "sheet or screen of a mod: as one picture"
            } else {
                "picture of a screen: no wrap"
            };
            TextureRule::whole(kind, subject.size, Edges::CLAMP, why)
        } else {
            TextureRule::copy(kind, "sheet of an unknown layout").unsure()
        }
    }

    fn sheet(
        &self,
        subject: Subject<'_>,
        kind: AssetKind,
        sheet: gui_sheets::Sheet,
    ) -> TextureRule {
        let Some(cells) = gui::sheet_cells(sheet, subject.size) else {
            return TextureRule::copy(
                kind,
                format!(
                    "{}x{} is no multiple of the game's {}x{} sheet",
                    subject.size.0, subject.size.1, sheet.size.0, sheet.size.1
                ),
            )
            .unsure();
        };
        let times = subject.size.0 / sheet.size.0;
        if times > 2 * self.resolution.0.clamp(16, 32) / 16 {
            return TextureRule::copy(
                kind,
                format!("already high resolution ({times} times the usual size)"),
            );
        }
        TextureRule::enhance(kind, cells, "sheet: sprite by sprite")
    }

    /// Things whose edges follow from their kind alone.
    fn plain(&self, subject: Subject<'_>, kind: AssetKind) -> TextureRule {
        use AssetKind as K;
        let texture = subject.texture();
        if let Some(sheet) = gui_sheets::find(texture, self.versions, subject.size) {
            return self.sheet(subject, kind, sheet);
        }
        let frames = match self.low(kind, subject, false) {
            Ok(frames) => frames,
            Err(rule) => return rule,
        };
        let name = stem(texture);
        let decoration = texture.contains("decorations/");
        if kind == K::Map && !decoration && !name.starts_with("map_background") {
            // Maps have had icons in sheets of other layouts.
            return TextureRule::copy(kind, "sheet of an unknown layout").unsure();
        }
        let (edges, why) = match kind {
            K::Entity if name.ends_with("beam") => (Edges::WRAP_Y, "beam: wraps up and down"),
            K::Entity if name == "end_portal" => (Edges::WRAP, "portal: wraps"),
            K::Entity => (Edges::TRANSPARENT, "mob or object: islands, no wrap"),
            K::Equipment => (Edges::TRANSPARENT, "worn: islands, no wrap"),
            K::Banner => (Edges::TRANSPARENT, "layer: same factor as its base"),
            K::Particle => (Edges::TRANSPARENT, "particle: open sides"),
            K::Painting => (Edges::CLAMP, "painting: no wrap"),
            K::MobEffect => (Edges::TRANSPARENT, "icon: open sides"),
            K::Map if decoration => (Edges::TRANSPARENT, "icon: open sides"),
            K::Map => (Edges::CLAMP, "map: no wrap"),
            K::Trim => (Edges::TRANSPARENT, "trim: open sides"),
            K::Environment if matches!(name, "rain" | "snow") => {
                (Edges::WRAP_Y, "falls: wraps up and down")
            }
            K::Environment if name == "end_sky" => (Edges::WRAP, "tiled sky: wraps"),
            _ => (Edges::CLAMP, "no wrap"),
        };
        let eyes = kind == K::Entity && name.ends_with("eyes");
        TextureRule {
            hard_alpha: matches!(kind, K::Entity | K::Equipment),
            keep_hidden_rgb: eyes && self.versions.eyes_by_colour(),
            ..frames.enhance(kind, edges, why)
        }
    }

    fn misc(&self, subject: Subject<'_>) -> TextureRule {
        let kind = AssetKind::Misc;
        let name = stem(subject.texture());
        if name == "white" {
            return TextureRule::copy(kind, "one colour: never scaled");
        }
        if name.ends_with("vignette") {
            return TextureRule::copy(kind, "smooth gradient: nothing to enhance");
        }
        let (edges, why) = match name {
            name if name.contains("glint") => (Edges::WRAP, "glint: wraps"),
            "forcefield" | "underwater" => (Edges::WRAP, "tiled overlay: wraps"),
            "shadow"
            | "pumpkinblur"
            | "spyglass_scope"
            | "powder_snow_outline"
            | "nausea"
            | "unknown_pack"
            | "unknown_server" => (Edges::CLAMP, "overlay: no wrap"),
            _ => return TextureRule::copy(kind, "an unknown helper of the game").unsure(),
        };
        match self.low(kind, subject, false) {
            Ok(frames) => frames.enhance(kind, edges, why),
            Err(rule) => rule,
        }
    }

    /// Folders of the pack's own: what its models, fonts, atlases and OptiFine rules make of them.
    fn unknown(&self, subject: Subject<'_>) -> TextureRule {
        let id = subject.path.id();
        if id
            .as_ref()
            .is_some_and(|id| self.fonts.glyphs.contains_key(&format!("{id}.png")))
        {
            return self.font(subject);
        }
        if self.ctm.contains_key(subject.logical) {
            return self.connected(subject);
        }
        if let Some(uses) = self.uses(subject) {
            return if uses.layer && !uses.full {
                self.item(subject)
            } else {
                self.model_part(subject, uses)
            };
        }
        match id.as_ref().and_then(|id| self.atlases.atlas(id)) {
            Some(Atlas::Gui) => self.sprite(subject),
            Some(Atlas::Blocks | Atlas::Items) => {
                match self.low_part(AssetKind::Block, subject, false) {
                    Ok(frames) => frames.enhance(
                        AssetKind::Block,
                        Edges::CLAMP,
                        "named by an atlas only: no wrap",
                    ),
                    Err(rule) => rule,
                }
            }
            Some(_) => self.plain(subject, AssetKind::Entity),
            None => TextureRule::copy(
                AssetKind::Unknown,
                "no model, font or atlas of the pack names it",
            )
            .unsure(),
        }
    }

    fn model_part(&self, subject: Subject<'_>, uses: Uses) -> TextureRule {
        let kind = AssetKind::Block;
        let frames = match self.low_part(kind, subject, false) {
            Ok(frames) => frames,
            Err(rule) => return rule,
        };
        let (face, _) = faces::face("", false, Some(uses));
        // Named by a model whose shape is the game's and unknown here: the side that wraps nothing.
        let face = if uses.full || uses.plant {
            face
        } else {
            faces::Face::Ends
        };
        TextureRule {
            hard_alpha: face.cutout(),
            ..frames.enhance(kind, face.edges(), face.why())
        }
    }

    /// A sheet out of which an atlas cuts sprites: each as the models use it.
    fn cut_by_atlas(&self, subject: Subject<'_>) -> Option<TextureRule> {
        let id = subject.path.id()?;
        let regions = self.atlases.regions(&id, subject.size)?;
        let rects: Vec<Rect> = regions.iter().map(|(rect, _)| *rect).collect();
        if rects.is_empty() || !apart(&rects, subject.size) {
            return None;
        }
        let largest = rects.iter().fold((0, 0), |(w, h), rect| {
            (rect.width.max(w), rect.height.max(h))
        });
        // A sprite may be a map of islands, so it is measured as mobs are.
        let measure = AssetKind::Equipment;
        if let Some(rule) = self.high(measure, subject, largest) {
            return Some(TextureRule {
                kind: AssetKind::Block,
                ..rule
            });
        }
        let face = |sprite: &str| {
            let uses = self.uses.get(sprite).copied()?;
            let vanilla = sprite.starts_with("minecraft:");
            (uses.full || uses.plant).then(|| faces::face(stem(sprite), vanilla, Some(uses)).0)
        };
        let faces: Vec<Option<faces::Face>> = regions
            .iter()
            .map(|(_, sprite)| sprite.and_then(face))
            .collect();
        let cells = rects
            .into_iter()
            .zip(&faces)
            .map(|(rect, face)| Cell {
                rect,
                edges: face.map_or(Edges::CLAMP, faces::Face::edges),
            })
            .collect();
        Some(TextureRule {
            hard_alpha: faces.iter().flatten().any(|face| face.cutout()),
            ..TextureRule::enhance(
                AssetKind::Block,
                cells,
                "sheet that an atlas cuts: piece by piece",
            )
        })
    }
}

/// Whether rectangles lie inside an image and do not overlap.
fn apart(rects: &[Rect], (width, height): (u32, u32)) -> bool {
    let overlap = |a: &Rect, b: &Rect| {
        a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
    };
    rects.iter().enumerate().all(|(index, a)| {
        a.width > 0
            && a.height > 0
            && u64::from(a.x) + u64::from(a.width) <= u64::from(width)
            && u64::from(a.y) + u64::from(a.height) <= u64::from(height)
            && rects[..index].iter().all(|b| !overlap(a, b))
    })
}

/// B9: skies are mostly large; a small one of 3x2 faces is enhanced face by face.
fn sky(subject: Subject<'_>) -> TextureRule {
    let kind = AssetKind::Sky;
    let (width, height) = subject.size;
    let cells = if u64::from(width) * 2 == u64::from(height) * 3 && width.is_multiple_of(3) {
        animation::grid(subject.size, (width / 3, height / 2))
    } else if width == height {
        animation::grid(subject.size, subject.size)
    } else {
        None
    };
    match cells {
        Some(cells) if cells[0].width <= 64 => TextureRule::enhance(
            kind,
            Frames(cells).cells(Edges::CLAMP),
            "small sky: face by face",
        ),
        Some(_) => TextureRule::copy(kind, "sky: already high resolution"),
        None if width.max(height) > 128 => TextureRule::copy(kind, "sky: already high resolution"),
        None => TextureRule::copy(kind, "sky of an unknown layout").unsure(),
    }
}
