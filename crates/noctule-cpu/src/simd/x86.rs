//! [`Isa`] for AVX2 (two registers per block) and AVX-512 (one).

#[cfg(target_arch = "x86")]
use std::arch::x86::{__m128, __m256, __m256i, __m512, __m512i, _CMP_GE_OQ, _CMP_GT_OQ};
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m128, __m256, __m256i, __m512, __m512i, _CMP_GE_OQ, _CMP_GT_OQ};

use bytemuck::must_cast;
use pulp::x86::{V3, V4};

use crate::simd::isa::{Isa, gather_one_by_one};
use crate::simd::lanes::{LANES, Lanes};
use crate::simd::sorting_network;

/// The largest number of blocks from which AVX2 gathers by permutations in registers instead of single loads.
const MAX_GATHERED_BLOCKS: usize = 2;

/// The bit of each lane in a bit set, for the low and the high half of a block.
const OWN_BITS: [[u32; 8]; 2] = [
    [1, 2, 4, 8, 16, 32, 64, 128],
    [256, 512, 1024, 2048, 4096, 8192, 16384, 32768],
];

/// For each bit set of eight lanes, the indices of its lanes in ascending order, then zeros.
const COMPRESSED: [[u8; 8]; 256] = tables()[0];
/// For each bit set of eight lanes, the number of its lanes below each lane.
const EXPANDED: [[u8; 8]; 256] = tables()[1];

const fn tables() -> [[[u8; 8]; 256]; 2] {
    let mut tables = [[[0; 8]; 256]; 2];
    let mut set = 0;
    while set < 256 {
        let (mut lane, mut count) = (0, 0);
        while lane < 8 {
            tables[1][set][lane] = count as u8;
            if set >> lane & 1 == 1 {
                tables[0][set][count] = lane as u8;
                count += 1;
            }
            lane += 1;
        }
        set += 1;
    }
    tables
}

/// Indices of lanes, as a register of 32-bit integers.
#[inline(always)]
fn lanes_of(isa: V3, numbers: [u8; 8]) -> __m256i {
    isa.avx2._mm256_cvtepu8_epi32(must_cast([numbers, [0; 8]]))
}

/// The values of an expression for the low and the high half of a block. A closure might not be inlined, and would then
/// be compiled without the instruction set.
macro_rules! halves {
    ($half:ident => $value:expr) => {{
        let low = {
            let $half = 0;
            $value
        };
        let high = {
            let $half = 1;
            $value
        };
        [low, high]
    }};
}

/// The sum of eight numbers; the upper half is added to the lower half until one is left.
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
        halves!(half => self.avx._mm256_add_ps(a[half], b[half]))
    }

    #[inline(always)]
    fn sub(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        halves!(half => self.avx._mm256_sub_ps(a[half], b[half]))
    }

    #[inline(always)]
    fn mul(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        halves!(half => self.avx._mm256_mul_ps(a[half], b[half]))
    }

    #[inline(always)]
    fn mul_add(self, a: [__m256; 2], b: [__m256; 2], c: [__m256; 2]) -> [__m256; 2] {
        halves!(half => self.fma._mm256_fmadd_ps(a[half], b[half], c[half]))
    }

    #[inline(always)]
    fn div(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        halves!(half => self.avx._mm256_div_ps(a[half], b[half]))
    }

    #[inline(always)]
    fn sqrt(self, a: [__m256; 2]) -> [__m256; 2] {
        halves!(half => self.avx._mm256_sqrt_ps(a[half]))
    }

    #[inline(always)]
    fn ge(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        halves!(half => self.avx._mm256_cmp_ps::<_CMP_GE_OQ>(a[half], b[half]))
    }

    #[inline(always)]
    fn gt(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        halves!(half => self.avx._mm256_cmp_ps::<_CMP_GT_OQ>(a[half], b[half]))
    }

    #[inline(always)]
    fn and(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        halves!(half => self.avx._mm256_and_ps(a[half], b[half]))
    }

    #[inline(always)]
    fn select(self, mask: [__m256; 2], yes: [__m256; 2], no: [__m256; 2]) -> [__m256; 2] {
        halves!(half => self.avx._mm256_blendv_ps(no[half], yes[half], mask[half]))
    }

    #[inline(always)]
    fn mask(self, bits: u32) -> [__m256; 2] {
        // Each lane tests its own bit.
        let bits = self.avx._mm256_set1_epi32(bits as i32);
        halves!(half => {
            let own: __m256i = must_cast(OWN_BITS[half]);
            let has = self.avx2._mm256_and_si256(bits, own);
            must_cast(self.avx2._mm256_cmpeq_epi32(has, own))
        })
    }

    #[inline(always)]
    fn bits(self, mask: [__m256; 2]) -> u32 {
        let [low, high] = halves!(half => self.avx._mm256_movemask_ps(mask[half]) as u32);
        low | high << 8
    }

    #[inline(always)]
    fn occupied(self, numbers: &[u16; 32]) -> u32 {
        let numbers: [__m256i; 2] = must_cast(*numbers);
        let zero = self.avx._mm256_setzero_si256();
        let [low, high] = halves!(half => self.avx2._mm256_cmpeq_epi16(numbers[half], zero));
        // The packed bytes alternate between the two registers, eight from each.
        let empty = self.avx2._mm256_packs_epi16(low, high);
        let empty = self.avx2._mm256_permute4x64_epi64::<0b11_01_10_00>(empty);
        !self.avx2._mm256_movemask_epi8(empty) as u32
    }

    #[inline(always)]
    fn compress(self, mask: [__m256; 2], a: [__m256; 2], into: &mut Lanes<f32>) {
        let bits = halves!(half => self.avx._mm256_movemask_ps(mask[half]) as usize);
        let [low, high]: [[f32; 8]; 2] = halves!(half => {
            let lanes = lanes_of(self, COMPRESSED[bits[half]]);
            must_cast(self.avx2._mm256_permutevar8x32_ps(a[half], lanes))
        });
        into[..8].copy_from_slice(&low);
        into[bits[0].count_ones() as usize..][..8].copy_from_slice(&high);
    }

    #[inline(always)]
    fn expand(self, mask: [__m256; 2], from: &Lanes<f32>, others: [__m256; 2]) -> [__m256; 2] {
        let bits = halves!(half => self.avx._mm256_movemask_ps(mask[half]) as usize);
        let starts = [0, bits[0].count_ones() as usize];
        halves!(half => {
            let mut own = [0.0; 8];
            own.copy_from_slice(&from[starts[half]..][..8]);
            let lanes = lanes_of(self, EXPANDED[bits[half]]);
            let own = self.avx2._mm256_permutevar8x32_ps(must_cast(own), lanes);
            self.avx._mm256_blendv_ps(others[half], own, mask[half])
        })
    }

    #[inline(always)]
    fn gather(self, from: &[Lanes<f32>], positions: &Lanes<u32>) -> Lanes<f32> {
        debug_assert!(
            positions
                .iter()
                .all(|&position| (position as usize) < LANES * from.len())
        );
        if from.len() > MAX_GATHERED_BLOCKS {
            return gather_one_by_one(from, positions);
        }
        let positions: [__m256i; 2] = must_cast(*positions);
        let mut gathered = [self.avx._mm256_setzero_ps(); 2];
        // Each half of a source block supplies the lanes whose positions lie in it.
        for (number, lanes) in from.as_flattened().as_chunks().0.iter().enumerate() {
            let lanes: &[f32; 8] = lanes;
            let here = self.avx._mm256_set1_epi32(number as i32);
            gathered = halves!(half => {
                let there = self.avx2._mm256_srli_epi32::<3>(positions[half]);
                let own = self.avx2._mm256_cmpeq_epi32(there, here);
                let some = self.avx2._mm256_permutevar8x32_ps(must_cast(*lanes), positions[half]);
                self.avx._mm256_blendv_ps(gathered[half], some, must_cast(own))
            });
        }
        must_cast(gathered)
    }

    #[inline(always)]
    fn sort(self, blocks: &mut [Lanes<u32>]) {
        sorting_network::sort(self, blocks);
    }

    #[inline(never)]
    fn outlined<R>(self, work: impl FnOnce() -> R) -> R {
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
    fn ge(self, a: __m512, b: __m512) -> u16 {
        self.avx512f._mm512_cmp_ps_mask::<_CMP_GE_OQ>(a, b)
    }

    #[inline(always)]
    fn gt(self, a: __m512, b: __m512) -> u16 {
        self.avx512f._mm512_cmp_ps_mask::<_CMP_GT_OQ>(a, b)
    }

    #[inline(always)]
    fn and(self, a: u16, b: u16) -> u16 {
        a & b
    }

    #[inline(always)]
    fn select(self, mask: u16, yes: __m512, no: __m512) -> __m512 {
        self.avx512f._mm512_mask_blend_ps(mask, no, yes)
    }

    #[inline(always)]
    fn occupied(self, numbers: &[u16; 32]) -> u32 {
        let numbers: __m512i = must_cast(*numbers);
        self.avx512bw._mm512_test_epi16_mask(numbers, numbers)
    }

    #[inline(always)]
    fn compress(self, mask: u16, a: __m512, into: &mut Lanes<f32>) {
        *into = must_cast(self.avx512f._mm512_maskz_compress_ps(mask, a));
    }

    #[inline(always)]
    fn expand(self, mask: u16, from: &Lanes<f32>, others: __m512) -> __m512 {
        let from = must_cast(*from);
        self.avx512f._mm512_mask_expand_ps(others, mask, from)
    }

    #[inline(always)]
    fn gather(self, from: &[Lanes<f32>], positions: &Lanes<u32>) -> Lanes<f32> {
        debug_assert!(
            positions
                .iter()
                .all(|&position| (position as usize) < LANES * from.len())
        );
        let lanes = must_cast(*positions);
        match from {
            [block] => must_cast(self.avx512f._mm512_permutexvar_ps(lanes, must_cast(*block))),
            [first, second] => {
                let (first, second) = (must_cast(*first), must_cast(*second));
                must_cast(self.avx512f._mm512_permutex2var_ps(first, lanes, second))
            }
            _ => gather_one_by_one(from, positions),
        }
    }

    #[inline(always)]
    fn sort(self, blocks: &mut [Lanes<u32>]) {
        sorting_network::sort(self, blocks);
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
    fn outlined<R>(self, work: impl FnOnce() -> R) -> R {
        self.vectorize(work)
    }

    #[inline(always)]
    fn sum(self, a: __m512) -> f32 {
        let [low, high]: [__m256; 2] = must_cast(a);
        sum_of_eight(*self, self.avx._mm256_add_ps(low, high))
    }
}
