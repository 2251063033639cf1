//! Cross-entropy of spike counts.

use crate::loss::summary::{negative_log, softmax, summarise};
use crate::real::Real;
use crate::spikes::Spikes;

/// `L = -log p_label` with `p = softmax(count/temperature)`.
///
/// Every spike of neuron `j` receives `dL/dt = (1[j = label] - p_j)/temperature`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CountSoftmax {
    /// The number of additional spikes that make a class `e` times as likely.
    pub temperature: f64,
}

impl CountSoftmax {
    pub(super) fn sample<T: Real>(
        &self,
        output: Spikes<'_, T>,
        classes: usize,
        label: usize,
        d_times: &mut [T],
    ) -> f64 {
        let scores: Vec<f64> = summarise(output, classes)
            .iter()
            .map(|summary| f64::from(summary.count) / self.temperature)
            .collect();
        let probabilities = softmax(&scores);
        for (d_time, &neuron) in d_times.iter_mut().zip(output.neurons) {
            let class = neuron as usize;
            let wanted = if class == label { 1.0 } else { 0.0 };
            *d_time = T::of((wanted - probabilities[class]) / self.temperature);
        }
        negative_log(probabilities[label])
    }
}
