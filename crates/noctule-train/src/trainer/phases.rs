//! How the time of training divides into phases.

use std::time::Instant;

use serde::{Deserialize, Serialize};

/// Seconds spent in each phase of training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Phases {
    /// Samples become events; includes augmentation.
    pub encode: f64,
    /// Events go through the network.
    pub forward: f64,
    /// Output events become a loss and errors.
    pub loss: f64,
    /// Errors are propagated back to gradients.
    pub backward: f64,
    /// Gradients and metrics are summed over ranks, and weights are exchanged; includes waiting for the slowest rank.
    pub exchange: f64,
    /// The optimiser takes its step.
    pub optimiser: f64,
    /// Metrics are counted.
    pub metrics: f64,
}

impl Phases {
    /// All phases together, in seconds.
    pub fn total(&self) -> f64 {
        let before = self.encode + self.forward + self.loss + self.backward;
        before + self.exchange + self.optimiser + self.metrics
    }

    /// Each phase as a fraction of the total.
    #[must_use]
    pub fn fractions(&self) -> Self {
        let total = self.total().max(f64::MIN_POSITIVE);
        Self {
            encode: self.encode / total,
            forward: self.forward / total,
            loss: self.loss / total,
            backward: self.backward / total,
            exchange: self.exchange / total,
            optimiser: self.optimiser / total,
            metrics: self.metrics / total,
        }
    }
}

/// Measures one phase after another.
pub(super) struct Stopwatch(Instant);

impl Stopwatch {
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Adds the time since the last lap to a phase.
    pub fn lap(&mut self, phase: &mut f64) {
        let now = Instant::now();
        *phase += now.duration_since(self.0).as_secs_f64();
        self.0 = now;
    }
}
