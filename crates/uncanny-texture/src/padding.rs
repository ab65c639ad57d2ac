//! What a network sees beyond the sides of a tile: its convolutions pad each axis by one of these.

/// What lies beyond the ends of a row or column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Padding {
    /// Nothing: zeros, as most networks were trained with.
    #[default]
    Zero,
    /// The row again.
    Wrap,
    /// The outermost values, repeated.
    Replicate,
    /// The row mirrored, its outermost values once.
    Reflect,
}

impl Padding {
    /// Which of `length` values stands at a position that may lie beyond them; none where there are zeros.
    #[must_use]
    pub fn source(self, position: i64, length: i64) -> Option<i64> {
        if (0..length).contains(&position) {
            return Some(position);
        }
        match self {
            Padding::Zero => None,
            Padding::Wrap => Some(position.rem_euclid(length)),
            Padding::Replicate => Some(position.clamp(0, length - 1)),
            Padding::Reflect => {
                // There and back again, both ends once; of a single value there is only that.
                let turn = (2 * (length - 1)).max(1);
                let there = position.rem_euclid(turn);
                Some(there.min(turn - there).min(length - 1))
            }
        }
    }
}

/// What lies beyond a tile's sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TileEdges {
    /// At the left and right.
    pub x: Padding,
    /// Above and below.
    pub y: Padding,
}

impl TileEdges {
    /// Nothing on any side.
    pub const ZERO: TileEdges = TileEdges::all(Padding::Zero);
    /// The tile again, both ways.
    pub const WRAP: TileEdges = TileEdges::all(Padding::Wrap);
    /// Its outermost values, repeated, on every side.
    pub const REPLICATE: TileEdges = TileEdges::all(Padding::Replicate);

    /// The same along both axes.
    #[must_use]
    pub const fn all(padding: Padding) -> TileEdges {
        TileEdges {
            x: padding,
            y: padding,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_beyond_an_end_are_read_by_the_rule() {
        let read = |padding: Padding, length| -> Vec<Option<i64>> {
            (-4..length + 4)
                .map(|position| padding.source(position, length))
                .collect()
        };
        let some = |places: &[i64]| places.iter().copied().map(Some).collect::<Vec<_>>();
        let wrap = [2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0];
        assert_eq!(read(Padding::Wrap, 3), some(&wrap));
        let replicate = [0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 2];
        assert_eq!(read(Padding::Replicate, 3), some(&replicate));
        let reflect = [0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2];
        assert_eq!(read(Padding::Reflect, 3), some(&reflect));
        let zero = read(Padding::Zero, 3);
        assert_eq!(zero.iter().flatten().count(), 3);
        for padding in [Padding::Wrap, Padding::Replicate, Padding::Reflect] {
            assert_eq!(read(padding, 1), vec![Some(0); 9], "{padding:?}");
        }
    }
}
