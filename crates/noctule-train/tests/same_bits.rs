//! The same seed gives the same bits on all machines that round alike: weights after an epoch, as they were found on x86-64
//! with AVX-512, AVX2 and neither, and on AArch64.
//!
//! A change of the arithmetic changes them. If the change was intended, replace the hashes here.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use noctule_core::Engine;
use noctule_cpu::CpuEngine;
use noctule_train::{Config, NoProgress, Trainer};
use sha2::{Digest, Sha256};

/// Presets, and the first digits of the hash of their weights: where products and sums are fused, and where not.
const EXPECTED: [(&str, [&str; 2]); 2] = [
    ("yinyang", ["aa056301881af503", "6e85260c83d0d841"]),
    ("yinyang-ttfs", ["3680b950309c6634", "1055edbb0fffacb6"]),
];

fn hash_of_weights(engine: Arc<dyn Engine<f32>>, preset: &str) -> String {
    let mut config = Config::preset(preset).unwrap();
    config.training.epochs = 1;
    let mut trainer = Trainer::new(config, None, engine).unwrap();
    trainer
        .run(None, &mut NoProgress, &AtomicBool::new(false))
        .unwrap();
    let mut hasher = Sha256::new();
    for (_, weights) in trainer.network().unwrap().indexed_weights() {
        for weight in weights.as_slice() {
            hasher.update(weight.to_le_bytes());
        }
    }
    let digest = hasher.finalize();
    let digits = digest.iter().take(8).map(|byte| format!("{byte:02x}"));
    digits.collect()
}

#[test]
fn a_seed_gives_the_same_weights_everywhere() {
    let engine: Arc<dyn Engine<f32>> = Arc::new(CpuEngine::new(0).unwrap());
    let found = EXPECTED.map(|(preset, _)| (preset, hash_of_weights(engine.clone(), preset)));
    let which = usize::from(!engine.info().arithmetic.starts_with("fused"));
    let expected = EXPECTED.map(|(preset, hashes)| (preset, hashes[which].to_owned()));
    assert_eq!(found, expected);
}
