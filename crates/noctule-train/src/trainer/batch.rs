//! One step of training: forward and backward pass of a batch, then the step of the optimiser.

use noctule_core::{Pass, PassWeights, TensorGroup};
use rand::Rng;

use super::error::TrainError;
use super::phases::Stopwatch;
use super::state::Trainer;
use crate::random::{Purpose, random};

/// How many batches pass between two reads of the metrics, on an engine whose reads wait for a device.
pub(super) const BATCHES_BETWEEN_READS: usize = 64;

impl Trainer {
    /// Trains on this rank's shard of the samples named by `indices`, which are the whole batch, and takes the step of
    /// all ranks.
    pub(super) fn train_batch(&mut self, indices: &[u32]) -> Result<(), TrainError> {
        let before = self.phases.total();
        let mut watch = Stopwatch::start();
        let shard = self.collective.shard(indices.len());
        let own = &indices[shard.clone()];
        let weight = own.len() as f64 / indices.len() as f64;
        let seed_and_epoch = (self.plan.seed, self.position.epoch as u64);
        self.samples
            .take_training_batch(&mut *self.session, own, seed_and_epoch)?;
        watch.lap(&mut self.phases.encode);
        self.session.forward(Pass {
            weights: PassWeights::Training,
            dropout: Some(self.dropout_seed()),
            first_sample: shard.start,
            input_gradients: false,
        })?;
        watch.lap(&mut self.phases.forward);
        self.evaluate_loss(own)?;
        watch.lap(&mut self.phases.loss);
        self.exchange_metrics()?;
        watch.lap(&mut self.phases.exchange);
        self.unread_batches += 1;
        if !self.info.reads_wait {
            self.read_metrics()?;
        }
        watch.lap(&mut self.phases.metrics);
        self.session.backward(&self.plan.regularisation, weight)?;
        watch.lap(&mut self.phases.backward);
        self.sum_gradients()?;
        watch.lap(&mut self.phases.exchange);
        self.session.step(self.learning_rate(), None)?;
        watch.lap(&mut self.phases.optimiser);
        self.gather(TensorGroup::Parameters)?;
        watch.lap(&mut self.phases.exchange);
        if self.unread_batches >= BATCHES_BETWEEN_READS {
            self.read_metrics()?;
        }
        watch.lap(&mut self.phases.metrics);
        self.position.metrics.seconds += self.phases.total() - before;
        Ok(())
    }

    fn evaluate_loss(&mut self, own: &[u32]) -> Result<(), TrainError> {
        let output = self.output_layer();
        let train = &self.samples.train;
        Ok(self
            .loss
            .evaluate(&mut *self.session, output, || train.labels(own))?)
    }

    /// Reads what was measured since the last call, and whether the loss was finite; all ranks come to the same answer.
    pub(super) fn read_metrics(&mut self) -> Result<(), TrainError> {
        if self.unread_batches == 0 {
            return Ok(());
        }
        self.unread_batches = 0;
        let position = &mut self.position;
        let metrics = &mut position.metrics.metrics;
        self.session.take_metrics(metrics)?;
        match metrics.diverged() {
            None => Ok(()),
            Some(diverged) => Err(TrainError::Diverged {
                epoch: position.epoch + 1,
                batch: position.first_batch + diverged.batch as usize + 1,
                loss: diverged.loss,
            }),
        }
    }

    /// The seed that decides which inputs the batch drops: the same on all ranks, which draw by the position of a sample
    /// in the whole batch.
    fn dropout_seed(&self) -> u64 {
        let position = (self.position.epoch as u64) << 24 | self.position.batch as u64;
        random(self.plan.seed, Purpose::Dropout, position).next_u64()
    }

    /// Whether all weights are in range; all ranks have the same.
    ///
    /// Weights that are NaN silence their neurons, and silence has a finite loss.
    pub(super) fn check_weights(&mut self) -> Result<(), TrainError> {
        if !self.session.parameters_are_in_range()? {
            let epoch = self.position.epoch + 1;
            return Err(TrainError::WeightsOutOfRange { epoch });
        }
        Ok(())
    }

    /// The learning rate of the coming batch.
    fn learning_rate(&self) -> f64 {
        let position = &self.position;
        self.plan
            .learning_rate(position.epoch, position.batch, self.batches())
    }

    /// The learning rate of the last batch of the epoch under way.
    pub(super) fn last_learning_rate(&self) -> f64 {
        let batches = self.batches();
        self.plan
            .learning_rate(self.position.epoch, batches.saturating_sub(1), batches)
    }

    /// Batches of an epoch.
    pub(super) fn batches(&self) -> usize {
        let samples = self.samples.train.batch.len();
        samples.div_ceil(self.plan.batch_size)
    }
}
