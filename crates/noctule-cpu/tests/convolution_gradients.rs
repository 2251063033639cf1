//! Gradients of convolutional networks against central differences.

mod support;

use noctule_core::{LifParameters, Network, Shape, SpikeBatch, SpikingLayer, Tensor, Window};
use support::{Runner, engine};

const NEURON: LifParameters = LifParameters {
    tau_m: 2.0,
    tau_s: 1.0,
    theta: 0.3,
    reset: 0.3,
    max_spikes: 4,
    t_max: 8.0,
};

/// conv, pool, conv, dense: the weights of the three layers with weights, and the events.
#[derive(Clone)]
struct Stack {
    window: Window,
    weights: [Vec<f64>; 3],
    events: Vec<(f64, u32)>,
}

const IMAGE: Shape = Shape {
    height: 6,
    width: 6,
    channels: 2,
};

/// The layers of the network that have weights.
const WITH_WEIGHTS: [usize; 3] = [0, 2, 3];

impl Stack {
    fn new(window: Window, seed: f64) -> Self {
        let wave = |length: usize, phase: f64| {
            let weight = |index| 0.35 + 0.6 * (1.7 * index as f64 + phase).sin();
            (0..length).map(weight).collect()
        };
        let per_filter = window.weights_per_filter(IMAGE);
        let events = (0..30).map(|index| {
            let neuron = (index * 29 + 7) % IMAGE.neurons();
            (0.13 * index as f64, neuron as u32)
        });
        let pooled = Self::pooled(window);
        Self {
            window,
            weights: [
                wave(3 * per_filter, seed),
                wave(2 * 3 * pooled.height * pooled.width.min(2), seed + 1.0),
                wave(2 * (pooled.width - pooled.width.min(2) + 1) * 2, seed + 2.0),
            ],
            events: events.collect(),
        }
    }

    fn pooled(window: Window) -> Shape {
        let (height, width) = window.positions(IMAGE).unwrap();
        Shape {
            height: height / 2,
            width: width / 2,
            channels: 3,
        }
    }

    fn network(&self) -> Network<f64> {
        let filters = |index: usize, outputs: usize, image: Shape, window: Window| {
            let shape = [outputs, window.height, window.width, image.channels];
            let weights = Tensor::new(&shape, self.weights[index].clone()).unwrap();
            SpikingLayer::conv2d(NEURON, image, window, weights).unwrap()
        };
        let network = Network::image(IMAGE).unwrap();
        let first = filters(0, 3, IMAGE, self.window);
        let network = network.layer(first).unwrap().sum_pool2d(2).unwrap();
        let pooled = network.output_shape();
        assert_eq!(pooled, Self::pooled(self.window));
        // A window as high as the image.
        let window = Window {
            height: pooled.height,
            width: pooled.width.min(2),
            ..Window::square(1)
        };
        let network = network.layer(filters(1, 2, pooled, window)).unwrap();
        let last = Tensor::new(&[2, network.outputs()], self.weights[2].clone()).unwrap();
        network
            .layer(SpikingLayer::dense(NEURON, last).unwrap())
            .unwrap()
    }

    fn input(&self) -> SpikeBatch<f64> {
        let mut input = SpikeBatch::new(IMAGE.neurons());
        input.push_sample(self.events.iter().copied()).unwrap();
        input
    }

    /// A loss that is linear in the spike times, and the number of spikes of each neuron of each layer.
    fn loss(&self) -> (f64, Vec<Vec<u32>>) {
        let mut runner = Runner::new(engine(), &self.network());
        let output = runner.forward(&self.input(), None);
        let loss = by_rank(&output).map(|(time, weight)| time * weight).sum();
        (
            loss,
            runner
                .spikes()
                .iter()
                .map(|layer| layer.counts(0))
                .collect(),
        )
    }
}

/// Time and weight in the loss of each output spike: weights differ by neuron and by rank among its spikes.
fn by_rank(output: &SpikeBatch<f64>) -> impl Iterator<Item = (f64, f64)> {
    let mut ranks = vec![0_u32; output.population()];
    let events = output.times().iter().zip(output.neurons());
    events.map(move |(&time, &neuron)| {
        let rank = &mut ranks[neuron as usize];
        *rank += 1;
        (time, 1.0 + 0.7 * f64::from(neuron) - 0.3 * f64::from(*rank))
    })
}

/// The central difference of the loss under `change`; `None` where a spike appears or vanishes.
fn difference(stack: &Stack, change: impl Fn(&mut Stack, f64)) -> Option<f64> {
    const STEP: f64 = 1e-6;
    let (_, counts) = stack.loss();
    let mut losses = [0.0; 2];
    for (loss, step) in losses.iter_mut().zip([-STEP, STEP]) {
        let mut changed = stack.clone();
        change(&mut changed, step);
        let (value, found) = changed.loss();
        if found != counts {
            return None;
        }
        *loss = value;
    }
    Some((losses[1] - losses[0]) / (2.0 * STEP))
}

#[test]
fn gradients_are_those_of_central_differences_for_every_stride_and_padding() {
    let mut compared = 0;
    for (side, stride, padding) in [(3, 1, 0), (3, 1, 1), (2, 2, 1), (4, 2, 2), (1, 1, 0)] {
        for seed in [0.3, 1.1, 2.9] {
            let window = Window {
                stride,
                padding,
                ..Window::square(side)
            };
            compared += compare(&Stack::new(window, seed));
        }
    }
    assert!(
        compared > 400,
        "only {compared} gradients could be compared"
    );
}

fn compare(stack: &Stack) -> usize {
    let mut runner = Runner::new(engine(), &stack.network());
    let output = runner.forward(&stack.input(), None);
    let d_times: Vec<f64> = by_rank(&output).map(|(_, weight)| weight).collect();
    let gradients = runner.exact(&d_times);
    let mut compared = 0;
    let mut agree = |found: f64, expected: Option<f64>, what: String| {
        let Some(expected) = expected else { return };
        let error = (found - expected).abs();
        assert!(
            error < 1e-4 * (1.0 + expected.abs()),
            "{what}: {found} {expected}"
        );
        compared += usize::from(expected != 0.0);
    };
    assert_eq!(gradients.tensors.len(), WITH_WEIGHTS.len());
    for (weights, layer) in WITH_WEIGHTS.into_iter().enumerate() {
        for (index, &found) in gradients
            .weights(layer)
            .unwrap()
            .as_slice()
            .iter()
            .enumerate()
        {
            let change = |stack: &mut Stack, step| stack.weights[weights][index] += step;
            let expected = difference(stack, change);
            agree(found, expected, format!("layer {layer}, weight {index}"));
        }
    }
    assert_eq!(gradients.input_times.len(), stack.events.len());
    for (index, found) in gradients.input_times.into_iter().enumerate() {
        // The first event is at 0, where there is no earlier.
        if index > 0 {
            let change = |stack: &mut Stack, step| stack.events[index].0 += step;
            agree(found, difference(stack, change), format!("input {index}"));
        }
    }
    compared
}
