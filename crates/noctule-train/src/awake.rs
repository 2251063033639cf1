//! Threads that stay awake between the parallel steps of a run.
//!
//! A batch of a small network is a few hundred microseconds of work in many parallel steps. A thread of the pool that
//! finds nothing to do falls asleep within microseconds, and waking it takes longer than the step that it is wanted for.
//! So, while there is a run, all threads of the pool keep looking for work.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::{Scope, Yield};

/// A thread looks so often for work, which takes microseconds, before it lets other programs have its core for a moment.
const LOOKS: u32 = 256;

/// Whether the threads stay awake for some run. For a second one they do not: each of the two would hold the other's.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Does `work` in the pool of threads, which are awake meanwhile.
///
/// Inside the pool, because from outside every parallel step would hand over to another thread and wait for it. Nothing is
/// done about work that is there already: it may be one of many parallel tasks, as in a sweep.
pub(crate) fn with_threads_awake<Outcome: Send>(work: impl FnOnce() -> Outcome + Send) -> Outcome {
    if rayon::current_thread_index().is_some() {
        return work();
    }
    let done = AtomicBool::new(false);
    let claim = Claim::new(&done);
    rayon::scope(|scope| {
        // Moved here, so that it ends before the scope waits for the others, also if the work panics.
        let claim = claim;
        if claim.is_some() {
            call_all_others(scope, &done);
        }
        work()
    })
}

fn call_all_others<'scope>(scope: &Scope<'scope>, done: &'scope AtomicBool) {
    let leader = rayon::current_thread_index();
    scope.spawn_broadcast(move |_, context| {
        if Some(context.index()) != leader {
            stand_by(done);
        }
    });
}

/// Helps with parallel steps until all is done.
fn stand_by(done: &AtomicBool) {
    let mut looks = 0;
    while !done.load(Ordering::Acquire) {
        if rayon::yield_now() == Some(Yield::Executed) {
            looks = 0;
        } else if looks < LOOKS {
            looks += 1;
            std::hint::spin_loop();
        } else {
            std::thread::yield_now();
        }
    }
}

/// The right to keep the threads awake; its end sends them away.
struct Claim<'a>(&'a AtomicBool);

impl<'a> Claim<'a> {
    fn new(done: &'a AtomicBool) -> Option<Self> {
        (!TAKEN.swap(true, Ordering::AcqRel)).then_some(Self(done))
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
        TAKEN.store(false, Ordering::Release);
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
        let inside = with_threads_awake(rayon::current_thread_index);
        assert!(inside.is_some());
        let panicking = AssertUnwindSafe(|| with_threads_awake(|| panic!("on purpose")));
        let outcome: Result<(), _> = catch_unwind(panicking);
        assert!(outcome.is_err());
        assert_eq!(with_threads_awake(sum_of_many), 49_995_000);
    }

    #[test]
    fn several_runs_at_once_and_runs_inside_of_parallel_work_come_to_their_ends() {
        let ended = AtomicUsize::new(0);
        let run = || {
            for _ in 0..20 {
                assert_eq!(with_threads_awake(sum_of_many), 49_995_000);
            }
            ended.fetch_add(1, Ordering::Relaxed);
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(run);
            }
            scope.spawn(|| (0..8).into_par_iter().for_each(|_| run()));
        });
        assert_eq!(ended.load(Ordering::Relaxed), 12);
    }
}
