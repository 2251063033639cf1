//! The device against the CPU engine on random networks, and what only a device can get wrong: slots that run out, sorting
//! in tiles, large samples, and the order of reads.
#![cfg(feature = "gpu")]

use std::sync::Arc;

use noctule_core::{
    Adam, Batch, Engine, EngineError, Homeostasis, Images, Initialiser, LatencyEncoding,
    LayerRegularisation, LifParameters, Loss, Metrics, Network, Pass, Pixels, Prediction,
    Regularisation, Session, SessionOptions, Shape, SpikeBatch, SpikeCount, SpikingLayer,
    TensorGroup, Tensors, Window,
};
use noctule_cpu::CpuEngine;
use noctule_gpu::{Backend, GpuEngine};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const LOSS: SpikeCount = SpikeCount {
    target_true: 6.0,
    target_false: 1.0,
};

fn gpu() -> GpuEngine {
    GpuEngine::new(Backend::Gpu, 0).unwrap()
}

fn cpu() -> CpuEngine {
    CpuEngine::new(2).unwrap()
}

/// Neurons with times of a few seconds.
fn neuron(ratio: f64, max_spikes: u32) -> LifParameters {
    LifParameters {
        tau_m: ratio,
        tau_s: 1.0,
        theta: 0.3,
        reset: 0.25,
        max_spikes,
        t_max: 8.0,
    }
}

fn dense(sizes: &[usize], neuron: &LifParameters, scale: f64) -> Network<f32> {
    let mut network = Network::new(sizes[0]).unwrap();
    for (layer, pair) in sizes.windows(2).enumerate() {
        let bound = scale / (pair[0] as f64).sqrt();
        let weights = Initialiser::uniform(-0.6 * bound, bound).unwrap();
        network = network
            .dense(pair[1], neuron, weights, 40 + layer as u64)
            .unwrap();
    }
    network
}

/// Samples with `events` events each at random times, of which every fourth is a tie with the one before.
fn random_input(population: usize, samples: usize, events: usize, seed: u64) -> SpikeBatch<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut input = SpikeBatch::new(population);
    for _ in 0..samples {
        let mut times: Vec<f32> = (0..events).map(|_| random.random_range(0.0..6.0)).collect();
        times.sort_by(f32::total_cmp);
        for event in (3..events).step_by(4) {
            times[event] = times[event - 1];
        }
        let neurons: Vec<u32> = times
            .iter()
            .map(|_| random.random_range(0..population as u32))
            .collect();
        input.push_sample(times.into_iter().zip(neurons)).unwrap();
    }
    input
}

fn labels(samples: usize, classes: usize) -> Vec<u32> {
    (0..samples)
        .map(|sample| (sample % classes) as u32)
        .collect()
}

struct Passed {
    spikes: Vec<SpikeBatch<f32>>,
    gradient: Tensors<f32>,
    input_times: Vec<f32>,
    metrics: Metrics,
}

/// A forward pass, a loss, and a backward pass.
fn pass(engine: &dyn Engine<f32>, network: &Network<f32>, input: &SpikeBatch<f32>) -> Passed {
    let options = SessionOptions::default();
    let mut session = engine.open(network, &options).unwrap();
    let classes = network.layers().last().unwrap().outputs();
    let labels = labels(input.samples(), classes);
    session.load(&Batch::events(input.clone(), labels)).unwrap();
    let wants_input = Pass {
        input_gradients: true,
        ..Pass::default()
    };
    session.forward(wants_input).unwrap();
    session.loss(&Loss::from(LOSS)).unwrap();
    // Without a bound, spikes that barely reach the threshold have arbitrarily large gradients.
    let bound = Regularisation {
        max_inverse_slope: Some(20.0),
        ..Regularisation::default()
    };
    session.backward(&bound, 1.0).unwrap();
    let mut metrics = Metrics::new(network);
    session.take_metrics(&mut metrics).unwrap();
    let layers = 0..network.layers().len();
    Passed {
        spikes: layers
            .map(|layer| session.spikes(layer).unwrap().into_owned())
            .collect(),
        gradient: session.read(TensorGroup::Gradient).unwrap(),
        input_times: session.input_time_gradients().unwrap().into_owned(),
        metrics,
    }
}

fn relative_error(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let largest = expected
        .iter()
        .fold(0.0_f32, |largest, value| largest.max(value.abs()));
    let pairs = found.iter().zip(expected);
    let error = pairs.fold(0.0_f32, |error, (a, b)| error.max((a - b).abs()));
    error / largest.max(1e-20)
}

/// Spike counts of all neurons are equal, times agree within `allowed` seconds, and gradients within 1 % of the largest
/// entry: single precision, in another order of sums.
fn compare(network: &Network<f32>, input: &SpikeBatch<f32>, what: &str) -> usize {
    let found = pass(&gpu(), network, input);
    let expected = pass(&cpu(), network, input);
    let mut spikes = 0;
    for (layer, (found, expected)) in found.spikes.iter().zip(&expected.spikes).enumerate() {
        for sample in 0..input.samples() {
            let what = format!("{what}, layer {layer}, sample {sample}");
            assert_eq!(found.counts(sample), expected.counts(sample), "{what}");
            let (found, expected) = (found.sample(sample), expected.sample(sample));
            for (found, expected) in found.times.iter().zip(expected.times) {
                assert!(
                    (found - expected).abs() < 2e-4,
                    "{what}: {found} {expected}"
                );
            }
            spikes += found.len();
        }
    }
    for (name, expected) in &expected.gradient {
        let error = relative_error(found.gradient[name].as_slice(), expected.as_slice());
        assert!(error < 1e-2, "{what}: gradient of {name} is off by {error}");
    }
    let error = relative_error(&found.input_times, &expected.input_times);
    assert!(
        error < 1e-2,
        "{what}: gradient of the input times is off by {error}"
    );
    assert_eq!(found.metrics.samples(), expected.metrics.samples());
    assert_eq!(
        found.metrics.accuracy(),
        expected.metrics.accuracy(),
        "{what}"
    );
    assert!(
        (found.metrics.loss() - expected.metrics.loss()).abs() < 1e-4 * expected.metrics.loss()
    );
    assert_eq!(
        found.metrics.spikes_per_neuron(),
        expected.metrics.spikes_per_neuron()
    );
    assert_eq!(
        found.metrics.silent_fraction(),
        expected.metrics.silent_fraction()
    );
    spikes
}

#[test]
fn dense_networks() {
    for ratio in [2.0, 1.0, 0.5, 3.0] {
        let network = dense(&[40, 150, 20, 5], &neuron(ratio, 12), 2.5);
        let input = random_input(40, 40, 60, 7);
        let spikes = compare(&network, &input, &format!("tau_m = {ratio} tau_s"));
        assert!(spikes > 5_000, "only {spikes} spikes");
    }
}

#[test]
fn convolutions_and_pooling() {
    let shape = Shape {
        height: 12,
        width: 10,
        channels: 2,
    };
    for (ratio, window) in [
        (2.0, Window::square(3)),
        (
            1.0,
            Window {
                stride: 1,
                padding: 2,
                ..Window::square(5)
            },
        ),
        (
            0.5,
            Window {
                height: 2,
                width: 4,
                stride: 2,
                padding: 1,
            },
        ),
    ] {
        let filters = Initialiser::uniform(-0.5, 0.9).unwrap();
        let neuron = neuron(ratio, 3);
        let network = Network::<f32>::image(shape).unwrap();
        let network = network.conv2d(5, window, &neuron, filters, 3).unwrap();
        let network = match network.layers()[0].output_shape() {
            Shape { height, width, .. } if height % 2 == 0 && width % 2 == 0 => {
                network.sum_pool2d(2).unwrap()
            }
            _ => network,
        };
        let weights = Initialiser::uniform(-0.3, 0.5).unwrap();
        let network = network
            .conv2d(4, Window::square(2), &neuron, weights, 4)
            .unwrap();
        let weights = Initialiser::uniform(-0.2, 0.3).unwrap();
        let network = network.dense(4, &neuron, weights, 5).unwrap();
        let input = random_input(shape.neurons(), 6, 120, 8);
        let spikes = compare(&network, &input, &format!("{window:?}"));
        assert!(spikes > 500, "only {spikes} spikes");
    }
}

#[test]
fn large_and_empty_samples() {
    let network = dense(&[30, 20, 3], &neuron(2.0, 20), 0.6);
    let mut input = random_input(30, 1, 10_000, 9);
    input.push_sample([]).unwrap();
    // All events at one instant, and an event after the end.
    input.push_sample((0..30).map(|from| (1.5, from))).unwrap();
    input.push_sample([(0.5, 3), (7.9, 3), (9.0, 4)]).unwrap();
    assert!(compare(&network, &input, "large and empty samples") > 100);
}

#[test]
fn a_sample_of_a_million_events() {
    let neuron = neuron(2.0, 30);
    let weak = Initialiser::uniform(-1.2e-5, 2e-5).unwrap();
    let strong = Initialiser::uniform(0.1, 0.5).unwrap();
    let network = Network::<f32>::new(1_000).unwrap();
    let network = network.dense(4, &neuron, weak, 1).unwrap();
    let network = network.dense(2, &neuron, strong, 2).unwrap();
    let mut input = SpikeBatch::new(1_000);
    let events = 1_000_000;
    let times = (0..events).map(|event| 7.0 * event as f32 / events as f32);
    input.push_sample(times.zip((0..1_000).cycle())).unwrap();
    let found = pass(&gpu(), &network, &input);
    let expected = pass(&cpu(), &network, &input);
    for (found, expected) in found.spikes.iter().zip(&expected.spikes) {
        assert!(expected.spikes() > 0);
        assert_eq!(found.counts(0), expected.counts(0));
    }
    assert_eq!(found.input_times.len(), events);
}

#[test]
fn more_spikes_than_tiles_hold() {
    // 3,000 neurons with up to eight spikes each: tiles of 1,024, and two passes of merging.
    let network = dense(&[6, 3_000, 2], &neuron(2.0, 8), 4.0);
    let input = random_input(6, 2, 40, 10);
    let spikes = compare(&network, &input, "many tiles");
    assert!(spikes > 2 * 17_000, "only {spikes} spikes");
}

/// Trains on a few batches without a wait, or with one after each; returns the parameters and the metrics.
fn train(engine: &dyn Engine<f32>, waits: bool) -> (Tensors<f32>, Metrics) {
    // 20 neurons with up to 30 spikes: the slots run out.
    let network = dense(&[10, 20, 3], &neuron(2.0, 30), 3.0);
    let options = SessionOptions {
        optimiser: Adam::default().into(),
        weight_average: 0.9,
    };
    let regularisation = Regularisation {
        max_inverse_slope: Some(20.0),
        layers: vec![LayerRegularisation {
            homeostasis: Some(Homeostasis {
                target: 2.0,
                strength: 0.01,
            }),
            silent_boost: 0.1,
        }],
    };
    let mut session: Box<dyn Session<f32>> = engine.open(&network, &options).unwrap();
    let mut metrics = Metrics::new(&network);
    for batch in 0..12 {
        // Later samples have more events.
        let input = random_input(10, 16, 4 + 6 * batch, 20 + batch as u64);
        session.load(&Batch::events(input, labels(16, 3))).unwrap();
        session.forward(Pass::default()).unwrap();
        session.loss(&Loss::from(LOSS)).unwrap();
        session.backward(&regularisation, 1.0).unwrap();
        session.step(0.01, Some(5.0)).unwrap();
        if waits {
            session.take_metrics(&mut metrics).unwrap();
        }
    }
    session.take_metrics(&mut metrics).unwrap();
    (session.read(TensorGroup::Parameters).unwrap(), metrics)
}

#[test]
fn batches_that_overflow_are_run_again() {
    let (weights, metrics) = train(&gpu(), false);
    let (others, other_metrics) = train(&gpu(), true);
    assert_eq!(weights, others, "the bits depend on when metrics are read");
    assert_eq!(metrics, other_metrics);
    let (expected, on_cpu) = train(&cpu(), false);
    assert_eq!(metrics.samples(), 12 * 16);
    assert!(
        on_cpu.spikes_per_neuron()[0] > 3.3,
        "the slots never ran out"
    );
    assert!((metrics.loss() - on_cpu.loss()).abs() < 1e-3 * on_cpu.loss());
    for (name, expected) in &expected {
        let error = relative_error(weights[name].as_slice(), expected.as_slice());
        assert!(error < 1e-2, "{name} is off by {error} after twelve steps");
    }
}

#[test]
fn images_are_encoded_on_the_device_as_on_the_host() {
    let shape = Shape {
        height: 9,
        width: 7,
        channels: 1,
    };
    let mut random = ChaCha8Rng::seed_from_u64(50);
    let bytes: Vec<u8> = (0..40 * shape.neurons())
        .map(|at| {
            if at % 3 == 0 {
                0
            } else {
                random.random_range(0..=255)
            }
        })
        .collect();
    let plain = LatencyEncoding::new(0.5, 4.0).unwrap();
    let encodings = [
        plain,
        plain.with_silent_zero(true),
        plain.with_bias(2.0).unwrap(),
        plain.with_silent_zero(true).with_bias(0.1).unwrap(),
        plain.with_silent_zero(true).with_bias(7.0).unwrap(),
    ];
    for encoding in encodings {
        let images = Images {
            shape,
            pixels: Pixels::Bytes(Arc::new(bytes.clone())),
            encoding,
        };
        let chosen = [3, 17, 0, 39, 17];
        let events = images.encode::<f32>(&chosen).unwrap();
        let network = dense(&[images.population(), 30, 3], &neuron(2.0, 10), 2.0);
        let engine = gpu();
        let mut outputs = Vec::new();
        for batch in [
            Batch::images(images, Vec::new()),
            Batch::events(events, Vec::new()),
        ] {
            let mut session = engine.open(&network, &SessionOptions::default()).unwrap();
            if batch.len() == 5 {
                session.load(&batch).unwrap();
            } else {
                let set = session.store(&batch).unwrap();
                session.select(set, &chosen).unwrap();
            }
            session.forward(Pass::default()).unwrap();
            let input = session.input().unwrap().into_owned();
            outputs.push((input, session.spikes(0).unwrap().into_owned()));
        }
        assert!(outputs[0].1.spikes() > 50);
        assert_eq!(outputs[0], outputs[1], "{encoding:?}");
    }
}

#[test]
fn too_large_a_batch_is_refused_with_what_would_fit() {
    let network = dense(&[10, 4_000, 3], &neuron(2.0, 60_000), 1.0);
    let mut session = gpu().open(&network, &SessionOptions::default()).unwrap();
    let input = random_input(10, 60_000, 1, 3);
    session.load(&Batch::events(input, Vec::new())).unwrap();
    match session.forward(Pass::default()) {
        Err(EngineError::OutOfMemory {
            asked_bytes,
            advice,
        }) => {
            assert!(asked_bytes > 1 << 31);
            assert!(advice.contains("samples"), "{advice}");
        }
        other => panic!("{other:?}"),
    }
    // The session goes on with a smaller batch.
    let input = random_input(10, 4, 3, 3);
    session.load(&Batch::events(input, Vec::new())).unwrap();
    session.forward(Pass::default()).unwrap();
    session.wait().unwrap();
}

#[test]
fn a_smaller_batch_after_a_larger_one() {
    // A convolution whose gradient has more parts for 96 samples than for 128.
    let shape = Shape {
        height: 12,
        width: 12,
        channels: 15,
    };
    let neuron = neuron(2.0, 2);
    let network = Network::<f32>::image(shape).unwrap();
    let weights = Initialiser::uniform(-0.3, 0.5).unwrap();
    let network = network
        .conv2d(40, Window::square(5), &neuron, weights, 1)
        .unwrap();
    let weights = Initialiser::uniform(-0.1, 0.2).unwrap();
    let network = network.dense(3, &neuron, weights, 2).unwrap();
    let large = random_input(shape.neurons(), 128, 12, 60);
    let small = random_input(shape.neurons(), 96, 12, 61);
    let gradient = |batches: &[&SpikeBatch<f32>]| {
        let mut session = gpu().open(&network, &SessionOptions::default()).unwrap();
        for batch in batches {
            session.clear_gradient().unwrap();
            let labels = labels(batch.samples(), 3);
            session
                .load(&Batch::events((*batch).clone(), labels))
                .unwrap();
            session.forward(Pass::default()).unwrap();
            session.loss(&Loss::from(LOSS)).unwrap();
            session.backward(&Regularisation::default(), 1.0).unwrap();
        }
        session.read(TensorGroup::Gradient).unwrap()
    };
    assert_eq!(gradient(&[&large, &small]), gradient(&[&small]));
}

#[test]
fn who_spiked_in_an_earlier_batch_is_not_forgotten() {
    // Each input drives one neuron of its own.
    let mut weights = noctule_core::Tensor::zeros(&[4, 4]);
    for index in 0..4 {
        weights.as_mut_slice()[5 * index] = 5.0;
    }
    let layer = SpikingLayer::dense(neuron(2.0, 3), weights).unwrap();
    let network = Network::<f32>::new(4).unwrap().layer(layer).unwrap();
    let engines: [Box<dyn Engine<f32>>; 2] = [Box::new(gpu()), Box::new(cpu())];
    let silent = engines.map(|engine| {
        let mut session = engine.open(&network, &SessionOptions::default()).unwrap();
        let mut metrics = Metrics::new(&network);
        for input in [[0, 1], [2, 2]] {
            let mut batch = SpikeBatch::new(4);
            batch.push_sample(input.map(|from| (0.5, from))).unwrap();
            session.load(&Batch::events(batch, vec![0])).unwrap();
            session.forward(Pass::default()).unwrap();
            session.loss(&Loss::from(LOSS)).unwrap();
        }
        session.predictions().unwrap();
        session.predict(Prediction::FirstSpike).unwrap();
        session.take_metrics(&mut metrics).unwrap();
        metrics.silent_fraction()
    });
    assert_eq!(silent[0], [0.25]);
    assert_eq!(silent[0], silent[1]);
}

#[test]
fn the_same_bits_every_time() {
    let network = dense(&[20, 200, 4], &neuron(2.0, 10), 3.0);
    let input = random_input(20, 48, 50, 30);
    let first = pass(&gpu(), &network, &input);
    let second = pass(&gpu(), &network, &input);
    assert_eq!(first.spikes, second.spikes);
    assert_eq!(first.gradient, second.gradient);
    assert_eq!(first.input_times, second.input_times);
}
