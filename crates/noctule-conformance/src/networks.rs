//! The networks of the published experiments, for tests and measurements of engines.

use noctule_core::{Initialiser, LifParameters, Network, Real, Shape, Window};

use crate::harness::must;

/// An image of MNIST.
pub const IMAGE: Shape = Shape {
    height: 28,
    width: 28,
    channels: 1,
};

fn neuron(theta: f64, max_spikes: u32) -> LifParameters {
    LifParameters {
        tau_m: 0.26,
        tau_s: 0.13,
        theta,
        reset: theta,
        max_spikes,
        t_max: 0.2,
    }
}

fn uniform(bound: f64) -> Initialiser {
    must(Initialiser::uniform(-bound, bound), "bounds of weights")
}

/// 784-800-10, as the preset `mnist-count` begins.
pub fn mnist_count<T: Real>() -> Network<T> {
    let network = must(Network::image(IMAGE), "the image of a network");
    let network = network.dense(800, &neuron(0.2, 30), uniform(1.0), 0);
    let network = must(network, "a dense layer");
    must(
        network.dense(10, &neuron(1.3, 30), uniform(0.4), 1),
        "a dense layer",
    )
}

/// 15C5-P2-40C5-P2-300-10, as the preset `mnist-conv` begins.
pub fn mnist_conv<T: Real>() -> Network<T> {
    let window = Window::square(5);
    let network = must(Network::image(IMAGE), "the image of a network");
    let network = network.conv2d(15, window, &neuron(0.04, 1), uniform(1.0), 0);
    let network = must(must(network, "a convolution").sum_pool2d(2), "pooling");
    let network = network.conv2d(40, window, &neuron(0.8, 3), uniform(1.0), 1);
    let network = must(must(network, "a convolution").sum_pool2d(2), "pooling");
    let network = network.dense(300, &neuron(0.6, 10), uniform(1.0), 2);
    must(
        must(network, "a dense layer").dense(10, &neuron(0.3, 30), uniform(1.0), 3),
        "a dense layer",
    )
}
