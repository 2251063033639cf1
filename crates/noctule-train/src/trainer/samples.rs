//! The samples of a run, and how a session gets them.

use std::sync::Arc;

use noctule_core::{
    Batch, EngineError, Images, Label, LatencyEncoding, Pixels, Session, StoredSet,
};
use noctule_data::{AugmentError, Augmentation, Dataset};

use super::error::TrainError;
use crate::experiment::Data;

/// A part of the samples, and its place in a session once it is stored there.
pub(super) struct SampleSet {
    pub batch: Batch<f32>,
    stored: Option<StoredSet>,
}

impl SampleSet {
    pub fn new(batch: Batch<f32>) -> Self {
        Self {
            batch,
            stored: None,
        }
    }

    /// Takes the samples named by `indices`, and stores the set first if that was not done yet.
    pub fn select(
        &mut self,
        session: &mut dyn Session<f32>,
        indices: &[u32],
    ) -> Result<(), EngineError> {
        let set = self.store(session)?;
        session.select(set, indices)
    }

    /// Stores the set unless that was done already.
    pub fn store(&mut self, session: &mut dyn Session<f32>) -> Result<StoredSet, EngineError> {
        match self.stored {
            Some(set) => Ok(set),
            None => {
                let set = session.store(&self.batch)?;
                self.stored = Some(set);
                Ok(set)
            }
        }
    }

    /// The labels of the samples named by `indices`; none if the samples have no labels.
    pub fn labels(&self, indices: &[u32]) -> Vec<Label> {
        let labels = &self.batch.labels;
        let label = |&index: &u32| labels.get(index as usize).copied();
        indices.iter().filter_map(label).collect()
    }
}

/// Training samples that change at random in every epoch.
pub(super) struct AugmentedSamples {
    augmentation: Augmentation,
    encoding: LatencyEncoding,
    data: Arc<Data>,
    /// The samples of the last batch as they were changed; their memory is used again.
    changed: Option<Dataset>,
}

impl AugmentedSamples {
    pub fn new(augmentation: Augmentation, encoding: LatencyEncoding, data: Arc<Data>) -> Self {
        Self {
            augmentation,
            encoding,
            data,
            changed: None,
        }
    }

    /// Loads the training samples named by `indices` as they are changed in this epoch.
    pub fn load(
        &mut self,
        session: &mut dyn Session<f32>,
        indices: &[u32],
        (seed, epoch): (u64, u64),
    ) -> Result<(), TrainError> {
        if indices.is_empty() {
            // The shard of a rank in a batch that is smaller than the number of ranks; a data set is never empty.
            return Ok(session.load(&self.no_samples())?);
        }
        let changed = self.change(indices, seed, epoch)?;
        let loaded = session.load(&changed.batch(self.encoding));
        self.changed = Some(changed);
        Ok(loaded?)
    }

    fn change(&mut self, indices: &[u32], seed: u64, epoch: u64) -> Result<Dataset, AugmentError> {
        let train = &self.data.train;
        let indices: Vec<usize> = indices.iter().map(|&index| index as usize).collect();
        match self.changed.take() {
            None => self.augmentation.apply(train, &indices, seed, epoch),
            Some(mut changed) => {
                self.augmentation
                    .apply_into(train, &indices, seed, epoch, &mut changed)?;
                Ok(changed)
            }
        }
    }

    fn no_samples(&self) -> Batch<f32> {
        let images = Images {
            shape: self.data.train.shape(),
            pixels: Pixels::Bytes(Arc::default()),
            encoding: self.encoding,
        };
        Batch::images(images, Vec::new())
    }
}

/// All samples of a run.
pub(super) struct RunSamples {
    pub train: SampleSet,
    pub validation: Option<SampleSet>,
    pub test: SampleSet,
    pub augmented: Option<AugmentedSamples>,
}

impl RunSamples {
    /// The samples of a split; `None` if there is no validation part.
    pub fn of_split(&mut self, split: &str) -> Option<&mut SampleSet> {
        match split {
            "validation" => self.validation.as_mut(),
            "train" => Some(&mut self.train),
            _ => Some(&mut self.test),
        }
    }

    /// Stores all parts in a session, but for training samples of which every epoch sees changed copies.
    pub fn store(&mut self, session: &mut dyn Session<f32>) -> Result<(), EngineError> {
        if self.augmented.is_none() {
            self.train.store(session)?;
        }
        if let Some(validation) = &mut self.validation {
            validation.store(session)?;
        }
        self.test.store(session)?;
        Ok(())
    }

    /// Takes training samples for a batch, as this epoch sees them.
    pub fn take_training_batch(
        &mut self,
        session: &mut dyn Session<f32>,
        indices: &[u32],
        seed_and_epoch: (u64, u64),
    ) -> Result<(), TrainError> {
        match &mut self.augmented {
            Some(augmented) => augmented.load(session, indices, seed_and_epoch),
            None => Ok(self.train.select(session, indices)?),
        }
    }
}
