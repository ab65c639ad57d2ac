//! Ctrl-C: the first asks the run to stop cleanly, the second ends the process at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The exit status of a run that was interrupted, as a shell would report it.
pub(crate) const EXIT_STATUS: u8 = 130;

/// Starts listening and returns the flag that an interruption raises.
///
/// Where the system lets no handler be set, Ctrl-C keeps its usual meaning: the process ends, and
/// at most a temporary file stays behind.
pub(crate) fn listen() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&flag);
    let handler = move || {
        if raised.swap(true, Ordering::SeqCst) {
            std::process::exit(i32::from(EXIT_STATUS));
        }
        tracing::warn!("stopping; press Ctrl-C again to stop at once");
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        tracing::debug!(%error, "Ctrl-C cannot be handled here");
    }
    flag
}
