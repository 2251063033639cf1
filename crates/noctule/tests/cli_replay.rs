//! `noctule replay`: outcomes, verdicts and what it refuses.

#[expect(dead_code, reason = "other tests need more of it")]
mod common;

use std::fs;
use std::process::Output;

use common::Bench;
use noctule::conformance::fixtures;
use serde_json::{Value, json};

/// A file of cases, of which `change` changes the cases.
fn cases(text: &str, change: impl FnOnce(&mut Vec<Value>)) -> Value {
    let mut file: Value = serde_json::from_str(text).unwrap();
    change(file["cases"].as_array_mut().unwrap());
    file
}

/// Keeps the cases whose name begins like this.
fn keep(cases: &mut Vec<Value>, beginning: &str) {
    cases.retain(|case| case["name"].as_str().unwrap().starts_with(beginning));
}

struct Replayed {
    status: Option<i32>,
    stdout: String,
    stderr: String,
    outcomes: Vec<Value>,
}

/// Replays a file into `out.json`, or without `-o` if `has_output` is false.
fn replay(file: &Value, precision: &str, has_output: bool) -> Replayed {
    let bench = Bench::new();
    fs::write(bench.path("cases.json"), file.to_string()).unwrap();
    let mut words = vec!["replay", "cases.json", "--precision", precision];
    if has_output {
        words.extend(["-o", "out.json"]);
    }
    let Output {
        status,
        stdout,
        stderr,
    } = bench.run(&words);
    let outcomes = if has_output && bench.path("out.json").exists() {
        let mut out: Value = serde_json::from_slice(&bench.read("out.json")).unwrap();
        out["cases"].as_array_mut().unwrap().drain(..).collect()
    } else {
        Vec::new()
    };
    assert_eq!(
        has_output,
        bench.path("out.json").exists() || status.code() == Some(2)
    );
    Replayed {
        status: status.code(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
        outcomes,
    }
}

#[test]
fn cases_pass_and_come_out_in_the_shapes_of_the_file() {
    let exact = cases(fixtures::EXACT, |_| ());
    let dense = cases(fixtures::EXACT, |cases| keep(cases, "dense"));
    let recorded = cases(fixtures::RECORDED, |_| ());
    let constants = cases(fixtures::TEMPORAL, |cases| keep(cases, "constants"));
    for (file, precision) in [
        (&exact, "f64"),
        (&dense, "f32"),
        (&recorded, "f64"),
        (&recorded, "f32"),
        (&constants, "f64"),
        (&constants, "f32"),
    ] {
        let found = replay(file, precision, true);
        assert_eq!(found.status, Some(0), "{}{}", found.stdout, found.stderr);
        assert!(found.stderr.is_empty(), "{}", found.stderr);
        let expected = file["cases"].as_array().unwrap();
        assert_eq!(found.outcomes.len(), expected.len());
        assert!(
            found
                .stdout
                .contains(&format!("{} cases passed, 0 failed", expected.len()))
        );
        assert!(
            found.stdout.contains("worst error of times"),
            "{}",
            found.stdout
        );
        for (found, expected) in found.outcomes.iter().zip(expected) {
            for key in [
                "name",
                "spikes",
                "weight_gradients",
                "gradients",
                "input_time_gradient",
            ] {
                // Recorded spikes come out as `spikes`.
                let of_file = match key {
                    "spikes" if expected[key].is_null() => "recorded_spikes",
                    _ => key,
                };
                assert_eq!(found[key].is_null(), expected[of_file].is_null(), "{key}");
            }
            assert_eq!(
                found["spikes_without_rise"],
                expected["spikes_without_rise"]
            );
            assert_eq!(found["name"], expected["name"]);
        }
    }
}

#[test]
fn gradients_by_name_are_those_that_are_computed() {
    let file = cases(fixtures::TEMPORAL, |cases| keep(cases, "constants-9001"));
    let found = replay(&file, "f64", true);
    for layer in found.outcomes[0]["gradients"].as_array().unwrap() {
        let names: Vec<&String> = layer.as_object().unwrap().keys().collect();
        assert_eq!(names, ["weights"]);
    }
}

#[test]
fn a_case_that_is_off_fails_and_the_others_go_on() {
    let change = |at: &str, value: Value| {
        let mut file = cases(fixtures::EXACT, |cases| keep(cases, "dense-100"));
        let place = file["cases"][2].pointer_mut(at).unwrap();
        *place = match value {
            Value::Number(factor) => json!(place.as_f64().unwrap() * factor.as_f64().unwrap()),
            list => list,
        };
        file
    };
    let first_of_output = "/spikes/1/0/0";
    let allowed = "(allowed: 1e-9)";
    for (file, parts, has_gradients) in [
        (
            change(first_of_output, json!(1.001)),
            ["layer 1: spike 0 of neuron 0", allowed],
            true,
        ),
        (
            change("/weight_gradients/0/0/0", json!(1.1)),
            ["the gradient of the weights of layer 0", "(allowed: 1e-6)"],
            true,
        ),
        (
            change("/input_time_gradient/0", json!(1.1)),
            ["the gradient of the input times", "(allowed: 1e-6)"],
            true,
        ),
        (
            change("/spikes/1/0", json!([])),
            ["layer 1: neuron 0 spikes", "not 0 times"],
            false,
        ),
    ] {
        let found = replay(&file, "f64", true);
        assert_eq!(found.status, Some(1), "{}{}", found.stdout, found.stderr);
        let name = file["cases"][2]["name"].as_str().unwrap();
        let lines: Vec<&str> = found.stdout.lines().collect();
        let failed: Vec<&&str> = lines
            .iter()
            .filter(|line| line.starts_with("failed:"))
            .collect();
        assert_eq!(failed.len(), 1, "{}", found.stdout);
        for part in parts.into_iter().chain([name]) {
            assert!(failed[0].contains(part), "{part}: {}", failed[0]);
        }
        assert_eq!(
            found.outcomes.len(),
            file["cases"].as_array().unwrap().len()
        );
        for (index, outcome) in found.outcomes.iter().enumerate() {
            let expected = has_gradients || index != 2;
            assert_eq!(!outcome["weight_gradients"].is_null(), expected);
            assert_eq!(!outcome["input_time_gradient"].is_null(), expected);
        }
    }
}

#[test]
fn recorded_cases_are_judged_by_gradients_and_spikes_without_rise() {
    let mut file = cases(fixtures::RECORDED, |cases| {
        keep(cases, "recorded-dense-300")
    });
    file["cases"][2]["spikes_without_rise"] = json!(7);
    let place = &mut file["cases"][3]["weight_gradients"][1][0][0];
    *place = json!(place.as_f64().unwrap() + 1e-3);
    let found = replay(&file, "f64", false);
    assert_eq!(found.status, Some(1), "{}{}", found.stdout, found.stderr);
    assert!(
        found.stdout.contains("1 spikes without rise, not 7"),
        "{}",
        found.stdout
    );
    assert!(found.stdout.contains("(allowed: 1e-9)"), "{}", found.stdout);
    assert!(
        found.stdout.contains("8 cases passed, 2 failed"),
        "{}",
        found.stdout
    );
}

#[test]
fn cases_without_expectations_are_not_judged() {
    let bare = |text, beginning| {
        cases(text, |cases| {
            keep(cases, beginning);
            for case in cases {
                let case = case.as_object_mut().unwrap();
                case.retain(|key, _| {
                    let inputs = [
                        "name",
                        "network",
                        "input_spikes",
                        "recorded_spikes",
                        "output_time_gradient",
                    ];
                    inputs.contains(&key.as_str())
                });
            }
        })
    };
    for (file, gradients) in [
        (bare(fixtures::EXACT, "conv"), "weight_gradients"),
        (
            bare(fixtures::RECORDED, "recorded-conv"),
            "weight_gradients",
        ),
        (bare(fixtures::TEMPORAL, "constants"), "gradients"),
    ] {
        let found = replay(&file, "f64", true);
        let count = file["cases"].as_array().unwrap().len();
        assert_eq!(found.status, Some(0), "{}{}", found.stdout, found.stderr);
        let said = format!("0 cases passed, 0 failed, {count} without expectations");
        assert!(found.stdout.contains(&said), "{}", found.stdout);
        assert!(
            found
                .outcomes
                .iter()
                .all(|outcome| !outcome[gradients].is_null())
        );
    }
}

#[test]
fn features_that_are_not_there_are_named_and_not_judged() {
    let file = cases(fixtures::TEMPORAL, |_| ());
    let found = replay(&file, "f64", true);
    assert_eq!(found.status, Some(0), "{}{}", found.stdout, found.stderr);
    assert_eq!(found.outcomes.len(), 8);
    assert_eq!(
        found.stderr.lines().count(),
        file["cases"].as_array().unwrap().len() - 8
    );
    for part in [
        "recurrent-9001",
        "layers of kind recurrent",
        "delay-9001",
        "delays",
        "axonal_delays",
    ] {
        assert!(found.stderr.contains(part), "{part}: {}", found.stderr);
    }
    let mut file = cases(fixtures::EXACT, |cases| keep(cases, "dense-1000"));
    file["cases"][0]["network"][1]["noise"] = json!(0.1);
    let found = replay(&file, "f64", false);
    assert_eq!(found.status, Some(0));
    assert_eq!(
        found.stderr,
        "left out: case dense-1000, since this version has no layers with noise\n"
    );
}

#[test]
fn cases_that_cannot_be_replayed() {
    let bench = Bench::new();
    let replay = |cases| ["replay", cases, "-o", "out.json"];
    bench.refuse(&replay("missing.json"), &["missing.json"]);
    fs::write(bench.path("bad.json"), "{").unwrap();
    bench.refuse(&replay("bad.json"), &["bad.json"]);
    let layer = |theta: &str| {
        format!(
            r#"{{"cases": [{{"name": "c", "input_spikes": [[0.1, 0]], "output_time_gradient": [[]],
            "network": [{{"kind": "dense", "weights": [[1.0]], "tau_s": 1, "tau_m": 2, "theta": {theta},
            "reset": 1, "cap": 3, "t_max": 5}}]}}]}}"#
        )
    };
    fs::write(bench.path("bad.json"), layer("-1.0")).unwrap();
    bench.refuse(&replay("bad.json"), &["bad.json", "\"c\"", "theta = -1"]);
    fs::write(bench.path("bad.json"), layer("0.01")).unwrap();
    bench.refuse(&replay("bad.json"), &["output_time_gradient", "neuron 0"]);
    let ragged = layer("0.01").replace("[[1.0]]", "[[1.0], [1.0, 2.0], []]");
    fs::write(bench.path("bad.json"), ragged).unwrap();
    let parts = ["weights at [1] have 2 entries", "those before them have 1"];
    bench.refuse(&replay("bad.json"), &parts);
    for (conv, parts) in [
        (convolution(1, 3, ""), ["layer 0", "3 x 3 window"]),
        (convolution(3, 2, r#", "stride": 0"#), ["layer 0", "stride"]),
        (
            convolution(3, 2, r#", "padding": 2"#),
            ["layer 0", "padding of 2"],
        ),
        (convolution(3, 3, ""), ["output_time_gradient", "neuron 0"]),
    ] {
        fs::write(bench.path("bad.json"), conv).unwrap();
        bench.refuse(&replay("bad.json"), &parts);
    }
    let holey = convolution(3, 2, "").replacen("[1.0]", "[]", 1);
    fs::write(bench.path("bad.json"), holey).unwrap();
    bench.refuse(
        &replay("bad.json"),
        &["weights at [0, 0, 1] have 1 entries"],
    );
    fs::write(
        bench.path("bad.json"),
        layer("5.0").replace("\"cap\": 3", "\"cap\": 70000"),
    )
    .unwrap();
    bench.refuse(&replay("bad.json"), &["max_spikes = 70000"]);
    bench.refuse(
        &["replay", "bad.json", "--precision", "f16", "-o", "out.json"],
        &["f16"],
    );
    bench.refuse(
        &["replay", "bad.json", "--backend", "tpu", "-o", "out.json"],
        &["tpu"],
    );
    fs::write(bench.path("good.json"), layer("5.0")).unwrap();
    bench.refuse(
        &["replay", "good.json", "-o", "nowhere/out.json"],
        &["nowhere/out.json", "no folder `nowhere`"],
    );
}

/// A case with one convolution by a window of `side` over an image of `image x image`, which spikes once.
fn convolution(image: usize, side: usize, more: &str) -> String {
    let weights = vec![vec![vec![[1.0]; side]; side]; 1];
    format!(
        r#"{{"cases": [{{"name": "c", "input_spikes": [[0.1, 0]], "output_time_gradient": [[]],
        "network": [{{"kind": "conv", "in_shape": [{image}, {image}, 1], "weights": {weights:?}{more},
        "tau_s": 1, "tau_m": 2, "theta": 0.1, "reset": 0.1, "cap": 3, "t_max": 5}}]}}]}}"#
    )
}

#[test]
fn what_is_no_file_of_cases_and_no_place_for_the_outcome() {
    let bench = Bench::new();
    for text in ["[]", "{}", "3", "{\"cases\": 3}"] {
        fs::write(bench.path("cases.json"), text).unwrap();
        bench.refuse(
            &["replay", "cases.json"],
            &["cases.json", "an object whose key `cases`"],
        );
    }
    fs::write(bench.path("cases.json"), "{\"cases\": [{\"name\": \"a\"}]}").unwrap();
    bench.refuse(&["replay", "cases.json"], &["entry 0", "\"a\"", "network"]);
    fs::write(bench.path("cases.json"), fixtures::EXACT).unwrap();
    let output = |path: &'static str| ["replay", "cases.json", "-o", path];
    bench.refuse(
        &output("nowhere/x.json"),
        &["-o", "no folder `nowhere`", "create it"],
    );
    bench.refuse(&output("."), &["-o", "folder `.`"]);
}
