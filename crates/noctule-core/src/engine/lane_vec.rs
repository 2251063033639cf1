//! Blocks in memory, none of them across two cache lines.
//!
//! A block of `f32` is just one line long. Allocators start long lists 16 bytes after a line does, so that each block of a plain
//! `Vec` would lie in two, and loads and stores of it would touch both: training took 3 to 20 % longer.

use std::ops::{Deref, DerefMut};

use aligned_vec::{AVec, ConstAlign};

use super::{LANES, Lanes};
use crate::Real;

/// Bytes of a cache line.
pub(crate) const LINE: usize = 64;

/// A list of blocks that starts where a cache line does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LaneVec<T>(AVec<Lanes<T>, ConstAlign<LINE>>);

impl<T> Default for LaneVec<T> {
    fn default() -> Self {
        Self(AVec::new(LINE))
    }
}

impl<T: Real> LaneVec<T> {
    /// So many blocks of zeros.
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

    /// The numbers from one on that are as many as a block has.
    ///
    /// # Panics
    /// If there are not so many.
    #[inline(always)]
    pub fn at(&self, number: usize) -> &Lanes<T> {
        let rest = &self.0.as_flattened()[number..];
        rest.first_chunk().expect("a block's worth of numbers")
    }

    /// The same, to be changed.
    ///
    /// # Panics
    /// If there are not so many.
    #[inline(always)]
    pub fn at_mut(&mut self, number: usize) -> &mut Lanes<T> {
        let rest = &mut self.0.as_flattened_mut()[number..];
        rest.first_chunk_mut().expect("a block's worth of numbers")
    }

    /// So many blocks' worth of numbers, from one on.
    ///
    /// # Panics
    /// If there are not so many.
    #[inline(always)]
    pub fn blocks_at(&self, number: usize, blocks: usize) -> &[Lanes<T>] {
        let numbers = &self.0.as_flattened()[number..number + blocks * LANES];
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
    fn lists_start_where_a_cache_line_does() {
        let mut list = LaneVec::<f32>::default();
        for blocks in [1, 3, 1000, 100_000] {
            list.resize(blocks, [1.0; LANES]);
            assert_eq!(list.as_ptr().addr() % LINE, 0);
            assert!(list.iter().all(|block| *block == [1.0; LANES]));
            assert_eq!(list.clone().as_ptr().addr() % LINE, 0);
        }
        assert_eq!(LaneVec::<f64>::zeros(5).as_ptr().addr() % LINE, 0);
    }
}
