//! Streams that go away or are full: a training goes on, a result that is lost is an error, and a failure stays one.
#![cfg(target_os = "linux")]

#[expect(dead_code, reason = "other tests need more of it")]
mod common;

use std::fs::{self, OpenOptions};
use std::io;
use std::process::{Output, Stdio};

use common::Bench;
use noctule::conformance::fixtures;
use serde_json::Value;

/// Makes what a command writes to.
type Stream = fn() -> Stdio;

/// A pipe whose reader has left.
fn closed() -> Stdio {
    let (_reader, writer) = io::pipe().unwrap();
    writer.into()
}

/// A device that is always full.
fn full() -> Stdio {
    let full = OpenOptions::new().write(true).open("/dev/full");
    full.unwrap().into()
}

fn run(bench: &Bench, words: &[&str], stdout: Stdio, stderr: Stdio) -> Output {
    let mut command = bench.command(words);
    let child = command.stdout(stdout).stderr(stderr).spawn();
    child.unwrap().wait_with_output().unwrap()
}

#[test]
fn a_training_does_not_need_its_streams() {
    let bench = Bench::new();
    bench.train("read", &[]);
    let cases: [(&str, Stream, Stream); 4] = [
        ("full-stderr", Stdio::null, full),
        ("closed-stderr", Stdio::null, closed),
        ("full-stdout", full, Stdio::null),
        ("both-closed", closed, closed),
    ];
    for (out, stdout, stderr) in cases {
        let words = ["train", "yinyang", "--out", out, "--epochs", "2"];
        let words = [&words[..], &["--set", "layers.0.neurons=20"]].concat();
        let output = run(&bench, &words, stdout(), stderr());
        assert_eq!(output.status.code(), Some(0), "{out}");
        for file in ["last.safetensors", "decision.png"] {
            let (read, lost) = (format!("read/{file}"), format!("{out}/{file}"));
            assert!(bench.read(&read) == bench.read(&lost), "{lost} differs");
        }
    }
}

#[test]
fn a_failure_that_nobody_can_read_is_a_failure() {
    let bench = Bench::new();
    for stderr in [closed as Stream, full] {
        let output = run(&bench, &["train", "nothing"], Stdio::null(), stderr());
        assert_eq!(output.status.code(), Some(2));
        let output = run(&bench, &["train", "--nothing"], Stdio::null(), stderr());
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn a_result_on_a_full_disk_is_an_error() {
    let bench = Bench::new();
    bench.train("run", &[]);
    let words: [&[&str]; 5] = [
        &["eval", "run", "--json"],
        &["eval", "run"],
        &["data", "list"],
        &["data", "info", "mnist"],
        &["--help"],
    ];
    for words in words {
        let output = run(&bench, words, full(), Stdio::piped());
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains("standard output"), "{words:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{words:?}: {stderr}");
    }
}

#[test]
fn a_reader_may_leave() {
    let bench = Bench::new();
    bench.train("run", &[]);
    let words: [&[&str]; 4] = [
        &["eval", "run", "--json"],
        &["data", "list"],
        &["bench", "yinyang", "--seconds", "0", "--warm-up", "0"],
        &["--help"],
    ];
    for words in words {
        let output = run(&bench, words, closed(), Stdio::piped());
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{words:?}: {stderr}");
        assert_eq!(stderr, "", "{words:?}");
    }
}

#[test]
fn a_verdict_stands_without_a_reader() {
    let bench = Bench::new();
    let mut cases: Value = serde_json::from_str(fixtures::EXACT).unwrap();
    let list = cases["cases"].as_array_mut().unwrap();
    list.truncate(1);
    list[0]["weight_gradients"][0][0][0] = Value::from(1e9);
    fs::write(bench.path("cases.json"), cases.to_string()).unwrap();
    let output = run(&bench, &["replay", "cases.json"], closed(), Stdio::null());
    assert_eq!(output.status.code(), Some(1));
}
