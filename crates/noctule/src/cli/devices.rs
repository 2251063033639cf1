//! Options of `devices`.

use clap::Args;

pub(super) const EXAMPLES: &str = "\
Examples:
  noctule devices
  noctule devices --json
  noctule train mnist-count --backend cuda --device 1

A device that is listed with what is missing cannot be used before that is there.
--backend gpu also finds software Vulkan on the processor, which is slow and meant for tests.";

/// Options of `devices`.
#[derive(Args, Debug)]
pub struct Devices {
    /// Print one JSON array; empty if there are no devices.
    #[arg(long)]
    pub json: bool,
}
