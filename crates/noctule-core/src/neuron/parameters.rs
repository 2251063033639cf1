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

    /// The time from an input spike to the peak of its postsynaptic potential, in seconds:
    /// `tau_m tau_s/(tau_m - tau_s) ln(tau_m/tau_s)`, or `tau` if both time constants are `tau`.
    pub fn time_to_psp_peak(&self) -> f64 {
        let Self { tau_m, tau_s, .. } = *self;
        // The logarithmic mean of the two rates; ln(1 + x)/x stays accurate for nearly equal ones.
        let x = (tau_m - tau_s) / tau_s;
        if x.abs() < 1e-9 {
            tau_m
        } else {
            tau_m * libm::log1p(x) / x
        }
    }

    /// The largest potential that one input spike of weight 1 causes, in seconds:
    /// `tau_m (tau_s/tau_m)^(tau_m/(tau_m - tau_s))`. That is `tau_m/4` for `tau_m = 2 tau_s`, and `tau/e` if both time
    /// constants are `tau`. A weight of `theta/psp_peak` makes a neuron at rest spike on a single input.
    pub fn psp_peak(&self) -> f64 {
        // There the current that flows in is the current that leaks: u = tau_m I.
        self.tau_m * libm::exp(-self.time_to_psp_peak() / self.tau_s)
    }

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
