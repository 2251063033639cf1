//! What can be wrong with files of the user's own samples, with the key that names them.

use std::path::PathBuf;

use noctule_core::{Label, Shape};
use noctule_data::DataFileError;
use thiserror::Error;

/// A file of the user's own samples that does not suit an experiment.
#[derive(Debug, Error)]
pub enum OwnDataError {
    /// The file cannot be used.
    #[error("{key}: {source}")]
    File {
        /// The key that names the file.
        key: &'static str,
        /// What is wrong.
        source: DataFileError,
    },
    /// The file has no labels.
    #[error(
        "{key}: {}: there is no array `labels`; training and evaluation need one label per sample",
        path.display()
    )]
    NoLabels {
        /// The key that names the file.
        key: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A label has no neuron in the last layer.
    #[error(
        "{key}: {file}: sample {sample}: the label {label} has no neuron: layers.{layer}, the last, has {classes} neurons, one \
         for each class from 0 to {}; give it more, or correct the label",
        classes.saturating_sub(1)
    )]
    Label {
        /// The key that names the file.
        key: &'static str,
        /// The file.
        file: String,
        /// Index of the sample in the file.
        sample: usize,
        /// Its label.
        label: Label,
        /// Neurons of the last layer.
        classes: usize,
        /// Index of the last layer.
        layer: usize,
    },
    /// The samples of one file have another shape than those of the other.
    #[error(
        "{key}: {}: the images are {shape}, but those of data.train are {expected} (height x width x channels)",
        path.display()
    )]
    Shape {
        /// The key that names the file.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// The shape of its samples.
        shape: Shape,
        /// The shape of the training samples.
        expected: Shape,
    },
}
