//! Options of `batteries`.

use clap::Args;

use super::engine::EngineOptions;

/// Options of `batteries`.
#[derive(Args, Debug)]
pub struct Batteries {
    /// Only batteries whose name contains this, such as `losses::`.
    #[arg(value_name = "PART", default_value = "")]
    pub part: String,
    /// Print a JSON object on a line for each battery.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub engine: EngineOptions,
}
