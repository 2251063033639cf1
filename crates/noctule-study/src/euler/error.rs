//! [`EulerError`]: why a network cannot be simulated in steps.

use noctule_core::{LayerError, NetworkError};
use thiserror::Error;

/// Why a network cannot be simulated in steps of some width.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum EulerError {
    /// The step is not positive and finite.
    #[error("a step of {step} s: must be a positive, finite number of seconds")]
    Step {
        /// The step in seconds.
        step: f64,
    },
    /// The step is so wide that Euler's method does not decay.
    #[error(
        "a step of {step} s: must not be longer than the time constants of the neurons, of which one is {tau} s"
    )]
    Unstable {
        /// The step in seconds.
        step: f64,
        /// The time constant in seconds.
        tau: f64,
    },
    /// A sample has too many steps.
    #[error(
        "a step of {step} s: samples of {t_max} s would have more than {} steps",
        EulerError::MOST_STEPS
    )]
    TooManySteps {
        /// The step in seconds.
        step: f64,
        /// End of a sample in seconds.
        t_max: f64,
    },
    /// The network has a layer that this simulator does not know.
    #[error("layer {layer} is of a kind that cannot be simulated in steps")]
    Unsupported {
        /// Index of the layer.
        layer: usize,
    },
    /// A layer is not valid.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// The network is not valid.
    #[error(transparent)]
    Network(#[from] NetworkError),
}

impl EulerError {
    /// The largest number of steps of a sample.
    pub const MOST_STEPS: u32 = 1 << 30;
}
