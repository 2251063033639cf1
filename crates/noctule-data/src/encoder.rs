//! Latency coding: a bright pixel spikes early, a dark one late.
//!
//! ```
//! use noctule_core::SpikeBatch;
//! use noctule_data::LatencyEncoder;
//!
//! let encoder = LatencyEncoder::new(0.0, 0.1)?.with_silent_zero(true);
//! let mut spikes = SpikeBatch::<f32>::new(3);
//! encoder.encode_values(&[0.0, 0.5, 1.0], &mut spikes)?;
//! assert_eq!(spikes.sample(0).neurons, &[2, 1]);
//! assert_eq!(spikes.sample(0).times, &[0.0, 0.05]);
//! # Ok::<(), noctule_data::EncodeError>(())
//! ```

mod bytes;

use noctule_core::{Real, SpikeBatch, SpikeError};
use thiserror::Error;

use crate::dataset::{Dataset, Inputs, Shape, is_intensity};
use bytes::ByteSorter;

/// Why an encoder cannot be made, or cannot encode.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum EncodeError {
    /// The window for spikes is empty, negative or not finite.
    #[error(
        "spikes cannot be spread from {earliest} s to {latest} s: the times must be finite, not negative, and the first below the second"
    )]
    Window {
        /// Time of an intensity of 1, in seconds.
        earliest: f64,
        /// Time of an intensity of 0, in seconds.
        latest: f64,
    },
    /// The bias time is negative or not finite.
    #[error("the bias cannot spike at {time} s: the time must be finite and not negative")]
    Bias {
        /// The time that was given, in seconds.
        time: f64,
    },
    /// The batch is for another number of neurons.
    #[error("the spike batch is for {found} neurons, but the encoded samples have {expected}")]
    Population {
        /// Neurons of the samples to encode, the bias included.
        expected: usize,
        /// Neurons of the batch.
        found: usize,
    },
    /// An index names a sample that does not exist.
    #[error("the data set has {samples} samples; there is no sample {index}")]
    NoSuchSample {
        /// The index that was given.
        index: usize,
        /// Number of samples.
        samples: usize,
    },
    /// An intensity is not a number from 0 to 1.
    #[error(
        "the intensity {value} of neuron {neuron} is not a number from 0 to 1; scale the inputs first"
    )]
    Intensity {
        /// Index of the neuron.
        neuron: usize,
        /// The intensity that was given.
        value: f32,
    },
    /// The batch refused the spikes.
    #[error("the spikes were refused: {cause}")]
    Spikes {
        /// What the batch said.
        cause: SpikeError,
    },
}

impl From<SpikeError> for EncodeError {
    fn from(cause: SpikeError) -> Self {
        Self::Spikes { cause }
    }
}

/// Turns every intensity `v` from 0 to 1 into one spike at `earliest + (latest - earliest) (1 - v)` seconds.
///
/// Spikes at the same time come in the order of their neurons. Times are computed in `f64` and rounded once, so equal
/// intensities give equal times to the bit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LatencyEncoder {
    earliest: f64,
    latest: f64,
    silent_zero: bool,
    bias: Option<f64>,
}

impl LatencyEncoder {
    /// An encoder whose spikes lie between `earliest` (intensity 1) and `latest` (intensity 0), in seconds; an
    /// intensity of 0 spikes, and there is no bias.
    ///
    /// # Errors
    /// Unless both are finite and `0 <= earliest < latest`.
    pub fn new(earliest: f64, latest: f64) -> Result<Self, EncodeError> {
        let ordered = 0.0 <= earliest && earliest < latest;
        if !ordered || !is_time(latest) {
            return Err(EncodeError::Window { earliest, latest });
        }
        Ok(Self {
            earliest,
            latest,
            silent_zero: false,
            bias: None,
        })
    }

    /// Whether an intensity of exactly 0 never spikes.
    #[must_use]
    pub fn with_silent_zero(mut self, silent: bool) -> Self {
        self.silent_zero = silent;
        self
    }

    /// Adds one input neuron behind all others that spikes at `time` seconds in every sample.
    ///
    /// # Errors
    /// If `time` is negative or not finite.
    pub fn with_bias(mut self, time: f64) -> Result<Self, EncodeError> {
        if !is_time(time) {
            return Err(EncodeError::Bias { time });
        }
        self.bias = Some(time);
        Ok(self)
    }

    /// Time of an intensity of 1, in seconds.
    pub fn earliest(&self) -> f64 {
        self.earliest
    }

    /// Time of an intensity of 0, in seconds.
    pub fn latest(&self) -> f64 {
        self.latest
    }

    /// Whether an intensity of exactly 0 never spikes.
    pub fn silent_zero(&self) -> bool {
        self.silent_zero
    }

    /// When the bias neuron spikes, in seconds, if there is one.
    pub fn bias(&self) -> Option<f64> {
        self.bias
    }

    /// Number of input neurons of samples of this shape, the bias included.
    pub fn population(&self, shape: &Shape) -> usize {
        self.neurons_with_bias(shape.neurons())
    }

    /// Replaces what `out` holds by one sample for every index, in the order of `indices`.
    ///
    /// # Errors
    /// If `out` is not for [`population`](Self::population) neurons or an index names no sample; `out` is then left as
    /// it was.
    pub fn encode(
        &self,
        dataset: &Dataset,
        indices: &[usize],
        out: &mut SpikeBatch<f32>,
    ) -> Result<(), EncodeError> {
        let neurons = dataset.shape().neurons();
        self.check_population(neurons, out.population())?;
        let samples = dataset.len();
        if let Some(&index) = indices.iter().find(|&&index| index >= samples) {
            return Err(EncodeError::NoSuchSample { index, samples });
        }
        match dataset.inputs() {
            Inputs::Bytes(values) => {
                let sorter = ByteSorter::new(self);
                let values = |sample: usize| &values[indices[sample] * neurons..][..neurons];
                let counts = (0..indices.len()).map(|sample| sorter.count(values(sample)));
                out.write_samples(counts, Vec::new, |memory, sample, (times, neurons)| {
                    sorter.sort(values(sample), memory, times, neurons);
                })?;
            }
            Inputs::Floats(values) => {
                out.clear();
                for &index in indices {
                    self.encode_values(&values[index * neurons..][..neurons], out)?;
                }
            }
        }
        Ok(())
    }

    /// Appends one sample of `values.len()` intensities from 0 to 1 to `out`.
    ///
    /// # Errors
    /// If `out` is not for that many neurons (and the bias), or an intensity is not a number from 0 to 1; `out` is then
    /// left as it was.
    pub fn encode_values<T: Real>(
        &self,
        values: &[f32],
        out: &mut SpikeBatch<T>,
    ) -> Result<(), EncodeError> {
        self.check_population(values.len(), out.population())?;
        let mut spikes = Vec::with_capacity(values.len());
        for (neuron, &value) in values.iter().enumerate() {
            if !is_intensity(value) {
                return Err(EncodeError::Intensity { neuron, value });
            }
            if value > 0.0 || !self.silent_zero {
                spikes.push((T::of(self.time(f64::from(value))), neuron as u32));
            }
        }
        // Stable, so neurons stay in order within the same time.
        spikes.sort_by(|first, second| first.0.order(&second.0));
        self.push(&spikes, values.len(), out)
    }

    /// When an intensity spikes, in seconds.
    fn time(&self, intensity: f64) -> f64 {
        self.earliest + (self.latest - self.earliest) * (1.0 - intensity)
    }

    fn neurons_with_bias(&self, neurons: usize) -> usize {
        neurons + usize::from(self.bias.is_some())
    }

    fn check_population(&self, neurons: usize, found: usize) -> Result<(), EncodeError> {
        let expected = self.neurons_with_bias(neurons);
        if found != expected {
            return Err(EncodeError::Population { expected, found });
        }
        Ok(())
    }

    /// Appends sorted spikes and the bias spike among them as one sample.
    fn push<T: Real>(
        &self,
        spikes: &[(T, u32)],
        neurons: usize,
        out: &mut SpikeBatch<T>,
    ) -> Result<(), EncodeError> {
        let bias = self.bias.map(|time| (T::of(time), neurons as u32));
        let place = bias.map_or(spikes.len(), |(time, _)| {
            spikes.partition_point(|spike| spike.0 <= time)
        });
        let (before, after) = spikes.split_at(place);
        let merged = before.iter().copied().chain(bias);
        out.push_sample(merged.chain(after.iter().copied()))?;
        Ok(())
    }
}

/// Whether a time in seconds is finite, not negative, and still finite in `f32`.
fn is_time(time: f64) -> bool {
    (0.0..=f64::from(f32::MAX)).contains(&time)
}
