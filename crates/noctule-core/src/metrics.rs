//! [`Metrics`]: loss, accuracy and spike statistics of the samples so far.

use serde::{Deserialize, Serialize};

use crate::label::Label;
use crate::network::feed_forward::Network;
use crate::real::Real;
use crate::spikes::SpikeBatch;

/// Sums over the samples of one batch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BatchRecord {
    /// Samples in the batch.
    pub samples: u64,
    /// Samples that were classified correctly.
    pub correct: u64,
    /// The sum of the losses of the samples.
    pub loss: f64,
}

impl BatchRecord {
    /// The record of a batch of `samples` samples, from its mean loss.
    ///
    /// `predictions` and `labels` have one entry per sample, or none: then no sample counts as correct.
    pub fn new(loss: f64, predictions: &[Option<Label>], labels: &[Label], samples: usize) -> Self {
        let pairs = predictions.iter().zip(labels);
        let correct = pairs.filter(|&(&prediction, &label)| prediction == Some(label));
        Self {
            samples: samples as u64,
            correct: correct.count() as u64,
            // The loss of no samples may be NaN.
            loss: if samples == 0 {
                0.0
            } else {
                loss * samples as f64
            },
        }
    }
}

/// Sums over the samples so far.
///
/// The records of batches are added one by one, in order, so totals do not depend on how often metrics are read from an
/// engine.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Metrics {
    samples: u64,
    correct: u64,
    loss: f64,
    layers: Vec<LayerMetrics>,
    #[serde(default, skip_serializing_if = "is_zero")]
    spikes_without_rise: u64,
    #[serde(skip)]
    batches: u64,
    #[serde(skip)]
    diverged: Option<Divergence>,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// The first batch whose loss was NaN or infinite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Divergence {
    /// The batch, counted from 0 since the metrics were cleared.
    pub batch: u64,
    /// Its mean loss.
    pub loss: f64,
}

/// Spike statistics of one layer.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct LayerMetrics {
    spikes: u64,
    spiked: Vec<bool>,
}

impl LayerMetrics {
    /// The statistics of `neurons` neurons before any spike.
    pub fn silent(neurons: usize) -> Self {
        Self {
            spikes: 0,
            spiked: vec![false; neurons],
        }
    }

    /// Adds spikes, given the neuron of each.
    pub fn add_spikes(&mut self, neurons: &[u32]) {
        self.spikes += neurons.len() as u64;
        for &neuron in neurons {
            self.spiked[neuron as usize] = true;
        }
    }

    /// Adds a number of spikes, and the neurons that spiked; `spiked` has shape `[neurons]`.
    pub fn add_counted(&mut self, spikes: u64, spiked: &[bool]) {
        self.spikes += spikes;
        for (own, &spiked) in self.spiked.iter_mut().zip(spiked) {
            *own |= spiked;
        }
    }

    /// For each neuron, whether it spiked at least once; shape `[neurons]`.
    pub fn spiked(&self) -> &[bool] {
        &self.spiked
    }

    fn clear(&mut self) {
        self.spikes = 0;
        self.spiked.fill(false);
    }

    fn merge(&mut self, other: &Self) {
        self.spikes += other.spikes;
        for (spiked, &from) in self.spiked.iter_mut().zip(&other.spiked) {
            *spiked |= from;
        }
    }

    fn neurons(&self) -> f64 {
        self.spiked.len().max(1) as f64
    }
}

impl Metrics {
    /// The metrics of a network before any sample.
    pub fn new<T: Real>(network: &Network<T>) -> Self {
        let neurons = network.layers().iter().map(|layer| layer.outputs());
        Self {
            layers: neurons.map(LayerMetrics::silent).collect(),
            ..Self::default()
        }
    }

    /// Removes all samples, and keeps the memory.
    pub fn clear(&mut self) {
        (self.samples, self.correct, self.batches) = (0, 0, 0);
        self.loss = 0.0;
        self.spikes_without_rise = 0;
        self.diverged = None;
        self.layers.iter_mut().for_each(LayerMetrics::clear);
    }

    /// Adds the record of a batch.
    pub fn add_batch(&mut self, record: BatchRecord) {
        let mean = record.loss / record.samples.max(1) as f64;
        if self.diverged.is_none() && !mean.is_finite() {
            self.diverged = Some(Divergence {
                batch: self.batches,
                loss: mean,
            });
        }
        self.batches += 1;
        self.samples += record.samples;
        self.correct += record.correct;
        self.loss += record.loss;
    }

    /// Adds the output events of a layer.
    pub fn add_spikes<T: Real>(&mut self, layer: usize, output: &SpikeBatch<T>) {
        let layer = self.layer_mut(layer, output.population());
        layer.add_spikes(output.neurons());
    }

    /// Adds a number of recorded spikes whose slope was not positive.
    pub fn add_spikes_without_rise(&mut self, spikes: u64) {
        self.spikes_without_rise += spikes;
    }

    /// The statistics of a layer, mutably. Missing layers up to this one are added, each with `neurons` neurons.
    pub fn layer_mut(&mut self, layer: usize, neurons: usize) -> &mut LayerMetrics {
        while self.layers.len() <= layer {
            self.layers.push(LayerMetrics::silent(neurons));
        }
        &mut self.layers[layer]
    }

    /// The statistics of all layers, mutably, for an engine that counts in parallel.
    pub fn layers_mut(&mut self) -> &mut [LayerMetrics] {
        &mut self.layers
    }

    /// The sums over all samples as the record of one batch.
    pub fn as_batch(&self) -> BatchRecord {
        BatchRecord {
            samples: self.samples,
            correct: self.correct,
            loss: self.loss,
        }
    }

    /// Adds the spike statistics of other metrics, but not their batches.
    pub fn merge_spikes(&mut self, other: &Self) {
        self.spikes_without_rise += other.spikes_without_rise;
        for (index, from) in other.layers.iter().enumerate() {
            self.layer_mut(index, from.spiked.len()).merge(from);
        }
    }

    /// Passes all numbers to `visit`, which replaces them by their sums over several processes. All of these must have
    /// started with [`Metrics::new`] of the same network.
    pub fn exchange(&mut self, visit: &mut dyn FnMut(&mut [f64])) {
        // Integers stay exact as long as they are below 2^53.
        let mut numbers = vec![
            self.samples as f64,
            self.correct as f64,
            self.loss,
            self.spikes_without_rise as f64,
        ];
        for layer in &self.layers {
            numbers.push(layer.spikes as f64);
            let flags = layer
                .spiked
                .iter()
                .map(|&spiked| f64::from(u8::from(spiked)));
            numbers.extend(flags);
        }
        visit(&mut numbers);
        (self.samples, self.correct) = (numbers[0] as u64, numbers[1] as u64);
        self.loss = numbers[2];
        self.spikes_without_rise = numbers[3] as u64;
        let mut rest = &numbers[4..];
        for layer in &mut self.layers {
            layer.spikes = rest[0] as u64;
            let (flags, after) = rest[1..].split_at(layer.spiked.len());
            for (spiked, &count) in layer.spiked.iter_mut().zip(flags) {
                *spiked = count > 0.0;
            }
            rest = after;
        }
    }

    /// The first batch whose loss was not finite, if any.
    pub fn diverged(&self) -> Option<Divergence> {
        self.diverged
    }

    /// Number of samples so far.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// Mean loss of the samples so far.
    pub fn loss(&self) -> f64 {
        self.loss / self.samples.max(1) as f64
    }

    /// Fraction of samples classified correctly so far.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.samples.max(1) as f64
    }

    /// Number of recorded spikes so far whose slope was not positive; they pass no error on.
    pub fn spikes_without_rise(&self) -> u64 {
        self.spikes_without_rise
    }

    /// For each neuron of a layer, whether it spiked at least once; empty if there is no such layer, or no batch was
    /// added.
    pub fn spiked(&self, layer: usize) -> &[bool] {
        self.layers.get(layer).map_or(&[], LayerMetrics::spiked)
    }

    /// For each layer, the mean number of spikes of a neuron in a sample.
    pub fn spikes_per_neuron(&self) -> Vec<f64> {
        let samples = self.samples.max(1) as f64;
        let layers = self.layers.iter();
        layers
            .map(|layer| layer.spikes as f64 / layer.neurons() / samples)
            .collect()
    }

    /// For each layer, the fraction of neurons that never spiked.
    pub fn silent_fraction(&self) -> Vec<f64> {
        let silent = |layer: &LayerMetrics| layer.spiked.iter().filter(|&&spiked| !spiked).count();
        let layers = self.layers.iter();
        layers
            .map(|layer| silent(layer) as f64 / layer.neurons())
            .collect()
    }
}
