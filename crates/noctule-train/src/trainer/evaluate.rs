//! Evaluation of a split, without learning.

use std::sync::Arc;
use std::time::Instant;

use noctule_core::{Pass, PassWeights, Session};

use super::batch::BATCHES_BETWEEN_READS;
use super::error::TrainError;
use super::loss::TrainingLoss;
use super::progress::{BatchProgress, Progress};
use super::samples::SampleSet;
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
        let epoch = self.epoch_under_way();
        let mut metrics = EpochMetrics::new(&self.network);
        let output = self.output_layer();
        if let Some(set) = self.samples.of_split(split) {
            let shard = self.collective.shard(set.batch.len());
            let samples: Vec<u32> = (shard.start as u32..shard.end as u32).collect();
            let mut evaluation = Evaluation {
                session: &mut *self.session,
                loss: &mut self.loss,
                output,
                reads_wait: self.info.reads_wait,
            };
            let epochs = self.plan.epochs;
            evaluation.run(set, &samples, &mut metrics, &mut |_, done, metrics| {
                progress.batch(BatchProgress {
                    split,
                    epoch: (epoch, epochs),
                    samples: (done, samples.len()),
                    metrics,
                });
                Ok(())
            })?;
        }
        let start = Instant::now();
        if !self.collective.is_single() {
            let collective = &mut self.collective;
            metrics
                .metrics
                .exchange(&mut |numbers| collective.sum(numbers));
        }
        metrics.seconds += start.elapsed().as_secs_f64();
        Ok(metrics.record(epoch as u64, split))
    }
}

/// A network that is evaluated with a loss.
pub(super) struct Evaluation<'a> {
    pub session: &'a mut dyn Session<f32>,
    pub loss: &'a mut TrainingLoss,
    /// Index of the last layer.
    pub output: usize,
    /// Whether reads wait for a device.
    pub reads_wait: bool,
}

/// What is done after a batch of evaluation, with the session, the number of samples that are done, and the metrics.
pub(super) type AfterBatch<'a> =
    dyn FnMut(&mut dyn Session<f32>, usize, &EpochMetrics) -> Result<(), TrainError> + 'a;

impl Evaluation<'_> {
    /// Evaluates the samples of a set with these indices, batch by batch, and adds to the metrics.
    pub fn run(
        &mut self,
        set: &mut SampleSet,
        samples: &[u32],
        metrics: &mut EpochMetrics,
        after_batch: &mut AfterBatch<'_>,
    ) -> Result<(), TrainError> {
        let batches = samples.chunks(EVALUATION_BATCH);
        let last = batches.len();
        for (batch, indices) in (1..).zip(batches) {
            let start = Instant::now();
            set.select(self.session, indices)?;
            self.session.forward(EVALUATION)?;
            self.loss
                .evaluate(self.session, self.output, || set.labels(indices))?;
            if !self.reads_wait || batch % BATCHES_BETWEEN_READS == 0 || batch == last {
                self.session.take_metrics(&mut metrics.metrics)?;
            }
            metrics.seconds += start.elapsed().as_secs_f64();
            let done = (batch * EVALUATION_BATCH).min(samples.len());
            after_batch(self.session, done, metrics)?;
        }
        Ok(())
    }
}
