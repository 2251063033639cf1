//! One step of training: a batch forwards, its errors back, and the weights after the gradient.

use noctule_core::{Evaluation, Weights};
use rand::Rng;

use super::phases::Stopwatch;
use super::{TrainError, Trainer};
use crate::experiment::{Purpose, random};

impl Trainer {
    /// Trains on the samples named by `indices`.
    pub(super) fn train_batch(&mut self, indices: &[usize]) -> Result<(), TrainError> {
        let before = self.phases.total();
        let mut watch = Stopwatch::start();
        self.encode_batch(indices)?;
        watch.lap(&mut self.phases.encode);
        let output = self
            .network
            .forward(&self.scratch.events, &mut self.scratch.activity)?;
        watch.lap(&mut self.phases.forward);
        let mut evaluation = self.loss.evaluate(output, &self.scratch.labels)?;
        if !evaluation.loss.is_finite() {
            return Err(TrainError::Diverged {
                epoch: self.epoch + 1,
                batch: self.batch + 1,
                loss: evaluation.loss,
            });
        }
        watch.lap(&mut self.phases.loss);
        self.add_gradient(&mut evaluation)?;
        watch.lap(&mut self.phases.backward);
        self.follow_gradient();
        watch.lap(&mut self.phases.optimiser);
        let seconds = self.phases.total() - before;
        let Self { scratch, tally, .. } = self;
        tally.add(&scratch.activity, &evaluation, &scratch.labels, seconds);
        watch.lap(&mut self.phases.metrics);
        Ok(())
    }

    /// Encodes training samples as this epoch sees them, and draws what dropout takes away.
    fn encode_batch(&mut self, indices: &[usize]) -> Result<(), TrainError> {
        let (seed, epoch) = (self.config.seed, self.epoch as u64);
        let train = &self.data.train;
        match &self.augmentation {
            None => self.scratch.encode(&self.encoder, train, indices)?,
            Some(augmentation) => self.scratch.encode_changed(
                &self.encoder,
                augmentation,
                train,
                indices,
                (seed, epoch),
            )?,
        }
        let position = epoch << 24 | self.batch as u64;
        let dropout = random(seed, Purpose::Dropout, position).next_u64();
        self.scratch.activity.set_dropout(Some(dropout));
        Ok(())
    }

    /// Adds the gradient of the batch; takes the errors of the output events out of `evaluation`.
    fn add_gradient(&mut self, evaluation: &mut Evaluation<f32>) -> Result<(), TrainError> {
        let d_times = std::mem::take(&mut evaluation.d_times);
        let activity = &self.scratch.activity;
        self.network
            .backward(activity, d_times, &self.guards, &mut self.gradient, false)?;
        let boost = self
            .guards
            .layers
            .last()
            .map_or(0.0, |guards| guards.silent_boost);
        if boost > 0.0 {
            self.network.boost_silent(
                &self.scratch.events,
                activity,
                &evaluation.silent,
                boost,
                &mut self.gradient,
            )?;
        }
        Ok(())
    }

    /// Takes a step of the optimiser, which clears the gradient.
    fn follow_gradient(&mut self) {
        let learning_rate = self.learning_rate();
        let weights = self.network.weights_mut();
        let mut weights: Vec<_> = weights.map(Weights::as_flat_mut).collect();
        let gradients = self.gradient.weights_mut();
        let mut gradients: Vec<_> = gradients.map(Weights::as_flat_mut).collect();
        self.optimiser
            .step(&mut weights, &mut gradients, learning_rate);
    }

    /// Weights that are no longer numbers silence their neurons, and silence has a finite loss.
    pub(super) fn check_weights(&self) -> Result<(), TrainError> {
        let weights = self.network.weights().map(Weights::as_flat);
        if weights.flatten().all(|weight| weight.is_finite()) {
            return Ok(());
        }
        Err(TrainError::NotFinite {
            epoch: self.epoch + 1,
        })
    }

    /// The learning rate of the coming batch.
    fn learning_rate(&self) -> f32 {
        let batches = self
            .data
            .train
            .len()
            .div_ceil(self.config.training.batch_size);
        let position = self.epoch as f64 + self.batch as f64 / batches as f64;
        let base = self.config.optimiser.learning_rate();
        self.config
            .schedule
            .learning_rate(base, position, self.config.training.epochs) as f32
    }
}
