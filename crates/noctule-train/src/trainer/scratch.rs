//! Memory that every batch uses again: samples, events, activity.

use noctule_core::{Activity, Evaluation, Network, ShapeError, SpikeBatch};
use noctule_data::{Augmentation, Dataset, EncodeError, LatencyEncoder};

use super::TrainError;
use crate::experiment::AnyLoss;
use crate::metrics::Tally;

/// What a batch is made of, on its way through the network.
pub(super) struct Scratch {
    /// The samples as augmentation changed them.
    changed: Option<Dataset>,
    pub events: SpikeBatch<f32>,
    pub activity: Activity<f32>,
    pub labels: Vec<usize>,
    /// What is counted of the batch, over all ranks.
    pub tally: Tally,
}

impl Scratch {
    /// For a network.
    pub fn new(network: &Network<f32>) -> Self {
        Self {
            changed: None,
            events: SpikeBatch::new(network.inputs()),
            activity: Activity::new(),
            labels: Vec::new(),
            tally: Tally::new(network),
        }
    }

    /// Judges what a forward pass left behind, and counts it in an empty tally.
    pub fn evaluate(&mut self, loss: &AnyLoss) -> Result<Evaluation<f32>, TrainError> {
        let Self {
            activity,
            labels,
            tally,
            ..
        } = self;
        tally.clear();
        let what = "the number of layers of a network";
        let output = activity.output().ok_or(ShapeError::Empty { what })?;
        // Neither is work for all threads, but there is one for each of them.
        let (evaluation, ()) = rayon::join(
            || loss.evaluate(output, labels),
            || tally.add_spikes(activity),
        );
        let evaluation = evaluation?;
        tally.add(&evaluation, labels);
        Ok(evaluation)
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

    /// Events and labels of the samples named by `indices`, as augmentation changes them in this epoch.
    pub fn encode_changed(
        &mut self,
        encoder: &LatencyEncoder,
        augmentation: &Augmentation,
        dataset: &Dataset,
        indices: &[usize],
        (seed, epoch): (u64, u64),
    ) -> Result<(), TrainError> {
        if indices.is_empty() {
            // The share of a rank in a batch that is smaller than the number of ranks; no data set is empty.
            return Ok(self.encode(encoder, dataset, indices)?);
        }
        let changed = match self.changed.take() {
            None => augmentation.apply(dataset, indices, seed, epoch)?,
            Some(mut changed) => {
                augmentation.apply_into(dataset, indices, seed, epoch, &mut changed)?;
                changed
            }
        };
        let all: Vec<usize> = (0..changed.len()).collect();
        self.encode(encoder, &changed, &all)?;
        self.changed = Some(changed);
        Ok(())
    }
}
