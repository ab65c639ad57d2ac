//! The time that a watch goes by: the system's, and in tests one that runs as they like.

use std::sync::{Condvar, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

#[cfg(test)]
use std::sync::Arc;

/// Says how late it is, and waits.
#[derive(Clone, Default)]
pub(super) enum Clock {
    /// The system's.
    #[default]
    Real,
    /// The system's, so many times as fast since a moment.
    #[cfg(test)]
    Fast(Instant, u32),
    /// Asked how late it is, it says so; whoever waits for a while moves it on.
    #[cfg(test)]
    Made(Arc<dyn Made>),
}

/// A clock of a test's own.
#[cfg(test)]
pub(super) trait Made: Send + Sync {
    fn now(&self) -> Instant;
    fn wait(&self, time: Duration);
}

impl Clock {
    pub(super) fn now(&self) -> Instant {
        match self {
            Self::Real => Instant::now(),
            #[cfg(test)]
            Self::Fast(since, times) => *since + since.elapsed() * *times,
            #[cfg(test)]
            Self::Made(clock) => clock.now(),
        }
    }

    pub(super) fn sleep(&self, time: Duration) {
        match self {
            Self::Real => thread::sleep(time),
            #[cfg(test)]
            Self::Fast(_, times) => thread::sleep(time / *times),
            #[cfg(test)]
            Self::Made(clock) => clock.wait(time),
        }
    }

    /// Waits until somebody calls, for so long at most.
    pub(super) fn wait<'g, T>(
        &self,
        news: &Condvar,
        guard: MutexGuard<'g, T>,
        time: Duration,
    ) -> MutexGuard<'g, T> {
        let time = match self {
            Self::Real => time,
            #[cfg(test)]
            Self::Fast(_, times) => time / *times,
            #[cfg(test)]
            Self::Made(clock) => {
                clock.wait(time);
                return guard;
            }
        };
        news.wait_timeout(guard, time)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }
}
