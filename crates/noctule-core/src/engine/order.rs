//! The order of spikes in time.
//!
//! What is sorted is one whole number for each, its key: how far into the interval the spike is, and behind that its position in
//! the list. Such numbers are sorted without a branch where the instruction set allows it (see [`Isa::sort`]). A last pass looks
//! at the times themselves, which are finer than the keys.

use super::lane_vec::LaneVec;
use super::lanes::Isa;
use super::{LANES, Lanes};
use crate::Real;

/// So many bits of a key at most are the distance from the start.
const MOST_DISTANCE_BITS: u32 = 23;
/// The last pass moves so many spikes for each spike; where it would have to move more, they are sorted by their times.
const MOVES: usize = 4;

/// Puts list after list in order in the same memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    keys: LaneVec<u32>,
}

impl Order {
    /// The positions of the first `count` of the `times`, all of which lie between the two `ends`, in the order of their keys:
    /// those of equal times ascend, but times that differ by a tiny part of the interval may be in the wrong order. Behind them
    /// are the positions that are left.
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
        let position = (1 << position_bits) - 1;
        for key in keys.as_flattened_mut() {
            *key &= position;
        }
        keys
    }

    /// The same in the order of time, without what is behind.
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
        put_neighbours_in_order(positions, times.as_flattened());
        positions
    }
}

/// Makes the keys of the first `count` of some times, and greater ones for the others; returns how many bits of each are the
/// position.
#[inline(always)]
fn set_keys<T: Real>(
    keys: &mut [Lanes<u32>],
    times: &[Lanes<T>],
    count: usize,
    [start, end]: [T; 2],
) -> u32 {
    let unused_bits = ((keys.len() * LANES) as u32).leading_zeros();
    let distance_bits = unused_bits.min(MOST_DISTANCE_BITS);
    let position_bits = u32::BITS - distance_bits;
    let latest = T::of(f64::from((1_u32 << distance_bits) - 1));
    // If all is at one time, the products below are no number.
    let per_second = latest / (end - start);
    // One loop over all blocks, and no `&&`, which is a branch: so this becomes vector code.
    let times = times.as_flattened();
    let keys = keys.as_flattened_mut().iter_mut().zip(times);
    for (position, (key, &time)) in (0_u32..).zip(keys) {
        let distance = (time - start) * per_second;
        let is_early = (distance < latest) & (position < count as u32);
        let distance = if is_early { distance } else { latest };
        *key = distance.nearest() << position_bits | position;
    }
    position_bits
}

/// Times at nearly the same distance have one, and are in the order of their positions; they are put in the order of time.
#[inline(always)]
fn put_neighbours_in_order<T: Real>(positions: &mut [u32], times: &[T]) {
    let time_of = |position: u32| times[position as usize];
    let mut moves = MOVES * positions.len();
    let mut latest = T::zero();
    for index in 0..positions.len() {
        let position = positions[index];
        let time = time_of(position);
        if time >= latest {
            latest = time;
            continue;
        }
        let mut place = index;
        while place > 0 && time_of(positions[place - 1]) > time {
            positions[place] = positions[place - 1];
            place -= 1;
        }
        positions[place] = position;
        match moves.checked_sub(index - place) {
            Some(left) => moves = left,
            // Nearly all of them are close together.
            None => {
                return positions.sort_unstable_by(|&a, &b| {
                    let in_time = time_of(a).order(&time_of(b));
                    in_time.then(a.cmp(&b))
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::lanes::Portable;
    use super::*;

    fn order<T: Real>(times: &[T]) -> Vec<usize> {
        let mut blocks = vec![[T::zero(); LANES]; times.len().div_ceil(LANES)];
        blocks.as_flattened_mut()[..times.len()].copy_from_slice(times);
        let ends = times
            .iter()
            .fold([T::infinity(), T::zero()], |ends, &time| {
                [ends[0].min(time), ends[1].max(time)]
            });
        let mut order = Order::default();
        let isa = Portable::<false>;
        let sorted = order.sort(isa, &blocks, times.len(), ends);
        sorted.iter().map(|&position| position as usize).collect()
    }

    fn expected<T: Real>(times: &[T]) -> Vec<usize> {
        let mut order: Vec<_> = (0..times.len()).collect();
        order.sort_by(|&a, &b| times[a].order(&times[b]));
        order
    }

    #[test]
    fn equal_times_keep_their_order() {
        assert_eq!(order(&[0.5, 2.0, 1.9999, 0.0, 0.5]), [3, 0, 4, 2, 1]);
        assert_eq!(order(&[0.25_f32; 1000]), (0..1000).collect::<Vec<_>>());
        assert!(order::<f64>(&[]).is_empty());
    }

    #[test]
    fn what_is_close_together_in_a_long_interval_is_sorted_too() {
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
