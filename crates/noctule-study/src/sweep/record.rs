//! What is kept of a run.

use std::collections::BTreeMap;

use noctule_train::config::AxisValue;
use serde::{Deserialize, Serialize};

/// One line of `runs.jsonl`: a run of a sweep, after its last epoch.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RunRecord {
    /// The point of the grid, counted from 0, row by row.
    pub point: usize,
    /// The repeat at this point, counted from 0.
    pub repeat: usize,
    /// The keys that vary, with their values at this point.
    pub keys: BTreeMap<String, AxisValue>,
    /// The seed of the run.
    pub seed: u64,
    /// Validation accuracy; none without a validation part, or if training diverged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_accuracy: Option<f64>,
    /// Test accuracy; none if training diverged.
    pub test_accuracy: Option<f64>,
    /// Mean loss of a test sample; none if training diverged.
    pub loss: Option<f64>,
    /// Mean spikes of all neurons together in a test sample; none if training diverged.
    pub spikes: Option<f64>,
    /// The best accuracy on the training samples in an epoch, each measured before the step that it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_training_accuracy: Option<f64>,
    /// Whether the loss or a weight was no longer finite, which ended the run.
    pub diverged: bool,
    /// What decides the run, as a checksum.
    pub fingerprint: String,
}
