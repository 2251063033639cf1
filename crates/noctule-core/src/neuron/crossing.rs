//! The next threshold crossing of a neuron: [`Lif::first_crossing`].
//!
//! From potential `u_0 < theta` and current `I_0` at `s = 0`, without further input, the potential rises while
//! `I > u/tau_m`, has one maximum, and then falls. On the rise it is concave, whatever the time constants:
//! `u'' = -I/tau_s - u'/tau_m < 0`. So there is at most one crossing from below, it lies on the rise, and Newton's
//! method, started to the left of it, approaches it monotonically.
//!
//! * `tau_m = 2 tau_s`: a quadratic in `y = exp(s/tau_m)`. It is solved for `y - 1`, in the slope `h = I_0 - u_0/tau_m`
//!   and the gap `g = (theta - u_0)/tau_m`, so that crossings after a very short time keep all their digits:
//!   `y - 1 = 2g/(h - 2g + x)` with `x^2 = h^2 - 4 I_0 g`. The slope at the crossing is `x/y`.
//! * `tau_m = tau_s`: `s = -tau W(-theta/(tau I_0) exp(-u_0/(tau I_0))) - u_0/I_0`, refined by Newton's method.
//! * any other ratio: the maximum, in closed form, decides whether there is a crossing; Newton's method finds it.

use crate::neuron::lif::Lif;
use crate::neuron::method::Method;
use crate::real::Real;

/// An upward crossing of the threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crossing<T> {
    /// Seconds from the start of the interval to the crossing.
    pub elapsed: T,
    /// Slope `du/dt` of the potential just before the crossing, positive, in units of potential per second.
    pub slope: T,
    /// The factor by which a potential decays in `elapsed` seconds: `exp(-elapsed/tau_m)`.
    pub potential_decay: T,
    /// The factor by which a current decays in `elapsed` seconds: `exp(-elapsed/tau_s)`.
    pub current_decay: T,
}

impl<T: Real> Lif<T> {
    /// `phi(x)` from `x` and `exp(-x/tau_m)`, without an exponential where the ratio of the time constants allows it.
    #[inline]
    pub fn response_of_decay(&self, x: T, potential_decay: T) -> T {
        match self.method {
            // delta = 1/tau_m
            Method::Quadratic => self.tau_m * (T::one() - potential_decay),
            Method::LambertW => x,
            Method::Newton => self.response(x),
        }
    }

    /// Computes `gains`, `exp(x/tau_s)`, and `responses`, `phi(x)`, from `xs` and `growths`, `exp(x/tau_m)`, without
    /// another exponential where the ratio of the time constants allows it. All lists have the same length.
    #[inline(always)]
    pub fn gains_and_responses(
        &self,
        xs: &[T],
        growths: &[T],
        gains: &mut [T],
        responses: &mut [T],
    ) {
        let out = gains.iter_mut().zip(responses);
        let entries = out.zip(xs.iter().zip(growths));
        match self.method {
            // tau_s = tau_m/2
            Method::Quadratic => {
                for ((gain, response), (_, &growth)) in entries {
                    *gain = growth * growth;
                    *response = self.tau_m * (T::one() - growth.recip());
                }
            }
            Method::LambertW => {
                for ((gain, response), (&x, &growth)) in entries {
                    *gain = growth;
                    *response = x;
                }
            }
            Method::Newton => {
                for ((gain, response), (&x, _)) in entries {
                    *gain = (x / self.tau_s).fast_exp();
                    *response = self.response(x);
                }
            }
        }
    }

    /// The first time within `duration` seconds at which the potential, `potential` at the start, reaches the threshold
    /// from below under the decaying current `current`.
    ///
    /// A potential that rounding has put slightly above the threshold, and that still rises, crosses after 0 seconds.
    #[inline]
    pub fn first_crossing(&self, potential: T, current: T, duration: T) -> Option<Crossing<T>> {
        // At a crossing u = theta and u' = I - theta/tau_m > 0, and the current only decays.
        let slope = current - potential * self.inverse_tau_m;
        if current * self.tau_m <= self.theta || slope <= T::zero() {
            return None;
        }
        let crossing = match self.method {
            Method::Quadratic => self.crossing_by_quadratic(potential, current),
            Method::LambertW => {
                let end = duration.min(self.tau_s * slope / current);
                self.crossing_by_lambert_w(potential, current, end)
            }
            Method::Newton => {
                let end = self.rise_end(current, slope, duration)?;
                self.crossing_by_newton(potential, current, T::zero(), end)
            }
        }?;
        (crossing.elapsed <= duration && crossing.slope > T::zero()).then_some(crossing)
    }

    fn crossing_by_quadratic(&self, potential: T, current: T) -> Option<Crossing<T>> {
        let (two, four) = (T::of(2.0), T::of(4.0));
        let slope = current - potential * self.inverse_tau_m;
        let gap = (self.theta - potential) * self.inverse_tau_m;
        let square = slope * slope - four * current * gap;
        let root = square.max(T::zero()).sqrt();
        let denominator = slope - two * gap + root;
        let growth = (two * gap / denominator).max(T::zero());
        let exists = square > T::zero() && denominator > T::zero() && growth < T::infinity();
        if !exists {
            return None;
        }
        let y = T::one() + growth;
        // ln(1 + growth) to full relative precision, from a plain logarithm: the rounding of y cancels.
        let logarithm = if y == T::one() {
            growth
        } else {
            y.fast_ln() * (growth / (y - T::one()))
        };
        let potential_decay = y.recip();
        Some(Crossing {
            elapsed: self.tau_m * logarithm,
            slope: root * potential_decay,
            potential_decay,
            current_decay: potential_decay * potential_decay,
        })
    }

    /// Whether the crossing is a quadratic equation: `tau_m = 2 tau_s`.
    #[inline(always)]
    pub fn is_quadratic(&self) -> bool {
        self.method == Method::Quadratic
    }

    /// Whether `tau_m = tau_s`.
    pub fn has_equal_time_constants(&self) -> bool {
        self.method == Method::LambertW
    }

    fn crossing_by_lambert_w(&self, potential: T, current: T, end: T) -> Option<Crossing<T>> {
        let scale = self.tau_s * current;
        let argument = -(self.theta / scale) * (-potential / scale).precise_exp();
        let guess = if argument > -T::of(std::f64::consts::E).recip() {
            -self.tau_s * argument.lambert_w0() - potential / current
        } else {
            // Rounding, where the maximum barely reaches the threshold; Newton's method decides.
            end
        };
        let guess = guess.max(T::zero()).min(end);
        self.crossing_by_newton(potential, current, guess, end)
    }

    /// The end of the rise or of the interval, whichever comes first; `None` if the potential stays negative.
    fn rise_end(&self, current: T, slope: T, duration: T) -> Option<T> {
        let v = -self.delta * self.tau_s * slope / current;
        if v <= -T::one() {
            return None;
        }
        Some(duration.min(-v.precise_ln_1p() / self.delta))
    }

    /// Newton's method on the concave rise from 0 to `end`, started at `guess`.
    fn crossing_by_newton(
        &self,
        potential: T,
        current: T,
        guess: T,
        end: T,
    ) -> Option<Crossing<T>> {
        const MAX_STEPS: usize = 100;
        let (highest, _) = self.propagate(potential, current, end);
        if highest < self.theta {
            return None;
        }
        let (mut left, mut right) = (T::zero(), end);
        let mut elapsed = guess;
        for _ in 0..MAX_STEPS {
            let (u, i) = self.propagate(potential, current, elapsed);
            let (excess, slope) = (u - self.theta, i - u / self.tau_m);
            if excess < T::zero() {
                left = elapsed;
            } else {
                right = elapsed;
            }
            let mut next = elapsed - excess / slope;
            if !(next >= left && next <= right) {
                next = (left + right) / T::of(2.0);
            }
            let step = (next - elapsed).abs();
            elapsed = next;
            // The potential itself is only accurate to about epsilon theta, so more steps would gain nothing.
            if step <= T::epsilon() * elapsed || excess.abs() <= T::epsilon() * self.theta {
                break;
            }
        }
        let current_decay = (-elapsed / self.tau_s).precise_exp();
        Some(Crossing {
            elapsed,
            slope: current * current_decay - self.theta / self.tau_m,
            potential_decay: (-elapsed / self.tau_m).precise_exp(),
            current_decay,
        })
    }
}
