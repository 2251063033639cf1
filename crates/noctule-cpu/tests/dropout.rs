//! Dropout: what training loses, evaluation makes up for, and gradients follow what was run.

mod support;

use noctule_core::{Initialiser, LayerError, LifParameters, SpikeBatch, SpikingLayer, Tensor};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use support::{Runner, alone, engine};

const NEURON: LifParameters = LifParameters {
    tau_m: 2.0,
    tau_s: 1.0,
    theta: 0.5,
    reset: 0.5,
    max_spikes: 5,
    t_max: 20.0,
};

const INPUTS: usize = 40;

fn weights() -> Tensor<f64> {
    let initialiser = Initialiser::uniform(-0.2, 0.6).unwrap();
    initialiser.draw(&[20, INPUTS], &mut ChaCha8Rng::seed_from_u64(1))
}

fn dense(weights: Tensor<f64>) -> SpikingLayer<f64> {
    SpikingLayer::dense(NEURON, weights).unwrap()
}

fn with_dropout(share: f64) -> SpikingLayer<f64> {
    dense(weights()).with_dropout(share).unwrap()
}

fn input() -> SpikeBatch<f64> {
    let mut input = SpikeBatch::new(INPUTS);
    for sample in 0..30 {
        let events = (0..2 * INPUTS).map(|i| (0.1 * i as f64, ((7 * i + sample) % INPUTS) as u32));
        input.push_sample(events).unwrap();
    }
    input
}

fn runner(layer: SpikingLayer<f64>) -> Runner<f64> {
    Runner::new(engine(), &alone(layer))
}

fn run(layer: &SpikingLayer<f64>, input: &SpikeBatch<f64>, seed: Option<u64>) -> SpikeBatch<f64> {
    runner(layer.clone()).forward(input, seed)
}

#[test]
fn evaluation_is_the_same_network_with_smaller_weights() {
    let smaller = weights()
        .as_slice()
        .iter()
        .map(|weight| 0.75 * weight)
        .collect();
    let smaller = dense(Tensor::new(&[20, INPUTS], smaller).unwrap());
    let ours = run(&with_dropout(0.25), &input(), None);
    let theirs = run(&smaller, &input(), None);
    assert_eq!(ours.neurons(), theirs.neurons());
    assert!(ours.spikes() > 100);
    for (a, b) in ours.times().iter().zip(theirs.times()) {
        assert!((a - b).abs() < 1e-9);
    }
}

#[test]
fn training_loses_the_share_and_whole_inputs() {
    // With as many outputs as inputs and one weight each, what is lost can be seen in the output.
    let mut identity = Tensor::zeros(&[INPUTS, INPUTS]);
    (0..INPUTS).for_each(|neuron| identity.as_mut_slice()[neuron * INPUTS + neuron] = 5.0);
    let layer = dense(identity).with_dropout(0.3).unwrap();
    let input = input();
    let output = run(&layer, &input, Some(11));
    let all = run(&layer, &input, None).counts(0);
    let mut lost = 0;
    for sample in 0..input.samples() {
        let counts = output.counts(sample);
        lost += counts.iter().filter(|&&count| count == 0).count();
    }
    assert!(all.iter().all(|&count| count > 0));
    let share = lost as f64 / (INPUTS * input.samples()) as f64;
    assert!((share - 0.3).abs() < 0.05, "{share}");
    assert_ne!(output, run(&layer, &input, Some(12)));
    assert_eq!(output, run(&layer, &input, Some(11)));
}

#[test]
fn gradients_are_those_of_the_inputs_that_were_seen() {
    let input = input();
    let mut thinned = runner(with_dropout(0.4));
    let output = thinned.forward(&input, Some(3));
    let d_times: Vec<f64> = (0..output.spikes()).map(|i| (i as f64).sin()).collect();
    let found = thinned.exact(&d_times);
    let d_input = &found.input_times;
    assert_eq!(d_input.len(), input.spikes());

    // The same events, chosen by hand: those with an error, and those whose loss changes nothing.
    let mut seen = SpikeBatch::new(INPUTS);
    let mut positions = Vec::new();
    for sample in 0..input.samples() {
        let is_lost = |neuron: u32| {
            let mut events = input.range(sample);
            events.all(|event| input.neurons()[event] != neuron || d_input[event] == 0.0)
        };
        let kept = input
            .range(sample)
            .filter(|&event| !is_lost(input.neurons()[event]));
        let kept: Vec<usize> = kept.collect();
        let events = kept
            .iter()
            .map(|&event| (input.times()[event], input.neurons()[event]));
        seen.push_sample(events).unwrap();
        positions.extend(kept);
    }
    let mut plain = runner(dense(weights()));
    assert_eq!(plain.forward(&seen, None), output);
    let expected = plain.exact(&d_times);
    assert_eq!(found.tensors, expected.tensors);
    assert_eq!(positions.len(), expected.input_times.len());
    for (position, d_seen) in positions.into_iter().zip(expected.input_times) {
        assert_eq!(d_input[position], d_seen);
    }
}

#[test]
fn shares_that_cannot_be() {
    for share in [-0.1, 1.0, f64::NAN] {
        let error = dense(weights()).with_dropout(share).unwrap_err();
        assert!(matches!(error, LayerError::Dropout { .. }), "{error}");
    }
}
