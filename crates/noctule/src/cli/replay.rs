//! Options of `replay`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::engine::EngineOptions;

pub(super) const HELP: &str = "\
Examples:
  noctule replay cases.json
  noctule replay cases.json --precision f32 -o outcome.json
  noctule replay cases.json --backend gpu           A device, in f32

Allowed errors:  f64: times 1e-9 tau_s, gradients 1e-6 of the largest entry (of recorded spikes 1e-9)
                 f32: times 1e-4 tau_s, gradients 1e-3
A case passes only if each neuron spikes as often as expected.

Exit status: 0 if all cases that have expectations pass, 1 if one fails, 2 if the file cannot be replayed.";

/// Options of `replay`.
#[derive(Args, Debug)]
pub struct Replay {
    /// The cases, in the format of the reference vectors.
    #[arg(value_name = "CASES.json")]
    pub cases: PathBuf,
    /// The precision to compute in. [default: f64; with --backend gpu, cuda or hip f32, which is all that they have]
    #[arg(long, value_enum)]
    pub precision: Option<Precision>,
    #[command(flatten)]
    pub engine: EngineOptions,
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
