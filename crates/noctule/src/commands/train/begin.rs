//! The beginning of a training: a new run, or one that is resumed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::engines::{self, Choice};
use anyhow::{Result, bail};
use noctule_core::Engine;
use noctule_train::collective::{threads, together};
use noctule_train::experiment::data_directory;
use noctule_train::{Collective, Config, RunDirectory, Trainer, recorded_backend};

use super::super::engine_choice::engine_choice;
use super::super::experiment::{LoadedData, configure, data_directory_of, make_directory};
use crate::cli::Train;
use crate::streams::note;
use crate::suggest;

/// A run that can go on.
pub(crate) struct Begun {
    pub(super) config: Config,
    pub(crate) trainer: Trainer,
    /// Where the data were found; `None` if they are generated.
    data_dir: Option<PathBuf>,
    /// Whether the first weights came from elsewhere.
    has_own_start: bool,
    /// The directory of a run that is resumed.
    pub(super) resumed: Option<RunDirectory>,
}

/// The experiment, and the trainer of this rank, from the beginning or resumed, when all ranks agree on what is trained.
/// Nothing is written.
pub(crate) fn prepare(
    options: &Train,
    mut collective: Box<dyn Collective>,
    stop: &Arc<AtomicBool>,
) -> Result<Begun> {
    // Before anything is read: no other process may write it meanwhile.
    let resumed = resumed(options, collective.is_root());
    let resumed = together(&mut *collective, resumed)?;
    let overrides = overrides(options);
    let config = experiment(options, resumed.as_ref(), &overrides);
    let config = together(&mut *collective, config)?;
    let choice = choice(options, resumed.as_ref(), collective.is_root());
    let choice = together(&mut *collective, choice)?;
    // All ranks must ask, whatever they are told.
    let fair = threads(&mut *collective);
    let threads = match config.training.threads {
        0 => fair,
        threads => threads,
    };
    let engine = engines::open(choice, threads).map_err(anyhow::Error::from);
    let engine = together(&mut *collective, engine)?;
    let named = options.data_dir.as_deref();
    let named = match &resumed {
        Some(run) => data_directory_of(run, named).map_err(anyhow::Error::from),
        None => Ok(named.map(Path::to_owned)),
    };
    let named = together(&mut *collective, named)?;
    let start = Start {
        config,
        resumed,
        engine,
        data_dir: named,
        init: options.init.clone(),
    };
    begin(start, collective, &mut LoadedData::default(), stop)
}

/// What a run begins with.
pub(super) struct Start {
    pub(super) config: Config,
    /// The directory of a run that is resumed.
    pub(super) resumed: Option<RunDirectory>,
    pub(super) engine: Arc<dyn Engine<f32>>,
    /// Where to look for the data, if not where they usually are.
    pub(super) data_dir: Option<PathBuf>,
    /// The run, or the file, whose weights a new run begins with.
    pub(super) init: Option<PathBuf>,
}

/// The trainer of this rank, when all ranks agree on what is trained. Nothing is written.
pub(super) fn begin(
    start: Start,
    mut collective: Box<dyn Collective>,
    loaded: &mut LoadedData,
    stop: &Arc<AtomicBool>,
) -> Result<Begun> {
    let Start {
        config,
        resumed,
        engine,
        data_dir,
        init,
    } = start;
    let data = loaded.get(&config, data_dir.as_deref(), &mut *collective, stop)?;
    let data_dir = data_directory(&config, data_dir.as_deref()).map_err(anyhow::Error::from);
    let data_dir = together(&mut *collective, data_dir)?;
    let trainer = Trainer::with_data(config.clone(), Arc::new(data), engine);
    let trainer = trainer
        .map_err(anyhow::Error::from)
        .and_then(|mut trainer| {
            match (&resumed, &init) {
                (Some(directory), _) => trainer.restore(directory)?,
                (None, Some(init)) => trainer.load_weights(&weights_file(init)?)?,
                (None, None) => {}
            }
            Ok(trainer)
        });
    let trainer = together(&mut *collective, trainer)?;
    Ok(Begun {
        // With numbers for what follows from the data.
        config: trainer.config().cloned().unwrap_or(config),
        trainer: trainer.join(collective)?,
        data_dir,
        has_own_start: init.is_some(),
        resumed,
    })
}

/// The weights of a run after its last epoch, or the file itself.
pub(super) fn weights_file(init: &Path) -> Result<PathBuf> {
    if init.is_dir() {
        return Ok(RunDirectory::open(init)?.last_path());
    }
    Ok(init.to_owned())
}

/// The directory of the run that is resumed; the rank that writes locks it.
fn resumed(options: &Train, is_root: bool) -> Result<Option<RunDirectory>> {
    let Some(run) = &options.resume else {
        return Ok(None);
    };
    let directory = if is_root {
        RunDirectory::open_to_write(run)?
    } else {
        RunDirectory::open(run)?
    };
    if !directory.last_path().exists() && directory.path().join("runs.jsonl").exists() {
        let command = suggest::resume_sweep(directory.path());
        bail!(
            "`{}` holds a sweep, not a training; continue it with:  {command}",
            run.display()
        );
    }
    Ok(Some(directory))
}

/// The experiment that is named, or that of the run that is resumed.
fn experiment(
    options: &Train,
    resumed: Option<&RunDirectory>,
    overrides: &[String],
) -> Result<Config> {
    match resumed {
        Some(directory) => Ok(Trainer::resumed_config(directory, overrides)?),
        None => configure(options.experiment.as_deref().unwrap_or_default(), overrides),
    }
}

/// The engine that is named, else that of the run that is resumed.
fn choice(options: &Train, resumed: Option<&RunDirectory>, is_root: bool) -> Result<Choice> {
    let recorded = match resumed {
        Some(directory) => recorded_backend(&directory.last_path())?,
        None => None,
    };
    let choice = engine_choice(&options.engine, recorded.as_deref())?;
    let name = choice.backend.name();
    if let Some(recorded) = recorded.filter(|recorded| is_root && recorded != name) {
        note!(
            "note: the run was trained on the back end `{recorded}`; on `{name}` it continues with other bits"
        );
    }
    Ok(choice)
}

impl Begun {
    /// The directory of the run, made last of all, so that nothing is left half-made.
    pub(crate) fn open(&mut self, out: Option<&Path>) -> Result<RunDirectory> {
        if let Some(directory) = &self.resumed {
            self.describe(directory)?;
            return Ok(directory.clone());
        }
        let directory = make_directory(out, &self.config)?;
        // The first checkpoint comes before anything else, so that every run directory can be resumed.
        let begun = self.save_beginning(&directory);
        if let Err(error) = begun.and_then(|()| self.describe(&directory)) {
            directory.abandon();
            return Err(error);
        }
        Ok(directory)
    }

    fn save_beginning(&mut self, directory: &RunDirectory) -> Result<()> {
        if self.has_own_start {
            // With it, the run can be repeated: its experiment does not say where it began.
            self.trainer.save(&directory.initial_path())?;
        }
        Ok(self.trainer.save(&directory.last_path())?)
    }

    /// Writes the experiment, and where its data are.
    fn describe(&self, directory: &RunDirectory) -> Result<()> {
        if let Some(data_dir) = &self.data_dir {
            directory.record_data_directory(data_dir)?;
        }
        Ok(directory.write_config(&self.config.to_toml()?)?)
    }
}

/// The options that stand for keys of the experiment.
pub(super) fn overrides(options: &Train) -> Vec<String> {
    let keys = [
        ("training.epochs", options.epochs),
        ("seed", options.seed),
        ("training.threads", options.threads),
    ];
    let named = keys
        .iter()
        .filter_map(|(key, value)| value.map(|value| format!("{key}={value}")));
    options.set.iter().cloned().chain(named).collect()
}
