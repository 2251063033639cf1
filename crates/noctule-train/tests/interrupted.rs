//! A run that is asked to stop, anywhere in an epoch, continues bit for bit.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use noctule_cpu::CpuEngine;
use noctule_train::{
    BatchProgress, Config, ConfigTable, EpochRecord, NoProgress, Progress, RunDirectory, RunEnd,
    Trainer,
};

fn config() -> Config {
    let mut table = ConfigTable::preset("yinyang").unwrap();
    let small = ["training.epochs=2", "layers.0.neurons=10"];
    table.apply_overrides(&small.map(str::to_owned)).unwrap();
    table.resolve().unwrap()
}

fn trainer() -> Trainer {
    let engine = CpuEngine::new(1).unwrap();
    Trainer::new(config(), None, Arc::new(engine)).unwrap()
}

/// Asks for a stop after the first batch of a split in an epoch, which is counted from 1.
struct StopsAt<'a> {
    split: &'static str,
    epoch: usize,
    stop: &'a AtomicBool,
}

impl Progress for StopsAt<'_> {
    fn batch(&mut self, progress: BatchProgress<'_>) {
        if progress.split == self.split && progress.epoch.0 == self.epoch {
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    fn epoch(&mut self, _: &[EpochRecord]) {}
}

fn begin(folder: &Path) -> (Trainer, RunDirectory) {
    let directory = RunDirectory::create(folder).unwrap();
    let config = config().to_toml().unwrap();
    directory.write_config(&config).unwrap();
    (trainer(), directory)
}

/// The records but for times, and the bytes of both checkpoints.
fn results(directory: &RunDirectory) -> (Vec<EpochRecord>, [Vec<u8>; 2]) {
    let records = directory.read_metrics().unwrap().into_iter();
    let records = records.map(|record| {
        let record = serde_json::from_value(record).unwrap();
        EpochRecord {
            seconds: 0.0,
            samples_per_second: 0.0,
            ..record
        }
    });
    let checkpoints = [directory.last_path(), directory.best_path()];
    let checkpoints = checkpoints.map(|path| fs::read(path).unwrap());
    (records.collect(), checkpoints)
}

#[test]
fn a_run_can_stop_within_an_evaluation() {
    let parent = tempfile::tempdir().unwrap();
    let (mut whole, directory) = begin(&parent.path().join("whole"));
    let never = AtomicBool::new(false);
    let end = whole.run(Some(&directory), &mut NoProgress, &never);
    assert_eq!(end.unwrap(), RunEnd::Finished);
    let expected = results(&directory);
    for split in ["train", "validation", "test"] {
        for epoch in [1, 2] {
            let stop = AtomicBool::new(false);
            let mut progress = StopsAt {
                split,
                epoch,
                stop: &stop,
            };
            let folder = parent.path().join(format!("{split}-{epoch}"));
            let (mut first, directory) = begin(&folder);
            let end = first.run(Some(&directory), &mut progress, &stop);
            assert_eq!(end.unwrap(), RunEnd::Interrupted);
            assert_eq!(first.finished_epochs(), epoch - 1);

            let mut resumed = trainer();
            resumed.restore(&directory).unwrap();
            let end = resumed.run(Some(&directory), &mut NoProgress, &never);
            assert_eq!(end.unwrap(), RunEnd::Finished);
            assert!(results(&directory) == expected, "{split} of epoch {epoch}");

            // The trainer that was stopped can go on, too.
            let end = first.run(None, &mut NoProgress, &never);
            assert_eq!(end.unwrap(), RunEnd::Finished);
            let weights = first.network().unwrap().layers()[0].spiking().unwrap();
            let whole = whole.network().unwrap().layers()[0].spiking().unwrap();
            assert!(weights.weights() == whole.weights(), "{split} of {epoch}");
        }
    }
}

#[test]
fn an_evaluation_can_be_stopped() {
    let mut trainer = trainer();
    let stop = AtomicBool::new(true);
    let stopped = trainer.evaluate_unless(&stop, "test", &mut NoProgress);
    assert_eq!(stopped.unwrap(), None);
    let whole = trainer.evaluate("test", &mut NoProgress).unwrap();
    let again = trainer.evaluate_unless(&AtomicBool::new(false), "test", &mut NoProgress);
    assert_eq!(again.unwrap().unwrap().loss, whole.loss);
}
