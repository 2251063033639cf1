//! `noctule study`: bad input, interruption, and what it writes.

#[expect(dead_code, reason = "other tests need more of it")]
mod common;

use std::process::{Child, Stdio};
use std::time::Duration;

use common::Bench;

/// A study that needs no data set.
const STUDY: [&str; 6] = [
    "study",
    "robustness",
    "--quick",
    "--only",
    "yinyang",
    "--threads",
];

#[test]
fn bad_input_is_refused() {
    let bench = Bench::new();
    bench.refuse(&["study"], &["STUDY"]);
    bench.refuse(&["study", "precisoin"], &["precisoin", "precision"]);
    bench.refuse(
        &["study", "robustness", "--only", "emnist-count"],
        &["`emnist-count`", "yinyang, mnist-count"],
    );
    bench.refuse(
        &["study", "--resume", "nothing"],
        &["nothing", "study.toml"],
    );
    bench.refuse(&["study", "spikes", "--resume", "x"], &["--resume"]);
    bench.train("run", &[]);
    bench.refuse(&["study", "--resume", "run"], &["run", "study.toml"]);
    bench.refuse(
        &[
            "study",
            "robustness",
            "--quick",
            "--only",
            "yinyang",
            "--out",
            "run",
        ],
        &["run"],
    );
}

/// Waits until some lines are in the record of a study.
fn wait_for_units(bench: &Bench, child: &mut Child, lines: usize) {
    for _ in 0..6000 {
        let units = std::fs::read_to_string(bench.path("chips/units.jsonl"));
        if units.is_ok_and(|units| units.lines().count() >= lines) {
            return;
        }
        assert!(child.try_wait().unwrap().is_none(), "the study ended early");
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("nothing was measured");
}

#[cfg(unix)]
#[test]
fn an_interrupted_study_goes_on_where_it_was() {
    use std::process::Command;

    let bench = Bench::new();
    let start = |words: &[&str]| {
        let mut command = bench.command(words);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let interrupt = |child: Child| {
        let kill = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130));
        String::from_utf8(output.stdout).unwrap()
    };
    let mut first = start(&[&STUDY[..], &["1", "--out", "chips"]].concat());
    wait_for_units(&bench, &mut first, 1);
    let told = interrupt(first);
    assert!(told.contains("noctule study --resume chips"), "{told}");
    let before = std::fs::read_to_string(bench.path("chips/units.jsonl")).unwrap();
    let lines = before.lines().count();
    let mut second = start(&["study", "--resume", "chips", "--threads", "1"]);
    wait_for_units(&bench, &mut second, lines + 1);
    interrupt(second);
    let after = std::fs::read_to_string(bench.path("chips/units.jsonl")).unwrap();
    assert!(after.starts_with(&before), "{before}\n{after}");
    let description = std::fs::read_to_string(bench.path("chips/study.toml")).unwrap();
    for part in ["robustness", "quick", "yinyang", "cpu"] {
        assert!(description.contains(part), "{description}");
    }
}
