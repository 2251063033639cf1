//! `noctule` on files of the user's own.

#[expect(dead_code, reason = "other tests need more of it")]
mod common;
#[expect(dead_code, reason = "other tests need more of it")]
mod npz;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::Bench;
use npz::Array;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const CHANNELS: usize = 50;
const CLASSES: usize = 3;

const EXPERIMENT: &str = r#"
name = "gestures"
[data]
set = "events"
train = "train.npz"
test = "test.npz"
validation = 0.1
[neuron]
tau_m = 0.02
tau_s = 0.01
t_max = 0.12
[[layers]]
kind = "dense"
neurons = 40
theta = 1.0
max_spikes = 10
init = { kind = "normal", mean = 10.0, std = 40.0 }
[[layers]]
kind = "dense"
neurons = 3
theta = 1.0
max_spikes = 20
silent_boost = 5.0
init = { kind = "normal", mean = 10.0, std = 30.0 }
[loss]
kind = "spike-count"
target_true = 8
target_false = 1
[optimiser]
kind = "adam"
learning_rate = 1.0
[training]
epochs = 15
batch_size = 20
threads = 1
"#;

/// Each class has a time for every channel; a sample has most of its class's events, each up to 2 ms off.
fn write_events(path: &Path, samples: usize, seed: u64) {
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let times = (0..CLASSES * CHANNELS).map(|_| random.random_range(0.005..0.095));
    let templates: Vec<f32> = times.collect();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (mut times, mut units) = (Vec::<f32>::new(), Vec::<i64>::new());
    let (mut offsets, mut labels) = (vec![0i64], Vec::<i64>::new());
    for sample in 0..samples {
        let class = sample % CLASSES;
        let mut events: Vec<(f32, i64)> = Vec::new();
        for channel in 0..CHANNELS {
            if random.random_bool(0.7) {
                let jitter = random.random_range(-0.002..0.002);
                events.push((
                    templates[class * CHANNELS + channel] + jitter,
                    channel as i64,
                ));
            }
        }
        events.sort_by(|a, b| a.0.total_cmp(&b.0));
        times.extend(events.iter().map(|event| event.0));
        units.extend(events.iter().map(|event| event.1));
        offsets.push(times.len() as i64);
        labels.push(class as i64);
    }
    npz::write(
        path,
        &[
            Array::new("times", &[times.len()], times),
            Array::new("units", &[units.len()], units),
            Array::new("offsets", &[offsets.len()], offsets),
            Array::new("labels", &[labels.len()], labels),
        ],
    );
}

/// An experiment on 300 training samples and 100 test samples, in the folder `project`.
fn bench() -> Bench {
    let bench = Bench::new();
    fs::create_dir(bench.path("project")).unwrap();
    write_events(&bench.path("project/train.npz"), 300, 1);
    write_events(&bench.path("project/test.npz"), 100, 2);
    fs::write(bench.path("project/gestures.toml"), EXPERIMENT).unwrap();
    bench
}

/// The accuracy that `eval --json` prints.
fn accuracy(printed: &str) -> f64 {
    let object: serde_json::Value = serde_json::from_str(printed).unwrap();
    object["accuracy"].as_f64().unwrap()
}

#[test]
fn own_events_train_to_over_95_percent_and_evaluate_from_anywhere() {
    let bench = bench();
    let printed = bench.succeed(&["train", "project/gestures.toml", "--out", "run"]);
    assert!(
        printed.contains("50-40-3 on 270 training samples of events"),
        "{printed}"
    );
    let elsewhere = tempfile::tempdir().unwrap();
    let run = bench.path("run").display().to_string();
    let eval = |words: &[&str]| {
        let mut command = bench.command(&["eval", &run, "--json"]);
        command
            .args(words)
            .current_dir(elsewhere.path())
            .output()
            .unwrap()
    };
    let evaluated = eval(&[]);
    let stderr = String::from_utf8_lossy(&evaluated.stderr).into_owned();
    assert!(evaluated.status.success(), "{stderr}");
    let reached = accuracy(&String::from_utf8(evaluated.stdout).unwrap());
    assert!(reached > 0.95, "{reached}");
    // The experiment that is kept with the results names no folder of this machine.
    let config = String::from_utf8(bench.read("run/config.toml")).unwrap();
    let folder = bench.path("project").display().to_string();
    assert!(config.contains("train = \"train.npz\""), "{config}");
    assert!(
        config.contains("population = 50") && !config.contains(&folder),
        "{config}"
    );
    // A part that needs the training file, and files in another place.
    assert!(eval(&["--split", "validation"]).status.success());
    fs::rename(bench.path("project"), bench.path("moved")).unwrap();
    let moved = bench.path("moved").display().to_string();
    assert!(!eval(&[]).status.success());
    assert!(eval(&["--data-dir", &moved]).status.success());
}

#[test]
fn a_run_on_own_events_is_resumed_bit_for_bit() {
    let bench = bench();
    let train = |out: &str, epochs: &str| {
        bench.succeed(&[
            "train",
            "project/gestures.toml",
            "--out",
            out,
            "--epochs",
            epochs,
        ]);
    };
    train("whole", "4");
    train("part", "2");
    bench.succeed(&["train", "--resume", "part", "--epochs", "4"]);
    assert!(bench.read("whole/last.safetensors") == bench.read("part/last.safetensors"));
}

#[test]
fn a_sweep_on_own_events_is_resumed_wherever_it_lies() {
    let bench = bench();
    let axis = "sweep={repeats=2, x={key='data.samples', values=[20, 300]}}";
    let words = ["sweep", "project/gestures.toml", "--out", "sweep", "--set"];
    bench.succeed(&[&words[..], &[axis, "--set", "training.epochs=2"]].concat());
    let (outcome, runs) = (
        bench.read("sweep/sweep.json"),
        bench.read("sweep/runs.jsonl"),
    );
    // As a kill would have left it.
    fs::remove_file(bench.path("sweep/sweep.json")).unwrap();
    let some: Vec<u8> = runs
        .split_inclusive(|&byte| byte == b'\n')
        .skip(1)
        .flatten()
        .copied()
        .collect();
    fs::write(bench.path("sweep/runs.jsonl"), some).unwrap();
    fs::create_dir(bench.path("elsewhere")).unwrap();
    fs::rename(bench.path("sweep"), bench.path("elsewhere/moved")).unwrap();
    bench.succeed(&["sweep", "--resume", "elsewhere/moved"]);
    assert!(bench.read("elsewhere/moved/sweep.json") == outcome);
    assert!(bench.read("elsewhere/moved/runs.jsonl") == runs);
    // Other data are another sweep.
    write_events(&bench.path("project/train.npz"), 300, 3);
    bench.refuse(
        &["sweep", "--resume", "elsewhere/moved"],
        &["runs.jsonl", "other data"],
    );
}

#[test]
fn files_that_are_missing_are_named_and_not_downloaded() {
    let bench = bench();
    let train = ["train", "project/gestures.toml", "--out", "run"];
    let with = |more: &[&'static str]| [&train, more].concat();
    let missing = with(&["--set", "data.train=gone.npz"]);
    bench.refuse(&missing, &["data.train", "gone.npz", "cannot read"]);
    let elsewhere = with(&["--data-dir", "data"]);
    bench.refuse(&elsewhere, &["data.train", "train.npz", "cannot read"]);
    fs::write(bench.path("project/test.npz"), b"<html>").unwrap();
    bench.refuse(&train, &["data.test", "test.npz", "web page"]);
    fs::remove_file(bench.path("project/test.npz")).unwrap();
    bench.refuse(&train, &["data.test", "project/test.npz", "cannot read"]);
}

#[test]
fn overrides_name_files_from_where_the_command_is_typed() {
    let bench = bench();
    fs::rename(bench.path("project/train.npz"), bench.path("mine.npz")).unwrap();
    let words = [
        "train",
        "project/gestures.toml",
        "--epochs",
        "1",
        "--set",
        "data.train=mine.npz",
    ];
    bench.succeed(&[&words[..], &["--out", "run"]].concat());
    let config = String::from_utf8(bench.read("run/config.toml")).unwrap();
    assert!(config.contains("train = \"../mine.npz\""), "{config}");
    bench.succeed(&["eval", "run", "--split", "train"]);
}

/// The first block of code in this language in the document about own data.
fn block(document: &str, language: &str) -> String {
    let (_, rest) = document.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// Runs the Python code of a document, or without NumPy writes files of the same names and kind.
fn make_files(bench: &Bench, document: &str) {
    let mut python = Command::new("python3");
    let script = python.args(["-c", &block(document, "python")]);
    let made = script.current_dir(bench.path("")).output();
    if !made.is_ok_and(|output| output.status.success()) {
        eprintln!("without NumPy, the files of the example are written in another way");
        write_events(&bench.path("train.npz"), 300, 1);
        write_events(&bench.path("test.npz"), 100, 2);
    }
}

/// A document of the repository; `None` where the crate lies alone.
fn document(name: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name);
    let text = fs::read_to_string(path).ok();
    if text.is_none() {
        println!("skipped: this is the crate alone, without the repository's documents");
    }
    text
}

fn reached(bench: &Bench) -> f64 {
    accuracy(&bench.succeed(&["eval", "runs/gestures", "--json"]))
}

#[test]
fn the_example_of_the_document_trains() {
    let Some(document) = document("docs/data.md") else {
        return;
    };
    let bench = Bench::new();
    fs::write(bench.path("gestures.toml"), block(&document, "toml")).unwrap();
    make_files(&bench, &document);
    bench.succeed(&["train", "gestures.toml", "--threads", "1"]);
    assert!(reached(&bench) > 0.9);
}

#[test]
fn the_example_of_the_readme_trains() {
    let Some(document) = document("README.md") else {
        return;
    };
    let bench = Bench::new();
    make_files(&bench, &document);
    bench.succeed(&["new", "gestures.toml", "--from", "train.npz"]);
    bench.succeed(&["train", "gestures.toml", "--threads", "1"]);
    assert!(reached(&bench) > 0.9);
    bench.succeed(&["predict", "runs/gestures", "--spikes", "-o", "out.npz"]);
}
