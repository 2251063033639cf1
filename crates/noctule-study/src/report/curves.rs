//! Learning curves from the records of epochs.

use noctule_train::EpochRecord;

use super::data::{Curve, RunSummary, SplitCurve};
use super::rounding::Rounding;
use crate::seeds::SeedRun;

/// Parts of the data, in the order in which they are shown.
const SPLITS: [&str; 3] = ["train", "validation", "test"];

/// The learning curves of a run whose layers have `neurons` neurons, if that is known.
pub(super) fn curve(
    run: &str,
    seed: u64,
    records: &[EpochRecord],
    neurons: Option<&[usize]>,
) -> Curve {
    let mut splits = Vec::new();
    for split in SPLITS {
        let mut curve = SplitCurve {
            split: split.to_owned(),
            ..SplitCurve::default()
        };
        for record in records.iter().filter(|record| record.split == split) {
            curve.epochs.push(record.epoch);
            curve
                .loss
                .push(Rounding::behind_point(6).round(record.loss));
            curve
                .accuracy
                .push(Rounding::behind_point(6).round(record.accuracy));
            let spikes = neurons.map(|neurons| spikes(record, neurons));
            curve
                .spikes
                .extend(spikes.map(|spikes| Rounding::behind_point(2).round(spikes)));
        }
        if !curve.epochs.is_empty() {
            splits.push(curve);
        }
    }
    Curve {
        run: run.to_owned(),
        seed,
        splits,
    }
}

/// What a run reached.
pub(super) fn summary(
    run: &str,
    seed: u64,
    records: &[EpochRecord],
    neurons: Option<&[usize]>,
) -> RunSummary {
    let reached = SeedRun::of_records(seed, run, records);
    let last = records.iter().rfind(|record| record.split == "test");
    RunSummary {
        run: run.to_owned(),
        seed,
        epochs: last.map_or(0, |last| last.epoch),
        test_accuracy: last.map(|last| last.accuracy),
        best_epoch: reached.as_ref().and_then(|reached| reached.best_epoch),
        best_test_accuracy: reached
            .as_ref()
            .and_then(|reached| reached.best_test_accuracy),
        spikes: last
            .zip(neurons)
            .map(|(last, neurons)| Rounding::behind_point(2).round(spikes(last, neurons))),
        seconds: Rounding::behind_point(2).round(records.iter().map(|record| record.seconds).sum()),
    }
}

/// Spikes of all layers in a sample.
fn spikes(record: &EpochRecord, neurons: &[usize]) -> f64 {
    let layers = record.spikes_per_neuron.iter().zip(neurons);
    layers
        .map(|(spikes, &neurons)| spikes * neurons as f64)
        .sum()
}
