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

use std::ops::Range;

use super::Lanes;
use super::course::{Arrival, Path, Stop};
use super::group::{Group, Registers};
use super::kicks::Kick;
use super::lanes::Isa;
use super::timeline::{Segment, Timeline};
use crate::{Lif, Real};

/// What a backward walk adds to.
#[derive(Debug)]
pub(crate) struct Gradients<'a, T> {
    /// Shape `[N][rows][LANES]`, as the weights.
    pub d_weights: &'a mut [Lanes<T>],
    /// If wanted, `dL/dt` of the event at each moment of the sample.
    pub d_moments: Option<&'a mut [T]>,
}

/// Walks a path backwards for one group, whose first neuron is number `first_neuron`; `kicks` are in the order of the forward
/// walk, and `weights` has shape `[N][rows][LANES]`.
#[inline(always)]
#[expect(
    clippy::too_many_arguments,
    reason = "a struct would be made for this call alone"
)]
pub(crate) fn walk<T: Real, I: Isa<T>, const N: usize>(
    group: Group<T, I, N>,
    neuron: &Lif<T>,
    timeline: &Timeline<T>,
    path: impl Path<T>,
    kicks: &[Kick<T>],
    first_neuron: u32,
    weights: &[Lanes<T>],
    gradients: Gradients<'_, T>,
) {
    let rates = Rates::new(neuron);
    let mut adjoint = Adjoint {
        current: group.splat(T::zero()),
        potential: group.splat(T::zero()),
    };
    let mut rows = Rows {
        weights: group.rows(weights),
        d_weights: group.rows_mut(gradients.d_weights),
        d_moments: gradients.d_moments,
    };
    let mut pending = kicks.len();
    for (index, segment) in timeline.segments.iter().enumerate().rev() {
        let range = path.segment(index);
        // Inputs after the last kick have no influence.
        let untouched = pending == kicks.len();
        let mut upper = if untouched {
            range.start + 1
        } else {
            range.end - 1
        };
        loop {
            let next = pending.checked_sub(1).map(|kick| kicks[kick].stop as usize);
            let next = next.filter(|&stop| stop >= range.start);
            // At the start of the segment nothing arrives.
            let lower = next.unwrap_or(range.start).max(range.start) + 1;
            if lower < upper {
                adjoint.spread(group, &rates, &path, lower..upper, &mut rows);
            }
            let Some(stop) = next else { break };
            while pending > 0 && kicks[pending - 1].stop as usize == stop {
                pending -= 1;
                adjoint.absorb(group, &kicks[pending], first_neuron);
            }
            upper = stop + 1;
        }
        adjoint.cross(group, segment);
    }
}

/// The rows of each block, and the errors of the inputs that arrive on them.
struct Rows<'a, T, const N: usize> {
    weights: [&'a [Lanes<T>]; N],
    d_weights: [&'a mut [Lanes<T>]; N],
    d_moments: Option<&'a mut [T]>,
}

/// What the neurons of a layer have in common.
struct Rates<T> {
    inverse_tau_m: T,
    inverse_tau_s: T,
}

impl<T: Real> Rates<T> {
    fn new(neuron: &Lif<T>) -> Self {
        Self {
            inverse_tau_m: neuron.tau_m.recip(),
            inverse_tau_s: neuron.tau_s.recip(),
        }
    }
}

/// The adjoints of the reference coordinates of a group, in registers.
struct Adjoint<T: Real, I: Isa<T>, const N: usize> {
    current: Registers<T, I, N>,
    potential: Registers<T, I, N>,
}

impl<T: Real, I: Isa<T>, const N: usize> Adjoint<T, I, N> {
    /// Takes in an output spike: `V*` grows by
    ///
    /// ```text
    /// g_k exp(-x_k/tau_m) = (dL/dt_k exp(-x_k/tau_m) + (reset/tau_m) V*)/slope_k
    /// ```
    #[inline(always)]
    fn absorb(&mut self, group: Group<T, I, N>, kick: &Kick<T>, first_neuron: u32) {
        let (own, later) = (group.splat(kick.own), group.splat(kick.later));
        let growth = group.mul_add(later, self.potential, own);
        let neuron = group.mask(1 << (kick.neuron - first_neuron));
        let growth = group.select(neuron, growth, group.splat(T::zero()));
        self.potential = group.add(self.potential, growth);
        self.current = group.mul_add(growth, group.splat(kick.response), self.current);
    }

    /// `dL/dw` of an input at a stop: `sum_k g_k eps(t_k - t_i)`.
    #[inline(always)]
    fn d_weight(&self, group: Group<T, I, N>, stop: &Stop<T>) -> Registers<T, I, N> {
        let from_current = group.mul(group.splat(stop.current_gain), self.current);
        group.mul_add(
            group.splat(stop.potential_gain),
            self.potential,
            from_current,
        )
    }

    /// Spreads the adjoints, as they stand, over the inputs that arrive at `stops`, the last first.
    #[inline(always)]
    fn spread(
        &self,
        group: Group<T, I, N>,
        rates: &Rates<T>,
        path: &impl Path<T>,
        stops: Range<usize>,
        rows: &mut Rows<'_, T, N>,
    ) {
        let (potential, current) = (self.potential, self.current);
        let Rows {
            weights,
            d_weights,
            d_moments,
        } = rows;
        let Some(d_moments) = d_moments else {
            for Arrival { row, stop, .. } in path.arrivals(stops).rev() {
                group.sub_from_row(d_weights, row, self.d_weight(group, stop));
            }
            return;
        };
        // dL/dt: sum_k g_k eps'(t_k - t_i).
        let leaking = group.mul(group.splat(-rates.inverse_tau_m), potential);
        let decaying = group.mul_add(group.splat(-rates.inverse_tau_s), current, potential);
        for Arrival { index, row, stop } in path.arrivals(stops).rev() {
            group.sub_from_row(d_weights, row, self.d_weight(group, stop));
            let from_leak = group.mul(group.splat(stop.potential_gain), leaking);
            let per_weight = group.mul_add(group.splat(stop.current_gain), decaying, from_leak);
            let weights = group.load_row(weights, row);
            d_moments[index] += group.sum(group.mul(weights, per_weight));
        }
    }

    /// Goes back over the start of a segment: the transpose of the forward step.
    #[inline(always)]
    fn cross(&mut self, group: Group<T, I, N>, segment: &Segment<T>) {
        let decayed = group.mul(group.splat(segment.current_decay), self.current);
        let coupling = group.splat(segment.coupling);
        self.current = group.mul_add(coupling, self.potential, decayed);
        self.potential = group.mul(group.splat(segment.potential_decay), self.potential);
    }
}
