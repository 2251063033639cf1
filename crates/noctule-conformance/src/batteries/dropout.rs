//! Dropout: what training loses, evaluation makes up for, and gradients follow what was run.

use noctule_core::{
    Engine, Initialiser, LifParameters, Network, Pass, Real, SpikeBatch, SpikingLayer, Tensor,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::harness::{
    Runner, assert_close, assert_spikes_close, assert_tensors_close, by_precision, must, neuron,
    one_to_one, random_input, to_f64,
};

const INPUTS: usize = 40;

fn long_neuron() -> LifParameters {
    LifParameters {
        t_max: 20.0,
        ..neuron(2.0)
    }
}

/// Weights of 20 neurons, scaled.
fn weights<T: Real>(scale: f64) -> Tensor<T> {
    let initialiser = must(Initialiser::uniform(-0.1, 0.3), "bounds of weights");
    let mut weights = initialiser.draw(&[20, INPUTS], &mut ChaCha8Rng::seed_from_u64(131));
    for weight in weights.as_mut_slice() {
        *weight *= T::of(scale);
    }
    weights
}

fn network<T: Real>(weights: Tensor<T>, share: f64) -> Network<T> {
    let layer = must(SpikingLayer::dense(long_neuron(), weights), "a dense layer");
    let layer = must(layer.with_dropout(share), "dropout");
    let network = must(Network::new(INPUTS), "inputs of a network");
    must(network.layer(layer), "adding a layer")
}

fn training(seed: u64) -> Pass {
    Pass {
        dropout: Some(seed),
        ..Pass::default()
    }
}

/// Evaluation sees all inputs with weights that are smaller by `1 - share`.
pub fn evaluation_sees_all_inputs<T: Real>(engine: &dyn Engine<T>) {
    let input = random_input(INPUTS, 10, 80, 132);
    let run = |network| Runner::new(engine, &network).run(&input, Pass::default());
    let found = run(network::<T>(weights(1.0), 0.25));
    let expected = run(network(weights(0.75), 0.0));
    assert!(found.spikes[0].spikes() > 100, "too few spikes");
    let allowed = by_precision::<T>(1e-9, 1e-3);
    assert_spikes_close(
        &found.spikes[0],
        &expected.spikes[0],
        allowed,
        "evaluation with dropout",
    );
    assert_close(
        &found.input_times,
        &to_f64(&expected.input_times),
        by_precision::<T>(1e-8, 1e-2),
        "input times in evaluation with dropout",
    );
}

/// The fraction of neurons that are silent in a sample.
fn silent_fraction<T: Real>(batch: &SpikeBatch<T>) -> f64 {
    let samples = 0..batch.samples();
    let silent = |sample| {
        batch
            .counts(sample)
            .into_iter()
            .filter(|&count| count == 0)
            .count()
    };
    samples.map(silent).sum::<usize>() as f64 / (batch.samples() * batch.population()) as f64
}

/// Each sample loses its share of the inputs, each with all of its events; another seed loses others, and another layer
/// loses others.
pub fn training_loses_whole_inputs<T: Real>(engine: &dyn Engine<T>) {
    let mut network = must(Network::new(INPUTS), "inputs of a network");
    for _ in 0..2 {
        let layer = must(
            one_to_one::<T>(INPUTS, &long_neuron()).with_dropout(0.3),
            "dropout",
        );
        network = must(network.layer(layer), "adding a layer");
    }
    let mut input = SpikeBatch::new(INPUTS);
    for _ in 0..60 {
        let events =
            (0..2 * INPUTS).map(|event| (T::of(0.1 * event as f64), (event % INPUTS) as u32));
        must(input.push_sample(events), "two events of each input");
    }
    let mut runner = Runner::new(engine, &network);
    let mut spikes = |pass| {
        runner.forward(&input, pass);
        runner.spikes()
    };
    let all = spikes(Pass::default());
    assert_eq!(silent_fraction(&all[1]), 0.0, "evaluation loses inputs");
    let lost = spikes(training(1));
    for (layer, expected) in [(0, 0.3), (1, 1.0 - 0.7 * 0.7)] {
        let found = silent_fraction(&lost[layer]);
        assert!(
            (found - expected).abs() < 0.04,
            "layer {layer} loses {found}, not {expected}"
        );
    }
    // An input that is seen is seen with both of its events.
    let counts = (0..60).flat_map(|sample| lost[0].counts(sample));
    let mut seen: Vec<u32> = counts.filter(|&count| count > 0).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 1, "inputs that are seen give {seen:?} spikes");
    assert_ne!(
        lost[0],
        spikes(training(2))[0],
        "another seed loses the same inputs"
    );
    assert_eq!(
        lost[0],
        spikes(training(1))[0],
        "the same seed loses other inputs"
    );
    let (first, second) = (input.subset(&[0]), input.subset(&[1]));
    assert_eq!(first.times(), second.times());
    assert_ne!(
        lost[0].counts(0),
        lost[0].counts(1),
        "all samples lose the same inputs"
    );
}

/// The gradient is that of a network without dropout on the events that were seen.
pub fn gradients_are_those_of_the_inputs_that_were_seen<T: Real>(engine: &dyn Engine<T>) {
    let input = random_input::<T>(INPUTS, 12, 80, 133);
    let dropping = network::<T>(weights(1.5), 0.4);
    let found = Runner::new(engine, &dropping).run(&input, training(3));
    // The events that were seen: all inputs with a gradient, and no other that matters.
    let mut seen = SpikeBatch::new(INPUTS);
    let mut kept = Vec::new();
    for sample in 0..input.samples() {
        let events: Vec<usize> = input.range(sample).collect();
        let has_gradient = |neuron: u32| {
            let mut own = events
                .iter()
                .filter(|&&event| input.neurons()[event] == neuron);
            own.any(|&event| found.input_times[event] != T::zero())
        };
        let chosen: Vec<usize> = events
            .iter()
            .copied()
            .filter(|&event| has_gradient(input.neurons()[event]))
            .collect();
        let spikes = chosen
            .iter()
            .map(|&event| (input.times()[event], input.neurons()[event]));
        must(seen.push_sample(spikes), "the events that were seen");
        kept.extend(chosen);
    }
    assert!(
        2 * kept.len() < 2 * input.spikes() && !kept.is_empty(),
        "nothing was lost"
    );
    let plain = network::<T>(weights(1.5), 0.0);
    let expected = Runner::new(engine, &plain).run(&seen, Pass::default());
    let allowed = by_precision::<T>(1e-9, 1e-3);
    assert_spikes_close(
        &found.spikes[0],
        &expected.spikes[0],
        allowed,
        "the inputs that were seen",
    );
    assert_tensors_close(&found.gradient, &expected.gradient, allowed, "the gradient");
    let own: Vec<T> = kept.iter().map(|&event| found.input_times[event]).collect();
    assert_close(
        &own,
        &to_f64(&expected.input_times),
        allowed,
        "the input times",
    );
}

/// Parts of a batch that say where they begin lose what the whole batch loses.
pub fn parts_of_a_batch_lose_the_same_inputs<T: Real>(engine: &dyn Engine<T>) {
    let network = network::<T>(weights(1.5), 0.4);
    let input = random_input(INPUTS, 30, 80, 134);
    let mut runner = Runner::new(engine, &network);
    runner.forward(&input, training(4));
    let whole = runner.output();
    for range in [0..11_u32, 11..30, 29..30] {
        let samples: Vec<u32> = range.clone().collect();
        let pass = Pass {
            first_sample: range.start as usize,
            ..training(4)
        };
        runner.forward(&input.subset(&samples), pass);
        let allowed = by_precision::<T>(1e-12, 1e-5);
        let what = format!("samples {range:?}");
        assert_spikes_close(&runner.output(), &whole.subset(&samples), allowed, &what);
    }
}
