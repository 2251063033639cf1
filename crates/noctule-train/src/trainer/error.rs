//! Why a run cannot begin or go on.

use std::path::PathBuf;

use noctule_core::{LabelError, ShapeError};
use noctule_data::{AugmentError, EncodeError};
use thiserror::Error;

use super::StateError;
use crate::checkpoint::CheckpointError;
use crate::collective::{Disagreement, OtherRank};
use crate::config::ConfigError;
use crate::experiment::ExperimentError;
use crate::run_directory::RunDirectoryError;

/// A run that cannot begin or go on.
#[derive(Debug, Error)]
pub enum TrainError {
    /// The experiment file.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// What the experiment names.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// The run directory.
    #[error(transparent)]
    RunDirectory(#[from] RunDirectoryError),
    /// The checkpoint file.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The state in the checkpoint.
    #[error("`{}`: {cause}", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        #[source]
        cause: StateError,
    },
    /// The network and its input do not fit.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The labels and the network do not fit.
    #[error(transparent)]
    Label(#[from] LabelError),
    /// Samples cannot be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// Samples cannot be augmented.
    #[error(transparent)]
    Augment(#[from] AugmentError),
    /// The loss is no longer a number.
    #[error(
        "training diverged in epoch {epoch}, batch {batch}: the loss is {loss}; lower optimiser.learning_rate, set \
         training.max_inverse_slope, or look at the constants of the loss"
    )]
    Diverged {
        /// The epoch, counted from 1.
        epoch: usize,
        /// The batch, counted from 1.
        batch: usize,
        /// The loss.
        loss: f64,
    },
    /// Weights are no longer numbers.
    #[error(
        "training diverged in epoch {epoch}: weights are no longer finite; lower optimiser.learning_rate or set \
         training.max_inverse_slope"
    )]
    NotFinite {
        /// The epoch, counted from 1.
        epoch: usize,
    },
    /// Ranks were started with different experiments, data or states.
    #[error(transparent)]
    Disagreement(#[from] Disagreement),
    /// Another rank failed.
    #[error(transparent)]
    OtherRank(#[from] OtherRank),
    /// A run cannot be resumed as something else.
    #[error(
        "`{key}` cannot be changed on --resume: only training.epochs and training.threads can; start a new run instead"
    )]
    Fixed {
        /// The key that was to be changed.
        key: String,
    },
}
