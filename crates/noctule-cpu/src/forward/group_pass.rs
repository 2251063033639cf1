//! The forward pass of a group of blocks: input events go in, output spikes come out.
//!
//! In an interval from `x_0` to `x_1` (from one event of its path to the next), a neuron in the state `V`, `C` (see
//! [`group_state`](crate::forward::group_state)) can only reach its threshold if
//!
//! ```text
//! V + C phi(x_1) >= theta exp(x_0/tau_m)
//! ```
//!
//! since the left side `V + C phi(x)` grows with `x` when `C > 0` (and a neuron with `C <= 0` never crosses from
//! below), and the right side `theta exp(x/tau_m)` grows as well. One multiply-add and one comparison reject almost
//! every interval. The few neurons that remain are solved exactly (see
//! [`solve_interval`](crate::forward::solve_interval)).

use std::mem::replace;
use std::ops::Range;

use noctule_core::{Lif, Real};

use crate::events::schedule::{IntervalBounds, Path, ScheduledEvent};
use crate::events::timeline::{Timeline, keeps_residuals};
use crate::forward::emitter::{Emitter, PendingSpikes};
use crate::forward::group_state::{GroupState, State};
use crate::forward::solve_interval::Interval;
use crate::simd::group::{Group, Mask};
use crate::simd::isa::Isa;
use crate::simd::lanes::Lanes;
use crate::tape::spike::Spike;

/// Runs a group along a path through a timeline, and appends its spikes, interval by interval, to `spikes`, and in a long
/// sample what rounding takes from their times to `residuals`.
///
/// `neurons` are the indices of the group's neurons in the layer; `weights` has shape `[N][rows][LANES]`.
#[inline(always)]
#[expect(
    clippy::too_many_arguments,
    reason = "a struct would be made for this call alone"
)]
pub(crate) fn run<T: Real, I: Isa<T>, const N: usize>(
    group: Group<T, I, N>,
    neuron: &Lif<T>,
    neurons: Range<u32>,
    timeline: &Timeline<T>,
    path: impl Path<T>,
    weights: &[Lanes<T>],
    pending: &mut PendingSpikes<T>,
    (spikes, residuals): (&mut Vec<Spike<T>>, &mut Vec<T>),
) {
    let mut state = GroupState::new(neuron, neurons.len());
    let mut emitter = Emitter {
        neuron,
        bounds: &timeline.bounds,
        is_long: keeps_residuals(neuron),
        reference: T::zero(),
        residual: T::zero(),
        path,
        first: neurons.start,
        spikes,
        residuals,
    };
    let pass = GroupPass {
        neuron,
        bounds: &timeline.bounds,
        path,
        weights: group.rows(weights),
    };
    for (index, segment) in timeline.segments.iter().enumerate() {
        state.cross(group, segment);
        emitter.reference = segment.reference;
        emitter.residual = segment.residual;
        let mut rest = path.segment(index);
        while rest.len() > 1 && state.firing {
            if neuron.is_quadratic() {
                group.outlined(
                    #[inline(always)]
                    || pass.advance(group, &mut rest, &mut state, pending),
                );
                group.outlined(
                    #[inline(always)]
                    || emitter.emit(pending),
                );
            } else {
                let candidates = group.outlined(
                    #[inline(always)]
                    || pass.scan(group, &mut rest, &mut state),
                );
                if candidates != 0 {
                    let event = rest.start - 1;
                    group.outlined(
                        #[inline(always)]
                        || emitter.emit_interval(event, candidates, &mut state),
                    );
                }
            }
        }
    }
}

/// The input of the pass of a group: its constants, its path and its weights.
#[derive(Clone, Copy)]
struct GroupPass<'a, T, P, const N: usize> {
    neuron: &'a Lif<T>,
    bounds: &'a IntervalBounds<T>,
    path: P,
    /// The rows of each block.
    weights: [&'a [Lanes<T>]; N],
}

impl<T: Real, P: Path<T>, const N: usize> GroupPass<'_, T, P, N> {
    /// Adds the input at event number `number`, which is `event`; returns the neurons that may reach their threshold
    /// before the next event, `end`.
    #[inline(always)]
    fn add_input<I: Isa<T>>(
        &self,
        group: Group<T, I, N>,
        state: &mut State<T, I, N>,
        number: usize,
        [event, end]: [&ScheduledEvent<T>; 2],
    ) -> Mask<T, I, N> {
        let row = self.path.row(number);
        // At the start of a segment there is no input.
        if row < self.weights[0].len() {
            let weights = group.load_row(&self.weights, row);
            let (current_gain, potential_gain) = (event.current_gain, event.potential_gain);
            state.current = group.mul_add(group.splat(current_gain), weights, state.current);
            state.potential = group.mul_add(group.splat(potential_gain), weights, state.potential);
        }
        let threshold = self.path.threshold(event, end);
        state.reaches(group, group.splat(threshold), end)
    }

    /// Goes through the intervals that begin at the events in `range`, except for its last event, up to the first that
    /// cannot be rejected for all neurons; returns the bit set of the others, or 0 at the end. `range` is set to the
    /// remaining events.
    #[inline(always)]
    fn scan<I: Isa<T>>(
        &self,
        group: Group<T, I, N>,
        range: &mut Range<usize>,
        memory: &mut GroupState<T, N>,
    ) -> u64 {
        let mut state = State::load(group, memory);
        let mut candidates = 0;
        let mut end = self.path.event(range.start);
        while range.len() > 1 && candidates == 0 {
            range.start += 1;
            let event = replace(&mut end, self.path.event(range.start));
            let number = range.start - 1;
            candidates = group.bits(self.add_input(group, &mut state, number, [event, end]));
        }
        if candidates == 0 {
            range.start = range.end;
        }
        state.store(group, memory);
        candidates
    }

    /// For `tau_m = 2 tau_s`: goes through the intervals that begin at the events in `range`, except for its last
    /// event, until `pending` should be emitted. `range` is set to the remaining events.
    ///
    /// The state stays in registers, there is no call, and a round of crossings takes one square root and two
    /// divisions.
    #[inline(always)]
    fn advance<I: Isa<T>>(
        &self,
        group: Group<T, I, N>,
        range: &mut Range<usize>,
        memory: &mut GroupState<T, N>,
        pending: &mut PendingSpikes<T>,
    ) {
        // Copies, which can stay in registers because no write aliases them.
        let (pass, mut rest) = (*self, range.clone());
        let mut state = State::load(group, memory);
        let mut remaining = group.load(&memory.remaining);
        let mut end = pass.path.event(rest.start);
        while rest.len() > 1 {
            rest.start += 1;
            let event = replace(&mut end, pass.path.event(rest.start));
            let number = rest.start - 1;
            let candidates = pass.add_input(group, &mut state, number, [event, end]);
            if group.bits(candidates) == 0 {
                continue;
            }
            let interval = Interval::new(&pass.path, number, pass.bounds);
            state.solve_interval(
                group,
                pass.neuron,
                &interval,
                candidates,
                &mut remaining,
                #[inline(always)]
                |crosses, leak, root| pending.record(group, crosses, leak, root, number),
            );
            memory.firing = group.bits(group.gt(remaining, group.splat(T::zero()))) != 0;
            if pending.should_be_emitted() || !memory.firing {
                break;
            }
        }
        *range = rest;
        state.store(group, memory);
        memory.remaining = group.store(remaining);
    }
}
