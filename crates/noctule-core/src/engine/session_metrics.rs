//! [`SessionMetrics`]: the metrics of a session until they are read.

use crate::engine::error::EngineError;
use crate::metrics::{BatchRecord, Metrics};
use crate::network::feed_forward::Network;
use crate::real::Real;

/// The metrics of the last batch, and the unread metrics of earlier batches.
#[derive(Clone, Debug)]
pub struct SessionMetrics {
    batch: Metrics,
    /// Whether the metrics of the last batch are unread.
    is_unread: bool,
    /// The records of earlier batches, in order, and their summed spikes.
    unread: Vec<BatchRecord>,
    unread_spikes: Metrics,
}

impl SessionMetrics {
    /// No metrics yet, of a session of `network`.
    pub fn new<T: Real>(network: &Network<T>) -> Self {
        Self {
            batch: Metrics::new(network),
            is_unread: false,
            unread: Vec::new(),
            unread_spikes: Metrics::new(network),
        }
    }

    /// Begins the metrics of a batch, to which the caller adds. With `again` it is the last batch: its metrics are
    /// replaced, and not counted twice if they were read already.
    pub fn begin(&mut self, again: bool) -> &mut Metrics {
        if !again {
            if self.is_unread {
                self.unread.push(self.batch.as_batch());
                self.unread_spikes.merge_spikes(&self.batch);
            }
            self.is_unread = true;
        }
        self.batch.clear();
        &mut self.batch
    }

    /// The metrics of the last batch.
    pub fn batch(&self) -> &Metrics {
        &self.batch
    }

    /// Lets `visit` replace the numbers of the last batch by their sums over all ranks; see [`Metrics::exchange`].
    ///
    /// # Errors
    /// If there are no unread metrics of a batch.
    pub fn exchange(&mut self, visit: &mut dyn FnMut(&mut [f64])) -> Result<(), EngineError> {
        if !self.is_unread {
            return Err(EngineError::Order {
                call: "`exchange_metrics`",
                needs: "`loss`",
            });
        }
        self.batch.exchange(visit);
        Ok(())
    }

    /// Adds all unread metrics to `total`, batch by batch; they are read then.
    pub fn take(&mut self, total: &mut Metrics) {
        for record in self.unread.drain(..) {
            total.add_batch(record);
        }
        total.merge_spikes(&self.unread_spikes);
        self.unread_spikes.clear();
        if self.is_unread {
            total.add_batch(self.batch.as_batch());
            total.merge_spikes(&self.batch);
            self.is_unread = false;
        }
    }
}
