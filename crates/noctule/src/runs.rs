//! Run directories for programs: what `noctule train` does, for who shows the progress in another way.
//!
//! ```no_run
//! use std::sync::Arc;
//! use std::sync::atomic::AtomicBool;
//! use noctule::runs::{TrainOptions, begin, finish};
//! use noctule::train::NoProgress;
//!
//! let stop = Arc::new(AtomicBool::new(false));
//! let options = TrainOptions { experiment: Some("yinyang".into()), ..TrainOptions::default() };
//! let mut run = begin(&options, &stop)?; // makes `runs/yinyang`
//! run.trainer.run(Some(&run.directory), &mut NoProgress, &stop)?;
//! finish(&mut run, true, &stop)?;
//! # Ok::<(), anyhow::Error>(())
//! ```

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Result;
use noctule_data::{Dataset, LoadError, Split};
use noctule_train::{RunDirectory, SingleProcess, Trainer};

use crate::cli::{EngineOptions, Train};
use crate::commands::{fetch_set, train};
use crate::engines::Backend;
pub use crate::input_shape::input_shape;

/// What is trained, and where; the options of `noctule train`.
#[derive(Clone, Debug, Default)]
pub struct TrainOptions {
    /// A preset or a TOML file; needed for a new run.
    pub experiment: Option<OsString>,
    /// The directory of a run to continue, in place of an experiment.
    pub resume: Option<PathBuf>,
    /// The run directory to make. Default: `runs/NAME`, or `runs/NAME-2` and so on.
    pub out: Option<PathBuf>,
    /// Where data sets lie, and are downloaded to.
    pub data_dir: Option<PathBuf>,
    /// A run or a safetensors file whose weights a new run begins with.
    pub init: Option<PathBuf>,
    /// Keys of the experiment, such as `training.batch_size=100`.
    pub overrides: Vec<String>,
    /// Number of epochs.
    pub epochs: Option<u64>,
    /// Seed of all randomness.
    pub seed: Option<u64>,
    /// Threads; 0 for all cores.
    pub threads: Option<u64>,
    /// The back end. Default: that of the run that is continued, else the processor.
    pub backend: Option<Backend>,
    /// The device of the back end.
    pub device: Option<usize>,
}

/// A run that can go on.
pub struct Run {
    /// Its trainer.
    pub trainer: Trainer,
    /// Its directory, which is locked.
    pub directory: RunDirectory,
}

/// Makes the directory of a new run, or opens that of an earlier one. A data set that is not there is downloaded, until
/// `stop` is set.
///
/// # Errors
/// If the experiment is not valid, its data cannot be loaded, or the directory cannot be made; then there is none.
pub fn begin(options: &TrainOptions, stop: &Arc<AtomicBool>) -> Result<Run> {
    let options = options.clone();
    let out = options.out.clone();
    let words = Train {
        experiment: options.experiment,
        data_dir: options.data_dir,
        out: options.out,
        epochs: options.epochs,
        seed: options.seed,
        seeds: None,
        init: options.init,
        threads: options.threads,
        engine: EngineOptions {
            backend: options.backend,
            device: options.device,
        },
        resume: options.resume,
        no_report: true,
        set: options.overrides,
    };
    let mut begun = train::begin::prepare(&words, Box::new(SingleProcess), stop)?;
    let directory = begun.open(out.as_deref())?;
    train::report::remove(directory.path());
    Ok(Run {
        trainer: begun.trainer,
        directory,
    })
}

/// Writes what a finished run leaves beside its checkpoints: the decision map of a Yin-Yang run and, if that is asked for,
/// `report.html`, whose path is returned.
///
/// # Errors
/// If the picture cannot be written. Without the page the run is as good: that it fails is said on standard error.
pub fn finish(run: &mut Run, report: bool, stop: &AtomicBool) -> Result<Option<PathBuf>> {
    if run.trainer.config().is_some_and(train::picture::suits) {
        train::picture::write(&mut run.trainer, run.directory.path())?;
    }
    Ok(match report {
        true => train::report::of_run(&run.trainer, &run.directory, stop),
        false => None,
    })
}

/// Loads one part of a known data set. If it is not there, it is downloaded, until `stop` is set.
///
/// # Errors
/// If the set is unknown, or cannot be downloaded or loaded.
pub fn load_set(
    name: &str,
    split: Split,
    data_dir: Option<&Path>,
    seed: u64,
    stop: &Arc<AtomicBool>,
) -> Result<Dataset> {
    match noctule_data::load(name, split, data_dir, seed) {
        Err(LoadError::Missing { .. }) => {
            fetch_set(name, data_dir, stop)?;
            Ok(noctule_data::load(name, split, data_dir, seed)?)
        }
        loaded => Ok(loaded?),
    }
}
