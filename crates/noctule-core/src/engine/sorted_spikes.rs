//! The spikes of a wide layer in one sample, sorted by time.

use super::kicks::{Kick, Kicker};
use super::lane_vec::LaneVec;
use super::{LANES, Lanes};
use crate::Real;

/// All spikes of a sample.
#[derive(Clone, Debug, Default)]
pub(crate) struct SortedSpikes<T> {
    count: usize,
    /// Memory, of which `count` are of use: times in seconds, numbers of the neurons among all of the layer, `exp(-x/tau_m)` of
    /// the spikes, and the inverses of their slopes.
    times: LaneVec<T>,
    neurons: LaneVec<u32>,
    leaks: LaneVec<T>,
    inverse_slopes: LaneVec<T>,
    /// Those between two instants, where there are any: the number of the stop at the first, and how many spikes there are up to
    /// the second.
    bursts: Vec<(u32, usize)>,
}

impl<T: Real> SortedSpikes<T> {
    pub fn len(&self) -> usize {
        self.count
    }

    /// Becomes a list of so many spikes, to be written.
    pub fn begin(&mut self, count: usize) {
        self.count = count;
        self.bursts.clear();
        let blocks = count / LANES + 2;
        for list in [&mut self.times, &mut self.leaks, &mut self.inverse_slopes] {
            list.resize(blocks, [T::zero(); LANES]);
        }
        self.neurons.resize(blocks, [0; LANES]);
    }

    /// Writes a block of spikes from number `place` on: their times, `exp(-x/tau_m)` and inverse slopes, and the numbers of their
    /// neurons. What is written behind the last spike of a burst is overwritten by the next.
    #[inline(always)]
    pub fn write(
        &mut self,
        place: usize,
        times: Lanes<T>,
        [leaks, inverse_slopes]: [Lanes<T>; 2],
        numbers: Lanes<T>,
    ) {
        *self.times.at_mut(place) = times;
        *self.leaks.at_mut(place) = leaks;
        *self.inverse_slopes.at_mut(place) = inverse_slopes;
        for (neuron, number) in self.neurons.at_mut(place).iter_mut().zip(numbers) {
            *neuron = number.nearest();
        }
    }

    /// The spikes up to number `end`, from where the last burst ended, are those after stop number `stop`.
    #[inline(always)]
    pub fn end_burst(&mut self, stop: u32, end: usize) {
        self.bursts.push((stop, end));
    }

    /// The times and the neurons of the spikes.
    pub fn events(&self) -> (&[T], &[u32]) {
        (
            &self.times.as_flattened()[..self.count],
            &self.neurons.as_flattened()[..self.count],
        )
    }

    /// The inverse slopes of the spikes.
    #[cfg(test)]
    pub fn inverse_slopes(&self) -> &[T] {
        &self.inverse_slopes.as_flattened()[..self.count]
    }

    /// Sorts the spikes of each burst, which may not quite be in order.
    #[inline(always)]
    pub fn mend(&mut self) {
        let (times, _) = self.events();
        let pairs = times.iter().zip(times.iter().skip(1));
        let in_order = pairs.fold(true, |in_order, (a, b)| in_order & (a <= b));
        if !in_order {
            self.sort_bursts();
        }
    }

    fn sort_bursts(&mut self) {
        let mut start = 0;
        for &(_, end) in &self.bursts {
            let range = start..end;
            start = end;
            let times = &mut self.times.as_flattened_mut()[range.clone()];
            if times.is_sorted() {
                continue;
            }
            let mut order: Vec<_> = (0..times.len()).collect();
            // Equal times are in order already, and a stable sort keeps it.
            order.sort_by(|&a, &b| times[a].order(&times[b]));
            permute(times, &order);
            permute(&mut self.neurons.as_flattened_mut()[range.clone()], &order);
            permute(&mut self.leaks.as_flattened_mut()[range.clone()], &order);
            let inverse_slopes = &mut self.inverse_slopes.as_flattened_mut()[range];
            permute(inverse_slopes, &order);
        }
    }

    /// Deals the spikes out to groups of blocks: overwrites `kicks` with what they do, group by group, and `offsets` with
    /// where each group starts. `group_of` has the group of each block, and `d_times` is `dL/dt` of each spike.
    pub fn deal(
        &self,
        kicker: Kicker<T>,
        d_times: &[T],
        (group_of, groups): (&[u32], usize),
        (kicks, offsets): (&mut Vec<Kick<T>>, &mut Vec<u32>),
    ) {
        // Those after the last with an error change nothing.
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
        kicks.resize(count, Kick::none());
        let mut start = 0;
        for &(stop, end) in &self.bursts {
            for spike in start..end.min(count) {
                // While a group fills, its start grows into its end, which is where the next one starts.
                let next = &mut offsets[group(neurons[spike])];
                let leak = self.leaks.as_flattened()[spike];
                let inverse_slope = self.inverse_slopes.as_flattened()[spike];
                kicks[*next as usize] =
                    kicker.of_sorted(neurons[spike], leak, inverse_slope, d_times[spike], stop);
                *next += 1;
            }
            start = end;
        }
        offsets.rotate_right(1);
        offsets[0] = 0;
    }
}

/// Puts what was at `order[0]` first, and so on.
fn permute<T: Copy>(list: &mut [T], order: &[usize]) {
    let permuted: Vec<_> = order.iter().map(|&position| list[position]).collect();
    list.copy_from_slice(&permuted);
}
