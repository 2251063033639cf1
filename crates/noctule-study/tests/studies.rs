//! Small studies from their beginning to their end, interrupted and resumed.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use noctule_cpu::CpuEngine;
use noctule_study::precision::PrecisionPlan;
use noctule_study::robustness::{self, Point, RobustnessPlan, Task};
use noctule_study::spikes::{self, Pair, Side, SideName, SpikesPlan};
use noctule_study::study::{
    NoStudyProgress, Series, StudyContext, StudyDescription, StudyDirectory, StudyDocument,
    StudyError, StudyProgress, StudySize,
};

fn context<'a>(
    directory: &Path,
    progress: &'a dyn StudyProgress,
    stop: &'a AtomicBool,
) -> StudyContext<'a> {
    StudyContext {
        directory: directory.to_owned(),
        data_directory: None,
        engine: Arc::new(CpuEngine::new(1).unwrap()),
        size: StudySize::Quick,
        progress,
        stop,
    }
}

/// Stops after some units.
struct StopAfter<'a> {
    units: usize,
    stop: &'a AtomicBool,
    most: AtomicUsize,
}

impl StudyProgress for StopAfter<'_> {
    fn show(&self, done: usize, total: usize, _: &str) {
        self.most.fetch_max(total, Ordering::Relaxed);
        if done >= self.units {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

type Run<'a> = &'a dyn Fn(&StudyContext<'_>) -> Result<Option<StudyDocument>, StudyError>;

/// Checks that a study that was interrupted finds the same as one that was not.
fn interrupted_and_resumed(run: Run<'_>) -> StudyDocument {
    let folder = tempfile::tempdir().unwrap();
    let never = AtomicBool::new(false);
    let whole = run(&context(folder.path(), &NoStudyProgress, &never))
        .unwrap()
        .unwrap();

    let folder = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    let stopping = StopAfter {
        units: 3,
        stop: &stop,
        most: AtomicUsize::new(0),
    };
    let stopped = run(&context(folder.path(), &stopping, &stop)).unwrap();
    assert_eq!(stopped, None, "it was to be stopped");
    assert!(stopping.most.load(Ordering::Relaxed) > 3);
    let counting = StopAfter {
        units: usize::MAX,
        stop: &stop,
        most: AtomicUsize::new(0),
    };
    stop.store(false, Ordering::Relaxed);
    let resumed = run(&context(folder.path(), &counting, &stop))
        .unwrap()
        .unwrap();
    assert_eq!(resumed.verdicts, whole.verdicts);
    let accuracies = |document: &StudyDocument| {
        // Times are others.
        let tables = document
            .sections
            .iter()
            .flat_map(|section| section.tables.clone());
        let rows = tables.flat_map(|table| table.rows);
        rows.filter(|row| !row[0].contains("seconds"))
            .collect::<Vec<_>>()
    };
    assert_eq!(accuracies(&resumed), accuracies(&whole));
    whole
}

#[test]
fn robustness_of_a_small_network() {
    let plan = RobustnessPlan {
        tasks: vec![Task {
            preset: "yinyang".to_owned(),
            overrides: ["training.epochs=2", "layers.0.neurons=30"]
                .map(str::to_owned)
                .to_vec(),
            tuning: vec!["training.epochs=1".to_owned()],
        }],
        points: vec![
            Point::new(6, 0.1),
            Point {
                jitter: 0.01,
                dead_synapses: 0.1,
                ..Point::new(4, 0.0)
            },
        ],
        chips: 2,
        seeds: 2,
    };
    let document = interrupted_and_resumed(&|context| robustness::run(context, &plan));
    assert_eq!(document.verdicts.len(), 2);
    let table = &document.sections[0].tables[0];
    assert_eq!(table.rows.len(), 2);
    assert!(
        table.rows[1][0].contains("10 % dead synapses, jitter 0.01 tau_s"),
        "{table:?}"
    );
    let page = document.to_markdown();
    for part in [
        "**chips**",
        "| chips |",
        "6 bits, mismatch 10 %",
        "yinyang-bits.svg",
    ] {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
}

#[test]
fn many_spikes_against_one_in_small_networks() {
    let side = |name, preset: &str| Side {
        name,
        preset: preset.to_owned(),
        overrides: vec!["layers.0.neurons=30".to_owned()],
        epochs: 2,
        short: 1,
    };
    let plan = SpikesPlan {
        pairs: vec![Pair {
            name: "Yin-Yang".to_owned(),
            sides: [
                side(SideName::Many, "yinyang"),
                side(SideName::One, "yinyang-ttfs"),
            ],
        }],
        rates: vec![1.0, 2.0],
        search_scales: vec![1.0],
        seeds: 2,
        dead_scales: vec![0.01, 1.0],
        jitters: vec![0.1],
        deletions: vec![0.5],
        weight_noises: vec![0.3],
        convergence_repeats: 1,
    };
    let document = interrupted_and_resumed(&|context| spikes::run(context, &plan));
    let subjects: Vec<&str> = document
        .verdicts
        .iter()
        .map(|verdict| verdict.subject.as_str())
        .collect();
    assert_eq!(
        subjects,
        [
            "accuracy",
            "convergence",
            "convergence experiment",
            "sparsity",
            "latency",
            "dead neurons",
            "robustness"
        ]
    );
    let dead = &document.sections[0].charts[2];
    assert!(dead.name.ends_with("dead"), "{}", dead.name);
    // Of weights a hundred times too small, hardly a neuron spikes.
    let is_mostly_dead = |series: &Series| series.y[0] > 50.0 && series.y[0] > series.y[1];
    assert!(dead.series.iter().all(is_mostly_dead), "{dead:?}");
}

#[test]
fn plans_are_limited_to_networks_that_they_have() {
    let only = |name: &str| vec![name.to_owned()];
    let plan = RobustnessPlan::new(StudySize::Quick);
    let limited = plan.clone().only(&only("yinyang")).unwrap();
    assert_eq!(limited.tasks.len(), 1);
    assert_eq!(plan.clone().only(&[]).unwrap(), plan);
    let error = plan.only(&only("yingyang")).unwrap_err().to_string();
    assert!(
        error.contains("`yingyang`") && error.contains("mnist-count"),
        "{error}"
    );
    let pairs = SpikesPlan::new(StudySize::Full).only(&only("mnist-conv-ttfs"));
    assert_eq!(pairs.unwrap().pairs.len(), 1);
    assert!(
        PrecisionPlan::new(StudySize::Quick)
            .only(&only("yinyang"))
            .is_err()
    );
    for size in [StudySize::Quick, StudySize::Full] {
        for experiments in [
            RobustnessPlan::new(size).experiments(),
            SpikesPlan::new(size).experiments(),
            PrecisionPlan::new(size).experiments(),
        ] {
            assert!(!experiments.unwrap().is_empty());
        }
    }
}

#[test]
fn a_study_directory_is_made_opened_and_locked() {
    let folder = tempfile::tempdir().unwrap();
    let description = StudyDescription {
        study: "robustness".to_owned(),
        size: StudySize::Quick,
        plan: "0123".to_owned(),
        backend: "cpu".to_owned(),
        only: vec!["yinyang".to_owned()],
        data_directory: None,
    };
    let path = folder.path().join("study");
    let made = StudyDirectory::create(Some(&path), folder.path(), description.clone()).unwrap();
    let locked = StudyDirectory::open(&path).unwrap_err();
    assert!(locked.to_string().contains("being written"), "{locked}");
    drop(made);
    assert_eq!(
        StudyDirectory::open(&path).unwrap().description(),
        &description
    );
    let taken = StudyDirectory::create(Some(&path), folder.path(), description.clone());
    assert!(taken.is_err());
    let numbered = StudyDirectory::create(None, folder.path(), description).unwrap();
    assert!(numbered.path().ends_with("robustness"));
    let missing = StudyDirectory::open(folder.path()).unwrap_err().to_string();
    assert!(missing.contains("study.toml"), "{missing}");
}
