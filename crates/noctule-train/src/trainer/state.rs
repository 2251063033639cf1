//! A trainer's state in a checkpoint, and back.

use std::path::Path;

use noctule_core::{Network, Weights};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Best, TrainError, Trainer};
use crate::checkpoint::{Checkpoint, Tensor};
use crate::config::ConfigTable;
use crate::metrics::{EpochRecord, Tally};
use crate::optimiser::{OptimiserProgress, RestoreError};
use crate::run_directory::{RunDirectory, RunDirectoryError};

/// The keys that can be changed when a run is resumed; all others decide what the run is.
pub const CHANGEABLE: [&str; 2] = ["training.epochs", "training.threads"];

/// Where a checkpoint has the weights that a network is judged and used by.
const LAYERS: &str = "layers";

/// Where it has the weights in training, if [`LAYERS`] are a running mean of them.
const IN_TRAINING: &str = "in_training";

/// A checkpoint that does not belong to the network.
#[derive(Debug, Error)]
pub enum StateError {
    /// A tensor is missing.
    #[error("the checkpoint lacks the tensor `{name}`: it belongs to another network or optimiser")]
    Missing {
        /// Name of the tensor.
        name: String,
    },
    /// A tensor has another shape.
    #[error(
        "the checkpoint's tensor `{name}` has the shape {found:?}, but this network needs {expected:?}: it belongs to \
         another network"
    )]
    Shape {
        /// Name of the tensor.
        name: String,
        /// The shape that is needed.
        expected: [usize; 2],
        /// The shape in the checkpoint.
        found: Vec<usize>,
    },
    /// The position in the run cannot be read.
    #[error("the checkpoint's position in the run cannot be read: {0}")]
    Position(#[from] serde_json::Error),
    /// The state of the optimiser.
    #[error("the checkpoint's optimiser state does not fit: {0}")]
    Optimiser(#[from] RestoreError),
}

/// Everything that is no tensor.
#[derive(Deserialize, Serialize)]
struct Position {
    epoch: usize,
    batch: usize,
    tally: Tally,
    best: Option<Best>,
    optimiser: OptimiserProgress,
}

impl Trainer {
    /// Writes the whole state of the run to a checkpoint.
    ///
    /// # Errors
    /// If the file cannot be written, or a weight is no longer a number.
    pub fn save(&self, path: &Path) -> Result<(), TrainError> {
        let position = Position {
            epoch: self.epoch,
            batch: self.batch,
            tally: self.tally.clone(),
            best: self.best,
            optimiser: self.optimiser.progress().clone(),
        };
        let metadata = serde_json::to_value(position).map_err(|cause| unfit(path, cause))?;
        let mut checkpoint = Checkpoint::new(metadata);
        insert_weights(&mut checkpoint, LAYERS, self.network());
        if self.average.is_some() {
            insert_weights(&mut checkpoint, IN_TRAINING, &self.network);
        }
        for (name, values) in self.optimiser.state() {
            let shape = vec![values.len()];
            let values = values.to_vec();
            checkpoint.insert(format!("optimiser.{name}"), Tensor { shape, values });
        }
        Ok(checkpoint.save(path)?)
    }

    /// Overwrites the weights, and nothing else, from a checkpoint.
    ///
    /// # Errors
    /// If the file cannot be read or belongs to another network; the weights are then as they were.
    pub fn load_weights(&mut self, path: &Path) -> Result<(), TrainError> {
        let checkpoint = Checkpoint::load(path)?;
        let weights = self
            .read_weights(&checkpoint, LAYERS)
            .map_err(|cause| unfit(path, cause))?;
        if let Some(average) = &mut self.average {
            average.set(weights.clone());
        }
        self.set_weights(weights);
        Ok(())
    }

    /// The weights in training, and their mean if there is one.
    fn restore_weights(&mut self, checkpoint: &Checkpoint) -> Result<(), StateError> {
        let weights = self.read_weights(checkpoint, LAYERS)?;
        let Some(average) = &mut self.average else {
            self.set_weights(weights);
            return Ok(());
        };
        average.set(weights);
        let weights = self.read_weights(checkpoint, IN_TRAINING)?;
        self.set_weights(weights);
        Ok(())
    }

    fn set_weights(&mut self, weights: Vec<Weights<f32>>) {
        for (old, new) in self.network.weights_mut().zip(weights) {
            *old = new;
        }
    }

    fn read_weights(
        &self,
        checkpoint: &Checkpoint,
        prefix: &str,
    ) -> Result<Vec<Weights<f32>>, StateError> {
        let mut restored = Vec::new();
        for (index, weights) in self.network.indexed_weights() {
            let name = format!("{prefix}.{index}.weights");
            let Some(tensor) = checkpoint.tensors.get(&name) else {
                return Err(StateError::Missing { name });
            };
            let expected = [weights.outputs(), weights.inputs()];
            match Weights::from_rows(weights.outputs(), weights.inputs(), &tensor.values) {
                Ok(weights) if tensor.shape == expected => restored.push(weights),
                _ => {
                    return Err(StateError::Shape {
                        name,
                        expected,
                        found: tensor.shape.clone(),
                    });
                }
            }
        }
        let expected: Vec<String> = self
            .network
            .indexed_weights()
            .map(|(index, _)| format!("{LAYERS}.{index}.weights"))
            .collect();
        let beyond =
            |(name, _): &(&String, &Tensor)| name.starts_with(LAYERS) && !expected.contains(name);
        if let Some((name, tensor)) = checkpoint.tensors.iter().find(beyond) {
            return Err(StateError::Shape {
                name: name.clone(),
                expected: [0, 0],
                found: tensor.shape.clone(),
            });
        }
        Ok(restored)
    }

    /// Continues the run in `directory` where its last checkpoint left it.
    ///
    /// `overrides` may change [`CHANGEABLE`] keys, as `--set` does: to train for more epochs, say.
    ///
    /// # Errors
    /// If an override is of another key, if the folder is not a run directory, a file in it is broken, or the checkpoint belongs to another network.
    pub fn resume(
        directory: &RunDirectory,
        overrides: &[String],
        data_directory: Option<&Path>,
    ) -> Result<Self, TrainError> {
        let mut table = ConfigTable::read(&directory.config_path())?;
        let key = |text: &String| text.split('=').next().unwrap_or_default().trim().to_owned();
        if let Some(key) = overrides
            .iter()
            .map(key)
            .find(|key| !CHANGEABLE.contains(&key.as_str()))
        {
            return Err(TrainError::Fixed { key });
        }
        table.apply_overrides(overrides)?;
        let mut trainer = Self::new(table.resolve()?, data_directory)?;
        let path = directory.last_path();
        let checkpoint = Checkpoint::load(&path)?;
        trainer
            .restore_weights(&checkpoint)
            .map_err(|cause| unfit(&path, cause))?;
        let position: Position = serde_json::from_value(checkpoint.metadata.clone())
            .map_err(|cause| unfit(&path, cause))?;
        let optimiser_state = |name: &str| {
            let tensor = checkpoint.tensors.get(&format!("optimiser.{name}"))?;
            Some(tensor.values.as_slice())
        };
        trainer
            .optimiser
            .restore(&position.optimiser, optimiser_state)
            .map_err(|cause| unfit(&path, cause))?;
        trainer.history = read_history(directory, position.epoch as u64)?;
        trainer.epoch = position.epoch;
        trainer.batch = position.batch;
        trainer.tally = position.tally;
        trainer.best = position.best;
        Ok(trainer)
    }
}

fn insert_weights(checkpoint: &mut Checkpoint, prefix: &str, network: &Network<f32>) {
    for (index, weights) in network.indexed_weights() {
        let shape = vec![weights.outputs(), weights.inputs()];
        let values = weights.to_rows();
        let name = format!("{prefix}.{index}.weights");
        checkpoint.insert(name, Tensor { shape, values });
    }
}

fn unfit(path: &Path, cause: impl Into<StateError>) -> TrainError {
    TrainError::State {
        path: path.to_owned(),
        cause: cause.into(),
    }
}

/// The records of the epochs before `epoch`.
fn read_history(
    directory: &RunDirectory,
    epoch: u64,
) -> Result<Vec<EpochRecord>, RunDirectoryError> {
    let mut history = Vec::new();
    for (index, record) in directory.read_metrics()?.into_iter().enumerate() {
        let record: EpochRecord =
            serde_json::from_value(record).map_err(|error| RunDirectoryError::Metrics {
                path: directory.metrics_path(),
                line: index + 1,
                message: error.to_string(),
            })?;
        if record.epoch < epoch {
            history.push(record);
        }
    }
    Ok(history)
}
