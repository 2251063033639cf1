//! The samples of a file, with or without labels.

use noctule_core::{Batch, Label, LatencyEncoding};

use crate::dataset::samples::Samples;

/// The samples of a file, in its order. Clones share them.
#[derive(Clone, Debug, PartialEq)]
pub struct FileSamples {
    /// The samples.
    pub samples: Samples,
    /// The class of each sample, if the file has labels.
    pub labels: Option<Vec<Label>>,
}

impl FileSamples {
    /// Number of samples, at least 1.
    pub fn len(&self) -> usize {
        match &self.samples {
            Samples::Images { shape, pixels } => pixels.len() / shape.neurons().max(1),
            Samples::Events(events) => events.samples(),
        }
    }

    /// Always false: a file without samples is refused.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of classes that the labels need: the largest label + 1. `None` without labels.
    pub fn classes(&self) -> Option<usize> {
        let largest = self.labels.as_ref()?.iter().max()?;
        Some(*largest as usize + 1)
    }

    /// All samples as a batch, with the labels if there are any. An engine encodes images with `encoding`; events stay
    /// as they are.
    pub fn batch(&self, encoding: LatencyEncoding) -> Batch<f32> {
        self.samples
            .batch(encoding, self.labels.clone().unwrap_or_default())
    }
}
