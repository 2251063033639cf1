//! [`IndividualView`]: a layer as input of the passes of neurons that may differ.

use noctule_core::{Lif, Neurons};

use crate::events::patches::Patches;
use crate::weights::blocked::BlockedWeights;

/// A layer's neurons, weights and windows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IndividualView<'a, T> {
    pub neurons: &'a Neurons<T>,
    /// The number of neurons of a dense layer, or of filters of a convolution.
    pub rows_of_weights: usize,
    /// One row per neuron or filter.
    pub weights: &'a BlockedWeights<T>,
    /// The positions of a convolution; `None` for a dense layer.
    pub patches: Option<&'a Patches>,
}

impl<'a, T> IndividualView<'a, T> {
    /// The number of positions of a convolution; 1 for a dense layer.
    pub fn positions(&self) -> usize {
        self.patches.map_or(1, Patches::positions)
    }

    /// The number of neurons.
    pub fn outputs(&self) -> usize {
        self.positions() * self.rows_of_weights
    }

    /// The neuron with this index in the layer.
    pub fn neuron(&self, index: usize) -> &'a Lif<T> {
        match self.neurons {
            Neurons::Shared(neuron) => neuron,
            Neurons::Individual(neurons) => &neurons[index],
        }
    }
}
