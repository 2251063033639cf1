//! Several ranks, as threads of this process, train what one process trains.

#[path = "support/threads.rs"]
mod threads;

use std::sync::atomic::AtomicBool;

use noctule_train::{Checkpoint, Config, ConfigTable, NoProgress, TrainError, Trainer};
use threads::{engine, on_ranks, trained};

fn trainer_of(sets: &[&str]) -> Trainer {
    Trainer::new(config(sets), None, engine()).unwrap()
}

fn config(sets: &[&str]) -> Config {
    let mut table = ConfigTable::preset("yinyang").unwrap();
    let small = [
        "layers.0.neurons=40",
        "training.epochs=1",
        "optimiser={kind='sgd',learning_rate=0.001}",
    ];
    let sets: Vec<String> = small
        .iter()
        .chain(sets)
        .map(|&set| set.to_owned())
        .collect();
    table.apply_overrides(&sets).unwrap();
    table.resolve().unwrap()
}

/// Trains in one process and on ranks, and returns how far the weights are apart.
fn apart(size: usize, sets: &[&str]) -> f32 {
    let (records, weights) = trained(trainer_of(sets));
    let all = on_ranks(size, |rank| {
        let trainer = trainer_of(sets);
        trained(trainer.join(Box::new(rank)).unwrap())
    });
    for (of_rank, others) in &all {
        assert_eq!(*others, all[0].1, "ranks have different weights");
        for (one, several) in records.iter().zip(of_rank) {
            assert!(
                (one.loss - several.loss).abs() < 1e-4,
                "{one:?} and {several:?}"
            );
            assert!((one.accuracy - several.accuracy).abs() < 2e-3);
            assert_eq!(one.silent_fraction, several.silent_fraction);
        }
    }
    let apart = weights
        .iter()
        .zip(&all[0].1)
        .map(|(one, other)| (one - other).abs());
    apart.fold(0.0, f32::max)
}

#[test]
fn shards_of_any_size_add_up_to_the_batch() {
    // 5000 samples: batches of 1000; of 49, whose last has 2 samples; of 2, where a rank never has any.
    assert!(apart(2, &["training.batch_size=1000"]) < 1e-6);
    assert!(apart(3, &["training.batch_size=49"]) < 1e-4);
    assert!(apart(3, &["training.batch_size=2"]) < 1e-2);
}

#[test]
fn shards_of_a_running_mean_make_up_the_mean() {
    let sets = |keep| ["training.batch_size=1000", keep];
    let keeps = ["training.weight_average=0.9", "training.weight_average=0.0"];
    assert!(apart(3, &sets(keeps[0])) < 1e-6);
    let weights = keeps.map(|keep| trained(trainer_of(&sets(keep))).1);
    assert_ne!(weights[0], weights[1], "there is no mean");
}

#[test]
fn neurons_that_are_silent_in_the_whole_batch_are_raised_once() {
    // Thresholds that some hidden neurons do not reach, and a boost that dwarfs every gradient.
    let sets = |boost| ["training.batch_size=1000", "layers.0.theta=0.045", boost];
    let boosts = ["layers.0.silent_boost=20.0", "layers.0.silent_boost=0.0"];
    assert!(apart(3, &sets(boosts[0])) < 1e-6);
    let weights = boosts.map(|boost| trained(trainer_of(&sets(boost))).1);
    assert_ne!(weights[0], weights[1], "no neuron is silent");
}

#[test]
fn differences_from_one_process_are_reported_beforehand() {
    let sets = [
        "layers.0.homeostasis={target=1.0,strength=0.1}",
        "layers.1.dropout=0.5",
    ];
    let caveats = |sets: &[&str], size| {
        on_ranks(size, |rank| {
            let trainer = trainer_of(sets);
            trainer.join(Box::new(rank)).unwrap().caveats()
        })
    };
    assert_eq!(caveats(&sets, 2)[1].len(), 1);
    assert!(caveats(&sets, 1)[0].is_empty());
    assert!(caveats(&[], 2)[0].is_empty());
}

#[test]
fn ranks_drop_the_inputs_that_one_process_drops() {
    let sets = |share| [share, "training.batch_size=1000"];
    let shares = ["layers.1.dropout=0.5", "layers.1.dropout=0.0"];
    assert!(apart(3, &sets(shares[0])) < 1e-6);
    let weights = shares.map(|share| trained(trainer_of(&sets(share))).1);
    assert_ne!(weights[0], weights[1], "nothing is dropped");
}

#[test]
fn a_checkpoint_has_the_state_of_all_shards() {
    let sets = [
        "optimiser={kind='adam',learning_rate=0.001}",
        "training.weight_average=0.9",
    ];
    let folder = tempfile::tempdir().unwrap();
    let tensors = on_ranks(3, |rank| {
        let path = folder.path().join(rank.rank.to_string());
        let trainer = trainer_of(&sets);
        let mut trainer = trainer.join(Box::new(rank)).unwrap();
        trainer
            .run(None, &mut NoProgress, &AtomicBool::new(false))
            .unwrap();
        trainer.save(&path).unwrap();
        Checkpoint::load(&path).unwrap().tensors
    });
    // A shard that was not sent by the rank that updates it would still be zero, or as it began.
    assert_eq!(tensors[0], tensors[1]);
    assert_eq!(tensors[0], tensors[2]);
    let moving = tensors[0]
        .iter()
        .filter(|(name, _)| name.contains("moment"));
    assert_eq!(moving.count(), 4, "two moments of two layers");
}

#[test]
fn other_data_is_noticed_on_every_rank() {
    let errors = on_ranks(3, |rank| {
        let seed = if rank.rank == 2 { "seed=1" } else { "seed=0" };
        let trainer = trainer_of(&[seed]);
        match trainer.join(Box::new(rank)) {
            Err(TrainError::Disagreement(error)) => error.to_string(),
            _ => panic!("ranks with different seeds agree"),
        }
    });
    for error in errors {
        assert!(
            error.contains("rank 2 has `seed = 1`, but rank 0 has `seed = 0`"),
            "{error}"
        );
    }
}

#[test]
fn a_stop_on_any_rank_stops_all_before_the_same_batch() {
    let stopped = on_ranks(2, |rank| {
        let stop = AtomicBool::new(rank.rank == 1);
        let mut trainer = trainer_of(&[]).join(Box::new(rank)).unwrap();
        trainer.run(None, &mut NoProgress, &stop).unwrap()
    });
    assert_eq!(stopped, [noctule_train::RunEnd::Interrupted; 2]);
}

#[test]
fn a_stop_within_an_evaluation_stops_all_ranks() {
    let evaluated = on_ranks(3, |rank| {
        let is_last = rank.rank == 2;
        let mut trainer = trainer_of(&[]).join(Box::new(rank)).unwrap();
        let stopped = trainer
            .evaluate_unless(&AtomicBool::new(is_last), "test", &mut NoProgress)
            .unwrap();
        assert_eq!(stopped, None);
        let never = AtomicBool::new(false);
        let record = trainer.evaluate_unless(&never, "test", &mut NoProgress);
        record.unwrap().map(|record| record.loss)
    });
    let whole = trainer_of(&[]).evaluate("test", &mut NoProgress).unwrap();
    for loss in evaluated {
        assert!((loss.unwrap() - whole.loss).abs() < 1e-9);
    }
}

#[test]
fn ranks_of_a_machine_know_each_other() {
    let places = on_ranks(3, |mut rank| noctule_train::collective::place(&mut rank));
    let of: Vec<_> = places
        .iter()
        .map(|place| (place.before, place.sharing))
        .collect();
    assert_eq!(of, [(0, 2), (1, 2), (0, 1)]);
}
