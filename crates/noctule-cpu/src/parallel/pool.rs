//! [`Pool`]: the threads of an engine, which keep polling for work between the parallel steps of a run.
//!
//! A batch of a small network is a few hundred microseconds of work in many parallel steps. An idle thread of the pool
//! falls asleep within microseconds, and waking it takes longer than a step. So, during a run, all threads of the pool
//! poll for work, and sleep only after 2 ms without any.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rayon::{Scope, ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder, Yield};

/// The number of times that a thread polls before it yields its core; this takes microseconds.
const POLLS: u32 = 256;
/// The time without work after which a thread sleeps between two polls.
const IDLE: Duration = Duration::from_millis(2);
/// How long it sleeps: the longest that a parallel step waits for a sleeping thread.
const SLEEP: Duration = Duration::from_micros(100);

/// A thread pool whose threads poll for work during a run.
#[derive(Debug)]
pub(crate) struct Pool {
    threads: ThreadPool,
    /// Whether the threads already poll for a run. They do not poll for a second one at the same time, because each run
    /// would keep the threads that the other needs.
    is_taken: AtomicBool,
}

impl Pool {
    /// A pool of `threads` threads; 0 means one thread per core.
    pub fn new(threads: usize) -> Result<Self, ThreadPoolBuildError> {
        Ok(Self {
            threads: ThreadPoolBuilder::new().num_threads(threads).build()?,
            is_taken: AtomicBool::new(false),
        })
    }

    /// The number of threads.
    pub fn threads(&self) -> usize {
        self.threads.current_num_threads()
    }

    /// Runs `work` on a thread of the pool.
    pub fn install<Outcome: Send>(&self, work: impl FnOnce() -> Outcome + Send) -> Outcome {
        self.threads.install(work)
    }

    /// Runs `work` on a thread of the pool, while the others poll for parallel steps.
    ///
    /// On a thread of the pool it only runs `work`, which may then be one of many parallel tasks, as in a sweep.
    pub fn run<Outcome: Send>(&self, work: impl FnOnce() -> Outcome + Send) -> Outcome {
        if self.threads.current_thread_index().is_some() {
            return work();
        }
        let done = AtomicBool::new(false);
        let claim = Claim::new(&self.is_taken, &done);
        self.threads.scope(|scope| {
            // Moved here, so that it is dropped before the scope waits for the other threads, also if `work` panics.
            let claim = claim;
            if claim.is_some() {
                poll_on_other_threads(scope, &done);
            }
            work()
        })
    }
}

/// Makes all threads of the pool but this one poll until `done` is set.
fn poll_on_other_threads<'scope>(scope: &Scope<'scope>, done: &'scope AtomicBool) {
    let this = rayon::current_thread_index();
    scope.spawn_broadcast(move |_, context| {
        if Some(context.index()) != this {
            poll(done);
        }
    });
}

/// Takes part in parallel steps until `done` is set.
fn poll(done: &AtomicBool) {
    let mut polls = 0;
    let mut idle_since = Instant::now();
    while !done.load(Ordering::Acquire) {
        if rayon::yield_now() == Some(Yield::Executed) {
            polls = 0;
        } else if polls < POLLS {
            if polls == 0 {
                idle_since = Instant::now();
            }
            polls += 1;
            std::hint::spin_loop();
        } else if idle_since.elapsed() < IDLE {
            std::thread::yield_now();
        } else {
            std::thread::sleep(SLEEP);
        }
    }
}

/// The right to make the threads poll; dropping it ends their polling.
struct Claim<'a> {
    is_taken: &'a AtomicBool,
    done: &'a AtomicBool,
}

impl<'a> Claim<'a> {
    fn new(is_taken: &'a AtomicBool, done: &'a AtomicBool) -> Option<Self> {
        let is_free = !is_taken.swap(true, Ordering::AcqRel);
        // `then`, not `then_some`, which would drop a claim that was never held.
        is_free.then(|| Self { is_taken, done })
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Release);
        self.is_taken.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::AtomicUsize;

    use rayon::prelude::*;

    use super::*;

    fn sum_of_many() -> u64 {
        (0..10_000_u64).into_par_iter().sum()
    }

    #[test]
    fn work_is_done_within_the_pool_and_again_after_a_panic() {
        let pool = Pool::new(2).unwrap();
        assert!(pool.run(rayon::current_thread_index).is_some());
        let panicking = AssertUnwindSafe(|| pool.run(|| panic!("on purpose")));
        let outcome: Result<(), _> = catch_unwind(panicking);
        assert!(outcome.is_err());
        assert_eq!(pool.run(sum_of_many), 49_995_000);
    }

    #[test]
    fn concurrent_and_nested_runs_end() {
        let pool = Pool::new(3).unwrap();
        let ended = AtomicUsize::new(0);
        let run = || {
            for _ in 0..20 {
                assert_eq!(pool.run(sum_of_many), 49_995_000);
            }
            ended.fetch_add(1, Ordering::Relaxed);
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(run);
            }
            scope.spawn(|| pool.install(|| (0..8).into_par_iter().for_each(|_| run())));
        });
        assert_eq!(ended.load(Ordering::Relaxed), 12);
    }

    #[test]
    fn sleeping_threads_still_take_part() {
        let pool = Pool::new(2).unwrap();
        pool.run(|| {
            std::thread::sleep(5 * IDLE);
            assert_eq!(sum_of_many(), 49_995_000);
        });
    }
}
