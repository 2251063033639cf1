//! Sorts spikes by their times.

use crate::Real;

/// A bin with more spikes than this is sorted for itself, before the pass that puts neighbours in order.
const MOST_IN_A_BIN: u32 = 16;

/// Sorts list after list in the same memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sorter<T: Real> {
    /// The bin of each time, and where each bin ends.
    bins: Vec<u32>,
    ends: Vec<u32>,
    keys: Vec<T::SortKey>,
}

impl<T: Real> Sorter<T> {
    /// Overwrites `ranks` with the position of each time in the sorted list; equal times keep their order.
    #[inline(always)]
    pub fn rank(&mut self, times: &[T], ranks: &mut Vec<u32>) {
        ranks.resize(times.len(), 0);
        for (rank, position) in self.sort(times).enumerate() {
            ranks[position] = rank as u32;
        }
    }

    /// The positions of the times in their order; those of equal times ascend.
    #[inline(always)]
    pub fn sort(&mut self, times: &[T]) -> impl Iterator<Item = usize> {
        self.fill_bins(times);
        put_neighbours_in_order(&mut self.keys);
        let keys = self.keys.iter();
        keys.map(|&key| T::sorted_position(key) as usize)
    }

    /// Brings the keys into bins of equal width, as many as there are times: only the few that share a bin are then out of
    /// order.
    #[inline(always)]
    fn fill_bins(&mut self, times: &[T]) {
        let Self { bins, ends, keys } = self;
        let count = times.len();
        let last = count.saturating_sub(1);
        let (mut earliest, mut latest) = (T::infinity(), T::zero());
        for &time in times {
            // Not `min` and `max`, which would look out for what is no number.
            earliest = if time < earliest { time } else { earliest };
            latest = if time > latest { time } else { latest };
        }
        // If all are at one time, the products below are 0 or no number, and both belong to bin 0.
        let per_second = T::of(count as f64) / (latest - earliest).max(T::min_positive_value());
        ends.clear();
        ends.resize(count + 1, 0);
        bins.resize(count, 0);
        for (bin, &time) in bins.iter_mut().zip(times) {
            *bin = ((time - earliest) * per_second).to_index().min(last) as u32;
        }
        for &bin in bins.iter() {
            ends[bin as usize + 1] += 1;
        }
        let mut fullest = 0;
        let mut sum = 0;
        for end in ends.iter_mut() {
            fullest = fullest.max(*end);
            sum += *end;
            *end = sum;
        }
        keys.resize(count, T::zero().sort_key(0));
        // While a bin fills, its start grows into its end.
        for (position, (time, &bin)) in times.iter().zip(bins.iter()).enumerate() {
            let end = &mut ends[bin as usize];
            keys[*end as usize] = time.sort_key(position as u32);
            *end += 1;
        }
        if fullest > MOST_IN_A_BIN {
            let mut start = 0;
            for &end in &ends[..count] {
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

    fn ranks(times: &[f64]) -> Vec<u32> {
        let mut ranks = vec![7; 2];
        Sorter::default().rank(times, &mut ranks);
        ranks
    }

    #[test]
    fn sorts_by_time_and_keeps_the_order_of_equal_times() {
        assert_eq!(ranks(&[0.5, 2.0, 1.9999, 0.0, 0.5]), [1, 4, 3, 0, 2]);
    }

    #[test]
    fn many_spikes_at_nearly_one_time_are_sorted_too() {
        let times = |n: u32| 0.5 + f64::from(n * 7919 % 1000) * 1e-9;
        let times: Vec<_> = (0..1000).map(times).collect();
        let mut sorted = times.clone();
        sorted.sort_by(f64::total_cmp);
        let of_ranks = ranks(&times).into_iter().map(|rank| sorted[rank as usize]);
        assert_eq!(of_ranks.collect::<Vec<_>>(), times);
    }

    #[test]
    fn nothing_stays_nothing() {
        assert!(ranks(&[]).is_empty());
    }
}
