//! [`InputMajorWeights`]: a copy of the weights of a wide layer in which all weights of an input are adjacent, for the
//! wide pass.

use noctule_core::Real;
use rayon::prelude::*;

use crate::simd::lane_vec::LaneVec;
use crate::simd::lanes::{LANES, Lanes, blocks};
use crate::weights::blocked::BlockedWeights;

/// The number of rows that a task copies.
const ROWS_PER_TASK: usize = 8;

/// A copy of a layer's weights, with one row per input.
#[derive(Clone, Debug, Default)]
pub(crate) struct InputMajorWeights<T> {
    /// Shape `[row][block][LANES]`.
    lanes: LaneVec<T>,
    /// The version of the copied weights; see [`BlockedWeights::version`].
    version: Option<u64>,
}

impl<T: Real> InputMajorWeights<T> {
    /// Shape `[row][block][LANES]`.
    pub fn lanes(&self) -> &[Lanes<T>] {
        &self.lanes
    }

    /// Copies the weights, unless they have not changed since the last copy.
    pub fn update(&mut self, weights: &BlockedWeights<T>) {
        if self.version == Some(weights.version()) {
            return;
        }
        self.version = Some(weights.version());
        let (lanes, rows) = (weights.lanes(), weights.inputs());
        let blocks = blocks(weights.outputs());
        self.lanes.resize(lanes.len(), [T::zero(); LANES]);
        let pieces = self
            .lanes
            .par_chunks_mut(ROWS_PER_TASK * blocks)
            .enumerate();
        pieces.for_each(|(piece, input_major)| {
            for (block, lanes) in lanes.chunks_exact(rows).enumerate() {
                let lanes = &lanes[piece * ROWS_PER_TASK..];
                for (row, lanes) in input_major.chunks_exact_mut(blocks).zip(lanes) {
                    row[block] = *lanes;
                }
            }
        });
    }
}
