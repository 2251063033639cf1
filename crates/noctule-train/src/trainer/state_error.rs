//! Checkpoints that do not belong to a run.

use noctule_core::EngineError;
use thiserror::Error;

use super::origin::OriginError;

/// A checkpoint that does not belong to the network.
#[derive(Debug, Error)]
pub enum StateError {
    /// A tensor is missing.
    #[error("the checkpoint lacks the tensor `{name}`: it belongs to another network or optimiser")]
    Missing {
        /// Name of the tensor.
        name: String,
    },
    /// A tensor has another shape.
    #[error(
        "the checkpoint's tensor `{name}` has the shape {found:?}, but this network needs {expected:?}, a row for each \
         neuron or filter: {}",
        shape_advice(expected, found)
    )]
    Shape {
        /// Name of the tensor.
        name: String,
        /// The shape that is needed.
        expected: Vec<usize>,
        /// The shape in the checkpoint.
        found: Vec<usize>,
    },
    /// A tensor of a layer that the network does not have.
    #[error(
        "the checkpoint has the tensor `{name}` of shape {found:?}, which this network does not have: it belongs to \
         another network"
    )]
    Unknown {
        /// Name of the tensor.
        name: String,
        /// The shape in the checkpoint.
        found: Vec<usize>,
    },
    /// The position in the run cannot be read.
    #[error("the checkpoint's position in the run cannot be read: {0}")]
    Position(#[from] serde_json::Error),
    /// The state of the optimiser.
    #[error("the checkpoint's optimiser state does not fit: {0}")]
    Optimiser(#[from] OptimiserStateError),
    /// The checkpoint belongs to another experiment, or to other data.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// The engine refuses the state.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// A saved state that does not belong to the optimiser.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum OptimiserStateError {
    /// The state was saved by another kind of optimiser.
    #[error(
        "the saved optimiser state is of kind `{found}`, but the configuration asks for `{expected}`; \
         resume with the run's own configuration"
    )]
    Kind {
        /// Kind in the configuration.
        expected: String,
        /// Kind in the saved state.
        found: String,
    },
    /// A tensor is missing.
    #[error(
        "the saved optimiser state lacks the tensor `{name}`; was it saved by a network with fewer layers?"
    )]
    Missing {
        /// Name of the state and index of the weight tensor.
        name: String,
    },
    /// A tensor has another shape than its weights.
    #[error(
        "the saved optimiser tensor `{name}` has the shape {found:?}, but this network needs {expected:?}: it was \
         saved by another network, or by an early version of Noctule whose runs can be evaluated, but not resumed"
    )]
    Shape {
        /// Name of the state and index of the weight tensor.
        name: String,
        /// The shape of the weights.
        expected: Vec<usize>,
        /// The shape of the saved tensor.
        found: Vec<usize>,
    },
    /// A saved number is out of range.
    #[error("the saved optimiser state is damaged: `{name}` holds {value} at position {position}")]
    Damaged {
        /// Name of the state and index of the weight tensor, or of the number.
        name: String,
        /// The number that was found.
        value: String,
        /// Its position in the tensor.
        position: usize,
    },
}

/// What may be wrong with weights of the shape `found`.
fn shape_advice(expected: &[usize], found: &[usize]) -> &'static str {
    if found.len() == 2 && found.iter().rev().eq(expected) {
        "transpose it"
    } else {
        "it belongs to another network"
    }
}
