//! [`ChipModel`]: how imprecise the chips of a kind are.

use super::trial_noise::TrialNoise;

/// How imprecise the chips of a kind are. The default is an ideal chip.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ChipModel {
    /// Bits of a weight, one of which is its sign: 6 on BrainScaleS-2. `None`: weights are not rounded.
    pub bits: Option<u32>,
    /// What differs from neuron to neuron and from synapse to synapse, and stays the same from trial to trial.
    pub mismatch: Mismatch,
    /// The share of the synapses that do not work.
    pub dead_synapses: f64,
    /// What differs from trial to trial.
    pub noise: TrialNoise,
}

/// Relative standard deviations of what is built to be equal.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mismatch {
    /// Of the thresholds of neurons. What a neuron subtracts when it spikes differs by the same factor.
    pub theta: f64,
    /// Of the time constants of membranes.
    pub tau_m: f64,
    /// Of the time constants of synapses.
    pub tau_s: f64,
    /// Of the weights of synapses.
    pub weights: f64,
}

impl Mismatch {
    /// The same relative standard deviation of everything.
    pub fn of_everything(deviation: f64) -> Self {
        Self {
            theta: deviation,
            tau_m: deviation,
            tau_s: deviation,
            weights: deviation,
        }
    }

    /// Whether all neurons are equal.
    pub fn has_equal_neurons(&self) -> bool {
        [self.theta, self.tau_m, self.tau_s] == [0.0; 3]
    }
}
