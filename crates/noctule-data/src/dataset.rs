//! Labelled samples in memory: images or events, and a class for each.
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

use noctule_core::{Batch, Label, LatencyEncoding, Pixels, Shape, SpikeBatch};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

pub(crate) mod error;
pub(crate) mod samples;

pub use error::DatasetError;
pub use samples::Samples;

/// Labelled samples that share one shape.
///
/// The constructors check that there is at least one sample, that every label is below the number of classes and that
/// every intensity is from 0 to 1. Copies share the samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    name: String,
    classes: usize,
    samples: Samples,
    labels: Vec<Label>,
}

impl Dataset {
    /// A data set of `labels.len()` images; `inputs` has shape `[samples, shape.neurons()]`.
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
        let pixels = inputs;
        Self::of_samples(name, classes, Samples::Images { shape, pixels }, labels)
    }

    /// A data set of event lists, one for each label.
    ///
    /// # Errors
    /// If there is no sample, the population has no neurons, the numbers of event lists and of labels differ, or a label
    /// is not below `classes`.
    pub fn of_events(
        name: impl Into<String>,
        classes: usize,
        events: impl Into<Arc<SpikeBatch<f32>>>,
        labels: Vec<Label>,
    ) -> Result<Self, DatasetError> {
        Self::of_samples(name, classes, Samples::Events(events.into()), labels)
    }

    /// A data set of samples of either kind.
    ///
    /// # Errors
    /// As [`new`](Self::new) and [`of_events`](Self::of_events).
    pub fn of_samples(
        name: impl Into<String>,
        classes: usize,
        samples: Samples,
        labels: Vec<Label>,
    ) -> Result<Self, DatasetError> {
        let dataset = Self {
            name: name.into(),
            classes,
            samples,
            labels,
        };
        dataset.check_lengths()?;
        dataset.check_labels()?;
        dataset.check_intensities()?;
        Ok(dataset)
    }

    /// The same samples in another number of classes.
    ///
    /// # Errors
    /// If a label is not below `classes`.
    pub fn with_classes(mut self, classes: usize) -> Result<Self, DatasetError> {
        self.classes = classes;
        self.check_labels()?;
        Ok(self)
    }

    fn check_lengths(&self) -> Result<(), DatasetError> {
        let name = || self.name.clone();
        let shape = self.shape();
        let neurons = shape.neurons();
        if self.labels.is_empty() {
            return Err(DatasetError::Empty { name: name() });
        }
        if neurons == 0 || neurons > u32::MAX as usize {
            let Shape {
                height,
                width,
                channels,
            } = shape;
            return Err(DatasetError::Shape {
                name: name(),
                height,
                width,
                channels,
            });
        }
        match &self.samples {
            Samples::Images { pixels, .. } => {
                let expected = self.labels.len().saturating_mul(neurons);
                if pixels.len() == expected {
                    return Ok(());
                }
                Err(DatasetError::Lengths {
                    name: name(),
                    labels: self.labels.len(),
                    neurons,
                    expected,
                    found: pixels.len(),
                })
            }
            Samples::Events(events) if events.samples() == self.labels.len() => Ok(()),
            Samples::Events(events) => Err(DatasetError::EventLists {
                name: name(),
                labels: self.labels.len(),
                samples: events.samples(),
            }),
        }
    }

    fn check_labels(&self) -> Result<(), DatasetError> {
        let out_of_range = |&label: &Label| label as usize >= self.classes;
        let Some(sample) = self.labels.iter().position(out_of_range) else {
            return Ok(());
        };
        Err(DatasetError::Label {
            name: self.name.clone(),
            sample,
            label: self.labels[sample],
            classes: self.classes,
        })
    }

    fn check_intensities(&self) -> Result<(), DatasetError> {
        let Some(Pixels::Floats(values)) = self.pixels() else {
            return Ok(());
        };
        if let Some(at) = values.iter().position(|value| !is_intensity(*value)) {
            let neurons = self.shape().neurons();
            return Err(DatasetError::Intensity {
                name: self.name.clone(),
                sample: at / neurons,
                neuron: at % neurons,
                value: values[at],
            });
        }
        Ok(())
    }

    /// The name, such as `mnist`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The layout of the input neurons; that of events is one row.
    pub fn shape(&self) -> Shape {
        self.samples.shape()
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The samples.
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// All intensities, if the samples are images; shape `[len, shape.neurons()]`.
    pub fn pixels(&self) -> Option<&Pixels> {
        match &self.samples {
            Samples::Images { pixels, .. } => Some(pixels),
            Samples::Events(_) => None,
        }
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

    /// The whole data set as a batch. An engine encodes images with `encoding`; events stay as they are.
    ///
    /// The batch shares the samples with the data set and has its own copy of the labels. To select samples, pass
    /// their indices to the engine, or take a [`subset`](Self::subset) first.
    pub fn batch(&self, encoding: LatencyEncoding) -> Batch<f32> {
        self.samples.batch(encoding, self.labels.clone())
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
            classes: self.classes,
            samples: self.samples.subset(indices),
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

    /// Turns `self` into a data set of the images of `source` named by `indices`, and returns the intensities, which
    /// the caller has to overwrite with values from 0 to 1. Memory is reused unless it is shared; the returned memory
    /// is not shared. `None` if the samples of `source` are no images.
    ///
    /// The indices must have passed [`check_indices`](Self::check_indices) of `source`. The result needs no further
    /// checks, because its labels are those of `source`.
    pub(crate) fn prepare(&mut self, source: &Self, indices: &[usize]) -> Option<&mut Pixels> {
        let Samples::Images { shape, pixels } = &source.samples else {
            return None;
        };
        self.name.clone_from(&source.name);
        self.classes = source.classes;
        self.labels.clear();
        let labels = indices.iter().map(|&index| source.labels[index]);
        self.labels.extend(labels);
        self.samples.make_images(*shape, pixels, indices.len())
    }

    /// The samples that are the first `samples` in an order drawn with `seed`, in the order that they have here. With the
    /// same seed, more samples include those of fewer.
    ///
    /// # Errors
    /// If there are not that many samples, or `samples` is 0.
    pub fn draw(&self, samples: usize, seed: u64) -> Result<Self, DatasetError> {
        if samples == 0 || samples > self.len() {
            return Err(DatasetError::Draw {
                name: self.name.clone(),
                wanted: samples,
                samples: self.len(),
            });
        }
        let mut order: Vec<usize> = (0..self.len()).collect();
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        // Not the order that `split` draws.
        random.set_stream(u64::from_le_bytes(*b"samples."));
        order.shuffle(&mut random);
        order.truncate(samples);
        order.sort_unstable();
        self.subset(&order)
    }

    /// Holds out `validation` samples drawn with `seed`. Returns the rest, for training, and the held-out samples.
    ///
    /// Every sample is in exactly one of the two, and the same seed always draws the same samples.
    ///
    /// # Errors
    /// If `validation` is 0 or leaves no sample for training.
    pub fn split(&self, validation: usize, seed: u64) -> Result<(Self, Self), DatasetError> {
        let (rest, held_out) = self.split_indices(validation, seed)?;
        Ok((self.subset(&rest)?, self.subset(&held_out)?))
    }

    /// The indices of the samples of [`split`](Self::split), in the same order.
    ///
    /// # Errors
    /// As [`split`](Self::split).
    pub fn split_indices(
        &self,
        validation: usize,
        seed: u64,
    ) -> Result<(Vec<usize>, Vec<usize>), DatasetError> {
        if validation == 0 || validation >= self.len() {
            return Err(DatasetError::Validation {
                name: self.name.clone(),
                validation,
                samples: self.len(),
            });
        }
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let rest = order.split_off(validation);
        Ok((rest, order))
    }
}

/// Whether a value is a number from 0 to 1.
pub(crate) fn is_intensity(value: f32) -> bool {
    (0.0..=1.0).contains(&value)
}
