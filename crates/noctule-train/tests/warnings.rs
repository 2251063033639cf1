//! Trainings that do not get anywhere are noticed.

#[expect(dead_code, reason = "other tests need more of it")]
#[path = "support/threads.rs"]
mod threads;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use noctule_core::Adam;
use noctule_train::{
    BatchProgress, Config, ConfigTable, Data, EpochRecord, Progress, Trainer, Warning,
};
use threads::{engine, on_ranks};

/// Keeps the warnings, and after how many epochs they came.
#[derive(Default)]
struct Recorder {
    epochs: usize,
    warnings: Vec<(usize, Warning)>,
}

impl Progress for Recorder {
    fn batch(&mut self, _: BatchProgress<'_>) {}

    fn epoch(&mut self, _: &[EpochRecord]) {
        self.epochs += 1;
    }

    fn warning(&mut self, warning: &Warning) {
        self.warnings.push((self.epochs, warning.clone()));
    }
}

fn preset(name: &str, overrides: &[&str]) -> Config {
    let mut table = ConfigTable::preset(name).unwrap();
    let overrides: Vec<_> = overrides.iter().map(|&text| text.to_owned()).collect();
    table.apply_overrides(&overrides).unwrap();
    table.resolve().unwrap()
}

/// A small Yin-Yang network.
fn small(overrides: &[&str]) -> Config {
    let few = [
        "layers.0.neurons=30",
        "training.epochs=2",
        "training.batch_size=100",
    ];
    preset("yinyang", &[&few[..], overrides].concat())
}

fn warnings(config: Config) -> Vec<(usize, Warning)> {
    let mut trainer = Trainer::new(config, None, engine()).unwrap();
    let mut recorder = Recorder::default();
    trainer
        .run(None, &mut recorder, &AtomicBool::new(false))
        .unwrap();
    recorder.warnings
}

#[test]
fn presets_are_not_warned_of() {
    let names = [
        "yinyang",
        "yinyang-paper",
        "yinyang-ttfs",
        "convergence",
        "convergence-ttfs",
    ];
    for name in names {
        let config = preset(name, &["training.epochs=1"]);
        assert_eq!(warnings(config), [], "{name}");
    }
    assert_eq!(warnings(small(&[])), []);
}

#[test]
fn a_silent_layer_is_named_once_after_the_first_epoch() {
    for (layer, theta) in [(0, "layers.0.theta=5"), (1, "layers.1.theta=5")] {
        let found = warnings(small(&[
            theta,
            "layers.1.silent_boost=0",
            "layers.0.silent_boost=0",
        ]));
        let [(1, warning @ Warning::SilentLayer { layer: silent, .. })] = &found[..] else {
            panic!("{theta}: {found:?}");
        };
        assert_eq!(*silent, layer);
        let text = warning.to_string();
        for part in [
            &format!("layer {layer}"),
            "init",
            "theta",
            "silent_boost",
            "t_max",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }
}

#[test]
fn weights_that_stand_still_are_named_after_twenty_steps() {
    let slow = "optimiser.learning_rate=1e-7";
    // 50 batches in an epoch.
    let found = warnings(small(&[slow]));
    let [(1, first), (1, second)] = &found[..] else {
        panic!("{found:?}");
    };
    for (layer, warning) in [first, second].into_iter().enumerate() {
        let text = warning.to_string();
        let is_it = matches!(warning, Warning::StillWeights { layer: still, steps: 50, change }
            if *still == layer && *change < 0.01);
        assert!(is_it && text.contains("learning_rate"), "{text}");
    }
    // Ten batches in an epoch.
    let large = ["training.batch_size=500", "training.epochs=4", slow];
    let found = warnings(small(&large));
    assert!(
        found.iter().all(|(epochs, _)| *epochs == 2) && found.len() == 2,
        "{found:?}"
    );
    // A warm-up begins with small steps.
    let warm = "schedule={kind='cosine',warmup_epochs=1}";
    assert_eq!(warnings(small(&[warm])), []);
    let found = warnings(small(&[warm, slow]));
    assert!(
        found.iter().all(|(epochs, _)| *epochs == 2) && found.len() == 2,
        "{found:?}"
    );
}

#[test]
fn inputs_that_come_too_late_and_batches_that_are_too_large_are_named_before_training() {
    let found = warnings(small(&["neuron.t_max=0.005"]));
    let late = Warning::LateInputs {
        earliest: Some(0.01),
        t_max: 0.005,
    };
    assert_eq!(found[0], (0, late.clone()));
    assert!(late.to_string().contains("0.01 s") && late.to_string().contains("t_max"));
    // The bias alone comes in time.
    let found = warnings(small(&["neuron.t_max=0.005", "encoder.bias=0.001"]));
    assert!(found.iter().all(|(epochs, _)| *epochs > 0), "{found:?}");

    let found = warnings(small(&["training.batch_size=5001", "training.epochs=1"]));
    let large = Warning::LargeBatch {
        batch_size: 5001,
        samples: 5000,
    };
    assert_eq!(found, [(0, large.clone())]);
    assert!(large.to_string().contains("training.batch_size"));
    assert_eq!(
        warnings(small(&["training.batch_size=5000", "training.epochs=1"])),
        []
    );
}

/// A trainer without an experiment file, of events.
#[test]
fn events_that_come_too_late_are_named() {
    let source = Trainer::new(small(&[]), None, engine()).unwrap();
    let mut recorder = Recorder::default();
    let mut source = source;
    let network = source.network().unwrap().clone();
    let batch = |shift: f32, unit: f32| {
        let mut spikes = noctule_core::SpikeBatch::new(5);
        for sample in 0..60 {
            let time = |input| unit * (shift + 0.001 * (sample + input) as f32);
            let times = (0..5).map(|input| (time(input), input as u32));
            spikes.push_sample(times).unwrap();
        }
        noctule_core::Batch::events(spikes, vec![0; 60])
    };
    for (shift, unit, expected) in [(0.07, 1.0, [1, 0]), (0.0, 1.0, [0, 0]), (0.0, 1e-6, [0, 1])] {
        let mut trainer = Trainer::builder(engine())
            .network(network.clone())
            .train(batch(shift, unit))
            .test(batch(0.0, 1.0))
            .loss(noctule_core::SpikeCount {
                target_true: 5.0,
                target_false: 1.0,
            })
            .optimiser(Adam {
                learning_rate: 0.01,
                ..Adam::default()
            })
            .epochs(1)
            .build()
            .unwrap();
        trainer
            .run(None, &mut recorder, &AtomicBool::new(false))
            .unwrap();
        let count = |kind: fn(&Warning) -> bool| {
            let warnings = recorder.warnings.iter();
            warnings.filter(|(_, warning)| kind(warning)).count()
        };
        let late = count(|warning| matches!(warning, Warning::LateInputs { .. }));
        let early = count(|warning| matches!(warning, Warning::EarlyInputs { .. }));
        assert_eq!([late, early], expected, "{shift} {unit}");
        recorder.warnings.clear();
    }
}

#[test]
fn every_rank_has_the_same_warnings() {
    let config = small(&["optimiser.learning_rate=1e-7", "training.epochs=1"]);
    let data = Arc::new(Data::load(&config, None).unwrap());
    let found = on_ranks(3, |thread| {
        let trainer = Trainer::with_data(config.clone(), Arc::clone(&data), engine()).unwrap();
        let mut trainer = trainer.join(Box::new(thread)).unwrap();
        let mut recorder = Recorder::default();
        trainer
            .run(None, &mut recorder, &AtomicBool::new(false))
            .unwrap();
        recorder.warnings
    });
    assert_eq!(found[0].len(), 2);
    assert!(
        found.iter().all(|of_rank| *of_rank == found[0]),
        "{found:?}"
    );
}
