//! One run of a sweep.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use noctule_core::Engine;
use noctule_train::{BatchProgress, Data, EpochRecord, Progress, RunEnd, TrainError, Trainer};

use super::grid::PlannedRun;
use super::position::{PARTS, Position, SweepPosition};
use super::record::RunRecord;

/// Tells how far the sweep is.
#[derive(Clone, Copy)]
pub(super) struct Watch<'a> {
    pub position: &'a Position,
    pub progress: &'a (dyn Fn(SweepPosition) + Sync),
}

/// Watches one run for the sweep.
struct RunWatch<'a> {
    watch: Watch<'a>,
    /// What has been counted of this run.
    parts: u64,
    finished_epochs: usize,
}

impl RunWatch<'_> {
    /// This fraction of the run is done.
    fn reach(&mut self, fraction: f64) {
        let parts = (fraction * PARTS) as u64;
        let new = parts.saturating_sub(self.parts);
        self.parts += new;
        self.watch.position.parts.fetch_add(new, Ordering::Relaxed);
        (self.watch.progress)(self.watch.position.now());
    }

    /// The run is done, whatever the reason.
    fn finish(mut self) {
        self.watch.position.finished.fetch_add(1, Ordering::Relaxed);
        self.reach(1.0);
    }
}

impl Progress for RunWatch<'_> {
    fn batch(&mut self, progress: BatchProgress<'_>) {
        if progress.split == "train" {
            let (sample, samples) = progress.samples;
            let within = sample as f64 / samples.max(1) as f64;
            let epochs = progress.epoch.1.max(1) as f64;
            self.reach((self.finished_epochs as f64 + within) / epochs);
        }
    }

    fn epoch(&mut self, _: &[EpochRecord]) {
        self.finished_epochs += 1;
    }
}

/// Trains, and tells what came out; `None` if `stop` was set meanwhile.
pub(super) fn train(
    run: &PlannedRun,
    fingerprint: String,
    data: Arc<Data>,
    engine: &Arc<dyn Engine<f32>>,
    watch: Watch<'_>,
    stop: &AtomicBool,
) -> Result<Option<RunRecord>, TrainError> {
    let mut record = RunRecord {
        point: run.point,
        repeat: run.repeat,
        keys: run.keys.clone(),
        seed: run.config.seed,
        validation_accuracy: None,
        test_accuracy: None,
        loss: None,
        spikes: None,
        best_training_accuracy: None,
        diverged: false,
        fingerprint,
    };
    let mut watch = RunWatch {
        watch,
        parts: 0,
        finished_epochs: 0,
    };
    let mut trainer = Trainer::with_data(run.config.clone(), data, Arc::clone(engine))?;
    let end = trainer.run(None, &mut watch, stop);
    let trained = trainer.history().iter();
    let trained = trained.filter(|epoch| epoch.split == "train");
    record.best_training_accuracy = trained.map(|epoch| epoch.accuracy).reduce(f64::max);
    match end {
        Ok(RunEnd::Finished) => note(&mut record, &trainer),
        Ok(RunEnd::Interrupted) => return Ok(None),
        Err(TrainError::Diverged { .. } | TrainError::WeightsOutOfRange { .. }) => {
            record.diverged = true
        }
        Err(error) => return Err(error),
    }
    watch.finish();
    Ok(Some(record))
}

/// Takes over what was measured after the last epoch.
fn note(record: &mut RunRecord, trainer: &Trainer) {
    let last = |split: &str| {
        trainer
            .history()
            .iter()
            .rev()
            .find(|epoch| epoch.split == split)
    };
    record.validation_accuracy = last("validation").map(|epoch| epoch.accuracy);
    if let Some(test) = last("test") {
        let neurons = trainer.spiking_neurons();
        let layers = test.spikes_per_neuron.iter().zip(neurons);
        record.test_accuracy = Some(test.accuracy);
        record.loss = test.loss.is_finite().then_some(test.loss);
        record.spikes = Some(
            layers
                .map(|(spikes, neurons)| spikes * neurons as f64)
                .sum(),
        );
    }
}
