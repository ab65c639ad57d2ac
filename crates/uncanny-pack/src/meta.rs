//! `pack.mcmeta`: which versions of the game a pack is for, and its overlays. Read, never written.

use std::fmt;

use serde_json::Value;

/// A pack format: since 65 it has a minor part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FormatVersion {
    /// `84` in `84.0`.
    pub major: u32,
    /// `0` in `84.0`; `u32::MAX` where a bound means any minor.
    pub minor: u32,
}

/// From one format to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FormatRange {
    /// The oldest format.
    pub min: FormatVersion,
    /// The newest format.
    pub max: FormatVersion,
}

/// A folder in the pack that is laid over it for some versions of the game; a pack root of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlay {
    /// Its name, relative to the pack's root, without a slash at the end.
    pub directory: String,
    /// The versions it is for, where it says so legibly.
    pub formats: Option<FormatRange>,
}

/// What `pack.mcmeta` says. Whatever is missing or illegible is `None`, and a warning of the pack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackMeta {
    /// The index of the `pack.mcmeta` among the pack's entries.
    pub entry: Option<usize>,
    /// `pack.pack_format`.
    pub pack_format: Option<FormatVersion>,
    /// `pack.supported_formats`.
    pub supported_formats: Option<FormatRange>,
    /// `pack.min_format`.
    pub min_format: Option<FormatVersion>,
    /// `pack.max_format`.
    pub max_format: Option<FormatVersion>,
    /// `pack.description`, its text components joined.
    pub description: String,
    /// `overlays.entries`, in the file's order.
    pub overlays: Vec<Overlay>,
}

impl fmt::Display for FormatVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Formats below 65 have no minor part.
        if self.major < 65 || self.minor == u32::MAX {
            write!(f, "{}", self.major)
        } else {
            write!(f, "{}.{}", self.major, self.minor)
        }
    }
}

impl fmt::Display for FormatRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.min.minor == 0 && self.max.minor == u32::MAX;
        if self.min == self.max || (self.min.major == self.max.major && whole) {
            write!(f, "{}", self.max)
        } else {
            write!(f, "{} to {}", self.min, self.max)
        }
    }
}

impl FormatRange {
    /// Whether a format lies in the range.
    pub fn contains(&self, version: FormatVersion) -> bool {
        self.min <= version && version <= self.max
    }
}

impl PackMeta {
    /// The versions the pack is for: `min_format` and `max_format` where given, widened by the older
    /// `supported_formats` and `pack_format`. `None` when it says nothing legible.
    pub fn formats(&self) -> Option<FormatRange> {
        let any_minor = |v: FormatVersion| FormatVersion {
            minor: u32::MAX,
            ..v
        };
        let ranges = [
            self.supported_formats,
            self.pack_format.map(|v| FormatRange {
                min: v,
                max: any_minor(v),
            }),
            self.min_format.map(|v| FormatRange {
                min: v,
                max: self.max_format.unwrap_or(any_minor(v)),
            }),
            self.max_format.map(|v| FormatRange {
                min: self.min_format.unwrap_or(FormatVersion { minor: 0, ..v }),
                max: v,
            }),
        ];
        ranges.into_iter().flatten().reduce(|a, b| FormatRange {
            min: a.min.min(b.min),
            max: a.max.max(b.max),
        })
    }

    /// Reads the parsed file. The second part of the result says, in a fragment each, what was illegible.
    pub(crate) fn from_json(json: &Value) -> (Self, Vec<String>) {
        let mut problems = Vec::new();
        let mut meta = Self::default();
        let Some(pack) = json.get("pack").and_then(Value::as_object) else {
            problems.push("`pack` is missing or not an object".to_owned());
            meta.overlays = overlays(json, &mut problems);
            return (meta, problems);
        };
        let mut version = |key: &str, missing_minor| {
            let value = pack.get(key)?;
            let version = version(value, missing_minor);
            if version.is_none() {
                problems.push(format!("`pack.{key}` is not a format: {}", brief(value)));
            }
            version
        };
        meta.pack_format = version("pack_format", 0);
        meta.min_format = version("min_format", 0);
        meta.max_format = version("max_format", u32::MAX);
        if let Some(value) = pack.get("supported_formats") {
            meta.supported_formats = range(value);
            if meta.supported_formats.is_none() {
                problems.push(format!(
                    "`pack.supported_formats` is not a range of formats: {}",
                    brief(value)
                ));
            }
        }
        if meta.formats().is_none() && problems.is_empty() {
            problems.push("`pack` names no format".to_owned());
        }
        meta.description = pack.get("description").map(text).unwrap_or_default();
        meta.overlays = overlays(json, &mut problems);
        (meta, problems)
    }
}

fn overlays(json: &Value, problems: &mut Vec<String>) -> Vec<Overlay> {
    let Some(overlays) = json.get("overlays") else {
        return Vec::new();
    };
    let Some(entries) = overlays.get("entries").and_then(Value::as_array) else {
        problems.push("`overlays.entries` is missing or not a list".to_owned());
        return Vec::new();
    };
    let mut found = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let Some(directory) = entry.get("directory").and_then(Value::as_str) else {
            problems.push(format!("`overlays.entries[{index}]` has no directory"));
            continue;
        };
        let directory = directory.trim_end_matches('/');
        if directory.is_empty() || crate::name::problem(directory).is_some() {
            problems.push(format!(
                "`overlays.entries[{index}].directory` is no folder of the pack: {directory:?}"
            ));
            continue;
        }
        let bound = |key, missing_minor| {
            entry
                .get(key)
                .and_then(|value| version(value, missing_minor))
        };
        let formats = match (bound("min_format", 0), bound("max_format", u32::MAX)) {
            (Some(min), Some(max)) => Some(FormatRange { min, max }),
            _ => entry.get("formats").and_then(range),
        };
        if formats.is_none() {
            problems.push(format!(
                "`overlays.entries[{index}]` ({directory}) names no legible formats"
            ));
        }
        found.push(Overlay {
            directory: directory.to_owned(),
            formats,
        });
    }
    found
}

/// `15`, `[15]`, `[84, 0]`.
fn version(value: &Value, missing_minor: u32) -> Option<FormatVersion> {
    match value {
        Value::Array(parts) => match parts.as_slice() {
            [major] => Some(FormatVersion {
                major: whole(major)?,
                minor: missing_minor,
            }),
            [major, minor] => Some(FormatVersion {
                major: whole(major)?,
                minor: whole(minor)?,
            }),
            _ => None,
        },
        _ => Some(FormatVersion {
            major: whole(value)?,
            minor: missing_minor,
        }),
    }
}

/// `15`, `[15, 62]`, `{"min_inclusive": 15, "max_inclusive": 62}`.
fn range(value: &Value) -> Option<FormatRange> {
    let (min, max) = match value {
        Value::Array(parts) => match parts.as_slice() {
            [one] => (one, one),
            [min, max] => (min, max),
            _ => return None,
        },
        Value::Object(bounds) => (bounds.get("min_inclusive")?, bounds.get("max_inclusive")?),
        _ => (value, value),
    };
    Some(FormatRange {
        min: version(min, 0)?,
        max: version(max, u32::MAX)?,
    })
}

/// A whole number, also one written `15.0` as some editors do.
fn whole(value: &Value) -> Option<u32> {
    if let Some(whole) = value.as_u64() {
        return u32::try_from(whole).ok();
    }
    let number = value.as_f64()?;
    (number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number))
        .then_some(number as u32)
}

/// The text of a text component: a string, `{"text": ..., "extra": [...]}`, or a list of either.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(text).collect(),
        Value::Object(parts) => {
            let own = ["text", "translate"]
                .iter()
                .find_map(|key| parts.get(*key))
                .map(text)
                .unwrap_or_default();
            own + &parts.get("extra").map(text).unwrap_or_default()
        }
        _ => String::new(),
    }
}

/// A value for a message, cut short.
fn brief(value: &Value) -> String {
    let mut text = value.to_string();
    if text.chars().count() > 40 {
        text = text.chars().take(39).chain(['…']).collect();
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn formats(pack: Value) -> (Option<String>, Vec<String>) {
        let (meta, problems) = PackMeta::from_json(&json!({ "pack": pack }));
        (meta.formats().map(|range| range.to_string()), problems)
    }

    #[test]
    fn every_way_to_name_versions_is_read() {
        for (pack, expected) in [
            (json!({ "pack_format": 6 }), "6"),
            (json!({ "pack_format": 6.0 }), "6"),
            (
                json!({ "pack_format": 15, "supported_formats": [15, 62] }),
                "15 to 62",
            ),
            (json!({ "pack_format": 18, "supported_formats": 18 }), "18"),
            (
                json!({ "pack_format": 18, "supported_formats": { "min_inclusive": 16, "max_inclusive": 34 } }),
                "16 to 34",
            ),
            (json!({ "min_format": 88, "max_format": 88 }), "88"),
            (
                json!({ "min_format": [84], "max_format": [88, 1] }),
                "84.0 to 88.1",
            ),
            (
                json!({ "min_format": [69, 0], "max_format": [69, 0] }),
                "69.0",
            ),
            (
                json!({ "min_format": [65, 2], "max_format": 70 }),
                "65.2 to 70",
            ),
            (
                json!({ "pack_format": 34, "supported_formats": [34, 64], "min_format": 34, "max_format": 75 }),
                "34 to 75",
            ),
        ] {
            assert_eq!(
                formats(pack.clone()),
                (Some(expected.to_owned()), vec![]),
                "{pack}"
            );
        }
    }

    #[test]
    fn what_is_no_version_is_a_problem_and_not_an_error() {
        for pack in [
            json!({ "pack_format": "6" }),
            json!({ "pack_format": -1 }),
            json!({ "pack_format": [] }),
            json!({}),
        ] {
            let (range, problems) = formats(pack.clone());
            assert_eq!((range, problems.len()), (None, 1), "{pack}: {problems:?}");
        }
        assert_eq!(
            PackMeta::from_json(&json!([])).1,
            ["`pack` is missing or not an object"]
        );
    }

    #[test]
    fn overlays_keep_their_order_and_their_formats() {
        let (meta, problems) = PackMeta::from_json(&json!({
            "pack": { "pack_format": 15, "description": ["a", { "text": "b", "extra": ["c"] }] },
            "overlays": { "entries": [
                { "directory": "new", "formats": [18, 1000] },
                { "directory": "newer/", "min_format": 69, "max_format": [75, 0] },
                { "directory": "odd" },
                { "directory": "../up", "formats": 1 },
            ] },
        }));
        assert_eq!(meta.description, "abc");
        let directories: Vec<_> = meta
            .overlays
            .iter()
            .map(|overlay| overlay.directory.as_str())
            .collect();
        assert_eq!(directories, ["new", "newer", "odd"]);
        let range = meta.overlays[1].formats.unwrap();
        assert!(
            range.contains(FormatVersion {
                major: 70,
                minor: 3
            }) && !range.contains(FormatVersion {
                major: 75,
                minor: 1
            })
        );
        assert_eq!(problems.len(), 2, "{problems:?}");
    }
}
