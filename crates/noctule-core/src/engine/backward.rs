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
//! dL/dt_i += w_i sum_k g_k eps'(t_k - t_i) = w_i (e_i (V* - C*/tau_s) + e_i phi(x_i) V*/tau_m)
//! ```
//!
//! Between two output spikes the adjoints stay in registers.

use super::course::{Course, Stop};
use super::forward::Spike;
use super::lanes::Isa;
use super::timeline::{Segment, Timeline};
use super::{LANES, Lanes};
use crate::{Lif, Real};

/// The output spikes of a block in one sample, with their errors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Errors<'a, T> {
    /// The spikes in the order of the forward walk.
    pub spikes: &'a [Spike<T>],
    /// The number of the block's first neuron.
    pub first_neuron: u32,
    /// The position of each of these spikes in `d_times`.
    pub ranks: &'a [u32],
    /// `dL/dt` of the output events of the sample.
    pub d_times: &'a [T],
    /// The largest `1/slope` that is let through.
    pub max_inverse_slope: T,
}

/// What a backward walk adds to.
#[derive(Debug)]
pub(crate) struct Gradients<'a, T> {
    /// Shape `[rows][LANES]`, as the weights.
    pub d_weights: &'a mut [Lanes<T>],
    /// If wanted, `dL/dt` of the event at each moment of the sample.
    pub d_moments: Option<&'a mut [T]>,
}

/// Walks a course backwards for one block; `weights` has shape `[rows][LANES]`.
#[inline(always)]
pub(crate) fn walk<T: Real, I: Isa<T>>(
    isa: I,
    neuron: &Lif<T>,
    timeline: &Timeline<T>,
    course: &Course<T>,
    errors: Errors<'_, T>,
    weights: &[Lanes<T>],
    gradients: &mut Gradients<'_, T>,
) {
    let mut adjoint = Adjoint::new(neuron, errors.max_inverse_slope);
    let mut pending = errors.spikes.len();
    for (index, segment) in timeline.segments.iter().enumerate().rev() {
        let range = course.segment(index);
        // Inputs after the last spike have no influence.
        let untouched = pending == errors.spikes.len();
        let mut upper = if untouched {
            range.start + 1
        } else {
            range.end - 1
        };
        loop {
            let next = pending
                .checked_sub(1)
                .map(|spike| errors.spikes[spike].stop as usize);
            let next = next.filter(|&stop| stop >= range.start);
            // At the start of the segment nothing arrives.
            let lower = next.unwrap_or(range.start).max(range.start) + 1;
            if lower < upper {
                adjoint.spread(isa, &course.stops[lower..upper], weights, gradients);
            }
            let Some(stop) = next else { break };
            while pending > 0 && errors.spikes[pending - 1].stop as usize == stop {
                pending -= 1;
                let error = errors.d_times[errors.ranks[pending] as usize];
                let spike = &errors.spikes[pending];
                let lane = (spike.neuron - errors.first_neuron) as usize;
                adjoint.absorb(lane, spike, error);
            }
            upper = stop + 1;
        }
        adjoint.cross(isa, segment);
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
    fn absorb(&mut self, lane: usize, spike: &Spike<T>, error: T) {
        let error = error + self.reset_rate * self.potential[lane] / spike.leak;
        let scaled = error * spike.slope.recip().min(self.max_inverse_slope) * spike.leak;
        self.potential[lane] += scaled;
        self.current[lane] += scaled * spike.response;
    }

    /// Spreads the adjoints, as they stand, over the inputs that arrive at `stops`, the last first.
    #[inline(always)]
    fn spread<I: Isa<T>>(
        &self,
        isa: I,
        stops: &[Stop<T>],
        weights: &[Lanes<T>],
        gradients: &mut Gradients<'_, T>,
    ) {
        let (potential, current) = (isa.load(&self.potential), isa.load(&self.current));
        // dL/dw: sum_k g_k eps(t_k - t_i).
        let d_weight = |stop: &Stop<T>| {
            let from_current = isa.mul(isa.splat(stop.current_gain), current);
            isa.mul_add(isa.splat(stop.potential_gain), potential, from_current)
        };
        let Some(d_moments) = gradients.d_moments.as_deref_mut() else {
            for stop in stops.iter().rev() {
                let row = &mut gradients.d_weights[stop.row as usize];
                *row = isa.store(isa.sub(isa.load(row), d_weight(stop)));
            }
            return;
        };
        // dL/dt: sum_k g_k eps'(t_k - t_i).
        let leaking = isa.mul(isa.splat(-self.inverse_tau_m), potential);
        let decaying = isa.mul_add(isa.splat(-self.inverse_tau_s), current, potential);
        for stop in stops.iter().rev() {
            let row = &mut gradients.d_weights[stop.row as usize];
            *row = isa.store(isa.sub(isa.load(row), d_weight(stop)));
            let from_leak = isa.mul(isa.splat(stop.potential_gain), leaking);
            let per_weight = isa.mul_add(isa.splat(stop.current_gain), decaying, from_leak);
            let weights = isa.load(&weights[stop.row as usize]);
            d_moments[stop.moment as usize] += isa.sum(isa.mul(weights, per_weight));
        }
    }

    /// Goes back over the start of a segment: the transpose of the forward step.
    #[inline(always)]
    fn cross<I: Isa<T>>(&mut self, isa: I, segment: &Segment<T>) {
        let (potential, current) = (isa.load(&self.potential), isa.load(&self.current));
        let decayed = isa.mul(isa.splat(segment.current_decay), current);
        self.current = isa.store(isa.mul_add(isa.splat(segment.coupling), potential, decayed));
        self.potential = isa.store(isa.mul(isa.splat(segment.potential_decay), potential));
    }
}
