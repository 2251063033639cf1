//! The command does what it says.

mod common;

use std::fs;

use common::{Bench, images, labels, names};
use serde_json::Value;

/// The records of a run's metrics.
fn metrics_of(bench: &Bench, run: &str) -> Vec<Value> {
    let text = fs::read_to_string(bench.path(run).join("metrics.jsonl")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_run_directory_holds_what_scripts_rely_on() {
    let bench = Bench::new();
    bench.train("run", &[]);
    let expected = [
        "best.safetensors",
        "config.toml",
        "decision.png",
        "last.safetensors",
        "metrics.jsonl",
        "report.html",
    ];
    assert_eq!(names(&bench.path("run")), expected);
    assert!(bench.read("run/decision.png").starts_with(b"\x89PNG"));
    let metrics = metrics_of(&bench, "run");
    let splits: Vec<&str> = metrics
        .iter()
        .map(|m| m["split"].as_str().unwrap())
        .collect();
    assert_eq!(splits, ["train", "validation", "test"].repeat(2));
    let epochs: Vec<_> = metrics.iter().map(|m| m["epoch"].as_u64()).collect();
    assert_eq!(epochs, [1, 1, 1, 2, 2, 2].map(Some));
    for record in &metrics {
        let trains = record["split"] == "train";
        let rate = record["learning_rate"].as_f64();
        // A cosine of two epochs from 0.003, after the last batch of each.
        let expected = trains.then_some(if record["epoch"] == 1 {
            0.0015..0.0016
        } else {
            0.0..1e-6
        });
        assert_eq!(rate.is_some(), trains, "{record}");
        assert!(
            expected.is_none_or(|range| rate.is_some_and(|rate| range.contains(&rate))),
            "{record}"
        );
    }
    for record in &metrics {
        for key in ["epoch", "loss", "accuracy", "seconds", "samples_per_second"] {
            assert!(record[key].is_number(), "{key}: {record}");
        }
        for key in ["spikes_per_neuron", "silent_fraction"] {
            assert_eq!(record[key].as_array().unwrap().len(), 2, "{record}");
        }
    }
}

#[test]
fn the_written_config_repeats_the_run() {
    let bench = Bench::new();
    bench.train("first", &["--seed", "3"]);
    bench.succeed(&["train", "first/config.toml", "--out", "second"]);
    assert_eq!(
        bench.read("first/last.safetensors"),
        bench.read("second/last.safetensors")
    );
    assert_eq!(
        bench.read("first/config.toml"),
        bench.read("second/config.toml")
    );
}

#[test]
fn threads_do_not_matter_and_seeds_do() {
    let bench = Bench::new();
    bench.train("one", &["--threads", "1"]);
    bench.train("two", &["--threads", "2"]);
    bench.train("other", &["--seed", "1"]);
    let one = bench.read("one/last.safetensors");
    assert_eq!(one, bench.read("two/last.safetensors"));
    assert_ne!(one, bench.read("other/last.safetensors"));
}

/// Starts a run, sends it a signal once `file` exists, and returns its exit status.
#[cfg(unix)]
fn stop_when(bench: &Bench, words: &[&str], file: &str, signal: &str) -> Option<i32> {
    use std::process::Command;
    use std::time::Duration;

    let mut child = bench.command(words).spawn().unwrap();
    while !bench.path(file).exists() {
        assert!(child.try_wait().unwrap().is_none(), "ended before {file}");
        std::thread::sleep(Duration::from_millis(2));
    }
    let sent = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    child.wait().unwrap().code()
}

#[cfg(unix)]
#[test]
fn a_stopped_run_continues_to_the_bit() {
    let bench = Bench::new();
    let words = |out| {
        // Seconds of training: no machine ends it before the signal comes.
        let set = "layers.0.neurons=100";
        [
            "train", "yinyang", "--out", out, "--epochs", "40", "--set", set,
        ]
    };
    bench.succeed(&words("whole"));
    // Somewhere in the first epoch, and somewhere after it; where exactly does not matter. A killed run continues from
    // its last checkpoint.
    for (out, file, signal, status) in [
        ("early", "early/config.toml", "-INT", Some(130)),
        ("late", "late/metrics.jsonl", "-INT", Some(130)),
        ("killed", "killed/config.toml", "-KILL", None),
    ] {
        assert_eq!(stop_when(&bench, &words(out), file, signal), status);
        bench.succeed(&["train", "--resume", out, "--threads", "2"]);
        for file in ["last.safetensors", "best.safetensors"] {
            let (whole, parts) = (format!("whole/{file}"), format!("{out}/{file}"));
            assert!(bench.read(&whole) == bench.read(&parts), "{parts} differs");
        }
        let losses = |run| -> Vec<Value> {
            let metrics = metrics_of(&bench, run);
            metrics
                .iter()
                .map(|record| record["loss"].clone())
                .collect()
        };
        assert_eq!(losses("whole"), losses(out));
    }
}

/// A convolution with everything that draws random numbers in training: augmentation and dropout.
const CONVOLUTION: &str = r#"
name = "small"
data = { set = "mnist", validation = 10 }
augmentation = { elastic = { points = 2, sigma = 1.0 }, shift = 1.0, rotation = 5.0, scale = 0.1, flip = true }
neuron = { tau_m = 0.26, tau_s = 0.13, t_max = 0.2 }
loss = { kind = "spike-count", target_true = 10, target_false = 2 }
optimiser = { kind = "adam", learning_rate = 0.003 }
training = { epochs = 2, batch_size = 8, max_inverse_slope = 0.2 }

[[layers]]
kind = "conv2d"
filters = 4
window = 4
stride = 2
padding = 1
theta = 0.04
max_spikes = 2
init = { kind = "uniform", low = -1.0, high = 1.0 }

[[layers]]
kind = "sum_pool2d"
size = 2

[[layers]]
kind = "dense"
neurons = 10
dropout = 0.2
theta = 0.3
max_spikes = 20
silent_boost = 1.0
init = { kind = "uniform", low = -1.0, high = 1.0 }
"#;

#[test]
fn a_convolution_trains_and_resumes_to_the_bit() {
    let bench = Bench::new();
    bench.write_mnist(100, 20);
    fs::write(bench.path("small.toml"), CONVOLUTION).unwrap();
    bench.succeed(&["train", "small.toml", "--out", "whole"]);
    let words = ["train", "small.toml", "--out", "parts", "--epochs", "1"];
    bench.succeed(&[&words[..], &["--threads", "1"]].concat());
    bench.succeed(&[
        "train",
        "--resume",
        "parts",
        "--epochs",
        "2",
        "--threads",
        "3",
    ]);
    assert!(bench.read("whole/last.safetensors") == bench.read("parts/last.safetensors"));
    let metrics = metrics_of(&bench, "whole");
    assert_eq!(metrics.len(), 6);
    let spikes = metrics[0]["spikes_per_neuron"].as_array().unwrap();
    assert_eq!(spikes.len(), 3);
    assert!(spikes.iter().all(|spikes| spikes.as_f64().unwrap() > 0.0));
    let json: Value = serde_json::from_str(&bench.succeed(&["eval", "whole", "--json"])).unwrap();
    assert_eq!(json["accuracy"], metrics.last().unwrap()["accuracy"]);
}

#[test]
fn overrides_reach_a_resolved_config() {
    let bench = Bench::new();
    bench.train("run", &[]);
    let set = ["--set", "neuron.t_max=0.05", "--set", "layers.0.theta=0.03"];
    let mut words = vec!["train", "run/config.toml", "--out", "again"];
    words.extend(set);
    bench.succeed(&words);
    let config = noctule::train::ConfigTable::read(&bench.path("again/config.toml"))
        .and_then(noctule::train::ConfigTable::resolve)
        .unwrap();
    let noctule::train::config::LayerConfig::Dense(first) = &config.layers[0] else {
        panic!("a dense layer")
    };
    assert_eq!((first.t_max, first.reset), (0.05, 0.03));
}

/// Real MNIST, where `$NOCTULE_DATA` has it.
#[test]
fn real_mnist_is_learned() {
    let data = std::env::var("NOCTULE_DATA").unwrap_or_default();
    if !std::path::Path::new(&data).join("mnist").is_dir() {
        println!("skipped: no mnist in $NOCTULE_DATA");
        return;
    }
    let bench = Bench::new();
    let mut words = vec!["train", "mnist-count", "--out", "run", "--data-dir", &data];
    // A quarter of the hidden neurons of the preset, so less than half of its threshold.
    for set in [
        "training.epochs=1",
        "layers.0.neurons=200",
        "layers.1.theta=0.6",
    ] {
        words.extend(["--set", set]);
    }
    bench.succeed(&words);
    let metrics = metrics_of(&bench, "run");
    let accuracy = metrics.last().unwrap()["accuracy"].as_f64().unwrap();
    assert!(accuracy > 0.9, "{accuracy}");
}

#[test]
fn a_finished_run_can_go_on() {
    let bench = Bench::new();
    bench.train("run", &[]);
    assert!(
        bench
            .succeed(&["train", "--resume", "run"])
            .contains("already finished")
    );
    bench.succeed(&["train", "--resume", "run", "--epochs", "3"]);
    assert_eq!(metrics_of(&bench, "run").len(), 9);
    let config = fs::read_to_string(bench.path("run/config.toml")).unwrap();
    assert!(config.contains("epochs = 3"), "{config}");
}

#[test]
fn eval_agrees_with_the_training() {
    let bench = Bench::new();
    bench.train("run", &[]);
    let json: Value = serde_json::from_str(&bench.succeed(&["eval", "run", "--json"])).unwrap();
    let metrics = metrics_of(&bench, "run");
    let last = metrics.last().unwrap();
    assert_eq!(json["accuracy"], last["accuracy"]);
    assert_eq!(json["spikes_per_neuron"], last["spikes_per_neuron"]);
    assert!(
        bench
            .succeed(&["eval", "run", "--best"])
            .contains("best checkpoint")
    );
}

#[test]
fn mnist_files_are_trained_on() {
    let bench = Bench::new();
    bench.write_mnist(400, 100);
    let mut words = vec!["train", "mnist-count", "--out", "run", "--epochs", "20"];
    for set in [
        "layers.0.neurons=64",
        // So few inputs reach no output neuron of the preset.
        "layers.1.theta=0.1",
        "layers.1.init.low=0.0",
        "data.validation=100",
        "training.batch_size=20",
    ] {
        words.extend(["--set", set]);
    }
    bench.succeed(&words);
    let metrics = metrics_of(&bench, "run");
    let accuracy = metrics.last().unwrap()["accuracy"].as_f64().unwrap();
    assert!(accuracy > 0.9, "bars are easy: {accuracy}");
}

#[test]
fn runs_are_numbered() {
    let bench = Bench::new();
    let words = [
        "train",
        "yinyang",
        "--epochs",
        "1",
        "--set",
        "layers.0.neurons=5",
    ];
    assert!(
        bench
            .succeed(&words)
            .contains("noctule eval runs/yinyang\n")
    );
    assert!(
        bench
            .succeed(&words)
            .contains("noctule eval runs/yinyang-2\n")
    );
}

#[test]
fn data_sets_are_listed() {
    let bench = Bench::new();
    let list = bench.succeed(&["data", "list"]);
    assert!(
        list.contains("mnist") && list.contains("yin-yang"),
        "{list}"
    );
    assert!(
        bench
            .succeed(&["data", "info", "mnist"])
            .contains("missing")
    );
    bench.write_mnist(40, 20);
    assert!(
        bench
            .succeed(&["data", "info", "mnist"])
            .contains("NOT the official file")
    );
    assert!(
        bench
            .succeed(&["data", "fetch", "yin-yang"])
            .contains("nothing to download")
    );
    bench.refuse(&["data", "info", "nonsense"], &["nonsense", "mnist"]);
}

#[test]
fn what_is_read_as_it_is_is_not_downloaded() {
    let bench = Bench::new();
    let folder = bench.path("data").join("emnist-balanced");
    fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, bytes: &[u8]| {
        fs::write(folder.join(format!("emnist-balanced-{name}-ubyte")), bytes).unwrap();
    };
    // Nothing listens there.
    let from = ["--from", "http://127.0.0.1:9/"];
    let fetch = [&["data", "fetch", "emnist-balanced"][..], &from].concat();
    write("train-images-idx3", &images(30));
    write("train-labels-idx1", &labels(30));
    write("test-images-idx3", &images(20));
    // The last file is missing, and then damaged: a download would help.
    bench.refuse(&fetch, &["127.0.0.1"]);
    write("test-labels-idx1", &labels(20)[..15]);
    bench.refuse(&fetch, &["127.0.0.1"]);
    write("test-labels-idx1", &labels(20));
    assert!(bench.succeed(&fetch).contains("nothing to download"));
    fs::remove_dir_all(&folder).unwrap();
    fs::create_dir_all(&folder).unwrap();
    // No MATLAB file at all.
    fs::write(folder.join("emnist-balanced.mat"), labels(20)).unwrap();
    bench.refuse(&fetch, &["127.0.0.1"]);
}
