//! Sweeps give the same numbers for any number of threads and interruptions, and choose by validation.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use noctule_core::Engine;
use noctule_cpu::CpuEngine;
use noctule_study::sweep::{ChosenBy, RunLog, RunRecord, SweepPosition};
use noctule_study::{Sweep, SweepError, SweepOutcome, sweep_picture};
use noctule_train::config::AxisValue;
use noctule_train::{Config, ConfigTable, Data, NoProgress, Trainer};

fn engine(threads: usize) -> Arc<dyn Engine<f32>> {
    Arc::new(CpuEngine::new(threads).unwrap())
}

fn changed(preset: &str, overrides: &[&str]) -> Config {
    let mut table = ConfigTable::preset(preset).unwrap();
    let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
    table.apply_overrides(&overrides).unwrap();
    table.resolve().unwrap()
}

/// Three by two points, two runs at each.
const SMALL: [&str; 4] = [
    "sweep.repeats=2",
    "sweep.x.to=0.4",
    "sweep.y.to=0.2",
    "training.epochs=5",
];

fn small(more: &[&str]) -> Config {
    changed("convergence", &[&SMALL[..], more].concat())
}

/// The outcome of a sweep that is not interrupted.
fn outcome(config: &Config, threads: usize) -> SweepOutcome {
    let sweep = Sweep::new(config, None, engine(threads)).unwrap();
    sweep.check().unwrap();
    let outcome = sweep.run(None, &|_| {}, &AtomicBool::new(false));
    outcome.unwrap().unwrap()
}

/// The test accuracy of one run by itself.
fn accuracy(config: &Config, overrides: &[String], ahead: u64) -> f64 {
    let mut table = ConfigTable::from_toml_str(&config.to_toml().unwrap(), "point").unwrap();
    table.apply_overrides(overrides).unwrap();
    let mut config = table.resolve().unwrap();
    config.seed += ahead;
    let data = Arc::new(Data::load(&config, None).unwrap());
    let mut trainer = Trainer::with_data(config, data, engine(1)).unwrap();
    let stop = AtomicBool::new(false);
    trainer.run(None, &mut NoProgress, &stop).unwrap();
    trainer.history().last().unwrap().accuracy
}

#[test]
fn the_outcome_does_not_depend_on_threads_and_is_that_of_single_runs() {
    let config = small(&[]);
    let outcomes = [1, 3].map(|threads| outcome(&config, threads));
    assert_eq!(outcomes[0], outcomes[1]);
    let (x, y) = (&outcomes[0].x, outcomes[0].y.as_ref().unwrap());
    assert_eq!(x.values, [0.0, 0.2, 0.4].map(AxisValue::from));
    assert_eq!(y.values, [0.0, 0.2].map(AxisValue::from));
    let point = [format!("{}=0.4", x.key), format!("{}=0.2", y.key)];
    let runs = [0, 1].map(|ahead| accuracy(&config, &point, ahead));
    assert_eq!(outcomes[0].accuracy[1][2], (runs[0] + runs[1]) / 2.0);
    let spread = (runs[0] - runs[1]).abs() / 2.0_f64.sqrt();
    assert!((outcomes[0].std.as_ref().unwrap()[1][2] - spread).abs() < 1e-12);
}

#[test]
fn seeds_are_shared_between_points_or_distinct() {
    let seeds = |setting: &str| {
        let config = small(&[&format!("sweep.seeds={setting}"), "seed=7"]);
        let folder = tempfile::tempdir().unwrap();
        let log = RunLog::new(folder.path().join("runs.jsonl"));
        let sweep = Sweep::new(&config, None, engine(2)).unwrap();
        sweep
            .run(Some(&log), &|_| {}, &AtomicBool::new(false))
            .unwrap();
        let mut runs = log.read().unwrap();
        runs.sort_by_key(|run| (run.repeat, run.point));
        runs.iter().map(|run| run.seed).collect::<Vec<u64>>()
    };
    assert_eq!(seeds("shared"), [[7; 6], [8; 6]].concat());
    assert_eq!(seeds("distinct"), (7..19).collect::<Vec<u64>>());
    // The seeds that a run has by default, and those that it is told, are the same.
    let (default, told) = (small(&[]), small(&["sweep.seeds=shared"]));
    assert_eq!(outcome(&default, 1), outcome(&told, 1));
}

#[test]
fn a_sweep_that_was_stopped_goes_on_and_ends_as_if_it_had_not_been() {
    let config = small(&[]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.jsonl");
    let whole = RunLog::new(folder.path().join("whole.jsonl"));
    let expected = Sweep::new(&config, None, engine(1)).unwrap();
    let expected = expected
        .run(Some(&whole), &|_| {}, &AtomicBool::new(false))
        .unwrap();
    let mut done = 0;
    // As often as it takes, each time a few runs more, and with another number of threads.
    for start in 1.. {
        let stop = AtomicBool::new(false);
        let at_start = AtomicUsize::new(usize::MAX);
        let progress = |position: SweepPosition| {
            at_start.fetch_min(position.finished, Ordering::Relaxed);
            assert_eq!(position.total, 12);
            if position.finished >= start * 4 {
                stop.store(true, Ordering::Relaxed);
            }
        };
        let log = RunLog::new(&path);
        let sweep = Sweep::new(&config, None, engine(start)).unwrap();
        let outcome = sweep.run(Some(&log), &progress, &stop).unwrap();
        // Nothing is done twice.
        assert_eq!(at_start.load(Ordering::Relaxed), done);
        done = log.read().unwrap().len();
        assert!(done >= start * 4);
        if done == 12 {
            assert_eq!(outcome, expected);
            break;
        }
        assert_eq!(outcome, None);
        // A kill may cut the last line off.
        let mut text = fs::read(&path).unwrap();
        text.extend(b"{\"point\":5,\"rep");
        fs::write(&path, text).unwrap();
    }
    assert_eq!(fs::read(&path).unwrap(), fs::read(whole.path()).unwrap());
    // With all runs there, the outcome needs none.
    let sweep = Sweep::new(&config, None, engine(1)).unwrap();
    let again = sweep.run(Some(&RunLog::new(&path)), &|_| {}, &AtomicBool::new(false));
    assert_eq!(again.unwrap(), expected);
}

#[test]
fn a_sweep_that_is_stopped_has_no_outcome() {
    let sweep = Sweep::new(&small(&[]), None, engine(2)).unwrap();
    let outcome = sweep.run(None, &|_| {}, &AtomicBool::new(true));
    assert_eq!(outcome.unwrap(), None);
}

#[test]
fn a_run_ends_within_a_batch_of_a_stop() {
    // By itself this run would take hours.
    let config = small(&["training.epochs=1000000", "sweep.repeats=1"]);
    let stop = AtomicBool::new(false);
    let progress = |position: SweepPosition| {
        assert_eq!(position.finished, 0);
        if position.done > 0.0 {
            stop.store(true, Ordering::Relaxed);
        }
    };
    let sweep = Sweep::new(&config, None, engine(2)).unwrap();
    assert_eq!(sweep.run(None, &progress, &stop).unwrap(), None);
}

#[test]
fn runs_of_another_experiment_are_refused_and_more_repeats_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let log = RunLog::new(folder.path().join("runs.jsonl"));
    let run = |config: &Config| {
        let sweep = Sweep::new(config, None, engine(1)).unwrap();
        sweep.run(Some(&log), &|_| {}, &AtomicBool::new(false))
    };
    run(&small(&[])).unwrap();
    let kept = fs::read(log.path()).unwrap();
    for other in [
        "training.epochs=6",
        "seed=1",
        "optimiser.learning_rate=0.2",
        "sweep.x.from=0.2",
        "sweep.x={ key = 'layers.0.theta', values = [0.9, 1.0, 1.1] }",
        "sweep.seeds=distinct",
        "sweep.repeats=1",
    ] {
        let message = run(&small(&[other])).err().map(|error| error.to_string());
        let message = message.unwrap_or_default();
        assert!(message.contains("runs.jsonl`, line "), "{other}: {message}");
        assert_eq!(fs::read(log.path()).unwrap(), kept, "{other}");
    }
    // These change no run.
    run(&small(&[
        "training.threads=2",
        "name=other",
        "description=x",
    ]))
    .unwrap();
    assert_eq!(fs::read(log.path()).unwrap(), kept);
    let more = small(&["sweep.repeats=3"]);
    assert_eq!(run(&more).unwrap(), Some(outcome(&more, 1)));

    let text = String::from_utf8(kept).unwrap();
    let first = text.lines().next().unwrap();
    let huge = first.replace("\"point\":0", &format!("\"point\":{}", usize::MAX));
    for (line, part) in [
        ("{\"point\": 0}", "line 1: missing field"),
        ("", "line 1: EOF"),
        ("\u{0}\u{0}", "line 1: expected value"),
        (
            &first.replace("repeat", "repeated"),
            "line 1: unknown field",
        ),
        (&huge, "which the sweep does not have"),
    ] {
        fs::write(log.path(), format!("{line}\n")).unwrap();
        let message = run(&small(&[])).unwrap_err().to_string();
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
fn the_best_point_is_chosen_by_validation_where_there_is_a_validation_part() {
    let axis = "sweep.x={ key = 'optimiser.learning_rate', values = [1e-9, 0.003, 0.0001] }";
    let small = [
        "layers.0.neurons=20",
        "training.epochs=2",
        "sweep.repeats=2",
        axis,
    ];
    let outcome = outcome(&changed("yinyang", &small), 2);
    assert_eq!(outcome.y, None);
    assert_eq!(
        (outcome.chosen_by, outcome.repeats),
        (ChosenBy::Validation, 2)
    );
    let validation = outcome.validation.as_ref().unwrap();
    let best = validation[0].iter().copied().fold(0.0, f64::max);
    assert_eq!(outcome.best.validation, Some(best));
    assert_eq!(
        (&outcome.best.x, outcome.best.equally_good),
        (&AxisValue::from(0.003), 1)
    );
    assert_eq!(outcome.best.accuracy, outcome.accuracy[0][1]);
    assert_eq!(outcome.best.std, Some(outcome.std.as_ref().unwrap()[0][1]));
    assert!(
        sweep_picture::draw(&outcome)
            .unwrap()
            .starts_with(b"\x89PNG")
    );

    // Better test samples do not help a point: they choose nothing.
    let json = serde_json::to_value(&outcome).unwrap();
    assert_eq!(json["chosen_by"], "validation");
    assert!(json.get("y").is_none() && json["best"].get("y").is_none());
    assert_eq!(
        serde_json::from_value::<SweepOutcome>(json).unwrap(),
        outcome
    );
}

#[test]
fn without_a_validation_part_the_test_chooses() {
    let outcome = outcome(&small(&["sweep.repeats=1"]), 2);
    assert_eq!(
        (outcome.chosen_by, outcome.validation),
        (ChosenBy::Test, None)
    );
    assert_eq!(outcome.std, None);
}

#[test]
fn a_key_may_be_a_whole_table() {
    let axis = "sweep.y={ key = 'optimiser', values = [{ kind = 'sgd', learning_rate = 0.1 }, { kind = 'adam' }] }";
    let config = small(&[axis, "sweep.repeats=1"]);
    let outcome = outcome(&config, 1);
    let point = |table: &str| {
        let point = [
            "layers.0.init.mean=0.4".to_owned(),
            format!("optimiser={table}"),
        ];
        accuracy(&config, &point, 0)
    };
    let expected = [
        point("{kind='sgd', learning_rate=0.1}"),
        point("{kind='adam'}"),
    ];
    assert_eq!([outcome.accuracy[0][2], outcome.accuracy[1][2]], expected);
    assert!(
        sweep_picture::draw(&outcome)
            .unwrap()
            .starts_with(b"\x89PNG")
    );
}

#[test]
fn a_run_that_diverges_is_recorded_as_such() {
    let axis = "sweep.x={ key = 'optimiser.learning_rate', values = [0.1, 1e38] }";
    let config = small(&[axis, "training.max_inverse_slope=1e30", "sweep.repeats=1"]);
    let folder = tempfile::tempdir().unwrap();
    let log = RunLog::new(folder.path().join("runs.jsonl"));
    let sweep = Sweep::new(&config, None, engine(1)).unwrap();
    let outcome = sweep.run(Some(&log), &|_| {}, &AtomicBool::new(false));
    let outcome = outcome.unwrap().unwrap();
    let runs = log.read().unwrap();
    let diverged: Vec<&RunRecord> = runs.iter().filter(|run| run.diverged).collect();
    assert!(!diverged.is_empty() && outcome.diverged == diverged.len());
    for run in diverged {
        let measured = (run.test_accuracy, run.loss, run.spikes);
        assert_eq!(measured, (None, None, None));
        assert_eq!(outcome.accuracy[run.point / 2][run.point % 2], 0.0);
    }
}

#[test]
fn what_cannot_be_swept_is_refused_before_the_first_run() {
    let mut config = small(&[]);
    config.sweep = None;
    let refused = Sweep::new(&config, None, engine(1)).err().unwrap();
    assert!(matches!(refused, SweepError::NoSweep { .. }), "{refused}");

    let refused = |axis: &str| {
        let config = small(&[axis]);
        let sweep = Sweep::new(&config, None, engine(1));
        let error = sweep.and_then(|sweep| sweep.check()).unwrap_err();
        error.to_string()
    };
    for (axis, parts) in [
        (
            "sweep.x={ key = 'layers.0.theta', values = [-1] }",
            ["where layers.0.theta=-1", "greater than 0"],
        ),
        (
            "sweep.x={ key = 'layers.0.neurons', values = [2, 3] }",
            ["layers.0.neurons=3", "each of the 2 classes"],
        ),
        (
            "sweep.x={ key = 'layers.0.neurons', log = { from = 1, to = 2, points = 3 } }",
            ["layers.0.neurons=1.414", "a whole number"],
        ),
    ] {
        let message = refused(axis);
        for part in parts {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
}
