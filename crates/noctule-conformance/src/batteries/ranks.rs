//! What several processes rely on.

use noctule_core::{
    Engine, Loss, Metrics, Network, Pass, Real, Regularisation, SessionOptions, Sgd, SpikeCount,
    TensorGroup, Tensors, shard,
};

use crate::harness::{
    Runner, assert_tensors_close, by_precision, dense_network, must, neuron, random_input,
};

const LOSS: SpikeCount = SpikeCount {
    target_true: 4.0,
    target_false: 1.0,
};

fn network<T: Real>() -> Network<T> {
    dense_network(&[4, 9, 3], &neuron(2.0), 251)
}

fn open<T: Real>(engine: &dyn Engine<T>) -> Runner<T> {
    let options = SessionOptions {
        optimiser: Sgd::default().into(),
        ..SessionOptions::default()
    };
    Runner::with_options(engine, &network(), &options)
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
    runner.session.set_shard(1, 3);
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
