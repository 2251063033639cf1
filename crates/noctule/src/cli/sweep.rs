//! Options of `sweep`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::engine::EngineOptions;
use super::numbers::whole_number;

pub(super) const USAGE: &str = "\
noctule sweep [OPTIONS] <PRESET|FILE.toml>
       noctule sweep --resume <DIR> [--repeats <N>] [--threads <N>] [--data-dir <DIR>] [--device <N>]";

pub(super) const EXAMPLES: &str = "\
Examples:
  noctule sweep convergence
  noctule sweep convergence-ttfs --repeats 10 --out runs/quick
  noctule sweep my-experiment.toml --set sweep.x.step=0.1
  noctule sweep convergence --backend gpu
  noctule sweep --resume runs/quick           Continue after Ctrl-C or a kill
  noctule sweep --resume runs/quick --repeats 50

The experiment says in its table [sweep] which one or two keys vary:
  [sweep]
  repeats = 5
  x = { key = \"optimiser.learning_rate\", log = { from = 1e-4, to = 1e-2, points = 5 } }
  y = { key = \"layers.0.neurons\", values = [100, 200, 400] }

The directory gets runs.jsonl (a line for each run as it is done), sweep.json and sweep.png. The best point is that with the \
highest mean validation accuracy. Without a validation part the test accuracy chooses, and that is said.";

/// Options of `sweep`.
#[derive(Args, Debug)]
pub struct Sweep {
    /// A preset (convergence, convergence-ttfs) or a TOML file with a table [sweep].
    #[arg(
        required_unless_present = "resume",
        conflicts_with = "resume",
        value_name = "PRESET|FILE.toml"
    )]
    pub experiment: Option<OsString>,
    /// Directory of the data sets; default: with --resume that of the sweep, else $NOCTULE_DATA, else the cache directory.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The directory to make; must be new or empty. [default: runs/NAME, or runs/NAME-2 and so on]
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub out: Option<PathBuf>,
    /// Runs at each point of the grid.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<u64>)]
    pub repeats: Option<u64>,
    /// Threads to use; 0 for all cores. Results do not depend on it. With --backend gpu, cuda or hip they prepare the data,
    /// and the device computes one run after another.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<u64>)]
    pub threads: Option<u64>,
    #[command(flatten)]
    pub engine: EngineOptions,
    /// Continue the sweep in this directory; only --repeats, which may grow, --threads and --device can change.
    #[arg(long, value_name = "DIR")]
    pub resume: Option<PathBuf>,
    /// Override a key of the experiment, such as `training.epochs=20`; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}
