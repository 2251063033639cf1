//! Experiments and run directories, which the command line shares.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use noctule::engines::Backend;
use noctule::runs::{TrainOptions, begin, finish, input_shape};
use noctule_core::Network;
use noctule_data::Split;
use noctule_train::experiment::encoding;
use noctule_train::{
    Classifier, Config, ConfigTable, Data, RunDirectory, RunEnd, SampleOrder, recorded_backend,
    trained_network,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::data::dataset_to_python;
use crate::engines::EngineChoice;
use crate::errors::{Error, Result};
use crate::model::Model;
use crate::watch::{self, Stop};

/// The names of the presets.
#[pyfunction]
pub fn preset_names() -> Vec<String> {
    Config::preset_names()
        .into_iter()
        .map(str::to_owned)
        .collect()
}

/// What `noctule.train` was given.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct TrainSpec {
    experiment: Option<OsString>,
    resume: Option<PathBuf>,
    out: Option<PathBuf>,
    data_dir: Option<PathBuf>,
    init: Option<PathBuf>,
    overrides: Vec<String>,
    epochs: Option<u64>,
    seed: Option<u64>,
    threads: Option<u64>,
    backend: Option<String>,
    device: Option<usize>,
    report: bool,
}

impl TrainSpec {
    fn options(&self) -> Result<TrainOptions> {
        let backend = match &self.backend {
            None => None,
            Some(name) => {
                // Says so if it is unknown or not part of this build.
                EngineChoice::new(name, self.device, 0)?;
                Backend::named(name)
            }
        };
        Ok(TrainOptions {
            experiment: self.experiment.clone(),
            resume: self.resume.clone(),
            out: self.out.clone(),
            data_dir: self.data_dir.clone(),
            init: self.init.clone(),
            overrides: self.overrides.clone(),
            epochs: self.epochs,
            seed: self.seed,
            threads: self.threads,
            backend,
            device: self.device,
        })
    }
}

/// Trains an experiment in a run directory. `observer.begin` hears of the directory; the rest is as in `fit`. Returns the
/// directory, and whether all epochs are done.
#[pyfunction]
pub fn train_experiment(
    py: Python<'_>,
    spec: TrainSpec,
    observer: &Bound<'_, PyAny>,
) -> Result<(PathBuf, bool)> {
    let options = spec.options()?;
    let stop = Arc::new(AtomicBool::new(false));
    let mut run = watch::interruptible(py, &stop, || Ok(begin(&options, &stop)?))?;
    let path = run.directory.path().to_owned();
    let sizes = run.trainer.layer_sizes();
    let samples = run.trainer.training_samples().len();
    observer.call_method1("begin", (&path, sizes, samples))?;
    let directory = run.directory.clone();
    let mut after_epoch = |_: Python<'_>, _: &mut noctule_train::Trainer| {
        Ok(observer.call_method0("after_epoch")?.extract()?)
    };
    let after_epoch: Option<
        &mut dyn FnMut(Python<'_>, &mut noctule_train::Trainer) -> Result<bool>,
    > = match observer.getattr("has_callbacks")?.extract()? {
        true => Some(&mut after_epoch),
        false => None,
    };
    let end = watch::train(
        py,
        &mut run.trainer,
        Some(&directory),
        observer,
        &Stop::default(),
        after_epoch,
    )?;
    if end == RunEnd::Finished {
        watch::interruptible(py, &stop, || Ok(finish(&mut run, spec.report, &stop)?))?;
    }
    Ok((path, end == RunEnd::Finished))
}

/// Opens a run directory: its experiment as TOML and JSON, its records as JSON lines, and its trained network.
#[pyfunction]
pub fn load_run(
    py: Python<'_>,
    path: PathBuf,
    best: bool,
    backend: Option<String>,
    device: Option<usize>,
    threads: usize,
) -> Result<(String, String, String, Model)> {
    let run = Opened::new(path, best, backend, device, threads)?;
    let toml = run.config.to_toml().map_err(anyhow::Error::from)?;
    let json = serde_json::to_string(&run.config).map_err(anyhow::Error::from)?;
    let metrics = std::fs::read_to_string(run.directory.metrics_path()).unwrap_or_default();
    let network = py.detach(|| run.network())?;
    Ok((toml, json, metrics, Model::single(run.choice, network)?))
}

/// Evaluates a run on a part of its data; returns the record as JSON.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "Python names them")]
pub fn evaluate_run(
    py: Python<'_>,
    path: PathBuf,
    best: bool,
    split: &str,
    data_dir: Option<PathBuf>,
    backend: Option<String>,
    device: Option<usize>,
    threads: usize,
) -> Result<String> {
    let run = Opened::new(path, best, backend, device, threads)?;
    let split = named_split(split)?;
    let stop = AtomicBool::new(false);
    let record = watch::interruptible(py, &stop, || {
        let samples = run.samples(split, data_dir)?;
        let engine = run.choice.engine()?;
        let mut classifier = Classifier::new(&run.config, &samples, &run.checkpoint, engine)?;
        Ok(classifier.evaluate(&split.to_string(), None, &stop)?)
    })?;
    serde_json::to_string(&record).map_err(|error| anyhow::Error::from(error).into())
}

/// A part of a run's data, in the order of its file, with the encoding of the experiment.
#[pyfunction]
pub fn run_samples<'py>(
    py: Python<'py>,
    path: PathBuf,
    split: &str,
    data_dir: Option<PathBuf>,
) -> Result<Bound<'py, PyDict>> {
    let run = Opened::new(path, false, Some("cpu".to_owned()), None, 0)?;
    let split = named_split(split)?;
    let stop = AtomicBool::new(false);
    let samples = watch::interruptible(py, &stop, || run.samples(split, data_dir))?;
    let encoding = encoding(&run.config)?;
    let described = dataset_to_python(py, samples)?;
    described.set_item(
        "encoding",
        (
            encoding.earliest(),
            encoding.latest(),
            encoding.silent_zero(),
            encoding.bias(),
        ),
    )?;
    Ok(described)
}

/// The part of a data set of this name.
pub fn named_split(name: &str) -> Result<Split> {
    match name {
        "train" => Ok(Split::Train),
        "validation" => Ok(Split::Validation),
        "test" => Ok(Split::Test),
        _ => Err(Error::data(format!(
            "there is no split `{name}`: choose train, validation or test"
        ))),
    }
}

/// A run that is only read.
struct Opened {
    directory: RunDirectory,
    config: Config,
    checkpoint: PathBuf,
    choice: EngineChoice,
}

impl Opened {
    fn new(
        path: PathBuf,
        best: bool,
        backend: Option<String>,
        device: Option<usize>,
        threads: usize,
    ) -> Result<Self> {
        let directory = RunDirectory::open(path).map_err(anyhow::Error::from)?;
        let config = ConfigTable::read(&directory.config_path())
            .and_then(|table| table.resolve())
            .map_err(anyhow::Error::from)?;
        let checkpoint = match best {
            true => directory.best_path(),
            false => directory.last_path(),
        };
        let backend = match backend {
            Some(named) => named,
            None => recorded_backend(&checkpoint)?.unwrap_or_else(|| "cpu".to_owned()),
        };
        let choice = EngineChoice::new(&backend, device, threads)?;
        Ok(Self {
            directory,
            config,
            checkpoint,
            choice,
        })
    }

    /// The network with the weights of the checkpoint.
    fn network(&self) -> Result<Network<f32>> {
        let data_dir = self.data_dir(None)?;
        let input = input_shape(&self.config, &self.checkpoint, data_dir.as_deref())?;
        Ok(trained_network(&self.config, input, &self.checkpoint)?)
    }

    /// The data directory that is named, else that of the run.
    fn data_dir(&self, named: Option<PathBuf>) -> Result<Option<PathBuf>> {
        match named {
            Some(named) => Ok(Some(named)),
            None => Ok(self
                .directory
                .recorded_data_directory()
                .map_err(anyhow::Error::from)?),
        }
    }

    fn samples(&self, split: Split, data_dir: Option<PathBuf>) -> Result<noctule_data::Dataset> {
        let data_dir = self.data_dir(data_dir)?;
        let directory = data_dir.as_deref();
        Ok(Data::load_part(
            &self.config,
            directory,
            split,
            SampleOrder::File,
        )?)
    }
}
