//! Networks on emulated chips, and engines that train for them.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use noctule_core::{
    Batch, Engine, Initialiser, LifParameters, Loss, Network, Pass, Regularisation, Session,
    SessionOptions, Shape, SpikeBatch, SpikeCount, TensorGroup, Window,
};
use noctule_cpu::CpuEngine;
use noctule_study::chip::{
    Chip, ChipModel, Emulator, InTheLoopEngine, Mismatch, ModelledEngine, TrialNoise, full_scales,
};
use noctule_train::{ConfigTable, NoProgress, Trainer};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const LABELS: [u32; 4] = [0, 1, 2, 1];

fn engine() -> Arc<dyn Engine<f32>> {
    Arc::new(CpuEngine::new(1).unwrap())
}

fn neuron() -> LifParameters {
    LifParameters {
        tau_m: 0.02,
        tau_s: 0.01,
        theta: 0.3,
        reset: 0.3,
        max_spikes: 6,
        t_max: 0.08,
    }
}

fn uniform(low: f64, high: f64) -> Initialiser {
    Initialiser::uniform(low, high).unwrap()
}

/// Eight inputs, two layers.
fn dense() -> Network<f32> {
    let network = Network::new(8).unwrap();
    let network = network
        .dense(20, &neuron(), uniform(-20.0, 60.0), 1)
        .unwrap();
    network
        .dense(3, &neuron(), uniform(-10.0, 40.0), 2)
        .unwrap()
}

/// Images of 4 by 4, a convolution, pooling, and a dense layer.
fn convolution() -> Network<f32> {
    let image = Shape {
        height: 6,
        width: 6,
        channels: 1,
    };
    let network = Network::image(image).unwrap();
    let network = network.conv2d(2, Window::square(3), &neuron(), uniform(-20.0, 90.0), 3);
    let network = network.unwrap().sum_pool2d(2).unwrap();
    network
        .dense(3, &neuron(), uniform(-10.0, 60.0), 4)
        .unwrap()
}

fn input(population: usize) -> SpikeBatch<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let mut input = SpikeBatch::new(population);
    for _ in 0..LABELS.len() {
        let mut times: Vec<f32> = (0..3 * population)
            .map(|_| random.random_range(0.0..0.05))
            .collect();
        times.sort_by(f32::total_cmp);
        let neuron = |time| (time, random.random_range(0..population as u32));
        let sample: Vec<(f32, u32)> = times.into_iter().map(neuron).collect();
        input.push_sample(sample).unwrap();
    }
    input
}

fn chip(network: &Network<f32>, model: &ChipModel) -> Chip {
    let scales = full_scales(network, model.bits.unwrap_or(8)).unwrap();
    Chip::new(model, network, &scales, 7).unwrap()
}

fn usual() -> ChipModel {
    ChipModel {
        bits: Some(6),
        mismatch: Mismatch::of_everything(0.1),
        ..ChipModel::default()
    }
}

/// Runs a batch, and gives the spikes of all layers and the gradient of a loss.
fn learn(
    session: &mut dyn Session<f32>,
    input: &SpikeBatch<f32>,
    layers: usize,
) -> (Vec<SpikeBatch<f32>>, Vec<f32>) {
    session
        .load(&Batch::events(input.clone(), LABELS.to_vec()))
        .unwrap();
    session.forward(Pass::default()).unwrap();
    let loss = Loss::from(SpikeCount {
        target_true: 5.0,
        target_false: 1.0,
    });
    session.loss(&loss).unwrap();
    session.backward(&Regularisation::default(), 1.0).unwrap();
    let spikes = (0..layers).map(|layer| session.spikes(layer).unwrap().into_owned());
    let spikes = spikes.collect();
    let gradient = session.read(TensorGroup::Gradient).unwrap();
    (
        spikes,
        gradient
            .values()
            .flat_map(|tensor| tensor.as_slice().to_vec())
            .collect(),
    )
}

fn assert_close(found: &[f32], expected: &[f32]) {
    let largest = expected
        .iter()
        .fold(0.0_f32, |largest, value| largest.max(value.abs()));
    assert_eq!(found.len(), expected.len());
    assert!(largest > 0.0, "the gradient is 0");
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() <= 1e-3 * largest,
            "{found} and {expected}"
        );
    }
}

#[test]
fn an_ideal_chip_in_the_loop_is_the_engine_itself() {
    for (network, inputs) in [(dense(), 8), (convolution(), 36)] {
        let options = SessionOptions::default();
        let layers = network.layers().len();
        let input = input(inputs);
        let mut plain = engine().open(&network, &options).unwrap();
        let expected = learn(&mut *plain, &input, layers);
        assert!(expected.0.iter().all(|spikes| spikes.spikes() > 20));
        let looped = InTheLoopEngine::new(engine(), Chip::default(), 3);
        let mut looped = looped.open(&network, &options).unwrap();
        let found = learn(&mut *looped, &input, layers);
        assert_eq!(found.0, expected.0);
        assert_close(&found.1, &expected.1);
    }
}

#[test]
fn the_modelled_engine_runs_the_network_of_the_chip() {
    for (network, inputs) in [(dense(), 8), (convolution(), 36)] {
        let chip = chip(&network, &usual());
        let on_chip = chip
            .substrate
            .apply(&chip.network(&network).unwrap())
            .unwrap();
        assert_ne!(on_chip, network);
        let layers = network.layers().len();
        let input = input(inputs);
        let options = SessionOptions::default();
        let mut expected = engine().open(&on_chip, &options).unwrap();
        let modelled = ModelledEngine::new(engine(), chip.clone());
        let mut modelled = modelled.open(&network, &options).unwrap();
        let (expected, found) = (
            learn(&mut *expected, &input, layers),
            learn(&mut *modelled, &input, layers),
        );
        assert_eq!(found, expected);
        // The chip in the loop has the same spikes.
        let looped = InTheLoopEngine::new(engine(), chip, 3);
        let mut looped = looped.open(&network, &options).unwrap();
        assert_eq!(learn(&mut *looped, &input, layers).0, expected.0);
    }
}

#[test]
fn chips_are_numbers() {
    let network = dense();
    let scales = full_scales(&network, 6).unwrap();
    let chip = |number| Chip::new(&usual(), &network, &scales, number).unwrap();
    assert_eq!(chip(3), chip(3));
    assert_ne!(chip(3), chip(4));
    let ideal = Chip::new(&ChipModel::default(), &network, &scales, 3).unwrap();
    assert_eq!(ideal.network(&network).unwrap(), network);
    assert!(ideal.substrate.is_ideal());
}

#[test]
fn mismatch_and_dead_synapses_are_as_many_as_was_asked_for() {
    let network = Network::new(100).unwrap();
    let network = network
        .dense(400, &neuron(), uniform(-1.0, 1.0), 1)
        .unwrap();
    let model = ChipModel {
        mismatch: Mismatch::of_everything(0.2),
        dead_synapses: 0.1,
        ..ChipModel::default()
    };
    let chip = chip(&network, &model);
    let factors = chip.substrate.layers[0]
        .factors
        .as_ref()
        .unwrap()
        .as_slice();
    let alive: Vec<f64> = factors
        .iter()
        .filter(|&&factor| factor != 0.0)
        .map(|&f| f64::from(f))
        .collect();
    let share = 1.0 - alive.len() as f64 / factors.len() as f64;
    assert!((0.09..0.11).contains(&share), "{share}");
    let mean = alive.iter().sum::<f64>() / alive.len() as f64;
    let squares: f64 = alive.iter().map(|factor| (factor - mean).powi(2)).sum();
    let deviation = (squares / alive.len() as f64).sqrt();
    assert!((0.195..0.205).contains(&deviation), "{deviation}");
    let on_chip = chip.network(&network).unwrap();
    let layer = on_chip.layers()[0].spiking().unwrap();
    let thetas: Vec<f64> = (0..400)
        .map(|index| layer.neuron_parameters(index).theta)
        .collect();
    let mean = thetas.iter().sum::<f64>() / 400.0;
    let squares: f64 = thetas.iter().map(|theta| (theta - mean).powi(2)).sum();
    let deviation = (squares / 400.0).sqrt() / 0.3;
    assert!((0.17..0.23).contains(&deviation), "{deviation}");
}

#[test]
fn parts_with_little_noise_are_the_whole() {
    let network = convolution();
    let mut chip = chip(&network, &usual());
    let input = input(36);
    let whole = Emulator::new(&*engine(), &network, &chip)
        .unwrap()
        .run(&input, 1)
        .unwrap();
    // So rarely lost that none is.
    chip.noise = TrialNoise {
        deletion: 1e-12,
        ..TrialNoise::default()
    };
    let parts = Emulator::new(&*engine(), &network, &chip)
        .unwrap()
        .run(&input, 1)
        .unwrap();
    assert_eq!(parts, whole);
    chip.noise.jitter = 1e-3;
    let mut noisy = Emulator::new(&*engine(), &network, &chip).unwrap();
    let (first, again) = (noisy.run(&input, 1).unwrap(), noisy.run(&input, 1).unwrap());
    assert_eq!(first, again);
    assert_ne!(first, noisy.run(&input, 2).unwrap());
    assert_ne!(first, whole);
}

#[test]
fn weights_that_differ_from_trial_to_trial() {
    let network = dense();
    let chip = Chip::with_noise(TrialNoise {
        weights: 0.3,
        ..TrialNoise::default()
    });
    let mut emulator = Emulator::new(&*engine(), &network, &chip).unwrap();
    let input = input(8);
    let runs = [1, 2, 1].map(|trial| emulator.run(&input, trial).unwrap());
    assert_eq!(runs[0], runs[2]);
    assert_ne!(runs[0], runs[1]);
}

#[test]
fn dropout_in_the_loop_is_refused_by_name() {
    let layer = noctule_core::SpikingLayer::dense(neuron(), noctule_core::Tensor::zeros(&[2, 8]));
    let layer = layer.unwrap().with_dropout(0.5).unwrap();
    let network = Network::new(8).unwrap().layer(layer).unwrap();
    let looped = InTheLoopEngine::new(engine(), Chip::default(), 0);
    let error = looped
        .open(&network, &SessionOptions::default())
        .err()
        .unwrap();
    assert!(error.to_string().contains("dropout"), "{error}");
}

/// Training for a chip wins back most of what the chip costs.
#[test]
fn training_for_a_chip_helps() {
    let config = |overrides: &[&str]| {
        let mut table = ConfigTable::preset("yinyang").unwrap();
        let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
        table.apply_overrides(&overrides).unwrap();
        table.resolve().unwrap()
    };
    let never = AtomicBool::new(false);
    let folder = tempfile::tempdir().unwrap();
    let weights = folder.path().join("exact.safetensors");
    let mut exact = Trainer::new(config(&["training.epochs=8"]), None, engine()).unwrap();
    exact.run(None, &mut NoProgress, &never).unwrap();
    exact.save(&weights).unwrap();
    let network = exact.network().unwrap().clone();
    let model = ChipModel {
        bits: Some(4),
        mismatch: Mismatch::of_everything(0.2),
        ..ChipModel::default()
    };
    let chip = chip(&network, &model);
    let tuning = ["training.epochs=3", "optimiser.learning_rate=0.001"];
    let trained_on = |engine: Arc<dyn Engine<f32>>| {
        let mut trainer = Trainer::new(config(&tuning), None, engine).unwrap();
        trainer.load_weights(&weights).unwrap();
        let before = trainer.evaluate("test", &mut NoProgress).unwrap().accuracy;
        trainer.run(None, &mut NoProgress, &never).unwrap();
        let after = trainer.evaluate("test", &mut NoProgress).unwrap().accuracy;
        (before, after)
    };
    let modelled = trained_on(Arc::new(ModelledEngine::new(engine(), chip.clone())));
    let looped = trained_on(Arc::new(InTheLoopEngine::new(engine(), chip, 1)));
    assert_eq!(modelled.0, looped.0, "the same weights on the same chip");
    for (before, after) in [modelled, looped] {
        assert!(after > before + 0.02, "{before} before, {after} after");
    }
}
