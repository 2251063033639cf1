//! Options of `sweep`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::numbers::whole_number;

pub(super) const EXAMPLES: &str = "\
Examples:
  noctule sweep convergence
  noctule sweep convergence-ttfs --repeats 10 --out runs/quick
  noctule sweep my-experiment.toml --set sweep.x.step=0.1

The experiment says in its table [sweep] which keys vary.";

/// Options of `sweep`.
#[derive(Args, Debug)]
pub struct Sweep {
    /// A preset (convergence, convergence-ttfs) or a TOML file with a table [sweep].
    #[arg(value_name = "PRESET|FILE.toml")]
    pub experiment: OsString,
    /// Directory of the data sets; default: $NOCTULE_DATA, else the cache directory.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The directory to make; must be new or empty. [default: runs/NAME, or runs/NAME-2 and so on]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Runs at each point of the grid.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<u64>)]
    pub repeats: Option<u64>,
    /// Threads to use; 0 for all cores. Results do not depend on it.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<u64>)]
    pub threads: Option<u64>,
    /// Override a key of the experiment, such as `training.epochs=20`; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}
