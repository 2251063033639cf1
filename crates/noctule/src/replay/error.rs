//! What can be wrong with a reference case.

use noctule_core::{NeuronError, ShapeError, SpikeError, WeightsError, WindowError};
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
pub enum Reason {
    /// A neuron constant.
    #[error("layer {layer}: {source}")]
    Neuron {
        /// Index of the layer.
        layer: usize,
        /// What is wrong.
        source: NeuronError,
    },
    /// The weights are not a rectangle of finite numbers.
    #[error("layer {layer}: {source}")]
    Weights {
        /// Index of the layer.
        layer: usize,
        /// What is wrong.
        source: WeightsError,
    },
    /// The weights are no full box of numbers.
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
    /// A window does not fit its images.
    #[error("layer {layer}: {source}")]
    Window {
        /// Index of the layer.
        layer: usize,
        /// What is wrong.
        source: WindowError,
    },
    /// A number is too large for the precision.
    #[error("{what} holds a number that the chosen precision cannot hold")]
    NotFinite {
        /// Where the number is.
        what: &'static str,
    },
    /// The layers do not fit one another.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The input spikes.
    #[error("input_spikes: {0}")]
    Spikes(#[from] SpikeError),
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
}
