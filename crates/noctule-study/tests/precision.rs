//! The study of precision: pairing of spikes, and a tiny study from end to end, stopped and resumed.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use noctule_core::Engine;
use noctule_cpu::CpuEngine;
use noctule_study::precision::{self, Matching, NetworkPlan, NeuronPlan, PrecisionPlan, StepPlan};
use noctule_study::study::{
    Finding, StudyContext, StudyDocument, StudyProgress, StudySize, to_svg,
};
use serde_json::Value;

fn is_near(found: &[f64], expected: &[f64]) -> bool {
    let mut pairs = found.iter().zip(expected);
    found.len() == expected.len() && pairs.all(|(found, expected)| (found - expected).abs() < 1e-12)
}

#[test]
fn spikes_are_paired_in_order() {
    let same = Matching::of(&[0.01, 0.02], &[0.011, 0.019]);
    assert!(is_near(&same.errors, &[0.001, -0.001]));
    assert_eq!((same.missed, same.extra), (0, 0));
    // As many pairs as possible: a spike that is far off is an error, not a missed and an extra spike.
    let far = Matching::of(&[0.01], &[0.09]);
    assert!(is_near(&far.errors, &[0.08]));
}

#[test]
fn missed_and_extra_spikes_are_those_that_leave_the_least_distance() {
    let missed = Matching::of(&[0.01, 0.02, 0.03, 0.04], &[0.021, 0.0405]);
    assert!(is_near(&missed.errors, &[0.001, 0.0005]), "{missed:?}");
    assert_eq!((missed.missed, missed.extra), (2, 0));
    let extra = Matching::of(&[0.02, 0.03], &[0.001, 0.0201, 0.025, 0.0302, 0.05]);
    assert!(is_near(&extra.errors, &[0.0001, 0.0002]), "{extra:?}");
    assert_eq!((extra.missed, extra.extra), (0, 3));
    for (reference, measured) in [(vec![], vec![0.01]), (vec![0.01], vec![]), (vec![], vec![])] {
        let matching = Matching::of(&reference, &measured);
        assert!(matching.errors.is_empty());
        let alone = (matching.missed as usize, matching.extra as usize);
        assert_eq!(alone, (reference.len(), measured.len()));
    }
}

/// The least sum of distances over all pairings in order, by trying each subset.
fn least(short: &[f64], long: &[f64]) -> f64 {
    let subsets = (0..1_u32 << long.len()).filter(|set| set.count_ones() as usize == short.len());
    subsets
        .map(|set| {
            let chosen = (0..long.len()).filter(|index| set & (1 << index) != 0);
            let pairs = chosen.zip(short);
            pairs
                .map(|(index, short)| (long[index] - short).abs())
                .sum()
        })
        .fold(f64::INFINITY, f64::min)
}

#[test]
fn no_other_pairing_has_a_smaller_distance() {
    // A simple generator of scattered trains.
    let mut state = 1_u64;
    let mut scattered = |count: usize| {
        let mut train: Vec<f64> = (0..count)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                (state >> 33) as f64 / f64::from(1_u32 << 31)
            })
            .collect();
        train.sort_by(f64::total_cmp);
        train
    };
    for round in 0..60 {
        let (short, long) = (scattered(1 + round % 4), scattered(4 + round % 5));
        let expected = least(&short, &long);
        for matching in [Matching::of(&short, &long), Matching::of(&long, &short)] {
            let found: f64 = matching.errors.iter().map(|error| error.abs()).sum();
            assert!((found - expected).abs() < 1e-12, "{short:?} {long:?}");
        }
    }
}

/// Stops the study when this many units have begun.
struct StopAt<'a> {
    units: usize,
    stop: &'a AtomicBool,
}

impl StudyProgress for StopAt<'_> {
    fn show(&self, done: usize, total: usize, _: &str) {
        assert!(done <= total, "{done} of {total}");
        if done >= self.units {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

fn tiny() -> PrecisionPlan {
    let step = |step, samples, batches| StepPlan {
        step,
        samples,
        batches,
    };
    PrecisionPlan {
        neurons: NeuronPlan {
            neurons: 24,
            draws: 4,
            steps: vec![1e-3, 1e-5],
        },
        networks: vec![NetworkPlan {
            name: "tiny",
            preset: "yinyang",
            overrides: ["training.epochs=1", "layers.0.neurons=40", "seed=3"]
                .map(str::to_owned)
                .to_vec(),
            samples: 60,
            together: 50,
            batch: 20,
            batches: 2,
            steps: vec![step(1e-3, 60, 2), step(1e-4, 40, 2), step(1e-5, 12, 0)],
        }],
    }
}

/// The document of the tiny study, which is stopped when `units` have begun.
fn study(directory: &Path, units: usize) -> Option<StudyDocument> {
    let stop = AtomicBool::new(false);
    let progress = StopAt { units, stop: &stop };
    let engine = CpuEngine::new(1).unwrap();
    let context = StudyContext {
        directory: directory.to_owned(),
        data_directory: None,
        engine: Arc::new(engine.clone()),
        size: StudySize::Quick,
        progress: &progress,
        stop: &stop,
    };
    let exact: Arc<dyn Engine<f64>> = Arc::new(engine);
    precision::run(&context, &exact, &tiny()).unwrap()
}

/// The results of all units, without the times that they took.
fn without_times(directory: &Path) -> Vec<Value> {
    fn remove(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.remove("seconds");
                fields.values_mut().for_each(remove);
            }
            Value::Array(values) => values.iter_mut().for_each(remove),
            _ => {}
        }
    }
    let text = fs::read_to_string(directory.join("units.jsonl")).unwrap();
    let lines = text.lines().map(|line| {
        let mut value: Value = serde_json::from_str(line).unwrap();
        remove(&mut value);
        value
    });
    lines.collect()
}

#[test]
fn a_study_that_was_stopped_comes_to_the_same_results() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, stopped) = (folder.path().join("whole"), folder.path().join("stopped"));
    fs::create_dir(&whole).unwrap();
    fs::create_dir(&stopped).unwrap();
    let document = study(&whole, usize::MAX).unwrap();
    for units in [1, 4, 7, 11] {
        assert_eq!(study(&stopped, units), None);
        assert_eq!(
            without_times(&stopped).len(),
            units.min(3) + units.saturating_sub(4)
        );
    }
    let resumed = study(&stopped, usize::MAX).unwrap();
    assert_eq!(without_times(&stopped), without_times(&whole));
    // All is in the log: nothing is measured again, so the times are the same, too.
    assert_eq!(study(&stopped, usize::MAX).unwrap(), resumed);
    assert_eq!(study(&whole, usize::MAX).unwrap(), document);
    checks_document(&document);
}

fn checks_document(document: &StudyDocument) {
    assert_eq!(document.study, "precision");
    let subjects = document
        .verdicts
        .iter()
        .map(|verdict| verdict.subject.as_str());
    let subjects: Vec<&str> = subjects.collect();
    let expected = [
        "imprecision of Euler",
        "precision of the exact engine",
        "cost of precision",
    ];
    assert_eq!(subjects, expected);
    assert_eq!(document.verdicts[0].finding, Finding::Holds);
    assert_eq!(document.verdicts[1].finding, Finding::Holds);
    let markdown = document.to_markdown();
    for text in [
        "steps of 1 ms, f64",
        "exact, f32",
        "dense 1 (40)",
        "output (3)",
    ] {
        assert!(markdown.contains(text), "{text} is not in:\n{markdown}");
    }
    assert!(
        !markdown.contains("NaN") && !markdown.contains(" inf "),
        "{markdown}"
    );
    for section in &document.sections {
        for table in &section.tables {
            assert!(
                table
                    .rows
                    .iter()
                    .all(|row| row.len() == table.columns.len())
            );
        }
        for chart in &section.charts {
            for series in &chart.series {
                assert_eq!(series.x.len(), series.y.len());
                assert!(
                    series
                        .x
                        .iter()
                        .chain(&series.y)
                        .all(|value| value.is_finite())
                );
            }
            to_svg(chart).unwrap();
        }
    }
}
