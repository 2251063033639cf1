//! Options that choose an engine.

use crate::engines::{Backend, BackendError, Choice};
use clap::Args;

use super::numbers::whole_number;

/// Which engine computes.
#[derive(Args, Clone, Copy, Debug)]
pub struct EngineOptions {
    /// The back end that computes; all but cpu need a build with the feature of that name. [default: that of the
    /// run that is continued or evaluated, else cpu]
    #[arg(long, value_enum)]
    pub backend: Option<Backend>,
    /// The device of the back end, as `noctule devices` numbers them. [default: 0]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<usize>)]
    pub device: Option<usize>,
}

impl EngineOptions {
    /// The engine that is named, else the processor.
    pub fn choice(&self) -> Result<Choice, BackendError> {
        Choice::new(self.backend.unwrap_or_default(), self.device)
    }
}
