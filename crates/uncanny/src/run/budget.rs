//! Bounds the memory of all chunks in flight.

use std::sync::{Arc, Condvar, Mutex};

/// So many bytes may be in flight. One that asks for more than that goes alone.
pub(super) struct Budget {
    limit: u64,
    state: Arc<(Mutex<u64>, Condvar)>,
}

/// A share of a budget, given back when dropped.
pub(super) struct Permit {
    bytes: u64,
    state: Arc<(Mutex<u64>, Condvar)>,
}

impl Budget {
    pub(super) fn new(limit: u64) -> Self {
        Self {
            limit,
            state: Arc::default(),
        }
    }

    /// Waits until `bytes` fit beside what others hold, or nobody holds any.
    pub(super) fn take(&self, bytes: u64) -> Permit {
        let (held, changed) = &*self.state;
        let mut held = held.lock().expect("no thread panics with this lock");
        while *held > 0 && *held + bytes > self.limit {
            held = changed.wait(held).expect("no thread panics with this lock");
        }
        *held += bytes;
        drop(held);
        Permit {
            bytes,
            state: Arc::clone(&self.state),
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let (held, changed) = &*self.state;
        *held.lock().expect("no thread panics with this lock") -= self.bytes;
        changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lets_a_giant_go_alone_and_others_wait() {
        let budget = Budget::new(10);
        let giant = budget.take(100);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| drop(budget.take(10)));
            assert!(!waiting.is_finished());
            drop(giant);
            waiting.join().unwrap();
        });
        let (first, second) = (budget.take(4), budget.take(6));
        assert_eq!(*budget.state.0.lock().unwrap(), 10);
        drop((first, second));
        assert_eq!(*budget.state.0.lock().unwrap(), 0);
    }
}
