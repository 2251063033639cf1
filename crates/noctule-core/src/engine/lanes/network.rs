//! A sorting network for the registers of AVX-512: numbers are compared and exchanged in an order that does not depend on them.
//!
//! It is Batcher's bitonic network in the form in which all exchanges point the same way: runs of sorted numbers are merged
//! in pairs, the second one backwards.

#[cfg(target_arch = "x86")]
use std::arch::x86::__m512i;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::__m512i;
use std::array::from_fn;

use bytemuck::must_cast;
use pulp::x86::V4;

use super::{LANES, Lanes};

/// Sorts all numbers of `blocks`.
#[inline(always)]
pub(super) fn sort(isa: V4, blocks: &mut [Lanes<u32>]) {
    match blocks.len() {
        1 => sort_in_registers::<1>(isa, blocks),
        2 => sort_in_registers::<2>(isa, blocks),
        3 => sort_in_registers::<3>(isa, blocks),
        4 => sort_in_registers::<4>(isa, blocks),
        5..=6 => sort_in_registers::<6>(isa, blocks),
        7..=8 => sort_in_registers::<8>(isa, blocks),
        _ => isa.vectorize(
            #[inline(always)]
            || sort_in_memory(isa, blocks),
        ),
    }
}

/// So many blocks at most, which then stay in registers.
#[inline(always)]
fn sort_in_registers<const BLOCKS: usize>(isa: V4, blocks: &mut [Lanes<u32>]) {
    let mut own: [Lanes<u32>; BLOCKS] = from_fn(|block| match blocks.get(block) {
        Some(block) => *block,
        None => [u32::MAX; LANES],
    });
    sort_in_memory(isa, &mut own);
    blocks.copy_from_slice(&own[..blocks.len()]);
}

/// As if there were blocks of greater numbers behind them, up to a power of two: none of these would move.
#[inline(always)]
fn sort_in_memory(isa: V4, blocks: &mut [Lanes<u32>]) {
    for block in &mut *blocks {
        *block = must_cast(sort_lanes(isa, must_cast(*block)));
    }
    let mut run = 1;
    while run < blocks.len() {
        for runs in blocks.chunks_mut(2 * run) {
            let (first, second) = runs.split_at_mut(run.min(runs.len()));
            for (lower, upper) in first.iter_mut().rev().zip(second) {
                let (a, b) = (must_cast(*lower), partners::<15>(isa, must_cast(*upper)));
                *lower = must_cast(isa.avx512f._mm512_min_epu32(a, b));
                let greatest = isa.avx512f._mm512_max_epu32(a, b);
                *upper = must_cast(partners::<15>(isa, greatest));
            }
        }
        let mut distance = run / 2;
        while distance > 0 {
            for pairs in blocks.chunks_mut(2 * distance) {
                let (first, second) = pairs.split_at_mut(distance.min(pairs.len()));
                for (lower, upper) in first.iter_mut().zip(second) {
                    let (a, b) = (must_cast(*lower), must_cast(*upper));
                    *lower = must_cast(isa.avx512f._mm512_min_epu32(a, b));
                    *upper = must_cast(isa.avx512f._mm512_max_epu32(a, b));
                }
            }
            distance /= 2;
        }
        for block in &mut *blocks {
            let halves = exchange::<8>(isa, must_cast(*block));
            *block = must_cast(merge_lanes(isa, halves));
        }
        run *= 2;
    }
}

/// Sorts the lanes of a register.
#[inline(always)]
fn sort_lanes(isa: V4, a: __m512i) -> __m512i {
    let pairs = exchange::<1>(isa, a);
    let fours = exchange::<1>(isa, exchange::<3>(isa, pairs));
    let eights = exchange::<7>(isa, fours);
    let eights = exchange::<1>(isa, exchange::<2>(isa, eights));
    merge_lanes(isa, exchange::<15>(isa, eights))
}

/// Sorts the halves of a register, which are bitonic.
#[inline(always)]
fn merge_lanes(isa: V4, a: __m512i) -> __m512i {
    exchange::<1>(isa, exchange::<2>(isa, exchange::<4>(isa, a)))
}

/// Compares each lane with that whose number differs by the bits in `BITS`, and puts the lesser in the lower of the two.
#[inline(always)]
fn exchange<const BITS: usize>(isa: V4, a: __m512i) -> __m512i {
    let b = partners::<BITS>(isa, a);
    let least = isa.avx512f._mm512_min_epu32(a, b);
    isa.avx512f
        ._mm512_mask_max_epu32(least, const { upper_lanes(BITS) }, a, b)
}

/// Exchanges all lanes whose numbers differ by the bits in `BITS`.
#[inline(always)]
fn partners<const BITS: usize>(isa: V4, a: __m512i) -> __m512i {
    let numbers = must_cast(const { numbers_of_partners(BITS) });
    isa.avx512f._mm512_permutexvar_epi32(numbers, a)
}

const fn numbers_of_partners(bits: usize) -> Lanes<u32> {
    let mut numbers = [0; LANES];
    let mut lane = 0;
    while lane < LANES {
        numbers[lane] = (lane ^ bits) as u32;
        lane += 1;
    }
    numbers
}

/// The upper lane of each pair, as a bit set.
const fn upper_lanes(bits: usize) -> u16 {
    let mut upper = 0;
    let mut lane = 0;
    while lane < LANES {
        if lane > lane ^ bits {
            upper |= 1 << lane;
        }
        lane += 1;
    }
    upper
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_size_is_sorted(
            count in 0..65_usize,
            numbers in prop::collection::vec(0..2000_u32, 64 * LANES),
        ) {
            let mut blocks = [[0; LANES]; 64];
            blocks.as_flattened_mut().copy_from_slice(&numbers);
            let blocks = &mut blocks[..count];
            let mut expected = blocks.to_vec();
            expected.as_flattened_mut().sort_unstable();
            if let Some(isa) = V4::try_new() {
                isa.vectorize(
                    #[inline(always)]
                    || sort(isa, blocks),
                );
                prop_assert_eq!(blocks, expected);
            }
        }
    }
}
