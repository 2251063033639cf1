//! What is counted while samples go by, and what is written of it.

use noctule_core::{Activity, Evaluation, Network};
use serde::{Deserialize, Serialize};

use crate::collective::Collective;

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

impl LayerTally {
    fn silent(neurons: usize) -> Self {
        Self {
            spikes: 0,
            spiked: vec![false; neurons],
        }
    }
}

impl Tally {
    /// No samples yet, of this network.
    pub fn new(network: &Network<f32>) -> Self {
        let neurons = network.layers().iter().map(|layer| layer.outputs());
        Self {
            layers: neurons.map(LayerTally::silent).collect(),
            ..Self::default()
        }
    }

    /// Forgets all samples, and keeps the memory.
    pub fn clear(&mut self) {
        (self.samples, self.correct) = (0, 0);
        (self.loss, self.seconds) = (0.0, 0.0);
        for layer in &mut self.layers {
            layer.spikes = 0;
            layer.spiked.fill(false);
        }
    }

    /// Adds a batch: what came of it. [`Tally::add_spikes`] belongs to it.
    pub fn add(&mut self, evaluation: &Evaluation<f32>, labels: &[usize]) {
        self.samples += labels.len() as u64;
        self.loss += evaluation.loss * labels.len() as f64;
        let correct =
            |(prediction, label): &(&Option<usize>, &usize)| **prediction == Some(**label);
        self.correct += evaluation
            .predictions
            .iter()
            .zip(labels)
            .filter(correct)
            .count() as u64;
    }

    /// Adds the spikes of a batch.
    pub fn add_spikes(&mut self, activity: &Activity<f32>) {
        for (index, events) in activity.layers().enumerate() {
            if self.layers.len() == index {
                self.layers.push(LayerTally::silent(events.population()));
            }
            let layer = &mut self.layers[index];
            layer.spikes += events.spikes() as u64;
            for &neuron in events.neurons() {
                layer.spiked[neuron as usize] = true;
            }
        }
    }

    /// Adds wall time, in seconds.
    pub fn add_seconds(&mut self, seconds: f64) {
        self.seconds += seconds;
    }

    /// Adds the samples and the time of another tally of the same network.
    pub fn merge(&mut self, other: &Self) {
        self.samples += other.samples;
        self.correct += other.correct;
        self.loss += other.loss;
        self.seconds += other.seconds;
        for (index, from) in other.layers.iter().enumerate() {
            if self.layers.len() == index {
                let neurons = from.spiked.len();
                self.layers.push(LayerTally::silent(neurons));
            }
            let layer = &mut self.layers[index];
            layer.spikes += from.spikes;
            for (spiked, &from) in layer.spiked.iter_mut().zip(&from.spiked) {
                *spiked |= from;
            }
        }
    }

    /// Replaces the samples by those of all ranks together; the time stays this rank's own. All ranks must have begun
    /// with [`Tally::new`] of the same network.
    pub fn sum_over(&mut self, collective: &mut dyn Collective) {
        if collective.is_solo() {
            return;
        }
        // Whole numbers stay whole numbers as long as they are below 2^53.
        let mut numbers = vec![self.samples as f64, self.correct as f64, self.loss];
        for layer in &self.layers {
            numbers.push(layer.spikes as f64);
            numbers.extend(
                layer
                    .spiked
                    .iter()
                    .map(|&spiked| f64::from(u8::from(spiked))),
            );
        }
        collective.sum(&mut numbers);
        (self.samples, self.correct) = (numbers[0] as u64, numbers[1] as u64);
        self.loss = numbers[2];
        let mut rest = &numbers[3..];
        for layer in &mut self.layers {
            layer.spikes = rest[0] as u64;
            let (flags, after) = rest[1..].split_at(layer.spiked.len());
            for (spiked, &ranks) in layer.spiked.iter_mut().zip(flags) {
                *spiked = ranks > 0.0;
            }
            rest = after;
        }
    }

    /// Which neurons of a layer spiked at least once; empty if there is no such layer, or no batch was added yet.
    pub fn spiked(&self, layer: usize) -> &[bool] {
        self.layers.get(layer).map_or(&[], |layer| &layer.spiked)
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
