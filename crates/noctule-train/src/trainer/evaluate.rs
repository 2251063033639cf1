//! Evaluation of a split, without learning.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use noctule_core::{Metrics, Pass, PassWeights, Session, shard};

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
        let never = AtomicBool::new(false);
        let record = self.evaluate_unless(&never, split, progress)?;
        Ok(record.unwrap_or_else(|| unreachable!("nothing stops it")))
    }

    /// As [`Trainer::evaluate`]; `None` if `stop` was set on any rank meanwhile, which is looked at before each batch.
    ///
    /// # Errors
    /// As [`Trainer::evaluate`].
    pub fn evaluate_unless(
        &mut self,
        stop: &AtomicBool,
        split: &str,
        progress: &mut dyn Progress,
    ) -> Result<Option<EpochRecord>, TrainError> {
        let engine = Arc::clone(&self.engine);
        run_on(&*engine, || self.evaluate_in_engine(stop, split, progress))
    }

    fn evaluate_in_engine(
        &mut self,
        stop: &AtomicBool,
        split: &str,
        progress: &mut dyn Progress,
    ) -> Result<Option<EpochRecord>, TrainError> {
        let epoch = self.epoch_under_way();
        let mut metrics = EpochMetrics::new(&self.network);
        let output = self.output_layer();
        if let Some(set) = self.samples.of_split(split) {
            let (length, ranks) = (set.batch.len(), self.collective.size());
            let own = self.collective.shard(length);
            let samples: Vec<u32> = (own.start as u32..own.end as u32).collect();
            let longest = (0..ranks).map(|rank| shard(length, rank, ranks).len());
            let collective = &mut self.collective;
            let mut evaluation = Evaluation {
                session: &mut *self.session,
                loss: &mut self.loss,
                output,
                reads_wait: self.info.reads_wait,
                // All ranks stop before the same batch.
                stops: &mut || collective.any(stop.load(Ordering::Relaxed)),
                most_samples: longest.max().unwrap_or(0),
            };
            let epochs = self.plan.epochs;
            let end = evaluation.run(set, &samples, &mut metrics, &mut |_, done, metrics| {
                progress.batch(BatchProgress {
                    split,
                    epoch: (epoch, epochs),
                    samples: (done, samples.len()),
                    metrics,
                });
                Ok(())
            })?;
            if end == EvaluationEnd::Stopped {
                return Ok(None);
            }
        }
        let start = Instant::now();
        if !self.collective.is_single() {
            let collective = &mut self.collective;
            metrics
                .metrics
                .exchange(&mut |numbers| collective.sum(numbers));
        }
        metrics.seconds += start.elapsed().as_secs_f64();
        Ok(Some(metrics.record(epoch as u64, split)))
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
    /// Asked before each batch whether this one is the end.
    pub stops: &'a mut dyn FnMut() -> bool,
    /// Samples of the rank that has most, so that all ranks ask equally often.
    pub most_samples: usize,
}

/// How an evaluation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EvaluationEnd {
    /// All samples are done.
    Finished,
    /// It was stopped; what was measured is of no use.
    Stopped,
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
    ) -> Result<EvaluationEnd, TrainError> {
        let mut batches = samples.chunks(EVALUATION_BATCH);
        let last = batches.len();
        for batch in 1..=self.most_samples.div_ceil(EVALUATION_BATCH) {
            if (self.stops)() {
                // What the session measured belongs to no split.
                self.session.take_metrics(&mut Metrics::default())?;
                return Ok(EvaluationEnd::Stopped);
            }
            let Some(indices) = batches.next() else {
                continue;
            };
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
        Ok(EvaluationEnd::Finished)
    }
}
