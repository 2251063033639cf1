//! Several ranks of trainers without an experiment file.

#[path = "support/threads.rs"]
mod threads;

use std::sync::Arc;

use noctule_core::{
    Batch, Images, LatencyEncoding, LifParameters, Loss, Network, ParameterKind, Pixels, Sgd,
    Shape, SpikeBatch, SpikeCount, SpikingLayer, Tensor,
};
use noctule_train::{OwnLoss, TrainError, Trainer, TrainerBuilder};
use threads::{engine, on_ranks, trained};

const LOSS: SpikeCount = SpikeCount {
    target_true: 4.0,
    target_false: 1.0,
};

const NEURON: LifParameters = LifParameters {
    tau_m: 0.020,
    tau_s: 0.010,
    theta: 1.0,
    reset: 1.0,
    max_spikes: 20,
    t_max: 0.1,
};

fn layer(neuron: LifParameters) -> SpikingLayer<f32> {
    let weights = Tensor::new(&[2, 2], vec![300.0, 200.0, 150.0, 250.0]).unwrap();
    SpikingLayer::dense(neuron, weights).unwrap()
}

/// Five images of two pixels.
fn images(latest: f64) -> Batch<f32> {
    let images = Images {
        shape: Shape::flat(2),
        pixels: Pixels::Bytes(Arc::new(vec![0, 255, 200, 10, 30, 240, 250, 20, 90, 80])),
        encoding: LatencyEncoding::new(0.0, latest).unwrap(),
    };
    Batch::images(images, vec![1, 0, 1, 0, 0])
}

fn builder_of(layer: SpikingLayer<f32>, samples: &Batch<f32>) -> TrainerBuilder {
    let network = Network::new(2).unwrap().layer(layer).unwrap();
    Trainer::builder(engine())
        .network(network)
        .train(samples.clone())
        .test(samples.clone())
        .loss(LOSS)
        .optimiser(Sgd {
            learning_rate: 1.0,
            ..Sgd::default()
        })
        .batch_size(2)
        .epochs(2)
}

#[test]
fn a_loss_of_the_callers_own_is_not_asked_about_an_empty_shard() {
    let own = |output: &SpikeBatch<f32>, labels: &[u32]| {
        // As a mean of the caller's own is without samples; a NaN ends the run on every rank.
        let loss_of_none = if labels.is_empty() { f64::NAN } else { 0.0 };
        let evaluation = Loss::from(LOSS).evaluate(output, labels).unwrap();
        OwnLoss {
            d_times: evaluation.d_times,
            loss: evaluation.loss + loss_of_none,
            predictions: evaluation.predictions,
        }
    };
    let build = || builder_of(layer(NEURON), &images(0.02)).own_loss(own);
    let (records, weights) = trained(build().build().unwrap());
    // Batches of 2, 2 and 1 samples: the third rank never has any.
    let all = on_ranks(3, |rank| {
        trained(build().build().unwrap().join(Box::new(rank)).unwrap())
    });
    for (of_rank, others) in all {
        assert!((records[0].loss - of_rank[0].loss).abs() < 1e-6);
        let pairs = weights.iter().zip(&others);
        let apart = pairs.map(|(one, other)| (one - other).abs());
        assert!(apart.fold(0.0, f32::max) < 1e-3, "{weights:?} {others:?}");
    }
}

/// What two ranks disagree in, whose builders are `ours` and `theirs`.
fn disagreement(
    ours: impl Fn() -> TrainerBuilder + Sync,
    theirs: impl Fn() -> TrainerBuilder + Sync,
) -> String {
    let mut errors = on_ranks(2, |rank| {
        let builder = if rank.rank == 0 { ours() } else { theirs() };
        match builder.build().unwrap().join(Box::new(rank)) {
            Err(TrainError::Disagreement(error)) => error.to_string(),
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("the ranks agree"),
        }
    });
    assert_eq!(errors[0], errors[1]);
    errors.remove(0)
}

#[test]
fn another_network_or_encoding_of_a_builder_is_named() {
    let ours = || builder_of(layer(NEURON), &images(0.02));
    let theta = LifParameters {
        theta: 1.5,
        ..NEURON
    };
    let message = disagreement(ours, || builder_of(layer(theta), &images(0.02)));
    assert!(
        message.contains("in [layers.0]: rank 1 has `theta = 1.5`, but rank 0 has `theta = 1`"),
        "{message}"
    );
    let of_each = |values: [f32; 2]| {
        let layer = layer(NEURON).with_constants(ParameterKind::TauM, values.to_vec());
        builder_of(layer.unwrap(), &images(0.02))
    };
    let message = disagreement(|| of_each([0.02, 0.03]), || of_each([0.02, 0.04]));
    assert!(message.contains("`tau_m of each neuron: "), "{message}");
    let dropout = || builder_of(layer(NEURON).with_dropout(0.5).unwrap(), &images(0.02));
    let message = disagreement(ours, dropout);
    assert!(message.contains("rank 1 has `dropout = 0.5`"), "{message}");
    let message = disagreement(ours, || builder_of(layer(NEURON), &images(0.03)));
    assert!(
        message.contains("[the train part of the data]") && message.contains("latest: 0.03"),
        "{message}"
    );
}

#[test]
fn other_residuals_of_event_times_are_named() {
    let with = |residual: f64| {
        let mut events = SpikeBatch::new(2);
        events
            .push_precise_sample([(0.001 + residual, 0), (0.002, 1)])
            .unwrap();
        builder_of(layer(NEURON), &Batch::events(events, vec![0]))
    };
    // Both times round to the same number in single precision.
    let message = disagreement(|| with(0.0), || with(1e-12));
    assert!(message.contains("rank 1 has `residuals "), "{message}");
}
