//! Who watches a run, and what they see.

use super::warning::Warning;
use crate::metrics::{EpochMetrics, EpochRecord};

/// How far a run is after a batch.
#[derive(Clone, Copy, Debug)]
pub struct BatchProgress<'a> {
    /// `train`, `validation` or `test`.
    pub split: &'a str,
    /// The epoch, counted from 1, and how many there are.
    pub epoch: (usize, usize),
    /// Samples done in this split, and how many there are.
    pub samples: (usize, usize),
    /// The sums over these samples. On an engine whose reads wait they are up to 63 batches behind.
    pub metrics: &'a EpochMetrics,
}

/// An observer of a run.
pub trait Progress: Send {
    /// A batch is done.
    fn batch(&mut self, progress: BatchProgress<'_>);

    /// An epoch is done; one record for each split.
    fn epoch(&mut self, records: &[EpochRecord]);

    /// Something that the user should know. Every rank receives the same warnings. Does nothing by default.
    fn warning(&mut self, _: &Warning) {}
}

/// No observer.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn batch(&mut self, _: BatchProgress<'_>) {}
    fn epoch(&mut self, _: &[EpochRecord]) {}
}
