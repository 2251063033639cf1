//! Predictions for any samples.

use std::sync::Arc;

use noctule_core::{Batch, Label, Metrics};

use super::error::TrainError;
use super::evaluate::EVALUATION;
use super::state::Trainer;
use crate::run_on::run_on;

impl Trainer {
    /// The class that the network predicts for each sample of a batch, by [`TrainingPlan::prediction`]; `None` where no
    /// output neuron spiked. Labels are not needed.
    ///
    /// [`TrainingPlan::prediction`]: crate::TrainingPlan::prediction
    ///
    /// # Errors
    /// If the samples come from a population of another size, or cannot be encoded.
    pub fn predict(&mut self, batch: &Batch<f32>) -> Result<Vec<Option<Label>>, TrainError> {
        let engine = Arc::clone(&self.engine);
        run_on(&*engine, || {
            self.session.load(batch)?;
            self.session.forward(EVALUATION)?;
            self.session.predict(self.plan.prediction)?;
            let predictions = self.session.predictions()?.into_owned();
            // What was measured belongs to no split.
            self.session.take_metrics(&mut Metrics::default())?;
            Ok(predictions)
        })
    }
}
