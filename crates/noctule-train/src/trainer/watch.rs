//! Notices trainings that do not get anywhere.

use noctule_core::{Batch, Layer, Samples, TensorGroup, Tensors};

use super::error::TrainError;
use super::progress::Progress;
use super::state::{Trainer, WeightsBefore};
use super::warning::Warning;
use crate::metrics::EpochRecord;
use crate::schedule::ScheduleConfig;

/// Weights that moved by less than this, in their standard deviation, stood still.
const LEAST_CHANGE: f64 = 0.01;
/// Inputs that all come within this part of a time constant are hardly meant.
const EARLY: f64 = 0.01;
/// Whoever classifies as many training samples correctly needs no steps.
const LEARNED: f64 = 0.9;
/// The steps after which they should have moved.
const STEPS: usize = 20;

impl Trainer {
    /// The first layer that hardly spiked in what was recorded; see [`Warning::silent_layer`].
    pub fn silent_layer(&self, record: &EpochRecord) -> Option<Warning> {
        Warning::silent_layer(&self.network, record)
    }

    /// Warns of what is known before the first step.
    pub(super) fn watch_start(&self, progress: &mut dyn Progress) {
        if self.position.epoch > 0 || self.position.batch > 0 {
            return;
        }
        let train = &self.samples.train.batch;
        let (batch_size, samples) = (self.plan.batch_size, train.len());
        if batch_size > samples {
            progress.warning(&Warning::LargeBatch {
                batch_size,
                samples,
            });
        }
        let mut layers = self.network.layers().iter();
        let Some(first) = layers.find_map(Layer::spiking) else {
            return;
        };
        let t_max = first.neuron().t_max;
        let earliest = earliest_input(train);
        if earliest.is_none_or(|earliest| earliest >= t_max) {
            progress.warning(&Warning::LateInputs { earliest, t_max });
        }
        let time_constant = first.neuron().tau_s.min(first.neuron().tau_m);
        if let Some(latest) = latest_input(train)
            && 0.0 < latest
            && latest < EARLY * time_constant
        {
            progress.warning(&Warning::EarlyInputs {
                latest,
                time_constant,
            });
        }
    }

    /// Keeps the weights at the beginning of the first epoch with the whole learning rate.
    pub(super) fn watch_epoch_start(&mut self) -> Result<(), TrainError> {
        let warmup = match &self.plan.schedule {
            ScheduleConfig::Cosine(cosine) => cosine.warmup_epochs,
            _ => 0,
        };
        let position = &self.position;
        if position.epoch == warmup && position.batch == 0 {
            self.weights_before = Some(WeightsBefore {
                epoch: position.epoch,
                weights: self.session.read(TensorGroup::Parameters)?,
            });
        }
        Ok(())
    }

    /// Warns, once, of a layer that is silent after the first epoch, and of weights that stood still.
    pub(super) fn watch_epoch_end(
        &mut self,
        records: &[EpochRecord],
        progress: &mut dyn Progress,
    ) -> Result<(), TrainError> {
        let test = records.iter().find(|record| record.split == "test");
        let silent = test.and_then(|record| self.silent_layer(record));
        if self.position.epoch == 1
            && let Some(warning) = &silent
        {
            progress.warning(warning);
        }
        let Some(before) = &self.weights_before else {
            return Ok(());
        };
        let steps = (self.position.epoch - before.epoch) * self.batches();
        if steps < STEPS {
            return Ok(());
        }
        let train = records.iter().find(|record| record.split == "train");
        let has_learned = train.is_some_and(|record| record.accuracy >= LEARNED);
        // The cause of silence is another one, and so are the remedies.
        if silent.is_none() && !has_learned {
            let now = self.session.read(TensorGroup::Parameters)?;
            let still = still_weights(&before.weights, &now, steps);
            still.iter().for_each(|warning| progress.warning(warning));
        }
        self.weights_before = None;
        Ok(())
    }
}

/// The earliest input of a batch, in seconds; for images, that of the largest intensity there can be.
fn earliest_input(batch: &Batch<f32>) -> Option<f64> {
    match &batch.samples {
        Samples::Images(images) => {
            let encoding = &images.encoding;
            let bias = encoding.bias().unwrap_or(f64::INFINITY);
            Some(encoding.earliest().min(bias))
        }
        Samples::Events(events) => {
            let first = |sample| events.sample(sample).times.first().copied();
            let times = (0..events.samples()).filter_map(first);
            times.reduce(f32::min).map(f64::from)
        }
        _ => Some(0.0),
    }
}

fn latest_input(batch: &Batch<f32>) -> Option<f64> {
    match &batch.samples {
        Samples::Images(images) => {
            let encoding = &images.encoding;
            Some(encoding.latest().max(encoding.bias().unwrap_or(0.0)))
        }
        Samples::Events(events) => {
            let last = |sample| events.sample(sample).times.last().copied();
            let times = (0..events.samples()).filter_map(last);
            times.reduce(f32::max).map(f64::from)
        }
        _ => None,
    }
}

fn still_weights(before: &Tensors<f32>, now: &Tensors<f32>, steps: usize) -> Vec<Warning> {
    let mut still = Vec::new();
    for (name, before) in before {
        let Some(now) = now.get(name) else { continue };
        let (before, now) = (before.as_slice(), now.as_slice());
        let count = before.len().max(1) as f64;
        let mean = before.iter().copied().map(f64::from).sum::<f64>() / count;
        let (mut spread, mut change) = (0.0, 0.0);
        for (&before, &now) in before.iter().zip(now) {
            spread += (f64::from(before) - mean).powi(2);
            change += (f64::from(now) - f64::from(before)).powi(2);
        }
        let change = (change / spread).sqrt();
        if change < LEAST_CHANGE {
            let layer = name.layer;
            still.push(Warning::StillWeights {
                layer,
                steps,
                change,
            });
        }
    }
    still
}
