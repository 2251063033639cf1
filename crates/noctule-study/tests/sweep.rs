//! A sweep gives the same numbers for any number of threads, and stops when it is asked to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use noctule_core::Engine;
use noctule_cpu::CpuEngine;
use noctule_study::{SweepError, sweep};
use noctule_train::{Config, ConfigTable, Data, NoProgress, Trainer};

fn engine(threads: usize) -> Arc<dyn Engine<f32>> {
    Arc::new(CpuEngine::new(threads).unwrap())
}

/// Three by two points, two runs at each.
fn config() -> Config {
    let mut table = ConfigTable::preset("convergence").unwrap();
    let small = [
        "sweep.repeats=2",
        "sweep.x.to=0.4",
        "sweep.y.to=0.2",
        "training.epochs=5",
    ];
    table.apply_overrides(&small.map(str::to_owned)).unwrap();
    table.resolve().unwrap()
}

#[test]
fn the_outcome_does_not_depend_on_threads_and_is_that_of_single_runs() {
    let (config, stop) = (config(), AtomicBool::new(false));
    let outcomes = [1, 3].map(|threads| {
        let done = AtomicUsize::new(0);
        let progress = |runs, total| {
            assert_eq!(total, 12);
            done.fetch_max(runs, Ordering::Relaxed);
        };
        let outcome = sweep::run(&config, None, &engine(threads), &progress, &stop);
        assert_eq!(done.load(Ordering::Relaxed), 12);
        outcome.unwrap().unwrap()
    });
    assert_eq!(outcomes[0], outcomes[1]);
    let (x, y) = (&outcomes[0].x, &outcomes[0].y);
    assert_eq!(
        (&x.values[..], &y.values[..]),
        (&[0.0, 0.2, 0.4][..], &[0.0, 0.2][..])
    );
    let accuracies = [0, 1].map(|seed| {
        let mut table = ConfigTable::from_toml_str(&config.to_toml().unwrap(), "point").unwrap();
        let point = [format!("{}=0.4", x.key), format!("{}=0.2", y.key)];
        table.apply_overrides(&point).unwrap();
        let mut config = table.resolve().unwrap();
        config.seed += seed;
        let data = Arc::new(Data::load(&config, None).unwrap());
        let mut trainer = Trainer::with_data(config, data, engine(1)).unwrap();
        trainer.run(None, &mut NoProgress, &stop).unwrap();
        trainer.history().last().unwrap().accuracy
    });
    assert_eq!(
        outcomes[0].accuracy[1][2],
        (accuracies[0] + accuracies[1]) / 2.0
    );
}

#[test]
fn a_sweep_that_is_stopped_has_no_outcome() {
    let stop = AtomicBool::new(true);
    let outcome = sweep::run(&config(), None, &engine(2), &|_, _| {}, &stop);
    assert_eq!(outcome.unwrap(), None);
}

#[test]
fn an_experiment_without_a_sweep_is_refused() {
    let mut config = config();
    config.sweep = None;
    assert!(matches!(
        sweep::check(&config),
        Err(SweepError::NoSweep { .. })
    ));
}
