//! A group of blocks that run through the same events together, so that the latencies of one block's instructions are
//! hidden by those of the others.
//!
//! All arithmetic of a pass goes through [`Group`], which applies each operation to all of its blocks. Lane `l` of the
//! group is lane `l % 16` of block `l / 16`.

use std::array::from_fn;
use std::marker::PhantomData;

use crate::simd::isa::Isa;
use crate::simd::lanes::Lanes;

/// The largest number of blocks in a group. A bit set of their lanes must fit in 64 bits, and registers are few.
pub(crate) const MAX_BLOCKS: usize = 3;

/// `N` blocks of numbers of type `T`, in the registers of an instruction set.
pub(crate) struct Group<T, I, const N: usize> {
    isa: I,
    number: PhantomData<T>,
}

// Not derived, because a derived `Clone` would require `T: Clone`.
impl<T, I: Copy, const N: usize> Clone for Group<T, I, N> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, I: Copy, const N: usize> Copy for Group<T, I, N> {}

/// One number per lane of a group, in registers.
pub(crate) type Registers<T, I, const N: usize> = [<I as Isa<T>>::Registers; N];
/// One number per lane of a group, in memory.
pub(crate) type Memory<T, const N: usize> = [Lanes<T>; N];
/// One truth value per lane of a group.
pub(crate) type Mask<T, I, const N: usize> = [<I as Isa<T>>::Mask; N];

impl<T: Copy, I: Isa<T>, const N: usize> Group<T, I, N> {
    #[inline(always)]
    pub fn new(isa: I) -> Self {
        Self {
            isa,
            number: PhantomData,
        }
    }

    #[inline(always)]
    pub fn load(self, lanes: &Memory<T, N>) -> Registers<T, I, N> {
        from_fn(
            #[inline(always)]
            |n| self.isa.load(&lanes[n]),
        )
    }

    /// Splits a list `[N][rows][LANES]` into the rows of each block.
    #[inline(always)]
    pub fn rows(self, lanes: &[Lanes<T>]) -> [&[Lanes<T>]; N] {
        let rows = lanes.len() / N;
        from_fn(
            #[inline(always)]
            |n| &lanes[n * rows..][..rows],
        )
    }

    /// As [`rows`](Self::rows), mutably.
    #[inline(always)]
    pub fn rows_mut(self, mut lanes: &mut [Lanes<T>]) -> [&mut [Lanes<T>]; N] {
        let rows = lanes.len() / N;
        from_fn(
            #[inline(always)]
            |_| {
                let (own, others) = std::mem::take(&mut lanes).split_at_mut(rows);
                lanes = others;
                own
            },
        )
    }

    /// Loads row `row` of each block.
    #[inline(always)]
    pub fn load_row(self, rows: &[&[Lanes<T>]; N], row: usize) -> Registers<T, I, N> {
        from_fn(
            #[inline(always)]
            |n| self.isa.load(&rows[n][row]),
        )
    }

    /// Subtracts `values` from row `row` of each block.
    #[inline(always)]
    pub fn sub_from_row(
        self,
        rows: &mut [&mut [Lanes<T>]; N],
        row: usize,
        values: Registers<T, I, N>,
    ) {
        for (rows, value) in rows.iter_mut().zip(values) {
            let row = &mut rows[row];
            *row = self.isa.store(self.isa.sub(self.isa.load(row), value));
        }
    }

    #[inline(always)]
    pub fn store(self, registers: Registers<T, I, N>) -> Memory<T, N> {
        registers.map(
            #[inline(always)]
            |block| self.isa.store(block),
        )
    }

    #[inline(always)]
    pub fn splat(self, value: T) -> Registers<T, I, N> {
        [self.isa.splat(value); N]
    }

    #[inline(always)]
    pub fn add(self, a: Registers<T, I, N>, b: Registers<T, I, N>) -> Registers<T, I, N> {
        from_fn(
            #[inline(always)]
            |n| self.isa.add(a[n], b[n]),
        )
    }

    #[inline(always)]
    pub fn sub(self, a: Registers<T, I, N>, b: Registers<T, I, N>) -> Registers<T, I, N> {
        from_fn(
            #[inline(always)]
            |n| self.isa.sub(a[n], b[n]),
        )
    }

    #[inline(always)]
    pub fn mul(self, a: Registers<T, I, N>, b: Registers<T, I, N>) -> Registers<T, I, N> {
        from_fn(
            #[inline(always)]
            |n| self.isa.mul(a[n], b[n]),
        )
    }

    /// `a b + c`.
    #[inline(always)]
    pub fn mul_add(
        self,
        a: Registers<T, I, N>,
        b: Registers<T, I, N>,
        c: Registers<T, I, N>,
    ) -> Registers<T, I, N> {
        from_fn(
            #[inline(always)]
            |n| self.isa.mul_add(a[n], b[n], c[n]),
        )
    }

    #[inline(always)]
    pub fn div(self, a: Registers<T, I, N>, b: Registers<T, I, N>) -> Registers<T, I, N> {
        from_fn(
            #[inline(always)]
            |n| self.isa.div(a[n], b[n]),
        )
    }

    #[inline(always)]
    pub fn sqrt(self, a: Registers<T, I, N>) -> Registers<T, I, N> {
        a.map(
            #[inline(always)]
            |block| self.isa.sqrt(block),
        )
    }

    /// Where `a >= b`.
    #[inline(always)]
    pub fn ge(self, a: Registers<T, I, N>, b: Registers<T, I, N>) -> Mask<T, I, N> {
        from_fn(
            #[inline(always)]
            |n| self.isa.ge(a[n], b[n]),
        )
    }

    /// Where `a > b`.
    #[inline(always)]
    pub fn gt(self, a: Registers<T, I, N>, b: Registers<T, I, N>) -> Mask<T, I, N> {
        from_fn(
            #[inline(always)]
            |n| self.isa.gt(a[n], b[n]),
        )
    }

    #[inline(always)]
    pub fn and(self, a: Mask<T, I, N>, b: Mask<T, I, N>) -> Mask<T, I, N> {
        from_fn(
            #[inline(always)]
            |n| self.isa.and(a[n], b[n]),
        )
    }

    /// `yes` where the mask is set, `no` elsewhere.
    #[inline(always)]
    pub fn select(
        self,
        mask: Mask<T, I, N>,
        yes: Registers<T, I, N>,
        no: Registers<T, I, N>,
    ) -> Registers<T, I, N> {
        from_fn(
            #[inline(always)]
            |n| self.isa.select(mask[n], yes[n], no[n]),
        )
    }

    /// The mask of the lanes whose bits are set.
    #[inline(always)]
    pub fn mask(self, bits: u64) -> Mask<T, I, N> {
        // A loop, because the compiler does not inline `from_fn` here, and only inlined code is compiled for the
        // instruction set.
        let mut mask = [self.isa.mask(0); N];
        for (n, mask) in mask.iter_mut().enumerate() {
            *mask = self.isa.mask((bits >> (16 * n)) as u32 & 0xffff);
        }
        mask
    }

    /// The bit set of the lanes where the mask is set.
    #[inline(always)]
    pub fn bits(self, mask: Mask<T, I, N>) -> u64 {
        let mut bits = 0;
        for (n, block) in mask.into_iter().enumerate() {
            bits |= u64::from(self.isa.bits(block)) << (16 * n);
        }
        bits
    }

    /// The sum over all lanes: blocks are added first, then the lanes of the result.
    #[inline(always)]
    pub fn sum(self, a: Registers<T, I, N>) -> T {
        let mut sum = a[0];
        for &block in &a[1..] {
            sum = self.isa.add(sum, block);
        }
        self.isa.sum(sum)
    }

    /// Runs `work` in a separate function; see [`Isa::outlined`].
    #[inline(always)]
    pub fn outlined<R>(self, work: impl FnOnce() -> R) -> R {
        self.isa.outlined(work)
    }
}
