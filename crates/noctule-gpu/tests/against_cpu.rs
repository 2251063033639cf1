//! The device against the CPU engine on random networks, and against itself.
#![cfg(feature = "gpu")]

mod support;

use std::sync::Arc;

use noctule_core::{
    Batch, Engine, Images, Initialiser, LatencyEncoding, LayerRegularisation, Loss, Metrics,
    Network, Pass, Pixels, Prediction, Regularisation, SessionOptions, Shape, SpikeBatch,
    SpikingLayer, TensorGroup, Window,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use support::{LOSS, compare, cpu, dense, gpu, labels, neuron, pass, random_input};

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
fn the_same_bits_every_time() {
    let network = dense(&[20, 200, 4], &neuron(2.0, 10), 3.0);
    let input = random_input(20, 48, 50, 30);
    let first = pass(&gpu(), &network, &input);
    let second = pass(&gpu(), &network, &input);
    assert_eq!(first.spikes, second.spikes);
    assert_eq!(first.gradient, second.gradient);
    assert_eq!(first.input_times, second.input_times);
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
fn the_boost_of_a_silent_class_counts_every_event() {
    // No neuron spikes, and the last event comes after `t_max`. The second layer is too wide for shares.
    for classes in [2, 20] {
        let network = Network::<f32>::new(3).unwrap();
        let weak = Initialiser::uniform(0.0, 1e-3).unwrap();
        let network = network.dense(classes, &neuron(2.0, 3), weak, 1).unwrap();
        let mut input = SpikeBatch::new(3);
        input.push_sample([(0.5, 0), (1.0, 0), (9.0, 2)]).unwrap();
        let boosted = Regularisation {
            max_inverse_slope: None,
            layers: vec![LayerRegularisation {
                homeostasis: None,
                silent_boost: 0.5,
            }],
        };
        let engines: [Box<dyn Engine<f32>>; 2] = [Box::new(gpu()), Box::new(cpu())];
        let gradients = engines.map(|engine| {
            let mut session = engine.open(&network, &SessionOptions::default()).unwrap();
            session
                .load(&Batch::events(input.clone(), vec![1]))
                .unwrap();
            session.forward(Pass::default()).unwrap();
            session.loss(&Loss::from(LOSS)).unwrap();
            session.backward(&boosted, 1.0).unwrap();
            session.read(TensorGroup::Gradient).unwrap()
        });
        assert_eq!(gradients[0], gradients[1], "{classes} classes");
    }
}
