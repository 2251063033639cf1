//! `noctule report`, and the page that `train` writes.

mod common;

use std::fs;

use common::{Bench, names};
use serde_json::Value;

/// The data in a page.
fn data(bench: &Bench, page: &str) -> Value {
    let html = String::from_utf8(bench.read(page)).unwrap();
    assert!(html.len() < 3_000_000, "{page}: {} bytes", html.len());
    let (_, rest) = html.split_once("id=\"noctule-data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

fn length(value: &Value) -> usize {
    value.as_array().unwrap().len()
}

#[test]
fn train_writes_a_page_unless_it_is_told_not_to() {
    let bench = Bench::new();
    let words = [
        "train",
        "yinyang",
        "--out",
        "run",
        "--set",
        "layers.0.neurons=20",
        "--epochs",
        "2",
    ];
    let output = bench.succeed(&words);
    assert!(
        output.contains("report          run/report.html"),
        "{output}"
    );
    let report = data(&bench, "run/report.html");
    let run = &report["run"];
    assert_eq!(
        (report["title"].as_str(), run["run"].as_str()),
        (Some("yinyang"), Some("run"))
    );
    assert_eq!((length(&run["curves"]), length(&run["samples"])), (1, 12));
    assert!(
        run["decision_map"]
            .as_str()
            .unwrap()
            .starts_with("data:image/png;base64,")
    );
    let evaluated = bench.succeed(&["eval", "run", "--json", "--confusion"]);
    let evaluated: Value = serde_json::from_str(&evaluated).unwrap();
    assert_eq!(run["result"]["confusion"], evaluated["confusion"]);

    bench.train("bare", &["--no-report"]);
    assert!(!names(&bench.path("bare")).contains(&"report.html".to_owned()));
    // A finished run gets what is missing.
    bench.succeed(&["train", "--resume", "bare"]);
    assert!(names(&bench.path("bare")).contains(&"report.html".to_owned()));
}

#[test]
fn the_page_of_several_runs_shows_all_learning_curves() {
    let bench = Bench::new();
    let words = [
        "train",
        "yinyang",
        "--seeds",
        "2,10",
        "--out",
        "runs",
        "--set",
        "layers.0.neurons=10",
        "--epochs",
        "2",
    ];
    let output = bench.succeed(&words);
    assert!(output.contains("report   runs/report.html"), "{output}");
    let seeds = |page: &str| -> Vec<u64> {
        let report = data(&bench, page);
        let curves = report["run"]["curves"].as_array().unwrap();
        curves
            .iter()
            .map(|curve| curve["seed"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(seeds("runs/report.html"), [2, 10]);
    assert_eq!(seeds("runs/seed-10/report.html"), [10]);
    fs::remove_file(bench.path("runs/report.html")).unwrap();
    let output = bench.succeed(&["report", "runs"]);
    assert!(output.starts_with("runs/report.html: 2 runs, "), "{output}");
    assert_eq!(seeds("runs/report.html"), [2, 10]);
    let named = [
        "report",
        "runs/seed-10",
        "runs/seed-2",
        "-o",
        "both.html",
        "--samples",
        "3",
    ];
    bench.succeed(&named);
    assert_eq!(seeds("both.html"), [10, 2]);
    assert_eq!(length(&data(&bench, "both.html")["run"]["samples"]), 3);
    bench.succeed(&[
        "report",
        "runs/seed-2",
        "runs/seed-10",
        "--samples",
        "0",
        "--threads",
        "1",
    ]);
    assert_eq!(length(&data(&bench, "report.html")["run"]["samples"]), 0);
}

/// Layers of other sizes have other numbers of spikes.
#[test]
fn runs_of_different_networks_can_be_compared() {
    let bench = Bench::new();
    bench.train("small", &["--no-report"]);
    let wider = ["--set", "layers.0.neurons=40", "--no-report"];
    bench.train("wide", &wider);
    bench.succeed(&["report", "wide"]);
    bench.succeed(&[
        "report",
        "small",
        "wide",
        "-o",
        "both.html",
        "--samples",
        "1",
    ]);
    let (both, alone) = (data(&bench, "both.html"), data(&bench, "wide/report.html"));
    assert_eq!(both["run"]["runs"][1], alone["run"]["runs"][0]);
    assert_eq!(both["run"]["curves"][1], alone["run"]["curves"][0]);
}

#[test]
fn images_are_shown_as_pictures() {
    let bench = Bench::new();
    bench.write_mnist(60, 20);
    bench.succeed(&[
        "train",
        "mnist-count",
        "--out",
        "run",
        "--epochs",
        "1",
        "--set",
        "layers.0.neurons=10",
        "--set",
        "data.validation=10",
        "--no-report",
    ]);
    bench.succeed(&["report", "run", "-o", "page.html"]);
    let report = data(&bench, "page.html");
    let sample = &report["run"]["samples"][0];
    assert!(
        sample["picture"]
            .as_str()
            .unwrap()
            .starts_with("data:image/png;base64,")
    );
    assert_eq!(length(&sample["rasters"]), 3);
    fs::remove_dir_all(bench.path("data")).unwrap();
    bench.refuse(
        &["report", "run", "-o", "new.html"],
        &["mnist", "data fetch"],
    );
}

#[test]
fn what_a_study_found_is_shown() {
    let bench = Bench::new();
    fs::create_dir(bench.path("study")).unwrap();
    let study = r#"{ "study": "spikes", "title": "Spikes", "summary": "How many.", "verdicts": [], "sections": [],
        "provenance": { "version": "0.1.0", "machine": "a machine", "command": "noctule study spikes", "seconds": 1.5 } }"#;
    fs::write(bench.path("study/study.json"), study).unwrap();
    let output = bench.succeed(&["report", "study"]);
    assert!(
        output.starts_with("study/report.html: 1 study, "),
        "{output}"
    );
    let report = data(&bench, "study/report.html");
    assert_eq!(report["title"], "Spikes");
    assert_eq!(report["run"], Value::Null);
    fs::write(bench.path("study/study.json"), "{}").unwrap();
    bench.refuse(
        &["report", "study"],
        &["study.json", "not the result of a study"],
    );
}

#[test]
fn bad_input_is_refused_with_one_message() {
    let bench = Bench::new();
    bench.refuse(
        &["report", "nothing"],
        &["`nothing` is not a run directory", "nothing of that name"],
    );
    fs::create_dir(bench.path("empty")).unwrap();
    bench.refuse(
        &["report", "empty"],
        &["`empty` is not a run directory", "config.toml"],
    );
    bench.train("run", &["--no-report"]);
    bench.refuse(&["report", "run", "-o", "run"], &["-o names the folder"]);
    bench.refuse(
        &["report", "run", "-o", "no/page.html"],
        &["no folder `no`"],
    );
    bench.refuse(
        &["report", "run", "-o", "run/config.toml"],
        &["choose another file"],
    );
    bench.refuse(
        &["report", "run", "--samples", "101"],
        &["100 are the most"],
    );
    fs::remove_file(bench.path("run/last.safetensors")).unwrap();
    bench.refuse(&["report", "run"], &["no checkpoint `last.safetensors`"]);
}
