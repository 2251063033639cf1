//! [`Candidates`]: the neurons of a wide layer that may spike in an interval, as bit sets.

use crate::simd::isa::Isa;
use crate::simd::lanes::LANES;

/// Blocks per word of the bit set of blocks.
const BLOCKS_PER_WORD: usize = 2 * LANES;

/// A set of neurons of a layer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Candidates {
    /// The neurons of each block as a bit set; 0 behind the last block. Shape `[words][BLOCKS_PER_WORD]`.
    neurons: Vec<[u16; BLOCKS_PER_WORD]>,
    /// The bit set of the blocks with at least one neuron, the lowest bit first; set by [`Candidates::find_occupied`].
    words: Vec<u32>,
}

impl Candidates {
    /// Becomes the empty set of a layer of `blocks` blocks.
    pub fn begin(&mut self, blocks: usize) {
        let words = blocks.div_ceil(BLOCKS_PER_WORD);
        self.neurons.clear();
        self.neurons.resize(words, [0; BLOCKS_PER_WORD]);
        self.words.clear();
        self.words.resize(words, 0);
    }

    /// The bit sets of the first `blocks` blocks, mutably; call [`Candidates::find_occupied`] afterwards.
    #[inline(always)]
    pub fn of_blocks(&mut self, blocks: usize) -> &mut [u16] {
        &mut self.neurons.as_flattened_mut()[..blocks]
    }

    /// The neurons of a block as a bit set.
    #[inline(always)]
    pub fn of_block(&self, block: usize) -> u32 {
        u32::from(self.neurons.as_flattened()[block])
    }

    /// Finds the blocks with at least one neuron; returns whether there is one.
    #[inline(always)]
    pub fn find_occupied<T, I: Isa<T>>(&mut self, isa: I) -> bool {
        let mut any = 0;
        for (word, neurons) in self.words.iter_mut().zip(&self.neurons) {
            *word = isa.occupied(neurons);
            any |= *word;
        }
        any != 0
    }

    /// The indices of the blocks with at least one neuron, ascending.
    #[inline(always)]
    pub fn blocks(&self) -> Blocks<'_> {
        Blocks {
            words: &self.words,
            remaining: self.words.first().copied().unwrap_or(0),
            first: 0,
        }
    }
}

/// The iterator of [`Candidates::blocks`].
pub(crate) struct Blocks<'a> {
    /// The current word and those behind it.
    words: &'a [u32],
    /// The bits of the current word that are still to come, and the index of its first block.
    remaining: u32,
    first: usize,
}

impl Iterator for Blocks<'_> {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        while self.remaining == 0 {
            self.words = self.words.get(1..)?;
            self.remaining = *self.words.first()?;
            self.first += BLOCKS_PER_WORD;
        }
        let bit = self.remaining.trailing_zeros() as usize;
        self.remaining &= self.remaining - 1;
        Some(self.first + bit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::isa::Portable;

    fn find_occupied(candidates: &mut Candidates) -> bool {
        candidates.find_occupied::<f32, _>(Portable::<false>)
    }

    #[test]
    fn blocks_are_found_in_every_word() {
        let mut candidates = Candidates::default();
        candidates.begin(200);
        assert!(!find_occupied(&mut candidates) && candidates.blocks().next().is_none());
        let chosen = [0, 5, 31, 32, 63, 64, 130, 199];
        for (block, neurons) in candidates.of_blocks(200).iter_mut().enumerate() {
            *neurons = u16::from(chosen.contains(&block)) << 15;
        }
        assert!(find_occupied(&mut candidates));
        assert_eq!(candidates.blocks().collect::<Vec<_>>(), chosen);
        assert_eq!([5, 6].map(|block| candidates.of_block(block)), [1 << 15, 0]);
    }
}
