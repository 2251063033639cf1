//! Memory that the passes of a layer use again and again: whatever grows with events, neurons or weights.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::abreast::Front;
use super::emitter::Hits;
use super::kicks::Kick;
use super::lane_vec::LaneVec;
use super::order::Order;
use crate::Real;

/// What a thread needs to run a sample forwards, or some of it back.
#[derive(Debug, Default)]
pub(crate) struct ThreadMemory<T: Real> {
    pub hits: Hits<T>,
    pub front: Front<T>,
    pub order: Order,
    pub kicks: Vec<Kick<T>>,
}

/// Memory of a layer.
#[derive(Debug, Default)]
pub(crate) struct Scratch<T: Real> {
    /// One for each thread; only that thread takes it, for a task at a time.
    threads: Vec<Mutex<ThreadMemory<T>>>,
    /// The gradients of all chunks: shape `[chunk][block][row]`.
    pub gradients: LaneVec<T>,
    /// The errors at the moments of each task.
    pub d_moments: Vec<Vec<T>>,
}

impl<T: Real> Clone for Scratch<T> {
    /// Memory of its own.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<T: Real> Scratch<T> {
    /// Makes sure that each of so many threads has its memory.
    pub fn for_threads(&mut self, threads: usize) {
        let threads = threads.max(self.threads.len());
        self.threads.resize_with(threads, Mutex::default);
    }

    /// The memory of this thread.
    pub fn of_this_thread(&self) -> MutexGuard<'_, ThreadMemory<T>> {
        let thread = rayon::current_thread_index().unwrap_or(0);
        let memory = self.threads[thread].lock();
        // A task that panicked leaves nothing that the next one would read.
        memory.unwrap_or_else(PoisonError::into_inner)
    }
}
