//! [`Loss`]: from the output events of a batch and its labels to a loss and an error per event.
//!
//! | loss | reads | predicts | a silent neuron |
//! |---|---|---|---|
//! | [`SpikeCount`] | spike counts against targets | most spikes | counts 0; gets no gradient, since it has no spike |
//! | [`CountSoftmax`] | softmax of spike counts | most spikes | counts 0; gets no gradient |
//! | [`FirstSpike`] | softmax of first-spike times | earliest spike | counts as spiking at `silent_time`; gets no gradient |
//! | [`SpikeTime`] | squared distance of first spikes from target times | earliest spike | counts as spiking at `silent_time`; gets no gradient |
//!
//! **Silence and ties.** Among equal spike counts the neuron whose first spike is earliest wins; among equal first
//! spikes the lower index. If no output neuron spikes, the prediction is `None`, which is never correct. Exact
//! gradients act on existing spikes only; the silent boost of [`Regularisation`](crate::Regularisation) makes silent
//! neurons spike.
//!
//! **Sign.** A positive `dL/dt` means that a later spike raises the loss. Losses on spike counts have no exact
//! derivative. They act on every spike of a neuron with `dL/dt = -dL/dcount`: if there are too few spikes, they move to
//! earlier times.
//!
//! Losses and errors are averaged over the batch.

mod count_softmax;
mod first_spike;
pub(crate) mod prediction;
mod spike_count;
mod spike_time;
mod summary;

pub use count_softmax::CountSoftmax;
pub use first_spike::{EarlyPull, FirstSpike};
pub use prediction::Prediction;
pub use spike_count::SpikeCount;
pub use spike_time::SpikeTime;

use thiserror::Error;

use crate::label::Label;
use crate::real::Real;
use crate::spikes::{SpikeBatch, Spikes};

/// The result of a loss on a batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evaluation<T> {
    /// The loss, averaged over the samples.
    pub loss: f64,
    /// `dL/dt` of each output event.
    pub d_times: Vec<T>,
    /// The predicted class of each sample, `None` if no output neuron spiked.
    pub predictions: Vec<Option<Label>>,
    /// The samples in which the neuron of the true class was silent, each with that neuron: `(sample, neuron)`. They
    /// have no gradient; the silent boost acts on them.
    pub silent: Vec<(usize, Label)>,
}

/// Why labels were refused.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum LabelError {
    /// There are more or fewer labels than samples.
    #[error("there are {samples} samples, but {labels} labels")]
    Count {
        /// Number of samples.
        samples: usize,
        /// Number of labels.
        labels: usize,
    },
    /// A label is not the index of an output neuron.
    #[error("sample {sample} has the label {label}, but there are only {classes} output neurons")]
    Range {
        /// Index of the sample.
        sample: usize,
        /// Its label.
        label: Label,
        /// Number of output neurons.
        classes: usize,
    },
}

/// A loss on the output events of a classifier with one output neuron per class. It is data, so that every engine can
/// evaluate it where the events are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    /// Squared distance of spike counts from targets.
    SpikeCount(SpikeCount),
    /// Cross-entropy of spike counts.
    CountSoftmax(CountSoftmax),
    /// Cross-entropy of first-spike times.
    FirstSpike(FirstSpike),
    /// Squared distance of first spikes from target times.
    SpikeTime(SpikeTime),
}

macro_rules! kind {
    ($name:ident) => {
        impl From<$name> for Loss {
            fn from(loss: $name) -> Self {
                Self::$name(loss)
            }
        }
    };
}

kind!(SpikeCount);
kind!(CountSoftmax);
kind!(FirstSpike);
kind!(SpikeTime);

impl Loss {
    /// The loss of one sample. Writes `dL/dt` of each of its events to `d_times`, which must be aligned with `output`
    /// and zero.
    ///
    /// `label` and all neurons of `output` must be below `classes`.
    pub fn sample<T: Real>(
        &self,
        output: Spikes<'_, T>,
        classes: usize,
        label: Label,
        d_times: &mut [T],
    ) -> f64 {
        let label = label as usize;
        match self {
            Self::SpikeCount(loss) => loss.sample(output, classes, label, d_times),
            Self::CountSoftmax(loss) => loss.sample(output, classes, label, d_times),
            Self::FirstSpike(loss) => loss.sample(output, classes, label, d_times),
            Self::SpikeTime(loss) => loss.sample(output, classes, label, d_times),
        }
    }

    /// The rule by which a network that was trained with this loss predicts.
    pub fn prediction(&self) -> Prediction {
        match self {
            Self::SpikeCount(_) | Self::CountSoftmax(_) => Prediction::MostSpikes,
            Self::FirstSpike(_) | Self::SpikeTime(_) => Prediction::FirstSpike,
        }
    }

    /// The mean loss of a batch, its errors and predictions; `labels` has shape `[samples]`.
    ///
    /// # Errors
    /// If there is not one label per sample, or a label is not the index of an output neuron.
    pub fn evaluate<T: Real>(
        &self,
        output: &SpikeBatch<T>,
        labels: &[Label],
    ) -> Result<Evaluation<T>, LabelError> {
        let (samples, classes) = (output.samples(), output.population());
        check_labels(labels, samples, classes)?;
        let scale = 1.0 / samples.max(1) as f64;
        let prediction = self.prediction();
        let mut d_times = vec![T::zero(); output.spikes()];
        let mut loss = 0.0;
        let mut predictions = Vec::with_capacity(samples);
        let mut silent = Vec::new();
        for (sample, &label) in labels.iter().enumerate() {
            let events = output.sample(sample);
            let errors = &mut d_times[output.range(sample)];
            loss += self.sample(events, classes, label, errors);
            predictions.push(prediction.of(events, classes));
            if !events.neurons.contains(&label) {
                silent.push((sample, label));
            }
        }
        for d_time in &mut d_times {
            *d_time *= T::of(scale);
        }
        Ok(Evaluation {
            loss: loss * scale,
            d_times,
            predictions,
            silent,
        })
    }
}

/// Checks that there is one label per sample, each below `classes`.
pub(crate) fn check_labels(
    labels: &[Label],
    samples: usize,
    classes: usize,
) -> Result<(), LabelError> {
    if labels.len() != samples {
        return Err(LabelError::Count {
            samples,
            labels: labels.len(),
        });
    }
    match labels.iter().position(|&label| label as usize >= classes) {
        Some(sample) => Err(LabelError::Range {
            sample,
            label: labels[sample],
            classes,
        }),
        None => Ok(()),
    }
}
