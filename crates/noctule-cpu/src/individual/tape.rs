//! [`IndividualTape`]: what a forward pass of neurons that may differ records for the backward pass.

use noctule_core::SpikeBatch;

/// The input events of the layer, and the slope of the potential at each of its output spikes.
#[derive(Clone, Debug)]
pub(crate) struct IndividualTape<T> {
    pub input: SpikeBatch<T>,
    /// Aligned with the output events; in units of potential per second.
    pub slopes: Vec<T>,
}
