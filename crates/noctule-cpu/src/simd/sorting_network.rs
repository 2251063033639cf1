//! A sorting network over vector registers: which numbers are compared does not depend on their values, so there are no
//! branches.
//!
//! It is Batcher's bitonic network in the form in which all exchanges point the same way: sorted runs are merged in
//! pairs, the second one in reverse order. [`Exchange`] has the operations that it needs of an instruction set.

use std::array::from_fn;

use crate::simd::lanes::{LANES, Lanes};

/// Compare-exchange operations on blocks of sixteen numbers in registers.
pub(super) trait Exchange: Copy {
    type Block: Copy;

    fn load(self, numbers: &Lanes<u32>) -> Self::Block;
    fn store(self, block: Self::Block) -> Lanes<u32>;
    /// The minimum in each lane.
    fn least(self, a: Self::Block, b: Self::Block) -> Self::Block;
    /// The maximum in each lane.
    fn greatest(self, a: Self::Block, b: Self::Block) -> Self::Block;
    /// The lanes in reverse order.
    fn backwards(self, a: Self::Block) -> Self::Block;
    /// Compares each lane with the one whose index differs in the bits of `BITS`, and moves the smaller number to the
    /// lower of the two. `BITS` is a power of two up to 8, or one less than a power of two up to 16.
    fn exchange<const BITS: usize>(self, a: Self::Block) -> Self::Block;
    /// Runs `work` in a separate function.
    fn outlined(self, work: impl FnOnce());
}

/// Sorts all numbers of `blocks` in ascending order, across blocks.
#[inline(always)]
pub(super) fn sort(isa: impl Exchange, blocks: &mut [Lanes<u32>]) {
    match blocks.len() {
        1 => sort_in_registers::<1>(isa, blocks),
        2 => sort_in_registers::<2>(isa, blocks),
        3 => sort_in_registers::<3>(isa, blocks),
        4 => sort_in_registers::<4>(isa, blocks),
        5..=6 => sort_in_registers::<6>(isa, blocks),
        7..=8 => sort_in_registers::<8>(isa, blocks),
        _ => isa.outlined(
            #[inline(always)]
            || sort_in_memory(isa, blocks),
        ),
    }
}

/// Sorts at most `BLOCKS` blocks, which stay in registers.
#[inline(always)]
fn sort_in_registers<const BLOCKS: usize>(isa: impl Exchange, blocks: &mut [Lanes<u32>]) {
    let mut own: [Lanes<u32>; BLOCKS] = from_fn(|block| match blocks.get(block) {
        Some(block) => *block,
        None => [u32::MAX; LANES],
    });
    sort_in_memory(isa, &mut own);
    blocks.copy_from_slice(&own[..blocks.len()]);
}

/// Sorts any number of blocks. If it is not a power of two, the missing blocks are taken to hold the largest numbers at
/// the end, which would never move.
#[inline(always)]
fn sort_in_memory(isa: impl Exchange, blocks: &mut [Lanes<u32>]) {
    for block in &mut *blocks {
        *block = isa.store(sort_lanes(isa, isa.load(block)));
    }
    let mut run = 1;
    while run < blocks.len() {
        for runs in blocks.chunks_mut(2 * run) {
            let (first, second) = runs.split_at_mut(run.min(runs.len()));
            for (lower, upper) in first.iter_mut().rev().zip(second) {
                let (a, b) = (isa.load(lower), isa.backwards(isa.load(upper)));
                *lower = isa.store(isa.least(a, b));
                *upper = isa.store(isa.backwards(isa.greatest(a, b)));
            }
        }
        let mut distance = run / 2;
        while distance > 0 {
            for pairs in blocks.chunks_mut(2 * distance) {
                let (first, second) = pairs.split_at_mut(distance.min(pairs.len()));
                for (lower, upper) in first.iter_mut().zip(second) {
                    let (a, b) = (isa.load(lower), isa.load(upper));
                    *lower = isa.store(isa.least(a, b));
                    *upper = isa.store(isa.greatest(a, b));
                }
            }
            distance /= 2;
        }
        for block in &mut *blocks {
            let halves = isa.exchange::<8>(isa.load(block));
            *block = isa.store(merge_lanes(isa, halves));
        }
        run *= 2;
    }
}

/// Sorts the lanes of a block.
#[inline(always)]
fn sort_lanes<E: Exchange>(isa: E, a: E::Block) -> E::Block {
    let pairs = isa.exchange::<1>(a);
    let fours = isa.exchange::<1>(isa.exchange::<3>(pairs));
    let eights = isa.exchange::<7>(fours);
    let eights = isa.exchange::<1>(isa.exchange::<2>(eights));
    merge_lanes(isa, isa.exchange::<15>(eights))
}

/// Sorts each half of a block; both halves are bitonic.
#[inline(always)]
fn merge_lanes<E: Exchange>(isa: E, a: E::Block) -> E::Block {
    isa.exchange::<1>(isa.exchange::<2>(isa.exchange::<4>(a)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulp::x86::{V3, V4};

    use super::*;

    proptest! {
        #[test]
        fn every_size_is_sorted(
            count in 0..65_usize,
            numbers in prop::collection::vec(prop::num::u32::ANY, 64 * LANES),
            most in prop::sample::select(vec![1, 50, 2000, u32::MAX]),
        ) {
            let mut blocks = [[0; LANES]; 64];
            for (number, from) in blocks.as_flattened_mut().iter_mut().zip(&numbers) {
                *number = from % most;
            }
            let blocks = &blocks[..count];
            let mut expected = blocks.to_vec();
            expected.as_flattened_mut().sort_unstable();
            if let Some(isa) = V3::try_new() {
                let mut sorted = blocks.to_vec();
                isa.vectorize(|| sort(isa, &mut sorted));
                prop_assert_eq!(&sorted, &expected, "AVX2");
            }
            if let Some(isa) = V4::try_new() {
                let mut sorted = blocks.to_vec();
                isa.vectorize(|| sort(isa, &mut sorted));
                prop_assert_eq!(&sorted, &expected, "AVX-512");
            }
        }
    }
}
