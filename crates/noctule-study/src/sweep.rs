//! Sweeps: one experiment over a grid of one or two of its keys, many seeds at each point.
//!
//! The runs are independent and small, so whole runs are what is spread over threads. The outcome depends on the
//! experiment alone. Data that several runs share are loaded once. A [`RunLog`] keeps every run that is done, so that a
//! sweep that was interrupted can go on; the outcome is that of a sweep that was not.
//!
//! ```
//! use std::sync::Arc;
//! use std::sync::atomic::AtomicBool;
//! use noctule_core::Engine;
//! use noctule_study::{Sweep, SweepError, SweepOutcome};
//! use noctule_train::ConfigTable;
//!
//! /// Three by two points, two runs at each.
//! fn small_sweep(engine: Arc<dyn Engine<f32>>) -> Result<SweepOutcome, SweepError> {
//!     let mut table = ConfigTable::preset("convergence")?;
//!     let small = ["sweep.repeats=2", "sweep.x.to=0.4", "sweep.y.to=0.2", "training.epochs=5"];
//!     table.apply_overrides(&small.map(str::to_owned))?;
//!     let config = table.resolve()?;
//!     let sweep = Sweep::new(&config, None, engine)?;
//!     let outcome = sweep.run(None, &|_| {}, &AtomicBool::new(false))?;
//!     Ok(outcome.expect("the sweep was not stopped"))
//! }
//! ```

mod data;
mod error;
mod fingerprints;
mod grid;
mod outcome;
mod parallel;
mod position;
mod record;
mod run_log;
mod single_run;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use noctule_core::Engine;
use noctule_train::config::Config;
use noctule_train::{TrainError, Trainer, run_on};

use data::SharedData;
pub use error::SweepError;
use fingerprints::Fingerprints;
use grid::Grid;
pub use outcome::{AxisValues, BestPoint, ChosenBy, SweepOutcome};
use parallel::run_all;
use position::Position;
pub use position::SweepPosition;
pub use record::RunRecord;
pub use run_log::{RunLog, RunLogError};
use single_run::{Watch, train};

/// A sweep that can be run: its grid, its data, and the engine that trains.
pub struct Sweep {
    grid: Grid,
    data: SharedData,
    engine: Arc<dyn Engine<f32>>,
    /// Known when they are first needed, since the data must be read for them.
    fingerprints: OnceLock<Fingerprints>,
}

impl Sweep {
    /// The sweep of an experiment, with data sets in `data_directory`, or where [`noctule_data::data_directory`] says. They
    /// are loaded when they are needed.
    ///
    /// # Errors
    /// If the experiment has no `[sweep]`, or a point of the grid is not a valid experiment.
    pub fn new(
        config: &Config,
        data_directory: Option<&Path>,
        engine: Arc<dyn Engine<f32>>,
    ) -> Result<Self, SweepError> {
        Ok(Self {
            grid: Grid::new(config)?,
            data: SharedData::new(data_directory),
            engine,
            fingerprints: OnceLock::new(),
        })
    }

    /// The experiments at the points of the grid, row by row, each with the seed of its first repeat.
    pub fn points(&self) -> &[Config] {
        &self.grid.points
    }

    /// Number of runs.
    pub fn runs(&self) -> usize {
        self.grid.runs()
    }

    /// Whether a trainer can be made at every point, which no run then has to find out.
    ///
    /// # Errors
    /// If data cannot be loaded, or layers do not fit one another or the data.
    pub fn check(&self) -> Result<(), SweepError> {
        for run in (0..self.points().len()).map(|point| self.grid.planned(point)) {
            let data = self.data.of(&run.config);
            data.map_err(TrainError::from)
                .and_then(|data| Trainer::with_data(run.config, data, Arc::clone(&self.engine)))
                .map_err(|cause| self.grid.error_at(run.point, cause))?;
        }
        Ok(())
    }

    /// How many of the runs `log` has already.
    ///
    /// # Errors
    /// If it cannot be read, or holds runs of another experiment.
    pub fn finished(&self, log: &RunLog) -> Result<usize, SweepError> {
        Ok(self.places(Some(log))?.iter().flatten().count())
    }

    /// A place for the record of each run, with those that `log` has.
    fn places(&self, log: Option<&RunLog>) -> Result<Vec<Option<RunRecord>>, SweepError> {
        let mut places = vec![None; self.runs()];
        let Some(log) = log else {
            return Ok(places);
        };
        let fingerprints = self.fingerprints()?;
        for (line, record) in (1..).zip(log.read()?) {
            let Some(run) = self.grid.number(&record) else {
                return Err(log.too_many(line, &record).into());
            };
            let seed = self.grid.planned(run).config.seed;
            if fingerprints.of(record.point, seed) != record.fingerprint {
                return Err(log.of_another_sweep(line).into());
            }
            places[run] = Some(record);
        }
        Ok(places)
    }

    fn fingerprints(&self) -> Result<&Fingerprints, SweepError> {
        if let Some(known) = self.fingerprints.get() {
            return Ok(known);
        }
        let found = Fingerprints::new(&self.grid, &self.data, &self.engine)?;
        Ok(self.fingerprints.get_or_init(|| found))
    }

    /// Trains at every point as often as the experiment says; `None` if `stop` was set meanwhile. At most as many runs as
    /// the engine can have sessions are active at once. They end within a batch when `stop` is set.
    ///
    /// Runs that `log` has already are not done again, and every run is added to it when it is done. `progress` is told how
    /// far the sweep is.
    ///
    /// # Errors
    /// If data cannot be loaded, the engine fails, or `log` holds runs of another experiment or cannot be written. Runs that
    /// are in the log stay there.
    pub fn run(
        &self,
        log: Option<&RunLog>,
        progress: &(dyn Fn(SweepPosition) + Sync),
        stop: &AtomicBool,
    ) -> Result<Option<SweepOutcome>, SweepError> {
        let mut records = self.places(log)?;
        self.fingerprints()?;
        let pending: Vec<usize> = (0..records.len())
            .filter(|&run| records[run].is_none())
            .collect();
        let position = Position::new(records.len() - pending.len(), records.len());
        let watch = Watch {
            position: &position,
            progress,
        };
        progress(position.now());
        let run = |index: usize| self.run_one(pending[index], log, watch, stop);
        let sessions = self.engine.info().parallel_sessions;
        let done = run_on(&*self.engine, || run_all(pending.len(), sessions, &run))?;
        for (&place, record) in pending.iter().zip(done) {
            records[place] = record;
        }
        // Without a stop there is a record of every run.
        let Some(records) = records.into_iter().collect::<Option<Vec<RunRecord>>>() else {
            return Ok(None);
        };
        if let Some(log) = log {
            log.rewrite(&records)?;
        }
        Ok(Some(self.grid.outcome(&records)))
    }

    /// The run of this number; `None` if `stop` was set meanwhile.
    fn run_one(
        &self,
        number: usize,
        log: Option<&RunLog>,
        watch: Watch<'_>,
        stop: &AtomicBool,
    ) -> Result<Option<RunRecord>, SweepError> {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let run = self.grid.planned(number);
        let fingerprint = self.fingerprints()?.of(run.point, run.config.seed);
        let data = self.data.of(&run.config).map_err(TrainError::from);
        let record = data
            .and_then(|data| train(&run, fingerprint, data, &self.engine, watch, stop))
            .map_err(|cause| self.grid.error_at(run.point, cause))?;
        if let (Some(log), Some(record)) = (log, &record) {
            log.append(record)?;
        }
        Ok(record)
    }
}
