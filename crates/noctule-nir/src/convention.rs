//! What a spike is, and what a NIR weight is then worth.
//!
//! NIR's current follows `tau_syn dI/dt = -I + w_in S`, and the potential `tau_mem dv/dt = -v + r I`. Noctule's current is
//! `(r/tau_mem) I`, and a spike through a weight `W` lets it jump by
//!
//! ```text
//! w = W (w_in/tau_syn) (r/tau_mem) area
//! ```
//!
//! where `area` is the integral of `S` over a spike: 1 for a Dirac delta, and `dt` for the pulse of height 1 that lasts one
//! step of a simulator.

/// A factor that differs from 1 by no more than the rounding of its parts.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// What a spike is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Spike {
    /// A Dirac delta, which has the area 1.
    Dirac,
    /// A pulse of height 1 that lasts this long, in seconds.
    Pulse(f64),
}

impl Spike {
    /// That of a simulator's time step, or of none.
    pub fn of_step(dt: Option<f64>) -> Self {
        dt.map_or(Self::Dirac, Self::Pulse)
    }

    /// The resistance and the weight of the input current of neurons whose NIR weights are those of Noctule.
    pub fn resistance_and_input(self, tau_m: f64, tau_s: f64) -> (f64, f64) {
        match self {
            Self::Dirac => (tau_m, tau_s),
            // With this resistance snnTorch's potential takes the current as it is.
            Self::Pulse(dt) => (tau_m / dt, tau_s),
        }
    }

    /// What the weights of a neuron with these constants are multiplied by.
    pub fn factor(self, tau_mem: f64, tau_syn: f64, r: f64, w_in: f64) -> f64 {
        let gain = match self {
            Self::Dirac => r / tau_mem,
            Self::Pulse(dt) => r * dt / tau_mem,
        };
        let factor = (w_in / tau_syn) * gain;
        if (factor - 1.0).abs() <= ROUNDING {
            1.0
        } else {
            factor
        }
    }
}

/// Whether a time step is one.
pub(crate) fn is_step(dt: f64) -> bool {
    dt.is_finite() && dt > 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_come_back_as_they_are() {
        for step in [None, Some(1e-4), Some(1e-3), Some(3.7e-5)] {
            let spike = Spike::of_step(step);
            for (tau_m, tau_s) in [(0.02, 0.01), (0.013, 0.0071), (0.26, 0.13), (1e-3, 0.9)] {
                let (r, w_in) = spike.resistance_and_input(tau_m, tau_s);
                assert_eq!(spike.factor(tau_m, tau_s, r, w_in), 1.0, "{step:?} {tau_m}");
            }
        }
    }

    #[test]
    fn a_simulator_with_a_step_sees_a_shorter_spike() {
        // snnTorch: w_in = tau_syn/dt, r = tau_mem/dt; the synapse takes the weight as it is, and so does the membrane.
        let (dt, tau_m, tau_s) = (1e-4, 0.02, 0.01);
        let factor = Spike::Pulse(dt).factor(tau_m, tau_s, tau_m / dt, tau_s / dt);
        assert!((factor * dt - 1.0).abs() < 1e-12);
    }
}
