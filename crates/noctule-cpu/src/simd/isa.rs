//! The operations on a block of sixteen neurons, over the registers of an instruction set.
//!
//! The passes are written once, over an [`Isa`]. A block is one register of AVX-512, two of AVX2, or an array that the
//! compiler vectorises. Only [`Isa::sum`] combines different lanes, and it adds in the same order everywhere, so the
//! width of the registers does not change a bit. Only instruction sets without fused multiply-add give other bits,
//! because they round products before the addition.

use noctule_core::Real;

use crate::simd::lanes::{LANES, Lanes};

/// An instruction set that computes with sixteen numbers of type `T`.
pub(crate) trait Isa<T>: Copy {
    /// One number per lane, in registers.
    type Registers: Copy;
    /// One truth value per lane.
    type Mask: Copy;

    fn load(self, lanes: &Lanes<T>) -> Self::Registers;
    fn store(self, registers: Self::Registers) -> Lanes<T>;
    fn splat(self, value: T) -> Self::Registers;
    fn add(self, a: Self::Registers, b: Self::Registers) -> Self::Registers;
    fn sub(self, a: Self::Registers, b: Self::Registers) -> Self::Registers;
    fn mul(self, a: Self::Registers, b: Self::Registers) -> Self::Registers;
    /// `a b + c`, rounded once if the instruction set has a fused multiply-add.
    fn mul_add(self, a: Self::Registers, b: Self::Registers, c: Self::Registers)
    -> Self::Registers;
    fn div(self, a: Self::Registers, b: Self::Registers) -> Self::Registers;
    fn sqrt(self, a: Self::Registers) -> Self::Registers;
    /// Where `a >= b`.
    fn ge(self, a: Self::Registers, b: Self::Registers) -> Self::Mask;
    /// Where `a > b`.
    fn gt(self, a: Self::Registers, b: Self::Registers) -> Self::Mask;
    fn and(self, a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// `yes` where the mask is set, `no` elsewhere.
    fn select(self, mask: Self::Mask, yes: Self::Registers, no: Self::Registers)
    -> Self::Registers;
    /// The mask of the lanes whose bits are set.
    fn mask(self, bits: u32) -> Self::Mask;
    /// The bit set of the lanes where the mask is set.
    fn bits(self, mask: Self::Mask) -> u32;
    /// The bit set of the numbers that are not 0.
    #[inline(always)]
    fn occupied(self, numbers: &[u16; 2 * LANES]) -> u32 {
        let numbers = numbers.iter().enumerate();
        numbers.fold(0, |bits, (index, &number)| {
            bits | u32::from(number != 0) << index
        })
    }
    /// Writes the lanes where the mask is set to the front of `into`, in order. The rest of `into` is unspecified.
    #[inline(always)]
    fn compress(self, mask: Self::Mask, a: Self::Registers, into: &mut Lanes<T>)
    where
        T: Copy,
    {
        let lanes = self.store(a);
        let mut bits = self.bits(mask);
        let mut count = 0;
        while bits != 0 {
            into[count] = lanes[bits.trailing_zeros() as usize];
            bits &= bits - 1;
            count += 1;
        }
    }
    /// The inverse of [`Isa::compress`]: the first numbers of `from`, in order, where the mask is set, `others`
    /// elsewhere.
    #[inline(always)]
    fn expand(self, mask: Self::Mask, from: &Lanes<T>, others: Self::Registers) -> Self::Registers
    where
        T: Copy,
    {
        let mut expanded = self.store(others);
        let mut bits = self.bits(mask);
        let mut count = 0;
        while bits != 0 {
            expanded[bits.trailing_zeros() as usize] = from[count];
            bits &= bits - 1;
            count += 1;
        }
        self.load(&expanded)
    }
    /// The numbers of `from` at 16 positions, each of which must be below `16 * from.len()`.
    #[inline(always)]
    fn gather(self, from: &[Lanes<T>], positions: &Lanes<u32>) -> Lanes<T>
    where
        T: Copy,
    {
        gather_one_by_one(from, positions)
    }
    /// The sum over the lanes: the upper half is added to the lower half until one lane is left.
    fn sum(self, a: Self::Registers) -> T;
    /// Sorts all numbers of `blocks` in ascending order, across blocks.
    #[inline(always)]
    fn sort(self, blocks: &mut [Lanes<u32>]) {
        blocks.as_flattened_mut().sort_unstable();
    }
    /// Runs `work` in a separate function, so that it takes no registers from the loop around it.
    #[inline(always)]
    fn outlined<R>(self, work: impl FnOnce() -> R) -> R {
        work()
    }
}

/// [`Isa::gather`], one lane at a time.
#[inline(always)]
pub(crate) fn gather_one_by_one<T: Copy>(from: &[Lanes<T>], positions: &Lanes<u32>) -> Lanes<T> {
    let numbers = from.as_flattened();
    positions.map(
        #[inline(always)]
        |position| numbers[position as usize],
    )
}

/// Arrays, which the compiler may vectorise. `FUSED` tells whether the instruction set has a fused multiply-add.
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
    fn ge(self, a: Lanes<T>, b: Lanes<T>) -> [bool; LANES] {
        std::array::from_fn(|lane| a[lane] >= b[lane])
    }

    #[inline(always)]
    fn gt(self, a: Lanes<T>, b: Lanes<T>) -> [bool; LANES] {
        std::array::from_fn(|lane| a[lane] > b[lane])
    }

    #[inline(always)]
    fn and(self, a: [bool; LANES], b: [bool; LANES]) -> [bool; LANES] {
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
        // Nearly always the mask is empty, and this test stays in vector registers.
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

#[cfg(all(test, any(target_arch = "x86", target_arch = "x86_64")))]
mod tests {
    use pulp::x86::{V3, V4};

    use super::*;

    /// The results of all operations on three blocks of numbers.
    fn all_of<I: Isa<f32>>(isa: I, numbers: &[Lanes<f32>; 3]) -> (Vec<u32>, [u32; 5], u32) {
        let [a, b, c] = numbers.each_ref().map(|lanes| isa.load(lanes));
        let scaled = isa.mul(isa.splat(numbers[0][3]), b);
        let (ge, above) = (isa.ge(a, isa.mul(b, c)), isa.gt(b, c));
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
                isa.bits(ge),
                isa.bits(above),
                isa.bits(isa.and(ge, above)),
                isa.bits(isa.mask(0x1234)),
                isa.occupied(&std::array::from_fn(|index| {
                    (index % 3 * (index + 0x8000)) as u16
                })),
            ],
            isa.sum(isa.mul_add(a, b, c)).to_bits(),
        )
    }

    /// The result of `compress`, without its unspecified rest, and that of `expand`.
    fn compressed_and_expanded<I: Isa<f32>>(
        isa: I,
        bits: u32,
        lanes: &[Lanes<f32>; 2],
    ) -> (Vec<f32>, Lanes<f32>) {
        let [a, b] = lanes.each_ref().map(|lanes| isa.load(lanes));
        let mut compressed = [0.0; LANES];
        isa.compress(isa.mask(bits), a, &mut compressed);
        let compressed = compressed[..bits.count_ones() as usize].to_vec();
        (
            compressed,
            isa.store(isa.expand(isa.mask(bits), &lanes[0], b)),
        )
    }

    #[test]
    fn every_width_compresses_the_same_lanes() {
        let lanes = [0.0, 100.0].map(|first| std::array::from_fn(|lane| first + lane as f32));
        for bits in (0..1 << LANES).step_by(7).chain([0xffff]) {
            let expected = compressed_and_expanded(Portable::<false>, bits, &lanes);
            if let Some(isa) = V3::try_new() {
                assert_eq!(
                    isa.vectorize(|| compressed_and_expanded(isa, bits, &lanes)),
                    expected
                );
            }
            if let Some(isa) = V4::try_new() {
                assert_eq!(
                    isa.vectorize(|| compressed_and_expanded(isa, bits, &lanes)),
                    expected
                );
            }
        }
    }

    #[test]
    fn every_width_gathers_the_same_numbers() {
        let numbers: [Lanes<f32>; 3] =
            std::array::from_fn(|block| std::array::from_fn(|lane| (block * LANES + lane) as f32));
        let strides = [1, 3, 5, 7, 11, 23];
        for (blocks, stride) in (1..=3).flat_map(|blocks| strides.map(|stride| (blocks, stride))) {
            let from = &numbers[..blocks];
            for start in 0..blocks * LANES {
                let position = |lane| (start + lane * stride) % (blocks * LANES);
                let positions = std::array::from_fn(|lane| position(lane) as u32);
                let expected = positions.map(|position| position as f32);
                assert_eq!(Portable::<false>.gather(from, &positions), expected);
                if let Some(isa) = V3::try_new() {
                    let gathered = isa.vectorize(|| isa.gather(from, &positions));
                    assert_eq!(gathered, expected, "AVX2");
                }
                if let Some(isa) = V4::try_new() {
                    let gathered = isa.vectorize(|| isa.gather(from, &positions));
                    assert_eq!(gathered, expected, "AVX-512");
                }
            }
        }
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
