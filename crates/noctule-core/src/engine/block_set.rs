//! A set of blocks of a layer: a bit for each.

use std::ops::Range;

/// Blocks in a word.
const BITS: usize = u64::BITS as usize;

/// Some blocks of a layer.
#[derive(Clone, Debug, Default)]
pub(crate) struct BlockSet {
    words: Vec<u64>,
}

impl BlockSet {
    /// Becomes the empty set, of up to so many blocks.
    pub fn begin(&mut self, blocks: usize) {
        self.words.clear();
        self.words.resize(blocks.div_ceil(BITS), 0);
    }

    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    /// The blocks of each word, of `blocks` in all, and the word to be written: bit by bit, the first block is the lowest.
    #[inline(always)]
    pub fn words(&mut self, blocks: usize) -> impl Iterator<Item = (Range<usize>, &mut u64)> {
        let starts = (0..blocks).step_by(BITS);
        let ranges = starts.map(move |start| start..(start + BITS).min(blocks));
        ranges.zip(&mut self.words)
    }

    /// The numbers of the blocks, ascending.
    #[inline(always)]
    pub fn iter(&self) -> Blocks<'_> {
        Blocks {
            words: &self.words,
            left: self.words.first().copied().unwrap_or(0),
            first: 0,
        }
    }
}

/// See [`BlockSet::iter`].
pub(crate) struct Blocks<'a> {
    /// From the word on that is being read.
    words: &'a [u64],
    /// What is left of it, and the number of its first block.
    left: u64,
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
    use super::*;

    #[test]
    fn blocks_are_found_in_every_word() {
        let mut set = BlockSet::default();
        set.begin(200);
        assert!(set.is_empty() && set.iter().next().is_none());
        let chosen = [0, 5, 63, 64, 130, 199];
        let mut seen = 0;
        for (range, word) in set.words(200) {
            seen += range.len();
            for (bit, block) in range.enumerate() {
                *word |= u64::from(chosen.contains(&block)) << bit;
            }
        }
        assert_eq!(seen, 200);
        assert!(!set.is_empty());
        assert_eq!(set.iter().collect::<Vec<_>>(), chosen);
    }
}
