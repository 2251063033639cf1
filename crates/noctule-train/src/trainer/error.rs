//! Why a run cannot begin or continue.

use std::path::PathBuf;

use noctule_core::{EngineError, Label};
use noctule_data::AugmentError;
use thiserror::Error;

use super::state_error::StateError;
use crate::checkpoint::CheckpointError;
use crate::collective::{Disagreement, OtherRank};
use crate::config::ConfigError;
use crate::experiment::ExperimentError;
use crate::range::OutOfRange;
use crate::run_directory::RunDirectoryError;

/// A run that cannot begin or continue.
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
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// What a builder was given.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Samples cannot be augmented.
    #[error(transparent)]
    Augment(#[from] AugmentError),
    /// The loss is NaN or infinite.
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
    /// A weight is NaN, or too large to compute with.
    #[error(
        "training diverged in epoch {epoch}: weights are NaN or larger than 1e15; lower optimiser.learning_rate or set \
         training.max_inverse_slope"
    )]
    WeightsOutOfRange {
        /// The epoch, counted from 1.
        epoch: usize,
    },
    /// Ranks were started with different experiments, data or states.
    #[error(transparent)]
    Disagreement(#[from] Disagreement),
    /// Another rank failed.
    #[error(transparent)]
    OtherRank(#[from] OtherRank),
    /// An override of a key that must not change when a run is resumed.
    #[error(
        "`{key}` cannot be changed on --resume: only training.epochs and training.threads can; start a new run instead"
    )]
    Fixed {
        /// The key that was to be changed.
        key: String,
    },
}

impl TrainError {
    /// Whether this is no error of one rank alone: all ranks have it, or another one has it.
    pub fn is_of_all_ranks(&self) -> bool {
        matches!(
            self,
            Self::Disagreement(_)
                | Self::Diverged { .. }
                | Self::WeightsOutOfRange { .. }
                | Self::OtherRank(_)
        )
    }
}

/// A builder that was not given enough, or a number that is out of range.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum BuildError {
    /// Something has no default and was not given.
    #[error("the trainer needs {what}: call `TrainerBuilder::{method}`")]
    Missing {
        /// What is missing.
        what: &'static str,
        /// The method that gives it.
        method: &'static str,
    },
    /// A part of the samples is empty.
    #[error("there are no {split} samples; give at least one")]
    NoSamples {
        /// `train`, `validation` or `test`.
        split: &'static str,
    },
    /// A loss that an engine evaluates needs one label per sample.
    #[error(
        "the {split} part has {samples} samples, but {labels} labels; the loss needs one label per sample"
    )]
    LabelCount {
        /// `train`, `validation` or `test`.
        split: &'static str,
        /// Number of samples.
        samples: usize,
        /// Number of labels.
        labels: usize,
    },
    /// A label is not the index of an output neuron.
    #[error(
        "sample {sample} of the {split} part has the label {label}, but the network has only {outputs} output neurons; \
         labels count from 0, and there must be one output neuron per class"
    )]
    LabelRange {
        /// `train`, `validation` or `test`.
        split: &'static str,
        /// Index of the sample in its part.
        sample: usize,
        /// Its label.
        label: Label,
        /// Number of output neurons.
        outputs: usize,
    },
    /// A number is out of range.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
}
