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

    fn load(self, lanes: &Lanes<T>) -> Self::Registers;
    fn store(self, registers: Self::Registers) -> Lanes<T>;
    fn splat(self, value: T) -> Self::Registers;
    fn sub(self, a: Self::Registers, b: Self::Registers) -> Self::Registers;
    fn mul(self, a: Self::Registers, b: Self::Registers) -> Self::Registers;
    /// `a b + c`, in one rounding where the instruction set has it.
    fn mul_add(self, a: Self::Registers, b: Self::Registers, c: Self::Registers)
    -> Self::Registers;
    /// A bit for each lane in which `a >= b`.
    fn at_least(self, a: Self::Registers, b: Self::Registers) -> u32;
    /// The sum over the lanes: the upper half is added to the lower, again and again.
    fn sum(self, a: Self::Registers) -> T;
}

/// No particular instructions: arrays, which the compiler may vectorise. `FUSED` says whether a fused multiply-add is one
/// instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portable<const FUSED: bool>;

impl<const FUSED: bool, T: Real> Isa<T> for Portable<FUSED> {
    type Registers = Lanes<T>;

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
    fn at_least(self, a: Lanes<T>, b: Lanes<T>) -> u32 {
        // Nearly always none is: that is found out without leaving the vectors.
        if !a.iter().zip(&b).fold(false, |any, (a, b)| any | (a >= b)) {
            return 0;
        }
        let bits = a.iter().zip(&b).enumerate();
        bits.fold(0, |bits, (lane, (a, b))| bits | u32::from(a >= b) << lane)
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
    use std::arch::x86::{__m128, __m256, __m512, _CMP_GE_OQ};
    #[cfg(target_arch = "x86_64")]
    use std::arch::x86_64::{__m128, __m256, __m512, _CMP_GE_OQ};

    use bytemuck::must_cast;
    use pulp::x86::{V3, V4};

    use super::{Isa, Lanes};

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
        fn at_least(self, a: [__m256; 2], b: [__m256; 2]) -> u32 {
            let bits = |half: usize| {
                let mask = self.avx._mm256_cmp_ps::<_CMP_GE_OQ>(a[half], b[half]);
                self.avx._mm256_movemask_ps(mask) as u32
            };
            bits(0) | bits(1) << 8
        }

        #[inline(always)]
        fn sum(self, a: [__m256; 2]) -> f32 {
            sum_of_eight(self, self.avx._mm256_add_ps(a[0], a[1]))
        }
    }

    impl Isa<f32> for V4 {
        type Registers = __m512;

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
        fn at_least(self, a: __m512, b: __m512) -> u32 {
            u32::from(self.avx512f._mm512_cmp_ps_mask::<_CMP_GE_OQ>(a, b))
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
    fn all_of<I: Isa<f32>>(isa: I, numbers: &[Lanes<f32>; 3]) -> (Vec<u32>, u32, u32) {
        let [a, b, c] = numbers.each_ref().map(|lanes| isa.load(lanes));
        let scaled = isa.mul(isa.splat(numbers[0][3]), b);
        let results = [isa.sub(a, b), isa.mul(a, b), isa.mul_add(a, b, c), scaled];
        let lanes = results.into_iter().flat_map(|result| isa.store(result));
        (
            lanes.map(f32::to_bits).collect(),
            isa.at_least(a, isa.mul(b, c)),
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
