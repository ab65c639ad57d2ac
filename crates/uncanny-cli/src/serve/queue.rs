//! The line before the device: bounded, and with at most one job of a session waiting in it. A slider that moves
//! sends one request after the other; only the newest is worth the device's time.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::{self, Receiver, Sender};
use uncanny_texture::RgbaImage;

use super::settings::{MAX_ITERATIONS, Settings};

/// So many jobs may wait; whoever comes then is told to come again.
const LENGTH: usize = 32;

/// Everything that is ever said of one job: every iteration, and how it ended.
const MESSAGES: usize = MAX_ITERATIONS as usize + 1;

/// What the device says of a job: iterations, then one of the others.
#[derive(Debug)]
pub(crate) enum News {
    /// The picture after so many iterations, counted from 1.
    Iteration(u32, RgbaImage),
    /// All iterations have been said.
    Done,
    /// A newer job of the same session took the place of this one.
    Superseded,
    /// Why there is no more.
    Failed(String),
}

/// One picture to enhance, and whom to tell.
#[derive(Debug)]
pub(crate) struct Job {
    /// 16x16, straight RGBA.
    pub(crate) picture: RgbaImage,
    pub(crate) settings: Settings,
    stale: Arc<AtomicBool>,
    /// Has room for everything, so that the device never waits for whoever listens.
    listener: Sender<News>,
}

impl Job {
    /// A job, and where its news arrives.
    pub(crate) fn new(picture: RgbaImage, settings: Settings) -> (Job, Receiver<News>) {
        let (listener, news) = mpsc::channel(MESSAGES);
        let job = Job {
            picture,
            settings,
            stale: Arc::default(),
            listener,
        };
        (job, news)
    }

    fn session(&self) -> Option<&str> {
        self.settings.session.as_deref()
    }

    /// Tells the listener, if there still is one.
    pub(crate) fn tell(&self, news: News) {
        let sent = self.listener.try_send(news);
        debug_assert!(
            !matches!(sent, Err(mpsc::error::TrySendError::Full(_))),
            "MESSAGES is too small"
        );
    }

    /// Whether the rest of this job is still wanted.
    pub(crate) fn wanted(&self) -> bool {
        !self.listener.is_closed() && !self.superseded()
    }

    /// Whether a newer job took its place.
    pub(crate) fn superseded(&self) -> bool {
        self.stale.load(Ordering::Relaxed)
    }
}

/// The line is as long as it may be.
#[derive(Debug)]
pub(crate) struct Full;

/// The jobs that wait, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Job>,
    /// The session of the job that the device has, and how to tell it that it is stale.
    running: Option<(String, Arc<AtomicBool>)>,
    closed: bool,
}

impl Queue {
    /// Puts a job at the end of the line, or in the place of an older one of its session: whoever keeps moving a
    /// slider waits no longer than whoever moved it once.
    pub(crate) fn put(&self, job: Job) -> Result<(), Full> {
        let mut state = self.lock();
        if let Some(session) = job.session() {
            if let Some((running, stale)) = &state.running
                && running == session
            {
                stale.store(true, Ordering::Relaxed);
            }
            if let Some(older) = state
                .waiting
                .iter_mut()
                .find(|older| older.session() == Some(session))
            {
                let older = std::mem::replace(older, job);
                older.tell(News::Superseded);
                return Ok(());
            }
        }
        // Nobody needs what nobody listens to any more.
        state.waiting.retain(|job| !job.listener.is_closed());
        if state.closed || state.waiting.len() >= LENGTH {
            return Err(Full);
        }
        state.waiting.push_back(job);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for the next job; `None` once the queue is closed.
    pub(crate) fn take(&self) -> Option<Job> {
        let mut state = self.lock();
        state.running = None;
        loop {
            if state.closed {
                return None;
            }
            match state.waiting.pop_front() {
                Some(job) if job.wanted() => {
                    state.running = job
                        .session()
                        .map(|session| (session.to_owned(), Arc::clone(&job.stale)));
                    return Some(job);
                }
                Some(_) => {}
                None => {
                    state = self
                        .changed
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner)
                }
            }
        }
    }

    /// Ends the line: who waits hears nothing more, and `take` gives nothing more.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.waiting.clear();
        if let Some((_, stale)) = &state.running {
            stale.store(true, Ordering::Relaxed);
        }
        self.changed.notify_all();
    }

    /// A panic elsewhere leaves nothing half-done here.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::Format;
    use super::*;

    fn job(session: &str) -> (Job, Receiver<News>) {
        let settings = Settings {
            pixels: String::new(),
            model: "nearest".to_owned(),
            iterations: 1,
            preblur: false,
            hint: None,
            fidelity: 0.0,
            format: Format::Sheet,
            session: (!session.is_empty()).then(|| session.to_owned()),
        };
        Job::new(RgbaImage::new(16, 16), settings)
    }

    #[test]
    fn the_newest_of_a_session_takes_the_place_of_its_older() {
        let queue = Queue::default();
        let ((first, mut first_news), (other, _other_news), (second, _second_news)) =
            (job("a"), job("b"), job("a"));
        queue.put(first).unwrap();
        queue.put(other).unwrap();
        queue.put(second).unwrap();
        assert!(matches!(first_news.try_recv(), Ok(News::Superseded)));
        assert!(matches!(
            first_news.try_recv(),
            Err(mpsc::error::TryRecvError::Disconnected)
        ));
        assert_eq!(
            queue.take().unwrap().session(),
            Some("a"),
            "it kept its place"
        );
        assert_eq!(queue.take().unwrap().session(), Some("b"));
    }

    #[test]
    fn a_running_job_learns_that_it_is_stale() {
        let queue = Queue::default();
        let ((first, _news), (other, _other_news), (second, _second_news)) =
            (job("a"), job("b"), job("a"));
        queue.put(first).unwrap();
        let running = queue.take().unwrap();
        queue.put(other).unwrap();
        assert!(running.wanted());
        queue.put(second).unwrap();
        assert!(running.superseded() && !running.wanted());
    }

    #[test]
    fn without_a_session_none_is_superseded_and_the_line_ends_somewhere() {
        let queue = Queue::default();
        let mut listeners = Vec::new();
        for _ in 0..LENGTH {
            let (job, news) = job("");
            queue.put(job).unwrap();
            listeners.push(news);
        }
        assert!(queue.put(job("").0).is_err());
        // Whoever went away makes room.
        listeners.remove(3);
        let (late, _news) = job("");
        queue.put(late).unwrap();
    }

    #[test]
    fn a_closed_queue_gives_and_takes_nothing() {
        let queue = Queue::default();
        let (waiting, mut news) = job("a");
        queue.put(waiting).unwrap();
        queue.close();
        assert!(queue.take().is_none());
        assert!(queue.put(job("b").0).is_err());
        assert!(matches!(
            news.try_recv(),
            Err(mpsc::error::TryRecvError::Disconnected)
        ));
    }
}
