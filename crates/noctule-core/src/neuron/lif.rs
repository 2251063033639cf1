//! [`Lif`]: the checked neuron that engines use.

use crate::neuron::error::NeuronError;
use crate::neuron::method::Method;
use crate::neuron::parameters::LifParameters;
use crate::real::Real;

/// A checked neuron, in the precision of the network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lif<T> {
    pub(super) parameters: LifParameters,
    pub(super) tau_m: T,
    pub(super) tau_s: T,
    pub(super) theta: T,
    pub(super) reset: T,
    pub(super) t_max: T,
    pub(super) inverse_tau_m: T,
    /// `1/tau_s - 1/tau_m`, per second: how much faster the synapse decays than the membrane. Negative if
    /// `tau_m < tau_s`.
    pub(super) delta: T,
    pub(super) method: Method,
}

impl<T: Real> Lif<T> {
    /// Checks the constants and prepares the neuron.
    ///
    /// # Errors
    /// If a constant is not positive and finite, if the time constants differ by a factor of more than 1,000, or if
    /// `theta` is too small or too large for the precision.
    pub fn new(parameters: &LifParameters) -> Result<Self, NeuronError> {
        let LifParameters {
            tau_m,
            tau_s,
            theta,
            reset,
            max_spikes,
            t_max,
        } = *parameters;
        for (name, value) in [
            ("tau_m", tau_m),
            ("tau_s", tau_s),
            ("theta", theta),
            ("reset", reset),
            ("t_max", t_max),
        ] {
            let representable = T::of(value);
            if !(representable.is_normal() && representable > T::zero()) {
                return Err(NeuronError::NotPositive { name, value });
            }
        }
        // Currents near the threshold are about theta/tau_m, and crossings square them. The cube root leaves a margin.
        let lowest = Real::to_f64(T::min_positive_value()).cbrt();
        let highest = lowest.recip();
        if !(lowest..=highest).contains(&(theta / tau_m)) {
            return Err(NeuronError::ThetaRange {
                theta,
                tau_m,
                lowest,
                highest,
            });
        }
        if !(1..=LifParameters::MOST_SPIKES).contains(&max_spikes) {
            return Err(NeuronError::MaxSpikes { max_spikes });
        }
        if tau_m.max(tau_s) > 1e3 * tau_m.min(tau_s) {
            return Err(NeuronError::RatioTooLarge { tau_m, tau_s });
        }
        let method = Method::choose(tau_m, tau_s);
        let delta = match method {
            Method::LambertW => 0.0,
            _ => (tau_m - tau_s) / (tau_m * tau_s),
        };
        Ok(Self {
            parameters: *parameters,
            tau_m: T::of(tau_m),
            tau_s: T::of(tau_s),
            theta: T::of(theta),
            reset: T::of(reset),
            t_max: T::of(t_max),
            inverse_tau_m: T::of(1.0 / tau_m),
            delta: T::of(delta),
            method,
        })
    }

    /// Membrane time constant in seconds.
    #[inline(always)]
    pub fn tau_m(&self) -> T {
        self.tau_m
    }

    /// Synaptic time constant in seconds.
    #[inline(always)]
    pub fn tau_s(&self) -> T {
        self.tau_s
    }

    /// Firing threshold.
    #[inline(always)]
    pub fn theta(&self) -> T {
        self.theta
    }

    /// What a spike subtracts from the membrane potential.
    #[inline(always)]
    pub fn reset(&self) -> T {
        self.reset
    }

    /// End of the sample in seconds.
    #[inline(always)]
    pub fn t_max(&self) -> T {
        self.t_max
    }

    /// `1/tau_m` in 1/s.
    #[inline(always)]
    pub fn inverse_tau_m(&self) -> T {
        self.inverse_tau_m
    }

    /// The constants that this neuron was created from.
    pub fn parameters(&self) -> &LifParameters {
        &self.parameters
    }

    /// The largest number of spikes of the neuron in one sample.
    pub fn max_spikes(&self) -> u32 {
        self.parameters.max_spikes
    }
}
