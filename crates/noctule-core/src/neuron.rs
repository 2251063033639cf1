//! The leaky integrate-and-fire neuron with an exponential synapse.
//!
//! ```text
//! dI/dt = -I/tau_s + sum_i w_i delta(t - t_i)
//! du/dt = -u/tau_m + I                          u(0) = I(0) = 0
//! spike when u reaches theta from below; then u <- u - reset
//! ```
//!
//! [`LifParameters`] is what a person writes down; [`Lif`] is the checked neuron that the engines use. Its dynamics
//! live in two files: [`propagator`](self::propagator) has the exact solution between events, and
//! [`crossing`](self::crossing) finds the next spike.
//!
//! ```
//! use noctule_core::{Lif, LifParameters};
//!
//! let neuron = Lif::<f64>::new(&LifParameters {
//!     tau_m: 0.020,
//!     tau_s: 0.005,
//!     theta: 1.0,
//!     reset: 1.0,
//!     max_spikes: 10,
//!     t_max: 0.1,
//! })?;
//! // From rest, a current of 400 drives the neuron over its threshold within a few milliseconds.
//! let crossing = neuron.first_crossing(0.0, 400.0, 0.1).unwrap();
//! assert!(crossing.elapsed > 0.002 && crossing.elapsed < 0.009);
//! # Ok::<(), noctule_core::NeuronError>(())
//! ```

pub(crate) mod crossing;
pub(crate) mod propagator;

use thiserror::Error;

use crate::Real;
pub use crossing::Crossing;
use crossing::Method;

/// The constants of a leaky integrate-and-fire neuron. Times are in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LifParameters {
    /// Membrane time constant in seconds, positive.
    pub tau_m: f64,
    /// Synaptic time constant in seconds, positive; any ratio to `tau_m` is allowed.
    pub tau_s: f64,
    /// Firing threshold, positive.
    pub theta: f64,
    /// What a spike subtracts from the membrane potential, positive; usually `theta`.
    pub reset: f64,
    /// The most spikes a neuron emits in one sample, from 1 to [`LifParameters::MOST_SPIKES`].
    pub max_spikes: u32,
    /// End of the sample in seconds, positive: no neuron spikes after it.
    pub t_max: f64,
}

impl LifParameters {
    /// The largest `max_spikes`.
    pub const MOST_SPIKES: u32 = 65_535;
}

/// A neuron constant that cannot be.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum NeuronError {
    /// A constant is zero, negative, NaN, infinite, or so small or large that the precision cannot hold it.
    #[error("{name} = {value}: must be a positive, finite number")]
    NotPositive {
        /// The name of the constant.
        name: &'static str,
        /// The value that was given.
        value: f64,
    },
    /// `max_spikes` is zero, or so large that one sample could fill the memory.
    #[error(
        "max_spikes = {max_spikes}: must be from 1 to {}",
        LifParameters::MOST_SPIKES
    )]
    MaxSpikes {
        /// The value that was given.
        max_spikes: u32,
    },
    /// The time constants differ by more than the engines are tested for.
    #[error("tau_m = {tau_m} s and tau_s = {tau_s} s differ by a factor of more than 1,000")]
    RatioTooLarge {
        /// Membrane time constant in seconds.
        tau_m: f64,
        /// Synaptic time constant in seconds.
        tau_s: f64,
    },
}

/// A checked neuron, in the precision of the network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lif<T> {
    parameters: LifParameters,
    pub(crate) tau_m: T,
    pub(crate) tau_s: T,
    pub(crate) theta: T,
    pub(crate) reset: T,
    pub(crate) t_max: T,
    pub(crate) inverse_tau_m: T,
    /// 1/tau_s - 1/tau_m: how much faster the synapse decays than the membrane, in 1/s. Negative if `tau_m < tau_s`.
    pub(crate) delta: T,
    method: Method,
}

impl<T: Real> Lif<T> {
    /// Checks the constants and prepares the neuron.
    ///
    /// # Errors
    /// If a constant is not positive and finite, or if the time constants differ by a factor of more than 1,000.
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

    /// The constants this neuron was made from.
    pub fn parameters(&self) -> &LifParameters {
        &self.parameters
    }

    /// The most spikes the neuron emits in one sample.
    pub fn max_spikes(&self) -> u32 {
        self.parameters.max_spikes
    }
}
