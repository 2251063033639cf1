//! What several processes rely on.

use noctule_core::{
    Engine, LayerRegularisation, Loss, Metrics, Network, Pass, Real, Regularisation,
    SessionOptions, Sgd, SpikeBatch, SpikeCount, TensorGroup, TensorName, Tensors, shard,
};

use crate::harness::{
    Runner, assert_tensors_close, by_precision, dense_network, must, neuron, one_to_one,
    random_input, ranked_errors,
};
use crate::refused::{self, refused};

const LOSS: SpikeCount = SpikeCount {
    target_true: 4.0,
    target_false: 1.0,
};

fn network<T: Real>() -> Network<T> {
    dense_network(&[4, 9, 3], &neuron(2.0), 251)
}

fn open<T: Real>(engine: &dyn Engine<T>) -> Runner<T> {
    open_network(engine, &network())
}

fn open_network<T: Real>(engine: &dyn Engine<T>, network: &Network<T>) -> Runner<T> {
    let options = SessionOptions {
        optimiser: Sgd::default().into(),
        ..SessionOptions::default()
    };
    Runner::with_options(engine, network, &options)
}

/// Loads samples of a batch of ten, evaluates a loss and goes back.
fn learn<T: Real>(runner: &mut Runner<T>, samples: std::ops::Range<usize>, weight: f64) {
    let indices: Vec<u32> = samples.clone().map(|sample| sample as u32).collect();
    let input = random_input(4, 10, 10, 252).subset(&indices);
    let labels: Vec<u32> = indices.iter().map(|sample| sample % 3).collect();
    runner.load(&input, &labels);
    let pass = Pass {
        first_sample: samples.start,
        ..Pass::default()
    };
    must(runner.session.forward(pass), "a forward pass");
    must(runner.session.loss(&Loss::from(LOSS)), "a loss");
    must(
        runner.session.backward(&Regularisation::default(), weight),
        "a backward pass",
    );
}

/// The gradients of the shards of a batch, weighted, add up to that of the whole batch.
pub fn parts_add_up_to_the_whole<T: Real>(engine: &dyn Engine<T>) {
    let mut whole = open(engine);
    learn(&mut whole, 0..10, 1.0);
    let mut sum: Option<Tensors<T>> = None;
    for rank in 0..3 {
        let own = shard(10, rank, 3);
        let weight = own.len() as f64 / 10.0;
        let mut part = open(engine);
        learn(&mut part, own, weight);
        let gradient = part.gradient();
        let Some(sum) = &mut sum else {
            sum = Some(gradient);
            continue;
        };
        for (sum, own) in sum.values_mut().zip(gradient.values()) {
            let pairs = sum.as_mut_slice().iter_mut().zip(own.as_slice());
            pairs.for_each(|(sum, &own)| *sum += own);
        }
    }
    let allowed = by_precision::<T>(1e-11, 1e-4);
    let sum = sum.unwrap_or_default();
    assert_tensors_close(&sum, &whole.gradient(), allowed, "the sum over three ranks");
}

/// Tensors are shown and may be changed; a step changes the rank's shard alone; metrics are summed.
pub fn exchanged_tensors_and_metrics<T: Real>(engine: &dyn Engine<T>) {
    let mut runner = open(engine);
    learn(&mut runner, 0..10, 1.0);
    let mut doubled = runner.gradient();
    for value in doubled
        .values_mut()
        .flat_map(|tensor| tensor.as_mut_slice())
    {
        *value *= T::of(2.0);
    }
    let mut double = |values: &mut [T]| values.iter_mut().for_each(|value| *value *= T::of(2.0));
    must(
        runner.session.exchange(TensorGroup::Gradient, &mut double),
        "exchanging the gradient",
    );
    assert!(
        runner.gradient() == doubled,
        "an exchanged gradient is not as it was changed"
    );

    let shown = |runner: &mut Runner<T>| {
        let mut tensors: Vec<Vec<T>> = Vec::new();
        let mut visit = |values: &mut [T]| tensors.push(values.to_vec());
        let exchanged = runner.session.exchange(TensorGroup::Parameters, &mut visit);
        must(exchanged, "exchanging the parameters");
        tensors
    };
    must(runner.session.set_shard(1, 3), "rank 1 of 3");
    let before = shown(&mut runner);
    must(runner.session.step(0.1, None), "a step");
    let after = shown(&mut runner);
    for (before, after) in before.iter().zip(&after) {
        let own = shard(before.len(), 1, 3);
        for (index, (before, after)) in before.iter().zip(after).enumerate() {
            assert!(
                own.contains(&index) || before == after,
                "value {index} is not of the shard"
            );
        }
        assert!(
            before[own.clone()] != after[own],
            "the own shard did not change"
        );
    }

    let mut runner = open(engine);
    let labels: Vec<u32> = (0..10).map(|sample| sample % 3).collect();
    let input = random_input(4, 10, 10, 252);
    let mut losses = Vec::new();
    for factor in [1.0, 2.0] {
        runner.load(&input, &labels);
        must(runner.session.forward(Pass::default()), "a forward pass");
        must(runner.session.loss(&Loss::from(LOSS)), "a loss");
        let mut visit = |values: &mut [f64]| values.iter_mut().for_each(|value| *value *= factor);
        must(
            runner.session.exchange_metrics(&mut visit),
            "exchanging metrics",
        );
        must(
            runner.session.backward(&Regularisation::default(), 1.0),
            "a backward pass",
        );
        let mut metrics = Metrics::new(&network::<T>());
        must(runner.session.take_metrics(&mut metrics), "taking metrics");
        assert_eq!(
            metrics.samples(),
            (10.0 * factor) as u64,
            "the samples of all ranks"
        );
        losses.push((metrics.loss(), metrics.accuracy()));
    }
    assert_eq!(
        losses[0], losses[1],
        "means over ranks that measure the same"
    );
}

/// A rank that does not exist is refused, and the session stays that of a single process.
pub fn ranks_that_do_not_exist<T: Real>(engine: &dyn Engine<T>) {
    let (mut runner, mut plain) = (open(engine), open(engine));
    for (rank, ranks) in [(3, 3), (0, 0), (5, 2)] {
        let set = runner.session.set_shard(rank, ranks);
        refused(set, refused::shard, &format!("rank {rank} of {ranks}"));
    }
    for runner in [&mut runner, &mut plain] {
        learn(runner, 0..10, 1.0);
        must(runner.session.step(0.1, Some(0.5)), "a step");
    }
    let expected = plain.read(TensorGroup::Parameters);
    assert!(
        runner.read(TensorGroup::Parameters) == expected,
        "errors leave a trace"
    );
}

/// The silent boosts of the two layers.
const BOOSTS: [f64; 2] = [0.25, 0.5];

/// Goes back as one of two ranks whose other rank has no spikes of other neurons; returns the spikes of each layer.
fn learn_as_rank<T: Real>(
    runner: &mut Runner<T>,
    input: &SpikeBatch<T>,
    regularisation: &Regularisation,
) -> Vec<SpikeBatch<T>> {
    must(runner.session.set_shard(0, 2), "rank 0 of 2");
    runner.forward(input, Pass::default());
    let d_times = ranked_errors(&runner.output());
    let set = runner.session.set_time_gradients(&d_times, 0.0, &[]);
    must(set, "setting the gradients of the output times");
    let exchanged = runner.session.exchange_metrics(&mut |_| ());
    must(exchanged, "exchanging metrics");
    let back = runner.session.backward(regularisation, 0.5);
    must(back, "a backward pass");
    runner.spikes()
}

/// Shows the gradient to the other rank, takes a step, and returns the parameters.
fn step_as_rank<T: Real>(runner: &mut Runner<T>) -> Tensors<T> {
    let gradient = TensorGroup::Gradient;
    let exchanged = runner.session.exchange(gradient, &mut |_| ());
    must(exchanged, "exchanging the gradient");
    must(runner.session.step(0.1, None), "a step");
    runner.read(TensorGroup::Parameters)
}

/// With several ranks each backward pass before a step adds the silent boost of its own batch.
pub fn every_backward_pass_has_its_silent_boost<T: Real>(engine: &dyn Engine<T>) {
    let layer = || one_to_one(4, &neuron(2.0));
    let network = must(Network::new(4), "inputs of a network").layer(layer());
    let network = must(must(network, "adding a layer").layer(layer()), "a layer");
    // Neuron 3 is silent in both batches, neurons 0 and 2 in one, neuron 1 in none.
    let batch = |neurons: [u32; 2]| {
        let mut batch = SpikeBatch::new(4);
        let events = neurons.map(|neuron| (T::of(0.5 + 0.25 * f64::from(neuron)), neuron));
        must(batch.push_sample(events), "two events");
        batch
    };
    let batches = [batch([0, 1]), batch([1, 2])];
    let boosts = BOOSTS.map(|silent_boost| LayerRegularisation {
        silent_boost,
        ..LayerRegularisation::default()
    });
    let regularisation = Regularisation {
        max_inverse_slope: None,
        layers: boosts.to_vec(),
    };
    let mut plain = open_network(engine, &network);
    let mut runner = open_network(engine, &network);
    let mut boosts = [[0.0; 4]; 2];
    for batch in &batches {
        let spikes = learn_as_rank(&mut runner, batch, &regularisation);
        learn_as_rank(&mut plain, batch, &Regularisation::default());
        for (layer, spikes) in spikes.iter().enumerate() {
            for (neuron, boost) in boosts[layer].iter_mut().enumerate() {
                if !spikes.neurons().contains(&(neuron as u32)) {
                    *boost += BOOSTS[layer];
                }
            }
        }
    }
    let times = |[first, second]: [f64; 2]| [first, 0.0, second, first + second];
    let expected = BOOSTS.map(|boost| times([boost; 2]));
    assert_eq!(boosts, expected, "other neurons are silent");
    let mut gradient = plain.gradient();
    for (layer, boosts) in boosts.iter().enumerate() {
        let Some(tensor) = gradient.get_mut(&TensorName::weights(layer)) else {
            panic!("layer {layer} has no gradient");
        };
        for (row, boost) in tensor.as_mut_slice().chunks_mut(4).zip(boosts) {
            row.iter_mut().for_each(|value| *value -= T::of(*boost));
        }
    }
    let found = step_as_rank(&mut runner);
    let mut reference = open_network(engine, &network);
    must(reference.session.set_shard(0, 2), "rank 0 of 2");
    let written = reference.session.write(TensorGroup::Gradient, &gradient);
    must(written, "writing a gradient");
    let expected = step_as_rank(&mut reference);
    let allowed = by_precision::<T>(1e-12, 1e-5);
    assert_tensors_close(&found, &expected, allowed, "two silent boosts");
}
