//! [`ParameterKind`]: the parameters that a layer can have.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of parameter of a layer. Each is a tensor.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ParameterKind {
    /// Synaptic weights: `[outputs, inputs]` of a dense layer, `[filters, height, width, channels]` of a convolution.
    Weights,
    /// Threshold of each neuron; shape `[neurons]`. Without it all neurons have
    /// [`LifParameters::theta`](crate::LifParameters::theta).
    Theta,
    /// What a spike subtracts from the potential of each neuron; shape `[neurons]`.
    Reset,
    /// Membrane time constant of each neuron in seconds; shape `[neurons]`.
    TauM,
    /// Synaptic time constant of each neuron in seconds; shape `[neurons]`.
    TauS,
}

impl ParameterKind {
    /// The kinds that are constants of a neuron.
    pub const CONSTANTS: [Self; 4] = [Self::Theta, Self::Reset, Self::TauM, Self::TauS];

    /// The name in files: `weights`, `theta`, `reset`, `tau_m`, `tau_s`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Weights => "weights",
            Self::Theta => "theta",
            Self::Reset => "reset",
            Self::TauM => "tau_m",
            Self::TauS => "tau_s",
        }
    }
}

impl fmt::Display for ParameterKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
