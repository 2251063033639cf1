//! What a network says of each sample: arrays with a row for each.

use std::io::{self, Seek, Write};

use noctule_core::{Label, SpikeBatch};

use super::npz::NpzWriter;
use super::spikes::precise_time;

/// Stands for a sample in which no output neuron spiked.
const SILENT: i64 = -1;

/// The predictions and the output neurons' spikes, sample after sample.
pub(super) struct Outputs {
    classes: usize,
    /// The predicted class, or [`SILENT`]; shape `[samples]`.
    predictions: Vec<i64>,
    /// Spikes of each output neuron; shape `[samples, classes]`.
    counts: Vec<i32>,
    /// The first spike of each output neuron in seconds, NaN if there is none; shape `[samples, classes]`.
    first_spike: Vec<f64>,
}

impl Outputs {
    /// No samples yet.
    pub fn new(classes: usize) -> Self {
        Self {
            classes,
            predictions: Vec::new(),
            counts: Vec::new(),
            first_spike: Vec::new(),
        }
    }

    /// Adds the samples of a batch, whose output events are `spikes`.
    pub fn add(&mut self, predictions: &[Option<Label>], spikes: &SpikeBatch<f32>) {
        for (sample, prediction) in predictions.iter().enumerate() {
            self.predictions.push(prediction.map_or(SILENT, i64::from));
            let row = self.counts.len();
            self.counts.resize(row + self.classes, 0);
            self.first_spike.resize(row + self.classes, f64::NAN);
            let spikes = spikes.sample(sample);
            // Spikes are sorted by time, so the first of a neuron comes first.
            for (spike, &neuron) in spikes.neurons.iter().enumerate() {
                let place = row + neuron as usize;
                if self.counts[place] == 0 {
                    self.first_spike[place] = precise_time(spikes, spike);
                }
                self.counts[place] += 1;
            }
        }
    }

    /// Number of samples.
    pub fn samples(&self) -> usize {
        self.predictions.len()
    }

    /// Samples in which no output neuron spiked.
    pub fn silent(&self) -> usize {
        let silent = self.predictions.iter();
        silent.filter(|&&class| class == SILENT).count()
    }

    /// The share of the samples that are predicted as labelled; `None` without labels.
    pub fn accuracy(&self, labels: &[Label]) -> Option<f64> {
        let pairs = self.predictions.iter().zip(labels);
        let right = pairs.filter(|&(&class, &label)| class == i64::from(label));
        (!labels.is_empty()).then(|| right.count() as f64 / labels.len() as f64)
    }

    /// Writes the arrays; `labels` may be empty.
    pub fn write<W: Write + Seek>(
        &self,
        file: &mut NpzWriter<W>,
        labels: &[Label],
    ) -> io::Result<()> {
        let samples = self.samples();
        let shape = [samples, self.classes];
        file.array("predictions", &[samples], &self.predictions)?;
        file.array("counts", &shape, &self.counts)?;
        file.array("first_spike", &shape, &self.first_spike)?;
        if !labels.is_empty() {
            let labels: Vec<i64> = labels.iter().map(|&label| i64::from(label)).collect();
            file.array("labels", &[samples], &labels)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_become_rows() {
        let mut spikes = SpikeBatch::new(3);
        spikes.push_sample([(0.5, 2), (1.0, 0), (2.0, 2)]).unwrap();
        spikes.push_sample([]).unwrap();
        let mut outputs = Outputs::new(3);
        outputs.add(&[Some(2), None], &spikes);
        assert_eq!(outputs.predictions, [2, -1]);
        assert_eq!(outputs.counts, [1, 0, 2, 0, 0, 0]);
        assert_eq!(
            outputs.first_spike[..3]
                .iter()
                .map(|time| time.to_bits())
                .collect::<Vec<_>>(),
            [1.0, f64::NAN, 0.5].map(f64::to_bits)
        );
        assert!(outputs.first_spike[3..].iter().all(|time| time.is_nan()));
        assert_eq!(
            (outputs.silent(), outputs.accuracy(&[2, 0])),
            (1, Some(0.5))
        );
        assert_eq!(outputs.accuracy(&[]), None);
    }
}
