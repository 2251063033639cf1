//! A block of neurons in the registers of an instruction set.
//!
//! The walks are written once, over an [`Isa`]: sixteen lanes are one register of AVX-512, two of AVX2, or an array that
//! the compiler vectorises as it can. No arithmetic mixes lanes but [`Isa::sum`], which adds in the same order everywhere, so
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
    /// A bit for each of the numbers, where it is not 0.
    #[inline(always)]
    fn occupied(self, numbers: &[u16; 2 * LANES]) -> u32 {
        let numbers = numbers.iter().enumerate();
        numbers.fold(0, |bits, (place, &number)| {
            bits | u32::from(number != 0) << place
        })
    }
    /// Writes the lanes that the mask has to the first places; anything behind them.
    #[inline(always)]
    fn pack(self, mask: Self::Mask, a: Self::Registers, into: &mut Lanes<T>)
    where
        T: Copy,
    {
        let lanes = self.store(a);
        let mut bits = self.bits(mask);
        let mut place = 0;
        while bits != 0 {
            into[place] = lanes[bits.trailing_zeros() as usize];
            bits &= bits - 1;
            place += 1;
        }
    }
    /// The reverse of [`Isa::pack`]: the first numbers in the places that the mask has, `others` elsewhere.
    #[inline(always)]
    fn unpack(self, mask: Self::Mask, from: &Lanes<T>, others: Self::Registers) -> Self::Registers
    where
        T: Copy,
    {
        let mut unpacked = self.store(others);
        let mut bits = self.bits(mask);
        let mut place = 0;
        while bits != 0 {
            unpacked[bits.trailing_zeros() as usize] = from[place];
            bits &= bits - 1;
            place += 1;
        }
        self.load(&unpacked)
    }
    /// The numbers at some positions, all of which must be among those of all blocks.
    #[inline(always)]
    fn gather(self, from: &[Lanes<T>], positions: &Lanes<u32>) -> Lanes<T>
    where
        T: Copy,
    {
        gather_one_by_one(from, positions)
    }
    /// The sum over the lanes: the upper half is added to the lower, again and again.
    fn sum(self, a: Self::Registers) -> T;
    /// Sorts all numbers of `blocks`.
    #[inline(always)]
    fn sort(self, blocks: &mut [Lanes<u32>]) {
        blocks.as_flattened_mut().sort_unstable();
    }
    /// Does work in a function of its own, so that a loop that seldom needs it has the registers for itself.
    #[inline(always)]
    fn apart<R>(self, work: impl FnOnce() -> R) -> R {
        work()
    }
}

/// [`Isa::gather`] for any number of blocks.
#[inline(always)]
fn gather_one_by_one<T: Copy>(from: &[Lanes<T>], positions: &Lanes<u32>) -> Lanes<T> {
    let numbers = from.as_flattened();
    positions.map(
        #[inline(always)]
        |position| numbers[position as usize],
    )
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
mod exchange;
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
mod network;
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
mod x86;

#[cfg(all(test, any(target_arch = "x86", target_arch = "x86_64")))]
mod tests {
    use pulp::x86::{V3, V4};

    use super::*;

    /// Everything a walk can do with registers, from three sets of numbers.
    fn all_of<I: Isa<f32>>(isa: I, numbers: &[Lanes<f32>; 3]) -> (Vec<u32>, [u32; 5], u32) {
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
                isa.occupied(&std::array::from_fn(|place| {
                    (place % 3 * (place + 0x8000)) as u16
                })),
            ],
            isa.sum(isa.mul_add(a, b, c)).to_bits(),
        )
    }

    /// What is packed, without what is behind it, and unpacked again for other lanes.
    fn packed<I: Isa<f32>>(isa: I, bits: u32, lanes: &[Lanes<f32>; 2]) -> (Vec<f32>, Lanes<f32>) {
        let [a, b] = lanes.each_ref().map(|lanes| isa.load(lanes));
        let mut packed = [0.0; LANES];
        isa.pack(isa.mask(bits), a, &mut packed);
        let packed = packed[..bits.count_ones() as usize].to_vec();
        (packed, isa.store(isa.unpack(isa.mask(bits), &lanes[0], b)))
    }

    #[test]
    fn every_width_packs_the_same_lanes() {
        let lanes = [0.0, 100.0].map(|first| std::array::from_fn(|lane| first + lane as f32));
        for bits in (0..1 << LANES).step_by(7).chain([0xffff]) {
            let expected = packed(Portable::<false>, bits, &lanes);
            if let Some(isa) = V3::try_new() {
                assert_eq!(isa.vectorize(|| packed(isa, bits, &lanes)), expected);
            }
            if let Some(isa) = V4::try_new() {
                assert_eq!(isa.vectorize(|| packed(isa, bits, &lanes)), expected);
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
