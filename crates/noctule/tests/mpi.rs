//! Two ranks under `mpirun` train what one process trains.
#![cfg(feature = "mpi")]

#[allow(dead_code, reason = "other tests use the rest")]
mod common;

use std::ffi::OsStr;
use std::fs;
use std::process::{Child, Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use common::Bench;
use noctule::train::Checkpoint;
use serde_json::Value;

/// The longest that anything here may take.
const TIME_LIMIT: Duration = Duration::from_secs(300);
const SMALL: [&str; 5] = ["train", "yinyang", "--set", "layers.0.neurons=50", "--out"];

/// One test at a time: ranks that wait do so busily, and slow each other down where there are few cores.
static TURN: Mutex<()> = Mutex::new(());

/// The turn to use `mpirun`, if it is there; says so if it is not.
fn turn() -> Option<MutexGuard<'static, ()>> {
    let there = Command::new("mpirun").arg("--version").output().is_ok();
    if !there {
        eprintln!("skipped: mpirun is not installed");
    }
    there.then(|| TURN.lock().unwrap_or_else(PoisonError::into_inner))
}

/// `mpirun` in the bench's directory, also for root and for more ranks than cores.
fn mpirun(bench: &Bench) -> Command {
    let mut command = Command::new("mpirun");
    command
        .args(["--oversubscribe", "--bind-to", "none"])
        .current_dir(bench.path(""))
        .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
        .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
        .env("NOCTULE_DATA", bench.path("data"))
        .env("NOCTULE_MIRROR", "http://127.0.0.1:9");
    command
}

/// `noctule` on a number of ranks, one thread each.
fn ranks(bench: &Bench, ranks: usize, words: &[&str]) -> Command {
    let mut command = mpirun(bench);
    command.args(["-n", &ranks.to_string(), env!("CARGO_BIN_EXE_noctule")]);
    command.args(words).args(["--threads", "1"]);
    command
}

fn succeed(mut command: Command) -> Output {
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {stderr}");
    output
}

fn metrics_of(bench: &Bench, run: &str) -> Vec<Value> {
    let text = fs::read_to_string(bench.path(run).join("metrics.jsonl")).unwrap();
    let record = |line| serde_json::from_str(line).unwrap();
    text.lines().map(record).collect()
}

/// Metrics that differ by no more than rounding may make of them.
fn assert_close(one: &[Value], other: &[Value]) {
    assert_eq!(one.len(), other.len());
    for (one, other) in one.iter().zip(other) {
        assert_eq!(
            (&one["epoch"], &one["split"]),
            (&other["epoch"], &other["split"])
        );
        for (key, tolerance) in [("loss", 1e-3), ("accuracy", 5e-3)] {
            let difference = one[key].as_f64().unwrap() - other[key].as_f64().unwrap();
            assert!(difference.abs() <= tolerance, "{key}: {one} and {other}");
        }
        for layer in 0..2 {
            let [one, other] =
                [one, other].map(|m| m["spikes_per_neuron"][layer].as_f64().unwrap());
            assert!((one - other).abs() <= 1e-2 * one, "{one} and {other}");
        }
    }
}

/// The largest difference of two runs' weights, as a fraction of the largest weight.
fn weights_apart(bench: &Bench, one: &str, other: &str) -> f32 {
    let load = |run: &str| Checkpoint::load(&bench.path(run).join("last.safetensors")).unwrap();
    let (one, other) = (load(one), load(other));
    let mut apart = 0.0_f32;
    for (name, tensor) in one
        .tensors
        .iter()
        .filter(|(name, _)| name.starts_with("layers."))
    {
        let largest = tensor
            .values
            .iter()
            .fold(0.0_f32, |most, value| most.max(value.abs()));
        for (one, other) in tensor.values.iter().zip(&other.tensors[name].values) {
            apart = apart.max((one - other).abs() / largest);
        }
    }
    apart
}

/// Waits until `file` exists, sends a signal to whom `pick` chooses, and waits for the end of `mpirun`.
fn signal_when(
    bench: &Bench,
    mut child: Child,
    file: &str,
    signal: &str,
    pick: impl Fn(&Child) -> String,
) {
    let start = Instant::now();
    while !bench.path(file).exists() {
        assert!(child.try_wait().unwrap().is_none(), "ended before {file}");
        assert!(start.elapsed() < TIME_LIMIT, "no {file}");
        std::thread::sleep(Duration::from_millis(2));
    }
    let target = pick(&child);
    let sent = Command::new("kill").args([signal, &target]).status();
    assert!(sent.unwrap().success());
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > TIME_LIMIT {
            child.kill().unwrap();
            panic!("mpirun did not end after {signal}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The process number of a rank.
fn rank_of(mpirun: &Child, rank: usize) -> String {
    let children = format!("/proc/{0}/task/{0}/children", mpirun.id());
    let children = fs::read_to_string(children).unwrap();
    children.split_whitespace().nth(rank).unwrap().to_owned()
}

#[test]
fn two_ranks_train_what_one_process_trains_and_repeat_to_the_bit() {
    let Some(_turn) = turn() else { return };
    let bench = Bench::new();
    // In batches of 49, the last has 2 samples: one of three ranks has none.
    for (count, set) in [(2, "training.batch_size=32"), (3, "training.batch_size=49")] {
        let [one, several, again] = ["one", "several", "again"].map(|run| format!("{run}{count}"));
        let words = |out| [&SMALL[..], &[out, "--epochs", "1", "--set", set]].concat();
        bench.succeed(&words(&one));
        succeed(ranks(&bench, count, &words(&several)));
        succeed(ranks(&bench, count, &words(&again)));
        for file in ["last.safetensors", "best.safetensors"] {
            let [first, second] =
                [&several, &again].map(|run| bench.read(&format!("{run}/{file}")));
            assert!(first == second, "{file} differs");
        }
        assert_close(&metrics_of(&bench, &one), &metrics_of(&bench, &several));
        let apart = weights_apart(&bench, &one, &several);
        assert!(apart < 1e-3, "{count} ranks: {apart}");
        eprintln!("{count} ranks: weights within {apart:e} of one process after an epoch");
    }
}

#[test]
fn a_few_steps_differ_by_rounding_alone() {
    let Some(_turn) = turn() else { return };
    let bench = Bench::new();
    // Five steps of the plainest optimiser: Adam makes much of gradients that are almost 0.
    let sets = [
        "training.batch_size=1000",
        "optimiser={kind=\"sgd\",learning_rate=0.001}",
    ];
    let words = |out| {
        [
            &SMALL[..],
            &[out, "--epochs", "1", "--set", sets[0], "--set", sets[1]],
        ]
        .concat()
    };
    bench.succeed(&words("one"));
    succeed(ranks(&bench, 2, &words("two")));
    let apart = weights_apart(&bench, "one", "two");
    assert!(apart < 1e-6, "{apart}");
}

#[cfg(target_os = "linux")]
#[test]
fn runs_that_were_stopped_or_killed_go_on() {
    let Some(_turn) = turn() else { return };
    let bench = Bench::new();
    // Long enough for a signal to mpirun, which takes two seconds to pass it on.
    let words = |out| [&SMALL[..], &[out, "--epochs", "200"]].concat();
    succeed(ranks(&bench, 2, &words("whole")));
    type Pick = fn(&Child) -> String;
    let cases: [(&str, &str, Pick); 3] = [
        ("-INT", "stopped", |mpirun| rank_of(mpirun, 1)),
        ("-INT", "ended", |mpirun| mpirun.id().to_string()),
        ("-KILL", "killed", |mpirun| rank_of(mpirun, 1)),
    ];
    for (signal, run, pick) in cases {
        let child = ranks(&bench, 2, &words(run)).spawn().unwrap();
        signal_when(&bench, child, &format!("{run}/metrics.jsonl"), signal, pick);
        assert!(metrics_of(&bench, run).len() < 600, "{run} was not stopped");
        succeed(ranks(&bench, 2, &["train", "--resume", run]));
        assert_eq!(metrics_of(&bench, run).len(), 600);
        let [whole, parts] =
            ["whole", run].map(|run| bench.read(&format!("{run}/last.safetensors")));
        assert!(whole == parts, "{run} differs");
    }
    // One process, and three ranks, can continue what two began.
    bench.succeed(&["train", "--resume", "stopped", "--epochs", "201"]);
    succeed(ranks(
        &bench,
        3,
        &["train", "--resume", "ended", "--epochs", "201"],
    ));
    assert_close(&metrics_of(&bench, "stopped"), &metrics_of(&bench, "ended"));
}

#[test]
fn ranks_that_disagree_are_told_what_differs() {
    let Some(_turn) = turn() else { return };
    let bench = Bench::new();
    let refuse = |first: &[&str], second: &[&str], expected: &[&str]| {
        let mut command = mpirun(&bench);
        for (index, more) in [first, second].into_iter().enumerate() {
            command.args((index > 0).then_some(":"));
            command.args(["-n", "1", env!("CARGO_BIN_EXE_noctule")]);
            command.args(SMALL).arg("bad").args(more);
        }
        let output = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        for part in expected {
            assert!(stderr.contains(part), "no `{part}`: {stderr}");
        }
        assert_eq!(stderr.matches("error: ").count(), 1, "{stderr}");
        assert!(!bench.path("bad").exists());
    };
    let rate = ["--set", "optimiser.learning_rate=0.1"];
    refuse(
        &[],
        &rate,
        &[
            "rank 0: the ranks disagree in [optimiser]",
            "`learning_rate = 0.1`",
        ],
    );
    refuse(
        &rate,
        &[],
        &[
            "rank 0: the ranks disagree in [optimiser]",
            "`learning_rate = 0.1`",
        ],
    );
    refuse(&[], &["--set", "nonsense=1"], &["rank 1: ", "`nonsense`"]);
    // What all say, one says.
    let nonsense = ["--set", "nonsense=1"];
    refuse(&nonsense, &nonsense, &["rank 0: ", "`nonsense`"]);
    let diverging = ["--set", "optimiser.learning_rate=-1"];
    refuse(&diverging, &diverging, &["rank 0: ", "learning_rate"]);
    refuse(&["--nonsense"], &["--nonsense"], &["--nonsense"]);
    // The images of the second rank are others, with the same labels.
    bench.write_mnist(40, 20);
    let other = Bench::new();
    other.write_mnist(40, 20);
    let pixels = common::images(40)
        .into_iter()
        .map(|byte| byte.saturating_add(1));
    let mut pixels: Vec<u8> = pixels.collect();
    pixels[..16].copy_from_slice(&common::images(40)[..16]);
    other.write_data("train-images-idx3-ubyte", &pixels);
    let mut command = mpirun(&bench);
    for (index, data) in [bench.path("data"), other.path("data")].iter().enumerate() {
        command.args((index > 0).then_some(":"));
        command.args([
            "-n",
            "1",
            env!("CARGO_BIN_EXE_noctule"),
            "train",
            "mnist-count",
        ]);
        command.args(["--set", "data.validation=0", "--out", "bad", "--data-dir"]);
        command.arg::<&OsStr>(data.as_ref());
    }
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.contains("[the train part of the data]: rank 1 has `pixels "),
        "{stderr}"
    );
}
