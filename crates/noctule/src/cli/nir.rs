//! Options of the commands about NIR graphs.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::numbers::whole_number;

pub(super) const EXPORT_HELP: &str = "\
Examples:
  noctule export runs/yinyang -o yinyang.nir
  noctule export runs/mnist-conv --best -o mnist.nir
  noctule export runs/yinyang --dt 1e-4 -o yinyang.nir      For snnTorch, or Norse with this step
  noctule export network.safetensors -o network.nir

In Python, nir.read reads the file. Spikes are Dirac deltas, and the equations of NIR hold as they are in continuous time. A
simulator with time steps takes a spike as a pulse of height 1 that lasts a step: name its step with --dt.
Neurons of an image are ordered channel by channel in NIR, pixel by pixel in Noctule; weights are rearranged.
The experiment of the run is kept in the metadata of the graph; `noctule import` finds it there.";

pub(super) const IMPORT_HELP: &str = "\
Examples:
  noctule import yinyang.nir -o runs/again && noctule eval runs/again
  noctule import snntorch.nir --dt 1e-4 --experiment mnist-count -o runs/imported
  noctule import net.nir --t-max 0.1 -o runs/imported       Then name the data in runs/imported/config.toml
  noctule import net.nir --t-max 0.1 -o net.safetensors     The network alone, for the library
  noctule train mnist-count --init runs/imported            Train it on

The run can be evaluated, used to predict and to begin a training with (train --init), and exported; it cannot be resumed.
Spikes are taken as Dirac deltas; files of snnTorch (--dt 1e-4) and Norse, which step through time, need --dt.
What has no counterpart is refused with the name of its node: neurons other than CubaLIF, recurrent connections, branches,
biases. docs/nir.md has the equations.";

/// Options of `export`.
#[derive(Args, Debug)]
pub struct Export {
    /// A run directory, a checkpoint in one, or a network that the library saved.
    #[arg(value_name = "RUN|FILE.safetensors")]
    pub network: PathBuf,
    /// The NIR file to write.
    #[arg(short, long, value_name = "NET.nir")]
    pub output: PathBuf,
    /// Of a run: export the epoch with the best validation accuracy, not the last.
    #[arg(long)]
    pub best: bool,
    /// The time step of the simulator that will read the file, in seconds. [default: none, spikes are Dirac deltas]
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    pub dt: Option<f64>,
    /// Directory of the data sets, for a run on images of one's own, whose shape its experiment does not have; default:
    /// that of the training.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// Options of `import`.
#[derive(Args, Debug)]
pub struct Import {
    /// The NIR file.
    #[arg(value_name = "NET.nir")]
    pub file: PathBuf,
    /// The run directory to make, which must be new or empty; or a safetensors file, for the network alone.
    #[arg(short, long, value_name = "RUN|FILE.safetensors")]
    pub output: PathBuf,
    /// Take data, encoder, loss and training from this preset or TOML file. [default: what the graph keeps, else events, with
    /// a neuron of the last layer for each class]
    #[arg(long, value_name = "PRESET|FILE.toml")]
    pub experiment: Option<OsString>,
    /// End of a sample in seconds: no neuron spikes after it. [default: what the graph keeps, else that of --experiment]
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    pub t_max: Option<f64>,
    /// The largest number of spikes of a neuron in a sample. [default: what the graph keeps, else 65535]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<u64>)]
    pub max_spikes: Option<u64>,
    /// The time step of the simulator that the graph was made for, in seconds. [default: what the graph keeps, else none,
    /// spikes are Dirac deltas]
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    pub dt: Option<f64>,
    /// Directory of the data sets, to be noted in the run.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}
