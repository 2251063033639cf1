//! The threads of an engine, which spin between the parallel steps of a run.
//!
//! A batch of a small network is a few hundred microseconds of work in many parallel steps. A thread of the pool that
//! finds nothing to do falls asleep within microseconds, and waking it takes longer than the step that it is needed for.
//! So, during a run, idle threads keep looking for work, and fall asleep only after 2 ms without any. The next pass calls
//! them again.
//!
//! A thread may have been waiting within another task when it began to spin. So it stops after 20 ms in any case, returns
//! to that task, and is called again: runs of several threads of the caller cannot block one another.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder, Yield};

/// The number of looks for work, which take microseconds, before a thread yields its core to other programs for a moment.
const LOOKS_BEFORE_YIELD: u32 = 256;
/// The time without work after which a thread stops spinning.
const MAX_IDLE: Duration = Duration::from_millis(2);
/// The time after which it stops in any case.
const MAX_SPIN: Duration = Duration::from_millis(20);

thread_local! {
    /// Whether this thread spins.
    static SPINS: Cell<bool> = const { Cell::new(false) };
}

/// The threads of an engine.
#[derive(Debug)]
pub(crate) struct Pool {
    threads: ThreadPool,
    spinning: Arc<Spinning>,
}

/// What spinning threads share.
#[derive(Debug, Default)]
struct Spinning {
    /// Whether there is a run for which threads spin.
    is_wanted: AtomicBool,
    /// The number of threads that spin.
    threads: AtomicUsize,
    /// The number of runs inside of the pool, as those of a sweep: they keep the threads busy by themselves.
    inner_runs: AtomicUsize,
}

impl Pool {
    /// A pool of `threads` threads; 0 stands for one on each core.
    pub fn new(threads: usize) -> Result<Self, ThreadPoolBuildError> {
        Ok(Self {
            threads: ThreadPoolBuilder::new().num_threads(threads).build()?,
            spinning: Arc::default(),
        })
    }

    /// The number of threads.
    pub fn threads(&self) -> usize {
        self.threads.current_num_threads()
    }

    /// Calls `work` on a thread of the pool.
    pub fn install<Outcome: Send>(&self, work: impl FnOnce() -> Outcome + Send) -> Outcome {
        self.threads.install(|| {
            self.call_idle_threads();
            work()
        })
    }

    /// Calls `work` on a thread of the pool, while idle threads spin.
    ///
    /// Inside of the pool `work` is one of many parallel tasks, as in a sweep; meanwhile no thread spins.
    pub fn run<Outcome: Send>(&self, work: impl FnOnce() -> Outcome + Send) -> Outcome {
        if self.threads.current_thread_index().is_some() {
            self.spinning.inner_runs.fetch_add(1, Ordering::Relaxed);
            let _end = InnerRun(&self.spinning);
            return work();
        }
        let _wish = SpinWish::new(&self.spinning);
        self.install(work)
    }

    /// During a run, makes all idle threads spin that do not. The calling thread does not: it has work.
    fn call_idle_threads(&self) {
        let others = self.threads() - 1;
        let spinning = &self.spinning;
        if spinning.is_useful() && spinning.threads.load(Ordering::Relaxed) < others {
            let spinning = spinning.clone();
            let caller = self.threads.current_thread_index();
            self.threads.spawn_broadcast(move |context| {
                if Some(context.index()) != caller {
                    spinning.spin();
                }
            });
        }
    }
}

impl Spinning {
    /// Whether threads should spin.
    fn is_useful(&self) -> bool {
        self.is_wanted.load(Ordering::Relaxed) && self.inner_runs.load(Ordering::Relaxed) == 0
    }

    /// Helps with parallel steps until the run is over, or there was no work for some time.
    fn spin(&self) {
        if SPINS.replace(true) {
            return;
        }
        self.threads.fetch_add(1, Ordering::Relaxed);
        let mut looks = 0;
        let start = Instant::now();
        let mut idle_since = start;
        while self.is_useful() {
            if rayon::yield_now() == Some(Yield::Executed) {
                looks = 0;
                if start.elapsed() > MAX_SPIN {
                    break;
                }
            } else if looks < LOOKS_BEFORE_YIELD {
                if looks == 0 {
                    idle_since = Instant::now();
                }
                looks += 1;
                std::hint::spin_loop();
            } else if idle_since.elapsed() < MAX_IDLE {
                std::thread::yield_now();
            } else {
                break;
            }
        }
        self.threads.fetch_sub(1, Ordering::Relaxed);
        SPINS.set(false);
    }
}

/// A run inside of the pool, until it is dropped.
struct InnerRun<'a>(&'a Spinning);

impl Drop for InnerRun<'_> {
    fn drop(&mut self) {
        self.0.inner_runs.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A run for which threads spin; dropping it ends that, also if the run panics.
struct SpinWish<'a>(Option<&'a Spinning>);

impl<'a> SpinWish<'a> {
    /// The wish of this run, unless another run has one.
    fn new(spinning: &'a Spinning) -> Self {
        let is_first = !spinning.is_wanted.swap(true, Ordering::Relaxed);
        Self(is_first.then_some(spinning))
    }
}

impl Drop for SpinWish<'_> {
    fn drop(&mut self) {
        if let Some(spinning) = self.0 {
            spinning.is_wanted.store(false, Ordering::Relaxed);
        }
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
            std::thread::sleep(5 * MAX_IDLE);
            assert_eq!(sum_of_many(), 49_995_000);
        });
    }
}
