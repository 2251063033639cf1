//! Times that keep what rounding takes from them.

use noctule_core::{Real, Spikes};

/// A time, in two numbers: `time + residual`, in seconds since the start of the sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moment<T> {
    pub time: T,
    /// What rounding took from the time, or 0; see [`SpikeBatch::residuals`](noctule_core::SpikeBatch::residuals).
    pub residual: T,
}

impl<T: Real> Moment<T> {
    /// The start of the sample.
    pub fn start() -> Self {
        Self::exactly(T::zero())
    }

    /// A time without a residual.
    pub fn exactly(time: T) -> Self {
        Self {
            time,
            residual: T::zero(),
        }
    }

    /// The time of a spike, by its index in the sample.
    pub fn of(spikes: Spikes<'_, T>, spike: usize) -> Self {
        Self {
            time: spikes.times[spike],
            residual: spikes.residuals.get(spike).copied().unwrap_or(T::zero()),
        }
    }

    /// Seconds from an earlier moment to this one.
    pub fn since(self, earlier: Self) -> T {
        (self.time - earlier.time) + (self.residual - earlier.residual)
    }

    /// Whether this moment is before another one.
    pub fn is_before(self, other: Self) -> bool {
        self.since(other) < T::zero()
    }

    /// The moment `seconds` later, but not after `latest`.
    pub fn after(self, seconds: T, latest: Self) -> Self {
        let time = (self.time + seconds).min(latest.time);
        Self {
            time,
            residual: ((self.time - time) + seconds) + self.residual,
        }
    }
}
