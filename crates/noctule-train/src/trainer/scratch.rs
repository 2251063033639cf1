//! Memory that every batch uses again: samples, events, activity.

use noctule_core::{Activity, SpikeBatch};
use noctule_data::{AugmentError, Augmentation, Dataset, EncodeError, LatencyEncoder};

/// What a batch is made of, on its way through the network.
pub(super) struct Scratch {
    /// The samples as augmentation changed them.
    changed: Option<Dataset>,
    pub events: SpikeBatch<f32>,
    pub activity: Activity<f32>,
    pub labels: Vec<usize>,
}

impl Scratch {
    /// For a network of `inputs` input neurons.
    pub fn new(inputs: usize) -> Self {
        Self {
            changed: None,
            events: SpikeBatch::new(inputs),
            activity: Activity::new(),
            labels: Vec::new(),
        }
    }

    /// Events and labels of the samples named by `indices`.
    pub fn encode(
        &mut self,
        encoder: &LatencyEncoder,
        dataset: &Dataset,
        indices: &[usize],
    ) -> Result<(), EncodeError> {
        encoder.encode(dataset, indices, &mut self.events)?;
        self.labels.clear();
        let labels = indices
            .iter()
            .map(|&index| usize::from(dataset.label(index)));
        self.labels.extend(labels);
        Ok(())
    }

    /// Changes the samples named by `indices` as augmentation does in this epoch.
    pub fn change(
        &mut self,
        augmentation: &Augmentation,
        dataset: &Dataset,
        indices: &[usize],
        (seed, epoch): (u64, u64),
    ) -> Result<(), AugmentError> {
        match &mut self.changed {
            Some(changed) => augmentation.apply_into(dataset, indices, seed, epoch, changed),
            None => {
                self.changed = Some(augmentation.apply(dataset, indices, seed, epoch)?);
                Ok(())
            }
        }
    }

    /// Events and labels of the changed samples, all of them.
    pub fn encode_changed(&mut self, encoder: &LatencyEncoder) -> Result<(), EncodeError> {
        let Some(changed) = self.changed.take() else {
            return Ok(());
        };
        let all: Vec<usize> = (0..changed.len()).collect();
        let encoded = self.encode(encoder, &changed, &all);
        self.changed = Some(changed);
        encoded
    }
}
