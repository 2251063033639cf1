//! Sweeps: what they write, and that they go on after an interruption as if there had been none.

#[expect(dead_code, reason = "other tests need more of it")]
mod common;

use std::fs;
use std::process::{Child, Stdio};
use std::time::Duration;

use common::{Bench, names};
use serde_json::Value;

/// Three by thirteen points.
const SMALL: [&str; 6] = [
    "--repeats",
    "3",
    "--set",
    "sweep.x.to=0.4",
    "--set",
    "training.epochs=10",
];

fn sweep<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["sweep", "convergence"][..], &SMALL, more].concat()
}

#[test]
fn sweeps_are_drawn_and_do_not_depend_on_threads() {
    let bench = Bench::new();
    for (out, threads) in [("one", "1"), ("three", "3")] {
        let told = bench.succeed(&sweep(&["--out", out, "--threads", threads]));
        for part in ["39 points, 3 runs each", "best", "+-", "no validation part"] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }
    let outcome: Value = serde_json::from_slice(&bench.read("one/sweep.json")).unwrap();
    assert_eq!(outcome["accuracy"].as_array().unwrap().len(), 13);
    assert_eq!(outcome["x"]["values"], serde_json::json!([0.0, 0.2, 0.4]));
    assert!(outcome["mean_accuracy"].as_f64().unwrap() > 0.0);
    assert_eq!(outcome["chosen_by"], "test");
    for file in ["sweep.json", "sweep.png", "runs.jsonl"] {
        let (one, three) = (format!("one/{file}"), format!("three/{file}"));
        assert!(bench.read(&one) == bench.read(&three), "{file} differs");
    }
    assert!(bench.read("one/sweep.png").starts_with(b"\x89PNG"));
    let runs = String::from_utf8(bench.read("one/runs.jsonl")).unwrap();
    assert_eq!(runs.lines().count(), 39 * 3);
    let last: Value = serde_json::from_str(runs.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["point"], &last["repeat"], &last["seed"]),
        (&38.into(), &2.into(), &2.into())
    );
    assert_eq!(last["keys"]["layers.0.init.std"], 2.4);
    for key in ["test_accuracy", "loss", "spikes"] {
        assert!(last[key].is_f64(), "{last}");
    }
}

/// Starts a sweep of several seconds, and waits until some of its runs are done.
fn start(bench: &Bench, out: &str) -> Child {
    let words = sweep(&[
        "--out",
        out,
        "--set",
        "training.epochs=2000",
        "--threads",
        "2",
    ]);
    let mut child = bench
        .command(&words)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let log = bench.path(out).join("runs.jsonl");
    while fs::read(&log).unwrap_or_default().len() < 1000 {
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

/// The same sweep in one go.
fn in_one_go(bench: &Bench, out: &str) {
    bench.succeed(&sweep(&["--out", out, "--set", "training.epochs=2000"]));
}

fn assert_same(bench: &Bench, one: &str, other: &str) {
    assert_eq!(names(&bench.path(one)), names(&bench.path(other)));
    for file in names(&bench.path(one)) {
        if file == "config.toml" {
            continue;
        }
        let [a, b] = [one, other].map(|folder| bench.read(&format!("{folder}/{file}")));
        assert!(a == b, "{file} differs");
    }
}

#[test]
fn a_sweep_that_was_killed_goes_on() {
    let bench = Bench::new();
    let mut child = start(&bench, "killed");
    // One process at a time.
    let second = bench.run(&["sweep", "--resume", "killed"]);
    let stderr = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.contains("killed") && stderr.contains(&child.id().to_string()),
        "{stderr}"
    );
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!bench.path("killed/sweep.json").exists());
    // The same command again says what to do.
    let again = sweep(&["--out", "killed", "--set", "training.epochs=2000"]);
    bench.refuse(&again, &["killed", "--resume"]);
    bench.succeed(&["sweep", "--resume", "killed", "--threads", "1"]);
    in_one_go(&bench, "whole");
    assert_same(&bench, "killed", "whole");
    // What is finished stays as it is.
    bench.succeed(&["sweep", "--resume", "killed"]);
    assert_same(&bench, "killed", "whole");
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_a_folder_and_the_command_to_go_on_with() {
    use std::process::Command;

    let bench = Bench::new();
    let child = start(&bench, "stopped");
    let signal = ["-INT", &child.id().to_string()].map(str::to_owned);
    assert!(
        Command::new("kill")
            .args(signal)
            .status()
            .unwrap()
            .success()
    );
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let told = String::from_utf8(output.stdout).unwrap();
    let (_, command) = told.split_once("Continue with:  noctule ").unwrap();
    assert!(told.contains("of 117 runs"), "{told}");
    bench.succeed(&command.split_whitespace().collect::<Vec<_>>());
    in_one_go(&bench, "whole");
    assert_same(&bench, "stopped", "whole");
}

#[test]
fn a_resumed_sweep_is_the_same_experiment() {
    let bench = Bench::new();
    bench.succeed(&sweep(&["--out", "sweep"]));
    let resume = ["sweep", "--resume", "sweep"];
    let with = |more: &[&'static str]| [&resume[..], more].concat();
    bench.refuse(
        &with(&["--set", "training.epochs=11"]),
        &["training.epochs", "--resume"],
    );
    bench.refuse(
        &with(&["--repeats", "2"]),
        &["runs.jsonl", "run 3", "may grow"],
    );
    let config = fs::read_to_string(bench.path("sweep/config.toml")).unwrap();
    fs::write(
        bench.path("sweep/config.toml"),
        config.replace("epochs = 10", "epochs = 9"),
    )
    .unwrap();
    bench.refuse(
        &resume,
        &["runs.jsonl", "another experiment", "config.toml"],
    );
    fs::write(bench.path("sweep/config.toml"), config).unwrap();

    bench.succeed(&with(&["--repeats", "4"]));
    bench.succeed(
        &[
            &["sweep", "convergence", "--out", "four", "--repeats", "4"],
            &SMALL[2..],
        ]
        .concat(),
    );
    assert_same(&bench, "sweep", "four");

    bench.train("run", &[]);
    bench.refuse(
        &["sweep", "--resume", "run"],
        &["a training", "noctule train --resume run"],
    );
    bench.refuse(&["sweep", "--resume", "nowhere"], &["nowhere"]);
}

#[test]
fn one_key_is_enough_and_validation_chooses() {
    let bench = Bench::new();
    let words = [
        "sweep",
        "yinyang",
        "--out",
        "rates",
        "--set",
        "sweep={ repeats = 2, x = { key = 'optimiser.learning_rate', log = { from = 1e-9, to = 1e-2, points = 2 } } }",
        "--set",
        "layers.0.neurons=10",
        "--set",
        "training.epochs=1",
    ];
    let told = bench.succeed(&words);
    for part in [
        "2 points, 2 runs each",
        "optimiser.learning_rate=0.01",
        "chosen by validation",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let outcome: Value = serde_json::from_slice(&bench.read("rates/sweep.json")).unwrap();
    assert_eq!(outcome["chosen_by"], "validation");
    assert_eq!(outcome["best"]["x"], 0.01);
    assert_eq!(outcome["validation"][0].as_array().unwrap().len(), 2);
    assert!(bench.read("rates/sweep.png").starts_with(b"\x89PNG"));
}

#[test]
fn sweeps_that_cannot_be() {
    let bench = Bench::new();
    bench.refuse(&["sweep", "yinyang"], &["yinyang", "[sweep]"]);
    bench.refuse(&["sweep", "nothing"], &["nothing", "convergence"]);
    bench.refuse(&["sweep"], &["PRESET"]);
    for (set, parts) in [
        ("sweep.x.key=layers.7.theta", ["layers", "7"]),
        (
            "sweep.x.key=layers.0.nothing",
            ["layers.0.nothing", "known keys"],
        ),
        ("sweep.y.from=-1", ["layers.0.init.std", "-1"]),
        (
            "sweep.x.key=layers.0.init.std",
            ["sweep.y.key", "another key"],
        ),
        (
            "sweep.x.key=sweep.repeats",
            ["sweep.x.key", "changes the runs"],
        ),
        (
            "sweep.x.key=optimiser.kind",
            ["sweep.x.key", "the whole table"],
        ),
        (
            "sweep.x={key='seed', values=[]}",
            ["sweep.x.values", "1 to 100"],
        ),
        ("sweep.x.values=[1]", ["sweep.x", "one way"]),
        ("sweep.x={key='seed'}", ["sweep.x", "without values"]),
        (
            "sweep.x={key='optimiser.learning_rate', log={from=0, to=1, points=3}}",
            ["sweep.x.log.from", "greater than 0"],
        ),
        ("sweep.repeats=10000", ["sweep.repeats", "1000000 runs"]),
        ("sweep.seeds=own", ["sweep.seeds", "distinct"]),
        ("sweep.x.key=layers.0.neurons", ["layers.0.neurons", "0"]),
    ] {
        bench.refuse(&["sweep", "convergence", "--set", set], &parts);
    }
    bench.train("run", &[]);
    bench.refuse(&["sweep", "convergence", "--out", "run"], &["run"]);
}
