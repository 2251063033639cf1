//! How the work of a layer on a batch is cut into groups of blocks, and, for the way back, into tasks: by shapes alone,
//! never by the number of threads.

use std::ops::Range;

use super::group::MOST_BLOCKS;

/// A layer is cut until there are so many tasks: into blocks first, and into chunks of samples if there are too few. More
/// tasks keep more threads busy, but each chunk has a gradient of its own that must be summed.
const TASKS: usize = 16;
/// Places do much for each weight, so that more chunks pay.
const TASKS_OF_PLACES: usize = 32;

/// Blocks of a dense layer that walk together at most: spikes are many, and each holds up all of its group.
const TOGETHER: usize = 2;

/// How the work of a layer on a batch is cut.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cut {
    samples: usize,
    /// Samples in a chunk.
    chunk: usize,
    /// Blocks of the layer, and the groups that they form.
    blocks: usize,
    groups: usize,
    /// Groups in one task.
    together: usize,
}

impl Cut {
    /// Blocks of places share their courses, so one task has all of them; other layers have a task for each group.
    pub fn new(samples: usize, blocks: usize, has_places: bool) -> Self {
        let most = if has_places { MOST_BLOCKS } else { TOGETHER };
        let groups = blocks.div_ceil(most);
        let together = if has_places { groups } else { 1 };
        let tasks = if has_places { TASKS_OF_PLACES } else { TASKS };
        let chunks = tasks.div_ceil(groups / together).min(samples).max(1);
        Self {
            samples,
            chunk: samples.div_ceil(chunks).max(1),
            blocks,
            groups,
            together,
        }
    }

    pub fn chunks(&self) -> usize {
        self.samples.div_ceil(self.chunk.max(1))
    }

    /// Tasks that share a chunk of samples.
    pub fn tasks_per_chunk(&self) -> usize {
        self.groups / self.together.max(1)
    }

    pub fn tasks(&self) -> usize {
        self.chunks() * self.tasks_per_chunk()
    }

    /// The groups and the samples of a task.
    pub fn task(&self, task: usize) -> (Range<usize>, Range<usize>) {
        let per_chunk = self.tasks_per_chunk();
        let first = task / per_chunk * self.chunk;
        let samples = first..(first + self.chunk).min(self.samples);
        let group = task % per_chunk * self.together;
        (group..group + self.together, samples)
    }

    /// The blocks of some groups; groups differ by one block at most.
    pub fn blocks(&self, groups: Range<usize>) -> Range<usize> {
        let start = |group: usize| group * self.blocks / self.groups.max(1);
        start(groups.start)..start(groups.end)
    }

    /// Blocks of all tasks of a chunk.
    pub fn blocks_per_chunk(&self) -> usize {
        self.blocks
    }

    /// Number of groups.
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
