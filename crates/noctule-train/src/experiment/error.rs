//! What can be wrong with an experiment that is a valid configuration.

use noctule_core::{EncodingError, EngineError, InitialiserError, LayerError, NetworkError};
use noctule_data::{DatasetError, LoadError};
use thiserror::Error;

use super::input_error::InputError;
use super::own_error::OwnDataError;

/// The most weights of a layer; training holds at least four numbers for each.
pub(super) const MOST_WEIGHTS: usize = 500_000_000;

/// A configuration whose parts do not fit one another, or whose data cannot be loaded.
#[derive(Debug, Error)]
pub enum ExperimentError {
    /// The data.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A file of the user's own samples.
    #[error(transparent)]
    OwnData(#[from] Box<OwnDataError>),
    /// A file of samples to classify.
    #[error(transparent)]
    Input(#[from] Box<InputError>),
    /// There are not as many training samples as are asked for.
    #[error("data.samples: {0}")]
    Samples(#[source] DatasetError),
    /// The validation part.
    #[error("data.validation: {0}")]
    Validation(#[from] DatasetError),
    /// There is no validation part to evaluate.
    #[error(
        "this experiment holds no samples out for validation (`data.validation` is 0); choose the part `train` or `test`"
    )]
    NoValidation,
    /// The encoder.
    #[error("encoder: {0}")]
    Encoder(#[from] EncodingError),
    /// A layer by itself.
    #[error("layers.{layer}: {source}")]
    Layer {
        /// Index of the layer.
        layer: usize,
        /// What is wrong.
        source: LayerError,
    },
    /// The initial weights of a layer.
    #[error("layers.{layer}.init: {source}")]
    Initialiser {
        /// Index of the layer.
        layer: usize,
        /// What is wrong.
        source: InitialiserError,
    },
    /// The initial weights of a layer follow from the training samples; a trainer finds them.
    #[error(
        "layers.{layer}.init follows from the training samples; let a trainer find it, or give numbers"
    )]
    UnknownInit {
        /// Index of the layer.
        layer: usize,
    },
    /// The engine failed to run a part of the network on training samples, to find initial weights.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The shapes of the layers.
    #[error("layers: {0}")]
    Network(#[from] NetworkError),
    /// The first layer takes images, but the encoder's bias adds an input that is not a pixel.
    #[error(
        "layers.0 takes images, but encoder.bias adds an input that is not a pixel; remove encoder.bias, or use dense layers"
    )]
    BiasInImage,
    /// The first layer takes images, but the samples are events.
    #[error(
        "layers.0 takes images, but events come from units without rows and columns; use dense layers"
    )]
    EventsInImage,
    /// A layer has more weights than are allowed.
    #[error(
        "layers.{layer}: {outputs} neurons or filters with {inputs} inputs each have more than {MOST_WEIGHTS} weights"
    )]
    TooManyWeights {
        /// Index of the layer.
        layer: usize,
        /// Its neurons, or filters.
        outputs: usize,
        /// Inputs of each.
        inputs: usize,
    },
    /// The last layer does not have one neuron for each class.
    #[error(
        "layers.{layer} has {neurons} neurons, but the last layer needs one for each of the {classes} classes of {set}"
    )]
    Classes {
        /// Index of the last layer.
        layer: usize,
        /// Its neurons.
        neurons: usize,
        /// Classes of the data set.
        classes: usize,
        /// Name of the data set.
        set: String,
    },
}
