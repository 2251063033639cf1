//! [`NeuronError`]: why the constants of a neuron were refused.

use thiserror::Error;

use crate::neuron::parameters::LifParameters;
use crate::number_text::number_text as text;

/// Why a constant of a neuron was refused.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum NeuronError {
    /// A constant is zero, negative, NaN, infinite, or out of the range of the number type.
    #[error("{name} = {}: must be a positive, finite number", text(*value))]
    NotPositive {
        /// The name of the constant.
        name: &'static str,
        /// The value that was given.
        value: f64,
    },
    /// The threshold is so small or so large that squared currents leave the range of the number type.
    #[error(
        "theta = {} with tau_m = {} s: in this precision theta/tau_m must be from {lowest:.0e} to {highest:.0e} per second; \
         multiply theta, reset and all weights by a common factor",
        text(*theta),
        text(*tau_m)
    )]
    ThetaRange {
        /// The threshold.
        theta: f64,
        /// Membrane time constant in seconds.
        tau_m: f64,
        /// The smallest `theta/tau_m`, per second.
        lowest: f64,
        /// The largest `theta/tau_m`, per second.
        highest: f64,
    },
    /// `max_spikes` is 0, or so large that one sample could fill the memory.
    #[error(
        "max_spikes = {max_spikes}: must be from 1 to {}",
        LifParameters::MOST_SPIKES
    )]
    MaxSpikes {
        /// The value that was given.
        max_spikes: u32,
    },
    /// The time constants differ by a factor of more than 1,000, for which engines are not tested.
    #[error(
        "tau_m = {} s and tau_s = {} s differ by a factor of more than 1,000",
        text(*tau_m),
        text(*tau_s)
    )]
    RatioTooLarge {
        /// Membrane time constant in seconds.
        tau_m: f64,
        /// Synaptic time constant in seconds.
        tau_s: f64,
    },
}
