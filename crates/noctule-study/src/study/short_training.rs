//! Short trainings that leave no files.

use std::path::Path;
use std::sync::Arc;

use noctule_core::Engine;
use noctule_train::{Config, Data, EpochRecord, NoProgress, RunEnd, TrainError, Trainer};

use super::context::StudyContext;
use super::error::StudyError;

/// A network after a short training.
pub(crate) struct ShortTraining {
    pub trainer: Trainer,
    /// Whether the loss or a weight was no longer finite.
    pub diverged: bool,
}

impl ShortTraining {
    /// The last record of a part of the samples.
    pub fn last(&self, split: &str) -> Option<&EpochRecord> {
        let mut records = self.trainer.history().iter();
        records.rfind(|record| record.split == split)
    }

    /// The last accuracy on a part of the samples; 0 if training diverged.
    pub fn accuracy(&self, split: &str) -> f64 {
        match self.last(split) {
            Some(record) if !self.diverged => record.accuracy,
            _ => 0.0,
        }
    }
}

/// Trains; `None` if the study was stopped. `init` is a checkpoint to begin with.
pub(crate) fn train_briefly(
    context: &StudyContext<'_>,
    config: Config,
    data: &Arc<Data>,
    engine: Arc<dyn Engine<f32>>,
    init: Option<&Path>,
) -> Result<Option<ShortTraining>, StudyError> {
    let mut trainer = Trainer::with_data(config, Arc::clone(data), engine)?;
    if let Some(init) = init {
        trainer.load_weights(init)?;
    }
    let diverged = match trainer.run(None, &mut NoProgress, context.stop) {
        Ok(RunEnd::Finished) => false,
        Ok(RunEnd::Interrupted) => return Ok(None),
        Err(TrainError::Diverged { .. } | TrainError::WeightsOutOfRange { .. }) => true,
        Err(error) => return Err(error.into()),
    };
    Ok(Some(ShortTraining { trainer, diverged }))
}
