//! `noctule train`.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};
use noctule::picture::DecisionMap;
use noctule_data::LoadError;
use noctule_train::config::DataSet;
use noctule_train::{
    Config, ConfigTable, Ending, ExperimentError, RunDirectory, TrainError, Trainer,
    write_atomically,
};

use super::{Outcome, require_cpu};
use crate::cli::Train;
use crate::output::say;
use crate::progress::Bars;
use crate::summary::Summary;

/// Names an address to download data sets from instead of the official ones.
const MIRROR: &str = "NOCTULE_MIRROR";
/// Pixels of the decision map on each side.
const PICTURE_SIZE: usize = 400;
/// Characters of the decision map across.
const TERMINAL_SIZE: usize = 40;

pub fn run(options: &Train) -> Result<Outcome> {
    require_cpu(options.backend)?;
    let stop = Arc::new(AtomicBool::new(false));
    listen_for_interrupt(&stop)?;
    let (mut trainer, directory) = prepare(options)?;
    let config = trainer.config();
    rayon::ThreadPoolBuilder::new()
        .num_threads(config.training.threads)
        .build_global()
        .context("cannot start the threads")?;
    let done = trainer.finished_epochs();
    if done >= config.training.epochs {
        say!("This run has already finished its {done} epochs; use --epochs to train for more.");
        return Ok(Outcome::Done);
    }
    directory.write_config(&config.to_toml()?)?;
    say!("{}", crate::summary::heading(&trainer, directory.path()));
    let start = Instant::now();
    let mut bars = Bars::new(config.training.epochs);
    let ending = trainer.run(Some(&directory), &mut bars, &stop)?;
    bars.finish();
    let run = directory.path().display();
    if ending == Ending::Interrupted {
        say!("\nStopped. Continue with:  noctule train --resume {run}");
        return Ok(Outcome::Interrupted);
    }
    show_picture(&trainer, &directory)?;
    say!(
        "{}",
        Summary::new(&trainer, directory.path(), start.elapsed())
    );
    Ok(Outcome::Done)
}

/// Reads the configuration and the data first, and makes the run directory last, so that nothing is left half-made.
fn prepare(options: &Train) -> Result<(Trainer, RunDirectory)> {
    let data_dir = options.data_dir.as_deref();
    if let Some(run) = &options.resume {
        let directory = RunDirectory::open(run)?;
        let trainer = Trainer::resume(&directory, &overrides(options), data_dir)?;
        return Ok((trainer, directory));
    }
    let experiment = options.experiment.as_deref().unwrap_or_default();
    let config = configure(experiment, &overrides(options))?;
    let path = options
        .out
        .clone()
        .unwrap_or_else(|| free_directory(&config));
    let trainer = with_data(config, data_dir)?;
    let directory = RunDirectory::create(path)?;
    // The first checkpoint comes before anything else, so that whatever is a run can be resumed.
    if let Err(error) = trainer.save(&directory.last_path()) {
        // Nothing of a run that never began; a folder that is not empty is someone else's and stays.
        std::fs::remove_dir(directory.path()).ok();
        return Err(error.into());
    }
    directory.write_config(&trainer.config().to_toml()?)?;
    Ok((trainer, directory))
}

/// The experiment of a preset or file, with overrides.
pub(super) fn configure(experiment: &str, overrides: &[String]) -> Result<Config> {
    let mut table = ConfigTable::preset_or_file(experiment)?;
    table.apply_overrides(overrides)?;
    Ok(table.resolve()?)
}

/// A run from its beginning; a data set that is not there is downloaded.
pub(super) fn with_data(config: Config, data_dir: Option<&Path>) -> Result<Trainer> {
    let missing = match Trainer::new(config.clone(), data_dir) {
        Err(TrainError::Experiment(ExperimentError::Load(missing @ LoadError::Missing { .. }))) => {
            missing
        }
        trainer => return Ok(trainer?),
    };
    let mirror = std::env::var(MIRROR).ok();
    super::data::fetch(config.data.set.name(), data_dir, mirror.as_deref())
        .with_context(|| format!("{missing}. Downloading it now failed"))?;
    Ok(Trainer::new(config, data_dir)?)
}

/// The options that stand for keys of the experiment.
fn overrides(options: &Train) -> Vec<String> {
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

/// `runs/NAME`, or the first of `runs/NAME-2`, `runs/NAME-3` ... that does not exist.
pub(super) fn free_directory(config: &Config) -> PathBuf {
    let name = |number: usize| match number {
        1 => config.name.clone(),
        _ => format!("{}-{number}", config.name),
    };
    (1..)
        .map(|number| PathBuf::from("runs").join(name(number)))
        .find(|path| !path.exists())
        .unwrap_or_default()
}

/// The first Ctrl-C asks the run to stop after its batch; the second ends the process.
pub(super) fn listen_for_interrupt(stop: &Arc<AtomicBool>) -> Result<()> {
    let stop = Arc::clone(stop);
    ctrlc::set_handler(move || {
        if stop.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
    .context("cannot listen for Ctrl-C")
}

fn show_picture(trainer: &Trainer, directory: &RunDirectory) -> Result<()> {
    if trainer.config().data.set != DataSet::YinYang {
        return Ok(());
    }
    let map = DecisionMap::of(trainer, PICTURE_SIZE)?;
    let path = directory.path().join("decision.png");
    write_atomically(&path, &map.to_png()?)?;
    if std::io::stdout().is_terminal() {
        say!("{}", DecisionMap::of(trainer, TERMINAL_SIZE)?.to_ansi());
    } else {
        say!("{}", DecisionMap::of(trainer, TERMINAL_SIZE)?.to_text());
    }
    Ok(())
}
