//! What can be wrong with the samples of a data set, or with a choice of them.

use noctule_core::Label;
use thiserror::Error;

/// Why samples do not form a data set.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum DatasetError {
    /// There is no sample.
    #[error("data set {name:?} has no samples; give at least one")]
    Empty {
        /// Name of the data set.
        name: String,
    },
    /// The shape has no neurons, or more than can be numbered.
    #[error(
        "data set {name:?}: the shape {height} x {width} x {channels} has no neurons or more than {}; make every dimension at least 1 and the product at most that",
        u32::MAX
    )]
    Shape {
        /// Name of the data set.
        name: String,
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
        /// Channels.
        channels: usize,
    },
    /// The number of intensities is not samples times neurons.
    #[error(
        "data set {name:?}: {labels} labels of {neurons} intensities each need {expected} intensities, but there are {found}; check that the inputs belong to the labels"
    )]
    Lengths {
        /// Name of the data set.
        name: String,
        /// Number of labels, which is the number of samples.
        labels: usize,
        /// Number of intensities of each sample.
        neurons: usize,
        /// Number of intensities of that many samples.
        expected: usize,
        /// Number of intensities that were given.
        found: usize,
    },
    /// The numbers of event lists and of labels differ.
    #[error(
        "data set {name:?}: {labels} labels, but {samples} event lists; each sample needs one of both"
    )]
    EventLists {
        /// Name of the data set.
        name: String,
        /// Number of labels.
        labels: usize,
        /// Number of event lists.
        samples: usize,
    },
    /// A label names a class that does not exist.
    #[error(
        "data set {name:?}, sample {sample}: label {label} is out of range; with {classes} classes it must be below {classes}"
    )]
    Label {
        /// Name of the data set.
        name: String,
        /// Index of the sample.
        sample: usize,
        /// The label that was given.
        label: Label,
        /// Number of classes.
        classes: usize,
    },
    /// An intensity is not a number from 0 to 1.
    #[error(
        "data set {name:?}, sample {sample}: the intensity {value} of neuron {neuron} is not a number from 0 to 1; scale the inputs first"
    )]
    Intensity {
        /// Name of the data set.
        name: String,
        /// Index of the sample.
        sample: usize,
        /// Index of the neuron.
        neuron: usize,
        /// The intensity that was given.
        value: f32,
    },
    /// An index names a sample that does not exist.
    #[error("data set {name:?} has {samples} samples; there is no sample {index}")]
    NoSuchSample {
        /// Name of the data set.
        name: String,
        /// The index that was given.
        index: usize,
        /// Number of samples.
        samples: usize,
    },
    /// More samples are asked for than there are, or none.
    #[error(
        "data set {name:?} has {samples} samples: {wanted} of them cannot be drawn; draw between 1 and {samples}"
    )]
    Draw {
        /// Name of the data set.
        name: String,
        /// Number of samples to draw.
        wanted: usize,
        /// Number of samples.
        samples: usize,
    },
    /// A split would leave the training part or the validation part empty.
    #[error(
        "data set {name:?} has {samples} samples: {validation} of them cannot be held out for validation; hold out between 1 and {}",
        samples.saturating_sub(1)
    )]
    Validation {
        /// Name of the data set.
        name: String,
        /// Number of samples to hold out.
        validation: usize,
        /// Number of samples.
        samples: usize,
    },
}
