//! Networks to write and read.

pub mod graphs;

use noctule_core::{
    LifParameters, Network, ParameterKind, Real, Shape, SpikingLayer, SumPool2d, Tensor, Window,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub const NEURON: LifParameters = LifParameters {
    tau_m: 0.0237,
    tau_s: 0.0091,
    theta: 1.3,
    reset: 1.3,
    max_spikes: 7,
    t_max: 0.123,
};

pub struct Random(ChaCha8Rng);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    pub fn values<T: Real>(&mut self, count: usize, low: f64, high: f64) -> Vec<T> {
        (0..count)
            .map(|_| T::of(self.0.random_range(low..high)))
            .collect()
    }

    pub fn dense<T: Real>(
        &mut self,
        neuron: LifParameters,
        outputs: usize,
        inputs: usize,
    ) -> SpikingLayer<T> {
        let weights = self.values(outputs * inputs, -30.0, 120.0);
        SpikingLayer::dense(neuron, Tensor::new(&[outputs, inputs], weights).unwrap()).unwrap()
    }

    pub fn conv<T: Real>(
        &mut self,
        neuron: LifParameters,
        input: Shape,
        filters: usize,
        window: Window,
    ) -> SpikingLayer<T> {
        let shape = [filters, window.height, window.width, input.channels];
        let weights = self.values(shape.iter().product(), -30.0, 120.0);
        SpikingLayer::conv2d(neuron, input, window, Tensor::new(&shape, weights).unwrap()).unwrap()
    }

    /// A layer whose neurons differ in all constants.
    pub fn with_own_constants<T: Real>(&mut self, mut layer: SpikingLayer<T>) -> SpikingLayer<T> {
        let count = layer.outputs();
        for (kind, low, high) in [
            (ParameterKind::Theta, 0.7, 1.9),
            (ParameterKind::Reset, 0.2, 1.9),
            (ParameterKind::TauM, 0.01, 0.03),
            (ParameterKind::TauS, 0.005, 0.015),
        ] {
            let values = self.values(count, low, high);
            layer = layer.with_constants(kind, values).unwrap();
        }
        layer
    }
}

/// Two dense layers.
pub fn dense<T: Real>(seed: u64) -> Network<T> {
    let mut random = Random::new(seed);
    let output = LifParameters {
        theta: 0.7,
        reset: 0.45,
        max_spikes: 30,
        ..NEURON
    };
    Network::new(5)
        .unwrap()
        .layer(random.dense::<T>(NEURON, 8, 5))
        .unwrap()
        .layer(random.dense::<T>(output, 3, 8))
        .unwrap()
}

/// Convolution, pooling, convolution with stride and padding, pooling, dense with dropout, dense.
pub fn convolutional<T: Real>(seed: u64) -> Network<T> {
    let mut random = Random::new(seed);
    let image = Shape {
        height: 10,
        width: 12,
        channels: 2,
    };
    let first = random.conv(NEURON, image, 3, Window::square(3));
    let pooled = Shape {
        height: 4,
        width: 5,
        channels: 3,
    };
    let window = Window {
        height: 2,
        width: 3,
        stride: 1,
        padding: 1,
    };
    let second = random.conv(NEURON, pooled, 4, window);
    let network = Network::image(image).unwrap();
    let network = network.layer(first).unwrap().sum_pool2d(2).unwrap();
    let network = network.layer(second).unwrap();
    assert_eq!(
        network.output_shape(),
        Shape {
            height: 5,
            width: 5,
            channels: 4
        }
    );
    let network = network.sum_pool2d(5).unwrap();
    let dense = random.dense::<T>(NEURON, 6, 4).with_dropout(0.3).unwrap();
    let network = network.layer(dense).unwrap();
    network.layer(random.dense::<T>(NEURON, 2, 6)).unwrap()
}

/// As [`convolutional`], with pooled images that are larger than a pixel where the list begins, and a constant of its own for
/// each neuron.
pub fn individual<T: Real>(seed: u64) -> Network<T> {
    let mut random = Random::new(seed);
    let image = Shape {
        height: 6,
        width: 8,
        channels: 2,
    };
    let conv = random.conv::<T>(
        NEURON,
        image,
        3,
        Window {
            stride: 1,
            padding: 1,
            ..Window::square(3)
        },
    );
    let conv = random.with_own_constants(conv);
    let network = Network::image(image).unwrap().layer(conv).unwrap();
    let network = network
        .layer(SumPool2d::new(image_of(3), 2).unwrap())
        .unwrap();
    let dense = random.dense::<T>(NEURON, 6, 36);
    let dense = random.with_own_constants(dense);
    network.layer(dense).unwrap()
}

fn image_of(channels: usize) -> Shape {
    Shape {
        height: 6,
        width: 8,
        channels,
    }
}
