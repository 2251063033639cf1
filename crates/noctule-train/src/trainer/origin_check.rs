//! Checkpoints say what they belong to, and are refused by other runs.

use std::path::Path;
use std::sync::Arc;

use super::error::TrainError;
use super::origin::{Origin, OriginError, Part, Parts};
use super::state::Trainer;
use crate::checkpoint::Checkpoint;
use crate::run_on::run_on;

/// The name of the back end that a checkpoint was last trained on, without reading its weights; `None` if it does not say.
///
/// # Errors
/// [`CheckpointError`](crate::CheckpointError) if the checkpoint cannot be read.
pub fn recorded_backend(checkpoint: &Path) -> Result<Option<String>, TrainError> {
    let metadata = Checkpoint::load_metadata(checkpoint)?;
    let backend = metadata.pointer("/origin/backend");
    Ok(backend.and_then(|name| name.as_str()).map(str::to_owned))
}

impl Trainer {
    /// What checkpoints of this trainer belong to. The samples are read only once.
    pub(super) fn origin(&mut self) -> Result<Origin, TrainError> {
        if let Some(origin) = &self.origin {
            return Ok(origin.clone());
        }
        let experiment = self.experiment.as_ref();
        let experiment = experiment.map(|(config, _)| config.deciding_toml());
        let samples = &self.samples;
        // On the threads that the engine may use, and no others.
        let data = run_on(&*Arc::clone(&self.engine), || Parts {
            train: Part::of(&samples.train.batch),
            validation: samples.validation.as_ref().map(|set| Part::of(&set.batch)),
            test: Part::of(&samples.test.batch),
        });
        let origin = Origin {
            backend: self.info.backend.to_owned(),
            experiment: experiment.transpose()?,
            data,
        };
        self.origin = Some(origin.clone());
        Ok(origin)
    }

    /// A checksum of the samples of all parts and their labels.
    ///
    /// # Errors
    /// If the experiment cannot be written as TOML.
    pub fn data_fingerprint(&mut self) -> Result<String, TrainError> {
        Ok(self.origin()?.data.fingerprint())
    }

    /// Whether a checkpoint belongs to this trainer's experiment and data.
    pub(super) fn check_origin(
        &mut self,
        path: &Path,
        saved: Option<&Origin>,
    ) -> Result<(), TrainError> {
        let refuse = |cause: OriginError| TrainError::State {
            path: path.to_owned(),
            cause: cause.into(),
        };
        let Some(saved) = saved else {
            return Err(refuse(OriginError::Unknown));
        };
        if let (Some((config, _)), Some(before)) = (&self.experiment, &saved.experiment) {
            let changes = config.changes_since(before)?;
            if !changes.is_empty() {
                return Err(refuse(OriginError::Experiment { changes }));
            }
        }
        let now = self.origin()?;
        now.data.check(&saved.data).map_err(refuse)
    }
}
