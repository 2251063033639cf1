//! Several processes, and what is left of one that was killed.
#![cfg(unix)]

#[expect(dead_code, reason = "other tests need more of it")]
mod common;

use std::fs;
use std::process::{Child, Stdio};

use common::{Bench, names};
use noctule::data::folder_lock::{FolderLock, LOCK_FILE};

const SMALL: [&str; 4] = ["--set", "layers.0.neurons=5", "--threads", "1"];

fn start(bench: &Bench, words: &[&str]) -> Child {
    let mut command = bench.command(words);
    let command = command.stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[test]
fn runs_that_begin_together_get_a_folder_each() {
    let bench = Bench::new();
    for parallel in 2..6 {
        let words = ["train", "convergence", "--epochs", "1", "--threads", "1"];
        let runs: Vec<Child> = (0..parallel).map(|_| start(&bench, &words)).collect();
        for run in runs {
            let output = run.wait_with_output().unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "{stderr}");
        }
        let made = names(&bench.path("runs"));
        assert_eq!(made.len(), parallel, "{made:?}");
        for run in &made {
            bench.succeed(&["eval", &format!("runs/{run}")]);
        }
        fs::remove_dir_all(bench.path("runs")).unwrap();
    }
}

#[test]
fn a_run_that_is_being_written_is_refused() {
    let bench = Bench::new();
    bench.train("run", &[]);
    let lock = FolderLock::acquire(&bench.path("run")).unwrap();
    let holder = format!("process {}", std::process::id());
    let resume = ["train", "--resume", "run", "--epochs", "3"];
    bench.refuse(&resume, &["`run` is being written by", &holder]);
    // It can be read meanwhile.
    bench.succeed(&["eval", "run"]);
    drop(lock);
    bench.succeed(&resume);

    fs::create_dir(bench.path("new")).unwrap();
    let _lock = FolderLock::acquire(&bench.path("new")).unwrap();
    let words = ["train", "yinyang", "--out", "new"];
    bench.refuse(&words, &["`new` is being written by", &holder]);
}

#[test]
fn what_a_killed_run_left_is_cleared_when_it_is_resumed() {
    let bench = Bench::new();
    bench.train("run", &[]);
    let complete = names(&bench.path("run"));
    for name in [".noctule-abcdef.tmp", LOCK_FILE] {
        fs::write(bench.path("run").join(name), "left").unwrap();
    }
    bench.succeed(&["train", "--resume", "run", "--epochs", "3"]);
    assert_eq!(names(&bench.path("run")), complete);
}

#[test]
fn a_run_that_was_killed_after_its_last_epoch_is_completed() {
    let bench = Bench::new();
    bench.train("run", &[]);
    let picture = bench.read("run/decision.png");
    fs::remove_file(bench.path("run/decision.png")).unwrap();
    bench.succeed(&["train", "--resume", "run"]);
    assert!(bench.read("run/decision.png") == picture);
}

#[test]
fn a_folder_that_was_never_finished_is_used_again() {
    let bench = Bench::new();
    let half_made = |name: &str| {
        let folder = bench.path("runs").join(name);
        fs::create_dir_all(&folder).unwrap();
        for name in [LOCK_FILE, "last.safetensors", ".noctule-x.tmp"] {
            fs::write(folder.join(name), "left").unwrap();
        }
    };
    half_made("yinyang");
    half_made("named");
    let train = ["train", "yinyang", "--epochs", "1"];
    bench.succeed(&[&train[..], &SMALL].concat());
    bench.succeed(&[&train[..], &SMALL, &["--out", "runs/named"]].concat());
    assert_eq!(names(&bench.path("runs")), ["named", "yinyang"]);
    for run in ["named", "yinyang"] {
        assert_eq!(names(&bench.path("runs").join(run)).len(), 6);
    }
    // Weights that somebody keeps in a folder are nobody's leftovers.
    fs::create_dir(bench.path("kept")).unwrap();
    fs::write(bench.path("kept/last.safetensors"), "kept").unwrap();
    bench.refuse(&["train", "yinyang", "--out", "kept"], &["is not empty"]);
}
