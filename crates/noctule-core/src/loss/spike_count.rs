//! Squared distance of spike counts from targets.

use crate::loss::summary::summarise;
use crate::real::Real;
use crate::spikes::Spikes;

/// `L = 1/2 sum_j (target_j - count_j)^2`, with one target for the true class and one for all others.
///
/// Every spike of neuron `j` receives `dL/dt = target_j - count_j`.
///
/// ```
/// use noctule_core::{Loss, SpikeBatch, SpikeCount};
///
/// let mut output = SpikeBatch::<f32>::new(2);
/// output.push_sample([(0.01, 1), (0.02, 1)])?;
/// let loss = Loss::from(SpikeCount { target_true: 3.0, target_false: 0.0 });
/// let evaluation = loss.evaluate(&output, &[1])?;
/// assert_eq!(evaluation.loss, 0.5);
/// assert_eq!(evaluation.d_times, [1.0, 1.0]); // Earlier spikes leave time for one more.
/// assert_eq!(evaluation.predictions, [Some(1)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpikeCount {
    /// Spikes that the neuron of the true class should emit.
    pub target_true: f64,
    /// Spikes that every other neuron should emit.
    pub target_false: f64,
}

impl SpikeCount {
    pub(super) fn sample<T: Real>(
        &self,
        output: Spikes<'_, T>,
        classes: usize,
        label: usize,
        d_times: &mut [T],
    ) -> f64 {
        let missing: Vec<f64> = summarise(output, classes)
            .iter()
            .enumerate()
            .map(|(class, summary)| {
                let target = if class == label {
                    self.target_true
                } else {
                    self.target_false
                };
                target - f64::from(summary.count)
            })
            .collect();
        for (d_time, &neuron) in d_times.iter_mut().zip(output.neurons) {
            *d_time = T::of(missing[neuron as usize]);
        }
        0.5 * missing.iter().map(|missing| missing * missing).sum::<f64>()
    }
}
