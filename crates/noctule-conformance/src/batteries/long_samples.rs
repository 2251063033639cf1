//! Long samples: what happens late is as precise as what happens early.

use noctule_core::{
    Batch, Engine, LifParameters, Pass, Real, Regularisation, SessionOptions, SpikeBatch,
    TensorGroup,
};

use crate::harness::{by_precision, dense_network, must};
use crate::verdict::relative_error;

/// Synaptic time constant in seconds.
const TAU_S: f64 = 0.025;
/// How late the late events are, in seconds: 16,000 time constants.
const SHIFT: f64 = 400.0;

/// Times of output spikes, less `shift`, and the gradient of all weights.
fn outcome<T: Real>(engine: &dyn Engine<T>, ratio: f64, shift: f64) -> (Vec<f64>, Vec<f64>) {
    let neuron = LifParameters {
        tau_m: ratio * TAU_S,
        tau_s: TAU_S,
        theta: 0.3 * TAU_S,
        reset: 0.25 * TAU_S,
        max_spikes: 30,
        t_max: SHIFT + 1.0,
    };
    let network = dense_network::<T>(&[6, 8, 3], &neuron, 4);
    let mut input = SpikeBatch::new(6);
    // Times that single precision does not hold, even early.
    let events = (0..40_u32).map(|n| (shift + 0.007_123_456_789 * f64::from(n), n * 5 % 6));
    must(input.push_precise_sample(events), "events");
    let session = engine.open(&network, &SessionOptions::default());
    let mut session = must(session, "opening a session");
    must(session.load(&Batch::events(input, Vec::new())), "loading");
    must(session.forward(Pass::default()), "the forward pass");
    let output = must(session.spikes(1), "reading spikes").into_owned();
    let times = (0..output.spikes()).map(|spike| output.precise_time(spike) - shift);
    let times: Vec<f64> = times.collect();
    let errors: Vec<T> = (0..times.len()).map(|n| T::of((n as f64).sin())).collect();
    must(
        session.set_time_gradients(&errors, 0.0, &[]),
        "setting gradients",
    );
    must(
        session.backward(&Regularisation::default(), 1.0),
        "the backward pass",
    );
    let gradient = must(session.read(TensorGroup::Gradient), "reading the gradient");
    let values = gradient.values().flat_map(|tensor| tensor.as_slice());
    let gradient = values.map(|&value| Real::to_f64(value)).collect();
    (times, gradient)
}

/// The same events 400 s later give the same spikes, 400 s later, and the same gradient, for every ratio of the time
/// constants.
pub fn late_events_are_as_precise_as_early_ones<T: Real>(engine: &dyn Engine<T>) {
    for ratio in [2.0, 1.0, 3.0, 30.0, 1000.0] {
        let (early, early_gradient) = outcome(engine, ratio, 0.0);
        let (late, late_gradient) = outcome(engine, ratio, SHIFT);
        assert!(
            early.len() > 10,
            "ratio {ratio}: only {} spikes",
            early.len()
        );
        assert_eq!(early.len(), late.len(), "ratio {ratio}: spikes");
        for (early, late) in early.iter().zip(&late) {
            let error = (early - late).abs() / TAU_S;
            let allowed = by_precision::<T>(1e-9, 1e-4);
            assert!(
                error < allowed,
                "ratio {ratio}: a late time is off by {error:.1e} tau_s"
            );
        }
        let error = relative_error(&late_gradient, &early_gradient);
        let allowed = by_precision::<T>(1e-7, 1e-3);
        assert!(
            error < allowed,
            "ratio {ratio}: the late gradient is off by {error:.1e}"
        );
    }
}
