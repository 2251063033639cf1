//! [`CurrentPass`]: what a session knows of its last forward pass.

use noctule_core::PassWeights;

/// The options of the last forward pass, and the calls that followed it.
#[derive(Clone, Copy, Debug)]
pub(super) struct CurrentPass {
    /// The weights it used.
    pub weights: PassWeights,
    /// Whether its backward pass also computes `dL/dt` of the input events.
    pub input_gradients: bool,
    /// The number of recorded spikes whose slope is not positive.
    pub spikes_without_rise: u64,
    /// Whether there are errors of the output events, which no backward pass used yet.
    pub has_errors: bool,
    /// Whether classes were predicted.
    pub has_predictions: bool,
    /// Whether it is in the metrics.
    pub is_counted: bool,
    /// Whether its weights have changed since: then its gradient would be that of no network.
    pub is_stale: bool,
}

impl CurrentPass {
    pub fn new(weights: PassWeights, input_gradients: bool) -> Self {
        Self {
            weights,
            input_gradients,
            spikes_without_rise: 0,
            has_errors: false,
            has_predictions: false,
            is_counted: false,
            is_stale: false,
        }
    }
}
