//! The decision map of a trained Yin-Yang network.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use noctule_cpu::CpuEngine;
use noctule_study::DecisionMap;
use noctule_train::{Config, NoProgress, Trainer};

#[test]
fn a_trained_network_decides_most_of_the_disk_correctly() {
    let mut config = Config::preset("yinyang").unwrap();
    config.training.epochs = 2;
    let engine = Arc::new(CpuEngine::new(0).unwrap());
    let mut trainer = Trainer::new(config, None, engine).unwrap();
    let stop = AtomicBool::new(false);
    trainer.run(None, &mut NoProgress, &stop).unwrap();
    let map = DecisionMap::of(&mut trainer, 60).unwrap();
    let test = trainer.history().last().unwrap().accuracy;
    // The test samples are drawn evenly over the classes, the points evenly over the disk.
    assert!(
        (map.accuracy() - test).abs() < 0.1,
        "{} and {test}",
        map.accuracy()
    );
    assert!(map.to_png().unwrap().starts_with(b"\x89PNG"));
    assert_eq!(map.to_text().lines().count(), 30);
    assert_eq!(map.to_ansi().lines().count(), 30);
}
