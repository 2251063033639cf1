//! The spikes of a wide layer in one sample, sorted by time, as the walk abreast finds them.

use super::LANES;
use super::kicks::{Kick, Kicker};
use crate::Real;

/// An output spike, without what follows from the rest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SortedSpike<T> {
    /// Time in seconds.
    pub time: T,
    /// The neuron, among all of the layer.
    pub neuron: u32,
    /// `exp(-x/tau_m)` of the spike, and the inverse of its slope.
    pub leak: T,
    pub inverse_slope: T,
}

/// All spikes of a sample.
#[derive(Clone, Debug, Default)]
pub(crate) struct SortedSpikes<T> {
    spikes: Vec<SortedSpike<T>>,
    /// The intervals in which there are some: the number of the stop at which each begins, and how many spikes there are up
    /// to its end.
    intervals: Vec<(u32, u32)>,
}

impl<T: Real> SortedSpikes<T> {
    pub fn len(&self) -> usize {
        self.spikes.len()
    }

    pub fn clear(&mut self) {
        self.spikes.clear();
        self.intervals.clear();
    }

    /// The spikes in the order of their times.
    pub fn iter(&self) -> std::slice::Iter<'_, SortedSpike<T>> {
        self.spikes.iter()
    }

    /// Places for so many more, which are in the interval that begins at stop number `stop`.
    #[inline(always)]
    pub fn add(&mut self, count: usize, stop: u32) -> &mut [SortedSpike<T>] {
        let none = SortedSpike {
            time: T::zero(),
            neuron: 0,
            leak: T::zero(),
            inverse_slope: T::zero(),
        };
        let before = self.spikes.len();
        self.spikes.resize(before + count, none);
        self.intervals.push((stop, self.spikes.len() as u32));
        &mut self.spikes[before..]
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
        let spikes = &self.spikes[..count];
        let group = |spike: &SortedSpike<T>| group_of[spike.neuron as usize / LANES] as usize;
        offsets.clear();
        offsets.resize(groups + 1, 0);
        for spike in spikes {
            offsets[group(spike) + 1] += 1;
        }
        let mut sum = 0;
        for offset in offsets.iter_mut() {
            sum += *offset;
            *offset = sum;
        }
        kicks.resize(count, Kick::none());
        let mut errors = spikes.iter().zip(d_times);
        let mut start = 0;
        for &(stop, end) in &self.intervals {
            for (spike, &error) in errors.by_ref().take((end - start) as usize) {
                // While a group fills, its start grows into its end, which is where the next one starts.
                let next = &mut offsets[group(spike)];
                kicks[*next as usize] = kicker.of_sorted(spike, error, stop);
                *next += 1;
            }
            start = end;
        }
        offsets.rotate_right(1);
        offsets[0] = 0;
    }
}
