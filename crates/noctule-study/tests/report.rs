//! Pages about runs and studies.

mod common;

use std::sync::atomic::AtomicBool;

use common::{Trained, classifier, trained};
use noctule_core::Prediction;
use noctule_study::decision::decisions;
use noctule_study::report::{Provenance, Report, RunReport, Source, Why, collect, page};
use noctule_study::study::{Axis, Chart, Finding, Section, Series, StudyDocument, Table, Verdict};
use noctule_train::{Classifier, experiment};

/// The report of a trained network.
fn report(trained: &Trained, samples: usize) -> RunReport {
    let source = Source {
        run: trained.run(),
        others: Vec::new(),
        config: &trained.config,
        test: &trained.test,
        engine: trained.engine.clone(),
        samples,
    };
    collect(&source, &AtomicBool::new(false)).unwrap().unwrap()
}

fn page_of(run: Option<RunReport>, studies: Vec<StudyDocument>) -> String {
    let report = Report {
        title: "a <title> & \"more\"".to_owned(),
        provenance: Provenance::here("0.1.0"),
        run,
        studies,
    };
    page(&report).unwrap()
}

/// The data in a page.
fn data(page: &str) -> Report {
    let (_, rest) = page.split_once("id=\"noctule-data\">").unwrap();
    let (json, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str(json).unwrap()
}

#[test]
fn potentials_are_at_the_threshold_when_neurons_spike() {
    for preset in ["yinyang", "yinyang-ttfs"] {
        let trained = trained(preset, &["layers.0.neurons=30"], 3);
        let report = report(&trained, 9);
        assert_eq!(report.samples.len(), 9);
        let mut crossings = 0;
        for sample in &report.samples {
            for trace in &sample.traces {
                assert_eq!(trace.crossings.len(), trace.before.len());
                let raster = &sample.rasters[trace.layer + 1];
                let own = raster
                    .neurons
                    .iter()
                    .filter(|&&neuron| neuron == trace.neuron);
                assert_eq!(trace.crossings.len(), own.count());
                let end = trace.step * (trace.potentials.len() - 1) as f64;
                assert!((end - sample.end).abs() < 1e-6 * sample.end);
                for potential in &trace.before {
                    assert!((potential - 1.0).abs() < 1e-4, "{preset}: {potential}");
                    crossings += 1;
                }
                // Between its spikes a neuron that may still spike stays below its threshold.
                if !trace.is_exhausted {
                    let above = trace
                        .potentials
                        .iter()
                        .filter(|&&potential| potential > 1.001);
                    assert_eq!(above.count(), 0, "{preset}: neuron {}", trace.neuron);
                }
            }
        }
        assert!(crossings > 30, "{preset}: {crossings}");
    }
}

#[test]
fn the_decision_at_the_end_is_the_prediction() {
    for preset in ["yinyang", "yinyang-ttfs"] {
        let trained = trained(preset, &["layers.0.neurons=30"], 1);
        let rule = experiment::loss(&trained.config).prediction();
        let mut classifier = classifier(&trained);
        let classified = classifier.classify(0..Classifier::BATCH, &[1]).unwrap();
        for rule in [rule, Prediction::MostSpikes, Prediction::FirstSpike] {
            for sample in 0..Classifier::BATCH {
                let spikes = classified.spikes[0].sample(sample);
                let last = decisions(rule, spikes, 3).last().map(|last| last.class);
                assert_eq!(last, rule.of(spikes, 3));
            }
        }
        let report = report(&trained, 6);
        for sample in &report.samples {
            let last = sample.decisions.last();
            assert_eq!(last.map(|last| last.class), sample.prediction);
            assert_eq!(last.map(|last| last.time), sample.decided);
            assert_eq!(
                sample.why != Why::Wrong,
                sample.prediction == Some(sample.label)
            );
        }
        let right = *report.test.course.right.last().unwrap();
        let accuracy = report.result.correct as f64 / report.result.samples as f64;
        assert!((right - accuracy).abs() < 1e-5, "{right} and {accuracy}");
        let record = trained
            .records
            .iter()
            .rfind(|record| record.split == "test")
            .unwrap();
        assert_eq!(record.accuracy, accuracy);
    }
}

#[test]
fn all_samples_are_in_the_confusion_matrix_and_in_the_histograms() {
    let trained = trained("yinyang", &["layers.0.neurons=20"], 2);
    let report = report(&trained, 4);
    let samples = report.result.samples as u64;
    assert_eq!(
        report.result.confusion.iter().flatten().sum::<u64>(),
        samples
    );
    let decided = [&report.test.decided_right, &report.test.decided_wrong];
    let decided: u64 = decided.iter().flat_map(|times| &times.counts).sum();
    assert_eq!(decided, samples - report.result.silent as u64);
    assert_eq!(report.layers.len(), 3);
    assert_eq!(report.test.spike_counts.len(), 2);
    for (counts, neurons) in report.test.spike_counts.iter().zip([20, 3]) {
        assert_eq!(counts.counts.iter().sum::<u64>(), samples * neurons);
    }
    let weights: Vec<u64> = report
        .test
        .weights
        .iter()
        .map(|of| of.counts.iter().sum())
        .collect();
    assert_eq!(weights, [5 * 20, 20 * 3]);
    assert!(report.worst.iter().all(|one| one.margin <= 0.0));
    assert!(
        report
            .worst
            .is_sorted_by(|one, next| one.margin <= next.margin)
    );
    assert_eq!(report.curves[0].splits.len(), 3);
    assert_eq!(report.curves[0].splits[2].epochs, [1, 2]);
}

/// Neurons whose thresholds nothing reaches.
#[test]
fn a_network_that_never_spikes_has_a_page() {
    let trained = trained(
        "yinyang",
        &[
            "layers.0.neurons=10",
            "layers.0.theta=1e9",
            "layers.1.theta=1e9",
        ],
        1,
    );
    let report = report(&trained, 3);
    assert_eq!(
        (report.result.correct, report.result.silent),
        (0, report.result.samples)
    );
    for sample in &report.samples {
        assert_eq!((sample.prediction, sample.decided), (None, None));
        assert!(sample.rasters[1].times.is_empty() && sample.end > 0.0);
        assert!(sample.traces.iter().all(|trace| trace.crossings.is_empty()));
    }
    data(&page_of(Some(report), Vec::new()));
}

#[test]
fn a_stopped_report_is_none() {
    let trained = trained("yinyang", &["layers.0.neurons=10"], 1);
    let source = Source {
        run: trained.run(),
        others: Vec::new(),
        config: &trained.config,
        test: &trained.test,
        engine: trained.engine.clone(),
        samples: 3,
    };
    assert!(collect(&source, &AtomicBool::new(true)).unwrap().is_none());
}

#[test]
fn pages_are_self_contained_and_texts_cannot_break_out() {
    let mut trained = trained("yinyang", &["layers.0.neurons=10"], 1);
    let nasty = "</script><script>alert(1)</script> <!-- {{data}} & \u{2028}";
    trained.config.description = nasty.to_owned();
    let report = report(&trained, 12);
    let html = page_of(Some(report.clone()), Vec::new());
    assert!(html.contains("<title>a &lt;title&gt; &amp; &quot;more&quot;</title>"));
    assert!(!html.contains("alert(1)</script>"));
    let read = data(&html);
    assert_eq!(read.run.as_ref().unwrap().description, nasty);
    assert_eq!(read.run, Some(report));
    assert!(html.len() < 3_000_000, "{} bytes", html.len());
    // The style, the script and the data name no address that a browser would load.
    let (own, library) = html.split_once("id=\"plotting-library\">").unwrap();
    for loading in [
        "src=\"http",
        "url(http",
        "@import",
        "<link rel=\"stylesheet\"",
        "fetch(",
    ] {
        assert!(!own.contains(loading), "{loading}");
    }
    assert!(library.contains("Licensed to the Apache Software Foundation"));
}

#[test]
fn what_a_study_found_has_a_page() {
    let series = Series {
        name: "4 bits".to_owned(),
        x: vec![1e-3, 1e-2, 0.1],
        y: vec![0.9, 0.95, 0.97],
        error: vec![0.01, 0.01, 0.002],
    };
    let axis = |label: &str, log| Axis {
        label: label.to_owned(),
        log,
    };
    let study = StudyDocument {
        study: "precision".to_owned(),
        title: "Precision".to_owned(),
        summary: "What few bits do to accuracy.".to_owned(),
        provenance: Default::default(),
        verdicts: vec![Verdict {
            subject: "weights".to_owned(),
            claim: "Six bits suffice.".to_owned(),
            finding: Finding::HoldsPartly,
            evidence: "97.1 ± 0.2 % against 97.4 ± 0.1 %, 3 seeds".to_owned(),
        }],
        sections: vec![Section {
            title: "Weights".to_owned(),
            text: "Rounded after training.".to_owned(),
            tables: vec![Table {
                title: "Accuracy".to_owned(),
                columns: vec!["bits".to_owned(), "accuracy".to_owned()],
                rows: vec![vec!["4".to_owned(), "95.0 %".to_owned()]],
            }],
            charts: vec![Chart {
                name: "bits".to_owned(),
                title: "Accuracy".to_owned(),
                x: axis("step", true),
                y: axis("accuracy", false),
                series: vec![series],
            }],
        }],
    };
    let html = page_of(None, vec![study.clone()]);
    let read = data(&html);
    assert_eq!((read.run, read.studies), (None, vec![study]));
}
