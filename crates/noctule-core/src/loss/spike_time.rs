//! Squared distance of first spikes from target times.

use super::{Loss, first_to_spike, summarise};
use crate::{Real, Spikes};

/// `L = 1/2 sum_j ((t_j - target_j)/scale)^2` over the first spikes `t_j`, with one target time for the true class and
/// one for all others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpikeTime {
    /// When the neuron of the true class should spike, in seconds.
    pub target_true: f64,
    /// When every other neuron should spike, in seconds.
    pub target_false: f64,
    /// The unit of the distance in seconds; makes the loss a plain number.
    pub scale: f64,
    /// The time in seconds at which a silent neuron is taken to spike; usually `t_max`.
    pub silent_time: f64,
}

impl<T: Real> Loss<T> for SpikeTime {
    fn sample(
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

    fn predict(&self, output: Spikes<'_, T>, _: usize) -> Option<usize> {
        first_to_spike(output)
    }
}
