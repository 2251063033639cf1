//! What follows from the data where an experiment leaves it out: initial weights, learning rate, boost, temperature.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use approx::assert_relative_eq;
use noctule_core::{Engine, Pixels, Shape};
use noctule_cpu::CpuEngine;
use noctule_data::Dataset;
use noctule_train::config::{InitConfig, LossConfig};
use noctule_train::{Config, Data, NoProgress, Trainer};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// An experiment as one writes it, without a word on weights and rates.
const NATURAL: &str = r#"
name = "natural"
[data]
set = "yin-yang"
[encoder]
earliest = 0.010
latest = 0.040
silent_zero = false
bias = 0.020
[neuron]
tau_m = 0.020
tau_s = 0.010
t_max = 0.060
[[layers]]
kind = "dense"
neurons = 100
theta = 1.0
max_spikes = 30
[[layers]]
kind = "dense"
neurons = 3
theta = 1.0
max_spikes = 30
[loss]
kind = "first-spike"
[optimiser]
kind = "adam"
[training]
epochs = 10
batch_size = 32
"#;

fn engine() -> Arc<dyn Engine<f32>> {
    Arc::new(CpuEngine::new(0).unwrap())
}

/// The natural experiment with other values of keys.
fn natural(overrides: &[String]) -> Config {
    let mut table = noctule_train::ConfigTable::from_toml_str(NATURAL, "natural.toml").unwrap();
    table.apply_overrides(overrides).unwrap();
    table.resolve().unwrap()
}

fn trainer(overrides: &[&str]) -> Trainer {
    let overrides: Vec<_> = overrides.iter().map(|&text| text.to_owned()).collect();
    Trainer::new(natural(&overrides), None, engine()).unwrap()
}

fn test_accuracy(mut trainer: Trainer) -> f64 {
    trainer
        .run(None, &mut NoProgress, &AtomicBool::new(false))
        .unwrap();
    trainer.history().last().unwrap().accuracy
}

/// Mean spikes per neuron and test sample of each layer before training.
fn spikes_at_first(trainer: &mut Trainer) -> Vec<f64> {
    let record = trainer.evaluate("test", &mut NoProgress).unwrap();
    record.spikes_per_neuron
}

/// What the table of the layer says of its initial weights: mean and standard deviation.
fn moments(trainer: &Trainer, layer: usize) -> (f64, f64) {
    let population = trainer.config().unwrap().layers[layer]
        .population()
        .unwrap();
    match population.init.unwrap() {
        InitConfig::Normal(normal) => (normal.mean, normal.std),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_natural_experiment_learns() {
    let accuracy = test_accuracy(trainer(&[]));
    assert!(accuracy > 0.85, "{accuracy}");
}

#[test]
fn what_was_left_out_is_written_out_and_gives_the_same_run() {
    let few = ["training.epochs=1", "layers.0.neurons=20"];
    let mut first = trainer(&few);
    let text = first.config().unwrap().to_toml().unwrap();
    let again = Config::from_toml_str(&text, "config.toml").unwrap();
    assert_eq!(first.config(), Some(&again), "{text}");
    let mut second = Trainer::new(again, None, engine()).unwrap();
    for trainer in [&mut first, &mut second] {
        trainer
            .run(None, &mut NoProgress, &AtomicBool::new(false))
            .unwrap();
    }
    assert_eq!(first.network().unwrap(), second.network().unwrap());
}

#[test]
fn rates_follow_the_smallest_initial_weights() {
    let init = |low: f64| format!("layers.0.init={{kind='uniform',low={low},high=6.0}}");
    let small = "layers.1.init={kind='normal',mean=3.0,std=4.0}";
    let cases = [
        // The root mean square is sqrt(mean^2 + std^2).
        (vec![init(-6.0), small.to_owned()], 12_f64.sqrt(), 5.0),
        (
            vec![init(-6.0), small.replace("4.0", "1.0")],
            10_f64.sqrt(),
            10_f64.sqrt(),
        ),
        // Weights of 0 say nothing.
        (
            vec![init(-6.0), small.replace("4.0", "0").replace("3.0", "0")],
            12_f64.sqrt(),
            0.0,
        ),
    ];
    for (overrides, smallest, last) in cases {
        let config = natural(&overrides);
        let trainer = Trainer::new(config.clone(), None, engine()).unwrap();
        let completed = trainer.config().unwrap();
        let rate = completed.optimiser.learning_rate().unwrap();
        assert_relative_eq!(rate, 0.03 * smallest, max_relative = 1e-3);
        let boosts = completed
            .layers
            .iter()
            .map(|layer| layer.population().unwrap().silent_boost);
        let boosts: Vec<f64> = boosts.map(Option::unwrap).collect();
        let expected = if last > 0.0 { 1.0 / last } else { 0.0 };
        assert_relative_eq!(boosts[1], expected, max_relative = 1e-3);
        assert_eq!(boosts[0], 0.0);
        // What was given stays.
        for layer in 0..2 {
            let [given, found] = [&config, completed].map(|config| config.layers[layer].clone());
            assert_eq!(
                given.population().unwrap().init,
                found.population().unwrap().init
            );
        }
    }
    let given = [
        "optimiser={kind='nadam',learning_rate=0.5}",
        "layers.1.silent_boost=0.25",
    ];
    let completed = trainer(&given).config().unwrap().clone();
    assert_eq!(completed.optimiser.learning_rate(), Some(0.5));
    assert_eq!(
        completed.layers[1].population().unwrap().silent_boost,
        Some(0.25)
    );
    let descent = trainer(&["optimiser={kind='sgd'}"]);
    let (mean, std) = moments(&descent, 1);
    let rate = descent.config().unwrap().optimiser.learning_rate();
    assert_relative_eq!(
        rate.unwrap(),
        0.03 * (mean * mean + std * std),
        max_relative = 1e-3
    );
}

#[test]
fn the_temperature_follows_the_last_synapse() {
    let temperature = |overrides: &[&str]| match &trainer(overrides).config().unwrap().loss {
        LossConfig::FirstSpike(loss) => loss.temperature.unwrap(),
        other => panic!("{other:?}"),
    };
    assert_relative_eq!(temperature(&[]), 0.001);
    assert_relative_eq!(temperature(&["layers.1.tau_s=0.03"]), 0.003);
    assert_relative_eq!(
        temperature(&["loss={kind='first-spike',temperature=0.5}"]),
        0.5
    );
}

/// Threshold and weights in other units: the same network.
#[test]
fn the_unit_of_the_threshold_does_not_matter() {
    let in_units = |theta: f64| {
        let key = |layer: usize| format!("layers.{layer}.theta={theta}");
        let few = [
            "training.epochs=3".to_owned(),
            "training.batch_size=100".to_owned(),
        ];
        let config = natural(&[&[key(0), key(1)], &few[..]].concat());
        Trainer::new(config, None, engine()).unwrap()
    };
    let mut expected = in_units(1.0);
    let spikes = spikes_at_first(&mut expected);
    let (rate, weights) = (
        expected.plan().optimiser.learning_rate(),
        moments(&expected, 0),
    );
    let accuracy = test_accuracy(expected);
    for theta in [0.001, 0.02, 5.0, 300.0] {
        let mut found = in_units(theta);
        for (&found, &expected) in spikes_at_first(&mut found).iter().zip(&spikes) {
            assert_relative_eq!(found, expected, max_relative = 0.01, epsilon = 0.002);
        }
        let (mean, std) = moments(&found, 0);
        assert_relative_eq!(mean, theta * weights.0, max_relative = 1e-3);
        assert_relative_eq!(std, theta * weights.1, max_relative = 1e-3);
        let found_rate = found.plan().optimiser.learning_rate();
        assert_relative_eq!(found_rate, theta * rate, max_relative = 2e-3);
        let found = test_accuracy(found);
        assert!(
            (found - accuracy).abs() < 0.1,
            "theta = {theta}: {found}, {accuracy}"
        );
    }
}

#[test]
fn neurons_spike_about_once_at_first() {
    let dense = |neurons: usize, max_spikes: usize| {
        format!("{{kind='dense',neurons={neurons},theta=THETA,max_spikes={max_spikes}}}")
    };
    let layers = [
        vec![dense(50, 30)],
        vec![dense(800, 30)],
        vec![dense(60, 30), dense(200, 5), dense(30, 30), dense(100, 30)],
        vec![dense(100, 1), dense(100, 1)],
        vec![dense(100, 1), dense(100, 30)],
    ];
    let neurons = [
        (0.02, 0.01, 0.06),
        (0.02, 0.02, 0.2),
        (0.01, 0.03, 0.1),
        (0.1, 0.002, 0.05),
        (0.3, 0.15, 0.05),
    ];
    for (index, (hidden, theta)) in layers.iter().zip([1.0, 0.02, 5.0, 1.0, 0.2]).enumerate() {
        for (tau_m, tau_s, t_max) in neurons {
            let all = [&hidden[..], &[dense(3, 30)]].concat().join(",");
            let all = format!("layers=[{all}]").replace("THETA", &theta.to_string());
            let neuron = format!("neuron={{tau_m={tau_m},tau_s={tau_s},t_max={t_max}}}");
            let mut trainer = trainer(&[&all, &neuron]);
            let spikes = spikes_at_first(&mut trainer);
            let (last, hidden) = spikes.split_last().unwrap();
            let about_once = |&spikes: &f64| (0.2..5.0).contains(&spikes);
            // The three outputs are to spike in nearly every sample.
            let lives = hidden.iter().all(about_once) && (0.5..15.0).contains(last);
            assert!(lives, "network {index}, {neuron}: {spikes:?}");
        }
    }
}

/// Random images with as many pixels as given, of all.
fn images(share: f64) -> Data {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let shape = Shape {
        height: 14,
        width: 14,
        channels: 1,
    };
    let mut images = |samples: usize| {
        let pixels = (0..samples * shape.neurons()).map(|_| match random.random_bool(share) {
            true => random.random_range(1..=255_u8),
            false => 0,
        });
        let pixels = Pixels::Bytes(pixels.collect::<Vec<_>>().into());
        let labels = (0..samples as u32)
            .map(|sample| (sample % 10) as _)
            .collect();
        Dataset::new("images", shape, 10, pixels, labels).unwrap()
    };
    Data {
        train: images(200),
        validation: None,
        test: images(100),
    }
}

#[test]
fn neurons_of_convolutions_and_behind_dropout_spike_about_once_at_first() {
    let conv = "{kind='conv2d',filters=8,window=3,theta=1.0,max_spikes=3}";
    let pool = "{kind='sum_pool2d',size=2}";
    let dense = "{kind='dense',neurons=40,theta=2.0,max_spikes=30,dropout=0.5}";
    let last = "{kind='dense',neurons=10,theta=0.1,max_spikes=30}";
    for share in [0.05, 0.2, 1.0] {
        let layers = format!("layers=[{conv},{pool},{conv},{dense},{last}]");
        let overrides = [&layers, "data.set=mnist", "encoder={latest=0.03}"];
        let config = natural(&overrides.map(str::to_owned));
        let mut trainer = Trainer::with_data(config, Arc::new(images(share)), engine()).unwrap();
        let spikes = spikes_at_first(&mut trainer);
        for (layer, spikes) in spikes.iter().enumerate().filter(|&(layer, _)| layer != 1) {
            let most = if layer == 4 { 15.0 } else { 5.0 };
            let lives = (0.2..most).contains(spikes);
            assert!(lives, "share {share}, layer {layer}: {spikes}");
        }
    }
}

/// Nothing arrives, but the experiment can be set up; a trainer warns when it runs.
#[test]
fn without_inputs_weights_are_those_for_one_spike_of_each() {
    let trainer = trainer(&["neuron.t_max=0.005", "layers.0.neurons=20"]);
    // Five inputs whose spikes have the peak tau_m/4.
    let (mean, std) = moments(&trainer, 0);
    assert_relative_eq!(mean, 0.5 / (5.0 * 0.005), max_relative = 1e-3);
    assert_relative_eq!(std, 1.5 / (5_f64.sqrt() * 0.005), max_relative = 1e-3);
}

/// Experiments without a word on these follow their data; presets say it all.
#[test]
fn presets_leave_nothing_to_the_data() {
    for name in Config::preset_names() {
        let config = Config::preset(name).unwrap();
        assert!(config.optimiser.learning_rate().is_some(), "{name}");
        for population in config.layers.iter().filter_map(|layer| layer.population()) {
            assert!(population.silent_boost.is_some(), "{name}");
            let given = |init: &InitConfig| !matches!(init, InitConfig::Threshold(_));
            assert!(population.init.is_some_and(given), "{name}");
        }
        if let LossConfig::FirstSpike(loss) = &config.loss {
            assert!(loss.temperature.is_some(), "{name}");
        }
    }
    let trainer = Trainer::new(Config::preset("yinyang").unwrap(), None, engine()).unwrap();
    assert_eq!(trainer.config(), Some(&Config::preset("yinyang").unwrap()));
}
