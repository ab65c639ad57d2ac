//! Stands in for the pack's rules until `uncanny-pack` has them: everything is a block.
#![allow(missing_docs, reason = "goes away with the rules of uncanny-pack")]

use std::borrow::Cow;

use serde::Serialize;
use uncanny_pack::{Error, Pack};
use uncanny_texture::{Cell, Channels, Edges, Scale};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AssetKind {
    Block,
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Atlas {
    Blocks,
}

impl std::fmt::Display for Atlas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("blocks")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    Copy,
    Nearest,
    Enhance,
}

#[derive(Debug, Clone)]
pub struct TextureRule {
    pub kind: AssetKind,
    pub treatment: Treatment,
    pub why: Cow<'static, str>,
    pub cells: Vec<Cell>,
    pub channels: Channels,
    pub palette_key: Option<String>,
    pub glyphs: bool,
    pub keep_hidden_rgb: bool,
    pub hard_alpha: bool,
    pub group: Option<String>,
    pub atlas: Option<Atlas>,
    pub sure: bool,
}

#[derive(Debug)]
pub struct Rules;

impl Rules {
    #[must_use]
    pub fn read(_pack: &Pack) -> Self {
        Self
    }

    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    #[must_use]
    pub fn texture(&self, name: &str, (width, height): (u32, u32)) -> TextureRule {
        let block = name.contains("/textures/block/");
        TextureRule {
            kind: if block {
                AssetKind::Block
            } else {
                AssetKind::Unknown
            },
            treatment: if name == "pack.png" {
                Treatment::Copy
            } else {
                Treatment::Enhance
            },
            why: "stand-in".into(),
            cells: vec![Cell::whole(width, height, Edges::WRAP)],
            channels: Channels::Colour,
            palette_key: None,
            glyphs: false,
            keep_hidden_rgb: false,
            hard_alpha: false,
            group: None,
            atlas: block.then_some(Atlas::Blocks),
            sure: true,
        }
    }

    /// # Errors
    /// Never.
    pub fn companion(
        &self,
        _name: &str,
        _bytes: &[u8],
        _scale: Scale,
        _enhanced: &dyn Fn(&str) -> bool,
    ) -> Result<Option<Vec<u8>>, Error> {
        Ok(None)
    }
}
