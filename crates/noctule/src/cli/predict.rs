//! Options of `predict`.

use std::path::PathBuf;

use clap::Args;

use super::engine::EngineOptions;
use super::eval::Part;

pub(super) const HELP: &str = "\
Examples:
  noctule predict runs/yinyang -o predictions.npz
  noctule predict runs/mnist-count --best --split validation -o predictions.npz
  noctule predict runs/gestures --input new-gestures.npz -o predictions.npz
  noctule predict runs/mnist-count --backend gpu -o predictions.npz
  noctule predict runs/mnist-count --spikes -o spikes.npz --json

The file, for numpy.load, has a row for each sample, in the order of the data:
  predictions [n]           the predicted class; -1: no output neuron spiked
  counts [n, classes]       spikes of each output neuron
  first_spike [n, classes]  its first spike, in seconds; NaN: silent
  labels [n]                the true class, where it is known
With --spikes, for each layer i, counted from 0:
  layer{i}_times, layer{i}_units        spikes in seconds, by time in each sample, and their neurons
  layer{i}_offsets [n + 1]              where each sample begins in these two";

/// Options of `predict`.
#[derive(Args, Debug)]
pub struct Predict {
    /// The run directory.
    pub run: PathBuf,
    /// The NPZ file to write.
    #[arg(short, long, value_name = "OUT.npz")]
    pub output: PathBuf,
    /// Use the epoch with the best validation accuracy, not the last.
    #[arg(long)]
    pub best: bool,
    /// The part of the data to classify.
    #[arg(long, value_enum, default_value_t = Part::Test)]
    pub split: Part,
    /// Classify the samples of this NPZ or HDF5 file instead: events if the run was trained on events, else images. They
    /// need no labels.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["split", "data_dir"])]
    pub input: Option<PathBuf>,
    /// Write the spikes of every layer, too.
    #[arg(long)]
    pub spikes: bool,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Directory of the data sets; default: that of the training, else $NOCTULE_DATA, else the cache directory.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    #[command(flatten)]
    pub engine: EngineOptions,
}
