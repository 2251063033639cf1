//! Evaluation of a split, without learning.

use std::sync::Arc;
use std::time::Instant;

use noctule_core::{Pass, PassWeights};

use super::batch::BATCHES_BETWEEN_READS;
use super::error::TrainError;
use super::progress::{BatchProgress, Progress};
use super::state::Trainer;
use crate::metrics::{EpochMetrics, EpochRecord};
use crate::run_on::run_on;

/// Samples that are evaluated together.
pub(super) const EVALUATION_BATCH: usize = 100;

/// A forward pass of evaluation.
pub(super) const EVALUATION: Pass = Pass {
    weights: PassWeights::Average,
    dropout: None,
    first_sample: 0,
    input_gradients: false,
};

impl Trainer {
    /// Evaluates the network as it stands on the whole of `train`, `validation` or `test`. All ranks must call this
    /// together.
    ///
    /// # Errors
    /// If the samples cannot be encoded, or the engine fails. A `validation` part that does not exist is empty.
    pub fn evaluate(
        &mut self,
        split: &str,
        progress: &mut dyn Progress,
    ) -> Result<EpochRecord, TrainError> {
        let engine = Arc::clone(&self.engine);
        run_on(&*engine, || self.evaluate_in_engine(split, progress))
    }

    fn evaluate_in_engine(
        &mut self,
        split: &str,
        progress: &mut dyn Progress,
    ) -> Result<EpochRecord, TrainError> {
        let length = self
            .samples
            .of_split(split)
            .map_or(0, |set| set.batch.len());
        let shard = self.collective.shard(length);
        let samples: Vec<u32> = (shard.start as u32..shard.end as u32).collect();
        let mut metrics = EpochMetrics::new(&self.network);
        let batches = samples.chunks(EVALUATION_BATCH);
        let last = batches.len();
        for (batch, indices) in (1..).zip(batches) {
            let start = Instant::now();
            self.evaluate_batch(split, indices)?;
            if !self.info.reads_wait || batch % BATCHES_BETWEEN_READS == 0 || batch == last {
                self.session.take_metrics(&mut metrics.metrics)?;
            }
            metrics.seconds += start.elapsed().as_secs_f64();
            let done = (batch * EVALUATION_BATCH).min(samples.len());
            progress.batch(BatchProgress {
                split,
                epoch: (self.epoch_under_way(), self.plan.epochs),
                samples: (done, samples.len()),
                metrics: &metrics,
            });
        }
        let start = Instant::now();
        if !self.collective.is_single() {
            let collective = &mut self.collective;
            metrics
                .metrics
                .exchange(&mut |numbers| collective.sum(numbers));
        }
        metrics.seconds += start.elapsed().as_secs_f64();
        Ok(metrics.record(self.epoch_under_way() as u64, split))
    }

    fn evaluate_batch(&mut self, split: &str, indices: &[u32]) -> Result<(), TrainError> {
        let output = self.output_layer();
        let session = &mut *self.session;
        let Some(set) = self.samples.of_split(split) else {
            return Ok(());
        };
        set.select(session, indices)?;
        session.forward(EVALUATION)?;
        Ok(self
            .loss
            .evaluate(session, output, || set.labels(indices))?)
    }
}
