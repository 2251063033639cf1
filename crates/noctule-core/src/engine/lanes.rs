//! A block of neurons in the registers of an instruction set.
//!
//! The walks are written once, over an [`Isa`]: sixteen lanes are one register of AVX-512, two of AVX2, or an array that
//! the compiler vectorises as it can. Lanes never mix but in [`Isa::sum`], which adds in the same order everywhere, so
//! the width of the registers does not change a bit; only the plain version rounds products before it adds.

use super::{LANES, Lanes};
use crate::Real;

/// An instruction set that computes with sixteen numbers of type `T`.
pub(crate) trait Isa<T>: Copy {
    /// Sixteen numbers, in registers.
    type Registers: Copy;
    /// Yes or no for each lane.
    type Mask: Copy;

    fn load(self, lanes: &Lanes<T>) -> Self::Registers;
    fn store(self, registers: Self::Registers) -> Lanes<T>;
    fn splat(self, value: T) -> Self::Registers;
    fn add(self, a: Self::Registers, b: Self::Registers) -> Self::Registers;
    fn sub(self, a: Self::Registers, b: Self::Registers) -> Self::Registers;
    fn mul(self, a: Self::Registers, b: Self::Registers) -> Self::Registers;
    /// `a b + c`, in one rounding where the instruction set has it.
    fn mul_add(self, a: Self::Registers, b: Self::Registers, c: Self::Registers)
    -> Self::Registers;
    fn div(self, a: Self::Registers, b: Self::Registers) -> Self::Registers;
    fn sqrt(self, a: Self::Registers) -> Self::Registers;
    /// Where `a >= b`.
    fn at_least(self, a: Self::Registers, b: Self::Registers) -> Self::Mask;
    /// Where `a > b`.
    fn above(self, a: Self::Registers, b: Self::Registers) -> Self::Mask;
    fn both(self, a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// `yes` where the mask is, `no` elsewhere.
    fn select(self, mask: Self::Mask, yes: Self::Registers, no: Self::Registers)
    -> Self::Registers;
    /// The lanes that have a bit.
    fn mask(self, bits: u32) -> Self::Mask;
    /// A bit for each lane where the mask is.
    fn bits(self, mask: Self::Mask) -> u32;
    /// The sum over the lanes: the upper half is added to the lower, again and again.
    fn sum(self, a: Self::Registers) -> T;
    /// Does work in a function of its own, so that a loop that seldom needs it has the registers for itself.
    #[inline(always)]
    fn apart<R>(self, work: impl FnOnce() -> R) -> R {
        work()
    }
}

/// No particular instructions: arrays, which the compiler may vectorise. `FUSED` says whether a fused multiply-add is one
/// instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portable<const FUSED: bool>;

impl<const FUSED: bool, T: Real> Isa<T> for Portable<FUSED> {
    type Registers = Lanes<T>;
    type Mask = [bool; LANES];

    #[inline(always)]
    fn load(self, lanes: &Lanes<T>) -> Lanes<T> {
        *lanes
    }

    #[inline(always)]
    fn store(self, registers: Lanes<T>) -> Lanes<T> {
        registers
    }

    #[inline(always)]
    fn splat(self, value: T) -> Lanes<T> {
        [value; LANES]
    }

    #[inline(always)]
    fn add(self, a: Lanes<T>, b: Lanes<T>) -> Lanes<T> {
        std::array::from_fn(|lane| a[lane] + b[lane])
    }

    #[inline(always)]
    fn sub(self, a: Lanes<T>, b: Lanes<T>) -> Lanes<T> {
        std::array::from_fn(|lane| a[lane] - b[lane])
    }

    #[inline(always)]
    fn mul(self, a: Lanes<T>, b: Lanes<T>) -> Lanes<T> {
        std::array::from_fn(|lane| a[lane] * b[lane])
    }

    #[inline(always)]
    fn mul_add(self, a: Lanes<T>, b: Lanes<T>, c: Lanes<T>) -> Lanes<T> {
        std::array::from_fn(|lane| {
            if FUSED {
                a[lane].mul_add(b[lane], c[lane])
            } else {
                a[lane] * b[lane] + c[lane]
            }
        })
    }

    #[inline(always)]
    fn div(self, a: Lanes<T>, b: Lanes<T>) -> Lanes<T> {
        std::array::from_fn(|lane| a[lane] / b[lane])
    }

    #[inline(always)]
    fn sqrt(self, a: Lanes<T>) -> Lanes<T> {
        a.map(T::sqrt)
    }

    #[inline(always)]
    fn at_least(self, a: Lanes<T>, b: Lanes<T>) -> [bool; LANES] {
        std::array::from_fn(|lane| a[lane] >= b[lane])
    }

    #[inline(always)]
    fn above(self, a: Lanes<T>, b: Lanes<T>) -> [bool; LANES] {
        std::array::from_fn(|lane| a[lane] > b[lane])
    }

    #[inline(always)]
    fn both(self, a: [bool; LANES], b: [bool; LANES]) -> [bool; LANES] {
        std::array::from_fn(|lane| a[lane] & b[lane])
    }

    #[inline(always)]
    fn select(self, mask: [bool; LANES], yes: Lanes<T>, no: Lanes<T>) -> Lanes<T> {
        std::array::from_fn(|lane| if mask[lane] { yes[lane] } else { no[lane] })
    }

    #[inline(always)]
    fn mask(self, bits: u32) -> [bool; LANES] {
        std::array::from_fn(|lane| bits >> lane & 1 == 1)
    }

    #[inline(always)]
    fn bits(self, mask: [bool; LANES]) -> u32 {
        // Nearly always none is: that is found out without leaving the vectors.
        if !mask.iter().fold(false, |any, yes| any | yes) {
            return 0;
        }
        let bits = mask.iter().enumerate();
        bits.fold(0, |bits, (lane, &yes)| bits | u32::from(yes) << lane)
    }

    #[inline(always)]
    fn sum(self, mut a: Lanes<T>) -> T {
        let mut width = LANES / 2;
        while width > 0 {
            for lane in 0..width {
                a[lane] += a[lane + width];
            }
            width /= 2;
        }
        a[0]
    }
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
mod x86 {
    #[cfg(target_arch = "x86")]
    use std::arch::x86::{__m128, __m256, __m256i, __m512, _CMP_GE_OQ, _CMP_GT_OQ};
    #[cfg(target_arch = "x86_64")]
    use std::arch::x86_64::{__m128, __m256, __m256i, __m512, _CMP_GE_OQ, _CMP_GT_OQ};

    use bytemuck::must_cast;
    use pulp::x86::{V3, V4};

    use super::{Isa, Lanes};

    /// The bit of each lane.
    const OWN_BITS: [[u32; 8]; 2] = [
        [1, 2, 4, 8, 16, 32, 64, 128],
        [256, 512, 1024, 2048, 4096, 8192, 16384, 32768],
    ];

    /// The sum of eight numbers, halves first.
    #[inline(always)]
    fn sum_of_eight(isa: V3, a: __m256) -> f32 {
        let [low, high]: [__m128; 2] = must_cast(a);
        let four = isa.sse._mm_add_ps(low, high);
        let two = isa.sse._mm_add_ps(four, isa.sse._mm_movehl_ps(four, four));
        let other = isa.sse._mm_shuffle_ps::<1>(two, two);
        isa.sse._mm_cvtss_f32(isa.sse._mm_add_ss(two, other))
    }

    impl Isa<f32> for V3 {
        type Registers = [__m256; 2];
        type Mask = [__m256; 2];

        #[inline(always)]
        fn load(self, lanes: &Lanes<f32>) -> [__m256; 2] {
            must_cast(*lanes)
        }

        #[inline(always)]
        fn store(self, registers: [__m256; 2]) -> Lanes<f32> {
            must_cast(registers)
        }

        #[inline(always)]
        fn splat(self, value: f32) -> [__m256; 2] {
            [self.avx._mm256_set1_ps(value); 2]
        }

        #[inline(always)]
        fn add(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
            [0, 1].map(|half| self.avx._mm256_add_ps(a[half], b[half]))
        }

        #[inline(always)]
        fn sub(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
            [0, 1].map(|half| self.avx._mm256_sub_ps(a[half], b[half]))
        }

        #[inline(always)]
        fn mul(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
            [0, 1].map(|half| self.avx._mm256_mul_ps(a[half], b[half]))
        }

        #[inline(always)]
        fn mul_add(self, a: [__m256; 2], b: [__m256; 2], c: [__m256; 2]) -> [__m256; 2] {
            [0, 1].map(|half| self.fma._mm256_fmadd_ps(a[half], b[half], c[half]))
        }

        #[inline(always)]
        fn div(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
            [0, 1].map(|half| self.avx._mm256_div_ps(a[half], b[half]))
        }

        #[inline(always)]
        fn sqrt(self, a: [__m256; 2]) -> [__m256; 2] {
            a.map(|half| self.avx._mm256_sqrt_ps(half))
        }

        #[inline(always)]
        fn at_least(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
            [0, 1].map(|half| self.avx._mm256_cmp_ps::<_CMP_GE_OQ>(a[half], b[half]))
        }

        #[inline(always)]
        fn above(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
            [0, 1].map(|half| self.avx._mm256_cmp_ps::<_CMP_GT_OQ>(a[half], b[half]))
        }

        #[inline(always)]
        fn both(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
            [0, 1].map(|half| self.avx._mm256_and_ps(a[half], b[half]))
        }

        #[inline(always)]
        fn select(self, mask: [__m256; 2], yes: [__m256; 2], no: [__m256; 2]) -> [__m256; 2] {
            [0, 1].map(|half| self.avx._mm256_blendv_ps(no[half], yes[half], mask[half]))
        }

        #[inline(always)]
        fn mask(self, bits: u32) -> [__m256; 2] {
            // Each lane tests its own bit.
            let bits = self.avx._mm256_set1_epi32(bits as i32);
            [0, 1].map(|half| {
                let own: __m256i = must_cast(OWN_BITS[half]);
                let has = self.avx2._mm256_and_si256(bits, own);
                must_cast(self.avx2._mm256_cmpeq_epi32(has, own))
            })
        }

        #[inline(always)]
        fn bits(self, mask: [__m256; 2]) -> u32 {
            let [low, high] = mask.map(|half| self.avx._mm256_movemask_ps(half) as u32);
            low | high << 8
        }

        #[inline(never)]
        fn apart<R>(self, work: impl FnOnce() -> R) -> R {
            self.vectorize(work)
        }

        #[inline(always)]
        fn sum(self, a: [__m256; 2]) -> f32 {
            sum_of_eight(self, self.avx._mm256_add_ps(a[0], a[1]))
        }
    }

    impl Isa<f32> for V4 {
        type Registers = __m512;
        type Mask = u16;

        #[inline(always)]
        fn load(self, lanes: &Lanes<f32>) -> __m512 {
            must_cast(*lanes)
        }

        #[inline(always)]
        fn store(self, registers: __m512) -> Lanes<f32> {
            must_cast(registers)
        }

        #[inline(always)]
        fn splat(self, value: f32) -> __m512 {
            self.avx512f._mm512_set1_ps(value)
        }

        #[inline(always)]
        fn add(self, a: __m512, b: __m512) -> __m512 {
            self.avx512f._mm512_add_ps(a, b)
        }

        #[inline(always)]
        fn sub(self, a: __m512, b: __m512) -> __m512 {
            self.avx512f._mm512_sub_ps(a, b)
        }

        #[inline(always)]
        fn mul(self, a: __m512, b: __m512) -> __m512 {
            self.avx512f._mm512_mul_ps(a, b)
        }

        #[inline(always)]
        fn mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
            self.avx512f._mm512_fmadd_ps(a, b, c)
        }

        #[inline(always)]
        fn div(self, a: __m512, b: __m512) -> __m512 {
            self.avx512f._mm512_div_ps(a, b)
        }

        #[inline(always)]
        fn sqrt(self, a: __m512) -> __m512 {
            self.avx512f._mm512_sqrt_ps(a)
        }

        #[inline(always)]
        fn at_least(self, a: __m512, b: __m512) -> u16 {
            self.avx512f._mm512_cmp_ps_mask::<_CMP_GE_OQ>(a, b)
        }

        #[inline(always)]
        fn above(self, a: __m512, b: __m512) -> u16 {
            self.avx512f._mm512_cmp_ps_mask::<_CMP_GT_OQ>(a, b)
        }

        #[inline(always)]
        fn both(self, a: u16, b: u16) -> u16 {
            a & b
        }

        #[inline(always)]
        fn select(self, mask: u16, yes: __m512, no: __m512) -> __m512 {
            self.avx512f._mm512_mask_blend_ps(mask, no, yes)
        }

        #[inline(always)]
        fn mask(self, bits: u32) -> u16 {
            bits as u16
        }

        #[inline(always)]
        fn bits(self, mask: u16) -> u32 {
            u32::from(mask)
        }

        #[inline(never)]
        fn apart<R>(self, work: impl FnOnce() -> R) -> R {
            self.vectorize(work)
        }

        #[inline(always)]
        fn sum(self, a: __m512) -> f32 {
            let [low, high]: [__m256; 2] = must_cast(a);
            sum_of_eight(*self, self.avx._mm256_add_ps(low, high))
        }
    }
}

#[cfg(all(test, any(target_arch = "x86", target_arch = "x86_64")))]
mod tests {
    use pulp::x86::{V3, V4};

    use super::*;

    /// Everything a walk can do with registers, from three sets of numbers.
    fn all_of<I: Isa<f32>>(isa: I, numbers: &[Lanes<f32>; 3]) -> (Vec<u32>, [u32; 4], u32) {
        let [a, b, c] = numbers.each_ref().map(|lanes| isa.load(lanes));
        let scaled = isa.mul(isa.splat(numbers[0][3]), b);
        let (at_least, above) = (isa.at_least(a, isa.mul(b, c)), isa.above(b, c));
        let results = [
            isa.add(a, b),
            isa.sub(a, b),
            isa.mul(a, b),
            isa.mul_add(a, b, c),
            scaled,
            isa.div(a, b),
            isa.sqrt(isa.mul(b, b)),
            isa.select(above, a, b),
            isa.select(isa.mask(0x80f3), a, b),
        ];
        let lanes = results.into_iter().flat_map(|result| isa.store(result));
        (
            lanes.map(f32::to_bits).collect(),
            [
                isa.bits(at_least),
                isa.bits(above),
                isa.bits(isa.both(at_least, above)),
                isa.bits(isa.mask(0x1234)),
            ],
            isa.sum(isa.mul_add(a, b, c)).to_bits(),
        )
    }

    #[test]
    fn every_width_computes_the_same_bits() {
        let wave = |phase: f32| std::array::from_fn(|lane| (lane as f32 * 1.7 + phase).sin());
        for phase in [0.1, 0.7, 3.3, 100.0] {
            let mut numbers = [wave(phase), wave(2.0 * phase), wave(3.0 * phase)];
            numbers[0][5] = f32::NEG_INFINITY;
            let expected = all_of(Portable::<true>, &numbers);
            if let Some(isa) = V3::try_new() {
                assert_eq!(all_of(isa, &numbers), expected, "AVX2");
            }
            if let Some(isa) = V4::try_new() {
                assert_eq!(all_of(isa, &numbers), expected, "AVX-512");
            }
        }
    }
}
