//! The choice of the inputs that dropout drops; the same as the CPU engine's.

use cubecl::prelude::*;

/// The dropout of a layer.
#[derive(CubeType, CubeLaunch)]
pub(crate) struct Dropout {
    /// The seed of each sample, low and high half; shape `[samples, 2]`.
    pub seeds: Array<u32>,
    /// An input is dropped if its hash is below this number.
    pub below_low: u32,
    pub below_high: u32,
}

/// Whether an input is dropped in a sample.
#[cube]
pub(crate) fn is_dropped(dropout: &Dropout, sample: u32, input: u32) -> bool {
    let at = (2 * sample) as usize;
    let (low, high) = scramble(dropout.seeds[at] ^ input, dropout.seeds[at + 1]);
    high < dropout.below_high || (high == dropout.below_high && low < dropout.below_low)
}

/// The finaliser of SplitMix64 on two halves of 64 bits.
#[cube]
fn scramble(low: u32, high: u32) -> (u32, u32) {
    let (l, h) = add(low, high, 0x7f4a_7c15u32, 0x9e37_79b9u32);
    let (l, h) = multiply(
        l ^ (l >> 30u32 | h << 2u32),
        h ^ (h >> 30u32),
        0x1ce4_e5b9u32,
        0xbf58_476du32,
    );
    let (l, h) = multiply(
        l ^ (l >> 27u32 | h << 5u32),
        h ^ (h >> 27u32),
        0x1331_11ebu32,
        0x94d0_49bbu32,
    );
    (l ^ (l >> 31u32 | h << 1u32), h ^ (h >> 31u32))
}

#[cube]
fn add(low: u32, high: u32, by_low: u32, by_high: u32) -> (u32, u32) {
    let sum = low + by_low;
    let mut carry = 0u32;
    if sum < low {
        carry = 1u32;
    }
    (sum, high + by_high + carry)
}

/// The low 64 bits of a product.
#[cube]
fn multiply(low: u32, high: u32, by_low: u32, by_high: u32) -> (u32, u32) {
    (
        low * by_low,
        low.mul_hi(by_low) + low * by_high + high * by_low,
    )
}
