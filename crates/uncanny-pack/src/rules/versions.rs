//! What the pack's formats mean for the rules. The numbers are those that misode/technical-changes lists \[C\].

use crate::PackMeta;

/// The formats a pack is for; unknown ends are open, so that the careful reading of both sides applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Versions {
    min: u32,
    max: u32,
}

impl Versions {
    pub(super) fn new(meta: &PackMeta) -> Self {
        match meta.formats() {
            Some(range) => Self {
                min: range.min.major,
                max: range.max.major,
            },
            None => Self { min: 4, max: 999 },
        }
    }

    /// Only 1.12 and older load it: frames are square, `animation.width` and `height` unused.
    pub(super) fn square_frames(self) -> bool {
        self.max <= 3
    }

    /// Some 1.12 or older loads it, where layers of another size than their base are skipped.
    pub(super) fn skips_odd_layers(self) -> bool {
        self.min <= 3
    }

    /// No version loads names outside `[a-z0-9_.-/]` (1.11 and newer).
    pub(super) fn strict_names(self) -> bool {
        self.min >= 3
    }

    /// Before 1.19.3 (format 12) creative tabs are 28 wide, six in a row.
    pub(super) fn wide_tabs(self) -> bool {
        self.max < 12
    }

    /// Before 1.18 (format 8) the inventory's sheet holds the status icons where a background came later.
    pub(super) fn effect_grid_in_inventory(self) -> bool {
        self.max < 8
    }

    /// Only 1.12 and older: 128x128 particles, 32x32 map icons.
    pub(super) fn small_sheets(self) -> bool {
        self.max <= 3
    }

    /// Before 1.21.2 (format 42) glowing eyes are blended by colour whatever their alpha.
    pub(super) fn eyes_by_colour(self) -> bool {
        self.min < 42
    }

    /// From 1.21.6 (format 63) status icons are in the interface's atlas.
    pub(super) fn effects_in_gui(self) -> bool {
        self.min >= 63
    }

    /// From 1.21.11 (format 75) items have an atlas of their own.
    pub(super) fn split_items(self) -> bool {
        self.min >= 75
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(json: &str) -> Versions {
        Versions::new(&PackMeta::from_json(&serde_json::from_str(json).unwrap()).0)
    }

    #[test]
    fn the_careful_side_of_a_range_applies() {
        let old = versions(r#"{"pack":{"pack_format":2}}"#);
        assert!(old.square_frames() && old.eyes_by_colour() && !old.strict_names());
        let new = versions(r#"{"pack":{"min_format":88,"max_format":[88,1]}}"#);
        assert!(!new.square_frames() && new.split_items() && new.strict_names());
        let wide = versions(r#"{"pack":{"pack_format":15,"supported_formats":[15,80]}}"#);
        assert!(wide.eyes_by_colour() && !wide.split_items());
        let silent = versions(r#"{"pack":{}}"#);
        assert!(!silent.square_frames() && silent.eyes_by_colour());
    }
}
