//! Makes one time-sorted event list of the spikes that the blocks and places of a layer emitted in a sample.

use super::forward::Spike;
use crate::Real;

/// A bin with more spikes than this is sorted for itself, before the pass that puts neighbours in order.
const MOST_IN_A_BIN: u32 = 16;

/// Sorts sample after sample in the same memory.
pub(crate) struct Sorter<T: Real> {
    /// Where each bin ends.
    ends: Vec<u32>,
    keys: Vec<T::SortKey>,
}

// Not derived: that would ask for `T: Default`.
impl<T: Real> Default for Sorter<T> {
    fn default() -> Self {
        Self {
            ends: Vec::new(),
            keys: Vec::new(),
        }
    }
}

impl<T: Real> Sorter<T> {
    /// Sorts the spikes of a sample by time into `times` and `neurons`, which have room for just them; spikes at equal times
    /// keep the order in which they are given.
    ///
    /// Overwrites `ranks` with the position in the result of each spike, in the order given.
    pub fn sort<'a>(
        &mut self,
        parts: impl Iterator<Item = &'a [Spike<T>]> + Clone,
        ranks: &mut Vec<u32>,
        times: &mut [T],
        neurons: &mut [u32],
    ) {
        self.fill_bins(parts.clone(), times.len(), ranks);
        put_neighbours_in_order(&mut self.keys);
        for (rank, &key) in self.keys.iter().enumerate() {
            ranks[T::sorted_position(key) as usize] = rank as u32;
        }
        for (spike, &rank) in parts.flatten().zip(ranks.iter()) {
            times[rank as usize] = spike.time;
            neurons[rank as usize] = spike.neuron;
        }
    }

    /// Brings the keys into bins of equal width, as many as there are spikes: only the few that share a bin are then out of
    /// order.
    fn fill_bins<'a>(
        &mut self,
        parts: impl Iterator<Item = &'a [Spike<T>]> + Clone,
        spikes: usize,
        ranks: &mut Vec<u32>,
    ) {
        let Self { ends, keys } = self;
        let last = spikes.saturating_sub(1);
        let (mut earliest, mut latest) = (T::infinity(), T::zero());
        for part in parts.clone() {
            for spike in part {
                // Not `min` and `max`, which would look out for what is no number.
                if spike.time < earliest {
                    earliest = spike.time;
                }
                if spike.time > latest {
                    latest = spike.time;
                }
            }
        }
        // If all are at one time, the products below are 0 or no number, and both belong to bin 0.
        let per_second = T::of(spikes as f64) / (latest - earliest).max(T::min_positive_value());
        ends.clear();
        ends.resize(spikes + 1, 0);
        // Until they are known, the ranks are the bins.
        ranks.clear();
        for part in parts.clone() {
            ranks.extend(part.iter().map(|spike| {
                let bin = ((spike.time - earliest) * per_second).to_index().min(last);
                ends[bin + 1] += 1;
                bin as u32
            }));
        }
        let mut fullest = 0;
        let mut sum = 0;
        for end in ends.iter_mut() {
            fullest = fullest.max(*end);
            sum += *end;
            *end = sum;
        }
        keys.clear();
        keys.resize(spikes, T::zero().sort_key(0));
        // While a bin fills, its start grows into its end.
        for (position, (spike, &bin)) in parts.flatten().zip(ranks.iter()).enumerate() {
            let end = &mut ends[bin as usize];
            keys[*end as usize] = spike.time.sort_key(position as u32);
            *end += 1;
        }
        if fullest > MOST_IN_A_BIN {
            let mut start = 0;
            for &end in &ends[..spikes] {
                keys[start as usize..end as usize].sort_unstable();
                start = end;
            }
        }
    }
}

/// Insertion sort, for keys that are all but sorted.
fn put_neighbours_in_order<K: Copy + Ord>(keys: &mut [K]) {
    for index in 1..keys.len() {
        let key = keys[index];
        let mut place = index;
        while place > 0 && keys[place - 1] > key {
            keys[place] = keys[place - 1];
            place -= 1;
        }
        keys[place] = key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spike(time: f64, neuron: u32) -> Spike<f64> {
        Spike {
            time,
            slope: 1.0,
            leak: 1.0,
            response: 0.0,
            stop: 0,
            neuron,
        }
    }

    fn sorted(parts: &[&[Spike<f64>]]) -> (Vec<(f64, u32)>, Vec<u32>) {
        let spikes = parts.iter().map(|part| part.len()).sum();
        let (mut times, mut neurons) = (vec![0.0; spikes], vec![0; spikes]);
        let mut ranks = vec![7; 2];
        let mut sorter = Sorter::default();
        let parts = parts.iter().copied();
        sorter.sort(parts, &mut ranks, &mut times, &mut neurons);
        (times.into_iter().zip(neurons).collect(), ranks)
    }

    #[test]
    fn sorts_by_time_and_keeps_the_order_of_equal_times() {
        let first = [spike(0.5, 1), spike(2.0, 0), spike(1.9999, 3)];
        let second = [spike(0.0, 18), spike(0.5, 16)];
        let (events, ranks) = sorted(&[&first, &second, &[]]);
        assert_eq!(
            events,
            [(0.0, 18), (0.5, 1), (0.5, 16), (1.9999, 3), (2.0, 0)]
        );
        assert_eq!(ranks, [1, 4, 3, 0, 2]);
    }

    #[test]
    fn many_spikes_at_nearly_one_time_are_sorted_too() {
        let time = |n: u32| 0.5 + f64::from(n * 7919 % 1000) * 1e-9;
        let spikes: Vec<_> = (0..1000).map(|n| spike(time(n), n)).collect();
        let (events, ranks) = sorted(&[&spikes]);
        assert!(events.is_sorted_by(|a, b| a.0 < b.0));
        let at_rank = |n: usize| events[ranks[n] as usize];
        assert!((0..1000).all(|n| at_rank(n) == (time(n as u32), n as u32)));
    }

    #[test]
    fn nothing_stays_nothing() {
        assert_eq!(sorted(&[]), (vec![], vec![]));
    }
}
