//! Runs of one experiment that differ in their seed, and what they reached on average.

use noctule_train::{EpochRecord, RunDirectory, RunDirectoryError};
use serde::{Deserialize, Serialize};

use crate::statistics::{mean, standard_deviation};

/// What the run of one seed reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedRun {
    /// The seed.
    pub seed: u64,
    /// Name of the run directory, within that of all seeds.
    pub run: String,
    /// Test accuracy after the last epoch.
    pub test_accuracy: f64,
    /// The epoch with the best validation accuracy, counted from 1; `None` without a validation part.
    pub best_epoch: Option<u64>,
    /// Test accuracy of that epoch.
    pub best_test_accuracy: Option<f64>,
    /// Mean spikes of a neuron in a test sample after the last epoch, for each layer.
    pub spikes_per_neuron: Vec<f64>,
    /// Time of training and evaluation, in seconds.
    pub seconds: f64,
}

/// What the runs of several seeds reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedsSummary {
    /// Name of the experiment.
    pub name: String,
    /// The finished runs, by seed.
    pub runs: Vec<SeedRun>,
    /// Means over the runs.
    pub mean: Figures,
    /// Standard deviations over the runs, of which there must be two; `None` if there are not.
    pub standard_deviation: Option<Figures>,
}

/// A mean, or a standard deviation, of what runs reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Of the test accuracy after the last epoch.
    pub test_accuracy: f64,
    /// Of the test accuracy of the epoch that validation chose; `None` if a run has no validation part.
    pub best_test_accuracy: Option<f64>,
    /// Of the spikes of a neuron in a sample, for each layer.
    pub spikes_per_neuron: Vec<f64>,
    /// Of the time, in seconds.
    pub seconds: f64,
}

impl SeedRun {
    /// What a run reached, from its records; `None` if it has no test record yet.
    ///
    /// # Errors
    /// If the records cannot be read.
    pub fn read(
        seed: u64,
        run: &str,
        directory: &RunDirectory,
    ) -> Result<Option<Self>, RunDirectoryError> {
        Ok(Self::of_records(seed, run, &directory.read_epochs()?))
    }

    pub(crate) fn of_records(seed: u64, run: &str, records: &[EpochRecord]) -> Option<Self> {
        let of_split = |split| records.iter().filter(move |record| record.split == split);
        let last = of_split("test").next_back()?;
        // The first of several that are equally good, as the trainer chooses it.
        let best = of_split("validation").reduce(|best, next| {
            if next.accuracy > best.accuracy {
                next
            } else {
                best
            }
        });
        let test_of = |epoch| of_split("test").find(|record| record.epoch == epoch);
        Some(Self {
            seed,
            run: run.to_owned(),
            test_accuracy: last.accuracy,
            best_epoch: best.map(|best| best.epoch),
            best_test_accuracy: best.and_then(|best| Some(test_of(best.epoch)?.accuracy)),
            spikes_per_neuron: last.spikes_per_neuron.clone(),
            seconds: records.iter().map(|record| record.seconds).sum(),
        })
    }
}

impl SeedsSummary {
    /// The summary of these runs; `None` if there are none.
    pub fn of(name: &str, runs: Vec<SeedRun>) -> Option<Self> {
        let first = runs.first()?;
        let layers = first.spikes_per_neuron.len();
        let figures = |reduce: &dyn Fn(&[f64]) -> f64| {
            let over_runs = |of: &dyn Fn(&SeedRun) -> Option<f64>| {
                let values: Option<Vec<f64>> = runs.iter().map(of).collect();
                values.map(|values| reduce(&values))
            };
            let spikes = |layer: usize| over_runs(&|run| run.spikes_per_neuron.get(layer).copied());
            Figures {
                test_accuracy: over_runs(&|run| Some(run.test_accuracy)).unwrap_or_default(),
                best_test_accuracy: over_runs(&|run| run.best_test_accuracy),
                spikes_per_neuron: (0..layers).filter_map(spikes).collect(),
                seconds: over_runs(&|run| Some(run.seconds)).unwrap_or_default(),
            }
        };
        Some(Self {
            name: name.to_owned(),
            mean: figures(&mean),
            standard_deviation: (runs.len() > 1).then(|| figures(&standard_deviation)),
            runs,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(epoch: u64, split: &str, accuracy: f64) -> EpochRecord {
        EpochRecord {
            epoch,
            split: split.to_owned(),
            loss: 0.5,
            accuracy,
            spikes_per_neuron: vec![accuracy, 2.0],
            silent_fraction: vec![0.0, 0.0],
            seconds: 1.5,
            samples_per_second: 1.0,
            learning_rate: None,
        }
    }

    #[test]
    fn validation_chooses_the_first_of_the_best_epochs() {
        let mut records = Vec::new();
        for (epoch, validation, test) in [(1, 0.5, 0.4), (2, 0.75, 0.7), (3, 0.75, 0.8)] {
            records.push(record(epoch, "train", 1.0));
            records.push(record(epoch, "validation", validation));
            records.push(record(epoch, "test", test));
        }
        let run = SeedRun::of_records(3, "seed-3", &records).unwrap();
        assert_eq!((run.seed, run.run.as_str()), (3, "seed-3"));
        assert_eq!(
            (run.test_accuracy, run.best_test_accuracy),
            (0.8, Some(0.7))
        );
        assert_eq!((run.best_epoch, run.seconds), (Some(2), 13.5));
        assert_eq!(run.spikes_per_neuron, [0.8, 2.0]);

        records.retain(|record| record.split != "validation");
        let run = SeedRun::of_records(3, "seed-3", &records).unwrap();
        assert_eq!((run.best_epoch, run.best_test_accuracy), (None, None));
        assert_eq!(SeedRun::of_records(3, "seed-3", &records[..1]), None);
    }

    #[test]
    fn means_and_standard_deviations() {
        let run = |seed, accuracy| {
            let records = [record(1, "validation", 0.5), record(1, "test", accuracy)];
            SeedRun::of_records(seed, "run", &records).unwrap()
        };
        let one = SeedsSummary::of("x", vec![run(0, 0.5)]).unwrap();
        assert_eq!(one.standard_deviation, None);
        let two = SeedsSummary::of("x", vec![run(0, 0.5), run(1, 1.0)]).unwrap();
        assert_eq!(
            (two.mean.test_accuracy, two.mean.best_test_accuracy),
            (0.75, Some(0.75))
        );
        assert_eq!(two.mean.spikes_per_neuron, [0.75, 2.0]);
        let deviation = two.standard_deviation.unwrap();
        assert!((deviation.test_accuracy - 0.125f64.sqrt()).abs() < 1e-15);
        assert_eq!(deviation.seconds, 0.0);
        assert_eq!(SeedsSummary::of("x", Vec::new()), None);
    }
}
