//! The order of the spikes of an interval.
//!
//! What is sorted is one whole number for each: how far into the interval the spike is, and behind that its position in the list.
//! Such numbers are sorted without a branch where the instruction set allows it (see [`Isa::sort`]).

use aligned_vec::{AVec, ConstAlign};

use super::lane_vec::LINE;
use super::lanes::Isa;
use super::{LANES, Lanes};
use crate::Real;

/// Bits of a key, and how many of them at most are the distance from the start.
const BITS: u32 = u32::BITS;
const MOST_DISTANCE_BITS: u32 = 23;

/// Puts list after list in order in the same memory.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    keys: AVec<Lanes<u32>, ConstAlign<LINE>>,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            keys: AVec::new(LINE),
        }
    }
}

impl Order {
    /// The positions of the first `count` of the `times`, which lie in an interval that begins and ends at `ends`, in the order
    /// of time. Times that differ by a tiny part of the interval may be in the wrong order; equal ones keep theirs.
    #[inline(always)]
    pub fn sort<T: Real, I: Isa<T>>(
        &mut self,
        isa: I,
        times: &[Lanes<T>],
        count: usize,
        [start, end]: [T; 2],
    ) -> impl Iterator<Item = usize> {
        let blocks = count.div_ceil(LANES);
        if self.keys.len() < blocks {
            self.keys.resize(blocks, [0; LANES]);
        }
        let keys = &mut self.keys[..blocks];
        let distance_bits = ((blocks * LANES) as u32)
            .leading_zeros()
            .min(MOST_DISTANCE_BITS);
        let latest = T::of(f64::from((1_u32 << distance_bits) - 1));
        // If the interval has no length, the products below are no number, or infinite.
        let per_second = latest / (end - start);
        let shift = BITS - distance_bits;
        for (block, (keys, times)) in keys.iter_mut().zip(times).enumerate() {
            for (lane, (key, &time)) in keys.iter_mut().zip(times).enumerate() {
                let distance = (time - start) * per_second;
                let distance = if distance < latest { distance } else { latest };
                *key = distance.nearest() << shift | (block * LANES + lane) as u32;
            }
        }
        keys.as_flattened_mut()[count..].fill(u32::MAX);
        isa.sort(keys);
        let sorted = self.keys.as_flattened()[..count].iter();
        sorted.map(move |key| (key & ((1 << shift) - 1)) as usize)
    }
}
