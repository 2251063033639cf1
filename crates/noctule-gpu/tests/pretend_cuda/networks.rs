//! The networks of the cases, and their samples. All numbers are random, since kernels that do nothing compute nothing.

use std::sync::Arc;

use noctule_core::{
    Batch, Images, Initialiser, LatencyEncoding, Layer, LifParameters, Network, ParameterKind,
    Pixels, Shape, SpikeBatch, Window,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::cases::Outcome;

/// An image of MNIST.
const IMAGE: Shape = Shape {
    height: 28,
    width: 28,
    channels: 1,
};

/// A neuron with this ratio of `tau_m` and `tau_s`.
pub fn neuron(ratio: f64) -> LifParameters {
    LifParameters {
        tau_m: 0.010 * ratio,
        tau_s: 0.010,
        theta: 1.0,
        reset: 1.0,
        max_spikes: 30,
        t_max: 0.2,
    }
}

fn weights() -> Outcome<Initialiser> {
    Ok(Initialiser::uniform(-1.0, 1.0)?)
}

/// Dense layers of these sizes, inputs first; `dropout` is that of all layers.
pub fn dense(sizes: &[usize], ratio: f64, dropout: f64) -> Outcome<Network<f32>> {
    let mut network = Network::new(sizes[0])?;
    for (layer, &neurons) in sizes[1..].iter().enumerate() {
        network = network.dense(neurons, &neuron(ratio), weights()?, layer as u64)?;
    }
    for layer in network.layers_mut() {
        if let Some(spiking) = layer.spiking_mut() {
            *spiking = spiking.clone().with_dropout(dropout)?;
        }
    }
    Ok(network)
}

/// 784-800-10.
pub fn of_800(ratio: f64) -> Outcome<Network<f32>> {
    dense(&[784, 800, 10], ratio, 0.0)
}

/// 15C5-P2-40C5-P2-300-10 on images of 28 by 28.
pub fn convolutions(ratio: f64) -> Outcome<Network<f32>> {
    let neuron = neuron(ratio);
    Ok(Network::image(IMAGE)?
        .conv2d(15, Window::square(5), &neuron, weights()?, 1)?
        .sum_pool2d(2)?
        .conv2d(40, Window::square(5), &neuron, weights()?, 2)?
        .sum_pool2d(2)?
        .dense(300, &neuron, weights()?, 3)?
        .dense(10, &neuron, weights()?, 4)?)
}

/// The network with a threshold of its own for each neuron.
pub fn with_individual_thresholds(mut network: Network<f32>) -> Outcome<Network<f32>> {
    for layer in network.layers_mut() {
        if let Some(spiking) = layer.spiking_mut() {
            let neurons = 0..spiking.outputs();
            let thresholds = neurons.map(|neuron| 1.0 + neuron as f32).collect();
            *spiking = spiking
                .clone()
                .with_constants(ParameterKind::Theta, thresholds)?;
        }
    }
    Ok(network)
}

/// A convolution with stride and padding over a pooled image, and a dense layer.
pub fn strided_convolution() -> Outcome<Network<f32>> {
    let window = Window {
        stride: 2,
        padding: 1,
        ..Window::square(3)
    };
    Ok(Network::image(IMAGE)?
        .sum_pool2d(2)?
        .conv2d(150, window, &neuron(2.0), weights()?, 1)?
        .dense(10, &neuron(2.0), weights()?, 2)?)
}

/// Samples of 100 events each.
pub fn samples(network: &Network<f32>, samples: usize) -> Outcome<Batch<f32>> {
    let classes = network.outputs() as u32;
    let labels = (0..samples as u32).map(|sample| sample % classes).collect();
    let events = random_events(network.inputs(), samples, 100, 7)?;
    Ok(Batch::events(events, labels))
}

/// Images of 28 by 28 bytes, with a bias: 785 inputs.
pub fn images(samples: usize) -> Outcome<Batch<f32>> {
    let encoding = LatencyEncoding::new(0.0, 0.1)?.with_silent_zero(true);
    let images = Images {
        shape: IMAGE,
        pixels: Pixels::Bytes(Arc::new(vec![100; samples * IMAGE.neurons()])),
        encoding: encoding.with_bias(0.05)?,
    };
    Ok(Batch::images(images, vec![0; samples]))
}

fn random_events(
    population: usize,
    samples: usize,
    events: usize,
    seed: u64,
) -> Outcome<SpikeBatch<f32>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut batch = SpikeBatch::new(population);
    for _ in 0..samples {
        let mut times: Vec<f32> = (0..events).map(|_| random.random_range(0.0..0.1)).collect();
        times.sort_by(f32::total_cmp);
        let sample: Vec<(f32, u32)> = times
            .into_iter()
            .map(|time| (time, random.random_range(0..population as u32)))
            .collect();
        batch.push_sample(sample)?;
    }
    Ok(batch)
}

/// Spikes of each layer, as if they had been recorded.
pub fn recorded_spikes(network: &Network<f32>, samples: usize) -> Outcome<Vec<SpikeBatch<f32>>> {
    let mut layers: Vec<SpikeBatch<f32>> = Vec::new();
    for (index, layer) in network.layers().iter().enumerate() {
        let own = match (layer, layers.last()) {
            (Layer::SumPool2d(pool), Some(before)) => {
                let mut pooled = SpikeBatch::new(layer.outputs());
                pooled.relabel_from(before, layer.outputs(), |neuron| pool.pooled(neuron));
                pooled
            }
            _ => random_events(layer.outputs(), samples, 20, index as u64)?,
        };
        layers.push(own);
    }
    Ok(layers)
}
