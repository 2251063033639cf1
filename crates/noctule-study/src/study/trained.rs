//! Networks that a study trains, each once, in a run directory within its own.

use std::path::Path;
use std::sync::Arc;

use noctule_core::{Engine, Network};
use noctule_train::config::ConfigTable;
use noctule_train::{
    Config, Data, EpochRecord, Progress, RunDirectory, RunDirectoryError, RunEnd, SourceData,
    Trainer,
};

use super::context::StudyContext;
use super::error::StudyError;

/// A network that was trained.
#[derive(Clone, Debug)]
pub struct TrainedNetwork {
    /// The run directory.
    pub directory: RunDirectory,
    /// The experiment, with numbers for what follows from its data.
    pub config: Config,
    /// The samples.
    pub data: Arc<Data>,
    /// The weights after the last epoch (the running mean, if there is one).
    pub network: Network<f32>,
    /// The records of all epochs.
    pub history: Vec<EpochRecord>,
}

impl TrainedNetwork {
    /// The time of training and evaluation, in seconds.
    pub fn seconds(&self) -> f64 {
        self.history.iter().map(|record| record.seconds).sum()
    }

    /// The last record of a part of the samples, such as `test`.
    pub fn last(&self, split: &str) -> Option<&EpochRecord> {
        self.history.iter().rfind(|record| record.split == split)
    }
}

/// What a study trains.
pub(crate) struct Training<'a> {
    /// Name of the run directory, within the folder `networks` of the study.
    pub name: &'a str,
    /// The preset.
    pub preset: &'a str,
    /// Overrides of its keys, as `--set` takes them.
    pub overrides: &'a [String],
    /// The checkpoint to begin with, if the weights are not drawn.
    pub init: Option<&'a Path>,
    /// The engine; studies wrap that of their context.
    pub engine: Arc<dyn Engine<f32>>,
}

/// The network of a preset, trained on the study's engine, or read if it was trained before; `None` if the study was
/// stopped. Training continues where it was stopped.
///
/// # Errors
/// If the data cannot be loaded, training fails, or a file cannot be read or written.
pub fn trained_network(
    context: &StudyContext<'_>,
    name: &str,
    preset: &str,
    overrides: &[String],
) -> Result<Option<TrainedNetwork>, StudyError> {
    let training = Training {
        name,
        preset,
        overrides,
        init: None,
        engine: Arc::clone(&context.engine),
    };
    train(context, &training, &mut noctule_train::NoProgress)
}

/// As [`trained_network`], from any beginning, on any engine.
pub(crate) fn train(
    context: &StudyContext<'_>,
    training: &Training<'_>,
    progress: &mut dyn Progress,
) -> Result<Option<TrainedNetwork>, StudyError> {
    let mut table = ConfigTable::preset(training.preset)?;
    table.apply_overrides(training.overrides)?;
    let config = table.resolve()?;
    let path = context.directory.join("networks").join(training.name);
    let source = SourceData::load(&config, context.data_directory())?;
    let data = Arc::new(source.split(&config)?);
    let mut trainer = Trainer::with_data(config, Arc::clone(&data), Arc::clone(&training.engine))?;
    let config = trainer.config().cloned();
    let config = config.unwrap_or_else(|| unreachable!("the trainer has an experiment"));
    let directory = match RunDirectory::open_to_write(&path) {
        Ok(directory) => {
            trainer.restore(&directory)?;
            directory
        }
        Err(RunDirectoryError::NotRun { .. }) => {
            if let Some(init) = training.init {
                trainer.load_weights(init)?;
            }
            let directory = RunDirectory::create(&path)?;
            trainer.save(&directory.last_path())?;
            directory.write_config(&config.to_toml()?)?;
            directory
        }
        Err(error) => return Err(error.into()),
    };
    let is_finished = trainer.finished_epochs() >= config.training.epochs;
    if !is_finished {
        match trainer.run(Some(&directory), progress, context.stop)? {
            RunEnd::Finished => {}
            RunEnd::Interrupted => return Ok(None),
        }
    }
    Ok(Some(TrainedNetwork {
        network: trainer.network()?.clone(),
        history: trainer.history().to_vec(),
        directory,
        config,
        data,
    }))
}
