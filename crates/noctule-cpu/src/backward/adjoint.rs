//! The backward pass of a group: errors of output spikes go in, gradients of weights and input times come out.
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

use noctule_core::{Lif, Real};

use crate::events::schedule::{InputEvent, Path, ScheduledEvent};
use crate::events::timeline::{Segment, Timeline};
use crate::simd::group::{Group, Registers};
use crate::simd::isa::Isa;
use crate::simd::lanes::Lanes;
use crate::tape::adjoint_jump::AdjointJump;

/// The gradients that a backward pass adds to.
#[derive(Debug)]
pub(crate) struct Gradients<'a, T> {
    /// Shape `[N][rows][LANES]`, as the weights.
    pub d_weights: &'a mut [Lanes<T>],
    /// If wanted, `dL/dt` of the input at each scheduled event of the sample.
    pub d_scheduled: Option<&'a mut [T]>,
}

/// Runs a group backwards along a path, and adds to `gradients`.
///
/// `jumps` are in the order of the forward pass, `first_neuron` is the index of the group's first neuron in the layer,
/// and `weights` has shape `[N][rows][LANES]`.
#[inline(always)]
#[expect(
    clippy::too_many_arguments,
    reason = "a struct would be made for this call alone"
)]
pub(crate) fn run<T: Real, I: Isa<T>, const N: usize>(
    group: Group<T, I, N>,
    neuron: &Lif<T>,
    timeline: &Timeline<T>,
    path: impl Path<T>,
    jumps: &[AdjointJump<T>],
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
        d_scheduled: gradients.d_scheduled,
    };
    let mut pending = jumps.len();
    for (index, segment) in timeline.segments.iter().enumerate().rev() {
        let range = path.segment(index);
        // Inputs after the last jump have no influence.
        let untouched = pending == jumps.len();
        let mut upper = if untouched {
            range.start + 1
        } else {
            range.end - 1
        };
        loop {
            let next = pending
                .checked_sub(1)
                .map(|jump| jumps[jump].event as usize);
            let next = next.filter(|&event| event >= range.start);
            // At the start of the segment there is no input.
            let lower = next.unwrap_or(range.start).max(range.start) + 1;
            if lower < upper {
                adjoint.add_to_inputs(group, &rates, &path, lower..upper, &mut rows);
            }
            let Some(event) = next else { break };
            while pending > 0 && jumps[pending - 1].event as usize == event {
                pending -= 1;
                adjoint.absorb(group, &jumps[pending], first_neuron);
            }
            upper = event + 1;
        }
        adjoint.cross(group, segment);
    }
}

/// The rows of weights of each block with their gradients, and the errors of the inputs.
struct Rows<'a, T, const N: usize> {
    weights: [&'a [Lanes<T>]; N],
    d_weights: [&'a mut [Lanes<T>]; N],
    d_scheduled: Option<&'a mut [T]>,
}

/// The inverse time constants of the layer's neurons, per second.
struct Rates<T> {
    inverse_tau_m: T,
    inverse_tau_s: T,
}

impl<T: Real> Rates<T> {
    fn new(neuron: &Lif<T>) -> Self {
        Self {
            inverse_tau_m: neuron.tau_m().recip(),
            inverse_tau_s: neuron.tau_s().recip(),
        }
    }
}

/// The adjoints of the reference coordinates of a group, in registers.
struct Adjoint<T: Real, I: Isa<T>, const N: usize> {
    current: Registers<T, I, N>,
    potential: Registers<T, I, N>,
}

impl<T: Real, I: Isa<T>, const N: usize> Adjoint<T, I, N> {
    /// Applies the jump at an output spike: `V*` grows by
    ///
    /// ```text
    /// g_k exp(-x_k/tau_m) = (dL/dt_k exp(-x_k/tau_m) + (reset/tau_m) V*)/slope_k
    /// ```
    #[inline(always)]
    fn absorb(&mut self, group: Group<T, I, N>, jump: &AdjointJump<T>, first_neuron: u32) {
        let (own, later) = (group.splat(jump.own), group.splat(jump.later));
        let growth = group.mul_add(later, self.potential, own);
        let neuron = group.mask(1 << (jump.neuron - first_neuron));
        let growth = group.select(neuron, growth, group.splat(T::zero()));
        self.potential = group.add(self.potential, growth);
        self.current = group.mul_add(growth, group.splat(jump.response), self.current);
    }

    /// `-dL/dw` of an input at an event: `sum_k g_k eps(t_k - t_i)`.
    #[inline(always)]
    fn minus_d_weight(
        &self,
        group: Group<T, I, N>,
        event: &ScheduledEvent<T>,
    ) -> Registers<T, I, N> {
        let from_current = group.mul(group.splat(event.current_gain), self.current);
        group.mul_add(
            group.splat(event.potential_gain),
            self.potential,
            from_current,
        )
    }

    /// Adds to the gradients of the inputs at `events`, the last one first. The adjoints do not change between these.
    #[inline(always)]
    fn add_to_inputs(
        &self,
        group: Group<T, I, N>,
        rates: &Rates<T>,
        path: &impl Path<T>,
        events: Range<usize>,
        rows: &mut Rows<'_, T, N>,
    ) {
        let (potential, current) = (self.potential, self.current);
        let Rows {
            weights,
            d_weights,
            d_scheduled,
        } = rows;
        let Some(d_scheduled) = d_scheduled else {
            for InputEvent { row, event, .. } in path.input_events(events).rev() {
                group.sub_from_row(d_weights, row, self.minus_d_weight(group, event));
            }
            return;
        };
        // dL/dt: sum_k g_k eps'(t_k - t_i).
        let leaking = group.mul(group.splat(-rates.inverse_tau_m), potential);
        let decaying = group.mul_add(group.splat(-rates.inverse_tau_s), current, potential);
        for InputEvent { index, row, event } in path.input_events(events).rev() {
            group.sub_from_row(d_weights, row, self.minus_d_weight(group, event));
            let from_leak = group.mul(group.splat(event.potential_gain), leaking);
            let per_weight = group.mul_add(group.splat(event.current_gain), decaying, from_leak);
            let weights = group.load_row(weights, row);
            d_scheduled[index] += group.sum(group.mul(weights, per_weight));
        }
    }

    /// Moves the adjoints from the reference time of `segment` to that of the previous one: the transpose of the
    /// forward step.
    #[inline(always)]
    fn cross(&mut self, group: Group<T, I, N>, segment: &Segment<T>) {
        let decayed = group.mul(group.splat(segment.current_decay), self.current);
        let coupling = group.splat(segment.coupling);
        self.current = group.mul_add(coupling, self.potential, decayed);
        self.potential = group.mul(group.splat(segment.potential_decay), self.potential);
    }
}
