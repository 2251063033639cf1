//! What is measured of an epoch, and what is written of it.

use noctule_core::{Metrics, Network};
use serde::{Deserialize, Serialize};

/// One line of `metrics.jsonl`: a split in an epoch.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct EpochRecord {
    /// The epoch, counted from 1.
    pub epoch: u64,
    /// `train`, `validation` or `test`.
    pub split: String,
    /// Mean loss of a sample.
    pub loss: f64,
    /// Fraction of samples that were classified correctly.
    pub accuracy: f64,
    /// Mean spikes of a neuron in a sample, for each layer.
    pub spikes_per_neuron: Vec<f64>,
    /// Fraction of neurons that did not spike once in the whole split, for each layer.
    pub silent_fraction: Vec<f64>,
    /// Wall time in seconds.
    pub seconds: f64,
    /// Samples per second.
    pub samples_per_second: f64,
    /// The learning rate of the last step of the epoch; only for `train`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
}

/// Sums over the samples of a split so far, and the time that they took.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct EpochMetrics {
    /// The sums.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// Wall time in seconds.
    pub seconds: f64,
}

impl EpochMetrics {
    /// No samples yet, of this network.
    pub fn new(network: &Network<f32>) -> Self {
        Self {
            metrics: Metrics::new(network),
            seconds: 0.0,
        }
    }

    /// Samples per second so far.
    pub fn samples_per_second(&self) -> f64 {
        self.metrics.samples() as f64 / self.seconds.max(1e-9)
    }

    /// The record of a finished split, of this epoch, counted from 1.
    pub fn record(&self, epoch: u64, split: &str) -> EpochRecord {
        EpochRecord {
            epoch,
            split: split.to_owned(),
            loss: self.metrics.loss(),
            accuracy: self.metrics.accuracy(),
            spikes_per_neuron: self.metrics.spikes_per_neuron(),
            silent_fraction: self.metrics.silent_fraction(),
            seconds: self.seconds,
            samples_per_second: self.samples_per_second(),
            learning_rate: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use noctule_core::BatchRecord;

    use super::*;

    #[test]
    fn checkpoints_keep_the_sums_and_the_time_in_one_object() {
        let mut metrics = EpochMetrics {
            seconds: 0.1 + 0.2,
            ..EpochMetrics::default()
        };
        metrics.metrics.layer_mut(0, 2).add_spikes(&[1, 1]);
        metrics.metrics.add_batch(BatchRecord {
            samples: 3,
            correct: 2,
            loss: 1.0 / 3.0,
        });
        let json = serde_json::to_value(&metrics).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "samples": 3, "correct": 2, "loss": 1.0 / 3.0, "seconds": 0.1 + 0.2,
                "layers": [{ "spikes": 2, "spiked": [false, true] }],
            })
        );
        let read: EpochMetrics = serde_json::from_value(json).unwrap();
        assert_eq!(
            read.metrics.loss().to_bits(),
            metrics.metrics.loss().to_bits()
        );
        assert_eq!(read.seconds.to_bits(), metrics.seconds.to_bits());
        assert_eq!(read.metrics.spiked(0), [false, true]);
    }
}
