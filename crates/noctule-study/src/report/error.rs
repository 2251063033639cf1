//! What can go wrong with a report.

use std::path::PathBuf;

use noctule_core::{EncodingError, LayerError, NeuronError};
use noctule_train::{ConfigError, RunDirectoryError, TrainError};
use thiserror::Error;

/// A report could not be made.
#[derive(Debug, Error)]
pub enum ReportError {
    /// The network cannot be evaluated.
    #[error(transparent)]
    Train(Box<TrainError>),
    /// A run cannot be read.
    #[error(transparent)]
    Run(#[from] RunDirectoryError),
    /// The experiment cannot be written as TOML.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A sample cannot be encoded.
    #[error("cannot encode test sample {sample}: {cause}")]
    Encoding {
        /// Index of the sample.
        sample: usize,
        /// What is wrong with it.
        #[source]
        cause: EncodingError,
    },
    /// A layer has a constant that is out of range.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// A neuron has a constant that is out of range.
    #[error(transparent)]
    Neuron(#[from] NeuronError),
    /// A picture cannot be encoded.
    #[error("cannot encode a picture: {0}")]
    Picture(#[from] png::EncodingError),
    /// A file cannot be read.
    #[error("cannot read `{}`: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: std::io::Error,
    },
    /// The data cannot be written as JSON.
    #[error("cannot write a report as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl From<TrainError> for ReportError {
    fn from(error: TrainError) -> Self {
        Self::Train(Box::new(error))
    }
}
