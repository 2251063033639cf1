//! The reference cases: spike times and gradients that were computed without any closed form.

use noctule::replay::{self, Cases, Outcome, Outcomes};
use noctule_core::Real;
use serde_json::Value;

const CASES: &str = include_str!("fixtures/exact_gradients.json");

/// The cases of the given kinds: what goes in, what must come out, and the time constant of the first layer.
fn cases(kinds: &[&str]) -> (Cases, Vec<Outcome>, Vec<f64>) {
    let mut file: Value = serde_json::from_str(CASES).unwrap();
    let chosen: Vec<Value> = file["cases"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|case| {
            let name = case["name"].as_str().unwrap();
            kinds.iter().any(|kind| name.starts_with(kind))
        })
        .cloned()
        .collect();
    assert!(!chosen.is_empty());
    file["cases"] = Value::Array(chosen.clone());
    let expected: Outcomes = serde_json::from_value(file.clone()).unwrap();
    let tau_s = chosen
        .iter()
        .map(|case| case["network"][0]["tau_s"].as_f64().unwrap())
        .collect();
    let cases = Cases::from_json(&file.to_string()).unwrap();
    assert_eq!(
        (cases.cases.len(), cases.unsupported.len()),
        (chosen.len(), 0)
    );
    (cases, expected.cases, tau_s)
}

/// The lengths of nested lists, so that two gradients can be said to have one shape.
fn lengths(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(lengths).collect(),
        Value::Null => Value::Null,
        _ => Value::from(1),
    }
}

fn flatten(value: &Value, out: &mut Vec<f64>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| flatten(item, out)),
        Value::Number(number) => out.push(number.as_f64().unwrap()),
        Value::Null => {}
        other => panic!("a gradient holds {other}"),
    }
}

/// The largest difference, relative to the largest entry of `expected`.
fn relative_error(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    assert!(found.iter().all(|value| value.is_finite()));
    let largest = expected.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    let error = found
        .iter()
        .zip(expected)
        .fold(0.0_f64, |m, (a, b)| m.max((a - b).abs()));
    if largest == 0.0 {
        error
    } else {
        error / largest
    }
}

fn check<T: Real>(kinds: &[&str], time_tolerance: f64, gradient_tolerance: f64) {
    let (cases, expected, tau_s) = cases(kinds);
    let found = replay::run::<T>(&cases).unwrap();
    assert_eq!(found.cases.len(), expected.len());
    for ((found, expected), tau_s) in found.cases.iter().zip(&expected).zip(tau_s) {
        let name = &expected.name;
        assert_eq!(&found.name, name);
        assert_eq!(found.spikes.len(), expected.spikes.len(), "{name}: layers");
        let (ours, theirs) = (&found.weight_gradients, &expected.weight_gradients);
        assert_eq!(ours.len(), theirs.len(), "{name}: gradients");
        for (found, expected) in found.spikes.iter().zip(&expected.spikes) {
            assert_eq!(found.len(), expected.len(), "{name}: neurons");
            for (found, expected) in found.iter().zip(expected) {
                assert_eq!(found.len(), expected.len(), "{name}: spikes");
                for (found, expected) in found.iter().zip(expected) {
                    let error = (found - expected).abs() / tau_s;
                    assert!(
                        error <= time_tolerance,
                        "{name}: a time is off by {error:e} tau_s"
                    );
                }
            }
        }
        let gradients = found
            .weight_gradients
            .iter()
            .zip(&expected.weight_gradients);
        for (layer, (found, expected)) in gradients.enumerate() {
            let (mut a, mut b) = (Vec::new(), Vec::new());
            assert_eq!(lengths(found), lengths(expected), "{name}: layer {layer}");
            flatten(found, &mut a);
            flatten(expected, &mut b);
            let error = relative_error(&a, &b);
            assert!(
                error <= gradient_tolerance,
                "{name}: layer {layer} is off by {error:e}"
            );
        }
        let error = relative_error(&found.input_time_gradient, &expected.input_time_gradient);
        assert!(
            error <= gradient_tolerance,
            "{name}: input times are off by {error:e}"
        );
    }
}

#[test]
fn dense_and_long_cases_in_f64() {
    check::<f64>(&["dense", "long"], 1e-9, 1e-6);
}

#[test]
fn dense_cases_in_f32() {
    check::<f32>(&["dense"], 1e-3, 2e-2);
}

#[test]
fn long_cases_in_f32() {
    check::<f32>(&["long"], 1e-3, 2e-2);
}

#[test]
fn convolution_cases_in_f64() {
    check::<f64>(&["conv"], 1e-9, 1e-6);
}

#[test]
fn convolution_cases_in_f32() {
    check::<f32>(&["conv"], 1e-3, 2e-2);
}
