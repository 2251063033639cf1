//! `noctule train`.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};
use noctule::engines;
use noctule_study::DecisionMap;
use noctule_train::collective::{threads, together};
use noctule_train::config::DataSet;
use noctule_train::{
    Collective, Config, NoProgress, RunDirectory, RunEnd, Trainer, write_atomically,
};

use super::experiment::{configure, free_directory, load_data};
use crate::cli::Train;
use crate::outcome::Outcome;
use crate::output::say;
use crate::plural::plural;
use crate::progress::Bars;
use crate::ranks::Ranks;
use crate::summary::{Summary, heading};

/// Pixels of the decision map on each side.
const PICTURE_SIZE: usize = 400;
/// Characters of the decision map across.
const TERMINAL_SIZE: usize = 40;

pub fn run(options: &Train, ranks: &mut Ranks) -> Result<Outcome> {
    engines::require(options.backend)?;
    let stop = Arc::new(AtomicBool::new(false));
    listen_for_interrupt(&stop)?;
    let (config, mut trainer) = prepare(options, ranks.join()?)?;
    let done = trainer.finished_epochs();
    if done >= config.training.epochs {
        if trainer.collective().is_root() {
            say!(
                "This run has already finished its {}; use --epochs to train for more.",
                plural(done, "epoch")
            );
        }
        return Ok(Outcome::Done);
    }
    // Only rank 0 writes and prints.
    let directory = if trainer.collective().is_root() {
        Some(open(options, &config, &mut trainer))
    } else {
        None
    };
    match together(trainer.collective(), directory.transpose())? {
        Some(directory) => run_root(&config, &mut trainer, &directory, &stop),
        None => match trainer.run(None, &mut NoProgress, &stop)? {
            RunEnd::Finished => Ok(Outcome::Done),
            RunEnd::Interrupted => Ok(Outcome::Interrupted),
        },
    }
}

/// Trains, writes the run directory and reports progress.
fn run_root(
    config: &Config,
    trainer: &mut Trainer,
    directory: &RunDirectory,
    stop: &AtomicBool,
) -> Result<Outcome> {
    let size = trainer.collective().size();
    let path = directory.path();
    say!("{}", heading(config, trainer, size, path));
    for caveat in trainer.caveats() {
        eprintln!("note: with {size} ranks, {caveat}");
    }
    let start = Instant::now();
    let mut bars = Bars::new(config.training.epochs);
    let end = trainer.run(Some(directory), &mut bars, stop)?;
    bars.finish();
    if end == RunEnd::Interrupted {
        let run = path.display();
        say!("\nStopped. Continue with:  noctule train --resume {run}");
        return Ok(Outcome::Interrupted);
    }
    if config.data.set == DataSet::YinYang {
        // What mpirun shows in place of a terminal need not be one.
        let colours = size == 1 && std::io::stdout().is_terminal();
        show_picture(trainer, directory, colours)?;
    }
    say!("{}", Summary::new(trainer, path, start.elapsed()));
    Ok(Outcome::Done)
}

/// The experiment, and the trainer of this rank, from the beginning or resumed, when all ranks agree on what is trained.
/// Nothing is written.
fn prepare(options: &Train, mut collective: Box<dyn Collective>) -> Result<(Config, Trainer)> {
    let data_dir = options.data_dir.as_deref();
    let overrides = overrides(options);
    let config = together(&mut *collective, experiment(options, &overrides))?;
    // All ranks must ask, whatever they are told.
    let fair = threads(&mut *collective);
    let threads = match config.training.threads {
        0 => fair,
        threads => threads,
    };
    let engine = engines::open(options.backend, threads).map_err(anyhow::Error::from);
    let engine = together(&mut *collective, engine)?;
    let trainer = match &options.resume {
        Some(run) => RunDirectory::open(run)
            .map_err(anyhow::Error::from)
            .and_then(|run| Ok(Trainer::resume(&run, &overrides, data_dir, engine)?)),
        None => {
            let data = load_data(&config, data_dir, &mut *collective)?;
            let trainer = Trainer::with_data(config.clone(), Arc::new(data), engine);
            trainer.map_err(anyhow::Error::from)
        }
    };
    let trainer = together(&mut *collective, trainer)?;
    Ok((config, trainer.join(collective)?))
}

/// The experiment that is named, or that of the run that is resumed.
fn experiment(options: &Train, overrides: &[String]) -> Result<Config> {
    match &options.resume {
        Some(run) => {
            let directory = RunDirectory::open(run)?;
            Ok(Trainer::resumed_config(&directory, overrides)?)
        }
        None => configure(options.experiment.as_deref().unwrap_or_default(), overrides),
    }
}

/// The directory of the run, made last of all, so that nothing is left half-made.
fn open(options: &Train, config: &Config, trainer: &mut Trainer) -> Result<RunDirectory> {
    if let Some(run) = &options.resume {
        let directory = RunDirectory::open(run)?;
        directory.write_config(&config.to_toml()?)?;
        return Ok(directory);
    }
    let path = options.out.clone();
    let directory = RunDirectory::create(path.unwrap_or_else(|| free_directory(config)))?;
    // The first checkpoint comes before anything else, so that every run directory can be resumed.
    if let Err(error) = trainer.save(&directory.last_path()) {
        // Nothing remains of a run that never began; a folder that is not empty holds other files and stays.
        std::fs::remove_dir(directory.path()).ok();
        return Err(error.into());
    }
    directory.write_config(&config.to_toml()?)?;
    Ok(directory)
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

fn show_picture(trainer: &mut Trainer, directory: &RunDirectory, colours: bool) -> Result<()> {
    let map = DecisionMap::of(trainer, PICTURE_SIZE)?;
    let path = directory.path().join("decision.png");
    write_atomically(&path, &map.to_png()?)?;
    let small = DecisionMap::of(trainer, TERMINAL_SIZE)?;
    say!(
        "{}",
        if colours {
            small.to_ansi()
        } else {
            small.to_text()
        }
    );
    Ok(())
}
