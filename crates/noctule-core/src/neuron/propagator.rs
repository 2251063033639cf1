//! The exact solution between events ([`Lif::propagate`]), and the coordinates in which engines use it.
//!
//! Let `r` be a reference time. The coordinates of a neuron are its potential `V` and its current `C` after the last
//! event, extrapolated to `r` as if there were no events in between. With `x = t - r` and `delta = 1/tau_s - 1/tau_m`,
//!
//! ```text
//! I(t) = C exp(-x/tau_s)
//! u(t) = exp(-x/tau_m) (V + C phi(x))          phi(x) = (1 - exp(-delta x))/delta,   phi = x if delta = 0
//! ```
//!
//! An input of weight `w` at `x_i` adds `w exp(x_i/tau_s)` to `C` and `-w exp(x_i/tau_s) phi(x_i)` to `V`; an output
//! spike at `x_k` subtracts `reset exp(x_k/tau_m)` from `V`. This formula holds for every ratio of the time constants.
//! Unlike `kappa (b exp(-x/tau_m) - a exp(-x/tau_s))`, it has no pole at `tau_m = tau_s`. It loses digits once `x` is
//! many time constants long, so engines move `r` along with the events: to move `(V, C)` to a later reference time is
//! to propagate the neuron from the old to the new one.

use crate::neuron::lif::Lif;
use crate::real::Real;

impl<T: Real> Lif<T> {
    /// `phi(x)`: the potential that a current of 1 builds up in `x` seconds, divided by `exp(-x/tau_m)`.
    #[inline(always)]
    pub fn response(&self, x: T) -> T {
        if self.delta == T::zero() {
            x
        } else {
            -(-self.delta * x).precise_exp_m1() / self.delta
        }
    }

    /// `eps(s)`: the potential `s >= 0` seconds after a single input spike of weight 1.
    ///
    /// ```text
    /// eps(s) = tau_m tau_s/(tau_m - tau_s) (exp(-s/tau_m) - exp(-s/tau_s))
    /// ```
    #[inline]
    pub fn postsynaptic_potential(&self, s: T) -> T {
        if self.delta == T::zero() {
            return s * (-s / self.tau_s).precise_exp();
        }
        // The slower of the two decays is factored out so that no factor grows with s.
        let rate = self.delta.abs();
        let slow = self.tau_m.max(self.tau_s);
        (-s / slow).precise_exp() * -(-rate * s).precise_exp_m1() / rate
    }

    /// Potential and current `s >= 0` seconds after the potential was `potential` and the current `current`, without an
    /// input or output spike in between.
    pub fn propagate(&self, potential: T, current: T, s: T) -> (T, T) {
        let leaked = potential * (-s / self.tau_m).precise_exp();
        (
            leaked + current * self.postsynaptic_potential(s),
            current * (-s / self.tau_s).precise_exp(),
        )
    }
}
