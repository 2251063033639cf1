//! Makes one time-sorted event list of the spikes that the blocks and places of a layer emitted in a sample.

use super::forward::Spike;
use crate::Real;

/// Sorts the spikes of a sample by time; spikes at equal times keep the order in which they are given.
///
/// `parts` gives the spikes of one block at one place with the index of its first neuron; no spike is later than
/// `t_max`. Overwrites `ranks` with the position in the result of each spike, in the order given.
pub(crate) fn sort<'a, T: Real>(
    parts: impl Iterator<Item = (u32, &'a [Spike<T>])>,
    t_max: T,
    ranks: &mut Vec<u32>,
) -> Vec<(T, u32)> {
    let events: Vec<(T, u32)> = parts
        .flat_map(|(first, spikes)| {
            spikes
                .iter()
                .map(move |spike| (spike.time, first + spike.lane))
        })
        .collect();
    // As many bins of equal width as there are spikes: only the few that share a bin have to be compared.
    let bins = events.len();
    let per_second = T::of(bins as f64) / t_max;
    let bin = |time: T| {
        let bin = (time * per_second).to_usize().unwrap_or(0);
        bin.min(bins - 1)
    };
    let mut ends = vec![0_u32; bins + 1];
    for &(time, _) in &events {
        ends[bin(time) + 1] += 1;
    }
    for index in 0..bins {
        ends[index + 1] += ends[index];
    }
    let mut keys = vec![T::zero().sort_key(0); bins];
    // While a bin fills, its start grows into its end.
    for (position, &(time, _)) in events.iter().enumerate() {
        let end = &mut ends[bin(time)];
        keys[*end as usize] = time.sort_key(position as u32);
        *end += 1;
    }
    let mut start = 0;
    for &end in &ends[..bins] {
        keys[start..end as usize].sort_unstable();
        start = end as usize;
    }
    ranks.clear();
    ranks.resize(bins, 0);
    let positions = keys.iter().map(|&key| T::sorted_position(key) as usize);
    for (rank, position) in positions.clone().enumerate() {
        ranks[position] = rank as u32;
    }
    positions.map(|position| events[position]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spike(time: f64, lane: u32) -> Spike<f64> {
        Spike {
            time,
            slope: 1.0,
            leak: 1.0,
            response: 0.0,
            stop: 0,
            lane,
        }
    }

    #[test]
    fn sorts_by_time_and_keeps_the_order_of_equal_times() {
        let first = [spike(0.5, 1), spike(2.0, 0), spike(1.9999, 3)];
        let second = [spike(0.0, 2), spike(0.5, 0)];
        let parts = [(0, &first[..]), (16, &second[..]), (32, &[])];
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
        let parts: [(u32, &[Spike<f32>]); 0] = [];
        assert!(sort(parts.into_iter(), 1.0, &mut ranks).is_empty());
        assert!(ranks.is_empty());
    }
}
