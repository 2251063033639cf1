//! What only a device can get wrong: slots that run out, sorting in tiles, large samples and batches.
#![cfg(feature = "gpu")]

mod support;

use noctule_core::{
    Adam, Batch, Engine, EngineError, Homeostasis, Initialiser, LayerRegularisation, Loss, Metrics,
    Network, Pass, Regularisation, Session, SessionOptions, SpikeBatch, TensorGroup, Tensors,
};
use support::{LOSS, compare, cpu, dense, gpu, labels, neuron, pass, random_input, relative_error};

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
        ..SessionOptions::default()
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
