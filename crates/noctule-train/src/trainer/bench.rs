//! How fast is a trainer, in the steady state?

use std::time::{Duration, Instant};

use noctule_data::Dataset;
use serde::Serialize;

use super::{EVALUATION_BATCH, Phases, TrainError, Trainer};
use crate::awake::with_threads_awake;

/// What is measured, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BenchPlan {
    /// Trains for so long before anything is measured.
    pub warm_up: Duration,
    /// Length of a window.
    pub window: Duration,
    /// Windows of training, and as many of inference; at least 1.
    pub windows: usize,
}

/// What was measured. Figures of several windows are medians.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BenchReport {
    /// Training samples in a second.
    pub train_samples_per_second: f64,
    /// The same, window by window.
    pub train_windows: Vec<f64>,
    /// Samples that are classified in a second.
    pub infer_samples_per_second: f64,
    /// The same, window by window.
    pub infer_windows: Vec<f64>,
    /// Nanoseconds of the forward phase of training for each event and neuron that it reaches.
    pub forward_nanoseconds: f64,
    /// Nanoseconds of the backward phase for each event and neuron that it reaches.
    pub backward_nanoseconds: f64,
    /// The share of each phase in the time of training.
    pub phases: Phases,
}

impl Trainer {
    /// Trains and classifies for as long as `plan` says. What it has learned by then is of no use.
    ///
    /// # Errors
    /// As [`Trainer::run`], if training diverges.
    pub fn bench(&mut self, plan: &BenchPlan) -> Result<BenchReport, TrainError> {
        with_threads_awake(|| self.bench_in_pool(plan))
    }

    fn bench_in_pool(&mut self, plan: &BenchPlan) -> Result<BenchReport, TrainError> {
        let mut next = 0;
        self.train_for(plan.warm_up, &mut next)?;
        self.phases = Phases::default();
        let mut deliveries = 0.0;
        let mut train_windows = Vec::new();
        for _ in 0..plan.windows.max(1) {
            let (samples, seconds) = self.train_for(plan.window, &mut next)?;
            train_windows.push(samples as f64 / seconds);
            deliveries += samples as f64 * self.deliveries_per_sample();
        }
        let phases = self.phases;
        let mut infer_windows = Vec::new();
        for _ in 0..plan.windows.max(1) {
            let (samples, seconds) = self.classify_for(plan.window)?;
            infer_windows.push(samples as f64 / seconds);
        }
        Ok(BenchReport {
            train_samples_per_second: median(&train_windows),
            train_windows,
            infer_samples_per_second: median(&infer_windows),
            infer_windows,
            forward_nanoseconds: 1e9 * phases.forward / deliveries,
            backward_nanoseconds: 1e9 * phases.backward / deliveries,
            phases: phases.shares(),
        })
    }

    /// Trains for at least so long, in the order of the samples; returns samples and seconds.
    fn train_for(
        &mut self,
        duration: Duration,
        next: &mut usize,
    ) -> Result<(usize, f64), TrainError> {
        let (start, mut samples) = (Instant::now(), 0);
        while start.elapsed() < duration || samples == 0 {
            let indices = take(&self.data.train, self.config.training.batch_size, next);
            self.train_batch(&indices)?;
            samples += indices.len();
        }
        Ok((samples, start.elapsed().as_secs_f64()))
    }

    /// Classifies test samples for at least so long; returns samples and seconds.
    fn classify_for(&mut self, duration: Duration) -> Result<(usize, f64), TrainError> {
        let (start, mut samples, mut next) = (Instant::now(), 0, 0);
        self.scratch.activity.set_dropout(None);
        while start.elapsed() < duration || samples == 0 {
            let indices = take(&self.data.test, EVALUATION_BATCH, &mut next);
            let scratch = &mut self.scratch;
            scratch.encode(&self.encoder, &self.data.test, &indices)?;
            let output = self
                .network
                .forward(&scratch.events, &mut scratch.activity)?;
            self.loss.evaluate(output, &scratch.labels)?;
            samples += indices.len();
        }
        Ok((samples, start.elapsed().as_secs_f64()))
    }

    /// Events times the neurons that they reach, for a sample of the last batch.
    fn deliveries_per_sample(&self) -> f64 {
        let events = &self.scratch.events;
        let deliveries = self.network.deliveries(events, &self.scratch.activity);
        deliveries as f64 / events.samples().max(1) as f64
    }
}

/// The next samples of a data set, from its beginning again at the end.
fn take(dataset: &Dataset, count: usize, next: &mut usize) -> Vec<usize> {
    let indices = (*next..*next + count).map(|index| index % dataset.len());
    *next = (*next + count) % dataset.len();
    indices.collect()
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) {
        (sorted[middle - 1] + sorted[middle]) / 2.0
    } else {
        sorted[middle]
    }
}
