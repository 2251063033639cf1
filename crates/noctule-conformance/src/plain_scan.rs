//! A slow simulation of one neuron, to hold engines to.

use noctule_core::LifParameters;

/// Spike times of one neuron in seconds, from its input events (time in seconds, weight), sorted by time.
///
/// The potential is the plain formula `sum w eps(t - t_i) - sum reset exp(-(t - t_k)/tau_m)`, scanned on a grid of `step`
/// seconds and bisected: slow, and without anything an engine uses. A scan can step over a spike that only just touches
/// the threshold.
pub fn plain_scan(parameters: &LifParameters, events: &[(f64, f64)], step: f64) -> Vec<f64> {
    let LifParameters {
        tau_m,
        tau_s,
        theta,
        reset,
        max_spikes,
        t_max,
    } = *parameters;
    let psp = |s: f64| {
        if (tau_m - tau_s).abs() < 1e-12 {
            s * (-s / tau_s).exp()
        } else {
            tau_m * tau_s / (tau_m - tau_s) * ((-s / tau_m).exp() - (-s / tau_s).exp())
        }
    };
    let mut spikes: Vec<f64> = Vec::new();
    let potential = |t: f64, spikes: &[f64]| {
        let inputs: f64 = events
            .iter()
            .filter(|(time, _)| *time < t)
            .map(|(time, weight)| weight * psp(t - time))
            .sum();
        let resets: f64 = spikes
            .iter()
            .map(|k| reset * (-(t - k) / tau_m).exp())
            .sum();
        inputs - resets
    };
    let mut t = 0.0;
    while t < t_max && spikes.len() < max_spikes as usize {
        let next = (t + step).min(t_max);
        if potential(next, &spikes) >= theta {
            let (mut left, mut right) = (t, next);
            for _ in 0..60 {
                let middle = 0.5 * (left + right);
                if potential(middle, &spikes) >= theta {
                    right = middle;
                } else {
                    left = middle;
                }
            }
            spikes.push(right);
            t = right;
        } else {
            t = next;
        }
    }
    spikes
}
