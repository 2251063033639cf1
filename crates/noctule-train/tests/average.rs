//! A running mean of the weights: what is evaluated, what is saved, and how a run continues.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use noctule_core::Engine;
use noctule_cpu::CpuEngine;
use noctule_train::{
    BatchProgress, Checkpoint, Config, EpochRecord, NoProgress, Progress, RunDirectory, RunEnd,
    Trainer,
};

fn engine() -> Arc<dyn Engine<f32>> {
    Arc::new(CpuEngine::new(0).unwrap())
}

fn config(epochs: usize, keep: f64) -> Config {
    let mut config = Config::preset("yinyang").unwrap();
    config.training.epochs = epochs;
    config.training.weight_average = keep;
    config
}

fn train(config: &Config, path: &Path) -> Trainer {
    let directory = directory(config, path);
    let mut trainer = Trainer::new(config.clone(), None, engine()).unwrap();
    run(&mut trainer, &directory);
    trainer
}

fn directory(config: &Config, path: &Path) -> RunDirectory {
    let directory = RunDirectory::create(path).unwrap();
    directory.write_config(&config.to_toml().unwrap()).unwrap();
    directory
}

fn run(trainer: &mut Trainer, directory: &RunDirectory) {
    let (mut progress, stop) = (NoProgress, AtomicBool::new(false));
    trainer.run(Some(directory), &mut progress, &stop).unwrap();
}

/// Asks the run to stop after this number of batches.
struct StopAfter<'a>(usize, &'a AtomicBool);

impl Progress for StopAfter<'_> {
    fn batch(&mut self, _: BatchProgress) {
        self.0 -= 1;
        if self.0 == 0 {
            self.1.store(true, Ordering::Relaxed);
        }
    }

    fn epoch(&mut self, _: &[EpochRecord]) {}
}

fn test_loss(trainer: &Trainer) -> f64 {
    let test = |record: &&EpochRecord| record.split == "test";
    trainer.history().iter().rfind(test).unwrap().loss
}

#[test]
fn a_resumed_run_continues_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let whole = train(&config(2, 0.99), &folder.path().join("whole"));
    let config = config(2, 0.99);
    let directory = directory(&config, &folder.path().join("parts"));
    let mut first = Trainer::new(config, None, engine()).unwrap();
    let stop = AtomicBool::new(false);
    let end = first.run(Some(&directory), &mut StopAfter(17, &stop), &stop);
    assert_eq!(end.unwrap(), RunEnd::Interrupted);
    let mut resumed = Trainer::resume(&directory, &[], None, engine()).unwrap();
    run(&mut resumed, &directory);
    assert_eq!(test_loss(&whole), test_loss(&resumed));
    let tensors = |name: &str| {
        let directory = RunDirectory::open(folder.path().join(name)).unwrap();
        Checkpoint::load(&directory.last_path()).unwrap().tensors
    };
    assert!(tensors("whole") == tensors("parts"));
    assert!(tensors("whole").contains_key("in_training.0.weights"));
}

#[test]
fn the_mean_is_evaluated_and_saved_and_training_does_not_see_it() {
    let folder = tempfile::tempdir().unwrap();
    let plain = train(&config(1, 0.0), &folder.path().join("plain"));
    let path = folder.path().join("mean");
    let mean = train(&config(1, 0.99), &path);
    let training = |trainer: &Trainer| trainer.history()[0].loss;
    assert_eq!(training(&plain), training(&mean));
    assert_ne!(test_loss(&plain), test_loss(&mean));
    let directory = RunDirectory::open(&path).unwrap();
    // As an experiment without a mean would use it.
    let mut reader = Trainer::new(config(1, 0.0), None, engine()).unwrap();
    reader.load_weights(&directory.last_path()).unwrap();
    let record = reader.evaluate("test", &mut NoProgress).unwrap();
    assert_eq!(record.loss, test_loss(&mean));
}
