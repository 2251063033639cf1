//! Cross-entropy of first-spike times.

use crate::loss::summary::{negative_log, softmax, summarise};
use crate::real::Real;
use crate::spikes::Spikes;

/// `L = -log p_label` with `p = softmax(-t_first/temperature)`: the true class should spike first.
///
/// Only first spikes receive an error: `dL/dt_j = (1[j = label] - p_j)/temperature`.
///
/// ```
/// use noctule_core::{FirstSpike, Loss, SpikeBatch};
///
/// let mut output = SpikeBatch::<f64>::new(3);
/// output.push_sample([(0.010, 2), (0.012, 0), (0.020, 2)])?;
/// let loss = Loss::from(FirstSpike { temperature: 0.005, silent_time: 0.1, early_pull: None });
/// let evaluation = loss.evaluate(&output, &[0])?;
/// assert_eq!(evaluation.predictions, [Some(2)]);
/// assert!(evaluation.d_times[1] > 0.0); // The true class is late.
/// assert_eq!(evaluation.d_times[2], 0.0); // A second spike does not matter.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FirstSpike {
    /// The lead of a first spike, in seconds, that makes its class `e` times as likely.
    pub temperature: f64,
    /// The first-spike time of a silent neuron in seconds; usually `t_max`.
    pub silent_time: f64,
    /// A penalty for late spikes of the true class, if any.
    pub early_pull: Option<EarlyPull>,
}

/// Adds `strength (exp(t_label/time) - 1)` to the loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EarlyPull {
    /// The factor of the penalty.
    pub strength: f64,
    /// The time scale of the penalty in seconds.
    pub time: f64,
}

impl EarlyPull {
    /// The penalty of a spike at `time` seconds, and its derivative.
    fn at(&self, time: f64) -> (f64, f64) {
        let growth = libm::exp(time / self.time);
        (
            self.strength * (growth - 1.0),
            self.strength / self.time * growth,
        )
    }
}

impl FirstSpike {
    pub(super) fn sample<T: Real>(
        &self,
        output: Spikes<'_, T>,
        classes: usize,
        label: usize,
        d_times: &mut [T],
    ) -> f64 {
        let summaries = summarise(output, classes);
        let times: Vec<f64> = summaries
            .iter()
            .map(|summary| {
                summary
                    .first
                    .map_or(self.silent_time, |event| output.times[event].to_f64())
            })
            .collect();
        let scores: Vec<f64> = times.iter().map(|time| -time / self.temperature).collect();
        let probabilities = softmax(&scores);
        let (pull, pull_slope) = self
            .early_pull
            .map_or((0.0, 0.0), |pull| pull.at(times[label]));
        for (class, summary) in summaries.iter().enumerate() {
            if let Some(event) = summary.first {
                let (wanted, pull) = if class == label {
                    (1.0, pull_slope)
                } else {
                    (0.0, 0.0)
                };
                let error = (wanted - probabilities[class]) / self.temperature + pull;
                d_times[event] = T::of(error);
            }
        }
        negative_log(probabilities[label]) + pull
    }
}
