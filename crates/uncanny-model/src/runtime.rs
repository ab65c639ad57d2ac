//! libtorch's own settings.

/// How many threads libtorch uses on the CPU.
#[must_use]
pub fn threads() -> usize {
    usize::try_from(tch::get_num_threads()).unwrap_or(1).max(1)
}

/// Makes libtorch use `count` threads on the CPU, from now on.
pub fn set_threads(count: usize) {
    tch::set_num_threads(i32::try_from(count).unwrap_or(i32::MAX).max(1));
}
