//! [`Workspace`]: memory of a layer that its passes reuse, for everything that grows with events, neurons or weights.

use std::sync::{Mutex, MutexGuard, PoisonError};

use noctule_core::Real;

use crate::forward::emitter::PendingSpikes;
use crate::forward::wide_pass::WideState;
use crate::simd::lane_vec::LaneVec;
use crate::tape::adjoint_jump::AdjointJump;
use crate::tape::spike_order::SpikeOrder;
use crate::weights::input_major::InputMajorWeights;

/// The memory of a thread, for one task at a time.
#[derive(Debug, Default)]
pub(crate) struct ThreadMemory<T: Real> {
    pub pending: PendingSpikes<T>,
    pub wide_state: WideState<T>,
    pub order: SpikeOrder,
    pub jumps: Vec<AdjointJump<T>>,
}

/// The memory of a layer.
#[derive(Debug, Default)]
pub(crate) struct Workspace<T: Real> {
    /// The memory of each thread. Only that thread locks it, for one task at a time.
    threads: Vec<Mutex<ThreadMemory<T>>>,
    /// The gradients of all chunks: shape `[chunk][block][row]`.
    pub gradients: LaneVec<T>,
    /// The errors at the scheduled events of each task.
    pub d_scheduled: Vec<Vec<T>>,
    /// A copy of the weights of a wide layer.
    pub input_major: InputMajorWeights<T>,
}

impl<T: Real> Clone for Workspace<T> {
    /// Empty memory: a clone shares nothing, and its content is never read before it is written.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<T: Real> Workspace<T> {
    /// Makes sure that each of `threads` threads has memory.
    pub fn for_threads(&mut self, threads: usize) {
        let threads = threads.max(self.threads.len());
        self.threads.resize_with(threads, Mutex::default);
    }

    /// The memory of this thread.
    pub fn of_this_thread(&self) -> MutexGuard<'_, ThreadMemory<T>> {
        let thread = rayon::current_thread_index().unwrap_or(0);
        let memory = self.threads[thread].lock();
        // Poisoning can be ignored: a task reads nothing that an earlier one left.
        memory.unwrap_or_else(PoisonError::into_inner)
    }
}
