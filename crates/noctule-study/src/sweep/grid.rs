//! The grid of a sweep: an experiment for each point, and a seed for each run.

use std::collections::BTreeMap;

use noctule_train::TrainError;
use noctule_train::config::{AxisConfig, AxisValue, Config, ConfigTable, SweepConfig, SweepSeeds};

use super::error::SweepError;
use super::outcome::SweepOutcome;
use super::record::RunRecord;

/// The points of a sweep, and its runs.
///
/// Runs are counted repeat by repeat, so that an early end leaves something of every point.
pub(super) struct Grid {
    name: String,
    sweep: SweepConfig,
    /// Row by row.
    pub points: Vec<Config>,
    /// The keys of each point with their values.
    keys: Vec<BTreeMap<String, AxisValue>>,
}

/// A run that is to be done.
pub(super) struct PlannedRun {
    pub point: usize,
    pub repeat: usize,
    pub keys: BTreeMap<String, AxisValue>,
    pub config: Config,
}

impl Grid {
    /// The grid of an experiment.
    pub fn new(config: &Config) -> Result<Self, SweepError> {
        let Some(sweep) = config.sweep.clone() else {
            return Err(SweepError::NoSweep {
                name: config.name.clone(),
            });
        };
        let table = ConfigTable::from_toml_str(&config.to_toml()?, &config.name)?;
        let (mut points, mut keys) = (Vec::new(), Vec::new());
        for point in combinations(&sweep) {
            let overrides: Vec<String> = point
                .iter()
                .map(|(axis, value)| value.as_override(&axis.key))
                .collect();
            let mut table = table.clone();
            let applied = table.apply_overrides(&overrides);
            // Only now: paths among the values start there, too.
            table.set_folder(config.data.folder.as_deref());
            let resolved = applied.and_then(|()| table.resolve());
            points.push(resolved.map_err(|cause| SweepError::Point {
                point: overrides.join(" and "),
                cause: Box::new(cause),
            })?);
            let named = point
                .iter()
                .map(|(axis, value)| (axis.key.clone(), value.clone()));
            keys.push(named.collect());
        }
        Ok(Self {
            name: config.name.clone(),
            sweep,
            points,
            keys,
        })
    }

    /// Number of runs.
    pub fn runs(&self) -> usize {
        self.points.len() * self.sweep.repeats
    }

    /// The run of this number.
    pub fn planned(&self, run: usize) -> PlannedRun {
        let (point, repeat) = (run % self.points.len(), run / self.points.len());
        let mut config = self.points[point].clone();
        let ahead = match self.sweep.seeds {
            SweepSeeds::Shared => repeat,
            SweepSeeds::Distinct => run,
        };
        config.seed = config.seed.wrapping_add(ahead as u64);
        PlannedRun {
            point,
            repeat,
            keys: self.keys[point].clone(),
            config,
        }
    }

    /// The number of the run that a record is of; `None` if the sweep has no such run.
    pub fn number(&self, record: &RunRecord) -> Option<usize> {
        let is_one = record.point < self.points.len() && record.repeat < self.sweep.repeats;
        is_one.then(|| record.repeat * self.points.len() + record.point)
    }

    /// The error of what went wrong at a point.
    pub fn error_at(&self, point: usize, cause: TrainError) -> SweepError {
        let keys = self.keys[point].iter();
        let keys: Vec<String> = keys.map(|(key, value)| value.as_override(key)).collect();
        SweepError::Run {
            point: keys.join(" and "),
            cause: Box::new(cause),
        }
    }

    /// What all runs together found; `records` are in the order of the runs.
    pub fn outcome(&self, records: &[RunRecord]) -> SweepOutcome {
        SweepOutcome::new(&self.name, &self.sweep, self.points.len(), records)
    }
}

/// The values of the axes at every point, row by row.
fn combinations(sweep: &SweepConfig) -> Vec<Vec<(&AxisConfig, AxisValue)>> {
    let rows = match &sweep.y {
        Some(y) => y
            .values()
            .into_iter()
            .map(|value| vec![(y, value)])
            .collect(),
        None => vec![Vec::new()],
    };
    let columns = sweep.x.values();
    let mut points = Vec::new();
    for row in &rows {
        for column in &columns {
            points.push([&[(&sweep.x, column.clone())], row.as_slice()].concat());
        }
    }
    points
}
