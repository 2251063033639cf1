//! The state of a group of neurons, in memory ([`GroupState`]) and in registers ([`State`]).
//!
//! The state of a neuron is its reference potential `V` and its reference current `C`: potential and current after the
//! last event, extrapolated to the reference time of the segment as if there were no events in between.

use noctule_core::{Lif, Real};

use crate::events::schedule::ScheduledEvent;
use crate::events::timeline::Segment;
use crate::simd::group::{Group, Mask, Memory, Registers};
use crate::simd::isa::Isa;
use crate::simd::lanes::LANES;

/// The state of a group of neurons, in memory.
pub(super) struct GroupState<T, const N: usize> {
    /// The reference current `C` and the reference potential `V`.
    pub current: Memory<T, N>,
    pub potential: Memory<T, N>,
    /// The number of spikes that each neuron may still emit, as an exact number of type `T`.
    pub remaining: Memory<T, N>,
    /// Whether any neuron may still emit spikes.
    pub firing: bool,
}

impl<T: Real, const N: usize> GroupState<T, N> {
    /// The state at rest of a group with `neurons` neurons; further lanes stay silent.
    pub fn new(neuron: &Lif<T>, neurons: usize) -> Self {
        let zero = [[T::zero(); LANES]; N];
        let mut state = Self {
            current: zero,
            potential: zero,
            remaining: zero,
            firing: neurons > 0,
        };
        let max_spikes = T::of(f64::from(neuron.max_spikes()));
        state.remaining.as_flattened_mut()[..neurons].fill(max_spikes);
        // Lanes without a neuron, like neurons without remaining spikes, never reach a threshold.
        state.potential.as_flattened_mut()[neurons..].fill(T::neg_infinity());
        state
    }

    /// Moves the state from the reference time of the previous segment to that of `segment`.
    #[inline(always)]
    pub fn cross<I: Isa<T>>(&mut self, group: Group<T, I, N>, segment: &Segment<T>) {
        State::load(group, self)
            .cross(group, segment)
            .store(group, self);
    }
}

/// The potentials and currents of a group of neurons, in registers.
pub(super) struct State<T: Real, I: Isa<T>, const N: usize> {
    pub current: Registers<T, I, N>,
    pub potential: Registers<T, I, N>,
}

impl<T: Real, I: Isa<T>, const N: usize> State<T, I, N> {
    #[inline(always)]
    pub fn load(group: Group<T, I, N>, memory: &GroupState<T, N>) -> Self {
        Self {
            current: group.load(&memory.current),
            potential: group.load(&memory.potential),
        }
    }

    #[inline(always)]
    pub fn store(self, group: Group<T, I, N>, memory: &mut GroupState<T, N>) {
        memory.current = group.store(self.current);
        memory.potential = group.store(self.potential);
    }

    /// Moves the state from the reference time of the previous segment to that of `segment`.
    #[inline(always)]
    pub fn cross(self, group: Group<T, I, N>, segment: &Segment<T>) -> Self {
        let decayed = group.mul(group.splat(segment.potential_decay), self.potential);
        Self {
            current: group.mul(group.splat(segment.current_decay), self.current),
            potential: group.mul_add(group.splat(segment.coupling), self.current, decayed),
        }
    }

    /// Whether `V + C phi` at the event `end` is at least `threshold`.
    #[inline(always)]
    pub fn reaches(
        &self,
        group: Group<T, I, N>,
        threshold: Registers<T, I, N>,
        end: &ScheduledEvent<T>,
    ) -> Mask<T, I, N> {
        let highest = group.mul_add(self.current, group.splat(end.response), self.potential);
        group.ge(highest, threshold)
    }
}
