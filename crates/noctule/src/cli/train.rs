//! Options of `train`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::engine::EngineOptions;
use super::numbers::whole_number;
use super::seeds::Seeds;

pub(super) const USAGE: &str = "\
noctule train [OPTIONS] <PRESET|FILE.toml>
       noctule train --resume <RUN> [--epochs <N>] [--threads <N>] [--data-dir <DIR>] [--backend <BACKEND>] [--device <N>]";

const EXAMPLES: &str = "\
Examples:
  noctule train yinyang
  noctule train mnist-count --data-dir ~/data --out runs/first --seed 1
  noctule train my-experiment.toml --set optimiser.learning_rate=0.001 --set layers.0.neurons=400
  noctule train yinyang --seeds 0..4          Five runs, and their mean and standard deviation
  noctule train mnist-count --init runs/first --set optimiser.learning_rate=0.001
  noctule train mnist-count --backend gpu     On a device; `noctule devices` lists them
  noctule train --resume runs/first           Continue after Ctrl-C, bit for bit
  noctule train --resume runs/first --epochs 200

Press Ctrl-C to stop after the current batch; the run can then be resumed.";

#[cfg(feature = "mpi")]
const RANKS: &str =
    "\n\nmpirun -n 4 noctule train ... trains on four processes, on one machine or many.";
#[cfg(not(feature = "mpi"))]
const RANKS: &str = "";

pub(super) fn help() -> String {
    let presets = noctule_train::Config::preset_names().join(", ");
    format!("{EXAMPLES}{RANKS}\n\nPresets: {presets}")
}

/// Options of `train`.
#[derive(Args, Debug)]
pub struct Train {
    /// A preset or a TOML file; see the list of presets below.
    #[arg(
        required_unless_present = "resume",
        conflicts_with = "resume",
        value_name = "PRESET|FILE.toml"
    )]
    pub experiment: Option<OsString>,
    /// Directory of the data sets, and of downloads; default: with --resume that of the run, else $NOCTULE_DATA, else the
    /// cache directory.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The run directory to make; must be new or empty. [default: runs/NAME, or runs/NAME-2 and so on]
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub out: Option<PathBuf>,
    /// Number of epochs to train for.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<u64>)]
    pub epochs: Option<u64>,
    /// Seed for all randomness: initial weights, shuffling, augmentation, dropout, generated data.
    #[arg(
        long,
        value_name = "N",
        allow_negative_numbers = true,
        value_parser = whole_number::<u64>,
        conflicts_with = "resume"
    )]
    pub seed: Option<u64>,
    /// Train once with each of these seeds, such as 0..4 (ends included) or 0,3,7: into OUT/seed-0 and so on, with a
    /// summary in OUT/summary.json. The same command continues what was interrupted. [default for OUT: runs/NAME-seeds]
    #[arg(long, value_name = "SEEDS", allow_negative_numbers = true, conflicts_with_all = ["seed", "resume"])]
    pub seeds: Option<Seeds>,
    /// Begin with the weights of a run (those after its last epoch) or of a safetensors file, such as
    /// RUN/best.safetensors; they are kept as initial.safetensors. A learning rate that is left out follows from the weights
    /// that would have been drawn.
    #[arg(long, value_name = "RUN|FILE.safetensors", conflicts_with = "resume")]
    pub init: Option<PathBuf>,
    /// Threads to use (per rank under mpirun); 0 for all cores, which the ranks of a machine divide evenly. Results do
    /// not depend on it. With --backend gpu, cuda or hip they prepare the data, and the device computes.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<u64>)]
    pub threads: Option<u64>,
    #[command(flatten)]
    pub engine: EngineOptions,
    /// Continue the run in this directory; only --epochs, --threads, --backend and --device can change.
    /// On another back end it continues with other bits.
    #[arg(long, value_name = "RUN")]
    pub resume: Option<PathBuf>,
    /// Do not write report.html, a page with pictures of the finished run.
    #[arg(long)]
    pub no_report: bool,
    /// Override a key of the experiment, such as `training.batch_size=100`; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}
