//! How much a pack may ask of this machine before it is refused. No I/O.

/// Bounds against packs that are broken or hostile. The defaults are far above any real pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackLimits {
    /// Most entries a pack may list.
    pub max_entries: usize,
    /// Most bytes one entry may hold once unpacked.
    pub max_entry_bytes: u64,
    /// Most bytes all entries together may hold once unpacked.
    pub max_total_bytes: u64,
    /// Most times an entry, or the whole archive, may grow when unpacked.
    /// Deflate itself cannot exceed 1032.
    pub max_ratio: u64,
    /// Below this many bytes the ratio is not looked at: a small file of zeros is no bomb.
    pub ratio_floor: u64,
}

impl Default for PackLimits {
    fn default() -> Self {
        Self {
            max_entries: 1 << 20,
            max_entry_bytes: 256 << 20,
            max_total_bytes: 16 << 30,
            max_ratio: 200,
            ratio_floor: 16 << 20,
        }
    }
}
