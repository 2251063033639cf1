//! Sweeps: one experiment over a grid of two of its keys, many seeds at each point.
//!
//! The runs are independent and small, so whole runs are what is spread over threads. The outcome depends on the
//! experiment alone. Data that several runs share are loaded once.
//!
//! ```
//! use std::sync::Arc;
//! use std::sync::atomic::AtomicBool;
//! use noctule_core::Engine;
//! use noctule_study::{SweepError, SweepOutcome, sweep};
//! use noctule_train::ConfigTable;
//!
//! /// Three by two points, two runs at each.
//! fn small_sweep(engine: Arc<dyn Engine<f32>>) -> Result<SweepOutcome, SweepError> {
//!     let mut table = ConfigTable::preset("convergence")?;
//!     let small = ["sweep.repeats=2", "sweep.x.to=0.4", "sweep.y.to=0.2", "training.epochs=5"];
//!     table.apply_overrides(&small.map(str::to_owned))?;
//!     let config = table.resolve()?;
//!     let outcome = sweep::run(&config, None, &engine, &|_, _| {}, &AtomicBool::new(false))?;
//!     Ok(outcome.expect("the sweep was not stopped"))
//! }
//! ```

mod data;
mod parallel;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use noctule_core::Engine;
use noctule_train::config::{AxisConfig, Config, ConfigError, ConfigTable, SweepConfig};
use noctule_train::{Data, NoProgress, TrainError, Trainer, run_on};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use data::SharedData;
use parallel::run_all;

/// A sweep that cannot be run.
#[derive(Debug, Error)]
pub enum SweepError {
    /// The experiment has no `[sweep]`.
    #[error(
        "the experiment `{name}` has no table `[sweep]`: add one that says which keys to vary, or use the preset `convergence`"
    )]
    NoSweep {
        /// Name of the experiment.
        name: String,
    },
    /// A point of the grid is not a valid experiment.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A run failed for another reason than that training diverged.
    #[error(transparent)]
    Train(#[from] Box<TrainError>),
}

/// What a sweep found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepOutcome {
    /// Name of the experiment.
    pub name: String,
    /// The key along the columns, and its values.
    pub x: AxisValues,
    /// The key along the rows, and its values.
    pub y: AxisValues,
    /// Runs at each point.
    pub repeats: usize,
    /// Mean test accuracy after the last epoch; shape `[y][x]`. A run that diverged counts as 0.
    pub accuracy: Vec<Vec<f64>>,
    /// Fraction of the runs that classify the whole test set correctly after the last epoch; shape `[y][x]`.
    pub solved: Vec<Vec<f64>>,
    /// Mean of `accuracy` over the grid.
    pub mean_accuracy: f64,
    /// Mean of `solved` over the grid.
    pub mean_solved: f64,
    /// Runs that diverged, of all.
    pub diverged: usize,
}

/// The points of one axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AxisValues {
    /// Path of the key.
    pub key: String,
    /// Its values.
    pub values: Vec<f64>,
}

impl From<&AxisConfig> for AxisValues {
    fn from(axis: &AxisConfig) -> Self {
        Self {
            key: axis.key.clone(),
            values: axis.values(),
        }
    }
}

/// Whether the experiment has a sweep, and every point of its grid is a valid experiment.
///
/// # Errors
/// As [`run`], but for the data.
pub fn check(config: &Config) -> Result<(), SweepError> {
    points(config).map(|_| ())
}

/// Trains at every point of the grid with seeds `seed`, `seed + 1` and so on; `None` if `stop` was set meanwhile. At most as
/// many runs as the engine can have sessions are active at once.
///
/// `progress` is told how many runs are done, and of how many.
///
/// # Errors
/// If the experiment has no `[sweep]`, a point of the grid is not a valid experiment, its data cannot be loaded, or the
/// engine fails.
pub fn run(
    config: &Config,
    data_directory: Option<&Path>,
    engine: &Arc<dyn Engine<f32>>,
    progress: &(dyn Fn(usize, usize) + Sync),
    stop: &AtomicBool,
) -> Result<Option<SweepOutcome>, SweepError> {
    let (sweep, points) = points(config)?;
    let (x, y) = (AxisValues::from(&sweep.x), AxisValues::from(&sweep.y));
    let total = points.len() * sweep.repeats;
    let data = SharedData::new(data_directory);
    let sessions = engine.info().parallel_sessions;
    let run = |run: usize| {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let mut config = points[run / sweep.repeats].clone();
        config.seed = config.seed.wrapping_add((run % sweep.repeats) as u64);
        let data = data.of(&config)?;
        accuracy(config, data, engine, stop)
    };
    let progress = |done| progress(done, total);
    let runs: Vec<Option<f64>> =
        run_on(&**engine, || run_all(total, sessions, &run, &progress)).map_err(Box::new)?;
    if stop.load(Ordering::Relaxed) {
        return Ok(None);
    }
    Ok(Some(summarise(config, sweep, x, y, &runs)))
}

/// The sweep, and the experiment at every point of its grid, row by row.
fn points(config: &Config) -> Result<(&SweepConfig, Vec<Config>), SweepError> {
    let Some(sweep) = &config.sweep else {
        return Err(SweepError::NoSweep {
            name: config.name.clone(),
        });
    };
    let mut table = ConfigTable::from_toml_str(&config.to_toml()?, &config.name)?;
    table.set_folder(config.data.folder.as_deref());
    let mut points = Vec::new();
    for y in &sweep.y.values() {
        for x in &sweep.x.values() {
            let mut table = table.clone();
            // Without a decimal point where the value is whole, so that it may be a count.
            let overrides =
                [(&sweep.x, x), (&sweep.y, y)].map(|(axis, value)| format!("{}={value}", axis.key));
            table.apply_overrides(&overrides)?;
            points.push(table.resolve()?);
        }
    }
    Ok((sweep, points))
}

/// The test accuracy after the last epoch; `None` if training diverged.
fn accuracy(
    config: Config,
    data: Arc<Data>,
    engine: &Arc<dyn Engine<f32>>,
    stop: &AtomicBool,
) -> Result<Option<f64>, TrainError> {
    let mut trainer = Trainer::with_data(config, data, Arc::clone(engine))?;
    match trainer.run(None, &mut NoProgress, stop) {
        Ok(_) => {}
        Err(TrainError::Diverged { .. } | TrainError::NotFinite { .. }) => return Ok(None),
        Err(error) => return Err(error),
    }
    let history = trainer.history().iter();
    let last = history.rev().find(|record| record.split == "test");
    Ok(last.map(|record| record.accuracy))
}

fn summarise(
    config: &Config,
    sweep: &SweepConfig,
    x: AxisValues,
    y: AxisValues,
    runs: &[Option<f64>],
) -> SweepOutcome {
    let mean = |of: &dyn Fn(Option<f64>) -> f64| -> Vec<Vec<f64>> {
        let point =
            |runs: &[Option<f64>]| runs.iter().map(|&run| of(run)).sum::<f64>() / runs.len() as f64;
        let points: Vec<f64> = runs.chunks(sweep.repeats).map(point).collect();
        points.chunks(x.values.len()).map(<[f64]>::to_vec).collect()
    };
    let accuracy = mean(&|run| run.unwrap_or(0.0));
    let solved = mean(&|run| f64::from(u8::from(run == Some(1.0))));
    let over_grid = |grid: &[Vec<f64>]| {
        grid.iter().flatten().sum::<f64>() / (x.values.len() * y.values.len()) as f64
    };
    SweepOutcome {
        name: config.name.clone(),
        mean_accuracy: over_grid(&accuracy),
        mean_solved: over_grid(&solved),
        diverged: runs.iter().filter(|run| run.is_none()).count(),
        repeats: sweep.repeats,
        x,
        y,
        accuracy,
        solved,
    }
}
