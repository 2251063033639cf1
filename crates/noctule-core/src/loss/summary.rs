//! Spike count and first spike of each output neuron, and the softmax, which several losses use.

use crate::spikes::Spikes;

/// Number of spikes and index of the first spike of one output neuron.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Summary {
    pub count: u32,
    pub first: Option<usize>,
}

/// Counts and first spikes of all output neurons of a sample; shape `[classes]`.
pub(super) fn summarise<T>(output: Spikes<'_, T>, classes: usize) -> Vec<Summary> {
    let mut summaries = vec![Summary::default(); classes];
    for (event, &neuron) in output.neurons.iter().enumerate() {
        let summary = &mut summaries[neuron as usize];
        summary.count += 1;
        summary.first.get_or_insert(event);
    }
    summaries
}

/// Softmax probabilities of `scores`; shape `[classes]`.
pub(super) fn softmax(scores: &[f64]) -> Vec<f64> {
    let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = scores
        .iter()
        .map(|score| libm::exp(score - highest))
        .collect();
    let total: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / total).collect()
}

/// `-log(probability)`, finite even if the probability underflows.
pub(super) fn negative_log(probability: f64) -> f64 {
    -libm::log(probability.max(f64::MIN_POSITIVE))
}
