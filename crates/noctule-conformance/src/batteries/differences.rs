//! Exact gradients of random networks against central differences.

use noctule_core::{Engine, Initialiser, LifParameters, Network, SpikeBatch, Window};

use crate::central::{Compared, compare};
use crate::harness::{
    IMAGE, Runner, WITH_INPUT, dense_network, image_network, must, neuron, random_input,
};

/// `tau_m/tau_s`: engines may solve equal ones, a ratio of 2 and all others in three ways.
const RATIOS: [f64; 4] = [1.0, 2.0, 3.0, 0.5];

/// Dense networks of one to three layers.
pub fn dense(engine: &dyn Engine<f64>) {
    for ratio in RATIOS {
        let mut compared = Compared::default();
        for (seed, sizes) in [[3, 5, 3].as_slice(), &[4, 2], &[2, 4, 4, 2]]
            .iter()
            .enumerate()
        {
            let network = dense_network(sizes, &neuron(ratio), seed as u64);
            let input = random_input(sizes[0], 1, 10, seed as u64 + 7);
            let what = format!("dense layers {sizes:?}, tau_m/tau_s = {ratio}");
            compared.add(compare(engine, &network, &input, &what));
        }
        compared.assert_enough(30, &format!("dense layers, tau_m/tau_s = {ratio}"));
    }
}

/// A reset that is less or more than the threshold.
pub fn soft_reset(engine: &dyn Engine<f64>) {
    for ratio in RATIOS {
        for share in [0.4, 1.5] {
            let neuron = neuron(ratio);
            let neuron = LifParameters {
                reset: share * neuron.theta,
                ..neuron
            };
            let network = dense_network(&[3, 5, 2], &neuron, 11);
            let what = format!("reset = {share} theta, tau_m/tau_s = {ratio}");
            let compared = compare(engine, &network, &random_input(3, 1, 9, 12), &what);
            compared.assert_enough(10, &what);
        }
    }
}

/// Inputs so strong that neurons spike several times before the next one.
pub fn several_spikes_between_events(engine: &dyn Engine<f64>) {
    for ratio in RATIOS {
        let weights = must(Initialiser::uniform(2.0, 3.5), "bounds of weights");
        let neuron = LifParameters {
            max_spikes: 40,
            ..neuron(ratio)
        };
        let network = must(Network::new(2), "inputs of a network");
        let network = must(network.dense(3, &neuron, weights, 3), "a dense layer");
        let mut input = SpikeBatch::new(2);
        must(input.push_sample([(0.5, 0), (3.0, 1)]), "two events");
        let what = format!("several spikes between events, tau_m/tau_s = {ratio}");
        let mut runner = Runner::new(engine, &network);
        let spikes = runner.run(&input, WITH_INPUT).spikes[0].spikes();
        assert!(spikes >= 12, "{what}: only {spikes} spikes");
        compare(engine, &network, &input, &what).assert_enough(6, &what);
    }
}

/// Neurons that stop at their largest number of spikes.
pub fn at_max_spikes(engine: &dyn Engine<f64>) {
    for (ratio, max_spikes) in [(1.0, 1), (2.0, 2), (3.0, 1), (0.5, 2)] {
        let neuron = LifParameters {
            max_spikes,
            ..neuron(ratio)
        };
        let what = format!("max_spikes = {max_spikes}, tau_m/tau_s = {ratio}");
        let mut compared = Compared::default();
        for seed in 21..25 {
            let network = dense_network(&[3, 8, 3], &neuron, seed);
            let input = random_input(3, 1, 16, seed);
            let spikes = Runner::new(engine, &network).run(&input, WITH_INPUT).spikes;
            let counts = spikes[0].counts(0);
            assert!(
                counts.contains(&max_spikes),
                "{what}: no neuron reached it: {counts:?}"
            );
            let is_allowed = counts.iter().all(|&count| count <= max_spikes);
            assert!(is_allowed, "{what}: a neuron spiked more often: {counts:?}");
            compared.add(compare(engine, &network, &input, &what));
        }
        compared.assert_enough(30, &what);
    }
}

/// A convolution, pooling and a dense layer, with several windows, strides and paddings.
pub fn convolution(engine: &dyn Engine<f64>) {
    let mut compared = Compared::default();
    let windows = [(3, 1, 0), (3, 1, 1), (2, 2, 1), (4, 2, 2), (1, 1, 0)];
    for (index, (side, stride, padding)) in windows.into_iter().enumerate() {
        let window = Window {
            stride,
            padding,
            ..Window::square(side)
        };
        let ratio = RATIOS[index % RATIOS.len()];
        let network = image_network(window, &neuron(ratio), index as u64);
        let input = random_input(IMAGE.neurons(), 1, 25, 31 + index as u64);
        let what = format!("{window:?}, tau_m/tau_s = {ratio}");
        compared.add(compare(engine, &network, &input, &what));
    }
    compared.assert_enough(150, "convolutions");
}

/// Convolution, pooling, convolution with a window that is not square, dense.
pub fn convolutions_and_pooling(engine: &dyn Engine<f64>) {
    let mut compared = Compared::default();
    for ratio in RATIOS {
        let neuron = neuron(ratio);
        let filters = must(Initialiser::uniform(-0.3, 0.9), "bounds of weights");
        let window = Window {
            padding: 1,
            ..Window::square(3)
        };
        let network = must(Network::image(IMAGE), "the image of a network");
        let network = must(
            network.conv2d(2, window, &neuron, filters, 41),
            "a convolution",
        );
        let network = must(network.sum_pool2d(2), "pooling");
        let window = Window {
            height: 3,
            ..Window::square(2)
        };
        let network = must(
            network.conv2d(3, window, &neuron, filters, 42),
            "a convolution",
        );
        let network = must(network.dense(2, &neuron, filters, 43), "a dense layer");
        let input = random_input(IMAGE.neurons(), 1, 25, 44);
        let what = format!("conv, pool, conv, dense; tau_m/tau_s = {ratio}");
        compared.add(compare(engine, &network, &input, &what));
    }
    compared.assert_enough(150, "convolutions and pooling");
}

/// The gradient of a batch is the sum over its samples.
pub fn several_samples(engine: &dyn Engine<f64>) {
    let network = dense_network(&[3, 4, 2], &neuron(2.0), 51);
    let input = random_input(3, 5, 8, 52);
    let what = "a batch of 5 samples";
    compare(engine, &network, &input, what).assert_enough(20, what);
}
