//! Losses: from the output events of a batch and its labels to a number and an error for each event.
//!
//! | loss | reads | predicts | a silent neuron |
//! |---|---|---|---|
//! | [`SpikeCount`] | spike counts against targets | most spikes | counts 0; gets no gradient, since it has no spike |
//! | [`CountSoftmax`] | softmax of spike counts | most spikes | counts 0; gets no gradient |
//! | [`TimeToFirstSpike`] | softmax of first-spike times | earliest spike | counts as spiking at `silent_time`; gets no gradient |
//! | [`SpikeTime`] | squared distance of first spikes from target times | earliest spike | counts as spiking at `silent_time`; gets no gradient |
//!
//! **Silence and ties.** Among equal spike counts the neuron whose first spike is earliest wins; among equal first
//! spikes the lower index. If no output neuron spikes, the prediction is `None`, which is right for no label. The way
//! out of silence is the silent boost of [`Guards`](crate::Guards), since exact gradients act on spikes there are.
//!
//! **Sign.** A positive `dL/dt` means that a later spike raises the loss. Losses on spike counts have no exact
//! derivative; they act on every spike of a neuron with `dL/dt = -dL/dcount`: too few spikes asks for earlier ones.
//!
//! Losses and errors are averaged over the batch.

mod count_softmax;
mod first_spike;
mod spike_count;
mod spike_time;

use thiserror::Error;

use crate::{Real, SpikeBatch, Spikes};
pub use count_softmax::CountSoftmax;
pub use first_spike::{EarlyPull, TimeToFirstSpike};
pub use spike_count::SpikeCount;
pub use spike_time::SpikeTime;

/// What a loss says of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation<T> {
    /// The loss, averaged over the samples.
    pub loss: f64,
    /// `dL/dt` of each output event.
    pub d_times: Vec<T>,
    /// The predicted class of each sample, `None` if no output neuron spiked.
    pub predictions: Vec<Option<usize>>,
    /// The samples in which the neuron of the true class was silent, with that neuron: `(sample, neuron)`. No spike, no
    /// gradient; [`Network::boost_silent`](crate::Network::boost_silent) is for them.
    pub silent: Vec<(usize, usize)>,
}

/// Labels that do not fit the output events.
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
    /// A label has no output neuron.
    #[error("sample {sample} has the label {label}, but there are only {classes} output neurons")]
    Range {
        /// Index of the sample.
        sample: usize,
        /// Its label.
        label: usize,
        /// Number of output neurons.
        classes: usize,
    },
}

/// A loss on the output events of a classifier: one output neuron for each class.
pub trait Loss<T: Real> {
    /// The loss of one sample, and `dL/dt` of each of its events, written to `d_times` (aligned with `output`).
    ///
    /// `label` is below `classes`, and all neurons of `output` are.
    fn sample(&self, output: Spikes<'_, T>, classes: usize, label: usize, d_times: &mut [T])
    -> f64;

    /// The predicted class of a sample; `None` if no neuron spiked.
    fn predict(&self, output: Spikes<'_, T>, classes: usize) -> Option<usize>;

    /// The mean loss of a batch, its errors and predictions.
    ///
    /// # Errors
    /// If there is not one label for each sample, or a label has no output neuron.
    fn evaluate(
        &self,
        output: &SpikeBatch<T>,
        labels: &[usize],
    ) -> Result<Evaluation<T>, LabelError> {
        let (samples, classes) = (output.samples(), output.population());
        check_labels(labels, samples, classes)?;
        let scale = 1.0 / samples.max(1) as f64;
        let mut d_times = vec![T::zero(); output.spikes()];
        let mut loss = 0.0;
        let mut predictions = Vec::with_capacity(samples);
        let mut silent = Vec::new();
        for (sample, &label) in labels.iter().enumerate() {
            let events = output.sample(sample);
            let errors = &mut d_times[output.range(sample)];
            loss += self.sample(events, classes, label, errors);
            predictions.push(self.predict(events, classes));
            if !events.neurons.contains(&(label as u32)) {
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

fn check_labels(labels: &[usize], samples: usize, classes: usize) -> Result<(), LabelError> {
    if labels.len() != samples {
        return Err(LabelError::Count {
            samples,
            labels: labels.len(),
        });
    }
    match labels.iter().position(|&label| label >= classes) {
        Some(sample) => Err(LabelError::Range {
            sample,
            label: labels[sample],
            classes,
        }),
        None => Ok(()),
    }
}

/// Number of spikes and index of the first spike of one output neuron.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Summary {
    count: u32,
    first: Option<usize>,
}

/// Counts and first spikes of all output neurons of a sample; shape `[classes]`.
fn summarise<T>(output: Spikes<'_, T>, classes: usize) -> Vec<Summary> {
    let mut summaries = vec![Summary::default(); classes];
    for (event, &neuron) in output.neurons.iter().enumerate() {
        let summary = &mut summaries[neuron as usize];
        summary.count += 1;
        summary.first.get_or_insert(event);
    }
    summaries
}

/// The neuron with the most spikes; among equals the one that spiked first, among these the lowest index.
fn most_spikes<T: Real>(output: Spikes<'_, T>, classes: usize) -> Option<usize> {
    let mut best: Option<(usize, u32, T)> = None;
    for (class, summary) in summarise(output, classes).into_iter().enumerate() {
        let Some(first) = summary.first else { continue };
        let (count, time) = (summary.count, output.times[first]);
        if best.is_none_or(|(_, most, earliest)| count > most || (count == most && time < earliest))
        {
            best = Some((class, count, time));
        }
    }
    best.map(|(class, ..)| class)
}

/// The neuron that spikes first; among equals the lowest index.
fn first_to_spike<T: Real>(output: Spikes<'_, T>) -> Option<usize> {
    let first = output.times.first()?;
    let together = output.times.iter().take_while(|time| *time == first);
    output.neurons[..together.count()]
        .iter()
        .min()
        .map(|&neuron| neuron as usize)
}

/// Softmax probabilities of `scores`; shape `[classes]`.
fn softmax(scores: &[f64]) -> Vec<f64> {
    let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = scores
        .iter()
        .map(|score| libm::exp(score - highest))
        .collect();
    let total: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / total).collect()
}

/// `-log(probability)`, finite even if the probability underflows.
fn negative_log(probability: f64) -> f64 {
    -libm::log(probability.max(f64::MIN_POSITIVE))
}
