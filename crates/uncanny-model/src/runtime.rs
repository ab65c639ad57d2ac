//! libtorch's own settings.

use std::sync::atomic::{AtomicUsize, Ordering};

/// What was asked for; 0 while nothing was.
static THREADS: AtomicUsize = AtomicUsize::new(0);

/// How many threads networks use on the CPU: as many workers, each with one of libtorch's.
#[must_use]
pub fn threads() -> usize {
    match THREADS.load(Ordering::Relaxed) {
        0 => {
            // Asked once: later a worker may have told libtorch otherwise.
            let count = usize::try_from(tch::get_num_threads()).unwrap_or(1).max(1);
            THREADS.store(count, Ordering::Relaxed);
            count
        }
        count => count,
    }
}

/// Makes networks that are loaded from now on, and libtorch in this thread, use `count` threads on the CPU.
pub fn set_threads(count: usize) {
    let count = count.max(1);
    THREADS.store(count, Ordering::Relaxed);
    tch::set_num_threads(i32::try_from(count).unwrap_or(i32::MAX));
}

/// Makes libtorch compute what this thread asks for in this thread alone: it keeps the number by thread.
pub(crate) fn single_thread() {
    tch::set_num_threads(1);
}
