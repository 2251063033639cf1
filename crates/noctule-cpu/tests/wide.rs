//! A wide layer, whose blocks are simulated side by side, against the same neurons in narrow layers, whose blocks are
//! simulated a few at a time.

mod support;

use noctule_core::{
    Engine, Initialiser, LifParameters, Network, Real, SpikeBatch, SpikingLayer, Tensor,
};
use noctule_cpu::CpuEngine;
use proptest::prelude::*;
use support::{Runner, alone, clipped, engine};

/// Enough for the wide pass, with a last block that is not full.
const NEURONS: usize = 205;
/// More blocks than a word of the set of candidates has bits.
const MANY_NEURONS: usize = 1100;
/// Few enough for the other pass.
const NARROW: usize = 41;
const INPUTS: usize = 40;

/// What a layer does: its spikes in each sample, the gradient of its weights `[output][input]`, and `dL/dt` of its inputs.
struct Run<T> {
    spikes: Vec<Vec<(T, u32)>>,
    d_weights: Vec<T>,
    d_input: Vec<T>,
}

/// An error on an output spike that only its neuron and its time decide.
fn error_of<T: Real>(time: T, neuron: usize) -> T {
    T::of((neuron as f64 + 10.0 * Real::to_f64(time)).sin())
}

fn run<T: Real>(
    parameters: &LifParameters,
    first: usize,
    weights: &[T],
    input: &SpikeBatch<T>,
) -> Run<T>
where
    CpuEngine: Engine<T>,
{
    let outputs = weights.len() / INPUTS;
    let weights = Tensor::new(&[outputs, INPUTS], weights.to_vec()).unwrap();
    let network = alone(SpikingLayer::dense(*parameters, weights).unwrap());
    let mut runner = Runner::new(engine(), &network);
    let output = runner.forward(input, None);
    let spikes = (0..output.samples()).map(|sample| {
        let sample = output.sample(sample);
        let neurons = sample.neurons.iter().map(|&neuron| neuron + first as u32);
        sample.times.iter().copied().zip(neurons).collect()
    });
    let spikes = spikes.collect::<Vec<Vec<_>>>();
    let of_spike = |&(time, neuron): &(T, u32)| error_of(time, neuron as usize);
    let d_times: Vec<T> = spikes.iter().flatten().map(of_spike).collect();
    let gradients = runner.backward(&d_times, &clipped(0.2));
    Run {
        spikes,
        d_weights: gradients.weights(0).unwrap().as_slice().to_vec(),
        d_input: gradients.input_times,
    }
}

fn agree<T: Real>(a: &[T], b: &[T], precision: f64) {
    let largest = b.iter().map(|b| Real::to_f64(*b).abs()).fold(1.0, f64::max);
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        let difference = (Real::to_f64(*a) - Real::to_f64(*b)).abs();
        assert!(difference <= precision * largest, "{a} and {b}");
    }
}

/// The spikes must be the same, bit for bit; gradients are summed in another order.
fn compare<T: Real>(
    parameters: &LifParameters,
    neurons: usize,
    seed: u64,
    mean: f64,
    times: &[Vec<f64>],
    precision: f64,
) -> usize
where
    CpuEngine: Engine<T>,
{
    let initialiser = Initialiser::normal(mean, 0.3).unwrap();
    let network = Network::<T>::new(INPUTS).unwrap();
    let network = network
        .dense(neurons, parameters, initialiser, seed)
        .unwrap();
    let weights = network.weights(0).unwrap().as_slice();
    let mut input = SpikeBatch::new(INPUTS);
    for (sample, times) in times.iter().enumerate() {
        let events = times.iter().enumerate();
        let events = events.map(|(n, &time)| (T::of(time), ((n * 7 + sample) % INPUTS) as u32));
        input.push_sample(events).unwrap();
    }
    let wide = run(parameters, 0, weights, &input);
    let mut narrow = Run {
        spikes: vec![Vec::new(); times.len()],
        d_weights: Vec::new(),
        d_input: vec![T::zero(); input.spikes()],
    };
    for (index, weights) in weights.chunks(NARROW * INPUTS).enumerate() {
        let part = run(parameters, index * NARROW, weights, &input);
        for (all, part) in narrow.spikes.iter_mut().zip(part.spikes) {
            all.extend(part);
        }
        narrow.d_weights.extend(part.d_weights);
        for (sum, part) in narrow.d_input.iter_mut().zip(part.d_input) {
            *sum += part;
        }
    }
    let by_time = |a: &(T, u32), b: &(T, u32)| a.partial_cmp(b).unwrap();
    let mut spikes = 0;
    for (mut wide, mut narrow) in wide.spikes.into_iter().zip(narrow.spikes) {
        assert!(wide.is_sorted_by(|a, b| a.0 <= b.0));
        // Of equal times, the order is not the same.
        wide.sort_by(by_time);
        narrow.sort_by(by_time);
        assert_eq!(wide, narrow);
        spikes += wide.len();
    }
    agree(&wide.d_weights, &narrow.d_weights, precision);
    agree(&wide.d_input, &narrow.d_input, precision);
    spikes
}

fn parameters(reset: f64, max_spikes: u32) -> LifParameters {
    LifParameters {
        tau_m: 2.0,
        tau_s: 1.0,
        theta: 1.0,
        reset,
        max_spikes,
        t_max: 6.0,
    }
}

/// Sorted times on a grid, so that many inputs come at one instant, some of them late.
fn times() -> impl Strategy<Value = Vec<f64>> {
    proptest::collection::vec(0..28_u32, 0..60).prop_map(|mut steps| {
        steps.sort_unstable();
        let times = steps.into_iter().map(|step| 0.25 * f64::from(step));
        times.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_wide_layer_is_its_neurons(
        seed: u64,
        mean in -0.1..0.4,
        reset in 0.5..1.5,
        max_spikes in prop_oneof![Just(1_u32), Just(3), Just(30)],
        times in proptest::collection::vec(times(), 1..4),
    ) {
        let parameters = parameters(reset, max_spikes);
        compare::<f32>(&parameters, NEURONS, seed, mean, &times, 1e-4);
        compare::<f64>(&parameters, NEURONS, seed, mean, &times, 1e-11);
    }
}

#[test]
fn bursts_of_all_sizes_are_in_order() {
    // Inputs at one instant only: all spikes are in one interval, more than are sorted at once.
    let once = [vec![0.5; INPUTS]];
    let many = compare::<f32>(&parameters(1.0, 30), NEURONS, 3, 0.3, &once, 1e-4);
    assert!(many > 200, "{many}");
    // Spread out, most intervals have a few.
    let times = (0..INPUTS).map(|n| 0.1 * n as f64).collect();
    let few = compare::<f32>(&parameters(1.0, 30), NEURONS, 3, 0.05, &[times], 1e-4);
    assert!(few > 50, "{few}");
}

#[test]
fn a_very_wide_layer_is_its_neurons_too() {
    let times = (0..INPUTS).map(|n| 0.1 * n as f64).collect();
    let spikes = compare::<f32>(&parameters(1.0, 30), MANY_NEURONS, 5, 0.05, &[times], 1e-4);
    assert!(spikes > 500, "{spikes}");
}
