//! `noctule train`.

mod begin;
mod picture;

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
use crate::progress::Bars;
use crate::ranks::Ranks;
use crate::streams::{note, remark, shows_colours};
use crate::suggest;
use crate::summary::{Summary, heading};
use begin::Begun;

pub fn run(options: &Train, ranks: &mut Ranks, stop: &Arc<AtomicBool>) -> Result<Outcome> {
    let mut begun = begin::prepare(options, ranks.join()?, stop)?;
    let trainer = &mut begun.trainer;
    let is_root = trainer.collective().is_root();
    if trainer.finished_epochs() >= begun.config.training.epochs {
        let completed = match &begun.resumed {
            Some(directory) if is_root => complete(&begun.config, trainer, directory),
            _ => Ok(()),
        };
        together(trainer.collective(), completed)?;
        return Ok(Outcome::Done);
    }
    let stopped = stop.load(Ordering::Relaxed);
    if trainer.collective().any(stopped) {
        return Ok(Outcome::Interrupted);
    }
    // Only rank 0 writes and prints.
    let directory = is_root.then(|| begun.open(options));
    let Begun {
        config,
        mut trainer,
        ..
    } = begun;
    match together(trainer.collective(), directory.transpose())? {
        Some(directory) => run_root(&config, &mut trainer, &directory, stop),
        None => match trainer.run(None, &mut NoProgress, stop)? {
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
    remark!("{}", heading(config, trainer, size, path));
    for caveat in trainer.caveats() {
        note!("note: with {size} ranks, {caveat}");
    }
    let start = Instant::now();
    let mut bars = Bars::new(config.training.epochs);
    let end = trainer.run(Some(directory), &mut bars, stop)?;
    bars.finish();
    if end == RunEnd::Interrupted {
        let command = suggest::resume(path, size);
        remark!("\nStopped. Continue with:  {command}");
        return Ok(Outcome::Interrupted);
    }
    if picture::suits(config) {
        picture::write(trainer, directory.path())?;
        // What mpirun shows in place of a terminal need not be one.
        let colours = size == 1 && shows_colours(&std::io::stdout());
        remark!("{}", picture::text(trainer, colours)?);
    }
    remark!("{}", Summary::new(trainer, path, start.elapsed()));
    Ok(Outcome::Done)
}

/// Completes the folder of a run that was trained to its end, but may have been killed after that.
fn complete(config: &Config, trainer: &mut Trainer, directory: &RunDirectory) -> Result<()> {
    let path: &Path = directory.path();
    if picture::suits(config) && !picture::is_there(path) {
        picture::write(trainer, path)?;
    }
    remark!(
        "This run has already finished its {}; use --epochs to train for more.",
        plural(trainer.finished_epochs(), "epoch")
    );
    Ok(())
}
