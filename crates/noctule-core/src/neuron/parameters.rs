//! [`LifParameters`]: the constants of a neuron, unchecked.

use serde::{Deserialize, Serialize};

/// The constants of a leaky integrate-and-fire neuron. Times are in seconds.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct LifParameters {
    /// Membrane time constant in seconds, positive.
    pub tau_m: f64,
    /// Synaptic time constant in seconds, positive; from a thousandth to a thousand times `tau_m`.
    pub tau_s: f64,
    /// Firing threshold, positive. In single precision `theta/tau_m` must be from 2e-13 to 4e12 per second.
    pub theta: f64,
    /// What a spike subtracts from the membrane potential, positive; usually `theta`.
    pub reset: f64,
    /// The largest number of spikes of a neuron in one sample, from 1 to [`LifParameters::MOST_SPIKES`].
    pub max_spikes: u32,
    /// End of the sample in seconds, positive: no neuron spikes after it.
    pub t_max: f64,
}

impl LifParameters {
    /// The largest `max_spikes`.
    pub const MOST_SPIKES: u32 = 65_535;

    /// The constants in evaluation of a layer that drops the fraction `share` of its inputs in training: `theta` and
    /// `reset` are multiplied by `1/(1 - share)`.
    #[must_use]
    pub fn evaluated_with_dropout(&self, share: f64) -> Self {
        Self {
            theta: self.theta / (1.0 - share),
            reset: self.reset / (1.0 - share),
            ..*self
        }
    }
}
