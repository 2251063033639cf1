//! [`LayerView`]: a layer of equal neurons, as input of the passes in blocks.

use std::ops::Range;

use noctule_core::{Lif, Real};

use crate::events::patches::Patches;
use crate::events::timeline::keeps_residuals;
use crate::simd::lanes::{LANES, Lanes, blocks};
use crate::weights::blocked::BlockedWeights;

/// The number of blocks from which on a layer is wide: several of its neurons spike in nearly every interval.
const MIN_WIDE_BLOCKS: usize = 8;
/// The number of blocks below which a layer can be wide: the wide pass stores neuron indices as `f32`, and
/// [`Real::round_to_u32`] is exact up to here.
const MAX_WIDE_BLOCKS: usize = (1 << 23) / LANES;

/// Equal neurons, each with one weight per row. With `patches`, there is one such population at every position of an
/// image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LayerView<'a, T> {
    /// The constants of all neurons.
    pub neuron: &'a Lif<T>,
    /// The number of neurons, or of neurons at each position.
    pub neurons: usize,
    /// `neurons` outputs; one input per input neuron, or per input in a window.
    pub weights: &'a BlockedWeights<T>,
    /// The positions of a convolution; `None` for a dense layer.
    pub patches: Option<&'a Patches>,
}

impl<'a, T: Real> LayerView<'a, T> {
    /// The weights of a range of blocks.
    pub fn weights_of(&self, blocks: Range<usize>) -> &'a [Lanes<T>] {
        let rows = self.rows();
        &self.weights.lanes()[blocks.start * rows..blocks.end * rows]
    }

    /// The indices in the layer of the neurons of a range of blocks at a position.
    pub fn neurons_of(&self, position: usize, blocks: Range<usize>) -> Range<u32> {
        let end = (blocks.end * LANES).min(self.neurons);
        let first = position * self.neurons;
        (first + blocks.start * LANES) as u32..(first + end) as u32
    }

    /// The number of weights of each neuron.
    pub fn rows(&self) -> usize {
        self.weights.inputs()
    }

    /// The number of positions; 1 for a dense layer.
    pub fn positions(&self) -> usize {
        self.patches.map_or(1, Patches::positions)
    }

    /// The number of neurons at all positions together.
    pub fn outputs(&self) -> usize {
        self.positions() * self.neurons
    }

    /// Whether the forward pass is the wide pass; see [`wide_pass`](crate::forward::wide_pass).
    pub fn is_wide(&self) -> bool {
        let wide = (MIN_WIDE_BLOCKS..MAX_WIDE_BLOCKS).contains(&blocks(self.neurons));
        let is_plain = self.patches.is_none() && self.neuron.is_quadratic();
        wide && is_plain && !self.keeps_residuals()
    }

    /// Whether output times keep what rounding takes from them: in single precision, if samples are long.
    pub fn keeps_residuals(&self) -> bool {
        keeps_residuals(self.neuron)
    }
}
