//! The synthetic bench measures something.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use noctule_core::EngineError;
use noctule_cpu::CpuEngine;
use noctule_train::synthetic::{self, Axis, Point, points};

fn measure(axis: Axis, numbers: [usize; 3]) -> Result<Option<Point>, EngineError> {
    let engine = CpuEngine::new(0)?;
    let stop = AtomicBool::new(false);
    synthetic::measure(&engine, axis, numbers, Duration::ZERO, 1, &stop)
}

#[test]
fn a_point_has_spikes_and_rates() {
    let point = measure(Axis::Events, [50, 20, 3]).unwrap().unwrap();
    assert!(point.spikes_per_neuron > 0.1, "{point:?}");
    assert!(point.train_samples_per_second > 0.0);
    assert!(point.infer_samples_per_second > 0.0);
    assert!(point.nanoseconds_per_delivery.is_finite());
}

#[test]
fn neurons_spike_about_once_for_any_number_of_events() {
    for (axis, numbers) in points() {
        let [events, neurons, _] = numbers;
        let point = measure(axis, [events, neurons, 2]).unwrap().unwrap();
        assert!((0.2..5.0).contains(&point.spikes_per_neuron), "{point:?}");
    }
}

#[test]
fn a_layer_without_neurons_is_refused() {
    let error = measure(Axis::Neurons, [50, 0, 3]).unwrap_err();
    assert!(error.to_string().contains("neurons"), "{error}");
}

#[test]
fn a_measurement_can_be_stopped() {
    let engine = CpuEngine::new(1).unwrap();
    let (hour, stop) = (Duration::from_secs(3600), AtomicBool::new(true));
    let point = synthetic::measure(&engine, Axis::Events, [50, 20, 3], hour, 5, &stop);
    assert_eq!(point.unwrap(), None);
}
