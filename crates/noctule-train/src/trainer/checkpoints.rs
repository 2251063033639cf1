//! The state of a run in a checkpoint, and back.

use std::path::Path;
use std::sync::Arc;

use noctule_core::{Engine, OptimiserProgress, Tensor as CoreTensor, TensorGroup, Tensors};
use serde::{Deserialize, Serialize};

use super::error::TrainError;
use super::origin::Origin;
use super::state::{BestEpoch, Position, Trainer};
use super::state_error::{OptimiserStateError, StateError};
use super::weights::{IN_TRAINING, LAYERS, insert_weights, read_weights, weights_of};
use crate::checkpoint::{Checkpoint, CheckpointError, Tensor};
use crate::config::{Config, ConfigTable};
use crate::metrics::EpochMetrics;
use crate::run_directory::RunDirectory;

/// The keys that can be changed when a run is resumed; all others decide what the run is.
pub const CHANGEABLE: [&str; 2] = ["training.epochs", "training.threads"];

/// The state of the optimiser that must not be negative.
const SECOND_MOMENT: &str = "second_moment";

/// Everything that is not a tensor.
#[derive(Deserialize, Serialize)]
struct SavedPosition {
    /// Checkpoints of the first versions have none.
    #[serde(default)]
    origin: Option<Origin>,
    epoch: usize,
    batch: usize,
    tally: EpochMetrics,
    best: Option<BestEpoch>,
    optimiser: OptimiserProgress,
}

impl Trainer {
    /// Writes the whole state of the run to a checkpoint.
    ///
    /// # Errors
    /// If the file cannot be written, or a weight is NaN or infinite.
    pub fn save(&mut self, path: &Path) -> Result<(), TrainError> {
        let position = SavedPosition {
            origin: Some(self.origin()?),
            epoch: self.position.epoch,
            batch: self.position.batch,
            tally: self.position.metrics.clone(),
            best: self.position.best,
            optimiser: self.session.optimiser_progress(),
        };
        let metadata = serde_json::to_value(position).map_err(|cause| unfit(path, cause))?;
        let mut checkpoint = Checkpoint::new(metadata);
        let weights = self.session.read(self.evaluated_weights())?;
        insert_weights(&mut checkpoint, LAYERS, weights);
        if self.has_average() {
            let weights = self.session.read(TensorGroup::Parameters)?;
            insert_weights(&mut checkpoint, IN_TRAINING, weights);
        }
        for (state, name) in self.plan.optimiser.state_names().iter().enumerate() {
            let tensors = self.session.read(TensorGroup::OptimiserState(state))?;
            for (index, tensor) in weights_of(tensors).map(|(_, tensor)| tensor).enumerate() {
                let shape = tensor.shape().to_vec();
                let values = tensor.into_values();
                let name = format!("optimiser.{name}.{index}");
                checkpoint.insert(name, Tensor { shape, values });
            }
        }
        Ok(checkpoint.save(path)?)
    }

    /// Overwrites the weights, and nothing else, from a checkpoint.
    ///
    /// # Errors
    /// If the file cannot be read or belongs to another network; the weights are then as they were.
    pub fn load_weights(&mut self, path: &Path) -> Result<(), TrainError> {
        let checkpoint = Checkpoint::load(path)?;
        self.restore_weights(&checkpoint, LAYERS)
            .map_err(|cause| unfit(path, cause))
    }

    /// Overwrites the weights in training with those of a prefix, and their mean, if there is one, with those of
    /// [`LAYERS`].
    fn restore_weights(&mut self, checkpoint: &Checkpoint, prefix: &str) -> Result<(), StateError> {
        let evaluated = read_weights(&self.network, checkpoint, LAYERS)?;
        let training = match prefix {
            LAYERS => evaluated.clone(),
            _ => read_weights(&self.network, checkpoint, prefix)?,
        };
        if self.has_average() {
            self.overwrite(TensorGroup::Average, evaluated)?;
        }
        self.overwrite(TensorGroup::Parameters, training)
    }

    /// Overwrites the weights of a group; what the group holds beside them stays.
    fn overwrite(&mut self, group: TensorGroup, weights: Tensors<f32>) -> Result<(), StateError> {
        let mut tensors = self.session.read(group)?;
        tensors.extend(weights);
        Ok(self.session.write(group, &tensors)?)
    }

    /// The state of the optimiser: its tensors, then its progress.
    fn restore_optimiser(
        &mut self,
        checkpoint: &Checkpoint,
        progress: &OptimiserProgress,
    ) -> Result<(), StateError> {
        check_progress(self.plan.optimiser.kind(), progress)?;
        let names = self.plan.optimiser.state_names();
        let mut restored = Vec::new();
        for name in names {
            let mut tensors = Tensors::new();
            for (index, (layer, weights)) in self.network.indexed_weights().enumerate() {
                let saved = read_state(checkpoint, name, index, weights.shape())?;
                tensors.insert(noctule_core::TensorName::weights(layer), saved);
            }
            restored.push(tensors);
        }
        for (state, tensors) in restored.into_iter().enumerate() {
            self.overwrite(TensorGroup::OptimiserState(state), tensors)?;
        }
        Ok(self.session.set_optimiser_progress(progress)?)
    }

    /// The experiment of the run in `directory`, to be continued with `overrides`, which may change [`CHANGEABLE`] keys,
    /// as `--set` does: to train for more epochs, say.
    ///
    /// # Errors
    /// If an override is of another key, the folder is not a run directory, or its experiment cannot be read.
    pub fn resumed_config(
        directory: &RunDirectory,
        overrides: &[String],
    ) -> Result<Config, TrainError> {
        let mut table = ConfigTable::read(&directory.config_path())?;
        if let Some(key) = ConfigTable::key_beyond(overrides, &CHANGEABLE) {
            return Err(TrainError::Fixed { key });
        }
        table.apply_overrides(overrides)?;
        Ok(table.resolve()?)
    }

    /// Continues the run in `directory` from its last checkpoint, with the experiment that [`Trainer::resumed_config`]
    /// gives.
    ///
    /// # Errors
    /// If an override is of a key that cannot change, the folder is not a run directory, a file in it is damaged, or the
    /// checkpoint belongs to another experiment, other data or another network.
    pub fn resume(
        directory: &RunDirectory,
        overrides: &[String],
        data_directory: Option<&Path>,
        engine: Arc<dyn Engine<f32>>,
    ) -> Result<Self, TrainError> {
        let config = Self::resumed_config(directory, overrides)?;
        let mut trainer = Self::new(config, data_directory, engine)?;
        trainer.restore(directory)?;
        Ok(trainer)
    }

    /// Goes back to the last checkpoint of the run in `directory`.
    ///
    /// # Errors
    /// If a file in it is damaged, or the checkpoint belongs to another experiment, other data or another network.
    pub fn restore(&mut self, directory: &RunDirectory) -> Result<(), TrainError> {
        let path = directory.last_path();
        let checkpoint = Checkpoint::load(&path)?;
        if checkpoint.metadata.is_null() {
            return Err(CheckpointError::WeightsOnly { path }.into());
        }
        let saved: SavedPosition = serde_json::from_value(checkpoint.metadata.clone())
            .map_err(|cause| unfit(&path, cause))?;
        self.check_origin(&path, saved.origin.as_ref())?;
        let prefix = if self.has_average() {
            IN_TRAINING
        } else {
            LAYERS
        };
        self.restore_weights(&checkpoint, prefix)
            .map_err(|cause| unfit(&path, cause))?;
        self.restore_optimiser(&checkpoint, &saved.optimiser)
            .map_err(|cause| unfit(&path, cause))?;
        self.history = directory.read_epochs()?;
        self.history
            .retain(|record| record.epoch <= saved.epoch as u64);
        self.position = Position {
            epoch: saved.epoch,
            batch: saved.batch,
            first_batch: saved.batch,
            metrics: saved.tally,
            best: saved.best,
        };
        Ok(())
    }
}

fn check_progress(kind: &str, progress: &OptimiserProgress) -> Result<(), OptimiserStateError> {
    if progress.kind != kind {
        return Err(OptimiserStateError::Kind {
            expected: kind.to_owned(),
            found: progress.kind.clone(),
        });
    }
    if !(0.0..=1.0).contains(&progress.momentum_product) {
        return Err(OptimiserStateError::Damaged {
            name: "momentum_product".to_owned(),
            value: progress.momentum_product.to_string(),
            position: 0,
        });
    }
    Ok(())
}

/// A tensor of the optimiser's state, which belongs to weights of this shape.
fn read_state(
    checkpoint: &Checkpoint,
    state: &str,
    index: usize,
    shape: &[usize],
) -> Result<CoreTensor<f32>, OptimiserStateError> {
    let name = format!("{state}.{index}");
    let Some(saved) = checkpoint.tensors.get(&format!("optimiser.{name}")) else {
        return Err(OptimiserStateError::Missing { name });
    };
    let damaged = |value: &f32| !value.is_finite() || (state == SECOND_MOMENT && *value < 0.0);
    if let Some(position) = saved.values.iter().position(damaged) {
        let value = saved.values[position].to_string();
        return Err(OptimiserStateError::Damaged {
            name,
            value,
            position,
        });
    }
    match CoreTensor::new(shape, saved.values.clone()) {
        Ok(tensor) if saved.shape == shape => Ok(tensor),
        _ => Err(OptimiserStateError::Shape {
            name,
            expected: shape.to_vec(),
            found: saved.shape.clone(),
        }),
    }
}

fn unfit(path: &Path, cause: impl Into<StateError>) -> TrainError {
    TrainError::State {
        path: path.to_owned(),
        cause: cause.into(),
    }
}
