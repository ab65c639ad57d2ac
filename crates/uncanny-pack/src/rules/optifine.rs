//! OptiFine's and MCPatcher's `.properties`: connected textures, copied animations.
//!
//! `tiles`, `width`, `height` of connected textures are counts; tiles of one rule share a factor
//! and edge-framed tiles never wrap; `x,y,w,h` of `anim/*.properties` are pixels of the target \[D\].

use super::paths::{folder, full_id, join};

/// One line `key = value` and where its value lies in the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Property<'a> {
    pub(super) key: &'a str,
    pub(super) value: &'a str,
    /// Byte offset of the value.
    pub(super) at: usize,
}

/// The value of a key; of several, the last counts.
fn last<'a>(properties: &[Property<'a>], key: &str) -> Option<&'a str> {
    properties
        .iter()
        .rev()
        .find(|property| property.key == key)
        .map(|property| property.value)
}

/// The properties of a file. Bytes that are not UTF-8 were replaced one for one, so offsets hold.
pub(super) fn properties(text: &str) -> Vec<Property<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        let start = at;
        at += line.len();
        let trimmed = line.trim_start_matches([' ', '\t', '\u{feff}']);
        if trimmed.starts_with(['#', '!']) {
            continue;
        }
        let Some(split) = trimmed.find(['=', ':']) else {
            continue;
        };
        let key = trimmed[..split].trim();
        let value = &trimmed[split + 1..];
        let lead = value.len() - value.trim_start().len();
        found.push(Property {
            key,
            value: value.trim(),
            at: start + (line.len() - trimmed.len()) + split + 1 + lead,
        });
    }
    found
}

/// The file's text for reading: one character for each byte that is not UTF-8.
pub(super) fn text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(std::iter::repeat_n('?', chunk.invalid().len()));
    }
    text
}

/// How a rule of connected textures chooses among its tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// Any of several whole faces: `random`, `fixed`.
    Whole,
    /// Joined sideways only.
    Horizontal,
    /// Joined up and down only.
    Vertical,
    /// Framed or parts of a larger picture.
    Joined,
}

/// One rule of connected textures.
#[derive(Debug)]
pub(super) struct CtmRule {
    pub(super) method: Method,
    /// What the rule's `tiles` are called, in order, unresolved.
    tokens: Vec<String>,
    /// The block or texture that it applies to, where it says so.
    pub(super) base: Option<String>,
}

impl CtmRule {
    /// From a file named `<name>.properties`.
    pub(super) fn parse(text: &str, name: &str) -> Self {
        let properties = properties(text);
        let value = |key| last(&properties, key);
        let method = match value("method")
            .unwrap_or("ctm")
            .to_ascii_lowercase()
            .as_str()
        {
            "random" | "fixed" => Method::Whole,
            "horizontal" | "bookshelf" => Method::Horizontal,
            "vertical" | "top" => Method::Vertical,
            _ => Method::Joined,
        };
        let tokens = value("tiles")
            .unwrap_or_default()
            .split([' ', '\t', ','])
            .filter(|token| !token.is_empty() && !token.starts_with('<'))
            .flat_map(expand)
            // The longest honest list has 47; a hostile one must not fill the memory.
            .take(65_536)
            .collect();
        let base = value("matchTiles")
            .or_else(|| value("matchBlocks"))
            .and_then(|list| list.split([' ', ',']).next())
            .map(|first| {
                let first = first.strip_prefix("minecraft:").unwrap_or(first);
                // States may follow: `oak_log:axis=x`.
                first.split(':').next().unwrap_or(first).to_owned()
            })
            .or_else(|| {
                name.strip_prefix("block_")
                    .map(str::to_owned)
                    .or_else(|| Some(name.to_owned()))
            })
            .filter(|base| !base.is_empty());
        Self {
            method,
            tokens,
            base,
        }
    }

    /// The tiles that exist, as `namespace:path`.
    pub(super) fn tiles(&self, properties: &str, exists: &dyn Fn(&str) -> bool) -> Vec<String> {
        self.tokens
            .iter()
            .filter_map(|token| resolve(properties, token, exists))
            .collect()
    }
}

/// `0-46` -> `0` .. `46`; anything else stays.
fn expand(token: &str) -> Vec<String> {
    if let Some((low, high)) = token.split_once('-')
        && let (Ok(low), Ok(high)) = (low.parse::<u32>(), high.parse::<u32>())
        && low <= high
        && high - low < 4096
    {
        return (low..=high).map(|number| number.to_string()).collect();
    }
    vec![token.to_owned()]
}

/// Finds the texture that a properties file (`namespace:path`) means by a name: beside it, from `optifine/`, from
/// the namespace's root, or as a texture.
pub(super) fn resolve(
    properties: &str,
    token: &str,
    exists: &dyn Fn(&str) -> bool,
) -> Option<String> {
    let (namespace, path) = properties.split_once(':')?;
    let beside = folder(path);
    let token = token.trim().trim_start_matches("assets/minecraft/");
    let file = if token.ends_with(".png") {
        token.to_owned()
    } else {
        format!("{token}.png")
    };
    let mut candidates = Vec::new();
    if let Some(rest) = file.strip_prefix("~/") {
        for top in ["optifine", "mcpatcher"] {
            candidates.push(format!("{namespace}:{}", join(top, rest)?));
        }
    } else if file.contains(':') {
        let (namespace, rest) = file.split_once(':')?;
        candidates.push(format!("{namespace}:{rest}"));
        candidates.push(format!("{namespace}:textures/{rest}"));
    } else {
        if let Some(joined) = join(beside, &file) {
            candidates.push(format!("{namespace}:{joined}"));
        }
        candidates.push(full_id(&file));
        candidates.push(format!("{namespace}:textures/{file}"));
    }
    candidates.into_iter().find(|candidate| exists(candidate))
}

/// A rule that copies the frames of one image into a part of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Anim {
    pub(super) from: String,
    pub(super) to: String,
    /// Width and height of a frame.
    pub(super) frame: (u32, u32),
}

impl Anim {
    /// Names unresolved; `None` when something is missing or no number.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let properties = properties(text);
        let value = |key| last(&properties, key);
        Some(Self {
            from: value("from")?.to_owned(),
            to: value("to")?.to_owned(),
            frame: (value("w")?.parse().ok()?, value("h")?.parse().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_keep_their_places() {
        let text = "# a=b\r\n x = 16 \r\ny:8\n\nw=32";
        let found = properties(text);
        let pairs: Vec<_> = found.iter().map(|p| (p.key, p.value)).collect();
        assert_eq!(pairs, [("x", "16"), ("y", "8"), ("w", "32")]);
        for property in found {
            assert!(text[property.at..].starts_with(property.value));
        }
        assert_eq!(super::text(b"caf\xe9=1").len(), 6);
    }

    #[test]
    fn tiles_are_listed_and_found() {
        let rule = CtmRule::parse(
            "matchBlocks=minecraft:oak_log:axis=y\nmethod=ctm\ntiles=0-2 <skip> ./sub/a.png ~/b textures/block/c d-e",
            "x",
        );
        assert_eq!(rule.method, Method::Joined);
        assert_eq!(rule.base.as_deref(), Some("oak_log"));
        let all = |_: &str| true;
        let tiles = rule.tiles("minecraft:optifine/ctm/x/x.properties", &all);
        assert_eq!(
            tiles,
            [
                "minecraft:optifine/ctm/x/0.png",
                "minecraft:optifine/ctm/x/1.png",
                "minecraft:optifine/ctm/x/2.png",
                "minecraft:optifine/ctm/x/sub/a.png",
                "minecraft:optifine/b.png",
                "minecraft:optifine/ctm/x/textures/block/c.png",
                "minecraft:optifine/ctm/x/d-e.png",
            ]
        );
        let texture = |id: &str| id == "minecraft:textures/block/c.png";
        assert_eq!(
            rule.tiles("minecraft:optifine/ctm/x/x.properties", &texture),
            ["minecraft:textures/block/c.png"]
        );
        assert_eq!(
            CtmRule::parse("method=random", "block_stone")
                .base
                .as_deref(),
            Some("stone")
        );
    }
}
