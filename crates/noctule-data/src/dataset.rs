//! Labelled samples in memory: intensities, sample after sample, and a class for each.
//!
//! ```
//! use noctule_data::{Dataset, Pixels, Shape};
//!
//! let shape = Shape { height: 1, width: 2, channels: 1 };
//! let inputs = Pixels::Bytes(vec![0, 255, 255, 0].into());
//! let dataset = Dataset::new("left-right", shape, 2, inputs, vec![1, 0])?;
//! assert_eq!(dataset.len(), 2);
//! assert_eq!(dataset.label(0), 1);
//! # Ok::<(), noctule_data::DatasetError>(())
//! ```

use std::sync::Arc;

use noctule_core::{Batch, Images, Label, LatencyEncoding, Pixels, Real, Shape};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

pub(crate) mod error;

pub use error::DatasetError;

/// Labelled samples that share one shape.
///
/// The constructor checks that there is at least one sample, that every label is below the number of classes and that
/// every intensity is from 0 to 1. Copies share the intensities.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    name: String,
    shape: Shape,
    classes: usize,
    inputs: Pixels,
    labels: Vec<Label>,
}

impl Dataset {
    /// A data set of `labels.len()` samples; `inputs` has shape `[samples, shape.neurons()]`.
    ///
    /// # Errors
    /// If there is no sample, the shape has no neurons, the lengths do not match, a label is not below `classes`, or an
    /// intensity is not a number from 0 to 1.
    pub fn new(
        name: impl Into<String>,
        shape: Shape,
        classes: usize,
        inputs: Pixels,
        labels: Vec<Label>,
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
        let out_of_range = |&label: &Label| label as usize >= self.classes;
        if let Some(sample) = self.labels.iter().position(out_of_range) {
            return Err(DatasetError::Label {
                name: self.name.clone(),
                sample,
                label: self.labels[sample],
                classes: self.classes,
            });
        }
        let Pixels::Floats(values) = &self.inputs else {
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

    /// The layout of the input neurons.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// All intensities; shape `[len, shape.neurons()]`.
    pub fn inputs(&self) -> &Pixels {
        &self.inputs
    }

    /// The class of every sample; shape `[len]`.
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// The class of one sample.
    ///
    /// # Panics
    /// If there is no such sample.
    pub fn label(&self, sample: usize) -> Label {
        self.labels[sample]
    }

    /// The whole data set as a batch whose images an engine encodes with `encoding`.
    ///
    /// The batch shares the intensities with the data set and has its own copy of the labels. To select samples, pass
    /// their indices to the engine, or take a [`subset`](Self::subset) first.
    pub fn batch<T: Real>(&self, encoding: LatencyEncoding) -> Batch<T> {
        let images = Images {
            shape: self.shape,
            pixels: self.inputs.clone(),
            encoding,
        };
        Batch::images(images, self.labels.clone())
    }

    /// Number of samples, at least 1.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Always false: a data set has at least one sample.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The samples named by `indices`, in that order; an index may occur more than once.
    ///
    /// # Errors
    /// If `indices` is empty or names a sample that does not exist.
    pub fn subset(&self, indices: &[usize]) -> Result<Self, DatasetError> {
        self.check_indices(indices)?;
        Ok(Self {
            name: self.name.clone(),
            shape: self.shape,
            classes: self.classes,
            inputs: gather(&self.inputs, indices, self.shape.neurons()),
            labels: indices.iter().map(|&index| self.labels[index]).collect(),
        })
    }

    /// Checks that there is at least one index and that every index names a sample.
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

    /// Turns `self` into a data set of the samples of `source` named by `indices`, and returns the intensities, which
    /// the caller has to overwrite with values from 0 to 1. Memory is reused unless it is shared; the returned memory
    /// is not shared.
    ///
    /// The indices must have passed [`check_indices`](Self::check_indices) of `source`. The result needs no further
    /// checks, because its labels are those of `source`.
    pub(crate) fn prepare(&mut self, source: &Self, indices: &[usize]) -> &mut Pixels {
        self.name.clone_from(&source.name);
        self.shape = source.shape;
        self.classes = source.classes;
        self.labels.clear();
        let labels = indices.iter().map(|&index| source.labels[index]);
        self.labels.extend(labels);
        let length = indices.len() * source.shape.neurons();
        match (&mut self.inputs, &source.inputs) {
            (Pixels::Bytes(values), Pixels::Bytes(_)) => make_room(values, length),
            (Pixels::Floats(values), Pixels::Floats(_)) => make_room(values, length),
            (inputs, Pixels::Bytes(_)) => *inputs = Pixels::Bytes(vec![0; length].into()),
            (inputs, Pixels::Floats(_)) => *inputs = Pixels::Floats(vec![0.0; length].into()),
        }
        &mut self.inputs
    }

    /// Holds out `validation` samples drawn with `seed`. Returns the rest, for training, and the held-out samples.
    ///
    /// Every sample is in exactly one of the two, and the same seed always draws the same samples.
    ///
    /// # Errors
    /// If `validation` is 0 or leaves no sample for training.
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

/// The samples of `inputs` named by `indices`, each of `neurons` intensities.
fn gather(inputs: &Pixels, indices: &[usize], neurons: usize) -> Pixels {
    fn rows<T: Copy>(values: &[T], indices: &[usize], neurons: usize) -> Arc<Vec<T>> {
        let mut gathered = Vec::with_capacity(indices.len() * neurons);
        for &index in indices {
            gathered.extend_from_slice(&values[index * neurons..][..neurons]);
        }
        gathered.into()
    }
    match inputs {
        Pixels::Bytes(values) => Pixels::Bytes(rows(values, indices, neurons)),
        Pixels::Floats(values) => Pixels::Floats(rows(values, indices, neurons)),
    }
}

/// Resizes a buffer to `length` elements. A shared buffer is replaced by a new one, so that its other owners keep it.
fn make_room<T: Clone + Default>(values: &mut Arc<Vec<T>>, length: usize) {
    if Arc::get_mut(values).is_none() {
        *values = Arc::default();
    }
    // The buffer is not shared here, so `make_mut` copies nothing.
    Arc::make_mut(values).resize(length, T::default());
}

/// Whether a value is a number from 0 to 1.
pub(crate) fn is_intensity(value: f32) -> bool {
    (0.0..=1.0).contains(&value)
}
