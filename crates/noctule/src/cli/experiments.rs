//! Options of the commands about experiment files.

use std::ffi::OsString;

use clap::Args;

pub(super) const SHOW_HELP: &str = "\
Examples:
  noctule show                                      List the presets
  noctule show yinyang
  noctule show mnist-count > my-experiment.toml     A copy to change; noctule train my-experiment.toml runs it
  noctule show mnist-count --resolved               With every default written out
  noctule show runs/yinyang                         The experiment of a run

`noctule show mnist-count` explains every key of an experiment file.";

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
