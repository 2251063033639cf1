//! Compare-exchange operations for AVX2 (two registers per block) and AVX-512 (one).

#[cfg(target_arch = "x86")]
use std::arch::x86::{__m256i, __m512i};
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m256i, __m512i};

use bytemuck::must_cast;
use pulp::x86::{V3, V4};

use crate::simd::lanes::{LANES, Lanes};
use crate::simd::sorting_network::Exchange;

/// For each lane, the index of its partner, which differs in the bits of `bits`.
const fn partners<const COUNT: usize>(bits: usize) -> [u32; COUNT] {
    let mut partners = [0; COUNT];
    let mut lane = 0;
    while lane < COUNT {
        partners[lane] = (lane ^ bits) as u32;
        lane += 1;
    }
    partners
}

/// Whether the sorting network uses this pairing: lanes at a distance of 1, 2, 4 or 8, or a run of 2, 4, 8 or 16 lanes
/// paired with itself in reverse order.
const fn is_known(bits: usize) -> bool {
    bits < LANES && (bits.is_power_of_two() || (bits + 1).is_power_of_two())
}

/// The bit set of the upper lanes of all pairs.
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

/// Replaces each lane of a register by its partner.
#[inline(always)]
fn partners_of<const BITS: usize>(isa: V3, a: __m256i) -> __m256i {
    let numbers = must_cast(const { partners::<8>(BITS) });
    isa.avx2._mm256_permutevar8x32_epi32(a, numbers)
}

/// [`Exchange::exchange`] within one register.
#[inline(always)]
fn exchange_in<const BITS: usize>(isa: V3, a: __m256i) -> __m256i {
    let b = partners_of::<BITS>(isa, a);
    let least = isa.avx2._mm256_min_epu32(a, b);
    let greatest = isa.avx2._mm256_max_epu32(a, b);
    match BITS {
        1 => isa.avx2._mm256_blend_epi32::<0b1010_1010>(least, greatest),
        2 | 3 => isa.avx2._mm256_blend_epi32::<0b1100_1100>(least, greatest),
        _ => isa.avx2._mm256_blend_epi32::<0b1111_0000>(least, greatest),
    }
}

impl Exchange for V3 {
    type Block = [__m256i; 2];

    #[inline(always)]
    fn load(self, numbers: &Lanes<u32>) -> [__m256i; 2] {
        must_cast(*numbers)
    }

    #[inline(always)]
    fn store(self, block: [__m256i; 2]) -> Lanes<u32> {
        must_cast(block)
    }

    #[inline(always)]
    fn least(self, a: [__m256i; 2], b: [__m256i; 2]) -> [__m256i; 2] {
        [
            self.avx2._mm256_min_epu32(a[0], b[0]),
            self.avx2._mm256_min_epu32(a[1], b[1]),
        ]
    }

    #[inline(always)]
    fn greatest(self, a: [__m256i; 2], b: [__m256i; 2]) -> [__m256i; 2] {
        [
            self.avx2._mm256_max_epu32(a[0], b[0]),
            self.avx2._mm256_max_epu32(a[1], b[1]),
        ]
    }

    #[inline(always)]
    fn backwards(self, [low, high]: [__m256i; 2]) -> [__m256i; 2] {
        [partners_of::<7>(self, high), partners_of::<7>(self, low)]
    }

    #[inline(always)]
    fn exchange<const BITS: usize>(self, a: [__m256i; 2]) -> [__m256i; 2] {
        const { assert!(is_known(BITS)) };
        if BITS < 8 {
            return [
                exchange_in::<BITS>(self, a[0]),
                exchange_in::<BITS>(self, a[1]),
            ];
        }
        let b = match BITS {
            8 => [a[1], a[0]],
            _ => self.backwards(a),
        };
        [self.least(a, b)[0], self.greatest(a, b)[1]]
    }

    #[inline(never)]
    fn outlined(self, work: impl FnOnce()) {
        self.vectorize(work);
    }
}

impl Exchange for V4 {
    type Block = __m512i;

    #[inline(always)]
    fn load(self, numbers: &Lanes<u32>) -> __m512i {
        must_cast(*numbers)
    }

    #[inline(always)]
    fn store(self, block: __m512i) -> Lanes<u32> {
        must_cast(block)
    }

    #[inline(always)]
    fn least(self, a: __m512i, b: __m512i) -> __m512i {
        self.avx512f._mm512_min_epu32(a, b)
    }

    #[inline(always)]
    fn greatest(self, a: __m512i, b: __m512i) -> __m512i {
        self.avx512f._mm512_max_epu32(a, b)
    }

    #[inline(always)]
    fn backwards(self, a: __m512i) -> __m512i {
        let numbers = must_cast(const { partners::<LANES>(LANES - 1) });
        self.avx512f._mm512_permutexvar_epi32(numbers, a)
    }

    #[inline(always)]
    fn exchange<const BITS: usize>(self, a: __m512i) -> __m512i {
        const { assert!(is_known(BITS)) };
        let numbers = must_cast(const { partners::<LANES>(BITS) });
        let b = self.avx512f._mm512_permutexvar_epi32(numbers, a);
        let least = self.avx512f._mm512_min_epu32(a, b);
        let upper = const { upper_lanes(BITS) };
        self.avx512f._mm512_mask_max_epu32(least, upper, a, b)
    }

    #[inline(never)]
    fn outlined(self, work: impl FnOnce()) {
        self.vectorize(work);
    }
}
