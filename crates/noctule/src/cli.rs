//! What can be typed.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use noctule::engines::Backend;
use noctule::version::VERSION;

/// Trains spiking neural networks event by event, with exact gradients.
#[derive(Debug, Parser)]
#[command(version = VERSION, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  noctule train yinyang                       Train on Yin-Yang; needs no download
  noctule train mnist-count --epochs 5        Train on MNIST
  noctule eval runs/yinyang                   Evaluate the last checkpoint
  noctule data fetch mnist                    Download a data set";

const TRAIN_USAGE: &str = "\
noctule train [OPTIONS] <PRESET|FILE.toml>
       noctule train --resume <RUN> [--epochs <N>] [--threads <N>] [--data-dir <DIR>]";

const TRAIN_EXAMPLES: &str = "\
Examples:
  noctule train yinyang
  noctule train mnist-count --data-dir ~/data --out runs/first --seed 1
  noctule train my-experiment.toml --set optimiser.learning_rate=0.001 --set layers.0.neurons=400
  noctule train --resume runs/first           Continue after Ctrl-C, bit for bit
  noctule train --resume runs/first --epochs 200

Press Ctrl-C to stop after the current batch; the run can then be resumed.";

#[cfg(feature = "mpi")]
const RANKS: &str =
    "\n\nmpirun -n 4 noctule train ... trains on four processes, on one machine or many.";
#[cfg(not(feature = "mpi"))]
const RANKS: &str = "";

fn train_help() -> String {
    let presets = noctule_train::Config::preset_names().join(", ");
    format!("{TRAIN_EXAMPLES}{RANKS}\n\nPresets: {presets}")
}

const SWEEP_EXAMPLES: &str = "\
Examples:
  noctule sweep convergence
  noctule sweep convergence-ttfs --repeats 10 --out runs/quick
  noctule sweep my-experiment.toml --set sweep.x.step=0.1

The experiment says in its table [sweep] which keys vary.";

const BENCH_EXAMPLES: &str = "\
Examples:
  noctule bench yinyang
  noctule bench mnist-count --json
  noctule bench mnist-conv --threads 1 --windows 3
  noctule bench mnist-count --set training.batch_size=200
  noctule bench synthetic --json

`synthetic` is one dense layer under random events, of which the number of events, neurons or samples varies.

Figures are medians of several windows after a warm-up. Compare them only on a quiet machine.";

const REPLAY_HELP: &str = "\
Allowed errors:  f64: times 1e-9 tau_s, gradients 1e-6 of the largest entry (of recorded spikes 1e-9)
                 f32: times 1e-4 tau_s, gradients 1e-3
A case passes only if each neuron spikes as often as expected.

Exit status: 0 if all cases that have expectations pass, 1 if one fails, 2 if the file cannot be replayed.";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train a network from a preset or an experiment file.
    #[command(after_help = train_help(), override_usage = TRAIN_USAGE)]
    Train(Train),
    /// Train at every point of a grid of two keys, many times, and draw a heat map of the accuracy.
    #[command(after_help = SWEEP_EXAMPLES)]
    Sweep(Sweep),
    /// Evaluate a run's network on the test set.
    Eval(Eval),
    /// Measure how fast an experiment trains and classifies on this machine.
    #[command(after_help = BENCH_EXAMPLES)]
    Bench(Bench),
    /// List, download and inspect data sets.
    #[command(subcommand)]
    Data(Data),
    /// Replay reference cases and compare spike times and gradients, to certify a build; status 1 if a case fails.
    #[command(after_help = REPLAY_HELP)]
    Replay(Replay),
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
    pub experiment: Option<String>,
    /// Directory of the data sets, and of downloads; default: $NOCTULE_DATA, else the cache directory.
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
    /// Threads to use (per rank under mpirun); 0 for all cores, which the ranks of a machine divide evenly. Results do
    /// not depend on it.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<u64>)]
    pub threads: Option<u64>,
    /// The engine that computes.
    #[arg(long, value_enum, default_value_t = Backend::Cpu)]
    pub backend: Backend,
    /// Continue the run in this directory; only --epochs and --threads can change.
    #[arg(long, value_name = "RUN")]
    pub resume: Option<PathBuf>,
    /// Override a key of the experiment, such as `training.batch_size=100`; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// Options of `sweep`.
#[derive(Args, Debug)]
pub struct Sweep {
    /// A preset (convergence, convergence-ttfs) or a TOML file with a table [sweep].
    #[arg(value_name = "PRESET|FILE.toml")]
    pub experiment: String,
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

/// Options of `bench`.
#[derive(Args, Debug)]
pub struct Bench {
    /// A preset (yinyang, mnist-count, mnist-ttfs, mnist-conv and so on), a TOML file, or `synthetic`.
    #[arg(value_name = "WORK")]
    pub work: String,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Windows of training, and as many of inference.
    #[arg(
        long,
        value_name = "N",
        allow_negative_numbers = true,
        value_parser = whole_number::<usize>,
        default_value_t = 5
    )]
    pub windows: usize,
    /// Length of a window, in seconds.
    #[arg(
        long,
        value_name = "S",
        allow_negative_numbers = true,
        default_value_t = 2.0
    )]
    pub seconds: f64,
    /// Seconds of training before anything is measured: as a network learns, its number of spikes settles.
    #[arg(
        long,
        value_name = "S",
        allow_negative_numbers = true,
        default_value_t = 10.0
    )]
    pub warm_up: f64,
    /// Directory of the data sets; default: $NOCTULE_DATA, else the cache directory.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Threads to use; 0 for all cores.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<u64>)]
    pub threads: Option<u64>,
    /// Override a key of the experiment, such as `layers.0.neurons=400`; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// Options of `eval`.
#[derive(Args, Debug)]
pub struct Eval {
    /// The run directory.
    pub run: PathBuf,
    /// Evaluate the epoch with the best validation accuracy, not the last.
    #[arg(long)]
    pub best: bool,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Directory of the data sets; default: $NOCTULE_DATA, else the cache directory.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// The commands about data.
#[derive(Debug, Subcommand)]
pub enum Data {
    /// List the data sets Noctule knows.
    List,
    /// Download a data set and check it.
    Fetch {
        /// Name of the data set.
        set: String,
        /// Directory of the data sets; default: $NOCTULE_DATA, else the cache directory.
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
        /// Download from this address instead of the official one.
        #[arg(long, value_name = "URL")]
        from: Option<String>,
    },
    /// Describe a data set, and whether its files are there and official.
    Info {
        /// Name of the data set.
        set: String,
        /// Directory of the data sets; default: $NOCTULE_DATA, else the cache directory.
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
    },
}

/// Options of `replay`.
#[derive(Args, Debug)]
pub struct Replay {
    /// The cases, in the format of the reference vectors.
    #[arg(value_name = "CASES.json")]
    pub cases: PathBuf,
    /// The precision to compute in.
    #[arg(long, value_enum, default_value_t = Precision::F64)]
    pub precision: Precision,
    /// The engine that computes.
    #[arg(long, value_enum, default_value_t = Backend::Cpu)]
    pub backend: Backend,
    /// Where to write the spikes and gradients that were computed, in the format of the cases.
    #[arg(short, long, value_name = "OUT.json")]
    pub output: Option<PathBuf>,
}

/// A floating-point type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Precision {
    /// Double precision.
    F64,
    /// Single precision, as in training.
    F32,
}

/// Reads a count, with a message that says what is allowed.
fn whole_number<N: FromStr>(text: &str) -> Result<N, String> {
    text.parse()
        .map_err(|_| format!("must be a whole number from 0 to {}", u64::MAX))
}
