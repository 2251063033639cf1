//! Options of the commands about experiment files.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

pub(super) const SHOW_HELP: &str = "\
Examples:
  noctule show                                      List the presets
  noctule show yinyang
  noctule show mnist-count > my-experiment.toml     A copy to change; noctule train my-experiment.toml runs it
  noctule show mnist-count --resolved               With every default written out
  noctule show runs/yinyang                         The experiment of a run

`noctule show mnist-count` explains every key of an experiment file.";

pub(super) const NEW_HELP: &str = "\
Examples:
  noctule new my-experiment.toml && noctule train my-experiment.toml
  noctule new gestures.toml --from gestures-train.npz
  noctule new gestures.toml --from gestures.npz --test other-gestures.npz

The file is a commented experiment that runs as it is: a small network on the generated Yin-Yang set. With --from it trains on
that file of events or images, with the number of inputs, the classes and the time constants that fit its samples.";

/// Options of `show`.
#[derive(Args, Debug)]
pub struct Show {
    /// A preset, a TOML file, or a run directory; if it is left out, the presets are listed.
    #[arg(value_name = "PRESET|FILE.toml|RUN")]
    pub experiment: Option<OsString>,
    /// Write every default out; comments are lost.
    #[arg(long, requires = "experiment")]
    pub resolved: bool,
    /// With --resolved: override a key, such as `layers.0.neurons=400`; may be repeated.
    #[arg(long, value_name = "KEY=VALUE", requires = "resolved")]
    pub set: Vec<String>,
}

/// Options of `new`.
#[derive(Args, Debug)]
pub struct New {
    /// The experiment file to write; there must be none of that name.
    #[arg(value_name = "FILE.toml")]
    pub file: PathBuf,
    /// The training samples: events in an NPZ or HDF5 file, or images in an NPZ file.
    #[arg(long, value_name = "DATA")]
    pub from: Option<PathBuf>,
    /// The test samples. [default: the file beside DATA that has `test` for `train` in its name]
    #[arg(long, value_name = "DATA", requires = "from")]
    pub test: Option<PathBuf>,
}
