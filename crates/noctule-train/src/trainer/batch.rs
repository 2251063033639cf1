//! One step of training: a batch forwards, its errors back, and the weights after the gradient.

use std::borrow::Cow;

use noctule_core::{Evaluation, Weights};
use rand::Rng;

use super::phases::Stopwatch;
use super::ranks::guards_of_share;
use super::{TrainError, Trainer};
use crate::experiment::{Purpose, random};

impl Trainer {
    /// Trains on this rank's share of the samples named by `indices`, which are the whole batch, and takes the step of
    /// all ranks.
    pub(super) fn train_batch(&mut self, indices: &[usize]) -> Result<(), TrainError> {
        let before = self.phases.total();
        let mut watch = Stopwatch::start();
        let own = &indices[self.collective.share(indices.len())];
        let weight = own.len() as f64 / indices.len() as f64;
        self.encode_batch(own)?;
        watch.lap(&mut self.phases.encode);
        let scratch = &mut self.scratch;
        self.network
            .forward(&scratch.events, &mut scratch.activity)?;
        watch.lap(&mut self.phases.forward);
        let mut evaluation = scratch.evaluate(&self.loss)?;
        watch.lap(&mut self.phases.loss);
        scratch.tally.sum_over(&mut *self.collective);
        watch.lap(&mut self.phases.exchange);
        self.check_loss()?;
        self.add_gradient(&mut evaluation, weight)?;
        watch.lap(&mut self.phases.backward);
        self.sum_gradients();
        watch.lap(&mut self.phases.exchange);
        self.follow_gradient();
        watch.lap(&mut self.phases.optimiser);
        self.share_weights();
        watch.lap(&mut self.phases.exchange);
        let Self { scratch, tally, .. } = self;
        tally.merge(&scratch.tally);
        watch.lap(&mut self.phases.metrics);
        self.tally.add_seconds(self.phases.total() - before);
        Ok(())
    }

    /// Whether the loss of the whole batch is a number; all ranks come to the same answer.
    fn check_loss(&self) -> Result<(), TrainError> {
        let loss = self.scratch.tally.loss();
        if loss.is_finite() {
            return Ok(());
        }
        Err(TrainError::Diverged {
            epoch: self.epoch + 1,
            batch: self.batch + 1,
            loss,
        })
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
        let mut draws = random(seed, Purpose::Dropout, position);
        // Dropout counts the samples of a share from 0, so ranks with one seed would drop the same inputs.
        for _ in 0..self.collective.rank() {
            draws.next_u64();
        }
        self.scratch.activity.set_dropout(Some(draws.next_u64()));
        Ok(())
    }

    /// Adds the gradient of this rank's share, which is `weight` of the batch; takes the errors of the output events out
    /// of `evaluation`.
    fn add_gradient(
        &mut self,
        evaluation: &mut Evaluation<f32>,
        weight: f64,
    ) -> Result<(), TrainError> {
        let mut d_times = std::mem::take(&mut evaluation.d_times);
        let guards = if self.collective.is_solo() {
            Cow::Borrowed(&self.guards)
        } else {
            for d_time in &mut d_times {
                *d_time *= weight as f32;
            }
            Cow::Owned(guards_of_share(&self.guards, weight))
        };
        let activity = &mut self.scratch.activity;
        self.network
            .backward(activity, d_times, &guards, &mut self.gradient, false)?;
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
                boost * weight,
                &mut self.gradient,
            )?;
        }
        Ok(())
    }

    /// Takes a step of the optimiser with this rank's share of the weights, which clears the gradient, and lets the
    /// running mean follow.
    fn follow_gradient(&mut self) {
        let learning_rate = self.learning_rate();
        let weights = self.network.weights_mut();
        let mut weights: Vec<_> = weights.map(Weights::as_flat_mut).collect();
        let gradients = self.gradient.weights_mut();
        let mut gradients: Vec<_> = gradients.map(Weights::as_flat_mut).collect();
        self.optimiser
            .step(&mut weights, &mut gradients, learning_rate);
        if let Some(average) = &mut self.average {
            let steps = self.optimiser.progress().steps;
            average.follow(&self.network, steps, &*self.collective);
        }
    }

    /// Weights must be numbers; all ranks have the same.
    ///
    /// Weights that are no longer numbers silence their neurons, and silence has a finite loss.
    pub(super) fn check_weights(&self) -> Result<(), TrainError> {
        let is_finite = |weights: &Weights<f32>| weights.as_flat().iter().all(|w| w.is_finite());
        let all_finite = self.network.weights().all(is_finite);
        if !all_finite {
            let epoch = self.epoch + 1;
            return Err(TrainError::NotFinite { epoch });
        }
        Ok(())
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
