//! How fast a trainer is in the steady state.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use noctule_core::Metrics;
use serde::Serialize;

use super::batch::BATCHES_BETWEEN_READS;
use super::error::TrainError;
use super::evaluate::{EVALUATION, EVALUATION_BATCH};
use super::phases::Phases;
use super::state::Trainer;
use crate::median::median;
use crate::run_on::run_on;

/// What is measured, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BenchPlan {
    /// Training time before anything is measured.
    pub warm_up: Duration,
    /// Length of a window.
    pub window: Duration,
    /// Windows of training, and as many of inference; at least 1.
    pub windows: usize,
}

/// What was measured. Figures of several windows are medians.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BenchReport {
    /// Training samples per second.
    pub train_samples_per_second: f64,
    /// The same, window by window.
    pub train_windows: Vec<f64>,
    /// Classified samples per second.
    pub infer_samples_per_second: f64,
    /// The same, window by window.
    pub infer_windows: Vec<f64>,
    /// Nanoseconds of the forward phase of training for each event and neuron that it reaches; `None` on an engine whose
    /// calls return before their work is done.
    pub forward_nanoseconds: Option<f64>,
    /// Nanoseconds of the backward phase for each event and neuron that it reaches; `None` as above.
    pub backward_nanoseconds: Option<f64>,
    /// Each phase as a fraction of the time of training; `None` as above.
    pub phases: Option<Phases>,
}

impl Trainer {
    /// Trains and classifies for as long as `plan` says; `None` if `stop` was set meanwhile. The network that results is
    /// of no use.
    ///
    /// # Errors
    /// As [`Trainer::run`], if training diverges or the engine fails.
    pub fn bench(
        &mut self,
        plan: &BenchPlan,
        stop: &AtomicBool,
    ) -> Result<Option<BenchReport>, TrainError> {
        let engine = Arc::clone(&self.engine);
        let keep_on = || !stop.load(Ordering::Relaxed);
        let report = run_on(&*engine, || self.bench_in_engine(plan, &keep_on))?;
        Ok(Some(report).filter(|_| keep_on()))
    }

    /// Trains for at least this long, in the order of the samples, and returns the number of batches; `None` if `stop` was
    /// set meanwhile. For whoever measures with other means than [`Trainer::bench`]; the network that results is of no use.
    ///
    /// # Errors
    /// As [`Trainer::bench`].
    pub fn bench_training(
        &mut self,
        duration: Duration,
        stop: &AtomicBool,
    ) -> Result<Option<usize>, TrainError> {
        let engine = Arc::clone(&self.engine);
        let keep_on = || !stop.load(Ordering::Relaxed);
        let trained = run_on(&*engine, || self.train_for(duration, &mut 0, &keep_on))?;
        let batches = trained.0 / self.plan.batch_size;
        Ok(Some(batches).filter(|_| keep_on()))
    }

    /// What is measured is of no use unless `keep_on` stays true.
    fn bench_in_engine(
        &mut self,
        plan: &BenchPlan,
        keep_on: &dyn Fn() -> bool,
    ) -> Result<BenchReport, TrainError> {
        let mut next = 0;
        self.train_for(plan.warm_up, &mut next, keep_on)?;
        self.phases = Phases::default();
        let mut deliveries = 0.0;
        let mut train_windows = Vec::new();
        for _ in 0..plan.windows.max(1) {
            let (samples, seconds) = self.train_for(plan.window, &mut next, keep_on)?;
            train_windows.push(samples as f64 / seconds);
            if !self.info.reads_wait {
                deliveries += samples as f64 * self.deliveries_per_sample()?;
            }
        }
        let phases = self.phases;
        let mut infer_windows = Vec::new();
        for _ in 0..plan.windows.max(1) {
            let (samples, seconds) = self.classify_for(plan.window, keep_on)?;
            infer_windows.push(samples as f64 / seconds);
        }
        // The host's clock does not see the phases of a device.
        let per_delivery = |seconds: f64| {
            let nanoseconds = 1e9 * seconds / deliveries;
            (!self.info.reads_wait).then_some(nanoseconds)
        };
        Ok(BenchReport {
            train_samples_per_second: median(&train_windows),
            train_windows,
            infer_samples_per_second: median(&infer_windows),
            infer_windows,
            forward_nanoseconds: per_delivery(phases.forward),
            backward_nanoseconds: per_delivery(phases.backward),
            phases: (!self.info.reads_wait).then(|| phases.fractions()),
        })
    }

    /// Trains for at least this long, in the order of the samples; returns samples and seconds.
    fn train_for(
        &mut self,
        duration: Duration,
        next: &mut u32,
        keep_on: &dyn Fn() -> bool,
    ) -> Result<(usize, f64), TrainError> {
        let length = self.samples.train.batch.len();
        let (start, mut samples) = (Instant::now(), 0);
        while samples == 0 || (start.elapsed() < duration && keep_on()) {
            let indices = take(length, self.plan.batch_size, next);
            self.train_batch(&indices)?;
            samples += indices.len();
        }
        self.read_metrics()?;
        Ok((samples, start.elapsed().as_secs_f64()))
    }

    /// Classifies test samples for at least this long; returns samples and seconds.
    fn classify_for(
        &mut self,
        duration: Duration,
        keep_on: &dyn Fn() -> bool,
    ) -> Result<(usize, f64), TrainError> {
        let length = self.samples.test.batch.len();
        let (start, mut samples, mut next) = (Instant::now(), 0, 0);
        let (mut metrics, mut unread) = (Metrics::new(&self.network), 0);
        while samples == 0 || (start.elapsed() < duration && keep_on()) {
            let indices = take(length, EVALUATION_BATCH, &mut next);
            let session = &mut *self.session;
            self.samples.test.select(session, &indices)?;
            session.forward(EVALUATION)?;
            session.predict(self.plan.prediction)?;
            unread += 1;
            if !self.info.reads_wait || unread == BATCHES_BETWEEN_READS {
                unread = 0;
                session.take_metrics(&mut metrics)?;
            }
            samples += indices.len();
        }
        self.session.take_metrics(&mut metrics)?;
        Ok((samples, start.elapsed().as_secs_f64()))
    }

    /// Events times the neurons that they reach, for a sample of the last batch.
    fn deliveries_per_sample(&mut self) -> Result<f64, TrainError> {
        let (mut deliveries, mut samples) = (0, 0);
        for (index, layer) in self.network.layers().iter().enumerate() {
            let arriving = match index.checked_sub(1) {
                None => self.session.input()?,
                Some(before) => self.session.spikes(before)?,
            };
            samples = arriving.samples();
            let reached = arriving.neurons().iter().map(|&from| layer.fan_out(from));
            deliveries += reached.sum::<usize>();
        }
        Ok(deliveries as f64 / samples.max(1) as f64)
    }
}

/// The next samples of a set of this length, from its beginning again at the end.
fn take(length: usize, count: usize, next: &mut u32) -> Vec<u32> {
    let start = *next as usize;
    let indices = (start..start + count).map(|index| (index % length) as u32);
    *next = ((start + count) % length) as u32;
    indices.collect()
}
