//! [`ExportError`]: why a network has no graph.

use noctule_core::NetworkError;
use thiserror::Error;

/// Why a network has no graph. Layers count from 0.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ExportError {
    /// The network itself is not sound.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// An image would have to be made of a list.
    #[error(
        "layer {layer} is a convolution or pooling after a dense layer; NIR has no node that makes an image of a list"
    )]
    ImageAfterDense {
        /// The layer.
        layer: usize,
    },
    /// The layer is of a kind that is newer than this mapping.
    #[error("layer {layer} is of a kind that has no counterpart in NIR")]
    Unknown {
        /// The layer.
        layer: usize,
    },
    /// A time step is not a positive number.
    #[error("the time step dt is {dt:?} s, but must be a finite number of seconds greater than 0")]
    TimeStep {
        /// The step, in seconds.
        dt: f64,
    },
}
