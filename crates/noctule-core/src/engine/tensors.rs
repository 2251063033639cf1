//! Groups of tensors that a session reads and writes.

use std::collections::BTreeMap;
use std::fmt;

use crate::layer::parameter::ParameterKind;
use crate::real::Real;
use crate::tensor::Tensor;

/// A group of tensors of a session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TensorGroup {
    /// The parameters, which steps change.
    Parameters,
    /// The running mean of the parameters; it exists if
    /// [`SessionOptions::weight_average`](crate::SessionOptions::weight_average) is not 0.
    Average,
    /// The gradient, summed over the backward passes since the last step.
    Gradient,
    /// State of the optimiser, one number per parameter; the index into
    /// [`Optimiser::state_names`](crate::Optimiser::state_names).
    OptimiserState(usize),
}

impl fmt::Display for TensorGroup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameters => formatter.write_str("the parameters"),
            Self::Average => formatter.write_str("the running mean of the parameters"),
            Self::Gradient => formatter.write_str("the gradient"),
            Self::OptimiserState(index) => write!(formatter, "optimiser state {index}"),
        }
    }
}

/// The name of a tensor in a network: its layer and its kind.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TensorName {
    /// Index of the layer.
    pub layer: usize,
    /// The kind of parameter.
    pub kind: ParameterKind,
}

impl TensorName {
    /// The weights of a layer.
    pub fn weights(layer: usize) -> Self {
        Self {
            layer,
            kind: ParameterKind::Weights,
        }
    }
}

impl fmt::Display for TensorName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.layer, self.kind)
    }
}

/// Tensors of one group, each in the shape of its parameter.
pub type Tensors<T> = BTreeMap<TensorName, Tensor<T>>;

/// The sum of the squares of all values, layer by layer.
pub fn squared_norm<T: Real>(tensors: &Tensors<T>) -> f64 {
    let values = tensors.values().flat_map(Tensor::as_slice);
    values.map(|&value| Real::to_f64(value).powi(2)).sum()
}
