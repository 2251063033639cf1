//! A run never leaves the device: inside an epoch the trainer reads metrics and nothing else.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use noctule_core::{Engine, SpikeCount};
use noctule_cpu::CpuEngine;
use noctule_train::{
    BenchPlan, Config, EpochRecord, NoProgress, RunDirectory, TrainError, Trainer, TrainingPlan,
};
use support::resident_engine::ResidentEngine;

const EPOCHS: usize = 2;

fn config() -> Config {
    let mut config = Config::preset("yinyang").unwrap();
    config.training.epochs = EPOCHS;
    config.training.batch_size = 40;
    config.training.weight_average = 0.9;
    config
}

/// Batches of an epoch of 5000 training samples.
fn batches(plan: &TrainingPlan) -> usize {
    5000_usize.div_ceil(plan.batch_size)
}

/// The records and the bits of the weights after training on an engine, with a run directory.
fn trained(engine: Arc<dyn Engine<f32>>) -> Result<(Vec<EpochRecord>, Vec<u32>), TrainError> {
    let folder = tempfile::tempdir().unwrap();
    let directory = RunDirectory::create(folder.path()).unwrap();
    let mut trainer = Trainer::new(config(), None, engine)?;
    trainer.run(Some(&directory), &mut NoProgress, &AtomicBool::new(false))?;
    let network = trainer.network()?;
    let weights = network.indexed_weights();
    let bits = weights.flat_map(|(_, weights)| weights.as_slice().iter().map(|w| w.to_bits()));
    let bits = bits.collect();
    let mut records = trainer.history().to_vec();
    for record in &mut records {
        (record.seconds, record.samples_per_second) = (0.0, 0.0);
    }
    Ok((records, bits))
}

#[test]
fn an_epoch_reads_nothing_but_metrics() {
    let cpu = CpuEngine::new(0).unwrap();
    let expected = trained(Arc::new(cpu.clone())).unwrap();
    let plan = noctule_train::experiment::plan(&config());
    for reads_wait in [false, true] {
        let engine = ResidentEngine::new(cpu.clone(), reads_wait, batches(&plan));
        let reads = Arc::clone(&engine.metric_reads);
        let found = trained(Arc::new(engine)).unwrap();
        assert!(found == expected, "reads_wait = {reads_wait}");
        // 125 batches of training, and 10 of each evaluation.
        let of_epoch = if reads_wait { 2 + 1 + 1 } else { 125 + 10 + 10 };
        assert_eq!(reads.load(Ordering::Relaxed), EPOCHS * of_epoch);
    }
}

#[test]
fn a_benchmark_reads_metrics_now_and_then_and_nothing_else() {
    let engine = ResidentEngine::new(CpuEngine::new(0).unwrap(), true, usize::MAX);
    let reads = Arc::clone(&engine.metric_reads);
    let mut trainer = Trainer::new(config(), None, Arc::new(engine)).unwrap();
    let plan = BenchPlan {
        warm_up: Duration::ZERO,
        window: Duration::from_millis(50),
        windows: 2,
    };
    let report = trainer.bench(&plan, &AtomicBool::new(false)).unwrap();
    let report = report.unwrap();
    assert!(report.train_samples_per_second > 0.0 && report.infer_samples_per_second > 0.0);
    // The host's clock does not see them.
    assert_eq!(report.phases, None);
    assert_eq!(
        (report.forward_nanoseconds, report.backward_nanoseconds),
        (None, None)
    );
    // One of the warm-up, and one of each window at its end.
    assert!(reads.load(Ordering::Relaxed) >= 5);
}

#[test]
fn divergence_is_found_where_it_happened_although_metrics_are_read_later() {
    let cpu = CpuEngine::new(0).unwrap();
    let config = Config::preset("yinyang").unwrap();
    let mut yinyang = Trainer::new(config, None, Arc::new(cpu.clone())).unwrap();
    let network = yinyang.network().unwrap().clone();
    let message = |engine: Arc<dyn Engine<f32>>| {
        // Experiment files are refused with such a target, so the trainer is built without one.
        let loss = SpikeCount {
            target_true: f64::MAX,
            target_false: 0.0,
        };
        let mut trainer = Trainer::builder(engine)
            .network(network.clone())
            .train(yinyang.training_samples().clone())
            .test(yinyang.test_samples().clone())
            .loss(loss)
            .batch_size(500)
            .build()
            .unwrap();
        let stop = AtomicBool::new(false);
        let error = trainer.run(None, &mut NoProgress, &stop).unwrap_err();
        error.to_string()
    };
    let at_once = message(Arc::new(cpu.clone()));
    assert!(
        at_once.contains("epoch 1, batch 1: the loss is inf"),
        "{at_once}"
    );
    assert_eq!(
        message(Arc::new(ResidentEngine::new(cpu, true, 10))),
        at_once
    );
}
