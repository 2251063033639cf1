//! [`CurrentPass`]: what a session knows of its last forward pass.

use crate::engine::error::EngineError;
use crate::engine::session::PassWeights;

/// The options of a session's last forward pass, and the calls that followed it. A session has none before its first
/// pass and after new samples; see [`checks::no_pass`](crate::checks::no_pass).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CurrentPass {
    /// The weights it used.
    pub weights: PassWeights,
    /// Whether its backward pass also computes `dL/dt` of the input events.
    pub input_gradients: bool,
    /// The number of recorded spikes whose slope is not positive.
    pub spikes_without_rise: u64,
    /// Whether there are errors of the output events, which no backward pass used yet.
    pub has_errors: bool,
    /// Whether classes were predicted.
    pub has_predictions: bool,
    /// Whether it is in the metrics.
    pub is_counted: bool,
    /// Whether its weights have changed since: then its gradient would be that of no network.
    pub is_stale: bool,
}

impl CurrentPass {
    /// A pass that no call followed yet.
    pub fn new(weights: PassWeights, input_gradients: bool) -> Self {
        Self {
            weights,
            input_gradients,
            spikes_without_rise: 0,
            has_errors: false,
            has_predictions: false,
            is_counted: false,
            is_stale: false,
        }
    }

    /// Checks that [`Session::backward`](crate::Session::backward) may follow.
    ///
    /// # Errors
    /// If there are no errors of the output events, or the weights have changed since the pass.
    pub fn check_backward(&self) -> Result<(), EngineError> {
        let needs = match (self.has_errors, self.is_stale) {
            (false, _) => "`loss` or `set_time_gradients`",
            (true, true) => "`forward`, since the weights have changed,",
            (true, false) => return Ok(()),
        };
        let call = "`backward`";
        Err(EngineError::Order { call, needs })
    }

    /// Checks that [`Session::predictions`](crate::Session::predictions) may follow.
    ///
    /// # Errors
    /// If no classes were predicted.
    pub fn check_predictions(&self) -> Result<(), EngineError> {
        if self.has_predictions {
            return Ok(());
        }
        Err(EngineError::Order {
            call: "`predictions`",
            needs: "`predict` or `loss`",
        })
    }
}
