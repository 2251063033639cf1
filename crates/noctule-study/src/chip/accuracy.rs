//! The accuracy of a network on a chip.

use noctule_core::{Batch, Label, Network, Prediction, SpikeBatch};
use noctule_train::run_on;

use super::emulator::Emulator;
use super::instance::Chip;
use super::trial_noise::{Purpose, trial};
use crate::encoded::events;
use crate::study::{StudyContext, StudyError};

/// Samples of the test set that are on a chip at the same time.
const BATCH: usize = 250;

/// The accuracy of a network on a chip; `None` if the study was stopped.
///
/// `seed` decides what differs from trial to trial.
///
/// # Errors
/// If the chip is for another network, or the engine fails.
pub(crate) fn accuracy_on_chip(
    context: &StudyContext<'_>,
    network: &Network<f32>,
    chip: &Chip,
    test: &Batch<f32>,
    prediction: Prediction,
    seed: u64,
) -> Result<Option<f64>, StudyError> {
    let engine = &*context.engine;
    run_on(engine, || {
        let mut emulator = Emulator::new(engine, network, chip)?;
        let samples: Vec<u32> = (0..test.len() as u32).collect();
        let mut correct = 0;
        for (index, chunk) in samples.chunks(BATCH).enumerate() {
            if context.is_stopped() {
                return Ok(None);
            }
            let input = events(test, chunk)?;
            let trial = trial(Purpose::Test, seed, index as u64);
            let spikes = emulator.run(&input, trial)?;
            let Some(output) = spikes.last() else {
                continue;
            };
            let labels = chunk.iter().map(|&sample| test.labels[sample as usize]);
            correct += count_correct(output, labels, prediction);
        }
        Ok(Some(correct as f64 / samples.len().max(1) as f64))
    })
}

fn count_correct(
    output: &SpikeBatch<f32>,
    labels: impl Iterator<Item = Label>,
    prediction: Prediction,
) -> usize {
    let classes = output.population();
    labels
        .enumerate()
        .filter(|&(sample, label)| prediction.of(output.sample(sample), classes) == Some(label))
        .count()
}
