//! What a sweep found.

use noctule_train::config::{AxisConfig, AxisValue, SweepConfig, SweepSeeds};
use serde::{Deserialize, Serialize};

use super::record::RunRecord;
use crate::statistics::{mean, standard_deviation};

/// What a sweep found. Grids have the shape `[y][x]`; without a second axis they have one row. All accuracies are those
/// after the last epoch, and a run that diverged counts as 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepOutcome {
    /// Name of the experiment.
    pub name: String,
    /// The key along the columns, and its values.
    pub x: AxisValues,
    /// The key along the rows, and its values; none for a sweep of one key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<AxisValues>,
    /// Runs at each point.
    pub repeats: usize,
    /// Mean test accuracy.
    pub accuracy: Vec<Vec<f64>>,
    /// Fraction of the runs that classify the whole test set correctly.
    pub solved: Vec<Vec<f64>>,
    /// Mean of `accuracy` over the grid.
    pub mean_accuracy: f64,
    /// Mean of `solved` over the grid.
    pub mean_solved: f64,
    /// Mean over all runs of the best training accuracy of an epoch, measured before each step; none if a run was recorded
    /// without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_best_training: Option<f64>,
    /// Share of the runs that make no mistake in some epoch, measured in the same way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_ever_solved: Option<f64>,
    /// Runs that diverged, of all.
    pub diverged: usize,
    /// Which seeds the runs had.
    pub seeds: SweepSeeds,
    /// Standard deviation of the test accuracy over the runs at a point; none for single runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std: Option<Vec<Vec<f64>>>,
    /// Mean validation accuracy; none unless all runs had a validation part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<Vec<Vec<f64>>>,
    /// Standard deviation of the validation accuracy over the runs at a point; none for single runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_std: Option<Vec<Vec<f64>>>,
    /// What the best point was chosen by.
    pub chosen_by: ChosenBy,
    /// The best point.
    pub best: BestPoint,
}

/// The points of one axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AxisValues {
    /// Path of the key.
    pub key: String,
    /// Its values.
    pub values: Vec<AxisValue>,
}

/// What the best point of a sweep was chosen by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChosenBy {
    /// The mean validation accuracy; the test accuracy is that of samples that chose nothing.
    Validation,
    /// The mean test accuracy, for want of a validation part: it is too good, as the largest of several numbers is.
    Test,
}

/// The point of a grid with the highest accuracy; of several the first, row by row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BestPoint {
    /// The value along the columns.
    pub x: AxisValue,
    /// The value along the rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<AxisValue>,
    /// Mean test accuracy there.
    pub accuracy: f64,
    /// Its standard deviation over the runs there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std: Option<f64>,
    /// Mean validation accuracy there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<f64>,
    /// Points that are as good, itself included.
    pub equally_good: usize,
}

impl From<&AxisConfig> for AxisValues {
    fn from(axis: &AxisConfig) -> Self {
        Self {
            key: axis.key.clone(),
            values: axis.values(),
        }
    }
}

impl SweepOutcome {
    /// The outcome of `records`, which are those of all `points` repeat by repeat.
    pub(super) fn new(
        name: &str,
        sweep: &SweepConfig,
        points: usize,
        records: &[RunRecord],
    ) -> Self {
        let x = AxisValues::from(&sweep.x);
        let y = sweep.y.as_ref().map(AxisValues::from);
        let columns = x.values.len();
        let of_point = |point: usize, of: &dyn Fn(&RunRecord) -> f64| -> Vec<f64> {
            records.iter().skip(point).step_by(points).map(of).collect()
        };
        let each = |of: &dyn Fn(&RunRecord) -> f64, reduce: fn(&[f64]) -> f64| -> Vec<f64> {
            let point = |point| reduce(&of_point(point, of));
            (0..points).map(point).collect()
        };
        let test = |run: &RunRecord| run.test_accuracy.unwrap_or(0.0);
        let accuracy = each(&test, mean);
        let std = (sweep.repeats > 1).then(|| each(&test, standard_deviation));
        let held_out = |run: &RunRecord| run.validation_accuracy.unwrap_or(0.0);
        let is_validated = |run: &RunRecord| run.diverged || run.validation_accuracy.is_some();
        let has_validation =
            records.iter().all(is_validated) && records.iter().any(|run| !run.diverged);
        let validation = has_validation.then(|| each(&held_out, mean));
        let validation_std =
            (has_validation && sweep.repeats > 1).then(|| each(&held_out, standard_deviation));
        let solved = each(
            &|run| f64::from(u8::from(run.test_accuracy == Some(1.0))),
            mean,
        );
        // A run that diverged in its first epoch has none.
        let best_training = |run: &RunRecord| match run.best_training_accuracy {
            None if run.diverged => Some(0.0),
            best => best,
        };
        let best_training: Option<Vec<f64>> = records.iter().map(best_training).collect();
        let ever_solved = |best: &Vec<f64>| {
            let solved = best.iter().filter(|&&accuracy| accuracy == 1.0);
            solved.count() as f64 / best.len().max(1) as f64
        };
        let judged = validation.as_ref().unwrap_or(&accuracy);
        let best = best_of(judged);
        let grid = |values: Vec<f64>| values.chunks(columns).map(<[f64]>::to_vec).collect();
        Self {
            name: name.to_owned(),
            repeats: sweep.repeats,
            seeds: sweep.seeds,
            mean_accuracy: mean(&accuracy),
            mean_solved: mean(&solved),
            mean_best_training: best_training.as_deref().map(mean),
            mean_ever_solved: best_training.as_ref().map(ever_solved),
            diverged: records.iter().filter(|run| run.diverged).count(),
            chosen_by: match validation {
                Some(_) => ChosenBy::Validation,
                None => ChosenBy::Test,
            },
            best: BestPoint {
                x: x.values[best % columns].clone(),
                y: y.as_ref().map(|y| y.values[best / columns].clone()),
                accuracy: accuracy[best],
                std: std.as_ref().map(|std| std[best]),
                validation: validation.as_ref().map(|validation| validation[best]),
                equally_good: judged
                    .iter()
                    .filter(|&&value| value == judged[best])
                    .count(),
            },
            x,
            y,
            accuracy: grid(accuracy),
            std: std.map(grid),
            validation: validation.map(grid),
            validation_std: validation_std.map(grid),
            solved: grid(solved),
        }
    }

    /// The grid that the best point was chosen by.
    pub fn judged(&self) -> &[Vec<f64>] {
        self.validation.as_ref().unwrap_or(&self.accuracy)
    }
}

/// Index of the largest value; of several the first.
fn best_of(values: &[f64]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}
