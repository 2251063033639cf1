//! `noctule train`.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};
use noctule::picture::DecisionMap;
use noctule_data::LoadError;
use noctule_train::collective::{place, threads, together};
use noctule_train::config::DataSet;
use noctule_train::{
    Collective, Config, ConfigTable, Ending, ExperimentError, NoProgress, RunDirectory, TrainError,
    Trainer, write_atomically,
};

use super::{Outcome, require_cpu};
use crate::cli::Train;
use crate::output::say;
use crate::progress::Bars;
use crate::ranks::Ranks;
use crate::summary::Summary;

/// Names an address to download data sets from instead of the official ones.
const MIRROR: &str = "NOCTULE_MIRROR";
/// Pixels of the decision map on each side.
const PICTURE_SIZE: usize = 400;
/// Characters of the decision map across.
const TERMINAL_SIZE: usize = 40;

pub fn run(options: &Train, ranks: &mut Ranks) -> Result<Outcome> {
    require_cpu(options.backend)?;
    let stop = Arc::new(AtomicBool::new(false));
    listen_for_interrupt(&stop)?;
    let mut trainer = prepare(options, ranks.join()?)?;
    start_threads(&mut trainer)?;
    let done = trainer.finished_epochs();
    if done >= trainer.config().training.epochs {
        if trainer.collective().leads() {
            say!(
                "This run has already finished its {done} epochs; use --epochs to train for more."
            );
        }
        return Ok(Outcome::Done);
    }
    // Only the first rank writes and speaks.
    let directory = if trainer.collective().leads() {
        Some(open(options, &trainer))
    } else {
        None
    };
    match together(trainer.collective(), directory.transpose())? {
        Some(directory) => lead(&mut trainer, &directory, &stop),
        None => match trainer.run(None, &mut NoProgress, &stop)? {
            Ending::Finished => Ok(Outcome::Done),
            Ending::Interrupted => Ok(Outcome::Interrupted),
        },
    }
}

/// Trains, writes the run directory and says how it goes.
fn lead(trainer: &mut Trainer, directory: &RunDirectory, stop: &AtomicBool) -> Result<Outcome> {
    let size = trainer.collective().size();
    let path = directory.path();
    say!("{}", crate::summary::heading(trainer, size, path));
    for caveat in trainer.caveats() {
        eprintln!("note: with {size} ranks, {caveat}");
    }
    let start = Instant::now();
    let mut bars = Bars::new(trainer.config().training.epochs);
    let ending = trainer.run(Some(directory), &mut bars, stop)?;
    bars.finish();
    if ending == Ending::Interrupted {
        let run = path.display();
        say!("\nStopped. Continue with:  noctule train --resume {run}");
        return Ok(Outcome::Interrupted);
    }
    // What mpirun shows in place of a terminal need not be one.
    show_picture(
        trainer,
        directory,
        size == 1 && std::io::stdout().is_terminal(),
    )?;
    say!("{}", Summary::new(trainer, path, start.elapsed()));
    Ok(Outcome::Done)
}

/// The trainer of this rank, from the beginning or resumed, when all ranks agree on what is trained. Nothing is written.
fn prepare(options: &Train, mut collective: Box<dyn Collective>) -> Result<Trainer> {
    let data_dir = options.data_dir.as_deref();
    let trainer = if let Some(run) = &options.resume {
        let resume = || {
            let directory = RunDirectory::open(run)?;
            Trainer::resume(&directory, &overrides(options), data_dir)
        };
        together(&mut *collective, resume())?
    } else {
        let experiment = options.experiment.as_deref().unwrap_or_default();
        let config = configure(experiment, &overrides(options));
        let config = together(&mut *collective, config)?;
        with_data(config, data_dir, &mut *collective)?
    };
    Ok(trainer.join(collective)?)
}

/// The directory of the run, made last of all, so that nothing is left half-made.
fn open(options: &Train, trainer: &Trainer) -> Result<RunDirectory> {
    let config = trainer.config();
    if let Some(run) = &options.resume {
        let directory = RunDirectory::open(run)?;
        directory.write_config(&config.to_toml()?)?;
        return Ok(directory);
    }
    let path = options.out.clone();
    let directory = RunDirectory::create(path.unwrap_or_else(|| free_directory(config)))?;
    // The first checkpoint comes before anything else, so that whatever is a run can be resumed.
    if let Err(error) = trainer.save(&directory.last_path()) {
        // Nothing of a run that never began; a folder that is not empty is someone else's and stays.
        std::fs::remove_dir(directory.path()).ok();
        return Err(error.into());
    }
    directory.write_config(&config.to_toml()?)?;
    Ok(directory)
}

/// As many threads as the experiment says, else as this rank's share of the machine has cores.
fn start_threads(trainer: &mut Trainer) -> Result<()> {
    // All ranks must ask, whatever they are told.
    let fair = threads(trainer.collective());
    let threads = match trainer.config().training.threads {
        0 => fair,
        threads => threads,
    };
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .context("cannot start the threads")
}

/// The experiment of a preset or file, with overrides.
pub(super) fn configure(experiment: &str, overrides: &[String]) -> Result<Config> {
    let mut table = ConfigTable::preset_or_file(experiment)?;
    table.apply_overrides(overrides)?;
    Ok(table.resolve()?)
}

/// A run from its beginning; a data set that is not there is downloaded. Ranks that share a machine or a file system do
/// not download at the same time.
pub(super) fn with_data(
    config: Config,
    data_dir: Option<&Path>,
    collective: &mut dyn Collective,
) -> Result<Trainer> {
    let trainer = match Trainer::new(config.clone(), data_dir) {
        Err(TrainError::Experiment(ExperimentError::Load(missing @ LoadError::Missing { .. }))) => {
            Ok(Err(missing))
        }
        trainer => trainer.map(Ok),
    };
    let trainer = together(collective, trainer)?;
    if !collective.any(trainer.is_err()) {
        return Ok(trainer?);
    }
    let first_here = place(collective).before == 0;
    let mirror = std::env::var(MIRROR).ok();
    // The first rank of all comes first, for it may fill a folder that all machines see; then the first of each machine.
    for turn in [collective.leads(), first_here && !collective.leads()] {
        let fetched = match &trainer {
            Err(missing) if turn => {
                super::data::fetch(config.data.set.name(), data_dir, mirror.as_deref())
                    .with_context(|| format!("{missing}. Downloading it now failed"))
            }
            _ => Ok(()),
        };
        together(collective, fetched)?;
    }
    Ok(trainer.or_else(|_| Trainer::new(config, data_dir))?)
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

fn show_picture(trainer: &Trainer, directory: &RunDirectory, colours: bool) -> Result<()> {
    if trainer.config().data.set != DataSet::YinYang {
        return Ok(());
    }
    let map = DecisionMap::of(trainer, PICTURE_SIZE)?;
    let path = directory.path().join("decision.png");
    write_atomically(&path, &map.to_png()?)?;
    if colours {
        say!("{}", DecisionMap::of(trainer, TERMINAL_SIZE)?.to_ansi());
    } else {
        say!("{}", DecisionMap::of(trainer, TERMINAL_SIZE)?.to_text());
    }
    Ok(())
}
