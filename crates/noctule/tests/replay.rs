//! Reading, replaying and judging cases, on the CPU engine.

use noctule::conformance::replay::{self, Replay};
use noctule::conformance::{Cases, Problem, Reason, Tolerances, fixtures};
use noctule::cpu::CpuEngine;
use serde_json::{Value, json};

fn run(file: &Value) -> Result<Replay, noctule::conformance::ReplayError> {
    let cases = Cases::from_json(&file.to_string()).unwrap();
    replay::run::<f64>(&CpuEngine::new(1).unwrap(), &cases)
}

/// A file with one case of another file.
fn only(text: &str, name: &str) -> Value {
    let mut file: Value = serde_json::from_str(text).unwrap();
    let cases = file["cases"].as_array_mut().unwrap();
    cases.retain(|case| case["name"] == name);
    assert_eq!(cases.len(), 1);
    file
}

#[test]
fn tolerances_are_those_of_the_documentation() {
    let all = [
        Tolerances::new::<f64>(false),
        Tolerances::new::<f64>(true),
        Tolerances::new::<f32>(false),
        Tolerances::new::<f32>(true),
    ];
    let all = all.map(|Tolerances { times, gradients }| (times, gradients));
    assert_eq!(
        all,
        [(1e-9, 1e-6), (1e-9, 1e-9), (1e-4, 1e-3), (1e-4, 1e-3)]
    );
}

#[test]
fn files_are_read_and_what_is_missing_is_named() {
    for (text, cases, unsupported) in [
        (fixtures::EXACT, 32, 0),
        (fixtures::RECORDED, 20, 0),
        (fixtures::TEMPORAL, 8, 26),
    ] {
        let file = Cases::from_json(text).unwrap();
        assert_eq!(
            (file.cases.len(), file.unsupported.len()),
            (cases, unsupported)
        );
    }
    let file = Cases::from_json(fixtures::TEMPORAL).unwrap();
    let recurrent = file
        .unsupported
        .iter()
        .find(|case| case.case == "recurrent-9001")
        .unwrap();
    for feature in [
        "layers of kind recurrent",
        "layers with recurrent_weights",
        "axonal_delays",
    ] {
        assert!(recurrent.to_string().contains(feature), "{recurrent}");
    }
}

#[test]
fn a_wrong_count_ends_a_case_before_its_gradients() {
    let mut file = only(fixtures::EXACT, "dense-1001");
    let expected = file["cases"][0]["spikes"][0][1].as_array_mut().unwrap();
    let (layer, neuron, found) = (0, 1, expected.len());
    expected.push(json!(7.9));
    // Errors that fit the expected spikes and not the computed ones are no reason to stop.
    file["cases"][0]["output_time_gradient"][0]
        .as_array_mut()
        .unwrap()
        .push(json!(1.0));
    let replay = run(&file).unwrap();
    let problem = Problem::Count {
        layer,
        neuron,
        found,
        expected: found + 1,
    };
    assert_eq!(replay.verdicts[0].problems, [problem]);
    let outcome = &replay.outcomes.cases[0];
    assert_eq!(outcome.weight_gradients, Some(Value::Null));
    assert_eq!(outcome.input_time_gradient, None);
    assert_eq!(outcome.spikes.len(), 2);
}

#[test]
fn errors_of_another_length_than_the_right_spikes_are_refused() {
    let mut file = only(fixtures::EXACT, "dense-1001");
    file["cases"][0]["output_time_gradient"][0]
        .as_array_mut()
        .unwrap()
        .push(json!(1.0));
    let error = run(&file).unwrap_err();
    assert_eq!(error.case, "dense-1001");
    assert!(
        matches!(error.reason, Reason::Errors { neuron: 0, .. }),
        "{error}"
    );
    file["cases"][0].as_object_mut().unwrap().remove("spikes");
    assert!(matches!(
        run(&file).unwrap_err().reason,
        Reason::Errors { .. }
    ));
    let mut file = only(fixtures::RECORDED, "recorded-dense-3000");
    file["cases"][0]["output_time_gradient"][0]
        .as_array_mut()
        .unwrap()
        .push(json!(1.0));
    assert!(matches!(
        run(&file).unwrap_err().reason,
        Reason::Errors { .. }
    ));
}

#[test]
fn constants_are_numbers_or_lists() {
    let mut file = only(fixtures::EXACT, "dense-1001");
    let expected = run(&file).unwrap().outcomes;
    let layer = &mut file["cases"][0]["network"][0];
    let neurons = layer["weights"].as_array().unwrap().len();
    for name in ["tau_m", "tau_s", "theta", "reset"] {
        layer[name] = json!(vec![layer[name].clone(); neurons]);
    }
    let replay = run(&file).unwrap();
    assert!(replay.failed().next().is_none());
    // The expectations say in which form gradients come out.
    assert!(replay.outcomes.cases[0].weight_gradients.is_some());
    assert_eq!(
        replay.outcomes.cases[0].spikes[0].len(),
        expected.cases[0].spikes[0].len()
    );
    for (list, part) in [
        (
            json!(vec![1.0; neurons + 1]),
            "tau_s: the tensor has the shape",
        ),
        (json!([]), "tau_s: the tensor has the shape [0]"),
        (json!([1.0, -1.0, 1.0, 1.0, 1.0]), "neuron 1: tau_s = -1"),
    ] {
        file["cases"][0]["network"][0]["tau_s"] = list;
        let error = run(&file).unwrap_err().to_string();
        assert!(error.contains("layer 0") && error.contains(part), "{error}");
    }
    file["cases"][0]["network"][0]["tau_s"] = json!("fast");
    let error = Cases::from_json(&file.to_string()).unwrap_err().to_string();
    assert!(error.contains("expected a number, or a list"), "{error}");
}

#[test]
fn expectations_of_another_shape_are_refused() {
    for (at, value, part) in [
        ("/spikes", json!([[]]), "list of spikes must have shape [2]"),
        (
            "/spikes/1",
            json!([[]]),
            "list of spikes of layer 1 must have shape [3]",
        ),
        (
            "/weight_gradients",
            json!([]),
            "list of weight_gradients must have shape [2]",
        ),
        (
            "/weight_gradients/0/1",
            json!([0.0]),
            "gradient of the weights of layer 0",
        ),
        (
            "/weight_gradients/0/1/0",
            json!("much"),
            "with numbers only",
        ),
        (
            "/input_time_gradient",
            json!([]),
            "input_time_gradient must have shape",
        ),
    ] {
        let mut file = only(fixtures::EXACT, "dense-1001");
        *file["cases"][0].pointer_mut(at).unwrap() = value;
        let error = run(&file).unwrap_err().to_string();
        assert!(
            error.contains("\"dense-1001\"") && error.contains(part),
            "{error}"
        );
    }
}

#[test]
fn recorded_spikes_must_fit() {
    for (at, value, part) in [
        (
            "/recorded_spikes/0/0",
            json!([2.0, 1.0]),
            "times of neuron 0 do not ascend",
        ),
        (
            "/recorded_spikes/0/0",
            json!([-1.0]),
            "recorded_spikes of layer 0",
        ),
        (
            "/recorded_spikes/0",
            json!([[]]),
            "recorded spikes of layer 0",
        ),
        ("/recorded_spikes", json!([]), "recorded spikes"),
    ] {
        let mut file = only(fixtures::RECORDED, "recorded-dense-3000");
        *file["cases"][0].pointer_mut(at).unwrap() = value;
        let error = run(&file).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}
