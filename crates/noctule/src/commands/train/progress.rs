//! A training of which people see the progress, and what it leaves in its directory.

use std::sync::atomic::AtomicBool;

use anyhow::Result;
use noctule_train::{Config, RunDirectory, RunEnd, Trainer};

use super::picture;
use crate::progress::Bars;
use crate::streams::{note, remark};
use crate::summary::heading;

/// Trains to the end, or until `stop` is set, and keeps the directory up to date.
pub(super) fn train(
    config: &Config,
    trainer: &mut Trainer,
    directory: &RunDirectory,
    stop: &AtomicBool,
) -> Result<RunEnd> {
    let size = trainer.collective().size();
    remark!("{}", heading(config, trainer, size, directory.path()));
    for caveat in trainer.caveats() {
        note!("note: with {size} ranks, {caveat}");
    }
    let mut bars = Bars::new(config.training.epochs);
    let end = trainer.run(Some(directory), &mut bars, stop)?;
    bars.finish();
    if end == RunEnd::Finished && picture::suits(config) {
        picture::write(trainer, directory.path())?;
    }
    Ok(end)
}
