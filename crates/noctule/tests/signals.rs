//! Signals stop a command in good order, and those that were ignored at its start stay ignored.
#![cfg(target_os = "linux")]

#[expect(dead_code, reason = "other tests need more of it")]
mod common;

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use common::Bench;

const INTERRUPTED: Option<i32> = Some(130);

fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::null()).spawn().unwrap()
}

fn wait_until(child: &mut Child, condition: impl Fn(&Child) -> bool) {
    while !condition(child) {
        assert!(child.try_wait().unwrap().is_none(), "ended too early");
        thread::sleep(Duration::from_millis(2));
    }
}

fn send(child: &Child, signal: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args([signal, &id]).status();
    assert!(sent.unwrap().success());
}

/// Whether the process has a handler of its own for SIGINT.
fn listens(child: &Child) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let mut lines = status.lines();
    let mask = lines.find_map(|line| line.strip_prefix("SigCgt:"));
    let mask = mask.map_or(0, |mask| u64::from_str_radix(mask.trim(), 16).unwrap());
    mask & 0b10 != 0
}

fn records(metrics: &Path) -> usize {
    let text = fs::read_to_string(metrics).unwrap_or_default();
    text.lines().count()
}

#[test]
fn what_was_ignored_at_the_start_stays_ignored() {
    let bench = Bench::new();
    for (ignored, ending) in [("HUP", "-TERM"), ("INT", "-HUP")] {
        let script = format!("trap '' {ignored}; exec \"$0\" \"$@\"");
        let set = "layers.0.neurons=5";
        let mut command = Command::new("sh");
        command
            .args(["-c", &script, env!("CARGO_BIN_EXE_noctule")])
            .args(["train", "yinyang", "--epochs", "100000", "--threads", "1"])
            .args(["--out", ignored, "--set", set])
            .current_dir(bench.path(""));
        let mut child = start(&mut command);
        let metrics = bench.path(ignored).join("metrics.jsonl");
        wait_until(&mut child, |_| metrics.exists());
        send(&child, &format!("-{ignored}"));
        let before = records(&metrics);
        wait_until(&mut child, |_| records(&metrics) > before + 6);
        send(&child, ending);
        assert_eq!(child.wait().unwrap().code(), INTERRUPTED, "{ending}");
        bench.succeed(&["eval", ignored]);
    }
}

#[test]
fn measurements_and_sweeps_stop() {
    let bench = Bench::new();
    let hour = ["--warm-up", "3600", "--seconds", "3600", "--threads", "1"];
    for work in ["yinyang", "synthetic"] {
        let mut child = start(&mut bench.command(&[&["bench", work], &hour[..]].concat()));
        wait_until(&mut child, listens);
        send(&child, "-INT");
        assert_eq!(child.wait().unwrap().code(), INTERRUPTED, "bench {work}");
    }
    let sweep = ["sweep", "convergence", "--threads", "1", "--out", "sweep"];
    let mut child = start(&mut bench.command(&sweep));
    wait_until(&mut child, |_| bench.path("sweep").exists());
    send(&child, "-TERM");
    assert_eq!(child.wait().unwrap().code(), INTERRUPTED);
}

/// The checkpoint is a pipe, so that the evaluation waits until the test lets it go on.
#[test]
fn an_evaluation_stops_and_the_second_signal_ends_it_at_once() {
    let bench = Bench::new();
    bench.train("run", &[]);
    let checkpoint = bench.path("run/last.safetensors");
    let bytes = fs::read(&checkpoint).unwrap();
    fs::remove_file(&checkpoint).unwrap();
    let made = Command::new("mkfifo").arg(&checkpoint).status();
    assert!(made.unwrap().success());
    // With a back end that is named the checkpoint is read once.
    let eval = ["eval", "run", "--backend", "cpu"];
    let mut once = start(&mut bench.command(&eval));
    wait_until(&mut once, listens);
    send(&once, "-INT");
    let mut twice = start(&mut bench.command(&eval));
    wait_until(&mut twice, listens);
    send(&twice, "-INT");
    wait_until(&mut twice, has_no_pending_signal);
    send(&twice, "-INT");
    assert_eq!(twice.wait().unwrap().code(), INTERRUPTED);
    fs::write(&checkpoint, bytes).unwrap();
    assert_eq!(once.wait().unwrap().code(), INTERRUPTED);
}

fn has_no_pending_signal(child: &Child) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let pending = |line: &&str| line.starts_with("SigPnd:") || line.starts_with("ShdPnd:");
    let is_clear = |line: &str| line.ends_with("\t0000000000000000");
    status.lines().filter(pending).all(is_clear)
}

/// What a server does with a request that it will never finish.
#[derive(Clone, Copy)]
enum Stall {
    BeforeTheResponse,
    WithinTheBody,
}

/// The address of a server that stalls.
fn stalling(stall: Stall) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let mut stream: TcpStream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            if let Stall::WithinTheBody = stall {
                let head = "HTTP/1.1 200 OK\r\nContent-Length: 9912422\r\n\r\n";
                stream.write_all(head.as_bytes()).unwrap();
                stream.write_all(&[b'x'; 100]).unwrap();
            }
            open.push(stream);
        }
    });
    address
}

#[test]
fn a_download_stops_and_keeps_what_it_has() {
    let part = "data/mnist/train-images-idx3-ubyte.gz.part";
    let words: [&[&str]; 2] = [
        &["train", "mnist-count", "--out", "run"],
        &["bench", "mnist-count"],
    ];
    for (stall, words) in [Stall::WithinTheBody, Stall::BeforeTheResponse]
        .into_iter()
        .flat_map(|stall| words.map(|words| (stall, words)))
    {
        for signal in ["-INT", "-TERM"] {
            let bench = Bench::new();
            let address = stalling(stall);
            let mut child = start(bench.command(words).env("NOCTULE_MIRROR", &address));
            match stall {
                Stall::WithinTheBody => wait_until(&mut child, |_| bench.path(part).exists()),
                Stall::BeforeTheResponse => {
                    wait_until(&mut child, |_| bench.path("data/mnist").exists());
                }
            }
            send(&child, signal);
            assert_eq!(child.wait().unwrap().code(), INTERRUPTED, "{words:?}");
            assert!(!bench.path("run").exists());
        }
    }
}
