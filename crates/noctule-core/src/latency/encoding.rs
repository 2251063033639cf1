//! [`LatencyEncoding`]: from intensities to spike times.

use thiserror::Error;

use crate::real::Real;
use crate::shape::Shape;
use crate::spikes::{SpikeBatch, SpikeError};

/// Why an encoding was refused, or could not encode a sample.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum EncodingError {
    /// The interval for spikes is empty, negative or not finite.
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
    /// The batch has the wrong population.
    #[error("the spike batch is for {found} neurons, but the encoded samples have {expected}")]
    Population {
        /// Neurons of the samples to encode, the bias included.
        expected: usize,
        /// Neurons of the batch.
        found: usize,
    },
    /// An intensity is NaN, below 0 or above 1.
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
        /// The error of the batch.
        cause: SpikeError,
    },
}

impl From<SpikeError> for EncodingError {
    fn from(cause: SpikeError) -> Self {
        Self::Spikes { cause }
    }
}

/// Turns every intensity `v` from 0 to 1 into one spike at `earliest + (latest - earliest) (1 - v)` seconds.
///
/// Spikes at the same time come in the order of their neurons. Times are computed in `f64` and rounded once, so equal
/// intensities give equal times, bit for bit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LatencyEncoding {
    earliest: f64,
    latest: f64,
    silent_zero: bool,
    bias: Option<f64>,
}

impl LatencyEncoding {
    /// An encoding whose spikes lie between `earliest` (intensity 1) and `latest` (intensity 0), in seconds; an
    /// intensity of 0 spikes, and there is no bias.
    ///
    /// # Errors
    /// Unless both times are finite and `0 <= earliest < latest`.
    pub fn new(earliest: f64, latest: f64) -> Result<Self, EncodingError> {
        let ordered = 0.0 <= earliest && earliest < latest;
        if !ordered || !is_time(latest) {
            return Err(EncodingError::Window { earliest, latest });
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

    /// Adds an input neuron with the highest index, which spikes at `time` seconds in every sample.
    ///
    /// # Errors
    /// If `time` is negative or not finite.
    pub fn with_bias(mut self, time: f64) -> Result<Self, EncodingError> {
        if !is_time(time) {
            return Err(EncodingError::Bias { time });
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

    /// The time of the bias neuron's spike in seconds, if there is one.
    pub fn bias(&self) -> Option<f64> {
        self.bias
    }

    /// Number of input neurons of samples of this shape, the bias included.
    pub fn population(&self, shape: &Shape) -> usize {
        self.neurons_with_bias(shape.neurons())
    }

    /// Appends one sample of `values.len()` intensities from 0 to 1 to `out`.
    ///
    /// # Errors
    /// If the population of `out` is not that of the sample (bias included), or an intensity is NaN, below 0 or above
    /// 1. `out` is not changed then.
    pub fn encode_values<T: Real>(
        &self,
        values: &[f32],
        out: &mut SpikeBatch<T>,
    ) -> Result<(), EncodingError> {
        self.check_population(values.len(), out.population())?;
        let mut spikes = Vec::with_capacity(values.len());
        for (neuron, &value) in values.iter().enumerate() {
            if !is_intensity(value) {
                return Err(EncodingError::Intensity { neuron, value });
            }
            if value > 0.0 || !self.silent_zero {
                spikes.push((T::of(self.time(f64::from(value))), neuron as u32));
            }
        }
        // A stable sort keeps neurons with equal times in order.
        spikes.sort_by(|first, second| first.0.total_order(&second.0));
        self.push(&spikes, values.len(), out)
    }

    /// The spike time of an intensity from 0 to 1, in seconds.
    pub fn time(&self, intensity: f64) -> f64 {
        self.earliest + (self.latest - self.earliest) * (1.0 - intensity)
    }

    fn neurons_with_bias(&self, neurons: usize) -> usize {
        neurons + usize::from(self.bias.is_some())
    }

    fn check_population(&self, neurons: usize, found: usize) -> Result<(), EncodingError> {
        let expected = self.neurons_with_bias(neurons);
        if found != expected {
            return Err(EncodingError::Population { expected, found });
        }
        Ok(())
    }

    /// Appends sorted spikes, with the spike of the bias inserted, as one sample.
    fn push<T: Real>(
        &self,
        spikes: &[(T, u32)],
        neurons: usize,
        out: &mut SpikeBatch<T>,
    ) -> Result<(), EncodingError> {
        let bias = self.bias.map(|time| (T::of(time), neurons as u32));
        let index = bias.map_or(spikes.len(), |(time, _)| {
            spikes.partition_point(|spike| spike.0 <= time)
        });
        let (before, after) = spikes.split_at(index);
        let merged = before.iter().copied().chain(bias);
        out.push_sample(merged.chain(after.iter().copied()))?;
        Ok(())
    }
}

/// Whether a time in seconds is finite, not negative, and still finite in `f32`.
fn is_time(time: f64) -> bool {
    (0.0..=f64::from(f32::MAX)).contains(&time)
}

/// Whether a value is from 0 to 1.
fn is_intensity(value: f32) -> bool {
    (0.0..=1.0).contains(&value)
}
