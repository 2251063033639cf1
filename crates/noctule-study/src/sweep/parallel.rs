//! Runs side by side, as many as the engine can have sessions.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// What `run` gives for `0..total`, in this order, with at most `sessions` runs at once, on the threads of the pool that
/// this is called in; one after another on the calling thread if there can be only one. After an error no further run begins.
///
/// # Errors
/// The error of the first run, in this order, that failed.
pub(super) fn run_all<Outcome: Send, Failure: Send>(
    total: usize,
    sessions: usize,
    run: &(dyn Fn(usize) -> Result<Outcome, Failure> + Sync),
) -> Result<Vec<Outcome>, Failure> {
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let outcomes: Vec<Mutex<Option<Result<Outcome, Failure>>>> =
        (0..total).map(|_| Mutex::new(None)).collect();
    let work = || {
        while !failed.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(place) = outcomes.get(index) else {
                break;
            };
            let outcome = run(index);
            if outcome.is_err() {
                failed.store(true, Ordering::Relaxed);
            }
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        }
    };
    match sessions.min(total) {
        // On the calling thread, which is where an engine on a device expects its sessions.
        0 | 1 => work(),
        several => rayon::scope(|scope| {
            for _ in 1..several {
                scope.spawn(|_| work());
            }
            work();
        }),
    }
    let outcomes = outcomes.into_iter();
    outcomes
        .filter_map(|place| place.into_inner().unwrap_or_else(PoisonError::into_inner))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_come_in_order_and_never_too_many_runs_at_once() {
        let (active, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let run = |index: usize| {
            most.fetch_max(active.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::sleep(std::time::Duration::from_millis(1));
            active.fetch_sub(1, Ordering::SeqCst);
            Ok::<_, ()>(index * index)
        };
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(4)
            .build()
            .unwrap();
        for sessions in [1, 2] {
            let outcomes = pool.install(|| run_all(20, sessions, &run));
            assert_eq!(outcomes, Ok((0..20).map(|index| index * index).collect()));
            assert!(most.load(Ordering::SeqCst) <= sessions);
        }
    }

    #[test]
    fn an_engine_with_one_session_stays_on_its_thread() {
        let caller = std::thread::current().id();
        let run = |_| Ok::<_, ()>(std::thread::current().id());
        assert_eq!(run_all(5, 1, &run), Ok(vec![caller; 5]));
    }

    #[test]
    fn the_first_error_is_reported_and_ends_the_rest() {
        let begun = AtomicUsize::new(0);
        let run = |index: usize| {
            begun.fetch_add(1, Ordering::SeqCst);
            if index >= 3 { Err(index) } else { Ok(()) }
        };
        assert_eq!(run_all(1000, 1, &run), Err(3));
        assert_eq!(begun.load(Ordering::SeqCst), 4);
    }
}
