//! Options of `bench`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::engine::EngineOptions;
use super::numbers::whole_number;

pub(super) const EXAMPLES: &str = "\
Examples:
  noctule bench yinyang
  noctule bench mnist-count --json
  noctule bench mnist-conv --threads 1 --windows 3
  noctule bench mnist-count --set training.batch_size=200
  noctule bench mnist-count --backend cuda --device 1
  noctule bench mnist-count --backend cuda --kernels
  noctule bench synthetic --json

`synthetic` is one dense layer under random events, of which the number of events, neurons or samples varies.

Figures are medians of several windows after a warm-up. Compare them only on a quiet machine.";

/// Options of `bench`.
#[derive(Args, Debug)]
pub struct Bench {
    /// A preset (yinyang, mnist-count, mnist-ttfs, mnist-conv and so on), a TOML file, or `synthetic`.
    #[arg(value_name = "WORK")]
    pub work: OsString,
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
    /// Threads to use; 0 for all cores. With --backend gpu, cuda or hip they prepare the data, and the device computes.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<u64>)]
    pub threads: Option<u64>,
    #[command(flatten)]
    pub engine: EngineOptions,
    /// Then measure the time of every kernel in training, for one more window. Needs --backend gpu, cuda or hip. Each launch
    /// is waited for, so the sum is more than a batch takes otherwise.
    #[arg(long)]
    pub kernels: bool,
    /// Override a key of the experiment, such as `layers.0.neurons=400`; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}
