//! `noctule train --seeds` and `--init`.

#[expect(dead_code, reason = "other tests need more of it")]
mod common;

use std::fs;

use common::{Bench, names};
use noctule::train::{Checkpoint, Tensor};
use serde_json::Value;

const SMALL: [&str; 4] = ["--set", "layers.0.neurons=10", "--epochs", "2"];

/// `noctule train yinyang --seeds SEEDS --out OUT` of a small network.
fn words<'a>(seeds: &'a str, out: &'a str) -> Vec<&'a str> {
    [
        &["train", "yinyang", "--seeds", seeds, "--out", out],
        &SMALL[..],
    ]
    .concat()
}

fn summary(bench: &Bench, out: &str) -> Value {
    serde_json::from_slice(&bench.read(&format!("{out}/summary.json"))).unwrap()
}

#[test]
fn each_seed_is_the_run_that_it_would_be_alone() {
    let bench = Bench::new();
    let table = bench.succeed(&words("0..1,7", "runs"));
    assert!(
        table.contains("mean") && table.contains("\u{b1}"),
        "{table}"
    );
    assert_eq!(
        names(&bench.path("runs")),
        ["report.html", "seed-0", "seed-1", "seed-7", "summary.json"]
    );
    let alone = [
        &["train", "yinyang", "--seed", "7", "--out", "alone"],
        &SMALL[..],
    ]
    .concat();
    bench.succeed(&alone);
    for file in [
        "config.toml",
        "last.safetensors",
        "best.safetensors",
        "decision.png",
    ] {
        let (several, alone) = (format!("runs/seed-7/{file}"), format!("alone/{file}"));
        assert!(bench.read(&several) == bench.read(&alone), "{file}");
    }
    let summary = summary(&bench, "runs");
    assert_eq!(summary["name"], "yinyang");
    let runs = summary["runs"].as_array().unwrap();
    let seeds: Vec<u64> = runs
        .iter()
        .map(|run| run["seed"].as_u64().unwrap())
        .collect();
    assert_eq!(seeds, [0, 1, 7]);
    assert_eq!(runs[2]["run"], "seed-7");
    let eval = |words: &[&str]| -> Value { serde_json::from_str(&bench.succeed(words)).unwrap() };
    assert_eq!(
        runs[2]["test_accuracy"],
        eval(&["eval", "alone", "--json"])["accuracy"]
    );
    assert_eq!(
        runs[2]["best_test_accuracy"],
        eval(&["eval", "alone", "--json", "--best"])["accuracy"]
    );
    assert_eq!(runs[2]["spikes_per_neuron"].as_array().unwrap().len(), 2);
    let accuracies = runs
        .iter()
        .map(|run| run["test_accuracy"].as_f64().unwrap());
    let mean = accuracies.sum::<f64>() / 3.0;
    assert!((summary["mean"]["test_accuracy"].as_f64().unwrap() - mean).abs() < 1e-12);
    for figure in ["test_accuracy", "best_test_accuracy", "seconds"] {
        assert!(
            summary["standard_deviation"][figure].is_number(),
            "{figure}"
        );
    }
}

/// The folders of the seeds, with the times at which their checkpoints were written.
fn written(bench: &Bench, out: &str) -> Vec<std::time::SystemTime> {
    let folders = names(&bench.path(out))
        .into_iter()
        .filter(|name| name.starts_with("seed-"));
    folders
        .map(|name| {
            fs::metadata(bench.path(&format!("{out}/{name}/last.safetensors")))
                .unwrap()
                .modified()
                .unwrap()
        })
        .collect()
}

#[test]
fn the_same_command_keeps_what_is_finished() {
    let bench = Bench::new();
    bench.succeed(&words("0", "runs"));
    assert!(summary(&bench, "runs")["standard_deviation"].is_null());
    let first = written(&bench, "runs");
    let text = bench.succeed(&words("0..1", "runs"));
    assert!(text.contains("runs/seed-0 has its 2 epochs"), "{text}");
    assert_eq!(written(&bench, "runs")[0], first[0]);
    assert_eq!(summary(&bench, "runs")["runs"].as_array().unwrap().len(), 2);

    // Without --out the folder is named after the experiment, and is not numbered.
    let unnamed = [&["train", "yinyang", "--seeds", "0"], &SMALL[..]].concat();
    bench.succeed(&unnamed);
    assert!(
        bench
            .succeed(&unnamed)
            .contains("runs/yinyang-seeds/seed-0 has its 2 epochs")
    );
}

#[cfg(unix)]
#[test]
fn an_interrupted_command_continues_to_the_bit() {
    use std::process::{Command, Stdio};
    use std::time::Duration;

    let bench = Bench::new();
    // Long enough to be stopped before its end.
    let with_epochs = |out| {
        let mut words = words("0..1", out);
        words[9] = "30";
        words
    };
    bench.succeed(&with_epochs("whole"));
    let mut words = with_epochs("my runs");
    words.extend(["--threads", "1"]);
    let mut child = bench
        .command(&words)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    while !bench.path("my runs/seed-1/config.toml").exists() {
        assert!(child.try_wait().unwrap().is_none(), "ended too early");
        std::thread::sleep(Duration::from_millis(2));
    }
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let text = String::from_utf8(output.stdout).unwrap();
    let again = text
        .lines()
        .last()
        .unwrap()
        .split_once("continues:  ")
        .unwrap()
        .1;
    assert_eq!(
        summary(&bench, "my runs")["runs"].as_array().unwrap().len(),
        1
    );

    // The command that was printed, as a shell reads it.
    let noctule = env!("CARGO_BIN_EXE_noctule");
    let script = format!("noctule() {{ '{noctule}' \"$@\"; }}; {again}");
    let continued = bench.command(&[]).get_current_dir().map(|folder| {
        Command::new("bash")
            .args(["-c", &script])
            .current_dir(folder)
            .output()
            .unwrap()
    });
    let continued = continued.unwrap();
    assert!(
        continued.status.success(),
        "{again}: {}",
        String::from_utf8_lossy(&continued.stderr)
    );
    for run in ["seed-0", "seed-1"] {
        let (whole, parts) = (
            format!("whole/{run}/last.safetensors"),
            format!("my runs/{run}/last.safetensors"),
        );
        assert!(bench.read(&whole) == bench.read(&parts), "{run} differs");
    }
    assert_eq!(
        summary(&bench, "my runs")["runs"].as_array().unwrap().len(),
        2
    );
}

#[test]
fn runs_of_other_experiments_are_not_mixed() {
    let bench = Bench::new();
    bench.succeed(&words("0", "runs"));
    let mut other = words("0..1", "runs");
    other.extend(["--set", "layers.0.theta=0.03"]);
    let parts = ["runs/seed-0", "another run", "layers.0.theta"];
    bench.refuse(&other, &parts);
    let mut longer = words("0..1", "runs");
    longer[9] = "3";
    bench.refuse(
        &longer,
        &[
            "runs/seed-0",
            "another run",
            "training.epochs = 2",
            "asks for 3",
        ],
    );
}

#[test]
fn seeds_that_cannot_be() {
    let bench = Bench::new();
    bench.succeed(&words("3", "several"));
    bench.refuse(
        &["eval", "several"],
        &["not a run directory", "such as `seed-3`"],
    );
    bench.train("run", &[]);
    bench.refuse(
        &words("0..1", "run"),
        &["--out", "`run` is the directory of a single run"],
    );
    fs::write(bench.path("file"), "x").unwrap();
    bench.refuse(&words("0..1", "file"), &["--out", "`file` is a file"]);
    bench.refuse(
        &words("4..0", "runs"),
        &["--seeds", "ends before it begins"],
    );
    bench.refuse(
        &words("a", "runs"),
        &["--seeds", "`a` is not a whole number", "0..4"],
    );
    let twice = [&words("0..1", "runs")[..], &["--seed", "3"]].concat();
    bench.refuse(&twice, &["--seeds", "--seed"]);
}

#[test]
fn a_run_begins_with_the_weights_that_are_named() {
    let bench = Bench::new();
    bench.train("first", &[]);
    bench.train("second", &["--init", "first", "--seed", "5"]);
    let weights = |path: &str| Checkpoint::load(&bench.path(path)).unwrap().tensors;
    let beginning = weights("second/initial.safetensors");
    for (name, tensor) in weights("first/last.safetensors") {
        if name.starts_with("layers.") {
            assert_eq!(beginning[&name], tensor, "{name}");
        }
    }
    // The files of a run repeat it.
    let again = [
        "train",
        "second/config.toml",
        "--init",
        "second/initial.safetensors",
        "--out",
        "again",
    ];
    bench.succeed(&again);
    assert_eq!(
        bench.read("second/last.safetensors"),
        bench.read("again/last.safetensors")
    );
    assert!(!bench.path("first/initial.safetensors").exists());

    bench.train(
        "best",
        &["--init", "first/best.safetensors", "--seeds", "0..1"],
    );
    assert!(bench.path("best/seed-1/initial.safetensors").exists());
    let others = ["--init", "second", "--seeds", "0..1"];
    let mut words = vec![
        "train",
        "yinyang",
        "--out",
        "best",
        "--set",
        "layers.0.neurons=20",
    ];
    words.extend(["--set", "training.epochs=2"]);
    bench.refuse(
        &words.iter().chain(&others).copied().collect::<Vec<_>>(),
        &["best/seed-0", "other weights"],
    );
    words.extend(["--seeds", "0..1"]);
    bench.refuse(&words, &["best/seed-0", "other weights"]);
}

#[test]
fn weights_that_cannot_be_begun_with() {
    let bench = Bench::new();
    bench.train("run", &[]);
    let train = |init: &'static str| {
        [
            "train",
            "yinyang",
            "--out",
            "new",
            "--set",
            "layers.0.neurons=20",
            "--init",
            init,
        ]
    };
    let sound = Checkpoint::load(&bench.path("run/last.safetensors")).unwrap();
    let write = |name: &str, change: &dyn Fn(&mut Checkpoint)| {
        let mut changed = sound.clone();
        changed
            .tensors
            .retain(|name, _| name.starts_with("layers."));
        change(&mut changed);
        fs::write(
            bench.path(name),
            safetensors::serialize(&changed.tensors, None).unwrap(),
        )
        .unwrap();
    };
    write("missing.safetensors", &|weights| {
        weights.tensors.remove("layers.1.weights");
    });
    write("turned.safetensors", &|weights| {
        weights
            .tensors
            .get_mut("layers.0.weights")
            .unwrap()
            .shape
            .reverse();
    });
    write("other.safetensors", &|weights| {
        let tensor = Tensor {
            shape: vec![7, 5],
            values: vec![0.0; 35],
        };
        weights.insert("layers.0.weights", tensor);
    });
    write("nan.safetensors", &|weights| {
        weights.tensors.get_mut("layers.0.weights").unwrap().values[3] = f32::NAN;
    });
    let bytes = [0; 8];
    let double =
        safetensors::tensor::TensorView::new(safetensors::Dtype::F64, vec![1], &bytes).unwrap();
    let double = safetensors::serialize([("layers.0.weights", double)], None).unwrap();
    fs::write(bench.path("double.safetensors"), double).unwrap();
    fs::write(bench.path("text.safetensors"), "nonsense").unwrap();
    fs::create_dir(bench.path("folder")).unwrap();
    for (init, parts) in [
        ("nowhere", ["nowhere", "cannot read"].as_slice()),
        ("folder", &["folder", "config.toml"]),
        (
            "text.safetensors",
            &["text.safetensors", "not a safetensors file"],
        ),
        (
            "missing.safetensors",
            &["missing.safetensors", "layers.1.weights"],
        ),
        (
            "turned.safetensors",
            &[
                "turned.safetensors",
                "layers.0.weights",
                "[5, 20]",
                "[20, 5]",
                "transpose",
            ],
        ),
        (
            "other.safetensors",
            &[
                "other.safetensors",
                "layers.0.weights",
                "[7, 5]",
                "[20, 5]",
                "another network",
            ],
        ),
        (
            "nan.safetensors",
            &["nan.safetensors", "layers.0.weights", "NaN", "position 3"],
        ),
        (
            "double.safetensors",
            &["double.safetensors", "layers.0.weights", "F64", "F32"],
        ),
    ] {
        bench.refuse(&train(init), parts);
    }
    let resume = ["train", "--resume", "run", "--init", "run"];
    bench.refuse(&resume, &["--init", "--resume"]);
}
