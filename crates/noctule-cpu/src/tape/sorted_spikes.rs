//! [`SortedSpikes`]: the spikes of a wide layer in one sample, sorted by time.

use noctule_core::Real;

use crate::simd::lane_vec::LaneVec;
use crate::simd::lanes::{LANES, Lanes};
use crate::tape::adjoint_jump::{AdjointJump, JumpRule};

/// All spikes of a sample.
#[derive(Clone, Debug, Default)]
pub(crate) struct SortedSpikes<T> {
    count: usize,
    /// Time in seconds, index of the neuron, `exp(-x/tau_m)` and inverse slope of each spike. Only the first `count`
    /// entries are spikes; the rest is spare memory.
    times: LaneVec<T>,
    neurons: LaneVec<u32>,
    leaks: LaneVec<T>,
    inverse_slopes: LaneVec<T>,
    /// The intervals that have spikes: the number of the event that starts each, and the index at which its spikes end.
    intervals: Vec<(u32, usize)>,
}

impl<T: Real> SortedSpikes<T> {
    /// The number of spikes.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Begins a list of `count` spikes, all of which must be written.
    pub fn begin(&mut self, count: usize) {
        self.count = count;
        self.intervals.clear();
        let blocks = count / LANES + 2;
        for list in [&mut self.times, &mut self.leaks, &mut self.inverse_slopes] {
            list.resize(blocks, [T::zero(); LANES]);
        }
        self.neurons.resize(blocks, [0; LANES]);
    }

    /// Writes a block of spikes from index `start` on: their times, `exp(-x/tau_m)`, inverse slopes and neuron indices.
    /// Lanes behind the last spike of an interval are overwritten by the next interval.
    #[inline(always)]
    pub fn write(
        &mut self,
        start: usize,
        times: Lanes<T>,
        [leaks, inverse_slopes]: [Lanes<T>; 2],
        neurons: Lanes<T>,
    ) {
        *self.times.at_mut(start) = times;
        *self.leaks.at_mut(start) = leaks;
        *self.inverse_slopes.at_mut(start) = inverse_slopes;
        for (out, neuron) in self.neurons.at_mut(start).iter_mut().zip(neurons) {
            *out = neuron.round_to_u32();
        }
    }

    /// Ends an interval: the spikes from the end of the last interval to index `end` are in the interval that starts at
    /// event number `event`.
    #[inline(always)]
    pub fn end_interval(&mut self, event: u32, end: usize) {
        self.intervals.push((event, end));
    }

    /// The times and the neurons of the spikes.
    pub fn events(&self) -> (&[T], &[u32]) {
        (
            &self.times.as_flattened()[..self.count],
            &self.neurons.as_flattened()[..self.count],
        )
    }

    /// The inverse slopes of the spikes, for tests.
    #[cfg(test)]
    pub fn inverse_slopes(&self) -> &[T] {
        &self.inverse_slopes.as_flattened()[..self.count]
    }

    /// Sorts the spikes of every interval in which a few are out of order.
    #[inline(always)]
    pub fn sort_within_intervals(&mut self) {
        let (times, _) = self.events();
        let pairs = times.iter().zip(times.iter().skip(1));
        let in_order = pairs.fold(true, |in_order, (a, b)| in_order & (a <= b));
        if !in_order {
            self.sort_unsorted_intervals();
        }
    }

    fn sort_unsorted_intervals(&mut self) {
        let mut start = 0;
        for &(_, end) in &self.intervals {
            let range = start..end;
            start = end;
            let times = &mut self.times.as_flattened_mut()[range.clone()];
            if times.is_sorted() {
                continue;
            }
            let mut order: Vec<_> = (0..times.len()).collect();
            // A stable sort, because equal times are already in the right order.
            order.sort_by(|&a, &b| times[a].total_order(&times[b]));
            permute(times, &order);
            permute(&mut self.neurons.as_flattened_mut()[range.clone()], &order);
            permute(&mut self.leaks.as_flattened_mut()[range.clone()], &order);
            let inverse_slopes = &mut self.inverse_slopes.as_flattened_mut()[range];
            permute(inverse_slopes, &order);
        }
    }

    /// Overwrites `jumps` with the jumps at all spikes, group by group, and `offsets` with the start of each group and
    /// the end of the last. `group_of` has the group of each block, and `d_times` is `dL/dt` of each spike.
    pub fn scatter_jumps(
        &self,
        rule: JumpRule<T>,
        d_times: &[T],
        (group_of, groups): (&[u32], usize),
        (jumps, offsets): (&mut Vec<AdjointJump<T>>, &mut Vec<u32>),
    ) {
        // Jumps after the last spike with an error change nothing.
        let last = d_times.iter().rposition(|&error| error != T::zero());
        let count = last.map_or(0, |last| last + 1);
        let neurons = &self.neurons.as_flattened()[..count];
        let group = |neuron: u32| group_of[neuron as usize / LANES] as usize;
        offsets.clear();
        offsets.resize(groups + 1, 0);
        for &neuron in neurons {
            offsets[group(neuron) + 1] += 1;
        }
        let mut sum = 0;
        for offset in offsets.iter_mut() {
            sum += *offset;
            *offset = sum;
        }
        jumps.resize(count, AdjointJump::none());
        let mut start = 0;
        for &(event, end) in &self.intervals {
            for spike in start..end.min(count) {
                // The start of a group moves to its end as the group fills, and that is the start of the next group.
                let next = &mut offsets[group(neurons[spike])];
                let leak = self.leaks.as_flattened()[spike];
                let inverse_slope = self.inverse_slopes.as_flattened()[spike];
                jumps[*next as usize] =
                    rule.of_sorted(neurons[spike], leak, inverse_slope, d_times[spike], event);
                *next += 1;
            }
            start = end;
        }
        offsets.rotate_right(1);
        offsets[0] = 0;
    }
}

/// Moves the item at `order[k]` to index `k`, for all `k`.
fn permute<T: Copy>(list: &mut [T], order: &[usize]) {
    let permuted: Vec<_> = order.iter().map(|&position| list[position]).collect();
    list.copy_from_slice(&permuted);
}
