//! [`EngineError`]: why a call to an engine or a session failed.

use thiserror::Error;

use crate::latency::encoding::EncodingError;
use crate::layer::error::LayerError;
use crate::loss::LabelError;
use crate::network::error::NetworkError;
use crate::tensor::TensorError;

/// Why a call to an engine or a session failed.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum EngineError {
    /// The engine does not support something.
    #[error("the {backend} engine does not support {what}")]
    Unsupported {
        /// The name of the back end.
        backend: &'static str,
        /// What is not supported.
        what: String,
    },
    /// The network cannot be run, for example because it has no layers.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A constant or a parameter of a layer is out of range.
    #[error("layer {layer}: {source}")]
    Layer {
        /// Index of the layer.
        layer: usize,
        /// What is wrong.
        source: LayerError,
    },
    /// The samples come from a population of another size.
    #[error("the network takes {expected} inputs, but the samples have {found}")]
    Inputs {
        /// Inputs of the network.
        expected: usize,
        /// Size of the population that the samples come from.
        found: usize,
    },
    /// A stored set has no such sample.
    #[error("the stored set has {samples} samples; there is no sample {index}")]
    NoSuchSample {
        /// The index that was given.
        index: u32,
        /// Samples of the set.
        samples: usize,
    },
    /// There is no such layer.
    #[error("the network has {layers} layers; there is no layer {layer}")]
    NoSuchLayer {
        /// The index that was given.
        layer: usize,
        /// Layers of the network.
        layers: usize,
    },
    /// There is no such stored set.
    #[error("there is no stored set {index}")]
    NoSuchSet {
        /// The index that was given.
        index: usize,
    },
    /// Labels do not fit the samples or the output neurons.
    #[error(transparent)]
    Labels(#[from] LabelError),
    /// An image cannot be encoded.
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    /// Recorded spikes do not fit the network.
    #[error(
        "recorded spikes of layer {layer}: there are {found} {what}, but {expected} are needed"
    )]
    Recorded {
        /// Index of the layer; the number of layers if their number is wrong.
        layer: usize,
        /// What was counted.
        what: &'static str,
        /// How many are needed.
        expected: usize,
        /// How many were recorded.
        found: usize,
    },
    /// A list has the wrong length.
    #[error("there are {expected} {what}, but {found} are given")]
    Length {
        /// What the list contains.
        what: &'static str,
        /// Its required length.
        expected: usize,
        /// The length that was given.
        found: usize,
    },
    /// A tensor has the wrong shape, or a value that is not finite.
    #[error("{group} of layer {layer}: {source}")]
    Tensor {
        /// The group of the tensor.
        group: String,
        /// Index of the layer.
        layer: usize,
        /// What is wrong.
        source: TensorError,
    },
    /// A group of tensors does not exist, is incomplete, or has unknown tensors or invalid values.
    #[error("{group}: {problem}")]
    Tensors {
        /// The group of tensors.
        group: String,
        /// What is wrong.
        problem: String,
    },
    /// A step made a weight NaN, or too large to compute with.
    #[error("the step made a weight NaN or larger than {most:.1e}; lower the learning rate")]
    Diverged {
        /// The largest size of a weight.
        most: f64,
    },
    /// A call came before the one that it needs.
    #[error("{call} needs {needs} first")]
    Order {
        /// The call.
        call: &'static str,
        /// What must come before it.
        needs: &'static str,
    },
    /// There is no such rank.
    #[error("there is no rank {rank} among {ranks}")]
    Shard {
        /// The rank, from 0.
        rank: usize,
        /// The number of ranks.
        ranks: usize,
    },
    /// The norm to clip a gradient to is not a positive number.
    #[error("the gradient cannot be clipped to the norm {max_norm}; it must be positive")]
    MaxNorm {
        /// The norm that was given.
        max_norm: f64,
    },
    /// The device has too little memory.
    #[error("the device has too little memory: {asked_bytes} bytes were asked for; {advice}")]
    OutOfMemory {
        /// Bytes that were asked for.
        asked_bytes: u64,
        /// How to reduce the memory that is needed.
        advice: String,
    },
    /// The threads or the device failed.
    #[error("{0}")]
    Device(String),
}
