//! [`NetworkError`]: why a network was refused.

use thiserror::Error;

use crate::layer::error::LayerError;
use crate::shape::Shape;

/// Why a network was refused.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum NetworkError {
    /// A network has no inputs or no layers.
    #[error("{what} must not be 0")]
    Empty {
        /// What is zero.
        what: &'static str,
    },
    /// A layer was refused.
    #[error("layer {layer}: {source}")]
    Layer {
        /// Index of the layer.
        layer: usize,
        /// What is wrong.
        source: LayerError,
    },
    /// A layer takes a different number of inputs than the network has so far.
    #[error("layer {layer} takes {expected} inputs, but is given {found}")]
    Inputs {
        /// Index of the layer.
        layer: usize,
        /// Inputs of the layer.
        expected: usize,
        /// Neurons whose events it would receive.
        found: usize,
    },
    /// A layer takes images of a different shape than the network has so far.
    #[error(
        "layer {layer} takes images of {expected} (height x width x channels), but is given {found}"
    )]
    Images {
        /// Index of the layer.
        layer: usize,
        /// The shape of the layer's input images.
        expected: Shape,
        /// The shape of the layer before it. A population without a layout is an image of one pixel.
        found: Shape,
    },
}
