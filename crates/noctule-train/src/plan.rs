//! The numbers that decide how a network is trained.

use noctule_core::{Optimiser, Prediction, Regularisation};

use crate::schedule::ScheduleConfig;

/// The numbers that decide how a network is trained, beside the network, its samples and its loss.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingPlan {
    /// Seed of the order of the samples, of augmentation and of dropout.
    pub seed: u64,
    /// Passes through the training samples.
    pub epochs: usize,
    /// Samples of a batch, over all ranks together; there is one step for each batch.
    pub batch_size: usize,
    /// How parameters follow their gradients.
    pub optimiser: Optimiser,
    /// How the learning rate changes over the run.
    pub schedule: ScheduleConfig,
    /// How much of the running mean of the weights is kept at each step, from 0 (no mean) to below 1.
    pub weight_average: f64,
    /// What is added to the exact gradient.
    pub regularisation: Regularisation,
    /// How classes are predicted where there is no loss.
    pub prediction: Prediction,
}

impl TrainingPlan {
    /// The learning rate of a batch, counted from 0 in its epoch, of `batches` in each.
    pub fn learning_rate(&self, epoch: usize, batch: usize, batches: usize) -> f64 {
        let position = epoch as f64 + batch as f64 / batches as f64;
        let base = self.optimiser.learning_rate();
        self.schedule.learning_rate(base, position, self.epochs)
    }
}
