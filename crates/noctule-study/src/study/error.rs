//! What can go wrong in a study.

use std::io;
use std::path::PathBuf;

use noctule_core::{
    EngineError, LayerError, NetworkError, SpikeError, SubstrateError, TensorError,
};
use noctule_data::folder_lock::FolderLockError;
use noctule_train::{ConfigError, ExperimentError, RunDirectoryError, TrainError, WriteError};
use thiserror::Error;

use super::chart_picture::ChartPictureError;
use crate::euler::EulerError;
use crate::sweep::SweepError;

/// A study that cannot go on.
#[derive(Debug, Error)]
pub enum StudyError {
    /// A file of the study cannot be read.
    #[error("cannot read `{}`: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        cause: io::Error,
    },
    /// A line of the log is not what was written.
    #[error("`{}`, line {line}: {message}; remove the line, and its unit will be measured again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
    /// A unit was recorded by another version.
    #[error(
        "`{}`: the result of `{unit}` has another form ({message}); it was measured by another version; start the study \
         in a new directory", path.display()
    )]
    OtherForm {
        /// The file.
        path: PathBuf,
        /// The unit.
        unit: String,
        /// What is wrong with it.
        message: String,
    },
    /// A result has a number that is NaN or infinite.
    #[error("the result of `{unit}` has a number that is NaN or infinite")]
    NotFinite {
        /// The unit.
        unit: String,
    },
    /// A result cannot be written as JSON.
    #[error("cannot write a result as JSON: {0}")]
    Json(#[source] serde_json::Error),
    /// The description of a study cannot be written as TOML.
    #[error("cannot write the study's description: {0}")]
    Toml(#[source] toml::ser::Error),
    /// A network that the study does not have.
    #[error("the study has no network `{name}`; it has: {}", names.join(", "))]
    NoSuchNetwork {
        /// The preset that was named.
        name: String,
        /// The presets of the study.
        names: Vec<String>,
    },
    /// A folder is not that of a study.
    #[error("`{}` is not the folder of a study: {reason}", path.display())]
    NotStudy {
        /// The folder.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// Another process writes the study.
    #[error(transparent)]
    Locked(#[from] FolderLockError),
    /// A chart cannot be drawn.
    #[error(transparent)]
    Picture(#[from] ChartPictureError),
    /// A file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A run directory within the study's cannot be used.
    #[error(transparent)]
    Run(#[from] RunDirectoryError),
    /// An experiment of the study is wrong.
    #[error(transparent)]
    Config(#[from] Box<ConfigError>),
    /// Data cannot be loaded.
    #[error(transparent)]
    Data(#[from] Box<ExperimentError>),
    /// A training fails.
    #[error(transparent)]
    Train(#[from] Box<TrainError>),
    /// A sweep fails.
    #[error(transparent)]
    Sweep(#[from] Box<SweepError>),
    /// The engine fails.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The study does not know something that a network or a data set has.
    #[error("this study does not know {0}")]
    Unsupported(&'static str),
    /// A network cannot be simulated in steps.
    #[error(transparent)]
    Euler(#[from] EulerError),
    /// A network cannot be built.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A layer cannot be built.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// A tensor cannot be built.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// A chip cannot be.
    #[error(transparent)]
    Substrate(#[from] SubstrateError),
    /// Spikes are not valid.
    #[error(transparent)]
    Spikes(#[from] SpikeError),
}

impl From<TrainError> for StudyError {
    fn from(error: TrainError) -> Self {
        Self::Train(Box::new(error))
    }
}

impl From<ExperimentError> for StudyError {
    fn from(error: ExperimentError) -> Self {
        Self::Data(Box::new(error))
    }
}

impl From<ConfigError> for StudyError {
    fn from(error: ConfigError) -> Self {
        Self::Config(Box::new(error))
    }
}

impl From<SweepError> for StudyError {
    fn from(error: SweepError) -> Self {
        Self::Sweep(Box::new(error))
    }
}

/// Checks that a study has the networks that it is limited to; `names` are the presets that it has.
///
/// # Errors
/// [`StudyError::NoSuchNetwork`].
pub(crate) fn check_networks(only: &[String], names: &[&str]) -> Result<(), StudyError> {
    match only.iter().find(|name| !names.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(StudyError::NoSuchNetwork {
            name: name.clone(),
            names: names.iter().map(|&name| name.to_owned()).collect(),
        }),
    }
}
