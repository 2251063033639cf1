//! The simulator in steps: it converges to the exact engine, and its steps are those of Euler's method.

use std::sync::Arc;

use noctule_core::{
    Batch, Engine, Initialiser, LifParameters, Network, ParameterKind, Pass, Shape, SpikeBatch,
    SpikingLayer, Tensor, Window,
};
use noctule_cpu::CpuEngine;
use noctule_study::euler::{EulerError, EulerSimulator};
use noctule_study::precision::Matching;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const NEURON: LifParameters = LifParameters {
    tau_m: 0.020,
    tau_s: 0.010,
    theta: 1.0,
    reset: 0.7,
    max_spikes: 12,
    t_max: 0.080,
};

/// The output events of each layer by the exact engine.
fn exact(network: &Network<f64>, input: &SpikeBatch<f64>) -> Vec<SpikeBatch<f64>> {
    let engine = CpuEngine::new(1).unwrap();
    let mut session = engine.open(network, &Default::default()).unwrap();
    let batch = Batch::events(Arc::new(input.clone()), Vec::new());
    session.load(&batch).unwrap();
    session.forward(Pass::default()).unwrap();
    let layers = 0..network.layers().len();
    layers
        .map(|layer| session.spikes(layer).unwrap().into_owned())
        .collect()
}

/// Input spikes at scattered times, several at the very same time.
fn input(population: usize, samples: usize) -> SpikeBatch<f64> {
    let mut batch = SpikeBatch::new(population);
    for sample in 0..samples {
        let mut spikes: Vec<(f64, u32)> = (0..2 * population)
            .map(|spike| {
                let place = (spike / 2 * 37 + sample * 11) % 101;
                (0.0437 * place as f64 / 101.0, (spike % population) as u32)
            })
            .collect();
        spikes.sort_by(|a, b| a.0.total_cmp(&b.0));
        batch.push_sample(spikes).unwrap();
    }
    batch
}

/// Spike times of a neuron in a sample.
fn train(spikes: &SpikeBatch<f64>, sample: usize, neuron: usize) -> Vec<f64> {
    let events = spikes.sample(sample);
    let events = events.times.iter().zip(events.neurons);
    events
        .filter(|event| *event.1 as usize == neuron)
        .map(|event| *event.0)
        .collect()
}

/// For each layer: the median distance of paired spikes, and the share of spikes without a partner.
fn deviation(exact: &[SpikeBatch<f64>], measured: &[SpikeBatch<f64>]) -> Vec<(f64, f64)> {
    let layers = exact.iter().zip(measured);
    layers
        .map(|(exact, measured)| {
            let (mut distances, mut alone) = (Vec::new(), 0);
            for sample in 0..exact.samples() {
                for neuron in 0..exact.population() {
                    let reference = train(exact, sample, neuron);
                    let matching = Matching::of(&reference, &train(measured, sample, neuron));
                    distances.extend(matching.errors.iter().map(|error| error.abs()));
                    alone += matching.missed + matching.extra;
                }
            }
            assert!(distances.len() > 30, "only {} spikes", distances.len());
            distances.sort_by(f64::total_cmp);
            let median = distances[distances.len() / 2];
            (median, alone as f64 / exact.spikes() as f64)
        })
        .collect()
}

fn converges(network: &Network<f64>, input: &SpikeBatch<f64>) {
    let exact = exact(network, input);
    let steps = [1e-4, 1e-5, 1e-6];
    let deviations = steps.map(|step| {
        let simulator = EulerSimulator::new(network, step).unwrap();
        deviation(&exact, &simulator.simulate(input).unwrap())
    });
    for layer in 0..exact.len() {
        let errors = [0, 1, 2].map(|index: usize| deviations[index][layer].0);
        for (error, step) in errors.iter().zip(steps) {
            let ratio = error / step;
            assert!((0.05..6.0).contains(&ratio), "layer {layer}: {errors:?}");
        }
        for pair in errors.windows(2) {
            let order = (pair[0] / pair[1]).log10();
            assert!((0.75..1.25).contains(&order), "layer {layer}: {errors:?}");
        }
        assert!(deviations[2][layer].1 < 0.005, "{deviations:?}");
    }
}

fn normal(mean: f64, std: f64) -> Initialiser {
    Initialiser::normal(mean, std).unwrap()
}

#[test]
fn dense_layers_converge_with_first_order() {
    let network = Network::new(30).unwrap();
    let network = network
        .dense(40, &NEURON, normal(25.0, 40.0), 1)
        .unwrap()
        .dense(25, &NEURON, normal(10.0, 20.0), 2)
        .unwrap();
    converges(&network, &input(30, 6));
}

#[test]
fn neurons_with_constants_of_their_own_converge() {
    let spread = |least: f64, most: f64| -> Vec<f64> {
        let place = |neuron: usize| (neuron * 7 % 30) as f64 / 29.0;
        (0..30)
            .map(|neuron| least + (most - least) * place(neuron))
            .collect()
    };
    let weights = normal(25.0, 40.0).draw(&[30, 20], &mut ChaCha8Rng::seed_from_u64(7));
    let layer = SpikingLayer::dense(NEURON, weights)
        .unwrap()
        .with_constants(ParameterKind::TauM, spread(0.010, 0.030))
        .unwrap()
        .with_constants(ParameterKind::TauS, spread(0.010, 0.005))
        .unwrap()
        .with_constants(ParameterKind::Theta, spread(0.8, 1.3))
        .unwrap()
        .with_constants(ParameterKind::Reset, spread(1.2, 0.5))
        .unwrap();
    let network = Network::new(20).unwrap().layer(layer).unwrap();
    converges(&network, &input(20, 6));
}

#[test]
fn convolutions_and_pooling_converge() {
    let image = Shape {
        height: 8,
        width: 6,
        channels: 2,
    };
    let window = Window {
        stride: 1,
        padding: 1,
        ..Window::square(3)
    };
    let strided = Window {
        height: 2,
        width: 3,
        stride: 2,
        padding: 1,
    };
    let network = Network::image(image)
        .unwrap()
        .conv2d(5, window, &NEURON, normal(40.0, 60.0), 3)
        .unwrap()
        .sum_pool2d(2)
        .unwrap()
        .conv2d(7, strided, &NEURON, normal(25.0, 40.0), 4)
        .unwrap()
        .dense(9, &NEURON, normal(12.0, 20.0), 5)
        .unwrap();
    converges(&network, &input(image.neurons(), 3));
}

fn single(weight: f64, neuron: LifParameters) -> Network<f64> {
    let weights = Tensor::new(&[1, 1], vec![weight]).unwrap();
    let layer = SpikingLayer::dense(neuron, weights).unwrap();
    Network::new(1).unwrap().layer(layer).unwrap()
}

fn one_spike(time: f64) -> SpikeBatch<f64> {
    let mut input = SpikeBatch::new(1);
    input.push_sample([(time, 0)]).unwrap();
    input
}

#[test]
fn the_steps_are_those_of_the_closed_form() {
    // After one input, u after n steps is dt w (b^n - a^n)/(b - a) with a = 1 - dt/tau_s and b = 1 - dt/tau_m.
    let (step, weight) = (1e-3_f64, 300.0);
    let (a, b) = (1.0 - step / NEURON.tau_s, 1.0 - step / NEURON.tau_m);
    let potential = |n: i32| step * weight * (b.powi(n) - a.powi(n)) / (b - a);
    let first = (1..).find(|&n| potential(n) >= NEURON.theta).unwrap();
    let neuron = LifParameters {
        max_spikes: 1,
        ..NEURON
    };
    // The nearest boundary is that after three steps.
    let simulator = EulerSimulator::new(&single(weight, neuron), step).unwrap();
    let output = &simulator.simulate(&one_spike(0.0034)).unwrap()[0];
    assert_eq!(output.times(), [f64::from(3 + first) * step]);
    // Exactly, with tau_m = 2 tau_s: u = 2 tau_s w (y - y^2) with y = exp(-s/tau_m).
    let simulator = EulerSimulator::new(&single(weight, neuron), 1e-7).unwrap();
    let output = &simulator.simulate(&one_spike(0.0034)).unwrap()[0];
    let y = (1.0 + (1.0 - 4.0 * NEURON.theta / (NEURON.tau_m * weight)).sqrt()) / 2.0;
    let crossing = 0.0034 - NEURON.tau_m * y.ln();
    assert!((output.times()[0] - crossing).abs() < 2e-7);
}

#[test]
fn a_neuron_spikes_once_a_step_and_at_most_max_spikes_times() {
    let neuron = LifParameters {
        reset: 0.01,
        max_spikes: 5,
        ..NEURON
    };
    let simulator = EulerSimulator::new(&single(5e3, neuron), 1e-3).unwrap();
    let output = &simulator.simulate(&one_spike(0.0)).unwrap()[0];
    let expected: Vec<f64> = (1..=5).map(|step| f64::from(step) * 1e-3).collect();
    assert_eq!(output.times(), expected);
    assert_eq!(output.neurons(), [0; 5]);
}

#[test]
fn neurons_that_are_equal_spike_together_in_the_order_of_their_indices() {
    let weights = Tensor::new(&[100, 1], vec![300.0; 100]).unwrap();
    let layer = SpikingLayer::dense(NEURON, weights).unwrap();
    let network = Network::new(1).unwrap().layer(layer).unwrap();
    let simulator = EulerSimulator::new(&network, 1e-4).unwrap();
    let output = &simulator.simulate(&one_spike(0.0)).unwrap()[0];
    let all: Vec<u32> = (0..100).collect();
    assert!(output.spikes() > 100 && output.spikes() % 100 == 0);
    for (neurons, times) in output.neurons().chunks(100).zip(output.times().chunks(100)) {
        assert_eq!(neurons, all);
        assert!(times.iter().all(|time| *time == times[0]));
    }
}

#[test]
fn nothing_spikes_after_the_end_and_single_precision_agrees() {
    let network = single(300.0, NEURON);
    let simulator = EulerSimulator::new(&network, 1e-3).unwrap();
    assert_eq!(
        simulator.simulate(&one_spike(0.0795)).unwrap()[0].spikes(),
        0
    );
    let double = simulator.simulate(&one_spike(0.0)).unwrap();
    let weights = Tensor::new(&[1, 1], vec![300.0_f32]).unwrap();
    let layer = SpikingLayer::dense(NEURON, weights).unwrap();
    let network = Network::<f32>::new(1).unwrap().layer(layer).unwrap();
    let mut input = SpikeBatch::new(1);
    input.push_sample([(0.0_f32, 0)]).unwrap();
    let single = EulerSimulator::new(&network, 1e-3)
        .unwrap()
        .simulate(&input)
        .unwrap();
    let times = single[0].times().iter().map(|&time| f64::from(time));
    let pairs = times.zip(double[0].times());
    assert_eq!(single[0].spikes(), double[0].spikes());
    assert!(
        pairs
            .into_iter()
            .all(|(single, double)| (single - double).abs() < 1e-8)
    );
}

#[test]
fn steps_that_make_no_sense_are_refused() {
    let network = single(300.0, NEURON);
    for step in [0.0, -1e-3, f64::NAN, f64::INFINITY] {
        let error = EulerSimulator::new(&network, step).unwrap_err();
        assert!(matches!(error, EulerError::Step { .. }), "{error}");
    }
    let error = EulerSimulator::new(&network, 0.011).unwrap_err();
    assert_eq!(
        error,
        EulerError::Unstable {
            step: 0.011,
            tau: 0.010
        }
    );
    let error = EulerSimulator::new(&network, 1e-12).unwrap_err();
    assert!(matches!(error, EulerError::TooManySteps { .. }), "{error}");
}
