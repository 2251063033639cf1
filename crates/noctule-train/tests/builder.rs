//! A trainer without an experiment file: a network, batches and a loss of the caller's own.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use noctule_core::{
    Adam, Batch, CountSoftmax, Engine, FirstSpike, Homeostasis, Initialiser, LayerRegularisation,
    LifParameters, Loss, Network, Prediction, Regularisation, Sgd, SpikeBatch, SpikeCount, Tensor,
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

/// Why the builder is refused.
fn refused(builder: TrainerBuilder) -> BuildError {
    match builder.build() {
        Err(TrainError::Build(error)) => error,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it was accepted"),
    }
}

#[test]
fn what_is_missing_or_out_of_range_is_named() {
    let message = refused(builder()).to_string();
    assert_eq!(
        message,
        "the trainer needs a loss: call `TrainerBuilder::loss`"
    );
    let mut others = SpikeBatch::new(3);
    others.push_sample([(0.001, 0)]).unwrap();
    let others = Batch::events(others, vec![0]);
    let refused = builder().loss(LOSS).validation(others).build().err();
    let message = refused.map_or(String::new(), |error| error.to_string());
    assert!(
        message.contains("takes 2 inputs, but the samples have 3"),
        "{message}"
    );
}

#[test]
fn every_number_is_checked_as_in_experiment_files() {
    let adam = |change: fn(&mut Adam)| {
        let mut adam = Adam::default();
        change(&mut adam);
        builder().optimiser(adam)
    };
    let nesterov = Sgd {
        nesterov: true,
        ..Sgd::default()
    };
    let layer = |layer| {
        builder().regularisation(Regularisation {
            max_inverse_slope: None,
            layers: vec![LayerRegularisation::default(), layer],
        })
    };
    let homeostasis = Homeostasis {
        target: f64::INFINITY,
        strength: 1.0,
    };
    let cases = [
        (builder().batch_size(0), "`batch_size` is 0"),
        (
            adam(|adam| adam.learning_rate = 0.0),
            "`optimiser.learning_rate` is 0",
        ),
        (adam(|adam| adam.betas[1] = 1.0), "`optimiser.betas.1` is 1"),
        (adam(|adam| adam.epsilon = 0.0), "`optimiser.epsilon` is 0"),
        (
            adam(|adam| adam.weight_decay = -1.0),
            "`optimiser.weight_decay` is -1",
        ),
        (
            builder().optimiser(nesterov),
            "`optimiser.nesterov` is true",
        ),
        (
            builder().regularisation(Regularisation {
                max_inverse_slope: Some(f64::NAN),
                layers: Vec::new(),
            }),
            "`regularisation.max_inverse_slope` is NaN",
        ),
        (
            layer(LayerRegularisation {
                silent_boost: -1.0,
                homeostasis: None,
            }),
            "`regularisation.layers.1.silent_boost` is -1",
        ),
        (
            layer(LayerRegularisation {
                silent_boost: 0.0,
                homeostasis: Some(homeostasis),
            }),
            "`regularisation.layers.1.homeostasis.target` is inf",
        ),
    ];
    for (builder, expected) in cases {
        let message = refused(builder.loss(LOSS)).to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn no_part_may_be_empty() {
    let none = || Batch::events(SpikeBatch::new(2), Vec::new());
    let error = refused(builder().loss(LOSS).validation(none()));
    assert_eq!(
        error,
        BuildError::NoSamples {
            split: "validation"
        }
    );
    let error = refused(builder().loss(LOSS).test(none()));
    assert_eq!(error, BuildError::NoSamples { split: "test" });
}

#[test]
fn the_loss_of_an_engine_needs_labels_of_output_neurons() {
    let with = |change: fn(&mut Vec<u32>)| {
        let mut batch = samples();
        change(&mut batch.labels);
        batch
    };
    let unlabelled = with(Vec::clear);
    let error = refused(builder().loss(LOSS).test(unlabelled.clone()));
    let expected = BuildError::LabelCount {
        split: "test",
        samples: 40,
        labels: 0,
    };
    assert_eq!(error, expected);
    let error = refused(
        builder()
            .loss(LOSS)
            .validation(with(|labels| labels[7] = 2)),
    );
    let expected = BuildError::LabelRange {
        split: "validation",
        sample: 7,
        label: 2,
        outputs: 2,
    };
    assert_eq!(error, expected);
    let own = |_: &SpikeBatch<f32>, _: &[u32]| OwnLoss::default();
    assert!(builder().own_loss(own).test(unlabelled).build().is_ok());
}

#[test]
fn the_last_loss_decides_how_classes_are_predicted() {
    let first = CountSoftmax { temperature: 1.0 };
    let last = FirstSpike {
        temperature: 0.005,
        silent_time: 0.1,
        early_pull: None,
    };
    let own = |_: &SpikeBatch<f32>, _: &[u32]| OwnLoss::default();
    let rule = |builder: TrainerBuilder| builder.build().unwrap().plan().prediction;
    let (most, earliest) = (Prediction::MostSpikes, Prediction::FirstSpike);
    assert_eq!(rule(builder().loss(first).loss(last)), earliest);
    assert_eq!(rule(builder().loss(last).own_loss(own)), most);
    assert_eq!(rule(builder().prediction(most).loss(last)), most);
}
