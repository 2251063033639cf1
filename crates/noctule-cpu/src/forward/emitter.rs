//! [`Emitter`]: from the crossings that the forward pass of a group found to spikes.
//!
//! The pass waits for square roots and divisions, so it only records its crossings as [`PendingSpikes`]. The emitter
//! makes spikes of many crossings at a time, and computes their logarithms together. For time constants whose ratio is
//! not 2 it finds the crossings itself, neuron by neuron.

use noctule_core::{Lif, Real};

use crate::events::schedule::{IntervalBounds, Path};
use crate::forward::group_state::GroupState;
use crate::simd::group::{Group, MAX_BLOCKS, Mask, Registers};
use crate::simd::isa::Isa;
use crate::simd::lanes::{LANES, Lanes};
use crate::tape::spike::Spike;

/// Crossings of the neurons of a block in one interval, at most one per neuron.
#[derive(Clone, Debug)]
struct PendingBlock<T> {
    /// `exp(-x/tau_m)` of each spike, and its slope times `exp(x/tau_m)`.
    leak: Lanes<T>,
    root: Lanes<T>,
    /// The bit set of the lanes that spike, and the index of the block in the group.
    lanes: u32,
    block: u32,
    /// The number of the event that starts the interval.
    event: u32,
}

/// The crossings of a group that are not emitted yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct PendingSpikes<T> {
    /// Only the first `count` entries are in use; the rest is spare memory.
    blocks: Vec<PendingBlock<T>>,
    count: usize,
    /// Scratch memory: the logarithm of the leak of each spike.
    logarithms: Vec<T>,
}

/// The number of pending blocks from which on they are emitted.
const EMIT_FROM: usize = 32;

impl<T: Real> PendingSpikes<T> {
    /// Becomes empty, and allocates memory for the crossings of one more interval when there are almost [`EMIT_FROM`]
    /// blocks.
    pub fn begin(&mut self, max_spikes: u32) {
        let none = PendingBlock {
            leak: [T::zero(); LANES],
            root: [T::zero(); LANES],
            lanes: 0,
            block: 0,
            event: 0,
        };
        // The last round of an interval finds no crossing, but still writes the entry of each block.
        let room = EMIT_FROM + MAX_BLOCKS * (max_spikes as usize + 2);
        if self.blocks.len() < room {
            self.blocks.resize(room, none);
        }
        self.count = 0;
    }

    /// Records the crossings of the neurons in `mask`; `event` is the number of the event that starts the interval.
    #[inline(always)]
    pub fn record<I: Isa<T>, const N: usize>(
        &mut self,
        group: Group<T, I, N>,
        mask: Mask<T, I, N>,
        leak: Registers<T, I, N>,
        root: Registers<T, I, N>,
        event: usize,
    ) {
        let lanes = group.bits(mask);
        let (leak, root) = (group.store(leak), group.store(root));
        for block in 0..N {
            let lanes = (lanes >> (LANES * block)) as u32 & 0xffff;
            let pending = &mut self.blocks[self.count];
            pending.leak = leak[block];
            pending.root = root[block];
            pending.lanes = lanes;
            pending.block = block as u32;
            pending.event = event as u32;
            // Counted without a branch, which would be unpredictable.
            self.count += usize::from(lanes != 0);
        }
    }

    /// Whether there are enough crossings to emit them.
    #[inline(always)]
    pub fn should_be_emitted(&self) -> bool {
        self.count >= EMIT_FROM
    }
}

/// Appends the spikes of a group to a list.
pub(super) struct Emitter<'a, T, P> {
    pub neuron: &'a Lif<T>,
    /// The times of the scheduled events.
    pub bounds: &'a IntervalBounds<T>,
    /// Whether the sample is long, so that differences of times have too few digits; those of `x` have all.
    pub is_long: bool,
    /// The reference time of the current segment in seconds, and what rounding took from it.
    pub reference: T,
    pub residual: T,
    pub path: P,
    /// The index of the group's first neuron in the layer.
    pub first: u32,
    pub spikes: &'a mut Vec<Spike<T>>,
    /// In a long sample, what rounding takes from the time of each spike.
    pub residuals: &'a mut Vec<T>,
}

impl<T: Real, P: Path<T>> Emitter<'_, T, P> {
    /// Emits all pending spikes, and removes them from `pending`.
    #[inline(always)]
    pub fn emit(&mut self, pending: &mut PendingSpikes<T>) {
        let before = self.spikes.len();
        pending.logarithms.clear();
        for block in &pending.blocks[..pending.count] {
            let first = self.first + block.block * LANES as u32;
            let mut lanes = block.lanes;
            while lanes != 0 {
                let lane = lanes.trailing_zeros() as usize;
                lanes &= lanes - 1;
                let leak = block.leak[lane];
                pending.logarithms.push(leak);
                self.spikes.push(Spike {
                    time: T::zero(),
                    slope: block.root[lane] * leak,
                    leak,
                    response: self.neuron.tau_m() * (T::one() - leak),
                    event: block.event,
                    neuron: first + lane as u32,
                });
            }
        }
        pending.count = 0;
        // All logarithms in one loop, which is vectorised.
        for logarithm in &mut pending.logarithms {
            *logarithm = logarithm.fast_ln();
        }
        for index in 0..pending.logarithms.len() {
            let [start, end] = self.times(self.spikes[before + index].event as usize);
            let time = self.reference - self.neuron.tau_m() * pending.logarithms[index];
            let time = if time < start { start } else { time };
            self.spikes[before + index].time = if time > end { end } else { time };
        }
        if self.is_long {
            for (spike, &logarithm) in self.spikes[before..].iter().zip(&pending.logarithms) {
                let x = -self.neuron.tau_m() * logarithm;
                let residual = ((self.reference - spike.time) + x) + self.residual;
                self.residuals.push(residual);
            }
        }
    }

    /// The times of start and end of the interval that begins at an event.
    #[inline(always)]
    fn times(&self, event: usize) -> [T; 2] {
        [event, event + 1].map(|event| self.bounds.times[self.path.index(event)])
    }

    /// For any ratio of the time constants: emits the spikes of the neurons in the bit set `lanes` in the interval that
    /// begins at `event`, neuron by neuron, and resets their potentials.
    #[inline(always)]
    pub fn emit_interval<const N: usize>(
        &mut self,
        event: usize,
        mut lanes: u64,
        state: &mut GroupState<T, N>,
    ) {
        let [start, end] = self.times(event);
        let begin = self.path.event(event);
        let (x, duration) = if self.is_long {
            let [x, after] = [event, event + 1].map(|event| self.bounds.xs[self.path.index(event)]);
            (x, after - x)
        } else {
            (start - self.reference, end - start)
        };
        let interval = IntervalByTime {
            event: event as u32,
            start,
            end,
            x,
            duration,
            leak: self.neuron.theta() / begin.threshold,
            current_decay: begin.current_gain.recip(),
            response: begin.response,
        };
        while lanes != 0 {
            let lane = lanes.trailing_zeros() as usize;
            lanes &= lanes - 1;
            self.emit_neuron(&interval, lane, state);
        }
        let mut remaining = state.remaining.as_flattened().iter();
        state.firing = remaining.any(|&spikes| spikes > T::zero());
    }

    /// Emits the spikes of one neuron in an interval, one after the other.
    #[inline(always)]
    fn emit_neuron<const N: usize>(
        &mut self,
        interval: &IntervalByTime<T>,
        lane: usize,
        state: &mut GroupState<T, N>,
    ) {
        let neuron = self.neuron;
        let reference_current = state.current.as_flattened()[lane];
        let reference_potential = &mut state.potential.as_flattened_mut()[lane];
        let remaining = &mut state.remaining.as_flattened_mut()[lane];
        let mut leak = interval.leak;
        let mut current = reference_current * interval.current_decay;
        let mut potential = leak * (*reference_potential + reference_current * interval.response);
        let duration = interval.duration;
        let mut time_left = duration;
        while let Some(crossing) = neuron.first_crossing(potential, current, time_left) {
            time_left -= crossing.elapsed;
            leak *= crossing.potential_decay;
            let elapsed = duration - time_left;
            let x = interval.x + elapsed;
            let time = (interval.start + elapsed).min(interval.end);
            if self.is_long {
                let residual = ((self.reference - time) + x) + self.residual;
                self.residuals.push(residual);
            }
            self.spikes.push(Spike {
                time,
                slope: crossing.slope,
                leak,
                response: neuron.response_of_decay(x, leak),
                event: interval.event,
                neuron: self.first + lane as u32,
            });
            *remaining -= T::one();
            if *remaining <= T::zero() {
                *reference_potential = T::neg_infinity();
                return;
            }
            *reference_potential -= neuron.reset() / leak;
            potential = neuron.theta() - neuron.reset();
            current *= crossing.current_decay;
        }
    }
}

/// An interval, with the coefficients of its start.
struct IntervalByTime<T> {
    event: u32,
    start: T,
    end: T,
    /// Seconds from the reference to the start, and from the start to the end.
    x: T,
    duration: T,
    /// `exp(-x/tau_m)`, `exp(-x/tau_s)` and `phi(x)` of the start.
    leak: T,
    current_decay: T,
    response: T,
}
