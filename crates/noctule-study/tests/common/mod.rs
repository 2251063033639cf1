//! A small network that was trained into a temporary folder.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use noctule_core::Engine;
use noctule_cpu::CpuEngine;
use noctule_data::Dataset;
use noctule_study::report::ReportedRun;
use noctule_train::{
    Classifier, Config, ConfigTable, EpochRecord, NoProgress, RunDirectory, Trainer,
};
use tempfile::TempDir;

pub struct Trained {
    folder: TempDir,
    pub config: Config,
    pub test: Dataset,
    pub engine: Arc<dyn Engine<f32>>,
    pub records: Vec<EpochRecord>,
}

impl Trained {
    pub fn run(&self) -> ReportedRun {
        ReportedRun {
            directory: RunDirectory::open(self.folder.path().join("run")).unwrap(),
            seed: self.config.seed,
        }
    }
}

/// Trains a preset with these overrides.
pub fn trained(preset: &str, overrides: &[&str], epochs: usize) -> Trained {
    let mut table = ConfigTable::preset_or_file(preset).unwrap();
    let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
    table.apply_overrides(&overrides).unwrap();
    let mut config = table.resolve().unwrap();
    config.training.epochs = epochs;
    let engine: Arc<dyn Engine<f32>> = Arc::new(CpuEngine::new(1).unwrap());
    let mut trainer = Trainer::new(config, None, Arc::clone(&engine)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let directory = RunDirectory::create(folder.path().join("run")).unwrap();
    let config = trainer.config().unwrap().clone();
    directory.write_config(&config.to_toml().unwrap()).unwrap();
    let stop = AtomicBool::new(false);
    trainer
        .run(Some(&directory), &mut NoProgress, &stop)
        .unwrap();
    Trained {
        folder,
        test: trainer.data().unwrap().test.clone(),
        config,
        engine,
        records: trainer.history().to_vec(),
    }
}

/// The trained network with its test samples.
pub fn classifier(trained: &Trained) -> Classifier {
    let checkpoint = trained.run().directory.last_path();
    let engine = Arc::clone(&trained.engine);
    Classifier::new(&trained.config, &trained.test, &checkpoint, engine).unwrap()
}
