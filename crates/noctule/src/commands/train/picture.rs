//! The decision map of a Yin-Yang run.

use std::path::{Path, PathBuf};

use anyhow::Result;
use noctule_study::DecisionMap;
use noctule_train::config::DataSet;
use noctule_train::{Config, Trainer, write_atomically};

/// Pixels of the decision map on each side.
const PICTURE_SIZE: usize = 400;
/// Characters of the decision map across.
const TERMINAL_SIZE: usize = 40;

/// Whether an experiment has a decision map.
pub(crate) fn suits(config: &Config) -> bool {
    config.data.set == DataSet::YinYang
}

/// Whether the picture was written.
pub(super) fn is_there(run: &Path) -> bool {
    path(run).exists()
}

/// Writes the picture into a run directory.
pub(crate) fn write(trainer: &mut Trainer, run: &Path) -> Result<()> {
    let map = DecisionMap::of(trainer, PICTURE_SIZE)?;
    Ok(write_atomically(&path(run), &map.to_png()?)?)
}

/// A small picture for a terminal.
pub(super) fn text(trainer: &mut Trainer, colours: bool) -> Result<String> {
    let map = DecisionMap::of(trainer, TERMINAL_SIZE)?;
    Ok(if colours {
        map.to_ansi()
    } else {
        map.to_text()
    })
}

fn path(run: &Path) -> PathBuf {
    run.join("decision.png")
}
