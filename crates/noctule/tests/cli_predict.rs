//! `noctule predict` and `noctule eval` on parts of the data.

#[expect(dead_code, reason = "other tests need more of it")]
mod common;
#[expect(dead_code, reason = "files are only read here")]
mod npz;

use std::fs;

use common::Bench;
use noctule::train::Checkpoint;
use serde_json::Value;

fn array<T: npyz::Deserialize>(
    bench: &Bench,
    file: &str,
    name: &str,
) -> Option<(Vec<T>, Vec<u64>)> {
    npz::read(&bench.path(file), name)
}

fn json(bench: &Bench, words: &[&str]) -> Value {
    serde_json::from_str(&bench.succeed(words)).unwrap()
}

#[test]
fn predictions_are_those_that_eval_counts() {
    let bench = Bench::new();
    bench.train("run", &[]);
    for (split, best) in [("test", false), ("validation", true), ("train", false)] {
        let mut more = vec!["--split", split, "--json"];
        if best {
            more.push("--best");
        }
        let eval = json(
            &bench,
            &[&["eval", "run", "--confusion"], &more[..]].concat(),
        );
        let predict = json(
            &bench,
            &[&["predict", "run", "-o", "out.npz"], &more[..]].concat(),
        );
        assert_eq!(eval["split"], split);
        for key in ["run", "checkpoint", "samples", "accuracy"] {
            assert_eq!(eval[key], predict[key], "{key}");
        }
        assert_eq!(predict["output"], "out.npz");

        let samples = eval["samples"].as_u64().unwrap();
        let (predictions, shape) = array::<i64>(&bench, "out.npz", "predictions").unwrap();
        assert_eq!(shape, [samples]);
        let (labels, _) = array::<i64>(&bench, "out.npz", "labels").unwrap();
        let (counts, shape) = array::<i32>(&bench, "out.npz", "counts").unwrap();
        assert_eq!(shape, [samples, 3]);
        let (first, shape) = array::<f64>(&bench, "out.npz", "first_spike").unwrap();
        assert_eq!(shape, [samples, 3]);
        for (count, first) in counts.iter().zip(&first) {
            assert_eq!(*count == 0, first.is_nan());
        }
        // The first output neuron to spike decides.
        for (prediction, first) in predictions.iter().zip(first.chunks(3)) {
            let earliest = (0..3).filter(|&class| !first[class].is_nan());
            let earliest = earliest.min_by(|&a, &b| first[a].total_cmp(&first[b]));
            assert_eq!(*prediction, earliest.map_or(-1, |class| class as i64));
        }
        let mut confusion = vec![vec![0; 4]; 3];
        for (&label, &prediction) in labels.iter().zip(&predictions) {
            let column = usize::try_from(prediction).unwrap_or(3);
            confusion[label as usize][column] += 1;
        }
        assert_eq!(eval["confusion"], serde_json::json!(confusion));
        assert_eq!(
            predict["silent_samples"],
            predictions.iter().filter(|&&class| class == -1).count()
        );
        assert!(array::<f64>(&bench, "out.npz", "layer0_times").is_none());
    }
    let text = bench.succeed(&["eval", "run", "--confusion"]);
    assert!(
        text.contains("predicted:") && text.contains("none"),
        "{text}"
    );
}

#[test]
fn the_spikes_of_every_layer_are_written() {
    let bench = Bench::new();
    bench.train("run", &[]);
    bench.succeed(&["predict", "run", "--spikes", "-o", "out.npz"]);
    let eval = json(&bench, &["eval", "run", "--json"]);
    for (layer, neurons) in [(0, 20), (1, 3)] {
        let name = |list: &str| format!("layer{layer}_{list}");
        let (times, _) = array::<f64>(&bench, "out.npz", &name("times")).unwrap();
        let (units, _) = array::<i32>(&bench, "out.npz", &name("units")).unwrap();
        let (offsets, _) = array::<i64>(&bench, "out.npz", &name("offsets")).unwrap();
        assert_eq!(offsets.len(), 1001);
        assert_eq!((offsets[0], offsets[1000]), (0, times.len() as i64));
        assert_eq!(times.len(), units.len());
        assert!(units.iter().all(|unit| (0..neurons).contains(unit)));
        for sample in offsets.windows(2) {
            let times = &times[sample[0] as usize..sample[1] as usize];
            assert!(times.is_sorted(), "{times:?}");
        }
        let per_neuron = times.len() as f64 / f64::from(1000 * neurons);
        let expected = eval["spikes_per_neuron"][layer].as_f64().unwrap();
        assert!(
            (per_neuron - expected).abs() < 1e-12,
            "{per_neuron} {expected}"
        );
    }
}

#[test]
fn only_the_files_of_the_part_are_needed() {
    let bench = Bench::new();
    bench.write_mnist(40, 20);
    let small = [
        "--set",
        "layers.0.neurons=5",
        "--set",
        "data.validation=10",
        "--epochs",
        "1",
    ];
    bench.succeed(&[&["train", "mnist-count", "--out", "run"], &small[..]].concat());
    let train = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"];
    let images = bench.read(&format!("data/mnist/{}", train[0]));
    for name in train {
        fs::rename(bench.path(&format!("data/mnist/{name}")), bench.path(name)).unwrap();
    }
    assert_eq!(json(&bench, &["eval", "run", "--json"])["samples"], 20);
    bench.succeed(&["predict", "run", "-o", "out.npz"]);
    bench.refuse(&["eval", "run", "--split", "validation"], &[train[0]]);
    for name in train {
        fs::rename(bench.path(name), bench.path(&format!("data/mnist/{name}"))).unwrap();
    }
    assert_eq!(bench.read(&format!("data/mnist/{}", train[0])), images);
    for (split, samples) in [("train", 30), ("validation", 10)] {
        let words = ["eval", "run", "--json", "--split", split];
        assert_eq!(json(&bench, &words)["samples"], samples);
    }
    let text = bench.succeed(&["eval", "run", "--split", "validation"]);
    assert!(text.contains("of 10 validation samples"), "{text}");
    bench.succeed(
        &[
            &[
                "train",
                "mnist-count",
                "--out",
                "whole",
                "--set",
                "data.validation=0",
            ][..],
            &small[..2],
            &small[4..],
        ]
        .concat(),
    );
    bench.refuse(
        &["eval", "whole", "--split", "validation"],
        &["data.validation", "`train` or `test`"],
    );
}

#[test]
fn predictions_that_cannot_be() {
    let bench = Bench::new();
    bench.train("run", &[]);
    bench.refuse(&["predict", "run"], &["--output"]);
    bench.refuse(
        &["predict", "run", "-o", "nowhere/out.npz"],
        &["-o", "no folder `nowhere`"],
    );
    bench.refuse(
        &["predict", "nowhere", "-o", "out.npz"],
        &["nowhere", "not a run directory"],
    );
    bench.refuse(
        &["predict", "run", "-o", "out.npz", "--split", "all"],
        &["--split", "train"],
    );
    fs::write(bench.path("run/last.safetensors"), "nonsense").unwrap();
    bench.refuse(
        &["predict", "run", "-o", "out.npz"],
        &["last.safetensors", "--best"],
    );
}

/// Weights as other programs write them: no metadata, and no state of an optimiser.
#[test]
fn weights_without_the_state_of_a_run_are_evaluated_and_not_resumed() {
    let bench = Bench::new();
    bench.train("run", &[]);
    let before = json(&bench, &["eval", "run", "--json"]);
    let path = bench.path("run/last.safetensors");
    let mut weights = Checkpoint::load(&path).unwrap();
    weights.tensors.retain(|name, _| name.starts_with("layers"));
    let bytes = safetensors::serialize(&weights.tensors, None).unwrap();
    fs::write(&path, bytes).unwrap();
    let after = json(&bench, &["eval", "run", "--json"]);
    assert_eq!(before["accuracy"], after["accuracy"]);
    assert_eq!(before["loss"], after["loss"]);
    let resume = ["train", "--resume", "run", "--epochs", "3"];
    bench.refuse(&resume, &["last.safetensors", "weights only", "--init"]);
}
