//! Back ends and devices: what is listed, what is refused, and that nothing computes elsewhere than it was told.

#[expect(dead_code, reason = "other tests need more of it")]
mod common;

use std::fs;

use common::Bench;
use noctule::engines::Backend;
use noctule::train::Checkpoint;
use serde_json::Value;

const WITH_DEVICES: [Backend; 3] = [Backend::Gpu, Backend::Cuda, Backend::Hip];

/// A command of each kind that computes, with a run `run` and a file `cases.json`.
fn commands<'a>(more: &[&'a str]) -> Vec<Vec<&'a str>> {
    let commands: [&[&str]; 7] = [
        &["train", "yinyang", "--epochs", "1"],
        &["train", "yinyang", "--seeds", "0..1"],
        &["eval", "run"],
        &["predict", "run", "-o", "out.npz"],
        &["bench", "synthetic"],
        &["sweep", "convergence"],
        &["replay", "cases.json"],
    ];
    commands.map(|command| [command, more].concat()).into()
}

/// A folder in which all of these commands would do.
fn with_a_run() -> Bench {
    let bench = Bench::new();
    bench.train("run", &["--epochs", "1"]);
    fs::write(bench.path("cases.json"), r#"{"cases": []}"#).unwrap();
    bench
}

#[test]
fn devices_are_listed_in_every_build() {
    let bench = Bench::new();
    let mut command = bench.command(&["devices"]);
    // As on a machine without a desktop.
    let output = command.env_remove("XDG_RUNTIME_DIR").output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "{stderr}");
    let told = String::from_utf8(output.stdout).unwrap();
    let json = bench.succeed(&["devices", "--json"]);
    let devices: Vec<Value> = serde_json::from_str(&json).unwrap();
    if !WITH_DEVICES.into_iter().any(Backend::is_built) {
        assert_eq!(json, "[]\n");
        for backend in WITH_DEVICES {
            let feature = format!("--features {}", backend.name());
            assert!(told.contains(&feature), "{feature}: {told}");
        }
    }
    for backend in WITH_DEVICES
        .into_iter()
        .filter(|backend| backend.is_built())
    {
        assert!(told.contains(&format!("{:<4} ", backend.name())), "{told}");
    }
    for device in &devices {
        let keys: Vec<&String> = device.as_object().unwrap().keys().collect();
        let expected = [
            "backend",
            "driver",
            "index",
            "memory_bytes",
            "missing",
            "name",
            "usable",
        ];
        let mut sorted = keys.clone();
        sorted.sort();
        assert_eq!(sorted, expected);
        assert_eq!(device["usable"], device["missing"].is_null(), "{device}");
        assert!(told.contains(device["name"].as_str().unwrap()), "{told}");
    }
}

#[test]
fn a_back_end_that_was_not_built_is_refused() {
    let bench = with_a_run();
    for backend in WITH_DEVICES.map(Backend::name) {
        if Backend::named(backend).unwrap().is_built() {
            continue;
        }
        let expected = format!(
            "error: this build has no back end `{backend}`; build it with `--features {backend}`\n"
        );
        for words in commands(&["--backend", backend]) {
            bench.refuse(&words, &[]);
            let output = bench.run(&words);
            assert_eq!(
                String::from_utf8(output.stderr).unwrap(),
                expected,
                "{words:?}"
            );
        }
    }
}

#[test]
fn the_processor_has_no_devices() {
    let bench = with_a_run();
    let expected =
        "--device 1 needs a back end with devices; name it with --backend gpu, cuda or hip";
    for words in commands(&["--device", "1"]) {
        bench.refuse(&words, &[expected]);
    }
    let words = ["train", "yinyang", "--backend", "cpu", "--device", "0"];
    bench.refuse(&words, &["--device 0 needs"]);
    let words = ["train", "--resume", "run", "--epochs", "2", "--device", "1"];
    bench.refuse(&words, &[expected]);
    bench.refuse(&["train", "yinyang", "--device", "-1"], &["whole number"]);
}

#[test]
fn all_runs_of_a_sweep_are_of_one_back_end() {
    let bench = Bench::new();
    let sweep = ["sweep", "convergence", "--repeats", "1", "--out", "sweep"];
    let small = ["--set", "sweep.x.to=0.4", "--set", "training.epochs=2"];
    bench.succeed(&[&sweep[..], &small].concat());
    assert_eq!(bench.read("sweep/backend.txt"), b"cpu\n");
    bench.succeed(&["sweep", "--resume", "sweep", "--backend", "cpu"]);
    // Earlier sweeps have no such file.
    fs::remove_file(bench.path("sweep/backend.txt")).unwrap();
    bench.succeed(&["sweep", "--resume", "sweep"]);
    let other = ["sweep", "--resume", "sweep", "--backend", "cuda"];
    bench.refuse(
        &other,
        &["begun on the back end `cpu`", "a new sweep for `cuda`"],
    );
    if !cfg!(feature = "hip") {
        fs::write(bench.path("sweep/backend.txt"), "hip\n").unwrap();
        let parts = [
            "begun on the back end `hip`",
            "this build has no back end `hip`",
        ];
        bench.refuse(&["sweep", "--resume", "sweep"], &parts);
    }
}

#[test]
fn runs_of_several_seeds_stay_on_their_back_end() {
    let bench = Bench::new();
    let set = ["--set", "layers.0.neurons=20", "--epochs", "1"];
    let train = [
        &["train", "yinyang", "--seeds", "0", "--out", "runs"][..],
        &set,
    ]
    .concat();
    bench.succeed(&train);
    let path = bench.path("runs/seed-0/last.safetensors");
    let mut checkpoint = Checkpoint::load(&path).unwrap();
    *checkpoint.metadata.pointer_mut("/origin/backend").unwrap() = "cuda".into();
    checkpoint.save(&path).unwrap();
    bench.refuse(
        &train,
        &["trained on the back end `cuda`", "computes on `cpu`"],
    );
}

#[cfg(feature = "gpu")]
#[test]
fn a_device_is_checked_before_anything_is_written() {
    let bench = with_a_run();
    for words in commands(&["--backend", "gpu", "--device", "99"]) {
        let parts = ["the back end `gpu` has no device"];
        bench.refuse(&words, &parts);
    }
    let words = [
        "replay",
        "cases.json",
        "--backend",
        "gpu",
        "--precision",
        "f64",
    ];
    bench.refuse(&words, &["`gpu` computes in single precision only"]);
}
