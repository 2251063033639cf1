//! [`LaneVec`]: a vector of blocks that is aligned to cache lines.
//!
//! A block of `f32` fills one cache line. Allocators place long vectors 16 bytes after the start of a line, so each
//! block of a plain `Vec` would straddle two lines, and every load and store would touch both. Training took 3 to 20 %
//! longer with it.

use std::ops::{Deref, DerefMut};

use aligned_vec::{AVec, ConstAlign};
use noctule_core::Real;

use crate::simd::lanes::{LANES, Lanes};

/// Bytes in a cache line.
pub(crate) const CACHE_LINE: usize = 64;

/// A vector of blocks that starts at a cache line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LaneVec<T>(AVec<Lanes<T>, ConstAlign<CACHE_LINE>>);

impl<T> Default for LaneVec<T> {
    fn default() -> Self {
        Self(AVec::new(CACHE_LINE))
    }
}

impl<T: Real> LaneVec<T> {
    /// `blocks` blocks of zeros.
    pub fn zeros(blocks: usize) -> Self {
        let mut list = Self::default();
        list.resize(blocks, [T::zero(); LANES]);
        list
    }
}

impl<T: Copy> LaneVec<T> {
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The [`LANES`] numbers from index `start` on; a block need not start there.
    ///
    /// # Panics
    /// If fewer numbers are left.
    #[inline(always)]
    pub fn at(&self, start: usize) -> &Lanes<T> {
        let rest = &self.0.as_flattened()[start..];
        rest.first_chunk().expect("a block's worth of numbers")
    }

    /// As [`at`](Self::at), mutably.
    ///
    /// # Panics
    /// If fewer numbers are left.
    #[inline(always)]
    pub fn at_mut(&mut self, start: usize) -> &mut Lanes<T> {
        let rest = &mut self.0.as_flattened_mut()[start..];
        rest.first_chunk_mut().expect("a block's worth of numbers")
    }

    /// The `blocks * LANES` numbers from index `start` on.
    ///
    /// # Panics
    /// If fewer numbers are left.
    #[inline(always)]
    pub fn blocks_at(&self, start: usize, blocks: usize) -> &[Lanes<T>] {
        let numbers = &self.0.as_flattened()[start..start + blocks * LANES];
        numbers.as_chunks().0
    }

    /// As [`Vec::resize`].
    pub fn resize(&mut self, blocks: usize, value: Lanes<T>) {
        self.0.resize(blocks, value);
    }
}

impl<T> Deref for LaneVec<T> {
    type Target = [Lanes<T>];

    fn deref(&self) -> &[Lanes<T>] {
        &self.0
    }
}

impl<T> DerefMut for LaneVec<T> {
    fn deref_mut(&mut self) -> &mut [Lanes<T>] {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_start_at_a_cache_line() {
        let mut list = LaneVec::<f32>::default();
        for blocks in [1, 3, 1000, 100_000] {
            list.resize(blocks, [1.0; LANES]);
            assert_eq!(list.as_ptr().addr() % CACHE_LINE, 0);
            assert!(list.iter().all(|block| *block == [1.0; LANES]));
            assert_eq!(list.clone().as_ptr().addr() % CACHE_LINE, 0);
        }
        assert_eq!(LaneVec::<f64>::zeros(5).as_ptr().addr() % CACHE_LINE, 0);
    }
}
