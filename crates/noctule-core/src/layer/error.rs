//! [`LayerError`]: why a layer was refused.

use thiserror::Error;

use crate::layer::parameter::ParameterKind;
use crate::neuron::error::NeuronError;
use crate::number_text::number_text;
use crate::shape::WindowError;
use crate::tensor::TensorError;

/// Why a layer was refused.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum LayerError {
    /// The layer has no neurons or no inputs.
    #[error("{what} must not be 0")]
    Empty {
        /// What is zero.
        what: &'static str,
    },
    /// A window does not fit its images.
    #[error(transparent)]
    Window(#[from] WindowError),
    /// A constant of the neurons is out of range.
    #[error(transparent)]
    Neuron(#[from] NeuronError),
    /// A constant of one neuron is out of range.
    #[error("neuron {neuron}: {source}")]
    OneNeuron {
        /// Index of the neuron in the layer.
        neuron: usize,
        /// What is wrong.
        source: NeuronError,
    },
    /// A parameter has the wrong shape, or a value that is not finite.
    #[error("{kind}: {source}")]
    Parameter {
        /// The parameter.
        kind: ParameterKind,
        /// What is wrong.
        source: TensorError,
    },
    /// The fraction of the inputs to drop is out of range.
    #[error("dropout = {}: must be at least 0 and less than 1", number_text(*share))]
    Dropout {
        /// The share that was given.
        share: f64,
    },
    /// The threshold in evaluation, `theta/(1 - dropout)`, is out of range.
    #[error("dropout = {share}: {source}")]
    DropoutNeuron {
        /// The share that was given.
        share: f64,
        /// What is wrong with the neuron in evaluation.
        source: NeuronError,
    },
    /// Only dense layers drop inputs.
    #[error("dropout is for dense layers; a convolution sees all of its inputs")]
    DropoutOfConv2d,
}
