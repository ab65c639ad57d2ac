//! The vocabulary of a decision: what a texture is, what to do with it, why.
//!
//! Types only; the deciding is done by the other files of this folder.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};
use uncanny_texture::{Cell, Channels, Edges};

/// What a texture is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum AssetKind {
    /// A block's face, or a texture of a block model.
    Block,
    /// An item, extruded by the game from its pixels, or a texture of an item model.
    Item,
    /// A mob or another thing with a model in the game's code.
    Entity,
    /// Armour, saddles, elytra.
    Equipment,
    /// One sprite of the interface (since 1.20.2).
    Gui,
    /// A sheet of many interface sprites, or a whole screen's picture.
    GuiSheet,
    /// Glyphs of a bitmap font.
    Font,
    /// A `unicode_page_XX` of the legacy font.
    UnicodePage,
    /// A particle, or the old sheet of them.
    Particle,
    /// A painting, or the old sheet of them.
    Painting,
    /// Sun, moon, rain, snow, the End's sky.
    Environment,
    /// The clouds, one cell of mesh a pixel.
    Clouds,
    /// Colours indexed by climate.
    Colormap,
    /// Input of a shader.
    Effect,
    /// Overlays and helpers of `textures/misc`.
    Misc,
    /// An armour trim or another texture recoloured through a palette.
    Trim,
    /// A row of colours that recolours others.
    Palette,
    /// A tile of connected textures.
    Ctm,
    /// A sky box.
    Sky,
    /// A side of the title screen's panorama.
    Panorama,
    /// A title or logo.
    Title,
    /// A finished picture: a world preset, a Realms screen.
    Picture,
    /// `pack.png`.
    PackIcon,
    /// LabPBR `_n`.
    NormalMap,
    /// LabPBR `_s`.
    SpecularMap,
    /// The icon of a status effect.
    MobEffect,
    /// Maps: background, icons.
    Map,
    /// A layer of banners, shields or pots.
    Banner,
    /// OptiFine's table of light colours.
    Lightmap,
    /// Frames that OptiFine copies into another texture.
    AnimationSource,
    /// Nothing known.
    Unknown,
}

impl AssetKind {
    /// Its name as shown: `mob-effect`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Item => "item",
            Self::Entity => "entity",
            Self::Equipment => "equipment",
            Self::Gui => "gui",
            Self::GuiSheet => "gui-sheet",
            Self::Font => "font",
            Self::UnicodePage => "unicode-page",
            Self::Particle => "particle",
            Self::Painting => "painting",
            Self::Environment => "environment",
            Self::Clouds => "clouds",
            Self::Colormap => "colormap",
            Self::Effect => "effect",
            Self::Misc => "misc",
            Self::Trim => "trim",
            Self::Palette => "palette",
            Self::Ctm => "ctm",
            Self::Sky => "sky",
            Self::Panorama => "panorama",
            Self::Title => "title",
            Self::Picture => "picture",
            Self::PackIcon => "pack-icon",
            Self::NormalMap => "normal-map",
            Self::SpecularMap => "specular-map",
            Self::MobEffect => "mob-effect",
            Self::Map => "map",
            Self::Banner => "banner",
            Self::Lightmap => "lightmap",
            Self::AnimationSource => "animation-source",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for AssetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What happens to a texture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Treatment {
    /// Its bytes stay as they are.
    Copy,
    /// Every pixel becomes a square.
    Nearest,
    /// The network's work.
    Enhance,
}

impl fmt::Display for Treatment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Copy => "copy",
            Self::Nearest => "nearest",
            Self::Enhance => "enhance",
        })
    }
}

/// The picture into which the game packs a sprite; its size is limited by the graphics card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Atlas {
    /// Blocks, and items too before 1.21.11.
    Blocks,
    /// Items, since 1.21.11.
    Items,
    /// Interface sprites.
    Gui,
    /// Particles.
    Particles,
    /// Paintings.
    Paintings,
    /// Status effects before 1.21.6.
    MobEffects,
    /// Icons on maps.
    MapDecorations,
    /// Armour trims.
    ArmorTrims,
    /// Any other: beds, chests, signs, banners.
    Other,
}

impl fmt::Display for Atlas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Blocks => "blocks",
            Self::Items => "items",
            Self::Gui => "gui",
            Self::Particles => "particles",
            Self::Paintings => "paintings",
            Self::MobEffects => "mob-effects",
            Self::MapDecorations => "map-decorations",
            Self::ArmorTrims => "armor-trims",
            Self::Other => "other",
        })
    }
}

/// The decision for one texture.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TextureRule {
    /// What it is.
    pub kind: AssetKind,
    /// What happens to it.
    pub treatment: Treatment,
    /// Why, in a fragment for the pack's author.
    pub why: Cow<'static, str>,
    /// The rectangles enhanced each on its own; disjoint; empty when copied.
    pub cells: Vec<Cell>,
    /// What the channels mean.
    pub channels: Channels,
    /// The entry of the palette whose colours bind the result.
    pub palette_key: Option<String>,
    /// Its name says that it is a map of normals, and nothing else in the pack does: it is one, to be scaled as
    /// [`Channels::NormalMap`], if its pixels look like one.
    pub maybe_normals: bool,
    /// The result may only use colours that the texture itself has: it is recoloured through a palette that is
    /// not in the pack.
    pub own_palette: bool,
    /// A font: the ink of each cell must not grow to the right.
    pub glyphs: bool,
    /// The most pixels that a side of a cell may have in the result, where the game draws no more: a larger result is
    /// not shown at all, a smaller factor is.
    pub largest_cell: Option<u32>,
    /// Colours under alpha 0 count in some version of the game: keep them.
    pub keep_hidden_rgb: bool,
    /// The game draws it cut out: where the source's alpha is only 0 and 255 the result's must be too.
    pub hard_alpha: bool,
    /// Textures with the same group must get the same factor.
    pub group: Option<String>,
    /// The atlas it is packed into, for the estimate.
    pub atlas: Option<Atlas>,
    /// Whether the rule is known to hold; what is not is copied, and listed as unsure.
    pub sure: bool,
}

impl TextureRule {
    /// Left as it is.
    pub(super) fn copy(kind: AssetKind, why: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            treatment: Treatment::Copy,
            why: why.into(),
            cells: Vec::new(),
            channels: Channels::Colour,
            palette_key: None,
            maybe_normals: false,
            own_palette: false,
            glyphs: false,
            largest_cell: None,
            keep_hidden_rgb: false,
            hard_alpha: false,
            group: None,
            atlas: None,
            sure: true,
        }
    }

    /// Enhanced in these cells.
    pub(super) fn enhance(
        kind: AssetKind,
        cells: Vec<Cell>,
        why: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            treatment: Treatment::Enhance,
            cells,
            ..Self::copy(kind, why)
        }
    }

    /// Enhanced as one cell.
    pub(super) fn whole(
        kind: AssetKind,
        size: (u32, u32),
        edges: Edges,
        why: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::enhance(kind, vec![Cell::whole(size.0, size.1, edges)], why)
    }

    /// The same for a texture that turned out to be a map of normals, see [`maybe_normals`](Self::maybe_normals).
    #[must_use]
    pub fn as_normals(self) -> Self {
        Self {
            kind: AssetKind::NormalMap,
            channels: Channels::NormalMap,
            why: "normals, by its pixels: as data".into(),
            glyphs: false,
            hard_alpha: false,
            atlas: None,
            ..self
        }
    }

    /// The same, listed as unsure; only what is copied may be.
    pub(super) fn unsure(mut self) -> Self {
        debug_assert_eq!(self.treatment, Treatment::Copy);
        self.sure = false;
        self
    }
}

/// Something in the pack that could not be read or will not work, and what was assumed instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The entry.
    pub entry: String,
    /// What is wrong, a lowercase fragment, with the place in the file where there is one.
    pub message: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.entry, self.message)
    }
}
