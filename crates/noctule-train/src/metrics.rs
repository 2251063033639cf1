//! What is counted while samples go by, and what is written of it.

use noctule_core::{Activity, Evaluation};
use serde::{Deserialize, Serialize};

/// One line of `metrics.jsonl`: a split in an epoch.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct EpochRecord {
    /// The epoch, counted from 0.
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
    /// Samples in a second.
    pub samples_per_second: f64,
}

/// Running sums over the samples of a split.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Tally {
    samples: u64,
    correct: u64,
    loss: f64,
    seconds: f64,
    layers: Vec<LayerTally>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct LayerTally {
    spikes: u64,
    spiked: Vec<bool>,
}

impl Tally {
    /// Adds a batch that took `seconds`.
    pub fn add(
        &mut self,
        activity: &Activity<f32>,
        evaluation: &Evaluation<f32>,
        labels: &[usize],
        seconds: f64,
    ) {
        self.samples += labels.len() as u64;
        self.loss += evaluation.loss * labels.len() as f64;
        self.seconds += seconds;
        let correct =
            |(prediction, label): &(&Option<usize>, &usize)| **prediction == Some(**label);
        self.correct += evaluation
            .predictions
            .iter()
            .zip(labels)
            .filter(correct)
            .count() as u64;
        for (index, events) in activity.layers().enumerate() {
            if self.layers.len() == index {
                self.layers.push(LayerTally {
                    spikes: 0,
                    spiked: vec![false; events.population()],
                });
            }
            let layer = &mut self.layers[index];
            layer.spikes += events.spikes() as u64;
            for &neuron in events.neurons() {
                layer.spiked[neuron as usize] = true;
            }
        }
    }

    /// Samples so far.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// Mean loss of a sample so far.
    pub fn loss(&self) -> f64 {
        self.loss / self.samples.max(1) as f64
    }

    /// Fraction of samples classified correctly so far.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.samples.max(1) as f64
    }

    /// Samples in a second so far.
    pub fn samples_per_second(&self) -> f64 {
        self.samples as f64 / self.seconds.max(1e-9)
    }

    /// The record of a finished split.
    pub fn record(&self, epoch: u64, split: &str) -> EpochRecord {
        let neurons = |layer: &LayerTally| layer.spiked.len().max(1) as f64;
        EpochRecord {
            epoch,
            split: split.to_owned(),
            loss: self.loss(),
            accuracy: self.accuracy(),
            spikes_per_neuron: self
                .layers
                .iter()
                .map(|layer| layer.spikes as f64 / neurons(layer) / self.samples.max(1) as f64)
                .collect(),
            silent_fraction: self
                .layers
                .iter()
                .map(|layer| {
                    layer.spiked.iter().filter(|&&spiked| !spiked).count() as f64 / neurons(layer)
                })
                .collect(),
            seconds: self.seconds,
            samples_per_second: self.samples_per_second(),
        }
    }
}
