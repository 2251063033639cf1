//! [`Partition`]: the division of a layer into groups of blocks, and of a batch into chunks of samples. A task of the
//! backward pass is a number of groups with a chunk of samples. The partition depends on shapes alone, never on the
//! number of threads.

use std::ops::Range;

use crate::simd::group::MAX_BLOCKS;

/// The least number of tasks of a dense layer. If it has fewer groups, the samples are divided into chunks, too. More
/// tasks keep more threads busy, but each chunk has its own gradient, and these must be summed.
const MIN_TASKS: usize = 16;
/// The least number of tasks of a convolution. Each of its weights takes much work, so summing more chunks is
/// worthwhile.
const MIN_CONVOLUTION_TASKS: usize = 32;

/// The largest number of blocks in a group of a dense layer. Its neurons spike often, and each spike delays its whole
/// group.
const MAX_DENSE_BLOCKS: usize = 2;

/// The groups of a layer and the chunks of a batch.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Partition {
    /// Samples in the batch.
    samples: usize,
    /// Samples in a chunk.
    chunk: usize,
    /// Blocks of the layer, and groups that they form.
    blocks: usize,
    groups: usize,
    /// Groups in a task.
    groups_per_task: usize,
}

impl Partition {
    /// The partition of a layer of `blocks` blocks, a convolution if `has_positions`. All groups of a convolution are
    /// in one task, because they share the window events of each position; a dense layer has a task per group.
    pub fn new(samples: usize, blocks: usize, has_positions: bool) -> Self {
        let max_blocks = if has_positions {
            MAX_BLOCKS
        } else {
            MAX_DENSE_BLOCKS
        };
        let groups = blocks.div_ceil(max_blocks);
        let groups_per_task = if has_positions { groups } else { 1 };
        let tasks = if has_positions {
            MIN_CONVOLUTION_TASKS
        } else {
            MIN_TASKS
        };
        let chunks = tasks.div_ceil(groups / groups_per_task).min(samples).max(1);
        Self {
            samples,
            chunk: samples.div_ceil(chunks).max(1),
            blocks,
            groups,
            groups_per_task,
        }
    }

    /// The number of chunks.
    pub fn chunks(&self) -> usize {
        self.samples.div_ceil(self.chunk.max(1))
    }

    /// The number of tasks that share a chunk of samples.
    pub fn tasks_per_chunk(&self) -> usize {
        self.groups / self.groups_per_task.max(1)
    }

    /// The number of tasks.
    pub fn tasks(&self) -> usize {
        self.chunks() * self.tasks_per_chunk()
    }

    /// The groups and the samples of a task.
    pub fn task(&self, task: usize) -> (Range<usize>, Range<usize>) {
        let per_chunk = self.tasks_per_chunk();
        let first = task / per_chunk * self.chunk;
        let samples = first..(first + self.chunk).min(self.samples);
        let group = task % per_chunk * self.groups_per_task;
        (group..group + self.groups_per_task, samples)
    }

    /// The blocks of a range of groups. The sizes of groups differ by at most one block.
    pub fn blocks(&self, groups: Range<usize>) -> Range<usize> {
        let start = |group: usize| group * self.blocks / self.groups.max(1);
        start(groups.start)..start(groups.end)
    }

    /// The number of blocks of all tasks of a chunk: all blocks of the layer.
    pub fn blocks_per_chunk(&self) -> usize {
        self.blocks
    }

    /// The number of groups.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// The group of each block.
    pub fn group_of_blocks(&self) -> Vec<u32> {
        let groups = (0..self.groups).flat_map(|group| {
            let blocks = self.blocks(group..group + 1);
            blocks.map(move |_| group as u32)
        });
        groups.collect()
    }
}
