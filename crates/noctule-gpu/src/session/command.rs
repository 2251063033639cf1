//! [`Command`]: a call that a session enqueues, with all that is needed to run it again.

use std::sync::Arc;

use noctule_core::{Pass, Regularisation};

use crate::kernels::loss::LossOptions;
use crate::launch::parameters::StepNumbers;
use crate::session::input::DeviceInput;

/// A call that was enqueued.
#[derive(Clone, Debug)]
pub(super) enum Command {
    Forward {
        input: Arc<DeviceInput>,
        pass: Pass,
        batch: u32,
    },
    Evaluate {
        options: LossOptions,
        numbers: [f32; 8],
        verdicts_start: usize,
    },
    Backward {
        regularisation: Arc<Regularisation>,
        weight: f64,
    },
    Step {
        numbers: StepNumbers,
        max_norm: Option<f32>,
    },
    ClearGradient,
}

impl Command {
    /// The number of the batch that the call starts.
    pub fn batch(&self) -> Option<u32> {
        match self {
            Self::Forward { batch, .. } => Some(*batch),
            _ => None,
        }
    }
}
