//! What can be wrong with a reference case.

use noctule_core::{EngineError, LayerError, NetworkError, SpikeError};
use thiserror::Error;

/// A case that cannot be replayed.
#[derive(Debug, Error)]
#[error("case {case:?}: {reason}")]
pub struct ReplayError {
    /// The name of the case.
    pub case: String,
    /// What is wrong with it.
    #[source]
    pub reason: Reason,
}

/// What is wrong with a case.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Reason {
    /// A layer cannot be.
    #[error("layer {layer}: {source}")]
    Layer {
        /// Index of the layer.
        layer: usize,
        /// What is wrong.
        source: LayerError,
    },
    /// The lists of weights differ in length.
    #[error(
        "layer {layer}: weights at {place} have {found} entries, but those before them have {expected}"
    )]
    Ragged {
        /// Index of the layer.
        layer: usize,
        /// Where the first list of another length stands: indices from the outermost list inwards.
        place: String,
        /// Entries of the first list at this depth.
        expected: usize,
        /// Entries of this one.
        found: usize,
    },
    /// A number is too large for the precision.
    #[error("{what} holds a number that the chosen precision cannot hold")]
    NotFinite {
        /// Where the number is.
        what: String,
    },
    /// The layers do not fit one another.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The input spikes.
    #[error("input_spikes: {0}")]
    Spikes(#[from] SpikeError),
    /// The recorded spikes of a layer.
    #[error("recorded_spikes of layer {layer}: {source}")]
    Recorded {
        /// Index of the layer.
        layer: usize,
        /// What is wrong.
        source: SpikeError,
    },
    /// The recorded spikes of a neuron are not in order.
    #[error("recorded_spikes of layer {layer}: the times of neuron {neuron} do not ascend")]
    RecordedOrder {
        /// Index of the layer.
        layer: usize,
        /// Index of the neuron.
        neuron: usize,
    },
    /// The errors are not one for each output spike.
    #[error(
        "output_time_gradient has {given} numbers for output neuron {neuron}, which spikes {spikes} times"
    )]
    Errors {
        /// The output neuron.
        neuron: usize,
        /// How often it spikes.
        spikes: usize,
        /// How many errors are given.
        given: usize,
    },
    /// What is expected has another shape than what is computed.
    #[error("the expected {what} must have shape {shape:?}, with numbers only")]
    Expected {
        /// What is expected.
        what: String,
        /// The shape that it must have.
        shape: Vec<usize>,
    },
    /// The engine cannot run the case.
    #[error(transparent)]
    Engine(#[from] EngineError),
}
