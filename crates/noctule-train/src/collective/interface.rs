//! What a trainer asks of the other ranks.

use std::ops::Range;

use noctule_core::shard;

/// One rank among several.
pub trait Collective: Send + Sync {
    /// The number of this rank, from 0.
    fn rank(&self) -> usize;

    /// The number of ranks, at least 1.
    fn size(&self) -> usize;

    /// Name of the machine that this rank runs on.
    fn machine(&self) -> String;

    /// Replaces this rank's [shard] of `values` by its sum over all ranks, which is made in the order of the ranks. All
    /// ranks give the same number of values; afterwards the values outside of this shard are undefined.
    fn sum_shard(&mut self, values: &mut [f32]);

    /// Replaces the [shards](shard) of the other ranks in `values` by the values that those ranks have there.
    fn all_gather(&mut self, values: &mut [f32]);

    /// Replaces `values` by their sum over all ranks, made in the order of the ranks. All ranks give the same number of
    /// values and get the same bits.
    fn sum(&mut self, values: &mut [f64]);

    /// Whether any rank passed `true`.
    fn any(&mut self, flag: bool) -> bool;

    /// The bytes of every rank, of which there must be some, in the order of the ranks.
    fn gather_bytes(&mut self, own: &[u8]) -> Vec<Vec<u8>>;

    /// Whether this is rank 0, which alone writes files and prints messages.
    fn is_root(&self) -> bool {
        self.rank() == 0
    }

    /// Whether there is no other rank.
    fn is_single(&self) -> bool {
        self.size() == 1
    }

    /// This rank's [shard] of a list of that length.
    fn shard(&self, items: usize) -> Range<usize> {
        shard(items, self.rank(), self.size())
    }
}
