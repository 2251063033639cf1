//! What can be wrong with a file of samples to classify.

use std::path::PathBuf;

use noctule_core::Shape;
use noctule_data::{DataFileError, DatasetError};
use thiserror::Error;

/// A file whose samples an experiment's network cannot classify.
#[derive(Debug, Error)]
pub enum InputError {
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] DataFileError),
    /// The images have another shape than those that the network was trained on.
    #[error("{}: the images are {found}, but those of {set} are {expected} (height x width x channels)", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// The data set of the experiment.
        set: &'static str,
        /// The shape of the images.
        found: Shape,
        /// The shape that is needed.
        expected: Shape,
    },
    /// The samples or their labels are not those of a data set.
    #[error(transparent)]
    Samples(#[from] DatasetError),
}
