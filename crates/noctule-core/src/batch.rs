//! [`Batch`]: the input of a network, event lists or images, with or without labels.

use std::sync::Arc;

use crate::label::Label;
use crate::latency::byte_sorter::ByteSorter;
use crate::latency::encoding::{EncodingError, LatencyEncoding};
use crate::real::Real;
use crate::shape::Shape;
use crate::spikes::SpikeBatch;

/// A batch, or a whole set, of samples and their labels.
///
/// A batch may be empty: if it has fewer samples than there are ranks, some ranks have none. Clones share their
/// samples.
#[derive(Clone, Debug)]
pub struct Batch<T> {
    /// The samples.
    pub samples: Samples<T>,
    /// The class of each sample; empty if the samples are not labelled.
    pub labels: Vec<Label>,
}

/// The samples of a batch.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Samples<T> {
    /// Event lists, the input of the first layer.
    Events(Arc<SpikeBatch<T>>),
    /// Images, which the engine encodes.
    Images(Images),
}

impl<T: Real> Batch<T> {
    /// A batch of event lists; `labels` has one label per sample, or none.
    pub fn events(events: impl Into<Arc<SpikeBatch<T>>>, labels: Vec<Label>) -> Self {
        Self {
            samples: Samples::Events(events.into()),
            labels,
        }
    }

    /// A batch of images; `labels` has one label per image, or none.
    pub fn images(images: Images, labels: Vec<Label>) -> Self {
        Self {
            samples: Samples::Images(images),
            labels,
        }
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        match &self.samples {
            Samples::Events(events) => events.samples(),
            Samples::Images(images) => images.len(),
        }
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of neurons that the events come from.
    pub fn population(&self) -> usize {
        match &self.samples {
            Samples::Events(events) => events.population(),
            Samples::Images(images) => images.population(),
        }
    }
}

/// Images, and the encoding that turns them into events.
#[derive(Clone, Debug)]
pub struct Images {
    /// The shape of each image.
    pub shape: Shape,
    /// The intensities, image after image; shape `[images, height, width, channels]`.
    pub pixels: Pixels,
    /// The encoding of an intensity as a spike.
    pub encoding: LatencyEncoding,
}

/// Intensities, image after image. Clones share them.
#[derive(Clone, Debug, PartialEq)]
pub enum Pixels {
    /// Intensities from 0 to 255, which stand for 0 to 1.
    Bytes(Arc<Vec<u8>>),
    /// Intensities from 0 to 1.
    Floats(Arc<Vec<f32>>),
}

impl Pixels {
    /// Number of intensities in all images together.
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
}

impl Images {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.pixels.len() / self.shape.neurons().max(1)
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of neurons that the events of an image come from, the bias included.
    pub fn population(&self) -> usize {
        self.encoding.population(&self.shape)
    }

    /// Encodes the images with the indices `samples`, in that order, on this thread. Engines have faster ways.
    ///
    /// # Errors
    /// If an intensity is NaN, below 0 or above 1.
    ///
    /// # Panics
    /// If an index is not that of an image.
    pub fn encode<T: Real>(&self, samples: &[u32]) -> Result<SpikeBatch<T>, EncodingError> {
        let neurons = self.shape.neurons();
        let mut events = SpikeBatch::new(self.population());
        match &self.pixels {
            Pixels::Bytes(values) => {
                let sorter = ByteSorter::new(&self.encoding);
                let image = |sample: &u32| &values[*sample as usize * neurons..][..neurons];
                let counts = samples.iter().map(|sample| sorter.count(image(sample)));
                let mut scratch = Vec::new();
                events.write_samples(self.population(), counts, |written| {
                    for (sample, (times, neurons)) in samples.iter().zip(written) {
                        sorter.sort(image(sample), &mut scratch, times, neurons);
                    }
                })?;
            }
            Pixels::Floats(values) => {
                for &sample in samples {
                    let image = &values[sample as usize * neurons..][..neurons];
                    self.encoding.encode_values(image, &mut events)?;
                }
            }
        }
        Ok(events)
    }
}
