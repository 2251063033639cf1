//! Labelled samples in memory: intensities, sample after sample, and a class for each.
//!
//! ```
//! use noctule_data::{Dataset, Inputs, Shape};
//!
//! let shape = Shape { height: 1, width: 2, channels: 1 };
//! let inputs = Inputs::Bytes(vec![0, 255, 255, 0]);
//! let dataset = Dataset::new("left-right", shape, 2, inputs, vec![1, 0])?;
//! assert_eq!(dataset.len(), 2);
//! assert_eq!(dataset.label(0), 1);
//! # Ok::<(), noctule_data::DatasetError>(())
//! ```

pub use noctule_core::Shape;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use thiserror::Error;

/// Why samples do not make up a data set.
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
        "data set {name:?}: the shape {height} x {width} x {channels} has no neurons or more than {}; every dimension must be at least 1",
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
        "data set {name:?}: {labels} labels of {neurons} intensities each need {expected} intensities, but there are {found}; do the inputs and the labels belong together?"
    )]
    Lengths {
        /// Name of the data set.
        name: String,
        /// Number of labels, which is the number of samples.
        labels: usize,
        /// Intensities in each sample.
        neurons: usize,
        /// Intensities that the labels ask for.
        expected: usize,
        /// Intensities that were given.
        found: usize,
    },
    /// A label names a class that does not exist.
    #[error(
        "data set {name:?}, sample {sample}: label {label} is out of range; {classes} classes have labels below {classes}"
    )]
    Label {
        /// Name of the data set.
        name: String,
        /// Index of the sample.
        sample: usize,
        /// The label that was given.
        label: u16,
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
    /// A subset names a sample that does not exist.
    #[error("data set {name:?} has {samples} samples; there is no sample {index}")]
    NoSuchSample {
        /// Name of the data set.
        name: String,
        /// The index that was given.
        index: usize,
        /// Number of samples.
        samples: usize,
    },
    /// A validation part would leave nothing for one side.
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

/// Intensities, sample after sample; shape `[samples, neurons]`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Inputs {
    /// Intensities of 0..=255, standing for 0 to 1.
    Bytes(Vec<u8>),
    /// Intensities from 0 to 1.
    Floats(Vec<f32>),
}

impl Inputs {
    /// Number of intensities in all samples together.
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(values) => values.len(),
            Self::Floats(values) => values.len(),
        }
    }

    /// Whether there is no intensity.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The samples named by `indices`, each of `neurons` intensities.
    fn gather(&self, indices: &[usize], neurons: usize) -> Self {
        fn rows<T: Copy>(values: &[T], indices: &[usize], neurons: usize) -> Vec<T> {
            let mut gathered = Vec::with_capacity(indices.len() * neurons);
            for &index in indices {
                gathered.extend_from_slice(&values[index * neurons..][..neurons]);
            }
            gathered
        }
        match self {
            Self::Bytes(values) => Self::Bytes(rows(values, indices, neurons)),
            Self::Floats(values) => Self::Floats(rows(values, indices, neurons)),
        }
    }
}

/// Labelled samples that share one shape.
///
/// There is at least one sample, every label is below the number of classes and every intensity lies within 0 and 1:
/// the constructor sees to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    name: String,
    shape: Shape,
    classes: usize,
    inputs: Inputs,
    labels: Vec<u16>,
}

impl Dataset {
    /// A data set of `labels.len()` samples; `inputs` has shape `[samples, shape.neurons()]`.
    ///
    /// # Errors
    /// If there is no sample, the lengths disagree, a label is not below `classes`, or a float is not within 0 and 1.
    pub fn new(
        name: impl Into<String>,
        shape: Shape,
        classes: usize,
        inputs: Inputs,
        labels: Vec<u16>,
    ) -> Result<Self, DatasetError> {
        let dataset = Self {
            name: name.into(),
            shape,
            classes,
            inputs,
            labels,
        };
        dataset.check_lengths()?;
        dataset.check_values()?;
        Ok(dataset)
    }

    fn check_lengths(&self) -> Result<(), DatasetError> {
        let name = || self.name.clone();
        let neurons = self.shape.neurons();
        if self.labels.is_empty() {
            return Err(DatasetError::Empty { name: name() });
        }
        if neurons == 0 || neurons > u32::MAX as usize {
            let Shape {
                height,
                width,
                channels,
            } = self.shape;
            return Err(DatasetError::Shape {
                name: name(),
                height,
                width,
                channels,
            });
        }
        let expected = self.labels.len().saturating_mul(neurons);
        if self.inputs.len() != expected {
            return Err(DatasetError::Lengths {
                name: name(),
                labels: self.labels.len(),
                neurons,
                expected,
                found: self.inputs.len(),
            });
        }
        Ok(())
    }

    fn check_values(&self) -> Result<(), DatasetError> {
        let out_of_range = |&label: &u16| usize::from(label) >= self.classes;
        if let Some(sample) = self.labels.iter().position(out_of_range) {
            return Err(DatasetError::Label {
                name: self.name.clone(),
                sample,
                label: self.labels[sample],
                classes: self.classes,
            });
        }
        let Inputs::Floats(values) = &self.inputs else {
            return Ok(());
        };
        if let Some(at) = values.iter().position(|value| !is_intensity(*value)) {
            return Err(DatasetError::Intensity {
                name: self.name.clone(),
                sample: at / self.shape.neurons(),
                neuron: at % self.shape.neurons(),
                value: values[at],
            });
        }
        Ok(())
    }

    /// The name, such as `mnist`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How the input neurons are laid out.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// All intensities; shape `[len, shape.neurons()]`.
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// The class of every sample; shape `[len]`.
    pub fn labels(&self) -> &[u16] {
        &self.labels
    }

    /// The class of one sample.
    ///
    /// # Panics
    /// If there is no such sample.
    pub fn label(&self, sample: usize) -> u16 {
        self.labels[sample]
    }

    /// Number of samples, at least 1.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Always false: a data set has at least one sample.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The samples named by `indices`, in that order; an index may come more than once.
    ///
    /// # Errors
    /// If `indices` is empty or names a sample that does not exist.
    pub fn subset(&self, indices: &[usize]) -> Result<Self, DatasetError> {
        self.check_indices(indices)?;
        Ok(Self {
            name: self.name.clone(),
            shape: self.shape,
            classes: self.classes,
            inputs: self.inputs.gather(indices, self.shape.neurons()),
            labels: indices.iter().map(|&index| self.labels[index]).collect(),
        })
    }

    /// Whether `indices` name at least one sample, and only samples that exist.
    pub(crate) fn check_indices(&self, indices: &[usize]) -> Result<(), DatasetError> {
        if indices.is_empty() {
            return Err(DatasetError::Empty {
                name: self.name.clone(),
            });
        }
        if let Some(&index) = indices.iter().find(|&&index| index >= self.len()) {
            return Err(DatasetError::NoSuchSample {
                name: self.name.clone(),
                index,
                samples: self.len(),
            });
        }
        Ok(())
    }

    /// Turns `self` into a data set of the samples of `source` that `indices` name, reusing its memory, and returns the
    /// intensities for the caller to write; until then they are any within 0 and 1.
    ///
    /// The indices must have passed [`check_indices`](Self::check_indices) of `source`, and only intensities within 0
    /// and 1 may be written: the labels are those of `source`, so then nothing needs to be checked again.
    pub(crate) fn prepare(&mut self, source: &Self, indices: &[usize]) -> &mut Inputs {
        self.name.clone_from(&source.name);
        self.shape = source.shape;
        self.classes = source.classes;
        self.labels.clear();
        let labels = indices.iter().map(|&index| source.labels[index]);
        self.labels.extend(labels);
        let length = indices.len() * source.shape.neurons();
        match (&mut self.inputs, &source.inputs) {
            (Inputs::Bytes(values), Inputs::Bytes(_)) => values.resize(length, 0),
            (Inputs::Floats(values), Inputs::Floats(_)) => values.resize(length, 0.0),
            (inputs, Inputs::Bytes(_)) => *inputs = Inputs::Bytes(vec![0; length]),
            (inputs, Inputs::Floats(_)) => *inputs = Inputs::Floats(vec![0.0; length]),
        }
        &mut self.inputs
    }

    /// Holds out `validation` samples drawn with `seed`: the rest for training, then those held out.
    ///
    /// Every sample lands in exactly one of the two, and the same seed always draws the same samples.
    ///
    /// # Errors
    /// If `validation` is 0 or leaves no sample to train with.
    pub fn split(&self, validation: usize, seed: u64) -> Result<(Self, Self), DatasetError> {
        if validation == 0 || validation >= self.len() {
            return Err(DatasetError::Validation {
                name: self.name.clone(),
                validation,
                samples: self.len(),
            });
        }
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let (held_out, rest) = order.split_at(validation);
        Ok((self.subset(rest)?, self.subset(held_out)?))
    }
}

/// Whether a value is a number from 0 to 1.
pub(crate) fn is_intensity(value: f32) -> bool {
    (0.0..=1.0).contains(&value)
}
