//! [`BlockedWeights`]: a matrix in the blocked layout of the passes.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use noctule_core::Real;
use rayon::prelude::*;

use crate::simd::lane_vec::LaneVec;
use crate::simd::lanes::{LANES, Lanes, blocks};

/// A matrix of weights, or of one number per weight: a gradient, a moment of an optimiser.
///
/// It is read and written as `[output][input]`, and stored as `[block][input][16]`: the weights of 16 outputs from one
/// input are adjacent, and lanes beyond the last output are zero. [`as_slice`](Self::as_slice) gives the storage
/// itself, for element-wise work.
#[derive(Clone, Debug)]
pub(crate) struct BlockedWeights<T> {
    outputs: usize,
    inputs: usize,
    lanes: LaneVec<T>,
    /// See [`version`](Self::version); set when it is first asked for.
    version: OnceLock<u64>,
}

/// A number that was never returned before in this process.
fn new_version() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

impl<T: PartialEq> PartialEq for BlockedWeights<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.outputs, self.inputs) == (other.outputs, other.inputs) && self.lanes == other.lanes
    }
}

impl<T: Real> BlockedWeights<T> {
    /// All zero; shape `[outputs][inputs]`.
    pub fn zeros(outputs: usize, inputs: usize) -> Self {
        Self {
            outputs,
            inputs,
            lanes: LaneVec::zeros(blocks(outputs) * inputs),
            version: OnceLock::new(),
        }
    }

    /// From a row-major list `[output][input]` with `outputs` rows.
    pub fn from_rows(outputs: usize, rows: &[T]) -> Self {
        let mut weights = Self::zeros(outputs, rows.len() / outputs.max(1));
        weights.set_rows(rows);
        weights
    }

    /// Overwrites all weights from a row-major list `[output][input]`.
    pub fn set_rows(&mut self, rows: &[T]) {
        let inputs = self.inputs;
        set_rows_of(self.as_mut_slice(), inputs, rows);
    }

    /// The number of outputs.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// The number of inputs of each output.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The weight of one output from one input.
    pub fn get(&self, output: usize, input: usize) -> T {
        self.lanes[output / LANES * self.inputs + input][output % LANES]
    }

    /// Sets the weight of one output from one input.
    pub fn set(&mut self, output: usize, input: usize, weight: T) {
        self.version.take();
        self.lanes[output / LANES * self.inputs + input][output % LANES] = weight;
    }

    /// The storage `[block][input][16]`, lanes beyond the last output included.
    pub fn as_slice(&self) -> &[T] {
        self.lanes.as_flattened()
    }

    /// The storage `[block][input][16]`; lanes beyond the last output must stay zero.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        self.version.take();
        self.lanes.as_flattened_mut()
    }

    /// The storage as blocks of lanes; shape `[block][input]`.
    pub fn lanes(&self) -> &[Lanes<T>] {
        &self.lanes
    }

    /// The weights of a block of outputs from one input.
    #[inline(always)]
    pub fn of_block(&self, block: usize, input: u32) -> &Lanes<T> {
        &self.lanes[block * self.inputs + input as usize]
    }

    /// As [`lanes`](Self::lanes), mutably; lanes beyond the last output must stay zero.
    pub fn lanes_mut(&mut self) -> &mut [Lanes<T>] {
        self.version.take();
        &mut self.lanes
    }

    /// A number that changes whenever a weight may have changed. Only clones of the same weights share it.
    pub fn version(&self) -> u64 {
        *self.version.get_or_init(new_version)
    }
}

/// Inputs of a block that are copied together: these and the 16 rows stay in the nearest cache.
const TILE: usize = 16;

/// Copies numbers in the blocked layout to a row-major list `[output][input]`. On the threads of an engine all help.
pub(crate) fn rows_of<T: Real>(blocked: &[T], outputs: usize, inputs: usize) -> Vec<T> {
    let mut rows = vec![T::zero(); outputs * inputs];
    let copy = |(block, rows): (&[T], &mut [T])| {
        for first in (0..inputs).step_by(TILE) {
            for (lane, row) in rows.chunks_exact_mut(inputs).enumerate() {
                for input in first..inputs.min(first + TILE) {
                    row[input] = block[input * LANES + lane];
                }
            }
        }
    };
    let size = (LANES * inputs).max(1);
    match rayon::current_thread_index() {
        Some(_) => blocked
            .par_chunks(size)
            .zip(rows.par_chunks_mut(size))
            .for_each(copy),
        None => blocked
            .chunks(size)
            .zip(rows.chunks_mut(size))
            .for_each(copy),
    }
    rows
}

/// Overwrites numbers in the blocked layout from a row-major list `[output][input]`. On the threads of an engine all help.
pub(crate) fn set_rows_of<T: Real>(blocked: &mut [T], inputs: usize, rows: &[T]) {
    let copy = |(block, rows): (&mut [T], &[T])| {
        for first in (0..inputs).step_by(TILE) {
            for (lane, row) in rows.chunks_exact(inputs).enumerate() {
                for input in first..inputs.min(first + TILE) {
                    block[input * LANES + lane] = row[input];
                }
            }
        }
    };
    let size = (LANES * inputs).max(1);
    match rayon::current_thread_index() {
        Some(_) => blocked
            .par_chunks_mut(size)
            .zip(rows.par_chunks(size))
            .for_each(copy),
        None => blocked
            .chunks_mut(size)
            .zip(rows.chunks(size))
            .for_each(copy),
    }
}
