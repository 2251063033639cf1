//! A trainer without an experiment file: a network, batches and a loss of the caller's own.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use noctule_core::{
    Adam, Batch, Engine, Initialiser, LifParameters, Loss, Network, Prediction, SpikeBatch,
    SpikeCount, Tensor,
};
use noctule_cpu::CpuEngine;
use noctule_train::{
    BuildError, Checkpoint, NoProgress, OwnLoss, TrainError, Trainer, TrainerBuilder,
};

const LOSS: SpikeCount = SpikeCount {
    target_true: 4.0,
    target_false: 1.0,
};

/// Two classes: which of two inputs spikes first.
fn samples() -> Batch<f32> {
    let mut events = SpikeBatch::new(2);
    let mut labels = Vec::new();
    for sample in 0..40_u32 {
        let (first, late) = (sample % 2, 0.006 + 0.0001 * sample as f32);
        events
            .push_sample([(0.001, first), (late, 1 - first)])
            .unwrap();
        labels.push(first);
    }
    Batch::events(events, labels)
}

fn network() -> Network<f32> {
    let neuron = LifParameters {
        tau_m: 0.020,
        tau_s: 0.010,
        theta: 1.0,
        reset: 1.0,
        max_spikes: 20,
        t_max: 0.1,
    };
    let initialiser = Initialiser::uniform(0.0, 300.0).unwrap();
    let network = Network::new(2).unwrap();
    let network = network.dense(20, &neuron, initialiser, 1).unwrap();
    let initialiser = Initialiser::uniform(0.0, 30.0).unwrap();
    network.dense(2, &neuron, initialiser, 2).unwrap()
}

fn builder() -> TrainerBuilder {
    let engine: Arc<dyn Engine<f32>> = Arc::new(CpuEngine::new(0).unwrap());
    Trainer::builder(engine)
        .network(network())
        .train(samples())
        .test(samples())
        .optimiser(Adam {
            learning_rate: 1.0,
            ..Adam::default()
        })
        .batch_size(8)
        .epochs(10)
        .seed(3)
}

fn weights(network: &Network<f32>) -> Vec<Tensor<f32>> {
    let weights = network.indexed_weights();
    weights.map(|(_, weights)| weights.clone()).collect()
}

fn trained(builder: TrainerBuilder) -> (Trainer, Vec<Tensor<f32>>) {
    let mut trainer = builder.build().unwrap();
    let stop = AtomicBool::new(false);
    trainer.run(None, &mut NoProgress, &stop).unwrap();
    let weights = weights(trainer.network().unwrap());
    (trainer, weights)
}

#[test]
fn batches_of_events_are_learned() {
    let (mut trainer, after) = trained(builder().loss(LOSS));
    assert_ne!(after, weights(&network()));
    let test = trainer.history().last().unwrap().clone();
    assert!(test.accuracy > 0.9, "{test:?}");
    let unlabelled = Batch {
        labels: Vec::new(),
        ..samples()
    };
    let predictions = trainer.predict(&unlabelled).unwrap();
    let labels = samples().labels;
    let right = predictions.iter().zip(&labels);
    let right = right
        .filter(|&(&prediction, &label)| prediction == Some(label))
        .count();
    assert_eq!(right as f64 / 40.0, test.accuracy);
}

#[test]
fn a_loss_of_the_callers_own_trains_as_the_engines_does() {
    let (known, expected) = trained(builder().loss(LOSS));
    let own = |output: &SpikeBatch<f32>, labels: &[u32]| {
        let evaluation = Loss::from(LOSS).evaluate(output, labels).unwrap();
        OwnLoss {
            d_times: evaluation.d_times,
            loss: evaluation.loss,
            predictions: evaluation.predictions,
        }
    };
    let (trainer, found) = trained(builder().own_loss(own).prediction(Prediction::MostSpikes));
    assert_eq!(found, expected);
    for (known, own) in known.history().iter().zip(trainer.history()) {
        assert_eq!((known.loss, known.accuracy), (own.loss, own.accuracy));
    }
}

#[test]
fn a_validation_part_chooses_the_best_epoch() {
    let (trainer, _) = trained(builder().loss(LOSS).validation(samples()));
    assert_eq!(trainer.history().len(), 3 * 10);
    assert!(trainer.best().is_some());
}

#[test]
fn its_state_can_be_saved() {
    let (mut trainer, weights) = trained(builder().loss(LOSS).weight_average(0.5).epochs(1));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.safetensors");
    trainer.save(&path).unwrap();
    let tensors = Checkpoint::load(&path).unwrap().tensors;
    assert_eq!(tensors["layers.0.weights"].values, weights[0].as_slice());
    assert_eq!(tensors["in_training.1.weights"].shape, [2, 20]);
    assert_eq!(tensors["optimiser.second_moment.1"].shape, [2, 20]);
}

#[test]
fn what_is_missing_or_out_of_range_is_named() {
    let error = |builder: TrainerBuilder| match builder.build() {
        Err(TrainError::Build(error)) => error,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it was accepted"),
    };
    let message = error(builder()).to_string();
    assert_eq!(
        message,
        "the trainer needs a loss: call `TrainerBuilder::loss`"
    );
    let message = error(builder().loss(LOSS).batch_size(0)).to_string();
    assert!(message.contains("`batch_size` is 0"), "{message}");
    let none = Batch::events(SpikeBatch::new(2), Vec::new());
    let refused = error(builder().loss(LOSS).test(none));
    assert_eq!(refused, BuildError::NoSamples { split: "test" });
    let others = Batch::events(SpikeBatch::new(3), Vec::new());
    let refused = builder().loss(LOSS).validation(others).build().err();
    let message = refused.map_or(String::new(), |error| error.to_string());
    assert!(
        message.contains("takes 2 inputs, but the samples have 3"),
        "{message}"
    );
}
