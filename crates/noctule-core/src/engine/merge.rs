//! Makes one time-sorted event list of the spikes that the blocks and places of a layer emitted in a sample.

use super::forward::Spike;
use crate::Real;

/// Sorts the spikes of a sample by time; spikes at equal times keep the order in which they are given.
///
/// No spike is later than `t_max`. Overwrites `ranks` with the position in the result of each spike, in the order given.
pub(crate) fn sort<'a, T: Real>(
    parts: impl Iterator<Item = &'a [Spike<T>]> + Clone,
    t_max: T,
    ranks: &mut Vec<u32>,
) -> Vec<(T, u32)> {
    let spikes = parts.clone().map(<[_]>::len).sum::<usize>();
    // As many bins of equal width as there are spikes: only the few that share a bin have to be compared.
    let last = spikes.saturating_sub(1);
    let per_second = T::of(spikes as f64) / t_max;
    // Until they are known, the ranks are the bins.
    ranks.clear();
    ranks.reserve(spikes);
    let mut ends = vec![0_u32; spikes + 1];
    for part in parts.clone() {
        for spike in part {
            let bin = (spike.time * per_second).to_index().min(last);
            ends[bin + 1] += 1;
            ranks.push(bin as u32);
        }
    }
    for index in 0..spikes {
        ends[index + 1] += ends[index];
    }
    let mut keys = vec![T::zero().sort_key(0); spikes];
    // While a bin fills, its start grows into its end.
    for (position, (spike, &bin)) in parts.clone().flatten().zip(ranks.iter()).enumerate() {
        let end = &mut ends[bin as usize];
        keys[*end as usize] = spike.time.sort_key(position as u32);
        *end += 1;
    }
    let mut start = 0;
    for &end in &ends[..spikes] {
        if end - start > 1 {
            keys[start as usize..end as usize].sort_unstable();
        }
        start = end;
    }
    for (rank, &key) in keys.iter().enumerate() {
        ranks[T::sorted_position(key) as usize] = rank as u32;
    }
    let mut events = vec![(T::zero(), 0); spikes];
    for (spike, &rank) in parts.flatten().zip(ranks.iter()) {
        events[rank as usize] = (spike.time, spike.neuron);
    }
    events
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

    #[test]
    fn sorts_by_time_and_keeps_the_order_of_equal_times() {
        let first = [spike(0.5, 1), spike(2.0, 0), spike(1.9999, 3)];
        let second = [spike(0.0, 18), spike(0.5, 16)];
        let parts = [&first[..], &second[..], &[]];
        let mut ranks = vec![7; 2];
        let sorted = sort(parts.into_iter(), 2.0, &mut ranks);
        assert_eq!(
            sorted,
            [(0.0, 18), (0.5, 1), (0.5, 16), (1.9999, 3), (2.0, 0)]
        );
        assert_eq!(ranks, [1, 4, 3, 0, 2]);
    }

    #[test]
    fn nothing_stays_nothing() {
        let mut ranks = vec![1];
        let parts: [&[Spike<f32>]; 0] = [];
        assert!(sort(parts.into_iter(), 1.0, &mut ranks).is_empty());
        assert!(ranks.is_empty());
    }
}
