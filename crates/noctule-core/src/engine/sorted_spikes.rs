//! The spikes of a wide layer in one sample, sorted by time.

use super::LANES;
use super::found::Interval;
use super::kicks::{Kick, Kicker};
use super::lane_vec::LaneVec;
use crate::Real;

/// All spikes of a sample.
#[derive(Clone, Debug, Default)]
pub(crate) struct SortedSpikes<T> {
    count: usize,
    /// Memory, of which `count` are of use: times in seconds, numbers of the neurons among all of the layer, `exp(-x/tau_m)` of
    /// the spikes, and the inverses of their slopes.
    pub times: LaneVec<T>,
    pub neurons: LaneVec<u32>,
    pub leaks: LaneVec<T>,
    pub inverse_slopes: LaneVec<T>,
    /// The intervals in which there are some: the number of the stop at which each begins, and how many spikes there are up
    /// to its end.
    intervals: Vec<(u32, u32)>,
}

impl<T: Real> SortedSpikes<T> {
    pub fn len(&self) -> usize {
        self.count
    }

    /// Becomes a list of so many spikes, to be written.
    pub fn begin(&mut self, count: usize) {
        self.count = count;
        self.intervals.clear();
        let blocks = count / LANES + 2;
        for list in [&mut self.times, &mut self.leaks, &mut self.inverse_slopes] {
            list.resize(blocks, [T::zero(); LANES]);
        }
        self.neurons.resize(blocks, [0; LANES]);
    }

    /// The spikes since the last interval belong to this one.
    #[inline(always)]
    pub fn end_interval(&mut self, interval: Interval<T>) {
        self.intervals.push((interval.stop, interval.spikes));
    }

    /// The times and the neurons of the spikes.
    pub fn events(&self) -> (&[T], &[u32]) {
        (
            &self.times.as_flattened()[..self.count],
            &self.neurons.as_flattened()[..self.count],
        )
    }

    /// Sorts the spikes of each interval, which may not quite be in order.
    #[inline(always)]
    pub fn mend(&mut self) {
        let (times, _) = self.events();
        let pairs = times.iter().zip(times.iter().skip(1));
        let in_order = pairs.fold(true, |in_order, (a, b)| in_order & (a <= b));
        if !in_order {
            self.sort_intervals();
        }
    }

    #[cold]
    fn sort_intervals(&mut self) {
        let mut start = 0;
        for &(_, end) in &self.intervals {
            let range = start..end as usize;
            start = range.end;
            let times = &mut self.times.as_flattened_mut()[range.clone()];
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
        for &(stop, end) in &self.intervals {
            for spike in start..(end as usize).min(count) {
                // While a group fills, its start grows into its end, which is where the next one starts.
                let next = &mut offsets[group(neurons[spike])];
                let leak = self.leaks.as_flattened()[spike];
                let inverse_slope = self.inverse_slopes.as_flattened()[spike];
                kicks[*next as usize] =
                    kicker.of_sorted(neurons[spike], leak, inverse_slope, d_times[spike], stop);
                *next += 1;
            }
            start = end as usize;
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
