//! [`SpikeOrder`]: sorts spikes by time.
//!
//! Each spike has an integer key. Its high bits are the time since the start of the interval, its low bits the position
//! of the spike in the list. Keys are sorted without branches where the instruction set allows it (see [`Isa::sort`]).
//! A final insertion sort compares the times themselves, which are finer than the keys.

use noctule_core::Real;

use crate::simd::isa::Isa;
use crate::simd::lane_vec::LaneVec;
use crate::simd::lanes::{LANES, Lanes};

/// The largest number of bits of a key that encode the time: [`Real::round_to_u32`] is exact up to here.
const MAX_DISTANCE_BITS: u32 = 23;
/// The average number of moves per spike that the insertion sort may take. Beyond it, spikes are sorted by a comparison
/// sort.
const MAX_MOVES_PER_SPIKE: usize = 4;

/// Sorts lists of spikes, and keeps its memory from one list to the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct SpikeOrder {
    keys: LaneVec<u32>,
}

impl SpikeOrder {
    /// The positions of the first `count` of `times` in the order of their keys, and then all other positions. The
    /// first `count` times must lie between the two `ends`. Positions of equal times ascend. Times that differ by a
    /// tiny fraction of the interval may be in the wrong order.
    #[inline(always)]
    pub fn sort_roughly<T: Real, I: Isa<T>>(
        &mut self,
        isa: I,
        times: &[Lanes<T>],
        count: usize,
        ends: [T; 2],
    ) -> &mut [Lanes<u32>] {
        if self.keys.len() < times.len() {
            self.keys.resize(times.len(), [0; LANES]);
        }
        let keys = &mut self.keys[..times.len()];
        let position_bits = set_keys(keys, times, count, ends);
        isa.sort(keys);
        let position_mask = (1 << position_bits) - 1;
        for key in keys.as_flattened_mut() {
            *key &= position_mask;
        }
        keys
    }

    /// The positions of the first `count` of `times` in the order of the times; see
    /// [`sort_roughly`](Self::sort_roughly).
    #[inline(always)]
    pub fn sort<T: Real, I: Isa<T>>(
        &mut self,
        isa: I,
        times: &[Lanes<T>],
        count: usize,
        ends: [T; 2],
    ) -> &[u32] {
        let positions = self.sort_roughly(isa, times, count, ends);
        let positions = &mut positions.as_flattened_mut()[..count];
        insertion_sort(positions, times.as_flattened());
        positions
    }
}

/// Computes the keys of the first `count` of `times`, and greater keys for all others; returns the number of position
/// bits.
#[inline(always)]
fn set_keys<T: Real>(
    keys: &mut [Lanes<u32>],
    times: &[Lanes<T>],
    count: usize,
    [start, end]: [T; 2],
) -> u32 {
    let unused_bits = ((keys.len() * LANES) as u32).leading_zeros();
    let distance_bits = unused_bits.min(MAX_DISTANCE_BITS);
    let position_bits = u32::BITS - distance_bits;
    let latest = T::of(f64::from((1_u32 << distance_bits) - 1));
    // If all times are equal, `distance` is NaN, and `is_early` false.
    let per_second = latest / (end - start);
    // One loop over all blocks, with `&` instead of the branch of `&&`, so that it is vectorised.
    let times = times.as_flattened();
    let keys = keys.as_flattened_mut().iter_mut().zip(times);
    for (position, (key, &time)) in (0_u32..).zip(keys) {
        let distance = (time - start) * per_second;
        let is_early = (distance < latest) & (position < count as u32);
        let distance = if is_early { distance } else { latest };
        *key = distance.round_to_u32() << position_bits | position;
    }
    position_bits
}

/// Sorts positions by time that are already nearly sorted: where keys round to the same distance, positions are in
/// ascending order.
#[inline(always)]
fn insertion_sort<T: Real>(positions: &mut [u32], times: &[T]) {
    let time_of = |position: u32| times[position as usize];
    let mut moves = MAX_MOVES_PER_SPIKE * positions.len();
    let mut latest = T::zero();
    for index in 0..positions.len() {
        let position = positions[index];
        let time = time_of(position);
        if time >= latest {
            latest = time;
            continue;
        }
        let mut slot = index;
        while slot > 0 && time_of(positions[slot - 1]) > time {
            positions[slot] = positions[slot - 1];
            slot -= 1;
        }
        positions[slot] = position;
        match moves.checked_sub(index - slot) {
            Some(remaining) => moves = remaining,
            // Nearly all times are close together.
            None => {
                return positions.sort_unstable_by(|&a, &b| {
                    let in_time = time_of(a).total_order(&time_of(b));
                    in_time.then(a.cmp(&b))
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::simd::isa::Portable;

    fn order<T: Real>(times: &[T]) -> Vec<usize> {
        let mut blocks = vec![[T::zero(); LANES]; times.len().div_ceil(LANES)];
        blocks.as_flattened_mut()[..times.len()].copy_from_slice(times);
        let ends = times
            .iter()
            .fold([T::infinity(), T::zero()], |ends, &time| {
                [ends[0].min(time), ends[1].max(time)]
            });
        let mut order = SpikeOrder::default();
        let isa = Portable::<false>;
        let sorted = order.sort(isa, &blocks, times.len(), ends);
        sorted.iter().map(|&position| position as usize).collect()
    }

    fn expected<T: Real>(times: &[T]) -> Vec<usize> {
        let mut order: Vec<_> = (0..times.len()).collect();
        order.sort_by(|&a, &b| times[a].total_order(&times[b]));
        order
    }

    #[test]
    fn equal_times_keep_their_order() {
        assert_eq!(order(&[0.5, 2.0, 1.9999, 0.0, 0.5]), [3, 0, 4, 2, 1]);
        assert_eq!(order(&[0.25_f32; 1000]), (0..1000).collect::<Vec<_>>());
        assert!(order::<f64>(&[]).is_empty());
    }

    #[test]
    fn times_close_together_in_a_long_interval_are_sorted() {
        for crowd in [3, 1000] {
            let time = |n: u32| f64::from(n / crowd) + f64::from(n * 7919 % 1000) * 1e-12;
            let times: Vec<_> = (0..crowd + 1).map(time).collect();
            assert_eq!(order(&times), expected(&times));
        }
    }

    proptest! {
        #[test]
        fn all_lengths_are_sorted(
            times in prop::collection::vec(0.0..1.0_f64, 0..2000),
            steps in prop::sample::select(vec![10.0, 1e3, 1e6, 1e9]),
        ) {
            let times: Vec<_> = times.iter().map(|time| (time * steps).floor() / steps).collect();
            prop_assert_eq!(order(&times), expected(&times));
            let times: Vec<_> = times.iter().map(|&time| time as f32).collect();
            prop_assert_eq!(order(&times), expected(&times));
        }
    }
}
