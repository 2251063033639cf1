//! Checkpoints whose optimiser state does not belong to the run are refused, and say why.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use noctule_core::Engine;
use noctule_cpu::CpuEngine;
use noctule_train::{Checkpoint, Config, NoProgress, RunDirectory, Trainer};

fn engine() -> Arc<dyn Engine<f32>> {
    Arc::new(CpuEngine::new(1).unwrap())
}

/// A finished run of one epoch.
fn run(path: &Path) -> RunDirectory {
    let mut config = Config::preset("yinyang").unwrap();
    config.training.epochs = 1;
    config.training.batch_size = 1000;
    let directory = RunDirectory::create(path).unwrap();
    directory.write_config(&config.to_toml().unwrap()).unwrap();
    let mut trainer = Trainer::new(config, None, engine()).unwrap();
    trainer
        .run(Some(&directory), &mut NoProgress, &AtomicBool::new(false))
        .unwrap();
    directory
}

/// What resuming says after the checkpoint was changed.
fn refusal(directory: &RunDirectory, change: impl FnOnce(&mut Checkpoint)) -> String {
    let sound = std::fs::read(directory.last_path()).unwrap();
    let mut checkpoint = Checkpoint::load(&directory.last_path()).unwrap();
    change(&mut checkpoint);
    checkpoint.save(&directory.last_path()).unwrap();
    let resumed = Trainer::resume(directory, &[], None, engine());
    std::fs::write(directory.last_path(), sound).unwrap();
    match resumed {
        Err(error) => error.to_string(),
        Ok(_) => panic!("it was resumed"),
    }
}

#[test]
fn every_misfit_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let directory = run(&folder.path().join("run"));
    let second = "optimiser.second_moment.1";
    let message = refusal(&directory, |checkpoint| {
        checkpoint.tensors.remove(second);
    });
    assert!(
        message.contains("lacks the tensor `second_moment.1`"),
        "{message}"
    );
    let message = refusal(&directory, |checkpoint| {
        let tensor = checkpoint.tensors.get_mut(second).unwrap();
        tensor.shape.reverse();
    });
    assert!(
        message.contains("`second_moment.1` has the shape"),
        "{message}"
    );
    let message = refusal(&directory, |checkpoint| {
        checkpoint.tensors.get_mut(second).unwrap().values[7] = -1.0;
    });
    assert!(message.contains("holds -1 at position 7"), "{message}");
    let message = refusal(&directory, |checkpoint| {
        checkpoint.metadata["optimiser"]["kind"] = "sgd".into();
    });
    assert!(message.contains("is of kind `sgd`"), "{message}");
    let message = refusal(&directory, |checkpoint| {
        checkpoint.metadata["optimiser"]["momentum_product"] = 2.into();
    });
    assert!(message.contains("`momentum_product` holds 2"), "{message}");
    let message = refusal(&directory, |checkpoint| {
        let weights = checkpoint.tensors["layers.0.weights"].clone();
        checkpoint.insert("layers.2.weights", weights);
    });
    assert!(message.contains("another network"), "{message}");
    // Only these faults were in the way.
    Trainer::resume(&directory, &[], None, engine()).unwrap();
}
