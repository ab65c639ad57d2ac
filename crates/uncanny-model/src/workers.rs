//! As many workers as cores, each with a libtorch of one thread: they take batches from one queue.
//!
//! More threads within a convolution are the wrong axis: they wait for one another, and all of them for the one whose core
//! another program uses. Two cores alone: 55 tiles a second by two workers, 44 by two threads; beside one other busy
//! process 27 by one worker, 12 by two threads. And a batch that one thread computes has the same bytes however many
//! workers there are.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::runtime;

/// Calls `work` with every batch, each on one of the workers that is free. Gives the results in the batches' order, up to
/// the first that failed. One worker on another thread than this, too: so libtorch's threads here do not matter.
pub(crate) fn spread<W: Send, B: Sync, R: Send, E: Send>(
    workers: &mut [W],
    batches: &[B],
    work: impl Fn(&mut W, &B) -> Result<R, E> + Sync,
) -> Vec<Result<R, E>> {
    let queue = Mutex::new(batches.iter().enumerate());
    let done: Mutex<Vec<(usize, Result<R, E>)>> = Mutex::new(Vec::with_capacity(batches.len()));
    let failed = AtomicBool::new(false);
    let run = |worker: &mut W| {
        runtime::single_thread();
        while !failed.load(Ordering::Relaxed) {
            // What the lock guards is taken out of it whole: a worker that panicked spoiled nothing.
            let next = queue.lock().unwrap_or_else(|lock| lock.into_inner()).next();
            let Some((at, batch)) = next else {
                break;
            };
            let result = work(worker, batch);
            failed.fetch_or(result.is_err(), Ordering::Relaxed);
            done.lock()
                .unwrap_or_else(|lock| lock.into_inner())
                .push((at, result));
        }
    };
    let run = &run;
    thread::scope(|scope| {
        for worker in workers.iter_mut().take(batches.len()) {
            scope.spawn(move || run(worker));
        }
    });
    let mut done = done.into_inner().unwrap_or_else(|lock| lock.into_inner());
    done.sort_by_key(|(at, _)| *at);
    let mut results = Vec::with_capacity(done.len());
    for (expected, (at, result)) in done.into_iter().enumerate() {
        // A later batch may be done when an earlier one was never begun; batches begin in order, so only after a failure.
        let stop = result.is_err();
        if at != expected {
            break;
        }
        results.push(result);
        if stop {
            break;
        }
    }
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_end_with_the_first_failure() {
        for count in [1, 2, 3, 8] {
            let mut workers = vec![0; count];
            let batches: Vec<u64> = (0..20).collect();
            let square = |calls: &mut i32, batch: &u64| {
                *calls += 1;
                assert_eq!(tch::get_num_threads(), 1);
                // The first ones take longest.
                thread::sleep(std::time::Duration::from_millis(20 - batch));
                Ok::<u64, String>(batch * batch)
            };
            let found = spread(&mut workers, &batches, square);
            let found: Vec<u64> = found.into_iter().map(Result::unwrap).collect();
            assert_eq!(found, batches.iter().map(|n| n * n).collect::<Vec<_>>());
            assert_eq!(workers.iter().sum::<i32>(), 20);

            let fail = |_: &mut i32, batch: &u64| if *batch == 7 { Err("7") } else { Ok(()) };
            let found = spread(&mut workers, &batches, fail);
            assert_eq!(found.iter().filter(|result| result.is_ok()).count(), 7);
            assert_eq!(found.last(), Some(&Err("7")));
        }
    }
}
