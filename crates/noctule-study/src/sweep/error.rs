//! What can go wrong in a sweep.

use noctule_train::TrainError;
use noctule_train::config::ConfigError;
use thiserror::Error;

use super::run_log::RunLogError;

/// A sweep that cannot be run.
#[derive(Debug, Error)]
pub enum SweepError {
    /// The experiment has no `[sweep]`.
    #[error(
        "the experiment `{name}` has no table `[sweep]`: add one that says which keys to vary, or use the preset `convergence`"
    )]
    NoSweep {
        /// Name of the experiment.
        name: String,
    },
    /// A point of the grid is not a valid experiment.
    #[error("sweep, where {point}: {cause}")]
    Point {
        /// The keys with their values.
        point: String,
        /// What is wrong.
        #[source]
        cause: Box<ConfigError>,
    },
    /// The experiment itself cannot be written as TOML.
    #[error(transparent)]
    Config(#[from] Box<ConfigError>),
    /// A run cannot begin, or failed for another reason than that training diverged.
    #[error("sweep, where {point}: {cause}")]
    Run {
        /// The keys with their values.
        point: String,
        /// What went wrong.
        #[source]
        cause: Box<TrainError>,
    },
    /// The runs that are done cannot be read or kept.
    #[error(transparent)]
    Log(#[from] RunLogError),
}

impl From<ConfigError> for SweepError {
    fn from(error: ConfigError) -> Self {
        Self::Config(Box::new(error))
    }
}
