//! The weights of a wide layer once more, those of one input side by side: what the walk abreast reads.

use rayon::prelude::*;

use super::lane_vec::LaneVec;
use super::{LANES, Lanes};
use crate::Real;
use crate::layer::Weights;

/// So many rows are copied at once.
const ROWS: usize = 8;

/// A copy of a layer's weights.
#[derive(Clone, Debug, Default)]
pub(crate) struct ByRow<T> {
    /// Shape `[row][block][LANES]`.
    lanes: LaneVec<T>,
    /// What it is a copy of; see [`Weights::version`].
    version: Option<u64>,
}

impl<T: Real> ByRow<T> {
    /// Shape `[row][block][LANES]`.
    pub fn lanes(&self) -> &[Lanes<T>] {
        &self.lanes
    }

    /// Becomes a copy of these weights, if it is not yet.
    pub fn follow(&mut self, weights: &Weights<T>) {
        if self.version == Some(weights.version()) {
            return;
        }
        self.version = Some(weights.version());
        let (lanes, rows) = (weights.lanes(), weights.inputs());
        let blocks = super::blocks(weights.outputs());
        self.lanes.resize(lanes.len(), [T::zero(); LANES]);
        let pieces = self.lanes.par_chunks_mut(ROWS * blocks).enumerate();
        pieces.for_each(|(piece, by_row)| {
            for (block, lanes) in lanes.chunks_exact(rows).enumerate() {
                let lanes = &lanes[piece * ROWS..];
                for (row, lanes) in by_row.chunks_exact_mut(blocks).zip(lanes) {
                    row[block] = *lanes;
                }
            }
        });
    }
}
