//! Squared distance of first spikes from target times.

use crate::loss::summary::summarise;
use crate::real::Real;
use crate::spikes::Spikes;

/// `L = 1/2 sum_j ((t_j - target_j)/scale)^2` over the first spikes `t_j`, with one target time for the true class and
/// one for all others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpikeTime {
    /// The target time of the true class in seconds.
    pub target_true: f64,
    /// The target time of every other class in seconds.
    pub target_false: f64,
    /// The unit of distances in seconds, which makes the loss dimensionless.
    pub scale: f64,
    /// The first-spike time of a silent neuron in seconds; usually `t_max`.
    pub silent_time: f64,
}

impl SpikeTime {
    pub(super) fn sample<T: Real>(
        &self,
        output: Spikes<'_, T>,
        classes: usize,
        label: usize,
        d_times: &mut [T],
    ) -> f64 {
        let mut loss = 0.0;
        for (class, summary) in summarise(output, classes).iter().enumerate() {
            let target = if class == label {
                self.target_true
            } else {
                self.target_false
            };
            let time = summary
                .first
                .map_or(self.silent_time, |event| output.times[event].to_f64());
            let distance = (time - target) / self.scale;
            loss += 0.5 * distance * distance;
            if let Some(event) = summary.first {
                d_times[event] = T::of(distance / self.scale);
            }
        }
        loss
    }
}
