//! What a replay computes, in the shapes of the file.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a replay computed.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Outcomes {
    /// One for each case, in order.
    pub cases: Vec<Outcome>,
}

/// What a replay computed for one case. Gradients are null if a neuron spikes more or less often than expected.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Outcome {
    /// What the case is called.
    pub name: String,
    /// Spike times in seconds; shape `[layers][neurons][spikes]`.
    pub spikes: Vec<Vec<Vec<f64>>>,
    /// For each layer the gradient of its weights in their shape, or null; absent if the case lists gradients by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_gradients: Option<Value>,
    /// For each layer its gradients by the name of the parameter, or null; absent if the case does not list gradients by
    /// name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gradients: Option<Value>,
    /// `dL/dt` of each input spike.
    pub input_time_gradient: Option<Vec<f64>>,
    /// Recorded spikes whose slope is not positive; absent if the spikes were simulated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spikes_without_rise: Option<u64>,
}
