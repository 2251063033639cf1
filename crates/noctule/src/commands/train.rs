//! `noctule train`.

pub(crate) mod begin;
pub(crate) mod picture;
mod progress;
pub(crate) mod report;
mod seeds;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::Result;
use noctule_train::collective::together;
use noctule_train::{Config, NoProgress, RunDirectory, RunEnd, Trainer};

use crate::cli::Train;
use crate::outcome::Outcome;
use crate::plural::plural;
use crate::ranks::Ranks;
use crate::streams::{remark, shows_colours};
use crate::suggest;
use crate::summary::Summary;
use begin::Begun;

pub fn run(options: &Train, ranks: &mut Ranks, stop: &Arc<AtomicBool>) -> Result<Outcome> {
    if let Some(seeds) = &options.seeds {
        return seeds::run(options, seeds, &*ranks.join()?, stop);
    }
    let mut begun = begin::prepare(options, ranks.join()?, stop)?;
    let trainer = &mut begun.trainer;
    let is_root = trainer.collective().is_root();
    if trainer.finished_epochs() >= begun.config.training.epochs {
        let completed = match &begun.resumed {
            Some(directory) if is_root => {
                complete(options, &begun.config, trainer, directory, stop)
            }
            _ => Ok(()),
        };
        together(trainer.collective(), completed)?;
        return Ok(Outcome::Done);
    }
    let stopped = stop.load(Ordering::Relaxed);
    if trainer.collective().any(stopped) {
        if is_root {
            remark!("Stopped before the first batch; nothing is written.");
        }
        return Ok(Outcome::Interrupted);
    }
    // Only rank 0 writes and prints.
    let directory = is_root.then(|| begun.open(options.out.as_deref()));
    let Begun {
        config,
        mut trainer,
        ..
    } = begun;
    match together(trainer.collective(), directory.transpose())? {
        Some(directory) => run_root(options, &config, &mut trainer, &directory, stop),
        None => match trainer.run(None, &mut NoProgress, stop)? {
            RunEnd::Finished => Ok(Outcome::Done),
            RunEnd::Interrupted => Ok(Outcome::Interrupted),
        },
    }
}

/// Trains, writes the run directory and reports progress.
fn run_root(
    options: &Train,
    config: &Config,
    trainer: &mut Trainer,
    directory: &RunDirectory,
    stop: &AtomicBool,
) -> Result<Outcome> {
    let start = Instant::now();
    let size = trainer.collective().size();
    let path = directory.path();
    // That of a run that was shorter.
    report::remove(path);
    if progress::train(config, trainer, directory, stop)? == RunEnd::Interrupted {
        let command = suggest::resume(path, size);
        remark!("\nStopped. Continue with:  {command}");
        return Ok(Outcome::Interrupted);
    }
    if picture::suits(config) {
        // What mpirun shows in place of a terminal need not be one.
        let colours = size == 1 && shows_colours(&std::io::stdout());
        remark!("{}", picture::text(trainer, colours)?);
    }
    let summary = Summary::new(trainer, path, start.elapsed());
    let report = match options.no_report {
        true => None,
        false => report::of_run(trainer, directory, stop),
    };
    let was_stopped = !options.no_report && report.is_none() && stop.load(Ordering::Relaxed);
    remark!("{}", summary.with_report(report));
    match was_stopped {
        true => Ok(Outcome::Interrupted),
        false => Ok(Outcome::Done),
    }
}

/// Completes the folder of a run that was trained to its end, but may have been killed after that.
fn complete(
    options: &Train,
    config: &Config,
    trainer: &mut Trainer,
    directory: &RunDirectory,
    stop: &AtomicBool,
) -> Result<()> {
    let path: &Path = directory.path();
    if picture::suits(config) && !picture::is_there(path) {
        picture::write(trainer, path)?;
    }
    if !options.no_report && !report::is_there(path) {
        report::of_run(trainer, directory, stop);
    }
    remark!(
        "This run has already finished its {}; use --epochs to train for more.",
        plural(trainer.finished_epochs(), "epoch")
    );
    Ok(())
}
