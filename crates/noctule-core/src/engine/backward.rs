//! The backward walk: errors on output spikes become gradients of weights and input times.
//!
//! With `D_k` the error on output spike `k` and `g_k = D_k/slope_k`, all that an input at `x_i` needs to know of the
//! spikes after it are the adjoints of the two reference coordinates,
//!
//! ```text
//! V* = sum_k g_k exp(-x_k/tau_m)          C* = sum_k g_k exp(-x_k/tau_m) phi(x_k)
//! ```
//!
//! which change at output spikes only, and cross the segments by the transpose of the forward step. Then
//!
//! ```text
//! D_k      = dL/dt_k + (reset/tau_m) exp(x_k/tau_m) V*                          (spikes of the same neuron after k)
//! dL/dw_i -= sum_k g_k eps(t_k - t_i)      = e_i (C* - phi(x_i) V*),             e_i = exp(x_i/tau_s)
//! dL/dt_i += w_i sum_k g_k eps'(t_k - t_i) = w_i e_i (V* (1 + phi(x_i)/tau_m) - C*/tau_s)
//! ```

use super::course::Course;
use super::dispatch::multiply_add;
use super::forward::Spike;
use super::timeline::{Segment, Step, Timeline};
use super::{LANES, Lanes};
use crate::{Lif, Real};

/// The output spikes of a block in one sample, with their errors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Errors<'a, T> {
    /// The spikes in the order of the forward walk.
    pub spikes: &'a [Spike<T>],
    /// The position of each of these spikes in `d_times`.
    pub ranks: &'a [u32],
    /// `dL/dt` of the output events of the sample.
    pub d_times: &'a [T],
    /// The largest `1/slope` that is let through.
    pub max_inverse_slope: T,
}

/// Walks a course backwards for one block.
///
/// `weights` and `d_weights` have shape `[rows][LANES]`; `d_events`, if wanted, is aligned with the input events of the
/// sample and receives `dL/dt` of each on top of what it holds.
#[inline(always)]
pub(crate) fn walk<const FUSED: bool, T: Real>(
    neuron: &Lif<T>,
    timeline: &Timeline<T>,
    course: impl Course,
    errors: Errors<'_, T>,
    weights: &[Lanes<T>],
    d_weights: &mut [Lanes<T>],
    mut d_events: Option<&mut [T]>,
) {
    let mut adjoint = Adjoint::new(neuron, errors.max_inverse_slope);
    let mut pending = errors.spikes.len();
    if pending == 0 {
        return;
    }
    let last = errors.spikes[pending - 1].step as usize;
    for (index, segment) in timeline.segments.iter().enumerate().rev() {
        let mut stops = course.stops(index);
        stops.end = stops.end.saturating_sub(1);
        for stop in course.up_to(stops, last).rev() {
            let step = course.step(stop);
            while pending > 0 && errors.spikes[pending - 1].step as usize == step {
                pending -= 1;
                let error = errors.d_times[errors.ranks[pending] as usize];
                adjoint.absorb(&errors.spikes[pending], error);
            }
            let arrivals = course.arrivals(stop);
            if arrivals.is_empty() {
                continue;
            }
            let coefficients = &timeline.steps[step];
            let rows = &course.rows()[arrivals.clone()];
            let d_weight = adjoint.weight_gradient::<FUSED>(coefficients);
            for &row in rows {
                let row = &mut d_weights[row as usize];
                for lane in 0..LANES {
                    row[lane] -= d_weight[lane];
                }
            }
            if let Some(d_events) = d_events.as_deref_mut() {
                let per_weight = adjoint.time_gradient::<FUSED>(coefficients);
                for (arrival, &row) in arrivals.zip(rows) {
                    d_events[course.event(arrival)] += dot(&weights[row as usize], &per_weight);
                }
            }
        }
        adjoint.cross::<FUSED>(segment);
    }
}

/// The adjoints of the reference coordinates of a block.
struct Adjoint<T> {
    current: Lanes<T>,
    potential: Lanes<T>,
    inverse_tau_m: T,
    inverse_tau_s: T,
    reset_rate: T,
    max_inverse_slope: T,
}

impl<T: Real> Adjoint<T> {
    fn new(neuron: &Lif<T>, max_inverse_slope: T) -> Self {
        Self {
            current: [T::zero(); LANES],
            potential: [T::zero(); LANES],
            inverse_tau_m: neuron.tau_m.recip(),
            inverse_tau_s: neuron.tau_s.recip(),
            reset_rate: neuron.reset / neuron.tau_m,
            max_inverse_slope,
        }
    }

    /// Takes in an output spike with the error `dL/dt`.
    #[inline(always)]
    fn absorb(&mut self, spike: &Spike<T>, error: T) {
        let lane = spike.lane as usize;
        let error = error + self.reset_rate * self.potential[lane] / spike.leak;
        let scaled = error * spike.slope.recip().min(self.max_inverse_slope) * spike.leak;
        self.potential[lane] += scaled;
        self.current[lane] += scaled * spike.response;
    }

    /// `sum_k g_k eps(t_k - t_i)` for an input at this step.
    #[inline(always)]
    fn weight_gradient<const FUSED: bool>(&self, step: &Step<T>) -> Lanes<T> {
        self.combine::<FUSED>(step.potential_gain, step.current_gain)
    }

    /// `sum_k g_k eps'(t_k - t_i)` for an input at this step.
    #[inline(always)]
    fn time_gradient<const FUSED: bool>(&self, step: &Step<T>) -> Lanes<T> {
        let from_potential = step.current_gain - step.potential_gain * self.inverse_tau_m;
        let from_current = -step.current_gain * self.inverse_tau_s;
        self.combine::<FUSED>(from_potential, from_current)
    }

    /// `v V* + c C*` of every neuron.
    #[inline(always)]
    fn combine<const FUSED: bool>(&self, v: T, c: T) -> Lanes<T> {
        std::array::from_fn(|lane| {
            multiply_add::<FUSED, T>(v, self.potential[lane], c * self.current[lane])
        })
    }

    /// Goes back over the start of a segment: the transpose of the forward step.
    #[inline(always)]
    fn cross<const FUSED: bool>(&mut self, segment: &Segment<T>) {
        for lane in 0..LANES {
            self.current[lane] = multiply_add::<FUSED, T>(
                segment.coupling,
                self.potential[lane],
                segment.current_decay * self.current[lane],
            );
            self.potential[lane] *= segment.potential_decay;
        }
    }
}

/// The inner product over the lanes, summed in an order that no vector width changes.
#[inline(always)]
fn dot<T: Real>(a: &Lanes<T>, b: &Lanes<T>) -> T {
    let mut products = [T::zero(); LANES];
    for lane in 0..LANES {
        products[lane] = a[lane] * b[lane];
    }
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            products[lane] += products[lane + width];
        }
        width /= 2;
    }
    products[0]
}
