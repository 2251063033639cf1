//! Options of `eval`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use noctule_data::Split;

use super::engine::EngineOptions;

pub(super) const EXAMPLES: &str = "\
Examples:
  noctule eval runs/yinyang
  noctule eval runs/yinyang --best --confusion      The epoch chosen by validation, and which classes it confuses
  noctule eval runs/mnist-count --split validation
  noctule eval runs/mnist-count --json
  noctule eval runs/mnist-count --backend cpu       Wherever it was trained

Of data sets in files, only the files of the evaluated part need to be there.";

/// Options of `eval`.
#[derive(Args, Debug)]
pub struct Eval {
    /// The run directory.
    pub run: PathBuf,
    /// Evaluate the epoch with the best validation accuracy, not the last.
    #[arg(long)]
    pub best: bool,
    /// The part of the data to evaluate.
    #[arg(long, value_enum, default_value_t = Part::Test)]
    pub split: Part,
    /// Show which classes are taken for which: a row for each true class, a column for each predicted one.
    #[arg(long)]
    pub confusion: bool,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Directory of the data sets; default: that of the training, else $NOCTULE_DATA, else the cache directory.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    #[command(flatten)]
    pub engine: EngineOptions,
}

/// A part of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// The samples that the weights were fitted to.
    Train,
    /// The samples that were held out to choose the best epoch.
    Validation,
    /// The samples that decided nothing.
    Test,
}

impl From<Part> for Split {
    fn from(part: Part) -> Self {
        match part {
            Part::Train => Self::Train,
            Part::Validation => Self::Validation,
            Part::Test => Self::Test,
        }
    }
}
