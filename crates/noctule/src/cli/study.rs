//! Options of `study`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::engine::EngineOptions;
use super::numbers::whole_number;

pub(super) const USAGE: &str = "\
noctule study [OPTIONS] <STUDY>
       noctule study --resume <DIR> [--threads <N>] [--data-dir <DIR>] [--device <N>]";

pub(super) const EXAMPLES: &str = "\
Examples:
  noctule study precision --quick             A small version, in less than 20 minutes on two cores
  noctule study robustness --out runs/chips
  noctule study spikes --quick --only yinyang  Needs no data set
  noctule study --resume runs/chips           Continue after Ctrl-C or a kill

Without --quick, precision takes about a quarter of an hour on two cores, robustness most of a day, and spikes several days; each \
goes on where it was stopped. With --backend gpu, precision measures the device against the processor in double precision.

The directory gets report.html (verdicts, tables and charts), study.md with pictures, study.json (the same as data), and \
units.jsonl (a line for each measurement as it is done).";

/// The studies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StudyName {
    /// Simulation in time steps against the exact engine: spike times, gradients, classes and cost.
    Precision,
    /// What imprecise analog chips cost, and which way of training for them costs least.
    Robustness,
    /// Neurons that spike many times against neurons that spike once: convergence, sparsity, latency, dead neurons,
    /// robustness.
    Spikes,
}

impl StudyName {
    /// The name as it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Precision => "precision",
            Self::Robustness => "robustness",
            Self::Spikes => "spikes",
        }
    }
}

/// Options of `study`.
#[derive(Args, Debug)]
pub struct Study {
    /// The study.
    #[arg(
        value_enum,
        required_unless_present = "resume",
        conflicts_with = "resume",
        value_name = "STUDY"
    )]
    pub study: Option<StudyName>,
    /// Measure a small version: 10,000 samples, 3 epochs, 2 seeds, 2 chips, dense networks only.
    #[arg(long, conflicts_with = "resume")]
    pub quick: bool,
    /// Limit the study to the networks of this preset; may be repeated. [default: all]
    #[arg(long, value_name = "PRESET", conflicts_with = "resume")]
    pub only: Vec<String>,
    /// Directory of the data sets; default: with --resume that of the study, else $NOCTULE_DATA, else the cache directory.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The directory to make; must be new or empty. [default: runs/STUDY, or runs/STUDY-2 and so on]
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub out: Option<PathBuf>,
    /// Threads to use; 0 for all cores.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<usize>, default_value_t = 0, hide_default_value = true)]
    pub threads: usize,
    #[command(flatten)]
    pub engine: EngineOptions,
    /// Continue the study in this directory, on the back end that it was begun on.
    #[arg(long, value_name = "DIR")]
    pub resume: Option<PathBuf>,
}
