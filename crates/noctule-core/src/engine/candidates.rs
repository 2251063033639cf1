//! The neurons of a layer that may spike: sixteen bits for each block, and which blocks have any.

use super::LANES;
use super::lanes::Isa;

/// Blocks in a word.
const BITS: usize = 2 * LANES;

/// Some neurons of a layer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Candidates {
    /// The neurons of each block; behind the last block there are none. Shape `[words][BITS]`.
    neurons: Vec<[u16; BITS]>,
    /// The blocks that have some, the first of each word its lowest bit; not up to date before [`Candidates::look`].
    words: Vec<u32>,
}

impl Candidates {
    /// Becomes the empty set, for a layer of so many blocks.
    pub fn begin(&mut self, blocks: usize) {
        let words = blocks.div_ceil(BITS);
        self.neurons.clear();
        self.neurons.resize(words, [0; BITS]);
        self.words.clear();
        self.words.resize(words, 0);
    }

    /// The neurons of each of so many blocks, to be written; [`Candidates::look`] must follow.
    #[inline(always)]
    pub fn of_blocks(&mut self, blocks: usize) -> &mut [u16] {
        &mut self.neurons.as_flattened_mut()[..blocks]
    }

    /// The neurons of a block.
    #[inline(always)]
    pub fn of_block(&self, block: usize) -> u32 {
        u32::from(self.neurons.as_flattened()[block])
    }

    /// Finds the blocks that have some; returns whether there are any.
    #[inline(always)]
    pub fn look<T, I: Isa<T>>(&mut self, isa: I) -> bool {
        let mut any = 0;
        for (word, neurons) in self.words.iter_mut().zip(&self.neurons) {
            *word = isa.occupied(neurons);
            any |= *word;
        }
        any != 0
    }

    /// The numbers of the blocks that have some, ascending.
    #[inline(always)]
    pub fn blocks(&self) -> Blocks<'_> {
        Blocks {
            words: &self.words,
            left: self.words.first().copied().unwrap_or(0),
            first: 0,
        }
    }
}

/// See [`Candidates::blocks`].
pub(crate) struct Blocks<'a> {
    /// From the word on that is being read.
    words: &'a [u32],
    /// What is left of it, and the number of its first block.
    left: u32,
    first: usize,
}

impl Iterator for Blocks<'_> {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        while self.left == 0 {
            self.words = self.words.get(1..)?;
            self.left = *self.words.first()?;
            self.first += BITS;
        }
        let bit = self.left.trailing_zeros() as usize;
        self.left &= self.left - 1;
        Some(self.first + bit)
    }
}

#[cfg(test)]
mod tests {
    use super::super::lanes::Portable;
    use super::*;

    fn look(candidates: &mut Candidates) -> bool {
        candidates.look::<f32, _>(Portable::<false>)
    }

    #[test]
    fn blocks_are_found_in_every_word() {
        let mut candidates = Candidates::default();
        candidates.begin(200);
        assert!(!look(&mut candidates) && candidates.blocks().next().is_none());
        let chosen = [0, 5, 31, 32, 63, 64, 130, 199];
        for (block, neurons) in candidates.of_blocks(200).iter_mut().enumerate() {
            *neurons = u16::from(chosen.contains(&block)) << 15;
        }
        assert!(look(&mut candidates));
        assert_eq!(candidates.blocks().collect::<Vec<_>>(), chosen);
        assert_eq!([5, 6].map(|block| candidates.of_block(block)), [1 << 15, 0]);
    }
}
