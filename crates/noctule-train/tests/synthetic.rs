//! The synthetic bench measures something.

use std::time::Duration;

use noctule_cpu::CpuEngine;
use noctule_train::synthetic::{Axis, measure, points};

#[test]
fn a_point_has_spikes_and_rates() {
    let engine = CpuEngine::new(0).unwrap();
    let point = measure(&engine, Axis::Events, [50, 20, 3], Duration::ZERO, 1).unwrap();
    assert!(point.spikes_per_neuron > 0.1, "{point:?}");
    assert!(point.train_samples_per_second > 0.0);
    assert!(point.infer_samples_per_second > 0.0);
    assert!(point.nanoseconds_per_delivery.is_finite());
}

#[test]
fn neurons_spike_about_once_for_any_number_of_events() {
    let engine = CpuEngine::new(0).unwrap();
    for (axis, numbers) in points() {
        let [events, neurons, _] = numbers;
        let point = measure(&engine, axis, [events, neurons, 2], Duration::ZERO, 1).unwrap();
        assert!((0.2..5.0).contains(&point.spikes_per_neuron), "{point:?}");
    }
}

#[test]
fn a_layer_without_neurons_is_refused() {
    let engine = CpuEngine::new(1).unwrap();
    let error = measure(&engine, Axis::Neurons, [50, 0, 3], Duration::ZERO, 1).unwrap_err();
    assert!(error.to_string().contains("neurons"), "{error}");
}
