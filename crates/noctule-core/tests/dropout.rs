//! Dropout: what training loses, evaluation makes up for, and gradients follow what was run.

use noctule_core::{
    Dense, DropoutError, Initialiser, Lif, LifParameters, SpikeBatch, Tape, TimeErrors, Weights,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const NEURON: LifParameters = LifParameters {
    tau_m: 2.0,
    tau_s: 1.0,
    theta: 0.5,
    reset: 0.5,
    max_spikes: 5,
    t_max: 20.0,
};

const INPUTS: usize = 40;

fn weights() -> Weights<f64> {
    let mut weights = Weights::zeros(20, INPUTS);
    let initialiser = Initialiser::uniform(-0.2, 0.6).unwrap();
    initialiser.fill(&mut weights, &mut ChaCha8Rng::seed_from_u64(1));
    weights
}

fn layer(share: f64) -> Dense<f64> {
    let dense = Dense::new(Lif::new(&NEURON).unwrap(), weights()).unwrap();
    dense.with_dropout(share).unwrap()
}

fn input() -> SpikeBatch<f64> {
    let mut input = SpikeBatch::new(INPUTS);
    for sample in 0..30 {
        let events = (0..2 * INPUTS).map(|i| (0.1 * i as f64, ((7 * i + sample) % INPUTS) as u32));
        input.push_sample(events).unwrap();
    }
    input
}

fn run(layer: &Dense<f64>, input: &SpikeBatch<f64>, seed: Option<u64>) -> Tape<f64> {
    let mut tape = Tape::new();
    tape.set_dropout(seed);
    layer.forward(input, &mut tape).unwrap();
    tape
}

#[test]
fn evaluation_is_the_same_network_with_smaller_weights() {
    let smaller: Vec<f64> = weights()
        .to_rows()
        .iter()
        .map(|weight| 0.75 * weight)
        .collect();
    let smaller = Weights::from_rows(20, INPUTS, &smaller).unwrap();
    let smaller = Dense::new(Lif::new(&NEURON).unwrap(), smaller).unwrap();
    let (ours, theirs) = (
        run(&layer(0.25), &input(), None),
        run(&smaller, &input(), None),
    );
    assert_eq!(ours.output().neurons(), theirs.output().neurons());
    assert!(ours.output().spikes() > 100);
    for (a, b) in ours.output().times().iter().zip(theirs.output().times()) {
        assert!((a - b).abs() < 1e-9);
    }
}

#[test]
fn training_loses_the_share_and_whole_inputs() {
    // With as many outputs as inputs and one weight each, what is lost can be seen in the output.
    let mut identity = Weights::zeros(INPUTS, INPUTS);
    (0..INPUTS).for_each(|neuron| identity.set(neuron, neuron, 5.0));
    let dense = Dense::new(Lif::new(&NEURON).unwrap(), identity).unwrap();
    let dense = dense.with_dropout(0.3).unwrap();
    let input = input();
    let output = run(&dense, &input, Some(11)).output().clone();
    let all = run(&dense, &input, None).output().counts(0);
    let mut lost = 0;
    for sample in 0..input.samples() {
        let counts = output.counts(sample);
        lost += counts.iter().filter(|&&count| count == 0).count();
    }
    assert!(all.iter().all(|&count| count > 0));
    let share = lost as f64 / (INPUTS * input.samples()) as f64;
    assert!((share - 0.3).abs() < 0.05, "{share}");
    assert_ne!(output, *run(&dense, &input, Some(12)).output());
    assert_eq!(output, *run(&dense, &input, Some(11)).output());
}

#[test]
fn gradients_are_those_of_the_inputs_that_were_seen() {
    let (layer, input) = (layer(0.4), input());
    let mut tape = run(&layer, &input, Some(3));
    let d_times: Vec<f64> = (0..tape.output().spikes())
        .map(|i| (i as f64).sin())
        .collect();
    let mut gradient = Weights::zeros(20, INPUTS);
    let errors = TimeErrors::exact(&d_times);
    let d_input = layer
        .backward(&mut tape, errors, &mut gradient, true)
        .unwrap()
        .unwrap();
    assert_eq!(d_input.len(), input.spikes());

    // The same events, chosen by hand: those with an error, and those whose loss changes nothing.
    let plain = Dense::new(Lif::new(&NEURON).unwrap(), weights()).unwrap();
    let mut seen = SpikeBatch::new(INPUTS);
    let mut places = Vec::new();
    for sample in 0..input.samples() {
        let lost = |neuron: u32| {
            let of_neuron = input
                .range(sample)
                .filter(|&event| input.neurons()[event] == neuron);
            of_neuron.clone().all(|event| d_input[event] == 0.0)
        };
        let kept: Vec<usize> = input
            .range(sample)
            .filter(|&event| !lost(input.neurons()[event]))
            .collect();
        let events = kept
            .iter()
            .map(|&event| (input.times()[event], input.neurons()[event]));
        seen.push_sample(events).unwrap();
        places.extend(kept);
    }
    let mut chosen = run(&plain, &seen, None);
    assert_eq!(chosen.output(), tape.output());
    let mut expected = Weights::zeros(20, INPUTS);
    let errors = TimeErrors::exact(&d_times);
    let d_seen = plain
        .backward(&mut chosen, errors, &mut expected, true)
        .unwrap()
        .unwrap();
    assert_eq!(gradient, expected);
    for (place, d_seen) in places.into_iter().zip(d_seen) {
        assert_eq!(d_input[place], d_seen);
    }
}

#[test]
fn shares_that_cannot_be() {
    for share in [-0.1, 1.0, f64::NAN] {
        let dense = Dense::new(Lif::new(&NEURON).unwrap(), weights()).unwrap();
        let error = dense.with_dropout(share).unwrap_err();
        assert!(matches!(error, DropoutError::Share { .. }), "{error}");
    }
}
