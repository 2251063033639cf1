//! How far the runs of a sweep are, all together.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Parts that a run is counted in while it is under way.
pub(super) const PARTS: f64 = 1e6;

/// How far a sweep is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SweepPosition {
    /// Runs that are finished, those of an earlier start included.
    pub finished: usize,
    /// Runs in all.
    pub total: usize,
    /// As `finished`, and the fractions of runs that are under way.
    pub done: f64,
}

/// How far all runs together are.
pub(super) struct Position {
    pub finished: AtomicUsize,
    total: usize,
    /// What is done of the runs, in [`PARTS`] of a run.
    pub parts: AtomicU64,
}

impl Position {
    pub fn new(finished: usize, total: usize) -> Self {
        Self {
            finished: finished.into(),
            total,
            parts: AtomicU64::new((finished as f64 * PARTS) as u64),
        }
    }

    pub fn now(&self) -> SweepPosition {
        SweepPosition {
            finished: self.finished.load(Ordering::Relaxed),
            total: self.total,
            done: self.parts.load(Ordering::Relaxed) as f64 / PARTS,
        }
    }
}
