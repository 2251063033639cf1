//! Who watches a run, and what they see.

use crate::metrics::{EpochRecord, Tally};

/// Where a run stands.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// `train`, `validation` or `test`.
    pub split: &'a str,
    /// The epoch, counted from 0, and how many there are.
    pub epoch: (usize, usize),
    /// Samples done in this split, and how many there are.
    pub samples: (usize, usize),
    /// The sums over these samples.
    pub tally: &'a Tally,
}

/// Whoever wants to see a run go by.
pub trait Progress: Send {
    /// A batch is done.
    fn batch(&mut self, standing: Standing<'_>);

    /// An epoch is done; one record for each split.
    fn epoch(&mut self, records: &[EpochRecord]);
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn batch(&mut self, _: Standing<'_>) {}
    fn epoch(&mut self, _: &[EpochRecord]) {}
}
