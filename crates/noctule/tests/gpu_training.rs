//! Trains on a device with the real command. Losses follow the CPU's, a resumed run gives the same bits as an uninterrupted
//! one, and a checkpoint of one back end is continued on another.
#![cfg(feature = "gpu")]

#[expect(dead_code, reason = "other tests need more of it")]
mod common;

use std::collections::BTreeMap;
use std::fs;

use common::Bench;
use noctule::train::Checkpoint;
use serde_json::Value;

const GPU: [&str; 2] = ["--backend", "gpu"];
/// A learning rate that does not depend on the number of epochs.
const SETTINGS: [&str; 4] = [
    "--set",
    "training.batch_size=250",
    "--set",
    "schedule.kind=constant",
];

fn train(bench: &Bench, out: &str, more: &[&str]) {
    bench.train(out, &[&SETTINGS[..], more].concat());
}

/// The losses and accuracies of a run.
fn figures(bench: &Bench, run: &str) -> Vec<(f64, f64)> {
    let lines = fs::read_to_string(bench.path(run).join("metrics.jsonl")).unwrap();
    let records = lines.lines().map(|line| {
        let record: Value = serde_json::from_str(line).unwrap();
        let number = |key: &str| record[key].as_f64().unwrap();
        (number("loss"), number("accuracy"))
    });
    records.collect()
}

fn assert_follows(found: &[(f64, f64)], expected: &[(f64, f64)]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        let error = (found.0 - expected.0).abs() / expected.0;
        assert!(error < 0.01, "losses {} and {}", found.0, expected.0);
        let difference = (found.1 - expected.1).abs();
        assert!(
            difference < 0.02,
            "accuracies {} and {}",
            found.1,
            expected.1
        );
    }
}

/// The tensors of a checkpoint, as bits.
fn tensors(bench: &Bench, run: &str) -> BTreeMap<String, Vec<u8>> {
    let file = fs::read(bench.path(run).join("last.safetensors")).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&file).unwrap();
    let tensors = tensors.tensors().into_iter();
    tensors
        .map(|(name, tensor)| (name, tensor.data().to_vec()))
        .collect()
}

#[test]
fn training_follows_the_cpu_and_resumes_to_the_bit() {
    let bench = Bench::new();
    train(&bench, "cpu", &[]);
    train(&bench, "gpu", &GPU);
    let (found, expected) = (figures(&bench, "gpu"), figures(&bench, "cpu"));
    assert_follows(&found, &expected);
    let checkpoint = Checkpoint::load(&bench.path("gpu/last.safetensors")).unwrap();
    assert_eq!(checkpoint.metadata["origin"]["backend"], "gpu");

    // One epoch, and another after a break, on the recorded back end.
    train(&bench, "parts", &[&GPU[..], &["--epochs", "1"]].concat());
    bench.succeed(&["train", "--resume", "parts", "--epochs", "2"]);
    assert_eq!(figures(&bench, "parts"), found);
    let same = tensors(&bench, "parts") == tensors(&bench, "gpu");
    assert!(same, "the bits differ after a break");

    // Evaluation and predictions agree with the training's own.
    let told = bench.succeed(&["eval", "gpu", "--json"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["accuracy"].as_f64(), found.last().map(|last| last.1));
    bench.succeed(&["predict", "gpu", "-o", "out.npz"]);
}

#[test]
fn checkpoints_move_between_back_ends() {
    let bench = Bench::new();
    train(&bench, "expected", &[]);
    let expected = figures(&bench, "expected");
    for (first, second) in [("cpu", "gpu"), ("gpu", "cpu")] {
        let run = format!("{first}-{second}");
        train(&bench, &run, &["--backend", first, "--epochs", "1"]);
        let resume = [
            "train",
            "--resume",
            &run,
            "--epochs",
            "2",
            "--backend",
            second,
        ];
        let output = bench.run(&resume);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{stderr}");
        assert!(
            stderr.contains("bits"),
            "no note that bits differ: {stderr}"
        );
        assert_follows(&figures(&bench, &run), &expected);
    }
}

#[test]
fn reference_cases_pass() {
    let bench = Bench::new();
    for (name, cases) in [
        ("exact.json", noctule_conformance::fixtures::EXACT),
        ("recorded.json", noctule_conformance::fixtures::RECORDED),
        ("temporal.json", noctule_conformance::fixtures::TEMPORAL),
    ] {
        fs::write(bench.path(name), cases).unwrap();
        bench.succeed(&["replay", name, "--backend", "gpu", "--precision", "f32"]);
    }
}
