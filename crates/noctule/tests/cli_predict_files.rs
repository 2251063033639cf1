//! `noctule predict --input`: samples of the user's own files.

#[expect(dead_code, reason = "other tests need more of it")]
mod common;
mod npz;

use std::fs;

use common::Bench;
use npz::Array;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

const CHANNELS: usize = 12;

/// Events of two classes: in each sample every channel has one, half of the channels early, which half is the class.
fn write_events(bench: &Bench, name: &str, samples: usize, seed: u64, has_labels: bool) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (mut times, mut units, mut offsets, mut labels) = (vec![], vec![], vec![0i64], vec![]);
    for _ in 0..samples {
        let label = i64::from(random.random::<bool>());
        let mut events: Vec<(f64, i64)> = (0..CHANNELS as i64)
            .map(|channel| {
                let is_early = (channel % 2 == 0) == (label == 0);
                let time = if is_early { 5_000.0 } else { 25_000.0 };
                (time + random.random_range(0.0..10_000.0), channel)
            })
            .collect();
        events.sort_by(|a, b| a.0.total_cmp(&b.0));
        times.extend(events.iter().map(|event| event.0));
        units.extend(events.iter().map(|event| event.1));
        offsets.push(times.len() as i64);
        labels.push(label);
    }
    let mut arrays = vec![
        Array::new("times", &[times.len()], times),
        Array::new("units", &[units.len()], units),
        Array::new("offsets", &[offsets.len()], offsets),
    ];
    if has_labels {
        arrays.push(Array::new("labels", &[labels.len()], labels));
    }
    npz::write(&bench.path(name), &arrays);
}

const EXPERIMENT: &str = r#"
name = "events"
data = { set = "events", train = "train.npz", test = "test.npz", time_unit = 1e-6, validation = 20 }
neuron = { tau_m = 0.02, tau_s = 0.01, t_max = 0.06 }
loss = { kind = "first-spike", temperature = 0.001 }
optimiser = { kind = "adam", learning_rate = 0.5 }
training = { epochs = 5, batch_size = 10 }

[[layers]]
kind = "dense"
neurons = 2
theta = 1.0
max_spikes = 3
init = { kind = "normal", mean = 40.0, std = 5.0 }
"#;

/// A run on events, with 20 of 80 samples held out, and 30 test samples.
fn trained() -> Bench {
    let bench = Bench::new();
    write_events(&bench, "train.npz", 80, 1, true);
    write_events(&bench, "test.npz", 30, 2, true);
    fs::write(bench.path("events.toml"), EXPERIMENT).unwrap();
    bench.succeed(&["train", "events.toml", "--out", "run"]);
    bench
}

fn predict(bench: &Bench, more: &[&str]) -> (Value, Vec<i64>, Vec<Vec<u64>>) {
    let words = ["predict", "run", "--json", "-o", "out.npz"];
    let summary = bench.succeed(&[&words[..], more].concat());
    let path = bench.path("out.npz");
    let (predictions, _) = npz::read(&path, "predictions").unwrap();
    let (first, _) = npz::read::<f64>(&path, "first_spike").unwrap();
    let rows = first
        .chunks(2)
        .map(|row| row.iter().map(|time| time.to_bits()).collect());
    (
        serde_json::from_str(&summary).unwrap(),
        predictions,
        rows.collect(),
    )
}

#[test]
fn rows_are_in_the_order_of_the_file() {
    let bench = trained();
    let (summary, all, rows) = predict(&bench, &["--input", "train.npz"]);
    assert_eq!((summary["samples"].as_u64(), all.len()), (Some(80), 80));
    assert_eq!(summary["input"], "train.npz");
    assert!(summary["split"].is_null());
    assert!(summary["accuracy"].as_f64().unwrap() > 0.9, "{summary}");
    for (split, samples) in [("train", 60), ("validation", 20)] {
        let (summary, _, part) = predict(&bench, &["--split", split]);
        assert_eq!(
            (summary["samples"].as_u64(), part.len()),
            (Some(samples), samples as usize)
        );
        let mut rest = rows.iter();
        for row in &part {
            assert!(
                rest.any(|found| found == row),
                "{split} is not in the order of the file"
            );
        }
    }
    let (_, test, _) = predict(&bench, &[]);
    assert_eq!(predict(&bench, &["--input", "test.npz"]).1, test);
}

#[test]
fn samples_without_labels_are_classified() {
    let bench = trained();
    let (_, expected, _) = predict(&bench, &["--input", "test.npz"]);
    write_events(&bench, "unlabelled.npz", 30, 2, false);
    let (summary, found, _) = predict(&bench, &["--input", "unlabelled.npz"]);
    assert_eq!(found, expected);
    assert!(summary["accuracy"].is_null(), "{summary}");
    assert!(npz::read::<i64>(&bench.path("out.npz"), "labels").is_none());
    let text = bench.succeed(&[
        "predict",
        "run",
        "--input",
        "unlabelled.npz",
        "-o",
        "out.npz",
    ]);
    assert!(
        text.contains("30 samples of unlabelled.npz") && !text.contains("right"),
        "{text}"
    );
}

#[test]
fn files_that_cannot_be_classified() {
    let bench = trained();
    let images = vec![0u8; 3 * 4 * 4];
    npz::write(
        &bench.path("images.npz"),
        &[Array::new("images", &[3, 4, 4], images)],
    );
    fs::write(bench.path("text.npz"), "nonsense").unwrap();
    let (times, units) = (vec![0.5], vec![12i64]);
    let arrays = |label: i64| {
        [
            Array::new("times", &[1], times.clone()),
            Array::new("units", &[1], units.clone()),
            Array::new("offsets", &[2], vec![0i64, 1]),
            Array::new("labels", &[1], vec![label]),
        ]
    };
    npz::write(&bench.path("unit.npz"), &arrays(0));
    let predict = |file: &'static str| ["predict", "run", "-o", "out.npz", "--input", file];
    for (file, parts) in [
        ("missing.npz", ["missing.npz", "cannot read"]),
        ("text.npz", ["text.npz", "NPZ"]),
        ("images.npz", ["images.npz", "events"]),
        ("unit.npz", ["unit.npz", "12"]),
    ] {
        bench.refuse(&predict(file), &["--input", parts[0], parts[1]]);
    }
    let both = [&predict("test.npz")[..], &["--split", "train"]].concat();
    bench.refuse(&both, &["--input", "--split"]);
}

#[test]
fn images_are_classified_by_a_network_of_a_known_set() {
    let bench = Bench::new();
    bench.write_mnist(40, 20);
    let words = ["train", "mnist-count", "--out", "run", "--epochs", "1"];
    let small = ["--set", "layers.0.neurons=5", "--set", "data.validation=0"];
    bench.succeed(&[&words[..], &small[..]].concat());
    let (pixels, labels) = (common::images(20), common::labels(20));
    let labels: Vec<i64> = labels[8..].iter().map(|&label| label.into()).collect();
    let arrays = [
        Array::new("images", &[20, 28, 28], pixels[16..].to_vec()),
        Array::new("labels", &[20], labels),
    ];
    npz::write(&bench.path("images.npz"), &arrays);
    let accuracy = |more: &[&str]| {
        let words = ["predict", "run", "--json", "-o", "out.npz"];
        let json: Value =
            serde_json::from_str(&bench.succeed(&[&words[..], more].concat())).unwrap();
        json["accuracy"].clone()
    };
    assert_eq!(accuracy(&["--input", "images.npz"]), accuracy(&[]));
    npz::write(
        &bench.path("small.npz"),
        &[Array::new("images", &[1, 4, 4], vec![0u8; 16])],
    );
    let words = ["predict", "run", "-o", "out.npz", "--input", "small.npz"];
    bench.refuse(
        &words,
        &["--input", "small.npz", "4 x 4 x 1", "28 x 28 x 1"],
    );
}

#[test]
fn what_is_read_is_not_overwritten() {
    let bench = trained();
    for output in [
        "test.npz",
        "./test.npz",
        "run/config.toml",
        "run/last.safetensors",
    ] {
        let words = ["predict", "run", "--input", "test.npz", "-o", output];
        bench.refuse(&words, &["-o names", "choose another file"]);
    }
}
