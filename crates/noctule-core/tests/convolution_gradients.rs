//! Gradients of convolutional networks against central differences.

use noctule_core::{
    Activity, Conv2d, Dense, Guards, Lif, LifParameters, Network, Shape, SpikeBatch, Weights,
    Window,
};

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

impl Stack {
    fn new(window: Window, seed: f64) -> Self {
        let wave = |length: usize, phase: f64| {
            let weight = |index| 0.35 + 0.6 * (1.7 * index as f64 + phase).sin();
            (0..length).map(weight).collect()
        };
        let per_filter = Conv2d::<f64>::weights_per_filter(IMAGE, window);
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
        let (height, width) = window.places(IMAGE).unwrap();
        Shape {
            height: height / 2,
            width: width / 2,
            channels: 3,
        }
    }

    fn network(&self) -> Network<f64> {
        let neuron = Lif::new(&NEURON).unwrap();
        let filter = |index: usize, outputs: usize| {
            let weights = &self.weights[index];
            Weights::from_rows(outputs, weights.len() / outputs, weights).unwrap()
        };
        let network = Network::image(IMAGE).unwrap();
        let first = Conv2d::new(neuron, IMAGE, self.window, filter(0, 3)).unwrap();
        let network = network.layer(first).unwrap().sum_pool2d(2).unwrap();
        let pooled = network.output_shape();
        // A window as high as the image.
        let window = Window {
            height: pooled.height,
            width: pooled.width.min(2),
            ..Window::square(1)
        };
        let second = Conv2d::new(neuron, pooled, window, filter(1, 2)).unwrap();
        let network = network.layer(second).unwrap();
        network
            .layer(Dense::new(neuron, filter(2, 2)).unwrap())
            .unwrap()
    }

    fn input(&self) -> SpikeBatch<f64> {
        let mut input = SpikeBatch::new(IMAGE.neurons());
        input.push_sample(self.events.iter().copied()).unwrap();
        input
    }

    /// A loss that is linear in the spike times, and the number of spikes of each layer.
    fn loss(&self) -> (f64, Vec<Vec<u32>>) {
        let mut activity = Activity::new();
        let output = self
            .network()
            .forward(&self.input(), &mut activity)
            .unwrap()
            .clone();
        let loss = by_rank(&output).map(|(time, weight)| time * weight).sum();
        (
            loss,
            activity.layers().map(|layer| layer.counts(0)).collect(),
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
    let network = stack.network();
    let mut activity = Activity::new();
    let output = network.forward(&stack.input(), &mut activity).unwrap();
    let d_times = by_rank(output).map(|(_, weight)| weight).collect();
    let mut gradient = network.zero_gradient();
    let guards = Guards::default();
    let d_input = network.backward(&mut activity, d_times, &guards, &mut gradient, true);
    let d_input = d_input.unwrap().unwrap();
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
    for (layer, found) in gradient.weights_mut().enumerate() {
        for (index, found) in found.to_rows().into_iter().enumerate() {
            let change = |stack: &mut Stack, step| stack.weights[layer][index] += step;
            let expected = difference(stack, change);
            agree(found, expected, format!("layer {layer}, weight {index}"));
        }
    }
    for (index, found) in d_input.into_iter().enumerate() {
        // The first event is at 0, where there is no earlier.
        if index > 0 {
            let change = |stack: &mut Stack, step| stack.events[index].0 += step;
            agree(found, difference(stack, change), format!("input {index}"));
        }
    }
    compared
}
