//! What the pixels of a texture say, as far as plans ask: found out when first asked for, and remembered.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use uncanny_texture::{DecodeLimits, Facts, RgbaImage, decode, facts, probe};

/// What one texture looks like.
#[derive(Debug)]
pub(crate) struct Look {
    size: Result<(u32, u32), String>,
    /// The file, unless it can be read again.
    bytes: Option<Vec<u8>>,
    facts: OnceLock<Result<Facts, String>>,
    colours: OnceLock<Result<Vec<[u8; 3]>, String>>,
}

/// Reads the file again.
type Read<'a> = dyn Fn() -> Result<Vec<u8>, String> + 'a;

impl Look {
    /// At these bytes, which should be a PNG.
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self {
            size: probe(&bytes).map_err(|error| error.to_string()),
            bytes: Some(bytes),
            facts: OnceLock::new(),
            colours: OnceLock::new(),
        }
    }

    /// One to be kept: without the bytes.
    pub(crate) fn kept(mut self) -> Self {
        let _ = self.facts(&gone);
        self.bytes = None;
        self
    }

    /// Width and height as its header says.
    pub(crate) fn size(&self) -> Result<(u32, u32), String> {
        self.size.clone()
    }

    /// What all its pixels have in common.
    pub(crate) fn facts(&self, read: &Read<'_>) -> Result<Facts, String> {
        let found = self.facts.get_or_init(|| Ok(facts(&self.image(read)?)));
        found.clone()
    }

    /// The colours of all that can be seen.
    pub(crate) fn colours(&self, read: &Read<'_>) -> Result<Vec<[u8; 3]>, String> {
        let found = self
            .colours
            .get_or_init(|| Ok(visible_colours(&self.image(read)?)));
        found.clone()
    }

    /// Whether a plan made after this look holds after the `new` one, which still has its bytes: that one says the
    /// same wherever this one was asked.
    pub(crate) fn agrees(&self, new: &Self) -> bool {
        let colours = self.colours.get();
        self.size == new.size
            && self.facts(&gone) == new.facts(&gone)
            && colours.is_none_or(|colours| *colours == new.colours(&gone))
    }

    fn image(&self, read: &Read<'_>) -> Result<RgbaImage, String> {
        let again: Vec<u8>;
        let bytes = match &self.bytes {
            Some(bytes) => bytes,
            None => {
                again = read()?;
                &again
            }
        };
        decode(bytes, &DecodeLimits::default())
            .map(|texture| texture.image)
            .map_err(|error| error.to_string())
    }
}

fn gone() -> Result<Vec<u8>, String> {
    Err("its bytes were not kept".to_owned())
}

fn visible_colours(image: &RgbaImage) -> Vec<[u8; 3]> {
    let colours: BTreeSet<[u8; 3]> = image
        .pixels()
        .filter(|pixel| pixel.0[3] > 0)
        .map(|pixel| [pixel.0[0], pixel.0[1], pixel.0[2]])
        .collect();
    colours.into_iter().collect()
}
